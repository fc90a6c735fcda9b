/* SPDX-License-Identifier: Apache-2.0 */
/* Saved state of a host: the secret and the mailbox, inside a frame (client/saved_frame.h). */
#include "direct/host.h"

#include "base/mem.h"
#include "base/reader.h"
#include "client/saved_frame.h"
#include "client/text.h"
#include "direct/common.h"
#include "mailbox/record.h"

static const struct tg_saved_frame frame = {
    .magic = UINT32_C(0x54474448), /* "TGDH" */
    .version = 1,
    .max = 192u * 1024u,
    .owner = "a direct sender",
};

enum tigress_error tigress_direct_host_save(struct tigress_direct_host *host, unsigned char **out,
                                            size_t *len)
{
    struct tg_buf bytes;
    char *text = NULL;
    enum tg_err err = TG_E_BUG;

    if (host == NULL || out == NULL || len == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_buf_init(&bytes, frame.max);
    tg_saved_frame_begin(&bytes, &frame);
    tg_buf_append_u8(&bytes, (uint8_t)host->secret.len);
    tg_buf_append(&bytes, tg_secret_view(&host->secret));
    tg_direct_mailbox_put(&bytes, &host->mailbox);
    TG_TRY(tg_saved_frame_end(&bytes));
    TG_TRY(tg_text_take(&bytes, &text, len));
    *out = (unsigned char *)text;
    host->is_changed = false;
out:
    tg_buf_deinit(&bytes);
    return tg_direct_error(err);
}

static enum tg_err load(struct tigress_direct_host *host, struct tg_bytes saved)
{
    struct tg_reader r = tg_reader_init(saved);
    struct tg_mailbox box;
    enum tg_err err = TG_E_BUG;
    size_t secret_len = 0;

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
    struct tg_bytes saved = { NULL, 0 };
    struct tg_fault fault = { "" };
    struct tigress_direct_host *host = NULL;
    enum tg_err err = TG_E_BUG;

    tg_text_copy(why, why_cap, "");
    if (out == NULL || (data == NULL && len > 0)) {
        return TIGRESS_E_ARGUMENT;
    }
    TG_TRY(tg_saved_frame_open(&saved, tg_bytes(data, len), &frame, &fault));
    tg_direct_follow_allocator();
    host = tg_mem_calloc(1, sizeof(*host));
    TG_REQUIRE(host != NULL, TG_E_NOMEM);
    err = load(host, saved);
    if (err != TG_OK) {
        tg_fault_set(&fault, "the saved state is inconsistent");
        goto out;
    }
    *out = host;
    host = NULL;
out:
    tigress_direct_host_free(&host);
    tg_text_copy(why, why_cap, err == TG_E_NOMEM ? "" : fault.text);
    return err == TG_OK || err == TG_E_NOMEM ? tg_direct_error(err) : TIGRESS_E_SAVED_STATE;
}
