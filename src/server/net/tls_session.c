/* SPDX-License-Identifier: Apache-2.0 */
/* A session: OpenSSL reads one record a call from the caller's memory, and writes to the socket. */
#include "base/mem.h"
#include "server/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/obj_mac.h>

static bool set_ends(struct tg_tls *t, const BIO_METHOD *method, int fd)
{
    BIO *in = BIO_new(method);

    if (in == NULL || SSL_set_wfd(t->ssl, fd) != 1) {
        BIO_free(in);
        return false;
    }
    BIO_set_data(in, &t->record);
    BIO_set_init(in, 1);
    SSL_set0_rbio(t->ssl, in);
    return true;
}

struct tg_tls *tg_tls_new(struct tg_tls_context *c, int fd)
{
    struct tg_tls *t = tg_mem_calloc(1, sizeof(*t));

    if (t != NULL) {
        t->context = tg_tls_context_hold(c);
        t->ssl = SSL_new(c->ssl);
        if (t->ssl == NULL || !set_ends(t, c->method, fd)) {
            tg_tls_free(&t);
            ERR_clear_error();
            return NULL;
        }
        (void)SSL_set_app_data(t->ssl, t);
        SSL_set_accept_state(t->ssl);
    }
    return t;
}

void tg_tls_free(struct tg_tls **t)
{
    if (t != NULL && *t != NULL) {
        SSL_free((*t)->ssl);
        tg_tls_context_free(&(*t)->context);
        tg_mem_free(*t);
        *t = NULL;
    }
}

static enum tg_tls_io io_of(SSL *ssl, int result)
{
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TG_TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return TG_TLS_WANT_WRITE;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
        return TG_TLS_WANT_LEAVE;
    case SSL_ERROR_ZERO_RETURN:
        return TG_TLS_CLOSED;
    default:
        ERR_clear_error();
        return TG_TLS_BROKEN;
    }
}

/* Ends a call that was given *record: what OpenSSL has not read remains the caller's. */
static void end_call(struct tg_tls *t, struct tg_bytes *record)
{
    *record = t->record;
    t->record = (struct tg_bytes){ 0 };
}

/* With TLS 1.2 the relay computes a share for its ServerHello, and the secret for the client's. */
static bool is_costly_next(const struct tg_tls *t)
{
    return SSL_get_state(t->ssl) == TLS_ST_SW_SRVR_DONE && tg_tls_is_costly(t);
}

enum tg_tls_io tg_tls_handshake(struct tg_tls *t, struct tg_bytes *record)
{
    enum tg_tls_io io = TG_TLS_OK;
    int result = 0;

    if (!t->has_leave && is_costly_next(t)) {
        return TG_TLS_WANT_LEAVE;
    }
    ERR_clear_error();
    t->record = *record;
    result = SSL_do_handshake(t->ssl);
    if (result != 1) {
        io = io_of(t->ssl, result);
    }
    t->has_leave = false;
    end_call(t, record);
    return io;
}

void tg_tls_give_leave(struct tg_tls *t)
{
    t->has_leave = true;
}

bool tg_tls_is_costly(const struct tg_tls *t)
{
    /* Without a session OpenSSL 3.0 would read through a null pointer. */
    long group = SSL_get_session(t->ssl) != NULL ? SSL_get_negotiated_group(t->ssl) : 0;

    return group == NID_secp384r1 || group == NID_secp521r1;
}

bool tg_tls_is_h2(const struct tg_tls *t)
{
    const unsigned char *name = NULL;
    unsigned len = 0;

    SSL_get0_alpn_selected(t->ssl, &name, &len);
    return tg_bytes_is_equal(tg_bytes(name, len), TG_LIT("h2"));
}

enum tg_tls_io tg_tls_read(struct tg_tls *t, struct tg_bytes *record, uint8_t *out, size_t *len)
{
    enum tg_tls_io io = TG_TLS_OK;
    int result = 0;

    ERR_clear_error();
    t->record = *record;
    result = SSL_read_ex(t->ssl, out, *len, len);
    if (result != 1) {
        io = io_of(t->ssl, result);
    }
    end_call(t, record);
    return io;
}

enum tg_tls_io tg_tls_write(struct tg_tls *t, struct tg_bytes data, size_t *sent)
{
    int result = 0;

    ERR_clear_error();
    result = SSL_write_ex(t->ssl, data.ptr, data.len, sent);
    return result == 1 ? TG_TLS_OK : io_of(t->ssl, result);
}

bool tg_tls_has_pending(const struct tg_tls *t)
{
    return SSL_pending(t->ssl) > 0;
}

void tg_tls_close_notify(struct tg_tls *t)
{
    ERR_clear_error();
    (void)SSL_shutdown(t->ssl);
    ERR_clear_error();
}
