/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/key_check.h"

#include "base/mem.h"
#include "base/reader.h"
#include "crypto/digest.h"

#include <string.h>

#define LABEL TG_LIT("tigress key check v1\0")
#define FORMAT 1u

enum kind { KIND_INDEX = 1, KIND_SEAL = 2 };

static enum tg_err check_of(uint8_t out[TG_KEY_CHECK_LEN], const struct tg_secret *key,
                            enum kind kind, uint32_t id)
{
    enum tg_err err = TG_E_BUG;
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    const uint8_t what[5] = { (uint8_t)kind, (uint8_t)(id >> 24), (uint8_t)(id >> 16),
                              (uint8_t)(id >> 8), (uint8_t)id };
    const struct tg_bytes parts[] = { LABEL, TG_ARRAY_BYTES(what) };

    TG_TRY(tg_hmac_sha256(hash, tg_secret_view(key), parts, TG_COUNT(parts)));
    memcpy(out, hash, TG_KEY_CHECK_LEN);
    err = TG_OK;
out:
    tg_mem_wipe(hash, sizeof(hash));
    return err;
}

enum tg_err tg_key_checks_of(struct tg_key_checks *out, const struct tg_keyring *keyring)
{
    enum tg_err err = TG_E_BUG;

    *out = (struct tg_key_checks){ .seal_count = 0 };
    TG_REQUIRE(keyring->seal_key_count <= TG_SEAL_KEYS_MAX, TG_E_BUG);
    TG_TRY(check_of(out->index, &keyring->index_key, KIND_INDEX, 0));
    for (size_t i = 0; i < keyring->seal_key_count; i++) {
        const struct tg_seal_key *seal_key = &keyring->seal_keys[i];

        out->seals[i].id = seal_key->id;
        TG_TRY(check_of(out->seals[i].check, &seal_key->key, KIND_SEAL, seal_key->id));
    }
    out->seal_count = keyring->seal_key_count;
    err = TG_OK;
out:
    if (err != TG_OK) {
        *out = (struct tg_key_checks){ .seal_count = 0 };
    }
    return err;
}

enum tg_err tg_key_checks_encode(struct tg_buf *out, const struct tg_key_checks *checks)
{
    tg_buf_append_u8(out, FORMAT);
    tg_buf_append(out, TG_ARRAY_BYTES(checks->index));
    tg_buf_append_u8(out, (uint8_t)checks->seal_count);
    for (size_t i = 0; i < checks->seal_count; i++) {
        tg_buf_append_u32(out, checks->seals[i].id);
        tg_buf_append(out, TG_ARRAY_BYTES(checks->seals[i].check));
    }
    return tg_buf_status(out);
}

static bool has_id(const struct tg_key_checks *checks, uint32_t id)
{
    for (size_t i = 0; i < checks->seal_count; i++) {
        if (checks->seals[i].id == id) {
            return true;
        }
    }
    return false;
}

static void take(uint8_t out[TG_KEY_CHECK_LEN], struct tg_reader *r)
{
    struct tg_bytes check = tg_reader_bytes(r, TG_KEY_CHECK_LEN);

    if (check.len == TG_KEY_CHECK_LEN) {
        memcpy(out, check.ptr, TG_KEY_CHECK_LEN);
    }
}

enum tg_err tg_key_checks_decode(struct tg_key_checks *out, struct tg_bytes value)
{
    enum tg_err err = TG_E_BUG;
    struct tg_reader r = tg_reader_init(value);
    uint8_t format = tg_reader_u8(&r);
    size_t count = 0;

    *out = (struct tg_key_checks){ .seal_count = 0 };
    TG_REQUIRE(format == FORMAT, TG_E_SYNTAX);
    take(out->index, &r);
    count = tg_reader_u8(&r);
    TG_REQUIRE(count <= TG_SEAL_KEYS_MAX, TG_E_SYNTAX);
    for (size_t i = 0; i < count; i++) {
        uint32_t id = tg_reader_u32(&r);

        TG_REQUIRE(id != 0 && !has_id(out, id), TG_E_SYNTAX);
        out->seals[i].id = id;
        take(out->seals[i].check, &r);
        out->seal_count = i + 1;
    }
    TG_TRY(tg_reader_finish(&r));
    err = TG_OK;
out:
    if (err != TG_OK) {
        *out = (struct tg_key_checks){ .seal_count = 0 };
    }
    return err;
}

void tg_key_checks_compare(struct tg_key_difference *out, const struct tg_key_checks *stored,
                           const struct tg_key_checks *file)
{
    *out = (struct tg_key_difference){
        .has_other_index = !tg_ct_equal(TG_ARRAY_BYTES(stored->index), TG_ARRAY_BYTES(file->index)),
    };
    for (size_t i = 0; i < stored->seal_count; i++) {
        uint32_t id = stored->seals[i].id;

        if (!has_id(file, id)) {
            out->missing_ids[out->missing_count++] = id;
        }
    }
    for (size_t i = 0; i < file->seal_count; i++) {
        out->has_new_seal = out->has_new_seal || !has_id(stored, file->seals[i].id);
        for (size_t j = 0; j < stored->seal_count; j++) {
            bool is_other = stored->seals[j].id == file->seals[i].id &&
                            !tg_ct_equal(TG_ARRAY_BYTES(stored->seals[j].check),
                                         TG_ARRAY_BYTES(file->seals[i].check));

            if (is_other && out->other_seal_id == 0) {
                out->other_seal_id = file->seals[i].id;
            }
        }
    }
}
