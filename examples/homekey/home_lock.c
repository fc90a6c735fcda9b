/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock: home_lock FOLDER SOCKET HUB-FOLDER [CLOCK-AHEAD-S]
 *
 * It got the master key when it was installed (read from HUB-FOLDER) and needs no connection. It
 * checks that a phone has the key of the terms that it presents, the days, the hours, and its own
 * list of revoked keys. CLOCK-AHEAD-S sets its clock ahead, for tests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/link.h"
#include "homekey/homekey.h"

#define LOCK_FILE "revoked.json"

struct lock {
    const char *folder;
    char master[HEX_MAX];
    json_t *revoked; /* {ID: true} */
    int64_t ahead_s;
};

/* Minutes of the day in UTC; from after to: across midnight. */
static bool is_in_hours(const json_t *terms, int64_t now_s)
{
    const int64_t minute = now_s / 60 % 1440;
    const int64_t from = json_integer_value(json_object_get(terms, "from"));
    const int64_t to = json_integer_value(json_object_get(terms, "to"));

    return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

static const char *judge_terms(const struct lock *l, const json_t *terms)
{
    const json_t *from = json_object_get(terms, "notBefore");
    const json_t *to = json_object_get(terms, "notAfter");
    const int64_t now_s = (int64_t)time(NULL) + l->ahead_s;

    if (strcmp(text_of(terms, "id"), OWNER_ID) == 0) {
        return NULL;
    }
    if (json_object_get(l->revoked, text_of(terms, "id")) != NULL) {
        return "the owner has revoked this key";
    }
    if (!json_is_integer(from) || !json_is_integer(to) || now_s < json_integer_value(from) ||
        now_s >= json_integer_value(to)) {
        return "this key is not valid on this day";
    }
    return is_in_hours(terms, now_s) ? NULL : "this key is not valid at this hour";
}

static json_t *open_door(const struct lock *l, const struct link_peer *peer, const json_t *request)
{
    const char *text = text_of(request, "terms"), *why = NULL;
    json_t *terms = NULL;

    if (!home_is_held(l->master, text, LABEL_OPEN, peer->nonce, "", text_of(request, "mac"))) {
        return link_refuse("the phone has not proved that it has this key");
    }
    terms = parse_text(text);
    why = terms != NULL ? judge_terms(l, terms) : "the key has no terms";
    json_decref(terms);
    return why != NULL ? link_refuse(why) : json_pack("{s:b, s:s}", "ok", 1, "did", "open");
}

static json_t *revoke_id(struct lock *l, const struct link_peer *peer, const json_t *request)
{
    const char *id = text_of(request, "id");

    if (!home_is_held(l->master, "{\"id\":\"" OWNER_ID "\"}", LABEL_REVOKE, peer->nonce, id,
                      text_of(request, "mac"))) {
        return link_refuse("only the owner's phone can do this");
    }
    if (json_object_set_new(l->revoked, id, json_true()) != 0 ||
        !file_write_json(l->folder, LOCK_FILE, l->revoked)) {
        return link_refuse("the lock cannot save its state");
    }
    return json_pack("{s:b, s:s}", "ok", 1, "did", "revoked");
}

static json_t *answer(void *ctx, const struct link_peer *peer, const json_t *request)
{
    const char *op = text_of(request, "op");

    return strcmp(op, "open") == 0     ? open_door(ctx, peer, request)
           : strcmp(op, "revoke") == 0 ? revoke_id(ctx, peer, request)
                                       : link_refuse("unknown request");
}

int main(int argc, char **argv)
{
    struct lock l = { 0 };

    if (argc < 4 || argc > 5) {
        (void)fprintf(stderr, "usage: home_lock FOLDER SOCKET HUB-FOLDER [CLOCK-AHEAD-S]\n");
        return 2;
    }
    l.folder = argv[1];
    l.ahead_s = argc == 5 ? strtoll(argv[4], NULL, 10) : 0;
    l.revoked = file_read_json(l.folder, LOCK_FILE);
    if (l.revoked == NULL) {
        l.revoked = json_object();
    }
    return home_master(argv[3], false, l.master) ? link_serve(argv[2], answer, &l) : 2;
}
