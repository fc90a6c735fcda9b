/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/tls.h"

#include "base/mem.h"
#include "crypto/hkdf.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#define OUTPUT_MAX (1024u * 1024u)
#define READ_STEP 2048u

struct tg_direct_key {
    SSL_CTX *context;
    struct tg_secret psk;
    uint8_t suite[2]; /* its number in the IANA registry */
};

struct tg_direct_tls {
    SSL *ssl;
    BIO *in; /* owned by ssl, as is the other */
    BIO *out;
    struct tg_buf output;
    uint8_t piece[READ_STEP]; /* bytes of one call; wiped after plain text */
};

/* One suite for each length of secret: there is nothing to negotiate down. */
static const struct suite {
    size_t secret_len;
    uint8_t number[2];
    const char *name;
} suites[] = {
    { 16, { 0x13, 0x01 }, "TLS_AES_128_GCM_SHA256" },
    { 32, { 0x13, 0x02 }, "TLS_AES_256_GCM_SHA384" },
};

/* ---- the key -------------------------------------------------------------------------------- */

static SSL_SESSION *new_session(SSL *ssl)
{
    const struct tg_direct_key *key = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, key->suite);
    SSL_SESSION *session = SSL_SESSION_new();

    if (session != NULL &&
        (cipher == NULL ||
         SSL_SESSION_set1_master_key(session, key->psk.bytes, key->psk.len) != 1 ||
         SSL_SESSION_set_cipher(session, cipher) != 1 ||
         SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) != 1)) {
        SSL_SESSION_free(session);
        session = NULL;
    }
    return session;
}

/* spec: protocol/7#direct-identity-tells-nothing */
static int on_find(SSL *ssl, const unsigned char *identity, size_t identity_len,
                   SSL_SESSION **session)
{
    *session = NULL;
    if (!tg_bytes_is_equal(tg_bytes(identity, identity_len), TG_LIT(TG_DIRECT_PSK_IDENTITY))) {
        return 1; /* without a key the handshake fails, because there is no certificate */
    }
    *session = new_session(ssl);
    return *session != NULL ? 1 : 0;
}

static int on_use(SSL *ssl, const EVP_MD *digest, const unsigned char **identity,
                  size_t *identity_len, SSL_SESSION **session)
{
    (void)digest; /* there is one suite, so one digest */
    *identity = (const unsigned char *)TG_DIRECT_PSK_IDENTITY;
    *identity_len = sizeof(TG_DIRECT_PSK_IDENTITY) - 1;
    *session = new_session(ssl);
    return *session != NULL ? 1 : 0;
}

/* spec: protocol/7#direct-tls13-psk-dhe: an ephemeral key in every connection, no certificate, no
   ticket, no early data */
