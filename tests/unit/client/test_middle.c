/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody in between, who has the link and is the relay: the recipient for alice, the initiator
 * for bob. It tries to make both see the same digits, by choosing its nonces. Three ways:
 *
 *   answer late    it has bob's nonce, and searches one for alice that fits a guess of hers
 *   answer first   it has alice's nonce, and searches its own for bob with a guess of his
 *   told           as "answer late", but it knows alice's nonce: what a commitment prevents
 *
 * The digits match no more often than chance; where it is told, nearly always, which shows that the
 * search is good enough. Arguments: runs, tries of a run, digits that count. Without, a short
 * version.
 */
#include "unit/client/recording_relay.h"

#include "client/session.h"
#include "wire/envelope.h"

#define NINE "{\"format\":\"x\",\"content\":{\"n\":9}}"

static unsigned long runs = 300;
static unsigned long tries = 64;
static size_t digit_count = 1;

enum way { ANSWER_LATE, ANSWER_FIRST, TOLD };

/* One half of the middle: its transfer with one device. */
struct half {
    enum tg_envelope2_role role; /* of the middle */
    struct tg_secret private_key;
    struct tg_envelope2_value nonce, peer_nonce;
    uint8_t peer_key[TG_X25519_LEN];
    struct tg_envelope2_place place; /* of the next message */
    struct tg_envelope2_keys keys;
};

struct middle {
    struct fixture *f;
    struct fake_relay to_bob;
    struct tg_secret secret;
    struct half alice, bob;
};

static enum tg_err quick_fill(void *ctx, uint8_t *out, size_t len)
{
    return fake_random(ctx, out, len) == 0 ? TG_OK : TG_E_IO;
}

static struct tg_rng quick(struct middle *m)
{
    return (struct tg_rng){ .fill = quick_fill, .ctx = &m->f->random };
}

static void append(struct half *h, enum tg_envelope2_role sender, const struct tg_secret *secret,
                   struct tg_bytes data)
{
    const struct tg_payload payload = { .type = tg_envelope_type(secret), .data = data };
    uint8_t digest[TG_SHA256_LEN];

    assert_int_equal(tg_envelope2_digest(digest, &payload), TG_OK);
    assert_int_equal(tg_envelope2_transcript_add(h->place.transcript, h->place.transcript, sender,
                                                 h->place.seq++, digest),
                     TG_OK);
}

static void begin_half(struct middle *m, struct half *h, enum tg_envelope2_role role)
{
    const struct tg_rng rng = quick(m);

    h->role = role;
    h->private_key.len = TG_X25519_LEN;
    assert_int_equal(tg_rng_fill(&rng, h->private_key.bytes, TG_X25519_LEN), TG_OK);
    assert_int_equal(tg_rng_fill(&rng, h->nonce.bytes, sizeof(h->nonce.bytes)), TG_OK);
    h->nonce.is_set = true;
    h->place.seq = 1;
    h->place.mailbox = m->f->alice->url.mailbox;
    assert_int_equal(tg_envelope2_transcript_begin(h->place.transcript, &h->place.mailbox), TG_OK);
}

/* Seals the middle's first message of this half under the secret. */
static void seal_first(struct middle *m, const struct half *h, struct tg_buf *box)
{
    struct tg_envelope2_member member = { .role = h->role, .public_key = { .is_set = true } };
    const struct tg_rng rng = quick(m);
    struct tg_buf text;

    assert_int_equal(tg_x25519_public(member.public_key.bytes, &h->private_key), TG_OK);
    if (h->role == TG_ENVELOPE2_INITIATOR) {
        member.commitment.is_set = true;
        assert_int_equal(tg_sas_commit(member.commitment.bytes, h->nonce.bytes), TG_OK);
    } else {
        member.nonce = h->nonce;
    }
    tg_buf_init(&text, 4096);
    tg_envelope2_member_put(&text, TG_LIT(NINE), &member);
    assert_int_equal(tg_envelope_seal(box, &m->secret, tg_buf_view(&text), &rng), TG_OK);
    tg_buf_deinit(&text);
}

