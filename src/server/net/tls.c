/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/tls.h"

#include "base/mem.h"
#include "server/http/conn_limits.h"
#include "server/net/tls_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#define TICKET_NAME_LEN 16u
#define TICKET_KEY_LEN 32u

/* The keys of the last two hours: the newer one makes tickets, both open them.
   spec: protocol/1#tls-resumption */
struct ticket_key {
    uint8_t name[TICKET_NAME_LEN];
    uint8_t aes[TICKET_KEY_LEN];
    uint8_t mac[TICKET_KEY_LEN];
    int64_t from_mono_s;
    bool is_set;
};

struct tg_tls_tickets {
    pthread_mutex_t lock;
    const struct tg_rng *rng;
    struct ticket_key current;
    struct ticket_key previous;
};

static int64_t mono_s(void)
{
    struct timespec ts = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec;
}

static enum tg_err ticket_key_make(struct ticket_key *key, const struct tg_rng *rng, int64_t now_s)
{
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_rng_fill(rng, key->name, sizeof(key->name)));
    TG_TRY(tg_rng_fill(rng, key->aes, sizeof(key->aes)));
    TG_TRY(tg_rng_fill(rng, key->mac, sizeof(key->mac)));
    key->from_mono_s = now_s;
    key->is_set = true;
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_tls_tickets_new(struct tg_tls_tickets **out, const struct tg_rng *rng)
{
    enum tg_err err = TG_E_BUG;
    struct tg_tls_tickets *t = tg_mem_calloc(1, sizeof(*t));

    TG_REQUIRE(t != NULL, TG_E_NOMEM);
    t->rng = rng;
    TG_REQUIRE(pthread_mutex_init(&t->lock, NULL) == 0, TG_E_NOMEM);
    err = ticket_key_make(&t->current, rng, mono_s());
    if (err != TG_OK) {
        (void)pthread_mutex_destroy(&t->lock);
        goto out;
    }
    *out = t;
    t = NULL;
out:
    tg_mem_free(t);
    return err;
}

void tg_tls_tickets_free(struct tg_tls_tickets **t)
{
    if (t != NULL && *t != NULL) {
        (void)pthread_mutex_destroy(&(*t)->lock);
        tg_mem_free_secret(*t, sizeof(**t));
        *t = NULL;
    }
}

/* The caller holds the lock. */
static enum tg_err rotate(struct tg_tls_tickets *t)
{
    int64_t now_s = mono_s();
    struct ticket_key fresh = { 0 };
    enum tg_err err = TG_OK;

    if (now_s - t->current.from_mono_s >= TG_TLS_TICKET_KEY_S) {
        err = ticket_key_make(&fresh, t->rng, now_s);
        if (err == TG_OK) {
            t->previous = t->current;
            t->current = fresh;
        }
        tg_mem_wipe(&fresh, sizeof(fresh));
    }
    if (t->previous.is_set && now_s - t->previous.from_mono_s >= 2 * TG_TLS_TICKET_KEY_S) {
        tg_mem_wipe(&t->previous, sizeof(t->previous));
    }
    return err;
}

/* As OpenSSL's ticket callback returns. 1: use *out; 2: use *out and issue a new ticket; 0: unknown
   key; -1: failure. */
static int pick_key(struct tg_tls_tickets *t, const uint8_t *name, bool is_sealing,
                    struct ticket_key *out)
{
    int result = 0;

    (void)pthread_mutex_lock(&t->lock);
    if (rotate(t) != TG_OK) {
        result = -1;
    } else if (is_sealing || tg_bytes_is_equal(tg_bytes(name, TICKET_NAME_LEN),
                                               TG_ARRAY_BYTES(t->current.name))) {
        *out = t->current;
        result = 1;
    } else if (t->previous.is_set && tg_bytes_is_equal(tg_bytes(name, TICKET_NAME_LEN),
                                                       TG_ARRAY_BYTES(t->previous.name))) {
        *out = t->previous;
        result = 2;
    }
    (void)pthread_mutex_unlock(&t->lock);
    return result;
}

