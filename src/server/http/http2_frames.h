/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/http2_frames.h - frames of a session become requests of streams: nghttp2's callbacks;
 * private to http2.c.
 * Layer: L4.      Threads: its worker's.      Blocks: no.
 */
#ifndef TG_SERVER_HTTP_HTTP2_FRAMES_H
#define TG_SERVER_HTTP_HTTP2_FRAMES_H

#include <nghttp2/nghttp2.h>

/* The session's user data is its struct tg_http2. */
void tg_http2_frames_set_callbacks(nghttp2_session_callbacks *callbacks);

#endif
