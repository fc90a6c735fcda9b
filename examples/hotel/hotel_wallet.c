/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's or a partner's phone: hotel_wallet FOLDER COMMAND ...
 *   check-in HOTEL-SOCKET CODE     a booking becomes a credential for this device
 *   share HOTEL-SOCKET RELAY       gets a provisioning token, sends it; prints the invitation
 *   accept URL                     takes a token that was shared; redeem, then done follow
 *   redeem HOTEL-SOCKET            the token becomes a credential for this device
 *   done                           ends the transfer; the sender is told "completed"
 *   wait                           the sender waits for that
 *   revoke HOTEL-SOCKET            takes the shared token and its credential back
 *   open LOCK-SOCKET
 * Exit code: 0 done, 1 refused or failed, 2 usage.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/link.h"
#include "common/wallet.h"
#include "hotel/hotel.h"

#define CREDENTIAL_FILE "credential.json"
#define TOKEN_FILE "token.json"

/* Adds what shows that this device holds its key: the answer to the other end's challenge. */
static bool add_proof(int fd, const char *folder, json_t *request, bool with_key)
{
    char nonce[HEX_MAX], proof[SIGNATURE_MAX], public_key[PUBLIC_KEY_MAX];
    EVP_PKEY *key = key_open(folder);
    bool is_ok = key != NULL && link_challenge(fd, nonce) &&
                 key_sign(key, LABEL_DEVICE, nonce, proof) && key_public(key, public_key) &&
                 json_object_set_new(request, "proof", json_string(proof)) == 0;

    if (is_ok && with_key) {
        is_ok = json_object_set_new(request, "publicKey", json_string(public_key)) == 0;
    }
    EVP_PKEY_free(key);
    return is_ok;
}

enum claim { AS_NEW_DEVICE, AS_HOLDER };

/* One request to server or lock with a proof; the answer when it was granted, else NULL. */
static json_t *ask(const char *folder, const char *socket, json_t *request, enum claim claim)
{
    json_t *credential = claim == AS_HOLDER ? file_read_json(folder, CREDENTIAL_FILE) : NULL;
    json_t *answer = NULL;
    int fd = link_open(socket);

    if (fd < 0 || (claim == AS_HOLDER && credential == NULL)) {
        (void)fprintf(stderr, "this device has no credential, or nobody to show it to\n");
        json_decref(request);
    } else if ((credential != NULL && json_object_set(request, "credential", credential) != 0) ||
               !add_proof(fd, folder, request, claim == AS_NEW_DEVICE)) {
        json_decref(request);
    } else {
        answer = link_call(fd, request);
    }
    json_decref(credential);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (answer != NULL && !link_is_ok(answer)) {
        json_decref(answer);
        answer = NULL;
    }
    return answer;
}

static bool keep_credential(const char *folder, json_t *answer)
{
    json_t *credential = json_object_get(answer, "credential");
    bool is_ok = credential != NULL && file_write_json(folder, CREDENTIAL_FILE, credential);

    if (is_ok) {
        (void)printf("credential: %s\n", text_of(credential, "attested"));
    }
    json_decref(answer);
    return is_ok;
}

static bool check_in(const char *folder, char **argv)
{
    json_t *request = json_pack("{s:s, s:s}", "op", "checkIn", "code", argv[1]);

    return keep_credential(folder, ask(folder, argv[0], request, AS_NEW_DEVICE));
}

static bool share(const char *folder, char **argv)
{
    char url[TIGRESS_SHARE_URL_MAX] = "";
    struct wallet w = { 0 };
    json_t *answer = ask(folder, argv[0], json_pack("{s:s}", "op", "token"), AS_HOLDER);
    json_t *message = json_pack("{s:s, s:{s:s, s:s}}", "format", HOTEL_FORMAT, "content",
                                "property", "Grand Budapest", "token", text_of(answer, "token"));
    const struct wallet_offer offer = {
        .relay = argv[1],
        .vertical = TIGRESS_VERTICAL_GENERAL,
        .title = "Hotel key",
        .description = "You are invited to add a room key to your phone.",
        .rights = "RD",
        .message = message,
    };
    /* The token is kept before it is sent, so that it can be taken back whatever happens. */
    bool is_ok = answer != NULL && message != NULL &&
                 file_write_json(folder, TOKEN_FILE, json_object_get(message, "content")) &&
                 wallet_share(&w, folder, &offer, url);

    if (is_ok) {
        (void)printf("%s\n", url);
    }
    explicit_bzero(url, sizeof(url));
    wallet_close(&w);
    json_decref(message);
    json_decref(answer);
    return is_ok;
}

static bool accept_url(const char *folder, char **argv)
{
    struct wallet w = { 0 };
    json_t *content = wallet_accept(&w, folder, argv[0]) ? wallet_message(&w) : NULL;
    bool is_ok = content != NULL && file_write_json(folder, TOKEN_FILE, content);

    if (is_ok) {
        (void)printf("a token of %s\n", text_of(content, "property"));
    }
    json_decref(content);
    wallet_close(&w);
    return is_ok;
}

static bool redeem(const char *folder, char **argv)
{
    json_t *token = file_read_json(folder, TOKEN_FILE);
    json_t *request = json_pack("{s:s, s:s}", "op", "redeem", "token", text_of(token, "token"));

    json_decref(token);
    return keep_credential(folder, ask(folder, argv[0], request, AS_NEW_DEVICE));
}

static bool done(const char *folder, char **argv)
{
    struct wallet w = { 0 };
    bool is_ok = wallet_resume(&w, folder) && wallet_finish(&w);

    (void)argv;
    wallet_close(&w);
    return is_ok;
}

static bool wait_done(const char *folder, char **argv)
{
    struct wallet w = { 0 };
    bool is_ok = wallet_resume(&w, folder) && wallet_wait_completed(&w);

    (void)argv;
    if (is_ok) {
        (void)puts("completed");
    }
    wallet_close(&w);
    return is_ok;
}

static bool take_back(const char *folder, char **argv)
{
    json_t *token = file_read_json(folder, TOKEN_FILE);
    json_t *answer =
        ask(folder, argv[0],
            json_pack("{s:s, s:s}", "op", "revoke", "token", text_of(token, "token")), AS_HOLDER);
    bool is_ok = answer != NULL;

    json_decref(token);
    json_decref(answer);
    return is_ok;
}

static bool open_lock(const char *folder, char **argv)
{
    json_t *answer = ask(folder, argv[0], json_pack("{s:s}", "op", "open"), AS_HOLDER);
    bool is_ok = answer != NULL;

    if (is_ok) {
        (void)printf("opened: %s of %s\n", text_of(answer, "opened"), text_of(answer, "room"));
    }
    json_decref(answer);
    return is_ok;
}

static const struct {
    const char *name;
    int arguments;
    bool (*run)(const char *folder, char **argv);
} commands[] = {
    { "check-in", 2, check_in }, { "share", 2, share },    { "accept", 1, accept_url },
    { "redeem", 1, redeem },     { "done", 0, done },      { "wait", 0, wait_done },
    { "revoke", 1, take_back },  { "open", 1, open_lock },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc >= 3 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[2], commands[i].name) == 0 && argc - 3 == commands[i].arguments) {
            return commands[i].run(argv[1], argv + 3) ? 0 : 1;
        }
    }
    (void)fprintf(stderr, "usage: hotel_wallet FOLDER COMMAND ... (see the README)\n");
    return 2;
}
