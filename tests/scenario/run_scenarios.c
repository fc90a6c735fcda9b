/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every *.scn of a folder on the relay core, each with a new relay, and once more with a store
 * that runs each change several times. README.md describes the scripts. A folder without scripts,
 * and a script without requests, is a failure.
 */
#include "script.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 128u

/* A line that ends with a backslash continues on the next line. */
static bool read_line(struct script *s, FILE *file, char *line)
{
    size_t len = 0;

    line[0] = '\0';
    while (fgets(line + len, (int)(LINE_MAX_BYTES - len), file) != NULL) {
        s->line_no++;
        len = strcspn(line, "\n");
        line[len] = '\0';
        if (len == 0 || line[len - 1] != '\\') {
            return true;
        }
        line[--len] = '\0';
    }
    return len > 0;
}

static bool run_script(const char *folder, const char *path, enum fake_store_runs runs)
{
    static struct script s;
    static char line[LINE_MAX_BYTES];
    FILE *file = fopen(path, "rb");
    volatile bool is_good = false;

    memset(&s, 0, sizeof(s));
    s.folder = folder;
    s.file = path;
    if (file == NULL) {
        perror(path);
        return false;
    }
    world_init_with(&s.world, runs);
    standing_world_init(&s.standing, &s.world);
    if (setjmp(s.failed) == 0) {
        while (read_line(&s, file, line)) {
            script_split(&s, line);
            if (s.word_count > 0) {
                script_run_line(&s);
            }
            script_drop_words(&s);
        }
        if (s.request_count == 0) {
            script_fail(&s, "a script without requests proves nothing");
        }
        is_good = true;
    }
    (void)fclose(file);
    script_drop_words(&s);
    standing_world_deinit(&s.standing);
    world_deinit(&s.world);
    for (size_t i = 0; i < s.var_count; i++) {
        free(s.vars[i].value);
    }
    printf("%s %s%s\n", is_good ? "ok    " : "FAILED", path,
           runs == FAKE_STORE_RUNS_AGAIN ? ", each change run again" : "");
    return is_good;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
    const char *folder = SCENARIO_FOLDER;
    char *paths[FILES_MAX];
    size_t count = 0, bad_count = 0;
    DIR *dir = opendir(folder);
    struct dirent *entry = NULL;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name);

        if (len > 4 && strcmp(entry->d_name + len - 4, ".scn") == 0 && count < FILES_MAX &&
            (argc < 2 || strstr(entry->d_name, argv[1]) != NULL)) {
            if (asprintf(&paths[count], "%s/%s", folder, entry->d_name) > 0) {
                count++;
            }
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    qsort(paths, count, sizeof(paths[0]), by_name);
    for (size_t i = 0; i < count; i++) {
        bad_count += run_script(folder, paths[i], FAKE_STORE_RUNS_ONCE) ? 0 : 1;
        bad_count += run_script(folder, paths[i], FAKE_STORE_RUNS_AGAIN) ? 0 : 1;
        free(paths[i]);
    }
    printf("%zu scripts, %zu failed\n", count, bad_count);
    return count > 0 && bad_count == 0 ? 0 : 1;
}
