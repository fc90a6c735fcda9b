/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/limits.h - the maxima of the protocol, in bytes. A relay's settings may change them.
 * Layer: L1.
 * spec: docs/protocol.md section 3, Limits.
 */
#ifndef TG_WIRE_LIMITS_H
#define TG_WIRE_LIMITS_H

#include <stddef.h>

struct tg_wire_limits {
    size_t body_max;         /* a request body */
    size_t payload_type_max; /* each of the strings, as UTF-8 */
    size_t title_max;
    size_t description_max;
    size_t image_url_max;
    size_t token_type_max;
    size_t token_data_max;
};

#define TG_WIRE_LIMITS_DEFAULT                                                                     \
    {                                                                                              \
        .body_max = 65536, .payload_type_max = 64, .title_max = 256, .description_max = 1024,      \
        .image_url_max = 2048, .token_type_max = 128, .token_data_max = 4096                       \
    }

/* A response body: the largest request body, its display information again, and JSON around it. */
#define TG_RESPONSE_BODY_MAX (256u * 1024u)
#define TG_JSON_DEPTH_MAX 32u
#define TG_JSON_VALUES_MAX 4096u /* values and names of one text: a body has about 30 */

#endif
