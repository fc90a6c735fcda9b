/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed state: what a sealer may answer, and what must not be opened. */
#include "support/c/fail_at.h"
#include "support/c/unit.h"

#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>
#include <tigress/tigress.h>

#define NAME "session 7"
#define STATE "the claim, the secret and a message"
#define HEAD_LEN 46u
#define TAG_LEN 32u
#define TEXT(why) ((why)[0] != '\0')

/* A sealer with a tag: SHA-256 over key, ad and text. It hides nothing, and authenticates. */
struct vault {
    struct tigress_sealer sealer;
    unsigned char key;
    bool takes_ad;  /* false: the platform authenticates only what it seals */
    int result;     /* what both functions return */
    size_t overrun; /* bytes more than there are */
    size_t extra;   /* bytes that sealing adds beside the tag */
    unsigned calls;
};

static void make_tag(uint8_t tag[TAG_LEN], const struct vault *v, struct tg_bytes ad,
                     struct tg_bytes in)
{
    unsigned char *text = malloc(1 + ad.len + in.len);
    size_t len = 1;

    assert_non_null(text);
    text[0] = v->key;
    if (v->takes_ad) {
        memcpy(text + len, ad.ptr, ad.len);
        len += ad.len;
    }
    memcpy(text + len, in.ptr, in.len);
    assert_int_equal(tg_sha256(tag, tg_bytes(text, len + in.len)), TG_OK);
    free(text);
}

static int vault_seal(void *ctx, const unsigned char *ad, size_t ad_len, const unsigned char *in,
                      size_t in_len, unsigned char *out, size_t cap, size_t *out_len)
{
    struct vault *v = ctx;
    const size_t len = TAG_LEN + v->extra + in_len;

    v->calls++;
    assert_int_equal(cap, in_len + TIGRESS_SEAL_ROOM);
    assert_int_equal(ad_len, HEAD_LEN);
    assert_memory_equal(ad, in, HEAD_LEN);
    if (len <= cap) {
        memset(out, 0, len);
        make_tag(out, v, tg_bytes(ad, ad_len), tg_bytes(in, in_len));
        memcpy(out + len - in_len, in, in_len);
    }
    *out_len = len + v->overrun;
    return v->result;
}

static int vault_open(void *ctx, const unsigned char *ad, size_t ad_len, const unsigned char *in,
                      size_t in_len, unsigned char *out, size_t cap, size_t *out_len)
{
    struct vault *v = ctx;
    uint8_t tag[TAG_LEN] = { 0 };
    const size_t before = TAG_LEN + v->extra;

    v->calls++;
    assert_int_equal(cap, in_len);
    if (in_len < before) {
        return TIGRESS_SEAL_FAILED;
    }
    make_tag(tag, v, tg_bytes(ad, ad_len), tg_bytes(in + before, in_len - before));
    if (memcmp(tag, in, TAG_LEN) != 0) {
        return TIGRESS_SEAL_FAILED;
    }
    memcpy(out, in + before, in_len - before);
    *out_len = in_len - before + v->overrun;
    return v->result;
}

static struct vault vault_make(void)
{
    return (struct vault){ .sealer = { .seal = vault_seal, .open = vault_open },
                           .key = 1,
                           .takes_ad = true };
}

struct sealed {
    unsigned char *bytes;
    size_t len;
};

static enum tigress_error seal(struct vault *v, const char *name, uint64_t *generation,
                               struct sealed *out, char *why)
{
    v->sealer.ctx = v;
    return tigress_state_seal(&v->sealer, name, generation, (const unsigned char *)STATE,
                              sizeof(STATE), &out->bytes, &out->len, why, TIGRESS_TEXT_MAX);
}

static struct sealed sealed_as(struct vault *v, const char *name, uint64_t generation)
{
    struct sealed out = { .bytes = NULL };
    uint64_t before = generation - 1;
    char why[TIGRESS_TEXT_MAX];

    assert_int_equal(seal(v, name, &before, &out, why), TIGRESS_OK);
    assert_int_equal(before, generation);
    assert_false(TEXT(why));
    return out;
}

