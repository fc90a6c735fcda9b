/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/evidence.h"

#include "cli/attest_packed.h"
#include "cli/io.h"
#include "cli/mem.h"
#include "cli/ui_error.h"

#include <string.h>

#define TOKEN_MAX 2100u
#define HOST_MAX 256u
#define CHALLENGE_SHOWN_MAX 6000

/* TOKEN, @FILE or - for standard input. */
static enum cli_exit read_token(struct ui *ui, struct io_bytes *out, const char *text)
{
    bool is_input = strcmp(text, "-") == 0;

    if (is_input || text[0] == '@') {
        return io_read_line(ui, out, is_input ? text : text + 1, "the private token", TOKEN_MAX);
    }
    out->data = cli_strdup(text);
    out->len = strlen(text);
    return out->data == NULL ? ui_error(ui, TIGRESS_E_NOMEM, NULL) : CLI_OK;
}

static enum cli_exit give_token(struct ui *ui, struct tigress_session *s, const char *text)
{
    struct io_bytes token = { 0 };
    enum cli_exit exit = read_token(ui, &token, text);

    if (exit == CLI_OK && tigress_session_set_private_token(s, token.data) != TIGRESS_OK) {
        exit = ui_fail(
            ui, CLI_USAGE, "usage",
            "--private-token: expected a token in base64url, @FILE, or - for standard input.");
    }
    io_bytes_wipe(&token);
    return exit;
}

enum cli_exit evidence_set_up(struct ui *ui, struct tigress_session *s, const struct cli_args *args)
{
    enum tigress_error error = tigress_session_want_private_token(s);

    if (error == TIGRESS_OK && args->value[OPT_ATTEST_PACKED] != NULL) {
        error = tigress_session_want_attestation(s, TIGRESS_ATTEST_CREATE);
    }
    if (error != TIGRESS_OK) {
        return ui_error(ui, error, NULL);
    }
    return args->value[OPT_PRIVATE_TOKEN] != NULL
               ? give_token(ui, s, args->value[OPT_PRIVATE_TOKEN])
               : CLI_OK;
}

static enum cli_exit give_attestation(struct flow *f, const struct cli_args *args)
{
    unsigned char challenge[TIGRESS_ATTESTATION_CHALLENGE_LEN], *object = NULL;
    char host[HOST_MAX];
    size_t len = 0;
    enum tigress_error error = tigress_session_attestation_challenge(f->session, challenge);
    enum cli_exit exit;

    if (args->value[OPT_ATTEST_PACKED] == NULL) {
        return ui_fail(f->ui, CLI_REFUSED, "standing",
                       "this transfer needs an attestation: run 'tigress share --resume %.8s "
                       "--attest-packed KEY CERT'.",
                       f->t->id);
    }
    if (error != TIGRESS_OK) {
        return ui_error(f->ui, error, NULL);
    }
    snprintf(host, sizeof(host), "%s", tigress_session_relay_host(f->session));
    exit = attest_packed(f->ui, &object, &len, args->value[OPT_ATTEST_PACKED],
                         args->attest_certificate, host, challenge);
    if (exit == CLI_OK) {
        error = tigress_session_set_attestation(f->session, object, len);
        exit = error == TIGRESS_OK ? CLI_OK : ui_error(f->ui, error, NULL);
    }
    cli_free(object);
    return exit;
}

/* A token is issued for the relay's challenge. The transfer stays pending until it is resumed. */
static enum cli_exit ask_for_token(struct flow *f)
{
    char *challenge = cli_alloc(CHALLENGE_SHOWN_MAX), detail[TIGRESS_TEXT_MAX];
    enum cli_exit exit;

    if (challenge == NULL) {
        return ui_error(f->ui, TIGRESS_E_NOMEM, NULL);
    }
    ui_clean(challenge, CHALLENGE_SHOWN_MAX, tigress_session_private_token_challenge(f->session));
    ui_clean(detail, sizeof(detail), tigress_session_relay_detail(f->session));
    exit = ui_fail(f->ui, CLI_REFUSED, "standing",
                   "this relay requires a private token: %s Get a token for the challenge below "
                   "and run 'tigress share --resume %.8s --private-token TOKEN'. The challenge: %s",
                   detail, f->t->id, challenge);
    cli_free(challenge);
    return exit;
}

static enum cli_exit give(struct flow *f, const struct cli_args *args, bool *has_given)
{
    bool had_given = *has_given;

    *has_given = f->input == TIGRESS_INPUT_PRIVATE_TOKEN;
    if (f->input == TIGRESS_INPUT_ATTESTATION) {
        *has_given = had_given;
        return give_attestation(f, args);
    }
    /* The session asks again only when the relay did not accept the token that it had. */
    if (args->value[OPT_PRIVATE_TOKEN] == NULL || had_given) {
        return ask_for_token(f);
    }
    return give_token(f->ui, f->session, args->value[OPT_PRIVATE_TOKEN]);
}

static bool is_asked(const struct flow *f)
{
    return f->want == TIGRESS_WANT_INPUT &&
           (f->input == TIGRESS_INPUT_ATTESTATION || f->input == TIGRESS_INPUT_PRIVATE_TOKEN);
}

enum cli_exit evidence_run(struct flow *f, const struct cli_args *args)
{
    bool has_given = args->value[OPT_RESUME] == NULL; /* by evidence_set_up() */
    enum cli_exit exit = flow_run(f, 0);

    while (exit == CLI_OK && is_asked(f)) {
        exit = give(f, args, &has_given);
        if (exit == CLI_OK) {
            exit = flow_run(f, 0);
        }
    }
    return exit;
}
