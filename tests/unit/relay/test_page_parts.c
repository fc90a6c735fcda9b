/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a page: language, words, dates, text of strangers, colours. */
#include "support/c/unit.h"

#include "base/harmful.h"
#include "base/utf8.h"
#include "relay/page/colour.h"
#include "relay/page/date.h"
#include "relay/page/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- language ------------------------------------------------------------------------------- */

/* spec-test: protocol/5#language */
static void reader_of__accept_language__by_quality_order_and_range(void **state)
{
    static const struct {
        const char *header;
        enum tg_page_language want;
    } rows[] = {
        { "", TG_PAGE_EN },
        { "de", TG_PAGE_DE },
        { "DE-at", TG_PAGE_DE },
        { "fr-CA, de;q=0.9", TG_PAGE_FR },
        { "en;q=0.5, ja", TG_PAGE_JA },
        { "en;q=0.5, ja;q=0.6, ko;q=0.7", TG_PAGE_KO },
        { "it;q=0.8,es;q=0.8", TG_PAGE_IT },
        { "es;q=0.8,it;q=0.8", TG_PAGE_ES },
        { "sv, nb;q=0.9, pt-BR;q=0.1", TG_PAGE_PT },
        { "sv, *;q=0.5", TG_PAGE_EN },
        { "*", TG_PAGE_EN },
        { "en;q=0, *", TG_PAGE_DE },
        { "de;q=0", TG_PAGE_EN },
        { "he;q=1.000", TG_PAGE_HE },
        { "iw-IL", TG_PAGE_HE },
        { "ar-EG-u-nu-latn", TG_PAGE_AR },
        { "zh", TG_PAGE_ZH_HANS },
        { "zh-CN", TG_PAGE_ZH_HANS },
        { "zh-Hans-SG", TG_PAGE_ZH_HANS },
        { "zh-TW, fr;q=0.1", TG_PAGE_FR },
        { "zh-Hant-HK", TG_PAGE_EN },
        { "zh-TW,zh;q=0.9,en;q=0.8", TG_PAGE_ZH_HANS },
        { "de;q=1.001, fr;q=0.2", TG_PAGE_FR },
        { "de;q=2, fr;q=0.2", TG_PAGE_FR },
        { "de;q=x, fr;q=0.2", TG_PAGE_FR },
        { "de;q=0.1234, fr;q=0.2", TG_PAGE_FR },
        { "de;level=1, fr;q=0.2", TG_PAGE_FR },
        { " \t de ; q = 0.9 , fr;q=0.2", TG_PAGE_DE },
        { ",,;,de", TG_PAGE_DE },
        { "dee", TG_PAGE_EN },
        { "d", TG_PAGE_EN },
        { "-", TG_PAGE_EN },
        { "-de", TG_PAGE_EN },
        { "de-DE;q=0.4, en;q=0.5, de;q=0.6", TG_PAGE_DE },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tg_page_reader reader = tg_page_reader_of(tg_bytes_str(rows[i].header), TG_LIT(""));

        if (reader.language != rows[i].want) {
            fail_msg("%s: %s", rows[i].header, tg_page_language_tag(reader.language));
        }
    }
}

/* spec-test: protocol/5#device */
static void reader_of__user_agent__its_device(void **state)
{
    static const struct {
        const char *header;
        enum tg_page_device want;
    } rows[] = {
        { "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) WhatsApp", TG_PAGE_IOS },
        { "Mozilla/5.0 (iPad; CPU OS 12_0 like Mac OS X)", TG_PAGE_IOS },
        { "Mozilla/5.0 (Linux; Android 14; Pixel 8) [FBAN/FB4A]", TG_PAGE_ANDROID },
        { "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", TG_PAGE_COMPUTER },
        { "", TG_PAGE_COMPUTER },
        { "iPhon", TG_PAGE_COMPUTER },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        assert_int_equal(tg_page_reader_of(TG_LIT(""), tg_bytes_str(rows[i].header)).device,
                         rows[i].want);
    }
}

/* ---- words ---------------------------------------------------------------------------------- */

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

