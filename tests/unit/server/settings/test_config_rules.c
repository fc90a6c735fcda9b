/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/server/settings/config_fixture.h"

#define MEM "--store memory: "
#define TLS "--tls-cert %P --tls-key %P "

/* spec-test: protocol/1#plain-http-asked-for */
static void plain_http__not_set__tls_files_are_needed(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, MEM, "tls-cert: missing (expected: a PEM file, unless plain-http is set)");
    assert_says(f, "tls-key: missing");
    assert_bad(f, MEM "--tls-cert %P", "tls-key: missing");
    assert_bad(f, MEM "--tls-cert /nonexistent --tls-key %P",
               "tigressd: --tls-cert: /nonexistent: cannot be read: No such file or directory "
               "(expected: a PEM file)\n");
    assert_runs(f, MEM TLS);
    assert_false(f->config->is_plain_http);
}

/* spec-test: protocol/1#plain-http-asked-for */
static void plain_http__beyond_loopback__only_behind_a_proxy(void **state)
{
    struct fixture *f = *state;

    assert_runs(f, MEM "--plain-http --listen 127.0.0.1:80");
    assert_runs(f, MEM "--plain-http --listen [::1]:80");
    assert_bad(f, MEM "--plain-http --listen 0.0.0.0:80",
               "--plain-http: set although listen is not a loopback address (expected: a loopback");
    assert_bad(f, MEM "--plain-http --listen [::]:80", "although listen is not a loopback address");
    assert_bad(f, MEM "--plain-http --listen [::ffff:127.0.0.1]:80",
               "although listen is not a loopback address");
    assert_bad(f, MEM "--plain-http --listen 10.0.0.1:80 --public-url http://127.0.0.1",
               "--public-url: not https");
    assert_runs(f, MEM "--plain-http --listen 10.0.0.1:80 --public-url https://relay.example");
}

static void admin__on_a_public_address__only_with_its_setting(void **state)
{
    static const char *const private_ones[] = { "127.0.0.1:1",  "[::1]:1",       "10.1.2.3:1",
                                                "172.31.0.1:1", "192.168.0.1:1", "[fd00::1]:1" };
    static const char *const public_ones[] = { "0.0.0.0:1",     "[::]:1",       "192.0.2.1:1",
                                               "203.0.113.9:1", "8.8.8.8:1",    "[2001:db8::1]:1",
                                               "172.32.0.1:1",  "169.254.1.1:1" };
    struct fixture *f = *state;
    char line[200];

    for (size_t i = 0; i < TG_COUNT(private_ones); i++) {
        (void)snprintf(line, sizeof(line), "%s--admin %s", MEM TLS, private_ones[i]);
        assert_runs(f, line);
    }
    for (size_t i = 0; i < TG_COUNT(public_ones); i++) {
        (void)snprintf(line, sizeof(line), "%s--admin %s", MEM TLS, public_ones[i]);
        assert_bad(f, line, "--admin: a public address");
        assert_says(f, "admin-public = yes");
        (void)snprintf(line, sizeof(line), "%s--admin %s --admin-public", MEM TLS, public_ones[i]);
        assert_runs(f, line);
    }
}

static void workers__more_than_the_store_has_readers__refused(void **state)
{
    struct fixture *f = *state;

    assert_runs(f,
                TLS "--store lmdb:/tmp/x --relay-key /tmp/k --store-counter /tmp/c --workers 240");
    assert_bad(f, TLS "--store lmdb:/tmp/x --relay-key /tmp/k --store-counter /tmp/c --workers 241",
               "--workers: more than the store has readers for (expected: at most 240");
    assert_runs(f, MEM TLS "--workers 256");
    f->env.core_count = 1000;
    assert_runs(f, TLS "--store lmdb:/tmp/x --relay-key /tmp/k --store-counter /tmp/c");
    assert_int_equal(f->config->worker_count, 240);
}

static void plain_http__with_certificate__refused(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, MEM TLS "--plain-http", "--plain-http: set together with tls-cert or tls-key");
}

