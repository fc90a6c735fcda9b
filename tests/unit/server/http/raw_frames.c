/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/server/http/raw_frames.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

void frame(struct fixture *f, size_t len, uint8_t type, uint8_t flags, uint32_t id,
           const void *payload)
{
    const uint8_t head[9] = {
        (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,       type,       flags,
        (uint8_t)(id >> 24),  (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id
    };
    uint8_t out[9 + RAW_FRAME_MAX];

    assert_true(len <= RAW_FRAME_MAX);
    memcpy(out, head, sizeof(head));
    if (len > 0) {
        memcpy(out + 9, payload, len);
    }
    if (!f->proto->is_finished) {
        (void)feed_bytes(f, out, 9 + len);
    }
}

struct fixture *raw(void)
{
    return raw_with(fixture_new());
}

struct fixture *raw_with(struct fixture *f)
{
    f->proto = tg_http2_new(&f->env, &f->io, &f->service);
    assert_non_null(f->proto);
    (void)feed_bytes(f, PREFACE, sizeof(PREFACE) - 1);
    frame(f, 0, NGHTTP2_SETTINGS, 0, 0, NULL);
    return f;
}

void assert_goaway(struct fixture *f, uint8_t code)
{
    assert_true(f->proto->is_finished);
    assert_true(f->out.len >= 17);
    for (size_t i = 0; i + 17 <= f->out.len; i++) {
        const uint8_t *at = f->out.ptr + i;

        if (at[3] == NGHTTP2_GOAWAY && at[2] >= 8 && at[1] == 0 && at[5] == 0 && at[8] == 0 &&
            at[16] == code) {
            return;
        }
    }
    fail_msg("no GOAWAY with code %u", code);
}
