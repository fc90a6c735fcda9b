/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/msg_update.h"

#include "wire/parts.h"

/* spec: protocol/4#update-body */
enum tg_err tg_msg_update_decode(struct tg_msg_update *out, struct tg_json **doc,
                                 struct tg_bytes body, const struct tg_wire_limits *limits,
                                 struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_msg_update msg = { .token = { .is_present = false } };
    struct tg_json_object top = { NULL, "" };
    struct tg_bytes *const views[] = { &msg.payload.type, &msg.payload.data, &msg.token.type,
                                       &msg.token.token_data, &msg.token.topic };

    TG_TRY(tg_parts_parse_body(doc, body, limits, fault));
    top = tg_json_top(*doc);
    TG_TRY(tg_parts_get_payload(&msg.payload, top, limits, fault));
    TG_TRY(tg_parts_get_token(&msg.token, top, limits, fault));
    TG_TRY(tg_json_keep_only(*doc, views, TG_COUNT(views)));
    *out = msg;
out:
    if (err != TG_OK) {
        tg_json_free(doc);
    }
    return err;
}

enum tg_err tg_msg_update_encode(struct tg_buf *out, const struct tg_msg_update *msg)
{
    tg_parts_reserve(out, &msg->payload,
                     msg->token.type.len + msg->token.topic.len + msg->token.token_data.len);
    tg_buf_append_u8(out, '{');
    tg_parts_put_payload(out, &msg->payload);
    if (msg->token.is_present) {
        tg_buf_append_u8(out, ',');
        tg_parts_put_token(out, &msg->token);
    }
    tg_buf_append_u8(out, '}');
    return tg_buf_status(out);
}

enum tg_err tg_msg_updated_decode(bool *is_push_supported, struct tg_bytes body,
                                  struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_json *doc = NULL;

    TG_TRY(tg_parts_parse_body(&doc, body, &tg_parts_answer_limits, fault));
    TG_TRY(tg_json_get_bool(is_push_supported, tg_json_top(doc), "isPushNotificationSupported",
                            TG_JSON_REQUIRED, fault));
out:
    tg_json_free(&doc);
    return err;
}

enum tg_err tg_msg_updated_encode(struct tg_buf *out, bool is_push_supported)
{
    tg_buf_append_u8(out, '{');
    tg_parts_put_bool(out, "isPushNotificationSupported", is_push_supported);
    tg_buf_append_u8(out, '}');
    return tg_buf_status(out);
}
