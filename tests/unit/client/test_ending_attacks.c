/* SPDX-License-Identifier: Apache-2.0 */
/* An owner is never told that a key was taken when nothing proves it: strangers, wallets without
   notes, and relays that lie. */
#include "unit/client/wallet_fixture.h"

#include "client/session.h"
#include "wire/end_note.h"

#include <stdio.h>

#define RECIPIENT TG_ENVELOPE2_RECIPIENT
#define INITIATOR TG_ENVELOPE2_INITIATOR

static enum tg_err count_fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 0x5a, len);
    return TG_OK;
}

static const struct tg_rng rng = { .fill = count_fill };

static void say_gone(struct tigress_session *s, const char *slug, const char *note)
{
    char body[1024];

    (void)snprintf(
        body, sizeof(body),
        "{\"type\":\"urn:tigress:problem/%s\",\"recipient\":\"bound\",\"endNote\":\"%s\"}", slug,
        note);
    assert_int_equal(tigress_session_check(s), TIGRESS_OK);
    fake_relay_say(s, 404, body);
}

static void assert_unproved(struct tigress_session *s)
{
    assert_failed(s, TIGRESS_E_UNCONFIRMED);
    assert_int_equal(tigress_session_end(s), TIGRESS_END_UNCONFIRMED);
    assert_int_equal(tigress_session_end_proof(s), TIGRESS_PROOF_NONE);
}

static void to_message(struct fixture *f, struct tigress_session *from, struct tigress_session *to)
{
    assert_int_equal(tigress_session_send(from, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, from), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_wait(to), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, to), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(to), TIGRESS_INPUT_MESSAGE);
}

/* ---- our own end ---------------------------------------------------------------------------- */

static const struct tigress_http_header says_none = { "Mailbox-Recipient", "none" };

static void cancel__refused_by_the_relay__not_withdrawn(void **state)
{
    const unsigned statuses[] = { 401, 403 };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(statuses); i++) {
        void *own = NULL;
        struct fixture *f = NULL;

        assert_int_equal(set_up(&own), 0);
        f = own;
        create(f);
        assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
        assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
        assert_int_equal(tigress_session_reply(f->alice, statuses[i], &says_none, 1, NULL, 0),
                         TIGRESS_OK);
        assert_failed(f->alice, TIGRESS_E_DENIED);
        assert_int_equal(tigress_session_end(f->alice), TIGRESS_END_NONE);
        assert_int_equal(tear_down(&own), 0);
    }
}

/* The relay says that no device ever opened it, but we have opened a message of that device. */
static void cancel__relay_denies_what_we_know__withdrawn_but_opened(void **state)
{
    struct fixture *f = NULL;
    void *own = NULL;

    (void)state;
    assert_int_equal(set_up(&own), 0);
    f = own;
    receive_first(f);
    to_message(f, f->bob, f->alice);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_reply(f->alice, 200, &says_none, 1, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_DONE);
    assert_int_equal(tigress_session_end(f->alice), TIGRESS_END_WITHDRAWN_OPENED);
    assert_int_equal(tear_down(&own), 0);
}

/* ---- without a note ------------------------------------------------------------------------- */

static struct fake_answer answer;

/* A wallet of today, or a stranger who has only the link without its secret. */
static void stranger_binds_and_deletes(struct fixture *f)
{
    const struct tigress_http_header headers[] = {
        { "Mailbox-Device-Claim", "11111111-2222-4333-8444-555555555555" },
        { "Mailbox-Request-ID", "1" },
    };
    struct tigress_http_request request = { .url = FAKE_RELAY "/v1/m/" FAKE_MAILBOX,
                                            .headers = headers,
                                            .header_count = 2 };

    request.method = "POST";
    fake_relay_handle(&f->relay, &request, &answer);
    assert_int_equal(answer.status, 200);
    request.method = "DELETE";
    fake_relay_handle(&f->relay, &request, &answer);
    assert_int_equal(answer.status, 200);
}

/* spec-test: protocol/7#end-proved */
static void stranger__binds_and_deletes__never_completed(void **state)
{
    for (int is_old = 0; is_old < 2; is_old++) {
        void *own = NULL;
        struct fixture *f = NULL;

        (void)state;
        assert_int_equal(set_up(&own), 0);
        f = own;
        f->relay.is_old = is_old == 1;
        create(f);
        stranger_binds_and_deletes(f);
        assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_FAILED);
        assert_unproved(f->alice);
        assert_non_null(strstr(tigress_session_error_text(f->alice), "nothing proves"));
        assert_int_equal(tear_down(&own), 0);
    }
}

