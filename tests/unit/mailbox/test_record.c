/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "mailbox/record.h"

#include <stdlib.h>
#include <string.h>

static struct tg_mailbox full_box(void)
{
    struct tg_mailbox box = {
        .state = TG_MAILBOX_LIVE,
        .version = 0x0102030405060708u,
        .created_s = 1893456000,
        .expires_s = 1893459600,
        .rights = 7,
        .display = { TG_LIT("Title"), TG_LIT("A description"), TG_LIT("https://img.example/") },
        .payload = { TG_LIT("AEAD_AES_128_GCM"), TG_LIT("UEFZTE9BRA==") },
        .initiator = { .is_bound = true,
                       .token = { .is_present = true,
                                  .type = TG_LIT("apns"),
                                  .token_data = TG_LIT("token a") },
                       .done_count = TG_REQUESTS_KEPT },
        .recipient = { .is_bound = true,
                       .token = { .is_present = true,
                                  .type = TG_LIT("fcm"),
                                  .token_data = TG_LIT("token b"),
                                  .topic = TG_LIT("project") },
                       .done_count = 1 },
        .has_verifier = true,
        .relinquished_count = TG_REQUESTS_KEPT,
    };

    memset(&box.initiator.claim, 0xa1, sizeof(box.initiator.claim));
    memset(&box.recipient.claim, 0xb2, sizeof(box.recipient.claim));
    memset(box.verifier, 0xc3, sizeof(box.verifier));
    for (size_t i = 0; i < TG_REQUESTS_KEPT; i++) {
        box.initiator.done[i] = (struct tg_request_done){ .call = TG_CALL_UPDATE,
                                                          .id = { { (uint8_t)i } },
                                                          .version = i,
                                                          .is_push_supported = i % 2 == 0 };
        box.relinquished[i] = (struct tg_relinquished){ .id = { { (uint8_t)i } }, .version = i };
    }
    return box;
}

static struct tg_mailbox tombstone(void)
{
    struct tg_mailbox box = { .state = TG_MAILBOX_ENDED_BY_INITIATOR,
                              .version = 3,
                              .expires_s = 1893459600,
                              .initiator = { .is_bound = true } };

    memset(&box.initiator.claim, 0xa1, sizeof(box.initiator.claim));
    return box;
}

static void encode(struct tg_buf *out, const struct tg_mailbox *box)
{
    tg_buf_init(out, TG_RECORD_MAX);
    assert_int_equal(tg_record_encode(out, box), TG_OK);
}

static void assert_round_trip(const struct tg_mailbox *box)
{
    struct tg_mailbox back;
    struct tg_buf first, second;

    encode(&first, box);
    assert_int_equal(tg_record_decode(&back, tg_buf_view(&first)), TG_OK);
    encode(&second, &back);
    assert_true(tg_bytes_is_equal(tg_buf_view(&first), tg_buf_view(&second)));
    assert_int_equal(back.state, box->state);
    assert_int_equal(back.version, box->version);
    assert_int_equal(back.created_s, box->created_s);
    assert_int_equal(back.expires_s, box->expires_s);
    assert_int_equal(back.rights, box->rights);
    assert_true(tg_bytes_is_equal(back.display.title, box->display.title));
    assert_true(tg_bytes_is_equal(back.display.description, box->display.description));
    assert_true(tg_bytes_is_equal(back.display.image_url, box->display.image_url));
    assert_true(tg_bytes_is_equal(back.payload.type, box->payload.type));
    assert_true(tg_bytes_is_equal(back.payload.data, box->payload.data));
    assert_int_equal(back.recipient.is_bound, box->recipient.is_bound);
    assert_memory_equal(&back.initiator.claim, &box->initiator.claim, TG_CLAIM_HASH_LEN);
    assert_memory_equal(&back.recipient.claim, &box->recipient.claim, TG_CLAIM_HASH_LEN);
    assert_true(
        tg_bytes_is_equal(back.initiator.token.token_data, box->initiator.token.token_data));
    assert_true(tg_bytes_is_equal(back.recipient.token.type, box->recipient.token.type));
    assert_true(tg_bytes_is_equal(back.initiator.token.topic, box->initiator.token.topic));
    assert_true(tg_bytes_is_equal(back.recipient.token.topic, box->recipient.token.topic));
    assert_int_equal(back.has_verifier, box->has_verifier);
    assert_memory_equal(back.verifier, box->verifier, TG_PROOF_LEN);
    assert_int_equal(back.initiator.done_count, box->initiator.done_count);
    assert_int_equal(back.recipient.done_count, box->recipient.done_count);
    assert_int_equal(back.relinquished_count, box->relinquished_count);
    for (size_t i = 0; i < box->initiator.done_count; i++) {
        assert_int_equal(back.initiator.done[i].version, box->initiator.done[i].version);
        assert_int_equal(back.initiator.done[i].is_push_supported,
                         box->initiator.done[i].is_push_supported);
        assert_memory_equal(&back.initiator.done[i].id, &box->initiator.done[i].id,
                            TG_REQUEST_HASH_LEN);
    }
    tg_buf_deinit(&second);
    tg_buf_deinit(&first);
}

