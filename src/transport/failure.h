/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transport/failure.h - why libcurl has no answer.
 * Layer: L3 (base, include/tigress).      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_TRANSPORT_FAILURE_H
#define TG_TRANSPORT_FAILURE_H

#include <tigress/session.h>

#include <curl/curl.h>

#define TG_FAILURE_WHY_MAX 256u

/* What the session is told about an exchange of easy that ended with code, which is not CURLE_OK.
 */
enum tigress_net_failure tg_failure_of(CURL *easy, CURLcode code);
/* Of TLS: which relay, and what is wrong; why or a literal. NULL: the session's sentence is enough.
 */
const char *tg_failure_why(CURL *easy, CURLcode code, char why[TG_FAILURE_WHY_MAX]);

#endif
