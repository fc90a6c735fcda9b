/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/crypto/hex_bytes.h"

#include "crypto/cpace.h"

#include <jansson.h>
#include <string.h>

static json_t *read_file(const char *name)
{
    char path[512];
    json_error_t error;
    json_t *root = NULL;

    (void)snprintf(path, sizeof(path), TG_TEST_DATA "/cpace/%s", name);
    root = json_load_file(path, 0, &error);
    assert_non_null(root);
    return root;
}

static struct tg_bytes hex_of(struct unit_bytes *room, const json_t *object, const char *name)
{
    return unhex(room, json_string_value(json_object_get(object, name)));
}

static void assert_hex(const void *raw, size_t len, const json_t *object, const char *name)
{
    struct unit_bytes expected;

    assert_int_equal(hex_of(&expected, object, name).len, len);
    assert_memory_equal(raw, expected.bytes, len);
}

/* A source that gives a scalar below the order, which the reduction keeps. */
static enum tg_err scalar_fill(void *ctx, uint8_t *out, size_t len)
{
    const struct unit_bytes *scalar = ctx;

    memset(out, 0, len);
    memcpy(out, scalar->bytes, scalar->len);
    return TG_OK;
}

static enum tg_err failing_fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    (void)out;
    (void)len;
    return TG_E_CRYPTO;
}

struct run {
    json_t *root;
    const json_t *vector;
    struct unit_bytes pin, channel, id, scalar[2], data[2], share[2];
    struct tg_cpace_inputs inputs;
    struct tg_cpace_part parts[2];
};

static void load(struct run *r)
{
    static const char *const names[2][3] = { { "ya", "ADa", "Ya" }, { "yb", "ADb", "Yb" } };

    r->root = read_file("draft.json");
    r->vector = json_object_get(r->root, "ristretto255");
    r->inputs = (struct tg_cpace_inputs){ .password = hex_of(&r->pin, r->vector, "PRS"),
                                          .channel = hex_of(&r->channel, r->vector, "CI"),
                                          .id = hex_of(&r->id, r->vector, "sid") };
    for (size_t i = 0; i < 2; i++) {
        (void)hex_of(&r->scalar[i], r->vector, names[i][0]);
        r->parts[i].data = hex_of(&r->data[i], r->vector, names[i][1]);
        r->parts[i].share = hex_of(&r->share[i], r->vector, names[i][2]);
    }
}

/* spec-test: protocol/7#pake-run */
static void run__vector_of_the_draft__its_shares_and_key(void **state)
{
    struct run r;

    (void)state;
    load(&r);
    for (size_t i = 0; i < 2; i++) {
        struct tg_rng rng = { .fill = scalar_fill, .ctx = &r.scalar[i] };
        struct tg_secret scalar = { .len = 0 };
        struct tg_secret key = { .len = 0 };
        uint8_t share[TG_CPACE_LEN];

        assert_int_equal(tg_cpace_begin(share, &scalar, &r.inputs, &rng), TG_OK);
        assert_memory_equal(share, r.share[i].bytes, sizeof(share));
        assert_memory_equal(scalar.bytes, r.scalar[i].bytes, TG_CPACE_LEN);
        assert_int_equal(tg_cpace_finish(&key, &scalar, r.inputs.id, r.parts[1 - i].share,
                                         &r.parts[0], &r.parts[1]),
                         TG_OK);
        assert_hex(key.bytes, key.len, r.vector, "ISK_IR");
    }
    json_decref(r.root);
}

/* One bit of any input: another key. */
static void run__another_input__another_share(void **state)
{
    struct run r;
    struct unit_bytes *const inputs[] = { &r.pin, &r.channel, &r.id };

    (void)state;
    load(&r);
    for (size_t i = 0; i < TG_COUNT(inputs); i++) {
        struct tg_rng rng = { .fill = scalar_fill, .ctx = &r.scalar[0] };
        struct tg_secret scalar = { .len = 0 };
        uint8_t share[TG_CPACE_LEN];

        inputs[i]->bytes[0] ^= 1;
        assert_int_equal(tg_cpace_begin(share, &scalar, &r.inputs, &rng), TG_OK);
        assert_memory_not_equal(share, r.share[0].bytes, sizeof(share));
        inputs[i]->bytes[0] ^= 1;
    }
    json_decref(r.root);
}

static void finish__valid_point_of_the_draft__key_of_its_product(void **state)
{
    json_t *draft = read_file("draft.json");
    json_t *made = read_file("pake.json");
    const json_t *valid = json_object_get(json_object_get(draft, "points"), "Valid");
    const json_t *point = json_object_get(made, "point");
    struct unit_bytes raw, share, id;
    struct tg_secret scalar = { .len = 0 };
    struct tg_secret key = { .len = 0 };
    struct tg_cpace_part a = { .share = hex_of(&share, valid, "X"), .data = TG_LIT("a") };
    struct tg_cpace_part b = { .share = a.share, .data = TG_LIT("b") };

    (void)state;
    assert_int_equal(tg_secret_set(&scalar, hex_of(&raw, valid, "s")), TG_OK);
    assert_int_equal(tg_cpace_finish(&key, &scalar, hex_of(&id, point, "sid"), a.share, &a, &b),
                     TG_OK);
    assert_hex(key.bytes, key.len, point, "key");
    json_decref(made);
    json_decref(draft);
}

