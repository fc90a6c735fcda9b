/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a create and a read, and the first bind. */
#include "box_fixture.h"

#include "crypto/digest.h"

#include <string.h>

/* ---- create --------------------------------------------------------------------------------- */

/* spec-test: protocol/3#initiator-binds-at-creation */
static void create__valid__binds_the_initiator_and_stores_everything(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(f->result.effects, TG_EFFECT_STORE);
    assert_int_equal(f->result.version, 1);
    assert_int_equal(f->box.version, 1);
    assert_int_equal(f->box.state, TG_MAILBOX_LIVE);
    assert_int_equal(f->box.created_s, NOW_S);
    assert_int_equal(f->box.expires_s, NOW_S + 3600);
    assert_true(is_bound_to(&f->box.initiator, 'A'));
    assert_false(f->box.recipient.is_bound);
    assert_true(f->box.initiator.token.is_present);
    assert_int_equal(f->box.initiator.done_count, 1);
    assert_true(tg_bytes_is_equal(f->box.payload.data, TG_LIT("data")));
}

/* spec-test: protocol/3#rights-default protocol/3#expiration-default */
static void create__without_configuration__relay_defaults(void **state)
{
    struct fixture *f = *state;

    f->exists = false;
    f->create.has_rights = false;
    f->create.has_expiration = false;
    assert_int_equal(call(f, TG_CALL_CREATE, 'A', 2), 200);
    assert_int_equal(f->box.rights, TG_RIGHT_READ | TG_RIGHT_DELETE);
    assert_int_equal(f->box.expires_s, NOW_S + DEFAULT_S);
}

/* spec-test: protocol/3#expiration-not-past protocol/3#expiration-max */
static void create__expiration_at_each_bound__refused_beyond_it(void **state)
{
    static const struct {
        int64_t offset_s;
        unsigned status;
    } rows[] = { { -1, 400 },    { 0, 400 },         { 1, 200 },
                 { MAX_S, 200 }, { MAX_S + 1, 400 }, { INT64_MAX - NOW_S, 400 } };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        f->exists = false;
        f->create.expiration_s = NOW_S + rows[i].offset_s;
        assert_int_equal(call(f, TG_CALL_CREATE, 'A', 2), rows[i].status);
        if (rows[i].status == 400) {
            assert_unchanged(f);
            assert_non_null(strstr(f->result.fault.text, "mailboxConfiguration.expiration"));
            assert_non_null(strstr(f->result.fault.text, "2030-01-"));
        }
    }
}

static void create__without_claim__401_before_the_fault(void **state)
{
    struct fixture *f = *state;

    f->exists = false;
    prepare(f, TG_CALL_CREATE, 0, 0);
    f->cmd.fault_status = 413;
    assert_int_equal(run(f), 401);
    assert_true(f->result.is_claim_challenge);
    assert_unchanged(f);
}

static void create__fault__its_status_and_text(void **state)
{
    static const unsigned statuses[] = { 400, 413, 415 };
    struct fixture *f = *state;

    f->exists = false;
    for (size_t i = 0; i < TG_COUNT(statuses); i++) {
        prepare(f, TG_CALL_CREATE, 'A', 2);
        f->cmd.fault_status = statuses[i];
        f->cmd.create = NULL;
        memcpy(f->fault.text, "payload: so", 12);
        assert_int_equal(run(f), statuses[i]);
        assert_string_equal(f->result.fault.text, "payload: so");
        assert_unchanged(f);
    }
}

/* spec-test: protocol/2#create-retry */
static void create__repeated__duplicate_and_unchanged(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_UPDATE, 'A', 2), 200);
    assert_int_equal(call(f, TG_CALL_CREATE, 'A', 1), 201);
    assert_int_equal(f->result.outcome, TG_OUTCOME_DUPLICATE);
    assert_int_equal(f->result.version, 1);
    assert_unchanged(f);
}

static void create__record_of_another_initiator__refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_CREATE, 'X', 1), 401);
    assert_unchanged(f);
}

