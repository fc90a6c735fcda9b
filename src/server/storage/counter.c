/* SPDX-License-Identifier: Apache-2.0 */
#include "server/storage/counter.h"

#include "base/buf.h"
#include "base/hex.h"
#include "base/num.h"
#include "server/ops/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "tigress store counter 1: not for backups, see tigressd(8)\nstore "
#define HEAD_LEN (sizeof(HEAD) - 1)
#define MIDDLE "\ncount "
#define MIDDLE_LEN (sizeof(MIDDLE) - 1)
#define DIGITS 20u /* of a u64, with leading zeros */
#define FILE_LEN (HEAD_LEN + 2 * TG_STORE_ID_LEN + MIDDLE_LEN + DIGITS + 1)

static const char restored_advice[] =
    "Mailboxes of an older copy may have ended since. Decide once, while the relay is stopped:\n"
    "  tigressd --config FILE --restored=drop-mailboxes\n"
    "      removes every mailbox: nothing that ended comes back. Devices see 404 and share again.\n"
    "  tigressd --config FILE --restored=keep-mailboxes\n"
    "      keeps them: what was withdrawn, completed or claimed since the copy was made may be\n"
    "      open again, for the claims of that time.\n"
    "With both, the issuer keys of private tokens that the copy knows are refused for good: what\n"
    "was spent since then is not known. Give the issuers new keys.\n";
static const char missing_advice[] =
    "If the file is in another place, set store-counter. If the store is certainly no older\n"
    "copy:\n"
    "  tigressd --config FILE --restored=keep-mailboxes\n"
    "Otherwise, or if you do not know:\n"
    "  tigressd --config FILE --restored=drop-mailboxes\n"
    "      removes every mailbox: nothing that ended comes back. Devices share again.\n"
    "With both, the issuer keys of private tokens that the store knows are refused for good.\n";
static const char lost_advice[] =
    "Is the store's folder mounted? To begin with an empty store, delete the counter file first:\n"
    "links to mailboxes of the other store are 404 then, and its spent tokens are good again.\n"
    "A store of an earlier version needs --upgrade-store and a counter file that is new, too.\n";

/* ---- the file ------------------------------------------------------------------------------- */

static void encode(char text[FILE_LEN], const uint8_t id[TG_STORE_ID_LEN], uint64_t count)
{
    static const char digits[] = "0123456789abcdef";
    char *at = text;

    memcpy(at, HEAD, HEAD_LEN);
    at += HEAD_LEN;
    for (size_t i = 0; i < TG_STORE_ID_LEN; i++) {
        *at++ = digits[id[i] >> 4];
        *at++ = digits[id[i] & 15];
    }
    memcpy(at, MIDDLE, MIDDLE_LEN);
    at += MIDDLE_LEN;
    for (size_t i = DIGITS; i > 0; i--) {
        at[i - 1] = (char)('0' + count % 10);
        count /= 10;
    }
    at[DIGITS] = '\n';
}

static bool decode(struct tg_store_counter *c, struct tg_bytes text)
{
    struct tg_bytes id = tg_bytes_first(tg_bytes_from(text, HEAD_LEN), 2 * TG_STORE_ID_LEN);
    struct tg_bytes number = tg_bytes_from(text, FILE_LEN - DIGITS - 1);
    char again[FILE_LEN];

    if (text.len != FILE_LEN || tg_hex_decode(c->file_id, TG_STORE_ID_LEN, id) != TG_OK ||
        tg_num_parse_u64(&c->file_count, tg_bytes_first(number, DIGITS), UINT64_MAX) != TG_OK) {
        return false;
    }
    encode(again, c->file_id, c->file_count);
    return tg_bytes_is_equal(text, tg_bytes(again, FILE_LEN));
}

static enum tg_err read_file(struct tg_store_counter *c, struct tg_fault *fault)
{
    char text[FILE_LEN + 1]; /* one more, to see a longer file */
    struct stat st;
    ssize_t got = 0;

