/* SPDX-License-Identifier: Apache-2.0 */
/* The PIN by PAKE against the vectors of another implementation. */
#include "support/c/unit.h"

#include "base/hex.h"
#include "base/mem.h"
#include "wire/envelope2_member.h"
#include "wire/pake.h"

#include <jansson.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    assert_non_null(text);
    return text;
}

static void hex_into(uint8_t *raw, size_t len, const char *text)
{
    assert_int_equal(tg_hex_decode(raw, len, tg_bytes_str(text)), TG_OK);
}

static void assert_hex(const uint8_t *raw, size_t len, const char *text)
{
    uint8_t expected[64];

    assert_true(len <= sizeof(expected));
    hex_into(expected, len, text);
    assert_memory_equal(raw, expected, len);
}

static struct tg_secret secret_of(const json_t *object, const char *name)
{
    struct tg_secret secret = { .len = strlen(text_of(object, name)) / 2 };

    hex_into(secret.bytes, secret.len, text_of(object, name));
    return secret;
}

static enum tg_err scalar_fill(void *ctx, uint8_t *out, size_t len)
{
    memset(out, 0, len);
    memcpy(out, ctx, TG_CPACE_LEN);
    return TG_OK;
}

static const struct side {
    enum tg_envelope2_role role;
    const char *pin, *scalar, *share, *key, *tags;
} sides[] = {
    { TG_ENVELOPE2_INITIATOR, "initiatorPin", "initiatorScalar", "initiatorShare", "initiatorKey",
      "initiatorTags" },
    { TG_ENVELOPE2_RECIPIENT, "recipientPin", "recipientScalar", "recipientShare", "recipientKey",
      "recipientTags" },
};

/* One side of one run; its ISK is in *key. */
static void check_side(struct tg_secret *key, const struct side *side, const json_t *run,
                       const struct tg_pake_place *place)
{
    struct tg_secret scalar = secret_of(run, side->scalar);
    struct tg_rng rng = { .fill = scalar_fill, .ctx = scalar.bytes };
    struct tg_secret made = { .len = 0 };
    struct tg_secret pin = { .len = 0 };
    struct tg_pake_result result = { .key = { .len = 0 } };
    struct tg_pake_shares shares;
    const json_t *tags = json_object_get(run, side->tags);
    uint8_t own[TG_CPACE_LEN];
    uint8_t both[2][TG_CPACE_LEN];

    assert_int_equal(tg_secret_set(&pin, tg_bytes_str(text_of(run, side->pin))), TG_OK);
    assert_int_equal(tg_pake_begin(own, &made, &pin, place, &rng), TG_OK);
    assert_hex(own, sizeof(own), text_of(run, side->share));
    assert_int_equal(made.len, TG_CPACE_LEN);
    for (size_t i = 0; i < TG_COUNT(sides); i++) {
        hex_into(both[i], TG_CPACE_LEN, text_of(run, sides[i].share));
    }
    shares = (struct tg_pake_shares){ TG_ARRAY_BYTES(both[0]), TG_ARRAY_BYTES(both[1]) };
    assert_int_equal(tg_pake_finish(&result, side->role, &made, place, &shares), TG_OK);
    assert_hex(result.key.bytes, result.key.len, text_of(run, side->key));
    assert_hex(result.tag_initiator, TG_SHA256_LEN, json_string_value(json_array_get(tags, 0)));
    assert_hex(result.tag_recipient, TG_SHA256_LEN, json_string_value(json_array_get(tags, 1)));
    *key = result.key;
}

static void check_keys(const json_t *vector, const struct tg_secret *key, const char *transcript)
{
    struct tg_envelope2_keys before = { .to_recipient = secret_of(vector, "keyToRecipient"),
                                        .to_initiator = secret_of(vector, "keyToInitiator") };
    struct tg_envelope2_keys keys = { .to_recipient = { .len = 0 } };
    uint8_t hash[TG_SHA256_LEN];

    hex_into(hash, sizeof(hash), transcript);
    assert_int_equal(tg_pake_keys(&keys, &before, key, hash), TG_OK);
    assert_hex(keys.to_recipient.bytes, keys.to_recipient.len,
               text_of(vector, "keyToRecipientAfter"));
    assert_hex(keys.to_initiator.bytes, keys.to_initiator.len,
               text_of(vector, "keyToInitiatorAfter"));
}

