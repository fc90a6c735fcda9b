# SPDX-License-Identifier: Apache-2.0
"""What a client reveals to a relay: whether a relay can link two transfers of one process, or of one user."""
import contextlib
import itertools
import json
import os
import re
import ssl
import subprocess

import pytest

import relay_process
from cli_device import KEY, Device
from recording_relay import (ALPN, COOKIE, EARLY_DATA, PRE_SHARED_KEY, SESSION_TICKET, ConnectProxy, RecordingRelay,
                             resume, settings_of)
from test_lifecycle import make_certificate

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
HEADERS = {"mailbox-device-claim", "mailbox-request-id", "accept", "content-type", "content-length",
           "mailbox-secret-proof", "prefer", "mailbox-known-version", "mailbox-known-recipient", "mailbox-end-note",
           "if-match"}
HTTP_1 = HEADERS | {"host"}
HTTP_2 = HEADERS | {":method", ":path", ":scheme", ":authority"}
KINDS = {
    "http2-tls13": {},
    "http2-tls12": {"maximum": ssl.TLSVersion.TLSv1_2},
    "http1-tls13": {"alpn": ("http/1.1",)},
    "http1-tls12": {"alpn": ("http/1.1",), "maximum": ssl.TLSVersion.TLSv1_2},
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    make_certificate(folder, "relay", 1)
    return folder / "relay.pem", folder / "relay.key"


def run_transfers(relay, certificate, order, **env):
    """Two transfers of one process; returns their secrets."""
    command = [os.path.join(relay_process.bin_dir(), "tests/e2e/transfers"), relay.origin, str(certificate[0]), order]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60,
                         env={**relay_process.sanitizer_env(), **env})
    assert ran.returncode == 0, ran.stderr
    return [line.split()[1] for line in ran.stdout.splitlines()]


@pytest.fixture(scope="module")
def seen(certificate):
    """(relay, secrets) after two transfers of one process, for each transport and order."""
    with contextlib.ExitStack() as stack:
        done = {}
        for kind, order in itertools.product(KINDS, ("beside", "after")):
            relay = stack.enter_context(contextlib.closing(RecordingRelay(*certificate, **KINDS[kind])))
            done[kind, order] = relay, run_transfers(relay, certificate, order)
        yield done


@pytest.fixture(params=itertools.product(KINDS, ("beside", "after")), ids="-".join)
def run(request, seen):
    return seen[request.param]


def kind_of(request):
    is_box = request.path != "/v1/m"
    return request.method, is_box, "mailbox-known-version" in request.names


# ---- the recorder itself ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def recorder__client_that_resumes__is_seen_resuming(certificate, kind):
    with contextlib.closing(RecordingRelay(*certificate, **KINDS[kind])) as relay:
        assert resume(relay, certificate[0])
        first, second = relay.connections
        assert not first.is_resumed and second.is_resumed
        if "tls13" in kind:
            assert second.hello.extension(PRE_SHARED_KEY)
        else:
            assert second.hello.extension(SESSION_TICKET)


# ---- connections and TLS ------------------------------------------------------------------------

# spec-test: protocol/7#client-privacy
def connection__each_end_of_each_transfer__has_its_own(run):
    relay, _ = run
    assert len(relay.connections) == 4
    for connection in relay.connections:
        claims = {request.header("mailbox-device-claim") for request in connection.requests}
        assert len(claims - {None}) == 1


# spec-test: protocol/7#client-privacy
def tls__tickets_were_given__none_is_ever_shown(run):
    relay, _ = run
    assert len(relay.connections) == 4
    for connection in relay.connections:
        hello = connection.hello
        assert not connection.is_resumed
        assert not hello.extension(SESSION_TICKET)
        assert hello.extension(PRE_SHARED_KEY) is None
        assert hello.extension(EARLY_DATA) is None and hello.extension(COOKIE) is None


def tls__random_parts__are_fresh(run):
    relay, _ = run
    hellos = [connection.hello for connection in relay.connections]
    assert len({hello.random for hello in hellos}) == len(hellos)
    assert len({hello.extension(51) for hello in hellos}) == len(hellos)
    ids = [hello.session_id for hello in hellos if hello.session_id]
    assert len(set(ids)) == len(ids)


# spec-test: protocol/7#client-privacy
def tls__everything_else__is_the_same_in_every_process(seen):
    for kind in KINDS:
        hellos = [connection.hello.fixed() for order in ("beside", "after")
                  for connection in seen[kind, order][0].connections]
        assert hellos == [hellos[0]] * 8


