/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as saved state. The input is tried unchanged and with a corrected checksum, so that the
 * code after the check is reached. A session that resumes can be stepped, saved and freed.
 */
#include <tigress/tigress.h>

#include "base/bytes.h"
#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 200000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static void try_resume(const uint8_t *data, size_t len)
{
    struct tigress_session *s = NULL;
    unsigned char *saved = NULL;
    size_t saved_len = 0;
    char why[TIGRESS_TEXT_MAX];
    enum tigress_error error = tigress_session_resume(&s, data, len, why, sizeof(why));

    must((error == TIGRESS_OK) == (s != NULL));
    must((error == TIGRESS_OK) == (why[0] == '\0'));
    if (s == NULL) {
        return;
    }
    for (int64_t now_s = 0; now_s < 3; now_s++) {
        if (tigress_session_step(s, now_s) == TIGRESS_WANT_HTTP) {
            must(tigress_session_request(s)->url[0] != '\0');
            must(tigress_session_reply(s, now_s == 0 ? 200 : 404, NULL, 0, "{}", 2) == TIGRESS_OK);
        }
        if (tigress_session_retry(s) != TIGRESS_OK) {
            continue;
        }
    }
    must(tigress_session_save(s, &saved, &saved_len) == TIGRESS_OK);
    tigress_free(saved, saved_len);
    tigress_session_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t *fixed = NULL;

    try_resume(data, len);
    if (len < TG_SHA256_LEN || len > INPUT_MAX) {
        return 0;
    }
    fixed = malloc(len);
    must(fixed != NULL);
    memcpy(fixed, data, len);
    must(tg_sha256(fixed + len - TG_SHA256_LEN, tg_bytes(data, len - TG_SHA256_LEN)) == TG_OK);
    try_resume(fixed, len);
    free(fixed);
    return 0;
}
