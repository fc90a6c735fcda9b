/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/server/settings/config_fixture.h"
#include "support/c/fail_at.h"

#include <netinet/in.h>
#include <sys/stat.h>

#define MEM "--store memory: --plain-http "

#define FAULTS_MAX 200

FAIL_WRAP_CALLOC()
FAIL_WRAP_MALLOC()

/* ---- each type: good values ---- */

static void load__no_settings_but_store__defaults_of_the_protocol(void **state)
{
    struct fixture *f = *state;
    const struct tg_wire_limits limits = TG_WIRE_LIMITS_DEFAULT;

    assert_runs(f, MEM);
    assert_memory_equal(&f->config->limits, &limits, sizeof(limits));
    assert_int_equal(f->config->expiration_default_s, 48 * 3600);
    assert_int_equal(f->config->expiration_max_s, 30 * 86400);
    assert_int_equal(f->config->wait_cap_s, TG_WAIT_CAP_S_DEFAULT);
    assert_int_equal(f->config->rate, 1000);
    assert_int_equal(f->config->rate_burst, 200000);
    assert_string_equal(f->config->cors_origin, "*");
    assert_int_equal(f->config->trusted_proxies.count, 0);
    assert_int_equal(f->config->proxy_protocol, TG_PROXY_PROTOCOL_OFF);
    assert_int_equal(f->config->log_level, TG_LOG_INFO);
    assert_int_equal(f->config->listen.port, 8443);
    assert_true(f->config->listen.is_loopback);
    assert_int_equal(f->config->admin.addr_len, 0);
    assert_int_equal(f->config->worker_count, 3);
    assert_false(f->config->has_core_dumps);
}

static void load__bool__every_word(void **state)
{
    struct fixture *f = *state;
    static const char *const yes[] = { "--keep-core-dumps", "--keep-core-dumps=yes",
                                       "--keep-core-dumps=true", "--keep-core-dumps=on",
                                       "--keep-core-dumps=1" };
    static const char *const no[] = { "--keep-core-dumps=no", "--keep-core-dumps=false",
                                      "--keep-core-dumps=off", "--keep-core-dumps=0" };
    char line[128];

    for (size_t i = 0; i < TG_COUNT(yes); i++) {
        (void)snprintf(line, sizeof(line), MEM "%s", yes[i]);
        assert_runs(f, line);
        assert_true(f->config->has_core_dumps);
    }
    for (size_t i = 0; i < TG_COUNT(no); i++) {
        (void)snprintf(line, sizeof(line), MEM "%s", no[i]);
        assert_runs(f, line);
        assert_false(f->config->has_core_dumps);
    }
}

static void load__sizes_and_times__units(void **state)
{
    struct fixture *f = *state;

    assert_runs(f, MEM "--body-max 32KiB --store-bytes-max 2GiB --title-max 300 --wait-cap 2m "
                       "--expiration-default 1h --expiration-max 2d --drain-timeout 45 "
                       "--description-max 900B --idle-timeout=9s");
    assert_int_equal(f->config->limits.body_max, 32768);
    assert_int_equal(f->config->store_limits.bytes_max, (uint64_t)2 << 30);
    assert_int_equal(f->config->limits.title_max, 300);
    assert_int_equal(f->config->wait_cap_s, 120);
    assert_int_equal(f->config->expiration_default_s, 3600);
    assert_int_equal(f->config->expiration_max_s, 172800);
    assert_int_equal(f->config->drain_timeout_s, 45);
    assert_int_equal(f->config->limits.description_max, 900);
    assert_int_equal(f->config->idle_timeout_s, 9);
}

