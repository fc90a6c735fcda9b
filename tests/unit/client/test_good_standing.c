/* SPDX-License-Identifier: Apache-2.0 */
/* Good standing from the wallet's side: before the create, or after the relay refused it. */
#include "unit/client/wallet_fixture.h"

#include "base/b64.h"
#include "wire/attestation.h"

#define CHALLENGES "PrivateToken challenge=\"AAI=\", token-key=\"MIIB\""
#define STANDING_401                                                                               \
    "{\"type\":\"urn:tigress:problem/standing\",\"title\":\"Unauthorized\",\"status\":401,"        \
    "\"detail\":\"d\"}"

static const unsigned char object[] = { 0xa3, 0x63, 'f', 'm', 't', 0x00, 0xff };

/* The next request of a session that wants one. */
static const struct tigress_http_request *next(struct tigress_session *s)
{
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_HTTP);
    return tigress_session_request(s);
}

static const char *header_of(struct tigress_session *s, const char *name)
{
    const struct tigress_http_request *request = tigress_session_request(s);

    for (size_t i = 0; i < request->header_count; i++) {
        if (strcmp(request->headers[i].name, name) == 0) {
            return request->headers[i].value;
        }
    }
    return NULL;
}

static void refuse(struct tigress_session *s, const char *first, const char *second)
{
    const struct tigress_http_header headers[] = { { "www-authenticate", first },
                                                   { "WWW-Authenticate", second } };

    (void)next(s);
    assert_int_equal(tigress_session_reply(s, 401, headers, second == NULL ? 1 : 2, STANDING_401,
                                           strlen(STANDING_401)),
                     TIGRESS_OK);
}

static void assert_asks(struct tigress_session *s, enum tigress_input input)
{
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), input);
}

static void assert_refused(struct tigress_session *s)
{
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_FAILED);
    assert_int_equal(tigress_session_error(s), TIGRESS_E_STANDING);
    assert_string_equal(tigress_session_relay_detail(s), "d");
}

/* The challenge of the request under way, from what it sends. */
static void expected_challenge(struct fixture *f, unsigned char out[32])
{
    struct tg_attestation_cover cover;

    fake_relay_serve(&f->relay, f->alice);
    cover =
        (struct tg_attestation_cover){ tg_bytes_str(f->relay.claim),
                                       tg_bytes_str(f->relay.request_id),
                                       tg_bytes_str(f->relay.type), tg_bytes_str(f->relay.data) };
    assert_int_equal(tg_attestation_challenge(out, &cover), TG_OK);
}