/* Opens, and checks that a failure leaves the outputs as they were. */
static enum tigress_error open_bytes(struct vault *v, const char *name, uint64_t *generation,
                                     const unsigned char *bytes, size_t len, char *why)
{
    unsigned char *state = NULL;
    size_t state_len = 99;
    const uint64_t least = *generation;
    enum tigress_error error = TIGRESS_OK;

    v->sealer.ctx = v;
    error = tigress_state_open(&v->sealer, name, generation, bytes, len, &state, &state_len, why,
                               TIGRESS_TEXT_MAX);
    if (error == TIGRESS_OK) {
        assert_int_equal(state_len, sizeof(STATE));
        assert_memory_equal(state, STATE, sizeof(STATE));
        assert_true(*generation >= least);
        tigress_free(state, state_len);
    } else {
        assert_null(state);
        assert_int_equal(state_len, 99);
        assert_int_equal(*generation, least);
    }
    assert_int_equal(TEXT(why), error != TIGRESS_OK);
    return error;
}

static enum tigress_error open_at(struct vault *v, const char *name, uint64_t least,
                                  const struct sealed *s, char *why)
{
    return open_bytes(v, name, &least, s->bytes, s->len, why);
}

/* spec-test: protocol/7#sealed-state */
static void seal__opened_with_its_generation_or_an_earlier_one__the_state(void **state)
{
    struct vault v = vault_make();
    struct sealed s = { .bytes = NULL };
    uint64_t generation = 0;
    char why[TIGRESS_TEXT_MAX];

    (void)state;
    for (unsigned i = 1; i <= 3; i++) {
        tigress_free(s.bytes, s.len);
        assert_int_equal(seal(&v, NAME, &generation, &s, why), TIGRESS_OK);
        assert_int_equal(generation, i);
    }
    for (uint64_t least = 0; least <= 3; least++) {
        uint64_t found = least;

        assert_int_equal(open_bytes(&v, NAME, &found, s.bytes, s.len, why), TIGRESS_OK);
        assert_int_equal(found, 3);
    }
    assert_null(memmem(s.bytes, s.len, NAME, strlen(NAME)));
    tigress_free(s.bytes, s.len);
}

/* spec-test: protocol/7#sealed-state */
static void open__rolled_back_or_swapped__refused(void **state)
{
    struct vault v = vault_make();
    struct sealed old = sealed_as(&v, NAME, 4);
    struct sealed other = sealed_as(&v, "session 8", 5);
    char why[TIGRESS_TEXT_MAX];

    (void)state;
    v.calls = 0;
    assert_int_equal(open_at(&v, NAME, 5, &old, why), TIGRESS_E_STALE);
    assert_string_equal(why, "the state is of generation 4; expected 5 or later: an old copy was "
                             "put back");
    assert_int_equal(open_at(&v, NAME, 5, &other, why), TIGRESS_E_STALE);
    assert_non_null(strstr(why, "another name"));
    assert_int_equal(v.calls, 0); /* the user is not asked for what is refused anyway */
    assert_int_equal(open_at(&v, "session 8", 5, &other, why), TIGRESS_OK);
    assert_int_equal(open_at(&v, NAME, 4, &old, why), TIGRESS_OK);
    tigress_free(old.bytes, old.len);
    tigress_free(other.bytes, other.len);
}

/* The head of one state on the box of another, under a sealer that does not authenticate the head.
 */
static void open__sealer_without_ad_and_the_head_of_another__refused(void **state)
{
    struct vault v = vault_make();
    struct sealed old, fresh, other;
    char why[TIGRESS_TEXT_MAX];

    (void)state;
    v.takes_ad = false;
    old = sealed_as(&v, NAME, 4);
    fresh = sealed_as(&v, NAME, 5);
    other = sealed_as(&v, "session 8", 5);
    assert_int_equal(open_at(&v, NAME, 5, &fresh, why), TIGRESS_OK);
    memcpy(old.bytes, fresh.bytes, HEAD_LEN);
    assert_int_equal(open_at(&v, NAME, 5, &old, why), TIGRESS_E_SAVED_STATE);
    memcpy(other.bytes, fresh.bytes, HEAD_LEN);
    assert_int_equal(open_at(&v, NAME, 5, &other, why), TIGRESS_E_SAVED_STATE);
    tigress_free(old.bytes, old.len);
    tigress_free(fresh.bytes, fresh.len);
    tigress_free(other.bytes, other.len);
}