/* spec-test: protocol/5#foreign-text */
static void line__joiners__stay_where_they_have_an_effect(void **state)
{
    static const char *const rows[][2] = {
        /* A family, a rainbow flag and a judge of a skin colour are one picture each. */
        { "\xf0\x9f\x91\xa8\u200d\xf0\x9f\x91\xa9\u200d\xf0\x9f\x91\xa7", NULL },
        { "\xf0\x9f\x8f\xb3\ufe0f\u200d\xf0\x9f\x8c\x88", NULL },
        { "\xf0\x9f\x91\xa9\xf0\x9f\x8f\xbd\u200d\u2696\ufe0f", NULL },
        /* Persian "I want", and with a vowel sign in front. */
        { "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", NULL },
        { "\u0645\u06cc\u064e\u200c\u062e", NULL },
        /* Hindi and Sinhala. */
        { "\u0915\u094d\u200d\u0937", NULL },
        { "\u0915\u094d\u200c\u0937", NULL },
        { "\u0dc1\u0dca\u200d\u0dbb\u0dd3", NULL },
        /* Everywhere else nobody would see them. */
        { "a\u200db\u200cc", "abc" },
        { "\u200d\xf0\x9f\x91\xa8\u200d", "\xf0\x9f\x91\xa8" },
        { "\xf0\x9f\x91\xa8\u200d\u200d\xf0\x9f\x91\xa9",
          "\xf0\x9f\x91\xa8\u200d\xf0\x9f\x91\xa9" },
        { "\xf0\x9f\x91\xa8\u200d a", "\xf0\x9f\x91\xa8 a" },
        { "\u0627\u200c\u0628", "\u0627\u0628" }, /* alef does not join on */
        { "\u0628\u200c", "\u0628" },
        { "\u0628\u200c ", "\u0628" },
        { "\u0628\u200d\u0628", "\u0628\u0628" },
        { "\u0915\u094d\u200dx", "\u0915\u094dx" },
        { "\u0915\u200d\u0937", "\u0915\u0937" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tg_buf out;

        tg_buf_init(&out, 1024);
        tg_page_put_line(&out, tg_bytes_str(rows[i][0]), 256, SIZE_MAX);
        if (strcmp(tg_buf_cstr(&out), rows[i][rows[i][1] != NULL]) != 0) {
            fail_msg("row %zu: %s", i, tg_buf_cstr(&out));
        }
        tg_buf_deinit(&out);
    }
}

static size_t length_of(const char *text)
{
    size_t count = 0;
    uint32_t code = 0;

    for (struct tg_bytes rest = tg_bytes_str(text); rest.len > 0; count++) {
        size_t len = tg_utf8_first(rest, &code);

        assert_int_not_equal(len, 0);
        assert_false(tg_text_is_harmful(code));
        rest = tg_bytes_from(rest, len);
    }
    return count;
}

static void assert_plain(const char *text)
{
    assert_non_null(text);
    assert_null(strpbrk(text, "&<>\"\n"));
    assert_true(length_of(text) > 0);
    assert_true(text[0] != ' ' && text[strlen(text) - 1] != ' ');
}

static void check_words(const struct tg_page_words *words, const char *tag)
{
    const struct tg_page_words *english = tg_page_words(TG_PAGE_EN);

    for (unsigned i = 0; i < TG_W_COUNT; i++) {
        size_t len = 0, want = length_of(english->text[i]);

        if (words->text[i] == NULL) {
            fail_msg("%s: message %u is missing", tag, i);
        }
        assert_plain(words->text[i]);
        len = length_of(words->text[i]);
        /* Ideographs need a fifth of the letters, German twice as many. */
        if (len * 6 < want || len > want * 2 + 12) {
            fail_msg("%s: message %u has %zu characters, English %zu", tag, i, len, want);
        }
        for (size_t k = 0; k < 5; k++) {
            static const char *const places[] = { "{}", "{w}", "{d}", "{m}", "{y}" };

            assert_int_equal(count_of(words->text[i], places[k]),
                             count_of(english->text[i], places[k]));
        }
    }
}

static void check_counts(const struct tg_page_words *words)
{
    for (unsigned unit = 0; unit < TG_UNIT_COUNT; unit++) {
        assert_plain(words->left[unit][TG_OTHER]);
        assert_int_equal(count_of(words->left[unit][TG_OTHER], "{}"), 1);
        for (uint64_t count = 1; count < 3000; count++) {
            const char *text = words->left[unit][words->plural(count)];

            /* A form that stands for one number may have it in a word. */
            assert_true(text == NULL || count <= 2 || count_of(text, "{}") == 1);
        }
    }
}

static void words__each_language__complete_and_of_sane_length(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TG_PAGE_LANGUAGE_COUNT; i++) {
        const struct tg_page_words *words = tg_page_words((enum tg_page_language)i);
        const char *tag = tg_page_language_tag((enum tg_page_language)i);

        check_words(words, tag);
        check_counts(words);
        for (size_t k = 0; k < 12; k++) {
            assert_plain(words->months[k]);
        }
        for (size_t k = 0; k < 7; k++) {
            assert_plain(words->weekdays[k]);
        }
        assert_string_equal(words->status, "not reviewed by a speaker");
        assert_int_equal(words->is_right_to_left, i == TG_PAGE_AR || i == TG_PAGE_HE);
    }
}

