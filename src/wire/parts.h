/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/parts.h - the members that several messages share, both directions.
 * Layer: L1, for wire/ alone.      Threads: any.      spec: docs/protocol.md sections 3 and 4.
 *
 * Decoders return TG_E_SYNTAX or TG_E_LIMIT with a fault; views end with the document. Encoders
 * append `"name":value` without a comma; failures stick in the buffer.
 */
#ifndef TG_WIRE_PARTS_H
#define TG_WIRE_PARTS_H

#include "wire/json.h"
#include "wire/limits.h"
#include "wire/types.h"

/* For the answers of a relay: no string can be longer than the answer itself. */
extern const struct tg_wire_limits tg_parts_answer_limits;

/* tg_json_parse after a check of the body's length against limits->body_max (TG_E_LIMIT). *doc is
   NULL on failure. */
TG_NODISCARD enum tg_err tg_parts_parse_body(struct tg_json **doc, struct tg_bytes body,
                                             const struct tg_wire_limits *limits,
                                             struct tg_fault *fault);

TG_NODISCARD enum tg_err tg_parts_get_payload(struct tg_payload *out, struct tg_json_object in,
                                              const struct tg_wire_limits *limits,
                                              struct tg_fault *fault);
TG_NODISCARD enum tg_err tg_parts_get_display(struct tg_display_info *out, struct tg_json_object in,
                                              const struct tg_wire_limits *limits,
                                              struct tg_fault *fault);
/* Optional: sets out->is_present. */
TG_NODISCARD enum tg_err tg_parts_get_token(struct tg_notification_token *out,
                                            struct tg_json_object in,
                                            const struct tg_wire_limits *limits,
                                            struct tg_fault *fault);
/* The optional member "expiration"; *unix_s is untouched if it is absent. */
TG_NODISCARD enum tg_err tg_parts_find_expiration(bool *is_present, int64_t *unix_s,
                                                  struct tg_json_object in, struct tg_fault *fault);
/* The required member "expiration". */
TG_NODISCARD enum tg_err tg_parts_get_expiration(int64_t *unix_s, struct tg_json_object in,
                                                 struct tg_fault *fault);

void tg_parts_put_payload(struct tg_buf *out, const struct tg_payload *payload);
void tg_parts_put_display(struct tg_buf *out, const struct tg_display_info *display);
void tg_parts_put_token(struct tg_buf *out, const struct tg_notification_token *token);
void tg_parts_put_expiration(struct tg_buf *out, int64_t unix_s);
void tg_parts_put_bool(struct tg_buf *out, const char *name, bool value);
/* One string member; name is a literal that needs no escape. */
/* Makes room for a payload and more bytes, so that the text of a message is not copied while it
   grows. */
void tg_parts_reserve(struct tg_buf *out, const struct tg_payload *payload, size_t more);
void tg_parts_put_string(struct tg_buf *out, const char *name, struct tg_bytes value);

#endif
