/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change of the map, step by step: two groups in memory, whose epochs the test moves, and nodes
 * with an old and a new file. At no moment two groups have the record, and nobody is told that a
 * record is absent that is somewhere.
 */
#include "contract/contract_support.h"

#include "store/groups.h"
#include "store/groups/groups.h"
#include "support/c/epoch_store.h"

#include <string.h>

#define NEVER_S 4000000000
#define MOVED 0x80u /* a key of a shard that version 2 moves from a to b */
#define STAYS 0x10u
#define GROUPS "group a u-a\ngroup b u-b\nfixed a\n"
#define OLD GROUPS "map 1 00-ff a\n"
#define NEW OLD "map 2 00-7f a 80-ff b\n"

enum { A, B, COUNT };

struct world {
    struct tg_store *groups[COUNT];
    struct tg_store *owner; /* of the groups */
    struct tg_store *other; /* another node, above the same groups */
    struct client old;      /* a node with the old file */
    struct client new;
};

static struct tg_group_map *map_of(const char *text)
{
    static struct tg_group_map map;
    struct tg_fault fault = { "" };

    assert_int_equal(tg_group_map_parse(&map, tg_bytes_str(text), &fault), TG_OK);
    return &map;
}

/* Version 1 or 2, as the group knows it. */
static struct tg_store_epoch epoch_of(unsigned version, size_t group)
{
    const struct tg_group_map *map = map_of(NEW);

    return (struct tg_store_epoch){ .version = version,
                                    .print = tg_group_map_print(map, version - 1, group) };
}

static void open_in(struct world *w, size_t group, unsigned version)
{
    epoch_store_set(w->groups[group], epoch_of(version, group));
}

static int setup(void **state)
{
    static const struct tg_store_limits none;
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(tg_store_mem_open(&w->groups[i], &none), TG_OK);
        epoch_store_make(w->groups[i], epoch_of(1, i));
    }
    assert_int_equal(tg_groups_over(&w->owner, map_of(NEW), w->groups, NULL), TG_OK);
    assert_int_equal(tg_groups_over(&w->other, map_of(OLD), w->groups, NULL), TG_OK);
    client_open(&w->new, w->owner);
    client_open(&w->old, w->other);
    *state = w;
    return 0;
}

/* The groups are closed once. */
static int teardown(void **state)
{
    struct world *w = *state;

    client_close(&w->old);
    client_close(&w->new);
    ((struct tg_groups *)w->other)->map.group_count = 0;
    w->other->ops->close(&w->other);
    w->owner->ops->close(&w->owner);
    free(w);
    return 0;
}

static bool has(struct world *w, size_t group, unsigned key)
{
    struct client c;
    struct call call;
    bool is_there = false;

    client_open(&c, w->groups[group]);
    is_there = look(&c, key, &call);
    client_close(&c);
    return is_there;
}

static void assert_in(struct world *w, unsigned key, bool is_in_a, bool is_in_b)
{
    assert_int_equal(has(w, A, key), is_in_a);
    assert_int_equal(has(w, B, key), is_in_b);
}

static enum tg_err create(struct client *c, unsigned key)
{
    struct call call = call_put(1, NEVER_S, TG_LIT("x"));

    call_start(c, key, &call);
    call_finish(c, &call);
    assert_false(call.err == TG_OK && call.has_seen);
    return call.err;
}

/* What a read is answered; *is_there as well. */
static enum tg_err read_of(struct client *c, unsigned key, bool *is_there)
{
    struct call call;

    look_start(c, key, &call);
    call_finish(c, &call);
    *is_there = call.has_seen;
    return call.err;
}

static void assert_absent(struct client *c, unsigned key)
{
    struct call call = { .verdict = TG_STORE_KEEP };
    bool is_there = true;

    assert_int_equal(read_of(c, key, &is_there), TG_OK);
    assert_false(is_there);
    assert_int_equal(keep(c, key, &call), TG_OK);
    assert_false(call.has_seen);
}

static void assert_unknown(struct client *c, unsigned key)
{
    struct call call = { .verdict = TG_STORE_KEEP };
    bool is_there = true;

    assert_int_equal(read_of(c, key, &is_there), TG_E_STORE);
    assert_int_equal(keep(c, key, &call), TG_E_STORE);
    assert_int_equal(create(c, key), TG_E_STORE);
}

/* A repeated create finds the first one. */
static void assert_found(struct client *c, unsigned key)
{
    struct call call = { .verdict = TG_STORE_KEEP };
    bool is_there = false;

    assert_int_equal(read_of(c, key, &is_there), TG_OK);
    assert_true(is_there);
    assert_int_equal(keep(c, key, &call), TG_OK);
    assert_true(call.has_seen);
}

