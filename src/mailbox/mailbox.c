/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every rule of a mailbox. `steps` is the table of contents: each call is a row of steps, taken
 * from left to right until one of them answers. The order of a row is the order of checks of
 * protocol.md section 4: mailbox (404), claim (401), headers and body (400, 413, 415), rights
 * (401), conditions (412), and then the deed.
 */
#include "mailbox/mailbox.h"

#include "base/time3339.h"
#include "mailbox/state.h"

#include <assert.h>

enum caller { CALLER_OTHER, CALLER_INITIATOR, CALLER_RECIPIENT };

/* One application of one command: what the steps share. */
struct turn {
    struct tg_mailbox *box;
    bool exists; /* there is a record, be it expired or a tombstone */
    const struct tg_mailbox_command *cmd;
    int64_t now_s;
    enum caller caller;
    struct tg_mailbox_side *side; /* the caller's, NULL for CALLER_OTHER */
    struct tg_mailbox_result *result;
};

enum verdict { GO_ON, ANSWERED };
typedef enum verdict step_fn(struct turn *t);

/* ---- answers -------------------------------------------------------------------------------- */

static enum verdict answer_done(struct turn *t, unsigned effects)
{
    t->result->outcome = TG_OUTCOME_DONE;
    t->result->status = 200;
    t->result->effects |= effects;
    t->result->version = t->box->version;
    return ANSWERED;
}

static enum verdict answer_duplicate(struct turn *t, uint64_t version, bool is_push_supported)
{
    t->result->outcome = TG_OUTCOME_DUPLICATE;
    t->result->status = 201;
    t->result->version = version;
    t->result->is_push_supported = is_push_supported;
    return ANSWERED;
}

static enum verdict answer_refused(struct turn *t, unsigned status, const char *detail)
{
    t->result->outcome = TG_OUTCOME_REFUSED;
    t->result->status = status;
    /* spec: protocol/1#www-authenticate */
    t->result->is_claim_challenge = status == 401;
    tg_fault_set(&t->result->fault, "%s", detail);
    return ANSWERED;
}

/* One text for every identifier that leads nowhere, so that a stranger cannot tell them apart. */
static enum verdict answer_not_found(struct turn *t)
{
    return answer_refused(t, 404, "There is no mailbox with this identifier.");
}

/* ---- who is calling ------------------------------------------------------------------------- */

/* Both sides are always compared: time does not tell which one it was. */
static void recognise_caller(struct turn *t)
{
    bool is_initiator = false, is_recipient = false;

    t->caller = CALLER_OTHER;
    t->side = NULL;
    if (!t->exists || t->cmd->claim_presence != TG_PRESENT) {
        return;
    }
    is_initiator = tg_state_is_same_claim(&t->cmd->claim, &t->box->initiator.claim);
    is_recipient = tg_state_is_same_claim(&t->cmd->claim, &t->box->recipient.claim);
    if (is_initiator && t->box->initiator.is_bound) {
        t->caller = CALLER_INITIATOR;
        t->side = &t->box->initiator;
    } else if (is_recipient && t->box->recipient.is_bound) {
        t->caller = CALLER_RECIPIENT;
        t->side = &t->box->recipient;
    }
}

/* ---- tokens --------------------------------------------------------------------------------- */

/* spec: protocol/4#push-supported */
static bool can_push(const struct turn *t, const struct tg_notification_token *token)
{
    return token->is_present && t->cmd->can_push != NULL &&
           t->cmd->can_push(t->cmd->can_push_ctx, token->type, token->token_data);
}

/* The token as it is now, so before a deed that drops it. spec: protocol/4#other-side-pushed
 */
static void tell(struct turn *t, const struct tg_mailbox_side *other)
{
    t->result->effects |= TG_EFFECT_TELL;
    if (can_push(t, &other->token)) {
        t->result->told = other->token;
    }
}

/* The caller's token from now on: what the answer says of it, and that it is to be told again if
   it was dropped before. spec: protocol/4#push-token-on-record */
