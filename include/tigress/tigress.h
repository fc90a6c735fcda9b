/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/tigress.h - all headers of libtigress
 *
 * The optional libraries have separate headers: <tigress/transport_curl.h> for libtigress_curl,
 * and <tigress/direct.h> for libtigress_direct.
 *
 * The library has no global state but the allocator of <tigress/mem.h>, no threads, no I/O and no
 * clock. A handle may be used from any thread, by one thread at a time.
 */
#ifndef TIGRESS_TIGRESS_H
#define TIGRESS_TIGRESS_H

#include <tigress/end.h>
#include <tigress/envelope.h>
#include <tigress/error.h>
#include <tigress/export.h>
#include <tigress/formats.h>
#include <tigress/key.h>
#include <tigress/mem.h>
#include <tigress/pake.h>
#include <tigress/pin.h>
#include <tigress/seal.h>
#include <tigress/session.h>
#include <tigress/share_url.h>
#include <tigress/v2.h>
#include <tigress/version.h>
#include <tigress/wait.h>
#include <tigress/webpush.h>

#endif
