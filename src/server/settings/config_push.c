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

static void check_key_file(struct tg_config_load_state *state, enum tg_setting_id id)
{
    const struct tg_config *c = state->config;
    struct stat st;
    uid_t uid = 0;

    if (stat(text_of(c, id), &st) != 0) {
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
        if (rule->needs[i] != rule->key && !tg_config_is_given(state, rule->needs[i])) {
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
        check_key_file(state, rule->key);
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

void tg_config_apply_push_rules(struct tg_config_load_state *state)
{
    const struct tg_config *c = state->config;

    for (size_t i = 0; i < TG_PUSH_COUNT; i++) {
        check_provider(state, &provider_rules[i]);
    }
    check_apple_ids(state);
    check_subject(state);
    check_user(state);
    if (c->push.allows_private_addresses && !c->is_dev) {
        tg_config_fault(state, TG_SET_PUSH_PRIVATE_ADDRESSES,
                        "set without dev (expected: no, because clients could then reach hosts of "
                        "private networks)");
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
        .fcm_url = p->fcm_url,
        .vapid_key = p->vapid_key,
        .vapid_subject = p->vapid_subject,
        .webhook_key = p->webhook_key,
        .allows_private_addresses = p->allows_private_addresses,
        .ca_file = p->ca_file,
        .user = p->user,
        .concurrency = p->concurrency,
        .request_timeout_s = p->timeout_s,
    };
    for (size_t i = 0; i < p->hosts.count; i++) {
        out->hosts[out->host_count++] = host;
        host += strlen(host) + 1;
    }
}
