/* SPDX-License-Identifier: Apache-2.0 */
/* The mailbox rules one by one, without a store, a socket or a clock. */
#include "support/c/unit.h"

#include "mailbox/mailbox.h"

#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>

#define NOW_S 1893456000
#define DEFAULT_S 172800
#define MAX_S 2592000

struct fixture {
    struct tg_mailbox box;
    struct tg_mailbox before; /* for "nothing changed" */
    bool exists;
    struct tg_msg_create create;
    struct tg_msg_update update;
    struct tg_fault fault, claim_fault;
    struct tg_mailbox_command cmd;
    struct tg_mailbox_result result;
    struct tg_moment now;
};

static struct tg_claim_hash claim(char who)
{
    struct tg_claim_hash hash;

    memset(hash.bytes, who, sizeof(hash.bytes));
    return hash;
}

static struct tg_request_hash request(unsigned n)
{
    struct tg_request_hash hash = { { 0 } };

    hash.bytes[0] = (uint8_t)(n >> 8);
    hash.bytes[1] = (uint8_t)n;
    return hash;
}

/* A relay with a sender for "known" tokens. */
static enum tg_can_push can_push_known(const void *ctx, const struct tg_notification_token *token,
                                       int64_t now_s)
{
    (void)now_s;
    return ctx == NULL && tg_bytes_is_equal(token->type, TG_LIT("known")) ? TG_CAN_PUSH_YES
                                                                          : TG_CAN_PUSH_NO;
}

static struct tg_notification_token token(const char *type, const char *data)
{
    return (struct tg_notification_token){ .is_present = true,
                                           .type = tg_bytes_str(type),
                                           .token_data = tg_bytes_str(data) };
}

static bool is_token(const struct tg_notification_token *t, const char *data)
{
    return t->is_present && tg_bytes_is_equal(t->token_data, tg_bytes_str(data));
}

static void prepare(struct fixture *f, enum tg_mailbox_call call, char who, unsigned request_no)
{
    f->cmd = (struct tg_mailbox_command){ .call = call,
                                          .claim_presence = who == 0 ? TG_ABSENT : TG_PRESENT,
                                          .claim = claim(who),
                                          .claim_fault = &f->claim_fault,
                                          .has_request_id = request_no != 0,
                                          .request_id = request(request_no),
                                          .fault = &f->fault,
                                          .create = &f->create,
                                          .update = &f->update,
                                          .may_bind = true,
                                          .expiration_default_s = DEFAULT_S,
                                          .expiration_max_s = MAX_S };
}

static unsigned run(struct fixture *f)
{
    f->before = f->box;
    tg_mailbox_apply(&f->box, f->exists, &f->cmd, f->now, &f->result);
    if (f->result.effects & TG_EFFECT_STORE) {
        f->exists = true;
    }
    return f->result.status;
}

static unsigned call(struct fixture *f, enum tg_mailbox_call what, char who, unsigned request_no)
{
    prepare(f, what, who, request_no);
    return run(f);
}

static void assert_unchanged(const struct fixture *f)
{
    assert_int_equal(f->result.effects, TG_EFFECT_NONE);
    assert_memory_equal(&f->box, &f->before, sizeof(f->box));
}

static bool is_bound_to(const struct tg_mailbox_side *side, char who)
{
    struct tg_claim_hash hash = claim(who);

    return side->is_bound && memcmp(&side->claim, &hash, sizeof(hash)) == 0;
}

static struct fixture *fixture_new(unsigned rights)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->now = tg_moment_sure(NOW_S);
    f->create = (struct tg_msg_create){
        .payload = { TG_LIT("type"), TG_LIT("data") },
        .display = { TG_LIT("title"), TG_LIT("description"), TG_LIT("image") },
        .token = { .is_present = true, .type = TG_LIT("apns"), .token_data = TG_LIT("token a") },
        .has_rights = true,
        .rights = rights,
        .has_expiration = true,
        .expiration_s = NOW_S + 3600,
    };
    f->update = (struct tg_msg_update){ .payload = { TG_LIT("type 2"), TG_LIT("data 2") } };
    return f;
}

/* A live mailbox of initiator A, all rights. */
static int setup_fresh(void **state)
{
    struct fixture *f = fixture_new(TG_RIGHT_READ | TG_RIGHT_WRITE | TG_RIGHT_DELETE);

    assert_int_equal(call(f, TG_CALL_CREATE, 'A', 1), 200);
    *state = f;
    return 0;
}

