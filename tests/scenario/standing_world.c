/* SPDX-License-Identifier: Apache-2.0 */
#include "standing_world.h"

#include "base/b64.h"
#include "base/hex.h"
#include "crypto/digest.h"

#include <jansson.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define VECTORS TG_TEST_DATA "/privacypass/rfc9578_blind_rsa.json"
#define HEX_MAX 4096u
#define TEXT_MAX 16384u
#define KEY_COUNT 3u
#define FIRST_KEY_END_S 1893542400 /* 2030-01-02 */

/* The hooks get only the world. A test has one thread, so a file-scope variable is enough. */
static struct standing_world *current;

static void must(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static size_t load_hex(uint8_t out[HEX_MAX], unsigned vector, const char *name)
{
    json_t *top = json_load_file(VECTORS, 0, NULL);
    const char *text = json_string_value(
        json_object_get(json_array_get(json_object_get(top, "vectors"), vector), name));
    size_t len = 0;

    must(text != NULL && strlen(text) / 2 <= HEX_MAX);
    len = strlen(text) / 2;
    must(tg_hex_decode(out, len, tg_bytes_str(text)) == TG_OK);
    json_decref(top);
    return len;
}

#define DATA TG_TEST_DATA "/privacypass/"
static const char *const private_files[KEY_COUNT] = { NULL, DATA "test_issuer_key_1.pem",
                                                      DATA "test_issuer_key_2.pem" };
static const char *const public_files[KEY_COUNT] = { NULL, DATA "test_issuer_key_1.spki.der",
                                                     DATA "test_issuer_key_2.spki.der" };

static size_t load_file(uint8_t out[HEX_MAX], const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t len = 0;

    must(file != NULL);
    len = fread(out, 1, HEX_MAX, file);
    must(fclose(file) == 0 && len > 0);
    return len;
}

static size_t load_spki(uint8_t out[HEX_MAX], unsigned key)
{
    must(key < KEY_COUNT);
    return key == 0 ? load_hex(out, 0, "pkS") : load_file(out, public_files[key]);
}

static void put_key(struct tg_buf *out, unsigned key, const char *times)
{
    uint8_t spki[HEX_MAX];
    size_t len = load_spki(spki, key);

    tg_buf_append_str(out, "{\"token-key\":\"");
    tg_b64_encode(out, tg_bytes(spki, len), TG_B64_URL);
    tg_buf_append_str(out, "\"");
    tg_buf_append_str(out, times);
    tg_buf_append_str(out, "}");
}

/* The first key ends at not_after_s; the second is valid during all tests. */
static struct tg_private_token_issuers *make_issuers(int64_t not_after_s)
{
    struct tg_private_token_issuers *issuers = NULL;
    struct tg_buf text;
    char end[64];

    (void)snprintf(end, sizeof(end), ",\"not-after\":%lld", (long long)not_after_s);
    tg_buf_init(&text, TEXT_MAX);
    tg_buf_append_str(&text, "{\"issuers\":[{\"name\":\"issuer.example\",\"keys\":[");
    put_key(&text, 0, end);
    tg_buf_append_str(&text, ",");
    put_key(&text, 1, ",\"not-after\":2000000000");
    tg_buf_append_str(&text, "]}]}");
    must(tg_private_token_issuers_parse(&issuers, tg_buf_view(&text), NULL) == TG_OK);
    tg_buf_deinit(&text);
    return issuers;
}

/* As the relay does at its start. */
static enum tg_err open_series(struct standing_world *s)
{
    struct tg_private_token_key_info key;
    enum tg_err err = TG_OK;

    for (size_t i = 0; tg_private_token_key_at(&key, s->issuers, i); i++) {
        struct tg_store_key series;
        enum tg_err found = TG_OK;

        memcpy(series.bytes, key.id, sizeof(series.bytes));
        found =
            fake_store_series(s->world->store, &series, key.not_after_s + TG_PRIVATE_TOKEN_GRACE_S);
        err = err != TG_OK ? err : found;
    }
    return err;
}

enum tg_err standing_world_first_key(struct standing_world *s, int64_t not_after_s)
{
    tg_private_token_issuers_free(&s->issuers);
    s->issuers = make_issuers(not_after_s);
    s->standing.issuers = s->issuers;
    return open_series(s);
}

/* ---- attestation: bytes for step and strength, 32 bytes for the challenge that it covers ---- */

#define HEAD_LEN 2u

static void verify(struct tg_attest_verdict *out, const struct tg_attest_policy *policy,
                   struct tg_bytes object, const uint8_t challenge[TG_ATTEST_HASH_LEN],
                   int64_t now_s)
{
    (void)policy;
    (void)now_s;
    current->verified_count++;
    *out = (struct tg_attest_verdict){ .step = TG_ATTEST_STEP_ENCODING };
    if (object.len != HEAD_LEN + TG_ATTEST_HASH_LEN || object.ptr[0] >= TG_ATTEST_STEP_COUNT) {
        return;
    }
    out->has_format = true;
    out->format = TG_ATTEST_PACKED;
    out->step = (enum tg_attest_step)object.ptr[0];
    if (out->step == TG_ATTEST_OK &&
        !tg_ct_equal(tg_bytes_from(object, HEAD_LEN), tg_bytes(challenge, TG_ATTEST_HASH_LEN))) {
        out->step = TG_ATTEST_STEP_CHALLENGE;
    }
    if (out->step == TG_ATTEST_OK) {
        out->strength = (enum tg_attest_strength)object.ptr[1];
    }
}

/* The fake's own form; and what begins with "fmt", which stands for a bad one. */
static enum tg_err is_known(bool *out, struct tg_bytes object)
{
    *out =
        object.len == HEAD_LEN + TG_ATTEST_HASH_LEN || tg_bytes_has_prefix(object, TG_LIT("fmt"));
    return TG_OK;
}

void standing_attest(struct tg_buf *out, enum tg_attest_step step, enum tg_attest_strength strength,
                     const struct tg_attestation_cover *cover)
{
    uint8_t object[HEAD_LEN + TG_ATTEST_HASH_LEN] = { (uint8_t)step, (uint8_t)strength };

    must(tg_attestation_challenge(object + HEAD_LEN, cover) == TG_OK);
    tg_attestation_encode(out, TG_ARRAY_BYTES(object));
    (void)tg_buf_cstr(out);
}

/* ---- tokens --------------------------------------------------------------------------------- */

static EVP_PKEY *load_private_key(unsigned number)
{
    uint8_t pem[HEX_MAX];
    size_t len = number == 0 ? load_hex(pem, 0, "skS") : load_file(pem, private_files[number]);
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    must(key != NULL);
    return key;
}

/* For the relay this signature is the same as a blind one. */
static void sign(uint8_t *signature, unsigned number, struct tg_bytes input)
{
    EVP_PKEY *key = load_private_key(number);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL;
    size_t len = TG_PRIVATE_TOKEN_SIGNATURE_LEN;

    must(EVP_DigestSignInit_ex(md, &ctx, "SHA2-384", NULL, NULL, key, NULL) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 48) == 1 &&
         EVP_DigestSign(md, signature, &len, input.ptr, input.len) == 1 &&
         len == TG_PRIVATE_TOKEN_SIGNATURE_LEN);
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
}

