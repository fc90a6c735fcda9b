/* SPDX-License-Identifier: Apache-2.0 */
/* Builds, sets and reads a message: the first byte selects the member, the next one the length of
   the value. The result is a message, has the new value, and keeps every other member. */
#include <tigress/tigress.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(int is_true)
{
    if (!is_true) {
        abort();
    }
}

static void try_set(const char *json, size_t json_len, const char *name, const char *value,
                    size_t value_len)
{
    const char *kept = NULL;
    const char *found = NULL;
    size_t kept_len = 0;
    size_t found_len = 0;
    char *out = NULL;
    size_t out_len = 0;
    enum tigress_error error =
        tigress_message_set(json, json_len, name, value, value_len, &out, &out_len, NULL, 0);

    must((error == TIGRESS_OK) == (out != NULL));
    if (out == NULL) {
        return;
    }
    must(tigress_message_check(out, out_len, NULL, 0) == TIGRESS_OK);
    must(tigress_message_get(out, out_len, name, &found, &found_len) == TIGRESS_OK);
    must(found != NULL && found_len <= value_len);
    must(tigress_message_get(json, json_len, "kept", &kept, &kept_len) == TIGRESS_OK);
    must(tigress_message_get(out, out_len, "kept", &found, &found_len) == TIGRESS_OK);
    must(kept_len == found_len && (kept_len == 0 || memcmp(kept, found, kept_len) == 0));
    tigress_free(out, out_len);
}

/* A request that is built reads as it was built, and any message reads without a second request. */
static void try_request(const char *text, size_t len, uint8_t choice)
{
    enum tigress_request kind = (enum tigress_request)(choice % 4);
    enum tigress_request found = TIGRESS_REQUEST_NONE;
    const char *pin = choice % 3 == 0 ? "123456" : NULL;
    const char *value = NULL;
    char digits[TIGRESS_PIN_TEXT_MAX];
    char *json = NULL;
    size_t value_len = 0;
    size_t json_len = 0;

    if (tigress_request_get(text, len, &found, &value, &value_len, NULL, 0) == TIGRESS_OK) {
        must((found == TIGRESS_REQUEST_NONE) == (value == NULL));
        must(value == NULL || (value > text && value + value_len < text + len));
    }
    if (tigress_request_build("x", kind, text, len, pin, &json, &json_len, NULL, 0) == TIGRESS_OK) {
        must(tigress_request_get(json, json_len, &found, &value, &value_len, NULL, 0) ==
             TIGRESS_OK);
        must(found == kind && value_len <= len);
        must(tigress_request_pin(json, json_len, digits, sizeof(digits)) == TIGRESS_OK);
        must(strcmp(digits, pin != NULL ? pin : "") == 0);
        tigress_free(json, json_len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const names[] = { "content", "format", "other", "tigressV2" };
    const char *text = (const char *)data + 2;
    char format[64];
    char *json = NULL;
    size_t json_len = 0;
    size_t value_len = 0;

    if (len < 2) {
        return 0;
    }
    len -= 2;
    value_len = data[1] < len ? data[1] : len;
    try_request(text, len, data[0]);
    try_set(text + value_len, len - value_len, names[data[0] % 4], text, value_len);
    if (tigress_message_build("f\"\\", text, len, &json, &json_len, NULL, 0) == TIGRESS_OK) {
        must(tigress_message_format(json, json_len, format, sizeof(format)) == TIGRESS_OK);
        must(strcmp(format, "f\"\\") == 0);
        tigress_free(json, json_len);
    }
    return 0;
}
