/* SPDX-License-Identifier: Apache-2.0 */
/* The PIN: the digits are uniform, no try is possible after the last one, also after a resume, and
   the order of begin, save and end is enforced. */
#include "support/c/unit.h"

#include <tigress/pin.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/digest.h"
#include "support/c/fail_at.h"

#define PIN "493027"
#define OTHER "493028"
#define SAVED_LEN 106u

/* ---- random sources ------------------------------------------------------------------------- */

static int counting(void *ctx, unsigned char *out, size_t len)
{
    uint64_t *state = ctx;

    for (size_t i = 0; i < len; i++) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out[i] = (unsigned char)(*state >> 33);
    }
    return 0;
}

static int ones(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    memset(out, 0xff, len);
    return 0;
}

/* The first draw is past the last whole multiple, the second is a plain number. */
static int ones_then_seven(void *ctx, unsigned char *out, size_t len)
{
    unsigned *calls = ctx;
    uint64_t seven = 7;

    assert_int_equal(len, sizeof(seven));
    memset(out, 0xff, len);
    if ((*calls)++ > 0) {
        memcpy(out, &seven, len);
    }
    return 0;
}

static int broken(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    memset(out, 0, len);
    return -1;
}

/* ---- the digits ----------------------------------------------------------------------------- */

/* spec-test: protocol/7#pin-random-digits */
static void generate__every_length__that_many_digits(void **state)
{
    (void)state;
    for (unsigned digits = TIGRESS_PIN_DIGITS_MIN; digits <= TIGRESS_PIN_DIGITS_MAX; digits++) {
        char pin[TIGRESS_PIN_TEXT_MAX] = "x";

        assert_int_equal(tigress_pin_generate(pin, sizeof(pin), digits, NULL, NULL), TIGRESS_OK);
        assert_int_equal(strlen(pin), digits);
        assert_int_equal(strspn(pin, "0123456789"), digits);
    }
}

static void generate__no_length_asked__six_digits(void **state)
{
    char pin[7];

    (void)state;
    assert_int_equal(tigress_pin_generate(pin, sizeof(pin), 0, NULL, NULL), TIGRESS_OK);
    assert_int_equal(strlen(pin), 6);
}

static void generate__one_digit_below_or_above__refused(void **state)
{
    char pin[32] = "x";

    (void)state;
    assert_int_equal(tigress_pin_generate(pin, sizeof(pin), 5, NULL, NULL), TIGRESS_E_ARGUMENT);
    assert_string_equal(pin, "");
    assert_int_equal(tigress_pin_generate(pin, sizeof(pin), 13, NULL, NULL), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_pin_generate(pin, 6, 6, NULL, NULL), TIGRESS_E_LIMIT);
    assert_string_equal(pin, "");
    assert_int_equal(tigress_pin_generate(pin, 7, 6, NULL, NULL), TIGRESS_OK);
    assert_int_equal(tigress_pin_generate(NULL, 7, 6, NULL, NULL), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_pin_generate(pin, 0, 6, NULL, NULL), TIGRESS_E_ARGUMENT);
}

static void generate__leading_zeros__are_kept(void **state)
{
    char pin[TIGRESS_PIN_TEXT_MAX];
    unsigned calls = 1;

    (void)state;
    assert_int_equal(tigress_pin_generate(pin, sizeof(pin), 8, ones_then_seven, &calls),
                     TIGRESS_OK);
    assert_string_equal(pin, "00000007");
}

static void generate__a_draw_past_the_last_multiple__is_thrown_away(void **state)
{
    char pin[TIGRESS_PIN_TEXT_MAX];
    unsigned calls = 0;

    (void)state;
    assert_int_equal(tigress_pin_generate(pin, sizeof(pin), 6, ones_then_seven, &calls),
                     TIGRESS_OK);
    assert_string_equal(pin, "000007");
    assert_int_equal(calls, 2);
}

static void generate__broken_random_source__no_pin(void **state)
{
    char pin[TIGRESS_PIN_TEXT_MAX] = "x";

    (void)state;
    assert_int_equal(tigress_pin_generate(pin, sizeof(pin), 6, broken, NULL), TIGRESS_E_RANDOM);
    assert_string_equal(pin, "");
    assert_int_equal(tigress_pin_generate(pin, sizeof(pin), 6, ones, NULL), TIGRESS_E_RANDOM);
    assert_string_equal(pin, "");
}

