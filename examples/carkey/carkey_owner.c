/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's phone, wallet and provisioning entity at once: carkey_owner FOLDER COMMAND ...
 *   pair CAR-SOCKET CODE                          makes this phone the car's owner key
 *   share RELAY ENTITLEMENTS NOT-BEFORE NOT-AFTER APNS-TOKEN PLATFORM-SOCKET
 *                                                 sends a key creation request with a notification
 *                                                 token and a device attestation; prints the
 *                                                 invitation, and the PIN to tell by voice
 *   sign                                          receives the key signing request: checks the
 *                                                 PIN, lets the owner's key sign, sends the key
 *                                                 import request; again, if the key was locked
 *   wait                                          waits until the friend's phone has the key
 *   use CAR-SOCKET ACTION                         unlock, start, drive
 *   revoke CAR-SOCKET KEY-ID                      the car refuses this key from now on
 * ENTITLEMENTS is a list such as "unlock,start"; times are UTC seconds. An empty PLATFORM-SOCKET is
 * a phone that cannot attest.
 * Exit code: 0 done, 1 refused or failed, 2 usage, 3 the PIN was wrong too often: withdrawn.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carkey/carkey.h"
#include "common/ask.h"
#include "common/command.h"
#include "common/enclave.h"
#include "common/wallet.h"

#define VEHICLE_FILE "vehicle.json" /* {"vehicle": ...} */
#define OFFER_FILE "offer.json"     /* the offer, until it is signed */
#define PIN_FILE "pin"              /* checker and tries left: as secret as the session */

static bool prove(void *ctx, const char *nonce, json_t *request)
{
    const char *const *folder = ctx;

    return ask_add_key_and_proof(request, *folder, LABEL_PAIRING, nonce);
}

static enum result pair(const char *folder, char **argv)
{
    json_t *answer = ask_granted(argv[0], json_pack("{s:s, s:s}", "op", "pair", "code", argv[1]),
                                 prove, &folder);
    bool is_ok = answer != NULL && file_write_json(folder, VEHICLE_FILE, answer);

    json_decref(answer);
    return result_of(is_ok);
}

/* ---- the PIN -------------------------------------------------------------------------------- */

static bool keep_pin(const char *folder, struct tigress_pin *pin)
{
    unsigned char *data = NULL;
    size_t len = 0;
    bool is_kept =
        tigress_pin_save(pin, &data, &len) == TIGRESS_OK && file_write(folder, PIN_FILE, data, len);

    tigress_free(data, len);
    return is_kept;
}

static struct tigress_pin *load_pin(const char *folder)
{
    struct tigress_pin *pin = NULL;
    unsigned char *data = NULL;
    size_t len = 0;

    if (!file_read(folder, PIN_FILE, &data, &len) ||
        tigress_pin_resume(&pin, data, len, NULL, 0) != TIGRESS_OK) {
        (void)fprintf(stderr, "the saved state of the PIN is missing or damaged\n");
        pin = NULL;
    }
    free(data);
    return pin;
}

/* Makes and saves a PIN; shown is its form for the owner. It must not occur in the message. */
static bool make_pin(const char *folder, const json_t *message, char shown[TIGRESS_PIN_SHOWN_MAX])
{
    char digits[TIGRESS_PIN_TEXT_MAX] = "";
    char *text = json_dumps(message, JSON_COMPACT);
    struct tigress_pin *pin = NULL;
    bool is_ok =
        text != NULL && tigress_pin_generate(digits, sizeof(digits), 0, NULL, NULL) == TIGRESS_OK &&
        tigress_pin_show(digits, shown, TIGRESS_PIN_SHOWN_MAX) == TIGRESS_OK &&
        tigress_pin_new(&pin, digits, 0, NULL, NULL) == TIGRESS_OK &&
        tigress_pin_check_text(pin, text, strlen(text)) == TIGRESS_OK && keep_pin(folder, pin);

    if (!is_ok) {
        (void)fprintf(stderr, "cannot make a PIN; nothing was sent\n");
    }
    explicit_bzero(digits, sizeof(digits));
    tigress_pin_free(&pin);
    free(text);
    return is_ok;
}

