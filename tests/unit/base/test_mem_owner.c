/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/mem_owner.h"
#include "base/mem_pages.h"

#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

#define BLOCK 1000u
#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

static struct tg_mem_owner *owner_new(void)
{
    struct tg_mem_owner *o = tg_mem_owner_new();

    assert_non_null(o);
    assert_int_equal(tg_mem_owner_held(o), 0);
    return o;
}

static void *block_of(struct tg_mem_owner *o, size_t size)
{
    struct tg_mem_owner *before = tg_mem_enter(o);
    void *block = tg_mem_alloc(size);

    (void)tg_mem_enter(before);
    assert_non_null(block);
    return block;
}

static void owner__block_in_it__held_until_freed(void **state)
{
    struct tg_mem_owner *o = owner_new();
    size_t used = tg_mem_used();
    void *block = block_of(o, BLOCK);

    (void)state;
    assert_in_range(tg_mem_owner_held(o), BLOCK, BLOCK + 48);
    assert_int_equal(tg_mem_used() - used, tg_mem_owner_held(o));
    tg_mem_free(block);
    assert_int_equal(tg_mem_owner_held(o), 0);
    assert_int_equal(tg_mem_used(), used);
    assert_true(tg_mem_owner_free(&o));
    assert_null(o);
}

static void owner__every_way_to_allocate_and_free__counts_the_same(void **state)
{
    struct tg_mem_owner *o = owner_new();
    struct tg_mem_owner *before = tg_mem_enter(o);
    struct tg_buf buf;

    (void)state;
    tg_buf_init(&buf, 100000);
    for (size_t i = 0; i < 10000; i++) {
        tg_buf_append_u64(&buf, i);
    }
    assert_int_equal(tg_buf_status(&buf), TG_OK);
    assert_true(tg_mem_owner_held(o) >= 80000);
    tg_buf_deinit(&buf);
    tg_mem_free_secret(tg_mem_calloc(3, 50), 150);
    tg_mem_free_wiped(tg_mem_realloc_wiped(tg_mem_alloc(10), 5000));
    tg_mem_free(tg_mem_grow(tg_mem_alloc(10), 10, 5000));
    assert_int_equal(tg_mem_owner_held(o), 0);
    assert_ptr_equal(tg_mem_enter(before), o);
    assert_true(tg_mem_owner_free(&o));
}

/* An exchange outlives its connection. */
static void owner_free__block_left__not_yet(void **state)
{
    struct tg_mem_owner *o = owner_new();
    void *block = block_of(o, BLOCK);

    (void)state;
    assert_false(tg_mem_owner_free(&o));
    assert_non_null(o);
    tg_mem_free(block);
    assert_true(tg_mem_owner_free(&o));
}

static void enter__another_owner__blocks_stay_with_the_first(void **state)
{
    struct tg_mem_owner *a = owner_new();
    struct tg_mem_owner *b = owner_new();
    void *block = block_of(a, BLOCK);
    size_t held = tg_mem_owner_held(a);
    struct tg_mem_owner *before = tg_mem_enter(b);

    (void)state;
    tg_mem_free(block);
    assert_int_equal(tg_mem_owner_held(a), 0);
    assert_int_equal(tg_mem_owner_held(b), 0);
    block = tg_mem_alloc(BLOCK);
    assert_int_equal(tg_mem_owner_held(b), held);
    (void)tg_mem_enter(before);
    tg_mem_free(block);
    assert_true(tg_mem_owner_free(&a));
    assert_true(tg_mem_owner_free(&b));
}

/* As the writer of the store does with the buffers of an exchange. */
static void *grow_elsewhere(void *arg)
{
    struct tg_buf *buf = arg;
    struct tg_mem_owner *before = tg_mem_enter_of(buf->ptr);

    for (size_t i = 0; i < 1000; i++) {
        tg_buf_append_u64(buf, i);
    }
    (void)tg_mem_enter(before);
    tg_mem_publish();
    return NULL;
}

