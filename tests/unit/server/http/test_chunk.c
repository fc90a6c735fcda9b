/* SPDX-License-Identifier: Apache-2.0 */
/* The guard in front of llhttp: each case whole, byte by byte, and cut at every place. */
#include "support/c/unit.h"

#include "server/http/chunk.h"

#include <string.h>

#define BODY_MAX 1000u

static enum tg_chunk scan(struct tg_chunk_guard *g, struct tg_bytes in, size_t *total)
{
    enum tg_chunk step = TG_CHUNK_MORE;
    size_t used = 0;

    if (in.len > 0) {
        step = tg_chunk_guard_scan(g, in, &used);
        assert_true(used >= 1 && used <= in.len);
        assert_true(step != TG_CHUNK_MORE || used == in.len);
        *total += used;
    }
    return step;
}

/* The first cut bytes, then the rest; or one byte after the other with cut SIZE_MAX. */
static enum tg_chunk scan_cut(struct tg_chunk_guard *g, struct tg_bytes in, size_t cut,
                              size_t *total)
{
    enum tg_chunk step = TG_CHUNK_MORE;

    tg_chunk_guard_start(g, BODY_MAX);
    *total = 0;
    if (cut != SIZE_MAX) {
        step = scan(g, tg_bytes_first(in, cut), total);
        return step != TG_CHUNK_MORE ? step : scan(g, tg_bytes_from(in, cut), total);
    }
    for (size_t i = 0; i < in.len && step == TG_CHUNK_MORE; i++) {
        step = scan(g, tg_bytes(in.ptr + i, 1), total);
    }
    return step;
}

static void check(struct tg_bytes in, enum tg_chunk expected, unsigned status, size_t used)
{
    for (size_t cut = 0; cut <= in.len + 1; cut++) {
        struct tg_chunk_guard g;
        size_t total = 0;
        enum tg_chunk step = scan_cut(&g, in, cut <= in.len ? cut : SIZE_MAX, &total);

        if (step != expected || (step == TG_CHUNK_BAD && g.fault.status != status) ||
            (used != 0 && total != used)) {
            fail_msg("%.*s cut at %zu: %u, status %u, used %zu", (int)in.len, (const char *)in.ptr,
                     cut, (unsigned)step, g.fault.status, total);
        }
    }
}

static void good__with_extensions_and_trailers__ends_at_its_last_byte(void **state)
{
    static const char *const good[] = {
        "0\r\n\r\n",
        "5\r\nhello\r\n0\r\n\r\n",
        "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
        "0000000000000005\r\nhello\r\n0\r\n\r\n",
        "5;a\r\nhello\r\n0;b=c\r\n\r\n",
        "5;a=\"b c;d\" ; e\t\r\nhello\r\n0\r\n\r\n",
        "2\r\n\r\n\r\n0\r\n\r\n",
        "3\r\n\0\xff\n\r\n0\r\n\r\n",
        "0\r\nX: a\r\n\r\n",
        "0\r\nX:\r\nY-z: \t a b \xc3\xa4 \r\nMailbox-Device-Claim: x\r\n\r\n",
        "0\r\nContent-Lengthy: 5\r\nXContent-Length: 5\r\n\r\n",
    };
    static const char nul[] = "3\r\n\0\xff\n\r\n0\r\n\r\n";

    (void)state;
    for (size_t i = 0; i < TG_COUNT(good); i++) {
        char text[300];
        size_t len = i == 7 ? sizeof(nul) - 1 : strlen(good[i]);

        memcpy(text, good[i], len);
        memcpy(text + len, "GET / ", 6);
        check(tg_bytes(text, len), TG_CHUNK_END, 0, len);
        check(tg_bytes(text, len + 6), TG_CHUNK_END, 0, len);
        check(tg_bytes(text, len - 1), TG_CHUNK_MORE, 0, len - 1);
    }
}

