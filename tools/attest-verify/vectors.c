/* SPDX-License-Identifier: Apache-2.0 */
#include "attest-verify/vectors.h"

#include "attest/authdata.h"
#include "attest/chain.h"
#include "attest/key_description.h"
#include "base/b64.h"
#include "base/hex.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIME_WITHOUT_ANCHOR 1717200000 /* 2024-06-01 */

void give_up(const char *what, const char *which)
{
    fprintf(stderr, "attest-verify: %s: %s\n", which, what);
    exit(2);
}

const char *text_of(const json_t *in, const char *name)
{
    return json_string_value(json_object_get(in, name));
}

void append_hex(struct tg_buf *out, const char *digits)
{
    size_t len = digits == NULL ? 0 : strlen(digits) / 2;
    uint8_t *room = len == 0 ? NULL : tg_buf_extend(out, len);

    if (room == NULL || tg_hex_decode(room, len, tg_bytes_str(digits)) != TG_OK) {
        give_up("expected hexadecimal digits", digits == NULL ? "(nothing)" : digits);
    }
}

void vector_init(struct vector *v)
{
    *v = (struct vector){ .name = NULL };
    tg_buf_init(&v->object, OBJECT_ROOM);
    tg_buf_init(&v->client_data_hash, OBJECT_ROOM);
}

void vector_deinit(struct vector *v)
{
    tg_buf_deinit(&v->object);
    tg_buf_deinit(&v->client_data_hash);
}

static void read_challenge(struct vector *v, const json_t *json)
{
    const char *digits = text_of(json, "challenge_hex");

    v->has_challenge = json_is_true(json_object_get(json, "use_challenge"));
    if (v->has_challenge && (digits == NULL || tg_hex_decode(v->challenge, sizeof(v->challenge),
                                                             tg_bytes_str(digits)) != TG_OK)) {
        give_up("expected a challenge_hex of 32 bytes", v->name);
    }
}

void vector_read(struct vector *v, const json_t *json)
{
    const json_t *auth = json_object_get(json, "authData");
    const json_t *at = json_object_get(json, "valid_at_unix");
    const char *hash = text_of(auth, "rpIdHash_hex");

    v->name = text_of(json, "name");
    v->expect = text_of(json, "expect");
    if (v->name == NULL || v->expect == NULL) {
        give_up("expected name and expect", "vector");
    }
    v->expect_step = text_of(json, "expect_step");
    append_hex(&v->object, text_of(json, "attestationObject_hex"));
    read_challenge(v, json);
    if (!v->has_challenge) {
        append_hex(&v->client_data_hash, text_of(json, "clientDataHash_hex"));
    }
    v->now_s = json_is_integer(at) ? json_integer_value(at) : TIME_WITHOUT_ANCHOR;
    v->anchor = text_of(json, "trust_anchor");
    v->rp_id = text_of(auth, "rpId");
    v->app_id = text_of(json, "appId");
    (void)snprintf(v->rp_id_hash, sizeof(v->rp_id_hash), "sha256:%s", hash == NULL ? "" : hash);
    v->key_id_base64 = text_of(json, "keyId_base64");
    v->policy = json_object_get(json, "policy");
}

/* The anchor that the vector names. Without a name its leaf, so that all checks but trust run. For
   a vector without a chain any anchor, because none is used. */
