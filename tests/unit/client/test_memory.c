/* SPDX-License-Identifier: Apache-2.0 */
/* A whole transfer in which allocation number n fails, n = 1, 2, 3, ... */
#include "support/c/fail_at.h"
#include "unit/client/wallet_fixture.h"

#include <stdlib.h>

/* ---- the allocator of the test -------------------------------------------------------------- */

static size_t block_count; /* the allocator is one for the process */
static size_t byte_count;

union block {
    size_t size;
    max_align_t aligned;
};

static void *allocate(void *ctx, size_t size)
{
    union block *block = NULL;

    assert_ptr_equal(ctx, &block_count);
    assert_true(size > 0);
    if (is_failing()) {
        return NULL;
    }
    block = malloc(sizeof(*block) + size);
    assert_non_null(block);
    memset(block + 1, 0xa5, size); /* nothing may rely on zeros */
    block->size = size;
    block_count++;
    byte_count += size;
    return block + 1;
}

static void release(void *ctx, void *ptr)
{
    union block *block = (union block *)ptr - 1;

    assert_ptr_equal(ctx, &block_count);
    block_count--;
    byte_count -= block->size;
    free(block);
}

static const struct tigress_mem mem = { allocate, release, &block_count };

static void set_mem__in_use_or_incomplete__refused(void **state)
{
    const struct tigress_mem incomplete[] = { { NULL, release, NULL }, { allocate, NULL, NULL } };
    struct tigress_session *s = NULL;

    (void)state;
    assert_ptr_not_equal(tigress_mem_in_use(), NULL);
    assert_ptr_equal(tigress_mem_in_use()->alloc, allocate);
    assert_ptr_equal(tigress_mem_in_use()->free, release);
    assert_ptr_equal(tigress_mem_in_use()->ctx, &block_count);
    for (size_t i = 0; i < TG_COUNT(incomplete); i++) {
        assert_int_equal(tigress_set_mem(&incomplete[i]), TIGRESS_E_ARGUMENT);
    }
    assert_int_equal(tigress_initiator_new(&s, FAKE_RELAY, MESSAGE_1, strlen(MESSAGE_1), NULL, 0),
                     TIGRESS_OK);
    assert_true(block_count > 0);
    assert_int_equal(tigress_set_mem(NULL), TIGRESS_E_STATE);
    assert_int_equal(tigress_set_mem(&mem), TIGRESS_OK); /* the same */
    tigress_session_free(&s);
    assert_int_equal(block_count, 0);
    assert_int_equal(tigress_set_mem(NULL), TIGRESS_OK);
    assert_null(tigress_mem_in_use());
    assert_int_equal(tigress_set_mem(&mem), TIGRESS_OK);
}

/* A call that ran out of memory is repeated: it must have changed nothing. */
static bool is_ok(enum tigress_error error)
{
    if (error == TIGRESS_E_NOMEM) {
        assert_true(fail_reached());
        return false;
    }
    assert_int_equal(error, TIGRESS_OK);
    return true;
}

static enum tigress_want run(struct fake_relay *relay, struct tigress_session *s)
{
    static struct fake_answer answer;
    int64_t now_s = FAKE_NOW;

    for (unsigned i = 0; i < 40; i++) {
        enum tigress_want want = tigress_session_step(s, now_s);

        if (want == TIGRESS_WANT_HTTP) {
            const struct tigress_http_request *request = tigress_session_request(s);
            struct tigress_http_header version = { "Mailbox-Version", answer.version };

            fake_relay_handle(relay, request, &answer);
            if (!is_ok(tigress_session_reply(s, answer.status, &version, 1, answer.body,
                                             answer.body_len))) {
                assert_ptr_equal(tigress_session_request(s), request);
            }
        } else if (want == TIGRESS_WANT_WAIT) {
            now_s = tigress_session_deadline_s(s);
        } else if (want == TIGRESS_FAILED && tigress_session_error(s) == TIGRESS_E_NOMEM) {
            assert_int_equal(tigress_session_retry(s), TIGRESS_OK);
        } else {
            if (want == TIGRESS_FAILED) {
                print_error("%u: %s\n", fail_calls(), tigress_session_error_text(s));
            }
            return want;
        }
    }
    return TIGRESS_WANT_WAIT;
}

