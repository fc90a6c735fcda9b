/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "server/ops/metrics.h"

#include <pthread.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS 3u
#define ROUNDS 20000

struct fixture {
    struct tg_metrics *m;
    struct tg_buf text;
    struct tg_metrics_now now;
};

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));

    assert_int_equal(tg_metrics_new(&f->m, BLOCKS), TG_OK);
    tg_buf_init(&f->text, TG_METRICS_TEXT_MAX);
    f->now = (struct tg_metrics_now){
        .store = { .live_count = 12, .live_bytes = 3456, .ended_count = 34, .spent_count = 56 },
        .sweep_behind_s = 17,
        .is_store_ready = true,
        .start_s = 1900000042,
        .cert_not_after_s = 1900000043
    };
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    tg_metrics_free(&f->m);
    assert_null(f->m);
    tg_buf_deinit(&f->text);
    test_free(f);
    return 0;
}

static const char *formatted(struct fixture *f)
{
    tg_buf_clear(&f->text);
    assert_int_equal(tg_metrics_format(&f->text, f->m, &f->now), TG_OK);
    return tg_buf_cstr(&f->text);
}

static void assert_line(struct fixture *f, const char *line)
{
    char with_ends[256];

    (void)snprintf(with_ends, sizeof(with_ends), "\n%s\n", line);
    if (strstr(formatted(f), with_ends) == NULL) {
        fail_msg("no line \"%s\"", line);
    }
}

static void block__each__on_its_own_cache_line(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < BLOCKS; i++) {
        assert_int_equal((uintptr_t)tg_metrics_block(f->m, i) % 64, 0);
    }
    assert_true((size_t)((char *)tg_metrics_block(f->m, 1) - (char *)tg_metrics_block(f->m, 0)) >=
                sizeof(struct tg_metrics_block));
    assert_null(tg_metrics_block(f->m, BLOCKS));
}

static void format__counts_of_all_blocks__summed(void **state)
{
    struct fixture *f = *state;

    tg_metrics_request(tg_metrics_block(f->m, 0), TG_CALL_CREATE, 200, 90);
    tg_metrics_request(tg_metrics_block(f->m, 1), TG_CALL_CREATE, 201, 110);
    tg_metrics_request(tg_metrics_block(f->m, 2), TG_CALL_READ, 401, UINT64_MAX);
    tg_metrics_request(tg_metrics_block(f->m, 2), -1, 404, 9000000);
    tg_metrics_request(tg_metrics_block(f->m, 2), 77, 999, 0);
    tg_metrics_count(tg_metrics_block(f->m, 0), TG_COUNTER_ACCEPTED);
    tg_metrics_count_n(tg_metrics_block(f->m, 1), TG_COUNTER_ACCEPTED, 4);
    tg_metrics_count(tg_metrics_block(f->m, 1), TG_COUNTER_REFUSED_RATE);
    tg_metrics_gauge_add(tg_metrics_block(f->m, 0), TG_GAUGE_CONNECTIONS, 3);
    tg_metrics_gauge_add(tg_metrics_block(f->m, 1), TG_GAUGE_CONNECTIONS, -1);
    assert_line(f, "tigress_requests_total{call=\"create\",code=\"2xx\"} 2");
    assert_line(f, "tigress_requests_total{call=\"read\",code=\"4xx\"} 1");
    assert_line(f, "tigress_requests_total{call=\"other\",code=\"4xx\"} 1");
    assert_line(f, "tigress_requests_total{call=\"other\",code=\"5xx\"} 1");
    assert_line(f, "tigress_connections_accepted_total 5");
    assert_line(f, "tigress_refusals_total{reason=\"rate\"} 1");
    assert_line(f, "tigress_connections 2");
    assert_line(f, "tigress_mailboxes 12");
    assert_line(f, "tigress_tombstones 34");
    assert_line(f, "tigress_spent_tokens 56");
    assert_line(f, "tigress_store_bytes 3456");
    assert_line(f, "tigress_sweep_behind_seconds 17");
    assert_line(f, "tigress_store_ready 1");
    assert_line(f, "tigress_request_duration_seconds_bucket{le=\"0.0001\"} 2");
    assert_line(f, "tigress_request_duration_seconds_bucket{le=\"0.00025\"} 3");
    assert_line(f, "tigress_request_duration_seconds_bucket{le=\"5\"} 3");
    assert_line(f, "tigress_request_duration_seconds_bucket{le=\"+Inf\"} 4");
    assert_line(f, "tigress_request_duration_seconds_count 4");
    assert_line(f, "tigress_request_duration_seconds_sum 9.0002");
    assert_int_equal(tg_metrics_counter_sum(f->m, TG_COUNTER_ACCEPTED), 5);
    assert_int_equal(tg_metrics_gauge_sum(f->m, TG_GAUGE_CONNECTIONS), 2);
}

