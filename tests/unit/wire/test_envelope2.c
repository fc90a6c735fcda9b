/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/hex.h"
#include "base/mem.h"
#include "wire/envelope.h"
#include "wire/envelope2_member.h"
#include "wire/json.h"
#include "wire/sas.h"

#include <jansson.h>

#define VECTORS TG_TEST_DATA "/envelope2/vectors.json"
#define ROOM 70000u

/* ---- vectors of another implementation ------------------------------------------------------ */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    assert_non_null(text);
    return text;
}

static void hex_of(uint8_t *raw, size_t len, const json_t *object, const char *name)
{
    assert_int_equal(tg_hex_decode(raw, len, tg_bytes_str(text_of(object, name))), TG_OK);
}

static struct tg_secret secret_of(const json_t *object, const char *name)
{
    struct tg_secret secret = { .len = strlen(text_of(object, name)) / 2 };

    hex_of(secret.bytes, secret.len, object, name);
    return secret;
}

static void assert_hex(const uint8_t *raw, size_t len, const json_t *object, const char *name)
{
    uint8_t expected[64];

    assert_true(len <= sizeof(expected));
    hex_of(expected, len, object, name);
    assert_memory_equal(raw, expected, len);
}

/* A random source that gives the vector's IV. */
static enum tg_err iv_fill(void *ctx, uint8_t *out, size_t len)
{
    memcpy(out, ctx, len);
    return TG_OK;
}

struct transfer {
    struct tg_secret secret;
    struct tg_envelope2_keys keys;
    struct tg_envelope2_place place;
    uint8_t public_key[3][TG_X25519_LEN]; /* by role */
    bool names_roles;
    struct tg_envelope2_value commitment, nonces[3]; /* by role */
};

static void check_keys(struct transfer *t, const json_t *vector)
{
    struct tg_secret initiator = secret_of(vector, "initiatorPrivate");
    struct tg_secret recipient = secret_of(vector, "recipientPrivate");
    struct tg_secret shared = { .len = 0 };

    assert_int_equal(tg_x25519_public(t->public_key[TG_ENVELOPE2_INITIATOR], &initiator), TG_OK);
    assert_int_equal(tg_x25519_public(t->public_key[TG_ENVELOPE2_RECIPIENT], &recipient), TG_OK);
    assert_hex(t->public_key[TG_ENVELOPE2_INITIATOR], TG_X25519_LEN, vector, "initiatorPublic");
    assert_hex(t->public_key[TG_ENVELOPE2_RECIPIENT], TG_X25519_LEN, vector, "recipientPublic");
    assert_int_equal(tg_x25519_shared(&shared, &initiator,
                                      TG_ARRAY_BYTES(t->public_key[TG_ENVELOPE2_RECIPIENT])),
                     TG_OK);
    assert_hex(shared.bytes, shared.len, vector, "shared");
    assert_int_equal(tg_envelope2_derive(&t->keys, &shared, &t->secret, t->place.transcript),
                     TG_OK);
    assert_int_equal(t->keys.to_recipient.len, t->secret.len);
    assert_hex(t->keys.to_recipient.bytes, t->secret.len, vector, "keyToRecipient");
    assert_hex(t->keys.to_initiator.bytes, t->secret.len, vector, "keyToInitiator");
}

/* Appends the application's message with what the library adds to it. */
static void put_message(struct tg_buf *out, const struct transfer *t, struct tg_bytes json,
                        enum tg_envelope2_role sender)
{
    struct tg_envelope2_member member = { .role = 0 };
    uint64_t seq = t->place.seq;

    if (seq < 3) {
        member.role = t->names_roles ? sender : 0;
        member.public_key.is_set = true;
        memcpy(member.public_key.bytes, t->public_key[sender], TG_X25519_LEN);
        member.commitment = seq == 1 ? t->commitment : member.commitment;
        member.nonce = seq == 2 ? t->nonces[TG_ENVELOPE2_RECIPIENT] : member.nonce;
    } else if (seq == 3) {
        member.reveal = t->nonces[TG_ENVELOPE2_INITIATOR];
    }
    if (member.public_key.is_set || member.reveal.is_set) {
        tg_envelope2_member_put(out, json, &member);
    } else {
        tg_buf_append(out, json);
    }
}

