/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/hex.h"
#include "crypto/digest.h"
#include "wire/webpush.h"

#include <jansson.h>

#define VECTORS_8188 TG_TEST_DATA "/webpush/rfc8188.json"
#define VECTORS_8291 TG_TEST_DATA "/webpush/rfc8291_appendix_a.json"
#define ROOM 5000u

/* ---- reading the vectors -------------------------------------------------------------------- */

struct hex {
    uint8_t bytes[256];
    size_t len;
};

static struct hex hex_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    struct hex raw = { .len = 0 };

    assert_non_null(text);
    raw.len = strlen(text) / 2;
    assert_true(raw.len <= sizeof(raw.bytes));
    assert_int_equal(tg_hex_decode(raw.bytes, raw.len, tg_bytes_str(text)), TG_OK);
    return raw;
}

static struct tg_bytes view(const struct hex *raw)
{
    return tg_bytes(raw->bytes, raw->len);
}

static struct tg_secret secret_of(const json_t *object, const char *name)
{
    struct hex raw = hex_of(object, name);
    struct tg_secret secret = { .len = 0 };

    assert_int_equal(tg_secret_set(&secret, view(&raw)), TG_OK);
    return secret;
}

static void assert_hex(struct tg_bytes seen, const json_t *object, const char *name)
{
    struct hex expected = hex_of(object, name);

    assert_int_equal(seen.len, expected.len);
    assert_memory_equal(seen.ptr, expected.bytes, expected.len);
}

/* The extract step of RFC 5869, which crypto/hkdf.h does not offer alone. */
static void assert_extract(struct tg_bytes salt, struct tg_bytes ikm, const json_t *object,
                           const char *name)
{
    uint8_t prk[TG_SHA256_LEN] = { 0 };

    assert_int_equal(tg_hmac_sha256(prk, salt, &ikm, 1), TG_OK);
    assert_hex(TG_ARRAY_BYTES(prk), object, name);
}

/* ---- RFC 8188 ------------------------------------------------------------------------------- */

static json_t *example_8188(json_t *root, size_t index)
{
    json_t *example = json_array_get(json_object_get(root, "examples"), index);

    assert_non_null(example);
    return example;
}

static void coding__example_of_one_record__every_value_and_byte(void **state)
{
    json_t *root = json_load_file(VECTORS_8188, 0, NULL);
    const json_t *example = example_8188(root, 0);
    struct hex ikm = hex_of(example, "ikm_hex");
    struct hex salt = hex_of(example, "salt_hex");
    struct hex plain = hex_of(example, "plaintext_hex");
    struct tg_coding_keys keys = { .key = { .len = 0 } };
    struct tg_coding_body parts;
    struct tg_buf body;
    struct tg_buf again;

    (void)state;
    tg_buf_init(&body, ROOM);
    tg_buf_init(&again, ROOM);
    assert_extract(view(&salt), view(&ikm), example, "prk_hex");
    assert_int_equal(tg_coding_derive(&keys, view(&ikm), view(&salt)), TG_OK);
    assert_hex(tg_secret_view(&keys.key), example, "cek_hex");
    assert_hex(tg_secret_view(&keys.nonce), example, "nonce_hex");
    assert_int_equal(
        tg_coding_encode(&body, view(&ikm), view(&salt), 4096, tg_bytes(NULL, 0), view(&plain), 0),
        TG_OK);
    assert_hex(tg_buf_view(&body), example, "body_hex");
    assert_int_equal(tg_coding_parse(&parts, tg_buf_view(&body)), TG_OK);
    assert_int_equal(parts.record_size, 4096);
    assert_int_equal(parts.key_id.len, 0);
    assert_int_equal(tg_coding_open(&again, view(&ikm), &parts), TG_OK);
    assert_hex(tg_buf_view(&again), example, "plaintext_hex");
    tg_buf_deinit(&again);
    tg_buf_deinit(&body);
    json_decref(root);
}

