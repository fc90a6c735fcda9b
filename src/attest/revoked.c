/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/revoked.h"

#include "base/hex.h"
#include "base/mem.h"
#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_MAX TG_SHA256_LEN /* RFC 5280: a serial number takes at most 20 bytes */

enum kind { KIND_SERIAL, KIND_KEY };

struct entry {
    uint8_t kind;
    uint8_t len;
    uint8_t value[VALUE_MAX];
};

struct tg_attest_revoked {
    size_t count;
    size_t cap;
    struct entry *entries; /* sorted */
};

static int compare(const void *a, const void *b)
{
    const uint8_t *left = a;
    const uint8_t *right = b;

    for (size_t i = 0; i < sizeof(struct entry); i++) {
        if (left[i] != right[i]) {
            return left[i] < right[i] ? -1 : 1;
        }
    }
    return 0;
}

static enum tg_err add(struct tg_attest_revoked *list, const struct entry *entry)
{
    if (list->count == TG_ATTEST_REVOKED_MAX) {
        return TG_E_LIMIT;
    }
    if (list->count == list->cap) {
        size_t cap = list->cap == 0 ? 64 : 2 * list->cap;
        struct entry *grown =
            tg_mem_grow(list->entries, list->cap * sizeof(*entry), cap * sizeof(*entry));

        if (grown == NULL) {
            return TG_E_NOMEM;
        }
        list->entries = grown;
        list->cap = cap;
    }
    list->entries[list->count++] = *entry;
    return TG_OK;
}

/* Hexadecimal text of any number of digits, without leading zeros, as a number. */
static enum tg_err read_value(struct entry *entry, struct tg_bytes digits)
{
    uint8_t padded[2 * VALUE_MAX];
    size_t odd = 0;

    while (digits.len > 1 && digits.ptr[0] == '0' && entry->kind == KIND_SERIAL) {
        digits = tg_bytes_from(digits, 1);
    }
    odd = digits.len % 2;
    if (digits.len == 0 || digits.len > sizeof(padded) ||
        (entry->kind == KIND_KEY && digits.len != sizeof(padded))) {
        return TG_E_SYNTAX;
    }
    padded[0] = '0';
    memcpy(padded + odd, digits.ptr, digits.len);
    entry->len = (uint8_t)((digits.len + odd) / 2);
    return tg_hex_decode(entry->value, entry->len, tg_bytes(padded, digits.len + odd));
}

static enum tg_err read_line(struct tg_attest_revoked *list, struct tg_bytes line)
{
    struct entry entry = { .kind = KIND_SERIAL };
    struct tg_bytes word;
    enum tg_err err = TG_E_SYNTAX;

    line = tg_bytes_trim(tg_bytes_first(line, tg_bytes_find(line, '#')));
    if (line.len == 0) {
        return TG_OK;
    }
    word = tg_bytes_first(line, tg_bytes_find(line, ' '));
    if (tg_bytes_is_equal(word, TG_LIT("key"))) {
        entry.kind = KIND_KEY;
    } else if (!tg_bytes_is_equal(word, TG_LIT("serial"))) {
        return TG_E_SYNTAX;
    }
    err = read_value(&entry, tg_bytes_trim(tg_bytes_from(line, word.len)));
    return err == TG_OK ? add(list, &entry) : err;
}

static enum tg_err read_lines(struct tg_attest_revoked *list, struct tg_bytes text,
                              struct tg_fault *fault)
{
    enum tg_err err = TG_OK;

    for (size_t number = 1; err == TG_OK && text.len > 0; number++) {
        struct tg_bytes line = tg_bytes_first(text, tg_bytes_find(text, '\n'));

        text = tg_bytes_from(text, line.len + 1);
        if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
            line.len--;
        }
        err = read_line(list, line);
        if (err == TG_E_SYNTAX || err == TG_E_LIMIT) {
            tg_fault_set(fault,
                         "line %zu: expected \"serial <hex>\" or \"key <64 hex digits>\", at most "
                         "%u of them",
                         number, TG_ATTEST_REVOKED_MAX);
        }
    }
    return err;
}

enum tg_err tg_attest_revoked_new(struct tg_attest_revoked **out, struct tg_bytes text,
                                  struct tg_fault *fault)
{
    struct tg_attest_revoked *list = tg_mem_calloc(1, sizeof(*list));
    enum tg_err err = TG_E_BUG;

    TG_REQUIRE(list != NULL, TG_E_NOMEM);
    TG_TRY(read_lines(list, text, fault));
    if (list->count > 0) {
        qsort(list->entries, list->count, sizeof(*list->entries), compare);
    }
    *out = list;
    list = NULL;
out:
    tg_attest_revoked_free(&list);
    return err;
}

void tg_attest_revoked_free(struct tg_attest_revoked **revoked)
{
    if (*revoked != NULL) {
        tg_mem_free((*revoked)->entries);
        tg_mem_free(*revoked);
        *revoked = NULL;
    }
}

static bool has(const struct tg_attest_revoked *list, const struct entry *entry)
{
    return bsearch(entry, list->entries, list->count, sizeof(*entry), compare) != NULL;
}

enum tg_err tg_attest_revoked_check(const struct tg_attest_revoked *revoked,
                                    const struct tg_cert *cert)
{
    struct entry serial = { .kind = KIND_SERIAL, .len = (uint8_t)cert->serial.len };
    struct entry key = { .kind = KIND_KEY, .len = TG_SHA256_LEN };
    enum tg_err err = TG_E_BUG;

    if (revoked->count == 0) {
        return TG_OK;
    }
    TG_TRY(tg_sha256(key.value, cert->spki));
    TG_REQUIRE(!has(revoked, &key), TG_E_DENIED);
    /* A longer serial number cannot be on a list, because a list cannot have one. */
    if (cert->serial.len <= VALUE_MAX) {
        memcpy(serial.value, cert->serial.ptr, cert->serial.len);
        TG_REQUIRE(!has(revoked, &serial), TG_E_DENIED);
    }
out:
    tg_mem_wipe(&serial, sizeof(serial));
    tg_mem_wipe(&key, sizeof(key));
    return err;
}
