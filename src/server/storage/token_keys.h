/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/storage/token_keys.h - whether the keys of the token issuers may be used with this store.
 * Layer: L4 (base, privacypass, store).      Threads: start only.      Blocks: on the store.
 * Secrets: none.
 *
 * Each key of an issuer is a series in the store, with the key's id: its spent tokens are
 * remembered until the series is closed. A key in the file of issuers that is valid now or later
 * opens its series or moves its end. A key that has ended changes nothing, so the relay starts with
 * a file whose keys have ended in the meantime. A key whose series is closed is retired: a file
 * that makes it valid again is refused.
 */
#ifndef TG_SERVER_STORAGE_TOKEN_KEYS_H
#define TG_SERVER_STORAGE_TOKEN_KEYS_H

#include "base/fault.h"
#include "base/moment.h"
#include "privacypass/token.h"
#include "store/store.h"

/* issuers: NULL: nothing to do. TG_E_DENIED, TG_E_FULL: fault names the key and the reason, and
 *advice what to do. TG_E_STORE, TG_E_NOMEM */
TG_NODISCARD enum tg_err tg_token_keys_open(struct tg_store *store,
                                            const struct tg_private_token_issuers *issuers,
                                            const struct tg_moment *now, struct tg_fault *fault,
                                            const char **advice);
/* For --check-config: the same, without changing the store in dir, also while a relay uses it. A
   store that does not exist yet is no fault. */
TG_NODISCARD enum tg_err tg_token_keys_check(const char *dir,
                                             const struct tg_private_token_issuers *issuers,
                                             const struct tg_moment *now, struct tg_fault *fault,
                                             const char **advice);

#endif