/* Each digit at each place, 60,000 PINs: 6,000 expected, and chi-squared below 40 with 9 degrees of
   freedom (a fair source exceeds it once in 100,000; the source here is fixed). */
static void generate__many__each_digit_as_often_at_each_place(void **state)
{
    enum { COUNT = 60000, DIGITS = 6 };
    static unsigned seen[DIGITS][10];
    uint64_t random = 1;

    (void)state;
    memset(seen, 0, sizeof(seen));
    for (unsigned i = 0; i < COUNT; i++) {
        char pin[TIGRESS_PIN_TEXT_MAX];

        assert_int_equal(tigress_pin_generate(pin, sizeof(pin), DIGITS, counting, &random),
                         TIGRESS_OK);
        for (unsigned place = 0; place < DIGITS; place++) {
            seen[place][pin[place] - '0']++;
        }
    }
    for (unsigned place = 0; place < DIGITS; place++) {
        double chi = 0;

        for (unsigned digit = 0; digit < 10; digit++) {
            double off = (double)seen[place][digit] - (double)COUNT / 10;

            chi += off * off / ((double)COUNT / 10);
        }
        assert_true(chi < 40);
    }
}

static void show__groups_of_three__no_digit_alone(void **state)
{
    static const char *const cases[][2] = {
        { "123456", "123 456" },          { "1234567", "123 4567" },
        { "12345678", "123 456 78" },     { "123456789", "123 456 789" },
        { "1234567890", "123 456 7890" }, { "123456789012", "123 456 789 012" },
    };
    char shown[TIGRESS_PIN_SHOWN_MAX];

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        char back[TIGRESS_PIN_TEXT_MAX];

        assert_int_equal(tigress_pin_show(cases[i][0], shown, sizeof(shown)), TIGRESS_OK);
        assert_string_equal(shown, cases[i][1]);
        assert_int_equal(tigress_pin_normalise(shown, back, sizeof(back)), TIGRESS_OK);
        assert_string_equal(back, cases[i][0]);
    }
    assert_int_equal(tigress_pin_show("12345", shown, sizeof(shown)), TIGRESS_E_ARGUMENT);
    assert_string_equal(shown, "");
    assert_int_equal(tigress_pin_show("1234567890123", shown, sizeof(shown)), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_pin_show(NULL, shown, sizeof(shown)), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_pin_show("123456", shown, TIGRESS_PIN_SHOWN_MAX - 1), TIGRESS_E_LIMIT);
}

static void normalise__as_people_type__digits_alone(void **state)
{
    static const char *const typed[] = {
        "123456",
        " 123 456\n",
        "12-34-56\r\n",
        "123.456",
        "123\xc2\xa0"
        "456",
        "123\xe2\x80\xaf"
        "456",
        "1\t2 3 4 5 6",
        "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x93\xef\xbc\x94\xef\xbc\x95\xef\xbc\x96", /* full width */
        "\xd9\xa1\xd9\xa2\xd9\xa3 \xd9\xa4\xd9\xa5\xd9\xa6",                        /* Arabic */
        "\xdb\xb1\xdb\xb2\xdb\xb3\xdb\xb4\xdb\xb5\xdb\xb6",                         /* Persian */
        "\xe0\xa5\xa7\xe0\xa5\xa8\xe0\xa5\xa9\xe0\xa5\xaa\xe0\xa5\xab\xe0\xa5\xac", /* Devanagari */
        "\xe0\xa7\xa7\xe0\xa7\xa8\xe0\xa7\xa9\xe0\xa7\xaa\xe0\xa7\xab\xe0\xa7\xac", /* Bengali */
        "\xe0\xb9\x91\xe0\xb9\x92\xe0\xb9\x93\xe0\xb9\x94\xe0\xb9\x95\xe0\xb9\x96", /* Thai */
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(typed); i++) {
        char pin[TIGRESS_PIN_TEXT_MAX] = "";

        assert_int_equal(tigress_pin_normalise(typed[i], pin, sizeof(pin)), TIGRESS_OK);
        assert_string_equal(pin, "123456");
    }
}

