/* SPDX-License-Identifier: Apache-2.0 */
#include <tigress/formats.h>

#include "client/messages.h"
#include "client/public_error.h"
#include "client/text.h"
#include "wire/json.h"
#include "wire/json_text.h"

#define MEMBER_NAME_MAX 64u

/* The public error for a text that is not a message. */
static enum tigress_error message_error(enum tg_err err)
{
    return err == TG_E_SYNTAX ? TIGRESS_E_MESSAGE : tg_public_error(err);
}

/* TG_E_SYNTAX: not a message, or the member is not exactly this value. A value that contains a
   comma and a further member passes every other check. */
static enum tg_err check_made(struct tg_buf *text, const char *name, struct tg_bytes value,
                              struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_buf_status(text));
    TG_TRY(tg_messages_check(tg_buf_view(text), NULL, fault));
    if (value.len == 0 || !tg_bytes_is_equal(tg_json_text_find(tg_buf_view(text), name), value)) {
        tg_fault_set(fault, "message: expected one JSON value for the member");
        err = TG_E_SYNTAX;
    }
out:
    return err;
}

enum tigress_error tigress_message_build(const char *format, const char *content,
                                         size_t content_len, char **json, size_t *json_len,
                                         char *why, size_t why_cap)
{
    struct tg_bytes value = tg_json_text_trim(tg_bytes(content, content == NULL ? 0 : content_len));
    struct tg_fault fault = { "" };
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_text_copy(why, why_cap, "");
    if (format == NULL || content == NULL || json == NULL || json_len == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_buf_init(&text, TIGRESS_MESSAGE_MAX);
    tg_buf_append_str(&text, "{\"format\":");
    tg_json_put_string(&text, tg_text_view(format, TIGRESS_MESSAGE_MAX));
    tg_buf_append_str(&text, ",\"content\":");
    tg_buf_append(&text, value);
    tg_buf_append_u8(&text, '}');
    TG_TRY(check_made(&text, "content", value, &fault));
    TG_TRY(tg_text_take(&text, json, json_len));
out:
    tg_buf_deinit(&text);
    if (err == TG_E_SYNTAX) {
        tg_fault_set(&fault, "message: expected a format in UTF-8");
    }
    tg_text_copy(why, why_cap, fault.text);
    return message_error(err);
}

/* Names that need no escape in JSON. */
static bool is_plain(struct tg_bytes name)
{
    bool is_plain_so_far = name.len > 0 && name.len <= MEMBER_NAME_MAX;

    for (size_t i = 0; i < name.len && is_plain_so_far; i++) {
        uint8_t c = name.ptr[i];

        is_plain_so_far = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
    }
    return is_plain_so_far;
}

static void put_member(struct tg_buf *out, struct tg_bytes json, const char *name,
                       struct tg_bytes value)
{
    struct tg_bytes old = tg_json_text_find(json, name);
    size_t at = 0;

    if (old.ptr == NULL) {
        tg_json_text_add(out, json, name, value);
        return;
    }
    at = (size_t)(old.ptr - json.ptr);
    tg_buf_append(out, tg_bytes_first(json, at));
    tg_buf_append(out, value);
    tg_buf_append(out, tg_bytes_from(json, at + old.len));
}

enum tigress_error tigress_message_set(const char *json, size_t json_len, const char *name,
                                       const char *value, size_t value_len, char **out,
                                       size_t *out_len, char *why, size_t why_cap)
{
    struct tg_bytes before = tg_bytes(json, json_len);
    struct tg_bytes plain = tg_json_text_trim(tg_bytes(value, value == NULL ? 0 : value_len));
    struct tg_fault fault = { "" };
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_text_copy(why, why_cap, "");
    if (json == NULL || name == NULL || value == NULL || out == NULL || out_len == NULL ||
        !is_plain(tg_text_view(name, MEMBER_NAME_MAX))) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_buf_init(&text, TIGRESS_MESSAGE_MAX);
    TG_TRY(tg_messages_check(before, NULL, &fault));
    put_member(&text, before, name, plain);
    TG_TRY(check_made(&text, name, plain, &fault));
    TG_TRY(tg_text_take(&text, out, out_len));
out:
    tg_buf_deinit(&text);
    tg_text_copy(why, why_cap, fault.text);
    return message_error(err);
}

enum tigress_error tigress_message_get(const char *json, size_t json_len, const char *name,
                                       const char **value, size_t *value_len)
{
    struct tg_bytes found = { NULL, 0 };
    enum tg_err err = TG_E_BUG;

    if (json == NULL || name == NULL || value == NULL || value_len == NULL) {
        return TIGRESS_E_ARGUMENT;
    }
    err = tg_messages_check(tg_bytes(json, json_len), NULL, NULL);
    if (err == TG_OK) {
        found = tg_json_text_find(tg_bytes(json, json_len), name);
        *value = (const char *)found.ptr;
        *value_len = found.len;
    }
    return message_error(err);
}

enum tigress_error tigress_message_format(const char *json, size_t json_len, char *out, size_t cap)
{
    struct tg_buf format;
    enum tigress_error error = TIGRESS_E_BUG;

    if (json == NULL || out == NULL || cap == 0) {
        return TIGRESS_E_ARGUMENT;
    }
    tg_buf_init(&format, TIGRESS_MESSAGE_MAX);
    error = message_error(tg_messages_check(tg_bytes(json, json_len), &format, NULL));
    if (error == TIGRESS_OK) {
        error = tg_text_copy_whole(out, cap, tg_buf_view(&format));
    }
    tg_buf_deinit(&format);
    return error;
}

/* spec: protocol/7#vertical-routing */
enum tigress_handler tigress_vertical_handler(const char *vertical)
{
    static const struct {
        const char *vertical;
        enum tigress_handler handler;
    } rows[] = {
        { "", TIGRESS_HANDLER_GENERAL },
        { TIGRESS_VERTICAL_GENERAL, TIGRESS_HANDLER_GENERAL },
        { TIGRESS_VERTICAL_HOME, TIGRESS_HANDLER_HOME },
        { TIGRESS_VERTICAL_CAR, TIGRESS_HANDLER_CAR },
    };
    struct tg_bytes text = tg_text_view(vertical, TG_VERTICAL_MAX);

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        if (tg_bytes_is_equal(text, tg_bytes_str(rows[i].vertical))) {
            return rows[i].handler;
        }
    }
    return TIGRESS_HANDLER_OTHER;
}
