/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/seal.h - saved state under a key of the platform
 *
 * A saved state holds secrets in the clear, and an old one that is put back undoes what happened
 * since: the tries of a PIN, a message that was sent. These functions seal it with functions of the
 * application, such as AES-GCM under a key of the Android Keystore, and bind it to the name of the
 * transfer and to a generation that only grows.
 *
 *     uint64_t generation = 0;            // kept where an old copy of the file does not reach
 *     tigress_session_save(s, &state, &len)
 *     tigress_state_seal(&sealer, "session 7", &generation, state, len, &sealed, &sealed_len, ...)
 *     // write sealed, flush it, then keep generation
 *
 *     tigress_state_open(&sealer, "session 7", &generation, sealed, sealed_len, &state, &len, ...)
 *     tigress_session_resume(&s, state, len, ...)
 *
 * It takes the saved state of sessions, of PINs and of direct transfers, each under its own name.
 *
 * Threads: any thread.
 * Blocks: as long as the functions of the application do.
 * Secrets: the state. What is passed out is freed with tigress_free(), which wipes it.
 */
#ifndef TIGRESS_SEAL_H
#define TIGRESS_SEAL_H

#include <tigress/error.h>
#include <tigress/export.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TIGRESS_STATE_NAME_MAX 255u       /* bytes, without the NUL */
#define TIGRESS_STATE_MAX (1024u * 1024u) /* bytes of a saved state */
#define TIGRESS_SEAL_ROOM 1024u           /* bytes by which sealing may lengthen what it seals */

/* What a function of a sealer returns. Every other value is TIGRESS_SEAL_FAILED. */
enum tigress_seal_result {
    TIGRESS_SEAL_OK = 0,
    TIGRESS_SEAL_FAILED = 1, /* open: what is sealed, or ad, is not what was sealed */
    TIGRESS_SEAL_LOCKED = 2  /* not now: the device is locked */
};

/*
 * Authenticated encryption with a key of the application. Both functions read in_len bytes and
 * authenticate ad_len bytes of ad beside them; they write at most cap bytes and their number, which
 * is at most in_len + TIGRESS_SEAL_ROOM for seal, and at most in_len for open. A platform that
 * cannot authenticate ad may leave it out: the same bytes are sealed, too. Later versions do not
 * change this.
 */
typedef int tigress_seal_fn(void *ctx, const unsigned char *ad, size_t ad_len,
                            const unsigned char *in, size_t in_len, unsigned char *out, size_t cap,
                            size_t *out_len);
struct tigress_sealer {
    tigress_seal_fn *seal;
    tigress_seal_fn *open;
    void *ctx; /* passed to both */
};

/*
 * Seals a saved state.
 *   name          which state this is, in the words of the application, such as its kind and the
 *                 row of the transfer: 1 to TIGRESS_STATE_NAME_MAX bytes of UTF-8. The sealed state
 *                 has only a hash of it.
 *   *generation   of the state before; 0 at first. One more on TIGRESS_OK, else untouched.
 *   *out          *out_len bytes, freed with tigress_free(). Written on TIGRESS_OK only.
 *   why           as in tigress_share_url_parse()
 * TIGRESS_E_LOCKED     the sealer is locked: nothing has changed, the same call succeeds later
 * TIGRESS_E_SEALER     the sealer failed, or wrote more than it may
 * TIGRESS_E_LIMIT      name or state too long
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM, TIGRESS_E_RANDOM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_state_seal(const struct tigress_sealer *sealer, const char *name, uint64_t *generation,
                   const unsigned char *state, size_t len, unsigned char **out, size_t *out_len,
                   char *why, size_t why_cap);

/*
 * Opens what tigress_state_seal() made.
 *   *generation   the least that is accepted: what was kept after the last seal; 0 accepts all.
 *                 TIGRESS_OK: that of this state, which is one more when the application was ended
 *                 between the write of the state and that of the generation. Else untouched.
 *   *out          the saved state, *out_len bytes, freed with tigress_free(). Written on TIGRESS_OK
 *                 only.
 *   why           as in tigress_share_url_parse()
 * TIGRESS_E_LOCKED        the sealer is locked: the same call succeeds later. Do not delete the
 *                         state.
 * TIGRESS_E_STALE         of another name, or of an earlier generation: swapped, or put back
 * TIGRESS_E_SAVED_STATE   not a sealed state, truncated, of another version, or the sealer does not
 *                         open it: changed, or sealed with another key
 * TIGRESS_E_LIMIT, TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM, TIGRESS_E_RANDOM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_state_open(const struct tigress_sealer *sealer, const char *name, uint64_t *generation,
                   const unsigned char *sealed, size_t len, unsigned char **out, size_t *out_len,
                   char *why, size_t why_cap);

#ifdef __cplusplus
}
#endif

#endif
