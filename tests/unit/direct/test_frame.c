/* SPDX-License-Identifier: Apache-2.0 */
/* The frames, and a device that knows the secret but breaks the protocol. */
#include "support/c/unit.h"

#include "unit/direct/direct_world.h"

#include "base/bytes.h"
#include "direct/frame.h"
#include "direct/tls.h"
#include "wire/share_url.h"

#include <stdlib.h>
#include <string.h>

#define HEADER(n, v)                                                                               \
    {                                                                                              \
        TG_LIT(n), TG_LIT(v)                                                                       \
    }

static const struct tg_direct_request request = {
    .method = { (const uint8_t *)"POST", 4 },
    .target = { (const uint8_t *)"/v1/m/x", 7 },
    .header_count = 2,
    .headers = { { { (const uint8_t *)"Accept", 6 }, { (const uint8_t *)"a b", 3 } },
                 { { (const uint8_t *)"Empty", 5 }, { NULL, 0 } } },
    .body = { (const uint8_t *)"{}\0\xff", 4 },
};

static struct tg_buf encoded(const struct tg_direct_request *r)
{
    struct tg_buf out;

    tg_buf_init(&out, TG_DIRECT_REQUEST_MAX);
    assert_int_equal(tg_direct_request_encode(&out, r), TG_OK);
    return out;
}

static void request__encoded__decodes_to_the_same(void **state)
{
    struct tg_buf frame = encoded(&request);
    struct tg_direct_request back;
    struct tg_buf again;
    size_t len = 0;

    (void)state;
    assert_int_equal(tg_direct_frame_next(tg_buf_view(&frame), TG_DIRECT_REQUEST_MAX, &len), TG_OK);
    assert_int_equal(len, frame.len);
    assert_int_equal(tg_direct_request_decode(&back, tg_buf_view(&frame)), TG_OK);
    assert_true(tg_bytes_is_equal(back.method, request.method));
    assert_true(tg_bytes_is_equal(back.target, request.target));
    assert_int_equal(back.header_count, 2);
    assert_true(tg_bytes_is_equal(back.headers[0].value, request.headers[0].value));
    assert_true(tg_bytes_is_equal(back.body, request.body));
    again = encoded(&back);
    assert_true(tg_bytes_is_equal(tg_buf_view(&again), tg_buf_view(&frame)));
    tg_buf_deinit(&again);
    tg_buf_deinit(&frame);
}

static void request__cut_or_longer_anywhere__refused_and_zero(void **state)
{
    struct tg_buf frame = encoded(&request);
    struct tg_direct_request back;
    size_t len = 77;

    (void)state;
    for (size_t i = 0; i < frame.len; i++) {
        struct tg_bytes cut = tg_bytes_first(tg_buf_view(&frame), i);

        assert_int_equal(tg_direct_frame_next(cut, TG_DIRECT_REQUEST_MAX, &len), TG_E_NOTFOUND);
        memset(&back, 0x55, sizeof(back));
        assert_int_not_equal(tg_direct_request_decode(&back, cut), TG_OK);
        assert_int_equal(back.header_count, 0);
        assert_int_equal(back.body.len, 0);
    }
    assert_int_equal(len, 77);
    tg_buf_append_u8(&frame, 0);
    assert_int_not_equal(tg_direct_request_decode(&back, tg_buf_view(&frame)), TG_OK);
    frame.ptr[3]++; /* the length includes it: one byte too many */
    assert_int_equal(tg_direct_request_decode(&back, tg_buf_view(&frame)), TG_E_SYNTAX);
    tg_buf_deinit(&frame);
}

/* spec-test: protocol/7#direct-frame-limits */
static void frame__announces_too_much_or_nothing__refused_from_its_length(void **state)
{
    static const struct {
        uint8_t head[4];
        enum tg_err err;
    } cases[] = {
        { { 0, 0, 0, 0 }, TG_E_LIMIT },     { { 0, 0, 0, 1 }, TG_E_NOTFOUND },
        { { 0, 0, 0, 96 }, TG_E_NOTFOUND }, /* 100 with its length */
        { { 0, 0, 0, 97 }, TG_E_LIMIT },    { { 0xff, 0xff, 0xff, 0xff }, TG_E_LIMIT },
    };
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        assert_int_equal(tg_direct_frame_next(TG_ARRAY_BYTES(cases[i].head), 100, &len),
                         cases[i].err);
    }
}

