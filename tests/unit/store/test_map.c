/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "store/groups/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEAD "group a postgresql://a/t\ngroup b postgresql://b/t\n"

static struct tg_group_map map;

static enum tg_err parse(const char *text, struct tg_fault *fault)
{
    *fault = (struct tg_fault){ "" };
    return tg_group_map_parse(&map, tg_bytes_str(text), fault);
}

static void must_parse(const char *text)
{
    struct tg_fault fault;

    assert_int_equal(parse(text, &fault), TG_OK);
    assert_string_equal(fault.text, "");
}

static void assert_refused(const char *text, const char *sentence)
{
    struct tg_fault fault;

    assert_int_equal(parse(text, &fault), TG_E_SYNTAX);
    if (strstr(fault.text, sentence) == NULL) {
        fail_msg("%s\ninstead of: %s\nof: %s", fault.text, sentence, text);
    }
}

static void parse__file_of_the_manual__has_its_versions(void **state)
{
    (void)state;
    must_parse("# two clusters\r\n\n  group a postgresql://a/t # the first\n"
               "group b\tpostgresql://b/t?x=%23#y\nmap 1 00-ff a\nmap 7  00-7f a  80 b 81-ff b #\n"
               "fixed a");
    assert_int_equal(map.group_count, 2);
    assert_string_equal(map.groups[0].name, "a");
    assert_string_equal(map.groups[1].url, "postgresql://b/t?x=%23#y");
    assert_int_equal(map.version_count, 2);
    assert_int_equal(map.versions[1].number, 7);
    assert_int_equal(map.fixed, 0);
    for (unsigned shard = 0; shard < TG_STORE_SHARDS; shard++) {
        assert_int_equal(map.versions[0].of[shard], 0);
        assert_int_equal(map.versions[1].of[shard], shard < 0x80 ? 0 : 1);
        assert_int_equal(tg_group_map_groups(&map, 1, (uint8_t)shard), shard < 0x80 ? 1 : 3);
        assert_int_equal(tg_group_map_groups(&map, 0, (uint8_t)shard), 1);
    }
}

static void parse__faults__named_with_their_line(void **state)
{
    static const struct {
        const char *text;
        const char *sentence;
    } cases[] = {
        { "", "no version of the map" },
        { HEAD "map 1 00-ff a\n", "no line for spent tokens" },
        { HEAD "fixed a\n", "no version of the map" },
        { HEAD "maps 1 00-ff a\n", "line 3: unknown" },
        { "group A postgresql://a/t\n", "line 1: not the name of a group" },
        { "group\n", "line 1: not the name of a group" },
        { "group aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa postgresql://a/t\n", "not the name of a group" },
        { "group a\n", "line 1: no connection string" },
        { "group a postgresql://a/t more\n", "line 1: more words" },
        { HEAD "group a postgresql://c/t\n", "line 3: the name of another group" },
        { HEAD "group c postgresql://b/t\n", "line 3: the database of another group" },
        { HEAD "map x 00-ff a\n", "line 3: not the number" },
        { HEAD "map 9223372036854775808 00-ff a\n", "line 3: not the number" },
        { HEAD "map 1 00-fe a\n", "line 3: not all shards" },
        { HEAD "map 1\n", "line 3: not all shards" },
        { HEAD "map 1 00-7f a 81-ff b\n", "line 3: shards are left out" },
        { HEAD "map 1 00-7f a 7f-ff b\n", "line 3: shards are left out, or twice" },
        { HEAD "map 1 01-ff a\n", "line 3: shards are left out" },
        { HEAD "map 1 00-ff a 00-ff a\n", "line 3: shards are left out, or twice" },
        { HEAD "map 1 7f-00 a\n", "line 3: not a range" },
        { HEAD "map 1 00-FF a\n", "line 3: not a range" },
        { HEAD "map 1 0-ff a\n", "line 3: not a range" },
        { HEAD "map 1 00-ff- a\n", "line 3: not a range" },
        { HEAD "map 1 00-ff c\n", "line 3: no group of that name" },
        { HEAD "map 1 00-ff\n", "line 3: no group of that name" },
        { HEAD "map 1 00-ff a\nmap 1 00-ff b\n", "line 4: not a higher number" },
        { HEAD "map 2 00-ff a\nmap 1 00-ff b\n", "line 4: not a higher number" },
        { HEAD "fixed c\n", "line 3: no group of that name" },
        { HEAD "fixed a\nfixed a\n", "line 4: fixed is given twice" },
        { HEAD "map 1 00-ff a\nfixed a b\n", "line 4: more words" },
        { HEAD "map 0 00-ff b\nmap 1 00-ff a\nfixed a\n", "version 0 of the map" },
        { HEAD "map 0 00-7f a 80-ff b\nfixed a\n", "version 0 of the map" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        assert_refused(cases[i].text, cases[i].sentence);
    }
}

static void parse__most_groups_and_versions__one_more_is_refused(void **state)
{
    char text[4096] = "";
    size_t len = 0;

    (void)state;
    for (unsigned i = 0; i < TG_GROUPS_MAX; i++) {
        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, "group g%u postgresql://%u/t\n", i, i);
    }
    len += (size_t)snprintf(text + len, sizeof(text) - len, "fixed g15\n");
    for (unsigned i = 0; i < TG_GROUP_VERSIONS_MAX; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "map %u 00-ff g%u\n", i + 1, i);
    }
    must_parse(text);
    assert_int_equal(tg_group_map_groups(&map, TG_GROUP_VERSIONS_MAX - 1, 5), 0xffff);
    (void)snprintf(text + len, sizeof(text) - len, "map 99 00-ff g0\n");
    assert_refused(text, "line 34: one version too many");
    (void)snprintf(text + len, sizeof(text) - len, "group g16 postgresql://16/t\n");
    assert_refused(text, "line 34: one group too many");
}

