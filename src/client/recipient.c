/* SPDX-License-Identifier: Apache-2.0 */
#include "client/recipient.h"

#include "client/display.h"
#include "client/ending.h"
#include "client/messages.h"
#include "client/session.h"
#include "client/turns.h"
#include "wire/msg_read.h"

void tg_recipient_proceed(struct tigress_session *s)
{
    /* In a direct transfer a preview, too, needs the secret. */
    bool is_preview_next =
        s->url.is_direct && s->settings.wants_preview && s->state != TG_S_PREVIEWED;

    tg_session_enter(s, s->url.secret.len == 0 ? TG_S_SECRET
                        : is_preview_next      ? TG_S_PREVIEW
                                               : TG_S_CLAIM);
}

/* spec: protocol/7#checks-before-first-request */
void tg_recipient_check(struct tigress_session *s)
{
    if (tg_rng_fill(&s->rng, s->claim.bytes, sizeof(s->claim.bytes)) != TG_OK) {
        tg_session_pause(s, TIGRESS_E_RANDOM, NULL);
        return;
    }
    tg_uuid_set_v4(&s->claim);
    if (s->settings.wants_preview && !s->url.is_direct) {
        tg_session_enter(s, TG_S_PREVIEW);
    } else {
        tg_recipient_proceed(s);
    }
}

enum tg_err tg_recipient_on_preview(struct tigress_session *s,
                                    const struct tg_client_answer *answer)
{
    struct tg_msg_preview msg = { .expiration_s = 0 };
    struct tg_session_display display = { .title = { .max = 0 } };
    struct tg_fault fault = { "" };
    struct tg_json *doc = NULL;
    enum tg_err err = TG_E_BUG;

    if (answer->status != 200) {
        return tg_turns_refused(s, answer);
    }
    TG_TRY(tg_msg_preview_decode(&msg, &doc, answer->body, &fault));
    TG_TRY(tg_display_init(&display, s, &msg.display));
    tg_display_take(s, &display);
    s->mailbox.expires_at_s = msg.expiration_s;
    s->mailbox.opened = tg_ending_opened(msg.recipient);
    tg_session_succeeded(s);
    tg_session_enter(s, TG_S_PREVIEWED);
out:
    tg_display_deinit(&display);
    tg_json_free(&doc);
    if (err != TG_OK && err != TG_E_NOMEM) {
        tg_session_retry_later(
            s, TIGRESS_E_PROTOCOL,
            tg_session_say(s, "The relay's answer is not a preview: %s", fault.text), 0);
        err = TG_OK;
    }
    return err;
}

/* spec: protocol/3#first-read-binds */
enum tg_err tg_recipient_on_claim(struct tigress_session *s, const struct tg_client_answer *answer)
{
    bool is_new = false;
    bool is_handled = false;
    enum tg_err err = TG_E_BUG;

    if (answer->status == 401 || answer->status == 403) {
        tg_session_fail(s, TIGRESS_E_DENIED,
                        "The relay refused: another device has accepted this invitation, or the "
                        "secret is wrong.");
        return TG_OK;
    }
    if (answer->status != 200) {
        return tg_turns_refused(s, answer);
    }
    err = tg_messages_receive(s, answer, &is_new, &is_handled);
    if (err == TG_OK && (is_new || tg_turns_is_due(s))) {
        err = tg_turns_delivered(s);
    }
    return err;
}