/* After the sweep nobody knows which of the two it was. */
static void words__unknown_link__both_that_it_expired_and_that_it_never_was(void **state)
{
    static const struct {
        const char *expired, *never;
    } wants[TG_PAGE_LANGUAGE_COUNT] = {
        [TG_PAGE_EN] = { "Expired", "never existed" },
        [TG_PAGE_DE] = { "Abgelaufen", "gab sie nie" },
        [TG_PAGE_FR] = { "Expirée", "jamais existé" },
        [TG_PAGE_ES] = { "Caducada", "nunca existió" },
        [TG_PAGE_IT] = { "Scaduto", "mai esistito" },
        [TG_PAGE_PT] = { "Expirado", "nunca existiu" },
        [TG_PAGE_JA] = { "期限切れ", "もともと存在しません" },
        [TG_PAGE_KO] = { "만료", "존재한 적이 없습니다" },
        [TG_PAGE_ZH_HANS] = { "已过期", "从未存在" },
        [TG_PAGE_AR] = { "انتهت صلاحيتها", "لم تكن موجودة قط" },
        [TG_PAGE_HE] = { "פג תוקפה", "מעולם לא הייתה" },
    };

    (void)state;
    for (unsigned i = 0; i < TG_PAGE_LANGUAGE_COUNT; i++) {
        const char *title = tg_page_words((enum tg_page_language)i)->text[TG_W_UNKNOWN_TITLE];

        assert_non_null(strstr(title, wants[i].expired));
        assert_non_null(strstr(title, wants[i].never));
    }
}

/* Both write wide letters, with commas and colons as wide as these. */
static void words__chinese_and_japanese__their_own_punctuation(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TG_W_COUNT; i++) {
        assert_null(strpbrk(tg_page_words(TG_PAGE_ZH_HANS)->text[i], ",:;"));
        assert_null(strpbrk(tg_page_words(TG_PAGE_JA)->text[i], ",:;"));
    }
}

static void words__languages__differ_from_english(void **state)
{
    (void)state;
    for (unsigned i = 1; i < TG_PAGE_LANGUAGE_COUNT; i++) {
        const struct tg_page_words *words = tg_page_words((enum tg_page_language)i);

        for (unsigned k = 0; k < TG_W_COUNT; k++) {
            const char *english = tg_page_words(TG_PAGE_EN)->text[k];

            if (k != TG_W_COMPUTER && k != TG_W_DATE) {
                assert_string_not_equal(words->text[k], english);
            }
        }
    }
}

/* ---- dates ---------------------------------------------------------------------------------- */

