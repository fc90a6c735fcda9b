/* SPDX-License-Identifier: Apache-2.0 */
/* Format none: proves nothing, not even that the client has a key. spec: WebAuthn section 8.7. */
#include "attest/format.h"

static enum tg_attest_step check_empty(struct tg_attest_case *c)
{
    size_t count = 0;

    return tg_cbor_get_map(&count, c->stmt) && count == 0
               ? TG_ATTEST_OK
               : tg_format_refuse(c, TG_ATTEST_STEP_FORMAT, "attStmt: expected an empty map");
}

static tg_attest_check_fn *const checks[] = { check_empty, tg_format_user_present, tg_format_rp_id,
                                              NULL };

const struct tg_attest_row tg_attest_row_none = { .name = "none", .checks = checks };
