/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "wire/headers.h"

#include <stdio.h>
#include <string.h>

#define CLAIM "2bba630e-519b-11ec-bf63-0242ac130002"
#define CLAIM_UPPER "2BBA630E-519B-11EC-BF63-0242AC130002"
#define OTHER_CLAIM "2bba630e-519b-11ec-bf63-0242ac130003"
#define VALUE32 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

/* Headers as "Name: value" lines; the result stays until the next call. */
static const struct tg_request_headers *parse(const char *lines)
{
    static struct tg_request_headers out;
    struct tg_http_header headers[16];
    size_t count = 0;
    struct tg_bytes rest = tg_bytes_str(lines);

    while (rest.len > 0) {
        struct tg_bytes line = tg_bytes_first(rest, tg_bytes_find(rest, '\n'));
        size_t colon = tg_bytes_find(line, ':');

        assert_true(count < TG_COUNT(headers));
        headers[count].name = tg_bytes_first(line, colon);
        headers[count++].value = tg_bytes_from(line, colon + 1);
        rest = tg_bytes_from(rest, line.len + 1);
    }
    memset(&out, 0x55, sizeof(out));
    tg_request_headers_parse(&out, headers, count);
    return &out;
}

static void assert_no_fault(const struct tg_request_headers *h)
{
    for (size_t i = 0; i < TG_RH_COUNT; i++) {
        assert_null(h->faults[i]);
    }
}

static void assert_fault_is(const struct tg_request_headers *h, enum tg_request_header header,
                            const char *begin)
{
    assert_true(h->has[header]);
    assert_non_null(h->faults[header]);
    assert_memory_equal(h->faults[header], begin, strlen(begin));
}

static void parse__no_headers__everything_absent(void **state)
{
    const struct tg_request_headers *h = parse("");

    (void)state;
    assert_int_equal(h->request_id_presence, TG_ABSENT);
    assert_int_equal(h->claim_presence, TG_ABSENT);
    assert_int_equal(h->attestation_presence, TG_ABSENT);
    assert_int_equal(h->proof.presence, TG_ABSENT);
    assert_int_equal(h->if_match_presence, TG_ABSENT);
    assert_false(h->has_wait || tg_accept_is_json(&h->accept));
    assert_string_equal(h->media_fault, "Content-Type: expected application/json");
    assert_no_fault(h);
    for (size_t i = 0; i < TG_RH_COUNT; i++) {
        assert_false(h->has[i]);
    }
    assert_fault_begins(h->claim_fault, "Mailbox-Device-Claim: expected a UUID");
}

/* spec-test: protocol/2#request-id-form */
static void request_id__length_and_characters__at_the_limits(void **state)
{
    char line[200] = "mailbox-REQUEST-id: ";
    size_t start = strlen(line);
    const struct tg_request_headers *h = NULL;

    (void)state;
    memset(line + start, '!', TG_REQUEST_ID_MAX);
    h = parse(line);
    assert_int_equal(h->request_id_presence, TG_PRESENT);
    assert_int_equal(h->request_id.len, TG_REQUEST_ID_MAX);
    line[start + TG_REQUEST_ID_MAX] = '~';
    h = parse(line);
    assert_int_equal(h->request_id_presence, TG_MALFORMED);
    assert_null(h->request_id.ptr);
    assert_fault_is(h, TG_RH_REQUEST_ID,
                    "Mailbox-Request-ID: expected 1 to 128 visible ASCII characters");
    assert_int_equal(parse("Mailbox-Request-ID:")->request_id_presence, TG_MALFORMED);
    assert_int_equal(parse("Mailbox-Request-ID: a b")->request_id_presence, TG_MALFORMED);
    assert_int_equal(parse("Mailbox-Request-ID: a\x7f")->request_id_presence, TG_MALFORMED);
    assert_int_equal(parse("Mailbox-Request-ID: \xc3\xa4")->request_id_presence, TG_MALFORMED);
    assert_int_equal(parse("Mailbox-Request-ID: a\nMailbox-Request-ID: a")->request_id_presence,
                     TG_PRESENT);
    h = parse("Mailbox-Request-ID: a\nMailbox-Request-ID: b");
    assert_int_equal(h->request_id_presence, TG_MALFORMED);
    assert_null(h->request_id.ptr);
}

