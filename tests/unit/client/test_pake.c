/* SPDX-License-Identifier: Apache-2.0 */
/* The PIN by PAKE: every step, wrong PINs, restarts at each step, and a peer that breaks the rules.
 */
#include "unit/client/recording_relay.h"

#include "client/session.h"
#include "wire/pake.h"

#define PIN "604183"
#define WRONG "604138"
#define BARE "{\"format\":\"tigress.v2\",\"content\":{}"

static void set_pin(struct fixture *f)
{
    assert_int_equal(tigress_session_set_pake_pin(f->alice, PIN), TIGRESS_OK);
}

static void use(struct fixture *f, enum tigress_pake_use how)
{
    assert_int_equal(tigress_session_set_pake_use(f->bob, how), TIGRESS_OK);
}

/* Alice has made the offer; bob has answered it, and waits. */
static void agree(struct fixture *f)
{
    set_pin(f);
    invite(f);
    use(f, TIGRESS_PAKE_ALLOWED);
    keep(f, 1);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_WAIT);
    keep(f, 2);
    assert_int_equal(f->relay.version, 2);
}

/* Alice reads what is new, does what the library does for her, and waits. */
static void alice_goes_on(struct fixture *f, unsigned seq)
{
    if (tigress_session_input(f->alice) != TIGRESS_INPUT_NONE) {
        assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    }
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_WAIT);
    keep(f, seq);
}

/* Bob reads the share of a try, and is asked. */
static void bob_is_asked(struct fixture *f)
{
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_PIN);
}

static void bob_enters(struct fixture *f, const char *pin, unsigned seq)
{
    assert_int_equal(tigress_session_enter_pin(f->bob, pin), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_WAIT);
    keep(f, seq);
}

static void wake_all(struct fixture *f)
{
    tigress_session_wake(f->alice);
    tigress_session_wake(f->bob);
}

/* Up to the moment when bob is asked for the first time. */
static void ask(struct fixture *f)
{
    agree(f);
    alice_goes_on(f, 3);
    wake_all(f);
    bob_is_asked(f);
}

/* Alice reads a right tag: her application's message is sent. */
static void alice_proves(struct fixture *f, unsigned seq)
{
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_SENT);
    keep(f, seq);
}

static void bob_gets_the_message(struct fixture *f)
{
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_MESSAGE);
    assert_message(f->bob, MESSAGE_1);
}

static void prove(struct fixture *f)
{
    ask(f);
    bob_enters(f, PIN, 4);
    wake_all(f);
    alice_proves(f, 5);
    wake_all(f);
    bob_gets_the_message(f);
}

/* ---- the exchange --------------------------------------------------------------------------- */

/* spec-test: protocol/7#pake-nothing-before-proof
   spec-test: protocol/7#pake-keys
   spec-test: protocol/7#pake-wiped */
static void pin__right__message_5_is_the_first_of_the_application(void **state)
{
    struct fixture *f = *state;
    struct tg_envelope2_keys before;

    ask(f);
    assert_int_equal(tigress_session_pake(f->alice), TIGRESS_PAKE_OPEN);
    assert_int_equal(tigress_session_pake(f->bob), TIGRESS_PAKE_OPEN);
    assert_int_equal(tigress_session_pake_tries_left(f->alice), 4);
    assert_int_equal(tigress_session_pake_tries_left(f->bob), 5);
    assert_message(f->bob, "");
    assert_int_equal(tigress_session_envelope_version(f->bob), 2);
    before = f->alice->chain.keys;
    bob_enters(f, " 604-183 ", 4);
    assert_int_equal(f->bob->pake.pin.len, 0);
    assert_int_equal(tigress_session_pake_tries_left(f->bob), 4);
    wake_all(f);
    alice_proves(f, 5);
    assert_int_equal(tigress_session_pake(f->alice), TIGRESS_PAKE_PROVED);
    assert_int_equal(tigress_session_pake(f->bob), TIGRESS_PAKE_OPEN);
    assert_int_equal(f->alice->pake.pin.len, 0);
    wake_all(f);
    bob_gets_the_message(f);
    assert_int_equal(tigress_session_pake(f->bob), TIGRESS_PAKE_PROVED);
    assert_memory_equal(&f->alice->chain.keys, &f->bob->chain.keys, sizeof(before));
    assert_memory_not_equal(f->alice->chain.keys.to_recipient.bytes, before.to_recipient.bytes, 16);
    assert_memory_not_equal(f->alice->chain.keys.to_initiator.bytes, before.to_initiator.bytes, 16);
    for (unsigned seq = 6; seq <= 8; seq++) {
        send_number(f, seq);
        receive_number(f, seq);
    }
    assert_int_equal(f->alice->chain.pake.other.to_recipient.len, 0);
}

