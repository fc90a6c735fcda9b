/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/reply.h"

#include "relay/status.h"
#include "wire/problem.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define CORS_METHODS "GET, HEAD, POST, PUT, PATCH, DELETE"
#define CORS_REQUEST_HEADERS                                                                       \
    "Content-Type, Prefer, If-Match, " TG_HEADER_AUTHORIZATION ", " TG_HEADER_REQUEST_ID           \
    ", " TG_HEADER_DEVICE_CLAIM ", " TG_HEADER_DEVICE_ATTESTATION ", " TG_HEADER_SECRET_PROOF      \
    ", " TG_HEADER_KNOWN_VERSION ", " TG_HEADER_KNOWN_RECIPIENT ", " TG_HEADER_END_NOTE            \
    ", deviceClaim, Device-Claim, deviceAttestation, Device-Attestation"
#define CORS_EXPOSED                                                                               \
    TG_HEADER_REQUEST_ID ", " TG_HEADER_VERSION ", " TG_HEADER_RECIPIENT                           \
                         ", " TG_HEADER_PUSH_SUPPORTED ", Retry-After, WWW-Authenticate"
#define CORS_MAX_AGE_S "7200"
#define PROBLEM_TYPE_MAX 128u

static void add_header(struct tg_reply *reply, const char *name, struct tg_bytes value)
{
    struct tg_http_response *response = &reply->response;

    assert(response->header_count < TG_RESPONSE_HEADERS_MAX);
    response->headers[response->header_count++] =
        (struct tg_http_header){ .name = tg_bytes_str(name), .value = value };
}

void tg_reply_header(struct tg_reply *reply, const char *name, const char *value)
{
    add_header(reply, name, tg_bytes_str(value));
}

/* Replaces the value of a header that the reply has. */
static void set_header(struct tg_reply *reply, const char *name, const char *value)
{
    struct tg_http_response *response = &reply->response;

    for (size_t i = 0; i < response->header_count; i++) {
        if (tg_bytes_is_equal(response->headers[i].name, tg_bytes_str(name))) {
            response->headers[i].value = tg_bytes_str(value);
        }
    }
}

/* spec: protocol/1#cors */
static void add_cors(struct tg_reply *reply, const char *origin)
{
    if (origin == NULL) {
        return;
    }
    tg_reply_header(reply, "access-control-allow-origin", origin);
    tg_reply_header(reply, "access-control-expose-headers", CORS_EXPOSED);
}

/* spec: protocol/1#common-headers */
void tg_reply_init(struct tg_reply *reply, const struct tg_relay_config *config,
                   struct tg_bytes request_id)
{
    *reply = (struct tg_reply){ .response = { .call = -1 } };
    tg_buf_init(&reply->body, TG_RESPONSE_BODY_MAX);
    tg_reply_header(reply, "cache-control", "no-store");
    tg_reply_header(reply, "x-content-type-options", "nosniff");
    tg_reply_header(reply, "referrer-policy", "no-referrer");
    /* spec: protocol/1#hsts */
    if (config->is_https) {
        tg_reply_header(reply, "strict-transport-security", "max-age=63072000; includeSubDomains");
    }
    add_cors(reply, config->cors_origin);
    /* spec: protocol/2#request-id-echo */
    if (request_id.len > 0) {
        add_header(reply, "mailbox-request-id", request_id);
    }
}

void tg_reply_deinit(struct tg_reply *reply)
{
    tg_buf_deinit(&reply->body);
}

void tg_reply_version(struct tg_reply *reply, uint64_t version)
{
    (void)snprintf(reply->version, sizeof(reply->version), "%llu", (unsigned long long)version);
    tg_reply_header(reply, "mailbox-version", reply->version);
}

void tg_reply_retry_after(struct tg_reply *reply, unsigned seconds)
{
    if (seconds > 0) {
        (void)snprintf(reply->retry_after, sizeof(reply->retry_after), "%u", seconds);
        tg_reply_header(reply, "retry-after", reply->retry_after);
    }
}

void tg_reply_recipient(struct tg_reply *reply, enum tg_recipient recipient)
{
    if (recipient != TG_RECIPIENT_UNKNOWN) {
        tg_reply_header(reply, "mailbox-recipient", tg_recipient_text(recipient));
    }
}

/* spec: protocol/1#problem-documents */
void tg_reply_problem(struct tg_reply *reply, unsigned status, const char *slug, const char *detail)
{
    tg_reply_ended(reply, status, slug, detail, TG_RECIPIENT_UNKNOWN, tg_bytes(NULL, 0));
}

static const struct {
    unsigned status;
    const char *slug; /* NULL: none */
    enum tg_page_state state;
} page_states[] = {
    { 404, "ended-by-initiator", TG_PAGE_ENDED_BY_SENDER },
    { 404, "ended-by-recipient", TG_PAGE_ENDED_BY_RECIPIENT },
    { 404, "expired", TG_PAGE_EXPIRED },
    { 404, NULL, TG_PAGE_NOT_FOUND },
    { 429, NULL, TG_PAGE_TOO_MANY },
    { 500, NULL, TG_PAGE_DOWN },
    { 503, NULL, TG_PAGE_DOWN },
};

