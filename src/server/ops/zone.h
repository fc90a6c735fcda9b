/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/ops/zone.h - the time zone of dates on pages, from the system's database (tzdata).
 * Layer: L4.      Threads: tg_zone_use before the first one; the others any.
 * Blocks: reads a file.      Secrets: none.
 */
#ifndef TG_SERVER_OPS_ZONE_H
#define TG_SERVER_OPS_ZONE_H

#include "base/err.h"
#include "base/fault.h"

#include <stdint.h>

/* Whether the system knows the zone: "UTC", "Europe/Berlin". TG_E_SYNTAX with fault. */
TG_NODISCARD enum tg_err tg_zone_check(const char *name, struct tg_fault *fault);
/* The zone of the whole process from now on; it must have been checked. */
void tg_zone_use(const char *name);
/* Seconds that local time is ahead of UTC at a time. */
int32_t tg_zone_offset_s(int64_t unix_s);

#endif
