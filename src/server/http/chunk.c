/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/chunk.h"

#include <string.h>

#define DIGITS_MAX 16u /* of a chunk size: some parsers forget the ones before */

enum state {
    AT_SIZE, /* the first digit of a size line */
    IN_SIZE,
    IN_EXTENSION,
    AT_SIZE_LF, /* after the CR of a size line */
    IN_DATA,
    AT_DATA_CR,
    AT_DATA_LF,
    AT_TRAILER, /* the first byte of a trailer, or of the empty line at the end */
    IN_NAME,
    IN_VALUE,
    AT_TRAILER_LF,
    AT_END_LF,
    ENDED
};
#define STATE_COUNT (ENDED + 1)

static enum tg_chunk bad(struct tg_chunk_guard *g, unsigned status, const char *detail)
{
    g->fault = (struct tg_head_fault){ status, detail };
    return TG_CHUNK_BAD;
}

static enum tg_chunk go(struct tg_chunk_guard *g, enum state next)
{
    g->state = next;
    return TG_CHUNK_MORE;
}

/* ---- size lines ----------------------------------------------------------------------------- */

static const char bad_size[] =
    "malformed chunk size; expected 1 to 16 hexadecimal digits, then CR LF or an extension";

/* 16: not a digit. */
static unsigned digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10u : 16u;
}

/* A size only grows with its next digit, so the first one that is too much decides, and no size is
   too large for the arithmetic. spec: protocol/1#chunk-size */
static enum tg_chunk take_digit(struct tg_chunk_guard *g, uint8_t c)
{
    unsigned digit = digit_of(c);

    if (digit == 16u) {
        return bad(g, 400, bad_size);
    }
    g->size = g->size * 16u + digit;
    g->digit_count++;
    if (g->size > g->body_max - g->total) {
        return TG_CHUNK_TOO_LARGE;
    }
    return g->digit_count > DIGITS_MAX ? bad(g, 400, bad_size) : go(g, IN_SIZE);
}

static enum tg_chunk at_size(struct tg_chunk_guard *g, uint8_t c)
{
    g->size = 0;
    g->digit_count = 0;
    return take_digit(g, c);
}

static enum tg_chunk in_size(struct tg_chunk_guard *g, uint8_t c)
{
    if (c == '\r') {
        return go(g, AT_SIZE_LF);
    }
    return c == ';' ? go(g, IN_EXTENSION) : take_digit(g, c);
}

/* Extensions are ignored, but only what every parser reads in the same way: a line of visible ASCII
   characters and spaces. A folded line would be the content of the chunk. */
static enum tg_chunk in_extension(struct tg_chunk_guard *g, uint8_t c)
{
    if (c == '\r') {
        return go(g, AT_SIZE_LF);
    }
    return (c >= 0x20 && c < 0x7f) || c == '\t'
               ? TG_CHUNK_MORE
               : bad(g, 400, "malformed chunk extension; expected visible ASCII characters");
}

static enum tg_chunk at_size_lf(struct tg_chunk_guard *g, uint8_t c)
{
    if (c != '\n') {
        return bad(g, 400, bad_size);
    }
    g->total += g->size;
    g->left = g->size;
    return go(g, g->size > 0 ? IN_DATA : AT_TRAILER);
}

/* ---- content -------------------------------------------------------------------------------- */

static enum tg_chunk in_data(struct tg_chunk_guard *g, uint8_t c)
{
    (void)c;
    g->left--;
    return go(g, g->left > 0 ? IN_DATA : AT_DATA_CR);
}

static const char bad_end[] = "malformed chunk; expected CR LF after the bytes that its size names";

static enum tg_chunk at_data_cr(struct tg_chunk_guard *g, uint8_t c)
{
    return c == '\r' ? go(g, AT_DATA_LF) : bad(g, 400, bad_end);
}

static enum tg_chunk at_data_lf(struct tg_chunk_guard *g, uint8_t c)
{
    return c == '\n' ? go(g, AT_SIZE) : bad(g, 400, bad_end);
}

/* ---- trailers ------------------------------------------------------------------------------- */

static const char bad_trailer[] = "malformed trailer; expected NAME: VALUE and CR LF";

static enum tg_chunk count_trailer_byte(struct tg_chunk_guard *g, enum state next)
{
    return ++g->trailer_len > TG_HEAD_MAX ? bad(g, 431, TG_HEAD_TOO_LARGE) : go(g, next);
}