static void normalise__anything_else__refused_and_empty(void **state)
{
    static const char *const typed[] = {
        "",
        "12345",
        "1234567890123",
        "12345a",
        "123+456",
        "123456\x01",
        "\xef\xbc\x91\xef\xbc\x92\xef\xbc", /* cut in a digit */
        "12345\xe2\x91\xa0",                /* a circled one */
        "12345\xd9\xaa",                    /* the character after the Arabic nine */
        "12345\xc0\xb6",                    /* an overlong '6' */
        "12345\xff",                        /* no UTF-8 */
        "12345\xf0\x9d\x9f\xa8",            /* a mathematical digit */
    };
    char pin[TIGRESS_PIN_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < TG_COUNT(typed); i++) {
        memcpy(pin, "123456", 7);
        assert_int_equal(tigress_pin_normalise(typed[i], pin, sizeof(pin)), TIGRESS_E_ARGUMENT);
        assert_string_equal(pin, "");
    }
    assert_int_equal(tigress_pin_normalise(NULL, pin, sizeof(pin)), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_pin_normalise("123456", pin, 6), TIGRESS_E_LIMIT);
    assert_string_equal(pin, "");
}

static void normalise__longest_text_and_one_byte_more(void **state)
{
    char typed[TIGRESS_PIN_TYPED_MAX + 2];
    char pin[TIGRESS_PIN_TEXT_MAX];

    (void)state;
    memset(typed, ' ', sizeof(typed));
    memcpy(typed, "123456", 6);
    typed[TIGRESS_PIN_TYPED_MAX] = '\0';
    assert_int_equal(tigress_pin_normalise(typed, pin, sizeof(pin)), TIGRESS_OK);
    typed[TIGRESS_PIN_TYPED_MAX] = ' ';
    typed[TIGRESS_PIN_TYPED_MAX + 1] = '\0';
    assert_int_equal(tigress_pin_normalise(typed, pin, sizeof(pin)), TIGRESS_E_LIMIT);
}

/* ---- tries ---------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    struct tigress_pin *p = NULL;

    if (tigress_pin_new(&p, PIN, 0, NULL, NULL) != TIGRESS_OK) {
        return -1;
    }
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct tigress_pin *p = *state;

    tigress_pin_free(&p);
    return 0;
}

static void keep(struct tigress_pin *p)
{
    unsigned char *saved = NULL;
    size_t len = 0;

    assert_int_equal(tigress_pin_save(p, &saved, &len), TIGRESS_OK);
    assert_int_equal(len, SAVED_LEN);
    tigress_free(saved, len);
}

static struct tigress_pin *restart(struct tigress_pin *p)
{
    struct tigress_pin *again = NULL;
    unsigned char *saved = NULL;
    size_t len = 0;

    assert_int_equal(tigress_pin_save(p, &saved, &len), TIGRESS_OK);
    assert_int_equal(tigress_pin_resume(&again, saved, len, NULL, 0), TIGRESS_OK);
    tigress_free(saved, len);
    return again;
}

static enum tigress_pin_verdict try_one(struct tigress_pin *p, const char *typed)
{
    enum tigress_pin_verdict verdict = TIGRESS_PIN_WRONG;

    assert_int_equal(tigress_pin_begin_try(p, typed), TIGRESS_OK);
    keep(p);
    assert_int_equal(tigress_pin_end_try(p, &verdict), TIGRESS_OK);
    return verdict;
}

static void try__right_pin__passes_and_takes_no_more(void **state)
{
    struct tigress_pin *p = *state;

    assert_int_equal(try_one(p, " 493 027"), TIGRESS_PIN_RIGHT);
    assert_true(tigress_pin_is_passed(p));
    assert_false(tigress_pin_is_dead(p));
    assert_int_equal(tigress_pin_begin_try(p, PIN), TIGRESS_E_STATE);
}

/* spec-test: protocol/7#pin-few-tries */
static void try__wrong_to_the_limit__dead_and_the_right_one_no_longer_helps(void **state)
{
    struct tigress_pin *p = *state;

    for (unsigned left = TIGRESS_PIN_TRIES_DEFAULT - 1; left > 0; left--) {
        assert_int_equal(try_one(p, OTHER), TIGRESS_PIN_WRONG);
        assert_int_equal(tigress_pin_tries_left(p), left);
        assert_false(tigress_pin_is_dead(p));
    }
    assert_int_equal(try_one(p, OTHER), TIGRESS_PIN_DEAD);
    assert_true(tigress_pin_is_dead(p));
    assert_int_equal(tigress_pin_begin_try(p, PIN), TIGRESS_E_STATE);
    assert_false(tigress_pin_is_passed(p));
}