static struct tg_bytes find_anchor(struct tg_buf *room, const struct vector *v,
                                   const json_t *anchors)
{
    struct tg_cbor *doc = NULL;
    struct tg_cbor_item list;
    struct tg_bytes der;
    size_t count = 0;

    if (v->anchor != NULL) {
        const char *pem = text_of(json_object_get(anchors, v->anchor), "pem");

        if (pem == NULL) {
            give_up("is not among the anchors", v->anchor);
        }
        return tg_bytes_str(pem);
    }
    if (tg_cbor_decode(&doc, tg_buf_view(&v->object)) == TG_OK) {
        list = tg_cbor_member(tg_cbor_member(tg_cbor_root(doc), "attStmt"), "x5c");
        if (tg_cbor_get_array(&count, list) && count > 0 &&
            tg_cbor_get_bytes(&der, tg_cbor_element(list, 0))) {
            const uint8_t *at = der.ptr;
            X509 *cert = d2i_X509(NULL, &at, (long)der.len);
            BIO *bio = BIO_new(BIO_s_mem());
            char *pem = NULL;
            size_t len = 0;

            PEM_write_bio_X509(bio, cert);
            len = (size_t)BIO_get_mem_data(bio, &pem);
            tg_buf_append(room, tg_bytes(pem, len));
            BIO_free(bio);
            X509_free(cert);
        }
    }
    tg_cbor_free(&doc);
    return room->len > 0
               ? tg_buf_view(room)
               : tg_bytes_str(
                     text_of(json_object_iter_value(json_object_iter((json_t *)(uintptr_t)anchors)),
                             "pem"));
}

static size_t read_list(const char *list[TG_ATTEST_LIST_MAX], const json_t *policy,
                        const char *name)
{
    const json_t *array = json_object_get(policy, name);
    size_t count = json_array_size(array);

    for (size_t i = 0; i < count && i < TG_ATTEST_LIST_MAX; i++) {
        list[i] = json_string_value(json_array_get(array, i));
    }
    return count;
}

static void read_flag(bool *flag, const json_t *policy, const char *name)
{
    const json_t *value = json_object_get(policy, name);

    if (json_is_boolean(value)) {
        *flag = json_is_true(value);
    }
}

static void read_formats(struct tg_attest_settings *s, const json_t *policy)
{
    const char *names[TG_ATTEST_LIST_MAX];
    size_t count = read_list(names, policy, "formats");

    if (count == 0) {
        return;
    }
    s->formats = 0;
    for (unsigned f = 0; f < TG_ATTEST_FORMAT_COUNT; f++) {
        for (size_t i = 0; i < count; i++) {
            if (strcmp(names[i], tg_attest_format_name((enum tg_attest_format)f)) == 0) {
                s->formats |= 1u << f;
            }
        }
    }
}

static void read_policy(struct tg_attest_settings *s, const json_t *policy)
{
    static const char *const levels[] = { "software", "tee", "strongbox" };
    const char *level = text_of(policy, "level_min");

    for (size_t i = 0; level != NULL && i < TG_COUNT(levels); i++) {
        if (strcmp(level, levels[i]) == 0) {
            s->level_min = (enum tg_attest_level)i;
        }
    }
    read_formats(s, policy);
    read_flag(&s->needs_verified_boot, policy, "needs_verified_boot");
    read_flag(&s->needs_user_verified, policy, "needs_user_verified");
    read_flag(&s->allows_packed_self, policy, "allows_packed_self");
    read_flag(&s->allows_appattest_development, policy, "allows_appattest_development");
    if (json_object_get(policy, "packages") != NULL) {
        s->package_count = read_list(s->packages, policy, "packages");
    }
    if (json_object_get(policy, "rp_ids") != NULL) {
        s->rp_id_count = read_list(s->rp_ids, policy, "rp_ids");
    }
    if (json_object_get(policy, "app_ids") != NULL) {
        s->app_id_count = read_list(s->app_ids, policy, "app_ids");
    }
    s->aaguid_count = read_list(s->aaguids, policy, "aaguids");
    s->origin_count = read_list(s->origins, policy, "origins");
}

static struct tg_attest_policy *make_policy(const struct vector *v, const json_t *anchors)
{
    struct tg_attest_settings s = { .formats = (1u << TG_ATTEST_FORMAT_COUNT) - 1,
                                    .allows_packed_self = true,
                                    .allows_appattest_development = true,
                                    .rp_id_count = 1,
                                    .app_id_count = 1,
                                    .package_count = 1 };
    struct tg_attest_policy *policy = NULL;
    struct tg_bytes roots[TG_ATTEST_FORMAT_COUNT];
    struct tg_fault fault = { "" };
    struct tg_buf own;

