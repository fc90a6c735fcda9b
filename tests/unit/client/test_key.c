/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the platform: the session asks, and takes the answer whenever it comes. */
#include "support/c/fail_at.h"
#include "unit/client/platform_key.h"
#include "unit/client/wallet_fixture.h"

#include "client/session.h"

#define DATA "car, key, window"
#define NAME "amit.car.key"

static struct platform_key platform;

static struct tigress_key_task signing(void)
{
    return (struct tigress_key_task){ .use = TIGRESS_KEY_SIGN,
                                      .key = NAME,
                                      .public_key = platform.point,
                                      .data = (const unsigned char *)DATA,
                                      .data_len = sizeof(DATA) };
}

static struct tigress_key_task agreeing(void)
{
    return (struct tigress_key_task){ .use = TIGRESS_KEY_AGREE,
                                      .key = NAME,
                                      .public_key = platform.point };
}

static void ask(struct tigress_session *s, struct tigress_key_task task)
{
    assert_int_equal(tigress_session_ask_key(s, &task), TIGRESS_OK);
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_KEY);
    assert_int_equal(tigress_session_key_outcome(s), TIGRESS_KEY_ASKED);
}

static void assert_asks(struct tigress_session *s)
{
    struct tigress_key_task task = { .key = NULL };

    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_KEY);
    assert_int_equal(tigress_session_key_task(s, &task), TIGRESS_OK);
    assert_int_equal(task.use, TIGRESS_KEY_SIGN);
    assert_string_equal(task.key, NAME);
    assert_memory_equal(task.public_key, platform.point, TIGRESS_KEY_PUBLIC_LEN);
    assert_int_equal(task.data_len, sizeof(DATA));
    assert_memory_equal(task.data, DATA, sizeof(DATA));
}

static void assert_back(struct tigress_session *s, enum tigress_key_outcome outcome)
{
    assert_int_equal(tigress_session_step(s, FAKE_NOW), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_MESSAGE);
    assert_int_equal(tigress_session_key_outcome(s), outcome);
}

static void assert_forgotten(const struct tigress_session *s)
{
    struct tigress_key_task task = { .key = NULL };

    assert_int_equal(tigress_session_key_outcome(s), TIGRESS_KEY_NONE);
    assert_int_equal(tigress_session_key_task(s, &task), TIGRESS_E_STATE);
    assert_null(task.key);
}

/* As after the end of the process. */
static void restart(struct tigress_session **s)
{
    unsigned char *saved = NULL;
    size_t len = 0;

    assert_int_equal(tigress_session_save(*s, &saved, &len), TIGRESS_OK);
    tigress_session_free(s);
    assert_int_equal(tigress_session_resume(s, saved, len, NULL, 0), TIGRESS_OK);
    tigress_free(saved, len);
}

static size_t sign(unsigned char der[TIGRESS_KEY_SIGNATURE_MAX])
{
    return platform_key_sign(&platform, DATA, sizeof(DATA), der);
}

static void to_raw(unsigned char raw[64], const struct tigress_session *s)
{
    size_t len = 0;

    assert_int_equal(tigress_session_key_answer(s, TIGRESS_SIGNATURE_RAW, raw, 64, &len),
                     TIGRESS_OK);
    assert_int_equal(len, 64);
}

