/* SPDX-License-Identifier: Apache-2.0 */
#include "carkey/carkey.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/link.h"

bool carkey_action_text(char out[ACTION_TEXT_MAX], const char *nonce, const char *action)
{
    int len = snprintf(out, ACTION_TEXT_MAX, "%s %s", nonce, action);

    return len > 0 && (size_t)len < ACTION_TEXT_MAX && nonce[0] != '\0';
}

bool carkey_is_entitled(const json_t *attested, const char *action)
{
    const json_t *one = NULL;
    size_t i = 0;

    json_array_foreach(json_object_get(attested, "entitlements"), i, one)
    {
        if (json_is_string(one) && strcmp(json_string_value(one), action) == 0) {
            return true;
        }
    }
    return false;
}

static json_t *request_for(int fd, EVP_PKEY *key, const char *action)
{
    char nonce[HEX_MAX], text[ACTION_TEXT_MAX], proof[SIGNATURE_MAX];

    if (!link_challenge(fd, nonce) || !carkey_action_text(text, nonce, action) ||
        !key_sign(key, LABEL_ACTION, text, proof)) {
        return NULL;
    }
    return json_pack("{s:s, s:s, s:s}", "op", "do", "action", action, "proof", proof);
}

bool carkey_use(const char *folder, const char *socket, const char *action, const json_t *key)
{
    EVP_PKEY *own = key_open(folder);
    int fd = link_open(socket);
    json_t *request = own != NULL && fd >= 0 ? request_for(fd, own, action) : NULL;
    json_t *answer = NULL;
    bool is_ok = false;

    if (request != NULL && key != NULL) {
        (void)json_object_set_new(request, "key", json_deep_copy(key));
    }
    if (request != NULL) {
        answer = link_call(fd, request);
        is_ok = answer != NULL && link_is_ok(answer);
    }
    if (is_ok) {
        (void)printf("%s\n", text_of(answer, "did"));
    }
    json_decref(answer);
    EVP_PKEY_free(own);
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_ok;
}
