/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/ui.h - the output of the tool: sentences, JSON results, and the question to the user.
 * Layer: L4.      Threads: one.      Blocks: ui_confirm does.
 * Secrets: only the share URL and the PIN, from the commands that print them.
 */
#ifndef TG_CLI_UI_H
#define TG_CLI_UI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Also the exit codes of the process, and fixed: scripts rely on them. */
enum cli_exit {
    CLI_OK = 0,
    CLI_REFUSED = 1, /* by the relay, the other side, the user, or this machine */
    CLI_USAGE = 2,
    CLI_NETWORK = 3,
    CLI_GONE = 4,         /* the relay has no such transfer */
    CLI_COMPLETED = 5,    /* the other side completed it: there is nothing left to do */
    CLI_DECLINED = 6,     /* the receiver declined it */
    CLI_CANCELLED = 7,    /* the sender cancelled it */
    CLI_WITHDRAWN = 8,    /* this side withdrew it before */
    CLI_OPENED = 9,       /* this side withdraws it, but a device had opened it, or may have */
    CLI_UNCONFIRMED = 10, /* the relay reports an end, and nothing proves which */
    CLI_EXPIRED = 11
};

struct ui {
    bool is_json;     /* one JSON object on standard output, also for an error */
    bool is_verbose;  /* one line on standard error for each request */
    bool has_result;  /* the object is printed: an error after it is only a sentence */
    bool is_silent;   /* prints no sentence: the caller only needs the exit code */
    bool is_progress; /* a line of progress is on the screen and has to be cleared */
};

/*
 * Reports why a command ends: a sentence on standard error, with --json also the object
 * {"error":{"code","message"}} on standard output. code is a short word in kebab-case for scripts.
 * Returns exit, so that a caller can write return ui_fail(...).
 */
enum cli_exit ui_fail(struct ui *ui, enum cli_exit exit, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Prints a sentence on standard error. */
void ui_info(struct ui *ui, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Replaces the line of progress; nothing unless standard error is a terminal. */
void ui_progress(struct ui *ui, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ui_progress_end(struct ui *ui);

/* Prints the result of a command and releases it. NULL: out of memory. */
enum cli_exit ui_result_take(struct ui *ui, json_t *result);
/* Text for a person on standard output; with --json nothing. */
void ui_print(struct ui *ui, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for one sentence, which ends the line and breaks at words. */
void ui_say(struct ui *ui, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Flushes standard output. A full disk or a closed pipe is an error, not a success. */
enum cli_exit ui_flush(struct ui *ui);

enum ui_answer { UI_NO, UI_YES, UI_NO_TERMINAL };

/* Asks on the terminal itself, so that redirected input or output answers nothing by accident. Only
   y and yes mean yes. */
enum ui_answer ui_ask(struct ui *ui, const char *question);
/*
 * Asks before something that --yes does without a question. The sentence of a refusal begins with
 * refusal ("nothing was shared") and names the action ("share").
 * CLI_REFUSED   no, or no terminal; reported
 */
enum cli_exit ui_confirm(struct ui *ui, const char *question, const char *refusal,
                         const char *action);

/* Prints text of the other side, with a ? for every character that a terminal acts on or that
   nobody sees, and for every byte that is not UTF-8. */
void ui_print_foreign(struct ui *ui, const char *label, const char *text);
/* The same into a buffer; always ends with a NUL, cut at a whole character. */
void ui_clean(char *out, size_t cap, const char *text);

enum ui_colour { UI_PLAIN, UI_BOLD, UI_DIM, UI_RED, UI_GREEN, UI_YELLOW, UI_COLOUR_COUNT };

/* Columns of the terminal on standard output; 0: it is none, and nothing is cut. */
unsigned ui_columns(void);
/* The same of a descriptor. */
unsigned ui_columns_of(int fd);
/* Is standard output a terminal that shows colours, and NO_COLOR not set? */
bool ui_has_colour(void);
/* Prints text in columns: padded with spaces, or cut with "..." at a whole character. The text must
   be clean. width 0: as it is. */
void ui_print_cell(struct ui *ui, const char *text, unsigned width, enum ui_colour colour);
/* Columns that a clean text takes. */
unsigned ui_text_width(const char *text);
/* Breaks a clean text at spaces, so that no line is wider than columns where words allow it: some
   spaces become line ends. The first line begins at column begin, each further one at column 0.
   columns 0: as it is. */
void ui_wrap(char *text, unsigned begin, unsigned columns);
/* Prints left in left_width columns and text beside it, or below it where the terminal is narrow.
   columns 0: on one line. text is plain ASCII of at most UI_ITEM_MAX bytes. */
#define UI_ITEM_MAX 160u
void ui_print_item(FILE *to, const char *left, unsigned left_width, const char *text,
                   unsigned columns);
/* Bytes of a clean text that fit into width columns, whole characters. */
size_t ui_text_fitting(const char *text, unsigned width);

/* "in 47 h", "in 5 min", "2 d ago"; "" for 0. */
#define UI_RELATIVE_MAX 24u
void ui_relative(char text[UI_RELATIVE_MAX], int64_t unix_s, int64_t now_s);

/* "2026-11-21T00:00:00Z", or "unknown" for 0. */
#define UI_TIME_MAX 24u
void ui_time(char text[UI_TIME_MAX], int64_t unix_s);

#endif
