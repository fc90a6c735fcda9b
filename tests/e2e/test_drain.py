# SPDX-License-Identifier: Apache-2.0
"""Stopping a relay while clients connect and send. Each request is answered, or its connection ends and the request
had no effect. A relay that SIGSTOP holds gets SIGTERM together with what clients have sent meanwhile, so that the
order of events does not depend on time."""
import contextlib
import signal
import socket
import ssl
import threading
import urllib.error
import urllib.request

import pytest

import tigress_transport
from conftest import make_relay, open_api
from relay_process import metrics, until, until_long_polls
from tigress_client import CLAIM, REQUEST_ID, create_message, encode, new_id, wait_headers
from tigress_transport import read_until_closed


class Create:
    """One CreateMailbox as bytes, and what became of it."""

    def __init__(self):
        self.claim, self.request_id = new_id(), new_id()
        self.body = encode(create_message())
        self.bytes = (f"POST /v1/m HTTP/1.1\r\nHost: x\r\n{CLAIM}: {self.claim}\r\n"
                      f"{REQUEST_ID}: {self.request_id}\r\nContent-Type: application/json\r\n"
                      f"Content-Length: {len(self.body)}\r\n\r\n").encode() + self.body

    def status_after(self, api):
        """201: the mailbox was made. 200: it is made only now."""
        return api.create(self.body, self.claim, self.request_id).status


def is_answered(data):
    assert data == b"" or data.startswith(b"HTTP/1.1 200"), data[:200]
    return data != b""


def assert_effects(relay, outcomes):
    """outcomes: [(create, whether it was answered)]. Starts the relay again and asks."""
    with relay, contextlib.closing(open_api(relay)) as api:
        for create, answered in outcomes:
            assert create.status_after(api) == (201 if answered else 200)


def dial(relay):
    sock = socket.create_connection((relay.host, relay.port), 20)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def stop_with(relay):
    """The relay finds SIGTERM and everything that was sent at the same time."""
    relay.signal(signal.SIGTERM)
    relay.signal(signal.SIGCONT)


def drain_begun(relay):
    until(lambda: b"server.draining" in relay.output("stderr"), "the drain")


class Held:
    """A request whose body is not complete: it keeps the relay draining."""

    def __init__(self, relay):
        self.create = Create()
        self.sock = dial(relay)
        head, body = self.create.bytes.split(b"\r\n\r\n", 1)
        self.rest = body
        self.sock.sendall(head + b"\r\nExpect: 100-continue\r\n\r\n")
        assert self.sock.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"

    def finish(self):
        self.sock.sendall(self.rest)
        data, _ = read_until_closed(self.sock, 20)
        self.sock.close()
        assert is_answered(data)
        return self.create, True


# ---- what had arrived before the drain ----------------------------------------------------------

@pytest.mark.parametrize("workers", ["1", "3"])
def backlog__connections_not_yet_accepted__answered(tmp_path, workers):
    relay = make_relay(tmp_path / "r", "plain-lmdb", args=["--workers", workers]).start()
    relay.signal(signal.SIGSTOP)
    creates = [Create() for _ in range(60)]
    socks = [dial(relay) for _ in creates]
    for sock, create in zip(socks, creates):
        sock.sendall(create.bytes)
    stop_with(relay)
    outcomes = [(create, is_answered(read_until_closed(sock, 30)[0]))
                for sock, create in zip(socks, creates)]
    relay.wait_stopped()
    assert all(answered for _, answered in outcomes)
    assert_effects(relay, outcomes)


