/* SPDX-License-Identifier: Apache-2.0 */
/* Any certificate and its extensions: every view stays inside the bytes. */
#include "attest/cert.h"
#include "attest/der.h"
#include "attest/key_description.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct tg_bytes whole;

static void must_be_inside(struct tg_bytes view)
{
    if (view.len > 0 && (view.ptr < whole.ptr || view.ptr + view.len > whole.ptr + whole.len)) {
        abort();
    }
}

static void read_packages(struct tg_bytes application_id)
{
    struct tg_key_packages packages = tg_key_packages_begin(application_id);
    struct tg_bytes name;

    while (tg_key_packages_next(&name, &packages)) {
        must_be_inside(name);
    }
    (void)tg_key_packages_are_signed_by(&packages, TG_LIT("x"));
}

static void read_cert(const struct tg_cert *cert)
{
    static const uint8_t oid_name[] = { 0x55, 0x04, 0x03 };
    struct tg_key_description d;
    struct tg_bytes text = { NULL, 0 };

    must_be_inside(cert->serial);
    must_be_inside(cert->subject);
    must_be_inside(cert->spki);
    (void)tg_cert_is_no_authority(cert);
    if (tg_cert_subject_part(&text, cert, TG_ARRAY_BYTES(oid_name))) {
        must_be_inside(text);
    }
    if (tg_key_description_read(&d, cert) == TG_OK) {
        must_be_inside(d.challenge);
        must_be_inside(d.software.application_id);
        read_packages(d.software.application_id);
    }
}

static void walk(struct tg_bytes data)
{
    struct tg_der d = tg_der_init(data);

    while (tg_der_has_more(&d)) {
        uint32_t tag = 0;

        must_be_inside(tg_der_any(&d, &tag));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tg_cert cert;

    whole = tg_bytes(data, len);
    walk(whole);
    read_packages(whole);
    if (tg_cert_read(&cert, whole) == TG_OK) {
        read_cert(&cert);
    }
    return 0;
}
