/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/mem.h - the allocator that the libraries use
 *
 * For a wallet that keeps secrets in memory of its own, bounds what the library takes, or tests
 * what it does without memory. What the libraries allocate themselves goes through it: every
 * secret, message and handle, also in libtigress_curl and libtigress_direct. What the libraries
 * below them allocate does not. Those have hooks of their own, which belong to the process, so that
 * the application sets them: CRYPTO_set_mem_functions() of OpenSSL (contexts, no messages),
 * curl_global_init_mem() of libcurl (requests and answers on their way).
 *
 * Threads: set it before any other call; the functions of it from any thread that uses a library.
 * Blocks: no.
 * Secrets: blocks that hold some are wiped before they are passed to free.
 */
#ifndef TIGRESS_MEM_H
#define TIGRESS_MEM_H

#include <tigress/error.h>
#include <tigress/export.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Later versions do not change it. */
struct tigress_mem {
    /* size bytes, at least one, aligned for every type; need not be zero. NULL: none is left, which
       ends the call with TIGRESS_E_NOMEM. */
    void *(*alloc)(void *ctx, size_t size);
    /* ptr is from alloc, never NULL. */
    void (*free)(void *ctx, void *ptr);
    void *ctx; /* passed to both; must live as long as a block of theirs */
};

/*
 * Sets the allocator of the process.
 *   mem   copied. NULL: the one of the C library, as at the start.
 * TIGRESS_E_STATE      the library holds memory: free every handle and text before
 * TIGRESS_E_ARGUMENT   a function is missing
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error tigress_set_mem(const struct tigress_mem *mem);
/* The allocator in use; NULL: the one of the C library. Valid until tigress_set_mem(). */
TIGRESS_API const struct tigress_mem *tigress_mem_in_use(void);

#ifdef __cplusplus
}
#endif

#endif
