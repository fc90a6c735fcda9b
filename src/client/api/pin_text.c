/* SPDX-License-Identifier: Apache-2.0 */
/* The digits of a PIN: makes and shows them, and reads what a person typed. */
#include "client/api/pin.h"

#include "base/mem.h"
#include "client/api/random.h"
#include "client/text.h"

#include <string.h>

#define DRAWS_MAX 64u /* a source that gives only values past the limit does not work */

bool tg_pin_is_digits(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return text.len >= TIGRESS_PIN_DIGITS_MIN && text.len <= TIGRESS_PIN_DIGITS_MAX;
}

/* A number below limit. Draws at or past the last whole multiple of limit are discarded, so that
   all values are equally likely. */
static bool draw_below(uint64_t *out, uint64_t limit, const struct tg_rng *rng)
{
    const uint64_t end = UINT64_MAX - UINT64_MAX % limit;
    uint64_t value = 0;
    uint8_t raw[sizeof(value)] = { 0 };
    bool is_found = false;

    for (unsigned i = 0; i < DRAWS_MAX && !is_found; i++) {
        if (tg_rng_fill(rng, raw, sizeof(raw)) != TG_OK) {
            break;
        }
        memcpy(&value, raw, sizeof(value));
        is_found = value < end;
    }
    *out = is_found ? value % limit : 0;
    tg_mem_wipe(raw, sizeof(raw));
    tg_mem_wipe(&value, sizeof(value));
    return is_found;
}

/* spec: protocol/7#pin-random-digits */
enum tigress_error tigress_pin_generate(char *out, size_t cap, unsigned digits,
                                        tigress_random_fn *random, void *random_ctx)
{
    struct tg_api_random source;
    const struct tg_rng *rng = tg_api_random_init(&source, random, random_ctx);
    uint64_t limit = 1, value = 0;

    if (out == NULL || cap == 0) {
        return TIGRESS_E_ARGUMENT;
    }
    out[0] = '\0';
    digits = digits == 0 ? TIGRESS_PIN_DIGITS_DEFAULT : digits;
    if (digits < TIGRESS_PIN_DIGITS_MIN || digits > TIGRESS_PIN_DIGITS_MAX) {
        return TIGRESS_E_ARGUMENT;
    }
    if (cap <= digits) {
        return TIGRESS_E_LIMIT;
    }
    for (unsigned i = 0; i < digits; i++) {
        limit *= 10;
    }
    if (!draw_below(&value, limit, rng)) {
        return TIGRESS_E_RANDOM;
    }
    out[digits] = '\0';
    for (unsigned i = digits; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    return TIGRESS_OK;
}

enum tigress_error tigress_pin_show(const char *pin, char *out, size_t cap)
{
    struct tg_bytes digits = tg_text_view(pin, TIGRESS_PIN_DIGITS_MAX);
    size_t len = 0;

    if (out == NULL || cap == 0) {
        return TIGRESS_E_ARGUMENT;
    }
    out[0] = '\0';
    if (!tg_pin_is_digits(digits)) {
        return TIGRESS_E_ARGUMENT;
    }
    if (cap < TIGRESS_PIN_SHOWN_MAX) {
        return TIGRESS_E_LIMIT;
    }
    for (size_t i = 0; i < digits.len; i++) {
        /* Groups of three; a single last digit joins the group before it. */
        if (i > 0 && i % 3 == 0 && digits.len - i > 1) {
            out[len++] = ' ';
        }
        out[len++] = (char)digits.ptr[i];
    }
    out[len] = '\0';
    return TIGRESS_OK;
}

/* ---- what was typed ------------------------------------------------------------------------- */

/* The bytes of zero in UTF-8. The other digits have a last byte that is higher by 1 to 9. */
static const struct script {
    uint8_t zero[3];
    uint8_t len;
} scripts[] = {
    { { '0' }, 1 },
    { { 0xd9, 0xa0 }, 2 },       /* Arabic-Indic, U+0660 */
    { { 0xdb, 0xb0 }, 2 },       /* Persian and Urdu, U+06F0 */
    { { 0xe0, 0xa5, 0xa6 }, 3 }, /* Devanagari, U+0966 */
    { { 0xe0, 0xa7, 0xa6 }, 3 }, /* Bengali, U+09E6 */
    { { 0xe0, 0xb9, 0x90 }, 3 }, /* Thai, U+0E50 */
    { { 0xef, 0xbc, 0x90 }, 3 }, /* full width, U+FF10 */
};

static const char *const separators[] = {
    " ",        "\t",           "\r",           "\n",           "-",           ".",
    "\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x89", "\xe2\x80\x91", "\xe2\x80\x93"
    /* no-break space, its narrow form, thin space, no-break hyphen, en dash */
};

/* Bytes of the digit that text starts with, or 0. */
static size_t take_digit(struct tg_bytes text, char *digit)
{
    for (size_t i = 0; i < TG_COUNT(scripts); i++) {
        const size_t last = scripts[i].len - 1u;

        if (text.len > last &&
            tg_bytes_is_equal(tg_bytes_first(text, last), tg_bytes(scripts[i].zero, last)) &&
            text.ptr[last] >= scripts[i].zero[last] &&
            text.ptr[last] - scripts[i].zero[last] <= 9) {
            *digit = (char)('0' + (text.ptr[last] - scripts[i].zero[last]));
            return last + 1;
        }
    }
    return 0;
}

static size_t take_separator(struct tg_bytes text)
{
    for (size_t i = 0; i < TG_COUNT(separators); i++) {
        struct tg_bytes separator = tg_bytes_str(separators[i]);

        if (tg_bytes_has_prefix(text, separator)) {
            return separator.len;
        }
    }
    return 0;
}

enum tigress_error tigress_pin_normalise(const char *typed, char *out, size_t cap)
{
    struct tg_bytes rest = tg_text_view(typed, TIGRESS_PIN_TYPED_MAX);
    char digits[TIGRESS_PIN_TEXT_MAX] = { 0 };
    size_t count = 0;
    enum tigress_error error = TIGRESS_E_ARGUMENT;

    if (out == NULL || cap == 0 || typed == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    out[0] = '\0';
    if (rest.len > TIGRESS_PIN_TYPED_MAX) {
        return TIGRESS_E_LIMIT;
    }
    while (rest.len > 0) {
        char digit = '\0';
        size_t used = take_digit(rest, &digit);

        if (used > 0 && count < TIGRESS_PIN_DIGITS_MAX) {
            digits[count++] = digit;
        } else if (used == 0) {
            used = take_separator(rest);
        } else {
            used = 0; /* one digit too many */
        }
        if (used == 0) {
            goto out;
        }
        rest = tg_bytes_from(rest, used);
    }
    if (count >= TIGRESS_PIN_DIGITS_MIN) {
        error = tg_text_copy_whole(out, cap, tg_bytes(digits, count));
    }
out:
    tg_mem_wipe(digits, sizeof(digits));
    return error;
}
