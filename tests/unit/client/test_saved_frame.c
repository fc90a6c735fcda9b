/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "client/saved_frame.h"

#include <string.h>

#define FIELDS TG_LIT("four")
#define FRAME_LEN (6u + 4u + 32u)

static const struct tg_saved_frame frame = {
    .magic = UINT32_C(0x01020304), .version = 7, .max = 64, .owner = "a test"
};

/* The caller frees out. */
static void save(struct tg_buf *out, const struct tg_saved_frame *as)
{
    tg_buf_init(out, 256);
    tg_saved_frame_begin(out, as);
    tg_buf_append(out, FIELDS);
    assert_int_equal(tg_saved_frame_end(out), TG_OK);
}

static void assert_refused(struct tg_bytes data, enum tg_err err, const char *text)
{
    struct tg_bytes fields = { NULL, 9 };
    struct tg_fault fault = { "" };

    assert_int_equal(tg_saved_frame_open(&fields, data, &frame, &fault), err);
    assert_string_equal(fault.text, text);
    assert_int_equal(fields.len, 9);
}

static void frame__opened_again__same_fields(void **state)
{
    struct tg_bytes fields = { NULL, 0 };
    struct tg_fault fault = { "" };
    struct tg_buf out;

    (void)state;
    save(&out, &frame);
    assert_int_equal(out.len, FRAME_LEN);
    assert_memory_equal(out.ptr, "\x01\x02\x03\x04\x00\x07", 6);
    assert_int_equal(tg_saved_frame_open(&fields, tg_buf_view(&out), &frame, &fault), TG_OK);
    assert_true(tg_bytes_is_equal(fields, FIELDS));
    assert_string_equal(fault.text, "");
    tg_buf_deinit(&out);
}

static void frame__every_cut_and_bit_flip__refused(void **state)
{
    struct tg_bytes fields = { NULL, 0 };
    struct tg_buf out;

    (void)state;
    save(&out, &frame);
    for (size_t len = 0; len < FRAME_LEN; len++) {
        assert_int_not_equal(
            tg_saved_frame_open(&fields, tg_bytes_first(tg_buf_view(&out), len), &frame, NULL),
            TG_OK);
    }
    for (size_t bit = 0; bit < FRAME_LEN * 8u; bit++) {
        out.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(tg_saved_frame_open(&fields, tg_buf_view(&out), &frame, NULL), TG_OK);
        out.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_null(fields.ptr);
    tg_buf_deinit(&out);
}

static void frame__of_another_kind__named(void **state)
{
    struct tg_saved_frame other = frame;
    struct tg_buf out;

    (void)state;
    other.magic++;
    save(&out, &other);
    assert_refused(tg_buf_view(&out), TG_E_SYNTAX, "not the saved state of a test, or truncated");
    tg_buf_deinit(&out);
}

static void frame__of_another_version__names_both_versions(void **state)
{
    struct tg_saved_frame other = frame;
    struct tg_buf out;

    (void)state;
    other.version = 8;
    save(&out, &other);
    assert_refused(tg_buf_view(&out), TG_E_UNSUPPORTED,
                   "the saved state has version 8; expected version 7");
    tg_buf_deinit(&out);
}

static void frame__damaged__named(void **state)
{
    struct tg_buf out;

    (void)state;
    save(&out, &frame);
    out.ptr[7]++;
    assert_refused(tg_buf_view(&out), TG_E_SYNTAX, "the saved state is damaged or truncated");
    tg_buf_deinit(&out);
}

static void frame__longer_than_its_maximum__refused(void **state)
{
    struct tg_bytes fields = { NULL, 0 };
    struct tg_saved_frame small = frame;
    struct tg_buf out;

    (void)state;
    save(&out, &frame);
    small.max = FRAME_LEN;
    assert_int_equal(tg_saved_frame_open(&fields, tg_buf_view(&out), &small, NULL), TG_OK);
    small.max = FRAME_LEN - 1;
    assert_int_equal(tg_saved_frame_open(&fields, tg_buf_view(&out), &small, NULL), TG_E_SYNTAX);
    tg_buf_deinit(&out);
}

static void end__buffer_failed_before__error_reported(void **state)
{
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 8);
    tg_saved_frame_begin(&out, &frame);
    tg_buf_append(&out, FIELDS);
    assert_int_equal(tg_saved_frame_end(&out), TG_E_LIMIT);
    tg_buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame__opened_again__same_fields),
        cmocka_unit_test(frame__every_cut_and_bit_flip__refused),
        cmocka_unit_test(frame__of_another_kind__named),
        cmocka_unit_test(frame__of_another_version__names_both_versions),
        cmocka_unit_test(frame__damaged__named),
        cmocka_unit_test(frame__longer_than_its_maximum__refused),
        cmocka_unit_test(end__buffer_failed_before__error_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
