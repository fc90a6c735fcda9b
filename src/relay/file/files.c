/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/file/files.h"

#include "base/hex.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "wire/field.h"

#include <stdio.h>
#include <string.h>

#define FILES_MAX 16u
#define FOR_AN_HOUR "public, max-age=3600"
#define FOR_A_DAY "public, max-age=86400"
#define FOR_EVER "public, max-age=31536000, immutable" /* another content has another path */
#define PICTURE_PATH_MAX 47u

/* Robots that make previews, and engines that obey the noindex of each page, may look at a share:
   an engine that must not look cannot see that it must not list the address. All others, such as
   archives, are asked to stay away. spec: protocol/5#robots */
static const char robots[] =
    "# A page of this host is for the person who got its link. Robots that make link previews may\n"
    "# read it. Search engines may read that it must not be listed (noindex).\n"
    "User-agent: facebookexternalhit\n"
    "User-agent: Facebot\n"
    "User-agent: WhatsApp\n"
    "User-agent: TelegramBot\n"
    "User-agent: Slackbot\n"
    "User-agent: Slackbot-LinkExpanding\n"
    "User-agent: Slack-ImgProxy\n"
    "User-agent: Discordbot\n"
    "User-agent: SkypeUriPreview\n"
    "User-agent: MicrosoftPreview\n"
    "User-agent: Twitterbot\n"
    "User-agent: LinkedInBot\n"
    "User-agent: Applebot\n"
    "User-agent: Googlebot\n"
    "User-agent: bingbot\n"
    "Disallow:\n"
    "\n"
    "User-agent: *\n"
    "Disallow: /v1/\n";

struct tg_files {
    size_t count;
    struct tg_file list[FILES_MAX];
    struct tg_buf apple, android; /* bodies that are not literals */
    char picture_paths[TG_PICTURE_COUNT][PICTURE_PATH_MAX + 1];
};

/* The entity tag is a part of the hash of the body: it changes with it alone. */
static enum tg_err add(struct tg_files *f, const char *path, const char *type, const char *cache,
                       struct tg_bytes body)
{
    enum tg_err err = TG_E_BUG;
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    struct tg_file *file = &f->list[f->count];
    struct tg_buf etag;

    tg_buf_init(&etag, TG_FILE_ETAG_LEN);
    TG_REQUIRE(f->count < FILES_MAX, TG_E_LIMIT);
    TG_TRY(tg_sha256(hash, body));
    tg_buf_append_u8(&etag, '"');
    tg_hex_encode(&etag, tg_bytes(hash, (TG_FILE_ETAG_LEN - 2) / 2));
    tg_buf_append_u8(&etag, '"');
    TG_TRY(tg_buf_status(&etag));
    *file = (struct tg_file){ .path = path, .type = type, .cache = cache, .body = body };
    memcpy(file->etag, etag.ptr, etag.len);
    f->count++;
    err = TG_OK;
out:
    tg_buf_deinit(&etag);
    return err;
}

/* spec: protocol/5#app-links */
static enum tg_err add_app_links(struct tg_files *f, const struct tg_files_settings *settings)
{
    enum tg_err err = TG_OK;

    if (settings->apple_count > 0) {
        tg_app_links_apple(&f->apple, settings->apple, settings->apple_count);
        TG_TRY(tg_buf_status(&f->apple));
        TG_TRY(add(f, "/.well-known/apple-app-site-association", "application/json", FOR_AN_HOUR,
                   tg_buf_view(&f->apple)));
    }
    if (settings->android_count > 0) {
        tg_app_links_android(&f->android, settings->android, settings->android_count);
        TG_TRY(tg_buf_status(&f->android));
        TG_TRY(add(f, "/.well-known/assetlinks.json", "application/json", FOR_AN_HOUR,
                   tg_buf_view(&f->android)));
    }
out:
    return err;
}

/* "/picture/car-0123456789abcdef.png", with the start of the hash of its content.
   spec: protocol/5#pictures */
static enum tg_err add_picture(struct tg_files *f, enum tg_picture picture)
{
    static const char *const names[TG_PICTURE_COUNT] = { [TG_PICTURE_GENERAL] = "general",
                                                         [TG_PICTURE_CAR] = "car",
                                                         [TG_PICTURE_HOME] = "home",
                                                         [TG_PICTURE_HOTEL] = "hotel" };
    char *path = f->picture_paths[picture];
    char named[PICTURE_PATH_MAX + 1];
    enum tg_err err = TG_OK;

    TG_TRY(add(f, path, TG_PICTURE_TYPE, FOR_EVER, tg_pictures[picture]));
    (void)snprintf(named, sizeof(named), "/picture/%s-%.16s.png", names[picture],
                   f->list[f->count - 1].etag + 1);
    memcpy(path, named, sizeof(named));
out:
    return err;
}

enum tg_err tg_files_new(struct tg_files **out, const struct tg_files_settings *settings)
{
    enum tg_err err = TG_E_BUG;
    struct tg_files *f = tg_mem_calloc(1, sizeof(*f));

    TG_REQUIRE(f != NULL, TG_E_NOMEM);
    tg_buf_init(&f->apple, TG_APP_LINKS_TEXT_MAX);
    tg_buf_init(&f->android, TG_APP_LINKS_TEXT_MAX);
    TG_TRY(add(f, "/robots.txt", "text/plain; charset=utf-8", FOR_A_DAY,
               tg_bytes(robots, sizeof(robots) - 1)));
    TG_TRY(add(f, "/favicon.ico", "image/x-icon", FOR_A_DAY, tg_picture_icon));
    TG_TRY(add_app_links(f, settings));
    for (enum tg_picture picture = 0; picture < TG_PICTURE_COUNT; picture++) {
        TG_TRY(add_picture(f, picture));
    }
    *out = f;
    f = NULL;
    err = TG_OK;
out:
    tg_files_free(&f);
    return err;
}

void tg_files_free(struct tg_files **files)
{
    if (files != NULL && *files != NULL) {
        tg_buf_deinit(&(*files)->apple);
        tg_buf_deinit(&(*files)->android);
        tg_mem_free(*files);
        *files = NULL;
    }
}

const struct tg_file *tg_files_find(const struct tg_files *files, struct tg_bytes target)
{
    struct tg_bytes path = tg_bytes_first(target, tg_bytes_find(target, '?'));

    for (size_t i = 0; files != NULL && i < files->count; i++) {
        if (tg_bytes_is_equal(path, tg_bytes_str(files->list[i].path))) {
            return &files->list[i];
        }
    }
    return NULL;
}

const char *tg_files_picture_path(const struct tg_files *files, enum tg_picture picture)
{
    return files->picture_paths[picture];
}

bool tg_file_is_named(const struct tg_file *file, struct tg_bytes if_none_match)
{
    struct tg_bytes tag = { NULL, 0 };

    while (tg_field_next(&tag, &if_none_match, ',')) {
        tag = tg_bytes_has_prefix(tag, TG_LIT("W/")) ? tg_bytes_from(tag, 2) : tag;
        if (tg_bytes_is_equal(tag, TG_LIT("*")) ||
            tg_bytes_is_equal(tag, tg_bytes_str(file->etag))) {
            return true;
        }
    }
    return false;
}
