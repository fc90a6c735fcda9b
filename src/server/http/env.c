/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/env.h"

#include "base/mem.h"
#include "server/http/pending.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#define KEPT_TEXT_MAX 4096u /* a larger buffer is not kept */
#define KEPT_BODY_MAX 16384u

void tg_env_init(struct tg_env *env, const struct tg_server_settings *settings,
                 const struct tg_log *log, struct tg_metrics_block *metrics,
                 atomic_size_t *wait_total, int64_t now_s, uint64_t now_mono_ms)
{
    memset(env, 0, sizeof(*env)); /* a literal of this size would not fit a small stack */
    env->settings = settings;
    env->log = log;
    env->metrics = metrics;
    env->wait_total = wait_total;
    env->now_s = now_s;
    env->now_mono_ms = now_mono_ms;
    env->date_s = INT64_MIN;
    tg_wheel_init(&env->wheel, now_mono_ms);
    tg_waiters_init(&env->waiters, tg_pending_woken);
    tg_list_init(&env->unsettled);
    tg_list_init(&env->free_mem);
    tg_buf_init(&env->scratch, TG_SCRATCH_MAX);
}

static void reqmem_free(struct tg_reqmem *m)
{
    tg_buf_deinit(&m->text);
    tg_buf_deinit(&m->body);
    tg_mem_free_secret(m, sizeof(*m));
}

void tg_env_deinit(struct tg_env *env)
{
    struct tg_link *link = NULL;

    while ((link = tg_list_shift(&env->free_mem)) != NULL) {
        reqmem_free(TG_CONTAINER(link, struct tg_reqmem, link));
    }
    env->free_mem_count = 0;
    tg_buf_deinit(&env->scratch);
    tg_waiters_deinit(&env->waiters);
}

static void put_digits(char *out, int value, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
}

struct tg_bytes tg_env_date(struct tg_env *env)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = (time_t)env->now_s;
    struct tm tm;

    if (env->date_s != env->now_s && gmtime_r(&now, &tm) != NULL) {
        memcpy(env->date, "Ddd, 00 Mmm 0000 00:00:00 GMT", TG_DATE_LEN + 1);
        memcpy(env->date, days + 3 * (size_t)tm.tm_wday, 3);
        put_digits(env->date + 5, tm.tm_mday, 2);
        memcpy(env->date + 8, months + 3 * (size_t)tm.tm_mon, 3);
        put_digits(env->date + 12, tm.tm_year + 1900, 4);
        put_digits(env->date + 17, tm.tm_hour, 2);
        put_digits(env->date + 20, tm.tm_min, 2);
        put_digits(env->date + 23, tm.tm_sec, 2);
        env->date_s = env->now_s;
    }
    return tg_bytes(env->date, TG_DATE_LEN);
}

struct tg_reqmem *tg_reqmem_take(struct tg_env *env, size_t body_max)
{
    struct tg_link *link = tg_list_shift(&env->free_mem);
    struct tg_reqmem *m = NULL;

    if (link != NULL) {
        env->free_mem_count--;
        m = TG_CONTAINER(link, struct tg_reqmem, link);
        m->body.max = body_max;
        return m;
    }
    m = tg_mem_calloc(1, sizeof(*m));
    if (m != NULL) {
        tg_buf_init(&m->text, TG_HEAD_MAX);
        tg_buf_init(&m->body, body_max);
    }
    return m;
}

void tg_reqmem_put(struct tg_env *env, struct tg_reqmem **m)
{
    struct tg_reqmem *mem = *m;

    *m = NULL;
    if (mem == NULL) {
        return;
    }
    if (env->free_mem_count >= TG_REQMEM_KEPT) {
        reqmem_free(mem);
        return;
    }
    tg_buf_clear(&mem->text);
    tg_buf_clear(&mem->body);
    if (mem->text.cap > KEPT_TEXT_MAX) {
        tg_buf_deinit(&mem->text);
    }
    if (mem->body.cap > KEPT_BODY_MAX) {
        tg_buf_deinit(&mem->body);
    }
    mem->target_len = 0;
    mem->field_count = 0;
    env->free_mem_count++;
    tg_list_append(&env->free_mem, &mem->link);
}

void tg_reqmem_request(struct tg_reqmem *m, struct tg_bytes method, struct tg_http_request *out)
{
    struct tg_bytes text = tg_buf_view(&m->text);

    for (size_t i = 0; i < m->field_count; i++) {
        assert((size_t)m->fields[i].value_at + m->fields[i].value_len <= text.len);
        m->headers[i].name = tg_bytes(text.ptr + m->fields[i].name_at, m->fields[i].name_len);
        m->headers[i].value = tg_bytes(text.ptr + m->fields[i].value_at, m->fields[i].value_len);
    }
    *out = (struct tg_http_request){
        .method = method,
        .target = tg_bytes_first(text, m->target_len),
        .headers = m->headers,
        .header_count = m->field_count,
        .body = tg_buf_view(&m->body),
    };
}
