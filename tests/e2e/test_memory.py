# SPDX-License-Identifier: Apache-2.0
"""What strangers make a relay hold stays below memory-max, and others are served meanwhile."""
import concurrent.futures
import contextlib
import pathlib
import re
import socket

import memory_attacks
import pytest
from conftest import make_relay, open_api
from memory_attacks import Attacker, proxy_header
from relay_process import Relay, metrics, rss_anon_kib, until, until_long_polls
from tigress_client import create_message

MIB = 1 << 20
MEMORY_MAX = 24 * MIB
WAIT_S = 600  # longer than any attack here takes
ARGS = ["--memory-max", f"{MEMORY_MAX // MIB}MiB", "--max-connections", "600", "--workers", "1",
        "--wait-cap", f"{WAIT_S}s"]
REFUSED = 'tigress_refusals_total{reason="memory"}'
USED = "tigress_memory_used_bytes"

# Each would take several times the maximum, or holds what many connections cost at least.
ATTACKS = {
    "HPACK references": lambda attacker: memory_attacks.hpack_references(attacker, 60),
    "bodies over HTTP/2": lambda attacker: memory_attacks.http2_half_bodies(attacker, 30),
    "heads over HTTP/1.1": lambda attacker: memory_attacks.http1_half_heads(attacker, 500),
    "bodies over HTTP/1.1": lambda attacker: memory_attacks.http1_half_bodies(attacker, 500),
    "connections": lambda attacker: memory_attacks.idle_connections(attacker, 550),
    "connections that send nothing": lambda attacker: memory_attacks.silent(attacker, 590),
    "handshakes": lambda attacker: memory_attacks.half_handshakes(attacker, 550),
}


WITHIN = {"connections"}  # one network may have so many small ones


@pytest.fixture(scope="module")
def small_relay(tmp_path_factory):
    with make_relay(tmp_path_factory.mktemp("small"), args=ARGS) as running:
        yield running


def assert_served(relay, size):
    message = create_message(payload={"type": "t", "data": "x" * size})
    for version in ("h1", "h2"):
        with contextlib.closing(open_api(relay, version)) as api:
            assert api.create(message=message).status == 200


def assert_below(relay, memory_max=MEMORY_MAX):
    """What is counted is below the maximum; what the process really has, below what --print-config states."""
    assert metrics(relay)[USED] <= memory_max
    real_kib = rss_anon_kib(relay.pid)
    assert real_kib is None or real_kib <= relay.ceiling_mib() * 1024


def until_all_is_free(relay):
    until(lambda: metrics(relay)[USED] < 2 * MIB, "memory free again")


# spec-test: protocol/3#memory-largest-first
@pytest.mark.parametrize("attack", list(ATTACKS))
def memory__attack_of_one_network__below_the_maximum_and_others_served(small_relay, attack):
    before = metrics(small_relay)[REFUSED]
    with Attacker(small_relay) as attacker:
        ATTACKS[attack](attacker)
        assert_below(small_relay)
        for _ in range(5):
            assert_served(small_relay, 100)
            assert_served(small_relay, 60000)
        assert attack in WITHIN or metrics(small_relay)[REFUSED] > before
    until_all_is_free(small_relay)


@pytest.fixture(scope="module")
def extreme_relay(tmp_path_factory):
    """The smallest memory, and every limit that multiplies with it far above it: streams x heads x bodies x
    connections x workers would be hundreds of times as much."""
    args = ["--memory-max", "16MiB", "--max-connections", "2000", "--max-streams", "1000", "--body-max", "100KiB",
            "--max-long-polls", "100", "--workers", "4"]
    with make_relay(tmp_path_factory.mktemp("extreme"), args=args) as running:
        yield running


@pytest.mark.parametrize("network_count", [1, 8])
@pytest.mark.parametrize("attack", list(ATTACKS))
def memory__product_of_the_largest_limits__below_the_maximum_and_others_served(extreme_relay, attack, network_count):
    with contextlib.ExitStack() as stack:
        for i in range(network_count):
            ATTACKS[attack](stack.enter_context(Attacker(extreme_relay, f"127.{66 + i}.0.1")))
            assert_below(extreme_relay, 16 * MIB)
        assert_served(extreme_relay, 100)
        assert_served(extreme_relay, 60000)
    until_all_is_free(extreme_relay)


