/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/field.h"

bool tg_field_next(struct tg_bytes *piece, struct tg_bytes *rest, uint8_t separator)
{
    bool is_quoted = false;
    size_t end = 0;

    if (rest->len == 0) {
        return false;
    }
    while (end < rest->len && (is_quoted || rest->ptr[end] != separator)) {
        uint8_t c = rest->ptr[end];

        if (c == '"') {
            is_quoted = !is_quoted;
        } else if (is_quoted && c == '\\' && end + 1 < rest->len) {
            end++;
        }
        end++;
    }
    *piece = tg_bytes_trim(tg_bytes_first(*rest, end));
    *rest = tg_bytes_from(*rest, end + 1);
    return true;
}

struct tg_field_pair tg_field_pair(struct tg_bytes piece)
{
    size_t at = tg_bytes_find(piece, '=');
    struct tg_field_pair pair = {
        .name = tg_bytes_trim(tg_bytes_first(piece, at)),
        .value = tg_bytes_trim(tg_bytes_from(piece, at + 1)),
        .has_value = at < piece.len,
    };

    if (pair.value.len > 0 && pair.value.ptr[0] == '"') {
        struct tg_bytes inner = tg_bytes_from(pair.value, 1);
        size_t quote = tg_bytes_find(inner, '"');

        pair.is_bad = quote + 1 != inner.len || tg_bytes_find(inner, '\\') < inner.len;
        pair.value = tg_bytes_first(inner, quote);
    }
    return pair;
}
