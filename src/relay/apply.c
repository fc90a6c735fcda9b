/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/apply.h"

#include "relay/outbox_entry.h"
#include "relay/standing_case.h"

enum tg_err tg_apply_record(struct tg_exchange *ex, const struct tg_store_record *record)
{
    enum tg_err err = TG_E_BUG;

    tg_buf_clear(&ex->plain);
    if (record != NULL) {
        TG_TRY(tg_seal_record_open(&ex->plain, ex->relay->keyring, &ex->mailbox, &ex->record_key,
                                   &ex->key, record));
        TG_TRY(tg_record_decode(&ex->box, tg_buf_view(&ex->plain)));
    }
    tg_mailbox_apply(&ex->box, record != NULL, &ex->cmd, ex->now, &ex->result);
    err = TG_OK;
out:
    /* An unreadable record is not the client's mistake: 503, not 404 or 400. */
    return err == TG_OK || err == TG_E_NOMEM ? err : TG_E_CRYPTO;
}

/* The store's version counts every write; the mailbox's version counts updates. A store that
   compares versions must see a bind, too. */
static enum tg_err seal_record(struct tg_exchange *ex, const struct tg_store_record *old,
                               struct tg_store_record *next)
{
    enum tg_err err = TG_E_BUG;
    uint64_t version = old == NULL ? 1 : old->version + 1;

    tg_buf_clear(&ex->fresh);
    tg_buf_clear(&ex->sealed);
    TG_TRY(tg_record_encode(&ex->fresh, &ex->box));
    TG_TRY(tg_seal_record(&ex->sealed, &ex->record_key, &ex->key, version, ex->box.expires_s,
                          tg_buf_view(&ex->fresh), ex->relay->rng));
    *next = (struct tg_store_record){ .version = version,
                                      .class = ex->box.state == TG_MAILBOX_LIVE ? TG_STORE_LIVE
                                                                                : TG_STORE_ENDED,
                                      .expires_s = ex->box.expires_s,
                                      .sealed = tg_buf_view(&ex->sealed) };
    err = TG_OK;
out:
    return err;
}

/* spec: protocol/4#token-good-again */
static void add_unblock(struct tg_exchange *ex, struct tg_store_next *next)
{
    struct tg_outbox_note note = { .ask = TG_OUTBOX_UNBLOCK };

    if (ex->result.new_token.is_present &&
        tg_outbox_entry_key(&note.key, ex->relay->keyring, &ex->result.new_token) == TG_OK) {
        next->notes[next->note_count++] = note;
        ex->left_key = note.key;
        ex->has_left_good_token = true;
    }
}

/* spec: protocol/4#other-side-pushed, protocol/4#push-until-expiration */
static void add_notification(struct tg_exchange *ex, struct tg_store_next *next)
{
    const struct tg_keyring *keyring = ex->relay->keyring;
    struct tg_outbox_note note = { .ask = TG_OUTBOX_NOTIFY,
                                   .due_s = ex->now.low_s,
                                   .expires_s = ex->box.expires_s };

    tg_buf_clear(&ex->push_entry);
    if (!ex->result.notify_token.is_present ||
        tg_outbox_entry_key(&note.key, keyring, &ex->result.notify_token) != TG_OK ||
        tg_outbox_entry_seal(&ex->push_entry, keyring, &note.key, &ex->result.notify_token,
                             ex->relay->rng) != TG_OK) {
        return;
    }
    note.sealed = tg_buf_view(&ex->push_entry);
    next->notes[next->note_count++] = note;
    ex->has_queued_push = true;
}

static enum tg_store_verdict change(struct tg_exchange *ex, const struct tg_store_record *old,
                                    struct tg_store_next *next)
{
    bool must_store = false;

    ex->has_queued_push = false;
    ex->has_left_good_token = false;
    ex->change_err = tg_apply_record(ex, old);
    must_store = ex->change_err == TG_OK && (ex->result.effects & TG_EFFECT_STORE) != 0;
    if (must_store) {
        /* Fail closed: when the rules were tried before, this change stored nothing, so no proof
           was verified. If it would store something now, it is refused. */
        ex->change_err =
            tg_standing_is_cleared(ex) ? seal_record(ex, old, &next->record) : TG_E_STORE;
    }
    if (!must_store || ex->change_err != TG_OK) {
        return TG_STORE_KEEP;
    }
    next->mark_s = ex->now.low_s;
    /* A push that cannot be queued fails no change. spec: protocol/4#push-never-fails-request */
    add_unblock(ex, next);
    add_notification(ex, next);
    return TG_STORE_PUT;
}

enum tg_store_verdict tg_apply_change(void *ctx, const struct tg_store_record *old,
                                      struct tg_store_next *next)
{
    struct tg_exchange *ex = ctx;
    struct tg_mem_owner *before = tg_mem_enter_of(ex);
    enum tg_store_verdict verdict = change(ex, old, next);

    (void)tg_mem_enter(before);
    return verdict;
}
