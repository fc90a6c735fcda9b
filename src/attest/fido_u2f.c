/* SPDX-License-Identifier: Apache-2.0 */
/* Format fido-u2f, of first-generation security keys. spec: WebAuthn section 8.6. */
#include "attest/format.h"
#include "attest/signature.h"

#define MESSAGE_MAX 2048u

static enum tg_attest_step check_keys(struct tg_attest_case *c)
{
    if (c->cert_count != 1) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT,
                                "attStmt.x5c: expected exactly one certificate");
    }
    if (c->certs[0].key_kind != TG_KEY_P256 || c->auth.key.kind != TG_KEY_P256) {
        return tg_format_refuse(c, TG_ATTEST_STEP_FORMAT, "expected keys on P-256");
    }
    c->alg = TG_COSE_ES256; /* the format allows no other and does not name it */
    return tg_format_sig_form(c);
}

static enum tg_attest_step check_signature(struct tg_attest_case *c)
{
    enum tg_attest_step step = TG_ATTEST_STEP_INTERNAL;
    struct tg_buf message;

    tg_buf_init(&message, MESSAGE_MAX);
    tg_buf_append_u8(&message, 0);
    tg_buf_append(&message, c->auth.rp_id_hash);
    tg_buf_append(&message, c->client_data_hash);
    tg_buf_append(&message, c->auth.credential_id);
    tg_buf_append(&message, tg_cose_key_point(&c->auth.key));
    if (tg_buf_status(&message) == TG_OK) {
        step = tg_signature_verify(tg_attest_chain_leaf_key(&c->chain), c->alg,
                                   tg_buf_view(&message), c->sig, c->fault);
    }
    tg_buf_deinit(&message);
    return step;
}

static tg_attest_check_fn *const checks[] = {
    tg_format_read_sig,     tg_format_read_x5c, check_keys,
    tg_format_user_present, tg_format_rp_id,    tg_format_aaguid,
    tg_format_chain,        check_signature,    NULL
};

const struct tg_attest_row tg_attest_row_fido_u2f = { .name = "fido-u2f",
                                                      .needs_roots = true,
                                                      .checks = checks };
