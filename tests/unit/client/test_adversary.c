/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile relay and a hostile peer against whole transfers, many times with other random numbers.
 * The relay changes, cuts, exchanges and repeats envelopes. The peer has the secret, or even the
 * keys, and changes the member "tigressV2" of the first three messages. What is attacked is a copy
 * of the session that receives; the transfer itself goes on. Arguments: runs. Without, a short
 * version.
 */
#include "unit/client/recording_relay.h"

#include "client/session.h"
#include "wire/envelope.h"

#define PLANTED "{\"format\":\"x\",\"content\":{\"k\":\"planted\"}}"

#define THIRD "{\"format\":\"x\",\"content\":{\"k\":\"third\"}}"

static unsigned long runs = 40;
static unsigned long counted[2]; /* attacks, and how many left a session that went on */

struct world {
    struct fixture *f;
    uint32_t random;
    bool is_required;
};

static unsigned pick(struct world *w, unsigned below)
{
    unsigned char raw[4];
    uint32_t number = 0;

    (void)fake_random(&w->random, raw, sizeof(raw));
    memcpy(&number, raw, sizeof(number));
    return number % below;
}

/* Whatever the state allows. */
static void look(struct tigress_session *s)
{
    (void)!tigress_session_check(s);
}

/* ---- what is never true --------------------------------------------------------------------- */

/* The secret alone never opens the application's message where v2 is required. */
static void assert_nothing_planted(struct world *w)
{
    static char text[65536];

    open_v1(w->f, w->f->relay.data, text, sizeof(text));
    assert_true(!w->is_required || strstr(text, "planted") == NULL);
}

/* The copy reads what the relay shows: another message than the next honest one must not appear. */
static void assert_not_delivered(struct world *w, struct tigress_session *copy, const char *before)
{
    enum tigress_want want = TIGRESS_FAILED;

    look(copy);
    want = fake_relay_run(&w->f->relay, copy);
    assert_true(want == TIGRESS_FAILED || tigress_session_input(copy) != TIGRESS_INPUT_MESSAGE ||
                strcmp(tigress_session_message(copy, NULL), before) == 0);
    assert_string_equal(tigress_session_message(copy, NULL), before);
    counted[0]++;
    counted[1] += want == TIGRESS_FAILED ? 0 : 1;
}

/* ---- the relay ------------------------------------------------------------------------------ */

static void attack_envelope(struct world *w, unsigned seq)
{
    char *data = w->f->relay.data;
    size_t len = strlen(data);
    unsigned at = pick(w, (unsigned)len);

    switch (pick(w, 4)) {
    case 0: /* another character */
        data[at] = data[at] == 'A' ? 'B' : 'A';
        break;
    case 1: /* cut */
        data[at] = '\0';
        break;
    case 2: /* an earlier message of this transfer, or of the one before */
        memcpy(data, kept[1 + pick(w, seq)], MAILBOX_ROOM);
        break;
    default: /* parts of two messages */
        memcpy(data, kept[1 + pick(w, seq)], at % strlen(kept[1]));
        break;
    }
}

static void hostile_relay(struct world *w, struct tigress_session *reader, unsigned seq)
{
    struct fixture *f = w->f;
    unsigned version = f->relay.version;
    const char *before = tigress_session_message(reader, NULL);

    for (unsigned i = 0; i < 4; i++) {
        struct tigress_session *copy = twin_of(reader);

        attack_envelope(w, seq);
        if (strcmp(f->relay.data, kept[seq]) != 0) {
            assert_not_delivered(w, copy, before);
        }
        tigress_session_free(&copy);
        memcpy(f->relay.data, kept[seq], MAILBOX_ROOM);
        f->relay.version = version;
    }
}

/* ---- the peer ------------------------------------------------------------------------------- */

/* Another member, of every kind of mistake and malice; 0: it was not changed. */
static size_t attack_member(struct world *w, char *json, size_t cap)
{
    static const char zero_key[] = "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"";
    static const char *const values[] = {
        "null", "7", "[]", "{}", "true", "\"\"", "\"initiator\"", "\"recipient\"", zero_key
    };
    static const char *const names[] = { "publicKey", "commitment", "nonce", "reveal",
                                         "role",      "later",      "Role",  "shares" };
    char name[24];
    char rest[2048];
    char *at = NULL;
    const char *end = NULL;

    (void)snprintf(name, sizeof(name), "\"%s\":", names[pick(w, TG_COUNT(names))]);
    at = strstr(json, name);
    if (at == NULL) { /* one more */
        at = strstr(json, "\"tigressV2\":{");
        if (at == NULL) {
            return 0;
        }
        at += strlen("\"tigressV2\":{");
        (void)snprintf(rest, sizeof(rest), "%s%s,%s", name, values[pick(w, TG_COUNT(values))], at);
    } else if (pick(w, 3) == 0) { /* renamed */
        at[1] ^= 0x20;
        return strlen(json);
    } else { /* another value, or one character of it */
        at += strlen(name);
        end = strpbrk(at, ",}");
        if (end == NULL) {
            return 0;
        }
        if (pick(w, 2) == 0 && end - at > 8) {
            at[1 + pick(w, (unsigned)(end - at) - 2)] ^= 1;
            return strlen(json);
        }
        (void)snprintf(rest, sizeof(rest), "%s%s", values[pick(w, TG_COUNT(values))], end);
    }
    return (size_t)snprintf(at, cap - (size_t)(at - json), "%s", rest);
}

