/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *cli_alloc(size_t size)
{
    return calloc(1, size == 0 ? 1 : size);
}

char *cli_copy(const void *bytes, size_t len)
{
    char *copy = len < SIZE_MAX ? cli_alloc(len + 1) : NULL;

    if (copy != NULL && len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

char *cli_strdup(const char *text)
{
    return text == NULL ? NULL : cli_copy(text, strlen(text));
}

void cli_free(void *block)
{
    if (block != NULL) {
        explicit_bzero(block, malloc_usable_size(block));
        free(block);
    }
}
