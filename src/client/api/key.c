/* SPDX-License-Identifier: Apache-2.0 */
/* What a message needs of a key of the platform: the question, its answer, its refusal. */
#include <tigress/key.h>

#include "client/api/refusal.h"
#include "client/engine.h"
#include "client/public_error.h"
#include "client/text.h"
#include "crypto/ecdsa.h"
#include "crypto/p256.h"

#include <string.h>

static enum tigress_error check_data(struct tigress_session *s, const struct tigress_key_task *task)
{
    if ((task->data == NULL) != (task->data_len == 0)) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "data: expected bytes and their number, or NULL and 0");
    }
    if (task->use == TIGRESS_KEY_AGREE) {
        return task->data == NULL ? TIGRESS_OK
                                  : tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                                                   "data: expected none for KEY_AGREE, got %zu "
                                                   "bytes",
                                                   task->data_len);
    }
    if (task->data == NULL) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT, "data: expected bytes to sign, got none");
    }
    return task->data_len <= TIGRESS_KEY_DATA_MAX
               ? TIGRESS_OK
               : tg_refusal_set(s, TIGRESS_E_LIMIT, "data: expected at most %u bytes, got %zu",
                                TIGRESS_KEY_DATA_MAX, task->data_len);
}

static enum tigress_error check_public_key(struct tigress_session *s, const unsigned char *point)
{
    enum tg_err err = TG_E_SYNTAX;

    if (point != NULL) {
        err = tg_p256_check(tg_bytes(point, TIGRESS_KEY_PUBLIC_LEN));
    }
    if (err == TG_E_SYNTAX) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "public_key: expected an uncompressed point of P-256, %u bytes that "
                              "begin with 04",
                              TIGRESS_KEY_PUBLIC_LEN);
    }
    return tg_refusal_end(s, tg_public_error(err));
}

static enum tigress_error check_task(struct tigress_session *s, const struct tigress_key_task *task)
{
    enum tigress_error error = TIGRESS_OK;

    if (task->use != TIGRESS_KEY_SIGN && task->use != TIGRESS_KEY_AGREE) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "use: expected a value of enum tigress_key_use, 1 or 2, got %u",
                              (unsigned)task->use);
    }
    error = tg_refusal_check_text(s, "key", tg_text_view(task->key, TIGRESS_KEY_NAME_MAX), 1,
                                  TIGRESS_KEY_NAME_MAX);
    if (error == TIGRESS_OK) {
        error = check_data(s, task);
    }
    return error == TIGRESS_OK ? check_public_key(s, task->public_key) : error;
}

/* Both copies are made before anything changes. */
static enum tg_err keep_task(struct tigress_session *s, const struct tigress_key_task *task)
{
    struct tg_session_key fresh = { .use = task->use, .outcome = TIGRESS_KEY_ASKED };
    enum tg_err err = TG_E_BUG;

    tg_session_key_init(&fresh);
    memcpy(fresh.public_key, task->public_key, sizeof(fresh.public_key));
    TG_TRY(tg_text_set(&fresh.name, tg_bytes_str(task->key)));
    TG_TRY(tg_text_set(&fresh.data, tg_bytes(task->data, task->data_len)));
    tg_session_key_forget(&s->key);
    s->key = fresh;
    return TG_OK;
out:
    tg_session_key_forget(&fresh);
    return err;
}

enum tigress_error tigress_session_ask_key(struct tigress_session *s,
                                           const struct tigress_key_task *task)
{
    enum tigress_error error = TIGRESS_E_ARGUMENT;

    if (s == NULL || task == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    if (!tg_engine_accepts(s, TG_ACT_SEND)) {
        return tg_refusal_set(s, TIGRESS_E_STATE,
                              "ask_key: expected where a message can be sent, such as at "
                              "INPUT_MESSAGE");
    }
    error = check_task(s, task);
    if (error == TIGRESS_OK) {
        error = tg_refusal_end(s, tg_public_error(keep_task(s, task)));
    }
    if (error == TIGRESS_OK) {
        tg_session_enter(s, TG_S_KEY);
    }
    return error;
}

enum tigress_error tigress_session_key_task(const struct tigress_session *s,
                                            struct tigress_key_task *out)
{
    if (s == NULL || out == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    if (s->key.outcome == TIGRESS_KEY_NONE) {
        return TIGRESS_E_STATE;
    }
    *out = (struct tigress_key_task){
        .use = s->key.use,
        .key = tg_text_cstr(&s->key.name),
        .public_key = s->key.public_key,
        .data = s->key.use == TIGRESS_KEY_SIGN ? s->key.data.ptr : NULL,
        .data_len = s->key.use == TIGRESS_KEY_SIGN ? s->key.data.len : 0,
    };
    return TIGRESS_OK;
}

/* ---- the answer ----------------------------------------------------------------------------- */

static enum tigress_error not_asked(struct tigress_session *s)
{
    return tg_refusal_set(s, TIGRESS_E_STATE, "key: expected at INPUT_KEY");
}

static enum tg_err verify(const struct tg_session_key *key, const uint8_t raw[TG_ECDSA_RAW_LEN])
{
    return tg_ecdsa_verify(TG_ARRAY_BYTES(key->public_key), tg_buf_view(&key->data), raw);
}

/* 64 bytes can be either form: the one that verifies. */
static enum tg_err take_signature(const struct tg_session_key *key, uint8_t raw[TG_ECDSA_RAW_LEN],
                                  struct tg_bytes answer)
{
    enum tg_err err = tg_ecdsa_from_der(raw, answer);

    if (err == TG_OK) {
        err = verify(key, raw);
    }
    if ((err == TG_E_SYNTAX || err == TG_E_DENIED) && answer.len == TG_ECDSA_RAW_LEN) {
        memcpy(raw, answer.ptr, TG_ECDSA_RAW_LEN);
        err = verify(key, raw);
    }
    return err;
}

static enum tigress_error answer_signature(struct tigress_session *s, struct tg_bytes answer)
{
    uint8_t raw[TG_ECDSA_RAW_LEN] = { 0 };
    enum tg_err err = take_signature(&s->key, raw, answer);

    if (err == TG_E_SYNTAX) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "answer: expected a signature in DER, or r and s of 32 bytes each, "
                              "got %zu bytes of another form",
                              answer.len);
    }
    if (err == TG_E_DENIED) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "answer: expected a signature by the key of the task over its data "
                              "with SHA-256; this one does not verify");
    }
    if (err == TG_OK) {
        err = tg_text_set(&s->key.answer, TG_ARRAY_BYTES(raw));
    }
    return tg_refusal_end(s, tg_public_error(err));
}

