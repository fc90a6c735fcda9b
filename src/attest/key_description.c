/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/key_description.h"

#include "attest/der.h"

#define TAG_PURPOSE TG_DER_EXPLICIT(1)
#define TAG_NO_AUTH_REQUIRED TG_DER_EXPLICIT(503)
#define TAG_USER_AUTH_TYPE TG_DER_EXPLICIT(504)
#define TAG_AUTH_TIMEOUT TG_DER_EXPLICIT(505)
#define TAG_ALLOW_ON_BODY TG_DER_EXPLICIT(506)
#define TAG_ALL_APPLICATIONS TG_DER_EXPLICIT(600)
#define TAG_ORIGIN TG_DER_EXPLICIT(702)
#define TAG_ROOT_OF_TRUST TG_DER_EXPLICIT(704)
#define TAG_APPLICATION_ID TG_DER_EXPLICIT(709)
#define PACKAGES_MAX 32u

/* 1.3.6.1.4.1.11129.2.1.17 */
static const uint8_t oid_key_description[] = { 0x2b, 0x06, 0x01, 0x04, 0x01,
                                               0xd6, 0x79, 0x02, 0x01, 0x11 };

static void read_purpose(struct tg_key_authorizations *out, struct tg_der *in)
{
    struct tg_der set = tg_der_enter(in, TG_DER_SET);

    out->has_purpose = true;
    while (tg_der_has_more(&set)) {
        out->can_sign = tg_der_number(&set, TG_DER_INTEGER) == TG_KEY_PURPOSE_SIGN || out->can_sign;
    }
    in->is_bad = in->is_bad || set.is_bad;
}

/* Of any size: KeyMint has a type of all bits. What does not fit is the largest number. */
static uint64_t read_unsigned(struct tg_der *in)
{
    struct tg_bytes digits = tg_der_take(in, TG_DER_INTEGER);
    uint64_t value = 0;

    if (digits.len == 0 || (digits.ptr[0] & 0x80u) != 0) {
        return UINT64_MAX;
    }
    for (size_t i = 0; i < digits.len; i++) {
        value = value > UINT64_MAX >> 8 ? UINT64_MAX : (value << 8) | digits.ptr[i];
    }
    return value;
}

static void read_no_auth_required(struct tg_key_authorizations *out, struct tg_der *in)
{
    (void)tg_der_whole(in); /* NULL */
    out->needs_no_user = true;
}

static void read_user_auth_type(struct tg_key_authorizations *out, struct tg_der *in)
{
    out->needs_user = read_unsigned(in) != 0;
}

static void read_auth_timeout(struct tg_key_authorizations *out, struct tg_der *in)
{
    out->user_time_s = read_unsigned(in);
}

static void read_allow_on_body(struct tg_key_authorizations *out, struct tg_der *in)
{
    (void)tg_der_whole(in); /* NULL */
    out->is_allowed_on_body = true;
}

static void read_all_applications(struct tg_key_authorizations *out, struct tg_der *in)
{
    (void)tg_der_whole(in); /* NULL */
    out->is_for_all_applications = true;
}

static void read_origin(struct tg_key_authorizations *out, struct tg_der *in)
{
    out->origin = tg_der_number(in, TG_DER_INTEGER);
    out->has_origin = true;
}

static void read_root_of_trust(struct tg_key_authorizations *out, struct tg_der *in)
{
    struct tg_der root = tg_der_enter(in, TG_DER_SEQUENCE);

    (void)tg_der_take(&root, TG_DER_OCTETS); /* key that verified the boot */
    out->is_locked = tg_der_boolean(&root);
    out->boot_state = tg_der_number(&root, TG_DER_ENUMERATED);
    (void)tg_der_skip_if(&root, TG_DER_OCTETS); /* its hash, from version 3 on */
    out->has_root_of_trust = true;
    in->is_bad = in->is_bad || !tg_der_is_done(&root);
}

static void read_application_id(struct tg_key_authorizations *out, struct tg_der *in)
{
    out->application_id = tg_der_take(in, TG_DER_OCTETS);
}

