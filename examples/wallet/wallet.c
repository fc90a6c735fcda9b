/* SPDX-License-Identifier: Apache-2.0 */
/* wallet share RELAY KEY.json | wallet accept LINK     cc wallet.c -ltigress_curl -ltigress */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tigress/tigress.h>
#include <tigress/transport_curl.h>

static int save(void *ctx, struct tigress_session *s) /* a wallet resumes from what it saved */
{
    unsigned char *data = NULL;
    size_t len = 0;
    FILE *file = tigress_session_save(s, &data, &len) == TIGRESS_OK ? fopen(ctx, "wb") : NULL;
    int is_saved = file != NULL && fwrite(data, 1, len, file) == len && fclose(file) == 0;

    tigress_free(data, len);
    return is_saved ? 0 : 1; /* 1: nothing is sent */
}

static enum tigress_error act(struct tigress_session *s)
{
    char url[TIGRESS_SHARE_URL_MAX] = "";

    if (tigress_session_input(s) == TIGRESS_INPUT_INTENT) {
        return tigress_session_confirm_intent(s); /* a wallet has asked its user before */
    } else if (tigress_session_input(s) == TIGRESS_INPUT_MESSAGE) {
        printf("%s\n", tigress_session_message(s, NULL)); /* a wallet provisions this key first */
        return tigress_session_finish(s);
    } else if (tigress_session_input(s) == TIGRESS_INPUT_CREATED &&
               tigress_session_share_url(s, TIGRESS_FORM_HTTPS, url, sizeof(url)) == TIGRESS_OK) {
        printf("%s\n", url), fflush(stdout); /* goes to the other person, over another channel */
    }
    return tigress_session_wait(s);
}

int main(int argc, char **argv)
{
    static char message[TIGRESS_MESSAGE_MAX], path[] = "wallet.state";
    char why[TIGRESS_TEXT_MAX] = "usage: wallet share RELAY FILE | wallet accept LINK";
    struct tigress_session *s = NULL;
    struct tigress_transport *t = NULL;
    FILE *file = argc == 4 && strcmp(argv[1], "share") == 0 ? fopen(argv[3], "rb") : NULL;
    size_t len = file != NULL ? fread(message, 1, sizeof(message), file) : 0;
    umask(077); /* the state contains the key */
    if (argc < 3 ||
        (file ? tigress_initiator_new(&s, argv[2], message, len, why, sizeof(why))
              : tigress_recipient_new(&s, argv[2], NULL, why, sizeof(why))) ||
        tigress_transport_new(&t, s) || tigress_transport_set_save(t, save, path) ||
        tigress_transport_set_ca_file(t, getenv("TIGRESS_CACERT"))) {
        return fprintf(stderr, "wallet: %s\n", why), 2;
    }
    while (tigress_transport_run(t, 0) == TIGRESS_WANT_INPUT && act(s) == TIGRESS_OK) {
    }
    fprintf(stderr, "%s%s\n", tigress_session_error_text(s),
            tigress_end_text(tigress_session_end(s), tigress_session_end_proof(s)));
    len = tigress_session_end(s) == TIGRESS_END_COMPLETED ? (size_t)remove(path) : 1;
    tigress_transport_free(&t), tigress_session_free(&s);
    return len == 0 ? 0 : 1;
}
