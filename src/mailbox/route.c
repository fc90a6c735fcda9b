/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/route.h"

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

void tg_route_find(struct tg_route *out, struct tg_bytes method, struct tg_bytes target)
{
    struct tg_bytes identifier = { NULL, 0 };
    enum path path = find_path(tg_bytes_first(target, tg_bytes_find(target, '?')), &identifier);

    *out = (struct tg_route){ .kind = TG_ROUTE_NO_PATH,
                              .is_head = tg_bytes_is_equal(method, TG_LIT("HEAD")) };
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
