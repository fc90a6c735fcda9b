/* SPDX-License-Identifier: Apache-2.0 */
/* Every header on every call: protocol section 2.5, typed from there. */
#include "support/c/unit.h"

#include "mailbox/header_use.h"

#include <string.h>

#define VALUE32 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

enum answer { OK, BAD };

/* spec-test: protocol/2#header-without-meaning */
static const struct {
    const char *name;
    const char *value;
    enum answer on[TG_CALL_COUNT]; /* create, preview, read, update, delete, relinquish */
} cells[] = {
    { "Mailbox-Request-ID", "id", { OK, OK, OK, OK, OK, OK } },
    { "Mailbox-Request-ID", "i d", { BAD, OK, BAD, BAD, BAD, BAD } },
    { "Mailbox-Device-Claim", "x", { OK, OK, OK, OK, OK, OK } }, /* a 401 elsewhere */
    { "Mailbox-Device-Attestation", "abc", { OK, OK, OK, OK, OK, OK } },
    { "deviceAttestation", "abc", { OK, OK, OK, OK, OK, OK } },
    { "Authorization", "PrivateToken token=x", { OK, OK, OK, OK, OK, OK } },
    { "Mailbox-Secret-Proof", "verifier=" VALUE32, { OK, OK, BAD, BAD, BAD, BAD } },
    { "Mailbox-Secret-Proof", "proof=" VALUE32, { BAD, OK, OK, BAD, BAD, BAD } },
    { "Mailbox-Secret-Proof", "proof=x", { BAD, OK, BAD, BAD, BAD, BAD } },
    { "Mailbox-Secret-Proof", "", { BAD, OK, BAD, BAD, BAD, BAD } },
    { "Mailbox-Secret-Proof",
      "verifier=" VALUE32 ", proof=" VALUE32,
      { BAD, OK, BAD, BAD, BAD, BAD } },
    { "Mailbox-Known-Version", "1", { BAD, OK, OK, BAD, BAD, BAD } },
    { "Mailbox-Known-Version", "x", { BAD, OK, BAD, BAD, BAD, BAD } },
    { "Mailbox-Version", "1", { BAD, OK, BAD, BAD, BAD, BAD } },
    { "Mailbox-Known-Recipient", "none", { BAD, OK, OK, BAD, BAD, BAD } },
    { "Mailbox-Known-Recipient", "bound", { BAD, OK, OK, BAD, BAD, BAD } },
    { "Mailbox-Known-Recipient", "Bound", { BAD, OK, BAD, BAD, BAD, BAD } },
    { "Mailbox-Known-Recipient", "", { BAD, OK, BAD, BAD, BAD, BAD } },
    { "Mailbox-Recipient", "bound", { BAD, OK, BAD, BAD, BAD, BAD } },
    { "Mailbox-End-Note", "AAEC", { BAD, OK, BAD, BAD, OK, BAD } },
    { "Mailbox-End-Note", "AAE=", { BAD, OK, BAD, BAD, BAD, BAD } },
    { "Mailbox-End-Note", "", { BAD, OK, BAD, BAD, BAD, BAD } },
    { "Prefer", "wait=1", { OK, OK, OK, OK, OK, OK } },
    { "Prefer", "wait=x", { OK, OK, BAD, OK, OK, OK } },
    { "If-Match", "\"1\"", { BAD, OK, BAD, OK, BAD, BAD } },
    { "If-Match", "*", { BAD, OK, BAD, BAD, BAD, BAD } },
    { "If-None-Match", "*", { BAD, OK, BAD, BAD, BAD, BAD } },
    { "If-Modified-Since", "x", { OK, OK, OK, OK, OK, OK } },
    { "If-Unmodified-Since", "x", { OK, OK, OK, OK, OK, OK } },
    { "Content-Range", "bytes 0-1/2", { BAD, OK, BAD, BAD, OK, OK } },
    { "Range", "bytes=0-1", { OK, OK, OK, OK, OK, OK } },
    { "Content-Type", "x", { OK, OK, OK, OK, OK, OK } }, /* a 415 where there is a body */
    { "Accept", "x", { OK, OK, OK, OK, OK, OK } },
    { "Accept-Language", "x", { OK, OK, OK, OK, OK, OK } },
    { "Mailbox-Something", "x", { OK, OK, OK, OK, OK, OK } },
};

static const char *fault_of(const struct tg_http_header *headers, size_t count,
                            enum tg_mailbox_call call)
{
    struct tg_request_headers parsed;
    const char *fault = NULL;

    tg_request_headers_parse(&parsed, headers, count);
    fault = tg_header_use_fault(&parsed, call);
    tg_request_headers_wipe(&parsed);
    return fault;
}

static void each_header__on_each_call__as_the_protocol_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(cells); i++) {
        struct tg_http_header header = { tg_bytes_str(cells[i].name),
                                         tg_bytes_str(cells[i].value) };

        for (unsigned call = 0; call < TG_CALL_COUNT; call++) {
            const char *fault = fault_of(&header, 1, (enum tg_mailbox_call)call);

            if ((fault != NULL) != (cells[i].on[call] == BAD)) {
                fail_msg("%s: %s on call %u: %s", cells[i].name, cells[i].value, call,
                         fault == NULL ? "accepted" : fault);
            }
            /* The text names the header, what is wrong or expected, and nothing of the value. */
            assert_true(fault == NULL ||
                        (strncmp(fault, cells[i].name, strlen(cells[i].name)) == 0 &&
                         strstr(fault, VALUE32) == NULL && strlen(fault) < TG_FAULT_MAX));
        }
    }
}

/* Equal ones count once, so a refused one stays refused and an accepted one accepted; two that
   differ are refused where the header is used or refused, and ignored where it is ignored. */
static void two_of_each__equal_as_one_different_refused(void **state)
{
    static const struct {
        const char *name, *one, *other;
        enum tg_mailbox_call used, ignored;
    } pairs[] = {
        { "Mailbox-Request-ID", "a", "b", TG_CALL_READ, TG_CALL_PREVIEW },
        { "Mailbox-Device-Attestation", "a", "b", TG_CALL_UPDATE, TG_CALL_READ },
        { "Mailbox-Secret-Proof", "proof=" VALUE32, "verifier=" VALUE32, TG_CALL_READ,
          TG_CALL_PREVIEW },
        { "Mailbox-Known-Version", "1", "2", TG_CALL_READ, TG_CALL_PREVIEW },
        { "If-Match", "\"1\"", "\"2\"", TG_CALL_UPDATE, TG_CALL_PREVIEW },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(pairs); i++) {
        struct tg_http_header same[] = {
            { tg_bytes_str(pairs[i].name), tg_bytes_str(pairs[i].one) },
            { tg_bytes_str(pairs[i].name), tg_bytes_str(pairs[i].one) },
        };
        struct tg_http_header differ[] = {
            { tg_bytes_str(pairs[i].name), tg_bytes_str(pairs[i].one) },
            { tg_bytes_str(pairs[i].name), tg_bytes_str(pairs[i].other) },
        };

        assert_null(fault_of(same, 2, pairs[i].used));
        assert_non_null(fault_of(differ, 2, pairs[i].used));
        assert_null(fault_of(differ, 2, pairs[i].ignored));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_header__on_each_call__as_the_protocol_says),
        cmocka_unit_test(two_of_each__equal_as_one_different_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
