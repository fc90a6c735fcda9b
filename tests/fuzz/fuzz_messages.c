/* SPDX-License-Identifier: Apache-2.0 */
/* Any text for every decoder of a message. An accepted message is encoded, and decodes to the same
   values. */
#include "wire/msg_create.h"
#include "wire/msg_read.h"
#include "wire/msg_update.h"
#include "wire/problem.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Large enough for the escaped form of every message that a decoder accepts. */
static const struct tg_wire_limits limits = {
    .body_max = TG_RESPONSE_BODY_MAX,
    .payload_type_max = 64,
    .title_max = 256,
    .description_max = 1024,
    .image_url_max = 2048,
    .token_type_max = 128,
    .token_data_max = 4096,
};

static void assert_same(struct tg_bytes a, struct tg_bytes b)
{
    assert(tg_bytes_is_equal(a, b));
}

static void assert_same_payload(const struct tg_payload *a, const struct tg_payload *b)
{
    assert_same(a->type, b->type);
    assert_same(a->data, b->data);
}

static void assert_same_token(const struct tg_notification_token *a,
                              const struct tg_notification_token *b)
{
    assert(a->is_present == b->is_present);
    assert_same(a->type, b->type);
    assert_same(a->token_data, b->token_data);
}

static void assert_same_display(const struct tg_display_info *a, const struct tg_display_info *b)
{
    assert_same(a->title, b->title);
    assert_same(a->description, b->description);
    assert_same(a->image_url, b->image_url);
}

static void try_create(struct tg_bytes body, struct tg_buf *out)
{
    struct tg_json *doc = NULL;
    struct tg_json *again = NULL;
    struct tg_fault fault = { "" };
    struct tg_msg_create a;
    struct tg_msg_create b;

    if (tg_msg_create_decode(&a, &doc, body, &limits, &fault) != TG_OK) {
        assert(doc == NULL && fault.text[0] != '\0');
        return;
    }
    if (tg_msg_create_encode(out, &a) == TG_OK) {
        assert(tg_msg_create_decode(&b, &again, tg_buf_view(out), &limits, NULL) == TG_OK);
        assert_same_payload(&a.payload, &b.payload);
        assert_same_display(&a.display, &b.display);
        assert_same_token(&a.token, &b.token);
        assert(a.has_rights == b.has_rights && a.rights == b.rights);
        assert(a.has_expiration == b.has_expiration && a.expiration_s == b.expiration_s);
    }
    tg_json_free(&again);
    tg_json_free(&doc);
}

static void try_update(struct tg_bytes body, struct tg_buf *out)
{
    struct tg_json *doc = NULL;
    struct tg_json *again = NULL;
    struct tg_msg_update a;
    struct tg_msg_update b;

    if (tg_msg_update_decode(&a, &doc, body, &limits, NULL) != TG_OK) {
        assert(doc == NULL);
        return;
    }
    if (tg_msg_update_encode(out, &a) == TG_OK) {
        assert(tg_msg_update_decode(&b, &again, tg_buf_view(out), &limits, NULL) == TG_OK);
        assert_same_payload(&a.payload, &b.payload);
        assert_same_token(&a.token, &b.token);
    }
    tg_json_free(&again);
    tg_json_free(&doc);
}

static void try_content(struct tg_bytes body, struct tg_buf *out)
{
    struct tg_json *doc = NULL;
    struct tg_json *again = NULL;
    struct tg_msg_content a;
    struct tg_msg_content b;

    if (tg_msg_content_decode(&a, &doc, body, NULL) != TG_OK) {
        assert(doc == NULL);
        return;
    }
    if (tg_msg_content_encode(out, &a) == TG_OK) {
        assert(tg_msg_content_decode(&b, &again, tg_buf_view(out), NULL) == TG_OK);
        assert_same_payload(&a.payload, &b.payload);
        assert_same_display(&a.display, &b.display);
        assert(a.expiration_s == b.expiration_s);
    }
    tg_json_free(&again);
    tg_json_free(&doc);
}

static void try_others(struct tg_bytes body)
{
    struct tg_json *doc = NULL;
    struct tg_notification_token token;
    struct tg_msg_created created;
    struct tg_msg_preview preview;
    struct tg_problem problem;
    bool is_push_supported = false;

    if (tg_msg_read_decode(&token, &doc, body, &limits, NULL) == TG_OK) {
        tg_json_free(&doc);
    }
    if (tg_msg_created_decode(&created, &doc, body, NULL) == TG_OK) {
        tg_json_free(&doc);
    }
    if (tg_msg_preview_decode(&preview, &doc, body, NULL) == TG_OK) {
        tg_json_free(&doc);
    }
    if (tg_problem_decode(&problem, &doc, body) == TG_OK) {
        tg_json_free(&doc);
    }
    assert(doc == NULL);
    (void)!tg_msg_updated_decode(&is_push_supported, body, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tg_bytes body = tg_bytes(data, len);
    struct tg_buf out;

    tg_buf_init(&out, TG_RESPONSE_BODY_MAX);
    try_create(body, &out);
    tg_buf_clear(&out);
    try_update(body, &out);
    tg_buf_clear(&out);
    try_content(body, &out);
    try_others(body);
    tg_buf_deinit(&out);
    return 0;
}