static void sender_without_notes__ends__receiver_is_told_that_nothing_proves_it(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    say_gone(f->bob, "ended-by-initiator", "");
    assert_unproved(f->bob);
}

/* ---- a relay that lies ---------------------------------------------------------------------- */

static const char *const fabricated[] = {
    "",
    "A",
    "%%%",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAA"
    "AAAAAAAA",
};

static void relay__invents_an_end__never_completed(void **state)
{
    static const struct {
        const char *slug;
        enum tigress_error error;
        enum tigress_end end;
    } rows[] = {
        { "ended-by-recipient", TIGRESS_E_UNCONFIRMED, TIGRESS_END_UNCONFIRMED },
        { "completed", TIGRESS_E_UNCONFIRMED, TIGRESS_END_UNCONFIRMED },
        { "ended-by-initiator", TIGRESS_E_UNCONFIRMED, TIGRESS_END_UNCONFIRMED },
        { "withdrawn", TIGRESS_E_UNCONFIRMED, TIGRESS_END_UNCONFIRMED },
        { "expired", TIGRESS_E_EXPIRED, TIGRESS_END_EXPIRED },
        { "no-such-type", TIGRESS_E_GONE, TIGRESS_END_UNCONFIRMED },
        { "", TIGRESS_E_GONE, TIGRESS_END_UNCONFIRMED },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        for (size_t k = 0; k < TG_COUNT(fabricated); k++) {
            for (int is_bob = 0; is_bob < 2; is_bob++) {
                void *own = NULL;
                struct fixture *f = NULL;
                struct tigress_session *s = NULL;

                assert_int_equal(set_up(&own), 0);
                f = own;
                receive_first(f);
                s = is_bob == 1 ? f->bob : f->alice;
                say_gone(s, rows[i].slug, fabricated[k]);
                assert_failed(s, rows[i].error);
                assert_int_equal(tigress_session_end(s), rows[i].end);
                assert_int_equal(tigress_session_end_proof(s), TIGRESS_PROOF_NONE);
                assert_int_equal(tear_down(&own), 0);
            }
        }
    }
}

/* A note of f->bob or f->alice, sealed with whatever the test wants. */
static const char *forge(char *out, size_t cap, const struct tg_secret *base,
                         enum tg_envelope2_role maker, const struct tg_uuid *mailbox,
                         const struct tg_end_note *note)
{
    struct tg_buf text;

    tg_buf_init(&text, TG_END_NOTE_TEXT_LEN);
    assert_int_equal(tg_end_note_seal(&text, base, mailbox, maker, note, &rng), TG_OK);
    (void)snprintf(out, cap, "%.*s", (int)text.len, (const char *)text.ptr);
    tg_buf_deinit(&text);
    return out;
}

/* T(number) as alice knows it. */
static void set_transcript(struct tg_end_note *note, const struct fixture *f, uint64_t number)
{
    const struct tg_session_history *h = &f->alice->history;

    memcpy(note->transcript, number == h->count ? h->last : h->before, TG_SHA256_LEN);
}

enum base { SECRET, TO_RECIPIENT, TO_INITIATOR };

