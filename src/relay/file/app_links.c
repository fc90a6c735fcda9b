/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/file/app_links.h"

#include "wire/json.h"

#include <string.h>

#define TEAM_LEN 10u
#define ID_MAX 255u
#define FINGERPRINT_LEN 95u /* 32 bytes as AA:BB:... */

/* The verticals that have a name in the settings, and their value of v in a share URL. */
static const struct {
    const char *name, *value;
} verticals[TG_APP_LINK_VERTICAL_COUNT] = {
    { "general", "a" }, /* it also has the links without v */
    { "car", "c" },
    { "home", "h" },
    { "hotel", "hotel" },
};
#define GENERAL 0u
#define ALL ((1u << TG_COUNT(verticals)) - 1u)

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* ---- verticals ------------------------------------------------------------------------------ */

/* The first entry of a list, which it takes with the comma behind it. */
static struct tg_bytes next_entry(struct tg_bytes *list)
{
    struct tg_bytes entry = tg_bytes_first(*list, tg_bytes_find(*list, ','));

    *list = tg_bytes_from(*list, entry.len + 1);
    return entry;
}

unsigned tg_app_link_verticals(const char *names)
{
    struct tg_bytes list = tg_bytes_str(names);
    unsigned set = 0;

    if (list.len == 0) {
        return ALL;
    }
    if (list.ptr[list.len - 1] == ',') {
        return 0;
    }
    while (list.len > 0) {
        struct tg_bytes name = next_entry(&list);
        unsigned bit = 0;

        for (size_t i = 0; i < TG_COUNT(verticals); i++) {
            bit |= tg_bytes_is_equal(name, tg_bytes_str(verticals[i].name)) ? 1u << i : 0;
        }
        if (bit == 0 || (set & bit) != 0) {
            return 0;
        }
        set |= bit;
    }
    return set;
}

static enum tg_err check_verticals(const struct tg_app_link *app, struct tg_fault *fault)
{
    if (tg_app_link_verticals(app->verticals) != 0) {
        return TG_OK;
    }
    tg_fault_set(fault, "verticals= has an unknown or repeated name (expected: some of "
                        "general,car,home,hotel, separated by commas)");
    return TG_E_SYNTAX;
}

/* ---- checks --------------------------------------------------------------------------------- */

/* Labels of letters, digits and what extra has, separated by dots. */
static bool is_dotted(struct tg_bytes text, const char *extra, size_t label_min)
{
    size_t label_count = 0;

    while (text.len > 0) {
        size_t len = tg_bytes_find(text, '.');

        for (size_t i = 0; i < len; i++) {
            if (!is_alnum(text.ptr[i]) && strchr(extra, text.ptr[i]) == NULL) {
                return false;
            }
        }
        if (len == 0 || len + 1 == text.len) {
            return false; /* an empty label, also at the end */
        }
        label_count++;
        text = tg_bytes_from(text, len + 1);
    }
    return label_count >= label_min;
}

static bool is_apple_id(struct tg_bytes id)
{
    for (size_t i = 0; i < TEAM_LEN && i < id.len; i++) {
        if (!is_alnum(id.ptr[i]) || (id.ptr[i] >= 'a' && id.ptr[i] <= 'z')) {
            return false;
        }
    }
    return id.len > TEAM_LEN + 1 && id.len <= ID_MAX && id.ptr[TEAM_LEN] == '.' &&
           is_dotted(tg_bytes_from(id, TEAM_LEN + 1), "-", 1);
}

enum tg_err tg_app_link_check_apple(const struct tg_app_link *app, struct tg_fault *fault)
{
    if (!is_apple_id(tg_bytes_str(app->id))) {
        tg_fault_set(fault, "not an Apple app (expected: the team's 10 capital letters and digits, "
                            "a dot, the bundle identifier: ABCDE12345.com.example.wallet)");
        return TG_E_SYNTAX;
    }
    return check_verticals(app, fault);
}

static bool is_package(struct tg_bytes id)
{
    bool is_first = true;

    for (size_t i = 0; i < id.len; i++) {
        if (is_first && (id.ptr[i] == '_' || (id.ptr[i] >= '0' && id.ptr[i] <= '9'))) {
            return false; /* each label begins with a letter */
        }
        is_first = id.ptr[i] == '.';
    }
    return id.len <= ID_MAX && is_dotted(id, "_", 2);
}

static bool is_fingerprint(struct tg_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool is_digit = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');

        if (i % 3 == 2 ? c != ':' : !is_digit) {
            return false;
        }
    }
    return text.len == FINGERPRINT_LEN;
}

