/* SPDX-License-Identifier: Apache-2.0 */
/* A stranger's program, in what C99 and C++11 have in common: uses a bit of everything, returns 0.
 */
#include <tigress/tigress.h>

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

    failed = failed || has_failed("confirm", tigress_session_confirm_intent(session)) ||
             tigress_session_step(session, 1893456000) != TIGRESS_WANT_HTTP ||
             tigress_session_request(session) == NULL;
    tigress_session_free(&session);
    return failed;
}

int main(void)
{
    if (tigress_abi() != TIGRESS_ABI || strcmp(tigress_version(), TIGRESS_VERSION) != 0) {
        fprintf(stderr, "version %s, headers of %s\n", tigress_version(), TIGRESS_VERSION);
        return 1;
    }
    return try_envelope() != 0 || try_session() != 0;
}
