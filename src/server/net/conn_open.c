/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/conn_open.h"

#include "base/mem.h"
#include "server/http/client.h"
#include "server/net/clock.h"
#include "server/net/conn_recv.h"
#include "server/net/plain.h"
#include "server/proxy/header.h"

#include <sys/socket.h>

static enum tg_opening fail(struct tg_conn *c, enum tg_counter counter)
{
    tg_metrics_count(c->conns->env->metrics, counter);
    tg_conn_break(c);
    return TG_OPENING_FAILED;
}

/* ---- whose connection it is ---- */

static void socket_address(const struct tg_conn *c, struct sockaddr_storage *addr)
{
    socklen_t len = sizeof(*addr);

    if (getpeername(c->fd, (struct sockaddr *)addr, &len) != 0) {
        addr->ss_family = AF_UNSPEC;
    }
}

static void peer_network(struct tg_peer *peer, struct tg_network *out)
{
    struct tg_conn *c = TG_CONTAINER(peer, struct tg_conn, io.peer);
    struct sockaddr_storage addr = { 0 };

    socket_address(c, &addr);
    tg_network_of_address(out, &addr);
    tg_mem_wipe(&addr, sizeof(addr));
}

static bool is_trusted(const struct tg_conn *c, const struct tg_ip *ip)
{
    /* The pages for operators are not behind the proxy. */
    return c->service->is_rate_limited &&
           tg_ip_set_has(c->conns->env->settings->trusted_proxies, ip);
}

static struct tg_holders *places(const struct tg_conn *c)
{
    return tg_ledger_holders(c->conns->env->ledger, TG_PLACE_CONNECTION);
}

/* A proxy pays for no connection; before its header nobody is known to pay. */
static const struct tg_payer *payer_of(struct tg_conn *c)
{
    static const struct tg_payer exempt = { .kind = TG_PAYER_EXEMPT };

    return c->awaits_proxy_header ? &exempt : tg_client_find_peer(&c->io.peer, c->conns->env);
}

/* Whether there is memory for its handshake. spec: protocol/3#memory-refused */
static bool is_affordable(const struct tg_conn *c)
{
    struct tg_account *account = c->io.peer.account;

    if (!tg_account_may_take(account, TG_CONNECTION_MEMORY)) {
        tg_metrics_count(c->conns->env->metrics, TG_COUNTER_REFUSED_MEMORY);
        return false;
    }
    tg_account_promise(account, c->tls_context != NULL ? TG_CONNECTION_MEMORY : 0);
    return true;
}

/* spec: protocol/3#places */
enum tg_err tg_conn_enter(struct tg_conn *c)
{
    const struct tg_env *env = c->conns->env;
    const struct tg_payer *payer = payer_of(c);
    enum tg_work work = c->tls_context != NULL ? TG_WORK_HANDSHAKE : TG_WORK_CONNECTION;

    c->turn_key = tg_turns_key(payer);
    tg_account_set_payer(c->io.peer.account, payer);
    if (!c->service->is_rate_limited) {
        tg_account_set_operator(c->io.peer.account);
        return TG_OK;
    }
    if (tg_ledger_charge(env->ledger, payer, work, env->now_mono_ms) > 0) {
        tg_metrics_count(env->metrics, TG_COUNTER_REFUSED_HANDSHAKES);
        return TG_E_DENIED;
    }
    tg_holders_leave(places(c), &c->place);
    c->place.memory = tg_account_owner(c->io.peer.account);
    if ((c->conns->must_make_room && !tg_holders_make_room(places(c), payer)) ||
        !tg_holders_enter(places(c), &c->place, payer, env->worker, TG_WORTH_NONE)) {
        tg_metrics_count(env->metrics, TG_COUNTER_REFUSED_CONNECTIONS);
        return TG_E_FULL;
    }
    c->io.peer.holder = &c->place;
    return is_affordable(c) ? TG_OK : TG_E_FULL; /* its network is known and pays */
}

void tg_conn_set_peer(struct tg_conn *c)
{
    struct sockaddr_storage addr = { 0 };
    struct tg_ip ip = { { 0 } };
    bool is_proxy = false;

    c->io.peer.network = peer_network;
    socket_address(c, &addr);
    is_proxy = tg_ip_of_sockaddr(&ip, &addr) && is_trusted(c, &ip);
    c->awaits_proxy_header = is_proxy && c->conns->env->settings->needs_proxy_header;
    c->io.peer.is_proxy = is_proxy && !c->awaits_proxy_header;
    tg_mem_wipe(&addr, sizeof(addr));
    tg_mem_wipe(&ip, sizeof(ip));
}

