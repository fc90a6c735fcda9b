/* SPDX-License-Identifier: Apache-2.0 */
/* A mailbox of the tests of its rules, without a store, a socket or a clock. A is the initiator, B
   the recipient, C a stranger. */
#ifndef TESTS_UNIT_MAILBOX_BOX_FIXTURE_H
#define TESTS_UNIT_MAILBOX_BOX_FIXTURE_H

#include "support/c/unit.h"

#include "mailbox/mailbox.h"

#define NOW_S 1893456000
#define DEFAULT_S 172800
#define MAX_S 2592000

struct fixture {
    struct tg_mailbox box;
    struct tg_mailbox before; /* for "nothing changed" */
    bool exists;
    struct tg_msg_create create;
    struct tg_msg_update update;
    struct tg_fault fault, claim_fault;
    struct tg_mailbox_command cmd;
    struct tg_mailbox_result result;
    struct tg_moment now;
};

struct tg_claim_hash claim(char who);

/* A command as the relay makes it. who 0: without a claim; request_no 0: without a request id. */
void prepare(struct fixture *f, enum tg_mailbox_call call, char who, unsigned request_no);

/* The status of f->cmd, applied. */
unsigned run(struct fixture *f);
unsigned call(struct fixture *f, enum tg_mailbox_call what, char who, unsigned request_no);

/* The last run changed nothing. */
void assert_unchanged(const struct fixture *f);

bool is_bound_to(const struct tg_mailbox_side *side, char who);

/* No mailbox yet. The caller frees it. */
struct fixture *fixture_new(unsigned rights);

/* A live mailbox of initiator A, all rights. */
int setup_fresh(void **state);
/* ... and recipient B. */
int setup_bound(void **state);
int teardown(void **state);

#define FRESH(t) cmocka_unit_test_setup_teardown(t, setup_fresh, teardown)
#define BOUND(t) cmocka_unit_test_setup_teardown(t, setup_bound, teardown)

#endif
