/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/host_conn.h"

/* A connection that has begun to prove the secret keeps its place for this time. */
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

/* Who gives up a place first; 0: never. */
static unsigned rank(const struct tg_direct_conn *c, int64_t now_ms)
{
    if (c->stage != TG_DIRECT_STAGE_HANDSHAKE) {
        return 0;
    }
    if (!tg_direct_tls_is_promising(c->tls)) {
        return 2;
    }
    return now_ms - c->since_ms >= UNPROVED_GRACE_MS ? 1 : 0;
}

/* A free place, or the place of a connection without a proof: of the oldest one that has shown
   nothing, at once; if there is none, of the oldest whose grace to finish the proof is over. So
   strangers keep nobody out, however many they are: a device with the secret shows it in its first
   bytes. */
struct tg_direct_conn *tg_direct_conn_place(struct tigress_direct_host *host, int64_t now_ms)
{
    struct tg_direct_conn *first = NULL;
    unsigned first_rank = 0;

    for (size_t i = 0; i < TIGRESS_DIRECT_CONNECTIONS_MAX; i++) {
        struct tg_direct_conn *c = &host->conns[i];
        unsigned c_rank = 0;

        if (c->stage == TG_DIRECT_STAGE_FREE) {
            return c;
        }
        c_rank = rank(c, now_ms);
        if (c_rank > first_rank || (c_rank > 0 && c_rank == first_rank && c->id < first->id)) {
            first = c;
            first_rank = c_rank;
        }
    }
    if (first != NULL) {
        host->counts[TIGRESS_DIRECT_STALLED]++;
        tg_direct_conn_free(first);
    }
    return first;
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
