/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/state.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/mem.h"
#include "unit/cli/discard_stderr.h"

#define ID_A "4f2a0000-1111-4222-8333-444444444444"
#define ID_B "4f2b0000-1111-4222-8333-444444444444"

static struct ui ui;
static char home[64];
static char folder[96];

static int make_home(void **state)
{
    (void)state;
    snprintf(home, sizeof(home), "/tmp/tigress-state-XXXXXX");
    if (mkdtemp(home) == NULL) {
        return -1;
    }
    snprintf(folder, sizeof(folder), "%s/tigress", home);
    return setenv("XDG_STATE_HOME", home, 1);
}

static int remove_home(void **state)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    (void)state;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir != NULL) {
        closedir(dir);
    }
    (void)rmdir(folder);
    return rmdir(home);
}

static size_t files_in_folder(void)
{
    DIR *dir = opendir(folder);
    size_t count = 0;
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count;
}

static mode_t mode_of(const char *path)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 0777;
}

static void keep(enum transfer_role role, const char *id, const char *session)
{
    struct transfer t;

    assert_int_equal(state_create(&ui, &t, role, id), CLI_OK);
    t.session = cli_strdup(session);
    t.session_len = strlen(session);
    t.relay = cli_strdup("relay.example");
    t.expires_s = 1893456000;
    t.sending = UINT64_C(0xfedcba9876543210);
    t.is_unread = true;
    assert_int_equal(state_save(&ui, &t), CLI_OK);
    state_release(&t);
}

static enum cli_exit try_load(enum transfer_role role, const char *id)
{
    struct transfer t;
    enum cli_exit exit = state_load(&ui, &t, role, id);

    state_release(&t);
    return exit;
}

/* Without waiting for another process. */
static enum cli_exit try_now(enum transfer_role role, const char *id)
{
    struct transfer t;
    bool found = false;
    enum cli_exit exit = state_load_if_any(&ui, &t, role, id, LOCK_NOW, &found);

    assert_true(exit != CLI_OK || found);
    state_release(&t);
    return exit;
}

static void save_and_load__all_members__come_back(void **state)
{
    struct transfer t;

    (void)state;
    keep(TRANSFER_INITIATOR, ID_A, "session");
    assert_int_equal(state_load(&ui, &t, TRANSFER_ANY_ROLE, ID_A), CLI_OK);
    assert_string_equal(t.id, ID_A);
    assert_int_equal(t.role, TRANSFER_INITIATOR);
    assert_int_equal(t.status, TRANSFER_ACTIVE);
    assert_int_equal(t.session_len, 7);
    assert_memory_equal(t.session, "session", 7);
    assert_string_equal(t.relay, "relay.example");
    assert_null(t.cacert);
    assert_int_equal(t.expires_s, 1893456000);
    assert_true(t.is_unread);
    assert_true(t.sending == UINT64_C(0xfedcba9876543210));
    state_release(&t);
}

static void save__modes__only_the_owner(void **state)
{
    char path[160];

    (void)state;
    keep(TRANSFER_INITIATOR, ID_A, "s");
    snprintf(path, sizeof(path), "%s/initiator-%s.json", folder, ID_A);
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(mode_of(folder), 0700);
}

