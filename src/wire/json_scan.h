/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/json_scan.h - JSON text (RFC 8259) as a flat array of nodes; private to json*.c.
 * Layer: L1.      Threads: any.      Blocks: no.
 *
 * The time for a text grows with its length, and with the logarithm of the number of members: a
 * body of a stranger is read on the thread that serves all others.
 */
#ifndef TG_WIRE_JSON_SCAN_H
#define TG_WIRE_JSON_SCAN_H

#include "base/buf.h"
#include "base/fault.h"

enum tg_json_kind {
    TG_JSON_OBJECT, /* a name (a string) and a value each */
    TG_JSON_ARRAY,
    TG_JSON_STRING,
    TG_JSON_NUMBER,
    TG_JSON_TRUE,
    TG_JSON_FALSE,
    TG_JSON_NULL
};

/* What is inside a node follows it. */
struct tg_json_node {
    const uint8_t *ptr; /* of a string, without quotes and escapes, or a number: its bytes */
    enum tg_json_kind kind;
    uint32_t len;  /* bytes; of an object or array: members or items */
    uint32_t span; /* nodes up to the one behind it: itself, and all inside */
};

/*
 * Reads one object. What TG_E_SYNTAX and TG_E_LIMIT mean is in json.h.
 *   text    of at most TG_RESPONSE_BODY_MAX bytes; escapes are replaced in it, and nodes view it
 *   nodes   empty; gets struct tg_json_node, the object first
 */
TG_NODISCARD enum tg_err tg_json_scan(struct tg_buf *text, struct tg_buf *nodes,
                                      struct tg_fault *fault);

static inline const struct tg_json_node *tg_json_next(const struct tg_json_node *node)
{
    return node + node->span;
}

/* Whether no two names of an object are the same. TG_E_CONFLICT: two are. TG_E_NOMEM. */
TG_NODISCARD enum tg_err tg_json_names_differ(const struct tg_json_node *object);

#endif
