/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/client/fake_relay.h"

#include "wire/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fake_relay_init(struct fake_relay *relay)
{
    memset(relay, 0, sizeof(*relay));
    relay->has_versions = true;
}

int fake_random(void *ctx, unsigned char *out, size_t len)
{
    uint32_t *state = ctx;

    for (size_t i = 0; i < len; i++) {
        *state = *state * 1664525u + 1013904223u;
        out[i] = (unsigned char)(*state >> 24);
    }
    return 0;
}

static void keep(char *out, size_t cap, const struct tigress_http_request *request,
                 const char *name)
{
    out[0] = '\0';
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcmp(request->headers[i].name, name) == 0) {
            (void)snprintf(out, cap, "%s", request->headers[i].value);
        }
    }
}

static void look(struct fake_relay *relay, const struct tigress_http_request *request)
{
    relay->request_count++;
    (void)snprintf(relay->method, sizeof(relay->method), "%s", request->method);
    (void)snprintf(relay->url, sizeof(relay->url), "%s", request->url);
    keep(relay->claim, sizeof(relay->claim), request, "Mailbox-Device-Claim");
    keep(relay->request_id, sizeof(relay->request_id), request, "Mailbox-Request-ID");
    keep(relay->if_match, sizeof(relay->if_match), request, "If-Match");
    keep(relay->prefer, sizeof(relay->prefer), request, "Prefer");
    keep(relay->known, sizeof(relay->known), request, "Mailbox-Known-Version");
    keep(relay->proof, sizeof(relay->proof), request, "Mailbox-Secret-Proof");
    keep(relay->known_recipient, sizeof(relay->known_recipient), request,
         "Mailbox-Known-Recipient");
    keep(relay->end_note, sizeof(relay->end_note), request, "Mailbox-End-Note");
    relay->body_len = request->body_len < sizeof(relay->body) ? request->body_len : 0;
    if (relay->body_len > 0) {
        memcpy(relay->body, request->body, relay->body_len);
    }
    relay->body[relay->body_len] = '\0';
}

/* The string value of a member of the last body; our own encoder escapes nothing in these. */
static void member(const struct fake_relay *relay, const char *name, char *out, size_t cap)
{
    char key[64];
    const char *at = NULL;
    size_t len = 0;

    (void)snprintf(key, sizeof(key), "\"%s\":\"", name);
    at = strstr(relay->body, key);
    if (at != NULL) {
        at += strlen(key);
        len = strcspn(at, "\"");
        len = len < cap ? len : cap - 1;
        memcpy(out, at, len);
    }
    out[len] = '\0';
}

static void answer_with(struct fake_answer *answer, unsigned status, const char *body)
{
    answer->status = status;
    (void)snprintf(answer->body, sizeof(answer->body), "%s", body);
    answer->body_len = strlen(answer->body);
}

static void answer_content(const struct fake_relay *relay, struct fake_answer *answer)
{
    answer->status = 200;
    (void)snprintf(answer->body, sizeof(answer->body),
                   "{\"payload\":{\"type\":\"%s\",\"data\":\"%s\"},\"displayInformation\":{"
                   "\"title\":\"A key\",\"description\":\"For you\",\"imageURL\":\"https://i/\"},"
                   "\"expiration\":\"2030-01-03T00:00:00Z\"}",
                   relay->type, relay->data);
    answer->body_len = strlen(answer->body);
}

/* Keeps the caller's token, if the request has one. */
static bool take_token(struct fake_relay *relay, size_t side)
{
    char data[64];

    member(relay, "tokenData", data, sizeof(data));
    if (data[0] != '\0') {
        memcpy(relay->tokens[side], data, sizeof(data));
    }
    return data[0] != '\0';
}

/* The relay supports push for tokens that begin with "good". */
static const char *says_of_token(const struct fake_relay *relay, size_t side)
{
    return strncmp(relay->tokens[side], "good", 4) == 0 ? "true" : "false";
}

static void handle_read(struct fake_relay *relay, struct fake_answer *answer)
{
    size_t side = 0;
    bool has_token = false;

    if (strcmp(relay->claim, relay->initiator) != 0 && relay->recipient[0] == '\0') {
        (void)snprintf(relay->recipient, sizeof(relay->recipient), "%s", relay->claim);
        (void)snprintf(relay->opened, sizeof(relay->opened), "bound");
    }
    side = strcmp(relay->claim, relay->initiator) == 0 ? 0 : 1;
    has_token = take_token(relay, side);
    if (side == 0 && !relay->is_old) {
        (void)snprintf(answer->recipient, sizeof(answer->recipient), "%s",
                       relay->recipient[0] != '\0' ? "bound" : "none");
    }
    if (relay->known[0] != '\0' && strtoul(relay->known, NULL, 10) >= relay->version) {
        answer_with(answer, 204, "");
    } else {
        answer_content(relay, answer);
        if (has_token && !relay->is_silent_about_reads) {
            answer->body_len--; /* the brace */
            (void)snprintf(answer->body + answer->body_len, 64,
                           ",\"isPushNotificationSupported\":%s}", says_of_token(relay, side));
            answer->body_len = strlen(answer->body);
        }
    }
}

