/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem_pages.h"

#include "base/mem_count.h"

#include <sys/mman.h>
#include <unistd.h>

static size_t page_size(void)
{
    long size = sysconf(_SC_PAGESIZE);

    return size > 0 ? (size_t)size : 4096;
}

static size_t rounded(size_t len)
{
    size_t page = page_size();

    return (len + page - 1) / page * page;
}

static void count(struct tg_mem_pages *p, size_t bytes)
{
    if (bytes > p->counted) {
        struct tg_mem_owner *before = tg_mem_enter(p->owner);

        (void)tg_mem_count_new(bytes - p->counted);
        (void)tg_mem_enter(before);
    } else if (bytes < p->counted) {
        tg_mem_count_freed(p->owner, p->counted - bytes);
    }
    p->counted = bytes;
}

void *tg_mem_pages_new(struct tg_mem_pages *p, size_t size)
{
    void *ptr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (ptr == MAP_FAILED) {
        return NULL;
    }
    *p = (struct tg_mem_pages){ .ptr = ptr, .size = size, .owner = tg_mem_count_new(0) };
    tg_mem_pages_use(p, 1);
    return ptr;
}

void tg_mem_pages_use(struct tg_mem_pages *p, size_t len)
{
    size_t bytes = rounded(len < p->size ? len : p->size);

    if (bytes > p->counted) {
        count(p, bytes);
    }
}

void tg_mem_pages_rest(struct tg_mem_pages *p)
{
    size_t page = page_size();

    if (p->counted > page && madvise(p->ptr + page, rounded(p->size) - page, MADV_DONTNEED) == 0) {
        count(p, page);
    }
}

void tg_mem_pages_free(struct tg_mem_pages *p)
{
    if (p->ptr != NULL) {
        count(p, 0);
        (void)munmap(p->ptr, p->size);
        *p = (struct tg_mem_pages){ .ptr = NULL };
    }
}