static const struct {
    uint32_t tag;
    void (*read)(struct tg_key_authorizations *out, struct tg_der *in);
} members[] = {
    { TAG_PURPOSE, read_purpose },
    { TAG_NO_AUTH_REQUIRED, read_no_auth_required },
    { TAG_USER_AUTH_TYPE, read_user_auth_type },
    { TAG_AUTH_TIMEOUT, read_auth_timeout },
    { TAG_ALLOW_ON_BODY, read_allow_on_body },
    { TAG_ALL_APPLICATIONS, read_all_applications },
    { TAG_ORIGIN, read_origin },
    { TAG_ROOT_OF_TRUST, read_root_of_trust },
    { TAG_APPLICATION_ID, read_application_id },
};

static bool read_member(struct tg_key_authorizations *out, uint32_t tag, struct tg_bytes content)
{
    struct tg_der in = tg_der_init(content);

    for (size_t i = 0; i < TG_COUNT(members); i++) {
        if (members[i].tag == tag) {
            members[i].read(out, &in);
            return tg_der_is_done(&in);
        }
    }
    return true;
}

/* Tags ascend, so none occurs twice. */
static void read_authorizations(struct tg_key_authorizations *out, struct tg_der *d)
{
    struct tg_der list = tg_der_enter(d, TG_DER_SEQUENCE);
    uint32_t last = 0;

    while (tg_der_has_more(&list)) {
        uint32_t tag = 0;
        struct tg_bytes content = tg_der_any(&list, &tag);

        if (tag <= last || !read_member(out, tag, content)) {
            list.is_bad = true;
        }
        last = tag;
    }
    d->is_bad = d->is_bad || list.is_bad;
}

bool tg_key_description_is_in(const struct tg_cert *cert)
{
    struct tg_cert_extension extension;

    return tg_cert_extension(&extension, cert, TG_ARRAY_BYTES(oid_key_description));
}

enum tg_err tg_key_description_read(struct tg_key_description *out, const struct tg_cert *cert)
{
    struct tg_cert_extension extension;
    struct tg_der outer;
    struct tg_der in;

    *out = (struct tg_key_description){ .version = 0 };
    if (!tg_cert_extension(&extension, cert, TG_ARRAY_BYTES(oid_key_description))) {
        return TG_E_NOTFOUND;
    }
    outer = tg_der_init(extension.value);
    in = tg_der_enter(&outer, TG_DER_SEQUENCE);
    out->version = tg_der_number(&in, TG_DER_INTEGER);
    out->level = tg_der_number(&in, TG_DER_ENUMERATED);
    out->keymaster_version = tg_der_number(&in, TG_DER_INTEGER);
    out->keymaster_level = tg_der_number(&in, TG_DER_ENUMERATED);
    out->challenge = tg_der_take(&in, TG_DER_OCTETS);
    (void)tg_der_take(&in, TG_DER_OCTETS); /* uniqueId identifies the device, so it is not read */
    read_authorizations(&out->software, &in);
    read_authorizations(&out->tee, &in);
    return tg_der_is_done(&in) && tg_der_is_done(&outer) ? TG_OK : TG_E_SYNTAX;
}

struct tg_key_packages tg_key_packages_begin(struct tg_bytes application_id)
{
    struct tg_der outer = tg_der_init(application_id);
    struct tg_der in = tg_der_enter(&outer, TG_DER_SEQUENCE);
    struct tg_key_packages packages = { .count = 0 };

    packages.names = tg_der_take(&in, TG_DER_SET);
    packages.signers = tg_der_take(&in, TG_DER_SET);
    packages.is_bad = !tg_der_is_done(&in) || !tg_der_is_done(&outer);
    return packages;
}

bool tg_key_packages_next(struct tg_bytes *name, struct tg_key_packages *packages)
{
    struct tg_der list = tg_der_init(packages->names);
    struct tg_der in;

    if (packages->is_bad || packages->names.len == 0) {
        return false;
    }
    in = tg_der_enter(&list, TG_DER_SEQUENCE);
    *name = tg_der_take(&in, TG_DER_OCTETS);
    (void)tg_der_take(&in, TG_DER_INTEGER); /* version */
    packages->names = list.rest;
    packages->is_bad = !tg_der_is_done(&in) || ++packages->count > PACKAGES_MAX;
    return !packages->is_bad;
}

bool tg_key_packages_are_signed_by(const struct tg_key_packages *packages, struct tg_bytes signer)
{
    struct tg_der set = tg_der_init(packages->signers);

    while (tg_der_has_more(&set)) {
        if (tg_bytes_is_equal(tg_der_take(&set, TG_DER_OCTETS), signer) && !set.is_bad) {
            return true;
        }
    }
    return false;
}
