/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The friend's phone: carkey_friend FOLDER COMMAND ...
 *   accept URL RELAYS        receives the key creation request; RELAYS is the list of relays that
 *                            this wallet uses, "HOST:PORT,..."
 *   answer                   makes a key, sends the key signing request; the PIN is read from
 *                            standard input
 *   import                   receives the key import request, checks it, saves the key and ends
 *                            the transfer; if the PIN was wrong, use answer again
 *   decline                  ends the transfer without a key
 *   use CAR-SOCKET ACTION    unlock, start, drive
 * Exit code: 0 done, 1 refused or failed, 2 usage.
 */
#include <stdio.h>
#include <string.h>

#include "carkey/carkey.h"
#include "common/ask.h"
#include "common/command.h"
#include "common/wallet.h"

#define REQUEST_FILE "request.json" /* the key creation request */

static enum result accept_url(const char *folder, char **argv)
{
    json_t *content = wallet_run_accept(folder, argv[0], argv[1]);
    const json_t *request = wallet_request_of(content, TIGRESS_REQUEST_KEY_CREATION);
    bool is_ok = request != NULL && file_write_json(folder, REQUEST_FILE, request);

    if (is_ok) {
        (void)printf(
            "a key for %s is offered; ask the owner for the PIN of %d digits\n",
            text_of(request, "vehicle"),
            (int)json_integer_value(json_object_get(json_object_get(request, "pin"), "digits")));
    }
    json_decref(content);
    return result_of(is_ok);
}

/* The key signing request: our public key, a proof that we have its private key, and the PIN. */
static json_t *signing_request(const char *folder, const char *mailbox_id, const char *pin)
{
    json_t *request = json_object();

    if (request == NULL || !ask_add_key_and_proof(request, folder, LABEL_SIGNING, mailbox_id)) {
        json_decref(request);
        return NULL;
    }
    return json_pack("{s:o, s:s}", tigress_request_name(TIGRESS_REQUEST_KEY_SIGNING), request,
                     "pin", pin);
}

static enum result answer(const char *folder, char **argv)
{
    char typed[TIGRESS_PIN_TYPED_MAX] = "", pin[TIGRESS_PIN_TEXT_MAX] = "";
    struct wallet w = { 0 };
    json_t *content = NULL;
    bool is_ok = false;

    (void)argv;
    if (fgets(typed, (int)sizeof(typed), stdin) == NULL ||
        tigress_pin_normalise(typed, pin, sizeof(pin)) != TIGRESS_OK) {
        (void)fprintf(stderr, "expected a PIN of 6 to 12 digits\n");
    } else if (wallet_resume(&w, folder)) {
        content = signing_request(folder, tigress_session_mailbox_id(w.session), pin);
        is_ok = content != NULL && wallet_answer(&w, CARKEY_FORMAT, content);
    }
    explicit_bzero(typed, sizeof(typed));
    explicit_bzero(pin, sizeof(pin));
    wallet_close(&w);
    return result_of(is_ok);
}

/* Whether it is what was offered, for this phone's key, and signed by the owner who offered it. */
static bool check_import(const char *folder, const json_t *content)
{
    static const char *const same[] = { "vehicle", "entitlements", "notBefore", "notAfter" };
    char public_key[PUBLIC_KEY_MAX];
    const char *text = text_of(content, "attested");
    json_t *request = file_read_json(folder, REQUEST_FILE), *attested = parse_text(text);
    EVP_PKEY *key = key_open(folder);
    bool is_right = request != NULL && attested != NULL && key != NULL &&
                    key_public(key, public_key) &&
                    key_verify(text_of(request, "ownerPublicKey"), LABEL_ATTESTED, text,
                               text_of(content, "signature")) &&
                    strcmp(text_of(attested, "publicKey"), public_key) == 0;

    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        is_right = is_right && json_equal(json_object_get(request, same[i]),
                                          json_object_get(attested, same[i]));
    }
    json_decref(request);
    json_decref(attested);
    EVP_PKEY_free(key);
    return is_right;
}

static enum result import(const char *folder, char **argv)
{
    struct wallet w = { 0 };
    json_t *content = wallet_resume(&w, folder) ? wallet_message(&w) : NULL;
    const json_t *key = wallet_request_of(content, TIGRESS_REQUEST_KEY_IMPORT);
    bool is_ok = false;

    (void)argv;
    if (json_object_get(content, "triesLeft") != NULL) {
        (void)fprintf(stderr, "the PIN was wrong, tries left: %d\n",
                      (int)json_integer_value(json_object_get(content, "triesLeft")));
    } else if (content != NULL && (key == NULL || !check_import(folder, key))) {
        (void)fprintf(stderr, "this is not the key that was offered\n");
    } else if (content != NULL) {
        /* Save the key before the mailbox is deleted: a crash in between must not lose the key. */
        is_ok = file_write_json(folder, KEY_FILE_NAME, key) && wallet_finish(&w);
    }
    if (is_ok) {
        (void)printf("key: %s\n", text_of(key, "attested"));
    }
    json_decref(content);
    wallet_close(&w);
    return result_of(is_ok);
}

static enum result decline(const char *folder, char **argv)
{
    bool is_ok = wallet_run_cancel(folder);

    (void)argv;
    if (is_ok) {
        file_remove(folder, REQUEST_FILE);
        (void)puts("declined");
    }
    return result_of(is_ok);
}

static enum result use(const char *folder, char **argv)
{
    json_t *key = file_read_json(folder, KEY_FILE_NAME);
    bool is_ok = key != NULL && carkey_use(folder, argv[0], argv[1], key);

    if (key == NULL) {
        (void)fprintf(stderr, "this phone has no key\n");
    }
    json_decref(key);
    return result_of(is_ok);
}

static const struct command commands[] = {
    { "accept", 2, accept_url }, { "answer", 0, answer }, { "import", 0, import },
    { "decline", 0, decline },   { "use", 2, use },
};

int main(int argc, char **argv)
{
    return command_run(commands, sizeof(commands) / sizeof(commands[0]), argc, argv);
}
