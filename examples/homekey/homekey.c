/* SPDX-License-Identifier: Apache-2.0 */
#include "homekey/homekey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool home_bind(char out[HOME_TEXT_MAX], const char *nonce, const char *text)
{
    int len = snprintf(out, HOME_TEXT_MAX, "%s %s", nonce, text);

    return nonce[0] != '\0' && len > 0 && (size_t)len < HOME_TEXT_MAX;
}

bool home_master(const char *folder, bool is_hub, char out[HEX_MAX])
{
    unsigned char *data = NULL;
    size_t len = 0;
    bool is_ok = false;

    if (file_read(folder, MASTER_FILE, &data, &len)) {
        is_ok = len == HEX_MAX - 1;
        if (is_ok) {
            memcpy(out, data, HEX_MAX);
        }
        explicit_bzero(data, len);
        free(data);
        return is_ok;
    }
    return is_hub && random_hex(out) && file_write(folder, MASTER_FILE, out, HEX_MAX - 1);
}

bool home_is_held(const char *master, const char *terms, const char *label, const char *nonce,
                  const char *text, const char *mac)
{
    char key[HEX_MAX] = "", expected[HEX_MAX] = "", bound[HOME_TEXT_MAX];
    bool is_held = home_bind(bound, nonce, text) && mac_hex(master, LABEL_TERMS, terms, key) &&
                   mac_hex(key, label, bound, expected) && is_same_secret(mac, expected);

    explicit_bzero(key, sizeof(key));
    explicit_bzero(expected, sizeof(expected));
    return is_held;
}
