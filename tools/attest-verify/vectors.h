/* SPDX-License-Identifier: Apache-2.0 */
/* A vector of attest-verify and the outcome of its verification. */
#ifndef TG_TOOLS_ATTEST_VERIFY_VECTORS_H
#define TG_TOOLS_ATTEST_VERIFY_VECTORS_H

#include "attest/attest.h"
#include "base/buf.h"

#include <jansson.h>

#define OBJECT_ROOM 32768u

struct vector { /* strings are valid as long as the JSON */
    const char *name;
    const char *expect;
    const char *expect_step; /* NULL: any */
    struct tg_buf object;
    struct tg_buf client_data_hash;
    bool has_challenge; /* verify with the challenge, otherwise with client_data_hash */
    uint8_t challenge[TG_ATTEST_HASH_LEN];
    int64_t now_s;
    const char *anchor; /* NULL: the leaf is the anchor */
    const char *rp_id;  /* NULL: only rp_id_hash is known */
    const char *app_id;
    char rp_id_hash[80];       /* "sha256:..." */
    const char *key_id_base64; /* NULL: not compared */
    const json_t *policy;      /* NULL: everything the format allows */
};

void vector_init(struct vector *v);
void vector_deinit(struct vector *v);
/* Exits with a message if the JSON has another format. */
void vector_read(struct vector *v, const json_t *json);

struct outcome {
    bool is_accepted;
    const char *step;
    char why[TG_FAULT_MAX];
};

void vector_verify(struct outcome *out, const struct vector *v, const json_t *anchors);
/* A raw chain with a key description, see android_key_attestation_chains.json. */
void chain_verify(struct outcome *out, const json_t *json, const json_t *anchors);
/* Applies one change of a rules file. */
void rule_apply(struct vector *v, const json_t *op);

/* Reports an error in a file and exits with status 2. */
_Noreturn void give_up(const char *what, const char *which);
const char *text_of(const json_t *in, const char *name); /* NULL when absent or null */
void append_hex(struct tg_buf *out, const char *digits);

#endif
