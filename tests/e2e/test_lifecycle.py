# SPDX-License-Identifier: Apache-2.0
"""Starting, stopping, reloading and configuring tigressd."""
import concurrent.futures
import contextlib
import datetime
import os
import pathlib
import re
import signal
import socket
import ssl
import stat
import threading
import time
import urllib.error
import urllib.request

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import tigress_transport
from checks import assert_bindable, assert_ended, assert_problem, assert_unknown, look
from conftest import make_relay, open_api
from relay_process import RelayError, in_a_short_life, run_refused, until, until_expired, until_long_polls
from tigress_client import CLAIM, REQUEST_ID, create_message, encode, new_id, utc_text, wait_headers

EXPIRED_TOLD_S = 5  # after the expiration, at least


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def metrics(relay):
    with urllib.request.urlopen(f"http://127.0.0.1:{relay.admin_port}/metrics", timeout=10) as got:
        return got.read().decode()


def refusal(relay):
    """The message of a relay that must not start."""
    try:
        relay.start()
    except RelayError as error:
        return str(error)
    relay.kill()
    pytest.fail("it started")


# ---- start --------------------------------------------------------------------------------------

def start__first_time__keys_made_with_mode_0600(relay):
    data = pathlib.Path(relay.data)
    assert mode(data) == 0o700
    assert mode(data / "relay.key") == 0o600
    for path in data.rglob("*"):
        assert not mode(path) & 0o077 or path.name in ("dev-ca.pem", "dev-cert.pem"), path
    assert not any("relay.key" in str(path) for path in (data / "store").rglob("*"))


def start__core_dumps__forbidden(relay):
    with open(f"/proc/{relay.pid}/limits", encoding="ascii") as file:
        line = [text for text in file if text.startswith("Max core file size")][0]
    assert line.split()[4:6] == ["0", "0"]


def start__second_on_the_same_data__refused_and_first_unharmed(relay, tmp_path):
    text = refusal(make_relay(tmp_path / "second", data=relay.data))
    assert text.startswith("exit 1: "), text
    assert re.search(r"in use|another process|already|locked|lock", text), text
    with contextlib.closing(open_api(relay)) as api:
        assert api.create().status == 200


def start__port_in_use__refused_with_a_clear_message(relay, tmp_path):
    text = refusal(make_relay(tmp_path / "second", port=relay.port))
    assert re.search(r"in use|listen", text), text


def start__key_lost_but_records_there__refused(tmp_path):
    relay = make_relay(tmp_path / "r")
    with relay, contextlib.closing(open_api(relay)) as api:
        api.new_box()
    os.rename(os.path.join(relay.data, "relay.key"), tmp_path / "relay.key")
    refusal(relay)
    assert not os.path.exists(os.path.join(relay.data, "relay.key"))
    os.rename(tmp_path / "relay.key", os.path.join(relay.data, "relay.key"))
    relay.start()
    relay.stop()


@pytest.mark.parametrize("damage", ["mode", "empty", "cut", "garbage"])
def start__key_file_not_right__refused_and_not_replaced(tmp_path, damage):
    relay = make_relay(tmp_path / "r")
    with relay:
        pass
    path = pathlib.Path(relay.data) / "relay.key"
    good = path.read_bytes()
    if damage == "mode":
        path.chmod(0o644)
    else:
        path.write_bytes({"empty": b"", "cut": good[:-20], "garbage": b"\0" * 100}[damage])
    bad = path.read_bytes()
    text = refusal(relay)
    assert path.read_bytes() == bad
    secrets = [word.decode() for word in good.split() if len(word) >= 32]
    assert secrets, "the key file has changed: this test looks for nothing"
    assert not [secret for secret in secrets if secret in text]


# ---- restart ------------------------------------------------------------------------------------