/* The two persons may compare digits before the PIN is entered. */
static void pin__asked__digits_are_the_same(void **state)
{
    struct fixture *f = *state;
    char digits[2][TIGRESS_SAS_TEXT_MAX];

    ask(f);
    assert_int_equal(tigress_session_sas(f->alice, digits[0], sizeof(digits[0])), TIGRESS_OK);
    assert_int_equal(tigress_session_sas(f->bob, digits[1], sizeof(digits[1])), TIGRESS_OK);
    assert_string_equal(digits[0], digits[1]);
}

/* spec-test: protocol/7#pake-tries */
static void pin__wrong_four_times_then_right__proved(void **state)
{
    struct fixture *f = *state;

    ask(f);
    for (unsigned n = 1; n <= 4; n++) {
        bob_enters(f, WRONG, 2 * n + 2 < 10 ? 2 * n + 2 : 9);
        assert_int_equal(tigress_session_pake_tries_left(f->bob), 5 - n);
        wake_all(f);
        alice_goes_on(f, 9);
        assert_int_equal(tigress_session_pake_tries_left(f->alice), 4 - n);
        wake_all(f);
        bob_is_asked(f);
        assert_message(f->bob, "");
    }
    bob_enters(f, PIN, 9);
    wake_all(f);
    alice_proves(f, 9);
    wake_all(f);
    bob_gets_the_message(f);
    assert_int_equal(tigress_session_pake(f->bob), TIGRESS_PAKE_PROVED);
}

/* spec-test: protocol/7#pake-verdict */
static void pin__wrong_five_times__the_transfer_ends_at_both(void **state)
{
    struct fixture *f = *state;

    ask(f);
    for (unsigned n = 1; n <= 4; n++) {
        bob_enters(f, WRONG, 9);
        wake_all(f);
        alice_goes_on(f, 9);
        wake_all(f);
        bob_is_asked(f);
    }
    bob_enters(f, WRONG, 9);
    assert_int_equal(tigress_session_pake_tries_left(f->bob), 0);
    wake_all(f);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_DONE);
    assert_int_equal(tigress_session_pake(f->alice), TIGRESS_PAKE_FAILED);
    assert_int_equal(tigress_session_end(f->alice), TIGRESS_END_WITHDRAWN_OPENED);
    assert_int_equal(f->alice->pake.pin.len, 0);
    wake_all(f);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_failed(f->bob, TIGRESS_E_WITHDRAWN);
    assert_int_equal(tigress_session_end_proof(f->bob), TIGRESS_PROOF_DEVICE);
    assert_message(f->bob, "");
}

static void pin__entered_wrongly_formed__no_try(void **state)
{
    static const char *const typed[] = { "", "12345", "1234567890123", "60418x", "six" };
    struct fixture *f = *state;
    char big[TIGRESS_PIN_TYPED_MAX + 2];

    ask(f);
    for (size_t i = 0; i < TG_COUNT(typed); i++) {
        assert_int_equal(tigress_session_enter_pin(f->bob, typed[i]), TIGRESS_E_ARGUMENT);
    }
    assert_int_equal(tigress_session_enter_pin(f->bob, NULL), TIGRESS_E_ARGUMENT);
    memset(big, ' ', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    assert_int_equal(tigress_session_enter_pin(f->bob, big), TIGRESS_E_LIMIT);
    assert_int_equal(tigress_session_pake_tries_left(f->bob), 5);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_PIN);
    assert_int_equal(tigress_session_enter_pin(f->alice, PIN), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_enter_pin(NULL, PIN), TIGRESS_E_ARGUMENT);
}

/* spec-test: protocol/7#pake-nothing-before-proof */
static void pin__asked__nothing_else_is_possible_but_to_decline(void **state)
{
    struct fixture *f = *state;

    ask(f);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_wait(f->bob), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_cancel(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
    wake_all(f);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_FAILED);
    assert_failed(f->alice, TIGRESS_E_DECLINED);
    assert_int_equal(tigress_session_end_proof(f->alice), TIGRESS_PROOF_DEVICE);
}

