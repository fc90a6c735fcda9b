/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/headers.h"

#include "base/b64.h"
#include "base/mem.h"
#include "base/num.h"
#include "wire/attestation.h"
#include "wire/field.h"

#include <string.h>

/* State of the parsing that spans several headers. */
struct parse {
    struct tg_request_headers *out;
    struct tg_bytes proof;
    struct tg_bytes authorization;
    struct tg_bytes if_match;
    struct tg_bytes content_type;
    bool is_json;
    bool has_content_coding;
    enum tg_presence known_version;
    bool has_wait;
    bool is_wait_bad;
    uint32_t wait_s;
    enum tg_presence known_recipient;
    struct tg_bytes end_note;
};

/* Keeps the first value; false when a later one differs. Constant time: it may be a credential. */
static bool keep_same(struct tg_bytes *kept, struct tg_bytes value)
{
    if (kept->ptr == NULL) {
        *kept = value;
        return true;
    }
    return tg_ct_equal(*kept, value);
}

/* Keeps the first fault of a header. */
static void set_fault(struct parse *p, enum tg_request_header header, const char *fault)
{
    if (p->out->faults[header] == NULL) {
        p->out->faults[header] = fault;
    }
}

static const char two_claims[] = TG_HEADER_DEVICE_CLAIM ": expected one value, got two that differ";

static bool is_request_id(struct tg_bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < 0x21 || value.ptr[i] > 0x7e) {
            return false;
        }
    }
    return value.len >= 1 && value.len <= TG_REQUEST_ID_MAX;
}

void tg_request_id_take(struct tg_request_id *id, struct tg_bytes name, struct tg_bytes value)
{
    struct tg_bytes kept = tg_bytes(id->text, id->len);

    if (id->presence == TG_MALFORMED ||
        !tg_bytes_is_equal_nocase(name, TG_LIT(TG_HEADER_REQUEST_ID))) {
        return;
    }
    value = tg_bytes_trim(value);
    if (!is_request_id(value) || (id->presence == TG_PRESENT && !tg_bytes_is_equal(kept, value))) {
        id->presence = TG_MALFORMED;
        return;
    }
    memcpy(id->text, value.ptr, value.len);
    id->len = (uint8_t)value.len;
    id->presence = TG_PRESENT;
}

struct tg_bytes tg_request_id_view(const struct tg_request_id *id)
{
    return id->presence == TG_PRESENT ? tg_bytes(id->text, id->len) : tg_bytes(NULL, 0);
}

/* spec: protocol/2#request-id-form */
static void take_request_id(struct parse *p, struct tg_bytes value)
{
    struct tg_request_headers *out = p->out;

    if (out->request_id_presence == TG_MALFORMED) {
        return;
    }
    if (!is_request_id(value)) {
        _Static_assert(TG_REQUEST_ID_MAX == 128u, "the text names it");
        set_fault(p, TG_RH_REQUEST_ID,
                  TG_HEADER_REQUEST_ID ": expected 1 to 128 visible ASCII characters");
        out->request_id_presence = TG_MALFORMED;
    } else if (!keep_same(&out->request_id, value)) {
        set_fault(p, TG_RH_REQUEST_ID,
                  TG_HEADER_REQUEST_ID ": expected one value, got two that differ");
        out->request_id_presence = TG_MALFORMED;
    } else {
        out->request_id_presence = TG_PRESENT;
    }
}

