/* SPDX-License-Identifier: Apache-2.0 */
#include "server/preflight.h"

#include "server/keys/pair.h"
#include "server/ops/folder.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#define WORKER_DESCRIPTORS 8u /* of one worker: its sockets, its loop, a spare one */
#define OTHER_DESCRIPTORS 64u /* admin, store, push process, files that are read */

/* ---- TLS ------------------------------------------------------------------------------------ */

/* The host of public-url, without port. False: public-url was not set, so links name the listener.
   A development certificate is made for the listener. */
static bool public_host(char out[TG_CONFIG_URL_MAX + 1], const struct tg_config *config)
{
    const char *host = strstr(config->public_url, "://");
    size_t len = 0;

    if (host == NULL || config->is_url_derived || config->is_dev_cert) {
        return false;
    }
    host += 3;
    len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    memcpy(out, host, len);
    out[len] = '\0';
    return true;
}

enum tg_err tg_preflight_tls(struct tg_tls_context **out, const struct tg_config *config,
                             struct tg_tls_tickets *tickets, int64_t now_s,
                             struct tg_findings *findings)
{
    char host[TG_CONFIG_URL_MAX + 1];
    struct tg_pair pair = { .cert = NULL };
    const struct tg_pair_request request = { .cert_path = config->tls_cert,
                                             .key_path = config->tls_key,
                                             .host = public_host(host, config) ? host : NULL,
                                             .now_s = now_s };
    enum tg_err err = tg_pair_load(&pair, &request, findings);

    if (err == TG_OK) {
        err = tg_tls_context_new(out, &pair, tickets);
    }
    if (err == TG_E_CRYPTO && !tg_findings_refuse(findings)) {
        tg_fault_set(tg_finding_add(findings, TG_FINDING_ERROR, TG_REASON_CERT_WEAK, "tls-cert",
                                    config->tls_cert),
                     "a certificate is too weak for TLS (expected: keys of P-256, or of RSA with "
                     "2048 bits or more, signed with SHA-256 or better)");
    }
    tg_pair_deinit(&pair);
    return err;
}

/* ---- descriptors ---------------------------------------------------------------------------- */

/* The default is what the relay can serve, not a promise: a limit of just that number is normal,
   and takes away a few connections without a word. */
void tg_preflight_descriptors(struct tg_config *config, struct tg_findings *findings)
{
    rlim_t others = OTHER_DESCRIPTORS + WORKER_DESCRIPTORS * (rlim_t)config->worker_count;
    struct rlimit limit;
    bool must_refuse = false;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max == RLIM_INFINITY ||
        limit.rlim_max >= others + config->connection_max) {
        return;
    }
    must_refuse =
        config->connection_max != TG_CONFIG_CONNECTIONS_DEFAULT || limit.rlim_max <= others;
    if (must_refuse || limit.rlim_max < config->connection_max) {
        tg_fault_set(tg_finding_add(findings, must_refuse ? TG_FINDING_ERROR : TG_FINDING_WARNING,
                                    TG_REASON_DESCRIPTORS, "max-connections", NULL),
                     "%u connections need %llu file descriptors, but the limit is %llu%s "
                     "(expected: a higher limit, such as LimitNOFILE in the unit, or fewer)",
                     (unsigned)config->connection_max,
                     (unsigned long long)others + config->connection_max,
                     (unsigned long long)limit.rlim_max, must_refuse ? "" : ", so they are fewer");
    }
    if (!must_refuse) {
        config->connection_max = (uint32_t)(limit.rlim_max - others);
    }
}

/* ---- folders -------------------------------------------------------------------------------- */

static void check_folder(struct tg_findings *findings, const char *setting, const char *path)
{
    if (path[0] != '\0' && tg_folder_check(path) != TG_OK) {
        tg_fault_set(tg_finding_add(findings, TG_FINDING_ERROR, TG_REASON_FOLDER, setting, path),
                     "the folder cannot be made or used: %s (expected: a folder in which the relay "
                     "may write)",
                     strerror(errno));
    }
}

void tg_preflight_folders(const struct tg_config *config, struct tg_findings *findings)
{
    check_folder(findings, "data", config->data_dir);
    if (config->store_kind == TG_STORE_LMDB) {
        check_folder(findings, "store", config->store_dir);
    }
}
