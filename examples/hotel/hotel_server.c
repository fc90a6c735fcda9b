/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provisioning entity: hotel_server FOLDER SOCKET BOOKING-CODE ROOM
 *
 * It exchanges a booking code for a guest's credential. It gives a guest a provisioning token to
 * share, and exchanges the token for a credential with fewer rights for one other device. It
 * revokes tokens and their credentials. It sees no transfer: tokens go from wallet to wallet.
 *
 * Saved in FOLDER/hotel.json before each answer, so that a token stays used after a crash:
 *   {"bookings": {HASH: {room, credential}},
 *    "tokens": {HASH: {room, parent, isRevoked, id, publicKey, credential}}}
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/link.h"
#include "hotel/hotel.h"

#define STATE_FILE "hotel.json"
#define STAY_S (3 * 86400)

struct hotel {
    const char *folder;
    EVP_PKEY *key;
    char public_key[PUBLIC_KEY_MAX];
    json_t *state;
};

static bool keep(const struct hotel *h)
{
    return file_write_json(h->folder, STATE_FILE, h->state);
}

/* The entry of a secret that a caller presents; only hashes of secrets are stored. */
static json_t *find(const struct hotel *h, const char *table, const char *secret)
{
    char hash[HEX_MAX];

    return hash_hex(secret, hash) ? json_object_get(json_object_get(h->state, table), hash) : NULL;
}

/* A credential for one device; NULL: no random source or no memory. */
static json_t *mint(const struct hotel *h, const char *room, json_t *rights_take,
                    const char *public_key)
{
    const json_int_t now_s = (json_int_t)time(NULL);
    char id[HEX_MAX], signature[SIGNATURE_MAX];
    json_t *attested = NULL, *credential = NULL;
    char *text = NULL;

    if (!random_hex(id)) {
        json_decref(rights_take);
        return NULL;
    }
    attested =
        json_pack("{s:s, s:s, s:o, s:s, s:I, s:I}", "id", id, "room", room, "rights", rights_take,
                  "publicKey", public_key, "notBefore", now_s, "notAfter", now_s + STAY_S);
    text = attested != NULL ? json_dumps(attested, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text != NULL && key_sign(h->key, LABEL_CREDENTIAL, text, signature)) {
        credential =
            json_pack("{s:s, s:s, s:s}", "id", id, "attested", text, "signature", signature);
    }
    free(text);
    json_decref(attested);
    return credential;
}

static json_t *give(json_t *credential)
{
    return json_pack("{s:b, s:O}", "ok", 1, "credential", credential);
}

/* Puts a new credential into an entry. If it has one, the same device gets it again, because an
   answer can be lost. Any other device is refused. */
static json_t *exchange(struct hotel *h, json_t *entry, json_t *rights_take, const char *public_key)
{
    json_t *credential = json_object_get(entry, "credential");

    if (json_is_object(credential)) {
        json_decref(rights_take);
        return strcmp(text_of(entry, "publicKey"), public_key) == 0 ? give(credential)
                                                                    : link_refuse("already used");
    }
    credential = mint(h, text_of(entry, "room"), rights_take, public_key);
    if (credential == NULL || json_object_set_new(entry, "credential", credential) != 0 ||
        json_object_set_new(entry, "publicKey", json_string(public_key)) != 0 || !keep(h)) {
        (void)json_object_del(entry, "credential");
        return link_refuse("the hotel cannot save its state");
    }
    return give(credential);
}

static json_t *check_in(struct hotel *h, const struct link_peer *peer, const json_t *request)
{
    const char *public_key = text_of(request, "publicKey");
    json_t *booking = find(h, "bookings", text_of(request, "code"));

    if (booking == NULL) {
        return link_refuse("no such booking");
    }
    if (!hotel_check_device(public_key, peer->nonce, text_of(request, "proof"))) {
        return link_refuse("the device has not proved that it has this key");
    }
    return exchange(h, booking, json_pack("[s, s, s, s]", "room", "lift", "minibar", "share"),
                    public_key);
}

static bool is_revoked(const struct hotel *h, const char *id)
{
    const char *hash = NULL;
    json_t *token = NULL;

    json_object_foreach(json_object_get(h->state, "tokens"), hash, token)
    {
        if (json_is_true(json_object_get(token, "isRevoked")) &&
            strcmp(text_of(json_object_get(token, "credential"), "id"), id) == 0) {
            return true;
        }
    }
    return false;
}

