/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/link_repair.h"

#include "base/mem.h"
#include "wire/link_find.h"

#include <string.h>

#define LAYERS_MAX 16u
#define GAPS_MAX 512u
#define WHAT "share URL"

static const struct {
    enum tg_link_repair repair;
    const char *text;
} repair_texts[] = {
    { TG_LINK_ENCODED_HASH, "# was changed to %23" },
    { TG_LINK_ENCODED, "characters were changed to %XX" },
    { TG_LINK_ENTITIES, "characters were written as in HTML" },
    { TG_LINK_WRAPPER, "it was inside the link of another service" },
    { TG_LINK_PLACE, "its secret was in the path or the query, not behind #" },
    { TG_LINK_SPACE, "+ was changed to a space" },
    { TG_LINK_PADDING, "one = at its end was lost" },
    { TG_LINK_WRAPPED, "a line break was in it" },
    { TG_LINK_INVISIBLE, "invisible characters were in the text" },
    { TG_LINK_NO_SCHEME, "https:// was missing" },
    { TG_LINK_AROUND, "other characters were around it" },
};

/* ---- views ---------------------------------------------------------------------------------- */

/* Copies the text with each line break taken out. */
static void join_lines(struct tg_buf *out, uint32_t *gaps, size_t *gap_count, struct tg_bytes text)
{
    size_t i = 0;

    while (i < text.len) {
        size_t behind = *gap_count < GAPS_MAX ? tg_link_skip_break(text, i) : i;

        if (behind > i) {
            gaps[(*gap_count)++] = (uint32_t)out->len;
            i = behind;
            continue;
        }
        /* What is behind a run of blanks is looked at once for all of them. */
        while (i + 1 < text.len && text.ptr[i] == ' ' && text.ptr[i + 1] == ' ') {
            tg_buf_append_u8(out, text.ptr[i++]);
        }
        tg_buf_append_u8(out, text.ptr[i++]);
    }
}

static enum tg_err look_at_breaks(struct tg_link_finder *f, struct tg_bytes text, unsigned repairs)
{
    enum tg_err err = TG_OK;

    for (unsigned breaks = 0; breaks < TG_LINK_BREAKS_COUNT && err == TG_OK; breaks++) {
        uint32_t gaps[GAPS_MAX];
        struct tg_link_view v = { text, repairs, (enum tg_link_breaks)breaks, gaps, 0 };
        struct tg_buf joined;

        tg_buf_init(&joined, TG_LINK_TEXT_MAX);
        if (breaks != TG_LINK_BREAKS_END) {
            join_lines(&joined, gaps, &v.gap_count, text);
            v.text = tg_buf_view(&joined);
            err = tg_buf_status(&joined);
        }
        if (err == TG_OK && (breaks == TG_LINK_BREAKS_END || v.gap_count > 0)) {
            tg_link_find(f, &v);
        }
        tg_buf_deinit(&joined);
    }
    return err;
}

/* Adds a text, unless it is there. */
static enum tg_err add_layer(struct tg_buf layers[LAYERS_MAX], unsigned repairs[LAYERS_MAX],
                             size_t *count, struct tg_bytes raw, unsigned bits)
{
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&text, TG_LINK_TEXT_MAX);
    TG_TRY(tg_link_clean(&text, raw, true, &bits));
    for (size_t i = 0; i < *count; i++) {
        if (tg_bytes_is_equal(tg_buf_view(&layers[i]), tg_buf_view(&text))) {
            goto out;
        }
    }
    TG_REQUIRE(*count < LAYERS_MAX, TG_E_LIMIT);
    repairs[*count] = bits;
    layers[(*count)++] = text;
    tg_buf_init(&text, 0);
out:
    tg_buf_deinit(&text);
    return err;
}

/* The text, and what it holds in other forms, until nothing new comes out. */
static enum tg_err look_at_layers(struct tg_link_finder *f, struct tg_bytes text)
{
    struct tg_buf layers[LAYERS_MAX];
    unsigned repairs[LAYERS_MAX] = { 0 };
    size_t count = 1;
    enum tg_err err = TG_E_BUG;

    for (size_t i = 0; i < LAYERS_MAX; i++) {
        tg_buf_init(&layers[i], TG_LINK_TEXT_MAX);
    }
    TG_TRY(tg_link_clean(&layers[0], text, false, &repairs[0]));
    for (size_t i = 0; i < count; i++) {
        TG_TRY(look_at_breaks(f, tg_buf_view(&layers[i]), repairs[i]));
        for (size_t k = 0; k < tg_link_form_count; k++) {
            struct tg_buf raw;

            tg_buf_init(&raw, TG_LINK_TEXT_MAX);
            tg_link_forms[k].decode(&raw, tg_buf_view(&layers[i]));
            err = tg_buf_status(&raw);
            if (err == TG_OK && raw.len > 0) {
                unsigned bits = repairs[i] | tg_link_forms[k].repairs;

                err = add_layer(layers, repairs, &count, tg_buf_view(&raw), bits);
            }
            tg_buf_deinit(&raw);
            TG_TRY(err);
        }
    }
    err = TG_OK;
out:
    for (size_t i = 0; i < LAYERS_MAX; i++) {
        tg_buf_deinit(&layers[i]);
    }
    return err;
}

