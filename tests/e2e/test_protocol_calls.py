# SPDX-License-Identifier: Apache-2.0
"""Protocol section 4: the bodies of the calls, the order of checks, the preview page's frame."""
import html
import json
import re
from html.parser import HTMLParser

import pytest

from checks import (UUID4, assert_bindable, assert_problem, media_type, unchanged)
from tigress_client import create_message, encode, new_id, path_of

WRONG_OBJECTS = [None, 1, True, "x", []]
WRONG_STRINGS = [None, 1, 1.5, True, [], {}, ["x"]]
TOKEN = {"type": "t", "tokenData": "d"}


# ---- create -------------------------------------------------------------------------------------

# spec-test: protocol/4#calls
def create__complete__200_with_link_and_push_flag(api, relay):
    answer = api.create(create_message(token=TOKEN))
    assert answer.status == 200
    got = answer.json()
    assert set(got) == {"urlLink", "isPushNotificationSupported"}
    assert got["isPushNotificationSupported"] is False
    prefix = relay.origin + "/v1/m/"
    assert got["urlLink"].startswith(prefix)
    assert UUID4.fullmatch(got["urlLink"][len(prefix):])


# spec-test: protocol/4#url-link
def create__forged_host__link_is_the_relays_own(api1, relay):
    body = encode(create_message())
    headers = api1.headers(new_id(), new_id(), [("X-Forwarded-Host", "evil.example"),
                                                ("Forwarded", "host=evil.example"),
                                                ("X-Forwarded-Proto", "http")], body)
    conn = api1.transport.conn
    conn.putrequest("POST", "/v1/m", skip_host=True)
    for name, value in [("Host", "evil.example")] + headers + [("Content-Length",
                                                                str(len(body)))]:
        conn.putheader(name, value)
    conn.endheaders(body)
    answer = conn.getresponse()
    text = answer.read().decode()
    assert "evil.example" not in text
    if answer.status == 200:
        assert json.loads(text)["urlLink"].startswith(relay.origin)


# spec-test: protocol/4#create-body
@pytest.mark.parametrize("outer", ["payload", "displayInformation"])
def create__required_object_missing_or_wrong__400(api, outer):
    message = create_message()
    for value in WRONG_OBJECTS:
        assert_problem(api.create({**message, outer: value}), 400, outer)
    del message[outer]
    assert_problem(api.create(message), 400, outer)


@pytest.mark.parametrize("outer", ["notificationToken", "mailboxConfiguration"])
def create__optional_object_wrong__400(api, outer):
    for value in WRONG_OBJECTS:
        if value is None:
            continue  # as if it were absent
        assert_problem(api.create({**create_message(), outer: value}), 400, outer)


@pytest.mark.parametrize("outer, member", [
    ("payload", "type"), ("payload", "data"), ("displayInformation", "title"),
    ("displayInformation", "description"), ("displayInformation", "imageURL"),
    ("notificationToken", "type"), ("notificationToken", "tokenData")])
def create__string_missing_or_wrong__400_naming_it(api, outer, member):
    for value in WRONG_STRINGS:
        message = create_message(token=dict(TOKEN))
        message[outer][member] = value
        assert_problem(api.create(message), 400, member)
    message = create_message(token=dict(TOKEN))
    del message[outer][member]
    assert_problem(api.create(message), 400, member)


# spec-test: protocol/4#payload-opaque-non-empty
@pytest.mark.parametrize("member", ["type", "data"])
def payload__empty_string__400(api, member):
    message = create_message()
    message["payload"][member] = ""
    assert_problem(api.create(message), 400, member)
    box = api.bound_box()
    with unchanged(api, box):
        assert_problem(api.update(box, box.recipient, {"payload": message["payload"]}), 400,
                       member)


ODD_STRINGS = ["x", " ", "not base64 !", "\"\\/\b\f\n\r\t", "<script>&amp;", "\u2028\u2029\u00a0",
               "\U0001f511\U0001f9d1\u200d\U0001f527", "\u0001\u001f\u007f", "a\u0301\u00e1",
               "\ufeff\ufffd\uffff", "%00%41", "{\"type\":1}"]


@pytest.mark.parametrize("text", ODD_STRINGS)
def payload__odd_strings__stored_and_returned_byte_for_byte(api, text):
    payload = {"type": text, "data": text * 3}
    box = api.new_box(payload=payload)
    answer = api.read(box, box.recipient)
    assert answer.status == 200
    assert answer.json()["payload"] == payload
    payload = {"type": text + "2", "data": text}
    assert api.update(box, box.recipient, {"payload": payload}).status == 200
    assert api.read(box, box.initiator).json()["payload"] == payload


