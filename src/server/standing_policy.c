/* SPDX-License-Identifier: Apache-2.0 */
#include "server/standing_policy.h"

#include "base/mem.h"

#include <string.h>

struct tg_standing_policy {
    struct tg_standing view;
    struct tg_attest_policy *policy;
    struct tg_private_token_issuers *issuers;
    char formats[TG_CONFIG_NAMES_MAX + sizeof(TG_STANDING_OPERATOR) + 1]; /* with spaces between */
    char host[TG_CONFIG_URL_MAX + 1];
};

/* The host of the public URL without port, or of the listener if there is no public URL. */
static void copy_host(struct tg_standing_policy *s, const struct tg_config *config)
{
    const char *url = config->public_url;
    const char *host = strstr(url, "://");
    size_t len = 0;

    if (host == NULL) {
        host = config->listen.host;
        len = strlen(host);
    } else {
        host += 3;
        len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    }
    memcpy(s->host, host, len);
    s->host[len] = '\0';
}

/* The names are stored one after the other, each with its NUL: fills in pointers to them. */
static size_t list_names(const char *names[TG_ATTEST_LIST_MAX], const struct tg_config_names *list)
{
    const char *at = list->text;

    for (size_t i = 0; i < list->count; i++) {
        names[i] = at;
        at += strlen(at) + 1;
    }
    return list->count;
}

static void copy_formats(struct tg_standing_policy *s, const struct tg_config_names *list,
                         bool has_verifier)
{
    const char *names[TG_ATTEST_LIST_MAX];
    size_t count = list_names(names, list);
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(names[i]);

        memcpy(s->formats + at, names[i], len);
        at += len;
        s->formats[at++] = ' ';
    }
    if (has_verifier) {
        memcpy(s->formats + at, TG_STANDING_OPERATOR, sizeof(TG_STANDING_OPERATOR));
    } else {
        s->formats[at > 0 ? at - 1 : 0] = '\0';
    }
}

static enum tg_err load_policy(struct tg_standing_policy *s, const struct tg_config *config,
                               struct tg_fault *fault)
{
    const struct tg_config_standing *c = &config->standing;
    struct tg_fault why = { "" };
    struct tg_attest_settings settings = {
        .formats = tg_config_standing_formats(c),
        .allows_packed_self = c->allows_self,
        .level_min = c->level,
        .needs_verified_boot = c->needs_verified_boot,
        .allows_appattest_development = c->allows_development,
        .needs_user_verified = c->needs_user_verified,
        .roots_dir = c->roots,
        .revoked = c->revoked,
    };
    enum tg_err err = TG_E_BUG;

    settings.rp_id_count = list_names(settings.rp_ids, &c->rp_ids);
    if (settings.rp_id_count == 0) {
        settings.rp_ids[settings.rp_id_count++] = s->host;
    }
    settings.app_id_count = list_names(settings.app_ids, &c->app_ids);
    settings.package_count = list_names(settings.packages, &c->packages);
    settings.aaguid_count = list_names(settings.aaguids, &c->aaguids);
    settings.origin_count = list_names(settings.origins, &c->origins);
    err = tg_attest_policy_load(&s->policy, &settings, &why);
    if (err != TG_OK) {
        tg_fault_set(fault, "attestation: %s", why.text);
    }
    return err;
}

static enum tg_err load_issuers(struct tg_standing_policy *s, const struct tg_config *config,
                                struct tg_fault *fault)
{
    struct tg_fault why = { "" };
    enum tg_err err = tg_private_token_issuers_load(&s->issuers, config->standing.issuers, &why);

    if (err != TG_OK) {
        tg_fault_set(fault, "private-token-issuers: %s", why.text);
    }
    return err;
}

enum tg_err tg_standing_policy_open(struct tg_standing_policy **out, const struct tg_config *config,
                                    struct tg_fault *fault)
{
    const struct tg_config_standing *c = &config->standing;
    struct tg_standing_policy *s = NULL;
    enum tg_err err = TG_E_BUG;

    if (c->attestation == TG_STANDING_OFF && c->private_tokens == TG_STANDING_OFF) {
        return TG_OK;
    }
    s = tg_mem_calloc(1, sizeof(*s));
    TG_REQUIRE(s != NULL, TG_E_NOMEM);
    copy_host(s, config);
    copy_formats(s, &c->formats, tg_config_verifier_path(config) != NULL);
    if (c->attestation != TG_STANDING_OFF) {
        TG_TRY(load_policy(s, config, fault));
    }
    if (c->private_tokens != TG_STANDING_OFF) {
        TG_TRY(load_issuers(s, config, fault));
    }
    s->view = (struct tg_standing){ .attestation = c->attestation,
                                    .formats = s->formats,
                                    .policy = s->policy,
                                    .verify = tg_attest_verify,
                                    .is_known = tg_attest_is_known,
                                    .has_verifier = tg_config_verifier_path(config) != NULL,
                                    .needs_user = c->needs_user_verified,
                                    .private_tokens = c->private_tokens,
                                    .issuers = s->issuers,
                                    .origin = s->host,
                                    .is_token_bound = c->context == TG_TOKEN_CONTEXT_REQUEST };
    *out = s;
    s = NULL;
    err = TG_OK;
out:
    tg_standing_policy_close(&s);
    return err;
}

void tg_standing_policy_close(struct tg_standing_policy **s)
{
    if (s != NULL && *s != NULL) {
        tg_attest_policy_free(&(*s)->policy);
        tg_private_token_issuers_free(&(*s)->issuers);
        tg_mem_free(*s);
        *s = NULL;
    }
}

const struct tg_standing *tg_standing_policy_view(const struct tg_standing_policy *s)
{
    return s != NULL ? &s->view : NULL;
}

const struct tg_private_token_issuers *
tg_standing_policy_issuers(const struct tg_standing_policy *s)
{
    return s != NULL ? s->issuers : NULL;
}
