/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres/url.h"

#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PASSWORD_MAX 1024u
#define OPTIONS_MAX 64u
#define CA_BUNDLE "/etc/ssl/certs/ca-certificates.crt"

/* What an operator may not set here, and why. */
static const struct {
    const char *keyword;
    const char *fault;
} refused[] = {
    { "password",
      "a password in the connection string would be seen by other users and in print-config "
      "(expected: store-password-file, passfile=FILE, or peer authentication)" },
    { "sslpassword",
      "a password in the connection string would be seen by other users (expected: a key "
      "file without a password)" },
    { "options",
      "options in the connection string (expected: none; the relay sets what it needs)" },
    { "service", "a service in the connection string (expected: host, dbname and user in it)" },
    { "replication", "replication in the connection string (expected: none)" },
};

/* What the relay decides itself. */
static const char *const decided[] = { "host",
                                       "hostaddr",
                                       "port",
                                       "password",
                                       "target_session_attrs",
                                       "connect_timeout",
                                       "gssencmode",
                                       "client_encoding",
                                       "fallback_application_name",
                                       NULL };

static const char *value_of(const struct tg_pg_url *url, const char *keyword)
{
    for (const PQconninfoOption *o = url->options; o->keyword != NULL; o++) {
        if (strcmp(o->keyword, keyword) == 0) {
            return o->val == NULL ? "" : o->val;
        }
    }
    return "";
}

