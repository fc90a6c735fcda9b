/* SPDX-License-Identifier: Apache-2.0 */
#include "lmdb_support.h"

#include <string.h>

const struct backend *lmdb(void)
{
    for (size_t i = 0; i < backend_count; i++) {
        if (strcmp(backends[i].name, "lmdb") == 0) {
            return &backends[i];
        }
    }
    fail();
    return NULL;
}

int lmdb_setup(void **state)
{
    struct fixture *f = malloc(sizeof(*f));

    assert_non_null(f);
    fixture_open(f, lmdb(), NULL);
    *state = f;
    return 0;
}

int lmdb_teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

void reopen(struct fixture *f)
{
    client_close(&f->client);
    f->client.ops->close(&f->store);
    assert_int_equal(f->backend->open(&f->store, f->dir, &f->limits), TG_OK);
    client_open(&f->client, f->store);
}
