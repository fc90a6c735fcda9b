/* SPDX-License-Identifier: Apache-2.0 */
#include "server/verifier_line.h"

#include "base/b64.h"
#include "wire/json.h"

#define VERDICT_MAX 16u

static bool is_visible(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e) {
            return false;
        }
    }
    return text.len > 0;
}

enum tg_err tg_verifier_question(struct tg_buf *out, struct tg_bytes attestation,
                                 const uint8_t challenge[TG_ATTEST_HASH_LEN])
{
    if (!is_visible(attestation)) {
        return TG_E_SYNTAX;
    }
    tg_buf_append_str(out, "{\"attestation\":");
    tg_json_put_string(out, attestation);
    tg_buf_append_str(out, ",\"challenge\":\"");
    tg_b64_encode(out, tg_bytes(challenge, TG_ATTEST_HASH_LEN), TG_B64_URL);
    tg_buf_append_str(out, "\"}\n");
    return tg_buf_status(out);
}

static const struct {
    const char *word;
    enum tg_ask_verdict verdict;
} verdicts[] = { { "valid", TG_ASK_VALID },
                 { "invalid", TG_ASK_INVALID },
                 { "unknown", TG_ASK_UNKNOWN } };

static enum tg_ask_verdict verdict_of(struct tg_bytes word)
{
    for (size_t i = 0; i < TG_COUNT(verdicts); i++) {
        if (tg_bytes_is_equal(word, tg_bytes_str(verdicts[i].word))) {
            return verdicts[i].verdict;
        }
    }
    return TG_ASK_FAILED;
}

static void read_line(struct tg_ask_answer *answer, struct tg_bytes line)
{
    struct tg_json *doc = NULL;
    struct tg_bytes word = { NULL, 0 };
    bool is_user_verified = false;
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_json_parse(&doc, line, NULL));
    TG_TRY(tg_json_get_string(&word, tg_json_top(doc), "verdict", TG_JSON_REQUIRED, 1, VERDICT_MAX,
                              NULL));
    TG_TRY(tg_json_get_bool(&is_user_verified, tg_json_top(doc), "userVerified", TG_JSON_OPTIONAL,
                            NULL));
    answer->verdict = verdict_of(word);
    answer->is_user_verified = answer->verdict == TG_ASK_VALID && is_user_verified;
out:
    tg_json_free(&doc);
}

bool tg_verifier_answer(struct tg_ask_answer *answer, struct tg_bytes received)
{
    size_t end = tg_bytes_find(received, '\n');

    *answer = (struct tg_ask_answer){ .verdict = TG_ASK_FAILED };
    if (end == received.len) {
        return received.len >= TG_VERIFIER_ANSWER_MAX;
    }
    if (end + 1 == received.len && received.len <= TG_VERIFIER_ANSWER_MAX) {
        read_line(answer, tg_bytes_first(received, end));
    }
    return true;
}
