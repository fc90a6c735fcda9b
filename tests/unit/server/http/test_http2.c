/* SPDX-License-Identifier: Apache-2.0 */
/* The engine with nghttp2 as its client. */
#include "unit/server/http/engine_fixture.h"

#include "base/mem.h"

#include <nghttp2/nghttp2.h>

struct client {
    struct fixture *f;
    nghttp2_session *session;
    unsigned status[2 * SEEN_MAX]; /* by stream id */
    char body[256];                /* of the last stream that got data */
    size_t field_count;
    uint32_t reset_code;
    size_t reset_count;
    size_t goaway_count;
    int32_t goaway_last_id;
    size_t closed_count;
    const uint8_t *upload;
    size_t upload_len;
    size_t upload_at;
    bool is_upload_endless;
};

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *ctx)
{
    struct client *c = ctx;

    (void)session;
    (void)flags;
    c->field_count++;
    if (tg_bytes_is_equal(tg_bytes(name, name_len), TG_LIT(":status")) && value_len == 3) {
        c->status[frame->hd.stream_id] =
            (unsigned)((value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0'));
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *ctx)
{
    struct client *c = ctx;

    (void)session;
    (void)flags;
    (void)id;
    if (len < sizeof(c->body)) {
        memcpy(c->body, data, len);
        c->body[len] = '\0';
    }
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct client *c = ctx;

    (void)session;
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
        c->reset_count++;
        c->reset_code = frame->rst_stream.error_code;
    }
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *ctx)
{
    struct client *c = ctx;

    (void)session;
    (void)id;
    (void)code;
    c->closed_count++;
    return 0;
}

static ssize_t read_upload(nghttp2_session *session, int32_t id, uint8_t *out, size_t len,
                           uint32_t *flags, nghttp2_data_source *source, void *ctx)
{
    struct client *c = ctx;
    size_t left = c->upload_len - c->upload_at;

    (void)session;
    (void)id;
    (void)source;
    if (left == 0 && c->is_upload_endless) {
        return NGHTTP2_ERR_DEFERRED;
    }
    len = len < left ? len : left;
    memset(out, 'b', len);
    c->upload_at += len;
    if (c->upload_at == c->upload_len && !c->is_upload_endless) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)len;
}

/* Counted in the bytes: an idle nghttp2 client does not report the second one. */
static void count_goaways(struct client *c)
{
    struct tg_bytes out = tg_buf_view(&c->f->out);

    while (out.len >= 9) {
        size_t len = ((size_t)out.ptr[0] << 16) | ((size_t)out.ptr[1] << 8) | out.ptr[2];

        if (out.ptr[3] == NGHTTP2_GOAWAY) {
            c->goaway_count++;
            c->goaway_last_id =
                (int32_t)(((uint32_t)out.ptr[9] << 24) | ((uint32_t)out.ptr[10] << 16) |
                          ((uint32_t)out.ptr[11] << 8) | out.ptr[12]);
        }
        out = tg_bytes_from(out, 9 + len);
    }
}

/* Passes bytes both ways until neither side has output. */
static void exchange(struct client *c)
{
    struct fixture *f = c->f;

    for (size_t round = 0; round < 200; round++) {
        const uint8_t *data = NULL;
        ssize_t len = nghttp2_session_mem_send(c->session, &data);

        assert_true(len >= 0);
        if (len > 0 && !f->proto->is_finished) {
            (void)feed_bytes(f, data, (size_t)len);
        }
        f->proto->ops->pump(f->proto);
        if (f->out.len > 0) {
            ssize_t used = 0;

            count_goaways(c);
            used = nghttp2_session_mem_recv(c->session, f->out.ptr, f->out.len);

            assert_int_equal(used, f->out.len);
            clear_output(f);
        } else if (len == 0) {
            return;
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

static int32_t request(struct client *c, const char *method, const char *path, bool has_body)
{
    nghttp2_nv fields[] = { nv(":method", method), nv(":scheme", "https"),
                            nv(":authority", "relay"), nv(":path", path), nv("x-last", "value") };
    nghttp2_data_provider provider = { .read_callback = read_upload };
    int32_t id = nghttp2_submit_request(c->session, NULL, fields, TG_COUNT(fields),
                                        has_body ? &provider : NULL, NULL);

    assert_true(id > 0);
    exchange(c);
    return id;
}

static int setup(void **state)
{
    struct client *c = tg_mem_calloc(1, sizeof(*c));
    nghttp2_session_callbacks *callbacks = NULL;

    assert_non_null(c);
    c->f = fixture_new();
    c->f->proto = tg_http2_new(&c->f->env, &c->f->io, &c->f->service);
    assert_non_null(c->f->proto);
    assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    assert_int_equal(nghttp2_session_client_new(&c->session, callbacks, c), 0);
    nghttp2_session_callbacks_del(callbacks);
    assert_int_equal(nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, NULL, 0), 0);
    exchange(c);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct client *c = *state;

    nghttp2_session_del(c->session);
    fixture_free(c->f);
    tg_mem_free(c);
    return 0;
}

static void request__get__answered(void **state)
{
    struct client *c = *state;
    int32_t id = request(c, "GET", "/v1/m/x?q", false);

    assert_int_equal(c->f->seen_count, 1);
    assert_string_equal(c->f->seen[0].method, "GET");
    assert_string_equal(c->f->seen[0].target, "/v1/m/x?q");
    assert_int_equal(c->f->seen[0].header_count, 1);
    assert_string_equal(c->f->seen[0].last_value, "value");
    assert_int_equal(c->status[id], 200);
    assert_int_equal(c->field_count, 4);
    assert_string_equal(c->body, "hello");
    assert_int_equal(c->closed_count, 1);
    assert_int_equal(c->reset_count, 0);
}

static void request__any_method__passed_to_the_service(void **state)
{
    struct client *c = *state;

    (void)request(c, "BREW", "/", false);
    assert_string_equal(c->f->seen[0].method, "BREW");
}

static void answer_to_head__has_content_length_and_no_body(void **state)
{
    struct client *c = *state;

    c->f->is_head = true;
    (void)request(c, "HEAD", "/", false);
    assert_string_equal(c->body, "");
    assert_int_equal(c->field_count, 4);
    assert_int_equal(c->closed_count, 1);
}

static void body__at_its_limit__passed_whole(void **state)
{
    struct client *c = *state;

    c->upload_len = 1000;
    (void)request(c, "POST", "/", true);
    assert_int_equal(c->f->seen[0].body_len, 1000);
    assert_false(c->f->seen[0].is_body_too_large);
    assert_int_equal(c->reset_count, 0);
}

static void body__one_byte_over_the_limit__answered_and_the_stream_not_reset(void **state)
{
    struct client *c = *state;
    int32_t id = 0;

    c->upload_len = 5000;
    id = request(c, "POST", "/", true);
    assert_int_equal(c->f->seen_count, 1);
    assert_true(c->f->seen[0].is_body_too_large);
    assert_int_equal(c->f->seen[0].body_len, 0);
    assert_int_equal(c->status[id], 200);
    assert_int_equal(c->reset_count, 0);
    assert_int_equal(c->closed_count, 1);
}

static ssize_t read_before_trailer(nghttp2_session *session, int32_t id, uint8_t *out, size_t len,
                                   uint32_t *flags, nghttp2_data_source *source, void *ctx)
{
    nghttp2_nv *trailer = source->ptr;

    (void)len;
    (void)ctx;
    out[0] = 'b';
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    assert_int_equal(nghttp2_submit_trailer(session, id, trailer, 1), 0);
    return 1;
}

/* spec-test: protocol/1#trailers */
static void trailer__of_the_head__400__another_ignored(void **state)
{
    static const struct {
        const char *name;
        unsigned status;
    } cases[] = { { "x-last", 200 },
                  { "mailbox-device-claim", 200 },
                  { "authorization", 400 },
                  { "content-length", 400 },
                  { "mailbox-secret-proof", 400 },
                  { "mailbox-known-recipient", 400 },
                  { "mailbox-end-note", 400 } };
    struct client *c = *state;

    c->f->settings.requests_max = 100;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        nghttp2_nv trailer = nv(cases[i].name, "1");
        nghttp2_nv fields[] = { nv(":method", "POST"), nv(":scheme", "https"),
                                nv(":authority", "relay"), nv(":path", "/") };
        nghttp2_data_provider provider = { .source.ptr = &trailer,
                                           .read_callback = read_before_trailer };
        int32_t id =
            nghttp2_submit_request(c->session, NULL, fields, TG_COUNT(fields), &provider, NULL);
        size_t seen = c->f->seen_count;

        exchange(c);
        if (cases[i].status == 200 || c->status[id] != 0) {
            assert_int_equal(c->status[id], cases[i].status);
        } else {
            assert_int_equal(c->reset_code, NGHTTP2_PROTOCOL_ERROR); /* refused by nghttp2 */
        }
        assert_int_equal(c->f->seen_count - seen, cases[i].status == 200 ? 1 : 0);
    }
}

static void body__answered_and_never_ended__stream_reset_after_head_time(void **state)
{
    struct client *c = *state;

    c->upload_len = 5000;
    c->is_upload_endless = true;
    (void)request(c, "POST", "/", true);
    assert_int_equal(c->reset_count, 0);
    pass_ms(c->f, 10500);
    exchange(c);
    assert_int_equal(c->reset_count, 1);
    assert_int_equal(c->reset_code, NGHTTP2_NO_ERROR);
}

static void slow_body__408_on_that_stream_only(void **state)
{
    struct client *c = *state;
    int32_t slow = 0;
    int32_t other = 0;

    c->upload_len = 500;
    c->is_upload_endless = true;
    slow = request(c, "POST", "/", true);
    pass_ms(c->f, 20500);
    exchange(c);
    assert_int_equal(c->status[slow], 0);
    pass_ms(c->f, 1000);
    exchange(c);
    assert_int_equal(c->status[slow], 408);
    other = request(c, "GET", "/", false);
    assert_int_equal(c->status[other], 200);
    assert_int_equal(c->goaway_count, 0);
}

static void streams__answered_in_another_order__each_gets_its_own(void **state)
{
    struct client *c = *state;
    int32_t first = 0;
    int32_t second = 0;

    c->f->play = PLAY_HOLD;
    first = request(c, "GET", "/1", false);
    second = request(c, "GET", "/2", false);
    answer(c->f, 1);
    exchange(c);
    assert_int_equal(c->status[second], 200);
    assert_int_equal(c->status[first], 0);
    answer(c->f, 0);
    exchange(c);
    assert_int_equal(c->status[first], 200);
}

static void stream__reset_by_the_peer__service_notified(void **state)
{
    struct client *c = *state;
    int32_t id = 0;

    c->f->play = PLAY_WAIT;
    id = request(c, "GET", "/", false);
    assert_int_equal(c->f->env.waiters.count, 1);
    (void)nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    exchange(c);
    assert_int_equal(c->f->cancel_count, 1);
    assert_int_equal(c->f->env.waiters.count, 0);
}

static void headers__64_accepted__65_refused_with_431(void **state)
{
    static char names[65][24];
    struct client *c = *state;

    for (size_t count = 64; count <= 65; count++) {
        nghttp2_nv fields[80] = { nv(":method", "GET"), nv(":scheme", "https"),
                                  nv(":authority", "relay"), nv(":path", "/") };
        int32_t id = 0;

        for (size_t i = 0; i < count; i++) {
            (void)snprintf(names[i], sizeof(names[i]), "x-%zu", i);
            fields[4 + i] = nv(names[i], "y");
        }
        id = nghttp2_submit_request(c->session, NULL, fields, 4 + count, NULL, NULL);
        exchange(c);
        assert_int_equal(c->status[id], count == 64 ? 200 : 431);
    }
    assert_int_equal(c->f->seen_count, 1);
}

static void head__over_32_KiB_431__long_target_414(void **state)
{
    static char value[TG_HEAD_MAX + 1];
    static char path[4098];
    struct client *c = *state;
    nghttp2_nv fields[] = { nv(":method", "GET"), nv(":scheme", "https"), nv(":authority", "r"),
                            nv(":path", "/"), nv("x", "") };
    int32_t id = 0;

    memset(value, 'v', TG_HEAD_MAX);
    fields[4] = nv("x", value);
    id = nghttp2_submit_request(c->session, NULL, fields, 5, NULL, NULL);
    exchange(c);
    assert_int_equal(c->status[id], 431);
    memset(path, '/', 4097);
    id = request(c, "GET", path, false);
    assert_int_equal(c->status[id], 414);
    path[4096] = '\0';
    c->f->seen_count = 0;
    id = request(c, "GET", path, false);
    assert_int_equal(c->status[id], 200);
    assert_int_equal(c->f->seen_count, 1);
}

static void connect__refused(void **state)
{
    struct client *c = *state;
    nghttp2_nv fields[] = { nv(":method", "CONNECT"), nv(":authority", "r:443") };
    int32_t id = nghttp2_submit_request(c->session, NULL, fields, 2, NULL, NULL);

    exchange(c);
    assert_int_equal(c->status[id], 400);
    assert_int_equal(c->f->seen_count, 0);
}

static void requests__fifth_of_five__two_goaways_then_closed(void **state)
{
    struct client *c = *state;

    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(c->goaway_count, 0);
        (void)request(c, "GET", "/", false);
    }
    assert_int_equal(c->goaway_count, 1);
    assert_int_equal(c->goaway_last_id, INT32_MAX);
    assert_false(c->f->proto->is_finished);
    pass_ms(c->f, 1500);
    exchange(c);
    assert_int_equal(c->goaway_count, 2);
    assert_int_equal(c->goaway_last_id, 9);
    assert_true(c->f->proto->is_finished);
    assert_int_equal(c->f->seen_count, 5);
}

static void drain__with_a_stream_open__answered_before_closing(void **state)
{
    struct client *c = *state;
    int32_t id = 0;

    c->f->play = PLAY_HOLD;
    id = request(c, "GET", "/", false);
    c->f->env.is_draining = true;
    c->f->proto->ops->drain(c->f->proto);
    exchange(c);
    pass_ms(c->f, 1500);
    exchange(c);
    assert_int_equal(c->goaway_count, 2);
    assert_false(c->f->proto->is_finished);
    answer(c->f, 0);
    exchange(c);
    assert_int_equal(c->status[id], 200);
    assert_true(c->f->proto->is_finished);
}

static void idle_connection__goaway_after_thirty_seconds(void **state)
{
    struct client *c = *state;

    pass_ms(c->f, 29500);
    exchange(c);
    assert_int_equal(c->goaway_count, 0);
    pass_ms(c->f, 1000);
    exchange(c);
    assert_int_equal(c->goaway_count, 1);
    pass_ms(c->f, 1500);
    exchange(c);
    assert_true(c->f->proto->is_finished);
}

static void pings__do_not_keep_an_idle_connection_open(void **state)
{
    struct client *c = *state;

    for (size_t i = 0; i < 31; i++) {
        pass_ms(c->f, 1000);
        (void)nghttp2_submit_ping(c->session, NGHTTP2_FLAG_NONE, NULL);
        exchange(c);
    }
    assert_in_range(c->goaway_count, 1, 2);
}

static void reader__opens_no_window__stream_reset_after_twenty_seconds(void **state)
{
    struct client *c = *state;
    const nghttp2_settings_entry none = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0 };

    (void)nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, &none, 1);
    exchange(c);
    (void)request(c, "GET", "/", false);
    pass_ms(c->f, 19000);
    exchange(c);
    assert_int_equal(c->reset_count, 0);
    pass_ms(c->f, 1500);
    exchange(c);
    assert_int_equal(c->reset_count, 1);
    assert_int_equal(c->reset_code, NGHTTP2_CANCEL);
    assert_false(c->f->proto->is_finished);
}

