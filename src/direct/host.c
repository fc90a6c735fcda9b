/* SPDX-License-Identifier: Apache-2.0 */
/* The sender's side: one mailbox, and up to eight peers that talk TLS to it. */
#include "direct/host.h"

#include "base/mem.h"
#include "direct/common.h"

#define HANDSHAKE_BYTES_MAX 65536u
/* A connection that proves nothing makes room for another after this long. */
#define UNPROVED_GRACE_MS 1000

/* ---- life ----------------------------------------------------------------------------------- */

enum tigress_error tigress_direct_host_new(struct tigress_direct_host **out)
{
    enum tg_err err = TG_E_BUG;
    struct tigress_direct_host *host = NULL;

    if (out == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    host = tg_mem_calloc(1, sizeof(*host));
    TG_REQUIRE(host != NULL, TG_E_NOMEM);
    TG_TRY(tg_direct_mailbox_init(&host->mailbox, &tg_rng_system));
    *out = host;
    host = NULL;
out:
    tigress_direct_host_free(&host);
    return tg_direct_error(err);
}

static void free_conn(struct tg_direct_conn *c)
{
    tg_direct_tls_free(&c->tls);
    tg_buf_deinit(&c->in);
    *c = (struct tg_direct_conn){ .stage = TG_DIRECT_STAGE_FREE };
}

void tigress_direct_host_free(struct tigress_direct_host **host)
{
    if (host == NULL || *host == NULL) {
        return;
    }
    for (size_t i = 0; i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        free_conn(&(*host)->conns[i]);
    }
    tg_direct_key_free(&(*host)->key);
    tg_direct_mailbox_deinit(&(*host)->mailbox);
    tg_mem_free_secret(*host, sizeof(**host));
    *host = NULL;
}

/* ---- connections ---------------------------------------------------------------------------- */

static size_t find(const struct tigress_direct_host *host, unsigned name)
{
    size_t at = 0;

    while (at < TIGRESS_DIRECT_CONNECTIONS_MAX &&
           (host->conns[at].stage == TG_DIRECT_STAGE_FREE || host->conns[at].name != name)) {
        at++;
    }
    return at;
}

static struct tg_direct_conn *find_conn(struct tigress_direct_host *host, unsigned name)
{
    size_t at = host != NULL ? find(host, name) : TIGRESS_DIRECT_CONNECTIONS_MAX;

    return at < TIGRESS_DIRECT_CONNECTIONS_MAX ? &host->conns[at] : NULL;
}

/* Ends a connection for a reason that is counted. What TLS still has to say is said. */
static void end(struct tigress_direct_host *host, struct tg_direct_conn *c,
                enum tigress_direct_event why)
{
    if (c->stage != TG_DIRECT_STAGE_ENDING) {
        host->counts[why]++;
        c->stage = TG_DIRECT_STAGE_ENDING;
        tg_direct_tls_close(c->tls);
        tg_buf_deinit(&c->in);
    }
}

static void end_quietly(struct tg_direct_conn *c)
{
    c->stage = TG_DIRECT_STAGE_ENDING;
    tg_direct_tls_close(c->tls);
    tg_buf_deinit(&c->in);
}

/* A free place, or that of the oldest connection that has had its chance to prove the secret: a
   crowd of strangers does not keep the recipient out. */
static struct tg_direct_conn *find_place(struct tigress_direct_host *host, int64_t now_ms)
{
    struct tg_direct_conn *oldest = NULL;

