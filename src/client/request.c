/* SPDX-License-Identifier: Apache-2.0 */
/* spec: docs/protocol.md sections 2 and 4: which call has which method, headers and body. */
#include "client/request.h"

#include "base/mem.h"
#include "client/text.h"
#include "crypto/hkdf.h"
#include "wire/envelope.h"
#include "wire/headers.h"
#include "wire/msg_create.h"
#include "wire/msg_read.h"
#include "wire/msg_update.h"

#define ANSWER_TIMEOUT_S 30u
#define WAIT_MARGIN_S 15u
#define PROOF_INFO_MAX 384u /* the label and an origin */

typedef enum tg_err body_fn(struct tigress_session *s, struct tg_buf *out);
static body_fn put_create, put_read, put_update;

static const struct form {
    const char *method;
    bool is_on_mailbox;
    bool has_claim; /* not with a preview: it must not be linked to the claim that follows */
    bool has_request_id;
    bool is_read;
    body_fn *body;
} forms[TG_S_COUNT] = {
    [TG_S_CREATE] = { "POST", false, true, true, false, put_create },
    [TG_S_PREVIEW] = { "GET", true, false, false, false, NULL },
    [TG_S_CLAIM] = { "POST", true, true, false, true, put_read },
    [TG_S_READ] = { "POST", true, true, false, true, put_read },
    [TG_S_SEND] = { "PUT", true, true, true, false, put_update },
    [TG_S_DELETE] = { "DELETE", true, true, true, false, NULL },
    [TG_S_RELINQUISH] = { "PATCH", true, true, true, false, NULL },
};

/*
 * Does the request carry the notification token? Create and claim always do. A later request does
 * only if the token is new. A read that belongs to an update does not: it compares versions.
 * spec: protocol/4#token-replaced
 */
static bool has_token(const struct tigress_session *s)
{
    bool is_look = s->state == TG_S_READ && s->read_mode < TG_READ_CONFLICT;

    return s->token.type.len > 0 && (s->state == TG_S_CREATE || s->state == TG_S_CLAIM ||
                                     (s->token.is_due && (is_look || s->state == TG_S_SEND)));
}

static struct tg_notification_token token_of(const struct tigress_session *s)
{
    return (struct tg_notification_token){ .is_present = has_token(s),
                                           .type = tg_buf_view(&s->token.type),
                                           .topic = tg_buf_view(&s->token.topic),
                                           .token_data = tg_buf_view(&s->token.data) };
}

static struct tg_payload payload_of(const struct tigress_session *s)
{
    return (struct tg_payload){ .type = tg_envelope_type(&s->url.secret),
                                .data = tg_buf_view(&s->change.envelope) };
}

static enum tg_err put_create(struct tigress_session *s, struct tg_buf *out)
{
    struct tg_msg_create msg = {
        .payload = payload_of(s),
        .display = { tg_buf_view(&s->display.title), tg_buf_view(&s->display.description),
                     tg_buf_view(&s->display.image_url) },
        .token = token_of(s),
        .has_rights = s->settings.rights != 0,
        .rights = s->settings.rights,
        .has_expiration = s->mailbox.expires_at_s != 0,
        .expiration_s = s->mailbox.expires_at_s,
    };

    return tg_msg_create_encode(out, &msg);
}

static enum tg_err put_read(struct tigress_session *s, struct tg_buf *out)
{
    const struct tg_notification_token token = token_of(s);

    return tg_msg_read_encode(out, &token);
}

static enum tg_err put_update(struct tigress_session *s, struct tg_buf *out)
{
    struct tg_msg_update msg = { .payload = payload_of(s), .token = token_of(s) };

    return tg_msg_update_encode(out, &msg);
}

static void add_header(struct tigress_session *s, const char *name, struct tg_buf *value)
{
    size_t at = s->request.http.header_count;
    struct tg_bytes text = tg_buf_view(value);

    if (tg_buf_status(value) != TG_OK) {
        return; /* the error stays: a truncated header is never sent */
    }
    if (at >= TG_SESSION_HEADERS_MAX || text.len >= TG_SESSION_VALUE_MAX) {
        value->err = TG_E_BUG;
        return;
    }
    for (size_t i = 0; i < text.len; i++) {
        s->request.values[at][i] = (char)text.ptr[i];
    }
    s->request.values[at][text.len] = '\0';
    s->request.headers[at] =
        (struct tigress_http_header){ .name = name, .value = s->request.values[at] };
    s->request.http.header_count++;
    tg_buf_clear(value);
}

