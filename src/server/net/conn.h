/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/net/conn.h - connections: a socket, TLS, buffers and an HTTP engine each.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 * Secrets: buffers hold requests and answers; they are wiped when freed. The peer's address is not
 * kept: it is read from the socket when a rate limit needs it.
 */
#ifndef TG_SERVER_NET_CONN_H
#define TG_SERVER_NET_CONN_H

#include "server/http/proto.h"
#include "server/net/costly.h"
#include "server/net/tls.h"
#include "server/net/turns.h"

#include <uv.h>

struct tg_conn;

/* What the connections of one worker share. */
struct tg_conns {
    struct tg_env *env;
    uv_loop_t *loop;
    struct tg_link all;
    struct tg_turns turns;   /* those that tg_conns_run handles next */
    struct tg_costly costly; /* those whose handshake waits until it may be long */
    struct tg_conn *turn;    /* whose turn it is; NULL outside of tg_conns_run */
    uint64_t turn_until_us;
    size_t count;                          /* including those being closed */
    size_t free_count;                     /* of these, without a place: the operator's */
    uint64_t relieve_from_us;              /* when memory that is short is looked for again */
    bool must_make_room;                   /* descriptors ran out: each newcomer needs a victim */
    uint8_t record_buf[TG_TLS_RECORD_MAX]; /* received, before TLS */
    uint8_t read_buf[TG_READ_MAX];
    struct tg_buf join; /* parts of an answer, joined for one TLS record */
    struct tg_accounts accounts;
};

/* env->ledger and env->memory must be set. */
TG_NODISCARD enum tg_err tg_conns_init(struct tg_conns *cs, struct tg_env *env, uv_loop_t *loop);
/* Only when count is 0 and no request of a former connection is in progress. Also after a failed
   init. */
void tg_conns_deinit(struct tg_conns *cs);

/*
 * Takes ownership of fd (non-blocking), also on failure. tls NULL: plain; the connection holds it.
 * service is borrowed until the connection is freed.
 * TG_E_DENIED   its network is over its budget; counted
 * TG_E_FULL     there is no place or no memory for it; counted
 * TG_E_NOMEM, TG_E_IO
 */
TG_NODISCARD enum tg_err tg_conn_open(struct tg_conns *cs, int fd, struct tg_tls_context *tls,
                                      const struct tg_service *service);
/* Gives connections their turns, in the order of turns.h, for about TG_TURNS_MAX_US. Call it
   outside of callbacks. Returns whether others wait: call it again after a look at the sockets. */
bool tg_conns_run(struct tg_conns *cs);
/* Call it a few times in a second. It closes the largest connections of a network that holds as
   much memory as it may. It looks at no more than TG_CONNS_LOOKS_PER_TICK connections, the next
   ones with the next call. */
#define TG_CONNS_LOOKS_PER_TICK 2048u
void tg_conns_tick(struct tg_conns *cs);
/* Closes the connections that lost their place, also for memory when it is short. Call it outside
   of turns. Returns whether there were any. */
bool tg_conns_relieve(struct tg_conns *cs);
/* Lets every connection answer its open requests and close. env.is_draining must be set. */
void tg_conns_drain(struct tg_conns *cs);
/* Closes all connections immediately. They are freed in the loop's next iteration. */
void tg_conns_close(struct tg_conns *cs);

#endif
