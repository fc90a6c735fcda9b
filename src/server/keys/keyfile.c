/* SPDX-License-Identifier: Apache-2.0 */
#include "server/keys/keyfile.h"

#include "server/ops/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES_MAX 1280u

/* Who opens the file. Root may check the file of the relay's user. */
enum reader { READER_RELAY, READER_CHECK };

static enum tg_err check_file(int fd, enum reader reader, struct tg_fault *fault)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        tg_fault_set(fault, "the key file cannot be examined: %s", strerror(errno));
        return TG_E_IO;
    }
    if (!S_ISREG(st.st_mode)) {
        tg_fault_set(fault, "the key file is not a regular file (expected: a regular file)");
        return TG_E_DENIED;
    }
    if (st.st_uid != geteuid() && st.st_uid != 0 && !(reader == READER_CHECK && geteuid() == 0)) {
        tg_fault_set(fault,
                     "the key file belongs to another user (expected: the relay's user, or root)");
        return TG_E_DENIED;
    }
    /* A cluster mounts a secret as a file of root that the relay's group may read. */
    if ((st.st_mode & (st.st_uid == 0 ? 037 : 077)) != 0) {
        tg_fault_set(fault,
                     "the key file has mode %04o, so others may read it (expected: 0600, or 0440 "
                     "for a file of root)",
                     (unsigned)st.st_mode & 07777u);
        return TG_E_DENIED;
    }
    if (st.st_size > (off_t)TG_KEYFILE_MAX) {
        tg_fault_set(fault, "the key file is too large (expected: at most %u bytes)",
                     TG_KEYFILE_MAX);
        return TG_E_LIMIT;
    }
    return TG_OK;
}

static enum tg_err read_all(struct tg_buf *out, int fd, struct tg_fault *fault)
{
    ssize_t got = 0;

    /* One byte more than the maximum, to detect a file that grew since it was examined. */
    uint8_t *at = tg_buf_extend(out, TG_KEYFILE_MAX + 1);
    size_t len = 0;

    if (at == NULL) {
        return TG_E_NOMEM;
    }
    do {
        got = read(fd, at + len, TG_KEYFILE_MAX + 1 - len);
        if (got > 0) {
            len += (size_t)got;
        }
    } while ((got > 0 && len <= TG_KEYFILE_MAX) || (got < 0 && errno == EINTR));
    tg_buf_truncate(out, len);
    if (got < 0) {
        tg_fault_set(fault, "the key file cannot be read: %s", strerror(errno));
        return TG_E_IO;
    }
    if (len > TG_KEYFILE_MAX) {
        tg_fault_set(fault, "the key file is too large (expected: at most %u bytes)",
                     TG_KEYFILE_MAX);
        return TG_E_LIMIT;
    }
    return TG_OK;
}