/* Other requests on the connection do not extend the time of an unread answer. */
static void reader__opens_no_window_but_sends_requests__stalled_stream_reset(void **state)
{
    struct client *c = *state;
    const nghttp2_settings_entry none = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0 };

    c->f->settings.requests_max = 100;
    (void)nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, &none, 1);
    exchange(c);
    (void)request(c, "GET", "/", false);
    c->f->is_head = true;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(c->reset_count, 0);
        pass_ms(c->f, 6000);
        (void)request(c, "HEAD", "/", false);
    }
    assert_int_equal(c->reset_count, 0);
    pass_ms(c->f, 2500);
    exchange(c);
    assert_int_equal(c->reset_count, 1);
    assert_int_equal(c->reset_code, NGHTTP2_CANCEL);
    assert_false(c->f->proto->is_finished);
    assert_int_equal(tg_metrics_counter_sum(c->f->metrics, TG_COUNTER_REFUSED_TIMEOUT), 1);
    (void)request(c, "HEAD", "/", false);
    assert_int_equal(c->status[9], 200);
}

static void reader__opens_window_in_time__served(void **state)
{
    struct client *c = *state;
    const nghttp2_settings_entry none = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0 };

    (void)nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, &none, 1);
    exchange(c);
    (void)request(c, "GET", "/", false);
    pass_ms(c->f, 19000);
    (void)nghttp2_submit_window_update(c->session, NGHTTP2_FLAG_NONE, 1, 100);
    exchange(c);
    assert_string_equal(c->body, "hello");
    assert_int_equal(c->closed_count, 1);
    pass_ms(c->f, 19000);
    exchange(c);
    assert_int_equal(c->reset_count, 0);
    assert_false(c->f->proto->is_finished);
}

