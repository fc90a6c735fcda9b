/* SPDX-License-Identifier: Apache-2.0 */
#include "server/preflight.h"

#include "server/keys/pair.h"
#include "server/ops/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* ---- the operator's verifier ---------------------------------------------------------------- */

/* What is wrong with the socket; NULL: nothing. */
static const char *find_wrong_socket(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        return "nothing listens there (expected: start the verifier; until then requests that need "
               "it are answered 503)";
    }
    if (!S_ISSOCK(st.st_mode)) {
        return "not a socket (expected: the UNIX socket on which the verifier listens)";
    }
    return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0
               ? NULL
               : "the relay may not connect to it (expected: a socket that its user may write)";
}

/* A user who may write in the folder can put another socket there. */
static const char *find_wrong_folder(const char *path)
{
    char folder[TG_CONFIG_WORD_MAX + 1];
    size_t len = (size_t)(strrchr(path, '/') - path);
    struct stat st;

    memcpy(folder, path, len);
    folder[len] = '\0';
    if (stat(len > 0 ? folder : "/", &st) != 0 || !S_ISDIR(st.st_mode)) {
        return "its folder is not there (expected: a folder that the verifier made)";
    }
    return (st.st_mode & S_IWOTH) == 0
               ? NULL
               : "every user can write in its folder (expected: a folder in which only the "
                 "verifier can make files)";
}

void tg_preflight_verifier(const struct tg_config *config, struct tg_findings *findings)
{
    const char *path = tg_config_verifier_path(config);
    enum tg_severity severity = TG_FINDING_ERROR;
    const char *wrong = NULL;

    if (path == NULL || config->standing.attestation == TG_STANDING_OFF) {
        return;
    }
    wrong = find_wrong_folder(path);
    if (wrong == NULL) {
        wrong = find_wrong_socket(path);
        severity = access(path, F_OK) != 0 ? TG_FINDING_WARNING : TG_FINDING_ERROR;
    }
    if (wrong != NULL) {
        tg_fault_set(
            tg_finding_add(findings, severity, TG_REASON_VERIFIER, "attestation-verifier", path),
            "%s", wrong);
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
