/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/standing_case.h"

#include "base/mem.h"
#include "relay/exchange.h"
#include "relay/reply.h"
#include "relay/standing_attest.h"
#include "wire/attestation.h"

#include <string.h>

#define CHALLENGES_MAX 16384u /* bytes of PrivateToken challenges */

/* ---- what was sent -------------------------------------------------------------------------- */

void tg_standing_case_free(struct tg_standing_case **c)
{
    if (*c != NULL) {
        tg_buf_deinit(&(*c)->object);
        tg_buf_deinit(&(*c)->text);
        tg_buf_deinit(&(*c)->attestation_challenge);
        tg_buf_deinit(&(*c)->token_challenges);
        tg_buf_deinit(&(*c)->spent_sealed);
        tg_mem_free_secret(*c, sizeof(**c));
        *c = NULL;
    }
}

static bool is_on(enum tg_standing_mode mode)
{
    return mode != TG_STANDING_OFF;
}

/* Whether proofs of the scheme decide anything. */
static bool is_accepted(enum tg_standing_mode mode)
{
    return mode == TG_STANDING_OPTIONAL || mode == TG_STANDING_REQUIRED;
}

static bool is_required(const struct tg_standing *standing)
{
    return standing->attestation == TG_STANDING_REQUIRED ||
           standing->private_tokens == TG_STANDING_REQUIRED;
}

/* spec: protocol/6#required-on-create */
static bool must_prove(const struct tg_exchange *ex)
{
    const struct tg_standing *standing = ex->relay->config->standing;

    return standing != NULL && ex->route.call == TG_CALL_CREATE && is_required(standing);
}

/* Whether the request carries a proof or needs one. */
static bool is_concerned(const struct tg_exchange *ex, const struct tg_request_headers *headers)
{
    const struct tg_standing *standing = ex->relay->config->standing;
    bool is_create = ex->route.call == TG_CALL_CREATE;

    if (standing == NULL || (!is_create && ex->route.call != TG_CALL_UPDATE)) {
        return false;
    }
    return must_prove(ex) || (is_create && standing->attestation == TG_STANDING_REPORT) ||
           (is_on(standing->attestation) && headers->attestation_presence == TG_PRESENT) ||
           (is_create && is_on(standing->private_tokens) &&
            headers->private_token_presence != TG_ABSENT);
}

static void take_token(struct tg_standing_case *c, const struct tg_request_headers *headers)
{
    c->has_token = headers->private_token_presence != TG_ABSENT;
    if (c->has_token && (headers->private_token_presence != TG_PRESENT ||
                         tg_private_token_parse(c->token, headers->authorization) != TG_OK)) {
        c->token_step = TG_STANDING_ENCODING;
    }
}

static enum tg_err take_challenge(struct tg_exchange *ex, const struct tg_request_headers *headers)
{
    const struct tg_change_contents *asked = ex->change->contents;
    const struct tg_payload *payload =
        ex->route.call == TG_CALL_CREATE ? &asked->create.payload : &asked->update.payload;
    const struct tg_attestation_cover cover = { .claim = headers->claim_text,
                                                .request_id = headers->request_id,
                                                .payload_type = payload->type,
                                                .payload_data = payload->data };

    return tg_attestation_challenge(ex->standing->challenge, &cover);
}

enum tg_err tg_standing_take(struct tg_exchange *ex, const struct tg_request_headers *headers)
{
    const struct tg_standing *standing = ex->relay->config->standing;
    struct tg_standing_case *c = NULL;
    enum tg_err err = TG_E_BUG;

