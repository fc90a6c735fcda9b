# SPDX-License-Identifier: Apache-2.0
"""Sections 1.1 and 1.2: the framing of HTTP/1.1, paths and methods."""
from ..expect import status, that, unchanged
from ..relay import encode, new_id
from ..registry import check


CHUNKED = ("Transfer-Encoding", "chunked")


def chunked(*parts, trailer=b""):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n" + trailer + b"\r\n"


def create_head(relay, body, *extra):
    """A create's head, claim and request id."""
    relay.needs_creates()
    claim, request_id = new_id(), new_id()
    headers = relay.headers(claim, request_id, [*extra, *relay.options.create_headers], body)
    return relay.head("POST", "/v1/m", headers, body), claim, request_id


def sent_create(relay, framed, *extra):
    """The answer to a create with these bytes as its body, and its connection. What it makes is removed."""
    head, claim, request_id = create_head(relay, framed, *extra)
    answer, connection = relay.raw(head + framed)
    relay.keep(answer, claim, request_id, {})
    return answer, connection


def closes(relay, connection, what):
    that(connection.is_closed_by_peer(relay.until(10)), f"a closed connection after {what}", "it stays open")


@check("1.1", "HTTP/1.1: a chunked body is accepted")
def chunked_body(relay):
    body = encode(relay.message())
    status(sent_create(relay, chunked(body[:7], body[7:]), CHUNKED)[0], 200, "a create with a chunked body")


@check("1.1", "HTTP/1.1: Content-Length beside Transfer-Encoding is a 400, and the connection closes")
def two_framings(relay):
    framed = chunked(encode(relay.message()))
    answer, connection = sent_create(relay, framed, CHUNKED, ("Content-Length", str(len(framed))))
    status(answer, 400, "a request with two framings")
    closes(relay, connection, "it")


@check("1.1", "HTTP/1.1: two different Content-Length are a 400, and the connection closes")
def two_lengths(relay):
    body = encode(relay.message())
    answer, connection = sent_create(relay, body, ("Content-Length", str(len(body))),
                                     ("Content-Length", str(len(body) + 1)))
    status(answer, 400, "a request with two lengths")
    closes(relay, connection, "it")


@check("1.1", "HTTP/1.1: a malformed chunk size is a 400")
def bad_chunk(relay):
    body = encode(relay.message())
    for size in (b"+5", b"0x5", b"zz", b"5 5"):
        framed = size + b"\r\n" + body + b"\r\n0\r\n\r\n"
        status(sent_create(relay, framed, CHUNKED)[0], 400, f"the chunk size {size.decode()!r}")


@check("1.1", "HTTP/1.1: an ordinary trailer is ignored, a trailer of Authorization is a 400")
def trailers(relay):
    body = encode(relay.message())
    for trailer, wanted in ((b"X-Anything: 1\r\n", 200), (b"Authorization: Basic eDp4\r\n", 400)):
        framed = chunked(body, trailer=trailer)
        status(sent_create(relay, framed, CHUNKED)[0], wanted, f"a create with the trailer {trailer.decode().strip()}")


@check("1.1", "HTTP/1.1: Expect: 100-continue gets an interim 100, then the answer")
def expect_continue(relay):
    body = encode(relay.message())
    head, claim, request_id = create_head(relay, body, ("Expect", "100-continue"))
    relay.pace.take()
    connection = relay.connect()
    connection.send(head, relay.until())
    while b"\r\n\r\n" not in connection.buffer and connection.receive(relay.until()):
        pass
    that(connection.buffer.startswith(b"HTTP/1.1 100 "), "an interim 100 before the body is sent",
         connection.buffer[:60].decode("latin-1"))
    connection.send(body, relay.until())
    answer = connection.read_answer("POST", relay.until())
    relay.keep(answer, claim, request_id, {})
    status(answer, 200, "the create after its body")


@check("1.1", "HTTP/1.1: another expectation is a 417")
def expect_other(relay):
    answer, _ = sent_create(relay, encode(relay.message()), ("Expect", "200-maybe"))
    status(answer, 417, "Expect: 200-maybe")


@check("1.2", "paths: another version of the API, or a path in upper case, is a 404")
def unknown_version(relay):
    box = relay.new_box()
    with unchanged(relay, box, "a delete under other paths"):
        for prefix in ("/v2/m/", "/v0/m/", "/V1/m/", "/v1/M/", "/v1/x/"):
            answer = relay.call("DELETE", prefix + box.id, relay.headers(box.initiator, new_id()))
            status(answer, 404, f"DELETE {prefix}...")


@check("1.2", "paths: paths that the protocol does not have are a 404")
def unknown_paths(relay):
    for path in ("/v1", "/v1/", "/v1/m/x/y", "/v2/m", "/m"):
        status(relay.call("POST", path, relay.headers(new_id(), new_id(), body=b"{}"), b"{}"), 404, f"POST {path}")


@check("1.2", "paths: the query of a share URL (?v=c) is no part of the path",
       draft="Share URL: Credential Vertical in Share URL")
def query_ignored(relay):
    box = relay.new_box()
    status(relay.call("GET", box.path + "?v=c", [("Accept", "text/html")]), 200, "GET of a share URL with ?v=c")


@check("1.2", "methods: another method on /v1/m is a 405, and Allow has POST only")
def method_collection(relay):
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = relay.call(method, "/v1/m", relay.headers(new_id(), new_id()))
        status(answer, 405, f"{method} /v1/m")
        allowed = answer.words("allow")
        that("post" in allowed and not allowed & {"get", "put", "delete", "patch"},
             f"Allow: POST, OPTIONS on {method} /v1/m", f"Allow: {answer.header('allow')}")


@check("1.2", "methods: an unknown method on a mailbox is a 405 with Allow, or a 501")
def method_mailbox(relay):
    box = relay.new_box()
    for method in ("PROPFIND", "COPY", "BREW"):
        answer = relay.call(method, box.path, relay.headers(box.initiator, new_id()))
        status(answer, (405, 501), f"{method} of a mailbox")
        if answer.status == 405:
            wanted = {"get", "head", "post", "put", "delete", "patch"}
            that(wanted <= answer.words("allow"), "Allow with GET, HEAD, POST, PUT, PATCH, DELETE",
                 f"Allow: {answer.header('allow')}")
