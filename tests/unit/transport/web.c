/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/transport/web.h"

#include "support/c/unit.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct line {
    struct web *w;
    unsigned index;
    int fd;
    SSL *ssl; /* NULL: plain */
};

static ssize_t get(const struct line *l, char *out, size_t cap)
{
    return l->ssl != NULL ? SSL_read(l->ssl, out, (int)cap) : recv(l->fd, out, cap, 0);
}

static void put(const struct line *l, const char *text)
{
    if (l->ssl != NULL) {
        (void)SSL_write(l->ssl, text, (int)strlen(text));
    } else {
        (void)send(l->fd, text, strlen(text), MSG_NOSIGNAL);
    }
}

/* No request here has a body. */
static bool read_request(const struct line *l, char *out, size_t cap)
{
    size_t len = 0;

    while (len + 1 < cap) {
        ssize_t got = get(l, out + len, cap - 1 - len);

        if (got <= 0) {
            return false;
        }
        len += (size_t)got;
        out[len] = '\0';
        if (strstr(out, "\r\n\r\n") != NULL) {
            return true;
        }
    }
    return false;
}

static void *serve_line(void *ctx)
{
    struct line *l = ctx;
    struct web *w = l->w;
    char request[WEB_REQUEST_MAX] = "";
    sigset_t pipes;

    (void)sigemptyset(&pipes);
    (void)sigaddset(&pipes, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipes, NULL);
    if (w->tls != NULL) {
        l->ssl = SSL_new(w->tls);
        assert_non_null(l->ssl);
        (void)SSL_set_fd(l->ssl, l->fd);
    }
    if (l->ssl == NULL || SSL_accept(l->ssl) == 1) {
        while (read_request(l, request, sizeof(request))) {
            const char *answer = NULL;

            memcpy(w->last, request, sizeof(request));
            (void)atomic_fetch_add(&w->request_count, 1);
            answer = w->answer(w, request);
            if (answer != NULL) {
                put(l, answer);
            }
        }
    }
    SSL_free(l->ssl);
    (void)shutdown(l->fd, SHUT_RDWR);
    free(l);
    return NULL;
}

static void *serve(void *ctx)
{
    struct web *w = ctx;

    for (;;) {
        struct pollfd waiting = { .fd = w->listener, .events = POLLIN };
        int fd = poll(&waiting, 1, -1) == 1 ? accept(w->listener, NULL, NULL) : -1;
        unsigned index = atomic_load(&w->connection_count);
        struct line *l = NULL;

        if (fd < 0) {
            return NULL;
        }
        assert_in_range(index, 0, WEB_CONNECTIONS_MAX - 1);
        l = calloc(1, sizeof(*l));
        assert_non_null(l);
        *l = (struct line){ .w = w, .index = index, .fd = fd };
        atomic_store(&w->fds[index], fd);
        assert_int_equal(pthread_create(&w->threads[index], NULL, serve_line, l), 0);
        atomic_store(&w->connection_count, index + 1);
    }
}

void web_start(struct web *w)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);

    w->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(w->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(w->listener, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(listen(w->listener, WEB_CONNECTIONS_MAX), 0);
    w->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&w->thread, NULL, serve, w), 0);
}

void web_stop(struct web *w)
{
    (void)shutdown(w->listener, SHUT_RDWR);
    (void)pthread_join(w->thread, NULL);
    (void)close(w->listener);
    for (unsigned i = 0; i < atomic_load(&w->connection_count); i++) {
        (void)shutdown(atomic_load(&w->fds[i]), SHUT_RDWR);
        (void)pthread_join(w->threads[i], NULL);
        (void)close(atomic_load(&w->fds[i]));
    }
    SSL_CTX_free(w->tls);
}

static X509 *certificate_for(const char *name, EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name);

    assert_non_null(names);
    (void)X509_set_version(certificate, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    (void)X509_set_pubkey(certificate, key);
    (void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"a test",
                                     -1, -1, 0);
    (void)X509_set_issuer_name(certificate, subject);
    (void)X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

SSL_CTX *web_tls(const char *name, const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = certificate_for(name, key);
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(SSL_CTX_use_certificate(tls, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(tls, key), 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return tls;
}
