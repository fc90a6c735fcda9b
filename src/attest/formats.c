/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/formats.h"

static const struct tg_attest_row *const rows[] = {
    [TG_ATTEST_APPLE] = &tg_attest_row_apple,
    [TG_ATTEST_APPLE_APPATTEST] = &tg_attest_row_apple_appattest,
    [TG_ATTEST_ANDROID_KEY] = &tg_attest_row_android_key,
    [TG_ATTEST_PACKED] = &tg_attest_row_packed,
    [TG_ATTEST_TPM] = &tg_attest_row_tpm,
    [TG_ATTEST_FIDO_U2F] = &tg_attest_row_fido_u2f,
    [TG_ATTEST_NONE] = &tg_attest_row_none,
};
_Static_assert(TG_COUNT(rows) == TG_ATTEST_FORMAT_COUNT, "a row for each format");

const struct tg_attest_row *tg_attest_row(enum tg_attest_format format)
{
    return rows[format];
}

bool tg_attest_format_shows_user(enum tg_attest_format format)
{
    return rows[format]->shows_user;
}

const char *tg_attest_format_name(enum tg_attest_format format)
{
    return (size_t)format < TG_COUNT(rows) ? rows[format]->name : "unknown";
}
