/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/page/language.h"

#define RANGES_MAX 64u /* of one Accept-Language; later ones are ignored */
#define QUALITY_ONE 1000u

/* The languages that ranges of a reader name. A range is looked up whole and then without its last
   subtag, again and again (RFC 4647, section 3.4). Where the language is NO_LANGUAGE the search of
   that range ends: who asks for traditional Chinese does not get simplified Chinese for it. */
#define NO_LANGUAGE TG_PAGE_LANGUAGE_COUNT
#define ROW(text, language_)                                                                       \
    {                                                                                              \
        { (const uint8_t *)(text), sizeof(text) - 1 }, (language_)                                 \
    }

static const struct {
    struct tg_bytes range;
    unsigned language;
} ranges[] = {
    ROW("en", TG_PAGE_EN),      ROW("de", TG_PAGE_DE),       ROW("fr", TG_PAGE_FR),
    ROW("es", TG_PAGE_ES),      ROW("it", TG_PAGE_IT),       ROW("pt", TG_PAGE_PT),
    ROW("ja", TG_PAGE_JA),      ROW("ko", TG_PAGE_KO),       ROW("zh-hans", TG_PAGE_ZH_HANS),
    ROW("zh", TG_PAGE_ZH_HANS), ROW("zh-hant", NO_LANGUAGE), ROW("zh-tw", NO_LANGUAGE),
    ROW("zh-hk", NO_LANGUAGE),  ROW("zh-mo", NO_LANGUAGE),   ROW("ar", TG_PAGE_AR),
    ROW("he", TG_PAGE_HE),      ROW("iw", TG_PAGE_HE),
};

static const char *const tags[TG_PAGE_LANGUAGE_COUNT] = {
    [TG_PAGE_EN] = "en", [TG_PAGE_DE] = "de", [TG_PAGE_FR] = "fr",           [TG_PAGE_ES] = "es",
    [TG_PAGE_IT] = "it", [TG_PAGE_PT] = "pt", [TG_PAGE_JA] = "ja",           [TG_PAGE_KO] = "ko",
    [TG_PAGE_AR] = "ar", [TG_PAGE_HE] = "he", [TG_PAGE_ZH_HANS] = "zh-Hans",
};

static unsigned find_exactly(struct tg_bytes range, bool *is_found)
{
    for (size_t i = 0; i < TG_COUNT(ranges); i++) {
        if (tg_bytes_is_equal_nocase(range, ranges[i].range)) {
            *is_found = true;
            return ranges[i].language;
        }
    }
    *is_found = false;
    return NO_LANGUAGE;
}

/* RFC 4647, section 3.4. */
static unsigned look_up(struct tg_bytes range)
{
    bool is_found = false;
    unsigned language = find_exactly(range, &is_found);

    while (!is_found && range.len > 0) {
        size_t len = range.len;

        while (len > 0 && range.ptr[len - 1] != '-') {
            len--;
        }
        range = tg_bytes_first(range, len > 0 ? len - 1 : 0);
        if (range.len >= 2 && range.ptr[range.len - 2] == '-') {
            range =
                tg_bytes_first(range, range.len - 2); /* a single letter goes with what follows */
        }
        language = find_exactly(range, &is_found);
    }
    return language;
}

/* "1", "0.5", "0.123": thousandths. Anything else counts as 0, as if the range were not there. */
static unsigned read_quality(struct tg_bytes text)
{
    unsigned quality = 0, unit = QUALITY_ONE / 10;

    if (text.len == 0 || text.len > 5 || (text.ptr[0] != '0' && text.ptr[0] != '1') ||
        (text.len > 1 && text.ptr[1] != '.')) {
        return 0;
    }
    quality = text.ptr[0] == '1' ? QUALITY_ONE : 0;
    for (size_t i = 2; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return 0;
        }
        quality += unit * (unsigned)(text.ptr[i] - '0');
        unit /= 10;
    }
    return quality > QUALITY_ONE ? 0 : quality;
}