/* spec-test: protocol/1#no-smuggling protocol/1#trailers */
static void malformed__each_place__refused(void **state)
{
    static const char *const bad[] = {
        /* sizes */
        "\r\n",
        " 5\r\n",
        "5 \r\n",
        "5 ;a\r\n",
        "5\t\r\n",
        "+5",
        "-5",
        "0x5",
        "g",
        "5g",
        "_",
        "5_0",
        "5\n",
        "5\r\r",
        "5\rh",
        ";a\r\n",
        "00000000000000005",
        "\"5\"",
        /* extensions, and what follows a folded one */
        "5;a\n",
        "5;a\rb",
        "5;a\x01",
        "5;a\x7f",
        "5;\x80",
        "5;a=\"\r\"",
        "1;a=b\r\n c\r\n",
        /* content */
        "5\r\nhello0",
        "5\r\nhello\n",
        "5\r\nhello\r0",
        "1\r\nab\r\n",
        /* trailers */
        "0\r\n\n",
        "0\r\n\r\r",
        "0\r\n X: a\r\n",
        "0\r\nX: a\r\n b\r\n",
        "0\r\nX: a\r\n\tb\r\n",
        "0\r\nX : a\r\n",
        "0\r\nX\t: a\r\n",
        "0\r\nX\r\n",
        "0\r\n: a\r\n",
        "0\r\nX y: a\r\n",
        "0\r\nX: a\n",
        "0\r\nX: a\rb",
        "0\r\nX: a\r\n\n",
        "0\r\nX: \x01",
        "0\r\nX: \x7f",
        "0\r\n\xc3\xa4: a",
        "0\r\nX(: a",
        "0\r\n\t",
        /* fields that must be in the head */
        "0\r\nContent-Length: 5\r\n",
        "0\r\nTransfer-Encoding: chunked\r\n",
        "0\r\nHOST: x\r\n",
        "0\r\nauthorization: PrivateToken x\r\n",
        "0\r\nX: y\r\nConnection: close\r\n",
        "0\r\nMailbox-Secret-Proof: verifier=x\r\n",
        "0\r\nMailbox-Known-Recipient: none\r\n",
        "0\r\nMailbox-End-Note: AAEC\r\n",
        "0\r\nIf-Match: \"1\"\r\n",
        "0\r\ncontent-type: x\r\n",
        "0\r\nX-Forwarded-For: 192.0.2.1\r\n",
        "0\r\nExpect:\r\n",
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        check(tg_bytes_str(bad[i]), TG_CHUNK_BAD, 400, 0);
    }
    check(TG_LIT("5;\0"), TG_CHUNK_BAD, 400, 0);
    check(TG_LIT("5\0"), TG_CHUNK_BAD, 400, 0);
    check(TG_LIT("0\r\nX: \0"), TG_CHUNK_BAD, 400, 0);
    check(TG_LIT("0\r\nX\0: a"), TG_CHUNK_BAD, 400, 0);
}

/* spec-test: protocol/1#chunk-size */
static void size__over_what_is_left__known_at_the_digit_that_decides(void **state)
{
    static const struct {
        const char *text;
        size_t used; /* 0: not too large */
    } cases[] = {
        { "3e8\r\n", 0 },
        { "3e9\r\n", 3 },
        { "3ffffffffffffffffffffffffffffffffffffffff\r\n", 3 },
        { "ffffffffffffffff\r\n", 3 },
        { "10000000000000000\r\n", 4 },
        { "00000000000003e9\r\n", 16 },
        { "1\r\nx\r\n3e7\r\n", 0 },
        { "1\r\nx\r\n3e8\r\n", 9 },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        check(tg_bytes_str(cases[i].text), cases[i].used == 0 ? TG_CHUNK_MORE : TG_CHUNK_TOO_LARGE,
              0, cases[i].used);
    }
}

static enum tg_chunk scan_trailers(struct tg_chunk_guard *g, size_t count, size_t value_len)
{
    static const char line[] = "X: ";
    static char value[TG_HEAD_MAX + 1];
    size_t total = 0;
    enum tg_chunk step = TG_CHUNK_MORE;

    memset(value, 'v', sizeof(value));
    tg_chunk_guard_start(g, BODY_MAX);
    step = scan(g, TG_LIT("0\r\n"), &total);
    for (size_t i = 0; i < count && step == TG_CHUNK_MORE; i++) {
        step = scan(g, tg_bytes(line, 3), &total);
        if (step == TG_CHUNK_MORE) {
            step = scan(g, tg_bytes(value, value_len), &total);
        }
        if (step == TG_CHUNK_MORE) {
            step = scan(g, TG_LIT("\r\n"), &total);
        }
    }
    return step == TG_CHUNK_MORE ? scan(g, TG_LIT("\r\n"), &total) : step;
}

static void trailers__at_their_limits__accepted_one_more_431(void **state)
{
    struct tg_chunk_guard g;

    (void)state;
    assert_int_equal(scan_trailers(&g, 64, 1), TG_CHUNK_END);
    assert_int_equal(scan_trailers(&g, 65, 1), TG_CHUNK_BAD);
    assert_int_equal(g.fault.status, 431);
    assert_int_equal(scan_trailers(&g, 1, TG_HEAD_MAX - 3), TG_CHUNK_END);
    assert_int_equal(scan_trailers(&g, 1, TG_HEAD_MAX - 2), TG_CHUNK_BAD);
    assert_int_equal(g.fault.status, 431);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good__with_extensions_and_trailers__ends_at_its_last_byte),
        cmocka_unit_test(malformed__each_place__refused),
        cmocka_unit_test(size__over_what_is_left__known_at_the_digit_that_decides),
        cmocka_unit_test(trailers__at_their_limits__accepted_one_more_431),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
