/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "unit/direct/direct_world.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 200000

int direct_set_up(void **state)
{
    struct direct_world *w = calloc(1, sizeof(*w));

    w->now_ms = DIRECT_NOW_MS;
    w->piece = 4096;
    assert_int_equal(
        tigress_initiator_new(&w->alice, DIRECT_URL, MESSAGE_1, strlen(MESSAGE_1), NULL, 0),
        TIGRESS_OK);
    assert_int_equal(tigress_session_set_rights(w->alice, "RWD"), TIGRESS_OK);
    assert_int_equal(tigress_session_set_vertical(w->alice, TIGRESS_VERTICAL_CAR), TIGRESS_OK);
    assert_int_equal(tigress_session_set_display(w->alice, "A key", "For you", NULL), TIGRESS_OK);
    assert_int_equal(tigress_direct_host_new(&w->host), TIGRESS_OK);
    *state = w;
    return 0;
}

static void free_peer(struct direct_peer *peer)
{
    tigress_direct_link_free(&peer->link);
    tigress_session_free(&peer->session);
}

int direct_tear_down(void **state)
{
    struct direct_world *w = *state;

    free_peer(&w->bob);
    free_peer(&w->eve);
    tigress_session_free(&w->alice);
    tigress_direct_host_free(&w->host);
    free(w);
    return 0;
}

void direct_join(struct direct_peer *peer, const char *url)
{
    assert_int_equal(tigress_recipient_new(&peer->session, url, NULL, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_direct_link_new(&peer->link, peer->session), TIGRESS_OK);
}

void direct_invite(struct direct_world *w)
{
    assert_int_equal(tigress_session_confirm_intent(w->alice), TIGRESS_OK);
    assert_int_equal(direct_run(w, w->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(w->alice), TIGRESS_INPUT_CREATED);
    assert_int_equal(
        tigress_session_share_url(w->alice, TIGRESS_FORM_HTTPS, w->url, sizeof(w->url)),
        TIGRESS_OK);
    direct_join(&w->bob, w->url);
}

void direct_cut(struct direct_world *w, struct direct_peer *peer)
{
    if (peer->conn != 0) {
        tigress_direct_host_close(w->host, peer->conn);
        peer->conn = 0;
        tigress_direct_link_failed(peer->link, TIGRESS_NET_LOST);
    }
}

/* How many of len bytes pass now: a piece, or the rest before the cut. */
static size_t portion(struct direct_world *w, size_t len)
{
    size_t n = len < w->piece ? len : w->piece;

    if (w->cut_at > w->moved && w->moved + n >= w->cut_at) {
        n = w->cut_at - w->moved;
        w->moved = w->cut_at;
        return n;
    }
    w->moved += n;
    return n;
}

static int is_cut(const struct direct_world *w, size_t before)
{
    return w->cut_at != 0 && before < w->cut_at && w->moved >= w->cut_at;
}

static int move(struct direct_world *w, struct direct_peer *peer)
{
    unsigned char bytes[4096];
    const unsigned char *data = NULL;
    size_t len = 0;
    size_t before = w->moved;

    if (peer->link == NULL || peer->conn == 0) {
        return 0;
    }
    data = tigress_direct_link_output(peer->link, &len);
    len = portion(w, len < sizeof(bytes) ? len : sizeof(bytes));
    if (len > 0) {
        memcpy(bytes, data, len);
        tigress_direct_link_sent(peer->link, len);
        (void)tigress_direct_host_received(w->host, peer->conn, bytes, len, w->now_ms);
    }
    if (is_cut(w, before)) {
        direct_cut(w, peer);
        return 1;
    }
    data = tigress_direct_host_output(w->host, peer->conn, &len);
    len = portion(w, len < sizeof(bytes) ? len : sizeof(bytes));
    if (len > 0) {
        memcpy(bytes, data, len);
        tigress_direct_host_sent(w->host, peer->conn, len, w->now_ms);
        tigress_direct_link_received(peer->link, bytes, len, w->now_ms);
    }
    if (is_cut(w, before)) {
        direct_cut(w, peer);
        return 1;
    }
    /* Either end may close the stream after its output is written. */
    if ((!tigress_direct_host_is_open(w->host, peer->conn) &&
         tigress_direct_host_output(w->host, peer->conn, NULL) == NULL) ||
        (!tigress_direct_link_is_open(peer->link) &&
         tigress_direct_link_output(peer->link, NULL) == NULL)) {
        direct_cut(w, peer);
        return 1;
    }
    return w->moved != before;
}

static int start(struct direct_world *w, struct direct_peer *peer)
{
    if (peer->link == NULL) {
        return 0;
    }
    if (tigress_session_step(peer->session, w->now_ms / 1000) == TIGRESS_WANT_HTTP &&
        !tigress_direct_link_is_busy(peer->link)) {
        enum tigress_error error = tigress_direct_link_start(peer->link, w->now_ms);

        assert_true(error == TIGRESS_OK || error == TIGRESS_E_NOMEM);
    }
    if (!tigress_direct_link_needs_stream(peer->link)) {
        return 0;
    }
    direct_cut(w, peer);
    if (tigress_direct_host_open(w->host, w->now_ms, &peer->conn) != TIGRESS_OK) {
        peer->conn = 0;
        tigress_direct_link_failed(peer->link, TIGRESS_NET_UNREACHABLE);
    } else {
        tigress_direct_link_opened(peer->link, w->now_ms);
    }
    return 1;
}

int direct_round(struct direct_world *w)
{
    int did = 0;
    int is_answered = 0;

    if (tigress_session_step(w->alice, w->now_ms / 1000) == TIGRESS_WANT_HTTP) {
        enum tigress_error error =
            tigress_direct_host_perform(w->host, w->alice, w->now_ms, &is_answered);

        if (error == TIGRESS_E_NOMEM) {
            error = tigress_direct_host_perform(w->host, w->alice, w->now_ms,
                                                is_answered ? NULL : &is_answered);
        }
        assert_int_equal(error, TIGRESS_OK);
        did |= is_answered;
    }
    did |= start(w, &w->bob);
    did |= start(w, &w->eve);
    did |= move(w, &w->bob);
    did |= move(w, &w->eve);
    return did;
}

enum tigress_want direct_run(struct direct_world *w, struct tigress_session *s)
{
    int64_t start_ms = w->now_ms;
    enum tigress_want want = TIGRESS_FAILED;

    for (int i = 0; i < ROUNDS_MAX && w->now_ms - start_ms < 86400000; i++) {
        want = tigress_session_step(s, w->now_ms / 1000);
        if (want != TIGRESS_WANT_HTTP && want != TIGRESS_WANT_WAIT) {
            return want;
        }
        if (!direct_round(w)) {
            w->now_ms += 500;
            tigress_direct_host_tick(w->host, w->now_ms);
            tigress_direct_link_tick(w->bob.link, w->now_ms);
            tigress_direct_link_tick(w->eve.link, w->now_ms);
        }
    }
    return want;
}
