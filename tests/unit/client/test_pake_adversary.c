/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PIN by PAKE against those who have the link and do not know the PIN:
 *
 *   guesser   is the recipient for alice, or the initiator for bob, and guesses
 *   middle    is both, has the keys with each of them, and passes on what one says to the other
 *   holder    changes the members of each message of an honest transfer, sealed with the right keys
 *   relay     changes, cuts, exchanges and repeats envelopes
 *
 * The guesser is right no more often than five guesses are; everybody else never. Arguments: runs.
 * Without, a short version.
 */
#include "unit/client/recording_relay.h"

#include "client/session.h"
#include "wire/pake.h"

#define PIN "604183"
#define PLANTED "{\"format\":\"x\",\"content\":{\"k\":\"planted\"}}"
#define BARE TG_ENVELOPE2_BARE
#define PINS 25u /* how many PINs there are for the guesser */

static unsigned long runs = 12;
static unsigned long attacks;

static uint32_t pick(struct fixture *f, uint32_t below)
{
    unsigned char raw[4];
    uint32_t number = 0;

    (void)fake_random(&f->random, raw, sizeof(raw));
    memcpy(&number, raw, sizeof(number));
    return number % below;
}

static void begin(struct fixture *f, const char *pin)
{
    tigress_session_free(&f->alice);
    assert_int_equal(
        tigress_initiator_new(&f->alice, FAKE_RELAY, PLANTED, strlen(PLANTED), NULL, 0),
        TIGRESS_OK);
    assert_int_equal(tigress_session_set_random(f->alice, fake_random, &f->random), TIGRESS_OK);
    assert_int_equal(tigress_session_set_rights(f->alice, "RWD"), TIGRESS_OK);
    assert_int_equal(tigress_session_set_pake_pin(f->alice, pin), TIGRESS_OK);
    invite(f);
    assert_int_equal(tigress_session_set_pake_use(f->bob, TIGRESS_PAKE_REQUIRED), TIGRESS_OK);
}

