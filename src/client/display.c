/* SPDX-License-Identifier: Apache-2.0 */
#include "client/display.h"

#include "client/text.h"
#include "wire/image_url.h"

enum tg_err tg_display_init(struct tg_session_display *fresh, const struct tigress_session *s,
                            const struct tg_display_info *display)
{
    bool is_shown = tg_image_url_is_https(display->image_url);
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&fresh->title, s->display.title.max);
    tg_buf_init(&fresh->description, s->display.description.max);
    tg_buf_init(&fresh->image_url, s->display.image_url.max);
    TG_TRY(tg_text_set(&fresh->title, display->title));
    TG_TRY(tg_text_set(&fresh->description, display->description));
    TG_TRY(tg_text_set(&fresh->image_url, is_shown ? display->image_url : tg_bytes(NULL, 0)));
out:
    return err;
}

void tg_display_deinit(struct tg_session_display *display)
{
    tg_buf_deinit(&display->title);
    tg_buf_deinit(&display->description);
    tg_buf_deinit(&display->image_url);
}

/* spec: protocol/7#nothing-from-rejected-answers */
void tg_display_take(struct tigress_session *s, struct tg_session_display *fresh)
{
    struct tg_session_display before = s->display;

    s->display = *fresh;
    *fresh = before;
    tg_display_deinit(fresh);
}