static void transfer(void)
{
    static struct fake_relay relay;
    struct tigress_session *alice = NULL;
    struct tigress_session *bob = NULL;
    unsigned char *saved = NULL;
    size_t len = 0;
    char url[TIGRESS_SHARE_URL_MAX];

    fake_relay_init(&relay);
    while (
        !is_ok(tigress_initiator_new(&alice, FAKE_RELAY, MESSAGE_1, strlen(MESSAGE_1), NULL, 0))) {
        assert_null(alice);
    }
    while (!is_ok(tigress_session_set_display(alice, "t", "d", "https://i"))) {
    }
    while (!is_ok(tigress_session_set_rights(alice, "RWD"))) {
    }
    while (!is_ok(tigress_session_confirm_intent(alice))) {
    }
    assert_int_equal(run(&relay, alice), TIGRESS_WANT_INPUT);
    while (!is_ok(tigress_session_share_url(alice, TIGRESS_FORM_HTTPS, url, sizeof(url)))) {
    }
    while (!is_ok(tigress_recipient_new(&bob, url, NULL, NULL, 0))) {
    }
    while (!is_ok(tigress_session_allow_relay(bob, "relay.example"))) {
    }
    assert_int_equal(run(&relay, bob), TIGRESS_WANT_INPUT);
    assert_message(bob, MESSAGE_1);
    while (!is_ok(tigress_session_send(bob, MESSAGE_2, strlen(MESSAGE_2)))) {
    }
    while (!is_ok(tigress_session_save(bob, &saved, &len))) {
        assert_null(saved);
    }
    tigress_session_free(&bob);
    while (!is_ok(tigress_session_resume(&bob, saved, len, NULL, 0))) {
        assert_null(bob);
    }
    tigress_free(saved, len);
    assert_int_equal(run(&relay, bob), TIGRESS_WANT_INPUT);
    while (!is_ok(tigress_session_wait(alice))) {
    }
    assert_int_equal(run(&relay, alice), TIGRESS_WANT_INPUT);
    assert_message(alice, MESSAGE_2);
    /* The third message is the first under envelope v2. */
    while (!is_ok(tigress_session_send(alice, MESSAGE_3, strlen(MESSAGE_3)))) {
    }
    assert_int_equal(run(&relay, alice), TIGRESS_WANT_INPUT);
    while (!is_ok(tigress_session_wait(bob))) {
    }
    assert_int_equal(run(&relay, bob), TIGRESS_WANT_INPUT);
    assert_message(bob, MESSAGE_3);
    assert_int_equal(tigress_session_envelope_version(bob), 2);
    while (!is_ok(tigress_session_finish(alice))) {
    }
    assert_int_equal(run(&relay, alice), TIGRESS_DONE);
    assert_int_equal(relay.change_count, 3);
    tigress_session_free(&alice);
    tigress_session_free(&bob);
}

/* The bare messages of required v2, which the library seals while it handles an answer. */
static void required(void)
{
    static struct fake_relay relay;
    char url[TIGRESS_SHARE_URL_MAX];
    struct tigress_session *alice = NULL;
    struct tigress_session *bob = NULL;

    fake_relay_init(&relay);
    while (
        !is_ok(tigress_initiator_new(&alice, FAKE_RELAY, MESSAGE_1, strlen(MESSAGE_1), NULL, 0))) {
    }
    assert_int_equal(tigress_session_set_rights(alice, "RWD"), TIGRESS_OK);
    assert_int_equal(tigress_session_require_v2(alice), TIGRESS_OK);
    while (!is_ok(tigress_session_confirm_intent(alice))) {
    }
    assert_int_equal(run(&relay, alice), TIGRESS_WANT_INPUT);
    while (!is_ok(tigress_session_share_url(alice, TIGRESS_FORM_HTTPS, url, sizeof(url)))) {
    }
    while (!is_ok(tigress_recipient_new(&bob, url, NULL, NULL, 0))) {
    }
    assert_int_equal(run(&relay, bob), TIGRESS_WANT_WAIT);
    assert_int_equal(relay.version, 2);
    while (!is_ok(tigress_session_wait(alice))) {
    }
    assert_int_equal(run(&relay, alice), TIGRESS_WANT_INPUT);
    assert_int_equal(run(&relay, bob), TIGRESS_WANT_INPUT);
    assert_message(bob, MESSAGE_1);
    tigress_session_free(&alice);
    tigress_session_free(&bob);
}

