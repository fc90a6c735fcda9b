# SPDX-License-Identifier: Apache-2.0
"""TLS from an attacker: records that bring nothing, handshakes in pieces. Each flood ends the connection and is
counted, a client that stays within the bounds notices nothing, and others are served."""
import concurrent.futures
import contextlib
import os
import socket
import ssl
import subprocess
import time

import pytest

import tigress_transport
import tls12_records
from conftest import make_relay, open_api
from relay_process import Relay, bin_dir, metrics, until
from tigress_client import CLAIM, REQUEST_ID, create_message, encode, new_id

FLOOD = 'tigress_refusals_total{reason="flood"}'
NO_RENEGOTIATION = b"\x01\x64"  # a warning
SILENT_RECORDS_MAX = 32     # records without data after the handshake
HANDSHAKE_RECORDS_MAX = 64
HANDSHAKE_BYTES_MAX = 32768
TLS_FLOOD = os.path.join(bin_dir(), "tests", "e2e", "tls_flood")


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    args = ["--workers", "1", "--handshake-timeout", "20s"]
    with make_relay(tmp_path_factory.mktemp("floods"), args=args) as running:
        yield running


@pytest.fixture(autouse=True)
def honest_client_unharmed(relay):
    yield
    assert relay.is_alive()
    for transport in ("h1", "h2"):
        with contextlib.closing(open_api(relay, transport)) as api:
            box = api.bound_box()
            assert api.delete(box, box.recipient).status == 200


def floods(relay):
    return metrics(relay)[FLOOD]


# ---- after the handshake ------------------------------------------------------------------------

def flood(relay, mode, count):
    """(how many messages went out, the first line of the answer to a request after them)."""
    got = subprocess.run([TLS_FLOOD, str(relay.port), mode, str(count)],
                         capture_output=True, timeout=60, check=True)
    sent, answer = got.stdout.decode().splitlines()
    return int(sent), answer


@pytest.mark.parametrize("mode", ["key-update", "key-update-answered"])
def key_updates__as_many_as_a_client_needs__served(relay, mode):
    before = floods(relay)
    sent, answer = flood(relay, mode, SILENT_RECORDS_MAX)
    assert sent == SILENT_RECORDS_MAX
    assert answer.startswith("HTTP/1.1 404")
    assert floods(relay) == before


# spec-test: protocol/3#tls-records
@pytest.mark.parametrize("mode,count", [("key-update", SILENT_RECORDS_MAX + 1),
                                        ("key-update", 1000000),
                                        ("key-update-answered", SILENT_RECORDS_MAX + 1),
                                        ("key-update-answered", 1000000)])
def key_updates__more__connection_ended_and_counted(relay, mode, count):
    before = floods(relay)
    sent, answer = flood(relay, mode, count)
    assert answer == "closed"
    assert sent < 200000
    until(lambda: floods(relay) == before + 1, "the count")


# A client of OpenSSL ends its own connection when a server refuses to renegotiate.
def renegotiation__refused(relay):
    sent, answer = flood(relay, "renegotiate", 10)
    assert (sent, answer) == (0, "closed")


