/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/conn_limits.h - every limit of a connection: sizes, counts, rates and times.
 * Layer: L4.      Threads: any; constants, and numbers that are read-only once the workers run.
 *
 * Limits that an operator can set are in struct tg_server_settings. The others are constants.
 */
#ifndef TG_SERVER_HTTP_CONN_LIMITS_H
#define TG_SERVER_HTTP_CONN_LIMITS_H

#include "relay/api.h"
#include "server/proxy/ip.h"

/* ---- from the configuration ---- */

struct tg_server_settings {
    size_t body_max;           /* bytes of a request body */
    uint32_t stream_max;       /* concurrent HTTP/2 streams of a connection */
    uint32_t requests_max;     /* requests of a connection; then it is closed */
    uint32_t handshake_ms;     /* TLS */
    uint32_t head_ms;          /* HTTP/1.1: from the first byte to the last header. HTTP/2: from an
                                  early answer to the end of its request */
    uint32_t body_max_ms;      /* the longest time for a body, at any rate */
    uint32_t write_ms;         /* for an answer that the peer takes slowly, besides its bytes */
    uint32_t idle_ms;          /* between requests */
    uint32_t linger_ms;        /* reading on after the last answer */
    uint32_t drain_idle_ms;    /* between requests while the server drains */
    int64_t mailbox_default_s; /* the default life of a mailbox, and the longest */
    int64_t mailbox_max_s;
    size_t mailbox_growth; /* bytes that devices may add to a record without paying again: tokens,
                              request ids */
    const struct tg_ip_set *trusted_proxies; /* borrowed */
    bool needs_proxy_header; /* each connection of a trusted proxy begins with one */
};

/* ---- a connection ---- */

#define TG_READ_MAX 16384u            /* bytes of one read (a TLS record), and read ahead */
#define TG_READ_ROUNDS_MAX 4u         /* reads in a row, so that each connection gets its turn */
#define TG_CONNECTION_MEMORY 49152u   /* bytes that are free before one is opened: its handshake */
#define TG_UNSENT_MAX 262144u         /* bytes; above it a connection is not read */
#define TG_TURNS_MAX_US 100u          /* of turns in a row; then the sockets are looked at again */
#define TG_TURN_MAX_US 100u           /* of one turn, except for what cannot be divided */
#define TG_TURN_PIECE 512u            /* bytes of input that are not divided */
#define TG_LINGER_MAX (1024u * 1024u) /* bytes discarded after the last answer */
#define TG_LINGER_MS 2000u
#define TG_DRAIN_IDLE_MS 1000u
#define TG_WAITS_PER_PEER_MAX 8u /* long polls */
#define TG_WAKES_PER_PASS 32u    /* long polls that a pass of the loop wakes */

/* Bytes kept for the peer: up to TG_UNSENT_MAX, and answers written before reading stops. */
#define TG_OUT_MAX (TG_UNSENT_MAX + 2u * TG_RESPONSE_BODY_MAX)

/* What the kernel may hold: bytes to send (it doubles the number), and how long without an
   acknowledgement. */
#define TG_SOCKET_SEND_BUFFER (128 * 1024)
#define TG_SOCKET_UNACKED_MS 30000

/* ---- TLS ---- */

/* A ticket key makes tickets for this time, and opens them for twice as long. */
#define TG_TLS_TICKET_KEY_S 3600
#define TG_TLS_TICKETS 1u        /* tickets of a handshake */
#define TG_TLS_EARLY_DATA_MAX 0u /* bytes */

/* spec: protocol/3#tls-records */
/* A handshake, also one with a large ClientHello in fragments, stays far below them. */
#define TG_TLS_HANDSHAKE_RECORDS_MAX 64u
#define TG_TLS_HANDSHAKE_BYTES_MAX 32768u
/* A handshake over P-384 or P-521 costs so many more. */
#define TG_TLS_COSTLY_HANDSHAKES 5u
/* Records of a turn: each may cost a public key operation, then only a decryption. */
#define TG_TLS_TURN_HANDSHAKE_RECORDS 4u
#define TG_TLS_TURN_RECORDS 16u
/* Records without data after the handshake: KeyUpdate, attempts to renegotiate, warnings, empty
   records. A client needs none or a few in the life of a connection. */
#define TG_TLS_SILENT_RECORDS_MAX 32u
/* Records of a connection: so many at first, and more for each request and for each so many bytes
   of data. A client that puts each write into a record stays below; one byte a record does not. */
