/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host's saved state: a magic number, a version, the secret, the mailbox, and SHA-256 over all of
 * it. The hash finds damage, as with a session's; whoever can write it can read its secrets too.
 */
#include "direct/host.h"

#include "base/mem.h"
#include "base/reader.h"
#include "client/text.h"
#include "crypto/digest.h"
#include "direct/common.h"
#include "mailbox/record.h"

#define SAVED_MAGIC UINT32_C(0x54474448) /* "TGDH" */
#define SAVED_VERSION 1u
#define SAVED_MAX (192u * 1024u)

enum tigress_error tigress_direct_host_save(struct tigress_direct_host *host, unsigned char **out,
                                            size_t *len)
{
    struct tg_buf bytes;
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    char *text = NULL;
    enum tg_err err = TG_E_BUG;

    if (host == NULL || out == NULL || len == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_buf_init(&bytes, SAVED_MAX);
    tg_buf_append_u32(&bytes, SAVED_MAGIC);
    tg_buf_append_u16(&bytes, SAVED_VERSION);
    tg_buf_append_u8(&bytes, (uint8_t)host->secret.len);
    tg_buf_append(&bytes, tg_secret_view(&host->secret));
    tg_direct_mailbox_put(&bytes, &host->mailbox);
    TG_TRY(tg_buf_status(&bytes));
    TG_TRY(tg_sha256(hash, tg_buf_view(&bytes)));
    tg_buf_append(&bytes, TG_ARRAY_BYTES(hash));
    TG_TRY(tg_buf_status(&bytes));
    TG_TRY(tg_text_take(&bytes, &text, len));
    *out = (unsigned char *)text;
    host->is_changed = false;
out:
    tg_buf_deinit(&bytes);
    return tg_direct_error(err);
}

static enum tg_err check_frame(struct tg_bytes data, struct tg_fault *fault)
{
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    struct tg_reader r = tg_reader_init(data);
    struct tg_bytes body;
    enum tg_err err = TG_E_BUG;

    if (data.len < 8 + TG_SHA256_LEN || data.len > SAVED_MAX || tg_reader_u32(&r) != SAVED_MAGIC) {
        tg_fault_set(fault, "saved state: this is none of a host, or it is cut");
        return TG_E_SYNTAX;
    }
    if (tg_reader_u16(&r) != SAVED_VERSION) {
        tg_fault_set(fault, "saved state: another version of the library wrote it");
        return TG_E_UNSUPPORTED;
    }
    body = tg_bytes_first(data, data.len - TG_SHA256_LEN);
    err = tg_sha256(hash, body);
    if (err == TG_OK && !tg_ct_equal(TG_ARRAY_BYTES(hash), tg_bytes_from(data, body.len))) {
        tg_fault_set(fault, "saved state: it is damaged or cut");
        err = TG_E_SYNTAX;
    }
    return err;
}

static enum tg_err load(struct tigress_direct_host *host, struct tg_bytes data)
{
    struct tg_reader r = tg_reader_init(tg_bytes_from(data, 6));
    struct tg_mailbox box;
    enum tg_err err = TG_E_BUG;
    size_t secret_len = 0;

    r.rest = tg_bytes_first(r.rest, r.rest.len - TG_SHA256_LEN);
    secret_len = tg_reader_u8(&r);
    TG_TRY(tg_secret_set(&host->secret, tg_reader_bytes(&r, secret_len)));
    TG_TRY(tg_direct_mailbox_get(&host->mailbox, &r));
    TG_TRY(tg_reader_finish(&r));
    if (host->mailbox.exists) {
        TG_TRY(tg_record_decode(&box, tg_buf_view(&host->mailbox.record)));
        host->has_recipient = box.recipient.is_bound;
    }
    if (host->secret.len > 0) {
        TG_REQUIRE(host->mailbox.exists, TG_E_SYNTAX);
        TG_TRY(tg_direct_key_new(&host->key, TG_DIRECT_HOST, &host->secret));
    }
    err = TG_OK;
out:
    return err;
}

enum tigress_error tigress_direct_host_resume(struct tigress_direct_host **out,
                                              const unsigned char *data, size_t len, char *why,
                                              size_t why_cap)
{
    struct tg_fault fault = { "" };
    struct tigress_direct_host *host = NULL;
    enum tg_err err = TG_E_BUG;

    tg_text_copy(why, why_cap, "");
    if (out == NULL || (data == NULL && len > 0)) {
        return TIGRESS_E_ARGUMENT;
    }
    TG_TRY(check_frame(tg_bytes(data, len), &fault));
    host = tg_mem_calloc(1, sizeof(*host));
    TG_REQUIRE(host != NULL, TG_E_NOMEM);
    err = load(host, tg_bytes(data, len));
    if (err != TG_OK) {
        tg_fault_set(&fault, "saved state: what it says fits no host");
        goto out;
    }
    *out = host;
    host = NULL;
out:
    tigress_direct_host_free(&host);
    tg_text_copy(why, why_cap, err == TG_E_NOMEM ? "" : fault.text);
    return err == TG_OK || err == TG_E_NOMEM ? tg_direct_error(err) : TIGRESS_E_SAVED_STATE;
}