/* Keys and records match the example, but a body of two records is refused (RFC 8291 section 4). */
static void coding__example_of_two_records__values_match_and_body_refused(void **state)
{
    json_t *root = json_load_file(VECTORS_8188, 0, NULL);
    const json_t *example = example_8188(root, 1);
    struct hex ikm = hex_of(example, "ikm_hex");
    struct hex salt = hex_of(example, "salt_hex");
    struct hex body = hex_of(example, "body_hex");
    struct tg_coding_keys keys = { .key = { .len = 0 } };
    struct tg_coding_body parts = { .record_size = 7 };
    struct tg_bytes first = tg_bytes_first(tg_bytes_from(view(&body), 23), 25);
    struct tg_bytes second = tg_bytes_from(view(&body), 48);
    struct tg_buf plain;

    (void)state;
    tg_buf_init(&plain, ROOM);
    assert_extract(view(&salt), view(&ikm), example, "prk_hex");
    assert_int_equal(tg_coding_derive(&keys, view(&ikm), view(&salt)), TG_OK);
    assert_hex(tg_secret_view(&keys.key), example, "cek_hex");
    assert_hex(tg_secret_view(&keys.nonce), example, "nonce_base_hex");
    assert_int_equal(tg_coding_parse(&parts, view(&body)), TG_E_SYNTAX);
    assert_int_equal(parts.record_size, 7);
    assert_int_equal(
        tg_aead_open(&plain, &keys.key, tg_secret_view(&keys.nonce), tg_bytes(NULL, 0), first),
        TG_OK);
    keys.nonce.bytes[11] ^= 1;
    assert_int_equal(
        tg_aead_open(&plain, &keys.key, tg_secret_view(&keys.nonce), tg_bytes(NULL, 0), second),
        TG_OK);
    assert_memory_equal(plain.ptr,
                        "I am th\x01\x00"
                        "e walrus\x02",
                        plain.len);
    /* The delimiter of the first record announces another one. */
    assert_int_equal(tg_coding_parse(&parts, tg_bytes_first(view(&body), 48)), TG_OK);
    assert_view(parts.key_id, "a1");
    tg_buf_clear(&plain);
    assert_int_equal(tg_coding_open(&plain, view(&ikm), &parts), TG_E_SYNTAX);
    assert_int_equal(plain.len, 0);
    tg_buf_deinit(&plain);
    json_decref(root);
}

#define IKM TG_LIT("0123456789abcdef")
#define SALT TG_LIT("fedcba9876543210")

/* A body whose record holds exactly these bytes, delimiter and padding included. */
static void put_raw(struct tg_buf *out, struct tg_bytes record, uint32_t record_size)
{
    struct tg_coding_keys keys = { .key = { .len = 0 } };

    assert_int_equal(tg_coding_derive(&keys, IKM, SALT), TG_OK);
    tg_buf_append(out, SALT);
    tg_buf_append_u32(out, record_size);
    tg_buf_append_u8(out, 0);
    assert_int_equal(
        tg_aead_seal(out, &keys.key, tg_secret_view(&keys.nonce), tg_bytes(NULL, 0), record),
        TG_OK);
}

