/* SPDX-License-Identifier: Apache-2.0 */
#include "client/engine.h"

#include "base/http_date.h"
#include "base/num.h"
#include "client/ending.h"
#include "client/initiator.h"
#include "client/policy.h"
#include "client/public_error.h"
#include "client/recipient.h"
#include "client/request.h"
#include "client/turns.h"
#include "wire/headers.h"
#include "wire/limits.h"
#include "wire/problem.h"

#include <string.h>

#define IDLE_DELAY_MAX_S 30u
#define IDLE_QUICK_S 2 /* a relay that ends a long poll sooner did not hold it */

#define STOP_ACTS (TG_ACT_FINISH | TG_ACT_RELINQUISH | TG_ACT_CANCEL)
#define READ_ACTS (TG_ACT_WAIT | TG_ACT_CHECK)

#define INITIATOR TIGRESS_INITIATOR
#define RECIPIENT TIGRESS_RECIPIENT
#define BOTH (TIGRESS_INITIATOR | TIGRESS_RECIPIENT)

/*
 * The state machine. A state that needs input names it. A state that has a request names the
 * function that handles the answer, and this function enters the next state. tg_engine_accepts
 * refuses an act that is not in `acts`.
 */
static const struct state_row {
    enum tigress_want want; /* 0: step leaves the state immediately */
    enum tigress_input input;
    unsigned acts;
    unsigned roles;
    tg_client_answer_fn *on_answer;
} rows[TG_S_COUNT] = {
    /* clang-format off */
    [TG_S_INTENT] = { TIGRESS_WANT_INPUT, TIGRESS_INPUT_INTENT,
        TG_ACT_CONFIRM | TG_ACT_CANCEL, INITIATOR, NULL },
    [TG_S_CREATE] = { TIGRESS_WANT_HTTP, TIGRESS_INPUT_NONE,
        TG_ACT_CANCEL, INITIATOR, tg_initiator_on_create },
    [TG_S_CREATED] = { TIGRESS_WANT_INPUT, TIGRESS_INPUT_CREATED,
        READ_ACTS | TG_ACT_CANCEL, INITIATOR, NULL },
    [TG_S_CHECK] = { 0, TIGRESS_INPUT_NONE,
        TG_ACT_CANCEL | TG_ACT_SECRET, RECIPIENT, NULL },
    [TG_S_SECRET] = { TIGRESS_WANT_INPUT, TIGRESS_INPUT_SECRET,
        TG_ACT_SECRET | TG_ACT_CANCEL, RECIPIENT, NULL },
    [TG_S_PREVIEW] = { TIGRESS_WANT_HTTP, TIGRESS_INPUT_NONE,
        TG_ACT_CANCEL | TG_ACT_SECRET, RECIPIENT, tg_recipient_on_preview },
    [TG_S_PREVIEWED] = { TIGRESS_WANT_INPUT, TIGRESS_INPUT_PREVIEW,
        TG_ACT_ACCEPT | TG_ACT_SECRET | TG_ACT_CANCEL, RECIPIENT, NULL },
    [TG_S_CLAIM] = { TIGRESS_WANT_HTTP, TIGRESS_INPUT_NONE,
        TG_ACT_CANCEL | TG_ACT_SECRET, RECIPIENT, tg_recipient_on_claim },
    [TG_S_READ] = { TIGRESS_WANT_HTTP, TIGRESS_INPUT_NONE,
        READ_ACTS | STOP_ACTS | TG_ACT_SEND, BOTH, tg_turns_on_read },
    [TG_S_MESSAGE] = { TIGRESS_WANT_INPUT, TIGRESS_INPUT_MESSAGE,
        READ_ACTS | STOP_ACTS | TG_ACT_SEND, BOTH, NULL },
    [TG_S_OPENED] = { TIGRESS_WANT_INPUT, TIGRESS_INPUT_OPENED,
        READ_ACTS | STOP_ACTS, INITIATOR, NULL },
    [TG_S_UNCHANGED] = { TIGRESS_WANT_INPUT, TIGRESS_INPUT_UNCHANGED,
        READ_ACTS | STOP_ACTS | TG_ACT_SEND, BOTH, NULL },
    [TG_S_SEND] = { TIGRESS_WANT_HTTP, TIGRESS_INPUT_NONE,
        TG_ACT_CANCEL, BOTH, tg_turns_on_send },
    [TG_S_SENT] = { TIGRESS_WANT_INPUT, TIGRESS_INPUT_SENT,
        READ_ACTS | STOP_ACTS, BOTH, NULL },
    [TG_S_DELETE] = { TIGRESS_WANT_HTTP, TIGRESS_INPUT_NONE, 0, BOTH, tg_turns_on_delete },
    [TG_S_RELINQUISH] = { TIGRESS_WANT_HTTP, TIGRESS_INPUT_NONE, 0, RECIPIENT,
        tg_turns_on_relinquish },
    [TG_S_DONE] = { TIGRESS_DONE, TIGRESS_INPUT_NONE, 0, BOTH, NULL },
    [TG_S_ATTEST] = { TIGRESS_WANT_INPUT, TIGRESS_INPUT_ATTESTATION,
        TG_ACT_ATTEST | TG_ACT_CANCEL, BOTH, NULL },
    [TG_S_TOKEN] = { TIGRESS_WANT_INPUT, TIGRESS_INPUT_PRIVATE_TOKEN,
        TG_ACT_TOKEN | TG_ACT_CANCEL, INITIATOR, NULL },
    [TG_S_KEY] = { TIGRESS_WANT_INPUT, TIGRESS_INPUT_KEY,
        TG_ACT_KEY | STOP_ACTS, BOTH, NULL },
    [TG_S_PIN] = { TIGRESS_WANT_INPUT, TIGRESS_INPUT_PIN,
        TG_ACT_PIN | TG_ACT_CANCEL, RECIPIENT, NULL },
    [TG_S_FAILED] = { TIGRESS_FAILED, TIGRESS_INPUT_NONE, 0, BOTH, NULL },
    /* clang-format on */
};

