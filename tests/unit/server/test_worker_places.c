/* SPDX-License-Identifier: Apache-2.0 */
/* Connections and descriptors that run out, and connections that are slow. */
#include "worker_fixture.h"

#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* docs/architecture.md, property 6; the limit is exact over all workers.
   spec-test: protocol/3#places */
static void connections__up_to_the_limit_served__one_more_closed(void **state)
{
    struct fixture *f = fixture_new();
    char path[64];
    int fds[7];
    int fd = -1;

    (void)state;
    f->limits.max[TG_PLACE_CONNECTION] = TG_COUNT(fds);
    start(f);
    for (size_t i = 0; i < TG_COUNT(fds); i++) {
        fds[i] = dial(f->port);
        if (i == 0) {
            create(f, fds[i], path);
        }
        request(fds[i], "POST", path, CLAIM_A, "read", "", "");
        assert_true(is_status(hear(f, fds[i]), 200));
    }
    fd = dial(f->port);
    assert_true(is_closed(fd));
    (void)close(fd);
    assert_int_equal(counted(f, TG_COUNTER_REFUSED_CONNECTIONS), 1);
    (void)close(fds[0]);
    await_gauge(f, TG_GAUGE_CONNECTIONS, TG_COUNT(fds) - 1);
    fd = dial(f->port);
    say(fd, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, fd), 404));
    /* It has shown nothing, so the next one takes its place. */
    fds[0] = dial(f->port);
    request(fds[0], "POST", path, CLAIM_A, "read", "", "");
    assert_true(is_status(hear(f, fds[0]), 200));
    assert_true(is_closed(fd));
    assert_int_equal(counted(f, TG_COUNTER_EVICTED_CONNECTIONS), 1);
    for (size_t i = 0; i < TG_COUNT(fds); i++) {
        (void)close(fds[i]);
    }
    (void)close(fd);
    fixture_free(f);
}

