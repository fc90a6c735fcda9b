/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/cbor.h"

#include "base/mem.h"
#include "base/reader.h"
#include "base/utf8.h"

#include <cbor.h>

/* struct tg_cbor is not defined: the handle is the root item of libcbor. */

enum major {
    MAJOR_UINT,
    MAJOR_NEGINT,
    MAJOR_BYTES,
    MAJOR_TEXT,
    MAJOR_ARRAY,
    MAJOR_MAP,
    MAJOR_TAG,
    MAJOR_SIMPLE
};

#define ARGUMENT_DIRECT 24u /* below: the argument is in the head itself */
#define ARGUMENT_8 27u      /* the longest: eight bytes follow */
#define KEYS_MAX 64u        /* of all maps that are open at one place */
#define SIMPLE_FALSE 20u
#define SIMPLE_NULL 22u

struct head {
    enum major major;
    uint64_t argument;
};

struct frame {
    uint64_t left; /* items until this container is complete; a map counts keys and values */
    bool is_map;
    size_t keys_from; /* in scan.keys */
};

struct scan {
    struct tg_reader in;
    struct frame frames[TG_CBOR_DEPTH_MAX];
    size_t depth;
    struct tg_bytes keys[KEYS_MAX]; /* encoded, of the open maps, innermost last */
    size_t key_count;
    size_t item_count;
};

static uint64_t read_argument(struct tg_reader *in, unsigned size_log2)
{
    switch (size_log2) {
    case 0:
        return tg_reader_u8(in);
    case 1:
        return tg_reader_u16(in);
    case 2:
        return tg_reader_u32(in);
    default:
        return tg_reader_u64(in);
    }
}

/* The smallest argument that needs 2^size_log2 bytes. */
static uint64_t least_argument(unsigned size_log2)
{
    return size_log2 == 0 ? ARGUMENT_DIRECT : UINT64_C(1) << (4u << size_log2);
}

static enum tg_err read_head(struct head *head, struct tg_reader *in)
{
    uint8_t first = tg_reader_u8(in);
    unsigned info = first & 0x1fu;

    head->major = (enum major)(first >> 5);
    head->argument = info;
    if (info > ARGUMENT_8) {
        return TG_E_SYNTAX; /* reserved, or an indefinite length */
    }
    if (info >= ARGUMENT_DIRECT) {
        if (head->major == MAJOR_SIMPLE) {
            return TG_E_SYNTAX; /* floats, and unassigned simple values */
        }
        head->argument = read_argument(in, info - ARGUMENT_DIRECT);
        if (head->argument < least_argument(info - ARGUMENT_DIRECT)) {
            return TG_E_SYNTAX;
        }
    }
    return in->is_short ? TG_E_SYNTAX : TG_OK;
}

static enum tg_err open_container(struct scan *s, const struct head *head)
{
    bool is_map = head->major == MAJOR_MAP;

    if (s->depth == TG_CBOR_DEPTH_MAX || head->argument > TG_CBOR_ITEMS_MAX) {
        return TG_E_LIMIT;
    }
    s->frames[s->depth++] = (struct frame){ .left = is_map ? 2 * head->argument : head->argument,
                                            .is_map = is_map,
                                            .keys_from = s->key_count };
    return TG_OK;
}

static enum tg_err skip_string(struct scan *s, const struct head *head)
{
    struct tg_bytes text;

    if (head->argument > s->in.rest.len) {
        return TG_E_SYNTAX;
    }
    text = tg_reader_bytes(&s->in, (size_t)head->argument);
    return head->major == MAJOR_TEXT && !tg_utf8_is_valid(text) ? TG_E_SYNTAX : TG_OK;
}

static enum tg_err scan_content(struct scan *s, const struct head *head)
{
    switch (head->major) {
    case MAJOR_UINT:
    case MAJOR_NEGINT:
        return head->argument <= INT64_MAX ? TG_OK : TG_E_LIMIT;
    case MAJOR_BYTES:
    case MAJOR_TEXT:
        return skip_string(s, head);
    case MAJOR_ARRAY:
    case MAJOR_MAP:
        return open_container(s, head);
    case MAJOR_TAG:
        return TG_E_SYNTAX;
    case MAJOR_SIMPLE:
        return head->argument >= SIMPLE_FALSE && head->argument <= SIMPLE_NULL ? TG_OK
                                                                               : TG_E_SYNTAX;
    }
    return TG_E_BUG;
}