static void judge_token(struct turn *t, bool is_new)
{
    t->result->is_push_supported = can_push(t, &t->side->token);
    if (is_new && t->result->is_push_supported) {
        t->result->left = t->side->token;
    }
}

static struct tg_mailbox_side *other_side(const struct turn *t)
{
    return t->caller == CALLER_INITIATOR ? &t->box->recipient : &t->box->initiator;
}

/* ---- the mailbox: 404 ----------------------------------------------------------------------- */

/* spec: protocol/3#expiration: from that moment on, swept or not */
static bool is_expired(const struct turn *t)
{
    return t->box->expires_s <= t->now_s;
}

/*
 * A mailbox that was there. Its two devices learn who ended it, and so does whoever opens the
 * preview page with an identifier that was good once; everyone else gets what an unknown
 * identifier gets. spec: protocol/3#ended-told-to-bound-devices
 */
static enum verdict answer_ended(struct turn *t, bool is_by_time)
{
    static const struct {
        const char *problem, *detail;
    } endings[] = {
        [TG_MAILBOX_LIVE] = { "expired", "This mailbox has expired." },
        [TG_MAILBOX_WITHDRAWN] = { "withdrawn", "The initiator has withdrawn this mailbox." },
        [TG_MAILBOX_COMPLETED] = { "completed", "The recipient has ended this mailbox." },
    };
    enum tg_mailbox_state ended = is_by_time ? TG_MAILBOX_LIVE : t->box->state;

    t->result->was_once_valid = true;
    t->result->ended = ended;
    if (t->caller == CALLER_OTHER && t->cmd->call != TG_CALL_PREVIEW) {
        return answer_not_found(t);
    }
    t->result->problem = endings[ended].problem;
    return answer_refused(t, 404, endings[ended].detail);
}

/* spec: protocol/4#order-of-checks: the mailbox is looked at before the claim */
static enum verdict mailbox_is_there(struct turn *t)
{
    if (!t->exists) {
        return answer_not_found(t);
    }
    if (is_expired(t)) {
        return answer_ended(t, true);
    }
    /* spec: protocol/3#tombstone */
    if (t->box->state != TG_MAILBOX_LIVE) {
        return answer_ended(t, false);
    }
    return GO_ON;
}

/* ---- the claim: 401 ------------------------------------------------------------------------- */

/* spec: protocol/2#device-claim */
static enum verdict claim_is_given(struct turn *t)
{
    if (t->cmd->claim_presence == TG_PRESENT) {
        return GO_ON;
    }
    if (t->cmd->claim_fault != NULL) {
        t->result->fault = *t->cmd->claim_fault;
    }
    /* spec: protocol/2#claim-ambiguous */
    return answer_refused(t, t->cmd->is_claim_ambiguous ? 400 : 401,
                          "Mailbox-Device-Claim: expected a UUID.");
}

static enum verdict answer_wrong_claim(struct turn *t)
{
    return answer_refused(t, 401, "Mailbox-Device-Claim: not a device of this mailbox.");
}

/* spec: protocol/3#two-devices */
static enum verdict caller_is_bound(struct turn *t)
{
    return t->caller == CALLER_OTHER ? answer_wrong_claim(t) : GO_ON;
}

/*
 * For a read, a mailbox without recipient has a place free, for the next other claim: whoever let
 * go stays out. What such a device had done is forgotten, so if a late duplicate of its read could
 * bind it again, a late duplicate of its update would count a second time, over a newer one.
 * spec: protocol/3#third-device-refused, protocol/2#late-duplicate-after-relinquish
 */
static enum verdict caller_is_bound_or_new(struct turn *t)
{
    bool is_place_free = !t->box->recipient.is_bound && t->cmd->may_bind;

