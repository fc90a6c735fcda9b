/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What another device may send in a direct transfer. The first byte selects what is tested:
 *   0  frames: a frame that decodes encodes to the same bytes
 *   1  requests of a device that has proved the secret, to the mailbox itself
 *   2  bytes of a device without the secret, in pieces, with clock jumps and broken streams
 *   3  a host's saved state
 */
#include <tigress/direct.h>
#include <tigress/tigress.h>

#include "direct/frame.h"
#include "direct/mailbox.h"

#include <assert.h>
#include <string.h>

#define NOW_MS INT64_C(1900000000000)
#define MESSAGE "{\"format\":\"x\",\"content\":{}}"
#define CLAIM "6f3f1b5c-7a0e-4a86-9f0e-2d8f6a1c9b10"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum tg_err counting(void *ctx, uint8_t *out, size_t len)
{
    uint8_t *next = ctx;

    for (size_t i = 0; i < len; i++) {
        out[i] = (*next)++;
    }
    return TG_OK;
}

static void frames(struct tg_bytes input)
{
    struct tg_direct_request request;
    struct tg_direct_response response;
    struct tg_buf again;
    size_t frame_len = 0;

    if (tg_direct_frame_next(input, TG_DIRECT_ANSWER_MAX, &frame_len) != TG_OK) {
        return;
    }
    assert(frame_len > 4 && frame_len <= input.len);
    input = tg_bytes_first(input, frame_len);
    tg_buf_init(&again, TG_DIRECT_ANSWER_MAX);
    if (tg_direct_request_decode(&request, input) == TG_OK) {
        assert(tg_direct_request_encode(&again, &request) == TG_OK);
        assert(tg_bytes_is_equal(tg_buf_view(&again), input));
    } else if (tg_direct_response_decode(&response, input) == TG_OK) {
        assert(tg_direct_response_encode(&again, &response) == TG_OK);
        assert(tg_bytes_is_equal(tg_buf_view(&again), input));
    }
    tg_buf_deinit(&again);
}

static void ask(struct tg_direct_mailbox *mailbox, enum tg_direct_caller caller,
                const struct tg_direct_request *request)
{
    struct tg_direct_answer answer;
    struct tg_buf frame;
    enum tg_err err = tg_direct_mailbox_answer(mailbox, caller, request, TG_DIRECT_LOOK_FIRST,
                                               NOW_MS / 1000, &answer);

    if (err == TG_OK) {
        tg_buf_init(&frame, TG_DIRECT_ANSWER_MAX);
        assert(answer.response.status >= 200 && answer.response.status < 500);
        assert(tg_direct_response_encode(&frame, &answer.response) == TG_OK);
        tg_buf_deinit(&frame);
        tg_direct_answer_deinit(&answer);
    }
}

static void requests(struct tg_bytes input)
{
    const struct tg_direct_request create = {
        .method = { (const uint8_t *)"POST", 4 },
        .target = { (const uint8_t *)"/v1/m", 5 },
        .header_count = 3,
        .headers = { { TG_LIT("Mailbox-Device-Claim"), TG_LIT(CLAIM) },
                     { TG_LIT("Mailbox-Request-ID"), TG_LIT("1") },
                     { TG_LIT("Content-Type"), TG_LIT("application/json") } },
        .body = TG_LIT("{\"payload\":{\"type\":\"t\",\"data\":\"d\"},\"displayInformation\":"
                       "{\"title\":\"t\",\"description\":\"d\",\"imageURL\":\"\"},"
                       "\"mailboxConfiguration\":{\"accessRights\":\"RWD\","
                       "\"expiration\":\"2030-04-01T00:00:00Z\"}}"),
    };
    uint8_t next = 0;
    const struct tg_rng rng = { .fill = counting, .ctx = &next };
    struct tg_direct_mailbox mailbox;
    struct tg_direct_request request;
    size_t frame_len = 0;

    assert(tg_direct_mailbox_init(&mailbox, &rng) == TG_OK);
    tg_buf_append_str(&mailbox.origin, "tigress-direct://192.0.2.7:4711");
    ask(&mailbox, TG_DIRECT_LOCAL, &create);
    assert(mailbox.exists);
    while (tg_direct_frame_next(input, TG_DIRECT_REQUEST_MAX, &frame_len) == TG_OK) {
        if (tg_direct_request_decode(&request, tg_bytes_first(input, frame_len)) == TG_OK) {
            ask(&mailbox, TG_DIRECT_REMOTE, &request);
        }
        input = tg_bytes_from(input, frame_len);
    }
    tg_direct_mailbox_deinit(&mailbox);
}

static struct tigress_direct_host *shared_host(struct tigress_session **session)
{
    struct tigress_direct_host *host = NULL;

    assert(tigress_initiator_new(session, "tigress-direct://192.0.2.7:4711", MESSAGE,
                                 strlen(MESSAGE), NULL, 0) == TIGRESS_OK);
    assert(tigress_session_confirm_intent(*session) == TIGRESS_OK);
    assert(tigress_direct_host_new(&host) == TIGRESS_OK);
    assert(tigress_session_step(*session, NOW_MS / 1000) == TIGRESS_WANT_HTTP);
    assert(tigress_direct_host_perform(host, *session, NOW_MS, NULL) == TIGRESS_OK);
    return host;
}

static void stranger(struct tg_bytes input)
{
    struct tigress_session *session = NULL;
    struct tigress_direct_host *host = shared_host(&session);
    int64_t now_ms = NOW_MS;
    unsigned conn = 0;
    size_t left = 0;

    while (input.len >= 2) {
        unsigned what = input.ptr[0];
        struct tg_bytes piece = tg_bytes_first(tg_bytes_from(input, 2), input.ptr[1]);

        input = tg_bytes_from(input, 2 + piece.len);
        now_ms += (int64_t)(what >> 4) * 1500;
        tigress_direct_host_tick(host, now_ms);
        if (conn == 0 || (what & 1) != 0) {
            conn = tigress_direct_host_open(host, now_ms, &conn) == TIGRESS_OK ? conn : 0;
        }
        (void)tigress_direct_host_received(host, conn, piece.ptr, piece.len, now_ms);
        if (tigress_direct_host_output(host, conn, &left) != NULL && (what & 2) != 0) {
            tigress_direct_host_sent(host, conn, left, now_ms);
        }
        if ((what & 4) != 0) {
            tigress_direct_host_close(host, conn);
        }
    }
    assert(tigress_direct_host_count(host, TIGRESS_DIRECT_PROVED) == 0);
    assert(!tigress_direct_host_has_recipient(host));
    tigress_direct_host_free(&host);
    tigress_session_free(&session);
}

static void saved(struct tg_bytes input)
{
    struct tigress_direct_host *host = NULL;
    unsigned char *again = NULL;
    size_t again_len = 0;

    if (tigress_direct_host_resume(&host, input.ptr, input.len, NULL, 0) != TIGRESS_OK) {
        assert(host == NULL);
        return;
    }
    assert(tigress_direct_host_save(host, &again, &again_len) == TIGRESS_OK);
    assert(tg_bytes_is_equal(tg_bytes(again, again_len), input));
    tigress_free(again, again_len);
    tigress_direct_host_free(&host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const views[])(struct tg_bytes input) = { frames, requests, stranger, saved };

    if (len > 0) {
        views[data[0] % TG_COUNT(views)](tg_bytes(data + 1, len - 1));
    }
    return 0;
}
