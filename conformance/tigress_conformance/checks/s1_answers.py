# SPDX-License-Identifier: Apache-2.0
"""Sections 1.4 and 1.5: what every answer has, CORS, and problem documents."""
import re

from ..expect import problem, status, that
from ..registry import Failed, NotApplicable, check
from ..relay import new_id, wait_headers

ORIGIN = [("Origin", "https://wallet.example")]
REQUEST_HEADERS = {"content-type", "mailbox-request-id", "mailbox-device-claim", "mailbox-device-attestation",
                   "mailbox-secret-proof", "mailbox-known-version", "mailbox-known-recipient", "mailbox-end-note",
                   "prefer", "if-match"}
EXPOSED = {"mailbox-request-id", "mailbox-version", "mailbox-recipient", "mailbox-push-supported", "retry-after"}


def kinds(relay):
    """(what, answer) for each kind of answer that a client can cause with a few requests. They are asked for once."""
    return relay.once("kinds of answers", lambda: list(ask_kinds(relay)))


def ask_kinds(relay):
    box = relay.bound_box()
    update_id = new_id()
    yield "a create (200)", relay.create(headers=ORIGIN)
    yield "a repeated create (201)", relay.create(box.message, box.initiator, box.create_id, ORIGIN)
    yield "a read (200)", relay.read(box, box.recipient, headers=ORIGIN)
    yield "a long poll (204)", relay.read(box, box.recipient, headers=wait_headers(1, 0) + ORIGIN)
    yield "an update (200)", relay.update(box, box.recipient, request_id=update_id, headers=ORIGIN)
    yield "a repeated update (201)", relay.update(box, box.recipient, request_id=update_id, headers=ORIGIN)
    yield "a preview as JSON (200)", relay.preview(box, "application/json", ORIGIN)
    yield "a page (200)", relay.preview(box, headers=ORIGIN)
    yield from refusals(relay, box)
    yield "a relinquish (200)", relay.relinquish(box, box.recipient, headers=ORIGIN)
    yield "a delete (200)", relay.delete(box, box.initiator, headers=ORIGIN)
    yield "a read of an ended mailbox (404)", relay.read(box, box.initiator, headers=ORIGIN)


def refusals(relay, box):
    """(what, answer) for each kind of refusal."""
    yield "a malformed body (400)", relay.update(box, box.recipient, b"{", headers=ORIGIN)
    yield "a wrong claim (401)", relay.read(box, new_id(), headers=ORIGIN)
    yield "an unknown mailbox (404)", relay.read(new_id(), new_id(), headers=ORIGIN)
    yield "an unknown path (404)", relay.call("GET", "/v1/nothing", ORIGIN)
    yield "a wrong method (405)", relay.call("DELETE", "/v1/m", ORIGIN)
    yield "a stale If-Match (412)", relay.update(box, box.recipient, headers=[("If-Match", '"99"'), *ORIGIN])
    yield "a wrong media type (415)", relay.update(box, box.recipient, media="text/plain", headers=ORIGIN)
    yield "a large body (413)", relay.create(b" " * 200_000, headers=ORIGIN)


def has_header(relay, name, is_good, wanted):
    for what, answer in kinds(relay):
        value = answer.header(name)
        that(value is not None and is_good(value), f"{name}: {wanted} on {what}",
             f"{answer.status} with {name}: {value}")


@check("1.4", "headers: no answer may be cached (Cache-Control: no-store)")
def no_store(relay):
    has_header(relay, "Cache-Control", lambda value: "no-store" in value.lower(), "no-store")


@check("1.4", "headers: every answer has X-Content-Type-Options: nosniff")
def nosniff(relay):
    has_header(relay, "X-Content-Type-Options", lambda value: value.lower() == "nosniff", "nosniff")


@check("1.4", "headers: every answer has Referrer-Policy: no-referrer")
def referrer(relay):
    has_header(relay, "Referrer-Policy", lambda value: value.lower() == "no-referrer", "no-referrer")


@check("1.4", "headers: every answer has Strict-Transport-Security")
def hsts(relay):
    if not relay.is_tls:
        raise NotApplicable("the relay is tested over plain HTTP")
    has_header(relay, "Strict-Transport-Security", lambda value: re.search(r"max-age=[1-9]", value.lower()),
               "max-age=...")


@check("1.4", "headers: no answer sets a cookie")
def no_cookies(relay):
    for what, answer in kinds(relay):
        that(not answer.all("set-cookie"), f"no cookie on {what}", f"{answer.status} with Set-Cookie")


@check("1.4", "headers: no answer names a software version")
def no_version(relay):
    for what, answer in kinds(relay):
        for name in ("server", "x-powered-by"):
            value = answer.header(name) or ""
            that(not re.search(r"\d", value), f"no version in {name} on {what}", f"{name}: {value}")


