/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provisioning entity, a box in the house: home_hub FOLDER SOCKET ENROLMENT-CODE
 *
 * It has the master key of the house and gives the owner's phone its credential; the code is valid
 * once. It issues guest keys only for the owner's phone. It has no part in a transfer and is not
 * needed at the door.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/link.h"
#include "homekey/homekey.h"

#define HUB_FILE "hub.json" /* exists when an owner is enrolled */
#define DAY_MINUTES 1440

struct hub {
    const char *folder, *code;
    char master[HEX_MAX];
    bool is_enrolled;
};

/* Releases terms. */
static json_t *give(const struct hub *h, json_t *terms)
{
    char key[HEX_MAX] = "";
    char *text = terms != NULL ? json_dumps(terms, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_t *answer = NULL;

    if (text != NULL && mac_hex(h->master, LABEL_TERMS, text, key)) {
        answer = json_pack("{s:b, s:{s:s, s:s}}", "ok", 1, "credential", "terms", text, "key", key);
    }
    explicit_bzero(key, sizeof(key));
    free(text);
    json_decref(terms);
    return answer != NULL ? answer : link_refuse("the hub cannot issue a key");
}

static json_t *enrol(struct hub *h, const json_t *request)
{
    json_t *done = NULL;

    if (h->is_enrolled) {
        return link_refuse("this house already has an owner");
    }
    if (!is_same_secret(text_of(request, "code"), h->code)) {
        return link_refuse("wrong enrolment code");
    }
    done = json_pack("{s:b}", "isEnrolled", 1);
    h->is_enrolled = done != NULL && file_write_json(h->folder, HUB_FILE, done);
    json_decref(done);
    return h->is_enrolled ? give(h, json_pack("{s:s}", "id", OWNER_ID))
                          : link_refuse("the hub cannot save its state");
}

static bool is_minute(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 &&
           json_integer_value(value) < DAY_MINUTES;
}

/* Random identifiers, so that two credentials with the same hours have different keys. */
static json_t *mint(const struct hub *h, const struct link_peer *peer, const json_t *request)
{
    const json_t *wish = json_object_get(request, "wish");
    char *wished = json_is_object(wish) ? json_dumps(wish, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    char id[HEX_MAX], owner_terms[] = "{\"id\":\"" OWNER_ID "\"}";
    bool is_owner = wished != NULL && home_is_held(h->master, owner_terms, LABEL_MINT, peer->nonce,
                                                   wished, text_of(request, "mac"));
    json_t *terms = NULL;

    free(wished);
    if (!is_owner) {
        return link_refuse("only the owner's phone can do this");
    }
    if (!json_is_integer(json_object_get(wish, "notBefore")) ||
        !json_is_integer(json_object_get(wish, "notAfter")) ||
        !is_minute(json_object_get(wish, "from")) || !is_minute(json_object_get(wish, "to"))) {
        return link_refuse("a credential needs notBefore, notAfter, from and to");
    }
    terms = random_hex(id)
                ? json_pack("{s:s, s:O, s:O, s:O, s:O}", "id", id, "notBefore",
                            json_object_get(wish, "notBefore"), "notAfter",
                            json_object_get(wish, "notAfter"), "from",
                            json_object_get(wish, "from"), "to", json_object_get(wish, "to"))
                : NULL;
    return give(h, terms);
}

static json_t *answer(void *ctx, const struct link_peer *peer, const json_t *request)
{
    const char *op = text_of(request, "op");

    return strcmp(op, "enrol") == 0  ? enrol(ctx, request)
           : strcmp(op, "mint") == 0 ? mint(ctx, peer, request)
                                     : link_refuse("unknown request");
}

int main(int argc, char **argv)
{
    struct hub h = { 0 };
    json_t *enrolled = NULL;

    if (argc != 4) {
        (void)fprintf(stderr, "usage: home_hub FOLDER SOCKET ENROLMENT-CODE\n");
        return 2;
    }
    h.folder = argv[1];
    h.code = argv[3];
    enrolled = file_read_json(h.folder, HUB_FILE);
    h.is_enrolled = enrolled != NULL;
    json_decref(enrolled);
    return home_master(h.folder, true, h.master) ? link_serve(argv[2], answer, &h) : 2;
}
