/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/pake.h"

#include "base/mem.h"
#include "crypto/hkdf.h"

#define LABEL "tigress-pake-v1"
#define TEXT_MAX 160u /* bytes of what is put together here */

/* ---- what goes into CPace ------------------------------------------------------------------- */

static struct tg_cpace_part part_of(enum tg_envelope2_role role, struct tg_bytes share)
{
    struct tg_cpace_part part = { .share = share, .data = TG_LIT("initiator") };

    if (role == TG_ENVELOPE2_RECIPIENT) {
        part.data = TG_LIT("recipient");
    }
    return part;
}

/* spec: protocol/7#pake-run */
static enum tg_err put_id(struct tg_buf *out, const struct tg_pake_place *place)
{
    tg_buf_append(out, TG_ARRAY_BYTES(place->agreement));
    tg_buf_append_u64(out, place->attempt);
    return tg_buf_status(out);
}

static enum tg_err put_channel(struct tg_buf *out, const struct tg_pake_place *place)
{
    tg_buf_append(out, TG_LIT(LABEL));
    tg_buf_append_u8(out, 0);
    tg_buf_append(out, TG_ARRAY_BYTES(place->mailbox.bytes));
    return tg_buf_status(out);
}

enum tg_err tg_pake_begin(uint8_t share[TG_CPACE_LEN], struct tg_secret *scalar,
                          const struct tg_secret *pin, const struct tg_pake_place *place,
                          const struct tg_rng *rng)
{
    struct tg_cpace_inputs inputs = { .password = tg_secret_view(pin) };
    struct tg_buf id;
    struct tg_buf channel;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&id, TEXT_MAX);
    tg_buf_init(&channel, TEXT_MAX);
    TG_TRY(put_id(&id, place));
    TG_TRY(put_channel(&channel, place));
    inputs.id = tg_buf_view(&id);
    inputs.channel = tg_buf_view(&channel);
    TG_TRY(tg_cpace_begin(share, scalar, &inputs, rng));
out:
    tg_buf_deinit(&channel);
    tg_buf_deinit(&id);
    return err;
}

/* ---- tags ----------------------------------------------------------------------------------- */

static enum tg_err make_tag(uint8_t out[TG_SHA256_LEN], const struct tg_secret *tag_key,
                            const struct tg_cpace_part *part)
{
    struct tg_bytes text = { NULL, 0 };
    struct tg_buf said;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&said, TEXT_MAX);
    tg_cpace_put(&said, part->share);
    tg_cpace_put(&said, part->data);
    TG_TRY(tg_buf_status(&said));
    text = tg_buf_view(&said);
    TG_TRY(tg_hmac_sha256(out, tg_secret_view(tag_key), &text, 1));
out:
    tg_buf_deinit(&said);
    return err;
}

enum tg_err tg_pake_finish(struct tg_pake_result *out, enum tg_envelope2_role own,
                           const struct tg_secret *scalar, const struct tg_pake_place *place,
                           const struct tg_pake_shares *shares)
{
    const struct tg_cpace_part initiator = part_of(TG_ENVELOPE2_INITIATOR, shares->initiator);
    const struct tg_cpace_part recipient = part_of(TG_ENVELOPE2_RECIPIENT, shares->recipient);
    struct tg_pake_result made = { .key = { .len = 0 } };
    struct tg_secret tag_key = { .len = 0 };
    struct tg_buf id;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&id, TEXT_MAX);
    TG_TRY(put_id(&id, place));
    TG_TRY(tg_cpace_finish(&made.key, scalar, tg_buf_view(&id),
                           own == TG_ENVELOPE2_INITIATOR ? shares->recipient : shares->initiator,
                           &initiator, &recipient));
    TG_TRY(tg_cpace_tag_key(&tag_key, tg_buf_view(&id), &made.key));
    TG_TRY(make_tag(made.tag_initiator, &tag_key, &initiator));
    TG_TRY(make_tag(made.tag_recipient, &tag_key, &recipient));
    *out = made;
out:
    tg_mem_wipe(&made, sizeof(made));
    tg_secret_wipe(&tag_key);
    tg_buf_deinit(&id);
    return err;
}

/* ---- keys ----------------------------------------------------------------------------------- */

static enum tg_err mix(struct tg_secret *out, const struct tg_secret *before,
                       const struct tg_secret *key, const uint8_t transcript[TG_SHA256_LEN],
                       struct tg_bytes info)
{
    struct tg_buf ikm;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&ikm, (size_t)2 * TG_SECRET_MAX);
    TG_REQUIRE(before->len > 0 && key->len == TG_CPACE_KEY_LEN, TG_E_CRYPTO);
    tg_buf_append(&ikm, tg_secret_view(before));
    tg_buf_append(&ikm, tg_secret_view(key));
    TG_TRY(tg_buf_status(&ikm));
    TG_TRY(tg_hkdf_sha256(out, before->len, tg_buf_view(&ikm), tg_bytes(transcript, TG_SHA256_LEN),
                          info));
out:
    tg_buf_deinit(&ikm);
    return err;
}

/* spec: protocol/7#pake-keys */
enum tg_err tg_pake_keys(struct tg_envelope2_keys *keys, const struct tg_envelope2_keys *before,
                         const struct tg_secret *key, const uint8_t transcript[TG_SHA256_LEN])
{
    struct tg_envelope2_keys made = { .to_recipient = { .len = 0 } };
    enum tg_err err = TG_E_BUG;

    TG_TRY(mix(&made.to_recipient, &before->to_recipient, key, transcript,
               TG_LIT(LABEL " initiator")));
    TG_TRY(mix(&made.to_initiator, &before->to_initiator, key, transcript,
               TG_LIT(LABEL " recipient")));
    *keys = made;
out:
    tg_envelope2_keys_wipe(&made);
    return err;
}