/* After message 3 of a transfer with envelope v2: what alice believes of the recipient. */
static const struct forged {
    const char *name;
    enum base base;
    enum tg_envelope2_role maker;
    enum tg_end_note_end end;
    uint64_t sent, received;
    unsigned transcript; /* T(this) */
    bool is_hash_wrong, is_mailbox_wrong;
    enum tigress_end believed;
    enum tigress_proof proof;
} forgeries[] = {
    { "the good one", TO_INITIATOR, RECIPIENT, TG_END_NOTE_COMPLETED, 2, 3, 3, false, false,
      TIGRESS_END_COMPLETED, TIGRESS_PROOF_DEVICE },
    { "message 3 not read, declined", SECRET, RECIPIENT, TG_END_NOTE_DECLINED, 2, 1, 2, false,
      false, TIGRESS_END_DECLINED, TIGRESS_PROOF_LINK },
    { "the secret, which leaked, after v2", SECRET, RECIPIENT, TG_END_NOTE_COMPLETED, 2, 3, 3,
      false, false, TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE },
    { "the v2 key too early", TO_INITIATOR, RECIPIENT, TG_END_NOTE_DECLINED, 2, 1, 2, false, false,
      TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE },
    { "the key of the other direction", TO_RECIPIENT, RECIPIENT, TG_END_NOTE_COMPLETED, 2, 3, 3,
      false, false, TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE },
    { "our own, reflected", TO_RECIPIENT, INITIATOR, TG_END_NOTE_COMPLETED, 3, 2, 3, false, false,
      TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE },
    { "of another mailbox", TO_INITIATOR, RECIPIENT, TG_END_NOTE_COMPLETED, 2, 3, 3, false, true,
      TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE },
    { "another history", TO_INITIATOR, RECIPIENT, TG_END_NOTE_COMPLETED, 2, 3, 3, true, false,
      TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE },
    { "the history one message earlier", TO_INITIATOR, RECIPIENT, TG_END_NOTE_COMPLETED, 2, 3, 2,
      false, false, TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE },
    { "a message of ours that does not exist", TO_INITIATOR, RECIPIENT, TG_END_NOTE_DECLINED, 4, 5,
      3, false, false, TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE },
    { "completed with a message that we lack", TO_INITIATOR, RECIPIENT, TG_END_NOTE_COMPLETED, 4, 3,
      3, false, false, TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE },
    { "declined with a message that we lack", TO_INITIATOR, RECIPIENT, TG_END_NOTE_DECLINED, 4, 3,
      3, false, false, TIGRESS_END_DECLINED, TIGRESS_PROOF_DEVICE },
    { "numbers too far apart", TO_INITIATOR, RECIPIENT, TG_END_NOTE_COMPLETED, 0, 3, 3, false,
      false, TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE },
    { "numbers of the wrong sides", TO_INITIATOR, RECIPIENT, TG_END_NOTE_COMPLETED, 3, 2, 3, false,
      false, TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE },
    { "an end of the other role", TO_INITIATOR, RECIPIENT, TG_END_NOTE_CANCELLED, 2, 3, 3, false,
      false, TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE },
    { "enormous numbers", TO_INITIATOR, RECIPIENT, TG_END_NOTE_DECLINED, UINT64_MAX, UINT64_MAX - 1,
      3, false, false, TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE },
    { "one before nothing", TO_INITIATOR, RECIPIENT, TG_END_NOTE_DECLINED, 0, UINT64_MAX, 3, false,
      false, TIGRESS_END_UNCONFIRMED, TIGRESS_PROOF_NONE },
};

static const struct tg_secret *base_of(const struct fixture *f, enum base base)
{
    return base == SECRET         ? &f->alice->url.secret
           : base == TO_RECIPIENT ? &f->alice->chain.keys.to_recipient
                                  : &f->alice->chain.keys.to_initiator;
}

/* spec-test: protocol/7#end-note-checked */
static void note__forged_or_moved__believed_only_where_everything_fits(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(forgeries); i++) {
        const struct forged *row = &forgeries[i];
        struct tg_end_note note = { .end = row->end, .sent = row->sent, .received = row->received };
        char text[TG_END_NOTE_TEXT_LEN + 1];
        struct tg_uuid mailbox;
        void *own = NULL;
        struct fixture *f = NULL;

        assert_int_equal(set_up(&own), 0);
        f = own;
        receive_first(f);
        to_message(f, f->bob, f->alice);
        to_message(f, f->alice, f->bob);
        set_transcript(&note, f, row->transcript);
        note.transcript[7] ^= row->is_hash_wrong ? 1 : 0;
        mailbox = f->alice->url.mailbox;
        mailbox.bytes[3] ^= row->is_mailbox_wrong ? 1 : 0;
        say_gone(f->alice, "ended-by-recipient",
                 forge(text, sizeof(text), base_of(f, row->base), row->maker, &mailbox, &note));
        if (tigress_session_end(f->alice) != row->believed ||
            tigress_session_end_proof(f->alice) != row->proof) {
            fail_msg("%s: %s", row->name, tigress_end_name(tigress_session_end(f->alice)));
        }
        assert_int_equal(tear_down(&own), 0);
    }
}

