/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saved state: a magic number, a version, the fields in a fixed order, each text with its length,
 * and SHA-256 over all of it. The hash finds damage; whoever can write the file can also read its
 * secrets, so it is no protection against a person, and needs none.
 */
#include <tigress/session.h>

#include "base/reader.h"
#include "client/engine.h"
#include "client/public_error.h"
#include "client/session.h"
#include "client/text.h"

#include <string.h>

#define SAVED_MAGIC UINT32_C(0x54475353) /* "TGSS" */
#define SAVED_VERSION 2u                 /* 2: envelope v2 */
#define SAVED_MAX (1024u * 1024u)

/* Bits of the flags word, in the order of the table in flag_at. */
static bool *flag_at(struct tigress_session *s, size_t i)
{
    bool *flags[] = {
        &s->settings.is_closed,   &s->change.is_attempted,    &s->change.is_cancelling,
        &s->messages.is_our_turn, &s->mailbox.is_known,       &s->messages.has_opened,
        &s->settings.must_prove,  &s->settings.wants_preview, &s->token.is_push_supported,
        &s->url.is_plain_http,    &s->url.is_direct,          &s->token.is_due,
        &s->token.is_carried,     &s->standing.is_used,
    };

    return i < TG_COUNT(flags) ? flags[i] : NULL;
}

#define FLAG_COUNT 14u
#define TEXT_COUNT 11u

static struct tg_buf *text_at(struct tigress_session *s, size_t i)
{
    struct tg_buf *texts[TEXT_COUNT] = {
        &s->display.title, &s->display.description, &s->display.image_url, &s->token.type,
        &s->token.data,    &s->settings.allowed,    &s->messages.draft,    &s->change.envelope,
        &s->messages.seen, &s->messages.last,       &s->messages.format,
    };

    return texts[i];
}

static void put_text(struct tg_buf *out, struct tg_bytes text)
{
    tg_buf_append_u32(out, (uint32_t)text.len);
    tg_buf_append(out, text);
}

static bool *standing_flag_at(struct tigress_session *s, size_t i)
{
    bool *flags[] = { &s->standing.wants_token, &s->standing.is_attest_tried,
                      &s->standing.is_token_tried, &s->standing.is_insisted };

    return flags[i];
}

#define STANDING_FLAG_COUNT 4u
#define STANDING_TEXT_COUNT 3u

static struct tg_buf *standing_text_at(struct tigress_session *s, size_t i)
{
    struct tg_buf *texts[STANDING_TEXT_COUNT] = { &s->standing.attestation,
                                                  &s->standing.authorization,
                                                  &s->standing.token_challenge };

    return texts[i];
}

/* At the end, and only where it is used: state that was saved before there was any still loads. */
static void put_standing(struct tg_buf *out, struct tigress_session *s)
{
    uint8_t flags = 0;

    if (!s->standing.is_used) {
        return;
    }
    for (size_t i = 0; i < STANDING_FLAG_COUNT; i++) {
        flags |= (uint8_t)(*standing_flag_at(s, i) ? 1u << i : 0);
    }
    tg_buf_append_u8(out, flags);
    tg_buf_append_u8(out, (uint8_t)s->standing.attest_when);
    tg_buf_append_u8(out, (uint8_t)s->standing.gate);
    for (size_t i = 0; i < STANDING_TEXT_COUNT; i++) {
        put_text(out, tg_buf_view(standing_text_at(s, i)));
    }
}

static enum tg_err get_standing(struct tigress_session *s, struct tg_reader *r)
{
    enum tg_err err = TG_E_BUG;
    unsigned flags = tg_reader_u8(r);