static void print__of_what_a_version_says(void **state)
{
    uint64_t of_a = 0;
    uint64_t of_b = 0;

    (void)state;
    must_parse(HEAD "map 0 00-ff a\nmap 1 00-7f a 80-ff b\nfixed a\n");
    of_a = tg_group_map_print(&map, 1, 0);
    of_b = tg_group_map_print(&map, 1, 1);
    assert_int_equal(tg_group_map_print(&map, 0, 0), 0);
    assert_true(of_a != of_b && of_a != 0 && of_a <= INT64_MAX);

    /* Written otherwise, or beside another version: the same. */
    must_parse("group b postgresql://elsewhere/t\ngroup a postgresql://a/t\nfixed a\n"
               "map 1 00 a 01-7f a 80-ff b\nmap 2 00-ff b\n");
    assert_int_equal(tg_group_map_print(&map, 0, 1), of_a);
    assert_int_equal(tg_group_map_print(&map, 0, 0), of_b);

    must_parse(HEAD "map 1 00-7e a 7f-ff b\nfixed a\n"); /* a shard */
    assert_true(tg_group_map_print(&map, 0, 0) != of_a);
    must_parse(HEAD "map 1 00-7f a 80-ff b\nfixed b\n"); /* the fixed group */
    assert_true(tg_group_map_print(&map, 0, 0) != of_a);
    must_parse("group b postgresql://a/t\ngroup a postgresql://b/t\n" /* exchanged names */
               "map 1 00-7f a 80-ff b\nfixed a\n");
    assert_int_equal(tg_group_map_print(&map, 0, 0), of_b);
}

static void find__by_number(void **state)
{
    size_t index = 9;

    (void)state;
    must_parse(HEAD "map 3 00-ff a\nmap 5 00-ff b\nfixed a\n");
    assert_true(tg_group_map_find(&map, 5, &index));
    assert_int_equal(index, 1);
    assert_false(tg_group_map_find(&map, 4, &index));
    assert_int_equal(index, 1);
}

static void load__file_at_its_longest__and_one_byte_more(void **state)
{
    char path[] = "/tmp/tg-map-XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    struct tg_fault fault = { "" };
    int used = 0;

    (void)state;
    assert_non_null(f);
    used = fprintf(f, HEAD "map 1 00-ff a\nfixed b\n#");
    for (unsigned i = (unsigned)used; i < TG_GROUP_FILE_MAX; i++) {
        (void)fputc('x', f);
    }
    assert_int_equal(fflush(f), 0);
    assert_int_equal(tg_group_map_load(&map, path, &fault), TG_OK);
    assert_int_equal(map.fixed, 1);
    (void)fputc('x', f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(tg_group_map_load(&map, path, &fault), TG_E_SYNTAX);
    assert_string_equal(fault.text, "too long (expected: at most 64 KiB)");
    assert_int_equal(unlink(path), 0);
    fault = (struct tg_fault){ "" };
    assert_int_equal(tg_group_map_load(&map, path, &fault), TG_E_IO);
    assert_non_null(strstr(fault.text, "cannot be opened"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__file_of_the_manual__has_its_versions),
        cmocka_unit_test(parse__faults__named_with_their_line),
        cmocka_unit_test(parse__most_groups_and_versions__one_more_is_refused),
        cmocka_unit_test(print__of_what_a_version_says),
        cmocka_unit_test(find__by_number),
        cmocka_unit_test(load__file_at_its_longest__and_one_byte_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