def payload__escaped_in_the_request__same_string_in_the_answer(api1):
    body = encode(create_message()).replace(b"b3BhcXVl", b"\\u0041\\ud83d\\udd11\\/\\n")
    answer = api1.create(body)
    box_id = answer.json()["urlLink"].rsplit("/", 1)[1]
    assert api1.read(box_id, new_id()).json()["payload"]["data"] == "A\U0001f511/\n"


def strings__escaped_nul__400(api1):
    for old in (b"b3BhcXVl", b"A key"):
        assert_problem(api1.create(encode(create_message()).replace(old, b"a\\u0000b")), 400)


def display__empty_strings__accepted(api):
    display = {"title": "", "description": "", "imageURL": ""}
    box = api.new_box(display=display)
    assert api.read(box, box.recipient).json()["displayInformation"] == display
    assert api.preview(box, "text/html").status == 200


# ---- read ---------------------------------------------------------------------------------------

# spec-test: protocol/4#read-body
def read__by_either_device__payload_display_expiration(api):
    box = api.new_box()
    for claim in (box.recipient, box.initiator):
        got = api.read(box, claim).json()
        assert set(got) == {"payload", "displayInformation", "expiration"}
        assert got["payload"] == box.message["payload"]
        assert got["displayInformation"] == box.message["displayInformation"]
        assert got["expiration"] == box.message["mailboxConfiguration"]["expiration"]


@pytest.mark.parametrize("body", [None, b"", {}, {"notificationToken": TOKEN}, {"future": 1}])
def read__optional_body__accepted(api, body):
    box = api.new_box()
    assert api.read(box, box.recipient, body).status == 200


@pytest.mark.parametrize("token", [1, "x", [], {}, {"type": "t"}, {"tokenData": "d"},
                                   {"type": 1, "tokenData": "d"}, {"type": "t", "tokenData": []}])
def read__malformed_token__400_and_not_bound(api, token):
    box = api.new_box()
    with unchanged(api, box):
        assert_problem(api.read(box, new_id(), {"notificationToken": token}), 400,
                       "notificationToken")
    assert_bindable(api, box)


def read__with_query__accepted(api):
    """A share URL carries ?v=c; a wallet may leave it in the path."""
    box = api.new_box()
    answer = api.call("POST", box.path + "?v=c", api.headers(box.recipient, None, []))
    assert answer.status == 200
    assert api.call("GET", box.path + "?v=c", [("Accept", "application/json")]).status == 200


# ---- update -------------------------------------------------------------------------------------

# spec-test: protocol/4#update-body
def update__by_either_device__replaces_the_payload(api):
    box = api.bound_box()
    for index, claim in enumerate((box.recipient, box.initiator)):
        payload = {"type": "t", "data": f"turn {index}"}
        answer = api.update(box, claim, {"payload": payload, "notificationToken": TOKEN})
        assert (answer.status, answer.json()) == (200, {"isPushNotificationSupported": False})
        for reader in (box.initiator, box.recipient):
            got = api.read(box, reader).json()
            assert got["payload"] == payload
            assert got["displayInformation"] == box.message["displayInformation"]


@pytest.mark.parametrize("message", [
    {}, {"payload": None}, {"payload": []}, {"payload": {}}, {"payload": {"type": "t"}},
    {"payload": {"data": "d"}}, {"payload": {"type": 1, "data": "d"}},
    {"payload": {"type": "t", "data": {}}}, {"payload": "x"}])
def update__payload_missing_or_wrong__400_and_unchanged(api, message):
    box = api.bound_box()
    with unchanged(api, box):
        assert_problem(api.update(box, box.recipient, message), 400, "payload")


# spec-test: protocol/4#token-both-members
@pytest.mark.parametrize("token", [1, {}, {"type": "t"}, {"tokenData": "d"}])
def update__malformed_token__400_and_unchanged(api, token):
    box = api.bound_box()
    message = {"payload": {"type": "t", "data": "d"}, "notificationToken": token}
    with unchanged(api, box):
        assert_problem(api.update(box, box.recipient, message), 400, "notificationToken")


# ---- unknown mailboxes --------------------------------------------------------------------------