    /* The mailbox refuses a request with a fault before its proof would be judged. */
    if (ex->change->cmd.fault_status != 0 || headers->claim_presence != TG_PRESENT ||
        !is_concerned(ex, headers)) {
        return TG_OK;
    }
    c = tg_mem_calloc(1, sizeof(*c));
    if (c == NULL) {
        return TG_E_NOMEM;
    }
    ex->standing = c;
    c->settings = standing;
    c->now = ex->now;
    tg_buf_init(&c->object, TG_ATTESTATION_DECODED_MAX);
    tg_buf_init(&c->text, TG_ATTESTATION_HEADER_MAX);
    tg_buf_init(&c->attestation_challenge, CHALLENGES_MAX);
    tg_buf_init(&c->token_challenges, CHALLENGES_MAX);
    tg_buf_init(&c->spent_sealed, TG_SPENT_SEALED_MAX);
    if (is_on(standing->attestation)) {
        TG_TRY(tg_standing_take_attestation(c, standing, headers));
    }
    if (is_on(standing->private_tokens) && ex->route.call == TG_CALL_CREATE) {
        take_token(c, headers);
    }
    err = take_challenge(ex, headers);
out:
    return err;
}

/* ---- answers -------------------------------------------------------------------------------- */

/* spec: protocol/6#token-context */
static struct tg_bytes context_of(const struct tg_exchange *ex)
{
    return ex->relay->config->standing->is_token_bound ? TG_ARRAY_BYTES(ex->standing->challenge)
                                                       : tg_bytes(NULL, 0);
}

/* Writes what is accepted: the attestation formats, and tokens of the issuers with a valid key.
   spec: protocol/6#challenges-in-401 */
static enum tg_err write_challenges(struct tg_exchange *ex)
{
    const struct tg_standing *standing = ex->relay->config->standing;
    struct tg_standing_case *c = ex->standing;

    if (is_accepted(standing->attestation)) {
        tg_buf_append_str(&c->attestation_challenge, TG_SCHEME_ATTESTATION " formats=\"");
        tg_buf_append_str(&c->attestation_challenge, standing->formats);
        tg_buf_append_str(&c->attestation_challenge, "\"");
        (void)tg_buf_cstr(&c->attestation_challenge);
    }
    if (tg_buf_status(&c->attestation_challenge) != TG_OK || ex->route.call != TG_CALL_CREATE ||
        !is_on(standing->private_tokens)) {
        return tg_buf_status(&c->attestation_challenge);
    }
    return tg_private_token_ask(&c->token_challenges, standing->issuers, context_of(ex),
                                tg_bytes_str(standing->origin), ex->now.low_s);
}

/* The reason in a refusal, for each step. It repeats nothing of the request. */
static const struct {
    const char *attestation, *token;
} reasons[TG_STANDING_STEP_COUNT] = {
    [TG_STANDING_OK] = { "", "" },
    [TG_STANDING_MISSING] = { "", "" },
    [TG_STANDING_ENCODING] = { "expected base64url of one CBOR attestation object",
                               "expected PrivateToken token=\"base64url\" of type 0x0002" },
    [TG_STANDING_FORMAT] = { "expected a format listed in WWW-Authenticate, with its rules met",
                             "" },
    [TG_STANDING_CHALLENGE] = { "expected one made for the challenge of this request",
                                "expected one made for a challenge of this relay" },
    [TG_STANDING_CHAIN] = { "expected a certificate chain to a trusted and valid root", "" },
    [TG_STANDING_KEY] = { "", "expected one by a valid key of an accepted issuer" },
    [TG_STANDING_SIGNATURE] = { "its signature does not verify", "its signature does not verify" },
    [TG_STANDING_POLICY] = { "it is valid, but the policy of this relay does not allow it", "" },
    [TG_STANDING_STRENGTH] = { "it is valid, but it proves nothing about the device", "" },
    [TG_STANDING_VERIFIER] = { "the verifier of this relay's operator does not accept it", "" },
    [TG_STANDING_UNKNOWN] = { "", "" },
    [TG_STANDING_SPENT] = { "", "already spent; expected a token that was not used before" },
    [TG_STANDING_INTERNAL] = { "", "" },
};

/* spec: protocol/6#refusal-names-the-step */
static void describe_refusal(struct tg_exchange *ex, enum tg_standing_scheme scheme,
                             enum tg_standing_step step)
{
    struct tg_fault *fault = &ex->change->contents->result.fault;
    const struct tg_standing *standing = ex->relay->config->standing;