static void request__each_part_at_its_maximum__taken_and_one_more_refused(void **state)
{
    static char big[TG_DIRECT_REQUEST_BODY_MAX + 1];
    struct tg_buf out;

    (void)state;
    memset(big, 'x', sizeof(big));
    for (int part = 0; part < 5; part++) {
        static const size_t maxima[] = { TG_DIRECT_METHOD_MAX, TG_DIRECT_TARGET_MAX,
                                         TG_DIRECT_NAME_MAX, TG_DIRECT_VALUE_MAX,
                                         TG_DIRECT_REQUEST_BODY_MAX };

        for (size_t more = 0; more <= 1; more++) {
            struct tg_direct_request r = request, back;
            struct tg_bytes *parts[] = { &r.method, &r.target, &r.headers[0].name,
                                         &r.headers[0].value, &r.body };

            *parts[part] = tg_bytes(big, maxima[part] + more);
            tg_buf_init(&out, 2 * TG_DIRECT_REQUEST_MAX);
            assert_int_equal(tg_direct_request_encode(&out, &r), more == 0 ? TG_OK : TG_E_LIMIT);
            assert_int_equal(out.len == 0, more == 1);
            if (more == 0) {
                assert_int_equal(tg_direct_request_decode(&back, tg_buf_view(&out)), TG_OK);
            }
            tg_buf_deinit(&out);
        }
    }
}

static void request__control_characters__refused(void **state)
{
    static const char *const bad[] = { "a\r", "a\n", "a b\x7f", "\x01" };
    struct tg_direct_request back;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        for (int part = 0; part < 4; part++) {
            struct tg_direct_request r = request;
            struct tg_bytes *parts[] = { &r.method, &r.target, &r.headers[0].name,
                                         &r.headers[0].value };
            struct tg_buf frame;

            *parts[part] = tg_bytes_str(bad[i]);
            frame = encoded(&r);
            assert_int_equal(tg_direct_request_decode(&back, tg_buf_view(&frame)), TG_E_SYNTAX);
            tg_buf_deinit(&frame);
        }
    }
}

static void response__encoded_and_every_cut__same_or_refused(void **state)
{
    const struct tg_direct_response response = { .status = 404,
                                                 .header_count = 1,
                                                 .headers = { HEADER("mailbox-version", "3") },
                                                 .body = TG_LIT("{}") };
    struct tg_direct_response back;
    struct tg_buf frame;

    (void)state;
    tg_buf_init(&frame, TG_DIRECT_ANSWER_MAX);
    assert_int_equal(tg_direct_response_encode(&frame, &response), TG_OK);
    assert_int_equal(tg_direct_response_decode(&back, tg_buf_view(&frame)), TG_OK);
    assert_int_equal(back.status, 404);
    assert_true(tg_bytes_is_equal(back.body, response.body));
    for (size_t i = 0; i < frame.len; i++) {
        assert_int_not_equal(
            tg_direct_response_decode(&back, tg_bytes_first(tg_buf_view(&frame), i)), TG_OK);
        assert_int_equal(back.status, 0);
    }
    for (unsigned status = 0; status < 1000; status += 33) {
        frame.ptr[6] = (uint8_t)(status >> 8);
        frame.ptr[7] = (uint8_t)status;
        assert_int_equal(tg_direct_response_decode(&back, tg_buf_view(&frame)) == TG_OK,
                         status >= 100 && status <= 599);
    }
    tg_buf_deinit(&frame);
}

/* ---- on the wire ---------------------------------------------------------------------------- */

struct raw {
    struct direct_world *w;
    struct tg_direct_key *key;
    struct tg_direct_tls *tls;
    struct tg_buf in;
    unsigned conn;
};

static void pump(struct raw *r)
{
    size_t len = 1;
    bool moved = true;

    while (moved) {
        struct tg_bytes out = tg_direct_tls_output(r->tls);
        const unsigned char *data = NULL;

        moved = out.len > 0;
        (void)tigress_direct_host_received(r->w->host, r->conn, out.ptr, out.len, r->w->now_ms);
        tg_direct_tls_sent(r->tls, out.len);
        data = tigress_direct_host_output(r->w->host, r->conn, &len);
        moved = moved || len > 0;
        assert_int_equal(tg_direct_tls_feed(r->tls, tg_bytes(data, len)), TG_OK);
        tigress_direct_host_sent(r->w->host, r->conn, len, r->w->now_ms);
        if (tg_direct_tls_handshake(r->tls) == TG_DIRECT_IO_DONE) {
            (void)tg_direct_tls_read(r->tls, &r->in);
        }
    }
}

/* A device with the right secret, after the handshake. */
static void raw_open(struct raw *r, struct direct_world *w)
{
    struct tg_share_url url;

    *r = (struct raw){ .w = w };
    tg_buf_init(&r->in, TG_DIRECT_ANSWER_MAX);
    assert_int_equal(tg_share_url_parse(&url, tg_bytes_str(w->url), NULL), TG_OK);
    assert_int_equal(tg_direct_key_new(&r->key, TG_DIRECT_LINK, &url.secret), TG_OK);
    assert_int_equal(tg_direct_tls_new(&r->tls, r->key), TG_OK);
    assert_int_equal(tigress_direct_host_open(w->host, w->now_ms, &r->conn), TG_OK);
    (void)tg_direct_tls_handshake(r->tls);
    pump(r);
    assert_int_equal(tg_direct_tls_handshake(r->tls), TG_DIRECT_IO_DONE);
}

