/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ledger/ledger.h"

#include "base/mem.h"

#define NS_PER_MS 1000000
#define NS_PER_S 1000000000
#define NS_PER_DAY (86400 * (int64_t)NS_PER_S)
#define REFUSED_RETRY_S 1u
#define COUNT_MAX 1000000
#define SPARE_PARTS 2 /* this part of a bucket is left to what is not spared */

/* The price of work in units of 10 us of one core, as measured with docs/decisions/0014. */
#define UNITS_PER_REQUEST 3 /* head and rest */
static const uint32_t prices[TG_WORK_COUNT] = {
    [TG_WORK_CONNECTION] = 2, [TG_WORK_HANDSHAKE] = 43, [TG_WORK_HEAD] = 2,
    [TG_WORK_REQUEST] = 1,    [TG_WORK_CHANGE] = 15,    [TG_WORK_CREATE] = 17,
    [TG_WORK_PROOF] = 200,    [TG_WORK_KIB] = 1,        [TG_WORK_FRAMES] = 1,
};

/* What a spot is for; a part of the hash. */
enum purpose { PURPOSE_HELD = 1, PURPOSE_WORK, PURPOSE_STORED };

struct tg_ledger {
    uint8_t key[TG_CELLS_KEY_LEN];
    int64_t unit_ns; /* in which the bucket of tier 0 leaks one unit; 0: no limit */
    int64_t full_ns; /* of every bucket of work */
    struct tg_holders *holders[TG_PLACE_COUNT];
    struct tg_counts memory_of;
    struct tg_buckets work;
    /* A full bucket of stored bytes leaks in a day. */
    double mailbox_ns; /* what one mailbox adds in tier 0; 0: no limit */
    int64_t mailbox_s;
    struct tg_buckets stored;
};

enum tg_err tg_ledger_new(struct tg_ledger **out, const struct tg_ledger_settings *settings,
                          const struct tg_rng *rng)
{
    enum tg_err err = TG_E_BUG;
    struct tg_ledger *l = NULL;

    TG_REQUIRE(settings->rate <= TG_LEDGER_RATE_MAX, TG_E_LIMIT);
    TG_REQUIRE(settings->mailboxes_per_day <= TG_LEDGER_MAILBOXES_MAX, TG_E_LIMIT);
    TG_REQUIRE(settings->mailboxes_per_day == 0 || settings->mailbox_s >= 1, TG_E_LIMIT);
    TG_REQUIRE(settings->burst >= 1 && settings->burst <= TG_LEDGER_BURST_MAX, TG_E_LIMIT);
    l = tg_mem_calloc(1, sizeof(*l));
    TG_REQUIRE(l != NULL, TG_E_NOMEM);
    TG_TRY(tg_rng_fill(rng, l->key, sizeof(l->key)));
    if (settings->rate > 0) {
        l->unit_ns = NS_PER_S / ((int64_t)settings->rate * UNITS_PER_REQUEST);
        l->full_ns = l->unit_ns * UNITS_PER_REQUEST * (int64_t)settings->burst;
    }
    for (size_t i = 0; i < TG_PLACE_COUNT; i++) {
        TG_TRY(tg_holders_new(&l->holders[i], settings->max[i], settings->worker_count,
                              settings->wake, settings->wake_ctx));
    }
    if (settings->mailboxes_per_day > 0) {
        l->mailbox_ns = (double)NS_PER_DAY / (double)settings->mailboxes_per_day;
        l->mailbox_s = settings->mailbox_s;
    }
    *out = l;
    l = NULL;
    err = TG_OK;
out:
    tg_ledger_free(&l);
    return err;
}

void tg_ledger_free(struct tg_ledger **ledger)
{
    if (ledger != NULL && *ledger != NULL) {
        for (size_t i = 0; i < TG_PLACE_COUNT; i++) {
            tg_holders_free(&(*ledger)->holders[i]);
        }
        tg_mem_wipe((*ledger)->key, sizeof((*ledger)->key)); /* the cells name nobody without it */
        tg_mem_free(*ledger);
        *ledger = NULL;
    }
}

struct tg_holders *tg_ledger_holders(const struct tg_ledger *ledger, enum tg_place place)
{
    return ledger->holders[place];
}

/* ---- who pays ---- */

static uint64_t work_period(uint64_t now_mono_ms)
{
    return now_mono_ms / TG_LEDGER_WORK_SALT_MS;
}

static uint64_t stored_period(uint64_t now_mono_ms)
{
    return now_mono_ms / TG_LEDGER_STORED_SALT_MS;
}

