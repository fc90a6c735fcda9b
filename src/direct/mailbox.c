/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/mailbox.h"

#include "base/b64.h"
#include "base/mem.h"
#include "base/reader.h"
#include "crypto/digest.h"
#include "mailbox/header_use.h"
#include "mailbox/record.h"
#include "mailbox/route.h"
#include "wire/json.h"
#include "wire/msg_read.h"
#include "wire/problem.h"

#include <stdio.h>
#include <string.h>

#define EXPIRATION_DEFAULT_S (48 * 3600)
#define EXPIRATION_MAX_S (30 * 24 * 3600)
#define PROBLEM_TYPE_MAX 64u
#define NOTE_TEXT_MAX 344u /* TG_END_NOTE_MAX bytes in base64url */

static const struct tg_wire_limits limits = TG_WIRE_LIMITS_DEFAULT;

/* One request while it is answered. */
struct call {
    struct tg_direct_mailbox *mailbox;
    enum tg_direct_caller caller;
    const struct tg_direct_request *request;
    struct tg_moment now;
    struct tg_request_headers headers;
    struct tg_route route;
    struct tg_uuid id;
    struct tg_fault fault;
    struct tg_json *doc;    /* owned: what the messages view */
    struct tg_buf end_note; /* of a delete, decoded */
    struct tg_msg_create create;
    struct tg_msg_update update;
    struct tg_mailbox_command cmd;
    struct tg_mailbox box; /* views the record, and doc */
    struct tg_mailbox_result result;
};

enum tg_err tg_direct_mailbox_init(struct tg_direct_mailbox *mailbox, const struct tg_rng *rng)
{
    enum tg_err err = TG_E_BUG;

    *mailbox = (struct tg_direct_mailbox){ .exists = false };
    tg_buf_init(&mailbox->record, TG_RECORD_MAX);
    tg_buf_init(&mailbox->origin, TG_DIRECT_ORIGIN_MAX);
    TG_TRY(tg_rng_fill(rng, mailbox->key.bytes, TG_DIRECT_KEY_LEN));
    mailbox->key.len = TG_DIRECT_KEY_LEN;
out:
    return err;
}

void tg_direct_mailbox_deinit(struct tg_direct_mailbox *mailbox)
{
    tg_buf_deinit(&mailbox->record);
    tg_buf_deinit(&mailbox->origin);
    tg_secret_wipe(&mailbox->key);
    mailbox->exists = false;
}

void tg_direct_answer_deinit(struct tg_direct_answer *answer)
{
    tg_buf_deinit(&answer->body);
}

/* ---- the request ---------------------------------------------------------------------------- */

/* HMAC over a label with its NUL, the claim or identifier, and the rest. */
static enum tg_err keyed_hash(uint8_t *out, size_t out_len, const struct tg_direct_mailbox *mailbox,
                              struct tg_bytes label, const struct tg_uuid *fixed,
                              struct tg_bytes rest)
{
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    struct tg_bytes parts[] = { label, TG_ARRAY_BYTES(fixed->bytes), rest };
    enum tg_err err = tg_hmac_sha256(hash, tg_secret_view(&mailbox->key), parts, TG_COUNT(parts));

    if (err == TG_OK) {
        memcpy(out, hash, out_len);
    }
    tg_mem_wipe(hash, sizeof(hash));
    return err;
}

/* The identifier is derived from claim and request id as on a relay, so that a repeated create
   finds the mailbox it made. spec: protocol/3#identifier-derived */
static enum tg_err take_identity(struct call *a)
{
    const struct tg_request_headers *h = &a->headers;
    struct tg_mailbox_command *cmd = &a->cmd;
    enum tg_err err = TG_E_BUG;

