/* SPDX-License-Identifier: Apache-2.0 */
/* What every session test needs: a relay, both sides, and the checks they share. */
#ifndef TESTS_UNIT_CLIENT_WALLET_FIXTURE_H
#define TESTS_UNIT_CLIENT_WALLET_FIXTURE_H

#include "support/c/unit.h"

#include "unit/client/fake_relay.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGE_1 "{\"format\":\"digitalwallet.carkey.ccc\",\"content\":{\"step\":1},\"more\":true}"
#define MESSAGE_2 "{\"format\":\"digitalwallet.carkey.ccc\",\"content\":{\"step\":2}}"
#define MESSAGE_3 "{\"format\":\"digitalwallet.carkey.ccc\",\"content\":{\"step\":3}}"

struct fixture {
    struct fake_relay relay;
    struct tigress_session *alice; /* initiator */
    struct tigress_session *bob;   /* recipient, made by invite() */
    uint32_t random;
    char url[TIGRESS_SHARE_URL_MAX];
};

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    fake_relay_init(&f->relay);
    f->random = 7;
    if (tigress_initiator_new(&f->alice, FAKE_RELAY, MESSAGE_1, strlen(MESSAGE_1), NULL, 0) !=
            TIGRESS_OK ||
        tigress_session_set_random(f->alice, fake_random, &f->random) != TIGRESS_OK ||
        tigress_session_set_rights(f->alice, "RWD") != TIGRESS_OK ||
        tigress_session_set_vertical(f->alice, TIGRESS_VERTICAL_CAR) != TIGRESS_OK) {
        return -1;
    }
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;

    tigress_session_free(&f->alice);
    tigress_session_free(&f->bob);
    free(f);
    return 0;
}

static inline void create(struct fixture *f)
{
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->alice), TIGRESS_INPUT_CREATED);
    assert_int_equal(
        tigress_session_share_url(f->alice, TIGRESS_FORM_HTTPS, f->url, sizeof(f->url)),
        TIGRESS_OK);
}

static inline void invite(struct fixture *f)
{
    create(f);
    assert_int_equal(tigress_recipient_new(&f->bob, f->url, NULL, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_session_set_random(f->bob, fake_random, &f->random), TIGRESS_OK);
}

static inline void receive_first(struct fixture *f)
{
    invite(f);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_MESSAGE);
}

static inline void assert_message(const struct tigress_session *s, const char *expected)
{
    size_t len = 0;

    assert_string_equal(tigress_session_message(s, &len), expected);
    assert_int_equal(len, strlen(expected));
}

static inline void assert_failed(struct tigress_session *s, enum tigress_error error)
{
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_FAILED);
    assert_string_equal(tigress_error_name(tigress_session_error(s)), tigress_error_name(error));
    assert_true(strlen(tigress_session_error_text(s)) > 10);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