static void sign__answered_after_two_restarts__in_the_message_and_forgotten(void **state)
{
    struct fixture *f = *state;
    unsigned char der[TIGRESS_KEY_SIGNATURE_MAX], again[TIGRESS_KEY_SIGNATURE_MAX];
    size_t len = sign(der), again_len = 0;

    receive_first(f);
    ask(f->bob, signing());
    restart(&f->bob);
    assert_asks(f->bob);
    assert_int_equal(
        tigress_session_key_answer(f->bob, TIGRESS_SIGNATURE_DER, again, sizeof(again), &again_len),
        TIGRESS_E_STATE);
    assert_int_equal(tigress_session_set_key_answer(f->bob, der, len), TIGRESS_OK);
    restart(&f->bob);
    assert_back(f->bob, TIGRESS_KEY_ANSWERED);
    assert_int_equal(
        tigress_session_key_answer(f->bob, TIGRESS_SIGNATURE_DER, again, sizeof(again), &again_len),
        TIGRESS_OK);
    assert_int_equal(again_len, len);
    assert_memory_equal(again, der, len);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_forgotten(f->bob);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_SENT);
    assert_int_equal(tigress_session_check(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    assert_message(f->alice, MESSAGE_2);
}

/* r and s alone, as CryptoKit and Web Crypto write them. */
static void sign__answered_in_raw_form__the_same_in_both_forms(void **state)
{
    struct fixture *f = *state;
    unsigned char der[TIGRESS_KEY_SIGNATURE_MAX], again[TIGRESS_KEY_SIGNATURE_MAX], raw[64];
    size_t len = sign(der), again_len = 0;

    receive_first(f);
    ask(f->bob, signing());
    assert_int_equal(tigress_session_set_key_answer(f->bob, der, len), TIGRESS_OK);
    to_raw(raw, f->bob);
    ask(f->bob, signing());
    assert_int_equal(tigress_session_set_key_answer(f->bob, raw, sizeof(raw)), TIGRESS_OK);
    assert_back(f->bob, TIGRESS_KEY_ANSWERED);
    assert_int_equal(
        tigress_session_key_answer(f->bob, TIGRESS_SIGNATURE_DER, again, sizeof(again), &again_len),
        TIGRESS_OK);
    assert_int_equal(again_len, len);
    assert_memory_equal(again, der, len);
    assert_int_equal(
        tigress_session_key_answer(f->bob, TIGRESS_SIGNATURE_DER, again, len - 1, &again_len),
        TIGRESS_E_LIMIT);
    assert_int_equal(again_len, 0);
    assert_int_equal(tigress_session_key_answer(f->bob, (enum tigress_signature_form)0, again,
                                                sizeof(again), &again_len),
                     TIGRESS_E_ARGUMENT);
}

static void refuse_answer(struct tigress_session *s, const unsigned char *answer, size_t len,
                          const char *expected)
{
    assert_int_equal(tigress_session_set_key_answer(s, answer, len), TIGRESS_E_ARGUMENT);
    assert_non_null(strstr(tigress_session_error_text(s), expected));
    assert_asks(s);
}

static void sign__answers_that_are_not_of_this_key_over_these_bytes__refused(void **state)
{
    struct fixture *f = *state;
    struct platform_key other = platform_key_new();
    unsigned char der[TIGRESS_KEY_SIGNATURE_MAX], hash[32], wrong[80] = { 0 };
    size_t len = sign(der), wrong_len = 0;

    receive_first(f);
    ask(f->bob, signing());
    wrong_len = platform_key_sign(&other, DATA, sizeof(DATA), wrong);
    refuse_answer(f->bob, wrong, wrong_len, "does not verify");
    wrong_len = platform_key_sign(&platform, DATA, sizeof(DATA) - 1, wrong);
    refuse_answer(f->bob, wrong, wrong_len, "does not verify");
    assert_int_equal(EVP_Digest(DATA, sizeof(DATA), hash, NULL, EVP_sha256(), NULL), 1);
    wrong_len = platform_key_sign(&platform, hash, sizeof(hash), wrong); /* hashed twice */
    refuse_answer(f->bob, wrong, wrong_len, "does not verify");
    for (size_t cut = 1; cut < len; cut++) {
        if (cut != 64) { /* the length of the other form */
            refuse_answer(f->bob, der, cut, "got ");
        }
    }
    memset(wrong, 0, sizeof(wrong));
    refuse_answer(f->bob, wrong, 64, "does not verify");
    memcpy(wrong, der, len);
    refuse_answer(f->bob, wrong, len + 1, "got ");
    refuse_answer(f->bob, NULL, 0, "refuse_key");
    assert_int_equal(tigress_session_set_key_answer(f->bob, der, len), TIGRESS_OK);
    EVP_PKEY_free(other.pkey);
}

static void sign__refused_by_the_user_or_without_a_key__the_turn_again(void **state)
{
    static const struct {
        enum tigress_key_refusal why;
        enum tigress_key_outcome outcome;
    } rows[] = { { TIGRESS_KEY_BY_USER, TIGRESS_KEY_REFUSED },
                 { TIGRESS_KEY_UNUSABLE, TIGRESS_KEY_CANNOT_BE_USED } };
    struct fixture *f = *state;

    receive_first(f);
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        unsigned char out[TIGRESS_KEY_SIGNATURE_MAX];
        size_t len = 7;

        ask(f->bob, signing());
        assert_int_equal(tigress_session_refuse_key(f->bob, rows[i].why), TIGRESS_OK);
        restart(&f->bob);
        assert_back(f->bob, rows[i].outcome);
        assert_message(f->bob, MESSAGE_1);
        assert_int_equal(
            tigress_session_key_answer(f->bob, TIGRESS_SIGNATURE_DER, out, sizeof(out), &len),
            TIGRESS_E_STATE);
        assert_int_equal(len, 0);
    }
    ask(f->bob, signing());
    assert_int_equal(tigress_session_refuse_key(f->bob, (enum tigress_key_refusal)0),
                     TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_refuse_key(f->bob, (enum tigress_key_refusal)4),
                     TIGRESS_E_ARGUMENT);
    assert_asks(f->bob);
}

