/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/qr.h"

#include "cli/mem.h"

#include <qrencode.h>
#include <string.h>

#define QUIET 4

/* Light modules are drawn and dark ones are blank, for a dark terminal. The quiet zone is light. */
static bool is_light(const QRcode *code, int x, int y)
{
    if (x < 0 || y < 0 || x >= code->width || y >= code->width) {
        return y < code->width + QUIET;
    }
    return (code->data[y * code->width + x] & 1) == 0;
}

/* Room for the quiet zone and three bytes a character. */
static char *draw(const QRcode *code)
{
    static const char *const blocks[2][2] = { { " ", "\xe2\x96\x84" },
                                              { "\xe2\x96\x80", "\xe2\x96\x88" } };
    size_t side = (size_t)code->width + 2u * QUIET;
    char *drawing = cli_alloc((side * 3 + 1) * (side / 2 + 1) + 1);
    char *end = drawing;

    for (int y = -QUIET; drawing != NULL && y < code->width + QUIET; y += 2) {
        for (int x = -QUIET; x < code->width + QUIET; x++) {
            end = stpcpy(end, blocks[is_light(code, x, y)][is_light(code, x, y + 1)]);
        }
        *end++ = '\n';
    }
    return drawing;
}

enum cli_exit qr_draw(struct ui *ui, const char *text, char **drawing)
{
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);

    if (code == NULL) {
        return ui_fail(ui, CLI_REFUSED, "qr", "the link does not fit into a QR code.");
    }
    *drawing = draw(code);
    explicit_bzero(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
    return *drawing != NULL ? CLI_OK : ui_fail(ui, CLI_REFUSED, "memory", "out of memory.");
}