/* spec: protocol/2#claim-form */
static void take_claim(struct parse *p, struct tg_bytes value)
{
    struct tg_request_headers *out = p->out;
    struct tg_uuid claim = { { 0 } };
    bool is_uuid = tg_uuid_parse(&claim, value) == TG_OK;
    bool is_first = out->claim_presence == TG_ABSENT;
    bool is_same = is_uuid == (out->claim_presence == TG_PRESENT) &&
                   tg_ct_equal(TG_ARRAY_BYTES(out->claim.bytes), TG_ARRAY_BYTES(claim.bytes));

    if (is_first && is_uuid) {
        out->claim = claim;
        out->claim_text = value;
        out->claim_presence = TG_PRESENT;
    } else if (is_first || is_same) {
        out->claim_presence = is_uuid ? TG_PRESENT : TG_MALFORMED;
    } else {
        /* It is unknown which of the two is meant, so neither is used.
           spec: protocol/2#alias-conflict */
        tg_fault_set(&out->claim_fault, "%s", two_claims);
        out->claim_presence = TG_MALFORMED;
        out->is_claim_ambiguous = true;
    }
    if (!is_uuid) {
        tg_fault_set(&out->claim_fault, TG_HEADER_DEVICE_CLAIM ": expected a UUID");
    }
    tg_mem_wipe(&claim, sizeof(claim));
}

static void take_attestation(struct parse *p, struct tg_bytes value)
{
    struct tg_request_headers *out = p->out;

    if (value.len == 0 || out->attestation_presence == TG_MALFORMED) {
        return;
    }
    if (!keep_same(&out->attestation, value)) {
        set_fault(p, TG_RH_ATTESTATION,
                  TG_HEADER_DEVICE_ATTESTATION ": expected one value, got two that differ");
        out->attestation_presence = TG_MALFORMED;
        return;
    }
    out->attestation_presence = TG_PRESENT;
}

/* Other schemes are ignored. spec: protocol/6#private-token-header */
static void take_authorization(struct parse *p, struct tg_bytes value)
{
    struct tg_request_headers *out = p->out;
    size_t len = sizeof(TG_SCHEME_PRIVATE_TOKEN) - 1;
    bool is_ours =
        tg_bytes_is_equal_nocase(tg_bytes_first(value, len), TG_LIT(TG_SCHEME_PRIVATE_TOKEN)) &&
        (value.len == len || value.ptr[len] == ' ');

    if (!keep_same(&p->authorization, value)) {
        out->private_token_presence =
            is_ours || out->private_token_presence != TG_ABSENT ? TG_MALFORMED : TG_ABSENT;
        out->authorization = tg_bytes(NULL, 0);
    } else if (is_ours && out->private_token_presence == TG_ABSENT) {
        out->private_token_presence = TG_PRESENT;
        out->authorization = value;
    }
}

static void take_proof(struct parse *p, struct tg_bytes value)
{
    static const struct {
        struct tg_bytes prefix;
        bool is_verifier;
    } forms[] = {
        { { (const uint8_t *)"verifier=", 9 }, true },
        { { (const uint8_t *)"proof=", 6 }, false },
    };
    struct tg_secret_proof *proof = &p->out->proof;
    bool is_good = proof->presence != TG_MALFORMED && keep_same(&p->proof, value);

    proof->presence = TG_MALFORMED;
    for (size_t i = 0; is_good && i < TG_COUNT(forms); i++) {
        if (tg_bytes_has_prefix(value, forms[i].prefix) &&
            tg_b64_decode_exact(proof->value, TG_PROOF_LEN,
                                tg_bytes_from(value, forms[i].prefix.len), TG_B64_URL) == TG_OK) {
            proof->presence = TG_PRESENT;
            proof->is_verifier = forms[i].is_verifier;
        }
    }
    p->out->has[TG_RH_VERIFIER] = proof->presence == TG_PRESENT && proof->is_verifier;
    p->out->has[TG_RH_PROOF] = !p->out->has[TG_RH_VERIFIER];
    if (proof->presence == TG_MALFORMED) {
        _Static_assert(TG_PROOF_LEN == 32u, "the text names it");
        tg_mem_wipe(proof->value, sizeof(proof->value));
        set_fault(p, TG_RH_PROOF,
                  TG_HEADER_SECRET_PROOF ": expected one value, verifier= or proof= with 32 bytes "
                                         "in base64url");
    }
}

