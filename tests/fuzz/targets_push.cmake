# SPDX-License-Identifier: Apache-2.0
tigress_add_fuzz(NAME push_ipc SOURCES fuzz_push_ipc.c LIBS tg_push)
tigress_add_fuzz(NAME push_answer SOURCES fuzz_push_answer.c fuzz_push_fcm.c LIBS tg_push)
tigress_add_fuzz(NAME push_account SOURCES fuzz_push_account.c fuzz_push_fcm.c LIBS tg_push)
tigress_add_fuzz(NAME push_token SOURCES fuzz_push_token.c LIBS tg_push)
