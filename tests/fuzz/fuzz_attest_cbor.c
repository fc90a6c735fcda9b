/* SPDX-License-Identifier: Apache-2.0 */
/* Exactly the items that can be measured decode, and libcbor encodes them to the same bytes. */
#include "attest/cbor.h"

#include <cbor.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool is_good)
{
    if (!is_good) {
        abort();
    }
}

static void check_same_bytes(const struct tg_cbor *doc, struct tg_bytes from)
{
    unsigned char *bytes = NULL;
    size_t room = 0;
    size_t len = cbor_serialize_alloc((const cbor_item_t *)doc, &bytes, &room);

    must(tg_bytes_is_equal(tg_bytes(bytes, len), from));
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tg_cbor *doc = NULL;
    size_t measured = 0;
    enum tg_err err = tg_cbor_measure(&measured, tg_bytes(data, len));

    if (err != TG_OK) {
        must(tg_cbor_decode(&doc, tg_bytes(data, len)) == err);
        return 0;
    }
    must(measured <= len);
    must(tg_cbor_decode(&doc, tg_bytes(data, measured)) == TG_OK);
    check_same_bytes(doc, tg_bytes(data, measured));
    tg_cbor_free(&doc);
    must(measured == len || tg_cbor_decode(&doc, tg_bytes(data, len)) == TG_E_SYNTAX);
    return 0;
}