static void take_known_version(struct parse *p, struct tg_bytes value)
{
    uint64_t version = 0;

    if (p->known_version == TG_MALFORMED) {
        return;
    }
    if (tg_num_parse_u64(&version, value, UINT64_MAX) != TG_OK ||
        (p->known_version == TG_PRESENT && version != p->out->known_version)) {
        set_fault(p, TG_RH_KNOWN_VERSION, TG_HEADER_KNOWN_VERSION ": expected one decimal number");
        p->known_version = TG_MALFORMED;
        return;
    }
    p->known_version = TG_PRESENT;
    p->out->known_version = version;
}

/* spec: protocol/2#known-recipient */
static void take_known_recipient(struct parse *p, struct tg_bytes value)
{
    enum tg_recipient recipient = tg_recipient_parse(value);
    bool is_first = p->known_recipient == TG_ABSENT;

    if (p->known_recipient == TG_MALFORMED) {
        return;
    }
    if (recipient == TG_RECIPIENT_UNKNOWN || (!is_first && recipient != p->out->known_recipient)) {
        set_fault(p, TG_RH_KNOWN_RECIPIENT,
                  TG_HEADER_KNOWN_RECIPIENT ": expected one value, none or bound");
        p->known_recipient = TG_MALFORMED;
        return;
    }
    p->known_recipient = TG_PRESENT;
    p->out->known_recipient = recipient;
}

static bool is_end_note(struct tg_bytes text)
{
    uint8_t raw[TG_END_NOTE_MAX] = { 0 };
    size_t raw_len = text.len / 4 * 3 + text.len % 4 * 3 / 4;
    bool is_good = raw_len >= 1 && raw_len <= sizeof(raw) &&
                   tg_b64_decode_exact(raw, raw_len, text, TG_B64_URL) == TG_OK;

    tg_mem_wipe(raw, sizeof(raw));
    return is_good;
}

/* spec: protocol/3#end-note-form */
static void take_end_note(struct parse *p, struct tg_bytes value)
{
    struct tg_request_headers *out = p->out;

    if (keep_same(&p->end_note, value) && is_end_note(value)) {
        out->end_note = value;
        return;
    }
    _Static_assert(TG_END_NOTE_MAX == 256u, "the text names it");
    set_fault(p, TG_RH_END_NOTE,
              TG_HEADER_END_NOTE ": expected one value, base64url without padding of 1 to 256 "
                                 "bytes");
}

/* spec: protocol/2#if-match-form */
static void take_if_match(struct parse *p, struct tg_bytes value)
{
    struct tg_request_headers *out = p->out;
    bool is_quoted = value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"';

    if (out->if_match_presence == TG_MALFORMED) {
        return;
    }
    if (!is_quoted || !keep_same(&p->if_match, value) ||
        tg_num_parse_u64(&out->if_match, tg_bytes(value.ptr + 1, value.len - 2), UINT64_MAX) !=
            TG_OK) {
        set_fault(p, TG_RH_IF_MATCH, "If-Match: expected one decimal version in double quotes");
        out->if_match_presence = TG_MALFORMED;
        return;
    }
    out->if_match_presence = TG_PRESENT;
}

/* RFC 7240: the first of several is used, unknown ones are ignored. spec: protocol/2#prefer-wait */
static void take_prefer(struct parse *p, struct tg_bytes value)
{
    struct tg_bytes preference = { NULL, 0 };

    while (tg_field_next(&preference, &value, ',')) {
        struct tg_bytes first = { NULL, 0 };
        struct tg_field_pair pair = { .has_value = false };
        uint64_t wait_s = 0;
        enum tg_err err = TG_OK;

        if (!tg_field_next(&first, &preference, ';')) {
            continue;
        }
        pair = tg_field_pair(first);
        if (p->has_wait || !tg_bytes_is_equal_nocase(pair.name, TG_LIT("wait"))) {
            continue;
        }
        p->has_wait = true;
        err = tg_num_parse_u64(&wait_s, pair.value, UINT32_MAX);
        p->is_wait_bad = pair.is_bad || err == TG_E_SYNTAX;
        /* A longer wait is well formed; the relay limits it. */
        p->wait_s = err == TG_E_LIMIT ? UINT32_MAX : (uint32_t)wait_s;
    }
}

