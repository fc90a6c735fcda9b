/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/b64.h"
#include "crypto/digest.h"
#include "server/status/style.h"
#include "server/status/units.h"
#include "unit/server/status/status_day.h"

#include <stdlib.h>
#include <string.h>

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("not in the page: %s", part);
    }
}

/* ---- history -------------------------------------------------------------------------------- */

static void history__a_minute__its_counts_alone(void **state)
{
    struct day d;
    const struct tg_sample *s = NULL;

    (void)state;
    day_begin(&d);
    assert_int_equal(tg_history_count(d.history, TG_HISTORY_HOUR), 0);
    tg_metrics_request(d.block, TG_CALL_READ, 200, 150);
    tg_metrics_request(d.block, TG_CALL_READ, 404, 150);
    tg_metrics_request(d.block, -1, 503, 150);
    assert_false(tg_history_is_due(d.history, d.mono_ms + MINUTE_MS - 1));
    d.mailboxes = 7;
    day_minute(&d, 0, 0);
    d.mailboxes = 8;
    tg_metrics_request(d.block, TG_CALL_READ, 304, UINT64_MAX);
    day_minute(&d, 0, 0);
    assert_int_equal(tg_history_count(d.history, TG_HISTORY_HOUR), 2);
    s = tg_history_at(d.history, TG_HISTORY_HOUR, 1);
    assert_int_equal(s->seconds, 60);
    assert_int_equal(s->calls[TG_CALL_READ], 2);
    assert_int_equal(s->calls[TG_CALL_COUNT], 1);
    assert_int_equal(s->classes[TG_HISTORY_DONE], 1);
    assert_int_equal(s->classes[TG_HISTORY_REFUSED], 1);
    assert_int_equal(s->classes[TG_HISTORY_FAILED], 1);
    assert_int_equal(s->mailboxes, 7);
    assert_in_range(s->p50_us, 100, 250);
    s = tg_history_at(d.history, TG_HISTORY_HOUR, 0);
    assert_int_equal(s->calls[TG_CALL_READ], 1);
    assert_int_equal(s->classes[TG_HISTORY_DONE], 1);
    assert_int_equal(s->p99_us, TG_HISTORY_NO_LATENCY); /* a long poll is not measured */
    assert_int_equal(s->mailboxes, 8);
    day_end(&d);
}

static void history__a_day_and_more__fixed_memory_and_the_newest(void **state)
{
    struct day d;

    (void)state;
    day_begin(&d);
    for (unsigned minute = 0; minute < 1500; minute++) {
        d.mailboxes = minute;
        day_minute(&d, 0, 0);
    }
    assert_int_equal(tg_history_count(d.history, TG_HISTORY_HOUR), 60);
    assert_int_equal(tg_history_count(d.history, TG_HISTORY_DAY), 144);
    assert_int_equal(tg_history_at(d.history, TG_HISTORY_HOUR, 0)->mailboxes, 1499);
    assert_int_equal(tg_history_at(d.history, TG_HISTORY_HOUR, 59)->mailboxes, 1440);
    assert_int_equal(tg_history_at(d.history, TG_HISTORY_DAY, 0)->mailboxes, 1499);
    assert_int_equal(tg_history_at(d.history, TG_HISTORY_DAY, 143)->mailboxes, 69);
    assert_int_equal(tg_history_at(d.history, TG_HISTORY_DAY, 0)->seconds, 600);
    day_end(&d);
}

static void history__latency__where_the_percentile_is(void **state)
{
    struct day d;
    const struct tg_sample *s = NULL;

    (void)state;
    day_begin(&d);
    for (unsigned i = 0; i < 98; i++) {
        tg_metrics_request(d.block, TG_CALL_READ, 200, 700); /* bucket 500 to 1000 */
    }
    tg_metrics_request(d.block, TG_CALL_READ, 200, 2000);
    tg_metrics_request(d.block, TG_CALL_READ, 200, 9000000); /* above the last bound */
    day_minute(&d, 0, 0);
    s = tg_history_at(d.history, TG_HISTORY_HOUR, 0);
    assert_in_range(s->p50_us, 700, 800);
    assert_int_equal(s->p99_us, 2500);
    for (unsigned i = 0; i < 10; i++) {
        tg_metrics_request(d.block, TG_CALL_READ, 200, 9000000);
    }
    day_minute(&d, 0, 0);
    assert_int_equal(tg_history_at(d.history, TG_HISTORY_HOUR, 0)->p50_us, 5000000);
    day_end(&d);
}

