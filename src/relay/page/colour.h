/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/page/colour.h - the colours that follow from the operator's one, all readable.
 * Layer: L2 (base).   Threads: any.   Blocks: no.   Secrets: none.
 * spec: WCAG 2.2, success criteria 1.4.3 and 1.4.11.
 */
#ifndef TG_RELAY_PAGE_COLOUR_H
#define TG_RELAY_PAGE_COLOUR_H

#include "base/bytes.h"
#include "base/err.h"

/* sRGB, 0 to 255 each. */
struct tg_colour {
    uint8_t rgb[3];
};
#define TG_COLOUR_TEXT_LEN 7u

/* "#rrggbb". TG_E_SYNTAX: not that form. */
TG_NODISCARD enum tg_err tg_colour_parse(struct tg_colour *out, struct tg_bytes text);
void tg_colour_format(char text[TG_COLOUR_TEXT_LEN + 1], struct tg_colour colour);

/* The contrast ratio of two colours in hundredths: 100 to 2100, at most 3 above the exact one. */
unsigned tg_colour_contrast(struct tg_colour a, struct tg_colour b);
/* percent of b, the rest of a. */
struct tg_colour tg_colour_mix(struct tg_colour a, struct tg_colour b, unsigned percent);
/* The colour, or as much nearer to `towards` as it needs to have a contrast of at least `contrast`
   hundredths to `ground`. */
struct tg_colour tg_colour_readable(struct tg_colour colour, struct tg_colour ground,
                                    struct tg_colour towards, unsigned contrast);

#endif
