/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Good standing for a world: an attestation that names the step at which it fails, an issuer whose
 * key is in the tests' data, and verification that a test can delay.
 */
#ifndef TG_TESTS_STANDING_WORLD_H
#define TG_TESTS_STANDING_WORLD_H

#include "world.h"
#include "wire/attestation.h"

#define STANDING_JOBS_MAX 64u

struct standing_world {
    struct world *world;
    struct tg_standing standing;
    struct tg_private_token_issuers *issuers;
    size_t verified_count; /* calls of the attestation's verification */
    size_t judged[TG_STANDING_SCHEME_COUNT][TG_STANDING_STEP_COUNT];
    size_t reported[TG_STANDING_SCHEME_COUNT][TG_STANDING_STEP_COUNT];
    size_t asked_count; /* calls of the operator's verifier */
    bool has_crash;     /* the store fails after a token was spent */
    size_t job_count;
    struct {
        tg_offload_fn *work, *done;
        void *arg;
    } jobs[STANDING_JOBS_MAX];
    size_t job_max; /* with more jobs: TG_E_FULL */
};

/* Both schemes off. Aborts when the issuer's key cannot be read. */
void standing_world_init(struct standing_world *s, struct world *w);
/* Sets the end of the issuer's first key, as an operator does in the file of issuers. The answer of
   the store: TG_E_DENIED, if it knows the key as retired. */
enum tg_err standing_world_first_key(struct standing_world *s, int64_t not_after_s);
void standing_world_deinit(struct standing_world *s);
/* From now on verification waits for standing_world_run(). */
void standing_world_put_off(struct standing_world *s);
/* Runs the delayed verifications. */
void standing_world_run(struct standing_world *s);

/* An attestation of the request that fails at step; as a header value, NUL-terminated in out.
   strength: what it proves if it does not fail. */
void standing_attest(struct tg_buf *out, enum tg_attest_step step, enum tg_attest_strength strength,
                     const struct tg_attestation_cover *cover);
/* A token of the issuer, as an Authorization value. label: of one token, another of another.
   key: 0 or 1, the issuer's two; 2 is a stranger's. cover: NULL for no context. */
void standing_token(struct tg_buf *out, const char *label, unsigned key,
                    const struct tg_attestation_cover *cover);

#endif
