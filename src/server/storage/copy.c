/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --copy-store. The copy is marked as unfinished before anything is put into it, and the original
 * as copied away before that mark is removed: at no moment do both serve. Run again after an
 * interruption, it starts over.
 */
#include "crypto/digest.h"
#include "server/storage/copied.h"
#include "server/storage/key_audit.h"
#include "server/storage/storage.h"

#include <string.h>

#define KIND_COUNT (TG_STORE_SEEN_ENTRY + 1u)
#define SUM_WORDS 4u /* of 64 bits */
#define NUMBERS 6u   /* of a row, each 8 bytes */
#define HEAD_LEN (2u + NUMBERS * 8u + 2u * TG_STORE_KEY_LEN)

/* What a store holds, whatever the order in which it shows it: the sum of the rows' hashes. */
struct content {
    uint64_t counts[KIND_COUNT];
    uint64_t sum[SUM_WORDS];
};

static const char *const names[KIND_COUNT] = {
    [TG_STORE_SEEN_FACT] = "facts",         [TG_STORE_SEEN_SERIES] = "token keys",
    [TG_STORE_SEEN_SPENT] = "spent tokens", [TG_STORE_SEEN_RECORD] = "mailboxes",
    [TG_STORE_SEEN_ENTRY] = "pushes",
};

struct copy {
    struct tg_store *to;
    struct content from_has;
    struct content to_has;
    enum tg_err err;
};