static bool set_rules(SSL_CTX *context, const struct suite *suite)
{
    char groups[] = "X25519:P-256"; /* not const, as the macro requires */

    (void)SSL_CTX_set_options(context,
                              SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(context, suite->name) == 1 &&
           SSL_CTX_set1_groups_list(context, groups) == 1 &&
           SSL_CTX_set_num_tickets(context, 0) == 1 && SSL_CTX_set_max_early_data(context, 0) == 1;
}

static enum tg_err fill_key(struct tg_direct_key *key, enum tg_direct_end end,
                            const struct tg_secret *secret)
{
    enum tg_err err = TG_E_BUG;
    const struct suite *suite = NULL;

    for (size_t i = 0; i < TG_COUNT(suites); i++) {
        if (suites[i].secret_len == secret->len) {
            suite = &suites[i];
        }
    }
    TG_REQUIRE(suite != NULL, TG_E_CRYPTO);
    key->suite[0] = suite->number[0];
    key->suite[1] = suite->number[1];
    /* spec: protocol/7#direct-psk-from-secret */
    TG_TRY(tg_hkdf_sha256(&key->psk, TG_DIRECT_PSK_LEN, tg_secret_view(secret), tg_bytes(NULL, 0),
                          TG_LIT(TG_DIRECT_PSK_INFO)));
    key->context = SSL_CTX_new(end == TG_DIRECT_HOST ? TLS_server_method() : TLS_client_method());
    TG_REQUIRE(key->context != NULL, TG_E_NOMEM);
    (void)SSL_CTX_set_app_data(key->context, key);
    TG_REQUIRE(set_rules(key->context, suite), TG_E_CRYPTO);
    if (end == TG_DIRECT_HOST) {
        SSL_CTX_set_psk_find_session_callback(key->context, on_find);
    } else {
        SSL_CTX_set_psk_use_session_callback(key->context, on_use);
        /* Without a trusted authority no certificate can replace the key. */
        SSL_CTX_set_verify(key->context, SSL_VERIFY_PEER, NULL);
    }
    err = TG_OK;
out:
    ERR_clear_error();
    return err;
}

enum tg_err tg_direct_key_new(struct tg_direct_key **out, enum tg_direct_end end,
                              const struct tg_secret *secret)
{
    enum tg_err err = TG_E_BUG;
    struct tg_direct_key *key = tg_mem_calloc(1, sizeof(*key));

    TG_REQUIRE(key != NULL, TG_E_NOMEM);
    TG_TRY(fill_key(key, end, secret));
    *out = key;
    key = NULL;
out:
    tg_direct_key_free(&key);
    return err;
}

void tg_direct_key_free(struct tg_direct_key **key)
{
    if (key != NULL && *key != NULL) {
        SSL_CTX_free((*key)->context);
        tg_mem_free_secret(*key, sizeof(**key));
        *key = NULL;
    }
}

/* ---- a connection --------------------------------------------------------------------------- */

enum tg_err tg_direct_tls_new(struct tg_direct_tls **out, struct tg_direct_key *key)
{
    enum tg_err err = TG_E_BUG;
    struct tg_direct_tls *tls = tg_mem_calloc(1, sizeof(*tls));

    TG_REQUIRE(tls != NULL, TG_E_NOMEM);
    tg_buf_init(&tls->output, OUTPUT_MAX);
    tls->ssl = SSL_new(key->context);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    if (tls->ssl == NULL || tls->in == NULL || tls->out == NULL) {
        BIO_free(tls->in);
        BIO_free(tls->out);
        err = TG_E_NOMEM;
        goto out;
    }
    /* Empty means "later", not "the end". */
    (void)BIO_set_mem_eof_return(tls->in, -1);
    (void)BIO_set_mem_eof_return(tls->out, -1);
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    if (SSL_is_server(tls->ssl)) {
        SSL_set_accept_state(tls->ssl);
    } else {
        SSL_set_connect_state(tls->ssl);
    }
    *out = tls;
    tls = NULL;
    err = TG_OK;
out:
    tg_direct_tls_free(&tls);
    ERR_clear_error();
    return err;
}

void tg_direct_tls_free(struct tg_direct_tls **tls)
{
    if (tls != NULL && *tls != NULL) {
        SSL_free((*tls)->ssl);
        tg_buf_deinit(&(*tls)->output);
        tg_mem_free(*tls);
        *tls = NULL;
    }
}

enum tg_err tg_direct_tls_feed(struct tg_direct_tls *tls, struct tg_bytes data)
{
    size_t taken = 0;

    if (data.len == 0) {
        return TG_OK;
    }
    return BIO_write_ex(tls->in, data.ptr, data.len, &taken) == 1 && taken == data.len ? TG_OK
                                                                                       : TG_E_NOMEM;
}

/* Moves what OpenSSL has written to the output. */
static enum tg_err drain(struct tg_direct_tls *tls)
{
    size_t len = 0;

    while (BIO_read_ex(tls->out, tls->piece, sizeof(tls->piece), &len) == 1 && len > 0) {
        tg_buf_append(&tls->output, tg_bytes(tls->piece, len));
    }
    return tg_buf_status(&tls->output);
}

static enum tg_direct_io io_of(struct tg_direct_tls *tls, int result)
{
    int why = SSL_get_error(tls->ssl, result);

    ERR_clear_error();
    if (drain(tls) != TG_OK) {
        return TG_DIRECT_IO_FAILED;
    }
    return why == SSL_ERROR_NONE          ? TG_DIRECT_IO_DONE
           : why == SSL_ERROR_WANT_READ   ? TG_DIRECT_IO_AGAIN
           : why == SSL_ERROR_ZERO_RETURN ? TG_DIRECT_IO_CLOSED
                                          : TG_DIRECT_IO_FAILED;
}

enum tg_direct_io tg_direct_tls_handshake(struct tg_direct_tls *tls)
{
    enum tg_direct_io io = TG_DIRECT_IO_FAILED;

    ERR_clear_error();
    io = io_of(tls, SSL_do_handshake(tls->ssl));
    /* Only the key may authenticate the handshake; a certificate does not. */
    if (io == TG_DIRECT_IO_DONE && SSL_session_reused(tls->ssl) != 1) {
        io = TG_DIRECT_IO_FAILED;
    }
    return io == TG_DIRECT_IO_CLOSED ? TG_DIRECT_IO_FAILED : io;
}

bool tg_direct_tls_is_promising(const struct tg_direct_tls *tls)
{
    return SSL_session_reused(tls->ssl) == 1;
}

enum tg_direct_io tg_direct_tls_read(struct tg_direct_tls *tls, struct tg_buf *out)
{
    size_t len = 0;
    int result = 1;

    ERR_clear_error();
    while (result == 1) {
        result = SSL_read_ex(tls->ssl, tls->piece, sizeof(tls->piece), &len);
        if (result == 1) {
            tg_buf_append(out, tg_bytes(tls->piece, len));
        }
        if (tg_buf_status(out) != TG_OK) {
            break;
        }
    }
    tg_mem_wipe(tls->piece, sizeof(tls->piece));
    return tg_buf_status(out) != TG_OK ? TG_DIRECT_IO_FAILED : io_of(tls, result);
}

enum tg_err tg_direct_tls_write(struct tg_direct_tls *tls, struct tg_bytes data)
{
    size_t written = 0;

    ERR_clear_error();
    if (data.len > 0 &&
        (SSL_write_ex(tls->ssl, data.ptr, data.len, &written) != 1 || written != data.len)) {
        ERR_clear_error();
        return TG_E_CRYPTO;
    }
    return drain(tls);
}

void tg_direct_tls_close(struct tg_direct_tls *tls)
{
    ERR_clear_error();
    if (SSL_is_init_finished(tls->ssl) == 1) {
        (void)SSL_shutdown(tls->ssl);
    }
    ERR_clear_error();
    (void)drain(tls);
}

struct tg_bytes tg_direct_tls_output(const struct tg_direct_tls *tls)
{
    return tg_buf_view(&tls->output);
}

void tg_direct_tls_sent(struct tg_direct_tls *tls, size_t len)
{
    tg_buf_consume(&tls->output, len);
}
