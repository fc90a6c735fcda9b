/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saved state of a session: the fields of the table below, in its order, inside a frame
 * (client/saved_frame.h). Numbers are big-endian.
 */
#include <tigress/session.h>

#include "base/reader.h"
#include "client/engine.h"
#include "client/public_error.h"
#include "client/saved_check.h"
#include "client/saved_frame.h"
#include "client/session.h"
#include "client/text.h"

#include <stddef.h>
#include <string.h>

/* spec: protocol/7#saved-state-versions */
static const struct tg_saved_frame frame = {
    .magic = UINT32_C(0x54475353), /* "TGSS" */
    .version = 7,                  /* 2: envelope v2; 3: end notes; 4 to 7: see below */
    .oldest = 2,
    .max = 1024u * 1024u,
    .owner = "a session",
};

/* ---- the fields ----------------------------------------------------------------------------- */

enum field_type {
    NUMBER_8,
    NUMBER_16,
    NUMBER_64,
    ERROR,          /* 16 bits; 0 unless the session has failed */
    FLAGS,          /* 32 bits, one for each entry of flags */
    STANDING_FLAGS, /* 8 bits, one for each entry of standing_flags */
    RAW,            /* an array of bytes */
    STRING,         /* a C string in an array: 32 bits of length, the text without its NUL */
    SECRET,         /* a struct tg_secret: 32 bits of length, the bytes */
    SHORT_SECRET,   /* the same with 8 bits of length */
    TEXT,           /* a struct tg_buf: 32 bits of length, the bytes */
    HEADER_VALUE    /* the same, as one line */
};

/* Versions of the frame. */
#define WITH_END_NOTES 3u
#define WITH_WAIT_MAX 4u
#define WITH_REQUIRED_V2 5u
#define WITH_KEYS 6u
#define WITH_PAKE 7u

#define AT(member) offsetof(struct tigress_session, member)
#define ROW(type_, member)                                                                         \
    {                                                                                              \
        .type = (type_), .offset = AT(member),                                                     \
        .size = sizeof(((struct tigress_session *)0)->member), .is_standing = false                \
    }
/* At the end, and only in a session that uses good standing. */
#define STANDING_ROW(type_, member)                                                                \
    {                                                                                              \
        .type = (type_), .offset = AT(standing.member),                                            \
        .size = sizeof(((struct tigress_session *)0)->standing.member), .is_standing = true        \
    }

#define SINCE_ROW(since_, type_, member)                                                           \
    {                                                                                              \
        .type = (type_), .offset = AT(member),                                                     \
        .size = sizeof(((struct tigress_session *)0)->member), .since = (since_)                   \
    }

