/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "server/pushlink/open.h"

#include <string.h>

struct world {
    struct tg_keyring keyring;
    struct tg_push_opener opener;
    struct tg_buf sealed;
    struct tg_buf scratch;
    struct tg_outbox_entry entry;
    struct tg_push_ipc_job job;
};

static const struct tg_notification_token a_token = { .is_present = true,
                                                      .type = { (const uint8_t *)"webhook", 7 },
                                                      .token_data = { (const uint8_t *)"abc", 3 } };

static void seal(struct world *w, const struct tg_notification_token *token)
{
    tg_buf_clear(&w->sealed);
    assert_int_equal(tg_outbox_entry_key(&w->entry.key, &w->keyring, token), TG_OK);
    assert_int_equal(
        tg_outbox_entry_seal(&w->sealed, &w->keyring, &w->entry.key, token, &tg_rng_system), TG_OK);
    w->entry.expires_s = 1893456000;
    w->entry.sealed = tg_buf_view(&w->sealed);
}

static int setup(void **state)
{
    static struct world world;
    struct world *w = &world;

    memset(w, 0, sizeof(*w));
    tg_buf_init(&w->sealed, TG_OUTBOX_SEALED_MAX);
    tg_buf_init(&w->scratch, TG_OUTBOX_SEALED_MAX);
    assert_int_equal(tg_keyring_generate(&w->keyring, &tg_rng_system), TG_OK);
    assert_int_equal(tg_push_opener_init(&w->opener, &w->keyring, &tg_rng_system), TG_OK);
    seal(w, &a_token);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    tg_buf_deinit(&w->sealed);
    tg_buf_deinit(&w->scratch);
    tg_keyring_wipe(&w->keyring);
    return 0;
}

static enum tg_err open_entry(struct world *w)
{
    return tg_push_open(&w->opener, &w->job, &w->scratch, &w->entry);
}

static void open__sealed_here__token_and_expiration(void **state)
{
    struct world *w = *state;

    assert_int_equal(open_entry(w), TG_OK);
    assert_true(tg_bytes_is_equal(w->job.token_type, TG_LIT("webhook")));
    assert_true(tg_bytes_is_equal(w->job.token_data, TG_LIT("abc")));
    assert_int_equal(w->job.expires_s, 1893456000);
}

static void open__another_relays_key_or_changed__refused_and_untouched(void **state)
{
    struct world *w = *state;
    const struct tg_push_ipc_job before = w->job;
    struct tg_keyring other = { 0 };

    w->sealed.ptr[w->sealed.len - 1] ^= 1;
    assert_int_equal(open_entry(w), TG_E_CRYPTO);
    w->sealed.ptr[w->sealed.len - 1] ^= 1;
    assert_int_equal(tg_keyring_generate(&other, &tg_rng_system), TG_OK);
    w->opener.keyring = &other;
    assert_int_equal(open_entry(w), TG_E_CRYPTO);
    assert_memory_equal(&w->job, &before, sizeof(before));
    tg_keyring_wipe(&other);
}

/* A provider collapses the pushes of one token by this value, and cannot derive the key from it. */
static void collapse__same_token_same_process__same_and_not_the_key(void **state)
{
    struct world *w = *state;
    uint8_t first[32];
    struct tg_notification_token other = a_token;

    assert_int_equal(open_entry(w), TG_OK);
    memcpy(first, w->job.collapse, sizeof(first));
    seal(w, &a_token);
    assert_int_equal(open_entry(w), TG_OK);
    assert_memory_equal(w->job.collapse, first, sizeof(first));
    assert_memory_not_equal(first, w->entry.key.bytes, sizeof(first));

    assert_int_equal(tg_push_opener_init(&w->opener, &w->keyring, &tg_rng_system), TG_OK);
    assert_int_equal(open_entry(w), TG_OK);
    assert_memory_not_equal(w->job.collapse, first, sizeof(first));

    memcpy(first, w->job.collapse, sizeof(first));
    other.token_data = TG_LIT("abd");
    seal(w, &other);
    assert_int_equal(open_entry(w), TG_OK);
    assert_memory_not_equal(w->job.collapse, first, sizeof(first));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CASE(open__sealed_here__token_and_expiration),
        CASE(open__another_relays_key_or_changed__refused_and_untouched),
        CASE(collapse__same_token_same_process__same_and_not_the_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
