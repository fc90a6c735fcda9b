/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "server/storage/key_proof.h"

#include "relay/outbox_entry.h"

#define MAILBOX "0b0b0b0b-0000-4000-8000-00000000000a"
#define LINK "https://relay.example/v1/m/" MAILBOX
#define NOW_S 1893456000

struct fixture {
    struct tg_keyring right; /* of the store, with seal keys 1 and 2 */
    struct tg_keyring wrong; /* the same numbers, other keys */
    struct tg_key_proof proof;
    struct tg_fault fault;
    struct tg_buf sealed;
};

static void draw(struct tg_keyring *keyring)
{
    struct tg_keyring second;

    assert_int_equal(tg_keyring_generate(keyring, &tg_rng_system), TG_OK);
    assert_int_equal(tg_keyring_generate(&second, &tg_rng_system), TG_OK);
    keyring->seal_keys[1] = second.seal_keys[0];
    keyring->seal_keys[1].id = 2;
    keyring->seal_key_count = 2;
}

static int setup(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){ .fault = { "" } };
    draw(&fixture.right);
    draw(&fixture.wrong);
    tg_buf_init(&fixture.sealed, TG_STORE_VALUE_MAX);
    tg_key_proof_init(&fixture.proof, &fixture.right);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    tg_key_proof_deinit(&f->proof);
    tg_buf_deinit(&f->sealed);
    return 0;
}

static struct tg_keyring first_key_of(const struct tg_keyring *keyring)
{
    struct tg_keyring one = *keyring;

    one.seal_key_count = 1;
    return one;
}

/* The survey meets an entry of the outbox that the keyring sealed. */
static void see_entry(struct fixture *f, const struct tg_keyring *keyring)
{
    const struct tg_notification_token token = { .is_present = true,
                                                 .type = TG_LIT("type"),
                                                 .token_data = TG_LIT("data") };
    struct tg_store_seen seen = { .kind = TG_STORE_SEEN_ENTRY, .expires_s = NOW_S };

    tg_buf_clear(&f->sealed);
    assert_int_equal(tg_outbox_entry_key(&seen.key, keyring, &token), TG_OK);
    assert_int_equal(tg_outbox_entry_seal(&f->sealed, keyring, &seen.key, &token, &tg_rng_system),
                     TG_OK);
    seen.bytes = tg_buf_view(&f->sealed);
    assert_true(tg_key_proof_see(&f->proof, &seen));
}

/* The survey meets the record of MAILBOX. */
static void see_record(struct fixture *f, const struct tg_keyring *keyring)
{
    struct tg_store_seen seen = { .kind = TG_STORE_SEEN_RECORD, .version = 3, .expires_s = NOW_S };
    struct tg_seal_record_key key;
    struct tg_uuid mailbox;

    tg_buf_clear(&f->sealed);
    assert_int_equal(tg_uuid_parse(&mailbox, TG_LIT(MAILBOX)), TG_OK);
    assert_int_equal(tg_seal_store_key(&seen.key, keyring, &mailbox), TG_OK);
    assert_int_equal(tg_seal_record_key_derive(&key, keyring, &mailbox), TG_OK);
    assert_int_equal(tg_seal_record(&f->sealed, &key, &seen.key, seen.version, seen.expires_s,
                                    TG_LIT("a record"), &tg_rng_system),
                     TG_OK);
    seen.bytes = tg_buf_view(&f->sealed);
    assert_true(tg_key_proof_see(&f->proof, &seen));
    tg_seal_record_key_wipe(&key);
}

static void assert_verdict(struct fixture *f, enum tg_err err, const char *part)
{
    f->fault = (struct tg_fault){ "" };
    assert_int_equal(tg_key_proof_judge(&f->proof, &f->fault), err);
    if (strstr(f->fault.text, part) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", f->fault.text, part);
    }
}

static void entry_of_the_outbox__proves_index_key_and_its_seal_key(void **state)
{
    struct fixture *f = *state;

    assert_verdict(f, TG_E_NOTFOUND, "the index key");
    see_entry(f, &f->right);
    assert_verdict(f, TG_OK, "");
}

static void each_seal_key_in_use__needs_its_own_proof(void **state)
{
    struct fixture *f = *state;
    struct tg_keyring first = first_key_of(&f->right);

    see_entry(f, &f->right);
    see_record(f, &first);
    assert_verdict(f, TG_E_NOTFOUND, "seal key 1");
    see_entry(f, &first);
    assert_verdict(f, TG_OK, "");
}