static void load__endpoints__addresses_ready_to_bind(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in sin;
    struct sockaddr_in6 sin6;

    assert_runs(f, MEM "--listen 127.0.0.9:65535 --admin [::1]:0");
    memcpy(&sin, &f->config->listen.addr, sizeof(sin));
    assert_int_equal(f->config->listen.addr_len, sizeof(sin));
    assert_int_equal(sin.sin_family, AF_INET);
    assert_int_equal(ntohs(sin.sin_port), 65535);
    assert_int_equal(ntohl(sin.sin_addr.s_addr), 0x7f000009);
    memcpy(&sin6, &f->config->admin.addr, sizeof(sin6));
    assert_int_equal(f->config->admin.addr_len, sizeof(sin6));
    assert_int_equal(sin6.sin6_family, AF_INET6);
    assert_true(IN6_IS_ADDR_LOOPBACK(&sin6.sin6_addr));
    assert_string_equal(f->config->admin.host, "::1");
    assert_true(f->config->admin.is_loopback);
    assert_runs(f, MEM "--listen localhost:80");
    assert_string_equal(f->config->listen.host, "127.0.0.1");
}

/* ---- each type: bad values ---- */

static void load__bad_value__names_setting_and_what_is_expected(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *flag;
        const char *says;
    } cases[] = {
        { "--plain-http=perhaps", "--plain-http: neither yes nor no (expected: yes or no)" },
        { "--plain-http=", "neither yes nor no" },
        { "--rate many", "--rate: not a number (expected: a whole number, from 0 to 1000000)" },
        { "--rate -1", "--rate: not a number" },
        { "--rate 1.5", "--rate: not a number" },
        { "--rate 50s", "--rate: not a number" },
        { "--rate=", "--rate: not a number" },
        { "--rate 99999999999999999999999", "--rate: too large" },
        { "--title-max 1KB", "--title-max: unknown unit (expected: a size such as" },
        { "--title-max KiB", "--title-max: not a number" },
        { "--store-bytes-max 99999999999GiB", "--store-bytes-max: too large" },
        { "--wait-cap 5w", "--wait-cap: unknown unit (expected: a time such as 90s" },
        { "--wait-cap soon", "--wait-cap: unknown unit" },
        { "--wait-cap=", "--wait-cap: not a number" },
        { "--data=", "--data: empty (expected: a path)" },
        { "--listen 8443", "--listen: not a numeric address and a port" },
        { "--listen :8443", "--listen: not a numeric address and a port" },
        { "--listen relay.example:8443", "--listen: not a numeric address" },
        { "--listen 127.0.0.1:65536", "--listen: not a numeric address" },
        { "--listen 127.0.0.1:", "--listen: not a numeric address" },
        { "--listen 127.0.0.256:1", "--listen: not a numeric address" },
        { "--listen ::1:8443", "--listen: not a numeric address" },
        { "--listen [::1:8443", "--listen: not a numeric address" },
        { "--listen off", "--listen: not a numeric address" },
        { "--admin on", "--admin: not a numeric address and a port (expected: ADDR:PORT, such as "
                        "127.0.0.1:8443 or [::]:8443, or off)" },
        { "--public-url relay.example", "--public-url: not a URL of only a host and a port" },
        { "--public-url https://relay.example/v1", "--public-url: not a URL" },
        { "--public-url https://a@relay.example", "--public-url: not a URL" },
        { "--public-url https://relay.example?x", "--public-url: not a URL" },
        { "--public-url https://relay.example#x", "--public-url: not a URL" },
        { "--public-url https://relay.example:0", "--public-url: not a URL" },
        { "--public-url https://relay.example:70000", "--public-url: not a URL" },
        { "--public-url https://[::1", "--public-url: not a URL" },
        { "--public-url https://[fe80]", "--public-url: not a URL" },
        { "--public-url https://", "--public-url: not a URL" },
        { "--public-url ftp://relay.example", "--public-url: not a URL" },
        { "--cors-origin page.example", "--cors-origin: not an origin (expected: *, none or" },
        { "--cors-origin https://page.example/", "--cors-origin: not an origin" },
        { "--proxy-protocol v1", "--proxy-protocol: not one of the choices (expected: off|v2)" },
        { "--trusted-proxies proxy.example", "--trusted-proxies: not an address or network" },
        { "--trusted-proxies 10.0.0.0/8,", "--trusted-proxies: not an address or network" },
        { "--trusted-proxies ,10.0.0.0/8", "--trusted-proxies: not an address or network" },
        { "--trusted-proxies 10.0.0.0/33", "--trusted-proxies: not a length of a prefix "
                                           "(expected: 1 to 32 after the /)" },
        { "--trusted-proxies 10.1.0.0/8", "--trusted-proxies: the address has bits behind" },
        { "--trusted-proxies 0.0.0.0/0", "--trusted-proxies: a prefix of length 0" },
        { "--log-level loud", "--log-level: not one of the choices (expected: error|warning" },
    };
    char line[256];

    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        (void)snprintf(line, sizeof(line), "--store memory: %s", cases[i].flag);
        assert_bad(f, line, cases[i].says);
    }
}

