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
    unsigned tint;  /* percent of the operator's colour in the card */
    unsigned depth; /* percent of the ink in the drawings' second colour */
};

static const struct scheme light = {
    { { 0xf3, 0xf4, 0xf4 } }, { { 0xff, 0xff, 0xff } }, { { 0, 0, 0 } }, 14, 35
};
static const struct scheme dark = {
    { { 0x10, 0x13, 0x14 } }, { { 0x1b, 0x1f, 0x21 } }, { { 0xff, 0xff, 0xff } }, 26, 35
};

static void put_colour(struct tg_buf *out, const char *name, struct tg_colour colour)
{
    char text[TG_COLOUR_TEXT_LEN + 1];

    tg_colour_format(text, colour);
    tg_buf_append_str(out, name);
    tg_buf_append_str(out, text);
}

/* --a: the operator's colour, readable on the ground, the card and the tint; --k: deeper, for
   drawings alone. spec: protocol/5#readable */
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
    put_colour(out, ";--k:", tg_colour_mix(text, scheme->ink, scheme->depth));
    put_colour(out, ";--a:", text);
}

static const char layout[] =
    "*{box-sizing:border-box}"
    "html{-webkit-text-size-adjust:100%;text-size-adjust:100%}"
    "body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--bg);"
    "color:var(--f);font:1rem/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\","
    "sans-serif;overflow-wrap:anywhere;word-break:auto-phrase}:lang(ko){word-break:keep-all}"
    "body>*{width:100%;max-width:64rem;margin:0 auto;padding:0 1rem}"
    "header{display:flex;align-items:center;gap:.625rem;min-height:4rem;font-weight:600}"
    "header svg,header img{display:block;height:2rem;width:auto;max-width:9rem;flex:none}"
    "main{flex:1;padding-bottom:3rem}"
    "h1{font-size:clamp(1.625rem,1.2rem + 2vw,2.5rem);line-height:1.15;letter-spacing:-.02em;"
    "text-wrap:balance;margin:0 0 1rem}"
    "h2{font-size:1.375rem;line-height:1.3;letter-spacing:-.01em;margin:2.5rem 0 1rem}"
    "h3{font-size:1.0625rem;line-height:1.3;margin:0 0 .875rem}"
    "p{margin:0 0 .75rem;text-wrap:pretty}p:last-child{margin:0}"
    ".c0{background:var(--c);border:1px solid var(--l);border-radius:1.25rem;padding:1.25rem "
    "1.25rem 1.375rem;box-shadow:0 1px 2px #0000000a}"
    ".h{padding:0;overflow:hidden;box-shadow:0 1px 2px #0000000a,0 .75rem 2rem -1rem "
    "#00000024}"
    ".x{padding:clamp(1.375rem,4.5vw,3rem)}"
    ".d{background:var(--t);padding:1.25rem 1.5rem;display:grid;place-items:center}"
    ".d svg{display:block;width:min(100%,15rem)}"
    "@media(max-width:24rem){.d{padding:.875rem}.d svg{width:9.5rem}}"
    "@media(min-width:52rem){.h{display:grid;grid-template-columns:21rem 1fr}.x{"
    "min-height:20rem;align-self:center;display:grid;align-content:center}.d svg{"
    "width:min(100%,18rem)}}"
    ".a{fill:var(--a)}.k{fill:var(--k)}.s{fill:var(--u)}.c{fill:var(--c)}.w{stroke:var(--c);"
    "stroke-linecap:round;stroke-linejoin:round}"
    ".e>*{stroke:var(--c);stroke-width:7;stroke-linejoin:round;paint-order:stroke}"
    ".n{fill:none;stroke:var(--a);stroke-linecap:round;stroke-linejoin:round}"
    ".d .g{stroke:var(--u);stroke-width:4;stroke-linecap:round}"
    ".r{stroke-dasharray:.1 9}"
    "@media(prefers-reduced-motion:no-preference){.r{animation:r 1s linear 4}@keyframes r{to{"
    "stroke-dashoffset:-9.1}}}"
    ".f{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem .75rem}.f "
    "p{margin:0}"
    ".f strong{display:block;background:var(--t);color:var(--a);border-radius:2rem;padding:.25rem "
    ".875rem;"
    "white-space:nowrap}"
    ".m,.i p,figcaption,footer{color:var(--m)}";

