/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/link_reading.h"

#include "base/mem.h"

#include <string.h>

#define SECRET_TEXT_MAX 43u /* 32 bytes in base64 without padding */
#define SECRET_TEXT_MIN 22u /* 16 bytes */
#define WAYS_MAX 16u

uint8_t tg_link_at(struct tg_bytes text, size_t i)
{
    return i < text.len ? text.ptr[i] : 0;
}

bool tg_link_ends_token(uint8_t c)
{
    return c == 0 || c == ' ' || c == '\n' || c == '"' || c == '<' || c == '>' || c == '`' ||
           c == TG_LINK_FOREIGN || c == TG_LINK_BROKEN;
}

/* Where the token that has text[i] begins. At most a link's length is looked at. */
size_t tg_link_token_start(struct tg_bytes text, size_t i)
{
    size_t floor = i > TG_SHARE_URL_MAX ? i - TG_SHARE_URL_MAX : 0;

    while (i > floor && !tg_link_ends_token(text.ptr[i - 1])) {
        i--;
    }
    return i;
}

bool tg_link_has_part(struct tg_bytes text, struct tg_bytes part)
{
    for (size_t i = 0; i + part.len <= text.len; i++) {
        if (tg_bytes_has_prefix(tg_bytes_from(text, i), part)) {
            return true;
        }
    }
    return false;
}

struct tg_bytes tg_link_slice(struct tg_bytes text, size_t from, size_t to)
{
    return tg_bytes_from(tg_bytes_first(text, to), from);
}

