# SPDX-License-Identifier: Apache-2.0
"""The transport against relays that misbehave, on loopback."""
import contextlib
import dataclasses
import socket
import threading
import time

import pytest

import tigress
from tigress import Input, Want

MAILBOX = "9d7e6f0c-6a8e-4f4e-9b7a-0c4b6b0c2f11"
MESSAGE = {"format": "x", "content": {}}


def answer(status="200 OK", body=b"", *headers):
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


class FakeRelay(contextlib.ExitStack):
    """Each connection is one list of answers, given in turn; then it is closed."""

    def __init__(self, *connections):
        super().__init__()
        self.connections, self.requests, self.accepted = list(connections), [], 0
        self.listener = self.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.listener.settimeout(10)
        self.origin = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.created = answer("200 OK", (
            f'{{"urlLink":"{self.origin}/v1/m/{MAILBOX}","isPushNotificationSupported":false}}'
        ).encode(), "Mailbox-Version: 1")
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        for answers in self.connections:
            with contextlib.suppress(OSError):
                sock, _ = self.listener.accept()
                self.accepted += 1
                sock.settimeout(10)
                with sock:
                    for said in answers:
                        self.take(sock)
                        for part in (said if isinstance(said, list) else [said]):
                            if isinstance(part, float):
                                time.sleep(part)
                            else:
                                sock.sendall(self.created if part == "created" else part)

    def take(self, sock):
        held = b""
        while b"\r\n\r\n" not in held:
            got = sock.recv(65536)
            if not got:
                raise OSError("closed")
            held += got
        head, body = held.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        while len(body) < int(headers.get("Content-Length", 0)):
            body += sock.recv(65536)
        self.requests.append((lines[0], headers, body))


@contextlib.contextmanager
def initiator(origin, **options):
    with tigress.Initiator(origin, MESSAGE) as session, \
            tigress.Transport(session, **options) as transport:
        session.set_tries(1)
        session.confirm_intent()
        yield session, transport


@pytest.mark.parametrize("said, error", [
    (b"", tigress.NetworkError), (b"nonsense\r\n\r\n", tigress.ProtocolError),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", tigress.NetworkError),
    (answer("200 OK", b"x" * 300000), tigress.ProtocolError),
    (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000 + b"\r\n\r\n", tigress.ProtocolError),
    (answer("302 Found", b"", "Location: http://127.0.0.1:1/"), None),
    (answer("503 Busy", b"", "Retry-After: 7"), tigress.UnavailableError),
    (answer("999 No", b""), tigress.ProtocolError)],
    ids=["closed", "no-http", "cut", "too-large", "long-header", "redirect", "busy", "status"])
def answers__misshapen__an_error_of_the_session_and_no_exception(said, error):
    with FakeRelay([said], []) as relay, initiator(relay.origin) as (session, transport):
        assert transport.run() is Want.FAILED
        assert error is None or isinstance(session.error, error), repr(session.error)
        assert len(relay.requests) == 1


def request__on_the_wire__holds_no_header_that_could_link_two_transfers():
    with FakeRelay(["created"]) as relay, initiator(relay.origin) as (session, transport):
        assert transport.run() is Want.INPUT and session.input is Input.CREATED
        line, headers, body = relay.requests[0]
        assert line == "POST /v1/m HTTP/1.1"
        assert {"Host", "Mailbox-Request-ID", "Mailbox-Device-Claim", "Content-Type",
                "Content-Length"} == set(headers) - {"Accept"}
        assert body.startswith(b"{")


def connection__kept__used_again():
    with FakeRelay(["created", answer("200 OK")]) as relay, \
            initiator(relay.origin) as (session, transport):
        assert transport.run() is Want.INPUT
        session.cancel()
        assert transport.run() is Want.DONE
        assert (relay.accepted, len(relay.requests)) == (1, 2)


def connection__closed_by_the_relay_meanwhile__repeated_on_a_new_one_at_once():
    with FakeRelay(["created"], [answer("200 OK")]) as relay, \
            initiator(relay.origin) as (session, transport):
        assert transport.run() is Want.INPUT
        relay.thread.join(0.3)
        session.cancel()
        assert transport.run() is Want.DONE
        assert relay.accepted == 2 and session.failures == 0


def two_sessions__one_process__two_connections():
    with FakeRelay(["created"], ["created"]) as relay:
        claims = set()
        for _ in range(2):
            with initiator(relay.origin) as (_, transport):
                assert transport.run() is Want.INPUT
            claims.add(relay.requests[-1][1]["Mailbox-Device-Claim"])
        assert relay.accepted == 2 and len(claims) == 2


def relay__drips__given_up_at_the_deadline():
    drip = [b"HTTP/1.1 200 OK\r\n"] + [0.2, b"X: y\r\n"] * 30
    with FakeRelay([drip]) as relay, initiator(relay.origin) as (session, transport):
        assert session.step() is Want.HTTP
        real = session.request
        session.request = lambda: dataclasses.replace(real(), timeout_s=1)
        began = time.monotonic()
        transport.perform()
        assert 0.9 < time.monotonic() - began < 3
        assert session.step() is Want.FAILED and isinstance(session.error, tigress.NetworkError)


def relay__not_listening__network_error():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with initiator(f"http://127.0.0.1:{port}") as (session, transport):
        assert transport.run() is Want.FAILED
        assert isinstance(session.error, tigress.NetworkError)


def certificate__of_an_unknown_authority__tls_error_and_nothing_sent(relay):
    with initiator(relay.origin) as (session, transport):
        assert transport.run() is Want.FAILED
        assert isinstance(session.error, tigress.RelayTlsError)
    with initiator(relay.origin, ca_file=relay.ca_file) as (session, transport):
        assert transport.run() is Want.INPUT


@pytest.mark.parametrize("how", ["progress", "until"])
def run__stopped_while_it_waits__intact_and_continues(sides, how):
    alice, bob = sides.pair(rights="RWD")
    alice.session.wait()
    began = time.monotonic()
    if how == "until":
        want = alice.transport.run(until_s=time.time() + 1)
    else:
        calls = []
        with tigress.Transport(alice.session, ca_file=sides.relay.ca_file,
                               progress=lambda s, d: bool(calls.append(d)) or len(calls) < 3) as own:
            want = own.run()
        assert calls == [Want.HTTP] * 3
    assert want in (Want.HTTP, Want.WAIT) and time.monotonic() - began < 4
    assert alice.session.failures == 0
    bob.session.send(MESSAGE)
    bob.run(Input.SENT)
    alice.run(Input.MESSAGE)


def callback__raises__the_exception_is_raised_and_the_session_is_intact(sides):
    alice, bob = sides.pair(rights="RWD")
    alice.session.wait()

    def interrupt(_session, _doing):
        raise KeyboardInterrupt
    with tigress.Transport(alice.session, ca_file=sides.relay.ca_file, progress=interrupt) as own:
        with pytest.raises(KeyboardInterrupt):
            own.run()
    bob.session.send(MESSAGE)
    bob.run(Input.SENT)
    alice.run(Input.MESSAGE)
