/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the tests of privacypass/: the vectors of RFC 9578, and files of issuers. */
#ifndef TG_TESTS_UNIT_PRIVACYPASS_VECTORS_H
#define TG_TESTS_UNIT_PRIVACYPASS_VECTORS_H

#include "support/c/unit.h"

#include "base/b64.h"
#include "base/hex.h"
#include "privacypass/token.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define VECTORS TG_TEST_DATA "/privacypass/rfc9578_blind_rsa.json"
#define TEXT_MAX 65536u
#define FOREVER ",\"not-after\":253402300799"

/* The parts of a TokenChallenge of a vector, read without the code under test. */
struct vector {
    uint8_t spki[1024], challenge[512], token[TG_PRIVATE_TOKEN_LEN];
    size_t spki_len, challenge_len;
    struct tg_bytes issuer, context, origin;
};

static inline size_t unhex(uint8_t *out, size_t cap, const json_t *vector, const char *name)
{
    const char *text = json_string_value(json_object_get(vector, name));
    size_t len = strlen(text) / 2;

    assert_true(len <= cap);
    assert_int_equal(tg_hex_decode(out, len, tg_bytes_str(text)), TG_OK);
    return len;
}

static inline void take_apart(struct vector *v)
{
    const uint8_t *at = v->challenge;
    size_t len = (size_t)at[2] << 8 | at[3];

    v->issuer = tg_bytes(at + 4, len);
    at += 4 + len;
    v->context = tg_bytes(at + 1, at[0]);
    at += 1 + at[0];
    v->origin = tg_bytes(at + 2, (size_t)at[0] << 8 | at[1]);
    assert_ptr_equal(v->origin.ptr + v->origin.len, v->challenge + v->challenge_len);
}

static inline void load(struct vector *v, size_t index)
{
    json_t *top = json_load_file(VECTORS, 0, NULL);
    const json_t *vector = json_array_get(json_object_get(top, "vectors"), index);

    assert_non_null(vector);
    v->spki_len = unhex(v->spki, sizeof(v->spki), vector, "pkS");
    v->challenge_len = unhex(v->challenge, sizeof(v->challenge), vector, "token_challenge");
    assert_int_equal(unhex(v->token, sizeof(v->token), vector, "token"), TG_PRIVATE_TOKEN_LEN);
    take_apart(v);
    json_decref(top);
}

/* {"issuers":[{"name":NAME,"keys":[{"token-key":SPKI TIMES}]}]} */
static inline void put_file(struct tg_buf *out, const struct vector *v, const char *times)
{
    tg_buf_append_str(out, "{\"issuers\":[{\"name\":\"");
    tg_buf_append(out, v->issuer);
    tg_buf_append_str(out, "\",\"keys\":[{\"token-key\":\"");
    tg_b64_encode(out, tg_bytes(v->spki, v->spki_len), TG_B64_URL);
    tg_buf_append_str(out, "\"");
    tg_buf_append_str(out, times);
    tg_buf_append_str(out, "}]}]}");
}

#endif
