/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/fuzz_push_fcm.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/tigress-fuzz-XXXXXX";
static int file = -1;

static void remove_file(void)
{
    (void)unlink(path);
}

struct tg_push_provider *fuzz_fcm_open(struct tg_bytes account, struct tg_fault *fault)
{
    const struct tg_push_settings settings = { .fcm_account = path,
                                               .fcm_url = "https://fcm.example" };
    struct tg_push_provider *p = NULL;

    if (file < 0) {
        file = mkstemp(path); /* one for all inputs, accessible only to its owner */
        assert(file >= 0 && atexit(remove_file) == 0);
    }
    if (ftruncate(file, 0) != 0 ||
        pwrite(file, account.ptr, account.len, 0) != (ssize_t)account.len) {
        abort();
    }
    return tg_push_fcm_ops.open(&p, &settings, &tg_rng_system, fault) == TG_OK ? p : NULL;
}
