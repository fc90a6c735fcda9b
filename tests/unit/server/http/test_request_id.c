/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that the engines give without the service repeat the request id that the request has.
   spec-test: protocol/2#request-id-echo */
#include "unit/server/http/engine_fixture.h"

#include "base/mem.h"

#include <nghttp2/nghttp2.h>

#define TEXT_MAX 40000u
#define ID "Mailbox-Request-ID: id/1\r\n"
#define HEAD "POST /v1/m HTTP/1.1\r\nHost: relay\r\n"
#define ECHO "mailbox-request-id: id/1\r\n"

/* ---- a relay that refuses -------------------------------------------------------------------- */

static struct tg_ledger *ledger;

static void one_network(struct tg_peer *peer, struct tg_network *out)
{
    (void)peer;
    *out = (struct tg_network){ .family = TG_NETWORK_OTHER };
}

/* The only network has used up its rate. */
static void use_up_rate(struct fixture *f)
{
    static const struct tg_ledger_settings settings = { .rate = 1, .burst = 1, .worker_count = 1 };
    const struct tg_network network = { .family = TG_NETWORK_OTHER };
    struct tg_payer payer;

    assert_int_equal(tg_ledger_new(&ledger, &settings, &tg_rng_system), TG_OK);
    tg_ledger_find(ledger, &payer, &network, f->env.now_mono_ms);
    tg_ledger_spend(ledger, &payer, TG_WORK_CREATE, 1, f->env.now_mono_ms);
    f->env.ledger = ledger;
    f->service.is_rate_limited = true;
    f->io.peer.network = one_network;
}

static int setup(void **state)
{
    *state = fixture_new();
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    tg_ledger_free(&ledger);
    return 0;
}

/* ---- HTTP/1.1 -------------------------------------------------------------------------------- */

static void nothing(struct fixture *f)
{
    (void)f;
}

static void let_time_pass(struct fixture *f)
{
    pass_ms(f, 60000);
}

static void forbid_waits(struct fixture *f)
{
    fill_long_polls(f, 0);
    f->play = PLAY_WAIT;
}

static void settle(struct fixture *f)
{
    tg_pending_settle(&f->env);
}

#define MANY16                                                                                     \
    "a: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\n"                             \
    "a: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\na: b\r\n"
#define MANY64 MANY16 MANY16 MANY16 MANY16

static const struct {
    const char *text;
    const char *status;
    bool is_echoed;
    void (*before)(struct fixture *f);
    void (*after)(struct fixture *f);
} http1_cases[] = {
    { HEAD ID "\r\n", "429", true, use_up_rate, nothing },
    { HEAD "\r\n", "429", false, use_up_rate, nothing },
    { HEAD ID ID "\r\n", "429", true, use_up_rate, nothing },
    { HEAD "MAILBOX-request-ID:id/1  \r\n\r\n", "429", true, use_up_rate, nothing },
    { HEAD ID "Mailbox-Request-ID: id/2\r\n\r\n", "429", false, use_up_rate, nothing },
    { HEAD ID "Mailbox-Request-ID: id/2\r\n" ID "\r\n", "429", false, use_up_rate, nothing },
    { HEAD ID "Mailbox-Request-ID: id /1\r\n\r\n", "429", false, use_up_rate, nothing },
    { HEAD "Mailbox-Request-ID:\r\n\r\n", "429", false, use_up_rate, nothing },
    { HEAD "Mailbox-Request-ID: id/\xc3\xa4\r\n\r\n", "429", false, use_up_rate, nothing },
    { HEAD "X-Mailbox-Request-ID: id/1\r\n\r\n", "429", false, use_up_rate, nothing },
    { HEAD ID "\r\n", "503", true, forbid_waits, settle },
    { HEAD ID "Content-Length: 5\r\n\r\nab", "408", true, nothing, let_time_pass },
    { HEAD ID "Transfer-Encoding: chunked\r\n\r\n2\r\nab", "408", true, nothing, let_time_pass },
    { HEAD ID "X: y\r\n", "408", true, nothing, let_time_pass },
    { "POST /v1/m HTTP/1.1\r\n", "408", false, nothing, let_time_pass },
    { HEAD ID MANY64 "\r\n", "431", true, nothing, nothing },
    { HEAD MANY64 ID "\r\n", "431", false, nothing, nothing },
    { HEAD ID "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "400", true, nothing, nothing },
    { HEAD ID "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400", true, nothing,
      nothing },
    { HEAD ID "Host: relay\r\n\r\n", "400", true, nothing, nothing },
    { HEAD ID "Expect: nothing\r\n\r\n", "417", true, nothing, nothing },
    { "CONNECT relay:443 HTTP/1.1\r\nHost: relay\r\n" ID "\r\n", "400", true, nothing, nothing },
};

static void http1__each_refusal__repeats_a_well_formed_id_and_no_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(http1_cases); i++) {
        struct fixture *f = fixture_new();
        char line[32];

        f->proto = tg_http1_new(&f->env, &f->io, &f->service);
        assert_non_null(f->proto);
        http1_cases[i].before(f);
        (void)feed(f, http1_cases[i].text);
        http1_cases[i].after(f);
        (void)snprintf(line, sizeof(line), "HTTP/1.1 %s ", http1_cases[i].status);
        if (count_in_output(f, line) != 1 ||
            count_in_output(f, ECHO) != (http1_cases[i].is_echoed ? 1u : 0u)) {
            fail_msg("case %zu: expected %s, got %.300s", i, http1_cases[i].status, output(f));
        }
        assert_int_equal(count_in_output(f, "mailbox-request-id:"),
                         http1_cases[i].is_echoed ? 1 : 0);
        fixture_free(f);
        tg_ledger_free(&ledger);
    }
}

