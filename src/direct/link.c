/* SPDX-License-Identifier: Apache-2.0 */
/* The receiver's side: a recipient session's requests, one at a time, over TLS. */
#include "direct/link.h"

#include <tigress/share_url.h>

#include "base/mem.h"
#include "direct/common.h"
#include "direct/frame.h"

#include <unistd.h>

#define MARGIN_MS 2000

/* ---- life ----------------------------------------------------------------------------------- */

static enum tg_err take_url(struct tigress_direct_link *link)
{
    char text[TG_SHARE_URL_MAX + 1] = "";
    enum tigress_error error =
        tigress_session_share_url(link->session, TIGRESS_FORM_HTTPS_BARE, text, sizeof(text));
    enum tg_err err = error == TIGRESS_E_NOMEM ? TG_E_NOMEM : TG_E_SYNTAX;

    if (error == TIGRESS_OK) {
        err = tg_share_url_parse(&link->url, tg_bytes_str(text), NULL);
    }
    return err == TG_OK && !link->url.is_direct ? TG_E_SYNTAX : err;
}

enum tigress_error tigress_direct_link_new(struct tigress_direct_link **out,
                                           struct tigress_session *s)
{
    struct tigress_direct_link *link = NULL;
    enum tg_err err = TG_E_BUG;

    if (out == NULL || s == NULL || tigress_session_role(s) != TIGRESS_RECIPIENT) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_direct_follow_allocator();
    link = tg_mem_calloc(1, sizeof(*link));
    TG_REQUIRE(link != NULL, TG_E_NOMEM);
    link->session = s;
    link->fd = -1;
    tg_buf_init(&link->request, TG_DIRECT_REQUEST_MAX);
    tg_buf_init(&link->in, TG_DIRECT_ANSWER_MAX);
    TG_TRY(take_url(link));
    *out = link;
    link = NULL;
out:
    tigress_direct_link_free(&link);
    return tg_direct_error(err);
}

/* The session repeats the request under way, with the same request id, over the next stream.
   spec: protocol/7#direct-resume */
void tg_direct_link_drop(struct tigress_direct_link *link)
{
    tg_direct_tls_free(&link->tls);
    tg_direct_key_free(&link->key);
    tg_buf_clear(&link->in);
    link->is_proved = false;
    link->is_ending = false;
    link->is_sent = false;
    link->received_len = 0;
}

void tigress_direct_link_free(struct tigress_direct_link **link)
{
    if (link == NULL || *link == NULL) {
        return;
    }
    if ((*link)->fd >= 0) {
        (void)close((*link)->fd);
    }
    tg_direct_link_drop(*link);
    tg_buf_deinit(&(*link)->request);
    tg_buf_deinit(&(*link)->in);
    tg_mem_free_secret(*link, sizeof(**link));
    *link = NULL;
}

const char *tigress_direct_link_host(const struct tigress_direct_link *link)
{
    return link != NULL ? link->url.host : "";
}

unsigned tigress_direct_link_port(const struct tigress_direct_link *link)
{
    return link != NULL ? link->url.port : 0;
}

/* ---- a request ------------------------------------------------------------------------------ */

static void finish_request(struct tigress_direct_link *link)
{
    link->is_busy = false;
    link->is_sent = false;
    tg_buf_clear(&link->request);
}

/* The request fails. The stream ends, too: a late answer would be taken for the next one. */
static void fail(struct tigress_direct_link *link, enum tigress_net_failure failure)
{
    link->is_ending = link->tls != NULL;
    if (link->is_busy) {
        finish_request(link);
        (void)tigress_session_reply_failed(link->session, failure);
    }
}

enum tigress_error tigress_direct_link_start(struct tigress_direct_link *link, int64_t now_ms)
{
    const struct tigress_http_request *http = NULL;
    struct tg_direct_request request;
    enum tg_err err = TG_E_BUG;

    if (link == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    http = tigress_session_request(link->session);
    if (http == NULL || link->is_busy) {
        return TIGRESS_E_STATE;
    }
    if (link->is_ending) {
        tg_direct_link_drop(link);
    }
    TG_TRY(tg_direct_request_of(&request, http));
    TG_TRY(tg_direct_request_encode(&link->request, &request));
    link->is_busy = true;
    link->is_sent = false;
    link->time_left_ms = (int64_t)http->timeout_s * 1000 + MARGIN_MS;
    link->deadline_ms = now_ms + link->time_left_ms;
    if (link->is_proved && !link->is_ending) {
        tigress_direct_link_received(link, NULL, 0, now_ms);
    }
out:
    if (err == TG_E_LIMIT) { /* too large for any host */
        return tigress_session_reply(link->session, 413, NULL, 0, NULL, 0);
    }
    return tg_direct_error(err);
}

int tigress_direct_link_is_busy(const struct tigress_direct_link *link)
{
    return link != NULL && link->is_busy;
}

int tigress_direct_link_needs_stream(const struct tigress_direct_link *link)
{
    return link != NULL && link->is_busy && link->tls == NULL;
}

static enum tg_err open_tls(struct tigress_direct_link *link)
{
    struct tg_secret secret = { .len = 0 };
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_direct_secret_of(&secret, link->session));
    TG_TRY(tg_direct_key_new(&link->key, TG_DIRECT_LINK, &secret));
    TG_TRY(tg_direct_tls_new(&link->tls, link->key));
    (void)tg_direct_tls_handshake(link->tls); /* writes the first flight */
out:
    tg_secret_wipe(&secret);
    return err;
}

