/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Combinations of push settings that are refused. Key files are examined with stat(2) only: the
 * relay opens none.
 */
#include "push/subject.h"
#include "server/settings/config_rules.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The key that enables a provider, and the other settings that it then needs. */
struct provider_rule {
    enum tg_setting_id key;
    enum tg_setting_id needs[3]; /* the key itself: no further one */
    enum tg_setting_id url;      /* the key itself: no URL */
};

static const struct provider_rule provider_rules[TG_PUSH_COUNT] = {
    [TG_PUSH_APNS] = { TG_SET_PUSH_APNS_KEY,
                       { TG_SET_PUSH_APNS_KEY_ID, TG_SET_PUSH_APNS_TEAM_ID,
                         TG_SET_PUSH_APNS_TOPIC },
                       TG_SET_PUSH_APNS_URL },
    [TG_PUSH_FCM] = { TG_SET_PUSH_FCM_ACCOUNT,
                      { TG_SET_PUSH_FCM_ACCOUNT, TG_SET_PUSH_FCM_ACCOUNT, TG_SET_PUSH_FCM_ACCOUNT },
                      TG_SET_PUSH_FCM_URL },
    [TG_PUSH_WEBPUSH] = { TG_SET_PUSH_VAPID_KEY,
                          { TG_SET_PUSH_VAPID_SUBJECT, TG_SET_PUSH_HOSTS, TG_SET_PUSH_VAPID_KEY },
                          TG_SET_PUSH_VAPID_KEY },
    [TG_PUSH_WEBHOOK] = { TG_SET_PUSH_WEBHOOK_KEY,
                          { TG_SET_PUSH_HOSTS, TG_SET_PUSH_WEBHOOK_KEY, TG_SET_PUSH_WEBHOOK_KEY },
                          TG_SET_PUSH_WEBHOOK_KEY },
};

static const char *text_of(const struct tg_config *c, enum tg_setting_id id)
{
    return (const char *)c + tg_settings[id].offset;
}

/* False: push-user is not set, or there is no such user. */
static bool find_user(const struct tg_config *c, uid_t *uid)
{
    const struct passwd *entry = c->push.user[0] != '\0' ? getpwnam(c->push.user) : NULL;

    if (entry != NULL) {
        *uid = entry->pw_uid;
    }
    return entry != NULL;
}

static void check_user(struct tg_config_load_state *state)
{
    const struct tg_config *c = state->config;
    uid_t uid = 0;

    if (c->push.user[0] == '\0') {
        return;
    }
    if (!find_user(c, &uid)) {
        tg_config_fault(state, TG_SET_PUSH_USER, "no such user (expected: a user of this system)");
    } else if (uid == 0) {
        tg_config_fault(state, TG_SET_PUSH_USER,
                        "root is not allowed (expected: a user other than root)");
    } else if (geteuid() != 0 && geteuid() != uid) {
        tg_config_fault(state, TG_SET_PUSH_USER,
                        "only root can become another user (expected: a start as root, or no "
                        "push-user)");
    }
}

/* id: the setting that the faults name. */
static void check_key_file(struct tg_config_load_state *state, enum tg_setting_id id,
                           const char *path)
{
    const struct tg_config *c = state->config;
    struct stat st;
    uid_t uid = 0;

    if (stat(path, &st) != 0) {
        tg_config_fault(state, id,
                        errno == ENOENT ? "no such file (expected: a key file)"
                                        : "not accessible (expected: a key file)");
    } else if (!S_ISREG(st.st_mode)) {
        tg_config_fault(state, id, "not a regular file (expected: a key file)");
    } else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        tg_config_fault(state, id,
                        "accessible to users other than its owner (expected: mode 0400 or 0600)");
    } else if (geteuid() == 0 && find_user(c, &uid) && st.st_uid != uid) {
        tg_config_fault(state, id, "not owned by push-user (expected: that user as its owner)");
    }
}

static void check_needs(struct tg_config_load_state *state, const struct provider_rule *rule)
{
    for (size_t i = 0; i < TG_COUNT(rule->needs); i++) {
        bool is_for_apps =
            rule->needs[i] == TG_SET_PUSH_APNS_TOPIC && state->config->push.apns_apps.count > 0;

        if (rule->needs[i] != rule->key && !is_for_apps &&
            !tg_config_is_given(state, rule->needs[i])) {
            struct tg_buf what = { 0 };

            tg_buf_init(&what, 128);
            tg_buf_append_str(&what, "missing (expected: a value, because ");
            tg_buf_append_str(&what, tg_settings[rule->key].name);
            tg_buf_append_str(&what, " is set)");
            tg_config_fault(state, rule->needs[i], tg_buf_cstr(&what));
            tg_buf_deinit(&what);
        }
    }
}

