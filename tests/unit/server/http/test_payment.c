/* SPDX-License-Identifier: Apache-2.0 */
/* What a request costs its network, and what the place of its connection or long poll is worth. */
#include "unit/server/http/raw_frames.h"

#include "base/mem.h"
#include "server/http/client.h"
#include "server/http/payment.h"

#define BURST 100u         /* ordinary requests */
#define UNITS (3u * BURST) /* of 1/3 ordinary request */
#define ID "0d4ddbb4-fd23-4a2c-a9ef-2d4b8a3b1f01"
#define LIFE_S (48 * 3600)
#define HOST " HTTP/1.1\r\nHost: relay\r\n"
#define BODY_10 "Content-Length: 10\r\n\r\n0123456789"

static struct tg_network network;

static void one_network(struct tg_peer *peer, struct tg_network *out)
{
    (void)peer;
    *out = network;
}

static void name_network(const char *address)
{
    assert_true(tg_network_of_text(&network, tg_bytes_str(address)));
}

static struct tg_payer payer(struct fixture *f, const char *address)
{
    struct tg_network other;
    struct tg_payer p;

    assert_true(tg_network_of_text(&other, tg_bytes_str(address)));
    tg_ledger_find(f->ledger, &p, &other, f->env.now_mono_ms);
    return p;
}

static struct fixture *limited(void)
{
    const struct tg_ledger_settings settings = { .rate = 1,
                                                 .burst = BURST,
                                                 .mailboxes_per_day = 10,
                                                 .mailbox_s = LIFE_S,
                                                 .max = { 1, LONG_POLLS_MAX },
                                                 .worker_count = 2 };
    struct fixture *f = fixture_new();

    name_network("192.0.2.1");
    tg_ledger_free(&f->ledger);
    assert_int_equal(tg_ledger_new(&f->ledger, &settings, &tg_rng_system), TG_OK);
    f->env.ledger = f->ledger;
    f->service.is_rate_limited = true;
    f->service.call_of = tg_relay_call_of;
    f->io.peer.network = one_network;
    f->settings.mailbox_default_s = LIFE_S;
    f->settings.mailbox_max_s = 15 * LIFE_S;
    f->settings.mailbox_growth = 10000;
    return f;
}

static struct fixture *http1(void)
{
    struct fixture *f = limited();

    f->proto = tg_http1_new(&f->env, &f->io, &f->service);
    assert_non_null(f->proto);
    return f;
}

/* Units that the network has spent. The budget is used up afterwards. */
static unsigned spent(struct fixture *f)
{
    struct tg_payer p = payer(f, "192.0.2.1");
    unsigned left = 0;

    while (tg_ledger_charge(f->ledger, &p, TG_WORK_KIB, f->env.now_mono_ms) == 0) {
        left++;
    }
    return UNITS - left;
}

static void use_up(struct fixture *f)
{
    struct tg_payer p = payer(f, "192.0.2.1");

    tg_ledger_spend(f->ledger, &p, TG_WORK_KIB, UNITS, f->env.now_mono_ms);
}

/* ---- prices ---- */

