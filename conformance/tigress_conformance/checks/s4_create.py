# SPDX-License-Identifier: Apache-2.0
"""Section 4.2: CreateMailbox."""
import urllib.parse

from ..expect import status, that
from ..registry import check
from ..relay import encode, new_id

# Payload strings that a relay must not touch.
ODD_STRINGS = ["x", " ", "not base64 !", "\"\\/\b\f\n\r\t", "<script>&amp;", "\u2028\u00a0", "\U0001f511",
               "a\u0301\u00e1", "%00%41", "{\"type\":1}"]
TOKEN = {"type": "org.example.none", "tokenData": "x"}


@check("4.2", "create: 200 with urlLink and isPushNotificationSupported", draft="CreateMailbox: Responses")
def create_answer(relay):
    answer = status(relay.create(), 200, "a complete create")
    got = answer.json() or {}
    that(isinstance(got.get("urlLink"), str), "urlLink, a string", answer)
    that(isinstance(got.get("isPushNotificationSupported"), bool), "isPushNotificationSupported, true or false", answer)


@check("4.2", "create: urlLink is https, with host and path /v1/m/, and has no fragment",
       draft="CreateMailbox: Responses")
def link_form(relay):
    link = urllib.parse.urlsplit(relay.new_box().link)
    that(link.scheme == relay.scheme and link.hostname, f"a full URL with {relay.scheme}", link.geturl())
    that("/m/" in link.path and not link.fragment, "a path with /m/ and no fragment", link.geturl())


@check("4.2", "create: urlLink is the origin that was asked, and /v1/m/ with the identifier, nothing else")
def link_exact(relay):
    box = relay.new_box()
    that(box.link == f"{relay.origin}/v1/m/{box.id}", f"{relay.origin}/v1/m/...", box.link)


@check("4.2", "create: urlLink does not follow the Host header")
def link_host(relay):
    body = encode(relay.message())
    claim, request_id = new_id(), new_id()
    relay.needs_creates()
    headers = relay.headers(claim, request_id, relay.options.create_headers, body)
    data = relay.head("POST", "/v1/m", headers, body).replace(b"Host: " + relay.authority.encode(),
                                                               b"Host: evil.example", 1)
    answer, _ = relay.raw(data + body)
    relay.keep(answer, claim, request_id, {})
    that(b"evil.example" not in answer.body, "no urlLink to the host that the client named", answer)


@check("4.2", "create: a required member that is missing is a 400", draft="CreateMailbox: Responses")
def members_missing(relay):
    for outer in ("payload", "displayInformation"):
        message = relay.message()
        del message[outer]
        status(relay.create(message), 400, f"a create without {outer}")
    for outer, member in (("payload", "type"), ("payload", "data"), ("displayInformation", "title"),
                          ("displayInformation", "description"), ("displayInformation", "imageURL")):
        message = relay.message()
        del message[outer][member]
        status(relay.create(message), 400, f"a create without {outer}.{member}")


@check("4.2", "create: a member of another type is a 400 whose detail names it")
def members_wrong(relay):
    for outer, member in (("payload", "type"), ("payload", "data"), ("displayInformation", "title"),
                          ("notificationToken", "tokenData")):
        for value in (1, True, [], {}):
            message = relay.message(notificationToken=dict(TOKEN))
            message[outer][member] = value
            answer = status(relay.create(message), 400, f"{outer}.{member} of another type")
            detail = str((answer.json() or {}).get("detail"))
            that(member in detail, f"{member} in the detail", detail)
    for outer in ("payload", "displayInformation", "notificationToken", "mailboxConfiguration"):
        for value in (1, "x", []):
            status(relay.create(relay.message(**{outer: value})), 400, f"{outer} that is no object")


@check("4.2", "create: an empty payload.type or payload.data is a 400")
def payload_empty(relay):
    for member in ("type", "data"):
        message = relay.message()
        message["payload"][member] = ""
        status(relay.create(message), 400, f"an empty payload.{member}")


@check("4.2", "create: empty strings in displayInformation are accepted")
def display_empty(relay):
    display = {"title": "", "description": "", "imageURL": ""}
    box = relay.new_box(displayInformation=display)
    got = (relay.read(box, box.recipient).json() or {}).get("displayInformation")
    that(got == display, f"{display}", f"{got}")


@check("4.2", "create: the payload comes back as it was given", draft="ReadSecureContentFromMailbox: Responses")
def payload_returned(relay):
    payload = {"type": "AEAD_AES_256_GCM", "data": "AAECAwQFBgcICQoL/+8="}
    box = relay.new_box(payload=payload)
    got = (relay.read(box, box.recipient).json() or {}).get("payload")
    that(got == payload, f"{payload}", f"{got}")


@check("4.2", "create: the payload is opaque; every string comes back byte for byte")
def payload_opaque(relay):
    for text in ODD_STRINGS:
        payload = {"type": text[:4], "data": text * 3}
        box = relay.new_box(payload=payload)
        got = (relay.read(box, box.recipient).json() or {}).get("payload")
        that(got == payload, f"{payload!a}", f"{got!a}")


@check("4.2", "create: half a notification token is a 400", draft="CreateMailbox: Request body")
def token_half(relay):
    for token in ({"type": "com.apple.apns"}, {"tokenData": "x"}):
        status(relay.create(relay.message(notificationToken=token)), 400, f"a token with {list(token)} only")


@check("4.2", "create: a push is not promised for a token of an unknown provider")
def push_unknown(relay):
    answer = status(relay.create(relay.message(notificationToken=TOKEN)), 200, "a create with an unknown token type")
    got = (answer.json() or {}).get("isPushNotificationSupported")
    that(got is False, "isPushNotificationSupported false", f"{got}")


@check("4.2", "create: a push is not promised where no token was given")
def push_none(relay):
    got = (relay.create().json() or {}).get("isPushNotificationSupported")
    that(got is False, "isPushNotificationSupported false", f"{got}")
