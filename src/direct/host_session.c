/* SPDX-License-Identifier: Apache-2.0 */
/* The host's own session: its requests are answered without a connection. */
#include "direct/host.h"

#include "direct/common.h"
#include "direct/host_request.h"

/* Splits the URL of a request into origin, which the mailbox keeps until it exists, and target. */
static enum tg_err take_origin(struct tigress_direct_host *host, const char *url,
                               struct tg_bytes *target)
{
    struct tg_bytes text = tg_bytes_str(url);
    size_t start = 0;
    struct tg_bytes origin;

    if (!tg_direct_split_url(text, &start)) {
        return TG_E_SYNTAX;
    }
    origin = tg_bytes_first(text, start);
    *target = tg_bytes_from(text, start);
    if (!host->mailbox.exists) {
        tg_buf_clear(&host->mailbox.origin);
        tg_buf_append(&host->mailbox.origin, origin);
    }
    return tg_buf_status(&host->mailbox.origin);
}

/* Makes the key once the session has its secret. */
static enum tg_err take_secret(struct tigress_direct_host *host, const struct tigress_session *s)
{
    enum tg_err err = TG_OK;

    if (host->key == NULL && host->mailbox.exists && tigress_session_mailbox_id(s)[0] != '\0') {
        TG_TRY(tg_direct_secret_of(&host->secret, s));
        TG_TRY(tg_direct_key_new(&host->key, TG_DIRECT_HOST, &host->secret));
        host->is_changed = true;
    }
out:
    return err;
}

/* Gives the answer to the session, unless it is a long poll that still waits. */
static enum tigress_error hand_over(struct tigress_direct_host *host, struct tigress_session *s,
                                    const struct tg_direct_answer *answer, int64_t now_ms,
                                    bool *is_done)
{
    enum tigress_error error = TIGRESS_OK;

    if (answer->must_wait && !host->is_session_waiting) {
        host->is_session_waiting = true;
        host->session_until_ms = now_ms + (int64_t)answer->wait_s * 1000;
    }
    if (answer->must_wait && now_ms < host->session_until_ms) {
        return TIGRESS_OK;
    }
    error = tg_direct_reply(s, &answer->response);
    if (error == TIGRESS_OK) {
        host->is_session_waiting = false;
        *is_done = true;
    }
    return error;
}

enum tigress_error tigress_direct_host_perform(struct tigress_direct_host *host,
                                               struct tigress_session *s, int64_t now_ms,
                                               int *is_answered)
{
    const struct tigress_http_request *http = s != NULL ? tigress_session_request(s) : NULL;
    struct tg_direct_request request;
    struct tg_direct_answer answer = { .must_wait = false };
    enum tigress_error error = TIGRESS_OK;
    enum tg_err err = TG_E_BUG;
    bool is_done = false;

    if (is_answered != NULL) {
        *is_answered = 0;
    }
    if (host == NULL || s == NULL || tigress_session_role(s) != TIGRESS_INITIATOR) {
        return TIGRESS_E_ARGUMENT;
    }
    if (http == NULL) {
        /* An earlier call may have failed to make the key, out of memory. */
        return host->key == NULL && host->mailbox.exists ? tg_direct_error(take_secret(host, s))
                                                         : TIGRESS_E_STATE;
    }
    TG_TRY(tg_direct_request_of(&request, http));
    TG_TRY(take_origin(host, http->url, &request.target));
    TG_TRY(tg_direct_mailbox_answer(&host->mailbox, TG_DIRECT_LOCAL, &request, TG_DIRECT_LOOK_FIRST,
                                    now_ms / 1000, &answer));
    if (tg_direct_host_applied(host, &answer)) {
        tg_direct_host_wake_polls(host, now_ms);
    }
    error = hand_over(host, s, &answer, now_ms, &is_done);
    tg_direct_answer_deinit(&answer);
    if (is_answered != NULL) {
        *is_answered = is_done ? 1 : 0;
    }
    if (error == TIGRESS_OK) {
        TG_TRY(take_secret(host, s));
    }
    return error;
out:
    return tg_direct_error(err);
}
