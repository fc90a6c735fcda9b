/* SPDX-License-Identifier: Apache-2.0 */
/* Combinations of settings about good standing that are refused. server/standing_policy.c reads the
   files. */
#include "server/settings/config_rules.h"

#include <string.h>

/* TG_ATTEST_FORMAT_COUNT: there is no such format. */
static size_t find_format(const char *name)
{
    size_t format = 0;

    while (format < TG_ATTEST_FORMAT_COUNT &&
           strcmp(name, tg_attest_format_name((enum tg_attest_format)format)) != 0) {
        format++;
    }
    return format;
}

unsigned tg_config_standing_formats(const struct tg_config_standing *standing)
{
    const char *at = standing->formats.text;
    unsigned formats = 0;

    for (size_t i = 0; i < standing->formats.count; i++) {
        size_t format = find_format(at);

        formats |= format < TG_ATTEST_FORMAT_COUNT ? 1u << format : 0;
        at += strlen(at) + 1;
    }
    return formats;
}

static void check_formats(struct tg_config_load_state *state)
{
    const struct tg_config_names *formats = &state->config->standing.formats;
    const char *at = formats->text;

    for (size_t i = 0; i < formats->count; i++) {
        if (find_format(at) == TG_ATTEST_FORMAT_COUNT) {
            tg_config_fault(state, TG_SET_ATTESTATION_FORMATS,
                            "unknown format (expected: apple, apple-appattest, "
                            "android-key, packed, tpm, fido-u2f, none)");
            return;
        }
        at += strlen(at) + 1;
    }
}

/* With an empty list every attestation of that format would be refused. */
static void need_list(struct tg_config_load_state *state, enum tg_attest_format format,
                      const struct tg_config_names *list, enum tg_setting_id id, const char *what)
{
    unsigned formats = tg_config_standing_formats(&state->config->standing);

    if ((formats & (1u << (unsigned)format)) != 0 && list->count == 0) {
        tg_config_fault(state, id, what);
    }
}

static void check_attestation(struct tg_config_load_state *state)
{
    const struct tg_config_standing *s = &state->config->standing;

    check_formats(state);
    if (s->formats.count == 0) {
        tg_config_fault(state, TG_SET_ATTESTATION_FORMATS,
                        "missing (expected: formats such as apple,android-key, because attestation "
                        "is on)");
    }
    need_list(state, TG_ATTEST_APPLE_APPATTEST, &s->app_ids, TG_SET_ATTESTATION_APP_IDS,
              "missing (expected: TEAMID.bundle.id, because attestation-formats has "
              "apple-appattest)");
    need_list(state, TG_ATTEST_ANDROID_KEY, &s->packages, TG_SET_ATTESTATION_PACKAGES,
              "missing (expected: package names, because attestation-formats has android-key)");
}

void tg_config_apply_standing_rules(struct tg_config_load_state *state)
{
    const struct tg_config_standing *s = &state->config->standing;

    if (s->attestation != TG_STANDING_OFF) {
        check_attestation(state);
    }
    if (s->private_tokens != TG_STANDING_OFF && s->issuers[0] == '\0') {
        tg_config_fault(state, TG_SET_PRIVATE_TOKEN_ISSUERS,
                        "missing (expected: a file of issuers and keys, because private-tokens is "
                        "on)");
    }
}
