/* SPDX-License-Identifier: Apache-2.0 */
#include <tigress/mem.h>

#include "base/mem.h"

_Static_assert(sizeof(struct tigress_mem) == sizeof(struct tg_mem_hooks) &&
                   offsetof(struct tigress_mem, free) == offsetof(struct tg_mem_hooks, free) &&
                   offsetof(struct tigress_mem, ctx) == offsetof(struct tg_mem_hooks, ctx),
               "one is a view of the other");

enum tigress_error tigress_set_mem(const struct tigress_mem *mem)
{
    struct tg_mem_hooks hooks = { NULL, NULL, NULL };

    if (mem != NULL) {
        if (mem->alloc == NULL || mem->free == NULL) {
            return TIGRESS_E_ARGUMENT;
        }
        hooks = (struct tg_mem_hooks){ mem->alloc, mem->free, mem->ctx };
    }
    return tg_mem_set_hooks(&hooks) ? TIGRESS_OK : TIGRESS_E_STATE;
}

const struct tigress_mem *tigress_mem_in_use(void)
{
    /* The same members, under the name of the other layer. */
    return tg_mem_hooks()->alloc == NULL ? NULL
                                         : (const struct tigress_mem *)(const void *)tg_mem_hooks();
}
