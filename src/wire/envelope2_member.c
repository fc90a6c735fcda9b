/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/envelope2_member.h"

#include "base/b64.h"
#include "wire/json.h"
#include "wire/json_text.h"
#include "wire/pake.h"

#include <stddef.h>
#include <string.h>

#define VALUE_TEXT_MAX 64u
#define ROLE_MAX 16u
#define PAKE_MAX 64u

/* The values of 32 bytes, in the order in which they are written. */
static const struct {
    const char *name;
    size_t offset;
    const char *wrong;
} values[] = {
    { "publicKey", offsetof(struct tg_envelope2_member, public_key),
      TG_ENVELOPE2_MEMBER ".publicKey: expected base64url of an X25519 key of 32 bytes" },
    { "commitment", offsetof(struct tg_envelope2_member, commitment),
      TG_ENVELOPE2_MEMBER ".commitment: expected base64url of 32 bytes" },
    { "nonce", offsetof(struct tg_envelope2_member, nonce),
      TG_ENVELOPE2_MEMBER ".nonce: expected base64url of 32 bytes" },
    { "reveal", offsetof(struct tg_envelope2_member, reveal),
      TG_ENVELOPE2_MEMBER ".reveal: expected base64url of 32 bytes" },
    { "pakeShare", offsetof(struct tg_envelope2_member, pake_share),
      TG_ENVELOPE2_MEMBER ".pakeShare: expected base64url of 32 bytes" },
    { "pakeConfirm", offsetof(struct tg_envelope2_member, pake_confirm),
      TG_ENVELOPE2_MEMBER ".pakeConfirm: expected base64url of 32 bytes" },
};

static const struct {
    const char *name;
    enum tg_envelope2_role role;
} roles[] = {
    { "initiator", TG_ENVELOPE2_INITIATOR },
    { "recipient", TG_ENVELOPE2_RECIPIENT },
};

/* ---- writing -------------------------------------------------------------------------------- */

static void put_name(struct tg_buf *out, size_t start, const char *name)
{
    tg_buf_append_str(out, out->len == start + 1 ? "\"" : ",\"");
    tg_buf_append_str(out, name);
    tg_buf_append_str(out, "\":\"");
}

static void put_object(struct tg_buf *out, const struct tg_envelope2_member *member)
{
    size_t start = out->len;

    tg_buf_append_u8(out, '{');
    for (size_t i = 0; i < TG_COUNT(values); i++) {
        const struct tg_envelope2_value *value =
            (const void *)((const char *)member + values[i].offset);

        if (value->is_set) {
            put_name(out, start, values[i].name);
            tg_b64_encode(out, TG_ARRAY_BYTES(value->bytes), TG_B64_URL);
            tg_buf_append_u8(out, '"');
        }
    }
    if (member->pake == TG_PAKE_CPACE) {
        put_name(out, start, "pake");
        tg_buf_append_str(out, TG_PAKE_NAME "\"");
    }
    for (size_t i = 0; i < TG_COUNT(roles); i++) {
        if (roles[i].role == member->role) {
            put_name(out, start, "role");
            tg_buf_append_str(out, roles[i].name);
            tg_buf_append_u8(out, '"');
        }
    }
    tg_buf_append_u8(out, '}');
}