#define TG_TLS_RECORDS_FIRST 512u
#define TG_TLS_RECORDS_PER_REQUEST 8u
#define TG_TLS_BYTES_PER_RECORD 128u

/* ---- a request, in both versions of HTTP ---- */

#define TG_HEAD_MAX 32768u  /* bytes of request line and headers: twice an attestation */
#define TG_HEADERS_MAX 64u  /* header lines */
#define TG_TARGET_MAX 4096u /* bytes of the request target */
/* What a request takes before its first byte; with HTTP/2, nghttp2's stream included. */
#define TG_REQUEST_MEMORY 1024u
/* What is free before a request is given to the service: its answer, and its body some times over
   until it is stored. */
#define TG_ANSWER_MEMORY 16384u
#define TG_BODY_COPIES 4u
#define TG_RETRY_AFTER_MEMORY_S 2u

/* The slowest body: 20 s, and one more second for each 500 bytes received. */
#define TG_BODY_BASE_MS 20000u
#define TG_BODY_BYTES_PER_S 500u

/* How long a body may take of which received_len bytes have been received. */
static inline uint64_t tg_body_allowed_ms(const struct tg_server_settings *s, size_t received_len)
{
    uint64_t allowed_ms = TG_BODY_BASE_MS + received_len * 1000u / TG_BODY_BYTES_PER_S;

    return allowed_ms < s->body_max_ms ? allowed_ms : s->body_max_ms;
}

/* The slowest reader of an answer: write_ms, and one more second for each 1000 bytes taken. That is
   slower than any network that phones have. */
#define TG_ANSWER_BYTES_PER_S 1000u

/* How long a peer may take for the first taken_len bytes of what is sent to it. */
static inline uint64_t tg_answer_allowed_ms(const struct tg_server_settings *s, size_t taken_len)
{
    return s->write_ms + (uint64_t)taken_len * 1000u / TG_ANSWER_BYTES_PER_S;
}

/* ---- HTTP/1.1: one request at a time; TG_READ_MAX bytes of pipelined ones wait ---- */

/* A chunked body may have this many bytes of framing for each byte of its content, and a head's
   worth of chunk extensions and trailers. */
#define TG_CHUNK_OVERHEAD_PER_BYTE 8u

/* ---- HTTP/2 ---- */

/* The connection's window: bytes on their way. It opens again as they arrive. A stream's window is
   body_max + 1, so that a larger body is detected, and opens only for what is discarded. */
#define TG_HTTP2_WINDOW 262144
/* Bytes of answers that wait for the peer's window. Above it new streams are refused, and a client
   may repeat them. Without it a peer that opens no window could fill the memory with answers. */
#define TG_HTTP2_ANSWERS_MAX (1024u * 1024u)
/* The streams of a connection take turns, so later answers delay earlier ones: before an answer is
   sent, the peer may take this many times what was unsent when the answer came. */
#define TG_HTTP2_ANSWER_TURNS 4u
#define TG_HTTP2_PUMP_UNSENT_MAX 65536u      /* bytes unsent; above it no further frames are made */
#define TG_HTTP2_DISCARD_MAX (1024u * 1024u) /* bytes of a body after its answer */
#define TG_HTTP2_METHOD_MAX 32u              /* bytes */

/* Two token buckets, see http2_meter.h. Frames that achieve nothing, counted as small frames: */
#define TG_HTTP2_FRAMES_BURST 1000u
#define TG_HTTP2_FRAMES_PER_S 100u
#define TG_HTTP2_FRAMES_FREE 250u /* of a connection; the network of the client pays for more */
/* Streams that end with a reset, from either side; the streams that are open come on top: */
#define TG_HTTP2_RESETS_BURST 200u
#define TG_HTTP2_RESETS_PER_S 20u
/* A trusted proxy carries the frames of many clients, and one of them must not end the connection
   of the others. */
#define TG_HTTP2_PROXY_SHARE 16u

#define TG_HTTP2_FRAME_MAX 16384u             /* bytes of a frame: the least that is allowed */
#define TG_HTTP2_BLOCK_MAX (2u * TG_HEAD_MAX) /* bytes of a header block, compressed */
#define TG_HTTP2_CONTINUATIONS_MAX 8u         /* CONTINUATION frames of a header block */
#define TG_HTTP2_SETTINGS_MAX 32u             /* entries of a SETTINGS frame */
#define TG_HTTP2_ACKS_MAX 1000u /* acknowledgements of PING and SETTINGS not yet sent */

#endif
