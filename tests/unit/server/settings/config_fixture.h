/* SPDX-License-Identifier: Apache-2.0 */
/* Runs tg_config_load on a command line, with or without a file. */
#ifndef TG_TESTS_CONFIG_FIXTURE_H
#define TG_TESTS_CONFIG_FIXTURE_H

#include "support/c/unit.h"

#include "base/mem.h"
#include "server/settings/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIXTURE_ARGS_MAX 40
#define TEXT_MAX 65536u

struct fixture {
    char dir[64];
    char conf[128]; /* a path in dir */
    char pem[128];  /* a readable file in dir */
    struct tg_config *config;
    struct tg_buf text;
    struct tg_config_env env;
    char words[FIXTURE_ARGS_MAX][256];
};

static inline int fixture_setup(void **state)
{
    struct fixture *f = tg_mem_calloc(1, sizeof(*f));

    assert_non_null(f);
    (void)snprintf(f->dir, sizeof(f->dir), "/tmp/tigress-config-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->conf, sizeof(f->conf), "%s/tigressd.conf", f->dir);
    (void)snprintf(f->pem, sizeof(f->pem), "%s/some.pem", f->dir);
    write_file(f->pem, "x", 1, 0600);
    f->env = (struct tg_config_env){ .home = "/home/someone", .core_count = 3 };
    tg_buf_init(&f->text, TEXT_MAX);
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;

    tg_config_free(&f->config);
    tg_buf_deinit(&f->text);
    (void)unlink(f->conf);
    (void)unlink(f->pem);
    (void)rmdir(f->dir);
    tg_mem_free(f);
    return 0;
}

/* Runs the words of line, split at single spaces; %C stands for the configuration file, %P for a
   readable PEM file. */
static inline enum tg_config_action run(struct fixture *f, const char *line)
{
    char *argv[FIXTURE_ARGS_MAX + 1] = { f->words[0] };
    int argc = 1;
    size_t len = 0;

    (void)snprintf(f->words[0], sizeof(f->words[0]), "tigressd");
    tg_config_free(&f->config);
    tg_buf_clear(&f->text);
    while (line[0] != '\0') {
        len = strcspn(line, " ");
        assert_true(argc < FIXTURE_ARGS_MAX && len < sizeof(f->words[0]));
        (void)snprintf(f->words[argc], sizeof(f->words[argc]), "%.*s", (int)len, line);
        if (strcmp(f->words[argc], "%C") == 0) {
            (void)snprintf(f->words[argc], sizeof(f->words[argc]), "%s", f->conf);
        } else if (strcmp(f->words[argc], "%P") == 0) {
            (void)snprintf(f->words[argc], sizeof(f->words[argc]), "%s", f->pem);
        }
        argv[argc] = f->words[argc];
        argc++;
        line += len + (line[len] == ' ' ? 1 : 0);
    }
    argv[argc] = NULL;
    return tg_config_load(&f->config, argc, argv, &f->env, &f->text);
}

/* The same with a file. */
static inline enum tg_config_action run_file(struct fixture *f, const char *file, const char *line)
{
    char full[1024];

    write_file(f->conf, file, strlen(file), 0600);
    (void)snprintf(full, sizeof(full), "--config %%C%s%s", line[0] != '\0' ? " " : "", line);
    return run(f, full);
}

static inline void assert_says(struct fixture *f, const char *part)
{
    const char *text = tg_buf_cstr(&f->text);

    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is not in: %s", part, text);
    }
}

/* Refused without a result, and the text contains part. */
static inline void assert_bad(struct fixture *f, const char *line, const char *part)
{
    assert_int_equal(run(f, line), TG_CONFIG_BAD);
    assert_null(f->config);
    assert_says(f, part);
}

static inline void assert_runs(struct fixture *f, const char *line)
{
    if (run(f, line) != TG_CONFIG_RUN) {
        fail_msg("refused: %s", tg_buf_cstr(&f->text));
    }
    assert_non_null(f->config);
    assert_int_equal(f->text.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#endif