BAD_IDS = ["x", "0", new_id()[:-1], new_id() + "0", new_id().replace("-", ""), "{}", "%00", "..",
           "g" * 36, "-" * 36, new_id() + "%2F", "x" * 3000]


# spec-test: protocol/4#identifier-not-uuid
@pytest.mark.parametrize("box_id", BAD_IDS + [new_id(), "0" * 8 + "-0000-0000-0000-" + "0" * 12])
def identifier__unknown_or_no_uuid__404_for_every_call(api, box_id):
    for name in ("read", "update", "delete", "relinquish"):
        assert_problem(getattr(api, name)(box_id, new_id()), 404)
    assert api.preview(box_id).status == 404
    assert api.preview(box_id, "text/html").status == 404


# ---- order of checks ----------------------------------------------------------------------------

# spec-test: protocol/4#order-of-checks
def order__unknown_mailbox_and_everything_else_wrong__404(api):
    for claim in (None, "x", new_id()):
        for body in (b"{", b" " * 65537):
            answer = api.update(new_id(), claim, body, request_id=None, content_type="text/x")
            assert_problem(answer, 404)


def order__wrong_claim_and_bad_body__401(api):
    box = api.bound_box()
    with unchanged(api, box):
        for claim in (None, "x", new_id()):
            for body in (b"{", b" " * 65537, b"{}"):
                assert_problem(api.update(box, claim, body), 401)
            assert_problem(api.update(box, claim, content_type="text/plain"), 401)
            assert_problem(api.update(box, claim, request_id=None), 401)
            assert_problem(api.delete(box, claim, request_id=None), 401)
    assert_problem(api.create(b"{", claim=None), 401)


def order__bad_body_and_no_right__400(api):
    box = api.bound_box(rights="R")
    with unchanged(api, box):
        assert_problem(api.update(box, box.recipient, b"{"), 400)
        assert_problem(api.update(box, box.recipient, request_id=None), 400)
        assert_problem(api.update(box, box.recipient, content_type="text/plain"), 415)
        assert_problem(api.delete(box, box.recipient, request_id=None), 400)


def order__no_right_and_stale_condition__401(api):
    box = api.bound_box(rights="R")
    with unchanged(api, box):
        assert_problem(api.update(box, box.recipient, extra=[("If-Match", '"9"')]), 401)


def order__bad_body_and_stale_condition__400(api):
    box = api.bound_box()
    with unchanged(api, box):
        assert_problem(api.update(box, box.recipient, b"{", extra=[("If-Match", '"9"')]), 400)


# ---- preview ------------------------------------------------------------------------------------

