/* SPDX-License-Identifier: Apache-2.0 */
/* How a mailbox ends: the end note, and who learns what of an end. A is the initiator, B the
   recipient, C a stranger. */
#include "support/c/unit.h"

#include "mailbox/mailbox.h"

#include <string.h>

#define NOW_S 1893456000

struct fixture {
    struct tg_mailbox box;
    struct tg_mailbox before;
    bool exists;
    struct tg_msg_create create;
    struct tg_msg_update update;
    struct tg_fault claim_fault;
    struct tg_mailbox_command cmd;
    struct tg_mailbox_result result;
    struct tg_moment now;
};

static void prepare(struct fixture *f, enum tg_mailbox_call call, char who, const char *note)
{
    f->cmd = (struct tg_mailbox_command){ .call = call,
                                          .claim_presence = who == 0 ? TG_ABSENT : TG_PRESENT,
                                          .claim_fault = &f->claim_fault,
                                          .has_request_id = true,
                                          .request_id = { { (uint8_t)who } },
                                          .create = &f->create,
                                          .update = &f->update,
                                          .may_bind = true,
                                          .end_note = tg_bytes_str(note),
                                          .expiration_default_s = 172800,
                                          .expiration_max_s = 2592000 };
    memset(f->cmd.claim.bytes, who, sizeof(f->cmd.claim.bytes));
}

static unsigned run(struct fixture *f)
{
    f->before = f->box;
    tg_mailbox_apply(&f->box, f->exists, &f->cmd, f->now, &f->result);
    f->exists = f->exists || (f->result.effects & TG_EFFECT_STORE) != 0;
    return f->result.status;
}

static unsigned call(struct fixture *f, enum tg_mailbox_call what, char who)
{
    prepare(f, what, who, "");
    return run(f);
}

static unsigned end_by(struct fixture *f, char who, const char *note)
{
    prepare(f, TG_CALL_DELETE, who, note);
    return run(f);
}

static void assert_unchanged(const struct fixture *f)
{
    assert_int_equal(f->result.effects, TG_EFFECT_NONE);
    assert_memory_equal(&f->box, &f->before, sizeof(f->box));
}

static void assert_gone(const struct fixture *f, const char *problem, enum tg_recipient recipient,
                        const char *note)
{
    assert_int_equal(f->result.status, 404);
    assert_string_equal(f->result.problem, problem);
    assert_int_equal(f->result.recipient, recipient);
    assert_view(f->result.end_note, note);
    assert_unchanged(f);
}

/* An open mailbox of A with all rights. */
static struct fixture open_box(void)
{
    struct fixture f = { .now = tg_moment_sure(NOW_S) };

    f.create = (struct tg_msg_create){ .payload = { TG_LIT("t"), TG_LIT("d") },
                                       .has_rights = true,
                                       .rights = TG_RIGHT_READ | TG_RIGHT_WRITE | TG_RIGHT_DELETE,
                                       .has_expiration = true,
                                       .expiration_s = NOW_S + 3600 };
    f.update.payload = f.create.payload;
    assert_int_equal(call(&f, TG_CALL_CREATE, 'A'), 200);
    return f;
}

static struct fixture bound_box(void)
{
    struct fixture f = open_box();

    assert_int_equal(call(&f, TG_CALL_READ, 'B'), 200);
    return f;
}

static const enum tg_mailbox_call device_calls[] = { TG_CALL_READ, TG_CALL_UPDATE, TG_CALL_DELETE,
                                                     TG_CALL_RELINQUISH };

/* spec-test: protocol/3#end-note protocol/3#end-note-for-the-other-device */
static void note__of_either_device__only_the_other_one_gets_it(void **state)
{
    static const struct {
        char by, other;
        const char *problem;
    } rows[] = { { 'A', 'B', "ended-by-initiator" }, { 'B', 'A', "ended-by-recipient" } };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct fixture f = bound_box();

        assert_int_equal(end_by(&f, rows[i].by, "a note"), 200);
        assert_int_equal(f.result.recipient, TG_RECIPIENT_BOUND);
        for (size_t c = 0; c < TG_COUNT(device_calls); c++) {
            (void)call(&f, device_calls[c], rows[i].other);
            assert_gone(&f, rows[i].problem, TG_RECIPIENT_BOUND, "a note");
            (void)call(&f, device_calls[c], rows[i].by);
            assert_gone(&f, rows[i].problem, TG_RECIPIENT_BOUND, "");
        }
    }
}

