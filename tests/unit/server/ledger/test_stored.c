/* SPDX-License-Identifier: Apache-2.0 */
/* Stored bytes for a time: the limits of a network, and what networks can do to a store together.
 */
#include "support/c/unit.h"

#include "base/mem.h"
#include "server/ledger/fullness.h"
#include "server/ledger/ledger.h"

#include <stdio.h>

#define HOUR_S 3600
#define HOUR_MS (3600 * (uint64_t)1000)
#define DAY_S (24 * HOUR_S)
#define DAY_MS (24 * HOUR_MS)
#define LIFE_S (48 * HOUR_S)
#define MAX_S (30 * DAY_S)
#define KIB 1024u
#define START_MS (10 * DAY_MS)

static struct tg_ledger *open_ledger(uint64_t mailboxes_per_day)
{
    const struct tg_ledger_settings settings = {
        .burst = 1, .mailboxes_per_day = mailboxes_per_day, .mailbox_s = LIFE_S, .worker_count = 1
    };
    struct tg_ledger *l = NULL;

    assert_int_equal(tg_ledger_new(&l, &settings, &tg_rng_system), TG_OK);
    return l;
}

static struct tg_payer payer(const struct tg_ledger *l, const char *address, uint64_t now_ms)
{
    struct tg_network network;
    struct tg_payer p;

    assert_true(tg_network_of_text(&network, tg_bytes_str(address)));
    tg_ledger_find(l, &p, &network, now_ms);
    return p;
}

static bool store(struct tg_ledger *l, const struct tg_payer *p, uint64_t bytes, int64_t life_s,
                  uint64_t now_ms)
{
    return tg_ledger_store(l, p, TG_LEDGER_CHARGE, bytes, 0, life_s, 100, now_ms) == 0;
}

static unsigned store_many(struct tg_ledger *l, const char *address, uint64_t bytes, int64_t life_s,
                           uint64_t now_ms, unsigned tries)
{
    struct tg_payer p = payer(l, address, now_ms);
    unsigned count = 0;

    for (unsigned i = 0; i < tries; i++) {
        count += store(l, &p, bytes, life_s, now_ms) ? 1 : 0;
    }
    return count;
}

/* ---- one network ---- */

/* spec-test: protocol/3#stored-bytes-for-a-time */
static void store__mailboxes_of_a_day__n_admitted_and_the_next_refused(void **state)
{
    struct tg_ledger *l = open_ledger(100);
    struct tg_payer p = payer(l, "192.0.2.1", START_MS);
    unsigned wait_s = 0;

    (void)state;
    assert_int_equal(store_many(l, "192.0.2.1", 16 * KIB, LIFE_S, START_MS, 100), 100);
    wait_s = tg_ledger_store(l, &p, TG_LEDGER_CHARGE, 16 * KIB, 0, LIFE_S, 100, START_MS);
    assert_in_range(wait_s, 860, 865); /* a hundredth of a day */
    assert_true(store(l, &p, 16 * KIB, LIFE_S, START_MS + wait_s * (uint64_t)1000));
    assert_false(store(l, &p, 16 * KIB, LIFE_S, START_MS + wait_s * (uint64_t)1000));
    assert_int_equal(store_many(l, "198.51.100.1", 16 * KIB, LIFE_S, START_MS, 200), 100);
    tg_ledger_free(&l);
}

static void store__larger_or_longer__counts_as_more__small_or_short_as_one_part(void **state)
{
    static const struct {
        uint64_t bytes;
        int64_t life_s;
        unsigned count;
    } cases[] = {
        { 16 * KIB, LIFE_S, 480 },      { 1, LIFE_S, 480 },
        { 16 * KIB + 16, LIFE_S, 479 }, { 64 * KIB, LIFE_S, 120 },
        { 16 * KIB, 2 * LIFE_S, 240 },  { 64 * KIB, 2 * LIFE_S, 60 },
        { 16 * KIB, LIFE_S / 2, 960 },  { 16 * KIB, HOUR_S, 480 * 48 },
        { 16 * KIB, 60, 480 * 48 },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_ledger *l = open_ledger(480);

        assert_in_range(store_many(l, "192.0.2.1", cases[i].bytes, cases[i].life_s, START_MS,
                                   2 * cases[i].count),
                        cases[i].count - 1, cases[i].count);
        tg_ledger_free(&l);
    }
}