/* Numbers and lengths have their shortest form, so equal keys have equal bytes. */
static enum tg_err keep_key(struct scan *s, const struct frame *map, struct tg_bytes key)
{
    for (size_t i = map->keys_from; i < s->key_count; i++) {
        if (tg_bytes_is_equal(s->keys[i], key)) {
            return TG_E_SYNTAX;
        }
    }
    if (s->key_count == KEYS_MAX) {
        return TG_E_LIMIT;
    }
    s->keys[s->key_count++] = key;
    return TG_OK;
}

static bool is_key(enum major major)
{
    return major == MAJOR_UINT || major == MAJOR_NEGINT || major == MAJOR_TEXT;
}

static enum tg_err scan_item(struct scan *s)
{
    struct frame *parent = s->depth == 0 ? NULL : &s->frames[s->depth - 1];
    bool is_key_turn = parent != NULL && parent->is_map && parent->left % 2 == 0;
    struct tg_bytes from = s->in.rest;
    struct head head = { .major = MAJOR_UINT };
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(s->item_count < TG_CBOR_ITEMS_MAX, TG_E_LIMIT);
    s->item_count++;
    TG_TRY(read_head(&head, &s->in));
    TG_REQUIRE(!is_key_turn || is_key(head.major), TG_E_SYNTAX);
    if (parent != NULL) {
        parent->left--;
    }
    TG_TRY(scan_content(s, &head));
    if (is_key_turn) {
        TG_TRY(keep_key(s, parent, tg_bytes_first(from, from.len - s->in.rest.len)));
    }
    err = TG_OK;
out:
    return err;
}

static void close_containers(struct scan *s)
{
    while (s->depth > 0 && s->frames[s->depth - 1].left == 0) {
        s->key_count = s->frames[--s->depth].keys_from;
    }
}

/* Each iteration reads at least one byte and counts one item. */
enum tg_err tg_cbor_measure(size_t *len, struct tg_bytes data)
{
    struct scan s;
    enum tg_err err = data.len <= TG_CBOR_BYTES_MAX ? TG_OK : TG_E_LIMIT;

    s.in = tg_reader_init(data);
    s.depth = 0;
    s.key_count = 0;
    s.item_count = 0;
    while (err == TG_OK && (s.item_count == 0 || s.depth > 0)) {
        err = scan_item(&s);
        close_containers(&s);
    }
    if (err == TG_OK) {
        *len = data.len - s.in.rest.len;
    }
    return err;
}

enum tg_err tg_cbor_decode(struct tg_cbor **out, struct tg_bytes data)
{
    struct cbor_load_result result = { .read = 0 };
    cbor_item_t *root = NULL;
    size_t len = 0;
    enum tg_err err = tg_cbor_measure(&len, data);

    if (err != TG_OK) {
        return err;
    }
    if (len != data.len) {
        return TG_E_SYNTAX;
    }
    root = cbor_load(data.ptr, data.len, &result);
    if (root == NULL) {
        return TG_E_NOMEM; /* the only possible reason: the bytes have been checked */
    }
    *out = (struct tg_cbor *)root;
    return TG_OK;
}

/* ---- wiping --------------------------------------------------------------------------------- */

static void wipe_text(cbor_item_t *node)
{
    if (cbor_isa_bytestring(node)) {
        tg_mem_wipe(cbor_bytestring_handle(node), cbor_bytestring_length(node));
    } else if (cbor_isa_string(node)) {
        tg_mem_wipe(cbor_string_handle(node), cbor_string_length(node));
    }
}

/* NULL: no further child. */
static cbor_item_t *child_of(const cbor_item_t *node, size_t index)
{
    if (cbor_isa_array(node) && index < cbor_array_size(node)) {
        return cbor_array_handle(node)[index];
    }
    if (cbor_isa_map(node) && index / 2 < cbor_map_size(node)) {
        const struct cbor_pair *pair = &cbor_map_handle(node)[index / 2];

        return index % 2 == 0 ? pair->key : pair->value;
    }
    return NULL;
}

/* libcbor copies each string and frees it without wiping. A certificate may identify a device.
   spec: protocol/6#nothing-of-a-proof-kept */
static void wipe_strings(cbor_item_t *root)
{
    struct {
        cbor_item_t *node;
        size_t next;
    } path[TG_CBOR_DEPTH_MAX + 1] = { { root, 0 } };
    size_t depth = 1;

    while (depth > 0) {
        cbor_item_t *child = child_of(path[depth - 1].node, path[depth - 1].next++);

        if (child != NULL && depth <= TG_CBOR_DEPTH_MAX) {
            path[depth].node = child;
            path[depth++].next = 0;
        } else if (child == NULL) {
            wipe_text(path[--depth].node);
        }
    }
}

