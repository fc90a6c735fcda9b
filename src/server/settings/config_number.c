/* SPDX-License-Identifier: Apache-2.0 */
/* Whole numbers, sizes and durations. */
#include "server/settings/config_number.h"

#include "base/num.h"
#include "server/settings/config_member.h"

struct unit {
    const char *suffix;
    uint64_t factor;
};

/* Largest first: the printer uses the first one that divides the value. */
static const struct unit size_units[] = {
    { "GiB", (uint64_t)1 << 30 }, { "MiB", (uint64_t)1 << 20 }, { "KiB", 1024u }, { "B", 1 }
};
static const struct unit duration_units[] = {
    { "d", 86400 }, { "h", 3600 }, { "m", 60 }, { "s", 1 }
};

/* In the largest unit that divides v. */
static void append_in_units(struct tg_buf *out, uint64_t v, const struct unit *units, size_t count)
{
    size_t i = 0;

    while (i + 1 < count && (v == 0 || v % units[i].factor != 0)) {
        i++;
    }
    tg_buf_append_dec(out, v / units[i].factor);
    tg_buf_append_str(out, units[i].suffix);
}

static void append_number(struct tg_buf *out, enum tg_setting_type type, uint64_t v)
{
    if (type == TG_SETTING_SIZE) {
        append_in_units(out, v, size_units, TG_COUNT(size_units));
    } else if (type == TG_SETTING_DURATION) {
        append_in_units(out, v, duration_units, TG_COUNT(duration_units));
    } else {
        tg_buf_append_dec(out, v);
    }
}

static void set_number_fault(struct tg_fault *fault, const struct tg_setting *setting,
                             const char *what)
{
    static const char *const forms[] = { [TG_SETTING_COUNT] = "a whole number",
                                         [TG_SETTING_SIZE] =
                                             "a size such as 4096, 64KiB, 1MiB or 2GiB",
                                         [TG_SETTING_DURATION] =
                                             "a time such as 90s, 15m, 48h or 30d" };
    struct tg_buf low = { 0 };
    struct tg_buf high = { 0 };

    tg_buf_init(&low, 64);
    tg_buf_init(&high, 64);
    append_number(&low, setting->type, setting->min);
    append_number(&high, setting->type, setting->max);
    tg_fault_set(fault, "%s (expected: %s, from %s to %s)", what, forms[setting->type],
                 tg_buf_cstr(&low), tg_buf_cstr(&high));
    tg_buf_deinit(&high);
    tg_buf_deinit(&low);
}

/* Removes the unit from the end of text. *factor: of the unit, 1 without one. False: the unit is
   unknown. */
static bool cut_unit(uint64_t *factor, struct tg_bytes *text, const struct unit *units,
                     size_t count)
{
    size_t digits = 0;

    while (digits < text->len && text->ptr[digits] >= '0' && text->ptr[digits] <= '9') {
        digits++;
    }
    struct tg_bytes suffix = tg_bytes_trim(tg_bytes_from(*text, digits));

    *text = tg_bytes_first(*text, digits);
    *factor = 1;
    for (size_t i = 0; i < count; i++) {
        if (tg_bytes_is_equal(suffix, tg_bytes_str(units[i].suffix))) {
            *factor = units[i].factor;
            return true;
        }
    }
    return suffix.len == 0;
}

enum tg_err tg_setting_parse_number(struct tg_config *config, const struct tg_setting *setting,
                                    struct tg_bytes text, struct tg_fault *fault)
{
    uint64_t factor = 1;
    uint64_t v = 0;
    bool is_known = true;
    enum tg_err err = TG_OK;

    if (setting->type == TG_SETTING_SIZE) {
        is_known = cut_unit(&factor, &text, size_units, TG_COUNT(size_units));
    } else if (setting->type == TG_SETTING_DURATION) {
        is_known = cut_unit(&factor, &text, duration_units, TG_COUNT(duration_units));
    }
    if (!is_known) {
        set_number_fault(fault, setting, "unknown unit");
        return TG_E_SYNTAX;
    }
    err = tg_num_parse_u64(&v, text, UINT64_MAX / factor);
    if (err == TG_E_SYNTAX) {
        set_number_fault(fault, setting, "not a number");
        return err;
    }
    if (err != TG_OK || v * factor > setting->max) {
        set_number_fault(fault, setting, "too large");
        return TG_E_LIMIT;
    }
    if (v * factor < setting->min) {
        set_number_fault(fault, setting, "too small");
        return TG_E_LIMIT;
    }
    tg_setting_store_number(tg_setting_member(config, setting), setting->size, v * factor);
    return TG_OK;
}

void tg_setting_print_number(struct tg_buf *out, const struct tg_config *config,
                             const struct tg_setting *setting)
{
    append_number(out, setting->type,
                  tg_setting_load_number(tg_setting_member_const(config, setting), setting->size));
}
