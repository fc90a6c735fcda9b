/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of tests/data/saved_state_vN, N the version that this library saves. A format that
 * changes without a new version fails here, and so does a new version without files. With a folder
 * as argument the program writes the files there: once for each version, with its own fixed random
 * numbers. A released version's files never change; test_saved_versions.c resumes them.
 */
#include "unit/client/base_point.h"
#include "unit/client/wallet_fixture.h"

#include "client/saved_frame.h"

#include <stdio.h>

#define SAVED_MAX 4096u

static void answer(struct fixture *f, struct tigress_session *s, const char *message)
{
    assert_int_equal(tigress_session_send(s, message, strlen(message)), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, s), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_SENT);
}

static void read_next(struct fixture *f, struct tigress_session *s)
{
    assert_int_equal(tigress_session_check(s), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, s), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_input(s), TIGRESS_INPUT_MESSAGE);
}

static struct tigress_session *intent(struct fixture *f)
{
    assert_int_equal(tigress_session_set_display(f->alice, "Car key", "A key", "https://i/"),
                     TIGRESS_OK);
    assert_int_equal(tigress_session_require_proof(f->alice), TIGRESS_OK);
    return f->alice;
}

static struct tigress_session *creating(struct fixture *f)
{
    assert_int_equal(tigress_session_set_notification_token(f->alice, "type", "token"), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_HTTP);
    return f->alice;
}

static struct tigress_session *attesting(struct fixture *f)
{
    (void)intent(f);
    assert_int_equal(tigress_session_set_expiration(f->alice, FAKE_NOW + 1000), TIGRESS_OK);
    assert_int_equal(tigress_session_set_poll_s(f->alice, 7), TIGRESS_OK);
    assert_int_equal(tigress_session_set_tries(f->alice, 9), TIGRESS_OK);
    assert_int_equal(tigress_session_set_wait_max_s(f->alice, 11), TIGRESS_OK);
    assert_int_equal(tigress_session_want_attestation(f->alice, TIGRESS_ATTEST_CREATE), TIGRESS_OK);
    assert_int_equal(tigress_session_confirm_intent(f->alice), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->alice, FAKE_NOW), TIGRESS_WANT_INPUT);
    return f->alice;
}

static struct tigress_session *created(struct fixture *f)
{
    create(f);
    return f->alice;
}

static struct tigress_session *initiator_message(struct fixture *f)
{
    receive_first(f);
    answer(f, f->bob, MESSAGE_2);
    read_next(f, f->alice);
    return f->alice;
}

static struct tigress_session *initiator_deleting(struct fixture *f)
{
    (void)initiator_message(f);
    assert_int_equal(tigress_session_finish(f->alice), TIGRESS_OK);
    return f->alice;
}

static struct tigress_session *invited(struct fixture *f)
{
    invite(f);
    assert_int_equal(tigress_session_allow_relay(f->bob, "relay.example"), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    return f->bob;
}

static struct tigress_session *recipient_message(struct fixture *f)
{
    receive_first(f);
    return f->bob;
}

static struct tigress_session *recipient_sending(struct fixture *f)
{
    receive_first(f);
    assert_int_equal(tigress_session_send(f->bob, MESSAGE_2, strlen(MESSAGE_2)), TIGRESS_OK);
    assert_int_equal(tigress_session_step(f->bob, FAKE_NOW), TIGRESS_WANT_HTTP);
    return f->bob;
}

static struct tigress_session *recipient_third(struct fixture *f)
{
    (void)initiator_message(f);
    answer(f, f->alice, MESSAGE_3);
    read_next(f, f->bob);
    return f->bob;
}

static struct tigress_session *recipient_v1(struct fixture *f)
{
    assert_int_equal(tigress_session_disable_envelope_v2(f->alice), TIGRESS_OK);
    receive_first(f);
    answer(f, f->bob, MESSAGE_2);
    return f->bob;
}

static struct tigress_session *initiator_offering(struct fixture *f)
{
    assert_int_equal(tigress_session_require_v2(f->alice), TIGRESS_OK);
    create(f);
    return f->alice;
}

static struct tigress_session *recipient_answered(struct fixture *f)
{
    assert_int_equal(tigress_session_require_v2(f->alice), TIGRESS_OK);
    invite(f);
    assert_int_equal(tigress_session_require_v2(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_WAIT);
    return f->bob;
}

static struct tigress_session *recipient_asking_key(struct fixture *f)
{
    const struct tigress_key_task task = { .use = TIGRESS_KEY_SIGN,
                                           .key = "a key",
                                           .public_key = base_point,
                                           .data = (const unsigned char *)"data",
                                           .data_len = 4 };

