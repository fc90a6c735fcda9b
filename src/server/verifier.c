/* SPDX-License-Identifier: Apache-2.0 */
#include "server/verifier.h"

#include "base/mem.h"
#include "server/net/clock.h"
#include "server/verifier_line.h"

struct question {
    struct tg_link link; /* in verifier.waiting */
    struct tg_verifier *verifier;
    tg_ask_fn *done;
    void *arg;
    bool is_active; /* it has its connection */
    bool is_done;
    unsigned open_count; /* handles that are not closed */
    uv_pipe_t pipe;
    uv_timer_t timer;
    uv_connect_t connect;
    uv_write_t write;
    struct tg_buf line;
    size_t received_len;
    char received[TG_VERIFIER_ANSWER_MAX];
};

static const struct tg_ask_answer failed = { .verdict = TG_ASK_FAILED };

static void begin_next(struct tg_verifier *v);

static void on_closed(uv_handle_t *handle)
{
    struct question *q = handle->data;

    if (--q->open_count == 0) {
        tg_buf_deinit(&q->line);
        tg_mem_free_secret(q, sizeof(*q));
    }
}

static void finish(struct question *q, const struct tg_ask_answer *answer)
{
    struct tg_verifier *v = q->verifier;

    if (q->is_done || uv_is_closing((uv_handle_t *)&q->pipe) != 0) {
        return; /* answered, or the worker has ended without it: see check_drained */
    }
    q->is_done = true;
    tg_link_remove(&q->link);
    v->pending_count--;
    v->active_count -= q->is_active ? 1 : 0;
    uv_close((uv_handle_t *)&q->pipe, on_closed);
    uv_close((uv_handle_t *)&q->timer, on_closed);
    begin_next(v);
    tg_clock_tick(v->env);
    q->done(q->arg, answer);
}

static void on_late(uv_timer_t *timer)
{
    finish(timer->data, &failed);
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *room)
{
    struct question *q = handle->data;

    (void)wanted;
    *room = uv_buf_init(q->received + q->received_len,
                        (unsigned)(sizeof(q->received) - q->received_len));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *room)
{
    struct question *q = stream->data;
    struct tg_ask_answer answer;

    (void)room;
    if (len < 0) {
        finish(q, &failed);
        return;
    }
    q->received_len += (size_t)len;
    if (tg_verifier_answer(&answer, tg_bytes(q->received, q->received_len))) {
        finish(q, &answer);
    }
}

static void on_written(uv_write_t *request, int status)
{
    struct question *q = request->data;

    if (status < 0) {
        finish(q, &failed);
    }
}

static void on_connected(uv_connect_t *request, int status)
{
    struct question *q = request->data;
    uv_stream_t *stream = (uv_stream_t *)&q->pipe;
    uv_buf_t line;

    if (q->is_done) {
        return; /* it was late */
    }
    line = uv_buf_init((char *)q->line.ptr, (unsigned)q->line.len);
    if (status < 0 || uv_read_start(stream, on_room, on_read) != 0 ||
        uv_write(&q->write, stream, &line, 1, on_written) != 0) {
        finish(q, &failed);
    }
}

static void begin(struct question *q)
{
    q->is_active = true;
    q->verifier->active_count++;
    uv_pipe_connect(&q->connect, &q->pipe, q->verifier->path, on_connected);
}

static void begin_next(struct tg_verifier *v)
{
    struct tg_link *link = NULL;

    if (v->active_count < TG_VERIFIER_ACTIVE_MAX && (link = tg_list_shift(&v->waiting)) != NULL) {
        begin(TG_CONTAINER(link, struct question, link));
    }
}

void tg_verifier_init(struct tg_verifier *v, uv_loop_t *loop, struct tg_env *env,
                      const struct tg_config *config)
{
    *v = (struct tg_verifier){ .loop = loop,
                               .env = env,
                               .path = tg_config_verifier_path(config),
                               .timeout_ms = config->standing.verifier_timeout_s * 1000u };
    tg_list_init(&v->waiting);
}

static struct question *question_new(struct tg_verifier *v, tg_ask_fn *done, void *arg)
{
    struct question *q = tg_mem_calloc(1, sizeof(*q));

    if (q != NULL) {
        q->verifier = v;
        q->done = done;
        q->arg = arg;
        q->open_count = 2;
        q->pipe.data = q->timer.data = q->connect.data = q->write.data = q;
        tg_buf_init(&q->line, TG_VERIFIER_QUESTION_MAX);
    }
    return q;
}

/* spec: protocol/6#operators-verifier */
enum tg_err tg_verifier_ask(struct tg_verifier *v, struct tg_bytes attestation,
                            const uint8_t challenge[TG_ATTEST_HASH_LEN], tg_ask_fn *done, void *arg)
{
    struct question *q = NULL;
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(v->path != NULL, TG_E_BUG);
    TG_REQUIRE(v->pending_count < TG_VERIFIER_PENDING_MAX, TG_E_FULL);
    q = question_new(v, done, arg);
    TG_REQUIRE(q != NULL, TG_E_NOMEM);
    TG_TRY(tg_verifier_question(&q->line, attestation, challenge));
    (void)uv_pipe_init(v->loop, &q->pipe, 0);
    (void)uv_timer_init(v->loop, &q->timer);
    uv_update_time(v->loop);
    (void)uv_timer_start(&q->timer, on_late, v->timeout_ms, 0);
    v->pending_count++;
    tg_list_append(&v->waiting, &q->link);
    begin_next(v);
    return TG_OK;
out:
    if (q != NULL) {
        tg_buf_deinit(&q->line);
        tg_mem_free_secret(q, sizeof(*q));
    }
    return err;
}
