/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/exchange.h"

#include "base/mem.h"
#include "relay/standing_case.h"

void tg_exchange_drop_contents(struct tg_exchange *ex)
{
    tg_json_free(&ex->doc);
    tg_buf_deinit(&ex->end_note);
    tg_buf_deinit(&ex->plain);
    tg_buf_deinit(&ex->fresh);
    tg_buf_deinit(&ex->sealed);
    tg_buf_deinit(&ex->push_entry);
    tg_mem_wipe(&ex->box, sizeof(ex->box));
    tg_mem_wipe(&ex->create, sizeof(ex->create));
    tg_mem_wipe(&ex->update, sizeof(ex->update));
    ex->cmd.token = (struct tg_notification_token){ .is_present = false };
}

void tg_exchange_hold(struct tg_exchange *ex)
{
    if (ex->hold_count++ == 0) {
        ex->owner_before = tg_mem_enter_of(ex);
    }
}

bool tg_exchange_release(struct tg_exchange *ex)
{
    bool is_alive = !ex->is_ended;

    if (--ex->hold_count == 0) {
        (void)tg_mem_enter(ex->owner_before);
    }
    if (ex->is_ended && ex->hold_count == 0 && ex->pending_count == 0) {
        tg_exchange_drop_contents(ex);
        tg_standing_case_free(&ex->standing);
        tg_mem_free_secret(ex, sizeof(*ex));
    }
    return is_alive;
}
