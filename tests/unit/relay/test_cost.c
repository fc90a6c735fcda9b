/* SPDX-License-Identifier: Apache-2.0 */
/* When the relay core asks whether a client may have what its request costs. */
#include "support/c/unit.h"

#include "scenario/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAIM_A "0d4ddbb4-fd23-4a2c-a9ef-2d4b8a3b1f01"
#define CLAIM_B "1d4ddbb4-fd23-4a2c-a9ef-2d4b8a3b1f02"
#define CLAIM_C "2d4ddbb4-fd23-4a2c-a9ef-2d4b8a3b1f03"
#define CREATE                                                                                     \
    "{\"payload\":{\"type\":\"t\",\"data\":\"0123456789\"},\"displayInformation\":{\"title\":"     \
    "\"T\",\"description\":\"D\",\"imageURL\":\"\"},\"mailboxConfiguration\":{\"accessRights\":"   \
    "\"RWD\",\"expiration\":\"2030-01-02T00:00:00Z\"}}"
#define UPDATE "{\"payload\":{\"type\":\"t\",\"data\":\"%s\"}}"

#define ASKED_MAX 8u

struct fixture {
    struct world world;
    char target[64];
    size_t asked_count;
    enum tg_cost asked[ASKED_MAX];
    struct tg_record_size sizes[ASKED_MAX];
    bool refuses[TG_COST_STORE + 1];
    const void *last_ctx;
};

static struct fixture *current;

static struct tg_refusal pay(void *ctx, void *ops_ctx, enum tg_cost cost,
                             const struct tg_record_size *size)
{
    struct fixture *f = current;

    (void)ctx;
    f->last_ctx = ops_ctx;
    f->asked[f->asked_count] = cost;
    f->sizes[f->asked_count++] = *size;
    if (f->refuses[cost]) {
        return (struct tg_refusal){ .status = 429, .detail = "too much", .retry_after_s = 77 };
    }
    return (struct tg_refusal){ .status = 0 };
}

static unsigned request(struct fixture *f, const char *method, const char *target,
                        const char *claim, const char *request_id, const char *body)
{
    struct tg_http_header headers[] = {
        { TG_LIT("mailbox-device-claim"), tg_bytes_str(claim) },
        { TG_LIT("mailbox-request-id"), tg_bytes_str(request_id) },
        { TG_LIT("content-type"), TG_LIT("application/json") },
    };
    struct world_slot *slot = NULL;
    const char *url = NULL;
    unsigned status = 0;

    f->asked_count = 0;
    slot = world_request(&f->world, &(struct tg_http_request){ .method = tg_bytes_str(method),
                                                               .target = tg_bytes_str(target),
                                                               .headers = headers,
                                                               .header_count = TG_COUNT(headers),
                                                               .body = tg_bytes_str(body) });
    status = slot->status;
    url = strstr(tg_buf_cstr(&slot->body), "/v1/m/");
    if (url != NULL && status == 200 && f->target[0] == '\0') {
        memcpy(f->target, url, 6 + TG_UUID_TEXT_LEN);
    }
    if (status == 429) {
        const struct tg_buf *retry = world_header(slot, "retry-after");

        assert_non_null(retry);
        assert_true(tg_bytes_is_equal(tg_buf_view(retry), TG_LIT("77")));
        assert_non_null(world_header(slot, "mailbox-request-id"));
    }
    if (f->asked_count > 0) {
        assert_ptr_equal(f->last_ctx, slot);
    }
    world_release(slot);
    return status;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    world_init(&f->world);
    f->world.hooks.pay = pay;
    current = f;
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

static void assert_asked(const struct fixture *f, size_t count)
{
    assert_int_equal(f->asked_count, count);
    if (count == 2) {
        assert_int_equal(f->asked[0], TG_COST_LOOK);
        assert_int_equal(f->asked[1], TG_COST_STORE);
        assert_memory_equal(&f->sizes[0], &f->sizes[1], sizeof(f->sizes[0]));
    }
}

static void create__asks_to_look_and_to_store_with_size_and_lifetime(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(request(f, "POST", "/v1/m", CLAIM_A, "1", CREATE), 200);
    assert_asked(f, 2);
    assert_true(f->sizes[0].is_new);
    assert_in_range(f->sizes[0].len, 50, 300);
    assert_int_equal(f->sizes[0].old_len, 0);
    assert_int_equal(f->sizes[0].lifetime_s, 86400);
}

static void create__again__201_and_nothing_asked(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(request(f, "POST", "/v1/m", CLAIM_A, "1", CREATE), 200);
    f->refuses[TG_COST_LOOK] = true;
    assert_int_equal(request(f, "POST", "/v1/m", CLAIM_A, "1", CREATE), 201);
    assert_asked(f, 0);
    assert_int_equal(request(f, "DELETE", f->target, CLAIM_A, "2", ""), 200);
    assert_int_equal(request(f, "POST", "/v1/m", CLAIM_A, "1", CREATE), 201);
    assert_asked(f, 0);
}

static void create__refused_at_either_step__429_and_nothing_stored(void **state)
{
    static const enum tg_cost steps[] = { TG_COST_LOOK, TG_COST_STORE };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(steps); i++) {
        memset(f->refuses, 0, sizeof(f->refuses));
        f->refuses[steps[i]] = true;
        assert_int_equal(request(f, "POST", "/v1/m", CLAIM_A, "1", CREATE), 429);
        assert_int_equal(f->asked_count, i + 1);
    }
    memset(f->refuses, 0, sizeof(f->refuses));
    assert_int_equal(request(f, "POST", "/v1/m", CLAIM_A, "1", CREATE), 200);
}

