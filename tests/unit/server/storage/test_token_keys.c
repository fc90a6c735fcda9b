/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "server/storage/token_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/b64.h"

#define SPKI_MAX 1024u
#define NOW_S INT64_C(1900000000)
#define DAY_S 86400

struct fixture {
    struct tg_store *store;
    struct tg_fault fault;
    const char *advice;
    struct tg_moment now;
    char folder[64];
    char dir[80];
};

static const struct tg_store_limits limits = { .live_max = 0 };

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));

    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/tg-keys-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->dir, sizeof(f->dir), "%s/db", f->folder);
    assert_int_equal(tg_store_lmdb_open(&f->store, f->dir, &limits, NULL, NULL), TG_OK);
    f->now = tg_moment_sure(NOW_S);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = { "data.mdb", "lock.mdb", "tigress.lock", "" };
    struct fixture *f = *state;

    if (f->store != NULL) {
        f->store->ops->close(&f->store);
    }
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
        (void)remove(path);
    }
    (void)rmdir(f->folder);
    test_free(f);
    return 0;
}

/* The ends of the two keys in the tests' data; 0: the key is not in the file. */
static struct tg_private_token_issuers *issuers_of(int64_t first_s, int64_t second_s)
{
    static const char *const files[] = { TG_TEST_DATA "/privacypass/test_issuer_key_1.spki.der",
                                         TG_TEST_DATA "/privacypass/test_issuer_key_2.spki.der" };
    const int64_t ends[] = { first_s, second_s };
    struct tg_private_token_issuers *issuers = NULL;
    struct tg_buf text;
    bool is_first = true;

    tg_buf_init(&text, 8192);
    tg_buf_append_str(&text, "{\"issuers\":[{\"name\":\"issuer.example\",\"keys\":[");
    for (size_t i = 0; i < TG_COUNT(files); i++) {
        uint8_t spki[SPKI_MAX];
        char end[64];
        FILE *file = ends[i] == 0 ? NULL : fopen(files[i], "rb");
        size_t len = file == NULL ? 0 : fread(spki, 1, sizeof(spki), file);

        if (ends[i] == 0) {
            continue;
        }
        assert_true(len > 0 && fclose(file) == 0);
        tg_buf_append_str(&text, is_first ? "{\"token-key\":\"" : ",{\"token-key\":\"");
        tg_b64_encode(&text, tg_bytes(spki, len), TG_B64_URL);
        (void)snprintf(end, sizeof(end), "\",\"not-after\":%lld}", (long long)ends[i]);
        tg_buf_append_str(&text, end);
        is_first = false;
    }
    tg_buf_append_str(&text, "]}]}");
    assert_int_equal(tg_private_token_issuers_parse(&issuers, tg_buf_view(&text), NULL), TG_OK);
    tg_buf_deinit(&text);
    return issuers;
}

static enum tg_err start(struct fixture *f, int64_t first_s, int64_t second_s)
{
    struct tg_private_token_issuers *issuers = issuers_of(first_s, second_s);
    enum tg_err err = TG_OK;

    f->fault = (struct tg_fault){ "" };
    f->advice = NULL;
    err = tg_token_keys_open(f->store, issuers, &f->now, &f->fault, &f->advice);
    tg_private_token_issuers_free(&issuers);
    return err;
}

/* As --check-config, with the store closed. */
static enum tg_err check(struct fixture *f, int64_t first_s, int64_t second_s)
{
    struct tg_private_token_issuers *issuers = issuers_of(first_s, second_s);
    enum tg_err err = TG_OK;

    f->store->ops->close(&f->store);
    f->fault = (struct tg_fault){ "" };
    f->advice = NULL;
    err = tg_token_keys_check(f->dir, issuers, &f->now, &f->fault, &f->advice);
    tg_private_token_issuers_free(&issuers);
    assert_int_equal(tg_store_lmdb_open(&f->store, f->dir, &limits, NULL, NULL), TG_OK);
    return err;
}

static void assert_refused(struct fixture *f, enum tg_err err, enum tg_err expected,
                           const char *said)
{
    assert_int_equal(err, expected);
    if (strstr(f->fault.text, said) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", f->fault.text, said);
    }
    assert_non_null(f->advice);
}

static void wake(void *ctx)
{
    *(volatile bool *)ctx = true;
}

