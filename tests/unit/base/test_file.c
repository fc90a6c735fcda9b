/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct scene {
    char folder[64], file[80], link[80], fifo[80];
};

static int setup(void **state)
{
    static struct scene s;
    FILE *made = NULL;

    (void)snprintf(s.folder, sizeof(s.folder), "/tmp/tg-file-XXXXXX");
    assert_non_null(mkdtemp(s.folder));
    (void)snprintf(s.file, sizeof(s.file), "%s/file", s.folder);
    (void)snprintf(s.link, sizeof(s.link), "%s/link", s.folder);
    (void)snprintf(s.fifo, sizeof(s.fifo), "%s/fifo", s.folder);
    made = fopen(s.file, "w");
    assert_non_null(made);
    assert_int_equal(fclose(made), 0);
    assert_int_equal(symlink("file", s.link), 0);
    assert_int_equal(mkfifo(s.fifo, 0600), 0);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    (void)unlink(s->fifo);
    (void)unlink(s->link);
    (void)unlink(s->file);
    return rmdir(s->folder);
}

static void file_open__regular_file_or_link_to_one__opened(void **state)
{
    struct scene *s = *state;
    int fd = tg_file_open(s->file);
    int linked = tg_file_open(s->link);

    assert_true(fd >= 0 && linked >= 0);
    (void)close(fd);
    (void)close(linked);
}

/* An open that waits for the writer of the FIFO would not return. */
static void file_open__anything_else__refused_at_once(void **state)
{
    struct scene *s = *state;

    assert_int_equal(tg_file_open(s->fifo), -1);
    assert_int_equal(errno, ENOTSUP);
    assert_int_equal(tg_file_open("/dev/null"), -1);
    assert_int_equal(errno, ENOTSUP);
    assert_int_equal(tg_file_open(s->folder), -1);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(tg_file_open("/nonexistent/file"), -1);
    assert_int_equal(errno, ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(file_open__regular_file_or_link_to_one__opened, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(file_open__anything_else__refused_at_once, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
