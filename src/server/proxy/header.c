/* SPDX-License-Identifier: Apache-2.0 */
#include "server/proxy/header.h"

#include "base/reader.h"

#include <string.h>

#define FIXED_LEN 16u
#define VERSION 2u
#define COMMAND_LOCAL 0u
#define COMMAND_PROXY 1u
#define V4_LEN 4u

/* It contains a NUL and is no method, so it is neither HTTP nor TLS. */
static const uint8_t signature[12] = { '\r', '\n', '\r', '\n', 0,   '\r',
                                       '\n', 'Q',  'U',  'I',  'T', '\n' };

/* The families that TCP connections have, and how many bytes both ends take. */
static const struct family {
    uint8_t code; /* family and transport */
    uint8_t ip_len;
    size_t len;
} families[] = {
    { 0x00, 0, 0 },       /* not known */
    { 0x11, V4_LEN, 12 }, /* two addresses and two ports */
    { 0x21, TG_IP_LEN, 36 },
    { 0x31, 0, 216 }, /* UNIX: two paths */
};

static const struct family *family_of(uint8_t code)
{
    for (size_t i = 0; i < TG_COUNT(families); i++) {
        if (families[i].code == code) {
            return &families[i];
        }
    }
    return NULL;
}

/* The TLVs are not used, but a header that ends within one is not right. */
static bool is_list_of_tlvs(struct tg_reader r)
{
    while (!r.is_short && r.rest.len > 0) {
        (void)tg_reader_u8(&r);
        (void)tg_reader_bytes(&r, tg_reader_u16(&r));
    }
    return tg_reader_finish(&r) == TG_OK;
}

static enum tg_proxy_look read_client(struct tg_proxy_header *out, struct tg_bytes rest,
                                      uint8_t family_code)
{
    const struct family *family = family_of(family_code);
    struct tg_reader r = tg_reader_init(rest);
    struct tg_bytes ends = { 0 };

    if (family == NULL) {
        return TG_PROXY_BAD;
    }
    if (family->code == 0) {
        return TG_PROXY_DONE; /* what follows has no defined form */
    }
    ends = tg_reader_bytes(&r, family->len);
    if (!is_list_of_tlvs(r)) {
        return TG_PROXY_BAD;
    }
    if (family->ip_len == V4_LEN) {
        out->client = tg_ip_of_v4(ends.ptr);
        out->has_client = true;
    } else if (family->ip_len == TG_IP_LEN) {
        memcpy(out->client.bytes, ends.ptr, TG_IP_LEN);
        out->has_client = true;
    }
    return TG_PROXY_DONE;
}

enum tg_proxy_look tg_proxy_header_look(struct tg_proxy_header *out, struct tg_bytes in)
{
    struct tg_proxy_header header = { 0 };
    enum tg_proxy_look look = TG_PROXY_BAD;
    struct tg_reader r = tg_reader_init(tg_bytes_from(in, sizeof(signature)));
    struct tg_bytes rest = { 0 };
    uint8_t version_and_command = 0;
    uint8_t family = 0;

    if (!tg_bytes_has_prefix(TG_ARRAY_BYTES(signature), tg_bytes_first(in, sizeof(signature)))) {
        return TG_PROXY_BAD;
    }
    if (in.len < FIXED_LEN) {
        return TG_PROXY_MORE;
    }
    version_and_command = tg_reader_u8(&r);
    family = tg_reader_u8(&r);
    header.len = FIXED_LEN + tg_reader_u16(&r);
    if (version_and_command >> 4 != VERSION || header.len > TG_PROXY_HEADER_MAX) {
        return TG_PROXY_BAD;
    }
    if (in.len < header.len) {
        return TG_PROXY_MORE;
    }
    rest = tg_reader_bytes(&r, header.len - FIXED_LEN);
    if ((version_and_command & 0x0f) == COMMAND_PROXY) {
        look = read_client(&header, rest, family);
    } else if ((version_and_command & 0x0f) == COMMAND_LOCAL) {
        look = TG_PROXY_DONE; /* the proxy's own connection, whatever follows */
    }
    if (look == TG_PROXY_DONE) {
        *out = header;
    }
    return look;
}