static void check_message(struct transfer *t, const json_t *message)
{
    struct tg_payload payload = { tg_bytes_str(text_of(message, "type")),
                                  tg_bytes_str(text_of(message, "data")) };
    bool is_v2 = json_integer_value(json_object_get(message, "envelope")) == 2;
    enum tg_envelope2_role sender =
        (enum tg_envelope2_role)json_integer_value(json_object_get(message, "sender"));
    const struct tg_secret *key =
        sender == TG_ENVELOPE2_INITIATOR ? &t->keys.to_recipient : &t->keys.to_initiator;
    struct tg_bytes json = tg_bytes_str(text_of(message, "json"));
    uint8_t iv[12];
    struct tg_rng rng = { .fill = iv_fill, .ctx = iv };
    uint8_t digest[TG_SHA256_LEN];
    struct tg_buf box;
    struct tg_buf plain;
    struct tg_buf text;

    tg_buf_init(&text, ROOM);
    hex_of(iv, sizeof(iv), message, "iv");
    tg_buf_init(&box, ROOM);
    tg_buf_init(&plain, ROOM);
    t->place.sender = sender;
    t->place.seq++;
    assert_int_equal(t->place.seq, json_integer_value(json_object_get(message, "seq")));
    assert_hex(t->place.transcript, TG_SHA256_LEN, message, "transcriptBefore");
    put_message(&text, t, json, sender);
    json = tg_buf_view(&text);
    if (is_v2) {
        assert_int_equal(tg_envelope2_seal(&box, key, &t->place, json, &rng), TG_OK);
        assert_int_equal(tg_envelope2_open(&plain, key, &t->place, &payload, NULL), TG_OK);
        assert_memory_equal(plain.ptr, json.ptr, json.len);
    } else {
        tg_buf_append(&plain, json);
        assert_int_equal(tg_envelope_seal(&box, &t->secret, tg_buf_view(&plain), &rng), TG_OK);
    }
    assert_view(tg_buf_view(&box), text_of(message, "data"));
    assert_int_equal(tg_envelope2_digest(digest, &payload), TG_OK);
    assert_int_equal(tg_envelope2_transcript_add(t->place.transcript, t->place.transcript, sender,
                                                 t->place.seq, digest),
                     TG_OK);
    assert_hex(t->place.transcript, TG_SHA256_LEN, message, "transcriptAfter");
    tg_buf_deinit(&text);
    tg_buf_deinit(&plain);
    tg_buf_deinit(&box);
}

/* spec-test: protocol/7#sas-commitment
   spec-test: protocol/7#sas-digits */
static void check_digits(const struct transfer *t, const json_t *vector)
{
    char digits[TG_SAS_DIGITS + 1];
    uint8_t commitment[TG_SHA256_LEN];
    const uint8_t *initiator = t->nonces[TG_ENVELOPE2_INITIATOR].bytes;

    assert_int_equal(tg_sas_commit(commitment, initiator), TG_OK);
    assert_memory_equal(commitment, t->commitment.bytes, TG_SHA256_LEN);
    assert_int_equal(tg_sas_digits(digits, initiator, t->place.transcript,
                                   t->nonces[TG_ENVELOPE2_RECIPIENT].bytes),
                     TG_OK);
    assert_string_equal(digits, text_of(vector, "digits"));
}

static void load_value(struct tg_envelope2_value *value, const json_t *vector, const char *name)
{
    hex_of(value->bytes, sizeof(value->bytes), vector, name);
    value->is_set = true;
}

static void load_nonces(struct transfer *t, const json_t *vector)
{
    load_value(&t->commitment, vector, "commitment");
    load_value(&t->nonces[TG_ENVELOPE2_INITIATOR], vector, "initiatorNonce");
    load_value(&t->nonces[TG_ENVELOPE2_RECIPIENT], vector, "recipientNonce");
}

