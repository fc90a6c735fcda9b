/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/server/settings/config_fixture.h"

#include <sys/stat.h>

#define MEM_ONLY "--store memory: --plain-http"
#define MEM "--store memory: --plain-http "
#define APNS                                                                                       \
    MEM "--push-apns-key %P --push-apns-key-id ABC123DEFG --push-apns-team-id DEF123GHIJ "         \
        "--push-apns-topic org.example.wallet "

/* Gives the fixture's file the mode of a key. */
static void lock_pem(struct fixture *f)
{
    assert_int_equal(chmod(f->pem, 0400), 0);
}

static void push__nothing_set__no_provider(void **state)
{
    struct fixture *f = *state;
    struct tg_push_settings push;

    assert_runs(f, MEM);
    tg_config_push_settings(&push, f->config);
    assert_false(tg_push_is_any_on(&push));
    assert_int_equal(push.concurrency, 100);
    assert_int_equal(push.request_timeout_s, 15);
    assert_string_equal(push.apns_url, "https://api.push.apple.com");
    assert_string_equal(push.fcm_url, "https://fcm.googleapis.com");
    assert_false(push.allows_private_addresses);
    assert_string_equal(push.ca_file, "");
}

static void apns__all_set__on(void **state)
{
    struct fixture *f = *state;
    struct tg_push_settings push;

    lock_pem(f);
    assert_runs(f, APNS);
    tg_config_push_settings(&push, f->config);
    assert_true(tg_push_is_on(&push, TG_PUSH_APNS));
    assert_false(tg_push_is_on(&push, TG_PUSH_FCM));
    assert_string_equal(push.apns_key, f->pem);
    assert_string_equal(push.apns_key_id, "ABC123DEFG");
    assert_string_equal(push.apns_team_id, "DEF123GHIJ");
    assert_string_equal(push.apns_topic, "org.example.wallet");
}

static void apns__key_alone__each_missing_one_named(void **state)
{
    struct fixture *f = *state;

    lock_pem(f);
    assert_bad(f, MEM "--push-apns-key %P",
               "push-apns-key-id: missing (expected: a value, because push-apns-key is set)");
    assert_says(f, "push-apns-team-id: missing");
    assert_says(f, "push-apns-topic: missing");
}

static void apns__ids_of_wrong_form__refused(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, MEM "--push-apns-key-id ABC123DEF",
               "--push-apns-key-id: wrong length or characters");
    assert_bad(f, MEM "--push-apns-key-id ABC123DEFGH", "10 to 10");
    assert_bad(f, MEM "--push-apns-team-id ABC123DEF-", "expected: 10 letters and digits");
}

static void webpush_and_webhook__hosts_are_needed(void **state)
{
    struct fixture *f = *state;

    lock_pem(f);
    assert_bad(f, MEM "--push-vapid-key %P", "push-vapid-subject: missing");
    assert_says(f, "push-hosts: missing");
    assert_bad(f, MEM "--push-webhook-key %P",
               "push-hosts: missing (expected: a value, because push-webhook-key is set)");
    assert_runs(f, MEM "--push-webhook-key %P --push-hosts gate.example");
    assert_runs(f, MEM "--push-vapid-key %P --push-vapid-subject mailto:ops@example.org "
                       "--push-hosts gate.example");
    assert_bad(f, MEM "--push-vapid-subject tel:1",
               "--push-vapid-subject: push services refuse it: it begins with neither mailto: nor "
               "https:// (expected: mailto:NAME@DOMAIN or https://DOMAIN, a public domain)");
    assert_bad(f, MEM "--push-vapid-subject mailto:ops", "there is no @ (expected: ");
    assert_bad(f, MEM "--push-vapid-subject https://localhost", "not in the public DNS");
}

static void fcm__account_alone__on(void **state)
{
    struct fixture *f = *state;
    struct tg_push_settings push;

    lock_pem(f);
    assert_runs(f, MEM "--push-fcm-account %P");
    tg_config_push_settings(&push, f->config);
    assert_true(tg_push_is_on(&push, TG_PUSH_FCM));
}

/* The lines are those of a file, in which each @ is a key file. */
static enum tg_config_action run_apps(struct fixture *f, const char *lines)
{
    static char text[8192];
    size_t len = 0;

    lock_pem(f);
    for (; *lines != '\0'; lines++) {
        assert_true(len + sizeof(f->pem) < sizeof(text));
        len += (size_t)snprintf(text + len, sizeof(text) - len, *lines == '@' ? "%s" : "%.1s",
                                *lines == '@' ? f->pem : lines);
    }
    return run_file(f, text, MEM_ONLY);
}

#define APNS_LINES                                                                                 \
    "push-apns-key = @\npush-apns-key-id = ABC123DEFG\npush-apns-team-id = DEF123GHIJ\n"           \
    "push-apns-topic = org.example.one\n"