void tg_cbor_free(struct tg_cbor **doc)
{
    cbor_item_t *root = (cbor_item_t *)*doc;

    if (root != NULL) {
        wipe_strings(root);
        cbor_decref(&root);
        *doc = NULL;
    }
}

struct tg_cbor_item tg_cbor_root(const struct tg_cbor *doc)
{
    return (struct tg_cbor_item){ doc };
}

/* libcbor's getters take a mutable item but do not change it. */
static cbor_item_t *node_of(struct tg_cbor_item item, cbor_type type)
{
    union {
        const void *given;
        cbor_item_t *node;
    } u = { .given = item.node };

    return u.node != NULL && cbor_typeof(u.node) == type ? u.node : NULL;
}

bool tg_cbor_get_int(int64_t *out, struct tg_cbor_item item)
{
    const cbor_item_t *positive = node_of(item, CBOR_TYPE_UINT);
    const cbor_item_t *negative = node_of(item, CBOR_TYPE_NEGINT);

    if (positive != NULL) {
        *out = (int64_t)cbor_get_int(positive);
    } else if (negative != NULL) {
        *out = -1 - (int64_t)cbor_get_int(negative);
    }
    return positive != NULL || negative != NULL;
}

bool tg_cbor_get_bytes(struct tg_bytes *out, struct tg_cbor_item item)
{
    cbor_item_t *node = node_of(item, CBOR_TYPE_BYTESTRING);

    if (node != NULL) {
        *out = tg_bytes(cbor_bytestring_handle(node), cbor_bytestring_length(node));
    }
    return node != NULL;
}

bool tg_cbor_get_text(struct tg_bytes *out, struct tg_cbor_item item)
{
    cbor_item_t *node = node_of(item, CBOR_TYPE_STRING);

    if (node != NULL) {
        *out = tg_bytes(cbor_string_handle(node), cbor_string_length(node));
    }
    return node != NULL;
}

bool tg_cbor_get_array(size_t *count, struct tg_cbor_item item)
{
    const cbor_item_t *node = node_of(item, CBOR_TYPE_ARRAY);

    if (node != NULL) {
        *count = cbor_array_size(node);
    }
    return node != NULL;
}

bool tg_cbor_get_map(size_t *count, struct tg_cbor_item item)
{
    const cbor_item_t *node = node_of(item, CBOR_TYPE_MAP);

    if (node != NULL) {
        *count = cbor_map_size(node);
    }
    return node != NULL;
}

struct tg_cbor_item tg_cbor_element(struct tg_cbor_item array, size_t index)
{
    const cbor_item_t *node = node_of(array, CBOR_TYPE_ARRAY);

    if (node == NULL || index >= cbor_array_size(node)) {
        return (struct tg_cbor_item){ NULL };
    }
    return (struct tg_cbor_item){ cbor_array_handle(node)[index] };
}

struct tg_cbor_item tg_cbor_member(struct tg_cbor_item map, const char *key)
{
    const cbor_item_t *node = node_of(map, CBOR_TYPE_MAP);
    size_t count = node == NULL ? 0 : cbor_map_size(node);

    for (size_t i = 0; i < count; i++) {
        const struct cbor_pair *pair = &cbor_map_handle(node)[i];
        struct tg_bytes name;

        if (tg_cbor_get_text(&name, (struct tg_cbor_item){ pair->key }) &&
            tg_bytes_is_equal(name, tg_bytes_str(key))) {
            return (struct tg_cbor_item){ pair->value };
        }
    }
    return (struct tg_cbor_item){ NULL };
}

struct tg_cbor_item tg_cbor_member_int(struct tg_cbor_item map, int64_t key)
{
    const cbor_item_t *node = node_of(map, CBOR_TYPE_MAP);
    size_t count = node == NULL ? 0 : cbor_map_size(node);

    for (size_t i = 0; i < count; i++) {
        const struct cbor_pair *pair = &cbor_map_handle(node)[i];
        int64_t number = 0;

        if (tg_cbor_get_int(&number, (struct tg_cbor_item){ pair->key }) && number == key) {
            return (struct tg_cbor_item){ pair->value };
        }
    }
    return (struct tg_cbor_item){ NULL };
}
