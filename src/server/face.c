/* SPDX-License-Identifier: Apache-2.0 */
#include "server/face.h"

#include "base/mem.h"

#include <stdatomic.h>

struct tg_face {
    atomic_uint holder_count;
    struct tg_config *own_config; /* NULL: it is borrowed */
    struct tg_files *files;
    struct tg_page_app apps[TG_PUSH_APPS_MAX];
    struct tg_relay_face relay;
};

static enum tg_err make_files(struct tg_files **out, const struct tg_config *config)
{
    struct tg_app_link apple[TG_PUSH_APPS_MAX], android[TG_PUSH_APPS_MAX];
    const struct tg_files_settings settings = {
        .apple = apple,
        .android = android,
        .apple_count = tg_config_app_links(apple, &config->links.apple_apps),
        .android_count = tg_config_app_links(android, &config->links.android_apps),
    };

    return tg_files_new(out, &settings);
}

enum tg_err tg_face_new(struct tg_face **out, const struct tg_config *config)
{
    struct tg_face *face = tg_mem_calloc(1, sizeof(*face));
    enum tg_err err = TG_E_BUG;

    if (face == NULL) {
        return TG_E_NOMEM;
    }
    atomic_init(&face->holder_count, 1);
    TG_TRY(make_files(&face->files, config));
    face->relay.files = face->files;
    tg_config_image_policy(&face->relay.images, config);
    tg_config_page(&face->relay.page, face->apps, config);
    *out = face;
    face = NULL;
    err = TG_OK;
out:
    tg_face_free(&face);
    return err;
}

enum tg_err tg_face_take(struct tg_face **out, struct tg_config **config)
{
    enum tg_err err = tg_face_new(out, *config);

    if (err == TG_OK) {
        (*out)->own_config = *config;
        *config = NULL;
    }
    tg_config_free(config);
    return err;
}

struct tg_face *tg_face_hold(struct tg_face *face)
{
    if (face != NULL) {
        (void)atomic_fetch_add(&face->holder_count, 1);
    }
    return face;
}

void tg_face_free(struct tg_face **face)
{
    if (face == NULL || *face == NULL) {
        return;
    }
    if (atomic_fetch_sub(&(*face)->holder_count, 1) == 1) {
        tg_files_free(&(*face)->files);
        tg_config_free(&(*face)->own_config);
        tg_mem_free(*face);
    }
    *face = NULL;
}

const struct tg_relay_face *tg_face_view(const struct tg_face *face)
{
    return &face->relay;
}
