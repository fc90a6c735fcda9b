/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "mailbox/state.h"

#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>

static struct tg_claim_hash claim_of(uint8_t c)
{
    struct tg_claim_hash claim;

    memset(&claim, c, sizeof(claim));
    return claim;
}

static struct tg_request_hash request_of(uint8_t c)
{
    struct tg_request_hash request;

    memset(&request, c, sizeof(request));
    return request;
}

static void is_same_claim__each_single_bit_differs__false(void **state)
{
    const struct tg_claim_hash a = claim_of(0x5a);

    (void)state;
    assert_true(tg_state_is_same_claim(&a, &a));
    for (size_t bit = 0; bit < 8 * sizeof(a.bytes); bit++) {
        struct tg_claim_hash b = a;

        b.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_false(tg_state_is_same_claim(&a, &b));
    }
}

static void is_same_token__presence_type_or_data_differ__false(void **state)
{
    const struct tg_notification_token absent = { .is_present = false };
    const struct tg_notification_token a = { .is_present = true,
                                             .type = TG_LIT("apns"),
                                             .token_data = TG_LIT("one") };
    const struct tg_notification_token type = { .is_present = true,
                                                .type = TG_LIT("apnx"),
                                                .token_data = TG_LIT("one") };
    const struct tg_notification_token topic = { .is_present = true,
                                                 .type = TG_LIT("apns"),
                                                 .token_data = TG_LIT("one"),
                                                 .topic = TG_LIT("t") };
    const struct tg_notification_token data = { .is_present = true,
                                                .type = TG_LIT("apns"),
                                                .token_data = TG_LIT("two") };

    (void)state;
    assert_true(tg_state_is_same_token(&a, &a));
    assert_true(tg_state_is_same_token(&absent, &absent));
    assert_false(tg_state_is_same_token(&a, &absent));
    assert_false(tg_state_is_same_token(&a, &type));
    assert_false(tg_state_is_same_token(&a, &data));
    assert_false(tg_state_is_same_token(&a, &topic));
}

static void is_proved__secret_of_the_verifier__true_and_no_other(void **state)
{
    struct tg_mailbox box = { .has_verifier = true };
    struct tg_secret_proof proof = { TG_PRESENT, false, { 1, 2, 3 } };

    (void)state;
    assert_int_equal(tg_sha256(box.verifier, TG_ARRAY_BYTES(proof.value)), TG_OK);
    assert_true(tg_state_is_proved(&box, &proof));
    proof.is_verifier = true;
    assert_false(tg_state_is_proved(&box, &proof));
    proof = (struct tg_secret_proof){ TG_ABSENT, false, { 1, 2, 3 } };
    assert_false(tg_state_is_proved(&box, &proof));
    proof.presence = TG_PRESENT;
    proof.value[TG_PROOF_LEN - 1] ^= 1;
    assert_false(tg_state_is_proved(&box, &proof));
    memcpy(proof.value, box.verifier, TG_PROOF_LEN);
    assert_false(tg_state_is_proved(&box, &proof));
}

static void add_done__one_more_than_is_kept__drops_the_oldest(void **state)
{
    struct tg_mailbox_side side = { .is_bound = true };

    (void)state;
    for (uint8_t i = 0; i <= TG_REQUESTS_KEPT; i++) {
        const struct tg_request_done done = { .call = TG_CALL_UPDATE,
                                              .id = request_of(i),
                                              .version = i };

        tg_state_add_done(&side, &done);
        assert_int_equal(side.done_count, i < TG_REQUESTS_KEPT ? i + 1u : TG_REQUESTS_KEPT);
    }
    for (uint8_t i = 0; i <= TG_REQUESTS_KEPT; i++) {
        const struct tg_request_hash id = request_of(i);
        const struct tg_request_done *done = tg_state_find_done(&side, TG_CALL_UPDATE, &id);

        if (i == 0) {
            assert_null(done);
        } else {
            assert_non_null(done);
            assert_int_equal(done->version, i);
        }
        assert_null(tg_state_find_done(&side, TG_CALL_CREATE, &id));
    }
}

static void add_relinquished__one_more_than_is_kept__drops_the_oldest(void **state)
{
    struct tg_mailbox box = { .state = TG_MAILBOX_LIVE };

    (void)state;
    for (uint8_t i = 0; i <= TG_REQUESTS_KEPT; i++) {
        const struct tg_relinquished gone = { .claim = claim_of(i),
                                              .id = request_of(i),
                                              .version = i };

        tg_state_add_relinquished(&box, &gone);
    }
    assert_int_equal(box.relinquished_count, TG_REQUESTS_KEPT);
    for (uint8_t i = 0; i <= TG_REQUESTS_KEPT; i++) {
        const struct tg_claim_hash claim = claim_of(i);
        const struct tg_request_hash id = request_of(i), other = request_of(0xff);
        const struct tg_relinquished *gone = tg_state_find_relinquished(&box, &claim, &id);

        assert_int_equal(tg_state_has_relinquished(&box, &claim), i > 0);
        assert_int_equal(gone != NULL, i > 0);
        assert_null(tg_state_find_relinquished(&box, &claim, &other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_same_claim__each_single_bit_differs__false),
        cmocka_unit_test(is_same_token__presence_type_or_data_differ__false),
        cmocka_unit_test(is_proved__secret_of_the_verifier__true_and_no_other),
        cmocka_unit_test(add_done__one_more_than_is_kept__drops_the_oldest),
        cmocka_unit_test(add_relinquished__one_more_than_is_kept__drops_the_oldest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
