/* SPDX-License-Identifier: Apache-2.0 */
/*
 * direct/frame.h - requests and answers of a direct transfer as frames in a byte stream.
 * Layer: L2 (base, wire).   Threads: any.   Blocks: no.
 * Secrets: claims and payloads pass through; the caller wipes its buffers.
 * spec: docs/protocol.md section 7, Direct transfer; docs/direct.md.
 *
 *   frame     u32 length of what follows, u8 format (1), u8 kind (1 request, 2 answer), then
 *   request   text8 method, text16 target, headers, text32 body
 *   answer    u16 status, headers, text32 body
 *   headers   u8 count, and for each text8 name, text16 value
 * * Integers are big-endian; textN is its length in N bits and its bytes. A frame that decodes also
 * encodes to the same bytes.
 */
#ifndef TG_DIRECT_FRAME_H
#define TG_DIRECT_FRAME_H

#include "base/buf.h"
#include "wire/headers.h"

#define TG_DIRECT_HEADERS_MAX 16u
#define TG_DIRECT_METHOD_MAX 16u
#define TG_DIRECT_TARGET_MAX 256u
#define TG_DIRECT_NAME_MAX 64u
#define TG_DIRECT_VALUE_MAX 512u
#define TG_DIRECT_REQUEST_BODY_MAX 65536u
#define TG_DIRECT_ANSWER_BODY_MAX (256u * 1024u)
/* Bytes of a whole frame, its length field included. */
#define TG_DIRECT_REQUEST_MAX (TG_DIRECT_REQUEST_BODY_MAX + 16384u)
#define TG_DIRECT_ANSWER_MAX (TG_DIRECT_ANSWER_BODY_MAX + 16384u)

struct tg_direct_request {
    struct tg_bytes method, target;
    size_t header_count;
    struct tg_http_header headers[TG_DIRECT_HEADERS_MAX];
    struct tg_bytes body;
};

struct tg_direct_response {
    unsigned status; /* 100 to 599 */
    size_t header_count;
    struct tg_http_header headers[TG_DIRECT_HEADERS_MAX];
    struct tg_bytes body;
};

/*
 * The first frame of a stream, *frame_len bytes with its length field.
 *   max   bytes the frame may have * TG_E_NOTFOUND   it is not complete yet
 * TG_E_LIMIT      it announces more than max, or no content: the stream cannot be used any more
 */
TG_NODISCARD enum tg_err tg_direct_frame_next(struct tg_bytes stream, size_t max,
                                              size_t *frame_len);

/* Appends a whole frame. TG_E_LIMIT: a part is over its maximum, or out's; out is as before. */
TG_NODISCARD enum tg_err tg_direct_request_encode(struct tg_buf *out,
                                                  const struct tg_direct_request *request);
TG_NODISCARD enum tg_err tg_direct_response_encode(struct tg_buf *out,
                                                   const struct tg_direct_response *response);

/* Reads a whole frame. Views end with frame. TG_E_SYNTAX or TG_E_LIMIT: *out is then zero. */
TG_NODISCARD enum tg_err tg_direct_request_decode(struct tg_direct_request *out,
                                                  struct tg_bytes frame);
TG_NODISCARD enum tg_err tg_direct_response_decode(struct tg_direct_response *out,
                                                   struct tg_bytes frame);

#endif