/* spec-test: protocol/3#rate-from-the-first-byte */
static void http1__each_kind_of_request__has_its_price(void **state)
{
    static char long_head[40000];
    static char long_body[1200];
    const struct {
        const char *text;
        unsigned units;
    } cases[] = {
        { "G", 2 },
        { "GET /v1/m/" ID HOST, 2 }, /* never completed */
        { "GET / " HOST "\r\n", 2 },
        { "BREW /" HOST "\r\n", 2 },
        { "GET /" HOST "a : b\r\n\r\n", 2 },
        { "GET /nowhere" HOST "\r\n", 2 },
        { "OPTIONS /v1/m" HOST "\r\n", 2 },
        { "GET /v1/m/" ID HOST "\r\n", 3 },
        { "POST /v1/m/" ID "?v=c" HOST "\r\n", 3 },
        { "POST /v1/m" HOST BODY_10, 3 }, /* the rest when it is stored */
        { "PUT /v1/m/" ID HOST BODY_10, 17 },
        { "DELETE /v1/m/" ID HOST "\r\n", 17 },
        { "PATCH /v1/m/" ID HOST "\r\n", 17 },
        { long_head, 2 + 32 },
        { long_body, 3 + 1 },
    };

    (void)state;
    (void)snprintf(long_head, sizeof(long_head), "GET /" HOST "a: %036000d\r\n\r\n", 0);
    (void)snprintf(long_body, sizeof(long_body),
                   "POST /v1/m/" ID HOST "Content-Length: 990\r\n\r\n%0990d", 0);
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct fixture *f = http1();
        unsigned units = 0;

        for (size_t at = 0; at < strlen(cases[i].text);) {
            size_t used = feed_bytes(f, cases[i].text + at, 1);

            at = used == 0 ? strlen(cases[i].text) : at + used;
        }
        units = spent(f);
        if (units != cases[i].units) {
            fail_msg("%.40s: %u units instead of %u", cases[i].text, units, cases[i].units);
        }
        fixture_free(f);
    }
}

static void http2__stream__pays_when_its_head_begins_and_when_it_is_complete(void **state)
{
    struct fixture *f = raw_with(limited());

    (void)state;
    f->play = PLAY_HOLD;
    frame(f, 4, NGHTTP2_HEADERS, 0, 1, "\x83\x87\x84\x01"); /* CONTINUATION does not come */
    assert_int_equal(spent(f), 2);
    fixture_free(f);

    f = raw_with(limited());
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, GET_BLOCK);
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 3, GET_BLOCK);
    assert_int_equal(f->seen_count, 2);
    assert_int_equal(spent(f), 4);
    fixture_free(f);
}

static void http2__data__pays_for_each_kib_also_when_the_stream_is_reset(void **state)
{
    static const char zeros[900];
    struct fixture *f = raw_with(limited());

    (void)state;
    for (uint32_t id = 1; id < 9; id += 2) {
        frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, POST_BLOCK);
        frame(f, 900, NGHTTP2_DATA, 0, id, zeros);
        frame(f, 90, NGHTTP2_DATA, 0, id, zeros);
        frame(f, 4, NGHTTP2_RST_STREAM, 0, id, "\0\0\0\x08");
    }
    /* With its head a stream has received 1 KiB. */
    assert_int_equal(spent(f), 4 * (2 + 1));
    fixture_free(f);
}

static void exempt_service__pays_nothing(void **state)
{
    struct fixture *f = http1();

    (void)state;
    f->service.is_rate_limited = false;
    (void)feed(f, "PUT /v1/m/" ID HOST BODY_10);
    assert_int_equal(spent(f), 0);
    fixture_free(f);
}

/* ---- a client that a PROXY header names ---- */

static struct fixture *proxied(bool is_h2)
{
    const struct tg_ip client = { { [10] = 0xff, 0xff, 192, 0, 2, 1 } };
    struct fixture *f = limited();

    tg_client_set_peer(&f->io.peer, &f->env, &client);
    if (is_h2) {
        return raw_with(f);
    }
    f->proto = tg_http1_new(&f->env, &f->io, &f->service);
    assert_non_null(f->proto);
    return f;
}

/* The last millisecond before the salt of work changes; no deadline fires. */
static void go_before_change(struct fixture *f)
{
    f->env.now_mono_ms = f->env.now_mono_ms / TG_LEDGER_WORK_SALT_MS * TG_LEDGER_WORK_SALT_MS +
                         TG_LEDGER_WORK_SALT_MS - 1;
}

/* spec-test: protocol/1#proxy-protocol */
static void http1__salt_changes_on_a_proxied_connection__answered_and_closed(void **state)
{
    struct fixture *f = proxied(false);

    (void)state;
    (void)feed(f, "GET /" HOST "\r\n");
    assert_int_equal(spent(f), 2); /* of the client's network, which has more afterwards */
    go_before_change(f);
    (void)feed(f, "GET /" HOST "\r\n");
    assert_int_equal(count_in_output(f, "connection: close"), 0);
    f->env.now_mono_ms++;
    (void)feed(f, "GET /" HOST "\r\n");
    assert_int_equal(f->seen_count, 3);
    assert_int_equal(count_in_output(f, "connection: close"), 1);
    assert_true(f->proto->is_finished);
    fixture_free(f);
}

