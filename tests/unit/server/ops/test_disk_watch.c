/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "server/ops/disk_watch.h"

static char events[256]; /* the names, each with a blank */

static void note(void *ctx, enum tg_log_level level, const char *name,
                 const struct tg_log_field *fields, size_t field_count)
{
    (void)ctx;
    (void)level;
    assert_int_equal(field_count, 2);
    assert_string_equal(fields[0].name, "free_kib");
    assert_int_equal(fields[0].value, 5);
    (void)snprintf(events + strlen(events), sizeof(events) - strlen(events), "%s ", name);
}

static const struct tg_log log_table = { note, NULL };

static void look(struct tg_disk_watch *watch, enum tg_store_room room, uint64_t now_mono_ms,
                 const char *expected)
{
    const struct tg_store_stats stats = { .room = room, .disk_free = 5 * 1024 + 1 };

    events[0] = '\0';
    tg_disk_watch(watch, &stats, now_mono_ms, &log_table);
    assert_string_equal(events, expected);
}

static void watch__room__nothing_to_say(void **state)
{
    struct tg_disk_watch watch = { .next_mono_ms = 0 };

    (void)state;
    look(&watch, TG_STORE_ROOM_ANY, 0, "");
    look(&watch, TG_STORE_ROOM_ANY, 1000000, "");
}

static void watch__no_room__named_at_once_and_once_a_minute(void **state)
{
    struct tg_disk_watch watch = { .next_mono_ms = 0 };

    (void)state;
    look(&watch, TG_STORE_ROOM_DISK_LOW, 1000, "store.disk_low_no_new_mailboxes ");
    look(&watch, TG_STORE_ROOM_DISK_LOW, 1001, "");
    look(&watch, TG_STORE_ROOM_DISK_FULL, 60999, "");
    look(&watch, TG_STORE_ROOM_DISK_FULL, 61000, "store.disk_full ");
    look(&watch, TG_STORE_ROOM_MAP_FULL, 121000, "store.map_full ");
}

static void watch__room_that_comes_and_goes__at_most_one_event_a_minute(void **state)
{
    struct tg_disk_watch watch = { .next_mono_ms = 0 };

    (void)state;
    look(&watch, TG_STORE_ROOM_DISK_FULL, 0, "store.disk_full ");
    look(&watch, TG_STORE_ROOM_ANY, 1, "");
    look(&watch, TG_STORE_ROOM_DISK_FULL, 2, "");
    look(&watch, TG_STORE_ROOM_ANY, 60000, "store.disk_has_room ");
    look(&watch, TG_STORE_ROOM_DISK_LOW, 60001, "");
    look(&watch, TG_STORE_ROOM_ANY, 200000, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(watch__room__nothing_to_say),
        cmocka_unit_test(watch__no_room__named_at_once_and_once_a_minute),
        cmocka_unit_test(watch__room_that_comes_and_goes__at_most_one_event_a_minute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
