/* SPDX-License-Identifier: Apache-2.0 */
/* embed https://relay.example key.json [ca.pem]      cc embed.c -ltigress_curl -ltigress */
#include <stdio.h>
#include <tigress/tigress.h>
#include <tigress/transport_curl.h>

int main(int argc, char **argv)
{
    static char message[TIGRESS_MESSAGE_MAX], url[TIGRESS_SHARE_URL_MAX];
    char why[TIGRESS_TEXT_MAX] = "usage: embed RELAY FILE [CA]";
    struct tigress_session *s = NULL;
    struct tigress_transport *t = NULL;
    FILE *file = argc > 2 ? fopen(argv[2], "rb") : NULL;
    size_t len = file != NULL ? fread(message, 1, sizeof(message), file) : 0;

    if (argc < 3 || tigress_initiator_new(&s, argv[1], message, len, why, sizeof(why)) ||
        tigress_session_set_display(s, "A key for you", "Open it on your phone", "") ||
        tigress_transport_new(&t, s) || tigress_transport_set_ca_file(t, argv[3]) ||
        tigress_session_confirm_intent(s)) { /* ask the user before this line */
        fprintf(stderr, "cannot share: %s%s\n", why, tigress_session_error_text(s));
        return 2;
    }
    if (tigress_transport_run(t, 0) == TIGRESS_WANT_INPUT &&
        tigress_session_share_url(s, TIGRESS_FORM_HTTPS, url, sizeof(url)) == TIGRESS_OK) {
        printf("%s\n", url), fflush(stdout); /* send this to the other person */
        if (tigress_session_wait(s) == TIGRESS_OK && tigress_transport_run(t, 0) == TIGRESS_DONE) {
            puts("received");
        }
    }
    fprintf(stderr, "%s", tigress_session_error_text(s));
    tigress_transport_free(&t);
    tigress_session_free(&s);
    return 0;
}
