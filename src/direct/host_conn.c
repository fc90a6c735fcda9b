/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/host_conn.h"

/* A connection without a proof gives its place to another one after this time. */
#define UNPROVED_GRACE_MS 1000

size_t tg_direct_conn_index(const struct tigress_direct_host *host, unsigned id)
{
    size_t at = host != NULL ? 0 : TIGRESS_DIRECT_CONNECTIONS_MAX;

    while (at < TIGRESS_DIRECT_CONNECTIONS_MAX &&
           (host->conns[at].stage == TG_DIRECT_STAGE_FREE || host->conns[at].id != id)) {
        at++;
    }
    return at;
}

struct tg_direct_conn *tg_direct_conn_find(struct tigress_direct_host *host, unsigned id)
{
    size_t at = tg_direct_conn_index(host, id);

    return at < TIGRESS_DIRECT_CONNECTIONS_MAX ? &host->conns[at] : NULL;
}

void tg_direct_conn_free(struct tg_direct_conn *c)
{
    tg_direct_tls_free(&c->tls);
    tg_buf_deinit(&c->in);
    *c = (struct tg_direct_conn){ .stage = TG_DIRECT_STAGE_FREE };
}

void tg_direct_conn_end(struct tigress_direct_host *host, struct tg_direct_conn *c,
                        enum tigress_direct_event why)
{
    if (c->stage != TG_DIRECT_STAGE_ENDING) {
        host->counts[why]++;
        c->stage = TG_DIRECT_STAGE_ENDING;
        tg_direct_tls_close(c->tls);
        tg_buf_deinit(&c->in);
    }
}

void tg_direct_conn_end_quietly(struct tg_direct_conn *c)
{
    c->stage = TG_DIRECT_STAGE_ENDING;
    tg_direct_tls_close(c->tls);
    tg_buf_deinit(&c->in);
}

/* A free place, or the place of the oldest connection whose grace to prove the secret is over. So
   strangers that hold every place cannot keep the recipient from connecting. */
struct tg_direct_conn *tg_direct_conn_place(struct tigress_direct_host *host, int64_t now_ms)
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
        tg_direct_conn_free(oldest);
    }
    return oldest;
}

int64_t tg_direct_conn_stall_ms(const struct tg_direct_conn *c)
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

void tg_direct_conn_follow_clock(struct tg_direct_conn *c, int64_t now_ms)
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
