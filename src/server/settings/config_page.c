/* SPDX-License-Identifier: Apache-2.0 */
/* What the pages show of the operator: name, colour, logo, help, apps, time zone. */
#include "server/settings/config_rules.h"

#include "base/file.h"
#include "relay/file/app_links.h"
#include "relay/page/page.h"
#include "server/ops/zone.h"
#include "server/settings/config_file.h"
#include "server/settings/config_member.h"
#include "wire/image_url.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void check_colour(struct tg_config_load_state *state)
{
    struct tg_bytes text = tg_bytes_str(state->config->page.colour);
    struct tg_colour colour;

    if (text.len > 0 && tg_colour_parse(&colour, text) != TG_OK) {
        tg_config_fault(state, TG_SET_PAGE_COLOUR,
                        "not a colour (expected: # and 6 hexadecimal digits, such as #0b6b5d)");
    }
}

static void check_support(struct tg_config_load_state *state)
{
    struct tg_bytes url = tg_bytes_str(state->config->page.support);
    struct tg_bytes address = tg_bytes_from(url, sizeof("mailto:") - 1);
    bool is_mail = tg_bytes_has_prefix(url, TG_LIT("mailto:")) && tg_bytes_find(address, '@') > 0 &&
                   tg_bytes_find(address, '@') + 1 < address.len;

    if (url.len > 0 && !is_mail && !tg_image_url_is_https(url)) {
        tg_config_fault(state, TG_SET_PAGE_SUPPORT,
                        "not an address for help (expected: https://HOST/... or "
                        "mailto:NAME@HOST)");
    }
}

/* ---- logo ----------------------------------------------------------------------------------- */

static enum tg_err read_logo(struct tg_config_load_state *state, struct tg_buf *file)
{
    const char *path = state->config->page.logo_path;
    enum tg_err err = TG_E_IO;
    int fd = tg_file_open(path);

    if (fd >= 0) {
        err = tg_config_read_all(file, fd);
        (void)close(fd);
    }
    if (err == TG_E_IO) {
        tg_config_fault_file(state, TG_SET_PAGE_LOGO, path, "cannot be read",
                             "an SVG or PNG file that the relay may read");
    }
    return err;
}

static void load_logo(struct tg_config_load_state *state)
{
    struct tg_config_page *page = &state->config->page;
    struct tg_fault fault = { "" };
    struct tg_buf file, html;
    enum tg_err err = TG_OK;

    if (page->logo_path[0] == '\0') {
        return;
    }
    tg_buf_init(&file, TG_PAGE_LOGO_FILE_MAX);
    tg_buf_init(&html, TG_PAGE_LOGO_MAX);
    err = read_logo(state, &file);
    if (err == TG_OK) {
        err = tg_page_logo_make(&html, tg_buf_view(&file), &fault);
    } else if (err == TG_E_LIMIT) {
        tg_fault_set(&fault,
                     "the logo is too large (expected: at most %u bytes of SVG, or %u of "
                     "PNG)",
                     TG_PAGE_LOGO_FILE_MAX, TG_PAGE_LOGO_PNG_MAX);
    }
    if (err == TG_OK) {
        err = tg_config_copy(page->logo, sizeof(page->logo), tg_buf_view(&html));
    }
    if (err != TG_OK && err != TG_E_IO) {
        tg_config_fault(state, TG_SET_PAGE_LOGO,
                        fault.text[0] != '\0' ? fault.text : "out of memory");
    }
    tg_buf_deinit(&html);
    tg_buf_deinit(&file);
}

/* ---- apps ----------------------------------------------------------------------------------- */

static bool is_address(const char *url)
{
    return url[0] == '\0' || tg_image_url_is_https(tg_bytes_str(url));
}

/* What is wrong with an app; NULL: nothing. */
static const char *find_wrong(const struct tg_config_app *app)
{
    if (app->open[0] == '\0' && app->ios[0] == '\0' && app->android[0] == '\0') {
        return "no address (expected: at least one of open=, ios= and android=)";
    }
    if (!is_address(app->open) || !is_address(app->ios) || !is_address(app->android)) {
        return "an address that does not begin with https:// (expected: https://HOST/...; another "
               "scheme would lose the secret of the link)";
    }
    if (tg_app_link_verticals(app->verticals) == 0) {
        return "verticals= has an unknown or repeated name (expected: some of "
               "general,car,home,hotel, separated by commas)";
    }
    return NULL;
}