    for (size_t i = 0; i < STANDING_FLAG_COUNT; i++) {
        *standing_flag_at(s, i) = (flags & (1u << i)) != 0;
    }
    s->standing.attest_when = (enum tigress_attestation_when)tg_reader_u8(r);
    s->standing.gate = (enum tg_state)tg_reader_u8(r);
    TG_REQUIRE(flags < 1u << STANDING_FLAG_COUNT &&
                   s->standing.attest_when <= TIGRESS_ATTEST_ALWAYS,
               TG_E_SYNTAX);
    for (size_t i = 0; i < STANDING_TEXT_COUNT; i++) {
        size_t len = tg_reader_u32(r);
        struct tg_bytes text = tg_reader_bytes(r, len);

        TG_REQUIRE(tg_bytes_find(text, 0) == text.len && tg_bytes_find(text, '\r') == text.len &&
                       tg_bytes_find(text, '\n') == text.len,
                   TG_E_SYNTAX);
        TG_TRY(tg_text_set(standing_text_at(s, i), text));
    }
    err = TG_OK;
out:
    return err;
}

static void put_fields(struct tg_buf *out, struct tigress_session *s)
{
    uint32_t flags = 0;

    for (size_t i = 0; i < FLAG_COUNT; i++) {
        flags |= *flag_at(s, i) ? 1u << i : 0;
    }
    tg_buf_append_u32(out, SAVED_MAGIC);
    tg_buf_append_u16(out, SAVED_VERSION);
    tg_buf_append_u8(out, (uint8_t)s->role);
    tg_buf_append_u8(out, (uint8_t)s->state);
    tg_buf_append_u8(out, (uint8_t)s->read_mode);
    tg_buf_append_u8(out, (uint8_t)s->settings.secret_len);
    tg_buf_append_u8(out, (uint8_t)s->settings.rights);
    tg_buf_append_u8(out, (uint8_t)s->change.conflicts);
    tg_buf_append_u32(out, flags);
    tg_buf_append_u16(out, (uint16_t)s->settings.poll_s);
    tg_buf_append_u16(out, (uint16_t)s->settings.tries);
    tg_buf_append_u16(out, s->state == TG_S_FAILED ? (uint16_t)s->failure.error : 0);
    tg_buf_append_u16(out, s->url.port);
    tg_buf_append_u64(out, (uint64_t)s->mailbox.expires_at_s);
    tg_buf_append_u64(out, s->mailbox.version);
    tg_buf_append(out, TG_ARRAY_BYTES(s->claim.bytes));
    tg_buf_append(out, TG_ARRAY_BYTES(s->change.request_id.bytes));
    tg_buf_append(out, TG_ARRAY_BYTES(s->url.mailbox.bytes));
    put_text(out, tg_bytes_str(s->url.host));
    put_text(out, tg_bytes_str(s->url.vertical));
    put_text(out, tg_secret_view(&s->url.secret));
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        put_text(out, tg_buf_view(text_at(s, i)));
    }
    tg_chain_put(out, &s->chain);
    put_standing(out, s);
}

