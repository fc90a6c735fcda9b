/* SPDX-License-Identifier: Apache-2.0 */
/* The heaps of networks against a count of all of them. */
#include "support/c/unit.h"

#include "server/ledger/burdens.h"

#define PAYERS 24u
#define TIERS 2u
#define STEPS 3000u

struct model {
    struct tg_burdens b;
    struct tg_payer payers[PAYERS];
    size_t places[PAYERS][TG_WORTH_COUNT]; /* of the payer itself, in each of its tiers */
    uint32_t random;
};

static uint32_t any_of(struct model *m, uint32_t count)
{
    m->random = m->random * 1664525u + 1013904223u;
    return (m->random >> 8) % count;
}

/* The networks of tier 1 have four of tier 0 each. */
static void payers_init(struct model *m)
{
    for (uint16_t i = 0; i < PAYERS; i++) {
        m->payers[i] = (struct tg_payer){ .kind = TG_PAYER_NETWORK, .family = TG_NETWORK_IPV4 };
        m->payers[i].held[0] = (struct tg_spot){ { i, 1 } };
        m->payers[i].held[1] = (struct tg_spot){ { (uint16_t)(i / 4), 2 } };
    }
}

static bool is_in_group(size_t payer, size_t of, size_t tier)
{
    return tier == 0 ? payer == of : payer / 4 == of / 4;
}

/* Places of one worth, or with TG_WORTH_COUNT of all, in the payer's network. */
static size_t places_of(const struct model *m, size_t payer, size_t tier, size_t worth)
{
    size_t sum = 0;

    for (size_t i = 0; i < PAYERS; i++) {
        for (size_t w = 0; is_in_group(i, payer, tier) && w < TG_WORTH_COUNT; w++) {
            sum += worth == TG_WORTH_COUNT || w == worth ? m->places[i][w] : 0;
        }
    }
    return sum;
}

/* One place is worth 4 in an address, 1 in a /24. */
static size_t burden_of(const struct model *m, size_t payer, size_t tier)
{
    return places_of(m, payer, tier, TG_WORTH_COUNT) * (tier == 0 ? 4 : 1);
}

static void assert_is_model(const struct model *m)
{
    size_t group_count = 0;
    size_t widest_count = 0;

    for (size_t worth = 0; worth < TG_WORTH_COUNT; worth++) {
        const struct tg_holder_group *top = tg_burdens_top(&m->b, (enum tg_worth)worth);
        size_t largest = 0;

        for (size_t i = 0; i < PAYERS; i++) {
            for (size_t tier = 0; tier < TIERS; tier++) {
                size_t burden = places_of(m, i, tier, worth) > 0 ? burden_of(m, i, tier) : 0;

                largest = burden > largest ? burden : largest;
            }
        }
        assert_int_equal(top == NULL ? 0 : tg_burdens_of(top), largest);
    }
    for (size_t i = 0; i < PAYERS; i++) {
        group_count += burden_of(m, i, 0) > 0 ? 1 : 0;
        widest_count += i % 4 == 0 && burden_of(m, i, 1) > 0 ? 1 : 0;
    }
    assert_int_equal(m->b.group_count, group_count + widest_count);
    assert_int_equal(m->b.widest_count, widest_count);
}

static void join(struct model *m, size_t payer, enum tg_worth worth)
{
    for (size_t tier = 0; tier < TIERS; tier++) {
        assert_non_null(tg_burdens_join(&m->b, &m->payers[payer], tier, worth));
    }
    m->places[payer][worth]++;
}

static void part(struct model *m, size_t payer, enum tg_worth worth)
{
    for (size_t tier = 0; tier < TIERS; tier++) {
        tg_burdens_part(&m->b, tg_burdens_find(&m->b, &m->payers[payer], tier), worth);
    }
    m->places[payer][worth]--;
}

static void move(struct model *m, size_t payer, enum tg_worth from, enum tg_worth to)
{
    for (size_t tier = 0; tier < TIERS; tier++) {
        tg_burdens_move(&m->b, tg_burdens_find(&m->b, &m->payers[payer], tier), from, to);
    }
    m->places[payer][from]--;
    m->places[payer][to]++;
}

static void any_order_of_steps__the_top_is_the_largest_burden(void **state)
{
    static struct model m;

    (void)state;
    m = (struct model){ .random = 7 };
    payers_init(&m);
    assert_int_equal(tg_burdens_init(&m.b), TG_OK);
    for (size_t step = 0; step < STEPS; step++) {
        size_t payer = any_of(&m, PAYERS);
        enum tg_worth from = (enum tg_worth)any_of(&m, TG_WORTH_COUNT);
        enum tg_worth to = (enum tg_worth)any_of(&m, TG_WORTH_COUNT);
        uint32_t what = any_of(&m, 16);

        if (m.places[payer][from] == 0 || what < 6) {
            join(&m, payer, from);
        } else if (what < 13) {
            part(&m, payer, from);
        } else if (from != to) {
            move(&m, payer, from, to);
        }
        assert_is_model(&m);
    }
    for (size_t i = 0; i < PAYERS; i++) {
        for (size_t worth = 0; worth < TG_WORTH_COUNT; worth++) {
            while (m.places[i][worth] > 0) {
                part(&m, i, (enum tg_worth)worth);
            }
        }
    }
    assert_is_model(&m);
    tg_burdens_deinit(&m.b);
}

/* The largest of its tiers, whether it has places or not. */
static void one_more__burden_of_the_heaviest_tier(void **state)
{
    static struct model m;

    (void)state;
    m = (struct model){ .random = 7 };
    payers_init(&m);
    assert_int_equal(tg_burdens_init(&m.b), TG_OK);
    assert_int_equal(tg_burdens_with_one_more(&m.b, &m.payers[0]), 4);
    for (size_t i = 0; i < 3; i++) {
        join(&m, 0, TG_WORTH_NONE);
        join(&m, 1, TG_WORTH_NONE);
    }
    assert_int_equal(tg_burdens_with_one_more(&m.b, &m.payers[0]), 16);
    assert_int_equal(tg_burdens_with_one_more(&m.b, &m.payers[2]), 7); /* of the /24 */
    assert_int_equal(tg_burdens_with_one_more(&m.b, &m.payers[4]), 4);
    for (size_t i = 0; i < 3; i++) {
        part(&m, 0, TG_WORTH_NONE);
        part(&m, 1, TG_WORTH_NONE);
    }
    tg_burdens_deinit(&m.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_of_steps__the_top_is_the_largest_burden),
        cmocka_unit_test(one_more__burden_of_the_heaviest_tier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
