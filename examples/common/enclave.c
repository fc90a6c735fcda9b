/* SPDX-License-Identifier: Apache-2.0 */
#include "common/enclave.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/files.h"

#define KEY_NAME "key.pem" /* the tag or alias of a real key store */

bool enclave_ask(struct wallet *w, const char *label, const char *text)
{
    unsigned char point[KEY_POINT_LEN];
    struct tigress_key_task task = { .use = TIGRESS_KEY_SIGN, .key = KEY_NAME };
    unsigned char *bytes = key_labelled(label, text, &task.data_len);
    EVP_PKEY *key = key_open(w->folder);
    enum tigress_error error = TIGRESS_E_NOMEM;

    if (bytes != NULL && key != NULL && key_point(key, point)) {
        task.public_key = point;
        task.data = bytes;
        error = tigress_session_ask_key(w->session, &task);
    }
    EVP_PKEY_free(key);
    free(bytes);
    return error == TIGRESS_OK ? wallet_keep(w) : wallet_complain(w, error);
}

bool enclave_is_asked(const struct wallet *w)
{
    return tigress_session_key_outcome(w->session) == TIGRESS_KEY_ASKED;
}

/* What the platform does, with the user. */
static enum tigress_error use_key(struct wallet *w, const struct tigress_key_task *task)
{
    unsigned char signature[TIGRESS_KEY_SIGNATURE_MAX];
    size_t len = sizeof(signature);
    EVP_PKEY *key = NULL;
    enum tigress_error error = TIGRESS_E_ARGUMENT;

    if (file_exists(w->folder, "locked")) {
        (void)fprintf(stderr, "the phone is locked: unlock it, then sign again\n");
        return tigress_session_refuse_key(w->session, TIGRESS_KEY_LOCKED);
    }
    if (file_exists(w->folder, "refuses")) {
        (void)fprintf(stderr, "the user did not agree to sign\n");
        return tigress_session_refuse_key(w->session, TIGRESS_KEY_BY_USER);
    }
    key = key_open(w->folder);
    if (key != NULL && key_sign_bytes(key, task->data, task->data_len, signature, &len)) {
        error = tigress_session_set_key_answer(w->session, signature, len);
    }
    EVP_PKEY_free(key);
    return error;
}

bool enclave_sign(struct wallet *w, char **text, char signature[SIGNATURE_MAX])
{
    struct tigress_key_task task = { .key = NULL };
    unsigned char der[TIGRESS_KEY_SIGNATURE_MAX];
    size_t len = 0;
    enum tigress_error error = tigress_session_key_task(w->session, &task);

    if (error == TIGRESS_OK) {
        error = use_key(w, &task);
    }
    if (error != TIGRESS_OK) {
        return wallet_complain(w, error);
    }
    if (!wallet_keep(w) || tigress_session_key_outcome(w->session) != TIGRESS_KEY_ANSWERED) {
        return false; /* reported */
    }
    error = tigress_session_key_answer(w->session, TIGRESS_SIGNATURE_DER, der, sizeof(der), &len);
    if (error == TIGRESS_OK) {
        error = tigress_session_key_task(w->session, &task);
    }
    if (error != TIGRESS_OK || !key_text_of(task.data, task.data_len, text)) {
        return wallet_complain(w, error);
    }
    return key_to_base64(signature, SIGNATURE_MAX, der, len);
}