    tg_buf_init(&own, 8192);
    s.rp_ids[0] = v->rp_id != NULL ? v->rp_id : v->rp_id_hash;
    s.app_ids[0] = v->app_id != NULL ? v->app_id : v->rp_id_hash;
    s.packages[0] = "*";
    read_policy(&s, v->policy);
    for (size_t i = 0; i < TG_ATTEST_FORMAT_COUNT; i++) {
        roots[i] = i == 0 ? find_anchor(&own, v, anchors) : roots[0];
    }
    if (tg_attest_policy_new(&policy, &s, roots, tg_bytes_str(text_of(v->policy, "revoked")),
                             &fault) != TG_OK) {
        give_up(fault.text, v->name);
    }
    tg_buf_deinit(&own);
    return policy;
}

/* An app also sends the identifier of its key. The protocol has no member for it, so it is checked
   here. */
static bool is_key_id_right(const struct vector *v)
{
    struct tg_authdata auth;
    struct tg_cbor *doc = NULL;
    struct tg_bytes raw = { NULL, 0 };
    struct tg_buf key_id;
    bool is_right = false;

    if (v->key_id_base64 == NULL) {
        return true;
    }
    tg_buf_init(&key_id, 1024);
    if (tg_b64_decode(&key_id, tg_bytes_str(v->key_id_base64), TG_B64_STANDARD) == TG_OK &&
        tg_cbor_decode(&doc, tg_buf_view(&v->object)) == TG_OK &&
        tg_cbor_get_bytes(&raw, tg_cbor_member(tg_cbor_root(doc), "authData")) &&
        tg_authdata_read(&auth, raw, TG_AUTHDATA_TAIL_FREE, NULL) == TG_OK) {
        is_right = tg_bytes_is_equal(auth.credential_id, tg_buf_view(&key_id));
    }
    tg_cbor_free(&doc);
    tg_buf_deinit(&key_id);
    return is_right;
}

void vector_verify(struct outcome *out, const struct vector *v, const json_t *anchors)
{
    struct tg_attest_policy *policy = make_policy(v, anchors);
    struct tg_attest_verdict verdict;

    if (v->has_challenge) {
        tg_attest_verify(&verdict, policy, tg_buf_view(&v->object), v->challenge, v->now_s);
    } else {
        tg_attest_verify_hash(&verdict, policy, tg_buf_view(&v->object),
                              tg_buf_view(&v->client_data_hash), v->now_s);
    }
    out->is_accepted = verdict.step == TG_ATTEST_OK;
    out->step = tg_attest_step_name(verdict.step);
    memcpy(out->why, verdict.fault.text, sizeof(out->why));
    if (out->is_accepted && !is_key_id_right(v)) {
        *out = (struct outcome){ .step = "key id", .why = "the app names another key" };
    }
    tg_attest_policy_free(&policy);
}

static bool is_number(const json_t *in, const char *name, int64_t value)
{
    return json_integer_value(json_object_get(in, name)) == value;
}

static bool is_description_equal(const struct tg_key_description *d, const json_t *expected)
{
    struct tg_buf challenge;
    bool is_equal = false;

    tg_buf_init(&challenge, 1024);
    append_hex(&challenge, text_of(expected, "attestationChallenge_hex"));
    is_equal = tg_bytes_is_equal(d->challenge, tg_buf_view(&challenge));
    tg_buf_deinit(&challenge);
    return is_equal && is_number(expected, "attestationVersion", d->version) &&
           is_number(expected, "attestationSecurityLevel", d->level) &&
           is_number(expected, "keymasterVersion", d->keymaster_version) &&
           is_number(expected, "keymasterSecurityLevel", d->keymaster_level) && d->tee.has_origin &&
           is_number(expected, "origin_tee", d->tee.origin) && d->tee.has_purpose &&
           d->tee.can_sign &&
           json_is_true(json_object_get(expected, "allApplications_present")) ==
               (d->tee.is_for_all_applications || d->software.is_for_all_applications);
}