static void long_polls__ninth_of_one_connection__503(void **state)
{
    struct client *c = *state;

    c->f->settings.requests_max = 100;
    c->f->play = PLAY_WAIT;
    for (size_t i = 0; i < TG_WAITS_PER_PEER_MAX; i++) {
        (void)request(c, "POST", "/", false);
    }
    tg_pending_settle(&c->f->env);
    assert_int_equal(c->f->cancel_count, 0);
    (void)request(c, "POST", "/", false);
    tg_pending_settle(&c->f->env);
    exchange(c);
    assert_int_equal(c->status[17], 503);
    assert_int_equal(c->f->env.waiters.count, TG_WAITS_PER_PEER_MAX);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(request__get__answered),
        CASE(request__any_method__passed_to_the_service),
        CASE(answer_to_head__has_content_length_and_no_body),
        CASE(body__at_its_limit__passed_whole),
        CASE(body__one_byte_over_the_limit__answered_and_the_stream_not_reset),
        CASE(trailer__of_the_head__400__another_ignored),
        CASE(body__answered_and_never_ended__stream_reset_after_head_time),
        CASE(slow_body__408_on_that_stream_only),
        CASE(streams__answered_in_another_order__each_gets_its_own),
        CASE(stream__reset_by_the_peer__service_notified),
        CASE(headers__64_accepted__65_refused_with_431),
        CASE(head__over_32_KiB_431__long_target_414),
        CASE(connect__refused),
        CASE(requests__fifth_of_five__two_goaways_then_closed),
        CASE(drain__with_a_stream_open__answered_before_closing),
        CASE(idle_connection__goaway_after_thirty_seconds),
        CASE(pings__do_not_keep_an_idle_connection_open),
        CASE(reader__opens_no_window__stream_reset_after_twenty_seconds),
        CASE(reader__opens_no_window_but_sends_requests__stalled_stream_reset),
        CASE(reader__opens_window_in_time__served),
        CASE(long_polls__ninth_of_one_connection__503),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
