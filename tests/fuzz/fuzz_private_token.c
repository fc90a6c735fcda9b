/* SPDX-License-Identifier: Apache-2.0 */
/* Any Authorization value: a token that was read is the same after it is written and read again. */
#include "base/b64.h"
#include "privacypass/token.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t token[TG_PRIVATE_TOKEN_LEN] = { 0 }, again[TG_PRIVATE_TOKEN_LEN] = { 0 };
    struct tg_private_token_issuers *issuers = NULL;
    struct tg_fault fault = { "" };

    if (tg_private_token_parse(token, tg_bytes(data, len)) == TG_OK) {
        struct tg_buf text;

        assert(tg_private_token_is_scheme(tg_bytes(data, len)));
        tg_buf_init(&text, 1000);
        tg_buf_append_str(&text, "PrivateToken token=\"");
        tg_b64_encode(&text, TG_ARRAY_BYTES(token), TG_B64_URL);
        tg_buf_append_str(&text, "\"");
        assert(tg_private_token_parse(again, tg_buf_view(&text)) == TG_OK);
        assert(tg_ct_equal(TG_ARRAY_BYTES(token), TG_ARRAY_BYTES(again)));
        tg_buf_deinit(&text);
    }
    if (tg_private_token_issuers_parse(&issuers, tg_bytes(data, len), &fault) == TG_OK) {
        struct tg_private_token_verdict verdict;

        tg_private_token_verify(&verdict, issuers, again, TG_LIT(""), TG_LIT("relay.example"), 1);
        assert(verdict.step != TG_PRIVATE_TOKEN_OK);
    } else {
        assert(issuers == NULL && fault.text[0] != '\0');
    }
    tg_private_token_issuers_free(&issuers);
    return 0;
}
