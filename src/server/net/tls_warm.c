/* SPDX-License-Identifier: Apache-2.0 */
/* A session with itself, so that libcrypto has made what it makes at its first use. */
#include "server/net/tls_context.h"

#include <openssl/err.h>
#include <string.h>

#define STEPS_MAX 16u /* a handshake needs four */

/* What clients choose, as far as libcrypto does different things for it. */
static const struct {
    int version;
    char groups[24]; /* "": what a client of the same library offers */
} kinds[] = {
    { TLS1_3_VERSION, "" },      { TLS1_3_VERSION, "X25519" },       { TLS1_3_VERSION, "P-256" },
    { TLS1_3_VERSION, "P-384" }, { TLS1_2_VERSION, "X25519:P-256" }, /* the curve of the certificate
                                                                        too */
    { TLS1_2_VERSION, "P-256" },
};

static SSL *client_new(SSL_CTX *context, size_t kind)
{
    char groups[sizeof(kinds[kind].groups)]; /* the macro takes no const */
    SSL *client = NULL;

    memcpy(groups, kinds[kind].groups, sizeof(groups));
    if (context == NULL || SSL_CTX_set_min_proto_version(context, kinds[kind].version) != 1 ||
        SSL_CTX_set_max_proto_version(context, kinds[kind].version) != 1 ||
        (groups[0] != '\0' && SSL_CTX_set1_groups_list(context, groups) != 1)) {
        return NULL;
    }
    client = SSL_new(context);
    if (client != NULL) {
        SSL_set_connect_state(client);
    }
    return client;
}

/* Both ends get one half of a pair. */
static bool connect_both(SSL *client, SSL *server)
{
    BIO *near = NULL;
    BIO *far = NULL;

    if (BIO_new_bio_pair(&near, 0, &far, 0) != 1) {
        return false;
    }
    SSL_set_bio(client, near, near);
    SSL_set_bio(server, far, far);
    return true;
}

static bool talk(SSL *client, SSL *server)
{
    uint8_t byte = 0;
    int client_done = 0;
    int server_done = 0;

    for (size_t i = 0; i < STEPS_MAX && (client_done != 1 || server_done != 1); i++) {
        client_done = SSL_do_handshake(client);
        server_done = SSL_do_handshake(server);
    }
    return client_done == 1 && server_done == 1 && SSL_write(client, &byte, 1) == 1 &&
           SSL_read(server, &byte, 1) == 1 && SSL_write(server, &byte, 1) == 1 &&
           SSL_read(client, &byte, 1) == 1;
}

static bool warm(struct tg_tls_context *c, size_t kind)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *client = client_new(context, kind);
    SSL *server = SSL_new(c->ssl);
    bool is_done = false;

    if (client != NULL && server != NULL && connect_both(client, server)) {
        SSL_set_accept_state(server);
        is_done = talk(client, server);
    }
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(context);
    ERR_clear_error();
    return is_done;
}

bool tg_tls_warm(struct tg_tls_context *c)
{
    bool is_done = true;

    for (size_t i = 0; c != NULL && i < TG_COUNT(kinds); i++) {
        is_done = warm(c, i) && is_done;
    }
    return is_done;
}