static void put_u64(uint8_t *at, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        at[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

/* The version of the mark is a matter of the backend. */
static enum tg_err hash_row(uint8_t hash[TG_SHA256_LEN], const struct tg_store_seen *row)
{
    bool is_mark = row->kind == TG_STORE_SEEN_FACT && row->fact == TG_FACT_TIME_MARK;
    const uint64_t numbers[NUMBERS] = { is_mark ? 0 : row->version,
                                        (uint64_t)row->class,
                                        (uint64_t)row->expires_s,
                                        (uint64_t)row->due_s,
                                        row->attempts,
                                        (row->is_closed ? 2u : 0u) + (row->is_blocked ? 1u : 0u) };
    uint8_t head[HEAD_LEN] = { (uint8_t)row->kind, (uint8_t)row->fact };
    uint8_t *at = head + 2;

    for (unsigned i = 0; i < NUMBERS; i++, at += 8) {
        put_u64(at, numbers[i]);
    }
    memcpy(at, row->key.bytes, TG_STORE_KEY_LEN);
    memcpy(at + TG_STORE_KEY_LEN, row->series.bytes, TG_STORE_KEY_LEN);
    const struct tg_bytes parts[] = { TG_ARRAY_BYTES(head), row->bytes };

    return tg_sha256_parts(hash, parts, TG_COUNT(parts));
}

static enum tg_err content_add(struct content *content, const struct tg_store_seen *row)
{
    uint8_t hash[TG_SHA256_LEN];
    enum tg_err err = hash_row(hash, row);

    for (unsigned i = 0; err == TG_OK && i < SUM_WORDS; i++) {
        uint64_t word = 0;

        for (unsigned k = 0; k < 8; k++) {
            word = word << 8 | hash[8 * i + k];
        }
        content->sum[i] += word;
    }
    content->counts[row->kind]++;
    return err;
}

/* Two facts stay: that of a computer, and that of copies. */
static bool is_left(const struct tg_store_seen *row)
{
    return row->kind == TG_STORE_SEEN_FACT &&
           (row->fact == TG_FACT_CLOCK || row->fact == TG_FACT_COPY);
}

static bool see_from(void *ctx, const struct tg_store_seen *row)
{
    struct copy *c = ctx;

    if (is_left(row)) {
        return true;
    }
    c->err = content_add(&c->from_has, row);
    if (c->err == TG_OK) {
        c->err = c->to->ops->copy->put(c->to, row);
    }
    return c->err == TG_OK;
}

static bool see_to(void *ctx, const struct tg_store_seen *row)
{
    struct copy *c = ctx;

    if (!is_left(row)) {
        c->err = content_add(&c->to_has, row);
    }
    return c->err == TG_OK;
}

/* ---- what is refused ------------------------------------------------------------------------ */

static enum tg_err refuse_used(struct tg_store *to, const struct tg_copied *mark,
                               struct tg_fault *fault)
{
    bool is_used = false;
    enum tg_err err = TG_OK;

    if (mark->state == TG_COPIED_UNFINISHED) {
        return TG_OK; /* it starts over */
    }
    err = tg_storage_is_used(to, &is_used);
    if (err == TG_OK && (is_used || mark->state != TG_COPIED_NOT)) {
        tg_fault_set(fault, "the store to copy to is not empty (expected: one that no relay has "
                            "used)");
        err = TG_E_DENIED;
    }
    return err;
}

/* An original that was copied away may be copied again only to finish that copy. */
static enum tg_err judge_marks(const struct tg_copied *from, const struct tg_copied *to,
                               struct tg_fault *fault, const char **advice)
{
    if (from->state == TG_COPIED_AWAY && to->state == TG_COPIED_UNFINISHED &&
        tg_bytes_is_equal(TG_ARRAY_BYTES(from->id), TG_ARRAY_BYTES(to->id))) {
        return TG_OK;
    }
    return tg_copied_judge(from, fault, advice);
}

static enum tg_err hold(struct tg_store *store, const char *in_use, struct tg_fault *fault)
{
    enum tg_err err = store->ops->copy->hold(store);

    if (err == TG_E_DENIED) {
        tg_fault_set(fault, "%s", in_use);
    }
    return err;
}

static enum tg_err hold_both(const struct tg_storage *from, const struct tg_storage *to,
                             struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;

    TG_TRY(hold(from->store,
                "the store to copy from is in use (expected: every relay on it is stopped)",
                fault));
    TG_TRY(hold(to->store, "the store to copy to is in use (expected: no relay on it is running)",
                fault));
out:
    return err;
}

/* ---- the copy ------------------------------------------------------------------------------- */

static enum tg_err begin(struct tg_store *to, const struct tg_copied *unfinished)
{
    enum tg_err err = TG_E_BUG;

    TG_TRY(to->ops->copy->clear(to));
    TG_TRY(tg_copied_put(to, unfinished));
    TG_TRY(to->ops->copy->commit(to, 0));
out:
    return err;
}

static enum tg_err survey(struct copy *c, struct tg_store *store, tg_store_see_fn *see)
{
    enum tg_err err = store->ops->survey(store, TG_STORE_SURVEY_COPY, see, c);

    return c->err != TG_OK ? c->err : err;
}

static enum tg_err verify(const struct copy *c, struct tg_fault *fault)
{
    for (unsigned i = 0; i < KIND_COUNT; i++) {
        if (c->from_has.counts[i] != c->to_has.counts[i]) {
            tg_fault_set(fault, "the copy has %llu %s, the original %llu",
                         (unsigned long long)c->to_has.counts[i], names[i],
                         (unsigned long long)c->from_has.counts[i]);
            return TG_E_STORE;
        }
    }
    for (unsigned i = 0; i < SUM_WORDS; i++) {
        if (c->from_has.sum[i] != c->to_has.sum[i]) {
            tg_fault_set(fault, "the copy has as many rows as the original, but other ones");
            return TG_E_STORE;
        }
    }
    return TG_OK;
}

static uint64_t commits_of(const struct tg_store *store)
{
    struct tg_store_stats stats = { 0 };

    store->ops->stats(store, &stats);
    return stats.commit_count;
}

static void report(struct tg_buf *out, const struct content *has)
{
    tg_buf_append_str(out, "tigressd: copied and compared:");
    for (unsigned i = 0; i < KIND_COUNT; i++) {
        tg_buf_append_str(out, i == 0 ? " " : ", ");
        tg_buf_append_dec(out, has->counts[i]);
        tg_buf_append_str(out, " ");
        tg_buf_append_str(out, names[i]);
    }
    tg_buf_append_str(out, "\n");
}

/* Everything is in the copy, and the original says so; the copy does not serve yet. The count of
   commits goes on, so that an older copy of the embedded store is noticed later. */
static enum tg_err copy_all(struct tg_store *from, struct tg_store *to, struct tg_copied *copied,
                            struct tg_buf *text, struct tg_fault *fault)
{
    struct copy c = { .to = to };
    enum tg_err err = TG_E_BUG;

    TG_TRY(begin(to, copied));
    TG_TRY(survey(&c, from, see_from));
    TG_TRY(survey(&c, to, see_to));
    TG_TRY(verify(&c, fault));
    TG_TRY(to->ops->copy->commit(to, commits_of(from)));
    copied->state = TG_COPIED_AWAY;
    TG_TRY(tg_copied_put(from, copied));
    TG_TRY(from->ops->copy->commit(from, 0));
    report(text, &c.from_has);
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_fault_set(fault, err == TG_E_FULL ? "the disk of the copy is full"
                                             : "one of both stores failed");
    }
    return err;
}

/* ---- both stores ---------------------------------------------------------------------------- */

struct both {
    const struct tg_config *config;
    const struct tg_log *log;
    struct tg_storage *from; /* what is refused is said here */
    struct tg_storage to;
};

/* The embedded store has a counter file. It must not be ahead of what is copied; that of the copy
   may be missing. */
static enum tg_err judge_counter(struct both *b, struct tg_fault *fault)
{
    struct tg_store_counter *counter = &b->from->counter;
    const char *path = b->config->store_counter;
    bool is_new = false;
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_store_counter_open(counter, path, b->from->store, b->log, fault));
    is_new =
        b->config->copy == TG_CONFIG_COPY_FROM_POSTGRES && counter->file == TG_COUNTER_FILE_MISSING;
    b->from->path = path;
    if (!is_new) {
        TG_TRY(tg_store_counter_judge(counter, fault, &b->from->advice));
    }
    b->from->path = NULL;
    tg_store_counter_close(counter); /* the copy's own takes the lock later */
    err = TG_OK;
out:
    return err;
}

