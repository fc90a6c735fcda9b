/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/envelope2.h"

#include "base/mem.h"
#include "crypto/hkdf.h"
#include "wire/envelope.h"

#define PLACE_MAX 96u

static const uint8_t zero = 0;

/* ---- transcript ----------------------------------------------------------------------------- */

enum tg_err tg_envelope2_digest(uint8_t out[TG_SHA256_LEN], const struct tg_payload *payload)
{
    const struct tg_bytes parts[] = { payload->type, { &zero, 1 }, payload->data };

    return tg_sha256_parts(out, parts, TG_COUNT(parts));
}

/* spec: protocol/7#envelope-v2-transcript */
enum tg_err tg_envelope2_transcript_begin(uint8_t out[TG_SHA256_LEN], const struct tg_uuid *mailbox)
{
    const struct tg_bytes parts[] = { TG_LIT("tigress-transcript-v2"),
                                      { &zero, 1 },
                                      TG_ARRAY_BYTES(mailbox->bytes) };

    return tg_sha256_parts(out, parts, TG_COUNT(parts));
}

static void put_message_number(struct tg_buf *out, enum tg_envelope2_role sender, uint64_t seq)
{
    tg_buf_append_u8(out, (uint8_t)sender);
    tg_buf_append_u64(out, seq);
}

enum tg_err tg_envelope2_transcript_add(uint8_t out[TG_SHA256_LEN], const uint8_t in[TG_SHA256_LEN],
                                        enum tg_envelope2_role sender, uint64_t seq,
                                        const uint8_t digest[TG_SHA256_LEN])
{
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&text, PLACE_MAX);
    tg_buf_append(&text, tg_bytes(in, TG_SHA256_LEN));
    put_message_number(&text, sender, seq);
    tg_buf_append(&text, tg_bytes(digest, TG_SHA256_LEN));
    TG_TRY(tg_buf_status(&text));
    TG_TRY(tg_sha256(out, tg_buf_view(&text)));
out:
    tg_buf_deinit(&text);
    return err;
}

/* ---- keys ----------------------------------------------------------------------------------- */

void tg_envelope2_keys_wipe(struct tg_envelope2_keys *keys)
{
    tg_secret_wipe(&keys->to_recipient);
    tg_secret_wipe(&keys->to_initiator);
}

/* spec: protocol/7#envelope-v2-keys */
enum tg_err tg_envelope2_derive(struct tg_envelope2_keys *keys, const struct tg_secret *shared,
                                const struct tg_secret *secret,
                                const uint8_t transcript[TG_SHA256_LEN])
{
    struct tg_envelope2_keys made = { .to_recipient = { .len = 0 } };
    struct tg_bytes salt = tg_bytes(transcript, TG_SHA256_LEN);
    struct tg_buf ikm;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&ikm, (size_t)2 * TG_SECRET_MAX);
    TG_REQUIRE(tg_envelope_type(secret).len > 0 && shared->len == TG_X25519_LEN, TG_E_CRYPTO);
    tg_buf_append(&ikm, tg_secret_view(shared));
    tg_buf_append(&ikm, tg_secret_view(secret));
    TG_TRY(tg_buf_status(&ikm));
    TG_TRY(tg_hkdf_sha256(&made.to_recipient, secret->len, tg_buf_view(&ikm), salt,
                          TG_LIT("tigress-envelope-v2 initiator")));
    TG_TRY(tg_hkdf_sha256(&made.to_initiator, secret->len, tg_buf_view(&ikm), salt,
                          TG_LIT("tigress-envelope-v2 recipient")));
    *keys = made;
out:
    tg_envelope2_keys_wipe(&made);
    tg_buf_deinit(&ikm);
    return err;
}

/* ---- messages ------------------------------------------------------------------------------- */

/* spec: protocol/7#envelope-v2-additional-data */
static enum tg_err put_place(struct tg_buf *out, const struct tg_envelope2_place *place)
{
    tg_buf_append(out, TG_LIT("tigress-envelope-v2"));
    tg_buf_append_u8(out, 0);
    tg_buf_append(out, TG_ARRAY_BYTES(place->mailbox.bytes));
    put_message_number(out, place->sender, place->seq);
    tg_buf_append(out, TG_ARRAY_BYTES(place->transcript));
    return tg_buf_status(out);
}

enum tg_err tg_envelope2_seal(struct tg_buf *out, const struct tg_secret *key,
                              const struct tg_envelope2_place *place, struct tg_bytes json,
                              const struct tg_rng *rng)
{
    struct tg_buf bound;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&bound, PLACE_MAX);
    TG_TRY(put_place(&bound, place));
    TG_TRY(tg_envelope_seal_bound(out, key, tg_buf_view(&bound), json, rng));
out:
    tg_buf_deinit(&bound);
    return err;
}

enum tg_err tg_envelope2_open(struct tg_buf *out, const struct tg_secret *key,
                              const struct tg_envelope2_place *place,
                              const struct tg_payload *payload, struct tg_fault *fault)
{
    struct tg_buf bound;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&bound, PLACE_MAX);
    TG_TRY(put_place(&bound, place));
    TG_TRY(tg_envelope_open_bound(out, key, tg_buf_view(&bound), payload, fault));
out:
    tg_buf_deinit(&bound);
    return err;
}