static void format__start_time__cut_to_the_minute(void **state)
{
    struct fixture *f = *state;

    assert_line(f, "tigress_start_time_seconds 1900000020");
    assert_line(f, "tigress_certificate_expiry_seconds 1900000043");
    f->now.cert_not_after_s = 0;
    assert_null(strstr(formatted(f), "certificate"));
}

static void format__push__by_provider_and_outcome_if_one_is_enabled(void **state)
{
    struct fixture *f = *state;

    assert_null(strstr(formatted(f), "tigress_push_total"));
    assert_null(strstr(formatted(f), "tigress_push_outbox"));
    f->now.has_push = true;
    f->now.store.outbox_count = 7;
    tg_metrics_push(tg_metrics_block(f->m, 0), TG_PUSH_APNS, TG_PUSH_RESULT_TAKEN);
    tg_metrics_push(tg_metrics_block(f->m, 1), TG_PUSH_APNS, TG_PUSH_RESULT_TAKEN);
    tg_metrics_push(tg_metrics_block(f->m, 1), TG_PUSH_WEBHOOK, TG_PUSH_RESULT_GIVEN_UP);
    assert_line(f, "tigress_push_total{provider=\"apns\",outcome=\"taken\"} 2");
    assert_line(f, "tigress_push_total{provider=\"webhook\",outcome=\"given_up\"} 1");
    assert_line(f, "tigress_push_total{provider=\"fcm\",outcome=\"retried\"} 0");
    assert_line(f, "tigress_push_total{provider=\"webpush\",outcome=\"dropped\"} 0");
    assert_line(f, "tigress_push_outbox 7");
    assert_line(f, "tigress_push_process_up 0");
    f->now.is_push_up = true;
    assert_line(f, "tigress_push_process_up 1");
}

static void format__database__only_of_a_store_in_one(void **state)
{
    struct fixture *f = *state;

    assert_null(strstr(formatted(f), "tigress_database"));
    f->now.has_database = true;
    f->now.database = (struct tg_store_database){
        .up_count = 3,
        .wanted_count = 4,
        .losses = { [TG_REASON_DATABASE_UNREACHABLE] = 5, [TG_REASON_DATABASE_COPIED] = 6 },
        .batch_count = 7,
        .change_count = 8,
        .conflict_count = 9,
        .overtaken_count = 10,
        .doubt_count = 11,
        .waits = { [0] = 1, [3] = 2, [TG_STORE_WAIT_COUNT] = 4 },
        .wait_sum_us = 1500,
    };
    assert_line(f, "tigress_database_connections 3");
    assert_line(f, "tigress_database_connections_wanted 4");
    assert_line(f, "tigress_database_synchronous 0");
    assert_line(f, "tigress_database_losses_total{reason=\"database-unreachable\"} 5");
    assert_line(f, "tigress_database_losses_total{reason=\"database-copied-to-another-store\"} 6");
    assert_line(f, "tigress_database_losses_total{reason=\"database-does-not-answer\"} 0");
    assert_line(f, "tigress_database_batches_total 7");
    assert_line(f, "tigress_database_changes_total 8");
    assert_line(f, "tigress_database_repeats_total{cause=\"conflict\"} 9");
    assert_line(f, "tigress_database_repeats_total{cause=\"overtaken\"} 10");
    assert_line(f, "tigress_database_repeats_total{cause=\"doubt\"} 11");
    assert_line(f, "tigress_database_commit_wait_seconds_bucket{le=\"0.001\"} 1");
    assert_line(f, "tigress_database_commit_wait_seconds_bucket{le=\"0.01\"} 3");
    assert_line(f, "tigress_database_commit_wait_seconds_bucket{le=\"+Inf\"} 7");
    assert_line(f, "tigress_database_commit_wait_seconds_sum 0.0015");
    assert_line(f, "tigress_database_commit_wait_seconds_count 7");
    f->now.database.is_synchronous = true;
    assert_line(f, "tigress_database_synchronous 1");
}

