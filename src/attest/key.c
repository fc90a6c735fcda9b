/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/key.h"

#include "attest/der.h"
#include "attest/trouble.h"
#include "base/mem.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/params.h>

#define RSA_NUMBER_MAX 520u
#define QUEUE_MAX 64

static const struct {
    const char *name;
    size_t point_len;
} kinds[] = {
    [TG_KEY_P256] = { "prime256v1", 65 }, [TG_KEY_P384] = { "secp384r1", 97 },
    [TG_KEY_P521] = { "secp521r1", 133 }, [TG_KEY_ED25519] = { "ED25519", 32 },
    [TG_KEY_ED448] = { "ED448", 57 },
};

static EVP_PKEY *from_params(const char *type, int selection, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &key, selection, params) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return key;
}

enum tg_err tg_key_templates_init(struct tg_key_templates *templates)
{
    for (size_t i = 0; i < TG_KEY_CURVES; i++) {
        char name[16] = ""; /* OpenSSL reads up to a NUL */
        size_t len = 0;
        OSSL_PARAM params[2];

        while (kinds[i].name[len] != '\0') {
            name[len] = kinds[i].name[len]; /* the parameter takes a mutable text */
            len++;
        }
        params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, len);
        params[1] = OSSL_PARAM_construct_end();
        templates->curves[i] = from_params("EC", EVP_PKEY_KEY_PARAMETERS, params);
        if (templates->curves[i] == NULL) {
            (void)tg_trouble_take();
            return TG_E_CRYPTO;
        }
    }
    return TG_OK;
}

void tg_key_templates_deinit(struct tg_key_templates *templates)
{
    for (size_t i = 0; i < TG_KEY_CURVES; i++) {
        EVP_PKEY_free(templates->curves[i]);
        templates->curves[i] = NULL;
    }
}

static EVP_PKEY *make_on_curve(const EVP_PKEY *parameters, struct tg_bytes point)
{
    EVP_PKEY *key = EVP_PKEY_new();

    if (key != NULL && EVP_PKEY_copy_parameters(key, parameters) == 1 &&
        EVP_PKEY_set1_encoded_public_key(key, point.ptr, point.len) == 1) {
        return key;
    }
    EVP_PKEY_free(key);
    return NULL;
}

/* A number for OSSL_PARAM, which takes it in the processor's order. */
static OSSL_PARAM number(const char *name, uint8_t room[RSA_NUMBER_MAX], struct tg_bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        room[i] = value.ptr[value.len - 1 - i];
#else
        room[i] = value.ptr[i];
#endif
    }
    return OSSL_PARAM_construct_BN(name, room, value.len);
}

static EVP_PKEY *make_rsa(struct tg_bytes spki)
{
    uint8_t n_room[RSA_NUMBER_MAX];
    uint8_t e_room[RSA_NUMBER_MAX];
    struct tg_der outer = tg_der_init(spki);
    struct tg_der in = tg_der_enter(&outer, TG_DER_SEQUENCE);
    struct tg_der key;
    struct tg_der pair;
    struct tg_bytes n;
    struct tg_bytes e;
    OSSL_PARAM params[3];
    EVP_PKEY *made = NULL;

    (void)tg_der_whole(&in);
    key = tg_der_init(tg_bytes_from(tg_der_take(&in, TG_DER_BIT_STRING), 1));
    pair = tg_der_enter(&key, TG_DER_SEQUENCE);
    n = tg_der_take(&pair, TG_DER_INTEGER);
    e = tg_der_take(&pair, TG_DER_INTEGER);
    if (!tg_der_is_done(&pair) || n.len > RSA_NUMBER_MAX || e.len > RSA_NUMBER_MAX) {
        return NULL;
    }
    params[0] = number(OSSL_PKEY_PARAM_RSA_N, n_room, n);
    params[1] = number(OSSL_PKEY_PARAM_RSA_E, e_room, e);
    params[2] = OSSL_PARAM_construct_end();
    made = from_params("RSA", EVP_PKEY_PUBLIC_KEY, params);
    tg_mem_wipe(n_room, sizeof(n_room));
    tg_mem_wipe(e_room, sizeof(e_room));
    return made;
}

static bool is_about_point(unsigned long code)
{
    int reason = ERR_GET_REASON(code);

    return ERR_GET_LIB(code) == ERR_LIB_EC &&
           (reason == EC_R_POINT_IS_NOT_ON_CURVE || reason == EC_R_INVALID_ENCODING);
}

/* A point is bad only if OpenSSL reports that and no failed allocation: it reports both when it had
   no memory to check the point. */
static bool is_point_refused(void)
{
    bool is_refused = false;
    bool is_trouble = false;

    for (int i = 0; i < QUEUE_MAX; i++) {
        unsigned long code = ERR_get_error();

        if (code == 0) {
            break;
        }
        is_refused = is_refused || is_about_point(code);
        is_trouble = is_trouble || tg_trouble_is(code);
    }
    return is_refused && !is_trouble;
}

static EVP_PKEY *make(const struct tg_key_templates *templates, enum tg_key_kind kind,
                      struct tg_bytes spki)
{
    struct tg_bytes point;

    if (kind == TG_KEY_RSA) {
        return make_rsa(spki);
    }
    point = tg_bytes_from(spki, spki.len - kinds[kind].point_len);
    if (kind == TG_KEY_ED25519 || kind == TG_KEY_ED448) {
        return EVP_PKEY_new_raw_public_key_ex(NULL, kinds[kind].name, NULL, point.ptr, point.len);
    }
    return make_on_curve(templates->curves[kind], point);
}

enum tg_attest_step tg_key_make(EVP_PKEY **out, const struct tg_key_templates *templates,
                                enum tg_key_kind kind, struct tg_bytes spki, struct tg_fault *fault)
{
    EVP_PKEY *key = NULL;

    (void)tg_trouble_take();
    key = make(templates, kind, spki);
    if (key != NULL) {
        *out = key;
        return TG_ATTEST_OK;
    }
    if (!is_point_refused()) {
        return TG_ATTEST_STEP_INTERNAL;
    }
    tg_fault_set(fault, "expected public keys that are points on their curves");
    return TG_ATTEST_STEP_FORMAT;
}