static enum tigress_error answer_shared(struct tigress_session *s, struct tg_bytes answer)
{
    const uint8_t zero[TIGRESS_KEY_SHARED_LEN] = { 0 };

    if (answer.len != TIGRESS_KEY_SHARED_LEN) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "answer: expected a shared secret of %u bytes, got %zu",
                              TIGRESS_KEY_SHARED_LEN, answer.len);
    }
    if (tg_ct_equal(answer, TG_ARRAY_BYTES(zero))) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "answer: expected a shared secret, got only zeros");
    }
    return tg_refusal_end(s, tg_public_error(tg_text_set(&s->key.answer, answer)));
}

enum tigress_error tigress_session_set_key_answer(struct tigress_session *s,
                                                  const unsigned char *answer, size_t len)
{
    enum tigress_error error = TIGRESS_E_ARGUMENT;

    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    if (!tg_engine_accepts(s, TG_ACT_KEY)) {
        return not_asked(s);
    }
    if (answer == NULL || len == 0) {
        return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                              "answer: expected bytes, got none; without an answer: refuse_key");
    }
    error = s->key.use == TIGRESS_KEY_SIGN ? answer_signature(s, tg_bytes(answer, len))
                                           : answer_shared(s, tg_bytes(answer, len));
    if (error == TIGRESS_OK) {
        s->key.outcome = TIGRESS_KEY_ANSWERED;
        tg_session_enter(s, TG_S_MESSAGE);
    }
    return error;
}

enum tigress_error tigress_session_refuse_key(struct tigress_session *s,
                                              enum tigress_key_refusal why)
{
    if (s == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_refusal_clear(s);
    if (!tg_engine_accepts(s, TG_ACT_KEY)) {
        return not_asked(s);
    }
    switch (why) {
    case TIGRESS_KEY_BY_USER:
        s->key.outcome = TIGRESS_KEY_REFUSED;
        tg_session_enter(s, TG_S_MESSAGE);
        return TIGRESS_OK;
    case TIGRESS_KEY_UNUSABLE:
        s->key.outcome = TIGRESS_KEY_CANNOT_BE_USED;
        tg_session_enter(s, TG_S_MESSAGE);
        return TIGRESS_OK;
    case TIGRESS_KEY_LOCKED:
        tg_session_pause(s, TIGRESS_E_LOCKED, "The key is locked: unlock the device, then retry.");
        return TIGRESS_OK;
    }
    return tg_refusal_set(s, TIGRESS_E_ARGUMENT,
                          "why: expected a value of enum tigress_key_refusal, 1 to 3, got %u",
                          (unsigned)why);
}

enum tigress_key_outcome tigress_session_key_outcome(const struct tigress_session *s)
{
    return s != NULL ? s->key.outcome : TIGRESS_KEY_NONE;
}

enum tigress_error tigress_session_key_answer(const struct tigress_session *s,
                                              enum tigress_signature_form form, unsigned char *out,
                                              size_t cap, size_t *len)
{
    struct tg_buf der;
    struct tg_bytes answer = { NULL, 0 };
    enum tg_err err = TG_OK;

    if (s == NULL || out == NULL || len == NULL ||
        (form != TIGRESS_SIGNATURE_DER && form != TIGRESS_SIGNATURE_RAW)) {
        return TIGRESS_E_ARGUMENT;
    }
    *len = 0;
    if (s->key.outcome != TIGRESS_KEY_ANSWERED) {
        return TIGRESS_E_STATE;
    }
    tg_buf_init(&der, TG_ECDSA_DER_MAX);
    answer = tg_buf_view(&s->key.answer);
    if (s->key.use == TIGRESS_KEY_SIGN && form == TIGRESS_SIGNATURE_DER) {
        err = tg_ecdsa_to_der(&der, answer.ptr);
        answer = tg_buf_view(&der);
    }
    if (err == TG_OK && answer.len > cap) {
        err = TG_E_LIMIT;
    }
    if (err == TG_OK) {
        memcpy(out, answer.ptr, answer.len);
        *len = answer.len;
    }
    tg_buf_deinit(&der);
    return tg_public_error(err);
}