/* The copy accepted what the honest device has not sent. It goes on with a copy of that device: no
   third message arrives. */
static void go_on(struct world *w, struct tigress_session *copy)
{
    struct fixture *f = w->f;
    bool is_bob = tigress_session_role(copy) == TIGRESS_RECIPIENT;
    struct tigress_session *other = twin_of(is_bob ? f->alice : f->bob);
    struct tigress_session *alice = is_bob ? other : copy;
    struct tigress_session *bob = is_bob ? copy : other;

    (void)!tigress_session_send(bob, MESSAGE_2, strlen(MESSAGE_2));
    (void)fake_relay_run(&f->relay, bob);
    look(alice);
    (void)fake_relay_run(&f->relay, alice);
    (void)!tigress_session_send(alice, THIRD, strlen(THIRD));
    (void)fake_relay_run(&f->relay, alice);
    look(bob);
    (void)fake_relay_run(&f->relay, bob);
    assert_null(strstr(tigress_session_message(bob, NULL), "third"));
    assert_true(!w->is_required || strstr(tigress_session_message(bob, NULL), "planted") == NULL);
    tigress_session_free(&other);
}

/* Messages 1 and 2, which the secret opens. A copy may accept the change of one who has the secret;
   but then the other side has another transcript, and no further message opens. */
static void hostile_holder(struct world *w, struct tigress_session *reader, unsigned seq)
{
    struct fixture *f = w->f;
    static struct fake_relay honest;
    const char *before = tigress_session_message(reader, NULL);
    char json[4096];

    honest = f->relay;
    for (unsigned i = 0; i < 4; i++) {
        struct tigress_session *copy = twin_of(reader);

        open_v1(f, kept[seq], json, sizeof(json));
        if (attack_member(w, json, sizeof(json)) > 0) {
            show_v1(f, json);
            look(copy);
            (void)fake_relay_run(&f->relay, copy);
            assert_nothing_planted(w);
            if (w->is_required) {
                assert_string_equal(tigress_session_message(copy, NULL), before);
            }
            counted[0]++;
            if (tigress_session_error(copy) == TIGRESS_OK) {
                counted[1]++;
                go_on(w, copy);
            }
        }
        tigress_session_free(&copy);
        f->relay = honest;
    }
}

/* Message 3, sealed with the right keys: only the right nonce is accepted, with alice's digits. */
static void hostile_initiator(struct world *w, const struct tigress_session *before_sealing)
{
    struct fixture *f = w->f;
    static struct fake_relay honest;
    const struct tigress_session *s = before_sealing;
    struct tg_envelope2_place place = { .mailbox = s->url.mailbox,
                                        .sender = TG_ENVELOPE2_INITIATOR,
                                        .seq = 3 };
    struct tg_envelope2_member member = { .reveal = { .is_set = true } };
    char digits[2][TIGRESS_SAS_TEXT_MAX];

    honest = f->relay;
    memcpy(place.transcript, s->chain.transcript, sizeof(place.transcript));
    memcpy(member.reveal.bytes, s->chain.sas.value, sizeof(member.reveal.bytes));
    assert_int_equal(tigress_session_sas(f->alice, digits[0], sizeof(digits[0])), TIGRESS_OK);
    for (unsigned i = 0; i < 4; i++) {
        struct tigress_session *copy = twin_of(f->bob);
        struct tg_buf text;
        struct tg_buf box;
        char json[4096];

        tg_buf_init(&text, sizeof(json));
        tg_buf_init(&box, MAILBOX_ROOM);
        tg_envelope2_member_put(&text, TG_LIT(PLANTED), &member);
        (void)snprintf(json, sizeof(json), "%.*s", (int)text.len, (const char *)text.ptr);
        (void)attack_member(w, json, sizeof(json));
        assert_int_equal(tg_envelope2_seal(&box, &s->chain.keys.to_recipient, &place,
                                           tg_bytes_str(json), &tg_rng_system),
                         TG_OK);
        tg_buf_append_u8(&box, 0);
        show(f, (const char *)box.ptr);
        look(copy);
        if (fake_relay_run(&f->relay, copy) != TIGRESS_FAILED) {
            assert_int_equal(tigress_session_sas(copy, digits[1], sizeof(digits[1])), TIGRESS_OK);
            assert_string_equal(digits[0], digits[1]);
            counted[1]++;
        }
        counted[0]++;
        tg_buf_deinit(&box);
        tg_buf_deinit(&text);
        tigress_session_free(&copy);
        f->relay = honest;
    }
}

