/* SPDX-License-Identifier: Apache-2.0 */
/* How much heap a session uses, with what the libraries below it allocate: every block counts for
   the session in whose call it was allocated. */
#include "support/c/heap.h"
#include "unit/client/wallet_fixture.h"

#include <stdio.h>

#define BUDGET (64u * 1024u) /* per session, beyond the messages themselves */

/* The text of a sealed message of the greatest size. While one is sealed, sent, parsed or opened,
   it exists in several forms; together they are at most two and a half times this text. */
#define SEALED_MAX ((12u + TIGRESS_MESSAGE_MAX + 16u + 2u) / 3u * 4u)
#define PEAK_MAX (BUDGET + SEALED_MAX * 5u / 2u)

enum owner { NOBODY, ALICE, BOB, OWNER_COUNT };

/* The test's own state: the allocator has no argument to carry it. */
static struct heap_account accounts[OWNER_COUNT];

static bool is_warm; /* before, nothing counts */

static void set_owner(enum owner owner)
{
    heap_enter(owner == NOBODY || !is_warm ? NULL : &accounts[owner]);
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
    set_owner(NOBODY);
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

    set_owner(NOBODY);
    fake_relay_handle(&t->relay, request, &t->answer);
    set_owner(who);
    assert_int_equal(
        tigress_session_reply(s, t->answer.status, &version, 1, t->answer.body, t->answer.body_len),
        TIGRESS_OK);
}

static void run_as(struct transfer *t, enum owner who, enum tigress_input expected)
{
    struct tigress_session *s = who == ALICE ? t->alice : t->bob;
    enum tigress_want want = TIGRESS_WANT_HTTP;

    set_owner(who);
    for (unsigned i = 0; i < 8; i++) {
        want = tigress_session_step(s, FAKE_NOW);
        if (want != TIGRESS_WANT_HTTP) {
            break;
        }
        serve(t, who, s);
    }
    set_owner(NOBODY);
    assert_int_equal(want, expected == TIGRESS_INPUT_NONE ? TIGRESS_DONE : TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), expected);
}

static void begin(struct transfer *t, size_t message_len, const char *rights)
{
    char url[TIGRESS_SHARE_URL_MAX];
    const char *message = message_of(t, message_len);

    set_owner(ALICE);
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
    set_owner(BOB);
    assert_int_equal(tigress_recipient_new(&t->bob, url, NULL, NULL, 0), TIGRESS_OK);
    run_as(t, BOB, TIGRESS_INPUT_MESSAGE);
}

/* Transfers one message, until both sides are at rest. */
static void turn(struct transfer *t, enum owner from, size_t message_len)
{
    enum owner to = from == ALICE ? BOB : ALICE;
    const char *message = message_of(t, message_len);

    set_owner(from);
    assert_int_equal(tigress_session_send(from == ALICE ? t->alice : t->bob, message, message_len),
                     TIGRESS_OK);
    run_as(t, from, TIGRESS_INPUT_SENT);
    set_owner(to);
    assert_int_equal(tigress_session_wait(to == ALICE ? t->alice : t->bob), TIGRESS_OK);
    run_as(t, to, TIGRESS_INPUT_MESSAGE);
}

static void finish(struct transfer *t)
{
    set_owner(BOB);
    assert_int_equal(tigress_session_finish(t->bob), TIGRESS_OK);
    run_as(t, BOB, TIGRESS_INPUT_NONE);
    set_owner(ALICE);
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

/* before: bytes of messages that the session held before this one. */
static void assert_within(const struct heap_account *account, size_t before)
{
    /* At rest: the message last received. */
    assert_in_range(account->live, 1, BUDGET + TIGRESS_MESSAGE_MAX);
    assert_in_range(account->peak, 1, PEAK_MAX + before);
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
    report("one message of 38,912 bytes");
    assert_in_range(accounts[ALICE].peak, 1, PEAK_MAX);
    assert_in_range(accounts[BOB].peak, 1, PEAK_MAX);
    turn(t, BOB, TIGRESS_MESSAGE_FIRST_MAX);
    turn(t, ALICE, TIGRESS_MESSAGE_FIRST_MAX);
    turn(t, BOB, TIGRESS_MESSAGE_MAX);
    report("stateful, 40,960 bytes");
    assert_within(&accounts[ALICE], TIGRESS_MESSAGE_MAX);
    assert_within(&accounts[BOB], TIGRESS_MESSAGE_MAX);
    finish(t);
}

/* What libcrypto allocates once for the process counts for nobody. */
static int warm_up(void **state)
{
    void *first = NULL;

    (void)state;
    (void)open_accounts(&first);
    begin(first, 200, "RD");
    finish(first);
    if (close_accounts(&first) != 0) {
        return -1;
    }
    is_warm = true;
    return 0;
}

#define BUDGET_CASE(name) cmocka_unit_test_setup_teardown(name, open_accounts, close_accounts)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BUDGET_CASE(stateless__small_message__within_the_budget),
        BUDGET_CASE(stateful__as_many_turns_as_there_may_be__within_the_budget),
        BUDGET_CASE(stateful__longest_messages__budget_and_the_messages),
    };

    return cmocka_run_group_tests(tests, warm_up, NULL);
}