static void load__bad_store__refused(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, "--plain-http --store redis:x",
               "--store: not a store (expected: lmdb:DIR, "
               "postgresql://… or memory:)");
    assert_bad(f, "--plain-http --store postgresql://relay:word@db/x", "--store: ");
    assert_bad(f, "--plain-http --store lmdb:", "--store: empty (expected: a path)");
    assert_bad(f, "--plain-http --store memory", "--store: not a store");
}

static void load__numbers__each_bound_and_one_beyond(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *name;
        const char *under, *least, *most, *over;
    } cases[] = {
        { "sweep-interval", "0", "1", "30", "31" },
        { "expiration-default", "59", "60", "30d", "3651d" },
        { "expiration-max", "59s", "60s", "3650d", "3651d" },
        { "wait-cap", NULL, "0", "1h", "3601" },
        { "body-max", "1023", "1KiB", "100KiB", "102401" },
        { "payload-type-max", "15", "16", "1024", "1025" },
        { "title-max", NULL, "0", "4KiB", "4097" },
        { "description-max", NULL, "0", "8KiB", "8193" },
        { "image-url-max", NULL, "0", "8KiB", "8193" },
        { "token-type-max", "0", "1", "1KiB", "1025" },
        { "token-data-max", "0", "1", "8KiB", "8193" },
        { "memory-max", "377028607", "377028608", "1024GiB", "1099511627777" },
        { "workers", NULL, "0", "256", "257" },
        { "max-connections", "0", "1", "1000000", "1000001" },
        { "max-long-polls", NULL, "0", "1000000", "1000001" },
        { "max-streams", "0", "1", "1000", "1001" },
        { "max-connection-requests", "0", "1", "1000000000", "1000000001" },
        { "handshake-timeout", "0", "1", "1h", "3601" },
        { "drain-timeout", "0", "1", "60m", "3601" },
        { "rate", NULL, "0", "1000000", "1000001" },
        { "rate-burst", "0", "1", "1000000", "1000001" },
        { "mailboxes-max", NULL, "0", "1000000000", "1000000001" },
        { "tombstones-max", NULL, "0", "4000000000", "4000000001" },
        { "spent-tokens-max", NULL, "0", "1000000000", "1000000001" },
        { "store-bytes-max", NULL, "0", "1024GiB", "1025GiB" },
        { "disk-reserve", NULL, "0", "1024GiB", "1025GiB" },
        { "push-concurrency", "0", "1", "1000", "1001" },
        { "push-timeout", "0", "1", "5m", "301" },
        { "attestation-verifier-timeout", "0", "1", "30s", "31" },
    };
    char line[160];

    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        if (cases[i].under != NULL) {
            (void)snprintf(line, sizeof(line), MEM "--%s %s", cases[i].name, cases[i].under);
            assert_bad(f, line, "too small (expected:");
        }
        (void)snprintf(line, sizeof(line), MEM "--%s %s", cases[i].name, cases[i].least);
        assert_runs(f, line);
        (void)snprintf(line, sizeof(line), MEM "--%s %s", cases[i].name, cases[i].most);
        assert_runs(f, line);
        (void)snprintf(line, sizeof(line), MEM "--%s %s", cases[i].name, cases[i].over);
        assert_bad(f, line, "too large (expected:");
    }
}

static void outbox__holds_twice_the_mailboxes(void **state)
{
    struct fixture *f = *state;

    assert_runs(f, MEM "--mailboxes-max 1000000000");
    assert_int_equal(f->config->store_limits.outbox_max, 2000000000);
    assert_runs(f, MEM "--mailboxes-max 0");
    assert_int_equal(f->config->store_limits.outbox_max, 0);
}

