/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/authdata.h - authenticator data with an attested credential.
 * Layer: L2.      Threads: any.      Blocks: no.      Secrets: none.
 * spec: WebAuthn Level 3 section 6.1.
 */
#ifndef TG_ATTEST_AUTHDATA_H
#define TG_ATTEST_AUTHDATA_H

#include "attest/cose.h"
#include "base/fault.h"

#define TG_AUTHDATA_UP 0x01u /* user present */
#define TG_AUTHDATA_UV 0x04u /* user verified */
#define TG_AUTHDATA_BE 0x08u /* backup eligible */
#define TG_AUTHDATA_BS 0x10u /* backed up */
#define TG_AUTHDATA_AT 0x40u /* attested credential data included */
#define TG_AUTHDATA_ED 0x80u /* extension data included */
#define TG_AUTHDATA_AAGUID_LEN 16u
#define TG_AUTHDATA_CREDENTIAL_ID_MAX 1023u

struct tg_authdata { /* the views are valid as long as the bytes it was read from */
    struct tg_bytes raw;
    struct tg_bytes rp_id_hash; /* 32 bytes */
    unsigned flags;
    uint32_t sign_count;
    struct tg_bytes aaguid; /* TG_AUTHDATA_AAGUID_LEN bytes */
    struct tg_bytes credential_id;
    struct tg_cose_key key;
};

/* Whether a map of extensions may follow without its flag, as in App Attest. */
enum tg_authdata_tail { TG_AUTHDATA_TAIL_FLAGGED, TG_AUTHDATA_TAIL_FREE };

/* TG_E_SYNTAX, TG_E_LIMIT, TG_E_UNSUPPORTED with fault; TG_E_NOMEM. *out is then undefined. */
TG_NODISCARD enum tg_err tg_authdata_read(struct tg_authdata *out, struct tg_bytes raw,
                                          enum tg_authdata_tail tail, struct tg_fault *fault);

#endif
