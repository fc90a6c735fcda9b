/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every rule of a mailbox. `steps` is the table of contents: each call is a row of steps, which run
 * from left to right until one of them answers. The order of a row is the order of checks of
 * docs/protocol.md section 4: mailbox (404), claim (401), headers and body (400, 413, 415), rights
 * (401), conditions (412), and then the action.
 */
#include "mailbox/mailbox.h"

#include "mailbox/ending.h"
#include "mailbox/lifetime.h"
#include "mailbox/state.h"

#include <assert.h>

enum caller { CALLER_OTHER, CALLER_INITIATOR, CALLER_RECIPIENT };

/* One application of one command: what the steps share. */
struct run {
    struct tg_mailbox *box;
    bool exists; /* there is a record; it may be expired or a tombstone */
    const struct tg_mailbox_command *cmd;
    struct tg_moment now;
    int64_t expires_s; /* of a create, once it is allowed */
    enum caller caller;
    struct tg_mailbox_side *side; /* the caller's, NULL for CALLER_OTHER */
    struct tg_mailbox_result *result;
};

enum verdict { GO_ON, ANSWERED };
typedef enum verdict step_fn(struct run *r);

/* ---- answers -------------------------------------------------------------------------------- */

static enum verdict answer_done(struct run *r, unsigned effects)
{
    r->result->outcome = TG_OUTCOME_DONE;
    r->result->status = 200;
    r->result->effects |= effects;
    r->result->version = r->box->version;
    return ANSWERED;
}

static enum verdict answer_duplicate(struct run *r, uint64_t version, bool is_push_supported)
{
    r->result->outcome = TG_OUTCOME_DUPLICATE;
    r->result->status = 201;
    r->result->version = version;
    r->result->is_push_supported = is_push_supported;
    return ANSWERED;
}

static enum verdict answer_refused(struct run *r, unsigned status, const char *detail)
{
    r->result->outcome = TG_OUTCOME_REFUSED;
    r->result->status = status;
    /* spec: protocol/1#www-authenticate */
    r->result->is_claim_challenge = status == 401;
    tg_fault_set(&r->result->fault, "%s", detail);
    return ANSWERED;
}

/* One text for every identifier without a live mailbox: a stranger cannot distinguish an unknown
   identifier from an ended mailbox. */
static enum verdict answer_not_found(struct run *r)
{
    return answer_refused(r, 404, "There is no mailbox with this identifier.");
}

/* ---- who is calling ------------------------------------------------------------------------- */

/* Both sides are always compared: the time taken does not reveal which one matched. */
static void recognise_caller(struct run *r)
{
    bool is_initiator = false, is_recipient = false;

    r->caller = CALLER_OTHER;
    r->side = NULL;
    if (!r->exists || r->cmd->claim_presence != TG_PRESENT) {
        return;
    }
    is_initiator = tg_state_is_same_claim(&r->cmd->claim, &r->box->initiator.claim);
    is_recipient = tg_state_is_same_claim(&r->cmd->claim, &r->box->recipient.claim);
    if (is_initiator && r->box->initiator.is_bound) {
        r->caller = CALLER_INITIATOR;
        r->side = &r->box->initiator;
    } else if (is_recipient && r->box->recipient.is_bound) {
        r->caller = CALLER_RECIPIENT;
        r->side = &r->box->recipient;
    }
}

/* ---- tokens --------------------------------------------------------------------------------- */

/* spec: protocol/4#push-supported */
static enum tg_can_push can_push(const struct run *r, const struct tg_notification_token *token)
{
    bool is_asked = token->is_present && r->cmd->can_push != NULL;

    return is_asked ? r->cmd->can_push(r->cmd->can_push_ctx, token, r->now.low_s) : TG_CAN_PUSH_NO;
}

/* Copies the other side's token, so it runs before an action that drops that token.
   spec: protocol/4#other-side-pushed: the outbox drops the push if AGAIN has not come true */
static void notify(struct run *r, const struct tg_mailbox_side *other)
{
    r->result->effects |= TG_EFFECT_NOTIFY;
    if (can_push(r, &other->token) != TG_CAN_PUSH_NO) {
        r->result->notify_token = other->token;
    }
}

/* spec: protocol/4#push-token-on-record, protocol/4#push-refused-token: a token left resumes */
static void report_token(struct run *r, bool is_left)
{
    enum tg_can_push can = can_push(r, &r->side->token);

    r->result->is_push_supported = can == TG_CAN_PUSH_YES || (can == TG_CAN_PUSH_AGAIN && is_left);
    if (is_left && r->result->is_push_supported) {
        r->result->new_token = r->side->token;
    }
}

