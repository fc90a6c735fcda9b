/* SPDX-License-Identifier: Apache-2.0 */
/* What the scenario scripts cannot test of good standing: delayed verification, many redemptions at
   once, and the content of the store. */
#include "support/c/unit.h"

#include "standing_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4096u
#define MANY 16u /* half of the world's slots */
#define CLAIM "c1a1c1a1-0000-4000-8000-00000000000a"
#define CREATE                                                                                     \
    "{\"payload\":{\"type\":\"t\",\"data\":\"d\"},\"displayInformation\":{\"title\":\"T\","        \
    "\"description\":\"\",\"imageURL\":\"\"}}"

struct fixture {
    struct world world;
    struct standing_world standing;
    struct tg_buf attestation, token;
};

static struct tg_attestation_cover cover(const char *request_id)
{
    return (struct tg_attestation_cover){ TG_LIT(CLAIM), tg_bytes_str(request_id), TG_LIT("t"),
                                          TG_LIT("d") };
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct tg_attestation_cover first = cover("r0");

    assert_non_null(f);
    world_init(&f->world);
    standing_world_init(&f->standing, &f->world);
    f->standing.standing.attestation = TG_STANDING_REQUIRED;
    f->standing.standing.private_tokens = TG_STANDING_OPTIONAL;
    tg_buf_init(&f->attestation, TEXT_MAX);
    tg_buf_init(&f->token, TEXT_MAX);
    standing_attest(&f->attestation, TG_ATTEST_OK, TG_ATTEST_PROVES_DEVICE, &first);
    standing_token(&f->token, "one", 1, NULL);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    tg_buf_deinit(&f->attestation);
    tg_buf_deinit(&f->token);
    standing_world_deinit(&f->standing);
    world_deinit(&f->world);
    free(f);
    return 0;
}

static struct tg_http_header header(const char *name, const char *value)
{
    return (struct tg_http_header){ tg_bytes_str(name), tg_bytes_str(value) };
}

static struct world_slot *create(struct fixture *f, const char *request_id, const char *name,
                                 struct tg_buf *proof)
{
    struct tg_http_header headers[] = { header("Mailbox-Device-Claim", CLAIM),
                                        header("Mailbox-Request-ID", request_id),
                                        header("Content-Type", "application/json"),
                                        header(name, tg_buf_cstr(proof)) };

    return world_request(&f->world, &(struct tg_http_request){ .method = TG_LIT("POST"),
                                                               .target = TG_LIT("/v1/m"),
                                                               .headers = headers,
                                                               .header_count = TG_COUNT(headers),
                                                               .body = TG_LIT(CREATE) });
}

static struct world_slot *attested(struct fixture *f, const char *request_id)
{
    return create(f, request_id, "Mailbox-Device-Attestation", &f->attestation);
}

/* spec-test: protocol/6#verified-off-the-loop */
static void offloaded__nothing_is_stored_or_answered_before_it_is_done(void **state)
{
    struct fixture *f = *state;
    struct world_slot *slot = NULL;

    standing_world_put_off(&f->standing);
    slot = attested(f, "r0");
    assert_int_equal(slot->answer_count, 0);
    assert_int_equal(tg_relay_in_flight(f->world.relay), 1);
    assert_int_equal(f->standing.verified_count, 0);
    assert_int_equal(fake_store_write_count(f->world.store), 0);
    standing_world_run(&f->standing);
    assert_int_equal(slot->status, 200);
    assert_int_equal(tg_relay_in_flight(f->world.relay), 0);
    assert_int_equal(fake_store_write_count(f->world.store), 1);
}

static void offloaded__client_disconnects__nothing_is_stored_or_leaked(void **state)
{
    struct fixture *f = *state;
    struct world_slot *slot = NULL;

    standing_world_put_off(&f->standing);
    slot = attested(f, "r0");
    world_release(slot); /* cancels */
    assert_int_equal(tg_relay_in_flight(f->world.relay), 1);
    standing_world_run(&f->standing);
    assert_int_equal(f->standing.verified_count, 1);
    assert_int_equal(tg_relay_in_flight(f->world.relay), 0);
    assert_int_equal(fake_store_write_count(f->world.store), 0);
}

