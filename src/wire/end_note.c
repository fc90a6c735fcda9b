/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/end_note.h"

#include "base/b64.h"
#include "base/mem.h"
#include "base/reader.h"
#include "crypto/hkdf.h"

#include <string.h>

#define LABEL "tigress-end-note-v1"
#define BOUND_LEN (TG_UUID_LEN + 1u)

/* spec: protocol/7#end-note-sealed */
static enum tg_err derive(struct tg_secret *key, const struct tg_secret *base,
                          enum tg_envelope2_role maker)
{
    uint8_t info[sizeof(LABEL)] = LABEL;

    if (base->len != 16 && base->len != 32) {
        return TG_E_CRYPTO;
    }
    info[sizeof(LABEL) - 1] = (uint8_t)maker; /* in the place of the NUL */
    return tg_hkdf_sha256(key, base->len, tg_secret_view(base), tg_bytes(NULL, 0),
                          TG_ARRAY_BYTES(info));
}

static void put_bound(uint8_t bound[BOUND_LEN], const struct tg_uuid *mailbox,
                      enum tg_envelope2_role maker)
{
    memcpy(bound, mailbox->bytes, TG_UUID_LEN);
    bound[TG_UUID_LEN] = (uint8_t)maker;
}

static void put_plain(struct tg_buf *out, const struct tg_end_note *note)
{
    tg_buf_append_u8(out, (uint8_t)note->end);
    tg_buf_append_u64(out, note->sent);
    tg_buf_append_u64(out, note->received);
    tg_buf_append(out, TG_ARRAY_BYTES(note->transcript));
}

/* spec: protocol/7#end-note-sealed */
enum tg_err tg_end_note_seal(struct tg_buf *out, const struct tg_secret *base,
                             const struct tg_uuid *mailbox, enum tg_envelope2_role maker,
                             const struct tg_end_note *note, const struct tg_rng *rng)
{
    struct tg_secret key = { .len = 0 };
    uint8_t nonce[TG_AEAD_NONCE_LEN] = { 0 };
    uint8_t bound[BOUND_LEN];
    size_t start = out->len;
    struct tg_buf plain;
    struct tg_buf box;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&plain, TG_END_NOTE_PLAIN_LEN);
    tg_buf_init(&box, TG_END_NOTE_LEN);
    put_bound(bound, mailbox, maker);
    put_plain(&plain, note);
    TG_TRY(tg_buf_status(&plain));
    TG_TRY(derive(&key, base, maker));
    TG_TRY(tg_rng_fill(rng, nonce, sizeof(nonce)));
    tg_buf_append(&box, TG_ARRAY_BYTES(nonce));
    TG_TRY(tg_buf_status(&box));
    TG_TRY(tg_aead_seal(&box, &key, TG_ARRAY_BYTES(nonce), TG_ARRAY_BYTES(bound),
                        tg_buf_view(&plain)));
    tg_b64_encode(out, tg_buf_view(&box), TG_B64_URL);
    err = tg_buf_status(out);
    if (err != TG_OK) {
        tg_buf_truncate(out, start);
    }
out:
    tg_buf_deinit(&plain);
    tg_buf_deinit(&box);
    tg_secret_wipe(&key);
    return err;
}

/* spec: protocol/7#end-note-checked */
static enum tg_err read_plain(struct tg_end_note *note, struct tg_bytes plain)
{
    struct tg_reader r = tg_reader_init(plain);
    uint8_t end = tg_reader_u8(&r);
    struct tg_end_note read = { .sent = tg_reader_u64(&r), .received = 0 };
    struct tg_bytes transcript = { NULL, 0 };
    enum tg_err err = TG_E_BUG;

    read.received = tg_reader_u64(&r);
    transcript = tg_reader_bytes(&r, TG_SHA256_LEN);
    TG_TRY(tg_reader_finish(&r));
    TG_REQUIRE(end >= TG_END_NOTE_COMPLETED && end <= TG_END_NOTE_CANCELLED, TG_E_SYNTAX);
    read.end = (enum tg_end_note_end)end;
    memcpy(read.transcript, transcript.ptr, sizeof(read.transcript));
    *note = read;
out:
    tg_mem_wipe(&read, sizeof(read));
    return err;
}

enum tg_err tg_end_note_open(struct tg_end_note *note, const struct tg_secret *base,
                             const struct tg_uuid *mailbox, enum tg_envelope2_role maker,
                             struct tg_bytes text)
{
    struct tg_secret key = { .len = 0 };
    uint8_t box[TG_END_NOTE_LEN] = { 0 };
    uint8_t bound[BOUND_LEN];
    struct tg_bytes view = TG_ARRAY_BYTES(box);
    struct tg_buf plain;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&plain, TG_END_NOTE_PLAIN_LEN);
    put_bound(bound, mailbox, maker);
    TG_TRY(tg_b64_decode_exact(box, sizeof(box), text, TG_B64_URL));
    TG_TRY(derive(&key, base, maker));
    TG_TRY(tg_aead_open(&plain, &key, tg_bytes_first(view, TG_AEAD_NONCE_LEN),
                        TG_ARRAY_BYTES(bound), tg_bytes_from(view, TG_AEAD_NONCE_LEN)));
    TG_TRY(read_plain(note, tg_buf_view(&plain)));
out:
    tg_buf_deinit(&plain);
    tg_secret_wipe(&key);
    return err;
}