static void load_public(struct transfer *t, const json_t *vector)
{
    hex_of(t->public_key[TG_ENVELOPE2_INITIATOR], TG_X25519_LEN, vector, "initiatorPublic");
    hex_of(t->public_key[TG_ENVELOPE2_RECIPIENT], TG_X25519_LEN, vector, "recipientPublic");
}

/* spec-test: protocol/7#envelope-v2-transcript
   spec-test: protocol/7#envelope-v2-keys
   spec-test: protocol/7#envelope-v2-additional-data */
static void whole_transfer__vectors_of_another_implementation__same_bytes(void **state)
{
    json_t *root = json_load_file(VECTORS, 0, NULL);
    const json_t *vector = NULL;
    size_t i = 0;

    (void)state;
    assert_non_null(root);
    assert_int_equal(json_array_size(json_object_get(root, "transfers")), 4);
    json_array_foreach(json_object_get(root, "transfers"), i, vector)
    {
        struct transfer t = { .secret = secret_of(vector, "secret"),
                              .names_roles = json_is_true(json_object_get(vector, "roles")) };
        const json_t *message = NULL;
        size_t k = 0;

        load_public(&t, vector);
        if (t.names_roles) {
            load_nonces(&t, vector);
        }
        assert_int_equal(tg_uuid_parse(&t.place.mailbox, tg_bytes_str(text_of(vector, "mailbox"))),
                         TG_OK);
        assert_int_equal(tg_envelope2_transcript_begin(t.place.transcript, &t.place.mailbox),
                         TG_OK);
        assert_hex(t.place.transcript, TG_SHA256_LEN, vector, "transcript0");
        json_array_foreach(json_object_get(vector, "messages"), k, message)
        {
            if (k == 2) {
                check_keys(&t, vector);
            }
            if (k == 2 && t.names_roles) {
                check_digits(&t, vector);
            }
            check_message(&t, message);
        }
        assert_int_equal(k, 5);
    }
    json_decref(root);
}

/* ---- the parts of the position -------------------------------------------------------------- */

static const struct tg_envelope2_place here = { .mailbox = { { 1, 2, 3 } },
                                                .sender = TG_ENVELOPE2_INITIATOR,
                                                .seq = 0x0102030405060708,
                                                .transcript = { 4, 5, 6 } };

static struct tg_secret key_of(size_t len, uint8_t first)
{
    struct tg_secret key = { .len = len, .bytes = { first, 2, 3 } };

    return key;
}

static enum tg_err open_at(const struct tg_secret *key, const struct tg_envelope2_place *place,
                           const struct tg_payload *payload)
{
    struct tg_buf plain;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&plain, ROOM);
    err = tg_envelope2_open(&plain, key, place, payload, NULL);
    assert_true(err == TG_OK || plain.len == 0);
    tg_buf_deinit(&plain);
    return err;
}

