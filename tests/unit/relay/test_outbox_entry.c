/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "relay/outbox_entry.h"

#include <stdlib.h>
#include <string.h>

static struct tg_keyring keyring;

static int setup(void **state)
{
    (void)state;
    return tg_keyring_generate(&keyring, &tg_rng_system) == TG_OK ? 0 : 1;
}

static struct tg_notification_token token(struct tg_bytes type, struct tg_bytes data)
{
    return (struct tg_notification_token){ .is_present = true, .type = type, .token_data = data };
}

static struct tg_store_key key_of(const struct tg_notification_token *t)
{
    struct tg_store_key key;

    assert_int_equal(tg_outbox_entry_key(&key, &keyring, t), TG_OK);
    return key;
}

static bool is_same(const struct tg_store_key *a, const struct tg_store_key *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static void seal(struct tg_buf *out, const struct tg_store_key *key,
                 const struct tg_notification_token *t)
{
    tg_buf_init(out, TG_OUTBOX_SEALED_MAX);
    assert_int_equal(tg_outbox_entry_seal(out, &keyring, key, t, &tg_rng_system), TG_OK);
}

static enum tg_err open_with(const struct tg_keyring *k, const struct tg_store_key *key,
                             struct tg_bytes sealed, const struct tg_notification_token *wanted)
{
    struct tg_notification_token back = { .is_present = false };
    struct tg_buf plain;
    enum tg_err err = TG_OK;

    tg_buf_init(&plain, TG_OUTBOX_ENTRY_PLAIN_MAX + 1);
    tg_buf_append_u8(&plain, 7);
    err = tg_outbox_entry_open(&plain, &back, k, key, sealed);
    if (err == TG_OK) {
        assert_true(tg_bytes_is_equal(back.type, wanted->type));
        assert_true(tg_bytes_is_equal(back.token_data, wanted->token_data));
        assert_true(tg_bytes_is_equal(back.topic, wanted->topic));
    } else {
        assert_int_equal(plain.len, 1);
    }
    assert_int_equal(back.is_present, err == TG_OK);
    tg_buf_deinit(&plain);
    return err;
}

static void key__depends_on_each_part_of_the_token(void **state)
{
    struct tg_notification_token t = token(TG_LIT("com.apple.apns"), TG_LIT("0123"));
    struct tg_notification_token same = token(TG_LIT("com.apple.apns"), TG_LIT("0123"));
    struct tg_notification_token others[] = {
        token(TG_LIT("com.apple.apn"), TG_LIT("s0123")),
        token(TG_LIT("com.apple.apns"), TG_LIT("0124")),
        token(TG_LIT("com.apple.apns0"), TG_LIT("123")),
        token(TG_LIT(""), TG_LIT("com.apple.apns0123")),
        token(TG_LIT("com.apple.apns"), TG_LIT("0123")),
    };
    struct tg_store_key key = key_of(&t);
    struct tg_store_key other = key_of(&same);

    (void)state;
    assert_true(is_same(&key, &other));
    others[4].topic = TG_LIT("0123");
    for (size_t i = 0; i < TG_COUNT(others); i++) {
        other = key_of(&others[i]);
        assert_false(is_same(&key, &other));
    }
    keyring.index_key.bytes[0] ^= 1;
    other = key_of(&t);
    keyring.index_key.bytes[0] ^= 1;
    assert_false(is_same(&key, &other));
}

static void sealed__opens_to_the_token_and_differs_each_time(void **state)
{
    struct tg_notification_token t = token(TG_LIT("org.w3.webpush"), TG_LIT("{\"endpoint\":1}"));
    struct tg_store_key key = key_of(&t);
    struct tg_buf a;
    struct tg_buf b;

    (void)state;
    seal(&a, &key, &t);
    seal(&b, &key, &t);
    assert_int_equal(open_with(&keyring, &key, tg_buf_view(&a), &t), TG_OK);
    assert_int_equal(open_with(&keyring, &key, tg_buf_view(&b), &t), TG_OK);
    assert_int_equal(a.len, b.len);
    assert_memory_not_equal(a.ptr + 4, b.ptr + 4, 12);
    assert_memory_not_equal(a.ptr + 16, b.ptr + 16, a.len - 16);
    assert_null(memmem(a.ptr, a.len, "endpoint", 8));
    assert_null(memmem(a.ptr, a.len, "webpush", 7));
    tg_buf_deinit(&a);
    tg_buf_deinit(&b);
}

static void sealed__with_a_topic__opens_to_it(void **state)
{
    struct tg_notification_token t = token(TG_LIT("com.apple.apns"), TG_LIT("0123"));
    struct tg_notification_token back = { .is_present = false };
    char long_topic[TG_TOKEN_TOPIC_MAX + 1] = { 0 };
    struct tg_store_key key;
    struct tg_buf sealed;
    struct tg_buf plain;

    (void)state;
    memset(long_topic, 'a', sizeof(long_topic));
    t.topic = tg_bytes(long_topic, TG_TOKEN_TOPIC_MAX);
    key = key_of(&t);
    seal(&sealed, &key, &t);
    assert_int_equal(open_with(&keyring, &key, tg_buf_view(&sealed), &t), TG_OK);
    assert_int_equal(sealed.len, 1024 + 4 + 12 + 16);
    tg_buf_deinit(&sealed);
    t.topic.len++;
    tg_buf_init(&plain, TG_OUTBOX_ENTRY_PLAIN_MAX);
    assert_int_equal(tg_outbox_entry_encode(&plain, &t), TG_E_LIMIT);
    t.topic = TG_LIT("app");
    assert_int_equal(tg_outbox_entry_encode(&plain, &t), TG_OK);
    plain.ptr[0] = 1; /* the format of a token without a topic */
    assert_int_equal(tg_outbox_entry_decode(&back, tg_buf_view(&plain)), TG_E_SYNTAX);
    tg_buf_clear(&plain);
    t.topic = TG_LIT("");
    assert_int_equal(tg_outbox_entry_encode(&plain, &t), TG_OK);
    assert_int_equal(plain.ptr[0], 1);
    plain.ptr[0] = 2;
    assert_int_equal(tg_outbox_entry_decode(&back, tg_buf_view(&plain)), TG_E_SYNTAX);
    tg_buf_deinit(&plain);
}

static void length__reveals_only_the_bucket(void **state)
{
    static const struct {
        size_t data_len, plain_len;
    } cases[] = { { 1, 1024 },      { 64, 1024 },   { 1011, 1024 }, { 1012, 2048 },
                  { 2035, 2048 },   { 2036, 4096 }, { 8179, 8192 }, { 8180, 16352 },
                  { 16339, 16352 }, { 16340, 0 },   { 20000, 0 } };
    uint8_t *data = calloc(1, 20000);

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_notification_token t = token(TG_LIT("type"), tg_bytes(data, cases[i].data_len));
        struct tg_store_key key = key_of(&t);
        struct tg_buf out;

        tg_buf_init(&out, TG_OUTBOX_SEALED_MAX);
        if (cases[i].plain_len == 0) {
            assert_int_equal(tg_outbox_entry_seal(&out, &keyring, &key, &t, &tg_rng_system),
                             TG_E_LIMIT);
            assert_int_equal(out.len, 0);
        } else {
            assert_int_equal(tg_outbox_entry_seal(&out, &keyring, &key, &t, &tg_rng_system), TG_OK);
            assert_int_equal(out.len, cases[i].plain_len + 4 + 12 + 16);
            assert_int_equal(open_with(&keyring, &key, tg_buf_view(&out), &t), TG_OK);
        }
        tg_buf_deinit(&out);
    }
    free(data);
}