static void public_url__http__only_loopback_and_plain(void **state)
{
    struct fixture *f = *state;

    assert_runs(f, MEM "--plain-http --public-url http://127.0.0.1:8080");
    assert_runs(f, MEM "--plain-http --public-url http://localhost");
    assert_runs(f, MEM "--plain-http --public-url http://[::1]:8080/");
    assert_string_equal(f->config->public_url, "http://[::1]:8080");
    assert_bad(f, MEM "--plain-http --public-url http://relay.example", "--public-url: not https");
    assert_bad(f, MEM "--plain-http --public-url http://127.0.0.1.example",
               "--public-url: not https");
    assert_bad(f, MEM "--plain-http --public-url http://localhost.example", "not https");
    assert_bad(f, MEM TLS "--public-url http://127.0.0.1", "--public-url: not https");
}

static void public_url__missing__only_on_loopback(void **state)
{
    struct fixture *f = *state;

    assert_runs(f, MEM TLS "--listen 127.0.0.1:443");
    assert_bad(f, MEM TLS "--listen 0.0.0.0:443", "public-url: missing (expected: https://HOST");
    assert_runs(f, MEM TLS "--listen 0.0.0.0:443 --public-url https://relay.example");
}

static void store__missing__reported(void **state)
{
    struct fixture *f = *state;

    assert_bad(
        f, "--plain-http",
        "store: missing (expected: lmdb:DIR, postgresql://… or memory:, unless data or dev is "
        "set)");
}

static void data__given__store_and_key_in_it(void **state)
{
    struct fixture *f = *state;

    assert_runs(f, "--plain-http --data /var/lib/tigress");
    assert_int_equal(f->config->store_kind, TG_STORE_LMDB);
    assert_string_equal(f->config->store_dir, "/var/lib/tigress/store");
    assert_string_equal(f->config->relay_key, "/var/lib/tigress/relay.key");
    assert_runs(f, "--plain-http --data /d --store lmdb:/s --relay-key /k");
    assert_string_equal(f->config->store_dir, "/s");
    assert_string_equal(f->config->relay_key, "/k");
}

static void relay_key__missing_or_inside_store__reported(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, "--plain-http --store lmdb:/s", "relay-key: missing (expected: a file outside");
    assert_bad(f, "--plain-http --store lmdb:/s --relay-key /s/key",
               "--relay-key: inside the store's folder");
    assert_bad(f, "--plain-http --store lmdb:/s// --relay-key /s/deep/key",
               "inside the store's folder");
    assert_runs(f, "--plain-http --store lmdb:/s --relay-key /s.key --store-counter /s.c");
    assert_runs(f, "--plain-http --store memory:");
    assert_string_equal(f->config->relay_key, "");
}

static void store_counter__missing_or_inside_store__reported(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, "--plain-http --store lmdb:/s --relay-key /k",
               "store-counter: missing (expected: a file outside");
    assert_bad(f, "--plain-http --store lmdb:/s --relay-key /k --store-counter /s/c",
               "--store-counter: inside the store's folder");
    assert_runs(f, "--plain-http --data /d");
    assert_string_equal(f->config->store_counter, "/d/store.counter");
    assert_runs(f, "--plain-http --data /d --store-counter /other/c");
    assert_string_equal(f->config->store_counter, "/other/c");
    assert_runs(f, "--plain-http --data /d --store memory:");
    assert_string_equal(f->config->store_counter, "");
}

#ifdef TG_HAS_POSTGRES
#define MAP "group a postgresql://u@h/a\ngroup b postgresql://u@h/b\nfixed a\n"
#define GROUPS "--plain-http --relay-key /k --store-groups %C "

static void write_map(struct fixture *f, const char *text)
{
    write_file(f->conf, text, strlen(text), 0600);
}

