/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/page/date.h"

#include "base/time3339.h"

#define MINUTE_S ((int64_t)60)
#define HOUR_S ((int64_t)3600)
#define DAY_S ((int64_t)86400)
#define MINUTES_BELOW (90 * MINUTE_S)
#define HOURS_BELOW (48 * HOUR_S)

static unsigned two_digits(const char *text)
{
    return (unsigned)(text[0] - '0') * 10u + (unsigned)(text[1] - '0');
}

static void put_part(struct tg_buf *out, const struct tg_page_words *words, char part,
                     const char *text, int64_t local_s)
{
    /* 1 January 1970 was a Thursday. */
    size_t weekday = (size_t)((local_s / DAY_S + 3) % 7);

    switch (part) {
    case 'w':
        tg_buf_append_str(out, words->weekdays[weekday]);
        break;
    case 'd':
        tg_buf_append_dec(out, two_digits(text + 8));
        break;
    case 'm':
        tg_buf_append_str(out, words->months[two_digits(text + 5) - 1]);
        break;
    default: /* 'y' */
        tg_buf_append(out, tg_bytes(text, 4));
        break;
    }
}

/* " 14:00 UTC+1", from left to right in every language. */
static void put_time(struct tg_buf *out, const char *text, int32_t offset_s)
{
    uint32_t minutes = (uint32_t)(offset_s < 0 ? -offset_s : offset_s) / 60u;

    tg_buf_append_str(out, " <bdi dir=ltr>");
    tg_buf_append(out, tg_bytes(text + 11, 5));
    tg_buf_append_str(out, " UTC");
    if (minutes > 0) {
        tg_buf_append_str(out, offset_s < 0 ? "\xe2\x88\x92" : "+");
        tg_buf_append_dec(out, minutes / 60);
        if (minutes % 60 != 0) {
            tg_buf_append_str(out, minutes % 60 < 10 ? ":0" : ":");
            tg_buf_append_dec(out, minutes % 60);
        }
    }
    tg_buf_append_str(out, "</bdi>");
}

void tg_page_put_date(struct tg_buf *out, const struct tg_page_words *words, int64_t unix_s,
                      int32_t offset_s)
{
    char utc[TG_TIME3339_LEN + 1], local[TG_TIME3339_LEN + 1];
    int64_t local_s = unix_s + offset_s < 0 ? 0 : unix_s + offset_s;
    struct tg_bytes rest = tg_bytes_str(words->text[TG_W_DATE]);

    tg_time3339_format(utc, unix_s);
    tg_time3339_format(local, local_s);
    tg_buf_append_str(out, "<time datetime=\"");
    tg_buf_append_str(out, utc);
    tg_buf_append_str(out, "\">");
    while (rest.len > 0) {
        size_t at = tg_bytes_find(rest, '{');

        tg_buf_append(out, tg_bytes_first(rest, at));
        if (at + 1 < rest.len) {
            put_part(out, words, (char)rest.ptr[at + 1], local, local_s);
        }
        rest = tg_bytes_from(rest, at + 3); /* behind "{d}" */
    }
    put_time(out, local, offset_s);
    tg_buf_append_str(out, "</time>");
}

void tg_page_put_left(struct tg_buf *out, const struct tg_page_words *words, int64_t left_s)
{
    enum tg_unit unit = left_s < MINUTES_BELOW ? TG_MINUTES
                        : left_s < HOURS_BELOW ? TG_HOURS
                                               : TG_DAYS;
    static const int64_t lengths[TG_UNIT_COUNT] = { MINUTE_S, HOUR_S, DAY_S };
    uint64_t count = left_s < 0 ? 0 : (uint64_t)(left_s / lengths[unit]);
    const char *text = words->left[unit][words->plural(count)];
    struct tg_buf number;

    if (count == 0) {
        tg_buf_append_str(out, words->text[TG_W_MOMENT]);
        return;
    }
    tg_buf_init(&number, 32);
    tg_buf_append_dec(&number, count);
    tg_page_put_filled(out, text != NULL ? text : words->left[unit][TG_OTHER],
                       tg_buf_view(&number));
    tg_buf_deinit(&number);
}
