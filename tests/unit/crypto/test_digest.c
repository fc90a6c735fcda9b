/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/crypto/hex_bytes.h"

#include "crypto/digest.h"

#include <string.h>

#define AA20 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DD10 "dddddddddddddddddddd"
#define CD10 "cdcdcdcdcdcdcdcdcdcd"

/* RFC 4231 section 4; case 5 is about truncation, which is not offered. */
static const struct {
    const char *key;
    const char *data;
    const char *mac;
} rfc4231[] = {
    { "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
    { "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
    { AA20, DD10 DD10 DD10 DD10 DD10,
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
    { "0102030405060708090a0b0c0d0e0f10111213141516171819", CD10 CD10 CD10 CD10 CD10,
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
    { AA20 AA20 AA20 AA20 AA20 AA20 "aaaaaaaaaaaaaaaaaaaaaa",
      "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a"
      "65204b6579202d2048617368204b6579204669727374",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
    { AA20 AA20 AA20 AA20 AA20 AA20 "aaaaaaaaaaaaaaaaaaaaaa",
      "5468697320697320612074657374207573696e672061206c6172676572207468"
      "616e20626c6f636b2d73697a65206b657920616e642061206c61726765722074"
      "68616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565"
      "647320746f20626520686173686564206265666f7265206265696e6720757365"
      "642062792074686520484d414320616c676f726974686d2e",
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
};

static void hmac__vectors_of_the_rfc__same_mac(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(rfc4231); i++) {
        struct unit_bytes key;
        struct unit_bytes data;
        struct unit_bytes mac;
        uint8_t out[TG_SHA256_LEN];
        struct tg_bytes whole = unhex(&data, rfc4231[i].data);

        (void)unhex(&key, rfc4231[i].key);
        (void)unhex(&mac, rfc4231[i].mac);
        assert_int_equal(tg_hmac_sha256(out, tg_bytes(key.bytes, key.len), &whole, 1), TG_OK);
        assert_memory_equal(out, mac.bytes, sizeof(out));
    }
}

static void hmac__message_split_into_parts__the_same(void **state)
{
    struct tg_bytes whole[] = { TG_LIT("what do ya want for nothing?") };
    struct tg_bytes parts[] = { TG_LIT("what do ya "), { NULL, 0 }, TG_LIT("want for nothing?") };
    uint8_t a[TG_SHA256_LEN];
    uint8_t b[TG_SHA256_LEN];

    (void)state;
    assert_int_equal(tg_hmac_sha256(a, TG_LIT("Jefe"), whole, TG_COUNT(whole)), TG_OK);
    assert_int_equal(tg_hmac_sha256(b, TG_LIT("Jefe"), parts, TG_COUNT(parts)), TG_OK);
    assert_memory_equal(a, b, sizeof(a));
}

static void hmac__key_of_64_and_65_bytes__padded_and_hashed(void **state)
{
    struct tg_bytes part = TG_LIT("x");
    uint8_t key[65];
    uint8_t key_hash[TG_SHA256_LEN];
    uint8_t a[TG_SHA256_LEN];
    uint8_t b[TG_SHA256_LEN];

    (void)state;
    memset(key, 'k', sizeof(key));
    assert_int_equal(tg_sha256(key_hash, TG_ARRAY_BYTES(key)), TG_OK);
    assert_int_equal(tg_hmac_sha256(a, TG_ARRAY_BYTES(key), &part, 1), TG_OK);
    assert_int_equal(tg_hmac_sha256(b, TG_ARRAY_BYTES(key_hash), &part, 1), TG_OK);
    assert_memory_equal(a, b, sizeof(a));
    assert_int_equal(tg_sha256(key_hash, tg_bytes(key, 64)), TG_OK);
    assert_int_equal(tg_hmac_sha256(a, tg_bytes(key, 64), &part, 1), TG_OK);
    assert_int_equal(tg_hmac_sha256(b, TG_ARRAY_BYTES(key_hash), &part, 1), TG_OK);
    assert_memory_not_equal(a, b, sizeof(a));
}

static void hmac__no_key_and_no_parts__the_known_value(void **state)
{
    struct unit_bytes expected;
    uint8_t out[TG_SHA256_LEN];

    (void)state;
    (void)unhex(&expected, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    assert_int_equal(tg_hmac_sha256(out, tg_bytes(NULL, 0), NULL, 0), TG_OK);
    assert_memory_equal(out, expected.bytes, sizeof(out));
}

static void sha256__known_messages__same_hash(void **state)
{
    static const struct {
        const char *text;
        const char *hash;
    } cases[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct unit_bytes expected;
        uint8_t out[TG_SHA256_LEN];

        (void)unhex(&expected, cases[i].hash);
        assert_int_equal(tg_sha256(out, tg_bytes_str(cases[i].text)), TG_OK);
        assert_memory_equal(out, expected.bytes, sizeof(out));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac__vectors_of_the_rfc__same_mac),
        cmocka_unit_test(hmac__message_split_into_parts__the_same),
        cmocka_unit_test(hmac__key_of_64_and_65_bytes__padded_and_hashed),
        cmocka_unit_test(hmac__no_key_and_no_parts__the_known_value),
        cmocka_unit_test(sha256__known_messages__same_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
