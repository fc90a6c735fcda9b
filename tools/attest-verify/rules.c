/* SPDX-License-Identifier: Apache-2.0 */
/* The changes of negative_rules.json. Changes of the structure are made in the tree of libcbor. */
#include "attest-verify/vectors.h"

#include <cbor.h>
#include <stdlib.h>
#include <string.h>

static cbor_item_t *find_member(const cbor_item_t *map, const char *key, size_t *at)
{
    for (size_t i = 0; i < cbor_map_size(map); i++) {
        const cbor_item_t *name = cbor_map_handle(map)[i].key;

        if (cbor_isa_string(name) && cbor_string_length(name) == strlen(key) &&
            strncmp((const char *)cbor_string_handle(name), key, strlen(key)) == 0) {
            *at = i;
            return cbor_map_handle(map)[i].value;
        }
    }
    give_up("no such member in the object", key);
}

static cbor_item_t *member(const cbor_item_t *map, const char *key)
{
    size_t at = 0;

    return find_member(map, key, &at);
}

static void replace_member(cbor_item_t *map, const char *key, cbor_item_t *value)
{
    size_t at = 0;
    cbor_item_t *old = find_member(map, key, &at);

    cbor_map_handle(map)[at].value = value;
    cbor_decref(&old);
}

static size_t number(const json_t *op, const char *name)
{
    return (size_t)json_integer_value(json_object_get(op, name));
}

static void xor_at(uint8_t *bytes, size_t len, const json_t *op)
{
    size_t offset = number(op, "offset");

    if (offset >= len) {
        give_up("offset past the end", "xor_byte");
    }
    bytes[offset] ^= (uint8_t)strtoul(text_of(op, "mask"), NULL, 16);
}

/* A byte string of the object: "authData" or "attStmt.<name>". */
static cbor_item_t *byte_string(const cbor_item_t *root, const char *field)
{
    static const char prefix[] = "attStmt.";

    if (strncmp(field, prefix, sizeof(prefix) - 1) == 0) {
        return member(member(root, "attStmt"), field + sizeof(prefix) - 1);
    }
    return member(root, field);
}

static void xor_inner(cbor_item_t *root, const json_t *op)
{
    cbor_item_t *bytes = byte_string(root, text_of(op, "field"));

    xor_at(cbor_bytestring_handle(bytes), cbor_bytestring_length(bytes), op);
}

static void reverse_x5c(cbor_item_t *root, const json_t *op)
{
    const cbor_item_t *list = member(member(root, "attStmt"), "x5c");
    size_t count = cbor_array_size(list);

    (void)op;
    for (size_t i = 0; i < count / 2; i++) {
        cbor_item_t *kept = cbor_array_handle(list)[i];

        cbor_array_handle(list)[i] = cbor_array_handle(list)[count - 1 - i];
        cbor_array_handle(list)[count - 1 - i] = kept;
    }
}

static void delete_stmt(cbor_item_t *root, const json_t *op)
{
    const cbor_item_t *old = member(root, "attStmt");
    cbor_item_t *fresh = cbor_new_definite_map(cbor_map_size(old) - 1);
    size_t skipped = 0;

    (void)find_member(old, text_of(op, "key"), &skipped);
    for (size_t i = 0; i < cbor_map_size(old); i++) {
        if (i != skipped && !cbor_map_add(fresh, cbor_map_handle(old)[i])) {
            give_up("out of memory", "delete_attStmt");
        }
    }
    replace_member(root, "attStmt", fresh);
}

static void set_text(cbor_item_t *root, const json_t *op)
{
    replace_member(root, text_of(op, "key"), cbor_build_string(text_of(op, "value")));
}

static void truncate_auth(cbor_item_t *root, const json_t *op)
{
    replace_member(
        root, "authData",
        cbor_build_bytestring(cbor_bytestring_handle(member(root, "authData")), number(op, "to")));
}

static void set_bytes(cbor_item_t *root, const json_t *op)
{
    cbor_item_t *bytes = byte_string(root, text_of(op, "field"));
    struct tg_buf fresh;

    tg_buf_init(&fresh, OBJECT_ROOM);
    append_hex(&fresh, text_of(op, "hex"));
    if (number(op, "offset") + fresh.len > cbor_bytestring_length(bytes)) {
        give_up("offset past the end", "set_bytes");
    }
    memcpy(cbor_bytestring_handle(bytes) + number(op, "offset"), fresh.ptr, fresh.len);
    tg_buf_deinit(&fresh);
}

static const struct {
    const char *op;
    void (*change)(cbor_item_t *root, const json_t *op);
} tree_ops[] = {
    { "xor_byte", xor_inner },
    { "reverse_x5c", reverse_x5c },
    { "delete_attStmt", delete_stmt },
    { "set", set_text },
    { "truncate_authData", truncate_auth },
    { "set_bytes", set_bytes },
};

static bool change_tree(struct vector *v, const char *name, const json_t *op)
{
    struct cbor_load_result result;
    cbor_item_t *root = NULL;
    bool is_known = false;

    for (size_t i = 0; !is_known && i < TG_COUNT(tree_ops); i++) {
        if (strcmp(tree_ops[i].op, name) == 0) {
            unsigned char *bytes = NULL;
            size_t room = 0;
            size_t len = 0;

            is_known = true;
            root = cbor_load(v->object.ptr, v->object.len, &result);
            tree_ops[i].change(root, op);
            len = cbor_serialize_alloc(root, &bytes, &room);
            tg_buf_clear(&v->object);
            tg_buf_append(&v->object, tg_bytes(bytes, len));
            free(bytes);
            cbor_decref(&root);
        }
    }
    return is_known;
}

static bool change_flat(struct vector *v, const char *name, const json_t *op)
{
    const char *field = text_of(op, "field");

    if (strcmp(name, "xor_byte") == 0 && strcmp(field, "attestationObject") == 0) {
        xor_at(v->object.ptr, v->object.len, op);
    } else if (strcmp(name, "xor_byte") == 0 && strcmp(field, "clientDataHash") == 0) {
        xor_at(v->client_data_hash.ptr, v->client_data_hash.len, op);
    } else if (strcmp(name, "use_time") == 0) {
        v->now_s = json_integer_value(json_object_get(op, "unix"));
    } else if (strcmp(name, "append_bytes") == 0) {
        append_hex(&v->object, text_of(op, "hex"));
    } else if (strcmp(name, "use_appId") == 0) {
        v->app_id = text_of(op, "value");
    } else if (strcmp(name, "use_keyId") == 0) {
        v->key_id_base64 = text_of(op, "value_base64");
    } else {
        return false;
    }
    return true;
}

void rule_apply(struct vector *v, const json_t *op)
{
    const char *name = text_of(op, "op");

    if (name == NULL || (!change_flat(v, name, op) && !change_tree(v, name, op))) {
        give_up("an operation that is not known", name == NULL ? "rule" : name);
    }
}
