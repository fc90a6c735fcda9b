/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/page/site.h"

#include "base/b64.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "relay/page/colour.h"
#include "relay/page/text.h"

#define STYLE_MAX 8192u
#define CSP_MAX 512u
#define NAME_MAX_LEN 2048u
#define COLOUR_DEFAULT "#0b6b5d"
#define CONTRAST 500u /* of text; WCAG 2.2 requires 450 */

struct tg_page_site {
    struct tg_page_settings settings;
    const char *public_url;
    struct tg_buf style;
    struct tg_buf csp;
    struct tg_buf name;
};

/* ---- the style ------------------------------------------------------------------------------ */

/* Grounds of both schemes, and what their texts are drawn towards to be readable. */
struct scheme {
    struct tg_colour ground, card, ink;
    unsigned tint; /* percent of the operator's colour in the card */
};

static const struct scheme light = {
    { { 0xf3, 0xf4, 0xf4 } }, { { 0xff, 0xff, 0xff } }, { { 0, 0, 0 } }, 14
};
static const struct scheme dark = {
    { { 0x10, 0x13, 0x14 } }, { { 0x1b, 0x1f, 0x21 } }, { { 0xff, 0xff, 0xff } }, 26
};

static void put_colour(struct tg_buf *out, const char *name, struct tg_colour colour)
{
    char text[TG_COLOUR_TEXT_LEN + 1];

    tg_colour_format(text, colour);
    tg_buf_append_str(out, name);
    tg_buf_append_str(out, text);
}

/* --a: the operator's colour, readable on the ground, the card and the tint. */
static void put_scheme(struct tg_buf *out, const struct scheme *scheme, struct tg_colour colour)
{
    struct tg_colour tint = tg_colour_mix(scheme->card, colour, scheme->tint);
    struct tg_colour text = tg_colour_readable(colour, scheme->card, scheme->ink, CONTRAST);

    text = tg_colour_readable(text, scheme->ground, scheme->ink, CONTRAST);
    text = tg_colour_readable(text, tint, scheme->ink, CONTRAST);
    put_colour(out, ";--bg:", scheme->ground);
    put_colour(out, ";--c:", scheme->card);
    put_colour(out, ";--t:", tint);
    put_colour(out, ";--u:", tg_colour_mix(tint, text, 30));
    put_colour(out, ";--a:", text);
}

static const char layout[] =
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--bg);color:var(--f);font:1rem/1.5 system-ui,-apple-system,"
    "\"Segoe UI\",Roboto,\"Noto Sans\",sans-serif;overflow-wrap:anywhere}"
    "body>*{max-width:62rem;margin:0 auto;padding:0 1rem}"
    "header{display:flex;align-items:center;gap:.6rem;min-height:3.5rem;font-weight:600}"
    "header svg{display:block;width:1.75rem;height:1.75rem}"
    "h1{font-size:clamp(1.5rem,1.1rem + 2vw,2.25rem);line-height:1.2;letter-spacing:-.015em;"
    "text-wrap:balance;margin:0 0 1rem}"
    "h2{font-size:1.25rem;line-height:1.3;margin:2rem 0 .75rem}"
    "h3{font-size:1rem;margin:0 0 .5rem}"
    "p{margin:0 0 .75rem}p:last-child{margin:0}"
    ".c0{background:var(--c);border:1px solid var(--l);border-radius:1rem;padding:1.25rem}"
    ".h{padding:0;overflow:hidden}.x{padding:clamp(1.25rem,4vw,2.5rem)}"
    ".d{background:var(--t);padding:1.5rem;display:grid;place-items:center}"
    ".d svg{display:block;width:min(100%,13rem)}"
    "@media(min-width:48rem){.h{display:grid;grid-template-columns:17rem 1fr}"
    ".x{min-height:19rem}}"
    ".a{fill:var(--a)}.s{fill:var(--u)}.c{fill:var(--c)}"
    ".n{fill:none;stroke:var(--a);stroke-linecap:round;stroke-linejoin:round}"
    ".r{stroke-dasharray:1 9}"
    "@media(prefers-reduced-motion:no-preference){.r{animation:r 1s linear 4}"
    "@keyframes r{to{stroke-dashoffset:-10}}}"
    ".f .m{display:inline-block}.f "
    "strong{display:inline-block;background:var(--t);color:var(--a);border-radius:1rem;"
    "padding:.2rem .85rem;margin-inline-end:.5rem}"
    ".m,.i p,figcaption,footer{color:var(--m)}"
    "figure{margin:1.5rem 0 0;border-inline-start:3px solid var(--a);padding-inline-start:1rem}"
    "figcaption{font-size:.875rem;margin-bottom:.25rem}"
    "blockquote{margin:0}blockquote p{margin:0 0 .35rem}.q{font-size:1.125rem;font-weight:600;"
    "line-height:1.35}"
    ".g{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr));gap:1rem}"
    ".g>:first-child.c0{border-color:var(--a);box-shadow:inset 0 0 0 1px var(--a)}"
    "ol{margin:0;padding-inline-start:1.25rem}li{margin:0 0 .4rem;padding-inline-start:.25rem}"
    "li::marker{color:var(--a);font-weight:700}"
    ".b{display:block;margin:1rem 0 .5rem;padding:.7rem 1rem;border-radius:.75rem;background:"
    "var(--a);color:var(--c);font-weight:600;text-align:center;text-decoration:none;"
    "border:1px solid transparent}"
    ".b+p{font-size:.875rem;color:var(--m)}"
    ".i{margin-top:2rem;gap:1.5rem 2rem}.i h2{font-size:1rem;margin:0 0 .35rem}"
    ".i p{font-size:.9375rem}"
    "main{padding-bottom:2rem}footer{padding:0 1rem 2rem;font-size:.875rem}"
    "a{color:var(--a);text-underline-offset:.2em}footer a{display:inline-block;padding:.3rem 0}"
    "a:focus-visible{outline:3px solid var(--a);outline-offset:3px}"
    "@media(forced-colors:active){.a{fill:CanvasText}.s,.c{fill:Canvas}.n{stroke:CanvasText}"
    ".d .n{stroke:CanvasText}.s{stroke:CanvasText}.f strong{border:1px solid}.b{border-color:"
    "LinkText}}"
    "@media print{body{background:none;color:#000}.c0{break-inside:avoid;box-shadow:none}"
    ".b,.b+p{display:none}.d svg{width:9rem}.d{background:none}}";

