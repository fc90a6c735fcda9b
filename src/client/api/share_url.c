/* SPDX-License-Identifier: Apache-2.0 */
#include "client/api/share_url.h"

#include <tigress/share_url.h>

#include "base/b64.h"
#include "base/mem.h"
#include "client/policy.h"
#include "client/public_error.h"
#include "client/text.h"

#include <string.h>

struct tigress_share_url {
    struct tg_share_url url;
    char mailbox[TG_UUID_TEXT_LEN + 1];
    char repairs[TG_LINK_REPAIRS_MAX];
    bool is_exposed;
};

#define RELAY_URL "relay URL"

/* A relay URL, parsed as a share URL with a mailbox of zeros. */
enum tg_err tg_relay_url_parse(struct tg_share_url *out, struct tg_bytes text,
                               struct tg_fault *fault)
{
    static const char nowhere[] = "/v1/m/00000000-0000-0000-0000-000000000000";
    bool is_direct =
        tg_bytes_is_equal_nocase(tg_bytes_first(text, 17), TG_LIT("tigress-direct://"));
    struct tg_buf full;
    size_t start = 0;
    bool is_bare = false;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&full, TG_SHARE_URL_MAX);
    if (text.len > 0 && text.ptr[text.len - 1] == '/') {
        text.len--;
    }
    for (size_t i = 0; i + 2 < text.len && start == 0; i++) {
        if (tg_bytes_has_prefix(tg_bytes_from(text, i), TG_LIT("://"))) {
            start = i + 3;
        }
    }
    is_bare = start > 0;
    for (size_t i = start; i < text.len; i++) {
        is_bare = is_bare && strchr("/?#", text.ptr[i]) == NULL;
    }
    if (!is_bare ||
        (!is_direct && tg_bytes_is_equal_nocase(tg_bytes_first(text, 7), TG_LIT("tigress")))) {
        tg_fault_set(fault, RELAY_URL ": expected https://host or https://host:port, and "
                                      "no path");
        return TG_E_SYNTAX;
    }
    tg_buf_append(&full, text);
    tg_buf_append_str(&full, is_direct ? nowhere + sizeof("/v1/m") - 1 : nowhere);
    err = tg_buf_status(&full);
    if (err == TG_E_LIMIT) {
        tg_fault_set(fault, RELAY_URL ": expected at most %zu characters",
                     TG_SHARE_URL_MAX - sizeof(nowhere) + 1);
    }
    TG_TRY(err);
    TG_TRY(tg_share_url_parse_as(out, tg_buf_view(&full), RELAY_URL, fault));
out:
    tg_buf_deinit(&full);
    return err;
}

static enum tigress_error url_error(enum tg_err err)
{
    return err == TG_E_SYNTAX ? TIGRESS_E_URL : tg_public_error(err);
}

/* spec: protocol/7#damaged-secret-is-told-apart */
enum tigress_error tg_share_url_read(struct tg_link *out, struct tg_bytes text,
                                     struct tg_fault *fault)
{
    enum tg_err err = tg_link_read(out, text, fault);

    return err == TG_E_SYNTAX && out->is_secret_wrong ? TIGRESS_E_SECRET : url_error(err);
}

static enum tigress_error new_from(struct tigress_share_url **out, struct tg_share_url *url)
{
    struct tigress_share_url *handle = tg_mem_calloc(1, sizeof(*handle));

    if (handle != NULL) {
        handle->url = *url;
        tg_uuid_format(handle->mailbox, &url->mailbox);
        *out = handle;
    }
    tg_share_url_wipe(url);
    return handle != NULL ? TIGRESS_OK : TIGRESS_E_NOMEM;
}