static void try__right_at_the_last_one__passes(void **state)
{
    struct tigress_pin *p = *state;

    for (unsigned i = 1; i < TIGRESS_PIN_TRIES_DEFAULT; i++) {
        assert_int_equal(try_one(p, OTHER), TIGRESS_PIN_WRONG);
    }
    assert_int_equal(try_one(p, PIN), TIGRESS_PIN_RIGHT);
    assert_int_equal(tigress_pin_tries_left(p), 0);
    assert_false(tigress_pin_is_dead(p));
}

static void try__no_pin_of_this_length__not_counted(void **state)
{
    struct tigress_pin *p = *state;
    static const char *const typed[] = { "", "49302", "4930277", "49302x", "493027493027" };
    char longer[TIGRESS_PIN_TYPED_MAX + 2];

    for (size_t i = 0; i < TG_COUNT(typed); i++) {
        assert_int_equal(tigress_pin_begin_try(p, typed[i]), TIGRESS_E_ARGUMENT);
    }
    memset(longer, '1', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(tigress_pin_begin_try(p, longer), TIGRESS_E_LIMIT);
    assert_int_equal(tigress_pin_begin_try(p, NULL), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_pin_tries_left(p), TIGRESS_PIN_TRIES_DEFAULT);
    assert_int_equal(try_one(p, PIN), TIGRESS_PIN_RIGHT);
}

static void end_try__not_saved_before__no_verdict(void **state)
{
    struct tigress_pin *p = *state;
    enum tigress_pin_verdict verdict = TIGRESS_PIN_DEAD;

    assert_int_equal(tigress_pin_end_try(p, &verdict), TIGRESS_E_STATE);
    keep(p); /* a save before the try does not count */
    assert_int_equal(tigress_pin_begin_try(p, PIN), TIGRESS_OK);
    assert_int_equal(tigress_pin_end_try(p, &verdict), TIGRESS_E_STATE);
    assert_int_equal(verdict, TIGRESS_PIN_DEAD);
    assert_int_equal(tigress_pin_begin_try(p, PIN), TIGRESS_E_STATE);
    assert_int_equal(tigress_pin_tries_left(p), TIGRESS_PIN_TRIES_DEFAULT - 1);
    keep(p);
    assert_int_equal(tigress_pin_end_try(p, &verdict), TIGRESS_OK);
    assert_int_equal(verdict, TIGRESS_PIN_RIGHT);
    assert_int_equal(tigress_pin_end_try(p, &verdict), TIGRESS_E_STATE);
}

static void restart__in_the_middle_of_a_try__that_try_is_lost(void **state)
{
    struct tigress_pin *p = *state;
    struct tigress_pin *again = NULL;
    enum tigress_pin_verdict verdict = TIGRESS_PIN_DEAD;

    assert_int_equal(tigress_pin_begin_try(p, PIN), TIGRESS_OK);
    again = restart(p);
    assert_int_equal(tigress_pin_tries_left(again), TIGRESS_PIN_TRIES_DEFAULT - 1);
    assert_int_equal(tigress_pin_end_try(again, &verdict), TIGRESS_E_STATE);
    assert_int_equal(verdict, TIGRESS_PIN_DEAD);
    assert_int_equal(try_one(again, PIN), TIGRESS_PIN_RIGHT);
    tigress_pin_free(&again);
}

static void restart__in_the_middle_of_the_last_try__dead(void **state)
{
    struct tigress_pin *p = NULL, *again = NULL;

    (void)state;
    assert_int_equal(tigress_pin_new(&p, PIN, 1, NULL, NULL), TIGRESS_OK);
    assert_int_equal(tigress_pin_begin_try(p, PIN), TIGRESS_OK);
    assert_false(tigress_pin_is_dead(p));
    again = restart(p);
    assert_true(tigress_pin_is_dead(again));
    assert_int_equal(tigress_pin_begin_try(again, PIN), TIGRESS_E_STATE);
    tigress_pin_free(&again);
    tigress_pin_free(&p);
}

static void restart__after_every_try__the_limit_holds(void **state)
{
    struct tigress_pin *p = NULL;

    (void)state;
    assert_int_equal(tigress_pin_new(&p, PIN, TIGRESS_PIN_TRIES_MAX, NULL, NULL), TIGRESS_OK);
    for (unsigned i = 1; i <= TIGRESS_PIN_TRIES_MAX; i++) {
        struct tigress_pin *again = NULL;

        assert_int_equal(try_one(p, OTHER),
                         i < TIGRESS_PIN_TRIES_MAX ? TIGRESS_PIN_WRONG : TIGRESS_PIN_DEAD);
        again = restart(p);
        tigress_pin_free(&p);
        p = again;
        assert_int_equal(tigress_pin_tries_left(p), TIGRESS_PIN_TRIES_MAX - i);
    }
    assert_true(tigress_pin_is_dead(p));
    tigress_pin_free(&p);
}

static void restart__after_the_right_pin__still_passed(void **state)
{
    struct tigress_pin *p = *state;
    struct tigress_pin *again = NULL;

    assert_int_equal(try_one(p, PIN), TIGRESS_PIN_RIGHT);
    again = restart(p);
    assert_true(tigress_pin_is_passed(again));
    assert_int_equal(tigress_pin_begin_try(again, PIN), TIGRESS_E_STATE);
    tigress_pin_free(&again);
}

static void new__what_it_does_not_take__refused_and_untouched(void **state)
{
    struct tigress_pin *p = NULL;

    (void)state;
    assert_int_equal(tigress_pin_new(&p, "12345", 0, NULL, NULL), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_pin_new(&p, "1234567890123", 0, NULL, NULL), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_pin_new(&p, "123 456", 0, NULL, NULL), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_pin_new(&p, NULL, 0, NULL, NULL), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_pin_new(NULL, PIN, 0, NULL, NULL), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_pin_new(&p, PIN, TIGRESS_PIN_TRIES_MAX + 1, NULL, NULL),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_pin_new(&p, PIN, 0, broken, NULL), TIGRESS_E_RANDOM);
    assert_null(p);
    tigress_pin_free(&p);
    tigress_pin_free(NULL);
    assert_true(tigress_pin_is_dead(NULL));
    assert_false(tigress_pin_is_passed(NULL));
    assert_int_equal(tigress_pin_digits(NULL), 0);
    assert_int_equal(tigress_pin_tries_left(NULL), 0);
}

/* ---- saved state ---------------------------------------------------------------------------- */

static void save__twice_the_same_pin__different_state_and_no_digits(void **state)
{
    struct tigress_pin *p = *state;
    struct tigress_pin *other = NULL;
    unsigned char *a = NULL, *b = NULL;
    size_t a_len = 0, b_len = 0;

    assert_int_equal(tigress_pin_new(&other, PIN, 0, NULL, NULL), TIGRESS_OK);
    assert_int_equal(tigress_pin_save(p, &a, &a_len), TIGRESS_OK);
    assert_int_equal(tigress_pin_save(other, &b, &b_len), TIGRESS_OK);
    assert_memory_not_equal(a + 10, b + 10, 32); /* the key */
    assert_memory_not_equal(a + 42, b + 42, 32); /* the check value */
    assert_null(memmem(a, a_len, PIN, strlen(PIN)));
    tigress_free(a, a_len);
    tigress_free(b, b_len);
    tigress_pin_free(&other);
}

static void resume__every_cut_and_every_changed_bit__refused(void **state)
{
    struct tigress_pin *p = *state;
    struct tigress_pin *again = NULL;
    unsigned char *saved = NULL;
    size_t len = 0;

    assert_int_equal(tigress_pin_save(p, &saved, &len), TIGRESS_OK);
    for (size_t cut = 0; cut < len; cut++) {
        char why[TIGRESS_TEXT_MAX] = "";

        assert_int_equal(tigress_pin_resume(&again, saved, cut, why, sizeof(why)),
                         TIGRESS_E_SAVED_STATE);
        assert_true(strlen(why) > 10);
    }
    for (size_t bit = 0; bit < len * 8; bit++) {
        saved[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        assert_int_equal(tigress_pin_resume(&again, saved, len, NULL, 0), TIGRESS_E_SAVED_STATE);
        saved[bit / 8] ^= (unsigned char)(1u << (bit % 8));
    }
    assert_null(again);
    assert_int_equal(tigress_pin_resume(&again, NULL, 0, NULL, 0), TIGRESS_E_SAVED_STATE);
    assert_int_equal(tigress_pin_resume(&again, NULL, 1, NULL, 0), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_pin_resume(NULL, saved, len, NULL, 0), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_pin_resume(&again, saved, len, NULL, 0), TIGRESS_OK);
    tigress_pin_free(&again);
    tigress_free(saved, len);
}

static void resume__one_byte_more__refused(void **state)
{
    struct tigress_pin *p = *state;
    struct tigress_pin *again = NULL;
    unsigned char longer[SAVED_LEN + 1] = { 0 };
    unsigned char *saved = NULL;
    size_t len = 0;

    assert_int_equal(tigress_pin_save(p, &saved, &len), TIGRESS_OK);
    memcpy(longer, saved, SAVED_LEN);
    assert_int_equal(tigress_pin_resume(&again, longer, sizeof(longer), NULL, 0),
                     TIGRESS_E_SAVED_STATE);
    assert_null(again);
    tigress_free(saved, len);
}

/* ---- texts that must not contain it --------------------------------------------------------- */

static enum tigress_error look(const struct tigress_pin *p, const char *text)
{
    return tigress_pin_check_text(p, text, strlen(text));
}

/* spec-test: protocol/7#pin-not-in-message */
static void check_text__the_pin_in_any_usual_form__found(void **state)
{
    struct tigress_pin *p = *state;
    static const char *const texts[] = {
        PIN,
        "{\"format\":\"x\",\"content\":{\"pin\":\"493027\"}}",
        "{\"pin\":493027}",
        "the PIN is 493 027.",
        "4-9-3-0-2-7",
        "493.027",
        "https://relay.example/v1/m/9d7e6f0c-6a8e-4f4e-9b7a-0c4b6b0c2f11?v=493027#x",
        "0493027",
        "4930277",
        "49302493027",
    };

    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        assert_int_equal(look(p, texts[i]), TIGRESS_E_MESSAGE);
    }
    assert_int_equal(tigress_pin_check_text(p, "\0" PIN, 7), TIGRESS_E_MESSAGE);
}

static void check_text__other_digits__pass(void **state)
{
    struct tigress_pin *p = *state;
    static const char *const texts[] = {
        "",         "49302",    "493028", "49302a7",
        "493  027", "493\n027", "720394", "{\"notAfter\":\"2026-12-07T20:00:00Z\",\"digits\":6}",
    };

    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        assert_int_equal(look(p, texts[i]), TIGRESS_OK);
    }
    assert_int_equal(tigress_pin_check_text(p, NULL, 0), TIGRESS_OK);
    assert_int_equal(tigress_pin_check_text(p, NULL, 1), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_pin_check_text(NULL, "x", 1), TIGRESS_E_ARGUMENT);
}

