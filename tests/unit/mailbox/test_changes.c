/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of updates, deletes and relinquishes, and what comes before them: rights and the order
 * of checks. */
#include "box_fixture.h"

#include <string.h>

/* ---- update --------------------------------------------------------------------------------- */

static void update__by_either_device__increments_the_version_and_notifies(void **state)
{
    struct fixture *f = *state;

    f->update.token = (struct tg_notification_token){ .is_present = true,
                                                      .type = TG_LIT("fcm"),
                                                      .token_data = TG_LIT("new") };
    assert_int_equal(call(f, TG_CALL_UPDATE, 'B', 5), 200);
    assert_int_equal(f->result.effects, TG_EFFECT_STORE | TG_EFFECT_NOTIFY);
    assert_int_equal(f->result.version, 2);
    assert_true(tg_bytes_is_equal(f->box.payload.data, TG_LIT("data 2")));
    assert_true(tg_bytes_is_equal(f->box.recipient.token.token_data, TG_LIT("new")));
    assert_true(tg_bytes_is_equal(f->box.initiator.token.token_data, TG_LIT("token a")));
    assert_true(tg_bytes_is_equal(f->box.display.title, TG_LIT("title")));
    assert_int_equal(f->box.recipient.done_count, 1);
    assert_int_equal(call(f, TG_CALL_UPDATE, 'A', 6), 200);
    assert_int_equal(f->result.version, 3);
}

static void update__by_a_stranger_or_nobody__401_and_unchanged(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_UPDATE, 'C', 5), 401);
    assert_unchanged(f);
    assert_int_equal(call(f, TG_CALL_UPDATE, 0, 5), 401);
    assert_unchanged(f);
}

/* A new claim may read where no recipient is bound, and make no other call. */
static void update__by_an_unbound_claim__401_and_unchanged(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_UPDATE, 'B', 5), 401);
    assert_unchanged(f);
}

/* spec-test: protocol/2#update-retry protocol/2#eight-requests-remembered */
static void update__repeated__remembered_for_eight_requests(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < TG_REQUESTS_KEPT; i++) {
        assert_int_equal(call(f, TG_CALL_UPDATE, 'B', 100 + i), 200);
    }
    for (unsigned i = 0; i < TG_REQUESTS_KEPT; i++) {
        assert_int_equal(call(f, TG_CALL_UPDATE, 'B', 100 + i), 201);
        assert_int_equal(f->result.version, 2 + i);
        assert_unchanged(f);
    }
    assert_int_equal(call(f, TG_CALL_UPDATE, 'B', 200), 200);
    assert_int_equal(f->box.recipient.done_count, TG_REQUESTS_KEPT);
    assert_int_equal(call(f, TG_CALL_UPDATE, 'B', 101), 201);
    assert_int_equal(call(f, TG_CALL_UPDATE, 'B', 100), 200);
    assert_int_equal(call(f, TG_CALL_UPDATE, 'A', 101), 200);
}

static void update__request_id_of_the_create__not_a_duplicate(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_UPDATE, 'A', 1), 200);
    assert_int_equal(f->result.version, 2);
}

/* spec-test: protocol/2#if-match */
static void update__if_match__412_unless_it_is_the_version(void **state)
{
    struct fixture *f = *state;

    for (uint64_t v = 0; v <= 2; v += 2) {
        prepare(f, TG_CALL_UPDATE, 'B', 5);
        f->cmd.has_if_match = true;
        f->cmd.if_match = v;
        assert_int_equal(run(f), 412);
        assert_unchanged(f);
    }
    f->cmd.if_match = 1;
    assert_int_equal(run(f), 200);
    assert_int_equal(run(f), 201);
    assert_unchanged(f);
}

/* ---- delete --------------------------------------------------------------------------------- */

/* spec-test: protocol/3#tombstone */
static void delete__by_either__leaves_a_tombstone(void **state)
{
    struct fixture *f = *state;
    struct tg_mailbox want = { .state = TG_MAILBOX_ENDED_BY_RECIPIENT,
                               .version = 1,
                               .expires_s = NOW_S + 3600,
                               .initiator = { .is_bound = true, .claim = claim('A') },
                               .recipient = { .is_bound = true, .claim = claim('B') } };
    struct tg_mailbox live = f->box;

    assert_int_equal(call(f, TG_CALL_DELETE, 'B', 5), 200);
    assert_int_equal(f->result.effects, TG_EFFECT_STORE | TG_EFFECT_NOTIFY);
    assert_memory_equal(&f->box, &want, sizeof(want));
    f->box = live;
    want.state = TG_MAILBOX_ENDED_BY_INITIATOR;
    assert_int_equal(call(f, TG_CALL_DELETE, 'A', 5), 200);
    assert_memory_equal(&f->box, &want, sizeof(want));
}

