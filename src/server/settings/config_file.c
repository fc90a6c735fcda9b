/* SPDX-License-Identifier: Apache-2.0 */
#include "server/settings/config_file.h"

#include "base/file.h"
#include "server/settings/config_member.h"

#include <errno.h>
#include <ini.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4400 /* the longest list of hosts, its name and a comment */

struct file_reader {
    struct tg_config_load_state *state;
    struct tg_bytes rest;
    unsigned line; /* the last line that inih got, from 1 */
};

static void line_fault(struct file_reader *r, unsigned line, const char *what)
{
    struct tg_config_load_state *state = r->state;

    state->fault_count++;
    tg_buf_append_str(state->text, "tigressd: ");
    tg_buf_append_str(state->text, state->file);
    tg_buf_append_u8(state->text, ':');
    tg_buf_append_dec(state->text, line);
    tg_buf_append_str(state->text, ": ");
    tg_buf_append_str(state->text, what);
    tg_buf_append_u8(state->text, '\n');
}

/* Gives inih one line. Indentation is removed, because inih reads an indented line as the
   continuation of a value. */
static char *next_line(char *dst, int cap, void *ctx)
{
    struct file_reader *r = ctx;
    struct tg_bytes line = { 0 };

    if (r->rest.len == 0) {
        return NULL;
    }
    line = tg_bytes_first(r->rest, tg_bytes_find(r->rest, '\n'));
    r->rest = tg_bytes_from(r->rest, line.len + 1);
    r->line++;
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
        line.len--;
    }
    line = tg_bytes_trim(line);
    if (tg_config_copy(dst, (size_t)cap, line) != TG_OK) {
        line_fault(r, r->line, "line too long (expected: NAME = VALUE)");
        dst[0] = '\0';
    }
    return dst;
}

static int found(void *ctx, const char *section, const char *name, const char *value)
{
    struct file_reader *r = ctx;
    struct tg_setting_origin origin = { .from = TG_FROM_FILE, .line = r->line };
    enum tg_setting_id id = tg_setting_find(tg_bytes_str(name));

    (void)section;
    if (id == TG_SET_COUNT) {
        tg_config_unknown(r->state, origin, tg_bytes_str(name));
    } else if (r->state->origins[id].from == TG_FROM_FILE &&
               tg_settings[id].type != TG_SETTING_APPS) {
        unsigned first = r->state->origins[id].line;

        r->state->origins[id] = origin;
        tg_config_fault(r->state, id, "set twice in this file (expected: once)");
        r->state->origins[id].line = first;
    } else {
        tg_config_set(r->state, id, origin, tg_bytes_str(value));
    }
    return 1;
}

static void parse(struct tg_config_load_state *state, struct tg_bytes text)
{
    struct file_reader r = { .state = state, .rest = text };
    int bad_line = 0;

    if (tg_bytes_find(text, '\0') < text.len) {
        tg_config_fault_text(state, "--config: the file is not text");
        return;
    }
    /* Debian's inih reads its limits from these variables. Its default is 200 bytes a line. */
    ini_use_stack = false;
    ini_initial_alloc = LINE_MAX_BYTES;
    ini_max_line = LINE_MAX_BYTES;
    bad_line = ini_parse_stream(next_line, &r, found, &r);
    if (bad_line > 0) {
        line_fault(&r, (unsigned)bad_line, "not a setting (expected: NAME = VALUE or [SECTION])");
    } else if (bad_line < 0) {
        tg_config_fault_text(state, "--config: out of memory");
    }
}

enum tg_err tg_config_read_all(struct tg_buf *out, int fd)
{
    uint8_t chunk[2048];
    ssize_t got = 0;

    do {
        got = read(fd, chunk, sizeof(chunk));
        if (got > 0) {
            tg_buf_append(out, tg_bytes(chunk, (size_t)got));
        }
    } while ((got > 0 && tg_buf_status(out) == TG_OK) || (got < 0 && errno == EINTR));
    return got < 0 ? TG_E_IO : tg_buf_status(out);
}

void tg_config_read_file(struct tg_config_load_state *state)
{
    struct tg_buf text = { 0 };
    enum tg_err err = TG_E_BUG;
    int fd = tg_file_open(state->file);

    if (fd < 0) {
        tg_config_fault_file(state, TG_SET_COUNT, state->file, "cannot be opened",
                             "a regular file of settings");
        return;
    }
    tg_buf_init(&text, TG_CONFIG_FILE_MAX);
    err = tg_config_read_all(&text, fd);
    if (err == TG_OK) {
        parse(state, tg_buf_view(&text));
    } else if (err == TG_E_IO) {
        tg_config_fault_file(state, TG_SET_COUNT, state->file, "cannot be read",
                             "a regular file of settings");
    } else {
        tg_config_fault_text(
            state, err == TG_E_LIMIT ? "--config: the file is too large (expected: at most 128KiB)"
                                     : "--config: out of memory");
    }
    (void)close(fd);
    tg_buf_deinit(&text);
}
