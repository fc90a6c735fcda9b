/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ui.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define NAME "tigress: "
#define SENTENCE_MAX 1024
#define CUT "..."
#define CUT_WIDTH 3u
#define ANSWER_MAX 16
#define PROGRESS_MAX 256

static void print_error_object(const char *code, const char *sentence)
{
    json_t *object = json_pack("{s:{s:s, s:s}}", "error", "code", code, "message", sentence);

    if (object != NULL && json_dumpf(object, stdout, JSON_COMPACT) == 0) {
        fputc('\n', stdout);
    }
    json_decref(object);
    fflush(stdout);
}

/* Prints the sentence on standard error; clean is the printed text. */
static void print_sentence(struct ui *ui, char clean[SENTENCE_MAX], const char *format,
                           va_list args) __attribute__((format(printf, 3, 0)));

static void print_sentence(struct ui *ui, char clean[SENTENCE_MAX], const char *format,
                           va_list args)
{
    char sentence[SENTENCE_MAX];

    vsnprintf(sentence, sizeof(sentence), format, args);
    ui_clean(clean, SENTENCE_MAX, sentence);
    if (!ui->is_silent) {
        memcpy(sentence, clean, sizeof(sentence));
        ui_wrap(sentence, (unsigned)strlen(NAME), ui_columns_of(STDERR_FILENO));
        ui_progress_end(ui);
        fprintf(stderr, NAME "%s\n", sentence);
    }
}

enum cli_exit ui_fail(struct ui *ui, enum cli_exit exit, const char *code, const char *format, ...)
{
    char clean[SENTENCE_MAX];
    va_list args;

    va_start(args, format);
    print_sentence(ui, clean, format, args);
    va_end(args);
    if (ui->is_json && !ui->has_result) {
        ui->has_result = true;
        print_error_object(code, clean);
    }
    return exit;
}

void ui_info(struct ui *ui, const char *format, ...)
{
    char clean[SENTENCE_MAX];
    va_list args;

    va_start(args, format);
    print_sentence(ui, clean, format, args);
    va_end(args);
}

/* At a word, where there is one. */
static void cut_line(char *line, size_t columns)
{
    size_t len = strlen(line) < columns ? strlen(line) : columns;

    if (line[len] != '\0' && line[len] != ' ') {
        size_t word = len;

        while (word > 0 && line[word] != ' ') {
            word--;
        }
        len = word > 0 ? word : len;
    }
    line[len] = '\0';
}

void ui_progress(struct ui *ui, const char *format, ...)
{
    struct winsize size = { 0 };
    char line[PROGRESS_MAX];
    va_list args;

    if (ui->is_silent || !isatty(STDERR_FILENO)) {
        return;
    }
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 &&
        size.ws_col < sizeof(line)) {
        cut_line(line, size.ws_col - 1); /* a line that wraps could not be cleared; it is ASCII */
    }
    fprintf(stderr, "\r\033[K%s", line);
    fflush(stderr);
    ui->is_progress = true;
}

void ui_progress_end(struct ui *ui)
{
    if (ui->is_progress) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        ui->is_progress = false;
    }
}

enum cli_exit ui_flush(struct ui *ui)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        /* The error object would fail as well, so only the sentence is printed. */
        struct ui plain = { .is_progress = ui->is_progress };

        ui->is_progress = false;
        return ui_fail(&plain, CLI_REFUSED, "output", "standard output cannot be written: %s.",
                       strerror(errno));
    }
    return CLI_OK;
}

enum cli_exit ui_result_take(struct ui *ui, json_t *result)
{
    if (result == NULL) {
        return ui_fail(ui, CLI_REFUSED, "memory", "out of memory.");
    }
    ui_progress_end(ui);
    if (ui->is_json) {
        /* ASCII: no character of the other side may control the terminal. */
        (void)json_dumpf(result, stdout,
                         JSON_COMPACT | JSON_PRESERVE_ORDER |
                             (isatty(STDOUT_FILENO) ? (size_t)JSON_ENSURE_ASCII : 0));
        fputc('\n', stdout);
        ui->has_result = true;
    }
    json_decref(result);
    return ui_flush(ui);
}