/* spec-test: protocol/2#claim-form */
static void claim__forms__accepted_or_malformed(void **state)
{
    const struct tg_request_headers *h = parse("MAILBOX-DEVICE-CLAIM: " CLAIM_UPPER);
    struct tg_uuid expected;
    static const struct tg_uuid zero = { { 0 } };

    (void)state;
    assert_int_equal(tg_uuid_parse(&expected, TG_LIT(CLAIM)), TG_OK);
    assert_int_equal(h->claim_presence, TG_PRESENT);
    assert_memory_equal(&h->claim, &expected, sizeof(expected));
    h = parse("Mailbox-Device-Claim: " CLAIM "x");
    assert_int_equal(h->claim_presence, TG_MALFORMED);
    assert_memory_equal(&h->claim, &zero, sizeof(zero));
    assert_string_equal(h->claim_fault.text, "Mailbox-Device-Claim: expected a UUID");
    assert_no_fault(h);
    assert_int_equal(parse("Mailbox-Device-Claim:")->claim_presence, TG_MALFORMED);
}

/* spec-test: protocol/2#header-aliases */
static void aliases__alone_or_equal__the_same_header(void **state)
{
    static const char *const texts[] = {
        "deviceClaim: " CLAIM,
        "devicecLAIM: " CLAIM,
        "Device-Claim: " CLAIM,
        "deviceClaim: " CLAIM "\nMailbox-Device-Claim: " CLAIM_UPPER,
    };
    const struct tg_request_headers *h = NULL;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        h = parse(texts[i]);
        assert_int_equal(h->claim_presence, TG_PRESENT);
        assert_string_equal(h->claim_fault.text, "");
        assert_no_fault(h);
    }
    h = parse("deviceAttestation: abc\nMailbox-Device-Attestation: abc\nDevice-Attestation:");
    assert_int_equal(h->attestation_presence, TG_PRESENT);
    assert_view(h->attestation, "abc");
}

/* spec-test: protocol/2#alias-conflict */
static void aliases__different_from_the_header__malformed_and_a_fault(void **state)
{
    static const char *const texts[] = {
        "deviceClaim: " CLAIM "\nMailbox-Device-Claim: " OTHER_CLAIM,
        "Mailbox-Device-Claim: " CLAIM "\nDevice-Claim: " OTHER_CLAIM,
        "Mailbox-Device-Claim: " CLAIM "\nDevice-Claim: x",
        "Device-Claim: x\nMailbox-Device-Claim: " CLAIM,
        "Mailbox-Device-Claim: " CLAIM "\nMailbox-Device-Claim: " OTHER_CLAIM
        "\nDevice-Claim: " CLAIM,
    };
    const struct tg_request_headers *h = NULL;

    (void)state;
    for (size_t i = 0; i < TG_COUNT(texts); i++) {
        h = parse(texts[i]);
        assert_int_equal(h->claim_presence, TG_MALFORMED);
        assert_fault_begins(h->claim_fault, "Mailbox-Device-Claim: expected");
        assert_true(h->is_claim_ambiguous);
    }
    h = parse("deviceAttestation: abc\nMailbox-Device-Attestation: abd\nDevice-Attestation: abc");
    assert_int_equal(h->attestation_presence, TG_MALFORMED);
    assert_null(h->attestation.ptr);
    assert_fault_is(h, TG_RH_ATTESTATION, "Mailbox-Device-Attestation: expected one value");
}