# Of each of many networks. Together they would take several times the maximum.
SMALL_ATTACKS = {
    "HPACK references": lambda attacker: memory_attacks.hpack_references(attacker, 5),
    "bodies over HTTP/2": lambda attacker: memory_attacks.http2_half_bodies(attacker, 1),
    "bodies over HTTP/1.1": lambda attacker: memory_attacks.http1_half_bodies(attacker, 15),
    "connections that send nothing": lambda attacker: memory_attacks.silent(attacker, 15),
}


# spec-test: protocol/3#memory-reserve
@pytest.mark.parametrize("attack", list(SMALL_ATTACKS))
def memory__attacks_of_many_networks__below_the_maximum_and_others_served(small_relay, attack):
    with contextlib.ExitStack() as stack:
        for i in range(1, 40):
            attacker = stack.enter_context(Attacker(small_relay, f"127.66.{i}.1"))
            SMALL_ATTACKS[attack](attacker)
            assert metrics(small_relay)[USED] <= MEMORY_MAX
        assert_below(small_relay)
        assert_served(small_relay, 100)
        assert_served(small_relay, 60000)
    until_all_is_free(small_relay)


# spec-test: protocol/3#memory-order
@pytest.mark.parametrize("version", ("h1", "h2"))
def memory__attacks_of_many_networks__long_poll_of_a_bound_claim_stays(small_relay, version):
    with contextlib.ExitStack() as stack:
        sender = stack.enter_context(contextlib.closing(open_api(small_relay, "h1")))
        waiting = stack.enter_context(contextlib.closing(open_api(small_relay, version, WAIT_S)))
        box = sender.bound_box()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            answer = pool.submit(waiting.wait, box, box.recipient, 1, WAIT_S)
            until_long_polls(small_relay, 1)
            for i in range(1, 40):
                attacker = stack.enter_context(Attacker(small_relay, f"127.66.{i}.1"))
                memory_attacks.hpack_references(attacker, 5)
            assert metrics(small_relay)["tigress_long_polls"] == 1
            with contextlib.closing(open_api(small_relay, "h1")) as other:
                assert other.update(box, box.initiator).status == 200
            assert answer.result(WAIT_S).status == 200
    until_all_is_free(small_relay)


def unit__memory_max__room_for_the_ceiling_of_many_workers(tmp_path):
    unit = (pathlib.Path(__file__).parents[2] / "packaging" / "tigressd.service").read_text()
    most_mib = int(re.search(r"^MemoryMax=(\d+)M$", unit, re.M).group(1))
    relay = Relay(tmp_path / "r", args=["--workers", "64"])
    (tmp_path / "r").mkdir()
    assert relay.ceiling_mib() <= most_mib


# ---- behind a proxy that names its clients in the PROXY protocol --------------------------------

# spec-test: protocol/3#memory-reserve
def proxy_header__client_holds_memory__its_network_pays_and_others_are_served(tmp_path):
    args = [*ARGS, "--trusted-proxies", "127.0.0.1", "--proxy-protocol", "v2"]
    with Relay(tmp_path / "r", is_plain=True, store="memory:", args=args) as relay, \
            contextlib.ExitStack() as stack:
        def ask(client, request):
            sock = stack.enter_context(socket.create_connection((relay.host, relay.port), 20))
            with contextlib.suppress(OSError):
                sock.sendall(proxy_header(client) + request)
            return sock

        def is_served(client):
            sock = ask(client, b"GET / HTTP/1.1\r\nHost: r\r\n\r\n")
            with contextlib.suppress(OSError):
                return sock.recv(65536)[9:12] == b"404"
            return False

        half_body = b"POST /v1/m HTTP/1.1\r\nHost: r\r\nContent-Length: 65000\r\n\r\n" + b"b" * 60000
        for _ in range(500):
            ask("203.0.113.1", half_body)
        assert_below(relay)
        until(lambda: metrics(relay)[REFUSED] > 0, "memory refused")
        assert all(is_served(f"198.51.{i}.1") for i in range(24))