static void sign__locked__stops_and_asks_again_after_a_retry_or_a_restart(void **state)
{
    struct fixture *f = *state;
    unsigned char der[TIGRESS_KEY_SIGNATURE_MAX];
    size_t len = sign(der);

    receive_first(f);
    ask(f->bob, signing());
    for (unsigned i = 0; i < 20; i++) { /* no number of tries */
        assert_int_equal(tigress_session_refuse_key(f->bob, TIGRESS_KEY_LOCKED), TIGRESS_OK);
        assert_failed(f->bob, TIGRESS_E_LOCKED);
        assert_int_equal(tigress_error_class(TIGRESS_E_LOCKED), TIGRESS_CLASS_RETRY);
        assert_int_equal(tigress_session_retry(f->bob), TIGRESS_OK);
        assert_asks(f->bob);
    }
    assert_int_equal(tigress_session_refuse_key(f->bob, TIGRESS_KEY_LOCKED), TIGRESS_OK);
    restart(&f->bob);
    assert_asks(f->bob);
    assert_int_equal(tigress_session_refuse_key(f->bob, TIGRESS_KEY_LOCKED), TIGRESS_OK);
    assert_int_equal(tigress_session_set_key_answer(f->bob, der, len), TIGRESS_OK);
    assert_back(f->bob, TIGRESS_KEY_ANSWERED);
}

static void agree__shared_secret__given_out_once_and_of_its_length(void **state)
{
    struct fixture *f = *state;
    unsigned char shared[33] = { 1, 2, 3 }, out[32];
    const unsigned char zero[32] = { 0 };
    struct tigress_key_task task = { .key = NULL };
    size_t len = 0;

    receive_first(f);
    ask(f->bob, agreeing());
    assert_int_equal(tigress_session_set_key_answer(f->bob, shared, 31), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_key_answer(f->bob, shared, 33), TIGRESS_E_ARGUMENT);
    assert_non_null(strstr(tigress_session_error_text(f->bob), "32 bytes, got 33"));
    assert_int_equal(tigress_session_set_key_answer(f->bob, zero, 32), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_key_answer(f->bob, shared, 32), TIGRESS_OK);
    restart(&f->bob);
    assert_back(f->bob, TIGRESS_KEY_ANSWERED);
    assert_int_equal(tigress_session_key_task(f->bob, &task), TIGRESS_OK);
    assert_int_equal(task.use, TIGRESS_KEY_AGREE);
    assert_null(task.data);
    assert_int_equal(task.data_len, 0);
    assert_int_equal(tigress_session_key_answer(f->bob, TIGRESS_SIGNATURE_RAW, out, 32, &len),
                     TIGRESS_OK);
    assert_int_equal(len, 32);
    assert_memory_equal(out, shared, 32);
}