static enum tg_err open_both(struct both *b, struct tg_fault *fault)
{
    bool is_to = b->config->copy == TG_CONFIG_COPY_TO_POSTGRES;
    enum tg_err err = TG_E_BUG;

    b->from->path = b->config->relay_key;
    TG_TRY(tg_storage_read_keys(b->from, b->config, fault));
    b->from->path = is_to ? b->config->store_dir : NULL;
    TG_TRY(tg_storage_open_kind(b->from, b->config, is_to ? TG_STORE_LMDB : TG_STORE_POSTGRES,
                                b->log, fault));
    b->from->path = is_to ? NULL : b->config->store_dir;
    TG_TRY(tg_storage_open_kind(&b->to, b->config, is_to ? TG_STORE_POSTGRES : TG_STORE_LMDB,
                                b->log, fault));
    b->from->path = NULL;
    err = TG_OK;
out:
    return err;
}

/* What may be copied, and where to. *copied: the mark of this copy. */
static enum tg_err judge_both(struct both *b, struct tg_copied *copied, struct tg_fault *fault)
{
    struct tg_copied of_from;
    struct tg_copied of_to;
    bool is_used = false;
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_copied_load(&of_from, b->from->store, fault));
    TG_TRY(tg_copied_load(&of_to, b->to.store, fault));
    TG_TRY(judge_marks(&of_from, &of_to, fault, &b->from->advice));
    TG_TRY(refuse_used(b->to.store, &of_to, fault));
    TG_TRY(tg_storage_is_used(b->from->store, &is_used));
    if (!is_used) {
        tg_fault_set(fault, "the store to copy from is empty (expected: one that a relay has "
                            "used)");
        err = TG_E_DENIED;
        goto out;
    }
    TG_TRY(judge_counter(b, fault));
    b->from->path = b->config->relay_key;
    TG_TRY(tg_key_audit_verify(b->from->store, &b->from->keyring, TG_KEY_AUDIT_ALL, fault,
                               &b->from->advice));
    b->from->path = NULL;
    *copied = of_from;
    if (of_from.state == TG_COPIED_NOT) {
        TG_TRY(tg_rng_fill(&tg_rng_system, copied->id, sizeof(copied->id)));
    }
    copied->state = TG_COPIED_UNFINISHED;
    err = TG_OK;
out:
    return err;
}

/* The copy serves from now on. */
static enum tg_err release(struct both *b, struct tg_fault *fault)
{
    bool is_embedded = b->config->copy == TG_CONFIG_COPY_FROM_POSTGRES;
    enum tg_err err = TG_E_BUG;

    tg_storage_close(&b->to);
    TG_TRY(tg_storage_open_kind(&b->to, b->config, is_embedded ? TG_STORE_LMDB : TG_STORE_POSTGRES,
                                b->log, fault));
    if (is_embedded) {
        TG_TRY(tg_store_counter_open(&b->to.counter, b->config->store_counter, b->to.store, b->log,
                                     fault));
        TG_TRY(tg_store_counter_arm(&b->to.counter, b->to.store, &tg_rng_system, fault));
    }
    TG_TRY(tg_copied_forget(b->to.store, fault));
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_storage_copy(struct tg_storage *st, const struct tg_config *config,
                            const struct tg_log *log, struct tg_buf *text, struct tg_fault *fault)
{
    struct both b = { .config = config,
                      .log = log,
                      .from = st,
                      .to = { .counter = { .fd = -1 }, .may_be_copied = true } };
    struct tg_copied copied;
    enum tg_err err = TG_E_BUG;

    st->counter.fd = -1;
    st->may_be_copied = true;
    TG_TRY(open_both(&b, fault));
    TG_TRY(judge_both(&b, &copied, fault));
    TG_TRY(hold_both(st, &b.to, fault));
    TG_TRY(copy_all(st->store, b.to.store, &copied, text, fault));
    TG_TRY(release(&b, fault));
    err = TG_OK;
out:
    tg_storage_close(&b.to);
    return err;
}
