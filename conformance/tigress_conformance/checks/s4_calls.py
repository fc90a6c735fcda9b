# SPDX-License-Identifier: Apache-2.0
"""Sections 4.3 to 4.9: preview, read, update, delete, the order of checks, and promises of pushes."""
from ..expect import bindable, status, that, unchanged
from ..page import Page
from ..registry import NotApplicable, check
from ..relay import encode, new_id

APNS = {"type": "com.apple.apns", "tokenData": "74" * 32}
TOKEN = {"notificationToken": {"type": "org.example.none", "tokenData": "x"}}


@check("4.3", "preview: a GET without any header is a page with OpenGraph tags",
       draft="ReadDisplayInformationFromMailbox: Responses")
def preview_page(relay):
    box = relay.new_box()
    answer = status(relay.preview(box, accept=None), 200, "a GET of the share URL")
    that(answer.media_type == "text/html", "text/html", answer)
    display = box.message["displayInformation"]
    got = Page(answer).meta
    for name, wanted in (("og:title", display["title"]), ("og:description", display["description"])):
        that(got.get(name) == wanted, f"{name} {wanted!r}", f"{got.get(name)!r}")


@check("4.3", "preview: it binds nobody and changes nothing", draft="ReadDisplayInformationFromMailbox")
def preview_binds_nobody(relay):
    box = relay.new_box()
    with unchanged(relay, box, "previews"):
        for method in ("GET", "HEAD", "OPTIONS"):
            relay.preview(box, method=method, headers=[("Mailbox-Device-Claim", new_id())])
    bindable(relay, box, "a preview")


@check("4.3", "preview: an unknown mailbox is a 404", draft="ReadDisplayInformationFromMailbox: Responses")
def preview_unknown(relay):
    status(relay.preview(new_id()), 404, "a preview of an unknown mailbox")


@check("4.3", "preview: with Accept: application/json the same data as JSON")
def preview_json(relay):
    box = relay.new_box()
    answer = status(relay.preview(box, "application/json"), 200, "a preview as JSON")
    that(answer.media_type == "application/json", "application/json", answer)
    wanted = {"displayInformation": box.message["displayInformation"],
              "expiration": box.message["mailboxConfiguration"]["expiration"]}
    got = answer.json() or {}
    that({name: got.get(name) for name in wanted} == wanted, f"{wanted}", answer)
    that("payload" not in got, "no payload in a preview", answer)


@check("4.3", "preview: it states whether a device has opened the invitation")
def preview_opened(relay):
    box = relay.new_box()
    before = relay.preview(box)
    for wanted in ("none", "bound"):
        got = (relay.preview(box, "application/json").json() or {}).get("recipient")
        that(got == wanted, f"recipient {wanted} in the preview as JSON", f"{got}")
        status(relay.read(box, box.recipient), 200, "a read by the recipient")
    that(relay.preview(box).body != before.body, "another page after a device has opened it", "the same page")


@check("4.3", "preview: the qualities in Accept decide between page and JSON")
def preview_quality(relay):
    box = relay.new_box()
    for accept, wanted in (("*/*", "text/html"), ("text/html, application/json;q=0.5", "text/html"),
                           ("text/html;q=0.5, application/json", "application/json")):
        got = relay.preview(box, accept).media_type
        that(got == wanted, f"{wanted} for Accept: {accept}", got)


@check("4.3", "preview: HEAD has the headers of GET and no body")
def preview_head(relay):
    box = relay.new_box()
    get, head = relay.preview(box), relay.preview(box, method="HEAD")
    status(head, 200, "HEAD of a share URL")
    names = [[pair for pair in answer.headers if pair[0] not in ("date", "content-length")] for answer in (head, get)]
    that(names[0] == names[1], f"the headers of GET: {names[1]}", f"{names[0]}")


@check("4.3", "preview: Vary has Accept and Accept-Language")
def preview_vary(relay):
    got = relay.preview(relay.new_box()).words("vary")
    that({"accept", "accept-language"} <= got, "Vary: Accept, Accept-Language", f"{sorted(got)}")