/* spec-test: protocol/3#right-delete protocol/3#initiator-may-always-delete */
static void delete__without_right__recipient_refused_initiator_not(void **state)
{
    struct fixture *f = *state;

    f->box.rights = TG_RIGHT_READ | TG_RIGHT_WRITE;
    assert_int_equal(call(f, TG_CALL_DELETE, 'B', 5), 401);
    assert_unchanged(f);
    assert_int_equal(call(f, TG_CALL_DELETE, 'A', 5), 200);
}

/* spec-test: protocol/3#ended-told-to-bound-devices */
static void any_call__on_a_tombstone__only_the_two_devices_learn_why(void **state)
{
    static const enum tg_mailbox_call calls[] = { TG_CALL_READ, TG_CALL_UPDATE, TG_CALL_DELETE,
                                                  TG_CALL_RELINQUISH };
    struct fixture *f = *state;
    struct tg_mailbox_result stranger;

    assert_int_equal(call(f, TG_CALL_DELETE, 'B', 5), 200);
    for (size_t i = 0; i < TG_COUNT(calls); i++) {
        assert_int_equal(call(f, calls[i], 'A', 9), 404);
        assert_string_equal(f->result.problem, "ended-by-recipient");
        assert_unchanged(f);
        assert_int_equal(call(f, calls[i], 'B', 9), 404);
        assert_string_equal(f->result.problem, "ended-by-recipient");
        assert_int_equal(call(f, calls[i], 'C', 9), 404);
        assert_null(f->result.problem);
        stranger = f->result;
        f->exists = false;
        assert_int_equal(call(f, calls[i], 'C', 9), 404);
        assert_null(f->result.problem);
        assert_string_equal(f->result.fault.text, stranger.fault.text);
        f->exists = true;
    }
}

/* spec-test: protocol/3#expiration */
static void any_call__at_the_expiration__404(void **state)
{
    struct fixture *f = *state;

    f->now = tg_moment_sure(NOW_S + 3599);
    assert_int_equal(call(f, TG_CALL_READ, 'B', 0), 200);
    f->now = tg_moment_sure(NOW_S + 3600);
    for (int c = TG_CALL_PREVIEW; c <= TG_CALL_RELINQUISH; c++) {
        assert_int_equal(call(f, (enum tg_mailbox_call)c, 'A', 5), 404);
        assert_string_equal(f->result.problem, "expired");
        assert_true(f->result.was_once_valid);
        assert_unchanged(f);
    }
    assert_int_equal(call(f, TG_CALL_READ, 'C', 0), 404);
    assert_null(f->result.problem);
}

/* ---- preview -------------------------------------------------------------------------------- */

/* spec-test: protocol/4#preview-changes-nothing */
static void preview__by_any_caller__changes_nothing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_PREVIEW, 0, 0), 200);
    assert_unchanged(f);
    assert_int_equal(call(f, TG_CALL_PREVIEW, 'B', 3), 200);
    assert_unchanged(f);
    assert_false(f->box.recipient.is_bound);
}

/* ---- relinquish ----------------------------------------------------------------------------- */

/* spec-test: protocol/3#relinquish-unbinds */
static void relinquish__by_the_recipient__unbinds_it(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_UPDATE, 'B', 5), 200);
    assert_int_equal(call(f, TG_CALL_RELINQUISH, 'B', 6), 200);
    assert_int_equal(f->result.effects, TG_EFFECT_STORE | TG_EFFECT_NOTIFY);
    assert_false(f->box.recipient.is_bound);
    assert_false(f->box.recipient.token.is_present);
    assert_int_equal(f->box.recipient.done_count, 0);
    assert_int_equal(f->box.version, 2);
    assert_int_equal(call(f, TG_CALL_READ, 'C', 0), 200);
    assert_true(is_bound_to(&f->box.recipient, 'C'));
}

/* spec-test: protocol/3#relinquish-recipient-only */
static void relinquish__by_anyone_else__401_and_unchanged(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_RELINQUISH, 'A', 6), 401);
    assert_unchanged(f);
    assert_int_equal(call(f, TG_CALL_RELINQUISH, 'C', 6), 401);
    assert_unchanged(f);
}

/* spec-test: protocol/2#relinquish-retry */
static void relinquish__repeated__201_also_with_another_recipient_bound(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_RELINQUISH, 'B', 6), 200);
    assert_int_equal(call(f, TG_CALL_RELINQUISH, 'B', 6), 201);
    assert_unchanged(f);
    assert_int_equal(call(f, TG_CALL_READ, 'C', 0), 200);
    assert_int_equal(call(f, TG_CALL_RELINQUISH, 'B', 6), 201);
    assert_unchanged(f);
    assert_true(is_bound_to(&f->box.recipient, 'C'));
    assert_int_equal(call(f, TG_CALL_RELINQUISH, 'B', 7), 401);
    assert_int_equal(call(f, TG_CALL_RELINQUISH, 'D', 6), 401);
}

