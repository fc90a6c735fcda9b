/* SPDX-License-Identifier: Apache-2.0 */
/* An independent program in the common part of C99 and C++11: calls each library, returns 0.
   USE_CURL and USE_DIRECT add the optional libraries. */
#include <tigress/tigress.h>
#ifdef USE_CURL
#include <tigress/transport_curl.h>
#endif
#ifdef USE_DIRECT
#include <tigress/direct.h>
#endif

#include <stdio.h>
#include <string.h>

static const char MESSAGE[] = "{\"format\":\"x\",\"content\":{}}";

static int has_failed(const char *what, enum tigress_error error)
{
    if (error != TIGRESS_OK) {
        fprintf(stderr, "%s: %s: %s\n", what, tigress_error_name(error), tigress_error_text(error));
    }
    return error != TIGRESS_OK;
}

static int try_envelope(void)
{
    const unsigned char secret[16] = { 1, 2, 3 };
    char *data = NULL;
    char *json = NULL;
    size_t data_len = 0;
    size_t json_len = 0;
    int failed =
        has_failed("seal", tigress_envelope_seal(secret, sizeof(secret), MESSAGE, strlen(MESSAGE),
                                                 NULL, NULL, &data, &data_len));

    failed = failed ||
             has_failed("open", tigress_envelope_open(secret, sizeof(secret),
                                                      tigress_envelope_type(sizeof(secret)), data,
                                                      data_len, &json, &json_len)) ||
             strcmp(json, MESSAGE) != 0;
    tigress_free(data, data_len);
    tigress_free(json, json_len);
    return failed;
}

static int try_session(void)
{
    struct tigress_session *session = NULL;
    char why[TIGRESS_TEXT_MAX];
    int failed =
        has_failed("initiator", tigress_initiator_new(&session, "https://relay.example", MESSAGE,
                                                      strlen(MESSAGE), why, sizeof(why)));

#ifdef USE_CURL
    struct tigress_transport *transport = NULL;

    failed = failed || has_failed("transport", tigress_transport_new(&transport, session));
    tigress_transport_free(&transport);
#endif
    failed = failed || has_failed("confirm", tigress_session_confirm_intent(session)) ||
             tigress_session_step(session, 1893456000) != TIGRESS_WANT_HTTP ||
             tigress_session_request(session) == NULL;
    tigress_session_free(&session);
    return failed;
}

#ifdef USE_DIRECT
static int try_direct(void)
{
    struct tigress_direct_listener *listener = NULL;
    struct tigress_direct_host *host = NULL;
    char why[TIGRESS_TEXT_MAX];
    int failed = has_failed("host", tigress_direct_host_new(&host));

    failed = failed || has_failed("listen", tigress_direct_listen(&listener, "127.0.0.1:0", why,
                                                                  sizeof(why)));
    tigress_direct_listener_free(&listener);
    tigress_direct_host_free(&host);
    return failed;
}
#else
static int try_direct(void)
{
    return tigress_error_class(TIGRESS_E_GONE) != TIGRESS_CLASS_ENDED;
}
#endif

int main(void)
{
    if (tigress_abi() != TIGRESS_ABI || strcmp(tigress_version(), TIGRESS_VERSION) != 0) {
        fprintf(stderr, "version %s, headers of %s\n", tigress_version(), TIGRESS_VERSION);
        return 1;
    }
    return try_envelope() != 0 || try_session() != 0 || try_direct() != 0;
}
