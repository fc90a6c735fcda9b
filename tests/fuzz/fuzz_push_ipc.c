/* SPDX-License-Identifier: Apache-2.0 */
/* A decoded message between relay and push process encodes to exactly the same bytes. */
#include "push/ipc.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tg_push_ipc msg;
    struct tg_buf out;

    if (tg_push_ipc_decode(&msg, tg_bytes(data, len)) != TG_OK) {
        return 0;
    }
    tg_buf_init(&out, TG_PUSH_IPC_MAX);
    if (tg_push_ipc_encode(&out, &msg) != TG_OK ||
        !tg_bytes_is_equal(tg_buf_view(&out), tg_bytes(data, len))) {
        abort();
    }
    tg_buf_deinit(&out);
    return 0;
}
