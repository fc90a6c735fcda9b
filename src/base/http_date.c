/* SPDX-License-Identifier: Apache-2.0 */
#include "base/http_date.h"

#include "base/num.h"
#include "base/time3339.h"

#include <string.h>

#define NAME_LEN 3u
#define FIXED_LEN 29u
#define LONG_YEARS 50

static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* A text is read by a shape: D the day's name, M the month's name, the other letters a number of as
   many digits, '_' a space or a digit of the day, '*' the rest of a day's long name. Any other
   character is itself. */
static const char fixed[] = "DDD, dd MMM yyyy hh:mm:ss GMT";
static const char long_form[] = "*, dd-MMM-tt hh:mm:ss GMT";
static const char asctime_form[] = "DDD MMM _d hh:mm:ss yyyy";

struct parts {
    int64_t year, month, day, hour, minute, second;
    int64_t short_year; /* -1: the form has a whole one */
    int64_t weekday;    /* 0 is Sunday */
};

static int64_t name_at(const char *names, struct tg_bytes text)
{
    for (size_t i = 0; names[i * NAME_LEN] != '\0'; i++) {
        if (tg_bytes_is_equal(tg_bytes(&names[i * NAME_LEN], NAME_LEN),
                              tg_bytes_first(text, NAME_LEN))) {
            return (int64_t)i;
        }
    }
    return -1;
}

static int64_t *number_of(struct parts *p, char letter)
{
    switch (letter) {
    case 'y':
        return &p->year;
    case 't':
        return &p->short_year;
    case 'd':
    case '_':
        return &p->day;
    case 'h':
        return &p->hour;
    case 'm':
        return &p->minute;
    case 's':
        return &p->second;
    default:
        return NULL;
    }
}

/* One character of the text by one of the shape. */
static bool take(struct parts *p, char letter, uint8_t c)
{
    int64_t *number = number_of(p, letter);

    if (number == NULL) {
        return c == (uint8_t)letter;
    }
    if (letter == '_' && c == ' ') {
        return true;
    }
    if (c < '0' || c > '9') {
        return false;
    }
    *number = (*number < 0 ? 0 : *number) * 10 + (c - '0');
    return true;
}

/* Removes "Sunday" and the like from the front of the text. */
static bool take_long_day(struct tg_bytes *text)
{
    size_t len = tg_bytes_find(*text, ',');
    bool is_name = len < text->len && len >= sizeof("Sunday") - 1 && len < sizeof("Wednesday");

    is_name = is_name && name_at(days, *text) >= 0 &&
              tg_bytes_is_equal(tg_bytes(text->ptr + len - 3, 3), TG_LIT("day"));
    *text = tg_bytes_from(*text, is_name ? len : 0);
    return is_name;
}

static bool read_shape(struct parts *p, const char *shape, struct tg_bytes text)
{
    *p = (struct parts){ .short_year = -1 };
    if (shape[0] == '*') {
        if (!take_long_day(&text)) {
            return false;
        }
        shape++;
    }
    if (text.len != strlen(shape)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        bool is_name = shape[i] == 'D' || (shape[i] == 'M' && shape[i + 1] == 'M');
        int64_t index = 0;

        if (!is_name) {
            if (!take(p, shape[i], text.ptr[i])) {
                return false;
            }
            continue;
        }
        index = name_at(shape[i] == 'D' ? days : months, tg_bytes_from(text, i));
        if (index < 0) {
            return false;
        }
        *(shape[i] == 'D' ? &p->weekday : &p->month) = shape[i] == 'D' ? index : index + 1;
        i += NAME_LEN - 1;
    }
    return true;
}

static enum tg_err seconds_of(int64_t *unix_s, const struct parts *p)
{
    const int64_t numbers[] = { p->year, p->month, p->day, p->hour, p->minute, p->second };
    static const char shape[] = "0000-00-00T00:00:00Z";
    static const size_t ends[] = { 3, 6, 9, 12, 15, 18 };
    char text[sizeof(shape)];

    memcpy(text, shape, sizeof(text));
    for (size_t i = 0; i < TG_COUNT(ends); i++) {
        int64_t rest = numbers[i];

        for (size_t at = ends[i]; rest > 0; at--, rest /= 10) {
            text[at] = (char)('0' + rest % 10);
        }
    }
    return tg_time3339_parse(unix_s, tg_bytes_str(text));
}

enum tg_err tg_http_date_parse(int64_t *unix_s, struct tg_bytes text)
{
    struct parts p;
    int64_t at = 0;

    /* 1970-01-01 was a Thursday. */
    if (!read_shape(&p, fixed, text) || seconds_of(&at, &p) != TG_OK ||
        (at / 86400 + 4) % 7 != p.weekday) {
        return TG_E_SYNTAX;
    }
    *unix_s = at;
    return TG_OK;
}

static int64_t year_of(int64_t unix_s)
{
    char text[TG_TIME3339_LEN + 1];
    uint64_t year = 0;

    tg_time3339_format(text, unix_s);
    return tg_num_parse_u64(&year, tg_bytes(text, 4), 9999) == TG_OK ? (int64_t)year : 1970;
}

enum tg_err tg_http_date_read(int64_t *unix_s, struct tg_bytes text, int64_t now_s)
{
    struct parts p;
    int64_t year = year_of(now_s);

    if (!read_shape(&p, fixed, text) && !read_shape(&p, long_form, text) &&
        !read_shape(&p, asctime_form, text)) {
        return TG_E_SYNTAX;
    }
    if (p.short_year >= 0) {
        p.year = year - year % 100 + p.short_year;
        p.year += p.year > year + LONG_YEARS ? -100 : p.year + 100 <= year + LONG_YEARS ? 100 : 0;
    }
    return seconds_of(unix_s, &p);
}