/* For a text that may be longer than TG_SESSION_VALUE_MAX; it is not copied. */
static void add_text(struct tigress_session *s, const char *name, const struct tg_buf *text,
                     struct tg_buf *value)
{
    size_t at = s->request.http.header_count;

    if (at >= TG_SESSION_HEADERS_MAX) {
        value->err = TG_E_BUG;
        return;
    }
    s->request.headers[at] =
        (struct tigress_http_header){ .name = name, .value = tg_text_cstr(text) };
    s->request.http.header_count++;
}

/* spec: protocol/6#attestation-sent */
static void add_standing(struct tigress_session *s, struct tg_buf *value)
{
    const struct tg_good_standing *standing = &s->standing;

    if (standing->attestation.len > 0) {
        add_text(s, TG_HEADER_DEVICE_ATTESTATION, &standing->attestation, value);
    }
    if (standing->authorization.len > 0 && s->state == TG_S_CREATE) {
        add_text(s, TG_HEADER_AUTHORIZATION, &standing->authorization, value);
    }
}

static void add_uuid(struct tigress_session *s, const char *name, const struct tg_uuid *uuid,
                     struct tg_buf *value)
{
    char text[TG_UUID_TEXT_LEN + 1];

    tg_uuid_format(text, uuid);
    tg_buf_append_str(value, text);
    tg_mem_wipe(text, sizeof(text));
    add_header(s, name, value);
}

/* The proof is one for this relay only, so that it is worth nothing at another. The old form, which
   every relay could use, is for the wallet alone to allow; no answer of a relay leads to it.
   spec: protocol/6#proof-bound-to-relay
   spec: protocol/6#old-proof-allowed-by-wallet */
static enum tg_err put_proof_info(struct tg_buf *out, const struct tigress_session *s)
{
    if (s->settings.allows_old_proof) {
        tg_buf_append_str(out, "tigress-claim-proof-v1");
        return tg_buf_status(out);
    }
    tg_buf_append_str(out, "tigress-claim-proof-v2");
    tg_buf_append_u8(out, 0);
    return tg_share_url_origin(out, &s->url);
}

/* spec: protocol/6#proof-sent-on-every-read
   spec: protocol/6#verifier-is-opt-in */
static enum tg_err add_proof(struct tigress_session *s, struct tg_buf *value)
{
    struct tg_secret proof = { .len = 0 };
    struct tg_secret_proof header = { .presence = TG_PRESENT };
    struct tg_buf info;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&info, PROOF_INFO_MAX);
    TG_TRY(put_proof_info(&info, s));
    TG_TRY(tg_hkdf_sha256(&proof, TG_PROOF_LEN, tg_secret_view(&s->url.secret), tg_bytes(NULL, 0),
                          tg_buf_view(&info)));
    header.is_verifier = s->state == TG_S_CREATE;
    if (header.is_verifier) {
        TG_TRY(tg_sha256(header.value, tg_secret_view(&proof)));
    } else {
        for (size_t i = 0; i < TG_PROOF_LEN; i++) {
            header.value[i] = proof.bytes[i];
        }
    }
    tg_secret_proof_format(value, &header);
    add_header(s, TG_HEADER_SECRET_PROOF, value);
    err = TG_OK;
out:
    tg_buf_deinit(&info);
    tg_secret_wipe(&proof);
    tg_mem_wipe(&header, sizeof(header));
    return err;
}

/* Makes a read a long poll, or with wait=0 a single read. Not if the relay counts no versions. Not
   if the read carries a token: its answer comes immediately and reports whether push is
   supported. */
