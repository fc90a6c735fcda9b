/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "server/ops/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A service manager's socket. */
struct manager {
    int fd;
    char path[64];
    char text[64];
};

/* A path that starts with '@' is a name in the abstract name space. */
static void listen_on(struct manager *m, const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    size_t len = strlen(path);

    memcpy(addr.sun_path, path, len);
    if (path[0] == '@') {
        addr.sun_path[0] = '\0';
    }
    m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(m->fd >= 0);
    assert_int_equal(bind(m->fd, (const struct sockaddr *)&addr,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
                     0);
    assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
}

/* "": nothing was sent. */
static const char *received(struct manager *m)
{
    ssize_t len = recv(m->fd, m->text, sizeof(m->text) - 1, 0);

    m->text[len > 0 ? len : 0] = '\0';
    return m->text;
}

static int setup(void **state)
{
    static struct manager manager;

    manager = (struct manager){ .fd = -1 };
    (void)snprintf(manager.path, sizeof(manager.path), "/tmp/tigress-notify-%d", (int)getpid());
    (void)unlink(manager.path);
    *state = &manager;
    return 0;
}

static int teardown(void **state)
{
    struct manager *m = *state;

    if (m->fd >= 0) {
        (void)close(m->fd);
    }
    (void)unlink(m->path);
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("WATCHDOG_USEC");
    return 0;
}

static void notify__path__state_sent(void **state)
{
    struct manager *m = *state;

    listen_on(m, m->path);
    tg_notify("READY=1");
    assert_string_equal(received(m), "READY=1");
}

static void notify__abstract_name__state_sent(void **state)
{
    struct manager *m = *state;
    char name[64];

    (void)snprintf(name, sizeof(name), "@tigress-notify-%d", (int)getpid());
    listen_on(m, name);
    tg_notify("STOPPING=1");
    assert_string_equal(received(m), "STOPPING=1");
}

static void notify__no_or_bad_socket__nothing_sent(void **state)
{
    struct manager *m = *state;
    char longer[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];

    listen_on(m, m->path);
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    tg_notify("READY=1");
    assert_int_equal(setenv("NOTIFY_SOCKET", m->path + 1, 1), 0); /* neither '/' nor '@' */
    tg_notify("READY=1");
    memset(longer, '/', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(setenv("NOTIFY_SOCKET", longer, 1), 0);
    tg_notify("READY=1");
    assert_string_equal(received(m), "");
}

static void set_listen(const char *pid, const char *fds)
{
    assert_int_equal(setenv("LISTEN_PID", pid, 1), 0);
    assert_int_equal(setenv("LISTEN_FDS", fds, 1), 0);
}

static void listen_fds__for_this_process__counted(void **state)
{
    char pid[32];

    (void)state;
    assert_int_equal(tg_notify_listen_fds(), 0);
    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
    set_listen(pid, "2");
    assert_int_equal(tg_notify_listen_fds(), 2);
    set_listen(pid, "16");
    assert_int_equal(tg_notify_listen_fds(), 16);
    set_listen(pid, "17");
    assert_int_equal(tg_notify_listen_fds(), 0);
    set_listen(pid, "two");
    assert_int_equal(tg_notify_listen_fds(), 0);
    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid() + 1);
    set_listen(pid, "2");
    assert_int_equal(tg_notify_listen_fds(), 0);
}

static void watchdog__microseconds__in_milliseconds(void **state)
{
    (void)state;
    assert_int_equal(tg_notify_watchdog_ms(), 0);
    assert_int_equal(setenv("WATCHDOG_USEC", "30000999", 1), 0);
    assert_int_equal(tg_notify_watchdog_ms(), 30000);
    assert_int_equal(setenv("WATCHDOG_USEC", "-1", 1), 0);
    assert_int_equal(tg_notify_watchdog_ms(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(notify__path__state_sent),
        CASE(notify__abstract_name__state_sent),
        CASE(notify__no_or_bad_socket__nothing_sent),
        CASE(listen_fds__for_this_process__counted),
        CASE(watchdog__microseconds__in_milliseconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