# spec-test: protocol/3#acknowledged-is-durable
def restart__everything_acknowledged__still_there(tmp_path):
    relay = make_relay(tmp_path / "r")
    update_id, gone_id = new_id(), new_id()
    with relay, contextlib.closing(open_api(relay)) as api:
        bound, fresh, ended, left = api.bound_box(), api.new_box(), api.bound_box(), api.bound_box()
        assert api.update(bound, bound.recipient, request_id=update_id).status == 200
        assert api.delete(ended, ended.recipient).status == 200
        assert api.relinquish(left, left.recipient, gone_id).status == 200
        seen = look(api, bound)
    with relay, contextlib.closing(open_api(relay, "h2")) as api:
        assert look(api, bound) == seen
        assert_problem(api.read(bound, new_id()), 401)
        assert api.update(bound, bound.recipient, request_id=update_id).status == 201
        assert api.create(bound.message, bound.initiator, bound.create_id).status == 201
        assert_ended(api.read(ended, ended.initiator), "ended-by-recipient")
        assert api.relinquish(left, left.recipient, gone_id).status == 201
        assert api.read(left, new_id()).status == 200
        assert_bindable(api, fresh)


def restart__memory_store__starts_empty(tmp_path):
    relay = make_relay(tmp_path / "r", "tls-memory")
    with relay, contextlib.closing(open_api(relay)) as api:
        box = api.bound_box()
    with relay, contextlib.closing(open_api(relay)) as api:
        assert_problem(api.read(box, box.recipient), 404)


# spec-test: protocol/1#tls-resumption
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def restart__ticket_of_before__opens_nothing(tmp_path, version):
    relay = make_relay(tmp_path / "r")

    def visit(context, session=None):
        """(the session, whether it was resumed) of one request."""
        plain = socket.create_connection((relay.host, relay.port), 10)
        with context.wrap_socket(plain, server_hostname=relay.host, session=session) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert sock.recv(65536).startswith(b"HTTP/1.1 404")
            return sock.session, sock.session_reused

    with relay:
        context = tigress_transport.tls_context(relay.ca_file, ["http/1.1"], version, version)
        session, is_resumed = visit(context)
        assert not is_resumed
        visit(context, session)
    with relay:
        assert visit(context, session)[1] is False


# ---- stop ---------------------------------------------------------------------------------------

PATIENT = ("--drain-timeout", "10m")  # much longer than stop() waits


def stop__idle__quick_and_clean(tmp_path):
    relay = make_relay(tmp_path / "r", args=PATIENT).start()
    open_api(relay).close()
    relay.stop()


def stop__idle_kept_connections__do_not_hold_it_up(tmp_path):
    relay = make_relay(tmp_path / "r", args=PATIENT).start()
    apis = [open_api(relay, name) for name in ("h1", "h2", "h1", "h2")]
    for api in apis:
        assert api.create().status == 200
    relay.stop()


# spec-test: protocol/2#long-poll-drain
@pytest.mark.parametrize("transport", ["h1", "h2"])
def stop__long_polls_waiting__answered(tmp_path, transport):
    relay = make_relay(tmp_path / "r", args=["--workers", "2", *PATIENT]).start()
    with contextlib.closing(open_api(relay)) as api:
        box = api.bound_box()
    answers = []

    def poll():
        with contextlib.closing(open_api(relay, transport)) as own:
            answers.append(own.wait(box, box.recipient, 1, 60))

    threads = [threading.Thread(target=poll) for _ in range(6)]
    for thread in threads:
        thread.start()
    until_long_polls(relay, 6)
    relay.stop()
    for thread in threads:
        thread.join(60)
    assert [answer.status for answer in answers] == [204] * 6
    assert {answer.header("mailbox-version") for answer in answers} == {"1"}


