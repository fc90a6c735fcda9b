/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/env.h"

#include <string.h>
#include <time.h>

void tg_env_init(struct tg_env *env, const struct tg_server_settings *settings,
                 const struct tg_log *log, struct tg_metrics_block *metrics,
                 struct tg_ledger *ledger, struct tg_moment now, uint64_t now_mono_ms)
{
    memset(env, 0, sizeof(*env)); /* a literal of this size would not fit a small stack */
    env->settings = settings;
    env->log = log;
    env->metrics = metrics;
    env->ledger = ledger;
    env->now = now;
    env->now_mono_ms = now_mono_ms;
    env->date_s = INT64_MIN;
    tg_wheel_init(&env->wheel, now_mono_ms);
    tg_waiters_init(&env->waiters);
    tg_list_init(&env->unsettled);
    tg_buf_init_shared(&env->scratch, TG_SCRATCH_MAX);
}

void tg_env_deinit(struct tg_env *env)
{
    tg_buf_deinit(&env->scratch);
    tg_waiters_deinit(&env->waiters);
}

static void put_digits(char *out, int value, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
}

struct tg_bytes tg_env_date(struct tg_env *env)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t now_s = env->now.high_s;
    time_t now = (time_t)now_s;
    struct tm tm;

    if (env->date_s != now_s && gmtime_r(&now, &tm) != NULL) {
        memcpy(env->date, "Ddd, 00 Mmm 0000 00:00:00 GMT", TG_DATE_LEN + 1);
        memcpy(env->date, days + 3 * (size_t)tm.tm_wday, 3);
        put_digits(env->date + 5, tm.tm_mday, 2);
        memcpy(env->date + 8, months + 3 * (size_t)tm.tm_mon, 3);
        put_digits(env->date + 12, tm.tm_year + 1900, 4);
        put_digits(env->date + 17, tm.tm_hour, 2);
        put_digits(env->date + 20, tm.tm_min, 2);
        put_digits(env->date + 23, tm.tm_sec, 2);
        env->date_s = now_s;
    }
    return tg_bytes(env->date, TG_DATE_LEN);
}