static void link_of_a_record__proves_index_key_and_its_seal_key(void **state)
{
    static const char *const lines[] = {
        LINK, LINK "#secret", LINK "?v=c#secret", LINK "\r", "  " LINK " ", MAILBOX,
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(lines); i++) {
        tg_key_proof_init(&f->proof, &f->right);
        see_record(f, &f->right);
        assert_verdict(f, TG_E_NOTFOUND, "seal key 2");
        assert_int_equal(tg_key_proof_add_link(&f->proof, tg_bytes_str(lines[i])), TG_OK);
        assert_int_equal(f->proof.link_count, 1);
        see_record(f, &f->right);
        assert_verdict(f, TG_OK, "");
        assert_int_equal(f->proof.found_count, 1);
    }
}

static void wrong_keys__prove_nothing(void **state)
{
    struct fixture *f = *state;
    struct tg_keyring mixed = f->right;

    /* another index key: the record of the link is not found */
    assert_int_equal(tg_key_proof_add_link(&f->proof, TG_LIT(LINK)), TG_OK);
    see_record(f, &f->wrong);
    assert_verdict(f, TG_E_NOTFOUND, "none of the 1 links");
    /* another seal key: it is found and does not open */
    mixed.seal_keys[1] = f->wrong.seal_keys[1];
    see_record(f, &mixed);
    assert_verdict(f, TG_E_DENIED, "does not open what it should open");
}

static void wrong_keys__do_not_open_an_entry(void **state)
{
    struct fixture *f = *state;
    struct tg_keyring mixed = f->right;

    see_entry(f, &f->wrong);
    assert_verdict(f, TG_E_DENIED, "does not open what it should open");
    /* the right seal key with another index key */
    tg_key_proof_init(&f->proof, &f->right);
    mixed.index_key = f->wrong.index_key;
    see_entry(f, &mixed);
    assert_verdict(f, TG_E_DENIED, "does not open what it should open");
}

static void seal_key_that_the_file_lacks__is_named(void **state)
{
    struct fixture *f = *state;
    struct tg_keyring first = first_key_of(&f->right);

    tg_key_proof_init(&f->proof, &first);
    see_entry(f, &first);
    see_record(f, &f->right);
    see_entry(f, &f->right);
    assert_verdict(f, TG_E_DENIED, "seal key 2 is not in the key file, but 2 records or pushes");
}

static void blocked_entry_and_spent_token__prove_nothing_and_harm_nothing(void **state)
{
    static const uint8_t mark[32] = { 9, 9, 9, 9 };
    struct fixture *f = *state;
    struct tg_store_seen seen = { .kind = TG_STORE_SEEN_ENTRY };

    assert_true(tg_key_proof_see(&f->proof, &seen));
    seen.kind = TG_STORE_SEEN_RECORD;
    seen.bytes = TG_ARRAY_BYTES(mark);
    assert_true(tg_key_proof_see(&f->proof, &seen));
    assert_verdict(f, TG_E_NOTFOUND, "the index key");
}

static void add_link__what_is_no_link__refused(void **state)
{
    static const char *const lines[] = { "", "x", "https://relay.example/v1/m/", LINK "/",
                                         "https://relay.example/v1/m/0b0b0b0b-0000" };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(lines); i++) {
        assert_int_equal(tg_key_proof_add_link(&f->proof, tg_bytes_str(lines[i])), TG_E_SYNTAX);
        assert_int_equal(f->proof.link_count, 0);
    }
}

static void add_link__the_last_that_fits__and_one_more_is_refused(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_KEY_PROOF_LINKS_MAX; i++) {
        assert_int_equal(tg_key_proof_add_link(&f->proof, TG_LIT(MAILBOX)), TG_OK);
    }
    assert_int_equal(tg_key_proof_add_link(&f->proof, TG_LIT(MAILBOX)), TG_E_LIMIT);
    assert_int_equal(f->proof.link_count, TG_KEY_PROOF_LINKS_MAX);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(entry_of_the_outbox__proves_index_key_and_its_seal_key),
        CASE(each_seal_key_in_use__needs_its_own_proof),
        CASE(link_of_a_record__proves_index_key_and_its_seal_key),
        CASE(wrong_keys__prove_nothing),
        CASE(wrong_keys__do_not_open_an_entry),
        CASE(seal_key_that_the_file_lacks__is_named),
        CASE(blocked_entry_and_spent_token__prove_nothing_and_harm_nothing),
        CASE(add_link__what_is_no_link__refused),
        CASE(add_link__the_last_that_fits__and_one_more_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
