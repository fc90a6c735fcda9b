/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/file/pictures.h - the drawings for link previews, which are a part of the program.
 * Layer: L2 (base).   Threads: any.   Blocks: no.   Secrets: none.
 *
 * scripts/draw_pictures makes the PNG and ICO files from the drawings of the pages
 * (relay/page/drawing.c), and the build makes C of them.
 */
#ifndef TG_RELAY_FILE_PICTURES_H
#define TG_RELAY_FILE_PICTURES_H

#include "base/bytes.h"

/* What is shared. */
enum tg_picture { TG_PICTURE_GENERAL, TG_PICTURE_CAR, TG_PICTURE_HOME, TG_PICTURE_HOTEL };
#define TG_PICTURE_COUNT 4u

#define TG_PICTURE_TYPE "image/png"
#define TG_PICTURE_WIDTH "1200"
#define TG_PICTURE_HEIGHT "630"

extern const struct tg_bytes tg_pictures[TG_PICTURE_COUNT];
extern const struct tg_bytes tg_picture_icon; /* image/x-icon, 32 x 32 */

#endif