static struct tg_mailbox_side *other_side(const struct run *r)
{
    return r->caller == CALLER_INITIATOR ? &r->box->recipient : &r->box->initiator;
}

/* The relay's clocks disagree about at_s. A retry is answered when they agree again.
   spec: protocol/3#clock-disputed */
static enum verdict answer_disputed(struct run *r, int64_t at_s)
{
    r->result->retry_after_s = tg_moment_retry_s(&r->now, at_s);
    return answer_refused(r, 503, TG_MAILBOX_DISPUTED);
}

/* ---- the mailbox: 404, 503 ------------------------------------------------------------------ */

/* spec: protocol/3#expiration: from that second on, even if the store still has the record */
static enum tg_when expiration(const struct run *r)
{
    return tg_moment_when(&r->now, r->box->expires_s);
}

/*
 * The mailbox existed and has ended. Its two devices and the preview page learn how it ended; only
 * the devices learn more. Another caller gets the answer to an unknown identifier.
 * spec: protocol/3#ended-told-to-bound-devices
 */
static enum verdict answer_ended(struct run *r, enum tg_mailbox_state ended)
{
    struct tg_ending ending = tg_ending_of(ended);
    bool is_device = r->caller != CALLER_OTHER && r->cmd->call != TG_CALL_PREVIEW;

    r->result->was_once_valid = true;
    r->result->ended = ended;
    if (is_device) {
        /* spec: protocol/3#end-says-whether-opened */
        r->result->recipient = tg_ending_recipient(r->box);
    } else if (r->cmd->call != TG_CALL_PREVIEW) {
        return answer_not_found(r);
    }
    if (is_device && ended != TG_MAILBOX_LIVE) {
        if (tg_ending_is_repeated(r->box, r->side, r->cmd)) {
            return answer_duplicate(r, r->box->version, false);
        }
        r->result->end_note = tg_ending_note_for(r->box, r->side);
    }
    r->result->problem = ending.problem;
    return answer_refused(r, 404, ending.detail);
}

/* spec: protocol/4#order-of-checks: the mailbox is looked at before the claim */
static enum verdict mailbox_is_there(struct run *r)
{
    enum tg_when when = r->exists ? expiration(r) : TG_WHEN_AHEAD;

    if (!r->exists) {
        return answer_not_found(r);
    }
    if (when == TG_WHEN_REACHED) {
        return answer_ended(r, TG_MAILBOX_LIVE);
    }
    /* A tombstone has ended by both times. spec: protocol/3#tombstone */
    if (r->box->state != TG_MAILBOX_LIVE) {
        return answer_ended(r, r->box->state);
    }
    return when == TG_WHEN_DISPUTED ? answer_disputed(r, r->box->expires_s) : GO_ON;
}

/* ---- the claim: 401 ------------------------------------------------------------------------- */

/* spec: protocol/2#device-claim */
static enum verdict claim_is_given(struct run *r)
{
    if (r->cmd->claim_presence == TG_PRESENT) {
        return GO_ON;
    }
    if (r->cmd->claim_fault != NULL) {
        r->result->fault = *r->cmd->claim_fault;
    }
    /* spec: protocol/2#claim-ambiguous */
    return answer_refused(r, r->cmd->is_claim_ambiguous ? 400 : 401,
                          "Mailbox-Device-Claim: expected a UUID.");
}

static enum verdict answer_wrong_claim(struct run *r)
{
    return answer_refused(r, 401,
                          "Mailbox-Device-Claim: expected the claim of one of this mailbox's two "
                          "devices.");
}

/* spec: protocol/3#two-devices */
static enum verdict caller_is_bound(struct run *r)
{
    return r->caller == CALLER_OTHER ? answer_wrong_claim(r) : GO_ON;
}

/*
 * A read by a new claim binds it where the mailbox has no recipient. A claim that has relinquished
 * the mailbox never binds again: its requests are no longer remembered, so after a late duplicate
 * of its read had bound it, a late duplicate of its update would run twice and overwrite a newer
 * message.
 * spec: protocol/3#third-device-refused, protocol/2#late-duplicate-after-relinquish
 */
static enum verdict caller_is_bound_or_new(struct run *r)
{
    bool is_place_free = !r->box->recipient.is_bound && r->cmd->may_bind;

