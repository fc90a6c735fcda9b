/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every message of a transfer, changed in every way that a relay can: truncated, with a flipped
 * bit, repeated, out of order, in the other role, of another transfer. Each is refused with an
 * error that names the reason. The session is then unchanged, byte for byte, and continues when the
 * right message comes.
 */
#include "unit/client/wallet_fixture.h"

#include <stdio.h>

#define ROOM sizeof(((struct fake_relay *)NULL)->data)

struct saved {
    unsigned char *bytes;
    size_t len;
};

static struct saved save(const struct tigress_session *s)
{
    struct saved out = { NULL, 0 };

    assert_int_equal(tigress_session_save(s, &out.bytes, &out.len), TIGRESS_OK);
    return out;
}

/* Both saved states are the same. Frees both. */
static void assert_same(struct saved before, struct saved after)
{
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.bytes, after.bytes, before.len);
    tigress_free(before.bytes, before.len);
    tigress_free(after.bytes, after.len);
}

static const char *message_number(unsigned n, char out[64])
{
    (void)snprintf(out, 64, "{\"format\":\"x\",\"content\":{\"n\":%u}}", n);
    return out;
}

static struct tigress_session *sender_of(struct fixture *f, unsigned n)
{
    return n % 2 == 1 ? f->alice : f->bob;
}

/* Message n is in the mailbox, and the other side is about to read it. kept, if not NULL, gets the
   envelope of each. */
static struct tigress_session *go_to(struct fixture *f, unsigned n, bool is_v2, char (*kept)[ROOM])
{
    char text[64];

    if (!is_v2) {
        assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_OK);
    }
    invite(f);
    for (unsigned i = 1; i <= n; i++) {
        if (i > 1) {
            struct tigress_session *from = sender_of(f, i);

            if (i > 2) {
                assert_int_equal(tigress_session_wait(from), TIGRESS_OK);
            }
            assert_int_equal(fake_relay_run(&f->relay, from), TIGRESS_WANT_INPUT);
            message_number(i, text);
            assert_int_equal(tigress_session_send(from, text, strlen(text)), TIGRESS_OK);
            assert_int_equal(fake_relay_run(&f->relay, from), TIGRESS_WANT_INPUT);
        }
        if (kept != NULL) {
            memcpy(kept[i], f->relay.data, ROOM);
        }
    }
    if (n > 1) {
        assert_int_equal(tigress_session_wait(sender_of(f, n + 1)), TIGRESS_OK);
    }
    return sender_of(f, n + 1);
}

static void restart(struct fixture **f)
{
    void *state = *f;

    assert_int_equal(tear_down(&state), 0);
    assert_int_equal(set_up(&state), 0);
    *f = state;
}

/* One read of a payload that is refused with one of the errors of a damaged message. The session
   does not change. */
static void assert_refused_and_intact(struct fixture *f, struct tigress_session *s)
{
    struct saved before = { NULL, 0 };
    enum tigress_error error = TIGRESS_OK;

    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_HTTP);
    before = save(s);
    fake_relay_serve(&f->relay, s);
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_FAILED);
    error = tigress_session_error(s);
    assert_true(error == TIGRESS_E_DECRYPT || error == TIGRESS_E_TAMPERED ||
                error == TIGRESS_E_DAMAGED || error == TIGRESS_E_PROTOCOL);
    assert_true(strlen(tigress_session_error_text(s)) > 20);
    assert_int_equal(tigress_session_retry(s), TIGRESS_OK);
    assert_same(before, save(s));
}

/* The number of tries is saved, so it is set before the states are compared. */
static void meet_once(struct fixture *f, struct tigress_session *s)
{
    char kept = f->relay.data[100];

    assert_int_equal(tigress_session_set_tries(s, 1), TIGRESS_OK);
    f->relay.data[100] = kept == 'A' ? 'B' : 'A';
    assert_int_equal(fake_relay_run(&f->relay, s), TIGRESS_FAILED);
    assert_int_equal(tigress_session_retry(s), TIGRESS_OK);
    f->relay.data[100] = kept;
}

static void assert_still_good(struct fixture *f, struct tigress_session *s, unsigned n)
{
    char text[64];

    assert_int_equal(fake_relay_run(&f->relay, s), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_MESSAGE);
    assert_message(s, n == 1 ? MESSAGE_1 : message_number(n, text));
}

/* The first message, the answer, and two that are sealed under v2 if both agreed on it. */
#define LAST 4u