    if (t->caller != CALLER_OTHER) {
        return GO_ON;
    }
    if (tg_state_has_relinquished(t->box, &t->cmd->claim)) {
        return answer_refused(t, 401,
                              "Mailbox-Device-Claim: this device has relinquished the mailbox; "
                              "expected another claim.");
    }
    return is_place_free ? GO_ON : answer_wrong_claim(t);
}

/* ---- headers and body: 400, 413, 415 -------------------------------------------------------- */

static enum verdict request_is_sound(struct turn *t)
{
    if (t->cmd->fault_status == 0) {
        return GO_ON;
    }
    if (t->cmd->fault != NULL) {
        t->result->fault = *t->cmd->fault;
    }
    return answer_refused(t, t->cmd->fault_status, "The request is malformed.");
}

/* Refuses a time that is past or too far, and names the bound that it crossed. */
static enum verdict expiration_is_allowed(struct turn *t)
{
    const struct tg_msg_create *msg = t->cmd->create;
    char bound[TG_TIME3339_LEN + 1];

    if (!msg->has_expiration) {
        return GO_ON;
    }
    /* spec: protocol/3#expiration-not-past */
    if (msg->expiration_s <= t->now_s) {
        tg_time3339_format(bound, t->now_s);
        tg_fault_set(&t->result->fault,
                     "mailboxConfiguration.expiration: must be later than now, %s.", bound);
        return answer_refused(t, 400, "");
    }
    /* spec: protocol/3#expiration-max */
    if (msg->expiration_s > t->now_s + t->cmd->expiration_max_s) {
        tg_time3339_format(bound, t->now_s + t->cmd->expiration_max_s);
        tg_fault_set(&t->result->fault,
                     "mailboxConfiguration.expiration: must not be later than %s on this relay.",
                     bound);
        return answer_refused(t, 400, "");
    }
    return GO_ON;
}

/* ---- rights: 401 ---------------------------------------------------------------------------- */

static enum verdict need_right(struct turn *t, unsigned right, const char *detail)
{
    return (t->box->rights & right) == right ? GO_ON : answer_refused(t, 401, detail);
}

/* spec: protocol/3#right-read: also for the one who would bind, who then does not */
static enum verdict may_read(struct turn *t)
{
    return need_right(t, TG_RIGHT_READ, "This mailbox does not grant the access right R, read.");
}

/* spec: protocol/3#right-write */
static enum verdict may_write(struct turn *t)
{
    return need_right(t, TG_RIGHT_WRITE, "This mailbox does not grant the access right W, write.");
}

/* spec: protocol/3#right-delete */
static enum verdict may_delete(struct turn *t)
{
    /* spec: protocol/3#initiator-may-always-delete */
    if (t->caller == CALLER_INITIATOR) {
        return GO_ON;
    }
    return need_right(t, TG_RIGHT_DELETE,
                      "This mailbox does not grant the access right D, delete.");
}

/* spec: protocol/3#relinquish-recipient-only */
static enum verdict caller_is_recipient(struct turn *t)
{
    return t->caller == CALLER_RECIPIENT
               ? GO_ON
               : answer_refused(t, 401,
                                "Mailbox-Device-Claim: only the recipient can relinquish; the "
                                "initiator can delete.");
}

static bool is_proof_right(const struct turn *t)
{
    const struct tg_secret_proof *proof = &t->cmd->proof;

    return proof->presence == TG_PRESENT && !proof->is_verifier &&
           tg_state_is_verified(t->box, proof->value);
}

/* spec: protocol/6#proof-of-secret: needed of a new claim only, and only where it was asked for */
static enum verdict new_claim_knows_secret(struct turn *t)
{
    if (t->caller != CALLER_OTHER || !t->box->has_verifier || is_proof_right(t)) {
        return GO_ON;
    }
    return answer_refused(t, 401,
                          "Mailbox-Secret-Proof: this mailbox is opened to a new device only with "
                          "the proof of its secret.");
}

/* ---- done before: 201 ----------------------------------------------------------------------- */