/* What ends the turn ends the secret, also in what is saved. */
static void answer__finish_cancel_or_the_next_message__wiped(void **state)
{
    struct fixture *f = *state;
    unsigned char shared[32] = { 9, 8, 7 };

    receive_first(f);
    ask(f->bob, agreeing());
    assert_int_equal(tigress_session_set_key_answer(f->bob, shared, 32), TIGRESS_OK);
    ask(f->bob, signing()); /* replaced */
    assert_int_equal(f->bob->key.answer.len, 0);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_forgotten(f->bob);
    assert_null(f->bob->key.answer.ptr);
    assert_null(f->bob->key.data.ptr);
    assert_int_equal(tigress_session_set_key_answer(f->bob, shared, 32), TIGRESS_E_STATE);
}

static void cancel__while_the_key_is_locked__ends_the_transfer(void **state)
{
    struct fixture *f = *state;

    receive_first(f);
    ask(f->bob, signing());
    assert_int_equal(tigress_session_refuse_key(f->bob, TIGRESS_KEY_LOCKED), TIGRESS_OK);
    assert_int_equal(tigress_session_cancel(f->bob), TIGRESS_OK);
    assert_forgotten(f->bob);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
    assert_int_equal(tigress_session_end(f->bob), TIGRESS_END_DECLINED);
}

static void refuse_task(struct tigress_session *s, struct tigress_key_task task,
                        enum tigress_error error, const char *expected)
{
    assert_int_equal(tigress_session_ask_key(s, &task), error);
    assert_non_null(strstr(tigress_session_error_text(s), expected));
    assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_MESSAGE);
    assert_forgotten(s);
}

#define WITH(task_, member_, value_) (task = (task_), task.member_ = (value_), task)

