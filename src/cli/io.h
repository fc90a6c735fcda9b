/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/io.h - whole files in and out, bounded.
 * Layer: L4.      Threads: one.      Blocks: yes.
 * Secrets: contents may be secret; they are wiped when dropped.
 */
#ifndef TG_CLI_IO_H
#define TG_CLI_IO_H

#include "cli/ui.h"

#include <stddef.h>

enum io_result {
    IO_OK,
    IO_NONE,  /* there is no such file */
    IO_LIMIT, /* longer than allowed */
    IO_FAILED
};

struct io_bytes {
    char *data; /* len bytes and a NUL */
    size_t len;
};

/* Reads a regular file of this user; a link is not followed. *out only on IO_OK. */
enum io_result io_read_at(struct io_bytes *out, int dir_fd, const char *name, size_t max);
/* Writes a new file of mode 0600 and renames it over the old one; durable on IO_OK.
 * *why is a static text otherwise, and the old file is untouched. */
enum io_result io_replace_at(int dir_fd, const char *name, const void *data, size_t len,
                             const char **why);
void io_bytes_wipe(struct io_bytes *bytes);

/*
 * Reads all of path, or of standard input for "-". what names it in the error ("the message").
 * CLI_REFUSED   cannot be read; reported
 * CLI_USAGE     longer than max; reported
 */
enum cli_exit io_read_input(struct ui *ui, struct io_bytes *out, const char *path, const char *what,
                            size_t max);
/* The same for a text of any number of lines; where a user types it, of the lines that come at
   once, as from a paste. White space at its end is removed. CLI_USAGE also for a NUL byte. */
enum cli_exit io_read_text(struct ui *ui, struct io_bytes *out, const char *path, const char *what,
                           size_t max);
/* The same for one line, which a terminal does not show: white space around it is removed, text
   after it is refused. */
enum cli_exit io_read_line(struct ui *ui, struct io_bytes *out, const char *path, const char *what,
                           size_t max);
/* The same, but white space inside the line is allowed. */
enum cli_exit io_read_phrase(struct ui *ui, struct io_bytes *out, const char *path,
                             const char *what, size_t max);
/* Writes path with mode 0600, atomically and durably. */
enum cli_exit io_write_file(struct ui *ui, const char *path, const void *data, size_t len);

#endif
