/* SPDX-License-Identifier: Apache-2.0 */
/* Two devices and a byte stream between them, in memory: what is written comes in pieces of any
   size, and the stream may break after any byte. */
#ifndef TESTS_CLIENT_DIRECT_WORLD_H
#define TESTS_CLIENT_DIRECT_WORLD_H

#include <tigress/direct.h>
#include <tigress/tigress.h>

#define DIRECT_NOW_MS INT64_C(1900000000000)
#define DIRECT_URL "tigress-direct://192.0.2.7:4711"
#define MESSAGE_1 "{\"format\":\"digitalwallet.carkey.ccc\",\"content\":{\"step\":1},\"more\":true}"
#define MESSAGE_2 "{\"format\":\"digitalwallet.carkey.ccc\",\"content\":{\"step\":2}}"
#define MESSAGE_3 "{\"format\":\"digitalwallet.carkey.ccc\",\"content\":{\"step\":3}}"

struct direct_peer { /* a recipient's end */
    struct tigress_session *session;
    struct tigress_direct_link *link;
    unsigned conn; /* 0: no stream */
};

struct direct_world {
    struct tigress_direct_host *host;
    struct tigress_session *alice; /* initiator */
    struct direct_peer bob;        /* recipient */
    struct direct_peer eve;        /* a second recipient, in some tests */
    int64_t now_ms;
    size_t piece;  /* bytes that pass at once */
    size_t moved;  /* bytes so far, in both directions */
    size_t cut_at; /* the stream breaks after so many bytes; 0: never */
    char url[TIGRESS_SHARE_URL_MAX];
};

int direct_set_up(void **state);
int direct_tear_down(void **state);

/* Shares MESSAGE_1 and creates bob from the invitation. */
void direct_invite(struct direct_world *w);
/* A recipient of an invitation, connected to nothing yet. */
void direct_join(struct direct_peer *peer, const char *url);
/* Runs until the session wants input, is over, or nothing happens for a day. */
enum tigress_want direct_run(struct direct_world *w, struct tigress_session *s);
/* One round: requests, bytes, time. Whether anything happened. */
int direct_round(struct direct_world *w);
void direct_cut(struct direct_world *w, struct direct_peer *peer);

#endif
