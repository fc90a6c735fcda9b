/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A relay in a few lines: one mailbox, no clock, answers that a test can replace or lose.
 * It keeps what it received, so that a test can examine or return it.
 */
#ifndef TESTS_CLIENT_FAKE_RELAY_H
#define TESTS_CLIENT_FAKE_RELAY_H

#include <tigress/tigress.h>

#include <stdbool.h>
#include <stdint.h>

#define FAKE_MAILBOX "9d7e6f0c-6a8e-4f4e-9b7a-0c4b6b0c2f11"
#define FAKE_RELAY "https://relay.example"
#define FAKE_NOW INT64_C(1893456000) /* 2030-01-01 */

struct fake_relay {
    bool exists;
    const char *ended; /* slug of a tombstone */
    bool is_old;       /* names ends as before end notes, and keeps none */
    char note[400];    /* of the device that ended it; "" for none */
    char enders[64];   /* its claim */
    char opened[8];    /* "", "none" or "bound": whether a recipient was ever bound */
    unsigned version;
    bool has_versions; /* an old relay sends none */
    char type[64];
    char data[60000];
    char initiator[64]; /* claims */
    char recipient[64];
    char changes[8][64]; /* request ids of the last accepted changes */
    char verifier[96];
    char tokens[2][64];         /* tokenData of initiator and recipient */
    bool is_silent_about_reads; /* an old relay does not confirm a token that a read carries */
    unsigned request_count;
    unsigned change_count;

    /* The last request. */
    char method[16];
    char url[256];
    char claim[64];
    char request_id[64];
    char if_match[32];
    char prefer[32];
    char known[32];
    char proof[96];
    char known_recipient[16];
    char end_note[400];
    char body[70000];
    size_t body_len;
};

void fake_relay_init(struct fake_relay *relay);

struct fake_answer {
    unsigned status;
    char body[70000];
    size_t body_len;
    char version[24];
    char recipient[8];
};

/* What the relay does with the session's request. */
void fake_relay_handle(struct fake_relay *relay, const struct tigress_http_request *request,
                       struct fake_answer *answer);
/* Performs the request of a session that wants one, and gives it the answer. */
void fake_relay_serve(struct fake_relay *relay, struct tigress_session *s);
/* The relay performs the request, and its answer is lost. */
void fake_relay_serve_lost(struct fake_relay *relay, struct tigress_session *s);
/* An answer that is not the relay's: the relay does not see the request. */
void fake_relay_say(struct tigress_session *s, unsigned status, const char *body);
/* Steps and serves until the session wants neither HTTP nor a wait. */
enum tigress_want fake_relay_run(struct fake_relay *relay, struct tigress_session *s);
/* A random source that counts up: every value differs, every run is the same. */
int fake_random(void *ctx, unsigned char *out, size_t len);

#endif