enum tigress_error tigress_session_save(const struct tigress_session *s, unsigned char **out,
                                        size_t *len)
{
    struct tg_buf bytes;
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    char *text = NULL;
    enum tg_err err = TG_E_BUG;

    if (s == NULL || out == NULL || len == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_buf_init(&bytes, SAVED_MAX);
    /* The table of fields serves both ways; nothing is written through it here. */
    put_fields(&bytes, (struct tigress_session *)(uintptr_t)s);
    TG_TRY(tg_buf_status(&bytes));
    TG_TRY(tg_sha256(hash, tg_buf_view(&bytes)));
    tg_buf_append(&bytes, TG_ARRAY_BYTES(hash));
    TG_TRY(tg_buf_status(&bytes));
    TG_TRY(tg_text_take(&bytes, &text, len));
    *out = (unsigned char *)text;
out:
    tg_buf_deinit(&bytes);
    return tg_public_error(err);
}

/* ---- resume --------------------------------------------------------------------------------- */

static enum tg_err check_frame(struct tg_bytes data, struct tg_fault *fault)
{
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    struct tg_reader r = tg_reader_init(data);
    struct tg_bytes body;
    enum tg_err err = TG_E_BUG;

    if (data.len < 8 + TG_SHA256_LEN || tg_reader_u32(&r) != SAVED_MAGIC) {
        tg_fault_set(fault, "saved state: this is none, or it is cut");
        return TG_E_SYNTAX;
    }
    if (tg_reader_u16(&r) != SAVED_VERSION) {
        tg_fault_set(fault, "saved state: another version of the library wrote it");
        return TG_E_UNSUPPORTED;
    }
    body = tg_bytes_first(data, data.len - TG_SHA256_LEN);
    err = tg_sha256(hash, body);
    if (err == TG_OK && (data.len > SAVED_MAX ||
                         !tg_ct_equal(TG_ARRAY_BYTES(hash), tg_bytes_from(data, body.len)))) {
        tg_fault_set(fault, "saved state: it is damaged or cut");
        err = TG_E_SYNTAX;
    }
    return err;
}

static enum tg_err get_name(char *out, size_t cap, struct tg_reader *r)
{
    size_t len = tg_reader_u32(r);
    struct tg_bytes text = tg_reader_bytes(r, len);

    if (text.len >= cap || tg_bytes_find(text, 0) < text.len) {
        return TG_E_SYNTAX;
    }
    if (text.len > 0) {
        memcpy(out, text.ptr, text.len);
    }
    out[text.len] = '\0';
    return TG_OK;
}

static void get_numbers(struct tigress_session *s, struct tg_reader *r, unsigned *state)
{
    uint32_t flags = 0;

    *state = tg_reader_u8(r);
    s->read_mode = (enum tg_read_mode)tg_reader_u8(r);
    s->settings.secret_len = tg_reader_u8(r);
    s->settings.rights = tg_reader_u8(r);
    s->change.conflicts = tg_reader_u8(r);
    flags = tg_reader_u32(r);
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        *flag_at(s, i) = (flags & (1u << i)) != 0;
    }
    s->settings.poll_s = tg_reader_u16(r);
    s->settings.tries = tg_reader_u16(r);
    s->failure.error = (enum tigress_error)tg_reader_u16(r);
    s->url.port = tg_reader_u16(r);
    s->mailbox.expires_at_s = (int64_t)tg_reader_u64(r);
    s->mailbox.version = tg_reader_u64(r);
}

static void get_uuid(struct tg_uuid *uuid, struct tg_reader *r)
{
    struct tg_bytes raw = tg_reader_bytes(r, TG_UUID_LEN);

    if (raw.len == TG_UUID_LEN) {
        memcpy(uuid->bytes, raw.ptr, TG_UUID_LEN);
    }
}

static enum tg_err get_fields(struct tigress_session *s, struct tg_reader *r)
{
    unsigned state = 0;
    enum tg_err err = TG_E_BUG;

    get_numbers(s, r, &state);
    get_uuid(&s->claim, r);
    get_uuid(&s->change.request_id, r);
    get_uuid(&s->url.mailbox, r);
    TG_TRY(get_name(s->url.host, sizeof(s->url.host), r));
    TG_TRY(get_name(s->url.vertical, sizeof(s->url.vertical), r));
    TG_TRY(tg_secret_set(&s->url.secret, tg_reader_bytes(r, tg_reader_u32(r))));
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        size_t len = tg_reader_u32(r);

        TG_TRY(tg_text_set(text_at(s, i), tg_reader_bytes(r, len)));
    }
    TG_TRY(tg_chain_get(&s->chain, r));
    if (s->standing.is_used) {
        TG_TRY(get_standing(s, r));
    }
    TG_TRY(tg_reader_finish(r));
    TG_REQUIRE(tg_engine_is_state(s->role, state), TG_E_SYNTAX);
    s->state = (enum tg_state)state;
out:
    return err;
}

/* The states in which an envelope is under way, and those that speak of a mailbox. */
static bool needs_pending(enum tg_state state)
{
    return state == TG_S_CREATE || state == TG_S_SEND || state == TG_S_ATTEST ||
           state == TG_S_TOKEN;
}