static enum tg_attest_step verify_chain(const struct tg_cert *certs, size_t count,
                                        const json_t *json, const json_t *anchors,
                                        struct tg_fault *fault)
{
    const char *pem = text_of(json_object_get(anchors, text_of(json, "trust_anchor")), "pem");
    struct tg_attest_chain chain = { .count = 0 };
    struct tg_key_templates templates = { { NULL } };
    struct tg_attest_chain_roots *roots = NULL;
    struct tg_attest_issuers *issuers = NULL;
    enum tg_attest_step step = TG_ATTEST_STEP_INTERNAL;

    if (tg_attest_chain_roots_new(&roots, tg_bytes_str(pem), fault) == TG_OK &&
        tg_key_templates_init(&templates) == TG_OK && tg_attest_issuers_new(&issuers) == TG_OK) {
        struct tg_attest_chain_request request = { .certs = certs,
                                                   .count = count,
                                                   .templates = &templates,
                                                   .issuers = issuers,
                                                   .roots = roots,
                                                   .now_s = json_integer_value(
                                                       json_object_get(json, "valid_at_unix")),
                                                   .times = TG_ATTEST_TIMES_ANDROID };

        step = tg_attest_chain_verify(&chain, &request, fault);
    }
    tg_attest_chain_deinit(&chain);
    tg_key_templates_deinit(&templates);
    tg_attest_issuers_free(&issuers);
    tg_attest_chain_roots_free(&roots);
    return step;
}

static enum tg_attest_step verify_raw(const struct tg_buf *ders, size_t count, const json_t *json,
                                      const json_t *anchors, struct tg_fault *fault)
{
    struct tg_cert certs[TG_ATTEST_CHAIN_MAX];
    struct tg_key_description d;

    for (size_t i = 0; i < count; i++) {
        if (tg_cert_read(&certs[i], tg_buf_view(&ders[i])) != TG_OK) {
            tg_fault_set(fault, "certificate %zu", i);
            return TG_ATTEST_STEP_ENCODING;
        }
    }
    if (tg_key_description_read(&d, &certs[0]) != TG_OK) {
        tg_fault_set(fault, "key description of another form");
        return TG_ATTEST_STEP_FORMAT;
    }
    if (!is_description_equal(&d, json_object_get(json, "keyDescription"))) {
        tg_fault_set(fault, "key description read otherwise");
        return TG_ATTEST_STEP_FORMAT;
    }
    return verify_chain(certs, count, json, anchors, fault);
}

void chain_verify(struct outcome *out, const json_t *json, const json_t *anchors)
{
    const json_t *list = json_object_get(json, "x5c_hex");
    size_t count = json_array_size(list);
    struct tg_buf ders[TG_ATTEST_CHAIN_MAX];
    struct tg_fault fault = { "" };
    enum tg_attest_step step = TG_ATTEST_STEP_INTERNAL;

    if (count == 0 || count > TG_ATTEST_CHAIN_MAX) {
        give_up("expected 1 to 5 certificates", text_of(json, "name"));
    }
    for (size_t i = 0; i < count; i++) {
        tg_buf_init(&ders[i], OBJECT_ROOM);
        append_hex(&ders[i], json_string_value(json_array_get(list, i)));
    }
    step = verify_raw(ders, count, json, anchors, &fault);
    out->is_accepted = step == TG_ATTEST_OK;
    out->step = tg_attest_step_name(step);
    memcpy(out->why, fault.text, sizeof(out->why));
    for (size_t i = 0; i < count; i++) {
        tg_buf_deinit(&ders[i]);
    }
}
