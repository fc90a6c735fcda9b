/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/abuse/frames.h - HTTP/2 frames as an attacker writes them (RFC 9113, RFC 7541).
 */
#ifndef BENCH_ABUSE_FRAMES_H
#define BENCH_ABUSE_FRAMES_H

#include "peer.h"

enum {
    FRAME_DATA,
    FRAME_HEADERS,
    FRAME_PRIORITY,
    FRAME_RST_STREAM,
    FRAME_SETTINGS,
    FRAME_PING = 6,
    FRAME_WINDOW_UPDATE = 8,
    FRAME_CONTINUATION,
    FRAME_UNKNOWN = 0xfa
};
#define METHOD_PUT 0u /* for frames_request: in no table */
#define FLAG_END_STREAM 1u
#define FLAG_END_HEADERS 4u
#define FLAG_PADDED 8u

void frame_put(struct peer *p, unsigned type, unsigned flags, uint32_t stream, const void *bytes,
               size_t len);
/* Preface and SETTINGS; initial_window is what the attacker opens for each answer. */
void frames_begin(struct peer *p, uint32_t initial_window);
/* A request. method_index is that of the static table (2 GET, 3 POST), or
   METHOD_PUT. more: a header block that
   follows the pseudo-headers. */
void frames_request(struct peer *p, unsigned method_index, const char *path, const void *more,
                    size_t more_len, bool is_end);
/* Appends a literal header without indexing. Returns the length of the block. */
size_t block_literal(uint8_t *block, size_t at, const char *name, const char *value);
/* The same with incremental indexing. */
size_t block_indexed(uint8_t *block, size_t at, const char *name, const char *value,
                     size_t value_len);
void frame_window(struct peer *p, uint32_t stream, uint32_t increment);

#endif
