/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP engines when allocation number n fails, n = 1, 2, 3 ... until no allocation fails; and
 * what remains in memory that they freed.
 */
#include "unit/server/http/engine_fixture.h"
#include "support/c/fail_at.h"

#include "base/mem.h"

#include <fcntl.h>
#include <nghttp2/nghttp2.h>
#include <unistd.h>

#define CALLS_MAX 2000u
#define MARK_LEN 36u

#define WRAP_ALLOC(name, params, args) FAIL_WRAP(void *, NULL, name, params, args)

WRAP_ALLOC(tg_mem_calloc, (size_t count, size_t size), (count, size))
WRAP_ALLOC(tg_mem_alloc, (size_t size), (size))
WRAP_ALLOC(tg_mem_realloc_wiped, (void *ptr, size_t size), (ptr, size))
WRAP_ALLOC(tg_mem_grow, (void *old, size_t old_size, size_t new_size), (old, old_size, new_size))

/* The fixture allocates first, so that only allocations of the engine fail. */
static struct fixture *fixture_ready(void)
{
    static const uint8_t room[65536];
    struct fixture *f = fixture_new();

    tg_buf_append(&f->out, TG_ARRAY_BYTES(room));
    tg_buf_clear(&f->out);
    pass_ms(f, 0);
    return f;
}

static void give(struct fixture *f, const void *data, size_t len)
{
    size_t used = 0;

    while (used < len && !f->proto->is_finished) {
        size_t took =
            f->proto->ops->feed(f->proto, tg_bytes((const uint8_t *)data + used, len - used));

        used += took;
        f->proto->ops->pump(f->proto);
        if (took == 0) {
            return;
        }
    }
}

/* ---- call number n fails ---- */

static void play_http1(struct fixture *f)
{
    static const char whole[] = "POST /v1/m HTTP/1.1\r\nHost: r\r\nTransfer-Encoding: chunked\r\n"
                                "\r\n5\r\nhello\r\n0\r\n\r\n";
    static const char held[] = "PUT / HTTP/1.1\r\nHost: r\r\nContent-Length: 3\r\n\r\nabc";
    static const char bad[] = "GET / HTTP/1.1\r\nHost: r\r\nHost: r\r\n\r\n";

    f->proto = tg_http1_new(&f->env, &f->io, &f->service);
    if (f->proto == NULL) {
        return;
    }
    give(f, whole, sizeof(whole) - 1);
    f->play = PLAY_HOLD;
    give(f, held, sizeof(held) - 1);
    if (f->seen_count == 2) {
        answer(f, 1);
    }
    f->play = PLAY_WAIT;
    give(f, held, sizeof(held) - 1);
    tg_pending_settle(&f->env); /* long polls for which there was no memory */
    pass_ms(f, 61000);
    give(f, bad, sizeof(bad) - 1);
}

static void http1__out_of_memory__answers_or_closes_and_leaks_nothing(void **state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        struct fixture *f = fixture_ready();
        size_t answers = 0;

        assert_true(n < CALLS_MAX);
        fail_at(n);
        play_http1(f);
        fail_at(0);
        answers = count_in_output(f, "HTTP/1.1 ");
        /* Every request that reached the service was answered, unless the connection is closing. */
        assert_true(f->proto == NULL || f->proto->is_finished || answers >= f->seen_count);
        fixture_free(f);
        if (!fail_reached()) {
            assert_true(n > 3);
            assert_int_equal(answers, 4);
            return;
        }
    }
}

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define SETTINGS "\0\0\0\x04\0\0\0\0\0"
#define GET(id) "\0\0\x06\x01\x05\0\0\0" id "\x82\x87\x84\x01\x01r"
#define POST_HEAD(id) "\0\0\x06\x01\x04\0\0\0" id "\x83\x87\x84\x01\x01r"
#define DATA(id) "\0\0\x03\0\x01\0\0\0" id "abc"
#define RESET(id) "\0\0\x04\x03\0\0\0\0" id "\0\0\0\x08"
#define PING "\0\0\x08\x06\0\0\0\0\0abcdefgh"

static void play_http2(struct fixture *f)
{
    static const char open[] = PREFACE SETTINGS GET("\x01") POST_HEAD("\x03") DATA("\x03") PING;
    static const char held[] = GET("\x05") POST_HEAD("\x07");
    static const char reset[] = DATA("\x07") RESET("\x05");
    static const char waits[] = GET("\x09");

    f->settings.requests_max = 100;
    f->proto = tg_http2_new(&f->env, &f->io, &f->service);
    if (f->proto == NULL) {
        return;
    }
    give(f, open, sizeof(open) - 1);
    f->play = PLAY_HOLD;
    give(f, held, sizeof(held) - 1);
    give(f, reset, sizeof(reset) - 1);
    f->play = PLAY_WAIT;
    give(f, waits, sizeof(waits) - 1);
    tg_pending_settle(&f->env);
    f->proto->ops->pump(f->proto);
    pass_ms(f, 61000);
    f->proto->ops->pump(f->proto);
    if (!f->proto->is_finished) {
        f->proto->ops->drain(f->proto);
        f->proto->ops->pump(f->proto);
        pass_ms(f, 2000);
        f->proto->ops->pump(f->proto);
    }
}

