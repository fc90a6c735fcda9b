/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks a PIN. The state has HMAC-SHA-256(key, PIN) and the random key: this keeps the digits out
 * of screens and dumps, and compares values of fixed length. It does not protect the PIN from a
 * reader of the state, who can test a million PINs quickly.
 *
 * Saved state: magic, version, digits, tries allowed, tries left, flags, key, HMAC of the PIN, and
 * an HMAC over all of it, which detects damage.
 */
#include "client/api/pin.h"

#include "base/fault.h"
#include "base/mem.h"
#include "base/reader.h"
#include "client/api/random.h"
#include "client/text.h"
#include "crypto/digest.h"

#include <string.h>

#define PIN_MAGIC UINT32_C(0x5447504e) /* "TGPN" */
#define PIN_VERSION 1u
#define PIN_KEY_LEN 32u
#define PIN_SAVED_LEN (4u + 2u + 4u + PIN_KEY_LEN + 2u * TG_SHA256_LEN)
#define PIN_FLAG_PASSED 1u
#define PIN_TEXT_LEN_MAX (1024u * 1024u)

struct tigress_pin {
    uint8_t key[PIN_KEY_LEN];
    uint8_t expected[TG_SHA256_LEN];
    uint8_t attempt[TG_SHA256_LEN]; /* of the open try */
    unsigned digits, tries, tries_left;
    bool is_passed;
    bool is_open;  /* a try was begun */
    bool is_saved; /* and the state with one try less was saved */
};

static enum tg_err digest(uint8_t out[TG_SHA256_LEN], const struct tigress_pin *p,
                          struct tg_bytes pin)
{
    const struct tg_bytes parts[] = { TG_LIT("tigress-pin-v1"), pin };

    return tg_hmac_sha256(out, TG_ARRAY_BYTES(p->key), parts, TG_COUNT(parts));
}

static enum tigress_error public_error(enum tg_err err)
{
    return err == TG_OK ? TIGRESS_OK : err == TG_E_NOMEM ? TIGRESS_E_NOMEM : TIGRESS_E_RANDOM;
}

enum tigress_error tigress_pin_new(struct tigress_pin **out, const char *pin, unsigned tries,
                                   tigress_random_fn *random, void *random_ctx)
{
    struct tg_bytes digits = tg_text_view(pin, TIGRESS_PIN_DIGITS_MAX);
    struct tg_api_random source;
    const struct tg_rng *rng = tg_api_random_init(&source, random, random_ctx);
    struct tigress_pin *p = NULL;
    enum tg_err err = TG_E_BUG;

    if (out == NULL || tries > TIGRESS_PIN_TRIES_MAX || !tg_pin_is_digits(digits)) {
        return TIGRESS_E_ARGUMENT;
    }
    p = tg_mem_calloc(1, sizeof(*p));
    TG_REQUIRE(p != NULL, TG_E_NOMEM);
    TG_REQUIRE(tg_rng_fill(rng, p->key, sizeof(p->key)) == TG_OK, TG_E_CRYPTO);
    p->digits = (unsigned)digits.len;
    p->tries = tries == 0 ? TIGRESS_PIN_TRIES_DEFAULT : tries;
    p->tries_left = p->tries;
    TG_TRY(digest(p->expected, p, digits));
    *out = p;
    p = NULL;
out:
    tigress_pin_free(&p);
    return public_error(err);
}

void tigress_pin_free(struct tigress_pin **p)
{
    if (p != NULL && *p != NULL) {
        tg_mem_free_secret(*p, sizeof(**p));
        *p = NULL;
    }
}

/* ---- a try ---------------------------------------------------------------------------------- */

/* spec: protocol/7#pin-few-tries */
enum tigress_error tigress_pin_begin_try(struct tigress_pin *p, const char *typed)
{
    char pin[TIGRESS_PIN_TEXT_MAX] = { 0 };
    enum tigress_error error;
    enum tg_err err;