    for (size_t i = 0; i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        struct tg_direct_conn *c = &host->conns[i];

        if (c->stage == TG_DIRECT_STAGE_FREE) {
            return c;
        }
        if (c->stage == TG_DIRECT_STAGE_HANDSHAKE && now_ms - c->since_ms >= UNPROVED_GRACE_MS &&
            (oldest == NULL || c->since_ms < oldest->since_ms)) {
            oldest = c;
        }
    }
    if (oldest != NULL) {
        host->counts[TIGRESS_DIRECT_STALLED]++;
        free_conn(oldest);
    }
    return oldest;
}

/* spec: protocol/7#direct-connections-bounded */
enum tigress_error tigress_direct_host_open(struct tigress_direct_host *host, int64_t now_ms,
                                            unsigned *conn)
{
    struct tg_direct_conn *c = NULL;
    enum tg_err err = TG_E_BUG;

    if (host == NULL || conn == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (host->key == NULL) {
        return TIGRESS_E_STATE;
    }
    c = find_place(host, now_ms);
    if (c == NULL) {
        host->counts[TIGRESS_DIRECT_TURNED_AWAY]++;
        return TIGRESS_E_LIMIT;
    }
    err = tg_direct_tls_new(&c->tls, host->key);
    if (err != TG_OK) {
        return tg_direct_error(err);
    }
    tg_buf_init(&c->in, TG_DIRECT_REQUEST_MAX);
    c->stage = TG_DIRECT_STAGE_HANDSHAKE;
    c->since_ms = now_ms;
    c->moved_ms = now_ms;
    host->last_name = host->last_name == UINT32_MAX ? 1 : host->last_name + 1;
    c->name = host->last_name;
    host->counts[TIGRESS_DIRECT_OPENED]++;
    *conn = c->name;
    return TIGRESS_OK;
}

/* ---- requests of peers ---------------------------------------------------------------------- */

static void look_again(struct tigress_direct_host *host, int64_t now_ms);

static void send_answer(struct tigress_direct_host *host, struct tg_direct_conn *c,
                        const struct tg_direct_response *response, int64_t now_ms)
{
    struct tg_buf frame;

    tg_buf_init(&frame, TG_DIRECT_ANSWER_MAX);
    if (tg_direct_tls_output(c->tls).len == 0) {
        c->moved_ms = now_ms;
    }
    if (tg_direct_response_encode(&frame, response) != TG_OK ||
        tg_direct_tls_write(c->tls, tg_buf_view(&frame)) != TG_OK) {
        end_quietly(c); /* no memory: the peer repeats its request on another connection */
    } else {
        c->stage = TG_DIRECT_STAGE_READY;
        c->since_ms = now_ms;
        tg_buf_clear(&c->in);
    }
    tg_buf_deinit(&frame);
    (void)host;
}

/* Notes what an answer did to the mailbox. true: others who wait are to look. */
static bool note(struct tigress_direct_host *host, const struct tg_direct_answer *answer)
{
    host->is_changed = host->is_changed || answer->is_changed;
    if (answer->is_changed) {
        host->has_recipient = answer->is_bound;
    }
    return answer->is_told;
}

static void serve_frame(struct tigress_direct_host *host, struct tg_direct_conn *c,
                        enum tg_direct_look look, int64_t now_ms)
{
    struct tg_direct_request request;
    struct tg_direct_answer answer;
    bool is_told = false;
    bool is_over = look == TG_DIRECT_LOOK_AGAIN && now_ms >= c->wait_until_ms;

    if (tg_direct_request_decode(&request, tg_buf_view(&c->in)) != TG_OK) {
        end(host, c, TIGRESS_DIRECT_MALFORMED);
        return;
    }
    if (tg_direct_mailbox_answer(&host->mailbox, TG_DIRECT_REMOTE, &request, look, now_ms / 1000,
                                 &answer) != TG_OK) {
        end_quietly(c);
        return;
    }
    is_told = note(host, &answer);
    if (answer.must_wait && !is_over) {
        if (c->stage != TG_DIRECT_STAGE_WAIT) {
            c->wait_until_ms = now_ms + (int64_t)answer.wait_s * 1000;
        }
        c->stage = TG_DIRECT_STAGE_WAIT;
    } else {
        send_answer(host, c, &answer.response, now_ms);
        /* spec: protocol/7#direct-second-device-refused: answered, counted, and its place is free
         */
        if (answer.is_stranger && c->stage != TG_DIRECT_STAGE_ENDING) {
            host->counts[TIGRESS_DIRECT_SECOND] += answer.is_bound ? 1 : 0;
            end_quietly(c);
        }
    }
    tg_direct_answer_deinit(&answer);
    if (is_told) {
        look_again(host, now_ms);
    }
}

/* Every long poll looks whether it has an answer now. An update of one peer's can wake another's,
   whose look changes nothing: this does not go deeper. */
static void look_again(struct tigress_direct_host *host, int64_t now_ms)
{
    for (size_t i = 0; i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        if (host->conns[i].stage == TG_DIRECT_STAGE_WAIT) {
            serve_frame(host, &host->conns[i], TG_DIRECT_LOOK_AGAIN, now_ms);
        }
    }
}

/* One request at a time: what comes before its answer is out of turn. */
static void take_plain(struct tigress_direct_host *host, struct tg_direct_conn *c, size_t before,
                       int64_t now_ms)
{
    size_t frame_len = 0;
    enum tg_err err = TG_OK;

    if (c->in.len == before) {
        return;
    }
    if (c->stage == TG_DIRECT_STAGE_WAIT) {
        end(host, c, TIGRESS_DIRECT_MALFORMED);
        return;
    }
    if (before == 0) {
        c->since_ms = now_ms;
    }
    err = tg_direct_frame_next(tg_buf_view(&c->in), TG_DIRECT_REQUEST_MAX, &frame_len);
    if (err == TG_E_NOTFOUND) {
        return;
    }
    if (err != TG_OK || frame_len != c->in.len) {
        end(host, c, TIGRESS_DIRECT_MALFORMED);
        return;
    }
    serve_frame(host, c, TG_DIRECT_LOOK_FIRST, now_ms);
}

static void shake_hands(struct tigress_direct_host *host, struct tg_direct_conn *c, int64_t now_ms)
{
    enum tg_direct_io io = tg_direct_tls_handshake(c->tls);

    if (io == TG_DIRECT_IO_DONE) {
        host->counts[TIGRESS_DIRECT_PROVED]++;
        c->stage = TG_DIRECT_STAGE_READY;
        c->since_ms = now_ms;
    } else if (io != TG_DIRECT_IO_AGAIN || c->handshake_len > HANDSHAKE_BYTES_MAX) {
        /* spec: protocol/7#direct-wrong-secret-refused */
        end(host, c, TIGRESS_DIRECT_NOT_PROVED);
    }
}

static void read_plain(struct tigress_direct_host *host, struct tg_direct_conn *c, int64_t now_ms)
{
    size_t before = c->in.len;
    enum tg_direct_io io = tg_direct_tls_read(c->tls, &c->in);

    if (io == TG_DIRECT_IO_FAILED) {
        end(host, c, TIGRESS_DIRECT_MALFORMED);
        return;
    }
    take_plain(host, c, before, now_ms);
    if (io == TG_DIRECT_IO_CLOSED && c->stage != TG_DIRECT_STAGE_ENDING) {
        end_quietly(c);
    }
}

enum tigress_error tigress_direct_host_received(struct tigress_direct_host *host, unsigned conn,
                                                const unsigned char *data, size_t len,
                                                int64_t now_ms)
{
    struct tg_direct_conn *c = find_conn(host, conn);

    if (c == NULL || (data == NULL && len > 0)) {
        return c == NULL ? TIGRESS_E_STATE : TIGRESS_E_ARGUMENT;
    }
    if (c->stage == TG_DIRECT_STAGE_ENDING) {
        return TIGRESS_OK;
    }
    if (tg_direct_tls_feed(c->tls, tg_bytes(data, len)) != TG_OK) {
        end_quietly(c);
        return TIGRESS_E_NOMEM;
    }
    if (c->stage == TG_DIRECT_STAGE_HANDSHAKE) {
        c->handshake_len += len;
        shake_hands(host, c, now_ms);
    }
    if (c->stage == TG_DIRECT_STAGE_READY || c->stage == TG_DIRECT_STAGE_WAIT) {
        read_plain(host, c, now_ms);
    }
    return TIGRESS_OK;
}

const unsigned char *tigress_direct_host_output(const struct tigress_direct_host *host,
                                                unsigned conn, size_t *len)
{
    size_t at = host != NULL ? find(host, conn) : TIGRESS_DIRECT_CONNECTIONS_MAX;
    struct tg_bytes output = { NULL, 0 };

    if (at < TIGRESS_DIRECT_CONNECTIONS_MAX) {
        output = tg_direct_tls_output(host->conns[at].tls);
    }
    if (len != NULL) {
        *len = output.len;
    }
    return output.len > 0 ? output.ptr : NULL;
}

void tigress_direct_host_sent(struct tigress_direct_host *host, unsigned conn, size_t len,
                              int64_t now_ms)
{
    struct tg_direct_conn *c = find_conn(host, conn);

    if (c != NULL && len > 0) {
        tg_direct_tls_sent(c->tls, len);
        c->moved_ms = now_ms;
    }
}

int tigress_direct_host_is_open(const struct tigress_direct_host *host, unsigned conn)
{
    size_t at = host != NULL ? find(host, conn) : TIGRESS_DIRECT_CONNECTIONS_MAX;

    return at < TIGRESS_DIRECT_CONNECTIONS_MAX && host->conns[at].stage != TG_DIRECT_STAGE_ENDING;
}

void tigress_direct_host_close(struct tigress_direct_host *host, unsigned conn)
{
    struct tg_direct_conn *c = find_conn(host, conn);

    if (c != NULL) {
        free_conn(c);
    }
}

/* ---- time ----------------------------------------------------------------------------------- */

/* When a connection has used up its time; INT64_MAX: it has all of it. */
static int64_t stall_ms(const struct tg_direct_conn *c)
{
    bool has_output = tg_direct_tls_output(c->tls).len > 0;
    int64_t due = INT64_MAX;

    switch (c->stage) {
    case TG_DIRECT_STAGE_HANDSHAKE:
        due = c->since_ms + TIGRESS_DIRECT_STALL_MS;
        break;
    case TG_DIRECT_STAGE_READY:
        due = c->since_ms + (c->in.len > 0 ? TIGRESS_DIRECT_STALL_MS : TIGRESS_DIRECT_IDLE_MS);
        break;
    case TG_DIRECT_STAGE_FREE:
    case TG_DIRECT_STAGE_WAIT:
    case TG_DIRECT_STAGE_ENDING:
        break;
    }
    if (has_output && c->moved_ms + TIGRESS_DIRECT_STALL_MS < due) {
        due = c->moved_ms + TIGRESS_DIRECT_STALL_MS;
    }
    return due;
}

/* A clock that was set back must not make a stall eternal. */
static void follow_clock(struct tg_direct_conn *c, int64_t now_ms)
{
    if (c->since_ms > now_ms) {
        c->since_ms = now_ms;
    }
    if (c->moved_ms > now_ms) {
        c->moved_ms = now_ms;
    }
    if (c->wait_until_ms > now_ms + (int64_t)TG_DIRECT_WAIT_MAX_S * 1000) {
        c->wait_until_ms = now_ms + (int64_t)TG_DIRECT_WAIT_MAX_S * 1000;
    }
}

/* spec: protocol/7#direct-stall-closed */
void tigress_direct_host_tick(struct tigress_direct_host *host, int64_t now_ms)
{
    if (host == NULL) {
        return;
    }
    for (size_t i = 0; i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        struct tg_direct_conn *c = &host->conns[i];

        if (c->stage == TG_DIRECT_STAGE_FREE) {
            continue;
        }
        follow_clock(c, now_ms);
        if (now_ms >= stall_ms(c)) {
            end(host, c, TIGRESS_DIRECT_STALLED);
            /* Who does not read does not get a goodbye either. */
            tg_direct_tls_sent(c->tls, tg_direct_tls_output(c->tls).len);
        } else if (c->stage == TG_DIRECT_STAGE_WAIT && now_ms >= c->wait_until_ms) {
            serve_frame(host, c, TG_DIRECT_LOOK_AGAIN, now_ms);
        }
    }
}

int64_t tigress_direct_host_deadline_ms(const struct tigress_direct_host *host)
{
    int64_t due = INT64_MAX;

    for (size_t i = 0; host != NULL && i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        const struct tg_direct_conn *c = &host->conns[i];
        int64_t stall = c->stage == TG_DIRECT_STAGE_FREE ? INT64_MAX : stall_ms(c);

        if (c->stage == TG_DIRECT_STAGE_WAIT && c->wait_until_ms < stall) {
            stall = c->wait_until_ms;
        }
        due = stall < due ? stall : due;
    }
    if (host != NULL && host->is_session_waiting && host->session_until_ms < due) {
        due = host->session_until_ms;
    }
    return due == INT64_MAX ? 0 : due;
}

/* ---- our own session ------------------------------------------------------------------------ */

/* "tigress-direct://host:port" of the session's request, once; what follows is the target. */
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

/* The key, as soon as the session says its secret. */
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

/* Hands the answer over, unless it is to wait. */
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
    const struct tigress_http_request *asked = s != NULL ? tigress_session_request(s) : NULL;
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
    if (asked == NULL) {
        /* The key that was wanting for memory, perhaps. */
        return host->key == NULL && host->mailbox.exists ? tg_direct_error(take_secret(host, s))
                                                         : TIGRESS_E_STATE;
    }
    TG_TRY(tg_direct_request_of(&request, asked));
    TG_TRY(take_origin(host, asked->url, &request.target));
    TG_TRY(tg_direct_mailbox_answer(&host->mailbox, TG_DIRECT_LOCAL, &request, TG_DIRECT_LOOK_FIRST,
                                    now_ms / 1000, &answer));
    if (note(host, &answer)) {
        look_again(host, now_ms);
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

/* ---- what it knows -------------------------------------------------------------------------- */

uint64_t tigress_direct_host_count(const struct tigress_direct_host *host,
                                   enum tigress_direct_event event)
{
    return host != NULL && (unsigned)event < TIGRESS_DIRECT_EVENT_COUNT ? host->counts[event] : 0;
}

int tigress_direct_host_has_recipient(const struct tigress_direct_host *host)
{
    return host != NULL && host->has_recipient;
}

int tigress_direct_host_is_changed(const struct tigress_direct_host *host)
{
    return host != NULL && host->is_changed;
}
