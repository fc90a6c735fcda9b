/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/state_dir.h"

#include "cli/mem.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MAX 1024

void state_file_name(char name[STATE_NAME_MAX], enum transfer_role role, const char *id)
{
    snprintf(name, STATE_NAME_MAX, "%s-%s.json", transfer_role_name(role), id);
}

void state_lock_name(char name[STATE_NAME_MAX], enum transfer_role role, const char *id)
{
    snprintf(name, STATE_NAME_MAX, ".%s-%s.lock", transfer_role_name(role), id);
}

enum cli_exit state_random_id(struct ui *ui, char id[TRANSFER_ID_LEN + 1])
{
    unsigned char b[16];

    if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b)) {
        return ui_fail(ui, CLI_REFUSED, "random", "the system returned no random bytes.");
    }
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(id, TRANSFER_ID_LEN + 1,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
    return CLI_OK;
}

/* XDG requires that a relative XDG_STATE_HOME is ignored. */
static bool folder_path(char path[FOLDER_MAX])
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int len;

    if (state != NULL && state[0] == '/') {
        len = snprintf(path, FOLDER_MAX, "%s/tigress", state);
    } else if (home != NULL && home[0] == '/') {
        len = snprintf(path, FOLDER_MAX, "%s/.local/state/tigress", home);
    } else {
        return false;
    }
    return len > 0 && len < FOLDER_MAX;
}

bool state_dir_make(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            return false;
        }
        *slash = '/';
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

enum cli_exit state_dir_open(struct ui *ui, int *fd)
{
    char path[FOLDER_MAX];
    struct stat info;

    if (!folder_path(path)) {
        return ui_fail(ui, CLI_REFUSED, "state",
                       "there is no state folder: set HOME or XDG_STATE_HOME to an absolute path.");
    }
    if (!state_dir_make(path) ||
        (*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) < 0) {
        return ui_fail(ui, CLI_REFUSED, "state", "the state folder %s cannot be opened: %s.", path,
                       strerror(errno));
    }
    if (fstat(*fd, &info) != 0 || info.st_uid != geteuid()) {
        return ui_fail(ui, CLI_REFUSED, "state", "the state folder %s belongs to another user.",
                       path);
    }
    if ((info.st_mode & 077) != 0 && fchmod(*fd, 0700) != 0) {
        return ui_fail(ui, CLI_REFUSED, "state",
                       "other users have access to the state folder %s; run chmod 700 on it.",
                       path);
    }
    return CLI_OK;
}