/* 128 bytes are an id, 129 are not. */
static void http1__id_at_its_limit__repeated_one_byte_more_not(void **state)
{
    for (size_t len = 128; len <= 129; len++) {
        struct fixture *f = fixture_new();
        char text[400] = HEAD "Mailbox-Request-ID: ";
        size_t at = strlen(text);

        (void)state;
        memset(text + at, 'x', len);
        memcpy(text + at + len, "\r\n\r\n", 5);
        f->proto = tg_http1_new(&f->env, &f->io, &f->service);
        use_up_rate(f);
        (void)feed(f, text);
        assert_int_equal(count_in_output(f, "HTTP/1.1 429 "), 1);
        assert_int_equal(count_in_output(f, "mailbox-request-id: xxx"), len == 128 ? 1 : 0);
        fixture_free(f);
        tg_ledger_free(&ledger);
    }
}

static void http1__next_request_on_the_connection__does_not_get_the_id_before(void **state)
{
    struct fixture *f = *state;

    f->proto = tg_http1_new(&f->env, &f->io, &f->service);
    (void)feed(f, HEAD ID "Content-Length: 0\r\n\r\n");
    assert_int_equal(f->seen_count, 1);
    clear_output(f);
    (void)feed(f, HEAD "Host: relay\r\n\r\n");
    assert_int_equal(count_in_output(f, "HTTP/1.1 400 "), 1);
    assert_int_equal(count_in_output(f, "mailbox-request-id"), 0);
}

/* ---- HTTP/2 ---------------------------------------------------------------------------------- */

