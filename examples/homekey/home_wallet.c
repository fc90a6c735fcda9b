/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A phone: home_wallet FOLDER COMMAND ...
 *   enrol HUB-SOCKET CODE        the owner's phone gets the owner's key
 *   mint HUB-SOCKET NOT-BEFORE NOT-AFTER FROM TO
 *                                the owner's phone gets a guest key: UTC seconds, and minutes of
 *                                the day in UTC
 *   share RELAY                  sends a copy of the guest key; prints the invitation
 *   accept URL                   receives a shared key; then use done
 *   done                         ends the transfer: the mailbox is deleted
 *   wait                         the sender waits until the key was received
 *   open LOCK-SOCKET             opens with the owner's key
 *   open-as-guest LOCK-SOCKET    opens with the guest key
 *   revoke LOCK-SOCKET           revokes the guest key and every copy of it
 * Exit code: 0 done, 1 refused or failed, 2 usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ask.h"
#include "common/command.h"
#include "common/wallet.h"
#include "homekey/homekey.h"

#define OWNER_FILE "owner.json"
#define GUEST_FILE "guest.json"

struct proof {
    const json_t *credential;
    const char *label;
    const char *text; /* what the proof is over, beside the challenge */
};

/* Proves that this phone has the key of the credential. */
static bool prove(void *ctx, const char *nonce, json_t *request)
{
    const struct proof *proof = ctx;
    char mac[HEX_MAX] = "", bound[HOME_TEXT_MAX];

    if (home_bind(bound, nonce, proof->text) &&
        mac_hex(text_of(proof->credential, "key"), proof->label, bound, mac) &&
        json_object_set_new(request, "mac", json_string(mac)) == 0) {
        return true;
    }
    (void)fprintf(stderr, "this phone has no key for this request\n");
    return false;
}

static bool keep(const char *folder, const char *name, const json_t *answer)
{
    const json_t *credential = json_object_get(answer, "credential");
    bool is_ok = credential != NULL && file_write_json(folder, name, credential);

    if (is_ok) {
        (void)printf("key: %s\n", text_of(credential, "terms"));
    }
    return is_ok;
}

static enum result enrol(const char *folder, char **argv)
{
    json_t *answer =
        ask_granted(argv[0], json_pack("{s:s, s:s}", "op", "enrol", "code", argv[1]), NULL, NULL);
    bool is_ok = answer != NULL && keep(folder, OWNER_FILE, answer);

    json_decref(answer);
    return result_of(is_ok);
}

static enum result mint(const char *folder, char **argv)
{
    json_t *owner = file_read_json(folder, OWNER_FILE);
    json_t *wish = json_pack(
        "{s:I, s:I, s:I, s:I}", "notBefore", (json_int_t)strtoll(argv[1], NULL, 10), "notAfter",
        (json_int_t)strtoll(argv[2], NULL, 10), "from", (json_int_t)strtoll(argv[3], NULL, 10),
        "to", (json_int_t)strtoll(argv[4], NULL, 10));
    char *wished = wish != NULL ? json_dumps(wish, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_t *answer = NULL;
    bool is_ok = false;

    if (wished != NULL) {
        struct proof proof = { owner, LABEL_MINT, wished };

        answer = ask_granted(argv[0], json_pack("{s:s, s:O}", "op", "mint", "wish", wish), prove,
                             &proof);
        is_ok = answer != NULL && keep(folder, GUEST_FILE, answer);
    }
    free(wished);
    json_decref(answer);
    json_decref(wish);
    json_decref(owner);
    return result_of(is_ok);
}

static enum result share(const char *folder, char **argv)
{
    json_t *guest = file_read_json(folder, GUEST_FILE);
    json_t *message =
        guest != NULL ? json_pack("{s:s, s:O}", "format", HOME_FORMAT, "content", guest) : NULL;
    const struct wallet_offer offer = {
        .relay = argv[0],
        .vertical = TIGRESS_VERTICAL_HOME,
        .title = "Home key",
        .description = "You are invited to add a home key to your phone.",
        .rights = "RD",
        .message = message,
    };
    bool is_ok = message != NULL && wallet_run_share(folder, &offer);

    json_decref(message);
    json_decref(guest);
    return result_of(is_ok);
}

static enum result accept_url(const char *folder, char **argv)
{
    json_t *content = wallet_run_accept(folder, argv[0], NULL);
    bool is_ok = content != NULL && strlen(text_of(content, "key")) == HEX_MAX - 1 &&
                 file_write_json(folder, GUEST_FILE, content);

    if (is_ok) {
        (void)printf("key: %s\n", text_of(content, "terms"));
    }
    json_decref(content);
    return result_of(is_ok);
}

/* The key is saved, so the mailbox is not needed. */
static enum result done(const char *folder, char **argv)
{
    (void)argv;
    return result_of(wallet_run_finish(folder));
}

static enum result wait_taken(const char *folder, char **argv)
{
    (void)argv;
    return result_of(wallet_run_wait(folder));
}

static bool open_with(const char *folder, const char *name, const char *socket)
{
    json_t *credential = file_read_json(folder, name);
    struct proof proof = { credential, LABEL_OPEN, "" };
    json_t *answer = ask_granted(
        socket, json_pack("{s:s, s:s}", "op", "open", "terms", text_of(credential, "terms")), prove,
        &proof);
    bool is_ok = answer != NULL;

    if (is_ok) {
        (void)printf("the door is %s\n", text_of(answer, "did"));
    }
    json_decref(answer);
    json_decref(credential);
    return is_ok;
}

static enum result open_as_owner(const char *folder, char **argv)
{
    return result_of(open_with(folder, OWNER_FILE, argv[0]));
}

static enum result open_as_guest(const char *folder, char **argv)
{
    return result_of(open_with(folder, GUEST_FILE, argv[0]));
}

static enum result revoke_guest(const char *folder, char **argv)
{
    json_t *owner = file_read_json(folder, OWNER_FILE);
    json_t *guest = file_read_json(folder, GUEST_FILE);
    json_t *terms = parse_text(text_of(guest, "terms"));
    const char *id = text_of(terms, "id");
    struct proof proof = { owner, LABEL_REVOKE, id };
    json_t *answer =
        ask_granted(argv[0], json_pack("{s:s, s:s}", "op", "revoke", "id", id), prove, &proof);
    bool is_ok = answer != NULL;

    json_decref(answer);
    json_decref(terms);
    json_decref(guest);
    json_decref(owner);
    return result_of(is_ok);
}

static const struct command commands[] = {
    { "enrol", 2, enrol },         { "mint", 5, mint },
    { "share", 1, share },         { "accept", 1, accept_url },
    { "done", 0, done },           { "wait", 0, wait_taken },
    { "open", 1, open_as_owner },  { "open-as-guest", 1, open_as_guest },
    { "revoke", 1, revoke_guest },
};

int main(int argc, char **argv)
{
    return command_run(commands, sizeof(commands) / sizeof(commands[0]), argc, argv);
}
