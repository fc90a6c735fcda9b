/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ops/rss.h"

#include "base/num.h"

#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#define FIELD_RESIDENT 1u /* of /proc/self/statm, in pages */
#define FIELD_SHARED 2u   /* files and shared memory among them: the map of the store */

static bool has_sanitizer(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return true;
#else
    return false;
#endif
#else
    return false;
#endif
}

static size_t pages_at(struct tg_bytes text, size_t field)
{
    uint64_t pages = 0;

    for (size_t i = 0; i < field; i++) {
        text = tg_bytes_from(text, tg_bytes_find(text, ' ') + 1);
    }
    return tg_num_parse_u64(&pages, tg_bytes_first(text, tg_bytes_find(text, ' ')),
                            SIZE_MAX / 65536u) == TG_OK
               ? (size_t)pages
               : 0;
}

size_t tg_rss_anon(void)
{
    char text[256];
    long page = sysconf(_SC_PAGESIZE);
    ssize_t len = -1;
    size_t resident = 0;
    size_t shared = 0;
    int fd = has_sanitizer() ? -1 : open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        len = read(fd, text, sizeof(text));
        (void)close(fd);
    }
    if (len <= 0 || page <= 0) {
        return 0;
    }
    resident = pages_at(tg_bytes(text, (size_t)len), FIELD_RESIDENT);
    shared = pages_at(tg_bytes(text, (size_t)len), FIELD_SHARED);
    return resident > shared ? (resident - shared) * (size_t)page : 0;
}