static void apps__several__each_a_sender(void **state)
{
    struct fixture *f = *state;
    struct tg_push_settings push;

    assert_int_equal(run_apps(f, APNS_LINES
                              "push-apns-app = org.example.two\n"
                              "push-apns-app =  org.example.three   key=@ key-id=XYZ123DEFG "
                              "team-id=TEAM23GHIJ url=https://api.sandbox.push.apple.com\n"
                              "push-fcm-app = project-a account=@\n"
                              "push-fcm-app = project-b account=@\n"),
                     TG_CONFIG_RUN);
    tg_config_push_settings(&push, f->config);
    assert_int_equal(tg_push_sender_count(&push), 5);
    assert_string_equal(push.apps[0].topic, "org.example.two");
    assert_string_equal(push.apps[0].key, f->pem);
    assert_string_equal(push.apps[0].key_id, "ABC123DEFG");
    assert_string_equal(push.apps[0].team_id, "DEF123GHIJ");
    assert_string_equal(push.apps[0].url, "https://api.push.apple.com");
    assert_string_equal(push.apps[1].key_id, "XYZ123DEFG");
    assert_string_equal(push.apps[1].team_id, "TEAM23GHIJ");
    assert_string_equal(push.apps[1].url, "https://api.sandbox.push.apple.com");
    assert_int_equal(push.apps[2].provider, TG_PUSH_FCM);
    assert_string_equal(push.apps[3].topic, "project-b");
}

static void apps__without_a_main_topic__the_key_is_shared(void **state)
{
    struct fixture *f = *state;
    struct tg_push_settings push;

    assert_int_equal(run_apps(f, "push-apns-key = @\npush-apns-key-id = ABC123DEFG\n"
                                 "push-apns-team-id = DEF123GHIJ\npush-apns-app = one\n"),
                     TG_CONFIG_RUN);
    tg_config_push_settings(&push, f->config);
    assert_int_equal(tg_push_sender_count(&push), 1);
    assert_false(tg_push_has_sender(&push, TG_PUSH_APNS));
}

static void apps__wrong__what_and_which(void **state)
{
    static const char *const rows[][2] = {
        { APNS_LINES "push-apns-app = org.example.one\n",
          "tigressd.conf:5: push-apns-app: app 1 of this setting: its name is used twice" },
        { "push-fcm-app = a account=@\npush-fcm-app = b account=@\npush-fcm-app = a account=@\n",
          "push-fcm-app: app 3 of this setting: its name is used twice (expected: each app once)" },
        { "push-apns-app = one\n", "no key, or no identifier of it (expected: key=FILE" },
        { "push-apns-app = one key=@ key-id=ABC123DEFG\n", "no team (expected: team-id=ID" },
        { APNS_LINES "push-apns-app = two key=@\n", "no key, or no identifier of it" },
        { APNS_LINES "push-apns-app = two key-id=ABC123DEFG\n", "no key, or no identifier of it" },
        { APNS_LINES "push-apns-app = two key=/nowhere key-id=ABC123DEFG\n",
          "push-apns-app: no such file (expected: a key file)" },
        { APNS_LINES "push-apns-app = two key-id=ABC\n", "key-id= has the wrong length" },
        { APNS_LINES "push-apns-app = two key=@ key-id=ABC123DEF-\n", "not an Apple identifier" },
        { APNS_LINES "push-apns-app = two url=http://x.example\n", "url= is not https" },
        { APNS_LINES "push-apns-app = two team-id=DEF123GHIJ team-id=DEF123GHIJ\n",
          "team-id= is given twice" },
        { APNS_LINES "push-apns-app = two account=@\n",
          "a word that is not NAME=VALUE, or an unknown name (expected: TOPIC [key=FILE" },
        { APNS_LINES "push-apns-app = two three\n", "a word that is not NAME=VALUE" },
        { APNS_LINES "push-apns-app = a/b\n", "it does not begin with the name of an app" },
        { APNS_LINES "push-apns-app =\n", "it does not begin with the name of an app" },
        { "push-fcm-app = a\n", "app 1 of this setting: no account (expected: account=FILE)" },
        { "push-fcm-account = @\npush-fcm-app = a account=@\n", "push-fcm-project: missing" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        assert_int_equal(run_apps(f, rows[i][0]), TG_CONFIG_BAD);
        assert_says(f, rows[i][1]);
    }
}

static void apps__maximum_accepted__one_more_refused(void **state)
{
    static char text[4096];
    struct fixture *f = *state;

    (void)snprintf(text, sizeof(text), "%s", "");
    for (unsigned i = 0; i <= TG_PUSH_APPS_MAX; i++) {
        size_t len = strlen(text);

        (void)snprintf(text + len, sizeof(text) - len, "push-fcm-app = p%u account=@\n", i);
        assert_int_equal(run_apps(f, text), i < TG_PUSH_APPS_MAX ? TG_CONFIG_RUN : TG_CONFIG_BAD);
    }
    assert_says(f, "given too often (expected: at most 16 times)");
}

static void apps__printed__load_again(void **state)
{
    struct fixture *f = *state;
    static struct tg_config first;
    static char printed[65536];

    assert_int_equal(run_apps(f, APNS_LINES "push-apns-app = two\npush-apns-app = three key=@ "
                                            "key-id=XYZ123DEFG team-id=TEAM23GHIJ\n"
                                            "push-fcm-app = a account=@\n"),
                     TG_CONFIG_RUN);
    memcpy(&first, f->config, sizeof(first));
    tg_config_print(&f->text, f->config);
    (void)snprintf(printed, sizeof(printed), "%s", tg_buf_cstr(&f->text));
    assert_int_equal(run_file(f, printed, ""), TG_CONFIG_RUN);
    assert_memory_equal(&first.push, &f->config->push, sizeof(first.push));
}

static void apps__on_the_command_line__replace_those_of_the_file(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run_file(f, "push-fcm-app = a account=/a\npush-fcm-app = b account=/b\n",
                              MEM_ONLY " --push-fcm-app c --push-fcm-app d"),
                     TG_CONFIG_BAD);
    assert_says(f, "--push-fcm-app: app 1 of this setting: no account");
    assert_says(f, "--push-fcm-app: app 2 of this setting: no account");
    assert_null(strstr(tg_buf_cstr(&f->text), "no such file"));
}