static enum tg_err find_tier(const struct tg_ledger *l, struct tg_payer *p,
                             const struct tg_network *network, size_t tier)
{
    enum tg_err err = TG_E_BUG;
    uint8_t bytes[TG_NETWORK_MAX];
    struct tg_bytes name = tg_bytes(bytes, tg_network_name(bytes, network, tier));
    struct tg_bytes key = TG_ARRAY_BYTES(l->key);

    TG_TRY(tg_spot_find(&p->held[tier], key, PURPOSE_HELD, 0, name));
    TG_TRY(tg_spot_find(&p->work[tier], key, PURPOSE_WORK, p->work_period, name));
    TG_TRY(tg_spot_find(&p->stored[tier], key, PURPOSE_STORED, p->stored_period, name));
    err = TG_OK;
out:
    tg_mem_wipe(bytes, sizeof(bytes));
    return err;
}

void tg_ledger_find(const struct tg_ledger *ledger, struct tg_payer *out,
                    const struct tg_network *network, uint64_t now_mono_ms)
{
    struct tg_payer p = { .kind = TG_PAYER_NETWORK,
                          .family = network->family,
                          .work_period = work_period(now_mono_ms),
                          .stored_period = stored_period(now_mono_ms) };

    for (size_t tier = 0; tier < tg_network_tier_count(p.family); tier++) {
        if (find_tier(ledger, &p, network, tier) != TG_OK) {
            p.kind = TG_PAYER_REFUSED;
        }
    }
    *out = p;
}

bool tg_ledger_is_stale(const struct tg_payer *payer, uint64_t now_mono_ms)
{
    return payer->kind == TG_PAYER_REFUSED ||
           (payer->kind == TG_PAYER_NETWORK &&
            (payer->work_period != work_period(now_mono_ms) ||
             payer->stored_period != stored_period(now_mono_ms)));
}

/* ---- work ---- */

static bool is_free(const struct tg_ledger *l, const struct tg_payer *payer)
{
    return l->unit_ns == 0 || payer->kind == TG_PAYER_EXEMPT;
}

static int64_t price_ns(const struct tg_ledger *l, const struct tg_payer *payer, size_t tier,
                        enum tg_work kind, uint32_t count)
{
    int64_t n = count < COUNT_MAX ? count : COUNT_MAX;
    int64_t ns = l->unit_ns * prices[kind] * n / tg_network_weight(payer->family, tier);

    return ns > 0 ? ns : 1;
}

static unsigned seconds_up(int64_t ns)
{
    return ns <= 0 ? 1u : (unsigned)((ns + NS_PER_S - 1) / NS_PER_S);
}

/* How long until the bucket has room. What is larger than a whole bucket needs an empty one. */
static int64_t wait_ns(int64_t level_ns, int64_t amount_ns, int64_t full_ns)
{
    return level_ns + (amount_ns < full_ns ? amount_ns : full_ns) - full_ns;
}

/* spec: protocol/3#rate-limit */
unsigned tg_ledger_charge(struct tg_ledger *ledger, const struct tg_payer *payer, enum tg_work kind,
                          uint64_t now_mono_ms)
{
    int64_t now_ns = (int64_t)now_mono_ms * NS_PER_MS;
    int64_t longest_ns = 0;

    if (is_free(ledger, payer)) {
        return 0;
    }
    if (payer->kind == TG_PAYER_REFUSED) {
        return REFUSED_RETRY_S;
    }
    for (size_t tier = 0; tier < tg_payer_tier_count(payer); tier++) {
        int64_t level_ns = tg_buckets_level_ns(&ledger->work, payer->work[tier], now_ns);
        int64_t ns = wait_ns(level_ns, price_ns(ledger, payer, tier, kind, 1), ledger->full_ns);

        longest_ns = ns > longest_ns ? ns : longest_ns;
    }
    if (longest_ns > 0) {
        return seconds_up(longest_ns);
    }
    tg_ledger_spend(ledger, payer, kind, 1, now_mono_ms);
    return 0;
}

bool tg_ledger_charge_spare(struct tg_ledger *ledger, const struct tg_payer *payer,
                            enum tg_work kind, uint64_t now_mono_ms)
{
    int64_t now_ns = (int64_t)now_mono_ms * NS_PER_MS;

    if (is_free(ledger, payer)) {
        return true;
    }
    if (payer->kind == TG_PAYER_REFUSED) {
        return false;
    }
    for (size_t tier = 0; tier < tg_payer_tier_count(payer); tier++) {
        int64_t level_ns = tg_buckets_level_ns(&ledger->work, payer->work[tier], now_ns);

        if (level_ns + price_ns(ledger, payer, tier, kind, 1) > ledger->full_ns / SPARE_PARTS) {
            return false;
        }
    }
    tg_ledger_spend(ledger, payer, kind, 1, now_mono_ms);
    return true;
}

void tg_ledger_spend(struct tg_ledger *ledger, const struct tg_payer *payer, enum tg_work kind,
                     uint32_t count, uint64_t now_mono_ms)
{
    int64_t now_ns = (int64_t)now_mono_ms * NS_PER_MS;

    if (is_free(ledger, payer) || payer->kind == TG_PAYER_REFUSED || count == 0) {
        return;
    }
    for (size_t tier = 0; tier < tg_payer_tier_count(payer); tier++) {
        tg_buckets_add(&ledger->work, payer->work[tier], price_ns(ledger, payer, tier, kind, count),
                       ledger->full_ns, now_ns);
    }
}