void ui_print(struct ui *ui, const char *format, ...)
{
    va_list args;

    ui_progress_end(ui);
    if (ui->is_json) {
        return;
    }
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
}

void ui_say(struct ui *ui, const char *format, ...)
{
    char sentence[SENTENCE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    ui_wrap(sentence, 0, ui_columns());
    ui_print(ui, "%s\n", sentence);
}

enum ui_answer ui_ask(struct ui *ui, const char *question)
{
    char answer[ANSWER_MAX] = "", lines[SENTENCE_MAX];
    ssize_t len = -1;
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);

    if (terminal < 0) {
        return UI_NO_TERMINAL;
    }
    ui_progress_end(ui);
    snprintf(lines, sizeof(lines), "%s [y/N]", question);
    ui_wrap(lines, 0, ui_columns_of(terminal));
    if (dprintf(terminal, "%s ", lines) > 0) {
        len = read(terminal, answer, sizeof(answer) - 1); /* a terminal returns one line */
    }
    close(terminal);
    answer[len > 0 ? len : 0] = '\0';
    answer[strcspn(answer, "\r\n")] = '\0';
    return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0 ? UI_YES : UI_NO;
}

enum cli_exit ui_confirm(struct ui *ui, const char *question, const char *refusal,
                         const char *action)
{
    switch (ui_ask(ui, question)) {
    case UI_YES:
        return CLI_OK;
    case UI_NO:
        return ui_fail(ui, CLI_REFUSED, "not-confirmed", "%s: you did not answer yes.", refusal);
    case UI_NO_TERMINAL:
        break;
    }
    return ui_fail(ui, CLI_REFUSED, "not-confirmed",
                   "%s: there is no terminal to ask for confirmation. Use --yes to %s without it.",
                   refusal, action);
}

void ui_print_foreign(struct ui *ui, const char *label, const char *text)
{
    char clean[2 * SENTENCE_MAX];

    ui_clean(clean, sizeof(clean), text);
    ui_print(ui, "%s%s\n", label, clean);
}

void ui_time(char text[UI_TIME_MAX], int64_t unix_s)
{
    time_t at = (time_t)unix_s;
    struct tm utc;

    if (unix_s == 0 || gmtime_r(&at, &utc) == NULL ||
        strftime(text, UI_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
        snprintf(text, UI_TIME_MAX, "unknown");
    }
}

void ui_relative(char text[UI_RELATIVE_MAX], int64_t unix_s, int64_t now_s)
{
    static const struct {
        int64_t from_s, unit_s;
        const char *unit;
    } units[] = { { INT64_C(3) * 86400, 86400, "d" },
                  { INT64_C(2) * 3600, 3600, "h" },
                  { INT64_C(2) * 60, 60, "min" },
                  { 0, 1, "s" } };
    int64_t away_s = unix_s > now_s ? unix_s - now_s : now_s - unix_s;
    size_t i = 0;

    text[0] = '\0';
    while (away_s < units[i].from_s) {
        i++;
    }
    if (unix_s != 0) {
        snprintf(text, UI_RELATIVE_MAX, "%s%lld %s%s", unix_s > now_s ? "in " : "",
                 (long long)(away_s / units[i].unit_s), units[i].unit,
                 unix_s > now_s ? "" : " ago");
    }
}

void ui_print_cell(struct ui *ui, const char *text, unsigned width, enum ui_colour colour)
{
    static const char *const codes[UI_COLOUR_COUNT] = { "", "1", "2", "31", "32", "33" };
    bool has_colour = colour != UI_PLAIN && ui_has_colour();
    unsigned needed = ui_text_width(text);
    size_t len = strlen(text);
    bool is_cut = width != 0 && needed > width;

    if (is_cut) {
        len = ui_text_fitting(text, width > CUT_WIDTH ? width - CUT_WIDTH : width);
    }
    ui_print(ui, "%s%s%s%.*s%s%s", has_colour ? "\033[" : "", has_colour ? codes[colour] : "",
             has_colour ? "m" : "", (int)len, text, is_cut && width > CUT_WIDTH ? CUT : "",
             has_colour ? "\033[0m" : "");
    if (needed < width) {
        ui_print(ui, "%*s", (int)(width - needed), "");
    }
}