def allowed_origin(relay):
    """Access-Control-Allow-Origin of a preflight; no verdict where the operator allows no origin."""
    answer = relay.call("OPTIONS", "/v1/m", ORIGIN + [("Access-Control-Request-Method", "POST")])
    status(answer, 204, "a preflight")
    value = answer.header("access-control-allow-origin")
    if value is None:
        raise NotApplicable("the relay allows no origin (its operator may decide so)")
    return value


@check("1.4", "CORS: OPTIONS on a mailbox is a 204 that allows its methods and headers")
def cors_preflight(relay):
    allowed_origin(relay)
    answer = relay.call("OPTIONS", "/v1/m/" + new_id(), ORIGIN + [
        ("Access-Control-Request-Method", "PUT"), ("Access-Control-Request-Headers", "mailbox-device-claim")])
    status(answer, 204, "a preflight of a mailbox")
    missing = {"get", "post", "put", "patch", "delete"} - answer.words("access-control-allow-methods")
    that(not missing, "all methods in Access-Control-Allow-Methods", f"without {', '.join(sorted(missing))}")
    missing = REQUEST_HEADERS - answer.words("access-control-allow-headers")
    that(not missing, "the protocol's headers in Access-Control-Allow-Headers", f"without {', '.join(sorted(missing))}")


@check("1.4", "CORS: every answer has the Access-Control-Allow-Origin of the preflight")
def cors_origin(relay):
    wanted = allowed_origin(relay)
    for what, answer in kinds(relay):
        got = answer.header("access-control-allow-origin")
        that(got == wanted, f"Access-Control-Allow-Origin: {wanted} on {what}", f"{answer.status} with {got}")


@check("1.4", "CORS: a page may read the protocol's headers (Access-Control-Expose-Headers)")
def cors_expose(relay):
    allowed_origin(relay)
    for what, answer in kinds(relay):
        missing = EXPOSED - answer.words("access-control-expose-headers")
        that(not missing, f"Access-Control-Expose-Headers with the protocol's headers on {what}",
             f"without {', '.join(sorted(missing))}")


@check("1.4", "CORS: no answer allows credentials")
def cors_credentials(relay):
    allowed_origin(relay)
    answer = relay.call("OPTIONS", "/v1/m", ORIGIN)
    that(answer.header("access-control-allow-credentials") is None, "no Access-Control-Allow-Credentials", answer)


@check("1.4", "OPTIONS: a 204 whose Allow has the methods of the path")
def options_allow(relay):
    for path, wanted in (("/v1/m", {"post"}), ("/v1/m/" + new_id(), {"get", "head", "post", "put", "patch", "delete"})):
        answer = relay.call("OPTIONS", path)
        status(answer, 204, f"OPTIONS {path[:8]}")
        that(wanted <= answer.words("allow"), f"Allow with {', '.join(sorted(wanted)).upper()} on OPTIONS",
             f"Allow: {answer.header('allow')}")


@check("1.5", "errors: every refusal has a complete problem document")
def problem_documents(relay):
    for what, answer in kinds(relay):
        if answer.status >= 400:
            problem(answer, what)


@check("1.5", "errors: no refusal repeats a value of the request")
def problem_echoes_nothing(relay):
    mark = "MARKxyzzyMARK"
    message = relay.message(payload={"type": mark, "data": mark})
    message["notificationToken"] = {"type": mark}
    box = relay.new_box()
    for what, answer in (
            ("a create with half a token", relay.create(message)),
            ("a create with a wrong expiration", relay.create(
                relay.message(mailboxConfiguration={"accessRights": "R", "expiration": mark}))),
            ("a create with a wrong claim", relay.create(claim=mark)),
            ("a read with a wrong claim", relay.read(box, mark)),
            ("an unknown path", relay.call("GET", f"/v1/{mark}?{mark}=1"))):
        that(mark.encode() not in answer.body, f"nothing of the request in the answer to {what}", answer)
        if answer.status < 400:
            raise Failed(f"a refusal of {what}", answer.described())


@check("1.5", "errors: a 401 for the claim has WWW-Authenticate: DeviceClaim")
def www_authenticate(relay):
    box = relay.bound_box()
    for what, answer in (("a read without a claim", relay.read(box, None)),
                         ("an update by a stranger", relay.update(box, new_id())),
                         ("a delete by a stranger", relay.delete(box, new_id()))):
        status(answer, 401, what)
        got = answer.header("www-authenticate") or ""
        that("deviceclaim" in got.lower(), f"WWW-Authenticate: DeviceClaim on {what}", f"401 with {got or 'none'}")