def backlog__with_tls__handshakes_finished_and_answered(tmp_path):
    relay = make_relay(tmp_path / "r", args=["--workers", "2"]).start()
    relay.signal(signal.SIGSTOP)
    context = tigress_transport.tls_context(relay.ca_file, ["http/1.1"])
    creates = [Create() for _ in range(20)]
    socks = [dial(relay) for _ in creates]
    outcomes = []

    def visit(sock, create):
        with context.wrap_socket(sock, server_hostname=relay.host) as inside:
            inside.sendall(create.bytes)
            outcomes.append((create, is_answered(read_until_closed(inside, 30)[0])))

    threads = [threading.Thread(target=visit, args=pair) for pair in zip(socks, creates)]
    for thread in threads:
        thread.start()
    stop_with(relay)
    for thread in threads:
        thread.join(40)
    relay.wait_stopped()
    assert len(outcomes) == len(creates) and all(answered for _, answered in outcomes)
    assert_effects(relay, outcomes)


def unread_bytes__on_kept_connections__answered_and_closed(tmp_path):
    relay = make_relay(tmp_path / "r", "plain-lmdb", args=["--workers", "2"]).start()
    socks = [dial(relay) for _ in range(20)]
    for sock in socks:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 404")
    relay.signal(signal.SIGSTOP)
    creates = [Create() for _ in socks]
    for sock, create in zip(socks, creates):
        sock.sendall(create.bytes)
    stop_with(relay)
    outcomes = []
    for sock, create in zip(socks, creates):
        # A worker may answer before it learns of the stop, so not each answer says that it is the last.
        data, is_closed = read_until_closed(sock, 30)
        assert is_closed
        outcomes.append((create, is_answered(data)))
    relay.wait_stopped()
    assert all(answered for _, answered in outcomes)
    assert_effects(relay, outcomes)


def unread_bytes__pipelined__first_answered_and_the_rest_without_effect(tmp_path):
    relay = make_relay(tmp_path / "r", "plain-lmdb").start()
    with dial(relay) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 404")
        relay.signal(signal.SIGSTOP)
        creates = [Create() for _ in range(5)]
        sock.sendall(b"".join(create.bytes for create in creates))
        stop_with(relay)
        data, _ = read_until_closed(sock, 30)
    relay.wait_stopped()
    count = data.count(b"HTTP/1.1 200")
    assert count >= 1
    assert_effects(relay, [(create, i < count) for i, create in enumerate(creates)])


def unread_bytes__streams_of_http2__answered(tmp_path):
    relay = make_relay(tmp_path / "r").start()
    api = open_api(relay, "h2")
    assert api.create().status == 200
    relay.signal(signal.SIGSTOP)
    creates = [Create() for _ in range(8)]
    streams = [api.transport.start("POST", "/v1/m", [
        (CLAIM, c.claim), (REQUEST_ID, c.request_id), ("content-type", "application/json")],
        c.body) for c in creates]
    stop_with(relay)
    outcomes = [(create, api.transport.finish(stream).status == 200)
                for create, stream in zip(creates, streams)]
    api.close()
    relay.wait_stopped()
    assert all(answered for _, answered in outcomes)
    assert_effects(relay, outcomes)


def half_a_request__that_never_ends__closed_at_the_timeout_without_effect(tmp_path):
    relay = make_relay(tmp_path / "r", "plain-lmdb", args=["--drain-timeout", "1s"]).start()
    held = Held(relay)
    held.sock.sendall(held.rest[:20])
    relay.signal(signal.SIGTERM)
    data, _ = read_until_closed(held.sock, 20)
    assert data == b""
    relay.wait_stopped(expect=1)  # it says that it had to cut a connection
    assert_effects(relay, [(held.create, False)])


# ---- what comes during the drain ----------------------------------------------------------------

@pytest.mark.parametrize("kind", ["plain-lmdb", "tls-lmdb"])
def kept_connections__that_send_during_the_drain__answered_or_without_effect(tmp_path, kind):
    relay = make_relay(tmp_path / "r", kind, args=["--workers", "2"]).start()
    context = None if relay.is_plain else tigress_transport.tls_context(relay.ca_file, ["http/1.1"])
    outcomes, lock = [], threading.Lock()
    ready = threading.Barrier(9)

    def work():
        sock = tigress_transport.connect(relay.host, relay.port, context)
        ready.wait(60)
        while True:
            create, data = Create(), b""
            with contextlib.suppress(OSError):
                sock.sendall(create.bytes)
                data = sock.recv(65536)
            with lock:
                outcomes.append((create, is_answered(data)))
            if not data:
                sock.close()
                return
            if b"connection: close" in data.lower():
                data, _ = read_until_closed(sock, 20)
                assert data == b""
                return

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    ready.wait(60)
    until(lambda: len(outcomes) > 40, "load")
    relay.signal(signal.SIGTERM)
    for thread in threads:
        thread.join(60)
    relay.wait_stopped()
    assert sum(answered for _, answered in outcomes) > 40
    assert_effects(relay, outcomes)


