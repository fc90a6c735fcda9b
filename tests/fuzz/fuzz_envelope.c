/* SPDX-License-Identifier: Apache-2.0 */
/* The input is the text of an envelope, and then a plaintext. A sealed plaintext opens to the same
   bytes. */
#include "wire/envelope.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum tg_err fixed_fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)i;
    }
    return TG_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct tg_rng rng = { .fill = fixed_fill };
    struct tg_secret secret = { .bytes = { 1, 2, 3 }, .len = len % 2 == 0 ? 16 : 32 };
    struct tg_payload payload = { tg_envelope_type(&secret), tg_bytes(data, len) };
    struct tg_fault fault = { "" };
    struct tg_buf text;
    struct tg_buf plain;

    tg_buf_init(&text, 65536);
    tg_buf_init(&plain, TG_ENVELOPE_PLAIN_MAX);
    /* Opening may succeed: a seed of the corpus is a good envelope under this secret. */
    if (tg_envelope_open(&plain, &secret, &payload, &fault) != TG_OK) {
        assert(plain.len == 0 && fault.text[0] != '\0');
    }
    tg_buf_clear(&plain);
    if (tg_envelope_seal(&text, &secret, tg_bytes(data, len), &rng) == TG_OK) {
        payload.data = tg_buf_view(&text);
        assert(tg_envelope_open(&plain, &secret, &payload, NULL) == TG_OK);
        assert(plain.len == tg_envelope_bucket(len));
        assert(tg_bytes_is_equal(tg_bytes_first(tg_buf_view(&plain), len), tg_bytes(data, len)));
    } else {
        assert(len > TG_ENVELOPE_PLAIN_MAX);
    }
    tg_buf_deinit(&plain);
    tg_buf_deinit(&text);
    return 0;
}