static bool use_key(const struct ticket_key *key, bool is_sealing, const uint8_t *iv,
                    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    char digest[] = "SHA256";
    struct ticket_key copy = *key;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, copy.mac, sizeof(copy.mac)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    bool is_ok =
        EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->aes, iv, is_sealing ? 1 : 0) == 1 &&
        EVP_MAC_CTX_set_params(mac, params) == 1;

    tg_mem_wipe(&copy, sizeof(copy));
    return is_ok;
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int is_sealing)
{
    struct tg_tls_tickets *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct ticket_key key = { 0 };
    int result = pick_key(t, name, is_sealing == 1, &key);

    if (result > 0) {
        if (is_sealing == 1) {
            memcpy(name, key.name, TICKET_NAME_LEN);
            if (tg_rng_fill(t->rng, iv, (size_t)EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) !=
                TG_OK) {
                result = -1;
            }
        }
        if (result > 0 && !use_key(&key, is_sealing == 1, iv, cipher, mac)) {
            result = -1;
        }
    }
    tg_mem_wipe(&key, sizeof(key));
    return result;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *ctx)
{
    /* spec: protocol/1#http2-by-alpn */
    static const unsigned char offered[] = "\x02h2\x08http/1.1";
    unsigned char *chosen = NULL;

    (void)ssl;
    (void)ctx;
    if (SSL_select_next_proto(&chosen, out_len, offered, sizeof(offered) - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* The first list that the library knows: the hybrid group is in OpenSSL 3.5. Every client of today
   offers X25519 or P-256; some are limited to P-384. spec: protocol/1#tls-groups */
static bool set_groups(SSL_CTX *ssl)
{
    char lists[][64] = { /* the macro casts const away */
                         "X25519MLKEM768:X25519:P-256:P-384:P-521", "X25519:P-256:P-384:P-521"
    };

    for (size_t i = 0; i < TG_COUNT(lists); i++) {
        if (SSL_CTX_set1_groups_list(ssl, lists[i]) == 1) {
            return true;
        }
    }
    return false;
}

static bool set_rules(SSL_CTX *ssl)
{
    (void)SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT |
                                       SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                       SSL_OP_PRIORITIZE_CHACHA);
    (void)SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(ssl, 1); /* takes a record in one call instead of two */
    (void)SSL_CTX_set_timeout(ssl, TG_TLS_TICKET_KEY_S);
    (void)SSL_CTX_set_max_early_data(ssl, TG_TLS_EARLY_DATA_MAX);
    /* spec: protocol/1#tls-versions */
    return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ssl, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
           SSL_CTX_set_ciphersuites(ssl, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                         "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
           set_groups(ssl) && SSL_CTX_set_num_tickets(ssl, TG_TLS_TICKETS) == 1;
}

static enum tg_err read_not_after(struct tg_tls_context *c)
{
    const X509 *cert = SSL_CTX_get0_certificate(c->ssl);
    struct tm tm;

    if (cert == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) != 1) {
        return TG_E_CRYPTO;
    }
    c->not_after_s = (int64_t)timegm(&tm);
    return TG_OK;
}

enum tg_err tg_tls_context_new(struct tg_tls_context **out, const struct tg_pair *pair,
                               struct tg_tls_tickets *tickets)
{
    enum tg_err err = TG_E_BUG;
    struct tg_tls_context *c = tg_mem_calloc(1, sizeof(*c));

    ERR_clear_error();
    TG_REQUIRE(c != NULL, TG_E_NOMEM);
    atomic_init(&c->holder_count, 1);
    c->ssl = SSL_CTX_new(TLS_server_method());
    c->method = tg_tls_method_new();
    TG_REQUIRE(c->ssl != NULL && c->method != NULL, TG_E_NOMEM);
    TG_REQUIRE(set_rules(c->ssl), TG_E_CRYPTO);
    TG_REQUIRE(SSL_CTX_use_cert_and_key(c->ssl, pair->cert, pair->key, pair->issuers, 1) == 1,
               TG_E_CRYPTO);
    TG_TRY(read_not_after(c));
    (void)SSL_CTX_set_app_data(c->ssl, tickets);
    tg_tls_look_at_hellos(c->ssl);
    SSL_CTX_set_alpn_select_cb(c->ssl, on_alpn, NULL);
    TG_REQUIRE(SSL_CTX_set_tlsext_ticket_key_evp_cb(c->ssl, on_ticket) == 1, TG_E_CRYPTO);
    *out = c;
    c = NULL;
    err = TG_OK;
out:
    tg_tls_context_free(&c);
    ERR_clear_error();
    return err;
}

struct tg_tls_context *tg_tls_context_hold(struct tg_tls_context *c)
{
    (void)atomic_fetch_add(&c->holder_count, 1);
    return c;
}

void tg_tls_context_free(struct tg_tls_context **c)
{
    if (c != NULL && *c != NULL) {
        if (atomic_fetch_sub(&(*c)->holder_count, 1) == 1) {
            SSL_CTX_free((*c)->ssl);
            BIO_meth_free((*c)->method);
            tg_mem_free(*c);
        }
        *c = NULL;
    }
}

int64_t tg_tls_context_not_after(const struct tg_tls_context *c)
{
    return c->not_after_s;
}
