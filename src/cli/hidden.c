/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/hidden.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define LOOK_MS 100

static void switch_off(struct hidden *h)
{
    struct termios quiet = h->before;

    quiet.c_lflag &= ~(tcflag_t)ECHO;
    (void)sigprocmask(SIG_BLOCK, &h->signals, NULL);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
}

static void switch_on(struct hidden *h)
{
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &h->before);
    (void)sigprocmask(SIG_UNBLOCK, &h->signals, NULL); /* one that is pending arrives here */
}

void hidden_begin(struct hidden *h)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

    *h = (struct hidden){ .is_on = tcgetattr(STDIN_FILENO, &h->before) == 0 };
    if (!h->is_on || tcgetattr(STDIN_FILENO, &h->before) != 0) {
        h->is_on = false;
        return;
    }
    (void)sigemptyset(&h->signals);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        (void)sigaddset(&h->signals, numbers[i]);
    }
    switch_off(h);
}

static bool is_signalled(const struct hidden *h)
{
    sigset_t pending, both;

    return sigpending(&pending) == 0 && sigandset(&both, &pending, &h->signals) == 0 &&
           !sigisemptyset(&both);
}

void hidden_wait(struct hidden *h)
{
    struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

    while (h->is_on && poll(&in, 1, LOOK_MS) <= 0) {
        if (is_signalled(h)) {
            switch_on(h); /* ends the process, or stops it until it is continued */
            switch_off(h);
        }
    }
}

void hidden_end(struct hidden *h)
{
    if (h->is_on) {
        switch_on(h);
        fputc('\n', stderr);
        h->is_on = false;
    }
}