/* A flipped bit is refused, or gives another record that encodes to the same bytes. */
static void assert_flips_are_refused_or_canonical(const struct tg_mailbox *box)
{
    struct tg_mailbox out;
    struct tg_buf text, again;

    encode(&text, box);
    for (size_t bit = 0; bit < 8 * text.len; bit++) {
        text.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        if (tg_record_decode(&out, tg_buf_view(&text)) == TG_OK) {
            encode(&again, &out);
            assert_true(tg_bytes_is_equal(tg_buf_view(&text), tg_buf_view(&again)));
            tg_buf_deinit(&again);
        }
        text.ptr[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    tg_buf_deinit(&text);
}

static void round_trip__every_member_set__same(void **state)
{
    struct tg_mailbox box = full_box();

    (void)state;
    assert_round_trip(&box);
}

static void round_trip__only_required_members__same(void **state)
{
    struct tg_mailbox box = { .state = TG_MAILBOX_LIVE, .initiator = { .is_bound = true } };

    (void)state;
    assert_round_trip(&box);
    box = tombstone();
    assert_round_trip(&box);
}

static const uint8_t note_bytes[TG_END_NOTE_MAX + 1] = { 1, 2, 3 };

/* spec-test: protocol/3#tombstone */
static void round_trip__tombstone_with_note__at_each_length(void **state)
{
    static const size_t lens[] = { 1, 77, TG_END_NOTE_MAX };

    (void)state;
    for (size_t i = 0; i < 2 * TG_COUNT(lens); i++) {
        struct tg_mailbox box = tombstone();
        struct tg_buf text;

        box.recipient.is_bound = i % 2 == 0;
        box.was_returned = !box.recipient.is_bound;
        box.end_note = tg_bytes(note_bytes, lens[i / 2]);
        assert_round_trip(&box);
        encode(&text, &box);
        assert_int_equal(text.ptr[0], 2);
        /* With the key id, the nonce and the tag of the seal it fits into a tombstone's place. */
        assert_true(text.len + 32 <= 512);
        tg_buf_deinit(&text);
        assert_flips_are_refused_or_canonical(&box);
    }
}

static void encode__note_beyond_the_maximum__refused(void **state)
{
    struct tg_mailbox box = tombstone();
    struct tg_buf text;

    (void)state;
    tg_buf_init(&text, TG_RECORD_MAX);
    box.end_note = TG_ARRAY_BYTES(note_bytes);
    assert_int_equal(tg_record_encode(&text, &box), TG_E_BUG);
    assert_int_equal(text.len, 0);
    tg_buf_deinit(&text);
}

/* What an earlier relay has written: tombstones without a note, typed here byte for byte. */
static void decode__tombstone_of_format_1__as_before(void **state)
{
    static const uint8_t head[] = { 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0,
                                    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0 };
    uint8_t text[sizeof(head) + 2 * TG_CLAIM_HASH_LEN];
    struct tg_mailbox out;
    struct tg_buf again;

    (void)state;
    memcpy(text, head, sizeof(head));
    memset(text + sizeof(head), 0xa1, TG_CLAIM_HASH_LEN);
    memset(text + sizeof(head) + TG_CLAIM_HASH_LEN, 0xb2, TG_CLAIM_HASH_LEN);
    assert_int_equal(tg_record_decode(&out, TG_ARRAY_BYTES(text)), TG_OK);
    assert_int_equal(out.state, TG_MAILBOX_ENDED_BY_RECIPIENT);
    assert_int_equal(out.version, 5);
    assert_int_equal(out.expires_s, 256);
    assert_true(out.recipient.is_bound && out.recipient.claim.bytes[0] == 0xb2);
    assert_false(out.was_returned);
    assert_int_equal(out.end_note.len, 0);
    /* It is written in the same form, which an earlier relay can read. */
    encode(&again, &out);
    assert_true(tg_bytes_is_equal(tg_buf_view(&again), TG_ARRAY_BYTES(text)));
    tg_buf_deinit(&again);
}

static void decode__format_2__only_with_what_needs_it(void **state)
{
    static const struct {
        uint8_t format, state, flags;
        enum tg_err err;
    } rows[] = {
        { 2, 2, 0x10, TG_OK },
        { 2, 3, 0x10, TG_OK },
        { 2, 2, 0x00, TG_E_SYNTAX },
        { 1, 2, 0x10, TG_E_SYNTAX },
        { 2, 1, 0x10, TG_E_SYNTAX },
        { 2, 2, 0x30, TG_E_SYNTAX }, /* a note that is not there */
        { 2, 2, 0x14, TG_E_SYNTAX },
        { 2, 2, 0x50, TG_E_SYNTAX },
        { 3, 2, 0x10, TG_E_UNSUPPORTED },
    };
    struct tg_mailbox box = tombstone(), out;
    struct tg_buf text;

    (void)state;
    box.was_returned = true;
    encode(&text, &box);
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        text.ptr[0] = rows[i].format;
        text.ptr[1] = rows[i].state;
        text.ptr[2] = rows[i].flags;
        assert_int_equal(tg_record_decode(&out, tg_buf_view(&text)), rows[i].err);
    }
    tg_buf_deinit(&text);
}

/* spec-test: protocol/3#tombstone */
static void encode__tombstone__has_only_claims_and_numbers(void **state)
{
    struct tg_mailbox box = tombstone();
    struct tg_buf text;

    (void)state;
    encode(&text, &box);
    assert_int_equal(text.len, 4 + 3 * 8 + TG_CLAIM_HASH_LEN);
    tg_buf_deinit(&text);
}

static void decode__every_truncation__refused_and_untouched(void **state)
{
    static struct tg_mailbox out, untouched;
    struct tg_mailbox box = full_box();
    struct tg_buf text;

    (void)state;
    memset(&untouched, 0x5a, sizeof(untouched));
    encode(&text, &box);
    for (size_t len = 0; len < text.len; len++) {
        memcpy(&out, &untouched, sizeof(out));
        assert_int_not_equal(tg_record_decode(&out, tg_bytes(text.ptr, len)), TG_OK);
        assert_memory_equal(&out, &untouched, sizeof(out));
    }
    tg_buf_append_u8(&text, 0);
    assert_int_equal(tg_record_decode(&out, tg_buf_view(&text)), TG_E_SYNTAX);
    assert_memory_equal(&out, &untouched, sizeof(out));
    tg_buf_deinit(&text);
}

static void decode__every_bit_flipped__refused_or_another_record(void **state)
{
    struct tg_mailbox box = full_box();

    (void)state;
    assert_flips_are_refused_or_canonical(&box);
    box = tombstone();
    assert_flips_are_refused_or_canonical(&box);
}

static void decode__head_fields_out_of_range__refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        enum tg_err err;
    } rows[] = {
        { 0, 0, TG_E_UNSUPPORTED }, { 0, 3, TG_E_UNSUPPORTED }, { 1, 0, TG_E_SYNTAX },
        { 0, 1, TG_E_SYNTAX }, /* a topic in a record of format 1 */
        { 1, 4, TG_E_SYNTAX },      { 2, 0x10, TG_E_SYNTAX },   { 2, 0x5f, TG_E_SYNTAX },
        { 3, 8, TG_E_SYNTAX },      { 12, 0x80, TG_E_SYNTAX },  { 20, 0x80, TG_E_SYNTAX },
        { 1, 2, TG_E_SYNTAX }, /* a tombstone with a verifier, rights and tokens */
    };
    struct tg_mailbox box = full_box(), out;
    struct tg_buf text;

    (void)state;
    encode(&text, &box);
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        uint8_t kept = text.ptr[rows[i].at];

        text.ptr[rows[i].at] = rows[i].value;
        assert_int_equal(tg_record_decode(&out, tg_buf_view(&text)), rows[i].err);
        text.ptr[rows[i].at] = kept;
    }
    assert_int_equal(tg_record_decode(&out, tg_buf_view(&text)), TG_OK);
    tg_buf_deinit(&text);
}

