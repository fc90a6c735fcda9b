/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child writes without pause and reports each acknowledged change through a pipe. It is killed at
 * a random moment. Every reported change must then be in the store, and also its outbox entry,
 * unless the child had begun to settle it. Every key that was reported as spent must be known.
 * There are 20 rounds, or TIGRESS_CRASH_ROUNDS.
 */
#include "contract/contract_support.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEYS 40u
#define FLIGHT 4u /* changes in flight on one key */
#define REMOVE_EACH 7u
#define VALUE_MAX 6000u
#define NOTE_KEYS 1000u /* the entry of key k is NOTE_KEYS + k */
#define NOTE_EXPIRES_S 5000
#define SERIES 1u
#define SERIES_END_S 1000000
#define SPENDS_EACH 100000u /* numbers of spent keys in a round */

/* Change number seq on its key: every seventh removes, the others put version seq. */
struct step {
    uint64_t seq;
    unsigned key;
    uint8_t value[VALUE_MAX];
};

/* A key that is spent; its number is in what is kept with it. */
struct spender {
    unsigned number;
};

struct ack {
    uint64_t seq;
    unsigned key;
    bool is_settle; /* the entry is about to be settled; otherwise a change is durable */
    bool is_spend;  /* key number `key` is spent */
};

struct child {
    struct client client;
    struct step steps[KEYS][FLIGHT];
    uint64_t next_seq[KEYS];
    struct spender spenders[FLIGHT];
    unsigned next_number;
    int pipe_fd;
    bool is_leasing;
    unsigned lease_count;
};

static struct child *child_now; /* in the child process */

static size_t value_of(uint64_t seq, unsigned key, uint8_t value[VALUE_MAX])
{
    size_t len = (size_t)((seq * 2654435761u + key) % VALUE_MAX);

    memset(value, (int)((seq + key) & 0xff), len);
    return len;
}

static enum tg_store_verdict step_change(void *ctx, const struct tg_store_record *old,
                                         struct tg_store_next *next)
{
    struct step *step = ctx;
    size_t len = value_of(step->seq, step->key, step->value);

    (void)old;
    if (step->seq % REMOVE_EACH == 0) {
        return TG_STORE_REMOVE;
    }
    next->record = (struct tg_store_record){ .version = step->seq,
                                             .expires_s = (int64_t)(1000 + step->seq % 13),
                                             .sealed = tg_bytes(step->value, len) };
    next->notes[next->note_count++] =
        (struct tg_outbox_note){ .ask = TG_OUTBOX_NOTIFY,
                                 .key = key_of(NOTE_KEYS + step->key),
                                 .due_s = 100,
                                 .expires_s = NOTE_EXPIRES_S,
                                 .sealed = tg_bytes(&step->seq, sizeof(step->seq)) };
    return TG_STORE_PUT;
}

static void step_done(void *ctx, enum tg_err err);

static void step_start(struct step *step)
{
    struct tg_store_key key = key_of(step->key);
    struct client *c = &child_now->client;

    step->seq = child_now->next_seq[step->key]++;
    c->ops->apply(c->port, &key, step_change, step, step_done);
}

static void report(struct ack ack)
{
    if (write(child_now->pipe_fd, &ack, sizeof(ack)) != (ssize_t)sizeof(ack)) {
        _exit(1);
    }
}

static void settle_done(void *ctx, enum tg_err err)
{
    (void)ctx;
    if (err != TG_OK) {
        _exit(1);
    }
}

/* Every third entry is settled as done, the others stay leased. */
static void lease_leased(void *ctx, enum tg_err err, const struct tg_outbox_entry *entries,
                         size_t count, int64_t next_due_s)
{
    struct client *c = &child_now->client;

    (void)ctx;
    (void)next_due_s;
    if (err != TG_OK) {
        _exit(1);
    }
    child_now->is_leasing = false;
    for (size_t i = 0; i < count; i++) {
        struct ack ack = { .key = number_of(&entries[i].key) - NOTE_KEYS, .is_settle = true };

        memcpy(&ack.seq, entries[i].sealed.ptr, sizeof(ack.seq));
        if (ack.seq % 3 == 0) {
            report(ack);
            c->ops->settle(c->port, &entries[i].key, entries[i].generation, TG_OUTBOX_DONE, 0,
                           settle_done, NULL);
        }
    }
}

static void lease_some(struct client *c)
{
    int64_t now_s = 200 + child_now->lease_count;

    if (!child_now->is_leasing) {
        child_now->is_leasing = true;
        child_now->lease_count++;
        c->ops->lease(c->port, now_s, now_s + 3, 10, lease_leased, NULL);
    }
}