static void open__position_differs_in_any_bit__does_not_open(void **state)
{
    struct tg_secret key = key_of(16, 1);
    struct tg_payload payload = { .type = tg_envelope_type(&key) };
    struct tg_envelope2_place place = here;
    struct tg_buf box;

    (void)state;
    tg_buf_init(&box, ROOM);
    assert_int_equal(tg_envelope2_seal(&box, &key, &here, TG_LIT("{}"), &tg_rng_system), TG_OK);
    payload.data = tg_buf_view(&box);
    assert_int_equal(open_at(&key, &here, &payload), TG_OK);
    for (size_t i = 0; i < 64; i++) {
        place.seq = here.seq ^ (UINT64_C(1) << i);
        assert_int_equal(open_at(&key, &place, &payload), TG_E_CRYPTO);
    }
    place = here;
    place.sender = TG_ENVELOPE2_RECIPIENT;
    assert_int_equal(open_at(&key, &place, &payload), TG_E_CRYPTO);
    for (size_t i = 0; i < TG_SHA256_LEN * 8; i++) {
        place = here;
        place.transcript[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(open_at(&key, &place, &payload), TG_E_CRYPTO);
    }
    for (size_t i = 0; i < TG_UUID_LEN * 8; i++) {
        place = here;
        place.mailbox.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(open_at(&key, &place, &payload), TG_E_CRYPTO);
    }
    tg_buf_deinit(&box);
}

static void open__v1_as_v2_and_v2_as_v1__does_not_open(void **state)
{
    struct tg_secret key = key_of(32, 1);
    struct tg_payload payload = { .type = tg_envelope_type(&key) };
    struct tg_buf box;
    struct tg_buf plain;

    (void)state;
    tg_buf_init(&box, ROOM);
    tg_buf_init(&plain, ROOM);
    assert_int_equal(tg_envelope_seal(&box, &key, TG_LIT("{}"), &tg_rng_system), TG_OK);
    payload.data = tg_buf_view(&box);
    assert_int_equal(open_at(&key, &here, &payload), TG_E_CRYPTO);
    tg_buf_clear(&box);
    assert_int_equal(tg_envelope2_seal(&box, &key, &here, TG_LIT("{}"), &tg_rng_system), TG_OK);
    payload.data = tg_buf_view(&box);
    assert_int_equal(tg_envelope_open(&plain, &key, &payload, NULL), TG_E_CRYPTO);
    assert_int_equal(plain.len, 0);
    tg_buf_deinit(&plain);
    tg_buf_deinit(&box);
}

static void open__any_byte_changed_or_truncated__refused(void **state)
{
    struct tg_secret key = key_of(16, 1);
    struct tg_payload payload = { .type = tg_envelope_type(&key) };
    struct tg_buf box;

    (void)state;
    tg_buf_init(&box, ROOM);
    assert_int_equal(tg_envelope2_seal(&box, &key, &here, TG_LIT("{}"), &tg_rng_system), TG_OK);
    for (size_t i = 0; i < box.len; i++) {
        uint8_t kept = box.ptr[i];

        box.ptr[i] = kept == 'A' ? 'B' : 'A';
        payload.data = tg_buf_view(&box);
        assert_int_equal(open_at(&key, &here, &payload), TG_E_CRYPTO);
        box.ptr[i] = kept;
        payload.data = tg_bytes(box.ptr, i);
        assert_int_not_equal(open_at(&key, &here, &payload), TG_OK);
    }
    tg_buf_deinit(&box);
}

static void seal__largest_and_one_more__sealed_and_refused(void **state)
{
    static uint8_t json[TG_ENVELOPE_PLAIN_MAX + 1];
    struct tg_secret key = key_of(16, 1);
    struct tg_secret bad = key_of(24, 1);
    struct tg_buf box;

    (void)state;
    tg_buf_init(&box, ROOM);
    assert_int_equal(tg_envelope2_seal(&box, &key, &here, TG_ARRAY_BYTES(json), &tg_rng_system),
                     TG_E_LIMIT);
    assert_int_equal(tg_envelope2_seal(&box, &bad, &here, TG_LIT("{}"), &tg_rng_system),
                     TG_E_CRYPTO);
    assert_int_equal(box.len, 0);
    assert_int_equal(
        tg_envelope2_seal(&box, &key, &here, tg_bytes(json, TG_ENVELOPE_PLAIN_MAX), &tg_rng_system),
        TG_OK);
    tg_buf_deinit(&box);
}

static void derive__any_input_other__other_keys(void **state)
{
    struct tg_secret shared = key_of(32, 1);
    struct tg_secret secret = key_of(16, 1);
    uint8_t transcript[TG_SHA256_LEN] = { 1 };
    struct tg_envelope2_keys keys = { .to_recipient = { .len = 0 } };
    struct tg_envelope2_keys other = keys;

    (void)state;
    assert_int_equal(tg_envelope2_derive(&keys, &shared, &secret, transcript), TG_OK);
    assert_memory_not_equal(keys.to_recipient.bytes, keys.to_initiator.bytes, 16);
    for (int i = 0; i < 3; i++) {
        uint8_t *at[] = { shared.bytes, secret.bytes, transcript };

        at[i][0] ^= 0x80;
        assert_int_equal(tg_envelope2_derive(&other, &shared, &secret, transcript), TG_OK);
        assert_memory_not_equal(keys.to_recipient.bytes, other.to_recipient.bytes, 16);
        assert_memory_not_equal(keys.to_initiator.bytes, other.to_initiator.bytes, 16);
        at[i][0] ^= 0x80;
    }
    secret.len = 24;
    assert_int_equal(tg_envelope2_derive(&keys, &shared, &secret, transcript), TG_E_CRYPTO);
    secret.len = 16;
    shared.len = 31;
    assert_int_equal(tg_envelope2_derive(&keys, &shared, &secret, transcript), TG_E_CRYPTO);
    assert_int_equal(keys.to_recipient.len, 16);
    tg_envelope2_keys_wipe(&keys);
    assert_int_equal(keys.to_recipient.len + keys.to_initiator.len, 0);
}

static void transcript__any_input_other__another_hash(void **state)
{
    uint8_t start[TG_SHA256_LEN] = { 1 };
    uint8_t digest[TG_SHA256_LEN] = { 2 };
    uint8_t hash[5][TG_SHA256_LEN];
    struct tg_payload a = { TG_LIT("ab"), TG_LIT("c") };
    struct tg_payload b = { TG_LIT("a"), TG_LIT("bc") };

    (void)state;
    assert_int_equal(tg_envelope2_transcript_add(hash[0], start, TG_ENVELOPE2_INITIATOR, 1, digest),
                     TG_OK);
    assert_int_equal(tg_envelope2_transcript_add(hash[1], start, TG_ENVELOPE2_RECIPIENT, 1, digest),
                     TG_OK);
    assert_int_equal(tg_envelope2_transcript_add(hash[2], start, TG_ENVELOPE2_INITIATOR, 2, digest),
                     TG_OK);
    start[31] = 1;
    assert_int_equal(tg_envelope2_transcript_add(hash[3], start, TG_ENVELOPE2_INITIATOR, 1, digest),
                     TG_OK);
    start[31] = 0;
    digest[31] = 1;
    assert_int_equal(tg_envelope2_transcript_add(hash[4], start, TG_ENVELOPE2_INITIATOR, 1, digest),
                     TG_OK);
    for (size_t i = 0; i < TG_COUNT(hash); i++) {
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(hash[i], hash[k], TG_SHA256_LEN);
        }
    }
    assert_int_equal(tg_envelope2_digest(hash[0], &a), TG_OK);
    assert_int_equal(tg_envelope2_digest(hash[1], &b), TG_OK);
    assert_memory_not_equal(hash[0], hash[1], TG_SHA256_LEN);
}