static void proof__forms__accepted_or_malformed(void **state)
{
    static const char *const bad[] = {
        "Mailbox-Secret-Proof: ",
        "Mailbox-Secret-Proof: " VALUE32,
        "Mailbox-Secret-Proof: proof=",
        "Mailbox-Secret-Proof: proof=" VALUE32 "=",
        "Mailbox-Secret-Proof: proof=" VALUE32 "AA",
        "Mailbox-Secret-Proof: proof=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9",
        "Mailbox-Secret-Proof: proof=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg",
        "Mailbox-Secret-Proof: Proof=" VALUE32,
        "Mailbox-Secret-Proof: proof= " VALUE32,
        "Mailbox-Secret-Proof: proof=" VALUE32 "\nMailbox-Secret-Proof: verifier=" VALUE32,
        "Mailbox-Secret-Proof: x\nMailbox-Secret-Proof: proof=" VALUE32,
    };
    static const uint8_t zero[TG_PROOF_LEN] = { 0 };
    const struct tg_request_headers *h = parse("mailbox-secret-proof: verifier=" VALUE32);
    struct tg_buf out;

    (void)state;
    assert_int_equal(h->proof.presence, TG_PRESENT);
    assert_true(h->proof.is_verifier);
    for (size_t i = 0; i < TG_PROOF_LEN; i++) {
        assert_int_equal(h->proof.value[i], i);
    }
    h = parse("Mailbox-Secret-Proof: proof=" VALUE32 "\nMailbox-Secret-Proof: proof=" VALUE32);
    assert_int_equal(h->proof.presence, TG_PRESENT);
    assert_false(h->proof.is_verifier);
    tg_buf_init(&out, 100);
    tg_secret_proof_format(&out, &h->proof);
    assert_view(tg_buf_view(&out), "proof=" VALUE32);
    tg_buf_deinit(&out);
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        h = parse(bad[i]);
        assert_int_equal(h->proof.presence, TG_MALFORMED);
        assert_memory_equal(h->proof.value, zero, sizeof(zero));
        assert_fault_is(h, TG_RH_PROOF, "Mailbox-Secret-Proof: expected");
        assert_null(strstr(h->faults[TG_RH_PROOF], "AAEC"));
        assert_false(h->has[TG_RH_VERIFIER]);
    }
}

