/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as an invitation. What is accepted is a share URL with the same parts; the same text
   gives the same link again, also with a full stop behind it and between quotes. */
#include "wire/link_repair.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool is_same(const struct tg_share_url *a, const struct tg_share_url *b)
{
    return a->port == b->port && a->is_plain_http == b->is_plain_http &&
           a->is_direct == b->is_direct && strcmp(a->host, b->host) == 0 &&
           memcmp(&a->mailbox, &b->mailbox, sizeof(a->mailbox)) == 0 &&
           tg_bytes_is_equal(tg_secret_view(&a->secret), tg_secret_view(&b->secret));
}

/* The canonical form of a link that was found is that link, and so is a damaged form of it. */
static void check_found(const struct tg_link *link)
{
    static const char *const ends[] = { "", ".", ")", "\"", " \n" };

    for (size_t i = 0; i < TG_COUNT(ends); i++) {
        struct tg_link again;
        struct tg_buf out;

        tg_buf_init(&out, TG_SHARE_URL_MAX + 8);
        assert(tg_share_url_format(&out, &link->url, TG_SHARE_HTTPS) == TG_OK);
        tg_buf_append_str(&out, ends[i]);
        assert(tg_link_read(&again, tg_buf_view(&out), NULL) == TG_OK);
        assert(is_same(&again.url, &link->url));
        assert(!again.is_exposed);
        tg_buf_deinit(&out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char text[TG_LINK_REPAIRS_MAX];
    struct tg_link link;
    struct tg_share_url strict;
    struct tg_fault fault = { "" };
    struct tg_bytes in = tg_bytes(data, len);
    enum tg_err err = tg_link_read(&link, in, &fault);
    bool is_strict = tg_share_url_parse(&strict, in, NULL) == TG_OK;

    assert((err == TG_OK) == (fault.text[0] == '\0'));
    if (err == TG_OK) {
        tg_link_repairs_text(text, link.repairs);
        assert(!link.url.is_plain_http || tg_share_host_is_loopback(tg_bytes_str(link.url.host)));
        assert(link.url.secret.len == 0 || link.url.secret.len == 16 || link.url.secret.len == 32);
        assert(link.url.secret.len > 0 || !link.is_exposed);
        assert(!is_strict || strict.secret.len == 0 || is_same(&link.url, &strict));
        check_found(&link);
    } else {
        assert(!is_strict || strict.secret.len == 0);
    }
    tg_link_wipe(&link);
    return 0;
}
