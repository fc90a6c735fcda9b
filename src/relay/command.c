/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/command.h"

#include "base/b64.h"
#include "mailbox/header_use.h"
#include "relay/standing_case.h"
#include "wire/msg_create.h"
#include "wire/msg_read.h"
#include "wire/msg_update.h"

#include <string.h>

enum body_need { BODY_IGNORED, BODY_OPTIONAL, BODY_REQUIRED };

static enum tg_err decode_create(struct tg_exchange *ex, struct tg_bytes body)
{
    struct tg_change_contents *c = ex->change->contents;

    ex->change->cmd.create = &c->create;
    return tg_msg_create_decode(&c->create, &c->doc, body, &ex->relay->config->limits, &c->fault);
}

static enum tg_err decode_read(struct tg_exchange *ex, struct tg_bytes body)
{
    struct tg_change_contents *c = ex->change->contents;

    return tg_msg_read_decode(&ex->change->cmd.token, &c->doc, body, &ex->relay->config->limits,
                              &c->fault);
}

static enum tg_err decode_update(struct tg_exchange *ex, struct tg_bytes body)
{
    struct tg_change_contents *c = ex->change->contents;

    ex->change->cmd.update = &c->update;
    return tg_msg_update_decode(&c->update, &c->doc, body, &ex->relay->config->limits, &c->fault);
}

/* What each call needs of a request. spec: protocol/2#request-id-required */
static const struct {
    bool needs_request_id;
    bool takes_headers; /* false: a preview ignores every header, so that no header is refused */
    enum body_need body;
    enum tg_err (*decode)(struct tg_exchange *ex, struct tg_bytes body);
} needs[TG_CALL_COUNT] = {
    [TG_CALL_CREATE] = { true, true, BODY_REQUIRED, decode_create },
    [TG_CALL_PREVIEW] = { false, false, BODY_IGNORED, NULL },
    [TG_CALL_READ] = { false, true, BODY_OPTIONAL, decode_read },
    [TG_CALL_UPDATE] = { true, true, BODY_REQUIRED, decode_update },
    [TG_CALL_DELETE] = { true, true, BODY_IGNORED, NULL },
    [TG_CALL_RELINQUISH] = { true, true, BODY_IGNORED, NULL },
};

static void set_fault(struct tg_exchange *ex, unsigned status, const char *detail)
{
    ex->change->cmd.fault_status = status;
    tg_fault_set(&ex->change->contents->fault, "%s", detail);
}

/* spec: protocol/3#body-limit, protocol/1#media-type */
static enum tg_err take_body(struct tg_exchange *ex, const struct tg_http_request *request,
                             const struct tg_request_headers *headers)
{
    enum body_need need = needs[ex->route.call].body;
    size_t body_max = ex->relay->config->limits.body_max;
    enum tg_err err = TG_OK;

    if (need == BODY_IGNORED) {
        return TG_OK;
    }
    if (request->is_body_too_large || request->body.len > body_max) {
        tg_fault_set(&ex->change->contents->fault, "body: too long; expected at most %zu bytes",
                     body_max);
        ex->change->cmd.fault_status = 413;
        return TG_OK;
    }
    if (need == BODY_OPTIONAL && request->body.len == 0) {
        return TG_OK;
    }
    if (headers->media_fault != NULL) {
        set_fault(ex, 415, headers->media_fault);
        return TG_OK;
    }
    err = needs[ex->route.call].decode(ex, request->body);
    if (err == TG_E_NOMEM || err == TG_E_BUG) {
        return err;
    }
    if (err != TG_OK) {
        set_fault(ex, 400, "body: malformed; expected the JSON object of this call");
    }
    return TG_OK;
}

static enum tg_err take_faults(struct tg_exchange *ex, const struct tg_http_request *request,
                               const struct tg_request_headers *headers)
{
    const struct tg_standing *standing = ex->relay->config->standing;
    bool is_judged = ex->route.call == TG_CALL_CREATE || ex->route.call == TG_CALL_UPDATE;
    const char *header_fault = tg_header_use_fault(headers, ex->route.call);

    if (header_fault != NULL) {
        set_fault(ex, 400, header_fault);
        return TG_OK;
    }
    /* spec: protocol/6#attestation-header-limit */
    if (is_judged && standing != NULL && standing->attestation != TG_STANDING_OFF &&
        headers->attestation.len > TG_ATTESTATION_HEADER_MAX) {
        tg_fault_set(&ex->change->contents->fault,
                     TG_HEADER_DEVICE_ATTESTATION ": too long; expected at most %u bytes",
                     TG_ATTESTATION_HEADER_MAX);
        ex->change->cmd.fault_status = 431;
        return TG_OK;
    }
    /* spec: protocol/3#end-note */
    if (ex->route.call == TG_CALL_DELETE && headers->end_note.len > 0) {
        if (tg_b64_decode(&ex->change->contents->end_note, headers->end_note, TG_B64_URL) !=
            TG_OK) {
            return TG_E_NOMEM;
        }
        ex->change->cmd.end_note = tg_buf_view(&ex->change->contents->end_note);
    }
    if (needs[ex->route.call].needs_request_id && headers->request_id_presence != TG_PRESENT) {
        set_fault(ex, 400, TG_HEADER_REQUEST_ID ": required, 1 to 128 visible ASCII characters");
        return TG_OK;
    }
    return take_body(ex, request, headers);
}

