/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/net/tls.h - TLS 1.2 and 1.3, server side: records in, a socket to write to.
 * Layer: L4.      Threads: a context is shared by all workers; a session has its worker.
 * Blocks: no (sockets are non-blocking).
 * Secrets: the private key stays inside OpenSSL; ticket keys are wiped as they rotate.
 * spec: docs/protocol.md section 1; docs/architecture.md, property 4.
 */
#ifndef TG_SERVER_NET_TLS_H
#define TG_SERVER_NET_TLS_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/rng.h"
#include "server/keys/pair.h"

struct tg_tls_tickets; /* the keys of session tickets; a new certificate does not change them */
struct tg_tls_context; /* a certificate and the rules of its use */
struct tg_tls;         /* one session */

/* The keys are random and exist only in memory. */
TG_NODISCARD enum tg_err tg_tls_tickets_new(struct tg_tls_tickets **out, const struct tg_rng *rng);
/* After the last context. Accepts NULL and *t == NULL. */
void tg_tls_tickets_free(struct tg_tls_tickets **t);

/* Of a pair that was examined: see server/preflight.h. The context keeps what it needs of it.
   TG_E_CRYPTO: OpenSSL does not use it, for example because a key is too short. TG_E_NOMEM
   tickets is borrowed until the context is freed. */
TG_NODISCARD enum tg_err tg_tls_context_new(struct tg_tls_context **out, const struct tg_pair *pair,
                                            struct tg_tls_tickets *tickets);
/* Adds a reference. Any thread. */
struct tg_tls_context *tg_tls_context_hold(struct tg_tls_context *c);
/* Removes a reference; the last one frees. Any thread. Accepts NULL and *c == NULL. */
void tg_tls_context_free(struct tg_tls_context **c);
/* When the certificate expires: UTC seconds. */
int64_t tg_tls_context_not_after(const struct tg_tls_context *c);

/* Bytes of a record: its header, its content, and what encryption may add. */
#define TG_TLS_RECORD_MAX (5u + 16384u + 2048u)

/* Makes sessions with itself on this thread. libcrypto makes some of its memory at the first use,
   on each thread: now, instead of for the first client, whose account would hold it for ever.
   False: a session failed, as with a certificate that only some clients can use. Accepts NULL. */
bool tg_tls_warm(struct tg_tls_context *c);

/* The length of the record at the start of in. 0: its end is not there yet. What cannot be a record
   counts as one, so that the session refuses it. */
size_t tg_tls_record_len(struct tg_bytes in);

enum tg_tls_io {
    TG_TLS_OK,
    TG_TLS_WANT_READ,
    TG_TLS_WANT_WRITE,
    TG_TLS_WANT_LEAVE, /* of a handshake: tg_tls_give_leave */
    TG_TLS_CLOSED,
    TG_TLS_BROKEN
};

/* The session writes to fd, which the caller still owns. NULL: out of memory. It holds c. */
struct tg_tls *tg_tls_new(struct tg_tls_context *c, int fd);
/* Accepts NULL and *t == NULL. */
void tg_tls_free(struct tg_tls **t);

/* The next two calls take at most one record, so that the work of a call is bounded: otherwise
 * OpenSSL reads on as long as records bring no data.
 *   record   one whole record, or nothing; afterwards what the session did not take
 * TG_TLS_WANT_READ: it needs the next record. */
enum tg_tls_io tg_tls_handshake(struct tg_tls *t, struct tg_bytes *record);
/* TG_TLS_WANT_LEAVE: what comes next costs several times as much as other handshakes, and is not
   done before this call, which is for the next call of tg_tls_handshake, with what is left of the
   record. */
void tg_tls_give_leave(struct tg_tls *t);
/* *len: in, the size of out; on TG_TLS_OK the bytes read, at least 1. */
enum tg_tls_io tg_tls_read(struct tg_tls *t, struct tg_bytes *record, uint8_t *out, size_t *len);
/* Whether the client chose a group that makes the handshake cost several times as much. From the
   first record on; false as long as no group is chosen. */
bool tg_tls_is_costly(const struct tg_tls *t);
/* After the handshake: whether ALPN chose "h2". */
bool tg_tls_is_h2(const struct tg_tls *t);
/* *sent is written on TG_TLS_OK: at least 1 byte. After WANT_* call it again with the same bytes;
   their address may differ. */
enum tg_tls_io tg_tls_write(struct tg_tls *t, struct tg_bytes data, size_t *sent);
/* Whether the session holds data that tg_tls_read returns without a record. */
bool tg_tls_has_pending(const struct tg_tls *t);
/* Sends close_notify. One attempt. */
void tg_tls_close_notify(struct tg_tls *t);

#endif
