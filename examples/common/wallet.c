/* SPDX-License-Identifier: Apache-2.0 */
#include "common/wallet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <tigress/transport_curl.h>
#include <time.h>
#include <unistd.h>

#include "common/files.h"
#include "common/link.h"

#define SESSION_FILE "session"
#define APNS_TYPE "com.apple.apns"

static int keep(void *ctx, struct tigress_session *s)
{
    const struct wallet *w = ctx;
    unsigned char *data = NULL;
    size_t len = 0;
    bool is_kept = tigress_session_save(s, &data, &len) == TIGRESS_OK &&
                   file_write(w->folder, SESSION_FILE, data, len);

    tigress_free(data, len);
    return is_kept ? 0 : 1;
}

bool wallet_keep(struct wallet *w)
{
    return keep(w, w->session) == 0;
}

bool wallet_complain(const struct wallet *w, enum tigress_error error)
{
    const char *text = w->session != NULL ? tigress_session_error_text(w->session) : "";

    (void)fprintf(stderr, "%s: %s\n", tigress_error_name(error),
                  text[0] != '\0' ? text : tigress_error_text(error));
    return false;
}

static bool begin(struct wallet *w, const char *folder)
{
    enum tigress_error error = tigress_transport_new(&w->transport, w->session);

    w->folder = folder;
    if (error == TIGRESS_OK) {
        error = tigress_transport_set_ca_file(w->transport, getenv("TIGRESS_CACERT"));
    }
    if (error == TIGRESS_OK) {
        error = tigress_transport_set_save(w->transport, keep, w);
    }
    if (error == TIGRESS_OK) {
        error = tigress_session_set_tries(w->session, 3);
    }
    return error == TIGRESS_OK || wallet_complain(w, error);
}

/* Runs until the session needs input or has ended. false: it failed, or took too long. */
static bool run(struct wallet *w)
{
    enum tigress_want want =
        tigress_transport_run(w->transport, (int64_t)time(NULL) + RECEIVE_WAIT_S);

    if (want == TIGRESS_FAILED) {
        return wallet_complain(w, tigress_session_error(w->session));
    }
    if (want != TIGRESS_WANT_INPUT && want != TIGRESS_DONE) {
        (void)fprintf(stderr, "no message arrived in time\n");
        return false;
    }
    return wallet_keep(w);
}

/* What the platform of a phone does: it is asked over a socket. */
static bool attest(struct wallet *w, const char *platform)
{
    unsigned char challenge[TIGRESS_ATTESTATION_CHALLENGE_LEN];
    enum tigress_error error = tigress_session_attestation_challenge(w->session, challenge);
    char *hex = OPENSSL_buf2hexstr(challenge, sizeof(challenge));
    int fd = error == TIGRESS_OK && hex != NULL ? link_open(platform) : -1;
    json_t *answer = NULL;
    unsigned char *object = NULL;
    long len = 0;

    if (fd >= 0) {
        answer = link_call(fd, json_pack("{s:s, s:s}", "op", "attest", "challenge", hex));
        (void)close(fd);
    }
    object = OPENSSL_hexstr2buf(text_of(answer, "object"), &len);
    error = object != NULL ? tigress_session_set_attestation(w->session, object, (size_t)len)
                           : TIGRESS_E_STANDING;
    OPENSSL_free(object);
    OPENSSL_free(hex);
    json_decref(answer);
    return error == TIGRESS_OK || wallet_complain(w, error);
}

/* Notifications and attestation, as this phone has them. */
static bool set_phone(struct wallet *w, const struct wallet_offer *offer)
{
    enum tigress_error error = TIGRESS_OK;

    if (offer->apns_token != NULL) {
        error = tigress_session_set_notification_token(w->session, APNS_TYPE, offer->apns_token);
    }
    if (error == TIGRESS_OK && offer->platform != NULL) {
        error = tigress_session_want_attestation(w->session, TIGRESS_ATTEST_CREATE);
    }
    return error == TIGRESS_OK || wallet_complain(w, error);
}

