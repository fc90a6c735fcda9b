/* SPDX-License-Identifier: Apache-2.0 */
#include "box_fixture.h"

#include <stdlib.h>
#include <string.h>

struct tg_claim_hash claim(char who)
{
    struct tg_claim_hash hash;

    memset(hash.bytes, who, sizeof(hash.bytes));
    return hash;
}

static struct tg_request_hash request(unsigned n)
{
    struct tg_request_hash hash = { { 0 } };

    hash.bytes[0] = (uint8_t)(n >> 8);
    hash.bytes[1] = (uint8_t)n;
    return hash;
}

void prepare(struct fixture *f, enum tg_mailbox_call call, char who, unsigned request_no)
{
    f->cmd = (struct tg_mailbox_command){ .call = call,
                                          .claim_presence = who == 0 ? TG_ABSENT : TG_PRESENT,
                                          .claim = claim(who),
                                          .claim_fault = &f->claim_fault,
                                          .has_request_id = request_no != 0,
                                          .request_id = request(request_no),
                                          .fault = &f->fault,
                                          .create = &f->create,
                                          .update = &f->update,
                                          .may_bind = true,
                                          .expiration_default_s = DEFAULT_S,
                                          .expiration_max_s = MAX_S };
}

unsigned run(struct fixture *f)
{
    f->before = f->box;
    tg_mailbox_apply(&f->box, f->exists, &f->cmd, f->now, &f->result);
    if (f->result.effects & TG_EFFECT_STORE) {
        f->exists = true;
    }
    return f->result.status;
}

unsigned call(struct fixture *f, enum tg_mailbox_call what, char who, unsigned request_no)
{
    prepare(f, what, who, request_no);
    return run(f);
}

void assert_unchanged(const struct fixture *f)
{
    assert_int_equal(f->result.effects, TG_EFFECT_NONE);
    assert_memory_equal(&f->box, &f->before, sizeof(f->box));
}

bool is_bound_to(const struct tg_mailbox_side *side, char who)
{
    struct tg_claim_hash hash = claim(who);

    return side->is_bound && memcmp(&side->claim, &hash, sizeof(hash)) == 0;
}

struct fixture *fixture_new(unsigned rights)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->now = tg_moment_sure(NOW_S);
    f->create = (struct tg_msg_create){
        .payload = { TG_LIT("type"), TG_LIT("data") },
        .display = { TG_LIT("title"), TG_LIT("description"), TG_LIT("image") },
        .token = { .is_present = true, .type = TG_LIT("apns"), .token_data = TG_LIT("token a") },
        .has_rights = true,
        .rights = rights,
        .has_expiration = true,
        .expiration_s = NOW_S + 3600,
    };
    f->update = (struct tg_msg_update){ .payload = { TG_LIT("type 2"), TG_LIT("data 2") } };
    return f;
}

int setup_fresh(void **state)
{
    struct fixture *f = fixture_new(TG_RIGHT_READ | TG_RIGHT_WRITE | TG_RIGHT_DELETE);

    assert_int_equal(call(f, TG_CALL_CREATE, 'A', 1), 200);
    *state = f;
    return 0;
}

int setup_bound(void **state)
{
    (void)setup_fresh(state);
    assert_int_equal(call(*state, TG_CALL_READ, 'B', 0), 200);
    return 0;
}

int teardown(void **state)
{
    free(*state);
    return 0;
}