    if (p == NULL || typed == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (p->is_open || p->is_passed || p->tries_left == 0) {
        return TIGRESS_E_STATE;
    }
    error = tigress_pin_normalise(typed, pin, sizeof(pin));
    if (error == TIGRESS_OK && strlen(pin) != p->digits) {
        error = TIGRESS_E_ARGUMENT;
    }
    if (error == TIGRESS_OK) {
        p->tries_left--;
        err = digest(p->attempt, p, tg_bytes(pin, p->digits));
        p->is_open = err == TG_OK;
        p->is_saved = false;
        error = err == TG_OK ? TIGRESS_OK : TIGRESS_E_RANDOM;
    }
    tg_mem_wipe(pin, sizeof(pin));
    return error;
}

/* spec: protocol/7#pin-constant-time */
enum tigress_error tigress_pin_end_try(struct tigress_pin *p, enum tigress_pin_verdict *verdict)
{
    bool is_right = false;

    if (p == NULL || verdict == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (!p->is_open || !p->is_saved) {
        return TIGRESS_E_STATE;
    }
    is_right = tg_ct_equal(TG_ARRAY_BYTES(p->attempt), TG_ARRAY_BYTES(p->expected));
    tg_mem_wipe(p->attempt, sizeof(p->attempt));
    p->is_open = false;
    p->is_passed = is_right;
    *verdict = is_right             ? TIGRESS_PIN_RIGHT
               : p->tries_left == 0 ? TIGRESS_PIN_DEAD
                                    : TIGRESS_PIN_WRONG;
    return TIGRESS_OK;
}

unsigned tigress_pin_digits(const struct tigress_pin *p)
{
    return p != NULL ? p->digits : 0;
}

unsigned tigress_pin_tries_left(const struct tigress_pin *p)
{
    return p != NULL ? p->tries_left : 0;
}

int tigress_pin_is_dead(const struct tigress_pin *p)
{
    return p == NULL || (p->tries_left == 0 && !p->is_passed && !p->is_open);
}

int tigress_pin_is_passed(const struct tigress_pin *p)
{
    return p != NULL && p->is_passed;
}

/* ---- saved state ---------------------------------------------------------------------------- */

static enum tg_err frame_hash(uint8_t out[TG_SHA256_LEN], const struct tigress_pin *p,
                              struct tg_bytes body)
{
    const struct tg_bytes parts[] = { TG_LIT("tigress-pin-state-v1"), body };

    return tg_hmac_sha256(out, TG_ARRAY_BYTES(p->key), parts, TG_COUNT(parts));
}

enum tigress_error tigress_pin_save(struct tigress_pin *p, unsigned char **out, size_t *len)
{
    struct tg_buf bytes;
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    char *text = NULL;
    enum tg_err err = TG_E_BUG;

    if (p == NULL || out == NULL || len == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_buf_init(&bytes, PIN_SAVED_LEN);
    tg_buf_append_u32(&bytes, PIN_MAGIC);
    tg_buf_append_u16(&bytes, PIN_VERSION);
    tg_buf_append_u8(&bytes, (uint8_t)p->digits);
    tg_buf_append_u8(&bytes, (uint8_t)p->tries);
    tg_buf_append_u8(&bytes, (uint8_t)p->tries_left);
    tg_buf_append_u8(&bytes, p->is_passed ? PIN_FLAG_PASSED : 0);
    tg_buf_append(&bytes, TG_ARRAY_BYTES(p->key));
    tg_buf_append(&bytes, TG_ARRAY_BYTES(p->expected));
    TG_TRY(tg_buf_status(&bytes));
    TG_TRY(frame_hash(hash, p, tg_buf_view(&bytes)));
    tg_buf_append(&bytes, TG_ARRAY_BYTES(hash));
    TG_TRY(tg_buf_status(&bytes));
    TG_TRY(tg_text_take(&bytes, &text, len));
    *out = (unsigned char *)text;
    p->is_saved = true;
out:
    tg_buf_deinit(&bytes);
    return public_error(err);
}

static enum tg_err load(struct tigress_pin *p, struct tg_bytes data, struct tg_fault *fault)
{
    struct tg_reader r = tg_reader_init(data);
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    struct tg_bytes key, expected, stored;
    unsigned flags = 0;
    enum tg_err err = TG_E_BUG;

