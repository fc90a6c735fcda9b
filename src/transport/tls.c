/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/transport.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#define TLS_NEEDED "OpenSSL/"

/* ssl_version of a libcurl with several TLS libraries names the one in use without parentheses. */
static bool is_openssl_in_use(const char *version)
{
    const char *at = version == NULL ? NULL : strstr(version, TLS_NEEDED);

    return at != NULL && (at == version || at[-1] == ' ');
}

enum tigress_error tigress_transport_check_libcurl(char *why, size_t why_cap)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    enum tigress_error error = TIGRESS_OK;
    char text[TIGRESS_TEXT_MAX] = "";

    if (!is_openssl_in_use(info->ssl_version)) {
        error = TIGRESS_E_UNSUPPORTED;
        (void)snprintf(text, sizeof(text), "libcurl: expected one with OpenSSL, got %.64s",
                       info->ssl_version != NULL ? info->ssl_version : "one without TLS");
    } else if ((info->features & CURL_VERSION_ASYNCHDNS) == 0) {
        error = TIGRESS_E_UNSUPPORTED;
        (void)snprintf(text, sizeof(text),
                       "libcurl: expected one that resolves names without blocking");
    }
    if (why != NULL && why_cap > 0) {
        (void)snprintf(why, why_cap, "%s", text);
    }
    return error;
}

/* spec: protocol/7#client-privacy
   With SSLKEYLOGFILE in the environment libcurl has set a function that writes the keys of the
   connection to that file. */
CURLcode tg_transport_tls_begin(CURL *easy, void *context, void *ctx)
{
    (void)easy;
    (void)ctx;
    SSL_CTX_set_keylog_callback(context, NULL);
    return CURLE_OK;
}
