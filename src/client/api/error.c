/* SPDX-License-Identifier: Apache-2.0 */
#include <tigress/tigress.h>

#include "base/bytes.h"
#include "base/mem.h"

static const struct error_row {
    enum tigress_error error;
    enum tigress_error_class class;
    const char *name;
    const char *text;
} rows[] = {
    { TIGRESS_OK, TIGRESS_CLASS_NONE, "OK", "No error." },
    { TIGRESS_E_ARGUMENT, TIGRESS_CLASS_CALLER, "E_ARGUMENT",
      "A value that was passed to the library is not valid." },
    { TIGRESS_E_STATE, TIGRESS_CLASS_CALLER, "E_STATE",
      "This call is not possible at this point of the transfer." },
    { TIGRESS_E_URL, TIGRESS_CLASS_CALLER, "E_URL",
      "The URL is not a valid invitation or relay address." },
    { TIGRESS_E_NOT_ALLOWED, TIGRESS_CLASS_REFUSED, "E_NOT_ALLOWED",
      "This wallet does not use the relay that the invitation names." },
    { TIGRESS_E_SECRET, TIGRESS_CLASS_CALLER, "E_SECRET",
      "The secret is not valid: it is damaged or incomplete." },
    { TIGRESS_E_MESSAGE, TIGRESS_CLASS_CALLER, "E_MESSAGE",
      "The message is not provisioning information: a JSON object with \"format\" and "
      "\"content\"." },
    { TIGRESS_E_LIMIT, TIGRESS_CLASS_CALLER, "E_LIMIT",
      "A value is longer or larger than the limit." },
    { TIGRESS_E_SAVED_STATE, TIGRESS_CLASS_CALLER, "E_SAVED_STATE",
      "The saved state is damaged, truncated or from another version." },
    { TIGRESS_E_STALE, TIGRESS_CLASS_CALLER, "E_STALE",
      "The saved state is not the last one of this transfer: it was swapped, or an old copy was "
      "put "
      "back." },
    { TIGRESS_E_WITHDRAWN, TIGRESS_CLASS_ENDED, "E_WITHDRAWN",
      "The sender cancelled this transfer." },
    { TIGRESS_E_COMPLETED, TIGRESS_CLASS_ENDED, "E_COMPLETED",
      "The other side completed this transfer." },
    { TIGRESS_E_EXPIRED, TIGRESS_CLASS_ENDED, "E_EXPIRED",
      "The relay reports that this transfer has expired." },
    { TIGRESS_E_DECLINED, TIGRESS_CLASS_ENDED, "E_DECLINED",
      "The receiver declined this transfer." },
    { TIGRESS_E_UNCONFIRMED, TIGRESS_CLASS_ENDED, "E_UNCONFIRMED",
      "This transfer has ended, and nothing proves how." },
    { TIGRESS_E_GONE, TIGRESS_CLASS_ENDED, "E_GONE",
      "The relay has no such transfer: it has ended or never existed." },
    { TIGRESS_E_DENIED, TIGRESS_CLASS_REFUSED, "E_DENIED",
      "The relay refused: this device does not have the right to do that." },
    { TIGRESS_E_REFUSED, TIGRESS_CLASS_REFUSED, "E_REFUSED", "The relay refused the request." },
    { TIGRESS_E_CONFLICT, TIGRESS_CLASS_REFUSED, "E_CONFLICT",
      "Both sides keep sending at the same time; nothing was overwritten." },
    { TIGRESS_E_ELSEWHERE, TIGRESS_CLASS_REFUSED, "E_ELSEWHERE",
      "Another copy of this device's saved state continued this transfer." },
    { TIGRESS_E_STANDING, TIGRESS_CLASS_REFUSED, "E_STANDING",
      "The relay accepts shares only from devices that prove their good standing, and this device "
      "has not proved it." },
    { TIGRESS_E_SAS, TIGRESS_CLASS_REFUSED, "E_SAS",
      "Somebody in between may have taken the sender's place: what the sender revealed does not "
      "fit "
      "its first message." },
    { TIGRESS_E_NETWORK, TIGRESS_CLASS_RETRY, "E_NETWORK", "The relay cannot be reached." },
    { TIGRESS_E_TLS, TIGRESS_CLASS_RETRY, "E_TLS", "The relay's certificate is not valid." },
    { TIGRESS_E_UNAVAILABLE, TIGRESS_CLASS_RETRY, "E_UNAVAILABLE",
      "The relay is overloaded or out of order; try again later." },
    { TIGRESS_E_PROTOCOL, TIGRESS_CLASS_RETRY, "E_PROTOCOL",
      "The relay's answer does not follow the protocol." },
    { TIGRESS_E_DECRYPT, TIGRESS_CLASS_RETRY, "E_DECRYPT",
      "The message cannot be decrypted: the secret is wrong, or the message is damaged." },
    { TIGRESS_E_BAD_MESSAGE, TIGRESS_CLASS_RETRY, "E_BAD_MESSAGE",
      "The decrypted message is not provisioning information." },
    { TIGRESS_E_TAMPERED, TIGRESS_CLASS_RETRY, "E_TAMPERED",
      "The relay returned a message that is not the next one of this transfer." },
    { TIGRESS_E_ALGORITHM, TIGRESS_CLASS_RETRY, "E_ALGORITHM",
      "The message is sealed with an algorithm that this version does not know." },
    { TIGRESS_E_DAMAGED, TIGRESS_CLASS_RETRY, "E_DAMAGED",
      "The message is damaged: it is not the base64 of a sealed message." },
    { TIGRESS_E_OVERSIZE, TIGRESS_CLASS_RETRY, "E_OVERSIZE",
      "The message is longer than a message may be." },
    { TIGRESS_E_NO_V2, TIGRESS_CLASS_RETRY, "E_NO_V2",
      "This transfer requires envelope v2, and the other side has not agreed on it." },
    { TIGRESS_E_LOCKED, TIGRESS_CLASS_RETRY, "E_LOCKED",
      "A key of this device is locked: unlock the device, then try again." },
    { TIGRESS_E_NO_PAKE, TIGRESS_CLASS_RETRY, "E_NO_PAKE",
      "This transfer requires a PIN, which one of the two devices cannot ask for." },
    { TIGRESS_E_NAME, TIGRESS_CLASS_RETRY, "E_NAME", "The host name of the relay was not found." },
    { TIGRESS_E_ROUTE, TIGRESS_CLASS_RETRY, "E_ROUTE",
      "There is no route to the host of the relay." },
    { TIGRESS_E_CONNECT, TIGRESS_CLASS_RETRY, "E_CONNECT",
      "The host of the relay refuses connections to this port." },
    { TIGRESS_E_TIMEOUT, TIGRESS_CLASS_RETRY, "E_TIMEOUT", "The relay did not answer in time." },
    { TIGRESS_E_NOMEM, TIGRESS_CLASS_RETRY, "E_NOMEM", "Out of memory." },
    { TIGRESS_E_RANDOM, TIGRESS_CLASS_RETRY, "E_RANDOM",
      "This device's random source or cryptographic library failed." },
    { TIGRESS_E_UNSUPPORTED, TIGRESS_CLASS_FAULT, "E_UNSUPPORTED",
      "This build of the library does not support that." },
    { TIGRESS_E_SEALER, TIGRESS_CLASS_CALLER, "E_SEALER",
      "The application's function for sealing the saved state failed." },
    { TIGRESS_E_BUG, TIGRESS_CLASS_FAULT, "E_BUG", "Internal error of the library." },
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

enum tigress_error_class tigress_error_class(enum tigress_error error)
{
    const struct error_row *row = find(error);

    return row != NULL ? row->class : TIGRESS_CLASS_FAULT;
}

const char *tigress_error_name(enum tigress_error error)
{
    const struct error_row *row = find(error);

    return row != NULL ? row->name : "E_UNKNOWN";
}

const char *tigress_error_text(enum tigress_error error)
{
    const struct error_row *row = find(error);

    return row != NULL ? row->text : "An error that this version of the library does not know.";
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
