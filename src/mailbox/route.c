/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/route.h"

#include "base/mem.h"

#define SECRET_MIN 20u /* characters: a secret of 16 bytes has 22, and some may be lost */

enum path { PATH_NONE, PATH_MAILBOXES, PATH_MAILBOX };

static const char *const allows[] = {
    [PATH_MAILBOXES] = "POST, OPTIONS",
    [PATH_MAILBOX] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
};

/* spec: protocol/4#calls, protocol/4#head */
static const struct {
    enum path path;
    const char *method;
    enum tg_mailbox_call call;
} calls[] = {
    { PATH_MAILBOXES, "POST", TG_CALL_CREATE },    { PATH_MAILBOX, "GET", TG_CALL_PREVIEW },
    { PATH_MAILBOX, "HEAD", TG_CALL_PREVIEW },     { PATH_MAILBOX, "POST", TG_CALL_READ },
    { PATH_MAILBOX, "PUT", TG_CALL_UPDATE },       { PATH_MAILBOX, "DELETE", TG_CALL_DELETE },
    { PATH_MAILBOX, "PATCH", TG_CALL_RELINQUISH },
};

/* spec: protocol/1#version-prefix: every other version, and every other path, is unknown */
static enum path find_path(struct tg_bytes path, struct tg_bytes *identifier)
{
    if (tg_bytes_is_equal(path, TG_LIT("/v1/m"))) {
        return PATH_MAILBOXES;
    }
    if (!tg_bytes_has_prefix(path, TG_LIT("/v1/m/"))) {
        return PATH_NONE;
    }
    *identifier = tg_bytes_from(path, sizeof("/v1/m/") - 1);
    return tg_bytes_find(*identifier, '/') == identifier->len ? PATH_MAILBOX : PATH_NONE;
}

static bool is_vertical_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/* Both alphabets of base64, and '%' for characters that were encoded. */
static bool is_secret_char(uint8_t c)
{
    return (is_vertical_char(c) && c != '.' && c != '~') || c == '+' || c == '/' || c == '%';
}

static bool has_secret_run(struct tg_bytes text)
{
    size_t run = 0;

    for (size_t i = 0; i < text.len && run < SECRET_MIN; i++) {
        run = is_secret_char(text.ptr[i]) ? run + 1 : 0;
    }
    return run >= SECRET_MIN;
}

/* What is behind the first # that was encoded once or more often; empty where there is none. */
static struct tg_bytes behind_hash(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        struct tg_bytes rest = tg_bytes_from(text, i + 1);

        if (text.ptr[i] != '%') {
            continue;
        }
        while (tg_bytes_has_prefix(rest, TG_LIT("25"))) {
            rest = tg_bytes_from(rest, 2);
        }
        if (tg_bytes_has_prefix(rest, TG_LIT("23"))) {
            return tg_bytes_from(rest, 2);
        }
    }
    return tg_bytes_from(text, text.len);
}

/* An item of the query: the value of v is suspect where it cannot be a vertical. A value of another
   name is not, for parameters that count visits are long; padding is not a value. */
static bool is_suspect(struct tg_bytes item)
{
    size_t at = tg_bytes_find(item, '=');

    if (tg_bytes_has_prefix(item, TG_LIT("v="))) {
        for (size_t i = at + 1; i < item.len; i++) {
            if (!is_vertical_char(item.ptr[i])) {
                return true;
            }
        }
        return false;
    }
    return at + 1 >= item.len || !is_secret_char(item.ptr[at + 1]);
}

/* Whether the target has a mailbox identifier and behind it so many characters together that they
   can be a secret. spec: protocol/5#secret-in-target */
static bool has_secret(struct tg_bytes target)
{
    struct tg_uuid mailbox = { { 0 } };
    struct tg_bytes rest = tg_bytes_from(target, sizeof("/v1/m/") - 1);
    bool is_mailbox = tg_bytes_has_prefix(target, TG_LIT("/v1/m/")) &&
                      tg_uuid_parse(&mailbox, tg_bytes_first(rest, TG_UUID_TEXT_LEN)) == TG_OK;
    size_t end = 0;

    tg_mem_wipe(&mailbox, sizeof(mailbox));
    if (!is_mailbox) {
        return false;
    }
    rest = tg_bytes_from(rest, TG_UUID_TEXT_LEN);
    end = tg_bytes_find(rest, '?');
    if (has_secret_run(tg_bytes_first(rest, end))) {
        return true;
    }
    while (end < rest.len) {
        struct tg_bytes item = { NULL, 0 };

        rest = tg_bytes_from(rest, end + 1);
        end = tg_bytes_find(rest, '&');
        item = tg_bytes_first(rest, end);
        if (has_secret_run(behind_hash(item)) || (is_suspect(item) && has_secret_run(item))) {
            return true;
        }
    }
    return false;
}

/* A slash that a program has added at the end of a link. A person still finds the page; only a
   preview has it, so no device takes the two paths for one. spec: protocol/1#trailing-slash */
static struct tg_bytes without_slash(struct tg_bytes target)
{
    size_t len = tg_bytes_find(target, '?');
    size_t linked = sizeof("/v1/m/") - 1 + TG_UUID_TEXT_LEN;

    return len == linked + 1 && target.ptr[linked] == '/' ? tg_bytes_first(target, linked) : target;
}

void tg_route_find(struct tg_route *out, struct tg_bytes method, struct tg_bytes target)
{
    bool is_head = tg_bytes_is_equal(method, TG_LIT("HEAD"));
    bool is_preview = is_head || tg_bytes_is_equal(method, TG_LIT("GET"));
    struct tg_bytes identifier = { NULL, 0 };
    enum path path = PATH_NONE;

    *out = (struct tg_route){ .kind = TG_ROUTE_NO_PATH, .is_head = is_head };
    if (is_preview && has_secret(target)) {
        out->kind = TG_ROUTE_NO_MAILBOX;
        out->call = TG_CALL_PREVIEW;
        out->allow = allows[PATH_MAILBOX];
        out->is_damaged = true;
        return;
    }
    target = is_preview ? without_slash(target) : target;
    path = find_path(tg_bytes_first(target, tg_bytes_find(target, '?')), &identifier);
    if (path == PATH_NONE) {
        return;
    }
    out->kind = TG_ROUTE_NO_METHOD;
    out->allow = allows[path];
    if (tg_bytes_is_equal(method, TG_LIT("OPTIONS"))) {
        out->kind = TG_ROUTE_OPTIONS;
        return;
    }
    for (size_t i = 0; i < TG_COUNT(calls); i++) {
        if (calls[i].path == path && tg_bytes_is_equal(method, tg_bytes_str(calls[i].method))) {
            out->kind = TG_ROUTE_CALL;
            out->call = calls[i].call;
        }
    }
    /* spec: protocol/4#identifier-not-uuid */
    if (out->kind == TG_ROUTE_CALL && path == PATH_MAILBOX &&
        tg_uuid_parse(&out->mailbox, identifier) != TG_OK) {
        out->kind = TG_ROUTE_NO_MAILBOX;
    }
}
