/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/page/logo.h"

#include "base/b64.h"

#define PNG_SIDE_MAX 512u /* pixels */
#define CHUNK_HEAD 8u     /* length and type */
#define CHUNK_TAIL 4u     /* check sum */

static const uint8_t signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

static uint32_t number_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool is_side(uint32_t pixels)
{
    return pixels >= 1 && pixels <= PNG_SIDE_MAX;
}

/* The chunks of a picture that stands still, whole and with nothing behind the last one. */
static bool is_png(struct tg_bytes file)
{
    struct tg_bytes rest = tg_bytes_from(file, sizeof(signature));
    bool is_first = true;

    while (rest.len >= CHUNK_HEAD + CHUNK_TAIL) {
        uint32_t len = number_at(rest.ptr);
        struct tg_bytes type = tg_bytes_first(tg_bytes_from(rest, 4), 4);

        if (len > rest.len - CHUNK_HEAD - CHUNK_TAIL ||
            is_first != tg_bytes_is_equal(type, TG_LIT("IHDR")) ||
            tg_bytes_is_equal(type, TG_LIT("acTL"))) {
            return false;
        }
        if (is_first && (len != 13 || !is_side(number_at(rest.ptr + CHUNK_HEAD)) ||
                         !is_side(number_at(rest.ptr + CHUNK_HEAD + 4)))) {
            return false;
        }
        is_first = false;
        rest = tg_bytes_from(rest, CHUNK_HEAD + len + CHUNK_TAIL);
        if (tg_bytes_is_equal(type, TG_LIT("IEND"))) {
            return rest.len == 0;
        }
    }
    return false;
}

static enum tg_err put_png(struct tg_buf *out, struct tg_bytes file, struct tg_fault *fault)
{
    if (file.len > TG_PAGE_LOGO_PNG_MAX || !is_png(file)) {
        tg_fault_set(fault,
                     "the PNG is damaged, moves or is too large (expected: one picture of at most "
                     "%u pixels each way and %u bytes; or an SVG)",
                     PNG_SIDE_MAX, TG_PAGE_LOGO_PNG_MAX);
        return TG_E_SYNTAX;
    }
    tg_buf_append_str(out, "<img alt=\"\" src=\"data:image/png;base64,");
    tg_b64_encode(out, file, TG_B64_STANDARD);
    tg_buf_append_str(out, "\">");
    return tg_buf_status(out);
}

enum tg_err tg_page_logo_make(struct tg_buf *out, struct tg_bytes file, struct tg_fault *fault)
{
    bool is_picture = tg_bytes_has_prefix(file, TG_ARRAY_BYTES(signature));
    enum tg_err err = TG_E_BUG;
    struct tg_buf html;

    tg_buf_init(&html, TG_PAGE_LOGO_MAX);
    err = is_picture ? put_png(&html, file, fault) : tg_page_logo_svg(&html, file, fault);
    if (err == TG_OK) {
        err = tg_buf_status(&html);
        if (err == TG_E_LIMIT) {
            tg_fault_set(fault, "the drawing is too long (expected: at most %u bytes)",
                         TG_PAGE_LOGO_MAX);
        }
    }
    if (err == TG_OK) {
        tg_buf_append(out, tg_buf_view(&html));
        err = tg_buf_status(out);
    }
    tg_buf_deinit(&html);
    return err;
}
