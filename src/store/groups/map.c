/* SPDX-License-Identifier: Apache-2.0 */
#include "store/groups/map.h"

#include "base/file.h"
#include "base/num.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

struct parser {
    struct tg_group_map *map;
    struct tg_fault *fault;
    unsigned line;
    bool has_fixed;
};

/* ---- words ---------------------------------------------------------------------------------- */

static enum tg_err refuse(const struct parser *p, const char *what)
{
    tg_fault_set(p->fault, "line %u: %s", p->line, what);
    return TG_E_SYNTAX;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the next word of the line; empty at its end, or where a comment begins. */
static struct tg_bytes next_word(struct tg_bytes *line)
{
    struct tg_bytes word;
    size_t len = 0;

    while (line->len > 0 && is_space(line->ptr[0])) {
        *line = tg_bytes_from(*line, 1);
    }
    if (line->len > 0 && line->ptr[0] == '#') {
        *line = tg_bytes_from(*line, line->len);
    }
    while (len < line->len && !is_space(line->ptr[len])) {
        len++;
    }
    word = tg_bytes_first(*line, len);
    *line = tg_bytes_from(*line, len);
    return word;
}

static enum tg_err expect_end(const struct parser *p, struct tg_bytes line)
{
    return next_word(&line).len == 0 ? TG_OK : refuse(p, "more words than expected");
}

static bool is_name(struct tg_bytes word)
{
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
            return false;
        }
    }
    return word.len > 0 && word.len <= TG_GROUP_NAME_MAX;
}

static bool find_group(const struct tg_group_map *map, struct tg_bytes name, size_t *index)
{
    for (size_t i = 0; i < map->group_count; i++) {
        if (tg_bytes_is_equal(tg_bytes_str(map->groups[i].name), name)) {
            *index = i;
            return true;
        }
    }
    return false;
}

static void copy_word(char *out, struct tg_bytes word)
{
    memcpy(out, word.ptr, word.len);
    out[word.len] = '\0';
}

/* ---- lines ---------------------------------------------------------------------------------- */

static enum tg_err parse_group(struct parser *p, struct tg_bytes line)
{
    struct tg_group_map *map = p->map;
    struct tg_bytes name = next_word(&line);
    struct tg_bytes url = next_word(&line);
    size_t other = 0;