/* ... and recipient B. */
static int setup_bound(void **state)
{
    (void)setup_fresh(state);
    assert_int_equal(call(*state, TG_CALL_READ, 'B', 0), 200);
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

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

static void update__repeated__repeats_the_push_answer_of_the_first(void **state)
{
    struct fixture *f = *state;

    prepare(f, TG_CALL_UPDATE, 'B', 5);
    f->update.token = (struct tg_notification_token){ .is_present = true,
                                                      .type = TG_LIT("known"),
                                                      .token_data = TG_LIT("data") };
    f->cmd.can_push = can_push_known;
    assert_int_equal(run(f), 200);
    assert_true(f->result.is_push_supported);
    assert_int_equal(call(f, TG_CALL_UPDATE, 'B', 5), 201);
    assert_true(f->result.is_push_supported);
}

/* ---- pushes --------------------------------------------------------------------------------- */

static unsigned push_call(struct fixture *f, enum tg_mailbox_call what, char who,
                          unsigned request_no, struct tg_notification_token left)
{
    prepare(f, what, who, request_no);
    f->cmd.can_push = can_push_known;
    f->cmd.token = left;
    f->update.token = left;
    f->create.token = left;
    return run(f);
}

static const struct tg_notification_token none;

static enum tg_can_push refused; /* the answer of can_push_refused */

static enum tg_can_push can_push_refused(const void *ctx, const struct tg_notification_token *token,
                                         int64_t now_s)
{
    (void)ctx;
    (void)token;
    assert_int_equal(now_s, NOW_S);
    return refused;
}

/* spec-test: protocol/4#push-refused-token */
static void refused_token__left_again__false_until_it_is_good_again(void **state)
{
    static const struct {
        enum tg_can_push answer;
        bool is_left;
        bool is_supported;
        unsigned effects; /* of the read */
    } rows[] = {
        { TG_CAN_PUSH_NO, true, false, TG_EFFECT_NONE },
        { TG_CAN_PUSH_NO, false, false, TG_EFFECT_NONE },
        { TG_CAN_PUSH_AGAIN, true, true, TG_EFFECT_STORE }, /* the store lets pushes resume */
        { TG_CAN_PUSH_AGAIN, false, false, TG_EFFECT_NONE },
        { TG_CAN_PUSH_YES, true, true, TG_EFFECT_NONE },
        { TG_CAN_PUSH_YES, false, true, TG_EFFECT_NONE },
    };
    struct tg_notification_token left = token("known", "token a");
    struct fixture *f = fixture_new(TG_RIGHT_READ | TG_RIGHT_WRITE | TG_RIGHT_DELETE);

    (void)state;
    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, left), 200);
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        refused = rows[i].answer;
        prepare(f, TG_CALL_READ, 'A', 0);
        f->cmd.can_push = can_push_refused;
        f->cmd.token = rows[i].is_left ? left : (struct tg_notification_token){ .type = { 0 } };
        assert_int_equal(run(f), 200);
        assert_int_equal(f->result.is_push_supported, rows[i].is_supported);
        assert_int_equal(f->result.effects, rows[i].effects);
        assert_int_equal(f->result.new_token.is_present, rows[i].effects == TG_EFFECT_STORE);
    }
    free(f);
}

/* A and B with a token each, or without. */
static struct fixture *pushed_new(struct tg_notification_token a, struct tg_notification_token b)
{
    struct fixture *f = fixture_new(TG_RIGHT_READ | TG_RIGHT_WRITE | TG_RIGHT_DELETE);

    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, a), 200);
    assert_false(f->result.notify_token.is_present);
    /* The bind is news for A, once. */
    assert_int_equal(push_call(f, TG_CALL_READ, 'B', 0, b), 200);
    assert_int_equal(f->result.notify_token.is_present, tg_bytes_is_equal(a.type, TG_LIT("known")));
    assert_int_equal(push_call(f, TG_CALL_READ, 'B', 0, b), 200);
    assert_false(f->result.notify_token.is_present);
    return f;
}

