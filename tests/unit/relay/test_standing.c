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
    standing_attest(&f->attestation, TG_ATTEST_OK, &first);
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

/* As after a crash between the two: the token is spent, the mailbox is not there. */
static void store_fails_between_spend_and_create__only_the_same_create_succeeds(void **state)
{
    struct fixture *f = *state;
    struct tg_bytes mark;

    f->standing.has_crash = true;
    assert_int_equal(create(f, "r1", "Authorization", &f->token)->status, 503);
    f->standing.has_crash = false;
    fake_store_fail_with(f->world.store, TG_OK);
    assert_int_equal(fake_store_write_count(f->world.store), 1);
    mark = fake_store_last_sealed(f->world.store);
    assert_int_equal(mark.len, TG_SPENT_MARK_LEN);
    assert_int_equal(create(f, "r2", "Authorization", &f->token)->status, 401);
    assert_int_equal(create(f, "r1", "Authorization", &f->token)->status, 200);
    assert_int_equal(fake_store_write_count(f->world.store), 2);
}

/* Neither the key nor the content of a spent token's record reveals the token or the mailbox. */
static void spent__key_and_record__depend_on_the_relays_key_and_on_each_part(void **state)
{
    struct fixture *f = *state;
    struct tg_keyring other = f->world.keyring;
    uint8_t spent[32] = { 1 }, challenge[32] = { 2 }, marks[4][TG_SPENT_MARK_LEN];
    struct tg_store_key mailbox = { { 3 } }, keys[2];

    other.index_key.bytes[0] ^= 1;
    assert_int_equal(tg_seal_spent_key(&keys[0], &f->world.keyring, spent), TG_OK);
    assert_int_equal(tg_seal_spent_key(&keys[1], &other, spent), TG_OK);
    assert_memory_not_equal(&keys[0], &keys[1], sizeof(keys[0]));
    assert_int_equal(tg_seal_spent_mark(marks[0], &f->world.keyring, spent, &mailbox, challenge),
                     TG_OK);
    assert_int_equal(tg_seal_spent_mark(marks[1], &other, spent, &mailbox, challenge), TG_OK);
    mailbox.bytes[0] ^= 1;
    assert_int_equal(tg_seal_spent_mark(marks[2], &f->world.keyring, spent, &mailbox, challenge),
                     TG_OK);
    mailbox.bytes[0] ^= 1;
    challenge[31] ^= 1;
    assert_int_equal(tg_seal_spent_mark(marks[3], &f->world.keyring, spent, &mailbox, challenge),
                     TG_OK);
    for (size_t i = 1; i < 4; i++) {
        assert_memory_not_equal(marks[0], marks[i], TG_SPENT_MARK_LEN);
    }
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
            store_fails_between_spend_and_create__only_the_same_create_succeeds, setup, teardown),
        cmocka_unit_test_setup_teardown(
            spent__key_and_record__depend_on_the_relays_key_and_on_each_part, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