static void check_provider(struct tg_config_load_state *state, const struct provider_rule *rule)
{
    const struct tg_config *c = state->config;

    if (rule->url != rule->key &&
        !tg_bytes_has_prefix(tg_bytes_str(text_of(c, rule->url)), TG_LIT("https://"))) {
        tg_config_fault(state, rule->url, "not https (expected: https://HOST)");
    }
    if (text_of(c, rule->key)[0] != '\0') {
        check_needs(state, rule);
        check_key_file(state, rule->key, text_of(c, rule->key));
    }
}

static void check_proxy(struct tg_config_load_state *state)
{
    const struct tg_config_push *p = &state->config->push;

    if (p->proxy[0] != '\0' && !tg_bytes_has_prefix(tg_bytes_str(p->proxy), TG_LIT("http://"))) {
        tg_config_fault(state, TG_SET_PUSH_PROXY,
                        "not http (expected: http://HOST:PORT; the proxy sees only TLS)");
    }
    if (p->proxy_credentials[0] != '\0') {
        if (p->proxy[0] == '\0') {
            tg_config_fault(state, TG_SET_PUSH_PROXY,
                            "missing (expected: http://HOST:PORT, because push-proxy-credentials "
                            "is set)");
        }
        check_key_file(state, TG_SET_PUSH_PROXY_CREDENTIALS, p->proxy_credentials);
    }
}

static void check_subject(struct tg_config_load_state *state)
{
    struct tg_bytes subject = tg_bytes_str(state->config->push.vapid_subject);
    struct tg_fault fault = { "" };

    if (subject.len > 0 && tg_push_subject_check(subject, &fault) != TG_OK) {
        tg_config_fault(state, TG_SET_PUSH_VAPID_SUBJECT, fault.text);
    }
}

static bool is_letters_and_digits(const char *text)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    return text[len] == '\0';
}

static void check_apple_ids(struct tg_config_load_state *state)
{
    static const enum tg_setting_id ids[] = { TG_SET_PUSH_APNS_KEY_ID, TG_SET_PUSH_APNS_TEAM_ID };

    for (size_t i = 0; i < TG_COUNT(ids); i++) {
        if (!is_letters_and_digits(text_of(state->config, ids[i]))) {
            tg_config_fault(state, ids[i],
                            "not an Apple identifier (expected: 10 letters and digits)");
        }
    }
}

/* ---- apps ----------------------------------------------------------------------------------- */

/* The provider's settings for what the app leaves out. */
static void fill_app(struct tg_config_app *app, const struct tg_config_push *p)
{
    if (app->key[0] == '\0' && app->key_id[0] == '\0') {
        memcpy(app->key, p->apns_key, sizeof(app->key));
        memcpy(app->key_id, p->apns_key_id, sizeof(app->key_id));
    }
    if (app->team_id[0] == '\0') {
        memcpy(app->team_id, p->apns_team_id, sizeof(app->team_id));
    }
    if (app->url[0] == '\0') {
        memcpy(app->url, p->apns_url, sizeof(app->url));
    }
}

static void check_apns_app(struct tg_config_load_state *state, size_t index)
{
    const struct tg_config_app *app = &state->config->push.apns_apps.apps[index];

    if (app->key[0] == '\0' || app->key_id[0] == '\0') {
        tg_config_app_fault(
            state, TG_SET_PUSH_APNS_APP, index,
            "no key, or no identifier of it (expected: key=FILE and key-id=ID, or neither, "
            "with push-apns-key and push-apns-key-id)");
    } else if (app->team_id[0] == '\0') {
        tg_config_app_fault(state, TG_SET_PUSH_APNS_APP, index,
                            "no team (expected: team-id=ID, or push-apns-team-id)");
    } else if (!is_letters_and_digits(app->key_id) || !is_letters_and_digits(app->team_id)) {
        tg_config_app_fault(state, TG_SET_PUSH_APNS_APP, index,
                            "not an Apple identifier (expected: 10 letters and digits)");
    } else if (!tg_bytes_has_prefix(tg_bytes_str(app->url), TG_LIT("https://"))) {
        tg_config_app_fault(state, TG_SET_PUSH_APNS_APP, index,
                            "url= is not https (expected: https://HOST)");
    } else {
        check_key_file(state, TG_SET_PUSH_APNS_APP, app->key);
    }
}