static void swept(void *ctx, enum tg_err err, const struct tg_store_swept *what)
{
    (void)what;
    assert_int_equal(err, TG_OK);
    *(bool *)ctx = true;
}

static void sweep(struct fixture *f, int64_t now_s)
{
    struct tg_store_port *port = NULL;
    bool is_woken = false;
    bool is_done = false;

    assert_int_equal(f->store->ops->attach(f->store, wake, &is_woken, &port), TG_OK);
    f->store->ops->sweep(port, now_s, 1000, swept, &is_done);
    while (!is_done) {
        (void)usleep(1000);
        f->store->ops->dispatch(port);
    }
    f->store->ops->detach(&port);
}

/* What the store knows: an o for an open series, a c for a closed one. */
struct shown {
    char text[8];
    int64_t end_s;
};

static bool see(void *ctx, const struct tg_store_seen *seen)
{
    struct shown *shown = ctx;

    if (seen->kind == TG_STORE_SEEN_SERIES) {
        (void)strncat(shown->text, seen->is_closed ? "c" : "o",
                      sizeof(shown->text) - strlen(shown->text) - 1);
        shown->end_s = seen->expires_s;
    }
    return true;
}

static struct shown show(struct fixture *f)
{
    struct shown shown = { .end_s = 0 };

    assert_int_equal(f->store->ops->survey(f->store, TG_STORE_SURVEY_ALL, see, &shown), TG_OK);
    return shown;
}

/* ---- opening -------------------------------------------------------------------------------- */

static void key__valid_in_the_future__opens_its_series_and_moves_its_end(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(start(f, NOW_S + 10, 0), TG_OK);
    assert_string_equal(show(f).text, "o");
    assert_int_equal(show(f).end_s, NOW_S + 10 + DAY_S);
    assert_int_equal(start(f, NOW_S + 500, 0), TG_OK);
    assert_int_equal(show(f).end_s, NOW_S + 500 + DAY_S);
    assert_int_equal(start(f, NOW_S + 20, NOW_S + 30), TG_OK);
    assert_string_equal(show(f).text, "oo");
}

/* A key that has ended, also by a mistake in the file, changes nothing in the store. */
static void key__that_has_ended__changes_nothing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(start(f, NOW_S, 0), TG_OK);
    assert_string_equal(show(f).text, "");
    assert_int_equal(start(f, NOW_S + 100, 0), TG_OK);
    assert_int_equal(start(f, NOW_S - 5 * DAY_S, 0), TG_OK);
    assert_int_equal(show(f).end_s, NOW_S + 100 + DAY_S);
}

/* The clock may be wrong at the start and right later: then the tokens of the key must be spent. */
static void key__that_may_have_ended__has_its_series(void **state)
{
    struct fixture *f = *state;

    f->now.high_s = NOW_S + 1000;
    assert_int_equal(start(f, NOW_S + 1000, 0), TG_OK);
    assert_string_equal(show(f).text, "o");
    assert_int_equal(show(f).end_s, NOW_S + 1000 + DAY_S);
}

/* Retired by both times or by none: a start while the clock is disputed is not refused for it. */
static void key__retired_that_may_have_ended__no_fault_and_stays_retired(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(start(f, NOW_S + 10, 0), TG_OK);
    sweep(f, NOW_S + 10 + DAY_S);
    f->now.high_s = NOW_S + 1000;
    assert_int_equal(start(f, NOW_S + 500, 0), TG_OK);
    f->now = tg_moment_sure(NOW_S);
    assert_refused(f, start(f, NOW_S + 500, 0), TG_E_DENIED, "this key is retired");
}

static void key__no_longer_in_the_file__stays_open_until_its_end(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(start(f, NOW_S + 10, 0), TG_OK);
    assert_int_equal(start(f, 0, NOW_S + 30 * DAY_S), TG_OK);
    assert_string_equal(show(f).text, "oo");
    sweep(f, NOW_S + 10 + DAY_S - 1);
    assert_string_equal(show(f).text, "oo");
    assert_int_equal(start(f, NOW_S + 50, NOW_S + 30 * DAY_S), TG_OK);
    sweep(f, NOW_S + 10 + DAY_S);
    assert_string_equal(show(f).text, "oo");
}