static void coding__delimiter_and_padding__only_of_a_last_record(void **state)
{
    const struct {
        struct tg_bytes record;
        enum tg_err err;
        const char *plain;
    } rows[] = {
        { TG_LIT("hello\x02"), TG_OK, "hello" },
        { TG_LIT("\x02"), TG_OK, "" },
        { TG_LIT("hello\x02\x02"), TG_OK, "hello\x02" },
        { TG_LIT("hello\x02\0\0\0"), TG_OK, "hello" },
        { TG_LIT("hello\x01"), TG_E_SYNTAX, "" },
        { TG_LIT("hello\x01\0\0"), TG_E_SYNTAX, "" },
        { TG_LIT("hello\x03"), TG_E_SYNTAX, "" },
        { TG_LIT("hello"), TG_E_SYNTAX, "" },
        { TG_LIT("\0\0\0\0"), TG_E_SYNTAX, "" },
        { TG_LIT("\0"), TG_E_SYNTAX, "" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tg_coding_body parts;
        struct tg_buf body;
        struct tg_buf plain;

        tg_buf_init(&body, ROOM);
        tg_buf_init(&plain, ROOM);
        tg_buf_append_u8(&plain, 'x');
        put_raw(&body, rows[i].record, 100);
        assert_int_equal(tg_coding_parse(&parts, tg_buf_view(&body)), TG_OK);
        assert_int_equal(tg_coding_open(&plain, IKM, &parts), rows[i].err);
        assert_view(tg_bytes_from(tg_buf_view(&plain), 1), rows[i].plain);
        tg_buf_deinit(&plain);
        tg_buf_deinit(&body);
    }
}

static void coding_parse__record_size__at_least_18_and_the_record(void **state)
{
    static const struct {
        uint32_t record_size;
        enum tg_err err;
    } rows[] = {
        { 0, TG_E_SYNTAX },  { 17, TG_E_SYNTAX }, { 18, TG_E_SYNTAX },
        { 21, TG_E_SYNTAX }, { 22, TG_OK },       { UINT32_MAX, TG_OK },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tg_coding_body parts = { .record_size = 7 };
        struct tg_buf body;

        tg_buf_init(&body, ROOM);
        put_raw(&body, TG_LIT("hello\x02"), rows[i].record_size); /* a record of 22 bytes */
        assert_int_equal(tg_coding_parse(&parts, tg_buf_view(&body)), rows[i].err);
        assert_int_equal(parts.record_size, rows[i].err == TG_OK ? rows[i].record_size : 7);
        tg_buf_deinit(&body);
    }
    for (size_t i = 0; i < 2; i++) { /* the minimum */
        struct tg_coding_body parts;
        struct tg_buf body;

        tg_buf_init(&body, ROOM);
        put_raw(&body, i == 0 ? TG_LIT("\x02") : TG_LIT("x\x02"), 18 - (uint32_t)(1 - i));
        assert_int_equal(tg_coding_parse(&parts, tg_buf_view(&body)), i == 0 ? TG_E_SYNTAX : TG_OK);
        tg_buf_deinit(&body);
    }
}

static void coding_encode__at_its_limits__accepted(void **state)
{
    static uint8_t bytes[300];
    static const struct {
        size_t plain_len, pad_len, key_id_len;
        uint32_t record_size;
        enum tg_err err;
    } rows[] = {
        { 1, 0, 0, 18, TG_OK },
        { 2, 0, 0, 18, TG_E_LIMIT },
        { 0, 1, 0, 18, TG_OK },
        { 1, 1, 0, 18, TG_E_LIMIT },
        { 0, 0, 0, 17, TG_E_LIMIT },
        { 0, SIZE_MAX, 0, 4096, TG_E_LIMIT },
        { 1, SIZE_MAX, 0, 4096, TG_E_LIMIT },
        { 83, 0, 255, 100, TG_OK },
        { 84, 0, 255, 100, TG_E_LIMIT },
        { 1, 0, 256, 100, TG_E_LIMIT },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tg_coding_body parts;
        struct tg_buf body;

        tg_buf_init(&body, ROOM);
        tg_buf_append_u8(&body, 'x');
        assert_int_equal(tg_coding_encode(&body, IKM, SALT, rows[i].record_size,
                                          tg_bytes(bytes, rows[i].key_id_len),
                                          tg_bytes(bytes, rows[i].plain_len), rows[i].pad_len),
                         rows[i].err);
        if (rows[i].err == TG_OK) {
            assert_int_equal(tg_coding_parse(&parts, tg_bytes_from(tg_buf_view(&body), 1)), TG_OK);
            assert_int_equal(parts.key_id.len, rows[i].key_id_len);
        } else {
            assert_int_equal(body.len, 1);
        }
        tg_buf_deinit(&body);
    }
}

/* ---- RFC 8291 ------------------------------------------------------------------------------- */

struct fixture {
    json_t *root;
    struct tg_webpush_receiver receiver;
    struct tg_secret private_key;
    struct tg_webpush_once once;
    struct hex plain, body;
};

static int set_up(void **state)
{
    static struct fixture f;
    struct hex raw;

    f = (struct fixture){ .root = json_load_file(VECTORS_8291, 0, NULL) };
    assert_non_null(f.root);
    raw = hex_of(f.root, "ua_public_hex");
    memcpy(f.receiver.public_key, raw.bytes, TG_P256_PUBLIC_LEN);
    f.receiver.auth = secret_of(f.root, "auth_secret_hex");
    f.private_key = secret_of(f.root, "ua_private_hex");
    raw = hex_of(f.root, "salt_hex");
    memcpy(f.once.salt, raw.bytes, TG_CODING_SALT_LEN);
    f.once.private_key = secret_of(f.root, "as_private_hex");
    f.plain = hex_of(f.root, "plaintext_hex");
    f.body = hex_of(f.root, "body_hex");
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    json_decref(f->root);
    return 0;
}

static void webpush__example_of_the_rfc__every_intermediate_value(void **state)
{
    const struct fixture *f = *state;
    struct tg_secret shared = { .len = 0 };
    struct tg_secret ikm = { .len = 0 };
    struct tg_coding_keys keys = { .key = { .len = 0 } };
    uint8_t sender[TG_P256_PUBLIC_LEN] = { 0 };

    assert_int_equal(tg_p256_public(sender, &f->once.private_key), TG_OK);
    assert_hex(TG_ARRAY_BYTES(sender), f->root, "as_public_hex");
    assert_int_equal(
        tg_p256_shared(&shared, &f->once.private_key, TG_ARRAY_BYTES(f->receiver.public_key)),
        TG_OK);
    assert_hex(tg_secret_view(&shared), f->root, "ecdh_secret_hex");
    assert_extract(tg_secret_view(&f->receiver.auth), tg_secret_view(&shared), f->root,
                   "PRK_key_hex");
    assert_int_equal(tg_webpush_ikm(&ikm, &shared, &f->receiver, sender), TG_OK);
    assert_hex(tg_secret_view(&ikm), f->root, "IKM_hex");
    assert_extract(TG_ARRAY_BYTES(f->once.salt), tg_secret_view(&ikm), f->root, "PRK_hex");
    assert_int_equal(tg_coding_derive(&keys, tg_secret_view(&ikm), TG_ARRAY_BYTES(f->once.salt)),
                     TG_OK);
    assert_hex(tg_secret_view(&keys.key), f->root, "CEK_hex");
    assert_hex(tg_secret_view(&keys.nonce), f->root, "NONCE_hex");
}

static void webpush_seal__example_of_the_rfc__byte_for_byte(void **state)
{
    const struct fixture *f = *state;
    struct tg_buf out;

    tg_buf_init(&out, ROOM);
    assert_int_equal(tg_webpush_seal(&out, &f->receiver, &f->once, view(&f->plain), f->plain.len),
                     TG_OK);
    assert_hex(tg_buf_view(&out), f->root, "body_hex");
    assert_hex(tg_bytes_first(tg_buf_view(&out), TG_WEBPUSH_HEADER_LEN), f->root, "header_hex");
    assert_hex(tg_bytes_from(tg_buf_view(&out), TG_WEBPUSH_HEADER_LEN), f->root, "ciphertext_hex");
    tg_buf_deinit(&out);
}

static enum tg_err open_with(const struct fixture *f, struct tg_buf *out, struct tg_bytes body)
{
    return tg_webpush_open(out, &f->receiver, &f->private_key, body);
}

static void webpush_open__example_of_the_rfc__its_text(void **state)
{
    const struct fixture *f = *state;
    struct tg_buf out;

    tg_buf_init(&out, ROOM);
    assert_int_equal(open_with(f, &out, view(&f->body)), TG_OK);
    assert_hex(tg_buf_view(&out), f->root, "plaintext_hex");
    assert_view(tg_buf_view(&out), "When I grow up, I want to be a watermelon");
    tg_buf_deinit(&out);
}

static void webpush_open__any_byte_changed__refused(void **state)
{
    const struct fixture *f = *state;

    for (size_t i = 0; i < f->body.len; i++) {
        struct hex changed = f->body;
        struct tg_buf out;

        tg_buf_init(&out, ROOM);
        changed.bytes[i] ^= 1;
        if (i >= 16 && i < 20) {
            /* The record size only limits the record; no key depends on it. */
            assert_int_equal(open_with(f, &out, view(&changed)), TG_OK);
        } else {
            enum tg_err err = open_with(f, &out, view(&changed));

            assert_true(err == TG_E_CRYPTO || err == TG_E_SYNTAX);
            assert_int_equal(out.len, 0);
        }
        tg_buf_deinit(&out);
    }
}

static void webpush_open__truncated_or_longer__refused(void **state)
{
    const struct fixture *f = *state;

    for (size_t len = 0; len <= f->body.len + 1; len++) {
        struct tg_buf cut = exact(f->body.bytes, len);
        struct tg_buf out;

        tg_buf_init(&out, ROOM);
        if (len != f->body.len) {
            assert_int_not_equal(open_with(f, &out, tg_buf_view(&cut)), TG_OK);
            assert_int_equal(out.len, 0);
        }
        tg_buf_deinit(&out);
        tg_buf_deinit(&cut);
    }
}

static void webpush_open__key_id_of_another_length__refused(void **state)
{
    static const uint8_t lengths[] = { 0, 64, 66, 33, 255 };
    const struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(lengths); i++) {
        struct hex changed = f->body;
        struct tg_buf out;

        tg_buf_init(&out, ROOM);
        changed.bytes[20] = lengths[i];
        assert_int_equal(open_with(f, &out, view(&changed)), TG_E_SYNTAX);
        tg_buf_deinit(&out);
    }
}

