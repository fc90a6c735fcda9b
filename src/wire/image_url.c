/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/image_url.h"

/* spec: protocol/5#image-https-only
   spec: protocol/7#image-https-or-none */
bool tg_image_url_is_https(struct tg_bytes url)
{
    const struct tg_bytes scheme = TG_LIT("https://");

    if (url.len <= scheme.len ||
        !tg_bytes_is_equal_nocase(tg_bytes_first(url, scheme.len), scheme)) {
        return false;
    }
    for (size_t i = 0; i < url.len; i++) {
        if (url.ptr[i] <= ' ' || url.ptr[i] == 0x7f || url.ptr[i] == '\\') {
            return false;
        }
    }
    return true;
}