void tigress_direct_link_opened(struct tigress_direct_link *link, int64_t now_ms)
{
    enum tg_err err = TG_OK;

    if (link == NULL) {
        return;
    }
    tg_direct_link_drop(link);
    link->opened_ms = now_ms;
    err = open_tls(link);
    if (err != TG_OK) {
        fail(link, err == TG_E_NOMEM ? TIGRESS_NET_LOST : TIGRESS_NET_TLS);
        tg_direct_link_drop(link);
    }
}

void tigress_direct_link_failed(struct tigress_direct_link *link, enum tigress_net_failure failure)
{
    if (link != NULL) {
        fail(link, failure);
        tg_direct_link_drop(link);
    }
}

/* ---- an answer ------------------------------------------------------------------------------ */

static void send_request(struct tigress_direct_link *link)
{
    if (link->is_busy && !link->is_sent) {
        if (tg_direct_tls_write(link->tls, tg_buf_view(&link->request)) != TG_OK) {
            fail(link, TIGRESS_NET_LOST);
            return;
        }
        link->is_sent = true;
    }
}

/* One answer for each request; anything else breaks the protocol. */
static void take_answer(struct tigress_direct_link *link)
{
    struct tg_direct_response response;
    size_t frame_len = 0;
    enum tg_err err =
        tg_direct_frame_next(tg_buf_view(&link->in), TG_DIRECT_ANSWER_MAX, &frame_len);

    if (link->in.len == 0 || (err == TG_E_NOTFOUND && link->is_sent)) {
        return;
    }
    if (err != TG_OK || !link->is_sent || frame_len != link->in.len ||
        tg_direct_response_decode(&response, tg_buf_view(&link->in)) != TG_OK) {
        fail(link, err == TG_E_LIMIT ? TIGRESS_NET_TOO_LARGE : TIGRESS_NET_NOT_HTTP);
        return;
    }
    finish_request(link);
    if (tg_direct_reply(link->session, &response) != TIGRESS_OK) {
        (void)tigress_session_reply_failed(link->session, TIGRESS_NET_LOST);
    }
    tg_buf_clear(&link->in);
}

static void read_answer(struct tigress_direct_link *link)
{
    enum tg_direct_io io = tg_direct_tls_read(link->tls, &link->in);

    if (io == TG_DIRECT_IO_FAILED) {
        fail(link, TIGRESS_NET_TOO_LARGE);
        return;
    }
    take_answer(link);
    if (io == TG_DIRECT_IO_CLOSED) {
        fail(link, TIGRESS_NET_LOST);
    }
}

void tigress_direct_link_received(struct tigress_direct_link *link, const unsigned char *data,
                                  size_t len, int64_t now_ms)
{
    (void)now_ms;
    if (link == NULL || link->tls == NULL || link->is_ending) {
        return;
    }
    link->received_len += len;
    if (tg_direct_tls_feed(link->tls, tg_bytes(data, len)) != TG_OK) {
        fail(link, TIGRESS_NET_LOST);
        return;
    }
    if (!link->is_proved) {
        enum tg_direct_io io = tg_direct_tls_handshake(link->tls);

        link->is_proved = io == TG_DIRECT_IO_DONE;
        if (io == TG_DIRECT_IO_FAILED) {
            /* spec: protocol/7#direct-wrong-secret-refused */
            fail(link, TIGRESS_NET_TLS);
        }
    }
    if (link->is_proved && !link->is_ending) {
        read_answer(link);
    }
    if (link->is_proved && !link->is_ending) {
        send_request(link);
    }
}

const unsigned char *tigress_direct_link_output(const struct tigress_direct_link *link, size_t *len)
{
    struct tg_bytes output = { NULL, 0 };

    if (link != NULL && link->tls != NULL) {
        output = tg_direct_tls_output(link->tls);
    }
    if (len != NULL) {
        *len = output.len;
    }
    return output.len > 0 ? output.ptr : NULL;
}

void tigress_direct_link_sent(struct tigress_direct_link *link, size_t len)
{
    if (link != NULL && link->tls != NULL) {
        tg_direct_tls_sent(link->tls, len);
    }
}

int tigress_direct_link_is_open(const struct tigress_direct_link *link)
{
    return link != NULL && link->tls != NULL && !link->is_ending;
}

/* ---- time ----------------------------------------------------------------------------------- */

static bool is_shaking(const struct tigress_direct_link *link)
{
    return link->tls != NULL && !link->is_proved && !link->is_ending;
}

void tigress_direct_link_tick(struct tigress_direct_link *link, int64_t now_ms)
{
    if (link == NULL || !link->is_busy) {
        return;
    }
    /* After the clock was set back, no deadline is later than before. */
    if (link->deadline_ms > now_ms + link->time_left_ms) {
        link->deadline_ms = now_ms + link->time_left_ms;
    }
    if (link->opened_ms > now_ms) {
        link->opened_ms = now_ms;
    }
    if (now_ms >= link->deadline_ms ||
        (is_shaking(link) && now_ms - link->opened_ms >= TIGRESS_DIRECT_STALL_MS)) {
        fail(link, TIGRESS_NET_TIMEOUT);
    }
}

int64_t tigress_direct_link_deadline_ms(const struct tigress_direct_link *link)
{
    int64_t due = 0;

    if (link != NULL && link->is_busy) {
        due = link->deadline_ms;
        if (is_shaking(link) && link->opened_ms + TIGRESS_DIRECT_STALL_MS < due) {
            due = link->opened_ms + TIGRESS_DIRECT_STALL_MS;
        }
    }
    return due;
}
