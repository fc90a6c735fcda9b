/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/cose.h"

#include "attest/der.h"

#include <string.h>

#define LABEL_KTY 1
#define LABEL_ALG 3
#define LABEL_CRV (-1)
#define LABEL_X (-2)
#define LABEL_Y (-3)
#define LABEL_N (-1)
#define LABEL_E (-2)
#define KTY_OKP 1
#define KTY_EC2 2
#define KTY_RSA 3
#define RSA_BYTES_MIN 256u
#define RSA_BYTES_MAX 512u
#define RSA_EXPONENT_MAX 4u /* bytes */
#define POINT_UNCOMPRESSED 0x04u

/* The bytes before the point in a SubjectPublicKeyInfo. The curve determines them. */
static const uint8_t spki_p256[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                     0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                     0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 };
static const uint8_t spki_p384[] = { 0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                     0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
                                     0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00 };
static const uint8_t spki_p521[] = { 0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                     0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81,
                                     0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00 };
static const uint8_t spki_ed25519[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                        0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
static const uint8_t spki_ed448[] = { 0x30, 0x43, 0x30, 0x05, 0x06, 0x03,
                                      0x2b, 0x65, 0x71, 0x03, 0x3a, 0x00 };

struct curve {
    int64_t kty;
    int64_t crv;
    int64_t alg;
    struct tg_bytes prefix;
    size_t coordinate_len;
};

static const struct curve curves[] = {
    [TG_KEY_P256] = { KTY_EC2, 1, TG_COSE_ES256, { spki_p256, sizeof(spki_p256) }, 32 },
    [TG_KEY_P384] = { KTY_EC2, 2, TG_COSE_ES384, { spki_p384, sizeof(spki_p384) }, 48 },
    [TG_KEY_P521] = { KTY_EC2, 3, TG_COSE_ES512, { spki_p521, sizeof(spki_p521) }, 66 },
    [TG_KEY_ED25519] = { KTY_OKP, 6, TG_COSE_EDDSA, { spki_ed25519, sizeof(spki_ed25519) }, 32 },
    [TG_KEY_ED448] = { KTY_OKP, 7, TG_COSE_ED448, { spki_ed448, sizeof(spki_ed448) }, 57 },
};

static const uint8_t rsa_algorithm[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                         0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };

static void put(struct tg_cose_key *key, struct tg_bytes data)
{
    memcpy(key->spki + key->spki_len, data.ptr, data.len); /* the callers respect the maximum */
    key->spki_len += data.len;
}

static void put_u8(struct tg_cose_key *key, unsigned value)
{
    uint8_t byte = (uint8_t)value;

    put(key, tg_bytes(&byte, 1));
}

static enum tg_err read_coordinate(struct tg_bytes *out, struct tg_cbor_item map, int64_t label,
                                   const struct curve *curve)
{
    return tg_cbor_get_bytes(out, tg_cbor_member_int(map, label)) &&
                   out->len == curve->coordinate_len
               ? TG_OK
               : TG_E_SYNTAX;
}

static enum tg_err read_on_curve(struct tg_cose_key *out, struct tg_cbor_item map,
                                 const struct curve *curve)
{
    struct tg_bytes x = { NULL, 0 };
    struct tg_bytes y = { NULL, 0 };
    enum tg_err err = read_coordinate(&x, map, LABEL_X, curve);

    if (err == TG_OK && curve->kty == KTY_EC2) {
        err = read_coordinate(&y, map, LABEL_Y, curve); /* of a compressed point, y is a boolean */
    }
    if (err != TG_OK) {
        return err;
    }
    put(out, curve->prefix);
    out->point_at = out->spki_len;
    if (curve->kty == KTY_EC2) {
        put_u8(out, POINT_UNCOMPRESSED);
    }
    put(out, x);
    if (y.len > 0) {
        put(out, y);
    }
    out->point_len = out->spki_len - out->point_at;
    return TG_OK;
}

static void put_header(struct tg_cose_key *key, uint8_t tag, size_t len)
{
    put_u8(key, tag);
    if (len >= 0x100) {
        put_u8(key, 0x82);
        put_u8(key, (unsigned)(len >> 8));
    } else if (len >= 0x80) {
        put_u8(key, 0x81);
    }
    put_u8(key, (unsigned)(len & 0xff));
}

static size_t header_len(size_t len)
{
    return len >= 0x100 ? 4 : len >= 0x80 ? 3 : 2;
}

/* An unsigned number as the content of an INTEGER: a zero byte before a set top bit. */
static size_t integer_len(struct tg_bytes number)
{
    return number.len + (number.ptr[0] >> 7);
}

static void put_integer(struct tg_cose_key *key, struct tg_bytes number)
{
    put_header(key, 0x02, integer_len(number));
    if ((number.ptr[0] & 0x80u) != 0) {
        put_u8(key, 0);
    }
    put(key, number);
}

static size_t whole_integer_len(struct tg_bytes number)
{
    return header_len(integer_len(number)) + integer_len(number);
}

/* Anybody can make a signature for the exponent 1. */
static bool is_rsa_size_good(struct tg_bytes n, struct tg_bytes e)
{
    bool is_one = e.len == 1 && e.ptr[0] == 1;

    return n.len >= RSA_BYTES_MIN && n.len <= RSA_BYTES_MAX && e.len >= 1 &&
           e.len <= RSA_EXPONENT_MAX && n.ptr[0] != 0 && e.ptr[0] != 0 &&
           (n.ptr[n.len - 1] & 1u) != 0 && (e.ptr[e.len - 1] & 1u) != 0 && !is_one;
}

static enum tg_err read_rsa(struct tg_cose_key *out, struct tg_cbor_item map)
{
    struct tg_bytes n = { NULL, 0 };
    struct tg_bytes e = { NULL, 0 };
    size_t pair_len = 0;
    size_t bits_len = 0;

    if (!tg_cbor_get_bytes(&n, tg_cbor_member_int(map, LABEL_N)) ||
        !tg_cbor_get_bytes(&e, tg_cbor_member_int(map, LABEL_E))) {
        return TG_E_SYNTAX;
    }
    if (!is_rsa_size_good(n, e)) {
        return TG_E_UNSUPPORTED;
    }
    pair_len = whole_integer_len(n) + whole_integer_len(e);
    bits_len = 1 + header_len(pair_len) + pair_len;
    put_header(out, 0x30, sizeof(rsa_algorithm) + header_len(bits_len) + bits_len);
    put(out, TG_ARRAY_BYTES(rsa_algorithm));
    put_header(out, 0x03, bits_len);
    put_u8(out, 0);
    out->point_at = out->spki_len;
    put_header(out, 0x30, pair_len);
    put_integer(out, n);
    put_integer(out, e);
    out->point_len = out->spki_len - out->point_at;
    out->kind = TG_KEY_RSA;
    return TG_OK;
}

static enum tg_err read_by_curve(struct tg_cose_key *out, struct tg_cbor_item map, int64_t kty)
{
    int64_t crv = 0;

    if (!tg_cbor_get_int(&crv, tg_cbor_member_int(map, LABEL_CRV))) {
        return TG_E_SYNTAX;
    }
    for (size_t i = 0; i < TG_COUNT(curves); i++) {
        if (curves[i].kty == kty && curves[i].crv == crv && curves[i].alg == out->alg) {
            out->kind = (enum tg_key_kind)i;
            return read_on_curve(out, map, &curves[i]);
        }
    }
    return TG_E_UNSUPPORTED;
}

enum tg_err tg_cose_key_read(struct tg_cose_key *out, struct tg_cbor_item map)
{
    int64_t kty = 0;

    out->spki_len = 0;
    if (!tg_cbor_get_int(&kty, tg_cbor_member_int(map, LABEL_KTY)) ||
        !tg_cbor_get_int(&out->alg, tg_cbor_member_int(map, LABEL_ALG))) {
        return TG_E_SYNTAX;
    }
    if (kty == KTY_RSA) {
        return out->alg == TG_COSE_RS256 ? read_rsa(out, map) : TG_E_UNSUPPORTED;
    }
    return read_by_curve(out, map, kty);
}

static struct tg_bytes without_sign_byte(struct tg_bytes integer)
{
    return integer.len > 1 && integer.ptr[0] == 0 ? tg_bytes_from(integer, 1) : integer;
}

static bool is_good_rsa(struct tg_bytes spki)
{
    struct tg_der outer = tg_der_init(spki);
    struct tg_der in = tg_der_enter(&outer, TG_DER_SEQUENCE);
    struct tg_bytes algorithm = tg_der_whole(&in);
    struct tg_bytes bits = tg_der_take(&in, TG_DER_BIT_STRING);
    struct tg_der key = tg_der_init(tg_bytes_from(bits, 1));
    struct tg_der pair = tg_der_enter(&key, TG_DER_SEQUENCE);
    struct tg_bytes n = without_sign_byte(tg_der_take(&pair, TG_DER_INTEGER));
    struct tg_bytes e = without_sign_byte(tg_der_take(&pair, TG_DER_INTEGER));

    return tg_der_is_done(&outer) && tg_der_is_done(&in) && tg_der_is_done(&key) &&
           tg_der_is_done(&pair) && bits.ptr[0] == 0 &&
           tg_bytes_is_equal(algorithm, TG_ARRAY_BYTES(rsa_algorithm)) && is_rsa_size_good(n, e);
}

static bool is_on_curve_form(const struct curve *curve, struct tg_bytes spki)
{
    bool is_ec = curve->kty == KTY_EC2;
    size_t point_len = is_ec ? 1 + 2 * curve->coordinate_len : curve->coordinate_len;

    return spki.len == curve->prefix.len + point_len && tg_bytes_has_prefix(spki, curve->prefix) &&
           (!is_ec || spki.ptr[curve->prefix.len] == POINT_UNCOMPRESSED);
}

bool tg_spki_kind(enum tg_key_kind *kind, struct tg_bytes spki)
{
    for (size_t i = 0; i < TG_COUNT(curves); i++) {
        if (is_on_curve_form(&curves[i], spki)) {
            *kind = (enum tg_key_kind)i;
            return true;
        }
    }
    *kind = TG_KEY_RSA;
    return is_good_rsa(spki);
}