def renegotiate(relay, folder, count):
    """A client that asks for another handshake again and again, whatever the relay says. Returns what the relay sent,
    after a request that follows."""
    with contextlib.closing(tls12_records.Tls12("localhost", relay.port, relay.ca_file, folder)) as client:
        for _ in range(count):
            if not client.send(tls12_records.HANDSHAKE, client.hello):
                break
        client.send(tls12_records.DATA, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        while not any(kind == tls12_records.DATA for kind, _ in client.records) and client.receive():
            pass
        return client.records


def renegotiation__by_a_client_that_goes_on__refused_each_time_and_served(relay, tmp_path):
    before = floods(relay)
    records = renegotiate(relay, tmp_path, SILENT_RECORDS_MAX)
    assert records[:-1] == [(tls12_records.ALERT, NO_RENEGOTIATION)] * (len(records) - 1)
    assert len(records) - 1 >= 1
    assert records[-1][1].startswith(b"HTTP/1.1 404")
    assert floods(relay) == before


@pytest.mark.parametrize("count", [SILENT_RECORDS_MAX + 1, 100000])
def renegotiation__more__connection_ended_and_counted(relay, tmp_path, count):
    before = floods(relay)
    records = renegotiate(relay, tmp_path, count)
    assert {kind for kind, _ in records} <= {tls12_records.ALERT}
    assert len(records) <= SILENT_RECORDS_MAX + 1
    until(lambda: floods(relay) == before + 1, "the count")


def request_in_records_of_one_byte(relay, version):
    """Sends a create of about 2300 bytes, one record a byte. The answer."""
    body = encode(create_message(payload={"type": "t", "data": "x" * 1500}))
    head = (f"POST /v1/m HTTP/1.1\r\nHost: x\r\n{CLAIM}: {new_id()}\r\n{REQUEST_ID}: {new_id()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode()
    context = tigress_transport.tls_context(relay.ca_file, ["http/1.1"], version, version)
    with tigress_transport.connect(relay.host, relay.port, context) as sock:
        with contextlib.suppress(OSError):
            for byte in head + body:
                sock.send(bytes([byte]))
        with contextlib.suppress(OSError):
            return sock.recv(65536)
    return b""


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def records_of_one_byte__connection_ended_and_counted(relay, version):
    before = floods(relay)
    assert request_in_records_of_one_byte(relay, version) == b""
    until(lambda: floods(relay) == before + 1, "the count")


def requests_in_small_records__many_on_one_connection__served(relay):
    """A client that writes each line of a head separately."""
    before = floods(relay)
    context = tigress_transport.tls_context(relay.ca_file, ["http/1.1"])
    with tigress_transport.connect(relay.host, relay.port, context) as sock:
        for _ in range(300):
            for line in (b"GET / HTTP/1.1\r\n", b"Host: x\r\n", b"A: b\r\n", b"C: d\r\n", b"\r\n"):
                sock.send(line)
            assert sock.recv(65536).startswith(b"HTTP/1.1 404")
    assert floods(relay) == before


# ---- the handshake ------------------------------------------------------------------------------

def client_hello():
    """(the client, its ClientHello without the record's header)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    record = outgoing.read()
    assert record[0] == 22 and len(record) == 5 + int.from_bytes(record[3:5], "big")
    return (client, incoming, outgoing), record[5:]


def in_records(message, size):
    return [b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part
            for part in (message[at:at + size] for at in range(0, len(message), size))]


def open_socket(relay):
    sock = socket.create_connection((relay.host, relay.port), 20)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def finish(sock, ends):
    """Ends the handshake and asks for something."""
    client, incoming, outgoing = ends
    while True:
        try:
            client.do_handshake()
            break
        except ssl.SSLWantReadError:
            sock.sendall(outgoing.read())
            data = sock.recv(65536)
            assert data, "closed in the handshake"
            incoming.write(data)
    client.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    sock.sendall(outgoing.read())
    while True:
        try:
            return client.read(65536)
        except ssl.SSLWantReadError:
            incoming.write(sock.recv(65536))


@pytest.mark.parametrize("pieces", [2, 10, HANDSHAKE_RECORDS_MAX - 4])
def client_hello__in_some_records__served(relay, pieces):
    before = floods(relay)
    ends, hello = client_hello()
    with open_socket(relay) as sock:
        for record in in_records(hello, -(-len(hello) // pieces)):
            sock.sendall(record)
        assert finish(sock, ends).startswith(b"HTTP/1.1 404")
    assert floods(relay) == before


def client_hello__in_records_of_one_byte__ended_and_counted(relay):
    before = floods(relay)
    _, hello = client_hello()
    assert len(hello) > HANDSHAKE_RECORDS_MAX
    with open_socket(relay) as sock:
        with contextlib.suppress(OSError):
            for record in in_records(hello, 1):
                sock.sendall(record)
        with contextlib.suppress(OSError):
            assert sock.recv(65536)[:1] != b"\x16"
    until(lambda: floods(relay) == before + 1, "the count")


def client_hello__one_byte_a_segment__served(relay):
    """TCP may cut a record anywhere."""
    ends, hello = client_hello()
    with open_socket(relay) as sock:
        for byte in b"".join(in_records(hello, 16384)):
            sock.sendall(bytes([byte]))
        assert finish(sock, ends).startswith(b"HTTP/1.1 404")


def client_hello__huge__ended_and_counted(relay):
    before = floods(relay)
    # A message of type 1 that announces 120,000 bytes.
    message = b"\x01" + (120000).to_bytes(3, "big") + b"\x03\x03" + bytes(119998)
    with open_socket(relay) as sock:
        sent = 0
        with contextlib.suppress(OSError):
            for record in in_records(message, 16384):
                sock.sendall(record)
                sent += len(record)
        with contextlib.suppress(OSError):
            assert sock.recv(65536)[:1] != b"\x16"
    until(lambda: floods(relay) == before + 1, "the count")


def clients_that_connect_and_stop__cost_little_memory(relay):
    """No session is made before the first record is whole."""
    before = relay.memory_kib()
    socks = [open_socket(relay) for _ in range(400)]
    try:
        for sock in socks:
            sock.sendall(b"\x16\x03\x01\x02\x00\x01")
        until(lambda: metrics(relay)["tigress_connections"] > 400, "all connections")
        assert relay.memory_kib() - before < 400 * 16
    finally:
        for sock in socks:
            sock.close()


# ---- several at once ----------------------------------------------------------------------------

def key_updates__from_many_connections__others_served_meanwhile(relay):
    """One after the other, as fast as it goes, while an honest client works."""
    command = [TLS_FLOOD, str(relay.port), "key-update", "1000000"]
    floods_now = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                  for _ in range(4)]
    try:
        with contextlib.closing(open_api(relay)) as api:
            began = time.monotonic()
            for _ in range(20):
                box = api.bound_box()
                assert api.delete(box, box.recipient).status == 200
            assert time.monotonic() - began < 20
    finally:
        for process in floods_now:
            process.kill()
            process.wait()


def handshake_over_p384(relay, context, source):
    with socket.create_connection((relay.host, relay.port), 60, (source, 0)) as sock:
        with context.wrap_socket(sock, server_hostname=relay.host) as secured:
            secured.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return secured.recv(65536).startswith(b"HTTP/1.1 404")


# spec-test: protocol/3#costly-handshakes
def handshakes_over_p384__of_one_network_beside_another__wait_and_are_all_served(relay):
    """Each has to wait for the one before, and is let go on by the relay, not by what its client sends."""
    context = tigress_transport.tls_context(relay.ca_file)
    context.set_ecdh_curve("secp384r1")
    with contextlib.closing(open_api(relay)) as api, concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert api.bound_box()
        served = [pool.submit(handshake_over_p384, relay, context, "127.1.0.1") for _ in range(4)]
        assert api.bound_box()
        assert all(each.result() for each in served)


# spec-test: protocol/3#price-of-groups
def handshakes_over_p384__one_after_the_other__refused_sooner_than_others(tmp_path):
    """Each costs the client's network as much as several others."""
    served = {}
    for curve in ("prime256v1", "secp384r1"):
        with Relay(tmp_path / curve, store="memory:", args=[
                "--workers", "1", "--rate", "1", "--rate-burst", "1000"]) as relay:
            context = tigress_transport.tls_context(relay.ca_file)
            context.set_ecdh_curve(curve)
            served[curve] = 0
            with contextlib.suppress(OSError):
                while served[curve] < 200:
                    tigress_transport.connect(relay.host, relay.port, context).close()
                    served[curve] += 1
            assert metrics(relay)['tigress_refusals_total{reason="handshakes"}'] == 1
    assert 1 < served["secp384r1"] * 2 <= served["prime256v1"] < 200, served