/* The text, the type and every other field: no stranger can tell that there was a mailbox.
   spec-test: protocol/3#ended-told-to-bound-devices */
static void stranger__of_an_end_with_a_note__gets_what_an_unknown_identifier_gets(void **state)
{
    struct fixture f = bound_box();
    struct fixture none = { .now = tg_moment_sure(NOW_S) };

    (void)state;
    assert_int_equal(end_by(&f, 'B', "a note"), 200);
    for (size_t c = 0; c < TG_COUNT(device_calls); c++) {
        static const char who[] = { 'C', 0 };

        for (size_t i = 0; i < TG_COUNT(who); i++) {
            prepare(&f, device_calls[c], who[i], "a note");
            (void)run(&f);
            prepare(&none, device_calls[c], who[i], "a note");
            (void)run(&none);
            assert_true(f.result.was_once_valid); /* for the metrics only */
            f.result.was_once_valid = none.result.was_once_valid;
            f.result.ended = none.result.ended;
            assert_memory_equal(&f.result, &none.result, sizeof(f.result));
            assert_unchanged(&f);
        }
    }
}

static void preview__of_an_end__its_type_and_no_more(void **state)
{
    static const char who[] = { 'A', 'B', 'C', 0 };
    struct fixture f = bound_box();

    (void)state;
    assert_int_equal(end_by(&f, 'B', "a note"), 200);
    for (size_t i = 0; i < TG_COUNT(who); i++) {
        (void)call(&f, TG_CALL_PREVIEW, who[i]);
        assert_gone(&f, "ended-by-recipient", TG_RECIPIENT_UNKNOWN, "");
    }
}

/* A repetition has the same note; a delete that has another one changes nothing.
   spec-test: protocol/3#end-note-repeated */
static void delete__repeated__201_with_the_same_note_only(void **state)
{
    static const char *const others[] = { "", "a not", "a notes", "a nota" };
    struct fixture f = bound_box();

    (void)state;
    assert_int_equal(end_by(&f, 'B', "a note"), 200);
    for (size_t i = 0; i < TG_COUNT(others); i++) {
        (void)end_by(&f, 'B', others[i]);
        assert_gone(&f, "ended-by-recipient", TG_RECIPIENT_BOUND, "");
    }
    assert_int_equal(end_by(&f, 'B', "a note"), 201);
    assert_int_equal(f.result.outcome, TG_OUTCOME_DUPLICATE);
    assert_int_equal(f.result.recipient, TG_RECIPIENT_BOUND);
    assert_view(f.result.end_note, "");
    assert_unchanged(&f);
    /* Of another request id, too; but not malformed, and not another call. */
    f.cmd.request_id.bytes[0] ^= 1;
    assert_int_equal(run(&f), 201);
    f.cmd.fault_status = 400;
    assert_int_equal(run(&f), 404);
    f.cmd.fault_status = 0;
    f.cmd.call = TG_CALL_READ;
    assert_int_equal(run(&f), 404);
    /* The other device with the same bytes has not ended it, and gets them. */
    (void)end_by(&f, 'A', "a note");
    assert_gone(&f, "ended-by-recipient", TG_RECIPIENT_BOUND, "a note");
    f.now = tg_moment_sure(NOW_S + 3600);
    (void)end_by(&f, 'B', "a note");
    assert_gone(&f, "expired", TG_RECIPIENT_BOUND, "");
}

static void delete__without_a_note__no_repetition_is_recognised_and_none_is_added(void **state)
{
    struct fixture f = bound_box();

    (void)state;
    assert_int_equal(end_by(&f, 'A', ""), 200);
    (void)end_by(&f, 'A', "");
    assert_gone(&f, "ended-by-initiator", TG_RECIPIENT_BOUND, "");
    (void)end_by(&f, 'A', "late");
    assert_gone(&f, "ended-by-initiator", TG_RECIPIENT_BOUND, "");
    (void)end_by(&f, 'B', "late");
    assert_gone(&f, "ended-by-initiator", TG_RECIPIENT_BOUND, "");
}