static void date__each_language__its_own_order(void **state)
{
    static const char *const wants[TG_PAGE_LANGUAGE_COUNT] = {
        [TG_PAGE_EN] = "Tuesday 1 January 2030,",
        [TG_PAGE_DE] = "Dienstag, 1. Januar 2030,",
        [TG_PAGE_FR] = "mardi 1 janvier 2030,",
        [TG_PAGE_ES] = "martes, 1 de enero de 2030,",
        [TG_PAGE_IT] = "martedì 1 gennaio 2030,",
        [TG_PAGE_PT] = "terça-feira, 1 de janeiro de 2030,",
        [TG_PAGE_JA] = "2030年1月1日(火曜日)",
        [TG_PAGE_KO] = "2030년 1월 1일 화요일",
        [TG_PAGE_ZH_HANS] = "2030年1月1日 星期二",
        [TG_PAGE_AR] = "الثلاثاء، 1 يناير 2030،",
        [TG_PAGE_HE] = "יום שלישי, 1 בינואר 2030,",
    };

    (void)state;
    for (unsigned i = 0; i < TG_PAGE_LANGUAGE_COUNT; i++) {
        struct tg_buf out;

        tg_buf_init(&out, 4096);
        tg_page_put_date(&out, tg_page_words((enum tg_page_language)i), 1893456000, 0);
        assert_non_null(strstr(tg_buf_cstr(&out), wants[i]));
        assert_non_null(strstr(tg_buf_cstr(&out), " <bdi dir=ltr>00:00 UTC</bdi></time>"));
        tg_buf_deinit(&out);
    }
}