static void message__cut_or_a_character_changed__refused_and_intact(void **state)
{
    struct fixture *f = *state;
    static char good[ROOM];

    for (unsigned round = 0; round < 2 * LAST; round++) {
        unsigned n = round / 2 + 1;
        struct tigress_session *s = go_to(f, n, round % 2 == 1, NULL);
        size_t len = strlen(f->relay.data);

        meet_once(f, s);
        memcpy(good, f->relay.data, ROOM);
        for (size_t i = 0; i < len; i += i < 32 || i + 40 > len ? 1 : 61) {
            f->relay.data[i] = '\0';
            assert_refused_and_intact(f, s);
            f->relay.data[i] = good[i] == 'A' ? 'B' : 'A';
            assert_refused_and_intact(f, s);
            f->relay.data[i] = good[i];
        }
        assert_still_good(f, s, n);
        restart(&f);
    }
    *state = f;
}

/* Bits of the whole answer: of the envelope, and also of JSON, numbers and names. */
static void answer__every_cut_and_every_bit__never_a_false_message_and_intact(void **state)
{
    struct fixture *f = *state;
    struct fake_answer *answer = calloc(1, sizeof(*answer));
    struct tigress_session *s = go_to(f, 1, true, NULL);

    assert_int_equal(tigress_session_set_tries(s, 1), TIGRESS_OK);
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_handle(&f->relay, tigress_session_request(s), answer);
    for (size_t i = 0; i < answer->body_len; i++) {
        assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_HTTP);
        assert_int_equal(tigress_session_reply(s, 200, NULL, 0, answer->body, i), TIGRESS_OK);
        assert_failed(s, TIGRESS_E_PROTOCOL);
        assert_message(s, "");
        assert_int_equal(tigress_session_retry(s), TIGRESS_OK);
    }
    for (size_t bit = 0; bit < answer->body_len * 8; bit += 3) {
        struct saved before = save(s);

        answer->body[bit / 8] = (char)(answer->body[bit / 8] ^ (char)(1u << bit % 8));
        assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_HTTP);
        assert_int_equal(tigress_session_reply(s, 200, NULL, 0, answer->body, answer->body_len),
                         TIGRESS_OK);
        answer->body[bit / 8] = (char)(answer->body[bit / 8] ^ (char)(1u << bit % 8));
        if (tigress_session_step(s, FAKE_NOW) == TIGRESS_WANT_INPUT) {
            assert_message(s, MESSAGE_1); /* the flip was in a title, or an expiration */
        } else {
            assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_FAILED);
            assert_message(s, "");
        }
        tigress_session_free(&s);
        assert_int_equal(tigress_session_resume(&s, before.bytes, before.len, NULL, 0), TIGRESS_OK);
        tigress_free(before.bytes, before.len);
        assert_int_equal(tigress_session_set_tries(s, 1), TIGRESS_OK);
    }
    f->bob = s;
    free(answer);
    assert_still_good(f, s, 1);
}

/* Every earlier message, as if it were the next one. */
static void message__every_earlier_one_again__not_delivered(void **state)
{
    struct fixture *f = *state;
    static char kept[LAST + 2][ROOM];

    for (unsigned round = 2; round < 2 * LAST; round++) {
        unsigned n = round / 2 + 1;
        struct tigress_session *s = go_to(f, n, round % 2 == 1, kept);
        char before[96];

        (void)snprintf(before, sizeof(before), "%s", tigress_session_message(s, NULL));
        assert_int_equal(tigress_session_set_tries(s, 1), TIGRESS_OK);
        for (unsigned old = 1; old < n; old++) {
            enum tigress_want want = TIGRESS_FAILED;

            memcpy(f->relay.data, kept[old], ROOM);
            assert_int_equal(tigress_session_check(s), TIGRESS_OK);
            want = fake_relay_run(&f->relay, s);
            /* v1 sees nothing new; v2 detects that it must not be there. */
            if (want == TIGRESS_FAILED) {
                assert_failed(s, TIGRESS_E_TAMPERED);
                assert_int_equal(tigress_session_retry(s), TIGRESS_OK);
            } else {
                assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_UNCHANGED);
            }
            assert_string_equal(tigress_session_message(s, NULL), before);
            f->relay.version++;
        }
        memcpy(f->relay.data, kept[n], ROOM);
        assert_int_equal(tigress_session_check(s), TIGRESS_OK);
        assert_still_good(f, s, n);
        restart(&f);
    }
    *state = f;
}

/* A message of one role that is returned to the same role, and a message that was sealed for
   another transfer. spec-test: protocol/7#replay-and-reflection */
