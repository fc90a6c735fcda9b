# SPDX-License-Identifier: Apache-2.0
"""Many devices read a mailbox at the same moment: exactly one becomes the recipient."""
import selectors
import time

import pytest

import tigress_transport
from conftest import make_relay, open_api
from tigress_client import CLAIM, new_id

DEVICES = 64
ROUNDS = 100


@pytest.fixture(scope="module", params=["tls-lmdb", "tls-memory"])
def relay2(request, tmp_path_factory):
    """Two workers, so that requests really run at the same time."""
    folder = tmp_path_factory.mktemp("race")
    with make_relay(folder, request.param, ["--workers", "2"]) as running:
        yield running


def prebuilt(path, claim, host):
    return (f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{CLAIM}: {claim}\r\n"
            "Content-Length: 0\r\n\r\n").encode()


def is_complete(data):
    head, mark, body = data.partition(b"\r\n\r\n")
    if not mark:
        return False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return len(body) >= int(value)
    return False


def collect(socks, timeout=20):
    """One response from each socket: list of (status, bytes)."""
    answers = {}
    buffers = {sock: b"" for sock in socks}
    selector = selectors.DefaultSelector()
    for sock in socks:
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ)
    until = time.monotonic() + timeout
    while len(answers) < len(socks):
        assert time.monotonic() < until, f"{len(socks) - len(answers)} devices got no answer"
        for key, _ in selector.select(1):
            sock = key.fileobj
            try:
                while True:
                    part = sock.recv(65536)
                    assert part, "closed without an answer"
                    buffers[sock] += part
                    if not sock.pending():
                        break
            except (BlockingIOError, tigress_transport.ssl.SSLWantReadError):
                pass
            if is_complete(buffers[sock]):
                answers[sock] = (int(buffers[sock].split(b" ", 2)[1]), buffers[sock])
                selector.unregister(sock)
    selector.close()
    for sock in socks:
        sock.setblocking(True)
    return [answers[sock] for sock in socks]


# spec-test: protocol/3#first-read-binds
# spec-test: protocol/3#third-device-refused
def race__64_first_reads_100_times__one_winner_each_time(relay2):
    api = open_api(relay2)
    context = tigress_transport.tls_context(relay2.ca_file, ["http/1.1"])
    socks = [tigress_transport.connect(relay2.host, relay2.port, context)
             for _ in range(DEVICES)]
    host = f"{relay2.host}:{relay2.port}"
    rounds = ROUNDS if relay2.store is None else ROUNDS // 4
    for index in range(rounds):
        box = api.new_box()
        claims = [new_id() for _ in socks]
        requests = [prebuilt(box.path, claim, host) for claim in claims]
        for sock, request in zip(socks[index % DEVICES:] + socks[:index % DEVICES], requests):
            sock.sendall(request)
        answers = collect(socks[index % DEVICES:] + socks[:index % DEVICES])
        statuses = [status for status, _ in answers]
        assert statuses.count(200) == 1, statuses
        assert statuses.count(401) == DEVICES - 1, statuses
        winner = claims[statuses.index(200)]
        assert api.read(box, winner).status == 200
        loser = claims[(statuses.index(200) + 1) % DEVICES]
        assert api.read(box, loser).status == 401
    for sock in socks:
        sock.close()
    api.close()


def race__64_updates_with_one_expected_version__one_accepted(relay2):
    api = open_api(relay2, "h2")
    carrier = api.transport
    box = api.bound_box()
    for version in range(1, 6):
        body = b'{"payload":{"type":"t","data":"d"}}'
        streams = [carrier.start("PUT", box.path, api.headers(
            box.recipient, new_id(), [("If-Match", f'"{version}"')], body), body)
            for _ in range(DEVICES)]
        statuses = [carrier.finish(stream).status for stream in streams]
        assert statuses.count(200) == 1, statuses
        assert statuses.count(412) == DEVICES - 1, statuses
    api.close()


def race__64_equal_creates__one_mailbox(relay2):
    """The same request id and claim at the same time: one mailbox is created, the other answers are 201."""
    api = open_api(relay2, "h2")
    carrier = api.transport
    from tigress_client import create_message, encode
    claim, request_id, body = new_id(), new_id(), encode(create_message())
    streams = [carrier.start("POST", "/v1/m", api.headers(claim, request_id, [], body), body)
               for _ in range(DEVICES)]
    answers = [carrier.finish(stream) for stream in streams]
    statuses = [answer.status for answer in answers]
    assert statuses.count(200) == 1 and statuses.count(201) == DEVICES - 1, statuses
    assert len({answer.json()["urlLink"] for answer in answers}) == 1
    api.close()
