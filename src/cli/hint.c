/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/hint.h"

#include <stdio.h>

/* The same command can succeed later. */
static void write_next(char hint[HINT_MAX], const struct flow *f)
{
    hint[0] = '\0';
    if (f->t != NULL && f->t->status == TRANSFER_PENDING) {
        snprintf(hint, HINT_MAX,
                 "Nothing is lost: 'tigress share --resume %.8s' continues, 'tigress forget %.8s' "
                 "gives it up.",
                 f->t->id, f->t->id);
    } else if (f->t != NULL) {
        snprintf(hint, HINT_MAX, "Nothing is lost: run the command again.");
    }
}

static void write_tls(char hint[HINT_MAX], const struct flow *f)
{
    char next[HINT_MAX];

    write_next(next, f);
    snprintf(hint, HINT_MAX, "%s%s%.200s",
             f->has_own_ca ? "Check that the file of --cacert or TIGRESS_CACERT has the authority "
                             "of the relay's certificate."
                           : "If the relay has its own certificate authority, name its file with "
                             "--cacert.",
             next[0] == '\0' ? "" : " ", next);
}

void hint_write(char hint[HINT_MAX], const struct flow *f, enum tigress_error error)
{
    hint[0] = '\0';
    if (error == TIGRESS_E_TLS && f->link == NULL) {
        write_tls(hint, f);
    } else if (error == TIGRESS_E_DECRYPT && f->t != NULL && f->t->received_count == 0) {
        snprintf(hint, HINT_MAX,
                 "Ask the sender for the secret and run 'tigress accept' again with "
                 "--secret-file.");
    } else if (error == TIGRESS_E_NO_PAKE && f->t != NULL) {
        snprintf(hint, HINT_MAX, "'tigress cancel %.8s' ends the transfer%s.", f->t->id,
                 f->t->role == TRANSFER_INITIATOR
                     ? "; a new one with --plain-pin has a PIN that proves less"
                     : "");
    } else if (error == TIGRESS_E_NO_V2 && f->t != NULL) {
        snprintf(hint, HINT_MAX,
                 "Ask the sender for a link of a wallet that knows it; 'tigress cancel %.8s' "
                 "declines this one.",
                 f->t->id);
    } else if (tigress_error_class(error) == TIGRESS_CLASS_RETRY) {
        write_next(hint, f);
    }
}
