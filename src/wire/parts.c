/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/parts.h"

#include "base/time3339.h"

const struct tg_wire_limits tg_parts_answer_limits = {
    .body_max = TG_RESPONSE_BODY_MAX,
    .payload_type_max = TG_RESPONSE_BODY_MAX,
    .title_max = TG_RESPONSE_BODY_MAX,
    .description_max = TG_RESPONSE_BODY_MAX,
    .image_url_max = TG_RESPONSE_BODY_MAX,
    .token_type_max = TG_RESPONSE_BODY_MAX,
    .token_data_max = TG_RESPONSE_BODY_MAX,
};

enum tg_err tg_parts_parse_body(struct tg_json **doc, struct tg_bytes body,
                                const struct tg_wire_limits *limits, struct tg_fault *fault)
{
    *doc = NULL;
    if (body.len > limits->body_max) {
        tg_fault_set(fault, "body: expected at most %zu bytes", limits->body_max);
        return TG_E_LIMIT;
    }
    return tg_json_parse(doc, body, fault);
}

/* spec: protocol/4#payload-opaque-non-empty */
enum tg_err tg_parts_get_payload(struct tg_payload *out, struct tg_json_object in,
                                 const struct tg_wire_limits *limits, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_json_object object = { NULL, "" };
    struct tg_payload payload = { { NULL, 0 }, { NULL, 0 } };

    TG_TRY(tg_json_get_object(&object, in, "payload", TG_JSON_REQUIRED, fault));
    TG_TRY(tg_json_get_string(&payload.type, object, "type", TG_JSON_REQUIRED, 1,
                              limits->payload_type_max, fault));
    /* For data there is no other maximum than that of the body. */
    TG_TRY(tg_json_get_string(&payload.data, object, "data", TG_JSON_REQUIRED, 1,
                              TG_RESPONSE_BODY_MAX, fault));
    *out = payload;
out:
    return err;
}

/* spec: protocol/3#limits */
enum tg_err tg_parts_get_display(struct tg_display_info *out, struct tg_json_object in,
                                 const struct tg_wire_limits *limits, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_json_object object = { NULL, "" };
    struct tg_display_info display = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };

    TG_TRY(tg_json_get_object(&object, in, "displayInformation", TG_JSON_REQUIRED, fault));
    TG_TRY(tg_json_get_string(&display.title, object, "title", TG_JSON_REQUIRED, 0,
                              limits->title_max, fault));
    TG_TRY(tg_json_get_string(&display.description, object, "description", TG_JSON_REQUIRED, 0,
                              limits->description_max, fault));
    TG_TRY(tg_json_get_string(&display.image_url, object, "imageURL", TG_JSON_REQUIRED, 0,
                              limits->image_url_max, fault));
    *out = display;
out:
    return err;
}

/* spec: protocol/4#token-both-members */
enum tg_err tg_parts_get_token(struct tg_notification_token *out, struct tg_json_object in,
                               const struct tg_wire_limits *limits, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_json_object object = { NULL, "" };
    struct tg_notification_token token = { .is_present = false };

    TG_TRY(tg_json_get_object(&object, in, "notificationToken", TG_JSON_OPTIONAL, fault));
    if (object.node != NULL) {
        token.is_present = true;
        TG_TRY(tg_json_get_string(&token.type, object, "type", TG_JSON_REQUIRED, 1,
                                  limits->token_type_max, fault));
        TG_TRY(tg_json_get_string(&token.token_data, object, "tokenData", TG_JSON_REQUIRED, 1,
                                  limits->token_data_max, fault));
        TG_TRY(tg_json_get_string(&token.topic, object, "tokenTopic", TG_JSON_OPTIONAL, 1,
                                  TG_TOKEN_TOPIC_MAX, fault));
    }
    *out = token;
out:
    return err;
}

/* spec: protocol/3#expiration-format */
enum tg_err tg_parts_get_expiration(int64_t *unix_s, struct tg_json_object in,
                                    struct tg_fault *fault)
{
    struct tg_bytes text = { NULL, 0 };

    /* Accepts any string first, so that a wrong type and a wrong date get the same message. */
    if (tg_json_get_string(&text, in, "expiration", TG_JSON_REQUIRED, 0, TG_RESPONSE_BODY_MAX,
                           NULL) == TG_OK &&
        tg_time3339_parse(unix_s, text) == TG_OK) {
        return TG_OK;
    }
    tg_fault_set(fault, "%s%sexpiration: expected YYYY-MM-DDThh:mm:ssZ", in.path,
                 in.path[0] == '\0' ? "" : ".");
    return TG_E_SYNTAX;
}

enum tg_err tg_parts_find_expiration(bool *is_present, int64_t *unix_s, struct tg_json_object in,
                                     struct tg_fault *fault)
{
    struct tg_bytes text = { NULL, 0 };

    *is_present = tg_json_get_string(&text, in, "expiration", TG_JSON_OPTIONAL, 0,
                                     TG_RESPONSE_BODY_MAX, NULL) != TG_OK ||
                  text.ptr != NULL;
    return *is_present ? tg_parts_get_expiration(unix_s, in, fault) : TG_OK;
}

#define NAMES_ROOM 512u /* names and punctuation of a message */

void tg_parts_reserve(struct tg_buf *out, const struct tg_payload *payload, size_t more)
{
    tg_buf_reserve(out, payload->type.len + payload->data.len + more + NAMES_ROOM);
}

static void put_name(struct tg_buf *out, const char *name)
{
    tg_buf_append_u8(out, '"');
    tg_buf_append_str(out, name);
    tg_buf_append(out, TG_LIT("\":"));
}

void tg_parts_put_string(struct tg_buf *out, const char *name, struct tg_bytes value)
{
    put_name(out, name);
    tg_json_put_string(out, value);
}

void tg_parts_put_bool(struct tg_buf *out, const char *name, bool value)
{
    put_name(out, name);
    tg_buf_append_str(out, value ? "true" : "false");
}

void tg_parts_put_payload(struct tg_buf *out, const struct tg_payload *payload)
{
    tg_buf_append(out, TG_LIT("\"payload\":{"));
    tg_parts_put_string(out, "type", payload->type);
    tg_buf_append_u8(out, ',');
    tg_parts_put_string(out, "data", payload->data);
    tg_buf_append_u8(out, '}');
}

void tg_parts_put_display(struct tg_buf *out, const struct tg_display_info *display)
{
    tg_buf_append(out, TG_LIT("\"displayInformation\":{"));
    tg_parts_put_string(out, "title", display->title);
    tg_buf_append_u8(out, ',');
    tg_parts_put_string(out, "description", display->description);
    tg_buf_append_u8(out, ',');
    tg_parts_put_string(out, "imageURL", display->image_url);
    tg_buf_append_u8(out, '}');
}

void tg_parts_put_token(struct tg_buf *out, const struct tg_notification_token *token)
{
    tg_buf_append(out, TG_LIT("\"notificationToken\":{"));
    tg_parts_put_string(out, "type", token->type);
    tg_buf_append_u8(out, ',');
    tg_parts_put_string(out, "tokenData", token->token_data);
    if (token->topic.len > 0) {
        tg_buf_append_u8(out, ',');
        tg_parts_put_string(out, "tokenTopic", token->topic);
    }
    tg_buf_append_u8(out, '}');
}

void tg_parts_put_expiration(struct tg_buf *out, int64_t unix_s)
{
    char text[TG_TIME3339_LEN + 1];

    tg_time3339_format(text, unix_s);
    tg_parts_put_string(out, "expiration", tg_bytes_str(text));
}
