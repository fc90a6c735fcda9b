/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ending.h"

#include "base/mem.h"
#include "client/pake.h"
#include "client/text.h"
#include "wire/envelope.h"
#include "wire/problem.h"

#include <string.h>

static enum tg_envelope2_role wire_role(enum tigress_role role)
{
    return role == TIGRESS_INITIATOR ? TG_ENVELOPE2_INITIATOR : TG_ENVELOPE2_RECIPIENT;
}

static enum tigress_role peer_of(const struct tigress_session *s)
{
    return s->role == TIGRESS_INITIATOR ? TIGRESS_RECIPIENT : TIGRESS_INITIATOR;
}

/* ---- history -------------------------------------------------------------------------------- */

/* The initiator's messages have odd numbers. Number of the last one of role. */
static uint64_t last_of(uint64_t count, enum tigress_role role)
{
    bool is_odd = count % 2 == 1;

    return count == 0 || is_odd == (role == TIGRESS_INITIATOR) ? count : count - 1;
}

/* spec: protocol/7#end-note-history */
enum tg_err tg_ending_next(struct tg_session_history *next, const struct tigress_session *s,
                           enum tigress_role sender, struct tg_bytes data)
{
    const struct tg_payload payload = { .type = tg_envelope_type(&s->url.secret), .data = data };
    struct tg_session_history h = s->history;
    uint8_t digest[TG_SHA256_LEN] = { 0 };
    enum tg_err err = TG_E_BUG;

    if (h.is_unknown || last_of(h.count + 1, sender) != h.count + 1) {
        h.is_unknown = true;
        *next = h;
        return TG_OK;
    }
    if (h.count == 0) {
        TG_TRY(tg_envelope2_transcript_begin(h.last, &s->url.mailbox));
    }
    memcpy(h.before, h.last, sizeof(h.before));
    TG_TRY(tg_envelope2_digest(digest, &payload));
    TG_TRY(tg_envelope2_transcript_add(h.last, h.before, wire_role(sender), h.count + 1, digest));
    h.count++;
    *next = h;
out:
    return err;
}

/* ---- our note ------------------------------------------------------------------------------- */

/* spec: protocol/7#end-note-base-key
   Does the maker know that the other side has its key of envelope v2? */
static bool is_under_v2(const struct tigress_session *s, enum tigress_role maker, uint64_t received)
{
    return s->chain.stage == TG_CHAIN_V2 && received >= (maker == TIGRESS_INITIATOR ? 2u : 3u);
}

static const struct tg_secret *key_in(const struct tg_envelope2_keys *keys, enum tigress_role maker)
{
    return maker == TIGRESS_INITIATOR ? &keys->to_recipient : &keys->to_initiator;
}

static const struct tg_secret *base_of(const struct tigress_session *s, enum tigress_role maker,
                                       bool is_v2)
{
    return is_v2 ? key_in(&s->chain.keys, maker) : &s->url.secret;
}

/* spec: protocol/7#envelope-v2-end */
static bool must_prove(const struct tigress_session *s)
{
    return s->v2.is_required || s->chain.is_bare;
}

bool tg_ending_may_complete(const struct tigress_session *s)
{
    bool is_proved =
        !must_prove(s) || is_under_v2(s, s->role, last_of(s->history.count, peer_of(s)));

    return tg_pake_is_settled(s) && is_proved;
}

/* spec: protocol/7#end-note-made-once */
static enum tg_err make_note(struct tg_buf *out, const struct tigress_session *s,
                             enum tg_end_note_end decided)
{
    const struct tg_session_history *h = &s->history;
    struct tg_end_note note = { .end = decided,
                                .sent = last_of(h->count, s->role),
                                .received = last_of(h->count, peer_of(s)) };
    bool is_v2 = is_under_v2(s, s->role, note.received);
    enum tg_err err = TG_E_BUG;

    if (h->is_unknown || s->url.secret.len == 0 || !s->mailbox.is_known) {
        return TG_OK;
    }
    memcpy(note.transcript, h->last, sizeof(note.transcript));
    if (h->count == 0) {
        TG_TRY(tg_envelope2_transcript_begin(note.transcript, &s->url.mailbox));
    }
    TG_TRY(tg_end_note_seal(out, base_of(s, s->role, is_v2), &s->url.mailbox, wire_role(s->role),
                            &note, &s->rng));
    (void)tg_buf_cstr(out);
    err = tg_buf_status(out);
out:
    return err;
}