static void enter_of__other_thread__block_belongs_to_the_same_owner(void **state)
{
    struct tg_mem_owner *o = owner_new();
    struct tg_mem_owner *before = tg_mem_enter(o);
    struct tg_buf buf;
    pthread_t thread;

    (void)state;
    tg_buf_init(&buf, 100000);
    tg_buf_append_u8(&buf, 1);
    assert_int_equal(pthread_create(&thread, NULL, grow_elsewhere, &buf), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)tg_mem_enter(before);
    assert_true(tg_mem_owner_held(o) >= 8001);
    assert_false(tg_mem_owner_free(&o));
    tg_buf_deinit(&buf);
    assert_int_equal(tg_mem_owner_held(o), 0);
    assert_true(tg_mem_owner_free(&o));
}

static void set_max__reached__buffers_stop_growing_and_small_blocks_do_not(void **state)
{
    struct tg_buf buf;
    void *small = NULL;

    (void)state;
    tg_buf_init(&buf, SIZE_MAX - 1);
    tg_buf_append_u8(&buf, 1);
    tg_mem_set_max(tg_mem_used() + 8192);
    assert_non_null(tg_buf_extend(&buf, 4096));
    assert_null(tg_buf_extend(&buf, 8192));
    assert_int_equal(tg_buf_status(&buf), TG_E_NOMEM);
    tg_mem_set_max(0);
    small = tg_mem_grow(NULL, 0, TG_MEM_SMALL);
    assert_non_null(small);
    assert_null(tg_mem_grow(NULL, 0, TG_MEM_SMALL + 1));
    tg_mem_set_max(SIZE_MAX);
    tg_mem_free(small);
    tg_buf_deinit(&buf);
}

static void *allocate_and_end(void *arg)
{
    const size_t *size = arg;
    void *block = tg_mem_alloc(*size);

    tg_mem_publish();
    return block;
}

static void used__blocks_of_another_thread__counted(void **state)
{
    size_t sizes[] = { 100, (size_t)TG_MEM_BATCH * 4 };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t before = tg_mem_used();
        pthread_t thread;
        void *block = NULL;

        assert_int_equal(pthread_create(&thread, NULL, allocate_and_end, &sizes[i]), 0);
        assert_int_equal(pthread_join(thread, &block), 0);
        assert_true(tg_mem_used() - before >= sizes[i]);
        tg_mem_free(block);
        assert_int_equal(tg_mem_used(), before);
    }
}

static void pages__only_what_is_used_counts(void **state)
{
    struct tg_mem_owner *o = owner_new();
    struct tg_mem_owner *before = tg_mem_enter(o);
    struct tg_mem_pages p = { .ptr = NULL };
    uint8_t *ptr = tg_mem_pages_new(&p, 5 * PAGE - 100);

    (void)state;
    (void)tg_mem_enter(before);
    assert_non_null(ptr);
    assert_int_equal(tg_mem_owner_held(o), PAGE);
    tg_mem_pages_use(&p, PAGE);
    assert_int_equal(tg_mem_owner_held(o), PAGE);
    tg_mem_pages_use(&p, PAGE + 1);
    assert_int_equal(tg_mem_owner_held(o), 2 * PAGE);
    ptr[0] = 1;
    ptr[2 * PAGE] = 2;
    tg_mem_pages_use(&p, SIZE_MAX);
    tg_mem_pages_use(&p, 1); /* what was used counts on */
    assert_int_equal(tg_mem_owner_held(o), 5 * PAGE);
    tg_mem_pages_rest(&p);
    assert_int_equal(tg_mem_owner_held(o), PAGE);
    assert_int_equal(ptr[0], 1);
    assert_int_equal(ptr[2 * PAGE], 0);
    tg_mem_pages_free(&p);
    assert_null(p.ptr);
    assert_int_equal(tg_mem_owner_held(o), 0);
    tg_mem_pages_free(&p);
    assert_true(tg_mem_owner_free(&o));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owner__block_in_it__held_until_freed),
        cmocka_unit_test(owner__every_way_to_allocate_and_free__counts_the_same),
        cmocka_unit_test(owner_free__block_left__not_yet),
        cmocka_unit_test(enter__another_owner__blocks_stay_with_the_first),
        cmocka_unit_test(enter_of__other_thread__block_belongs_to_the_same_owner),
        cmocka_unit_test(set_max__reached__buffers_stop_growing_and_small_blocks_do_not),
        cmocka_unit_test(pages__only_what_is_used_counts),
        cmocka_unit_test(used__blocks_of_another_thread__counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