/* ---- the member ----------------------------------------------------------------------------- */

#define KEY_TEXT "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" /* 9: the curve's base point */
#define ZERO_TEXT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* spec-test: protocol/7#envelope-v2-offer */
static void member__put_then_take__the_same_text_and_key(void **state)
{
    const struct tg_envelope2_member put = { .role = TG_ENVELOPE2_RECIPIENT,
                                             .public_key = { .is_set = true, .bytes = { 9 } } };
    struct tg_envelope2_member member = { .is_present = false };
    struct tg_buf with;
    struct tg_buf without;

    (void)state;
    tg_buf_init(&with, 1000);
    tg_buf_init(&without, 1000);
    tg_envelope2_member_put(&with, TG_LIT("{\"format\":\"x\", \"n\":1.0}"), &put);
    assert_view(tg_buf_view(&with),
                "{\"format\":\"x\", \"n\":1.0,\"tigressV2\":{\"publicKey\":\"" KEY_TEXT
                "\",\"role\":\"recipient\"}}");
    assert_int_equal(tg_envelope2_member_take(&without, &member, tg_buf_view(&with)), TG_OK);
    assert_view(tg_buf_view(&without), "{\"format\":\"x\", \"n\":1.0}");
    assert_true(member.is_present && member.wrong == NULL && member.public_key.is_set);
    assert_int_equal(member.role, TG_ENVELOPE2_RECIPIENT);
    assert_memory_equal(member.public_key.bytes, put.public_key.bytes, TG_X25519_LEN);
    tg_buf_deinit(&without);
    tg_buf_deinit(&with);
}

