# SPDX-License-Identifier: Apache-2.0
tigress_add_fuzz(NAME group_map SOURCES fuzz_group_map.c LIBS tg_store)