static bool are_fingerprints(const char *text)
{
    struct tg_bytes list = tg_bytes_str(text);
    size_t count = 0;

    while (list.len > 0) {
        if (!is_fingerprint(next_entry(&list))) {
            return false;
        }
        count++;
    }
    return count > 0 && count <= TG_APP_LINKS_FINGERPRINTS_MAX && text[strlen(text) - 1] != ',';
}

enum tg_err tg_app_link_check_android(const struct tg_app_link *app, struct tg_fault *fault)
{
    _Static_assert(TG_APP_LINKS_FINGERPRINTS_MAX == 10u, "the text names it");
    if (!is_package(tg_bytes_str(app->id))) {
        tg_fault_set(fault, "not an Android package (expected: names separated by dots, such as "
                            "com.example.wallet)");
        return TG_E_SYNTAX;
    }
    if (!are_fingerprints(app->fingerprints)) {
        tg_fault_set(fault,
                     "fingerprints= is missing or wrong (expected: 1 to 10 SHA-256 fingerprints of "
                     "signing certificates, 32 bytes each as AA:BB:..., with commas)");
        return TG_E_SYNTAX;
    }
    return check_verticals(app, fault);
}

/* ---- writing -------------------------------------------------------------------------------- */

static void put_component(struct tg_buf *out, const char *v, const char *rest)
{
    tg_buf_append_str(out, "{\"/\":\"/v1/m/*\"");
    if (v != NULL) {
        tg_buf_append_str(out, ",\"?\":{\"v\":\"");
        tg_buf_append_str(out, v);
        tg_buf_append_str(out, "\"}");
    }
    tg_buf_append_str(out, rest);
}

/* The first rule that a link matches decides. A link whose v is missing or empty is a general one,
   so the others with a v are excluded before all that remain are included. Also damaged links
   match, because a wallet may repair what a browser cannot. spec: protocol/5#app-links-by-vertical
 */
static void put_components(struct tg_buf *out, unsigned set)
{
    tg_buf_append_u8(out, '[');
    for (size_t i = 0; set != ALL && i < TG_COUNT(verticals); i++) {
        if ((set & (1u << i)) != 0) {
            put_component(out, verticals[i].value, "},");
        }
    }
    if (set != ALL && (set & (1u << GENERAL)) != 0) {
        put_component(out, "?*", ",\"exclude\":true},");
    }
    if ((set & (1u << GENERAL)) != 0) {
        put_component(out, NULL, "},");
    }
    tg_buf_append_str(out, "{\"/\":\"*\",\"exclude\":true}]");
}

void tg_app_links_apple(struct tg_buf *out, const struct tg_app_link *apps, size_t count)
{
    tg_buf_append_str(out, "{\"applinks\":{\"details\":[");
    for (size_t i = 0; i < count; i++) {
        tg_buf_append_str(out, i > 0 ? ",\n{\"appIDs\":[" : "\n{\"appIDs\":[");
        tg_json_put_string(out, tg_bytes_str(apps[i].id));
        tg_buf_append_str(out, "],\"components\":");
        put_components(out, tg_app_link_verticals(apps[i].verticals));
        tg_buf_append_u8(out, '}');
    }
    tg_buf_append_str(out, "]}}\n");
}

static void put_fingerprints(struct tg_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        char c = *text;

        if (c == ',') {
            tg_buf_append_str(out, "\",\"");
        } else {
            tg_buf_append_u8(out, (uint8_t)(c >= 'a' && c <= 'f' ? c - ('a' - 'A') : c));
        }
    }
}

#define HANDLE_URLS "delegate_permission/common.handle_all_urls"

/* Systems before Android 15 ignore the extension: there the app's manifest alone decides which
   paths it opens, and no manifest can name a query. */
void tg_app_links_android(struct tg_buf *out, const struct tg_app_link *apps, size_t count)
{
    tg_buf_append_u8(out, '[');
    for (size_t i = 0; i < count; i++) {
        unsigned set = tg_app_link_verticals(apps[i].verticals);

        tg_buf_append_str(out, i > 0 ? ",\n{" : "\n{");
        tg_buf_append_str(out, "\"relation\":[\"" HANDLE_URLS "\"],\"target\":{\"namespace\":"
                               "\"android_app\",\"package_name\":");
        tg_json_put_string(out, tg_bytes_str(apps[i].id));
        tg_buf_append_str(out, ",\"sha256_cert_fingerprints\":[\"");
        put_fingerprints(out, apps[i].fingerprints);
        tg_buf_append_str(out, "\"]}");
        if (set != ALL) {
            tg_buf_append_str(out, ",\"relation_extensions\":{\"" HANDLE_URLS
                                   "\":{\"dynamic_app_link_components\":");
            put_components(out, set);
            tg_buf_append_str(out, "}}");
        }
        tg_buf_append_u8(out, '}');
    }
    tg_buf_append_str(out, "]\n");
}