/* ---- where records are made ----------------------------------------------------------------- */

static void before_the_change__both_nodes_make_records_by_version_1(void **state)
{
    struct world *w = *state;

    assert_absent(&w->new, MOVED);
    assert_int_equal(create(&w->new, MOVED), TG_OK);
    assert_int_equal(create(&w->old, MOVED + 1), TG_OK);
    assert_in(w, MOVED, true, false);
    assert_in(w, MOVED + 1, true, false);
    assert_found(&w->old, MOVED);
    assert_found(&w->new, MOVED + 1);
}

static void after_the_change__new_records_are_in_the_new_group_and_old_ones_are_found(void **state)
{
    struct world *w = *state;

    assert_int_equal(create(&w->old, MOVED), TG_OK);
    open_in(w, A, 2);
    open_in(w, B, 2);
    assert_found(&w->new, MOVED);
    assert_found(&w->old, MOVED);
    assert_int_equal(create(&w->new, MOVED + 1), TG_OK);
    assert_int_equal(create(&w->new, STAYS), TG_OK);
    assert_in(w, MOVED, true, false);
    assert_in(w, MOVED + 1, false, true);
    assert_in(w, STAYS, true, false);
    assert_found(&w->new, MOVED + 1);
    assert_absent(&w->new, MOVED + 2);
}

static void old_file_after_the_change__no_absence_is_certain(void **state)
{
    struct world *w = *state;

    open_in(w, A, 2);
    open_in(w, B, 2);
    assert_int_equal(create(&w->new, MOVED), TG_OK);
    assert_unknown(&w->old, MOVED);
    assert_unknown(&w->old, STAYS);
    assert_in(w, STAYS, false, false);
}

static void between_the_groups__nothing_of_a_moved_shard_is_made(void **state)
{
    struct world *w = *state;
    bool is_there = true;

    for (size_t first = A; first < COUNT; first++) {
        open_in(w, first, 2);
        assert_int_equal(create(&w->new, MOVED), TG_E_STORE);
        assert_int_equal(read_of(&w->new, MOVED, &is_there), TG_OK); /* nobody can have made it */
        assert_false(is_there);
        assert_in(w, MOVED, false, false);
        open_in(w, first, 1);
    }
}

static void other_print_of_the_version__nothing_is_certain(void **state)
{
    struct world *w = *state;
    struct tg_store_epoch other = epoch_of(2, A);

    other.print++;
    open_in(w, B, 2);
    epoch_store_set(w->groups[A], other);
    assert_unknown(&w->new, STAYS);
    assert_int_equal(create(&w->new, MOVED), TG_E_STORE);
    /* Exchanged names: each group has the other's print. */
    epoch_store_set(w->groups[A], epoch_of(2, B));
    epoch_store_set(w->groups[B], epoch_of(2, A));
    assert_unknown(&w->new, STAYS);
    assert_unknown(&w->new, MOVED);
}

/* ---- changes in the midst of an operation --------------------------------------------------- */

static void change_the_map(void *ctx)
{
    struct world *w = ctx;

    open_in(w, A, 2);
    open_in(w, B, 2);
}

/* The node has looked by version 1, and then the map changes: it looks again. */
static void map_changed_after_the_look__made_by_the_new_version(void **state)
{
    struct world *w = *state;

    epoch_store_before_apply(w->groups[A], change_the_map, w);
    assert_int_equal(create(&w->new, MOVED), TG_OK);
    assert_in(w, MOVED, false, true);
    assert_int_equal(create(&w->new, STAYS), TG_OK);

    open_in(w, A, 1);
    epoch_store_before_apply(w->groups[A], change_the_map, w);
    assert_int_equal(create(&w->new, STAYS + 1), TG_OK);
    assert_in(w, STAYS + 1, true, false);

    open_in(w, A, 1);
    open_in(w, B, 1);
    epoch_store_before_apply(w->groups[A], change_the_map, w);
    assert_int_equal(create(&w->old, MOVED + 1), TG_E_STORE);
    assert_in(w, MOVED + 1, false, false);
}

static void create_by_the_old_node(void *ctx)
{
    struct world *w = ctx;

    assert_int_equal(create(&w->old, MOVED), TG_OK);
    change_the_map(w);
}

