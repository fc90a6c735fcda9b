/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate and a key with one fault each. The clock is an argument. */
#include "support/c/unit.h"

#include "server/keys/pair.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW_S INT64_C(1900000000) /* 2030-03-17 */
#define DAY_S (24 * 3600)
#define SUBJECT_ALT_NAMES "DNS:relay.example,DNS:*.wild.example,IP:192.0.2.7,IP:2001:db8::7"

struct fixture {
    char dir[64];
    char cert[96];
    char key[96];
    EVP_PKEY *ca_key;
    EVP_PKEY *sub_key;
    EVP_PKEY *leaf_key;
    struct tg_findings findings;
    struct tg_pair pair;
};

/* ---- making them ---------------------------------------------------------------------------- */

struct wish {
    const char *subject, *issuer;
    EVP_PKEY *key, *issuer_key;
    int64_t from_s, until_s;
    const char *names; /* subjectAltName; NULL: none */
};

static void add_name(X509_NAME *name, const char *text)
{
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *)text, -1, -1, 0),
                     1);
}

static X509 *make(const struct wish *w)
{
    X509 *cert = X509_new();
    X509_EXTENSION *extension = NULL;

    assert_non_null(cert);
    assert_int_equal(X509_set_version(cert, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), 7), 1);
    add_name(X509_get_subject_name(cert), w->subject);
    add_name(X509_get_issuer_name(cert), w->issuer);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)w->from_s));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)w->until_s));
    assert_int_equal(X509_set_pubkey(cert, w->key), 1);
    if (w->names != NULL) {
        extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, w->names);
        assert_non_null(extension);
        assert_int_equal(X509_add_ext(cert, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
    assert_true(X509_sign(cert, w->issuer_key, EVP_sha256()) > 0);
    return cert;
}

enum who { LEAF, SUB, CA, SELF };

static X509 *make_one(struct fixture *f, enum who who, int64_t from_s, int64_t until_s)
{
    const struct wish wishes[] = {
        [LEAF] = { "relay", "sub", f->leaf_key, f->sub_key, from_s, until_s, SUBJECT_ALT_NAMES },
        [SUB] = { "sub", "ca", f->sub_key, f->ca_key, from_s, until_s, NULL },
        [CA] = { "ca", "ca", f->ca_key, f->ca_key, from_s, until_s, NULL },
        [SELF] = { "relay.example", "relay.example", f->leaf_key, f->leaf_key, from_s, until_s,
                   SUBJECT_ALT_NAMES },
    };

    return make(&wishes[who]);
}

static FILE *create(const char *path, mode_t mode)
{
    int fd = -1;

    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    return fdopen(fd, "w");
}

static void write_chain(struct fixture *f, const enum who *chain, size_t count)
{
    FILE *file = create(f->cert, 0644);

    for (size_t i = 0; i < count; i++) {
        X509 *cert = make_one(f, chain[i], NOW_S - DAY_S, NOW_S + 90 * DAY_S);

        assert_int_equal(PEM_write_X509(file, cert), 1);
        X509_free(cert);
    }
    assert_int_equal(fclose(file), 0);
}

static void write_dates(struct fixture *f, enum who who, int64_t from_s, int64_t until_s)
{
    FILE *file = create(f->cert, 0644);
    X509 *cert = make_one(f, who, from_s, until_s);

    assert_int_equal(PEM_write_X509(file, cert), 1);
    X509_free(cert);
    assert_int_equal(fclose(file), 0);
}

static void write_key(struct fixture *f, EVP_PKEY *key, mode_t mode)
{
    FILE *file = create(f->key, mode);

    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = create(path, 0600);

    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* ---- loading them --------------------------------------------------------------------------- */

static enum tg_err load_for(struct fixture *f, const char *host, int64_t now_s)
{
    const struct tg_pair_request request = {
        .cert_path = f->cert, .key_path = f->key, .host = host, .now_s = now_s
    };
    enum tg_err err = TG_E_BUG;

    tg_pair_deinit(&f->pair);
    f->findings = (struct tg_findings){ .count = 0 };
    err = tg_pair_load(&f->pair, &request, &f->findings);
    assert_int_equal(err == TG_OK, f->pair.cert != NULL);
    assert_int_equal(err != TG_OK, tg_findings_refuse(&f->findings));
    return err;
}

static bool has(const struct fixture *f, enum tg_log_reason reason)
{
    for (size_t i = 0; i < f->findings.count; i++) {
        if (f->findings.list[i].reason == reason) {
            assert_non_null(strstr(f->findings.list[i].fault.text, "expected"));
            assert_true(strlen(f->findings.list[i].fault.text) < TG_FAULT_MAX - 1);
            return true;
        }
    }
    return false;
}

static void assert_refused(struct fixture *f, enum tg_log_reason reason)
{
    if (load_for(f, NULL, NOW_S) == TG_OK || !has(f, reason)) {
        struct tg_buf text;

        tg_buf_init(&text, 10000);
        tg_findings_format(&text, &f->findings);
        fail_msg("expected %s, got %s", tg_log_reason_name(reason), tg_buf_cstr(&text));
    }
}

static void assert_warned(struct fixture *f, enum tg_log_reason reason)
{
    assert_int_equal(load_for(f, NULL, NOW_S), TG_OK);
    assert_int_equal(f->findings.count, 1);
    assert_true(has(f, reason));
    assert_int_equal(f->findings.list[0].severity, TG_FINDING_WARNING);
}

static void assert_clean(struct fixture *f)
{
    assert_int_equal(load_for(f, "relay.example", NOW_S), TG_OK);
    assert_int_equal(f->findings.count, 0);
}

static const enum who good_chain[] = { LEAF, SUB };

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));

    (void)snprintf(f->dir, sizeof(f->dir), "/tmp/tigress-pair-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->cert, sizeof(f->cert), "%s/cert.pem", f->dir);
    (void)snprintf(f->key, sizeof(f->key), "%s/key.pem", f->dir);
    f->ca_key = EVP_EC_gen("P-256");
    f->sub_key = EVP_EC_gen("P-256");
    f->leaf_key = EVP_EC_gen("P-256");
    write_chain(f, good_chain, TG_COUNT(good_chain));
    write_key(f, f->leaf_key, 0600);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    tg_pair_deinit(&f->pair);
    EVP_PKEY_free(f->ca_key);
    EVP_PKEY_free(f->sub_key);
    EVP_PKEY_free(f->leaf_key);
    (void)unlink(f->cert);
    (void)unlink(f->key);
    (void)rmdir(f->dir);
    test_free(f);
    return 0;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void good__chain_without_its_root__nothing_found(void **state)
{
    struct fixture *f = *state;

    assert_clean(f);
    assert_int_equal(sk_X509_num(f->pair.issuers), 1);
    write_key(f, f->leaf_key, 0400);
    assert_clean(f);
    write_chain(f, (const enum who[]){ LEAF, SUB, CA }, 3);
    assert_clean(f);
    write_chain(f, (const enum who[]){ SELF }, 1);
    assert_clean(f);
}

static void files__missing_or_of_another_kind__named_with_the_reason(void **state)
{
    struct fixture *f = *state;

    (void)unlink(f->cert);
    assert_refused(f, TG_REASON_CERT_UNREADABLE);
    assert_non_null(strstr(f->findings.list[0].fault.text, "No such file or directory"));
    assert_string_equal(f->findings.list[0].path, f->cert);
    assert_string_equal(f->findings.list[0].setting, "tls-cert");
    assert_int_equal(mkfifo(f->cert, 0600), 0); /* it must not wait for a writer */
    assert_refused(f, TG_REASON_CERT_UNREADABLE);
    write_text(f->cert, "nothing");
    assert_refused(f, TG_REASON_CERT_MALFORMED);
    write_text(f->cert, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert_refused(f, TG_REASON_CERT_MALFORMED);
    write_chain(f, good_chain, 2);
    (void)unlink(f->key);
    assert_refused(f, TG_REASON_KEY_UNREADABLE);
    assert_string_equal(f->findings.list[0].path, f->key);
    assert_string_equal(f->findings.list[0].setting, "tls-key");
    write_text(f->key, "nothing");
    assert_refused(f, TG_REASON_KEY_MALFORMED);
}

/* A certificate after the first one is cut: nothing of the file is used. */
static void chain__its_end_is_damaged__refused(void **state)
{
    struct fixture *f = *state;
    FILE *file = fopen(f->cert, "a");

    assert_non_null(file);
    assert_true(fputs("-----BEGIN CERTIFICATE-----\nMIIB", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_refused(f, TG_REASON_CERT_MALFORMED);
}

static void files__at_their_limit__one_byte_more_refused(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    FILE *file = fopen(f->cert, "a");

    assert_int_equal(stat(f->cert, &st), 0);
    assert_non_null(file);
    for (size_t i = (size_t)st.st_size; i < TG_PAIR_FILE_MAX; i++) {
        assert_int_equal(fputc('\n', file), '\n');
    }
    assert_int_equal(fflush(file), 0);
    assert_clean(f);
    assert_int_equal(fputc('\n', file), '\n');
    assert_int_equal(fclose(file), 0);
    assert_refused(f, TG_REASON_CERT_UNREADABLE);
}

static void key__of_another_certificate_or_algorithm__refused(void **state)
{
    struct fixture *f = *state;
    EVP_PKEY *others[] = { EVP_EC_gen("P-256"), EVP_EC_gen("P-384"), EVP_RSA_gen(2048),
                           EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") };

    for (size_t i = 0; i < TG_COUNT(others); i++) {
        assert_non_null(others[i]);
        write_key(f, others[i], 0600);
        assert_refused(f, TG_REASON_KEY_MISMATCH);
        EVP_PKEY_free(others[i]);
    }
    write_key(f, f->sub_key, 0600); /* of the second certificate */
    assert_refused(f, TG_REASON_KEY_MISMATCH);
}

static void key__that_others_may_read__refused(void **state)
{
    static const mode_t modes[] = { 0644, 0604, 0640, 0620, 0610, 0601, 0602, 0660, 0444, 0777 };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(modes); i++) {
        write_key(f, f->leaf_key, modes[i]);
        assert_refused(f, TG_REASON_KEY_SHARED);
    }
    write_key(f, f->leaf_key, 0700);
    assert_clean(f);
}

/* Only root can give a file away. */
static void key__of_another_user__refused(void **state)
{
    struct fixture *f = *state;

    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(chown(f->key, 12345, (gid_t)-1), 0);
    assert_refused(f, TG_REASON_KEY_OWNER);
}

/* A relay with its own user, and a key of root that the relay reads through a group. */
static void key__of_root_and_readable_by_a_group__used_by_a_relay_of_that_group(void **state)
{
    struct fixture *f = *state;

    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(chmod(f->dir, 0711), 0);
    assert_int_equal(chown(f->key, 0, 12345), 0);
    assert_int_equal(setegid(12345), 0);
    assert_int_equal(seteuid(12345), 0);
    assert_int_equal(load_for(f, NULL, NOW_S) == TG_OK, false); /* 0600 of root: unreadable */
    assert_true(has(f, TG_REASON_KEY_UNREADABLE));
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(f->key, 0640), 0);
    assert_int_equal(seteuid(12345), 0);
    assert_clean(f);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(f->key, 0644), 0);
    assert_int_equal(seteuid(12345), 0);
    assert_refused(f, TG_REASON_KEY_SHARED);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(setegid(0), 0);
}

static void key__with_a_passphrase__refused_without_a_prompt(void **state)
{
    struct fixture *f = *state;
    char phrase[] = "correct horse";
    FILE *file = create(f->key, 0600);
    int ends[2] = { -1, -1 };
    int before = dup(STDIN_FILENO);

    assert_int_equal(
        PEM_write_PrivateKey(file, f->leaf_key, EVP_aes_128_cbc(), NULL, 0, NULL, phrase), 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "correct horse\n", 14), 14);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    assert_refused(f, TG_REASON_KEY_ENCRYPTED);
    assert_int_equal(read(STDIN_FILENO, phrase, sizeof(phrase)), sizeof(phrase));
    assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(close(before), 0);
    assert_int_equal(close(ends[0]), 0);
}

static void dates__each_side_of_each_bound__as_stated(void **state)
{
    static const struct {
        int64_t from_s, until_s;
        enum tg_log_reason reason; /* TG_REASON_NONE: nothing found */
        bool is_error;
    } cases[] = {
        { -DAY_S, -1, TG_REASON_CERT_EXPIRED, true },
        { -DAY_S, 0, TG_REASON_CERT_EXPIRES_SOON, false },
        { -DAY_S, TG_PAIR_SOON_S - 1, TG_REASON_CERT_EXPIRES_SOON, false },
        { -DAY_S, TG_PAIR_SOON_S, TG_REASON_NONE, false },
        { 0, 90 * DAY_S, TG_REASON_NONE, false },
        { 1, 90 * DAY_S, TG_REASON_CERT_NOT_YET_VALID, true },
        { 90 * DAY_S, 180 * DAY_S, TG_REASON_CERT_NOT_YET_VALID, true },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        write_dates(f, SELF, NOW_S + cases[i].from_s, NOW_S + cases[i].until_s);
        if (cases[i].reason == TG_REASON_NONE) {
            assert_clean(f);
        } else if (cases[i].is_error) {
            assert_refused(f, cases[i].reason);
        } else {
            assert_warned(f, cases[i].reason);
        }
    }
    write_dates(f, SELF, NOW_S - 9 * DAY_S, NOW_S - DAY_S);
    assert_refused(f, TG_REASON_CERT_EXPIRED);
    assert_non_null(strstr(f->findings.list[0].fault.text, "2030-03-16T17:46:40Z"));
}

static void host__names_wildcards_and_addresses__by_alternative_names(void **state)
{
    static const struct {
        const char *host;
        bool is_good;
    } cases[] = {
        { "relay.example", true },
        { "RELAY.example", true },
        { "a.wild.example", true },
        { "a.b.wild.example", false },
        { "wild.example", false },
        { "other.example", false },
        { "relay.example.evil", false },
        { "192.0.2.7", true },
        { "192.0.2.8", false },
        { "[2001:db8::7]", true },
        { "[2001:db8::8]", false },
        { "relay", false },
        { "", false },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        bool is_good = load_for(f, cases[i].host, NOW_S) == TG_OK;

        if (is_good != cases[i].is_good) {
            fail_msg("%s: %s", cases[i].host, is_good ? "accepted" : "refused");
        }
        assert_int_equal(has(f, TG_REASON_CERT_OTHER_HOST), !is_good);
    }
}

/* Clients ignore the subject, so it does not count here. */
static void host__only_in_the_subject__refused(void **state)
{
    struct fixture *f = *state;
    const struct wish wish = { "relay.example", "relay.example",    f->leaf_key, f->leaf_key,
                               NOW_S - DAY_S,   NOW_S + 90 * DAY_S, NULL };
    FILE *file = create(f->cert, 0644);
    X509 *cert = make(&wish);

    assert_int_equal(PEM_write_X509(file, cert), 1);
    X509_free(cert);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(load_for(f, "relay.example", NOW_S) == TG_OK, false);
    assert_true(has(f, TG_REASON_CERT_OTHER_HOST));
    assert_int_equal(load_for(f, NULL, NOW_S), TG_OK);
}

static void chain__out_of_order_incomplete_or_expired__warned(void **state)
{
    struct fixture *f = *state;
    FILE *file = NULL;
    X509 *cert = NULL;

    write_chain(f, (const enum who[]){ LEAF, CA, SUB }, 3);
    assert_warned(f, TG_REASON_CHAIN_ORDER);
    write_chain(f, (const enum who[]){ LEAF, LEAF, SUB }, 3);
    assert_warned(f, TG_REASON_CHAIN_ORDER);
    write_chain(f, (const enum who[]){ LEAF, CA }, 2);
    assert_warned(f, TG_REASON_CHAIN_ORDER);
    write_chain(f, (const enum who[]){ LEAF }, 1);
    assert_warned(f, TG_REASON_CHAIN_INCOMPLETE);
    write_chain(f, (const enum who[]){ LEAF }, 1);
    file = fopen(f->cert, "a");
    assert_non_null(file);
    cert = make_one(f, SUB, NOW_S - 9 * DAY_S, NOW_S - DAY_S);
    assert_int_equal(PEM_write_X509(file, cert), 1);
    X509_free(cert);
    assert_int_equal(fclose(file), 0);
    assert_warned(f, TG_REASON_CHAIN_EXPIRED);
    write_chain(f, (const enum who[]){ CA, SUB, LEAF }, 3); /* the key is the last one's */
    assert_refused(f, TG_REASON_KEY_MISMATCH);
}

static void several__all_found(void **state)
{
    struct fixture *f = *state;

    write_dates(f, LEAF, NOW_S - 9 * DAY_S, NOW_S - DAY_S);
    write_key(f, f->ca_key, 0600);
    assert_int_equal(load_for(f, "other.example", NOW_S) == TG_OK, false);
    assert_true(has(f, TG_REASON_CERT_EXPIRED));
    assert_true(has(f, TG_REASON_CERT_OTHER_HOST));
    assert_true(has(f, TG_REASON_CHAIN_INCOMPLETE));
    assert_true(has(f, TG_REASON_KEY_MISMATCH));
}

static void findings__printed__a_line_each_with_setting_path_and_severity(void **state)
{
    struct tg_findings found = { .count = 0 };
    struct tg_buf text;

    (void)state;
    tg_fault_set(
        tg_finding_add(&found, TG_FINDING_WARNING, TG_REASON_CHAIN_ORDER, "tls-cert", "/a b\x1b/c"),
        "out of order");
    assert_false(tg_findings_refuse(&found));
    tg_fault_set(
        tg_finding_add(&found, TG_FINDING_ERROR, TG_REASON_DESCRIPTORS, "max-connections", NULL),
        "too few");
    assert_true(tg_findings_refuse(&found));
    tg_buf_init(&text, 1000);
    tg_findings_format(&text, &found);
    assert_string_equal(tg_buf_cstr(&text), "tigressd: warning: tls-cert: /a b?/c: out of order\n"
                                            "tigressd: max-connections: too few\n");
    tg_buf_deinit(&text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(good__chain_without_its_root__nothing_found),
        CASE(files__missing_or_of_another_kind__named_with_the_reason),
        CASE(chain__its_end_is_damaged__refused),
        CASE(files__at_their_limit__one_byte_more_refused),
        CASE(key__of_another_certificate_or_algorithm__refused),
        CASE(key__that_others_may_read__refused),
        CASE(key__of_another_user__refused),
        CASE(key__of_root_and_readable_by_a_group__used_by_a_relay_of_that_group),
        CASE(key__with_a_passphrase__refused_without_a_prompt),
        CASE(dates__each_side_of_each_bound__as_stated),
        CASE(host__names_wildcards_and_addresses__by_alternative_names),
        CASE(host__only_in_the_subject__refused),
        CASE(chain__out_of_order_incomplete_or_expired__warned),
        CASE(several__all_found),
        cmocka_unit_test(findings__printed__a_line_each_with_setting_path_and_severity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