/* Quotation, steps, notes, and the pages of one column. */
static const char contents[] =
    "figure{margin:1.5rem 0 0;background:var(--bg);border-radius:1.125rem;"
    "border-end-start-radius:.25rem;padding:.875rem 1.125rem 1rem;max-width:38rem}"
    "figcaption{font-size:.875rem;margin-bottom:.25rem}"
    "blockquote{margin:0}blockquote p{margin:0 0 .25rem}.q{font-size:1.125rem;"
    "font-weight:600;line-height:1.35}"
    ".p{display:grid;gap:1rem}"
    "@media(min-width:52rem){.p{grid-template-columns:repeat(3,1fr)}}"
    ".p>:first-child.c0{border-color:var(--a);box-shadow:inset 0 0 0 1px var(--a)}"
    "ol{margin:0;padding:0;list-style-type:\"\";counter-reset:n}"
    "li{position:relative;margin:0 0 .75rem;padding-inline-start:2.375rem;"
    "min-height:1.625rem;counter-increment:n}li:last-child{margin:0}"
    "li::before{content:counter(n);position:absolute;inset-inline-start:0;top:0;"
    "width:1.625rem;height:1.625rem;border-radius:50%;background:var(--t);color:var(--a);"
    "font-size:.875rem;font-weight:700;line-height:1.625rem;text-align:center}"
    ".b{display:block;padding:.75rem 1rem;border-radius:.875rem;"
    "background:var(--a);color:var(--c);font-weight:600;text-align:center;"
    "text-decoration:none;border:1px solid var(--a)}"
    "ol+p{margin-top:1.25rem}"
    ".o,.c0~.c0 .b{background:none;color:var(--a)}"
    ".p .m{font-size:.875rem}"
    ".i{margin-top:2.5rem;gap:1.75rem 2rem}.i h2{font-size:1.0625rem;letter-spacing:0;"
    "margin:0 0 .25rem}.i p{font-size:.9375rem}.i svg{"
    "display:block;width:2rem;stroke-width:1.75;margin-bottom:.5rem}"
    "footer{padding:0 1rem 2rem;font-size:.9375rem}"
    "a{color:var(--a);text-underline-offset:.2em}footer a{display:inline-block;"
    "padding:.375rem 0}"
    "a:focus-visible{outline:3px solid var(--a);outline-offset:3px}"
    ".z>*{max-width:38rem}.z .h{display:block;margin-top:clamp(0rem,(100vw - 40rem)/5,4rem)}.z .x{"
    "min-height:0;display:block}.z .d{padding:1.75rem}.z h1{font-size:clamp(1.5rem,1.2rem + "
    "1.5vw,2rem)}"
    ".y .d{--a:var(--y);--t:var(--v);--u:var(--w);--k:var(--m)}";

static const char modes[] =
    "@media(forced-colors:active){.a,.k{fill:CanvasText}.s,.c{fill:Canvas}.s{"
    "stroke:CanvasText}.n{stroke:CanvasText}.w{stroke:Canvas}.e>*{stroke:CanvasText;"
    "stroke-width:2}.f strong,li::before{border:1px solid}.b{border-color:LinkText}figure{"
    "border:1px solid}}"
    "@media print{body{background:none;color:#000;display:block}.c0,figure{"
    "break-inside:avoid;box-shadow:none}.b,.p .m{display:none}.h{display:block}.x{"
    "min-height:0;padding:1.25rem}main{font-size:.875rem}.p{grid-template-columns:repeat("
    "3,1fr);gap:.75rem}.f+figure{margin-top:1rem}.d svg{width:10rem}li::before{border:1px solid;"
    "background:none;color:inherit}}";

/* A change here changes what every page looks like: see the pictures that tests/page makes. */
static void put_style(struct tg_buf *out, struct tg_colour colour)
{
    tg_buf_append_str(
        out, ":root{color-scheme:light "
             "dark;--f:#15191a;--m:#50585a;--l:#dfe3e3;--v:#e9ecec;--w:#b9c2c4;--y:#748084");
    put_scheme(out, &light, colour);
    tg_buf_append_str(out, "}@media(prefers-color-scheme:dark){:root{--f:#eef1f1;--m:#a8b1b3;"
                           "--l:#30373a;--v:#242a2c;--w:#465054;--y:#98a3a6");
    put_scheme(out, &dark, colour);
    tg_buf_append_str(out, "}}");
    tg_buf_append_str(out, layout);
    tg_buf_append_str(out, contents);
    tg_buf_append_str(out, modes);
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
    err = tg_buf_status(&site->name);
out:
    return err;
}

/* ---- the site ------------------------------------------------------------------------------- */

enum tg_err tg_page_site_draft(struct tg_page_site **out, const struct tg_page_settings *settings,
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

enum tg_err tg_page_site_new(struct tg_page_site **out, const struct tg_page_settings *settings,
                             const char *public_url)
{
    struct tg_page_site *site = NULL;
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_page_site_draft(&site, settings, public_url));
    TG_TRY(make_csp(&site->csp, tg_buf_view(&site->style), site->settings.logo));
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