static void http2__salt_changes_on_a_proxied_connection__goaway(void **state)
{
    struct fixture *f = proxied(true);

    (void)state;
    go_before_change(f);
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, GET_BLOCK);
    clear_output(f);
    f->env.now_mono_ms++;
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 3, GET_BLOCK);
    assert_int_equal(f->seen_count, 2); /* it is answered */
    assert_true(f->out.len > 17);
    assert_int_equal(f->out.ptr[3], NGHTTP2_GOAWAY);
    pass_ms(f, f->settings.drain_idle_ms);
    f->proto->ops->pump(f->proto);
    assert_true(f->proto->is_finished);
    fixture_free(f);
}

/* ---- what the relay core is about to do ---- */

static const struct tg_record_size small = { .is_new = true, .len = 1000, .lifetime_s = LIFE_S };

/* A request that the service holds. */
static struct tg_pending *held(struct fixture *f)
{
    f->play = PLAY_HOLD;
    (void)feed(f, "POST /v1/m" HOST "Content-Length: 0\r\n\r\n");
    assert_int_equal(f->seen_count, 1);
    return f->seen[0].ops_ctx;
}

static void cost__create_stored_and_proof_verified__paid(void **state)
{
    static const struct tg_record_size update = { .len = 1000, .old_len = 900, .lifetime_s = 1 };
    static const struct {
        enum tg_cost cost;
        const struct tg_record_size *size;
        unsigned units;
    } cases[] = { { TG_COST_LOOK, &small, 0 },
                  { TG_COST_STORE, &small, 17 },
                  { TG_COST_STORE, &update, 0 }, /* paid with its head */
                  { TG_COST_PROOF, &small, 200 } };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct fixture *f = http1();
        struct tg_pending *p = held(f);

        assert_int_equal(tg_payment_cost(p, cases[i].cost, cases[i].size, 0).status, 0);
        assert_int_equal(spent(f), 3 + cases[i].units);
        fixture_free(f);
    }
}

static void cost__over_the_budget_of_work__429_before_it_is_done(void **state)
{
    static const enum tg_cost costs[] = { TG_COST_STORE, TG_COST_PROOF };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(costs); i++) {
        struct fixture *f = http1();
        struct tg_pending *p = held(f);
        struct tg_refusal refusal;

        use_up(f);
        refusal = tg_payment_cost(p, costs[i], &small, 0);
        assert_int_equal(refusal.status, 429);
        assert_in_range(refusal.retry_after_s, 1, 100);
        assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_RATE), 1);
        fixture_free(f);
    }
}

/* spec-test: protocol/6#report */
static void cost__report_over_half_of_the_budget__not_verified_and_stored(void **state)
{
    struct fixture *f = http1();
    struct tg_pending *p = held(f);

    (void)state;
    /* 3 for the request, and a verification would leave less than half of the budget. */
    assert_int_not_equal(tg_payment_cost(p, TG_COST_REPORT, &small, 0).status, 0);
    assert_int_equal(p->retry_s, 0);
    assert_false(p->is_refusal);
    assert_int_equal(tg_payment_cost(p, TG_COST_STORE, &small, 0).status, 0);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_RATE), 0);
    assert_int_equal(spent(f), 3 + 17);
    fixture_free(f);
}

/* spec-test: protocol/3#stored-bytes-for-a-time */
static void cost__stored_too_much__429_and_only_then(void **state)
{
    struct fixture *f = http1();
    struct tg_pending *p = held(f);
    struct tg_refusal refusal;

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(tg_payment_cost(p, TG_COST_LOOK, &small, 0).status, 0);
        assert_int_equal(tg_payment_cost(p, TG_COST_STORE, &small, 0).status, 0);
    }
    refusal = tg_payment_cost(p, TG_COST_LOOK, &small, 0);
    assert_int_equal(refusal.status, 429);
    assert_in_range(refusal.retry_after_s, 8000, 8640);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_STORED), 1);
    fixture_free(f);
}