# spec-test: protocol/1#https-only
def alpn__http2_offered__is_used_with_the_same_settings(seen):
    settings = []
    for (kind, _), (relay, _) in seen.items():
        for connection in relay.connections:
            assert connection.hello.extension(ALPN) == b"\x00\x0c\x02h2\x08http/1.1"
            assert connection.alpn == ("h2" if "http2" in kind else "http/1.1")
            if connection.alpn == "h2":
                settings.append(settings_of(connection.plain))
    assert all(each == settings[0] for each in settings) and settings[0]


# ---- requests -----------------------------------------------------------------------------------

# spec-test: protocol/7#client-privacy
def headers__each_request__only_what_the_protocol_asks_for(run):
    relay, _ = run
    assert len(relay.requests) == 10
    for connection in relay.connections:
        allowed = HTTP_2 if connection.alpn == "h2" else HTTP_1
        for request in connection.requests:
            assert set(request.names) <= allowed, request.names
            assert len(set(request.names)) == len(request.names)


# spec-test: protocol/7#client-privacy
def headers__same_request_of_the_other_transfer__same_names_and_order(seen):
    for kind in KINDS:
        shapes = {}
        for order in ("beside", "after"):
            for request in seen[kind, order][0].requests:
                shape = [(name, value if name in ("accept", "content-type", "prefer", ":scheme") else None)
                         for name, value in request.headers]
                assert shapes.setdefault(kind_of(request), shape) == shape
        assert len(shapes) == 5


# spec-test: protocol/7#fresh-claim-per-transfer
def values__of_two_transfers__have_nothing_in_common(run):
    relay, _ = run
    seen_in = {}
    for number, connection in enumerate(relay.connections):
        for request in connection.requests:
            for name in ("mailbox-device-claim", "mailbox-request-id", "mailbox-secret-proof"):
                value = request.header(name)
                # Both ends of one transfer prove the same secret.
                place = request.path if name == "mailbox-secret-proof" else number
                if value is not None:
                    assert seen_in.setdefault(value, (place, name)) == (place, name)
                if value is not None and name != "mailbox-secret-proof":
                    assert UUID.fullmatch(value)
    names = [name for _, name in seen_in.values()]
    assert names.count("mailbox-device-claim") == 4
    assert names.count("mailbox-request-id") == 4
    assert names.count("mailbox-secret-proof") == 2


def tokens__each_end__goes_to_its_own_mailbox_once(run):
    relay, _ = run
    for connection in relay.connections:
        tokens = [json.loads(request.body)["notificationToken"]["tokenData"]
                  for request in connection.requests if b"notificationToken" in request.body]
        assert len(tokens) == 1
    for token in ("first", "second"):
        assert sum(f"push.example/{token}".encode() in request.body for request in relay.requests) == 2


def bodies__of_two_transfers__sealed_apart(run):
    relay, _ = run
    sealed = [json.loads(request.body)["payload"]["data"] for request in relay.requests if b"payload" in request.body]
    assert len(sealed) == 2 and len({data[:16] for data in sealed}) == 2
    assert len({len(data) for data in sealed}) == 1


# spec-test: protocol/7#client-privacy
def fragment__secret__never_on_the_wire(run):
    relay, secrets = run
    assert len(secrets) == 2
    for connection in relay.connections:
        for secret in secrets:
            assert secret.encode() not in connection.plain
            assert secret.rstrip("=").encode() not in connection.plain
        assert all("#" not in request.path and "?" not in request.path for request in connection.requests)


def preview__of_the_recipient__has_no_claim(run):
    relay, _ = run
    previews = [request for request in relay.requests if request.method == "GET"]
    assert len(previews) == 2
    for request in previews:
        assert not {"mailbox-device-claim", "mailbox-request-id", "mailbox-secret-proof"} & set(request.names)


# ---- redirects ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("words", [("share", "--yes", "-", "--json"), ("accept", "-", "--json")], ids=lambda w: w[0])
def redirect__to_another_relay__never_followed(certificate, tmp_path, words, status):
    with contextlib.closing(RecordingRelay(*certificate)) as other, \
            contextlib.closing(RecordingRelay(*certificate, fixed=(status, [
                ("location", f"{other.origin}/v1/m"), ("content-length", "0")]))) as relay:
        device = Device(tmp_path / "device", TIGRESS_RELAY=relay.origin, TIGRESS_CACERT=str(certificate[0]))
        link = f"{relay.origin}/v1/m/4f2a0000-1111-4222-8333-444444444444#AAAAAAAAAAAAAAAAAAAAAA=="
        ran = device.run(*words, given=json.dumps(KEY) if words[0] == "share" else link)
        assert ran.code == 3 and ran.error == "protocol"
        assert other.connections == []
        assert len(relay.requests) >= 1
        assert all("cookie" not in request.names and "referer" not in request.names for request in relay.requests)


