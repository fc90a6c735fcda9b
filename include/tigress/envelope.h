/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/envelope.h - one message sealed under a transfer's secret. Sessions do this by
 * themselves; these calls are for applications that carry messages another way. Threads: any.
 * Blocks: no. Secrets: key and plaintext, borrowed for the call. spec: protocol.md section 7,
 * "Provisioning information", "Envelope".
 */
#ifndef TIGRESS_ENVELOPE_H
#define TIGRESS_ENVELOPE_H

#include <tigress/error.h>
#include <tigress/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* payload.type for a secret of 16 and of 32 bytes. */
#define TIGRESS_AEAD_AES_128_GCM "AEAD_AES_128_GCM"
#define TIGRESS_AEAD_AES_256_GCM "AEAD_AES_256_GCM"

#define TIGRESS_MESSAGE_MAX 40960u /* bytes of a message */

/* The payload.type that goes with a secret of secret_len bytes; "" unless that is 16 or 32. */
TIGRESS_API const char *tigress_envelope_type(size_t secret_len);

/*
 * Checks that json is provisioning information: a UTF-8 JSON object with a string "format" and an
 * object "content"; other members are welcome, but for "tigressV2", which is the library's own.
 *   why   as in tigress_share_url_parse()
 * TIGRESS_E_MESSAGE, TIGRESS_E_LIMIT (over TIGRESS_MESSAGE_MAX), TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_message_check(const char *json, size_t json_len, char *why, size_t why_cap);

/*
 * Pads json with spaces to a bucket size and seals it under a fresh random IV.
 *   random   NULL: the system's
 *   *data    payload.data: base64 with a NUL behind, *data_len without it; freed with
 *            tigress_free(*data, *data_len). Written on TIGRESS_OK alone.
 * TIGRESS_E_SECRET (length), TIGRESS_E_LIMIT, TIGRESS_E_RANDOM, TIGRESS_E_NOMEM. The message is
 * not parsed.
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_envelope_seal(const unsigned char *secret, size_t secret_len, const char *json,
                      size_t json_len, tigress_random_fn *random, void *random_ctx, char **data,
                      size_t *data_len);

/*
 * Opens an envelope. The padding is taken off; the text is not parsed.
 *   *json    as *data above
 * TIGRESS_E_DECRYPT   wrong secret, damaged, or not of this type
 * TIGRESS_E_SECRET (length), TIGRESS_E_LIMIT, TIGRESS_E_NOMEM
 */
TIGRESS_API TIGRESS_NODISCARD enum tigress_error
tigress_envelope_open(const unsigned char *secret, size_t secret_len, const char *type,
                      const char *data, size_t data_len, char **json, size_t *json_len);

#ifdef __cplusplus
}
#endif

#endif