/* ---- restarts ------------------------------------------------------------------------------- */

static void restart(struct tigress_session **s)
{
    struct tigress_session *twin = twin_of(*s);

    tigress_session_free(s);
    *s = twin;
}

/* Runs one session to its next stop, and restarts it before each request and after each answer.
   Every request is first lost after the relay has it: the repetition must have the same bytes. It
   stops where there is nothing new, which a restarted session would ask for again and again. */
static enum tigress_want run_with_crashes(struct fixture *f, struct tigress_session **s)
{
    enum tigress_want want = TIGRESS_FAILED;

    for (unsigned i = 0; i < 40; i++) {
        static char body[70000];
        bool is_read = strcmp(tigress_session_state_name(*s), "READ") == 0;
        size_t len = 0;

        want = tigress_session_step(*s, FAKE_NOW);
        if (want != TIGRESS_WANT_HTTP) {
            return want;
        }
        fake_relay_serve_lost(&f->relay, *s);
        len = f->relay.body_len;
        memcpy(body, f->relay.body, len);
        restart(s);
        tigress_session_wake(*s);
        assert_int_equal(tigress_session_set_random(*s, fake_random, &f->random), TIGRESS_OK);
        assert_int_equal(tigress_session_step(*s, FAKE_NOW), TIGRESS_WANT_HTTP);
        fake_relay_serve(&f->relay, *s);
        assert_int_equal(f->relay.body_len, len);
        assert_memory_equal(f->relay.body, body, len);
        restart(s);
        assert_int_equal(tigress_session_set_random(*s, fake_random, &f->random), TIGRESS_OK);
        if (is_read && strcmp(tigress_session_state_name(*s), "READ") == 0) {
            return TIGRESS_WANT_WAIT;
        }
    }
    fail_msg("no end");
    return want;
}

/* spec-test: protocol/7#pake-tries */
static void restarts__at_every_request_of_both__one_wrong_and_one_right_try(void **state)
{
    struct fixture *f = *state;

    set_pin(f);
    restart(&f->alice);
    invite(f);
    use(f, TIGRESS_PAKE_REQUIRED);
    assert_int_equal(run_with_crashes(f, &f->bob), TIGRESS_WANT_WAIT);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(run_with_crashes(f, &f->alice), TIGRESS_WANT_WAIT);
    wake_all(f);
    assert_int_equal(run_with_crashes(f, &f->bob), TIGRESS_WANT_INPUT);
    restart(&f->bob);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_PIN);
    assert_int_equal(tigress_session_enter_pin(f->bob, WRONG), TIGRESS_OK);
    assert_int_equal(run_with_crashes(f, &f->bob), TIGRESS_WANT_WAIT);
    assert_int_equal(tigress_session_pake_tries_left(f->bob), 4);
    wake_all(f);
    assert_int_equal(run_with_crashes(f, &f->alice), TIGRESS_WANT_WAIT);
    assert_int_equal(tigress_session_pake_tries_left(f->alice), 3);
    wake_all(f);
    assert_int_equal(run_with_crashes(f, &f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_enter_pin(f->bob, PIN), TIGRESS_OK);
    assert_int_equal(run_with_crashes(f, &f->bob), TIGRESS_WANT_WAIT);
    wake_all(f);
    assert_int_equal(run_with_crashes(f, &f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_pake(f->alice), TIGRESS_PAKE_PROVED);
    wake_all(f);
    assert_int_equal(run_with_crashes(f, &f->bob), TIGRESS_WANT_INPUT);
    assert_message(f->bob, MESSAGE_1);
    assert_int_equal(tigress_session_pake(f->bob), TIGRESS_PAKE_PROVED);
}

/* A state from before the tag, loaded again: its second tag never reaches the other side. */
static void older_state__another_try_of_the_same_number__not_sent(void **state)
{
    struct fixture *f = *state;
    struct tigress_session *older = NULL;

    ask(f);
    older = twin_of(f->bob);
    bob_enters(f, WRONG, 4);
    assert_int_equal(tigress_session_enter_pin(older, PIN), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, older), TIGRESS_FAILED);
    assert_failed(older, TIGRESS_E_ELSEWHERE);
    assert_string_equal(f->relay.data, kept[4]);
    tigress_session_free(&older);
}

/* ---- who has to have it --------------------------------------------------------------------- */

