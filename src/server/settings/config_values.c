/* SPDX-License-Identifier: Apache-2.0 */
/* The text form of each type of setting: one parser and one printer a type. */
#include "server/settings/config_values.h"

#include "base/num.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define PORT_MAX 65535u

typedef enum tg_err parse_fn(struct tg_config *config, const struct tg_setting *setting,
                             struct tg_bytes text, struct tg_fault *fault);
typedef void print_fn(struct tg_buf *out, const struct tg_config *config,
                      const struct tg_setting *setting);

struct unit {
    const char *suffix;
    uint64_t factor;
};

/* Largest first: the printer takes the first that divides. */
static const struct unit size_units[] = {
    { "GiB", (uint64_t)1 << 30 }, { "MiB", (uint64_t)1 << 20 }, { "KiB", 1024u }, { "B", 1 }
};
static const struct unit duration_units[] = {
    { "d", 86400 }, { "h", 3600 }, { "m", 60 }, { "s", 1 }
};

static void *member(struct tg_config *config, const struct tg_setting *setting)
{
    return (char *)config + setting->offset;
}

static const void *member_const(const struct tg_config *config, const struct tg_setting *setting)
{
    return (const char *)config + setting->offset;
}

static uint64_t load_number(const void *at, size_t size)
{
    uint32_t v32 = 0;
    uint64_t v64 = 0;

    if (size == sizeof v32) {
        memcpy(&v32, at, sizeof v32);
        return v32;
    }
    memcpy(&v64, at, sizeof v64);
    return v64;
}

static void store_number(void *at, size_t size, uint64_t v)
{
    uint32_t v32 = (uint32_t)v;

    if (size == sizeof v32) {
        memcpy(at, &v32, sizeof v32);
    } else {
        memcpy(at, &v, sizeof v);
    }
}

enum tg_err tg_config_copy(char *dst, size_t cap, struct tg_bytes text)
{
    if (text.len >= cap) {
        return TG_E_LIMIT;
    }
    if (text.len > 0) {
        memcpy(dst, text.ptr, text.len);
    }
    dst[text.len] = '\0';
    return TG_OK;
}

/* --- yes or no --- */

static enum tg_err parse_bool(struct tg_config *config, const struct tg_setting *setting,
                              struct tg_bytes text, struct tg_fault *fault)
{
    static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

    for (size_t i = 0; i < TG_COUNT(words); i++) {
        if (tg_bytes_is_equal(text, tg_bytes_str(words[i]))) {
            *(bool *)member(config, setting) = i % 2 == 1;
            return TG_OK;
        }
    }
    tg_fault_set(fault, "neither yes nor no (expected: yes or no)");
    return TG_E_SYNTAX;
}

static void print_bool(struct tg_buf *out, const struct tg_config *config,
                       const struct tg_setting *setting)
{
    tg_buf_append_str(out, *(const bool *)member_const(config, setting) ? "yes" : "no");
}

/* --- numbers --- */

/* The largest unit that divides v. */
static void append_in_units(struct tg_buf *out, uint64_t v, const struct unit *units, size_t count)
{
    size_t i = 0;

    while (i + 1 < count && (v == 0 || v % units[i].factor != 0)) {
        i++;
    }
    tg_buf_append_dec(out, v / units[i].factor);
    tg_buf_append_str(out, units[i].suffix);
}

static void append_number(struct tg_buf *out, enum tg_setting_type type, uint64_t v)
{
    if (type == TG_SETTING_SIZE) {
        append_in_units(out, v, size_units, TG_COUNT(size_units));
    } else if (type == TG_SETTING_DURATION) {
        append_in_units(out, v, duration_units, TG_COUNT(duration_units));
    } else {
        tg_buf_append_dec(out, v);
    }
}

static void set_number_fault(struct tg_fault *fault, const struct tg_setting *setting,
                             const char *what)
{
    static const char *const forms[] = { [TG_SETTING_COUNT] = "a whole number",
                                         [TG_SETTING_SIZE] =
                                             "a size such as 4096, 64KiB, 1MiB or 2GiB",
                                         [TG_SETTING_DURATION] =
                                             "a time such as 90s, 15m, 48h or 30d" };
    struct tg_buf low = { 0 };
    struct tg_buf high = { 0 };

    tg_buf_init(&low, 64);
    tg_buf_init(&high, 64);
    append_number(&low, setting->type, setting->min);
    append_number(&high, setting->type, setting->max);
    tg_fault_set(fault, "%s (expected: %s, from %s to %s)", what, forms[setting->type],
                 tg_buf_cstr(&low), tg_buf_cstr(&high));
    tg_buf_deinit(&high);
    tg_buf_deinit(&low);
}