/* The characters of a token, RFC 9110 section 5.6.2. */
static bool is_token(uint8_t c)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           (c != '\0' && memchr(others, c, sizeof(others) - 1) != NULL);
}

static enum tg_chunk in_name(struct tg_chunk_guard *g, uint8_t c)
{
    if (c == ':') {
        return tg_head_is_refused_trailer(tg_bytes(g->name, g->name_len))
                   ? bad(g, 400, TG_HEAD_BAD_TRAILER)
                   : count_trailer_byte(g, IN_VALUE);
    }
    if (!is_token(c)) {
        return bad(g, 400, bad_trailer); /* also white space before the colon */
    }
    if (g->name_len < TG_CHUNK_NAME_KEPT) {
        g->name[g->name_len++] = (char)c;
    }
    return count_trailer_byte(g, IN_NAME);
}

/* A line that begins with white space continues the one before in old HTTP, but not in every
   parser. */
static enum tg_chunk at_trailer(struct tg_chunk_guard *g, uint8_t c)
{
    if (c == '\r') {
        return go(g, AT_END_LF);
    }
    if (c == ':' || !is_token(c)) {
        return bad(g, 400, bad_trailer);
    }
    if (++g->trailer_count > TG_HEADERS_MAX) {
        return bad(g, 431, TG_HEAD_TOO_MANY_LINES);
    }
    g->name_len = 0;
    return in_name(g, c);
}

static enum tg_chunk in_value(struct tg_chunk_guard *g, uint8_t c)
{
    if (c == '\r') {
        return go(g, AT_TRAILER_LF);
    }
    return (c < 0x20 && c != '\t') || c == 0x7f ? bad(g, 400, bad_trailer)
                                                : count_trailer_byte(g, IN_VALUE);
}

static enum tg_chunk at_trailer_lf(struct tg_chunk_guard *g, uint8_t c)
{
    return c == '\n' ? go(g, AT_TRAILER) : bad(g, 400, bad_trailer);
}

static enum tg_chunk at_end_lf(struct tg_chunk_guard *g, uint8_t c)
{
    if (c != '\n') {
        return bad(g, 400, "the last line of the chunked body does not end with CR LF");
    }
    g->state = ENDED;
    return TG_CHUNK_END;
}

static enum tg_chunk after_end(struct tg_chunk_guard *g, uint8_t c)
{
    (void)c;
    return bad(g, 400, bad_size);
}

/* ---- the table ------------------------------------------------------------------------------ */

static enum tg_chunk (*const steps[STATE_COUNT])(struct tg_chunk_guard *g, uint8_t c) = {
    [AT_SIZE] = at_size,
    [IN_SIZE] = in_size,
    [IN_EXTENSION] = in_extension,
    [AT_SIZE_LF] = at_size_lf,
    [IN_DATA] = in_data,
    [AT_DATA_CR] = at_data_cr,
    [AT_DATA_LF] = at_data_lf,
    [AT_TRAILER] = at_trailer,
    [IN_NAME] = in_name,
    [IN_VALUE] = in_value,
    [AT_TRAILER_LF] = at_trailer_lf,
    [AT_END_LF] = at_end_lf,
    [ENDED] = after_end,
};

void tg_chunk_guard_start(struct tg_chunk_guard *g, size_t body_max)
{
    *g = (struct tg_chunk_guard){ .state = AT_SIZE, .body_max = body_max };
}

/* All but one byte of the content that is here: in_data takes the last one. */
static size_t skip(struct tg_chunk_guard *g, size_t len)
{
    size_t skipped = g->left - 1 < len ? g->left - 1 : len;

    g->left -= skipped;
    return skipped;
}

enum tg_chunk tg_chunk_guard_scan(struct tg_chunk_guard *g, struct tg_bytes in, size_t *used)
{
    size_t i = 0;

    while (i < in.len) {
        enum tg_chunk step = TG_CHUNK_MORE;

        if (g->state == IN_DATA) {
            i += skip(g, in.len - i);
            if (i == in.len) {
                break;
            }
        }
        step = steps[g->state](g, in.ptr[i++]);
        if (step != TG_CHUNK_MORE) {
            *used = i;
            return step;
        }
    }
    *used = in.len;
    return TG_CHUNK_MORE;
}