/* The recipient has answered the offer, and the initiator has sent its first share. */
static void agree(struct fake_relay *relay, struct tigress_session *alice,
                  struct tigress_session *bob)
{
    assert_int_equal(fake_relay_run(relay, bob), TIGRESS_WANT_WAIT);
    memcpy(kept[2], relay->data, MAILBOX_ROOM);
    assert_int_equal(tigress_session_wait(alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(relay, alice), TIGRESS_WANT_WAIT);
    memcpy(kept[3], relay->data, MAILBOX_ROOM);
}

static enum tigress_want run(struct fake_relay *relay, struct tigress_session *s)
{
    tigress_session_wake(s);
    return fake_relay_run(relay, s);
}

static void number_pin(char out[TIGRESS_PIN_TEXT_MAX], uint32_t number)
{
    (void)snprintf(out, TIGRESS_PIN_TEXT_MAX, "%06u", (unsigned)number);
}

/* ---- the guesser ---------------------------------------------------------------------------- */

/* Another guess in each try. Was one right? */
static bool guess_at_alice(struct fixture *f)
{
    uint32_t first = pick(f, PINS);
    char pin[TIGRESS_PIN_TEXT_MAX];

    for (uint32_t n = 0; n < TIGRESS_PAKE_TRIES_MAX; n++) {
        enum tigress_want want = TIGRESS_FAILED;

        assert_int_equal(run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
        number_pin(pin, (first + n) % PINS);
        assert_int_equal(tigress_session_enter_pin(f->bob, pin), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_WAIT);
        want = run(&f->relay, f->alice);
        if (tigress_session_pake(f->alice) == TIGRESS_PAKE_PROVED) {
            return true;
        }
        assert_int_equal(want, n + 1 < TIGRESS_PAKE_TRIES_MAX ? TIGRESS_WANT_WAIT : TIGRESS_DONE);
        assert_true(f->alice->messages.draft.len > 0);
    }
    assert_int_equal(tigress_session_pake(f->alice), TIGRESS_PAKE_FAILED);
    assert_int_equal(run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_message(f->bob, "");
    return false;
}

static unsigned long count_right(void)
{
    unsigned long right = 0;

    for (unsigned long i = 0; i < 8 * runs; i++) {
        void *state = NULL;
        struct fixture *f = NULL;
        char pin[TIGRESS_PIN_TEXT_MAX];

        assert_int_equal(set_up(&state), 0);
        f = state;
        f->random = (uint32_t)i * 2654435761u + 1;
        number_pin(pin, pick(f, PINS));
        begin(f, pin);
        agree(&f->relay, f->alice, f->bob);
        right += guess_at_alice(f) ? 1 : 0;
        assert_int_equal(tear_down(&state), 0);
    }
    return right;
}

/* spec-test: protocol/7#pake-tries */
static void guesser__five_guesses__right_no_more_often_than_chance(void **state)
{
    unsigned long right = count_right();
    unsigned long mean = 8 * runs * TIGRESS_PAKE_TRIES_MAX / PINS;
    unsigned long root = 0;

    (void)state;
    while ((root + 1) * (root + 1) <= 25 * mean) { /* five standard deviations */
        root++;
    }
    print_message("guesser: %lu of %lu transfers, %lu by chance, at most %lu\n", right, 8 * runs,
                  mean, mean + root);
    assert_in_range(right, 1, mean + root);
}

/* ---- in between ----------------------------------------------------------------------------- */

/* Seals a message of the peer of s, under the keys that the peer has with s now. */
static void show_sealed(struct fake_relay *relay, const struct tigress_session *s,
                        struct tg_bytes json)
{
    struct tg_envelope2_place place = { .mailbox = s->url.mailbox, .seq = s->chain.seq + 1 };
    const struct tg_secret *key = &s->chain.keys.to_recipient;
    struct tg_buf box;

    tg_buf_init(&box, 65536);
    place.sender = TG_ENVELOPE2_INITIATOR;
    if (s->role == TIGRESS_INITIATOR) {
        place.sender = TG_ENVELOPE2_RECIPIENT;
        key = &s->chain.keys.to_initiator;
    }
    memcpy(place.transcript, s->chain.transcript, sizeof(place.transcript));
    assert_int_equal(tg_envelope2_seal(&box, key, &place, json, &tg_rng_system), TG_OK);
    (void)snprintf(relay->data, MAILBOX_ROOM, "%.*s", (int)box.len, (const char *)box.ptr);
    relay->version = (unsigned)s->mailbox.version + 1;
    tg_buf_deinit(&box);
}

static void show_member(struct fake_relay *relay, const struct tigress_session *s, const char *json,
                        const struct tg_envelope2_member *member)
{
    struct tg_buf text;

    tg_buf_init(&text, 4096);
    tg_envelope2_member_put(&text, tg_bytes_str(json), member);
    show_sealed(relay, s, tg_buf_view(&text));
    tg_buf_deinit(&text);
}

/* What s, which has sealed a message from this state, put into it. */
static void open_sealed(const struct fake_relay *relay, const struct tigress_session *before,
                        struct tg_buf *text)
{
    const struct tg_payload payload = { tg_bytes_str(relay->type), tg_bytes_str(relay->data) };
    struct tg_envelope2_place place = { .mailbox = before->url.mailbox,
                                        .seq = before->chain.seq + 1 };
    const struct tg_secret *key = &before->chain.keys.to_recipient;

    place.sender = TG_ENVELOPE2_INITIATOR;
    if (before->role == TIGRESS_RECIPIENT) {
        place.sender = TG_ENVELOPE2_RECIPIENT;
        key = &before->chain.keys.to_initiator;
    }
    memcpy(place.transcript, before->chain.transcript, sizeof(place.transcript));
    assert_int_equal(tg_envelope2_open(text, key, &place, &payload, NULL), TG_OK);
    while (text->len > 0 && text->ptr[text->len - 1] == ' ') {
        tg_buf_truncate(text, text->len - 1);
    }
}

static void read_member(struct tg_envelope2_member *member, const struct fake_relay *relay,
                        const struct tigress_session *before)
{
    struct tg_buf text;
    struct tg_buf rest;

    tg_buf_init(&text, 65536);
    tg_buf_init(&rest, 65536);
    open_sealed(relay, before, &text);
    assert_int_equal(tg_envelope2_member_take(&rest, member, tg_buf_view(&text)), TG_OK);
    tg_buf_deinit(&rest);
    tg_buf_deinit(&text);
}

/* The two devices that somebody is in between of: each has a whole transfer with him. */
struct middle {
    struct fixture *alices, *bobs;
};

/* One try: alice's share to bob, bob's answer with the right PIN to alice. */
static void pass_on(struct middle *m, unsigned number)
{
    struct tigress_session *alice = m->alices->alice;
    struct tigress_session *bob = m->bobs->bob;
    struct tg_envelope2_member to_bob = { .pake_share = { .is_set = true } };
    struct tg_envelope2_member to_alice = { .is_present = false };
    struct tigress_session *before = NULL;
    enum tigress_want want = TIGRESS_FAILED;

    memcpy(to_bob.pake_share.bytes, alice->chain.pake.share, TG_CPACE_LEN);
    if (number == 1) {
        to_bob.reveal.is_set = true;
        memcpy(to_bob.reveal.bytes, m->bobs->alice->chain.sas.value, TG_SAS_NONCE_LEN);
    }
    show_member(&m->bobs->relay, bob, BARE, &to_bob);
    assert_int_equal(run(&m->bobs->relay, bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(bob), TIGRESS_INPUT_PIN);
    before = twin_of(bob);
    assert_int_equal(tigress_session_enter_pin(bob, PIN), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&m->bobs->relay, bob), TIGRESS_WANT_WAIT);
    read_member(&to_alice, &m->bobs->relay, before);
    tigress_session_free(&before);
    to_alice.pake = TG_PAKE_NONE;
    show_member(&m->alices->relay, alice, BARE, &to_alice);
    want = run(&m->alices->relay, alice);
    assert_int_equal(want, number < TIGRESS_PAKE_TRIES_MAX ? TIGRESS_WANT_WAIT : TIGRESS_DONE);
    assert_int_equal(tigress_session_pake(alice),
                     number < TIGRESS_PAKE_TRIES_MAX ? TIGRESS_PAKE_OPEN : TIGRESS_PAKE_FAILED);
    attacks++;
}

/* spec-test: protocol/7#pake-run
   spec-test: protocol/7#pake-nothing-before-proof */
static void middle__passes_on_what_both_say__proves_nothing(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < runs; i++) {
        void *states[2] = { NULL, NULL };
        struct middle m;

        assert_int_equal(set_up(&states[0]), 0);
        assert_int_equal(set_up(&states[1]), 0);
        m = (struct middle){ states[0], states[1] };
        m.alices->random = (uint32_t)i + 1;
        m.bobs->random = (uint32_t)i + 100000;
        begin(m.alices, PIN);
        begin(m.bobs, "000000");
        agree(&m.alices->relay, m.alices->alice, m.alices->bob);
        assert_int_equal(fake_relay_run(&m.bobs->relay, m.bobs->bob), TIGRESS_WANT_WAIT);
        for (unsigned n = 1; n <= TIGRESS_PAKE_TRIES_MAX; n++) {
            pass_on(&m, n);
        }
        assert_message(m.bobs->bob, "");
        assert_true(m.alices->alice->messages.draft.len > 0);
        assert_int_equal(tear_down(&states[0]), 0);
        assert_int_equal(tear_down(&states[1]), 0);
    }
}

/* ---- a holder of the keys, and the relay ---------------------------------------------------- */

/* Another value of the share or the tag, of every kind of mistake and malice. */
static void change_member(struct fixture *f, char *json, size_t cap)
{
    static const char *const names[] = { "pakeShare", "pakeConfirm" };
    static const char *const values[] = { "null",
                                          "7",
                                          "{}",
                                          "\"\"",
                                          "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
                                          "\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
                                          "\"4vKuCk0RjLKlqnFY8AaNjKkuDFeQkkUUD_oxXCdDo3Y\"" };
    char name[24];
    static char rest[4096];
    char *at = NULL;
    const char *end = NULL;

    (void)snprintf(name, sizeof(name), "\"%s\":", names[pick(f, TG_COUNT(names))]);
    at = strstr(json, name);
    assert_non_null(at);
    if (pick(f, 3) == 0) {
        at[1] ^= 0x20; /* renamed */
        return;
    } else {
        at += strlen(name);
        end = strpbrk(at, ",}");
        assert_non_null(end);
        if (pick(f, 2) == 0) {
            at[1 + pick(f, (uint32_t)(end - at) - 2)] ^= 1;
            return;
        }
        (void)snprintf(rest, sizeof(rest), "%s%s", values[pick(f, TG_COUNT(values))], end);
    }
    (void)snprintf(at, cap - (size_t)(at - json), "%s", rest);
}

/* The copy must not take the attack for the proof, whatever it does with it. */
static void assert_proves_nothing(struct fixture *f, struct tigress_session *reader)
{
    struct tigress_session *copy = twin_of(reader);
    unsigned tries = copy->chain.pake.tries;

    if (tigress_session_input(copy) != TIGRESS_INPUT_NONE) {
        assert_int_equal(tigress_session_wait(copy), TIGRESS_OK);
    }
    (void)run(&f->relay, copy);
    assert_true(tigress_session_pake(copy) != TIGRESS_PAKE_PROVED);
    assert_message(copy, "");
    assert_in_range(copy->chain.pake.tries, tries, tries + 1);
    tigress_session_free(&copy);
    attacks++;
}

/* The message that is in the mailbox was sealed by `before`; reader has not read it. */
static void attack_message(struct fixture *f, const struct tigress_session *before,
                           struct tigress_session *reader, unsigned seq)
{
    static struct fake_relay honest;
    static char json[8192];
    struct tg_buf text;

    honest = f->relay;
    tg_buf_init(&text, 65536);
    open_sealed(&f->relay, before, &text);
    for (unsigned i = 0; i < 6; i++) {
        (void)snprintf(json, sizeof(json), "%.*s", (int)text.len, (const char *)text.ptr);
        change_member(f, json, sizeof(json));
        show_sealed(&f->relay, reader, tg_bytes_str(json));
        assert_proves_nothing(f, reader);
        f->relay = honest;
        f->relay.data[pick(f, (uint32_t)strlen(f->relay.data))] ^= 1;
        assert_proves_nothing(f, reader);
        memcpy(f->relay.data, kept[1 + pick(f, seq - 1)], MAILBOX_ROOM);
        assert_proves_nothing(f, reader);
        f->relay = honest;
    }
    tg_buf_deinit(&text);
}

/* One side makes a message out of what it has read, or of what its user has entered. */
static struct tigress_session *step(struct fixture *f, struct tigress_session *s, const char *pin,
                                    unsigned seq)
{
    struct tigress_session *before = NULL;

    if (pin != NULL) {
        assert_int_equal(run(&f->relay, s), TIGRESS_WANT_INPUT);
        before = twin_of(s);
        assert_int_equal(tigress_session_enter_pin(s, pin), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, s), TIGRESS_WANT_WAIT);
    } else {
        (void)run(&f->relay, s);
    }
    keep(f, seq);
    return before;
}

/* spec-test: protocol/7#pake-points
   spec-test: protocol/7#pake-verdict */
static void transfers__attacked_at_each_message__prove_only_what_is_true(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < runs; i++) {
        struct tigress_session *before = NULL;
        void *fixture = NULL;
        struct fixture *f = NULL;

        assert_int_equal(set_up(&fixture), 0);
        f = fixture;
        f->random = (uint32_t)i * 7919 + 3;
        begin(f, PIN);
        keep(f, 1);
        agree(&f->relay, f->alice, f->bob);
        for (unsigned seq = 4; seq <= 6; seq += 2) {
            before = step(f, f->bob, seq == 4 ? "604138" : PIN, seq);
            attack_message(f, before, f->alice, seq);
            tigress_session_free(&before);
            (void)step(f, f->alice, NULL, seq + 1);
        }
        /* Message 7 has the proof, under the new keys. Changed in any way, it is refused. */
        for (unsigned k = 0; k < 6; k++) {
            f->relay.data[pick(f, (uint32_t)strlen(f->relay.data))] ^= 1;
            assert_proves_nothing(f, f->bob);
            memcpy(f->relay.data, kept[7], MAILBOX_ROOM);
        }
        assert_int_equal(run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
        assert_message(f->bob, PLANTED);
        assert_int_equal(tigress_session_pake(f->bob), TIGRESS_PAKE_PROVED);
        assert_int_equal(tear_down(&fixture), 0);
    }
    print_message("pake: %lu transfers, %lu attacks, none proved\n", runs, attacks);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guesser__five_guesses__right_no_more_often_than_chance),
        cmocka_unit_test(middle__passes_on_what_both_say__proves_nothing),
        cmocka_unit_test(transfers__attacked_at_each_message__prove_only_what_is_true),
    };

    if (argc == 2) {
        runs = strtoul(argv[1], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
