/* SPDX-License-Identifier: Apache-2.0 */
/* The checksum detects a damaged file. It does not protect against the owner of the file. */
#include "cli/transfer.h"

#include "cli/mem.h"
#include "cli/ui.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define HEAD "tigress-transfer 1 "
#define HEAD_LEN (sizeof(HEAD) - 1 + 16 + 1) /* with the checksum and the end of the line */

static const char *const role_names[] = {
    [TRANSFER_INITIATOR] = "initiator", [TRANSFER_RECIPIENT] = "recipient"
};
static const char *const status_names[] = {
    [TRANSFER_PENDING] = "pending",
    [TRANSFER_ACTIVE] = "active",
    [TRANSFER_COMPLETED] = "completed",
    [TRANSFER_DECLINED] = "declined",
    [TRANSFER_CANCELLED] = "cancelled",
    [TRANSFER_WITHDRAWN] = "withdrawn",
    [TRANSFER_WITHDRAWN_OPENED] = "withdrawn-opened",
    [TRANSFER_UNCONFIRMED] = "unconfirmed",
    [TRANSFER_EXPIRED] = "expired",
    [TRANSFER_RELINQUISHED] = "relinquished",
    [TRANSFER_GONE] = "gone",
};
/* "none" is left out of the file and of --json. */
static const char *const proof_names[] = { [TIGRESS_PROOF_NONE] = "none",
                                           [TIGRESS_PROOF_OWN] = "own",
                                           [TIGRESS_PROOF_LINK] = "link",
                                           [TIGRESS_PROOF_DEVICE] = "device" };
static const char *const opened_names[] = {
    [TIGRESS_OPENED_UNKNOWN] = "unknown", [TIGRESS_OPENED_NO] = "no", [TIGRESS_OPENED_YES] = "yes"
};

const char *transfer_role_name(enum transfer_role role)
{
    return role == TRANSFER_ANY_ROLE ? "" : role_names[role];
}

const char *transfer_status_name(enum transfer_status status)
{
    return status_names[status];
}

const char *transfer_opened_name(enum tigress_opened opened)
{
    return opened_names[opened];
}

/* NULL where there is nothing to say. */
static const char *proof_name(const struct transfer *t)
{
    return t->proof == TIGRESS_PROOF_NONE ? NULL : proof_names[t->proof];
}

static const char *opened_name(const struct transfer *t)
{
    return t->role == TRANSFER_RECIPIENT || t->opened == TIGRESS_OPENED_UNKNOWN
               ? NULL
               : opened_names[t->opened];
}

/* The index of a name, or -1. */
static int index_of(const char *name, const char *const names[], size_t count)
{
    for (size_t i = 0; name != NULL && i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

uint64_t transfer_checksum(const void *bytes, size_t len)
{
    const unsigned char *from = bytes;
    uint64_t sum = UINT64_C(14695981039346656037); /* FNV-1a */

    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ from[i]) * UINT64_C(1099511628211);
    }
    return sum == 0 ? 1 : sum;
}

