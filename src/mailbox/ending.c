/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/ending.h"

#include "base/mem.h"

/* The types say what the relay knows, which is who deleted the mailbox.
   spec: protocol/1#problem-names-the-end */
struct tg_ending tg_ending_of(enum tg_mailbox_state of)
{
    static const struct tg_ending endings[] = {
        [TG_MAILBOX_LIVE] = { "expired", "This mailbox has expired." },
        [TG_MAILBOX_ENDED_BY_INITIATOR] = { "ended-by-initiator",
                                            "The initiator has ended this mailbox." },
        [TG_MAILBOX_ENDED_BY_RECIPIENT] = { "ended-by-recipient",
                                            "The recipient has ended this mailbox." },
    };

    return endings[of];
}

enum tg_recipient tg_ending_recipient(const struct tg_mailbox *box)
{
    return box->recipient.is_bound || box->relinquished_count > 0 || box->was_returned
               ? TG_RECIPIENT_BOUND
               : TG_RECIPIENT_NONE;
}

/* It has the expiration, the two claims, how the mailbox ended, whether a recipient was bound, and
   the note. spec: protocol/3#tombstone */
void tg_ending_bury(struct tg_mailbox *box, enum tg_mailbox_state by, struct tg_bytes note)
{
    *box = (struct tg_mailbox){
        .state = by,
        .version = box->version,
        .expires_s = box->expires_s,
        .initiator = { .is_bound = true, .claim = box->initiator.claim },
        .recipient = { .is_bound = box->recipient.is_bound, .claim = box->recipient.claim },
        .was_returned = !box->recipient.is_bound && box->relinquished_count > 0,
        .end_note = note,
    };
}

static const struct tg_mailbox_side *ended_by(const struct tg_mailbox *box)
{
    return box->state == TG_MAILBOX_ENDED_BY_INITIATOR ? &box->initiator : &box->recipient;
}

/* spec: protocol/3#end-note-for-the-other-device */
struct tg_bytes tg_ending_note_for(const struct tg_mailbox *box,
                                   const struct tg_mailbox_side *reader)
{
    bool is_for = box->state != TG_MAILBOX_LIVE && reader != NULL && reader != ended_by(box);

    return is_for ? box->end_note : tg_bytes(NULL, 0);
}

/* spec: protocol/3#end-note-repeated */
bool tg_ending_is_repeated(const struct tg_mailbox *box, const struct tg_mailbox_side *caller,
                           const struct tg_mailbox_command *cmd)
{
    return box->state != TG_MAILBOX_LIVE && caller == ended_by(box) &&
           cmd->call == TG_CALL_DELETE && cmd->fault_status == 0 && cmd->end_note.len > 0 &&
           tg_ct_equal(cmd->end_note, box->end_note);
}
