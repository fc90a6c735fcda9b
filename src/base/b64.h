/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/b64.h - base64 of RFC 4648, strict: no white space, no leftover bits.
 * Layer: L0.      Threads: any.      Blocks: no.
 * Secrets may pass through: the time depends only on the lengths and on the form.
 */
#ifndef TG_BASE_B64_H
#define TG_BASE_B64_H

#include "base/buf.h"

enum tg_b64_form {
    TG_B64_STANDARD, /* section 4: '+' '/', padding required */
    TG_B64_URL,      /* section 5: '-' '_', padding forbidden */
    TG_B64_ANY       /* decoding only: either alphabet, not mixed; padding complete or absent */
};

/* Appends the text of raw. TG_B64_ANY encodes as standard. */
void tg_b64_encode(struct tg_buf *out, struct tg_bytes raw, enum tg_b64_form form);
/* Appends the bytes of text. TG_E_SYNTAX: not of that form; TG_E_LIMIT: out is full. On failure out
   is as long as before. */
TG_NODISCARD enum tg_err tg_b64_decode(struct tg_buf *out, struct tg_bytes text,
                                       enum tg_b64_form form);
/* The same for a value of exactly raw_len bytes, without the heap. TG_E_SYNTAX: not of that form or
   of another length; raw is then zeroed. */
TG_NODISCARD enum tg_err tg_b64_decode_exact(uint8_t *raw, size_t raw_len, struct tg_bytes text,
                                             enum tg_b64_form form);

#endif
