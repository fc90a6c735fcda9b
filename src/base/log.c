/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/bytes.h"

static const char *const names[] = {
    [TG_REASON_NONE] = "none",
    [TG_REASON_OUT_OF_MEMORY] = "out-of-memory",
    [TG_REASON_CERT_UNREADABLE] = "certificate-unreadable",
    [TG_REASON_CERT_MALFORMED] = "certificate-malformed",
    [TG_REASON_CERT_EXPIRED] = "certificate-expired",
    [TG_REASON_CERT_NOT_YET_VALID] = "certificate-not-yet-valid",
    [TG_REASON_CERT_OTHER_HOST] = "certificate-of-another-host",
    [TG_REASON_CERT_WEAK] = "certificate-too-weak",
    [TG_REASON_CERT_EXPIRES_SOON] = "certificate-expires-soon",
    [TG_REASON_CHAIN_ORDER] = "chain-out-of-order",
    [TG_REASON_CHAIN_INCOMPLETE] = "chain-incomplete",
    [TG_REASON_CHAIN_EXPIRED] = "chain-expired",
    [TG_REASON_KEY_UNREADABLE] = "key-unreadable",
    [TG_REASON_KEY_MALFORMED] = "key-malformed",
    [TG_REASON_KEY_ENCRYPTED] = "key-encrypted",
    [TG_REASON_KEY_MISMATCH] = "key-of-another-certificate",
    [TG_REASON_KEY_SHARED] = "key-readable-by-others",
    [TG_REASON_KEY_OWNER] = "key-of-another-user",
    [TG_REASON_DESCRIPTORS] = "descriptor-limit",
    [TG_REASON_FOLDER] = "folder-unusable",
    [TG_REASON_VERIFIER] = "verifier-unusable",
    [TG_REASON_DATABASE_UNREACHABLE] = "database-unreachable",
    [TG_REASON_DATABASE_TLS] = "database-certificate-refused",
    [TG_REASON_DATABASE_LOGIN] = "database-login-refused",
    [TG_REASON_DATABASE_READ_ONLY] = "database-read-only",
    [TG_REASON_DATABASE_TABLES] = "database-without-tables",
    [TG_REASON_DATABASE_VERSION] = "database-of-another-version",
    [TG_REASON_DATABASE_RIGHTS] = "database-rights-missing",
    [TG_REASON_DATABASE_STANDBY] = "database-without-standby",
    [TG_REASON_DATABASE_CLOCK] = "clock-differs-from-database",
    [TG_REASON_DATABASE_SLOW] = "database-does-not-answer",
    [TG_REASON_DATABASE_COPIED] = "database-copied-to-another-store",
};
_Static_assert(TG_COUNT(names) == TG_REASON_COUNT, "a name for each reason");

const char *tg_log_reason_name(enum tg_log_reason reason)
{
    return (size_t)reason < TG_COUNT(names) ? names[reason] : "unknown";
}