/* We have two messages and have not answered the second: the other side cannot have a third. */
static void note__names_a_message_that_we_have_not_sent__not_believed(void **state)
{
    static const enum base bases[] = { SECRET, TO_INITIATOR };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(bases); i++) {
        struct tg_end_note note = { .end = TG_END_NOTE_DECLINED, .sent = 2, .received = 3 };
        char text[TG_END_NOTE_TEXT_LEN + 1];
        void *own = NULL;
        struct fixture *f = NULL;

        assert_int_equal(set_up(&own), 0);
        f = own;
        receive_first(f);
        to_message(f, f->bob, f->alice);
        set_transcript(&note, f, 2);
        say_gone(f->alice, "ended-by-recipient",
                 forge(text, sizeof(text), base_of(f, bases[i]), RECIPIENT, &f->alice->url.mailbox,
                       &note));
        assert_unproved(f->alice);
        assert_int_equal(tear_down(&own), 0);
    }
}

/* spec-test: protocol/7#end-note-checked */
static void note__good_but_under_another_type__not_believed(void **state)
{
    static const char *const slugs[] = { "ended-by-initiator", "expired", "withdrawn", "other" };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(slugs); i++) {
        struct tg_end_note note = { .end = TG_END_NOTE_COMPLETED, .sent = 0, .received = 1 };
        char text[TG_END_NOTE_TEXT_LEN + 1];
        void *own = NULL;
        struct fixture *f = NULL;

        assert_int_equal(set_up(&own), 0);
        f = own;
        create(f);
        set_transcript(&note, f, 1);
        say_gone(f->alice, slugs[i],
                 forge(text, sizeof(text), &f->alice->url.secret, RECIPIENT, &f->alice->url.mailbox,
                       &note));
        assert_int_equal(tigress_session_end_proof(f->alice), TIGRESS_PROOF_NONE);
        assert_int_not_equal(tigress_session_end(f->alice), TIGRESS_END_COMPLETED);
        assert_int_equal(tear_down(&own), 0);
    }
}

/* The same sides, the same messages, but another transfer: the relay keeps its note for this one.
 */
static void note__of_another_transfer__not_believed(void **state)
{
    struct fixture *f = *state;
    char note[400];
    void *own = NULL;
    struct fixture *other = NULL;

    assert_int_equal(set_up(&own), 0);
    other = own;
    other->random = 99;
    receive_first(other);
    assert_int_equal(tigress_session_finish(other->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&other->relay, other->bob), TIGRESS_DONE);
    (void)snprintf(note, sizeof(note), "%s", other->relay.note);
    assert_int_equal(tear_down(&own), 0);
    receive_first(f);
    say_gone(f->alice, "ended-by-recipient", note);
    assert_unproved(f->alice);
}

/* The relay keeps a delete from its mailbox and shows the note while the transfer continues at the
   other side: that side has not decided anything, so there is no note to show. */
static void delete__answered_by_a_lie__end_is_not_ours(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    assert_int_equal(tigress_session_cancel(f->alice), TIGRESS_OK);
    fake_relay_say(f->alice, 404, "{\"type\":\"urn:tigress:problem/ended-by-recipient\"}");
    assert_unproved(f->alice);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    fake_relay_say(f->bob, 404, "{}");
    assert_failed(f->bob, TIGRESS_E_GONE);
    assert_int_equal(tigress_session_end(f->bob), TIGRESS_END_UNCONFIRMED);
}

static void delete__of_an_older_relay__repeated_and_done(void **state)
{
    struct fixture *f = *state;

    f->relay.is_old = true;
    receive_first(f);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    fake_relay_serve_lost(&f->relay, f->bob);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
    assert_int_equal(tigress_session_end(f->bob), TIGRESS_END_COMPLETED);
    assert_int_equal(tigress_session_end_proof(f->bob), TIGRESS_PROOF_OWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancel__refused_by_the_relay__not_withdrawn),
        cmocka_unit_test(cancel__relay_denies_what_we_know__withdrawn_but_opened),
        cmocka_unit_test(stranger__binds_and_deletes__never_completed),
        CASE(sender_without_notes__ends__receiver_is_told_that_nothing_proves_it),
        cmocka_unit_test(relay__invents_an_end__never_completed),
        cmocka_unit_test(note__forged_or_moved__believed_only_where_everything_fits),
        cmocka_unit_test(note__names_a_message_that_we_have_not_sent__not_believed),
        cmocka_unit_test(note__good_but_under_another_type__not_believed),
        CASE(note__of_another_transfer__not_believed),
        CASE(delete__answered_by_a_lie__end_is_not_ours),
        CASE(delete__of_an_older_relay__repeated_and_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