/* The caller's credential, if the caller has its key and it is not revoked; else NULL and *why. */
static json_t *caller(const struct hotel *h, const struct link_peer *peer, const json_t *request,
                      const char **why)
{
    json_t *attested = hotel_check_credential(json_object_get(request, "credential"), h->public_key,
                                              (int64_t)time(NULL), why);

    if (attested == NULL) {
        return NULL;
    }
    if (!hotel_check_device(text_of(attested, "publicKey"), peer->nonce,
                            text_of(request, "proof"))) {
        *why = "the device has not proved that it has the key of this credential";
    } else if (is_revoked(h, text_of(attested, "id"))) {
        *why = "revoked";
    } else if (!list_has(json_object_get(attested, "rights"), "share")) {
        *why = "this credential cannot be shared";
    } else {
        return attested;
    }
    json_decref(attested);
    return NULL;
}

static json_t *make_token(struct hotel *h, const struct link_peer *peer, const json_t *request)
{
    const char *why = "";
    char token[HEX_MAX], hash[HEX_MAX];
    json_t *guest = caller(h, peer, request, &why);
    json_t *entry = NULL, *reply = NULL;

    if (guest == NULL) {
        return link_refuse(why);
    }
    entry = json_pack("{s:s, s:s, s:b}", "room", text_of(guest, "room"), "parent",
                      text_of(guest, "id"), "isRevoked", 0);
    if (random_hex(token) && hash_hex(token, hash) &&
        json_object_set_new(json_object_get(h->state, "tokens"), hash, entry) == 0 && keep(h)) {
        reply = json_pack("{s:b, s:s}", "ok", 1, "token", token);
    } else {
        reply = link_refuse("the hotel cannot save its state");
    }
    json_decref(guest);
    return reply;
}

static json_t *redeem(struct hotel *h, const struct link_peer *peer, const json_t *request)
{
    const char *public_key = text_of(request, "publicKey");
    json_t *token = find(h, "tokens", text_of(request, "token"));

    if (token == NULL) {
        return link_refuse("no such token");
    }
    if (json_is_true(json_object_get(token, "isRevoked"))) {
        return link_refuse("revoked");
    }
    if (!hotel_check_device(public_key, peer->nonce, text_of(request, "proof"))) {
        return link_refuse("the device has not proved that it has this key");
    }
    return exchange(h, token, json_pack("[s, s]", "room", "lift"), public_key);
}

/* A guest revokes a token that the guest has shared, and the credential that was issued for it. */
static json_t *revoke(struct hotel *h, const struct link_peer *peer, const json_t *request)
{
    const char *why = "";
    json_t *guest = caller(h, peer, request, &why);
    json_t *token = find(h, "tokens", text_of(request, "token"));
    json_t *reply = NULL;

    if (guest == NULL) {
        return link_refuse(why);
    }
    if (token == NULL || strcmp(text_of(token, "parent"), text_of(guest, "id")) != 0) {
        reply = link_refuse("this guest has no such token");
    } else if (json_object_set_new(token, "isRevoked", json_true()) != 0 || !keep(h)) {
        reply = link_refuse("the hotel cannot save its state");
    } else {
        reply = json_pack("{s:b}", "ok", 1);
    }
    json_decref(guest);
    return reply;
}

/* The request of a lock before it opens. */
static json_t *answer_revoked(struct hotel *h, const struct link_peer *peer, const json_t *request)
{
    (void)peer;
    return json_pack("{s:b, s:b}", "ok", 1, "isRevoked", is_revoked(h, text_of(request, "id")));
}

static const struct {
    const char *op;
    json_t *(*handle)(struct hotel *h, const struct link_peer *peer, const json_t *request);
} handlers[] = {
    { "checkIn", check_in }, { "token", make_token },         { "redeem", redeem },
    { "revoke", revoke },    { "isRevoked", answer_revoked },
};

static json_t *answer(void *ctx, const struct link_peer *peer, const json_t *request)
{
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (strcmp(text_of(request, "op"), handlers[i].op) == 0) {
            return handlers[i].handle(ctx, peer, request);
        }
    }
    return link_refuse("unknown request");
}

static bool open_hotel(struct hotel *h, const char *code, const char *room)
{
    char hash[HEX_MAX];

    h->key = key_open(h->folder);
    if (h->key == NULL || !key_public(h->key, h->public_key) ||
        !file_write(h->folder, HOTEL_PUBLIC_FILE, h->public_key, strlen(h->public_key))) {
        return false;
    }
    h->state = file_read_json(h->folder, STATE_FILE);
    if (h->state == NULL && hash_hex(code, hash)) {
        h->state = json_pack("{s:{s:{s:s}}, s:{}}", "bookings", hash, "room", room, "tokens");
    }
    return h->state != NULL && keep(h);
}

int main(int argc, char **argv)
{
    struct hotel h = { .folder = argc == 5 ? argv[1] : NULL };

    if (argc != 5) {
        (void)fprintf(stderr, "usage: hotel_server FOLDER SOCKET BOOKING-CODE ROOM\n");
        return 2;
    }
    return open_hotel(&h, argv[3], argv[4]) ? link_serve(argv[2], answer, &h) : 2;
}
