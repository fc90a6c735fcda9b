/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sealed state: the head in the clear, then what the sealer made of the head and the state.
 *
 *     magic number (4), version (2), generation (8), SHA-256 of label and name (32)
 *
 * Numbers are big-endian. The head is sealed a second time with the state, so that a sealer that
 * cannot authenticate what it does not encrypt binds it, too.
 */
#include <tigress/seal.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/utf8.h"
#include "client/public_error.h"
#include "client/text.h"
#include "crypto/digest.h"

#include <inttypes.h>
#include <string.h>

#define MAGIC UINT32_C(0x5447534c) /* "TGSL" */
#define VERSION 1u
#define HEAD_LEN (4u + 2u + 8u + TG_SHA256_LEN)
#define SEALED_MAX (2u * HEAD_LEN + TIGRESS_STATE_MAX + TIGRESS_SEAL_ROOM)

/* spec: protocol/7#sealed-state */
static enum tg_err put_head(struct tg_buf *out, const char *name, uint64_t generation)
{
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&text, TIGRESS_STATE_NAME_MAX + 64);
    tg_buf_append_str(&text, "tigress-state-name-v1");
    tg_buf_append_u8(&text, 0);
    tg_buf_append_str(&text, name);
    TG_TRY(tg_buf_status(&text));
    TG_TRY(tg_sha256(hash, tg_buf_view(&text)));
    tg_buf_append_u32(out, MAGIC);
    tg_buf_append_u16(out, VERSION);
    tg_buf_append_u64(out, generation);
    tg_buf_append(out, TG_ARRAY_BYTES(hash));
    err = tg_buf_status(out);
out:
    tg_buf_deinit(&text);
    return err;
}

static enum tigress_error refuse(struct tg_fault *fault, enum tigress_error error, const char *text)
{
    tg_fault_set(fault, "%s", text);
    return error;
}

static enum tigress_error check_arguments(const struct tigress_sealer *sealer, const char *name,
                                          const uint64_t *generation, struct tg_fault *fault)
{
    struct tg_bytes text = tg_text_view(name, TIGRESS_STATE_NAME_MAX);

    if (sealer == NULL || sealer->seal == NULL || sealer->open == NULL) {
        return refuse(fault, TIGRESS_E_ARGUMENT, "sealer: expected two functions, got NULL");
    }
    if (generation == NULL) {
        return refuse(fault, TIGRESS_E_ARGUMENT, "generation: expected a number, got NULL");
    }
    if (text.len > TIGRESS_STATE_NAME_MAX) {
        tg_fault_set(fault, "name: expected at most %u bytes", TIGRESS_STATE_NAME_MAX);
        return TIGRESS_E_LIMIT;
    }
    if (text.len == 0 || !tg_utf8_is_valid(text)) {
        return refuse(fault, TIGRESS_E_ARGUMENT, "name: expected UTF-8, not empty");
    }
    return TIGRESS_OK;
}

/* Calls the sealer, and believes nothing that it says about lengths. */
static enum tigress_error call(tigress_seal_fn *fn, void *ctx, struct tg_bytes head,
                               struct tg_bytes in, struct tg_buf *out, size_t cap)
{
    unsigned char *room = tg_buf_extend(out, cap);
    size_t before = out->len - cap;
    size_t len = 0;
    int result = TIGRESS_SEAL_FAILED;

    if (room == NULL) {
        return TIGRESS_E_NOMEM;
    }
    result = fn(ctx, head.ptr, head.len, in.ptr, in.len, room, cap, &len);
    if (result == TIGRESS_SEAL_OK && len > 0 && len <= cap) {
        tg_buf_truncate(out, before + len);
        return TIGRESS_OK;
    }
    tg_buf_truncate(out, before);
    return result == TIGRESS_SEAL_LOCKED ? TIGRESS_E_LOCKED : TIGRESS_E_SEALER;
}

static enum tigress_error locked(struct tg_fault *fault)
{
    return refuse(fault, TIGRESS_E_LOCKED, "the sealer is locked; expected an unlocked device");
}