static void webpush_open__another_key_or_auth__refused(void **state)
{
    const struct fixture *f = *state;
    struct fixture other = *f;
    struct tg_buf out;

    tg_buf_init(&out, ROOM);
    other.private_key.bytes[31] ^= 1;
    assert_int_equal(open_with(&other, &out, view(&f->body)), TG_E_CRYPTO);
    other = *f;
    other.receiver.auth.bytes[0] ^= 1;
    assert_int_equal(open_with(&other, &out, view(&f->body)), TG_E_CRYPTO);
    other = *f;
    other.receiver.auth.len--;
    assert_int_equal(open_with(&other, &out, view(&f->body)), TG_E_CRYPTO);
    other = *f;
    other.receiver.public_key[64] ^= 1;
    assert_int_equal(open_with(&other, &out, view(&f->body)), TG_E_CRYPTO);
    assert_int_equal(out.len, 0);
    tg_buf_deinit(&out);
}

static void webpush_seal__padded__has_the_length_and_opens_without_padding(void **state)
{
    static const size_t lengths[] = { 5, 6, 64, TG_WEBPUSH_PLAIN_MAX };
    const struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(lengths); i++) {
        struct tg_buf body;
        struct tg_buf out;

        tg_buf_init(&body, TG_WEBPUSH_BODY_MAX);
        tg_buf_init(&out, ROOM);
        assert_int_equal(
            tg_webpush_seal(&body, &f->receiver, &f->once, TG_LIT("hello"), lengths[i]), TG_OK);
        assert_int_equal(body.len, TG_WEBPUSH_HEADER_LEN + lengths[i] + 1 + TG_AEAD_TAG_LEN);
        assert_int_equal(open_with(f, &out, tg_buf_view(&body)), TG_OK);
        assert_view(tg_buf_view(&out), "hello");
        tg_buf_deinit(&out);
        tg_buf_deinit(&body);
    }
}

