/* SPDX-License-Identifier: Apache-2.0 */
/* Text of other people, and text in columns. */
#include "cli/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

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

/* ---- columns -------------------------------------------------------------------------------- */

unsigned ui_columns_of(int fd)
{
    struct winsize size = { 0 };

    return isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

unsigned ui_columns(void)
{
    return ui_columns_of(STDOUT_FILENO);
}

/* https://no-color.org: set and not empty */
bool ui_has_colour(void)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && (no_color == NULL || no_color[0] == '\0') && term != NULL &&
           term[0] != '\0' && strcmp(term, "dumb") != 0;
}

/* The width of the character at text, and its bytes in *len. */
static unsigned char_width(const char *text, size_t *len)
{
    uint32_t code = 0;
    int width;

    *len = read_char((const unsigned char *)text, &code);
    *len = *len == 0 ? 1 : *len;
    width = wcwidth((wchar_t)code);
    return width < 0 ? 1 : (unsigned)width;
}

unsigned ui_text_width(const char *text)
{
    unsigned width = 0;
    size_t len;

    for (; *text != '\0'; text += len) {
        width += char_width(text, &len);
    }
    return width;
}

size_t ui_text_fitting(const char *text, unsigned width)
{
    size_t used = 0, len;

    while (text[used] != '\0') {
        unsigned next = char_width(text + used, &len);

        if (next > width) {
            break;
        }
        width -= next;
        used += len;
    }
    return used;
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* Columns of the word at text, and its bytes in *len. */
static unsigned word_width(const char *text, size_t *len)
{
    unsigned width = 0;
    size_t bytes;

    *len = 0;
    while (text[*len] != '\0' && text[*len] != ' ') {
        width += char_width(text + *len, &bytes);
        *len += bytes;
    }
    return width;
}

void ui_wrap(char *text, unsigned begin, unsigned columns)
{
    unsigned used = begin;
    size_t len;

    while (columns > 0 && *text != '\0') {
        used += word_width(text, &len);
        text += len;
        if (*text == ' ') {
            bool is_end = used + 1 + word_width(text + 1, &len) > columns;

            *text = is_end ? '\n' : ' ';
            used = is_end ? 0 : used + 1;
            text++;
        }
    }
}

void ui_print_item(FILE *to, const char *left, unsigned left_width, const char *text,
                   unsigned columns)
{
    const unsigned least = 24; /* columns of a readable text */
    const unsigned below = 4;  /* its indentation below the left part */
    bool is_beside = columns == 0 || columns >= left_width + least;
    unsigned indent = is_beside ? left_width : below;
    char lines[UI_ITEM_MAX + 1];

    snprintf(lines, sizeof(lines), "%s", text);
    ui_wrap(lines, 0, columns > indent ? columns - indent : 0);
    if (is_beside) {
        fprintf(to, "%-*s", (int)left_width, left);
    } else {
        fprintf(to, "%s\n", left);
    }
    for (char *line = lines; line != NULL;) {
        char *end = strchr(line, '\n');

        fprintf(to, "%*s%.*s\n", is_beside && line == lines ? 0 : (int)indent, "",
                end != NULL ? (int)(end - line) : (int)strlen(line), line);
        line = end != NULL ? end + 1 : NULL;
    }
}
