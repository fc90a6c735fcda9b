/* SPDX-License-Identifier: Apache-2.0 */
/* A script while it runs: its words and variables, and what its lines share. README.md describes
 * the scripts. */
#ifndef TG_TESTS_SCRIPT_H
#define TG_TESTS_SCRIPT_H

#include "standing_world.h"

#include <setjmp.h>

#define LINE_MAX_BYTES 3000u
#define WORD_MAX 90000u
#define WORDS_MAX 48u
#define NAME_MAX_BYTES 32u
#define VARS_MAX 48u

struct variable {
    char name[NAME_MAX_BYTES];
    char *value;
};

struct script {
    const char *folder;
    const char *file;
    unsigned line_no;
    size_t request_count;
    struct world world;
    struct standing_world standing;
    struct variable vars[VARS_MAX];
    size_t var_count;
    char *words[WORDS_MAX];
    size_t word_count;
    struct world_slot *polls[WORLD_SLOTS];
    char poll_names[WORLD_SLOTS][NAME_MAX_BYTES];
    size_t notified_before, writes_before, queued_before;
    jmp_buf failed;
};

/* Reports the line and ends the script. */
void script_fail(struct script *s, const char *fmt, ...) __attribute__((noreturn)) TG_PRINTF(2, 3);

/* ---- words and variables -------------------------------------------------------------------- */

void script_set(struct script *s, const char *name, const char *value);
/* $A to $Z are device claims; they need no declaration. claim holds the value of such a one. */
const char *script_get(struct script *s, const char *name, char claim[40]);
/* The line as s->words, with the variables replaced. */
void script_split(struct script *s, const char *line);
void script_drop_words(struct script *s);
/* The text behind prefix, or NULL. */
const char *word_after(const char *word, const char *prefix);

/* ---- expectations --------------------------------------------------------------------------- */

void check_equal(struct script *s, const char *what, const char *got, const char *want);
void check_count(struct script *s, const char *what, size_t got, const char *want);
/* words[from] is "->". */
void check_answer(struct script *s, struct world_slot *slot, size_t from);

/* ---- requests ------------------------------------------------------------------------------- */

struct request {
    struct tg_http_header headers[WORLD_HEADERS_MAX];
    size_t header_count;
    char *body;
    size_t body_len;
    const char *type;
    const char *name;
    bool is_oversize;
    char claim[40];
};

/* One word of a request line, or of another line that describes a request. */
void take_request_word(struct script *s, struct request *r, const char *word);

/* ---- lines ---------------------------------------------------------------------------------- */

/* Runs s->words. */
void script_run_line(struct script *s);

void do_standing(struct script *s);
void do_attest(struct script *s);
void do_token(struct script *s);
void do_judged(struct script *s);
void do_verified(struct script *s);

#endif
