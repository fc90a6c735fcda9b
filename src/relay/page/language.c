/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/page/language.h"

struct tg_page_reader tg_page_reader_of(struct tg_bytes accept_language, struct tg_bytes user_agent)
{
    (void)accept_language; /* there is one language */
    (void)user_agent;
    return (struct tg_page_reader){ TG_PAGE_EN, TG_PAGE_COMPUTER };
}

const char *tg_page_language_tag(enum tg_page_language language)
{
    (void)language;
    return "en";
}