static void check_text__after_a_restart_and_with_twelve_digits__still_found(void **state)
{
    struct tigress_pin *p = NULL, *again = NULL;

    (void)state;
    assert_int_equal(tigress_pin_new(&p, "123456789012", 0, NULL, NULL), TIGRESS_OK);
    again = restart(p);
    assert_int_equal(tigress_pin_digits(again), 12);
    assert_int_equal(look(again, "999123456789012999"), TIGRESS_E_MESSAGE);
    assert_int_equal(look(again, "12345678901"), TIGRESS_OK);
    tigress_pin_free(&again);
    tigress_pin_free(&p);
}

static void check_text__longest_text_and_one_byte_more(void **state)
{
    struct tigress_pin *p = *state;
    const size_t max = 1024 * 1024;
    char *text = malloc(max + 1);

    assert_non_null(text);
    memset(text, 'x', max + 1);
    assert_int_equal(tigress_pin_check_text(p, text, max), TIGRESS_OK);
    memcpy(text + max - strlen(PIN), PIN, strlen(PIN));
    assert_int_equal(tigress_pin_check_text(p, text, max), TIGRESS_E_MESSAGE);
    assert_int_equal(tigress_pin_check_text(p, text, max + 1), TIGRESS_E_LIMIT);
    free(text);
}

