/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator's verifier sends, byte by byte; and any text as a question to it. */
#include "server/verifier_line.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t challenge[TG_ATTEST_HASH_LEN] = { 1 };
    struct tg_bytes all = tg_bytes(data, len);
    struct tg_ask_answer answer;
    struct tg_buf question;

    if (!tg_verifier_answer(&answer, all)) {
        assert(answer.verdict == TG_ASK_FAILED && len < TG_VERIFIER_ANSWER_MAX);
    }
    assert(answer.verdict == TG_ASK_VALID || !answer.is_user_verified);
    tg_buf_init(&question, TG_VERIFIER_QUESTION_MAX);
    if (tg_verifier_question(&question, tg_bytes_first(all, TG_ATTESTATION_HEADER_MAX),
                             challenge) == TG_OK) {
        assert(tg_bytes_find(tg_buf_view(&question), '\n') == question.len - 1);
    }
    tg_buf_deinit(&question);
    return 0;
}