static void enter(struct fake_relay *relay, struct tigress_session *bob, const char *pin)
{
    assert_int_equal(run(relay, bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(bob), TIGRESS_INPUT_PIN);
    while (!is_ok(tigress_session_enter_pin(bob, pin))) {
    }
    assert_int_equal(run(relay, bob), TIGRESS_WANT_WAIT);
}

/* A wrong PIN and then the right one: no failure counts a try twice, or loses one. */
static void proved(void)
{
    static struct fake_relay relay;
    char url[TIGRESS_SHARE_URL_MAX];
    struct tigress_session *alice = NULL;
    struct tigress_session *bob = NULL;

    fake_relay_init(&relay);
    while (
        !is_ok(tigress_initiator_new(&alice, FAKE_RELAY, MESSAGE_1, strlen(MESSAGE_1), NULL, 0))) {
    }
    assert_int_equal(tigress_session_set_rights(alice, "RWD"), TIGRESS_OK);
    assert_int_equal(tigress_session_set_pake_pin(alice, "604183"), TIGRESS_OK);
    while (!is_ok(tigress_session_confirm_intent(alice))) {
    }
    assert_int_equal(run(&relay, alice), TIGRESS_WANT_INPUT);
    while (!is_ok(tigress_session_share_url(alice, TIGRESS_FORM_HTTPS, url, sizeof(url)))) {
    }
    while (!is_ok(tigress_recipient_new(&bob, url, NULL, NULL, 0))) {
    }
    assert_int_equal(tigress_session_set_pake_use(bob, TIGRESS_PAKE_ALLOWED), TIGRESS_OK);
    assert_int_equal(run(&relay, bob), TIGRESS_WANT_WAIT);
    while (!is_ok(tigress_session_wait(alice))) {
    }
    assert_int_equal(run(&relay, alice), TIGRESS_WANT_WAIT);
    enter(&relay, bob, "604138");
    assert_int_equal(run(&relay, alice), TIGRESS_WANT_WAIT);
    enter(&relay, bob, "604183");
    assert_int_equal(run(&relay, alice), TIGRESS_WANT_INPUT);
    assert_int_equal(run(&relay, bob), TIGRESS_WANT_INPUT);
    assert_message(bob, MESSAGE_1);
    assert_int_equal(tigress_session_pake_tries_left(alice), 3);
    assert_int_equal(tigress_session_pake_tries_left(bob), 3);
    tigress_session_free(&alice);
    tigress_session_free(&bob);
}

/* Refuses the request of s with this challenge. */
static void refuse(struct tigress_session *s, const char *challenge)
{
    static const char body[] = "{\"type\":\"urn:tigress:problem/standing\"}";
    const struct tigress_http_header header = { "WWW-Authenticate", challenge };

    while (tigress_session_step(s, FAKE_NOW) != TIGRESS_WANT_HTTP) {
        assert_int_equal(tigress_session_retry(s), TIGRESS_OK);
    }
    while (!is_ok(tigress_session_reply(s, 401, &header, 1, body, sizeof(body) - 1))) {
    }
}

/* A create that is refused until token and attestation have been asked for. */
static void standing(void)
{
    static struct fake_relay relay;
    static const unsigned char object[] = { 0xa0 };
    struct tigress_session *alice = NULL;
    unsigned char *saved = NULL;
    size_t len = 0;

    fake_relay_init(&relay);
    while (
        !is_ok(tigress_initiator_new(&alice, FAKE_RELAY, MESSAGE_1, strlen(MESSAGE_1), NULL, 0))) {
    }
    assert_int_equal(tigress_session_want_private_token(alice), TIGRESS_OK);
    assert_int_equal(tigress_session_want_attestation(alice, TIGRESS_ATTEST_ASKED), TIGRESS_OK);
    while (!is_ok(tigress_session_confirm_intent(alice))) {
    }
    refuse(alice, "PrivateToken challenge=\"AAI=\", token-key=\"MIIB\"");
    assert_int_equal(tigress_session_input(alice), TIGRESS_INPUT_PRIVATE_TOKEN);
    while (!is_ok(tigress_session_set_private_token(alice, "AAAA"))) {
    }
    refuse(alice, "DeviceAttestation formats=\"apple\"");
    assert_int_equal(tigress_session_input(alice), TIGRESS_INPUT_ATTESTATION);
    while (!is_ok(tigress_session_set_attestation(alice, object, sizeof(object)))) {
    }
    while (!is_ok(tigress_session_save(alice, &saved, &len))) {
    }
    tigress_session_free(&alice);
    while (!is_ok(tigress_session_resume(&alice, saved, len, NULL, 0))) {
    }
    tigress_free(saved, len);
    assert_int_equal(run(&relay, alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(alice), TIGRESS_INPUT_CREATED);
    tigress_session_free(&alice);
}

static void standing__every_allocation_fails_once__still_completes(void **state)
{
    unsigned n = 0;

    (void)state;
    do {
        fail_at(++n);
        standing();
        fail_at(0);
        assert_int_equal(block_count, 0);
        assert_true(n < 2000);
    } while (fail_reached());
    assert_true(n > 20);
}

static void required_v2__every_allocation_fails_once__still_completes(void **state)
{
    unsigned n = 0;

    (void)state;
    do {
        fail_at(++n);
        required();
        fail_at(0);
        assert_true(n < 2000);
    } while (fail_reached());
    assert_true(n > 20);
}

static void pin__every_allocation_fails_once__proved_in_two_tries(void **state)
{
    unsigned n = 0;

    (void)state;
    if (!tigress_pake_is_built()) {
        print_message("skipped: this build has no PIN by PAKE\n");
        skip();
    }
    do {
        fail_at(++n);
        proved();
        fail_at(0);
        assert_int_equal(block_count, 0);
        assert_true(n < 2000);
    } while (fail_reached());
    assert_true(n > 20);
}

static void transfer__every_allocation_fails_once__still_completes(void **state)
{
    unsigned n = 0;

    (void)state;
    do {
        fail_at(++n);
        transfer();
        fail_at(0);
        assert_int_equal(block_count, 0);
        assert_int_equal(byte_count, 0);
        assert_true(n < 2000);
    } while (fail_reached());
    assert_true(n > 20);
}

static int begin(void **state)
{
    (void)state;
    return tigress_set_mem(&mem) == TIGRESS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_mem__in_use_or_incomplete__refused),
        cmocka_unit_test(standing__every_allocation_fails_once__still_completes),
        cmocka_unit_test(required_v2__every_allocation_fails_once__still_completes),
        cmocka_unit_test(pin__every_allocation_fails_once__proved_in_two_tries),
        cmocka_unit_test(transfer__every_allocation_fails_once__still_completes),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
