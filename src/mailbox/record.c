/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record has one encoding: a record that was decoded encodes to the same bytes. Integers are
 * big-endian; a text is preceded by its length in 4 bytes.
 *
 *   u8 format, u8 state, u8 flags, u8 rights, u64 version, u64 created, u64 expires
 *   claim of the initiator, claim of the recipient (if bound), verifier (if there is one)
 *   tombstones of format 2 only: end note, preceded by its length in 2 bytes (if there is one)
 *   live records only: title, description, image URL, payload type, payload data;
 *     for either side: token type and data (if there is one), its topic (if it has one),
 *       u8 count, requests done;
 *     u8 count, relinquished
 */
#include "mailbox/record.h"

#include "base/mem.h"
#include "base/reader.h"

#include <string.h>

enum flag {
    FLAG_RECIPIENT = 1,
    FLAG_VERIFIER = 2,
    FLAG_INITIATOR_TOKEN = 4,
    FLAG_RECIPIENT_TOKEN = 8,
    FLAG_RETURNED = 16,         /* format 2 */
    FLAG_END_NOTE = 32,         /* format 2 */
    FLAG_INITIATOR_TOPIC = 64,  /* format 2 */
    FLAG_RECIPIENT_TOPIC = 128, /* format 2 */
    FLAGS_TOPIC = FLAG_INITIATOR_TOPIC | FLAG_RECIPIENT_TOPIC,
    FLAGS_LIVE = 15 | FLAGS_TOPIC,
    FLAGS_TOMBSTONE = FLAG_RECIPIENT,
    FLAGS_FORMAT_2 = FLAG_RETURNED | FLAG_END_NOTE
};

#define RIGHTS_ALL ((unsigned)TG_RIGHT_READ | TG_RIGHT_WRITE | TG_RIGHT_DELETE)

/* ---- encode --------------------------------------------------------------------------------- */

static bool has_topic(const struct tg_notification_token *token)
{
    return token->is_present && token->topic.len > 0;
}

static uint8_t flags_of(const struct tg_mailbox *box)
{
    unsigned flags = 0;

    flags |= box->recipient.is_bound ? (unsigned)FLAG_RECIPIENT : 0u;
    flags |= box->has_verifier ? (unsigned)FLAG_VERIFIER : 0u;
    flags |= box->initiator.token.is_present ? (unsigned)FLAG_INITIATOR_TOKEN : 0u;
    flags |= box->recipient.token.is_present ? (unsigned)FLAG_RECIPIENT_TOKEN : 0u;
    flags |= box->was_returned ? (unsigned)FLAG_RETURNED : 0u;
    flags |= box->end_note.len > 0 ? (unsigned)FLAG_END_NOTE : 0u;
    flags |= has_topic(&box->initiator.token) ? (unsigned)FLAG_INITIATOR_TOPIC : 0u;
    flags |= has_topic(&box->recipient.token) ? (unsigned)FLAG_RECIPIENT_TOPIC : 0u;
    return (uint8_t)flags;
}

static void put_text(struct tg_buf *out, struct tg_bytes text)
{
    tg_buf_append_u32(out, (uint32_t)text.len);
    tg_buf_append(out, text);
}

static void put_side(struct tg_buf *out, const struct tg_mailbox_side *side)
{
    if (side->token.is_present) {
        put_text(out, side->token.type);
        put_text(out, side->token.token_data);
        if (has_topic(&side->token)) {
            put_text(out, side->token.topic);
        }
    }
    tg_buf_append_u8(out, (uint8_t)side->done_count);
    for (size_t i = 0; i < side->done_count; i++) {
        const struct tg_request_done *done = &side->done[i];

        tg_buf_append_u8(out, (uint8_t)done->call);
        tg_buf_append_u8(out, done->is_push_supported ? 1 : 0);
        tg_buf_append(out, TG_ARRAY_BYTES(done->id.bytes));
        tg_buf_append_u64(out, done->version);
    }
}

static void put_live(struct tg_buf *out, const struct tg_mailbox *box)
{
    put_text(out, box->display.title);
    put_text(out, box->display.description);
    put_text(out, box->display.image_url);
    put_text(out, box->payload.type);
    put_text(out, box->payload.data);
    put_side(out, &box->initiator);
    put_side(out, &box->recipient);
    tg_buf_append_u8(out, (uint8_t)box->relinquished_count);
    for (size_t i = 0; i < box->relinquished_count; i++) {
        tg_buf_append(out, TG_ARRAY_BYTES(box->relinquished[i].claim.bytes));
        tg_buf_append(out, TG_ARRAY_BYTES(box->relinquished[i].id.bytes));
        tg_buf_append_u64(out, box->relinquished[i].version);
    }
}