def proxy__of_the_environment__learns_only_the_relay(certificate):
    with contextlib.closing(RecordingRelay(*certificate)) as relay, contextlib.closing(ConnectProxy()) as proxy:
        run_transfers(relay, certificate, "after", https_proxy=f"http://127.0.0.1:{proxy.server_address[1]}",
                      no_proxy="")
        assert len(relay.connections) == len(proxy.heads) == 4
        assert len(set(proxy.heads)) == 1
        names = {line.partition(b":")[0].lower() for line in proxy.heads[0].split(b"\r\n")[1:] if line}
        assert names <= {b"host", b"proxy-connection"}


# ---- the tool -----------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["http2-tls13", "http1-tls12"])
def tool(request, certificate, tmp_path_factory):
    """One user shares twice and checks, another accepts both."""
    with contextlib.closing(RecordingRelay(*certificate, **KINDS[request.param])) as relay:
        env = {"TIGRESS_RELAY": relay.origin, "TIGRESS_CACERT": str(certificate[0])}
        alice = Device(tmp_path_factory.mktemp("alice"), **env)
        bob = Device(tmp_path_factory.mktemp("bob"), **env)
        for _ in range(2):
            shared = alice.share(KEY, "--rights", "RWD")
            assert bob.accept(shared["url"])["message"] == KEY
            bob.must("finish", shared["id"])
        yield relay, (alice, bob)


# spec-test: protocol/7#client-privacy
def tool__two_runs__connections_and_tls_apart(tool):
    relay, _ = tool
    assert len(relay.connections) == 8  # each share also reads the preview, to tell the expiration
    fixed = relay.connections[0].hello.fixed()
    for connection in relay.connections:
        hello = connection.hello
        assert hello.fixed() == fixed
        assert not connection.is_resumed and not hello.extension(SESSION_TICKET)
        assert hello.extension(PRE_SHARED_KEY) is None
    assert len({connection.hello.random for connection in relay.connections}) == 8


# spec-test: protocol/7#client-privacy
def tool__two_runs__same_headers_and_other_values(tool):
    relay, _ = tool
    shapes, claims, ids = {}, [], []
    for request in relay.requests:
        assert shapes.setdefault(kind_of(request), request.names) == request.names
        assert set(request.names) <= HTTP_1 | HTTP_2
        claims += [request.header("mailbox-device-claim")] if request.method != "GET" else []
        assert request.method != "GET" or request.header("mailbox-device-claim") is None
        ids += [request.header("mailbox-request-id")] if request.header("mailbox-request-id") else []
    assert len(claims) == 6 and len(set(claims)) == 4  # two transfers with two ends each
    assert len(ids) == len(set(ids)) == 4


def tool__two_runs__nothing_kept_but_the_transfers(tool):
    _, devices = tool
    for device in devices:
        kept = [path for path in device.home.rglob("*") if path.is_file()]
        assert kept and all(path.parent == device.state for path in kept)
        for path in kept:
            assert b"recognised" not in path.read_bytes()


# ---- intent -------------------------------------------------------------------------------------


# spec-test: protocol/7#intent-before-anything
@pytest.mark.parametrize("given", [None, "y\n", "yes\nyes\n", json.dumps(KEY)], ids=["closed", "y", "yes", "json"])
@pytest.mark.parametrize("source", ["-", "key.json"])
def share__no_terminal_and_no_yes__not_one_connection(certificate, tmp_path, source, given):
    with contextlib.closing(RecordingRelay(*certificate)) as relay:
        device = Device(tmp_path / "device", TIGRESS_RELAY=relay.origin, TIGRESS_CACERT=str(certificate[0]))
        (device.home / "key.json").write_text(json.dumps(KEY))
        ran = device.run("share", source, "--json", given=given)
        assert ran.code in (1, 2) and ran.error in ("not-confirmed", "message", "usage")
        if source == "key.json":
            assert (ran.code, ran.error) == (1, "not-confirmed")
        assert device.files() == []
        assert relay.connections == []
        # With the user's consent the same request reaches the relay, so the recorder would have seen it.
        device.must("share", "--yes", "key.json")
        assert [request.method for request in relay.requests] == ["POST", "GET"]  # GET: the preview