static void key_file__missing_or_accessible_to_others__reported(void **state)
{
    struct fixture *f = *state;
    static const mode_t open_modes[] = { 0440, 0404, 0420, 0401, 0644 };

    assert_bad(f, MEM "--push-fcm-account /nonexistent",
               "--push-fcm-account: no such file (expected: a key file)");
    assert_bad(f, MEM "--push-fcm-account /tmp", "--push-fcm-account: not a regular file");
    for (size_t i = 0; i < TG_COUNT(open_modes); i++) {
        assert_int_equal(chmod(f->pem, open_modes[i]), 0);
        assert_bad(
            f, MEM "--push-fcm-account %P",
            "--push-fcm-account: accessible to users other than its owner (expected: mode 0400 or");
    }
    lock_pem(f);
    assert_runs(f, MEM "--push-fcm-account %P");
}

static void user__unknown_or_root__refused(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, MEM "--push-user nosuchuserhere", "--push-user: no such user");
    assert_bad(f, MEM "--push-user root",
               "--push-user: root is not allowed (expected: a user other than root)");
}

static void user__key_of_another_user__refused_as_root(void **state)
{
    struct fixture *f = *state;

    if (geteuid() != 0) {
        assert_bad(f, MEM "--push-user nobody", "only root can become another user");
        return;
    }
    lock_pem(f);
    assert_bad(f, MEM "--push-fcm-account %P --push-user nobody",
               "--push-fcm-account: not owned by push-user");
    assert_int_equal(chown(f->pem, 65534, 65534), 0);
    assert_runs(f, MEM "--push-fcm-account %P --push-user nobody");
}

static void urls__not_https__refused(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, MEM "--push-apns-url http://127.0.0.1:1", "--push-apns-url: not https");
    assert_bad(f, MEM "--push-fcm-url http://127.0.0.1:1", "--push-fcm-url: not https");
    assert_bad(f, MEM "--push-fcm-url https://h.example/path",
               "--push-fcm-url: not a URL of only a host");
    assert_runs(f, MEM "--push-apns-url https://127.0.0.1:2197");
}

static void private_addresses__only_with_dev(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, MEM "--push-private-addresses", "--push-private-addresses: set without dev");
    assert_runs(f, "--dev --push-private-addresses");
    assert_true(f->config->push.allows_private_addresses);
    assert_runs(f, "--dev");
    assert_false(f->config->push.allows_private_addresses);
}

static void ca__dev__the_development_ca_unless_set(void **state)
{
    struct fixture *f = *state;

    assert_runs(f, "--dev --data /d");
    assert_string_equal(f->config->push.ca_file, "/d/dev-ca.pem");
    assert_runs(f, "--dev --data /d --push-ca /other.pem");
    assert_string_equal(f->config->push.ca_file, "/other.pem");
    assert_runs(f, "--dev --data /d --plain-http");
    assert_string_equal(f->config->push.ca_file, "");
}