/* The identifier and the hashes that the mailbox compares. */
static enum tg_err take_identity(struct tg_exchange *ex, const struct tg_request_headers *headers)
{
    struct tg_change *change = ex->change;
    enum tg_err err = TG_E_BUG;
    const struct tg_keyring *keyring = ex->relay->keyring;
    bool has_claim = headers->claim_presence == TG_PRESENT;
    bool has_request_id = headers->request_id_presence == TG_PRESENT;

    if (ex->route.call != TG_CALL_CREATE) {
        change->mailbox = ex->route.mailbox;
    } else if (has_claim && has_request_id) {
        TG_TRY(tg_seal_mailbox_id(&change->mailbox, keyring, &headers->claim, headers->request_id));
    }
    TG_TRY(tg_seal_store_key(&change->key, keyring, &change->mailbox));
    if (has_claim) {
        TG_TRY(tg_seal_claim_hash(&change->cmd.claim, keyring, &change->mailbox, &headers->claim));
    }
    if (has_request_id) {
        TG_TRY(tg_seal_request_hash(&change->cmd.request_id, keyring, &change->mailbox,
                                    headers->request_id));
    }
    TG_TRY(tg_seal_record_key_derive(&change->record_key, keyring, &change->mailbox));
    err = TG_OK;
out:
    return err;
}

static enum tg_err take_command(struct tg_exchange *ex, const struct tg_http_request *request,
                                const struct tg_request_headers *headers)
{
    const struct tg_relay_config *config = ex->relay->config;
    struct tg_mailbox_command *cmd = &ex->change->cmd;
    enum tg_err err = TG_E_BUG;

    cmd->call = ex->route.call;
    cmd->fault = &ex->change->contents->fault;
    cmd->claim_fault = &ex->change->contents->claim_fault;
    cmd->expiration_default_s = config->expiration_default_s;
    cmd->expiration_max_s = config->expiration_max_s;
    cmd->can_push = config->can_push;
    cmd->can_push_ctx = config->can_push_ctx;
    cmd->may_bind = true;
    if (needs[cmd->call].takes_headers) {
        ex->change->contents->claim_fault = headers->claim_fault;
        cmd->claim_presence = headers->claim_presence;
        cmd->is_claim_ambiguous = headers->is_claim_ambiguous;
        cmd->has_request_id = headers->request_id_presence == TG_PRESENT;
        cmd->proof = headers->proof;
        cmd->has_if_match = headers->if_match_presence == TG_PRESENT;
        cmd->if_match = headers->if_match;
        cmd->has_known_version = headers->has_wait;
        cmd->known_version = headers->known_version;
        cmd->known_recipient = headers->known_recipient;
        ex->wait_s = headers->wait_s;
        TG_TRY(take_faults(ex, request, headers));
    }
    TG_TRY(take_identity(ex, headers));
    TG_TRY(tg_standing_take(ex, headers));
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_command_decode(struct tg_exchange *ex, const struct tg_http_request *request)
{
    struct tg_request_headers headers;
    enum tg_err err = TG_OK;

    tg_request_headers_parse(&headers, request->headers, request->header_count);
    tg_route_find(&ex->route, request->method, request->target);
    if (headers.request_id_presence == TG_PRESENT) {
        memcpy(ex->request_id, headers.request_id.ptr, headers.request_id.len);
        ex->request_id_len = headers.request_id.len;
    }
    ex->must_close = request->is_body_too_large;
    ex->accept = headers.accept;
    ex->reader = tg_page_reader_of(headers.accept_language, headers.user_agent);
    ex->vertical = tg_page_vertical_of(request->target);
    if (ex->route.kind == TG_ROUTE_CALL) {
        err = take_command(ex, request, &headers);
    }
    tg_request_headers_wipe(&headers);
    return err;
}