static void assert_no_share(struct tg_bytes share)
{
    struct tg_secret scalar = { .bytes = { 3 }, .len = TG_CPACE_LEN };
    struct tg_secret key = { .len = 0 };
    struct tg_cpace_part part = { .share = share, .data = TG_LIT("a") };

    assert_int_equal(tg_cpace_check(share), TG_E_SYNTAX);
    assert_int_equal(tg_cpace_finish(&key, &scalar, TG_LIT("i"), share, &part, &part), TG_E_SYNTAX);
    assert_int_equal(key.len, 0);
}

/* spec-test: protocol/7#pake-points */
static void share__invalid_or_identity__refused(void **state)
{
    static const char *const names[] = { "Invalid Y1", "Invalid Y2" };
    json_t *draft = read_file("draft.json");
    const json_t *points = json_object_get(draft, "points");
    struct unit_bytes room;
    uint8_t high[TG_CPACE_LEN];

    (void)state;
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        assert_no_share(hex_of(&room, points, names[i]));
    }
    memset(high, 0xff, sizeof(high)); /* above the field */
    assert_no_share(TG_ARRAY_BYTES(high));
    (void)hex_of(&room, json_object_get(points, "Valid"), "X");
    assert_int_equal(tg_cpace_check(tg_bytes(room.bytes, TG_CPACE_LEN)), TG_OK);
    assert_no_share(tg_bytes(room.bytes, TG_CPACE_LEN - 1));
    room.bytes[31] |= 0x80; /* the same number with the unused bit */
    assert_no_share(tg_bytes(room.bytes, TG_CPACE_LEN));
    assert_no_share(tg_bytes(NULL, 0));
    json_decref(draft);
}

static void begin__no_random_numbers_or_zero__nothing(void **state)
{
    static const struct unit_bytes zero = { .len = TG_CPACE_LEN };
    struct tg_rng sources[] = { { .fill = failing_fill, .ctx = NULL },
                                { .fill = scalar_fill, .ctx = (void *)(uintptr_t)&zero } };
    struct run r;

    (void)state;
    load(&r);
    for (size_t i = 0; i < TG_COUNT(sources); i++) {
        struct tg_secret scalar = { .len = 0 };
        uint8_t share[TG_CPACE_LEN] = { 7 };

        assert_int_equal(tg_cpace_begin(share, &scalar, &r.inputs, &sources[i]), TG_E_CRYPTO);
        assert_int_equal(scalar.len, 0);
        assert_int_equal(share[0], 7);
    }
    json_decref(r.root);
}

static void inputs__longest_and_one_more__limit(void **state)
{
    static uint8_t big[TG_CPACE_INPUT_MAX + 1];
    struct run r;
    struct tg_secret scalar = { .len = 0 };
    uint8_t share[TG_CPACE_LEN];
    struct tg_rng rng = { .fill = scalar_fill, .ctx = &r.scalar[0] };

    (void)state;
    load(&r);
    r.inputs.channel = tg_bytes(big, TG_CPACE_INPUT_MAX);
    assert_int_equal(tg_cpace_begin(share, &scalar, &r.inputs, &rng), TG_OK);
    tg_secret_wipe(&scalar);
    r.inputs.channel.len++;
    assert_int_equal(tg_cpace_begin(share, &scalar, &r.inputs, &rng), TG_E_LIMIT);
    assert_int_equal(scalar.len, 0);
    json_decref(r.root);
}

/* LEB128, by the examples of the draft: one byte below 128, two from there on. */
static void put__lengths__leb128(void **state)
{
    static const struct {
        size_t len;
        uint8_t head[2];
        size_t head_len;
    } cases[] = { { 0, { 0 }, 1 },
                  { 4, { 4 }, 1 },
                  { 127, { 0x7f }, 1 },
                  { 128, { 0x80, 0x01 }, 2 },
                  { 255, { 0xff, 0x01 }, 2 } };
    static const uint8_t data[256];

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_buf out;

        tg_buf_init(&out, 300);
        tg_cpace_put(&out, tg_bytes(data, cases[i].len));
        assert_int_equal(out.len, cases[i].head_len + cases[i].len);
        assert_memory_equal(out.ptr, cases[i].head, cases[i].head_len);
        tg_buf_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__vector_of_the_draft__its_shares_and_key),
        cmocka_unit_test(run__another_input__another_share),
        cmocka_unit_test(finish__valid_point_of_the_draft__key_of_its_product),
        cmocka_unit_test(share__invalid_or_identity__refused),
        cmocka_unit_test(begin__no_random_numbers_or_zero__nothing),
        cmocka_unit_test(inputs__longest_and_one_more__limit),
        cmocka_unit_test(put__lengths__leb128),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
