/* SPDX-License-Identifier: Apache-2.0 */
#include "server/time/start.h"

#include "base/time3339.h"
#include "server/time/kept.h"

#include <stdio.h>

#define MS_PER_S 1000
#define TEXT_MAX 1024u

struct words {
    char mark[TG_TIME3339_LEN + 1];
    char clock[TG_TIME3339_LEN + 1];
};

static void describe(struct words *out, int64_t mark_s, int64_t clock_s)
{
    tg_time3339_format(out->mark, mark_s);
    tg_time3339_format(out->clock, clock_s);
}

static int64_t clock_s(void)
{
    struct tg_clocks clocks;

    tg_clock_now(&clocks);
    return clocks.wall_ms / MS_PER_S;
}

/* ---- refusals ------------------------------------------------------------------------------- */

static enum tg_err refuse_old(struct tg_fault *fault, int64_t now_s)
{
    struct words w;

    describe(&w, TG_BUILD_S, now_s);
    tg_fault_set(
        fault,
        "the clock of this computer says %s, but this program is of %s (expected: the time "
        "of now)",
        w.clock, w.mark);
    return TG_E_DENIED;
}

enum tg_err tg_time_check(struct tg_fault *fault)
{
    int64_t now_s = clock_s();

    return now_s < TG_BUILD_S ? refuse_old(fault, now_s) : TG_OK;
}

static const char advice_below[] =
    "Set the clock of this computer, then start the relay again. If the clock is right, the relay\n"
    "ran with a wrong clock before: start it once with --accept-clock. It then prints what that\n"
    "changes.\n";

static enum tg_err refuse_below(struct tg_fault *fault, const char **advice, int64_t mark_s)
{
    int64_t now_s = clock_s();
    struct words w;

    describe(&w, mark_s, now_s);
    tg_fault_set(fault,
                 "the clock of this computer says %s, %lld seconds before the latest time at which "
                 "this relay has decided, %s",
                 w.clock, (long long)(mark_s - now_s), w.mark);
    *advice = advice_below;
    return TG_E_DENIED;
}

/* ---- --accept-clock ------------------------------------------------------------------------- */

static void explain_accept(struct tg_buf *text, int64_t mark_s, int64_t now_s)
{
    struct words w;
    char line[TEXT_MAX];
    const char *effect =
        now_s < mark_s
            ? "Mailboxes that expired after the new time and are still stored are alive again: "
              "they\n"
              "can be read, and a new device can be bound. Their expirations come later than "
              "their\n"
              "senders expect."
            : "Mailboxes that expired before the new time are removed now, without waiting for an\n"
              "hour. If the clock is wrong, they are lost.";

    describe(&w, mark_s, now_s);
    (void)snprintf(line, sizeof(line),
                   "tigressd: --accept-clock: the time of this relay was %s. It becomes %s,\n"
                   "the time of this computer's clock.\n%s\n",
                   w.mark, w.clock, effect);
    tg_buf_append_str(text, line);
}

/* The clock's time becomes the mark, and nothing else is kept. */
static void accept_clock(struct tg_time_kept *kept, struct tg_buf *text)
{
    int64_t now_s = clock_s();

    if (kept->has_mark) {
        explain_accept(text, kept->mark_s, now_s);
    }
    *kept = (struct tg_time_kept){ .has_mark = true, .mark_s = now_s, .is_complete = true };
}

/* ---- start ---------------------------------------------------------------------------------- */

enum tg_err tg_time_begin(struct tg_clock *clock, struct tg_store *store,
                          enum tg_time_accept accept, struct tg_buf *text, struct tg_fault *fault,
                          const char **advice)
{
    struct tg_time_kept kept;
    enum tg_err err = tg_time_check(fault);

    if (err != TG_OK) {
        return err;
    }
    err = tg_time_kept_load(store, &kept);
    if (err != TG_OK) {
        tg_fault_set(fault, "the store's time mark cannot be read");
        return err;
    }
    if (accept == TG_TIME_ACCEPT_CLOCK) {
        accept_clock(&kept, text);
    }
    switch (tg_clock_start(clock, &kept, TG_BUILD_S)) {
    case TG_TIME_START_OK:
        break;
    case TG_TIME_START_BEFORE_BUILD:
        return refuse_old(fault, clock_s());
    case TG_TIME_START_BELOW_MARK:
        return refuse_below(fault, advice, kept.mark_s);
    }
    kept = tg_clock_keep(clock);
    err = tg_time_kept_save(store, &kept);
    if (err == TG_E_FULL && accept == TG_TIME_AS_KEPT) {
        return TG_OK; /* what is stored can still be served and deleted; the saver tries again */
    }
    if (err == TG_E_FULL) {
        tg_fault_set(fault, "there is no room to write the time that --accept-clock accepts "
                            "(expected: free space on the store's disk)");
    } else if (err != TG_OK) {
        tg_fault_set(fault, "the store's time mark cannot be written");
    }
    return err;
}
