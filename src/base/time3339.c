/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time3339.h"

#include "base/num.h"

#define DAY_S 86400
#define LAST_S INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar (March-based year). */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
    int64_t year = m <= 2 ? y - 1 : y;
    int64_t era = year / 400;
    int64_t yoe = year - era * 400;
    int64_t doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + doe - 719468;
}

static int64_t month_days(int64_t y, int64_t m)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

    return days[m - 1] + (m == 2 && is_leap ? 1 : 0);
}

enum tg_err tg_time3339_parse(int64_t *unix_s, struct tg_bytes text)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
    static const struct {
        size_t at, len;
        uint64_t max;
    } fields[] = { { 0, 4, 9999 }, { 5, 2, 12 },  { 8, 2, 31 },
                   { 11, 2, 23 },  { 14, 2, 59 }, { 17, 2, 59 } };
    int64_t v[TG_COUNT(fields)];

    if (text.len != TG_TIME3339_LEN) {
        return TG_E_SYNTAX;
    }
    for (size_t i = 0; i < TG_TIME3339_LEN; i++) {
        if (shape[i] != 'd' && text.ptr[i] != (uint8_t)shape[i]) {
            return TG_E_SYNTAX;
        }
    }
    for (size_t i = 0; i < TG_COUNT(fields); i++) {
        uint64_t n = 0;

        if (tg_num_parse_u64(&n, tg_bytes(text.ptr + fields[i].at, fields[i].len), fields[i].max) !=
            TG_OK) {
            return TG_E_SYNTAX;
        }
        v[i] = (int64_t)n;
    }
    if (v[0] < 1970 || v[1] < 1 || v[2] < 1 || v[2] > month_days(v[0], v[1])) {
        return TG_E_SYNTAX;
    }
    *unix_s = days_from_civil(v[0], v[1], v[2]) * DAY_S + v[3] * 3600 + v[4] * 60 + v[5];
    return TG_OK;
}

static void put_digits(char *at, int64_t v, size_t len)
{
    for (size_t i = len; i > 0; i--) {
        at[i - 1] = (char)('0' + v % 10);
        v /= 10;
    }
}

void tg_time3339_format(char text[TG_TIME3339_LEN + 1], int64_t unix_s)
{
    static const char shape[TG_TIME3339_LEN + 1] = "0000-00-00T00:00:00Z";
    int64_t t = unix_s < 0 ? 0 : unix_s > LAST_S ? LAST_S : unix_s;
    int64_t days = t / DAY_S + 719468;
    int64_t in_day = t % DAY_S;
    int64_t era = days / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;

    for (size_t i = 0; i <= TG_TIME3339_LEN; i++) {
        text[i] = shape[i];
    }
    put_digits(text, yoe + era * 400 + (month <= 2 ? 1 : 0), 4);
    put_digits(text + 5, month, 2);
    put_digits(text + 8, doy - (153 * mp + 2) / 5 + 1, 2);
    put_digits(text + 11, in_day / 3600, 2);
    put_digits(text + 14, in_day / 60 % 60, 2);
    put_digits(text + 17, in_day % 60, 2);
}