    if (r->caller != CALLER_OTHER) {
        return GO_ON;
    }
    if (tg_state_has_relinquished(r->box, &r->cmd->claim)) {
        return answer_refused(r, 401,
                              "Mailbox-Device-Claim: this device has relinquished the mailbox; "
                              "expected another claim.");
    }
    return is_place_free ? GO_ON : answer_wrong_claim(r);
}

/* ---- headers and body: 400, 413, 415 -------------------------------------------------------- */

static enum verdict request_is_sound(struct run *r)
{
    if (r->cmd->fault_status == 0) {
        return GO_ON;
    }
    if (r->cmd->fault != NULL) {
        r->result->fault = *r->cmd->fault;
    }
    return answer_refused(r, r->cmd->fault_status, "The request is malformed.");
}

static enum verdict expiration_is_allowed(struct run *r)
{
    switch (tg_lifetime_judge(r->cmd, &r->now, &r->expires_s, &r->result->fault)) {
    case TG_LIFETIME_ALLOWED:
        return GO_ON;
    case TG_LIFETIME_DISPUTED:
        return answer_disputed(r, r->now.high_s);
    case TG_LIFETIME_REFUSED:
        break;
    }
    return answer_refused(r, 400, "");
}

/* ---- rights: 401 ---------------------------------------------------------------------------- */

static enum verdict need_right(struct run *r, unsigned right, const char *name)
{
    if ((r->box->rights & right) == right) {
        return GO_ON;
    }
    tg_fault_set(&r->result->fault,
                 "This call needs the access right %s, which this mailbox does not grant.", name);
    return answer_refused(r, 401, "");
}

/* spec: protocol/3#right-read: checked before a new claim is bound */
static enum verdict may_read(struct run *r)
{
    return need_right(r, TG_RIGHT_READ, "R (read)");
}

/* spec: protocol/3#right-write */
static enum verdict may_write(struct run *r)
{
    return need_right(r, TG_RIGHT_WRITE, "W (write)");
}

/* spec: protocol/3#right-delete, protocol/3#initiator-may-always-delete */
static enum verdict may_delete(struct run *r)
{
    return r->caller == CALLER_INITIATOR ? GO_ON : need_right(r, TG_RIGHT_DELETE, "D (delete)");
}

/* spec: protocol/3#relinquish-recipient-only */
static enum verdict caller_is_recipient(struct run *r)
{
    return r->caller == CALLER_RECIPIENT
               ? GO_ON
               : answer_refused(r, 401,
                                "Mailbox-Device-Claim: only the recipient can relinquish; the "
                                "initiator can delete.");
}

/* spec: protocol/6#proof-of-secret: required of a new claim, where the create gave a verifier */
static enum verdict new_claim_knows_secret(struct run *r)
{
    if (r->caller != CALLER_OTHER || !r->box->has_verifier ||
        tg_state_is_proved(r->box, &r->cmd->proof)) {
        return GO_ON;
    }
    return answer_refused(r, 401,
                          "Mailbox-Secret-Proof: this mailbox binds a new device only with the "
                          "proof of its secret; expected that proof.");
}

/* ---- duplicates: 201 ------------------------------------------------------------------------ */

/* The identifier is derived from the claim and the request id, so a record under it, tombstones
   included, was created by this request.
   spec: protocol/2#create-retry, protocol/3#tombstone-stops-create */
static enum verdict not_created_before(struct run *r)
{
    const struct tg_request_done *done = NULL;
    enum tg_when when = r->exists ? expiration(r) : TG_WHEN_REACHED;

    if (when == TG_WHEN_REACHED) {
        return GO_ON;
    }
    if (when == TG_WHEN_DISPUTED) {
        return answer_disputed(r, r->box->expires_s);
    }
    if (r->caller != CALLER_INITIATOR) {
        return answer_wrong_claim(r);
    }
    /* If later requests have displaced it, the duplicate itself carries the token of the create. */
    done = tg_state_find_done(r->side, TG_CALL_CREATE, &r->cmd->request_id);
    return answer_duplicate(r, 1,
                            done != NULL ? done->is_push_supported
                                         : can_push(r, &r->cmd->create->token) == TG_CAN_PUSH_YES);
}

