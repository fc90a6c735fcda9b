/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/envelope.h - seal and open one message, check provisioning information
 *
 * A session seals and opens its messages by itself. These functions are for applications that carry
 * messages another way.
 *
 * Threads: any thread.
 * Blocks: no.
 * Secrets: key and plaintext are borrowed for the call. The caller wipes what it receives, with
 *          tigress_free().
 * spec: docs/protocol.md sections 7.1 and 7.2
 */
#ifndef TIGRESS_ENVELOPE_H
#define TIGRESS_ENVELOPE_H

#include <tigress/error.h>
#include <tigress/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* payload.type for a secret of 16 bytes and of 32 bytes. */
#define TIGRESS_AEAD_AES_128_GCM "AEAD_AES_128_GCM"
#define TIGRESS_AEAD_AES_256_GCM "AEAD_AES_256_GCM"

#define TIGRESS_MESSAGE_MAX 40960u /* bytes of a message */

/* The payload.type for a secret of secret_len bytes; "" unless that is 16 or 32. */
TIGRESS_API const char *tigress_envelope_type(size_t secret_len);

/*
 * Checks that json is provisioning information: a UTF-8 JSON object with a string "format" and an
 * object "content". Other members are allowed, except "tigressV2", which the library adds itself.
 *   why   as in tigress_share_url_parse()
 * TIGRESS_E_MESSAGE   it is not provisioning information
 * TIGRESS_E_LIMIT     longer than TIGRESS_MESSAGE_MAX
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_message_check(const char *json, size_t json_len, char *why, size_t why_cap);

/*
 * Pads json with spaces to a bucket size and seals it with a fresh random IV. It is not parsed.
 *   secret   secret_len bytes, 16 or 32
 *   random   NULL: the system's source
 *   *data    payload.data: base64 of *data_len bytes, followed by a NUL; freed with
 *            tigress_free(*data, *data_len). Written on TIGRESS_OK only.
 * TIGRESS_E_SECRET    secret_len is neither 16 nor 32
 * TIGRESS_E_LIMIT     json is longer than TIGRESS_MESSAGE_MAX
 * TIGRESS_E_ARGUMENT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_envelope_seal(const unsigned char *secret, size_t secret_len, const char *json,
                      size_t json_len, tigress_random_fn *random, void *random_ctx, char **data,
                      size_t *data_len);

/*
 * Opens an envelope and removes the padding. The text is not parsed.
 *   type     payload.type
 *   data     payload.data, data_len bytes
 *   *json    *json_len bytes, followed by a NUL; freed with tigress_free(*json, *json_len). Written
 *            on TIGRESS_OK only.
 * TIGRESS_E_DECRYPT     wrong secret, or changed; also a secret of a length that type is not for
 * TIGRESS_E_ALGORITHM   type is neither of the two
 * TIGRESS_E_DAMAGED     data is not base64, or too short
 * TIGRESS_E_OVERSIZE    data is longer than that of a message may be
 * TIGRESS_E_SECRET      secret_len is neither 16 nor 32
 * TIGRESS_E_ARGUMENT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_envelope_open(const unsigned char *secret, size_t secret_len, const char *type,
                      const char *data, size_t data_len, char **json, size_t *json_len);

#ifdef __cplusplus
}
#endif

#endif