/* TG_E_NOTFOUND: the file does not exist. */
static enum tg_err load(struct tg_keyring *out, const char *path, enum reader reader,
                        struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_buf text = { 0 };
    struct tg_keyring ring = { 0 };
    int fd = -1;

    tg_buf_init(&text, TG_KEYFILE_MAX + 1);
    /* A mounted secret is a link. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    TG_REQUIRE(fd >= 0 || errno != ENOENT, TG_E_NOTFOUND);
    if (fd < 0) {
        tg_fault_set(fault, "the key file cannot be opened: %s", strerror(errno));
        err = errno == EACCES ? TG_E_DENIED : TG_E_IO;
        goto out;
    }
    TG_TRY(check_file(fd, reader, fault));
    TG_TRY(read_all(&text, fd, fault));
    TG_TRY(tg_keyring_parse(&ring, tg_buf_view(&text), fault));
    *out = ring;
    err = TG_OK;
out:
    if (fd >= 0) {
        (void)close(fd);
    }
    tg_keyring_wipe(&ring);
    tg_buf_deinit(&text);
    return err;
}

static enum tg_err write_all(int fd, struct tg_bytes data)
{
    while (data.len > 0) {
        ssize_t done = write(fd, data.ptr, data.len);

        if (done < 0 && errno != EINTR) {
            return TG_E_IO;
        }
        if (done > 0) {
            data = tg_bytes_from(data, (size_t)done);
        }
    }
    return TG_OK;
}

/* Creates a durable file with mode 0600. */
static enum tg_err write_new(const char *path, struct tg_bytes text)
{
    enum tg_err err = TG_E_BUG;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    TG_REQUIRE(fd >= 0, TG_E_IO);
    TG_REQUIRE(fchmod(fd, 0600) == 0, TG_E_IO);
    TG_TRY(write_all(fd, text));
    TG_REQUIRE(fsync(fd) == 0, TG_E_IO);
    err = TG_OK;
out:
    if (fd >= 0 && close(fd) != 0 && err == TG_OK) {
        err = TG_E_IO;
    }
    return err;
}

/*
 * Writes the text to a temporary file and links that to path: path then exists completely or not at
 * all, and replaces no file. TG_E_CONFLICT: path was created meanwhile.
 */
static enum tg_err place(const char *path, struct tg_bytes text)
{
    enum tg_err err = TG_E_BUG;
    struct tg_buf temp = { 0 };
    const char *name = NULL;

    tg_buf_init(&temp, PATH_BYTES_MAX);
    tg_buf_append_str(&temp, path);
    tg_buf_append_str(&temp, ".new.");
    tg_buf_append_dec(&temp, (uint64_t)getpid());
    name = tg_buf_cstr(&temp);
    TG_TRY(tg_buf_status(&temp));
    (void)unlink(name); /* an earlier process with the same id may have crashed */
    TG_TRY(write_new(name, text));
    if (link(name, path) != 0) {
        err = errno == EEXIST ? TG_E_CONFLICT : TG_E_IO;
        goto out;
    }
    err = TG_OK;
out:
    if (name != NULL) {
        (void)unlink(name);
    }
    if (err == TG_OK) {
        err = tg_folder_sync_above(path);
    }
    tg_buf_deinit(&temp);
    return err;
}

static enum tg_err create(struct tg_keyring *out, const char *path, const struct tg_rng *rng,
                          struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_keyring ring = { 0 };
    struct tg_buf text = { 0 };

    tg_buf_init(&text, TG_KEYFILE_MAX);
    TG_TRY(tg_keyring_generate(&ring, rng));
    TG_TRY(tg_keyring_format(&text, &ring));
    err = place(path, tg_buf_view(&text));
    if (err == TG_E_IO) {
        tg_fault_set(fault, "the key file cannot be created: %s", strerror(errno));
    }
    if (err == TG_OK) {
        *out = ring;
    }
out:
    tg_buf_deinit(&text);
    tg_keyring_wipe(&ring);
    return err;
}

enum tg_err tg_keyfile_read(struct tg_keyring *out, const char *path, struct tg_fault *fault)
{
    return load(out, path, READER_CHECK, fault);
}

enum tg_err tg_keyfile_open(struct tg_keyring *out, bool *is_created, const char *path,
                            enum tg_keyfile_store store, const struct tg_rng *rng,
                            struct tg_fault *fault)
{
    enum tg_err err = load(out, path, READER_RELAY, fault);
    bool is_new = false;

    if (err == TG_E_NOTFOUND) {
        if (store == TG_KEYFILE_STORE_IS_USED) {
            tg_fault_set(fault, "the key file is missing, but the store was used with one "
                                "(expected: the key file of "
                                "this store, for example from a backup; or an empty store folder)");
            return err;
        }
        err = create(out, path, rng, fault);
        is_new = err == TG_OK;
        if (err == TG_E_CONFLICT) {
            err = load(out, path, READER_RELAY, fault);
            if (err == TG_E_NOTFOUND) {
                tg_fault_set(fault, "the key file is a link to a file that is missing");
            }
        }
    }
    if (err == TG_OK && !is_new) {
        /* The start that made it may have been cut before this. */
        (void)!tg_folder_sync_above(path);
    }
    if (err == TG_OK && is_created != NULL) {
        *is_created = is_new;
    }
    return err;
}