static void offload_full__503_with_retry_after_and_works_later(void **state)
{
    struct fixture *f = *state;
    struct world_slot *slots[3];

    standing_world_put_off(&f->standing);
    f->standing.job_max = 2;
    for (size_t i = 0; i < 3; i++) {
        slots[i] = attested(f, "r0");
    }
    assert_int_equal(slots[0]->answer_count + slots[1]->answer_count, 0);
    assert_int_equal(slots[2]->status, 503);
    assert_non_null(world_header(slots[2], "retry-after"));
    assert_int_equal(tg_relay_in_flight(f->world.relay), 2);
    standing_world_run(&f->standing);
    assert_int_equal(slots[0]->status, 200);
    assert_int_equal(slots[1]->status, 201); /* the same create */
}

/* spec-test: protocol/6#token-spent-once */
static void one_token__many_creates_at_once__exactly_one_wins(void **state)
{
    struct fixture *f = *state;
    struct world_slot *slots[MANY];
    size_t won = 0, refused = 0;

    f->world.is_manual = true;
    for (size_t i = 0; i < MANY; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "many%zu", i);
        slots[i] = create(f, id, "Authorization", &f->token);
    }
    fake_store_pump(f->world.store);
    for (size_t i = 0; i < MANY; i++) {
        won += slots[i]->status == 200 ? 1 : 0;
        refused += slots[i]->status == 401 ? 1 : 0;
    }
    assert_int_equal(won, 1);
    assert_int_equal(refused, MANY - 1);
    assert_int_equal(fake_store_write_count(f->world.store), 2); /* spent token, mailbox */
}

static void spending__client_disconnects__token_is_spent_and_the_same_create_succeeds(void **state)
{
    struct fixture *f = *state;
    struct world_slot *slot = NULL;

    f->world.is_manual = true;
    slot = create(f, "r1", "Authorization", &f->token);
    fake_store_hold(f->world.store, true);
    assert_int_equal(tg_relay_in_flight(f->world.relay), 1);
    world_release(slot);
    fake_store_hold(f->world.store, false);
    fake_store_pump(f->world.store);
    assert_int_equal(tg_relay_in_flight(f->world.relay), 0);
    assert_int_equal(fake_store_write_count(f->world.store), 1);
    f->world.is_manual = false;
    assert_int_equal(create(f, "r2", "Authorization", &f->token)->status, 401);
    assert_int_equal(create(f, "r1", "Authorization", &f->token)->status, 200);
}

/* As after a crash between the two: the token is spent, the mailbox is not there. */
static void store_fails_between_spend_and_create__only_the_same_create_succeeds(void **state)
{
    struct fixture *f = *state;

    f->standing.has_crash = true;
    assert_int_equal(create(f, "r1", "Authorization", &f->token)->status, 503);
    f->standing.has_crash = false;
    fake_store_fail_with(f->world.store, TG_OK);
    assert_int_equal(fake_store_write_count(f->world.store), 1);
    assert_int_equal(create(f, "r2", "Authorization", &f->token)->status, 401);
    assert_int_equal(create(f, "r1", "Authorization", &f->token)->status, 200);
    assert_int_equal(fake_store_write_count(f->world.store), 2);
}

/* ---- what proves nothing -------------------------------------------------------------------- */

enum proof { PROOF_NONE, PROOF_WEAK, PROOF_STRONG }; /* of an attestation */

struct sent {
    enum proof attestation;
    bool has_token;
};

/* The rule of protocol section 6.1, written again. */
static unsigned expected(enum tg_standing_mode attestation, enum tg_standing_mode tokens,
                         const struct sent *sent)
{
    bool is_required = attestation == TG_STANDING_REQUIRED || tokens == TG_STANDING_REQUIRED;
    bool has_proof = (attestation != TG_STANDING_OFF && sent->attestation == PROOF_STRONG) ||
                     (tokens != TG_STANDING_OFF && sent->has_token);

    return is_required && !has_proof ? 401 : 200;
}