static void open__each_changed_bit_and_each_cut__refused(void **state)
{
    struct vault v = vault_make();
    struct sealed s = sealed_as(&v, NAME, 5);
    unsigned char *longer = calloc(1, s.len + 1);
    char why[TIGRESS_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < 8 * s.len; i++) {
        enum tigress_error error = TIGRESS_OK;

        s.bytes[i / 8] ^= (unsigned char)(1u << (i % 8));
        error = open_at(&v, NAME, 5, &s, why);
        assert_true(error == TIGRESS_E_SAVED_STATE || error == TIGRESS_E_STALE);
        s.bytes[i / 8] ^= (unsigned char)(1u << (i % 8));
    }
    for (size_t len = 0; len < s.len; len++) {
        uint64_t least = 5;

        assert_int_equal(open_bytes(&v, NAME, &least, s.bytes, len, why), TIGRESS_E_SAVED_STATE);
    }
    memcpy(longer, s.bytes, s.len);
    assert_int_equal(open_bytes(&v, NAME, &(uint64_t){ 5 }, longer, s.len + 1, why),
                     TIGRESS_E_SAVED_STATE);
    assert_int_equal(open_at(&v, NAME, 5, &s, why), TIGRESS_OK);
    v.key = 2;
    assert_int_equal(open_at(&v, NAME, 5, &s, why), TIGRESS_E_SAVED_STATE);
    free(longer);
    tigress_free(s.bytes, s.len);
}

static void sealer__locked__nothing_changed_and_again_later(void **state)
{
    struct vault v = vault_make();
    struct sealed s = { .bytes = NULL };
    uint64_t generation = 7;
    char why[TIGRESS_TEXT_MAX];

    (void)state;
    v.result = TIGRESS_SEAL_LOCKED;
    assert_int_equal(seal(&v, NAME, &generation, &s, why), TIGRESS_E_LOCKED);
    assert_int_equal(generation, 7);
    assert_null(s.bytes);
    assert_non_null(strstr(why, "unlocked"));
    v.result = TIGRESS_SEAL_OK;
    assert_int_equal(seal(&v, NAME, &generation, &s, why), TIGRESS_OK);
    v.result = TIGRESS_SEAL_LOCKED;
    assert_int_equal(open_at(&v, NAME, 8, &s, why), TIGRESS_E_LOCKED);
    v.result = TIGRESS_SEAL_OK;
    assert_int_equal(open_at(&v, NAME, 8, &s, why), TIGRESS_OK);
    assert_int_equal(tigress_error_class(TIGRESS_E_LOCKED), TIGRESS_CLASS_RETRY);
    tigress_free(s.bytes, s.len);
}

static void sealer__failed_or_wrong_about_its_length__refused(void **state)
{
    static const int results[] = { TIGRESS_SEAL_FAILED, 3, -1 };
    struct vault v = vault_make();
    struct sealed good = sealed_as(&v, NAME, 2);
    struct sealed s = { .bytes = NULL };
    uint64_t generation = 7;
    char why[TIGRESS_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < TG_COUNT(results); i++) {
        v.result = results[i];
        assert_int_equal(seal(&v, NAME, &generation, &s, why), TIGRESS_E_SEALER);
        assert_int_equal(open_at(&v, NAME, 2, &good, why), TIGRESS_E_SAVED_STATE);
    }
    v.result = TIGRESS_SEAL_OK;
    v.overrun = TIGRESS_SEAL_ROOM;
    assert_int_equal(seal(&v, NAME, &generation, &s, why), TIGRESS_E_SEALER);
    assert_int_equal(open_at(&v, NAME, 2, &good, why), TIGRESS_E_SAVED_STATE);
    v.overrun = SIZE_MAX - (HEAD_LEN + sizeof(STATE)) + 1 - TAG_LEN; /* 0 bytes sealed */
    assert_int_equal(seal(&v, NAME, &generation, &s, why), TIGRESS_E_SEALER);
    assert_int_equal(generation, 7);
    assert_null(s.bytes);
    v.overrun = SIZE_MAX - sizeof(STATE) + 1; /* the head alone comes back */
    assert_int_equal(open_at(&v, NAME, 2, &good, why), TIGRESS_E_SAVED_STATE);
    tigress_free(good.bytes, good.len);
}

