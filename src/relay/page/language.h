/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/page/language.h - what a request tells of its reader: the language and the kind of device.
 * Layer: L2 (base).   Threads: any.   Blocks: no.
 * spec: docs/protocol.md section 5, Languages; RFC 9110 section 12.5.4; RFC 4647 section 3.4.
 */
#ifndef TG_RELAY_PAGE_LANGUAGE_H
#define TG_RELAY_PAGE_LANGUAGE_H

#include "base/bytes.h"

/* A language of the pages. The first one is that of a reader who accepts none of them. */
enum tg_page_language {
    TG_PAGE_EN,
    TG_PAGE_DE,
    TG_PAGE_FR,
    TG_PAGE_ES,
    TG_PAGE_IT,
    TG_PAGE_PT,
    TG_PAGE_JA,
    TG_PAGE_KO,
    TG_PAGE_ZH_HANS,
    TG_PAGE_AR,
    TG_PAGE_HE
};
#define TG_PAGE_LANGUAGE_COUNT 11u

/* It orders what a page shows, and hides nothing. */
enum tg_page_device { TG_PAGE_COMPUTER, TG_PAGE_IOS, TG_PAGE_ANDROID };
#define TG_PAGE_DEVICE_COUNT 3u

struct tg_page_reader {
    enum tg_page_language language;
    enum tg_page_device device;
};

/* From the values of Accept-Language and User-Agent, which may be empty or malformed. */
struct tg_page_reader tg_page_reader_of(struct tg_bytes accept_language,
                                        struct tg_bytes user_agent);

/* The BCP 47 tag of a language. */
const char *tg_page_language_tag(enum tg_page_language language);

#endif