static void store__look__charges_nothing(void **state)
{
    struct tg_ledger *l = open_ledger(10);
    struct tg_payer p = payer(l, "192.0.2.1", START_MS);

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(tg_ledger_store(l, &p, TG_LEDGER_LOOK, 16 * KIB, 0, LIFE_S, 100, START_MS),
                         0);
    }
    assert_int_equal(store_many(l, "192.0.2.1", 16 * KIB, LIFE_S, START_MS, 20), 10);
    assert_int_not_equal(tg_ledger_store(l, &p, TG_LEDGER_LOOK, 16 * KIB, 0, LIFE_S, 100, START_MS),
                         0);
    tg_ledger_free(&l);
}

static unsigned grow_many(struct tg_ledger *l, uint64_t bytes, uint64_t old_bytes, unsigned tries)
{
    struct tg_payer p = payer(l, "192.0.2.1", START_MS);
    unsigned count = 0;

    for (unsigned i = 0; i < tries; i++) {
        count +=
            tg_ledger_store(l, &p, TG_LEDGER_CHARGE, bytes, old_bytes, LIFE_S, 100, START_MS) == 0
                ? 1
                : 0;
    }
    return count;
}

static void store__record_grows__pays_the_difference__shrinks_or_stays_small__nothing(void **state)
{
    struct tg_ledger *l = open_ledger(96);

    (void)state;
    assert_int_equal(grow_many(l, 16 * KIB, 2 * KIB, 1000), 1000); /* paid when it was created */
    assert_int_equal(grow_many(l, 10 * KIB, 64 * KIB, 1000), 1000);
    assert_int_equal(grow_many(l, 64 * KIB, 64 * KIB, 1000), 1000);
    assert_int_equal(grow_many(l, 64 * KIB, 2 * KIB, 1000), 32);
    tg_ledger_free(&l);
}

/* No sequence of updates stores more than was paid for: what shrinks and grows again pays again. */
static void store__shrinks_and_grows_again__pays_again(void **state)
{
    struct tg_ledger *l = open_ledger(96);
    unsigned paid = 0;

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(grow_many(l, 16 * KIB, 64 * KIB, 1), 1);
        paid += grow_many(l, 64 * KIB, 16 * KIB, 1);
    }
    assert_int_equal(paid, 32);
    tg_ledger_free(&l);
}

static void store__48_and_24__four_times_one_network(void **state)
{
    struct tg_ledger *l = open_ledger(100);
    unsigned wide = 0;
    unsigned tier56 = 0;
    char address[64];

    (void)state;
    for (unsigned i = 0; i < 65536; i += 16) {
        (void)snprintf(address, sizeof(address), "2001:db8:7:%x::1", i);
        wide += store_many(l, address, 16 * KIB, LIFE_S, START_MS, 1);
    }
    assert_in_range(wide, 395, 400);
    for (unsigned i = 0; i < 256; i++) {
        (void)snprintf(address, sizeof(address), "2001:db8:8:%x::1", i);
        tier56 += store_many(l, address, 16 * KIB, LIFE_S, START_MS, 2);
    }
    assert_in_range(tier56, 195, 200);
    tg_ledger_free(&l);
}

static void salt__changes_each_day__budget_starts_again_once(void **state)
{
    struct tg_ledger *l = open_ledger(100);
    struct tg_payer p = payer(l, "192.0.2.1", START_MS - 1);

    (void)state;
    assert_int_equal(store_many(l, "192.0.2.1", 16 * KIB, LIFE_S, START_MS - 1, 200), 100);
    assert_false(tg_ledger_is_stale(&p, START_MS - 1));
    assert_true(tg_ledger_is_stale(&p, START_MS));
    assert_int_equal(store_many(l, "192.0.2.1", 16 * KIB, LIFE_S, START_MS, 200), 100);
    assert_int_equal(store_many(l, "192.0.2.1", 16 * KIB, LIFE_S, START_MS + HOUR_MS, 200), 4);
    tg_ledger_free(&l);
}