/* The order is part of the format. A new field goes behind the others, with a new version. */
static const struct field {
    enum field_type type;
    size_t offset; /* in struct tigress_session; not used for flags */
    size_t size;   /* bytes of the member */
    bool is_standing;
    unsigned since; /* version of the frame; 0: all that are read */
} fields[] = {
    ROW(NUMBER_8, role),
    ROW(NUMBER_8, state),
    ROW(NUMBER_8, read_mode),
    ROW(NUMBER_8, settings.secret_len),
    ROW(NUMBER_8, settings.rights),
    ROW(NUMBER_8, change.conflicts),
    { .type = FLAGS },
    ROW(NUMBER_16, settings.poll_s),
    ROW(NUMBER_16, settings.tries),
    ROW(ERROR, failure.error),
    ROW(NUMBER_16, url.port),
    ROW(NUMBER_64, mailbox.expires_at_s),
    ROW(NUMBER_64, mailbox.version),
    ROW(RAW, claim.bytes),
    ROW(RAW, change.request_id.bytes),
    ROW(RAW, url.mailbox.bytes),
    ROW(STRING, url.host),
    ROW(STRING, url.vertical),
    ROW(SECRET, url.secret),
    ROW(TEXT, display.title),
    ROW(TEXT, display.description),
    ROW(TEXT, display.image_url),
    ROW(TEXT, token.type),
    ROW(TEXT, token.data),
    ROW(TEXT, settings.allowed),
    ROW(TEXT, messages.draft),
    ROW(TEXT, change.envelope),
    ROW(TEXT, messages.seen),
    ROW(TEXT, messages.last),
    ROW(TEXT, messages.format),
    ROW(NUMBER_8, chain.stage),
    ROW(NUMBER_64, chain.seq),
    ROW(RAW, chain.transcript),
    ROW(RAW, chain.peer_key),
    ROW(SHORT_SECRET, chain.private_key),
    ROW(SHORT_SECRET, chain.keys.to_recipient),
    ROW(SHORT_SECRET, chain.keys.to_initiator),
    { .type = STANDING_FLAGS, .is_standing = true },
    STANDING_ROW(NUMBER_8, attest_when),
    STANDING_ROW(NUMBER_8, gate),
    STANDING_ROW(HEADER_VALUE, attestation),
    STANDING_ROW(HEADER_VALUE, authorization),
    STANDING_ROW(HEADER_VALUE, token_challenge),
    SINCE_ROW(WITH_END_NOTES, NUMBER_8, mailbox.opened),
    SINCE_ROW(WITH_END_NOTES, NUMBER_16, history.count),
    SINCE_ROW(WITH_END_NOTES, RAW, history.last),
    SINCE_ROW(WITH_END_NOTES, RAW, history.before),
    SINCE_ROW(WITH_END_NOTES, NUMBER_8, ending.decided),
    SINCE_ROW(WITH_END_NOTES, NUMBER_8, ending.end),
    SINCE_ROW(WITH_END_NOTES, NUMBER_8, ending.proof),
    SINCE_ROW(WITH_END_NOTES, HEADER_VALUE, ending.note),
    SINCE_ROW(WITH_END_NOTES, TEXT, token.topic),
    SINCE_ROW(WITH_WAIT_MAX, NUMBER_16, settings.wait_max_s),
    SINCE_ROW(WITH_REQUIRED_V2, NUMBER_8, chain.sas.stage),
    SINCE_ROW(WITH_REQUIRED_V2, RAW, chain.sas.value),
    SINCE_ROW(WITH_REQUIRED_V2, RAW, chain.sas.nonce),
    SINCE_ROW(WITH_REQUIRED_V2, RAW, chain.sas.digits),
    SINCE_ROW(WITH_KEYS, NUMBER_8, key.use),
    SINCE_ROW(WITH_KEYS, NUMBER_8, key.outcome),
    SINCE_ROW(WITH_KEYS, RAW, key.public_key),
    SINCE_ROW(WITH_KEYS, TEXT, key.name),
    SINCE_ROW(WITH_KEYS, TEXT, key.data),
    SINCE_ROW(WITH_KEYS, TEXT, key.answer),
    SINCE_ROW(WITH_PAKE, NUMBER_8, pake.use),
    SINCE_ROW(WITH_PAKE, SHORT_SECRET, pake.pin),
    SINCE_ROW(WITH_PAKE, NUMBER_8, chain.pake.stage),
    SINCE_ROW(WITH_PAKE, NUMBER_8, chain.pake.tries),
    SINCE_ROW(WITH_PAKE, RAW, chain.pake.agreement),
    SINCE_ROW(WITH_PAKE, RAW, chain.pake.share),
    SINCE_ROW(WITH_PAKE, RAW, chain.pake.tag),
    SINCE_ROW(WITH_PAKE, SHORT_SECRET, chain.pake.scalar),
    SINCE_ROW(WITH_PAKE, SHORT_SECRET, chain.pake.other.to_recipient),
    SINCE_ROW(WITH_PAKE, SHORT_SECRET, chain.pake.other.to_initiator),
};

/* From the lowest bit. */
static const size_t flags[] = {
    AT(settings.is_closed),   AT(change.is_attempted),    AT(change.is_cancelling),
    AT(messages.is_our_turn), AT(mailbox.is_known),       AT(messages.has_opened),
    AT(settings.must_prove),  AT(settings.wants_preview), AT(token.is_push_supported),
    AT(url.is_plain_http),    AT(url.is_direct),          AT(token.is_due),
    AT(token.is_carried),     AT(standing.is_used),       AT(history.is_unknown),
    AT(is_secret_exposed),    AT(mailbox.was_opened),     AT(settings.allows_old_proof),
    AT(v2.is_required),       AT(v2.is_disabled),         AT(v2.is_event_due),
    AT(chain.is_bare),        AT(chain.sas.is_confirmed),
};
static const size_t standing_flags[] = { AT(standing.wants_token), AT(standing.is_attest_tried),
                                         AT(standing.is_token_tried), AT(standing.is_demanded) };

