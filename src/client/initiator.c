/* SPDX-License-Identifier: Apache-2.0 */
#include "client/initiator.h"

#include "client/ending.h"
#include "client/good_standing.h"
#include "client/messages.h"
#include "client/session.h"
#include "client/turns.h"
#include "wire/msg_create.h"

/* spec: protocol/7#intent-before-anything
   spec: protocol/7#fresh-claim-per-transfer */
enum tg_err tg_initiator_confirm(struct tigress_session *s)
{
    enum tg_chain_stage before = s->chain.stage;
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_rng_fill(&s->rng, s->claim.bytes, sizeof(s->claim.bytes)));
    tg_uuid_set_v4(&s->claim);
    TG_TRY(tg_rng_fill(&s->rng, s->url.secret.bytes, s->settings.secret_len));
    s->url.secret.len = s->settings.secret_len;
    s->chain.is_bare = s->v2.is_required;
    TG_TRY(tg_messages_seal(s, s->v2.is_required ? TG_LIT(TG_ENVELOPE2_BARE)
                                                 : tg_buf_view(&s->messages.draft)));
    TG_TRY(tg_session_enter_change(s, TG_S_CREATE));
    tg_good_standing_enter(s, TG_S_CREATE);
    if (!s->v2.is_required) {
        tg_buf_deinit(&s->messages.draft);
    }
    s->settings.is_closed = true;
out:
    if (err != TG_OK) {
        tg_buf_deinit(&s->change.envelope);
        tg_buf_deinit(&s->messages.seen);
        tg_chain_reset(&s->chain, before);
        tg_secret_wipe(&s->url.secret);
    }
    return err;
}

/* spec: protocol/7#url-link-same-relay */
static bool is_same_relay(const struct tg_share_url *a, const struct tg_share_url *b)
{
    return a->is_plain_http == b->is_plain_http && a->is_direct == b->is_direct &&
           a->port == b->port && tg_bytes_is_equal(tg_bytes_str(a->host), tg_bytes_str(b->host));
}

/* All or nothing: an answer that is refused leaves nothing. */
static enum tg_err take_link(struct tigress_session *s, const struct tg_client_answer *answer,
                             struct tg_fault *fault)
{
    const struct tg_uuid none = { { 0 } };
    struct tg_session_history history = { .is_unknown = true };
    struct tg_msg_created created = { .is_push_supported = false };
    struct tg_json *doc = NULL;
    struct tg_share_url link = { .port = 0 };
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_msg_created_decode(&created, &doc, answer->body, fault));
    err = tg_share_url_parse(&link, created.url_link, NULL);
    if (err != TG_OK || !is_same_relay(&link, &s->url) || link.secret.len > 0) {
        tg_fault_set(fault, "urlLink: expected the URL of a mailbox of %s, without a secret",
                     s->url.host);
        err = err == TG_OK ? TG_E_SYNTAX : err;
        goto out;
    }
    s->url.mailbox = link.mailbox;
    err = tg_ending_next(&history, s, TIGRESS_INITIATOR, tg_buf_view(&s->change.envelope));
    if (err != TG_OK) {
        s->url.mailbox = none;
        goto out;
    }
    s->history = history;
    tg_uuid_format(s->mailbox.id_text, &link.mailbox);
    s->mailbox.is_known = true;
    tg_session_token_answered(s, created.is_push_supported);
    s->mailbox.version = answer->version;
out:
    tg_share_url_wipe(&link);
    tg_json_free(&doc);
    return err;
}

enum tg_err tg_initiator_on_create(struct tigress_session *s, const struct tg_client_answer *answer)
{
    struct tg_fault fault = { "" };
    enum tg_err err = TG_E_BUG;

    if (answer->status == 401 && tg_good_standing_is_demanded(answer)) {
        return tg_good_standing_refused(s, answer);
    }
    if (answer->status == 401 || answer->status == 403) {
        tg_session_fail(s, TIGRESS_E_DENIED,
                        "The relay refused: it accepts shares only from devices that prove their "
                        "good standing.");
        return TG_OK;
    }
    if (answer->status != 200 && answer->status != 201) {
        return tg_turns_refused(s, answer);
    }
    err = take_link(s, answer, &fault);
    if (err == TG_E_NOMEM) {
        return err;
    }
    if (err != TG_OK) {
        tg_session_retry_later(
            s, TIGRESS_E_PROTOCOL,
            tg_session_say(s,
                           "The relay's answer does not name a mailbox of this relay; nothing "
                           "was shared. %s",
                           fault.text),
            0);
        return TG_OK;
    }
    tg_good_standing_forget(s);
    s->mailbox.opened = TIGRESS_OPENED_NO;
    if (s->change.is_cancelling) {
        return tg_ending_begin(s, TG_END_NOTE_CANCELLED);
    }
    tg_session_succeeded(s);
    tg_session_enter(s, TG_S_CREATED);
    tg_buf_deinit(&s->change.envelope);
    return TG_OK;
}
