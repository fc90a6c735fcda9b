/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest/cert.h - views of the parts of an X.509 certificate that formats have rules for.
 * Layer: L2.      Threads: any.      Blocks: no.      Secrets: none.      spec: RFC 5280 section 4.
 *
 * They are read without OpenSSL, so that a certificate that breaks a rule is refused cheaply.
 * OpenSSL reads the same bytes again for the chain (attest/chain.h).
 */
#ifndef TG_ATTEST_CERT_H
#define TG_ATTEST_CERT_H

#include "attest/cose.h"

#define TG_CERT_EXTENSIONS_MAX 32u
#define TG_CERT_NAME_PARTS_MAX 32u
#define TG_CERT_V3 3

struct tg_cert { /* the views are valid as long as the bytes it was read from */
    struct tg_bytes der;
    int version;             /* 1, 2 or 3 */
    struct tg_bytes serial;  /* without leading zeros */
    struct tg_bytes issuer;  /* content of the Name */
    struct tg_bytes subject; /* content of the Name: empty when it has no part */
    struct tg_bytes spki;
    enum tg_key_kind key_kind;
    struct tg_bytes extensions; /* content of the SEQUENCE OF, empty when there are none */
};

/* TG_E_SYNTAX: not a certificate in DER, or an extension occurs twice. TG_E_UNSUPPORTED: a key of a
   kind that tg_spki_kind() does not know. */
TG_NODISCARD enum tg_err tg_cert_read(struct tg_cert *out, struct tg_bytes der);

struct tg_cert_extension {
    bool is_critical;
    struct tg_bytes value; /* content of its OCTET STRING */
};

/* Finds an extension by the content of its OID. False: there is none. */
bool tg_cert_extension(struct tg_cert_extension *out, const struct tg_cert *cert,
                       struct tg_bytes oid);

/* The text of the only name part with this OID, in any string type. False: there is none, or there
   are several. */
bool tg_cert_subject_part(struct tg_bytes *text, const struct tg_cert *cert, struct tg_bytes oid);
/* The same for the content of any Name. */
bool tg_cert_name_part(struct tg_bytes *text, struct tg_bytes name, struct tg_bytes oid);

/* Whether the certificate has basic constraints that state that it is not an authority. */
bool tg_cert_is_no_authority(const struct tg_cert *cert);

#endif
