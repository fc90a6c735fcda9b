/* SPDX-License-Identifier: Apache-2.0 */
#include "push/proxy.h"

#include "base/mem.h"
#include "push/keyfile.h"

#include <string.h>

static bool is_name(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < ' ' || text.ptr[i] > '~') {
            return false;
        }
    }
    return text.len > 0 && text.len <= TG_PUSH_PROXY_NAME_MAX;
}

static enum tg_err parse(struct tg_push_proxy *out, struct tg_bytes text, struct tg_fault *fault)
{
    struct tg_bytes line = tg_bytes_first(text, tg_bytes_find(text, '\n'));
    size_t colon = 0;
    struct tg_bytes user = { NULL, 0 };
    struct tg_bytes password = { NULL, 0 };

    if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
        line.len--;
    }
    colon = tg_bytes_find(line, ':');
    user = tg_bytes_first(line, colon);
    password = tg_bytes_from(line, colon + 1);
    if (!is_name(user) || !is_name(password)) {
        tg_fault_set(fault,
                     "push-proxy-credentials: expected USER:PASSWORD in the first line, each of 1 "
                     "to %u printable ASCII characters",
                     TG_PUSH_PROXY_NAME_MAX);
        return TG_E_SYNTAX;
    }
    memcpy(out->user, user.ptr, user.len);
    memcpy(out->password, password.ptr, password.len);
    return TG_OK;
}

enum tg_err tg_push_proxy_load(struct tg_push_proxy *out, const struct tg_push_settings *settings,
                               struct tg_fault *fault)
{
    const char *path = settings->proxy_credentials;
    enum tg_err err = TG_OK;
    struct tg_buf file;

    memset(out, 0, sizeof(*out));
    if (path == NULL || path[0] == '\0') {
        return TG_OK;
    }
    tg_buf_init(&file, TG_PUSH_KEYFILE_MAX + 1);
    TG_TRY(tg_push_keyfile_read(&file, "push-proxy-credentials", path, fault));
    TG_TRY(parse(out, tg_buf_view(&file), fault));
out:
    tg_buf_deinit(&file);
    return err;
}

void tg_push_proxy_wipe(struct tg_push_proxy *proxy)
{
    tg_mem_wipe(proxy, sizeof(*proxy));
}