/* The identifier comes from the claim and the request id, so a record under it is this very
   request's, tombstones included. spec: protocol/2#create-retry, protocol/3#tombstone-stops-create
 */
static enum verdict not_created_before(struct turn *t)
{
    const struct tg_request_done *done = NULL;

    if (!t->exists || is_expired(t)) {
        return GO_ON;
    }
    if (t->caller != CALLER_INITIATOR) {
        return answer_wrong_claim(t);
    }
    /* Where that is forgotten, the request itself has the token of then. */
    done = tg_state_find_done(t->side, TG_CALL_CREATE, &t->cmd->request_id);
    return answer_duplicate(
        t, 1, done != NULL ? done->is_push_supported : can_push(t, &t->cmd->create->token));
}

/* spec: protocol/2#update-retry: also with an If-Match that its own first run made stale */
static enum verdict not_done_before(struct turn *t)
{
    const struct tg_request_done *done =
        t->cmd->has_request_id ? tg_state_find_done(t->side, t->cmd->call, &t->cmd->request_id)
                               : NULL;

    return done == NULL ? GO_ON : answer_duplicate(t, done->version, done->is_push_supported);
}

/* Comes before the claim is judged: whoever let go is no longer a device of this mailbox.
   spec: protocol/2#relinquish-retry */
static enum verdict not_relinquished_before(struct turn *t)
{
    const struct tg_relinquished *gone =
        t->cmd->has_request_id
            ? tg_state_find_relinquished(t->box, &t->cmd->claim, &t->cmd->request_id)
            : NULL;

    return gone == NULL ? GO_ON : answer_duplicate(t, gone->version, false);
}

/* ---- conditions: 412 ------------------------------------------------------------------------ */

/* spec: protocol/2#if-match */
static enum verdict version_is_expected(struct turn *t)
{
    if (!t->cmd->has_if_match || t->cmd->if_match == t->box->version) {
        return GO_ON;
    }
    t->result->version = t->box->version;
    return answer_refused(t, 412, "If-Match: the mailbox has another version by now.");
}

/* ---- deeds ---------------------------------------------------------------------------------- */

/* Remembers a request with what its answer holds; the oldest of eight makes room.
   spec: protocol/2#eight-requests-remembered */
static void remember(struct turn *t)
{
    const struct tg_request_done done = { .call = t->cmd->call,
                                          .id = t->cmd->request_id,
                                          .version = t->box->version,
                                          .is_push_supported = t->result->is_push_supported };

    tg_state_add_done(t->side, &done);
}

static enum verdict do_create(struct turn *t)
{
    const struct tg_mailbox_command *cmd = t->cmd;
    const struct tg_msg_create *msg = cmd->create;

    *t->box = (struct tg_mailbox){
        .state = TG_MAILBOX_LIVE,
        .version = 1, /* spec: protocol/2#version-counts */
        .created_s = t->now_s,
        /* spec: protocol/3#expiration-default */
        .expires_s = msg->has_expiration ? msg->expiration_s : t->now_s + cmd->expiration_default_s,
        /* spec: protocol/3#rights-default */
        .rights = msg->has_rights ? msg->rights : TG_RIGHTS_DEFAULT,
        .display = msg->display,
        .payload = msg->payload,
        /* spec: protocol/3#initiator-binds-at-creation */
        .initiator = { .is_bound = true, .claim = cmd->claim, .token = msg->token },
    };
    if (cmd->proof.presence == TG_PRESENT && cmd->proof.is_verifier) {
        t->box->has_verifier = true;
        for (size_t i = 0; i < TG_PROOF_LEN; i++) {
            t->box->verifier[i] = cmd->proof.value[i];
        }
    }
    t->side = &t->box->initiator;
    judge_token(t, msg->token.is_present);
    remember(t);
    return answer_done(t, TG_EFFECT_STORE);
}

/* spec: protocol/4#preview-changes-nothing */
static enum verdict do_preview(struct turn *t)
{
    return answer_done(t, TG_EFFECT_NONE);
}