static void format__gauge_below_zero_for_a_moment__zero(void **state)
{
    struct fixture *f = *state;

    tg_metrics_gauge_add(tg_metrics_block(f->m, 0), TG_GAUGE_LONG_POLLS, -1);
    assert_line(f, "tigress_long_polls 0");
}

static size_t name_len(const char *line)
{
    size_t len = 0;

    while (isalnum((unsigned char)line[len]) || line[len] == '_') {
        len++;
    }
    return len;
}

static void format__counter_file__its_failures(void **state)
{
    struct fixture *f = *state;

    f->now.has_counter = true;
    f->now.counter_failures = 4;
    assert_line(f, "tigress_store_counter_failures_total 4");
}

static void format__clock__difference_with_its_sign_and_leaps(void **state)
{
    struct fixture *f = *state;

    assert_line(f, "tigress_clock_difference_seconds 0");
    f->now.clock_difference_s = 3456000;
    f->now.clock_ahead_count = 2;
    f->now.clock_back_count = 3;
    assert_line(f, "tigress_clock_difference_seconds 3456000");
    assert_line(f, "tigress_clock_leaps_total{direction=\"ahead\"} 2");
    assert_line(f, "tigress_clock_leaps_total{direction=\"back\"} 3");
    f->now.clock_difference_s = -3600;
    assert_line(f, "tigress_clock_difference_seconds -3600");
}

/* name or name{label="value",...}, a space, a number */
static void assert_sample(const char *line)
{
    const char *p = line + name_len(line);
    char *end = NULL;

    assert_true(p > line);
    if (*p == '{') {
        do {
            p++;
            assert_true(name_len(p) > 0);
            p += name_len(p);
            assert_int_equal(strncmp(p, "=\"", 2), 0);
            p = strchr(p + 2, '"');
            assert_non_null(p);
            p++;
        } while (*p == ',');
        assert_int_equal(*p, '}');
        p++;
    }
    assert_int_equal(*p, ' ');
    (void)strtod(p + 1, &end);
    assert_true(end > p + 1);
    assert_int_equal(*end, '\0');
}

static void standing__verified__counted_by_scheme_format_and_step(void **state)
{
    struct fixture *f = *state;
    const struct tg_standing_report reports[] = {
        { TG_STANDING_ATTESTATION, TG_STANDING_OK, true, TG_ATTEST_ANDROID_KEY, false },
        { TG_STANDING_ATTESTATION, TG_STANDING_OK, true, TG_ATTEST_ANDROID_KEY, false },
        { TG_STANDING_ATTESTATION, TG_STANDING_ENCODING, false, TG_ATTEST_APPLE, false },
        { TG_STANDING_PRIVATE_TOKEN, TG_STANDING_SPENT, false, TG_ATTEST_APPLE, false },
        { TG_STANDING_NO_SCHEME, TG_STANDING_MISSING, false, TG_ATTEST_APPLE, false },
        { TG_STANDING_NO_SCHEME, TG_STANDING_MISSING, false, TG_ATTEST_APPLE, true },
        { TG_STANDING_ATTESTATION, TG_STANDING_CHAIN, true, TG_ATTEST_APPLE, true },
        { TG_STANDING_ATTESTATION, TG_STANDING_CHAIN, true, TG_ATTEST_APPLE, true },
    };

    assert_null(strstr(formatted(f), "tigress_standing_total{"));
    for (size_t i = 0; i < TG_COUNT(reports); i++) {
        tg_metrics_standing(tg_metrics_block(f->m, i % 2), &reports[i]);
    }
    assert_non_null(strstr(formatted(f), "tigress_standing_total{scheme=\"attestation\",format="
                                         "\"android-key\",step=\"ok\"} 2\n"));
    assert_non_null(strstr(formatted(f),
                           "tigress_standing_total{scheme=\"attestation\",step=\"encoding\"} 1\n"));
    assert_non_null(strstr(formatted(f),
                           "tigress_standing_total{scheme=\"private_token\",step=\"spent\"} 1\n"));
    assert_non_null(
        strstr(formatted(f), "tigress_standing_total{scheme=\"none\",step=\"missing\"} 1\n"));
    assert_non_null(strstr(
        formatted(f), "tigress_standing_reported_total{scheme=\"none\",step=\"missing\"} 1\n"));
    assert_non_null(strstr(formatted(f), "tigress_standing_reported_total{scheme=\"attestation\","
                                         "format=\"apple\",step=\"chain\"} 2\n"));
    assert_null(strstr(formatted(f), "tigress_standing_total{scheme=\"attestation\",format="
                                     "\"apple\",step=\"chain\"}"));
}

