/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a script. */
#include "script.h"

#include "base/time3339.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- requests ------------------------------------------------------------------------------- */

static void put_header(struct script *s, struct request *r, const char *name, size_t name_len,
                       const char *value)
{
    if (r->header_count == WORLD_HEADERS_MAX) {
        script_fail(s, "too many headers");
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
        script_fail(s, "cannot open %s", path);
    }
    r->body = calloc(1, WORD_MAX);
    r->body_len = fread(r->body, 1, WORD_MAX, file);
    (void)fclose(file);
}

void take_request_word(struct script *s, struct request *r, const char *word)
{
    const char *rest = NULL;

    if ((rest = word_after(word, "claim=")) != NULL) {
        rest = rest[0] != '\0' && rest[1] == '\0' ? script_get(s, rest, r->claim) : rest;
        put_header(s, r, "mailbox-device-claim", 20, rest);
    } else if ((rest = word_after(word, "request=")) != NULL) {
        put_header(s, r, "mailbox-request-id", 18, rest);
    } else if ((rest = word_after(word, "header:")) != NULL) {
        size_t len = strcspn(rest, "=");

        put_header(s, r, rest, len, rest[len] == '=' ? rest + len + 1 : "");
    } else if ((rest = word_after(word, "body=@")) != NULL) {
        load_body(s, r, rest);
    } else if ((rest = word_after(word, "body=")) != NULL) {
        r->body = strdup(rest);
        r->body_len = strlen(rest);
    } else if ((rest = word_after(word, "type=")) != NULL) {
        r->type = rest;
    } else if ((rest = word_after(word, "as=")) != NULL) {
        r->name = rest;
    } else if (strcmp(word, "oversize") == 0) {
        r->is_oversize = true;
    } else {
        script_fail(s, "unknown part of a request: %s", word);
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
    script_fail(s, "too many polls");
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
        script_fail(s, "a request needs ->");
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
        script_fail(s, "no such time");
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
    script_fail(s, "no such poll: %s", name);
}

static void do_resume(struct script *s)
{
    static const char *const names[] = { [TG_RESUME_CHANGED] = "changed",
                                         [TG_RESUME_TIMEOUT] = "timeout",
                                         [TG_RESUME_DRAIN] = "drain" };
    size_t at = 0;
    struct world_slot *slot = find_poll(s, s->words[1], &at);

    if (slot->exchange == NULL) {
        script_fail(s, "%s does not wait any more", s->words[1]);
    }
    for (size_t i = 0; i < TG_COUNT(names); i++) {
        if (strcmp(s->words[2], names[i]) == 0) {
            tg_exchange_resume(slot->exchange, s->world.now, (enum tg_resume)i);
            fake_store_pump(s->world.store);
            check_answer(s, slot, 3);
            return;
        }
    }
    script_fail(s, "resume with what?");
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
    script_set(s, "cors", s->words[1]);
    s->world.config.cors_origin =
        strcmp(s->words[1], "off") == 0 ? NULL : script_get(s, "cors", (char[40]){ 0 });
}

static void do_https(struct script *s)
{
    s->world.config.is_https = strcmp(s->words[1], "on") == 0;
}

/* ---- all lines ------------------------------------------------------------------------------ */

void script_run_line(struct script *s)
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
                script_fail(s, "%s needs more words", lines[i].name);
            }
            lines[i].run(s);
            return;
        }
    }
    if (s->word_count < 2) {
        script_fail(s, "unknown line");
    }
    run_request(s);
}