bool wallet_share(struct wallet *w, const char *folder, const struct wallet_offer *offer,
                  char url[TIGRESS_SHARE_URL_MAX])
{
    char why[TIGRESS_TEXT_MAX] = "";
    char *text = json_dumps(offer->message, JSON_COMPACT);
    enum tigress_error error = text == NULL ? TIGRESS_E_NOMEM
                                            : tigress_initiator_new(&w->session, offer->relay, text,
                                                                    strlen(text), why, sizeof(why));

    free(text);
    if (error != TIGRESS_OK) {
        (void)fprintf(stderr, "%s\n", why);
        return wallet_complain(w, error);
    }
    if ((error = tigress_session_set_display(w->session, offer->title, offer->description, "")) ||
        (error = tigress_session_set_vertical(w->session, offer->vertical)) ||
        (error = tigress_session_set_rights(w->session, offer->rights)) ||
        (error = tigress_session_set_expiration(w->session, offer->expires_at_s))) {
        return wallet_complain(w, error);
    }
    if (!begin(w, folder) || !set_phone(w, offer)) {
        return false;
    }
    error = tigress_session_confirm_intent_by(w->session, TIGRESS_USER_PRESENT, time(NULL));
    if (error != TIGRESS_OK) {
        return wallet_complain(w, error);
    }
    if (!run(w)) {
        return false;
    }
    if (tigress_session_input(w->session) == TIGRESS_INPUT_ATTESTATION &&
        (!attest(w, offer->platform) || !run(w))) {
        return false;
    }
    error = tigress_session_share_url(w->session, TIGRESS_FORM_HTTPS, url, TIGRESS_SHARE_URL_MAX);
    return error == TIGRESS_OK || wallet_complain(w, error);
}

/* relays is "HOST:PORT,..."; an entry that is not a relay, such as "", is an error. */
static bool allow_relays(struct wallet *w, const char *relays)
{
    enum tigress_error error = TIGRESS_OK;
    bool is_last = false;

    while (error == TIGRESS_OK && !is_last) {
        size_t len = strcspn(relays, ",");
        char *host = strndup(relays, len);

        error = host != NULL ? tigress_session_allow_relay(w->session, host) : TIGRESS_E_NOMEM;
        free(host);
        is_last = relays[len] == '\0';
        relays += len + !is_last;
    }
    return error == TIGRESS_OK || wallet_complain(w, error);
}

bool wallet_accept(struct wallet *w, const char *folder, const char *url, const char *relays)
{
    char why[TIGRESS_TEXT_MAX] = "";
    enum tigress_error error = tigress_recipient_new(&w->session, url, NULL, why, sizeof(why));

    if (error != TIGRESS_OK) {
        (void)fprintf(stderr, "%s\n", why);
        return wallet_complain(w, error);
    }
    return begin(w, folder) && (relays == NULL || allow_relays(w, relays)) && run(w);
}

bool wallet_resume(struct wallet *w, const char *folder)
{
    char why[TIGRESS_TEXT_MAX] = "";
    unsigned char *data = NULL;
    size_t len = 0;
    enum tigress_error error;

    if (!file_read(folder, SESSION_FILE, &data, &len)) {
        (void)fprintf(stderr, "this folder has no active transfer\n");
        return false;
    }
    error = tigress_session_resume(&w->session, data, len, why, sizeof(why));
    explicit_bzero(data, len);
    free(data);
    if (error != TIGRESS_OK) {
        (void)fprintf(stderr, "%s\n", why);
        return wallet_complain(w, error);
    }
    return begin(w, folder) && run(w);
}

