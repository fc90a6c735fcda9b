/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/own.h"

#include "base/mem.h"

#include <openssl/crypto.h>

static void *own_alloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size == 0 ? NULL : tg_mem_alloc(size);
}

static void *own_realloc(void *block, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (size == 0) {
        tg_mem_free_wiped(block);
        return NULL;
    }
    return tg_mem_realloc_wiped(block, size);
}

static void own_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    tg_mem_free_wiped(block);
}

/* spec: protocol/6#nothing-of-a-proof-kept */
enum tg_err tg_crypto_own_process(void)
{
    return CRYPTO_set_mem_functions(own_alloc, own_realloc, own_free) == 1 ? TG_OK : TG_E_BUG;
}