static void raw_close(struct raw *r)
{
    tigress_direct_host_close(r->w->host, r->conn);
    tg_direct_tls_free(&r->tls);
    tg_direct_key_free(&r->key);
    tg_buf_deinit(&r->in);
}

static void raw_send(struct raw *r, struct tg_bytes data)
{
    assert_int_equal(tg_direct_tls_write(r->tls, data), TG_OK);
    pump(r);
}

static unsigned raw_status(struct raw *r)
{
    struct tg_direct_response response;

    assert_int_equal(tg_direct_response_decode(&response, tg_buf_view(&r->in)), TG_OK);
    return response.status;
}

static void known_device__sends_nonsense__closed_counted_and_the_right_one_served(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        { "\0\0\0\0", 4 },
        { "\xff\xff\xff\xff", 4 },
        { "\0\1\x40\1", 4 },
        { "\0\0\0\1\1", 5 },
        { "\0\0\0\2\1\2", 6 },
        { "\0\0\0\2\2\1", 6 },
        { "GET / HTTP/1.1\r\n", 16 },
    };
    struct direct_world *w = *state;
    struct raw r;

    direct_invite(w);
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        raw_open(&r, w);
        raw_send(&r, tg_bytes(cases[i].bytes, cases[i].len));
        assert_int_equal(tigress_direct_host_is_open(w->host, r.conn), 0);
        assert_int_equal(tigress_direct_host_count(w->host, TIGRESS_DIRECT_MALFORMED), i + 1);
        assert_int_equal(r.in.len, 0);
        raw_close(&r);
    }
    assert_int_equal(direct_run(w, w->bob.session), TIGRESS_WANT_INPUT);
}

static void known_device__half_a_request__closed_after_ten_seconds(void **state)
{
    struct direct_world *w = *state;
    struct tg_buf frame = encoded(&request);
    struct raw r;

    direct_invite(w);
    for (size_t cut = 1; cut < frame.len; cut += 3) {
        raw_open(&r, w);
        w->now_ms += 5000; /* idle time does not count as time of the request */
        raw_send(&r, tg_bytes_first(tg_buf_view(&frame), cut));
        w->now_ms += TIGRESS_DIRECT_STALL_MS - 1;
        tigress_direct_host_tick(w->host, w->now_ms);
        assert_int_equal(tigress_direct_host_is_open(w->host, r.conn), 1);
        w->now_ms++;
        tigress_direct_host_tick(w->host, w->now_ms);
        assert_int_equal(tigress_direct_host_is_open(w->host, r.conn), 0);
        raw_close(&r);
    }
    tg_buf_deinit(&frame);
    assert_int_equal(direct_run(w, w->bob.session), TIGRESS_WANT_INPUT);
}

static void known_device__two_requests_at_once__closed(void **state)
{
    struct direct_world *w = *state;
    struct tg_buf frames = encoded(&request);
    struct raw r;

    direct_invite(w);
    assert_int_equal(tg_direct_request_encode(&frames, &request), TG_OK);
    raw_open(&r, w);
    raw_send(&r, tg_buf_view(&frames));
    assert_int_equal(tigress_direct_host_is_open(w->host, r.conn), 0);
    assert_int_equal(tigress_direct_host_count(w->host, TIGRESS_DIRECT_MALFORMED), 1);
    raw_close(&r);
    tg_buf_deinit(&frames);
}

static void known_device__does_not_read_its_answer__closed_after_ten_seconds(void **state)
{
    struct direct_world *w = *state;
    struct tg_buf frame = encoded(&request);
    struct tg_bytes out;
    struct raw r;

    direct_invite(w);
    raw_open(&r, w);
    assert_int_equal(tg_direct_tls_write(r.tls, tg_buf_view(&frame)), TG_OK);
    out = tg_direct_tls_output(r.tls);
    (void)tigress_direct_host_received(w->host, r.conn, out.ptr, out.len, w->now_ms);
    assert_non_null(tigress_direct_host_output(w->host, r.conn, NULL));
    tigress_direct_host_tick(w->host, w->now_ms + TIGRESS_DIRECT_STALL_MS - 1);
    assert_non_null(tigress_direct_host_output(w->host, r.conn, NULL));
    tigress_direct_host_tick(w->host, w->now_ms + TIGRESS_DIRECT_STALL_MS);
    assert_null(tigress_direct_host_output(w->host, r.conn, NULL));
    assert_int_equal(tigress_direct_host_is_open(w->host, r.conn), 0);
    raw_close(&r);
    tg_buf_deinit(&frame);
}

