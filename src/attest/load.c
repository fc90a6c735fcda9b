/* SPDX-License-Identifier: Apache-2.0 */
/* The only file of attest/ that reads files: the roots and the revocation list. */
#include "attest/attest.h"

#include "attest/formats.h"
#include "base/buf.h"
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ROOTS_MAX (256u * 1024u)
#define REVOKED_MAX (4u * 1024u * 1024u)
#define PATH_MAX_LEN 4096u
#define CHUNK_LEN 2048u

static enum tg_err read_all(struct tg_buf *out, FILE *file)
{
    uint8_t chunk[CHUNK_LEN];
    size_t got = 0;

    do {
        got = fread(chunk, 1, sizeof(chunk), file);
        tg_buf_append(out, tg_bytes(chunk, got));
    } while (got == sizeof(chunk) && tg_buf_status(out) == TG_OK);
    return ferror(file) != 0 ? TG_E_IO : tg_buf_status(out);
}

static enum tg_err read_file(struct tg_buf *out, const char *path, struct tg_fault *fault)
{
    int fd = tg_file_open(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "rb");
    enum tg_err err = file == NULL ? TG_E_IO : read_all(out, file);

    if (err != TG_OK) {
        tg_fault_set(fault, "%s: %s (expected: a regular file of at most %zu bytes)", path,
                     err == TG_E_IO ? strerror(errno) : "too large", out->max);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return err;
}

static enum tg_err read_roots(struct tg_buf *out, const char *dir, const char *format,
                              struct tg_fault *fault)
{
    struct tg_buf path;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&path, PATH_MAX_LEN);
    tg_buf_append_str(&path, dir == NULL ? "" : dir);
    tg_buf_append_str(&path, "/");
    tg_buf_append_str(&path, format);
    tg_buf_append_str(&path, ".pem");
    (void)tg_buf_cstr(&path);
    TG_TRY(tg_buf_status(&path));
    TG_TRY(read_file(out, tg_buf_cstr(&path), fault));
out:
    tg_buf_deinit(&path);
    return err;
}

static enum tg_err read_all_roots(struct tg_buf files[TG_ATTEST_FORMAT_COUNT],
                                  const struct tg_attest_settings *settings, struct tg_fault *fault)
{
    enum tg_err err = TG_OK;

    for (unsigned i = 0; err == TG_OK && i < TG_ATTEST_FORMAT_COUNT; i++) {
        const struct tg_attest_row *row = tg_attest_row((enum tg_attest_format)i);

        if ((settings->formats & (1u << i)) != 0 && row->needs_roots) {
            err = read_roots(&files[i], settings->roots_dir, row->name, fault);
        }
    }
    return err;
}

enum tg_err tg_attest_policy_load(struct tg_attest_policy **out,
                                  const struct tg_attest_settings *settings, struct tg_fault *fault)
{
    struct tg_buf files[TG_ATTEST_FORMAT_COUNT];
    struct tg_bytes roots[TG_ATTEST_FORMAT_COUNT];
    struct tg_buf revoked;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&revoked, REVOKED_MAX);
    for (size_t i = 0; i < TG_ATTEST_FORMAT_COUNT; i++) {
        tg_buf_init(&files[i], ROOTS_MAX);
    }
    TG_TRY(read_all_roots(files, settings, fault));
    if (settings->revoked != NULL && settings->revoked[0] != '\0') {
        TG_TRY(read_file(&revoked, settings->revoked, fault));
    }
    for (size_t i = 0; i < TG_ATTEST_FORMAT_COUNT; i++) {
        roots[i] = tg_buf_view(&files[i]);
    }
    TG_TRY(tg_attest_policy_new(out, settings, roots, tg_buf_view(&revoked), fault));
out:
    for (size_t i = 0; i < TG_ATTEST_FORMAT_COUNT; i++) {
        tg_buf_deinit(&files[i]);
    }
    tg_buf_deinit(&revoked);
    return err;
}
