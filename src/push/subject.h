/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push/subject.h - the contact that a Web Push sender names (RFC 8292 section 2.1). Push services
 * answer 403 to a contact that nobody can reach.
 * Layer: L2 (base, wire).   Threads: any.   Blocks: no.   Secrets: none.
 */
#ifndef TG_PUSH_SUBJECT_H
#define TG_PUSH_SUBJECT_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/fault.h"

#define TG_PUSH_SUBJECT_MAX 255u /* bytes */

/*
 * mailto: and one address, or an https URL; the domain is a public DNS name. TG_E_SYNTAX: fault has
 * what is wrong and what is expected, without the name of the setting and without the value.
 * spec: protocol/4#push-contact
 */
TG_NODISCARD enum tg_err tg_push_subject_check(struct tg_bytes subject, struct tg_fault *fault);

/* What keeps a host from being a domain of the public DNS; NULL: nothing. Resolves nothing. */
const char *tg_push_domain_fault(struct tg_bytes domain);

#endif