/* ---- constant time -------------------------------------------------------------------------- */

static unsigned compare_count;
static size_t compare_len;

bool __real_tg_ct_equal(struct tg_bytes a, struct tg_bytes b);
bool __wrap_tg_ct_equal(struct tg_bytes a, struct tg_bytes b);

bool __wrap_tg_ct_equal(struct tg_bytes a, struct tg_bytes b)
{
    compare_count++;
    compare_len = a.len == b.len ? a.len : 0;
    return __real_tg_ct_equal(a, b);
}

/* Shown without measuring time: for all digits exactly one comparison runs. It is the constant-time
   one, over values of the same length. spec-test: protocol/7#pin-constant-time */
static void end_try__any_digits__one_constant_time_comparison_of_one_length(void **state)
{
    static const char *const typed[] = { "000000", "493028", "093027", "493027" };
    struct tigress_pin *p = *state;

    for (size_t i = 0; i < TG_COUNT(typed); i++) {
        enum tigress_pin_verdict verdict = TIGRESS_PIN_DEAD;

        assert_int_equal(tigress_pin_begin_try(p, typed[i]), TIGRESS_OK);
        keep(p);
        compare_count = 0;
        assert_int_equal(tigress_pin_end_try(p, &verdict), TIGRESS_OK);
        assert_int_equal(compare_count, 1);
        assert_int_equal(compare_len, 32);
    }
    assert_true(tigress_pin_is_passed(p));
}

