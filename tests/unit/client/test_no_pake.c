/* SPDX-License-Identifier: Apache-2.0 */
/* A build without the PIN by PAKE says so, and does not answer an offer that needs it. */
#include "unit/client/recording_relay.h"

#define OFFER                                                                                      \
    "{\"format\":\"tigress.v2\",\"content\":{},\"tigressV2\":{\"publicKey\":"                      \
    "\"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"pake\":\"CPACE-RISTR255-SHA512\"}}"

/* spec-test: protocol/7#pake-component */
static void settings__without_the_component__unsupported(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tigress_pake_is_built(), 0);
    assert_int_equal(tigress_session_set_pake_pin(f->alice, "604183"), TIGRESS_E_UNSUPPORTED);
    assert_non_null(strstr(tigress_session_error_text(f->alice), "libsodium"));
    invite(f);
    assert_int_equal(tigress_session_set_pake_use(f->bob, TIGRESS_PAKE_ALLOWED),
                     TIGRESS_E_UNSUPPORTED);
    assert_int_equal(tigress_session_pake(f->bob), TIGRESS_PAKE_NONE);
}

/* spec-test: protocol/7#pake-component */
static void offer__that_needs_the_component__refused_with_the_reason(void **state)
{
    struct fixture *f = *state;

    invite(f);
    show_v1(f, OFFER);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_FAILED);
    assert_failed(f->bob, TIGRESS_E_NO_PAKE);
    assert_non_null(strstr(tigress_session_error_text(f->bob), "libsodium"));
    assert_int_equal(tigress_session_cancel(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(settings__without_the_component__unsupported),
        CASE(offer__that_needs_the_component__refused_with_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
