/* SPDX-License-Identifier: Apache-2.0 */
#include "base/harmful.h"

#include <stddef.h>

#define NON_JOINER 0x200cu
#define JOINER 0x200du
#define EMOJI_SELECTOR 0xfe0fu

struct range {
    uint32_t first, last;
};

/* spec: protocol/5#foreign-text */
static const struct range ranges[] = {
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

/* ---- joiners -------------------------------------------------------------------------------- */

static bool is_in(const struct range *list, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (code >= list[i].first && code <= list[i].last) {
            return true;
        }
    }
    return false;
}
#define IS_IN(list, code) is_in(list, sizeof(list) / sizeof((list)[0]), code)

bool tg_text_is_transparent(uint32_t code)
{
    static const struct range marks[] = { { 0x0610, 0x061a },
                                          { 0x064b, 0x065f },
                                          { 0x0670, 0x0670 } };

    return IS_IN(marks, code);
}

/* A letter of the Arabic script that joins to the one before it. */
static bool joins_back(uint32_t code)
{
    static const struct range letters[] = { { 0x0622, 0x063f }, { 0x0641, 0x064a },
                                            { 0x066e, 0x066f }, { 0x0671, 0x0673 },
                                            { 0x0675, 0x06d3 }, { 0x06d5, 0x06d5 },
                                            { 0x06ee, 0x06ef }, { 0x06fa, 0x06fc },
                                            { 0x06ff, 0x06ff }, { 0x0750, 0x077f } };

    return IS_IN(letters, code);
}

/* One that joins to the letter after it too: not alef, dal, reh, waw and their kin. */
static bool joins_on(uint32_t code)
{
    static const struct range ends[] = { { 0x0622, 0x0625 }, { 0x0627, 0x0627 }, { 0x0629, 0x0629 },
                                         { 0x062f, 0x0632 }, { 0x0648, 0x0648 }, { 0x0671, 0x0677 },
                                         { 0x0688, 0x0699 }, { 0x06c0, 0x06c0 }, { 0x06c3, 0x06cb },
                                         { 0x06cd, 0x06cd }, { 0x06cf, 0x06cf }, { 0x06d2, 0x06d5 },
                                         { 0x06ee, 0x06ef }, { 0x0759, 0x075b }, { 0x076b, 0x076c },
                                         { 0x0771, 0x0774 }, { 0x0778, 0x0779 } };

    return joins_back(code) && !IS_IN(ends, code);
}

/* Signs that take the vowel of a letter, of scripts with 128 places each: U+xx4D or U+xxCD. */
static bool is_virama(uint32_t code)
{
    static const struct range viramas[] = { { 0x094d, 0x094d }, { 0x09cd, 0x09cd },
                                            { 0x0a4d, 0x0a4d }, { 0x0acd, 0x0acd },
                                            { 0x0b4d, 0x0b4d }, { 0x0bcd, 0x0bcd },
                                            { 0x0c4d, 0x0c4d }, { 0x0ccd, 0x0ccd },
                                            { 0x0d4d, 0x0d4d }, { 0x0dca, 0x0dca } };

    return IS_IN(viramas, code);
}

static bool is_emoji(uint32_t code)
{
    static const struct range pictures[] = {
        { 0x2194, 0x2195 }, { 0x2600, 0x27bf }, { 0x2b05, 0x2b55 }, { 0x1f000, 0x1faff }
    };

    return IS_IN(pictures, code);
}

bool tg_text_is_harmful_at(uint32_t before, uint32_t code, uint32_t after)
{
    bool is_word = is_virama(before) && before >> 7 == after >> 7 && !tg_text_is_harmful(after);

    if (code == JOINER) {
        return !is_word && !((is_emoji(before) || before == EMOJI_SELECTOR) && is_emoji(after));
    }
    if (code == NON_JOINER) {
        return !is_word && !(joins_on(before) && joins_back(after));
    }
    return tg_text_is_harmful(code);
}
