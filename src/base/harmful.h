/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/harmful.h - which characters of a stranger's text are never shown.
 * Layer: L0.      Threads: any.      Blocks: no.
 * spec: docs/protocol.md sections 5.1 and 7.
 */
#ifndef TG_BASE_HARMFUL_H
#define TG_BASE_HARMFUL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Characters that move the cursor, change the direction of the text, hide, join or add something
 * that nobody sees, or belong to nobody: C0, C1, bidirectional marks, embeddings, overrides and
 * isolates, zero-width characters, fillers, tags, private use, noncharacters, unassigned planes.
 */
bool tg_text_is_harmful(uint32_t code);

/*
 * Whether a character is harmful in its place. It is the same but for the two joiners U+200C and
 * U+200D: they may stay where they change how two visible neighbours look, as in Persian words, in
 * scripts of India, and in an emoji made of several. So there is never one without an effect.
 *   before   the last character that is shown; 0: none. Marks of the Arabic script do not count.
 *   after    the next character of the text; 0: none
 * Source: RFC 5892, appendices A.1 and A.2; UTS #51, section 1.4.9 (emoji ZWJ sequences).
 */
bool tg_text_is_harmful_at(uint32_t before, uint32_t code, uint32_t after);
/* Whether a letter of the Arabic script joins over it: keep the character in front of it as the one
   before. */
bool tg_text_is_transparent(uint32_t code);

#endif
