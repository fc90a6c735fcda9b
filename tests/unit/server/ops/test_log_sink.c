/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "server/ops/log_sink.h"

#include <inttypes.h>
#include <fcntl.h>
#include <pthread.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 4
#define LINES 500

static int64_t fixed_now(void)
{
    return 1900000042; /* 2030-03-17T17:47:22Z */
}

/* A pipe whose write end is the log. */
struct fixture {
    int read_fd;
    struct tg_log_sink sink;
    struct tg_log log;
    char text[65536];
};

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    f->read_fd = fds[0];
    f->sink = (struct tg_log_sink){ .fd = fds[1], .level = TG_LOG_INFO, .now_s = fixed_now };
    f->log = tg_log_sink_table(&f->sink);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    (void)close(f->read_fd);
    (void)close(f->sink.fd);
    test_free(f);
    return 0;
}

static const char *written(struct fixture *f)
{
    ssize_t len = 0;

    assert_int_equal(fcntl(f->read_fd, F_SETFL, O_NONBLOCK), 0);
    len = read(f->read_fd, f->text, sizeof(f->text) - 1);
    f->text[len > 0 ? len : 0] = '\0';
    return f->text;
}

static void write__event_with_fields__one_line_with_the_minute(void **state)
{
    struct fixture *f = *state;

    TG_LOG(&f->log, TG_LOG_WARNING, "store.slow_commit", { "ms", 120 }, { "batch", -1 });
    assert_string_equal(written(f),
                        "2030-03-17T17:47Z warning store.slow_commit ms=120 batch=-1\n");
    tg_log_event(&f->log, TG_LOG_INFO, "server.started", NULL, 0);
    assert_string_equal(written(f), "2030-03-17T17:47Z info server.started\n");
}

static void write__reason__its_word_in_place_of_the_number(void **state)
{
    struct fixture *f = *state;
    char want[128];

    TG_LOG(&f->log, TG_LOG_ERROR, "tls.reload_failed", { "error", 304 },
           { "reason", TG_LOG_REASON(TG_REASON_KEY_MISMATCH) });
    assert_string_equal(written(f), "2030-03-17T17:47Z error tls.reload_failed error=304 "
                                    "reason=key-of-another-certificate\n");
    TG_LOG(&f->log, TG_LOG_ERROR, "x", { "a", INT64_MIN + TG_REASON_COUNT }, { "b", INT64_MIN });
    (void)snprintf(want, sizeof(want),
                   "2030-03-17T17:47Z error x a=%" PRId64 " b=-9223372036854775808\n",
                   INT64_MIN + (int64_t)TG_REASON_COUNT);
    assert_string_equal(written(f), want);
}

/* A word is a name: no character of it can end a field or a line. */
static void reasons__each__a_different_word_of_lower_case_letters_and_hyphens(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TG_REASON_COUNT; i++) {
        const char *name = tg_log_reason_name((enum tg_log_reason)i);

        assert_true(strlen(name) > 0 && strlen(name) <= 32);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
        for (unsigned k = 0; k < i; k++) {
            assert_string_not_equal(name, tg_log_reason_name((enum tg_log_reason)k));
        }
    }
}

static void write__less_urgent_than_level__nothing(void **state)
{
    struct fixture *f = *state;

    tg_log_event(&f->log, TG_LOG_DEBUG, "x", NULL, 0);
    assert_string_equal(written(f), "");
    f->sink.level = TG_LOG_ERROR;
    tg_log_event(&f->log, TG_LOG_WARNING, "x", NULL, 0);
    assert_string_equal(written(f), "");
    tg_log_event(&f->log, TG_LOG_ERROR, "x", NULL, 0);
    assert_string_equal(written(f), "2030-03-17T17:47Z error x\n");
}

static void write__text_as_name__each_other_character_replaced(void **state)
{
    struct fixture *f = *state;

    TG_LOG(&f->log, TG_LOG_INFO, "a\nb %s Z/", { "k=v\033", 1 });
    assert_string_equal(written(f), "2030-03-17T17:47Z info a?b??s??? k?v?=1\n");
}