static void check_fcm_app(struct tg_config_load_state *state, size_t index)
{
    const struct tg_config_app *app = &state->config->push.fcm_apps.apps[index];

    if (app->key[0] == '\0') {
        tg_config_app_fault(state, TG_SET_PUSH_FCM_APP, index,
                            "no account (expected: account=FILE)");
    } else {
        check_key_file(state, TG_SET_PUSH_FCM_APP, app->key);
    }
}

/* main: the topic of the main sender, "" if it has none. */
static void check_topics(struct tg_config_load_state *state, enum tg_setting_id id,
                         const struct tg_config_apps *apps, const char *main)
{
    for (size_t i = 0; i < apps->count; i++) {
        bool is_taken = strcmp(apps->apps[i].topic, main) == 0;

        for (size_t k = 0; k < i; k++) {
            is_taken = is_taken || strcmp(apps->apps[i].topic, apps->apps[k].topic) == 0;
        }
        if (is_taken) {
            tg_config_app_fault(state, id, i, "its name is used twice (expected: each app once)");
        }
    }
}

static void check_apps(struct tg_config_load_state *state)
{
    struct tg_config_push *p = &state->config->push;

    for (size_t i = 0; i < p->apns_apps.count; i++) {
        fill_app(&p->apns_apps.apps[i], p);
        check_apns_app(state, i);
    }
    for (size_t i = 0; i < p->fcm_apps.count; i++) {
        check_fcm_app(state, i);
    }
    check_topics(state, TG_SET_PUSH_APNS_APP, &p->apns_apps, p->apns_topic);
    check_topics(state, TG_SET_PUSH_FCM_APP, &p->fcm_apps, p->fcm_project);
    if (p->fcm_apps.count > 0 && p->fcm_account[0] != '\0' && p->fcm_project[0] == '\0') {
        tg_config_fault(state, TG_SET_PUSH_FCM_PROJECT,
                        "missing (expected: the project of push-fcm-account, because push-fcm-app "
                        "is set)");
    }
}

void tg_config_apply_push_rules(struct tg_config_load_state *state)
{
    const struct tg_config *c = state->config;

    for (size_t i = 0; i < TG_PUSH_COUNT; i++) {
        check_provider(state, &provider_rules[i]);
    }
    check_apple_ids(state);
    check_apps(state);
    check_proxy(state);
    check_subject(state);
    check_user(state);
    if (c->push.allows_private_addresses && !c->is_dev) {
        tg_config_fault(state, TG_SET_PUSH_PRIVATE_ADDRESSES,
                        "set without dev (expected: no, because clients could then reach hosts of "
                        "private networks)");
    }
}

static void add_apps(struct tg_push_settings *out, enum tg_push_id id,
                     const struct tg_config_apps *apps)
{
    for (size_t i = 0; i < apps->count; i++) {
        const struct tg_config_app *app = &apps->apps[i];

        out->apps[out->app_count++] = (struct tg_push_app){ .provider = id,
                                                            .topic = app->topic,
                                                            .key = app->key,
                                                            .key_id = app->key_id,
                                                            .team_id = app->team_id,
                                                            .url = app->url };
    }
}

void tg_config_push_settings(struct tg_push_settings *out, const struct tg_config *config)
{
    const struct tg_config_push *p = &config->push;
    const char *host = p->hosts.text;

    *out = (struct tg_push_settings){
        .apns_key = p->apns_key,
        .apns_key_id = p->apns_key_id,
        .apns_team_id = p->apns_team_id,
        .apns_topic = p->apns_topic,
        .apns_url = p->apns_url,
        .fcm_account = p->fcm_account,
        .fcm_project = p->fcm_project,
        .fcm_url = p->fcm_url,
        .vapid_key = p->vapid_key,
        .vapid_subject = p->vapid_subject,
        .webhook_key = p->webhook_key,
        .allows_private_addresses = p->allows_private_addresses,
        .proxy = p->proxy,
        .proxy_credentials = p->proxy_credentials,
        .ca_file = p->ca_file,
        .user = p->user,
        .concurrency = p->concurrency,
        .request_timeout_s = p->timeout_s,
    };
    add_apps(out, TG_PUSH_APNS, &p->apns_apps);
    add_apps(out, TG_PUSH_FCM, &p->fcm_apps);
    for (size_t i = 0; i < p->hosts.count; i++) {
        out->hosts[out->host_count++] = host;
        host += strlen(host) + 1;
    }
}
