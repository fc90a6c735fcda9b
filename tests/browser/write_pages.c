/* SPDX-License-Identifier: Apache-2.0 */
/* write_pages FOLDER: writes pages of every state, language and vertical as files, for a browser
   without a relay: {state}.{language}.{vertical}.{device}.{what}.html, and the policies that belong
   to them: plain.csp, branded.csp. */
#include "base/err.h"
#include "relay/page/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME_MAX 512
#define NOW_S 1796119200 /* 2026-12-01T10:00:00Z */

static const char *const states[TG_PAGE_STATE_COUNT] = {
    [TG_PAGE_OPEN] = "open",
    [TG_PAGE_OPENED] = "opened",
    [TG_PAGE_EXPIRED] = "expired",
    [TG_PAGE_ENDED_BY_SENDER] = "withdrawn",
    [TG_PAGE_UNKNOWN] = "unknown",
    [TG_PAGE_ENDED_BY_RECIPIENT] = "used",
    [TG_PAGE_DAMAGED] = "damaged",
    [TG_PAGE_TOO_MANY] = "too-many",
    [TG_PAGE_DOWN] = "down",
    [TG_PAGE_DRAINING] = "draining",
    [TG_PAGE_FRONT] = "front",
    [TG_PAGE_NOT_FOUND] = "not-found",
    [TG_PAGE_BAD_REQUEST] = "bad-request",
};
static const char *const verticals[TG_PAGE_VERTICAL_COUNT] = { "general", "car", "home", "hotel" };
static const char *const devices[TG_PAGE_DEVICE_COUNT] = { "computer", "ios", "android" };

struct what {
    const char *name;
    struct tg_display_info display;
};

static struct tg_bytes repeated(const char *text, size_t max)
{
    static char memory[8][2048];
    static size_t used;
    char *at = memory[used++];
    size_t len = 0;

    while (len + strlen(text) <= max) {
        memcpy(at + len, text, strlen(text));
        len += strlen(text);
    }
    return tg_bytes(at, len);
}

static void write_page(const char *folder, const struct tg_page_site *site, const char *what,
                       const struct tg_page *page)
{
    char name[FILE_NAME_MAX];
    struct tg_buf out;
    FILE *file = NULL;

    tg_buf_init(&out, 1u << 20);
    (void)snprintf(name, sizeof(name), "%s/%s.%s.%s.%s.%s.html", folder, states[page->state],
                   tg_page_language_tag(page->reader.language), verticals[page->vertical],
                   devices[page->reader.device], what);
    file = fopen(name, "wb");
    if (tg_page_write(&out, site, page) != TG_OK || file == NULL ||
        fwrite(out.ptr, 1, out.len, file) != out.len || fclose(file) != 0) {
        fprintf(stderr, "write_pages: %s cannot be written\n", name);
        exit(1);
    }
    tg_buf_deinit(&out);
}