static void write__name_too_long__cut(void **state)
{
    struct fixture *f = *state;
    char name[TG_LOG_NAME_MAX + 2];

    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    tg_log_event(&f->log, TG_LOG_INFO, name, NULL, 0);
    assert_int_equal(strlen(written(f)), strlen("2030-03-17T17:47Z info \n") + TG_LOG_NAME_MAX);
    tg_log_event(&f->log, TG_LOG_INFO, NULL, NULL, 0);
    assert_string_equal(written(f), "2030-03-17T17:47Z info \n");
}

static void write__too_many_fields__whole_fields_up_to_the_line(void **state)
{
    struct fixture *f = *state;
    struct tg_log_field fields[TG_LOG_FIELDS_MAX + 1];
    const char *text = NULL;

    for (size_t i = 0; i <= TG_LOG_FIELDS_MAX; i++) {
        fields[i] = (struct tg_log_field){ "f", (int64_t)i };
    }
    tg_log_event(&f->log, TG_LOG_INFO, "x", fields, TG_LOG_FIELDS_MAX + 1);
    text = written(f);
    assert_non_null(strstr(text, " f=15\n"));
    assert_null(strstr(text, " f=16"));
    for (size_t i = 0; i < TG_LOG_FIELDS_MAX; i++) {
        fields[i] = (struct tg_log_field){ "a_long_name_of_thirty_characters", INT64_MIN };
    }
    tg_log_event(&f->log, TG_LOG_INFO, "x", fields, TG_LOG_FIELDS_MAX);
    text = written(f);
    assert_in_range(strlen(text), 400, TG_LOG_LINE_MAX);
    assert_string_equal(text + strlen(text) - 21, "-9223372036854775808\n");
}

static void write__bad_descriptor__event_dropped_and_the_next_written(void **state)
{
    struct fixture *f = *state;
    int fd = f->sink.fd;

    f->sink.fd = -1;
    tg_log_event(&f->log, TG_LOG_ERROR, "lost", NULL, 0);
    f->sink.fd = fd;
    tg_log_event(&f->log, TG_LOG_ERROR, "next", NULL, 0);
    assert_string_equal(written(f), "2030-03-17T17:47Z error next\n");
}

static void *write_lines(void *arg)
{
    struct fixture *f = arg;

    for (int i = 0; i < LINES; i++) {
        TG_LOG(&f->log, TG_LOG_INFO, "t", { "n", i });
    }
    return NULL;
}

static void write__from_many_threads__lines_do_not_mix(void **state)
{
    struct fixture *f = *state;
    char path[] = "/tmp/tigress-log-XXXXXX";
    pthread_t threads[THREADS];
    char line[128];
    size_t count = 0;
    FILE *file = NULL;
    int pipe_fd = f->sink.fd;

    f->sink.fd = mkstemp(path);
    assert_true(f->sink.fd >= 0);
    assert_int_equal(fcntl(f->sink.fd, F_SETFL, O_APPEND), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, f), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        assert_int_equal(strncmp(line, "2030-03-17T17:47Z info t n=", 27), 0);
        assert_true(strlen(line) <= 31);
        count++;
    }
    assert_int_equal(count, THREADS * LINES);
    (void)fclose(file);
    (void)close(f->sink.fd);
    f->sink.fd = pipe_fd;
    (void)unlink(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(write__event_with_fields__one_line_with_the_minute),
        TEST(write__reason__its_word_in_place_of_the_number),
        TEST(reasons__each__a_different_word_of_lower_case_letters_and_hyphens),
        TEST(write__less_urgent_than_level__nothing),
        TEST(write__text_as_name__each_other_character_replaced),
        TEST(write__name_too_long__cut),
        TEST(write__too_many_fields__whole_fields_up_to_the_line),
        TEST(write__bad_descriptor__event_dropped_and_the_next_written),
        TEST(write__from_many_threads__lines_do_not_mix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
