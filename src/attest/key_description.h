/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/key_description.h - the description of a key in a certificate of Android's keystore.
 * Layer: L2, for attest/ and tools/attest-verify alone.      Threads: any.      Blocks: no.
 * Secrets: none.
 * spec: "Key and ID attestation", extension 1.3.6.1.4.1.11129.2.1.17.
 */
#ifndef TG_ATTEST_KEY_DESCRIPTION_H
#define TG_ATTEST_KEY_DESCRIPTION_H

#include "attest/cert.h"

#define TG_KEY_ORIGIN_GENERATED 0
#define TG_KEY_PURPOSE_SIGN 2
#define TG_KEY_BOOT_VERIFIED 0

/* The members of an AuthorizationList that have rules; the others are skipped. */
struct tg_key_authorizations {
    bool has_purpose, can_sign;
    bool is_for_all_applications;
    bool has_origin;
    int32_t origin;
    bool needs_no_user;      /* noAuthRequired: anybody at the device may use the key */
    bool needs_user;         /* userAuthType: the key needs an authentication of the user */
    uint64_t user_time_s;    /* authTimeout: how long it counts; 0: for one use */
    bool is_allowed_on_body; /* it counts as long as the device is carried */
    bool has_root_of_trust, is_locked;
    int32_t boot_state;
    struct tg_bytes application_id; /* content of its OCTET STRING; empty when it is not there */
};

struct tg_key_description { /* the views are valid as long as the certificate */
    int32_t version;
    int32_t level; /* 0 software, 1 TEE, 2 StrongBox */
    int32_t keymaster_version;
    int32_t keymaster_level;
    struct tg_bytes challenge;
    struct tg_key_authorizations software, tee;
};

/* TG_E_NOTFOUND: the certificate has no such extension. TG_E_SYNTAX: it is malformed, or the tags
   of a list do not ascend. */
TG_NODISCARD enum tg_err tg_key_description_read(struct tg_key_description *out,
                                                 const struct tg_cert *cert);
bool tg_key_description_is_in(const struct tg_cert *cert);

/* The packages of an attestationApplicationId, one after the other. next is false at the end and
   when it is malformed. */
struct tg_key_packages {
    struct tg_bytes names;   /* rest of the SET */
    struct tg_bytes signers; /* the SET of SHA-256 digests, the same for all */
    size_t count;
    bool is_bad;
};
struct tg_key_packages tg_key_packages_begin(struct tg_bytes application_id);
bool tg_key_packages_next(struct tg_bytes *name, struct tg_key_packages *packages);
bool tg_key_packages_are_signed_by(const struct tg_key_packages *packages, struct tg_bytes signer);

#endif
