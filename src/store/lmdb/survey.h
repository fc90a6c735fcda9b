/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/lmdb/survey.h - looking through the whole embedded store.
 * Layer: L2 (base), for src/store alone.   Threads: any.   Blocks: on the disk, and keeps the pages
 * of its moment from being reused.
 */
#ifndef TG_STORE_LMDB_SURVEY_H
#define TG_STORE_LMDB_SURVEY_H

#include "store/lmdb/table.h"

/* As tg_store_ops.survey, in a read transaction of its own. Returns LMDB's codes. */
TG_NODISCARD int tg_lmdb_survey(MDB_env *env, const struct tg_lmdb_tables *tables,
                                enum tg_store_survey what, tg_store_see_fn *see, void *ctx);

#endif