/* The sealed part: head and state, in the clear until the sealer has them. */
static enum tg_err put_plain(struct tg_buf *out, struct tg_bytes head, struct tg_bytes state)
{
    tg_buf_reserve(out, head.len + state.len);
    tg_buf_append(out, head);
    tg_buf_append(out, state);
    return tg_buf_status(out);
}

static enum tigress_error give_out(struct tg_buf *from, unsigned char **out, size_t *out_len)
{
    char *text = NULL;
    enum tg_err err = tg_text_take(from, &text, out_len);

    if (err == TG_OK) {
        *out = (unsigned char *)text;
    }
    return tg_public_error(err);
}

static enum tigress_error seal(const struct tigress_sealer *sealer, const char *name,
                               uint64_t *generation, struct tg_bytes state, unsigned char **out,
                               size_t *out_len, struct tg_fault *fault)
{
    struct tg_buf plain, sealed;
    struct tg_bytes head = { NULL, 0 };
    enum tigress_error error = TIGRESS_E_BUG;

    tg_buf_init(&plain, HEAD_LEN + TIGRESS_STATE_MAX);
    tg_buf_init(&sealed, SEALED_MAX + 1); /* and a NUL */
    tg_buf_reserve(&sealed, 2 * HEAD_LEN + state.len + TIGRESS_SEAL_ROOM + 1);
    error = tg_public_error(put_head(&sealed, name, *generation + 1));
    if (error == TIGRESS_OK) {
        error = tg_public_error(put_plain(&plain, tg_buf_view(&sealed), state));
    }
    if (error == TIGRESS_OK) {
        head = tg_bytes_first(tg_buf_view(&plain), HEAD_LEN);
        error = call(sealer->seal, sealer->ctx, head, tg_buf_view(&plain), &sealed,
                     plain.len + TIGRESS_SEAL_ROOM);
    }
    if (error == TIGRESS_OK) {
        error = give_out(&sealed, out, out_len);
    }
    if (error == TIGRESS_OK) {
        *generation += 1;
    } else if (error == TIGRESS_E_SEALER) {
        tg_fault_set(fault, "the sealer failed, or wrote more than %u bytes beside the state",
                     TIGRESS_SEAL_ROOM);
    }
    tg_buf_deinit(&plain);
    tg_buf_deinit(&sealed);
    return error == TIGRESS_E_LOCKED ? locked(fault) : error;
}

enum tigress_error tigress_state_seal(const struct tigress_sealer *sealer, const char *name,
                                      uint64_t *generation, const unsigned char *state, size_t len,
                                      unsigned char **out, size_t *out_len, char *why,
                                      size_t why_cap)
{
    struct tg_fault fault = { "" };
    enum tigress_error error = check_arguments(sealer, name, generation, &fault);

    if (error == TIGRESS_OK && (state == NULL || len == 0 || out == NULL || out_len == NULL)) {
        error = refuse(&fault, TIGRESS_E_ARGUMENT, "state: expected bytes and two outputs");
    }
    if (error == TIGRESS_OK && len > TIGRESS_STATE_MAX) {
        tg_fault_set(&fault, "state: expected at most %u bytes, got %zu", TIGRESS_STATE_MAX, len);
        error = TIGRESS_E_LIMIT;
    }
    if (error == TIGRESS_OK && *generation == UINT64_MAX) {
        error = refuse(&fault, TIGRESS_E_LIMIT, "generation: expected less than 2^64 - 1");
    }
    if (error == TIGRESS_OK) {
        error = seal(sealer, name, generation, tg_bytes(state, len), out, out_len, &fault);
    }
    tg_text_copy(why, why_cap, fault.text);
    return error;
}

/* ---- opening -------------------------------------------------------------------------------- */

