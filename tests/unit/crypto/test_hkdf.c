/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/crypto/hex_bytes.h"

#include "crypto/hkdf.h"

#include <string.h>

/* RFC 5869 appendix A, the cases for SHA-256. Case 2 gives 82 bytes. A secret holds at most 64; the
   first bytes of an expansion do not depend on its length. */
static const struct {
    const char *ikm;
    const char *salt;
    const char *info;
    size_t len;
    const char *okm;
} rfc5869[] = {
    { "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
      "f0f1f2f3f4f5f6f7f8f9", 42,
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865" },
    { "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
      "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
      "404142434445464748494a4b4c4d4e4f",
      "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
      "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
      "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
      "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
      "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
      "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
      64,
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
      "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71" },
    { "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "", 42,
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8" },
};

static void hkdf__vectors_of_the_rfc__same_output(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(rfc5869); i++) {
        struct unit_bytes ikm;
        struct unit_bytes salt;
        struct unit_bytes info;
        struct unit_bytes okm;
        struct tg_secret out = { .len = 0 };

        (void)unhex(&okm, rfc5869[i].okm);
        assert_int_equal(tg_hkdf_sha256(&out, rfc5869[i].len, unhex(&ikm, rfc5869[i].ikm),
                                        unhex(&salt, rfc5869[i].salt),
                                        unhex(&info, rfc5869[i].info)),
                         TG_OK);
        assert_int_equal(out.len, rfc5869[i].len);
        assert_memory_equal(out.bytes, okm.bytes, out.len);
    }
}

static void hkdf__length_0_and_65__limit_and_untouched(void **state)
{
    struct tg_secret out = { .bytes = { 9 }, .len = 1 };

    (void)state;
    assert_int_equal(tg_hkdf_sha256(&out, 0, TG_LIT("k"), TG_LIT(""), TG_LIT("")), TG_E_LIMIT);
    assert_int_equal(tg_hkdf_sha256(&out, TG_SECRET_MAX + 1, TG_LIT("k"), TG_LIT(""), TG_LIT("")),
                     TG_E_LIMIT);
    assert_int_equal(out.len, 1);
    assert_int_equal(out.bytes[0], 9);
    assert_int_equal(tg_hkdf_sha256(&out, TG_SECRET_MAX, TG_LIT("k"), TG_LIT(""), TG_LIT("")),
                     TG_OK);
    assert_int_equal(tg_hkdf_sha256(&out, 1, TG_LIT("k"), TG_LIT(""), TG_LIT("")), TG_OK);
    assert_int_equal(out.len, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hkdf__vectors_of_the_rfc__same_output),
        cmocka_unit_test(hkdf__length_0_and_65__limit_and_untouched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
