/* SPDX-License-Identifier: Apache-2.0 */
/* The sender's side: one mailbox, and up to eight peers that talk TLS to it. */
#include "direct/host.h"

#include "base/mem.h"
#include "direct/common.h"
#include "direct/host_conn.h"
#include "direct/host_request.h"

/* ---- new and free --------------------------------------------------------------------------- */

enum tigress_error tigress_direct_host_new(struct tigress_direct_host **out)
{
    enum tg_err err = TG_E_BUG;
    struct tigress_direct_host *host = NULL;

    if (out == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_direct_follow_allocator();
    host = tg_mem_calloc(1, sizeof(*host));
    TG_REQUIRE(host != NULL, TG_E_NOMEM);
    TG_TRY(tg_direct_mailbox_init(&host->mailbox, &tg_rng_system));
    *out = host;
    host = NULL;
out:
    tigress_direct_host_free(&host);
    return tg_direct_error(err);
}

void tigress_direct_host_free(struct tigress_direct_host **host)
{
    if (host == NULL || *host == NULL) {
        return;
    }
    for (size_t i = 0; i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        tg_direct_conn_free(&(*host)->conns[i]);
    }
    tg_direct_key_free(&(*host)->key);
    tg_direct_mailbox_deinit(&(*host)->mailbox);
    tg_mem_free_secret(*host, sizeof(**host));
    *host = NULL;
}

/* ---- connections ---------------------------------------------------------------------------- */

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
    c = tg_direct_conn_place(host, now_ms);
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
    host->last_id = host->last_id == UINT32_MAX ? 1 : host->last_id + 1;
    c->id = host->last_id;
    host->counts[TIGRESS_DIRECT_OPENED]++;
    *conn = c->id;
    return TIGRESS_OK;
}

enum tigress_error tigress_direct_host_received(struct tigress_direct_host *host, unsigned conn,
                                                const unsigned char *data, size_t len,
                                                int64_t now_ms)
{
    struct tg_direct_conn *c = tg_direct_conn_find(host, conn);

    if (c == NULL || (data == NULL && len > 0)) {
        return c == NULL ? TIGRESS_E_STATE : TIGRESS_E_ARGUMENT;
    }
    if (c->stage == TG_DIRECT_STAGE_ENDING) {
        return TIGRESS_OK;
    }
    if (tg_direct_tls_feed(c->tls, tg_bytes(data, len)) != TG_OK) {
        tg_direct_conn_end_quietly(c);
        return TIGRESS_E_NOMEM;
    }
    if (c->stage == TG_DIRECT_STAGE_HANDSHAKE) {
        c->handshake_len += len;
        tg_direct_host_handshake(host, c, now_ms);
    }
    if (c->stage == TG_DIRECT_STAGE_READY || c->stage == TG_DIRECT_STAGE_WAIT) {
        tg_direct_host_read(host, c, now_ms);
    }
    return TIGRESS_OK;
}

const unsigned char *tigress_direct_host_output(const struct tigress_direct_host *host,
                                                unsigned conn, size_t *len)
{
    size_t at = tg_direct_conn_index(host, conn);
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
    struct tg_direct_conn *c = tg_direct_conn_find(host, conn);

    if (c != NULL && len > 0) {
        tg_direct_tls_sent(c->tls, len);
        c->moved_ms = now_ms;
    }
}

int tigress_direct_host_is_open(const struct tigress_direct_host *host, unsigned conn)
{
    size_t at = tg_direct_conn_index(host, conn);

    return at < TIGRESS_DIRECT_CONNECTIONS_MAX && host->conns[at].stage != TG_DIRECT_STAGE_ENDING;
}

void tigress_direct_host_close(struct tigress_direct_host *host, unsigned conn)
{
    struct tg_direct_conn *c = tg_direct_conn_find(host, conn);

    if (c != NULL) {
        tg_direct_conn_free(c);
    }
}

/* ---- time ----------------------------------------------------------------------------------- */

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
        tg_direct_conn_follow_clock(c, now_ms);
        if (now_ms >= tg_direct_conn_stall_ms(c)) {
            tg_direct_conn_end(host, c, TIGRESS_DIRECT_STALLED);
            /* A peer that does not read does not get a close alert either. */
            tg_direct_tls_sent(c->tls, tg_direct_tls_output(c->tls).len);
        } else if (c->stage == TG_DIRECT_STAGE_WAIT && now_ms >= c->wait_until_ms) {
            tg_direct_host_serve(host, c, TG_DIRECT_LOOK_AGAIN, now_ms);
        }
    }
}

int64_t tigress_direct_host_deadline_ms(const struct tigress_direct_host *host)
{
    int64_t due = INT64_MAX;

    for (size_t i = 0; host != NULL && i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        const struct tg_direct_conn *c = &host->conns[i];
        int64_t stall = c->stage == TG_DIRECT_STAGE_FREE ? INT64_MAX : tg_direct_conn_stall_ms(c);

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

/* ---- what it knows -------------------------------------------------------------------------- */

const char *tigress_direct_event_name(enum tigress_direct_event event)
{
    static const char *const names[TIGRESS_DIRECT_EVENT_COUNT] = {
        [TIGRESS_DIRECT_OPENED] = "DIRECT_OPENED",
        [TIGRESS_DIRECT_PROVED] = "DIRECT_PROVED",
        [TIGRESS_DIRECT_NOT_PROVED] = "DIRECT_NOT_PROVED",
        [TIGRESS_DIRECT_SECOND] = "DIRECT_SECOND",
        [TIGRESS_DIRECT_MALFORMED] = "DIRECT_MALFORMED",
        [TIGRESS_DIRECT_STALLED] = "DIRECT_STALLED",
        [TIGRESS_DIRECT_TURNED_AWAY] = "DIRECT_TURNED_AWAY",
    };

    return (unsigned)event < TIGRESS_DIRECT_EVENT_COUNT ? names[event] : "UNKNOWN";
}

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