/* spec: protocol/2#update-retry: also with an If-Match that the first run made stale */
static enum verdict not_done_before(struct run *r)
{
    const struct tg_request_done *done =
        r->cmd->has_request_id ? tg_state_find_done(r->side, r->cmd->call, &r->cmd->request_id)
                               : NULL;

    return done == NULL ? GO_ON : answer_duplicate(r, done->version, done->is_push_supported);
}

/* Runs before the claim is checked: a device that relinquished is no longer one of this mailbox.
   spec: protocol/2#relinquish-retry */
static enum verdict not_relinquished_before(struct run *r)
{
    const struct tg_relinquished *gone =
        r->cmd->has_request_id
            ? tg_state_find_relinquished(r->box, &r->cmd->claim, &r->cmd->request_id)
            : NULL;

    return gone == NULL ? GO_ON : answer_duplicate(r, gone->version, false);
}

/* ---- conditions: 412 ------------------------------------------------------------------------ */

/* spec: protocol/2#if-match */
static enum verdict version_is_expected(struct run *r)
{
    if (!r->cmd->has_if_match || r->cmd->if_match == r->box->version) {
        return GO_ON;
    }
    r->result->version = r->box->version;
    return answer_refused(r, 412,
                          "If-Match: expected the current version of the mailbox, which the "
                          "header Mailbox-Version has.");
}

/* ---- actions -------------------------------------------------------------------------------- */

/* Remembers a request and its answer. Eight are kept; the oldest is dropped.
   spec: protocol/2#eight-requests-remembered */
static void remember(struct run *r)
{
    const struct tg_request_done done = { .call = r->cmd->call,
                                          .id = r->cmd->request_id,
                                          .version = r->box->version,
                                          .is_push_supported = r->result->is_push_supported };

    tg_state_add_done(r->side, &done);
}

static enum verdict do_create(struct run *r)
{
    const struct tg_mailbox_command *cmd = r->cmd;
    const struct tg_msg_create *msg = cmd->create;

    *r->box = (struct tg_mailbox){
        .state = TG_MAILBOX_LIVE,
        .version = 1, /* spec: protocol/2#version-counts */
        .created_s = r->now.low_s,
        .expires_s = r->expires_s,
        /* spec: protocol/3#rights-default */
        .rights = msg->has_rights ? msg->rights : TG_RIGHTS_DEFAULT,
        .display = msg->display,
        .payload = msg->payload,
        /* spec: protocol/3#initiator-binds-at-creation */
        .initiator = { .is_bound = true, .claim = cmd->claim, .token = msg->token },
    };
    tg_state_take_verifier(r->box, &cmd->proof);
    r->side = &r->box->initiator;
    report_token(r, msg->token.is_present);
    remember(r);
    return answer_done(r, TG_EFFECT_STORE);
}

/* spec: protocol/4#preview-changes-nothing */
static enum verdict do_preview(struct run *r)
{
    r->result->recipient = tg_state_recipient(r->box); /* spec: protocol/4#preview-says-claimed */
    return answer_done(r, TG_EFFECT_NONE);
}

/* The first read by another claim binds that claim, and the initiator is told that its invitation
   was opened. spec: protocol/3#first-read-binds, protocol/4#bind-notifies */
static unsigned bind_new_claim(struct run *r)
{
    if (r->caller != CALLER_OTHER) {
        return TG_EFFECT_NONE;
    }
    r->box->recipient = (struct tg_mailbox_side){ .is_bound = true, .claim = r->cmd->claim };
    r->side = &r->box->recipient;
    r->caller = CALLER_RECIPIENT;
    notify(r, &r->box->initiator);
    return TG_EFFECT_STORE;
}

/* spec: protocol/4#token-replaced: the caller's own token; an absent one changes nothing, the same
   one writes nothing, unless pushes to it resume */
static unsigned replace_token(struct run *r, const struct tg_notification_token *token)
{
    if (!token->is_present || (tg_state_is_same_token(token, &r->side->token) &&
                               can_push(r, token) != TG_CAN_PUSH_AGAIN)) {
        return TG_EFFECT_NONE;
    }
    r->side->token = *token;
    return TG_EFFECT_STORE;
}

/* Whether a long poll has no news of the recipient. The recipient itself is not asked.
   spec: protocol/2#known-recipient */
static bool knows_recipient(const struct run *r)
{
    return r->caller != CALLER_INITIATOR || r->cmd->known_recipient == TG_RECIPIENT_UNKNOWN ||
           r->cmd->known_recipient == tg_state_recipient(r->box);
}

