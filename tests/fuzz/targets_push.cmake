# SPDX-License-Identifier: Apache-2.0
tigress_add_fuzz(NAME push_ipc SOURCES fuzz_push_ipc.c LIBS tg_push)