    a->id = a->route.mailbox;
    if (cmd->call == TG_CALL_CREATE && h->claim_presence == TG_PRESENT &&
        h->request_id_presence == TG_PRESENT) {
        TG_TRY(keyed_hash(a->id.bytes, sizeof(a->id.bytes), a->mailbox,
                          TG_LIT("tigress direct mailbox v1\0"), &h->claim, h->request_id));
        tg_uuid_set_v4(&a->id);
    }
    if (h->claim_presence == TG_PRESENT) {
        TG_TRY(keyed_hash(cmd->claim.bytes, sizeof(cmd->claim.bytes), a->mailbox,
                          TG_LIT("tigress direct claim v1\0"), &a->id,
                          TG_ARRAY_BYTES(h->claim.bytes)));
    }
    if (h->request_id_presence == TG_PRESENT) {
        TG_TRY(keyed_hash(cmd->request_id.bytes, sizeof(cmd->request_id.bytes), a->mailbox,
                          TG_LIT("tigress direct request v1\0"), &a->id, h->request_id));
    }
    err = TG_OK;
out:
    return err;
}

/* The header is well formed, or the request is refused before. spec: protocol/3#end-note */
static enum tg_err take_end_note(struct call *a)
{
    if (a->headers.end_note.len > 0) {
        if (tg_b64_decode(&a->end_note, a->headers.end_note, TG_B64_URL) != TG_OK) {
            return TG_E_NOMEM;
        }
        a->cmd.end_note = tg_buf_view(&a->end_note);
    }
    return TG_OK;
}

static enum tg_err decode_body(struct call *a)
{
    struct tg_bytes body = a->request->body;

    switch (a->cmd.call) {
    case TG_CALL_CREATE:
        a->cmd.create = &a->create;
        return tg_msg_create_decode(&a->create, &a->doc, body, &limits, &a->fault);
    case TG_CALL_UPDATE:
        a->cmd.update = &a->update;
        return tg_msg_update_decode(&a->update, &a->doc, body, &limits, &a->fault);
    case TG_CALL_READ:
        return tg_msg_read_decode(&a->cmd.token, &a->doc, body, &limits, &a->fault);
    case TG_CALL_DELETE:
        return take_end_note(a);
    case TG_CALL_PREVIEW:
    case TG_CALL_RELINQUISH:
        return TG_OK;
    }
    return TG_E_BUG;
}

/* A fault in headers or body is part of the command: the rules decide when it is reported. */
static enum tg_err take_faults(struct call *a)
{
    bool needs_request_id = a->cmd.call != TG_CALL_READ && a->cmd.call != TG_CALL_PREVIEW;
    const char *header_fault = tg_header_use_fault(&a->headers, a->cmd.call);
    enum tg_err err = TG_OK;

    if (header_fault != NULL) {
        tg_fault_set(&a->fault, "%s", header_fault);
        a->cmd.fault_status = 400;
    } else if (needs_request_id && a->headers.request_id_presence != TG_PRESENT) {
        tg_fault_set(&a->fault, TG_HEADER_REQUEST_ID ": required");
        a->cmd.fault_status = 400;
    } else {
        err = decode_body(a);
        if (err != TG_OK && err != TG_E_NOMEM && err != TG_E_BUG) {
            a->cmd.fault_status = 400;
            err = TG_OK;
        }
    }
    return err;
}

static enum tg_err take_command(struct call *a, enum tg_direct_look look)
{
    const struct tg_request_headers *h = &a->headers;
    enum tg_err err = TG_E_BUG;

    a->cmd = (struct tg_mailbox_command){
        .call = a->route.call,
        .claim_presence = h->claim_presence,
        .is_claim_ambiguous = h->is_claim_ambiguous,
        .claim_fault = &h->claim_fault,
        .has_request_id = h->request_id_presence == TG_PRESENT,
        .fault = &a->fault,
        .has_if_match = h->if_match_presence == TG_PRESENT,
        .if_match = h->if_match,
        .has_known_version = h->has_wait,
        .known_version = h->known_version,
        .known_recipient = h->known_recipient,
        .may_bind = look == TG_DIRECT_LOOK_FIRST,
        .proof = h->proof,
        .expiration_default_s = EXPIRATION_DEFAULT_S,
        .expiration_max_s = EXPIRATION_MAX_S,
    };
    TG_TRY(take_faults(a));
    TG_TRY(take_identity(a));
out:
    return err;
}