/* With what the devices may add, a record of 6 KiB counts as 16 KiB, one of 60000 bytes as 70000.
 */
static void cost__record_grows__only_what_was_not_paid_for(void **state)
{
    static const struct tg_record_size within = { .len = 6000, .old_len = 1, .lifetime_s = LIFE_S };
    static const struct tg_record_size beyond = { .len = 60000,
                                                  .old_len = 6000,
                                                  .lifetime_s = LIFE_S };
    struct fixture *f = http1();
    struct tg_pending *p = held(f);
    unsigned count = 0;

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(tg_payment_cost(p, TG_COST_STORE, &within, 999).status, 0);
    }
    while (count < 100 && tg_payment_cost(p, TG_COST_STORE, &beyond, 999).status == 0) {
        count++;
    }
    assert_int_equal(count, 3); /* 3.3 mailboxes each */
    fixture_free(f);
}

/* spec-test: protocol/3#longest-lives-first */
static void cost__store_fills_up__503_for_long_lives_of_new_mailboxes(void **state)
{
    static const struct {
        unsigned fullness;
        int64_t life_s;
        bool is_new;
        unsigned status;
    } cases[] = {
        { 500, 15 * LIFE_S, true, 0 }, { 501, 15 * LIFE_S, true, 503 },
        { 700, 8 * LIFE_S, true, 0 },  { 700, 8 * LIFE_S + 1, true, 503 },
        { 899, LIFE_S, true, 0 },      { 999, LIFE_S + 1, true, 503 },
        { 1000, 60, true, 503 },       { 1000, 15 * LIFE_S, false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        const struct tg_record_size size = {
            .is_new = cases[i].is_new, .len = 1, .old_len = 1, .lifetime_s = cases[i].life_s
        };
        struct fixture *f = http1();
        struct tg_refusal refusal =
            tg_payment_cost(held(f), TG_COST_LOOK, &size, cases[i].fullness);

        assert_int_equal(refusal.status, cases[i].status);
        if (refusal.status == 503) {
            assert_int_equal(refusal.retry_after_s, 300);
            assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_FILLING), 1);
        }
        fixture_free(f);
    }
}

/* ---- over the budget ---- */

static void http1__over_the_budget__429_and_the_connection_stays(void **state)
{
    struct fixture *f = http1();

    (void)state;
    use_up(f);
    (void)feed(f, "GET /v1/m/" ID HOST "\r\n");
    assert_int_equal(count_in_output(f, "HTTP/1.1 429"), 1);
    assert_int_equal(count_in_output(f, "connection: close"), 0);
    assert_int_equal(f->seen_count, 0);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_RATE), 1);
    pass_ms(f, 2000);
    (void)feed(f, "GET /v1/m/" ID HOST "\r\n");
    assert_int_equal(f->seen_count, 1);
    fixture_free(f);
}

static void http1__over_the_budget_with_a_body__429_and_closed_without_reading_it(void **state)
{
    struct fixture *f = http1();

    (void)state;
    use_up(f);
    (void)feed(f, "POST /v1/m" HOST "Expect: 100-continue\r\nContent-Length: 900\r\n\r\n");
    assert_int_equal(count_in_output(f, "HTTP/1.1 429"), 1);
    assert_int_equal(count_in_output(f, "HTTP/1.1 100"), 0);
    assert_true(f->proto->is_finished);
    assert_true(f->proto->must_linger);
    fixture_free(f);
}

static void http1__over_the_budget_and_malformed__400(void **state)
{
    struct fixture *f = http1();

    (void)state;
    use_up(f);
    (void)feed(f, "GET /" HOST "a : b\r\n\r\n");
    assert_int_equal(count_in_output(f, "HTTP/1.1 400"), 1);
    fixture_free(f);
}