static void no_limit_or_exempt__all_admitted(void **state)
{
    struct tg_ledger *l = open_ledger(0);
    struct tg_ledger *limited = open_ledger(1);
    const struct tg_payer exempt = { .kind = TG_PAYER_EXEMPT };
    const struct tg_payer refused = { .kind = TG_PAYER_REFUSED };

    (void)state;
    assert_int_equal(store_many(l, "192.0.2.1", 64 * KIB, MAX_S, START_MS, 1000), 1000);
    assert_true(store(limited, &exempt, 64 * KIB, MAX_S, START_MS));
    assert_true(store(limited, &exempt, 64 * KIB, MAX_S, START_MS));
    assert_false(store(limited, &refused, 1, 60, START_MS));
    /* What is larger than a whole budget is admitted when nothing was stored. */
    assert_int_equal(store_many(limited, "192.0.2.1", 64 * KIB, MAX_S, START_MS, 3), 1);
    tg_ledger_free(&l);
    tg_ledger_free(&limited);
}

/* ---- a simulation with the defaults ---- */

#define STORE_BYTES ((uint64_t)16 << 30)
#define DEFAULT_MAILBOXES 12000u
#define HOURS_MAX (60 * 24)
#define RECORD (62 * KIB)           /* stored */
#define CHARGED (RECORD + 11 * KIB) /* with what the devices may add */

/* Attackers try to store as much as they can, every few hours, with the longest life that is
   accepted or with a fixed one. */
struct attack {
    unsigned network_count;
    const char *format_head; /* addresses: head, number, tail */
    const char *tail;
    bool is_ipv6;
    int64_t life_s; /* 0: the longest that is accepted */
    unsigned hours;
    unsigned step; /* hours between two rounds */
};

struct outcome {
    uint64_t peak_bytes;
    unsigned peak_fullness;
    unsigned
        honest_least; /* mailboxes that an unused network can make at once, at the worst hour */
};

struct sim {
    struct tg_ledger *ledger;
    uint64_t bytes;
    uint64_t ends[HOURS_MAX + 31 * 24]; /* bytes that expire in each hour */
};

static bool sim_create(struct sim *s, const struct tg_payer *p, unsigned hour, int64_t life_s,
                       uint64_t record)
{
    uint64_t now_ms = START_MS + hour * HOUR_MS;
    unsigned fullness = tg_fullness_of(s->bytes, STORE_BYTES);
    int64_t longest_s = tg_fullness_longest_s(fullness, LIFE_S, MAX_S);
    int64_t life = life_s == 0 || life_s > longest_s ? longest_s : life_s;

    if (life == 0 || s->bytes + record > STORE_BYTES ||
        tg_ledger_store(s->ledger, p, TG_LEDGER_CHARGE, record + 11 * KIB, 0, life,
                        tg_fullness_price(fullness), now_ms) != 0) {
        return false;
    }
    s->bytes += record;
    s->ends[hour + (unsigned)(life / HOUR_S)] += record;
    return true;
}

/* Without changing anything: how many ordinary mailboxes a new network could make now. */
static unsigned honest_now(const struct sim *s)
{
    unsigned fullness = tg_fullness_of(s->bytes, STORE_BYTES);

    if (fullness >= TG_FULL) {
        return 0;
    }
    return (unsigned)(DEFAULT_MAILBOXES * (uint64_t)100 / tg_fullness_price(fullness));
}

static struct outcome simulate(const struct attack *a)
{
    struct sim *s = tg_mem_calloc(1, sizeof(*s));
    struct outcome out = { .honest_least = UINT32_MAX };
    char address[64];

