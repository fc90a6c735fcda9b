/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/saved_frame.h - the frame of a saved state: magic number, version, fields, and SHA-256
 * over all of these. Layer: L2 (base, crypto).      Threads: any.      Blocks: no. Secrets: the
 * fields hold secrets; the caller keeps the bytes safe.
 *
 * The hash detects damage. It does not detect tampering: a person who can write the file can also
 * read its secrets.
 */
#ifndef TG_CLIENT_SAVED_FRAME_H
#define TG_CLIENT_SAVED_FRAME_H

#include "base/buf.h"
#include "base/fault.h"

struct tg_saved_frame {
    uint32_t magic;
    uint16_t version;  /* that is written */
    uint16_t oldest;   /* that is read; 0: only version */
    size_t max;        /* bytes of the whole saved state */
    const char *owner; /* for messages: "a session" */
};

/* Appends magic number and version. The fields follow, then tg_saved_frame_end. */
void tg_saved_frame_begin(struct tg_buf *out, const struct tg_saved_frame *frame);
/* Appends the hash. Reports what went wrong with out before, too. */
TG_NODISCARD enum tg_err tg_saved_frame_end(struct tg_buf *out);

/*
 * Checks the frame. *fields is a view into data.
 * TG_E_SYNTAX        not such a saved state, truncated or damaged
 * TG_E_UNSUPPORTED   a version that is not read
 * TG_E_CRYPTO
 */
TG_NODISCARD enum tg_err tg_saved_frame_open(struct tg_bytes *fields, struct tg_bytes data,
                                             const struct tg_saved_frame *frame,
                                             struct tg_fault *fault);
/* The version of data that tg_saved_frame_open accepted. */
unsigned tg_saved_frame_version(struct tg_bytes data);

#endif