/* A change here changes what every page looks like: see the pictures that tests/page makes. */
static void put_style(struct tg_buf *out, struct tg_colour colour)
{
    tg_buf_append_str(out, ":root{color-scheme:light dark;--f:#15191a;--m:#50585a;--l:#dfe3e3");
    put_scheme(out, &light, colour);
    tg_buf_append_str(out, "}@media(prefers-color-scheme:dark){:root{--f:#eef1f1;--m:#a8b1b3;"
                           "--l:#30373a");
    put_scheme(out, &dark, colour);
    tg_buf_append_str(out, "}}");
    tg_buf_append_str(out, layout);
}

/* ---- the policy and the name ---------------------------------------------------------------- */

/* spec: protocol/5#style-hash */
static enum tg_err make_csp(struct tg_buf *csp, struct tg_bytes text, const char *logo)
{
    bool has_picture = logo != NULL && tg_bytes_has_prefix(tg_bytes_str(logo), TG_LIT("<img "));
    uint8_t hash[TG_SHA256_LEN];
    enum tg_err err = tg_sha256(hash, text);

    if (err != TG_OK) {
        return err;
    }
    tg_buf_append_str(csp, "default-src 'none'; style-src 'sha256-");
    tg_b64_encode(csp, TG_ARRAY_BYTES(hash), TG_B64_STANDARD);
    tg_buf_append_str(csp, has_picture ? "'; img-src data:" : "'");
    tg_buf_append_str(csp, "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    (void)tg_buf_cstr(csp);
    return tg_buf_status(csp);
}

/* The host of the public URL is ASCII. */
static void put_name(struct tg_buf *out, const struct tg_page_site *site)
{
    struct tg_bytes url = tg_bytes_str(site->public_url);
    size_t at = tg_bytes_find(url, '/');

    tg_buf_append_str(out, "<bdi translate=no>");
    tg_page_put_escaped(out, site->settings.operator_name != NULL
                                 ? tg_bytes_str(site->settings.operator_name)
                                 : tg_bytes_from(url, at + 2));
    tg_buf_append_str(out, "</bdi>");
}

static enum tg_err fill(struct tg_page_site *site)
{
    const char *text = site->settings.colour;
    struct tg_colour colour = { { 0, 0, 0 } };
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_colour_parse(&colour, tg_bytes_str(text != NULL ? text : COLOUR_DEFAULT)));
    put_style(&site->style, colour);
    TG_TRY(tg_buf_status(&site->style));
    put_name(&site->name, site);
    TG_TRY(tg_buf_status(&site->name));
    err = make_csp(&site->csp, tg_buf_view(&site->style), site->settings.logo);
out:
    return err;
}

/* ---- the site ------------------------------------------------------------------------------- */

enum tg_err tg_page_site_new(struct tg_page_site **out, const struct tg_page_settings *settings,
                             const char *public_url)
{
    struct tg_page_site *site = tg_mem_calloc(1, sizeof(*site));
    enum tg_err err = TG_E_BUG;

    if (site == NULL) {
        return TG_E_NOMEM;
    }
    site->settings = *settings;
    site->public_url = public_url;
    tg_buf_init(&site->style, STYLE_MAX);
    tg_buf_init(&site->csp, CSP_MAX);
    tg_buf_init(&site->name, NAME_MAX_LEN);
    TG_TRY(fill(site));
    *out = site;
    site = NULL;
    err = TG_OK;
out:
    tg_page_site_free(&site);
    return err;
}

void tg_page_site_free(struct tg_page_site **site)
{
    if (site != NULL && *site != NULL) {
        tg_buf_deinit(&(*site)->style);
        tg_buf_deinit(&(*site)->csp);
        tg_buf_deinit(&(*site)->name);
        tg_mem_free(*site);
        *site = NULL;
    }
}

const char *tg_page_site_csp(const struct tg_page_site *site)
{
    return (const char *)site->csp.ptr; /* make_csp() put a NUL behind it */
}

struct tg_bytes tg_page_site_style(const struct tg_page_site *site)
{
    return tg_buf_view(&site->style);
}

struct tg_bytes tg_page_site_name(const struct tg_page_site *site)
{
    return tg_buf_view(&site->name);
}

const struct tg_page_settings *tg_page_site_settings(const struct tg_page_site *site)
{
    return &site->settings;
}

const char *tg_page_site_url(const struct tg_page_site *site)
{
    return site->public_url;
}
