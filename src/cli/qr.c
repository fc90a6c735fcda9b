/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/qr.h"

#include <qrencode.h>
#include <string.h>

#define QUIET 4

/* Light modules are drawn, dark ones left out, as on a dark terminal. The quiet zone is light. */
static bool is_light(const QRcode *code, int x, int y)
{
    if (x < 0 || y < 0 || x >= code->width || y >= code->width) {
        return y < code->width + QUIET;
    }
    return (code->data[y * code->width + x] & 1) == 0;
}

enum cli_exit qr_print(struct ui *ui, const char *text)
{
    static const char *const blocks[2][2] = { { " ", "\xe2\x96\x84" },
                                              { "\xe2\x96\x80", "\xe2\x96\x88" } };
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);

    if (code == NULL) {
        return ui_fail(ui, CLI_REFUSED, "qr", "the link does not fit into a QR code.");
    }
    for (int y = -QUIET; y < code->width + QUIET; y += 2) {
        for (int x = -QUIET; x < code->width + QUIET; x++) {
            ui_say(ui, "%s", blocks[is_light(code, x, y)][is_light(code, x, y + 1)]);
        }
        ui_say(ui, "\n");
    }
    explicit_bzero(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
    return CLI_OK;
}
