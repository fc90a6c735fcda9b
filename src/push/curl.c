/* SPDX-License-Identifier: Apache-2.0 */
#include "push/curl.h"

#include "base/bytes.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#define LIBRARY "libcurl.so.4" /* the ABI of curl/curl.h since 2006 */

struct tg_curl tg_curl;

#define AT(member) offsetof(struct tg_curl, member)

static const struct {
    const char *name;
    size_t at;
} functions[] = {
    { "curl_easy_cleanup", AT(easy_cleanup) },
    { "curl_easy_getinfo", AT(easy_getinfo) },
    { "curl_easy_init", AT(easy_init) },
    { "curl_easy_setopt", AT(easy_setopt) },
    { "curl_global_cleanup", AT(global_cleanup) },
    { "curl_global_init_mem", AT(global_init_mem) },
    { "curl_multi_add_handle", AT(multi_add_handle) },
    { "curl_multi_assign", AT(multi_assign) },
    { "curl_multi_cleanup", AT(multi_cleanup) },
    { "curl_multi_info_read", AT(multi_info_read) },
    { "curl_multi_init", AT(multi_init) },
    { "curl_multi_remove_handle", AT(multi_remove_handle) },
    { "curl_multi_setopt", AT(multi_setopt) },
    { "curl_multi_socket_action", AT(multi_socket_action) },
    { "curl_url", AT(url) },
    { "curl_url_cleanup", AT(url_cleanup) },
    { "curl_url_set", AT(url_set) },
};
_Static_assert(TG_COUNT(functions) * sizeof(void *) == sizeof(struct tg_curl), "a row for each");

static enum tg_err find_all(struct tg_curl *out, void *library, struct tg_fault *fault)
{
    for (size_t i = 0; i < TG_COUNT(functions); i++) {
        void *found = dlsym(library, functions[i].name);

        if (found == NULL) {
            tg_fault_set(fault, LIBRARY " has no %s (expected: libcurl 7.88 or later)",
                         functions[i].name);
            return TG_E_IO;
        }
        /* ISO C has no conversion from a data pointer to a function pointer. POSIX gives both the
           same representation. */
        memcpy((uint8_t *)out + functions[i].at, (const void *)&found, sizeof(found));
    }
    return TG_OK;
}

enum tg_err tg_curl_load(struct tg_fault *fault)
{
    struct tg_curl loaded;
    void *library = NULL;

    if (tg_curl.easy_init != NULL) {
        return TG_OK;
    }
    library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        tg_fault_set(fault, LIBRARY " cannot be loaded (expected: Debian's libcurl4)");
        return TG_E_IO;
    }
    if (find_all(&loaded, library, fault) != TG_OK) {
        (void)dlclose(library);
        return TG_E_IO;
    }
    tg_curl = loaded;
    return TG_OK;
}
