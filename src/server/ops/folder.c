/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ops/folder.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum tg_err sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    int reason = errno;

    if (fd >= 0) {
        (void)close(fd);
    }
    errno = reason;
    return is_synced ? TG_OK : TG_E_IO;
}

/* The length of path without slashes at its end. */
static size_t name_len(const char *path)
{
    size_t len = strlen(path);

    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    return len;
}

enum tg_err tg_folder_sync_above(const char *path)
{
    enum tg_err err = TG_E_BUG;
    struct tg_buf above = { 0 };
    size_t len = name_len(path);

    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    tg_buf_init(&above, TG_FOLDER_PATH_MAX);
    tg_buf_append(&above, tg_bytes(path, len));
    if (len == 0) {
        tg_buf_append_str(&above, ".");
    }
    TG_TRY(tg_buf_status(&above));
    err = sync_folder(tg_buf_cstr(&above));
out:
    tg_buf_deinit(&above);
    return err;
}

/* True: path is there. TG_E_IO in *err: it is new, and its name may not be durable. */
static bool make_level(const char *path, enum tg_err *err)
{
    bool is_new = mkdir(path, 0700) == 0;
    bool is_there = is_new || errno == EEXIST;
    enum tg_err synced = is_there ? tg_folder_sync_above(path) : TG_OK;

    if (is_new && synced != TG_OK) {
        *err = synced;
    }
    return is_there;
}

/* Removes the last part of a path. False: there is none left. */
static bool go_up(char *path)
{
    size_t len = name_len(path);

    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    if (len == 0 && strcmp(path, ".") != 0) {
        memcpy(path, ".", sizeof("."));
        return true;
    }
    path[len] = '\0';
    return len > 0 && strlen(path) > 0;
}

/* A symbolic link to nothing is there, but no folder can be made in its place. */
enum tg_err tg_folder_check(const char *path)
{
    char level[TG_FOLDER_PATH_MAX + 1];
    size_t len = name_len(path);
    struct stat st;

    if (len > TG_FOLDER_PATH_MAX) {
        errno = ENAMETOOLONG;
        return TG_E_LIMIT;
    }
    memcpy(level, path, len);
    level[len] = '\0';
    while (lstat(level, &st) != 0) {
        if (errno != ENOENT || strcmp(level, "/") == 0 || !go_up(level)) {
            return TG_E_IO;
        }
    }
    if (stat(level, &st) != 0) {
        return TG_E_IO;
    }
    if (!S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return TG_E_IO;
    }
    return faccessat(AT_FDCWD, level, W_OK | X_OK, AT_EACCESS) == 0 ? TG_OK : TG_E_IO;
}

enum tg_err tg_folder_make(const char *path)
{
    enum tg_err err = TG_OK;
    char level[TG_FOLDER_PATH_MAX + 1];
    size_t len = name_len(path);
    bool is_there = false;

    if (len > TG_FOLDER_PATH_MAX) {
        return TG_E_LIMIT;
    }
    memcpy(level, path, len);
    for (size_t i = 1; err == TG_OK && i <= len; i++) {
        bool is_end = i == len || (path[i] == '/' && path[i - 1] != '/');

        if (is_end) {
            level[i] = '\0';
            is_there = make_level(level, &err); /* the last one shows whether it worked */
            level[i] = i == len ? '\0' : '/';
        }
    }
    return err == TG_OK && !is_there ? TG_E_IO : err;
}
