/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json_number.h"

/* Above every exponent that matters. A count of digits is at most the length of a text. */
#define EXPONENT_MAX INT64_C(1000000000000)

struct cursor {
    struct tg_bytes text;
    size_t at;
};

/* The digits without the zeros behind the last other one, as a number of at most
   TG_JSON_WHOLE_MAX. */
struct digits {
    int64_t value;
    bool is_over;      /* it is more */
    size_t count;      /* all digits */
    size_t last_count; /* up to the last one that is not 0 */
};

static uint8_t here(const struct cursor *c)
{
    return c->at < c->text.len ? c->text.ptr[c->at] : 0;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool skip_if(struct cursor *c, uint8_t a, uint8_t b)
{
    bool is_there = here(c) == a || here(c) == b;

    c->at += is_there ? 1 : 0;
    return is_there;
}

static void times_ten(int64_t *value, bool *is_over)
{
    if (*value > TG_JSON_WHOLE_MAX / 10) {
        *is_over = true;
    } else {
        *value *= 10;
    }
}

static void add_digit(struct digits *d, uint8_t digit)
{
    d->count++;
    if (digit == 0 || d->is_over) {
        return;
    }
    for (; d->last_count < d->count && !d->is_over; d->last_count++) {
        times_ten(&d->value, &d->is_over);
    }
    d->value += digit;
    d->is_over = d->is_over || d->value > TG_JSON_WHOLE_MAX;
}

/* Returns how many there are. */
static size_t read_digits(struct cursor *c, struct digits *d)
{
    size_t start = c->at;

    for (; is_digit(here(c)); c->at++) {
        add_digit(d, here(c) - '0');
    }
    return c->at - start;
}

/* An exponent, at most EXPONENT_MAX in size. 0 and no move: there is none. */
static int64_t read_exponent(struct cursor *c)
{
    size_t start = c->at;
    int64_t value = 0;
    bool is_negative = false;

    if (!skip_if(c, 'e', 'E')) {
        return 0;
    }
    is_negative = here(c) == '-';
    (void)skip_if(c, '-', '+');
    if (!is_digit(here(c))) {
        c->at = start;
        return 0;
    }
    for (; is_digit(here(c)); c->at++) {
        value = value < EXPONENT_MAX ? value * 10 + (here(c) - '0') : EXPONENT_MAX;
    }
    value = value < EXPONENT_MAX ? value : EXPONENT_MAX;
    return is_negative ? -value : value;
}

/* The number is value * 10^exponent, and value is no multiple of 10. */
static void set_whole(struct tg_json_number *out, struct digits d, int64_t exponent,
                      bool is_negative)
{
    if (d.value == 0 && !d.is_over) {
        out->is_whole = true;
        return;
    }
    for (; exponent > 0 && !d.is_over; exponent--) {
        times_ten(&d.value, &d.is_over);
    }
    if (!is_negative && !d.is_over && exponent == 0) {
        out->is_whole = true;
        out->whole = d.value;
    }
}

bool tg_json_number_begins(uint8_t c)
{
    return c == '-' || is_digit(c);
}

struct tg_json_number tg_json_number_read(struct tg_bytes text)
{
    struct tg_json_number out = { .len = 0 };
    struct cursor c = { text, 0 };
    struct digits d = { .value = 0 };
    bool is_negative = skip_if(&c, '-', '-');
    size_t whole_count = 0;
    int64_t exponent = 0;

    if (here(&c) == '0') { /* a leading zero is the whole integer part */
        c.at++;
        d.count = d.last_count = whole_count = 1;
    } else {
        whole_count = read_digits(&c, &d);
    }
    if (whole_count == 0) {
        return out;
    }
    if (here(&c) == '.' && c.at + 1 < text.len && is_digit(text.ptr[c.at + 1])) {
        c.at++;
        (void)read_digits(&c, &d);
    }
    exponent = read_exponent(&c) + (int64_t)whole_count - (int64_t)d.last_count;
    out.len = c.at;
    set_whole(&out, d, exponent, is_negative);
    return out;
}
