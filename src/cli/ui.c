/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ui.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define SENTENCE_MAX 1024
#define ANSWER_MAX 16

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
        ui_progress_end(ui);
        fprintf(stderr, "tigress: %s\n", clean);
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

void ui_progress(struct ui *ui, const char *format, ...)
{
    va_list args;

    if (!isatty(STDERR_FILENO)) {
        return;
    }
    fputs("\r\033[K", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
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

enum ui_answer ui_ask(struct ui *ui, const char *question)
{
    char answer[ANSWER_MAX] = "";
    ssize_t len = -1;
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);

    if (terminal < 0) {
        return UI_NO_TERMINAL;
    }
    ui_progress_end(ui);
    if (dprintf(terminal, "%s [y/N] ", question) > 0) {
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

/* The length of the UTF-8 character at p, and its number; 0: not a character. */
static size_t read_char(const unsigned char *p, uint32_t *code)
{
    static const struct {
        unsigned char mask, lead;
        size_t len;
        uint32_t least; /* a shorter form has all that is less */
    } forms[] = { { 0x80, 0x00, 1, 0 },
                  { 0xe0, 0xc0, 2, 0x80 },
                  { 0xf0, 0xe0, 3, 0x800 },
                  { 0xf8, 0xf0, 4, 0x10000 } };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if ((p[0] & forms[i].mask) != forms[i].lead) {
            continue;
        }
        *code = p[0] & (unsigned char)~forms[i].mask;
        for (size_t k = 1; k < forms[i].len; k++) {
            if ((p[k] & 0xc0) != 0x80) {
                return 0;
            }
            *code = *code << 6 | (p[k] & 0x3fu);
        }
        return *code >= forms[i].least && *code <= 0x10ffff ? forms[i].len : 0;
    }
    return 0;
}

/*
 * Characters that move the cursor, change the direction of the text, hide, join or add something
 * that nobody sees, or belong to nobody. spec: protocol/7#foreign-text-cleaned
 */
static const struct {
    uint32_t first, last;
} harmful[] = {
    { 0x0000, 0x001f },    /* C0 */
    { 0x007f, 0x009f },    /* DEL, C1 */
    { 0x00ad, 0x00ad },    /* soft hyphen */
    { 0x034f, 0x034f },    /* combining grapheme joiner */
    { 0x061c, 0x061c },    /* Arabic letter mark */
    { 0x115f, 0x1160 },    /* Hangul fillers */
    { 0x17b4, 0x17b5 },    /* Khmer vowels without a form */
    { 0x180b, 0x180f },    /* Mongolian selectors and separator */
    { 0x200b, 0x200f },    /* zero-width space, joiners, direction marks */
    { 0x2028, 0x202e },    /* line and paragraph separator, embeddings, overrides */
    { 0x2060, 0x206f },    /* word joiner, invisible operators, isolates, old format characters */
    { 0x3164, 0x3164 },    /* Hangul filler */
    { 0xd800, 0xf8ff },    /* surrogates, private use */
    { 0xfdd0, 0xfdef },    /* noncharacters */
    { 0xfe00, 0xfe0d },    /* variation selectors but those of text and emoji */
    { 0xfeff, 0xfeff },    /* byte order mark */
    { 0xffa0, 0xffa0 },    /* halfwidth Hangul filler */
    { 0xfff0, 0xffff },    /* unassigned, annotations, replacement, noncharacters */
    { 0x13430, 0x1345f },  /* controls of Egyptian hieroglyphs */
    { 0x1bca0, 0x1bca3 },  /* controls of shorthand */
    { 0x1d173, 0x1d17a },  /* controls of musical symbols */
    { 0x1fffe, 0x1ffff },  /* noncharacters */
    { 0x2fffe, 0x2ffff },  /* noncharacters */
    { 0x3fffe, 0x10ffff }, /* unassigned planes, tags, selectors, private use */
};

static bool is_harmful(uint32_t code)
{
    for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++) {
        if (code >= harmful[i].first && code <= harmful[i].last) {
            return true;
        }
    }
    return false;
}

void ui_clean(char *out, size_t cap, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t used = 0;

    while (*p != '\0') {
        uint32_t code = 0;
        size_t len = read_char(p, &code);
        bool is_bad = len == 0 || is_harmful(code);
        size_t need = is_bad ? 1 : len;

        if (used + need >= cap) {
            break;
        }
        if (is_bad) {
            out[used] = '?';
        } else {
            memcpy(out + used, p, len);
        }
        used += need;
        p += len == 0 ? 1 : len;
    }
    out[used] = '\0';
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