static void http2__over_the_budget__429_on_the_stream(void **state)
{
    struct fixture *f = raw_with(limited());

    (void)state;
    use_up(f);
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, POST_BLOCK);
    frame(f, 3, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, "abc");
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_RATE), 1);
    assert_int_equal(f->seen_count, 0);
    assert_false(f->proto->is_finished);
    pass_ms(f, 2000);
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 3, GET_BLOCK);
    assert_int_equal(f->seen_count, 1);
    fixture_free(f);
}

static void salt__changes_on_an_open_connection__the_new_cells_are_used(void **state)
{
    struct fixture *f = http1();

    (void)state;
    use_up(f);
    (void)feed(f, "GET /v1/m/" ID HOST "\r\n");
    assert_int_equal(f->seen_count, 0);
    f->env.now_mono_ms += TG_LEDGER_WORK_SALT_MS - f->env.now_mono_ms % TG_LEDGER_WORK_SALT_MS;
    (void)feed(f, "GET /v1/m/" ID HOST "\r\n");
    assert_int_equal(f->seen_count, 1);
    assert_int_equal(spent(f), 3);
    fixture_free(f);
}

/* ---- long polls ---- */

static struct tg_holders *polls(struct fixture *f)
{
    return tg_ledger_holders(f->ledger, TG_PLACE_LONG_POLL);
}

/* Others hold all places but those of `left`. */
static void take_places(struct fixture *f, const char *address, size_t left)
{
    struct tg_payer p = payer(f, address);

    for (size_t i = left; i < LONG_POLLS_MAX; i++) {
        assert_true(tg_holders_enter(polls(f), &f->others[i], &p, 1, TG_WORTH_WAITING));
    }
}

static void long_poll__places_full_of_another_network__gets_one(void **state)
{
    struct fixture *f = http1();

    (void)state;
    take_places(f, "198.51.100.1", 0);
    f->play = PLAY_WAIT;
    (void)feed(f, "POST /v1/m/" ID HOST "\r\n");
    tg_pending_settle(&f->env);
    assert_int_equal(f->env.waiters.count, 1);
    assert_ptr_equal(tg_holders_next_doomed(polls(f), 1), &f->others[0]);
    fixture_free(f);
}

static void long_poll__places_full_of_its_own_network__503(void **state)
{
    struct fixture *f = http1();

    (void)state;
    take_places(f, "192.0.2.1", 0);
    f->play = PLAY_WAIT;
    (void)feed(f, "POST /v1/m/" ID HOST "\r\n");
    tg_pending_settle(&f->env);
    assert_int_equal(count_in_output(f, "HTTP/1.1 503"), 1);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_LONG_POLLS), 1);
    assert_null(tg_holders_next_doomed(polls(f), 1));
    fixture_free(f);
}

static void long_poll__loses_its_place__503_and_the_connection_stays(void **state)
{
    struct fixture *f = http1();
    struct tg_payer other = { .kind = TG_PAYER_EXEMPT };

    (void)state;
    f->play = PLAY_WAIT;
    (void)feed(f, "POST /v1/m/" ID HOST "\r\n");
    take_places(f, "192.0.2.1", 1);
    other = payer(f, "198.51.100.1");
    assert_true(tg_holders_enter(polls(f), &f->others[0], &other, 1, TG_WORTH_WAITING));
    tg_pending_settle(&f->env);
    assert_int_equal(f->cancel_count, 1);
    assert_int_equal(count_in_output(f, "HTTP/1.1 503"), 1);
    assert_int_equal(count_in_output(f, "connection: close"), 0);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_EVICTED_LONG_POLLS), 1);
    assert_int_equal(f->env.waiters.count, 0);
    f->play = PLAY_ANSWER;
    (void)feed(f, "GET /v1/m/" ID HOST "\r\n");
    assert_int_equal(count_in_output(f, "HTTP/1.1 200"), 1);
    fixture_free(f);
}

