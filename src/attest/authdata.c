/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/authdata.h"

#include "base/reader.h"

#define RP_ID_HASH_LEN 32u

static enum tg_err read_key(struct tg_cose_key *out, struct tg_reader *in, struct tg_fault *fault)
{
    struct tg_cbor *doc = NULL;
    size_t len = 0;
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_cbor_measure(&len, in->rest));
    TG_TRY(tg_cbor_decode(&doc, tg_reader_bytes(in, len)));
    TG_TRY(tg_cose_key_read(out, tg_cbor_root(doc)));
out:
    if (err != TG_OK && err != TG_E_NOMEM) {
        tg_fault_set(fault, "authData: expected a COSE key of a known type after the credential");
    }
    tg_cbor_free(&doc);
    return err;
}

static enum tg_err read_tail(struct tg_bytes rest, unsigned flags, enum tg_authdata_tail tail,
                             struct tg_fault *fault)
{
    bool is_flagged = (flags & TG_AUTHDATA_ED) != 0;
    struct tg_cbor *doc = NULL;
    size_t count = 0;
    enum tg_err err = TG_OK;

    if (rest.len == 0 && !is_flagged) {
        return TG_OK;
    }
    TG_REQUIRE(is_flagged || tail == TG_AUTHDATA_TAIL_FREE, TG_E_SYNTAX);
    TG_TRY(tg_cbor_decode(&doc, rest));
    TG_REQUIRE(tg_cbor_get_map(&count, tg_cbor_root(doc)), TG_E_SYNTAX);
out:
    if (err != TG_OK && err != TG_E_NOMEM) {
        tg_fault_set(fault, "authData: expected one map of extensions at the end, or nothing");
    }
    tg_cbor_free(&doc);
    return err;
}

static enum tg_err read_flags(struct tg_authdata *out, struct tg_fault *fault)
{
    if ((out->flags & TG_AUTHDATA_AT) == 0) {
        tg_fault_set(fault, "authData: expected an attested credential");
        return TG_E_SYNTAX;
    }
    if ((out->flags & TG_AUTHDATA_BS) != 0 && (out->flags & TG_AUTHDATA_BE) == 0) {
        tg_fault_set(fault, "authData: the credential is backed up but not eligible for backup");
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

enum tg_err tg_authdata_read(struct tg_authdata *out, struct tg_bytes raw,
                             enum tg_authdata_tail tail, struct tg_fault *fault)
{
    struct tg_reader in = tg_reader_init(raw);
    size_t id_len = 0;
    enum tg_err err = TG_E_BUG;

    out->raw = raw;
    out->rp_id_hash = tg_reader_bytes(&in, RP_ID_HASH_LEN);
    out->flags = tg_reader_u8(&in);
    out->sign_count = tg_reader_u32(&in);
    TG_REQUIRE(!in.is_short, TG_E_SYNTAX);
    TG_TRY(read_flags(out, fault));
    out->aaguid = tg_reader_bytes(&in, TG_AUTHDATA_AAGUID_LEN);
    id_len = tg_reader_u16(&in);
    TG_REQUIRE(id_len <= TG_AUTHDATA_CREDENTIAL_ID_MAX, TG_E_LIMIT);
    out->credential_id = tg_reader_bytes(&in, id_len);
    TG_REQUIRE(!in.is_short, TG_E_SYNTAX);
    TG_TRY(read_key(&out->key, &in, fault));
    TG_TRY(read_tail(in.rest, out->flags, tail, fault));
out:
    if (err != TG_OK && err != TG_E_NOMEM) {
        tg_fault_set(fault, "authData: expected 37 bytes, a credential and its key");
    }
    return err;
}