/* spec: protocol/7#envelope-v2-offer */
void tg_envelope2_member_put(struct tg_buf *out, struct tg_bytes json,
                             const struct tg_envelope2_member *member)
{
    struct tg_buf value;

    tg_buf_init(&value, TG_ENVELOPE2_MEMBER_ROOM);
    put_object(&value, member);
    if (tg_buf_status(&value) == TG_OK) {
        tg_json_text_add(out, json, TG_ENVELOPE2_MEMBER, tg_buf_view(&value));
    } else {
        out->err = out->err == TG_OK ? value.err : out->err;
    }
    tg_buf_deinit(&value);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Another form is not the absence of a value: its author meant to set it. */
static void read_value(struct tg_envelope2_member *member, size_t index,
                       struct tg_json_object object)
{
    struct tg_envelope2_value *value = (void *)((char *)member + values[index].offset);
    struct tg_bytes text = { NULL, 0 };
    enum tg_err err = tg_json_get_string(&text, object, values[index].name, TG_JSON_OPTIONAL, 1,
                                         VALUE_TEXT_MAX, NULL);

    if (err == TG_OK && text.ptr == NULL) {
        return;
    }
    value->is_set = err == TG_OK && tg_b64_decode_exact(value->bytes, sizeof(value->bytes), text,
                                                        TG_B64_URL) == TG_OK;
    if (!value->is_set) {
        member->wrong = values[index].wrong;
    }
}

/* spec: protocol/7#envelope-v2-roles */
static void read_role(struct tg_envelope2_member *member, struct tg_json_object object)
{
    struct tg_bytes text = { NULL, 0 };
    enum tg_err err =
        tg_json_get_string(&text, object, "role", TG_JSON_OPTIONAL, 1, ROLE_MAX, NULL);

    if (err == TG_OK && text.ptr == NULL) {
        return;
    }
    for (size_t i = 0; i < TG_COUNT(roles) && err == TG_OK; i++) {
        if (tg_bytes_is_equal(text, tg_bytes_str(roles[i].name))) {
            member->role = roles[i].role;
        }
    }
    if (member->role == 0) {
        member->wrong = TG_ENVELOPE2_MEMBER ".role: expected \"initiator\" or \"recipient\"";
    }
}

/* spec: protocol/7#pake-offer
   Another name, or another form, is an exchange that this version does not know. */
static void read_pake(struct tg_envelope2_member *member, struct tg_json_object object)
{
    struct tg_bytes text = { NULL, 0 };
    enum tg_err err =
        tg_json_get_string(&text, object, "pake", TG_JSON_OPTIONAL, 1, PAKE_MAX, NULL);

    if (err != TG_OK || text.ptr != NULL) {
        member->pake = err == TG_OK && tg_bytes_is_equal(text, TG_LIT(TG_PAKE_NAME))
                           ? TG_PAKE_CPACE
                           : TG_PAKE_UNKNOWN;
    }
}

/* TG_E_NOMEM, TG_E_CRYPTO. An invalid key is no error here. */
static enum tg_err check_key(struct tg_envelope2_member *member)
{
    enum tg_err err = TG_OK;

    if (member->public_key.is_set) {
        err = tg_x25519_check(TG_ARRAY_BYTES(member->public_key.bytes));
    }
    if (err == TG_E_SYNTAX) {
        member->public_key.is_set = false;
        member->wrong = values[0].wrong;
        err = TG_OK;
    }
    return err;
}

static enum tg_err read_member(struct tg_envelope2_member *member, struct tg_json_object top)
{
    struct tg_json_object object = { .node = NULL };
    enum tg_err err = tg_json_get_object(&object, top, TG_ENVELOPE2_MEMBER, TG_JSON_OPTIONAL, NULL);

    member->is_present = err != TG_OK || object.node != NULL;
    if (err != TG_OK) {
        member->wrong = TG_ENVELOPE2_MEMBER ": expected an object";
    }
    if (err != TG_OK || !member->is_present) {
        return TG_OK;
    }
    for (size_t i = 0; i < TG_COUNT(values); i++) {
        read_value(member, i, object);
    }
    read_role(member, object);
    read_pake(member, object);
    return check_key(member);
}

/* spec: protocol/7#envelope-v2-member-is-the-librarys */
enum tg_err tg_envelope2_member_take(struct tg_buf *out, struct tg_envelope2_member *member,
                                     struct tg_bytes json)
{
    struct tg_envelope2_member found = { .is_present = false };
    struct tg_json *doc = NULL;
    size_t start = out->len;
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_json_parse(&doc, json, NULL));
    TG_TRY(read_member(&found, tg_json_top(doc)));
    tg_json_text_cut(out, json, TG_ENVELOPE2_MEMBER);
    err = tg_buf_status(out);
    if (err != TG_OK) {
        tg_buf_truncate(out, start);
        goto out;
    }
    *member = found;
out:
    tg_json_free(&doc);
    return err;
}