/* The first read by another claim binds that claim. spec: protocol/3#first-read-binds */
static unsigned bind_new_claim(struct turn *t)
{
    if (t->caller != CALLER_OTHER) {
        return TG_EFFECT_NONE;
    }
    t->box->recipient = (struct tg_mailbox_side){ .is_bound = true, .claim = t->cmd->claim };
    t->side = &t->box->recipient;
    t->caller = CALLER_RECIPIENT;
    return TG_EFFECT_STORE;
}

/* spec: protocol/4#token-replaced: the caller's own; absent leaves it, the same writes nothing */
static unsigned replace_token(struct turn *t, const struct tg_notification_token *token)
{
    if (!token->is_present || tg_state_is_same_token(token, &t->side->token)) {
        return TG_EFFECT_NONE;
    }
    t->side->token = *token;
    return TG_EFFECT_STORE;
}

/* A read by a bound device changes nothing, so it may be repeated at will.
   spec: protocol/2#read-idempotent */
static enum verdict do_read(struct turn *t)
{
    unsigned effects = bind_new_claim(t);
    unsigned replaced = replace_token(t, &t->cmd->token);

    judge_token(t, replaced != TG_EFFECT_NONE);
    (void)answer_done(t, effects | replaced);
    /* spec: protocol/2#long-poll: what was bound stays bound while the answer waits */
    if (t->cmd->has_known_version && t->cmd->known_version >= t->box->version) {
        t->result->outcome = TG_OUTCOME_WAIT;
        t->result->status = 204;
    }
    return ANSWERED;
}

static enum verdict do_update(struct turn *t)
{
    t->box->version++; /* spec: protocol/2#version-counts */
    t->box->payload = t->cmd->update->payload;
    judge_token(t, replace_token(t, &t->cmd->update->token) != TG_EFFECT_NONE);
    remember(t);
    tell(t, other_side(t));
    return answer_done(t, TG_EFFECT_STORE);
}

/* Leaves the tombstone: when it ends, who took part, how it ended. A repetition finds it and is a
   404. spec: protocol/3#tombstone, protocol/2#delete-retry */
static enum verdict do_delete(struct turn *t)
{
    struct tg_mailbox *box = t->box;

    tell(t, other_side(t));
    *box = (struct tg_mailbox){
        .state = t->caller == CALLER_INITIATOR ? TG_MAILBOX_WITHDRAWN : TG_MAILBOX_COMPLETED,
        .version = box->version,
        .expires_s = box->expires_s,
        .initiator = { .is_bound = true, .claim = box->initiator.claim },
        .recipient = { .is_bound = box->recipient.is_bound, .claim = box->recipient.claim },
    };
    return answer_done(t, TG_EFFECT_STORE);
}

/* spec: protocol/3#relinquish-unbinds */
static enum verdict do_relinquish(struct turn *t)
{
    struct tg_mailbox *box = t->box;
    const struct tg_relinquished gone = { .claim = t->cmd->claim,
                                          .id = t->cmd->request_id,
                                          .version = box->version };

    tg_state_add_relinquished(box, &gone);
    box->recipient = (struct tg_mailbox_side){ .is_bound = false };
    t->side = NULL;
    tell(t, &box->initiator);
    return answer_done(t, TG_EFFECT_STORE);
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
                      int64_t now_s, struct tg_mailbox_result *result)
{
    struct turn t = { .box = box, .exists = exists, .cmd = cmd, .now_s = now_s, .result = result };
    enum verdict verdict = GO_ON;

    assert((unsigned)cmd->call < TG_CALL_COUNT);
    *result = (struct tg_mailbox_result){ .outcome = TG_OUTCOME_REFUSED, .status = 500 };
    recognise_caller(&t);
    for (size_t i = 0; i < STEPS_MAX && verdict == GO_ON && steps[cmd->call][i] != NULL; i++) {
        verdict = steps[cmd->call][i](&t);
    }
}