static void ask__each_wrong_member__named_and_nothing_asked(void **state)
{
    static unsigned char big[TIGRESS_KEY_DATA_MAX + 1];
    char name[TIGRESS_KEY_NAME_MAX + 2];
    unsigned char point[TIGRESS_KEY_PUBLIC_LEN];
    struct fixture *f = *state;
    struct tigress_key_task task, two = signing();

    memset(name, 'k', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    receive_first(f);
    refuse_task(f->bob, WITH(signing(), use, (enum tigress_key_use)0), TIGRESS_E_ARGUMENT, "use:");
    refuse_task(f->bob, WITH(signing(), use, (enum tigress_key_use)3), TIGRESS_E_ARGUMENT, "use:");
    refuse_task(f->bob, WITH(signing(), key, NULL), TIGRESS_E_ARGUMENT, "key:");
    refuse_task(f->bob, WITH(signing(), key, ""), TIGRESS_E_ARGUMENT, "key:");
    refuse_task(f->bob, WITH(signing(), key, "\xff"), TIGRESS_E_ARGUMENT, "key:");
    refuse_task(f->bob, WITH(signing(), key, name), TIGRESS_E_LIMIT, "key:");
    refuse_task(f->bob, WITH(signing(), data, NULL), TIGRESS_E_ARGUMENT, "data:");
    refuse_task(f->bob, WITH(signing(), data_len, 0), TIGRESS_E_ARGUMENT, "data:");
    two.data = NULL;
    refuse_task(f->bob, WITH(two, data_len, 0), TIGRESS_E_ARGUMENT, "to sign");
    two.data = big;
    refuse_task(f->bob, WITH(two, data_len, sizeof(big)), TIGRESS_E_LIMIT, "8192");
    refuse_task(f->bob, WITH(signing(), use, TIGRESS_KEY_AGREE), TIGRESS_E_ARGUMENT, "none for");
    refuse_task(f->bob, WITH(signing(), public_key, NULL), TIGRESS_E_ARGUMENT, "public_key:");
    memcpy(point, platform.point, sizeof(point));
    point[0] = 2;
    refuse_task(f->bob, WITH(signing(), public_key, point), TIGRESS_E_ARGUMENT, "public_key:");
    point[0] = 4;
    point[64] ^= 1;
    refuse_task(f->bob, WITH(signing(), public_key, point), TIGRESS_E_ARGUMENT, "public_key:");
    name[TIGRESS_KEY_NAME_MAX] = '\0';
    two.key = name;
    two.data_len = TIGRESS_KEY_DATA_MAX;
    assert_int_equal(tigress_session_ask_key(f->bob, &two), TIGRESS_OK);
    restart(&f->bob);
    assert_int_equal(tigress_session_key_task(f->bob, &task), TIGRESS_OK);
    assert_string_equal(task.key, name);
    assert_int_equal(task.data_len, TIGRESS_KEY_DATA_MAX);
}

static void ask__where_no_message_can_be_sent__refused(void **state)
{
    struct fixture *f = *state;
    struct tigress_key_task task = signing();
    unsigned char der[TIGRESS_KEY_SIGNATURE_MAX];
    size_t len = sign(der);

    assert_int_equal(tigress_session_ask_key(f->alice, &task), TIGRESS_E_STATE);
    receive_first(f);
    assert_int_equal(tigress_session_ask_key(f->alice, &task), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_set_key_answer(f->bob, der, len), TIGRESS_E_STATE);
    assert_int_equal(tigress_session_refuse_key(f->bob, TIGRESS_KEY_BY_USER), TIGRESS_E_STATE);
    assert_non_null(strstr(tigress_session_error_text(f->bob), "INPUT_KEY"));
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(tigress_session_ask_key(f->bob, &task), TIGRESS_E_STATE);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_ask_key(f->bob, &task), TIGRESS_E_STATE);
    assert_forgotten(f->bob);
    assert_int_equal(tigress_session_ask_key(NULL, &task), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_ask_key(f->bob, NULL), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_key_task(NULL, &task), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_key_task(f->bob, NULL), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_set_key_answer(NULL, der, len), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_refuse_key(NULL, TIGRESS_KEY_BY_USER), TIGRESS_E_ARGUMENT);
    assert_int_equal(tigress_session_key_outcome(NULL), TIGRESS_KEY_NONE);
    assert_int_equal(tigress_session_key_answer(NULL, TIGRESS_SIGNATURE_DER, der, len, &len),
                     TIGRESS_E_ARGUMENT);
}

static void assert_not_resumed(const struct tigress_session *s)
{
    struct tigress_session *again = NULL;
    unsigned char *saved = NULL;
    size_t len = 0;

    assert_int_equal(tigress_session_save(s, &saved, &len), TIGRESS_OK);
    assert_int_equal(tigress_session_resume(&again, saved, len, NULL, 0), TIGRESS_E_SAVED_STATE);
    assert_null(again);
    tigress_free(saved, len);
}

static void saved__task_that_contradicts_itself__refused(void **state)
{
    struct fixture *f = *state;
    struct tg_session_key *key = NULL;

    receive_first(f);
    ask(f->bob, signing());
    key = &f->bob->key;
    key->outcome = TIGRESS_KEY_ANSWERED; /* and the state asks on */
    assert_not_resumed(f->bob);
    key->outcome = TIGRESS_KEY_NONE;
    assert_not_resumed(f->bob);
    key->outcome = TIGRESS_KEY_ASKED;
    key->use = TIGRESS_KEY_AGREE; /* with data */
    assert_not_resumed(f->bob);
    key->use = (enum tigress_key_use)3;
    assert_not_resumed(f->bob);
    key->use = TIGRESS_KEY_SIGN;
    key->public_key[64] ^= 1;
    assert_not_resumed(f->bob);
    key->public_key[64] ^= 1;
    f->bob->messages.is_our_turn = false;
    assert_not_resumed(f->bob);
    f->bob->messages.is_our_turn = true;
    f->bob->state = TG_S_MESSAGE; /* and the outcome is ASKED */
    assert_not_resumed(f->bob);
    key->outcome = TIGRESS_KEY_ANSWERED; /* without an answer */
    assert_not_resumed(f->bob);
    f->bob->state = TG_S_KEY;
    key->outcome = TIGRESS_KEY_ASKED;
    restart(&f->bob);
    assert_asks(f->bob);
}