static void date__offset__local_time_with_its_distance(void **state)
{
    static const struct {
        int32_t offset_s;
        const char *want;
    } rows[] = {
        { 0, "Tuesday 1 January 2030, <bdi dir=ltr>00:00 UTC</bdi>" },
        { 3600, "Tuesday 1 January 2030, <bdi dir=ltr>01:00 UTC+1</bdi>" },
        { 20700, "Tuesday 1 January 2030, <bdi dir=ltr>05:45 UTC+5:45</bdi>" },
        { -12600, "Monday 31 December 2029, <bdi dir=ltr>20:30 UTC−3:30</bdi>" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tg_buf out;

        tg_buf_init(&out, 4096);
        tg_page_put_date(&out, tg_page_words(TG_PAGE_EN), 1893456000, rows[i].offset_s);
        assert_non_null(strstr(tg_buf_cstr(&out), "datetime=\"2030-01-01T00:00:00Z\""));
        assert_non_null(strstr(tg_buf_cstr(&out), rows[i].want));
        tg_buf_deinit(&out);
    }
}

static void left__each_size__rounded_down_in_the_right_form(void **state)
{
    static const struct {
        enum tg_page_language language;
        int64_t left_s;
        const char *want;
    } rows[] = {
        { TG_PAGE_EN, -5, "Less than a minute left" },
        { TG_PAGE_EN, 59, "Less than a minute left" },
        { TG_PAGE_EN, 60, "1 minute left" },
        { TG_PAGE_EN, 89 * 60 + 59, "89 minutes left" },
        { TG_PAGE_EN, 90 * 60, "1 hour left" },
        { TG_PAGE_EN, 48 * 3600 - 1, "47 hours left" },
        { TG_PAGE_EN, 48 * 3600, "2 days left" },
        { TG_PAGE_AR, 2 * 86400, "تبقّى يومان" },
        { TG_PAGE_AR, 3 * 86400, "تبقّت 3 أيام" },
        { TG_PAGE_AR, 11 * 86400, "تبقّى 11 يومًا" },
        { TG_PAGE_AR, 100 * 86400, "تبقّى 100 يوم" },
        { TG_PAGE_HE, 2 * 3600, "נותרו שעתיים" },
        { TG_PAGE_JA, 2 * 3600, "残り2時間" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tg_buf out;

        tg_buf_init(&out, 4096);
        tg_page_put_left(&out, tg_page_words(rows[i].language), rows[i].left_s);
        assert_string_equal(tg_buf_cstr(&out), rows[i].want);
        tg_buf_deinit(&out);
    }
}

/* ---- text of strangers ---------------------------------------------------------------------- */

#define ZALGO "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81"

/* spec-test: protocol/5#foreign-text */
static void text__of_a_stranger__cleaned_and_escaped(void **state)
{
    static const struct {
        const char *text, *line, *lines;
    } rows[] = {
        { "plain", "plain", "plain" },
        { "<&>\"'", "&lt;&amp;&gt;&quot;&#39;", "&lt;&amp;&gt;&quot;&#39;" },
        { "a\xe2\x80\xae"
          "b\xe2\x81\xa6"
          "c",
          "abc", "abc" }, /* override, isolate */
        { "a\xe2\x80\x8b\xe2\x80\x8d\xef\xbb\xbf"
          "b",
          "ab", "ab" }, /* zero width */
        { "a\xf3\xa0\x81\xa1"
          "b",
          "ab", "ab" }, /* a tag */
        { "a\xc2\x9b"
          "b\x01",
          "a\xef\xbf\xbd"
          "b\xef\xbf\xbd",
          "a\xef\xbf\xbd"
          "b\xef\xbf\xbd" },
        { "a\xff"
          "b\xc3",
          "a\xef\xbf\xbd"
          "b\xef\xbf\xbd",
          "a\xef\xbf\xbd"
          "b\xef\xbf\xbd" },
        { "a\nb\r\nc\rd", "a b c d", "a<br>b<br>c<br>d" },
        { "a\xe2\x80\xa8"
          "b\xc2\x85"
          "c",
          "a b c", "a<br>b<br>c" },
        { "\n\n a \n\n\n\n b \n", "a b", "a<br><br>b" },
        { "a \t  b", "a b", "a b" },
        { ZALGO "\xcc\x81\xcc\x81x", ZALGO "x", ZALGO "x" },
        { "\xf0\x9f\x94\x91\xef\xb8\x8f", "\xf0\x9f\x94\x91\xef\xb8\x8f",
          "\xf0\x9f\x94\x91\xef\xb8\x8f" }, /* an emoji and its selector */
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tg_buf out;

        tg_buf_init(&out, 4096);
        tg_page_put_line(&out, tg_bytes_str(rows[i].text), 100, SIZE_MAX);
        assert_string_equal(tg_buf_cstr(&out), rows[i].line);
        tg_buf_clear(&out);
        tg_page_put_lines(&out, tg_bytes_str(rows[i].text), SIZE_MAX);
        assert_string_equal(tg_buf_cstr(&out), rows[i].lines);
        tg_buf_deinit(&out);
    }
}

static void text__longer_than_max__cut_between_characters(void **state)
{
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 4096);
    tg_page_put_line(&out, TG_LIT("\xc3\xa4\xc3\xb6\xc3\xbc"), 3, SIZE_MAX);
    assert_string_equal(tg_buf_cstr(&out), "\xc3\xa4\xc3\xb6\xc3\xbc");
    tg_buf_clear(&out);
    tg_page_put_line(&out, TG_LIT("\xc3\xa4\xc3\xb6\xc3\xbc"), 2, SIZE_MAX);
    assert_string_equal(tg_buf_cstr(&out), "\xc3\xa4\xc3\xb6\xe2\x80\xa6");
    tg_buf_deinit(&out);
}

static void text__longer_than_its_room__cut_between_characters(void **state)
{
    static const struct {
        const char *text;
        size_t room;
        const char *line, *lines;
    } rows[] = {
        { "ab", 2, "ab", "ab" },
        { "abc", 2, "ab\xe2\x80\xa6", "ab\xe2\x80\xa6" },
        { "a\"", 7, "a&quot;", "a&quot;" },
        { "a\"", 6, "a\xe2\x80\xa6", "a\xe2\x80\xa6" },
        { "a b", 2, "a\xe2\x80\xa6", "a\xe2\x80\xa6" },
        { "a\n\n\nb", 10, "a b", "a<br><br>b" },
        { "a\nb", 5, "a b", "a\xe2\x80\xa6" },
        { "\xc3\xa4", 1, "\xe2\x80\xa6", "\xe2\x80\xa6" },
        { "\xff", 2, "\xe2\x80\xa6", "\xe2\x80\xa6" },
        { "a \n ", 1, "a", "a" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        struct tg_buf out;

        tg_buf_init(&out, 64);
        tg_page_put_line(&out, tg_bytes_str(rows[i].text), 100, rows[i].room);
        assert_string_equal(tg_buf_cstr(&out), rows[i].line);
        tg_buf_clear(&out);
        tg_page_put_lines(&out, tg_bytes_str(rows[i].text), rows[i].room);
        assert_string_equal(tg_buf_cstr(&out), rows[i].lines);
        tg_buf_deinit(&out);
    }
}

static void is_blank__what_nobody_sees__is_blank(void **state)
{
    (void)state;
    assert_true(tg_page_is_blank(TG_LIT("")));
    assert_true(tg_page_is_blank(TG_LIT(" \n\t\xe2\x80\x8b\xe2\x80\xae")));
    assert_false(tg_page_is_blank(TG_LIT(" x")));
    assert_false(tg_page_is_blank(TG_LIT("\xff")));
}

/* ---- colours -------------------------------------------------------------------------------- */

static void colour__text__parsed_or_refused(void **state)
{
    static const char *const bad[] = { "", "#", "#12345", "#1234567", "123456", "#12345g", "red" };
    struct tg_colour colour = { { 1, 2, 3 } };
    char text[TG_COLOUR_TEXT_LEN + 1];

    (void)state;
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        assert_int_equal(tg_colour_parse(&colour, tg_bytes_str(bad[i])), TG_E_SYNTAX);
    }
    assert_int_equal(tg_colour_parse(&colour, TG_LIT("#0aF9c3")), TG_OK);
    tg_colour_format(text, colour);
    assert_string_equal(text, "#0af9c3");
}

static void colour__contrast__that_of_the_definition(void **state)
{
    static const struct tg_colour black = { { 0, 0, 0 } }, white = { { 255, 255, 255 } },
                                  grey = { { 0x76, 0x76, 0x76 } };

    (void)state;
    assert_in_range(tg_colour_contrast(black, white), 2090, 2110);
    assert_in_range(tg_colour_contrast(white, black), 2090, 2110);
    assert_in_range(tg_colour_contrast(white, grey), 450, 458); /* 4.54 */
    assert_in_range(tg_colour_contrast(grey, grey), 100, 100);
}

/* spec-test: protocol/5#readable */
static void colour__every_colour_of_an_operator__readable(void **state)
{
    static const struct tg_colour grounds[] = { { { 255, 255, 255 } }, { { 0x10, 0x13, 0x14 } } };
    static const struct tg_colour inks[] = { { { 0, 0, 0 } }, { { 255, 255, 255 } } };

    (void)state;
    for (unsigned i = 0; i < 4096; i++) {
        struct tg_colour colour = { { (uint8_t)(i % 16 * 17), (uint8_t)(i / 16 % 16 * 17),
                                      (uint8_t)(i / 256 * 17) } };

        for (size_t k = 0; k < 2; k++) {
            struct tg_colour found = tg_colour_readable(colour, grounds[k], inks[k], 500);

            assert_true(tg_colour_contrast(found, grounds[k]) >= 500);
            if (tg_colour_contrast(colour, grounds[k]) >= 500) {
                assert_memory_equal(&found, &colour, sizeof(colour));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_of__accept_language__by_quality_order_and_range),
        cmocka_unit_test(reader_of__user_agent__its_device),
        cmocka_unit_test(line__joiners__stay_where_they_have_an_effect),
        cmocka_unit_test(words__each_language__complete_and_of_sane_length),
        cmocka_unit_test(words__unknown_link__both_that_it_expired_and_that_it_never_was),
        cmocka_unit_test(words__chinese_and_japanese__their_own_punctuation),
        cmocka_unit_test(words__languages__differ_from_english),
        cmocka_unit_test(date__each_language__its_own_order),
        cmocka_unit_test(date__offset__local_time_with_its_distance),
        cmocka_unit_test(left__each_size__rounded_down_in_the_right_form),
        cmocka_unit_test(text__of_a_stranger__cleaned_and_escaped),
        cmocka_unit_test(text__longer_than_max__cut_between_characters),
        cmocka_unit_test(text__longer_than_its_room__cut_between_characters),
        cmocka_unit_test(is_blank__what_nobody_sees__is_blank),
        cmocka_unit_test(colour__text__parsed_or_refused),
        cmocka_unit_test(colour__contrast__that_of_the_definition),
        cmocka_unit_test(colour__every_colour_of_an_operator__readable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
