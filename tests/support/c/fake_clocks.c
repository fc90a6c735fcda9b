/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded before a relay under test: moves its wall clock and its boot clock by the seconds in a
 * file, which is read each time. libfaketime can move the wall clock alone.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void read_offsets(long long *wall_s, long long *boot_s)
{
    const char *path = getenv("TIGRESS_TEST_CLOCKS");
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    char text[64] = "";
    ssize_t len = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

    if (fd >= 0) {
        (void)close(fd);
    }
    if (len <= 0 || sscanf(text, "%lld %lld", wall_s, boot_s) != 2) {
        *wall_s = 0;
        *boot_s = 0;
    }
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ts)
{
    union {
        void *symbol;
        int (*call)(clockid_t, struct timespec *);
    } real = { dlsym(RTLD_NEXT, "clock_gettime") };
    long long wall_s = 0;
    long long boot_s = 0;
    int rc = real.call(id, ts);

    if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE || id == CLOCK_BOOTTIME)) {
        read_offsets(&wall_s, &boot_s);
        ts->tv_sec += (time_t)(id == CLOCK_BOOTTIME ? boot_s : wall_s);
    }
    return rc;
}
