/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Envelope v2: the input selects position, key and text. A sealed message opens at its position and
 * at no other. Arbitrary text does not open. The member is removed from any JSON, and no other byte
 * changes.
 */
#include "base/reader.h"
#include "wire/envelope.h"
#include "wire/envelope2_member.h"
#include "wire/json.h"
#include "wire/json_text.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum tg_err fixed_fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 7, len);
    return TG_OK;
}

static struct tg_envelope2_place read_place(struct tg_reader *r)
{
    struct tg_envelope2_place place = { .seq = 0 };
    struct tg_bytes raw;

    place.sender = tg_reader_u8(r) % 2 == 0 ? TG_ENVELOPE2_INITIATOR : TG_ENVELOPE2_RECIPIENT;
    place.seq = tg_reader_u64(r);
    raw = tg_reader_bytes(r, TG_SHA256_LEN);
    if (raw.len == TG_SHA256_LEN) {
        memcpy(place.transcript, raw.ptr, raw.len);
    }
    return place;
}

static void check_seal(const struct tg_secret *key, const struct tg_envelope2_place *place,
                       struct tg_bytes json)
{
    const struct tg_rng rng = { .fill = fixed_fill };
    struct tg_payload payload = { .type = tg_envelope_type(key) };
    struct tg_envelope2_place other = *place;
    struct tg_buf text;
    struct tg_buf plain;

    tg_buf_init(&text, 65536);
    tg_buf_init(&plain, TG_ENVELOPE_PLAIN_MAX);
    payload.data = json;
    assert(tg_envelope2_open(&plain, key, place, &payload, NULL) != TG_OK && plain.len == 0);
    if (tg_envelope2_seal(&text, key, place, json, &rng) == TG_OK) {
        payload.data = tg_buf_view(&text);
        assert(tg_envelope2_open(&plain, key, place, &payload, NULL) == TG_OK);
        assert(tg_bytes_is_equal(tg_bytes_first(tg_buf_view(&plain), json.len), json));
        tg_buf_clear(&plain);
        other.seq++;
        assert(tg_envelope2_open(&plain, key, &other, &payload, NULL) == TG_E_CRYPTO &&
               plain.len == 0);
    } else {
        assert(json.len > TG_ENVELOPE_PLAIN_MAX);
    }
    tg_buf_deinit(&plain);
    tg_buf_deinit(&text);
}

static void check_member(struct tg_bytes json)
{
    static const struct tg_envelope2_member put = { .role = TG_ENVELOPE2_INITIATOR,
                                                    .public_key = { true, { 9 } },
                                                    .commitment = { true, { 1 } },
                                                    .nonce = { true, { 2 } },
                                                    .reveal = { true, { 3 } },
                                                    .pake = TG_PAKE_CPACE,
                                                    .pake_share = { true, { 4 } },
                                                    .pake_confirm = { true, { 5 } } };
    struct tg_envelope2_member member = { .is_present = false };
    struct tg_buf rest;
    struct tg_buf with;
    struct tg_buf again;

    tg_buf_init(&rest, 1u << 20);
    tg_buf_init(&with, 1u << 20);
    tg_buf_init(&again, 1u << 20);
    if (tg_envelope2_member_take(&rest, &member, json) == TG_OK) {
        struct tg_json *doc = NULL;

        assert(tg_json_parse(&doc, tg_buf_view(&rest), NULL) == TG_OK);
        tg_json_free(&doc);
        assert(member.is_present || tg_bytes_is_equal(tg_buf_view(&rest), json) ||
               tg_bytes_is_equal(tg_json_text_find(json, TG_ENVELOPE2_MEMBER), TG_LIT("null")));
        tg_envelope2_member_put(&with, tg_buf_view(&rest), &put);
        assert(tg_envelope2_member_take(&again, &member, tg_buf_view(&with)) == TG_OK);
        assert(member.is_present && member.wrong == NULL && member.role == put.role);
        assert(memcmp(&member.public_key, &put.public_key, sizeof(put.public_key)) == 0);
        assert(memcmp(&member.commitment, &put.commitment, sizeof(put.commitment)) == 0);
        assert(memcmp(&member.nonce, &put.nonce, sizeof(put.nonce)) == 0);
        assert(memcmp(&member.reveal, &put.reveal, sizeof(put.reveal)) == 0);
        assert(member.pake == put.pake);
        assert(memcmp(&member.pake_share, &put.pake_share, sizeof(put.pake_share)) == 0);
        assert(memcmp(&member.pake_confirm, &put.pake_confirm, sizeof(put.pake_confirm)) == 0);
        assert(tg_bytes_is_equal(tg_buf_view(&again), tg_buf_view(&rest)));
    } else {
        assert(rest.len == 0);
    }
    tg_buf_deinit(&again);
    tg_buf_deinit(&with);
    tg_buf_deinit(&rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tg_reader r = tg_reader_init(tg_bytes(data, len));
    struct tg_envelope2_place place = read_place(&r);
    struct tg_secret key = { .bytes = { 1, 2, 3 }, .len = place.seq % 2 == 0 ? 16 : 32 };

    check_seal(&key, &place, r.rest);
    check_member(r.rest);
    check_member(tg_bytes(data, len));
    return 0;
}
