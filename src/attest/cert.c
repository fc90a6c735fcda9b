/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/cert.h"

#include "attest/der.h"

#define TAG_VERSION TG_DER_EXPLICIT(0)
#define TAG_ISSUER_ID TG_DER_TAG(0x80, 1)
#define TAG_SUBJECT_ID TG_DER_TAG(0x80, 2)
#define TAG_EXTENSIONS TG_DER_EXPLICIT(3)

static const uint8_t oid_basic_constraints[] = { 0x55, 0x1d, 0x13 };

static int read_version(struct tg_der *tbs)
{
    struct tg_der in;
    int32_t number = 0;

    if (tg_der_peek(tbs) != TAG_VERSION) {
        return 1;
    }
    in = tg_der_enter(tbs, TAG_VERSION);
    number = tg_der_number(&in, TG_DER_INTEGER);
    if (!tg_der_is_done(&in) || number < 1 || number > 2) { /* DER omits version 0 */
        tbs->is_bad = true;
    }
    return number + 1;
}

static struct tg_bytes strip_zeros(struct tg_bytes number)
{
    size_t zeros = 0;

    while (zeros + 1 < number.len && number.ptr[zeros] == 0) {
        zeros++;
    }
    return tg_bytes_from(number, zeros);
}

static struct tg_bytes read_extensions(struct tg_der *tbs)
{
    struct tg_der in;
    struct tg_bytes list = { NULL, 0 };

    if (!tg_der_has_more(tbs)) {
        return list;
    }
    in = tg_der_enter(tbs, TAG_EXTENSIONS);
    list = tg_der_take(&in, TG_DER_SEQUENCE);
    tbs->is_bad = tbs->is_bad || !tg_der_is_done(&in);
    return list;
}

static void read_tbs(struct tg_cert *out, struct tg_der *tbs)
{
    out->version = read_version(tbs);
    out->serial = strip_zeros(tg_der_take(tbs, TG_DER_INTEGER));
    (void)tg_der_take(tbs, TG_DER_SEQUENCE); /* signature algorithm */
    out->issuer = tg_der_take(tbs, TG_DER_SEQUENCE);
    (void)tg_der_take(tbs, TG_DER_SEQUENCE); /* validity */
    out->subject = tg_der_take(tbs, TG_DER_SEQUENCE);
    out->spki = tg_der_whole(tbs);
    (void)tg_der_skip_if(tbs, TAG_ISSUER_ID);
    (void)tg_der_skip_if(tbs, TAG_SUBJECT_ID);
    out->extensions = read_extensions(tbs);
}

/* Reads one extension of the list and returns its OID. */
static struct tg_bytes next_extension(struct tg_cert_extension *out, struct tg_der *list)
{
    struct tg_der in = tg_der_enter(list, TG_DER_SEQUENCE);
    struct tg_bytes oid = tg_der_take(&in, TG_DER_OID);

    out->is_critical = tg_der_peek(&in) == TG_DER_BOOLEAN && tg_der_boolean(&in);
    out->value = tg_der_take(&in, TG_DER_OCTETS);
    list->is_bad = list->is_bad || !tg_der_is_done(&in);
    return oid;
}

/* Reads all extensions once, so that a later search fails only if the extension is missing. */
static bool are_extensions_good(struct tg_bytes extensions)
{
    struct tg_der list = tg_der_init(extensions);
    struct tg_bytes seen[TG_CERT_EXTENSIONS_MAX];
    size_t count = 0;

    while (tg_der_has_more(&list)) {
        struct tg_cert_extension extension;
        struct tg_bytes oid = next_extension(&extension, &list);

        for (size_t i = 0; i < count; i++) {
            if (tg_bytes_is_equal(seen[i], oid)) {
                return false;
            }
        }
        if (count == TG_CERT_EXTENSIONS_MAX) {
            return false;
        }
        seen[count++] = oid;
    }
    return tg_der_is_done(&list);
}

enum tg_err tg_cert_read(struct tg_cert *out, struct tg_bytes der)
{
    struct tg_der outer = tg_der_init(der);
    struct tg_der cert = tg_der_enter(&outer, TG_DER_SEQUENCE);
    struct tg_der tbs = tg_der_enter(&cert, TG_DER_SEQUENCE);

    out->der = der;
    read_tbs(out, &tbs);
    (void)tg_der_take(&cert, TG_DER_SEQUENCE);
    (void)tg_der_take(&cert, TG_DER_BIT_STRING);
    if (!tg_der_is_done(&tbs) || !tg_der_is_done(&cert) || !tg_der_is_done(&outer) ||
        !are_extensions_good(out->extensions)) {
        return TG_E_SYNTAX;
    }
    return tg_spki_kind(&out->key_kind, out->spki) ? TG_OK : TG_E_UNSUPPORTED;
}

bool tg_cert_extension(struct tg_cert_extension *out, const struct tg_cert *cert,
                       struct tg_bytes oid)
{
    struct tg_der list = tg_der_init(cert->extensions);

    while (tg_der_has_more(&list)) {
        if (tg_bytes_is_equal(next_extension(out, &list), oid) && !list.is_bad) {
            return true;
        }
    }
    return false;
}

static struct tg_bytes next_name_part(struct tg_bytes *oid, struct tg_der *set)
{
    struct tg_der pair = tg_der_enter(set, TG_DER_SEQUENCE);
    struct tg_bytes text;
    uint32_t type = 0;

    *oid = tg_der_take(&pair, TG_DER_OID);
    text = tg_der_any(&pair, &type);
    set->is_bad = set->is_bad || !tg_der_is_done(&pair);
    return text;
}

bool tg_cert_name_part(struct tg_bytes *text, struct tg_bytes name, struct tg_bytes oid)
{
    struct tg_der sets = tg_der_init(name);
    size_t found_count = 0;
    size_t count = 0;

    while (tg_der_has_more(&sets)) {
        struct tg_der set = tg_der_enter(&sets, TG_DER_SET);

        while (tg_der_has_more(&set)) {
            struct tg_bytes type;
            struct tg_bytes value = next_name_part(&type, &set);

            if (tg_bytes_is_equal(type, oid)) {
                *text = value;
                found_count++;
            }
            if (++count > TG_CERT_NAME_PARTS_MAX) {
                return false;
            }
        }
        sets.is_bad = sets.is_bad || !tg_der_is_done(&set);
    }
    return tg_der_is_done(&sets) && found_count == 1;
}

bool tg_cert_subject_part(struct tg_bytes *text, const struct tg_cert *cert, struct tg_bytes oid)
{
    return tg_cert_name_part(text, cert->subject, oid);
}

bool tg_cert_is_no_authority(const struct tg_cert *cert)
{
    struct tg_cert_extension extension;
    struct tg_der value;
    struct tg_der in;

    if (!tg_cert_extension(&extension, cert, TG_ARRAY_BYTES(oid_basic_constraints))) {
        return false;
    }
    value = tg_der_init(extension.value);
    in = tg_der_enter(&value, TG_DER_SEQUENCE);
    if (tg_der_peek(&in) == TG_DER_BOOLEAN && tg_der_boolean(&in)) {
        return false;
    }
    return tg_der_is_done(&in) && tg_der_is_done(&value);
}
