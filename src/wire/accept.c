/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/accept.h"

#include "wire/field.h"

#define QUALITY_MAX 1000u /* quality values in thousandths */

static const char *const names[TG_ACCEPT_RANGES] = {
    [TG_ACCEPT_HTML] = "text/html",
    [TG_ACCEPT_TEXT] = "text/*",
    [TG_ACCEPT_JSON] = "application/json",
    [TG_ACCEPT_PROBLEM] = "application/problem+json",
    [TG_ACCEPT_APPLICATION] = "application/*",
    [TG_ACCEPT_ANY] = "*/*",
};

/* RFC 9110 section 12.4.2: "0", "1", up to three decimals. A malformed value counts as 0. */
static unsigned quality_of(struct tg_bytes text)
{
    static const unsigned weights[] = { 0, 0, 100, 10, 1 };
    unsigned quality = 0;

    if (text.len == 0 || text.len > TG_COUNT(weights) || text.ptr[0] < '0' || text.ptr[0] > '1' ||
        (text.len > 1 && text.ptr[1] != '.')) {
        return 0;
    }
    quality = text.ptr[0] == '1' ? QUALITY_MAX : 0;
    for (size_t i = 2; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return 0;
        }
        quality += weights[i] * (unsigned)(text.ptr[i] - '0');
    }
    return quality <= QUALITY_MAX ? quality : 0;
}

static void take_range(struct tg_accept *accept, struct tg_bytes range)
{
    struct tg_bytes type = { NULL, 0 };
    struct tg_bytes piece = { NULL, 0 };
    unsigned quality = QUALITY_MAX;

    if (!tg_field_next(&type, &range, ';')) {
        return;
    }
    while (tg_field_next(&piece, &range, ';')) {
        struct tg_field_pair pair = tg_field_pair(piece);

        if (tg_bytes_is_equal_nocase(pair.name, TG_LIT("q"))) {
            quality = quality_of(pair.value);
        }
    }
    for (size_t i = 0; i < TG_ACCEPT_RANGES; i++) {
        if (tg_bytes_is_equal_nocase(type, tg_bytes_str(names[i]))) {
            accept->qualities[i] = (uint16_t)(quality + 1);
        }
    }
}

void tg_accept_take(struct tg_accept *accept, struct tg_bytes value)
{
    struct tg_bytes range = { NULL, 0 };

    while (tg_field_next(&range, &value, ',')) {
        take_range(accept, range);
    }
}

static unsigned quality(const struct tg_accept *accept, enum tg_accept_range range)
{
    return accept->qualities[range] > 0 ? accept->qualities[range] - 1u : 0;
}

/* The most specific range that is named decides (RFC 9110 section 12.5.1). */
static unsigned most_specific(const struct tg_accept *accept, enum tg_accept_range exact,
                              enum tg_accept_range wider)
{
    return quality(accept, accept->qualities[exact] > 0   ? exact
                           : accept->qualities[wider] > 0 ? wider
                                                          : TG_ACCEPT_ANY);
}

bool tg_accept_is_json(const struct tg_accept *accept)
{
    unsigned json = quality(accept, TG_ACCEPT_JSON);

    return json > 0 && json > quality(accept, TG_ACCEPT_HTML) &&
           json >= quality(accept, TG_ACCEPT_ANY);
}

bool tg_accept_is_html(const struct tg_accept *accept)
{
    bool is_named = accept->qualities[TG_ACCEPT_HTML] > 0 || accept->qualities[TG_ACCEPT_TEXT] > 0;
    unsigned html = most_specific(accept, TG_ACCEPT_HTML, TG_ACCEPT_TEXT);
    unsigned json = most_specific(accept, TG_ACCEPT_JSON, TG_ACCEPT_APPLICATION);
    unsigned problem = most_specific(accept, TG_ACCEPT_PROBLEM, TG_ACCEPT_APPLICATION);

    return is_named && html > 0 && html >= json && html >= problem;
}
