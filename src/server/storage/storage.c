/* SPDX-License-Identifier: Apache-2.0 */
#include "server/storage/storage.h"

#include "server/keys/keyfile.h"
#include "server/storage/copied.h"
#include "server/storage/key_audit.h"
#include "store/groups.h"

static struct tg_store_pg_settings pg_settings(const struct tg_config *config)
{
    return (struct tg_store_pg_settings){ .url = config->store_url,
                                          .password_file = config->store_password_file,
                                          .must_be_synchronous = config->must_be_synchronous,
                                          .lane_count = config->store_connections };
}

static struct tg_store_groups_settings groups_settings(const struct tg_storage *st,
                                                       const struct tg_config *config)
{
    struct tg_store_groups_settings settings = { .file = config->store_groups,
                                                 .database = pg_settings(config) };

    settings.database.patience_ms = st->patience_ms;
    settings.database.may_be_copied = st->may_be_copied;
    return settings;
}

static enum tg_err open_groups(struct tg_storage *st, const struct tg_config *config,
                               enum tg_store_groups_need need, const struct tg_log *log,
                               struct tg_fault *fault)
{
    const struct tg_store_groups_settings settings = groups_settings(st, config);
    enum tg_err err = TG_E_BUG;

    st->path = config->store_groups;
    err = tg_store_groups_open(&st->store, &settings, need, &config->store_limits, log, fault);
    if (err == TG_OK) {
        st->path = NULL;
    }
    return err;
}

enum tg_err tg_storage_open_kind(struct tg_storage *st, const struct tg_config *config,
                                 enum tg_store_kind kind, const struct tg_log *log,
                                 struct tg_fault *fault)
{
    if (kind == TG_STORE_MEMORY) {
        return tg_store_mem_open(&st->store, &config->store_limits);
    }
    if (kind == TG_STORE_POSTGRES && config->store_groups[0] != '\0') {
        return open_groups(st, config, TG_STORE_GROUPS_SERVE, log, fault);
    }
    if (kind == TG_STORE_POSTGRES) {
        struct tg_store_pg_settings settings = pg_settings(config);

        settings.patience_ms = st->patience_ms;
        settings.may_be_copied = st->may_be_copied;
        st->path = NULL;
        return tg_store_pg_open(&st->store, &settings, &config->store_limits, log, fault);
    }
    return tg_store_lmdb_open(&st->store, config->store_dir, &config->store_limits, log, fault);
}

static enum tg_err open_store(struct tg_storage *st, const struct tg_config *config,
                              const struct tg_log *log, struct tg_fault *fault)
{
    return tg_storage_open_kind(st, config, config->store_kind, log, fault);
}

enum tg_err tg_storage_is_used(struct tg_store *store, bool *is_used)
{
    struct tg_store_stats stats = { 0 };
    struct tg_store_fact_copy checks;
    struct tg_store *part = NULL;
    enum tg_err err = TG_OK;

    store->ops->stats(store, &stats);
    *is_used =
        stats.live_count + stats.ended_count > 0 || stats.outbox_count > 0 || stats.spent_count > 0;
    for (size_t i = 0; err == TG_OK && (part = tg_store_part(store, i)) != NULL; i++) {
        err = tg_store_fact_load(part, TG_FACT_KEY_CHECKS, &checks);
        *is_used = *is_used || checks.version > 0;
    }
    return err;
}

static enum tg_err open_keys(struct tg_storage *st, const struct tg_config *config,
                             const struct tg_log *log, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    bool is_created = false;
    bool is_used = true;

    if (config->relay_key[0] == '\0') {
        return tg_keyring_generate(&st->keyring, &tg_rng_system);
    }
    err = tg_storage_is_used(st->store, &is_used);
    if (err != TG_OK) {
        tg_fault_set(fault, "the store cannot be read");
        return err;
    }
    /* A store that was used needs the key file that it was used with. */
    err = tg_keyfile_open(&st->keyring, &is_created, config->relay_key,
                          is_used ? TG_KEYFILE_STORE_IS_USED : TG_KEYFILE_STORE_IS_NEW,
                          &tg_rng_system, fault);
    if (err == TG_OK && is_created) {
        TG_LOG(log, TG_LOG_INFO, "key.created", { "count", 1 });
    }
    return err;
}