void standing_token(struct tg_buf *out, const char *label, unsigned key,
                    const struct tg_attestation_cover *cover)
{
    uint8_t token[TG_PRIVATE_TOKEN_LEN] = { 0, 2 };
    uint8_t context[TG_ATTESTATION_CHALLENGE_LEN], spki[HEX_MAX];
    size_t spki_len = load_spki(spki, key);
    struct tg_buf challenge;

    tg_buf_init(&challenge, TEXT_MAX);
    must(cover == NULL || tg_attestation_challenge(context, cover) == TG_OK);
    must(tg_private_token_challenge(&challenge, TG_LIT("issuer.example"),
                                    cover == NULL ? TG_LIT("") : TG_ARRAY_BYTES(context),
                                    TG_LIT("relay.example")) == TG_OK);
    must(tg_sha256(token + 2, tg_bytes_str(label)) == TG_OK);
    must(tg_sha256(token + 34, tg_buf_view(&challenge)) == TG_OK);
    must(tg_sha256(token + 66, tg_bytes(spki, spki_len)) == TG_OK);
    sign(token + TG_PRIVATE_TOKEN_INPUT_LEN, key, tg_bytes(token, TG_PRIVATE_TOKEN_INPUT_LEN));
    tg_buf_append_str(out, "PrivateToken token=\"");
    tg_b64_encode(out, TG_ARRAY_BYTES(token), TG_B64_URL);
    tg_buf_append_str(out, "\"");
    (void)tg_buf_cstr(out);
    tg_buf_deinit(&challenge);
}