static void write_csp(const char *folder, const char *name, const struct tg_page_site *site)
{
    char path[FILE_NAME_MAX];
    FILE *file = NULL;

    (void)snprintf(path, sizeof(path), "%s/%s.csp", folder, name);
    file = fopen(path, "wb");
    if (file == NULL || fputs(tg_page_site_csp(site), file) < 0 || fclose(file) != 0) {
        fprintf(stderr, "write_pages: %s cannot be written\n", path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static const struct tg_page_settings plain = { .operator_name = NULL };
    static const struct tg_page_app app = {
        .name = "Nordlicht Wallet",
        .open = "https://open.nordlicht.example/",
        .ios = "https://apps.apple.com/app/id1",
        .android = "https://play.google.com/store/apps/details?id=a.b&x=1",
        .verticals = 15,
    };
    static const struct tg_page_settings branded = {
        .operator_name = "Nordlicht Keys & Co",
        .colour = "#ffcc00",
        .logo = "<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><circle cx=\"12\" cy=\"12\" "
                "r=\"11\" fill=\"currentColor\"/></svg>",
        .support = "https://help.example/keys",
        .apps = &app,
        .app_count = 1,
    };
    struct tg_page_site *sites[2] = { NULL, NULL };
    const struct what whats[] = {
        { "usual",
          { TG_LIT("Blue Volvo, until Sunday"),
            TG_LIT("Hi Anna, here is the key for the car.\nIt stands behind the house."),
            TG_LIT("") } },
        { "empty", { TG_LIT(""), TG_LIT(""), TG_LIT("") } },
        { "emoji",
          { repeated("\xf0\x9f\x94\x91", 256), repeated("\xf0\x9f\x9a\x97", 1024), TG_LIT("") } },
        { "long-word", { repeated("W", 256), repeated("M", 1024), TG_LIT("") } },
        { "hostile",
          { TG_LIT("</title><script>document.title='x'</script><img src=x onerror=alert(1)>"),
            TG_LIT("\xe2\x80\xaegnp.exe\"><b>bold</b>\n\n\n\n\n\n'end"), TG_LIT("") } },
        { "arabic",
          { TG_LIT("\xd9\x85\xd9\x81\xd8\xaa\xd8\xa7\xd8\xad 12 (BMW)"),
            TG_LIT("\xd8\xb4\xd9\x83\xd8\xb1\xd8\xa7!"), TG_LIT("") } },
    };

    if (argc != 2 || tg_page_site_new(&sites[0], &plain, "https://relay.example") != TG_OK ||
        tg_page_site_new(&sites[1], &branded, "https://relay.example") != TG_OK) {
        fprintf(stderr, "usage: write_pages FOLDER\n");
        return 2;
    }
    write_csp(argv[1], "plain", sites[0]);
    write_csp(argv[1], "branded", sites[1]);
    for (unsigned state = 0; state < TG_PAGE_STATE_COUNT; state++) {
        for (unsigned i = 0; i < TG_PAGE_LANGUAGE_COUNT * TG_PAGE_VERTICAL_COUNT *
                                     TG_PAGE_DEVICE_COUNT * TG_COUNT(whats) * 2;
             i++) {
            unsigned rest = i;
            unsigned language = rest % TG_PAGE_LANGUAGE_COUNT;
            unsigned vertical = (rest /= TG_PAGE_LANGUAGE_COUNT) % TG_PAGE_VERTICAL_COUNT;
            unsigned device = (rest /= TG_PAGE_VERTICAL_COUNT) % TG_PAGE_DEVICE_COUNT;
            unsigned what = (rest /= TG_PAGE_DEVICE_COUNT) % TG_COUNT(whats);
            unsigned brand = (rest / TG_COUNT(whats)) % 2;
            int unusual = (vertical != TG_PAGE_CAR) + (device != TG_PAGE_IOS) + (what != 0) +
                          (brand != 0) + (language != TG_PAGE_EN);
            char name[64];

            /* What differs from the usual page in one point alone. */
            if (unusual > 1 || (what != 0 && state > TG_PAGE_OPENED) ||
                (device != TG_PAGE_IOS && state != TG_PAGE_OPEN)) {
                continue;
            }
            (void)snprintf(name, sizeof(name), "%s", brand == 1 ? "branded" : whats[what].name);
            write_page(argv[1], sites[brand], name,
                       &(struct tg_page){ .state = (enum tg_page_state)state,
                                          .vertical = (enum tg_page_vertical)vertical,
                                          .reader = { (enum tg_page_language)language,
                                                      (enum tg_page_device)device },
                                          .retry_after_s = state == TG_PAGE_TOO_MANY ? 30 : 0,
                                          .display = &whats[what].display,
                                          .url = TG_LIT("https://relay.example/v1/m/"
                                                        "0b8a9c3e-1d2f-4a5b-8c7d-9e0f1a2b3c4d"),
                                          .drawing = { TG_LIT("https://relay.example/picture/"
                                                              "car-0123456789abcdef.png"),
                                                       "image/png", "1200", "630" },
                                          .now_s = NOW_S,
                                          .expires_s = NOW_S + 2 * 86400 + 3600 });
        }
    }
    tg_page_site_free(&sites[0]);
    tg_page_site_free(&sites[1]);
    return 0;
}