/* ---- stored bytes for a time ---- */

static double at_least(double n, double least)
{
    return n > least ? n : least;
}

/* In tier 0. Above a whole bucket it makes no difference how much. */
static int64_t stored_ns(const struct tg_ledger *l, uint64_t bytes, uint64_t old_bytes,
                         int64_t lifetime_s, uint64_t price)
{
    double size = at_least((double)bytes, TG_LEDGER_MAILBOX_BYTES) / TG_LEDGER_MAILBOX_BYTES;
    double old = old_bytes == 0 ? 0
                                : at_least((double)old_bytes, TG_LEDGER_MAILBOX_BYTES) /
                                      TG_LEDGER_MAILBOX_BYTES;
    double life = at_least((double)lifetime_s, TG_LEDGER_MAILBOX_MIN_S) / (double)l->mailbox_s;
    double ns = at_least(size - old, 0) * life * (double)price / 100 * l->mailbox_ns;
    double most = (double)NS_PER_DAY * TG_NETWORK_WEIGHT_MAX;

    return (int64_t)(ns < most ? ns : most);
}

/* spec: protocol/3#stored-bytes-for-a-time */
unsigned tg_ledger_store(struct tg_ledger *ledger, const struct tg_payer *payer,
                         enum tg_ledger_step step, uint64_t bytes, uint64_t old_bytes,
                         int64_t lifetime_s, uint64_t price, uint64_t now_mono_ms)
{
    int64_t now_ns = (int64_t)now_mono_ms * NS_PER_MS;
    int64_t longest_ns = 0;
    int64_t ns = 0;

    if (ledger->mailbox_ns <= 0 || payer->kind == TG_PAYER_EXEMPT) {
        return 0;
    }
    if (payer->kind == TG_PAYER_REFUSED) {
        return REFUSED_RETRY_S;
    }
    ns = stored_ns(ledger, bytes, old_bytes, lifetime_s, price);
    for (size_t tier = 0; ns > 0 && tier < tg_payer_tier_count(payer); tier++) {
        int64_t level_ns = tg_buckets_level_ns(&ledger->stored, payer->stored[tier], now_ns);
        int64_t tier_ns =
            wait_ns(level_ns, ns / tg_network_weight(payer->family, tier), NS_PER_DAY);

        longest_ns = tier_ns > longest_ns ? tier_ns : longest_ns;
    }
    if (longest_ns > 0) {
        return seconds_up(longest_ns);
    }
    for (size_t tier = 0; ns > 0 && step == TG_LEDGER_CHARGE && tier < tg_payer_tier_count(payer);
         tier++) {
        tg_buckets_add(&ledger->stored, payer->stored[tier],
                       ns / tg_network_weight(payer->family, tier), NS_PER_DAY, now_ns);
    }
    return 0;
}

/* ---- memory ---- */

void tg_ledger_hold_memory(struct tg_ledger *ledger, const struct tg_payer *payer, uint64_t bytes)
{
    for (size_t tier = 0; tier < tg_payer_tier_count(payer); tier++) {
        tg_counts_add(&ledger->memory_of, payer->held[tier], bytes);
    }
}

void tg_ledger_release_memory(struct tg_ledger *ledger, const struct tg_payer *payer,
                              uint64_t bytes)
{
    for (size_t tier = 0; tier < tg_payer_tier_count(payer); tier++) {
        tg_counts_subtract(&ledger->memory_of, payer->held[tier], bytes);
    }
}

uint64_t tg_ledger_memory_of(const struct tg_ledger *ledger, const struct tg_payer *payer)
{
    uint64_t most = 0;

    for (size_t tier = 0; tier < tg_payer_tier_count(payer); tier++) {
        uint64_t held = tg_counts_of(&ledger->memory_of, payer->held[tier]) /
                        tg_network_weight(payer->family, tier);

        most = held > most ? held : most;
    }
    return most;
}

uint64_t tg_ledger_memory_of_widest(const struct tg_ledger *ledger, const struct tg_payer *payer)
{
    size_t tier_count = tg_payer_tier_count(payer);

    return tier_count == 0 ? 0 : tg_counts_of(&ledger->memory_of, payer->held[tier_count - 1]);
}

size_t tg_ledger_network_count(const struct tg_ledger *ledger)
{
    return ledger == NULL ? 0 : tg_holders_network_count(ledger->holders[TG_PLACE_CONNECTION]);
}

size_t tg_ledger_relieve(struct tg_ledger *ledger, uint64_t share, size_t need)
{
    return tg_holders_relieve(ledger->holders[TG_PLACE_CONNECTION], &ledger->memory_of, share,
                              need);
}