/* ---- numbers -------------------------------------------------------------------------------- */

static void units__values__as_a_person_reads_them(void **state)
{
    static const struct {
        void (*put)(struct tg_buf *out, uint64_t v);
        uint64_t v;
        const char *text;
    } cases[] = {
        { tg_put_count, 0, "0" },
        { tg_put_count, 999, "999" },
        { tg_put_count, 1000, "1,000" },
        { tg_put_count, 1002003, "1,002,003" },
        { tg_put_count, 18446744073709551615u, "18,446,744,073,709,551,615" },
        { tg_put_short, 999, "999" },
        { tg_put_short, 1000, "1k" },
        { tg_put_short, 1550, "1.5k" },
        { tg_put_short, 25500, "25k" },
        { tg_put_short, 2000000, "2M" },
        { tg_put_bytes, 1023, "1023 B" },
        { tg_put_bytes, 1536, "1.5 KiB" },
        { tg_put_bytes, 17179869184, "16 GiB" },
        { tg_put_us, 100, "0.1 ms" },
        { tg_put_us, 254, "0.25 ms" },
        { tg_put_us, 1000, "1 ms" },
        { tg_put_us, 99960, "100 ms" },
        { tg_put_us, 5000000, "5 s" },
        { tg_put_rate, 0, "0" },
        { tg_put_rate, 50, "0.05" },
        { tg_put_rate, 2500, "2.5" },
        { tg_put_rate, 9999, "10" },
        { tg_put_rate, 12000000, "12k" },
        { tg_put_span, 59, "less than a minute" },
        { tg_put_span, 3600, "1 h" },
        { tg_put_span, 93784, "1 d 2 h" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_buf out;

        tg_buf_init(&out, 64);
        cases[i].put(&out, cases[i].v);
        assert_string_equal(tg_buf_cstr(&out), cases[i].text);
        tg_buf_deinit(&out);
    }
}

/* ---- the page ------------------------------------------------------------------------------- */

static void page__a_busy_day__complete_without_script(void **state)
{
    struct day d;
    struct tg_status status;
    struct tg_buf out;
    const char *text = NULL;

    (void)state;
    day_begin(&d);
    day_pass(&d);
    status = day_status(&d);
    tg_buf_init(&out, TG_STATUS_TEXT_MAX);
    tg_status_write(&out, &status);
    assert_int_equal(tg_buf_status(&out), TG_OK);
    assert_true(out.len < TG_STATUS_TEXT_MAX / 2);
    text = tg_buf_cstr(&out);
    assert_has(text, "Serving</p>");
    assert_has(text, "tigressd 0.1.0 \xc2\xb7 up 20 d 2 h");
    assert_has(text, "<b>107,900</b>");
    assert_has(text, "valid for 61 d, until 2030-03-03 00:00 UTC");
    assert_has(text, "<th scope=\"row\">handshakes</th><td>20,433</td>");
    assert_has(text, "class=\"fill warn\" height=\"6\" width=\"84\"");
    assert_has(text, "class=\"fill bad\" height=\"6\" width=\"96\"");
    assert_has(text, "<th scope=\"row\">apns</th>");
    assert_null(strstr(text, ">webpush<"));
    for (size_t i = 0; i < 2; i++) {
        static const char *const foreign[] = { "<script", " style=" };

        assert_null(strstr(text, foreign[i]));
    }
    tg_buf_deinit(&out);
    day_end(&d);
}

static void page__nothing_yet__says_what_is_counted(void **state)
{
    struct day d;
    struct tg_status status;
    struct tg_buf out;

    (void)state;
    day_begin(&d);
    status = day_status(&d);
    tg_buf_init(&out, TG_STATUS_TEXT_MAX);
    tg_status_write(&out, &status);
    assert_int_equal(tg_buf_status(&out), TG_OK);
    assert_has(tg_buf_cstr(&out), "The first minute is being counted");
    assert_has(tg_buf_cstr(&out), "<td class=\"dim\" colspan=\"2\">none</td>");
    tg_buf_deinit(&out);
    day_end(&d);
}

static void page__what_fails__in_its_words_and_colour(void **state)
{
    struct day d;
    struct tg_status status;
    struct tg_buf out;

    (void)state;
    day_begin(&d);
    status = day_status(&d);
    d.now.is_store_ready = false;
    d.now.store.room = TG_STORE_ROOM_DISK_FULL;
    d.now.cert_not_after_s = status.now_s + 86400;
    d.now.clock_difference_s = -40;
    d.now.is_push_up = false;
    tg_buf_init(&out, TG_STATUS_TEXT_MAX);
    tg_status_write(&out, &status);
    assert_has(tg_buf_cstr(&out), "<p class=\"state bad\">\xe2\x97\x8f The store failed</p>");
    assert_has(tg_buf_cstr(&out), "<td class=\"bad\">disk full: mailboxes can be read and deleted");
    assert_has(tg_buf_cstr(&out), "<td class=\"warn\">valid for 1 d, until");
    assert_has(tg_buf_cstr(&out), "<td class=\"warn\">differs by 40 s");
    assert_has(tg_buf_cstr(&out), "<td class=\"bad\">does not accept jobs; in the outbox: 37<");
    assert_null(strstr(tg_buf_cstr(&out), "Database"));
    tg_buf_clear(&out);
    d.now.has_database = true;
    d.now.database.wanted_count = 4;
    tg_fault_set(&d.now.database.trouble, "the database cannot be reached");
    tg_status_write(&out, &status);
    assert_has(tg_buf_cstr(&out), "<td class=\"bad\">the database cannot be reached; 0 of 4 "
                                  "connections; no synchronous standby is named<");
    tg_buf_clear(&out);
    d.now.database.trouble.text[0] = '\0';
    tg_status_write(&out, &status);
    assert_has(tg_buf_cstr(&out), "<td class=\"warn\">answers; 0 of 4 connections");
    tg_buf_clear(&out);
    d.now.database.up_count = 4;
    d.now.database.is_synchronous = true;
    tg_status_write(&out, &status);
    assert_has(tg_buf_cstr(&out), "<td class=\"good\">answers; 4 of 4 connections; a synchronous "
                                  "standby is named<");
    tg_buf_clear(&out);
    d.now.cert_not_after_s = status.now_s;
    status.is_draining = true;
    tg_status_write(&out, &status);
    assert_has(tg_buf_cstr(&out), "Draining</p>");
    assert_has(tg_buf_cstr(&out), "<td class=\"bad\">expired");
    tg_buf_deinit(&out);
    day_end(&d);
}

static void csp__hash__is_that_of_the_one_style(void **state)
{
    struct day d;
    struct tg_status status;
    struct tg_buf out, want;
    uint8_t hash[TG_SHA256_LEN];
    char csp[TG_STATUS_CSP_LEN];
    const char *from = NULL;

    (void)state;
    day_begin(&d);
    status = day_status(&d);
    tg_buf_init(&out, TG_STATUS_TEXT_MAX);
    tg_buf_init(&want, 128);
    tg_status_write(&out, &status);
    from = strstr(tg_buf_cstr(&out), "<style>") + sizeof("<style>") - 1;
    assert_null(strstr(from, "<style"));
    assert_int_equal(tg_sha256(hash, tg_bytes(from, (size_t)(strstr(from, "</style>") - from))),
                     TG_OK);
    tg_buf_append_str(&want, "default-src 'none'; style-src 'sha256-");
    tg_b64_encode(&want, TG_ARRAY_BYTES(hash), TG_B64_STANDARD);
    tg_buf_append_str(&want, "'; ");
    assert_int_equal(tg_status_csp(csp), TG_OK);
    assert_memory_equal(csp, want.ptr, want.len);
    tg_buf_deinit(&want);
    tg_buf_deinit(&out);
    day_end(&d);
}

/* With a path: writes the page of the busy day, to look at it. */
static int write_page(const char *path)
{
    struct day d;
    struct tg_status status;
    struct tg_buf out;

    day_begin(&d);
    day_pass(&d);
    status = day_status(&d);
    tg_buf_init(&out, TG_STATUS_TEXT_MAX);
    tg_status_write(&out, &status);
    write_file(path, (const char *)out.ptr, out.len, 0644);
    tg_buf_deinit(&out);
    day_end(&d);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history__a_minute__its_counts_alone),
        cmocka_unit_test(history__a_day_and_more__fixed_memory_and_the_newest),
        cmocka_unit_test(history__latency__where_the_percentile_is),
        cmocka_unit_test(units__values__as_a_person_reads_them),
        cmocka_unit_test(page__a_busy_day__complete_without_script),
        cmocka_unit_test(page__nothing_yet__says_what_is_counted),
        cmocka_unit_test(page__what_fails__in_its_words_and_colour),
        cmocka_unit_test(csp__hash__is_that_of_the_one_style),
    };

    return argc == 2 ? write_page(argv[1]) : cmocka_run_group_tests(tests, NULL, NULL);
}