/* The client of a header may be a proxy too, which names its clients in each request. Without a
   client the connection is the proxy's own, and nothing is believed that comes over it: it may
   still carry the words of a client whose address the proxy does not know. */
static enum tg_err set_client(struct tg_conn *c, const struct tg_proxy_header *header)
{
    c->awaits_proxy_header = false;
    if (header->has_client) {
        tg_client_set_peer(&c->io.peer, c->conns->env, &header->client);
        c->io.peer.is_proxy = is_trusted(c, &header->client);
    }
    return tg_conn_enter(c);
}

/* spec: protocol/1#proxy-protocol */
static enum tg_opening proxy_header(struct tg_conn *c, struct tg_conn_input *in)
{
    struct tg_proxy_header header = { 0 };
    enum tg_proxy_look look = TG_PROXY_MORE;
    enum tg_err err = TG_E_BUG;

    while ((look = tg_proxy_header_look(&header, tg_conn_input_view(in))) == TG_PROXY_MORE) {
        enum tg_tls_io result = tg_conn_input_more(in);

        if (result == TG_TLS_WANT_READ) {
            return TG_OPENING_GOES_ON;
        }
        if (result != TG_TLS_OK) {
            break;
        }
    }
    if (look != TG_PROXY_DONE) {
        return fail(c, TG_COUNTER_REFUSED_PROXY_HEADER);
    }
    err = set_client(c, &header);
    tg_mem_wipe(in->buf + in->at, header.len);
    in->at += header.len;
    tg_mem_wipe(&header, sizeof(header));
    if (err != TG_OK) {
        tg_conn_break(c);
        return TG_OPENING_FAILED;
    }
    return TG_OPENING_DONE;
}

/* ---- the first bytes on a TLS port ---- */

/* spec: protocol/1#plain-http-on-tls-port */
static enum tg_opening answer_plain(struct tg_conn *c, enum tg_plain plain)
{
    struct tg_bytes answer = tg_plain_answer(plain);

    /* The socket is empty: a few hundred bytes fit, or the peer is gone. */
    (void)send(c->fd, answer.ptr, answer.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    tg_metrics_count(c->conns->env->metrics, TG_COUNTER_REFUSED_PLAIN_HTTP);
    return TG_OPENING_ANSWERED;
}

/* A session is made when the first record is there: a peer that sends nothing costs little. */
static enum tg_opening first_bytes(struct tg_conn *c, struct tg_conn_input *in)
{
    enum tg_plain plain = TG_PLAIN_UNDECIDED;

    while ((plain = tg_plain_look(tg_conn_input_view(in))) == TG_PLAIN_UNDECIDED) {
        enum tg_tls_io result = tg_conn_input_more(in);

        if (result == TG_TLS_WANT_READ) {
            return TG_OPENING_GOES_ON;
        }
        if (result != TG_TLS_OK) {
            return fail(c, TG_COUNTER_HANDSHAKE_FAILED);
        }
    }
    if (plain == TG_PLAIN_TLS) {
        c->tls = tg_tls_new(c->tls_context, c->fd);
        return c->tls == NULL ? fail(c, TG_COUNTER_HANDSHAKE_FAILED) : TG_OPENING_GOES_ON;
    }
    in->at = in->len; /* wiped, and not kept */
    return plain == TG_PLAIN_OTHER ? fail(c, TG_COUNTER_HANDSHAKE_FAILED) : answer_plain(c, plain);
}

/* ---- the handshake ---- */

static bool count_record(struct tg_conn *c, size_t record_len)
{
    struct tg_conn_records *r = &c->records;

    r->handshake_len += record_len;
    r->count += record_len > 0 ? 1 : 0;
    return r->count <= TG_TLS_HANDSHAKE_RECORDS_MAX &&
           r->handshake_len <= TG_TLS_HANDSHAKE_BYTES_MAX;
}

static enum tg_opening done(struct tg_conn *c, const struct tg_conn_input *in)
{
    tg_metrics_count(c->conns->env->metrics, TG_COUNTER_HANDSHAKES);
    c->records = (struct tg_conn_records){ 0 };
    c->read = TG_CONN_READ_ON_READABLE;
    if (tg_tls_has_pending(c->tls) || tg_conn_input_view(in).len > 0) {
        c->read = TG_CONN_READ_AT_ONCE; /* the request came with the end of the handshake */
    }
    return TG_OPENING_DONE;
}

/* Most clients use X25519. spec: protocol/3#price-of-groups */
static void pay_group(struct tg_conn *c)
{
    const struct tg_env *env = c->conns->env;

    if (!c->records.has_paid_group && c->service->is_rate_limited && tg_tls_is_costly(c->tls)) {
        c->records.has_paid_group = true;
        tg_ledger_spend(env->ledger, payer_of(c), TG_WORK_HANDSHAKE, TG_TLS_COSTLY_HANDSHAKES,
                        env->now_mono_ms);
    }
}

/* The relay's own proxies and operators are not kept waiting. */
static bool may_be_costly(struct tg_conn *c)
{
    return c->has_leave || !c->service->is_rate_limited || tg_payer_tier_count(payer_of(c)) == 0 ||
           tg_costly_may(&c->conns->costly, c->turn_key, tg_clock_us());
}

/* spec: protocol/3#costly-handshakes */
static enum tg_tls_io step(struct tg_conn *c, struct tg_bytes *record)
{
    enum tg_tls_io result = tg_tls_handshake(c->tls, record);