enum tg_err tg_ending_begin(struct tigress_session *s, enum tg_end_note_end decided)
{
    struct tg_buf note;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&note, s->ending.note.max);
    TG_TRY(make_note(&note, s, decided));
    TG_TRY(tg_session_enter_change(s, TG_S_DELETE));
    tg_buf_deinit(&s->ending.note);
    s->ending.note = note;
    s->ending.decided = decided;
    return TG_OK;
out:
    tg_buf_deinit(&note);
    return err;
}

enum tigress_opened tg_ending_opened(enum tg_recipient recipient)
{
    switch (recipient) {
    case TG_RECIPIENT_UNKNOWN:
        break;
    case TG_RECIPIENT_NONE:
        return TIGRESS_OPENED_NO;
    case TG_RECIPIENT_BOUND:
        return TIGRESS_OPENED_YES;
    }
    return TIGRESS_OPENED_UNKNOWN;
}

/* ---- our end -------------------------------------------------------------------------------- */

static void set_end(struct tigress_session *s, enum tigress_end end, enum tigress_proof proof)
{
    s->ending.end = end;
    s->ending.proof = proof;
}

static void end_ours(struct tigress_session *s)
{
    enum tigress_end end = TIGRESS_END_COMPLETED;

    if (s->ending.decided == TG_END_NOTE_DECLINED) {
        end = TIGRESS_END_DECLINED;
    } else if (s->ending.decided == TG_END_NOTE_CANCELLED) {
        /* The relay's word is not enough where we know better. */
        end = s->mailbox.opened == TIGRESS_OPENED_NO && !s->mailbox.was_opened
                  ? TIGRESS_END_WITHDRAWN
                  : TIGRESS_END_WITHDRAWN_OPENED;
    }
    set_end(s, end, TIGRESS_PROOF_OWN);
    tg_session_enter(s, TG_S_DONE);
}

void tg_ending_unsent(struct tigress_session *s, enum tg_end_note_end decided)
{
    s->ending.decided = decided;
    s->mailbox.opened = TIGRESS_OPENED_NO;
    end_ours(s);
}

void tg_ending_unconfirmed(struct tigress_session *s)
{
    set_end(s, TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE);
    tg_session_enter(s, TG_S_DONE);
}

void tg_ending_take_opened(struct tigress_session *s, enum tigress_opened opened)
{
    if (opened != TIGRESS_OPENED_UNKNOWN) {
        s->mailbox.opened = opened;
        s->mailbox.was_opened = s->mailbox.was_opened || opened == TIGRESS_OPENED_YES;
    } else if (s->mailbox.opened == TIGRESS_OPENED_NO) {
        s->mailbox.opened = TIGRESS_OPENED_UNKNOWN;
    }
}

void tg_ending_deleted(struct tigress_session *s, const struct tg_client_answer *answer)
{
    tg_ending_take_opened(s, answer->opened);
    end_ours(s);
}

/* ---- the other side's note ------------------------------------------------------------------ */

static bool may_say(enum tigress_role maker, enum tg_end_note_end end)
{
    return end == TG_END_NOTE_COMPLETED ||
           (end == TG_END_NOTE_DECLINED) == (maker == TIGRESS_RECIPIENT);
}

static bool are_numbers_possible(enum tigress_role maker, const struct tg_end_note *note)
{
    uint64_t more = note->sent > note->received ? note->sent : note->received;
    uint64_t less = note->sent > note->received ? note->received : note->sent;
    enum tigress_role other = maker == TIGRESS_INITIATOR ? TIGRESS_RECIPIENT : TIGRESS_INITIATOR;

    if (more == 0) {
        return true;
    }
    return less == more - 1 && last_of(more, note->sent == more ? maker : other) == more;
}

/* spec: protocol/7#end-note-checked
   h: our history, with the message that the other side may have although the relay has not
   confirmed it. */
static bool fits(const struct tg_session_history *h, const struct tigress_session *s,
                 const struct tg_end_note *note, const uint8_t start[TG_SHA256_LEN])
{
    uint64_t place = note->sent > note->received ? note->sent : note->received;
    struct tg_bytes said = TG_ARRAY_BYTES(note->transcript);

    if (h->is_unknown || note->received > last_of(h->count, s->role)) {
        return false; /* we have not sent it */
    }
    if (place == h->count + 1) {
        /* It sent a message that we do not have. What was to be completed is not complete. */
        return note->end != TG_END_NOTE_COMPLETED;
    }
    if (place == 0) {
        return tg_ct_equal(said, tg_bytes(start, TG_SHA256_LEN));
    }
    return (place == h->count && tg_ct_equal(said, TG_ARRAY_BYTES(h->last))) ||
           (place + 1 == h->count && tg_ct_equal(said, TG_ARRAY_BYTES(h->before)));
}