    receive_first(f);
    assert_int_equal(tigress_session_ask_key(f->bob, &task), TIGRESS_OK);
    return f->bob;
}

static struct tigress_session *recipient_agreed(struct fixture *f)
{
    const struct tigress_key_task task = { .use = TIGRESS_KEY_AGREE,
                                           .key = "a key",
                                           .public_key = base_point };
    const unsigned char shared[TIGRESS_KEY_SHARED_LEN] = { 1, 2, 3 };

    receive_first(f);
    assert_int_equal(tigress_session_ask_key(f->bob, &task), TIGRESS_OK);
    assert_int_equal(tigress_session_set_key_answer(f->bob, shared, sizeof(shared)), TIGRESS_OK);
    return f->bob;
}

/* Both have agreed on a PIN by PAKE; alice has sent the share of her first try. */
static void ask(struct fixture *f)
{
    assert_int_equal(tigress_session_set_pake_pin(f->alice, "604183"), TIGRESS_OK);
    invite(f);
    assert_int_equal(tigress_session_set_pake_use(f->bob, TIGRESS_PAKE_ALLOWED), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_WAIT);
    assert_int_equal(tigress_session_wait(f->alice), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_WAIT);
}

static void bob_enters(struct fixture *f, const char *pin)
{
    tigress_session_wake(f->bob);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    assert_int_equal(tigress_session_enter_pin(f->bob, pin), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_WAIT);
    tigress_session_wake(f->alice);
}

static struct tigress_session *pake_offered(struct fixture *f)
{
    assert_int_equal(tigress_session_set_pake_pin(f->alice, "604183"), TIGRESS_OK);
    create(f);
    return f->alice;
}

static struct tigress_session *pake_initiator_asked(struct fixture *f)
{
    ask(f);
    return f->alice;
}

static struct tigress_session *pake_recipient_asked(struct fixture *f)
{
    ask(f);
    tigress_session_wake(f->bob);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_WANT_INPUT);
    return f->bob;
}

static struct tigress_session *pake_answered(struct fixture *f)
{
    ask(f);
    bob_enters(f, "604138");
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_WAIT);
    bob_enters(f, "604183");
    return f->bob;
}

static struct tigress_session *pake_proved(struct fixture *f)
{
    ask(f);
    bob_enters(f, "604183");
    assert_int_equal(fake_relay_run(&f->relay, f->alice), TIGRESS_WANT_INPUT);
    return f->alice;
}

static struct tigress_session *recipient_done(struct fixture *f)
{
    receive_first(f);
    assert_int_equal(tigress_session_finish(f->bob), TIGRESS_OK);
    assert_int_equal(fake_relay_run(&f->relay, f->bob), TIGRESS_DONE);
    return f->bob;
}