static void open__folder_open_to_others__is_closed(void **state)
{
    (void)state;
    assert_int_equal(mkdir(folder, 0755), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    keep(TRANSFER_INITIATOR, ID_A, "s");
    assert_int_equal(mode_of(folder), 0700);
}

static void create__never_saved__leaves_no_file(void **state)
{
    struct transfer t;

    (void)state;
    assert_int_equal(state_create(&ui, &t, TRANSFER_INITIATOR, NULL), CLI_OK);
    state_release(&t);
    assert_int_equal(files_in_folder(), 0);
}

static void load__prefix__four_characters_suffice_three_do_not(void **state)
{
    (void)state;
    keep(TRANSFER_INITIATOR, ID_A, "s");
    keep(TRANSFER_INITIATOR, ID_B, "s");
    assert_int_equal(try_load(TRANSFER_ANY_ROLE, "4F2A"), CLI_OK);
    assert_int_equal(try_load(TRANSFER_ANY_ROLE, "4f2a00"), CLI_OK);
    assert_int_equal(try_load(TRANSFER_ANY_ROLE, "4f2"), CLI_REFUSED);
    assert_int_equal(try_load(TRANSFER_ANY_ROLE, "4f2c"), CLI_REFUSED);
    assert_int_equal(try_load(TRANSFER_ANY_ROLE, ID_A "0"), CLI_REFUSED);
    assert_int_equal(try_load(TRANSFER_ANY_ROLE, "../x"), CLI_REFUSED);
}

static void load__both_roles__only_with_the_role(void **state)
{
    (void)state;
    keep(TRANSFER_INITIATOR, ID_A, "s");
    keep(TRANSFER_RECIPIENT, ID_A, "s");
    assert_int_equal(try_load(TRANSFER_ANY_ROLE, "4f2a"), CLI_REFUSED);
    assert_int_equal(try_load(TRANSFER_ANY_ROLE, "recipient:4f2a"), CLI_OK);
    assert_int_equal(try_load(TRANSFER_RECIPIENT, "4f2a"), CLI_OK);
    assert_int_equal(try_load(TRANSFER_RECIPIENT, "initiator:4f2a"), CLI_REFUSED);
}

static void load__in_use__refused_until_released(void **state)
{
    struct transfer holder;

    (void)state;
    keep(TRANSFER_INITIATOR, ID_A, "s");
    assert_int_equal(state_load(&ui, &holder, TRANSFER_ANY_ROLE, ID_A), CLI_OK);
    assert_int_equal(try_now(TRANSFER_INITIATOR, ID_A), CLI_REFUSED);
    state_release(&holder);
    assert_int_equal(try_now(TRANSFER_INITIATOR, ID_A), CLI_OK);
}

static void remove_lock_file(void)
{
    char path[160];

    (void)snprintf(path, sizeof(path), "%s/.initiator-%s.lock", folder, ID_A);
    assert_int_equal(unlink(path), 0);
}

static void lock__its_file_is_removed__taken_again_by_the_holder(void **state)
{
    struct transfer holder;

    (void)state;
    keep(TRANSFER_INITIATOR, ID_A, "s");
    assert_int_equal(state_load(&ui, &holder, TRANSFER_ANY_ROLE, ID_A), CLI_OK);
    remove_lock_file();
    assert_int_equal(state_save(&ui, &holder), CLI_OK);
    assert_int_equal(try_now(TRANSFER_INITIATOR, ID_A), CLI_REFUSED);
    state_release(&holder);
}

static void lock__its_file_is_removed_and_another_has_it__nothing_is_saved(void **state)
{
    struct transfer holder, other;

    (void)state;
    keep(TRANSFER_INITIATOR, ID_A, "s");
    assert_int_equal(state_load(&ui, &holder, TRANSFER_ANY_ROLE, ID_A), CLI_OK);
    remove_lock_file();
    assert_int_equal(state_load(&ui, &other, TRANSFER_ANY_ROLE, ID_A), CLI_OK);
    holder.sent_count = 7;
    assert_int_equal(state_save(&ui, &holder), CLI_REFUSED);
    assert_int_equal(state_save(&ui, &other), CLI_OK);
    state_release(&holder);
    state_release(&other);
    assert_int_equal(state_load(&ui, &other, TRANSFER_ANY_ROLE, ID_A), CLI_OK);
    assert_int_equal(other.sent_count, 0);
    state_release(&other);
}

static void turn__another_waits__the_holder_is_told_and_comes_back(void **state)
{
    struct transfer holder;
    char path[160];
    bool is_back = true;
    int fd;

    (void)state;
    keep(TRANSFER_INITIATOR, ID_A, "s");
    assert_int_equal(state_load(&ui, &holder, TRANSFER_ANY_ROLE, ID_A), CLI_OK);
    assert_false(state_is_wanted(&holder));
    (void)snprintf(path, sizeof(path), "%s/.initiator-%s.turn", folder, ID_A);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_false(state_is_wanted(&holder)); /* the file alone says nothing */
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_true(state_is_wanted(&holder));
    state_step_aside(&holder);
    assert_int_equal(try_now(TRANSFER_INITIATOR, ID_A), CLI_OK);
    assert_int_equal(state_come_back(&ui, &holder, &is_back), CLI_OK);
    assert_false(is_back);
    (void)close(fd);
    assert_int_equal(state_come_back(&ui, &holder, &is_back), CLI_OK);
    assert_true(is_back && holder.session_len == 1);
    assert_int_equal(try_now(TRANSFER_INITIATOR, ID_A), CLI_REFUSED);
    state_release(&holder);
}

static void load__any_byte_changed_or_cut__refused(void **state)
{
    char path[160], text[2048];
    ssize_t len;
    int fd;

    (void)state;
    keep(TRANSFER_INITIATOR, ID_A, "session");
    snprintf(path, sizeof(path), "%s/initiator-%s.json", folder, ID_A);
    fd = open(path, O_RDWR);
    len = read(fd, text, sizeof(text));
    assert_true(len > 100);
    for (ssize_t i = 0; i < len; i++) {
        char wrong = (char)(text[i] ^ 1);

        assert_int_equal(pwrite(fd, &wrong, 1, i), 1);
        assert_int_equal(try_load(TRANSFER_ANY_ROLE, ID_A), CLI_REFUSED);
        assert_int_equal(pwrite(fd, &text[i], 1, i), 1);
    }
    assert_int_equal(try_load(TRANSFER_ANY_ROLE, ID_A), CLI_OK);
    assert_int_equal(ftruncate(fd, len - 1), 0);
    assert_int_equal(try_load(TRANSFER_ANY_ROLE, ID_A), CLI_REFUSED);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(try_load(TRANSFER_ANY_ROLE, ID_A), CLI_REFUSED);
    close(fd);
}

static void load__symbolic_link__not_followed(void **state)
{
    char path[160], other[160];

    (void)state;
    keep(TRANSFER_INITIATOR, ID_A, "s");
    snprintf(path, sizeof(path), "%s/initiator-%s.json", folder, ID_A);
    snprintf(other, sizeof(other), "%s/elsewhere", folder);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink(other, path), 0);
    assert_int_equal(try_load(TRANSFER_ANY_ROLE, ID_A), CLI_REFUSED);
}

