/* SPDX-License-Identifier: Apache-2.0 */
/* The file of database groups. What is accepted has a group for every shard of every version, and
   means the same when it is written again. */
#include "store/groups/map.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void write_again(struct tg_buf *out, const struct tg_group_map *map)
{
    char line[64];

    for (size_t i = 0; i < map->group_count; i++) {
        tg_buf_append_str(out, "group ");
        tg_buf_append_str(out, map->groups[i].name);
        tg_buf_append_str(out, " ");
        tg_buf_append_str(out, map->groups[i].url);
        tg_buf_append_str(out, "\n");
    }
    for (size_t i = 0; i < map->version_count; i++) {
        (void)snprintf(line, sizeof(line), "map %llu", (unsigned long long)map->versions[i].number);
        tg_buf_append_str(out, line);
        for (unsigned shard = 0; shard < TG_STORE_SHARDS; shard++) {
            assert(map->versions[i].of[shard] < map->group_count);
            (void)snprintf(line, sizeof(line), " %02x %s", shard,
                           map->groups[map->versions[i].of[shard]].name);
            tg_buf_append_str(out, line);
        }
        tg_buf_append_str(out, "\n");
    }
    tg_buf_append_str(out, "fixed ");
    tg_buf_append_str(out, map->groups[map->fixed].name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct tg_group_map map;
    static struct tg_group_map again;
    struct tg_fault fault = { "" };
    struct tg_buf text;

    if (tg_group_map_parse(&map, tg_bytes(data, len), &fault) != TG_OK) {
        assert(fault.text[0] != '\0');
        return 0;
    }
    tg_buf_init(&text, 1u << 20);
    write_again(&text, &map);
    assert(tg_buf_status(&text) == TG_OK);
    assert(tg_group_map_parse(&again, tg_buf_view(&text), &fault) == TG_OK);
    assert(memcmp(&map, &again, sizeof(map)) == 0);
    tg_buf_deinit(&text);
    return 0;
}
