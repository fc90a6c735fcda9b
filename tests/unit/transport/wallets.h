/* SPDX-License-Identifier: Apache-2.0 */
/* A recipient and its transport, which reads a preview from a server of a test. */
#ifndef TESTS_UNIT_TRANSPORT_WALLETS_H
#define TESTS_UNIT_TRANSPORT_WALLETS_H

#include <tigress/tigress.h>
#include <tigress/transport_curl.h>

#include "unit/client/wallet_fixture.h"

#include <stdio.h>

#define PREVIEW                                                                                    \
    "{\"displayInformation\":{\"title\":\"T\",\"description\":\"\",\"imageURL\":\"\"},"            \
    "\"expiration\":\"2030-01-03T00:00:00Z\"}"
#define PREVIEW_ANSWER                                                                             \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 103\r\n\r\n" PREVIEW

struct wallet {
    struct tigress_session *session;
    struct tigress_transport *transport;
};

/* origin: "https://host:port" */
static inline void open_wallet(struct wallet *w, const char *origin)
{
    char url[TIGRESS_SHARE_URL_MAX];

    (void)snprintf(url, sizeof(url), "%s/v1/m/" FAKE_MAILBOX, origin);
    assert_int_equal(tigress_recipient_new(&w->session, url, "AAAAAAAAAAAAAAAAAAAAAA==", NULL, 0),
                     TIGRESS_OK);
    assert_int_equal(tigress_session_want_preview(w->session), TIGRESS_OK);
    assert_int_equal(tigress_session_set_tries(w->session, 1), TIGRESS_OK);
    assert_int_equal(tigress_transport_new(&w->transport, w->session), TIGRESS_OK);
}

static inline void close_wallet(struct wallet *w)
{
    tigress_transport_free(&w->transport);
    tigress_session_free(&w->session);
}

#endif