static void adopt_id__temporary_identifier__is_replaced_and_stays_locked(void **state)
{
    struct transfer t;

    (void)state;
    assert_int_equal(state_create(&ui, &t, TRANSFER_INITIATOR, NULL), CLI_OK);
    assert_int_equal(t.status, TRANSFER_PENDING);
    assert_int_equal(state_save(&ui, &t), CLI_OK);
    assert_int_equal(state_adopt_id(&ui, &t, ID_A), CLI_OK);
    assert_string_equal(t.id, ID_A);
    assert_int_equal(t.status, TRANSFER_ACTIVE);
    assert_int_equal(try_now(TRANSFER_INITIATOR, ID_A), CLI_REFUSED);
    state_release(&t);
    assert_int_equal(try_load(TRANSFER_ANY_ROLE, ID_A), CLI_OK);
    assert_int_equal(files_in_folder(), 2); /* the file and its lock */
}

static void end__session__is_no_longer_in_the_file(void **state)
{
    struct transfer t;

    (void)state;
    keep(TRANSFER_INITIATOR, ID_A, "session");
    assert_int_equal(state_load(&ui, &t, TRANSFER_ANY_ROLE, ID_A), CLI_OK);
    assert_int_equal(state_end(&ui, &t, TRANSFER_COMPLETED), CLI_OK);
    state_release(&t);
    assert_int_equal(state_load(&ui, &t, TRANSFER_ANY_ROLE, ID_A), CLI_OK);
    assert_int_equal(t.status, TRANSFER_COMPLETED);
    assert_null(t.session);
    assert_false(t.is_unread);
    state_release(&t);
}

static void remove__transfer__leaves_no_file(void **state)
{
    struct transfer t;

    (void)state;
    keep(TRANSFER_RECIPIENT, ID_A, "s");
    assert_int_equal(state_load(&ui, &t, TRANSFER_ANY_ROLE, ID_A), CLI_OK);
    assert_int_equal(state_remove(&ui, &t), CLI_OK);
    state_release(&t);
    assert_int_equal(files_in_folder(), 0);
}

static void list__a_damaged_file_among_others__skipped(void **state)
{
    struct transfer *list = NULL;
    size_t count = 0;
    char path[160];

    (void)state;
    keep(TRANSFER_INITIATOR, ID_A, "s");
    keep(TRANSFER_RECIPIENT, ID_B, "s");
    snprintf(path, sizeof(path), "%s/initiator-%s.json", folder, ID_A);
    assert_int_equal(truncate(path, 10), 0);
    assert_int_equal(state_list(&ui, &list, &count), CLI_OK);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].id, ID_B);
    state_list_free(list, count);
}

static void open__no_home__refused(void **state)
{
    struct transfer t;
    char *saved = getenv("HOME") == NULL ? NULL : strdup(getenv("HOME"));

    (void)state;
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", "relative", 1);
    assert_int_equal(state_create(&ui, &t, TRANSFER_INITIATOR, NULL), CLI_REFUSED);
    state_release(&t);
    if (saved != NULL) {
        setenv("HOME", saved, 1);
        free(saved);
    }
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, make_home, remove_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(save_and_load__all_members__come_back),
        CASE(save__modes__only_the_owner),
        CASE(open__folder_open_to_others__is_closed),
        CASE(create__never_saved__leaves_no_file),
        CASE(load__prefix__four_characters_suffice_three_do_not),
        CASE(load__both_roles__only_with_the_role),
        CASE(load__in_use__refused_until_released),
        CASE(lock__its_file_is_removed__taken_again_by_the_holder),
        CASE(lock__its_file_is_removed_and_another_has_it__nothing_is_saved),
        CASE(turn__another_waits__the_holder_is_told_and_comes_back),
        CASE(load__any_byte_changed_or_cut__refused),
        CASE(load__symbolic_link__not_followed),
        CASE(adopt_id__temporary_identifier__is_replaced_and_stays_locked),
        CASE(end__session__is_no_longer_in_the_file),
        CASE(remove__transfer__leaves_no_file),
        CASE(list__a_damaged_file_among_others__skipped),
        CASE(open__no_home__refused),
    };

    return discard_stderr() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