enum tigress_error tigress_share_url_parse(struct tigress_share_url **out, const char *text,
                                           char *why, size_t why_cap)
{
    struct tg_link link;
    struct tg_fault fault = { "" };
    enum tigress_error error = TIGRESS_E_BUG;

    tg_text_copy(why, why_cap, "");
    if (out == NULL || text == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    error = tg_share_url_read(&link, tg_text_view(text, TG_LINK_TEXT_MAX), &fault);
    tg_text_copy(why, why_cap, fault.text);
    if (error == TIGRESS_OK) {
        error = new_from(out, &link.url);
    }
    if (error == TIGRESS_OK) {
        tg_link_repairs_text((*out)->repairs, link.repairs);
        (*out)->is_exposed = link.is_exposed;
    }
    tg_link_wipe(&link);
    return error;
}

enum tigress_error tigress_share_url_new(struct tigress_share_url **out, const char *relay_url,
                                         const char *mailbox_id, const char *vertical,
                                         const char *secret, char *why, size_t why_cap)
{
    struct tg_share_url url = { .port = 0 };
    struct tg_fault fault = { "" };
    struct tg_bytes v = tg_text_view(vertical, TG_VERTICAL_MAX);
    struct tg_buf check;
    enum tg_err err = TG_E_BUG;

    tg_text_copy(why, why_cap, "");
    if (out == NULL || relay_url == NULL || mailbox_id == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_buf_init(&check, TG_SHARE_URL_MAX);
    TG_TRY(tg_relay_url_parse(&url, tg_text_view(relay_url, TG_SHARE_URL_MAX), &fault));
    err = tg_uuid_parse(&url.mailbox, tg_text_view(mailbox_id, TG_UUID_TEXT_LEN));
    if (err != TG_OK) {
        tg_fault_set(&fault, "mailbox identifier: expected a UUID");
        goto out;
    }
    if (v.len > TG_VERTICAL_MAX) {
        tg_fault_set(&fault, "vertical: expected at most %u bytes", (unsigned)TG_VERTICAL_MAX);
        err = TG_E_LIMIT;
        goto out;
    }
    if (v.len > 0) {
        memcpy(url.vertical, v.ptr, v.len);
    }
    if (secret != NULL &&
        tg_share_secret_parse(&url.secret, tg_text_view(secret, TIGRESS_SECRET_TEXT_MAX), &fault) !=
            TG_OK) {
        tg_text_copy(why, why_cap, fault.text);
        tg_share_url_wipe(&url);
        return TIGRESS_E_SECRET;
    }
    TG_TRY(tg_share_url_format(&check, &url, TG_SHARE_HTTPS));
out:
    tg_buf_deinit(&check);
    tg_text_copy(why, why_cap, fault.text);
    if (err == TG_OK) {
        return new_from(out, &url);
    }
    tg_share_url_wipe(&url);
    return url_error(err);
}

void tigress_share_url_free(struct tigress_share_url **url)
{
    if (url != NULL && *url != NULL) {
        tg_mem_free_secret(*url, sizeof(**url));
        *url = NULL;
    }
}

const char *tigress_share_url_host(const struct tigress_share_url *url)
{
    return url == NULL ? "" : url->url.host;
}

const char *tigress_share_url_mailbox_id(const struct tigress_share_url *url)
{
    return url == NULL ? "" : url->mailbox;
}

const char *tigress_share_url_vertical(const struct tigress_share_url *url)
{
    return url == NULL ? "" : url->url.vertical;
}

unsigned tigress_share_url_port(const struct tigress_share_url *url)
{
    if (url == NULL) {
        return 0;
    }
    return url->url.port != 0 ? url->url.port : url->url.is_plain_http ? 80 : 443;
}

int tigress_share_url_has_secret(const struct tigress_share_url *url)
{
    return url != NULL && url->url.secret.len > 0;
}

int tigress_share_url_was_exposed(const struct tigress_share_url *url)
{
    return url != NULL && url->is_exposed;
}

const char *tigress_share_url_repairs(const struct tigress_share_url *url)
{
    return url == NULL ? "" : url->repairs;
}

enum tigress_error tigress_share_url_set_secret(struct tigress_share_url *url, const char *secret,
                                                char *why, size_t why_cap)
{
    struct tg_secret fresh = { .len = 0 };
    struct tg_fault fault = { "" };

    tg_text_copy(why, why_cap, "");
    if (url == NULL || secret == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (tg_share_secret_parse(&fresh, tg_text_view(secret, TIGRESS_SECRET_TEXT_MAX), &fault) !=
        TG_OK) {
        tg_text_copy(why, why_cap, fault.text);
        return TIGRESS_E_SECRET;
    }
    url->url.secret = fresh;
    url->is_exposed = false;
    tg_secret_wipe(&fresh);
    return TIGRESS_OK;
}

/* Every form of a URL, for handles and sessions. */
enum tigress_error tg_share_url_put(const struct tg_share_url *url, enum tigress_share_form form,
                                    char *out, size_t cap)
{
    struct tg_share_url shown = *url;
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;
    enum tigress_error error = TIGRESS_E_BUG;

    tg_buf_init(&text, TG_SHARE_URL_MAX);
    if (form == TIGRESS_FORM_HTTPS_BARE || form == TIGRESS_FORM_TIGRESS_BARE) {
        tg_secret_wipe(&shown.secret);
    }
    if (form == TIGRESS_FORM_SECRET) {
        tg_b64_encode(&text, tg_secret_view(&shown.secret), TG_B64_STANDARD);
        err = tg_buf_status(&text);
    } else {
        err = tg_share_url_format(&text, &shown,
                                  form == TIGRESS_FORM_TIGRESS || form == TIGRESS_FORM_TIGRESS_BARE
                                      ? TG_SHARE_TIGRESS
                                      : TG_SHARE_HTTPS);
    }
    error = err == TG_OK ? tg_text_copy_whole(out, cap, tg_buf_view(&text))
            : err == TG_E_UNSUPPORTED || err == TG_E_SYNTAX ? TIGRESS_E_URL
                                                            : tg_public_error(err);
    tg_buf_deinit(&text);
    tg_share_url_wipe(&shown);
    return error;
}

enum tigress_error tigress_share_url_format(const struct tigress_share_url *url,
                                            enum tigress_share_form form, char *out, size_t cap)
{
    if (url == NULL || out == NULL || (unsigned)form > TIGRESS_FORM_SECRET) {
        return TIGRESS_E_ARGUMENT;
    }
    return tg_share_url_put(&url->url, form, out, cap);
}

int tigress_share_url_is_relay_allowed(const struct tigress_share_url *url,
                                       const char *const *hosts, size_t count)
{
    int verdict = 0;

    if (url == NULL || hosts == NULL) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        verdict |= hosts[i] != NULL && tg_client_policy_is_match(&url->url, tg_bytes_str(hosts[i]));
    }
    return verdict;
}
