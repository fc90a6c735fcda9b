/* SPDX-License-Identifier: Apache-2.0 */
/* Includes nothing of an exchange: a run cannot touch one. */
#include "relay/change.h"

#include "base/mem.h"
#include "base/mem_owner.h"
#include "relay/outbox_entry.h"

/* ---- memory --------------------------------------------------------------------------------- */

static enum tg_err need_contents(struct tg_change *change)
{
    struct tg_change_contents *c = change->contents;

    if (c != NULL) {
        return TG_OK;
    }
    c = tg_mem_calloc(1, sizeof(*c));
    if (c == NULL) {
        return TG_E_NOMEM;
    }
    tg_buf_init(&c->end_note, TG_END_NOTE_MAX);
    tg_buf_init(&c->plain, TG_RECORD_MAX);
    tg_buf_init(&c->fresh, TG_RECORD_MAX);
    tg_buf_init(&c->sealed, TG_STORE_VALUE_MAX);
    tg_buf_init(&c->push_entry, TG_OUTBOX_SEALED_MAX);
    change->contents = c;
    return TG_OK;
}

struct tg_change *tg_change_new(const struct tg_keyring *keyring, const struct tg_rng *rng)
{
    struct tg_change *change = tg_mem_calloc(1, sizeof(*change));

    if (change != NULL && need_contents(change) != TG_OK) {
        tg_mem_free(change);
        change = NULL;
    }
    if (change != NULL) {
        change->keyring = keyring;
        change->rng = rng;
    }
    return change;
}

void tg_change_drop_contents(struct tg_change *change)
{
    struct tg_change_contents *c = change->contents;

    if (c == NULL) {
        return;
    }
    change->cmd.fault = NULL;
    change->cmd.claim_fault = NULL;
    change->cmd.create = NULL;
    change->cmd.update = NULL;
    change->cmd.end_note = tg_bytes(NULL, 0);
    change->cmd.token = (struct tg_notification_token){ .is_present = false };
    tg_json_free(&c->doc);
    tg_buf_deinit(&c->end_note);
    tg_buf_deinit(&c->plain);
    tg_buf_deinit(&c->fresh);
    tg_buf_deinit(&c->sealed);
    tg_buf_deinit(&c->push_entry);
    tg_mem_free_secret(c, sizeof(*c));
    change->contents = NULL;
}

void tg_change_free(struct tg_change **change)
{
    if (*change != NULL) {
        tg_change_drop_contents(*change);
        tg_mem_free_secret(*change, sizeof(**change));
        *change = NULL;
    }
}

/* ---- a run ---------------------------------------------------------------------------------- */

static void start_over(struct tg_change_contents *c)
{
    tg_buf_clear(&c->plain);
    tg_buf_clear(&c->fresh);
    tg_buf_clear(&c->sealed);
    tg_buf_clear(&c->push_entry);
    tg_mem_wipe(&c->box, sizeof(c->box));
    tg_mem_wipe(&c->result, sizeof(c->result));
    c->err = TG_E_BUG;
    c->has_queued_push = false;
    c->has_left_good_token = false;
}

enum tg_err tg_change_apply(struct tg_change *change, const struct tg_store_record *record)
{
    struct tg_change_contents *c = NULL;
    enum tg_err err = TG_E_BUG;

    TG_TRY(need_contents(change));
    c = change->contents;
    start_over(c);
    if (record != NULL) {
        TG_TRY(tg_seal_record_open(&c->plain, change->keyring, &change->mailbox,
                                   &change->record_key, &change->key, record));
        TG_TRY(tg_record_decode(&c->box, tg_buf_view(&c->plain)));
    }
    tg_mailbox_apply(&c->box, record != NULL, &change->cmd, change->now, &c->result);
    err = TG_OK;
out:
    /* An unreadable record is not the client's mistake: 503, not 404 or 400. */
    return err == TG_OK || err == TG_E_NOMEM ? err : TG_E_CRYPTO;
}

/* The store's version counts every write; the mailbox's version counts updates. A store that
   compares versions must see a bind, too. */
static enum tg_err seal_record(struct tg_change *change, const struct tg_store_record *old,
                               struct tg_store_record *next)
{
    struct tg_change_contents *c = change->contents;
    enum tg_err err = TG_E_BUG;
    uint64_t version = old == NULL ? 1 : old->version + 1;

    TG_TRY(tg_record_encode(&c->fresh, &c->box));
    TG_TRY(tg_seal_record(&c->sealed, &change->record_key, &change->key, version, c->box.expires_s,
                          tg_buf_view(&c->fresh), change->rng));
    *next = (struct tg_store_record){ .version = version,
                                      .class = c->box.state == TG_MAILBOX_LIVE ? TG_STORE_LIVE
                                                                               : TG_STORE_ENDED,
                                      .expires_s = c->box.expires_s,
                                      .sealed = tg_buf_view(&c->sealed) };
    err = TG_OK;
out:
    return err;
}

/* spec: protocol/4#token-good-again */
static void add_unblock(struct tg_change *change, struct tg_store_next *next)
{
    struct tg_change_contents *c = change->contents;
    struct tg_outbox_note note = { .ask = TG_OUTBOX_UNBLOCK };

    if (c->result.new_token.is_present &&
        tg_outbox_entry_key(&note.key, change->keyring, &c->result.new_token) == TG_OK) {
        next->notes[next->note_count++] = note;
        c->left_key = note.key;
        c->has_left_good_token = true;
    }
}

/* spec: protocol/4#other-side-pushed, protocol/4#push-until-expiration */
static void add_notification(struct tg_change *change, struct tg_store_next *next)
{
    struct tg_change_contents *c = change->contents;
    struct tg_outbox_note note = { .ask = TG_OUTBOX_NOTIFY,
                                   .due_s = change->now.low_s,
                                   .expires_s = c->box.expires_s };

    if (!c->result.notify_token.is_present ||
        tg_outbox_entry_key(&note.key, change->keyring, &c->result.notify_token) != TG_OK ||
        tg_outbox_entry_seal(&c->push_entry, change->keyring, &note.key, &c->result.notify_token,
                             change->rng) != TG_OK) {
        return;
    }
    note.sealed = tg_buf_view(&c->push_entry);
    next->notes[next->note_count++] = note;
    c->has_queued_push = true;
}

static enum tg_store_verdict run(struct tg_change *change, const struct tg_store_record *old,
                                 struct tg_store_next *next)
{
    struct tg_change_contents *c = change->contents;
    enum tg_err err = tg_change_apply(change, old);
    bool must_store = err == TG_OK && (c->result.effects & TG_EFFECT_STORE) != 0;

    if (must_store) {
        /* Fail closed: when the rules were tried before, this change stored nothing, so no proof
           was verified. If it would store something now, it is refused. */
        err = change->is_cleared ? seal_record(change, old, &next->record) : TG_E_STORE;
    }
    c->err = err;
    if (!must_store || err != TG_OK) {
        return TG_STORE_KEEP;
    }
    next->mark_s = change->now.low_s;
    /* A push that cannot be queued fails no change. spec: protocol/4#push-never-fails-request */
    add_unblock(change, next);
    add_notification(change, next);
    return TG_STORE_PUT;
}

enum tg_store_verdict tg_change_run(void *ctx, const struct tg_store_record *old,
                                    struct tg_store_next *next)
{
    struct tg_mem_owner *before = tg_mem_enter_of(ctx);
    enum tg_store_verdict verdict = run(ctx, old, next);

    (void)tg_mem_enter(before);
    return verdict;
}