/* The quality of an item "range;q=0.5", and its range. */
static unsigned split_item(struct tg_bytes *range, struct tg_bytes item)
{
    size_t at = tg_bytes_find(item, ';');
    struct tg_bytes rest = tg_bytes_trim(tg_bytes_from(item, at + 1));

    *range = tg_bytes_trim(tg_bytes_first(item, at));
    if (at >= item.len) {
        return QUALITY_ONE;
    }
    if (rest.len < 2 || (rest.ptr[0] != 'q' && rest.ptr[0] != 'Q')) {
        return 0;
    }
    rest = tg_bytes_trim(tg_bytes_from(rest, 1));
    return rest.len > 0 && rest.ptr[0] == '=' ? read_quality(tg_bytes_trim(tg_bytes_from(rest, 1)))
                                              : 0;
}

/* What a header gives each language: of several ranges the first one that names it, as they are
   in the order of preference of those that write them. */
struct wish {
    bool is_named;
    unsigned quality;
    unsigned order; /* of equal qualities the first wins */
};

static bool is_better(const struct wish *a, const struct wish *b)
{
    return a->quality > b->quality || (a->quality == b->quality && a->order < b->order);
}

static enum tg_page_language choose(const struct wish wishes[TG_PAGE_LANGUAGE_COUNT],
                                    const struct wish *any)
{
    static const struct wish none = { false, 0, RANGES_MAX };
    struct wish best = none;
    unsigned language = TG_PAGE_EN;

    for (unsigned i = 0; i < TG_PAGE_LANGUAGE_COUNT; i++) {
        const struct wish *wish = wishes[i].is_named ? &wishes[i] : any;

        if (wish->quality > 0 && is_better(wish, &best)) {
            best = *wish;
            language = i;
        }
    }
    return (enum tg_page_language)language;
}

/* spec: protocol/5#language */
static enum tg_page_language pick_language(struct tg_bytes value)
{
    struct wish wishes[TG_PAGE_LANGUAGE_COUNT] = { { false, 0, 0 } };
    struct wish any = { false, 0, 0 };

    for (unsigned order = 0; order < RANGES_MAX && value.len > 0; order++) {
        struct tg_bytes item = tg_bytes_first(value, tg_bytes_find(value, ','));
        struct tg_bytes range = { NULL, 0 };
        unsigned quality = split_item(&range, item);
        bool is_any = tg_bytes_is_equal(range, TG_LIT("*"));
        unsigned language = is_any ? NO_LANGUAGE : look_up(range);
        struct wish *wish = is_any ? &any : language < NO_LANGUAGE ? &wishes[language] : NULL;
        struct wish fresh = { true, quality, order };

        /* "en-GB;q=0.9, en;q=0.7": the better one; "de-AT, de;q=0": German was asked for. */
        if (wish != NULL && (!wish->is_named || is_better(&fresh, wish))) {
            *wish = fresh;
        }
        value = tg_bytes_from(value, item.len + 1);
    }
    return choose(wishes, &any);
}

static bool has_text(struct tg_bytes text, struct tg_bytes part)
{
    for (size_t i = 0; i + part.len <= text.len; i++) {
        if (text.ptr[i] == part.ptr[0] && tg_bytes_has_prefix(tg_bytes_from(text, i), part)) {
            return true;
        }
    }
    return false;
}

/* An iPad says that it is a Mac; it then finds its instructions in the second place.
   spec: protocol/5#device */
static enum tg_page_device device_of(struct tg_bytes user_agent)
{
    if (has_text(user_agent, TG_LIT("iPhone")) || has_text(user_agent, TG_LIT("iPad")) ||
        has_text(user_agent, TG_LIT("iPod"))) {
        return TG_PAGE_IOS;
    }
    return has_text(user_agent, TG_LIT("Android")) ? TG_PAGE_ANDROID : TG_PAGE_COMPUTER;
}

struct tg_page_reader tg_page_reader_of(struct tg_bytes accept_language, struct tg_bytes user_agent)
{
    return (struct tg_page_reader){ pick_language(accept_language), device_of(user_agent) };
}

const char *tg_page_language_tag(enum tg_page_language language)
{
    return tags[language];
}