/* spec-test: protocol/4#other-side-pushed */
static void each_change__notifies_the_token_of_the_other_side(void **state)
{
    static const struct {
        enum tg_mailbox_call call;
        char who;
        const char *told;
    } cases[] = {
        { TG_CALL_UPDATE, 'A', "token b" },     { TG_CALL_UPDATE, 'B', "token a" },
        { TG_CALL_DELETE, 'A', "token b" },     { TG_CALL_DELETE, 'B', "token a" },
        { TG_CALL_RELINQUISH, 'B', "token a" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct fixture *f = pushed_new(token("known", "token a"), token("known", "token b"));

        assert_int_equal(push_call(f, cases[i].call, cases[i].who, 5, none), 200);
        assert_int_equal(f->result.effects, TG_EFFECT_STORE | TG_EFFECT_NOTIFY);
        assert_true(is_token(&f->result.notify_token, cases[i].told));
        assert_false(f->result.new_token.is_present);
        free(f);
    }
}

/* Whether pushes to it have resumed is known to the outbox only. */
static void token_good_again__is_notified(void **state)
{
    static const struct {
        enum tg_can_push answer;
        bool is_notified;
    } rows[] = { { TG_CAN_PUSH_NO, false },
                 { TG_CAN_PUSH_AGAIN, true },
                 { TG_CAN_PUSH_YES, true } };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct fixture *f = pushed_new(token("known", "token a"), token("known", "token b"));

        refused = rows[i].answer;
        prepare(f, TG_CALL_UPDATE, 'A', 5);
        f->cmd.can_push = can_push_refused;
        assert_int_equal(run(f), 200);
        assert_int_equal(f->result.notify_token.is_present, rows[i].is_notified);
        free(f);
    }
}

static void token_of_another_type_or_none__is_not_notified(void **state)
{
    static const enum tg_mailbox_call calls[] = { TG_CALL_UPDATE, TG_CALL_DELETE,
                                                  TG_CALL_RELINQUISH };

    (void)state;
    for (size_t i = 0; i < 2 * TG_COUNT(calls); i++) {
        struct fixture *f =
            pushed_new(i % 2 == 0 ? token("other", "token a") : none, token("known", "token b"));

        assert_int_equal(push_call(f, calls[i / 2], 'B', 5, none), 200);
        assert_false(f->result.notify_token.is_present);
        free(f);
    }
}

static void delete__no_recipient__notifies_no_device(void **state)
{
    struct fixture *f = fixture_new(TG_RIGHTS_DEFAULT);

    (void)state;
    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, token("known", "token a")), 200);
    assert_int_equal(push_call(f, TG_CALL_DELETE, 'A', 2, none), 200);
    assert_false(f->result.notify_token.is_present);
    free(f);
}

static void repeated_and_refused_calls__notify_no_device(void **state)
{
    struct fixture *f = pushed_new(token("known", "token a"), token("known", "token b"));

    (void)state;
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 5, none), 200);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 5, none), 201);
    assert_false(f->result.notify_token.is_present);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'C', 5, none), 401);
    assert_false(f->result.notify_token.is_present);
    assert_int_equal(push_call(f, TG_CALL_READ, 'A', 0, none), 200);
    assert_false(f->result.notify_token.is_present);
    assert_int_equal(push_call(f, TG_CALL_RELINQUISH, 'B', 6, none), 200);
    assert_int_equal(push_call(f, TG_CALL_RELINQUISH, 'B', 6, none), 201);
    assert_false(f->result.notify_token.is_present);
    assert_int_equal(push_call(f, TG_CALL_DELETE, 'A', 7, none), 200);
    assert_int_equal(push_call(f, TG_CALL_DELETE, 'A', 7, none), 404);
    assert_false(f->result.notify_token.is_present);
    free(f);
}

static void replaced_token__is_notified_afterwards(void **state)
{
    struct fixture *f = pushed_new(token("known", "token a"), token("known", "token b"));

    (void)state;
    assert_int_equal(push_call(f, TG_CALL_READ, 'B', 0, token("known", "token c")), 200);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'A', 5, none), 200);
    assert_true(is_token(&f->result.notify_token, "token c"));
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 5, token("other", "token d")), 200);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'A', 6, none), 200);
    assert_false(f->result.notify_token.is_present);
    free(f);
}

/* spec-test: protocol/4#token-good-again */
static void token_that_is_registered_again__is_reported_as_new(void **state)
{
    struct fixture *f = fixture_new(TG_RIGHT_READ | TG_RIGHT_WRITE);

    (void)state;
    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, token("known", "token a")), 200);
    assert_true(is_token(&f->result.new_token, "token a"));
    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, token("known", "token a")), 201);
    assert_false(f->result.new_token.is_present);
    assert_int_equal(push_call(f, TG_CALL_READ, 'B', 0, token("known", "token b")), 200);
    assert_true(is_token(&f->result.new_token, "token b"));
    assert_int_equal(push_call(f, TG_CALL_READ, 'B', 0, token("known", "token b")), 200);
    assert_false(f->result.new_token.is_present);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 5, token("known", "token c")), 200);
    assert_true(is_token(&f->result.new_token, "token c"));
    assert_true(is_token(&f->result.notify_token, "token a"));
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'A', 5, token("other", "token d")), 200);
    assert_false(f->result.new_token.is_present);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'A', 6, token("other", "token d")), 200);
    assert_false(f->result.new_token.is_present);
    free(f);
}