static char *hex_encode(const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = bytes;
    char *hex = cli_alloc(2 * len + 1);

    for (size_t i = 0; hex != NULL && i < len; i++) {
        hex[2 * i] = digits[from[i] >> 4];
        hex[2 * i + 1] = digits[from[i] & 15];
    }
    return hex;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* *bytes is the caller's to free also after false. */
static bool hex_decode(void **bytes, size_t *bytes_len, const char *hex)
{
    size_t len = strlen(hex);
    unsigned char *to = cli_alloc(len / 2);

    *bytes = to;
    *bytes_len = len / 2;
    if (to == NULL || len % 2 != 0) {
        return false;
    }
    for (size_t i = 0; i < len / 2; i++) {
        int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        to[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

char *transfer_encode(const struct transfer *t, size_t *len)
{
    char *hex = t->session == NULL ? NULL : hex_encode(t->session, t->session_len);
    char *pin = t->pin == NULL ? NULL : hex_encode(t->pin, t->pin_len);
    char *body = NULL, *text = NULL;
    json_t *object = json_pack(
        "{s:s, s:s, s:s*, s:s*, s:s, s:s*, s:s*, s:I, s:I, s:I, s:I, s:b, s:I, s:s*, "
        "s:s*, s:s*}",
        "role", transfer_role_name(t->role), "status", transfer_status_name(t->status), "proof",
        proof_name(t), "opened", opened_name(t), "relay", t->relay == NULL ? "" : t->relay,
        "cacert", t->cacert, "title", t->title, "created", (json_int_t)t->created_s, "expires",
        (json_int_t)t->expires_s, "sent", (json_int_t)t->sent_count, "received",
        (json_int_t)t->received_count, "unread", t->is_unread, "sending", (json_int_t)t->sending,
        "session", hex, "pin", pin, "pinDigits", t->pin_digits);

    if (object != NULL && (t->session == NULL) == (hex == NULL) &&
        (t->pin == NULL) == (pin == NULL)) {
        body = json_dumps(object, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    }
    if (body != NULL) {
        size_t body_len = strlen(body);

        text = cli_alloc(HEAD_LEN + body_len + 1);
        if (text != NULL) {
            snprintf(text, HEAD_LEN + body_len + 1, HEAD "%016" PRIx64 "\n%s",
                     transfer_checksum(body, body_len), body);
            *len = HEAD_LEN + body_len;
        }
    }
    json_decref(object);
    cli_free(body);
    cli_free(pin);
    cli_free(hex);
    return text;
}

static bool read_members(struct transfer *t, json_t *object)
{
    const char *role = NULL, *status = NULL, *relay = NULL, *cacert = NULL, *title = NULL;
    const char *session = NULL, *pin = NULL, *pin_digits = NULL;
    const char *proof = proof_names[0], *opened = opened_names[0];
    json_int_t created = 0, expires = 0, sent = 0, received = 0, sending = 0;
    int is_unread = 0;
    int role_index, status_index, proof_index, opened_index;

    if (json_unpack(
            object,
            "{s:s, s:s, s?s, s?s, s:s, s?s, s?s, s:I, s:I, s:I, s:I, s:b, s:I, s?s, s?s, s?s}",
            "role", &role, "status", &status, "proof", &proof, "opened", &opened, "relay", &relay,
            "cacert", &cacert, "title", &title, "created", &created, "expires", &expires, "sent",
            &sent, "received", &received, "unread", &is_unread, "sending", &sending, "session",
            &session, "pin", &pin, "pinDigits", &pin_digits) != 0) {
        return false;
    }
    role_index = index_of(role, role_names, sizeof(role_names) / sizeof(role_names[0]));
    status_index = index_of(status, status_names, sizeof(status_names) / sizeof(status_names[0]));
    proof_index = index_of(proof, proof_names, sizeof(proof_names) / sizeof(proof_names[0]));
    opened_index = index_of(opened, opened_names, sizeof(opened_names) / sizeof(opened_names[0]));
    if (role_index < 0 || status_index < 0 || proof_index < 0 || opened_index < 0) {
        return false;
    }
    t->role = (enum transfer_role)role_index;
    t->status = (enum transfer_status)status_index;
    t->proof = (enum tigress_proof)proof_index;
    t->opened = (enum tigress_opened)opened_index;
    t->relay = cli_strdup(relay);
    t->cacert = cli_strdup(cacert);
    t->title = cli_strdup(title);
    t->created_s = created;
    t->expires_s = expires;
    t->sent_count = sent;
    t->received_count = received;
    t->is_unread = is_unread != 0;
    t->sending = (uint64_t)sending;
    t->pin_digits = cli_strdup(pin_digits);
    return (session == NULL || hex_decode(&t->session, &t->session_len, session)) &&
           (pin == NULL || hex_decode(&t->pin, &t->pin_len, pin));
}

bool transfer_decode(struct transfer *t, const char *text, size_t len)
{
    char head[HEAD_LEN + 1];
    json_t *object = NULL;
    bool is_good = false;

    if (len < HEAD_LEN) {
        return false;
    }
    snprintf(head, sizeof(head), HEAD "%016" PRIx64 "\n",
             transfer_checksum(text + HEAD_LEN, len - HEAD_LEN));
    if (strncmp(head, text, HEAD_LEN) == 0) {
        object = json_loadb(text + HEAD_LEN, len - HEAD_LEN, JSON_REJECT_DUPLICATES, NULL);
        is_good = object != NULL && read_members(t, object);
    }
    json_decref(object);
    return is_good;
}

bool transfer_is_uuid(const char *text)
{
    size_t i;

    for (i = 0; i < TRANSFER_ID_LEN && text[i] != '\0'; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (is_dash ? text[i] != '-' : nibble(text[i]) < 0) {
            return false;
        }
    }
    return i == TRANSFER_ID_LEN && text[i] == '\0';
}

json_t *transfer_describe(const struct transfer *t)
{
    char expires[UI_TIME_MAX];

    ui_time(expires, t->expires_s);
    return json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:s, s:s*, s:s*, s:I, s:I, s:b}", "id", t->id,
                     "role", transfer_role_name(t->role), "status", transfer_status_name(t->status),
                     "proof", proof_name(t), "opened", opened_name(t), "relay",
                     t->relay == NULL ? "" : t->relay, "title", t->title, "expires",
                     t->expires_s == 0 ? NULL : expires, "sent", (json_int_t)t->sent_count,
                     "received", (json_int_t)t->received_count, "unread", t->is_unread);
}
