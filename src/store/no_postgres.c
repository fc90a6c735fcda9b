/* SPDX-License-Identifier: Apache-2.0 */
/* A build without PostgreSQL. */
#include "store/store.h"

#ifndef TG_HAS_POSTGRES

enum tg_err tg_store_pg_check(const char *url, struct tg_fault *fault)
{
    (void)url;
    tg_fault_set(fault, "this build has no PostgreSQL (expected: lmdb:DIR or memory:)");
    return TG_E_UNSUPPORTED;
}

enum tg_err tg_store_pg_open(struct tg_store **out, const struct tg_store_pg_settings *settings,
                             const struct tg_store_limits *limits, const struct tg_log *log,
                             struct tg_fault *fault)
{
    (void)out;
    (void)limits;
    (void)log;
    return tg_store_pg_check(settings->url, fault);
}

enum tg_err tg_store_pg_migrate(const struct tg_store_pg_settings *settings, const char *role,
                                struct tg_fault *fault)
{
    (void)role;
    return tg_store_pg_check(settings->url, fault);
}

#endif