/* What the node has read of the older group is from before that group was closed. */
static void created_before_the_older_group_closed__not_made_again(void **state)
{
    struct world *w = *state;
    struct call call = call_put(2, NEVER_S, TG_LIT("y"));

    epoch_store_keep_reads(w->groups[A], true);
    epoch_store_keep_reads(w->groups[B], true);
    call_start(&w->new, MOVED, &call); /* both groups have read */
    epoch_store_keep_reads(w->groups[A], false);
    epoch_store_keep_reads(w->groups[B], false);
    create_by_the_old_node(w);
    epoch_store_answer(w->groups[A], TG_OK);
    epoch_store_answer(w->groups[B], TG_OK);
    call_finish(&w->new, &call);
    assert_true(call.err == TG_OK && call.has_seen);
    assert_in(w, MOVED, true, false);
}

/* The same, and the new group is read after the change: the absence in the older one was seen at an
   older epoch, and is no absence any more. */
static void new_group_read_late__older_absence_does_not_count(void **state)
{
    struct world *w = *state;
    struct call call = call_put(2, NEVER_S, TG_LIT("y"));

    epoch_store_delay_reads(w->groups[B], true);
    call_start(&w->new, MOVED, &call); /* a has read */
    create_by_the_old_node(w);
    epoch_store_answer(w->groups[B], TG_OK);
    epoch_store_delay_reads(w->groups[B], false);
    call_finish(&w->new, &call);
    assert_int_equal(call.err, TG_E_STORE);
    assert_in(w, MOVED, true, false);
    assert_found(&w->new, MOVED);
}

static void record_that_ended_after_the_look__looked_for_again(void **state)
{
    struct world *w = *state;
    struct call call = call_put(2, NEVER_S, TG_LIT("y"));
    struct client direct;

    assert_int_equal(create(&w->old, MOVED), TG_OK);
    change_the_map(w);
    epoch_store_keep_reads(w->groups[A], true);
    call_start(&w->new, MOVED, &call);
    epoch_store_keep_reads(w->groups[A], false);
    client_open(&direct, w->groups[A]);
    assert_int_equal(drop(&direct, MOVED), TG_OK);
    client_close(&direct);
    epoch_store_answer(w->groups[A], TG_OK);
    call_finish(&w->new, &call);
    assert_int_equal(call.err, TG_OK);
    assert_false(call.has_seen);
    assert_in(w, MOVED, false, true);
}

/* ---- a group that is away ------------------------------------------------------------------- */

/* Starts with both reads kept, and then a fails. */
static void start_without_a(struct world *w, struct call *call, unsigned key, bool is_read)
{
    epoch_store_keep_reads(w->groups[A], true);
    if (is_read) {
        look_start(&w->new, key, call);
    } else {
        call_start(&w->new, key, call);
    }
}

static void group_away__records_of_the_others_are_served_at_once(void **state)
{
    struct world *w = *state;
    struct call call;

    change_the_map(w);
    assert_int_equal(create(&w->new, MOVED), TG_OK);
    start_without_a(w, &call, MOVED, true);
    call_finish(&w->new, &call);
    assert_true(call.err == TG_OK && call.has_seen);
    call = (struct call){ .verdict = TG_STORE_KEEP };
    start_without_a(w, &call, MOVED, false);
    call_finish(&w->new, &call);
    assert_true(call.err == TG_OK && call.has_seen);
    epoch_store_answer(w->groups[A], TG_E_STORE);
}

static void group_away__absence_is_not_certain(void **state)
{
    struct world *w = *state;
    struct call call;

    change_the_map(w);
    start_without_a(w, &call, MOVED, true);
    epoch_store_answer(w->groups[A], TG_E_STORE);
    call_finish(&w->new, &call);
    assert_int_equal(call.err, TG_E_STORE);
    call = call_put(1, NEVER_S, TG_LIT("x"));
    start_without_a(w, &call, MOVED, false);
    epoch_store_answer(w->groups[A], TG_E_STORE);
    call_finish(&w->new, &call);
    assert_int_equal(call.err, TG_E_STORE);
    assert_in(w, MOVED, false, false);
    epoch_store_keep_reads(w->groups[A], false);
}

static void new_group_away_before_the_change__not_needed(void **state)
{
    struct world *w = *state;
    struct call call = call_put(1, NEVER_S, TG_LIT("x"));

    epoch_store_keep_reads(w->groups[B], true);
    call_start(&w->new, MOVED, &call);
    epoch_store_answer(w->groups[B], TG_E_STORE);
    call_finish(&w->new, &call);
    assert_int_equal(call.err, TG_OK);
    assert_in(w, MOVED, true, false);
    epoch_store_keep_reads(w->groups[B], false);
}

/* ---- what all groups do --------------------------------------------------------------------- */