bool state_dir_has(int dir_fd, enum transfer_role role, const char *id)
{
    char name[STATE_NAME_MAX];
    struct stat info;

    state_file_name(name, role, id);
    return fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Splits ROLE-UUID.json; false for any other file. */
static bool split_name(const char *name, enum transfer_role *role, char id[TRANSFER_ID_LEN + 1])
{
    for (enum transfer_role r = TRANSFER_INITIATOR; r < TRANSFER_ANY_ROLE; r++) {
        size_t len = strlen(transfer_role_name(r));

        if (strncmp(name, transfer_role_name(r), len) == 0 && name[len] == '-' &&
            strlen(name) == len + 1 + TRANSFER_ID_LEN + 5 &&
            strcmp(name + len + 1 + TRANSFER_ID_LEN, ".json") == 0) {
            snprintf(id, TRANSFER_ID_LEN + 1, "%s", name + len + 1);
            *role = r;
            return transfer_is_uuid(id);
        }
    }
    return false;
}

/* Splits the names of the files that a process leaves beside ROLE-UUID.json when it is killed. */
static bool split_left(const char *name, enum transfer_role *role, char id[TRANSFER_ID_LEN + 1])
{
    static const char *const ends[] = { ".lock", ".turn", ".json.new" };
    char whole[STATE_NAME_MAX];

    for (size_t i = 0; name[0] == '.' && i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t len = strlen(name + 1), end_len = strlen(ends[i]);

        if (len > end_len && len + 8 < sizeof(whole) &&
            strcmp(name + 1 + len - end_len, ends[i]) == 0) {
            snprintf(whole, sizeof(whole), "%.*s.json", (int)(len - end_len), name + 1);
            return split_name(whole, role, id);
        }
    }
    return false;
}

typedef bool split_fn(const char *name, enum transfer_role *role, char id[TRANSFER_ID_LEN + 1]);

static enum cli_exit list_names(struct ui *ui, int dir_fd, struct state_names *names,
                                split_fn *split)
{
    int copy = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *entry;

    names->count = 0;
    names->entry = cli_alloc(STATE_LIST_MAX * sizeof(names->entry[0]));
    if (dir == NULL || names->entry == NULL) {
        if (dir != NULL) {
            closedir(dir);
        } else if (copy >= 0) {
            close(copy);
        }
        cli_free(names->entry);
        names->entry = NULL;
        return ui_fail(ui, CLI_REFUSED, "state", "the state folder cannot be read.");
    }
    rewinddir(dir); /* the copy shares its position with dir_fd */
    while (names->count < STATE_LIST_MAX && (entry = readdir(dir)) != NULL) {
        if (split(entry->d_name, &names->entry[names->count].role, names->entry[names->count].id)) {
            names->count++;
        }
    }
    closedir(dir);
    return CLI_OK;
}

enum cli_exit state_dir_names(struct ui *ui, int dir_fd, struct state_names *names)
{
    return list_names(ui, dir_fd, names, split_name);
}

enum cli_exit state_dir_left(struct ui *ui, int dir_fd, struct state_names *names)
{
    return list_names(ui, dir_fd, names, split_left);
}

void state_dir_remove_new(int dir_fd, enum transfer_role role, const char *id)
{
    char name[STATE_NAME_MAX], beside[STATE_NAME_MAX + 8];

    state_file_name(name, role, id);
    snprintf(beside, sizeof(beside), ".%s.new", name);
    (void)unlinkat(dir_fd, beside, 0);
}

/* "initiator:4f2a" sets the role and returns "4f2a". */
static const char *strip_role(const char *text, enum transfer_role *role)
{
    for (enum transfer_role r = TRANSFER_INITIATOR; r < TRANSFER_ANY_ROLE; r++) {
        size_t len = strlen(transfer_role_name(r));

        if (strncmp(text, transfer_role_name(r), len) == 0 && text[len] == ':' &&
            (*role == TRANSFER_ANY_ROLE || *role == r)) {
            *role = r;
            return text + len + 1;
        }
    }
    return text;
}

static enum cli_exit no_match(struct ui *ui, enum transfer_role role, size_t hits,
                              bool is_both_roles)
{
    if (hits == 0) {
        return ui_fail(
            ui, CLI_REFUSED, "unknown-transfer",
            "there is no transfer with this identifier%s%s; 'tigress status' lists your transfers.",
            role == TRANSFER_ANY_ROLE ? "" : " in which you are the ", transfer_role_name(role));
    }
    if (is_both_roles) {
        return ui_fail(ui, CLI_REFUSED, "ambiguous",
                       "both sides of this transfer are on this machine: put 'initiator:' or "
                       "'recipient:' before the identifier.");
    }
    return ui_fail(ui, CLI_REFUSED, "ambiguous",
                   "%zu transfers have identifiers that begin like this: give more characters.",
                   hits);
}

enum cli_exit state_dir_find(struct ui *ui, int dir_fd, enum transfer_role role, const char *text,
                             enum transfer_role *found_role, char found_id[TRANSFER_ID_LEN + 1])
{
    struct state_names names = { 0 };
    char wanted[TRANSFER_ID_LEN + 1] = "";
    size_t len, hits = 0, same_id = 0;
    enum cli_exit exit;

    text = strip_role(text, &role);
    len = strlen(text);
    if (len < STATE_PREFIX_MIN || len > TRANSFER_ID_LEN ||
        strspn(text, "0123456789abcdefABCDEF-") != len) {
        return ui_fail(ui, CLI_REFUSED, "unknown-transfer",
                       "this is not the identifier of a transfer: expected a UUID or at least its "
                       "first %u characters, as 'tigress status' shows them.",
                       STATE_PREFIX_MIN);
    }
    for (size_t i = 0; i < len; i++) {
        wanted[i] = (char)tolower((unsigned char)text[i]);
    }
    exit = state_dir_names(ui, dir_fd, &names);
    for (size_t i = 0; exit == CLI_OK && i < names.count; i++) {
        if ((role == TRANSFER_ANY_ROLE || names.entry[i].role == role) &&
            strncmp(names.entry[i].id, wanted, len) == 0) {
            same_id += hits > 0 && strcmp(found_id, names.entry[i].id) == 0;
            *found_role = names.entry[i].role;
            memcpy(found_id, names.entry[i].id, TRANSFER_ID_LEN + 1);
            hits++;
        }
    }
    cli_free(names.entry);
    if (exit == CLI_OK && hits != 1) {
        exit = no_match(ui, role, hits, hits == 2 && same_id == 1);
    }
    return exit;
}
