/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP engine between bytes of a test and a service that the test controls. The test sets the
 * time.
 */
#ifndef TESTS_UNIT_SERVER_ENGINE_FIXTURE_H
#define TESTS_UNIT_SERVER_ENGINE_FIXTURE_H

#include "support/c/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "server/http/http1.h"
#include "server/http/http2.h"

#define SEEN_MAX 64u
#define LONG_POLLS_MAX 20u

/* How the service answers. */
enum play { PLAY_ANSWER, PLAY_HOLD, PLAY_WAIT };

struct seen {
    char method[40];
    char target[128];
    size_t header_count;
    char last_name[64];
    char last_value[64];
    size_t body_len;
    char body[64];
    bool is_body_too_large;
    const struct tg_exchange_ops *ops; /* to answer held requests */
    void *ops_ctx;
};

struct fixture {
    struct tg_server_settings settings;
    struct tg_metrics *metrics;
    struct tg_ledger *ledger;
    struct tg_holder others[LONG_POLLS_MAX]; /* of places for long polls */
    struct tg_env env;
    struct tg_service service;
    struct tg_memory memory; /* no limit, unless the test sets one with hold_memory */
    struct tg_accounts accounts;
    struct tg_proto_io io;
    struct tg_proto *proto;
    struct tg_buf out;
    size_t write_count;
    size_t kick_count;
    size_t write_limit; /* bytes that the socket accepts; the rest counts as unsent */

    enum play play;
    struct seen seen[SEEN_MAX];
    size_t seen_count;
    size_t cancel_count;
    size_t resume_count;
    enum tg_resume last_resume;
    unsigned last_retry_after_s; /* of the last refusal */
    unsigned status;             /* of the answers */
    const char *body;
    bool is_head;
    int call; /* of the answers; -1: none of the API */
};

struct fixture *fixture_new(void);
/* Others hold the places of long polls, all but `left` of them. */
void fill_long_polls(struct fixture *f, size_t left);
/* Frees the engine and checks that no request, wait or memory remains. */
void fixture_free(struct fixture *f);
/* As a connection does: feeds text and keeps what the engine did not consume. Returns how much it
   consumed. */
size_t feed(struct fixture *f, const char *text);
size_t feed_bytes(struct fixture *f, const void *data, size_t len);
/* Advances the clock and fires due deadlines. */
void pass_ms(struct fixture *f, uint64_t ms);
/* Answers the request seen at index (held or waiting). */
void answer(struct fixture *f, size_t index);
/* The output as text. */
const char *output(struct fixture *f);
void clear_output(struct fixture *f);
/* As if other connections held all of the relay's memory but free_bytes. */
void hold_memory(struct fixture *f, size_t free_bytes);
size_t count_in_output(struct fixture *f, const char *text);

#endif