static void store_groups__file_that_is_valid__databases_instead_of_one(void **state)
{
    struct fixture *f = *state;
    struct tg_store_limits all;

    write_map(f, MAP "map 1 00-ff a\nmap 2 00-7f a 80-ff b\n");
    assert_runs(f, GROUPS "--mailboxes-max 10 --spent-tokens-max 7");
    assert_int_equal(f->config->store_kind, TG_STORE_POSTGRES);
    assert_string_equal(f->config->store_groups, f->conf);
    assert_string_equal(f->config->store_url, "");
    assert_string_equal(f->config->store_counter, "");
    all = tg_config_store_limits(f->config);
    assert_int_equal(all.live_max, 20);
    assert_int_equal(all.spent_max, 7);
    assert_int_equal(run(f, GROUPS "--open-map 2"), TG_CONFIG_OPEN_MAP);
    assert_int_equal(f->config->open_map, 2);
    assert_bad(f, GROUPS "--open-map", "--open-map: not a version");
    assert_bad(f, GROUPS "--open-map 0", "--open-map: not a version");
    assert_bad(f, GROUPS "--open-map=9223372036854775808", "--open-map: not a version");
}

static void store_groups__fault_of_the_file_or_beside_another_store__reported(void **state)
{
    struct fixture *f = *state;

    write_map(f, MAP "map 1 00-7f a\n");
    assert_bad(f, GROUPS, "--store-groups: line 4: not all shards have a group");
    write_map(f, "group a mysql://h/a\nmap 1 00-ff a\nfixed a\n");
    assert_bad(f, GROUPS, "--store-groups: the connection string of group 1: ");
    write_map(f, "group a postgresql://u:secret@h/a\nmap 1 00-ff a\nfixed a\n");
    assert_bad(f, GROUPS, "a password in the connection string");
    assert_null(strstr(tg_buf_cstr(&f->text), "secret"));
    assert_bad(f, "--plain-http --relay-key /k --store-groups /nonexistent",
               "--store-groups: cannot be opened: No such file");
    write_map(f, MAP "map 1 00-ff a\n");
    assert_bad(f, GROUPS "--store memory:", "--store-groups: not beside store");
    assert_bad(f, GROUPS "--copy-store lmdb:/s postgresql://u@h/d",
               "--store-groups: not with --copy-store");
}
#endif

static void expirations__default_beyond_max__refused(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, MEM "--plain-http --expiration-default 25h --expiration-max 24h",
               "--expiration-default: longer than expiration-max");
    assert_bad(f, MEM "--plain-http --expiration-default 31d",
               "--expiration-default: longer than expiration-max");
    assert_runs(f, MEM "--plain-http --expiration-default 24h --expiration-max 24h");
    assert_runs(f, MEM "--plain-http --expiration-max 24h");
    assert_int_equal(f->config->expiration_default_s, 86400);
}

static void limits__more_than_a_record_holds__refused(void **state)
{
    struct fixture *f = *state;

    /* 112 KiB in all: body 100 KiB, title 256, image URL 2048, tokens 2 * (128 + 4096) bytes leave
       1536 for the description. */
    assert_runs(f, MEM "--plain-http --body-max 100KiB --description-max 1536");
    assert_bad(f, MEM "--plain-http --body-max 100KiB --description-max 1537",
               "--body-max: too large together with");
}

static void addresses__admin_on_the_same_port__refused(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, MEM "--plain-http --listen 127.0.0.1:8080 --admin 127.0.0.1:8080",
               "--admin: the same as listen");
    assert_runs(f, MEM "--plain-http --listen 127.0.0.1:0 --admin 127.0.0.1:0");
    assert_runs(f, MEM "--plain-http --listen 127.0.0.1:8080 --admin 127.0.0.2:8080");
}

static void proxy_protocol__without_trusted_proxies__refused(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, MEM "--plain-http --proxy-protocol v2",
               "--proxy-protocol: v2 without trusted-proxies");
    assert_runs(f, MEM "--plain-http --proxy-protocol v2 --trusted-proxies 127.0.0.1");
    assert_int_equal(f->config->proxy_protocol, TG_PROXY_PROTOCOL_V2);
    assert_int_equal(f->config->trusted_proxies.count, 1);
    assert_bad(f, MEM "--plain-http --client-address x-forwarded-for", "client-address");
}

