/* SPDX-License-Identifier: Apache-2.0 */
#include "common/ask.h"

#include <unistd.h>

#include "common/keys.h"
#include "common/link.h"

json_t *ask_granted(const char *socket_path, json_t *request, ask_prove_fn *prove, void *ctx)
{
    char nonce[HEX_MAX] = "";
    int fd = request != NULL ? link_open(socket_path) : -1;
    bool is_ready =
        fd >= 0 && (prove == NULL || (link_challenge(fd, nonce) && prove(ctx, nonce, request)));
    json_t *answer = is_ready ? link_call(fd, json_incref(request)) : NULL;

    json_decref(request);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (answer != NULL && !link_is_ok(answer)) {
        json_decref(answer);
        answer = NULL;
    }
    return answer;
}

static bool add_signature(json_t *request, EVP_PKEY *key, const char *label, const char *text)
{
    char proof[SIGNATURE_MAX];

    return key_sign(key, label, text, proof) &&
           json_object_set_new(request, "proof", json_string(proof)) == 0;
}

bool ask_add_proof(json_t *request, const char *folder, const char *label, const char *text)
{
    EVP_PKEY *key = key_open(folder);
    bool is_ok = key != NULL && add_signature(request, key, label, text);

    EVP_PKEY_free(key);
    return is_ok;
}

bool ask_add_key_and_proof(json_t *request, const char *folder, const char *label, const char *text)
{
    char public_key[PUBLIC_KEY_MAX];
    EVP_PKEY *key = key_open(folder);
    bool is_ok = key != NULL && key_public(key, public_key) &&
                 json_object_set_new(request, "publicKey", json_string(public_key)) == 0 &&
                 add_signature(request, key, label, text);

    EVP_PKEY_free(key);
    return is_ok;
}