/* ---- the answer ----------------------------------------------------------------------------- */

static void add_header(struct tg_direct_answer *answer, const char *name, const char *value)
{
    struct tg_direct_response *r = &answer->response;

    r->headers[r->header_count++] =
        (struct tg_http_header){ tg_bytes_str(name), tg_bytes_str(value) };
}

static enum tg_err put_problem(struct tg_direct_answer *answer, const struct tg_problem_text *text)
{
    answer->response.status = text->status;
    add_header(answer, "content-type", TG_PROBLEM_CONTENT_TYPE);
    return tg_problem_encode(&answer->body, text);
}

static enum tg_err refuse(struct tg_direct_answer *answer, unsigned status, const char *detail)
{
    return put_problem(answer, &(struct tg_problem_text){ .type = TG_PROBLEM_TYPE_BLANK,
                                                          .title = "",
                                                          .status = status,
                                                          .detail = detail });
}

/* What the rules of the mailbox refuse. */
static enum tg_err put_refusal(struct tg_direct_answer *answer,
                               const struct tg_mailbox_result *result)
{
    char type[PROBLEM_TYPE_MAX] = TG_PROBLEM_TYPE_BLANK;
    struct tg_buf note;
    enum tg_err err = TG_E_BUG;

    if (result->problem != NULL) {
        (void)snprintf(type, sizeof(type), "%s%s", TG_PROBLEM_TYPE_PREFIX, result->problem);
    }
    tg_buf_init(&note, NOTE_TEXT_MAX);
    tg_b64_encode(&note, result->end_note, TG_B64_URL);
    TG_TRY(tg_buf_status(&note));
    TG_TRY(put_problem(answer, &(struct tg_problem_text){ .type = type,
                                                          .title = "",
                                                          .status = result->status,
                                                          .detail = result->fault.text,
                                                          .recipient = result->recipient,
                                                          .end_note = tg_buf_view(&note) }));
out:
    tg_buf_deinit(&note);
    return err;
}

/* spec: protocol/4#url-link */
static enum tg_err put_created(struct tg_direct_answer *answer, const struct call *a)
{
    char id[TG_UUID_TEXT_LEN + 1];
    struct tg_msg_created msg = { .is_push_supported = false };
    struct tg_buf url;
    enum tg_err err = TG_E_BUG;

    tg_uuid_format(id, &a->id);
    tg_buf_init(&url, TG_DIRECT_ORIGIN_MAX + 1 + TG_UUID_TEXT_LEN);
    tg_buf_append(&url, tg_buf_view(&a->mailbox->origin));
    tg_buf_append_str(&url, "/");
    tg_buf_append_str(&url, id);
    TG_TRY(tg_buf_status(&url));
    msg.url_link = tg_buf_view(&url);
    TG_TRY(tg_msg_created_encode(&answer->body, &msg));
out:
    tg_buf_deinit(&url);
    return err;
}

static enum tg_err put_body(struct tg_direct_answer *answer, const struct call *a)
{
    const struct tg_mailbox *box = &a->box;
    const struct tg_msg_preview preview = { box->display, box->expires_s, a->result.recipient };
    const struct tg_msg_content content = { .payload = box->payload,
                                            .display = box->display,
                                            .expiration_s = box->expires_s };

    switch (a->cmd.call) {
    case TG_CALL_CREATE:
        return put_created(answer, a);
    case TG_CALL_PREVIEW:
        return tg_msg_preview_encode(&answer->body, &preview);
    case TG_CALL_READ:
        return tg_msg_content_encode(&answer->body, &content);
    case TG_CALL_UPDATE:
        return tg_msg_updated_encode(&answer->body, false);
    case TG_CALL_DELETE:
    case TG_CALL_RELINQUISH:
        return TG_OK;
    }
    return TG_E_BUG;
}

static void put_version(struct tg_direct_answer *answer, uint64_t version)
{
    (void)snprintf(answer->version, sizeof(answer->version), "%llu", (unsigned long long)version);
    add_header(answer, "mailbox-version", answer->version);
}