static void hosts__list__split_and_in_lower_case(void **state)
{
    struct fixture *f = *state;
    struct tg_push_settings push;

    assert_int_equal(run_file(f, "push-hosts = Push.Example.org , *.gate.example,127.0.0.1\n",
                              "--store memory: --plain-http"),
                     TG_CONFIG_RUN);
    tg_config_push_settings(&push, f->config);
    assert_int_equal(push.host_count, 3);
    assert_string_equal(push.hosts[0], "push.example.org");
    assert_string_equal(push.hosts[1], "*.gate.example");
    assert_string_equal(push.hosts[2], "127.0.0.1");
}

static void hosts__wrong_form__refused(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = { ",",     "a,",    ",a",    "a,,b",        "*",
                                       "*.",    "a.*.b", "*a.b",  "https://a.b", "a.b:443",
                                       "a.b/c", "-a.b",  "[::1]", "*.*.example" };
    char line[128];

    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        (void)snprintf(line, sizeof(line), MEM "--push-hosts %s", bad[i]);
        assert_bad(f, line, "--push-hosts: not a list of hosts");
    }
    assert_bad(f, MEM "--push-hosts=", "--push-hosts: empty or too long");
}

/* Loads a file with count hosts of len bytes each. */
static enum tg_config_action run_hosts(struct fixture *f, size_t count, size_t len)
{
    static char file[3 * TG_CONFIG_HOSTS_MAX];
    size_t at = (size_t)snprintf(file, sizeof(file), "push-hosts = ");

    for (size_t i = 0; i < count; i++) {
        at += (size_t)snprintf(file + at, sizeof(file) - at, "%s%0*zu", i > 0 ? "," : "", (int)len,
                               i);
    }
    return run_file(f, file, "--store memory: --plain-http");
}

static void hosts__maximum_accepted__one_more_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run_hosts(f, TG_PUSH_HOSTS_MAX, 3), TG_CONFIG_RUN);
    assert_int_equal(f->config->push.hosts.count, TG_PUSH_HOSTS_MAX);
    assert_int_equal(run_hosts(f, TG_PUSH_HOSTS_MAX + 1, 3), TG_CONFIG_BAD);
    assert_says(f, "too many hosts (expected: at most 64)");
    assert_int_equal(run_hosts(f, 64, 63), TG_CONFIG_RUN); /* 64 * 63 + 63 = 4095 */
    assert_int_equal(f->config->push.hosts.text[TG_CONFIG_HOSTS_MAX], '\0');
    assert_int_equal(run_hosts(f, 64, 64), TG_CONFIG_BAD);
    assert_says(f, "push-hosts: empty or too long");
}

static void print__push__loads_again(void **state)
{
    struct fixture *f = *state;
    static struct tg_config first;
    char *printed = NULL;

    lock_pem(f);
    assert_runs(f, APNS "--push-hosts a.example,*.b.example --push-timeout 2m --push-ca %P");
    memcpy(&first, f->config, sizeof(first));
    tg_config_print(&f->text, f->config);
    printed = strdup(tg_buf_cstr(&f->text));
    assert_non_null(printed);
    assert_non_null(strstr(printed, "\n[push]\n"));
    assert_non_null(strstr(printed, "\npush-hosts = a.example,*.b.example\n"));
    assert_int_equal(run_file(f, printed, ""), TG_CONFIG_RUN);
    assert_memory_equal(f->config, &first, sizeof(first));
    free(printed);
}

static void push_process__certificate_removed__loads(void **state)
{
    struct fixture *f = *state;

    assert_bad(f, "--store memory: --tls-cert /gone --tls-key /gone", "--tls-cert: /gone: cannot");
    f->env.is_push_process = true;
    assert_runs(f, "--store memory: --tls-cert /gone --tls-key /gone");
    assert_bad(f, MEM "--push-fcm-account /gone", "--push-fcm-account: no such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(push__nothing_set__no_provider),
        TEST(apns__all_set__on),
        TEST(apns__key_alone__each_missing_one_named),
        TEST(apns__ids_of_wrong_form__refused),
        TEST(webpush_and_webhook__hosts_are_needed),
        TEST(fcm__account_alone__on),
        TEST(apps__several__each_a_sender),
        TEST(apps__without_a_main_topic__the_key_is_shared),
        TEST(apps__wrong__what_and_which),
        TEST(apps__maximum_accepted__one_more_refused),
        TEST(apps__printed__load_again),
        TEST(apps__on_the_command_line__replace_those_of_the_file),
        TEST(key_file__missing_or_accessible_to_others__reported),
        TEST(user__unknown_or_root__refused),
        TEST(user__key_of_another_user__refused_as_root),
        TEST(urls__not_https__refused),
        TEST(private_addresses__only_with_dev),
        TEST(ca__dev__the_development_ca_unless_set),
        TEST(hosts__list__split_and_in_lower_case),
        TEST(hosts__wrong_form__refused),
        TEST(hosts__maximum_accepted__one_more_refused),
        TEST(print__push__loads_again),
        TEST(push_process__certificate_removed__loads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