json_t *wallet_message(struct wallet *w)
{
    json_t *message = NULL, *content = NULL;
    enum tigress_error error;

    if (tigress_session_input(w->session) != TIGRESS_INPUT_MESSAGE) {
        error = tigress_session_wait(w->session);
        if (error != TIGRESS_OK) {
            (void)wallet_complain(w, error);
            return NULL;
        }
        if (!run(w) || tigress_session_input(w->session) != TIGRESS_INPUT_MESSAGE) {
            return NULL;
        }
    }
    message = parse_text(tigress_session_message(w->session, NULL));
    content = json_incref(json_object_get(message, "content"));
    json_decref(message);
    return content;
}

const json_t *wallet_request_of(const json_t *content, enum tigress_request kind)
{
    return json_object_get(content, tigress_request_name(kind));
}

bool wallet_answer(struct wallet *w, const char *format, json_t *content)
{
    json_t *message = json_pack("{s:s, s:o}", "format", format, "content", content);
    char *text = message != NULL ? json_dumps(message, JSON_COMPACT) : NULL;
    enum tigress_error error =
        text != NULL ? tigress_session_send(w->session, text, strlen(text)) : TIGRESS_E_NOMEM;

    free(text);
    json_decref(message);
    return error == TIGRESS_OK ? run(w) : wallet_complain(w, error);
}

/* A step that ends the transfer. */
static bool end(struct wallet *w, enum tigress_error (*act)(struct tigress_session *s))
{
    enum tigress_error error = act(w->session);

    if (error != TIGRESS_OK) {
        return wallet_complain(w, error);
    }
    if (!run(w)) {
        return false;
    }
    file_remove(w->folder, SESSION_FILE);
    return true;
}

bool wallet_finish(struct wallet *w)
{
    return end(w, tigress_session_finish);
}

bool wallet_cancel(struct wallet *w)
{
    return end(w, tigress_session_cancel);
}

bool wallet_wait_completed(struct wallet *w)
{
    enum tigress_want want = TIGRESS_FAILED;
    enum tigress_error error = tigress_session_wait(w->session);
    const char *text = NULL;

    if (error == TIGRESS_OK) {
        want = tigress_transport_run(w->transport, (int64_t)time(NULL) + RECEIVE_WAIT_S);
        error = tigress_session_error(w->session);
    }
    /* By whose word: the other device, or only a holder of the link. */
    text = tigress_end_text(tigress_session_end(w->session), tigress_session_end_proof(w->session));
    if (want != TIGRESS_DONE && text[0] == '\0') {
        return wallet_complain(w, error);
    }
    (void)fprintf(want == TIGRESS_DONE ? stdout : stderr, "%s\n", text);
    file_remove(w->folder, SESSION_FILE);
    return want == TIGRESS_DONE;
}

void wallet_close(struct wallet *w)
{
    tigress_transport_free(&w->transport);
    tigress_session_free(&w->session);
}

bool wallet_run_share(const char *folder, const struct wallet_offer *offer)
{
    char url[TIGRESS_SHARE_URL_MAX] = "";
    struct wallet w = { 0 };
    bool is_ok = wallet_share(&w, folder, offer, url);

    if (is_ok) {
        (void)printf("%s\n", url);
    }
    explicit_bzero(url, sizeof(url));
    wallet_close(&w);
    return is_ok;
}

json_t *wallet_run_accept(const char *folder, const char *url, const char *relays)
{
    struct wallet w = { 0 };
    json_t *content = wallet_accept(&w, folder, url, relays) ? wallet_message(&w) : NULL;

    wallet_close(&w);
    return content;
}

bool wallet_run_finish(const char *folder)
{
    struct wallet w = { 0 };
    bool is_ok = wallet_resume(&w, folder) && wallet_finish(&w);

    wallet_close(&w);
    return is_ok;
}

bool wallet_run_cancel(const char *folder)
{
    struct wallet w = { 0 };
    bool is_ok = wallet_resume(&w, folder) && wallet_cancel(&w);

    wallet_close(&w);
    return is_ok;
}

bool wallet_run_wait(const char *folder)
{
    struct wallet w = { 0 };
    bool is_ok = wallet_resume(&w, folder) && wallet_wait_completed(&w);

    wallet_close(&w);
    return is_ok;
}