static void message__in_the_other_role_or_of_another_transfer__not_delivered(void **state)
{
    struct fixture *f = *state;
    static char foreign[LAST + 2][ROOM];
    static char kept[LAST + 2][ROOM];

    for (unsigned round = 0; round < 2 * LAST; round++) {
        unsigned n = round / 2 + 1;
        struct tigress_session *s = NULL;
        uint32_t random = 0;

        f->random = 4711;
        go_to(f, n, round % 2 == 1, foreign);
        random = f->random;
        restart(&f);
        f->random = random;
        s = go_to(f, n, round % 2 == 1, kept);
        meet_once(f, s);
        memcpy(f->relay.data, foreign[n], ROOM);
        assert_refused_and_intact(f, s);
        memcpy(f->relay.data, kept[n], ROOM);
        assert_still_good(f, s, n);
        restart(&f);
    }
    *state = f;
}

/* The answer of another request, to each state that has one. */
static void answer__of_another_request__named_and_resumable(void **state)
{
    static const char *const others[] = {
        "{\"urlLink\":\"" FAKE_RELAY "/v1/m/" FAKE_MAILBOX
        "\",\"isPushNotificationSupported\":true}",
        "{\"displayInformation\":{\"title\":\"\",\"description\":\"\",\"imageURL\":\"\"},"
        "\"expiration\":\"2030-01-03T00:00:00Z\"}",
        "{\"isPushNotificationSupported\":false}",
        "{\"payload\":{\"type\":\"AEAD_AES_256_GCM\",\"data\":\"AAAA\"},\"displayInformation\":{"
        "\"title\":\"\",\"description\":\"\",\"imageURL\":\"\"},\"expiration\":"
        "\"2030-01-03T00:00:00Z\"}",
        "{}",
        "",
    };
    struct fixture *f = *state;

    assert_int_equal(tigress_session_set_tries(f->alice, 1), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    for (size_t i = 1; i < sizeof(others) / sizeof(others[0]); i++) {
        fake_relay_say(f->alice, 200, others[i]);
        assert_failed(f->alice, TIGRESS_E_PROTOCOL);
        assert_int_equal(tigress_session_retry(f->alice), TIGRESS_OK);
    }
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(
        tigress_session_share_url(f->alice, TIGRESS_FORM_HTTPS, f->url, sizeof(f->url)),
        TIGRESS_OK);
    assert_int_equal(tigress_recipient_new(&f->bob, f->url, NULL, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_set_tries(f->bob, 1), TIGRESS_OK);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        fake_relay_say(f->bob, 200, others[i]);
        assert_failed(f->bob, i == 3 ? TIGRESS_E_DECRYPT : TIGRESS_E_PROTOCOL);
        assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
    }
    assert_still_good(f, f->bob, 1);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    for (size_t i = 1; i < sizeof(others) / sizeof(others[0]); i++) {
        if (i != 2) {
            fake_relay_say(f->bob, 200, others[i]);
            assert_failed(f->bob, TIGRESS_E_PROTOCOL);
            assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
        }
    }
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_SENT);
}

/* A call that is not possible for the role or in the state changes nothing. */
static void call__in_the_wrong_role_or_state__refused_and_intact(void **state)
{
    typedef enum tigress_error call_fn(struct tigress_session * s);
    static call_fn *const of_the_other_role[2][2] = {
        { tigress_session_accept, tigress_session_relinquish },
        { tigress_session_confirm_intent, tigress_session_require_proof },
    };
    struct fixture *f = *state;

    receive_first(f);
    for (size_t role = 0; role < 2; role++) {
        struct tigress_session *s = role == 0 ? f->alice : f->bob;

        for (size_t i = 0; i < 2; i++) {
            struct saved before = save(s);

            assert_int_equal(of_the_other_role[role][i](s), TIGRESS_E_STATE);
            assert_same(before, save(s));
        }
    }
    {
        struct saved before = save(f->alice);

        assert_int_equal(tigress_session_send(f->alice, MESSAGE_2, strlen(MESSAGE_2)),
                         TIGRESS_E_STATE);
        assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_E_STATE);
        assert_int_equal(tigress_session_set_secret(f->alice, "AAAAAAAAAAAAAAAAAAAAAA=="),
                         TIGRESS_E_STATE);
        assert_int_equal(tigress_session_finish(f->alice), TIGRESS_E_STATE);
        assert_same(before, save(f->alice));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(message__cut_or_a_character_changed__refused_and_intact),
        CASE(answer__every_cut_and_every_bit__never_a_false_message_and_intact),
        CASE(message__every_earlier_one_again__not_delivered),
        CASE(message__in_the_other_role_or_of_another_transfer__not_delivered),
        CASE(answer__of_another_request__named_and_resumable),
        CASE(call__in_the_wrong_role_or_state__refused_and_intact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