struct client {
    struct fixture *f;
    nghttp2_session *session;
    unsigned status;
    char id[200];
};

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *ctx)
{
    struct client *c = ctx;

    (void)session;
    (void)frame;
    (void)flags;
    if (tg_bytes_is_equal(tg_bytes(name, name_len), TG_LIT(":status"))) {
        c->status = (unsigned)((value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0'));
    } else if (tg_bytes_is_equal(tg_bytes(name, name_len), TG_LIT("mailbox-request-id"))) {
        assert_true(value_len < sizeof(c->id));
        memcpy(c->id, value, value_len);
        c->id[value_len] = '\0';
    }
    return 0;
}

static ssize_t endless(nghttp2_session *session, int32_t id, uint8_t *out, size_t len,
                       uint32_t *flags, nghttp2_data_source *source, void *ctx)
{
    (void)session;
    (void)id;
    (void)out;
    (void)len;
    (void)flags;
    (void)source;
    (void)ctx;
    return NGHTTP2_ERR_DEFERRED;
}

static void pass_bytes(struct client *c)
{
    for (size_t round = 0; round < 20; round++) {
        const uint8_t *data = NULL;
        ssize_t len = nghttp2_session_mem_send(c->session, &data);

        assert_true(len >= 0);
        if (len > 0) {
            (void)feed_bytes(c->f, data, (size_t)len);
        }
        c->f->proto->ops->pump(c->f->proto);
        if (c->f->out.len > 0) {
            assert_true(nghttp2_session_mem_recv(c->session, c->f->out.ptr, c->f->out.len) > 0);
            clear_output(c->f);
        }
    }
}

static nghttp2_nv nv(const char *name, const char *value)
{
    union {
        const char *from;
        uint8_t *to;
    } n = { .from = name }, v = { .from = value };

    return (nghttp2_nv){
        .name = n.to, .namelen = strlen(name), .value = v.to, .valuelen = strlen(value)
    };
}

#define FIELDS_MAX 80u

struct http2_case {
    const char *ids[2];
    size_t more_before, more_after; /* header lines around the first id */
    bool has_endless_body;
    void (*before)(struct fixture *f);
    void (*after)(struct fixture *f);
    unsigned status;
    const char *echo;
};

static const struct http2_case http2_cases[] = {
    { { "id/1", NULL }, 0, 0, false, use_up_rate, nothing, 429, "id/1" },
    { { NULL, NULL }, 0, 0, false, use_up_rate, nothing, 429, "" },
    { { "id/1", "id/2" }, 0, 0, false, use_up_rate, nothing, 429, "" },
    { { "id/1", "id/1" }, 0, 0, false, use_up_rate, nothing, 429, "id/1" },
    { { "id 1", NULL }, 0, 0, false, use_up_rate, nothing, 429, "" },
    { { "id/1", NULL }, 0, 0, false, forbid_waits, settle, 503, "id/1" },
    { { "id/1", NULL }, 0, 0, true, nothing, let_time_pass, 408, "id/1" },
    { { "id/1", NULL }, 0, 66, false, nothing, nothing, 431, "id/1" },
    { { "id/1", NULL }, 66, 0, false, nothing, nothing, 431, "id/1" },
    { { "id/1", "id/2" }, 66, 0, false, nothing, nothing, 431, "" },
};

static void play(struct client *c, const struct http2_case *test)
{
    nghttp2_nv fields[FIELDS_MAX] = { nv(":method", "POST"), nv(":scheme", "https"),
                                      nv(":authority", "relay"), nv(":path", "/v1/m") };
    nghttp2_data_provider provider = { .read_callback = endless };
    size_t count = 4;

    for (size_t i = 0; i < test->more_before; i++) {
        fields[count++] = nv("a", "b");
    }
    for (size_t i = 0; i < 2 && test->ids[i] != NULL; i++) {
        fields[count++] = nv("mailbox-request-id", test->ids[i]);
    }
    for (size_t i = 0; i < test->more_after; i++) {
        fields[count++] = nv("a", "b");
    }
    assert_true(nghttp2_submit_request(c->session, NULL, fields, count,
                                       test->has_endless_body ? &provider : NULL, NULL) > 0);
    pass_bytes(c);
    test->after(c->f);
    pass_bytes(c);
}

static void http2__each_refusal__repeats_a_well_formed_id_and_no_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(http2_cases); i++) {
        struct client c = { .f = fixture_new() };
        nghttp2_session_callbacks *callbacks = NULL;

        http2_cases[i].before(c.f);
        c.f->proto = tg_http2_new(&c.f->env, &c.f->io, &c.f->service);
        assert_non_null(c.f->proto);
        assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        assert_int_equal(nghttp2_session_client_new(&c.session, callbacks, &c), 0);
        nghttp2_session_callbacks_del(callbacks);
        assert_int_equal(nghttp2_submit_settings(c.session, NGHTTP2_FLAG_NONE, NULL, 0), 0);
        pass_bytes(&c);
        play(&c, &http2_cases[i]);
        if (c.status != http2_cases[i].status || strcmp(c.id, http2_cases[i].echo) != 0) {
            fail_msg("case %zu: got %u and \"%s\"", i, c.status, c.id);
        }
        nghttp2_session_del(c.session);
        fixture_free(c.f);
        tg_ledger_free(&ledger);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http1__each_refusal__repeats_a_well_formed_id_and_no_other),
        cmocka_unit_test(http1__id_at_its_limit__repeated_one_byte_more_not),
        CASE(http1__next_request_on_the_connection__does_not_get_the_id_before),
        cmocka_unit_test(http2__each_refusal__repeats_a_well_formed_id_and_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
