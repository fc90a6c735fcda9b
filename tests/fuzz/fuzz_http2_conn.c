/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/fuzz_conn.h"
#include "server/http/http2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_conn(tg_http2_new, data, len);
}