static bool is_decided(const char *keyword)
{
    for (size_t i = 0; decided[i] != NULL; i++) {
        if (strcmp(decided[i], keyword) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- parsing -------------------------------------------------------------------------------- */

/* The next item of a list with commas; false: too long for out. */
static bool take_item(const char **list, char *out, size_t size)
{
    size_t len = strcspn(*list, ",");

    if (len >= size) {
        return false;
    }
    memcpy(out, *list, len);
    out[len] = '\0';
    *list += len;
    *list += **list == ',' ? 1 : 0;
    return true;
}

static size_t item_count(const char *list)
{
    size_t count = list[0] == '\0' ? 0 : 1;

    for (; *list != '\0'; list++) {
        count += *list == ',' ? 1 : 0;
    }
    return count;
}

static bool is_address(const char *text)
{
    uint8_t bytes[16];

    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static enum tg_err take_hosts(struct tg_pg_url *url, struct tg_fault *fault)
{
    const char *names = value_of(url, "host");
    const char *addresses = value_of(url, "hostaddr");
    const char *ports = value_of(url, "port");
    size_t count = item_count(names);
    size_t port_count = item_count(ports);
    const char *same_port = ports;

    if (item_count(addresses) > count) {
        count = item_count(addresses);
    }
    if (count == 0 || count > TG_PG_HOSTS_MAX || (port_count > 1 && port_count != count) ||
        (item_count(addresses) != 0 && item_count(addresses) != count) ||
        (item_count(names) != 0 && item_count(names) != count)) {
        tg_fault_set(fault,
                     "hosts and ports do not match (expected: 1 to 16 hosts, and a port for each "
                     "or one for all)");
        return TG_E_SYNTAX;
    }
    for (size_t i = 0; i < count; i++) {
        struct tg_pg_host *host = &url->hosts[i];

        if (port_count == 1) {
            ports = same_port;
        }
        if (!take_item(&names, host->name, sizeof(host->name)) ||
            !take_item(&addresses, host->address, sizeof(host->address)) ||
            !take_item(&ports, host->port, sizeof(host->port)) ||
            (host->name[0] == '\0' && host->address[0] == '\0')) {
            tg_fault_set(fault, "a host or a port of the connection string is empty or too long");
            return TG_E_SYNTAX;
        }
        if (host->address[0] == '\0' && is_address(host->name)) {
            memcpy(host->address, host->name, sizeof(host->address)); /* an address is shorter */
        }
    }
    url->host_count = count;
    return TG_OK;
}

static bool is_folder(const struct tg_pg_host *host)
{
    return host->name[0] == '/' || host->name[0] == '@';
}

static bool is_local(const struct tg_pg_host *host)
{
    return is_folder(host) || strcmp(host->name, "localhost") == 0 ||
           strncmp(host->address, "127.", 4) == 0 || strcmp(host->address, "::1") == 0;
}

/* Over a network the server must prove that it is the one. */
static enum tg_err check_tls(const struct tg_pg_url *url, struct tg_fault *fault)
{
    const char *mode = value_of(url, "sslmode");

    for (size_t i = 0; i < url->host_count; i++) {
        if (mode[0] != '\0' && strcmp(mode, "verify-full") != 0 && !is_local(&url->hosts[i])) {
            tg_fault_set(
                fault, "sslmode weaker than verify-full for a server that is not on this computer "
                       "(expected: sslmode=verify-full, with sslrootcert=FILE)");
            return TG_E_SYNTAX;
        }
    }
    return TG_OK;
}

enum tg_err tg_pg_url_parse(struct tg_pg_url *url, const char *text, struct tg_fault *fault)
{
    enum tg_err err = TG_E_SYNTAX;
    char *message = NULL; /* may repeat the text, so it is not shown */

    memset(url, 0, sizeof(*url));
    url->password_file = "";
    url->options = PQconninfoParse(text, &message);
    PQfreemem(message);
    if (url->options == NULL) {
        tg_fault_set(fault, "not a connection string of PostgreSQL (expected: "
                            "postgresql://USER@HOST[:PORT][,HOST…]/DATABASE[?OPTION=VALUE&…])");
        return TG_E_SYNTAX;
    }
    for (size_t i = 0; i < TG_COUNT(refused); i++) {
        if (value_of(url, refused[i].keyword)[0] != '\0') {
            tg_fault_set(fault, "%s", refused[i].fault);
            goto out;
        }
    }
    if (value_of(url, "target_session_attrs")[0] != '\0' &&
        strcmp(value_of(url, "target_session_attrs"), "read-write") != 0) {
        tg_fault_set(
            fault,
            "target_session_attrs (expected: read-write, or none: the relay uses the primary "
            "alone)");
        goto out;
    }
    if (value_of(url, "dbname")[0] == '\0' || value_of(url, "user")[0] == '\0') {
        tg_fault_set(fault, "no user or no database in the connection string (expected: "
                            "postgresql://USER@HOST/DATABASE)");
        goto out;
    }
    TG_TRY(take_hosts(url, fault));
    TG_TRY(check_tls(url, fault));
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_pg_url_free(url);
    }
    return err;
}

void tg_pg_url_free(struct tg_pg_url *url)
{
    PQconninfoFree(url->options);
    url->options = NULL;
    url->host_count = 0;
}

bool tg_pg_host_needs_lookup(const struct tg_pg_host *host)
{
    return host->address[0] == '\0' && !is_folder(host);
}

/* ---- connecting ----------------------------------------------------------------------------- */

struct list {
    const char *keywords[OPTIONS_MAX + 1];
    const char *values[OPTIONS_MAX + 1];
    size_t count;
};

static void put(struct list *list, const char *keyword, const char *value)
{
    if (list->count < OPTIONS_MAX && value[0] != '\0') {
        list->keywords[list->count] = keyword;
        list->values[list->count] = value;
        list->count++;
    }
}

/* The first line of the file. */
static bool read_password(const char *path, char out[PASSWORD_MAX])
{
    int fd = tg_file_open(path);
    ssize_t got = fd < 0 ? -1 : read(fd, out, PASSWORD_MAX - 1);

    if (fd >= 0) {
        (void)close(fd);
    }
    if (got < 0) {
        return false;
    }
    out[got] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

static void fill(struct list *list, const struct tg_pg_url *url, const struct tg_pg_host *host)
{
    for (const PQconninfoOption *o = url->options; o->keyword != NULL; o++) {
        if (o->val != NULL && !is_decided(o->keyword)) {
            put(list, o->keyword, o->val);
        }
    }
    put(list, "host", host->name);
    put(list, "hostaddr", host->address);
    put(list, "port", host->port);
    put(list, "target_session_attrs", "read-write");
    put(list, "gssencmode", "disable");
    put(list, "fallback_application_name", "tigressd");
    if (!is_folder(host) && value_of(url, "sslmode")[0] == '\0') {
        put(list, "sslmode", is_local(host) ? "prefer" : "verify-full");
    }
    if (!is_folder(host) && value_of(url, "sslrootcert")[0] == '\0' && !is_local(host)) {
        put(list, "sslrootcert", CA_BUNDLE);
    }
    if (value_of(url, "tcp_user_timeout")[0] == '\0') {
        put(list, "tcp_user_timeout", "8000");
    }
    if (value_of(url, "keepalives_idle")[0] == '\0') { /* also where nothing is sent for long */
        put(list, "keepalives_idle", "5");
        put(list, "keepalives_interval", "2");
    }
}

PGconn *tg_pg_url_start(const struct tg_pg_url *url, const struct tg_pg_host *host)
{
    struct list list = { .count = 0 };
    char password[PASSWORD_MAX] = "";
    PGconn *conn = NULL;

    fill(&list, url, host);
    if (url->password_file[0] == '\0' || read_password(url->password_file, password)) {
        put(&list, "password", password);
        conn = PQconnectStartParams(list.keywords, list.values, 0);
    }
    tg_mem_wipe(password, sizeof(password));
    if (conn != NULL) {
        (void)PQsetErrorVerbosity(conn, PQERRORS_SQLSTATE); /* no names, no values */
    }
    return conn;
}
