/* SPDX-License-Identifier: Apache-2.0 */
#include "server/keys/pair_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What each kind is called, and the reason that it cannot be read. */
static const struct {
    const char *expected;
    enum tg_log_reason unreadable;
} kinds[] = {
    [TG_PAIR_FILE_CERT] = { "a PEM file with the TLS certificate", TG_REASON_CERT_UNREADABLE },
    [TG_PAIR_FILE_KEY] = { "a PEM file with the TLS key", TG_REASON_KEY_UNREADABLE },
};

/* The owner is the relay's user, or root. The group may read it only if the file is root's and the
   relay reads it through that group: ssl-cert of Debian, a volume of Kubernetes, a credential of
   systemd (where the group bits are the mask of an access list). */
static enum tg_err check_owner(const struct stat *st, enum tg_log_reason *reason,
                               struct tg_fault *fault)
{
    bool is_ours = st->st_uid == geteuid();
    mode_t denied = is_ours ? 077 : 037;

    if (!is_ours && st->st_uid != 0) {
        *reason = TG_REASON_KEY_OWNER;
        tg_fault_set(fault, "the TLS key belongs to another user (expected: the user of the relay, "
                            "or root)");
        return TG_E_DENIED;
    }
    if ((st->st_mode & denied) != 0) {
        *reason = TG_REASON_KEY_SHARED;
        tg_fault_set(fault, "the TLS key has mode %04o, so others may read it (expected: %s)",
                     (unsigned)st->st_mode & 07777u,
                     is_ours ? "0600 or 0400" : "0640 or 0440, with a group of the relay");
        return TG_E_DENIED;
    }
    return TG_OK;
}

static enum tg_err check_file(int fd, enum tg_pair_file kind, enum tg_log_reason *reason,
                              struct tg_fault *fault)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        tg_fault_set(fault, "cannot be examined: %s", strerror(errno));
        return TG_E_IO;
    }
    if (!S_ISREG(st.st_mode)) {
        tg_fault_set(fault, "not a regular file (expected: %s)", kinds[kind].expected);
        return TG_E_IO;
    }
    return kind == TG_PAIR_FILE_KEY ? check_owner(&st, reason, fault) : TG_OK;
}

static enum tg_err read_all(struct tg_buf *out, int fd, struct tg_fault *fault)
{
    uint8_t *at = tg_buf_extend(out, out->max);
    size_t len = 0;
    ssize_t got = 0;

    if (at == NULL) {
        tg_fault_set(fault, "out of memory");
        return TG_E_NOMEM;
    }
    do {
        got = read(fd, at + len, out->max - len);
        len += got > 0 ? (size_t)got : 0;
    } while ((got > 0 && len < out->max) || (got < 0 && errno == EINTR));
    tg_buf_truncate(out, len);
    if (got < 0) {
        tg_fault_set(fault, "cannot be read: %s", strerror(errno));
        return TG_E_IO;
    }
    if (len == out->max) {
        tg_fault_set(fault, "too large (expected: at most %zu bytes)", out->max - 1);
        return TG_E_LIMIT;
    }
    return TG_OK;
}

enum tg_err tg_pair_file_read(struct tg_buf *out, const char *path, enum tg_pair_file kind,
                              enum tg_log_reason *reason, struct tg_fault *fault)
{
    enum tg_err err = TG_E_IO;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    *reason = kinds[kind].unreadable;
    if (fd < 0) {
        tg_fault_set(fault, "cannot be read: %s (expected: %s)", strerror(errno),
                     kinds[kind].expected);
        return TG_E_IO;
    }
    TG_TRY(check_file(fd, kind, reason, fault));
    TG_TRY(read_all(out, fd, fault));
out:
    (void)close(fd);
    return err;
}