static void read_first(struct middle *m, struct half *h, const struct fake_relay *relay)
{
    const struct tg_payload payload = { tg_bytes_str(relay->type), tg_bytes_str(relay->data) };
    struct tg_envelope2_member member = { .role = 0 };
    struct tg_buf text;
    struct tg_buf rest;

    tg_buf_init(&text, 65536);
    tg_buf_init(&rest, 65536);
    assert_int_equal(tg_envelope_open(&text, &m->secret, &payload, NULL), TG_OK);
    assert_int_equal(tg_envelope2_member_take(&rest, &member, tg_buf_view(&text)), TG_OK);
    memcpy(h->peer_key, member.public_key.bytes, TG_X25519_LEN);
    h->peer_nonce =
        h->role == TG_ENVELOPE2_INITIATOR ? member.nonce : member.commitment; /* all it has */
    append(h, h->role == TG_ENVELOPE2_INITIATOR ? TG_ENVELOPE2_RECIPIENT : TG_ENVELOPE2_INITIATOR,
           &m->secret, payload.data);
    tg_buf_deinit(&rest);
    tg_buf_deinit(&text);
}

static void derive(struct middle *m, struct half *h)
{
    struct tg_secret shared = { .len = 0 };

    assert_int_equal(tg_x25519_shared(&shared, &h->private_key, TG_ARRAY_BYTES(h->peer_key)),
                     TG_OK);
    assert_int_equal(tg_envelope2_derive(&h->keys, &shared, &m->secret, h->place.transcript),
                     TG_OK);
}

static void put(struct fake_relay *relay, const struct tg_buf *box)
{
    (void)snprintf(relay->data, MAILBOX_ROOM, "%.*s", (int)box->len, (const char *)box->ptr);
    relay->version++;
}

static bool is_match(const char *a, const char *b)
{
    return strcmp(a + TG_SAS_DIGITS - digit_count, b + TG_SAS_DIGITS - digit_count) == 0;
}

/* ---- with bob, as the initiator ------------------------------------------------------------- */

static void offer_to_bob(struct middle *m)
{
    struct fixture *f = m->f;
    struct tg_buf box;

    tg_buf_init(&box, 65536);
    seal_first(m, &m->bob, &box);
    append(&m->bob, TG_ENVELOPE2_INITIATOR, &m->secret, tg_buf_view(&box));
    m->to_bob = f->relay;
    m->to_bob.recipient[0] = '\0';
    put(&m->to_bob, &box);
    tg_buf_deinit(&box);
    assert_int_equal(fake_relay_run(&m->to_bob, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&m->to_bob, f->bob), TIGRESS_WANT_INPUT);
    read_first(m, &m->bob, &m->to_bob);
    derive(m, &m->bob);
}

static void reveal_to_bob(struct middle *m)
{
    const struct tg_envelope2_member member = { .reveal = m->bob.nonce };
    const struct tg_rng rng = quick(m);
    struct tg_buf text;
    struct tg_buf box;

    tg_buf_init(&text, 4096);
    tg_buf_init(&box, 65536);
    tg_envelope2_member_put(&text, TG_LIT(NINE), &member);
    m->bob.place.sender = TG_ENVELOPE2_INITIATOR;
    assert_int_equal(
        tg_envelope2_seal(&box, &m->bob.keys.to_recipient, &m->bob.place, tg_buf_view(&text), &rng),
        TG_OK);
    put(&m->to_bob, &box);
    tg_buf_deinit(&box);
    tg_buf_deinit(&text);
    assert_int_equal(tigress_session_wait(m->f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&m->to_bob, m->f->bob), TIGRESS_WANT_INPUT);
    assert_message(m->f->bob, NINE);
}

/* ---- with alice, as the recipient ----------------------------------------------------------- */

/* Searches an answer to alice with which she would see these digits, if her nonce were this. */
static void search_answer(struct middle *m, struct tg_buf *box, const uint8_t *guess,
                          const char *wanted)
{
    struct half before = m->alice;
    char digits[TG_SAS_DIGITS + 1] = "";

    for (unsigned long i = 0; i < tries; i++) {
        m->alice = before;
        memcpy(m->alice.nonce.bytes, &i, sizeof(i));
        tg_buf_clear(box);
        seal_first(m, &m->alice, box);
        append(&m->alice, TG_ENVELOPE2_RECIPIENT, &m->secret, tg_buf_view(box));
        assert_int_equal(
            tg_sas_digits(digits, guess, m->alice.place.transcript, m->alice.nonce.bytes), TG_OK);
        if (is_match(digits, wanted)) {
            break;
        }
    }
}