static void connections__all_places_idle_of_one_address__24_of_24_others_served(void **state)
{
    struct fixture *f = fixture_new();
    int idle[200];

    (void)state;
    f->limits.max[TG_PLACE_CONNECTION] = TG_COUNT(idle);
    start(f);
    for (size_t i = 0; i < TG_COUNT(idle); i++) {
        idle[i] = dial(f->port);
    }
    for (unsigned i = 0; i < 24; i++) {
        char address[32];
        int fd = -1;

        (void)snprintf(address, sizeof(address), "127.9.%u.1", i);
        fd = dial_from(address, f->port);
        say(fd, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
        assert_true(is_status(hear(f, fd), 404));
        (void)close(fd);
    }
    assert_in_range(counted(f, TG_COUNTER_EVICTED_CONNECTIONS), 1, 24);
    assert_int_equal(counted(f, TG_COUNTER_REFUSED_CONNECTIONS), 0);
    for (size_t i = 0; i < TG_COUNT(idle); i++) {
        (void)close(idle[i]);
    }
    fixture_free(f);
}

static void connections__network_over_its_budget__closed_before_they_cost_more(void **state)
{
    struct fixture *f = fixture_new();
    size_t served = 0;
    time_t began = 0;
    size_t took_s = 0;

    (void)state;
    f->limits.rate = 1;   /* 3 units come back in a second */
    f->limits.burst = 10; /* 30 units; a connection is 2, its request 2 */
    start(f);
    began = time(NULL);
    for (size_t i = 0; i < 20; i++) {
        int fd = dial(f->port);

        say(fd, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
        served += is_status(hear(f, fd), 404) ? 1 : 0;
        (void)close(fd);
    }
    took_s = (size_t)(time(NULL) - began);
    assert_in_range(served, 7, 9 + took_s);
    assert_in_range(counted(f, TG_COUNTER_REFUSED_HANDSHAKES), took_s < 9 ? 9 - took_s : 0, 13);
    fixture_free(f);
}

static void slow_head__gets_408_and_is_closed(void **state)
{
    struct fixture *f = fixture_new();
    int fd = -1;

    (void)state;
    f->shared.settings.head_ms = 300;
    f->shared.settings.linger_ms = 300;
    start(f);
    fd = dial(f->port);
    say(fd, "GET / HTT");
    assert_true(is_status(hear(f, fd), 408));
    assert_true(is_closed(fd));
    (void)close(fd);
    await_gauge(f, TG_GAUGE_CONNECTIONS, 0);
    fixture_free(f);
}

static void silent_handshake__closed(void **state)
{
    struct fixture *f = fixture_new();
    int fd = -1;

    (void)state;
    use_tls(f);
    f->shared.settings.handshake_ms = 300;
    start(f);
    fd = dial(f->port);
    assert_true(is_closed(fd));
    assert_int_equal(tg_metrics_counter_sum(f->shared.metrics, TG_COUNTER_REFUSED_TIMEOUT), 1);
    (void)close(fd);
    fixture_free(f);
}

static void slow_reader__closed_and_memory_limited(void **state)
{
    struct fixture *f = fixture_new();
    static const char get[] = "GET /nowhere HTTP/1.1\r\nHost: r\r\n\r\n";
    int fd = -1;
    size_t sent = 0;

    (void)state;
    f->shared.settings.write_ms = 400;
    f->shared.settings.requests_max = UINT32_MAX;
    start(f);
    fd = dial(f->port);
    /* The client never reads: the server must stop reading requests, then close. */
    while (sent < 64u * 1024u * 1024u) {
        struct pollfd p = { .fd = fd, .events = POLLOUT };

        if (poll(&p, 1, 60000) != 1 || send(fd, get, sizeof(get) - 1, MSG_NOSIGNAL) <= 0) {
            break;
        }
        sent += sizeof(get) - 1;
    }
    assert_true(sent < 64u * 1024u * 1024u);
    await_gauge(f, TG_GAUGE_CONNECTIONS, 0);
    assert_int_equal(tg_metrics_counter_sum(f->shared.metrics, TG_COUNTER_REFUSED_TIMEOUT), 1);
    (void)close(fd);
    fixture_free(f);
}

/* What has become free since, but for the spare descriptors of the workers. */
static size_t take_rest(int taken[], size_t max)
{
    size_t count = 0;

    sleep_ms(3 * (long)TG_WHEEL_TICK_MS);
    while (count < max && (taken[count] = dup(STDERR_FILENO)) >= 0) {
        count++;
    }
    return count;
}

/* Opens every free descriptor below a limit of `max`; returns how many. */
static size_t take_descriptors(int taken[], size_t max, struct rlimit *before)
{
    struct rlimit low = { 0 };
    size_t count = 0;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
    low = (struct rlimit){ .rlim_cur = max, .rlim_max = before->rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    while ((taken[count] = dup(STDERR_FILENO)) >= 0) {
        count++;
        assert_true(count < max);
    }
    return count;
}

#define DESCRIPTORS 200u

/* Running out of descriptors is as running out of places. */
static void descriptors__exhausted__network_with_less_displaces_an_idle_connection(void **state)
{
    struct fixture *f = fixture_new();
    int taken[DESCRIPTORS];
    struct rlimit before;
    size_t count = 0;
    char path[64];
    int proven = -1;
    int idle[2] = { -1, -1 };
    int same = unconnected();
    int other = unconnected();
    struct sockaddr_in own = { .sin_family = AF_INET };

    (void)state;
    start(f);
    proven = dial(f->port);
    create(f, proven, path);
    for (size_t i = 0; i < TG_COUNT(idle); i++) {
        idle[i] = dial(f->port);
        say(idle[i], "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
        assert_true(is_status(hear(f, idle[i]), 404));
    }
    assert_int_equal(inet_pton(AF_INET, "127.9.9.1", &own.sin_addr), 1);
    assert_int_equal(bind(other, (const struct sockaddr *)&own, sizeof(own)), 0);
    count = take_descriptors(taken, DESCRIPTORS, &before);
    connect_to(other, f->port);
    say(other, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, other), 404));
    assert_true(is_closed(idle[0]));
    count += take_rest(taken + count, DESCRIPTORS - count);
    /* Of its own network a newcomer displaces what has shown nothing, and nothing else. */
    connect_to(same, f->port);
    say(same, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    assert_true(is_status(hear(f, same), 404));
    assert_true(is_closed(idle[1]));
    request(proven, "POST", path, CLAIM_A, "read", "", "");
    assert_true(is_status(hear(f, proven), 200));
    while (count > 0) {
        (void)close(taken[--count]);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_in_range(counted(f, TG_COUNTER_EVICTED_CONNECTIONS), 2, 2);
    (void)close(same);
    (void)close(other);
    (void)close(proven);
    (void)close(idle[0]);
    (void)close(idle[1]);
    fixture_free(f);
}

static void descriptors__spare_one_taken_too__listener_pauses_and_serves_later(void **state)
{
    struct fixture *f = fixture_new();
    int taken[DESCRIPTORS];
    struct rlimit before;
    size_t count = 0;
    int late = unconnected();

    (void)state;
    f->has_no_reserve = true;
    start(f);
    count = take_descriptors(taken, DESCRIPTORS, &before);
    connect_to(late, f->port);
    say(late, "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    while (counted(f, TG_COUNTER_ACCEPT_FAILED) == 0) {
        sleep_ms(10);
    }
    sleep_ms(500); /* for so long it does not try again and again */
    assert_in_range(counted(f, TG_COUNTER_ACCEPT_FAILED), 1, 20);
    while (count > 0) {
        (void)close(taken[--count]);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(is_status(hear(f, late), 404));
    (void)close(late);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections__up_to_the_limit_served__one_more_closed),
        cmocka_unit_test(connections__all_places_idle_of_one_address__24_of_24_others_served),
        cmocka_unit_test(connections__network_over_its_budget__closed_before_they_cost_more),
        cmocka_unit_test(slow_head__gets_408_and_is_closed),
        cmocka_unit_test(silent_handshake__closed),
        cmocka_unit_test(slow_reader__closed_and_memory_limited),
        cmocka_unit_test(descriptors__exhausted__network_with_less_displaces_an_idle_connection),
        cmocka_unit_test(descriptors__spare_one_taken_too__listener_pauses_and_serves_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