static void decode__nine_requests_kept__refused(void **state)
{
    struct tg_mailbox box = full_box(), out;
    struct tg_buf text;

    (void)state;
    box.initiator.done_count = 0;
    box.recipient.done_count = 0;
    box.relinquished_count = 0;
    encode(&text, &box);
    text.ptr[text.len - 1] = TG_REQUESTS_KEPT + 1;
    assert_non_null(tg_buf_extend(&text, (TG_REQUESTS_KEPT + 1) *
                                             (TG_CLAIM_HASH_LEN + TG_REQUEST_HASH_LEN + 8)));
    assert_int_equal(tg_record_decode(&out, tg_buf_view(&text)), TG_E_SYNTAX);
    tg_buf_deinit(&text);
}

/* A record of a relay that knew no topics has the same bytes as one without a topic. */
static void encode__without_topics__as_before_there_were_topics(void **state)
{
    struct tg_mailbox box = full_box(), back;
    struct tg_buf with, without;

    (void)state;
    encode(&with, &box);
    box.recipient.token.topic = TG_LIT("");
    encode(&without, &box);
    assert_int_equal(without.ptr[2], 0x0f);
    assert_int_equal(with.ptr[2], 0x8f);
    assert_int_equal(without.ptr[0], 1);
    assert_int_equal(with.ptr[0], 2);
    assert_int_equal(with.len - without.len, 4 + 7);
    assert_int_equal(tg_record_decode(&back, tg_buf_view(&without)), TG_OK);
    assert_int_equal(back.recipient.token.topic.len, 0);
    tg_buf_deinit(&without);
    tg_buf_deinit(&with);
}