/* A finish and a cancel at once: one is done, and the other device learns which.
   spec-test: protocol/3#end-note */
static void delete__by_both__the_first_is_done_and_the_second_reads_it(void **state)
{
    struct fixture f = bound_box();

    (void)state;
    assert_int_equal(end_by(&f, 'B', "finish"), 200);
    (void)end_by(&f, 'A', "cancel");
    assert_gone(&f, "ended-by-recipient", TG_RECIPIENT_BOUND, "finish");
    (void)call(&f, TG_CALL_READ, 'B');
    assert_gone(&f, "ended-by-recipient", TG_RECIPIENT_BOUND, "");
}

static void delete__refused__leaves_no_note(void **state)
{
    struct fixture f = bound_box();

    (void)state;
    f.box.rights = TG_RIGHT_READ;
    assert_int_equal(end_by(&f, 'B', "note"), 401);
    assert_unchanged(&f);
    assert_int_equal(end_by(&f, 'C', "note"), 401);
    assert_unchanged(&f);
    assert_int_equal(end_by(&f, 0, "note"), 401);
    assert_unchanged(&f);
    prepare(&f, TG_CALL_DELETE, 'A', "note");
    f.cmd.fault_status = 400;
    assert_int_equal(run(&f), 400);
    assert_unchanged(&f);
    assert_int_equal(call(&f, TG_CALL_READ, 'A'), 200);
}

/* Nobody can read it, and its repetition is known all the same.
   spec-test: protocol/3#end-note-repeated */
static void delete__before_anyone_read__note_is_kept_for_the_repetition(void **state)
{
    struct fixture f = open_box();

    (void)state;
    assert_int_equal(end_by(&f, 'A', "note"), 200);
    assert_int_equal(f.result.recipient, TG_RECIPIENT_NONE);
    assert_int_equal(end_by(&f, 'A', "note"), 201);
    assert_int_equal(f.result.recipient, TG_RECIPIENT_NONE);
    (void)call(&f, TG_CALL_READ, 'A');
    assert_gone(&f, "ended-by-initiator", TG_RECIPIENT_NONE, "");
    assert_int_equal(call(&f, TG_CALL_READ, 'B'), 404);
    assert_null(f.result.problem);
    assert_int_equal(f.result.recipient, TG_RECIPIENT_UNKNOWN);
    assert_int_equal(f.result.end_note.len, 0);
}

/* Who relinquished has read the message: the mailbox was opened. It is no device any more.
   spec-test: protocol/3#end-says-whether-opened protocol/4#delete-says-whether-opened */
static void delete__after_a_relinquish__it_had_been_opened(void **state)
{
    struct fixture f = bound_box();

    (void)state;
    assert_int_equal(call(&f, TG_CALL_RELINQUISH, 'B'), 200);
    assert_int_equal(end_by(&f, 'A', "note"), 200);
    assert_int_equal(f.result.recipient, TG_RECIPIENT_BOUND);
    (void)call(&f, TG_CALL_READ, 'A');
    assert_gone(&f, "ended-by-initiator", TG_RECIPIENT_BOUND, "");
    assert_int_equal(call(&f, TG_CALL_READ, 'B'), 404);
    assert_null(f.result.problem);
    assert_int_equal(f.result.recipient, TG_RECIPIENT_UNKNOWN);
    assert_int_equal(f.result.end_note.len, 0);
}

/* spec-test: protocol/3#end-says-whether-opened */
static void expired__tells_its_devices_whether_it_was_opened(void **state)
{
    (void)state;
    for (unsigned is_bound = 0; is_bound < 2; is_bound++) {
        struct fixture f = is_bound == 1 ? bound_box() : open_box();

        f.now = tg_moment_sure(NOW_S + 3600);
        (void)call(&f, TG_CALL_READ, 'A');
        assert_gone(&f, "expired", is_bound == 1 ? TG_RECIPIENT_BOUND : TG_RECIPIENT_NONE, "");
        assert_int_equal(call(&f, TG_CALL_READ, 'C'), 404);
        assert_int_equal(f.result.recipient, TG_RECIPIENT_UNKNOWN);
    }
}

