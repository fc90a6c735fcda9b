/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "push/ipc.h"

#include "base/mem.h"
#include "wire/types.h"

#include <string.h>

static struct tg_push_ipc a_job(struct tg_bytes data)
{
    struct tg_push_ipc msg = { .kind = TG_PUSH_IPC_JOB };

    msg.of.job = (struct tg_push_ipc_job){ .id = UINT64_C(0x8877665544332211),
                                           .expires_s = 1893456000,
                                           .now_s = 1893000000,
                                           .token_type = TG_LIT("com.apple.apns"),
                                           .token_topic = TG_LIT("app"),
                                           .token_data = data };
    memset(msg.of.job.collapse, 0xc5, sizeof(msg.of.job.collapse));
    return msg;
}

static struct tg_push_ipc an_outcome(enum tg_push_result result, int64_t retry_at_s)
{
    struct tg_push_ipc msg = { .kind = TG_PUSH_IPC_OUTCOME };

    msg.of.outcome = (struct tg_push_ipc_outcome){
        .id = 42, .provider = TG_PUSH_WEBHOOK, .result = result, .retry_at_s = retry_at_s
    };
    return msg;
}

static void encode(struct tg_buf *out, const struct tg_push_ipc *msg)
{
    tg_buf_init(out, TG_PUSH_IPC_MAX);
    assert_int_equal(tg_push_ipc_encode(out, msg), TG_OK);
}

static void job__encoded__decodes_to_the_same(void **state)
{
    struct tg_push_ipc msg = a_job(TG_LIT("00ff11"));
    struct tg_push_ipc back = { .kind = TG_PUSH_IPC_READY };
    struct tg_buf out;

    (void)state;
    encode(&out, &msg);
    assert_int_equal(tg_push_ipc_decode(&back, tg_buf_view(&out)), TG_OK);
    assert_int_equal(back.kind, TG_PUSH_IPC_JOB);
    assert_true(back.of.job.id == msg.of.job.id);
    assert_int_equal(back.of.job.expires_s, 1893456000);
    assert_int_equal(back.of.job.now_s, 1893000000);
    assert_memory_equal(back.of.job.collapse, msg.of.job.collapse, 32);
    assert_true(tg_bytes_is_equal(back.of.job.token_type, TG_LIT("com.apple.apns")));
    assert_true(tg_bytes_is_equal(back.of.job.token_topic, TG_LIT("app")));
    assert_true(tg_bytes_is_equal(back.of.job.token_data, TG_LIT("00ff11")));
    tg_buf_deinit(&out);
}

static void outcome__each_result__decodes_to_the_same(void **state)
{
    (void)state;
    for (enum tg_push_result r = 0; r < TG_PUSH_RESULT_COUNT; r++) {
        int64_t at_s = r == TG_PUSH_RESULT_RETRY ? 1893456060 : 0;
        struct tg_push_ipc msg = an_outcome(r, at_s);
        struct tg_push_ipc back = { .kind = TG_PUSH_IPC_READY };
        struct tg_buf out;

        msg.of.outcome.good_after_s = r == TG_PUSH_RESULT_DROPPED ? 1893456099 : 0;
        encode(&out, &msg);
        assert_int_equal(tg_push_ipc_decode(&back, tg_buf_view(&out)), TG_OK);
        assert_int_equal(back.kind, TG_PUSH_IPC_OUTCOME);
        assert_int_equal(back.of.outcome.id, 42);
        assert_int_equal(back.of.outcome.provider, TG_PUSH_WEBHOOK);
        assert_int_equal(back.of.outcome.result, r);
        assert_int_equal(back.of.outcome.retry_at_s, at_s);
        assert_int_equal(back.of.outcome.good_after_s, msg.of.outcome.good_after_s);
        tg_buf_deinit(&out);
    }
}

static void ready__one_byte__decodes(void **state)
{
    struct tg_push_ipc msg = an_outcome(TG_PUSH_RESULT_TAKEN, 0);

    (void)state;
    assert_int_equal(tg_push_ipc_decode(&msg, TG_LIT("\x03")), TG_OK);
    assert_int_equal(msg.kind, TG_PUSH_IPC_READY);
    assert_int_equal(tg_push_ipc_decode(&msg, TG_LIT("\x03\x03")), TG_E_SYNTAX);
}

/* Every prefix of a message, and the message with one byte more. */
static void assert_only_whole(const struct tg_push_ipc *msg)
{
    struct tg_push_ipc back = { .kind = TG_PUSH_IPC_READY };
    struct tg_buf out;

    tg_buf_init(&out, TG_PUSH_IPC_MAX);
    assert_int_equal(tg_push_ipc_encode(&out, msg), TG_OK);
    for (size_t len = 0; len < out.len; len++) {
        assert_int_equal(tg_push_ipc_decode(&back, tg_bytes_first(tg_buf_view(&out), len)),
                         TG_E_SYNTAX);
    }
    tg_buf_append_u8(&out, 0);
    assert_int_equal(tg_push_ipc_decode(&back, tg_buf_view(&out)), TG_E_SYNTAX);
    assert_int_equal(back.kind, TG_PUSH_IPC_READY);
    tg_buf_deinit(&out);
}

