/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/link_text.h - the texts in which a damaged share URL is looked for: cleaned, decoded, and
 * taken out of the link of another service.
 * Layer: L1.      Threads: any.      Blocks: no.
 * Secrets: a text may hold the secret of a link. Every buffer is wiped by its owner.
 * spec: docs/protocol.md section 8.4
 */
#ifndef TG_WIRE_LINK_TEXT_H
#define TG_WIRE_LINK_TEXT_H

#include "base/buf.h"

/* A text of a person: at most so many bytes. */
#define TG_LINK_TEXT_MAX 65536u

/* Characters that stand in a cleaned text for others. */
#define TG_LINK_HASH 0x01    /* a # that was not in the text as such: servers have seen it */
#define TG_LINK_FOREIGN 0x03 /* a character that is in no URL */
#define TG_LINK_BROKEN 0x04  /* a control character, or a byte that is not UTF-8 */

/* What has happened to a link. */
enum tg_link_repair {
    TG_LINK_ENCODED_HASH = 1 << 0, /* # was %23 */
    TG_LINK_ENCODED = 1 << 1,      /* other characters were %XX */
    TG_LINK_ENTITIES = 1 << 2,     /* characters were written as in HTML */
    TG_LINK_WRAPPER = 1 << 3,      /* it was inside the link of another service */
    TG_LINK_PLACE = 1 << 4,        /* the secret was in the path or the query */
    TG_LINK_SPACE = 1 << 5,        /* + was a space */
    TG_LINK_PADDING = 1 << 6,      /* one of two = was missing */
    TG_LINK_WRAPPED = 1 << 7,      /* a line break was inside */
    TG_LINK_INVISIBLE = 1 << 8,    /* characters without a width were inside */
    TG_LINK_NO_SCHEME = 1 << 9,    /* https:// was missing */
    TG_LINK_AROUND = 1 << 10       /* other characters were around it */
};

/*
 * Appends text without characters that have no width, with one '\n' for each line break, a space
 * for each blank, and TG_LINK_FOREIGN for what is in no URL. Entities of HTML are read.
 *   has_marks   text is the result of a function below, so TG_LINK_HASH stays in it
 *   *repairs    the bits of what was found are added
 * TG_E_LIMIT, TG_E_NOMEM
 */
TG_NODISCARD enum tg_err tg_link_clean(struct tg_buf *out, struct tg_bytes text, bool has_marks,
                                       unsigned *repairs);

/* Appends what a text holds in one encoded form: out stays empty if there is nothing. */
typedef void tg_link_decoder(struct tg_buf *out, struct tg_bytes text);

/* The decoders, and the bits of what they undo. */
struct tg_link_form {
    tg_link_decoder *decode;
    unsigned repairs;
};
extern const struct tg_link_form tg_link_forms[];
extern const size_t tg_link_form_count;

bool tg_link_is_b64(uint8_t c);
/* Behind a single line break at i, with the blanks, and the = of quoted-printable text, in front of
   it, and the marks of a quotation behind it. i: there is none, or a blank line. */
size_t tg_link_skip_break(struct tg_bytes text, size_t i);
/* Whether the text begins with %XX. */
bool tg_link_is_percent(struct tg_bytes text);
/* Whether the text begins with =XX, a character of ASCII in quoted-printable text. */
bool tg_link_is_quoted(struct tg_bytes text);

#endif