    if (data.len < 6 || tg_reader_u32(&r) != PIN_MAGIC) {
        tg_fault_set(fault, "PIN state: not a saved PIN, or truncated");
        return TG_E_SYNTAX;
    }
    if (tg_reader_u16(&r) != PIN_VERSION) {
        tg_fault_set(fault,
                     "PIN state: expected version 1; another version of the library saved it");
        return TG_E_SYNTAX;
    }
    tg_fault_set(fault, "PIN state: damaged or truncated");
    p->digits = tg_reader_u8(&r);
    p->tries = tg_reader_u8(&r);
    p->tries_left = tg_reader_u8(&r);
    flags = tg_reader_u8(&r);
    key = tg_reader_bytes(&r, sizeof(p->key));
    expected = tg_reader_bytes(&r, sizeof(p->expected));
    stored = tg_reader_bytes(&r, sizeof(hash));
    TG_TRY(tg_reader_finish(&r));
    memcpy(p->key, key.ptr, sizeof(p->key));
    memcpy(p->expected, expected.ptr, sizeof(p->expected));
    TG_TRY(frame_hash(hash, p, tg_bytes_first(data, data.len - sizeof(hash))));
    TG_REQUIRE(tg_ct_equal(TG_ARRAY_BYTES(hash), stored), TG_E_SYNTAX);
    TG_REQUIRE(p->digits >= TIGRESS_PIN_DIGITS_MIN && p->digits <= TIGRESS_PIN_DIGITS_MAX,
               TG_E_SYNTAX);
    TG_REQUIRE(p->tries >= 1 && p->tries <= TIGRESS_PIN_TRIES_MAX && p->tries_left <= p->tries,
               TG_E_SYNTAX);
    TG_REQUIRE(flags <= PIN_FLAG_PASSED, TG_E_SYNTAX);
    p->is_passed = flags == PIN_FLAG_PASSED;
out:
    return err;
}

enum tigress_error tigress_pin_resume(struct tigress_pin **out, const unsigned char *data,
                                      size_t len, char *why, size_t why_cap)
{
    struct tg_fault fault = { "" };
    struct tigress_pin *p = NULL;
    enum tg_err err = TG_E_BUG;

    tg_text_copy(why, why_cap, "");
    if (out == NULL || (data == NULL && len > 0)) {
        return TIGRESS_E_ARGUMENT;
    }
    p = tg_mem_calloc(1, sizeof(*p));
    TG_REQUIRE(p != NULL, TG_E_NOMEM);
    TG_TRY(load(p, tg_bytes(data, len), &fault));
    *out = p;
    p = NULL;
out:
    tigress_pin_free(&p);
    if (err == TG_E_SYNTAX) {
        tg_text_copy(why, why_cap, fault.text);
        return TIGRESS_E_SAVED_STATE;
    }
    return public_error(err);
}

/* ---- texts that must not contain it --------------------------------------------------------- */

/* The last digits seen, oldest first. */
struct window {
    uint8_t digits[TIGRESS_PIN_DIGITS_MAX];
    size_t len;
};

static void push(struct window *w, uint8_t digit, size_t width)
{
    if (w->len == width) {
        memmove(w->digits, w->digits + 1, width - 1);
        w->len--;
    }
    w->digits[w->len++] = digit;
}

static bool is_separator(uint8_t byte)
{
    return byte == ' ' || byte == '-' || byte == '.';
}

/* spec: protocol/7#pin-not-in-message */
enum tigress_error tigress_pin_check_text(const struct tigress_pin *p, const char *text, size_t len)
{
    struct window w = { .len = 0 };
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    bool was_separator = false;
    enum tg_err err = TG_OK;

    if (p == NULL || (text == NULL && len > 0)) {
        return TIGRESS_E_ARGUMENT;
    }
    if (len > PIN_TEXT_LEN_MAX) {
        return TIGRESS_E_LIMIT;
    }
    for (size_t i = 0; i < len; i++) {
        const uint8_t byte = (uint8_t)text[i];

        if (byte >= '0' && byte <= '9') {
            push(&w, byte, p->digits);
            was_separator = false;
        } else if (is_separator(byte) && !was_separator) {
            was_separator = true;
            continue;
        } else {
            w.len = 0;
            was_separator = false;
        }
        if (w.len == p->digits) {
            TG_TRY(digest(hash, p, tg_bytes(w.digits, w.len)));
            TG_REQUIRE(!tg_ct_equal(TG_ARRAY_BYTES(hash), TG_ARRAY_BYTES(p->expected)),
                       TG_E_DENIED);
        }
    }
out:
    tg_mem_wipe(&w, sizeof(w));
    tg_mem_wipe(hash, sizeof(hash));
    return err == TG_E_DENIED ? TIGRESS_E_MESSAGE : public_error(err);
}
