/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once: no leak, outputs untouched. */
#include "support/c/unit.h"
#include "support/c/fail_at.h"

#include "wire/envelope.h"
#include "wire/msg_create.h"
#include "wire/msg_read.h"
#include "wire/msg_update.h"
#include "wire/problem.h"

#include <jansson.h>
#include <stdlib.h>

#define ROUNDS_MAX 500
#define PAYLOAD "\"payload\":{\"type\":\"T\",\"data\":\"D\"}"
#define DISPLAY "\"displayInformation\":{\"title\":\"t\",\"description\":\"d\",\"imageURL\":\"i\"}"
#define TOKEN "\"notificationToken\":{\"type\":\"n\",\"tokenData\":\"x\"}"
#define BODY                                                                                       \
    "{" PAYLOAD "," DISPLAY "," TOKEN ",\"expiration\":\"2030-01-02T03:04:05Z\","                  \
    "\"urlLink\":\"u\",\"isPushNotificationSupported\":true,\"n\":[1,2.5e400,{\"a\":null}]}"

FAIL_WRAP_MALLOC()
FAIL_WRAP_CALLOC()

static const struct tg_wire_limits limits = TG_WIRE_LIMITS_DEFAULT;

static union {
    struct tg_msg_create create;
    struct tg_msg_update update;
    struct tg_notification_token token;
    struct tg_msg_content content;
    struct tg_display_info display;
    struct tg_msg_created created;
    struct tg_problem problem;
    bool is_push_supported;
} out;

static enum tg_err create(struct tg_json **doc)
{
    return tg_msg_create_decode(&out.create, doc, TG_LIT(BODY), &limits, NULL);
}

static enum tg_err update(struct tg_json **doc)
{
    return tg_msg_update_decode(&out.update, doc, TG_LIT(BODY), &limits, NULL);
}

static enum tg_err read_token(struct tg_json **doc)
{
    return tg_msg_read_decode(&out.token, doc, TG_LIT(BODY), &limits, NULL);
}

static enum tg_err content(struct tg_json **doc)
{
    return tg_msg_content_decode(&out.content, doc, TG_LIT(BODY), NULL);
}

static enum tg_err created(struct tg_json **doc)
{
    return tg_msg_created_decode(&out.created, doc, TG_LIT(BODY), NULL);
}

static enum tg_err updated(struct tg_json **doc)
{
    (void)doc;
    return tg_msg_updated_decode(&out.is_push_supported, TG_LIT(BODY), NULL);
}

static enum tg_err problem(struct tg_json **doc)
{
    return tg_problem_decode(&out.problem, doc, TG_LIT(BODY));
}

static void decoders__allocation_n_fails__an_error_and_outputs_untouched(void **state)
{
    static enum tg_err (*const decoders[])(struct tg_json **) = {
        create, update, read_token, content, created, updated, problem,
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(decoders); i++) {
        enum tg_err err = TG_E_BUG;
        bool is_reached = true;
        unsigned n = 0;

        for (n = 1; n < ROUNDS_MAX && is_reached; n++) {
            struct tg_json *doc = NULL;
            uint8_t before[sizeof(out)];

            memset(&out, 0x5a, sizeof(out));
            memcpy(before, &out, sizeof(out));
            fail_at(n);
            err = decoders[i](&doc);
            fail_at(0);
            is_reached = fail_reached();
            assert_true(is_reached || err == TG_OK);
            if (err != TG_OK) {
                assert_null(doc);
                assert_memory_equal(&out, before, sizeof(before));
            }
            tg_json_free(&doc);
        }
        assert_int_equal(err, TG_OK);
        assert_true(n > 3);
    }
}

static void envelope__allocation_n_fails__an_error_and_nothing_appended(void **state)
{
    const struct tg_secret secret = { .len = 16 };
    struct tg_buf text;
    struct tg_payload payload = { .type = tg_envelope_type(&secret) };
    enum tg_err err = TG_E_BUG;

    (void)state;
    tg_buf_init(&text, 2000);
    for (unsigned n = 1; n < ROUNDS_MAX && err != TG_OK; n++) {
        tg_buf_deinit(&text);
        fail_at(n);
        err = tg_envelope_seal(&text, &secret, TG_LIT("{}"), &tg_rng_system);
        fail_at(0);
        assert_true((err == TG_OK) == (text.len > 0));
        assert_true(err == TG_OK || err == TG_E_NOMEM);
    }
    payload.data = tg_buf_view(&text);
    err = TG_E_BUG;
    for (unsigned n = 1; n < ROUNDS_MAX && err != TG_OK; n++) {
        struct tg_buf plain;

        tg_buf_init(&plain, 2000);
        fail_at(n);
        err = tg_envelope_open(&plain, &secret, &payload, NULL);
        fail_at(0);
        assert_true((err == TG_OK) == (plain.len > 0));
        assert_true(err == TG_OK || err == TG_E_NOMEM);
        tg_buf_deinit(&plain);
    }
    assert_int_equal(err, TG_OK);
    tg_buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoders__allocation_n_fails__an_error_and_outputs_untouched),
        cmocka_unit_test(envelope__allocation_n_fails__an_error_and_nothing_appended),
    };

    json_set_alloc_funcs(malloc, free); /* the wrapper of malloc */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
