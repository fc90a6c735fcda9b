/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "server/keys/devcert.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW_S 1900000000
#define DAY_S 86400

struct fixture {
    char dir[64];
    struct tg_fault fault;
};

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));

    (void)snprintf(f->dir, sizeof(f->dir), "/tmp/tigress-devcert-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    *state = f;
    return 0;
}

static void path_of(char path[128], const struct fixture *f, const char *name)
{
    (void)snprintf(path, 128, "%s/%s", f->dir, name);
}

static int teardown(void **state)
{
    static const char *const names[] = { TG_DEVCERT_CA, TG_DEVCERT_CERT, TG_DEVCERT_KEY };
    struct fixture *f = *state;
    char path[128];

    for (size_t i = 0; i < 3; i++) {
        path_of(path, f, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(f->dir), 0); /* no other file remains */
    test_free(f);
    return 0;
}

static X509 *load_cert(const struct fixture *f, const char *name)
{
    char path[128];
    FILE *file = NULL;
    X509 *cert = NULL;

    path_of(path, f, name);
    file = fopen(path, "r");
    assert_non_null(file);
    cert = PEM_read_X509(file, NULL, NULL, NULL);
    assert_non_null(cert);
    (void)fclose(file);
    return cert;
}

/* Checks what a TLS client checks: chain to the CA, purpose, time, name. */
static bool client_accepts(const struct fixture *f, const char *host, bool is_ip, int64_t at_s)
{
    X509 *ca = load_cert(f, TG_DEVCERT_CA);
    X509 *cert = load_cert(f, TG_DEVCERT_CERT);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param = NULL;
    bool ok = false;

    assert_int_equal(X509_STORE_add_cert(store, ca), 1);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, cert, NULL), 1);
    param = X509_STORE_CTX_get0_param(ctx);
    assert_int_equal(X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER), 1);
    X509_VERIFY_PARAM_set_time(param, (time_t)at_s);
    (void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    if (is_ip) {
        assert_int_equal(X509_VERIFY_PARAM_set1_ip_asc(param, host), 1);
    } else {
        assert_int_equal(X509_VERIFY_PARAM_set1_host(param, host, 0), 1);
    }
    ok = X509_verify_cert(ctx) == 1;
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_free(cert);
    X509_free(ca);
    return ok;
}

static bool ensure(struct fixture *f, const char *host, int64_t now_s)
{
    bool is_created = false;

    f->fault.text[0] = '\0';
    assert_int_equal(tg_devcert_ensure(f->dir, host, now_s, &is_created, &f->fault), TG_OK);
    assert_string_equal(f->fault.text, "");
    return is_created;
}

static void ensure__empty_folder__a_client_accepts_the_names(void **state)
{
    struct fixture *f = *state;

    assert_true(ensure(f, "10.1.2.3", NOW_S));
    assert_true(client_accepts(f, "localhost", false, NOW_S));
    assert_true(client_accepts(f, "127.0.0.1", true, NOW_S));
    assert_true(client_accepts(f, "::1", true, NOW_S));
    assert_true(client_accepts(f, "10.1.2.3", true, NOW_S));
    assert_false(client_accepts(f, "10.1.2.4", true, NOW_S));
    assert_false(client_accepts(f, "relay.example", false, NOW_S));
}

static void ensure__valid__90_days_and_no_longer(void **state)
{
    struct fixture *f = *state;
    const int64_t end_s = NOW_S + (int64_t)TG_DEVCERT_DAYS * DAY_S;

    assert_true(ensure(f, NULL, NOW_S));
    assert_true(client_accepts(f, "localhost", false, end_s - 1));
    assert_false(client_accepts(f, "localhost", false, end_s + 1));
}