    if (flock(c->fd, LOCK_EX | LOCK_NB) != 0) {
        tg_fault_set(fault, errno == EWOULDBLOCK
                                ? "the store's counter file is in use by another relay: two relays "
                                  "must not run on copies of one store"
                                : "the store's counter file cannot be locked");
        return TG_E_DENIED;
    }
    if (fstat(c->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        tg_fault_set(fault, "the store's counter file is not a regular file");
        return TG_E_DENIED;
    }
    do {
        got = pread(c->fd, text, sizeof(text), 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        tg_fault_set(fault, "the store's counter file cannot be read: %s", strerror(errno));
        return TG_E_IO;
    }
    /* An empty one was cut when it was made. */
    c->file = got == 0                                 ? TG_COUNTER_FILE_MISSING
              : decode(c, tg_bytes(text, (size_t)got)) ? TG_COUNTER_FILE_GOOD
                                                       : TG_COUNTER_FILE_DAMAGED;
    return TG_OK;
}

static bool write_count(struct tg_store_counter *c, uint64_t count)
{
    char text[FILE_LEN];
    ssize_t done = 0;

    encode(text, c->id, count);
    do {
        done = pwrite(c->fd, text, sizeof(text), 0);
    } while (done < 0 && errno == EINTR);
    return done == (ssize_t)sizeof(text);
}

/* The whole file, and its name, are durable on return. */
static enum tg_err write_file(struct tg_store_counter *c, uint64_t count, struct tg_fault *fault)
{
    enum tg_err err = TG_E_IO;

    if (c->fd < 0) {
        c->fd = open(c->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    }
    TG_REQUIRE(c->fd >= 0 && flock(c->fd, LOCK_EX | LOCK_NB) == 0, TG_E_IO);
    TG_REQUIRE(write_count(c, count) && ftruncate(c->fd, (off_t)FILE_LEN) == 0, TG_E_IO);
    TG_REQUIRE(fsync(c->fd) == 0, TG_E_IO);
    TG_TRY(tg_folder_sync_above(c->path));
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_fault_set(fault, "the store's counter file cannot be written: %s", strerror(errno));
    }
    return err;
}

/* ---- the store ------------------------------------------------------------------------------ */

static enum tg_err read_store(struct tg_store_counter *c, struct tg_store *store,
                              struct tg_fault *fault)
{
    struct tg_store_fact_copy fact;
    struct tg_store_stats stats = { 0 };
    enum tg_err err = tg_store_fact_load(store, TG_FACT_STORE_ID, &fact);

    if (err == TG_OK && fact.version > 0 && fact.len != TG_STORE_ID_LEN) {
        err = TG_E_STORE;
    }
    if (err != TG_OK) {
        tg_fault_set(fault, "the id of the store cannot be read");
        return err;
    }
    store->ops->stats(store, &stats);
    c->count = stats.commit_count;
    c->id_version = fact.version;
    if (fact.version > 0) {
        memcpy(c->id, fact.bytes, TG_STORE_ID_LEN);
    }
    return TG_OK;
}

static enum tg_err save_id(struct tg_store_counter *c, struct tg_store *store,
                           struct tg_fault *fault)
{
    enum tg_err err =
        tg_store_fact_save(store, TG_FACT_STORE_ID, c->id_version, TG_ARRAY_BYTES(c->id));

    if (err != TG_OK) {
        tg_fault_set(fault, "the id of the store cannot be written");
        return err;
    }
    c->id_version++;
    return TG_OK;
}

enum tg_err tg_store_counter_open(struct tg_store_counter *c, const char *path,
                                  struct tg_store *store, const struct tg_log *log,
                                  struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;

    *c = (struct tg_store_counter){ .path = path, .log = log };
    c->fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (c->fd < 0 && errno != ENOENT) {
        tg_fault_set(fault, "the store's counter file cannot be opened: %s", strerror(errno));
        return TG_E_IO;
    }
    if (c->fd >= 0) {
        TG_TRY(read_file(c, fault));
    }
    TG_TRY(read_store(c, store, fault));
    err = TG_OK;
out:
    return err;
}

static bool is_same_store(const struct tg_store_counter *c)
{
    return tg_bytes_is_equal(TG_ARRAY_BYTES(c->id), TG_ARRAY_BYTES(c->file_id));
}

/* A store without an id is new, or of a version without ids. The file is made before the id: with
   the count 0 it belongs to no store yet. */
static enum tg_err judge_new(const struct tg_store_counter *c, struct tg_fault *fault,
                             const char **advice)
{
    if (c->file == TG_COUNTER_FILE_MISSING ||
        (c->file == TG_COUNTER_FILE_GOOD && c->file_count == 0)) {
        return TG_OK;
    }
    if (c->file == TG_COUNTER_FILE_GOOD) {
        tg_fault_set(fault,
                     "the store is new (or of an earlier version), but its counter file knows "
                     "another store, with %llu changes",
                     (unsigned long long)c->file_count);
    } else {
        tg_fault_set(fault, "the store is new (or of an earlier version), and its counter file is "
                            "damaged");
    }
    *advice = lost_advice;
    return TG_E_DENIED;
}

enum tg_err tg_store_counter_judge(const struct tg_store_counter *c, struct tg_fault *fault,
                                   const char **advice)
{
    if (c->id_version == 0) {
        return judge_new(c, fault, advice);
    }
    *advice = restored_advice;
    switch (c->file) {
    case TG_COUNTER_FILE_MISSING:
        tg_fault_set(fault, "the store's counter file is missing, so nothing shows whether the "
                            "store is an older copy, for example a restored backup");
        *advice = missing_advice;
        return TG_E_DENIED;
    case TG_COUNTER_FILE_DAMAGED:
        tg_fault_set(fault, "the store's counter file is damaged, so nothing shows whether the "
                            "store is an older copy, for example a restored backup");
        return TG_E_DENIED;
    case TG_COUNTER_FILE_GOOD:
        break;
    }
    if (!is_same_store(c)) {
        tg_fault_set(fault, "the store's counter file belongs to another store, or to this one "
                            "before it was restored");
        return TG_E_DENIED;
    }
    if (c->count < c->file_count) {
        tg_fault_set(fault,
                     "the store has %llu changes, but its counter file says %llu: the store is an "
                     "older copy, for example a restored backup",
                     (unsigned long long)c->count, (unsigned long long)c->file_count);
        return TG_E_DENIED;
    }
    *advice = NULL;
    return TG_OK;
}

/* ---- following the store -------------------------------------------------------------------- */

/* On the store's writer. The first failure is named, all are counted: until a later write succeeds
   the file is behind, and an older copy of that time would not be noticed. */
static void on_committed(void *ctx, uint64_t commit_count)
{
    struct tg_store_counter *c = ctx;

    c->unwritten_count = write_count(c, commit_count) ? 0 : commit_count;
    if (c->unwritten_count > 0 && atomic_fetch_add(&c->failure_count, 1) == 0) {
        TG_LOG(c->log, TG_LOG_ERROR, "store.counter_file_failed", { "code", errno });
    }
}

uint64_t tg_store_counter_failures(const struct tg_store_counter *c)
{
    return atomic_load(&c->failure_count);
}

static uint64_t count_of(struct tg_store *store)
{
    struct tg_store_stats stats = { 0 };

    store->ops->stats(store, &stats);
    return stats.commit_count;
}

enum tg_err tg_store_counter_arm(struct tg_store_counter *c, struct tg_store *store,
                                 const struct tg_rng *rng, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;

    if (c->id_version == 0) {
        TG_TRY(tg_rng_fill(rng, c->id, sizeof(c->id)));
        TG_TRY(write_file(c, 0, fault));
        TG_TRY(save_id(c, store, fault));
    }
    TG_TRY(write_file(c, count_of(store), fault));
    store->ops->watch(store, on_committed, c);
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_store_epoch_raise(struct tg_store *store)
{
    struct tg_store_fact_copy fact;
    uint8_t next[8];
    uint64_t epoch = 0;
    enum tg_err err = tg_store_fact_load(store, TG_FACT_EPOCH, &fact);

    if (err != TG_OK) {
        return err;
    }
    for (size_t i = 0; i < fact.len && i < sizeof(next); i++) {
        epoch = epoch << 8 | fact.bytes[i];
    }
    epoch++;
    for (size_t i = 0; i < sizeof(next); i++) {
        next[i] = (uint8_t)(epoch >> (56 - 8 * i));
    }
    return tg_store_fact_save(store, TG_FACT_EPOCH, fact.version, TG_ARRAY_BYTES(next));
}

/* The new id is first and the file last: between them the file belongs to another store, and the
   next start is refused again. */
enum tg_err tg_store_counter_restore(struct tg_store_counter *c, struct tg_store *store,
                                     enum tg_store_restored how, const struct tg_rng *rng,
                                     struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_rng_fill(rng, c->id, sizeof(c->id)));
    TG_TRY(save_id(c, store, fault));
    TG_TRY(tg_store_epoch_raise(store));
    TG_TRY(store->ops->restore(store, how, c->file == TG_COUNTER_FILE_GOOD ? c->file_count : 0));
    TG_TRY(write_file(c, count_of(store), fault));
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_fault_set(fault, "the store cannot be written");
    }
    return err;
}

void tg_store_counter_close(struct tg_store_counter *c)
{
    if (c->fd >= 0) {
        if (c->unwritten_count > 0 && !write_count(c, c->unwritten_count)) {
            TG_LOG(c->log, TG_LOG_ERROR, "store.counter_file_behind", { "code", errno });
        }
        (void)fsync(c->fd);
        (void)close(c->fd);
        c->fd = -1;
    }
}