static void http2__out_of_memory__closes_in_order_and_leaks_nothing(void **state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        struct fixture *f = fixture_ready();

        assert_true(n < CALLS_MAX);
        fail_at(n);
        play_http2(f);
        fail_at(0);
        fixture_free(f);
        if (!fail_reached()) {
            assert_true(n > 50); /* allocations of nghttp2 are among them */
            return;
        }
    }
}

/* ---- what is left ---- */

/* Made at run time, so that the engine made every copy in memory. */
static void make_mark(uint8_t out[MARK_LEN])
{
    for (unsigned i = 0; i < MARK_LEN; i++) {
        out[i] = (uint8_t)('a' + (i * 7 + 3) % 23);
    }
}

static size_t count_in(const uint8_t *data, size_t len)
{
    uint8_t mark[MARK_LEN];
    size_t count = 0;

    make_mark(mark);
    for (size_t i = 0; i + MARK_LEN <= len; i++) {
        count += data[i] == mark[0] && memcmp(data + i, mark, MARK_LEN) == 0 ? 1 : 0;
    }
    tg_mem_wipe(mark, sizeof(mark));
    return count;
}

/* Searches the heap through /proc/self/mem, because freed memory may not be accessed directly. */
static size_t count_in_heap(void)
{
    static uint8_t page[1u << 16];
    char line[256];
    size_t count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

    assert_true(maps != NULL && mem >= 0);
    while (fgets(line, sizeof(line), maps) != NULL) {
        unsigned long from = 0;
        unsigned long to = 0;

        if (strstr(line, "[heap]") == NULL || sscanf(line, "%lx-%lx", &from, &to) != 2) {
            continue;
        }
        while (from < to) {
            size_t want = to - from < sizeof(page) ? to - from : sizeof(page);
            ssize_t got = pread(mem, page, want, (off_t)from);

            if (got <= 0) {
                break;
            }
            count += count_in(page, (size_t)got);
            from += (size_t)got > MARK_LEN && (size_t)got == sizeof(page) ? (size_t)got - MARK_LEN
                                                                          : (size_t)got;
        }
    }
    (void)fclose(maps);
    (void)close(mem);
    tg_mem_wipe(page, sizeof(page));
    return count;
}

static void write_mark(struct fixture *f, bool is_http2)
{
    static const char head1[] = "GET / HTTP/1.1\r\nHost: r\r\nMailbox-Device-Claim: ";
    static const char head2[] = PREFACE SETTINGS "\0\0\x41\x01\x05\0\0\0\x01\x82\x87\x84\x01\x01r"
                                                 "\x40\x14mailbox-device-claim\x24";
    size_t head_len = is_http2 ? sizeof(head2) - 1 : sizeof(head1) - 1;
    uint8_t text[256];

    memcpy(text, is_http2 ? head2 : head1, head_len);
    make_mark(text + head_len);
    memcpy(text + head_len + MARK_LEN, "\r\n\r\n", 4);
    give(f, text, head_len + MARK_LEN + (is_http2 ? 0 : 4));
    tg_mem_wipe(text, sizeof(text));
}

static void check_mark(bool is_http2)
{
    struct fixture *f = fixture_ready();

    f->proto = is_http2 ? tg_http2_new(&f->env, &f->io, &f->service)
                        : tg_http1_new(&f->env, &f->io, &f->service);
    assert_non_null(f->proto);
    write_mark(f, is_http2);
    assert_int_equal(f->seen_count, 1);
    assert_int_equal(strlen(f->seen[0].last_value), MARK_LEN);
    tg_mem_wipe(f->seen, sizeof(f->seen));
    f->proto->ops->cancel(f->proto);
    f->proto->ops->free(f->proto);
    f->proto = NULL;
    assert_int_equal(count_in_heap(), 0);
    fixture_free(f);
}

static void claim__after_the_connection__not_in_the_heap(void **state)
{
    uint8_t *planted = tg_mem_alloc(MARK_LEN);

    (void)state;
    assert_non_null(planted);
    make_mark(planted);
    assert_in_range(count_in_heap(), 0, 2); /* sanitizers use another heap */
    tg_mem_free_secret(planted, MARK_LEN);
    check_mark(false);
    check_mark(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http1__out_of_memory__answers_or_closes_and_leaks_nothing),
        cmocka_unit_test(http2__out_of_memory__closes_in_order_and_leaks_nothing),
        cmocka_unit_test(claim__after_the_connection__not_in_the_heap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
