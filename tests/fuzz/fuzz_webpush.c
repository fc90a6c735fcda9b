/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any body of a Web Push message opens or is refused, and a sealed message opens again. The first
 * byte selects whether the rest is the body, or the plaintext of a record that verifies, so that
 * the code for delimiter and padding runs too.
 */
#include "base/reader.h"
#include "wire/webpush.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define IKM TG_LIT("0123456789abcdef")
#define SALT TG_LIT("fedcba9876543210")

static void check_parse(struct tg_bytes text)
{
    struct tg_coding_body body;
    struct tg_buf plain;

    tg_buf_init(&plain, 1u << 20);
    if (tg_coding_parse(&body, text) == TG_OK) {
        assert(body.salt.len == TG_CODING_SALT_LEN);
        assert(body.record_size >= TG_CODING_RECORD_SIZE_MIN);
        assert(body.record.len <= body.record_size);
        assert(tg_coding_open(&plain, IKM, &body) != TG_OK && plain.len == 0);
    }
    tg_buf_deinit(&plain);
}

static void check_record(struct tg_bytes record)
{
    struct tg_coding_keys keys = { .key = { .len = 0 } };
    struct tg_coding_body body;
    struct tg_buf text;
    struct tg_buf plain;

    tg_buf_init(&text, 1u << 20);
    tg_buf_init(&plain, 1u << 20);
    assert(tg_coding_derive(&keys, IKM, SALT) == TG_OK);
    tg_buf_append(&text, SALT);
    tg_buf_append_u32(&text, 1u << 20);
    tg_buf_append_u8(&text, 0);
    assert(tg_aead_seal(&text, &keys.key, tg_secret_view(&keys.nonce), tg_bytes(NULL, 0), record) ==
           TG_OK);
    if (tg_coding_parse(&body, tg_buf_view(&text)) == TG_OK &&
        tg_coding_open(&plain, IKM, &body) == TG_OK) {
        assert(plain.len < record.len && record.ptr[plain.len] == 2);
    }
    tg_buf_deinit(&plain);
    tg_buf_deinit(&text);
}

static void check_message(struct tg_bytes plain)
{
    struct tg_webpush_once once = { .private_key = { .bytes = { 1 }, .len = 32 } };
    struct tg_webpush_receiver receiver = { .auth = { .len = TG_WEBPUSH_AUTH_LEN } };
    struct tg_secret private_key = { .bytes = { 2 }, .len = 32 };
    struct tg_buf body;
    struct tg_buf out;

    tg_buf_init(&body, TG_WEBPUSH_BODY_MAX);
    tg_buf_init(&out, TG_WEBPUSH_BODY_MAX);
    assert(tg_p256_public(receiver.public_key, &private_key) == TG_OK);
    assert(tg_webpush_open(&out, &receiver, &private_key, plain) != TG_OK && out.len == 0);
    if (tg_webpush_seal(&body, &receiver, &once, plain, TG_WEBPUSH_PLAIN_MAX) == TG_OK) {
        assert(body.len == TG_WEBPUSH_BODY_MAX);
        assert(tg_webpush_open(&out, &receiver, &private_key, tg_buf_view(&body)) == TG_OK);
        assert(tg_bytes_is_equal(tg_buf_view(&out), plain));
    } else {
        assert(plain.len > TG_WEBPUSH_PLAIN_MAX);
    }
    tg_buf_deinit(&out);
    tg_buf_deinit(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tg_reader r = tg_reader_init(tg_bytes(data, len));
    uint8_t what = tg_reader_u8(&r);

    if (what % 4 == 0) {
        check_message(r.rest); /* takes long */
    } else if (what % 4 == 1) {
        check_record(r.rest);
    } else {
        check_parse(r.rest);
    }
    return 0;
}