def stop__request_half_sent__finished_and_answered(tmp_path):
    relay = make_relay(tmp_path / "r").start()
    body = encode(create_message())
    claim, request_id = new_id(), new_id()
    context = tigress_transport.tls_context(relay.ca_file, ["http/1.1"])
    with tigress_transport.connect(relay.host, relay.port, context) as sock:
        sock.sendall(f"POST /v1/m HTTP/1.1\r\nHost: x\r\n{CLAIM}: {claim}\r\n{REQUEST_ID}: "
                     f"{request_id}\r\nContent-Type: application/json\r\n"
                     f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode())
        assert sock.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"  # the relay has read the head
        sock.sendall(body[:20])
        relay.signal(signal.SIGTERM)
        until(lambda: b"server.draining" in relay.output("stderr"), "the drain")
        sock.sendall(body[20:])
        data, _ = tigress_transport.read_until_closed(sock, 60)
    assert data.startswith(b"HTTP/1.1 200"), data
    assert b"connection: close" in data.lower()
    relay.wait_stopped()
    with relay, contextlib.closing(open_api(relay)) as api:
        assert api.create(body, claim, request_id).status == 201


def stop__new_connections__refused(tmp_path):
    relay = make_relay(tmp_path / "r").start()
    with contextlib.closing(open_api(relay)) as api:
        box = api.bound_box()
    waiter = open_api(relay, "h2")
    waiter.transport.start("POST", box.path, waiter.headers(box.recipient, None,
                                                            wait_headers(1, 30)))
    until_long_polls(relay, 1)
    relay.signal(signal.SIGTERM)
    relay.wait_stopped()
    with pytest.raises(OSError):
        socket.create_connection((relay.host, relay.port), 2).close()
    waiter.close()


class Load(threading.Thread):
    """Creates and updates until the relay has ended; remembers what was acknowledged."""

    def __init__(self, relay, transport):
        super().__init__()
        self.relay = relay
        self.transport = transport
        self.acknowledged = []
        self.in_doubt = None
        self.refused = []
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            api = open_api(self.relay, self.transport)
            while True:
                claim, request_id, body = new_id(), new_id(), encode(create_message())
                self.in_doubt = (claim, request_id, body)
                try:
                    answer = api.create(body, claim, request_id)
                except Exception:
                    with contextlib.suppress(Exception):
                        api.close()
                    return
                if answer.status != 200:
                    self.refused.append(answer.status)
                    return
                self.acknowledged.append((claim, request_id, body, answer.json()["urlLink"]))


# spec-test: protocol/3#acknowledged-is-durable
def stop__under_load__nothing_acknowledged_lost_and_nothing_refused(tmp_path):
    relay = make_relay(tmp_path / "r", args=["--workers", "2"]).start()
    loads = [Load(relay, name) for name in ("h1", "h2") * 4]
    until(lambda: all(len(load.acknowledged) > 5 for load in loads), "load from each client")
    relay.stop()
    for load in loads:
        load.join(20)
        assert load.refused == []
    acknowledged = [entry for load in loads for entry in load.acknowledged]
    assert len(acknowledged) > 40
    with relay, contextlib.closing(open_api(relay)) as api:
        for claim, request_id, body, link in acknowledged:
            answer = api.create(body, claim, request_id)
            assert answer.status == 201
            assert answer.json()["urlLink"].rsplit("/", 1)[1] == link.rsplit("/", 1)[1]
        for load in loads:
            claim, request_id, body = load.in_doubt
            assert api.create(body, claim, request_id).status in (200, 201)


# ---- certificates -------------------------------------------------------------------------------

