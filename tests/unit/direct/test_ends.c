/* SPDX-License-Identifier: Apache-2.0 */
/* How a transfer without a relay ends: the host's mailbox keeps and gives the end note as a relay
   does. The rules themselves are tested in tests/unit/mailbox. */
#include "support/c/unit.h"

#include "base/reader.h"
#include "base/rng.h"
#include "direct/mailbox.h"
#include "wire/msg_create.h"

#include <stdio.h>
#include <string.h>

#define NOW_S 1893456000
#define CLAIM_A "2bba630e-519b-41ec-bf63-0242ac13000a"
#define CLAIM_B "2bba630e-519b-41ec-bf63-0242ac13000b"
#define CREATE                                                                                     \
    "{\"payload\":{\"type\":\"t\",\"data\":\"d\"},\"displayInformation\":{\"title\":\"\","         \
    "\"description\":\"\",\"imageURL\":\"\"},\"mailboxConfiguration\":{\"accessRights\":\"RWD\","  \
    "\"expiration\":\"2030-01-01T01:00:00Z\"}}"

struct fixture {
    struct tg_direct_mailbox mailbox;
    char target[100];
    char text[2000]; /* headers and body of the last answer */
    bool must_wake, must_wait;
};

/* The status of the answer. extra: one header more, or NULL. */
static unsigned call(struct fixture *f, const char *method, const char *target, const char *claim,
                     const char *extra, const char *extra_value, const char *body)
{
    struct tg_direct_request request = { .method = tg_bytes_str(method),
                                         .target = tg_bytes_str(target),
                                         .header_count = extra == NULL ? 4 : 5,
                                         .body = tg_bytes_str(body) };
    bool is_local = strcmp(claim, CLAIM_A) == 0;
    struct tg_direct_answer answer;
    unsigned status = 0;
    size_t at = 0;

    request.headers[0] =
        (struct tg_http_header){ TG_LIT("mailbox-device-claim"), tg_bytes_str(claim) };
    request.headers[1] = (struct tg_http_header){ TG_LIT("mailbox-request-id"), TG_LIT("r") };
    request.headers[2] = (struct tg_http_header){ TG_LIT("prefer"), TG_LIT("wait=5") };
    request.headers[3] =
        (struct tg_http_header){ TG_LIT("content-type"), TG_LIT("application/json") };
    if (extra != NULL) {
        request.headers[4] =
            (struct tg_http_header){ tg_bytes_str(extra), tg_bytes_str(extra_value) };
    }
    assert_int_equal(tg_direct_mailbox_answer(&f->mailbox,
                                              is_local ? TG_DIRECT_LOCAL : TG_DIRECT_REMOTE,
                                              &request, TG_DIRECT_LOOK_FIRST, NOW_S, &answer),
                     TG_OK);
    for (size_t i = 0; i < answer.response.header_count; i++) {
        const struct tg_http_header *h = &answer.response.headers[i];

        at += (size_t)snprintf(f->text + at, sizeof(f->text) - at, "%.*s: %.*s\n", (int)h->name.len,
                               (const char *)h->name.ptr, (int)h->value.len,
                               (const char *)h->value.ptr);
    }
    (void)snprintf(f->text + at, sizeof(f->text) - at, "%.*s", (int)answer.response.body.len,
                   answer.response.body.len > 0 ? (const char *)answer.response.body.ptr : "");
    f->must_wake = answer.must_wake;
    f->must_wait = answer.must_wait;
    status = answer.response.status;
    tg_direct_answer_deinit(&answer);
    return status;
}

static void set_up(struct fixture *f)
{
    const char *link = NULL;

    *f = (struct fixture){ .must_wake = false };
    assert_int_equal(tg_direct_mailbox_init(&f->mailbox, &tg_rng_system), TG_OK);
    tg_buf_append_str(&f->mailbox.origin, "tigress-direct://192.0.2.7:4711");
    assert_int_equal(call(f, "POST", "/v1/m", CLAIM_A, NULL, NULL, CREATE), 200);
    link = strstr(f->text, ":4711/");
    assert_non_null(link);
    (void)snprintf(f->target, sizeof(f->target), "/v1/m/%.36s", link + 6);
}

