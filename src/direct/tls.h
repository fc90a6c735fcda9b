/* SPDX-License-Identifier: Apache-2.0 */
/*
 * direct/tls.h - TLS 1.3 between two devices that share a secret, without I/O.
 * Layer: L2 (base, crypto).   Threads: one handle, one thread at a time.   Blocks: no.
 * Secrets: the key derived from the share secret; wiped with the handle.
 * spec: docs/protocol.md section 7, Direct transfer; RFC 8446 sections 2.2 and 4.2.11; RFC 9257.
 */
#ifndef TG_DIRECT_TLS_H
#define TG_DIRECT_TLS_H

#include "base/buf.h"
#include "base/secret.h"

/* The same for every transfer: it reveals nothing about this one. */
#define TG_DIRECT_PSK_IDENTITY "tigress-direct-v1"
#define TG_DIRECT_PSK_INFO "tigress-direct-psk-v1"
#define TG_DIRECT_PSK_LEN 32u

enum tg_direct_end { TG_DIRECT_HOST, TG_DIRECT_LINK }; /* TLS server, TLS client */

/* What all connections of an end share: settings and key. */
struct tg_direct_key;

/*
 *   secret   16 bytes: TLS_AES_128_GCM_SHA256; 32 bytes: TLS_AES_256_GCM_SHA384
 * TG_E_NOMEM, TG_E_CRYPTO (the library failed, or a secret of another length)
 */
TG_NODISCARD enum tg_err tg_direct_key_new(struct tg_direct_key **out, enum tg_direct_end end,
                                           const struct tg_secret *secret);
/* Accepts NULL and a NULL handle. Free the connections before. */
void tg_direct_key_free(struct tg_direct_key **key);

/* One connection. */
struct tg_direct_tls;

enum tg_direct_io {
    TG_DIRECT_IO_DONE,   /* the handshake is over, or all received bytes are read */
    TG_DIRECT_IO_AGAIN,  /* more bytes from the peer are needed */
    TG_DIRECT_IO_CLOSED, /* the peer has sent a close alert */
    TG_DIRECT_IO_FAILED  /* not TLS of a peer with this key, or out of memory */
};

/* key is borrowed. TG_E_NOMEM, TG_E_CRYPTO */
TG_NODISCARD enum tg_err tg_direct_tls_new(struct tg_direct_tls **out, struct tg_direct_key *key);
void tg_direct_tls_free(struct tg_direct_tls **tls);

/* Accepts bytes from the stream, for handshake and read. */
TG_NODISCARD enum tg_err tg_direct_tls_feed(struct tg_direct_tls *tls, struct tg_bytes data);
/* Continues the handshake. DONE: the peer has proved that it knows the secret. */
enum tg_direct_io tg_direct_tls_handshake(struct tg_direct_tls *tls);
/* Whether the peer's first flight was made with the secret. It may be a repeated one: the proof is
   the end of the handshake. */
bool tg_direct_tls_is_promising(const struct tg_direct_tls *tls);
/* Appends all decrypted bytes to out. FAILED also when out is full. */
enum tg_direct_io tg_direct_tls_read(struct tg_direct_tls *tls, struct tg_buf *out);
TG_NODISCARD enum tg_err tg_direct_tls_write(struct tg_direct_tls *tls, struct tg_bytes data);
/* Sends a close alert, if the handshake is over. */
void tg_direct_tls_close(struct tg_direct_tls *tls);

/* Bytes to write to the stream. The view ends with the next call on tls. */
struct tg_bytes tg_direct_tls_output(const struct tg_direct_tls *tls);
void tg_direct_tls_sent(struct tg_direct_tls *tls, size_t len);

#endif
