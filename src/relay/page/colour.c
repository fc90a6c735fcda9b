/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/page/colour.h"

#include "base/hex.h"

enum tg_err tg_colour_parse(struct tg_colour *out, struct tg_bytes text)
{
    struct tg_colour colour = { { 0, 0, 0 } };

    if (text.len != TG_COLOUR_TEXT_LEN || text.ptr[0] != '#' ||
        tg_hex_decode(colour.rgb, sizeof(colour.rgb), tg_bytes_from(text, 1)) != TG_OK) {
        return TG_E_SYNTAX;
    }
    *out = colour;
    return TG_OK;
}

void tg_colour_format(char text[TG_COLOUR_TEXT_LEN + 1], struct tg_colour colour)
{
    static const char digits[] = "0123456789abcdef";

    text[0] = '#';
    for (size_t i = 0; i < 3; i++) {
        text[1 + 2 * i] = digits[colour.rgb[i] >> 4];
        text[2 + 2 * i] = digits[colour.rgb[i] & 15];
    }
    text[TG_COLOUR_TEXT_LEN] = '\0';
}

/* A channel without its gamma, 0 to 1: a polynomial, at most 0.003 away from the definition. */
static double linear(uint8_t channel)
{
    double c = channel / 255.0;

    return c * (c * (c * 0.305306011 + 0.682171111) + 0.012522878);
}

static double luminance(struct tg_colour colour)
{
    return 0.2126 * linear(colour.rgb[0]) + 0.7152 * linear(colour.rgb[1]) +
           0.0722 * linear(colour.rgb[2]);
}

unsigned tg_colour_contrast(struct tg_colour a, struct tg_colour b)
{
    double la = luminance(a) + 0.05, lb = luminance(b) + 0.05;

    return (unsigned)(100.0 * (la > lb ? la / lb : lb / la));
}

struct tg_colour tg_colour_mix(struct tg_colour a, struct tg_colour b, unsigned percent)
{
    struct tg_colour out = { { 0, 0, 0 } };

    for (size_t i = 0; i < 3; i++) {
        out.rgb[i] = (uint8_t)((a.rgb[i] * (100u - percent) + b.rgb[i] * percent + 50u) / 100u);
    }
    return out;
}

struct tg_colour tg_colour_readable(struct tg_colour colour, struct tg_colour ground,
                                    struct tg_colour towards, unsigned contrast)
{
    struct tg_colour mixed = colour;

    for (unsigned percent = 0; percent <= 100; percent += 2) {
        mixed = tg_colour_mix(colour, towards, percent);
        if (tg_colour_contrast(mixed, ground) >= contrast) {
            break;
        }
    }
    return mixed;
}
