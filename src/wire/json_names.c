/* SPDX-License-Identifier: Apache-2.0 */
/* Members that occur twice, in the time that sorting takes, whatever the names are. */
#include "wire/json_scan.h"

#include "base/mem.h"

#define FEW 8u /* so many names are compared each with each */

/* A name, with its first bytes as a number: most comparisons end there. */
struct name {
    uint64_t first;
    const struct tg_json_node *node;
};

static uint64_t first_bytes(const struct tg_json_node *node)
{
    uint64_t first = 0;

    for (size_t i = 0; i < sizeof(first); i++) {
        first = first << 8 | (i < node->len ? node->ptr[i] : 0);
    }
    return first;
}

static bool is_same(const struct tg_json_node *a, const struct tg_json_node *b)
{
    return tg_bytes_is_equal(tg_bytes(a->ptr, a->len), tg_bytes(b->ptr, b->len));
}

static bool is_below(const struct name *a, const struct name *b)
{
    if (a->first != b->first) {
        return a->first < b->first;
    }
    if (a->node->len != b->node->len) {
        return a->node->len < b->node->len;
    }
    for (size_t i = sizeof(a->first); i < a->node->len; i++) {
        if (a->node->ptr[i] != b->node->ptr[i]) {
            return a->node->ptr[i] < b->node->ptr[i];
        }
    }
    return false;
}

/* Restores the heap below at, of which only the name at `at` may be too small. */
static void sift(struct name *names, size_t at, size_t count)
{
    struct name moved = names[at];

    for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && is_below(&names[child], &names[child + 1])) {
            child++;
        }
        if (!is_below(&moved, &names[child])) {
            break;
        }
        names[at] = names[child];
        at = child;
    }
    names[at] = moved;
}

static void sort(struct name *names, size_t count)
{
    for (size_t i = count / 2; i > 0; i--) {
        sift(names, i - 1, count);
    }
    for (size_t i = count - 1; i > 0; i--) {
        struct name largest = names[0];

        names[0] = names[i];
        names[i] = largest;
        sift(names, 0, i);
    }
}

static enum tg_err few_differ(const struct tg_json_node *object)
{
    const struct tg_json_node *seen[FEW];
    const struct tg_json_node *node = object + 1;

    for (size_t i = 0; i < object->len; i++) {
        for (size_t k = 0; k < i; k++) {
            if (is_same(seen[k], node)) {
                return TG_E_CONFLICT;
            }
        }
        seen[i] = node;
        node = tg_json_next(node + 1);
    }
    return TG_OK;
}

static enum tg_err many_differ(const struct tg_json_node *object)
{
    struct name *names = tg_mem_alloc(object->len * sizeof(*names));
    const struct tg_json_node *node = object + 1;
    enum tg_err err = TG_OK;

    if (names == NULL) {
        return TG_E_NOMEM;
    }
    for (size_t i = 0; i < object->len; i++) {
        names[i] = (struct name){ first_bytes(node), node };
        node = tg_json_next(node + 1);
    }
    sort(names, object->len);
    for (size_t i = 1; i < object->len; i++) {
        if (is_same(names[i - 1].node, names[i].node)) {
            err = TG_E_CONFLICT;
        }
    }
    tg_mem_free_wiped(names);
    return err;
}

enum tg_err tg_json_names_differ(const struct tg_json_node *object)
{
    return object->len <= FEW ? few_differ(object) : many_differ(object);
}