/* spec-test: protocol/6#attestation-sent */
static void create__attestation_wanted__challenge_of_this_request_and_header_sent(void **state)
{
    struct fixture *f = *state;
    unsigned char challenge[32], expected[32], again[32];

    assert_int_equal(tigress_session_want_attestation(f->alice, TIGRESS_ATTEST_CREATE), TIGRESS_OK);
    assert_int_equal(tigress_session_attestation_challenge(f->alice, challenge), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_asks(f->alice, TIGRESS_INPUT_ATTESTATION);
    assert_int_equal(tigress_session_attestation_challenge(f->alice, challenge), TIGRESS_OK);
    assert_int_equal(tigress_session_attestation_challenge(f->alice, again), TIGRESS_OK);
    assert_memory_equal(challenge, again, 32);
    assert_int_equal(tigress_session_set_attestation(f->alice, object, sizeof(object)), TIGRESS_OK);
    (void)next(f->alice);
    assert_string_equal(header_of(f->alice, "Mailbox-Device-Attestation"), "o2NmbXQA_w");
    assert_null(header_of(f->alice, "Authorization"));
    expected_challenge(f, expected);
    assert_memory_equal(challenge, expected, 32);
    assert_asks(f->alice, TIGRESS_INPUT_CREATED);
}

static void create__lost_saved_and_resumed__the_same_bytes_again(void **state)
{
    struct fixture *f = *state;
    unsigned char *data = NULL;
    size_t len = 0;
    char id[64];

    assert_int_equal(tigress_session_want_attestation(f->alice, TIGRESS_ATTEST_CREATE), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_save(f->alice, &data, &len), TIGRESS_OK);
    tigress_session_free(&f->alice);
    assert_int_equal(tigress_session_resume(&f->alice, data, len, NULL, 0), TIGRESS_OK);
    tigress_free(data, len);
    assert_asks(f->alice, TIGRESS_INPUT_ATTESTATION);
    assert_int_equal(tigress_session_set_attestation(f->alice, object, sizeof(object)), TIGRESS_OK);
    (void)next(f->alice);
    (void)strcpy(id, header_of(f->alice, "Mailbox-Request-ID"));
    assert_int_equal(tigress_session_save(f->alice, &data, &len), TIGRESS_OK);
    tigress_session_free(&f->alice);
    assert_int_equal(tigress_session_resume(&f->alice, data, len, NULL, 0), TIGRESS_OK);
    tigress_free(data, len);
    (void)next(f->alice);
    assert_string_equal(header_of(f->alice, "Mailbox-Request-ID"), id);
    assert_string_equal(header_of(f->alice, "Mailbox-Device-Attestation"), "o2NmbXQA_w");
}

/* spec-test: protocol/6#asked-application */
static void create__refused_without__asked_and_repeated_with_the_same_id(void **state)
{
    struct fixture *f = *state;
    char id[64];

    assert_int_equal(tigress_session_want_attestation(f->alice, TIGRESS_ATTEST_ASKED), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    (void)next(f->alice);
    (void)strcpy(id, header_of(f->alice, "Mailbox-Request-ID"));
    refuse(f->alice, "DeviceAttestation formats=\"apple packed\"", NULL);
    assert_asks(f->alice, TIGRESS_INPUT_ATTESTATION);
    assert_int_equal(tigress_session_set_attestation(f->alice, object, sizeof(object)), TIGRESS_OK);
    (void)next(f->alice);
    assert_string_equal(header_of(f->alice, "Mailbox-Request-ID"), id);
    assert_non_null(header_of(f->alice, "Mailbox-Device-Attestation"));
    /* The session asks only once: it does not ask again for a proof that was refused. */
    refuse(f->alice, "DeviceAttestation formats=\"apple packed\"", NULL);
    assert_refused(f->alice);
}

static void create__refused__wallet_that_can_do_neither_fails(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    refuse(f->alice, "DeviceAttestation formats=\"apple\"", CHALLENGES);
    assert_refused(f->alice);
}

static void create__refused_for_the_claim__denied_as_before(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_want_private_token(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    refuse(f->alice, "DeviceClaim", NULL);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_FAILED);
    assert_int_equal(tigress_session_error(f->alice), TIGRESS_E_DENIED);
}

static void token__asked__goes_first_then_the_attestation(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_want_private_token(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_want_attestation(f->alice, TIGRESS_ATTEST_ASKED), TIGRESS_OK);
    assert_string_equal(tigress_session_private_token_challenge(f->alice), "");
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    refuse(f->alice, "DeviceAttestation formats=\"apple\"", CHALLENGES);
    assert_asks(f->alice, TIGRESS_INPUT_PRIVATE_TOKEN);
    assert_string_equal(tigress_session_private_token_challenge(f->alice), CHALLENGES);
    assert_int_equal(tigress_session_set_private_token(f->alice, "a b"), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_private_token(f->alice, ""), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_private_token(f->alice, "=AA"), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_private_token(f->alice, "AAL_-w=="), TIGRESS_OK);
    (void)next(f->alice);
    assert_string_equal(header_of(f->alice, "Authorization"), "PrivateToken token=\"AAL_-w==\"");
    refuse(f->alice, CHALLENGES ", DeviceAttestation formats=\"apple\"", NULL);
    assert_asks(f->alice, TIGRESS_INPUT_ATTESTATION);
    assert_int_equal(tigress_session_set_attestation(f->alice, object, sizeof(object)), TIGRESS_OK);
    (void)next(f->alice);
    assert_null(header_of(f->alice, "Authorization"));
    assert_non_null(header_of(f->alice, "Mailbox-Device-Attestation"));
    fake_relay_serve(&f->relay, f->alice);
    assert_asks(f->alice, TIGRESS_INPUT_CREATED);
}

static void token__set_before_the_intent__sent_only_with_the_create(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_set_private_token(f->alice, NULL), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_private_token(f->alice, "AAAA"), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_set_private_token(f->alice, "BBBB"), TIGRESS_E_STATE);
    (void)next(f->alice);
    assert_string_equal(header_of(f->alice, "Authorization"), "PrivateToken token=\"AAAA\"");
    fake_relay_serve(&f->relay, f->alice);
    assert_asks(f->alice, TIGRESS_INPUT_CREATED);
    assert_int_equal(tigress_session_check(f->alice), TIGRESS_OK);
    (void)next(f->alice);
    assert_null(header_of(f->alice, "Authorization"));
}

static void declined__continues_unless_the_relay_refused_before(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_want_attestation(f->alice, TIGRESS_ATTEST_CREATE), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_asks(f->alice, TIGRESS_INPUT_ATTESTATION);
    assert_int_equal(tigress_session_set_attestation(f->alice, object, 0), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_attestation(f->alice, NULL, 0), TIGRESS_OK);
    (void)next(f->alice);
    assert_null(header_of(f->alice, "Mailbox-Device-Attestation"));
    refuse(f->alice, "DeviceAttestation formats=\"apple\"", NULL);
    assert_refused(f->alice);
}

static void cancel__while_asked_after_a_refusal__nothing_to_delete(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_session_want_private_token(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    refuse(f->alice, CHALLENGES, NULL);
    assert_asks(f->alice, TIGRESS_INPUT_PRIVATE_TOKEN);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_DONE);
}

static void update__always__attested_each_time_and_refused_for_good(void **state)
{
    struct fixture *f = *state;
    unsigned char first[32], second[32];

    assert_int_equal(tigress_session_want_attestation(f->alice, TIGRESS_ATTEST_ALWAYS), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_asks(f->alice, TIGRESS_INPUT_ATTESTATION);
    assert_int_equal(tigress_session_attestation_challenge(f->alice, first), TIGRESS_OK);
    assert_int_equal(tigress_session_set_attestation(f->alice, object, sizeof(object)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(
        tigress_session_share_url(f->alice, TIGRESS_FORM_HTTPS, f->url, sizeof(f->url)),
        TIGRESS_OK);
    assert_int_equal(tigress_recipient_new(&f->bob, f->url, NULL, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_set_random(f->bob, fake_random, &f->random), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_check(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_send(f->alice, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_OK);
    assert_asks(f->alice, TIGRESS_INPUT_ATTESTATION);
    assert_int_equal(tigress_session_attestation_challenge(f->alice, second), TIGRESS_OK);
    assert_memory_not_equal(first, second, 32);
    assert_int_equal(tigress_session_set_attestation(f->alice, object, sizeof(object)), TIGRESS_OK);
    (void)next(f->alice);
    assert_non_null(header_of(f->alice, "Mailbox-Device-Attestation"));
    refuse(f->alice, "DeviceAttestation formats=\"apple\"", NULL);
    assert_refused(f->alice);
}

static void limits__object_and_token__largest_accepted_one_more_refused(void **state)
{
    struct fixture *f = *state;
    static unsigned char big[12289];
    static char token[2050];

    memset(token, 'A', 2049);
    assert_int_equal(tigress_session_set_private_token(f->alice, token), TIGRESS_E_LIMIT);
    token[2048] = '\0';
    assert_int_equal(tigress_session_set_private_token(f->alice, token), TIGRESS_OK);
    assert_int_equal(tigress_session_want_attestation(f->alice, TIGRESS_ATTEST_CREATE), TIGRESS_OK);
    assert_int_equal(tigress_session_want_attestation(f->alice, (enum tigress_attestation_when)4),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_set_attestation(f->alice, big, 12289), TIGRESS_E_LIMIT);
    assert_int_equal(tigress_session_set_attestation(f->alice, big, 12288), TIGRESS_OK);
    (void)next(f->alice);
    assert_int_equal(strlen(header_of(f->alice, "Mailbox-Device-Attestation")), 16384);
    assert_int_equal(tigress_session_want_private_token(f->alice), TIGRESS_E_STATE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(create__attestation_wanted__challenge_of_this_request_and_header_sent),
        CASE(create__lost_saved_and_resumed__the_same_bytes_again),
        CASE(create__refused_without__asked_and_repeated_with_the_same_id),
        CASE(create__refused__wallet_that_can_do_neither_fails),
        CASE(create__refused_for_the_claim__denied_as_before),
        CASE(token__asked__goes_first_then_the_attestation),
        CASE(token__set_before_the_intent__sent_only_with_the_create),
        CASE(declined__continues_unless_the_relay_refused_before),
        CASE(cancel__while_asked_after_a_refusal__nothing_to_delete),
        CASE(update__always__attested_each_time_and_refused_for_good),
        CASE(limits__object_and_token__largest_accepted_one_more_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
