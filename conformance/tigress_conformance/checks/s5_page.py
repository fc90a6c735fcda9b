# SPDX-License-Identifier: Apache-2.0
"""Section 5: the page behind the link."""
from ..expect import status, that
from ..page import Page
from ..registry import NotApplicable, check
from ..relay import new_id

HOSTILE = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onload='x", "</title><b>",
           "&lt;b&gt; & &amp;"]


def displaying(relay, title="A key", image="https://img.example/k.png"):
    if not relay.display["title"]:
        raise NotApplicable("the relay accepts no title")
    return relay.new_box(displayInformation={"title": title, "description": title, "imageURL": image})


def page(relay, box, wanted=200):
    answer = status(relay.preview(box), wanted, "the page")
    return answer, Page(answer)


@check("5.1", "page: og:title, og:type, og:description and og:url")
def opengraph(relay):
    box = displaying(relay)
    got = page(relay, box)[1].meta
    for name in ("og:title", "og:type", "og:description"):
        that(got.get(name), f"{name} in the page", f"{got.get(name)!r}")
    that(got.get("og:url") == box.link, f"og:url {box.link}, without query and fragment", f"{got.get('og:url')}")


@check("5.1", "page: og:image for an https URL only")
def image(relay):
    got = page(relay, displaying(relay))[1].meta.get("og:image")
    that(got == "https://img.example/k.png", "og:image https://img.example/k.png", f"{got}")
    for url in ("http://img.example/k.png", "javascript:alert(1)", "data:image/png,", "//img.example/k"):
        box = displaying(relay, image=url)
        got = page(relay, box)[1].meta.get("og:image")
        is_own = got and got.startswith(box.link.split("/v1/")[0] + "/")
        that(not got or is_own, f"no og:image for {url}, or one of the relay itself", f"{got}")


@check("5.1", "page: everything that came from the sender is escaped")
def escaped(relay):
    for text in HOSTILE:
        answer, parsed = page(relay, displaying(relay, title=text))
        that(parsed.meta.get("og:title") == text, f"og:title {text!r}", f"{parsed.meta.get('og:title')!r}")
        bad = [f"<{tag}>" for tag in parsed.tags if tag in ("script", "img", "b")]
        bad += [f"{tag} {name}" for tag, name, _ in parsed.attributes if name.startswith("on")]
        that(not bad, f"no element or attribute that comes from {text!r}", ", ".join(bad))
        that("<" not in text or text.encode() not in answer.body, f"{text!r} escaped", "it stands there as it is")


@check("5.1", "page: no script and no resource of another origin")
def no_scripts(relay):
    parsed = page(relay, displaying(relay))[1]
    bad = [tag for tag in parsed.tags if tag in ("script", "img", "iframe", "object", "embed", "form", "link")]
    that(not bad, "no script, image, frame, form or link element", f"{bad}")


@check("5.1", "page: no third-party script", draft="Security Considerations")
def no_foreign_scripts(relay):
    parsed = page(relay, relay.new_box())[1]
    bad = [value for tag, name, value in parsed.attributes if tag == "script" and name == "src" and "//" in value]
    that(not bad, "no script of another origin", f"{bad}")


@check("5.1", "page: a Content-Security-Policy without scripts, frames and foreign origins")
def policy(relay):
    got = page(relay, displaying(relay))[0].header("content-security-policy") or ""
    parts = {part.strip().lower() for part in got.split(";")}
    for wanted in ("default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"):
        that(wanted in parts, f"{wanted} in the policy", got or "no policy")
    that("unsafe" not in got and "script-src" not in got, "a policy that allows no script", got)


@check("5.1", "page: text/html in UTF-8, Content-Language, and robots: noindex")
def page_headers(relay):
    answer, parsed = page(relay, displaying(relay))
    got = (answer.header("content-type") or "").lower().replace(" ", "")
    that(got in ("text/html;charset=utf-8", 'text/html;charset="utf-8"'), "text/html; charset=utf-8", got)
    that(answer.header("content-language"), "Content-Language", "none")
    got = parsed.meta.get("robots", "") + (answer.header("x-robots-tag") or "")
    that("noindex" in got, "robots: noindex", got or "none")


@check("5.1", "page: it does not contain the payload")
def no_payload(relay):
    box = relay.new_box(payload={"type": "AEAD_AES_128_GCM", "data": "bWFya1BheWxvYWQ"})
    answer, _ = page(relay, box)
    that(b"bWFya1BheWxvYWQ" not in answer.body, "no payload in the page", "it is there")


@check("5.2", "ended page: a 404 as a page that differs from that of an unknown mailbox")
def ended_page(relay):
    unknown, _ = page(relay, new_id(), 404)
    that(unknown.media_type == "text/html", "a page for an unknown mailbox", unknown)
    for by in ("initiator", "recipient"):
        box = displaying(relay)
        status(relay.read(box, box.recipient), 200, "a read")
        status(relay.delete(box, getattr(box, by)), 200, f"a delete by the {by}")
        answer, _ = page(relay, box, 404)
        that(answer.body.replace(box.id.encode(), b"") != unknown.body, f"another page after a delete by the {by}",
             "that of an unknown mailbox")


@check("5.2", "ended page: nothing of the mailbox is shown any more")
def ended_page_silent(relay):
    box = displaying(relay, title="Markxyzzy")
    status(relay.delete(box, box.initiator), 200, "a delete")
    answer, _ = page(relay, box, 404)
    that(b"Markxyzzy" not in answer.body and b"img.example" not in answer.body, "no title and no image", answer)


@check("5.2", "ended page: with Accept: application/json a problem document")
def ended_json(relay):
    box = relay.new_box()
    status(relay.delete(box, box.initiator), 200, "a delete")
    for what, name in (("an ended mailbox", box), ("an unknown mailbox", new_id())):
        answer = status(relay.preview(name, "application/json"), 404, f"a preview of {what}")
        that(answer.media_type == "application/problem+json", f"a problem document for {what}", answer)