enum tg_err tg_record_encode(struct tg_buf *out, const struct tg_mailbox *box)
{
    enum tg_err err = TG_E_BUG;
    size_t start = out->len;

    TG_REQUIRE(box->created_s >= 0 && box->expires_s >= 0, TG_E_BUG);
    TG_REQUIRE(box->initiator.is_bound && box->end_note.len <= TG_END_NOTE_MAX, TG_E_BUG);
    tg_buf_append_u8(out,
                     (flags_of(box) & (FLAGS_FORMAT_2 | FLAGS_TOPIC)) != 0 ? TG_RECORD_FORMAT : 1u);
    tg_buf_append_u8(out, (uint8_t)box->state);
    tg_buf_append_u8(out, flags_of(box));
    tg_buf_append_u8(out, (uint8_t)box->rights);
    tg_buf_append_u64(out, box->version);
    tg_buf_append_u64(out, (uint64_t)box->created_s);
    tg_buf_append_u64(out, (uint64_t)box->expires_s);
    tg_buf_append(out, TG_ARRAY_BYTES(box->initiator.claim.bytes));
    if (box->recipient.is_bound) {
        tg_buf_append(out, TG_ARRAY_BYTES(box->recipient.claim.bytes));
    }
    if (box->has_verifier) {
        tg_buf_append(out, TG_ARRAY_BYTES(box->verifier));
    }
    if (box->state == TG_MAILBOX_LIVE) {
        put_live(out, box);
    } else if (box->end_note.len > 0) {
        tg_buf_append_u16(out, (uint16_t)box->end_note.len);
        tg_buf_append(out, box->end_note);
    }
    TG_TRY(tg_buf_status(out));
    TG_REQUIRE(out->len - start <= TG_RECORD_MAX, TG_E_LIMIT);
    err = TG_OK;
out:
    return err;
}

/* ---- decode --------------------------------------------------------------------------------- */

static struct tg_bytes get_text(struct tg_reader *r)
{
    return tg_reader_bytes(r, tg_reader_u32(r));
}

/* Zeros after a short read, which tg_reader_finish() reports. */
static void get_raw(struct tg_reader *r, uint8_t *out, size_t len)
{
    struct tg_bytes raw = tg_reader_bytes(r, len);

    if (raw.len == len) {
        memcpy(out, raw.ptr, len);
    }
}

static enum tg_err get_count(size_t *count, struct tg_reader *r)
{
    uint8_t n = tg_reader_u8(r);

    if (n > TG_REQUESTS_KEPT) {
        return TG_E_SYNTAX;
    }
    *count = n;
    return TG_OK;
}

static enum tg_err get_time(int64_t *time_s, struct tg_reader *r)
{
    uint64_t v = tg_reader_u64(r);

    if (v > INT64_MAX) {
        return TG_E_SYNTAX;
    }
    *time_s = (int64_t)v;
    return TG_OK;
}

static enum tg_err get_done(struct tg_request_done *done, struct tg_reader *r)
{
    uint8_t call = tg_reader_u8(r);
    uint8_t push = tg_reader_u8(r);

    if (call >= TG_CALL_COUNT || push > 1) {
        return TG_E_SYNTAX;
    }
    done->call = (enum tg_mailbox_call)call;
    done->is_push_supported = push == 1;
    get_raw(r, done->id.bytes, sizeof(done->id.bytes));
    done->version = tg_reader_u64(r);
    return TG_OK;
}

static enum tg_err get_side(struct tg_mailbox_side *side, struct tg_reader *r, bool has_token,
                            bool has_topic_text)
{
    enum tg_err err = TG_E_BUG;

    side->token.is_present = has_token;
    if (has_token) {
        side->token.type = get_text(r);
        side->token.token_data = get_text(r);
    }
    TG_REQUIRE(has_token || !has_topic_text, TG_E_SYNTAX);
    if (has_topic_text) {
        side->token.topic = get_text(r);
        TG_REQUIRE(side->token.topic.len > 0 && side->token.topic.len <= TG_TOKEN_TOPIC_MAX,
                   TG_E_SYNTAX);
    }
    TG_TRY(get_count(&side->done_count, r));
    for (size_t i = 0; i < side->done_count; i++) {
        TG_TRY(get_done(&side->done[i], r));
    }
    err = TG_OK;
out:
    return err;
}

static enum tg_err get_live(struct tg_mailbox *box, struct tg_reader *r, unsigned flags)
{
    enum tg_err err = TG_E_BUG;