static void assert_has(const struct fixture *f, const char *part, bool is_there)
{
    if ((strstr(f->text, part) != NULL) != is_there) {
        fail_msg("%s%s in: %s", is_there ? "no " : "", part, f->text);
    }
}

static void save_and_load(struct fixture *f)
{
    struct tg_buf saved;
    struct tg_reader r;

    tg_buf_init(&saved, 200000);
    tg_direct_mailbox_put(&saved, &f->mailbox);
    tg_direct_mailbox_deinit(&f->mailbox);
    r = tg_reader_init(tg_buf_view(&saved));
    assert_int_equal(tg_direct_mailbox_get(&f->mailbox, &r), TG_OK);
    tg_buf_deinit(&saved);
}

/* spec-test: protocol/3#end-note protocol/3#end-note-for-the-other-device
   protocol/7#direct-same-rules */
static void note__of_the_recipient__the_host_gets_it_also_after_a_restart(void **state)
{
    struct fixture f;

    (void)state;
    set_up(&f);
    assert_int_equal(call(&f, "POST", f.target, CLAIM_B, NULL, NULL, ""), 200);
    assert_int_equal(call(&f, "DELETE", f.target, CLAIM_B, "mailbox-end-note", "AA=", ""), 400);
    assert_int_equal(call(&f, "DELETE", f.target, CLAIM_B, "mailbox-end-note", "AAEC", ""), 200);
    assert_has(&f, "mailbox-recipient: bound\n", true);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(call(&f, "POST", f.target, CLAIM_A, NULL, NULL, ""), 404);
        assert_has(&f, "problem/ended-by-recipient\"", true);
        assert_has(&f, "\"recipient\":\"bound\",\"endNote\":\"AAEC\"}", true);
        assert_int_equal(call(&f, "POST", f.target, CLAIM_B, NULL, NULL, ""), 404);
        assert_has(&f, "endNote", false);
        assert_int_equal(call(&f, "DELETE", f.target, CLAIM_B, "mailbox-end-note", "AAEC", ""),
                         201);
        assert_int_equal(call(&f, "DELETE", f.target, CLAIM_B, "mailbox-end-note", "AAED", ""),
                         404);
        save_and_load(&f);
    }
    tg_direct_mailbox_deinit(&f.mailbox);
}

/* spec-test: protocol/2#recipient-told-to-initiator
   protocol/4#bind-notifies */
static void bind__wakes_the_host_which_learns_of_it(void **state)
{
    struct fixture f;

    (void)state;
    set_up(&f);
    assert_int_equal(call(&f, "POST", f.target, CLAIM_A, NULL, NULL, ""), 200);
    assert_has(&f, "mailbox-recipient: none\n", true);
    assert_int_equal(call(&f, "POST", f.target, CLAIM_B, NULL, NULL, ""), 200);
    assert_true(f.must_wake);
    assert_has(&f, "mailbox-recipient", false);
    assert_int_equal(call(&f, "POST", f.target, CLAIM_B, NULL, NULL, ""), 200);
    assert_false(f.must_wake);
    assert_int_equal(call(&f, "POST", f.target, CLAIM_A, NULL, NULL, ""), 200);
    assert_has(&f, "mailbox-recipient: bound\n", true);
    assert_int_equal(call(&f, "GET", f.target, CLAIM_A, NULL, NULL, ""), 200);
    assert_has(&f, "\"recipient\":\"bound\"}", true);
    tg_direct_mailbox_deinit(&f.mailbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(note__of_the_recipient__the_host_gets_it_also_after_a_restart),
        cmocka_unit_test(bind__wakes_the_host_which_learns_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