    if (scheme == TG_STANDING_ATTESTATION) {
        tg_fault_set(fault, "Mailbox-Device-Attestation: refused at the step %s: %s.",
                     tg_standing_step_name(step), reasons[step].attestation);
    } else if (scheme == TG_STANDING_PRIVATE_TOKEN) {
        tg_fault_set(fault, "Authorization: refused at the step %s: %s.",
                     tg_standing_step_name(step), reasons[step].token);
    } else {
        tg_fault_set(
            fault, "This relay accepts a create only from a device in good standing: expected %s.",
            !is_on(standing->private_tokens)      ? "a device attestation"
            : !is_accepted(standing->attestation) ? "a private token"
                                                  : "a device attestation or a private token");
    }
}

static enum tg_standing_ruling refuse(struct tg_exchange *ex, enum tg_standing_scheme scheme,
                                      enum tg_standing_step step)
{
    tg_standing_report_step(ex, scheme, step);
    ex->change->contents->result = (struct tg_mailbox_result){ .outcome = TG_OUTCOME_REFUSED,
                                                               .status = 401,
                                                               .problem = TG_PROBLEM_STANDING };
    describe_refusal(ex, scheme, step);
    ex->standing->is_challenged = true;
    return step == TG_STANDING_INTERNAL || write_challenges(ex) != TG_OK ? TG_RULING_ERROR
                                                                         : TG_RULING_REFUSED;
}

/* ---- judging -------------------------------------------------------------------------------- */

static enum tg_standing_step step_of_token(enum tg_private_token_step step)
{
    static const enum tg_standing_step found[] = {
        [TG_PRIVATE_TOKEN_OK] = TG_STANDING_OK,
        [TG_PRIVATE_TOKEN_ENCODING] = TG_STANDING_ENCODING,
        [TG_PRIVATE_TOKEN_KEY] = TG_STANDING_KEY,
        [TG_PRIVATE_TOKEN_CHALLENGE] = TG_STANDING_CHALLENGE,
        [TG_PRIVATE_TOKEN_SIGNATURE] = TG_STANDING_SIGNATURE,
        [TG_PRIVATE_TOKEN_INTERNAL] = TG_STANDING_INTERNAL,
    };

    return found[step];
}

/* Keys and certificates are valid for a time. A verdict holds by both times of a moment: where they
   give different verdicts, the failure is the relay's. spec: protocol/6#verdict-by-both-times */
static void verify_token(struct tg_exchange *ex)
{
    const struct tg_standing *standing = ex->relay->config->standing;
    struct tg_standing_case *c = ex->standing;
    struct tg_private_token_verdict other;

    tg_private_token_verify(&c->verdict, standing->issuers, c->token, context_of(ex),
                            tg_bytes_str(standing->origin), ex->now.low_s);
    if (!tg_moment_is_sure(&ex->now)) {
        tg_private_token_verify(&other, standing->issuers, c->token, context_of(ex),
                                tg_bytes_str(standing->origin), ex->now.high_s);
        c->verdict.step = other.step == c->verdict.step ? other.step : TG_PRIVATE_TOKEN_INTERNAL;
        tg_mem_wipe(&other, sizeof(other));
    }
    c->token_step = step_of_token(c->verdict.step);
}

/* A proof of nothing satisfies no requirement. spec: protocol/6#strength */
static enum tg_standing_ruling pass(struct tg_exchange *ex)
{
    struct tg_standing_case *c = ex->standing;

    if (must_prove(ex) && !c->has_strength) {
        return refuse(ex, TG_STANDING_ATTESTATION, TG_STANDING_STRENGTH);
    }
    c->is_cleared = true;
    return TG_RULING_PASS;
}

bool tg_standing_is_cleared(const struct tg_exchange *ex)
{
    const struct tg_standing_case *c = ex->standing;

    if (c == NULL) {
        return !must_prove(ex);
    }
    return c->is_cleared && (c->has_strength || !must_prove(ex));
}

static enum tg_standing_ruling pass_without(struct tg_exchange *ex)
{
    return must_prove(ex) ? refuse(ex, TG_STANDING_NO_SCHEME, TG_STANDING_MISSING) : pass(ex);
}

