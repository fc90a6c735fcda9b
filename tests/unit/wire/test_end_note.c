/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/b64.h"
#include "base/hex.h"
#include "wire/end_note.h"

#include <jansson.h>

#define VECTORS TG_TEST_DATA "/end_note/vectors.json"

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

static uint64_t number_of(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

/* A random source that gives the vector's IV. */
static enum tg_err iv_fill(void *ctx, uint8_t *out, size_t len)
{
    memcpy(out, ctx, len);
    return TG_OK;
}

static enum tg_err no_fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    (void)out;
    (void)len;
    return TG_E_CRYPTO;
}

struct vector {
    struct tg_secret base;
    struct tg_uuid mailbox;
    enum tg_envelope2_role maker;
    struct tg_end_note note;
    uint8_t iv[TG_AEAD_NONCE_LEN];
    const char *text;
};

static void read_vector(struct vector *v, const json_t *from)
{
    *v = (struct vector){ .base = { .len = strlen(text_of(from, "baseKey")) / 2 },
                          .maker = (enum tg_envelope2_role)number_of(from, "maker"),
                          .text = text_of(from, "note") };
    hex_of(v->base.bytes, v->base.len, from, "baseKey");
    hex_of(v->iv, sizeof(v->iv), from, "iv");
    hex_of(v->note.transcript, TG_SHA256_LEN, from, "transcript");
    v->note.end = (enum tg_end_note_end)number_of(from, "end");
    v->note.sent = number_of(from, "sent");
    v->note.received = number_of(from, "received");
    assert_int_equal(tg_uuid_parse(&v->mailbox, tg_bytes_str(text_of(from, "mailbox"))), TG_OK);
}

static json_t *load(void)
{
    json_t *doc = json_load_file(VECTORS, 0, NULL);

    assert_non_null(doc);
    assert_true(json_array_size(json_object_get(doc, "notes")) >= 18);
    return doc;
}

static void assert_refused(const struct vector *v, struct tg_bytes text, enum tg_err err)
{
    struct tg_end_note note = { .sent = 77 };

    assert_int_equal(tg_end_note_open(&note, &v->base, &v->mailbox, v->maker, text), err);
    assert_int_equal(note.sent, 77);
}

/* spec-test: protocol/7#end-note-sealed
   spec-test: protocol/7#end-note-sealed */
static void note__of_another_implementation__same_bytes_and_opens(void **state)
{
    json_t *doc = load();
    const json_t *row = NULL;
    size_t i = 0;

    (void)state;
    json_array_foreach(json_object_get(doc, "notes"), i, row)
    {
        struct tg_end_note note = { .sent = 99 };
        struct vector v;
        struct tg_rng rng = { .fill = iv_fill, .ctx = v.iv };
        struct tg_buf out;

        read_vector(&v, row);
        tg_buf_init(&out, TG_END_NOTE_TEXT_LEN);
        assert_int_equal(tg_end_note_seal(&out, &v.base, &v.mailbox, v.maker, &v.note, &rng),
                         TG_OK);
        assert_view(tg_buf_view(&out), v.text);
        assert_int_equal(out.len, TG_END_NOTE_TEXT_LEN);
        assert_int_equal(tg_end_note_open(&note, &v.base, &v.mailbox, v.maker, tg_buf_view(&out)),
                         TG_OK);
        assert_int_equal(note.end, v.note.end);
        assert_int_equal(note.sent, v.note.sent);
        assert_int_equal(note.received, v.note.received);
        assert_memory_equal(note.transcript, v.note.transcript, TG_SHA256_LEN);
        tg_buf_deinit(&out);
    }
    json_decref(doc);
}

/* spec-test: protocol/7#end-note-checked */
static void note__for_another_place__does_not_open(void **state)
{
    json_t *doc = load();
    struct vector v;
    struct tg_bytes text = { NULL, 0 };

    (void)state;
    read_vector(&v, json_array_get(json_object_get(doc, "notes"), 0));
    text = tg_bytes_str(v.text);
    v.maker = TG_ENVELOPE2_INITIATOR;
    assert_refused(&v, text, TG_E_CRYPTO);
    v.maker = TG_ENVELOPE2_RECIPIENT;
    v.mailbox.bytes[15] ^= 1;
    assert_refused(&v, text, TG_E_CRYPTO);
    v.mailbox.bytes[15] ^= 1;
    v.base.bytes[0] ^= 1;
    assert_refused(&v, text, TG_E_CRYPTO);
    v.base.bytes[0] ^= 1;
    v.base.len = 32;
    assert_refused(&v, text, TG_E_CRYPTO);
    v.base.len = 0;
    assert_refused(&v, text, TG_E_CRYPTO);
    json_decref(doc);
}