bool tg_engine_is_state(enum tigress_role role, unsigned state)
{
    return state > 0 && state < TG_S_COUNT && (rows[state].roles & (unsigned)role) != 0;
}

static bool is_request(const struct tigress_session *s)
{
    return rows[s->state].on_answer != NULL;
}

bool tg_engine_accepts(const struct tigress_session *s, enum tg_act act)
{
    if ((rows[s->state].acts & (unsigned)act) == 0) {
        return false;
    }
    if (act == TG_ACT_SEND) {
        return s->messages.is_our_turn && !s->request.is_in_flight;
    }
    if (act == TG_ACT_RELINQUISH && s->role != TIGRESS_RECIPIENT) {
        return false;
    }
    return !s->request.is_in_flight;
}

enum tigress_want tg_engine_want(const struct tigress_session *s)
{
    if (s->failure.is_paused) {
        return TIGRESS_FAILED;
    }
    return is_request(s) && s->backoff.is_waiting ? TIGRESS_WANT_WAIT : rows[s->state].want;
}

/* After a long poll without news. A relay that ends long polls immediately, or wakes them without
   news, must not make the session poll without pause. The duration of the poll is known only
   now. */
static void settle_idle(struct tg_session_backoff *b, int64_t now_s, uint32_t max_s)
{
    bool is_quick = b->idle_why == TG_IDLE_REPEATED || now_s - b->sent_at_s < IDLE_QUICK_S;

    if (b->idle_why == TG_IDLE_NONE) {
        return;
    }
    b->idle_why = TG_IDLE_NONE;
    b->idle_count = is_quick ? b->idle_count + 1 : 0;
    if (b->idle_count > 0) {
        b->delay_s = b->idle_count < 5 ? 1u << (b->idle_count - 1) : IDLE_DELAY_MAX_S;
        b->delay_s = b->delay_s < max_s ? b->delay_s : max_s;
    }
}

