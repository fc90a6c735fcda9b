/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/proxy.h - the credentials for the HTTP proxy through which the push process connects.
 * Layer: L2 (base).   Threads: the push process has one.   Blocks: load reads a file.
 * Secrets: the credentials; wiped by the owner.
 */
#ifndef TG_PUSH_PROXY_H
#define TG_PUSH_PROXY_H

#include "base/fault.h"
#include "push/settings.h"

#define TG_PUSH_PROXY_NAME_MAX 255u /* bytes of a user name, and of a password */

/* Both empty: the proxy wants none. */
struct tg_push_proxy {
    char user[TG_PUSH_PROXY_NAME_MAX + 1];
    char password[TG_PUSH_PROXY_NAME_MAX + 1];
};

/* Reads the file of proxy_credentials, if it is set: USER:PASSWORD in one line. On failure *out is
   all zero, and fault names the setting, what is wrong and what is expected. */
TG_NODISCARD enum tg_err tg_push_proxy_load(struct tg_push_proxy *out,
                                            const struct tg_push_settings *settings,
                                            struct tg_fault *fault);
void tg_push_proxy_wipe(struct tg_push_proxy *proxy);

#endif