static void note__of_any_other_length_or_bytes__refused(void **state)
{
    json_t *doc = load();
    char text[TG_END_NOTE_TEXT_LEN + 8];
    uint8_t raw[TG_END_NOTE_LEN];
    struct tg_buf changed;
    struct vector v;

    (void)state;
    read_vector(&v, json_array_get(json_object_get(doc, "notes"), 0));
    for (size_t len = 0; len < TG_END_NOTE_TEXT_LEN; len++) {
        assert_refused(&v, tg_bytes(v.text, len), TG_E_SYNTAX);
    }
    (void)snprintf(text, sizeof(text), "%sA", v.text);
    assert_refused(&v, tg_bytes_str(text), TG_E_SYNTAX);
    (void)snprintf(text, sizeof(text), "%s=", v.text);
    assert_refused(&v, tg_bytes_str(text), TG_E_SYNTAX);
    assert_int_equal(tg_b64_decode_exact(raw, sizeof(raw), tg_bytes_str(v.text), TG_B64_URL),
                     TG_OK);
    for (size_t bit = 0; bit < sizeof(raw) * 8; bit++) {
        raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
        tg_buf_init(&changed, TG_END_NOTE_TEXT_LEN);
        tg_b64_encode(&changed, TG_ARRAY_BYTES(raw), TG_B64_URL);
        assert_refused(&v, tg_buf_view(&changed), TG_E_CRYPTO);
        tg_buf_deinit(&changed);
        raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    json_decref(doc);
}

static void note__sealed_with_an_end_that_does_not_exist__refused(void **state)
{
    static const unsigned ends[] = { 0, 4, 255 };
    json_t *doc = load();
    struct vector v;

    (void)state;
    read_vector(&v, json_array_get(json_object_get(doc, "notes"), 0));
    for (size_t i = 0; i < TG_COUNT(ends); i++) {
        struct tg_rng rng = { .fill = iv_fill, .ctx = v.iv };
        struct tg_buf out;

        v.note.end = (enum tg_end_note_end)ends[i];
        tg_buf_init(&out, TG_END_NOTE_TEXT_LEN);
        assert_int_equal(tg_end_note_seal(&out, &v.base, &v.mailbox, v.maker, &v.note, &rng),
                         TG_OK);
        assert_refused(&v, tg_buf_view(&out), TG_E_SYNTAX);
        tg_buf_deinit(&out);
    }
    json_decref(doc);
}

static void seal__that_fails__appends_nothing(void **state)
{
    json_t *doc = load();
    struct tg_buf out;
    struct vector v;
    struct tg_rng bad = { .fill = no_fill };
    struct tg_rng good = { .fill = iv_fill, .ctx = v.iv };

    (void)state;
    read_vector(&v, json_array_get(json_object_get(doc, "notes"), 0));
    tg_buf_init(&out, TG_END_NOTE_TEXT_LEN);
    assert_int_equal(tg_end_note_seal(&out, &v.base, &v.mailbox, v.maker, &v.note, &bad),
                     TG_E_CRYPTO);
    assert_int_equal(out.len, 0);
    tg_buf_append_u8(&out, 'x');
    assert_int_equal(tg_end_note_seal(&out, &v.base, &v.mailbox, v.maker, &v.note, &good),
                     TG_E_LIMIT);
    assert_int_equal(out.len, 1);
    tg_buf_deinit(&out);
    json_decref(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(note__of_another_implementation__same_bytes_and_opens),
        cmocka_unit_test(note__for_another_place__does_not_open),
        cmocka_unit_test(note__of_any_other_length_or_bytes__refused),
        cmocka_unit_test(note__sealed_with_an_end_that_does_not_exist__refused),
        cmocka_unit_test(seal__that_fails__appends_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