static void long_poll__doomed_and_answered_before_its_turn__answered_once(void **state)
{
    struct fixture *f = http1();
    struct tg_payer other = { .kind = TG_PAYER_EXEMPT };

    (void)state;
    f->play = PLAY_WAIT;
    (void)feed(f, "POST /v1/m/" ID HOST "\r\n");
    take_places(f, "192.0.2.1", 1);
    other = payer(f, "198.51.100.1");
    assert_true(tg_holders_enter(polls(f), &f->others[0], &other, 1, TG_WORTH_WAITING));
    answer(f, 0);
    tg_pending_settle(&f->env);
    assert_int_equal(count_in_output(f, "HTTP/1.1 200"), 1);
    assert_int_equal(count_in_output(f, "HTTP/1.1 503"), 0);
    fixture_free(f);
}

/* ---- the place of the connection ---- */

static void evict__http1_waits__503_and_closed(void **state)
{
    struct fixture *f = http1();

    (void)state;
    f->play = PLAY_WAIT;
    (void)feed(f, "POST /v1/m/" ID HOST "\r\n");
    f->proto->ops->evict(f->proto);
    assert_int_equal(count_in_output(f, "HTTP/1.1 503"), 1);
    assert_int_equal(count_in_output(f, "connection: close"), 1);
    assert_true(f->proto->is_finished);
    fixture_free(f);
}

static void evict__http1_idle__silent(void **state)
{
    struct fixture *f = http1();

    (void)state;
    f->proto->ops->evict(f->proto);
    assert_int_equal(f->out.len, 0);
    fixture_free(f);
}

static void evict__http2__goaway_and_its_long_polls_answered(void **state)
{
    struct fixture *f = raw_with(limited());
    bool has_goaway = false;

    (void)state;
    f->play = PLAY_WAIT;
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, GET_BLOCK);
    frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 3, GET_BLOCK);
    clear_output(f);
    f->proto->ops->evict(f->proto);
    for (struct tg_bytes out = tg_buf_view(&f->out); out.len >= 9;) {
        size_t len = ((size_t)out.ptr[0] << 16) | ((size_t)out.ptr[1] << 8) | out.ptr[2];

        has_goaway = has_goaway || out.ptr[3] == NGHTTP2_GOAWAY;
        out = tg_bytes_from(out, 9 + len);
    }
    assert_true(has_goaway);
    assert_int_equal(f->cancel_count, 2);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_EVICTED_LONG_POLLS), 2);
    assert_int_equal(f->env.waiters.count, 0);
    fixture_free(f);
}

/* spec-test: protocol/3#places */
static void worth__only_a_success_that_needs_a_claim__and_a_long_poll(void **state)
{
    static const struct {
        unsigned status;
        int call;
        bool is_proof;
    } cases[] = {
        { 200, TG_CALL_CREATE, true },   { 201, TG_CALL_CREATE, true },
        { 200, TG_CALL_READ, true },     { 200, TG_CALL_DELETE, true },
        { 200, TG_CALL_PREVIEW, false }, { 204, -1, false },
        { 401, TG_CALL_READ, false },    { 404, TG_CALL_UPDATE, false },
        { 503, TG_CALL_READ, false },    { 400, TG_CALL_CREATE, false },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct fixture *f = http1();

        f->status = cases[i].status;
        f->call = cases[i].call;
        (void)feed(f, "GET /v1/m/" ID HOST "\r\n");
        assert_int_equal(f->io.peer.is_proven, cases[i].is_proof);
        fixture_free(f);
    }
}

static void ping(struct fixture *f)
{
    frame(f, 8, NGHTTP2_PING, 0, 0, "12345678");
    clear_output(f);
}

/* Each connection alone is within its own budget. */
/* spec-test: protocol/3#http2-floods */
static void frames__of_many_connections__paid_by_the_network_and_ended_when_it_cannot(void **state)
{
    struct fixture *f = raw_with(limited());
    size_t count = 0;

    (void)state;
    for (; count < 400; count++) {
        ping(f);
    }
    assert_false(f->proto->is_finished);
    assert_in_range(spent(f), 14, 17); /* 400 without the 250 that are free, ten for a unit */
    for (; !f->proto->is_finished && count < 1000; count++) {
        ping(f);
    }
    assert_in_range(count, 401, 412);
    assert_int_equal(tg_metrics_counter_sum(f->metrics, TG_COUNTER_REFUSED_FLOOD), 1);
    fixture_free(f);
}

