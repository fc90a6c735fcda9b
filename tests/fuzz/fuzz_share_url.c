/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a share URL. An accepted URL is written, and parses to the same parts. */
#include "wire/share_url.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void round_trip(const struct tg_share_url *url, enum tg_share_scheme scheme)
{
    struct tg_share_url back;
    struct tg_buf out;

    tg_buf_init(&out, TG_SHARE_URL_MAX);
    assert(tg_share_url_format(&out, url, scheme) == TG_OK);
    assert(tg_share_url_parse(&back, tg_buf_view(&out), NULL) == TG_OK);
    assert(strcmp(back.host, url->host) == 0);
    assert(back.port == url->port);
    assert(back.is_plain_http == url->is_plain_http);
    assert(back.is_direct == url->is_direct);
    assert(strcmp(back.vertical, url->vertical) == 0);
    assert(tg_ct_equal(TG_ARRAY_BYTES(back.mailbox.bytes), TG_ARRAY_BYTES(url->mailbox.bytes)));
    assert(tg_ct_equal(tg_secret_view(&back.secret), tg_secret_view(&url->secret)));
    tg_buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tg_share_url url;
    struct tg_secret secret = { .len = 0 };
    struct tg_fault fault = { "" };
    struct tg_bytes text = tg_bytes(data, len);

    if (tg_share_url_parse(&url, text, &fault) == TG_OK) {
        assert(!url.is_plain_http || tg_share_host_is_loopback(tg_bytes_str(url.host)));
        round_trip(&url, TG_SHARE_HTTPS);
        if (!url.is_plain_http && !url.is_direct) {
            round_trip(&url, TG_SHARE_TIGRESS);
        }
    } else {
        assert(fault.text[0] != '\0');
    }
    if (tg_share_secret_parse(&secret, text, NULL) == TG_OK) {
        assert(secret.len == 16 || secret.len == 32);
    }
    return 0;
}