static void seal__longest_state_and_most_room__opened_and_one_more_refused(void **state)
{
    struct vault v = vault_make();
    unsigned char *big = calloc(1, TIGRESS_STATE_MAX + 1), *sealed = NULL, *back = NULL;
    size_t sealed_len = 0, len = 0;
    uint64_t generation = 0;
    char why[TIGRESS_TEXT_MAX];

    (void)state;
    assert_non_null(big);
    v.sealer.ctx = &v;
    v.extra = TIGRESS_SEAL_ROOM - TAG_LEN;
    assert_int_equal(tigress_state_seal(&v.sealer, NAME, &generation, big, TIGRESS_STATE_MAX,
                                        &sealed, &sealed_len, why, sizeof(why)),
                     TIGRESS_OK);
    assert_int_equal(sealed_len, TIGRESS_STATE_MAX + 2 * HEAD_LEN + TIGRESS_SEAL_ROOM);
    assert_int_equal(tigress_state_open(&v.sealer, NAME, &generation, sealed, sealed_len, &back,
                                        &len, why, sizeof(why)),
                     TIGRESS_OK);
    assert_int_equal(len, TIGRESS_STATE_MAX);
    tigress_free(back, len);
    tigress_free(sealed, sealed_len);
    assert_int_equal(tigress_state_seal(&v.sealer, NAME, &generation, big, TIGRESS_STATE_MAX + 1,
                                        &sealed, &sealed_len, why, sizeof(why)),
                     TIGRESS_E_LIMIT);
    assert_non_null(strstr(why, "1048577"));
    v.extra++;
    assert_int_equal(tigress_state_seal(&v.sealer, NAME, &generation, big, TIGRESS_STATE_MAX,
                                        &sealed, &sealed_len, why, sizeof(why)),
                     TIGRESS_E_SEALER);
    free(big);
}