/* ---- failures of memory and of libraries ---------------------------------------------------- */

FAIL_WRAP(void *, NULL, tg_mem_calloc, (size_t count, size_t size), (count, size))
FAIL_WRAP(void *, NULL, tg_mem_grow, (void *old, size_t old_size, size_t new_size),
          (old, old_size, new_size))
FAIL_WRAP(enum tg_err, TG_E_CRYPTO, tg_hmac_sha256,
          (uint8_t out[TG_SHA256_LEN], struct tg_bytes key, const struct tg_bytes *parts,
           size_t part_count),
          (out, key, parts, part_count))

static bool is_machine_error(enum tigress_error error)
{
    return error == TIGRESS_E_NOMEM || error == TIGRESS_E_RANDOM;
}

static void new_save_and_resume__every_call_fails_once__nothing_leaks(void **state)
{
    bool is_done = false;

    (void)state;
    for (unsigned n = 1; !is_done; n++) {
        struct tigress_pin *p = NULL, *again = NULL;
        unsigned char *saved = NULL;
        size_t len = 0;
        enum tigress_error error;

        fail_at(n);
        error = tigress_pin_new(&p, PIN, 0, NULL, NULL);
        if (error == TIGRESS_OK) {
            error = tigress_pin_save(p, &saved, &len);
        }
        if (error == TIGRESS_OK) {
            error = tigress_pin_resume(&again, saved, len, NULL, 0);
        }
        fail_at(0);
        is_done = !fail_reached();
        assert_true(is_done ? error == TIGRESS_OK : is_machine_error(error));
        assert_true(is_done == (again != NULL));
        assert_true(n < 20);
        tigress_free(saved, len);
        tigress_pin_free(&again);
        tigress_pin_free(&p);
    }
}

