/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/msg_read.h"

#include "wire/headers.h"
#include "wire/parts.h"

#define PUSH_SUPPORTED "isPushNotificationSupported"
#define RECIPIENT "recipient"

/* spec: protocol/4#read-body */
enum tg_err tg_msg_read_decode(struct tg_notification_token *token, struct tg_json **doc,
                               struct tg_bytes body, const struct tg_wire_limits *limits,
                               struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_notification_token read = { .is_present = false };
    struct tg_bytes *const views[] = { &read.type, &read.token_data, &read.topic };

    *doc = NULL;
    if (body.len == 0) {
        *token = (struct tg_notification_token){ .is_present = false };
        return TG_OK;
    }
    TG_TRY(tg_parts_parse_body(doc, body, limits, fault));
    TG_TRY(tg_parts_get_token(&read, tg_json_top(*doc), limits, fault));
    TG_TRY(tg_json_keep_only(*doc, views, TG_COUNT(views)));
    *token = read;
out:
    if (err != TG_OK) {
        tg_json_free(doc);
    }
    return err;
}

enum tg_err tg_msg_read_encode(struct tg_buf *out, const struct tg_notification_token *token)
{
    if (token->is_present) {
        tg_buf_append_u8(out, '{');
        tg_parts_put_token(out, token);
        tg_buf_append_u8(out, '}');
    }
    return tg_buf_status(out);
}

enum tg_err tg_msg_content_decode(struct tg_msg_content *out, struct tg_json **doc,
                                  struct tg_bytes body, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_msg_content msg = { .expiration_s = 0 };
    struct tg_json_object top = { NULL, "" };
    struct tg_bytes *const views[] = { &msg.payload.type, &msg.display.title,
                                       &msg.display.description, &msg.display.image_url,
                                       &msg.payload.data };
    size_t view_count = TG_COUNT(views);

    TG_TRY(tg_parts_parse_body(doc, body, &tg_parts_answer_limits, fault));
    top = tg_json_top(*doc);
    TG_TRY(tg_parts_get_payload(&msg.payload, top, &tg_parts_answer_limits, fault));
    TG_TRY(tg_parts_get_display(&msg.display, top, &tg_parts_answer_limits, fault));
    TG_TRY(tg_parts_get_expiration(&msg.expiration_s, top, fault));
    msg.has_push_supported = tg_json_get_bool(&msg.is_push_supported, top, PUSH_SUPPORTED,
                                              TG_JSON_REQUIRED, NULL) == TG_OK;
    view_count -= tg_json_lend(&msg.payload.data, body) ? 1 : 0;
    TG_TRY(tg_json_keep_only(*doc, views, view_count));
    *out = msg;
out:
    if (err != TG_OK) {
        tg_json_free(doc);
    }
    return err;
}

enum tg_err tg_msg_content_encode(struct tg_buf *out, const struct tg_msg_content *msg)
{
    tg_buf_append_u8(out, '{');
    tg_parts_put_payload(out, &msg->payload);
    tg_buf_append_u8(out, ',');
    tg_parts_put_display(out, &msg->display);
    tg_buf_append_u8(out, ',');
    tg_parts_put_expiration(out, msg->expiration_s);
    if (msg->has_push_supported) {
        tg_buf_append_u8(out, ',');
        tg_parts_put_bool(out, PUSH_SUPPORTED, msg->is_push_supported);
    }
    tg_buf_append_u8(out, '}');
    return tg_buf_status(out);
}

enum tg_err tg_msg_preview_decode(struct tg_msg_preview *out, struct tg_json **doc,
                                  struct tg_bytes body, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_msg_preview msg = { .expiration_s = 0 };
    struct tg_json_object top = { NULL, "" };
    struct tg_bytes recipient = { NULL, 0 };

    TG_TRY(tg_parts_parse_body(doc, body, &tg_parts_answer_limits, fault));
    top = tg_json_top(*doc);
    TG_TRY(tg_parts_get_display(&msg.display, top, &tg_parts_answer_limits, fault));
    TG_TRY(tg_parts_get_expiration(&msg.expiration_s, top, fault));
    if (tg_json_get_string(&recipient, top, RECIPIENT, TG_JSON_REQUIRED, 0, TG_RESPONSE_BODY_MAX,
                           NULL) == TG_OK) {
        msg.recipient = tg_recipient_parse(recipient);
    }
    *out = msg;
out:
    if (err != TG_OK) {
        tg_json_free(doc);
    }
    return err;
}

enum tg_err tg_msg_preview_encode(struct tg_buf *out, const struct tg_msg_preview *msg)
{
    tg_buf_append_u8(out, '{');
    tg_parts_put_display(out, &msg->display);
    tg_buf_append_u8(out, ',');
    tg_parts_put_expiration(out, msg->expiration_s);
    if (msg->recipient != TG_RECIPIENT_UNKNOWN) {
        tg_buf_append_u8(out, ',');
        tg_parts_put_string(out, RECIPIENT, tg_bytes_str(tg_recipient_text(msg->recipient)));
    }
    tg_buf_append_u8(out, '}');
    return tg_buf_status(out);
}
