/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/lifetime.h"

#include "base/time3339.h"

/* The default counts from the later time, but does not go beyond the maximum from the earlier one:
   so both times allow it if that is possible. spec: protocol/3#expiration-default */
static int64_t default_end(const struct tg_mailbox_command *cmd, const struct tg_moment *now)
{
    int64_t default_s = now->high_s + cmd->expiration_default_s;
    int64_t longest_s = now->low_s + cmd->expiration_max_s;

    return tg_moment_is_sure(now) || default_s < longest_s ? default_s : longest_s;
}

enum tg_lifetime tg_lifetime_judge(const struct tg_mailbox_command *cmd,
                                   const struct tg_moment *now, int64_t *expires_s,
                                   struct tg_fault *fault)
{
    bool is_named = cmd->create->has_expiration;
    int64_t end_s = is_named ? cmd->create->expiration_s : default_end(cmd, now);
    char bound[TG_TIME3339_LEN + 1];

    /* spec: protocol/3#expiration-not-past */
    if (is_named && end_s <= now->low_s) {
        tg_time3339_format(bound, now->low_s);
        tg_fault_set(fault, "mailboxConfiguration.expiration: expected a time later than now, %s.",
                     bound);
        return TG_LIFETIME_REFUSED;
    }
    /* spec: protocol/3#expiration-max */
    if (is_named && end_s > now->high_s + cmd->expiration_max_s) {
        tg_time3339_format(bound, now->high_s + cmd->expiration_max_s);
        tg_fault_set(fault,
                     "mailboxConfiguration.expiration: expected a time not later than %s, the "
                     "maximum of this relay.",
                     bound);
        return TG_LIFETIME_REFUSED;
    }
    /* spec: protocol/3#clock-disputed-create */
    if (!tg_moment_is_sure(now) &&
        (end_s <= now->high_s || end_s > now->low_s + cmd->expiration_max_s)) {
        return TG_LIFETIME_DISPUTED;
    }
    *expires_s = end_s;
    return TG_LIFETIME_ALLOWED;
}
