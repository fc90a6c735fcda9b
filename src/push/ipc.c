/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message is its kind in one byte, then
 *   JOB      id u64, expires_s u64, now_s u64, collapse 32; u16 + bytes of type, topic, data
 *   OUTCOME  id u64, provider u8, result u8, retry_at_s or good_after_s u64
 *   READY    nothing
 */
#include "push/ipc.h"

#include "base/reader.h"
#include "wire/types.h"

#include <string.h>

static void append_sized(struct tg_buf *out, struct tg_bytes text)
{
    tg_buf_append_u16(out, (uint16_t)text.len);
    tg_buf_append(out, text);
}

static void append_job(struct tg_buf *out, const struct tg_push_ipc_job *job)
{
    tg_buf_append_u64(out, job->id);
    tg_buf_append_u64(out, (uint64_t)job->expires_s);
    tg_buf_append_u64(out, (uint64_t)job->now_s);
    tg_buf_append(out, TG_ARRAY_BYTES(job->collapse));
    append_sized(out, job->token_type);
    append_sized(out, job->token_topic);
    append_sized(out, job->token_data);
}

static void append_outcome(struct tg_buf *out, const struct tg_push_ipc_outcome *outcome)
{
    tg_buf_append_u64(out, outcome->id);
    tg_buf_append_u8(out, (uint8_t)outcome->provider);
    tg_buf_append_u8(out, (uint8_t)outcome->result);
    tg_buf_append_u64(out,
                      (uint64_t)(outcome->result == TG_PUSH_RESULT_DROPPED ? outcome->good_after_s
                                                                           : outcome->retry_at_s));
}

enum tg_err tg_push_ipc_encode(struct tg_buf *out, const struct tg_push_ipc *msg)
{
    size_t start = out->len;

    tg_buf_append_u8(out, (uint8_t)msg->kind);
    switch (msg->kind) {
    case TG_PUSH_IPC_JOB:
        /* Each length fits two bytes, or the whole message exceeds the maximum below. */
        if (msg->of.job.token_type.len > TG_PUSH_IPC_MAX ||
            msg->of.job.token_topic.len > TG_TOKEN_TOPIC_MAX ||
            msg->of.job.token_data.len > TG_PUSH_IPC_MAX) {
            tg_buf_truncate(out, start);
            return TG_E_LIMIT;
        }
        append_job(out, &msg->of.job);
        break;
    case TG_PUSH_IPC_OUTCOME:
        append_outcome(out, &msg->of.outcome);
        break;
    case TG_PUSH_IPC_READY:
        break;
    }
    if (tg_buf_status(out) == TG_OK && out->len - start > TG_PUSH_IPC_MAX) {
        tg_buf_truncate(out, start);
        return TG_E_LIMIT;
    }
    return tg_buf_status(out);
}

/* UTC seconds. A value that does not fit becomes negative, and negative times are refused. */
static int64_t read_time(struct tg_reader *r)
{
    uint64_t v = tg_reader_u64(r);

    return v > INT64_MAX ? -1 : (int64_t)v;
}

static bool read_job(struct tg_push_ipc_job *job, struct tg_reader *r)
{
    struct tg_bytes collapse = { 0 };

    job->id = tg_reader_u64(r);
    job->expires_s = read_time(r);
    job->now_s = read_time(r);
    collapse = tg_reader_bytes(r, sizeof(job->collapse));
    job->token_type = tg_reader_bytes(r, tg_reader_u16(r));
    job->token_topic = tg_reader_bytes(r, tg_reader_u16(r));
    job->token_data = tg_reader_bytes(r, tg_reader_u16(r));
    if (collapse.len != sizeof(job->collapse) || job->token_type.len == 0 ||
        job->token_topic.len > TG_TOKEN_TOPIC_MAX || job->expires_s < 0 || job->now_s < 0) {
        return false;
    }
    memcpy(job->collapse, collapse.ptr, sizeof(job->collapse));
    return true;
}

static bool read_outcome(struct tg_push_ipc_outcome *outcome, struct tg_reader *r)
{
    uint8_t provider = 0;
    uint8_t result = 0;
    int64_t at_s = 0;

    outcome->id = tg_reader_u64(r);
    provider = tg_reader_u8(r);
    result = tg_reader_u8(r);
    at_s = read_time(r);
    if (provider >= TG_PUSH_COUNT || result >= TG_PUSH_RESULT_COUNT || at_s < 0) {
        return false;
    }
    outcome->provider = (enum tg_push_id)provider;
    outcome->result = (enum tg_push_result)result;
    outcome->retry_at_s = outcome->result == TG_PUSH_RESULT_RETRY ? at_s : 0;
    outcome->good_after_s = outcome->result == TG_PUSH_RESULT_DROPPED ? at_s : 0;
    return at_s == 0 || outcome->result == TG_PUSH_RESULT_RETRY ||
           outcome->result == TG_PUSH_RESULT_DROPPED;
}

static bool read_message(struct tg_push_ipc *msg, struct tg_reader *r)
{
    uint8_t kind = tg_reader_u8(r);

    switch (kind) {
    case TG_PUSH_IPC_JOB:
        msg->kind = TG_PUSH_IPC_JOB;
        return read_job(&msg->of.job, r);
    case TG_PUSH_IPC_OUTCOME:
        msg->kind = TG_PUSH_IPC_OUTCOME;
        return read_outcome(&msg->of.outcome, r);
    case TG_PUSH_IPC_READY:
        msg->kind = TG_PUSH_IPC_READY;
        return true;
    default:
        return false;
    }
}

enum tg_err tg_push_ipc_decode(struct tg_push_ipc *msg, struct tg_bytes data)
{
    struct tg_reader r = tg_reader_init(data);
    struct tg_push_ipc found = { .kind = TG_PUSH_IPC_READY };

    if (data.len > TG_PUSH_IPC_MAX || !read_message(&found, &r) || tg_reader_finish(&r) != TG_OK) {
        return TG_E_SYNTAX;
    }
    *msg = found;
    return TG_OK;
}
