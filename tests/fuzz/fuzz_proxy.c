/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client puts in front of the words of a trusted proxy. The first byte chooses:
 *   0   a header of the PROXY protocol
 *   1   X-Forwarded-For, to which the proxy appends an address
 *   2   Forwarded, to which the proxy appends an address, in one of its forms
 * The client never becomes another one than the proxy has named.
 */
#include "server/http/forwarded.h"
#include "server/proxy/header.h"

#include <assert.h>
#include <string.h>

#define LINE_MAX 1024u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void header(struct tg_bytes in)
{
    struct tg_proxy_header h = { 0 };

    if (tg_proxy_header_look(&h, in) == TG_PROXY_DONE) {
        struct tg_proxy_header again = { 0 };

        assert(h.len >= 16 && h.len <= in.len && h.len <= TG_PROXY_HEADER_MAX);
        /* The header alone decides, and no shorter part of it. */
        assert(tg_proxy_header_look(&again, tg_bytes_first(in, h.len)) == TG_PROXY_DONE);
        assert(memcmp(&h, &again, sizeof(h)) == 0);
        assert(tg_proxy_header_look(&again, tg_bytes_first(in, h.len - 1)) == TG_PROXY_MORE);
    }
}

static void appended(const char *name, struct tg_bytes client_words, const char *proxy_words,
                     const char *address)
{
    uint8_t line[LINE_MAX + 64];
    struct tg_http_header h = { tg_bytes_str(name), { line, 0 } };
    const struct tg_http_request head = { .headers = &h, .header_count = 1 };
    struct tg_ip_set trusted = { .count = 1 };
    struct tg_ip expected;
    struct tg_ip got;
    enum tg_forwarded result = TG_FORWARDED_BAD;

    client_words = tg_bytes_first(client_words, LINE_MAX);
    assert(tg_ip_network_parse(&trusted.networks[0], TG_LIT("10.0.0.0/8"), NULL) == TG_OK);
    assert(tg_ip_parse(&expected, tg_bytes_str(address)));
    if (client_words.len > 0) {
        memcpy(line, client_words.ptr, client_words.len);
    }
    memcpy(line + client_words.len, proxy_words, strlen(proxy_words));
    h.value.len = client_words.len + strlen(proxy_words);
    result = tg_forwarded_client(&got, &head, &trusted);
    assert(result != TG_FORWARDED_NONE);
    assert(result == TG_FORWARDED_BAD || memcmp(&got, &expected, sizeof(got)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const forms[] = { ", for=192.0.2.9", ",for=\"192.0.2.9:443\"",
                                         ", for=192.0.2.9;proto=https;by=10.0.0.1",
                                         ", proto=https;for=192.0.2.9, for=\"10.0.0.1\"" };
    struct tg_bytes rest = { 0 };

    if (len == 0) {
        return 0;
    }
    rest = tg_bytes(data + 1, len - 1);
    if (data[0] % 3 == 0) {
        header(rest);
    } else if (data[0] % 3 == 1) {
        appended("X-Forwarded-For", rest, ", 192.0.2.9", "192.0.2.9");
        appended("X-Forwarded-For", rest, ",[2001:db8::9]:443, 10.0.0.1", "2001:db8::9");
    } else {
        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
            appended("Forwarded", rest, forms[i], "192.0.2.9");
        }
        appended("Forwarded", rest, ", for=\"[2001:db8::9]\"", "2001:db8::9");
    }
    return 0;
}