/* Starts a wait for delay_s, if there is one. Is the session still waiting? */
static bool must_wait(struct tg_session_backoff *b, int64_t now_s)
{
    if (b->delay_s > 0) {
        b->delay_max_s = b->delay_s;
        b->wait_until_s = now_s + (int64_t)b->delay_s;
        b->delay_s = 0;
        b->is_waiting = true;
    }
    /* After the clock was set back, the wait is no longer than its delay. */
    if (b->is_waiting && b->wait_until_s > now_s + (int64_t)b->delay_max_s) {
        b->wait_until_s = now_s + (int64_t)b->delay_max_s;
    }
    if (b->is_waiting && now_s >= b->wait_until_s) {
        b->is_waiting = false;
    }
    return b->is_waiting;
}

enum tigress_want tigress_session_step(struct tigress_session *s, int64_t now_s)
{
    if (s == NULL) {
        return TIGRESS_FAILED;
    }
    now_s = now_s < 0 ? 0 : now_s > INT64_MAX / 2 ? INT64_MAX / 2 : now_s;
    s->now_s = now_s;
    s->settings.is_closed = true;
    s->failure.refusal.text[0] = '\0';
    if (s->state == TG_S_CHECK && tg_client_policy_allows(s)) {
        tg_recipient_check(s);
    }
    settle_idle(&s->backoff, now_s, s->settings.wait_max_s);
    if (s->failure.is_paused || !is_request(s) || s->request.is_in_flight ||
        must_wait(&s->backoff, now_s)) {
        return tg_engine_want(s);
    }
    if (!tg_client_policy_allows(s)) {
        return TIGRESS_FAILED; /* the policy was not yet checked: an initiator, or a resumed session
                                */
    }
    if (!s->request.is_built) {
        enum tg_err err = tg_client_request_build(s);

        if (err != TG_OK) {
            tg_session_pause(s, tg_public_error(err), NULL);
            return TIGRESS_FAILED;
        }
    }
    s->request.is_in_flight = true;
    s->change.is_attempted = true;
    s->change.is_first = s->change.is_fresh;
    s->change.is_fresh = false;
    s->backoff.sent_at_s = now_s;
    return TIGRESS_WANT_HTTP;
}

/* ---- answers -------------------------------------------------------------------------------- */

static struct tg_bytes find_header(const struct tigress_http_header *headers, size_t header_count,
                                   const char *name)
{
    for (size_t i = 0; i < header_count; i++) {
        if (headers[i].name != NULL &&
            tg_bytes_is_equal_nocase(tg_bytes_str(headers[i].name), tg_bytes_str(name))) {
            return tg_bytes_trim(tg_bytes_str(headers[i].value));
        }
    }
    return tg_bytes(NULL, 0);
}

/* 0: the header is missing, not a number, or more than max. */
static uint64_t number_header(const struct tigress_http_header *headers, size_t header_count,
                              const char *name, uint64_t max)
{
    uint64_t value = 0;

    if (tg_num_parse_u64(&value, find_header(headers, header_count, name), max) != TG_OK) {
        return 0;
    }
    return value;
}

/*
 * Seconds, or a date of HTTP; 0: no valid one. A longer time than the session may wait is cut to
 * that, however many digits it has.
 * spec: protocol/2#retry-after
 */
