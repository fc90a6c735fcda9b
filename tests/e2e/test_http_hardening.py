# SPDX-License-Identifier: Apache-2.0
"""HTTP from an attacker: request smuggling, slow peers, floods. After each attack the relay runs, an honest client is
served immediately, and memory is within its bounds."""
import contextlib
import re
import socket
import ssl
import struct
import threading
import time

import pytest
from hpack import Decoder, Encoder
from hyperframe.frame import (ContinuationFrame, DataFrame, HeadersFrame, PingFrame, PriorityFrame,
                              RstStreamFrame, SettingsFrame, WindowUpdateFrame)

import tigress_transport
from checks import assert_problem
from conftest import make_relay, open_api
from relay_process import WAIT_S, metrics, until, until_no_connection
from tigress_client import CLAIM, REQUEST_ID, create_message, encode, new_id, wait_headers
from tigress_transport import read_until_closed

HEAD_MAX = 32768     # bytes of request line and headers
HEADERS_MAX = 64     # header lines
TARGET_MAX = 4096    # bytes of the request target
GROWTH_KIB = 96 * 1024  # under a sanitizer every byte costs several
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    """Short deadlines, so that the test does not wait long."""
    args = ["--header-timeout", "2s", "--body-timeout", "3s", "--handshake-timeout", "2s",
            "--write-timeout", "3s", "--idle-timeout", "4s", "--workers", "1"]
    with make_relay(tmp_path_factory.mktemp("hardening"), args=args) as running:
        yield running


@pytest.fixture(autouse=True)
def honest_client_unharmed(request, relay):
    """The last check of every test here."""
    before = relay.memory_kib()
    yield
    assert relay.is_alive()
    for transport in ("h1", "h2"):
        with contextlib.closing(open_api(relay, transport)) as api:
            box = api.bound_box()
            assert api.delete(box, box.recipient).status == 200
    assert relay.memory_kib() - before < GROWTH_KIB


def exchange(sock, data, timeout=30):
    """Sends bytes, and returns what was received until the relay closed or sent nothing more."""
    try:
        sock.sendall(data)
    except (ConnectionError, ssl.SSLError):
        pass
    return read_until_closed(sock, timeout)


def status_of(data):
    assert data.startswith(b"HTTP/1."), data[:200]
    return int(data.split(b" ", 2)[1])


def status_lines(data):
    return re.findall(rb"HTTP/1\.[01] \d{3}", data)


# ---- request smuggling --------------------------------------------------------------------------

HIDDEN = b"DELETE /v1/m HTTP/1.1\r\nHost: x\r\n\r\n"


def post(*lines, body=b""):
    return b"\r\n".join((b"POST /v1/m HTTP/1.1", b"Host: x") + lines) + b"\r\n\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked"
