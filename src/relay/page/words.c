/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/page/words.h"

/* ---- how each language counts (CLDR) -------------------------------------------------------- */

static enum tg_plural one_or_other(uint64_t count)
{
    return count == 1 ? TG_ONE : TG_OTHER;
}

static enum tg_plural always_other(uint64_t count)
{
    (void)count;
    return TG_OTHER;
}

static enum tg_plural hebrew(uint64_t count)
{
    return count == 1 ? TG_ONE : count == 2 ? TG_TWO : TG_OTHER;
}

static enum tg_plural arabic(uint64_t count)
{
    uint64_t rest = count % 100;

    if (count == 1 || count == 2) {
        return count == 1 ? TG_ONE : TG_TWO;
    }
    return rest >= 3 && rest <= 10 ? TG_FEW : rest >= 11 ? TG_MANY : TG_OTHER;
}

/* ---- the texts ------------------------------------------------------------------------------ */

static const struct tg_page_words words[TG_PAGE_LANGUAGE_COUNT] = {
/* clang-format off */
    [TG_PAGE_EN] = {
#include "relay/page/words/en.inc"
    },
    [TG_PAGE_DE] = {
#include "relay/page/words/de.inc"
    },
    [TG_PAGE_FR] = {
#include "relay/page/words/fr.inc"
    },
    [TG_PAGE_ES] = {
#include "relay/page/words/es.inc"
    },
    [TG_PAGE_IT] = {
#include "relay/page/words/it.inc"
    },
    [TG_PAGE_PT] = {
#include "relay/page/words/pt.inc"
    },
    [TG_PAGE_JA] = {
#include "relay/page/words/ja.inc"
    },
    [TG_PAGE_KO] = {
#include "relay/page/words/ko.inc"
    },
    [TG_PAGE_ZH_HANS] = {
#include "relay/page/words/zh-Hans.inc"
    },
    [TG_PAGE_AR] = {
#include "relay/page/words/ar.inc"
    },
    [TG_PAGE_HE] = {
#include "relay/page/words/he.inc"
    },
    /* clang-format on */
};

const struct tg_page_words *tg_page_words(enum tg_page_language language)
{
    return &words[language];
}

void tg_page_put_filled(struct tg_buf *out, const char *text, struct tg_bytes value)
{
    struct tg_bytes rest = tg_bytes_str(text);

    while (rest.len > 0) {
        size_t at = tg_bytes_find(rest, '{');

        tg_buf_append(out, tg_bytes_first(rest, at));
        if (at < rest.len) {
            tg_buf_append(out, value);
        }
        rest = tg_bytes_from(rest, at + 2); /* behind "{}" */
    }
}
