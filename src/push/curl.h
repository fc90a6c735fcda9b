/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/curl.h - libcurl, only for the push process, which loads it when it starts. The relay is the
 * same binary; without this it would have libcurl and some twenty other libraries in its memory.
 * Layer: L3, for push/process, push/engine and push/http* alone; they include it for <curl/curl.h>.
 * Threads: load before the first; read-only from then on.   Blocks: load reads files.
 * Secrets: none.
 */
#ifndef TG_PUSH_CURL_H
#define TG_PUSH_CURL_H

#include "base/fault.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

struct tg_curl {
    __typeof__(&curl_easy_cleanup) easy_cleanup;
    __typeof__(&curl_easy_getinfo) easy_getinfo;
    __typeof__(&curl_easy_init) easy_init;
    __typeof__(&curl_easy_setopt) easy_setopt;
    __typeof__(&curl_global_cleanup) global_cleanup;
    __typeof__(&curl_global_init_mem) global_init_mem;
    __typeof__(&curl_multi_add_handle) multi_add_handle;
    __typeof__(&curl_multi_assign) multi_assign;
    __typeof__(&curl_multi_cleanup) multi_cleanup;
    __typeof__(&curl_multi_info_read) multi_info_read;
    __typeof__(&curl_multi_init) multi_init;
    __typeof__(&curl_multi_remove_handle) multi_remove_handle;
    __typeof__(&curl_multi_setopt) multi_setopt;
    __typeof__(&curl_multi_socket_action) multi_socket_action;
    __typeof__(&curl_url) url;
    __typeof__(&curl_url_cleanup) url_cleanup;
    __typeof__(&curl_url_set) url_set;
};
extern struct tg_curl tg_curl;

/* Does nothing if it is loaded. TG_E_IO: the library or a function is missing; fault names it. */
TG_NODISCARD enum tg_err tg_curl_load(struct tg_fault *fault);

#define curl_easy_cleanup tg_curl.easy_cleanup
#define curl_easy_getinfo tg_curl.easy_getinfo
#define curl_easy_init tg_curl.easy_init
#define curl_easy_setopt tg_curl.easy_setopt
#define curl_global_cleanup tg_curl.global_cleanup
#define curl_global_init_mem tg_curl.global_init_mem
#define curl_multi_add_handle tg_curl.multi_add_handle
#define curl_multi_assign tg_curl.multi_assign
#define curl_multi_cleanup tg_curl.multi_cleanup
#define curl_multi_info_read tg_curl.multi_info_read
#define curl_multi_init tg_curl.multi_init
#define curl_multi_remove_handle tg_curl.multi_remove_handle
#define curl_multi_setopt tg_curl.multi_setopt
#define curl_multi_socket_action tg_curl.multi_socket_action
#define curl_url tg_curl.url
#define curl_url_cleanup tg_curl.url_cleanup
#define curl_url_set tg_curl.url_set

#endif
