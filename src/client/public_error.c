/* SPDX-License-Identifier: Apache-2.0 */
#include "client/public_error.h"

#include "base/bytes.h"

static const struct {
    enum tg_err err;
    enum tigress_error error;
} public_errors[] = {
    { TG_OK, TIGRESS_OK },           { TG_E_SYNTAX, TIGRESS_E_ARGUMENT },
    { TG_E_LIMIT, TIGRESS_E_LIMIT }, { TG_E_UNSUPPORTED, TIGRESS_E_UNSUPPORTED },
    { TG_E_NOMEM, TIGRESS_E_NOMEM }, { TG_E_CRYPTO, TIGRESS_E_RANDOM },
};

/* Of opening an envelope. */
static const struct {
    enum tg_err err;
    enum tigress_error error;
} open_errors[] = {
    { TG_E_UNSUPPORTED, TIGRESS_E_ALGORITHM },
    { TG_E_SYNTAX, TIGRESS_E_DAMAGED },
    { TG_E_LIMIT, TIGRESS_E_OVERSIZE },
    { TG_E_CRYPTO, TIGRESS_E_DECRYPT },
};

enum tigress_error tg_public_open_error(enum tg_err err)
{
    for (size_t i = 0; i < TG_COUNT(open_errors); i++) {
        if (open_errors[i].err == err) {
            return open_errors[i].error;
        }
    }
    return tg_public_error(err);
}

enum tigress_error tg_public_error(enum tg_err err)
{
    for (size_t i = 0; i < TG_COUNT(public_errors); i++) {
        if (public_errors[i].err == err) {
            return public_errors[i].error;
        }
    }
    return TIGRESS_E_BUG;
}