static uint32_t retry_after(const struct tigress_session *s,
                            const struct tigress_http_header *headers, size_t header_count)
{
    struct tg_bytes text = find_header(headers, header_count, "Retry-After");
    int64_t date_s = s->now_s;
    int64_t at_s = 0;
    uint64_t wait_s = 0;
    enum tg_err err = tg_num_parse_u64(&wait_s, text, TG_RETRY_AFTER_MAX_S);

    if (err == TG_E_LIMIT) {
        return TG_RETRY_AFTER_MAX_S;
    }
    if (err == TG_OK) {
        return (uint32_t)wait_s;
    }
    /* The relay's own clock says how far away its date is. */
    if (tg_http_date_read(&at_s, text, s->now_s) != TG_OK) {
        return 0;
    }
    if (tg_http_date_read(&date_s, find_header(headers, header_count, "Date"), s->now_s) != TG_OK) {
        date_s = s->now_s;
    }
    at_s -= date_s;
    return at_s <= 0 ? 0 : at_s > TG_RETRY_AFTER_MAX_S ? TG_RETRY_AFTER_MAX_S : (uint32_t)at_s;
}

/* A C0 control or DEL, or either byte of a C1 control (U+0080 to U+009F) in UTF-8. */
static bool is_control(struct tg_bytes text, size_t at)
{
    uint8_t c = text.ptr[at];
    uint8_t before = at > 0 ? text.ptr[at - 1] : 0;
    uint8_t after = at + 1 < text.len ? text.ptr[at + 1] : 0;

    return c < 0x20 || c == 0x7f || (c == 0xc2 && after < 0xa0) || (before == 0xc2 && c < 0xa0);
}

/* Keeps the relay's explanation, without characters that control a terminal: it is not trusted. */
static void keep_detail(struct tigress_session *s, const struct tg_client_answer *answer)
{
    struct tg_problem problem = { .type = { NULL, 0 } };
    struct tg_json *doc = NULL;
    size_t len = 0;

    s->failure.detail[0] = '\0';
    if (answer->status >= 400 && tg_problem_decode(&problem, &doc, answer->body) == TG_OK) {
        len = problem.detail.len < TG_DETAIL_MAX ? problem.detail.len : TG_DETAIL_MAX;
        /* Truncate between characters. */
        while (len > 0 && len < problem.detail.len && (problem.detail.ptr[len] & 0xc0) == 0x80) {
            len--;
        }
        for (size_t i = 0; i < len; i++) {
            s->failure.detail[i] = '?';
            if (!is_control(problem.detail, i)) {
                memcpy(&s->failure.detail[i], &problem.detail.ptr[i], 1);
            }
        }
        s->failure.detail[len] = '\0';
    }
    tg_json_free(&doc);
}

enum tigress_error tigress_session_reply(struct tigress_session *s, unsigned status,
                                         const struct tigress_http_header *headers,
                                         size_t header_count, const char *body, size_t body_len)
{
    struct tg_client_answer answer = { .status = status, .body = tg_bytes(body, body_len) };
    enum tg_err err = TG_E_BUG;

    if (s == NULL || status < 100 || status > 599 || (headers == NULL && header_count > 0) ||
        (body == NULL && body_len > 0)) {
        return TIGRESS_E_ARGUMENT;
    }
    if (!s->request.is_in_flight) {
        return TIGRESS_E_STATE;
    }
    s->failure.refusal.text[0] = '\0';
    answer.headers = headers;
    answer.header_count = header_count;
    answer.version = number_header(headers, header_count, TG_HEADER_VERSION, UINT64_MAX / 2);
    answer.retry_after_s = retry_after(s, headers, header_count);
    answer.opened = tg_ending_opened(
        tg_recipient_parse(find_header(headers, header_count, TG_HEADER_RECIPIENT)));
    if (body_len > TG_RESPONSE_BODY_MAX) {
        return tigress_session_reply_failed(s, TIGRESS_NET_TOO_LARGE);
    }
    keep_detail(s, &answer);
    err = rows[s->state].on_answer(s, &answer);
    if (err == TG_E_NOMEM) {
        return TIGRESS_E_NOMEM;
    }
    if (err != TG_OK) {
        tg_session_pause(s, tg_public_error(err), NULL);
    }
    tg_session_drop_request(s);
    s->request.is_in_flight = false;
    return TIGRESS_OK;
}