/* Only a store on a disk can be an older copy. */
static bool has_counter(const struct tg_config *config)
{
    return config->store_counter[0] != '\0';
}

/* Before anything is written into the store: a write counts as a commit, and makes an older copy as
   new as its counter file. */
static enum tg_err refuse_copy(struct tg_storage *st, const struct tg_config *config,
                               const struct tg_log *log, struct tg_fault *fault)
{
    enum tg_err err = TG_OK;

    if (has_counter(config)) {
        st->path = config->store_counter;
        TG_TRY(tg_store_counter_open(&st->counter, config->store_counter, st->store, log, fault));
        TG_TRY(tg_store_counter_judge(&st->counter, fault, &st->advice));
    }
out:
    return err;
}

static enum tg_err refuse_copied(struct tg_storage *st, struct tg_fault *fault)
{
    struct tg_copied copied;
    struct tg_store *part = NULL;
    enum tg_err err = TG_OK;

    for (size_t i = 0; (part = tg_store_part(st->store, i)) != NULL; i++) {
        TG_TRY(tg_copied_load(&copied, part, fault));
        TG_TRY(tg_copied_judge(&copied, fault, &st->advice));
    }
out:
    return err;
}

static enum tg_err verify_keys(struct tg_storage *st, enum tg_key_audit_need need,
                               struct tg_fault *fault)
{
    struct tg_store *part = NULL;
    enum tg_err err = TG_OK;

    for (size_t i = 0; err == TG_OK && (part = tg_store_part(st->store, i)) != NULL; i++) {
        err = tg_key_audit_verify(part, &st->keyring, need, fault, &st->advice);
    }
    return err;
}

/* A part that is new gets the check of the keys after the others were found to have the same. */
static enum tg_err audit_keys(struct tg_storage *st, struct tg_fault *fault)
{
    struct tg_store *part = NULL;
    enum tg_err err =
        tg_store_part(st->store, 1) == NULL ? TG_OK : verify_keys(st, TG_KEY_AUDIT_ALL, fault);

    for (size_t i = 0; err == TG_OK && (part = tg_store_part(st->store, i)) != NULL; i++) {
        err = tg_key_audit_run(part, &st->keyring, fault, &st->advice);
    }
    return err;
}