static void take_content_type(struct parse *p, struct tg_bytes value)
{
    struct tg_bytes piece = { NULL, 0 };
    struct tg_bytes rest = value;
    bool is_same = keep_same(&p->content_type, value);
    bool is_json = tg_field_next(&piece, &rest, ';') &&
                   tg_bytes_is_equal_nocase(piece, TG_LIT("application/json"));

    while (tg_field_next(&piece, &rest, ';')) {
        struct tg_field_pair pair = tg_field_pair(piece);

        if (tg_bytes_is_equal_nocase(pair.name, TG_LIT("charset")) &&
            (pair.is_bad || !tg_bytes_is_equal_nocase(pair.value, TG_LIT("utf-8")))) {
            is_json = false;
        }
    }
    p->is_json = is_json && is_same;
}

/* spec: protocol/2#no-content-coding */
static void take_content_encoding(struct parse *p, struct tg_bytes value)
{
    struct tg_bytes coding = { NULL, 0 };

    while (tg_field_next(&coding, &value, ',')) {
        p->has_content_coding =
            p->has_content_coding ||
            (coding.len > 0 && !tg_bytes_is_equal_nocase(coding, TG_LIT("identity")));
    }
}

/* What only its presence matters of. */
static void take_nothing(struct parse *p, struct tg_bytes value)
{
    (void)p;
    (void)value;
}

static void take_accept(struct parse *p, struct tg_bytes value)
{
    tg_accept_take(&p->out->accept, value);
}

static void take_accept_language(struct parse *p, struct tg_bytes value)
{
    if (p->out->accept_language.ptr == NULL) {
        p->out->accept_language = value;
    }
}

static void take_user_agent(struct parse *p, struct tg_bytes value)
{
    if (p->out->user_agent.ptr == NULL) {
        p->out->user_agent = value;
    }
}

#define NOT_REPORTED TG_RH_COUNT /* no fault of the header is a 400 of its own */

/* spec: protocol/2#header-aliases */
static const struct {
    const char *name;
    void (*take)(struct parse *p, struct tg_bytes value);
    unsigned header; /* enum tg_request_header */
} known_headers[] = {
    { TG_HEADER_REQUEST_ID, take_request_id, TG_RH_REQUEST_ID },
    { TG_HEADER_DEVICE_CLAIM, take_claim, NOT_REPORTED },
    { "Device-Claim", take_claim, NOT_REPORTED },
    { "deviceClaim", take_claim, NOT_REPORTED },
    { TG_HEADER_DEVICE_ATTESTATION, take_attestation, TG_RH_ATTESTATION },
    { "Device-Attestation", take_attestation, TG_RH_ATTESTATION },
    { "deviceAttestation", take_attestation, TG_RH_ATTESTATION },
    { TG_HEADER_AUTHORIZATION, take_authorization, NOT_REPORTED },
    { TG_HEADER_SECRET_PROOF, take_proof, NOT_REPORTED }, /* take_proof distinguishes two */
    { TG_HEADER_KNOWN_VERSION, take_known_version, TG_RH_KNOWN_VERSION },
    { TG_HEADER_VERSION, take_nothing, TG_RH_VERSION },
    { TG_HEADER_KNOWN_RECIPIENT, take_known_recipient, TG_RH_KNOWN_RECIPIENT },
    { TG_HEADER_RECIPIENT, take_nothing, TG_RH_RECIPIENT },
    { TG_HEADER_END_NOTE, take_end_note, TG_RH_END_NOTE },
    { "If-Match", take_if_match, TG_RH_IF_MATCH },
    { "If-None-Match", take_nothing, TG_RH_IF_NONE_MATCH },
    { "Prefer", take_prefer, TG_RH_PREFER },
    { "Content-Type", take_content_type, NOT_REPORTED },
    { "Content-Encoding", take_content_encoding, NOT_REPORTED },
    { "Content-Range", take_nothing, TG_RH_CONTENT_RANGE },
    { "Accept", take_accept, NOT_REPORTED },
    { "Accept-Language", take_accept_language, NOT_REPORTED },
    { "User-Agent", take_user_agent, NOT_REPORTED },
};