/* Cuts a unit off text's end; a text without one is in the base unit. 0: an unknown unit. */
static uint64_t cut_unit(struct tg_bytes *text, const struct unit *units, size_t count)
{
    size_t digits = 0;

    while (digits < text->len && text->ptr[digits] >= '0' && text->ptr[digits] <= '9') {
        digits++;
    }
    struct tg_bytes suffix = tg_bytes_trim(tg_bytes_from(*text, digits));

    *text = tg_bytes_first(*text, digits);
    if (suffix.len == 0) {
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        if (tg_bytes_is_equal(suffix, tg_bytes_str(units[i].suffix))) {
            return units[i].factor;
        }
    }
    return 0;
}

static enum tg_err parse_number(struct tg_config *config, const struct tg_setting *setting,
                                struct tg_bytes text, struct tg_fault *fault)
{
    uint64_t factor = 1;
    uint64_t v = 0;
    enum tg_err err = TG_OK;

    if (setting->type == TG_SETTING_SIZE) {
        factor = cut_unit(&text, size_units, TG_COUNT(size_units));
    } else if (setting->type == TG_SETTING_DURATION) {
        factor = cut_unit(&text, duration_units, TG_COUNT(duration_units));
    }
    if (factor == 0) {
        set_number_fault(fault, setting, "unknown unit");
        return TG_E_SYNTAX;
    }
    err = tg_num_parse_u64(&v, text, UINT64_MAX / factor);
    if (err == TG_E_SYNTAX) {
        set_number_fault(fault, setting, "not a number");
        return err;
    }
    if (err != TG_OK || v * factor > setting->max) {
        set_number_fault(fault, setting, "too large");
        return TG_E_LIMIT;
    }
    if (v * factor < setting->min) {
        set_number_fault(fault, setting, "too small");
        return TG_E_LIMIT;
    }
    store_number(member(config, setting), setting->size, v * factor);
    return TG_OK;
}

static void print_number(struct tg_buf *out, const struct tg_config *config,
                         const struct tg_setting *setting)
{
    append_number(out, setting->type, load_number(member_const(config, setting), setting->size));
}

/* --- text --- */

static enum tg_err parse_path_to(char *dst, struct tg_bytes text, struct tg_fault *fault)
{
    if (text.len == 0) {
        tg_fault_set(fault, "empty (expected: a path)");
        return TG_E_SYNTAX;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f) {
            tg_fault_set(fault, "holds a control character (expected: a path)");
            return TG_E_SYNTAX;
        }
    }
    if (tg_config_copy(dst, TG_CONFIG_PATH_MAX + 1, text) != TG_OK) {
        tg_fault_set(fault, "too long (expected: a path of at most %u bytes)", TG_CONFIG_PATH_MAX);
        return TG_E_LIMIT;
    }
    return TG_OK;
}

static enum tg_err parse_path(struct tg_config *config, const struct tg_setting *setting,
                              struct tg_bytes text, struct tg_fault *fault)
{
    return parse_path_to(member(config, setting), text, fault);
}

static void print_text(struct tg_buf *out, const struct tg_config *config,
                       const struct tg_setting *setting)
{
    tg_buf_append_str(out, member_const(config, setting));
}

static bool is_host_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
}

/* Length of a host at the start of text: a name, an IPv4 address or [IPv6]; 0: none. */
static size_t host_len(struct tg_bytes text)
{
    char ipv6[INET6_ADDRSTRLEN];
    struct in6_addr addr;
    size_t len = 0;

    if (text.len > 0 && text.ptr[0] == '[') {
        len = tg_bytes_find(text, ']');
        if (len == text.len ||
            tg_config_copy(ipv6, sizeof ipv6, tg_bytes(text.ptr + 1, len - 1)) != TG_OK) {
            return 0;
        }
        return inet_pton(AF_INET6, ipv6, &addr) == 1 ? len + 1 : 0;
    }
    while (len < text.len && is_host_char(text.ptr[len])) {
        len++;
    }
    return len > 0 && (text.ptr[0] == '.' || text.ptr[0] == '-') ? 0 : len;
}

static bool is_origin(struct tg_bytes text)
{
    struct tg_bytes rest = { 0 };
    uint64_t port = 0;
    size_t len = 0;

    if (tg_bytes_has_prefix(text, TG_LIT("https://"))) {
        rest = tg_bytes_from(text, sizeof "https://" - 1);
    } else if (tg_bytes_has_prefix(text, TG_LIT("http://"))) {
        rest = tg_bytes_from(text, sizeof "http://" - 1);
    }
    len = host_len(rest);
    if (len == 0) {
        return false;
    }
    rest = tg_bytes_from(rest, len);
    if (rest.len == 0) {
        return true;
    }
    return rest.ptr[0] == ':' &&
           tg_num_parse_u64(&port, tg_bytes_from(rest, 1), PORT_MAX) == TG_OK && port > 0;
}