/* spec-test: protocol/2#late-duplicate-after-relinquish */
static void relinquish__same_claim_again__never_binds_and_overwrites_nothing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_UPDATE, 'B', 5), 200);
    assert_int_equal(call(f, TG_CALL_RELINQUISH, 'B', 6), 200);
    /* If a late duplicate of B's read bound B again, a late duplicate of its update would run. */
    assert_int_equal(call(f, TG_CALL_READ, 'B', 0), 401);
    assert_unchanged(f);
    assert_false(f->box.recipient.is_bound);
    assert_int_equal(call(f, TG_CALL_UPDATE, 'A', 7), 200);
    assert_int_equal(call(f, TG_CALL_UPDATE, 'B', 5), 401);
    assert_unchanged(f);
    assert_int_equal(f->box.version, 3);
    assert_int_equal(call(f, TG_CALL_READ, 'C', 0), 200);
    assert_int_equal(call(f, TG_CALL_READ, 'B', 0), 401);
    assert_unchanged(f);
}

static void relinquish__ninth__the_first_is_forgotten(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i <= TG_REQUESTS_KEPT; i++) {
        char who = (char)('a' + i);

        if (i > 0) {
            assert_int_equal(call(f, TG_CALL_READ, who, 0), 200);
        } else {
            who = 'B';
        }
        assert_int_equal(call(f, TG_CALL_RELINQUISH, who, 50), 200);
    }
    assert_int_equal(f->box.relinquished_count, TG_REQUESTS_KEPT);
    assert_int_equal(call(f, TG_CALL_RELINQUISH, 'b', 50), 201);
    assert_int_equal(call(f, TG_CALL_RELINQUISH, 'B', 50), 401);
}

/* ---- rights and order ----------------------------------------------------------------------- */

/* spec-test: protocol/3#right-read protocol/3#right-write */
static void rights__every_set__apply_to_both_devices(void **state)
{
    static const struct {
        enum tg_mailbox_call call;
        unsigned right;
        char who;
    } rows[] = {
        { TG_CALL_READ, TG_RIGHT_READ, 'A' },
        { TG_CALL_READ, TG_RIGHT_READ, 'B' },
        { TG_CALL_UPDATE, TG_RIGHT_WRITE, 'A' },
        { TG_CALL_UPDATE, TG_RIGHT_WRITE, 'B' },
        { TG_CALL_DELETE, 0, 'A' },
        { TG_CALL_DELETE, TG_RIGHT_DELETE, 'B' },
    };
    struct fixture *f = *state;
    struct tg_mailbox bound = f->box;

    for (unsigned rights = 0; rights < 8; rights++) {
        for (size_t i = 0; i < TG_COUNT(rows); i++) {
            bool may = (rights & rows[i].right) == rows[i].right;

            f->box = bound;
            f->box.rights = rights;
            assert_int_equal(call(f, rows[i].call, rows[i].who, 9), may ? 200 : 401);
            if (!may) {
                assert_unchanged(f);
            }
        }
    }
}

/* spec-test: protocol/4#order-of-checks */
static void update__several_faults__reported_in_the_order_of_checks(void **state)
{
    struct fixture *f = *state;

    f->box.rights = TG_RIGHT_READ;
    prepare(f, TG_CALL_UPDATE, 0, 5);
    f->cmd.fault_status = 415;
    f->cmd.has_if_match = true;
    f->cmd.if_match = 99;
    f->exists = false;
    assert_int_equal(run(f), 404);
    f->exists = true;
    assert_int_equal(run(f), 401);
    f->cmd.claim_presence = TG_PRESENT;
    f->cmd.claim = claim('C');
    assert_int_equal(run(f), 401);
    f->cmd.claim = claim('B');
    assert_int_equal(run(f), 415);
    f->cmd.fault_status = 0;
    assert_int_equal(run(f), 401);
    assert_non_null(strstr(f->result.fault.text, "write"));
    f->box.rights = TG_RIGHT_WRITE;
    assert_int_equal(run(f), 412);
    f->cmd.has_if_match = false;
    assert_int_equal(run(f), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOUND(update__by_either_device__increments_the_version_and_notifies),
        BOUND(update__by_a_stranger_or_nobody__401_and_unchanged),
        FRESH(update__by_an_unbound_claim__401_and_unchanged),
        BOUND(update__repeated__remembered_for_eight_requests),
        BOUND(update__request_id_of_the_create__not_a_duplicate),
        BOUND(update__if_match__412_unless_it_is_the_version),
        BOUND(delete__by_either__leaves_a_tombstone),
        BOUND(delete__without_right__recipient_refused_initiator_not),
        BOUND(any_call__on_a_tombstone__only_the_two_devices_learn_why),
        BOUND(any_call__at_the_expiration__404),
        FRESH(preview__by_any_caller__changes_nothing),
        BOUND(relinquish__by_the_recipient__unbinds_it),
        BOUND(relinquish__by_anyone_else__401_and_unchanged),
        BOUND(relinquish__repeated__201_also_with_another_recipient_bound),
        BOUND(relinquish__same_claim_again__never_binds_and_overwrites_nothing),
        BOUND(relinquish__ninth__the_first_is_forgotten),
        BOUND(rights__every_set__apply_to_both_devices),
        BOUND(update__several_faults__reported_in_the_order_of_checks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
