/* SPDX-License-Identifier: Apache-2.0 */
/* Facts and the time mark: the contract of store.h, run against every backend. */
#include "contract/contract_support.h"

#include <stdio.h>
#include <string.h>

#define NEVER_S INT64_C(4000000000)

static const struct backend *backend_now; /* the backend of the running group */

static int setup(void **state)
{
    struct fixture *f = malloc(sizeof(*f));

    assert_non_null(f);
    fixture_open(f, backend_now, NULL);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

static void assert_fact(struct tg_store *store, enum tg_fact fact, uint64_t version,
                        struct tg_bytes value)
{
    static struct tg_store_fact_copy copy;

    memset(&copy, 0xa5, sizeof(copy));
    assert_int_equal(tg_store_fact_load(store, fact, &copy), TG_OK);
    assert_int_equal(copy.version, version);
    assert_int_equal(copy.len, value.len);
    if (value.len > 0) {
        assert_memory_equal(copy.bytes, value.ptr, value.len);
    }
}

/* 0: the mark is absent. */
static int64_t mark_of(struct tg_store *store)
{
    static struct tg_store_fact_copy copy;
    uint64_t mark = 0;

    assert_int_equal(tg_store_fact_load(store, TG_FACT_TIME_MARK, &copy), TG_OK);
    assert_int_equal(copy.len, copy.version == 0 ? 0 : 8);
    for (size_t i = 0; i < copy.len; i++) {
        mark = mark << 8 | copy.bytes[i];
    }
    return (int64_t)mark;
}

static void fact__that_was_never_written__is_absent(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < TG_FACT_COUNT; i++) {
        assert_fact(f->store, (enum tg_fact)i, 0, tg_bytes(NULL, 0));
    }
}

static void save__of_an_absent_fact__writes_it_once(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tg_store_fact_save(f->store, TG_FACT_STORE_ID, 0, TG_LIT("first")), TG_OK);
    assert_int_equal(tg_store_fact_save(f->store, TG_FACT_STORE_ID, 0, TG_LIT("second")),
                     TG_E_CONFLICT);
    assert_fact(f->store, TG_FACT_STORE_ID, 1, TG_LIT("first"));
    assert_fact(f->store, TG_FACT_EPOCH, 0, tg_bytes(NULL, 0));
    assert_stats(f->store, 0, 0);
}

static void save__compares_the_version(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tg_store_fact_save(f->store, TG_FACT_EPOCH, 1, TG_LIT("x")), TG_E_CONFLICT);
    assert_int_equal(tg_store_fact_save(f->store, TG_FACT_EPOCH, 0, TG_LIT("one")), TG_OK);
    assert_int_equal(tg_store_fact_save(f->store, TG_FACT_EPOCH, 2, TG_LIT("x")), TG_E_CONFLICT);
    assert_int_equal(tg_store_fact_save(f->store, TG_FACT_EPOCH, 1, tg_bytes(NULL, 0)), TG_OK);
    assert_fact(f->store, TG_FACT_EPOCH, 2, tg_bytes(NULL, 0));
    assert_int_equal(tg_store_fact_save(f->store, TG_FACT_EPOCH, 1, TG_LIT("x")), TG_E_CONFLICT);
    assert_fact(f->store, TG_FACT_EPOCH, 2, tg_bytes(NULL, 0));
}

static void fact_at_the_maximum__is_stored_and_one_more_byte_is_full(void **state)
{
    struct fixture *f = *state;
    static uint8_t big[TG_STORE_FACT_MAX + 1];

    memset(big, 0x7e, sizeof(big));
    assert_int_equal(
        tg_store_fact_save(f->store, TG_FACT_EPOCH, 0, tg_bytes(big, TG_STORE_FACT_MAX)), TG_OK);
    assert_int_equal(tg_store_fact_save(f->store, TG_FACT_EPOCH, 1, tg_bytes(big, sizeof(big))),
                     TG_E_FULL);
    assert_fact(f->store, TG_FACT_EPOCH, 1, tg_bytes(big, TG_STORE_FACT_MAX));
}

