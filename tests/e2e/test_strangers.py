# SPDX-License-Identifier: Apache-2.0
"""What one network may hold: connections, long polls and stored bytes, while clients of other networks are served.
The full numbers are in tests/soak/strangers.py."""
import contextlib
import json
import socket
import time

import pytest

import tigress_transport
from conftest import open_api
from memory_attacks import Attacker
from relay_process import Relay, metrics, until
from tigress_client import Api, create_message, new_id, wait_headers

LONG_S = 29 * 86400
GOAWAY = 7


def dial(relay, source, context=None):
    """A connection from an address of the loopback network."""
    sock = socket.socket()
    sock.settimeout(20)
    sock.bind((source, 0))
    sock.connect((relay.host, relay.port))
    return sock if context is None else context.wrap_socket(sock, server_hostname=relay.host)


def refusals(relay, reason):
    return metrics(relay)['tigress_refusals_total{reason="%s"}' % reason]


def get(sock):
    sock.sendall(b"GET / HTTP/1.1\r\nHost: r\r\n\r\n")
    return sock.recv(65536)[9:12]


def count_served(relay, context, sources):
    served = 0
    for source in sources:
        with contextlib.suppress(OSError):
            with dial(relay, source, context) as sock:
                served += get(sock) == b"404"
    return served


OTHERS = [f"127.{i}.7.1" for i in range(1, 25)]


# spec-test: protocol/3#places
@pytest.mark.parametrize("limit", [["--max-connections", "250"], ["--max-connections", "20000"]])
def idle_connections__of_one_address__24_of_24_others_served(tmp_path, limit):
    """At the cap, and where descriptors run out before it."""
    relay = Relay(tmp_path / "r", store="memory:", args=["--workers", "2", *limit])
    with relay, contextlib.ExitStack() as stack:
        if limit[1] == "20000":
            import resource
            used = len(list((relay_fds(relay)).iterdir()))
            resource.prlimit(relay.pid, resource.RLIMIT_NOFILE, (used + 200, used + 200))
        context = tigress_transport.tls_context(relay.ca_file, ["http/1.1"])
        for _ in range(260):
            with contextlib.suppress(OSError):
                stack.enter_context(dial(relay, "127.0.0.1", context))
        assert count_served(relay, context, OTHERS) == len(OTHERS)
        assert refusals(relay, "evicted_connections") >= 10


# spec-test: protocol/3#places
def evicted__http2__goaway_is_sent(tmp_path):
    relay = Relay(tmp_path / "r", store="memory:", args=["--workers", "1", "--max-connections", "20"])
    with relay, Attacker(relay, "127.0.0.1") as attacker:
        first = attacker.http2()
        others = [Attacker(relay, "127.0.0.1") for _ in range(25)]
        with contextlib.ExitStack() as stack:
            for other in others:
                stack.enter_context(other).http2()
            for source in OTHERS:
                stack.enter_context(Attacker(relay, source)).http2()
            until(lambda: refusals(relay, "evicted_connections") >= 10, "evictions")
            received = b""
            with contextlib.suppress(OSError):
                while part := first.recv(65536):
                    received += part
    kinds = []
    while len(received) >= 9:
        kinds.append(received[3])
        received = received[9 + int.from_bytes(received[:3], "big"):]
    assert kinds and kinds[-1] == GOAWAY


def relay_fds(relay):
    import pathlib
    return pathlib.Path(f"/proc/{relay.pid}/fd")


# spec-test: protocol/3#places
def long_polls__of_one_address_at_the_limit__others_wait_too(tmp_path):
    relay = Relay(tmp_path / "r", store="memory:", args=["--max-long-polls", "40"])
    with relay, contextlib.ExitStack() as stack:
        context = tigress_transport.tls_context(relay.ca_file, ["http/1.1"])
        with contextlib.closing(open_api(relay)) as api:
            box = api.new_box()

        def poll(source):
            sock = stack.enter_context(dial(relay, source, context))
            head = "".join(f"{k}: {v}\r\n" for k, v in wait_headers(1, 50))
            sock.sendall((f"POST {box.path} HTTP/1.1\r\nHost: r\r\nContent-Length: 0\r\n"
                          f"Mailbox-Device-Claim: {box.initiator}\r\n{head}\r\n").encode())
            return sock

        for _ in range(40):
            poll("127.0.0.1")
        until(lambda: metrics(relay)["tigress_long_polls"] == 40, "the long polls")
        others = [poll(source) for source in OTHERS[:5]]
        until(lambda: refusals(relay, "evicted_long_polls") == 5, "room for the others")
        with contextlib.closing(open_api(relay)) as api:
            assert api.update(box, box.initiator).status == 200
        assert [sock.recv(65536)[9:12] for sock in others] == [b"200"] * 5


# spec-test: protocol/3#stored-bytes-for-a-time
def stored_bytes__of_one_network__429_and_others_store(tmp_path):
    relay = Relay(tmp_path / "r", is_plain=True, store="memory:",
                  args=["--trusted-proxies", "127.0.0.1", "--mailboxes-per-day", "100"])
    payload = {"type": "t", "data": "x" * 50000}
    with relay, contextlib.closing(open_api(relay)) as api:
        def create(client, life_s, size=None):
            message = create_message(expires_s=life_s, payload=size or payload)
            return api.create(message, extra=[("X-Forwarded-For", client)])

        statuses = [create("192.0.2.1", LONG_S).status for _ in range(10)]
        assert statuses[0] == 200 and statuses[-1] == 429  # 3.7 mailboxes for 14.5 times the default
        assert int(create("192.0.2.1", LONG_S).header("retry-after")) > 1000
        small = {"type": "t", "data": "x"}
        assert create("198.51.100.1", 3600, small).status == 200
        assert [create(f"2001:db8:7:{i:x}::1", LONG_S).status for i in range(40)].count(200) < 10
        assert create("2001:db8:8::1", 3600, small).status == 200
        assert refusals(relay, "stored") >= 30


# spec-test: protocol/3#longest-lives-first
def store__fills_up__long_lifetimes_refused_first(tmp_path):
    relay = Relay(tmp_path / "r", is_plain=True, store="memory:",
                  args=["--mailboxes-max", "20", "--mailboxes-per-day", "0"])
    with relay, contextlib.closing(open_api(relay)) as api:
        def create(life_s):
            return api.create(create_message(expires_s=life_s))

        assert [create(LONG_S).status for _ in range(11)] == [200] * 11
        answer = create(LONG_S)
        assert answer.status == 503 and answer.header("retry-after") == "300"
        assert json.loads(answer.body)["status"] == 503
        assert [create(47 * 3600).status for _ in range(9)] == [200] * 9
        assert create(3600).status == 503
        assert refusals(relay, "filling") >= 1
