/* SPDX-License-Identifier: Apache-2.0 */
/* The backends as they are. */
#include "contract/contract_support.h"

#include "store/groups/groups.h"
#include "support/c/epoch_store.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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

/* Two embedded stores as groups: keys from 0x80 on were always in the first, the others may be in
   both, and are made in the second. */
static enum tg_err groups_open(struct tg_store **out, const char *dir,
                               const struct tg_store_limits *limits)
{
    static const char text[] = "group a u-a\ngroup b u-b\nmap 1 00-ff a\nmap 2 00-7f b 80-ff a\n"
                               "fixed a\n";
    static struct tg_group_map map;
    struct tg_store *groups[2] = { NULL };
    struct tg_fault fault = { "" };
    char path[2][256];

    assert_int_equal(tg_group_map_parse(&map, tg_bytes_str(text), &fault), TG_OK);
    (void)mkdir(dir, 0700);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path[i], sizeof(path[i]), "%s/%zu", dir, i);
        if (lmdb_open(&groups[i], path[i], limits) != TG_OK) {
            return TG_E_IO;
        }
        epoch_store_make(groups[i], (struct tg_store_epoch){
                                        .version = 2, .print = tg_group_map_print(&map, 1, i) });
    }
    return tg_groups_over(out, &map, groups, NULL);
}

const struct backend backends[] = {
    { .name = "memory", .open = mem_open, .is_immediate = true },
    { .name = "lmdb", .open = lmdb_open },
    { .name = "groups", .open = groups_open, .has_parts = true },
};
const size_t backend_count = TG_COUNT(backends);
const bool is_wrapped = false;
