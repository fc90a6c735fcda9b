/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/failure.h"

#include "base/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PLACE_SHOWN_MAX 80 /* of a host name in a sentence */

static const struct failure_row {
    CURLcode code;
    enum tigress_net_failure failure;
} failures[] = {
    { CURLE_COULDNT_RESOLVE_HOST, TIGRESS_NET_NO_NAME },
    { CURLE_COULDNT_RESOLVE_PROXY, TIGRESS_NET_UNREACHABLE },
    { CURLE_COULDNT_CONNECT, TIGRESS_NET_UNREACHABLE },
    { CURLE_OPERATION_TIMEDOUT, TIGRESS_NET_TIMEOUT },
    { CURLE_ABORTED_BY_CALLBACK, TIGRESS_NET_INTERRUPTED },
    /* A relay that restarts during a handshake causes this, too. */
    { CURLE_SSL_CONNECT_ERROR, TIGRESS_NET_UNREACHABLE },
    { CURLE_PEER_FAILED_VERIFICATION, TIGRESS_NET_TLS },
    { CURLE_SSL_CERTPROBLEM, TIGRESS_NET_TLS },
    { CURLE_SSL_CACERT_BADFILE, TIGRESS_NET_TLS },
    { CURLE_SSL_ISSUER_ERROR, TIGRESS_NET_TLS },
    { CURLE_SSL_CIPHER, TIGRESS_NET_TLS },
    { CURLE_WEIRD_SERVER_REPLY, TIGRESS_NET_NOT_HTTP },
    { CURLE_UNSUPPORTED_PROTOCOL, TIGRESS_NET_NOT_HTTP },
    { CURLE_FILESIZE_EXCEEDED, TIGRESS_NET_TOO_LARGE },
};

/* Of CURLE_COULDNT_CONNECT, by the errno of the last address that was tried. */
static enum tigress_net_failure connect_failure(CURL *easy)
{
    long os_errno = 0;

    (void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_errno);
    switch (os_errno) {
    case ECONNREFUSED:
        return TIGRESS_NET_NO_SERVICE;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
        return TIGRESS_NET_NO_ROUTE;
    case ETIMEDOUT:
        return TIGRESS_NET_TIMEOUT;
    default:
        return TIGRESS_NET_UNREACHABLE;
    }
}

enum tigress_net_failure tg_failure_of(CURL *easy, CURLcode code)
{
    if (code == CURLE_COULDNT_CONNECT) {
        return connect_failure(easy);
    }
    for (size_t i = 0; i < TG_COUNT(failures); i++) {
        if (failures[i].code == code) {
            return failures[i].failure;
        }
    }
    return TIGRESS_NET_LOST;
}

/* What OpenSSL finds wrong with a certificate; the numbers are those of X509_V_ERR_... */
static const struct {
    long result;
    const char *text;
} certificate_faults[] = {
    { 0, "is for another host name" }, /* the chain is good, and libcurl compares the name: */
    { 1, "is for another host name" }, /* before it asks OpenSSL for its result */
    { 9, "is not valid yet: check the clock of this device" },
    { 10, "has expired, or the clock of this device is wrong" },
    { 18, "is signed by itself, and is not trusted here" },
    { 19, "comes from an authority that is not trusted here" },
    { 20, "comes from an authority that is not trusted here" },
    { 21, "comes without the certificates that lead to an authority" },
    { 23, "was revoked" },
    { 62, "is for another host name" },
    { 64, "is for another address" },
};

/* spec: protocol/7#own-error */
const char *tg_failure_why(CURL *easy, CURLcode code, char why[TG_FAILURE_WHY_MAX])
{
    const char *what = "is not valid", *url = NULL, *place;
    long result = -1;
    int len;

    if (code == CURLE_SSL_CACERT_BADFILE) {
        return "The file of certificate authorities cannot be read, or has none.";
    }
    if ((code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_SSL_CONNECT_ERROR) ||
        curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url) != CURLE_OK || url == NULL ||
        (place = strstr(url, "://")) == NULL) {
        return NULL;
    }
    place += 3;
    len = (int)strcspn(place, "/");
    len = len < PLACE_SHOWN_MAX ? len : PLACE_SHOWN_MAX;
    if (code == CURLE_SSL_CONNECT_ERROR) {
        (void)snprintf(why, TG_FAILURE_WHY_MAX,
                       "The TLS handshake with the relay %.*s failed: it has no TLS, or another "
                       "key signed its certificate.",
                       len, place);
        return why;
    }
    (void)curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &result);
    for (size_t i = 0; i < TG_COUNT(certificate_faults); i++) {
        if (certificate_faults[i].result == result) {
            what = certificate_faults[i].text;
        }
    }
    (void)snprintf(why, TG_FAILURE_WHY_MAX,
                   "The certificate of the relay %.*s %s; nothing was sent to it.", len, place,
                   what);
    return why;
}