static void tombstones__four_for_each_mailbox_and_never_fewer_than_one(void **state)
{
    struct fixture *f = *state;

    assert_runs(f, MEM);
    assert_int_equal(f->config->store_limits.ended_max, 4000000);
    assert_runs(f, MEM "--mailboxes-max 7");
    assert_int_equal(f->config->store_limits.ended_max, 28);
    assert_runs(f, MEM "--mailboxes-max 0");
    assert_int_equal(f->config->store_limits.ended_max, 0);
    assert_runs(f, MEM "--mailboxes-max 7 --tombstones-max 7");
    assert_int_equal(f->config->store_limits.ended_max, 7);
    assert_runs(f, MEM "--mailboxes-max 0 --tombstones-max 7");
    assert_int_equal(f->config->store_limits.ended_max, 7);
    assert_bad(f, MEM "--mailboxes-max 7 --tombstones-max 6",
               "--tombstones-max: too small (expected: at least mailboxes-max");
}

static void load__path_of_1023_bytes_accepted__1024_refused(void **state)
{
    struct fixture *f = *state;
    char path[1040];
    char file[1200];

    memset(path, 'a', sizeof(path));
    path[0] = '/';
    path[TG_CONFIG_PATH_MAX] = '\0';
    (void)snprintf(file, sizeof(file), "store = memory:\nplain-http = yes\nrelay-key = %s\n", path);
    assert_int_equal(run_file(f, file, ""), TG_CONFIG_RUN);
    assert_int_equal(strlen(f->config->relay_key), TG_CONFIG_PATH_MAX);
    path[TG_CONFIG_PATH_MAX] = 'a';
    path[TG_CONFIG_PATH_MAX + 1] = '\0';
    (void)snprintf(file, sizeof(file), "store = memory:\nplain-http = yes\nrelay-key = %s\n", path);
    assert_int_equal(run_file(f, file, ""), TG_CONFIG_BAD);
    assert_says(f, ":3: relay-key: too long (expected: a path of at most 1023 bytes)");
}

/* ---- the file ---- */

static void file__sections_comments_indents__read(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run_file(f,
                              "# a comment\n; another\n[network]\r\n  plain-http = yes\r\n"
                              "\n[store]\nstore=memory:\n\t[protocol]\n wait-cap : 5s ; why\n"
                              "cors-origin = https://page.example:8443",
                              ""),
                     TG_CONFIG_RUN);
    assert_true(f->config->is_plain_http);
    assert_int_equal(f->config->wait_cap_s, 5);
    assert_string_equal(f->config->cors_origin, "https://page.example:8443");
}

static void file__flag_as_well__flag_overrides(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run_file(f, "store = memory:\nplain-http = yes\nrate = 7\n", "--rate 8"),
                     TG_CONFIG_RUN);
    assert_int_equal(f->config->rate, 8);
}

static void file__faults__all_reported_with_their_lines(void **state)
{
    struct fixture *f = *state;
    char place[256];

    assert_int_equal(run_file(f,
                              "store = memory:\nplain-http = yes\nrate = fast\nshoe-size = 43\n"
                              "rate-burst = 5\nrate-burst = 6\nnonsense\n",
                              ""),
                     TG_CONFIG_BAD);
    assert_null(f->config);
    (void)snprintf(place, sizeof(place), "tigressd: %s:3: rate: not a number", f->conf);
    assert_says(f, place);
    assert_says(f, ":4: shoe-size: no such setting");
    assert_says(f, ":6: rate-burst: set twice in this file");
    assert_says(f, ":7: not a setting (expected: NAME = VALUE or [SECTION])");
    assert_null(strstr(tg_buf_cstr(&f->text), "fast"));
}

static void file__control_bytes_in_name__not_repeated(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run_file(f, "\033[31mred = 1\n", ""), TG_CONFIG_BAD);
    assert_null(strchr(tg_buf_cstr(&f->text), '\033'));
    assert_says(f, "?[31mred: no such setting");
}