    assert_non_null(s);
    s->ledger = open_ledger(DEFAULT_MAILBOXES);
    for (unsigned hour = 0; hour < a->hours; hour++) {
        unsigned honest = 0;

        s->bytes -= s->ends[hour];
        for (unsigned n = 0; hour % a->step == 0 && n < a->network_count; n++) {
            struct tg_payer p;

            if (a->is_ipv6) {
                (void)snprintf(address, sizeof(address), "%s%x%s", a->format_head, n, a->tail);
            } else {
                (void)snprintf(address, sizeof(address), "%s%u.%u%s", a->format_head, n / 250,
                               n % 250, a->tail);
            }
            p = payer(s->ledger, address, START_MS + hour * HOUR_MS);
            while (sim_create(s, &p, hour, a->life_s, RECORD)) {
            }
        }
        honest = honest_now(s);
        out.honest_least = honest < out.honest_least ? honest : out.honest_least;
        out.peak_bytes = s->bytes > out.peak_bytes ? s->bytes : out.peak_bytes;
    }
    out.peak_fullness = tg_fullness_of(out.peak_bytes, STORE_BYTES);
    tg_ledger_free(&s->ledger);
    tg_mem_free(s);
    return out;
}

static void print(const char *who, struct outcome o)
{
    print_message("%-40s %6llu MiB, %4u/1000 full, a new network may make %u\n", who,
                  (unsigned long long)(o.peak_bytes >> 20), o.peak_fullness, o.honest_least);
}

/* For 60 days. */
static void simulation__one_network__a_small_part_of_the_store(void **state)
{
    struct outcome longest = simulate(&(struct attack){
        .network_count = 1, .format_head = "10.", .tail = ".1", .hours = HOURS_MAX, .step = 1 });
    struct outcome two_days = simulate(&(struct attack){ .network_count = 1,
                                                         .format_head = "10.",
                                                         .tail = ".1",
                                                         .life_s = LIFE_S,
                                                         .hours = HOURS_MAX,
                                                         .step = 1 });

    (void)state;
    print("one address, 30 days each", longest);
    print("one address, 48 hours each", two_days);
    assert_true(longest.peak_bytes < STORE_BYTES / 16);
    assert_true(two_days.peak_bytes < STORE_BYTES / 16);
    assert_int_equal(longest.honest_least, DEFAULT_MAILBOXES);
}

static void simulation__one_48__four_times_that(void **state)
{
    struct outcome o = simulate(&(struct attack){ .network_count = 500,
                                                  .format_head = "2001:db8:7:",
                                                  .tail = "::1",
                                                  .is_ipv6 = true,
                                                  .hours = 40 * 24,
                                                  .step = 12 });

    (void)state;
    print("one /48 with 500 of its /64", o);
    assert_true(o.peak_bytes < STORE_BYTES / 4);
    assert_int_equal(o.honest_least, DEFAULT_MAILBOXES);
}

/* They fill the store nearly, and the rest is for those who have stored little: the price rises,
   and long lives are refused. */
static void simulation__1000_networks__others_still_get_mailboxes(void **state)
{
    struct outcome few = simulate(&(struct attack){
        .network_count = 100, .format_head = "10.", .tail = ".1", .hours = 40 * 24, .step = 6 });
    struct outcome o = simulate(&(struct attack){
        .network_count = 1000, .format_head = "10.", .tail = ".1", .hours = 10 * 24, .step = 12 });

    (void)state;
    print("100 networks", few);
    print("1000 networks", o);
    assert_true(few.honest_least >= 80);
    assert_true(o.peak_fullness >= 900);
    assert_true(o.peak_fullness < TG_FULL);
    assert_true(o.honest_least >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(store__mailboxes_of_a_day__n_admitted_and_the_next_refused),
        cmocka_unit_test(store__larger_or_longer__counts_as_more__small_or_short_as_one_part),
        cmocka_unit_test(store__look__charges_nothing),
        cmocka_unit_test(store__record_grows__pays_the_difference__shrinks_or_stays_small__nothing),
        cmocka_unit_test(store__shrinks_and_grows_again__pays_again),
        cmocka_unit_test(store__48_and_24__four_times_one_network),
        cmocka_unit_test(salt__changes_each_day__budget_starts_again_once),
        cmocka_unit_test(no_limit_or_exempt__all_admitted),
        cmocka_unit_test(simulation__one_network__a_small_part_of_the_store),
        cmocka_unit_test(simulation__one_48__four_times_that),
        cmocka_unit_test(simulation__1000_networks__others_still_get_mailboxes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
