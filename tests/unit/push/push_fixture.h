/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the tests of push/: key files, a deterministic random source, views. */
#ifndef TESTS_UNIT_PUSH_FIXTURE_H
#define TESTS_UNIT_PUSH_FIXTURE_H

#include "support/c/unit.h"

#include "base/b64.h"
#include "push/provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW 1900000000 /* 2030-03-17 */

/* Writes text to a new file with this mode and returns its path. The caller unlinks it. */
static inline char *write_new_file(char path[64], const char *text, size_t len, mode_t mode)
{
    int fd = -1;

    (void)snprintf(path, 64, "/tmp/tigress-push-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    write_file(path, text, len, mode);
    return path;
}

/* The value of a header of the request. Fails the test unless the header occurs exactly once. */
static inline const char *header_of(struct tg_push_request *request, const char *name)
{
    const char *found = NULL;
    size_t len = strlen(name);

    for (size_t i = 0; i < request->header_count; i++) {
        const char *line = tg_buf_cstr(&request->headers[i]);

        if (strncmp(line, name, len) == 0 && line[len] == ':') {
            assert_null(found);
            assert_int_equal(line[len + 1], ' ');
            found = line + len + 2;
        }
    }
    assert_non_null(found);
    return found;
}

/* Part 0 or 1 of a compact JWS, decoded. */
static inline const char *jws_part(struct tg_buf *out, const char *jws, int part)
{
    for (; part > 0; part--) {
        jws = strchr(jws, '.') + 1;
    }
    tg_buf_init(out, 4096);
    assert_int_equal(tg_b64_decode(out, tg_bytes(jws, strcspn(jws, ".")), TG_B64_URL), TG_OK);
    return tg_buf_cstr(out);
}

static inline enum tg_err fill_counting(void *ctx, uint8_t *out, size_t len)
{
    uint8_t *next = ctx;

    for (size_t i = 0; i < len; i++) {
        out[i] = (*next)++;
    }
    return TG_OK;
}

#endif
