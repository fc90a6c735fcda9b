/* SPDX-License-Identifier: Apache-2.0 */
/* Combinations of settings about good standing that are refused. server/standing_policy.c reads the
   files. */
#include "server/settings/config_rules.h"

#include <string.h>
#include <sys/un.h>

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

static bool has_format(const struct tg_config_standing *s, enum tg_attest_format format)
{
    return (tg_config_standing_formats(s) & (1u << (unsigned)format)) != 0;
}

/* With an empty list every attestation of that format would be refused. */
static void need_list(struct tg_config_load_state *state, enum tg_attest_format format,
                      const struct tg_config_names *list, enum tg_setting_id id, const char *what)
{
    if (has_format(&state->config->standing, format) && list->count == 0) {
        tg_config_fault(state, id, what);
    }
}

/* What proves nothing satisfies no requirement, so it is not accepted beside one: the answer to a
   create without proof would invite senders to send it. spec: protocol/6#strength */
static void check_strength(struct tg_config_load_state *state)
{
    const struct tg_config_standing *s = &state->config->standing;

    if (has_format(s, TG_ATTEST_NONE)) {
        tg_config_fault(state, TG_SET_ATTESTATION_FORMATS,
                        "has none, which proves nothing, although a proof is required (expected: "
                        "a list without none, or optional in place of required)");
    }
    if (has_format(s, TG_ATTEST_PACKED) && s->allows_self) {
        tg_config_fault(state, TG_SET_ATTESTATION_SELF,
                        "set although a proof is required; packed without a certificate proves "
                        "nothing (expected: no, or optional in place of required)");
    }
    if (has_format(s, TG_ATTEST_ANDROID_KEY) && s->level == TG_ATTEST_SOFTWARE) {
        tg_config_fault(state, TG_SET_ATTESTATION_LEVEL,
                        "software although a proof is required; what software states proves "
                        "nothing (expected: tee or strongbox, or optional in place of required)");
    }
}

/* A path that fits in the address of a socket, without its NUL. */
#define VERIFIER_PREFIX "unix:"
#define VERIFIER_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

const char *tg_config_verifier_path(const struct tg_config *config)
{
    const char *text = config->standing.verifier;

    return text[0] != '\0' ? text + sizeof(VERIFIER_PREFIX) - 1 : NULL;
}

static void check_verifier(struct tg_config_load_state *state)
{
    const char *text = state->config->standing.verifier;
    size_t prefix_len = sizeof(VERIFIER_PREFIX) - 1;
    size_t len = strlen(text);

    if (len > 0 && (strncmp(text, VERIFIER_PREFIX "/", prefix_len + 1) != 0 ||
                    len - prefix_len > VERIFIER_PATH_MAX || text[len - 1] == '/')) {
        tg_config_fault(state, TG_SET_ATTESTATION_VERIFIER,
                        "not a socket (expected: unix: and an absolute path of at most 107 bytes, "
                        "such as unix:/run/verifier/socket)");
    }
}

/* What shows nothing about the user is not accepted beside the demand. spec:
 * protocol/6#user-verified
 */
static void check_user(struct tg_config_load_state *state)
{
    const struct tg_config_standing *s = &state->config->standing;

    for (unsigned i = 0; i < TG_ATTEST_FORMAT_COUNT; i++) {
        enum tg_attest_format format = (enum tg_attest_format)i;

        if (has_format(s, format) && !tg_attest_format_shows_user(format)) {
            tg_config_fault(state, TG_SET_ATTESTATION_USER_VERIFIED,
                            "set although attestation-formats has apple-appattest, fido-u2f or "
                            "none, which cannot show that a user was verified (expected: apple, "
                            "android-key, packed or tpm alone)");
            break;
        }
    }
    if (has_format(s, TG_ATTEST_PACKED) && s->allows_self) {
        tg_config_fault(state, TG_SET_ATTESTATION_USER_VERIFIED,
                        "set although attestation-self is yes; packed without a certificate shows "
                        "nothing about the user (expected: attestation-self = no)");
    }
    if (s->private_tokens != TG_STANDING_OFF) {
        tg_config_fault(state, TG_SET_ATTESTATION_USER_VERIFIED,
                        "set although private-tokens is on; a token satisfies the relay and cannot "
                        "show that a user was verified (expected: private-tokens = off)");
    }
}

static void check_attestation(struct tg_config_load_state *state)
{
    const struct tg_config_standing *s = &state->config->standing;

    check_formats(state);
    check_verifier(state);
    if (s->formats.count == 0 && s->verifier[0] == '\0') {
        tg_config_fault(state, TG_SET_ATTESTATION_FORMATS,
                        "missing (expected: formats such as apple,android-key, because attestation "
                        "is on)");
    }
    if (s->needs_user_verified) {
        check_user(state);
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

    if (s->attestation == TG_STANDING_OFF && s->needs_user_verified) {
        tg_config_fault(state, TG_SET_ATTESTATION_USER_VERIFIED,
                        "set although attestation is off (expected: attestation = report, optional "
                        "or required)");
    }
    if (s->attestation != TG_STANDING_OFF) {
        check_attestation(state);
        if (s->attestation == TG_STANDING_REQUIRED || s->private_tokens == TG_STANDING_REQUIRED) {
            check_strength(state);
        }
    }
    if (s->private_tokens != TG_STANDING_OFF && s->issuers[0] == '\0') {
        tg_config_fault(state, TG_SET_PRIVATE_TOKEN_ISSUERS,
                        "missing (expected: a file of issuers and keys, because private-tokens is "
                        "on)");
    }
}
