/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/settings.h"

#include "cli/io.h"
#include "cli/mem.h"
#include "cli/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL_MAX 1024
#define FILE_MAX (64u * 1024u)
#define LINE_MAX_LEN 2048u
#define NAME "allow-relay"

/* ---- reading -------------------------------------------------------------------------------- */

/* "~/x" below the home folder; NULL: not an absolute path. */
static char *expand(const char *value)
{
    const char *home = getenv("HOME");
    char *path;

    if (value[0] == '/') {
        return cli_strdup(value);
    }
    if (strncmp(value, "~/", 2) != 0 || home == NULL || home[0] != '/') {
        return NULL;
    }
    path = cli_alloc(strlen(home) + strlen(value));
    if (path != NULL) {
        snprintf(path, strlen(home) + strlen(value), "%s%s", home, value + 1);
    }
    return path;
}

enum kind { KIND_TEXT, KIND_PATH };

static char **member_of(struct settings *s, const char *name, enum kind *kind)
{
    *kind = strcmp(name, "relay") == 0 ? KIND_TEXT : KIND_PATH;
    return strcmp(name, "relay") == 0    ? &s->relay
           : strcmp(name, "cacert") == 0 ? &s->cacert
           : strcmp(name, "out") == 0    ? &s->out
                                         : NULL;
}

static enum cli_exit wrong(struct ui *ui, const struct settings *s, unsigned line, const char *what)
{
    return ui_fail(ui, CLI_USAGE, "config", "%s, line %u: %s", s->path, line, what);
}

static enum cli_exit take(struct ui *ui, struct settings *s, unsigned line, const char *name,
                          const char *value)
{
    enum kind kind;
    char **member = member_of(s, name, &kind);

    if (strcmp(name, NAME) == 0) {
        if (s->allow_count == SETTINGS_ALLOW_MAX) {
            return wrong(ui, s, line, "expected at most 256 lines of allow-relay.");
        }
        s->allow[s->allow_count] = cli_strdup(value);
        s->allow_count += s->allow[s->allow_count] != NULL;
        return CLI_OK;
    }
    if (member == NULL) {
        return wrong(ui, s, line, "expected relay, cacert, out or allow-relay before the =.");
    }
    if (*member != NULL) {
        return wrong(ui, s, line, "this setting was given before.");
    }
    *member = kind == KIND_PATH ? expand(value) : cli_strdup(value);
    return *member != NULL ? CLI_OK
                           : wrong(ui, s, line, "expected a path that begins with / or ~/.");
}

/* The value of "name = value" without white space around it, and the name cut off; NULL: no = */
static char *split(char *line)
{
    char *equals = strchr(line, '='), *value;

    if (equals == NULL) {
        return NULL;
    }
    value = equals + 1 + strspn(equals + 1, " \t");
    for (char *end = value + strlen(value); end > value && strchr(" \t\r", end[-1]) != NULL;) {
        *--end = '\0';
    }
    while (equals > line && strchr(" \t", equals[-1]) != NULL) {
        equals--;
    }
    *equals = '\0';
    return value;
}

/* Calls nothing for empty lines and comments. *rest is the next line, or NULL. */
static char *next_line(char **rest)
{
    char *line = *rest;
    char *end = line == NULL ? NULL : strchr(line, '\n');

    if (end != NULL) {
        *end = '\0';
    }
    *rest = end == NULL ? NULL : end + 1;
    return line == NULL ? NULL : line + strspn(line, " \t");
}

static enum cli_exit parse(struct ui *ui, struct settings *s, char *text)
{
    enum cli_exit exit = CLI_OK;
    unsigned number = 0;
    char *rest = text, *line;

    while (exit == CLI_OK && (line = next_line(&rest)) != NULL) {
        char *value;

        number++;
        if (line[0] == '\0' || line[0] == '#' || line[0] == '\r') {
            continue;
        }
        value = strlen(line) > LINE_MAX_LEN ? NULL : split(line);
        exit = value == NULL || value[0] == '\0'
                   ? wrong(ui, s, number, "expected a name, = and a value.")
                   : take(ui, s, number, line, value);
    }
    return exit;
}

/* XDG requires that a relative XDG_CONFIG_HOME is ignored. */
static char *path_of_file(void)
{
    const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char path[REAL_MAX];
    int len = 0;

    if (folder != NULL && folder[0] == '/') {
        len = snprintf(path, sizeof(path), "%s/tigress/config", folder);
    } else if (home != NULL && home[0] == '/') {
        len = snprintf(path, sizeof(path), "%s/.config/tigress/config", home);
    }
    return len > 0 && len < (int)sizeof(path) ? cli_strdup(path) : NULL;
}

