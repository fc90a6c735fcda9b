/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attestation object of any format with a policy that allows much. The first byte selects the
 * time, a challenge or a hash, and whether a verified user is needed. Without the private keys of
 * the roots no chain verifies, except those of the corpus, which are for the test CA at a fixed
 * time.
 */
#include "attest/attest.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char root[] = "-----BEGIN CERTIFICATE-----\n"
                           "MIICBzCCAa2gAwIBAgIRAO1/kF2L0LQU0XhJExcKkLYwCgYIKoZIzj0EAwIwYjEe\n"
                           "MBwGA1UEAwwVV2ViQXV0aG4gdGVzdCB2ZWN0b3JzMQwwCgYDVQQKDANXM0MxJTAj\n"
                           "BgNVBAsMHEF1dGhlbnRpY2F0b3IgQXR0ZXN0YXRpb24gQ0ExCzAJBgNVBAYTAkFB\n"
                           "MCAXDTI0MDEwMTAwMDAwMFoYDzMwMjQwMTAxMDAwMDAwWjBiMR4wHAYDVQQDDBVX\n"
                           "ZWJBdXRobiB0ZXN0IHZlY3RvcnMxDDAKBgNVBAoMA1czQzElMCMGA1UECwwcQXV0\n"
                           "aGVudGljYXRvciBBdHRlc3RhdGlvbiBDQTELMAkGA1UEBhMCQUEwWTATBgcqhkjO\n"
                           "PQIBBggqhkjOPQMBBwNCAAQyaTAOX/e2mQFfcM+AqHY79wW8LirwwbOc/3GLfDWI\n"
                           "DKMPMZB42RsDOJoAb9/IodzYTt+gfTCqE0dKJIoNq1uqo0IwQDAPBgNVHRMBAf8E\n"
                           "BTADAQH/MA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQURa/3FbDdeGdB/umW68Fl\n"
                           "R6OTGx4wCgYIKoZIzj0EAwIDSAAwRQIgSDBjtrsI3Mg9ozoCwR0vQiAxdok1VNE4\n"
                           "xhSjaQhyTMgCIQD17yyRLUUAs+L1tZHQYiSR6fIg39H5c07EhLt+kIh2Yw==\n"
                           "-----END CERTIFICATE-----\n";

static struct tg_attest_policy *make_policy(bool needs_user_verified)
{
    static struct tg_attest_settings settings = { .formats = (1u << TG_ATTEST_FORMAT_COUNT) - 1,
                                                  .allows_packed_self = true,
                                                  .allows_appattest_development = true,
                                                  .rp_id_count = 1,
                                                  .app_id_count = 1,
                                                  .package_count = 1,
                                                  .rp_ids = { "*" },
                                                  .app_ids = { "*" },
                                                  .packages = { "com.example.wallet" } };
    struct tg_bytes roots[TG_ATTEST_FORMAT_COUNT];
    struct tg_attest_policy *policy = NULL;

    settings.needs_user_verified = needs_user_verified;
    for (size_t i = 0; i < TG_ATTEST_FORMAT_COUNT; i++) {
        roots[i] = tg_bytes_str(root);
    }
    if (tg_attest_policy_new(&policy, &settings, roots, TG_LIT("serial 99"), NULL) != TG_OK) {
        abort();
    }
    return policy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct tg_attest_policy *policies[2];
    struct tg_attest_policy **policy = &policies[len > 0 && (data[0] & 4) != 0 ? 1 : 0];
    bool is_known = false;
    struct tg_attest_verdict verdict;
    uint8_t challenge[TG_ATTEST_HASH_LEN];
    struct tg_bytes object = tg_bytes_from(tg_bytes(data, len), 1);
    int64_t now_s = len > 0 && (data[0] & 2) != 0 ? 4000000000 : 1717200000;

    if (*policy == NULL) {
        *policy = make_policy(policy == &policies[1]);
    }
    memset(challenge, 'C', sizeof(challenge));
    if (len > 0 && (data[0] & 1) != 0) {
        tg_attest_verify(&verdict, *policy, object, challenge, now_s);
    } else {
        tg_attest_verify_hash(&verdict, *policy, object, tg_bytes(challenge, sizeof(challenge)),
                              now_s);
    }
    if (verdict.step == TG_ATTEST_STEP_INTERNAL ||
        (verdict.step == TG_ATTEST_OK && !verdict.has_format) ||
        tg_attest_is_known(&is_known, object) != TG_OK || (verdict.has_format && !is_known)) {
        abort();
    }
    return 0;
}