/* spec-test: protocol/7#pake-required */
static void recipient__requires_a_pin__sender_does_not_ask__nothing_shown(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < 2; i++) {
        if (i == 1) {
            assert_int_equal(tear_down(state), 0);
            assert_int_equal(set_up(state), 0);
            f = *state;
            assert_int_equal(tigress_session_require_v2(f->alice), TIGRESS_OK);
        }
        invite(f);
        use(f, TIGRESS_PAKE_REQUIRED);
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
        assert_failed(f->bob, TIGRESS_E_NO_PAKE);
        assert_message(f->bob, "");
        assert_int_equal(f->relay.version, 1);
        assert_int_equal(tigress_session_cancel(f->bob), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
        assert_int_equal(tigress_session_end(f->bob), TIGRESS_END_DECLINED);
    }
}

/* The other side is an application that does not ask for PINs.
   spec-test: protocol/7#pake-component */
static void recipient__does_not_allow__refused_and_not_answered(void **state)
{
    struct fixture *f = *state;

    set_pin(f);
    invite(f);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_failed(f->bob, TIGRESS_E_NO_PAKE);
    assert_int_equal(f->relay.version, 1);
}

static void settings__wrong_or_late__refused(void **state)
{
    static const char *const pins[] = { "", "12345", "1234567890123", "12345x", "12 345 6" };
    struct fixture *f = *state;

    assert_int_equal(tigress_pake_is_built(), 1);
    for (size_t i = 0; i < TG_COUNT(pins); i++) {
        assert_int_equal(tigress_session_set_pake_pin(f->alice, pins[i]), TIGRESS_E_ARGUMENT);
    }
    assert_int_equal(tigress_session_set_pake_pin(f->alice, NULL), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_pake_pin(NULL, PIN), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_pake(f->alice), TIGRESS_PAKE_NONE);
    assert_int_equal(tigress_session_pake_tries_left(f->alice), 0);
    assert_int_equal(tigress_session_set_pake_use(f->alice, TIGRESS_PAKE_ALLOWED), TIGRESS_E_STATE);
    set_pin(f);
    assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_set_rights(f->alice, "RD"), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_rights(f->alice, "RWD"), TIGRESS_OK);
    invite(f);
    assert_int_equal(tigress_session_set_pake_pin(f->alice, PIN), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_set_pake_pin(f->bob, PIN), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_set_pake_use(f->bob, (enum tigress_pake_use)3),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_disable_envelope_v2(f->bob), TIGRESS_OK);
    assert_int_equal(tigress_session_set_pake_use(f->bob, TIGRESS_PAKE_ALLOWED), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_pake(NULL), TIGRESS_PAKE_NONE);
    assert_int_equal(tigress_session_pake_tries_left(NULL), 0);
}

/* ---- a peer that breaks the rules ----------------------------------------------------------- */

/* Seals a message of the peer of s, under the keys that both have now, as its next one. */
static void show_sealed(struct fixture *f, struct tigress_session *s, const char *json,
                        const struct tg_envelope2_member *member)
{
    struct tg_envelope2_place place = { .mailbox = s->url.mailbox, .seq = s->chain.seq + 1 };
    const struct tg_secret *key = &s->chain.keys.to_recipient;
    struct tg_buf text;
    struct tg_buf box;

    tg_buf_init(&text, 4096);
    tg_buf_init(&box, 65536);
    place.sender = TG_ENVELOPE2_INITIATOR;
    if (s->role == TIGRESS_INITIATOR) {
        place.sender = TG_ENVELOPE2_RECIPIENT;
        key = &s->chain.keys.to_initiator;
    }
    memcpy(place.transcript, s->chain.transcript, sizeof(place.transcript));
    tg_envelope2_member_put(&text, tg_bytes_str(json), member);
    assert_int_equal(tg_envelope2_seal(&box, key, &place, tg_buf_view(&text), &tg_rng_system),
                     TG_OK);
    (void)snprintf(f->relay.data, MAILBOX_ROOM, "%.*s", (int)box.len, (const char *)box.ptr);
    f->relay.version = (unsigned)s->mailbox.version + 1;
    tg_buf_deinit(&box);
    tg_buf_deinit(&text);
}