    box->display.title = get_text(r);
    box->display.description = get_text(r);
    box->display.image_url = get_text(r);
    box->payload.type = get_text(r);
    box->payload.data = get_text(r);
    TG_TRY(get_side(&box->initiator, r, (flags & FLAG_INITIATOR_TOKEN) != 0,
                    (flags & FLAG_INITIATOR_TOPIC) != 0));
    TG_TRY(get_side(&box->recipient, r, (flags & FLAG_RECIPIENT_TOKEN) != 0,
                    (flags & FLAG_RECIPIENT_TOPIC) != 0));
    /* Without a recipient there is neither its token nor its requests. */
    TG_REQUIRE(box->recipient.is_bound ||
                   (!box->recipient.token.is_present && box->recipient.done_count == 0),
               TG_E_SYNTAX);
    TG_TRY(get_count(&box->relinquished_count, r));
    for (size_t i = 0; i < box->relinquished_count; i++) {
        get_raw(r, box->relinquished[i].claim.bytes, TG_CLAIM_HASH_LEN);
        get_raw(r, box->relinquished[i].id.bytes, TG_REQUEST_HASH_LEN);
        box->relinquished[i].version = tg_reader_u64(r);
    }
    err = TG_OK;
out:
    return err;
}

/* A record has one encoding: format 2 only with a flag that needs it, and a tombstone with a
   recipient was not returned. */
static enum tg_err check_tombstone(unsigned flags, unsigned format)
{
    unsigned newer = flags & FLAGS_FORMAT_2;
    bool is_good = (flags & ~((unsigned)FLAGS_TOMBSTONE | FLAGS_FORMAT_2)) == 0 &&
                   (newer != 0) == (format == 2) &&
                   !((flags & FLAG_RETURNED) != 0 && (flags & FLAG_RECIPIENT) != 0);

    return is_good ? TG_OK : TG_E_SYNTAX;
}

static enum tg_err get_end_note(struct tg_mailbox *box, struct tg_reader *r)
{
    size_t len = tg_reader_u16(r);

    box->end_note = tg_reader_bytes(r, len);
    return len >= 1 && len <= TG_END_NOTE_MAX ? TG_OK : TG_E_SYNTAX;
}

/* The fixed part. */
static enum tg_err get_head(struct tg_mailbox *box, unsigned *flags, struct tg_reader *r,
                            unsigned format)
{
    enum tg_err err = TG_E_BUG;
    uint8_t state = tg_reader_u8(r);

    *flags = tg_reader_u8(r);
    box->rights = tg_reader_u8(r);
    TG_REQUIRE(state >= TG_MAILBOX_LIVE && state <= TG_MAILBOX_ENDED_BY_RECIPIENT, TG_E_SYNTAX);
    box->state = (enum tg_mailbox_state)state;
    if (box->state == TG_MAILBOX_LIVE) {
        TG_REQUIRE((*flags & ~(unsigned)FLAGS_LIVE) == 0, TG_E_SYNTAX);
        TG_REQUIRE(((*flags & FLAGS_TOPIC) != 0) == (format == 2), TG_E_SYNTAX);
        TG_REQUIRE((box->rights & ~RIGHTS_ALL) == 0, TG_E_SYNTAX);
    } else {
        TG_TRY(check_tombstone(*flags, format));
        TG_REQUIRE(box->rights == 0, TG_E_SYNTAX);
    }
    box->version = tg_reader_u64(r);
    TG_TRY(get_time(&box->created_s, r));
    TG_TRY(get_time(&box->expires_s, r));
    box->initiator.is_bound = true;
    get_raw(r, box->initiator.claim.bytes, TG_CLAIM_HASH_LEN);
    box->recipient.is_bound = (*flags & FLAG_RECIPIENT) != 0;
    if (box->recipient.is_bound) {
        get_raw(r, box->recipient.claim.bytes, TG_CLAIM_HASH_LEN);
    }
    box->was_returned = (*flags & FLAG_RETURNED) != 0;
    box->has_verifier = (*flags & FLAG_VERIFIER) != 0;
    if (box->has_verifier) {
        get_raw(r, box->verifier, TG_PROOF_LEN);
    }
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_record_decode(struct tg_mailbox *box, struct tg_bytes data)
{
    enum tg_err err = TG_E_BUG;
    struct tg_reader r = tg_reader_init(data);
    struct tg_mailbox read = { .version = 0 };
    unsigned flags = 0;
    uint8_t format = tg_reader_u8(&r);

    TG_REQUIRE(data.len > 0, TG_E_SYNTAX);
    TG_REQUIRE(format >= 1 && format <= TG_RECORD_FORMAT, TG_E_UNSUPPORTED);
    TG_TRY(get_head(&read, &flags, &r, format));
    if (read.state == TG_MAILBOX_LIVE) {
        TG_TRY(get_live(&read, &r, flags));
    } else if ((flags & FLAG_END_NOTE) != 0) {
        TG_TRY(get_end_note(&read, &r));
    }
    TG_TRY(tg_reader_finish(&r));
    *box = read;
    err = TG_OK;
out:
    tg_mem_wipe(&read, sizeof(read));
    return err;
}
