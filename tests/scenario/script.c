/* SPDX-License-Identifier: Apache-2.0 */
#include "script.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void script_fail(struct script *s, const char *fmt, ...)
{
    va_list args;

    (void)fprintf(stderr, "%s:%u: ", s->file, s->line_no);
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
    longjmp(s->failed, 1);
}

void script_set(struct script *s, const char *name, const char *value)
{
    struct variable *v = NULL;

    for (size_t i = 0; i < s->var_count; i++) {
        if (strcmp(s->vars[i].name, name) == 0) {
            v = &s->vars[i];
        }
    }
    if (v == NULL) {
        if (s->var_count == VARS_MAX) {
            script_fail(s, "too many variables");
        }
        v = &s->vars[s->var_count++];
        (void)snprintf(v->name, sizeof(v->name), "%s", name);
    }
    free(v->value);
    v->value = strdup(value);
}

/* $A to $Z are device claims; they need no declaration. */
const char *script_get(struct script *s, const char *name, char claim[40])
{
    for (size_t i = 0; i < s->var_count; i++) {
        if (strcmp(s->vars[i].name, name) == 0) {
            return s->vars[i].value;
        }
    }
    if (name[0] >= 'A' && name[0] <= 'Z' && name[1] == '\0') {
        (void)snprintf(claim, 40, "c1a1c1a1-0000-4000-8000-0000000000%02x", (unsigned)name[0]);
        return claim;
    }
    script_fail(s, "no variable %s", name);
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Replaces $name, and %{c*N} by N times c. */
static char *expand(struct script *s, const char *word, size_t len)
{
    char *out = calloc(1, WORD_MAX);
    size_t n = 0;

    for (size_t i = 0; i < len;) {
        if (word[i] == '$' && i + 1 < len && is_name_char(word[i + 1])) {
            char name[NAME_MAX_BYTES] = { 0 }, claim[40];
            size_t k = 0;

            for (i++; i < len && is_name_char(word[i]) && k + 1 < sizeof(name); i++) {
                name[k++] = word[i];
            }
            n += (size_t)snprintf(out + n, WORD_MAX - n, "%s", script_get(s, name, claim));
        } else if (word[i] == '%' && i + 3 < len && word[i + 1] == '{' && word[i + 3] == '*') {
            char *end = NULL;
            unsigned long count = strtoul(word + i + 4, &end, 10);

            if (*end != '}' || n + count >= WORD_MAX) {
                script_fail(s, "bad repetition");
            }
            memset(out + n, word[i + 2], count);
            n += count;
            i = (size_t)(end - word) + 1;
        } else {
            out[n++] = word[i++];
        }
    }
    return out;
}

/* name=$url, name=$body, name=$json.path: a part of the answer to store, not a variable to
   replace. */
static bool is_keep(const char *word)
{
    const char *part = strstr(word, "=$");

    return part != NULL && strncmp(word, "body", 4) != 0 &&
           (strcmp(part, "=$url") == 0 || strcmp(part, "=$body") == 0 ||
            strncmp(part, "=$json.", 7) == 0);
}

/* Words are separated by blanks; a pair of ' keeps blanks and is dropped. */
void script_split(struct script *s, const char *line)
{
    char word[LINE_MAX_BYTES + 1];

    for (s->word_count = 0; *line != '\0';) {
        size_t n = 0;
        bool is_quoted = false;

        while (*line == ' ' || *line == '\t') {
            line++;
        }
        if (*line == '\0' || (*line == '#' && !is_quoted)) {
            return;
        }
        for (; *line != '\0' && (is_quoted || (*line != ' ' && *line != '\t')); line++) {
            if (*line == '\'') {
                is_quoted = !is_quoted;
            } else {
                word[n++] = *line;
            }
        }
        if (s->word_count == WORDS_MAX) {
            script_fail(s, "too many words");
        }
        word[n] = '\0';
        s->words[s->word_count++] = is_keep(word) ? strdup(word) : expand(s, word, n);
    }
}

void script_drop_words(struct script *s)
{
    for (size_t i = 0; i < s->word_count; i++) {
        free(s->words[i]);
        s->words[i] = NULL;
    }
    s->word_count = 0;
}

/* The text behind prefix, or NULL. */
const char *word_after(const char *word, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(word, prefix, len) == 0 ? word + len : NULL;
}