    if (!is_name(name)) {
        return refuse(p, "not the name of a group (expected: at most 32 of a-z, 0-9 and -)");
    }
    if (url.len == 0 || url.len > TG_GROUP_URL_MAX || memchr(url.ptr, '\0', url.len) != NULL) {
        return refuse(p, "no connection string, or too long (expected: group NAME postgresql://…, "
                         "at most 1023 bytes)");
    }
    if (map->group_count == TG_GROUPS_MAX) {
        return refuse(p, "one group too many (expected: at most 16)");
    }
    if (find_group(map, name, &other)) {
        return refuse(p, "the name of another group");
    }
    for (size_t i = 0; i < map->group_count; i++) {
        if (tg_bytes_is_equal(tg_bytes_str(map->groups[i].url), url)) {
            return refuse(p, "the database of another group");
        }
    }
    copy_word(map->groups[map->group_count].name, name);
    copy_word(map->groups[map->group_count].url, url);
    map->group_count++;
    return expect_end(p, line);
}

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two digits. Negative: not that. */
static int hex_byte(struct tg_bytes word)
{
    int high = word.len == 2 ? hex_digit(word.ptr[0]) : -1;
    int low = word.len == 2 ? hex_digit(word.ptr[1]) : -1;

    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Fills the shards from *next on. */
static enum tg_err parse_range(const struct parser *p, struct tg_group_version *version,
                               struct tg_bytes range, struct tg_bytes name, unsigned *next)
{
    size_t dash = tg_bytes_find(range, '-');
    int first = hex_byte(tg_bytes_first(range, dash));
    int last = dash < range.len ? hex_byte(tg_bytes_from(range, dash + 1)) : first;
    size_t group = 0;

    if (first < 0 || last < first) {
        return refuse(p, "not a range of shards (expected: two hexadecimal digits, as in 00-7f)");
    }
    if ((unsigned)first != *next) {
        return refuse(p, "shards are left out, or twice (expected: ranges from 00 to ff, one after "
                         "the other)");
    }
    if (!find_group(p->map, name, &group)) {
        return refuse(p, "no group of that name in a line above");
    }
    memset(version->of + first, (int)group, (size_t)(last - first) + 1);
    *next = (unsigned)last + 1;
    return TG_OK;
}

static enum tg_err parse_version(struct parser *p, struct tg_bytes line)
{
    struct tg_group_map *map = p->map;
    struct tg_group_version version = { .number = 0 };
    struct tg_bytes range;
    unsigned next = 0;
    enum tg_err err = TG_OK;

    if (tg_num_parse_u64(&version.number, next_word(&line), INT64_MAX) != TG_OK) {
        return refuse(p, "not the number of a version (expected: map NUMBER 00-ff NAME)");
    }
    if (map->version_count == TG_GROUP_VERSIONS_MAX) {
        return refuse(p, "one version too many (expected: at most 16)");
    }
    if (map->version_count > 0 && version.number <= map->versions[map->version_count - 1].number) {
        return refuse(p, "not a higher number than that of the version above");
    }
    while (err == TG_OK && (range = next_word(&line)).len > 0) {
        err = parse_range(p, &version, range, next_word(&line), &next);
    }
    if (err == TG_OK && next != TG_STORE_SHARDS) {
        err = refuse(p, "not all shards have a group (expected: ranges from 00 to ff)");
    }
    if (err == TG_OK) {
        map->versions[map->version_count++] = version;
    }
    return err;
}

static enum tg_err parse_fixed(struct parser *p, struct tg_bytes line)
{
    if (p->has_fixed) {
        return refuse(p, "fixed is given twice");
    }
    if (!find_group(p->map, next_word(&line), &p->map->fixed)) {
        return refuse(p, "no group of that name in a line above");
    }
    p->has_fixed = true;
    return expect_end(p, line);
}

static enum tg_err parse_line(struct parser *p, struct tg_bytes line)
{
    static const struct {
        const char *word;
        enum tg_err (*parse)(struct parser *p, struct tg_bytes line);
    } lines[] = { { "group", parse_group }, { "map", parse_version }, { "fixed", parse_fixed } };
    struct tg_bytes word = next_word(&line);

    for (size_t i = 0; i < TG_COUNT(lines); i++) {
        if (tg_bytes_is_equal(word, tg_bytes_str(lines[i].word))) {
            return lines[i].parse(p, line);
        }
    }
    return word.len == 0 ? TG_OK : refuse(p, "unknown (expected: group, map or fixed)");
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* What relays without the file do. */
static bool is_of_one(const struct tg_group_map *map, const struct tg_group_version *version)
{
    for (size_t i = 0; i < TG_STORE_SHARDS; i++) {
        if (version->of[i] != map->fixed) {
            return false;
        }
    }
    return true;
}

static enum tg_err judge(const struct parser *p)
{
    const struct tg_group_map *map = p->map;

    if (map->version_count == 0) {
        tg_fault_set(p->fault, "no version of the map (expected: map NUMBER 00-ff NAME)");
        return TG_E_SYNTAX;
    }
    if (!p->has_fixed) {
        tg_fault_set(p->fault, "no line for spent tokens (expected: fixed NAME)");
        return TG_E_SYNTAX;
    }
    if (map->versions[0].number == 0 && !is_of_one(map, &map->versions[0])) {
        tg_fault_set(p->fault, "version 0 of the map is that of relays without it (expected: map 0 "
                               "00-ff with the group that is fixed)");
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

enum tg_err tg_group_map_parse(struct tg_group_map *out, struct tg_bytes text,
                               struct tg_fault *fault)
{
    struct parser p = { .map = out, .fault = fault };
    enum tg_err err = TG_OK;

    memset(out, 0, sizeof(*out));
    while (err == TG_OK && text.len > 0) {
        size_t len = tg_bytes_find(text, '\n');

        p.line++;
        err = parse_line(&p, tg_bytes_first(text, len));
        text = tg_bytes_from(text, len < text.len ? len + 1 : len);
    }
    return err == TG_OK ? judge(&p) : err;
}

enum tg_err tg_group_map_load(struct tg_group_map *out, const char *path, struct tg_fault *fault)
{
    struct tg_buf text;
    uint8_t part[2048];
    ssize_t got = 0;
    int fd = tg_file_open(path);
    enum tg_err err = TG_E_IO;

    tg_buf_init(&text, TG_GROUP_FILE_MAX);
    if (fd < 0) {
        tg_fault_set(fault, "cannot be opened: %s", strerror(errno));
        goto out;
    }
    while ((got = read(fd, part, sizeof(part))) > 0 || (got < 0 && errno == EINTR)) {
        if (got > 0) {
            tg_buf_append(&text, tg_bytes(part, (size_t)got));
        }
    }
    if (got < 0) {
        tg_fault_set(fault, "cannot be read: %s", strerror(errno));
        goto out;
    }
    if (tg_buf_status(&text) != TG_OK) {
        tg_fault_set(fault, "too long (expected: at most 64 KiB)");
        err = TG_E_SYNTAX;
        goto out;
    }
    err = tg_group_map_parse(out, tg_buf_view(&text), fault);
out:
    if (fd >= 0) {
        (void)close(fd);
    }
    tg_buf_deinit(&text);
    return err;
}

bool tg_group_map_find(const struct tg_group_map *map, uint64_t number, size_t *index)
{
    for (size_t i = 0; i < map->version_count; i++) {
        if (map->versions[i].number == number) {
            *index = i;
            return true;
        }
    }
    return false;
}

static uint64_t add_name(uint64_t print, const struct tg_group *group)
{
    for (const char *at = group->name; *at != '\0'; at++) {
        print = (print ^ (uint8_t)*at) * FNV_PRIME;
    }
    return (print ^ '\n') * FNV_PRIME;
}

uint64_t tg_group_map_print(const struct tg_group_map *map, size_t version, size_t group)
{
    const struct tg_group_version *v = &map->versions[version];
    uint64_t print = FNV_START;

    if (v->number == 0) {
        return 0;
    }
    for (size_t i = 0; i < TG_STORE_SHARDS; i++) {
        print = add_name(print, &map->groups[v->of[i]]);
    }
    print = add_name(print, &map->groups[map->fixed]);
    return add_name(print, &map->groups[group]) & INT64_MAX;
}

uint32_t tg_group_map_groups(const struct tg_group_map *map, size_t version, uint8_t shard)
{
    uint32_t set = 0;

    for (size_t i = 0; i <= version; i++) {
        set |= UINT32_C(1) << map->versions[i].of[shard];
    }
    return set;
}