static void webpush__over_a_limit_or_invalid_key__refused_and_nothing_appended(void **state)
{
    static uint8_t long_body[TG_WEBPUSH_BODY_MAX + 1];
    const struct fixture *f = *state;
    struct fixture other = *f;
    struct tg_buf out;

    tg_buf_init(&out, ROOM);
    assert_int_equal(tg_webpush_seal(&out, &f->receiver, &f->once, TG_LIT("hello"), 4), TG_E_LIMIT);
    assert_int_equal(
        tg_webpush_seal(&out, &f->receiver, &f->once, TG_LIT("hello"), TG_WEBPUSH_PLAIN_MAX + 1),
        TG_E_LIMIT);
    other.receiver.public_key[64] ^= 1;
    assert_int_equal(tg_webpush_seal(&out, &other.receiver, &f->once, TG_LIT("x"), 1), TG_E_SYNTAX);
    other = *f;
    other.once.private_key.len = 0;
    assert_int_equal(tg_webpush_seal(&out, &f->receiver, &other.once, TG_LIT("x"), 1), TG_E_CRYPTO);
    assert_int_equal(open_with(f, &out, TG_ARRAY_BYTES(long_body)), TG_E_LIMIT);
    assert_int_equal(out.len, 0);
    assert_int_equal(tg_buf_status(&out), TG_OK);
    tg_buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coding__example_of_one_record__every_value_and_byte),
        cmocka_unit_test(coding__example_of_two_records__values_match_and_body_refused),
        cmocka_unit_test(coding__delimiter_and_padding__only_of_a_last_record),
        cmocka_unit_test(coding_parse__record_size__at_least_18_and_the_record),
        cmocka_unit_test(coding_encode__at_its_limits__accepted),
        cmocka_unit_test(webpush__example_of_the_rfc__every_intermediate_value),
        cmocka_unit_test(webpush_seal__example_of_the_rfc__byte_for_byte),
        cmocka_unit_test(webpush_open__example_of_the_rfc__its_text),
        cmocka_unit_test(webpush_open__any_byte_changed__refused),
        cmocka_unit_test(webpush_open__truncated_or_longer__refused),
        cmocka_unit_test(webpush_open__key_id_of_another_length__refused),
        cmocka_unit_test(webpush_open__another_key_or_auth__refused),
        cmocka_unit_test(webpush_seal__padded__has_the_length_and_opens_without_padding),
        cmocka_unit_test(webpush__over_a_limit_or_invalid_key__refused_and_nothing_appended),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
