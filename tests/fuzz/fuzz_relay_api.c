/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The input selects requests, clock jumps, store failures, wake-ups and cancellations. In every
 * case each request is answered once, with a status of the protocol, and no second recipient gets
 * the content.
 */
#include "base/reader.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 64u
#define TARGET_MAX 256u
#define HEADERS_MAX 8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const methods[] = { "POST",   "GET",   "HEAD",    "PUT",
                                       "DELETE", "PATCH", "OPTIONS", "TRACE" };
static const char *const claims[] = { "c1a1c1a1-0000-4000-8000-00000000000a",
                                      "C1A1c1a1-0000-4000-8000-00000000000B",
                                      "c1a1c1a1-0000-4000-8000-00000000000c", "no claim" };
static const char *const bodies[] = {
    "",
    "{}",
    "{\"payload\":{\"type\":\"t\",\"data\":\"d\"}}",
    "{\"payload\":{\"type\":\"t\",\"data\":\"d\"},\"displayInformation\":{\"title\":\"<T>\","
    "\"description\":\"D\",\"imageURL\":\"https://i\"},\"mailboxConfiguration\":{\"accessRights\":"
    "\"RWD\",\"expiration\":\"2030-01-02T00:00:00Z\"}}",
    "{\"payload\":{\"type\":\"t\",\"data\":\"d\"},\"displayInformation\":{\"title\":\"T\","
    "\"description\":\"D\",\"imageURL\":\"\"},\"notificationToken\":{\"type\":\"a\","
    "\"tokenData\":\"b\"}}",
    "{\"notificationToken\":{\"type\":\"a\",\"tokenData\":\"c\"}}",
};
static const struct {
    const char *name, *value;
} extras[] = {
    { "Prefer", "wait=5" },
    { "Mailbox-Known-Version", "1" },
    { "Mailbox-Known-Version", "2" },
    { "If-Match", "\"1\"" },
    { "If-Match", "\"2\"" },
    { "deviceClaim", "c1a1c1a1-0000-4000-8000-00000000000a" },
    { "Accept", "application/json" },
    { "Accept-Language", "de, en" },
    { "Mailbox-Secret-Proof", "verifier=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
    { "Mailbox-Secret-Proof", "proof=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
    { "Mailbox-Known-Recipient", "none" },
    { "Mailbox-End-Note", "AAEC" },
    { "Mailbox-End-Note", "AAED" },
};

struct drive {
    struct tg_reader r;
    struct world world;
    char target[TARGET_MAX]; /* the mailbox created last */
    unsigned initiator;      /* its initiator */
    int recipient;           /* the claim that got its content, or -1 */
};

static struct tg_http_header header(const char *name, const char *value)
{
    return (struct tg_http_header){ tg_bytes_str(name), tg_bytes_str(value) };
}

static void check_status(const struct world_slot *slot)
{
    static const unsigned statuses[] = { 200, 201, 204, 400, 401, 404, 405, 412, 413, 415, 503 };
    bool is_known = slot->answer_count == 0;

    for (size_t i = 0; i < TG_COUNT(statuses); i++) {
        is_known = is_known || slot->status == statuses[i];
    }
    if (!is_known || slot->answer_count > 1) {
        abort();
    }
}

/* The most important rule. */
static void check_binding(struct drive *d, const struct world_slot *slot, const char *method,
                          unsigned who)
{
    if (slot->answer_count == 0 || who >= 3) {
        return;
    }
    if (slot->call == TG_CALL_CREATE && slot->status == 200) {
        const char *url = strstr((const char *)slot->body.ptr, "/v1/m/");

        if (url == NULL) {
            abort();
        }
        (void)snprintf(d->target, sizeof(d->target), "%.42s", url);
        d->initiator = who;
        d->recipient = -1;
    } else if (slot->call == TG_CALL_RELINQUISH && slot->status == 200) {
        d->recipient = -1;
    } else if (slot->call == TG_CALL_READ && slot->status == 200 && who != d->initiator) {
        if (d->recipient >= 0 && d->recipient != (int)who) {
            (void)fprintf(stderr, "%s: a second recipient\n", method);
            abort();
        }
        d->recipient = (int)who;
    }
}

static void run_request(struct drive *d, uint8_t choice)
{
    const char *method = methods[choice % TG_COUNT(methods)];
    uint8_t path = tg_reader_u8(&d->r), extra = tg_reader_u8(&d->r), body = tg_reader_u8(&d->r);
    unsigned who = tg_reader_u8(&d->r) % 5, header_count = 0;
    char request_id[8], target[TARGET_MAX];
    struct tg_http_header headers[HEADERS_MAX];
    struct tg_http_request request = { .method = tg_bytes_str(method),
                                       .headers = headers,
                                       .is_body_too_large = body == 0xff };
    struct world_slot *slot = NULL;
    bool is_own = path % 4 == 1;

    (void)snprintf(request_id, sizeof(request_id), "r%u", path >> 4);
    (void)snprintf(target, sizeof(target), "%s", is_own ? d->target : "/v1/m");
    request.target = tg_bytes_str(target);
    if (path % 4 == 3) {
        request.target = tg_reader_bytes(&d->r, tg_reader_u8(&d->r) % 64);
    }
    request.body = body < 0x80 ? tg_bytes_str(bodies[body % TG_COUNT(bodies)])
                               : tg_reader_bytes(&d->r, tg_reader_u8(&d->r));
    if (who < 4) {
        headers[header_count++] = header("mailbox-device-claim", claims[who]);
    }
    if ((path & 8) == 0) {
        headers[header_count++] = header("mailbox-request-id", request_id);
    }
    if ((extra & 0x40) == 0) {
        headers[header_count++] = header("content-type", "application/json");
    }
    for (unsigned i = 0; i < 2 && (extra & 0x80) != 0; i++) {
        size_t n = (extra + i) % TG_COUNT(extras);

        headers[header_count++] = header(extras[n].name, extras[n].value);
    }
    request.header_count = header_count;
    slot = world_request(&d->world, &request);
    check_status(slot);
    /* An alias instead of the claim would be another caller. */
    if ((extra & 0x80) == 0 && (is_own || path % 4 != 3)) {
        check_binding(d, slot, method, who);
    } else if (slot->answer_count > 0 && slot->status == 200) {
        d->target[0] = '\0';
        d->recipient = -1;
    }
    if (slot->answer_count > 0 || (extra & 1) != 0) {
        world_release(slot);
    }
}

static void wake_one(struct drive *d, uint8_t choice)
{
    struct world_slot *slot = &d->world.slots[choice % WORLD_SLOTS];

    if (slot->is_used && slot->is_waiting && slot->exchange != NULL) {
        tg_exchange_resume(slot->exchange, d->world.now, (enum tg_resume)(choice / 32 % 3));
        fake_store_pump(d->world.store);
        check_status(slot);
    }
}

/* Every outbox entry opens: world_push() checks that. */
static void push(struct drive *d, uint8_t how)
{
    fake_store_hold(d->world.store, false);
    (void)world_push(&d->world, (enum tg_outbox_verdict)(how % 3), d->world.now.low_s + how);
}

static void change_world(struct drive *d, uint8_t choice)
{
    uint8_t how = tg_reader_u8(&d->r);

    switch (choice % 4) {
    case 0:
        /* At times the clocks disagree. */
        d->world.now.low_s += how * 1000;
        d->world.now.high_s = d->world.now.low_s + (how % 3 == 0 ? how * 5000 : 0);
        break;
    case 1:
        fake_store_fail_with(d->world.store, how % 4 == 0 ? TG_E_STORE : TG_OK);
        fake_store_hold(d->world.store, how % 8 == 1);
        break;
    case 2:
        wake_one(d, how);
        break;
    default:
        fake_store_sweep(d->world.store, d->world.now.low_s);
        push(d, how);
        break;
    }
}

static bool has_free_slots(const struct drive *d)
{
    size_t used = 0;

    for (size_t i = 0; i < WORLD_SLOTS; i++) {
        used += d->world.slots[i].is_used ? 1 : 0;
    }
    return used + 1 < WORLD_SLOTS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct drive d;

    d.r = tg_reader_init(tg_bytes(data, len));
    d.target[0] = '\0';
    d.initiator = 0;
    d.recipient = -1;
    world_init(&d.world);
    (void)snprintf(d.world.push_type, sizeof(d.world.push_type), "a");
    for (unsigned i = 0; i < STEPS_MAX && d.r.rest.len > 0 && has_free_slots(&d); i++) {
        uint8_t choice = tg_reader_u8(&d.r);

        if (choice < 0xc0) {
            run_request(&d, choice);
        } else {
            change_world(&d, choice);
        }
    }
    world_deinit(&d.world);
    return 0;
}