static void decode__cut_or_longer__syntax_and_out_unchanged(void **state)
{
    struct tg_push_ipc job = a_job(TG_LIT("00ff11"));
    struct tg_push_ipc outcome = an_outcome(TG_PUSH_RESULT_RETRY, 5);

    (void)state;
    assert_only_whole(&job);
    assert_only_whole(&outcome);
}

static void assert_refused_with(const struct tg_push_ipc *msg, size_t at, uint8_t byte)
{
    struct tg_push_ipc back = { .kind = TG_PUSH_IPC_READY };
    struct tg_buf out;

    encode(&out, msg);
    assert_true(at < out.len);
    out.ptr[at] = byte;
    assert_int_equal(tg_push_ipc_decode(&back, tg_buf_view(&out)), TG_E_SYNTAX);
    tg_buf_deinit(&out);
}

static void decode__field_out_of_range__syntax(void **state)
{
    struct tg_push_ipc job = a_job(TG_LIT("00"));
    struct tg_push_ipc outcome = an_outcome(TG_PUSH_RESULT_TAKEN, 0);

    (void)state;
    assert_refused_with(&job, 0, 0);
    assert_refused_with(&job, 0, 4);
    assert_refused_with(&job, 9, 0x80);      /* expires_s, its sign */
    assert_refused_with(&job, 17, 0x80);     /* now_s, its sign */
    assert_refused_with(&outcome, 9, 4);     /* provider */
    assert_refused_with(&outcome, 10, 4);    /* result */
    assert_refused_with(&outcome, 11, 0x80); /* retry_at_s, its sign */
    assert_refused_with(&outcome, 18, 1);    /* retry_at_s of a job that is not retried */
    job.of.job.token_type = TG_LIT("");
    assert_refused_with(&job, 0, TG_PUSH_IPC_JOB);
}

static void job__longest__fits_and_one_more_does_not(void **state)
{
    const size_t overhead = 1 + 8 + 8 + 8 + 32 + 2 + 14 + 2 + 3 + 2;
    const size_t max = TG_PUSH_IPC_MAX - overhead;
    uint8_t *data = tg_mem_calloc(1, max + 1);
    struct tg_push_ipc msg = a_job(tg_bytes(data, max));
    struct tg_push_ipc back = { .kind = TG_PUSH_IPC_READY };
    struct tg_buf out;

    (void)state;
    assert_non_null(data);
    tg_buf_init(&out, (size_t)2 * TG_PUSH_IPC_MAX);
    tg_buf_append_u8(&out, 'x');
    assert_int_equal(tg_push_ipc_encode(&out, &msg), TG_OK);
    assert_int_equal(out.len, 1 + TG_PUSH_IPC_MAX);
    assert_int_equal(tg_push_ipc_decode(&back, tg_bytes_from(tg_buf_view(&out), 1)), TG_OK);
    assert_int_equal(back.of.job.token_data.len, max);
    tg_buf_truncate(&out, 1);
    msg = a_job(tg_bytes(data, max + 1));
    assert_int_equal(tg_push_ipc_encode(&out, &msg), TG_E_LIMIT);
    assert_int_equal(out.len, 1);
    msg.of.job.token_data.len = (size_t)1 << 20; /* refused by its length, not read */
    assert_int_equal(tg_push_ipc_encode(&out, &msg), TG_E_LIMIT);
    assert_int_equal(out.len, 1);
    tg_buf_deinit(&out);
    tg_mem_free(data);
}

static void job__topic__fits_and_one_byte_more_does_not(void **state)
{
    char topic[TG_TOKEN_TOPIC_MAX + 1] = { 0 };
    struct tg_push_ipc msg = a_job(TG_LIT("00"));
    struct tg_push_ipc back = { .kind = TG_PUSH_IPC_READY };
    struct tg_buf out;

    (void)state;
    memset(topic, 'a', sizeof(topic));
    msg.of.job.token_topic = tg_bytes(topic, TG_TOKEN_TOPIC_MAX);
    encode(&out, &msg);
    assert_int_equal(tg_push_ipc_decode(&back, tg_buf_view(&out)), TG_OK);
    assert_int_equal(back.of.job.token_topic.len, TG_TOKEN_TOPIC_MAX);
    tg_buf_clear(&out);
    msg.of.job.token_topic.len++;
    assert_int_equal(tg_push_ipc_encode(&out, &msg), TG_E_LIMIT);
    tg_buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(job__encoded__decodes_to_the_same),
        cmocka_unit_test(outcome__each_result__decodes_to_the_same),
        cmocka_unit_test(ready__one_byte__decodes),
        cmocka_unit_test(decode__cut_or_longer__syntax_and_out_unchanged),
        cmocka_unit_test(decode__field_out_of_range__syntax),
        cmocka_unit_test(job__longest__fits_and_one_more_does_not),
        cmocka_unit_test(job__topic__fits_and_one_byte_more_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
