/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/status.h"

#include "base/bytes.h"

static const struct {
    unsigned status;
    const char *title;
} titles[] = {
    { 200, "OK" },
    { 201, "Created" },
    { 204, "No Content" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 408, "Request Timeout" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 421, "Misdirected Request" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 503, "Service Unavailable" },
    { 505, "HTTP Version Not Supported" },
};

/* spec: protocol/3#store-down-503: an error on the relay's side is never a 404 */
static const struct {
    enum tg_err err;
    unsigned status;
    unsigned retry_after_s;
} answers[] = {
    { TG_E_SYNTAX, 400, 0 },   { TG_E_LIMIT, 400, 0 },    { TG_E_UNSUPPORTED, 415, 0 },
    { TG_E_DENIED, 401, 0 },   { TG_E_NOTFOUND, 404, 0 }, { TG_E_EXPIRED, 404, 0 },
    { TG_E_CONFLICT, 412, 0 }, { TG_E_NOMEM, 503, 2 },    { TG_E_IO, 503, 2 },
    { TG_E_STORE, 503, 2 },    { TG_E_FULL, 503, 10 },    { TG_E_CRYPTO, 503, 30 },
};

const char *tg_status_title(unsigned status)
{
    for (size_t i = 0; i < TG_COUNT(titles); i++) {
        if (titles[i].status == status) {
            return titles[i].title;
        }
    }
    return "Error";
}

unsigned tg_status_of_err(enum tg_err err)
{
    for (size_t i = 0; i < TG_COUNT(answers); i++) {
        if (answers[i].err == err) {
            return answers[i].status;
        }
    }
    return 500;
}

unsigned tg_status_retry_after_s(enum tg_err err)
{
    for (size_t i = 0; i < TG_COUNT(answers); i++) {
        if (answers[i].err == err) {
            return answers[i].retry_after_s;
        }
    }
    return 0;
}