static void file__missing_or_not_text_or_large__one_fault(void **state)
{
    struct fixture *f = *state;
    static char large[TG_CONFIG_FILE_MAX + 1];

    assert_bad(f, "--config /nonexistent/x.conf",
               "tigressd: --config: /nonexistent/x.conf: cannot be opened: No such file or "
               "directory (expected: a regular file of settings)\n");
    assert_bad(f, "--config /",
               "tigressd: --config: /: cannot be opened: Is a directory (expected:");
    assert_bad(f, "--config /dev/null", "cannot be opened: Operation not supported (expected:");
    write_file(f->conf, "store\0 = memory:", 16, 0600);
    assert_bad(f, "--config %C", "--config: the file is not text");
    memset(large, '\n', sizeof(large));
    write_file(f->conf, large, sizeof(large), 0600);
    assert_bad(f, "--config %C", "--config: the file is too large (expected: at most 128KiB)");
    write_file(f->conf, large, sizeof(large) - 1, 0600);
    assert_runs(f, "--config %C " MEM);
}

static void file__line_too_long__reported(void **state)
{
    struct fixture *f = *state;
    static char text[6000];

    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "data = /", 8);
    assert_int_equal(run_file(f, text, MEM), TG_CONFIG_BAD);
    assert_says(f, ":1: line too long");
}

/* ---- the command line ---- */

static void flags__unknown_twice_or_without_value__reported(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, MEM "--colour blue", "--colour: no such setting");
    assert_bad(f, MEM "--rate 1 --rate 2", "--rate: given twice");
    assert_bad(f, MEM "--rate", "--rate: no value");
    assert_bad(f, MEM "blue", "an argument is not a flag");
    assert_bad(f, MEM "-x", "an argument is not a flag");
    assert_bad(f, MEM "--", "an argument is not a flag");
    assert_bad(f, MEM "--colour --rate x", "--colour: no such setting");
    assert_says(f, "--rate: not a number");
    assert_bad(f, "--config", "--config: no value");
    assert_bad(f, "--config a --config b", "--config: given twice");
    assert_bad(f, "--help=yes", "unexpected value (expected: none)");
}

static void flags__help_and_version__done_despite_other_faults(void **state)
{
    struct fixture *f = *state;
    char flag[64];

    assert_int_equal(run(f, "--help"), TG_CONFIG_DONE);
    for (size_t i = 0; tg_config_setting_name(i) != NULL; i++) {
        (void)snprintf(flag, sizeof(flag), "  --%s", tg_config_setting_name(i));
        assert_says(f, flag);
    }
    assert_int_equal(run(f, "-h --rate x"), TG_CONFIG_DONE);
    assert_int_equal(run(f, "--version"), TG_CONFIG_DONE);
    assert_int_equal(strncmp(tg_buf_cstr(&f->text), "tigressd ", 9), 0);
    assert_int_equal(run(f, "-V"), TG_CONFIG_DONE);
    assert_null(f->config);
}

static void flags__restored__one_of_two_words_and_only_on_the_command_line(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, MEM "--restored=drop-mailboxes"), TG_CONFIG_RESTORED);
    assert_int_equal(f->config->restored, TG_STORE_RESTORED_DROP);
    assert_int_equal(run(f, MEM "--restored keep-mailboxes"), TG_CONFIG_RESTORED);
    assert_int_equal(f->config->restored, TG_STORE_RESTORED_KEEP);
    assert_bad(f, MEM "--restored", "drop-mailboxes or keep-mailboxes");
    assert_bad(f, MEM "--restored=", "drop-mailboxes or keep-mailboxes");
    assert_bad(f, MEM "--restored=Drop-mailboxes", "drop-mailboxes or keep-mailboxes");
    assert_int_equal(run(f, MEM "--upgrade-store"), TG_CONFIG_UPGRADE);
    assert_bad(f, MEM "--upgrade-store=x", "unexpected value");
}

#define COPY "--plain-http --relay-key /k --store-counter /c --copy-store "

static void flags__copy_store__one_of_each_kind_in_both_directions(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, COPY, "not two stores");
    assert_bad(f, COPY "lmdb:/s", "not two stores");
    assert_bad(f, COPY "lmdb:/s lmdb:/t", "not one store of each kind");
    assert_bad(f, COPY "memory: lmdb:/t", "not one store of each kind");
