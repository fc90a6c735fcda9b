/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/hidden.h - a terminal that does not show what is typed.
 * Layer: L4.      Threads: one.      Blocks: hidden_wait does.      Secrets: none.
 */
#ifndef TG_CLI_HIDDEN_H
#define TG_CLI_HIDDEN_H

#include <signal.h>
#include <stdbool.h>
#include <termios.h>

struct hidden {
    bool is_on;
    struct termios before;
    sigset_t signals; /* blocked while nothing is shown */
};

/* Switches the echo of standard input off, if it is a terminal. */
void hidden_begin(struct hidden *h);
/* Until there is input. A signal that ends or stops the process gets the terminal as it was. */
void hidden_wait(struct hidden *h);
/* Switches it on again, and ends the line that the user could not see end. */
void hidden_end(struct hidden *h);

#endif