static void create__malformed_or_without_claim__nothing_asked(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(request(f, "POST", "/v1/m", CLAIM_A, "1", "{"), 400);
    assert_asked(f, 0);
    assert_int_equal(request(f, "POST", "/v1/m", "x", "1", CREATE), 401);
    assert_asked(f, 0);
}

static void update__asks_with_the_size_before_and_after(void **state)
{
    struct fixture *f = *state;
    char data[2001];
    char body[2100];
    size_t small = 0;

    assert_int_equal(request(f, "POST", "/v1/m", CLAIM_A, "1", CREATE), 200);
    small = f->sizes[0].len;
    memset(data, 'x', sizeof(data) - 1);
    data[sizeof(data) - 1] = '\0';
    (void)snprintf(body, sizeof(body), UPDATE, data);
    assert_int_equal(request(f, "PUT", f->target, CLAIM_A, "2", body), 200);
    assert_asked(f, 2);
    assert_false(f->sizes[0].is_new);
    assert_int_equal(f->sizes[0].old_len, small);
    assert_in_range(f->sizes[0].len, small + 1990, small + 2100);
    assert_int_equal(f->sizes[0].lifetime_s, 86400);
    assert_int_equal(request(f, "PUT", f->target, CLAIM_A, "2", body), 201);
    assert_asked(f, 0);
    f->refuses[TG_COST_STORE] = true;
    assert_int_equal(request(f, "PUT", f->target, CLAIM_A, "3", body), 429);
    f->refuses[TG_COST_STORE] = false;
    assert_int_equal(request(f, "PUT", f->target, CLAIM_A, "3", body), 200);
}

static void update__refused_by_the_mailbox__nothing_asked(void **state)
{
    struct fixture *f = *state;
    char body[100];

    assert_int_equal(request(f, "POST", "/v1/m", CLAIM_A, "1", CREATE), 200);
    (void)snprintf(body, sizeof(body), UPDATE, "x");
    assert_int_equal(request(f, "PUT", f->target, CLAIM_C, "2", body), 401);
    assert_asked(f, 0);
    assert_int_equal(request(f, "PUT", "/v1/m/" CLAIM_C, CLAIM_A, "2", body), 404);
    assert_asked(f, 0);
}

static void other_calls__nothing_asked(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(request(f, "POST", "/v1/m", CLAIM_A, "1", CREATE), 200);
    assert_int_equal(request(f, "GET", f->target, CLAIM_A, "2", ""), 200);
    assert_asked(f, 0);
    assert_int_equal(request(f, "POST", f->target, CLAIM_B, "2", ""), 200);
    assert_asked(f, 0);
    assert_int_equal(request(f, "PATCH", f->target, CLAIM_B, "3", ""), 200);
    assert_asked(f, 0);
    assert_int_equal(request(f, "DELETE", f->target, CLAIM_A, "4", ""), 200);
    assert_asked(f, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(create__asks_to_look_and_to_store_with_size_and_lifetime),
        CASE(create__again__201_and_nothing_asked),
        CASE(create__refused_at_either_step__429_and_nothing_stored),
        CASE(create__malformed_or_without_claim__nothing_asked),
        CASE(update__asks_with_the_size_before_and_after),
        CASE(update__refused_by_the_mailbox__nothing_asked),
        CASE(other_calls__nothing_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