static void assert_refuses(struct fixture *f, struct tigress_session *s, enum tigress_error error)
{
    struct tigress_session *copy = twin_of(s);

    tigress_session_wake(copy);
    if (tigress_session_input(copy) != TIGRESS_INPUT_NONE) {
        assert_int_equal(tigress_session_wait(copy), TIGRESS_OK);
    }
    assert_int_equal(fake_relay_run(&f->relay, copy), TIGRESS_FAILED);
    assert_failed(copy, error);
    assert_message(copy, "");
    assert_int_equal(copy->chain.pake.stage, s->chain.pake.stage);
    assert_int_equal(copy->chain.pake.tries, s->chain.pake.tries);
    tigress_session_free(&copy);
}

static const struct tg_envelope2_value identity = { .is_set = true };
static const struct tg_envelope2_value no_point = { .is_set = true, .bytes = { 1 } };

/* spec-test: protocol/7#pake-points */
static void answer__without_a_valid_share_or_tag__refused_and_no_try(void **state)
{
    struct fixture *f = *state;
    struct tg_envelope2_member member = { .pake_confirm = { .is_set = true } };

    agree(f);
    alice_goes_on(f, 3);
    show_sealed(f, f->alice, BARE "}", &member);
    assert_refuses(f, f->alice, TIGRESS_E_BAD_MESSAGE);
    member.pake_share = identity;
    show_sealed(f, f->alice, BARE "}", &member);
    assert_refuses(f, f->alice, TIGRESS_E_BAD_MESSAGE);
    member.pake_share = no_point;
    show_sealed(f, f->alice, BARE "}", &member);
    assert_refuses(f, f->alice, TIGRESS_E_BAD_MESSAGE);
    memcpy(member.pake_share.bytes, f->alice->chain.pake.share, TG_CPACE_LEN);
    member.pake_confirm.is_set = false;
    show_sealed(f, f->alice, BARE "}", &member);
    assert_refuses(f, f->alice, TIGRESS_E_BAD_MESSAGE);
    member.pake_confirm.is_set = true;
    show_sealed(f, f->alice, MESSAGE_2, &member);
    assert_refuses(f, f->alice, TIGRESS_E_BAD_MESSAGE);
    assert_int_equal(f->alice->chain.pake.tries, 1);
}

/* Alice's own share and a tag that an attacker can make: a wrong try, like any other. */
static void answer__reflected_share__a_wrong_try(void **state)
{
    struct fixture *f = *state;
    struct tg_envelope2_member member = { .pake_share = { .is_set = true },
                                          .pake_confirm = { .is_set = true } };

    agree(f);
    alice_goes_on(f, 3);
    memcpy(member.pake_share.bytes, f->alice->chain.pake.share, TG_CPACE_LEN);
    show_sealed(f, f->alice, BARE "}", &member);
    wake_all(f);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_WAIT);
    assert_int_equal(tigress_session_pake(f->alice), TIGRESS_PAKE_OPEN);
    assert_int_equal(tigress_session_pake_tries_left(f->alice), 3);
    assert_true(f->alice->messages.draft.len > 0);
}

/* spec-test: protocol/7#pake-points */
static void try__invalid_or_with_content__refused_and_not_asked(void **state)
{
    struct fixture *f = *state;
    struct tg_envelope2_member member = { .reveal = { .is_set = true } };

    agree(f);
    memcpy(member.reveal.bytes, f->alice->chain.sas.value, TG_SAS_NONCE_LEN);
    show_sealed(f, f->bob, BARE "}", &member);
    assert_refuses(f, f->bob, TIGRESS_E_BAD_MESSAGE);
    show_sealed(f, f->bob, MESSAGE_1, &member);
    assert_refuses(f, f->bob, TIGRESS_E_BAD_MESSAGE);
    member.pake_share = identity;
    show_sealed(f, f->bob, BARE "}", &member);
    assert_refuses(f, f->bob, TIGRESS_E_BAD_MESSAGE);
    member.pake_share = no_point;
    show_sealed(f, f->bob, BARE "}", &member);
    assert_refuses(f, f->bob, TIGRESS_E_BAD_MESSAGE);
    memset(&member.pake_share.bytes, 0, TG_CPACE_LEN);
    member.pake_share.bytes[0] = 1;
    show_sealed(f, f->bob, MESSAGE_1, &member);
    assert_refuses(f, f->bob, TIGRESS_E_BAD_MESSAGE);
}

/* A sender that does not know the PIN goes on as if the tag had been right.
   spec-test: protocol/7#pake-nothing-before-proof */
