/* SPDX-License-Identifier: Apache-2.0 */
/* Lines "name: value" for the header reader. An accepted proof encodes to the same text. */
#include "base/b64.h"
#include "wire/headers.h"

#include <assert.h>

#define HEADERS_MAX 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tg_http_header headers[HEADERS_MAX];
    size_t count = 0;
    struct tg_bytes rest = tg_bytes(data, len);
    struct tg_request_headers h;

    while (rest.len > 0 && count < HEADERS_MAX) {
        struct tg_bytes line = tg_bytes_first(rest, tg_bytes_find(rest, '\n'));
        size_t colon = tg_bytes_find(line, ':');

        headers[count].name = tg_bytes_first(line, colon);
        headers[count].value = tg_bytes_from(line, colon + 1);
        count++;
        rest = tg_bytes_from(rest, line.len + 1);
    }
    tg_request_headers_parse(&h, headers, count);
    assert((h.claim_presence == TG_PRESENT) == (h.claim_fault.text[0] == '\0'));
    assert(h.request_id_presence != TG_PRESENT ||
           (h.request_id.len >= 1 && h.request_id.len <= TG_REQUEST_ID_MAX));
    if (h.proof.presence == TG_PRESENT) {
        struct tg_buf out;
        struct tg_http_header again = { TG_LIT(TG_HEADER_SECRET_PROOF), { NULL, 0 } };
        struct tg_request_headers back;

        tg_buf_init(&out, 100);
        tg_secret_proof_format(&out, &h.proof);
        again.value = tg_buf_view(&out);
        tg_request_headers_parse(&back, &again, 1);
        assert(back.proof.presence == TG_PRESENT);
        assert(back.proof.is_verifier == h.proof.is_verifier);
        assert(tg_ct_equal(TG_ARRAY_BYTES(back.proof.value), TG_ARRAY_BYTES(h.proof.value)));
        tg_buf_deinit(&out);
    }
    assert(h.end_note.len == 0 || h.faults[TG_RH_END_NOTE] == NULL);
    if (h.end_note.len > 0) {
        struct tg_buf note;

        tg_buf_init(&note, TG_END_NOTE_MAX);
        assert(tg_b64_decode(&note, h.end_note, TG_B64_URL) == TG_OK && note.len > 0);
        tg_buf_deinit(&note);
    }
    tg_request_headers_wipe(&h);
    return 0;
}
