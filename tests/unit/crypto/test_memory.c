/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once, in this program and in libcrypto. */
#include "unit/crypto/hex_bytes.h"
#include "support/c/fail_openssl.h"

#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/hkdf.h"
#include "crypto/p256.h"
#include "crypto/x25519.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 2000

FAIL_WRAP_MALLOC()

static const uint8_t nonce[TG_AEAD_NONCE_LEN] = { 1 };
static const struct tg_secret key = { .bytes = { 1, 2, 3 }, .len = 16 };

static enum tg_err do_seal(struct tg_buf *out)
{
    return tg_aead_seal(out, &key, TG_ARRAY_BYTES(nonce), TG_LIT("a"), TG_LIT("text"));
}

static struct tg_buf sealed; /* what do_open opens; made before an allocation fails */

static enum tg_err do_open(struct tg_buf *out)
{
    return tg_aead_open(out, &key, TG_ARRAY_BYTES(nonce), TG_LIT("a"), tg_buf_view(&sealed));
}

static enum tg_err do_hash(struct tg_buf *out)
{
    uint8_t hash[TG_SHA256_LEN];
    enum tg_err err = tg_sha256(hash, TG_LIT("x"));

    if (err == TG_OK) {
        tg_buf_append(out, TG_ARRAY_BYTES(hash));
    }
    return err == TG_OK ? tg_buf_status(out) : err;
}

static enum tg_err do_derive(struct tg_buf *out)
{
    struct tg_secret derived = { .len = 0 };
    enum tg_err err = tg_hkdf_sha256(&derived, 64, TG_LIT("k"), TG_LIT("s"), TG_LIT("i"));

    assert_int_equal(derived.len, err == TG_OK ? 64 : 0);
    if (err == TG_OK) {
        tg_buf_append(out, tg_secret_view(&derived));
    }
    return err == TG_OK ? tg_buf_status(out) : err;
}

static enum tg_err do_agree(struct tg_buf *out)
{
    static const struct tg_secret private_key = { .bytes = { 8 }, .len = TG_X25519_LEN };
    uint8_t public_key[TG_X25519_LEN] = { 0 };
    struct tg_secret shared = { .len = 0 };
    enum tg_err err = tg_x25519_public(public_key, &private_key);

    if (err == TG_OK) {
        err = tg_x25519_shared(&shared, &private_key, TG_ARRAY_BYTES(public_key));
    }
    assert_int_equal(shared.len, err == TG_OK ? TG_X25519_LEN : 0);
    if (err == TG_OK) {
        tg_buf_append(out, tg_secret_view(&shared));
    }
    return err == TG_OK ? tg_buf_status(out) : err;
}

static enum tg_err do_agree_p256(struct tg_buf *out)
{
    static const struct tg_secret private_key = { .bytes = { 8 }, .len = TG_P256_PRIVATE_LEN };
    uint8_t public_key[TG_P256_PUBLIC_LEN] = { 0 };
    struct tg_secret shared = { .len = 0 };
    enum tg_err err = tg_p256_public(public_key, &private_key);

    if (err == TG_OK) {
        err = tg_p256_shared(&shared, &private_key, TG_ARRAY_BYTES(public_key));
    }
    assert_int_equal(shared.len, err == TG_OK ? TG_P256_PRIVATE_LEN : 0);
    if (err == TG_OK) {
        tg_buf_append(out, tg_secret_view(&shared));
    }
    return err == TG_OK ? tg_buf_status(out) : err;
}

static void every_call__allocation_n_fails__an_error_and_nothing_appended(void **state)
{
    static enum tg_err (*const calls[])(struct tg_buf *) = { do_seal,   do_open,  do_hash,
                                                             do_derive, do_agree, do_agree_p256 };

    (void)state;
    tg_buf_init(&sealed, 100);
    assert_int_equal(do_seal(&sealed), TG_OK);
    for (size_t i = 0; i < TG_COUNT(calls); i++) {
        enum tg_err err = TG_E_BUG;
        bool is_reached = true;
        unsigned n = 0;

        /* The library tolerates some failures, so continue until no allocation is left to fail. */
        for (n = 1; n < ROUNDS_MAX && is_reached; n++) {
            struct tg_buf out;

            tg_buf_init(&out, 200);
            fail_at(n);
            err = calls[i](&out);
            fail_at(0);
            is_reached = fail_reached();
            assert_true(err == TG_OK || err == TG_E_NOMEM || err == TG_E_CRYPTO);
            assert_true((err == TG_OK) == (out.len > 0));
            tg_buf_deinit(&out);
        }
        assert_int_equal(err, TG_OK);
        assert_true(n > 2);
    }
    tg_buf_deinit(&sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call__allocation_n_fails__an_error_and_nothing_appended),
    };

    /* Must run before the library allocates. */
    if (!fail_openssl_memory()) {
        return 1;
    }
    if (do_hash(&(struct tg_buf){ .max = 0 }) != TG_E_LIMIT) {
        return 1; /* the algorithms are fetched here; the tests cover what follows */
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
