/* SPDX-License-Identifier: Apache-2.0 */
#include "frames.h"

#include <string.h>

#define BLOCK_MAX 16000u

void frame_put(struct peer *p, unsigned type, unsigned flags, uint32_t stream, const void *bytes,
               size_t len)
{
    const uint8_t head[9] = {
        (uint8_t)(len >> 16),    (uint8_t)(len >> 8),    (uint8_t)len,
        (uint8_t)type,           (uint8_t)flags,         (uint8_t)(stream >> 24),
        (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream
    };

    peer_put(p, head, sizeof(head));
    peer_put(p, bytes, len);
}

void frames_begin(struct peer *p, uint32_t initial_window)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const uint8_t settings[6] = { 0,
                                  4,
                                  (uint8_t)(initial_window >> 24),
                                  (uint8_t)(initial_window >> 16),
                                  (uint8_t)(initial_window >> 8),
                                  (uint8_t)initial_window };

    peer_put(p, preface, sizeof(preface) - 1);
    frame_put(p, FRAME_SETTINGS, 0, 0, settings, sizeof(settings));
}

/* An integer with a prefix of bits bits (RFC 7541, section 5.1). */
static size_t put_integer(uint8_t *block, size_t at, unsigned bits, unsigned first, size_t value)
{
    size_t max = (1u << bits) - 1u;

    if (value < max) {
        block[at++] = (uint8_t)(first | value);
        return at;
    }
    block[at++] = (uint8_t)(first | max);
    for (value -= max; value >= 128; value /= 128) {
        block[at++] = (uint8_t)(value % 128 + 128);
    }
    block[at++] = (uint8_t)value;
    return at;
}

static size_t put_string(uint8_t *block, size_t at, const char *text, size_t len)
{
    at = put_integer(block, at, 7, 0, len);
    memcpy(block + at, text, len);
    return at + len;
}

size_t block_literal(uint8_t *block, size_t at, const char *name, const char *value)
{
    block[at++] = 0;
    at = put_string(block, at, name, strlen(name));
    return put_string(block, at, value, strlen(value));
}

size_t block_indexed(uint8_t *block, size_t at, const char *name, const char *value,
                     size_t value_len)
{
    block[at++] = 0x40;
    at = put_string(block, at, name, strlen(name));
    return put_string(block, at, value, value_len);
}

void frames_request(struct peer *p, unsigned method_index, const char *path, const void *more,
                    size_t more_len, bool is_end)
{
    static uint8_t block[BLOCK_MAX];
    size_t len = 0;

    if (method_index == METHOD_PUT) {
        len = put_integer(block, len, 4, 0, 2); /* :method, a literal */
        len = put_string(block, len, "PUT", strlen("PUT"));
    } else {
        block[len++] = (uint8_t)(0x80u | method_index);
    }
    block[len++] = 0x87;                    /* :scheme https */
    len = put_integer(block, len, 4, 0, 4); /* :path, a literal */
    len = put_string(block, len, path, strlen(path));
    len = put_integer(block, len, 4, 0, 1); /* :authority */
    len = put_string(block, len, "relay.example", strlen("relay.example"));
    memcpy(block + len, more, more_len);
    len += more_len;
    frame_put(p, FRAME_HEADERS, FLAG_END_HEADERS | (is_end ? FLAG_END_STREAM : 0), p->stream_id,
              block, len);
    p->stream_id += 2;
    p->stream_count++;
}

void frame_window(struct peer *p, uint32_t stream, uint32_t increment)
{
    const uint8_t bytes[4] = { (uint8_t)(increment >> 24), (uint8_t)(increment >> 16),
                               (uint8_t)(increment >> 8), (uint8_t)increment };

    frame_put(p, FRAME_WINDOW_UPDATE, 0, stream, bytes, sizeof(bytes));
}
