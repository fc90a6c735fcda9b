/* SPDX-License-Identifier: Apache-2.0 */
/* The standard members of a key that the recipient's device makes and the initiator's side signs.
 */
#include <tigress/formats.h>
#include <tigress/pin.h>

#include "client/messages.h"
#include "client/public_error.h"
#include "client/text.h"
#include "wire/json.h"
#include "wire/json_text.h"

/* spec: protocol/7#standard-requests */
static const char *const names[] = {
    [TIGRESS_REQUEST_NONE] = "",
    [TIGRESS_REQUEST_KEY_CREATION] = "keyCreationRequest",
    [TIGRESS_REQUEST_KEY_SIGNING] = "keySigningRequest",
    [TIGRESS_REQUEST_KEY_IMPORT] = "keyImportRequest",
};

struct request {
    enum tigress_request kind;
    struct tg_bytes value;
    struct tg_bytes pin; /* ptr NULL: none. Ends with the document. */
};

static bool are_digits(struct tg_bytes pin)
{
    bool are = pin.len >= TIGRESS_PIN_DIGITS_MIN && pin.len <= TIGRESS_PIN_DIGITS_MAX;

    for (size_t i = 0; i < pin.len && are; i++) {
        are = pin.ptr[i] >= '0' && pin.ptr[i] <= '9';
    }
    return are;
}

/* spec: protocol/7#standard-pin */
static enum tg_err read_pin(struct request *out, struct tg_json_object content,
                            struct tg_fault *fault)
{
    enum tg_err err =
        tg_json_get_string(&out->pin, content, "pin", TG_JSON_OPTIONAL, 0, SIZE_MAX, fault);

    if (err != TG_OK || out->pin.ptr == NULL) {
        return err;
    }
    if (out->kind != TIGRESS_REQUEST_KEY_SIGNING) {
        tg_fault_set(fault, "content.pin: expected only beside keySigningRequest");
        return TG_E_SYNTAX;
    }
    if (!are_digits(out->pin)) {
        tg_fault_set(fault, "content.pin: expected %u to %u digits", TIGRESS_PIN_DIGITS_MIN,
                     TIGRESS_PIN_DIGITS_MAX);
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

/* Reads a message. *doc owns the PIN; the value is a part of json. */
static enum tg_err read_request(struct request *out, struct tg_json **doc, struct tg_bytes json,
                                struct tg_fault *fault)
{
    struct tg_json_object content = { .node = NULL };
    struct tg_bytes text = { NULL, 0 };
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_messages_check(json, NULL, fault));
    TG_TRY(tg_json_parse(doc, json, fault));
    TG_TRY(tg_json_get_object(&content, tg_json_top(*doc), "content", TG_JSON_REQUIRED, fault));
    text = tg_json_text_find(json, "content");
    for (size_t i = TIGRESS_REQUEST_KEY_CREATION; i < TG_COUNT(names); i++) {
        struct tg_bytes value = tg_json_text_find(text, names[i]);

        if (value.ptr == NULL || tg_bytes_is_equal(value, TG_LIT("null"))) {
            continue;
        }
        if (out->kind != TIGRESS_REQUEST_NONE) {
            tg_fault_set(fault, "content: expected one request, got %s and %s", names[out->kind],
                         names[i]);
            err = TG_E_SYNTAX;
            goto out;
        }
        out->kind = (enum tigress_request)i;
        out->value = value;
    }
    TG_TRY(read_pin(out, content, fault));
out:
    return err;
}

static enum tigress_error message_error(enum tg_err err)
{
    return err == TG_E_SYNTAX ? TIGRESS_E_MESSAGE : tg_public_error(err);
}

static bool is_kind(enum tigress_request kind)
{
    return kind > TIGRESS_REQUEST_NONE && (size_t)kind < TG_COUNT(names);
}

const char *tigress_request_name(enum tigress_request kind)
{
    return is_kind(kind) ? names[kind] : "";
}

/* The built text must read as what was passed: a value with a comma and a further member would not.
 */
static enum tg_err check_made(struct tg_buf *text, const struct request *made,
                              struct tg_fault *fault)
{
    struct request found = { .kind = TIGRESS_REQUEST_NONE };
    struct tg_json *doc = NULL;
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_buf_status(text));
    TG_TRY(read_request(&found, &doc, tg_buf_view(text), fault));
    if (found.kind != made->kind || !tg_bytes_is_equal(found.value, made->value) ||
        (found.pin.ptr != NULL) != (made->pin.ptr != NULL)) {
        tg_fault_set(fault, "value: expected one JSON value");
        err = TG_E_SYNTAX;
    }
out:
    tg_json_free(&doc);
    return err;
}

enum tigress_error tigress_request_build(const char *format, enum tigress_request kind,
                                         const char *value, size_t value_len, const char *pin,
                                         char **json, size_t *json_len, char *why, size_t why_cap)
{
    struct request made = { .kind = kind, .pin = tg_text_view(pin, TIGRESS_PIN_TEXT_MAX) };
    struct tg_fault fault = { "" };
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_text_copy(why, why_cap, "");
    if (format == NULL || !is_kind(kind) || value == NULL || json == NULL || json_len == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    made.value = tg_json_text_trim(tg_bytes(value, value_len));
    made.pin = pin == NULL ? tg_bytes(NULL, 0) : made.pin;
    tg_buf_init(&text, TIGRESS_MESSAGE_MAX);
    tg_buf_append_str(&text, "{\"format\":");
    tg_json_put_string(&text, tg_text_view(format, TIGRESS_MESSAGE_MAX));
    tg_buf_append_str(&text, ",\"content\":{\"");
    tg_buf_append_str(&text, names[kind]);
    tg_buf_append_str(&text, "\":");
    tg_buf_append(&text, made.value);
    if (pin != NULL) {
        tg_buf_append_str(&text, ",\"pin\":");
        tg_json_put_string(&text, made.pin);
    }
    tg_buf_append_str(&text, "}}");
    TG_TRY(check_made(&text, &made, &fault));
    TG_TRY(tg_text_take(&text, json, json_len));
out:
    tg_buf_deinit(&text);
    tg_text_copy(why, why_cap, fault.text);
    return message_error(err);
}

enum tigress_error tigress_request_get(const char *json, size_t json_len,
                                       enum tigress_request *kind, const char **value,
                                       size_t *value_len, char *why, size_t why_cap)
{
    struct request found = { .kind = TIGRESS_REQUEST_NONE };
    struct tg_fault fault = { "" };
    struct tg_json *doc = NULL;
    enum tg_err err = TG_E_BUG;

    tg_text_copy(why, why_cap, "");
    if (json == NULL || kind == NULL || value == NULL || value_len == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    err = read_request(&found, &doc, tg_bytes(json, json_len), &fault);
    if (err == TG_OK) {
        *kind = found.kind;
        *value = (const char *)found.value.ptr;
        *value_len = found.value.len;
    }
    tg_json_free(&doc);
    tg_text_copy(why, why_cap, fault.text);
    return message_error(err);
}

enum tigress_error tigress_request_pin(const char *json, size_t json_len, char *out, size_t cap)
{
    struct request found = { .kind = TIGRESS_REQUEST_NONE };
    struct tg_json *doc = NULL;
    enum tigress_error error = TIGRESS_E_BUG;

    if (json == NULL || out == NULL || cap == 0) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_text_copy(out, cap, "");
    error = message_error(read_request(&found, &doc, tg_bytes(json, json_len), NULL));
    if (error == TIGRESS_OK) {
        error = tg_text_copy_whole(out, cap, found.pin);
    }
    tg_json_free(&doc);
    return error;
}
