/* SPDX-License-Identifier: Apache-2.0 */
/* What the scenario scripts cannot test: the sealed bytes, cancelling, many first reads at once. */
#include "support/c/unit.h"

#include "world.h"

#include "base/mem.h"
#include "base/mem_owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAIM_A "c1a1c1a1-0000-4000-8000-00000000000a"
#define CLAIM_B "c1a1c1a1-0000-4000-8000-00000000000b"
#define ID_MAX 128u

struct fixture {
    struct world world;
    char target[ID_MAX];
};

static struct tg_http_header header(const char *name, const char *value)
{
    return (struct tg_http_header){ tg_bytes_str(name), tg_bytes_str(value) };
}

static struct world_slot *request(struct fixture *f, const char *method, const char *target,
                                  const char *claim, const char *request_id, const char *body)
{
    struct tg_http_header headers[] = { header("Mailbox-Device-Claim", claim),
                                        header("Mailbox-Request-ID", request_id),
                                        header("Content-Type", "application/json") };

    return world_request(&f->world, &(struct tg_http_request){ .method = tg_bytes_str(method),
                                                               .target = tg_bytes_str(target),
                                                               .headers = headers,
                                                               .header_count = TG_COUNT(headers),
                                                               .body = tg_bytes_str(body) });
}

#define CREATE                                                                                     \
    "{\"payload\":{\"type\":\"planted-type\",\"data\":\"planted-data\"},\"displayInformation\":"   \
    "{\"title\":\"planted-title\",\"description\":\"planted-description\",\"imageURL\":"           \
    "\"planted-image\"},\"notificationToken\":{\"type\":\"planted-token-type\",\"tokenData\":"     \
    "\"planted-token-data\"},\"mailboxConfiguration\":{\"accessRights\":\"RWD\",\"expiration\":"   \
    "\"2030-01-02T00:00:00Z\"}}"
#define UPDATE "{\"payload\":{\"type\":\"planted-type-2\",\"data\":\"planted-data-2\"}}"