/* spec-test: protocol/7#pake-run
   spec-test: protocol/7#pake-keys */
static void run__vectors_of_another_implementation__all_values(void **state)
{
    json_t *root = json_load_file(TG_TEST_DATA "/cpace/pake.json", 0, NULL);
    json_t *transfers = json_object_get(root, "transfers");

    (void)state;
    assert_int_equal(json_array_size(transfers), 2);
    for (size_t i = 0; i < json_array_size(transfers); i++) {
        const json_t *vector = json_array_get(transfers, i);
        const json_t *runs = json_object_get(vector, "runs");
        struct tg_pake_place place = { .attempt = 0 };
        struct tg_secret keys[2];

        assert_int_equal(tg_uuid_parse(&place.mailbox, tg_bytes_str(text_of(vector, "mailbox"))),
                         TG_OK);
        hex_into(place.agreement, sizeof(place.agreement), text_of(vector, "agreement"));
        assert_int_equal(json_array_size(runs), 2);
        for (size_t n = 0; n < json_array_size(runs); n++) {
            const json_t *run = json_array_get(runs, n);
            bool is_right = n == 1;

            place.attempt++;
            check_side(&keys[0], &sides[0], run, &place);
            check_side(&keys[1], &sides[1], run, &place);
            assert_true((memcmp(keys[0].bytes, keys[1].bytes, TG_CPACE_KEY_LEN) == 0) == is_right);
            if (is_right) {
                check_keys(vector, &keys[0], text_of(run, "transcript"));
            }
        }
    }
    json_decref(root);
}

/* Its own share, sent back: the tags of the two roles differ, and nobody else has the key. */
static void finish__own_share_reflected__no_equal_tags(void **state)
{
    const struct tg_pake_place place = { .attempt = 1 };
    const struct tg_secret pin = { .bytes = "123456", .len = 6 };
    uint8_t number[TG_CPACE_LEN] = { 9 };
    struct tg_rng rng = { .fill = scalar_fill, .ctx = number };
    struct tg_secret scalar = { .len = 0 };
    struct tg_pake_result result = { .key = { .len = 0 } };
    uint8_t share[TG_CPACE_LEN];
    struct tg_pake_shares shares;

    (void)state;
    assert_int_equal(tg_pake_begin(share, &scalar, &pin, &place, &rng), TG_OK);
    shares = (struct tg_pake_shares){ TG_ARRAY_BYTES(share), TG_ARRAY_BYTES(share) };
    assert_int_equal(tg_pake_finish(&result, TG_ENVELOPE2_INITIATOR, &scalar, &place, &shares),
                     TG_OK);
    assert_memory_not_equal(result.tag_initiator, result.tag_recipient, TG_SHA256_LEN);
    tg_mem_wipe(&result, sizeof(result));
}

static void keys__wrong_lengths__refused(void **state)
{
    struct tg_envelope2_keys before = { .to_recipient = { .len = 16 },
                                        .to_initiator = { .len = 16 } };
    struct tg_envelope2_keys keys = { .to_recipient = { .len = 0 } };
    const struct tg_secret key = { .len = TG_CPACE_KEY_LEN };
    const struct tg_secret short_key = { .len = TG_CPACE_KEY_LEN - 1 };
    const uint8_t hash[TG_SHA256_LEN] = { 1 };

    (void)state;
    assert_int_equal(tg_pake_keys(&keys, &before, &short_key, hash), TG_E_CRYPTO);
    before.to_initiator.len = 0;
    assert_int_equal(tg_pake_keys(&keys, &before, &key, hash), TG_E_CRYPTO);
    assert_int_equal(keys.to_recipient.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__vectors_of_another_implementation__all_values),
        cmocka_unit_test(finish__own_share_reflected__no_equal_tags),
        cmocka_unit_test(keys__wrong_lengths__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