/* spec-test: protocol/7#envelope-v2-member-is-the-librarys */
static void member__every_shape__removed_and_distinguished(void **state)
{
    static const struct {
        const char *member;
        bool is_right;
        bool has_key;
    } cases[] = {
        { "{\"publicKey\":\"" KEY_TEXT "\"}", true, true },
        { "{\"later\":[1,2],\"publicKey\":\"" KEY_TEXT "\"}", true, true },
        { "{\"shares\":{\"MLKEM768\":\"AA\"},\"publicKey\":\"" KEY_TEXT "\"}", true, true },
        { "{\"publicKey\":\"" KEY_TEXT "\",\"role\":\"initiator\"}", true, true },
        { "{\"publicKey\":\"" KEY_TEXT "\",\"role\":null}", true, true },
        { "{\"publicKey\":\"" KEY_TEXT "\",\"nonce\":\"" ZERO_TEXT "\"}", true, true },
        { "{\"publicKey\":\"" KEY_TEXT "\",\"nonce\":\"AA\"}", false, true },
        { "{\"publicKey\":\"" KEY_TEXT "\",\"commitment\":1}", false, true },
        { "{\"publicKey\":\"" KEY_TEXT "\",\"reveal\":\"\"}", false, true },
        { "{\"publicKey\":\"" KEY_TEXT "\",\"pakeShare\":\"\"}", false, true },
        { "{\"publicKey\":\"" KEY_TEXT "\",\"pakeConfirm\":{}}", false, true },
        { "{\"publicKey\":\"" KEY_TEXT "\",\"role\":\"\"}", false, true },
        { "{\"publicKey\":\"" KEY_TEXT "\",\"role\":\"Initiator\"}", false, true },
        { "{\"publicKey\":\"" KEY_TEXT "\",\"role\":\"initiator of a transfer\"}", false, true },
        { "{\"publicKey\":\"" KEY_TEXT "\",\"role\":1}", false, true },
        { "{\"publicKey\":\"" KEY_TEXT "=\"}", false, false },
        { "{\"publicKey\":\"" KEY_TEXT "A\"}", false, false },
        { "{\"publicKey\":\"AQ\"}", false, false },
        { "{\"publicKey\":\"\"}", false, false },
        { "{\"publicKey\":\"" ZERO_TEXT "\"}", false, false },
        { "{\"publicKey\":7}", false, false },
        { "{\"publickey\":\"" KEY_TEXT "\"}", true, false },
        { "{}", true, false },
        { "[]", false, false },
        { "null", true, false },
        { "\"" KEY_TEXT "\"", false, false },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_envelope2_member member = { .is_present = false };
        struct tg_buf json;
        struct tg_buf out;

        tg_buf_init(&json, 1000);
        tg_buf_init(&out, 1000);
        tg_buf_append_str(&json, "{\"format\":\"x\",\"tigress\\u00562\":");
        tg_buf_append_str(&json, cases[i].member);
        tg_buf_append_str(&json, ",\"content\":{}}");
        assert_int_equal(tg_envelope2_member_take(&out, &member, tg_buf_view(&json)), TG_OK);
        /* A null is no member, but it is removed, too. spec-test: protocol/1#null-is-absent */
        assert_int_equal(member.is_present, strcmp(cases[i].member, "null") != 0);
        assert_int_equal(member.wrong == NULL, cases[i].is_right);
        assert_int_equal(member.public_key.is_set, cases[i].has_key);
        assert_view(tg_buf_view(&out), "{\"format\":\"x\",\"content\":{}}");
        tg_buf_deinit(&out);
        tg_buf_deinit(&json);
    }
}