/* spec-test: protocol/4#push-supported, protocol/4#push-token-on-record */
static void push_supported__of_the_request_token_else_of_the_stored_one(void **state)
{
    struct fixture *f = pushed_new(token("known", "token a"), none);

    (void)state;
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 5, none), 200);
    assert_false(f->result.is_push_supported);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 6, token("other", "x")), 200);
    assert_false(f->result.is_push_supported);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 7, token("known", "token b")), 200);
    assert_true(f->result.is_push_supported);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 8, none), 200);
    assert_true(f->result.is_push_supported);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 9, token("other", "x")), 200);
    assert_false(f->result.is_push_supported);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 8, none), 201);
    assert_true(f->result.is_push_supported);
    assert_int_equal(push_call(f, TG_CALL_UPDATE, 'B', 6, token("known", "y")), 201);
    assert_false(f->result.is_push_supported);
    free(f);
}

static void push_supported__of_a_forgotten_create__is_repeated(void **state)
{
    struct fixture *f = fixture_new(TG_RIGHT_READ | TG_RIGHT_WRITE);

    (void)state;
    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, token("known", "token a")), 200);
    assert_true(f->result.is_push_supported);
    for (unsigned i = 0; i < TG_REQUESTS_KEPT; i++) {
        assert_int_equal(push_call(f, TG_CALL_UPDATE, 'A', 10 + i, token("other", "x")), 200);
    }
    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, token("known", "token a")), 201);
    assert_true(f->result.is_push_supported);
    assert_int_equal(push_call(f, TG_CALL_DELETE, 'A', 30, none), 200);
    assert_int_equal(push_call(f, TG_CALL_CREATE, 'A', 1, token("known", "token a")), 201);
    assert_true(f->result.is_push_supported);
    free(f);
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

/* ---- two times ------------------------------------------------------------------------------ */

static struct tg_moment between(int64_t low_s, int64_t high_s)
{
    return (struct tg_moment){ .low_s = NOW_S + low_s, .high_s = NOW_S + high_s, .retry_s = 40 };
}

/* spec-test: protocol/3#clock-disputed */
static void any_call__expired_by_one_time__503_and_unchanged(void **state)
{
    static const char callers[] = { 'A', 'B', 'C', 0 };
    struct fixture *f = *state;

    f->now = between(3560, 3600);
    for (size_t i = 0; i < TG_COUNT(callers); i++) {
        for (int c = TG_CALL_PREVIEW; c <= TG_CALL_RELINQUISH; c++) {
            assert_int_equal(call(f, (enum tg_mailbox_call)c, callers[i], 5), 503);
            assert_int_equal(f->result.outcome, TG_OUTCOME_REFUSED);
            assert_int_equal(f->result.retry_after_s, 40);
            assert_null(f->result.problem);
            assert_false(f->result.was_once_valid);
            assert_false(f->result.is_claim_challenge);
            assert_unchanged(f);
        }
    }
}

/* spec-test: protocol/3#clock-disputed protocol/3#expiration */
static void any_call__two_times__each_edge_of_the_dispute(void **state)
{
    static const struct {
        int64_t low_s, high_s;
        unsigned status;
        unsigned retry_s;
    } rows[] = { { 0, 3599, 200, 0 },      { 0, 3600, 503, 40 },     { 3599, 3600, 503, 1 },
                 { 3550, 90000, 503, 40 }, { 3561, 90000, 503, 39 }, { 3600, 90000, 404, 0 } };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        f->now = between(rows[i].low_s, rows[i].high_s);
        assert_int_equal(call(f, TG_CALL_READ, 'A', 0), rows[i].status);
        assert_int_equal(f->result.retry_after_s, rows[i].retry_s);
        assert_unchanged(f);
    }
}

/* A tombstone has ended by both times. */
static void any_call__tombstone_expired_by_one_time__its_end(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, TG_CALL_DELETE, 'A', 2), 200);
    f->now = between(0, 3600);
    assert_int_equal(call(f, TG_CALL_READ, 'A', 0), 404);
    assert_string_equal(f->result.problem, "ended-by-initiator");
    assert_int_equal(call(f, TG_CALL_READ, 'C', 0), 404);
    assert_null(f->result.problem);
    f->create.expiration_s = NOW_S + 90000;
    assert_int_equal(call(f, TG_CALL_CREATE, 'A', 1), 503);
    assert_unchanged(f);
}

