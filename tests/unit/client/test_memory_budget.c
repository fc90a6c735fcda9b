/* SPDX-License-Identifier: Apache-2.0 */
/* How much heap a session uses: every block counts for the session that allocated it. */
#include "unit/client/wallet_fixture.h"

#include <stdio.h>

#define BUDGET (64u * 1024u) /* per session, beyond the messages themselves */

/*
 * While a message is sealed, sent, parsed or opened, it exists in several forms at the same time:
 * as JSON, padded, sealed, as base64, and quoted in a body. So a peak may be the budget and this
 * many times the longest form, the sealed one as base64.
 */
#define COPIES_AT_PEAK 5u
#define SEALED_MAX ((12u + TIGRESS_MESSAGE_MAX + 16u + 2u) / 3u * 4u)

enum owner { NOBODY, ALICE, BOB, OWNER_COUNT };

struct block {
    size_t size;
    enum owner owner;
    max_align_t data[];
};

struct account {
    size_t live;
    size_t peak;
    size_t count;
};

/* The test's own state: wrapped functions have no argument to carry it. */
static enum owner owner;
static struct account accounts[OWNER_COUNT];

void *__real_malloc(size_t size);
void __real_free(void *ptr);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);
void __wrap_free(void *ptr);
size_t __wrap_malloc_usable_size(void *ptr);

static struct block *block_of(void *ptr)
{
    return (struct block *)(void *)((char *)ptr - offsetof(struct block, data));
}

void *__wrap_malloc(size_t size)
{
    struct block *block = __real_malloc(sizeof(*block) + size);
    struct account *account = &accounts[owner];

    if (block == NULL) {
        return NULL;
    }
    block->size = size;
    block->owner = owner;
    account->count++;
    account->live += size;
    account->peak = account->live > account->peak ? account->live : account->peak;
    return block->data;
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *made = __wrap_malloc(count * size);

    return made == NULL ? NULL : memset(made, 0, count * size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
    void *made = __wrap_malloc(size);

    if (made != NULL && ptr != NULL) {
        memcpy(made, ptr, block_of(ptr)->size < size ? block_of(ptr)->size : size);
        __wrap_free(ptr);
    }
    return made;
}

void __wrap_free(void *ptr)
{
    if (ptr != NULL) {
        accounts[block_of(ptr)->owner].live -= block_of(ptr)->size;
        __real_free(block_of(ptr));
    }
}

size_t __wrap_malloc_usable_size(void *ptr)
{
    return block_of(ptr)->size;
}

/* ---- a transfer, each call counted for its session ------------------------------------- */

struct transfer {
    struct fake_relay relay;
    struct tigress_session *alice;
    struct tigress_session *bob;
    struct fake_answer answer;
    char message[TIGRESS_MESSAGE_MAX + 1];
};

static int open_accounts(void **state)
{
    struct transfer *t = calloc(1, sizeof(*t));

    memset(accounts, 0, sizeof(accounts));
    owner = NOBODY;
    if (t == NULL) {
        return -1;
    }
    fake_relay_init(&t->relay);
    *state = t;
    return 0;
}

static int close_accounts(void **state)
{
    struct transfer *t = *state;

    tigress_session_free(&t->alice);
    tigress_session_free(&t->bob);
    free(t);
    assert_int_equal(accounts[ALICE].live, 0);
    assert_int_equal(accounts[BOB].live, 0);
    return 0;
}

/* A message of exactly len bytes. */
static const char *message_of(struct transfer *t, size_t len)
{
    int used = snprintf(t->message, sizeof(t->message), "{\"format\":\"x\",\"content\":{\"f\":\"");

    assert_true(used > 0 && (size_t)used + 3 <= len && len < sizeof(t->message));
    memset(t->message + used, 'x', len - (size_t)used);
    memcpy(t->message + len - 3, "\"}}", 4);
    return t->message;
}

/* The relay's memory is not counted. */
static void serve(struct transfer *t, enum owner who, struct tigress_session *s)
{
    const struct tigress_http_request *request = tigress_session_request(s);
    struct tigress_http_header version = { "Mailbox-Version", t->answer.version };

    owner = NOBODY;
    fake_relay_handle(&t->relay, request, &t->answer);
    owner = who;
    assert_int_equal(
        tigress_session_reply(s, t->answer.status, &version, 1, t->answer.body, t->answer.body_len),
        TIGRESS_OK);
}

static void run_as(struct transfer *t, enum owner who, enum tigress_input expected)
{
    struct tigress_session *s = who == ALICE ? t->alice : t->bob;
    enum tigress_want want = TIGRESS_WANT_HTTP;

    owner = who;
    for (unsigned i = 0; i < 8; i++) {
        want = tigress_session_step(s, FAKE_NOW);
        if (want != TIGRESS_WANT_HTTP) {
            break;
        }
        serve(t, who, s);
    }
    owner = NOBODY;
    assert_int_equal(want, expected == TIGRESS_INPUT_NONE ? TIGRESS_DONE : TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), expected);
}

