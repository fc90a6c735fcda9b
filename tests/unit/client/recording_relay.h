/* SPDX-License-Identifier: Apache-2.0 */
/* A fake relay that records every message of a transfer, and can return any of them again. */
#ifndef TESTS_CLIENT_RECORDING_RELAY_H
#define TESTS_CLIENT_RECORDING_RELAY_H

#include "base/b64.h"
#include "unit/client/wallet_fixture.h"

#include <stdio.h>

#define MAILBOX_ROOM sizeof(((struct fake_relay *)NULL)->data)

/* Every payload that was in the mailbox; [1] is the first message. */
static char kept[10][sizeof(((struct fake_relay *)NULL)->data)];

static inline void keep(const struct fixture *f, size_t seq)
{
    memcpy(kept[seq], f->relay.data, MAILBOX_ROOM);
}

static inline void show(struct fixture *f, const char *data)
{
    (void)snprintf(f->relay.data, MAILBOX_ROOM, "%s", data);
    f->relay.version++;
}

/* The relay is honest again. */
static inline void show_truth(struct fixture *f, size_t seq)
{
    memcpy(f->relay.data, kept[seq], MAILBOX_ROOM);
    f->relay.version++;
}

static inline void make(char *out, size_t cap, unsigned n)
{
    (void)snprintf(out, cap, "{\"format\":\"x\",\"content\":{\"n\":%u}}", n);
}

static inline struct tigress_session *sender_of(struct fixture *f, unsigned seq)
{
    return seq % 2 == 1 ? f->alice : f->bob;
}

static inline void send_number(struct fixture *f, unsigned seq)
{
    struct tigress_session *s = sender_of(f, seq);
    char message[64];

    make(message, sizeof(message), seq);
    assert_int_equal(tigress_session_send(s, message, strlen(message)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, s), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_SENT);
    keep(f, seq);
}

static inline void receive_number(struct fixture *f, unsigned seq)
{
    struct tigress_session *s = sender_of(f, seq + 1);
    char message[64];

    make(message, sizeof(message), seq);
    assert_int_equal(tigress_session_wait(s), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, s), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_MESSAGE);
    assert_message(s, message);
}

/* Runs the transfer until the message with this number is sent. The earlier messages are received,
   the last one is not. */
static inline void go_to(struct fixture *f, unsigned seq)
{
    receive_first(f);
    keep(f, 1);
    for (unsigned i = 2; i <= seq; i++) {
        send_number(f, i);
        if (i < seq) {
            receive_number(f, i);
        }
    }
}

/* What the relay returns now is refused with its error and changes nothing; the honest transfer
   continues. */
static inline void assert_refused(struct fixture *f, struct tigress_session *s, const char *word,
                                  unsigned truth)
{
    char before[TIGRESS_TEXT_MAX];

    (void)snprintf(before, sizeof(before), "%s", tigress_session_message(s, NULL));
    assert_int_equal(tigress_session_check(s), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, s), TIGRESS_FAILED);
    assert_failed(s, TIGRESS_E_TAMPERED);
    assert_non_null(strstr(tigress_session_error_text(s), word));
    assert_message(s, before);
    show_truth(f, truth);
    if (sender_of(f, truth) == s) {
        f->relay.version = (unsigned)tigress_session_version(s);
    }
    assert_int_equal(tigress_session_retry(s), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, s), TIGRESS_WANT_INPUT);
}

static inline void secret_of(struct fixture *f, unsigned char secret[16])
{
    char text[TIGRESS_SECRET_TEXT_MAX];

    assert_int_equal(tigress_session_share_url(f->alice, TIGRESS_FORM_SECRET, text, sizeof(text)),
                     TIGRESS_OK);
    assert_int_equal(tg_b64_decode_exact(secret, 16, tg_bytes_str(text), TG_B64_STANDARD), TG_OK);
}

/* A message that an attacker with the secret seals with v1. */
static inline void show_v1(struct fixture *f, const char *json)
{
    unsigned char secret[16];
    char *data = NULL;
    size_t len = 0;

    secret_of(f, secret);
    assert_int_equal(tigress_envelope_seal(secret, 16, json, strlen(json), NULL, NULL, &data, &len),
                     TIGRESS_OK);
    show(f, data);
    tigress_free(data, len);
}

/* The text of an envelope that the secret alone opens, or "". */
static inline void open_v1(struct fixture *f, const char *data, char *out, size_t cap)
{
    unsigned char secret[16];
    char *json = NULL;
    size_t len = 0;

    secret_of(f, secret);
    out[0] = '\0';
    if (tigress_envelope_open(secret, 16, TIGRESS_AEAD_AES_128_GCM, data, strlen(data), &json,
                              &len) == TIGRESS_OK) {
        (void)snprintf(out, cap, "%s", json);
        tigress_free(json, len);
    }
}

/* The same session once more, through a save. The caller frees it. */
static inline struct tigress_session *twin_of(struct tigress_session *s)
{
    struct tigress_session *twin = NULL;
    unsigned char *saved = NULL;
    size_t len = 0;

    assert_int_equal(tigress_session_save(s, &saved, &len), TIGRESS_OK);
    assert_int_equal(tigress_session_resume(&twin, saved, len, NULL, 0), TIGRESS_OK);
    tigress_free(saved, len);
    return twin;
}

#endif