def make_certificate(folder, name, serial):
    """A self-signed certificate for loopback; writes NAME.pem and NAME.key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    import ipaddress
    names = x509.SubjectAlternativeName([
        x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
                   .public_key(key.public_key()).serial_number(serial)
                   .not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=30))
                   .add_extension(names, False)
                   .add_extension(x509.BasicConstraints(True, None), True)
                   .sign(key, hashes.SHA256()))
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
    (folder / f"{name}.key").chmod(0o600)


def serial_of(relay):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with tigress_transport.connect(relay.host, relay.port, context) as sock:
        return x509.load_der_x509_certificate(sock.getpeercert(True)).serial_number


@pytest.fixture
def own_certificate(tmp_path):
    make_certificate(tmp_path, "live", 1001)
    relay = make_relay(tmp_path / "r", is_dev=False, args=[
        "--tls-cert", str(tmp_path / "live.pem"), "--tls-key", str(tmp_path / "live.key")])
    with relay:
        yield relay, tmp_path


def sighup__new_certificate__served_and_old_connections_live(own_certificate):
    relay, folder = own_certificate
    assert serial_of(relay) == 1001
    context = tigress_transport.tls_context(str(folder / "live.pem"), ["http/1.1"])
    sock = tigress_transport.connect(relay.host, relay.port, context)
    make_certificate(folder, "next", 2002)
    for suffix in ("pem", "key"):
        os.replace(folder / f"next.{suffix}", folder / f"live.{suffix}")
    assert serial_of(relay) == 1001
    relay.signal(signal.SIGHUP)
    until(lambda: serial_of(relay) == 2002, "the new certificate")
    sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert sock.recv(65536).startswith(b"HTTP/1.1 404")
    sock.close()


@pytest.fixture
def four_workers(tmp_path):
    make_certificate(tmp_path, "live", 1001)
    with make_relay(tmp_path / "r", is_dev=False, args=[
            "--tls-cert", str(tmp_path / "live.pem"), "--tls-key", str(tmp_path / "live.key"),
            "--workers", "4"]) as relay:
        yield relay, tmp_path


def sighup__several_workers__each_serves_the_new_certificate(four_workers):
    """The kernel spreads connections over the workers by their port: a worker that none of 80 reaches
    would be a chance of 1 in 10 billion."""
    relay, folder = four_workers
    assert {serial_of(relay) for _ in range(20)} == {1001}
    for serial in (2002, 2003):
        make_certificate(folder, "next", serial)
        for suffix in ("pem", "key"):
            os.replace(folder / f"next.{suffix}", folder / f"live.{suffix}")
        relay.signal(signal.SIGHUP)
        until(lambda: serial_of(relay) == serial, "the first worker")
        until(lambda: {serial_of(relay) for _ in range(80)} == {serial}, "every worker")


@pytest.mark.parametrize("damage", ["garbage", "missing", "other key"])
def sighup__certificate_not_right__old_one_stays(own_certificate, damage):
    relay, folder = own_certificate
    if damage == "garbage":
        (folder / "live.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n")
    elif damage == "missing":
        (folder / "live.pem").unlink()
    else:
        make_certificate(folder, "next", 3003)
        os.replace(folder / "next.key", folder / "live.key")
    relay.signal(signal.SIGHUP)
    until(lambda: b"tls.reload_failed" in relay.output("stderr"), "the refusal")
    assert relay.is_alive()
    assert serial_of(relay) == 1001


def sighup__many_times_under_load__nothing_refused(tmp_path):
    relay = make_relay(tmp_path / "r").start()
    loads = [Load(relay, name) for name in ("h1", "h2")]
    for _ in range(20):
        relay.signal(signal.SIGHUP)
        time.sleep(0.03)
    with contextlib.closing(open_api(relay)) as api:
        assert api.create().status == 200
    relay.stop()
    for load in loads:
        load.join(20)
        assert load.refused == []


# ---- admin --------------------------------------------------------------------------------------

def admin(relay, path, method="GET"):
    request = urllib.request.Request(f"http://127.0.0.1:{relay.admin_port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as got:
            return got.status, got.read().decode(), dict(got.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


def admin__health_and_readiness__200(any_relay):
    for path in ("/healthz", "/readyz"):
        assert admin(any_relay, path)[0] == 200


def admin__metrics__prometheus_text_that_counts(relay):
    with contextlib.closing(open_api(relay)) as api:
        before = metrics(relay)
        for _ in range(3):
            api.create()
    after = metrics(relay)
    line = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_]+="[^"]*"(,[a-zA-Z_]+="[^"]*")*\})? '
                      r"[-+0-9.eE]+(Inf|NaN)?")
    for text in after.splitlines():
        assert not text or text.startswith("# ") or line.fullmatch(text), text
    assert after != before
    assert "127.0.0.1" not in after


def admin__status_page__sums_alone_and_no_script(relay):
    with contextlib.closing(open_api(relay)) as api:
        box = api.bound_box()
        api.preview(box, "text/html")
    code, page, headers = admin(relay, "/status")
    assert code == 200 and headers["content-type"] == "text/html; charset=utf-8"
    assert headers["cache-control"] == "no-store" and headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "Serving</p>" in page and "valid for" in page and "no provider is configured" in page
    assert "<script" not in page and "http-equiv=\"refresh\"" in page
    for secret in (box.path, box.path.rsplit("/", 1)[-1], box.initiator, "127.0.0.1:" + str(relay.admin_port)):
        assert secret not in page
    assert re.search(r'<th scope="row">create</th><td>[1-9][0-9,]*</td>', page)
    assert admin(relay, "/")[0] == 200


def admin__unknown_paths_and_methods__404_and_405(relay):
    assert admin(relay, "/v1/m")[0] == 404
    code, _, headers = admin(relay, "/metrics", "POST")
    assert code == 405 and "GET" in {k.lower(): v for k, v in headers.items()}["allow"]


def admin__paths_on_the_public_port__404(relay):
    with contextlib.closing(open_api(relay)) as api:
        for path in ("/status", "/healthz", "/readyz", "/metrics"):
            assert api.call("GET", path).status == 404


def admin__while_draining__not_ready(tmp_path):
    relay = make_relay(tmp_path / "r", args=["--drain-timeout", "3s"]).start()
    context = tigress_transport.tls_context(relay.ca_file, ["http/1.1"])
    sock = tigress_transport.connect(relay.host, relay.port, context)
    sock.sendall(b"POST /v1/m HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
                 b"Expect: 100-continue\r\n\r\n")
    assert sock.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"  # the relay has read the head
    relay.signal(signal.SIGTERM)
    until(lambda: b"server.draining" in relay.output("stderr"), "the drain")
    # The workers stop listening, also for this page: it is refused, or answered before that.
    try:
        code = admin(relay, "/readyz")[0]
    except OSError:
        code = None
    assert code in (None, 503)
    assert relay.is_alive(), "the drain is over: nothing was tested"
    sock.close()
    relay.wait_stopped()


# ---- expiration ---------------------------------------------------------------------------------

def expiring(end):
    """The body of a create of a mailbox that expires then."""
    return create_message(mailboxConfiguration={"expiration": utc_text(end), "accessRights": "RWD"})


def record_count(relay):
    found = re.search(r"^\S*(?:records|mailboxes)\S* (\d+)$", metrics(relay), re.M)
    assert found, metrics(relay)
    return int(found.group(1))


# spec-test: protocol/3#sweep
def sweep__expired_mailboxes__404_at_once_and_removed(tmp_path):
    with make_relay(tmp_path / "r", args=["--sweep-interval", "1s"]) as relay:
        with contextlib.closing(open_api(relay)) as api:
            kept = api.bound_box()
            before = record_count(relay)

            def made(life_s):
                end = int(time.time()) + life_s + 1
                boxes = [api.new_box(expiring(end)) for _ in range(10)]
                assert record_count(relay) >= before + 10
                assert api.delete(boxes[0], boxes[0].initiator).status == 200
                return boxes, end

            boxes, end = in_a_short_life(made)
            until_expired(end)
            for box in boxes[1:]:
                assert api.read(box, box.initiator).status == 404
            until(lambda: record_count(relay) <= before, "the sweep")
            assert api.read(kept, kept.recipient).status == 200


# spec-test: protocol/3#expired-told-for-seconds
@pytest.mark.parametrize("transport", ["h1", "h2"])
def sweep__device_asks_or_waits_at_the_expiration__told_that_it_expired(tmp_path, transport):
    with make_relay(tmp_path / "r", args=["--sweep-interval", "1s"]) as relay, \
            contextlib.closing(open_api(relay)) as api:
        before = record_count(relay)

        def made(life_s):
            end = int(time.time()) + life_s + 3
            return [api.bound_box(message=expiring(end)) for _ in range(4)], end

        boxes, end = in_a_short_life(made)

        def told(box):
            """What a long poll is told at the expiration, and then each read, for as long as the protocol promises."""
            answers = []
            with contextlib.closing(open_api(relay, transport)) as device:
                answer = device.wait(box, box.recipient, 1, 30)
                while time.time() < end + EXPIRED_TOLD_S:
                    answers.append(answer)
                    answer = device.read(box, box.initiator)
            return answers

        with concurrent.futures.ThreadPoolExecutor(len(boxes)) as devices:
            for answers in devices.map(told, boxes):
                for answer in answers:
                    assert_ended(answer, "expired")
        until(lambda: record_count(relay) <= before, "the sweep")
        assert_unknown(api.read(boxes[0], boxes[0].recipient))


@pytest.mark.soak
def sweep__default_interval__within_a_minute(tmp_path):
    with make_relay(tmp_path / "r") as relay, contextlib.closing(open_api(relay)) as api:
        before = record_count(relay)
        for _ in range(5):
            in_a_short_life(lambda life_s: api.new_box(expires_s=life_s))
        began = time.monotonic()
        while record_count(relay) > before:
            assert time.monotonic() - began < 62
            time.sleep(0.1)


# ---- limits of the relay ------------------------------------------------------------------------

def mailboxes__over_the_limit__refused_and_the_others_served(tmp_path):
    with make_relay(tmp_path / "r", args=["--mailboxes-max", "5"]) as relay:
        with contextlib.closing(open_api(relay)) as api:
            boxes = [api.new_box() for _ in range(5)]
            answer = api.create()
            assert answer.status == 503
            assert int(answer.header("retry-after")) > 0
            for box in boxes:
                assert api.read(box, box.recipient).status == 200
                assert api.update(box, box.recipient).status == 200


def gauge(relay, name):
    return int(re.search(rf"^{name} (\d+)$", metrics(relay), re.M).group(1))


# spec-test: protocol/3#delete-never-refused-for-room
def deletes__at_every_limit_and_after_it_was_lowered__never_refused(tmp_path):
    limits = ["--mailboxes-max", "3", "--tombstones-max", "5"]
    with make_relay(tmp_path / "r", args=limits) as relay:
        with contextlib.closing(open_api(relay)) as api:
            boxes = [api.new_box() for _ in range(3)]
            assert api.create().status == 503
            for _ in range(2):  # a deleted mailbox is none of the three
                assert api.delete(boxes[0], boxes[0].initiator).status == 200
                boxes = boxes[1:] + [api.new_box()]
            assert (gauge(relay, "tigress_mailboxes"), gauge(relay, "tigress_tombstones")) == (3, 2)
            assert api.delete(boxes[0], boxes[0].initiator).status == 200
            answer = api.create()  # two mailboxes and three tombstones
            assert answer.status == 503
            assert int(answer.header("retry-after")) > 0
            first = boxes.pop(0)
            assert_ended(api.read(first, first.initiator), "ended-by-initiator")
        relay.stop()
        relay.args = ["--mailboxes-max", "1", "--tombstones-max", "1", "--store-bytes-max", "1KiB"]
        relay.start()
        with contextlib.closing(open_api(relay)) as api:
            for box in boxes:
                assert api.create().status == 503
                assert api.read(box, box.recipient).status == 200  # binds
                assert api.update(box, box.initiator).status == 200
                assert api.delete(box, box.initiator).status == 200
            assert (gauge(relay, "tigress_mailboxes"), gauge(relay, "tigress_tombstones")) == (0, 5)
            assert api.create().status == 503


# ---- configuration ------------------------------------------------------------------------------

def loopback(tmp_path):
    return ["--listen", "127.0.0.1:0", "--data", str(tmp_path / "data")]


# spec-test: protocol/1#plain-http-asked-for
@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0"])
def config__plain_http_beyond_loopback__refused(tmp_path, listen):
    code, text = run_refused(["--listen", listen, "--plain-http", "--data", str(tmp_path / "d")])
    assert code == 2
    assert "plain-http" in text and "public-url" in text


def config__plain_http_behind_a_proxy__links_and_hsts_of_the_public_url(tmp_path):
    relay = make_relay(tmp_path / "r", "plain-lmdb", is_dev=False,
                       args=["--public-url", "https://relay.example"])
    with relay, contextlib.closing(open_api(relay)) as api:
        answer = api.create()
        assert answer.json()["urlLink"].startswith("https://relay.example/v1/m/")
        assert answer.header("strict-transport-security")


BAD_CONFIGS = {
    "unknown flag": (["--frobnicate", "1"], "frobnicate"),
    "bad number": (["--workers", "many"], "workers"),
    "too many workers": (["--workers", "100000"], "workers"),
    "negative number": (["--workers", "-1"], "workers"),
    "huge number": (["--workers", "99999999999999999999"], "workers"),
    "bad size": (["--body-max", "64XB"], "body-max"),
    "bad duration": (["--wait-cap", "soon"], "wait-cap"),
    "bad address": (["--listen", "nowhere"], "listen"),
    "bad port": (["--listen", "127.0.0.1:99999"], "listen"),
    "bad store": (["--store", "redis:x"], "store"),
    "http public url": (["--public-url", "http://relay.example"], "public-url"),
    "public url with a path": (["--public-url", "https://relay.example/x"], "public-url"),
    "given twice": (["--rate", "1", "--rate", "2"], "rate"),
    "no value": (["--rate"], "rate"),
    "argument without flag": (["serve"], "flag"),
    "no certificate": ([], "tls-cert"),
    "certificate not there": (["--tls-cert", "/nonexistent.pem", "--tls-key", "/nonexistent.pem"],
                              "tls-cert"),
    "sweep too rare": (["--sweep-interval", "2m"], "sweep-interval"),
    "config not there": (["--config", "/nonexistent.conf"], "config"),
}


@pytest.mark.parametrize("name", list(BAD_CONFIGS))
def config__bad_value__exit_2_naming_the_setting(tmp_path, name):
    args, named = BAD_CONFIGS[name]
    base = loopback(tmp_path)
    if "--listen" in args:
        base = base[2:]
    code, text = run_refused(base + args)
    assert code == 2, text
    assert named in text
    assert text.startswith("tigressd:")


def config__bad_lines_in_a_file__all_named_with_their_line(tmp_path):
    path = tmp_path / "t.conf"
    path.write_text("listen = 127.0.0.1:0\nworkers = many\nnot a setting\nfrobnicate = 1\n")
    code, text = run_refused(["--config", str(path), "--check-config"])
    assert code == 2
    for line in (2, 3, 4):
        assert f":{line}" in text, text


def config__key_of_no_certificate__refused_by_the_check(tmp_path):
    (tmp_path / "c.pem").write_text("no certificate")
    (tmp_path / "k.pem").write_text("no key")
    code, text = run_refused(["--listen", "127.0.0.1:0", "--data", str(tmp_path / "d"), "--tls-cert",
                              str(tmp_path / "c.pem"), "--tls-key", str(tmp_path / "k.pem"), "--check-config"])
    assert (code, "TLS certificate" in text) == (2, True), text
    assert not (tmp_path / "d").exists()


def config__secret_looking_value__not_repeated(tmp_path):
    _, text = run_refused(loopback(tmp_path) + ["--workers", "MARKvalueMARK"])
    assert "MARK" not in text


def config__check_print_help_version__exit_0(tmp_path):
    path = tmp_path / "t.conf"
    path.write_text(f"dev = yes\ndata = {tmp_path / 'd'}\nlisten = 127.0.0.1:0\n")
    for args in (["--config", str(path), "--check-config"], ["--config", str(path),
                                                             "--print-config"],
                 ["--help"], ["--version"]):
        code, text = run_refused(args)
        assert (code, text) == (0, "")
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("what", ["a file", "not allowed"])
def config__data_folder_cannot_be__clear_message(tmp_path, what):
    if what == "a file":
        (tmp_path / "data").write_text("x")
    else:
        (tmp_path / "data").symlink_to("/proc/nowhere/data")
    code, text = run_refused(loopback(tmp_path) + ["--dev"])
    assert code == 1
    assert "the path in data is not a folder (expected: a folder)" in text
    assert "Sanitizer" not in text