/* The token is verified first, since an RSA verification is cheap, and spent last.
   spec: protocol/6#cheap-refusals-first */
enum tg_standing_ruling tg_standing_begin(struct tg_exchange *ex)
{
    struct tg_standing_case *c = ex->standing;
    bool is_asked = false;

    tg_standing_look_at_form(ex, must_prove(ex));
    if (!c->has_attestation && !c->has_token) {
        return pass_without(ex);
    }
    is_asked = c->has_attestation && c->text.len > 0;
    /* spec: protocol/6#present-but-bad-refused */
    if (c->attestation_step != TG_STANDING_OK && !is_asked) {
        return refuse(ex, TG_STANDING_ATTESTATION, c->attestation_step);
    }
    if (c->has_token && c->token_step == TG_STANDING_OK) {
        verify_token(ex);
    }
    if (c->token_step != TG_STANDING_OK) {
        return refuse(ex, TG_STANDING_PRIVATE_TOKEN, c->token_step);
    }
    if (is_asked) {
        return TG_RULING_ASK;
    }
    return c->has_attestation ? TG_RULING_VERIFY : tg_standing_verified(ex);
}

/* An attestation that proves nothing is not reported as good standing. One that is refused for that
   reason is reported by the refusal. */
static void take_strength(struct tg_exchange *ex)
{
    struct tg_standing_case *c = ex->standing;

    if (c->attest.strength == TG_ATTEST_PROVES_DEVICE) {
        c->has_strength = true;
        tg_standing_report_step(ex, TG_STANDING_ATTESTATION, TG_STANDING_OK);
    } else if (c->has_token || !must_prove(ex)) {
        tg_standing_report_step(ex, TG_STANDING_ATTESTATION, TG_STANDING_STRENGTH);
    }
}

/* ---- spending ------------------------------------------------------------------------------- */

static struct tg_spent_token token_of(const struct tg_standing_case *c)
{
    return (struct tg_spent_token){ .hash = c->verdict.hash, .series = &c->spend.series };
}

/* What the token is spent for: this request, and the mailbox that it makes, until it expires. */
static enum tg_err prepare_spend(struct tg_exchange *ex)
{
    const struct tg_keyring *keyring = ex->relay->keyring;
    struct tg_standing_case *c = ex->standing;
    const struct tg_spent_token token = token_of(c);
    enum tg_err err = TG_E_BUG;

    memcpy(c->spend.series.bytes, c->verdict.key_id, sizeof(c->spend.series.bytes));
    c->purpose.expires_s = ex->change->contents->box.expires_s;
    TG_TRY(tg_spent_request(c->purpose.request, keyring, &ex->change->key, c->challenge));
    TG_TRY(tg_spent_key(&c->spend.key, keyring, c->verdict.hash));
    TG_TRY(tg_spent_seal(&c->spent_sealed, keyring, &token, &c->purpose, ex->relay->rng));
    c->spend.sealed = tg_buf_view(&c->spent_sealed);
    err = TG_OK;
out:
    return err;
}

enum tg_standing_ruling tg_standing_asked(struct tg_exchange *ex,
                                          const struct tg_ask_answer *answer)
{
    const struct tg_standing *standing = ex->relay->config->standing;
    struct tg_standing_case *c = ex->standing;

    c->attestation_step = tg_standing_step_of_answer(standing, answer);
    if (c->attestation_step == TG_STANDING_OK) {
        c->attest.strength = TG_ATTEST_PROVES_DEVICE;
    }
    if (answer->verdict == TG_ASK_UNKNOWN && standing->attestation != TG_STANDING_REQUIRED) {
        tg_standing_leave_out_unknown(ex);
        if (!c->has_token) {
            return pass_without(ex);
        }
    }
    return tg_standing_verified(ex);
}

enum tg_standing_ruling tg_standing_verified(struct tg_exchange *ex)
{
    struct tg_standing_case *c = ex->standing;