/* spec-test: protocol/2#prefer-wait */
static void prefer__wait_with_a_known_version__both(void **state)
{
    static const struct {
        const char *lines;
        bool has_wait;
        uint32_t wait_s;
    } cases[] = {
        { "Prefer: wait=10\nMailbox-Known-Version: 3", true, 10 },
        { "Prefer: WAIT=\"10\"\nMailbox-Known-Version: 3", true, 10 },
        { "Prefer: respond-async, wait = 10 ; x=y\nMailbox-Known-Version: 3", true, 10 },
        { "Prefer: a=\"x,wait=5\", wait=10\nMailbox-Known-Version: 3", true, 10 },
        { "Prefer: respond-async\nPrefer: wait=10\nPrefer: wait=20\nMailbox-Known-Version: 3", true,
          10 },
        { "Prefer: wait=0\nMailbox-Known-Version: 3", true, 0 },
        { "Prefer: wait=4294967295\nMailbox-Known-Version: 3", true, UINT32_MAX },
        { "Prefer: wait=4294967296\nMailbox-Known-Version: 3", true, UINT32_MAX },
        { "Prefer: wait=99999999999999999999999\nMailbox-Known-Version: 3", true, UINT32_MAX },
        { "Prefer: wait=10", false, 0 },
        { "Prefer: respond-async\nMailbox-Known-Version: 3", false, 0 },
        { "Prefer: \nMailbox-Known-Version: 3", false, 0 },
        { "Prefer: ,;,\nMailbox-Known-Version: 3", false, 0 },
        { "Mailbox-Known-Version: 3", false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        const struct tg_request_headers *h = parse(cases[i].lines);

        assert_int_equal(h->has_wait, cases[i].has_wait);
        assert_true(h->wait_s == cases[i].wait_s);
        assert_true(!h->has_wait || h->known_version == 3);
        assert_no_fault(h);
    }
}

static void prefer__malformed_wait_or_version__a_fault(void **state)
{
    static const char *const bad[] = {
        "Prefer: wait\nMailbox-Known-Version: 3",
        "Prefer: wait=\nMailbox-Known-Version: 3",
        "Prefer: wait=-1\nMailbox-Known-Version: 3",
        "Prefer: wait=1.5\nMailbox-Known-Version: 3",
        "Prefer: wait=\"1\nMailbox-Known-Version: 3",
        "Prefer: wait=10\nMailbox-Known-Version: x",
        "Prefer: wait=10\nMailbox-Known-Version:",
        "Prefer: wait=10\nMailbox-Known-Version: -1",
        "Prefer: wait=1\nMailbox-Known-Version: 18446744073709551616",
        "Prefer: wait=1\nMailbox-Known-Version: 1\nMailbox-Known-Version: 2",
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        const struct tg_request_headers *h = parse(bad[i]);

        assert_false(h->has_wait);
        assert_true(h->faults[TG_RH_PREFER] != NULL || h->faults[TG_RH_KNOWN_VERSION] != NULL);
    }
}

/* spec-test: protocol/2#if-match-form */
static void if_match__only_a_quoted_version__accepted(void **state)
{
    static const char *const bad[] = {
        "If-Match:",
        "If-Match: 5",
        "If-Match: \"5",
        "If-Match: \"",
        "If-Match: \"\"",
        "If-Match: *",
        "If-Match: W/\"5\"",
        "If-Match: \"5\", \"6\"",
        "If-Match: \"-5\"",
        "If-Match: \" 5\"",
        "If-Match: \"5a\"",
        "If-Match: \"18446744073709551616\"",
        "If-Match: \"5\"\nIf-Match: \"6\"",
    };
    const struct tg_request_headers *h = parse("if-match: \"18446744073709551615\"");

    (void)state;
    assert_int_equal(h->if_match_presence, TG_PRESENT);
    assert_true(h->if_match == UINT64_MAX);
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        h = parse(bad[i]);
        assert_int_equal(h->if_match_presence, TG_MALFORMED);
        assert_fault_is(h, TG_RH_IF_MATCH,
                        "If-Match: expected one decimal version in double quotes");
    }
}