static enum tg_err put_answer(struct tg_direct_answer *answer, const struct call *a)
{
    const struct tg_mailbox_result *result = &a->result;
    bool has_version = a->cmd.call == TG_CALL_CREATE || a->cmd.call == TG_CALL_READ ||
                       a->cmd.call == TG_CALL_UPDATE;
    enum tg_err err = TG_OK;

    if (result->outcome == TG_OUTCOME_REFUSED) {
        err = put_refusal(answer, result);
        has_version = result->status == 412;
    } else if (result->status == 204) {
        answer->response.status = 204;
        answer->wait_s =
            a->headers.wait_s < TG_DIRECT_WAIT_MAX_S ? a->headers.wait_s : TG_DIRECT_WAIT_MAX_S;
        answer->must_wait = answer->wait_s > 0 && result->outcome == TG_OUTCOME_WAIT;
    } else {
        answer->response.status = result->status;
        add_header(answer, "content-type", "application/json");
        err = put_body(answer, a);
    }
    if (result->outcome != TG_OUTCOME_REFUSED && a->cmd.call != TG_CALL_PREVIEW &&
        result->recipient != TG_RECIPIENT_UNKNOWN) {
        add_header(answer, "mailbox-recipient", tg_recipient_text(result->recipient));
    }
    if (has_version) {
        put_version(answer, result->version);
    }
    return err;
}

/* ---- command and answer --------------------------------------------------------------------- */

/* The rules are the relay's; only the place where the record is kept differs.
   spec: protocol/7#direct-same-rules */
static enum tg_err apply(struct call *a, struct tg_direct_answer *answer)
{
    struct tg_direct_mailbox *mailbox = a->mailbox;
    bool is_ours = mailbox->exists && tg_bytes_is_equal(TG_ARRAY_BYTES(mailbox->id.bytes),
                                                        TG_ARRAY_BYTES(a->id.bytes));
    struct tg_buf fresh;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&fresh, TG_RECORD_MAX);
    if (is_ours) {
        TG_TRY(tg_record_decode(&a->box, tg_buf_view(&mailbox->record)));
    }
    tg_mailbox_apply(&a->box, is_ours, &a->cmd, a->now, &a->result);
    TG_TRY(put_answer(answer, a));
    answer->is_bound = a->box.recipient.is_bound;
    answer->is_stranger = a->result.status == 401 && a->caller == TG_DIRECT_REMOTE;
    if ((a->result.effects & TG_EFFECT_STORE) != 0) {
        TG_TRY(tg_record_encode(&fresh, &a->box));
        a->box = (struct tg_mailbox){ .version = 0 }; /* its views end here */
        tg_buf_deinit(&mailbox->record);
        mailbox->record = fresh;
        tg_buf_init(&fresh, TG_RECORD_MAX);
        mailbox->id = a->id;
        mailbox->exists = true;
        answer->is_changed = true;
    }
    answer->must_wake = (a->result.effects & TG_EFFECT_NOTIFY) != 0;
    err = TG_OK;
out:
    tg_buf_deinit(&fresh);
    return err;
}

static enum tg_err answer_call(struct call *a, enum tg_direct_look look,
                               struct tg_direct_answer *answer)
{
    enum tg_err err = TG_E_BUG;

    /* spec: protocol/7#direct-one-mailbox: only the host's own session creates it */
    if (a->route.kind == TG_ROUTE_CALL && a->route.call == TG_CALL_CREATE &&
        (a->caller == TG_DIRECT_REMOTE || a->mailbox->origin.len == 0)) {
        a->route.kind = TG_ROUTE_NO_PATH;
    }
    if (a->route.kind == TG_ROUTE_OPTIONS || a->route.kind == TG_ROUTE_NO_METHOD) {
        return refuse(answer, 405, "This path does not support this method.");
    }
    if (a->route.kind != TG_ROUTE_CALL) {
        return refuse(answer, 404, "There is no resource at this path.");
    }
    TG_TRY(take_command(a, look));
    if (a->cmd.call == TG_CALL_CREATE && a->mailbox->exists &&
        !tg_bytes_is_equal(TG_ARRAY_BYTES(a->mailbox->id.bytes), TG_ARRAY_BYTES(a->id.bytes))) {
        return refuse(answer, 409, "This device already hosts another mailbox.");
    }
    TG_TRY(apply(a, answer));
out:
    return err;
}