/* One try, counted on disk before the verdict is known. */
static enum tigress_pin_verdict judge_pin(const char *folder, struct tigress_pin *pin,
                                          const char *typed)
{
    enum tigress_pin_verdict verdict = TIGRESS_PIN_WRONG;

    if (tigress_pin_begin_try(pin, typed) != TIGRESS_OK || !keep_pin(folder, pin) ||
        tigress_pin_end_try(pin, &verdict) != TIGRESS_OK) {
        return tigress_pin_is_dead(pin) ? TIGRESS_PIN_DEAD : TIGRESS_PIN_WRONG;
    }
    if (verdict == TIGRESS_PIN_RIGHT && !keep_pin(folder, pin)) {
        verdict = TIGRESS_PIN_WRONG;
    }
    return verdict;
}

/* ---- sharing -------------------------------------------------------------------------------- */

static json_t *split(const char *list)
{
    json_t *array = json_array();

    while (*list != '\0') {
        size_t len = strcspn(list, ",");

        (void)json_array_append_new(array, json_stringn(list, len));
        list += len + (list[len] == ',');
    }
    return array;
}

/* The offer. With the owner's key it is the key creation request. */
static json_t *make_offer(const char *folder, char **argv)
{
    json_t *vehicle = file_read_json(folder, VEHICLE_FILE);
    json_t *offer = NULL;

    if (vehicle != NULL) {
        offer = json_pack("{s:s, s:o, s:I, s:I}", "vehicle", text_of(vehicle, "vehicle"),
                          "entitlements", split(argv[1]), "notBefore",
                          (json_int_t)strtoll(argv[2], NULL, 10), "notAfter",
                          (json_int_t)strtoll(argv[3], NULL, 10));
    } else {
        (void)fprintf(stderr, "this phone is not paired with a car\n");
    }
    json_decref(vehicle);
    return offer;
}

static json_t *creation_request(const char *folder, const json_t *offer)
{
    char public_key[PUBLIC_KEY_MAX];
    EVP_PKEY *key = key_open(folder);
    json_t *request = NULL;

    if (key != NULL && key_public(key, public_key)) {
        request = json_pack("{s:s, s:{s:i}}", "ownerPublicKey", public_key, "pin", "digits",
                            (int)TIGRESS_PIN_DIGITS_DEFAULT);
        (void)json_object_update(request, (json_t *)(uintptr_t)offer);
    }
    EVP_PKEY_free(key);
    return json_pack("{s:s, s:{s:o}}", "format", CARKEY_FORMAT, "content",
                     tigress_request_name(TIGRESS_REQUEST_KEY_CREATION), request);
}

static enum result share(const char *folder, char **argv)
{
    char pin[TIGRESS_PIN_SHOWN_MAX] = "";
    json_t *offer = make_offer(folder, argv);
    json_t *message = offer != NULL ? creation_request(folder, offer) : NULL;
    const struct wallet_offer what = {
        .relay = argv[0],
        .vertical = TIGRESS_VERTICAL_CAR,
        .title = "Car key",
        .description = "You are invited to add a car key to your phone.",
        .rights = "RWD",
        .message = message,
        .apns_token = argv[4],
        .platform = argv[5][0] != '\0' ? argv[5] : NULL,
    };
    bool is_ok = message != NULL && file_write_json(folder, OFFER_FILE, offer) &&
                 make_pin(folder, message, pin) && wallet_run_share(folder, &what);

    if (is_ok) {
        (void)printf("PIN %s\n", pin);
    }
    explicit_bzero(pin, sizeof(pin));
    json_decref(message);
    json_decref(offer);
    return result_of(is_ok);
}

/* ---- signing -------------------------------------------------------------------------------- */

/* The offer and the friend's public key: what the owner's key signs. For free(). */
static char *make_attested(const char *folder, const char *public_key)
{
    char id[HEX_MAX];
    json_t *attested = file_read_json(folder, OFFER_FILE);
    char *text = NULL;

    if (attested != NULL && random_hex(id)) {
        (void)json_object_set_new(attested, "keyId", json_string(id));
        (void)json_object_set_new(attested, "publicKey", json_string(public_key));
        text = json_dumps(attested, JSON_COMPACT | JSON_SORT_KEYS);
    }
    json_decref(attested);
    return text;
}