static void step_done(void *ctx, enum tg_err err)
{
    struct step *step = ctx;

    if (err != TG_OK) {
        _exit(1);
    }
    report((struct ack){ .seq = step->seq, .key = step->key });
    step_start(step);
}

static void spender_start(struct spender *spender);

static void spender_spent(void *ctx, enum tg_err err, enum tg_spend_outcome outcome,
                          struct tg_bytes sealed)
{
    struct spender *spender = ctx;

    (void)sealed;
    if (err != TG_OK || outcome != TG_SPEND_NEW) {
        _exit(1);
    }
    report((struct ack){ .key = spender->number, .is_spend = true });
    spender_start(spender);
}

static void spender_start(struct spender *spender)
{
    struct client *c = &child_now->client;

    spender->number = child_now->next_number++;
    c->ops->spend(c->port,
                  &(struct tg_spend){ .series = key_of(SERIES),
                                      .key = key_of(spender->number),
                                      .sealed = tg_bytes((const uint8_t *)&spender->number,
                                                         sizeof(spender->number)) },
                  spender_spent, spender);
}

static void child_main(const char *dir, int pipe_fd, uint64_t first_seq, unsigned first_number)
{
    struct tg_store_limits limits = { .live_max = 0 };
    struct tg_store *store = NULL;

    child_now = calloc(1, sizeof(*child_now));
    if (child_now == NULL || tg_store_lmdb_open(&store, dir, &limits, NULL, NULL) != TG_OK) {
        _exit(1);
    }
    child_now->pipe_fd = pipe_fd;
    client_open(&child_now->client, store);
    if (series_open(&child_now->client, SERIES, SERIES_END_S) != TG_OK) {
        _exit(1);
    }
    child_now->next_number = first_number;
    for (unsigned i = 0; i < FLIGHT; i++) {
        spender_start(&child_now->spenders[i]);
    }
    for (unsigned key = 0; key < KEYS; key++) {
        child_now->next_seq[key] = first_seq;
        for (unsigned i = 0; i < FLIGHT; i++) {
            child_now->steps[key][i].key = key;
            step_start(&child_now->steps[key][i]);
        }
    }
    for (;;) {
        lease_some(&child_now->client);
        client_wait(&child_now->client);
    }
}

/* What the parent knows about a key. */
struct known {
    uint64_t acked_seq;    /* in this round, 0: none */
    uint64_t found_before; /* version after the last round, 0: no record */
    uint64_t noted_seq;    /* the last acknowledged change of this round with a note */
    uint64_t settled_seq;  /* the last note of this round that was about to be settled */
};

static bool has_removal(uint64_t from, uint64_t to)
{
    return to / REMOVE_EACH * REMOVE_EACH >= from;
}

static void assert_state(struct client *c, unsigned key, struct known *known, uint64_t first_seq)
{
    static uint8_t value[VALUE_MAX];
    struct call call;
    uint64_t version = look(c, key, &call) ? call.seen.version : 0;
    uint64_t from = known->acked_seq != 0 ? known->acked_seq : first_seq;

    if (version != 0) {
        size_t len = value_of(version, key, value);

        assert_int_equal(call.seen.sealed.len, len);
        assert_memory_equal(call.seen_bytes, value, len < SEEN_MAX ? len : SEEN_MAX);
        assert_int_equal(call.seen.expires_s, 1000 + version % 13);
        assert_int_not_equal(version % REMOVE_EACH, 0);
    }
    if (known->acked_seq != 0 || version != known->found_before) {
        /* The record is from the last acknowledged change, or from a later one in flight. */
        assert_true(version == 0 ? has_removal(from, from + FLIGHT) : version >= from);
        assert_true(version <= from + FLIGHT);
    }
    known->found_before = version;
    known->acked_seq = 0;
}