enum tg_err tg_direct_mailbox_answer(struct tg_direct_mailbox *mailbox,
                                     enum tg_direct_caller caller,
                                     const struct tg_direct_request *request,
                                     enum tg_direct_look look, int64_t now_s,
                                     struct tg_direct_answer *answer)
{
    struct call *a = tg_mem_calloc(1, sizeof(*a));
    enum tg_err err = TG_E_NOMEM;

    *answer = (struct tg_direct_answer){ .must_wait = false };
    tg_buf_init(&answer->body, TG_DIRECT_ANSWER_BODY_MAX);
    if (a != NULL) {
        a->mailbox = mailbox;
        a->caller = caller;
        a->request = request;
        a->now = tg_moment_sure(now_s);
        tg_buf_init(&a->end_note, TG_END_NOTE_MAX);
        tg_request_headers_parse(&a->headers, request->headers, request->header_count);
        tg_route_find(&a->route, request->method, request->target);
        err = answer_call(a, look, answer);
        answer->response.body = tg_buf_view(&answer->body);
        tg_request_headers_wipe(&a->headers);
        tg_json_free(&a->doc);
        tg_buf_deinit(&a->end_note);
        tg_mem_free_secret(a, sizeof(*a));
    }
    if (err != TG_OK) {
        tg_direct_answer_deinit(answer);
    }
    return err;
}

/* ---- saved ---------------------------------------------------------------------------------- */

static void put_text(struct tg_buf *out, struct tg_bytes text)
{
    tg_buf_append_u32(out, (uint32_t)text.len);
    tg_buf_append(out, text);
}

void tg_direct_mailbox_put(struct tg_buf *out, const struct tg_direct_mailbox *mailbox)
{
    tg_buf_append(out, tg_secret_view(&mailbox->key));
    tg_buf_append_u8(out, mailbox->exists ? 1 : 0);
    tg_buf_append(out, TG_ARRAY_BYTES(mailbox->id.bytes));
    put_text(out, tg_buf_view(&mailbox->origin));
    put_text(out, tg_buf_view(&mailbox->record));
}

static void get_text(struct tg_buf *out, struct tg_reader *r)
{
    size_t len = tg_reader_u32(r);

    tg_buf_append(out, tg_reader_bytes(r, len));
}

enum tg_err tg_direct_mailbox_get(struct tg_direct_mailbox *mailbox, struct tg_reader *r)
{
    enum tg_err err = TG_E_BUG;
    struct tg_mailbox box;
    struct tg_bytes id;
    unsigned exists = 0;

    *mailbox = (struct tg_direct_mailbox){ .exists = false };
    tg_buf_init(&mailbox->record, TG_RECORD_MAX);
    tg_buf_init(&mailbox->origin, TG_DIRECT_ORIGIN_MAX);
    TG_TRY(tg_secret_set(&mailbox->key, tg_reader_bytes(r, TG_DIRECT_KEY_LEN)));
    exists = tg_reader_u8(r);
    id = tg_reader_bytes(r, TG_UUID_LEN);
    get_text(&mailbox->origin, r);
    get_text(&mailbox->record, r);
    TG_TRY(tg_buf_status(&mailbox->origin));
    TG_TRY(tg_buf_status(&mailbox->record));
    TG_REQUIRE(!r->is_short && exists <= 1 && mailbox->key.len == TG_DIRECT_KEY_LEN, TG_E_SYNTAX);
    memcpy(mailbox->id.bytes, id.ptr, TG_UUID_LEN);
    mailbox->exists = exists == 1;
    if (mailbox->exists) {
        TG_TRY(tg_record_decode(&box, tg_buf_view(&mailbox->record)));
    }
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_direct_mailbox_deinit(mailbox);
    }
    return err;
}