    if (result == TG_TLS_WANT_LEAVE && may_be_costly(c)) {
        uint64_t from_us = tg_clock_us();
        uint64_t until_us = 0;

        tg_tls_give_leave(c->tls);
        result = tg_tls_handshake(c->tls, record);
        until_us = tg_clock_us();
        tg_costly_done(&c->conns->costly, c->turn_key, until_us, until_us - from_us);
        c->has_leave = false;
    }
    return result;
}

/* One record of the handshake. TG_TLS_OK: it is done. */
static enum tg_tls_io shake(struct tg_conn *c, struct tg_conn_input *in, bool *has_record)
{
    struct tg_bytes record = { 0 };
    enum tg_tls_io result = TG_TLS_OK;
    size_t taken = 0;

    *has_record = false;
    if (c->read != TG_CONN_READ_ON_WRITABLE) {
        result = tg_conn_input_record(in, &record);
        if (result != TG_TLS_OK && !(result == TG_TLS_WANT_READ && c->has_leave)) {
            return result;
        }
        *has_record = result == TG_TLS_OK;
    }
    taken = record.len;
    if (!count_record(c, taken)) {
        tg_metrics_count(c->conns->env->metrics, TG_COUNTER_REFUSED_FLOOD);
        return TG_TLS_BROKEN;
    }
    result = step(c, &record);
    in->at += taken - record.len;
    pay_group(c);
    c->read = result == TG_TLS_WANT_WRITE ? TG_CONN_READ_ON_WRITABLE : TG_CONN_READ_ON_READABLE;
    return result;
}

static enum tg_opening handshake(struct tg_conn *c, struct tg_conn_input *in)
{
    bool has_record = true;

    for (size_t i = 0; i < TG_TLS_TURN_HANDSHAKE_RECORDS && has_record; i++) {
        enum tg_tls_io result = shake(c, in, &has_record);

        if (result == TG_TLS_OK) {
            return done(c, in);
        }
        if (result == TG_TLS_CLOSED || result == TG_TLS_BROKEN) {
            return fail(c, TG_COUNTER_HANDSHAKE_FAILED);
        }
        if (result == TG_TLS_WANT_LEAVE) {
            tg_costly_wait(&c->conns->costly, c->turn_key, &c->costly);
            return TG_OPENING_GOES_ON;
        }
        if (result == TG_TLS_WANT_WRITE) {
            return TG_OPENING_GOES_ON;
        }
    }
    if (tg_tls_record_len(tg_conn_input_view(in)) > 0) {
        tg_conn_kick(c);
    }
    return TG_OPENING_GOES_ON;
}

static enum tg_opening tls_turn(struct tg_conn *c, struct tg_conn_input *in)
{
    enum tg_opening opening = TG_OPENING_GOES_ON;

    if (c->tls == NULL) {
        opening = first_bytes(c, in);
    }
    return c->tls != NULL ? handshake(c, in) : opening;
}

enum tg_opening tg_conn_open_turn(struct tg_conn *c)
{
    struct tg_conn_input in;
    enum tg_opening opening = TG_OPENING_DONE;

    tg_conn_input_open(&in, c);
    if (c->awaits_proxy_header) {
        opening = proxy_header(c, &in);
    }
    if (opening == TG_OPENING_DONE && c->tls_context != NULL) {
        opening = tls_turn(c, &in);
    } else if (opening == TG_OPENING_DONE) {
        tg_buf_append(&c->in, tg_conn_input_view(&in)); /* behind the header: the engine's */
        in.at = in.len;
        if (tg_buf_status(&c->in) != TG_OK) {
            tg_conn_break(c);
            opening = TG_OPENING_FAILED;
        }
    }
    tg_conn_input_close(&in);
    return opening;
}
