/* SPDX-License-Identifier: Apache-2.0 */
#include "push/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum tg_err check_file(int fd, const char *setting, const char *path, struct tg_fault *fault)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        tg_fault_set(fault, "%s: the file cannot be examined: %s (%s)", setting, strerror(errno),
                     path);
        return TG_E_IO;
    }
    if (!S_ISREG(st.st_mode)) {
        tg_fault_set(fault, "%s: expected a regular file (%s)", setting, path);
        return TG_E_DENIED;
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        tg_fault_set(fault,
                     "%s: the file has mode %04o, so others can access the key (expected: "
                     "0400 or 0600) (%s)",
                     setting, (unsigned)st.st_mode & 07777u, path);
        return TG_E_DENIED;
    }
    return TG_OK;
}

static enum tg_err read_all(struct tg_buf *out, int fd, const char *setting, const char *path,
                            struct tg_fault *fault)
{
    uint8_t *at = tg_buf_extend(out, TG_PUSH_KEYFILE_MAX + 1);
    size_t len = 0;
    ssize_t got = 0;

    if (at == NULL) {
        return tg_buf_status(out);
    }
    do {
        got = read(fd, at + len, TG_PUSH_KEYFILE_MAX + 1 - len);
        len += got > 0 ? (size_t)got : 0;
    } while ((got > 0 && len <= TG_PUSH_KEYFILE_MAX) || (got < 0 && errno == EINTR));
    tg_buf_truncate(out, len);
    if (got < 0) {
        tg_fault_set(fault, "%s: the file cannot be read: %s (%s)", setting, strerror(errno), path);
        return TG_E_IO;
    }
    if (len > TG_PUSH_KEYFILE_MAX) {
        tg_fault_set(fault, "%s: the file is too large (expected: at most %u bytes) (%s)", setting,
                     TG_PUSH_KEYFILE_MAX, path);
        return TG_E_LIMIT;
    }
    return TG_OK;
}

enum tg_err tg_push_keyfile_read(struct tg_buf *out, const char *setting, const char *path,
                                 struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    tg_buf_clear(out);
    if (fd < 0) {
        tg_fault_set(fault, "%s: the file cannot be opened: %s (%s)", setting, strerror(errno),
                     path);
        return errno == EACCES ? TG_E_DENIED : TG_E_IO;
    }
    TG_TRY(check_file(fd, setting, path, fault));
    TG_TRY(read_all(out, fd, setting, path, fault));
out:
    (void)close(fd);
    if (err != TG_OK) {
        tg_buf_clear(out);
    }
    return err;
}
