/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "wire/json_number.h"
#include "wire/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define EXPECTED_BODY "body: expected one JSON object in UTF-8; "

struct tg_json {
    json_t *root;  /* NULL: only kept is left */
    uint8_t *kept; /* owned; see tg_json_keep_only */
};

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Index just behind the quote that ends the string opened at `at`, or text.len. */
static size_t skip_string(struct tg_bytes text, size_t at)
{
    size_t start = at + 1;

    while (start < text.len) {
        const uint8_t *quote = memchr(text.ptr + start, '"', text.len - start);
        size_t end = quote == NULL ? text.len : (size_t)(quote - text.ptr);
        size_t slashes = 0;

        while (end - slashes > start && text.ptr[end - slashes - 1] == '\\') {
            slashes++;
        }
        if (quote == NULL || slashes % 2 == 0) {
            return quote == NULL ? text.len : end + 1;
        }
        start = end + 1;
    }
    return text.len;
}

/* How many levels deeper the text is behind this byte. */
static int step(uint8_t c)
{
    return c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
}

/* Checks the nesting: the parser recurses. *has_huge: a number is too large for the parser. */
static enum tg_err check_depth(struct tg_bytes text, bool *has_huge, struct tg_fault *fault)
{
    size_t depth = 0;
    size_t i = 0;

