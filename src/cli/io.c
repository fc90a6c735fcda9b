/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/io.h"

#include "cli/hidden.h"
#include "cli/mem.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void io_bytes_wipe(struct io_bytes *bytes)
{
    cli_free(bytes->data);
    *bytes = (struct io_bytes){ 0 };
}

enum extent { TO_THE_END, TO_THE_END_OF_A_LINE, TO_THE_END_OF_A_PASTE };

/* A paste comes at once; a person who types takes longer for the next line. */
#define PASTE_PAUSE_MS 150

static bool is_more_there(int fd)
{
    struct pollfd in = { .fd = fd, .events = POLLIN };

    return poll(&in, 1, PASTE_PAUSE_MS) == 1;
}

/* Reads up to max + 1 bytes: one more than allowed shows that the input is too long. */
static enum io_result read_all(struct io_bytes *out, int fd, size_t max, enum extent extent)
{
    struct io_bytes in = { .data = cli_alloc(max + 2) };
    ssize_t got = 1;

    if (in.data == NULL) {
        return IO_FAILED;
    }
    while (in.len <= max && got != 0) {
        got = read(fd, in.data + in.len, max + 1 - in.len);
        if (got < 0 && errno != EINTR) {
            io_bytes_wipe(&in);
            return IO_FAILED;
        }
        in.len += got > 0 ? (size_t)got : 0;
        got = got < 0 ? 1 : got;
        if (extent != TO_THE_END && in.len > 0 && in.data[in.len - 1] == '\n' &&
            !(extent == TO_THE_END_OF_A_PASTE && is_more_there(fd))) {
            break;
        }
    }
    if (in.len > max) {
        io_bytes_wipe(&in);
        return IO_LIMIT;
    }
    *out = in;
    return IO_OK;
}

enum io_result io_read_at(struct io_bytes *out, int dir_fd, const char *name, size_t max)
{
    enum io_result result = IO_FAILED;
    struct stat info;
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0) {
        return errno == ENOENT ? IO_NONE : IO_FAILED;
    }
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid()) {
        result = read_all(out, fd, max, TO_THE_END);
    }
    close(fd);
    return result;
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, data, len);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        data += put;
        len -= (size_t)put;
    }
    return true;
}

enum io_result io_replace_at(int dir_fd, const char *name, const void *data, size_t len,
                             const char **why)
{
    char beside[NAME_MAX + 1];
    int fd;
    bool is_done;

    if (snprintf(beside, sizeof(beside), ".%s.new", name) >= (int)sizeof(beside)) {
        *why = "the name is too long";
        return IO_FAILED;
    }
    (void)unlinkat(dir_fd, beside, 0); /* left by a process that was killed */
    fd = openat(dir_fd, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        *why = strerror(errno);
        return IO_FAILED;
    }
    is_done = write_all(fd, data, len) && fsync(fd) == 0;
    is_done = close(fd) == 0 && is_done;
    if (is_done && renameat(dir_fd, beside, dir_fd, name) == 0 && fsync(dir_fd) == 0) {
        return IO_OK;
    }
    *why = strerror(errno);
    (void)unlinkat(dir_fd, beside, 0);
    return IO_FAILED;
}

static enum cli_exit read_input(struct ui *ui, struct io_bytes *out, const char *path,
                                const char *what, size_t max, enum extent extent)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    enum io_result result = IO_FAILED;
    int saved;

    if (fd >= 0) {
        result = read_all(out, fd, max, extent);
    }
    saved = errno;
    if (fd >= 0 && !is_stdin) {
        close(fd);
    }
    if (result == IO_LIMIT) {
        return ui_fail(ui, CLI_USAGE, "too-long", "%s is too long: at most %zu bytes.", what, max);
    }
    if (result != IO_OK) {
        return ui_fail(ui, CLI_REFUSED, "input", "%s cannot be read from %s: %s.", what,
                       is_stdin ? "standard input" : path, strerror(saved));
    }
    return CLI_OK;
}