static void trusted_proxies__at_most_64(void **state)
{
    struct fixture *f = *state;
    char file[2048] = "store = memory:\nplain-http = yes\ntrusted-proxies = 10.0.0.1";
    size_t len = strlen(file);

    for (size_t i = 2; i <= 64; i++) {
        len += (size_t)snprintf(file + len, sizeof(file) - len, ",10.0.0.%zu", i);
    }
    assert_int_equal(run_file(f, file, ""), TG_CONFIG_RUN);
    assert_int_equal(f->config->trusted_proxies.count, 64);
    (void)snprintf(file + len, sizeof(file) - len, ",10.0.0.65");
    assert_int_equal(run_file(f, file, ""), TG_CONFIG_BAD);
    assert_says(f, "trusted-proxies: too many networks (expected: at most 64)");
}

static void dev__alone__all_files_in_the_state_folder(void **state)
{
    struct fixture *f = *state;

    assert_runs(f, "--dev");
    assert_string_equal(f->config->data_dir, "/home/someone/.local/state/tigressd-dev");
    assert_string_equal(f->config->store_dir, "/home/someone/.local/state/tigressd-dev/store");
    assert_string_equal(f->config->relay_key, "/home/someone/.local/state/tigressd-dev/relay.key");
    assert_string_equal(f->config->tls_cert,
                        "/home/someone/.local/state/tigressd-dev/dev-cert.pem");
    assert_string_equal(f->config->tls_key, "/home/someone/.local/state/tigressd-dev/dev-key.pem");
    assert_true(f->config->is_dev_cert);
    assert_true(f->config->admin.is_loopback);
    assert_int_equal(f->config->admin.port, 0);
    f->env.xdg_state_home = "/xdg";
    assert_runs(f, "--dev");
    assert_string_equal(f->config->data_dir, "/xdg/tigressd-dev");
    f->env.xdg_state_home = "relative";
    assert_runs(f, "--dev --data /mine --admin off");
    assert_string_equal(f->config->data_dir, "/mine");
    assert_int_equal(f->config->admin.addr_len, 0);
}

static void dev__no_home__reported(void **state)
{
    struct fixture *f = *state;

    f->env.home = NULL;
    assert_bad(
        f, "--dev",
        "data: missing (expected: a folder, because dev is set and there is no home folder)");
    assert_runs(f, "--dev --data /mine");
}

static void dev__plain_or_own_certificate__no_development_certificate(void **state)
{
    struct fixture *f = *state;

    assert_runs(f, "--dev --plain-http");
    assert_false(f->config->is_dev_cert);
    assert_string_equal(f->config->tls_cert, "");
    assert_runs(f, "--dev " TLS);
    assert_false(f->config->is_dev_cert);
    assert_bad(f, "--dev --plain-http --listen 0.0.0.0:80",
               "although listen is not a loopback address");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plain_http__not_set__tls_files_are_needed),
        TEST(plain_http__beyond_loopback__only_behind_a_proxy),
        TEST(admin__on_a_public_address__only_with_its_setting),
        TEST(workers__more_than_the_store_has_readers__refused),
        TEST(plain_http__with_certificate__refused),
        TEST(public_url__http__only_loopback_and_plain),
        TEST(public_url__missing__only_on_loopback),
        TEST(store__missing__reported),
        TEST(data__given__store_and_key_in_it),
        TEST(relay_key__missing_or_inside_store__reported),
        TEST(store_counter__missing_or_inside_store__reported),
#ifdef TG_HAS_POSTGRES
        TEST(store_groups__file_that_is_valid__databases_instead_of_one),
        TEST(store_groups__fault_of_the_file_or_beside_another_store__reported),
#endif
        TEST(expirations__default_beyond_max__refused),
        TEST(limits__more_than_a_record_holds__refused),
        TEST(addresses__admin_on_the_same_port__refused),
        TEST(proxy_protocol__without_trusted_proxies__refused),
        TEST(trusted_proxies__at_most_64),
        TEST(dev__alone__all_files_in_the_state_folder),
        TEST(dev__no_home__reported),
        TEST(dev__plain_or_own_certificate__no_development_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
