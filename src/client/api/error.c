/* SPDX-License-Identifier: Apache-2.0 */
#include <tigress/tigress.h>

#include "base/bytes.h"
#include "base/mem.h"

static const struct error_row {
    enum tigress_error error;
    const char *name;
    const char *text;
} rows[] = {
    { TIGRESS_OK, "OK", "All is well." },
    { TIGRESS_E_ARGUMENT, "E_ARGUMENT", "The library was given a value it does not take." },
    { TIGRESS_E_STATE, "E_STATE", "That cannot be done at this point of the transfer." },
    { TIGRESS_E_URL, "E_URL", "That is no invitation, or none that may be used." },
    { TIGRESS_E_NOT_ALLOWED, "E_NOT_ALLOWED",
      "This invitation leads to a relay that this wallet does not use." },
    { TIGRESS_E_SECRET, "E_SECRET", "The secret is damaged or cut." },
    { TIGRESS_E_MESSAGE, "E_MESSAGE",
      "The message is no provisioning information: a JSON object with \"format\" and "
      "\"content\"." },
    { TIGRESS_E_LIMIT, "E_LIMIT", "That is longer or more than the limit." },
    { TIGRESS_E_SAVED_STATE, "E_SAVED_STATE",
      "The saved state is damaged, cut or of another version." },
    { TIGRESS_E_WITHDRAWN, "E_WITHDRAWN", "The sender has withdrawn this transfer." },
    { TIGRESS_E_COMPLETED, "E_COMPLETED", "The recipient has ended this transfer." },
    { TIGRESS_E_EXPIRED, "E_EXPIRED", "The time of this transfer is over." },
    { TIGRESS_E_GONE, "E_GONE", "The relay has no such transfer: it is over, or never was." },
    { TIGRESS_E_DENIED, "E_DENIED", "The relay refused: this device has no right to do that." },
    { TIGRESS_E_REFUSED, "E_REFUSED", "The relay did not take the request." },
    { TIGRESS_E_CONFLICT, "E_CONFLICT",
      "Both sides keep writing at the same time; nothing was overwritten." },
    { TIGRESS_E_ELSEWHERE, "E_ELSEWHERE",
      "Another copy of this device's saved state has gone on with this transfer." },
    { TIGRESS_E_STANDING, "E_STANDING",
      "The relay takes shares only from devices that show their good standing, and this one has "
      "not "
      "shown it." },
    { TIGRESS_E_NETWORK, "E_NETWORK", "The relay cannot be reached." },
    { TIGRESS_E_TLS, "E_TLS", "The relay's certificate does not verify." },
    { TIGRESS_E_UNAVAILABLE, "E_UNAVAILABLE",
      "The relay is overloaded or out of order; try again later." },
    { TIGRESS_E_PROTOCOL, "E_PROTOCOL", "The relay's answer is not what was asked for." },
    { TIGRESS_E_DECRYPT, "E_DECRYPT",
      "The message does not open: the secret is not the right one, or the message was damaged." },
    { TIGRESS_E_BAD_MESSAGE, "E_BAD_MESSAGE",
      "The message opened, but is no provisioning information." },
    { TIGRESS_E_TAMPERED, "E_TAMPERED",
      "The relay shows a message that is not the next one of this transfer." },
    { TIGRESS_E_NOMEM, "E_NOMEM", "There is no memory left." },
    { TIGRESS_E_RANDOM, "E_RANDOM", "This device's random source or crypto library failed." },
    { TIGRESS_E_UNSUPPORTED, "E_UNSUPPORTED", "This build of the library cannot do that." },
    { TIGRESS_E_BUG, "E_BUG", "The library has a fault." },
};

static const struct error_row *find(enum tigress_error error)
{
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        if (rows[i].error == error) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *tigress_error_name(enum tigress_error error)
{
    const struct error_row *row = find(error);

    return row != NULL ? row->name : "E_UNKNOWN";
}

const char *tigress_error_text(enum tigress_error error)
{
    const struct error_row *row = find(error);

    return row != NULL ? row->text : "An error that this version does not know.";
}

void tigress_free(void *ptr, size_t len)
{
    tg_mem_free_secret(ptr, len);
}

const char *tigress_version(void)
{
    return TIGRESS_VERSION;
}

int tigress_abi(void)
{
    return TIGRESS_ABI;
}
