/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any answer of a push provider or of FCM's token endpoint has a verdict with one of our words.
 * Only a good status means that the push was accepted, and no wait exceeds the maximum. The first
 * byte selects the provider; two more bytes are the status.
 */
#include "fuzz/fuzz_push_fcm.h"

#include "base/reader.h"
#include "push/verdict.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define NOW_S 1900000000

/* A verdict does not depend on a key, so the providers are not opened. */
static void judge(const struct tg_push_provider_ops *ops, const struct tg_push_answer *answer)
{
    struct tg_push_verdict verdict = { .reason = NULL };

    ops->judge(NULL, answer, NOW_S, &verdict);
    assert(verdict.reason != NULL && strlen(verdict.reason) > 0);
    assert(verdict.wait_s <= TG_PUSH_ASKED_WAIT_MAX);
    assert(verdict.action != TG_PUSH_TAKEN || answer->status / 100 == 2);
}

static void grant(const struct tg_push_answer *answer)
{
    static struct tg_push_provider *fcm; /* opened once, because opening its key takes long */
    static uint32_t count;
    struct tg_push_verdict verdict = { .reason = NULL };

    if (fcm == NULL) {
        fcm = fuzz_fcm_open(TG_LIT(FUZZ_FCM_ACCOUNT), NULL);
        assert(fcm != NULL);
    }
    tg_push_fcm_ops.credential_answer(fcm, NOW_S, answer, &verdict);
    assert(verdict.reason != NULL && verdict.wait_s <= TG_PUSH_ASKED_WAIT_MAX);
    assert((verdict.action == TG_PUSH_TAKEN) == !tg_push_fcm_ops.needs_credential(fcm, NOW_S));
    count += verdict.action == TG_PUSH_TAKEN ? 1 : 0;
    tg_push_fcm_ops.renew(fcm, count, NOW_S);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tg_reader r = tg_reader_init(tg_bytes(data, len));
    unsigned which = tg_reader_u8(&r) % (TG_PUSH_COUNT + 1u);
    struct tg_push_answer answer = { .status = 100u + tg_reader_u16(&r) % 500u };

    answer.retry_after_s = (uint32_t)r.rest.len * 7919u;
    answer.body = tg_bytes_first(r.rest, TG_PUSH_ANSWER_MAX);
    if (which == TG_PUSH_COUNT) {
        grant(&answer);
    } else {
        judge(tg_push_providers[which].ops, &answer);
    }
    return 0;
}