/* ---- through a port ------------------------------------------------------------------------- */

struct append {
    uint8_t text[8];
    size_t done_count;
    enum tg_err err;
};

/* Adds a letter to the old value. */
static bool append_change(void *ctx, const struct tg_store_fact *old, struct tg_bytes *next)
{
    struct append *a = ctx;
    size_t len = old == NULL ? 0 : old->value.len;

    assert_true(len < sizeof(a->text));
    if (len > 0) {
        memcpy(a->text, old->value.ptr, len);
    }
    a->text[len] = (uint8_t)('a' + len);
    *next = tg_bytes(a->text, len + 1);
    return true;
}

static void append_done(void *ctx, enum tg_err err)
{
    struct append *a = ctx;

    a->done_count++;
    a->err = err;
}

static void changes_of_one_port__keep_their_order_and_answer_once(void **state)
{
    struct fixture *f = *state;
    struct append calls[5] = { { .done_count = 0 } };

    for (size_t i = 0; i < TG_COUNT(calls); i++) {
        f->client.ops->fact(f->client.port, TG_FACT_EPOCH, append_change, &calls[i], append_done);
        assert_int_equal(calls[i].done_count, 0);
    }
    for (size_t i = 0; i < TG_COUNT(calls); i++) {
        while (calls[i].done_count == 0) {
            client_wait(&f->client);
        }
        assert_int_equal(calls[i].done_count, 1);
        assert_int_equal(calls[i].err, TG_OK);
    }
    assert_fact(f->store, TG_FACT_EPOCH, 5, TG_LIT("abcde"));
}

/* ---- the time mark -------------------------------------------------------------------------- */

static enum tg_err change_at(struct client *c, unsigned key, enum tg_store_verdict verdict,
                             int64_t mark_s)
{
    struct call call = call_put(1, NEVER_S, TG_LIT("x"));

    call.verdict = verdict;
    call.mark_s = mark_s;
    call_start(c, key, &call);
    call_finish(c, &call);
    return call.err;
}

static void mark__is_raised_by_a_change_and_never_lowered(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(change_at(&f->client, 1, TG_STORE_PUT, 0), TG_OK);
    assert_int_equal(mark_of(f->store), 0);
    assert_int_equal(change_at(&f->client, 1, TG_STORE_PUT, 1000), TG_OK);
    assert_int_equal(mark_of(f->store), 1000);
    assert_int_equal(change_at(&f->client, 2, TG_STORE_PUT, 999), TG_OK);
    assert_int_equal(change_at(&f->client, 3, TG_STORE_PUT, 0), TG_OK);
    assert_int_equal(mark_of(f->store), 1000);
    assert_int_equal(change_at(&f->client, 1, TG_STORE_REMOVE, 1001), TG_OK);
    assert_int_equal(mark_of(f->store), 1001);
    assert_int_equal(change_at(&f->client, 1, TG_STORE_PUT, INT64_MAX), TG_OK);
    if (f->backend->has_clock) {
        assert_in_range(mark_of(f->store), 1002, NEVER_S);
    } else {
        assert_int_equal(mark_of(f->store), INT64_MAX);
    }
}

static void mark__without_a_write__stays(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(change_at(&f->client, 1, TG_STORE_PUT, 10), TG_OK);
    assert_int_equal(change_at(&f->client, 1, TG_STORE_KEEP, 20), TG_OK);
    assert_int_equal(change_at(&f->client, 2, TG_STORE_REMOVE, 20), TG_OK);
    assert_int_equal(mark_of(f->store), 10);
}