static void decode__topic_of_wrong_length_or_without_a_token__refused(void **state)
{
    struct tg_mailbox box = full_box(), out;
    char long_topic[TG_TOKEN_TOPIC_MAX + 1] = { 0 };
    struct tg_buf text;

    (void)state;
    memset(long_topic, 'a', sizeof(long_topic));
    box.recipient.token.topic = tg_bytes(long_topic, TG_TOKEN_TOPIC_MAX);
    encode(&text, &box);
    assert_int_equal(tg_record_decode(&out, tg_buf_view(&text)), TG_OK);
    tg_buf_deinit(&text);
    box.recipient.token.topic = tg_bytes(long_topic, TG_TOKEN_TOPIC_MAX + 1);
    encode(&text, &box);
    assert_int_equal(tg_record_decode(&out, tg_buf_view(&text)), TG_E_SYNTAX);
    tg_buf_deinit(&text);
    box.recipient.token = (struct tg_notification_token){ .is_present = false };
    encode(&text, &box);
    text.ptr[2] |= 0x80;
    text.ptr[0] = 2;
    assert_int_equal(tg_record_decode(&out, tg_buf_view(&text)), TG_E_SYNTAX);
    tg_buf_deinit(&text);
}

/* Data of a recipient that is not bound could bypass the binding. */
static void decode__unbound_recipient_with_a_token__refused(void **state)
{
    struct tg_mailbox box = full_box(), out;
    struct tg_buf text;

    (void)state;
    box.recipient.is_bound = false;
    encode(&text, &box);
    assert_int_equal(tg_record_decode(&out, tg_buf_view(&text)), TG_E_SYNTAX);
    tg_buf_deinit(&text);
}

static void encode__larger_than_the_buffer__limit(void **state)
{
    struct tg_mailbox box = full_box();
    struct tg_buf text;

    (void)state;
    tg_buf_init(&text, 100);
    assert_int_equal(tg_record_encode(&text, &box), TG_E_LIMIT);
    tg_buf_deinit(&text);
}

static void encode__payload_at_the_record_maximum__accepted_and_one_more_refused(void **state)
{
    struct tg_mailbox box = full_box();
    struct tg_buf text;
    uint8_t *data = calloc(1, TG_RECORD_MAX + 1);
    size_t rest = 0;

    (void)state;
    assert_non_null(data);
    encode(&text, &box);
    rest = text.len - box.payload.data.len;
    tg_buf_deinit(&text);
    tg_buf_init(&text, 2 * TG_RECORD_MAX);
    box.payload.data = tg_bytes(data, TG_RECORD_MAX - rest);
    assert_int_equal(tg_record_encode(&text, &box), TG_OK);
    tg_buf_clear(&text);
    box.payload.data.len++;
    assert_int_equal(tg_record_encode(&text, &box), TG_E_LIMIT);
    tg_buf_deinit(&text);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip__every_member_set__same),
        cmocka_unit_test(round_trip__only_required_members__same),
        cmocka_unit_test(round_trip__tombstone_with_note__at_each_length),
        cmocka_unit_test(encode__note_beyond_the_maximum__refused),
        cmocka_unit_test(decode__tombstone_of_format_1__as_before),
        cmocka_unit_test(decode__format_2__only_with_what_needs_it),
        cmocka_unit_test(encode__tombstone__has_only_claims_and_numbers),
        cmocka_unit_test(decode__every_truncation__refused_and_untouched),
        cmocka_unit_test(decode__every_bit_flipped__refused_or_another_record),
        cmocka_unit_test(decode__head_fields_out_of_range__refused),
        cmocka_unit_test(decode__nine_requests_kept__refused),
        cmocka_unit_test(encode__without_topics__as_before_there_were_topics),
        cmocka_unit_test(decode__topic_of_wrong_length_or_without_a_token__refused),
        cmocka_unit_test(decode__unbound_recipient_with_a_token__refused),
        cmocka_unit_test(encode__larger_than_the_buffer__limit),
        cmocka_unit_test(encode__payload_at_the_record_maximum__accepted_and_one_more_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
