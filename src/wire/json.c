/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "wire/json_number.h"
#include "wire/json_scan.h"
#include "wire/limits.h"

#include <inttypes.h>
#include <string.h>

#define EXPECTED_BODY "body: expected one JSON object in UTF-8; "

struct tg_json {
    struct tg_buf text;  /* the nodes view it */
    struct tg_buf nodes; /* of json_scan.h */
    uint8_t *kept;       /* owned; see tg_json_keep_only */
};

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Checks what is true of the whole text. */
static enum tg_err check_text(struct tg_bytes text, struct tg_fault *fault)
{
    size_t i = 0;

    if (text.len > TG_RESPONSE_BODY_MAX) {
        tg_fault_set(fault, "body: expected at most %u bytes of JSON", TG_RESPONSE_BODY_MAX);
        return TG_E_LIMIT;
    }
    if (tg_bytes_find(text, 0) < text.len) {
        tg_fault_set(fault, EXPECTED_BODY "it contains a NUL byte");
        return TG_E_SYNTAX;
    }
    while (i < text.len && is_space(text.ptr[i])) {
        i++;
    }
    if (i == text.len || text.ptr[i] != '{') {
        tg_fault_set(fault, EXPECTED_BODY "it does not begin with {");
        return TG_E_SYNTAX;
    }
    if (!tg_utf8_is_valid(text)) {
        tg_fault_set(fault, EXPECTED_BODY "it contains bytes that are not UTF-8");
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

/* spec: protocol/1#strict-json
   spec: protocol/1#any-number */
enum tg_err tg_json_parse(struct tg_json **doc, struct tg_bytes text, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_json *made = NULL;

    TG_TRY(check_text(text, fault));
    made = tg_mem_calloc(1, sizeof(*made));
    TG_REQUIRE(made != NULL, TG_E_NOMEM);
    tg_buf_init(&made->text, text.len);
    tg_buf_init(&made->nodes, TG_JSON_VALUES_MAX * sizeof(struct tg_json_node));
    tg_buf_append(&made->text, text);
    TG_TRY(tg_buf_status(&made->text));
    TG_TRY(tg_json_scan(&made->text, &made->nodes, fault));
    *doc = made;
    made = NULL;
    err = TG_OK;
out:
    tg_json_free(&made);
    return err;
}

void tg_json_free(struct tg_json **doc)
{
    if (doc != NULL && *doc != NULL) {
        tg_buf_deinit(&(*doc)->text);
        tg_buf_deinit(&(*doc)->nodes);
        tg_mem_free_wiped((*doc)->kept);
        tg_mem_free(*doc);
        *doc = NULL;
    }
}

enum tg_err tg_json_keep_only(struct tg_json *doc, struct tg_bytes *const views[], size_t count)
{
    size_t len = 1; /* an empty string is not NULL */
    uint8_t *at = NULL;

    for (size_t i = 0; i < count; i++) {
        len += views[i]->len; /* all of them are parts of one text */
    }
    doc->kept = tg_mem_calloc(1, len);
    if (doc->kept == NULL) {
        return TG_E_NOMEM;
    }
    at = doc->kept;
    for (size_t i = 0; i < count; i++) {
        if (views[i]->len > 0) {
            memcpy(at, views[i]->ptr, views[i]->len);
        }
        views[i]->ptr = views[i]->ptr == NULL ? NULL : at;
        at += views[i]->len;
    }
    tg_buf_deinit(&doc->text);
    tg_buf_deinit(&doc->nodes);
    return TG_OK;
}

bool tg_json_lend(struct tg_bytes *view, struct tg_bytes text)
{
    const uint8_t *at = view->len > 0 ? memmem(text.ptr, text.len, view->ptr, view->len) : NULL;

    if (at != NULL) {
        view->ptr = at;
    }
    return at != NULL;
}

struct tg_json_object tg_json_top(const struct tg_json *doc)
{
    return (struct tg_json_object){ .node = tg_buf_view(&doc->nodes).ptr, .path = "" };
}

/* The value of a member; NULL: there is none. */
static const struct tg_json_node *find(struct tg_json_object in, const char *name)
{
    const struct tg_json_node *object = in.node;
    const struct tg_json_node *node = object;
    struct tg_bytes wanted = tg_bytes_str(name);

    for (size_t i = 0; object != NULL && i < object->len; i++) {
        node = i == 0 ? object + 1 : tg_json_next(node + 1);
        if (tg_bytes_is_equal(tg_bytes(node->ptr, node->len), wanted)) {
            return node + 1;
        }
    }
    return NULL;
}

/* Looks up one member by name, so that unknown members are ignored. A null is no member.
   spec: protocol/1#unknown-members-ignored
   spec: protocol/1#null-is-absent */
static const struct tg_json_node *member(struct tg_json_object in, const char *name)
{
    const struct tg_json_node *node = find(in, name);

    return node == NULL || node->kind == TG_JSON_NULL ? NULL : node;
}

static bool is_kind(const struct tg_json_node *node, enum tg_json_kind kind)
{
    return node != NULL && node->kind == kind;
}

static const char *dot(struct tg_json_object in)
{
    return in.path[0] == '\0' ? "" : ".";
}

/* The message for a member that is missing or has another type or size. */
#define MEMBER_FAULT(fault, in, name, fmt, ...)                                                    \
    tg_fault_set((fault), "%s%s%s: expected " fmt, (in).path, dot(in), (name), __VA_ARGS__)

enum tg_err tg_json_get_object(struct tg_json_object *out, struct tg_json_object in,
                               const char *name, enum tg_json_need need, struct tg_fault *fault)
{
    const struct tg_json_node *node = member(in, name);

    if (!is_kind(node, TG_JSON_OBJECT) && (node != NULL || need == TG_JSON_REQUIRED)) {
        MEMBER_FAULT(fault, in, name, "%s", "an object");
        return TG_E_SYNTAX;
    }
    *out = (struct tg_json_object){ .node = node, .path = name };
    return TG_OK;
}

enum tg_err tg_json_get_string(struct tg_bytes *out, struct tg_json_object in, const char *name,
                               enum tg_json_need need, size_t min_len, size_t max_len,
                               struct tg_fault *fault)
{
    const struct tg_json_node *node = member(in, name);
    size_t len = 0;

    if (node == NULL && need == TG_JSON_OPTIONAL) {
        *out = tg_bytes(NULL, 0);
        return TG_OK;
    }
    if (is_kind(node, TG_JSON_STRING)) {
        len = node->len;
        if (len >= min_len && len <= max_len) {
            *out = tg_bytes(node->ptr, len);
            return TG_OK;
        }
    }
    if (max_len < TG_RESPONSE_BODY_MAX) {
        MEMBER_FAULT(fault, in, name, "a string of %zu to %zu bytes", min_len, max_len);
    } else {
        MEMBER_FAULT(fault, in, name, "%s", min_len > 0 ? "a non-empty string" : "a string");
    }
    return len > max_len ? TG_E_LIMIT : TG_E_SYNTAX;
}

bool tg_json_has(struct tg_json_object in, const char *name)
{
    return find(in, name) != NULL;
}

enum tg_err tg_json_get_bool(bool *out, struct tg_json_object in, const char *name,
                             enum tg_json_need need, struct tg_fault *fault)
{
    const struct tg_json_node *node = member(in, name);

    if (node == NULL && need == TG_JSON_OPTIONAL) {
        return TG_OK;
    }
    if (!is_kind(node, TG_JSON_TRUE) && !is_kind(node, TG_JSON_FALSE)) {
        MEMBER_FAULT(fault, in, name, "%s", "true or false");
        return TG_E_SYNTAX;
    }
    *out = node->kind == TG_JSON_TRUE;
    return TG_OK;
}

enum tg_err tg_json_get_whole(int64_t *out, struct tg_json_object in, const char *name, int64_t max,
                              struct tg_fault *fault)
{
    const struct tg_json_node *node = member(in, name);
    struct tg_json_number number = { .is_whole = false };

    if (is_kind(node, TG_JSON_NUMBER)) {
        number = tg_json_number_read(tg_bytes(node->ptr, node->len));
    }
    if (!number.is_whole || number.whole > max) {
        MEMBER_FAULT(fault, in, name, "a whole number from 0 to %" PRId64, max);
        return TG_E_SYNTAX;
    }
    *out = number.whole;
    return TG_OK;
}

size_t tg_json_member_count(struct tg_json_object in)
{
    const struct tg_json_node *node = in.node;

    return node == NULL ? 0 : node->len;
}

size_t tg_json_item_count(struct tg_json_object in, const char *name)
{
    const struct tg_json_node *node = member(in, name);

    return is_kind(node, TG_JSON_ARRAY) ? node->len : 0;
}

struct tg_json_object tg_json_item(struct tg_json_object in, const char *name, size_t index)
{
    const struct tg_json_node *node = NULL;

    if (index < tg_json_item_count(in, name)) {
        node = member(in, name) + 1;
        for (size_t i = 0; i < index; i++) {
            node = tg_json_next(node);
        }
    }
    return (struct tg_json_object){ .node = is_kind(node, TG_JSON_OBJECT) ? node : NULL,
                                    .path = name };
}

/* Appends the escape of c: a letter where JSON has one, else four digits. */
static void put_escape(struct tg_buf *out, uint8_t c)
{
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* character, letter, ... */
    static const char digits[] = "0123456789abcdef";
    uint8_t text[] = { '\\', 'u', '0', '0', (uint8_t)digits[c >> 4], (uint8_t)digits[c & 15u] };

    for (size_t i = 0; i + 1 < sizeof(letters) - 1; i += 2) {
        if (c == (uint8_t)letters[i]) {
            text[1] = (uint8_t)letters[i + 1];
            tg_buf_append(out, tg_bytes(text, 2));
            return;
        }
    }
    tg_buf_append(out, TG_ARRAY_BYTES(text));
}

static bool needs_escape(uint8_t c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

void tg_json_put_string(struct tg_buf *out, struct tg_bytes text)
{
    size_t done = 0;

    /* A NUL is UTF-8, but tg_json_parse refuses it. */
    if (tg_buf_status(out) != TG_OK) {
        return;
    }
    if (!tg_utf8_is_valid(text) || tg_bytes_find(text, 0) < text.len) {
        out->err = TG_E_SYNTAX;
        return;
    }
    tg_buf_append_u8(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (needs_escape(text.ptr[i])) {
            tg_buf_append(out, tg_bytes(text.ptr + done, i - done));
            put_escape(out, text.ptr[i]);
            done = i + 1;
        }
    }
    tg_buf_append(out, tg_bytes_from(text, done));
    tg_buf_append_u8(out, '"');
}
