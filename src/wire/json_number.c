/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json_number.h"

/* Above every exponent that matters. A count of digits is at most the length of a text. */
#define EXPONENT_MAX INT64_C(1000000000000)
#define HUGE_EXPONENT 308

struct cursor {
    struct tg_bytes text;
    size_t at;
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

/* Skips digits. *zeros: how many zeros are in front of the first other digit, or all of them. */
static size_t skip_digits(struct cursor *c, size_t *zeros)
{
    size_t start = c->at;

    while (here(c) == '0') {
        c->at++;
    }
    *zeros = c->at - start;
    while (is_digit(here(c))) {
        c->at++;
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

bool tg_json_number_begins(uint8_t c)
{
    return c == '-' || is_digit(c);
}

struct tg_json_number tg_json_number_read(struct tg_bytes text)
{
    struct cursor c = { text, 0 };
    struct cursor dot;
    size_t whole_zeros = 0;
    size_t zeros = 0;
    size_t whole = 0;
    size_t fraction = 0;
    int64_t exponent = 0; /* of the first digit that is not 0 */

    (void)skip_if(&c, '-', '-');
    /* A leading zero is the whole integer part. */
    whole = skip_if(&c, '0', '0') ? whole_zeros = 1 : skip_digits(&c, &whole_zeros);
    if (whole == 0) {
        return (struct tg_json_number){ .len = 0 };
    }
    dot = c;
    if (skip_if(&c, '.', '.')) {
        fraction = skip_digits(&c, &zeros);
        c = fraction > 0 ? c : dot;
    }
    exponent = read_exponent(&c) + (whole_zeros < whole ? (int64_t)whole - 1 : -(int64_t)zeros - 1);
    return (struct tg_json_number){
        .len = c.at,
        .is_huge = exponent >= HUGE_EXPONENT && (whole_zeros < whole || zeros < fraction),
    };
}