/* ---- hooks ---------------------------------------------------------------------------------- */

static enum tg_err offload(void *ctx, tg_offload_fn *work, tg_offload_fn *done, void *arg)
{
    struct standing_world *s = current;

    (void)ctx;
    if (s->job_count >= s->job_max) {
        return TG_E_FULL;
    }
    s->jobs[s->job_count].work = work;
    s->jobs[s->job_count].done = done;
    s->jobs[s->job_count].arg = arg;
    s->job_count++;
    return TG_OK;
}

void standing_world_run(struct standing_world *s)
{
    for (size_t i = 0; i < s->job_count; i++) {
        s->jobs[i].work(s->jobs[i].arg);
        s->jobs[i].done(s->jobs[i].arg);
    }
    s->job_count = 0;
    fake_store_pump(s->world->store);
}

/* The text begins with the verdict; "full" stands for a queue without room. */
static enum tg_err ask(void *ctx, struct tg_bytes text, const uint8_t challenge[TG_ATTEST_HASH_LEN],
                       tg_ask_fn *done, void *arg)
{
    struct tg_ask_answer answer = { .verdict = TG_ASK_FAILED };

    (void)ctx;
    (void)challenge;
    current->asked_count++;
    if (tg_bytes_has_prefix(text, TG_LIT("!full"))) {
        return TG_E_FULL;
    }
    if (tg_bytes_has_prefix(text, TG_LIT("!valid"))) {
        answer.verdict = TG_ASK_VALID;
    } else if (tg_bytes_has_prefix(text, TG_LIT("!user"))) {
        answer = (struct tg_ask_answer){ .verdict = TG_ASK_VALID, .is_user_verified = true };
    } else if (tg_bytes_has_prefix(text, TG_LIT("!invalid"))) {
        answer.verdict = TG_ASK_INVALID;
    } else if (tg_bytes_has_prefix(text, TG_LIT("!unknown"))) {
        answer.verdict = TG_ASK_UNKNOWN;
    }
    done(arg, &answer);
    return TG_OK;
}

static void judged(void *ctx, const struct tg_standing_report *report)
{
    (void)ctx;
    if (report->is_only_reported) {
        current->reported[report->scheme][report->step]++;
        return;
    }
    current->judged[report->scheme][report->step]++;
    if (current->has_crash && report->scheme == TG_STANDING_PRIVATE_TOKEN &&
        report->step == TG_STANDING_OK) {
        fake_store_fail_with(current->world->store, TG_E_STORE);
    }
}

void standing_world_init(struct standing_world *s, struct world *w)
{
    memset(s, 0, sizeof(*s));
    s->world = w;
    s->issuers = make_issuers(FIRST_KEY_END_S);
    must(open_series(s) == TG_OK);
    s->job_max = STANDING_JOBS_MAX;
    s->standing = (struct tg_standing){ .formats = "apple packed",
                                        .verify = verify,
                                        .is_known = is_known,
                                        .issuers = s->issuers,
                                        .origin = "relay.example" };
    current = s;
    w->config.standing = &s->standing;
    w->hooks.judged = judged;
    w->hooks.offload = NULL;
    w->hooks.ask = ask;
}

void standing_world_deinit(struct standing_world *s)
{
    standing_world_run(s);
    s->world->config.standing = NULL;
    s->world->hooks.offload = NULL;
    tg_private_token_issuers_free(&s->issuers);
    current = NULL;
}

void standing_world_put_off(struct standing_world *s)
{
    s->world->hooks.offload = offload;
}