static void ensure__files__key_with_mode_0600_and_no_ca_key(void **state)
{
    struct fixture *f = *state;
    char path[128];
    struct stat st;
    FILE *file = NULL;
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    X509 *ca = NULL;

    assert_true(ensure(f, "", NOW_S));
    path_of(path, f, TG_DEVCERT_KEY);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    file = fopen(path, "r");
    key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    assert_non_null(key);
    cert = load_cert(f, TG_DEVCERT_CERT);
    ca = load_cert(f, TG_DEVCERT_CA);
    assert_int_equal(X509_check_private_key(cert, key), 1);
    assert_int_not_equal(X509_check_private_key(ca, key), 1);
    assert_int_equal(X509_check_ca(cert), 0);
    (void)fclose(file);
    EVP_PKEY_free(key);
    X509_free(cert);
    X509_free(ca);
}

static void ensure__again__kept_until_a_day_before_the_end(void **state)
{
    struct fixture *f = *state;
    const int64_t end_s = NOW_S + (int64_t)TG_DEVCERT_DAYS * DAY_S;

    assert_true(ensure(f, "127.0.0.1", NOW_S));
    assert_false(ensure(f, "127.0.0.1", NOW_S));
    assert_false(ensure(f, NULL, end_s - DAY_S - 1));
    assert_true(ensure(f, "127.0.0.1", end_s - DAY_S + 1));
    assert_true(client_accepts(f, "127.0.0.1", true, end_s + 1));
}

static void ensure__another_host__made_again(void **state)
{
    struct fixture *f = *state;

    assert_true(ensure(f, "127.0.0.1", NOW_S));
    assert_true(ensure(f, "fd00::7", NOW_S));
    assert_true(client_accepts(f, "fd00::7", true, NOW_S));
    assert_true(ensure(f, "my-host.example", NOW_S));
    assert_true(client_accepts(f, "my-host.example", false, NOW_S));
}

static void ensure__clock_before_it_was_made__made_again(void **state)
{
    struct fixture *f = *state;

    assert_true(ensure(f, "", NOW_S));
    assert_true(ensure(f, "", NOW_S - DAY_S));
}

static void ensure__damaged_missing_or_readable_file__made_again(void **state)
{
    static const char *const names[] = { TG_DEVCERT_CA, TG_DEVCERT_CERT, TG_DEVCERT_KEY };
    struct fixture *f = *state;
    char path[128];

    assert_true(ensure(f, "", NOW_S));
    for (size_t i = 0; i < 3; i++) {
        path_of(path, f, names[i]);
        assert_int_equal(truncate(path, 40), 0);
        assert_true(ensure(f, "", NOW_S));
        assert_int_equal(unlink(path), 0);
        assert_true(ensure(f, "", NOW_S));
        assert_true(client_accepts(f, "localhost", false, NOW_S));
    }
    path_of(path, f, TG_DEVCERT_KEY);
    assert_int_equal(chmod(path, 0640), 0);
    assert_true(ensure(f, "", NOW_S));
    assert_false(ensure(f, "", NOW_S));
}

static void ensure__not_a_host__refused_and_nothing_made(void **state)
{
    struct fixture *f = *state;
    bool is_created = true;
    char path[128];

    assert_int_equal(tg_devcert_ensure(f->dir, "a,DNS:bank.example", NOW_S, &is_created, &f->fault),
                     TG_E_SYNTAX);
    assert_string_not_equal(f->fault.text, "");
    assert_true(is_created);
    path_of(path, f, TG_DEVCERT_CERT);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void ensure__no_such_folder__io_and_a_fault(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tg_devcert_ensure("/nonexistent/dir", "", NOW_S, NULL, &f->fault), TG_E_IO);
    assert_non_null(strstr(f->fault.text, "cannot be created"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ensure__empty_folder__a_client_accepts_the_names),
        TEST(ensure__valid__90_days_and_no_longer),
        TEST(ensure__files__key_with_mode_0600_and_no_ca_key),
        TEST(ensure__again__kept_until_a_day_before_the_end),
        TEST(ensure__another_host__made_again),
        TEST(ensure__clock_before_it_was_made__made_again),
        TEST(ensure__damaged_missing_or_readable_file__made_again),
        TEST(ensure__not_a_host__refused_and_nothing_made),
        TEST(ensure__no_such_folder__io_and_a_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
