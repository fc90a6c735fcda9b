/* SPDX-License-Identifier: Apache-2.0 */
/* What a ClientHello will cost, before the key exchange that it asks for is computed. */
#include "server/net/tls_context.h"

#include "base/reader.h"

/* The groups that tls.c accepts, as RFC 8446, section 4.2.7, and draft-ietf-tls-ecdhe-mlkem number
   them. */
static bool is_cheap(uint16_t group)
{
    return group == 23 || group == 29 || group == 4588; /* P-256, X25519, X25519MLKEM768 */
}

static bool is_costly(uint16_t group)
{
    return group == 24 || group == 25; /* P-384, P-521 */
}

/* The vector inside an extension, without its length. */
static struct tg_reader extension(SSL *ssl, unsigned type, size_t length_len)
{
    const unsigned char *ptr = NULL;
    size_t len = 0;
    struct tg_reader r = tg_reader_init(tg_bytes(NULL, 0));

    if (SSL_client_hello_get0_ext(ssl, type, &ptr, &len) == 1) {
        r = tg_reader_init(tg_bytes(ptr, len));
        (void)tg_reader_bytes(&r, length_len);
    }
    return r;
}

/* False: the vector is over, or cut. */
static bool next(struct tg_reader *r, uint16_t *value)
{
    *value = tg_reader_u16(r);
    return !r->is_short;
}

static bool offers_tls13(SSL *ssl)
{
    struct tg_reader r = extension(ssl, TLSEXT_TYPE_supported_versions, 1);
    uint16_t version = 0;

    while (next(&r, &version)) {
        if (version == TLS1_3_VERSION) {
            return true;
        }
    }
    return false;
}

/* OpenSSL takes the first share of a group that it accepts. Without one it asks for another
   ClientHello, which costs nothing yet. */
static bool is_share_costly(SSL *ssl)
{
    struct tg_reader r = extension(ssl, TLSEXT_TYPE_key_share, 2);
    uint16_t group = 0;

    while (next(&r, &group)) {
        if (is_cheap(group) || is_costly(group)) {
            return is_costly(group);
        }
        (void)tg_reader_bytes(&r, tg_reader_u16(&r));
    }
    return false;
}

/* With TLS 1.2 the server chooses, and prefers the cheap ones. */
static bool are_groups_costly(SSL *ssl)
{
    struct tg_reader r = extension(ssl, TLSEXT_TYPE_supported_groups, 2);
    bool has_costly = false;
    uint16_t group = 0;

    while (next(&r, &group)) {
        if (is_cheap(group)) {
            return false;
        }
        has_costly = has_costly || is_costly(group);
    }
    return has_costly;
}

static int on_hello(SSL *ssl, int *alert, void *ctx)
{
    struct tg_tls *t = SSL_get_app_data(ssl);

    (void)alert;
    (void)ctx;
    if (t == NULL || t->has_leave ||
        !(offers_tls13(ssl) ? is_share_costly(ssl) : are_groups_costly(ssl))) {
        return SSL_CLIENT_HELLO_SUCCESS;
    }
    return SSL_CLIENT_HELLO_RETRY;
}

void tg_tls_look_at_hellos(SSL_CTX *ssl)
{
    SSL_CTX_set_client_hello_cb(ssl, on_hello, NULL);
}
