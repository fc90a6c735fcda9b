# SPDX-License-Identifier: Apache-2.0
"""Section 1.1: TLS, ALPN and the first steps of HTTP/2."""
import ssl

from ..expect import status, that
from ..http1 import BadAnswer
from ..http2 import PREFACE, Http2
from ..registry import NotApplicable, check
from ..relay import new_id, wait_headers

GOAWAY_INADEQUATE_SECURITY = 12


def needs_tls(relay):
    if not relay.is_tls:
        raise NotApplicable("the relay is tested over plain HTTP")


def handshake(relay, context):
    """(protocol, ALPN) of one handshake, or None if the relay refuses it."""
    relay.pace.take()
    try:
        connection = relay.connect(context)
    except (ssl.SSLError, ConnectionError):
        return None
    return connection.sock.version(), connection.sock.selected_alpn_protocol()


def described(got):
    return "the handshake is refused" if got is None else f"{got[0]} with ALPN {got[1]}"


@check("1.1", "TLS: a handshake with TLS 1.2 or 1.3 succeeds, and the certificate is valid",
       draft="API connection details")
def tls_current(relay):
    needs_tls(relay)
    got = handshake(relay, relay.tls_context())
    that(got and got[0] in ("TLSv1.2", "TLSv1.3"), "TLS 1.2 or 1.3", described(got))


@check("1.1", "TLS: versions before 1.2 are refused")
def tls_old(relay):
    needs_tls(relay)
    context = relay.tls_context(alpn=None)
    try:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    except (ssl.SSLError, ValueError):
        raise NotApplicable("this machine's TLS library has no version before 1.2") from None
    got = handshake(relay, context)
    that(got is None, "a refused handshake for TLS 1.1", described(got))


@check("1.1", "TLS: X25519, P-256 and P-384 are accepted for the exchange of keys")
def tls_groups(relay):
    needs_tls(relay)
    for group, name in (("X25519", "X25519"), ("prime256v1", "P-256"), ("secp384r1", "P-384")):
        context = relay.tls_context()
        try:
            context.set_ecdh_curve(group)
        except (ValueError, ssl.SSLError):
            continue
        got = handshake(relay, context)
        that(got is not None, f"a handshake when the client offers only {name}", described(got))


@check("1.1", "TLS: HTTP/1.1 is served, with and without ALPN")
def alpn_http1(relay):
    needs_tls(relay)
    for alpn in (("http/1.1",), None):
        got = handshake(relay, relay.tls_context(alpn))
        that(got and got[1] in ("http/1.1", None), f"HTTP/1.1 for ALPN {alpn or 'none'}", described(got))


@check("1.1", "TLS: a plain HTTP request to the TLS port gets no mailbox",
       draft="Security Considerations")
def plain_request(relay):
    needs_tls(relay)
    box = relay.new_box()
    relay.pace.take()
    connection = relay.connect(None)
    connection.send(relay.head("GET", box.path, [], None), relay.until())
    try:
        answer = connection.read_answer("GET", relay.until(5))
    except (BadAnswer, TimeoutError):
        return
    that(answer.status >= 400, "an error or a closed connection", answer)


@check("1.1", "TLS: a plain HTTP request to the TLS port is a 400 that says HTTPS, and the connection closes")
def plain_request_400(relay):
    needs_tls(relay)
    relay.pace.take()
    connection = relay.connect(None)
    connection.send(relay.head("GET", "/v1/m", [], None), relay.until())
    answer = connection.read_answer("GET", relay.until())
    status(answer, 400, "plain HTTP on the TLS port")
    that(b"HTTPS" in answer.body.upper(), "a body that says that the port speaks HTTPS", answer)
    that(connection.is_closed_by_peer(relay.until(10)), "a closed connection", "it stays open")


@check("1.1", "TLS: a plain HTTP/2 preface to the TLS port gets GOAWAY INADEQUATE_SECURITY")
def plain_preface(relay):
    needs_tls(relay)
    relay.pace.take()
    connection = relay.connect(None)
    connection.send(PREFACE + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]), relay.until())
    while connection.receive(relay.until()):
        pass
    data = connection.buffer
    at = next((at for at in range(0, len(data) - 16) if data[at + 3] == 7 and data[at + 5:at + 9] == bytes(4)), None)
    that(at is not None, "a GOAWAY frame", f"{len(data)} bytes without one")
    code = int.from_bytes(data[at + 13:at + 17], "big")
    that(code == GOAWAY_INADEQUATE_SECURITY, "the error INADEQUATE_SECURITY (12)", f"the error {code}")


def http2(relay):
    """A connection with HTTP/2, if the relay offers it."""
    needs_tls(relay)
    relay.pace.take()
    connection = relay.connect(relay.tls_context(("h2", "http/1.1")))
    if connection.sock.selected_alpn_protocol() != "h2":
        raise NotApplicable("the relay does not offer HTTP/2, which is a SHOULD")
    return Http2(connection, relay.authority, relay.until())


def h2_read(client, relay, path, claim, headers=()):
    relay.pace.take()
    return client.send("POST", path, relay.headers(claim, None, headers), None, relay.until())


@check("1.1", "HTTP/2: a read is answered as over HTTP/1.1")
def http2_same_answer(relay):
    client = http2(relay)
    box = relay.new_box()
    got = client.answer(h2_read(client, relay, box.path, box.recipient), relay.until())
    unknown = client.answer(h2_read(client, relay, "/v1/m/" + new_id(), box.recipient), relay.until())
    status(got, 200, "a read over HTTP/2")
    other = relay.read(box, box.recipient)
    that(got.json() == other.json(), f"the body of HTTP/1.1: {other.described()}", got)
    status(unknown, 404, "a read of an unknown mailbox over HTTP/2")


@check("1.1", "HTTP/2: a long poll does not hold up another stream")
def http2_streams(relay):
    client = http2(relay)
    box = relay.bound_box()
    waiting = h2_read(client, relay, box.path, box.recipient, wait_headers(1, 8))
    other = h2_read(client, relay, box.path, box.initiator)
    that(client.has_answer(other, 6), "an answer to a read beside a long poll on one connection", "none within 6 s")
    status(client.answer(other, relay.until()), 200, f"a read on stream {other} while stream {waiting} waits")