/* TG_E_CRYPTO: it does not fit. */
static enum tg_err check(const struct tigress_session *s, const struct tg_end_note *note)
{
    struct tg_session_history h = s->history;
    uint8_t start[TG_SHA256_LEN] = { 0 };
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_envelope2_transcript_begin(start, &s->url.mailbox));
    if (s->change.envelope.len > 0 && note->received == h.count + 1) {
        TG_TRY(tg_ending_next(&h, s, s->role, tg_buf_view(&s->change.envelope)));
    }
    TG_REQUIRE(may_say(peer_of(s), note->end) && are_numbers_possible(peer_of(s), note) &&
                   fits(&h, s, note, start),
               TG_E_CRYPTO);
out:
    return err;
}

static enum tg_err open_under(struct tg_end_note *note, const struct tigress_session *s,
                              const struct tg_secret *base, bool is_v2, struct tg_bytes text)
{
    enum tigress_role maker = peer_of(s);
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_end_note_open(note, base, &s->url.mailbox, wire_role(maker), text));
    TG_REQUIRE(is_under_v2(s, maker, note->received) == is_v2, TG_E_CRYPTO);
    TG_TRY(check(s, note));
out:
    return err;
}

/* Is the secret enough for what the note says? Anybody who has the link can make such a note. */
static bool may_prove_little(const struct tigress_session *s, const struct tg_end_note *note)
{
    return note->end != TG_END_NOTE_COMPLETED || !must_prove(s);
}

/* spec: protocol/7#pake-end-note
   The maker may not know yet whether the PIN was right, and then it has the key before the proof,
   or the one after it. */
static enum tg_err open_under_v2(enum tigress_proof *proof, struct tg_end_note *note,
                                 const struct tigress_session *s, struct tg_bytes text)
{
    enum tigress_role maker = peer_of(s);
    bool may_complete = tg_pake_is_settled(s);
    enum tg_err err = open_under(note, s, base_of(s, maker, true), true, text);

    if (err != TG_OK && err != TG_E_NOMEM && s->chain.pake.other.to_recipient.len > 0) {
        err = open_under(note, s, key_in(&s->chain.pake.other, maker), true, text);
        may_complete = false;
    }
    if (err == TG_OK && (may_complete || note->end != TG_END_NOTE_COMPLETED)) {
        *proof = TIGRESS_PROOF_DEVICE;
    }
    return err;
}

/* *proof is TIGRESS_PROOF_NONE if there is no note, or none to be believed. */
static enum tg_err judge(enum tigress_proof *proof, struct tg_end_note *note,
                         const struct tigress_session *s, struct tg_bytes text)
{
    enum tg_err err = TG_E_CRYPTO;

    *proof = TIGRESS_PROOF_NONE;
    if (text.len == 0 || s->history.is_unknown || s->url.secret.len == 0) {
        return TG_OK;
    }
    if (s->chain.stage == TG_CHAIN_V2) {
        err = open_under_v2(proof, note, s, text);
    }
    if (err != TG_OK && err != TG_E_NOMEM) {
        err = open_under(note, s, &s->url.secret, false, text);
        *proof =
            err == TG_OK && may_prove_little(s, note) ? TIGRESS_PROOF_LINK : TIGRESS_PROOF_NONE;
    }
    return err == TG_E_NOMEM ? err : TG_OK;
}

/* ---- the other side's end ------------------------------------------------------------------- */

/* What the relay says about a mailbox that it does not have.
   spec: protocol/3#tombstone-tells-who-ended */
struct report {
    unsigned by;      /* role; 0: nobody is named */
    bool is_old_name; /* of a relay that keeps no notes */
    bool is_expired;
};

static const struct {
    const char *slug;
    struct report report;
} reports[] = {
    { "ended-by-initiator", { .by = TIGRESS_INITIATOR } },
    { "ended-by-recipient", { .by = TIGRESS_RECIPIENT } },
    { "withdrawn", { .by = TIGRESS_INITIATOR, .is_old_name = true } },
    { "completed", { .by = TIGRESS_RECIPIENT, .is_old_name = true } },
    { "expired", { .is_expired = true } },
};

