/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every *.scn of a folder on the relay core, each with a new relay. README.md describes the
 * scripts. A folder without scripts, and a script without requests, is a failure.
 */
#include "standing_world.h"

#include "base/time3339.h"

#include <dirent.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 3000u
#define WORD_MAX 90000u
#define WORDS_MAX 48u
#define NAME_MAX_BYTES 32u
#define VARS_MAX 48u
#define FILES_MAX 128u

struct variable {
    char name[NAME_MAX_BYTES];
    char *value;
};

struct script {
    const char *folder;
    const char *file;
    unsigned line_no;
    size_t request_count;
    struct world world;
    struct standing_world standing;
    struct variable vars[VARS_MAX];
    size_t var_count;
    char *words[WORDS_MAX];
    size_t word_count;
    struct world_slot *polls[WORLD_SLOTS];
    char poll_names[WORLD_SLOTS][NAME_MAX_BYTES];
    size_t notified_before, writes_before, queued_before;
    jmp_buf failed;
};

static void fail(struct script *s, const char *fmt, ...) __attribute__((noreturn)) TG_PRINTF(2, 3);

static void fail(struct script *s, const char *fmt, ...)
{
    va_list args;

    (void)fprintf(stderr, "%s:%u: ", s->file, s->line_no);
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
    longjmp(s->failed, 1);
}

/* ---- words and variables -------------------------------------------------------------------- */

static void set_var(struct script *s, const char *name, const char *value)
{
    struct variable *v = NULL;

    for (size_t i = 0; i < s->var_count; i++) {
        if (strcmp(s->vars[i].name, name) == 0) {
            v = &s->vars[i];
        }
    }
    if (v == NULL) {
        if (s->var_count == VARS_MAX) {
            fail(s, "too many variables");
        }
        v = &s->vars[s->var_count++];
        (void)snprintf(v->name, sizeof(v->name), "%s", name);
    }
    free(v->value);
    v->value = strdup(value);
}

