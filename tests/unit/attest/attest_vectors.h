/* SPDX-License-Identifier: Apache-2.0 */
/* The vectors of tests/data/attestation, and a policy that accepts them. */
#ifndef TESTS_UNIT_ATTEST_VECTORS_H
#define TESTS_UNIT_ATTEST_VECTORS_H

#include "support/c/unit.h"

#include "attest/attest.h"
#include "base/buf.h"
#include "base/hex.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct unit_vector {
    json_t *file;
    json_t *anchors;
    const char *pem;
    struct tg_buf object;
    struct tg_buf hash;
    int64_t now_s;
};

static inline void unit_unhex(struct tg_buf *out, const char *digits)
{
    size_t len = strlen(digits) / 2;

    if (len > 0) {
        assert_int_equal(tg_hex_decode(tg_buf_extend(out, len), len, tg_bytes_str(digits)), TG_OK);
    }
}

static inline json_t *unit_load(const char *name)
{
    char path[1024];
    json_t *json = NULL;

    (void)snprintf(path, sizeof(path), "%s/attestation/%s", TG_TEST_DATA, name);
    json = json_load_file(path, 0, NULL);
    assert_non_null(json);
    return json;
}

static inline const char *unit_text(const json_t *in, const char *name)
{
    return json_string_value(json_object_get(in, name));
}

static inline void unit_vector_load(struct unit_vector *v, const char *file, const char *name)
{
    const json_t *list = NULL;
    const json_t *found = NULL;
    const char *anchor = NULL;

    *v =
        (struct unit_vector){ .file = unit_load(file), .anchors = unit_load("trust_anchors.json") };
    list = json_object_get(v->file, "vectors");
    for (size_t i = 0; found == NULL && i < json_array_size(list); i++) {
        if (strcmp(unit_text(json_array_get(list, i), "name"), name) == 0) {
            found = json_array_get(list, i);
        }
    }
    assert_non_null(found);
    anchor = unit_text(found, "trust_anchor");
    v->pem = unit_text(
        json_object_get(v->anchors, anchor == NULL ? "w3c_webauthn_test_vectors_ca" : anchor),
        "pem");
    tg_buf_init(&v->object, 32768);
    tg_buf_init(&v->hash, 1024);
    unit_unhex(&v->object, unit_text(found, "attestationObject_hex"));
    unit_unhex(&v->hash, unit_text(found, "clientDataHash_hex"));
    v->now_s = json_integer_value(json_object_get(found, "valid_at_unix"));
}

static inline void unit_vector_deinit(struct unit_vector *v)
{
    tg_buf_deinit(&v->object);
    tg_buf_deinit(&v->hash);
    json_decref(v->file);
    json_decref(v->anchors);
}

/* A policy that allows everything, with one anchor for all formats. NULL: it could not be made. */
static inline struct tg_attest_policy *unit_policy_or_null(const char *pem)
{
    static const struct tg_attest_settings settings = { .formats =
                                                            (1u << TG_ATTEST_FORMAT_COUNT) - 1,
                                                        .allows_packed_self = true,
                                                        .allows_appattest_development = true,
                                                        .rp_id_count = 1,
                                                        .app_id_count = 1,
                                                        .package_count = 1,
                                                        .rp_ids = { "*" },
                                                        .app_ids = { "*" },
                                                        .packages = { "*" } };
    struct tg_bytes roots[TG_ATTEST_FORMAT_COUNT];
    struct tg_attest_policy *policy = NULL;
    enum tg_err err = TG_OK;

    for (size_t i = 0; i < TG_ATTEST_FORMAT_COUNT; i++) {
        roots[i] = tg_bytes_str(pem);
    }
    err = tg_attest_policy_new(&policy, &settings, roots, TG_LIT("serial 0fedcba987\n"), NULL);
    assert_true((err == TG_OK) == (policy != NULL));
    return policy;
}

static inline struct tg_attest_policy *unit_policy(const char *pem)
{
    struct tg_attest_policy *policy = unit_policy_or_null(pem);

    assert_non_null(policy);
    return policy;
}

#endif
