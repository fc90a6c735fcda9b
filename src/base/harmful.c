/* SPDX-License-Identifier: Apache-2.0 */
#include "base/harmful.h"

#include <stddef.h>

/* spec: protocol/5#foreign-text */
static const struct {
    uint32_t first, last;
} ranges[] = {
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

bool tg_text_is_harmful(uint32_t code)
{
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (code <= ranges[i].last) {
            return code >= ranges[i].first; /* the ranges are in order */
        }
    }
    return true;
}