#ifdef TG_HAS_POSTGRES
    assert_int_equal(run(f, COPY "lmdb:/s postgresql://u@h/d"), TG_CONFIG_COPY);
    assert_int_equal(f->config->copy, TG_CONFIG_COPY_TO_POSTGRES);
    assert_int_equal(f->config->store_kind, TG_STORE_LMDB);
    assert_string_equal(f->config->store_dir, "/s");
    assert_string_equal(f->config->store_url, "postgresql://u@h/d");
    assert_string_equal(f->config->store_counter, "/c");
    assert_int_equal(run(f, COPY "postgresql://u@h/d lmdb:/s --store memory:"), TG_CONFIG_COPY);
    assert_int_equal(f->config->copy, TG_CONFIG_COPY_FROM_POSTGRES);
    assert_string_equal(f->config->store_dir, "/s");
    assert_bad(f, COPY "postgresql://u:word@h/d lmdb:/s", "a password in the connection string");
    assert_bad(f, COPY "postgresql://postgresql://", "not two stores");
#endif
}

static void flags__check_config__valid_or_faults(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, MEM "--check-config"), TG_CONFIG_CHECK);
    assert_int_equal(f->text.len, 0);
    assert_non_null(f->config);
    assert_bad(f, MEM "--check-config --rate x", "--rate: not a number");
}

/* It is no setting: a file with it would accept every clock. */
static void flags__accept_clock__only_on_the_command_line(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, "--store memory: --plain-http"), TG_CONFIG_RUN);
    assert_false(f->config->must_accept_clock);
    assert_int_equal(run(f, MEM "--accept-clock"), TG_CONFIG_RUN);
    assert_true(f->config->must_accept_clock);
    assert_bad(f, MEM "--accept-clock=yes", "unexpected value");
    assert_int_equal(run_file(f, "accept-clock = yes\n", MEM), TG_CONFIG_BAD);
    assert_says(f, "accept-clock: no such setting");
}

static void print__loaded_again__the_same_settings(void **state)
{
    struct fixture *f = *state;
    static struct tg_config first;
    char *printed = NULL;

    assert_runs(f, "--listen [::1]:0 --tls-cert %P --tls-key %P --store lmdb:/tmp/nowhere/store "
                   "--relay-key /tmp/nowhere/key --store-counter /tmp/nowhere/counter "
                   "--admin 127.0.0.1:9 --rate 0 --log-level debug "
                   "--public-url https://relay.example/ --trusted-proxies "
                   "10.0.0.0/8,192.0.2.1,2001:db8::/33,::1 --proxy-protocol v2 --cors-origin none "
                   "--body-max 5000 --expiration-default 90m --workers 2");
    memcpy(&first, f->config, sizeof(first));
    tg_config_print(&f->text, f->config);
    printed = strdup(tg_buf_cstr(&f->text));
    assert_non_null(printed);
    assert_non_null(strstr(printed, "\npublic-url = https://relay.example\n"));
    assert_non_null(strstr(printed, "\nexpiration-default = 90m\n"));
    assert_int_equal(run_file(f, printed, ""), TG_CONFIG_RUN);
    assert_memory_equal(f->config, &first, sizeof(first));
    free(printed);
}

static void memory_max__too_small_for_the_long_polls__least_value_named(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, "--dev --memory-max 359MiB"), TG_CONFIG_BAD);
    assert_non_null(strstr(tg_buf_cstr(&f->text), "memory-max: too small"));
    assert_non_null(strstr(tg_buf_cstr(&f->text), "at least 360MiB"));
    assert_int_equal(run(f, "--dev --memory-max 32MiB --max-long-polls 1024"), TG_CONFIG_RUN);
    assert_int_equal(run(f, "--dev --memory-max 31MiB --max-connections 1024"), TG_CONFIG_BAD);
    assert_non_null(strstr(tg_buf_cstr(&f->text), "at least 32MiB"));
}

/* The sum is in docs/operations.md. */
static void print_config__memory__ceilings_of_both_processes(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, "--dev --workers 2 --print-config"), TG_CONFIG_DONE);
    assert_memory_equal(tg_buf_cstr(&f->text),
                        "# memory (RssAnon): relay at most 616MiB, push process none\n", 60);
    assert_int_equal(run(f, "--dev --workers 1 --memory-max 1GiB --store memory: --print-config"),
                     TG_CONFIG_DONE);
    assert_non_null(strstr(tg_buf_cstr(&f->text), "relay at most 34865MiB,"));
}

