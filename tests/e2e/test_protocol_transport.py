# SPDX-License-Identifier: Apache-2.0
"""Protocol section 1: transport, JSON, common headers, problem documents, CORS."""
import json
import socket
import ssl

import pytest

import tigress_transport
from checks import (assert_bindable, assert_echoes_nothing, assert_problem, look, media_type,
                    unchanged)
from conftest import open_api
from tigress_client import create_message, encode, new_id

REQUEST_HEADERS = ("content-type", "mailbox-request-id", "mailbox-device-claim",
                   "mailbox-device-attestation", "mailbox-secret-proof",
                   "mailbox-known-version", "prefer", "if-match")


def every_kind_of_answer(api):
    """(name, answer) for each status that a client can cause."""
    box = api.bound_box()
    update_id = new_id()
    yield "create 200", api.create()
    yield "create 201", api.create(box.message, box.initiator, box.create_id)
    yield "read 200", api.read(box, box.recipient)
    yield "wait 204", api.wait(box, box.recipient, 1, 0)
    yield "update 200", api.update(box, box.recipient, request_id=update_id)
    yield "update 201", api.update(box, box.recipient, request_id=update_id)
    yield "preview 200", api.preview(box)
    yield "page 200", api.preview(box, "text/html")
    yield "options", api.call("OPTIONS", box.path, [("Origin", "https://w.example")])
    yield "bad body 400", api.update(box, box.recipient, b"{")
    yield "claim 401", api.read(box, new_id())
    yield "unknown 404", api.read(new_id(), new_id())
    yield "page 404", api.preview(new_id(), "text/html")
    yield "path 404", api.call("GET", "/nothing")
    yield "method 405", api.call("DELETE", "/v1/m")
    yield "match 412", api.update(box, box.recipient, extra=[("If-Match", '"99"')])
    yield "media 415", api.update(box, box.recipient, b"{}", content_type="text/plain")
    yield "relinquish 200", api.relinquish(box, box.recipient)
    yield "delete 200", api.delete(box, box.initiator)
    yield "gone 404", api.read(box, box.initiator)
    yield "large 413", api.create(b" " * 70000)


# spec-test: protocol/1#common-headers
def common_headers__every_kind_of_answer__all_present(api):
    for what, answer in every_kind_of_answer(api):
        wanted = what.rsplit(" ", 1)[-1]
        if wanted.isdigit():
            assert answer.status == int(wanted), (what, answer.status, answer.body)
        assert "no-store" in answer.header("cache-control"), what
        assert answer.header("x-content-type-options") == "nosniff", what
        assert answer.header("referrer-policy") == "no-referrer", what
        assert "max-age=" in answer.header("strict-transport-security"), what
        assert answer.all("set-cookie") == [], what
        server = answer.header("server") or ""
        assert not any(c.isdigit() for c in server), what


# spec-test: protocol/1#hsts
def hsts__tls__longer_than_half_a_year(api1):
    value = api1.call("GET", "/nothing").header("strict-transport-security")
    age = [part for part in value.split(";") if "max-age" in part][0].split("=")[1]
    assert int(age) >= 180 * 86400


# spec-test: protocol/1#problem-documents
def problem__every_refusal__complete_document_and_status_agrees(api):
    for what, answer in every_kind_of_answer(api):
        if answer.status >= 400 and "page" not in what:
            problem = assert_problem(answer, answer.status)
            assert problem["detail"], what


# spec-test: protocol/1#version-prefix
@pytest.mark.parametrize("path", ["/v2/m", "/v0/m", "/v10/m", "/m", "/V1/m", "/", "/v1", "/v1/",
                                  "/v1/M", "/v1/n", "/v1//m", "/v1/m/x/y", "/%76%31/m"])
def path__unknown__404(api, path):
    for method in ("GET", "POST"):
        assert_problem(api.call(method, path, api.headers(new_id(), new_id(), [], b"{}"),
                                b"{}" if method == "POST" else None), 404)


def path__empty_identifier__404(api):
    assert api.call("GET", "/v1/m/").status == 404
    assert_problem(api.call("POST", "/v1/m/", api.headers(new_id(), new_id(), [])), 404)


def path__unknown_version_of_a_known_mailbox__404(api1):
    box = api1.new_box()
    for prefix in ("/v2/m/", "/v1/x/", "/v1/m//", "/v1/m/../m/"):
        answer = api1.call("POST", prefix + box.id, api1.headers(box.initiator, None, []))
        assert answer.status == 404, prefix