/* What a client of the same network needs for its requests is free. */
static void frames__of_an_honest_client_of_a_network_over_its_budget__not_ended(void **state)
{
    struct fixture *f = limited();

    (void)state;
    f->settings.requests_max = 1000;
    (void)raw_with(f);
    use_up(f);
    for (uint32_t id = 1; id < 400; id += 2) {
        frame(f, 6, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id,
              GET_BLOCK);
        for (size_t k = 0; k < 10; k++) {
            ping(f);
        }
    }
    assert_false(f->proto->is_finished);
    fixture_free(f);
}

static void worth__follows_the_long_poll_of_the_connection(void **state)
{
    struct fixture *f = http1();
    struct tg_holders *places = tg_ledger_holders(f->ledger, TG_PLACE_CONNECTION);
    struct tg_holder place = { .tier_count = 0 };
    struct tg_payer p = payer(f, "192.0.2.1");

    (void)state;
    assert_true(tg_holders_enter(places, &place, &p, 0, TG_WORTH_NONE));
    f->io.peer.holder = &place;
    f->play = PLAY_WAIT;
    f->call = TG_CALL_READ;
    (void)feed(f, "POST /v1/m/" ID HOST "\r\n");
    assert_int_equal(place.worth, TG_WORTH_WAITING);
    assert_true(atomic_load(&place.is_active));
    answer(f, 0);
    assert_int_equal(place.worth, TG_WORTH_PROVEN);
    assert_false(atomic_load(&place.is_active));
    f->io.peer.holder = NULL;
    tg_holders_leave(places, &place);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames__of_many_connections__paid_by_the_network_and_ended_when_it_cannot),
        cmocka_unit_test(frames__of_an_honest_client_of_a_network_over_its_budget__not_ended),
        cmocka_unit_test(http1__each_kind_of_request__has_its_price),
        cmocka_unit_test(http2__stream__pays_when_its_head_begins_and_when_it_is_complete),
        cmocka_unit_test(http2__data__pays_for_each_kib_also_when_the_stream_is_reset),
        cmocka_unit_test(exempt_service__pays_nothing),
        cmocka_unit_test(http1__salt_changes_on_a_proxied_connection__answered_and_closed),
        cmocka_unit_test(http2__salt_changes_on_a_proxied_connection__goaway),
        cmocka_unit_test(cost__create_stored_and_proof_verified__paid),
        cmocka_unit_test(cost__over_the_budget_of_work__429_before_it_is_done),
        cmocka_unit_test(cost__report_over_half_of_the_budget__not_verified_and_stored),
        cmocka_unit_test(cost__stored_too_much__429_and_only_then),
        cmocka_unit_test(cost__record_grows__only_what_was_not_paid_for),
        cmocka_unit_test(cost__store_fills_up__503_for_long_lives_of_new_mailboxes),
        cmocka_unit_test(http1__over_the_budget__429_and_the_connection_stays),
        cmocka_unit_test(http1__over_the_budget_with_a_body__429_and_closed_without_reading_it),
        cmocka_unit_test(http1__over_the_budget_and_malformed__400),
        cmocka_unit_test(http2__over_the_budget__429_on_the_stream),
        cmocka_unit_test(salt__changes_on_an_open_connection__the_new_cells_are_used),
        cmocka_unit_test(long_poll__places_full_of_another_network__gets_one),
        cmocka_unit_test(long_poll__places_full_of_its_own_network__503),
        cmocka_unit_test(long_poll__loses_its_place__503_and_the_connection_stays),
        cmocka_unit_test(long_poll__doomed_and_answered_before_its_turn__answered_once),
        cmocka_unit_test(evict__http1_waits__503_and_closed),
        cmocka_unit_test(evict__http1_idle__silent),
        cmocka_unit_test(evict__http2__goaway_and_its_long_polls_answered),
        cmocka_unit_test(worth__only_a_success_that_needs_a_claim__and_a_long_poll),
        cmocka_unit_test(worth__follows_the_long_poll_of_the_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