static void create__onto_an_expired_record__new_mailbox(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_READ, 'B', 0), 200);
    f->now = tg_moment_sure(NOW_S + 3600);
    f->create.expiration_s = NOW_S + 3610;
    assert_int_equal(call(f, TG_CALL_CREATE, 'A', 1), 200);
    assert_false(f->box.recipient.is_bound);
    assert_int_equal(f->box.expires_s, NOW_S + 3610);
}

/* spec-test: protocol/3#tombstone-stops-create */
static void create__onto_a_tombstone__duplicate(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_DELETE, 'A', 2), 200);
    assert_int_equal(call(f, TG_CALL_CREATE, 'A', 1), 201);
    assert_unchanged(f);
    assert_int_equal(f->box.state, TG_MAILBOX_ENDED_BY_INITIATOR);
}

/* ---- read ----------------------------------------------------------------------------------- */

/* spec-test: protocol/3#first-read-binds protocol/3#two-devices protocol/4#bind-notifies */
static void read__first_by_another_claim__binds_and_notifies_the_initiator(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_READ, 'B', 0), 200);
    assert_int_equal(f->result.effects, TG_EFFECT_STORE | TG_EFFECT_NOTIFY);
    assert_int_equal(f->result.version, 1);
    assert_true(is_bound_to(&f->box.recipient, 'B'));
    assert_true(is_bound_to(&f->box.initiator, 'A'));
}

static void read__by_the_initiator__does_not_bind(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_READ, 'A', 0), 200);
    assert_unchanged(f);
    assert_false(f->box.recipient.is_bound);
}

/* spec-test: protocol/3#third-device-refused */
static void read__third_claim__401_and_unchanged(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_READ, 'C', 0), 401);
    assert_true(f->result.is_claim_challenge);
    assert_unchanged(f);
}

static void read__without_right__401_and_not_bound(void **state)
{
    struct fixture *f = *state;

    f->box.rights = TG_RIGHT_WRITE | TG_RIGHT_DELETE;
    assert_int_equal(call(f, TG_CALL_READ, 'B', 0), 401);
    assert_unchanged(f);
    assert_false(f->box.recipient.is_bound);
}

static void read__with_fault__400_and_not_bound(void **state)
{
    struct fixture *f = *state;

    prepare(f, TG_CALL_READ, 'B', 0);
    f->cmd.fault_status = 400;
    assert_int_equal(run(f), 400);
    assert_unchanged(f);
}

/* spec-test: protocol/4#order-of-checks */
static void read__with_fault_and_without_right__reports_the_fault(void **state)
{
    struct fixture *f = *state;

    f->box.rights = TG_RIGHT_WRITE;
    prepare(f, TG_CALL_READ, 'A', 0);
    f->cmd.fault_status = 415;
    assert_int_equal(run(f), 415);
    f->cmd.fault_status = 0;
    assert_int_equal(run(f), 401);
}

static void read__may_not_bind__401(void **state)
{
    struct fixture *f = *state;

    prepare(f, TG_CALL_READ, 'B', 0);
    f->cmd.may_bind = false;
    assert_int_equal(run(f), 401);
    assert_unchanged(f);
}

/* spec-test: protocol/2#claim-ambiguous */
static void read__two_claims_that_differ__400(void **state)
{
    struct fixture *f = *state;

    prepare(f, TG_CALL_READ, 0, 0);
    f->cmd.claim_presence = TG_MALFORMED;
    f->cmd.is_claim_ambiguous = true;
    assert_int_equal(run(f), 400);
    assert_false(f->result.is_claim_challenge);
    assert_unchanged(f);
}

/* spec-test: protocol/2#long-poll */
static void read__known_version__waits_only_when_nothing_is_newer(void **state)
{
    static const struct {
        uint64_t known;
        enum tg_mailbox_outcome outcome;
    } rows[] = { { 0, TG_OUTCOME_DONE }, { 1, TG_OUTCOME_WAIT }, { 2, TG_OUTCOME_WAIT } };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        prepare(f, TG_CALL_READ, 'A', 0);
        f->cmd.has_known_version = true;
        f->cmd.known_version = rows[i].known;
        (void)run(f);
        assert_int_equal(f->result.outcome, rows[i].outcome);
        assert_int_equal(f->result.version, 1);
        assert_unchanged(f);
    }
}

