/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include <string.h>

#include "server/proxy/header.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc0\x00\x02\x01\xc6\x33\x64\x01\x01\xbb\x01\xbb"
#define V6                                                                                         \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\0\1\0\2"

static enum tg_proxy_look look(struct tg_proxy_header *out, const void *data, size_t len)
{
    return tg_proxy_header_look(out, tg_bytes(data, len));
}

#define LOOK(out, text) look(out, text, sizeof(text) - 1)

/* spec-test: protocol/1#proxy-protocol */
static void header__both_families__client_found_and_the_rest_left(void **state)
{
    struct tg_proxy_header h = { 0 };
    struct tg_ip expected;

    (void)state;
    assert_int_equal(LOOK(&h, SIGNATURE "\x21\x11\0\x0c" V4 "GET /"), TG_PROXY_DONE);
    assert_int_equal(h.len, 28);
    assert_true(h.has_client);
    assert_true(tg_ip_parse(&expected, TG_LIT("192.0.2.1")));
    assert_memory_equal(&h.client, &expected, sizeof(expected));
    assert_int_equal(LOOK(&h, SIGNATURE "\x21\x21\0\x24" V6 "\x16\x03\x01"), TG_PROXY_DONE);
    assert_int_equal(h.len, 52);
    assert_true(tg_ip_parse(&expected, TG_LIT("2001:db8::1")));
    assert_memory_equal(&h.client, &expected, sizeof(expected));
}

static void header__without_an_ip_address__no_client(void **state)
{
    uint8_t path[16 + 216] = SIGNATURE "\x21\x31\0\xd8";
    struct tg_proxy_header h = { .has_client = true };

    (void)state;
    assert_int_equal(LOOK(&h, SIGNATURE "\x20\x00\0\0"), TG_PROXY_DONE); /* LOCAL */
    assert_false(h.has_client);
    assert_int_equal(h.len, 16);
    /* What LOCAL says about addresses does not count, whatever it is. */
    assert_int_equal(LOOK(&h, SIGNATURE "\x20\x11\0\x0c" V4), TG_PROXY_DONE);
    assert_false(h.has_client);
    assert_int_equal(h.len, 28);
    assert_int_equal(LOOK(&h, SIGNATURE "\x20\xff\0\x02zz"), TG_PROXY_DONE);
    assert_int_equal(LOOK(&h, SIGNATURE "\x21\x00\0\x03zzz"), TG_PROXY_DONE); /* not known */
    assert_false(h.has_client);
    assert_int_equal(h.len, 19);
    assert_int_equal(look(&h, path, sizeof(path)), TG_PROXY_DONE); /* UNIX */
    assert_false(h.has_client);
    assert_int_equal(h.len, sizeof(path));
}

static void header__tlvs__skipped(void **state)
{
    struct tg_proxy_header h = { 0 };

    (void)state;
    assert_int_equal(LOOK(&h, SIGNATURE "\x21\x11\0\x15" V4 "\x01\0\x02h2\x04\0\x01x"),
                     TG_PROXY_DONE);
    assert_true(h.has_client);
    assert_int_equal(h.len, 37);
}

static void header__every_truncation__more_is_awaited(void **state)
{
    static const char whole[] = SIGNATURE "\x21\x11\0\x11" V4 "\x01\0\x02h2";
    struct tg_proxy_header h = { .len = 7 };

    (void)state;
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        assert_int_equal(look(&h, whole, len), TG_PROXY_MORE);
        assert_int_equal(h.len, 7);
    }
    assert_int_equal(look(&h, whole, sizeof(whole) - 1), TG_PROXY_DONE);
}

static void header__another_byte_in_the_signature__refused_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < 12; i++) {
        uint8_t bytes[12] = SIGNATURE;
        struct tg_proxy_header h;

        bytes[i] ^= 0x20;
        assert_int_equal(look(&h, bytes, i), TG_PROXY_MORE);
        assert_int_equal(look(&h, bytes, i + 1), TG_PROXY_BAD);
    }
}

static void header__malformed__refused_and_output_unchanged(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
#define BYTES(text) { text, sizeof(text) - 1 }
        BYTES(SIGNATURE "\x11\x11\0\x0c" V4),                    /* version 1 */
        BYTES(SIGNATURE "\x31\x11\0\x0c" V4),                    /* version 3 */
        BYTES(SIGNATURE "\x22\x11\0\x0c" V4),                    /* an unknown command */
        BYTES(SIGNATURE "\x21\x12\0\x0c" V4),                    /* UDP */
        BYTES(SIGNATURE "\x21\x01\0\0"),                         /* TCP of no family */
        BYTES(SIGNATURE "\x21\x41\0\x0c" V4),                    /* an unknown family */
        BYTES(SIGNATURE "\x21\x11\0\x0b\0\0\0\0\0\0\0\0\0\0\0"), /* too short for its family */
        BYTES(SIGNATURE "\x21\x21\0\x0c" V4),                    /* IPv4 as IPv6 */
        BYTES(SIGNATURE "\x21\x31\0\x0c" V4),                    /* a path that ends early */
        BYTES(SIGNATURE "\x21\x11\0\x0d" V4 "\x01"),             /* a TLV without its length */
        BYTES(SIGNATURE "\x21\x11\0\x10" V4 "\x01\0\x02h"), /* ... that ends behind the header */
        BYTES(SIGNATURE "\x21\x11\x08\x01" V4),             /* longer than the limit */
        BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 443 443\r\n"),
        BYTES("GET / HTTP/1.1\r\n"),
        BYTES("\x16\x03\x01\x02\0"),
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_proxy_header h = { .len = 7 };

        assert_int_equal(look(&h, cases[i].bytes, cases[i].len), TG_PROXY_BAD);
        assert_int_equal(h.len, 7);
    }
}

static void header__as_long_as_allowed__read(void **state)
{
    static uint8_t bytes[TG_PROXY_HEADER_MAX] = SIGNATURE "\x21\x11\x08\0" V4;
    struct tg_proxy_header h = { 0 };
    size_t tlv_len = sizeof(bytes) - 28 - 3;

    (void)state;
    bytes[29] = (uint8_t)(tlv_len >> 8);
    bytes[30] = (uint8_t)tlv_len;
    assert_int_equal(look(&h, bytes, sizeof(bytes) - 1), TG_PROXY_MORE);
    assert_int_equal(look(&h, bytes, sizeof(bytes)), TG_PROXY_DONE);
    assert_int_equal(h.len, sizeof(bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header__both_families__client_found_and_the_rest_left),
        cmocka_unit_test(header__without_an_ip_address__no_client),
        cmocka_unit_test(header__tlvs__skipped),
        cmocka_unit_test(header__every_truncation__more_is_awaited),
        cmocka_unit_test(header__another_byte_in_the_signature__refused_at_once),
        cmocka_unit_test(header__malformed__refused_and_output_unchanged),
        cmocka_unit_test(header__as_long_as_allowed__read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