static void create_with_note(struct world *w, unsigned key, unsigned token, int64_t due_s)
{
    struct call call = call_put(1, NEVER_S, TG_LIT("x"));

    call.mark_s = due_s;
    call_notify(&call, token, due_s, NEVER_S, TG_LIT("n"));
    call_start(&w->new, key, &call);
    call_finish(&w->new, &call);
    assert_int_equal(call.err, TG_OK);
}

static void assert_outboxes(struct world *w, unsigned in_a, unsigned in_b)
{
    assert_outbox(w->groups[A], in_a);
    assert_outbox(w->groups[B], in_b);
    assert_outbox(w->owner, in_a + in_b);
}

/* One token is noted in both groups: two entries, each settled in its own. */
static void lease__of_both_groups__each_entry_settled_where_it_lies(void **state)
{
    struct world *w = *state;
    static struct leased l;

    change_the_map(w);
    create_with_note(w, STAYS, 7, 100);
    create_with_note(w, MOVED, 7, 100);
    create_with_note(w, MOVED + 1, 8, 300);
    assert_outboxes(w, 1, 2);
    lease(&w->new, 100, 160, 10, &l);
    assert_int_equal(l.err, TG_OK);
    assert_int_equal(l.count, 2);
    assert_true(l.next_due_s <= 300 && l.next_due_s > 100);
    assert_true(l.entries[0].generation != l.entries[1].generation);
    assert_int_equal(settle(&w->new, &l, 0, TG_OUTBOX_DONE, 0), TG_OK);
    assert_int_equal(settle(&w->new, &l, 1, TG_OUTBOX_DONE, 0), TG_OK);
    assert_outboxes(w, 0, 1);
    lease(&w->new, 300, 360, 1, &l);
    assert_int_equal(l.count, 1);
    assert_int_equal(number_of(&l.entries[0].key), 8);
}

static void lease__smaller_than_what_is_due__says_that_more_is_due(void **state)
{
    struct world *w = *state;
    static struct leased l;

    change_the_map(w);
    create_with_note(w, STAYS, 7, 100);
    create_with_note(w, MOVED, 8, 100);
    lease(&w->new, 100, 160, 1, &l);
    assert_int_equal(l.count, 1);
    assert_true(l.next_due_s <= 100);
    lease(&w->new, 100, 160, 1, &l);
    assert_int_equal(l.count, 1);
    lease(&w->new, 100, 160, 1, &l);
    assert_int_equal(l.count, 0);
}

/* Nobody waits for it. */
static void group_known_to_be_away__passed_over(void **state)
{
    struct world *w = *state;
    struct call swept = { .verdict = TG_STORE_KEEP };
    static struct leased l;

    change_the_map(w);
    create_with_note(w, STAYS, 7, 100);
    create_with_note(w, MOVED, 8, 100);
    assert_int_equal(put(&w->new, STAYS + 1, 1, 10, TG_LIT("x")), TG_OK);
    assert_int_equal(put(&w->new, MOVED + 1, 1, 10, TG_LIT("x")), TG_OK);
    epoch_store_set_usable(w->groups[A], false);
    lease(&w->new, 100, 160, 10, &l);
    assert_int_equal(l.err, TG_OK);
    assert_int_equal(l.count, 1);
    assert_int_equal(number_of(&l.entries[0].key), 8);
    assert_true(l.next_due_s > 100 && l.next_due_s <= 110);
    sweep_start(&w->new, 40, 10, &swept);
    call_finish(&w->new, &swept);
    assert_int_equal(swept.err, TG_E_STORE);
    assert_int_equal(swept.swept.removed_count, 1);
    assert_int_equal(swept.swept.until_s, INT64_MIN);
    epoch_store_set_usable(w->groups[B], false);
    lease_start(&w->new, 100, 160, 10, &l);
    while (l.done_count == 0) {
        client_wait(&w->new);
    }
    assert_int_equal(l.err, TG_E_STORE);
    assert_int_equal(l.count, 0);
}

static int64_t mark_of(struct tg_store *store)
{
    struct tg_store_fact_copy fact;
    int64_t mark_s = 0;

    assert_int_equal(tg_store_fact_load(store, TG_FACT_TIME_MARK, &fact), TG_OK);
    for (size_t i = 0; i < fact.len; i++) {
        mark_s = mark_s << 8 | fact.bytes[i];
    }
    return mark_s;
}