static void older_seal_keys__open_and_unknown_ones_do_not(void **state)
{
    struct tg_notification_token t = token(TG_LIT("type"), TG_LIT("data"));
    struct tg_store_key key = key_of(&t);
    struct tg_keyring rotated = keyring;
    struct tg_buf sealed;

    (void)state;
    seal(&sealed, &key, &t);
    rotated.seal_keys[1] = rotated.seal_keys[0];
    rotated.seal_keys[1].id = 2;
    rotated.seal_keys[1].key.bytes[0] ^= 1;
    rotated.seal_key_count = 2;
    assert_int_equal(open_with(&rotated, &key, tg_buf_view(&sealed), &t), TG_OK);
    rotated.seal_keys[0] = rotated.seal_keys[1];
    rotated.seal_key_count = 1;
    assert_int_equal(open_with(&rotated, &key, tg_buf_view(&sealed), &t), TG_E_CRYPTO);
    rotated.seal_keys[0].id = 1;
    assert_int_equal(open_with(&rotated, &key, tg_buf_view(&sealed), &t), TG_E_CRYPTO);
    tg_buf_deinit(&sealed);
}

static void sealed__other_key_truncated_or_changed__does_not_open(void **state)
{
    struct tg_notification_token t = token(TG_LIT("type"), TG_LIT("data"));
    struct tg_store_key key = key_of(&t);
    struct tg_store_key other = key;
    struct tg_buf sealed;

    (void)state;
    other.bytes[31] ^= 1;
    seal(&sealed, &key, &t);
    assert_int_equal(open_with(&keyring, &other, tg_buf_view(&sealed), &t), TG_E_CRYPTO);
    for (size_t len = 0; len < sealed.len; len++) {
        assert_int_equal(open_with(&keyring, &key, tg_bytes(sealed.ptr, len), &t), TG_E_CRYPTO);
    }
    for (size_t i = 0; i < sealed.len; i += i < 32 ? 1 : 37) {
        sealed.ptr[i] ^= 1;
        assert_int_equal(open_with(&keyring, &key, tg_buf_view(&sealed), &t), TG_E_CRYPTO);
        sealed.ptr[i] ^= 1;
    }
    tg_buf_deinit(&sealed);
}

