/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/attestation.h"

#include "base/b64.h"
#include "crypto/digest.h"
#include "wire/field.h"

#define LABEL "tigress-attestation-v1"
#define PART_COUNT 5u
#define LEN_BYTES 4u

/* spec: protocol/6#attestation-challenge */
enum tg_err tg_attestation_challenge(uint8_t out[TG_ATTESTATION_CHALLENGE_LEN],
                                     const struct tg_attestation_cover *cover)
{
    const struct tg_bytes parts[PART_COUNT] = { TG_LIT(LABEL), cover->claim, cover->request_id,
                                                cover->payload_type, cover->payload_data };
    uint8_t lens[PART_COUNT][LEN_BYTES];
    struct tg_bytes all[2 * PART_COUNT];

    for (size_t i = 0; i < PART_COUNT; i++) {
        if (parts[i].len > UINT32_MAX) {
            return TG_E_LIMIT;
        }
        for (size_t b = 0; b < LEN_BYTES; b++) {
            lens[i][b] = (uint8_t)(parts[i].len >> (8 * (LEN_BYTES - 1 - b)));
        }
        all[2 * i] = TG_ARRAY_BYTES(lens[i]);
        all[2 * i + 1] = parts[i];
    }
    return tg_sha256_parts(out, all, TG_COUNT(all));
}

/* spec: protocol/6#attestation-header */
enum tg_err tg_attestation_decode(struct tg_buf *out, struct tg_bytes value)
{
    size_t pad = 0;

    if (value.len > TG_ATTESTATION_HEADER_MAX) {
        return TG_E_LIMIT;
    }
    while (pad < 2 && pad < value.len && value.ptr[value.len - 1 - pad] == '=') {
        pad++;
    }
    if (value.len == pad || (pad > 0 && value.len % 4 != 0)) {
        return TG_E_SYNTAX;
    }
    return tg_b64_decode(out, tg_bytes_first(value, value.len - pad), TG_B64_URL);
}

void tg_attestation_encode(struct tg_buf *out, struct tg_bytes object)
{
    tg_b64_encode(out, object, TG_B64_URL);
}

/* ---- WWW-Authenticate ----------------------------------------------------------------------- */

static size_t scheme_len(struct tg_bytes piece)
{
    size_t space = tg_bytes_find(piece, ' ');
    size_t equals = tg_bytes_find(piece, '=');

    /* "name=value" belongs to the challenge before it; "Scheme", "Scheme name=value" begin one. */
    return equals < space ? 0 : space;
}

/* spec: protocol/1#www-authenticate */
bool tg_challenge_find(struct tg_buf *out, struct tg_bytes value, const char *scheme)
{
    struct tg_bytes piece = { NULL, 0 };
    bool is_in = false, is_found = false;

    while (tg_field_next(&piece, &value, ',')) {
        size_t len = scheme_len(piece);

        if (len > 0) {
            is_in = tg_bytes_is_equal_nocase(tg_bytes_first(piece, len), tg_bytes_str(scheme));
        }
        is_found = is_found || is_in;
        if (is_in && out != NULL) {
            tg_buf_append_str(out, out->len > 0 ? ", " : "");
            tg_buf_append(out, piece);
        }
    }
    return is_found;
}
