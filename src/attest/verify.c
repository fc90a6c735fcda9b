/* SPDX-License-Identifier: Apache-2.0 */
/* Reads an attestation object and runs the checks of its format. */
#include "attest/attest.h"

#include "attest/client_data.h"
#include "attest/formats.h"
#include "attest/step.h"
#include "base/mem.h"
#include "crypto/digest.h"

#define FORMAT_NAME_MAX 32u
#define TBS_MAX (TG_ATTEST_OBJECT_MAX + 1024u)

struct object { /* the views are into doc */
    struct tg_cbor *doc;
    struct tg_bytes format;
    struct tg_cbor_item stmt;
    struct tg_bytes auth;
    bool has_client_data;
    struct tg_bytes client_data;
};

static bool read_members(struct object *o)
{
    struct tg_cbor_item root = tg_cbor_root(o->doc);
    struct tg_cbor_item client_data = tg_cbor_member(root, "clientDataJSON");
    size_t count = 0;

    o->stmt = tg_cbor_member(root, "attStmt");
    o->has_client_data = client_data.node != NULL;
    return tg_cbor_get_text(&o->format, tg_cbor_member(root, "fmt")) &&
           o->format.len <= FORMAT_NAME_MAX && tg_cbor_get_map(&count, o->stmt) &&
           tg_cbor_get_bytes(&o->auth, tg_cbor_member(root, "authData")) &&
           (!o->has_client_data || tg_cbor_get_bytes(&o->client_data, client_data));
}

static enum tg_attest_step read_object(struct object *o, struct tg_bytes bytes,
                                       struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(bytes.len <= TG_ATTEST_OBJECT_MAX, TG_E_LIMIT);
    TG_TRY(tg_cbor_decode(&o->doc, bytes));
    TG_REQUIRE(read_members(o), TG_E_SYNTAX);
out:
    if (err != TG_OK && err != TG_E_NOMEM) {
        tg_fault_set(fault, "expected one CBOR map with fmt, attStmt and authData");
    }
    return tg_attest_step_of(err);
}

/* False: there is no such format. */
static bool find_name(enum tg_attest_format *out, struct tg_bytes name)
{
    for (unsigned i = 0; i < TG_ATTEST_FORMAT_COUNT; i++) {
        if (tg_bytes_is_equal(name,
                              tg_bytes_str(tg_attest_format_name((enum tg_attest_format)i)))) {
            *out = (enum tg_attest_format)i;
            return true;
        }
    }
    return false;
}

static enum tg_attest_step find_format(struct tg_attest_verdict *out, struct tg_bytes name,
                                       const struct tg_attest_policy *policy)
{
    out->has_format = find_name(&out->format, name);
    if (!out->has_format) {
        tg_fault_set(&out->fault, "fmt: the format is unknown");
        return TG_ATTEST_STEP_FORMAT;
    }
    if ((policy->formats & (1u << (unsigned)out->format)) == 0) {
        tg_fault_set(&out->fault, "fmt: the format is not allowed");
        return TG_ATTEST_STEP_POLICY;
    }
    if (policy->needs_user_verified && !tg_attest_row(out->format)->shows_user) {
        tg_fault_set(&out->fault, "fmt: the format does not show that the user was verified");
        return TG_ATTEST_STEP_POLICY;
    }
    return TG_ATTEST_OK;
}

enum tg_err tg_attest_is_known(bool *out, struct tg_bytes object)
{
    struct tg_cbor *doc = NULL;
    enum tg_attest_format format = TG_ATTEST_NONE;
    struct tg_bytes name = { NULL, 0 };
    enum tg_err err = object.len <= TG_ATTEST_OBJECT_MAX ? TG_OK : TG_E_LIMIT;

    if (err == TG_OK) {
        err = tg_cbor_decode(&doc, object);
    }
    *out = err == TG_OK && tg_cbor_get_text(&name, tg_cbor_member(tg_cbor_root(doc), "fmt")) &&
           find_name(&format, name);
    tg_cbor_free(&doc);
    return err == TG_E_NOMEM ? err : TG_OK;
}

