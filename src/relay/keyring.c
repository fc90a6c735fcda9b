/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/keyring.h"

#include "base/hex.h"
#include "base/mem.h"
#include "base/num.h"

void tg_keyring_wipe(struct tg_keyring *keyring)
{
    tg_mem_wipe(keyring, sizeof(*keyring));
}

const struct tg_seal_key *tg_keyring_current(const struct tg_keyring *keyring)
{
    if (keyring->seal_key_count == 0 || keyring->seal_key_count > TG_SEAL_KEYS_MAX) {
        return NULL;
    }
    return &keyring->seal_keys[keyring->seal_key_count - 1];
}

const struct tg_seal_key *tg_keyring_find(const struct tg_keyring *keyring, uint32_t id)
{
    for (size_t i = 0; i < keyring->seal_key_count; i++) {
        if (keyring->seal_keys[i].id == id) {
            return &keyring->seal_keys[i];
        }
    }
    return NULL;
}

static enum tg_err draw_key(struct tg_secret *key, const struct tg_rng *rng)
{
    key->len = TG_RELAY_KEY_LEN;
    return tg_rng_fill(rng, key->bytes, TG_RELAY_KEY_LEN);
}

enum tg_err tg_keyring_generate(struct tg_keyring *out, const struct tg_rng *rng)
{
    enum tg_err err = TG_E_BUG;

    tg_keyring_wipe(out);
    TG_TRY(draw_key(&out->index_key, rng));
    TG_TRY(draw_key(&out->seal_keys[0].key, rng));
    out->seal_keys[0].id = 1;
    out->seal_key_count = 1;
    err = TG_OK;
out:
    if (err != TG_OK) {
        tg_keyring_wipe(out);
    }
    return err;
}

/* ---- text form ------------------------------------------------------------------------------ */

/* Returns the text up to the next blank and moves *rest behind the blanks that follow. */
static struct tg_bytes next_word(struct tg_bytes *rest)
{
    size_t len = 0;
    struct tg_bytes word;

    while (len < rest->len && rest->ptr[len] != ' ' && rest->ptr[len] != '\t') {
        len++;
    }
    word = tg_bytes_first(*rest, len);
    *rest = tg_bytes_trim(tg_bytes_from(*rest, len));
    return word;
}

static enum tg_err parse_key(struct tg_secret *key, struct tg_bytes text)
{
    enum tg_err err = tg_hex_decode(key->bytes, TG_RELAY_KEY_LEN, text);

    key->len = err == TG_OK ? TG_RELAY_KEY_LEN : 0;
    return err;
}

static enum tg_err parse_index(struct tg_keyring *keyring, struct tg_bytes rest)
{
    return keyring->index_key.len != 0 ? TG_E_SYNTAX : parse_key(&keyring->index_key, rest);
}

static enum tg_err parse_seal(struct tg_keyring *keyring, struct tg_bytes rest)
{
    enum tg_err err = TG_E_BUG;
    uint64_t id = 0;

    TG_TRY(tg_num_parse_u64(&id, next_word(&rest), UINT32_MAX));
    TG_REQUIRE(id != 0, TG_E_SYNTAX);
    for (size_t i = 0; i < keyring->seal_key_count; i++) {
        TG_REQUIRE(keyring->seal_keys[i].id != id, TG_E_SYNTAX);
    }
    TG_REQUIRE(keyring->seal_key_count < TG_SEAL_KEYS_MAX, TG_E_LIMIT);
    TG_TRY(parse_key(&keyring->seal_keys[keyring->seal_key_count].key, rest));
    keyring->seal_keys[keyring->seal_key_count].id = (uint32_t)id;
    keyring->seal_key_count++;
    err = TG_OK;
out:
    return err;
}

static enum tg_err parse_line(struct tg_keyring *keyring, struct tg_bytes line)
{
    struct tg_bytes rest = tg_bytes_trim(line);
    struct tg_bytes word;

    if (rest.len == 0 || rest.ptr[0] == '#') {
        return TG_OK;
    }
    word = next_word(&rest);
    if (tg_bytes_is_equal(word, TG_LIT("index"))) {
        return parse_index(keyring, rest);
    }
    return tg_bytes_is_equal(word, TG_LIT("seal")) ? parse_seal(keyring, rest) : TG_E_SYNTAX;
}

enum tg_err tg_keyring_parse(struct tg_keyring *out, struct tg_bytes text, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    unsigned line_no = 0;

    tg_keyring_wipe(out);
    if (text.len > TG_KEYRING_TEXT_MAX) {
        tg_fault_set(fault, "key file: too long; expected at most %u bytes", TG_KEYRING_TEXT_MAX);
        return TG_E_LIMIT;
    }
    while (text.len > 0) {
        size_t len = tg_bytes_find(text, '\n');

        line_no++;
        err = parse_line(out, tg_bytes_first(text, len));
        if (err != TG_OK) {
            tg_fault_set(fault,
                         "key file, line %u: expected one \"index\" and at most %u \"seal <id>\", "
                         "each with 64 hexadecimal digits and its own id",
                         line_no, TG_SEAL_KEYS_MAX);
            goto out;
        }
        text = tg_bytes_from(text, len + 1);
    }
    err = TG_OK;
    if (out->index_key.len == 0 || out->seal_key_count == 0) {
        tg_fault_set(fault, "key file: expected an \"index\" line and a \"seal\" line");
        err = TG_E_SYNTAX;
    }
out:
    if (err != TG_OK) {
        tg_keyring_wipe(out);
    }
    return err;
}

enum tg_err tg_keyring_format(struct tg_buf *out, const struct tg_keyring *keyring)
{
    tg_buf_append_str(out, "# The relay's keys. Back them up separately from the store.\n"
                           "# The last seal key seals; the others only open.\nindex ");
    tg_hex_encode(out, tg_secret_view(&keyring->index_key));
    for (size_t i = 0; i < keyring->seal_key_count; i++) {
        tg_buf_append_str(out, "\nseal ");
        tg_buf_append_dec(out, keyring->seal_keys[i].id);
        tg_buf_append_str(out, " ");
        tg_hex_encode(out, tg_secret_view(&keyring->seal_keys[i].key));
    }
    tg_buf_append_str(out, "\n");
    return tg_buf_status(out);
}
