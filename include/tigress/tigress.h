/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tigress/tigress.h - everything of libtigress. The ready transport, <tigress/transport_curl.h>, is
 * a library of its own (libtigress_curl) and is included by itself.
 *
 * No global state, no threads, no I/O, no clock: handles may be used from any thread, one at a
 * time.
 */
#ifndef TIGRESS_TIGRESS_H
#define TIGRESS_TIGRESS_H

#include <tigress/envelope.h>
#include <tigress/error.h>
#include <tigress/export.h>
#include <tigress/formats.h>
#include <tigress/pin.h>
#include <tigress/session.h>
#include <tigress/share_url.h>
#include <tigress/version.h>
#include <tigress/webpush.h>

#endif
