/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the allocations of OpenSSL count for fail_at. The test wraps malloc. */
#ifndef TESTS_SUPPORT_C_FAIL_OPENSSL_H
#define TESTS_SUPPORT_C_FAIL_OPENSSL_H

#include "support/c/fail_at.h"

#include <openssl/crypto.h>
#include <stdlib.h>

/* The call goes to the wrapper of malloc, which counts it. */
static inline void *fail_openssl_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return malloc(size);
}

static inline void *fail_openssl_realloc(void *ptr, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return is_failing() ? NULL : realloc(ptr, size);
}

static inline void fail_openssl_free(void *ptr, const char *file, int line)
{
    (void)file;
    (void)line;
    free(ptr);
}

/* To be called before the first allocation of OpenSSL, which refuses it later: false. */
static inline bool fail_openssl_memory(void)
{
    return CRYPTO_set_mem_functions(fail_openssl_malloc, fail_openssl_realloc, fail_openssl_free) ==
           1;
}

#endif
