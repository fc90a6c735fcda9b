/* SPDX-License-Identifier: Apache-2.0 */
/* A record that decodes encodes to the same bytes, and every call can be applied to it. */
#include "mailbox/record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void try_calls(const struct tg_mailbox *box)
{
    static const struct tg_msg_create create;
    static const struct tg_msg_update update;
    static struct tg_mailbox copy;

    for (int call = 0; call < (int)TG_CALL_COUNT; call++) {
        struct tg_mailbox_command cmd = { .call = (enum tg_mailbox_call)call,
                                          .claim_presence = TG_PRESENT,
                                          .claim = box->recipient.claim,
                                          .has_request_id = true,
                                          .may_bind = true,
                                          .end_note = TG_LIT("note"),
                                          .create = &create,
                                          .update = &update };
        struct tg_mailbox_result result;
        struct tg_buf out;

        copy = *box;
        tg_mailbox_apply(&copy, true, &cmd, tg_moment_sure(1893456000), &result);
        if (result.effects & TG_EFFECT_STORE) {
            tg_buf_init(&out, 2 * TG_RECORD_MAX);
            if (tg_record_encode(&out, &copy) != TG_OK) {
                abort();
            }
            tg_buf_deinit(&out);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct tg_mailbox box;
    struct tg_buf out;

    if (len > TG_RECORD_MAX || tg_record_decode(&box, tg_bytes(data, len)) != TG_OK) {
        return 0;
    }
    tg_buf_init(&out, TG_RECORD_MAX);
    if (tg_record_encode(&out, &box) != TG_OK ||
        !tg_bytes_is_equal(tg_buf_view(&out), tg_bytes(data, len))) {
        abort();
    }
    tg_buf_deinit(&out);
    if (box.version < UINT64_MAX) {
        try_calls(&box);
    }
    return 0;
}