static void arguments__each_wrong_one__named(void **state)
{
    struct vault v = vault_make();
    struct sealed s = sealed_as(&v, NAME, 1);
    struct tigress_sealer half = { .seal = vault_seal };
    unsigned char *out = NULL;
    size_t len = 0;
    uint64_t generation = 1, last = UINT64_MAX;
    char name[TIGRESS_STATE_NAME_MAX + 2], why[TIGRESS_TEXT_MAX];

    (void)state;
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(
        tigress_state_open(NULL, NAME, &generation, s.bytes, s.len, &out, &len, why, sizeof(why)),
        TIGRESS_E_ARGUMENT);
    assert_non_null(strstr(why, "sealer:"));
    assert_int_equal(
        tigress_state_open(&half, NAME, &generation, s.bytes, s.len, &out, &len, why, sizeof(why)),
        TIGRESS_E_ARGUMENT);
    assert_int_equal(open_bytes(&v, NULL, &generation, s.bytes, s.len, why), TIGRESS_E_ARGUMENT);
    assert_int_equal(open_bytes(&v, "", &generation, s.bytes, s.len, why), TIGRESS_E_ARGUMENT);
    assert_int_equal(open_bytes(&v, "\xc0", &generation, s.bytes, s.len, why), TIGRESS_E_ARGUMENT);
    assert_non_null(strstr(why, "name:"));
    assert_int_equal(open_bytes(&v, name, &generation, s.bytes, s.len, why), TIGRESS_E_LIMIT);
    assert_int_equal(
        tigress_state_open(&v.sealer, NAME, NULL, s.bytes, s.len, &out, &len, why, sizeof(why)),
        TIGRESS_E_ARGUMENT);
    assert_non_null(strstr(why, "generation:"));
    assert_int_equal(
        tigress_state_open(&v.sealer, NAME, &generation, s.bytes, s.len, NULL, &len, NULL, 0),
        TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_state_seal(&v.sealer, NAME, &generation, NULL, 1, &out, &len, NULL, 0),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(
        tigress_state_seal(&v.sealer, NAME, &generation, s.bytes, 0, &out, &len, NULL, 0),
        TIGRESS_E_ARGUMENT);
    assert_int_equal(
        tigress_state_seal(&v.sealer, NAME, &last, s.bytes, s.len, &out, &len, NULL, 0),
        TIGRESS_E_LIMIT);
    assert_null(out);
    assert_int_equal(v.calls, 1);
    name[TIGRESS_STATE_NAME_MAX] = '\0';
    tigress_free(s.bytes, s.len);
    assert_int_equal(seal(&v, name, &generation, &s, why), TIGRESS_OK);
    tigress_free(s.bytes, s.len);
}

/* The tries of a PIN do not come back with an old copy of its state. */
static void open__state_of_a_pin_from_before_a_try__refused(void **state)
{
    struct vault v = vault_make();
    struct tigress_pin *pin = NULL;
    unsigned char *saved[2] = { NULL }, *sealed[2] = { NULL }, *out = NULL;
    size_t saved_len[2] = { 0 }, sealed_len[2] = { 0 }, len = 0;
    uint64_t generation = 0;

    (void)state;
    v.sealer.ctx = &v;
    assert_int_equal(tigress_pin_new(&pin, "402817", 0, NULL, NULL), TIGRESS_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(tigress_pin_save(pin, &saved[i], &saved_len[i]), TIGRESS_OK);
        assert_int_equal(tigress_state_seal(&v.sealer, "pin 7", &generation, saved[i], saved_len[i],
                                            &sealed[i], &sealed_len[i], NULL, 0),
                         TIGRESS_OK);
        assert_int_equal(i == 0 ? tigress_pin_begin_try(pin, "111111") : TIGRESS_OK, TIGRESS_OK);
    }
    assert_int_equal(tigress_state_open(&v.sealer, "pin 7", &generation, sealed[0], sealed_len[0],
                                        &out, &len, NULL, 0),
                     TIGRESS_E_STALE);
    assert_int_equal(tigress_state_open(&v.sealer, NAME, &generation, sealed[1], sealed_len[1],
                                        &out, &len, NULL, 0),
                     TIGRESS_E_STALE);
    assert_int_equal(tigress_state_open(&v.sealer, "pin 7", &generation, sealed[1], sealed_len[1],
                                        &out, &len, NULL, 0),
                     TIGRESS_OK);
    assert_int_equal(len, saved_len[1]);
    assert_memory_equal(out, saved[1], len);
    tigress_free(out, len);
    for (unsigned i = 0; i < 2; i++) {
        tigress_free(saved[i], saved_len[i]);
        tigress_free(sealed[i], sealed_len[i]);
    }
    tigress_pin_free(&pin);
}

/* ---- without memory ------------------------------------------------------------------------- */

static void *allocate(void *ctx, size_t size)
{
    (void)ctx;
    return is_failing() ? NULL : malloc(size);
}

static void release(void *ctx, void *ptr)
{
    (void)ctx;
    free(ptr);
}

static void seal_and_open__each_allocation_fails__no_memory_and_nothing_changed(void **state)
{
    static const struct tigress_mem mem = { allocate, release, NULL };
    struct vault v = vault_make();
    struct sealed s = { .bytes = NULL };
    uint64_t generation = 0;
    enum tigress_error error = TIGRESS_E_NOMEM;
    char why[TIGRESS_TEXT_MAX];
    unsigned failures = 0;

    (void)state;
    assert_int_equal(tigress_set_mem(&mem), TIGRESS_OK);
    for (unsigned n = 1; error == TIGRESS_E_NOMEM; n++) {
        fail_at(n);
        error = seal(&v, NAME, &generation, &s, why);
        if (fail_reached() && error != TIGRESS_OK) {
            assert_int_equal(error, TIGRESS_E_NOMEM);
            assert_int_equal(generation, 0);
            assert_null(s.bytes);
            failures++;
        }
    }
    assert_int_equal(error, TIGRESS_OK);
    assert_in_range(failures, 3, 20);
    fail_at(0);
    tigress_free(s.bytes, s.len);
    assert_int_equal(tigress_set_mem(NULL), TIGRESS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seal__opened_with_its_generation_or_an_earlier_one__the_state),
        cmocka_unit_test(open__rolled_back_or_swapped__refused),
        cmocka_unit_test(open__sealer_without_ad_and_the_head_of_another__refused),
        cmocka_unit_test(open__each_changed_bit_and_each_cut__refused),
        cmocka_unit_test(sealer__locked__nothing_changed_and_again_later),
        cmocka_unit_test(sealer__failed_or_wrong_about_its_length__refused),
        cmocka_unit_test(seal__longest_state_and_most_room__opened_and_one_more_refused),
        cmocka_unit_test(arguments__each_wrong_one__named),
        cmocka_unit_test(open__state_of_a_pin_from_before_a_try__refused),
        cmocka_unit_test(seal_and_open__each_allocation_fails__no_memory_and_nothing_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