static void add_wait(struct tigress_session *s, struct tg_buf *value)
{
    unsigned wait_s = s->read_mode == TG_READ_WAIT ? s->settings.poll_s : 0;

    if (s->state != TG_S_READ || s->mailbox.version == 0 || has_token(s)) {
        return;
    }
    if (s->role == TIGRESS_INITIATOR && wait_s > 0 && s->mailbox.opened != TIGRESS_OPENED_UNKNOWN) {
        tg_buf_append_str(value, s->mailbox.opened == TIGRESS_OPENED_YES ? "bound" : "none");
        add_header(s, TG_HEADER_KNOWN_RECIPIENT, value);
    }
    tg_buf_append_str(value, "wait=");
    tg_buf_append_dec(value, wait_s);
    add_header(s, "Prefer", value);
    tg_buf_append_dec(value, s->mailbox.version);
    add_header(s, TG_HEADER_KNOWN_VERSION, value);
    s->request.http.timeout_s += wait_s + (wait_s > 0 ? WAIT_MARGIN_S : 0);
}

static enum tg_err add_headers(struct tigress_session *s, const struct form *form)
{
    enum tg_err err = TG_E_BUG;
    struct tg_buf value;

    tg_buf_init(&value, TG_SESSION_VALUE_MAX);
    if (form->has_claim) {
        add_uuid(s, TG_HEADER_DEVICE_CLAIM, &s->claim, &value);
    }
    if (form->has_request_id) {
        add_uuid(s, TG_HEADER_REQUEST_ID, &s->change.request_id, &value);
    }
    tg_buf_append_str(&value, "application/json");
    add_header(s, "Accept", &value);
    if (s->request.body.len > 0) {
        tg_buf_append_str(&value, "application/json");
        add_header(s, "Content-Type", &value);
    }
    if (s->url.secret.len > 0 &&
        (form->is_read || (s->state == TG_S_CREATE && s->settings.must_prove))) {
        TG_TRY(add_proof(s, &value));
    }
    if (s->state == TG_S_CREATE || s->state == TG_S_SEND) {
        add_standing(s, &value);
    }
    add_wait(s, &value);
    /* spec: protocol/7#end-note-made-once */
    if (s->state == TG_S_DELETE && s->ending.note.len > 0) {
        add_text(s, TG_HEADER_END_NOTE, &s->ending.note, &value);
    }
    /* The update must not overwrite a message of the other side that we have not read. */
    if (s->state == TG_S_SEND && s->mailbox.version > 0) {
        tg_buf_append_u8(&value, '"');
        tg_buf_append_dec(&value, s->mailbox.version);
        tg_buf_append_u8(&value, '"');
        add_header(s, "If-Match", &value);
    }
    err = tg_buf_status(&value);
out:
    tg_buf_deinit(&value);
    return err;
}

static enum tg_err put_url(struct tigress_session *s, const struct form *form)
{
    struct tg_buf *out = &s->request.url;
    enum tg_err err = tg_share_url_origin(out, &s->url);

    if (err != TG_OK) {
        return err;
    }
    tg_buf_append_str(out, "/v1/m");
    if (form->is_on_mailbox) {
        tg_buf_append_str(out, "/");
        tg_buf_append_str(out, s->mailbox.id_text);
    }
    (void)tg_buf_cstr(out);
    return tg_buf_status(out);
}

enum tg_err tg_client_request_build(struct tigress_session *s)
{
    const struct form *form = &forms[s->state];
    enum tg_err err = TG_E_BUG;

    tg_session_drop_request(s);
    TG_REQUIRE(form->method != NULL, TG_E_BUG);
    /* A change that was first sent without the token is repeated without it: the relay may treat
       the repetition as a duplicate and ignore the token. */
    if (form->is_read || !s->change.is_attempted) {
        s->token.is_carried = s->token.is_due && has_token(s);
    }
    s->request.http.timeout_s = ANSWER_TIMEOUT_S;
    s->request.http.answer_max = TG_RESPONSE_BODY_MAX;
    TG_TRY(put_url(s, form));
    if (form->body != NULL) {
        TG_TRY(form->body(s, &s->request.body));
    }
    TG_TRY(add_headers(s, form));
    s->request.http.method = form->method;
    s->request.http.url = (const char *)s->request.url.ptr;
    s->request.http.headers = s->request.headers;
    s->request.http.body = s->request.body.len > 0 ? (const char *)s->request.body.ptr : NULL;
    s->request.http.body_len = s->request.body.len;
    s->request.is_built = true;
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_session_drop_request(s);
    }
    return err;
}