# spec-test: protocol/1#allow
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE"])
def method__not_for_collection__405_with_allow(api, method):
    answer = api.call(method, "/v1/m", api.headers(new_id(), new_id(), []))
    assert answer.status == 405
    assert "POST" in answer.header("allow")
    for other in ("GET", "PUT", "DELETE", "PATCH"):
        assert other not in answer.header("allow")


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "MKCOL", "COPY"])
def method__not_for_mailbox__405_with_allow(api, method):
    box = api.new_box()
    answer = api.call(method, box.path, api.headers(box.initiator, new_id(), []))
    assert_problem(answer, 405)
    allowed = {name.strip() for name in answer.header("allow").split(",")}
    assert {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"} <= allowed


def method__unknown_mailbox__405_before_404(api1):
    assert_problem(api1.call("PROPFIND", "/v1/m/" + new_id()), 405)


# spec-test: protocol/1#unknown-members-ignored
def json__unknown_members__ignored(api):
    message = create_message(future={"deep": [1, 2, {"x": None}]})
    message["payload"]["extra"] = 1
    message["displayInformation"]["extra"] = []
    message["mailboxConfiguration"]["extra"] = "x"
    box = api.new_box(message)
    got = api.read(box, box.recipient).json()
    assert got["payload"] == {"type": message["payload"]["type"],
                              "data": message["payload"]["data"]}
    assert "future" not in got


# spec-test: protocol/1#any-number
def json__numbers_of_any_size__ignored(api):
    for number in (b"1e400", b"-1E+9999", b"9" * 60000):
        assert api.create(good_text()[:-1] + b',"x":[' + number + b"]}").status == 200


def good_text():
    return encode(create_message())


BROKEN_JSON = {
    "empty": b"",
    "spaces": b"  \n ",
    "cut": good_text()[:-1],
    "cut in a string": good_text()[:30],
    "cut in an escape": b'{"payload":{"type":"\\u00',
    "trailing bytes": good_text() + b"x",
    "trailing object": good_text() + b"{}",
    "trailing NUL": good_text() + b"\0",
    "array": b"[" + good_text() + b"]",
    "string": b'"payload"',
    "number": b"12",
    "null": b"null",
    "bad UTF-8": good_text().replace(b"A key", b"A \xff key"),
    "overlong UTF-8": good_text().replace(b"A key", b"A \xc0\xaf key"),
    "UTF-8 surrogate": good_text().replace(b"A key", b"A \xed\xa0\x80 key"),
    "escaped lone surrogate": good_text().replace(b"A key", b"A \\ud800 key"),
    "byte order mark": b"\xef\xbb\xbf" + good_text(),
    "UTF-16": good_text().decode().encode("utf-16"),
    "bare control character": good_text().replace(b"A key", b"A \x01 key"),
    "single quotes": good_text().replace(b'"', b"'"),
    "comma at the end": good_text()[:-1] + b",}",
    "comment": good_text()[:-1] + b"/* */}",
    "NaN": good_text()[:-1] + b',"x":NaN}',
    "leading zero": good_text()[:-1] + b',"x":01}',
    "20,000 objects deep": b'{"x":' * 9000 + b"1" + b"}" * 9000,
    "20,000 arrays deep": good_text()[:-1] + b',"x":' + b"[" * 20000 + b"]" * 20000 + b"}",
    "20,000 arrays deep, cut": b'{"x":' + b"[" * 20000,
    "33 deep": good_text()[:-1] + b',"x":' + b"[" * 33 + b"]" * 33 + b"}",
    "duplicate at the top": good_text()[:-1] + b',"payload":{"type":"a","data":"b"}}',
    "duplicate in payload": b'{"payload":{"type":"a","type":"a","data":"b"},'
                            b'"displayInformation":{"title":"","description":"","imageURL":""}}',
    "duplicate by escape": b'{"payload":{"type":"a","\\u0074ype":"a","data":"b"},'
                           b'"displayInformation":{"title":"","description":"","imageURL":""}}',
    "duplicate of an unknown member": good_text()[:-1] + b',"x":1,"x":2}',
}


# spec-test: protocol/1#strict-json
@pytest.mark.parametrize("name", list(BROKEN_JSON))
def create__broken_json__400(api, name):
    assert_problem(api.create(BROKEN_JSON[name]), 400)


# spec-test: protocol/1#strict-json
@pytest.mark.parametrize("name", list(BROKEN_JSON))
def update__broken_json__400_and_unchanged(api, name):
    box = api.bound_box()
    body = BROKEN_JSON[name]
    with unchanged(api, box):
        assert_problem(api.update(box, box.recipient, body), 400)


@pytest.mark.parametrize("name", [name for name in BROKEN_JSON if name not in ("empty",)])
def read__broken_json__400_and_not_bound(api, name):
    box = api.new_box()
    body = BROKEN_JSON[name]
    with unchanged(api, box):
        assert_problem(api.read(box, new_id(), body), 400)
    assert_bindable(api, box)


def json__nested_within_limit__accepted(api1):
    text = good_text()[:-1] + b',"x":' + b"[" * 20 + b"]" * 20 + b"}"
    assert api1.create(text).status == 200


# spec-test: protocol/1#media-type
@pytest.mark.parametrize("media", ["text/plain", "text/html", "application/xml", "image/png",
                                   "application/x-www-form-urlencoded", "multipart/form-data",
                                   "application/jsonx", "application/json-patch+json", "json",
                                   "application", "application/json; charset=iso-8859-1", ""])
def media_type__other__415_and_unchanged(api, media):
    assert_problem(api.create(content_type=media), 415, "Content-Type")
    box = api.bound_box()
    with unchanged(api, box):
        assert_problem(api.update(box, box.recipient, content_type=media), 415, "Content-Type")


def media_type__missing_with_body__415(api):
    assert_problem(api.create(content_type=None), 415, "Content-Type")


@pytest.mark.parametrize("media", ["application/json", "Application/JSON",
                                   "application/json; charset=utf-8",
                                   "application/json;charset=UTF-8",
                                   'application/json; charset="utf-8"',
                                   "application/json; profile=x"])
def media_type__json_in_any_spelling__accepted(api, media):
    assert api.create(content_type=media).status == 200


def read__body_of_another_media_type__415_and_not_bound(api1):
    box = api1.new_box()
    body = {"notificationToken": {"type": "a", "tokenData": "b"}}
    assert_problem(api1.read(box, new_id(), body, content_type="text/plain"), 415)
    assert_bindable(api1, box)


# spec-test: protocol/3#body-limit
def body__at_the_limit__accepted(api):
    text = good_text()
    assert api.create(text + b" " * (65536 - len(text))).status == 200


def body__one_over_the_limit__413_and_unchanged(api):
    text = good_text()
    assert_problem(api.create(text + b" " * (65537 - len(text))), 413)
    box = api.bound_box()
    text = encode({"payload": {"type": "a", "data": "b"}})
    with unchanged(api, box):
        assert_problem(api.update(box, box.recipient, text + b" " * (65537 - len(text))), 413)


def body__data_at_the_limit__comes_back_whole(api):
    message = create_message()
    message["payload"]["data"] = ""
    message["payload"]["data"] = "x" * (65536 - len(encode(message)))
    box = api.new_box(message)
    assert api.read(box, box.recipient).json()["payload"] == message["payload"]


@pytest.mark.parametrize("size", [200_000, 5_000_000])
def body__far_over_the_limit__413(api, size):
    assert_problem(api.create(b"x" * size), 413)
    assert api.create().status == 200


# spec-test: protocol/1#problem-echoes-nothing
def problem__planted_values__never_repeated(api):
    claim = "MARK-claim-5c1f"
    token = "MARKtokenMARK"
    data = "MARKpayloadMARK"
    title = "MARKtitleMARK"
    message = create_message(payload={"type": data, "data": data},
                             token={"type": token, "tokenData": token})
    message["displayInformation"]["title"] = title
    marks = (claim, token, data, title)
    assert_echoes_nothing(api.create(message, claim=claim), *marks)
    for member, wrong in (("payload", {"type": data}), ("payload", data),
                          ("payload", {"type": data * 10, "data": data}),
                          ("notificationToken", {"type": token}),
                          ("notificationToken", {"type": token * 20, "tokenData": token}),
                          ("displayInformation", {"title": title}),
                          ("displayInformation", title),
                          ("mailboxConfiguration", {"accessRights": token, "expiration": data}),
                          ("mailboxConfiguration", {"expiration": data})):
        answer = api.create({**message, member: wrong})
        assert answer.status == 400, (member, wrong)
        assert_echoes_nothing(answer, *marks)
    assert_echoes_nothing(api.create(encode(message)[:-1]), *marks)
    secret_claim = new_id()
    assert_echoes_nothing(api.read(api.bound_box(), secret_claim), secret_claim)
    assert_echoes_nothing(api.preview("MARKid", "text/html"), "MARKid")
    assert_echoes_nothing(api.call("GET", "/MARKpath?MARKquery=1"), "MARKpath", "MARKquery")


# spec-test: protocol/1#www-authenticate
def unauthorized__missing_or_wrong_claim__www_authenticate(api):
    box = api.bound_box()
    for answer in (api.create(claim=None), api.read(box, None), api.read(box, new_id()),
                   api.update(box, None), api.delete(box, new_id()), api.relinquish(box, None)):
        assert answer.header("www-authenticate").startswith("DeviceClaim")
        assert_problem(answer, 401)


# spec-test: protocol/1#cors
def cors__preflight__any_origin_and_all_headers(api):
    for path in ("/v1/m", "/v1/m/" + new_id()):
        answer = api.call("OPTIONS", path, [
            ("Origin", "https://wallet.example"), ("Access-Control-Request-Method", "PUT"),
            ("Access-Control-Request-Headers", "mailbox-request-id,content-type")])
        assert answer.status in (200, 204)
        assert answer.header("access-control-allow-origin") == "*"
        allowed = answer.header("access-control-allow-headers").lower()
        for name in REQUEST_HEADERS:
            assert name in {part.strip() for part in allowed.split(",")}, name
        methods = answer.header("access-control-allow-methods")
        wanted = ("POST",) if path == "/v1/m" else ("GET", "POST", "PUT", "DELETE", "PATCH")
        for method in wanted:
            assert method in methods
        assert answer.header("access-control-allow-credentials") is None


def cors__answers__expose_our_headers(api):
    box = api.bound_box()
    origin = [("Origin", "https://wallet.example")]
    for answer in (api.create(extra=origin), api.read(box, box.recipient, extra=origin),
                   api.read(box, new_id(), extra=origin), api.read(new_id(), new_id(),
                                                                   extra=origin)):
        assert answer.header("access-control-allow-origin") == "*"
        exposed = {part.strip() for part in
                   answer.header("access-control-expose-headers").lower().split(",")}
        assert {"mailbox-request-id", "mailbox-version", "mailbox-push-supported",
                "retry-after"} <= exposed


# spec-test: protocol/1#cors-preflight
def options__without_origin__allow(api):
    answer = api.call("OPTIONS", "/v1/m/" + new_id())
    assert answer.status in (200, 204)
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"):
        assert method in (answer.header("allow")
                          or answer.header("access-control-allow-methods"))


# spec-test: protocol/4#head
def head__preview__headers_of_get_without_body(api):
    box = api.new_box()
    for accept in ("text/html", "application/json"):
        get = api.preview(box, accept)
        head = api.preview(box, accept, method="HEAD")
        assert (head.status, head.body) == (200, b"")
        assert head.header("content-length") == str(len(get.body))
        skip = ("date", "content-length")
        assert [pair for pair in head.headers if pair[0] not in skip] == \
            [pair for pair in get.headers if pair[0] not in skip]


def head__unknown__404_without_body(api):
    answer = api.preview(new_id(), method="HEAD")
    assert (answer.status, answer.body) == (404, b"")


def content_length__every_answer__fits(api1):
    for what, answer in every_kind_of_answer(api1):
        if answer.status != 204:
            assert answer.header("content-length") == str(len(answer.body)), what


# spec-test: protocol/1#tls-versions
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("alpn", ["h2", "http/1.1", None])
def tls__version_and_alpn__negotiated(relay, version, alpn):
    context = tigress_transport.tls_context(relay.ca_file, [alpn] if alpn else None, version,
                                            version)
    with tigress_transport.connect(relay.host, relay.port, context) as sock:
        assert sock.version() == {ssl.TLSVersion.TLSv1_2: "TLSv1.2",
                                  ssl.TLSVersion.TLSv1_3: "TLSv1.3"}[version]
        assert sock.selected_alpn_protocol() == alpn


def tls__both_offered__http2_chosen(relay):
    context = tigress_transport.tls_context(relay.ca_file, ["http/1.1", "h2"])
    with tigress_transport.connect(relay.host, relay.port, context) as sock:
        assert sock.selected_alpn_protocol() == "h2"


def tls__older_than_1_2__refused(relay):
    context = tigress_transport.tls_context(relay.ca_file)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        tigress_transport.connect(relay.host, relay.port, context).close()


def tls__plain_http_to_the_tls_port__400_and_relay_lives(relay):
    with socket.create_connection((relay.host, relay.port), 30) as sock:
        sock.sendall(b"GET /v1/m HTTP/1.1\r\nHost: x\r\n\r\n")
        data, is_closed = tigress_transport.read_until_closed(sock)
        assert is_closed
        assert data.startswith(b"HTTP/1.1 400 ")
        assert b"HTTPS" in data
    api = open_api(relay)
    assert api.create().status == 200
    api.close()


def tls__certificate__verifies_for_the_address(relay):
    with pytest.raises(ssl.SSLCertVerificationError):
        context = ssl.create_default_context()
        tigress_transport.connect(relay.host, relay.port, context).close()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def media_type__of_success__json(api, method):
    box = api.bound_box()
    answer = {"GET": lambda: api.preview(box), "POST": lambda: api.read(box, box.recipient),
              "PUT": lambda: api.update(box, box.recipient),
              "DELETE": lambda: api.delete(box, box.recipient),
              "PATCH": lambda: api.relinquish(box, box.recipient)}[method]()
    assert answer.status == 200
    if answer.body:
        assert media_type(answer) == "application/json"
        assert isinstance(json.loads(answer.body), dict)


def look__helper__sees_a_difference(api1):
    """The helper that detects changes can fail."""
    box = api1.bound_box()
    before = look(api1, box)
    assert api1.update(box, box.recipient).status == 200
    assert look(api1, box) != before
