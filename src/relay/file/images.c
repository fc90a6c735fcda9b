/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/file/images.h"

#include "wire/share_host.h"
#include "wire/image_url.h"

#include <string.h>

/* The host of an https URL. Empty: there is user information, a port that is no number, or a name
   that programs read differently: "https://allowed.example:x@other.example/". */
static struct tg_bytes host_of(char text[TG_SHARE_HOST_MAX + 1], struct tg_bytes url)
{
    struct tg_bytes rest = tg_bytes_from(url, sizeof("https://") - 1);
    struct tg_bytes host = { NULL, 0 };
    size_t len = 0;

    while (len < rest.len && strchr("/?#", rest.ptr[len]) == NULL) {
        len++;
    }
    rest = tg_bytes_first(rest, len);
    host = tg_bytes_first(rest, tg_bytes_find(rest, ':'));
    for (size_t i = host.len + 1; i < rest.len; i++) {
        if (rest.ptr[i] < '0' || rest.ptr[i] > '9') {
            return tg_bytes(NULL, 0);
        }
    }
    return tg_share_host_parse(text, host) == TG_OK ? tg_bytes_str(text) : tg_bytes(NULL, 0);
}

/* spec: protocol/5#image-hosts */
static bool is_listed(const struct tg_image_policy *policy, struct tg_bytes url)
{
    char text[TG_SHARE_HOST_MAX + 1] = "";
    struct tg_bytes host = host_of(text, url);
    const char *at = policy->list;

    for (size_t i = 0; host.len > 0 && i < policy->list_count; i++) {
        if (tg_share_host_is_covered(host, tg_bytes_str(at))) {
            return true;
        }
        at += strlen(at) + 1;
    }
    return false;
}

bool tg_image_is_allowed(const struct tg_image_policy *policy, struct tg_bytes url)
{
    if (!tg_image_url_is_https(url)) {
        return false;
    }
    switch (policy->hosts) {
    case TG_IMAGES_ANY:
        return true;
    case TG_IMAGES_OWN:
        return false;
    case TG_IMAGES_LISTED:
        return is_listed(policy, url);
    }
    return false;
}
