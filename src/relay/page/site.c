/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/page/site.h"

#include "base/b64.h"
#include "base/buf.h"
#include "base/mem.h"
#include "crypto/digest.h"

#define STYLE_MAX 8192u
#define CSP_MAX 512u

struct tg_page_site {
    const struct tg_page_settings *settings;
    const char *public_url;
    struct tg_buf style;
    struct tg_buf csp;
};

static const char style[] =
    ":root{color-scheme:light dark;--fg:#1b1b1f;--bg:#fff;--dim:#55555f;--line:#d7d7de}"
    "@media(prefers-color-scheme:dark){:root{--fg:#ececf1;--bg:#17171a;--dim:#a9a9b4;"
    "--line:#3a3a42}}"
    "body{margin:0;background:var(--bg);color:var(--fg);"
    "font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"
    "main{max-width:34rem;margin:0 auto;padding:1.5rem 1rem}"
    "h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0 1rem}"
    ".dim{color:var(--dim)}"
    ".todo{border-top:1px solid var(--line);padding-top:1rem;margin-top:1.5rem}";

/* spec: protocol/5#style-hash */
static enum tg_err make_csp(struct tg_buf *csp, struct tg_bytes text)
{
    uint8_t hash[TG_SHA256_LEN];
    enum tg_err err = tg_sha256(hash, text);

    if (err != TG_OK) {
        return err;
    }
    tg_buf_append_str(csp, "default-src 'none'; style-src 'sha256-");
    tg_b64_encode(csp, TG_ARRAY_BYTES(hash), TG_B64_STANDARD);
    tg_buf_append_str(csp, "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    (void)tg_buf_cstr(csp);
    return tg_buf_status(csp);
}

enum tg_err tg_page_site_new(struct tg_page_site **out, const struct tg_page_settings *settings,
                             const char *public_url)
{
    struct tg_page_site *site = tg_mem_calloc(1, sizeof(*site));
    enum tg_err err = TG_E_BUG;

    if (site == NULL) {
        return TG_E_NOMEM;
    }
    site->settings = settings;
    site->public_url = public_url;
    tg_buf_init(&site->style, STYLE_MAX);
    tg_buf_init(&site->csp, CSP_MAX);
    tg_buf_append_str(&site->style, style);
    TG_TRY(tg_buf_status(&site->style));
    TG_TRY(make_csp(&site->csp, tg_buf_view(&site->style)));
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

const struct tg_page_settings *tg_page_site_settings(const struct tg_page_site *site)
{
    return site->settings;
}

const char *tg_page_site_url(const struct tg_page_site *site)
{
    return site->public_url;
}