static struct world_slot *create_with(struct fixture *f, const char *id, const struct sent *sent,
                                      const char *label)
{
    struct tg_attestation_cover covered = cover(id);
    struct tg_http_header headers[] = { header("Mailbox-Device-Claim", CLAIM),
                                        header("Mailbox-Request-ID", id),
                                        header("Content-Type", "application/json"),
                                        header("X-Nothing", ""), header("X-Nothing", "") };

    tg_buf_clear(&f->attestation);
    tg_buf_clear(&f->token);
    if (sent->attestation != PROOF_NONE) {
        standing_attest(&f->attestation, TG_ATTEST_OK,
                        sent->attestation == PROOF_WEAK ? TG_ATTEST_PROVES_NOTHING
                                                        : TG_ATTEST_PROVES_DEVICE,
                        &covered);
        headers[3] = header("Mailbox-Device-Attestation", tg_buf_cstr(&f->attestation));
    }
    if (sent->has_token) {
        standing_token(&f->token, label, 1, NULL);
        headers[4] = header("Authorization", tg_buf_cstr(&f->token));
    }
    return world_request(&f->world, &(struct tg_http_request){ .method = TG_LIT("POST"),
                                                               .target = TG_LIT("/v1/m"),
                                                               .headers = headers,
                                                               .header_count = TG_COUNT(headers),
                                                               .body = TG_LIT(CREATE) });
}

/* Each pair of modes with each pair of proofs. spec-test: protocol/6#strength */
static void proof_of_nothing__each_mode__satisfies_no_requirement(void **state)
{
    static const struct sent sent[] = { { PROOF_NONE, false },   { PROOF_WEAK, false },
                                        { PROOF_STRONG, false }, { PROOF_NONE, true },
                                        { PROOF_WEAK, true },    { PROOF_STRONG, true } };
    struct fixture *f = *state;
    unsigned n = 0;

    for (unsigned modes = 0; modes < 9; modes++) {
        enum tg_standing_mode attestation = (enum tg_standing_mode)(modes / 3);
        enum tg_standing_mode tokens = (enum tg_standing_mode)(modes % 3);

        f->standing.standing.attestation = attestation;
        f->standing.standing.private_tokens = tokens;
        for (size_t i = 0; i < TG_COUNT(sent); i++) {
            struct world_slot *slot = NULL;
            size_t writes = fake_store_write_count(f->world.store);
            char id[16];

            (void)snprintf(id, sizeof(id), "n%u", n++);
            slot = create_with(f, id, &sent[i], id);
            if (slot->status != expected(attestation, tokens, &sent[i])) {
                fail_msg("attestation %u, tokens %u, proofs %zu: %u", (unsigned)attestation,
                         (unsigned)tokens, i, slot->status);
            }
            assert_true((fake_store_write_count(f->world.store) > writes) == (slot->status == 200));
            world_release(slot);
        }
    }
}

/* Property 9: what was shown is counted, not more. */
static void proof_of_nothing__optional__accepted_and_not_counted_as_good_standing(void **state)
{
    static const struct sent weak = { PROOF_WEAK, false };
    struct fixture *f = *state;

    f->standing.standing.attestation = TG_STANDING_OPTIONAL;
    assert_int_equal(create_with(f, "w1", &weak, NULL)->status, 200);
    assert_int_equal(f->standing.judged[TG_STANDING_ATTESTATION][TG_STANDING_OK], 0);
    assert_int_equal(f->standing.judged[TG_STANDING_ATTESTATION][TG_STANDING_STRENGTH], 1);
    f->standing.standing.attestation = TG_STANDING_REQUIRED;
    assert_int_equal(create_with(f, "w2", &weak, NULL)->status, 401);
    assert_int_equal(f->standing.judged[TG_STANDING_ATTESTATION][TG_STANDING_OK], 0);
    assert_int_equal(f->standing.judged[TG_STANDING_ATTESTATION][TG_STANDING_STRENGTH], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(offloaded__nothing_is_stored_or_answered_before_it_is_done,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(offloaded__client_disconnects__nothing_is_stored_or_leaked,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(offload_full__503_with_retry_after_and_works_later, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_token__many_creates_at_once__exactly_one_wins, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            spending__client_disconnects__token_is_spent_and_the_same_create_succeeds, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            store_fails_between_spend_and_create__only_the_same_create_succeeds, setup, teardown),
        cmocka_unit_test_setup_teardown(proof_of_nothing__each_mode__satisfies_no_requirement,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            proof_of_nothing__optional__accepted_and_not_counted_as_good_standing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
