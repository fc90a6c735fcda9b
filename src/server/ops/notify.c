/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ops/notify.h"

#include "base/bytes.h"
#include "base/num.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void tg_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    size_t len = path != NULL ? strlen(path) : 0;
    int fd = -1;

    if (len < 2 || len >= sizeof(addr.sun_path) || (path[0] != '/' && path[0] != '@')) {
        return;
    }
    memcpy(addr.sun_path, path, len);
    if (path[0] == '@') {
        addr.sun_path[0] = '\0'; /* abstract name space */
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&addr,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    (void)close(fd);
}

int tg_notify_listen_fds(void)
{
    uint64_t pid = 0;
    uint64_t count = 0;

    if (tg_num_parse_u64(&pid, tg_bytes_str(getenv("LISTEN_PID")), INT32_MAX) != TG_OK ||
        tg_num_parse_u64(&count, tg_bytes_str(getenv("LISTEN_FDS")), 16) != TG_OK ||
        pid != (uint64_t)getpid()) {
        return 0;
    }
    return (int)count;
}

uint64_t tg_notify_watchdog_ms(void)
{
    uint64_t us = 0;

    if (tg_num_parse_u64(&us, tg_bytes_str(getenv("WATCHDOG_USEC")), INT64_MAX) != TG_OK) {
        return 0;
    }
    return us / 1000u;
}