@check("4.4", "read: payload, displayInformation and expiration", draft="ReadSecureContentFromMailbox: Responses")
def read_answer(relay):
    box = relay.new_box()
    for claim in (box.recipient, box.initiator):
        answer = status(relay.read(box, claim), 200, "a read")
        that(answer.media_type == "application/json", "application/json", answer)
        got = answer.json() or {}
        for name in ("payload", "displayInformation"):
            that(got.get(name) == box.message[name], f"{name} of the create", answer)
        that(isinstance(got.get("expiration"), str), "expiration, a string", answer)


@check("4.4", "read: an unknown mailbox is a 404", draft="ReadSecureContentFromMailbox: Responses")
def read_unknown(relay):
    status(relay.read(new_id(), new_id()), 404, "a read of an unknown mailbox")


@check("4.4", "read: isPushNotificationSupported exactly when the read has a token")
def read_push(relay):
    box = relay.new_box()
    got = relay.read(box, box.recipient, TOKEN).json() or {}
    that(got.get("isPushNotificationSupported") is False, "isPushNotificationSupported false on a read with a token",
         f"{got.get('isPushNotificationSupported')}")
    got = relay.read(box, box.recipient).json() or {}
    that("isPushNotificationSupported" not in got, "no isPushNotificationSupported on a read without a token",
         f"{got.get('isPushNotificationSupported')}")


@check("4.4", "read: an empty object and an empty body are accepted")
def read_bodies(relay):
    box = relay.new_box()
    for body in (b"{}", b"", encode(TOKEN)):
        status(relay.read(box, box.recipient, body), 200, f"a read with the body {body.decode()!r}")


@check("4.5", "update: replaces the payload for both devices", draft="UpdateMailbox")
def update_replaces(relay):
    box = relay.bound_box()
    for number, claim in enumerate((box.recipient, box.initiator)):
        payload = {"type": "AEAD_AES_128_GCM", "data": f"dHVybi{number}"}
        status(relay.update(box, claim, {"payload": payload}), 200, "an update")
        for reader in (box.initiator, box.recipient):
            got = (relay.read(box, reader).json() or {}).get("payload")
            that(got == payload, f"{payload}", f"{got}")


@check("4.5", "update: display information stays")
def update_display(relay):
    box = relay.bound_box()
    message = {"payload": {"type": "AEAD_AES_128_GCM", "data": "bmV3"},
               "displayInformation": {"title": "other", "description": "", "imageURL": ""}}
    status(relay.update(box, box.recipient, message), 200, "an update with an unknown member displayInformation")
    got = (relay.read(box, box.initiator).json() or {}).get("displayInformation")
    that(got == box.message["displayInformation"], "the displayInformation of the create", f"{got}")


@check("4.5", "update: the answer has isPushNotificationSupported", draft="UpdateMailbox: Responses")
def update_push(relay):
    box = relay.bound_box()
    answer = status(relay.update(box, box.recipient), 200, "an update")
    got = (answer.json() or {}).get("isPushNotificationSupported")
    that(isinstance(got, bool), "isPushNotificationSupported, true or false", answer)


@check("4.5", "update: without payload it is a 400 and changes nothing", draft="UpdateMailbox: Responses")
def update_no_payload(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "a refused update"):
        for message in (b"{}", {"payload": {"type": "t"}}, {"payload": {"data": "d"}}, {"payload": "x"}):
            status(relay.update(box, box.recipient, message), 400, "an update without a complete payload")


@check("4.5", "update: half a notification token is a 400 and changes nothing")
def update_half_token(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "a refused update"):
        message = {"payload": {"type": "t", "data": "d"}, "notificationToken": {"type": "x"}}
        status(relay.update(box, box.recipient, message), 400, "an update with half a token")


@check("4.5", "update: an unknown mailbox is a 404", draft="UpdateMailbox: Responses")
def update_unknown(relay):
    status(relay.update(new_id(), new_id()), 404, "an update of an unknown mailbox")


@check("4.6", "delete: an unknown mailbox is a 404", draft="DeleteMailbox: Responses")
def delete_unknown(relay):
    status(relay.delete(new_id(), new_id()), 404, "a delete of an unknown mailbox")