static void mark__of_a_refused_change__stays(void **state)
{
    struct fixture f;
    const struct tg_store_limits limits = { .live_max = 1 };

    (void)state;
    fixture_open(&f, backend_now, &limits);
    assert_int_equal(change_at(&f.client, 1, TG_STORE_PUT, 10), TG_OK);
    assert_int_equal(change_at(&f.client, 2, TG_STORE_PUT, 20), TG_E_FULL);
    assert_int_equal(mark_of(f.store), 10);
    fixture_close(&f);
}

static void mark__is_the_latest_of_changes_that_share_a_commit(void **state)
{
    struct fixture *f = *state;
    struct call calls[64];

    for (unsigned i = 0; i < TG_COUNT(calls); i++) {
        calls[i] = call_put(1, NEVER_S, TG_LIT("x"));
        calls[i].mark_s = i == 20 ? 5000 : 100 + (int64_t)i;
        call_start(&f->client, i, &calls[i]);
    }
    for (unsigned i = 0; i < TG_COUNT(calls); i++) {
        call_finish(&f->client, &calls[i]);
        assert_int_equal(calls[i].err, TG_OK);
    }
    assert_int_equal(mark_of(f->store), 5000);
}

/* What was removed as expired is not expected again by an earlier clock. */
static void mark__is_raised_by_a_sweep_that_removes(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(put(&f->client, 1, 1, 500, TG_LIT("a")), TG_OK);
    assert_int_equal(sweep(&f->client, 499, 10), 0);
    assert_int_equal(mark_of(f->store), 0);
    assert_int_equal(sweep(&f->client, 500, 10), 1);
    assert_int_equal(mark_of(f->store), 500);
    assert_int_equal(sweep(&f->client, 900, 10), 0);
    assert_int_equal(mark_of(f->store), 500);
}

/* ---- surveys -------------------------------------------------------------------------------- */

/* What a survey showed, as one text: a letter for the kind, what it is, its bytes. */
struct shown {
    char text[512];
    size_t left; /* items until see() ends the survey */
};

static bool see(void *ctx, const struct tg_store_seen *seen)
{
    struct shown *s = ctx;
    size_t len = strlen(s->text);
    int64_t number = seen->kind == TG_STORE_SEEN_FACT ? (int64_t)seen->fact : seen->expires_s;

    assert_true(s->left > 0);
    (void)snprintf(s->text + len, sizeof(s->text) - len, "%c%u:%lld:%u:%.*s ", "FSKRE"[seen->kind],
                   seen -> kind == TG_STORE_SEEN_FACT ? 0 : number_of(&seen->key),
                   (long long)number, (unsigned)seen -> version, (int)seen -> bytes.len,
                   seen->bytes.len == 0 ? "" : (const char *)seen->bytes.ptr);
    return --s->left > 0;
}

static void put_some(struct fixture *f)
{
    assert_int_equal(tg_store_fact_save(f->store, TG_FACT_EPOCH, 0, TG_LIT("one")), TG_OK);
    assert_int_equal(tg_store_fact_save(f->store, TG_FACT_EPOCH, 1, TG_LIT("two")), TG_OK);
    assert_int_equal(put(&f->client, 7, 3, 500, TG_LIT("seven")), TG_OK);
    assert_int_equal(tell(&f->client, 9, 40, 600, TG_LIT("push")), TG_OK);
    assert_int_equal(series_open(&f->client, 5, 1000), TG_OK);
}

static void survey__shows_facts_series_records_and_entries(void **state)
{
    struct fixture *f = *state;
    static struct shown shown;

    shown = (struct shown){ .left = 10 };
    assert_int_equal(f->client.ops->survey(f->store, TG_STORE_SURVEY_ALL, see, &shown), TG_OK);
    assert_string_equal(shown.text, "");
    put_some(f);
    assert_int_equal(f->client.ops->survey(f->store, TG_STORE_SURVEY_ALL, see, &shown), TG_OK);
    assert_non_null(strstr(shown.text, "F0:2:2:two "));
    assert_non_null(strstr(shown.text, " R7:500:3:seven "));
    assert_non_null(strstr(shown.text, " R999999999:4000000000:1:x "));
    assert_non_null(strstr(shown.text, " E9:600:0:push "));
    assert_non_null(strstr(shown.text, " S5:1000:0: "));
    assert_true(strstr(shown.text, "R7") > strstr(shown.text, "S5"));
    assert_int_equal(shown.left, 5);
    assert_memory_equal(shown.text, "F", 1);
    assert_true(strstr(shown.text, "E9") > strstr(shown.text, "R7"));
}