/* ---- save ----------------------------------------------------------------------------------- */

/* A number or an enum, by the size of its member. */
static uint64_t number_at(const void *member, size_t size)
{
    uint64_t wide = 0;
    uint32_t word = 0;
    uint16_t half = 0;
    uint8_t byte = 0;

    if (size == sizeof(wide)) {
        memcpy(&wide, member, sizeof(wide));
    } else if (size == sizeof(word)) {
        memcpy(&word, member, sizeof(word));
        wide = word;
    } else if (size == sizeof(half)) {
        memcpy(&half, member, sizeof(half));
        wide = half;
    } else if (size == sizeof(byte)) { /* an enum, where compilers use the smallest type */
        memcpy(&byte, member, sizeof(byte));
        wide = byte;
    }
    return wide;
}

static uint32_t gather_flags(const struct tigress_session *s, const size_t *offsets, size_t count)
{
    uint32_t set = 0;

    for (size_t i = 0; i < count; i++) {
        bool is_set = false;

        memcpy(&is_set, (const char *)s + offsets[i], sizeof(is_set));
        set |= is_set ? 1u << i : 0;
    }
    return set;
}

static void put_text(struct tg_buf *out, struct tg_bytes text)
{
    tg_buf_append_u32(out, (uint32_t)text.len);
    tg_buf_append(out, text);
}

static void put_field(struct tg_buf *out, const struct tigress_session *s,
                      const struct field *field)
{
    const void *member = (const char *)s + field->offset;

    switch (field->type) {
    case NUMBER_8:
        tg_buf_append_u8(out, (uint8_t)number_at(member, field->size));
        break;
    case NUMBER_16:
        tg_buf_append_u16(out, (uint16_t)number_at(member, field->size));
        break;
    case NUMBER_64:
        tg_buf_append_u64(out, number_at(member, field->size));
        break;
    case ERROR:
        tg_buf_append_u16(out, s->state == TG_S_FAILED ? (uint16_t)s->failure.error : 0);
        break;
    case FLAGS:
        tg_buf_append_u32(out, gather_flags(s, flags, TG_COUNT(flags)));
        break;
    case STANDING_FLAGS:
        tg_buf_append_u8(out, (uint8_t)gather_flags(s, standing_flags, TG_COUNT(standing_flags)));
        break;
    case RAW:
        tg_buf_append(out, tg_bytes(member, field->size));
        break;
    case STRING:
        put_text(out, tg_bytes_str(member));
        break;
    case SECRET:
        put_text(out, tg_secret_view(member));
        break;
    case SHORT_SECRET:
        tg_buf_append_u8(out, (uint8_t)tg_secret_view(member).len);
        tg_buf_append(out, tg_secret_view(member));
        break;
    case TEXT:
    case HEADER_VALUE:
        put_text(out, tg_buf_view(member));
        break;
    }
}