enum cli_exit io_read_input(struct ui *ui, struct io_bytes *out, const char *path, const char *what,
                            size_t max)
{
    return read_input(ui, out, path, what, max, TO_THE_END);
}

enum inside { NO_BLANKS, BLANKS };

static enum cli_exit read_line(struct ui *ui, struct io_bytes *out, const char *path,
                               const char *what, size_t max, enum inside inside)
{
    static const char blank[] = " \t\r\n";
    struct io_bytes in = { 0 };
    struct hidden hidden = { .is_on = false };
    bool is_typed = strcmp(path, "-") == 0 && isatty(STDIN_FILENO);
    enum cli_exit exit;
    size_t start, len;
    bool is_line;

    if (is_typed) {
        hidden_begin(&hidden); /* a secret or a PIN */
        fprintf(stderr, "%s %s and press Enter: ", inside == BLANKS ? "Type" : "Paste", what);
        hidden_wait(&hidden);
    }
    exit = read_input(ui, &in, path, what, max, is_typed ? TO_THE_END_OF_A_LINE : TO_THE_END);
    hidden_end(&hidden);
    if (exit != CLI_OK || in.data == NULL) {
        return exit;
    }
    start = strspn(in.data, blank);
    len = strcspn(in.data + start, inside == BLANKS ? "\r\n" : blank);
    is_line = len > 0 && start + len + strspn(in.data + start + len, blank) == in.len;
    out->data = is_line ? cli_copy(in.data + start, len) : NULL;
    out->len = len;
    io_bytes_wipe(&in);
    if (!is_line) {
        return ui_fail(ui, CLI_USAGE, "input", "expected %s on one line and nothing else.", what);
    }
    return out->data != NULL ? CLI_OK : ui_fail(ui, CLI_REFUSED, "memory", "out of memory.");
}

enum cli_exit io_read_text(struct ui *ui, struct io_bytes *out, const char *path, const char *what,
                           size_t max)
{
    bool is_typed = strcmp(path, "-") == 0 && isatty(STDIN_FILENO);
    enum cli_exit exit;

    if (is_typed) {
        fprintf(stderr, "Paste %s and press Enter: ", what);
    }
    exit = read_input(ui, out, path, what, max, is_typed ? TO_THE_END_OF_A_PASTE : TO_THE_END);
    if (exit != CLI_OK || out->data == NULL) {
        return exit;
    }
    if (strlen(out->data) != out->len) {
        io_bytes_wipe(out);
        return ui_fail(ui, CLI_USAGE, "input", "expected %s as text, and no NUL byte in it.", what);
    }
    /* White space around it is no part of it. */
    while (out->len > 0 && isspace((unsigned char)out->data[out->len - 1])) {
        out->data[--out->len] = '\0';
    }
    return exit;
}

enum cli_exit io_read_line(struct ui *ui, struct io_bytes *out, const char *path, const char *what,
                           size_t max)
{
    return read_line(ui, out, path, what, max, NO_BLANKS);
}

enum cli_exit io_read_phrase(struct ui *ui, struct io_bytes *out, const char *path,
                             const char *what, size_t max)
{
    return read_line(ui, out, path, what, max, BLANKS);
}

enum cli_exit io_write_file(struct ui *ui, const char *path, const void *data, size_t len)
{
    char *for_folder = cli_strdup(path), *for_name = cli_strdup(path);
    const char *why = "out of memory";
    enum io_result result = IO_FAILED;
    int dir_fd = -1;

    if (for_folder != NULL && for_name != NULL) {
        dir_fd = open(dirname(for_folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        why = strerror(errno);
    }
    if (dir_fd >= 0) {
        result = io_replace_at(dir_fd, basename(for_name), data, len, &why);
        close(dir_fd);
    }
    cli_free(for_folder);
    cli_free(for_name);
    if (result != IO_OK) {
        return ui_fail(ui, CLI_REFUSED, "output", "the message cannot be written to %s: %s.", path,
                       why);
    }
    return CLI_OK;
}