static enum tg_page_state page_state_of(const struct tg_reply *reply, unsigned status,
                                        const char *slug)
{
    if (status == 503 && reply->person.is_draining) {
        return TG_PAGE_DRAINING;
    }
    for (size_t i = 0; i < TG_COUNT(page_states); i++) {
        bool is_slug = slug == NULL || page_states[i].slug == NULL
                           ? slug == page_states[i].slug
                           : strcmp(slug, page_states[i].slug) == 0;

        if (page_states[i].status == status && is_slug) {
            return page_states[i].state;
        }
    }
    return TG_PAGE_BAD_REQUEST;
}

/* Programs get problem documents. spec: protocol/1#html-for-people */
static bool is_page(struct tg_reply *reply, unsigned status, const char *slug)
{
    const struct tg_reply_person *person = &reply->person;
    const struct tg_page page = { .state = page_state_of(reply, status, slug),
                                  .vertical = person->vertical,
                                  .reader = person->reader };

    reply->response.status = status;
    tg_buf_clear(&reply->body);
    if (person->site == NULL) {
        return false;
    }
    if (tg_reply_page(reply, person->site, &page) != TG_OK) {
        tg_buf_clear(&reply->body); /* no memory: the response has the status alone */
    }
    return true;
}

void tg_reply_ended(struct tg_reply *reply, unsigned status, const char *slug, const char *detail,
                    enum tg_recipient recipient, struct tg_bytes end_note)
{
    char type[PROBLEM_TYPE_MAX] = TG_PROBLEM_TYPE_BLANK;
    struct tg_problem_text text = { .type = type,
                                    .title = tg_status_title(status),
                                    .status = status,
                                    .detail = detail,
                                    .recipient = recipient,
                                    .end_note = end_note };

    if (is_page(reply, status, slug)) {
        return;
    }
    if (slug != NULL) {
        (void)snprintf(type, sizeof(type), "%s%s", TG_PROBLEM_TYPE_PREFIX, slug);
    }
    if (tg_problem_encode(&reply->body, &text) == TG_OK) {
        tg_reply_header(reply, "content-type", TG_PROBLEM_CONTENT_TYPE);
    } else {
        tg_buf_clear(&reply->body); /* no memory: the response has the status alone */
    }
}

void tg_reply_error(struct tg_reply *reply, enum tg_err err)
{
    unsigned status = tg_status_of_err(err);

    tg_reply_problem(reply, status, NULL,
                     err == TG_E_FULL ? "The relay is full. Try again later."
                                      : "The relay has an internal error. Try again later.");
    /* spec: protocol/1#retry-after */
    tg_reply_retry_after(reply, tg_status_retry_after_s(err));
}

/* spec: protocol/1#cors-preflight */
void tg_reply_options(struct tg_reply *reply, const struct tg_relay_config *config,
                      const char *allow)
{
    reply->response.status = 204;
    tg_reply_header(reply, "allow", allow);
    if (config->cors_origin != NULL) {
        tg_reply_header(reply, "access-control-allow-methods", CORS_METHODS);
        tg_reply_header(reply, "access-control-allow-headers", CORS_REQUEST_HEADERS);
        tg_reply_header(reply, "access-control-max-age", CORS_MAX_AGE_S);
    }
}

enum tg_err tg_reply_page(struct tg_reply *reply, const struct tg_page_site *site,
                          const struct tg_page *page)
{
    tg_reply_header(reply, "content-type", TG_PAGE_CONTENT_TYPE);
    tg_reply_header(reply, "content-security-policy", tg_page_site_csp(site));
    tg_reply_header(reply, "content-language", tg_page_language_tag(page->reader.language));
    tg_reply_vary(reply);
    return tg_page_write(&reply->body, site, page);
}

/* spec: protocol/5#vary */
void tg_reply_vary(struct tg_reply *reply)
{
    if (!reply->has_vary) {
        tg_reply_header(reply, "vary", "Accept, Accept-Language, User-Agent");
        reply->has_vary = true;
    }
}

/* spec: protocol/5#files-cacheable */
void tg_reply_file(struct tg_reply *reply, const struct tg_file *file,
                   const struct tg_http_request *request)
{
    bool is_known = false;

    for (size_t i = 0; i < request->header_count; i++) {
        is_known = is_known ||
                   (tg_bytes_is_equal_nocase(request->headers[i].name, TG_LIT("if-none-match")) &&
                    tg_file_is_named(file, request->headers[i].value));
    }
    set_header(reply, "cache-control", file->cache);
    tg_reply_header(reply, "etag", file->etag);
    reply->response.status = is_known ? 304 : 200;
    if (!is_known) {
        tg_reply_header(reply, "content-type", file->type);
        reply->borrowed = file->body;
    }
}

void tg_reply_finish(struct tg_reply *reply)
{
    reply->response.body = reply->borrowed.len > 0 ? reply->borrowed : tg_buf_view(&reply->body);
}