    while (i < text.len) {
        uint8_t c = text.ptr[i];

        if (c == '"') {
            i = skip_string(text, i);
            continue;
        }
        if (tg_json_number_begins(c)) {
            struct tg_json_number number = tg_json_number_read(tg_bytes_from(text, i));

            *has_huge = *has_huge || number.is_huge;
            i += number.len > 0 ? number.len : 1;
            continue;
        }
        depth = step(c) < 0 && depth == 0 ? 0 : depth + (size_t)step(c);
        if (depth > TG_JSON_DEPTH_MAX) {
            tg_fault_set(fault, "body: expected nesting of at most %u levels", TG_JSON_DEPTH_MAX);
            return TG_E_LIMIT;
        }
        i++;
    }
    if (depth > 0) {
        tg_fault_set(fault, EXPECTED_BODY "the text ends early");
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

/* Checks what the parser does not. */
static enum tg_err check_shape(struct tg_bytes text, bool *has_huge, struct tg_fault *fault)
{
    size_t i = 0;

    if (text.len > TG_RESPONSE_BODY_MAX) {
        tg_fault_set(fault, "body: expected at most %u bytes of JSON", TG_RESPONSE_BODY_MAX);
        return TG_E_LIMIT;
    }
    /* The parser ends the text at a NUL behind the object. */
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
    return check_depth(text, has_huge, fault);
}

/* Appends the text with the cap instead of each number that the parser would refuse. The cap is no
   longer than such a number. */
static void put_capped(struct tg_buf *out, struct tg_bytes text)
{
    size_t done = 0;
    size_t i = 0;

    while (i < text.len) {
        struct tg_json_number number = { .len = 0 };

        if (text.ptr[i] == '"') {
            i = skip_string(text, i);
            continue;
        }
        if (tg_json_number_begins(text.ptr[i])) {
            number = tg_json_number_read(tg_bytes_from(text, i));
        }
        if (number.is_huge) {
            tg_buf_append(out, tg_bytes(text.ptr + done, i - done));
            tg_buf_append_str(out,
                              text.ptr[i] == '-' ? "-" TG_JSON_NUMBER_CAP : TG_JSON_NUMBER_CAP);
            done = i + number.len;
        }
        i += number.len > 0 ? number.len : 1;
    }
    tg_buf_append(out, tg_bytes_from(text, done));
}

/* Translates the library's error: its own text quotes the input. */
static enum tg_err explain(const json_error_t *error, struct tg_fault *fault)
{
    static const struct {
        enum json_error_code code;
        const char *what;
    } reasons[] = {
        { json_error_invalid_utf8, "it contains bytes that are not UTF-8" },
        { json_error_end_of_input_expected, "there are bytes after the object" },
        { json_error_null_character, "a string contains a NUL character" },
        { json_error_null_byte_in_key, "the name of a member contains a NUL character" },
        { json_error_duplicate_key, "a member occurs twice" },
    };
    enum json_error_code code = json_error_code(error);

    /* When memory is short, the library usually reports no code. */
    if (code == json_error_out_of_memory || code == json_error_unknown) {
        return TG_E_NOMEM;
    }
    for (size_t i = 0; i < TG_COUNT(reasons); i++) {
        if (reasons[i].code == code) {
            tg_fault_set(fault, EXPECTED_BODY "%s", reasons[i].what);
        }
    }
    tg_fault_set(fault, EXPECTED_BODY "the syntax is not JSON");
    return TG_E_SYNTAX;
}

/* spec: protocol/1#strict-json
   spec: protocol/1#any-number */
enum tg_err tg_json_parse(struct tg_json **doc, struct tg_bytes text, struct tg_fault *fault)
{
    /* Numbers are read as reals, so that an integer of any size passes in a member that is not
       read. A real holds the whole numbers up to 2^53 exactly. */
    static const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL;
    enum tg_err err = TG_E_BUG;
    json_error_t error = { .line = 0 };
    struct tg_json *made = NULL;
    struct tg_buf capped;
    bool has_huge = false;

    tg_buf_init(&capped, text.len);
    TG_TRY(check_shape(text, &has_huge, fault));
    if (has_huge) {
        put_capped(&capped, text);
        TG_TRY(tg_buf_status(&capped));
        text = tg_buf_view(&capped);
    }
    made = tg_mem_calloc(1, sizeof(*made));
    TG_REQUIRE(made != NULL, TG_E_NOMEM);
    made->root = json_loadb((const char *)text.ptr, text.len, flags, &error);
    if (made->root == NULL) {
        err = explain(&error, fault);
        goto out;
    }
    TG_REQUIRE(json_is_object(made->root), TG_E_SYNTAX);
    *doc = made;
    made = NULL;
    err = TG_OK;
out:
    tg_json_free(&made);
    tg_buf_deinit(&capped);
    return err;
}

void tg_json_free(struct tg_json **doc)
{
    if (doc != NULL && *doc != NULL) {
        json_decref((*doc)->root);
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
    json_decref(doc->root);
    doc->root = NULL;
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

/* The parser ignores a failed allocation for a growing token and would continue with part of it, so
   a process that is out of memory stops here. */
static void *alloc_or_stop(size_t size)
{
    void *ptr = tg_mem_alloc(size);

    assert(ptr != NULL);
    return ptr;
}

void tg_json_own_process(void)
{
    json_set_alloc_funcs(alloc_or_stop, tg_mem_free_wiped);
}

struct tg_json_object tg_json_top(const struct tg_json *doc)
{
    return (struct tg_json_object){ .node = doc->root, .path = "" };
}

/* Looks up one member by name, so that unknown members are ignored. A null is no member.
   spec: protocol/1#unknown-members-ignored
   spec: protocol/1#null-is-absent */
static const json_t *member(struct tg_json_object in, const char *name)
{
    const json_t *node = in.node == NULL ? NULL : json_object_get((const json_t *)in.node, name);

    return json_is_null(node) ? NULL : node;
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
    const json_t *node = member(in, name);

    if (!json_is_object(node) && (node != NULL || need == TG_JSON_REQUIRED)) {
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
    const json_t *node = member(in, name);
    size_t len = json_string_length(node); /* 0 unless it is a string */

    if (node == NULL && need == TG_JSON_OPTIONAL) {
        *out = tg_bytes(NULL, 0);
        return TG_OK;
    }
    if (json_is_string(node) && len >= min_len && len <= max_len) {
        *out = tg_bytes(json_string_value(node), len);
        return TG_OK;
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
    return in.node != NULL && json_object_get((const json_t *)in.node, name) != NULL;
}

enum tg_err tg_json_get_bool(bool *out, struct tg_json_object in, const char *name,
                             enum tg_json_need need, struct tg_fault *fault)
{
    const json_t *node = member(in, name);

    if (node == NULL && need == TG_JSON_OPTIONAL) {
        return TG_OK;
    }
    if (!json_is_boolean(node)) {
        MEMBER_FAULT(fault, in, name, "%s", "true or false");
        return TG_E_SYNTAX;
    }
    *out = json_is_true(node);
    return TG_OK;
}

enum tg_err tg_json_get_whole(int64_t *out, struct tg_json_object in, const char *name, int64_t max,
                              struct tg_fault *fault)
{
    const json_t *node = member(in, name);
    double value = json_real_value(node); /* 0 unless it is a number */
    bool is_in_range = json_is_real(node) && value >= 0 && value <= (double)max;

    if (!is_in_range || (double)(int64_t)value != value) {
        MEMBER_FAULT(fault, in, name, "a whole number from 0 to %" PRId64, max);
        return TG_E_SYNTAX;
    }
    *out = (int64_t)value;
    return TG_OK;
}

size_t tg_json_member_count(struct tg_json_object in)
{
    return json_object_size((const json_t *)in.node);
}

size_t tg_json_item_count(struct tg_json_object in, const char *name)
{
    return json_array_size(member(in, name));
}

struct tg_json_object tg_json_item(struct tg_json_object in, const char *name, size_t index)
{
    const json_t *node = json_array_get(member(in, name), index);

    return (struct tg_json_object){ .node = json_is_object(node) ? node : NULL, .path = name };
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
