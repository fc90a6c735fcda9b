/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/msg_create.h"

#include "wire/parts.h"

static const struct {
    uint8_t letter;
    unsigned right;
} right_letters[] = {
    { 'R', TG_RIGHT_READ },
    { 'W', TG_RIGHT_WRITE },
    { 'D', TG_RIGHT_DELETE },
};

static unsigned right_of(uint8_t letter)
{
    for (size_t i = 0; i < TG_COUNT(right_letters); i++) {
        if (right_letters[i].letter == letter) {
            return right_letters[i].right;
        }
    }
    return 0;
}

/* spec: protocol/3#access-rights */
enum tg_err tg_rights_parse(unsigned *rights, struct tg_bytes text, struct tg_fault *fault)
{
    unsigned set = 0;
    bool is_bad = text.len == 0 || text.len > TG_COUNT(right_letters);

    for (size_t i = 0; !is_bad && i < text.len; i++) {
        unsigned right = right_of(text.ptr[i]);

        is_bad = right == 0 || (set & right) != 0;
        set |= right;
    }
    if (is_bad) {
        tg_fault_set(fault, "mailboxConfiguration.accessRights: expected one or more of the "
                            "letters R, W and D, each at most once");
        return TG_E_SYNTAX;
    }
    *rights = set;
    return TG_OK;
}

void tg_rights_format(struct tg_buf *out, unsigned rights)
{
    for (size_t i = 0; i < TG_COUNT(right_letters); i++) {
        if ((rights & right_letters[i].right) != 0) {
            tg_buf_append_u8(out, right_letters[i].letter);
        }
    }
}

/* spec: protocol/3#expiration-optional-in-configuration */
static enum tg_err get_configuration(struct tg_msg_create *msg, struct tg_json_object in,
                                     struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_json_object object = { NULL, "" };
    struct tg_bytes rights = { NULL, 0 };

    TG_TRY(tg_json_get_object(&object, in, "mailboxConfiguration", TG_JSON_OPTIONAL, fault));
    if (object.node == NULL) {
        goto out;
    }
    TG_TRY(tg_json_get_string(&rights, object, "accessRights", TG_JSON_OPTIONAL, 0,
                              TG_RESPONSE_BODY_MAX, fault));
    if (rights.ptr != NULL) {
        TG_TRY(tg_rights_parse(&msg->rights, rights, fault));
        msg->has_rights = true;
    }
    TG_TRY(tg_parts_find_expiration(&msg->has_expiration, &msg->expiration_s, object, fault));
out:
    return err;
}

/* spec: protocol/4#create-body */
enum tg_err tg_msg_create_decode(struct tg_msg_create *out, struct tg_json **doc,
                                 struct tg_bytes body, const struct tg_wire_limits *limits,
                                 struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_msg_create msg = { .has_rights = false };
    struct tg_json_object top = { NULL, "" };
    struct tg_bytes *const views[] = {
        &msg.payload.type,      &msg.payload.data, &msg.display.title,    &msg.display.description,
        &msg.display.image_url, &msg.token.type,   &msg.token.token_data, &msg.token.topic,
    };

    TG_TRY(tg_parts_parse_body(doc, body, limits, fault));
    top = tg_json_top(*doc);
    TG_TRY(tg_parts_get_payload(&msg.payload, top, limits, fault));
    TG_TRY(tg_parts_get_display(&msg.display, top, limits, fault));
    TG_TRY(tg_parts_get_token(&msg.token, top, limits, fault));
    TG_TRY(get_configuration(&msg, top, fault));
    TG_TRY(tg_json_keep_only(*doc, views, TG_COUNT(views)));
    *out = msg;
out:
    if (err != TG_OK) {
        tg_json_free(doc);
    }
    return err;
}

enum tg_err tg_msg_create_encode(struct tg_buf *out, const struct tg_msg_create *msg)
{
    tg_parts_reserve(out, &msg->payload,
                     msg->display.title.len + msg->display.description.len +
                         msg->display.image_url.len + msg->token.type.len + msg->token.topic.len +
                         msg->token.token_data.len);
    tg_buf_append_u8(out, '{');
    tg_parts_put_payload(out, &msg->payload);
    tg_buf_append_u8(out, ',');
    tg_parts_put_display(out, &msg->display);
    if (msg->token.is_present) {
        tg_buf_append_u8(out, ',');
        tg_parts_put_token(out, &msg->token);
    }
    if (msg->has_rights || msg->has_expiration) {
        tg_buf_append(out, TG_LIT(",\"mailboxConfiguration\":{"));
        if (msg->has_rights) {
            tg_buf_append(out, TG_LIT("\"accessRights\":\""));
            tg_rights_format(out, msg->rights);
            tg_buf_append_u8(out, '"');
        }
        if (msg->has_rights && msg->has_expiration) {
            tg_buf_append_u8(out, ',');
        }
        if (msg->has_expiration) {
            tg_parts_put_expiration(out, msg->expiration_s);
        }
        tg_buf_append_u8(out, '}');
    }
    tg_buf_append_u8(out, '}');
    return tg_buf_status(out);
}

enum tg_err tg_msg_created_decode(struct tg_msg_created *out, struct tg_json **doc,
                                  struct tg_bytes body, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_msg_created msg = { .is_push_supported = false };
    struct tg_json_object top = { NULL, "" };

    TG_TRY(tg_parts_parse_body(doc, body, &tg_parts_answer_limits, fault));
    top = tg_json_top(*doc);
    TG_TRY(tg_json_get_string(&msg.url_link, top, "urlLink", TG_JSON_REQUIRED, 1,
                              TG_RESPONSE_BODY_MAX, fault));
    TG_TRY(tg_json_get_bool(&msg.is_push_supported, top, "isPushNotificationSupported",
                            TG_JSON_REQUIRED, fault));
    *out = msg;
out:
    if (err != TG_OK) {
        tg_json_free(doc);
    }
    return err;
}

enum tg_err tg_msg_created_encode(struct tg_buf *out, const struct tg_msg_created *msg)
{
    tg_buf_append_u8(out, '{');
    tg_parts_put_string(out, "urlLink", msg->url_link);
    tg_buf_append_u8(out, ',');
    tg_parts_put_bool(out, "isPushNotificationSupported", msg->is_push_supported);
    tg_buf_append_u8(out, '}');
    return tg_buf_status(out);
}
