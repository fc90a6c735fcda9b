/* SPDX-License-Identifier: Apache-2.0 */
#include "server/status/chart.h"

/* Of the picture, in its own units. */
#define WIDTH 560
#define HEIGHT 170
#define LEFT 52 /* room for the numbers of the scale */
#define RIGHT 6
#define TOP 12
#define BOTTOM 20
#define PLOT_WIDTH (WIDTH - LEFT - RIGHT)
#define PLOT_HEIGHT (HEIGHT - TOP - BOTTOM)
#define TICKS 5u

/* Thousandths of a decade from 1 to each digit. */
static const uint64_t log10_of[] = { 0, 0, 301, 477, 602, 699, 778, 845, 903, 954, 1000 };

struct scale {
    enum tg_chart_form form;
    uint64_t low, high; /* low: of DECADES alone */
    unsigned decades;
};

static uint64_t power_of_ten(unsigned n)
{
    uint64_t v = 1;

    while (n-- > 0) {
        v *= 10;
    }
    return v;
}

static unsigned decade_of(uint64_t v)
{
    unsigned n = 0;

    while (v >= 10) {
        v /= 10;
        n++;
    }
    return n;
}

/* The smallest of 1, 2, 5, 10, 20, 50, ... that is at least v. */
static uint64_t round_up(uint64_t v)
{
    uint64_t ten = power_of_ten(decade_of(v > 0 ? v : 1));

    return v <= ten ? ten : v <= 2 * ten ? 2 * ten : v <= 5 * ten ? 5 * ten : 10 * ten;
}

static struct scale scale_of(enum tg_chart_form form, uint64_t least, uint64_t most)
{
    struct scale s = { .form = form, .low = 0, .high = round_up(most) };
    unsigned from = decade_of(least > 0 ? least : 1);

    if (form == TG_CHART_DECADES) {
        s.decades = decade_of(most > 0 ? most : 1) + 1 - from;
        s.low = power_of_ten(from);
        s.high = power_of_ten(from + s.decades);
    }
    return s;
}

/* Thousandths of a decade above s->low. */
static uint64_t logarithm(const struct scale *s, uint64_t v)
{
    unsigned decade = decade_of(v);
    uint64_t unit = power_of_ten(decade);
    uint64_t digit = v / unit;
    uint64_t rest = (v % unit) * (log10_of[digit + 1] - log10_of[digit]) / unit;
    uint64_t low = 1000u * (uint64_t)decade_of(s->low);

    return 1000u * (uint64_t)decade + log10_of[digit] + rest - low;
}

static unsigned y_of(const struct scale *s, uint64_t v)
{
    uint64_t up = 0;

    if (s->form == TG_CHART_DECADES) {
        v = v < s->low ? s->low : v > s->high ? s->high : v;
        up = logarithm(s, v) * PLOT_HEIGHT / (1000u * (uint64_t)s->decades);
    } else {
        v = v > s->high ? s->high : v;
        up = v * PLOT_HEIGHT / s->high;
    }
    return (unsigned)(TOP + PLOT_HEIGHT - up);
}

static void put_point(struct tg_buf *out, char command, unsigned x, unsigned y)
{
    tg_buf_append_u8(out, (uint8_t)command);
    tg_buf_append_dec(out, x);
    tg_buf_append_u8(out, ' ');
    tg_buf_append_dec(out, y);
}

/* ---- what is behind the data ---------------------------------------------------------------- */

static void put_text(struct tg_buf *out, unsigned x, unsigned y, const char *class)
{
    tg_buf_append_str(out, "<text x=\"");
    tg_buf_append_dec(out, x);
    tg_buf_append_str(out, "\" y=\"");
    tg_buf_append_dec(out, y);
    tg_buf_append_str(out, "\" class=\"");
    tg_buf_append_str(out, class);
    tg_buf_append_str(out, "\">");
}

static void put_level(struct tg_buf *out, const struct tg_chart *chart, const struct scale *s,
                      uint64_t v)
{
    unsigned y = y_of(s, v);

    tg_buf_append_str(out, "<path class=\"grid\" d=\"");
    put_point(out, 'M', LEFT, y);
    put_point(out, 'L', WIDTH - RIGHT, y);
    tg_buf_append_str(out, "\"/>");
    put_text(out, LEFT - 6, y + 4, "y");
    chart->put_value(out, v);
    tg_buf_append_str(out, "</text>");
}

static void put_levels(struct tg_buf *out, const struct tg_chart *chart, const struct scale *s)
{
    if (s->form == TG_CHART_DECADES) {
        for (unsigned i = 0; i <= s->decades; i++) {
            put_level(out, chart, s, s->low * power_of_ten(i));
        }
        return;
    }
    put_level(out, chart, s, 0);
    if (s->high > 1) {
        put_level(out, chart, s, s->high / 2);
    }
    put_level(out, chart, s, s->high);
}

static void put_times(struct tg_buf *out, enum tg_history_span span)
{
    static const char *const labels[TG_HISTORY_SPANS][TICKS] = {
        [TG_HISTORY_HOUR] = { "60 min ago", "45", "30", "15", "now" },
        [TG_HISTORY_DAY] = { "24 h ago", "18", "12", "6", "now" },
    };

    for (unsigned i = 0; i < TICKS; i++) {
        put_text(out, LEFT + i * PLOT_WIDTH / (TICKS - 1), HEIGHT - 5,
                 i == 0           ? "x first"
                 : i == TICKS - 1 ? "x last"
                                  : "x");
        tg_buf_append_str(out, labels[span][i]);
        tg_buf_append_str(out, "</text>");
    }
}