/* Whether a line break was taken out in front of one of the characters first to last. */
bool tg_link_has_gap(const struct tg_link_view *v, size_t first, size_t last)
{
    size_t low = 0;
    size_t high = v->gap_count;

    /* The first gap that is not in front of `first`. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (v->gaps[middle] < first) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < v->gap_count && v->gaps[low] <= last;
}

/* ---- readings ------------------------------------------------------------------------------- */

static bool is_same_link(const struct tg_share_url *a, const struct tg_share_url *b)
{
    return a->is_plain_http == b->is_plain_http && a->is_direct == b->is_direct &&
           a->port == b->port && strcmp(a->host, b->host) == 0 &&
           tg_ct_equal(TG_ARRAY_BYTES(a->mailbox.bytes), TG_ARRAY_BYTES(b->mailbox.bytes));
}

static unsigned repairs_of(const struct tg_link_reading *r)
{
    const struct tg_link_view *v = r->view;
    struct tg_bytes before =
        tg_link_slice(v->text, tg_link_token_start(v->text, r->start), r->start);
    bool is_inside = tg_link_has_part(before, TG_LIT("://"));
    unsigned repairs = v->repairs | r->repairs;
    bool is_wrapped = false;

    repairs |= is_inside ? TG_LINK_WRAPPER : 0;
    is_wrapped = tg_link_has_gap(v, r->start + 1, r->end - 1) ||
                 tg_bytes_find(tg_link_slice(v->text, r->start, r->end), '\n') < r->end - r->start;
    repairs |= is_wrapped ? TG_LINK_WRAPPED : 0;
    repairs |= r->start > 0 || r->end < v->text.len ? TG_LINK_AROUND : 0;
    return repairs;
}

/* Takes the reading as the link, or finds out that it is another one. */
static bool accept_link(struct tg_link_finder *f, const struct tg_link_reading *r)
{
    if (!f->is_known) {
        f->link = r->url;
        f->is_known = true;
        f->repairs = repairs_of(r);
    }
    f->is_two_links = f->is_two_links || !is_same_link(&f->link, &r->url);
    return !f->is_two_links;
}

void tg_link_accept_bare(struct tg_link_finder *f, const struct tg_link_reading *r)
{
    (void)accept_link(f, r);
}

void tg_link_accept_damaged(struct tg_link_finder *f, const struct tg_link_reading *r)
{
    if (accept_link(f, r) && !f->is_damaged) {
        f->is_damaged = true;
        f->damage = repairs_of(r);
    }
}

static void accept_secret(struct tg_link_finder *f, const struct tg_link_reading *r,
                          const struct tg_secret *secret)
{
    if (!accept_link(f, r)) {
        return;
    }
    if (f->secret.len == 0) {
        f->secret = *secret;
        f->repairs = repairs_of(r);
        memcpy(f->link.vertical, r->url.vertical, sizeof(f->link.vertical));
    }
    f->is_two_secrets =
        f->is_two_secrets || !tg_ct_equal(tg_secret_view(&f->secret), tg_secret_view(secret));
    f->is_exposed = f->is_exposed || r->is_exposed;
}

/* ---- the secret ----------------------------------------------------------------------------- */

/* The characters of a secret, as far as they were read. */
struct secret_text {
    uint8_t chars[SECRET_TEXT_MAX];
    size_t len;
    bool has_space;
};

/* Whether a = of the padding is written as in quoted-printable text. */
static bool is_quoted_pad(struct tg_bytes text, size_t i)
{
    return tg_bytes_is_equal_nocase(tg_bytes_first(tg_bytes_from(text, i), 3), TG_LIT("=3D"));
}

/* Takes what was read as a secret, if it is one. end: where it ends in the view. */
static bool try_secret(struct tg_link_finder *f, const struct tg_link_reading *r,
                       const struct secret_text *s, size_t end)
{
    struct tg_bytes text = r->view->text;
    struct tg_secret secret = { .len = 0 };
    struct tg_link_reading taken = *r;
    size_t pad = 0;
    bool is_taken = false;

    if ((s->len != SECRET_TEXT_MIN && s->len != SECRET_TEXT_MAX) ||
        tg_link_is_percent(tg_bytes_from(text, end)) ||
        (tg_link_is_quoted(tg_bytes_from(text, end)) && !is_quoted_pad(text, end)) ||
        tg_share_secret_parse(&secret, tg_bytes(s->chars, s->len), NULL) != TG_OK) {
        return false;
    }
    while (pad < 2 && tg_link_at(text, end + pad) == '=') {
        pad++;
    }
    taken.end = end + pad;
    taken.repairs |= s->has_space ? TG_LINK_SPACE : 0;
    taken.repairs |= s->len == SECRET_TEXT_MIN && pad == 1 ? TG_LINK_PADDING : 0;
    /* In a path or a query only a whole part of it is a secret. */
    is_taken = (r->repairs & TG_LINK_PLACE) == 0 ||
               (!s->has_space &&
                (tg_link_ends_token(tg_link_at(text, taken.end)) ||
                 tg_link_at(text, taken.end) == '&' || tg_link_at(text, taken.end) == '?'));
    if (is_taken) {
        accept_secret(f, &taken, &secret);
    }
    tg_secret_wipe(&secret);
    tg_share_url_wipe(&taken.url);
    return is_taken;
}

/* The ways to read what is in front of i. More ways than that are not followed. */
struct ways {
    struct secret_text way[WAYS_MAX];
    size_t count;
};

/* Adds c to each way. A way that becomes too long ends. */
static void extend(struct ways *w, uint8_t c, bool is_space)
{
    size_t kept = 0;

    for (size_t i = 0; i < w->count; i++) {
        struct secret_text *s = &w->way[i];

        if (s->len < SECRET_TEXT_MAX) {
            s->chars[s->len++] = c;
            s->has_space = s->has_space || is_space;
            w->way[kept++] = *s;
        }
    }
    w->count = kept;
}

/* At a line break each way goes on as it is, and with the + that had become a space there. */
static bool fork_ways(struct ways *w)
{
    struct ways plus = *w;
    bool is_room = w->count * 2 <= WAYS_MAX;

    extend(&plus, '+', true);
    for (size_t i = 0; is_room && i < plus.count; i++) {
        w->way[w->count++] = plus.way[i];
    }
    tg_mem_wipe(&plus, sizeof(plus));
    return is_room;
}

/* Reads a secret that begins at i. A space can be a + that was changed, and a line break can be one
   that a program put there; both can be the end of the link. All readings that give a secret count.
 */
bool tg_link_read_secret(struct tg_link_finder *f, const struct tg_link_reading *r, size_t i)
{
    struct tg_bytes text = r->view->text;
    struct ways w = { .count = 1 };
    bool is_found = false;

    while (w.count > 0) {
        uint8_t c = tg_link_at(text, i);
        size_t behind = tg_link_skip_break(text, i);

        for (size_t k = 0; k < w.count && !tg_link_is_b64(c); k++) {
            is_found = try_secret(f, r, &w.way[k], i) || is_found;
        }
        if (behind > i) {
            w.count = fork_ways(&w) ? w.count : 0;
            i = behind;
        } else if (tg_link_is_b64(c) || c == ' ') {
            extend(&w, c == ' ' ? (uint8_t)'+' : c, c == ' ');
            i++;
        } else {
            break;
        }
    }
    tg_mem_wipe(&w, sizeof(w));
    return is_found;
}
