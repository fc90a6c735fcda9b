# SPDX-License-Identifier: Apache-2.0
"""Real relays for the end-to-end tests. Each pytest run starts its own relays, on free ports and in a temporary folder,
so test files can run in parallel."""
import contextlib
import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support" / "python"), str(HERE)]
sys.dont_write_bytecode = True

import relay_process  # noqa: E402  (the path comes first)
import tigress_client  # noqa: E402
import tigress_transport  # noqa: E402

# No limit on requests: every test comes from the same network.
OPEN_ARGS = ("--rate", "0")
KINDS = {
    "tls-lmdb": {},
    "plain-lmdb": {"is_plain": True},
    "tls-memory": {"store": "memory:"},
}


def is_for_this_run(item):
    """Soak tests run only with TIGRESS_SOAK=1; HTTP/2 is negotiated inside TLS, so no plain relay has it."""
    if item.get_closest_marker("soak") and not os.environ.get("TIGRESS_SOAK"):
        return False
    params = item.callspec.params if hasattr(item, "callspec") else {}
    is_plain = KINDS.get(params.get("any_relay"), {}).get("is_plain", False)
    return not (is_plain and params.get("flow_api") in ("h2", "curl-2"))


def pytest_collection_modifyitems(config, items):
    """Deselects the tests that do not apply to this run. A skipped test lacks a program or module."""
    left_out = [item for item in items if not is_for_this_run(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def make_relay(folder, kind="tls-lmdb", args=(), **options):
    """A relay that has not been started; options override those of the kind."""
    return relay_process.Relay(folder, args=list(OPEN_ARGS) + list(args),
                               **{**KINDS[kind], **options})


def open_api(relay, transport="h1", timeout=tigress_transport.TIMEOUT_S):
    """The six calls on a new connection."""
    return tigress_client.Api(tigress_transport.open_transport(
        transport, relay.host, relay.port, relay.ca_file, timeout))


@pytest.fixture(scope="session")
def relay(tmp_path_factory):
    """TLS and LMDB: what an operator runs. Stopped with SIGTERM at the end, which must be clean."""
    with make_relay(tmp_path_factory.mktemp("relay")) as running:
        yield running


@pytest.fixture(scope="session", params=list(KINDS))
def any_relay(request, tmp_path_factory):
    """Each kind of relay."""
    with make_relay(tmp_path_factory.mktemp(request.param), request.param) as running:
        yield running


@pytest.fixture(params=["h1", "h2"])
def api(request, relay):
    """The six calls over HTTP/1.1 and over HTTP/2."""
    with contextlib.closing(open_api(relay, request.param)) as opened:
        yield opened


@pytest.fixture
def api1(relay):
    """Only over HTTP/1.1, for tests that do not depend on the version of HTTP."""
    with contextlib.closing(open_api(relay, "h1")) as opened:
        yield opened


@pytest.fixture
def api2(relay):
    """Only over HTTP/2."""
    with contextlib.closing(open_api(relay, "h2")) as opened:
        yield opened


@pytest.fixture
def raw(relay):
    """Opens TLS sockets on which a test sends any bytes; closed at the end."""
    with contextlib.ExitStack() as stack:
        def open_socket(alpn=("http/1.1",), target=relay, timeout=10):
            context = None
            if target.ca_file:
                context = tigress_transport.tls_context(target.ca_file, list(alpn))
            sock = tigress_transport.connect(target.host, target.port, context, timeout)
            stack.callback(sock.close)
            return sock
        yield open_socket
