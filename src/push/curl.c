/* SPDX-License-Identifier: Apache-2.0 */
#include "push/curl.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#define LIBRARY "libcurl.so.4" /* the ABI of curl/curl.h since 2006 */

struct tg_curl tg_curl;

/* A pointer to data is no pointer to a function in C; POSIX says that they look alike. */
static bool find(void *place, size_t size, void *library, const char *name, struct tg_fault *fault)
{
    void *found = dlsym(library, name);

    if (found == NULL || size != sizeof(found)) {
        tg_fault_set(fault, LIBRARY " has no %s (expected: libcurl 7.88 or later)", name);
        return false;
    }
    memcpy(place, &found, sizeof(found));
    return true;
}

enum tg_err tg_curl_load(struct tg_fault *fault)
{
    struct tg_curl loaded;
    void *library = NULL;
    bool is_whole = true;

    if (tg_curl.easy_init != NULL) {
        return TG_OK;
    }
    library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        tg_fault_set(fault, LIBRARY " cannot be loaded (expected: Debian's libcurl4)");
        return TG_E_IO;
    }
#define FIND(name)                                                                                 \
    is_whole = is_whole && find(&loaded.name, sizeof(loaded.name), library, "curl_" #name, fault);
    TG_CURL_EACH(FIND)
#undef FIND
    if (!is_whole) {
        (void)dlclose(library);
        return TG_E_IO;
    }
    tg_curl = loaded;
    return TG_OK;
}
