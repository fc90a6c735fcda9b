/* SPDX-License-Identifier: Apache-2.0 */
/* Hand-written HTTP/2 frames, which no library would send, fed to an engine. */
#ifndef TESTS_UNIT_SERVER_RAW_FRAMES_H
#define TESTS_UNIT_SERVER_RAW_FRAMES_H

#include "unit/server/http/engine_fixture.h"

#include <nghttp2/nghttp2.h>

#define RAW_FRAME_MAX 17000u /* bytes of a payload: more than a frame may have */

/* :method GET, :scheme https, :path /, indexed in HPACK's static table, and :authority r. */
#define GET_BLOCK "\x82\x87\x84\x01\x01r"
/* The same with :method POST. */
#define POST_BLOCK "\x83\x87\x84\x01\x01r"

/* A fixture with an HTTP/2 engine that got the preface and an empty SETTINGS. */
struct fixture *raw(void);
/* The same with a fixture whose settings the test has changed. */
struct fixture *raw_with(struct fixture *f);
/* Feeds one frame unless the engine is finished. */
void frame(struct fixture *f, size_t len, uint8_t type, uint8_t flags, uint32_t id,
           const void *payload);
/* The engine is finished and wrote a GOAWAY with this error. */
void assert_goaway(struct fixture *f, uint8_t code);

#endif
