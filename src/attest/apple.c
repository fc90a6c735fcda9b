/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format apple: an anonymous certificate for a fresh key, issued by Apple for this nonce. The
 * statement has no other signature. spec: WebAuthn section 8.8.
 */
#include "attest/format.h"

/* A web page attests under its RP ID, an app under its App ID. */
static enum tg_attest_step check_rp_or_app_id(struct tg_attest_case *c)
{
    return tg_attest_policy_has_hash(&c->policy->app_ids, c->auth.rp_id_hash) ? TG_ATTEST_OK
                                                                              : tg_format_rp_id(c);
}

static tg_attest_check_fn *const checks[] = { tg_format_read_x5c,      tg_format_user_present,
                                              tg_format_user_verified, tg_format_apple_nonce,
                                              tg_format_leaf_key,      check_rp_or_app_id,
                                              tg_format_chain,         NULL };

const struct tg_attest_row tg_attest_row_apple = {
    .name = "apple", .needs_roots = true, .shows_user = true, .checks = checks
};