/* spec-test: protocol/6#retired-key-for-good */
static void key__retired__refused_when_it_is_made_valid_again(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(start(f, NOW_S + 10, NOW_S + 90 * DAY_S), TG_OK);
    sweep(f, NOW_S + 10 + DAY_S);
    f->now = tg_moment_sure(NOW_S + 2 * DAY_S);
    /* The file that the relay ran with is accepted. */
    assert_int_equal(start(f, NOW_S + 10, NOW_S + 90 * DAY_S), TG_OK);
    assert_int_equal(check(f, NOW_S + 10, NOW_S + 90 * DAY_S), TG_OK);
    assert_refused(f, start(f, NOW_S + 3 * DAY_S, NOW_S + 90 * DAY_S), TG_E_DENIED,
                   "issuer 1, key 1: this key is retired");
    assert_refused(f, check(f, NOW_S + 3 * DAY_S, NOW_S + 90 * DAY_S), TG_E_DENIED,
                   "issuer 1, key 1: this key is retired");
    /* Also by a clock that went back. */
    f->now = tg_moment_sure(NOW_S);
    assert_refused(f, start(f, NOW_S + 10, 0), TG_E_DENIED, "this key is retired");
    assert_int_equal(start(f, 0, NOW_S + 90 * DAY_S), TG_OK);
}

static void no_issuers__nothing_to_do(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tg_token_keys_open(f->store, NULL, &f->now, &f->fault, &f->advice), TG_OK);
    assert_int_equal(tg_token_keys_check(f->dir, NULL, &f->now, &f->fault, &f->advice), TG_OK);
}

static void check__without_a_store__no_fault_and_makes_none(void **state)
{
    struct fixture *f = *state;
    struct tg_private_token_issuers *issuers = issuers_of(NOW_S + 10, 0);
    char dir[100];

    (void)snprintf(dir, sizeof(dir), "%s/none", f->folder);
    assert_int_equal(tg_token_keys_check(dir, issuers, &f->now, &f->fault, &f->advice), TG_OK);
    assert_int_not_equal(access(dir, F_OK), 0);
    tg_private_token_issuers_free(&issuers);
}

/* ---- the maximum ---------------------------------------------------------------------------- */

static void done(void *ctx, enum tg_err err)
{
    assert_int_equal(err, TG_OK);
    ++*(size_t *)ctx;
}

/* Fills the store with series of keys that nobody has. */
static void fill_series(struct fixture *f, size_t count)
{
    struct tg_store_port *port = NULL;
    bool is_woken = false;
    size_t done_count = 0;

    assert_int_equal(f->store->ops->attach(f->store, wake, &is_woken, &port), TG_OK);
    for (size_t i = 0; i < count; i++) {
        struct tg_store_key series = { { (uint8_t)i, (uint8_t)(i >> 8), 1 } };

        f->store->ops->series(port, &series, NOW_S, done, &done_count);
    }
    while (done_count < count) {
        (void)usleep(1000);
        f->store->ops->dispatch(port);
    }
    f->store->ops->detach(&port);
}

static void key__one_more_than_the_store_remembers__refused(void **state)
{
    struct fixture *f = *state;

    fill_series(f, TG_SERIES_MAX - 1);
    assert_int_equal(check(f, NOW_S + 10, 0), TG_OK);
    assert_refused(f, check(f, NOW_S + 10, NOW_S + 20), TG_E_FULL, "issuer 1, key 2: ");
    assert_int_equal(start(f, NOW_S + 10, 0), TG_OK);
    assert_int_equal(check(f, NOW_S + 10, 0), TG_OK);
    assert_refused(f, start(f, NOW_S + 10, NOW_S + 20), TG_E_FULL,
                   "issuer 1, key 2: the store remembers 4096 token keys, its maximum");
    assert_refused(f, check(f, NOW_S + 10, NOW_S + 20), TG_E_FULL, "issuer 1, key 2: ");
    assert_int_equal(start(f, NOW_S + 900, NOW_S - 1), TG_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(key__valid_in_the_future__opens_its_series_and_moves_its_end),
        CASE(key__that_has_ended__changes_nothing),
        CASE(key__that_may_have_ended__has_its_series),
        CASE(key__retired_that_may_have_ended__no_fault_and_stays_retired),
        CASE(key__no_longer_in_the_file__stays_open_until_its_end),
        CASE(key__retired__refused_when_it_is_made_valid_again),
        CASE(no_issuers__nothing_to_do),
        CASE(check__without_a_store__no_fault_and_makes_none),
        CASE(key__one_more_than_the_store_remembers__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