/* spec-test: protocol/7#direct-one-mailbox */
static void known_device__unknown_paths_and_methods__refused(void **state)
{
    static const struct {
        struct tg_bytes method, target;
        unsigned status;
    } cases[] = {
        { { (const uint8_t *)"POST", 4 }, { (const uint8_t *)"/v1/m", 5 }, 404 },
        { { (const uint8_t *)"GET", 3 }, { (const uint8_t *)"/", 1 }, 404 },
        { { (const uint8_t *)"GET", 3 }, { (const uint8_t *)"/v1/m/x", 7 }, 404 },
        { { (const uint8_t *)"OPTIONS", 7 }, { (const uint8_t *)"/v1/m", 5 }, 405 },
        { { (const uint8_t *)"GET", 3 },
          { (const uint8_t *)"/v1/m/2bba630e-519b-41ec-bf63-0242ac130002", 42 },
          404 },
    };
    struct direct_world *w = *state;
    struct raw r;

    direct_invite(w);
    raw_open(&r, w);
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_direct_request asked = { .method = cases[i].method, .target = cases[i].target };
        struct tg_buf frame = encoded(&asked);

        tg_buf_clear(&r.in);
        raw_send(&r, tg_buf_view(&frame));
        assert_int_equal(raw_status(&r), cases[i].status);
        tg_buf_deinit(&frame);
    }
    assert_int_equal(tigress_direct_host_is_open(w->host, r.conn), 1);
    raw_close(&r);
    assert_int_equal(direct_run(w, w->bob.session), TIGRESS_WANT_INPUT);
}

/* spec-test: protocol/7#direct-tls13-psk-dhe
   spec-test: protocol/7#direct-identity-tells-nothing */
static void hello__on_the_wire__tls13_with_a_key_exchange_and_no_identifier(void **state)
{
    struct direct_world *w = *state;
    struct tg_share_url url;
    struct tg_direct_key *key = NULL;
    struct tg_direct_tls *tls = NULL;
    struct tg_bytes hello;
    const uint8_t modes[] = { 0x00, 0x2d, 0x00, 0x02, 0x01, 0x01 }; /* only psk_dhe_ke */
    const uint8_t versions[] = { 0x00, 0x2b, 0x00, 0x03, 0x02, 0x03, 0x04 };
    bool has_modes = false, has_versions = false, has_identity = false, has_mailbox = false;

    direct_invite(w);
    assert_int_equal(tg_share_url_parse(&url, tg_bytes_str(w->url), NULL), TG_OK);
    assert_int_equal(tg_direct_key_new(&key, TG_DIRECT_LINK, &url.secret), TG_OK);
    assert_int_equal(tg_direct_tls_new(&tls, key), TG_OK);
    (void)tg_direct_tls_handshake(tls);
    hello = tg_direct_tls_output(tls);
    for (size_t i = 0; i < hello.len; i++) {
        struct tg_bytes rest = tg_bytes_from(hello, i);

        has_modes = has_modes || tg_bytes_has_prefix(rest, TG_ARRAY_BYTES(modes));
        has_versions = has_versions || tg_bytes_has_prefix(rest, TG_ARRAY_BYTES(versions));
        has_identity = has_identity || tg_bytes_has_prefix(rest, TG_LIT(TG_DIRECT_PSK_IDENTITY));
        has_mailbox = has_mailbox || tg_bytes_has_prefix(rest, tg_bytes(url.mailbox.bytes, 4)) ||
                      tg_bytes_has_prefix(rest, tg_bytes(url.secret.bytes, 4));
    }
    assert_true(has_modes && has_versions && has_identity);
    assert_false(has_mailbox);
    tg_direct_tls_free(&tls);
    tg_direct_key_free(&key);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, direct_set_up, direct_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request__encoded__decodes_to_the_same),
        cmocka_unit_test(request__cut_or_longer_anywhere__refused_and_zero),
        cmocka_unit_test(frame__announces_too_much_or_nothing__refused_from_its_length),
        cmocka_unit_test(request__each_part_at_its_maximum__taken_and_one_more_refused),
        cmocka_unit_test(request__control_characters__refused),
        cmocka_unit_test(response__encoded_and_every_cut__same_or_refused),
        CASE(known_device__sends_nonsense__closed_counted_and_the_right_one_served),
        CASE(known_device__half_a_request__closed_after_ten_seconds),
        CASE(known_device__two_requests_at_once__closed),
        CASE(known_device__does_not_read_its_answer__closed_after_ten_seconds),
        CASE(known_device__unknown_paths_and_methods__refused),
        CASE(hello__on_the_wire__tls13_with_a_key_exchange_and_no_identifier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
