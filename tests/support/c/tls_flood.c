/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_flood - sends TLS messages that carry no data, for tests.
 *
 *   tls_flood PORT key-update|key-update-answered|renegotiate COUNT
 *
 * Connects to 127.0.0.1, sends COUNT messages or fewer, if the server closes before, and prints how
 * many were sent. Then it sends one request and prints the first line of the answer, or "closed".
 */
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

static int dial(const char *port)
{
    const struct timeval limit = { .tv_sec = 20 };
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
        perror("tls_flood: connect");
        exit(1);
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    return fd;
}

static int send_one(SSL *ssl, const char *mode)
{
    if (strcmp(mode, "renegotiate") == 0) {
        /* The server answers with a warning, which fails this handshake, not the connection. */
        return SSL_renegotiate(ssl) == 1 && SSL_do_handshake(ssl) == 1;
    }
    return SSL_key_update(ssl, strcmp(mode, "key-update") == 0 ? SSL_KEY_UPDATE_NOT_REQUESTED
                                                               : SSL_KEY_UPDATE_REQUESTED) == 1 &&
           SSL_do_handshake(ssl) == 1;
}

static void ask(SSL *ssl)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    char answer[2048] = { 0 };
    int got = 0;

    if (SSL_write(ssl, request, sizeof(request) - 1) > 0) {
        got = SSL_read(ssl, answer, sizeof(answer) - 1);
    }
    answer[strcspn(answer, "\r\n")] = '\0';
    printf("%s\n", got > 0 ? answer : "closed");
}

int main(int argc, char **argv)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;
    long count = 0;

    if (argc != 4 || ctx == NULL) {
        fprintf(stderr, "tls_flood: expected PORT MODE COUNT\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    if (strcmp(argv[2], "renegotiate") == 0) {
        (void)SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    }
    ssl = SSL_new(ctx);
    if (ssl == NULL || SSL_set_fd(ssl, dial(argv[1])) != 1 || SSL_connect(ssl) != 1) {
        fprintf(stderr, "tls_flood: no handshake\n");
        return 1;
    }
    while (count < atol(argv[3]) && send_one(ssl, argv[2]) == 1) {
        count++;
    }
    printf("%ld\n", count);
    ask(ssl);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return 0;
}
