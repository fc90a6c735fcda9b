/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/trouble.h"

#include <openssl/err.h>

#define QUEUE_MAX 64 /* OpenSSL keeps 16 */

bool tg_trouble_is(unsigned long code)
{
    int reason = ERR_GET_REASON(code);

    return reason == ERR_R_MALLOC_FAILURE || reason == ERR_R_INTERNAL_ERROR ||
           reason == ERR_R_FETCH_FAILED || reason == ERR_R_INIT_FAIL || ERR_SYSTEM_ERROR(code);
}

bool tg_trouble_take(void)
{
    bool found = false;

    for (int i = 0; i < QUEUE_MAX; i++) {
        unsigned long code = ERR_get_error();

        if (code == 0) {
            break;
        }
        found = found || tg_trouble_is(code);
    }
    return found;
}