static void print_config__dev__settings_that_load_again(void **state)
{
    struct fixture *f = *state;
    char *printed = NULL;

    assert_int_equal(run(f, "--dev --print-config"), TG_CONFIG_DONE);
    assert_says(f, "\ndata = /home/someone/.local/state/tigressd-dev\n");
    printed = strdup(tg_buf_cstr(&f->text));
    assert_int_equal(run_file(f, printed, ""), TG_CONFIG_RUN);
    assert_true(f->config->is_dev_cert);
    free(printed);
}

/* ---- texts about the settings ---- */

static void slurp(char *text, size_t cap, const char *path)
{
    FILE *file = fopen(path, "r");
    size_t len = 0;

    assert_non_null(file);
    len = fread(text, 1, cap - 1, file);
    assert_true(len < cap - 1);
    text[len] = '\0';
    (void)fclose(file);
}

static void manual__every_setting__described(void **state)
{
    static char text[TEXT_MAX];
    char item[64];

    (void)state;
    slurp(text, sizeof(text), TG_ROOT "/docs/man/tigressd.conf.5");
    for (size_t i = 0; tg_config_setting_name(i) != NULL; i++) {
        (void)snprintf(item, sizeof(item), "\n.It Cm %s = ", tg_config_setting_name(i));
        if (strstr(text, item) == NULL) {
            fail_msg("tigressd.conf(5) does not describe %s", tg_config_setting_name(i));
        }
    }
}

/* The relay accepts every setting line of the example. A line that is commented out has the
 * default. */
static void example__as_shipped_and_with_defaults_written_out__loads(void **state)
{
    struct fixture *f = *state;
    static char text[TEXT_MAX];
    static char spelled[TEXT_MAX];
    static struct tg_config shipped;
    size_t at = 0;
    char *line = NULL;
    char *rest = text;
    const char *tls = "--tls-cert %P --tls-key %P";

    slurp(text, sizeof(text), TG_EXAMPLE_SETTINGS);
    if (run_file(f, text, tls) != TG_CONFIG_RUN) {
        fail_msg("refused: %s", tg_buf_cstr(&f->text));
    }
    memcpy(&shipped, f->config, sizeof(shipped));
    while ((line = strsep(&rest, "\n")) != NULL) {
        /* These two are an alternative, not a default. */
        bool is_other = strstr(line, "plain-http") != NULL || strstr(line, "# listen") != NULL;
        bool is_setting = strncmp(line, "# ", 2) == 0 && strstr(line, " = ") != NULL;

        at += (size_t)snprintf(spelled + at, sizeof(spelled) - at, "%s\n",
                               is_setting && !is_other ? line + 2 : line);
    }
    if (run_file(f, spelled, tls) != TG_CONFIG_RUN) {
        fail_msg("refused: %s", tg_buf_cstr(&f->text));
    }
    assert_memory_equal(f->config, &shipped, sizeof(shipped));
}

/* ---- results ---- */

static void set_port__no_public_url__listener_itself(void **state)
{
    struct fixture *f = *state;
    struct tg_relay_config relay;
    struct sockaddr_in sin;

    assert_runs(f, MEM "--listen 127.0.0.1:0");
    tg_config_set_port(f->config, 40001);
    assert_string_equal(f->config->public_url, "http://127.0.0.1:40001");
    memcpy(&sin, &f->config->listen.addr, sizeof(sin));
    assert_int_equal(ntohs(sin.sin_port), 40001);
    tg_config_relay(&relay, f->config);
    assert_string_equal(relay.public_url, "http://127.0.0.1:40001");
    assert_false(relay.is_https);
    assert_string_equal(relay.cors_origin, "*");
    assert_int_equal(relay.limits.body_max, 65536);

    assert_runs(f, "--dev --listen [::1]:0 --cors-origin none");
    tg_config_set_port(f->config, 1);
    assert_string_equal(f->config->public_url, "https://[::1]:1");
    tg_config_relay(&relay, f->config);
    assert_true(relay.is_https);
    assert_null(relay.cors_origin);

    assert_runs(f, MEM "--public-url https://relay.example");
    tg_config_set_port(f->config, 5);
    assert_string_equal(f->config->public_url, "https://relay.example");
    tg_config_relay(&relay, f->config);
    assert_true(relay.is_https);
}

