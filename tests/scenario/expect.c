/* SPDX-License-Identifier: Apache-2.0 */
/* What a line expects of an answer, and what every answer must be. */
#include "script.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text of member a.b of the body. *out is owned by the caller; NULL when there is none. */
static char *json_member(struct script *s, const struct world_slot *slot, const char *path)
{
    json_t *doc = json_loadb((const char *)slot->body.ptr, slot->body.len, 0, NULL);
    json_t *at = doc;
    char *copy = strdup(path), *rest = copy, *part = NULL, *text = NULL;

    if (doc == NULL) {
        script_fail(s, "the body is no JSON");
    }
    while (at != NULL && (part = strsep(&rest, ".")) != NULL) {
        at = json_object_get(at, part);
    }
    if (json_is_string(at)) {
        text = strdup(json_string_value(at));
    } else if (at != NULL) {
        text = json_dumps(at, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
    }
    free(copy);
    json_decref(doc);
    return text;
}

void check_equal(struct script *s, const char *what, const char *got, const char *want)
{
    if (got == NULL) {
        script_fail(s, "%s is missing, expected %s", what, want);
    }
    if (strcmp(got, want) != 0) {
        script_fail(s, "%s is %s, expected %s", what, got, want);
    }
}

static const char *header_text(const struct world_slot *slot, const char *name)
{
    const struct tg_buf *value = world_header(slot, name);

    return value == NULL ? NULL : tg_buf_cstr((struct tg_buf *)(uintptr_t)value);
}

static const char *body_text(struct world_slot *slot)
{
    return tg_buf_cstr(&slot->body);
}

/* "name~text" and "name!~text": holds or does not hold; "name=text": equals. */
static void check_header(struct script *s, const struct world_slot *slot, const char *word)
{
    char name[64] = { 0 };
    size_t len = strcspn(word, "=~");
    const char *got = NULL;

    (void)snprintf(name, sizeof(name), "%.*s", (int)len, word);
    got = header_text(slot, name);
    if (word[len] == '=') {
        check_equal(s, name, got, word + len + 1);
    } else if (got == NULL || strstr(got, word + len + 1) == NULL) {
        script_fail(s, "%s is %s, expected it to hold %s", name, got == NULL ? "missing" : got,
                    word + len + 1);
    }
}

static void check_json(struct script *s, const struct world_slot *slot, const char *word)
{
    char path[128] = { 0 };
    size_t len = strcspn(word, "=");
    char *got = NULL;

    (void)snprintf(path, sizeof(path), "%.*s", (int)len, word);
    got = json_member(s, slot, path);
    if (word[len] == '\0' && got != NULL) {
        script_fail(s, "%s is there: %s", path, got);
    }
    if (word[len] == '=') {
        check_equal(s, path, got, word + len + 1);
    }
    free(got);
}

static void check_problem(struct script *s, const struct world_slot *slot, const char *slug)
{
    char want[128], *got = json_member(s, slot, "type");

    (void)snprintf(want, sizeof(want), "%s%s",
                   strcmp(slug, "blank") == 0 ? "about:" : "urn:tigress:problem/", slug);
    check_equal(s, "type", got, want);
    free(got);
}

void check_count(struct script *s, const char *what, size_t got, const char *want)
{
    if (got != strtoul(want, NULL, 10)) {
        script_fail(s, "%s is %zu, expected %s", what, got, want);
    }
}

/* name=$part: keeps a part of the answer for later lines. */
static void keep(struct script *s, struct world_slot *slot, const char *name, const char *part)
{
    static const char origin[] = "https://relay.example";
    const char *path = word_after(part, "json.");
    char *text = NULL;

    if (strcmp(part, "url") == 0) {
        text = json_member(s, slot, "urlLink");
        if (text == NULL || word_after(text, origin) == NULL) {
            script_fail(s, "urlLink is missing, or of another origin");
        }
        script_set(s, name, text + sizeof(origin) - 1);
    } else if (strcmp(part, "body") == 0) {
        script_set(s, name, body_text(slot));
    } else if (path != NULL) {
        text = json_member(s, slot, path);
        script_set(s, name, text == NULL ? "" : text);
    } else {
        script_fail(s, "cannot keep %s", part);
    }
    free(text);
}

static void check_word(struct script *s, struct world_slot *slot, const char *word)
{
    const char *rest = NULL;

    if ((rest = word_after(word, "!header.")) != NULL) {
        if (header_text(slot, rest) != NULL) {
            script_fail(s, "header %s is there", rest);
        }
    } else if ((rest = word_after(word, "header.")) != NULL) {
        check_header(s, slot, rest);
    } else if ((rest = word_after(word, "json.")) != NULL ||
               (rest = word_after(word, "!json.")) != NULL) {
        check_json(s, slot, rest);
    } else if ((rest = word_after(word, "version=")) != NULL) {
        check_equal(s, "mailbox-version", header_text(slot, "mailbox-version"), rest);
    } else if ((rest = word_after(word, "problem=")) != NULL) {
        check_problem(s, slot, rest);
    } else if ((rest = word_after(word, "body=")) != NULL) {
        check_equal(s, "body", body_text(slot), rest);
    } else if ((rest = word_after(word, "body~")) != NULL) {
        if (strstr(body_text(slot), rest) == NULL) {
            script_fail(s, "the body does not hold %s: %s", rest, body_text(slot));
        }
    } else if ((rest = word_after(word, "body!~")) != NULL) {
        if (strstr(body_text(slot), rest) != NULL) {
            script_fail(s, "the body holds %s: %s", rest, body_text(slot));
        }
    } else if ((rest = word_after(word, "notified=")) != NULL) {
        check_count(s, "notified", s->world.notified_count - s->notified_before, rest);
    } else if ((rest = word_after(word, "queued=")) != NULL) {
        check_count(s, "queued", s->world.queued_count - s->queued_before, rest);
    } else if ((rest = word_after(word, "writes=")) != NULL) {
        check_count(s, "writes", fake_store_write_count(s->world.store) - s->writes_before, rest);
    } else if ((rest = word_after(word, "waits_ms=")) != NULL) {
        check_count(s, "wait_ms", (size_t)slot->wait_ms, rest);
    } else if ((rest = word_after(word, "close=")) != NULL) {
        check_count(s, "must_close", slot->must_close ? 1 : 0, rest);
    } else if ((rest = word_after(word, "head=")) != NULL) {
        check_count(s, "is_head", slot->is_head ? 1 : 0, rest);
    } else if ((rest = word_after(word, "call=")) != NULL) {
        if (slot->call != (int)strtol(rest, NULL, 10)) {
            script_fail(s, "call is %d, expected %s", slot->call, rest);
        }
    } else if (strchr(word, '=') != NULL && strchr(word, '=')[1] == '$') {
        char name[NAME_MAX_BYTES] = { 0 };

        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
        keep(s, slot, name, strchr(word, '=') + 2);
    } else {
        script_fail(s, "unknown expectation %s", word);
    }
}

/* Checks that apply to every answer. */
static void check_always(struct script *s, const struct world_slot *slot)
{
    if (slot->answer_count != 1) {
        script_fail(s, "answered %u times", slot->answer_count);
    }
    check_equal(s, "cache-control", header_text(slot, "cache-control"), "no-store");
    check_equal(s, "nosniff", header_text(slot, "x-content-type-options"), "nosniff");
    check_equal(s, "referrer-policy", header_text(slot, "referrer-policy"), "no-referrer");
    if (header_text(slot, "set-cookie") != NULL || header_text(slot, "server") != NULL) {
        script_fail(s, "a cookie or a server name");
    }
    if ((slot->status == 401) != (header_text(slot, "www-authenticate") != NULL)) {
        script_fail(s, "WWW-Authenticate belongs to 401");
    }
    if ((slot->status == 503) != (header_text(slot, "retry-after") != NULL)) {
        script_fail(s, "Retry-After belongs to 503");
    }
    if ((slot->body.len > 0) != (header_text(slot, "content-type") != NULL)) {
        script_fail(s, "Content-Type belongs to a body");
    }
}

void check_answer(struct script *s, struct world_slot *slot, size_t from)
{
    if (from + 1 >= s->word_count) {
        script_fail(s, "-> needs a status");
    }
    if (strcmp(s->words[from + 1], "wait") == 0) {
        if (!slot->is_waiting) {
            script_fail(s, "answered %u, expected it to wait", slot->status);
        }
    } else if (strcmp(s->words[from + 1], "pending") == 0) {
        if (slot->answer_count != 0 || slot->is_waiting) {
            script_fail(s, "expected it to wait for the store");
        }
    } else {
        check_always(s, slot);
        if (slot->status != strtoul(s->words[from + 1], NULL, 10)) {
            script_fail(s, "%u, expected %s: %s", slot->status, s->words[from + 1],
                        body_text(slot));
        }
    }
    for (size_t i = from + 2; i < s->word_count; i++) {
        check_word(s, slot, s->words[i]);
    }
}