static const struct net_row {
    enum tigress_error error;
    bool is_final;           /* not repeated: only the application can change the cause */
    bool has_place;          /* host and port follow the text */
    const char *text;        /* NULL: the sentence of the error */
    const char *direct_text; /* of a direct transfer, without a place */
} net_rows[] = {
    [TIGRESS_NET_UNREACHABLE] = { TIGRESS_E_NETWORK, false, true, "The relay cannot be reached",
                                  "The other device cannot be reached." },
    [TIGRESS_NET_LOST] = { TIGRESS_E_NETWORK, false, true, "The connection to the relay was lost",
                           "The connection to the other device was lost." },
    [TIGRESS_NET_TIMEOUT] = { TIGRESS_E_TIMEOUT, false, true, "The relay did not answer in time",
                              "The other device did not answer in time." },
    [TIGRESS_NET_TLS] = { TIGRESS_E_TLS, true, true,
                          "The relay's certificate is not valid; nothing was sent to the relay",
                          "The other device does not know the secret of this invitation; "
                          "nothing was sent to it." },
    [TIGRESS_NET_TOO_LARGE] = { TIGRESS_E_PROTOCOL, false, false, "The relay's answer is too long.",
                                "The other device's answer is too long." },
    [TIGRESS_NET_NOT_HTTP] = { TIGRESS_E_PROTOCOL, false, false, "The relay's answer is not HTTP.",
                               "The other device's answer is not valid." },
    [TIGRESS_NET_NO_NAME] = { TIGRESS_E_NAME, false, true,
                              "The host name of the relay was not found",
                              "The name of the other device was not found." },
    [TIGRESS_NET_NO_ROUTE] = { TIGRESS_E_ROUTE, false, true,
                               "There is no route to the host of the relay",
                               "There is no route to the other device." },
    [TIGRESS_NET_NO_SERVICE] = { TIGRESS_E_CONNECT, false, true,
                                 "The host of the relay refuses connections to this port",
                                 "The other device does not listen any more." },
};

#define PLACE_SHOWN_MAX 80 /* of a host name, so that its end and the port are cut together */

static const char *net_text(struct tigress_session *s, const struct net_row *row, const char *why)
{
    unsigned port = s->url.port != 0 ? s->url.port : s->url.is_plain_http ? 80u : 443u;

    if (why != NULL) {
        return tg_session_say(s, "%s", why);
    }
    if (s->url.is_direct || !row->has_place) {
        return s->url.is_direct ? row->direct_text : row->text;
    }
    return tg_session_say(s, "%s: %.*s:%u.", row->text, PLACE_SHOWN_MAX, s->url.host, port);
}

enum tigress_error tigress_session_reply_failed_because(struct tigress_session *s,
                                                        enum tigress_net_failure failure,
                                                        const char *why)
{
    const struct net_row *row = NULL;
    const char *text = NULL;

    if (s == NULL || failure < TIGRESS_NET_UNREACHABLE || failure > TIGRESS_NET_NO_SERVICE) {
        return TIGRESS_E_ARGUMENT;
    }
    if (!s->request.is_in_flight) {
        return TIGRESS_E_STATE;
    }
    s->failure.refusal.text[0] = '\0';
    s->request.is_in_flight = false;
    if (failure == TIGRESS_NET_INTERRUPTED) {
        return TIGRESS_OK;
    }
    row = &net_rows[failure];
    text = net_text(s, row, why);
    s->failure.detail[0] = '\0';
    if (row->is_final) {
        tg_session_pause(s, row->error, text);
    } else {
        tg_session_retry_later(s, row->error, text, 0);
    }
    return TIGRESS_OK;
}

enum tigress_error tigress_session_reply_failed(struct tigress_session *s,
                                                enum tigress_net_failure failure)
{
    return tigress_session_reply_failed_because(s, failure, NULL);
}

enum tigress_input tigress_session_input(const struct tigress_session *s)
{
    return s == NULL || s->failure.is_paused ? TIGRESS_INPUT_NONE : rows[s->state].input;
}