static void content__after_the_tag_without_the_proof__refused(void **state)
{
    struct fixture *f = *state;
    struct tg_envelope2_member member = { .is_present = true };

    ask(f);
    bob_enters(f, PIN, 4);
    show_sealed(f, f->bob, MESSAGE_1, &member);
    assert_refuses(f, f->bob, TIGRESS_E_BAD_MESSAGE);
    member.pake_confirm.is_set = true;
    show_sealed(f, f->bob, MESSAGE_1, &member);
    assert_refuses(f, f->bob, TIGRESS_E_BAD_MESSAGE);
    memcpy(member.pake_confirm.bytes, f->bob->chain.pake.tag, TG_SHA256_LEN);
    show_sealed(f, f->bob, MESSAGE_1, &member);
    assert_refuses(f, f->bob, TIGRESS_E_BAD_MESSAGE);
}

/* Under the keys after the proof, but with another tag, or none. */
static void content__under_the_new_keys_with_a_wrong_tag__refused(void **state)
{
    struct fixture *f = *state;
    struct tg_envelope2_member member = { .is_present = true };
    struct tigress_session *copy = NULL;

    ask(f);
    bob_enters(f, PIN, 4);
    copy = twin_of(f->bob);
    copy->chain.keys = copy->chain.pake.other;
    show_sealed(f, copy, MESSAGE_1, &member);
    assert_refuses(f, f->bob, TIGRESS_E_TAMPERED);
    member.pake_confirm = (struct tg_envelope2_value){ .is_set = true };
    memcpy(member.pake_confirm.bytes, f->bob->chain.pake.tag, TG_SHA256_LEN);
    member.pake_confirm.bytes[31] ^= 1;
    show_sealed(f, copy, MESSAGE_1, &member);
    assert_refuses(f, f->bob, TIGRESS_E_TAMPERED);
    tigress_session_free(&copy);
    memcpy(f->relay.data, kept[4], MAILBOX_ROOM);
    wake_all(f);
    alice_proves(f, 5);
    wake_all(f);
    bob_gets_the_message(f);
}

/* A sixth try by a sender that counts otherwise. */
static void try__the_sixth__refused(void **state)
{
    struct fixture *f = *state;
    struct tg_envelope2_member member = { .pake_share = { .is_set = true } };

    ask(f);
    for (unsigned n = 1; n <= 4; n++) {
        bob_enters(f, WRONG, 9);
        wake_all(f);
        alice_goes_on(f, 9);
        wake_all(f);
        bob_is_asked(f);
    }
    memcpy(member.pake_share.bytes, f->bob->chain.pake.share, TG_CPACE_LEN);
    bob_enters(f, WRONG, 9);
    show_sealed(f, f->bob, BARE "}", &member);
    assert_refuses(f, f->bob, TIGRESS_E_BAD_MESSAGE);
}

/* An offer whose exchange is another one, or that has content. */
static void offer__unknown_or_with_content__refused(void **state)
{
    static const struct {
        const char *head, *pake;
        enum tigress_error error;
    } cases[] = {
        { "{\"format\":\"x\",\"content\":{}", "CPACE-RISTR255-SHA512", TIGRESS_E_BAD_MESSAGE },
        { BARE, "CPACE-X25519-SHA512", TIGRESS_E_NO_PAKE },
    };
    struct fixture *f = *state;
    char json[400];

    invite(f);
    use(f, TIGRESS_PAKE_ALLOWED);
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        (void)snprintf(json, sizeof(json),
                       "%s,\"tigressV2\":{\"publicKey\":"
                       "\"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"pake\":\"%s\"}}",
                       cases[i].head, cases[i].pake);
        show_v1(f, json);
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
        assert_failed(f->bob, cases[i].error);
        assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
    }
}

/* The recipient leaves the exchange out of its answer.
   spec-test: protocol/7#pake-required */
static void answer__without_the_exchange__nothing_is_sent(void **state)
{
    struct fixture *f = *state;

    set_pin(f);
    invite(f);
    f->relay.version = 1;
    show_v1(f, BARE ",\"tigressV2\":{\"publicKey\":"
                    "\"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"role\":\"recipient\"}}");
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_FAILED);
    assert_failed(f->alice, TIGRESS_E_NO_PAKE);
    assert_int_equal(f->relay.version, 2);
    assert_true(f->alice->messages.draft.len > 0);
}