/* spec-test: protocol/2#recipient-told-to-initiator protocol/4#preview-says-claimed */
static void read__initiator_and_preview_learn_whether_a_recipient_is_bound(void **state)
{
    struct fixture f = open_box();

    (void)state;
    assert_int_equal(call(&f, TG_CALL_READ, 'A'), 200);
    assert_int_equal(f.result.recipient, TG_RECIPIENT_NONE);
    assert_int_equal(call(&f, TG_CALL_PREVIEW, 0), 200);
    assert_int_equal(f.result.recipient, TG_RECIPIENT_NONE);
    assert_int_equal(call(&f, TG_CALL_READ, 'B'), 200);
    assert_int_equal(f.result.recipient, TG_RECIPIENT_UNKNOWN); /* itself */
    assert_int_equal(call(&f, TG_CALL_READ, 'A'), 200);
    assert_int_equal(f.result.recipient, TG_RECIPIENT_BOUND);
    assert_int_equal(call(&f, TG_CALL_PREVIEW, 0), 200);
    assert_int_equal(f.result.recipient, TG_RECIPIENT_BOUND);
    assert_int_equal(call(&f, TG_CALL_RELINQUISH, 'B'), 200);
    assert_int_equal(call(&f, TG_CALL_READ, 'A'), 200);
    assert_int_equal(f.result.recipient, TG_RECIPIENT_NONE);
    assert_int_equal(call(&f, TG_CALL_UPDATE, 'A'), 200);
    assert_int_equal(f.result.recipient, TG_RECIPIENT_UNKNOWN);
}

/* spec-test: protocol/2#known-recipient */
static void long_poll__known_recipient__waits_only_while_it_is_right(void **state)
{
    static const struct {
        char who;
        bool is_bound;
        uint64_t version;
        enum tg_recipient known;
        enum tg_mailbox_outcome outcome;
        unsigned status;
    } rows[] = {
        { 'A', false, 1, TG_RECIPIENT_NONE, TG_OUTCOME_WAIT, 204 },
        { 'A', false, 1, TG_RECIPIENT_BOUND, TG_OUTCOME_NO_NEWER, 204 },
        { 'A', false, 1, TG_RECIPIENT_UNKNOWN, TG_OUTCOME_WAIT, 204 },
        { 'A', true, 1, TG_RECIPIENT_NONE, TG_OUTCOME_NO_NEWER, 204 },
        { 'A', true, 1, TG_RECIPIENT_BOUND, TG_OUTCOME_WAIT, 204 },
        { 'A', true, 0, TG_RECIPIENT_NONE, TG_OUTCOME_DONE, 200 },
        /* The recipient's own is ignored. */
        { 'B', true, 1, TG_RECIPIENT_NONE, TG_OUTCOME_WAIT, 204 },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct fixture f = rows[i].is_bound ? bound_box() : open_box();

        prepare(&f, TG_CALL_READ, rows[i].who, "");
        f.cmd.has_known_version = true;
        f.cmd.known_version = rows[i].version;
        f.cmd.known_recipient = rows[i].known;
        assert_int_equal(run(&f), rows[i].status);
        assert_int_equal(f.result.outcome, rows[i].outcome);
        assert_int_equal(f.result.version, 1);
        assert_unchanged(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(note__of_either_device__only_the_other_one_gets_it),
        cmocka_unit_test(stranger__of_an_end_with_a_note__gets_what_an_unknown_identifier_gets),
        cmocka_unit_test(preview__of_an_end__its_type_and_no_more),
        cmocka_unit_test(delete__repeated__201_with_the_same_note_only),
        cmocka_unit_test(delete__without_a_note__no_repetition_is_recognised_and_none_is_added),
        cmocka_unit_test(delete__by_both__the_first_is_done_and_the_second_reads_it),
        cmocka_unit_test(delete__refused__leaves_no_note),
        cmocka_unit_test(delete__before_anyone_read__note_is_kept_for_the_repetition),
        cmocka_unit_test(delete__after_a_relinquish__it_had_been_opened),
        cmocka_unit_test(expired__tells_its_devices_whether_it_was_opened),
        cmocka_unit_test(read__initiator_and_preview_learn_whether_a_recipient_is_bound),
        cmocka_unit_test(long_poll__known_recipient__waits_only_while_it_is_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
