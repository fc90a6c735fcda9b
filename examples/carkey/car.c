/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The car: car FOLDER SOCKET VEHICLE PAIRING-CODE [CLOCK-AHEAD-S]
 *
 * It is never online. It stores only the public key of the owner's phone, from the pairing. The
 * code is valid once. A phone has to present everything else: a friend's key is the owner's
 * signature over the friend's public key, the vehicle, the entitlements and the time.
 * CLOCK-AHEAD-S sets its clock ahead, for tests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "carkey/carkey.h"
#include "common/link.h"

#define CAR_FILE "car.json"
#define REVOKED_MAX 1000u /* key identifiers, so that the state stays small */

struct car {
    const char *folder, *vehicle, *code;
    int64_t ahead_s;
    json_t *state; /* {"ownerPublicKey": BASE64, "revoked": [KEY-ID...]}; NULL before the pairing */
};

static json_t *pair(struct car *c, const struct link_peer *peer, const json_t *request)
{
    const char *public_key = text_of(request, "publicKey");
    json_t *state = NULL;

    if (c->state != NULL) {
        return link_refuse("already paired");
    }
    if (!is_same_secret(text_of(request, "code"), c->code)) {
        return link_refuse("wrong pairing code");
    }
    if (peer->nonce[0] == '\0' ||
        !key_verify(public_key, LABEL_PAIRING, peer->nonce, text_of(request, "proof"))) {
        return link_refuse("the phone has not proved that it has this key");
    }
    state = json_pack("{s:s, s:[]}", "ownerPublicKey", public_key, "revoked");
    if (state == NULL || !file_write_json(c->folder, CAR_FILE, state)) {
        json_decref(state);
        return link_refuse("the car cannot save its state");
    }
    c->state = state;
    return json_pack("{s:b, s:s}", "ok", 1, "vehicle", c->vehicle);
}

/* NULL: the attested part of a friend's key allows the action now. */
static const char *judge_attested(const struct car *c, const json_t *attested, const char *action)
{
    const json_t *from = json_object_get(attested, "notBefore");
    const json_t *to = json_object_get(attested, "notAfter");
    const int64_t now_s = (int64_t)time(NULL) + c->ahead_s;

    if (strcmp(text_of(attested, "vehicle"), c->vehicle) != 0) {
        return "this key is for another vehicle";
    }
    if (!json_is_integer(from) || !json_is_integer(to) || now_s < json_integer_value(from)) {
        return "this key is not valid yet";
    }
    if (now_s >= json_integer_value(to)) {
        return "this key is no longer valid";
    }
    if (list_has(json_object_get(c->state, "revoked"), text_of(attested, "keyId"))) {
        return "this key is revoked";
    }
    if (!list_has(json_object_get(attested, "entitlements"), action)) {
        return "this key has no entitlement for this action";
    }
    return NULL;
}

/* The chain: the car trusts the owner's key, the owner's key signed the friend's, and the friend's
   key signs the challenge. NULL: do it. */
static const char *judge(const struct car *c, const struct link_peer *peer, const json_t *request)
{
    const char *owner = text_of(c->state, "ownerPublicKey");
    const char *action = text_of(request, "action"), *why = NULL;
    const json_t *key = json_object_get(request, "key");
    char text[ACTION_TEXT_MAX];
    json_t *attested = NULL;

    if (owner[0] == '\0') {
        return "not yet paired";
    }
    if (!carkey_action_text(text, peer->nonce, action)) {
        return "the request needs a challenge";
    }
    if (key == NULL) {
        return key_verify(owner, LABEL_ACTION, text, text_of(request, "proof"))
                   ? NULL
                   : "this is not the owner's phone";
    }
    if (!key_verify(owner, LABEL_ATTESTED, text_of(key, "attested"), text_of(key, "signature"))) {
        return "the signature on this key is not the owner's";
    }
    attested = parse_text(text_of(key, "attested"));
    why = judge_attested(c, attested, action);
    if (why == NULL && !key_verify(text_of(attested, "publicKey"), LABEL_ACTION, text,
                                   text_of(request, "proof"))) {
        why = "the phone has not proved that it has this key";
    }
    json_decref(attested);
    return why;
}

static json_t *act(struct car *c, const struct link_peer *peer, const json_t *request)
{
    static const char *const actions[][2] = {
        { "unlock", "the doors are unlocked" },
        { "start", "the engine runs" },
        { "drive", "the gear is released" },
    };
    const char *why = judge(c, peer, request);

    for (size_t i = 0; why == NULL && i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(text_of(request, "action"), actions[i][0]) == 0) {
            return json_pack("{s:b, s:s}", "ok", 1, "did", actions[i][1]);
        }
    }
    return link_refuse(why != NULL ? why : "the car does not know this action");
}

/* Saved before it is used: what the owner sees as revoked stays so after a restart. */
static bool add_revoked(struct car *c, const char *key_id)
{
    json_t *state = json_deep_copy(c->state);
    json_t *list = json_object_get(state, "revoked");
    bool is_listed =
        list_has(list, key_id) || (json_array_size(list) < REVOKED_MAX &&
                                   json_array_append_new(list, json_string(key_id)) == 0);

    if (!is_listed || !file_write_json(c->folder, CAR_FILE, state)) {
        json_decref(state);
        return false;
    }
    json_decref(c->state);
    c->state = state;
    return true;
}

static json_t *revoke(struct car *c, const struct link_peer *peer, const json_t *request)
{
    const char *key_id = text_of(request, "keyId");
    char text[ACTION_TEXT_MAX];

    if (strlen(key_id) != HEX_MAX - 1 || !carkey_action_text(text, peer->nonce, key_id)) {
        return link_refuse("expected a challenge and a key identifier of 64 digits");
    }
    if (!key_verify(text_of(c->state, "ownerPublicKey"), LABEL_REVOKE, text,
                    text_of(request, "proof"))) {
        return link_refuse("this is not the owner's phone");
    }
    return add_revoked(c, key_id)
               ? json_pack("{s:b, s:s}", "ok", 1, "did", "the key is revoked")
               : link_refuse("the car cannot save its state, or its list of revoked keys is full");
}

static json_t *answer(void *ctx, const struct link_peer *peer, const json_t *request)
{
    const char *op = text_of(request, "op");

    return strcmp(op, "pair") == 0     ? pair(ctx, peer, request)
           : strcmp(op, "do") == 0     ? act(ctx, peer, request)
           : strcmp(op, "revoke") == 0 ? revoke(ctx, peer, request)
                                       : link_refuse("unknown request");
}

int main(int argc, char **argv)
{
    struct car c = { 0 };

    if (argc < 5 || argc > 6) {
        (void)fprintf(stderr, "usage: car FOLDER SOCKET VEHICLE PAIRING-CODE [CLOCK-AHEAD-S]\n");
        return 2;
    }
    c.folder = argv[1];
    c.vehicle = argv[3];
    c.code = argv[4];
    c.ahead_s = argc == 6 ? strtoll(argv[5], NULL, 10) : 0;
    c.state = file_read_json(c.folder, CAR_FILE);
    return link_serve(argv[2], answer, &c);
}