/* Checks the whole text by the rules of the exposition format: each sample belongs to the family in
   the HELP and TYPE lines above it, and no family appears twice. */
static void format__whole_text__parses(void **state)
{
    struct fixture *f = *state;
    char *text = strdup(formatted(f));
    char *rest = text;
    char family[128] = "";
    char type[16] = "";
    size_t families = 0;

    for (char *line = strsep(&rest, "\n"); line != NULL && rest != NULL;
         line = strsep(&rest, "\n")) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            char again[160];

            (void)snprintf(family, sizeof(family), "%.*s", (int)name_len(line + 7), line + 7);
            assert_true(strlen(line) > 8 + strlen(family));
            (void)snprintf(again, sizeof(again), "\n# HELP %s ", family);
            assert_null(strstr(rest, again));
            families++;
        } else if (strncmp(line, "# TYPE ", 7) == 0) {
            assert_int_equal(strncmp(line + 7, family, strlen(family)), 0);
            (void)snprintf(type, sizeof(type), "%s", line + 8 + strlen(family));
            assert_true(strcmp(type, "counter") == 0 || strcmp(type, "gauge") == 0 ||
                        strcmp(type, "histogram") == 0);
        } else {
            assert_sample(line);
            assert_int_equal(strncmp(line, family, strlen(family)), 0);
            if (strcmp(type, "histogram") != 0) {
                assert_int_equal(name_len(line), strlen(family));
            }
        }
    }
    assert_int_equal(families, 10 + 1 + 1 + 1 + 1 + 1 + TG_GAUGE_COUNT + 11);
    assert_int_equal(f->text.ptr[f->text.len - 1], '\n');
    free(text);
}

static void format__buffer_too_small__limit(void **state)
{
    struct fixture *f = *state;
    struct tg_buf small = { 0 };

    tg_buf_init(&small, 100);
    assert_int_equal(tg_metrics_format(&small, f->m, &f->now), TG_E_LIMIT);
    tg_buf_deinit(&small);
}

static void *count_many(void *arg)
{
    struct tg_metrics_block *b = arg;

    for (int i = 0; i < ROUNDS; i++) {
        tg_metrics_request(b, TG_CALL_READ, 200, 10);
        tg_metrics_gauge_add(b, TG_GAUGE_REQUESTS, 1);
        tg_metrics_gauge_add(b, TG_GAUGE_REQUESTS, -1);
    }
    return NULL;
}

static void format__while_workers_count__nothing_lost(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[BLOCKS];
    char line[128];

    for (size_t i = 0; i < BLOCKS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, tg_metrics_block(f->m, i)),
                         0);
    }
    for (int i = 0; i < 20; i++) {
        (void)formatted(f);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    (void)snprintf(line, sizeof(line), "tigress_requests_total{call=\"read\",code=\"2xx\"} %u",
                   BLOCKS * ROUNDS);
    assert_line(f, line);
    assert_line(f, "tigress_requests_in_flight 0");
}

static void new__no_blocks__refused(void **state)
{
    struct tg_metrics *m = NULL;

    (void)state;
    assert_int_equal(tg_metrics_new(&m, 0), TG_E_NOMEM);
    assert_null(m);
    tg_metrics_free(&m);
    tg_metrics_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(block__each__on_its_own_cache_line),
        TEST(format__counts_of_all_blocks__summed),
        TEST(format__start_time__cut_to_the_minute),
        TEST(format__counter_file__its_failures),
        TEST(format__clock__difference_with_its_sign_and_leaps),
        TEST(format__push__by_provider_and_outcome_if_one_is_enabled),
        TEST(format__database__only_of_a_store_in_one),
        TEST(format__gauge_below_zero_for_a_moment__zero),
        TEST(standing__verified__counted_by_scheme_format_and_step),
        TEST(format__whole_text__parses),
        TEST(format__buffer_too_small__limit),
        TEST(format__while_workers_count__nothing_lost),
        TEST(new__no_blocks__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
