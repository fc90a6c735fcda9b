/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/client_data.h"

#include "attest/step.h"
#include "base/b64.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "wire/json.h"

#define TEXT_MAX 512u

struct members {
    struct tg_bytes type;
    struct tg_bytes challenge;
    struct tg_bytes origin;
    bool is_cross_origin;
};

static enum tg_err read_members(struct members *m, const struct tg_json *doc,
                                struct tg_fault *fault)
{
    struct tg_json_object top = tg_json_top(doc);
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_json_get_string(&m->type, top, "type", TG_JSON_REQUIRED, 1, TEXT_MAX, fault));
    TG_TRY(
        tg_json_get_string(&m->challenge, top, "challenge", TG_JSON_REQUIRED, 1, TEXT_MAX, fault));
    TG_TRY(tg_json_get_string(&m->origin, top, "origin", TG_JSON_REQUIRED, 1, TEXT_MAX, fault));
    if (tg_json_has(top, "crossOrigin")) {
        TG_TRY(tg_json_get_bool(&m->is_cross_origin, top, "crossOrigin", TG_JSON_REQUIRED, fault));
    }
out:
    return err;
}

static enum tg_attest_step refuse(struct tg_fault *fault, enum tg_attest_step step, const char *why)
{
    tg_fault_set(fault, "%s", why);
    return step;
}

static enum tg_attest_step
check_origin(struct tg_bytes origin, const struct tg_attest_policy *policy, struct tg_fault *fault)
{
    uint8_t hash[TG_ATTEST_HASH_LEN];

    if (policy->origins.count == 0) {
        return TG_ATTEST_OK;
    }
    if (tg_sha256(hash, origin) != TG_OK) {
        return TG_ATTEST_STEP_INTERNAL;
    }
    return tg_attest_policy_has_hash(&policy->origins, TG_ARRAY_BYTES(hash))
               ? TG_ATTEST_OK
               : refuse(fault, TG_ATTEST_STEP_POLICY, "clientDataJSON: the origin is not allowed");
}

static bool is_challenge(struct tg_bytes text, const uint8_t challenge[TG_ATTEST_HASH_LEN])
{
    uint8_t given[TG_ATTEST_HASH_LEN];
    bool is_same = tg_b64_decode_exact(given, sizeof(given), text, TG_B64_URL) == TG_OK &&
                   tg_ct_equal(TG_ARRAY_BYTES(given), tg_bytes(challenge, TG_ATTEST_HASH_LEN));

    tg_mem_wipe(given, sizeof(given));
    return is_same;
}

static enum tg_attest_step check_members(const struct members *m,
                                         const uint8_t challenge[TG_ATTEST_HASH_LEN],
                                         const struct tg_attest_policy *policy,
                                         struct tg_fault *fault)
{
    if (!tg_bytes_is_equal(m->type, TG_LIT("webauthn.create"))) {
        return refuse(fault, TG_ATTEST_STEP_FORMAT,
                      "clientDataJSON: expected the type webauthn.create");
    }
    if (!is_challenge(m->challenge, challenge)) {
        return refuse(fault, TG_ATTEST_STEP_CHALLENGE,
                      "clientDataJSON: the challenge is of another request");
    }
    if (m->is_cross_origin) {
        return refuse(fault, TG_ATTEST_STEP_POLICY,
                      "clientDataJSON: cross-origin frames are not allowed");
    }
    return check_origin(m->origin, policy, fault);
}

enum tg_attest_step tg_attest_client_data_check(struct tg_bytes json,
                                                const uint8_t challenge[TG_ATTEST_HASH_LEN],
                                                const struct tg_attest_policy *policy,
                                                struct tg_fault *fault)
{
    struct members m = { .is_cross_origin = false };
    struct tg_json *doc = NULL;
    enum tg_attest_step step = TG_ATTEST_STEP_INTERNAL;
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(json.len <= TG_CLIENT_DATA_MAX, TG_E_LIMIT);
    TG_TRY(tg_json_parse(&doc, json, fault));
    TG_TRY(read_members(&m, doc, fault));
    step = check_members(&m, challenge, policy, fault);
out:
    tg_json_free(&doc);
    if (err == TG_OK) {
        return step;
    }
    tg_fault_set(fault, "clientDataJSON: expected at most %u bytes", TG_CLIENT_DATA_MAX);
    return tg_attest_step_of(err);
}
