/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sessions and a hostile relay: the input selects which side acts, what the relay answers,
 * clock jumps, lost answers and the calls of the application. In every case a session is in a state
 * of the table, a failure has its sentence, and no text repeats the secret. Saved state of any
 * moment resumes to the same bytes.
 */
#include <tigress/tigress.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAILBOX "9d7e6f0c-6a8e-4f4e-9b7a-0c4b6b0c2f11"
#define ACTIONS_MAX 400u
#define MESSAGE "{\"format\":\"x\",\"content\":{\"k\":\"planted-plaintext\"}}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct input {
    const uint8_t *ptr;
    size_t len;
};

static uint8_t take(struct input *in)
{
    if (in->len == 0) {
        return 0;
    }
    in->len--;
    return *in->ptr++;
}

static void must(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static int counting_random(void *ctx, unsigned char *out, size_t len)
{
    uint32_t *state = ctx;

    for (size_t i = 0; i < len; i++) {
        *state = *state * 1664525u + 1013904223u;
        out[i] = (unsigned char)(*state >> 24);
    }
    return 0;
}

/* The last payload that was sent, which the relay may return. */
struct world {
    uint32_t random;
    int64_t now_s;
    char payloads[4][4096]; /* the "payload" objects of the last bodies */
    unsigned payload_count;
};

static void remember(struct world *w, const struct tigress_http_request *request)
{
    static const char key[] = "\"payload\":{";
    const char *at = request->body != NULL ? strstr(request->body, key) : NULL;
    const char *end = at != NULL ? strchr(at + sizeof(key) - 1, '}') : NULL;

    if (end != NULL && (size_t)(end - at) + 2 < sizeof(w->payloads[0])) {
        char *slot = w->payloads[w->payload_count++ % 4];

        memset(slot, 0, sizeof(w->payloads[0]));
        memcpy(slot, at, (size_t)(end - at) + 1);
    }
}

static size_t make_body(char *out, size_t cap, struct world *w, struct input *in)
{
    static const char display[] = "\"displayInformation\":{\"title\":\"t\",\"description\":\"d\","
                                  "\"imageURL\":\"\"},\"expiration\":\"2030-01-03T00:00:00Z\"}";
    uint8_t kind = take(in);
    int len = 0;

    switch (kind % 8) {
    case 0:
        len = snprintf(out, cap,
                       "{\"urlLink\":\"https://relay.example/v1/m/" MAILBOX
                       "\",\"isPushNotificationSupported\":%s}",
                       kind & 8 ? "true" : "false");
        break;
    case 1:
    case 2:
        len = snprintf(out, cap, "{%s,%s", w->payloads[(kind >> 3) % 4], display);
        break;
    case 3:
        len = snprintf(out, cap, "{%s", display);
        break;
    case 4:
        len = snprintf(out, cap, "{\"isPushNotificationSupported\":true}");
        break;
    case 5:
        len = snprintf(out, cap, "{\"type\":\"urn:tigress:problem/%s\",\"detail\":\"\\u001b[2J\"}",
                       kind & 8    ? "completed"
                       : kind & 16 ? "expired"
                                   : "withdrawn");
        break;
    case 6:
        len = (int)(take(in) < in->len ? kind : in->len);
        len = (size_t)len > in->len ? (int)in->len : len;
        memcpy(out, in->ptr, (size_t)len);
        in->ptr += len;
        in->len -= (size_t)len;
        break;
    default:
        break;
    }
    if (len > 0 && (kind & 32) != 0) {
        out[take(in) % (unsigned)len] ^= (char)(1u << (kind >> 6));
    }
    return len > 0 ? (size_t)len : 0;
}

static void answer(struct tigress_session *s, struct world *w, struct input *in)
{
    static const unsigned statuses[] = { 200, 200, 200, 201, 204, 400, 401, 404,
                                         412, 429, 503, 302, 500, 200, 404, 413 };
    static char body[16384];
    char version[24];
    uint8_t choice = take(in);
    struct tigress_http_header headers[] = { { "mailbox-version", version },
                                             { "retry-after", "7" } };

    remember(w, tigress_session_request(s));
    if (choice % 16 == 15) {
        must(tigress_session_reply_failed(s, (enum tigress_net_failure)(choice / 16 % 6 + 1)) ==
             TIGRESS_OK);
        return;
    }
    (void)snprintf(version, sizeof(version), "%u", (unsigned)take(in) % 9);
    must(tigress_session_reply(s, statuses[choice % 16], headers, choice / 16 % 3, body,
                               make_body(body, sizeof(body), w, in)) == TIGRESS_OK);
}

static enum tigress_error act(struct tigress_session *s, uint8_t action)
{
    switch (action % 10) {
    case 0:
        return tigress_session_confirm_intent(s);
    case 1:
        return tigress_session_accept(s);
    case 2:
        return tigress_session_send(s, MESSAGE, sizeof(MESSAGE) - 1);
    case 3:
        return tigress_session_wait(s);
    case 4:
        return tigress_session_check(s);
    case 5:
        return tigress_session_retry(s);
    case 6:
        return tigress_session_set_secret(s, "AAAAAAAAAAAAAAAAAAAAAA==");
    case 7:
        return action > 200   ? tigress_session_relinquish(s)
               : action > 100 ? tigress_session_enter_pin(s, action % 4 == 0 ? "604183" : "604138")
                              : TIGRESS_OK;
    case 8:
        return action > 200 ? tigress_session_cancel(s) : TIGRESS_OK;
    default:
        return action > 200   ? tigress_session_finish(s)
               : action > 100 ? tigress_session_compare_sas(
                                    s, action % 4 == 0 ? TIGRESS_SAS_DIFFERENT : TIGRESS_SAS_SAME)
                              : TIGRESS_OK;
    }
}

/* A recipient that has the proof got it from the initiator, which has it, too; no side has more
   tries than there are. */
static void check_pake(struct tigress_session *const sides[2])
{
    must(tigress_session_pake_tries_left(sides[0]) <= TIGRESS_PAKE_TRIES_MAX);
    must(tigress_session_pake_tries_left(sides[1]) <= TIGRESS_PAKE_TRIES_MAX);
    must(tigress_session_pake(sides[1]) != TIGRESS_PAKE_PROVED ||
         tigress_session_pake(sides[0]) == TIGRESS_PAKE_PROVED);
}

/* Where both have digits, they are in one transfer, and nobody has changed a message of it. */
static void check_digits(struct tigress_session *const sides[2])
{
    char digits[2][TIGRESS_SAS_TEXT_MAX];

    if (tigress_session_sas(sides[0], digits[0], sizeof(digits[0])) == TIGRESS_OK &&
        tigress_session_sas(sides[1], digits[1], sizeof(digits[1])) == TIGRESS_OK) {
        must(strcmp(digits[0], digits[1]) == 0);
        must(tigress_session_v2(sides[0]) == TIGRESS_V2_AGREED);
        must(tigress_session_v2(sides[1]) == TIGRESS_V2_AGREED);
    }
}

/* Conditions that are true at any moment. */
static void check(struct tigress_session *s, enum tigress_want want)
{
    char secret[TIGRESS_SECRET_TEXT_MAX] = "";

    must(want >= TIGRESS_WANT_HTTP && want <= TIGRESS_FAILED);
    must((want == TIGRESS_FAILED) == (tigress_session_error(s) != TIGRESS_OK));
    must((want == TIGRESS_FAILED) == (strlen(tigress_session_error_text(s)) > 0));
    must((want == TIGRESS_WANT_INPUT) == (tigress_session_input(s) != TIGRESS_INPUT_NONE));
    must((want == TIGRESS_WANT_HTTP) == (tigress_session_request(s) != NULL));
    must((want == TIGRESS_WANT_WAIT) == (tigress_session_deadline_s(s) != 0));
    must(strlen(tigress_session_relay_detail(s)) < 256);
    if (tigress_session_share_url(s, TIGRESS_FORM_SECRET, secret, sizeof(secret)) == TIGRESS_OK &&
        secret[0] != '\0') {
        must(strstr(tigress_session_error_text(s), secret) == NULL);
        if (want == TIGRESS_WANT_HTTP) {
            const struct tigress_http_request *r = tigress_session_request(s);

            must(strstr(r->url, secret) == NULL);
            must(r->body == NULL || strstr(r->body, secret) == NULL);
            must(r->body == NULL || strstr(r->body, "planted-plaintext") == NULL);
        }
    }
}

static void reload(struct tigress_session **s, struct world *w)
{
    struct tigress_session *fresh = NULL;
    unsigned char *one = NULL;
    unsigned char *two = NULL;
    size_t one_len = 0;
    size_t two_len = 0;

    must(tigress_session_save(*s, &one, &one_len) == TIGRESS_OK);
    must(tigress_session_resume(&fresh, one, one_len, NULL, 0) == TIGRESS_OK);
    must(tigress_session_save(fresh, &two, &two_len) == TIGRESS_OK);
    must(one_len == two_len && memcmp(one, two, one_len) == 0);
    must(tigress_session_set_random(fresh, counting_random, &w->random) == TIGRESS_OK);
    tigress_free(one, one_len);
    tigress_free(two, two_len);
    tigress_session_free(s);
    *s = fresh;
}

static void invite(struct tigress_session *alice, struct tigress_session **bob, struct world *w,
                   uint8_t how)
{
    char url[TIGRESS_SHARE_URL_MAX];

    if (*bob != NULL || tigress_session_share_url(alice, (enum tigress_share_form)(how % 4), url,
                                                  sizeof(url)) != TIGRESS_OK) {
        return;
    }
    must(tigress_recipient_new(bob, url, NULL, NULL, 0) == TIGRESS_OK);
    must(tigress_session_set_random(*bob, counting_random, &w->random) == TIGRESS_OK);
    if ((how & 16) != 0) {
        must(tigress_session_want_preview(*bob) == TIGRESS_OK);
    }
    if ((how & 4) != 0) {
        must(tigress_session_require_v2(*bob) == TIGRESS_OK);
    }
    if ((how & 8) != 0 && tigress_pake_is_built()) {
        must(tigress_session_set_pake_use(*bob, TIGRESS_PAKE_ALLOWED) == TIGRESS_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct world w;
    struct input in = { data, len };
    struct tigress_session *sides[2] = { NULL, NULL };

    memset(&w, 0, sizeof(w));
    w.now_s = INT64_C(1893456000);
    must(tigress_initiator_new(&sides[0], "https://relay.example", MESSAGE, sizeof(MESSAGE) - 1,
                               NULL, 0) == TIGRESS_OK);
    must(tigress_session_set_random(sides[0], counting_random, &w.random) == TIGRESS_OK);
    must(tigress_session_set_rights(sides[0], "RWD") == TIGRESS_OK);
    if (len % 2 == 1) {
        must(tigress_session_require_v2(sides[0]) == TIGRESS_OK);
    }
    if (len % 3 == 1 && tigress_pake_is_built()) {
        must(tigress_session_set_pake_pin(sides[0], "604183") == TIGRESS_OK);
    }
    for (unsigned i = 0; i < ACTIONS_MAX && in.len > 0; i++) {
        uint8_t what = take(&in);
        struct tigress_session **s = &sides[what & 1];
        enum tigress_want want = TIGRESS_FAILED;

        invite(sides[0], &sides[1], &w, what >> 3);
        if (*s == NULL) {
            continue;
        }
        if ((what & 6) == 6) {
            reload(s, &w);
        }
        if ((what & 6) == 4) {
            w.now_s += (int64_t)((int8_t)take(&in)) * (what & 8 ? 1000000 : 10);
        }
        want = tigress_session_step(*s, w.now_s);
        check(*s, want);
        if (want == TIGRESS_WANT_HTTP && (what & 64) == 0) {
            answer(*s, &w, &in);
        } else {
            (void)act(*s, take(&in));
        }
        check(*s, tigress_session_step(*s, w.now_s));
        check_digits(sides);
        check_pake(sides);
    }
    tigress_session_free(&sides[0]);
    tigress_session_free(&sides[1]);
    return 0;
}
