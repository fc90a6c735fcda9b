/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/keyfile.h - reads a provider's key from the file that a setting names.
 * Layer: L2 (base).   Threads: any.   Blocks: yes, on the file.
 * Secrets: the file's content, in a buffer that wipes itself.
 */
#ifndef TG_PUSH_KEYFILE_H
#define TG_PUSH_KEYFILE_H

#include "base/buf.h"
#include "base/fault.h"

#define TG_PUSH_KEYFILE_MAX 16384u /* bytes */

/*
 * Replaces out, which must be able to hold TG_PUSH_KEYFILE_MAX + 1 bytes, with the file's content.
 *   setting   its name, for the fault: "push-apns-key"
 * TG_E_DENIED   not a regular file, writable by the group, or accessible to others
 * TG_E_LIMIT    longer than TG_PUSH_KEYFILE_MAX
 * TG_E_IO, TG_E_NOMEM
 * out is empty on failure.
 */
TG_NODISCARD enum tg_err tg_push_keyfile_read(struct tg_buf *out, const char *setting,
                                              const char *path, struct tg_fault *fault);

#endif