/* spec-test: protocol/3#clock-disputed */
static void create__onto_a_record_expired_by_one_time__503(void **state)
{
    struct fixture *f = *state;

    f->now = between(3500, 3700);
    f->create.expiration_s = NOW_S + 90000;
    assert_int_equal(call(f, TG_CALL_CREATE, 'A', 1), 503);
    assert_unchanged(f);
    f->create.has_expiration = false;
    assert_int_equal(call(f, TG_CALL_CREATE, 'A', 1), 503);
    assert_unchanged(f);
}

/* spec-test: protocol/3#clock-disputed-create protocol/3#expiration-not-past */
static void create__expiration_valid_by_one_time__503(void **state)
{
    static const struct {
        int64_t expires_s;
        unsigned status;
    } rows[] = { { -100, 400 },        { -99, 503 },         { 500, 503 },
                 { 501, 200 },         { MAX_S - 100, 200 }, { MAX_S - 99, 503 },
                 { MAX_S + 500, 503 }, { MAX_S + 501, 400 } };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        f->exists = false;
        f->now = between(-100, 500);
        f->create.expiration_s = NOW_S + rows[i].expires_s;
        assert_int_equal(call(f, TG_CALL_CREATE, 'A', 2), rows[i].status);
        if (rows[i].status == 503) {
            assert_int_equal(f->result.retry_after_s, 40);
        }
    }
}

/* spec-test: protocol/3#clock-disputed-create protocol/3#expiration-default */
static void create__without_expiration_and_two_times__valid_by_both_or_503(void **state)
{
    static const struct {
        int64_t low_s, high_s;
        int64_t expires_s; /* 0: refused */
    } rows[] = { { 0, 0, DEFAULT_S },
                 { 0, 500, 500 + DEFAULT_S },
                 { 0, MAX_S - DEFAULT_S, MAX_S },
                 { 0, MAX_S - DEFAULT_S + 1, MAX_S },
                 { 0, MAX_S - 1, MAX_S },
                 { 0, MAX_S, 0 },
                 { 0, 40 * 86400, 0 } };
    struct fixture *f = *state;

    f->create.has_expiration = false;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        f->exists = false;
        f->now = between(rows[i].low_s, rows[i].high_s);
        assert_int_equal(call(f, TG_CALL_CREATE, 'A', 2), rows[i].expires_s != 0 ? 200 : 503);
        if (rows[i].expires_s != 0) {
            assert_int_equal(f->box.expires_s, NOW_S + rows[i].expires_s);
        }
    }
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
#define FRESH(t) cmocka_unit_test_setup_teardown(t, setup_fresh, teardown)
#define BOUND(t) cmocka_unit_test_setup_teardown(t, setup_bound, teardown)
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
        BOUND(update__by_either_device__increments_the_version_and_notifies),
        BOUND(update__by_a_stranger_or_nobody__401_and_unchanged),
        FRESH(update__by_an_unbound_claim__401_and_unchanged),
        BOUND(update__repeated__remembered_for_eight_requests),
        BOUND(update__request_id_of_the_create__not_a_duplicate),
        BOUND(update__repeated__repeats_the_push_answer_of_the_first),
        cmocka_unit_test(refused_token__left_again__false_until_it_is_good_again),
        cmocka_unit_test(each_change__notifies_the_token_of_the_other_side),
        cmocka_unit_test(token_good_again__is_notified),
        cmocka_unit_test(token_of_another_type_or_none__is_not_notified),
        cmocka_unit_test(delete__no_recipient__notifies_no_device),
        cmocka_unit_test(repeated_and_refused_calls__notify_no_device),
        cmocka_unit_test(replaced_token__is_notified_afterwards),
        cmocka_unit_test(token_that_is_registered_again__is_reported_as_new),
        cmocka_unit_test(push_supported__of_the_request_token_else_of_the_stored_one),
        cmocka_unit_test(push_supported__of_a_forgotten_create__is_repeated),
        BOUND(update__if_match__412_unless_it_is_the_version),
        BOUND(delete__by_either__leaves_a_tombstone),
        BOUND(delete__without_right__recipient_refused_initiator_not),
        BOUND(any_call__on_a_tombstone__only_the_two_devices_learn_why),
        BOUND(any_call__at_the_expiration__404),
        BOUND(any_call__expired_by_one_time__503_and_unchanged),
        BOUND(any_call__two_times__each_edge_of_the_dispute),
        BOUND(any_call__tombstone_expired_by_one_time__its_end),
        FRESH(create__onto_a_record_expired_by_one_time__503),
        FRESH(create__expiration_valid_by_one_time__503),
        FRESH(create__without_expiration_and_two_times__valid_by_both_or_503),
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