static enum tg_err prepare(struct tg_attest_case *c, const struct object *o,
                           const struct tg_attest_row *row)
{
    enum tg_err err = TG_E_BUG;

    c->stmt = o->stmt;
    TG_TRY(tg_authdata_read(&c->auth, o->auth, row->tail, c->fault));
    tg_buf_append(&c->tbs, o->auth);
    tg_buf_append(&c->tbs, c->client_data_hash);
    TG_TRY(tg_buf_status(&c->tbs));
    TG_TRY(tg_sha256(c->nonce, tg_buf_view(&c->tbs)));
out:
    return err;
}

static enum tg_attest_step check(struct tg_attest_case *c, const struct object *o)
{
    const struct tg_attest_row *row = tg_attest_row(c->format);
    enum tg_attest_step step = tg_attest_step_of(prepare(c, o, row));

    for (size_t i = 0; step == TG_ATTEST_OK && row->checks[i] != NULL; i++) {
        step = row->checks[i](c);
    }
    return step;
}

static enum tg_attest_step run(struct tg_attest_verdict *out, const struct tg_attest_policy *policy,
                               const struct object *o, struct tg_bytes client_data_hash,
                               int64_t now_s)
{
    struct tg_attest_case c = { .policy = policy,
                                .format = out->format,
                                .times = tg_attest_row(out->format)->times,
                                .now_s = now_s,
                                .fault = &out->fault,
                                .client_data_hash = client_data_hash };
    enum tg_attest_step step = TG_ATTEST_STEP_INTERNAL;

    tg_buf_init(&c.tbs, TBS_MAX);
    step = check(&c, o);
    if (step == TG_ATTEST_OK) {
        out->strength = c.strength;
    }
    tg_attest_chain_deinit(&c.chain);
    tg_buf_deinit(&c.tbs);
    tg_mem_wipe(&c, sizeof(c));
    return step;
}

static enum tg_attest_step hash_client_data(uint8_t hash[TG_ATTEST_HASH_LEN],
                                            const struct tg_attest_policy *policy,
                                            const struct object *o,
                                            const uint8_t challenge[TG_ATTEST_HASH_LEN],
                                            struct tg_fault *fault)
{
    struct tg_bytes hashed = tg_bytes(challenge, TG_ATTEST_HASH_LEN);

    if (o->has_client_data) {
        enum tg_attest_step step =
            tg_attest_client_data_check(o->client_data, challenge, policy, fault);

        if (step != TG_ATTEST_OK) {
            return step;
        }
        hashed = o->client_data;
    }
    return tg_attest_step_of(tg_sha256(hash, hashed));
}

static void begin(struct tg_attest_verdict *out)
{
    *out = (struct tg_attest_verdict){ .step = TG_ATTEST_STEP_INTERNAL };
}

void tg_attest_verify(struct tg_attest_verdict *out, const struct tg_attest_policy *policy,
                      struct tg_bytes object, const uint8_t challenge[TG_ATTEST_HASH_LEN],
                      int64_t now_s)
{
    struct object o = { .doc = NULL };
    uint8_t hash[TG_ATTEST_HASH_LEN];
    enum tg_attest_step step = TG_ATTEST_STEP_INTERNAL;

    begin(out);
    step = read_object(&o, object, &out->fault);
    if (step == TG_ATTEST_OK) {
        step = find_format(out, o.format, policy);
    }
    if (step == TG_ATTEST_OK) {
        step = hash_client_data(hash, policy, &o, challenge, &out->fault);
    }
    if (step == TG_ATTEST_OK) {
        step = run(out, policy, &o, TG_ARRAY_BYTES(hash), now_s);
    }
    out->step = step;
    tg_mem_wipe(hash, sizeof(hash));
    tg_cbor_free(&o.doc);
}

void tg_attest_verify_hash(struct tg_attest_verdict *out, const struct tg_attest_policy *policy,
                           struct tg_bytes object, struct tg_bytes client_data_hash, int64_t now_s)
{
    struct object o = { .doc = NULL };
    enum tg_attest_step step = TG_ATTEST_STEP_INTERNAL;

    begin(out);
    step = read_object(&o, object, &out->fault);
    if (step == TG_ATTEST_OK) {
        step = find_format(out, o.format, policy);
    }
    if (step == TG_ATTEST_OK) {
        step = run(out, policy, &o, client_data_hash, now_s);
    }
    out->step = step;
    tg_cbor_free(&o.doc);
}