static void survey__ends_when_it_is_told_to(void **state)
{
    struct fixture *f = *state;
    static struct shown shown;

    put_some(f);
    for (size_t left = 1; left <= 4; left++) {
        shown = (struct shown){ .left = left };
        assert_int_equal(f->client.ops->survey(f->store, TG_STORE_SURVEY_ALL, see, &shown), TG_OK);
        assert_int_equal(shown.left, 0);
    }
}

/* ---- copies of a store ---------------------------------------------------------------------- */

static void restore_alone(struct fixture *f, enum tg_store_restored how, uint64_t commits_min)
{
    client_close(&f->client);
    assert_int_equal(f->store->ops->restore(f->store, how, commits_min), TG_OK);
    client_open(&f->client, f->store);
}

static void restore__drop__removes_records_and_outbox_and_keeps_facts(void **state)
{
    struct fixture *f = *state;
    struct call call;

    put_some(f);
    for (unsigned i = 100; i < 400; i++) {
        assert_int_equal(put(&f->client, i, 1, 500 + i, TG_LIT("x")), TG_OK);
    }
    restore_alone(f, TG_STORE_RESTORED_DROP, 0);
    assert_stats(f->store, 0, 0);
    assert_outbox(f->store, 0);
    assert_false(look(&f->client, 7, &call));
    assert_fact(f->store, TG_FACT_EPOCH, 2, TG_LIT("two"));
    assert_int_equal(sweep(&f->client, NEVER_S, 1000), 0);
    assert_int_equal(put(&f->client, 7, 9, 600, TG_LIT("again")), TG_OK);
    assert_true(look(&f->client, 7, &call));
    assert_int_equal(call.seen.version, 9);
    assert_stats(f->store, 1, 5);
    assert_int_equal(sweep(&f->client, 600, 1000), 1);
}

static void restore__keep__changes_no_record(void **state)
{
    struct fixture *f = *state;
    struct call call;

    put_some(f);
    restore_alone(f, TG_STORE_RESTORED_KEEP, 0);
    assert_true(look(&f->client, 7, &call));
    assert_int_equal(call.seen.version, 3);
    assert_outbox(f->store, 1);
    assert_fact(f->store, TG_FACT_EPOCH, 2, TG_LIT("two"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(fact__that_was_never_written__is_absent),
        CASE(save__of_an_absent_fact__writes_it_once),
        CASE(save__compares_the_version),
        CASE(fact_at_the_maximum__is_stored_and_one_more_byte_is_full),
        CASE(changes_of_one_port__keep_their_order_and_answer_once),
        CASE(mark__is_raised_by_a_change_and_never_lowered),
        CASE(mark__without_a_write__stays),
        cmocka_unit_test(mark__of_a_refused_change__stays),
        CASE(mark__is_the_latest_of_changes_that_share_a_commit),
        CASE(mark__is_raised_by_a_sweep_that_removes),
        CASE(survey__shows_facts_series_records_and_entries),
        CASE(survey__ends_when_it_is_told_to),
        CASE(restore__drop__removes_records_and_outbox_and_keeps_facts),
        CASE(restore__keep__changes_no_record),
    };
    int failed = 0;

    for (size_t i = 0; i < backend_count; i++) {
        backend_now = &backends[i];
        failed += cmocka_run_group_tests_name(backends[i].name, tests, NULL, NULL);
    }
    return failed == 0 ? 0 : 1;
}
