/* SPDX-License-Identifier: Apache-2.0 */
#include "push/verdict.h"

const struct tg_push_word *tg_push_word_find(const struct tg_push_word *words, size_t word_count,
                                             struct tg_bytes word, unsigned status)
{
    for (size_t i = 0; i < word_count; i++) {
        if ((words[i].status == 0 || words[i].status == status) &&
            tg_bytes_is_equal(word, tg_bytes_str(words[i].word))) {
            return &words[i];
        }
    }
    return NULL;
}

void tg_push_verdict_set(struct tg_push_verdict *out, enum tg_push_action action,
                         const char *reason, const struct tg_push_answer *answer)
{
    out->action = action;
    out->reason = reason;
    out->wait_s = answer->retry_after_s < TG_PUSH_ASKED_WAIT_MAX ? answer->retry_after_s
                                                                 : TG_PUSH_ASKED_WAIT_MAX;
}

const struct tg_push_range *tg_push_range_find(const struct tg_push_range *ranges,
                                               size_t range_count, unsigned status)
{
    for (size_t i = 0; i < range_count; i++) {
        if (status >= ranges[i].from && status <= ranges[i].to) {
            return &ranges[i];
        }
    }
    return NULL;
}

void tg_push_verdict_by_range(struct tg_push_verdict *out, const struct tg_push_range *ranges,
                              size_t range_count, const struct tg_push_answer *answer)
{
    const struct tg_push_range *row = tg_push_range_find(ranges, range_count, answer->status);

    if (row != NULL) {
        tg_push_verdict_set(out, row->action, row->reason, answer);
    } else {
        tg_push_verdict_set(out, TG_PUSH_WAIT_TOKEN, "provider_trouble", answer);
    }
}

static const struct tg_push_range by_status[] = {
    { 200, 200, TG_PUSH_TAKEN, "taken" },
    { 300, 399, TG_PUSH_BLAME_CONFIG, "redirect" },
    { 401, 401, TG_PUSH_BLAME_CONFIG, "unauthorized" },
    { 403, 403, TG_PUSH_BLAME_CONFIG, "forbidden" },
    { 407, 407, TG_PUSH_BLAME_CONFIG, "proxy" },
    { 408, 408, TG_PUSH_WAIT_PROVIDER, "timeout" },
    { 410, 410, TG_PUSH_DROP_TOKEN, "gone" },
    { 429, 429, TG_PUSH_WAIT_PROVIDER, "too_many_requests" },
    { 400, 499, TG_PUSH_BLAME_REQUEST, "bad_request" },
};

void tg_push_verdict_by_status(struct tg_push_verdict *out, unsigned status)
{
    const struct tg_push_range *row = tg_push_range_find(by_status, TG_COUNT(by_status), status);

    out->action = row != NULL ? row->action : TG_PUSH_WAIT_PROVIDER;
    out->reason = row != NULL ? row->reason : "provider_trouble";
}
