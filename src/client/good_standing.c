/* SPDX-License-Identifier: Apache-2.0 */
#include "client/good_standing.h"

#include "base/mem.h"
#include "client/text.h"
#include "wire/attestation.h"

void tg_good_standing_forget(struct tigress_session *s)
{
    struct tg_good_standing *standing = &s->standing;

    tg_buf_deinit(&standing->attestation);
    tg_buf_deinit(&standing->authorization);
    tg_buf_deinit(&standing->token_challenge);
    standing->is_attest_tried = false;
    standing->is_token_tried = false;
    standing->is_demanded = false;
}

/* An update that was never returned to the application stays fresh while the application is
   asked. */
static void enter_same_request(struct tigress_session *s, enum tg_state state)
{
    bool is_fresh = s->change.is_fresh;

    tg_session_enter(s, state);
    s->change.is_fresh = is_fresh;
}

void tg_good_standing_enter(struct tigress_session *s, enum tg_state gate)
{
    enum tigress_attestation_when least =
        gate == TG_S_CREATE ? TIGRESS_ATTEST_CREATE : TIGRESS_ATTEST_ALWAYS;

    if (s->standing.attest_when >= least) {
        s->standing.gate = gate;
        enter_same_request(s, TG_S_ATTEST);
    }
}

void tg_good_standing_proceed(struct tigress_session *s)
{
    enter_same_request(s, s->standing.gate);
}

/* ---- challenges ----------------------------------------------------------------------------- */

/* out: NULL, or receives the challenges. */
static bool asks_for(const struct tg_client_answer *answer, const char *scheme, struct tg_buf *out)
{
    bool is_asked = false;

    for (size_t i = 0; i < answer->header_count; i++) {
        const struct tigress_http_header *header = &answer->headers[i];

        if (header->name != NULL &&
            tg_bytes_is_equal_nocase(tg_bytes_str(header->name), TG_LIT("WWW-Authenticate"))) {
            is_asked = tg_challenge_find(out, tg_bytes_str(header->value), scheme) || is_asked;
        }
    }
    return is_asked;
}

bool tg_good_standing_is_demanded(const struct tg_client_answer *answer)
{
    return asks_for(answer, TG_SCHEME_ATTESTATION, NULL) ||
           asks_for(answer, TG_SCHEME_PRIVATE_TOKEN, NULL);
}

static void fail(struct tigress_session *s)
{
    tg_session_fail(s, TIGRESS_E_STANDING, NULL);
}

/* Asks for the next proof that this device can give and the relay accepts. It asks for a token
   first, because a token reveals less. */
static void ask_application(struct tigress_session *s, bool accepts_attestation)
{
    struct tg_good_standing *standing = &s->standing;

    standing->gate = TG_S_CREATE;
    standing->is_demanded = true;
    if (standing->token_challenge.len > 0 && standing->wants_token && !standing->is_token_tried) {
        tg_session_enter(s, TG_S_TOKEN);
    } else if (accepts_attestation && standing->attest_when != TIGRESS_ATTEST_NEVER &&
               !standing->is_attest_tried) {
        tg_session_enter(s, TG_S_ATTEST);
    } else {
        fail(s);
    }
}

/* spec: protocol/6#asked-application */
enum tg_err tg_good_standing_refused(struct tigress_session *s,
                                     const struct tg_client_answer *answer)
{
    struct tg_good_standing *standing = &s->standing;
    struct tg_buf challenge;
    enum tg_err err = TG_OK;

    if (s->change.is_cancelling) {
        tg_session_enter(s, TG_S_DONE); /* the relay has no mailbox */
        return TG_OK;
    }
    tg_buf_init(&challenge, standing->token_challenge.max - 1);
    (void)asks_for(answer, TG_SCHEME_PRIVATE_TOKEN, &challenge);
    err = tg_buf_status(&challenge);
    if (err == TG_OK) {
        err = tg_text_set(&standing->token_challenge, tg_buf_view(&challenge));
    }
    tg_buf_deinit(&challenge);
    if (err == TG_E_NOMEM) {
        return err;
    }
    if (err != TG_OK) {
        tg_buf_deinit(&standing->token_challenge); /* too long for a challenge */
    }
    tg_buf_deinit(&standing->attestation);
    tg_buf_deinit(&standing->authorization);
    ask_application(s, asks_for(answer, TG_SCHEME_ATTESTATION, NULL));
    return TG_OK;
}

/* After a token was declined, the challenges are gone: whether the relay accepts an attestation is
   not known. If it does not, it refuses the next request. */
void tg_good_standing_declined(struct tigress_session *s)
{
    if (s->standing.is_demanded) {
        ask_application(s, s->state == TG_S_TOKEN);
    } else {
        tg_good_standing_proceed(s);
    }
}