/* Without a new token it changes nothing of a bound device. spec: protocol/2#read-idempotent */
static enum verdict do_read(struct run *r)
{
    unsigned effects = bind_new_claim(r);
    unsigned replaced = replace_token(r, &r->cmd->token);

    report_token(r, replaced != TG_EFFECT_NONE);
    (void)answer_done(r, effects | replaced);
    /* spec: protocol/2#recipient-told-to-initiator */
    r->result->recipient =
        r->caller == CALLER_INITIATOR ? tg_state_recipient(r->box) : TG_RECIPIENT_UNKNOWN;
    /* spec: protocol/2#long-poll: a claim that this read bound stays bound while the read waits */
    if (r->cmd->has_known_version && r->cmd->known_version >= r->box->version) {
        r->result->outcome = knows_recipient(r) ? TG_OUTCOME_WAIT : TG_OUTCOME_NO_NEWER;
        r->result->status = 204;
    }
    return ANSWERED;
}

static enum verdict do_update(struct run *r)
{
    r->box->version++; /* spec: protocol/2#version-counts */
    r->box->payload = r->cmd->update->payload;
    report_token(r, replace_token(r, &r->cmd->update->token) != TG_EFFECT_NONE);
    remember(r);
    notify(r, other_side(r));
    return answer_done(r, TG_EFFECT_STORE);
}

/* Replaces the record by a tombstone, with the caller's note. A repeated delete finds it.
   spec: protocol/3#end-note, protocol/2#delete-retry */
static enum verdict do_delete(struct run *r)
{
    notify(r, other_side(r));
    r->result->recipient = tg_ending_recipient(r->box);
    tg_ending_bury(r->box,
                   r->caller == CALLER_INITIATOR ? TG_MAILBOX_ENDED_BY_INITIATOR
                                                 : TG_MAILBOX_ENDED_BY_RECIPIENT,
                   r->cmd->end_note);
    return answer_done(r, TG_EFFECT_STORE);
}

/* spec: protocol/3#relinquish-unbinds */
static enum verdict do_relinquish(struct run *r)
{
    struct tg_mailbox *box = r->box;
    const struct tg_relinquished gone = { .claim = r->cmd->claim,
                                          .id = r->cmd->request_id,
                                          .version = box->version };

    tg_state_add_relinquished(box, &gone);
    box->recipient = (struct tg_mailbox_side){ .is_bound = false };
    r->side = NULL;
    notify(r, &box->initiator);
    return answer_done(r, TG_EFFECT_STORE);
}

/* ---- the table ------------------------------------------------------------------------------ */

/* spec: protocol/4#order-of-checks */
#define STEPS_MAX 8u
static step_fn *const steps[TG_CALL_COUNT][STEPS_MAX] = {
    [TG_CALL_CREATE] = { claim_is_given, request_is_sound, expiration_is_allowed,
                         not_created_before, do_create },
    [TG_CALL_PREVIEW] = { mailbox_is_there, do_preview },
    [TG_CALL_READ] = { mailbox_is_there, claim_is_given, caller_is_bound_or_new, request_is_sound,
                       may_read, new_claim_knows_secret, do_read },
    [TG_CALL_UPDATE] = { mailbox_is_there, claim_is_given, caller_is_bound, request_is_sound,
                         may_write, not_done_before, version_is_expected, do_update },
    [TG_CALL_DELETE] = { mailbox_is_there, claim_is_given, caller_is_bound, request_is_sound,
                         may_delete, do_delete },
    [TG_CALL_RELINQUISH] = { mailbox_is_there, claim_is_given, not_relinquished_before,
                             caller_is_bound, request_is_sound, caller_is_recipient,
                             do_relinquish },
};

void tg_mailbox_apply(struct tg_mailbox *box, bool exists, const struct tg_mailbox_command *cmd,
                      struct tg_moment now, struct tg_mailbox_result *result)
{
    struct run r = { .box = box, .exists = exists, .cmd = cmd, .now = now, .result = result };
    enum verdict verdict = GO_ON;

    assert((unsigned)cmd->call < TG_CALL_COUNT);
    *result = (struct tg_mailbox_result){ .outcome = TG_OUTCOME_REFUSED, .status = 500 };
    recognise_caller(&r);
    for (size_t i = 0; i < STEPS_MAX && verdict == GO_ON && steps[cmd->call][i] != NULL; i++) {
        verdict = steps[cmd->call][i](&r);
    }
}
