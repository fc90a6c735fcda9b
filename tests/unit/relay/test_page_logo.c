/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "relay/page/logo.h"

#include <string.h>

#define SVG(inner) "<svg viewBox=\"0 0 9 9\">" inner "</svg>"

static enum tg_err make(struct tg_buf *out, struct tg_bytes file, struct tg_fault *fault)
{
    *fault = (struct tg_fault){ "" };
    tg_buf_init(out, 65536);
    return tg_page_logo_make(out, file, fault);
}

static void assert_made(const char *file, const char *want)
{
    struct tg_fault fault;
    struct tg_buf out;

    if (make(&out, tg_bytes_str(file), &fault) != TG_OK) {
        fail_msg("refused: %s", fault.text);
    }
    assert_string_equal(tg_buf_cstr(&out), want);
    tg_buf_deinit(&out);
}

static void assert_refused(struct tg_bytes file, const char *what)
{
    struct tg_fault fault;
    struct tg_buf out;

    assert_int_not_equal(make(&out, file, &fault), TG_OK);
    if (strstr(fault.text, what) == NULL || strstr(fault.text, "(expected: ") == NULL ||
        fault.text[strlen(fault.text) - 1] != ')') {
        fail_msg("\"%s\" is not in: %s", what, fault.text);
    }
    assert_int_equal(out.len, 0);
    tg_buf_deinit(&out);
}

static void svg__shapes__written_anew(void **state)
{
    (void)state;
    assert_made(
        "\xef\xbb\xbf<?xml version='1.0'?>\n<!-- made by > hand -->\n"
        "<svg xmlns='http://www.w3.org/2000/svg' width='40px' viewBox='0 0 9 9'\n fill=\"#fff\">"
        "\n <g transform=\"rotate(45, 1 1)\" >\n<path d='M1 1h-2.5e3z'/></g></svg >\n",
        "<svg aria-hidden=\"true\" viewBox=\"0 0 9 9\" fill=\"#fff\"><g transform=\"rotate(45, "
        "1 1)\"><path d=\"M1 1h-2.5e3z\"/></g></svg>");
}