static void time_mark__the_latest_of_all_groups(void **state)
{
    static const uint8_t later[8] = { 0, 0, 0, 0, 0, 0, 3, 232 }; /* 1000 */
    struct world *w = *state;
    struct tg_store_fact_copy fact;

    assert_int_equal(mark_of(w->owner), 0);
    change_the_map(w);
    create_with_note(w, MOVED, 7, 500);
    assert_int_equal(mark_of(w->groups[A]), 0);
    assert_int_equal(mark_of(w->owner), 500);
    create_with_note(w, STAYS, 7, 400);
    assert_int_equal(mark_of(w->owner), 500);
    assert_int_equal(tg_store_fact_load(w->owner, TG_FACT_TIME_MARK, &fact), TG_OK);
    assert_int_equal(
        tg_store_fact_save(w->owner, TG_FACT_TIME_MARK, fact.version, TG_ARRAY_BYTES(later)),
        TG_OK);
    assert_int_equal(mark_of(w->groups[A]), 1000);
    assert_int_equal(mark_of(w->groups[B]), 500);
}

static void sweep__of_all_groups__done_up_to_the_earliest_time(void **state)
{
    struct world *w = *state;
    struct call swept = { .verdict = TG_STORE_KEEP };

    change_the_map(w);
    assert_int_equal(put(&w->new, STAYS, 1, 10, TG_LIT("x")), TG_OK);
    assert_int_equal(put(&w->new, MOVED, 1, 20, TG_LIT("x")), TG_OK);
    assert_int_equal(put(&w->new, MOVED + 1, 1, 30, TG_LIT("x")), TG_OK);
    sweep_start(&w->new, 40, 2, &swept);
    call_finish(&w->new, &swept);
    assert_int_equal(swept.err, TG_OK);
    assert_int_equal(swept.swept.removed_count, 2);
    assert_int_equal(swept.swept.until_s, 29);
    swept = (struct call){ .verdict = TG_STORE_KEEP };
    sweep_start(&w->new, 40, 2, &swept);
    call_finish(&w->new, &swept);
    assert_int_equal(swept.swept.removed_count, 1);
    assert_int_equal(swept.swept.until_s, 40);
}

/* Spent keys do not move with the mailboxes. */
static void spent_key__in_the_fixed_group_across_the_change(void **state)
{
    struct world *w = *state;
    struct client a;

    assert_int_equal(series_open(&w->new, MOVED, 5000), TG_OK);
    assert_int_equal(spend(&w->old, MOVED, MOVED + 1, "one"), TG_SPEND_NEW);
    change_the_map(w);
    assert_int_equal(spend(&w->new, MOVED, MOVED + 1, "two"), TG_SPEND_KNOWN);
    client_open(&a, w->groups[A]);
    assert_int_equal(spend(&a, MOVED, MOVED + 1, "three"), TG_SPEND_KNOWN);
    client_close(&a);
}

static void probe__goes_to_a_group_that_can_be_used(void **state)
{
    struct world *w = *state;
    struct tg_store_key key = key_of(MOVED);

    w->owner->ops->place(w->owner, &key);
    assert_int_equal(key.bytes[0], 0);
    epoch_store_set_usable(w->groups[A], false); /* b has no shard alone yet */
    key.bytes[0] = 0x74;
    w->owner->ops->place(w->owner, &key);
    assert_int_equal(key.bytes[0], 0x74);
    assert_ptr_equal(tg_store_part(w->owner, 1), w->groups[B]);
    assert_null(tg_store_part(w->owner, 2));
    assert_ptr_equal(tg_store_part(w->groups[A], 0), w->groups[A]);
    assert_null(tg_store_part(w->groups[A], 1));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(before_the_change__both_nodes_make_records_by_version_1),
        CASE(after_the_change__new_records_are_in_the_new_group_and_old_ones_are_found),
        CASE(old_file_after_the_change__no_absence_is_certain),
        CASE(between_the_groups__nothing_of_a_moved_shard_is_made),
        CASE(other_print_of_the_version__nothing_is_certain),
        CASE(map_changed_after_the_look__made_by_the_new_version),
        CASE(created_before_the_older_group_closed__not_made_again),
        CASE(new_group_read_late__older_absence_does_not_count),
        CASE(record_that_ended_after_the_look__looked_for_again),
        CASE(group_away__records_of_the_others_are_served_at_once),
        CASE(group_away__absence_is_not_certain),
        CASE(new_group_away_before_the_change__not_needed),
        CASE(lease__of_both_groups__each_entry_settled_where_it_lies),
        CASE(lease__smaller_than_what_is_due__says_that_more_is_due),
        CASE(group_known_to_be_away__passed_over),
        CASE(time_mark__the_latest_of_all_groups),
        CASE(sweep__of_all_groups__done_up_to_the_earliest_time),
        CASE(spent_key__in_the_fixed_group_across_the_change),
        CASE(probe__goes_to_a_group_that_can_be_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