AMBIGUOUS = {
    "length and chunked": post(b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n"),
    "chunked and length": post(CHUNKED, b"Content-Length: 5", body=b"0\r\n\r\n"),
    "two lengths": post(b"Content-Length: 0", b"Content-Length: 5"),
    "list of lengths": post(b"Content-Length: 0, 5"),
    "negative length": post(b"Content-Length: -1"),
    "signed length": post(b"Content-Length: +0"),
    "hexadecimal length": post(b"Content-Length: 0x0"),
    "fraction length": post(b"Content-Length: 0.0"),
    "length with a space inside": post(b"Content-Length: 0 0"),
    "empty length": post(b"Content-Length:"),
    "huge length": post(b"Content-Length: 99999999999999999999999999"),
    "length that overflows to 0": post(b"Content-Length: 18446744073709551616"),
    "unknown coding": post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "chunked is not last": post(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
    "chunked twice": post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"),
    "two codings": post(CHUNKED, b"Transfer-Encoding: identity", body=b"0\r\n\r\n"),
    "coding with a vertical tab": post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"),
    "quoted coding": post(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n"),
    "coding in HTTP/1.0": b"POST /v1/m HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                          b"0\r\n\r\n",
    "space before the colon": post(b"Content-Length : 0"),
    "space before a name": post(b" Content-Length: 0"),
    "first header folded": b"POST /v1/m HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\n",
    "folded header": post(b"X-A: a", b" b"),
    "folded with a tab": post(b"X-A: a", b"\tb"),
    "name with a space": post(b"X A: a"),
    "empty name": post(b": a"),
    "line without colon": post(b"X-A"),
    "bare CR in a value": post(b"X-A: a\rContent-Length: 0"),
    "bare LF": b"POST /v1/m HTTP/1.1\nHost: x\n\n",
    "bare LF in headers": post(b"X-A: a\nContent-Length: 0"),
    "NUL in a value": post(b"X-A: a\0b"),
    "NUL in a name": post(b"X\0A: a"),
    "control character in a value": post(b"X-A: a\x01b"),
    "name in brackets": post(b"(X-A): a"),
    "no host": b"POST /v1/m HTTP/1.1\r\n\r\n",
    "two hosts": post(b"Host: y"),
    "host with a space": b"POST /v1/m HTTP/1.1\r\nHost: x y\r\n\r\n",
    "host with a path": b"POST /v1/m HTTP/1.1\r\nHost: x/y\r\n\r\n",
    "host with userinfo": b"POST /v1/m HTTP/1.1\r\nHost: a@x\r\n\r\n",
    "version 1.2": b"POST /v1/m HTTP/1.2\r\nHost: x\r\n\r\n",
    "version 2.0": b"POST /v1/m HTTP/2.0\r\nHost: x\r\n\r\n",
    "version 0.9": b"POST /v1/m HTTP/0.9\r\nHost: x\r\n\r\n",
    "lower-case version": b"POST /v1/m http/1.1\r\nHost: x\r\n\r\n",
    "no version": b"POST /v1/m\r\nHost: x\r\n\r\n",
    "two spaces in the request line": b"POST  /v1/m HTTP/1.1\r\nHost: x\r\n\r\n",
    "tab in the request line": b"POST\t/v1/m\tHTTP/1.1\r\nHost: x\r\n\r\n",
    "space in the target": b"POST /v1/m x HTTP/1.1\r\nHost: x\r\n\r\n",
    "control in the target": b"POST /v1/\x01m HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in the target": b"POST /v1/\0m HTTP/1.1\r\nHost: x\r\n\r\n",
    "relative target": b"POST v1/m HTTP/1.1\r\nHost: x\r\n\r\n",
    "lower-case method": b"post /v1/m HTTP/1.1\r\nHost: x\r\n\r\n",
    "unknown method": b"SHARE /v1/m HTTP/1.1\r\nHost: x\r\n\r\n",
    "method with a NUL": b"PO\0ST /v1/m HTTP/1.1\r\nHost: x\r\n\r\n",
    "space before the method": b" POST /v1/m HTTP/1.1\r\nHost: x\r\n\r\n",
    "chunk size with a sign": post(CHUNKED, body=b"+0\r\n\r\n"),
    "chunk size in 0x": post(CHUNKED, body=b"0x0\r\n\r\n"),
    "chunk size with a space": post(CHUNKED, body=b"0 0\r\n\r\n"),
    "chunk size that overflows": post(CHUNKED, body=b"10000000000000000\r\n\r\n"),
    "chunk size missing": post(CHUNKED, body=b"\r\n\r\n"),
    "chunk longer than its size": post(CHUNKED, body=b"1\r\nab\r\n0\r\n\r\n"),
    "chunk ended by LF": post(CHUNKED, body=b"1\na\n0\n\n"),
    "an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "TLS inside TLS": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + b"x" * 160,
    "zeros": b"\0" * 300,
    "HTTP/2 preface": PREFACE,
}


# spec-test: protocol/1#no-smuggling
@pytest.mark.parametrize("name", list(AMBIGUOUS))
def smuggling__ambiguous_request__refused_and_the_hidden_one_unanswered(raw, relay, name):
    data, is_closed = exchange(raw(target=relay), AMBIGUOUS[name] + HIDDEN)
    assert is_closed, name
    lines = status_lines(data)
    assert len(lines) <= 1, lines
    if lines:
        assert 400 <= status_of(data) < 600
        assert status_of(data) != 405, "the hidden request was answered"
        assert b"connection: close" in data.lower()


EXACT = {
    "chunked": (CHUNKED, b"%x\r\n%s\r\n0\r\n\r\n"),
    "chunked, capital": (b"Transfer-Encoding: Chunked", b"%X\r\n%s\r\n0\r\n\r\n"),
    "chunk extension": (CHUNKED, b"%x;a=b\r\n%s\r\n0\r\n\r\n"),
    "trailers": (CHUNKED, b"%x\r\n%s\r\n0\r\nX-T: 1\r\nMailbox-Device-Claim: x\r\n\r\n"),
}


@pytest.mark.parametrize("name", list(EXACT))
def body__chunked__accepted_and_connection_kept(raw, relay, name):
    header, form = EXACT[name]
    body = encode(create_message())
    sock = raw(target=relay)
    for _ in range(2):
        head = (f"{CLAIM}: {new_id()}\r\n{REQUEST_ID}: {new_id()}\r\n"
                "Content-Type: application/json\r\n").encode()
        sock.sendall(b"POST /v1/m HTTP/1.1\r\nHost: x\r\n" + head + header + b"\r\n\r\n"
                     + form % (len(body), body))
        data = b""
        while b"urlLink" not in data:
            part = sock.recv(65536)
            assert part
            data += part
        assert status_of(data) == 200


def body__length_too_short__rest_is_the_next_request(raw, relay):
    """The bytes after the length are a separate request, which is invalid."""
    data, is_closed = exchange(raw(target=relay), post(b"Content-Length: 2", body=b"{}GARBAGE\r\n"))
    assert is_closed
    assert [line.split()[1] for line in status_lines(data)][:1] == [b"401"]


def body__chunked_over_the_limit__413_and_closed(raw, relay):
    head = (f"{CLAIM}: {new_id()}\r\n{REQUEST_ID}: {new_id()}\r\n"
            "Content-Type: application/json\r\n").encode()
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    data, is_closed = exchange(
        raw(target=relay), b"POST /v1/m HTTP/1.1\r\nHost: x\r\n" + head + CHUNKED + b"\r\n\r\n"
        + chunk * 5 + b"0\r\n\r\n")
    assert is_closed
    assert status_of(data) == 413


# spec-test: protocol/1#chunk-size
@pytest.mark.parametrize("size", [b"10001", b"FFFFFFFF", b"ffffffffffffffff", b"10000000000000000",
                                  b"f" * 40, b"7fffffffffffffff", b"10001;a=b"])
@pytest.mark.parametrize("continues", [False, True])
def chunk__larger_than_any_body__413_without_its_content(raw, relay, size, continues):
    head = (f"{CLAIM}: {new_id()}\r\n{REQUEST_ID}: {new_id()}\r\n"
            "Content-Type: application/json\r\n").encode()
    if continues:
        head += b"Expect: 100-continue\r\n"
    data, is_closed = exchange(
        raw(target=relay), b"POST /v1/m HTTP/1.1\r\nHost: x\r\n" + head + CHUNKED + b"\r\n\r\n"
        + size + b"\r\n")
    assert is_closed
    assert [line.split()[1] for line in status_lines(data)] == [b"413"]


# spec-test: protocol/1#trailers
@pytest.mark.parametrize("trailer", [
    b"X-A: a\r\n b\r\n", b"X-A: a\r\n\tb\r\n", b" X-A: a\r\n", b"X-A : a\r\n", b"X-A\r\n",
    b"X-A: a\nX-B: b\r\n", b"X-A: a\0b\r\n", b"X-A: a\rX-B: b\r\n", b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Host: y\r\n", b"Authorization: PrivateToken token=x\r\n"])
def trailer__folded_malformed_or_of_the_head__400_and_the_hidden_one_unanswered(raw, relay, trailer):
    body = encode(create_message())
    head = (f"{CLAIM}: {new_id()}\r\n{REQUEST_ID}: {new_id()}\r\n"
            "Content-Type: application/json\r\n").encode()
    data, is_closed = exchange(
        raw(target=relay), b"POST /v1/m HTTP/1.1\r\nHost: x\r\n" + head + CHUNKED + b"\r\n\r\n"
        + b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailer) + HIDDEN)
    assert is_closed
    assert [line.split()[1] for line in status_lines(data)] == [b"400"]


def body__many_tiny_chunks__bounded(raw, relay):
    """A body with one byte a chunk and long extensions has a limit."""
    data, is_closed = exchange(
        raw(target=relay), post(CHUNKED, body=(b"1;" + b"x" * 2000 + b"\r\n \r\n") * 400))
    assert is_closed
    assert 400 <= status_of(data) < 500


def trailers__endless__bounded(raw, relay):
    data, is_closed = exchange(
        raw(target=relay), post(CHUNKED, body=b"0\r\n" + b"X-T: aaaaaaaa\r\n" * 20000))
    assert is_closed
    assert not data or 400 <= status_of(data) < 500


# spec-test: protocol/1#expect-continue
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def expect__continue__answered_100(raw, relay, version):
    body = encode(create_message())
    sock = raw(target=relay)
    sock.sendall(b"POST /v1/m HTTP/" + version + f"\r\nHost: x\r\n{CLAIM}: {new_id()}\r\n{REQUEST_ID}: "
                 f"{new_id()}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
                 f"Content-Length: {len(body)}\r\n\r\n".encode())
    if version == b"1.1":
        assert sock.recv(65536).startswith(b"HTTP/1.1 100")
    sock.sendall(body)
    assert status_of(sock.recv(65536)) == 200


def http_1_0__without_host__answered_and_closed(raw, relay):
    data, is_closed = exchange(raw(target=relay), b"GET /v1/m HTTP/1.0\r\n\r\n")
    assert is_closed
    assert status_of(data) == 405


def target__absolute_form__answered_like_origin_form(raw, relay):
    data, _ = exchange(raw(target=relay), b"GET https://x/v1/m HTTP/1.1\r\nHost: x\r\n"
                                          b"Connection: close\r\n\r\n")
    assert status_of(data) == 405


def upgrade__asked_for__ignored(raw, relay):
    data, _ = exchange(raw(target=relay), b"GET /v1/m HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n"
                       b"HTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade, HTTP2-Settings, "
                       b"close\r\n\r\n")
    assert status_of(data) == 405


def connect__asked_for__no_tunnel(raw, relay):
    data, _ = exchange(raw(target=relay), b"CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n" + HIDDEN)
    assert 400 <= status_of(data) <= 501


def pipelining__twenty_requests_at_once__answered_in_order(raw, relay):
    ids = [f"pipelined-{index}" for index in range(20)]
    request = "".join(f"POST /v1/m/{new_id()} HTTP/1.1\r\nHost: x\r\n{REQUEST_ID}: {name}\r\n"
                      f"Content-Length: 2\r\n\r\n{{}}" for name in ids)
    sock = raw(target=relay)
    data, _ = exchange(sock, request.encode() + b"GET / HTTP/1.1\r\nHost: x\r\n"
                                                b"Connection: close\r\n\r\n")
    echoed = [line.split(b": ")[1].decode() for line in data.split(b"\r\n")
              if line.lower().startswith(REQUEST_ID.lower().encode() + b":")]
    assert echoed == ids
    assert len(status_lines(data)) == 21


def pipelining__behind_a_long_poll__waits_its_turn(raw, relay):
    with contextlib.closing(open_api(relay)) as api:
        box = api.bound_box()
        wait = (f"POST {box.path} HTTP/1.1\r\nHost: x\r\n{CLAIM}: {box.recipient}\r\n"
                "Prefer: wait=1\r\nMailbox-Known-Version: 1\r\nContent-Length: 0\r\n\r\n").encode()
        data, _ = exchange(raw(target=relay), wait + HIDDEN.replace(
            b"Host: x", b"Host: x\r\nConnection: close"))
        assert [line.split()[1] for line in status_lines(data)] == [b"204", b"405"]


# ---- sizes --------------------------------------------------------------------------------------

def head_of(size):
    """A complete request head of size bytes, in a few headers."""
    head = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    end = b"\r\n"
    left = size - len(head) - len(end)
    while left > 0:
        take = min(left, 3000)
        if 0 < left - take < 8:
            take -= 8
        head += b"X: " + b"a" * (take - 5) + b"\r\n"
        left -= take
    assert len(head + end) == size
    return head + end


# spec-test: protocol/3#head-limits
@pytest.mark.parametrize("size, allowed", [(HEAD_MAX, True), (HEAD_MAX + 1, False),
                                           (10 * HEAD_MAX, False)])
def head__at_and_over_the_limit__431(raw, relay, size, allowed):
    data, is_closed = exchange(raw(target=relay), head_of(size))
    assert is_closed
    assert status_of(data) == (404 if allowed else 431)


@pytest.mark.parametrize("count, allowed", [(HEADERS_MAX, True), (HEADERS_MAX + 1, False),
                                            (5000, False)])
def headers__count_at_and_over_the_limit__431(raw, relay, count, allowed):
    lines = b"Host: x\r\nConnection: close\r\n" + b"X: a\r\n" * (count - 2)
    data, is_closed = exchange(raw(target=relay), b"GET / HTTP/1.1\r\n" + lines + b"\r\n")
    assert is_closed
    assert status_of(data) == (404 if allowed else 431)


@pytest.mark.parametrize("size, allowed", [(TARGET_MAX, True), (TARGET_MAX + 1, False),
                                           (100_000, False)])
def target__at_and_over_the_limit__414(raw, relay, size, allowed):
    target = b"/" + b"a" * (size - 1)
    data, is_closed = exchange(raw(target=relay), b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n"
                                                  b"Connection: close\r\n\r\n")
    assert is_closed
    assert status_of(data) in ((404,) if allowed else (414, 431))


def headers__over_the_limits_in_http2__refused(relay):
    with contextlib.closing(open_api(relay, "h2")) as api:
        for extra in ([(f"x-{index}", "a") for index in range(100)], [("x-a", "a" * 60000)]):
            assert api.call("GET", "/", extra).status == 431
    for extra in ([(f"x-{index}", "a") for index in range(500)], [("x-a", "a" * 70000)]):
        with contextlib.closing(open_api(relay, "h2")) as api:
            with pytest.raises(ConnectionResetError, match="GOAWAY 11"):
                api.call("GET", "/", extra)


# spec-test: protocol/1#expect-continue
@pytest.mark.parametrize("expect, first", [("100-continue", "100"), ("something", "417")])
def expect__in_http2__answered_before_the_body(relay, expect, first):
    body = encode(create_message())
    with H2Raw(relay) as h2:
        frame = h2.headers("POST", "/v1/m", [
            (CLAIM.lower(), new_id()), (REQUEST_ID.lower(), new_id()), ("expect", expect),
            ("content-type", "application/json"), ("content-length", str(len(body)))],
            flags=("END_HEADERS",))
        h2.send(frame)
        decoder, blocks = Decoder(), h2.until(1)
        assert dict(decoder.decode(blocks[0]))[":status"] == first
        last = DataFrame(frame.stream_id, data=body)
        last.flags.add("END_STREAM")
        h2.send(last)
        if first == "100":
            blocks = h2.until(2, blocks)
            assert dict(decoder.decode(blocks[1]))[":status"] == "200"


def body__endless_without_length__closed(raw, relay):
    sock = raw(target=relay)
    with contextlib.suppress(ConnectionError, ssl.SSLError, socket.timeout):
        sock.sendall(b"POST /v1/m HTTP/1.1\r\nHost: x\r\n" + CHUNKED + b"\r\n\r\n")
        for _ in range(2000):
            sock.sendall(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
        pytest.fail("the relay took 32 MB")


# ---- slow peers ---------------------------------------------------------------------------------

def drip(sock, data, pause_s, limit_s):
    """Sends byte by byte. Returns the seconds until the relay closed; None when it did not."""
    began = time.monotonic()
    sock.settimeout(pause_s)
    for index in range(10_000):
        try:
            sock.sendall(data[index % len(data):index % len(data) + 1])
        except (ConnectionError, ssl.SSLError, socket.timeout):
            return time.monotonic() - began
        try:
            if not sock.recv(4096):
                return time.monotonic() - began
        except (socket.timeout, ssl.SSLWantReadError):
            pass
        except (ConnectionError, ssl.SSLError):
            return time.monotonic() - began
        if time.monotonic() - began > limit_s:
            return None
    return None


# spec-test: protocol/3#deadlines
def slow__connection_without_handshake__closed(relay):
    with socket.create_connection((relay.host, relay.port), 10) as sock:
        _, is_closed = read_until_closed(sock, WAIT_S)
        assert is_closed


def slow__half_a_client_hello__closed(relay):
    with socket.create_connection((relay.host, relay.port), 10) as sock:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        _, is_closed = read_until_closed(sock, WAIT_S)
        assert is_closed


def slow__headers_byte_by_byte__closed(raw, relay):
    sock = raw(target=relay)
    sock.sendall(b"GET / HTTP/1.1\r\n")
    took = drip(sock, b"X: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 0.05, WAIT_S)
    assert took is not None and took > 1


def slow__request_line_never_ends__408_and_closed(raw, relay):
    sock = raw(target=relay)
    data, is_closed = exchange(sock, b"GET /", WAIT_S)
    assert is_closed
    assert status_of(data) == 408


# spec-test: protocol/1#html-for-people
def slow__browser_over_http1__a_page_408(raw, relay):
    sock = raw(target=relay)
    data, is_closed = exchange(sock, b"GET / HTTP/1.1\r\nAccept: text/html\r\nAccept-Language: de\r\nX-More: ", WAIT_S)
    assert is_closed and status_of(data) == 408
    assert b"\r\ncontent-type: text/html; charset=utf-8\r\n" in data.lower()
    assert b"<h1>Nicht verstanden</h1>" in data and data.endswith(b"</html>\n")


# spec-test: protocol/1#html-for-people
def slow__browser_over_http2__a_page_408(relay):
    with H2Raw(relay) as h2:
        frame = h2.headers("POST", "/v1/m", [("accept", "text/html"), ("accept-language", "de")], flags=("END_HEADERS",))
        assert h2.send(frame)
        data, until = b"", time.monotonic() + WAIT_S
        while b"</html>" not in data:
            assert time.monotonic() < until, data
            data += read_until_closed(h2.sock, 0.05)[0]
        (block,) = [payload for kind, number, payload in frames_in(data) if (kind, number) == (HEADERS, frame.stream_id)]
        headers = dict(Decoder().decode(block))
        assert (headers[":status"], headers["content-type"]) == ("408", "text/html; charset=utf-8")
        assert "<h1>Nicht verstanden</h1>".encode() in data


def slow__body_byte_by_byte__closed(raw, relay):
    sock = raw(target=relay)
    sock.sendall(post(b"Content-Length: 60000"))
    took = drip(sock, b" ", 0.05, WAIT_S)
    assert took is not None and took > 2


def slow__idle_kept_connection__closed(raw, relay):
    sock = raw(target=relay)
    sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert status_of(sock.recv(65536)) == 404
    _, is_closed = read_until_closed(sock, WAIT_S)
    assert is_closed


def slow__idle_http2_connection__closed(relay):
    with H2Raw(relay) as h2:
        _, is_closed = read_until_closed(h2.sock, WAIT_S)
        assert is_closed


def slow__reader_of_large_answers__closed_and_bounded(relay):
    """Requests much more than it reads."""
    with contextlib.closing(open_api(relay)) as api:
        box = api.bound_box(payload={"type": "t", "data": "x" * 60000})
    request = (f"POST {box.path} HTTP/1.1\r\nHost: x\r\n{CLAIM}: {box.recipient}\r\n"
               "Content-Length: 0\r\n\r\n").encode()
    before = relay.memory_kib()
    context = tigress_transport.tls_context(relay.ca_file, ["http/1.1"])
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.connect((relay.host, relay.port))
    sock = context.wrap_socket(plain, server_hostname=relay.host)
    sock.settimeout(1)
    began, is_broken = time.monotonic(), False
    while time.monotonic() - began < 15 and not is_broken:
        try:
            sock.sendall(request * 10)
        except (socket.timeout, ssl.SSLWantWriteError):
            time.sleep(0.2)
            assert relay.memory_kib() - before < GROWTH_KIB
            # After an interrupted TLS write only the socket shows whether the relay closed.
            with contextlib.suppress(OSError):
                is_broken = plain_error(sock) != 0
            if time.monotonic() - began > 7:
                break
        except (ConnectionError, ssl.SSLError, OSError):
            is_broken = True
    sock.close()
    assert relay.memory_kib() - before < GROWTH_KIB


def plain_error(sock):
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def slow__sixty_half_open_requests__honest_ones_served(raw, tmp_path):
    """While they are open: their deadline is much later than an answer on a slow machine."""
    with make_relay(tmp_path, args=["--header-timeout", "120s", "--workers", "1"]) as relay:
        socks = [raw(target=relay) for _ in range(60)]
        for sock in socks:
            sock.sendall(b"POST /v1/m HTTP/1.1\r\nHost: x\r\nX: ")
        with contextlib.closing(open_api(relay)) as api:
            assert api.create().status == 200
        for sock in socks:
            sock.close()


# ---- HTTP/2 floods ------------------------------------------------------------------------------

class H2Raw:
    """Hand-written frames, which no library would send."""

    def __init__(self, relay, settings=None):
        context = tigress_transport.tls_context(relay.ca_file, ["h2"])
        self.sock = tigress_transport.connect(relay.host, relay.port, context, 10)
        self.encoder = Encoder()
        self.next_stream = 1
        self.host = f"{relay.host}:{relay.port}"
        self.is_open = self.send_raw(PREFACE + SettingsFrame(
            0, settings=settings or {}).serialize())

    def send_raw(self, data):
        """False when the relay has closed."""
        try:
            self.sock.sendall(data)
            return True
        except (ConnectionError, ssl.SSLError, socket.timeout, OSError):
            return False

    def send(self, *frames):
        return self.send_raw(b"".join(frame.serialize() for frame in frames))

    def headers(self, method="GET", path="/", extra=(), stream=None, flags=("END_HEADERS",
                                                                             "END_STREAM")):
        frame = HeadersFrame(stream or self.stream())
        frame.data = self.encoder.encode([(":method", method), (":scheme", "https"),
                                          (":authority", self.host), (":path", path), *extra])
        frame.flags = set(flags)
        return frame

    def stream(self):
        self.next_stream += 2
        return self.next_stream - 2

    def ended(self, timeout=30):
        """What the relay sent, and whether it closed."""
        return read_until_closed(self.sock, timeout, 8 << 20)

    def until(self, count, blocks=()):
        """The header blocks that arrived, when there are count of them."""
        blocks, end = list(blocks), time.monotonic() + 10
        while len(blocks) < count:
            assert time.monotonic() < end, blocks
            data, is_closed = read_until_closed(self.sock, 0.05)
            blocks += [payload for kind, _, payload in frames_in(data) if kind == HEADERS]
            assert not is_closed
        return blocks

    def verdict(self, stream, timeout=30):
        """What was received until the stream or the connection ended."""
        data, until = b"", time.monotonic() + timeout
        while time.monotonic() < until:
            part, is_closed = read_until_closed(self.sock, 0.05)
            data += part
            if is_closed or goaway_code(data) is not None \
                    or any(number == stream for _, number, _ in frames_in(data)):
                break
        return data

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


HEADERS, GOAWAY, RST_STREAM = 1, 7, 3


def frames_in(data):
    """(type, stream, payload) of each whole frame."""
    out = []
    while len(data) >= 9:
        length = int.from_bytes(data[:3], "big")
        kind, stream = data[3], int.from_bytes(data[5:9], "big") & 0x7fffffff
        if len(data) < 9 + length:
            break
        out.append((kind, stream, data[9:9 + length]))
        data = data[9 + length:]
    return out


def goaway_code(data):
    codes = [struct.unpack(">I", payload[4:8])[0] for kind, _, payload in frames_in(data)
             if kind == GOAWAY]
    return codes[-1] if codes else None


# spec-test: protocol/3#http2-floods
def http2__rapid_reset__connection_ended(relay):
    with H2Raw(relay) as h2:
        for _ in range(100):
            batch = []
            for _ in range(50):
                frame = h2.headers()
                batch += [frame, RstStreamFrame(frame.stream_id, error_code=8)]
            if not h2.send(*batch):
                break
        data, is_closed = h2.ended()
        assert is_closed
        assert goaway_code(data) not in (None, 0) or not data


# spec-test: protocol/3#http2-floods
@pytest.mark.parametrize("cause", ["window overflow", "content-length", "no path", "in turn"])
def http2__resets_that_the_peer_provokes__connection_ended(relay, cause):
    """The relay sends each of these resets. 200 and the streams that may be open are allowed."""
    provoke = {
        "window overflow": lambda h2, n: [
            h2.headers("POST", "/v1/m", flags=("END_HEADERS",)),
            WindowUpdateFrame(n, window_increment=0x7fffffff)],
        "content-length": lambda h2, n: [
            h2.headers("POST", "/v1/m", [("content-length", "1")], flags=("END_HEADERS",)),
            DataFrame(n, data=b"xx")],
        "no path": lambda h2, n: [h2.headers(extra=[(":path", "/twice")])],
    }
    causes = list(provoke) if cause == "in turn" else [cause]
    with H2Raw(relay) as h2:
        received = b""
        for turn in range(1000):
            if not h2.send(*provoke[causes[turn % len(causes)]](h2, h2.next_stream)):
                break
            if turn % 50 == 49:
                received += read_until_closed(h2.sock, 0.1)[0]
            if goaway_code(received) is not None:
                break
        received += h2.ended()[0]
        resets = [kind for kind, _, _ in frames_in(received)].count(RST_STREAM)
        assert goaway_code(received) == 11
        assert 200 <= resets <= 300 + 20 * 5  # the budget fills while the test runs


def http2__reset_of_long_polls__slots_come_back(relay):
    with contextlib.closing(open_api(relay)) as api:
        box = api.bound_box()
        for _ in range(10):
            with H2Raw(relay) as h2:
                frames = []
                for _ in range(8):
                    frame = h2.headers("POST", box.path, [
                        (name.lower(), value) for name, value in
                        [(CLAIM, box.recipient)] + wait_headers(1, 20)])
                    frames += [frame, RstStreamFrame(frame.stream_id, error_code=8)]
                h2.send(*frames)
        answer = api.wait(box, box.recipient, 1, 1)
        assert answer.status == 204


def http2__continuation_flood__connection_ended(relay):
    with H2Raw(relay) as h2:
        first = h2.headers(flags=())
        h2.send(first)
        for _ in range(3000):
            frame = ContinuationFrame(first.stream_id)
            frame.data = h2.encoder.encode([("x-a", "b" * 300)])
            if not h2.send(frame):
                break
        _, is_closed = h2.ended()
        assert is_closed


def http2__empty_continuations__connection_ended(relay):
    with H2Raw(relay) as h2:
        first = h2.headers(flags=())
        h2.send(first)
        for _ in range(200):
            if not h2.send(*[ContinuationFrame(first.stream_id) for _ in range(100)]):
                break
        _, is_closed = h2.ended()
        assert is_closed


@pytest.mark.parametrize("name", ["ping", "settings", "priority", "window", "empty data",
                                  "data of a byte", "padded data", "unknown frames", "trailers"])
def http2__flood_of_frames_that_achieve_nothing__ended(relay, name):
    before = metrics(relay)['tigress_refusals_total{reason="flood"}']
    with H2Raw(relay) as h2:
        h2.send(h2.headers("POST", "/v1/m", flags=("END_HEADERS",)))
        trailers = HeadersFrame(1, data=b"\0\1a\0")
        trailers.flags.add("END_HEADERS")
        frame = {
            "ping": PingFrame(0, opaque_data=b"12345678").serialize(),
            "settings": SettingsFrame(0, settings={4: 65535}).serialize(),
            "priority": PriorityFrame(1, depends_on=0, stream_weight=3).serialize(),
            "window": WindowUpdateFrame(0, window_increment=1).serialize(),
            "empty data": DataFrame(1).serialize(),
            "data of a byte": DataFrame(1, data=b"x").serialize(),
            "padded data": b"\0\1\0\0\x08\0\0\0\1\xff" + bytes(255),
            "trailers": trailers.serialize(),
            "unknown frames": b"\0\0\x08\xbe\0\0\0\0\0" + b"x" * 8,
        }[name]
        for _ in range(300):
            if not h2.send_raw(frame * 500):
                break
        data, is_closed = h2.ended()
        assert is_closed
        assert goaway_code(data) in (11, None)  # ENHANCE_YOUR_CALM, where it arrives
    assert metrics(relay)['tigress_refusals_total{reason="flood"}'] == before + 1


def http2__ping_flood_without_reading__memory_bounded(relay):
    before = relay.memory_kib()
    with H2Raw(relay) as h2:
        h2.sock.settimeout(0.5)
        frame = PingFrame(0, opaque_data=b"12345678").serialize() * 1000
        for _ in range(200):
            if not h2.send_raw(frame):
                break
        assert relay.memory_kib() - before < GROWTH_KIB


def http2__header_bomb__bounded(relay):
    """One table entry of 4,000 bytes, referred to thousands of times in each request."""
    with H2Raw(relay) as h2:
        h2.send(h2.headers(extra=[("x-bomb", "b" * 3900)]))
        index = b"\xbe"  # the newest entry of the dynamic table
        for _ in range(200):
            frame = h2.headers(flags=("END_HEADERS", "END_STREAM"))
            frame.data += index * 12000
            if not h2.send(frame):
                break
        h2.ended(2)


def http2__bad_compression__connection_error(relay):
    with H2Raw(relay) as h2:
        frame = h2.headers()
        frame.data = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff"
        h2.send(frame)
        data, is_closed = h2.ended()
        assert is_closed
        assert goaway_code(data) == 9  # COMPRESSION_ERROR


def http2__too_many_streams__refused_not_served(relay):
    with contextlib.closing(open_api(relay)) as api:
        box = api.bound_box()
        with H2Raw(relay) as h2:
            frames = [h2.headers("POST", "/v1/m", flags=("END_HEADERS",)) for _ in range(400)]
            h2.send(*frames)
            data, _ = h2.ended(1)
            refused = {stream for kind, stream, _ in frames_in(data) if kind == RST_STREAM}
            assert refused or goaway_code(data) is not None
        assert api.read(box, box.recipient).status == 200


def http2__window_zero__few_answers_are_held(relay):
    """For a reader that never opens its window the relay buffers at most 1 MiB."""
    with contextlib.closing(open_api(relay)) as api:
        box = api.bound_box(payload={"type": "t", "data": "x" * 60000})
    opened = []
    for _ in range(10):
        h2 = H2Raw(relay, {4: 0})
        opened.append(h2)
        h2.send(*[h2.headers("POST", box.path, [(CLAIM.lower(), box.recipient)])
                  for _ in range(90)])
    with contextlib.closing(open_api(relay)) as api:
        assert api.read(box, box.recipient).status == 200
    for h2 in opened:
        # Its answers are reset after the write timeout, then it is idle.
        data, is_closed = h2.ended(20)
        assert is_closed, "a reader without progress keeps its connection"
        assert sum(kind == RST_STREAM and payload == b"\0\0\0\x08"
                   for kind, _, payload in frames_in(data)) >= 10
        refused = [payload for kind, _, payload in frames_in(data)
                   if kind == RST_STREAM and payload == b"\0\0\0\x07"]
        assert 60 <= len(refused) < 90
        h2.sock.close()


def http2__ninety_small_reads_at_once__all_answered(relay):
    with contextlib.closing(open_api(relay, "h2")) as api:
        box = api.bound_box(payload={"type": "t", "data": "x" * 1000})
        for _ in range(3):
            streams = [api.transport.start("POST", box.path, api.headers(box.recipient, None, []))
                       for _ in range(90)]
            assert {api.transport.finish(stream).status for stream in streams} == {200}


MALFORMED_H2 = {
    "upper-case name": [("X-Upper", "a")],
    "connection header": [("connection", "close")],
    "transfer-encoding": [("transfer-encoding", "chunked")],
    "te": [("te", "gzip")],
    "pseudo header late": [("x-a", "a"), (":path", "/")],
    "pseudo header twice": [(":path", "/x")],
    "unknown pseudo header": [(":unknown", "x")],
    "response pseudo header": [(":status", "200")],
    "line break in a value": [("x-a", "a\r\nx-b: c")],
    "NUL in a value": [("x-a", "a\0b")],
    "space in a name": [("x a", "b")],
    "length without body": [("content-length", "5")],
    "length that is no number": [("content-length", "x")],
    "two lengths": [("content-length", "0"), ("content-length", "1")],
    "two hosts": [("host", "a.example"), ("host", "b.example")],
}


def is_refused(data, stream):
    """The stream was reset, or the connection ended. An answer is not a refusal: the request without its fault
    gets one, a 404."""
    kinds = {kind for kind, number, _ in frames_in(data) if number == stream}
    return kinds == {RST_STREAM} or not kinds and goaway_code(data) not in (None, 0)


@pytest.mark.parametrize("name", list(MALFORMED_H2))
def http2__malformed_request__refused(relay, name):
    with H2Raw(relay) as h2:
        stream = h2.next_stream
        h2.send(h2.headers(extra=MALFORMED_H2[name]))
        data = h2.verdict(stream)
        assert is_refused(data, stream), frames_in(data)


def http2__missing_pseudo_headers__refused(relay):
    for missing in (":method", ":scheme", ":path"):
        with H2Raw(relay) as h2:
            frame = HeadersFrame(1)
            frame.data = h2.encoder.encode([pair for pair in [
                (":method", "GET"), (":scheme", "https"), (":authority", h2.host), (":path", "/")]
                if pair[0] != missing])
            frame.flags = {"END_HEADERS", "END_STREAM"}
            h2.send(frame)
            data = h2.verdict(1)
            assert is_refused(data, 1), (missing, frames_in(data))


BAD_FRAMES = {
    "data on stream 0": b"\0\0\x01\0\0\0\0\0\0x",
    "headers on stream 0": b"\0\0\x01\x01\x05\0\0\0\0\x82",
    "even stream": b"\0\0\x01\x01\x05\0\0\0\x02\x82",
    "settings with 5 bytes": b"\0\0\x05\x04\0\0\0\0\0xxxxx",
    "settings ack with a body": b"\0\0\x06\x04\x01\0\0\0\0xxxxxx",
    "ping with 7 bytes": b"\0\0\x07\x06\0\0\0\0\0xxxxxxx",
    "window increment 0": b"\0\0\x04\x08\0\0\0\0\0\0\0\0\0",
    "window overflow": (b"\0\0\x04\x08\0\0\0\0\0\x7f\xff\xff\xff") * 2,
    "frame over the maximum": b"\x01\0\0\0\0\0\0\0\x01" + b"x" * 65536,
    "continuation without headers": b"\0\0\x01\x09\x04\0\0\0\x01\x82",
    "padding longer than the frame": b"\0\0\x02\0\x08\0\0\0\x01\xffx",
    "push promise": b"\0\0\x05\x05\x04\0\0\0\x01\0\0\0\x02\x82",
    "data on an idle stream": b"\0\0\x01\0\0\0\0\0\x05x",
    "initial window too large": b"\0\0\x06\x04\0\0\0\0\0\0\x04\xff\xff\xff\xff",
    "enable push 2": b"\0\0\x06\x04\0\0\0\0\0\0\x02\0\0\0\x02",
    "garbage": b"\xde\xad\xbe\xef" * 4000,
}


@pytest.mark.parametrize("name", list(BAD_FRAMES))
def http2__frame_against_the_rules__connection_ended(relay, name):
    with H2Raw(relay) as h2:
        h2.send_raw(BAD_FRAMES[name])
        data, is_closed = h2.ended()
        assert is_closed, name
        assert goaway_code(data) != 0


def http2__no_preface__closed(relay):
    context = tigress_transport.tls_context(relay.ca_file, ["h2"])
    with tigress_transport.connect(relay.host, relay.port, context) as sock:
        data, is_closed = exchange(sock, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert is_closed
        assert b"HTTP/1" not in data


def http2__body_over_the_limit__413_and_other_streams_go_on(relay):
    with contextlib.closing(open_api(relay, "h2")) as api:
        box = api.bound_box()
        assert_problem(api.create(b" " * 300_000), 413)
        assert api.read(box, box.recipient).status == 200


def http2__many_unfinished_bodies__honest_ones_served(relay):
    """Bodies that never end use up the connection's share, not the relay's."""
    opened = []
    for _ in range(5):
        h2 = H2Raw(relay)
        opened.append(h2)
        frames = []
        for _ in range(90):
            frame = h2.headers("POST", "/v1/m", flags=("END_HEADERS",))
            body = DataFrame(frame.stream_id, data=b"{" * 500)
            frames += [frame, body]
        h2.send(*frames)
    with contextlib.closing(open_api(relay, "h2")) as api:
        assert api.create().status == 200
    for h2 in opened:
        h2.sock.close()


# ---- many clients -------------------------------------------------------------------------------

# spec-test: protocol/3#rate-limit
# spec-test: protocol/1#retry-after
def rate__over_the_limit__429_with_retry_after(tmp_path):
    relay = make_relay(tmp_path / "rate")
    relay.args = ["--rate", "5", "--rate-burst", "60"]
    with relay, contextlib.closing(open_api(relay)) as api, \
            contextlib.closing(open_api(relay, "h2")) as other:
        for _ in range(10):
            assert api.read(new_id(), new_id()).status == 404

        def until_refused(client):
            return until(lambda: (got := client.read(new_id(), new_id())).status == 429 and got, "a refusal")

        assert_problem(until_refused(api), 429)
        context = tigress_transport.tls_context(relay.ca_file, ["http/1.1"])

        def is_handshake_refused():
            """It costs more than is left, and what is back after two seconds."""
            until_refused(other)
            try:
                tigress_transport.connect(relay.host, relay.port, context).close()
            except OSError:
                return True
            return False

        until(is_handshake_refused, "a refused handshake")
        while (answer := api.read(new_id(), new_id())).status == 429:
            time.sleep(int(answer.header("retry-after")))
        assert answer.status == 404


def connections__over_the_limit__refused_and_recovered(tmp_path):
    with make_relay(tmp_path / "few", args=["--max-connections", "20", "--workers", "1"]) as relay:
        with contextlib.closing(open_api(relay)) as api:
            box = api.new_box()
        until_no_connection(relay)
        socks, refused = [], 0
        for _ in range(40):
            try:
                api = open_api(relay)
                assert api.read(box, box.initiator).status == 200
                socks.append(api)
            except OSError:
                refused += 1
        assert refused == 20
        for sock in socks:
            sock.close()
        until_no_connection(relay)
        with contextlib.closing(open_api(relay)) as api:
            assert api.create().status == 200


def long_polls__over_the_limit__answered_at_once(tmp_path):
    with make_relay(tmp_path / "polls", args=["--max-long-polls", "4"]) as relay:
        with contextlib.closing(open_api(relay)) as api:
            box = api.bound_box()
            threads, answers = [], []

            def poll():
                with contextlib.closing(open_api(relay)) as own:
                    answers.append(own.wait(box, box.recipient, 1, 4).status)

            for _ in range(8):
                threads.append(threading.Thread(target=poll))
                threads[-1].start()
            until(lambda: len(answers) >= 4, "the answers without a wait")
            assert len(answers) < 8, answers
            assert set(answers) <= {204, 429, 503}
            for thread in threads:
                thread.join()


@pytest.mark.soak
def slow__default_deadlines__hold(tmp_path):
    with make_relay(tmp_path / "defaults") as relay:
        context = tigress_transport.tls_context(relay.ca_file, ["http/1.1"])
        with tigress_transport.connect(relay.host, relay.port, context) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n")
            took = drip(sock, b"X: a\r\n", 0.5, 30)
            assert took is not None and 8 < took < 20
        with tigress_transport.connect(relay.host, relay.port, context) as sock:
            sock.sendall(post(b"Content-Length: 60000"))
            took = drip(sock, b" ", 0.5, 60)
            assert took is not None and 15 < took < 45