/* spec-test: protocol/5#logo */
static void svg__anything_but_shapes__refused(void **state)
{
    static const char *const rows[][2] = {
        { "", "no whole svg" },
        { "<svg viewBox=\"0 0 1 1\">", "no whole svg" },
        { "<svg/>", "no viewBox in svg" },
        { SVG("") SVG(""), "the element svg" },
        { SVG("<svg viewBox=\"0 0 1 1\"/>"), "the element svg" },
        { SVG("<script>alert(1)</script>"), "the element script" },
        { SVG("<SCRIPT/>"), "the element SCRIPT" },
        { SVG("<a href=\"https://x.example/\"><path d=\"M0 0\"/></a>"), "the element a" },
        { SVG("<foreignObject/>"), "the element foreignObject" },
        { SVG("<style>*{fill:red}</style>"), "the element style" },
        { SVG("<image href=\"x\"/>"), "the element image" },
        { SVG("<use href=\"#a\"/>"), "the element use" },
        { SVG("<animate/>"), "the element animate" },
        { SVG("<title>t</title>"), "the element title" },
        { "<!DOCTYPE svg [<!ENTITY a \"b\">]>" SVG(""), "the element !DOCTYPE" },
        { SVG("<![CDATA[<script>]]>"), "the element ![CDATA[" },
        { SVG("<path onload=\"a\"/>"), "the attribute onload" },
        { SVG("<path style=\"fill:red\"/>"), "the attribute style" },
        { SVG("<path class=\"b\"/>"), "the attribute class" },
        { SVG("<path id=\"b\"/>"), "the attribute id" },
        { SVG("<path xlink:href=\"b\"/>"), "the attribute xlink:href" },
        { SVG("<g xmlns=\"b\"/>"), "the attribute xmlns" },
        { SVG("<path fill=\"url(#a)\"/>"), "a value that is no number or colour in fill" },
        { SVG("<path fill=\"uRL(#a)\"/>"), "a value that is no number or colour in fill" },
        { SVG("<path fill=\"&#117;rl(#a)\"/>"), "a value that is no number or colour in fill" },
        { SVG("<path fill=\"u\\72l(#a)\"/>"), "a value that is no number or colour in fill" },
        { SVG("<path fill=\"javascript:a\"/>"), "a value that is no number or colour in fill" },
        { SVG("<path fill=\"a><script>\"/>"), "a value that is no number or colour in fill" },
        { SVG("<path fill=\"\"/>"), "a value that is no number or colour in fill" },
        { SVG("<path fill=red/>"), "no quotes around the attribute fill" },
        { SVG("<path fill/>"), "the attribute fill" },
        { SVG("<path fill=\"red\" fill=\"red\"/>"), "twice the attribute fill" },
        { SVG("<path fill=\"red\"d=\"M0 0\"/>"), "no end of the element path" },
        { SVG("<path fill=\"red"), "a value that is no number or colour in fill" },
        { SVG("<g><path></g></path>"), "a wrong end of the element g" },
        { SVG("") "</svg>", "a wrong end of the element svg" },
        { SVG("text"), "text: text</sv" },
        { SVG("&lt;"), "text: &lt;" },
        { SVG("<!-- -- >"), "no whole svg" },
        { SVG("<?php ?>"), "the element ?php" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        assert_refused(tg_bytes_str(rows[i][0]), rows[i][1]);
    }
    assert_refused(TG_LIT("<svg viewBox=\"0 0 1 1\" fill\0=\"a\"/>"), "the attribute fill");
    assert_refused(TG_LIT("<svg viewBox=\"0\0 0 1 1\"/>"), "a value that is no number");
}

static void svg__too_deep_or_too_long__refused(void **state)
{
    char file[TG_PAGE_LOGO_FILE_MAX + 2];
    struct tg_buf text;

    (void)state;
    for (unsigned depth = 15; depth <= 16; depth++) {
        tg_buf_init(&text, 8192);
        tg_buf_append_str(&text, "<svg viewBox=\"0 0 1 1\">");
        for (unsigned i = 0; i < 2 * depth; i++) {
            tg_buf_append_str(&text, i < depth ? "<g>" : "</g>");
        }
        tg_buf_append_str(&text, "</svg>");
        if (depth == 16) {
            assert_refused(tg_buf_view(&text), "the element g");
        } else {
            struct tg_fault fault;
            struct tg_buf out;

            assert_int_equal(make(&out, tg_buf_view(&text), &fault), TG_OK);
            tg_buf_deinit(&out);
        }
        tg_buf_deinit(&text);
    }
    memset(file, ' ', sizeof(file));
    assert_refused(TG_ARRAY_BYTES(file), "the SVG is too long");
    memset(file, '1', sizeof(file));
    tg_buf_init(&text, TG_PAGE_LOGO_FILE_MAX);
    tg_buf_append_str(&text, "<svg viewBox=\"");
    tg_buf_append(&text, tg_bytes(file, TG_PAGE_LOGO_MAX));
    tg_buf_append_str(&text, "\"/>");
    assert_refused(tg_buf_view(&text), "the drawing is too long");
    tg_buf_deinit(&text);
}

/* A PNG of one pixel. */
#define PNG_HEAD "\x89PNG\r\n\x1a\n"
#define PNG_IHDR "\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x00\0\0\0\x3a\x7e\x9b\x55"
#define PNG_IDAT "\0\0\0\x0aIDAT\x78\x9c\x63\x60\0\0\0\x02\0\x01\x48\xaf\xa4\x71"
#define PNG_IEND "\0\0\0\0IEND\xae\x42\x60\x82"

static void png__one_picture__data_in_an_img(void **state)
{
    struct tg_fault fault;
    struct tg_buf out;

    (void)state;
    assert_int_equal(make(&out, TG_LIT(PNG_HEAD PNG_IHDR PNG_IDAT PNG_IEND), &fault), TG_OK);
    assert_string_equal(
        tg_buf_cstr(&out),
        "<img alt=\"\" "
        "src=\"data:image/"
        "png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+"
        "kcQAAAABJRU5ErkJggg==\">");
    tg_buf_deinit(&out);
}

static void png__damaged__refused(void **state)
{
    static const struct tg_bytes rows[] = {
#define ROW(s) { (const uint8_t *)(s), sizeof(s) - 1 }
        ROW(PNG_HEAD),
        ROW(PNG_HEAD PNG_IHDR PNG_IDAT),
        ROW(PNG_HEAD PNG_IDAT PNG_IEND),
        ROW(PNG_HEAD PNG_IHDR PNG_IHDR PNG_IEND),
        ROW(PNG_HEAD PNG_IHDR PNG_IDAT PNG_IEND "<script>"),
        ROW(PNG_HEAD PNG_IHDR "\xff\xff\xff\xff"
                              "IDAT" PNG_IEND),
        ROW(PNG_HEAD PNG_IHDR "\0\0\0\0acTL\0\0\0\0" PNG_IEND),
        ROW(PNG_HEAD "\0\0\0\x0dIHDR\0\0\x02\x01\0\0\0\x01\x08\x00\0\0\0\0\0\0\0" PNG_IEND),
        ROW(PNG_HEAD "\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\0\x08\x00\0\0\0\0\0\0\0" PNG_IEND),
#undef ROW
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        assert_refused(rows[i], "the PNG is damaged");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(svg__shapes__written_anew),
        cmocka_unit_test(svg__anything_but_shapes__refused),
        cmocka_unit_test(svg__too_deep_or_too_long__refused),
        cmocka_unit_test(png__one_picture__data_in_an_img),
        cmocka_unit_test(png__damaged__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