static void decode__refuses_other_than_its_own_encoding(void **state)
{
    struct tg_notification_token t = token(TG_LIT("type"), TG_LIT("data"));
    struct tg_notification_token back = { .is_present = false };
    struct tg_buf plain;

    (void)state;
    tg_buf_init(&plain, TG_OUTBOX_ENTRY_PLAIN_MAX);
    assert_int_equal(tg_outbox_entry_encode(&plain, &t), TG_OK);
    assert_int_equal(plain.len, 1024);
    for (size_t len = 0; len < plain.len; len++) {
        assert_int_equal(tg_outbox_entry_decode(&back, tg_bytes(plain.ptr, len)), TG_E_SYNTAX);
    }
    for (size_t i = 0; i < 4; i++) {
        plain.ptr[i] ^= 0x80;
        assert_int_equal(tg_outbox_entry_decode(&back, tg_buf_view(&plain)), TG_E_SYNTAX);
        plain.ptr[i] ^= 0x80;
    }
    plain.ptr[17] = 1; /* the first byte after the token */
    assert_int_equal(tg_outbox_entry_decode(&back, tg_buf_view(&plain)), TG_E_SYNTAX);
    plain.ptr[17] = 0;
    plain.ptr[1023] = 1;
    assert_int_equal(tg_outbox_entry_decode(&back, tg_buf_view(&plain)), TG_E_SYNTAX);
    plain.ptr[1023] = 0;
    tg_buf_append_u8(&plain, 0);
    assert_int_equal(tg_outbox_entry_decode(&back, tg_buf_view(&plain)), TG_E_SYNTAX);
    assert_false(back.is_present);
    assert_int_equal(tg_outbox_entry_decode(&back, tg_bytes(plain.ptr, 1024)), TG_OK);
    assert_true(tg_bytes_is_equal(back.type, t.type));
    tg_buf_deinit(&plain);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(key__depends_on_each_part_of_the_token),
        cmocka_unit_test(sealed__opens_to_the_token_and_differs_each_time),
        cmocka_unit_test(sealed__with_a_topic__opens_to_it),
        cmocka_unit_test(length__reveals_only_the_bucket),
        cmocka_unit_test(older_seal_keys__open_and_unknown_ones_do_not),
        cmocka_unit_test(sealed__other_key_truncated_or_changed__does_not_open),
        cmocka_unit_test(decode__refuses_other_than_its_own_encoding),
    };

    return cmocka_run_group_tests_name("note", tests, setup, NULL);
}