/* The text of the file; NULL with CLI_OK: there is none. */
static enum cli_exit read_text(struct ui *ui, const char *path, struct io_bytes *text)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is_own;

    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? CLI_OK
                   : ui_fail(ui, CLI_REFUSED, "config", "%s cannot be read: %s.", path,
                             strerror(errno));
    }
    is_own = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
             (info.st_uid == geteuid() || info.st_uid == 0) && (info.st_mode & 022) == 0;
    (void)close(fd);
    if (!is_own) {
        return ui_fail(ui, CLI_REFUSED, "config",
                       "%s is not used: expected a file that only you can write.", path);
    }
    return io_read_input(ui, text, path, "the file of settings", FILE_MAX);
}

enum cli_exit settings_read(struct ui *ui, struct settings *s)
{
    struct io_bytes text = { 0 };
    enum cli_exit exit;

    *s = (struct settings){ .path = path_of_file() };
    if (s->path == NULL) {
        return CLI_OK;
    }
    exit = read_text(ui, s->path, &text);
    if (exit == CLI_OK && text.data != NULL) {
        exit = strlen(text.data) == text.len ? parse(ui, s, text.data)
                                             : wrong(ui, s, 1, "expected text, and no NUL byte.");
    }
    io_bytes_wipe(&text);
    return exit;
}

void settings_release(struct settings *s)
{
    for (size_t i = 0; i < s->allow_count; i++) {
        cli_free(s->allow[i]);
    }
    cli_free(s->path);
    cli_free(s->relay);
    cli_free(s->cacert);
    cli_free(s->out);
    *s = (struct settings){ 0 };
}

/* ---- writing -------------------------------------------------------------------------------- */

/* The folder of the file, made where it is missing and locked; *name is the file's in it. A link is
 * followed, so that it stays a link. */
static int open_folder(const char *path, char real[REAL_MAX], char **name)
{
    char folder[REAL_MAX];
    char *found = realpath(path, NULL);
    int fd;

    if (snprintf(real, REAL_MAX, "%s", found == NULL ? path : found) >= REAL_MAX) {
        free(found);
        errno = ENAMETOOLONG;
        return -1;
    }
    free(found);
    snprintf(folder, sizeof(folder), "%s", real);
    *name = strrchr(real, '/') + 1;
    if (!state_dir_make(dirname(folder))) {
        return -1;
    }
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static bool is_line_of(const char *line, const char *host)
{
    char copy[LINE_MAX_LEN + 1];
    const char *value;

    snprintf(copy, sizeof(copy), "%s", line);
    value = split(copy);
    return value != NULL && strcmp(copy, NAME) == 0 && strcasecmp(value, host) == 0;
}

enum change { CHANGE_ADD, CHANGE_REMOVE };

/* The new text of the file, for cli_free; NULL: out of memory. */
static char *changed(char *text, const char *host, enum change change)
{
    size_t room = strlen(text) + strlen(host) + sizeof(NAME) + 8;
    char *out = cli_alloc(room), *rest = text;
    size_t used = 0;

    while (out != NULL && rest != NULL && rest[0] != '\0') {
        char *start = rest;
        const char *line = next_line(&rest);

        if (!is_line_of(line, host)) {
            used += (size_t)snprintf(out + used, room - used, "%s\n", start);
        }
    }
    if (out != NULL && change == CHANGE_ADD) {
        (void)snprintf(out + used, room - used, NAME " = %s\n", host);
    }
    return out;
}

static enum cli_exit write_change(struct ui *ui, const struct settings *s, const char *host,
                                  enum change change)
{
    char real[REAL_MAX], *name = NULL, *text = NULL;
    const char *why = "there is no folder for it: set HOME or XDG_CONFIG_HOME";
    struct io_bytes old = { 0 };
    enum cli_exit exit = CLI_OK;
    bool is_written = false;
    int fd = s->path == NULL ? -1 : open_folder(s->path, real, &name);

    if (fd < 0 && s->path != NULL) {
        why = strerror(errno);
    }
    if (fd >= 0) {
        exit = read_text(ui, real, &old);
        text = exit == CLI_OK
                   ? changed(old.data == NULL ? name + strlen(name) : old.data, host, change)
                   : NULL;
        is_written = text != NULL && io_replace_at(fd, name, text, strlen(text), &why) == IO_OK;
        (void)close(fd);
    }
    io_bytes_wipe(&old);
    cli_free(text);
    if (exit != CLI_OK || is_written) {
        return exit;
    }
    return ui_fail(ui, CLI_REFUSED, "config", "%s cannot be written: %s.",
                   s->path == NULL ? "the file of settings" : s->path, why);
}

enum cli_exit settings_add_relay(struct ui *ui, const struct settings *s, const char *host)
{
    return write_change(ui, s, host, CHANGE_ADD);
}

enum cli_exit settings_remove_relay(struct ui *ui, const struct settings *s, const char *host)
{
    return write_change(ui, s, host, CHANGE_REMOVE);
}
