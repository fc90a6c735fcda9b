/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lmdb/dir.h"

#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* A shared memory map is not coherent between hosts, and locks may not work (statfs(2)). */
static const uint32_t refused_fs[] = {
    0x6969u,     /* NFS */
    0x517Bu,     /* SMB */
    0xFF534D42u, /* CIFS */
    0xFE534D42u, /* SMB2 */
    0x01021997u, /* 9P */
    0x5346414Fu, /* AFS */
    0x6B414653u, /* kAFS */
    0x00C36400u, /* Ceph */
    0x73757245u, /* Coda */
    0x564Cu,     /* NCP */
    0x0BD00BD0u, /* Lustre */
    0x47504653u, /* GPFS */
};

static enum tg_err refuse_network(int dir_fd, struct tg_fault *fault)
{
    struct statfs fs;

    memset(&fs, 0, sizeof(fs));
    if (fstatfs(dir_fd, &fs) != 0) {
        tg_fault_set(fault, "the file system of the store's directory cannot be examined: %s",
                     strerror(errno));
        return TG_E_IO;
    }
    for (size_t i = 0; i < TG_COUNT(refused_fs); i++) {
        if ((uint32_t)fs.f_type == refused_fs[i]) {
            tg_fault_set(fault, "the store's directory is on a network file system; "
                                "the embedded store needs a local disk");
            return TG_E_IO;
        }
    }
    return TG_OK;
}

/* Syncs dir/.. , which holds the name of a new directory. */
static enum tg_err sync_parent(int dir_fd, struct tg_fault *fault)
{
    int fd = openat(dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;

    if (!is_synced) {
        tg_fault_set(fault, "the directory above the store's cannot be synced: %s",
                     strerror(errno));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_synced ? TG_OK : TG_E_IO;
}

static enum tg_err lock_take(struct tg_lmdb_dir *d, struct tg_fault *fault)
{
    d->lock_fd =
        openat(d->dir_fd, TG_LMDB_LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (d->lock_fd < 0) {
        tg_fault_set(fault, "the store's lock file cannot be opened: %s", strerror(errno));
        return TG_E_IO;
    }
    if (flock(d->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            tg_fault_set(fault, "the store is in use by another process");
        } else {
            tg_fault_set(fault, "the store cannot be locked: %s", strerror(errno));
        }
        return TG_E_IO;
    }
    return TG_OK;
}

enum tg_err tg_lmdb_dir_open(struct tg_lmdb_dir *d, const char *dir, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    bool is_new = mkdir(dir, 0700) == 0;
    struct tg_fault ignored = { { 0 } };

    *d = (struct tg_lmdb_dir){ .dir_fd = -1, .lock_fd = -1 };
    if (!is_new && errno != EEXIST) {
        tg_fault_set(fault, "the store's directory cannot be created: %s", strerror(errno));
        return TG_E_IO;
    }
    d->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->dir_fd < 0) {
        tg_fault_set(fault, "the store's directory cannot be opened: %s", strerror(errno));
        return TG_E_IO;
    }
    TG_TRY(refuse_network(d->dir_fd, fault));
    TG_TRY(lock_take(d, fault));
    if (is_new) {
        TG_TRY(sync_parent(d->dir_fd, fault));
    } else {
        /* The start that made it may have been cut before this. */
        (void)!sync_parent(d->dir_fd, &ignored);
    }
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_lmdb_dir_close(d);
    }
    return err;
}

enum tg_err tg_lmdb_dir_sync(const struct tg_lmdb_dir *d, struct tg_fault *fault)
{
    if (fsync(d->dir_fd) != 0) {
        tg_fault_set(fault, "the store's directory cannot be synced: %s", strerror(errno));
        return TG_E_IO;
    }
    return TG_OK;
}

void tg_lmdb_dir_close(struct tg_lmdb_dir *d)
{
    if (d->lock_fd >= 0) {
        (void)close(d->lock_fd);
    }
    if (d->dir_fd >= 0) {
        (void)close(d->dir_fd);
    }
    *d = (struct tg_lmdb_dir){ .dir_fd = -1, .lock_fd = -1 };
}