enum tigress_error tigress_session_save(const struct tigress_session *s, unsigned char **out,
                                        size_t *len)
{
    struct tg_buf bytes;
    char *text = NULL;
    enum tg_err err = TG_E_BUG;

    if (s == NULL || out == NULL || len == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_buf_init(&bytes, frame.max);
    tg_saved_frame_begin(&bytes, &frame);
    for (size_t i = 0; i < TG_COUNT(fields); i++) {
        if (!fields[i].is_standing || s->standing.is_used) {
            put_field(&bytes, s, &fields[i]);
        }
    }
    TG_TRY(tg_saved_frame_end(&bytes));
    TG_TRY(tg_text_take(&bytes, &text, len));
    *out = (unsigned char *)text;
out:
    tg_buf_deinit(&bytes);
    return tg_public_error(err);
}

/* ---- read ----------------------------------------------------------------------------------- */

static void set_number(void *member, size_t size, uint64_t value)
{
    const uint32_t word = (uint32_t)value;
    const uint16_t half = (uint16_t)value;
    const uint8_t byte = (uint8_t)value;

    if (size == sizeof(value)) {
        memcpy(member, &value, sizeof(value));
    } else if (size == sizeof(word)) {
        memcpy(member, &word, sizeof(word));
    } else if (size == sizeof(half)) {
        memcpy(member, &half, sizeof(half));
    } else if (size == sizeof(byte)) {
        memcpy(member, &byte, sizeof(byte));
    }
}

static void scatter_flags(struct tigress_session *s, const size_t *offsets, size_t count,
                          uint32_t set)
{
    for (size_t i = 0; i < count; i++) {
        const bool is_set = (set & (1u << i)) != 0;

        memcpy((char *)s + offsets[i], &is_set, sizeof(is_set));
    }
}

static enum tg_err set_raw(void *out, size_t size, struct tg_bytes raw)
{
    if (raw.len != size) {
        return TG_E_SYNTAX;
    }
    memcpy(out, raw.ptr, size);
    return TG_OK;
}

static enum tg_err set_string(char *out, size_t cap, struct tg_bytes text)
{
    if (text.len >= cap || tg_bytes_find(text, 0) < text.len) {
        return TG_E_SYNTAX;
    }
    if (text.len > 0) {
        memcpy(out, text.ptr, text.len);
    }
    out[text.len] = '\0';
    return TG_OK;
}

static bool is_line(struct tg_bytes text)
{
    return tg_bytes_find(text, 0) == text.len && tg_bytes_find(text, '\r') == text.len &&
           tg_bytes_find(text, '\n') == text.len;
}

static enum tg_err set_standing_flags(struct tigress_session *s, uint32_t set)
{
    if (set >= 1u << TG_COUNT(standing_flags)) {
        return TG_E_SYNTAX;
    }
    scatter_flags(s, standing_flags, TG_COUNT(standing_flags), set);
    return TG_OK;
}

static struct tg_bytes get_text(struct tg_reader *r)
{
    size_t len = tg_reader_u32(r);

    return tg_reader_bytes(r, len);
}

static enum tg_err get_header_value(struct tg_buf *out, struct tg_reader *r)
{
    struct tg_bytes text = get_text(r);

    return is_line(text) ? tg_text_set(out, text) : TG_E_SYNTAX;
}

/* A field that is cut short reads as zeroes; tg_reader_finish refuses it. */
static enum tg_err get_field(struct tigress_session *s, const struct field *field,
                             struct tg_reader *r)
{
    void *member = (char *)s + field->offset;
    size_t len = 0;

    switch (field->type) {
    case NUMBER_8:
        set_number(member, field->size, tg_reader_u8(r));
        return TG_OK;
    case NUMBER_16:
    case ERROR:
        set_number(member, field->size, tg_reader_u16(r));
        return TG_OK;
    case NUMBER_64:
        set_number(member, field->size, tg_reader_u64(r));
        return TG_OK;
    case FLAGS:
        scatter_flags(s, flags, TG_COUNT(flags), tg_reader_u32(r));
        return TG_OK;
    case STANDING_FLAGS:
        return set_standing_flags(s, tg_reader_u8(r));
    case RAW:
        return set_raw(member, field->size, tg_reader_bytes(r, field->size));
    case STRING:
        return set_string(member, field->size, get_text(r));
    case SECRET:
        return tg_secret_set(member, get_text(r));
    case SHORT_SECRET:
        len = tg_reader_u8(r);
        return tg_secret_set(member, tg_reader_bytes(r, len));
    case TEXT:
        return tg_text_set(member, get_text(r));
    case HEADER_VALUE:
        return get_header_value(member, r);
    }
    return TG_E_BUG;
}

static enum tg_err get_fields(struct tigress_session *s, struct tg_reader *r, unsigned version)
{
    enum tg_err err = TG_E_BUG;

    for (size_t i = 0; i < TG_COUNT(fields); i++) {
        if ((!fields[i].is_standing || s->standing.is_used) && fields[i].since <= version) {
            TG_TRY(get_field(s, &fields[i], r));
        }
    }
    TG_TRY(tg_reader_finish(r));
out:
    return err;
}

/* A version without end notes kept no history, and did not save which end a delete was for. */
static void fill_in(struct tigress_session *s)
{
    s->history.is_unknown = s->messages.seen.len > 0;
    if (s->state == TG_S_DELETE) {
        s->ending.decided = !s->change.is_cancelling       ? TG_END_NOTE_COMPLETED
                            : s->role == TIGRESS_INITIATOR ? TG_END_NOTE_CANCELLED
                                                           : TG_END_NOTE_DECLINED;
    }
}

/* ---- resume --------------------------------------------------------------------------------- */

/* The relay may have the verifier of a create already: the repetition has the same one. */
static void keep_sent_verifier(struct tigress_session *s)
{
    s->settings.allows_old_proof =
        s->settings.must_prove && s->state == TG_S_CREATE && s->change.is_attempted;
}

/* Such a version sealed a message without room for a key with v1, and it cannot say whether the
   application or the other side was the reason for v1. */
static void fill_in_v2(struct tigress_session *s)
{
    if (s->chain.stage == TG_CHAIN_FRESH && s->messages.draft.len > tg_chain_room(s)) {
        tg_chain_reset(&s->chain, TG_CHAIN_V1);
    }
    s->v2 = (struct tg_session_v2){
        .is_disabled = s->chain.stage == TG_CHAIN_V1 && s->messages.seen.len == 0,
    };
    s->chain.is_bare = false;
    s->chain.sas.is_confirmed = false;
}

static enum tg_err load(struct tigress_session **out, struct tg_bytes saved, unsigned version)
{
    struct tg_reader r = tg_reader_init(saved);
    struct tg_reader first = r;
    unsigned role = tg_reader_u8(&first);
    struct tigress_session *s = NULL;
    struct tg_buf url;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&url, TG_SHARE_URL_MAX);
    TG_REQUIRE(role == TIGRESS_INITIATOR || role == TIGRESS_RECIPIENT, TG_E_SYNTAX);
    TG_TRY(tg_session_new(&s, (enum tigress_role)role));
    TG_TRY(get_fields(s, &r, version));
    if (version < WITH_END_NOTES) {
        fill_in(s);
    }
    if (version < WITH_WAIT_MAX) {
        keep_sent_verifier(s);
    }
    if (version < WITH_REQUIRED_V2) {
        fill_in_v2(s);
    }
    TG_REQUIRE(tg_saved_is_consistent(s), TG_E_SYNTAX);
    TG_TRY(tg_share_url_format(&url, &s->url, TG_SHARE_HTTPS));
    if (s->mailbox.is_known) {
        tg_uuid_format(s->mailbox.id_text, &s->url.mailbox);
    }
    if (s->state != TG_S_FAILED) {
        s->failure.error = TIGRESS_OK;
    }
    *out = s;
    s = NULL;
    err = TG_OK;
out:
    tg_buf_deinit(&url);
    tigress_session_free(&s);
    return err;
}

enum tigress_error tigress_session_resume(struct tigress_session **out, const unsigned char *data,
                                          size_t len, char *why, size_t why_cap)
{
    struct tg_bytes saved = { NULL, 0 };
    struct tg_fault fault = { "" };
    enum tg_err err = TG_E_BUG;

    tg_text_copy(why, why_cap, "");
    if (out == NULL || (data == NULL && len > 0)) {
        return TIGRESS_E_ARGUMENT;
    }
    err = tg_saved_frame_open(&saved, tg_bytes(data, len), &frame, &fault);
    if (err == TG_OK) {
        err = load(out, saved, tg_saved_frame_version(tg_bytes(data, len)));
        if (err != TG_OK && err != TG_E_NOMEM) {
            tg_fault_set(&fault, "the saved state is inconsistent");
        }
    }
    tg_text_copy(why, why_cap, fault.text);
    if (err == TG_OK || err == TG_E_NOMEM) {
        return tg_public_error(err);
    }
    return err == TG_E_CRYPTO ? TIGRESS_E_RANDOM : TIGRESS_E_SAVED_STATE;
}