/* *last_number: of the last spend that was acknowledged; those before it were, too. */
static uint64_t acks_read(int fd, struct known known[KEYS], unsigned *last_number, pid_t pid,
                          long kill_after_us)
{
    struct timespec start;
    struct timespec now;
    struct ack ack;
    bool is_killed = false;
    uint64_t count = 0;
    ssize_t n = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    while ((n = read(fd, &ack, sizeof(ack))) == (ssize_t)sizeof(ack)) {
        if (ack.is_spend) {
            assert_true(ack.key > *last_number || *last_number == 0);
            *last_number = ack.key;
            continue;
        }
        assert_in_range(ack.key, 0, KEYS - 1);
        if (ack.is_settle) {
            known[ack.key].settled_seq = ack.seq;
        } else {
            assert_true(ack.seq > known[ack.key].acked_seq);
            known[ack.key].acked_seq = ack.seq;
            count++;
        }
        if (!ack.is_settle && ack.seq % REMOVE_EACH != 0) {
            known[ack.key].noted_seq = ack.seq;
        }
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        if (!is_killed &&
            (now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000 >=
                kill_after_us) {
            assert_int_equal(kill(pid, SIGKILL), 0);
            is_killed = true;
        }
    }
    assert_int_equal(n, 0);
    return count;
}

/* Every entry is due now and has the last note of its key, and no unsettled key lacks one. */
static void assert_outbox_state(struct client *c, const struct tg_store *store,
                                struct known known[KEYS], uint64_t first_seq)
{
    static struct leased l;
    uint64_t found[KEYS] = { 0 };

    lease(c, 1000, 1001, TG_OUTBOX_LEASE_MAX, &l);
    assert_outbox(store, l.count);
    for (size_t i = 0; i < l.count; i++) {
        unsigned key = number_of(&l.entries[i].key) - NOTE_KEYS;

        assert_in_range(key, 0, KEYS - 1);
        assert_int_equal(l.entries[i].sealed.len, sizeof(found[key]));
        memcpy(&found[key], l.entries[i].sealed.ptr, sizeof(found[key]));
        assert_true(found[key] >= first_seq);
        assert_int_equal(settle(c, &l, i, TG_OUTBOX_DONE, 0), TG_OK);
    }
    assert_outbox(store, 0);
    for (unsigned key = 0; key < KEYS; key++) {
        uint64_t noted_seq = known[key].noted_seq;

        assert_true(found[key] >= noted_seq || known[key].settled_seq >= noted_seq);
        known[key].noted_seq = 0;
        known[key].settled_seq = 0;
    }
}

static void assert_spent_state(struct client *c, unsigned first_number, unsigned last_number)
{
    for (unsigned number = first_number; number <= last_number; number++) {
        struct spent spent;

        spend_start(c, SERIES, number, TG_LIT("again"), &spent);
        spend_finish(c, &spent);
        assert_int_equal(spent.err, TG_OK);
        assert_int_equal(spent.outcome, TG_SPEND_KNOWN);
        assert_int_equal(spent.len, sizeof(number));
        assert_memory_equal(spent.bytes, &number, sizeof(number));
    }
}

static uint64_t round_run(const char *dir, struct known known[KEYS], uint64_t first_seq,
                          unsigned first_number)
{
    unsigned last_number = 0;
    struct tg_store_limits limits = { .live_max = 0 };
    struct tg_store *store = NULL;
    struct tg_store_stats stats;
    struct client c;
    int fds[2];
    int status = 0;
    uint64_t count = 0;

    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();

    if (pid == 0) {
        (void)close(fds[0]);
        child_main(dir, fds[1], first_seq, first_number);
    }
    assert_true(pid > 0);
    (void)close(fds[1]);
    count = acks_read(fds[0], known, &last_number, pid, 2000 + rand() % 40000);
    (void)close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

    assert_int_equal(tg_store_lmdb_open(&store, dir, &limits, NULL, NULL), TG_OK);
    client_open(&c, store);
    for (unsigned key = 0; key < KEYS; key++) {
        assert_state(&c, key, &known[key], first_seq);
    }
    assert_outbox_state(&c, store, known, first_seq);
    if (last_number > 0) {
        assert_spent_state(&c, first_number, last_number);
    }
    if (first_seq % 3 == 0) {
        /* A sweep finds every record exactly once, and the count is right. */
        store->ops->stats(store, &stats);
        assert_int_equal(sweep(&c, 2000, 1000000), stats.live_count);
        assert_stats(store, 0, 0);
        for (unsigned key = 0; key < KEYS; key++) {
            known[key].found_before = 0;
        }
    }
    client_close(&c);
    store->ops->close(&store);
    return count;
}

/* spec-test: protocol/4#push-not-lost, protocol/6#token-spent-once */
static void killed_writer__loses_no_acknowledged_change(void **state)
{
    const char *wanted = getenv("TIGRESS_CRASH_ROUNDS");
    unsigned long rounds = wanted == NULL ? 20 : strtoul(wanted, NULL, 10);
    struct known known[KEYS] = { { .acked_seq = 0 } };
    char folder[64];
    char dir[80];
    uint64_t count = 0;

    (void)state;
    folder_make(folder, sizeof(folder));
    (void)snprintf(dir, sizeof(dir), "%s/db", folder);
    srand((unsigned)getpid());
    for (unsigned long i = 1; i <= rounds; i++) {
        count += round_run(dir, known, i * UINT64_C(1000000), (unsigned)i * SPENDS_EACH);
    }
    print_message("%lu kills, %llu acknowledged changes, none lost\n", rounds,
                  (unsigned long long)count);
    assert_true(count > rounds);
    folder_remove(folder);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_writer__loses_no_acknowledged_change),
    };

    return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