/* ---- transfers ------------------------------------------------------------------------------ */

static void assert_reads(struct fixture *f, struct tigress_session *s, const char *message)
{
    look(s);
    assert_int_equal(fake_relay_run(&f->relay, s), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_MESSAGE);
    assert_message(s, message);
}

/* Messages 1 and 2 between the libraries, or with content. */
static void first_two(struct world *w)
{
    struct fixture *f = w->f;

    invite(f);
    keep(f, 1);
    /* His claim is made by the first step; the copies have the same one. */
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    assert_int_equal(tigress_session_reply_failed(f->bob, TIGRESS_NET_INTERRUPTED), TIGRESS_OK);
    hostile_relay(w, f->bob, 1);
    hostile_holder(w, f->bob, 1);
    if (w->is_required) {
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_WAIT);
        assert_int_equal(f->relay.version, 2);
    } else {
        assert_reads(f, f->bob, PLANTED);
        assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    }
    keep(f, 2);
    assert_nothing_planted(w);
    hostile_relay(w, f->alice, 2);
    hostile_holder(w, f->alice, 2);
}

/* Message 3, and how alice was before she sealed it. */
static struct tigress_session *third(struct world *w)
{
    struct fixture *f = w->f;
    struct tigress_session *before = NULL;

    if (w->is_required) {
        /* Her library reads and sends at once: her copy stops between the two. */
        before = twin_of(f->alice);
        assert_int_equal(tigress_session_check(before), TIGRESS_OK);
        assert_int_equal(tigress_session_check(f->alice), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    } else {
        assert_reads(f, f->alice, MESSAGE_2);
        before = twin_of(f->alice);
        assert_int_equal(tigress_session_send(f->alice, PLANTED, strlen(PLANTED)), TIGRESS_OK);
        assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    }
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_SENT);
    keep(f, 3);
    assert_nothing_planted(w);
    return before;
}

static void transfer(struct world *w)
{
    struct fixture *f = w->f;
    struct tigress_session *before = NULL;

    first_two(w);
    before = third(w);
    hostile_relay(w, f->bob, 3);
    if (!w->is_required) {
        hostile_initiator(w, before);
    }
    tigress_session_free(&before);
    assert_reads(f, f->bob, PLANTED);
    for (unsigned seq = 4; seq <= 6; seq++) {
        send_number(f, seq);
        hostile_relay(w, sender_of(f, seq + 1), seq);
        receive_number(f, seq);
    }
}

static void run_once(unsigned long number, bool is_required)
{
    void *state = NULL;
    struct world w = { .random = (uint32_t)number * 2654435761u + 1, .is_required = is_required };

    assert_int_equal(set_up(&state), 0);
    w.f = state;
    tigress_session_free(&w.f->alice);
    assert_int_equal(
        tigress_initiator_new(&w.f->alice, FAKE_RELAY, PLANTED, strlen(PLANTED), NULL, 0),
        TIGRESS_OK);
    w.f->random = w.random;
    assert_int_equal(tigress_session_set_random(w.f->alice, fake_random, &w.f->random), TIGRESS_OK);
    assert_int_equal(tigress_session_set_rights(w.f->alice, "RWD"), TIGRESS_OK);
    if (is_required) {
        assert_int_equal(tigress_session_require_v2(w.f->alice), TIGRESS_OK);
    }
    transfer(&w);
    assert_int_equal(tear_down(&state), 0);
}

static void play(bool is_required)
{
    counted[0] = counted[1] = 0;
    for (unsigned long i = 0; i < runs; i++) {
        run_once(i, is_required);
    }
    print_message(
        "adversary: v2 %s, %lu transfers, %lu attacks, %lu of them accepted as far as the "
        "rules allow\n",
        is_required ? "required" : "offered", runs, counted[0], counted[1]);
}

/* spec-test: protocol/7#envelope-v2-required
   spec-test: protocol/7#envelope-v2-roles */
static void transfers__v2_required__nothing_else_is_accepted(void **state)
{
    (void)state;
    play(true);
}

/* spec-test: protocol/7#sas-commitment */
static void transfers__v2_offered__nothing_else_is_accepted(void **state)
{
    (void)state;
    play(false);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfers__v2_required__nothing_else_is_accepted),
        cmocka_unit_test(transfers__v2_offered__nothing_else_is_accepted),
    };

    if (argc == 2) {
        runs = strtoul(argv[1], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