/* ---- the end -------------------------------------------------------------------------------- */

/* spec-test: protocol/7#pake-end-note */
static void ends__at_every_stage__believed_as_far_as_they_are_proved(void **state)
{
    struct fixture *f = *state;

    prove(f);
    send_number(f, 6);
    receive_number(f, 6);
    assert_int_equal(tigress_session_finish(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_DONE);
    assert_int_equal(tigress_session_check(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
    assert_int_equal(tigress_session_end(f->bob), TIGRESS_END_COMPLETED);
    assert_int_equal(tigress_session_end_proof(f->bob), TIGRESS_PROOF_DEVICE);
}

/* Bob does not know that his tag was right; alice has the new keys. */
static void end__declined_before_the_proof_is_read__believed(void **state)
{
    struct fixture *f = *state;

    ask(f);
    bob_enters(f, PIN, 4);
    wake_all(f);
    alice_proves(f, 5);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    (void)tigress_session_reply_failed(f->bob, TIGRESS_NET_INTERRUPTED);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_cancel(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
    assert_int_equal(tigress_session_check(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_FAILED);
    assert_failed(f->alice, TIGRESS_E_DECLINED);
    assert_int_equal(tigress_session_end_proof(f->alice), TIGRESS_PROOF_DEVICE);
}

/* Alice cancels after she has sent the proof; bob has not read it. */
static void end__cancelled_under_the_new_keys__believed(void **state)
{
    struct fixture *f = *state;

    ask(f);
    bob_enters(f, PIN, 4);
    wake_all(f);
    alice_proves(f, 5);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_DONE);
    wake_all(f);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_failed(f->bob, TIGRESS_E_WITHDRAWN);
    assert_int_equal(tigress_session_end_proof(f->bob), TIGRESS_PROOF_DEVICE);
}

/* Every key of the exchange is in no session that is over with it. */
static void proved__nothing_of_the_exchange_is_left(void **state)
{
    static const struct tg_secret none = { .len = 0 };
    struct fixture *f = *state;

    prove(f);
    send_number(f, 6);
    receive_number(f, 6);
    for (unsigned i = 0; i < 2; i++) {
        const struct tigress_session *s = i == 0 ? f->alice : f->bob;
        static const uint8_t zeros[TG_SHA256_LEN];

        assert_memory_equal(&s->pake.pin, &none, sizeof(none));
        assert_memory_equal(&s->chain.pake.scalar, &none, sizeof(none));
        assert_memory_equal(&s->chain.pake.key, &none, sizeof(none));
        assert_memory_equal(&s->chain.pake.other.to_recipient, &none, sizeof(none));
        assert_memory_equal(&s->chain.pake.other.to_initiator, &none, sizeof(none));
        assert_memory_equal(s->chain.pake.tag, zeros, sizeof(zeros));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(pin__right__message_5_is_the_first_of_the_application),
        CASE(pin__asked__digits_are_the_same),
        CASE(pin__wrong_four_times_then_right__proved),
        CASE(pin__wrong_five_times__the_transfer_ends_at_both),
        CASE(pin__entered_wrongly_formed__no_try),
        CASE(pin__asked__nothing_else_is_possible_but_to_decline),
        CASE(restarts__at_every_request_of_both__one_wrong_and_one_right_try),
        CASE(older_state__another_try_of_the_same_number__not_sent),
        CASE(recipient__requires_a_pin__sender_does_not_ask__nothing_shown),
        CASE(recipient__does_not_allow__refused_and_not_answered),
        CASE(settings__wrong_or_late__refused),
        CASE(answer__without_a_valid_share_or_tag__refused_and_no_try),
        CASE(answer__reflected_share__a_wrong_try),
        CASE(try__invalid_or_with_content__refused_and_not_asked),
        CASE(content__after_the_tag_without_the_proof__refused),
        CASE(content__under_the_new_keys_with_a_wrong_tag__refused),
        CASE(try__the_sixth__refused),
        CASE(offer__unknown_or_with_content__refused),
        CASE(answer__without_the_exchange__nothing_is_sent),
        CASE(ends__at_every_stage__believed_as_far_as_they_are_proved),
        CASE(end__declined_before_the_proof_is_read__believed),
        CASE(end__cancelled_under_the_new_keys__believed),
        CASE(proved__nothing_of_the_exchange_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
