/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's or a partner's phone: hotel_wallet FOLDER COMMAND ...
 *   check-in HOTEL-SOCKET CODE     exchanges a booking code for a credential for this device
 *   share HOTEL-SOCKET RELAY       gets a provisioning token, sends it; prints the invitation
 *   accept URL                     receives a shared token; then use redeem and done
 *   redeem HOTEL-SOCKET            exchanges the token for a credential for this device
 *   done                           ends the transfer as completed
 *   wait                           the sender waits until it is completed
 *   revoke HOTEL-SOCKET            revokes the shared token and its credential
 *   open LOCK-SOCKET               opens the lock
 * Exit code: 0 done, 1 refused or failed, 2 usage.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/ask.h"
#include "common/command.h"
#include "common/wallet.h"
#include "hotel/hotel.h"

#define CREDENTIAL_FILE "credential.json"
#define TOKEN_FILE "token.json"

struct claim {
    const char *folder;
    json_t *credential; /* NULL: a new device, which shows its public key instead */
};

static bool prove(void *ctx, const char *nonce, json_t *request)
{
    const struct claim *claim = ctx;

    if (claim->credential == NULL) {
        return ask_add_key_and_proof(request, claim->folder, LABEL_DEVICE, nonce);
    }
    return json_object_set(request, "credential", claim->credential) == 0 &&
           ask_add_proof(request, claim->folder, LABEL_DEVICE, nonce);
}

static json_t *ask_as_new_device(const char *folder, const char *socket, json_t *request)
{
    struct claim claim = { .folder = folder };

    return ask_granted(socket, request, prove, &claim);
}

static json_t *ask_as_holder(const char *folder, const char *socket, json_t *request)
{
    struct claim claim = { folder, file_read_json(folder, CREDENTIAL_FILE) };
    json_t *answer = NULL;

    if (claim.credential != NULL) {
        answer = ask_granted(socket, request, prove, &claim);
    } else {
        (void)fprintf(stderr, "this device has no credential\n");
        json_decref(request);
    }
    json_decref(claim.credential);
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

static enum result check_in(const char *folder, char **argv)
{
    json_t *request = json_pack("{s:s, s:s}", "op", "checkIn", "code", argv[1]);

    return result_of(keep_credential(folder, ask_as_new_device(folder, argv[0], request)));
}

static enum result share(const char *folder, char **argv)
{
    json_t *answer = ask_as_holder(folder, argv[0], json_pack("{s:s}", "op", "token"));
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
    /* The token is saved before it is sent, so that it can be revoked in any case. */
    bool is_ok = answer != NULL && message != NULL &&
                 file_write_json(folder, TOKEN_FILE, json_object_get(message, "content")) &&
                 wallet_run_share(folder, &offer);

    json_decref(message);
    json_decref(answer);
    return result_of(is_ok);
}

static enum result accept_url(const char *folder, char **argv)
{
    json_t *content = wallet_run_accept(folder, argv[0], NULL);
    bool is_ok = content != NULL && file_write_json(folder, TOKEN_FILE, content);

    if (is_ok) {
        (void)printf("token from %s\n", text_of(content, "property"));
    }
    json_decref(content);
    return result_of(is_ok);
}

static enum result redeem(const char *folder, char **argv)
{
    json_t *token = file_read_json(folder, TOKEN_FILE);
    json_t *request = json_pack("{s:s, s:s}", "op", "redeem", "token", text_of(token, "token"));

    json_decref(token);
    return result_of(keep_credential(folder, ask_as_new_device(folder, argv[0], request)));
}

static enum result done(const char *folder, char **argv)
{
    (void)argv;
    return result_of(wallet_run_finish(folder));
}

static enum result wait_done(const char *folder, char **argv)
{
    (void)argv;
    return result_of(wallet_run_wait(folder));
}

static enum result revoke_token(const char *folder, char **argv)
{
    json_t *token = file_read_json(folder, TOKEN_FILE);
    json_t *answer = ask_as_holder(
        folder, argv[0], json_pack("{s:s, s:s}", "op", "revoke", "token", text_of(token, "token")));
    bool is_ok = answer != NULL;

    json_decref(token);
    json_decref(answer);
    return result_of(is_ok);
}

static enum result open_lock(const char *folder, char **argv)
{
    json_t *answer = ask_as_holder(folder, argv[0], json_pack("{s:s}", "op", "open"));
    bool is_ok = answer != NULL;

    if (is_ok) {
        (void)printf("opened: %s of %s\n", text_of(answer, "opened"), text_of(answer, "room"));
    }
    json_decref(answer);
    return result_of(is_ok);
}

static const struct command commands[] = {
    { "check-in", 2, check_in },   { "share", 2, share },    { "accept", 1, accept_url },
    { "redeem", 1, redeem },       { "done", 0, done },      { "wait", 0, wait_done },
    { "revoke", 1, revoke_token }, { "open", 1, open_lock },
};

int main(int argc, char **argv)
{
    return command_run(commands, sizeof(commands) / sizeof(commands[0]), argc, argv);
}