static bool is_consistent(const struct tigress_session *s)
{
    bool is_gated = s->state == TG_S_ATTEST || s->state == TG_S_TOKEN;
    bool is_gate_good = s->standing.gate == TG_S_SEND ||
                        (s->standing.gate == TG_S_CREATE && s->role == TIGRESS_INITIATOR);
    bool is_early = s->state == TG_S_INTENT || s->state == TG_S_CREATE ||
                    (is_gated && s->standing.gate == TG_S_CREATE);
    bool is_over = s->state == TG_S_DONE || s->state == TG_S_FAILED;
    bool is_conflict = s->state == TG_S_READ && s->read_mode >= TG_READ_CONFLICT;
    bool has_secret = s->url.secret.len > 0;
    bool is_secretless = s->role == TIGRESS_RECIPIENT &&
                         (s->state <= TG_S_PREVIEWED || is_over || s->state == TG_S_DELETE);

    return (s->settings.secret_len == 16 || s->settings.secret_len == 32) &&
           s->read_mode <= TG_READ_VERIFY &&
           s->settings.rights <= (TG_RIGHT_READ | TG_RIGHT_WRITE | TG_RIGHT_DELETE) &&
           s->settings.poll_s >= 1 && s->settings.poll_s <= TG_POLL_S_MAX &&
           s->settings.tries >= 1 && s->settings.tries <= TG_TRIES_MAX &&
           s->mailbox.expires_at_s >= 0 && s->mailbox.version <= UINT64_MAX / 2 &&
           s->messages.seen.len % TG_SHA256_LEN == 0 &&
           (has_secret || is_secretless || s->state == TG_S_INTENT || is_over) &&
           (is_early || is_over || s->mailbox.is_known) &&
           (s->change.envelope.len > 0 || !(needs_pending(s->state) || is_conflict)) &&
           (s->messages.draft.len > 0 || s->state != TG_S_INTENT) && (!is_gated || is_gate_good) &&
           (s->token.type.len > 0) == (s->token.data.len > 0) &&
           (s->token.type.len > 0 || !(s->token.is_due || s->token.is_carried)) &&
           (s->state != TG_S_FAILED || s->failure.error != TIGRESS_OK);
}

static enum tg_err load(struct tigress_session **out, struct tg_bytes data)
{
    struct tg_reader r = tg_reader_init(tg_bytes_from(data, 6));
    struct tigress_session *s = NULL;
    struct tg_buf url;
    unsigned role = 0;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&url, TG_SHARE_URL_MAX);
    r.rest = tg_bytes_first(r.rest, r.rest.len - TG_SHA256_LEN);
    role = tg_reader_u8(&r);
    TG_REQUIRE(role == TIGRESS_INITIATOR || role == TIGRESS_RECIPIENT, TG_E_SYNTAX);
    TG_TRY(tg_session_new(&s, (enum tigress_role)role));
    TG_TRY(get_fields(s, &r));
    TG_REQUIRE(is_consistent(s) && tg_chain_is_consistent(s), TG_E_SYNTAX);
    TG_TRY(tg_share_url_format(&url, &s->url, TG_SHARE_HTTPS));
    if (s->mailbox.is_known) {
        tg_uuid_format(s->mailbox.id_text, &s->url.mailbox);
    }
    if (s->state == TG_S_FAILED) {
        s->failure.text = tigress_error_text(s->failure.error);
    } else {
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
    struct tg_fault fault = { "" };
    enum tg_err err = TG_E_BUG;

    tg_text_copy(why, why_cap, "");
    if (out == NULL || (data == NULL && len > 0)) {
        return TIGRESS_E_ARGUMENT;
    }
    err = check_frame(tg_bytes(data, len), &fault);
    if (err == TG_OK) {
        err = load(out, tg_bytes(data, len));
        if (err != TG_OK && err != TG_E_NOMEM) {
            tg_fault_set(&fault, "saved state: what it says fits no session");
        }
    }
    tg_text_copy(why, why_cap, fault.text);
    if (err == TG_OK || err == TG_E_NOMEM) {
        return tg_public_error(err);
    }
    return err == TG_E_CRYPTO ? TIGRESS_E_RANDOM : TIGRESS_E_SAVED_STATE;
}