static void create(struct fixture *f)
{
    struct world_slot *slot = request(f, "POST", "/v1/m", CLAIM_A, "planted-request", CREATE);
    const char *url = strstr(tg_buf_cstr(&slot->body), "/v1/m/");

    assert_int_equal(slot->status, 200);
    assert_non_null(url);
    memcpy(f->target, url, 6 + TG_UUID_TEXT_LEN);
    world_release(slot);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    world_init(&f->world);
    create(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    world_deinit(&f->world);
    free(f);
    return 0;
}

static bool holds(struct tg_bytes hay, struct tg_bytes needle)
{
    return hay.len >= needle.len && memmem(hay.ptr, hay.len, needle.ptr, needle.len) != NULL;
}

static void assert_blind(struct fixture *f)
{
    static const char *const planted[] = { "planted", "apns", CLAIM_A, CLAIM_B };
    struct tg_bytes sealed = fake_store_last_sealed(f->world.store);
    struct tg_uuid raw;

    assert_true(sealed.len > 32);
    for (size_t i = 0; i < TG_COUNT(planted); i++) {
        assert_false(holds(sealed, tg_bytes_str(planted[i])));
    }
    assert_false(holds(sealed, tg_bytes_str(f->target + 6)));
    assert_int_equal(tg_uuid_parse(&raw, tg_bytes_str(f->target + 6)), TG_OK);
    assert_false(holds(sealed, TG_ARRAY_BYTES(raw.bytes)));
    assert_int_equal(tg_uuid_parse(&raw, TG_LIT(CLAIM_A)), TG_OK);
    assert_false(holds(sealed, TG_ARRAY_BYTES(raw.bytes)));
}

static void store__each_write__contains_nothing_of_the_request(void **state)
{
    struct fixture *f = *state;

    assert_blind(f);
    world_release(request(f, "POST", f->target, CLAIM_B, "planted-r", ""));
    assert_blind(f);
    world_release(request(f, "PUT", f->target, CLAIM_B, "planted-u", UPDATE));
    assert_blind(f);
    world_release(request(f, "DELETE", f->target, CLAIM_B, "planted-d", ""));
    assert_blind(f);
    assert_int_equal(fake_store_write_count(f->world.store), 4);
}

/* spec-test: protocol/3#first-read-binds */
static void read__twenty_claims_at_once__exactly_one_gets_the_content(void **state)
{
    struct fixture *f = *state;
    struct world_slot *slots[20];
    unsigned winners = 0, losers = 0;

    fake_store_hold(f->world.store, true);
    for (size_t i = 0; i < TG_COUNT(slots); i++) {
        char claim[TG_UUID_TEXT_LEN + 1];

        (void)snprintf(claim, sizeof(claim), "c1a1c1a1-0000-4000-8000-0000000001%02zx", i);
        slots[i] = request(f, "POST", f->target, claim, "r", "");
        assert_int_equal(slots[i]->answer_count, 0);
    }
    assert_int_equal(tg_relay_in_flight(f->world.relay), TG_COUNT(slots));
    fake_store_hold(f->world.store, false);
    fake_store_pump(f->world.store);
    for (size_t i = 0; i < TG_COUNT(slots); i++) {
        assert_int_equal(slots[i]->answer_count, 1);
        winners += slots[i]->status == 200 ? 1 : 0;
        losers += slots[i]->status == 401 ? 1 : 0;
        assert_int_equal(strstr(tg_buf_cstr(&slots[i]->body), "planted-data") != NULL,
                         slots[i]->status == 200);
        world_release(slots[i]);
    }
    assert_int_equal(winners, 1);
    assert_int_equal(losers, TG_COUNT(slots) - 1);
    assert_int_equal(tg_relay_in_flight(f->world.relay), 0);
}

static void cancel__change_in_the_store__made_notified_and_not_answered(void **state)
{
    struct fixture *f = *state;
    struct world_slot *slot = NULL;
    struct tg_mem_owner *owner = tg_mem_owner_new();
    struct tg_mem_owner *before = tg_mem_enter(owner);
    size_t held = 0;

    fake_store_hold(f->world.store, true);
    slot = request(f, "PUT", f->target, CLAIM_A, "u1", UPDATE);
    (void)tg_mem_enter(before);
    assert_int_equal(slot->answer_count, 0);
    held = tg_mem_owner_held(owner);
    world_release(slot);
    /* The change alone is left. */
    assert_in_range(tg_mem_owner_held(owner), 1, held - 1);
    assert_int_equal(tg_relay_in_flight(f->world.relay), 1);
    fake_store_hold(f->world.store, false);
    fake_store_pump(f->world.store);
    assert_int_equal(tg_relay_in_flight(f->world.relay), 0);
    assert_int_equal(f->world.notified_count, 1);
    assert_true(tg_mem_owner_free(&owner));
    slot = request(f, "PUT", f->target, CLAIM_A, "u1", UPDATE);
    assert_int_equal(slot->status, 201);
    world_release(slot);
}

static void cancel__during_a_read__nothing_follows_and_nothing_is_left(void **state)
{
    static const char *const methods[] = { "GET", "PUT" }; /* a look, and one before a change */
    struct fixture *f = *state;
    size_t writes = fake_store_write_count(f->world.store);

    for (size_t i = 0; i < TG_COUNT(methods); i++) {
        struct tg_mem_owner *owner = tg_mem_owner_new();
        struct tg_mem_owner *before = tg_mem_enter(owner);
        struct world_slot *slot = NULL;

        fake_store_slow_reads(f->world.store, true);
        f->world.is_manual = true;
        slot = request(f, methods[i], f->target, CLAIM_A, "u1", i == 0 ? "" : UPDATE);
        (void)tg_mem_enter(before);
        assert_int_equal(slot->answer_count, 0);
        world_release(slot);
        assert_int_equal(tg_relay_in_flight(f->world.relay), 1); /* the port is needed */
        fake_store_pump(f->world.store);
        assert_int_equal(tg_relay_in_flight(f->world.relay), 0);
        assert_int_equal(slot->answer_count, 0);
        assert_true(tg_mem_owner_free(&owner));
    }
    assert_int_equal(fake_store_write_count(f->world.store), writes);
}

struct canceller {
    struct world_slot *slot;
    unsigned count;
};

static void cancel_told(void *ctx, const struct tg_store_key *key)
{
    struct canceller *c = ctx;

    (void)key;
    c->count++;
    tg_exchange_cancel(c->slot->exchange);
    c->slot->exchange = NULL;
}

static void ignore_hook(void *ctx)
{
    (void)ctx;
}

/* As when the answer to another long poll of its connection cannot be sent. */
static void cancel__by_who_is_told_of_its_change__made_and_not_answered(void **state)
{
    struct fixture *f = *state;
    struct canceller c = { .count = 0 };

    fake_store_hold(f->world.store, true);
    c.slot = request(f, "PUT", f->target, CLAIM_A, "u1", UPDATE);
    f->world.hooks =
        (struct tg_relay_hooks){ .changed = cancel_told, .push_queued = ignore_hook, .ctx = &c };
    fake_store_hold(f->world.store, false);
    fake_store_pump(f->world.store);
    assert_int_equal(c.count, 1);
    assert_int_equal(c.slot->answer_count, 0);
    assert_int_equal(tg_relay_in_flight(f->world.relay), 0);
    assert_int_equal(fake_store_write_count(f->world.store), 2);
    world_release(c.slot);
}

static struct world_slot *poll(struct fixture *f)
{
    struct tg_http_header headers[] = { header("Mailbox-Device-Claim", CLAIM_A),
                                        header("Prefer", "wait=30"),
                                        header("Mailbox-Known-Version", "1") };

    return world_request(&f->world, &(struct tg_http_request){ .method = TG_LIT("POST"),
                                                               .target = tg_bytes_str(f->target),
                                                               .headers = headers,
                                                               .header_count = TG_COUNT(headers) });
}

static void update_now(void *ctx)
{
    struct fixture *f = ctx;

    world_release(request(f, "PUT", f->target, CLAIM_A, "u1", UPDATE));
}

/* The update comes after the first read and before the wait is registered.
   spec-test: protocol/2#long-poll */
static void poll__changed_while_it_registers__answered(void **state)
{
    struct fixture *f = *state;
    struct world_slot *slot = NULL;

    f->world.is_deaf = true;
    f->world.in_wait = update_now;
    f->world.in_wait_ctx = f;
    slot = poll(f);
    assert_int_equal(slot->answer_count, 1);
    assert_int_equal(slot->status, 200);
    assert_non_null(strstr(tg_buf_cstr(&slot->body), "planted-data-2"));
    world_release(slot);
}

static void make_reads_slow(void *ctx)
{
    struct fixture *f = ctx;

    fake_store_slow_reads(f->world.store, true);
}

/* The read in progress saw the old version; the read after it must answer. */
static void poll__woken_during_a_read__reads_again(void **state)
{
    struct fixture *f = *state;
    struct world_slot *slot = NULL, *update = NULL;

    fake_store_hold(f->world.store, true);
    f->world.is_manual = true;
    update = request(f, "PUT", f->target, CLAIM_A, "u1", UPDATE);
    f->world.in_wait = make_reads_slow;
    f->world.in_wait_ctx = f;
    slot = poll(f);
    assert_true(slot->is_waiting);
    /* The held change is made and notified now, before the old read completes. */
    fake_store_hold(f->world.store, false);
    fake_store_step(f->world.store);
    assert_int_equal(update->status, 200);
    assert_int_equal(f->world.notified_count, 1);
    assert_int_equal(slot->answer_count, 0);
    fake_store_pump(f->world.store);
    assert_int_equal(slot->answer_count, 1);
    assert_int_equal(slot->status, 200);
    assert_non_null(strstr(tg_buf_cstr(&slot->body), "planted-data-2"));
    world_release(update);
    world_release(slot);
}

#define POLL_BYTES_MAX 1024u /* of the relay core */

static void poll__while_it_waits__keeps_the_command_alone(void **state)
{
    struct fixture *f = *state;
    struct tg_mem_owner *owner = tg_mem_owner_new();
    struct tg_mem_owner *before = tg_mem_enter(owner);
    struct world_slot *slot = poll(f);

    (void)tg_mem_enter(before);
    assert_true(slot->is_waiting);
    assert_in_range(tg_mem_owner_held(owner), 1, POLL_BYTES_MAX);
    f->world.is_deaf = true;
    world_release(request(f, "POST", f->target, CLAIM_B, "planted-r", ""));
    f->world.is_deaf = false;
    tg_exchange_resume(slot->exchange, f->world.now, TG_RESUME_DRAIN);
    assert_int_equal(slot->status, 204);
    world_release(slot);
    assert_true(tg_mem_owner_free(&owner));
}

/* A poll that is woken without news for it waits on with as little. */
static void poll__woken_without_news__keeps_the_command_alone(void **state)
{
    struct fixture *f = *state;
    struct tg_mem_owner *owner = tg_mem_owner_new();
    struct tg_mem_owner *before = tg_mem_enter(owner);
    struct world_slot *slot = poll(f);
    size_t held = tg_mem_owner_held(owner);

    (void)tg_mem_enter(before);
    tg_exchange_resume(slot->exchange, f->world.now, TG_RESUME_CHANGED);
    assert_true(slot->is_waiting);
    assert_int_equal(tg_mem_owner_held(owner), held);
    world_release(slot);
    assert_true(tg_mem_owner_free(&owner));
}

static void cancel__while_it_waits__no_callback_follows(void **state)
{
    struct fixture *f = *state;
    struct world_slot *slot = poll(f);

    assert_true(slot->is_waiting);
    world_release(slot);
    slot = request(f, "PUT", f->target, CLAIM_A, "u1", UPDATE);
    assert_int_equal(slot->status, 200);
    world_release(slot);
}

/* spec-test: protocol/1#retry-after */
static void refuse__by_the_transport__common_headers_and_problem(void **state)
{
    struct fixture *f = *state;
    struct world_slot slot = { .world = &f->world };
    static const unsigned statuses[] = { 408, 429, 431, 503 };

    for (size_t i = 0; i < TG_COUNT(statuses); i++) {
        unsigned status =
            world_refuse(&slot, statuses[i], "So it is.", 7, i == 0 ? "" : "request/1");

        assert_int_equal(status, statuses[i]);
        assert_string_equal(
            tg_buf_cstr((struct tg_buf *)(uintptr_t)world_header(&slot, "retry-after")), "7");
        /* spec-test: protocol/2#request-id-echo */
        assert_int_equal(world_header(&slot, "mailbox-request-id") != NULL, i > 0);
        assert_non_null(world_header(&slot, "cache-control"));
        assert_non_null(world_header(&slot, "strict-transport-security"));
        assert_non_null(strstr(tg_buf_cstr(&slot.body), "So it is."));
        slot.is_used = true;
        world_release(&slot);
    }
}

/* spec-test: protocol/1#html-for-people */
static void refuse__a_browser__the_page_of_the_reason(void **state)
{
    static const struct {
        unsigned status;
        bool is_draining;
        const char *title;
    } rows[] = {
        { 408, false, "<h1>Not understood</h1>" },
        { 429, false, "<h1>Too many requests</h1>" },
        { 431, false, "<h1>Not understood</h1>" },
        { 503, false, "<h1>Not available at the moment</h1>" },
        { 503, true, "<h1>About to restart</h1>" },
        { 429, true, "<h1>Too many requests</h1>" },
    };
    struct fixture *f = *state;
    struct world_slot slot = { .world = &f->world };
    struct tg_asker asker = { .has_language = false };

    tg_asker_take(&asker, TG_LIT("accept"), TG_LIT("text/html"));
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        const struct tg_refusal refusal = { .status = rows[i].status,
                                            .detail = "So it is.",
                                            .retry_after_s = 7,
                                            .is_draining = rows[i].is_draining,
                                            .asker = &asker };

        assert_int_equal(world_refuse_as(&slot, &refusal), rows[i].status);
        assert_non_null(strstr(tg_buf_cstr(&slot.body), rows[i].title));
        assert_null(strstr(tg_buf_cstr(&slot.body), "So it is."));
        assert_non_null(world_header(&slot, "retry-after"));
        slot.is_used = true;
        world_release(&slot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WITH(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
        WITH(store__each_write__contains_nothing_of_the_request),
        WITH(read__twenty_claims_at_once__exactly_one_gets_the_content),
        WITH(cancel__change_in_the_store__made_notified_and_not_answered),
        WITH(cancel__during_a_read__nothing_follows_and_nothing_is_left),
        WITH(cancel__by_who_is_told_of_its_change__made_and_not_answered),
        WITH(poll__changed_while_it_registers__answered),
        WITH(poll__woken_during_a_read__reads_again),
        WITH(poll__while_it_waits__keeps_the_command_alone),
        WITH(poll__woken_without_news__keeps_the_command_alone),
        WITH(cancel__while_it_waits__no_callback_follows),
        WITH(refuse__by_the_transport__common_headers_and_problem),
        WITH(refuse__a_browser__the_page_of_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
