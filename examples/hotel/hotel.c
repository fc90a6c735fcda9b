/* SPDX-License-Identifier: Apache-2.0 */
#include "hotel/hotel.h"

#include <string.h>

json_t *hotel_check_credential(const json_t *credential, const char *hotel_public, int64_t now_s,
                               const char **why)
{
    const char *text = text_of(credential, "attested");
    json_t *attested = NULL;

    if (!key_verify(hotel_public, LABEL_CREDENTIAL, text, text_of(credential, "signature"))) {
        *why = "the signature is not the hotel's";
        return NULL;
    }
    attested = parse_text(text);
    if (attested == NULL || now_s < json_integer_value(json_object_get(attested, "notBefore")) ||
        now_s >= json_integer_value(json_object_get(attested, "notAfter"))) {
        *why = "outside the dates of the stay";
        json_decref(attested);
        return NULL;
    }
    return attested;
}

bool hotel_check_device(const char *public_key, const char *nonce, const char *proof)
{
    return nonce[0] != '\0' && key_verify(public_key, LABEL_DEVICE, nonce, proof);
}
