/* SPDX-License-Identifier: Apache-2.0 */
/* The apps that open the relay's links, and the hosts whose pictures a link preview may name. */
#include "server/settings/config_rules.h"

#include <string.h>

typedef enum tg_err check_fn(const struct tg_app_link *app, struct tg_fault *fault);

static struct tg_app_link view(const struct tg_config_app *app)
{
    return (struct tg_app_link){ .id = app->topic,
                                 .fingerprints = app->fingerprints,
                                 .verticals = app->verticals };
}

static bool is_repeated(const struct tg_config_apps *apps, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(apps->apps[i].topic, apps->apps[index].topic) == 0) {
            return true;
        }
    }
    return false;
}

static void check_apps(struct tg_config_load_state *state, enum tg_setting_id id,
                       const struct tg_config_apps *apps, check_fn *check)
{
    for (size_t i = 0; i < apps->count; i++) {
        const struct tg_app_link app = view(&apps->apps[i]);
        struct tg_fault why = { "" };

        if (check(&app, &why) != TG_OK) {
            tg_config_app_fault(state, id, i, why.text);
        } else if (is_repeated(apps, i)) {
            tg_config_app_fault(state, id, i, "its name is used twice (expected: each app once)");
        }
    }
}

/* A word that is no host: NULL if this is a list. */
static const char *word_of(const struct tg_config_hosts *hosts)
{
    bool is_word = strcmp(hosts->text, "any") == 0 || strcmp(hosts->text, "own") == 0;

    return hosts->count == 1 && is_word ? hosts->text : NULL;
}

static void check_images(struct tg_config_load_state *state)
{
    const struct tg_config_hosts *hosts = &state->config->links.images;
    const char *at = hosts->text;

    for (size_t i = 0; word_of(hosts) == NULL && i < hosts->count; i++) {
        if (strchr(at, '.') == NULL && strcmp(at, "localhost") != 0) {
            tg_config_fault(state, TG_SET_PREVIEW_IMAGES,
                            "an entry that is not the name of a host (expected: any, own, or names "
                            "such as cards.example.org or *.example.org, separated by commas)");
            return;
        }
        at += strlen(at) + 1;
    }
}

void tg_config_apply_link_rules(struct tg_config_load_state *state)
{
    const struct tg_config_links *links = &state->config->links;

    check_apps(state, TG_SET_LINK_APPLE_APP, &links->apple_apps, tg_app_link_check_apple);
    check_apps(state, TG_SET_LINK_ANDROID_APP, &links->android_apps, tg_app_link_check_android);
    check_images(state);
}

size_t tg_config_app_links(struct tg_app_link out[TG_PUSH_APPS_MAX],
                           const struct tg_config_apps *apps)
{
    for (size_t i = 0; i < apps->count; i++) {
        out[i] = view(&apps->apps[i]);
    }
    return apps->count;
}

void tg_config_image_policy(struct tg_image_policy *out, const struct tg_config *config)
{
    const struct tg_config_hosts *hosts = &config->links.images;
    const char *word = word_of(hosts);

    *out = (struct tg_image_policy){ .hosts = TG_IMAGES_LISTED,
                                     .list = hosts->text,
                                     .list_count = hosts->count };
    if (word != NULL) {
        out->hosts = strcmp(word, "own") == 0 ? TG_IMAGES_OWN : TG_IMAGES_ANY;
    }
}