/* The owner's key was asked, in this process or an earlier one. */
static bool send_import(struct wallet *w, const char *folder)
{
    char signature[SIGNATURE_MAX] = "";
    char *text = NULL;
    bool is_sent =
        enclave_sign(w, &text, signature) &&
        wallet_answer(w, CARKEY_FORMAT,
                      json_pack("{s:{s:s, s:s}}", tigress_request_name(TIGRESS_REQUEST_KEY_IMPORT),
                                "attested", text, "signature", signature));

    free(text);
    if (is_sent) {
        file_remove(folder, OFFER_FILE); /* it is signed only once */
        file_remove(folder, PIN_FILE);
        (void)puts("signed");
    }
    return is_sent;
}

static bool sign_key(struct wallet *w, const char *folder, const char *public_key)
{
    char *text = make_attested(folder, public_key);
    bool is_asked = text != NULL && enclave_ask(w, LABEL_ATTESTED, text);

    free(text);
    return is_asked && send_import(w, folder);
}

/* Answers a key signing request. */
static enum result answer_request(struct wallet *w, const char *folder, struct tigress_pin *pin,
                                  const json_t *content)
{
    const json_t *request = wallet_request_of(content, TIGRESS_REQUEST_KEY_SIGNING);
    const char *public_key = text_of(request, "publicKey");
    enum tigress_pin_verdict verdict = TIGRESS_PIN_RIGHT;

    if (request == NULL ||
        !key_verify(public_key, LABEL_SIGNING, tigress_session_mailbox_id(w->session),
                    text_of(request, "proof"))) {
        (void)fprintf(stderr, "this is not a valid key signing request\n");
        return REFUSED;
    }
    if (!tigress_pin_is_passed(pin)) {
        verdict = judge_pin(folder, pin, text_of(content, "pin"));
    }
    if (verdict == TIGRESS_PIN_RIGHT) {
        return result_of(sign_key(w, folder, public_key));
    }
    if (verdict == TIGRESS_PIN_DEAD) {
        (void)fprintf(stderr, "the PIN was wrong too often: the transfer is withdrawn\n");
        return wallet_cancel(w) ? WITHDRAWN : REFUSED;
    }
    (void)fprintf(stderr, "the PIN is wrong, tries left: %u\n", tigress_pin_tries_left(pin));
    (void)wallet_answer(w, CARKEY_FORMAT,
                        json_pack("{s:i}", "triesLeft", (int)tigress_pin_tries_left(pin)));
    return REFUSED;
}

static enum result sign(const char *folder, char **argv)
{
    struct wallet w = { 0 };
    struct tigress_pin *pin = load_pin(folder);
    bool is_resumed = pin != NULL && wallet_resume(&w, folder);
    json_t *content = NULL;
    enum result result = REFUSED;

    (void)argv;
    if (is_resumed && enclave_is_asked(&w)) {
        result = result_of(send_import(&w, folder));
    } else if (is_resumed && (content = wallet_message(&w)) != NULL) {
        result = answer_request(&w, folder, pin, content);
    }
    json_decref(content);
    tigress_pin_free(&pin);
    wallet_close(&w);
    return result;
}

static enum result wait_imported(const char *folder, char **argv)
{
    bool is_ok = wallet_run_wait(folder);

    (void)argv;
    if (is_ok) {
        (void)puts("imported");
    }
    return result_of(is_ok);
}

static enum result use(const char *folder, char **argv)
{
    return result_of(carkey_use(folder, argv[0], argv[1], NULL));
}

static enum result revoke(const char *folder, char **argv)
{
    return result_of(carkey_revoke(folder, argv[0], argv[1]));
}

static const struct command commands[] = {
    { "pair", 2, pair }, { "share", 6, share },        { "sign", 0, sign },
    { "use", 2, use },   { "wait", 0, wait_imported }, { "revoke", 2, revoke },
};

int main(int argc, char **argv)
{
    return command_run(commands, sizeof(commands) / sizeof(commands[0]), argc, argv);
}
