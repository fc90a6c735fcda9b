/* SPDX-License-Identifier: Apache-2.0 */
#include "server/status/style.h"

#include "base/b64.h"
#include "crypto/digest.h"

#include <string.h>

static const char style[] =
    ":root{color-scheme:light dark;--bg:#f4f5f7;--card:#fff;--fg:#171a1f;--dim:#59616e;"
    "--line:#e2e5ea;--good:#17724a;--warn:#8f5f00;--bad:#b3261e;--c1:#3867d6;--c2:#1f9c94;"
    "--c3:#8657cf;--c4:#d98a1f;--c5:#cc4b5f;--c6:#6b7788;--c7:#aeb6c2}"
    "@media(prefers-color-scheme:dark){:root{--bg:#0e1115;--card:#161a20;--fg:#e9ecf1;"
    "--dim:#98a2b1;--line:#272d36;--good:#57c990;--warn:#e6b04c;--bad:#ff8a80;--c1:#6c9bff;"
    "--c2:#3cc2b8;--c3:#b08cf0;--c4:#f0ad4e;--c5:#f07f8f;--c6:#94a0b2;--c7:#566070}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif;"
    "font-variant-numeric:tabular-nums}"
    "main{max-width:1240px;margin:0 auto;padding:28px 20px 48px}"
    "h1{font-size:22px;line-height:1.2;margin:0;overflow-wrap:anywhere}"
    "h2{font-size:15px;margin:0}p{margin:0}.dim{color:var(--dim)}"
    ".good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}"
    "header{display:flex;flex-wrap:wrap;gap:6px 16px;align-items:baseline;margin-bottom:20px}"
    "header p:last-child{flex-basis:100%}.state{font-weight:600}"
    ".grid{display:grid;gap:14px;margin-bottom:14px}"
    ".tiles{grid-template-columns:repeat(auto-fit,minmax(132px,1fr))}"
    ".cols{grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr))}"
    ".cols>:last-child:nth-child(odd){grid-column:1/-1}"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:10px;"
    "padding:14px 16px;min-width:0}"
    ".tile b{display:block;font-size:26px;line-height:1.25;font-weight:600}"
    ".charts{display:grid;gap:12px 24px;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr))}"
    ".head{display:flex;flex-wrap:wrap;gap:2px 18px;align-items:baseline;margin-bottom:8px}"
    ".head ul{display:flex;flex-wrap:wrap;gap:2px 14px;margin:0;padding:0;list-style:none}"
    ".head li{color:var(--dim);font-size:13px}.head li b{color:var(--fg);font-weight:600}"
    "svg{display:block;width:100%;height:auto;overflow:visible}"
    ".dot{display:inline-block;width:9px;height:9px;margin-right:5px}"
    ".grid path,path.grid{margin:0}"
    "path.grid{stroke:var(--line);stroke-width:1;fill:none;shape-rendering:crispEdges}"
    "text{fill:var(--dim);font-size:11px}.y{text-anchor:end}.x{text-anchor:middle}"
    ".x.first{text-anchor:start}.x.last{text-anchor:end}.none{font-size:13px;stroke:var(--card);"
    "stroke-width:8px;paint-order:stroke}"
    ".line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}"
    ".c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}.c4{--c:var(--c4)}"
    ".c5{--c:var(--c5)}.c6{--c:var(--c6)}.c7{--c:var(--c7)}"
    ".area{fill:var(--c)}.line{stroke:var(--c)}"
    "table{border-collapse:collapse;width:100%;margin-top:6px}"
    "th,td{padding:5px 0 5px 12px;text-align:right;border-top:1px solid var(--line);"
    "font-weight:400}th:first-child,td:first-child{text-align:left;padding-left:0}"
    "thead th{color:var(--dim);font-size:13px;border-top:0}"
    ".facts td:last-child{text-align:left}.facts th{color:var(--dim);vertical-align:top}"
    ".limits{margin:8px 0 0;padding:0;list-style:none}.limits li{display:flex;flex-wrap:wrap;"
    "gap:0 12px;justify-content:space-between;margin-bottom:10px}.limits li:last-child{margin:0}"
    ".bar{height:6px;margin-top:4px;border-radius:3px;overflow:hidden}.track{fill:var(--line)}"
    ".fill{fill:var(--c1)}.fill.warn{fill:var(--warn)}.fill.bad{fill:var(--bad)}"
    "@media(max-width:600px){main{padding:20px 12px 32px}text{font-size:18px}.x:not(.none){"
    "transform:translateY(4px)}.none{font-size:20px}.charts{gap:20px}th,td{padding-left:8px}}"
    "@media print{body{background:none}.card{break-inside:avoid}}";

enum tg_err tg_status_csp(char out[TG_STATUS_CSP_LEN])
{
    enum tg_err err = TG_E_BUG;
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    struct tg_buf text;

    tg_buf_init(&text, TG_STATUS_CSP_LEN - 1);
    TG_TRY(tg_sha256(hash, tg_bytes(style, sizeof(style) - 1)));
    tg_buf_append_str(&text, "default-src 'none'; style-src 'sha256-");
    tg_b64_encode(&text, TG_ARRAY_BYTES(hash), TG_B64_STANDARD);
    tg_buf_append_str(&text, "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    TG_TRY(tg_buf_status(&text));
    memcpy(out, tg_buf_cstr(&text), text.len + 1);
    err = TG_OK;
out:
    tg_buf_deinit(&text);
    return err;
}

struct tg_bytes tg_status_style(void)
{
    return tg_bytes(style, sizeof(style) - 1);
}
