/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

const char *tg_err_name(enum tg_err err)
{
    switch (err) {
    case TG_OK:
        return "OK";
    case TG_E_SYNTAX:
        return "E_SYNTAX";
    case TG_E_LIMIT:
        return "E_LIMIT";
    case TG_E_UNSUPPORTED:
        return "E_UNSUPPORTED";
    case TG_E_DENIED:
        return "E_DENIED";
    case TG_E_NOTFOUND:
        return "E_NOTFOUND";
    case TG_E_CONFLICT:
        return "E_CONFLICT";
    case TG_E_EXPIRED:
        return "E_EXPIRED";
    case TG_E_NOMEM:
        return "E_NOMEM";
    case TG_E_IO:
        return "E_IO";
    case TG_E_STORE:
        return "E_STORE";
    case TG_E_FULL:
        return "E_FULL";
    case TG_E_CRYPTO:
        return "E_CRYPTO";
    case TG_E_BUG:
        return "E_BUG";
    }
    return "E_UNKNOWN";
}