static const struct scene {
    const char *name;
    struct tigress_session *(*play)(struct fixture *f);
    bool has_pake; /* only where the component is built */
} scenes[] = {
    { "initiator_intent", intent, false },
    { "initiator_creating", creating, false },
    { "initiator_attesting", attesting, false },
    { "initiator_created", created, false },
    { "initiator_offering", initiator_offering, false },
    { "initiator_message", initiator_message, false },
    { "initiator_deleting", initiator_deleting, false },
    { "recipient_invited", invited, false },
    { "recipient_message", recipient_message, false },
    { "recipient_sending", recipient_sending, false },
    { "recipient_answered", recipient_answered, false },
    { "recipient_asking_key", recipient_asking_key, false },
    { "recipient_agreed", recipient_agreed, false },
    { "recipient_third", recipient_third, false },
    { "recipient_v1", recipient_v1, false },
    { "recipient_done", recipient_done, false },
    { "pake_offered", pake_offered, true },
    { "pake_initiator_asked", pake_initiator_asked, true },
    { "pake_recipient_asked", pake_recipient_asked, true },
    { "pake_answered", pake_answered, true },
    { "pake_proved", pake_proved, true },
};

/* How many scenes this build can play. */
static size_t scene_count(void)
{
    size_t count = 0;

    while (count < TG_COUNT(scenes) && (!scenes[count].has_pake || tigress_pake_is_built())) {
        count++;
    }
    return count;
}

struct saved {
    unsigned char bytes[SAVED_MAX];
    size_t len;
};

static void save(struct saved *out, const struct tigress_session *s)
{
    unsigned char *data = NULL;

    assert_int_equal(tigress_session_save(s, &data, &out->len), TIGRESS_OK);
    assert_in_range(out->len, 100, SAVED_MAX);
    memcpy(out->bytes, data, out->len);
    tigress_free(data, out->len);
}

static void play(struct saved *out, const struct scene *scene)
{
    void *state = NULL;

    assert_int_equal(set_up(&state), 0);
    save(out, scene->play(state));
    assert_int_equal(tear_down(&state), 0);
}

static void read_file(struct saved *out, unsigned version, const char *name)
{
    char path[512];
    FILE *file = NULL;

    (void)snprintf(path, sizeof(path), TG_TEST_DATA "/saved_state_v%u/%s.bin", version, name);
    file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("no %s: write the files of this version", path);
    }
    out->len = fread(out->bytes, 1, sizeof(out->bytes), file);
    (void)fclose(file);
}

/* spec-test: protocol/7#saved-state-versions */
static void saved__by_this_version__as_in_its_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < scene_count(); i++) {
        struct saved now = { .len = 0 };
        struct saved kept = { .len = 0 };

        play(&now, &scenes[i]);
        read_file(&kept, tg_saved_frame_version(tg_bytes(now.bytes, now.len)), scenes[i].name);
        assert_int_equal(now.len, kept.len);
        assert_memory_equal(now.bytes, kept.bytes, now.len);
    }
}

/* Nothing is lost: what was resumed is saved as before. */
static void resumed__saved_again__the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < scene_count(); i++) {
        struct tigress_session *s = NULL;
        struct saved first = { .len = 0 };
        struct saved again = { .len = 0 };

        play(&first, &scenes[i]);
        assert_int_equal(tigress_session_resume(&s, first.bytes, first.len, NULL, 0), TIGRESS_OK);
        save(&again, s);
        tigress_session_free(&s);
        assert_int_equal(first.len, again.len);
        assert_memory_equal(first.bytes, again.bytes, first.len);
    }
}

static int write_files(const char *folder)
{
    for (size_t i = 0; i < scene_count(); i++) {
        struct saved now = { .len = 0 };
        char path[512];
        FILE *file = NULL;

        play(&now, &scenes[i]);
        (void)snprintf(path, sizeof(path), "%s/%s.bin", folder, scenes[i].name);
        file = fopen(path, "wb");
        if (file == NULL || fwrite(now.bytes, 1, now.len, file) != now.len || fclose(file) != 0) {
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved__by_this_version__as_in_its_files),
        cmocka_unit_test(resumed__saved_again__the_same),
    };

    return argc == 2 ? write_files(argv[1]) : cmocka_run_group_tests(tests, NULL, NULL);
}
