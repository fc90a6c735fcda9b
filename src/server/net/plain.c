/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/plain.h"

#include "server/net/tls.h"

#define HANDSHAKE 22u /* the type of a TLS record */
#define METHOD_MAX 32u
#define TEXT "This port speaks HTTPS: use https:// instead of http://.\n"
#define TEXT_LEN "57"
#define PREFACE "PRI * HTTP/2.0\r\n"

/* Without Strict-Transport-Security, which plain HTTP must not carry (RFC 6797, section 7.2). */
static const char http1_answer[] = "HTTP/1.1 400 Bad Request\r\n"
                                   "content-type: text/plain; charset=utf-8\r\n"
                                   "content-length: " TEXT_LEN "\r\n"
                                   "cache-control: no-store\r\n"
                                   "x-content-type-options: nosniff\r\n"
                                   "referrer-policy: no-referrer\r\n"
                                   "connection: close\r\n\r\n" TEXT;

/* SETTINGS without entries, then GOAWAY with INADEQUATE_SECURITY and the text. */
static const char http2_answer[] = "\0\0\0\x04\0\0\0\0\0"
                                   "\0\0\x41\x07\0\0\0\0\0"
                                   "\0\0\0\0\0\0\0\x0c" TEXT;

static bool is_letter(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static enum tg_plain look_at_text(struct tg_bytes in)
{
    struct tg_bytes preface = TG_LIT(PREFACE);
    size_t method_len = 0;

    while (method_len < in.len && (is_letter(in.ptr[method_len]) || in.ptr[method_len] == '-')) {
        method_len++;
    }
    if (method_len > METHOD_MAX) {
        return TG_PLAIN_OTHER;
    }
    if (method_len == in.len) {
        return TG_PLAIN_UNDECIDED;
    }
    if (in.ptr[method_len] != ' ') {
        return TG_PLAIN_OTHER;
    }
    if (tg_bytes_has_prefix(in, preface)) {
        return TG_PLAIN_HTTP2;
    }
    return tg_bytes_has_prefix(preface, in) ? TG_PLAIN_UNDECIDED : TG_PLAIN_HTTP1;
}

enum tg_plain tg_plain_look(struct tg_bytes in)
{
    if (in.len == 0) {
        return TG_PLAIN_UNDECIDED;
    }
    if (is_letter(in.ptr[0])) {
        return look_at_text(in);
    }
    if (in.ptr[0] != HANDSHAKE) {
        return TG_PLAIN_OTHER; /* a ClientHello of SSL 2, for example */
    }
    return tg_tls_record_len(in) > 0 ? TG_PLAIN_TLS : TG_PLAIN_UNDECIDED;
}

struct tg_bytes tg_plain_answer(enum tg_plain plain)
{
    return plain == TG_PLAIN_HTTP2 ? tg_bytes(http2_answer, sizeof(http2_answer) - 1)
                                   : tg_bytes(http1_answer, sizeof(http1_answer) - 1);
}