class Page(HTMLParser):
    """What a robot reads from a page, and whether the page refers to another origin."""

    def __init__(self, answer):
        super().__init__(convert_charrefs=True)
        self.meta, self.tags, self.text, self.attributes = {}, [], "", []
        self.feed(answer.body.decode("utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        attrs = dict(attrs)
        if tag == "meta" and "content" in attrs:
            self.meta[attrs.get("property") or attrs.get("name")] = attrs["content"]

    def handle_data(self, data):
        self.text += data


# spec-test: protocol/5#preview-json
def preview__json__display_and_expiration_and_no_payload(api):
    box = api.new_box()
    answer = api.preview(box)
    assert (answer.status, media_type(answer)) == (200, "application/json")
    assert answer.json() == {
        "displayInformation": box.message["displayInformation"],
        "expiration": box.message["mailboxConfiguration"]["expiration"],
        "recipient": "none"}
    assert api.read(box, box.recipient).status == 200
    assert api.preview(box).json()["recipient"] == "bound"


# spec-test: protocol/5#opengraph
@pytest.mark.parametrize("accept", ["text/html", "*/*", None, "text/html,application/xml;q=0.9",
                                    "text/html, application/json;q=0.5"])
def preview__for_a_robot__opengraph_page(api, accept):
    box = api.new_box()
    answer = api.preview(box, accept)
    assert (answer.status, media_type(answer)) == (200, "text/html")
    assert "utf-8" in answer.header("content-type").lower()
    assert b"og: https://ogp.me/ns#" in answer.body
    page = Page(answer)
    display = box.message["displayInformation"]
    assert page.meta["og:title"] == display["title"]
    assert page.meta["og:description"] == display["description"]
    assert page.meta["og:image"] == display["imageURL"]
    assert page.meta["og:type"]
    assert page.meta["og:url"] == box.link
    assert "noindex" in page.meta.get("robots", answer.header("x-robots-tag") or "")
    assert box.message["payload"]["data"].encode() not in answer.body


# spec-test: protocol/5#escaped
@pytest.mark.parametrize("text", [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onload='x", "</title><b>",
    "&lt;b&gt; & &amp;", "\u202e\U0001f511 \u2028", "]]><!--", "{{7*7}} ${x} %s %n",
    "\u0001\u0000"[:1]])
def preview__hostile_display__escaped(api, text):
    display = {"title": text, "description": text * 2, "imageURL": "https://x.example/" + text}
    box = api.new_box(display=display)
    answer = api.preview(box, "text/html")
    assert answer.status == 200
    page = Page(answer)
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert not [a for a in page.attributes if a[1].startswith("on")]
    assert not [a for a in page.attributes if str(a[2]).lower().startswith("javascript:")]
    if "<" in text:
        assert text.encode() not in answer.body
    if text.isprintable():
        assert page.meta["og:title"] == text
        assert html.escape(text, quote=False) or text in page.text
    assert api.preview(box).json()["displayInformation"] == display


# spec-test: protocol/5#image-https-only
@pytest.mark.parametrize("url", ["http://x.example/i.png", "javascript:alert(1)", "data:image/png,",
                                 "//x.example/i.png", "ftp://x/i", "", "https:", "x"])
def preview__image_that_is_not_https__drawing_instead(api1, url):
    box = api1.new_box(display={"title": "t", "description": "d", "imageURL": url})
    page = Page(api1.preview(box, "text/html"))
    assert page.meta["og:image"].startswith(box.link.split("/v1/")[0] + "/picture/general-")


# spec-test: protocol/5#style-hash
def preview__page__no_script_no_foreign_origin(api):
    for answer in (api.preview(api.new_box(), "text/html"), api.preview(new_id(), "text/html")):
        policy = answer.header("content-security-policy")
        assert "default-src 'none'" in policy
        scripts = re.findall(r"script-src[^;]*", policy)
        assert scripts in ([], ["script-src 'none'"])
        assert "unsafe-eval" not in policy
        assert b"<script" not in answer.body.lower()


# spec-test: protocol/4#preview-404-page
def preview__not_found__page_for_a_browser_problem_for_a_program(api):
    answer = api.preview(new_id(), "text/html,application/xhtml+xml,*/*;q=0.8")
    assert (answer.status, media_type(answer)) == (404, "text/html")
    assert_problem(api.preview(new_id(), "application/json"), 404)


SECRET = "hXlr6aRC7KgJpOLTNZaLsw"


# spec-test: protocol/5#secret-in-target
@pytest.mark.parametrize("form", ["%23{}==", "%2523{}", "/{}==", "?{}==", "?v=c&{}", "?v=c%23{}%3D%3D", "?v=c%20{}"])
def preview__secret_in_the_target__asks_for_a_new_link(api, form):
    box = api.new_box()
    target = path_of(box) + form.format(SECRET)
    page = api.call("GET", target, [("Accept", "text/html")])
    assert (page.status, media_type(page)) == (404, "text/html")
    assert b"Ask the sender for a new link" in page.body
    problem = api.call("GET", target, [("Accept", "application/json")])
    assert_problem(problem, 404)
    assert "ask the sender for a new link" in problem.json()["detail"]
    for answer in (page, problem, api.call("HEAD", target)):
        assert answer.status == 404
        assert SECRET not in answer.body.decode() + str(answer.headers)
        assert "no-store" in answer.header("cache-control")
        assert "default-src" in (answer.header("content-security-policy") or "default-src")
    assert api.read(box, box.recipient).status == 200


# spec-test: protocol/5#secret-in-target
@pytest.mark.parametrize("query", ["?v=c", "?", "?v=c&lang=en", "?v=a-vertical-of-thirty-characters",
                                   "?v=c&utm_marketing_tactic=a", "?v=c&fbclid=" + SECRET])
def preview__query_without_a_secret__ignored(api, query):
    box = api.new_box()
    for accept in ("text/html", "application/json"):
        answer = api.call("GET", path_of(box) + query, [("Accept", accept)])
        assert (answer.status, media_type(answer)) == (200, accept)


def preview__own_accept__never_a_500(api1):
    box = api1.new_box()
    for accept in ("", ",", ";", "text/*", "application/*", "application/json;q=0", "x" * 500,
                   "text/html;q=0.000, application/json;q=1.000", "application/json;q=zzz"):
        assert api1.preview(box, accept).status in (200, 400, 406), accept
