/* SPDX-License-Identifier: Apache-2.0 */
#include "server/status/units.h"

#include "base/time3339.h"

void tg_put_count(struct tg_buf *out, uint64_t v)
{
    uint64_t unit = 1;

    while (v / unit >= 1000) {
        unit *= 1000;
    }
    tg_buf_append_dec(out, v / unit);
    for (uint64_t below = unit / 1000; below > 0; below /= 1000) {
        uint64_t group = v / below % 1000;

        tg_buf_append_str(out, group < 10 ? ",00" : group < 100 ? ",0" : ",");
        tg_buf_append_dec(out, group);
    }
}

/* v / unit with one decimal below 10, none where it is zero. */
static void put_scaled(struct tg_buf *out, uint64_t v, uint64_t unit)
{
    uint64_t tenths = (v % unit) * 10 / unit;

    tg_buf_append_dec(out, v / unit);
    if (v / unit < 10 && tenths > 0) {
        tg_buf_append_u8(out, '.');
        tg_buf_append_dec(out, tenths);
    }
}

void tg_put_short(struct tg_buf *out, uint64_t v)
{
    static const struct {
        uint64_t unit;
        const char *name;
    } units[] = { { 1000000000, "G" }, { 1000000, "M" }, { 1000, "k" } };

    for (size_t i = 0; i < TG_COUNT(units); i++) {
        if (v >= units[i].unit) {
            put_scaled(out, v, units[i].unit);
            tg_buf_append_str(out, units[i].name);
            return;
        }
    }
    tg_buf_append_dec(out, v);
}

void tg_put_bytes(struct tg_buf *out, uint64_t v)
{
    static const char *const names[] = { " B", " KiB", " MiB", " GiB", " TiB" };
    uint64_t unit = 1;
    size_t i = 0;

    while (v / unit >= 1024 && i + 1 < TG_COUNT(names)) {
        unit *= 1024;
        i++;
    }
    put_scaled(out, v, unit);
    tg_buf_append_str(out, names[i]);
}

/* Two decimals below 1, one below 10. */
static void put_thousandths(struct tg_buf *out, uint64_t milli)
{
    uint64_t step = milli < 1000 ? 10 : milli < 10000 ? 100 : 1000;
    uint64_t rounded = (milli + step / 2) / step * step;
    uint64_t rest = rounded % 1000;

    tg_buf_append_dec(out, rounded / 1000);
    if (rest == 0) {
        return;
    }
    tg_buf_append_u8(out, '.');
    tg_buf_append_dec(out, rest / 100);
    if (rest % 100 > 0) {
        tg_buf_append_dec(out, rest % 100 / 10);
    }
}

void tg_put_us(struct tg_buf *out, uint64_t us)
{
    put_thousandths(out, us < 1000000 ? us : us / 1000);
    tg_buf_append_str(out, us < 1000000 ? " ms" : " s");
}

void tg_put_rate(struct tg_buf *out, uint64_t milli)
{
    if (milli >= 10000000) {
        tg_put_short(out, milli / 1000);
    } else {
        put_thousandths(out, milli);
    }
}

void tg_put_span(struct tg_buf *out, uint64_t seconds)
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = { { 86400, " d" }, { 3600, " h" }, { 60, " min" } };

    for (size_t i = 0; i < TG_COUNT(units); i++) {
        uint64_t rest = seconds % units[i].seconds;

        if (seconds < units[i].seconds) {
            continue;
        }
        tg_buf_append_dec(out, seconds / units[i].seconds);
        tg_buf_append_str(out, units[i].name);
        if (i + 1 < TG_COUNT(units) && rest >= units[i + 1].seconds) {
            tg_buf_append_u8(out, ' ');
            tg_buf_append_dec(out, rest / units[i + 1].seconds);
            tg_buf_append_str(out, units[i + 1].name);
        }
        return;
    }
    tg_buf_append_str(out, "less than a minute");
}

void tg_put_utc(struct tg_buf *out, int64_t utc_s)
{
    char text[TG_TIME3339_LEN + 1];

    tg_time3339_format(text, utc_s);
    tg_buf_append(out, tg_bytes(text, 10));
    tg_buf_append_u8(out, ' ');
    tg_buf_append(out, tg_bytes(text + 11, 5));
    tg_buf_append_str(out, " UTC");
}
