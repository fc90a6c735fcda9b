/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/tls_context.h"

#include <string.h>

#define HEADER_LEN 5u
#define VERSION_MAJOR 3u

size_t tg_tls_record_len(struct tg_bytes in)
{
    size_t len = 0;

    if (in.len < HEADER_LEN) {
        return 0;
    }
    len = HEADER_LEN + ((size_t)in.ptr[3] << 8 | in.ptr[4]);
    if (in.ptr[1] != VERSION_MAJOR || len > TG_TLS_RECORD_MAX) {
        return in.len; /* not a record: OpenSSL refuses what is there */
    }
    return in.len < len ? 0 : len;
}

/* ---- the BIO that OpenSSL reads from ---- */

static int bio_read(BIO *bio, char *out, int cap)
{
    struct tg_bytes *record = BIO_get_data(bio);
    size_t len = cap < 0 ? 0 : (size_t)cap;

    BIO_clear_retry_flags(bio);
    if (record->len == 0 || len == 0) {
        BIO_set_retry_read(bio); /* the next record comes with the next call */
        return -1;
    }
    if (len > record->len) {
        len = record->len;
    }
    memcpy(out, record->ptr, len);
    *record = tg_bytes_from(*record, len);
    return (int)len;
}

static long bio_ctrl(BIO *bio, int command, long number, void *ctx)
{
    (void)bio;
    (void)command;
    (void)number;
    (void)ctx;
    return 0;
}

BIO_METHOD *tg_tls_method_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "record");

    if (method != NULL &&
        (BIO_meth_set_read(method, bio_read) != 1 || BIO_meth_set_ctrl(method, bio_ctrl) != 1)) {
        BIO_meth_free(method);
        return NULL;
    }
    return method;
}