static void begin_try__crypto_fails__counted_and_no_verdict(void **state)
{
    struct tigress_pin *p = *state;
    enum tigress_pin_verdict verdict = TIGRESS_PIN_DEAD;

    fail_at(1);
    assert_int_equal(tigress_pin_begin_try(p, PIN), TIGRESS_E_RANDOM);
    fail_at(0);
    keep(p);
    assert_int_equal(tigress_pin_end_try(p, &verdict), TIGRESS_E_STATE);
    assert_int_equal(verdict, TIGRESS_PIN_DEAD);
    assert_int_equal(tigress_pin_tries_left(p), TIGRESS_PIN_TRIES_DEFAULT - 1);
    assert_int_equal(try_one(p, PIN), TIGRESS_PIN_RIGHT);
}

static void save__fails_after_a_try_was_begun__no_verdict_until_one_works(void **state)
{
    struct tigress_pin *p = *state;
    enum tigress_pin_verdict verdict = TIGRESS_PIN_DEAD;
    unsigned char *saved = NULL;
    size_t len = 0;

    assert_int_equal(tigress_pin_begin_try(p, PIN), TIGRESS_OK);
    fail_at(1);
    assert_true(is_machine_error(tigress_pin_save(p, &saved, &len)));
    fail_at(0);
    assert_null(saved);
    assert_int_equal(tigress_pin_end_try(p, &verdict), TIGRESS_E_STATE);
    keep(p);
    assert_int_equal(tigress_pin_end_try(p, &verdict), TIGRESS_OK);
    assert_int_equal(verdict, TIGRESS_PIN_RIGHT);
}

static void check_text__crypto_fails__not_taken_for_clean(void **state)
{
    struct tigress_pin *p = *state;

    fail_at(1);
    assert_int_equal(look(p, "493028"), TIGRESS_E_RANDOM);
    fail_at(0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generate__every_length__that_many_digits),
        cmocka_unit_test(generate__no_length_asked__six_digits),
        cmocka_unit_test(generate__one_digit_below_or_above__refused),
        cmocka_unit_test(generate__leading_zeros__are_kept),
        cmocka_unit_test(generate__a_draw_past_the_last_multiple__is_thrown_away),
        cmocka_unit_test(generate__broken_random_source__no_pin),
        cmocka_unit_test(generate__many__each_digit_as_often_at_each_place),
        cmocka_unit_test(show__groups_of_three__no_digit_alone),
        cmocka_unit_test(normalise__as_people_type__digits_alone),
        cmocka_unit_test(normalise__anything_else__refused_and_empty),
        cmocka_unit_test(normalise__longest_text_and_one_byte_more),
        CASE(try__right_pin__passes_and_takes_no_more),
        CASE(try__wrong_to_the_limit__dead_and_the_right_one_no_longer_helps),
        CASE(try__right_at_the_last_one__passes),
        CASE(try__no_pin_of_this_length__not_counted),
        CASE(end_try__not_saved_before__no_verdict),
        CASE(restart__in_the_middle_of_a_try__that_try_is_lost),
        cmocka_unit_test(restart__in_the_middle_of_the_last_try__dead),
        cmocka_unit_test(restart__after_every_try__the_limit_holds),
        CASE(restart__after_the_right_pin__still_passed),
        cmocka_unit_test(new__what_it_does_not_take__refused_and_untouched),
        CASE(save__twice_the_same_pin__different_state_and_no_digits),
        CASE(resume__every_cut_and_every_changed_bit__refused),
        CASE(resume__one_byte_more__refused),
        CASE(check_text__the_pin_in_any_usual_form__found),
        CASE(check_text__other_digits__pass),
        cmocka_unit_test(check_text__after_a_restart_and_with_twelve_digits__still_found),
        CASE(check_text__longest_text_and_one_byte_more),
        CASE(end_try__any_digits__one_constant_time_comparison_of_one_length),
        cmocka_unit_test(new_save_and_resume__every_call_fails_once__nothing_leaks),
        CASE(begin_try__crypto_fails__counted_and_no_verdict),
        CASE(save__fails_after_a_try_was_begun__no_verdict_until_one_works),
        CASE(check_text__crypto_fails__not_taken_for_clean),
    };

    return cmocka_run_group_tests_name("client.pin", tests, NULL, NULL);
}