/* Everything that the head alone tells. It is not authenticated yet, so it can only refuse. */
static enum tigress_error check_head(struct tg_bytes head, const char *name, uint64_t least,
                                     uint64_t *generation, struct tg_fault *fault)
{
    struct tg_reader r = tg_reader_init(head);
    struct tg_buf expected;
    unsigned version = 0;
    enum tigress_error error = TIGRESS_E_BUG;

    if (tg_reader_u32(&r) != MAGIC) {
        return refuse(fault, TIGRESS_E_SAVED_STATE, "not a sealed state, or truncated");
    }
    version = tg_reader_u16(&r);
    if (version != VERSION) {
        tg_fault_set(fault, "the sealed state has version %u; expected version %u", version,
                     VERSION);
        return TIGRESS_E_SAVED_STATE;
    }
    *generation = tg_reader_u64(&r);
    tg_buf_init(&expected, HEAD_LEN);
    error = tg_public_error(put_head(&expected, name, *generation));
    if (error == TIGRESS_OK && !tg_ct_equal(tg_buf_view(&expected), head)) {
        error = refuse(fault, TIGRESS_E_STALE, "the state is of another name: it was swapped");
    }
    if (error == TIGRESS_OK && *generation < least) {
        tg_fault_set(fault,
                     "the state is of generation %" PRIu64 "; expected %" PRIu64
                     " or later: an old copy was put back",
                     *generation, least);
        error = TIGRESS_E_STALE;
    }
    tg_buf_deinit(&expected);
    return error;
}

static enum tigress_error open_state(const struct tigress_sealer *sealer, const char *name,
                                     uint64_t *generation, struct tg_bytes sealed,
                                     unsigned char **out, size_t *out_len, struct tg_fault *fault)
{
    const struct tg_bytes head = tg_bytes_first(sealed, HEAD_LEN);
    const struct tg_bytes box = tg_bytes_from(sealed, HEAD_LEN);
    uint64_t found = 0;
    struct tg_buf plain;
    enum tigress_error error = check_head(head, name, *generation, &found, fault);

    if (error != TIGRESS_OK) {
        return error;
    }
    tg_buf_init(&plain, SEALED_MAX + 1);
    error = call(sealer->open, sealer->ctx, head, box, &plain, box.len);
    if (error == TIGRESS_OK &&
        (plain.len <= HEAD_LEN ||
         !tg_ct_equal(tg_bytes_first(tg_buf_view(&plain), HEAD_LEN), head))) {
        error = TIGRESS_E_SEALER;
    }
    if (error == TIGRESS_OK) {
        tg_buf_consume(&plain, HEAD_LEN);
        error = give_out(&plain, out, out_len);
    }
    if (error == TIGRESS_OK) {
        *generation = found;
    } else if (error == TIGRESS_E_SEALER) {
        error = refuse(fault, TIGRESS_E_SAVED_STATE,
                       "the sealer does not open the state: it was changed, or sealed with another "
                       "key");
    }
    tg_buf_deinit(&plain);
    return error == TIGRESS_E_LOCKED ? locked(fault) : error;
}

enum tigress_error tigress_state_open(const struct tigress_sealer *sealer, const char *name,
                                      uint64_t *generation, const unsigned char *sealed, size_t len,
                                      unsigned char **out, size_t *out_len, char *why,
                                      size_t why_cap)
{
    struct tg_fault fault = { "" };
    enum tigress_error error = check_arguments(sealer, name, generation, &fault);

    if (error == TIGRESS_OK && ((sealed == NULL && len > 0) || out == NULL || out_len == NULL)) {
        error = refuse(&fault, TIGRESS_E_ARGUMENT, "sealed: expected bytes and two outputs");
    }
    if (error == TIGRESS_OK && (len <= HEAD_LEN || len > SEALED_MAX)) {
        error = refuse(&fault, TIGRESS_E_SAVED_STATE, "not a sealed state, or truncated");
    }
    if (error == TIGRESS_OK) {
        error = open_state(sealer, name, generation, tg_bytes(sealed, len), out, out_len, &fault);
    }
    tg_text_copy(why, why_cap, fault.text);
    return error;
}
