/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/enclave.h - the phone's key signs for a message, as a Secure Enclave or a StrongBox does:
 * it is asked, it asks the user, and it answers later, perhaps after this process has ended. The
 * session keeps the question meanwhile.
 *
 * Here the key is FOLDER/key.pem. A file FOLDER/locked stands for a phone that is locked, a file
 * FOLDER/refuses for a user who does not agree.
 */
#ifndef EXAMPLES_ENCLAVE_H
#define EXAMPLES_ENCLAVE_H

#include <stdbool.h>

#include "common/keys.h"
#include "common/wallet.h"

/* Each reports a failure on standard error. */

/* Asks for a signature on the text, at a message that can be answered. */
bool enclave_ask(struct wallet *w, const char *label, const char *text);
/* Was it asked, perhaps by an earlier process, and has not answered? */
bool enclave_is_asked(const struct wallet *w);
/* Lets the key sign. *text is what was signed, for free(). false: locked, then the session asks on;
   or the user refused, then the message can be answered again. */
bool enclave_sign(struct wallet *w, char **text, char signature[SIGNATURE_MAX]);

#endif
