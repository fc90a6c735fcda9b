/* SPDX-License-Identifier: Apache-2.0 */
/* Every value of a public enum has its name, and every error its class and its sentence. */
#include "support/c/unit.h"

#include <tigress/tigress.h>

#include "client/session.h"

#define VALUES_END 300u /* larger than every value of these enums */
#define UNKNOWN (-1)

/* The expected class of each error. The switch has no default, so this file does not compile until
   a new error is listed. */
static int expected_class(unsigned value)
{
    switch ((enum tigress_error)value) {
    case TIGRESS_OK:
        return TIGRESS_CLASS_NONE;
    case TIGRESS_E_ARGUMENT:
    case TIGRESS_E_STATE:
    case TIGRESS_E_URL:
    case TIGRESS_E_SECRET:
    case TIGRESS_E_MESSAGE:
    case TIGRESS_E_LIMIT:
    case TIGRESS_E_SAVED_STATE:
    case TIGRESS_E_STALE:
    case TIGRESS_E_SEALER:
        return TIGRESS_CLASS_CALLER;
    case TIGRESS_E_WITHDRAWN:
    case TIGRESS_E_COMPLETED:
    case TIGRESS_E_EXPIRED:
    case TIGRESS_E_GONE:
    case TIGRESS_E_DECLINED:
    case TIGRESS_E_UNCONFIRMED:
        return TIGRESS_CLASS_ENDED;
    case TIGRESS_E_NOT_ALLOWED:
    case TIGRESS_E_DENIED:
    case TIGRESS_E_REFUSED:
    case TIGRESS_E_CONFLICT:
    case TIGRESS_E_ELSEWHERE:
    case TIGRESS_E_STANDING:
    case TIGRESS_E_SAS:
        return TIGRESS_CLASS_REFUSED;
    case TIGRESS_E_NETWORK:
    case TIGRESS_E_NAME:
    case TIGRESS_E_ROUTE:
    case TIGRESS_E_CONNECT:
    case TIGRESS_E_TIMEOUT:
    case TIGRESS_E_TLS:
    case TIGRESS_E_UNAVAILABLE:
    case TIGRESS_E_PROTOCOL:
    case TIGRESS_E_DECRYPT:
    case TIGRESS_E_ALGORITHM:
    case TIGRESS_E_DAMAGED:
    case TIGRESS_E_OVERSIZE:
    case TIGRESS_E_BAD_MESSAGE:
    case TIGRESS_E_TAMPERED:
    case TIGRESS_E_NO_V2:
    case TIGRESS_E_NO_PAKE:
    case TIGRESS_E_LOCKED:
    case TIGRESS_E_NOMEM:
    case TIGRESS_E_RANDOM:
        return TIGRESS_CLASS_RETRY;
    case TIGRESS_E_UNSUPPORTED:
    case TIGRESS_E_BUG:
        return TIGRESS_CLASS_FAULT;
    }
    return UNKNOWN;
}

static void errors__every_value__has_its_class_name_and_sentence(void **state)
{
    (void)state;
    for (unsigned value = 0; value < VALUES_END; value++) {
        const enum tigress_error error = (enum tigress_error)value;
        const char *text = tigress_error_text(error);
        const int class = expected_class(value);

        assert_int_equal(tigress_error_class(error),
                         class == UNKNOWN ? TIGRESS_CLASS_FAULT : class);
        assert_int_equal(strcmp(tigress_error_name(error), "E_UNKNOWN") == 0, class == UNKNOWN);
        assert_true(strlen(text) > 5 && text[strlen(text) - 1] == '.');
    }
    assert_string_equal(tigress_error_name(TIGRESS_OK), "OK");
    assert_string_equal(tigress_error_name(TIGRESS_E_GONE), "E_GONE");
}

static void errors__no_two_values__share_a_name_or_a_sentence(void **state)
{
    (void)state;
    for (unsigned a = 0; a < VALUES_END; a++) {
        for (unsigned b = a + 1; b < VALUES_END && expected_class(a) != UNKNOWN; b++) {
            assert_string_not_equal(tigress_error_name((enum tigress_error)a),
                                    tigress_error_name((enum tigress_error)b));
            assert_string_not_equal(tigress_error_text((enum tigress_error)a),
                                    tigress_error_text((enum tigress_error)b));
        }
    }
}

