/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PIN by PAKE between two sessions, without a relay: the input selects right and wrong PINs,
 * and members that somebody with the keys puts in place of the honest ones. No such member proves
 * anything, shows anything or counts a try too many; the honest transfer goes on beside it and ends
 * as the PINs say.
 */
#include "base/mem.h"
#include "base/reader.h"
#include "client/pake.h"
#include "client/session.h"
#include "wire/pake.h"

#include <stdlib.h>
#include <string.h>

#define ROOM 65536u
#define MEMBER_MAX 400u
#define MESSAGE "{\"format\":\"x\",\"content\":{\"k\":1}}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static int counting_random(void *ctx, unsigned char *out, size_t len)
{
    uint32_t *state = ctx;

    for (size_t i = 0; i < len; i++) {
        *state = *state * 1664525u + 1013904223u;
        out[i] = (unsigned char)(*state >> 24);
    }
    return 0;
}

static void set_pin(struct tigress_session *s, const char *pin)
{
    must(tg_secret_set(&s->pake.pin, tg_bytes_str(pin)) == TG_OK);
}

/* What a session makes of a sealed text; the session does not change. */
static enum tg_err receive(struct tg_chain *next, const struct tigress_session *to,
                           struct tg_bytes data)
{
    const struct tg_payload payload = { .type = TG_LIT("AEAD_AES_128_GCM"), .data = data };
    enum tg_chain_key key = TG_CHAIN_KEY_CURRENT;
    struct tg_fault fault = { "" };
    struct tg_buf plain;
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&plain, ROOM);
    tg_buf_init(&text, ROOM);
    err = tg_chain_open(to, &plain, &key, &payload, &fault);
    while (err == TG_OK && plain.len > 0 && plain.ptr[plain.len - 1] == ' ') {
        tg_buf_truncate(&plain, plain.len - 1);
    }
    if (err == TG_OK) {
        err = tg_chain_receive(next, to, &text, tg_buf_view(&plain), key, &payload, &fault);
    }
    must(err != TG_E_BUG);
    tg_buf_deinit(&text);
    tg_buf_deinit(&plain);
    return err;
}

/* A member of the input in place of an honest one, under the keys that both have now. */
static void attack(struct tigress_session *from, const struct tigress_session *to,
                   struct tg_reader *in)
{
    struct tg_envelope2_place place = { .mailbox = to->url.mailbox, .seq = to->chain.seq + 1 };
    struct tg_bytes member = tg_reader_bytes(in, tg_reader_u8(in) * 2u % MEMBER_MAX);
    bool is_to_alice = to->role == TIGRESS_INITIATOR;
    struct tg_chain next;
    struct tg_buf text;
    struct tg_buf box;

    tg_chain_reset(&next, TG_CHAIN_V1);
    tg_buf_init(&text, ROOM);
    tg_buf_init(&box, ROOM);
    place.sender = is_to_alice ? TG_ENVELOPE2_RECIPIENT : TG_ENVELOPE2_INITIATOR;
    memcpy(place.transcript, to->chain.transcript, sizeof(place.transcript));
    tg_buf_append_str(&text, "{\"format\":\"tigress.v2\",\"content\":{},\"tigressV2\":");
    tg_buf_append(&text, member);
    tg_buf_append_str(&text, "}");
    must(tg_envelope2_seal(
             &box, is_to_alice ? &to->chain.keys.to_initiator : &to->chain.keys.to_recipient,
             &place, tg_buf_view(&text), &from->rng) == TG_OK);
    if (receive(&next, to, tg_buf_view(&box)) == TG_OK && next.sas.stage != TG_SAS_WRONG) {
        must(to->chain.pake.stage == TG_PAKE_PROVED ||
             (next.pake.stage != TG_PAKE_VERIFIED && next.pake.stage != TG_PAKE_PROVED));
        must(next.pake.tries == to->chain.pake.tries);
    }
    tg_chain_reset(&next, TG_CHAIN_V1);
    tg_buf_deinit(&box);
    tg_buf_deinit(&text);
}

/* from seals, and to receives, after as many attacks as the input has. */
static void pass(struct tigress_session *from, struct tigress_session *to, const char *text,
                 struct tg_reader *in)
{
    struct tg_chain next;
    struct tg_buf box;

    tg_buf_init(&box, ROOM);
    must(tg_chain_seal(&next, from, &box, tg_bytes_str(text)) == TG_OK);
    tg_chain_commit(from, &next);
    for (unsigned i = 0; i < 2 && to->chain.stage == TG_CHAIN_V2 && tg_reader_u8(in) % 2 == 1;
         i++) {
        attack(from, to, in);
    }
    must(receive(&next, to, tg_buf_view(&box)) == TG_OK);
    tg_chain_commit(to, &next);
    tg_chain_reset(&next, TG_CHAIN_V1);
    tg_buf_deinit(&box);
}

/* The tries of one transfer. Was one right? */
static bool try_pins(struct tigress_session *alice, struct tigress_session *bob,
                     struct tg_reader *in)
{
    for (unsigned n = 1; n <= TG_PAKE_TRIES_MAX; n++) {
        bool is_right = tg_reader_u8(in) % 3 == 0;

        must(alice->chain.pake.stage == TG_PAKE_AGREED);
        pass(alice, bob, TG_ENVELOPE2_BARE, in);
        must(bob->chain.pake.stage == TG_PAKE_ASKED);
        set_pin(bob, is_right ? "604183" : "604138");
        pass(bob, alice, TG_ENVELOPE2_BARE, in);
        must(bob->pake.pin.len == 0 && bob->chain.pake.tries == n && alice->chain.pake.tries == n);
        if (is_right) {
            must(alice->chain.pake.stage == TG_PAKE_VERIFIED && alice->pake.pin.len == 0);
            return true;
        }
    }
    must(alice->chain.pake.stage == TG_PAKE_DEAD && alice->pake.pin.len == 0);
    return false;
}

static struct tigress_session *start(enum tigress_role role, uint32_t *random)
{
    struct tigress_session *s = NULL;

    must(tg_session_new(&s, role) == TG_OK);
    must(tigress_session_set_random(s, counting_random, random) == TIGRESS_OK);
    s->url.secret = (struct tg_secret){ .bytes = { 1, 2, 3 }, .len = 16 };
    s->v2.is_required = true;
    s->chain.is_bare = role == TIGRESS_INITIATOR;
    s->pake.use = TIGRESS_PAKE_REQUIRED;
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tg_reader in = tg_reader_init(tg_bytes(data, len));
    uint32_t random = tg_reader_u32(&in);
    struct tigress_session *alice = start(TIGRESS_INITIATOR, &random);
    struct tigress_session *bob = start(TIGRESS_RECIPIENT, &random);

    set_pin(alice, "604183");
    pass(alice, bob, TG_ENVELOPE2_BARE, &in);
    pass(bob, alice, TG_ENVELOPE2_BARE, &in);
    if (try_pins(alice, bob, &in)) {
        pass(alice, bob, MESSAGE, &in);
        must(alice->chain.pake.stage == TG_PAKE_PROVED && bob->chain.pake.stage == TG_PAKE_PROVED);
        pass(bob, alice, MESSAGE, &in);
        pass(alice, bob, MESSAGE, &in);
        must(alice->chain.pake.other.to_recipient.len == 0);
    }
    tigress_session_free(&alice);
    tigress_session_free(&bob);
    return 0;
}