/* spec-test: protocol/7#pake-offer */
static void member__exchange_of_a_pin__known_or_not(void **state)
{
    static const struct {
        const char *value;
        enum tg_envelope2_pake pake;
    } cases[] = {
        { "\"CPACE-RISTR255-SHA512\"", TG_PAKE_CPACE },
        { "null", TG_PAKE_NONE },
        { "\"cpace-ristr255-sha512\"", TG_PAKE_UNKNOWN },
        { "\"CPACE-RISTR255-SHA512 \"", TG_PAKE_UNKNOWN },
        { "\"\"", TG_PAKE_UNKNOWN },
        { "[\"CPACE-RISTR255-SHA512\"]", TG_PAKE_UNKNOWN },
        { "1", TG_PAKE_UNKNOWN },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_envelope2_member member = { .is_present = false };
        char json[200];
        struct tg_buf out;

        tg_buf_init(&out, 1000);
        (void)snprintf(json, sizeof(json), "{\"tigressV2\":{\"pake\":%s}}", cases[i].value);
        assert_int_equal(tg_envelope2_member_take(&out, &member, tg_bytes_str(json)), TG_OK);
        assert_int_equal(member.pake, cases[i].pake);
        assert_null(member.wrong);
        tg_buf_deinit(&out);
    }
}

static void member__put_with_a_share__taken(void **state)
{
    const struct tg_envelope2_member put = { .pake = TG_PAKE_CPACE,
                                             .pake_share = { .is_set = true, .bytes = { 9 } },
                                             .pake_confirm = { .is_set = true, .bytes = { 0 } } };
    struct tg_envelope2_member member = { .is_present = false };
    struct tg_buf with;
    struct tg_buf without;

    (void)state;
    tg_buf_init(&with, 1000);
    tg_buf_init(&without, 1000);
    tg_envelope2_member_put(&with, TG_LIT("{}"), &put);
    assert_view(tg_buf_view(&with),
                "{\"tigressV2\":{\"pakeShare\":\"" KEY_TEXT "\",\"pakeConfirm\":\"" ZERO_TEXT
                "\",\"pake\":\"CPACE-RISTR255-SHA512\"}}");
    assert_int_equal(tg_envelope2_member_take(&without, &member, tg_buf_view(&with)), TG_OK);
    assert_true(member.pake == TG_PAKE_CPACE && member.pake_share.is_set &&
                member.pake_confirm.is_set);
    assert_memory_equal(member.pake_share.bytes, put.pake_share.bytes, TG_X25519_LEN);
    tg_buf_deinit(&without);
    tg_buf_deinit(&with);
}

static void member__absent_or_not_json__unchanged_or_refused(void **state)
{
    static const char *const bad[] = { "", "[]", "{", "{\"a\":1,\"a\":2}", "{} x" };
    struct tg_envelope2_member member = { .is_present = true };
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 1000);
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        assert_int_equal(tg_envelope2_member_take(&out, &member, tg_bytes_str(bad[i])),
                         TG_E_SYNTAX);
        assert_int_equal(out.len, 0);
        assert_true(member.is_present);
    }
    assert_int_equal(tg_envelope2_member_take(&out, &member, TG_LIT("{\"a\":{\"tigressV2\":1}} ")),
                     TG_OK);
    assert_view(tg_buf_view(&out), "{\"a\":{\"tigressV2\":1}} ");
    assert_false(member.is_present || member.public_key.is_set || member.wrong != NULL);
    tg_buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_transfer__vectors_of_another_implementation__same_bytes),
        cmocka_unit_test(open__position_differs_in_any_bit__does_not_open),
        cmocka_unit_test(open__v1_as_v2_and_v2_as_v1__does_not_open),
        cmocka_unit_test(open__any_byte_changed_or_truncated__refused),
        cmocka_unit_test(seal__largest_and_one_more__sealed_and_refused),
        cmocka_unit_test(derive__any_input_other__other_keys),
        cmocka_unit_test(transcript__any_input_other__another_hash),
        cmocka_unit_test(member__put_then_take__the_same_text_and_key),
        cmocka_unit_test(member__every_shape__removed_and_distinguished),
        cmocka_unit_test(member__exchange_of_a_pin__known_or_not),
        cmocka_unit_test(member__put_with_a_share__taken),
        cmocka_unit_test(member__absent_or_not_json__unchanged_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