enum tg_err tg_storage_open(struct tg_storage *st, const struct tg_config *config,
                            const struct tg_log *log, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;

    st->counter.fd = -1;
    st->path = config->store_dir;
    TG_TRY(open_store(st, config, log, fault));
    TG_TRY(refuse_copied(st, fault));
    TG_TRY(refuse_copy(st, config, log, fault));
    st->path = config->relay_key;
    TG_TRY(open_keys(st, config, log, fault));
    TG_TRY(audit_keys(st, fault));
    if (has_counter(config)) {
        TG_TRY(tg_store_counter_arm(&st->counter, st->store, &tg_rng_system, fault));
    }
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_storage_read_keys(struct tg_storage *st, const struct tg_config *config,
                                 struct tg_fault *fault)
{
    enum tg_err err = tg_keyfile_read(&st->keyring, config->relay_key, fault);

    if (err == TG_E_NOTFOUND) {
        tg_fault_set(fault, "the key file is missing (expected: the key file of this store)");
    }
    return err;
}

/* As far as the store and its key file exist already, and without a check of either. */
static enum tg_err open_used(struct tg_storage *st, const struct tg_config *config,
                             const struct tg_log *log, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;

    st->counter.fd = -1;
    if (config->store_kind == TG_STORE_MEMORY) {
        tg_fault_set(fault, "the store is in memory (expected: lmdb:DIR or postgresql://…)");
        return TG_E_UNSUPPORTED;
    }
    st->path = config->relay_key;
    TG_TRY(tg_storage_read_keys(st, config, fault));
    st->path = config->store_dir;
    TG_TRY(open_store(st, config, log, fault));
    st->path = config->relay_key;
    err = TG_OK;
out:
    return err;
}

/* It lacks what was not copied yet; one that was copied away lacks nothing. */
static enum tg_err refuse_unfinished(struct tg_storage *st, struct tg_fault *fault)
{
    struct tg_copied copied;
    struct tg_store *part = NULL;
    enum tg_err err = TG_OK;

    for (size_t i = 0; (part = tg_store_part(st->store, i)) != NULL; i++) {
        TG_TRY(tg_copied_load(&copied, part, fault));
        if (copied.state == TG_COPIED_UNFINISHED) {
            TG_TRY(tg_copied_judge(&copied, fault, &st->advice));
        }
    }
out:
    return err;
}

static enum tg_err restore_embedded(struct tg_storage *st, const struct tg_config *config,
                                    struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;

    st->path = config->store_counter;
    TG_TRY(
        tg_store_counter_restore(&st->counter, st->store, config->restored, &tg_rng_system, fault));
    TG_TRY(tg_copied_forget(st->store, fault));
out:
    return err;
}

/* No other relay writes meanwhile, or knows what is dropped. All parts are held before one of them
   is changed. */
static enum tg_err restore_databases(struct tg_storage *st, const struct tg_config *config,
                                     struct tg_fault *fault)
{
    const struct tg_copied none = { .state = TG_COPIED_NOT };
    struct tg_store *part = NULL;
    enum tg_err err = TG_E_BUG;

    st->path = NULL;
    TG_TRY(tg_store_epoch_raise(st->store));
    for (size_t i = 0; (part = tg_store_part(st->store, i)) != NULL; i++) {
        TG_TRY(part->ops->copy->hold(part));
    }
    for (size_t i = 0; (part = tg_store_part(st->store, i)) != NULL; i++) {
        TG_TRY(tg_copied_put(part, &none));
        TG_TRY(part->ops->restore(part, config->restored, 0));
    }
out:
    if (err != TG_OK) {
        tg_fault_set(fault, err == TG_E_DENIED
                                ? "the store is in use (expected: every relay on it is stopped)"
                                : "the store cannot be written");
    }
    return err;
}

enum tg_err tg_storage_restore(struct tg_storage *st, const struct tg_config *config,
                               const struct tg_log *log, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    /* A seal key that was removed since the copy was made is missed only by what is dropped. */
    enum tg_key_audit_need need =
        config->restored == TG_STORE_RESTORED_DROP ? TG_KEY_AUDIT_NO_OTHER : TG_KEY_AUDIT_ALL;

    st->may_be_copied = true;
    TG_TRY(open_used(st, config, log, fault));
    TG_TRY(refuse_unfinished(st, fault));
    if (has_counter(config)) {
        st->path = config->store_counter;
        TG_TRY(tg_store_counter_open(&st->counter, config->store_counter, st->store, log, fault));
    }
    st->path = config->relay_key;
    /* The next start writes the check of the keys. */
    TG_TRY(verify_keys(st, need, fault));
    TG_TRY(has_counter(config) ? restore_embedded(st, config, fault)
                               : restore_databases(st, config, fault));
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_storage_open_to_upgrade(struct tg_storage *st, const struct tg_config *config,
                                       const struct tg_log *log, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;

    if (config->store_kind == TG_STORE_POSTGRES) {
        tg_fault_set(fault, "a database has the check of its keys (expected: store = lmdb:DIR)");
        return TG_E_UNSUPPORTED;
    }
    TG_TRY(open_used(st, config, log, fault));
    TG_TRY(refuse_copied(st, fault));
    TG_TRY(refuse_copy(st, config, log, fault));
    st->path = config->relay_key;
    err = TG_OK;
out:
    return err;
}

void tg_storage_close(struct tg_storage *st)
{
    if (st->store != NULL) {
        st->store->ops->close(&st->store);
    }
    tg_store_counter_close(&st->counter);
    tg_keyring_wipe(&st->keyring);
}

struct check {
    struct tg_key_audit audit;
    struct tg_copied copied;
    struct tg_copied_look look;
};

/* The audit never ends within the facts. */
static bool check_see(void *ctx, const struct tg_store_seen *seen)
{
    struct check *check = ctx;

    tg_copied_see(&check->look, seen);
    return tg_key_audit_see(&check->audit, seen);
}

/* As the start: a store that a copy has left first, then the keys. */
static enum tg_err check_store(const struct tg_config *config, const struct tg_keyring *keyring,
                               struct tg_fault *fault, const char **path, const char **advice)
{
    enum tg_err err = TG_E_BUG;
    struct check check = { .copied = { .state = TG_COPIED_NOT }, .look = { .out = &check.copied } };

    TG_TRY(tg_key_audit_init(&check.audit, keyring));
    err = tg_store_lmdb_survey(config->store_dir, check_see, &check, fault);
    if (err == TG_E_NOTFOUND) {
        return TG_OK;
    }
    TG_REQUIRE(err == TG_OK, err);
    *path = config->store_dir;
    TG_TRY(tg_copied_seen(&check.look, fault));
    TG_TRY(tg_copied_judge(&check.copied, fault, advice));
    *path = config->relay_key;
    TG_TRY(tg_key_audit_judge(&check.audit, TG_KEY_AUDIT_ALL, fault, advice));
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_storage_check(const struct tg_config *config, struct tg_fault *fault,
                             const char **path, const char **advice)
{
    struct tg_keyring keyring = { .seal_key_count = 0 };
    enum tg_err err = TG_OK;

    if (config->store_kind == TG_STORE_MEMORY || config->relay_key[0] == '\0') {
        return TG_OK;
    }
    *path = config->relay_key;
    if (config->store_kind == TG_STORE_POSTGRES) {
        err = tg_keyfile_read(&keyring, config->relay_key, fault);
        tg_keyring_wipe(&keyring);
        return err == TG_E_NOTFOUND ? TG_OK : err;
    }
    err = tg_keyfile_read(&keyring, config->relay_key, fault);
    if (err == TG_OK) {
        err = check_store(config, &keyring, fault, path, advice);
    } else if (err == TG_E_NOTFOUND) {
        err = TG_OK;
    }
    tg_keyring_wipe(&keyring);
    return err;
}

enum tg_err tg_storage_open_map(struct tg_storage *st, const struct tg_config *config,
                                const struct tg_log *log, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;

    st->counter.fd = -1;
    if (config->store_groups[0] == '\0') {
        tg_fault_set(fault, "there is no map to open (expected: store-groups)");
        return TG_E_UNSUPPORTED;
    }
    TG_TRY(open_groups(st, config, TG_STORE_GROUPS_CHANGE, log, fault));
    st->path = config->store_groups;
    TG_TRY(tg_store_groups_open_map(st->store, config->open_map, fault));
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_storage_migrate(const struct tg_config *config, struct tg_fault *fault)
{
    const struct tg_store_pg_settings settings = pg_settings(config);

    if (config->store_kind != TG_STORE_POSTGRES) {
        tg_fault_set(fault, "there are no tables to make (expected: store = postgresql://…, with "
                            "the owner of the database)");
        return TG_E_UNSUPPORTED;
    }
    if (config->store_groups[0] != '\0') {
        const struct tg_storage none = { .store = NULL };
        const struct tg_store_groups_settings groups = groups_settings(&none, config);

        return tg_store_groups_migrate(&groups, config->migrate_role, fault);
    }
    return tg_store_pg_migrate(&settings, config->migrate_role, fault);
}
