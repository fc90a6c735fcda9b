/* SPDX-License-Identifier: Apache-2.0 */
/* The backends as they are. */
#include "contract/contract_support.h"

static enum tg_err mem_open(struct tg_store **out, const char *dir,
                            const struct tg_store_limits *limits)
{
    (void)dir;
    return tg_store_mem_open(out, limits);
}

static enum tg_err lmdb_open(struct tg_store **out, const char *dir,
                             const struct tg_store_limits *limits)
{
    struct tg_fault fault = { "" };
    enum tg_err err = tg_store_lmdb_open(out, dir, limits, NULL, &fault);

    if (err != TG_OK) {
        print_error("%s\n", fault.text);
    }
    return err;
}

const struct backend backends[] = {
    { .name = "memory", .open = mem_open, .is_immediate = true },
    { .name = "lmdb", .open = lmdb_open },
};
const size_t backend_count = TG_COUNT(backends);
const bool is_wrapped = false;