static enum tg_err parse_url(struct tg_config *config, const struct tg_setting *setting,
                             struct tg_bytes text, struct tg_fault *fault)
{
    if (text.len > 0 && text.ptr[text.len - 1] == '/') {
        text = tg_bytes_first(text, text.len - 1);
    }
    if (!is_origin(text) ||
        tg_config_copy(member(config, setting), TG_CONFIG_URL_MAX + 1, text) != TG_OK) {
        tg_fault_set(fault,
                     "not a URL of host and port alone (expected: https://HOST or "
                     "https://HOST:PORT, at most %u bytes)",
                     TG_CONFIG_URL_MAX);
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

static enum tg_err parse_origin(struct tg_config *config, const struct tg_setting *setting,
                                struct tg_bytes text, struct tg_fault *fault)
{
    if (tg_bytes_is_equal(text, TG_LIT("none"))) {
        text = tg_bytes_first(text, 0);
    } else if (!tg_bytes_is_equal(text, TG_LIT("*")) && !is_origin(text)) {
        tg_fault_set(fault, "not an origin (expected: *, none, or one like https://HOST)");
        return TG_E_SYNTAX;
    }
    if (tg_config_copy(member(config, setting), TG_CONFIG_URL_MAX + 1, text) != TG_OK) {
        tg_fault_set(fault, "too long (expected: at most %u bytes)", TG_CONFIG_URL_MAX);
        return TG_E_LIMIT;
    }
    return TG_OK;
}

static void print_origin(struct tg_buf *out, const struct tg_config *config,
                         const struct tg_setting *setting)
{
    const char *text = member_const(config, setting);

    tg_buf_append_str(out, text[0] == '\0' ? "none" : text);
}

/* --- ADDR:PORT --- */

static bool set_ipv4(struct tg_endpoint *e, const char *host, uint16_t port)
{
    struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

    if (inet_pton(AF_INET, host, &sin.sin_addr) != 1) {
        return false;
    }
    memcpy(&e->addr, &sin, sizeof sin);
    e->addr_len = sizeof sin;
    e->is_loopback = ntohl(sin.sin_addr.s_addr) >> 24 == 127;
    return true;
}

static bool set_ipv6(struct tg_endpoint *e, const char *host, uint16_t port)
{
    struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

    if (inet_pton(AF_INET6, host, &sin6.sin6_addr) != 1) {
        return false;
    }
    memcpy(&e->addr, &sin6, sizeof sin6);
    e->addr_len = sizeof sin6;
    e->is_loopback = IN6_IS_ADDR_LOOPBACK(&sin6.sin6_addr);
    return true;
}

static bool parse_host_port(struct tg_endpoint *e, struct tg_bytes text)
{
    uint64_t port = 0;
    size_t colon = text.len;
    struct tg_bytes host = { 0 };
    bool is_v6 = false;

    while (colon > 0 && text.ptr[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0 || tg_num_parse_u64(&port, tg_bytes_from(text, colon), PORT_MAX) != TG_OK) {
        return false;
    }
    host = tg_bytes_first(text, colon - 1);
    is_v6 = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (is_v6) {
        host = tg_bytes(host.ptr + 1, host.len - 2);
    } else if (tg_bytes_is_equal(host, TG_LIT("localhost"))) {
        host = TG_LIT("127.0.0.1");
    }
    if (tg_config_copy(e->host, sizeof e->host, host) != TG_OK) {
        return false;
    }
    e->port = (uint16_t)port;
    return is_v6 ? set_ipv6(e, e->host, e->port) : set_ipv4(e, e->host, e->port);
}

static enum tg_err parse_endpoint(struct tg_config *config, const struct tg_setting *setting,
                                  struct tg_bytes text, struct tg_fault *fault)
{
    struct tg_endpoint e = { 0 };
    bool is_off = setting->can_be_off && tg_bytes_is_equal(text, TG_LIT("off"));

    if (!is_off && !parse_host_port(&e, text)) {
        tg_fault_set(fault,
                     "not a numeric address and a port (expected: ADDR:PORT, such as "
                     "127.0.0.1:8443 or [::]:8443%s)",
                     setting->can_be_off ? ", or off" : "");
        return TG_E_SYNTAX;
    }
    memcpy(member(config, setting), &e, sizeof e);
    return TG_OK;
}

static void print_endpoint(struct tg_buf *out, const struct tg_config *config,
                           const struct tg_setting *setting)
{
    const struct tg_endpoint *e = member_const(config, setting);
    bool is_v6 = e->addr.ss_family == AF_INET6;

    if (e->addr_len == 0) {
        tg_buf_append_str(out, "off");
        return;
    }
    tg_buf_append_str(out, is_v6 ? "[" : "");
    tg_buf_append_str(out, e->host);
    tg_buf_append_str(out, is_v6 ? "]:" : ":");
    tg_buf_append_dec(out, e->port);
}

/* --- the store --- */

static enum tg_err parse_store(struct tg_config *config, const struct tg_setting *setting,
                               struct tg_bytes text, struct tg_fault *fault)
{
    enum tg_err err = TG_E_SYNTAX;

    (void)setting;
    if (tg_bytes_is_equal(text, TG_LIT("memory:"))) {
        config->store_kind = TG_STORE_MEMORY;
        config->store_dir[0] = '\0';
        err = TG_OK;
    } else if (tg_bytes_has_prefix(text, TG_LIT("lmdb:"))) {
        err = parse_path_to(config->store_dir, tg_bytes_from(text, sizeof "lmdb:" - 1), fault);
        if (err == TG_OK) {
            config->store_kind = TG_STORE_LMDB;
        }
    } else {
        tg_fault_set(fault, "not a store of this build (expected: lmdb:DIR or memory:)");
    }
    return err;
}

static void print_store(struct tg_buf *out, const struct tg_config *config,
                        const struct tg_setting *setting)
{
    (void)setting;
    tg_buf_append_str(out, config->store_kind == TG_STORE_MEMORY ? "memory:" : "lmdb:");
    tg_buf_append_str(out, config->store_dir);
}

/* --- one word of a list --- */

static enum tg_err parse_choice(struct tg_config *config, const struct tg_setting *setting,
                                struct tg_bytes text, struct tg_fault *fault)
{
    for (size_t i = 0; setting->words[i] != NULL; i++) {
        if (tg_bytes_is_equal(text, tg_bytes_str(setting->words[i]))) {
            store_number(member(config, setting), setting->size, i);
            return TG_OK;
        }
    }
    tg_fault_set(fault, "not one of the choices (expected: %s)", setting->arg);
    return TG_E_SYNTAX;
}

static void print_choice(struct tg_buf *out, const struct tg_config *config,
                         const struct tg_setting *setting)
{
    uint64_t v = load_number(member_const(config, setting), setting->size);

    tg_buf_append_str(out, setting->words[v]);
}

/* --- a word --- */

static enum tg_err parse_word(struct tg_config *config, const struct tg_setting *setting,
                              struct tg_bytes text, struct tg_fault *fault)
{
    bool is_good = text.len >= setting->min && text.len <= setting->max;

    for (size_t i = 0; i < text.len; i++) {
        is_good = is_good && text.ptr[i] > 0x20 && text.ptr[i] < 0x7f;
    }
    if (!is_good || tg_config_copy(member(config, setting), setting->size, text) != TG_OK) {
        tg_fault_set(fault,
                     "not a word of the right length (expected: visible ASCII characters, "
                     "%u to %u of them)",
                     (unsigned)setting->min, (unsigned)setting->max);
        return TG_E_SYNTAX;
    }
    return TG_OK;
}

/* --- hosts --- */

static bool is_host_entry(struct tg_bytes entry)
{
    if (tg_bytes_has_prefix(entry, TG_LIT("*."))) {
        entry = tg_bytes_from(entry, 2);
    }
    return entry.len > 0 && entry.ptr[0] != '[' && host_len(entry) == entry.len;
}

/* Appends one entry and its NUL, in lower case. There is room: the text is no shorter. */
static void append_host(struct tg_config_hosts *hosts, size_t *at, struct tg_bytes entry)
{
    for (size_t i = 0; i < entry.len; i++) {
        uint8_t c = entry.ptr[i];

        hosts->text[(*at)++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    hosts->text[(*at)++] = '\0';
    hosts->count++;
}

static enum tg_err parse_hosts(struct tg_config *config, const struct tg_setting *setting,
                               struct tg_bytes text, struct tg_fault *fault)
{
    struct tg_config_hosts *hosts = member(config, setting);
    size_t at = 0;

    if (text.len == 0 || text.len > TG_CONFIG_HOSTS_MAX) {
        tg_fault_set(fault, "empty or too long (expected: hosts with commas in between, %u bytes)",
                     TG_CONFIG_HOSTS_MAX);
        return TG_E_LIMIT;
    }
    memset(hosts, 0, sizeof *hosts);
    while (text.len > 0) {
        struct tg_bytes entry = tg_bytes_first(text, tg_bytes_find(text, ','));
        bool is_last = entry.len == text.len;

        text = tg_bytes_from(text, entry.len + 1);
        entry = tg_bytes_trim(entry);
        if (!is_host_entry(entry) || (!is_last && text.len == 0)) {
            tg_fault_set(fault, "not a list of hosts (expected: names such as push.example.org or "
                                "*.example.org, with commas in between)");
            return TG_E_SYNTAX;
        }
        if (hosts->count == TG_PUSH_HOSTS_MAX) {
            tg_fault_set(fault, "too many hosts (expected: at most %u)", TG_PUSH_HOSTS_MAX);
            return TG_E_LIMIT;
        }
        append_host(hosts, &at, entry);
    }
    return TG_OK;
}

static void print_hosts(struct tg_buf *out, const struct tg_config *config,
                        const struct tg_setting *setting)
{
    const struct tg_config_hosts *hosts = member_const(config, setting);
    const char *at = hosts->text;

    for (size_t i = 0; i < hosts->count; i++) {
        tg_buf_append_str(out, i > 0 ? "," : "");
        tg_buf_append_str(out, at);
        at += strlen(at) + 1;
    }
}

/* --- names --- */

static bool is_plain_name(struct tg_bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] < 0x21 || name.ptr[i] > 0x7e) {
            return false;
        }
    }
    return name.len > 0;
}

static enum tg_err parse_names(struct tg_config *config, const struct tg_setting *setting,
                               struct tg_bytes text, struct tg_fault *fault)
{
    struct tg_config_names *names = member(config, setting);
    size_t at = 0;

    if (text.len == 0 || text.len > TG_CONFIG_NAMES_MAX) {
        tg_fault_set(fault, "empty or too long (expected: %s, %u bytes)", setting->arg,
                     TG_CONFIG_NAMES_MAX);
        return TG_E_LIMIT;
    }
    memset(names, 0, sizeof *names);
    while (text.len > 0) {
        struct tg_bytes name = tg_bytes_first(text, tg_bytes_find(text, ','));
        bool is_last = name.len == text.len;

        text = tg_bytes_from(text, name.len + 1);
        name = tg_bytes_trim(name);
        if (!is_plain_name(name) || (!is_last && text.len == 0) ||
            names->count == TG_ATTEST_LIST_MAX) {
            tg_fault_set(fault, "not such a list (expected: %s, at most %u)", setting->arg,
                         TG_ATTEST_LIST_MAX);
            return TG_E_SYNTAX;
        }
        memcpy(names->text + at, name.ptr, name.len);
        at += name.len + 1;
        names->count++;
    }
    return TG_OK;
}

static void print_names(struct tg_buf *out, const struct tg_config *config,
                        const struct tg_setting *setting)
{
    const struct tg_config_names *names = member_const(config, setting);
    const char *at = names->text;

    for (size_t i = 0; i < names->count; i++) {
        tg_buf_append_str(out, i > 0 ? "," : "");
        tg_buf_append_str(out, at);
        at += strlen(at) + 1;
    }
}

static const struct {
    parse_fn *parse;
    print_fn *print;
} types[] = {
    [TG_SETTING_BOOL] = { parse_bool, print_bool },
    [TG_SETTING_COUNT] = { parse_number, print_number },
    [TG_SETTING_SIZE] = { parse_number, print_number },
    [TG_SETTING_DURATION] = { parse_number, print_number },
    [TG_SETTING_PATH] = { parse_path, print_text },
    [TG_SETTING_ENDPOINT] = { parse_endpoint, print_endpoint },
    [TG_SETTING_URL] = { parse_url, print_text },
    [TG_SETTING_ORIGIN] = { parse_origin, print_origin },
    [TG_SETTING_STORE] = { parse_store, print_store },
    [TG_SETTING_CHOICE] = { parse_choice, print_choice },
    [TG_SETTING_WORD] = { parse_word, print_text },
    [TG_SETTING_HOSTS] = { parse_hosts, print_hosts },
    [TG_SETTING_NAMES] = { parse_names, print_names },
};

enum tg_err tg_setting_parse(struct tg_config *config, const struct tg_setting *setting,
                             struct tg_bytes text, struct tg_fault *fault)
{
    return types[setting->type].parse(config, setting, text, fault);
}

void tg_setting_print(struct tg_buf *out, const struct tg_config *config,
                      const struct tg_setting *setting)
{
    types[setting->type].print(out, config, setting);
}
