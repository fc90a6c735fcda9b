/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal - compares sealing and opening a 4 KiB message with the library's envelope and with
 * OpenSSL's AES-128-GCM alone. Both are measured alternately in one run. Prints one JSON line with
 * both in operations a second.
 *
 * The envelope generates a random IV, pads, encrypts and encodes, and then decodes and decrypts.
 * OpenSSL alone encrypts and decrypts the same bytes with one prepared context for each direction.
 */
#include "base/buf.h"
#include "wire/envelope.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MESSAGE_LEN 4096
#define ROUND_S 0.25
#define ROUNDS 8

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int is_good, const char *what)
{
    if (!is_good) {
        fprintf(stderr, "seal: %s failed\n", what);
        exit(1);
    }
}

static void envelope_once(const struct tg_secret *key, struct tg_bytes message, struct tg_buf *box,
                          struct tg_buf *plain)
{
    struct tg_payload payload;

    tg_buf_clear(box);
    tg_buf_clear(plain);
    must(tg_envelope_seal(box, key, message, &tg_rng_system) == TG_OK, "seal");
    payload = (struct tg_payload){ .type = tg_envelope_type(key), .data = tg_buf_view(box) };
    must(tg_envelope_open(plain, key, &payload, NULL) == TG_OK, "open");
}

static void openssl_once(EVP_CIPHER_CTX *enc, EVP_CIPHER_CTX *dec, const uint8_t *message)
{
    static uint8_t iv[12], box[MESSAGE_LEN], back[MESSAGE_LEN], tag[16];
    int len = 0;

    iv[0]++;
    must(EVP_EncryptInit_ex(enc, NULL, NULL, NULL, iv), "init");
    must(EVP_EncryptUpdate(enc, box, &len, message, MESSAGE_LEN), "encrypt");
    must(EVP_EncryptFinal_ex(enc, box + len, &len), "final");
    must(EVP_CIPHER_CTX_ctrl(enc, EVP_CTRL_GCM_GET_TAG, 16, tag), "tag");
    must(EVP_DecryptInit_ex(dec, NULL, NULL, NULL, iv), "init");
    must(EVP_DecryptUpdate(dec, back, &len, box, MESSAGE_LEN), "decrypt");
    must(EVP_CIPHER_CTX_ctrl(dec, EVP_CTRL_GCM_SET_TAG, 16, tag), "tag");
    must(EVP_DecryptFinal_ex(dec, back + len, &len), "verify");
}

int main(void)
{
    static uint8_t message[MESSAGE_LEN];
    struct tg_secret key = { .len = 16 };
    struct tg_buf box;
    struct tg_buf plain;
    EVP_CIPHER_CTX *enc = EVP_CIPHER_CTX_new();
    EVP_CIPHER_CTX *dec = EVP_CIPHER_CTX_new();
    double ours_s = 0;
    double theirs_s = 0;
    uint64_t ours = 0;
    uint64_t theirs = 0;

    memset(message, 'x', sizeof(message));
    tg_buf_init(&box, 65536);
    tg_buf_init(&plain, 65536);
    must(enc != NULL && dec != NULL, "context");
    must(EVP_EncryptInit_ex(enc, EVP_aes_128_gcm(), NULL, key.bytes, NULL), "init");
    must(EVP_DecryptInit_ex(dec, EVP_aes_128_gcm(), NULL, key.bytes, NULL), "init");
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_s();

        for (; now_s() - start < ROUND_S; ours++) {
            envelope_once(&key, tg_bytes(message, sizeof(message)), &box, &plain);
        }
        ours_s += now_s() - start;
        start = now_s();
        for (; now_s() - start < ROUND_S; theirs++) {
            openssl_once(enc, dec, message);
        }
        theirs_s += now_s() - start;
    }
    printf("{\"envelope_per_s\":%.0f,\"openssl_per_s\":%.0f}\n", (double)ours / ours_s,
           (double)theirs / theirs_s);
    EVP_CIPHER_CTX_free(enc);
    EVP_CIPHER_CTX_free(dec);
    tg_buf_deinit(&box);
    tg_buf_deinit(&plain);
    return 0;
}
