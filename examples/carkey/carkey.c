/* SPDX-License-Identifier: Apache-2.0 */
#include "carkey/carkey.h"

#include <stdio.h>

#include "common/ask.h"

bool carkey_action_text(char out[ACTION_TEXT_MAX], const char *nonce, const char *action)
{
    int len = snprintf(out, ACTION_TEXT_MAX, "%s %s", nonce, action);

    return len > 0 && (size_t)len < ACTION_TEXT_MAX && nonce[0] != '\0';
}

struct request {
    const char *folder, *label, *action;
    const json_t *key; /* NULL: as the owner */
};

static bool prove(void *ctx, const char *nonce, json_t *request)
{
    const struct request *r = ctx;
    char text[ACTION_TEXT_MAX];

    return carkey_action_text(text, nonce, r->action) &&
           (r->key == NULL || json_object_set_new(request, "key", json_deep_copy(r->key)) == 0) &&
           ask_add_proof(request, r->folder, r->label, text);
}

static bool ask_car(const char *socket, json_t *content, struct request *request)
{
    json_t *answer = ask_granted(socket, content, prove, request);
    bool is_ok = answer != NULL;

    if (is_ok) {
        (void)printf("%s\n", text_of(answer, "did"));
    }
    json_decref(answer);
    return is_ok;
}

bool carkey_use(const char *folder, const char *socket, const char *action, const json_t *key)
{
    struct request request = { folder, LABEL_ACTION, action, key };

    return ask_car(socket, json_pack("{s:s, s:s}", "op", "do", "action", action), &request);
}

bool carkey_revoke(const char *folder, const char *socket, const char *key_id)
{
    struct request request = { folder, LABEL_REVOKE, key_id, NULL };

    return ask_car(socket, json_pack("{s:s, s:s}", "op", "revoke", "keyId", key_id), &request);
}