/* Without a default, as expected_class. */
static const char *expected_want(unsigned value)
{
    switch ((enum tigress_want)value) {
    case TIGRESS_WANT_HTTP:
        return "WANT_HTTP";
    case TIGRESS_WANT_WAIT:
        return "WANT_WAIT";
    case TIGRESS_WANT_INPUT:
        return "WANT_INPUT";
    case TIGRESS_DONE:
        return "DONE";
    case TIGRESS_FAILED:
        return "FAILED";
    }
    return "UNKNOWN";
}

static const char *expected_input(unsigned value)
{
    switch ((enum tigress_input)value) {
    case TIGRESS_INPUT_NONE:
        return "INPUT_NONE";
    case TIGRESS_INPUT_INTENT:
        return "INPUT_INTENT";
    case TIGRESS_INPUT_CREATED:
        return "INPUT_CREATED";
    case TIGRESS_INPUT_SECRET:
        return "INPUT_SECRET";
    case TIGRESS_INPUT_PREVIEW:
        return "INPUT_PREVIEW";
    case TIGRESS_INPUT_MESSAGE:
        return "INPUT_MESSAGE";
    case TIGRESS_INPUT_SENT:
        return "INPUT_SENT";
    case TIGRESS_INPUT_UNCHANGED:
        return "INPUT_UNCHANGED";
    case TIGRESS_INPUT_ATTESTATION:
        return "INPUT_ATTESTATION";
    case TIGRESS_INPUT_PRIVATE_TOKEN:
        return "INPUT_PRIVATE_TOKEN";
    case TIGRESS_INPUT_OPENED:
        return "INPUT_OPENED";
    case TIGRESS_INPUT_PIN:
        return "INPUT_PIN";
    case TIGRESS_INPUT_KEY:
        return "INPUT_KEY";
    }
    return "UNKNOWN";
}

/* The same. */
static const char *expected_end(unsigned value)
{
    switch ((enum tigress_end)value) {
    case TIGRESS_END_NONE:
        return "END_NONE";
    case TIGRESS_END_COMPLETED:
        return "END_COMPLETED";
    case TIGRESS_END_DECLINED:
        return "END_DECLINED";
    case TIGRESS_END_CANCELLED:
        return "END_CANCELLED";
    case TIGRESS_END_WITHDRAWN:
        return "END_WITHDRAWN";
    case TIGRESS_END_WITHDRAWN_OPENED:
        return "END_WITHDRAWN_OPENED";
    case TIGRESS_END_UNCONFIRMED:
        return "END_UNCONFIRMED";
    case TIGRESS_END_EXPIRED:
        return "END_EXPIRED";
    }
    return "UNKNOWN";
}

static void wants_and_inputs__every_value__has_the_constants_name(void **state)
{
    (void)state;
    for (unsigned value = 0; value < VALUES_END; value++) {
        assert_string_equal(tigress_want_name((enum tigress_want)value), expected_want(value));
        assert_string_equal(tigress_input_name((enum tigress_input)value), expected_input(value));
        assert_string_equal(tigress_end_name((enum tigress_end)value), expected_end(value));
    }
}

static void states__every_value__has_a_name_of_its_own(void **state)
{
    struct tigress_session *s = NULL;
    const char *names[TG_S_COUNT] = { NULL };

    (void)state;
    assert_int_equal(tigress_recipient_new(&s,
                                           "https://relay.example/v1/m/"
                                           "12345678-9abc-4def-8123-456789abcdef",
                                           NULL, NULL, 0),
                     TIGRESS_OK);
    for (unsigned value = TG_S_INTENT; value < TG_S_COUNT; value++) {
        s->state = (enum tg_state)value;
        names[value] = tigress_session_state_name(s);
        assert_string_not_equal(names[value], "UNKNOWN");
        for (unsigned other = TG_S_INTENT; other < value; other++) {
            assert_string_not_equal(names[value], names[other]);
        }
    }
    s->state = TG_S_COUNT;
    assert_string_equal(tigress_session_state_name(s), "UNKNOWN");
    assert_string_equal(tigress_session_state_name(NULL), "UNKNOWN");
    s->state = TG_S_CHECK;
    tigress_session_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors__every_value__has_its_class_name_and_sentence),
        cmocka_unit_test(wants_and_inputs__every_value__has_the_constants_name),
        cmocka_unit_test(states__every_value__has_a_name_of_its_own),
        cmocka_unit_test(errors__no_two_values__share_a_name_or_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