/* $A to $Z are device claims; they need no declaration. */
static const char *get_var(struct script *s, const char *name, char claim[40])
{
    for (size_t i = 0; i < s->var_count; i++) {
        if (strcmp(s->vars[i].name, name) == 0) {
            return s->vars[i].value;
        }
    }
    if (name[0] >= 'A' && name[0] <= 'Z' && name[1] == '\0') {
        (void)snprintf(claim, 40, "c1a1c1a1-0000-4000-8000-0000000000%02x", (unsigned)name[0]);
        return claim;
    }
    fail(s, "no variable %s", name);
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Replaces $name, and %{c*N} by N times c. */
static char *expand(struct script *s, const char *word, size_t len)
{
    char *out = calloc(1, WORD_MAX);
    size_t n = 0;

    for (size_t i = 0; i < len;) {
        if (word[i] == '$' && i + 1 < len && is_name_char(word[i + 1])) {
            char name[NAME_MAX_BYTES] = { 0 }, claim[40];
            size_t k = 0;

            for (i++; i < len && is_name_char(word[i]) && k + 1 < sizeof(name); i++) {
                name[k++] = word[i];
            }
            n += (size_t)snprintf(out + n, WORD_MAX - n, "%s", get_var(s, name, claim));
        } else if (word[i] == '%' && i + 3 < len && word[i + 1] == '{' && word[i + 3] == '*') {
            char *end = NULL;
            unsigned long count = strtoul(word + i + 4, &end, 10);

            if (*end != '}' || n + count >= WORD_MAX) {
                fail(s, "bad repetition");
            }
            memset(out + n, word[i + 2], count);
            n += count;
            i = (size_t)(end - word) + 1;
        } else {
            out[n++] = word[i++];
        }
    }
    return out;
}

/* name=$url, name=$body, name=$json.path: a part of the answer to store, not a variable to
   replace. */
static bool is_keep(const char *word)
{
    const char *part = strstr(word, "=$");

    return part != NULL && strncmp(word, "body", 4) != 0 &&
           (strcmp(part, "=$url") == 0 || strcmp(part, "=$body") == 0 ||
            strncmp(part, "=$json.", 7) == 0);
}

/* Words are separated by blanks; a pair of ' keeps blanks and is dropped. */
static void split(struct script *s, const char *line)
{
    char word[LINE_MAX_BYTES + 1];

    for (s->word_count = 0; *line != '\0';) {
        size_t n = 0;
        bool is_quoted = false;

        while (*line == ' ' || *line == '\t') {
            line++;
        }
        if (*line == '\0' || (*line == '#' && !is_quoted)) {
            return;
        }
        for (; *line != '\0' && (is_quoted || (*line != ' ' && *line != '\t')); line++) {
            if (*line == '\'') {
                is_quoted = !is_quoted;
            } else {
                word[n++] = *line;
            }
        }
        if (s->word_count == WORDS_MAX) {
            fail(s, "too many words");
        }
        word[n] = '\0';
        s->words[s->word_count++] = is_keep(word) ? strdup(word) : expand(s, word, n);
    }
}

static void drop_words(struct script *s)
{
    for (size_t i = 0; i < s->word_count; i++) {
        free(s->words[i]);
        s->words[i] = NULL;
    }
    s->word_count = 0;
}

/* The text behind prefix, or NULL. */
static const char *after(const char *word, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(word, prefix, len) == 0 ? word + len : NULL;
}

/* ---- expectations --------------------------------------------------------------------------- */

/* The text of member a.b of the body. *out is owned by the caller; NULL when there is none. */
static char *json_member(struct script *s, const struct world_slot *slot, const char *path)
{
    json_t *doc = json_loadb((const char *)slot->body.ptr, slot->body.len, 0, NULL);
    json_t *at = doc;
    char *copy = strdup(path), *rest = copy, *part = NULL, *text = NULL;

    if (doc == NULL) {
        fail(s, "the body is no JSON");
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

static void check_equal(struct script *s, const char *what, const char *got, const char *want)
{
    if (got == NULL) {
        fail(s, "%s is missing, expected %s", what, want);
    }
    if (strcmp(got, want) != 0) {
        fail(s, "%s is %s, expected %s", what, got, want);
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
        fail(s, "%s is %s, expected it to hold %s", name, got == NULL ? "missing" : got,
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
        fail(s, "%s is there: %s", path, got);
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

static void check_count(struct script *s, const char *what, size_t got, const char *want)
{
    if (got != strtoul(want, NULL, 10)) {
        fail(s, "%s is %zu, expected %s", what, got, want);
    }
}

/* name=$part: keeps a part of the answer for later lines. */
static void keep(struct script *s, struct world_slot *slot, const char *name, const char *part)
{
    static const char origin[] = "https://relay.example";
    const char *path = after(part, "json.");
    char *text = NULL;

    if (strcmp(part, "url") == 0) {
        text = json_member(s, slot, "urlLink");
        if (text == NULL || after(text, origin) == NULL) {
            fail(s, "urlLink is missing, or of another origin");
        }
        set_var(s, name, text + sizeof(origin) - 1);
    } else if (strcmp(part, "body") == 0) {
        set_var(s, name, body_text(slot));
    } else if (path != NULL) {
        text = json_member(s, slot, path);
        set_var(s, name, text == NULL ? "" : text);
    } else {
        fail(s, "cannot keep %s", part);
    }
    free(text);
}

static void check_word(struct script *s, struct world_slot *slot, const char *word)
{
    const char *rest = NULL;

    if ((rest = after(word, "!header.")) != NULL) {
        if (header_text(slot, rest) != NULL) {
            fail(s, "header %s is there", rest);
        }
    } else if ((rest = after(word, "header.")) != NULL) {
        check_header(s, slot, rest);
    } else if ((rest = after(word, "json.")) != NULL || (rest = after(word, "!json.")) != NULL) {
        check_json(s, slot, rest);
    } else if ((rest = after(word, "version=")) != NULL) {
        check_equal(s, "mailbox-version", header_text(slot, "mailbox-version"), rest);
    } else if ((rest = after(word, "problem=")) != NULL) {
        check_problem(s, slot, rest);
    } else if ((rest = after(word, "body=")) != NULL) {
        check_equal(s, "body", body_text(slot), rest);
    } else if ((rest = after(word, "body~")) != NULL) {
        if (strstr(body_text(slot), rest) == NULL) {
            fail(s, "the body does not hold %s: %s", rest, body_text(slot));
        }
    } else if ((rest = after(word, "body!~")) != NULL) {
        if (strstr(body_text(slot), rest) != NULL) {
            fail(s, "the body holds %s: %s", rest, body_text(slot));
        }
    } else if ((rest = after(word, "notified=")) != NULL) {
        check_count(s, "notified", s->world.notified_count - s->notified_before, rest);
    } else if ((rest = after(word, "queued=")) != NULL) {
        check_count(s, "queued", s->world.queued_count - s->queued_before, rest);
    } else if ((rest = after(word, "writes=")) != NULL) {
        check_count(s, "writes", fake_store_write_count(s->world.store) - s->writes_before, rest);
    } else if ((rest = after(word, "waits_ms=")) != NULL) {
        check_count(s, "wait_ms", (size_t)slot->wait_ms, rest);
    } else if ((rest = after(word, "close=")) != NULL) {
        check_count(s, "must_close", slot->must_close ? 1 : 0, rest);
    } else if ((rest = after(word, "head=")) != NULL) {
        check_count(s, "is_head", slot->is_head ? 1 : 0, rest);
    } else if ((rest = after(word, "call=")) != NULL) {
        if (slot->call != (int)strtol(rest, NULL, 10)) {
            fail(s, "call is %d, expected %s", slot->call, rest);
        }
    } else if (strchr(word, '=') != NULL && strchr(word, '=')[1] == '$') {
        char name[NAME_MAX_BYTES] = { 0 };

        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
        keep(s, slot, name, strchr(word, '=') + 2);
    } else {
        fail(s, "unknown expectation %s", word);
    }
}

/* Checks that apply to every answer. */
static void check_always(struct script *s, const struct world_slot *slot)
{
    if (slot->answer_count != 1) {
        fail(s, "answered %u times", slot->answer_count);
    }
    check_equal(s, "cache-control", header_text(slot, "cache-control"), "no-store");
    check_equal(s, "nosniff", header_text(slot, "x-content-type-options"), "nosniff");
    check_equal(s, "referrer-policy", header_text(slot, "referrer-policy"), "no-referrer");
    if (header_text(slot, "set-cookie") != NULL || header_text(slot, "server") != NULL) {
        fail(s, "a cookie or a server name");
    }
    if ((slot->status == 401) != (header_text(slot, "www-authenticate") != NULL)) {
        fail(s, "WWW-Authenticate belongs to 401");
    }
    if ((slot->status == 503) != (header_text(slot, "retry-after") != NULL)) {
        fail(s, "Retry-After belongs to 503");
    }
    if ((slot->body.len > 0) != (header_text(slot, "content-type") != NULL)) {
        fail(s, "Content-Type belongs to a body");
    }
}

/* words[from] is "->". */
static void check_answer(struct script *s, struct world_slot *slot, size_t from)
{
    if (from + 1 >= s->word_count) {
        fail(s, "-> needs a status");
    }
    if (strcmp(s->words[from + 1], "wait") == 0) {
        if (!slot->is_waiting) {
            fail(s, "answered %u, expected it to wait", slot->status);
        }
    } else if (strcmp(s->words[from + 1], "pending") == 0) {
        if (slot->answer_count != 0 || slot->is_waiting) {
            fail(s, "expected it to wait for the store");
        }
    } else {
        check_always(s, slot);
        if (slot->status != strtoul(s->words[from + 1], NULL, 10)) {
            fail(s, "%u, expected %s: %s", slot->status, s->words[from + 1], body_text(slot));
        }
    }
    for (size_t i = from + 2; i < s->word_count; i++) {
        check_word(s, slot, s->words[i]);
    }
}

/* ---- requests ------------------------------------------------------------------------------- */

struct request {
    struct tg_http_header headers[WORLD_HEADERS_MAX];
    size_t header_count;
    char *body;
    size_t body_len;
    const char *type;
    const char *name;
    bool is_oversize;
    char claim[40];
};

static void put_header(struct script *s, struct request *r, const char *name, size_t name_len,
                       const char *value)
{
    if (r->header_count == WORLD_HEADERS_MAX) {
        fail(s, "too many headers");
    }
    r->headers[r->header_count++] =
        (struct tg_http_header){ tg_bytes(name, name_len), tg_bytes_str(value) };
}

static void load_body(struct script *s, struct request *r, const char *name)
{
    char path[LINE_MAX_BYTES];
    FILE *file = NULL;

    (void)snprintf(path, sizeof(path), "%s/bodies/%s", s->folder, name);
    file = fopen(path, "rb");
    if (file == NULL) {
        fail(s, "cannot open %s", path);
    }
    r->body = calloc(1, WORD_MAX);
    r->body_len = fread(r->body, 1, WORD_MAX, file);
    (void)fclose(file);
}

static void take_request_word(struct script *s, struct request *r, const char *word)
{
    const char *rest = NULL;

    if ((rest = after(word, "claim=")) != NULL) {
        rest = rest[0] != '\0' && rest[1] == '\0' ? get_var(s, rest, r->claim) : rest;
        put_header(s, r, "mailbox-device-claim", 20, rest);
    } else if ((rest = after(word, "request=")) != NULL) {
        put_header(s, r, "mailbox-request-id", 18, rest);
    } else if ((rest = after(word, "header:")) != NULL) {
        size_t len = strcspn(rest, "=");

        put_header(s, r, rest, len, rest[len] == '=' ? rest + len + 1 : "");
    } else if ((rest = after(word, "body=@")) != NULL) {
        load_body(s, r, rest);
    } else if ((rest = after(word, "body=")) != NULL) {
        r->body = strdup(rest);
        r->body_len = strlen(rest);
    } else if ((rest = after(word, "type=")) != NULL) {
        r->type = rest;
    } else if ((rest = after(word, "as=")) != NULL) {
        r->name = rest;
    } else if (strcmp(word, "oversize") == 0) {
        r->is_oversize = true;
    } else {
        fail(s, "unknown part of a request: %s", word);
    }
}

static void remember_poll(struct script *s, const char *name, struct world_slot *slot)
{
    for (size_t i = 0; i < WORLD_SLOTS; i++) {
        if (s->polls[i] == NULL) {
            s->polls[i] = slot;
            (void)snprintf(s->poll_names[i], NAME_MAX_BYTES, "%s", name);
            return;
        }
    }
    fail(s, "too many polls");
}

static void run_request(struct script *s)
{
    struct request r = { .type = "application/json" };
    struct world_slot *slot = NULL;
    size_t i = 2;

    for (; i < s->word_count && strcmp(s->words[i], "->") != 0; i++) {
        take_request_word(s, &r, s->words[i]);
    }
    if (i == s->word_count) {
        fail(s, "a request needs ->");
    }
    if (r.body != NULL && strcmp(r.type, "-") != 0) {
        put_header(s, &r, "content-type", 12, r.type);
    }
    s->request_count++;
    s->notified_before = s->world.notified_count;
    s->queued_before = s->world.queued_count;
    s->writes_before = fake_store_write_count(s->world.store);
    slot =
        world_request(&s->world, &(struct tg_http_request){ .method = tg_bytes_str(s->words[0]),
                                                            .target = tg_bytes_str(s->words[1]),
                                                            .headers = r.headers,
                                                            .header_count = r.header_count,
                                                            .body = tg_bytes(r.body, r.body_len),
                                                            .is_body_too_large = r.is_oversize });
    free(r.body);
    check_answer(s, slot, i);
    if (r.name != NULL) {
        remember_poll(s, r.name, slot);
    } else {
        world_release(slot);
    }
}

/* ---- other lines ---------------------------------------------------------------------------- */

static int64_t time_of(struct script *s, const char *to)
{
    int64_t now_s = 0;

    if (tg_time3339_parse(&now_s, tg_bytes_str(to)) != TG_OK) {
        fail(s, "no such time");
    }
    return now_s;
}

/* clock TIME [LATER] sets one time, or two of which one is right; clock +SECONDS lets time pass. */
static void do_clock(struct script *s)
{
    if (s->words[1][0] == '+') {
        world_pass(&s->world, strtol(s->words[1] + 1, NULL, 10));
        return;
    }
    world_set_clock(&s->world, time_of(s, s->words[1]));
    if (s->word_count > 2) {
        s->world.now.high_s = time_of(s, s->words[2]);
        s->world.now.retry_s = 60;
    }
}

/* wall +SECONDS, wall -SECONDS: the wall clock is set, and no time passes. */
static void do_wall(struct script *s)
{
    world_leap(&s->world, strtol(s->words[1], NULL, 10));
}

/* restart: a new run begins with what the last one kept, on another boot of the machine. */
static void do_restart(struct script *s)
{
    world_restart(&s->world);
}

static struct world_slot *find_poll(struct script *s, const char *name, size_t *at)
{
    for (size_t i = 0; i < WORLD_SLOTS; i++) {
        if (s->polls[i] != NULL && strcmp(s->poll_names[i], name) == 0) {
            *at = i;
            return s->polls[i];
        }
    }
    fail(s, "no such poll: %s", name);
}

static void do_resume(struct script *s)
{
    static const char *const names[] = { [TG_RESUME_CHANGED] = "changed",
                                         [TG_RESUME_TIMEOUT] = "timeout",
                                         [TG_RESUME_DRAIN] = "drain" };
    size_t at = 0;
    struct world_slot *slot = find_poll(s, s->words[1], &at);

    if (slot->exchange == NULL) {
        fail(s, "%s does not wait any more", s->words[1]);
    }
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        if (strcmp(s->words[2], names[i]) == 0) {
            tg_exchange_resume(slot->exchange, s->world.now, (enum tg_resume)i);
            fake_store_pump(s->world.store);
            check_answer(s, slot, 3);
            return;
        }
    }
    fail(s, "resume with what?");
}

static void do_expect(struct script *s)
{
    size_t at = 0;

    check_answer(s, find_poll(s, s->words[1], &at), 2);
}

static void do_cancel(struct script *s)
{
    size_t at = 0;

    world_release(find_poll(s, s->words[1], &at));
    s->polls[at] = NULL;
}

static void do_store(struct script *s)
{
    struct tg_store *store = s->world.store;

    fake_store_fail_with(store, strcmp(s->words[1], "down") == 0   ? TG_E_STORE
                                : strcmp(s->words[1], "full") == 0 ? TG_E_FULL
                                                                   : TG_OK);
    fake_store_fail_spends_with(store, strcmp(s->words[1], "spent-full") == 0 ? TG_E_FULL : TG_OK);
    fake_store_hold(store, strcmp(s->words[1], "hold") == 0);
    fake_store_pump(store);
}

static void do_sweep(struct script *s)
{
    fake_store_sweep(s->world.store, s->world.now.low_s);
}

static void do_hooks(struct script *s)
{
    s->world.is_deaf = strcmp(s->words[1], "off") == 0;
}

/* key add: a new seal key; key drop: forget the oldest. */
static void do_key(struct script *s)
{
    struct tg_keyring *k = &s->world.keyring;

    if (strcmp(s->words[1], "add") == 0) {
        struct tg_seal_key *fresh = &k->seal_keys[k->seal_key_count];

        fresh->id = k->seal_keys[k->seal_key_count - 1].id + 1;
        fresh->key.len = TG_RELAY_KEY_LEN;
        memset(fresh->key.bytes, (int)fresh->id, TG_RELAY_KEY_LEN);
        k->seal_key_count++;
    } else {
        k->seal_key_count--;
        memmove(&k->seal_keys[0], &k->seal_keys[1], k->seal_key_count * sizeof(k->seal_keys[0]));
    }
}

static void do_inflight(struct script *s)
{
    check_count(s, "in flight", tg_relay_in_flight(s->world.relay), s->words[1]);
}

static void do_notified(struct script *s)
{
    check_count(s, "notified", s->world.notified_count - s->notified_before, s->words[1]);
}

/* push TYPE, or push off */
static void do_push(struct script *s)
{
    const char *type = strcmp(s->words[1], "off") == 0 ? "" : s->words[1];

    (void)snprintf(s->world.push_type, sizeof(s->world.push_type), "%s", type);
}

/* outbox TOKENS [retry SECONDS|block] */
static void do_outbox(struct script *s)
{
    const char *how = s->word_count > 2 ? s->words[2] : "done";
    bool is_retry = strcmp(how, "retry") == 0;
    int64_t due_s = s->world.now.low_s;

    if (is_retry && s->word_count == 4) {
        due_s += strtol(s->words[3], NULL, 10);
    }
    check_equal(s, "outbox",
                world_push(&s->world,
                           is_retry                    ? TG_OUTBOX_RETRY
                           : strcmp(how, "block") == 0 ? TG_OUTBOX_BLOCK
                                                       : TG_OUTBOX_DONE,
                           due_s),
                s->words[1]);
}

/* queued N: since the last request began. */
static void do_queued(struct script *s)
{
    check_count(s, "queued", s->world.queued_count - s->queued_before, s->words[1]);
}

/* cors ORIGIN, or cors off; https on, or https off. */
static void do_cors(struct script *s)
{
    set_var(s, "cors", s->words[1]);
    s->world.config.cors_origin =
        strcmp(s->words[1], "off") == 0 ? NULL : get_var(s, "cors", (char[40]){ 0 });
}

static void do_https(struct script *s)
{
    s->world.config.is_https = strcmp(s->words[1], "on") == 0;
}

/* ---- good standing -------------------------------------------------------------------------- */

static enum tg_standing_mode mode_of(struct script *s, const char *name)
{
    static const char *const names[] = { "off", "optional", "required", "report" };

    for (size_t i = 0; i < TG_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return (enum tg_standing_mode)i;
        }
    }
    fail(s, "no such mode: %s", name);
}

/* The store must accept the key; with a ! at the end it must know it as retired. */
static void set_first_key(struct script *s, const char *text)
{
    bool is_retired = text[strlen(text) - 1] == '!';
    enum tg_err err = standing_world_first_key(&s->standing, strtoll(text, NULL, 10));

    if (err != (is_retired ? TG_E_DENIED : TG_OK)) {
        fail(s, "first-key: the store answered %d", (int)err);
    }
}

/* standing attestation=MODE tokens=MODE context=none|request crash=on|off first-key=SECONDS[!] */
static void do_standing(struct script *s)
{
    struct tg_standing *standing = &s->standing.standing;

    for (size_t i = 1; i < s->word_count; i++) {
        const char *rest = NULL;

        if ((rest = after(s->words[i], "attestation=")) != NULL) {
            standing->attestation = mode_of(s, rest);
        } else if ((rest = after(s->words[i], "tokens=")) != NULL) {
            standing->private_tokens = mode_of(s, rest);
        } else if ((rest = after(s->words[i], "context=")) != NULL) {
            standing->is_token_bound = strcmp(rest, "request") == 0;
        } else if ((rest = after(s->words[i], "verifier=")) != NULL) {
            standing->has_verifier = strcmp(rest, "on") == 0;
        } else if ((rest = after(s->words[i], "user=")) != NULL) {
            standing->needs_user = strcmp(rest, "verified") == 0;
        } else if ((rest = after(s->words[i], "crash=")) != NULL) {
            s->standing.has_crash = strcmp(rest, "on") == 0;
        } else if ((rest = after(s->words[i], "first-key=")) != NULL) {
            set_first_key(s, rest);
        } else {
            fail(s, "unknown setting %s", s->words[i]);
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
    fail(s, "no such step: %s", name);
}

/* attest NAME STEP|nothing claim= request= body=: $NAME is an attestation of that request. */
static void do_attest(struct script *s)
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
    set_var(s, s->words[1], tg_buf_cstr(&text));
    tg_buf_deinit(&text);
    json_decref(doc);
    free(r.body);
}

/* token NAME LABEL KEY [claim= request= body=]: $NAME is a token, bound to that request if given.
 */
static void do_token(struct script *s)
{
    struct request r = { .type = "-" };
    json_t *doc = NULL;
    struct tg_attestation_cover cover = cover_of(s, 4, &r, &doc);
    struct tg_buf text;

    tg_buf_init(&text, WORD_MAX);
    standing_token(&text, s->words[2], (unsigned)strtoul(s->words[3], NULL, 10),
                   s->word_count > 4 ? &cover : NULL);
    set_var(s, s->words[1], tg_buf_cstr(&text));
    tg_buf_deinit(&text);
    json_decref(doc);
    free(r.body);
}

/* judged SCHEME STEP N, reported SCHEME STEP N, since the script began. */
static void do_judged(struct script *s)
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
    fail(s, "no such scheme or step");
}

/* verified N: attestations whose verification was begun. */
static void do_verified(struct script *s)
{
    check_count(s, "verified", s->standing.verified_count, s->words[1]);
}

static void run_line(struct script *s)
{
    static const struct {
        const char *name;
        size_t word_min;
        void (*run)(struct script *s);
    } lines[] = {
        { "clock", 2, do_clock },       { "resume", 5, do_resume },
        { "expect", 4, do_expect },     { "cancel", 2, do_cancel },
        { "store", 2, do_store },       { "sweep", 1, do_sweep },
        { "hooks", 2, do_hooks },       { "key", 2, do_key },
        { "inflight", 2, do_inflight }, { "notified", 2, do_notified },
        { "cors", 2, do_cors },         { "https", 2, do_https },
        { "standing", 2, do_standing }, { "attest", 3, do_attest },
        { "token", 4, do_token },       { "judged", 4, do_judged },
        { "reported", 4, do_judged },   { "verified", 2, do_verified },
        { "push", 2, do_push },         { "outbox", 2, do_outbox },
        { "queued", 2, do_queued },     { "wall", 2, do_wall },
        { "restart", 1, do_restart },
    };

    for (size_t i = 0; i < TG_COUNT(lines); i++) {
        if (strcmp(s->words[0], lines[i].name) == 0) {
            if (s->word_count < lines[i].word_min) {
                fail(s, "%s needs more words", lines[i].name);
            }
            lines[i].run(s);
            return;
        }
    }
    if (s->word_count < 2) {
        fail(s, "unknown line");
    }
    run_request(s);
}

/* ---- scripts -------------------------------------------------------------------------------- */

/* A line that ends with a backslash continues on the next line. */
static bool read_line(struct script *s, FILE *file, char *line)
{
    size_t len = 0;

    line[0] = '\0';
    while (fgets(line + len, (int)(LINE_MAX_BYTES - len), file) != NULL) {
        s->line_no++;
        len = strcspn(line, "\n");
        line[len] = '\0';
        if (len == 0 || line[len - 1] != '\\') {
            return true;
        }
        line[--len] = '\0';
    }
    return len > 0;
}

static bool run_script(const char *folder, const char *path)
{
    static struct script s;
    static char line[LINE_MAX_BYTES];
    FILE *file = fopen(path, "rb");
    volatile bool is_good = false;

    memset(&s, 0, sizeof(s));
    s.folder = folder;
    s.file = path;
    if (file == NULL) {
        perror(path);
        return false;
    }
    world_init(&s.world);
    standing_world_init(&s.standing, &s.world);
    if (setjmp(s.failed) == 0) {
        while (read_line(&s, file, line)) {
            split(&s, line);
            if (s.word_count > 0) {
                run_line(&s);
            }
            drop_words(&s);
        }
        if (s.request_count == 0) {
            fail(&s, "a script without requests proves nothing");
        }
        is_good = true;
    }
    (void)fclose(file);
    drop_words(&s);
    standing_world_deinit(&s.standing);
    world_deinit(&s.world);
    for (size_t i = 0; i < s.var_count; i++) {
        free(s.vars[i].value);
    }
    printf("%s %s\n", is_good ? "ok    " : "FAILED", path);
    return is_good;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
    const char *folder = SCENARIO_FOLDER;
    char *paths[FILES_MAX];
    size_t count = 0, bad_count = 0;
    DIR *dir = opendir(folder);
    struct dirent *entry = NULL;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        size_t len = strlen(entry->d_name);

        if (len > 4 && strcmp(entry->d_name + len - 4, ".scn") == 0 && count < FILES_MAX &&
            (argc < 2 || strstr(entry->d_name, argv[1]) != NULL)) {
            if (asprintf(&paths[count], "%s/%s", folder, entry->d_name) > 0) {
                count++;
            }
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    qsort(paths, count, sizeof(paths[0]), by_name);
    for (size_t i = 0; i < count; i++) {
        bad_count += run_script(folder, paths[i]) ? 0 : 1;
        free(paths[i]);
    }
    printf("%zu scripts, %zu failed\n", count, bad_count);
    return count > 0 && bad_count == 0 ? 0 : 1;
}
