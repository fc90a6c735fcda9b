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

#endif