static void check_apps(struct tg_config_load_state *state)
{
    const struct tg_config_apps *apps = &state->config->page.apps;
    unsigned counts[TG_APP_LINK_VERTICAL_COUNT] = { 0 };
    bool has_too_many = false;

    for (size_t i = 0; i < apps->count; i++) {
        const char *wrong = find_wrong(&apps->apps[i]);
        unsigned set = tg_app_link_verticals(apps->apps[i].verticals);

        if (wrong != NULL) {
            tg_config_app_fault(state, TG_SET_PAGE_APP, i, wrong);
        }
        for (unsigned k = 0; k < TG_COUNT(counts); k++) {
            counts[k] += set >> k & 1u;
            has_too_many = has_too_many || counts[k] > TG_PAGE_APPS_MAX;
        }
    }
    if (has_too_many) {
        tg_config_fault(state, TG_SET_PAGE_APP,
                        "too many apps for one kind of link (expected: at most 3 for each of "
                        "general, car, home and hotel)");
    }
}

/* ---- room ----------------------------------------------------------------------------------- */

/* A page arrives in one round trip, also with the words of a sender. */
static void check_room(struct tg_config_load_state *state)
{
    const struct tg_config *config = state->config;
    struct tg_page_app apps[TG_PUSH_APPS_MAX];
    struct tg_page_settings settings;
    struct tg_page_site *site = NULL;
    struct tg_fault fault = { "" };
    size_t len = 0;

    tg_config_page(&settings, apps, config);
    if (tg_page_site_draft(&site, &settings,
                           config->public_url[0] != '\0' ? config->public_url
                                                         : "https://relay.example") != TG_OK ||
        tg_page_longest(&len, site) != TG_OK) {
        tg_fault_set(&fault, "out of memory");
    } else if (len > TG_PAGE_OPERATOR_MAX) {
        tg_fault_set(
            &fault,
            "with operator-name, page-logo, page-support and page-app a page has up to %zu "
            "bytes (expected: at most %u, so that it arrives in one round trip)",
            len, TG_PAGE_OPERATOR_MAX);
    }
    if (fault.text[0] != '\0') {
        tg_config_fault(state,
                        config->page.apps.count > 0         ? TG_SET_PAGE_APP
                        : config->page.logo_path[0] != '\0' ? TG_SET_PAGE_LOGO
                                                            : TG_SET_OPERATOR_NAME,
                        fault.text);
    }
    tg_page_site_free(&site);
}

/* ---- the settings --------------------------------------------------------------------------- */

void tg_config_apply_page_rules(struct tg_config_load_state *state)
{
    struct tg_fault fault = { "" };

    check_colour(state);
    check_support(state);
    check_apps(state);
    load_logo(state);
    if (tg_zone_check(state->config->page.time_zone, &fault) != TG_OK) {
        tg_config_fault(state, TG_SET_PAGE_TIME_ZONE, fault.text);
    }
    if (state->fault_count == 0) {
        check_room(state);
    }
}

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

void tg_config_page(struct tg_page_settings *out, struct tg_page_app apps[TG_PUSH_APPS_MAX],
                    const struct tg_config *config)
{
    const struct tg_config_page *page = &config->page;

    for (size_t i = 0; i < page->apps.count; i++) {
        const struct tg_config_app *app = &page->apps.apps[i];

        apps[i] = (struct tg_page_app){ .name = app->topic,
                                        .open = or_null(app->open),
                                        .ios = or_null(app->ios),
                                        .android = or_null(app->android),
                                        .verticals = tg_app_link_verticals(app->verticals) };
    }
    *out = (struct tg_page_settings){ .operator_name = or_null(page->name),
                                      .colour = or_null(page->colour),
                                      .logo = or_null(page->logo),
                                      .support = or_null(page->support),
                                      .apps = apps,
                                      .app_count = page->apps.count,
                                      .offset = tg_zone_offset_s };
}