static struct report report_of(const struct tg_problem *problem)
{
    if (tg_bytes_has_prefix(problem->type, TG_LIT(TG_PROBLEM_TYPE_PREFIX))) {
        struct tg_bytes slug = tg_bytes_from(problem->type, sizeof(TG_PROBLEM_TYPE_PREFIX) - 1);

        for (size_t i = 0; i < TG_COUNT(reports); i++) {
            if (tg_bytes_is_equal(slug, tg_bytes_str(reports[i].slug))) {
                return reports[i].report;
            }
        }
    }
    return (struct report){ .by = 0 };
}

/* The end that the other side's note proves. */
static void end_by_note(struct tigress_session *s, const struct tg_end_note *note,
                        enum tigress_proof proof)
{
    switch (note->end) {
    case TG_END_NOTE_COMPLETED:
        set_end(s, TIGRESS_END_COMPLETED, proof);
        if (s->ending.decided > TG_END_NOTE_COMPLETED) {
            tg_session_fail(s, TIGRESS_E_COMPLETED,
                            "The other side had completed this transfer before it was stopped.");
        } else {
            tg_session_enter(s, TG_S_DONE);
        }
        break;
    case TG_END_NOTE_DECLINED:
        set_end(s, TIGRESS_END_DECLINED, proof);
        tg_session_fail(s, TIGRESS_E_DECLINED, NULL);
        break;
    case TG_END_NOTE_CANCELLED:
        set_end(s, TIGRESS_END_CANCELLED, proof);
        tg_session_fail(s, TIGRESS_E_WITHDRAWN, NULL);
        break;
    }
}

static void end_unproved(struct tigress_session *s, unsigned by)
{
    set_end(s, TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE);
    if (by == 0) {
        tg_session_fail(s, TIGRESS_E_GONE, NULL);
    } else if (by == (unsigned)s->role) {
        tg_session_fail(s, TIGRESS_E_UNCONFIRMED,
                        "The relay reports that this side has already ended this transfer, from "
                        "another copy of its saved state.");
    } else if (by == TIGRESS_RECIPIENT) {
        tg_session_fail(s, TIGRESS_E_UNCONFIRMED,
                        "The relay reports that a receiving device ended this transfer; nothing "
                        "proves whether it took what was shared.");
    } else {
        tg_session_fail(s, TIGRESS_E_UNCONFIRMED,
                        "The relay reports that the sender ended this transfer; nothing proves "
                        "why.");
    }
}

/* Our delete was done by an earlier attempt. A relay that keeps notes answers 201 to the same note;
   so its 404 means that another end was stored. */
static bool is_our_delete(const struct tigress_session *s, const struct report *report)
{
    return s->state == TG_S_DELETE && report->by == (unsigned)s->role &&
           (report->is_old_name || s->ending.note.len == 0);
}

/* spec: protocol/7#end-proved */
static enum tg_err conclude(struct tigress_session *s, const struct tg_problem *problem)
{
    struct report report = report_of(problem);
    struct tg_end_note note = { .sent = 0 };
    enum tigress_proof proof = TIGRESS_PROOF_NONE;
    enum tg_err err = TG_OK;

    if (report.by == (unsigned)peer_of(s)) {
        TG_TRY(judge(&proof, &note, s, problem->end_note));
    }
    tg_ending_take_opened(s, tg_ending_opened(problem->recipient));
    if (proof != TIGRESS_PROOF_NONE) {
        end_by_note(s, &note, proof);
    } else if (is_our_delete(s, &report)) {
        end_ours(s);
    } else if (report.is_expired) {
        set_end(s, TIGRESS_END_EXPIRED, TIGRESS_PROOF_NONE);
        tg_session_fail(s, TIGRESS_E_EXPIRED, NULL);
    } else {
        end_unproved(s, report.by);
    }
out:
    tg_mem_wipe(&note, sizeof(note));
    return err;
}

enum tg_err tg_ending_gone(struct tigress_session *s, const struct tg_client_answer *answer)
{
    struct tg_problem problem = { .type = { NULL, 0 } };
    struct tg_json *doc = NULL;
    enum tg_err err = tg_problem_decode(&problem, &doc, answer->body);

    if (err != TG_E_NOMEM) {
        err = conclude(s, &problem); /* a body that is no document names no end */
    }
    tg_json_free(&doc);
    return err;
}