static void begin(struct transfer *t, size_t message_len, const char *rights)
{
    char url[TIGRESS_SHARE_URL_MAX];
    const char *message = message_of(t, message_len);

    owner = ALICE;
    assert_int_equal(tigress_initiator_new(&t->alice, FAKE_RELAY, message, message_len, NULL, 0),
                     TIGRESS_OK);
    assert_int_equal(tigress_session_set_display(t->alice, "Car key", "A key for you", "https://i"),
                     TIGRESS_OK);
    assert_int_equal(tigress_session_set_rights(t->alice, rights), TIGRESS_OK);
    assert_int_equal(tigress_session_require_proof(t->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(t->alice), TIGRESS_OK);
    run_as(t, ALICE, TIGRESS_INPUT_CREATED);
    assert_int_equal(tigress_session_share_url(t->alice, TIGRESS_FORM_HTTPS, url, sizeof(url)),
                     TIGRESS_OK);
    owner = BOB;
    assert_int_equal(tigress_recipient_new(&t->bob, url, NULL, NULL, 0), TIGRESS_OK);
    run_as(t, BOB, TIGRESS_INPUT_MESSAGE);
}

/* Transfers one message, until both sides are at rest. */
static void turn(struct transfer *t, enum owner from, size_t message_len)
{
    enum owner to = from == ALICE ? BOB : ALICE;
    const char *message = message_of(t, message_len);

    owner = from;
    assert_int_equal(tigress_session_send(from == ALICE ? t->alice : t->bob, message, message_len),
                     TIGRESS_OK);
    run_as(t, from, TIGRESS_INPUT_SENT);
    owner = to;
    assert_int_equal(tigress_session_wait(to == ALICE ? t->alice : t->bob), TIGRESS_OK);
    run_as(t, to, TIGRESS_INPUT_MESSAGE);
}

static void finish(struct transfer *t)
{
    owner = BOB;
    assert_int_equal(tigress_session_finish(t->bob), TIGRESS_OK);
    run_as(t, BOB, TIGRESS_INPUT_NONE);
    owner = ALICE;
    assert_int_equal(tigress_session_wait(t->alice), TIGRESS_OK);
    run_as(t, ALICE, TIGRESS_INPUT_NONE);
}

static void report(const char *what)
{
    static const char *const names[] = { [ALICE] = "initiator", [BOB] = "recipient" };

    for (enum owner who = ALICE; who <= BOB; who++) {
        print_message("heap, %s, %s: %zu bytes at rest, %zu at the peak, %zu allocations\n", what,
                      names[who], accounts[who].live, accounts[who].peak, accounts[who].count);
    }
}

static void assert_within(const struct account *account)
{
    /* At rest: the message last received. */
    assert_in_range(account->live, 1, BUDGET + TIGRESS_MESSAGE_MAX);
    assert_in_range(account->peak, 1, BUDGET + COPIES_AT_PEAK * SEALED_MAX);
}

static void stateless__small_message__within_the_budget(void **state)
{
    struct transfer *t = *state;

    begin(t, 200, "RD");
    report("stateless, 200 bytes");
    assert_in_range(accounts[ALICE].peak, 1, BUDGET);
    assert_in_range(accounts[BOB].peak, 1, BUDGET);
    finish(t);
    assert_in_range(accounts[ALICE].peak, 1, BUDGET);
    assert_in_range(accounts[BOB].peak, 1, BUDGET);
}

static void stateful__as_many_turns_as_there_may_be__within_the_budget(void **state)
{
    struct transfer *t = *state;
    enum owner from = BOB;

    begin(t, 200, "RWD");
    for (unsigned i = 2; i < TIGRESS_TURNS_MAX; i++) {
        turn(t, from, 200);
        from = from == BOB ? ALICE : BOB;
    }
    report("stateful, 255 messages");
    assert_in_range(accounts[ALICE].peak, 1, BUDGET);
    assert_in_range(accounts[BOB].peak, 1, BUDGET);
}

static void stateful__longest_messages__budget_and_the_messages(void **state)
{
    struct transfer *t = *state;

    begin(t, TIGRESS_MESSAGE_FIRST_MAX, "RWD");
    turn(t, BOB, TIGRESS_MESSAGE_FIRST_MAX);
    turn(t, ALICE, TIGRESS_MESSAGE_FIRST_MAX);
    turn(t, BOB, TIGRESS_MESSAGE_MAX);
    report("stateful, 40,960 bytes");
    assert_within(&accounts[ALICE]);
    assert_within(&accounts[BOB]);
    finish(t);
}

#define BUDGET_CASE(name) cmocka_unit_test_setup_teardown(name, open_accounts, close_accounts)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BUDGET_CASE(stateless__small_message__within_the_budget),
        BUDGET_CASE(stateful__as_many_turns_as_there_may_be__within_the_budget),
        BUDGET_CASE(stateful__longest_messages__budget_and_the_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