/* ---- without memory ------------------------------------------------------------------------- */

static void *allocate(void *ctx, size_t size)
{
    (void)ctx;
    return is_failing() ? NULL : malloc(size);
}

static void release(void *ctx, void *ptr)
{
    (void)ctx;
    free(ptr);
}

static void ask_and_answer__each_allocation_fails__no_memory_and_again(void **state)
{
    static const struct tigress_mem mem = { allocate, release, NULL };
    const struct tigress_key_task task = signing();
    unsigned char der[TIGRESS_KEY_SIGNATURE_MAX];
    enum tigress_error error = TIGRESS_E_NOMEM;
    size_t len = sign(der);
    struct fixture *f = NULL;
    unsigned failures = 0;
    void *made = NULL;

    (void)state;
    assert_int_equal(tigress_set_mem(&mem), TIGRESS_OK);
    assert_int_equal(set_up(&made), 0);
    f = made;
    receive_first(f);
    for (unsigned n = 1; error != TIGRESS_OK; n++) {
        fail_at(n);
        error = tigress_session_ask_key(f->bob, &task);
        fail_at(0);
        if (error != TIGRESS_OK) {
            assert_int_equal(error, TIGRESS_E_NOMEM);
            assert_int_equal(tigress_session_input(f->bob), TIGRESS_INPUT_MESSAGE);
            assert_forgotten(f->bob);
            failures++;
        }
    }
    error = TIGRESS_E_NOMEM;
    for (unsigned n = 1; error != TIGRESS_OK; n++) {
        fail_at(n);
        error = tigress_session_set_key_answer(f->bob, der, len);
        fail_at(0);
        if (error != TIGRESS_OK) {
            assert_int_equal(error, TIGRESS_E_NOMEM);
            assert_asks(f->bob);
            failures++;
        }
    }
    assert_back(f->bob, TIGRESS_KEY_ANSWERED);
    assert_in_range(failures, 3, 20);
    assert_int_equal(tear_down(&made), 0);
    assert_int_equal(tigress_set_mem(NULL), TIGRESS_OK);
}

static int make_platform(void **state)
{
    (void)state;
    platform = platform_key_new();
    return 0;
}

static int free_platform(void **state)
{
    (void)state;
    EVP_PKEY_free(platform.pkey);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(sign__answered_after_two_restarts__in_the_message_and_forgotten),
        CASE(sign__answered_in_raw_form__the_same_in_both_forms),
        CASE(sign__answers_that_are_not_of_this_key_over_these_bytes__refused),
        CASE(sign__refused_by_the_user_or_without_a_key__the_turn_again),
        CASE(sign__locked__stops_and_asks_again_after_a_retry_or_a_restart),
        CASE(agree__shared_secret__given_out_once_and_of_its_length),
        CASE(answer__finish_cancel_or_the_next_message__wiped),
        CASE(cancel__while_the_key_is_locked__ends_the_transfer),
        CASE(ask__each_wrong_member__named_and_nothing_asked),
        CASE(ask__where_no_message_can_be_sent__refused),
        CASE(saved__task_that_contradicts_itself__refused),
        cmocka_unit_test(ask_and_answer__each_allocation_fails__no_memory_and_again),
    };

    return cmocka_run_group_tests(tests, make_platform, free_platform);
}