    if (c->has_attestation && tg_standing_is_report(ex)) {
        tg_standing_take_report(ex);
        if (!c->has_token) {
            return pass_without(ex);
        }
    }
    if (c->attestation_step != TG_STANDING_OK) {
        return refuse(ex, TG_STANDING_ATTESTATION, c->attestation_step);
    }
    if (c->has_attestation) {
        take_strength(ex);
    }
    if (!c->has_token) {
        return pass(ex);
    }
    return prepare_spend(ex) == TG_OK ? TG_RULING_SPEND
                                      : refuse(ex, TG_STANDING_PRIVATE_TOKEN, TG_STANDING_INTERNAL);
}

static enum tg_standing_ruling take_spent(struct tg_exchange *ex)
{
    tg_standing_report_step(ex, TG_STANDING_PRIVATE_TOKEN, TG_STANDING_OK);
    ex->standing->has_strength = true;
    return pass(ex);
}

/* The clocks of the relay disagree whether the mailbox of the token has expired. */
static enum tg_standing_ruling answer_disputed(struct tg_exchange *ex, int64_t at_s)
{
    struct tg_mailbox_result *result = &ex->change->contents->result;

    *result = (struct tg_mailbox_result){ .outcome = TG_OUTCOME_REFUSED,
                                          .status = 503,
                                          .retry_after_s = tg_moment_retry_s(&ex->now, at_s) };
    tg_fault_set(&result->fault, TG_MAILBOX_DISPUTED);
    return TG_RULING_REFUSED;
}

/*
 * The token was spent before. A repetition of the create for which it was spent continues, until
 * the mailbox of that create has expired: the relay may have stopped before it made the mailbox.
 * The mailbox then gets the expiration that it would have had, so that one token never makes two
 * mailboxes one after the other. Something that cannot be opened was kept under other keys.
 * spec: protocol/6#token-spent-once, protocol/6#token-for-one-lifetime
 */
static enum tg_standing_ruling judge_known(struct tg_exchange *ex, struct tg_bytes sealed)
{
    struct tg_standing_case *c = ex->standing;
    const struct tg_spent_token token = token_of(c);
    struct tg_spent_purpose before;
    enum tg_err err = tg_spent_open(&before, ex->relay->keyring, &token, sealed);

    if (err == TG_E_NOMEM) {
        return refuse(ex, TG_STANDING_PRIVATE_TOKEN, TG_STANDING_INTERNAL);
    }
    if (err != TG_OK ||
        !tg_ct_equal(TG_ARRAY_BYTES(before.request), TG_ARRAY_BYTES(c->purpose.request))) {
        return refuse(ex, TG_STANDING_PRIVATE_TOKEN, TG_STANDING_SPENT);
    }
    switch (tg_moment_when(&ex->now, before.expires_s)) {
    case TG_WHEN_REACHED:
        return refuse(ex, TG_STANDING_PRIVATE_TOKEN, TG_STANDING_SPENT);
    case TG_WHEN_DISPUTED:
        return answer_disputed(ex, before.expires_s);
    case TG_WHEN_AHEAD:
        break;
    }
    ex->change->contents->create.has_expiration = true;
    ex->change->contents->create.expiration_s = before.expires_s;
    return take_spent(ex);
}

enum tg_standing_ruling tg_standing_spent(struct tg_exchange *ex, enum tg_spend_outcome outcome,
                                          struct tg_bytes sealed)
{
    switch (outcome) {
    case TG_SPEND_NEW:
        return take_spent(ex);
    case TG_SPEND_KNOWN:
        return judge_known(ex, sealed);
    case TG_SPEND_CLOSED: /* the key was retired after the token was verified */
        return refuse(ex, TG_STANDING_PRIVATE_TOKEN, TG_STANDING_KEY);
    }
    return TG_RULING_ERROR;
}

/* ---- WWW-Authenticate ----------------------------------------------------------------------- */

static void add_challenges(struct tg_reply *reply, struct tg_buf *challenges)
{
    if (challenges->len > 0) {
        tg_reply_header(reply, "www-authenticate", tg_buf_cstr(challenges));
    }
}

void tg_standing_add_challenges(struct tg_exchange *ex, struct tg_reply *reply)
{
    add_challenges(reply, &ex->standing->attestation_challenge);
    add_challenges(reply, &ex->standing->token_challenges);
}