def new_connections__during_the_drain__refused(tmp_path):
    relay = make_relay(tmp_path / "r", "plain-lmdb", args=["--workers", "2"]).start()
    held = Held(relay)
    relay.signal(signal.SIGTERM)
    drain_begun(relay)

    def is_refused():
        try:
            with dial(relay) as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                data, _ = read_until_closed(sock, 20)
                assert data == b"" or data.startswith(b"HTTP/1.1 404")
                return False
        except ConnectionRefusedError:
            return True
        except OSError:
            return False

    until(is_refused, "the refusal of every worker")
    assert is_refused()
    outcome = held.finish()
    relay.wait_stopped()
    assert_effects(relay, [outcome])


def connections__made_while_sigterm_arrives__each_answered_or_without_effect(tmp_path):
    relay = make_relay(tmp_path / "r", "plain-lmdb", args=["--workers", "2"]).start()
    outcomes, lock = [], threading.Lock()

    def work():
        while True:
            create, data = Create(), b""
            try:
                with dial(relay) as sock:
                    sock.sendall(create.bytes)
                    data = sock.recv(65536)
            except ConnectionRefusedError:
                return
            except OSError:
                pass
            with lock:
                outcomes.append((create, is_answered(data)))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    until(lambda: len(outcomes) > 60, "load")
    relay.signal(signal.SIGTERM)
    for thread in threads:
        thread.join(60)
    relay.wait_stopped()
    assert_effects(relay, outcomes)


# ---- what operators see -------------------------------------------------------------------------

def page(relay, path):
    """The status; 0: nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{relay.admin_port}{path}", timeout=20) as got:
            return got.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def readyz__during_the_drain__503_until_the_end(tmp_path):
    relay = make_relay(tmp_path / "r", "plain-lmdb", args=["--workers", "3"]).start()
    assert page(relay, "/readyz") == 200
    held = Held(relay)
    relay.signal(signal.SIGTERM)
    drain_begun(relay)
    for _ in range(3):
        assert page(relay, "/readyz") == 503
        assert page(relay, "/healthz") == 200
    assert metrics(relay)["tigress_requests_in_flight"] == 1
    outcome = held.finish()
    relay.wait_stopped()
    assert page(relay, "/readyz") == 0
    assert_effects(relay, [outcome])


def admin_connections__kept_open__do_not_hold_up_the_end(tmp_path):
    relay = make_relay(tmp_path / "r", "plain-lmdb", args=["--drain-timeout", "60s"]).start()
    with socket.create_connection(("127.0.0.1", relay.admin_port), 20) as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")
        relay.stop()


def long_polls__during_the_drain__answered_and_their_connections_closed(tmp_path):
    relay = make_relay(tmp_path / "r", args=["--workers", "2"]).start()
    with contextlib.closing(open_api(relay)) as api:
        box = api.bound_box()
    apis = [open_api(relay, name) for name in ("h1", "h2") * 3]
    answers = []

    def poll(own):
        answers.append(own.wait(box, box.recipient, 1, 30).status)

    threads = [threading.Thread(target=poll, args=(own,)) for own in apis]
    for thread in threads:
        thread.start()
    until_long_polls(relay, len(apis))
    relay.stop()
    for thread in threads:
        thread.join(20)
    assert answers == [204] * len(apis)
    for own in apis:
        with contextlib.suppress(OSError, ssl.SSLError):
            own.close()