/* ---- the data ------------------------------------------------------------------------------- */

struct plot {
    const struct tg_chart *chart;
    const struct tg_history *history;
    enum tg_history_span span;
    struct scale scale;
    size_t slots, count;
};

/* Sample `index` takes the slot from left to right; 0 is the newest, at the right edge. */
static unsigned right_of(const struct plot *p, size_t index)
{
    return (unsigned)(LEFT + (p->slots - index) * PLOT_WIDTH / p->slots);
}

static unsigned left_of(const struct plot *p, size_t index)
{
    return (unsigned)(LEFT + (p->slots - index - 1) * PLOT_WIDTH / p->slots);
}

static uint64_t value_of(const struct plot *p, size_t index, size_t series)
{
    return p->chart->value(tg_history_at(p->history, p->span, index), p->chart->series[series].id);
}

/* The sum of the first series_count values. */
static uint64_t stacked(const struct plot *p, size_t index, size_t series_count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < series_count; i++) {
        sum += value_of(p, index, i);
    }
    return sum;
}

static void open_path(struct tg_buf *out, const char *class, const struct tg_chart_series *series)
{
    tg_buf_append_str(out, "<path class=\"");
    tg_buf_append_str(out, class);
    tg_buf_append_str(out, " c");
    tg_buf_append_dec(out, series->colour);
    tg_buf_append_str(out, "\" d=\"");
}

/* To a level, and along it. */
static void put_step(struct tg_buf *out, unsigned y, unsigned x)
{
    tg_buf_append_u8(out, 'V');
    tg_buf_append_dec(out, y);
    tg_buf_append_u8(out, 'H');
    tg_buf_append_dec(out, x);
}

/* Along the top from the left to the right, and back along the bottom. */
static void put_area(struct tg_buf *out, const struct plot *p, size_t series)
{
    open_path(out, "area", &p->chart->series[series]);
    put_point(out, 'M', left_of(p, p->count - 1), TOP + PLOT_HEIGHT);
    for (size_t i = p->count; i-- > 0;) {
        put_step(out, y_of(&p->scale, stacked(p, i, series + 1)), right_of(p, i));
    }
    for (size_t i = 0; i < p->count; i++) {
        put_step(out, y_of(&p->scale, stacked(p, i, series)), left_of(p, i));
    }
    tg_buf_append_str(out, "Z\"/>");
}

/* A step for each sample; samples without a value leave a gap. */
static void put_line(struct tg_buf *out, const struct plot *p, size_t series)
{
    bool is_drawing = false;

    open_path(out, "line", &p->chart->series[series]);
    for (size_t i = p->count; i-- > 0;) {
        uint64_t v = value_of(p, i, series);

        if (v == TG_CHART_NO_VALUE) {
            is_drawing = false;
            continue;
        }
        if (!is_drawing) {
            put_point(out, 'M', left_of(p, i), y_of(&p->scale, v));
        }
        put_step(out, y_of(&p->scale, v), right_of(p, i));
        is_drawing = true;
    }
    tg_buf_append_str(out, "\"/>");
}

static struct scale find_scale(const struct plot *p)
{
    uint64_t least = UINT64_MAX;
    uint64_t most = p->chart->least_top;

    for (size_t i = 0; i < p->count; i++) {
        if (p->chart->form == TG_CHART_STACK) {
            uint64_t sum = stacked(p, i, p->chart->series_count);

            most = sum > most ? sum : most;
            continue;
        }
        for (size_t k = 0; k < p->chart->series_count; k++) {
            uint64_t v = value_of(p, i, k);

            if (v != TG_CHART_NO_VALUE) {
                most = v > most ? v : most;
                least = v < least ? v : least;
            }
        }
    }
    return scale_of(p->chart->form, least < most ? least : most, most);
}

void tg_chart_write(struct tg_buf *out, const struct tg_chart *chart, const struct tg_history *h,
                    enum tg_history_span span)
{
    struct plot p = { .chart = chart,
                      .history = h,
                      .span = span,
                      .slots = tg_history_slots(span),
                      .count = tg_history_count(h, span) };

    p.scale = find_scale(&p);
    tg_buf_append_str(out, "<svg viewBox=\"0 0 560 170\" role=\"img\" aria-label=\"");
    tg_buf_append_str(out, chart->label);
    tg_buf_append_str(out, span == TG_HISTORY_HOUR ? ", last hour" : ", last day");
    tg_buf_append_str(out, "\">");
    put_levels(out, chart, &p.scale);
    put_times(out, span);
    for (size_t i = chart->series_count; p.count > 0 && i-- > 0;) {
        if (chart->form == TG_CHART_STACK) {
            put_area(out, &p, i);
        } else {
            put_line(out, &p, i);
        }
    }
    if (p.count == 0) {
        put_text(out, LEFT + PLOT_WIDTH / 2, TOP + PLOT_HEIGHT / 2, "x none");
        tg_buf_append_str(out, span == TG_HISTORY_HOUR ? "The first minute is being counted"
                                                       : "The first ten minutes are being counted");
        tg_buf_append_str(out, "</text>");
    }
    tg_buf_append_str(out, "</svg>");
}
