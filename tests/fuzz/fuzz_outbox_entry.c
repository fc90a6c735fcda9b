/* SPDX-License-Identifier: Apache-2.0 */
/* An entry that decodes encodes to the same bytes; bytes that this relay did not seal never
   open. */
#include "relay/outbox_entry.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void try_open(struct tg_bytes sealed)
{
    static const struct tg_keyring keyring = {
        .index_key = { .len = TG_RELAY_KEY_LEN },
        .seal_key_count = 1,
        .seal_keys = { { .id = 1, .key = { .len = TG_RELAY_KEY_LEN } } }
    };
    static const struct tg_store_key key;
    struct tg_notification_token token;
    struct tg_buf plain;

    tg_buf_init(&plain, TG_OUTBOX_ENTRY_PLAIN_MAX);
    if (tg_outbox_entry_open(&plain, &token, &keyring, &key, sealed) == TG_OK || plain.len != 0) {
        abort();
    }
    tg_buf_deinit(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tg_notification_token token;
    struct tg_buf out;

    try_open(tg_bytes(data, len));
    if (tg_outbox_entry_decode(&token, tg_bytes(data, len)) != TG_OK) {
        return 0;
    }
    tg_buf_init(&out, TG_OUTBOX_ENTRY_PLAIN_MAX);
    if (tg_outbox_entry_encode(&out, &token) != TG_OK ||
        !tg_bytes_is_equal(tg_buf_view(&out), tg_bytes(data, len))) {
        abort();
    }
    tg_buf_deinit(&out);
    return 0;
}