static void content_type__json_and_others__distinguished(void **state)
{
    static const struct {
        const char *value;
        bool is_json;
    } cases[] = {
        { "application/json", true },
        { "APPLICATION/Json ; Charset=UTF-8", true },
        { "application/json;charset=\"utf-8\"", true },
        { "application/json; foo=bar;", true },
        { "application/json; foo=\"a;charset=latin1\"", true },
        { "application/json; charset=iso-8859-1", false },
        { "application/json; charset", false },
        { "application/jsonp", false },
        { "application/problem+json", false },
        { "text/plain", false },
        { "application/x-www-form-urlencoded", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        char line[200] = "content-type: ";
        const struct tg_request_headers *h = NULL;

        memcpy(line + strlen(line), cases[i].value, strlen(cases[i].value) + 1);
        h = parse(line);
        assert_int_equal(h->media_fault == NULL, cases[i].is_json);
    }
    assert_non_null(parse("Content-Type: application/json\nContent-Type: text/plain")->media_fault);
    assert_non_null(parse("Content-Type: text/plain\nContent-Type: application/json")->media_fault);
}

/* spec-test: protocol/2#no-content-coding */
static void content_encoding__anything_but_identity__not_accepted(void **state)
{
    static const struct {
        const char *value;
        bool is_accepted;
    } cases[] = {
        { "", true },      { "identity", true },      { "Identity, identity", true },
        { "gzip", false }, { "identity, br", false }, { "x", false },
        { ",", true },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        char lines[200];
        const struct tg_request_headers *h = NULL;

        (void)snprintf(lines, sizeof(lines), "Content-Type: application/json\nContent-Encoding: %s",
                       cases[i].value);
        h = parse(lines);
        assert_int_equal(h->media_fault == NULL, cases[i].is_accepted);
        if (!cases[i].is_accepted) {
            assert_memory_equal(h->media_fault, "Content-Encoding: expected", 26);
        }
    }
    assert_non_null(parse("Content-Type: application/json\nContent-Encoding: gzip\n"
                          "Content-Encoding: identity")
                        ->media_fault);
}

static void accept__json__only_if_named(void **state)
{
    static const struct {
        const char *value;
        bool is_json;
    } cases[] = {
        { "application/json", true },
        { "Application/JSON;q=0.1", true },
        { "application/json, text/plain, */*", true },
        { "application/json;q=0.9, text/html;q=0.8", true },
        { "text/html, application/json", false },
        { "application/json;q=0.8, text/html;q=0.9", false },
        { "application/json;q=0.5, */*", false },
        { "*/*", false },
        { "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false },
        { "application/*", false },
        { "application/json;q=0", false },
        { "application/json;q=0.000", false },
        { "application/json;q=0.001", true },
        { "application/json;q=1.000", true },
        { "application/json;q=1.001", false },
        { "application/json;q=2", false },
        { "application/json;q=0.0001", false },
        { "application/json;q=x", false },
        { "application/json;q=", false },
        { "application/json;v=\"a,b\";q=1", true },
        { "", false },
        { ",,;,", false },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        char line[200] = "Accept: ";

        memcpy(line + strlen(line), cases[i].value, strlen(cases[i].value) + 1);
        assert_int_equal(tg_accept_is_json(&parse(line)->accept), cases[i].is_json);
    }
    assert_true(tg_accept_is_json(&parse("Accept: text/plain\nAccept: application/json")->accept));
}

static void faults__several__each_kept_and_none_repeats_a_value(void **state)
{
    const struct tg_request_headers *h =
        parse("Mailbox-Request-ID: MARK MARK\nIf-Match: MARK\nMailbox-Device-Claim: MARK\n"
              "Mailbox-Secret-Proof: MARK\nPrefer: wait=MARK\nMailbox-Known-Version: MARK\n"
              "If-None-Match: MARK\nMailbox-Version: MARK\nContent-Range: MARK");
    static const enum tg_request_header reported[] = { TG_RH_REQUEST_ID, TG_RH_IF_MATCH,
                                                       TG_RH_PROOF, TG_RH_PREFER,
                                                       TG_RH_KNOWN_VERSION };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(reported); i++) {
        assert_fault_is(h, reported[i], "");
        assert_null(strstr(h->faults[reported[i]], "MARK"));
    }
    assert_null(strstr(h->claim_fault.text, "MARK"));
    assert_true(h->has[TG_RH_IF_NONE_MATCH] && h->has[TG_RH_VERSION] &&
                h->has[TG_RH_CONTENT_RANGE]);
    assert_null(h->faults[TG_RH_IF_NONE_MATCH]);
}

static void wipe__after_a_claim__all_zero(void **state)
{
    static const struct tg_request_headers zero;
    struct tg_request_headers copy = *parse("Mailbox-Device-Claim: " CLAIM);

    (void)state;
    tg_request_headers_wipe(&copy);
    assert_memory_equal(&copy, &zero, sizeof(zero));
}

/* spec-test: protocol/2#known-recipient */
static void known_recipient__two_values__with_a_wait_only(void **state)
{
    static const char wait[] =
        "Prefer: wait=1\nMailbox-Known-Version: 1\nMailbox-Known-Recipient: ";
    static const struct {
        const char *value;
        enum tg_recipient known;
        bool is_bad;
    } rows[] = {
        { "none", TG_RECIPIENT_NONE, false },
        { "bound", TG_RECIPIENT_BOUND, false },
        { "none\nMailbox-Known-Recipient: none", TG_RECIPIENT_NONE, false },
        { "none\nMailbox-Known-Recipient: bound", TG_RECIPIENT_UNKNOWN, true },
        { "x\nMailbox-Known-Recipient: bound", TG_RECIPIENT_UNKNOWN, true },
        { "NONE", TG_RECIPIENT_UNKNOWN, true },
        { "unknown", TG_RECIPIENT_UNKNOWN, true },
        { "", TG_RECIPIENT_UNKNOWN, true },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        char lines[200];
        const struct tg_request_headers *h = NULL;

        (void)snprintf(lines, sizeof(lines), "%s%s", wait, rows[i].value);
        h = parse(lines);
        assert_true(h->has_wait);
        assert_int_equal(h->known_recipient, rows[i].known);
        assert_int_equal(h->faults[TG_RH_KNOWN_RECIPIENT] != NULL, rows[i].is_bad);
    }
    assert_int_equal(parse("Mailbox-Known-Recipient: none")->known_recipient, TG_RECIPIENT_UNKNOWN);
    assert_no_fault(parse("Mailbox-Known-Recipient: none"));
}

/* spec-test: protocol/3#end-note-form */
static void end_note__form_and_length__at_the_limits(void **state)
{
    static const char *const bad[] = { "", "A", "AA==", "AAE=", "AB", "AA+/", "AA A", "AAEC=" };
    static const size_t lens[] = { 2, 3, 4, 341, 342, 343, 344, 345, 400 };
    char line[500] = "mailbox-END-note: ";
    size_t start = strlen(line);

    (void)state;
    for (size_t i = 0; i < TG_COUNT(lens); i++) {
        bool is_good = lens[i] % 4 != 1 && lens[i] <= 342; /* 256 bytes are 342 characters */
        const struct tg_request_headers *h = NULL;

        memset(line + start, 'A', lens[i]);
        line[start + lens[i]] = '\0';
        h = parse(line);
        assert_int_equal(h->end_note.len, is_good ? lens[i] : 0);
        assert_int_equal(h->faults[TG_RH_END_NOTE] == NULL, is_good);
    }
    for (size_t i = 0; i < TG_COUNT(bad); i++) {
        (void)snprintf(line + start, sizeof(line) - start, "%s", bad[i]);
        assert_fault_is(parse(line), TG_RH_END_NOTE, "Mailbox-End-Note: expected one value");
        assert_int_equal(parse(line)->end_note.len, 0);
    }
    assert_view(parse("Mailbox-End-Note: _-8\nMailbox-End-Note: _-8")->end_note, "_-8");
    assert_fault_is(parse("Mailbox-End-Note: AAEC\nMailbox-End-Note: AAED"), TG_RH_END_NOTE,
                    "Mailbox-End-Note: expected one value");
    assert_int_equal(parse("Mailbox-End-Note: AAEC\nMailbox-End-Note: AAED")->end_note.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__no_headers__everything_absent),
        cmocka_unit_test(request_id__length_and_characters__at_the_limits),
        cmocka_unit_test(claim__forms__accepted_or_malformed),
        cmocka_unit_test(aliases__alone_or_equal__the_same_header),
        cmocka_unit_test(aliases__different_from_the_header__malformed_and_a_fault),
        cmocka_unit_test(proof__forms__accepted_or_malformed),
        cmocka_unit_test(prefer__wait_with_a_known_version__both),
        cmocka_unit_test(prefer__malformed_wait_or_version__a_fault),
        cmocka_unit_test(known_recipient__two_values__with_a_wait_only),
        cmocka_unit_test(end_note__form_and_length__at_the_limits),
        cmocka_unit_test(if_match__only_a_quoted_version__accepted),
        cmocka_unit_test(content_type__json_and_others__distinguished),
        cmocka_unit_test(accept__json__only_if_named),
        cmocka_unit_test(content_encoding__anything_but_identity__not_accepted),
        cmocka_unit_test(faults__several__each_kept_and_none_repeats_a_value),
        cmocka_unit_test(wipe__after_a_claim__all_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