static bool is_known_change(const struct fake_relay *relay)
{
    for (size_t i = 0; i < 8; i++) {
        if (strcmp(relay->request_id, relay->changes[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void remember_change(struct fake_relay *relay)
{
    char *place = relay->changes[relay->change_count % 8];

    (void)snprintf(place, sizeof(relay->changes[0]), "%s", relay->request_id);
    relay->change_count++;
}

static void handle_change(struct fake_relay *relay, struct fake_answer *answer)
{
    char match[32];
    char body[64];

    (void)snprintf(match, sizeof(match), "\"%u\"", relay->version);
    if (is_known_change(relay)) {
        answer_with(answer, 201, "{\"isPushNotificationSupported\":false}");
    } else if (relay->if_match[0] != '\0' && strcmp(relay->if_match, match) != 0) {
        answer_with(answer, 412, "{\"detail\":\"If-Match: the version has moved on\"}");
    } else {
        size_t side = strcmp(relay->claim, relay->initiator) == 0 ? 0 : 1;

        member(relay, "type", relay->type, sizeof(relay->type));
        member(relay, "data", relay->data, sizeof(relay->data));
        (void)take_token(relay, side);
        remember_change(relay);
        relay->version++;
        (void)snprintf(body, sizeof(body), "{\"isPushNotificationSupported\":%s}",
                       relay->tokens[side][0] != '\0' ? says_of_token(relay, side) : "true");
        answer_with(answer, 200, body);
    }
}

static void handle_create(struct fake_relay *relay, struct fake_answer *answer)
{
    bool is_again = relay->exists && is_known_change(relay);
    char body[256];

    if (!is_again) {
        relay->exists = true;
        relay->version = 1;
        (void)snprintf(relay->opened, sizeof(relay->opened), "none");
        member(relay, "type", relay->type, sizeof(relay->type));
        member(relay, "data", relay->data, sizeof(relay->data));
        (void)snprintf(relay->initiator, sizeof(relay->initiator), "%s", relay->claim);
        (void)take_token(relay, 0);
        remember_change(relay);
        (void)snprintf(relay->verifier, sizeof(relay->verifier), "%s", relay->proof);
    }
    (void)snprintf(body, sizeof(body),
                   "{\"urlLink\":\"" FAKE_RELAY "/v1/m/" FAKE_MAILBOX
                   "\",\"isPushNotificationSupported\":%s}",
                   says_of_token(relay, 0));
    answer_with(answer, is_again ? 201 : 200, body);
}

static void handle_gone(const struct fake_relay *relay, struct fake_answer *answer)
{
    bool is_ender = strcmp(relay->claim, relay->enders) == 0;
    char body[1024];
    int len = 0;

    if (strcmp(relay->method, "DELETE") == 0 && is_ender && relay->note[0] != '\0' &&
        strcmp(relay->note, relay->end_note) == 0) {
        answer_with(answer, 201, "");
        (void)snprintf(answer->recipient, sizeof(answer->recipient), "%s", relay->opened);
        return;
    }
    len = snprintf(body, sizeof(body), "{\"type\":\"%s%s\",\"status\":404,\"detail\":\"gone\"",
                   relay->ended != NULL ? TG_PROBLEM_TYPE_PREFIX : TG_PROBLEM_TYPE_BLANK,
                   relay->ended != NULL ? relay->ended : "");
    if (relay->ended != NULL && !relay->is_old) {
        len += snprintf(body + len, sizeof(body) - (size_t)len, ",\"recipient\":\"%s\"",
                        relay->opened);
    }
    if (relay->note[0] != '\0' && !is_ender) {
        len += snprintf(body + len, sizeof(body) - (size_t)len, ",\"endNote\":\"%s\"", relay->note);
    }
    (void)snprintf(body + len, sizeof(body) - (size_t)len, "}");
    answer_with(answer, 404, body);
}

static void handle_delete(struct fake_relay *relay, struct fake_answer *answer)
{
    bool is_initiator = strcmp(relay->claim, relay->initiator) == 0;

    relay->exists = false;
    (void)snprintf(relay->enders, sizeof(relay->enders), "%s", relay->claim);
    if (relay->is_old) {
        relay->ended = is_initiator ? "withdrawn" : "completed";
    } else {
        relay->ended = is_initiator ? "ended-by-initiator" : "ended-by-recipient";
        memcpy(relay->note, relay->end_note, sizeof(relay->note));
        (void)snprintf(answer->recipient, sizeof(answer->recipient), "%s", relay->opened);
    }
    answer_with(answer, 200, "");
}

void fake_relay_handle(struct fake_relay *relay, const struct tigress_http_request *request,
                       struct fake_answer *answer)
{
    bool is_mailbox = strstr(request->url, "/v1/m/" FAKE_MAILBOX) != NULL;

    memset(answer, 0, sizeof(*answer));
    look(relay, request);
    if (!is_mailbox) {
        handle_create(relay, answer);
    } else if (!relay->exists) {
        handle_gone(relay, answer);
    } else if (strcmp(relay->method, "GET") == 0) {
        answer_with(answer, 200,
                    "{\"displayInformation\":{\"title\":\"A key\",\"description\":\"For you\","
                    "\"imageURL\":\"\"},\"expiration\":\"2030-01-03T00:00:00Z\"}");
        if (!relay->is_old) {
            answer->body_len--; /* the brace */
            (void)snprintf(answer->body + answer->body_len, 32, ",\"recipient\":\"%s\"}",
                           relay->recipient[0] != '\0' ? "bound" : "none");
            answer->body_len = strlen(answer->body);
        }
    } else if (relay->recipient[0] != '\0' && strcmp(relay->claim, relay->recipient) != 0 &&
               strcmp(relay->claim, relay->initiator) != 0) {
        answer_with(answer, 401, "{\"detail\":\"Mailbox-Device-Claim: of another device\"}");
    } else if (strcmp(relay->method, "POST") == 0) {
        handle_read(relay, answer);
    } else if (strcmp(relay->method, "PUT") == 0) {
        handle_change(relay, answer);
    } else if (strcmp(relay->method, "DELETE") == 0) {
        handle_delete(relay, answer);
    } else {
        relay->recipient[0] = '\0';
        answer_with(answer, 200, "");
    }
    if (relay->has_versions && answer->status < 300) {
        (void)snprintf(answer->version, sizeof(answer->version), "%u", relay->version);
    }
}

static void must(bool is_true, const char *what)
{
    if (!is_true) {
        (void)fprintf(stderr, "fake relay: %s\n", what);
        abort();
    }
}

void fake_relay_serve(struct fake_relay *relay, struct tigress_session *s)
{
    struct fake_answer *answer = calloc(1, sizeof(*answer));
    const struct tigress_http_request *request = tigress_session_request(s);
    struct tigress_http_header headers[3] = { { "content-type", "application/json" } };
    size_t count = 1;

    must(answer != NULL && request != NULL, "no request");
    fake_relay_handle(relay, request, answer);
    if (answer->version[0] != '\0') {
        headers[count++] = (struct tigress_http_header){ "mailbox-version", answer->version };
    }
    if (answer->recipient[0] != '\0') {
        headers[count++] = (struct tigress_http_header){ "mailbox-recipient", answer->recipient };
    }
    must(tigress_session_reply(s, answer->status, headers, count, answer->body, answer->body_len) ==
             TIGRESS_OK,
         "reply refused");
    free(answer);
}

void fake_relay_serve_lost(struct fake_relay *relay, struct tigress_session *s)
{
    struct fake_answer *answer = calloc(1, sizeof(*answer));

    must(answer != NULL && tigress_session_request(s) != NULL, "no request");
    fake_relay_handle(relay, tigress_session_request(s), answer);
    must(tigress_session_reply_failed(s, TIGRESS_NET_LOST) == TIGRESS_OK, "reply refused");
    free(answer);
}

void fake_relay_say(struct tigress_session *s, unsigned status, const char *body)
{
    must(tigress_session_step(s, FAKE_NOW) == TIGRESS_WANT_HTTP, "no request");
    must(tigress_session_reply(s, status, NULL, 0, body, strlen(body)) == TIGRESS_OK,
         "reply refused");
}

enum tigress_want fake_relay_run(struct fake_relay *relay, struct tigress_session *s)
{
    int64_t now_s = FAKE_NOW;

    for (unsigned i = 0; i < 100; i++) {
        enum tigress_want want = tigress_session_step(s, now_s);

        if (want == TIGRESS_WANT_WAIT) {
            now_s = tigress_session_deadline_s(s);
        } else if (want == TIGRESS_WANT_HTTP) {
            fake_relay_serve(relay, s);
        } else {
            return want;
        }
    }
    return TIGRESS_WANT_WAIT;
}