static void load__allocation_n_fails__refused_or_complete(void **state)
{
    struct fixture *f = *state;
    static struct tg_config expected;
    const char *file = "dev = yes\nrate = 5\n";
    unsigned n = 0;
    enum tg_config_action action = TG_CONFIG_BAD;

    assert_int_equal(run_file(f, file, ""), TG_CONFIG_RUN);
    memcpy(&expected, f->config, sizeof(expected));
    do {
        n++;
        assert_in_range(n, 1, FAULTS_MAX);
        fail_at(n);
        action = run(f, "--config %C");
        fail_at(0);
        if (action == TG_CONFIG_RUN) {
            assert_memory_equal(f->config, &expected, sizeof(expected));
        } else {
            assert_int_equal(action, TG_CONFIG_BAD);
            assert_null(f->config);
        }
    } while (fail_reached());
    assert_true(n > 5);
    assert_int_equal(action, TG_CONFIG_RUN);
}

static void make_data_dir__missing_parents__all_made_with_mode_0700(void **state)
{
    struct fixture *f = *state;
    struct tg_fault fault = { { 0 } };
    char dir[128];
    struct stat st;

    assert_runs(f, "--dev");
    (void)snprintf(dir, sizeof(dir), "%s/a/b", f->dir);
    memcpy(f->config->data_dir, dir, sizeof(dir));
    assert_int_equal(tg_config_make_data_dir(f->config, &fault), TG_OK);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(tg_config_make_data_dir(f->config, &fault), TG_OK);
    assert_int_equal(rmdir(dir), 0);
    (void)snprintf(dir, sizeof(dir), "%s/a", f->dir);
    assert_int_equal(rmdir(dir), 0);
    memcpy(f->config->data_dir, f->pem, sizeof(f->pem));
    assert_int_equal(tg_config_make_data_dir(f->config, &fault), TG_E_IO);
    assert_string_not_equal(fault.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(load__no_settings_but_store__defaults_of_the_protocol),
        TEST(load__bool__every_word),
        TEST(load__sizes_and_times__units),
        TEST(load__endpoints__addresses_ready_to_bind),
        TEST(load__bad_value__names_setting_and_what_is_expected),
        TEST(load__bad_store__refused),
        TEST(load__numbers__each_bound_and_one_beyond),
        TEST(outbox__holds_twice_the_mailboxes),
        TEST(tombstones__four_for_each_mailbox_and_never_fewer_than_one),
        TEST(load__path_of_1023_bytes_accepted__1024_refused),
        TEST(file__sections_comments_indents__read),
        TEST(file__flag_as_well__flag_overrides),
        TEST(file__faults__all_reported_with_their_lines),
        TEST(file__control_bytes_in_name__not_repeated),
        TEST(file__missing_or_not_text_or_large__one_fault),
        TEST(file__line_too_long__reported),
        TEST(flags__unknown_twice_or_without_value__reported),
        TEST(flags__help_and_version__done_despite_other_faults),
        TEST(flags__restored__one_of_two_words_and_only_on_the_command_line),
        TEST(flags__copy_store__one_of_each_kind_in_both_directions),
        TEST(flags__check_config__valid_or_faults),
        TEST(flags__accept_clock__only_on_the_command_line),
        TEST(print__loaded_again__the_same_settings),
        TEST(memory_max__too_small_for_the_long_polls__least_value_named),
        TEST(print_config__memory__ceilings_of_both_processes),
        TEST(print_config__dev__settings_that_load_again),
        TEST(manual__every_setting__described),
        TEST(example__as_shipped_and_with_defaults_written_out__loads),
        TEST(set_port__no_public_url__listener_itself),
        TEST(load__allocation_n_fails__refused_or_complete),
        TEST(make_data_dir__missing_parents__all_made_with_mode_0700),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
