/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfers ORIGIN CA ORDER: two transfers, both ends of each, of one process, as a wallet makes
 * them. The relay tries to link the two.
 *   beside   each step of one is followed by the same step of the other
 *   after    the second begins when the first is over and its handles are free
 * Prints a line "NAME VALUE" for each fact that only this side knows. Exit 0: all went well.
 */
#include <tigress/tigress.h>
#include <tigress/transport_curl.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MESSAGE "{\"format\":\"digitalwallet.generic.authorizationToken\",\"content\":{\"n\":1}}"

struct end {
    struct tigress_session *session;
    struct tigress_transport *transport;
};

struct transfer {
    const char *token;
    struct end initiator;
    struct end recipient;
};

typedef int step_fn(struct transfer *t, const char *origin, const char *ca);

static int fails(const char *what, const struct tigress_session *s)
{
    (void)fprintf(stderr, "%s: %s\n", what, tigress_session_error_text(s));
    return 1;
}

static int open_end(struct end *e, const char *token, const char *ca)
{
    return tigress_session_set_notification_token(e->session, "webhook", token) != TIGRESS_OK ||
           tigress_session_set_tries(e->session, 1) != TIGRESS_OK ||
           tigress_transport_new(&e->transport, e->session) != TIGRESS_OK ||
           tigress_transport_set_ca_file(e->transport, ca) != TIGRESS_OK ||
           tigress_transport_use_environment_proxy(e->transport) != TIGRESS_OK;
}

static int run(struct end *e, const char *what, enum tigress_want want)
{
    return tigress_transport_run(e->transport, (int64_t)time(NULL) + 60) == want
               ? 0
               : fails(what, e->session);
}

static int create(struct transfer *t, const char *origin, const char *ca)
{
    struct end *e = &t->initiator;
    char why[TIGRESS_TEXT_MAX] = "";

    if (tigress_initiator_new(&e->session, origin, MESSAGE, strlen(MESSAGE), why, sizeof(why)) !=
            TIGRESS_OK ||
        open_end(e, t->token, ca) ||
        tigress_session_set_display(e->session, "A key", "For you", "") != TIGRESS_OK ||
        tigress_session_confirm_intent(e->session) != TIGRESS_OK) {
        return fails(why, e->session);
    }
    return run(e, "create", TIGRESS_WANT_INPUT);
}

static int look(struct transfer *t, const char *origin, const char *ca)
{
    (void)origin;
    (void)ca;
    return tigress_session_check(t->initiator.session) != TIGRESS_OK ||
           run(&t->initiator, "look", TIGRESS_WANT_INPUT);
}

static int preview(struct transfer *t, const char *origin, const char *ca)
{
    struct end *e = &t->recipient;
    char url[TIGRESS_SHARE_URL_MAX];
    char why[TIGRESS_TEXT_MAX] = "";

    (void)origin;
    if (tigress_session_share_url(t->initiator.session, TIGRESS_FORM_HTTPS, url, sizeof(url)) !=
            TIGRESS_OK ||
        tigress_recipient_new(&e->session, url, NULL, why, sizeof(why)) != TIGRESS_OK ||
        tigress_session_want_preview(e->session) != TIGRESS_OK || open_end(e, t->token, ca)) {
        return fails(why, e->session);
    }
    (void)printf("secret %s\n", strchr(url, '#') + 1);
    return run(e, "preview", TIGRESS_WANT_INPUT);
}

static int claim(struct transfer *t, const char *origin, const char *ca)
{
    (void)origin;
    (void)ca;
    return tigress_session_accept(t->recipient.session) != TIGRESS_OK ||
           run(&t->recipient, "claim", TIGRESS_WANT_INPUT);
}

static int finish(struct transfer *t, const char *origin, const char *ca)
{
    (void)origin;
    (void)ca;
    return tigress_session_finish(t->recipient.session) != TIGRESS_OK ||
           run(&t->recipient, "finish", TIGRESS_DONE);
}

static int close_end(struct transfer *t, const char *origin, const char *ca)
{
    struct end *ends[] = { &t->initiator, &t->recipient };

    (void)origin;
    (void)ca;
    for (size_t i = 0; i < 2; i++) {
        tigress_transport_free(&ends[i]->transport);
        tigress_session_free(&ends[i]->session);
    }
    return 0;
}

static step_fn *const steps[] = { create, look, preview, claim, finish, close_end };

#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

int main(int argc, char **argv)
{
    struct transfer transfers[] = { { .token = "https://push.example/first" },
                                    { .token = "https://push.example/second" } };
    size_t is_beside = 0;
    int failed = 0;

    if (argc != 4) {
        (void)fprintf(stderr, "usage: transfers ORIGIN CA beside|after\n");
        return 2;
    }
    is_beside = strcmp(argv[3], "beside") == 0 ? 1 : 0;
    for (size_t i = 0; i < 2 * STEP_COUNT && failed == 0; i++) {
        size_t which = is_beside ? i % 2 : i / STEP_COUNT;

        failed = steps[is_beside ? i / 2 : i % STEP_COUNT](&transfers[which], argv[1], argv[2]);
    }
    for (size_t i = 0; i < 2; i++) {
        (void)close_end(&transfers[i], NULL, NULL);
    }
    return failed;
}