@check("4.6", "delete: the initiator may before anybody has read", draft="DeleteMailbox")
def delete_unread(relay):
    box = relay.new_box()
    status(relay.delete(box, box.initiator), 200, "a delete by the initiator")
    status(relay.read(box, box.recipient), 404, "a read after it")


@check("4.6", "delete: a body is ignored, and the answer has neither body nor Mailbox-Version")
def delete_body(relay):
    box = relay.new_box()
    body = b"{not json"
    answer = relay.call("DELETE", box.path, relay.headers(box.initiator, new_id(), body=body, media="text/plain"), body)
    status(answer, 200, "a delete with a body")
    box.is_ended = True
    that(not answer.body and answer.header("mailbox-version") is None, "neither body nor Mailbox-Version", answer)


@check("4.7", "relinquish: an unknown mailbox is a 404", draft="RelinquishMailbox: Responses")
def relinquish_unknown(relay):
    status(relay.relinquish(new_id(), new_id()), 404, "a relinquish of an unknown mailbox")


@check("4.8", "order: an unknown mailbox comes before everything that is wrong with the request")
def order_unknown(relay):
    for claim in (None, "x", new_id()):
        answer = relay.update(new_id(), claim, b"{", request_id=None, media="text/x")
        status(answer, 404, "an update of an unknown mailbox without claim, request id or JSON")


@check("4.8", "order: a wrong claim comes before wrong headers and bodies")
def order_claim(relay):
    box = relay.bound_box()
    for claim in (None, "x", new_id()):
        status(relay.update(box, claim, b"{"), 401, "a wrong claim with a malformed body")
        status(relay.update(box, claim, media="text/plain"), 401, "a wrong claim with a wrong media type")
        status(relay.delete(box, claim, request_id=None), 401, "a wrong claim without a request id")
    status(relay.create(b"{", claim=None), 401, "a create without a claim and with a malformed body")


@check("4.8", "order: wrong headers and bodies come before rights")
def order_rights(relay):
    box = relay.bound_box(rights="R")
    status(relay.update(box, box.recipient, b"{"), 400, "a malformed body without the right W")
    status(relay.update(box, box.recipient, request_id=None), 400, "no request id without the right W")
    status(relay.update(box, box.recipient, media="text/plain"), 415, "a wrong media type without the right W")
    status(relay.delete(box, box.recipient, request_id=None), 400, "no request id without the right D")


@check("4.8", "order: rights and bodies come before If-Match")
def order_condition(relay):
    stale = [("If-Match", '"9"')]
    box = relay.bound_box(rights="R")
    status(relay.update(box, box.recipient, headers=stale), 401, "a stale If-Match without the right W")
    box = relay.bound_box()
    status(relay.update(box, box.recipient, b"{", headers=stale), 400, "a stale If-Match with a malformed body")


@check("4.8", "order: the method comes before the mailbox")
def order_method(relay):
    answer = relay.call("PROPFIND", "/v1/m/" + new_id(), relay.headers(new_id(), new_id()))
    status(answer, (405, 501), "an unknown method on an unknown mailbox")


def create_for_app(relay, **topic):
    """A create with a token for APNs; no verdict where the relay accepts none so long."""
    if relay.create(relay.message(notificationToken=APNS)).status == 400:
        raise NotApplicable("the relay accepts no token of this length")
    return relay.create(relay.message(notificationToken={**APNS, **topic}))


@check("4.9", "push: none is promised for an app that no sender of the relay serves (tokenTopic)")
def push_topic(relay):
    answer = create_for_app(relay, tokenTopic="org.example.none")
    status(answer, 200, "a create with a topic that the relay does not serve")
    got = (answer.json() or {}).get("isPushNotificationSupported")
    that(got is False, "isPushNotificationSupported false", f"{got}")


@check("4.9", "push: tokenTopic has 1 to 255 bytes, otherwise it is a 400")
def push_topic_form(relay):
    for topic, wanted in (("x" * 255, 200), (None, 200), ("", 400), ("x" * 256, 400), (1, 400)):
        answer = create_for_app(relay, tokenTopic=topic)
        said = f"of {len(topic)} bytes" if isinstance(topic, str) else f"{topic!r}"
        status(answer, wanted, f"a create with tokenTopic {said}")
