/* SPDX-License-Identifier: Apache-2.0 */
/* The lines about what senders must prove. */
#include "script.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static enum tg_standing_mode mode_of(struct script *s, const char *name)
{
    static const char *const names[] = { "off", "optional", "required", "report" };

    for (size_t i = 0; i < TG_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return (enum tg_standing_mode)i;
        }
    }
    script_fail(s, "no such mode: %s", name);
}

/* The store must accept the key; with a ! at the end it must know it as retired. */
static void set_first_key(struct script *s, const char *text)
{
    bool is_retired = text[strlen(text) - 1] == '!';
    enum tg_err err = standing_world_first_key(&s->standing, strtoll(text, NULL, 10));

    if (err != (is_retired ? TG_E_DENIED : TG_OK)) {
        script_fail(s, "first-key: the store answered %d", (int)err);
    }
}

/* standing attestation=MODE tokens=MODE context=none|request crash=on|off first-key=SECONDS[!] */
void do_standing(struct script *s)
{
    struct tg_standing *standing = &s->standing.standing;

    for (size_t i = 1; i < s->word_count; i++) {
        const char *rest = NULL;

        if ((rest = word_after(s->words[i], "attestation=")) != NULL) {
            standing->attestation = mode_of(s, rest);
        } else if ((rest = word_after(s->words[i], "tokens=")) != NULL) {
            standing->private_tokens = mode_of(s, rest);
        } else if ((rest = word_after(s->words[i], "context=")) != NULL) {
            standing->is_token_bound = strcmp(rest, "request") == 0;
        } else if ((rest = word_after(s->words[i], "verifier=")) != NULL) {
            standing->has_verifier = strcmp(rest, "on") == 0;
        } else if ((rest = word_after(s->words[i], "user=")) != NULL) {
            standing->needs_user = strcmp(rest, "verified") == 0;
        } else if ((rest = word_after(s->words[i], "crash=")) != NULL) {
            s->standing.has_crash = strcmp(rest, "on") == 0;
        } else if ((rest = word_after(s->words[i], "first-key=")) != NULL) {
            set_first_key(s, rest);
        } else {
            script_fail(s, "unknown setting %s", s->words[i]);
        }
    }
}

/* claim=, request= and body= of words from on; what it views ends with *doc. */
static struct tg_attestation_cover cover_of(struct script *s, size_t from, struct request *r,
                                            json_t **doc)
{
    struct tg_attestation_cover cover = { .claim = TG_LIT("") };
    const json_t *payload = NULL;

    for (size_t i = from; i < s->word_count; i++) {
        take_request_word(s, r, s->words[i]);
    }
    for (size_t i = 0; i < r->header_count; i++) {
        if (tg_bytes_is_equal(r->headers[i].name, TG_LIT("mailbox-device-claim"))) {
            cover.claim = r->headers[i].value;
        } else {
            cover.request_id = r->headers[i].value;
        }
    }
    *doc = r->body == NULL ? NULL : json_loadb(r->body, r->body_len, 0, NULL);
    payload = json_object_get(*doc, "payload");
    cover.payload_type = tg_bytes_str(json_string_value(json_object_get(payload, "type")));
    cover.payload_data = tg_bytes_str(json_string_value(json_object_get(payload, "data")));
    return cover;
}

static enum tg_attest_step attest_step_of(struct script *s, const char *name)
{
    static const char *const names[TG_ATTEST_STEP_COUNT] = {
        [TG_ATTEST_OK] = "ok",
        [TG_ATTEST_STEP_ENCODING] = "encoding",
        [TG_ATTEST_STEP_FORMAT] = "format",
        [TG_ATTEST_STEP_CHALLENGE] = "challenge",
        [TG_ATTEST_STEP_CHAIN] = "chain",
        [TG_ATTEST_STEP_SIGNATURE] = "signature",
        [TG_ATTEST_STEP_POLICY] = "policy",
        [TG_ATTEST_STEP_INTERNAL] = "internal",
    };

    for (size_t i = 0; i < TG_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return (enum tg_attest_step)i;
        }
    }
    script_fail(s, "no such step: %s", name);
}

/* attest NAME STEP|nothing claim= request= body=: $NAME is an attestation of that request. */
void do_attest(struct script *s)
{
    struct request r = { .type = "-" };
    json_t *doc = NULL;
    struct tg_attestation_cover cover = cover_of(s, 3, &r, &doc);
    struct tg_buf text;

    tg_buf_init(&text, WORD_MAX);
    if (strcmp(s->words[2], "nothing") == 0) {
        standing_attest(&text, TG_ATTEST_OK, TG_ATTEST_PROVES_NOTHING, &cover);
    } else {
        standing_attest(&text, attest_step_of(s, s->words[2]), TG_ATTEST_PROVES_DEVICE, &cover);
    }
    script_set(s, s->words[1], tg_buf_cstr(&text));
    tg_buf_deinit(&text);
    json_decref(doc);
    free(r.body);
}

/* token NAME LABEL KEY [claim= request= body=]: $NAME is a token, bound to that request if given.
 */
void do_token(struct script *s)
{
    struct request r = { .type = "-" };
    json_t *doc = NULL;
    struct tg_attestation_cover cover = cover_of(s, 4, &r, &doc);
    struct tg_buf text;

    tg_buf_init(&text, WORD_MAX);
    standing_token(&text, s->words[2], (unsigned)strtoul(s->words[3], NULL, 10),
                   s->word_count > 4 ? &cover : NULL);
    script_set(s, s->words[1], tg_buf_cstr(&text));
    tg_buf_deinit(&text);
    json_decref(doc);
    free(r.body);
}

/* judged SCHEME STEP N, reported SCHEME STEP N, since the script began. */
void do_judged(struct script *s)
{
    bool is_reported = strcmp(s->words[0], "reported") == 0;

    for (unsigned scheme = 0; scheme < TG_STANDING_SCHEME_COUNT; scheme++) {
        for (unsigned step = 0; step < TG_STANDING_STEP_COUNT; step++) {
            if (strcmp(tg_standing_scheme_name((enum tg_standing_scheme)scheme), s->words[1]) ==
                    0 &&
                strcmp(tg_standing_step_name((enum tg_standing_step)step), s->words[2]) == 0) {
                check_count(s, s->words[0],
                            is_reported ? s->standing.reported[scheme][step]
                                        : s->standing.judged[scheme][step],
                            s->words[3]);
                return;
            }
        }
    }
    script_fail(s, "no such scheme or step");
}

/* verified N: attestations whose verification was begun. */
void do_verified(struct script *s)
{
    check_count(s, "verified", s->standing.verified_count, s->words[1]);
}