/* Alice reads the answer, reveals her nonce in her third message, and sees her digits. */
static void answer_alice(struct middle *m, const uint8_t *guess, const char *wanted)
{
    struct fixture *f = m->f;
    struct tg_buf box;

    tg_buf_init(&box, 65536);
    search_answer(m, &box, guess, wanted);
    put(&f->relay, &box);
    tg_buf_deinit(&box);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_message(f->alice, NINE);
    assert_int_equal(tigress_session_send(f->alice, MESSAGE_3, strlen(MESSAGE_3)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
}

/* Searches a nonce for bob with which he would see these digits, if his answer were as guessed. */
static void search_commitment(struct middle *m, const char *wanted)
{
    const uint8_t guess[TG_SHA256_LEN] = { 1 };
    char digits[TG_SAS_DIGITS + 1] = "";

    for (unsigned long i = 0; i < tries; i++) {
        memcpy(m->bob.nonce.bytes, &i, sizeof(i));
        assert_int_equal(tg_sas_digits(digits, m->bob.nonce.bytes, guess, guess), TG_OK);
        if (is_match(digits, wanted)) {
            break;
        }
    }
}

/* ---- runs ----------------------------------------------------------------------------------- */

static void attack(struct middle *m, enum way way)
{
    char digits[TIGRESS_SAS_TEXT_MAX] = "000000";
    uint8_t guess[TG_SAS_NONCE_LEN];

    memcpy(guess, m->alice.peer_nonce.bytes, sizeof(guess));
    if (way == ANSWER_FIRST) {
        answer_alice(m, guess, digits);
        assert_int_equal(tigress_session_sas(m->f->alice, digits, sizeof(digits)), TIGRESS_OK);
        search_commitment(m, digits);
        offer_to_bob(m);
    } else {
        offer_to_bob(m);
        assert_int_equal(tg_sas_digits(digits, m->bob.nonce.bytes, m->bob.place.transcript,
                                       m->bob.peer_nonce.bytes),
                         TG_OK);
        if (way == TOLD) {
            memcpy(guess, m->f->alice->chain.sas.value, sizeof(guess));
        }
        answer_alice(m, guess, digits);
    }
    reveal_to_bob(m);
}

/* One transfer with the middle in between. Do the persons see the same digits? */
static bool run_once(unsigned long number, enum way way)
{
    static struct middle m;
    void *state = NULL;
    char digits[2][TIGRESS_SAS_TEXT_MAX];

    assert_int_equal(set_up(&state), 0);
    memset(&m, 0, sizeof(m));
    m.f = state;
    m.f->random = (uint32_t)(number * 7919 + 1);
    invite(m.f);
    m.secret = m.f->alice->url.secret;
    begin_half(&m, &m.alice, TG_ENVELOPE2_RECIPIENT);
    begin_half(&m, &m.bob, TG_ENVELOPE2_INITIATOR);
    read_first(&m, &m.alice, &m.f->relay);
    attack(&m, way);
    assert_int_equal(tigress_session_sas(m.f->alice, digits[0], sizeof(digits[0])), TIGRESS_OK);
    assert_int_equal(tigress_session_sas(m.f->bob, digits[1], sizeof(digits[1])), TIGRESS_OK);
    assert_int_equal(tear_down(&state), 0);
    return is_match(digits[0], digits[1]);
}

static unsigned long count_matches(enum way way)
{
    unsigned long count = 0;

    for (unsigned long i = 0; i < runs; i++) {
        count += run_once(i, way) ? 1 : 0;
    }
    return count;
}

/* Five standard deviations above the mean of as many guesses. */
static unsigned long most_by_chance(void)
{
    double chance = 1;
    double mean = 0;
    unsigned long root = 0;

    for (size_t i = 0; i < digit_count; i++) {
        chance /= 10;
    }
    mean = (double)runs * chance;
    while ((double)((root + 1) * (root + 1)) <= 25 * mean) {
        root++;
    }
    return (unsigned long)mean + root;
}

/* spec-test: protocol/7#sas-digits */
static void middle__searches_before_it_is_bound__matches_no_more_often_than_chance(void **state)
{
    unsigned long late = count_matches(ANSWER_LATE);
    unsigned long first = count_matches(ANSWER_FIRST);

    (void)state;
    print_message(
        "middle: %lu runs, %lu tries a run, %zu digits: answer late %lu, answer first %lu "
        "matches; at most %lu by chance\n",
        runs, tries, digit_count, late, first, most_by_chance());
    assert_in_range(late, 0, most_by_chance());
    assert_in_range(first, 0, most_by_chance());
}

static void middle__told_the_nonce__matches(void **state)
{
    unsigned long told = count_matches(TOLD);

    (void)state;
    print_message("middle: told the committed nonce: %lu of %lu matches\n", told, runs);
    assert_in_range(told, runs - runs / 20, runs);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(middle__searches_before_it_is_bound__matches_no_more_often_than_chance),
        cmocka_unit_test(middle__told_the_nonce__matches),
    };

    if (argc == 4) {
        runs = strtoul(argv[1], NULL, 10);
        tries = strtoul(argv[2], NULL, 10);
        digit_count = strtoul(argv[3], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