static void read__first_and_waiting__binds(void **state)
{
    struct fixture *f = *state;

    prepare(f, TG_CALL_READ, 'B', 0);
    f->cmd.has_known_version = true;
    f->cmd.known_version = 1;
    assert_int_equal(run(f), 204);
    assert_int_equal(f->result.outcome, TG_OUTCOME_WAIT);
    assert_int_equal(f->result.effects, TG_EFFECT_STORE | TG_EFFECT_NOTIFY);
    assert_true(is_bound_to(&f->box.recipient, 'B'));
}

/* spec-test: protocol/4#token-replaced */
static void read__with_token__replaces_only_the_callers(void **state)
{
    struct fixture *f = *state;

    prepare(f, TG_CALL_READ, 'B', 0);
    f->cmd.token = (struct tg_notification_token){ .is_present = true,
                                                   .type = TG_LIT("fcm"),
                                                   .token_data = TG_LIT("token b") };
    assert_int_equal(run(f), 200);
    assert_int_equal(f->result.effects, TG_EFFECT_STORE | TG_EFFECT_NOTIFY);
    assert_true(tg_bytes_is_equal(f->box.recipient.token.token_data, TG_LIT("token b")));
    assert_true(tg_bytes_is_equal(f->box.initiator.token.token_data, TG_LIT("token a")));
    assert_int_equal(run(f), 200);
    assert_unchanged(f);
    assert_int_equal(call(f, TG_CALL_READ, 'B', 0), 200);
    assert_unchanged(f);
}

/* spec-test: protocol/6#proof-of-secret */
static void read__mailbox_with_verifier__needs_the_proof(void **state)
{
    struct fixture *f = *state;
    uint8_t proof[TG_PROOF_LEN] = { 7 };

    f->box.has_verifier = true;
    assert_int_equal(tg_sha256(f->box.verifier, TG_ARRAY_BYTES(proof)), TG_OK);
    assert_int_equal(call(f, TG_CALL_READ, 'B', 0), 401);
    assert_non_null(strstr(f->result.fault.text, "Mailbox-Secret-Proof"));
    assert_unchanged(f);

    for (size_t bit = 0; bit < 8 * sizeof(proof); bit++) {
        prepare(f, TG_CALL_READ, 'B', 0);
        f->cmd.proof.presence = TG_PRESENT;
        memcpy(f->cmd.proof.value, proof, sizeof(proof));
        f->cmd.proof.value[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(run(f), 401);
        assert_unchanged(f);
    }
    f->cmd.proof.is_verifier = true;
    memcpy(f->cmd.proof.value, proof, sizeof(proof));
    assert_int_equal(run(f), 401);
    assert_unchanged(f);

    f->cmd.proof.is_verifier = false;
    assert_int_equal(run(f), 200);
    assert_true(is_bound_to(&f->box.recipient, 'B'));
    assert_int_equal(call(f, TG_CALL_READ, 'B', 0), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(create__valid__binds_the_initiator_and_stores_everything),
        FRESH(create__without_configuration__relay_defaults),
        FRESH(create__expiration_at_each_bound__refused_beyond_it),
        FRESH(create__without_claim__401_before_the_fault),
        FRESH(create__fault__its_status_and_text),
        FRESH(create__repeated__duplicate_and_unchanged),
        FRESH(create__record_of_another_initiator__refused),
        FRESH(create__onto_an_expired_record__new_mailbox),
        FRESH(create__onto_a_tombstone__duplicate),
        FRESH(read__first_by_another_claim__binds_and_notifies_the_initiator),
        FRESH(read__by_the_initiator__does_not_bind),
        BOUND(read__third_claim__401_and_unchanged),
        FRESH(read__without_right__401_and_not_bound),
        FRESH(read__with_fault__400_and_not_bound),
        FRESH(read__with_fault_and_without_right__reports_the_fault),
        FRESH(read__may_not_bind__401),
        FRESH(read__two_claims_that_differ__400),
        FRESH(read__known_version__waits_only_when_nothing_is_newer),
        FRESH(read__first_and_waiting__binds),
        FRESH(read__with_token__replaces_only_the_callers),
        FRESH(read__mailbox_with_verifier__needs_the_proof),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