/* ---- the verdict ---------------------------------------------------------------------------- */

void tg_link_repairs_text(char out[TG_LINK_REPAIRS_MAX], unsigned repairs)
{
    size_t len = 0;

    for (size_t i = 0; i < TG_COUNT(repair_texts); i++) {
        const char *text = repair_texts[i].text;

        if ((repairs & (unsigned)repair_texts[i].repair) != 0 &&
            len + strlen(text) + 3 <= TG_LINK_REPAIRS_MAX) {
            memcpy(out + len, "; ", 2);
            len += len > 0 ? 2 : 0;
            memcpy(out + len, text, strlen(text));
            len += strlen(text);
        }
    }
    out[len] = '\0';
}

static void explain_damage(struct tg_fault *fault, unsigned damage)
{
    for (size_t i = 0; i < TG_COUNT(repair_texts); i++) {
        if ((damage & (unsigned)repair_texts[i].repair & ~(unsigned)TG_LINK_AROUND) != 0) {
            tg_fault_set(fault,
                         WHAT ": %s, and the secret is damaged or truncated; expected 16 or 32 "
                              "bytes in base64 after #",
                         repair_texts[i].text);
        }
    }
    tg_fault_set(fault, WHAT ": the secret after # is damaged or truncated; expected 16 or 32 "
                             "bytes in base64");
}

/* spec: protocol/8#one-reading */
static enum tg_err decide(struct tg_link *out, const struct tg_link_finder *f,
                          struct tg_fault *fault)
{
    if (f->is_two_links) {
        tg_fault_set(fault, WHAT ": the text has more than one link; expected one");
        return TG_E_SYNTAX;
    }
    if (f->is_uncertain) {
        tg_fault_set(fault, WHAT ": a line break makes it uncertain where the host begins; "
                                 "expected the link in one line");
        return TG_E_SYNTAX;
    }
    if (f->is_unclear) {
        tg_fault_set(fault, WHAT ": a space or another character makes it uncertain where the host "
                                 "begins; expected the link without it");
        return TG_E_SYNTAX;
    }
    if (!f->is_known) {
        return TG_E_SYNTAX;
    }
    out->is_secret_wrong = f->is_two_secrets || (f->secret.len == 0 && f->is_damaged);
    if (f->is_two_secrets) {
        tg_fault_set(fault, WHAT ": the secret can be read in more than one way; expected 16 or 32 "
                                 "bytes in base64 after #");
        return TG_E_SYNTAX;
    }
    if (out->is_secret_wrong) {
        explain_damage(fault, f->damage);
        return TG_E_SYNTAX;
    }
    out->url = f->link;
    out->url.secret = f->secret;
    out->repairs = f->repairs;
    out->is_exposed = f->is_exposed;
    return TG_OK;
}

enum tg_err tg_link_read(struct tg_link *out, struct tg_bytes text, struct tg_fault *fault)
{
    struct tg_share_url strict = { .port = 0 };
    struct tg_fault strict_fault = { "" };
    struct tg_link_finder f = { .is_known = false };
    enum tg_err err = TG_E_BUG;

    tg_link_wipe(out);
    if (text.len > TG_LINK_TEXT_MAX) {
        tg_fault_set(fault, WHAT ": expected a text of at most %u bytes", TG_LINK_TEXT_MAX);
        return TG_E_LIMIT;
    }
    if (tg_share_url_parse(&strict, text, &strict_fault) == TG_OK && strict.secret.len > 0) {
        out->url = strict;
        tg_share_url_wipe(&strict);
        return TG_OK;
    }
    err = look_at_layers(&f, text);
    if (err == TG_E_LIMIT) {
        tg_fault_set(fault, WHAT ": the text is encoded too often; expected the link itself");
    }
    TG_TRY(err);
    TG_TRY(decide(out, &f, fault));
    if (strict.host[0] != '\0' && out->url.secret.len == 0) {
        out->url = strict; /* a valid link without a secret stays as it is */
        out->repairs = 0;
    }
out:
    if (err != TG_OK) {
        bool is_secret_wrong = out->is_secret_wrong;

        tg_link_wipe(out);
        out->is_secret_wrong = is_secret_wrong;
        tg_fault_set(fault, "%s", strict_fault.text[0] != '\0' ? strict_fault.text : WHAT);
    }
    tg_share_url_wipe(&strict);
    tg_mem_wipe(&f, sizeof(f));
    return err;
}

void tg_link_wipe(struct tg_link *link)
{
    tg_mem_wipe(link, sizeof(*link));
}