static void take_header(struct parse *p, const struct tg_http_header *header)
{
    for (size_t i = 0; i < TG_COUNT(known_headers); i++) {
        if (tg_bytes_is_equal_nocase(header->name, tg_bytes_str(known_headers[i].name))) {
            if (known_headers[i].header != NOT_REPORTED) {
                p->out->has[known_headers[i].header] = true;
            }
            known_headers[i].take(p, tg_bytes_trim(header->value));
            return;
        }
    }
}

/* Derives what depends on several headers. */
static void conclude(struct parse *p)
{
    struct tg_request_headers *out = p->out;

    if (p->is_wait_bad) {
        set_fault(p, TG_RH_PREFER, "Prefer: expected wait=N with N a decimal number of seconds");
    }
    if (p->has_content_coding) {
        out->media_fault = "Content-Encoding: expected a body without a content coding";
    } else if (!p->is_json) {
        out->media_fault = "Content-Type: expected application/json";
    }
    out->has_wait = p->has_wait && !p->is_wait_bad && p->known_version == TG_PRESENT;
    out->wait_s = out->has_wait ? p->wait_s : 0;
    if (!out->has_wait || p->known_recipient != TG_PRESENT) {
        out->known_recipient = TG_RECIPIENT_UNKNOWN;
    }
    if (out->faults[TG_RH_END_NOTE] != NULL) {
        out->end_note = tg_bytes(NULL, 0);
    }
    if (out->request_id_presence == TG_MALFORMED) {
        out->request_id = tg_bytes(NULL, 0);
    }
    if (out->attestation_presence == TG_MALFORMED) {
        out->attestation = tg_bytes(NULL, 0);
    }
    if (out->claim_presence != TG_PRESENT) {
        tg_mem_wipe(&out->claim, sizeof(out->claim));
        out->claim_text = tg_bytes(NULL, 0);
    }
    if (out->claim_presence == TG_ABSENT) {
        tg_fault_set(&out->claim_fault, TG_HEADER_DEVICE_CLAIM ": expected a UUID, got no such "
                                                               "header");
    }
}

void tg_request_headers_parse(struct tg_request_headers *out, const struct tg_http_header *headers,
                              size_t header_count)
{
    struct parse p = { .out = out };

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < header_count; i++) {
        take_header(&p, &headers[i]);
    }
    conclude(&p);
}

void tg_request_headers_wipe(struct tg_request_headers *h)
{
    tg_mem_wipe(h, sizeof(*h));
}

static const char *const recipient_texts[] = {
    [TG_RECIPIENT_NONE] = "none",
    [TG_RECIPIENT_BOUND] = "bound",
};

const char *tg_recipient_text(enum tg_recipient recipient)
{
    return recipient_texts[recipient];
}

enum tg_recipient tg_recipient_parse(struct tg_bytes text)
{
    for (unsigned i = TG_RECIPIENT_NONE; i <= TG_RECIPIENT_BOUND; i++) {
        if (tg_bytes_is_equal(text, tg_bytes_str(recipient_texts[i]))) {
            return (enum tg_recipient)i;
        }
    }
    return TG_RECIPIENT_UNKNOWN;
}

void tg_secret_proof_format(struct tg_buf *out, const struct tg_secret_proof *proof)
{
    tg_buf_append_str(out, proof->is_verifier ? "verifier=" : "proof=");
    tg_b64_encode(out, TG_ARRAY_BYTES(proof->value), TG_B64_URL);
}
