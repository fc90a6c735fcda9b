# SPDX-License-Identifier: Apache-2.0
"""The `tigress` tool against the independent Python wallet, and against relays that lie."""
import contextlib
import http.server
import json
import os
import ssl
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import tigress_transport
from conftest import make_relay, open_api
from relay_process import until_long_polls
from test_lifecycle import make_certificate
from tigress_client import Api, Wallet, WalletError, new_id
from tigress_envelope import parse_share_url
from wallet_process import DONE, GONE, NETWORK, REFUSED, UNCONFIRMED, USAGE, Device, allowing

KEY = {"format": "digitalwallet.carkey.ccc", "content": {"key": "AURORA-7", "list": [1, 2.5, None]},
       "later": "unknown members are kept", "text": "\u00e9\U0001f511 \u2028 <&>"}
OTHER = {"format": "x", "content": {"answer": "z" * 2000}}


@pytest.fixture
def device(tmp_path, relay):
    return Device(tmp_path / "device", relay.ca_file)


@pytest.fixture
def other(tmp_path, relay):
    return Device(tmp_path / "other", relay.ca_file)


def share(device, relay, *args, message=None):
    return device.must("share", "--relay", relay.origin, "--yes", *args, "-",
                       given=json.dumps(message or KEY))


# ---- both directions ----------------------------------------------------------------------------

# spec-test: protocol/7#envelope
@pytest.mark.parametrize("bits", [128, 256])
@pytest.mark.parametrize("proof", [False, True])
def interop__tool_shares_python_accepts__stateless(device, relay, api1, bits, proof):
    extra = ["--require-proof"] if proof else []
    shared = share(device, relay, "--key-size", bits, "--vertical", "car", *extra)
    url = parse_share_url(shared["url"])
    assert (len(url.secret), url.vertical, url.origin) == (bits // 8, "c", relay.origin)
    wallet = Wallet.from_share_url(api1, shared["url"])
    assert wallet.receive() == KEY
    wallet.finish()
    outcome = device.run("receive", shared["id"], "--wait", "1")
    assert outcome.code == UNCONFIRMED, outcome


@pytest.mark.parametrize("secret_len", [16, 32])
def interop__python_shares_tool_accepts__stateless(device, relay, api1, secret_len):
    wallet = Wallet(api1, relay.origin, vertical="h")
    url = wallet.share(KEY, rights="RD", secret_len=secret_len)
    taken = device.must("accept", "-", given=url)
    assert taken["message"] == KEY
    device.must("finish", taken["id"])
    with pytest.raises(WalletError) as ended:
        wallet.receive()
    assert ended.value.status == 404


@pytest.mark.parametrize("transport", ["h1", "h2"])
@pytest.mark.parametrize("bits", [128, 256])
def interop__tool_shares_python_answers__stateful(device, relay, transport, bits):
    with contextlib.closing(open_api(relay, transport)) as api:
        shared = share(device, relay, "--rights", "RWD", "--key-size", bits)
        wallet = Wallet.from_share_url(api, shared["url"])
        assert wallet.receive() == KEY
        waiting = device.start("receive", shared["id"], "--wait", "20")
        until_long_polls(relay, 1)
        wallet.answer(OTHER)
        assert device.end(waiting).answer["message"] == OTHER
        device.must("answer", shared["id"], "-", given=json.dumps(KEY | {"turn": 3}))
        assert wallet.receive(10) == KEY | {"turn": 3}
        wallet.finish()


@pytest.mark.parametrize("secret_len", [16, 32])
def interop__python_shares_tool_answers__stateful(device, relay, api1, secret_len):
    wallet = Wallet(api1, relay.origin)
    url = wallet.share(KEY, secret_len=secret_len)
    taken = device.must("accept", "-", given=url)
    assert taken["message"] == KEY
    device.must("answer", taken["id"], "-", given=json.dumps(OTHER))
    assert wallet.receive(10) == OTHER
    wallet.answer(KEY | {"turn": 3})
    got = device.must("receive", taken["id"], "--wait", "20", "--finish")
    assert got["message"] == KEY | {"turn": 3}
    with pytest.raises(WalletError) as ended:
        wallet.receive()
    assert ended.value.status == 404


def interop__tool_with_tool__ten_turns(device, other, relay):
    shared = share(device, relay, "--rights", "RWD")
    assert other.must("accept", "-", given=shared["url"])["message"] == KEY
    for turn in range(5):
        other.must("answer", shared["id"], "-", given=json.dumps(OTHER | {"turn": turn}))
        got = device.must("receive", shared["id"], "--wait", "10")["message"]
        assert got == OTHER | {"turn": turn}
        device.must("answer", shared["id"], "-", given=json.dumps(KEY | {"turn": turn}))
        got = other.must("receive", shared["id"], "--wait", "10")["message"]
        assert got == KEY | {"turn": turn}
    other.must("finish", shared["id"])


def interop__tigress_scheme_and_separate_secret__accepted(device, other, relay, api1, tmp_path):
    shared = share(device, relay, "--scheme", "tigress")
    assert shared["url"].startswith("tigress://")
    assert Wallet.from_share_url(api1, shared["url"]).receive() == KEY
    apart = share(device, relay, "--separate-secret")
    assert "#" not in apart["url"]
    path = tmp_path / "secret"
    path.write_text(apart["secret"])
    assert other.must("accept", apart["url"], "--secret-file", path)["message"] == KEY


# spec-test: protocol/7#share-secret-forms
def interop__url_safe_unpadded_secret__accepted(device, relay, api1):
    for _ in range(3):
        wallet = Wallet(api1, relay.origin)
        url = wallet.share(KEY, rights="RD", secret_len=32)
        url, secret = url.split("#")
        secret = secret.rstrip("=").replace("+", "-").replace("/", "_")
        assert device.must("accept", "-", given=f"{url}#{secret}\n")["message"] == KEY


# ---- refusals by the other side or the relay ----------------------------------------------------

def refusal__third_device__exit_1_and_nothing_kept(device, other, relay, api1):
    shared = share(device, relay)
    assert Wallet.from_share_url(api1, shared["url"]).receive() == KEY
    outcome = other.run("accept", "-", given=shared["url"])
    assert outcome.code == REFUSED
    assert outcome.sentence()
    assert shared["id"] not in str(other.state_files().keys())


def refusal__withdrawn__exit_4(device, other, relay):
    shared = share(device, relay)
    device.must("cancel", shared["id"])
    outcome = other.run("accept", "-", given=shared["url"])
    assert outcome.code == GONE
    assert outcome.sentence()


def refusal__message_that_does_not_decrypt__one_sentence(device, relay, api1):
    wallet = Wallet(api1, relay.origin)
    url = wallet.share(KEY)
    wrong = url.split("#")[0] + "#" + "A" * 22 + "=="
    outcome = device.run("accept", "-", given=wrong)
    assert outcome.code in (REFUSED, NETWORK)
    assert outcome.sentence()
    assert "AAAA" not in outcome.told + outcome.out


@pytest.mark.parametrize("data", ["", "!", "AAAA", "A" * 60, "<html>"])
def refusal__payload_that_is_no_envelope__one_sentence(device, relay, api1, data):
    wallet = Wallet(api1, relay.origin)
    url = wallet.share(KEY)
    payload = {"type": "AEAD_AES_128_GCM", "data": data or " "}
    assert api1.update(wallet.mailbox, wallet.claim, {"payload": payload}).status == 200
    outcome = device.run("accept", "-", given=url)
    assert outcome.code in (REFUSED, NETWORK)
    assert outcome.sentence()


def refusal__sealed_text_that_is_no_provisioning_information__one_sentence(device, relay, api1):
    for message in ([1], "x", {"format": 1, "content": {}}, {"format": "x"}, {"content": {}},
                    {"format": "x", "content": "y"}):
        wallet = Wallet(api1, relay.origin)
        url = wallet.share(message)
        outcome = device.run("accept", "-", given=url)
        assert outcome.code in (REFUSED, NETWORK), message
        assert outcome.sentence()


# spec-test: protocol/7#replay-and-reflection
def refusal__own_message_reflected__not_delivered(device, relay, api1):
    wallet = Wallet(api1, relay.origin)
    url = wallet.share(KEY)
    taken = device.must("accept", "-", given=url)
    device.must("answer", taken["id"], "-", given=json.dumps(OTHER))
    own = api1.read(wallet.mailbox, wallet.claim).json()["payload"]
    assert api1.update(wallet.mailbox, wallet.claim, {"payload": own}).status == 200
    outcome = device.run("receive", taken["id"], "--wait", "2")
    assert outcome.code in (REFUSED, NETWORK)
    assert "message" not in outcome.answer


# ---- URLs ---------------------------------------------------------------------------------------

BOX = new_id()
SECRET = "AAECAwQFBgcICQoLDA0ODw=="
BAD_URLS = {
    "no secret": f"https://relay.example/v1/m/{BOX}",
    "empty secret": f"https://relay.example/v1/m/{BOX}#",
    "damaged secret": f"https://relay.example/v1/m/{BOX}#AAECAwQFBg*ICQoLDA0ODw==",
    "short secret": f"https://relay.example/v1/m/{BOX}#AAECAwQFBgcICQoLDA0O",
    "long secret": f"https://relay.example/v1/m/{BOX}#" + "A" * 100,
    "http to a public host": f"http://relay.example/v1/m/{BOX}#{SECRET}",
    "other scheme": f"ftp://relay.example/v1/m/{BOX}#{SECRET}",
    "javascript": "javascript:alert(1)",
    "no host": f"https:///v1/m/{BOX}#{SECRET}",
    "user information": f"https://a:b@relay.example/v1/m/{BOX}#{SECRET}",
    "bad port": f"https://relay.example:99999/v1/m/{BOX}#{SECRET}",
    "other version": f"https://relay.example/v2/m/{BOX}#{SECRET}",
    "other path": f"https://relay.example/x/v1/m/{BOX}#{SECRET}",
    "no identifier": f"https://relay.example/v1/m/#{SECRET}",
    "bad identifier": f"https://relay.example/v1/m/{BOX[:-1]}#{SECRET}",
    "control character": f"https://relay.example/v1/m/{BOX}\x01#{SECRET}",
    "space in the host": f"https://relay .example/v1/m/{BOX}#{SECRET}",
    "empty": "",
    "no URL": "hello",
    "very long": f"https://{'a' * 5000}/v1/m/{BOX}#{SECRET}",
}


# spec-test: protocol/7#checks-before-first-request
@pytest.mark.parametrize("name", list(BAD_URLS))
def url__bad__exit_2_one_sentence_and_nothing_kept(device, name):
    outcome = device.run("accept", "-", given=BAD_URLS[name])
    assert outcome.code == USAGE, outcome
    assert outcome.sentence()
    assert SECRET.rstrip("=") not in outcome.told + outcome.out
    assert device.state_files() == {}


# spec-test: protocol/7#relay-allow-list
def url__relay_not_on_the_list__refused_before_any_request(device, relay):
    url = f"{relay.origin}/v1/m/{BOX}#{SECRET}"
    outcome = device.run("accept", "-", "--allow-relay", "only.example", given=url)
    assert outcome.code == REFUSED
    assert outcome.sentence()


def url__secret_in_an_argument__warned(device, relay, api1):
    """Other users of the machine can see arguments: the tool warns of that."""
    url = Wallet(api1, relay.origin).share(KEY)
    outcome = device.run("accept", url)
    assert outcome.code == DONE
    assert "warning: the secret of this link was on the command line" in outcome.told


# ---- usage --------------------------------------------------------------------------------------

@pytest.mark.parametrize("args", [[], ["frobnicate"], ["share"], ["accept"], ["answer"],
                                  ["accept", "-", "extra"], ["status", "--frobnicate"],
                                  ["receive", "nosuch", "--wait", "soon"],
                                  ["share", "--rights", "XYZ", "--relay", "https://r.example", "-"],
                                  ["share", "-"]])
def usage__wrong_arguments__exit_2(device, args):
    outcome = device.run(*args, given="{}")
    assert outcome.code == USAGE, outcome
    assert outcome.told


def usage__unknown_transfer__refused(device):
    for command in ("receive", "status", "cancel", "relinquish", "finish"):
        outcome = device.run(command, new_id())
        assert outcome.code == REFUSED, (command, outcome)
        assert outcome.sentence()


# spec-test: protocol/7#intent-before-anything
def share__without_intent__nothing_is_sent(device, relay):
    """No --yes and no terminal: refused before anything is sent."""
    process = device.start("share", "--relay", relay.origin, "-")
    outcome = device.end(process, json.dumps(KEY))
    assert outcome.code == REFUSED
    assert "url" not in outcome.answer


@pytest.mark.parametrize("text", ["", "{", "[]", "\"x\"", "{\"format\":1,\"content\":{}}",
                                  "{\"format\":\"x\"}", "{\"content\":{}}",
                                  "{\"format\":\"x\",\"content\":[]}", "\u0000", "x" * 100000])
def share__input_that_is_no_provisioning_information__exit_2(device, relay, text):
    outcome = device.run("share", "--relay", relay.origin, "--yes", "-", given=text)
    assert outcome.code == USAGE, outcome
    assert outcome.sentence()


def state__files__mode_0600_in_a_folder_0700(device, relay):
    shared = share(device, relay)
    files = device.state_files()
    assert files
    for path in files:
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600, path
        assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
    assert shared["id"]


# ---- an absent, untrusted or hostile relay ------------------------------------------------------

class FakeRelay:
    """Answers every request with the same bytes, over TLS."""

    def __init__(self, folder, port=0):
        if not (folder / "fake.pem").exists():
            make_certificate(folder, "fake", 77)
        self.ca_file = folder / "fake.pem"
        self.raw = b""
        self.requests = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "fake.pem", folder / "fake.key")
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def parse_and_answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                self.rfile.read(length)
                owner.requests.append(f"{self.command} {self.path}")
                if owner.raw:
                    self.wfile.write(owner.raw)
                self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = parse_and_answer

            def log_message(self, *args):
                """Logs nothing."""

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, request, client_address):
                """Broken connections are part of the tests."""

            def get_request(self):
                sock, address = self.socket.accept()
                return context.wrap_socket(sock, server_side=True,
                                           do_handshake_on_connect=False), address

        self.server = Server(("127.0.0.1", port), Handler)
        self.origin = f"https://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def answer(self, status=200, body=b"", content_type="application/json", extra=b"",
               length=None):
        length = len(body) if length is None else length
        self.raw = (f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\n"
                    f"Content-Length: {length}\r\nConnection: close\r\n").encode() + extra \
            + b"\r\n" + body

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def fake(tmp_path):
    relay = FakeRelay(tmp_path)
    yield relay
    relay.close()


GOOD_LINK = b'{"urlLink":"https://127.0.0.1/v1/m/%s","isPushNotificationSupported":false}' \
    % BOX.encode()
LIES = {
    "nothing": lambda fake: setattr(fake, "raw", b""),
    "HTML": lambda fake: fake.answer(200, b"<html><body>Welcome</body></html>", "text/html"),
    "HTML called JSON": lambda fake: fake.answer(200, b"<html></html>"),
    "empty body": lambda fake: fake.answer(200),
    "cut JSON": lambda fake: fake.answer(200, b'{"urlLink":"https://'),
    "JSON array": lambda fake: fake.answer(200, b"[]"),
    "other members": lambda fake: fake.answer(200, b'{"hello":"world"}'),
    "wrong types": lambda fake: fake.answer(200, b'{"payload":1,"urlLink":2}'),
    "deep JSON": lambda fake: fake.answer(200, b'{"x":' * 20000),
    "bad UTF-8": lambda fake: fake.answer(200, b'{"urlLink":"\xff"}'),
    "length too long": lambda fake: fake.answer(200, GOOD_LINK, length=len(GOOD_LINK) + 50),
    "length too short": lambda fake: fake.answer(200, GOOD_LINK, length=20),
    "two lengths": lambda fake: fake.answer(200, GOOD_LINK, extra=b"Content-Length: 3\r\n"),
    "huge body": lambda fake: fake.answer(200, b"x" * 5_000_000),
    "no HTTP": lambda fake: setattr(fake, "raw", b"\x00\x01\x02 hello\r\n\r\n"),
    "endless header": lambda fake: fake.answer(200, b"{}", extra=b"X: " + b"a" * 500_000 + b"\r\n"),
    "redirect": lambda fake: fake.answer(302, b"", extra=b"Location: https://evil.example/\r\n"),
    "status 999": lambda fake: fake.answer(999, b"{}"),
    "status 500": lambda fake: fake.answer(500, b"oops", "text/plain"),
    "teapot": lambda fake: fake.answer(418, b"", "text/plain"),
    "hostile problem": lambda fake: fake.answer(
        400, b'{"type":"x","title":"\\u001b[2J\\u202e","status":"y","detail":"\\u001b]0;x\\u0007"}',
        "application/problem+json"),
}


def lie_to_both(folder, name):
    """The result of a share and of an accept: (fake relay, shared, accepted)."""
    folder.mkdir()
    fake = FakeRelay(folder)
    LIES[name](fake)
    sharer = Device(folder / "sharer", fake.ca_file)
    taker = Device(folder / "taker", fake.ca_file)
    sharing = sharer.start("share", "--relay", fake.origin, "--yes", "-")
    taking = taker.start("accept", *allowing(fake.origin + "/v1/m/"), "-")
    taken = taker.end(taking, f"{fake.origin}/v1/m/{BOX}#{SECRET}")
    shared = sharer.end(sharing, json.dumps(KEY))
    fake.close()
    return fake, shared, taken


@pytest.fixture(scope="module")
def lied(tmp_path_factory):
    """All false answers at the same time, because the tool mostly waits before its next try."""
    folder = tmp_path_factory.mktemp("lies")
    with ThreadPoolExecutor(8) as pool:
        return {name: pool.submit(lie_to_both, folder / str(index), name)
                for index, name in enumerate(LIES)}


@pytest.mark.parametrize("name", list(LIES))
def lies__to_a_share_and_an_accept__one_sentence_and_nothing_accepted(lied, name):
    fake, shared, taken = lied[name].result()
    assert shared.code in (REFUSED, NETWORK), shared
    assert taken.code in (REFUSED, NETWORK, GONE), taken
    assert "url" not in shared.answer and "message" not in taken.answer
    for outcome in (shared, taken):
        check_told(outcome)
    assert "AURORA-7" not in str(fake.requests) and SECRET not in str(fake.requests)


def check_told(outcome):
    """Reported once, and no part of it controls a terminal."""
    assert [line for line in outcome.told.splitlines() if line.startswith("tigress: ")]
    assert "\x1b" not in outcome.told + outcome.out
    assert "\u202e" not in outcome.told


@pytest.mark.parametrize("name", ["nothing", "HTML", "cut JSON", "length too long", "status 500"])
def lies__during_a_transfer__state_kept_and_it_continues(tmp_path, name):
    """The relay's address answers garbage for some time; then the relay is back."""
    make_certificate(tmp_path, "fake", 78)
    relay = make_relay(tmp_path / "relay", is_dev=False, args=[
        "--tls-cert", str(tmp_path / "fake.pem"), "--tls-key", str(tmp_path / "fake.key")])
    device = Device(tmp_path / "device", tmp_path / "fake.pem")

    def open_own():
        return contextlib.closing(Api(tigress_transport.Http1(
            relay.host, relay.port, str(tmp_path / "fake.pem"))))

    with relay, open_own() as api:
        wallet = Wallet(api, relay.origin)
        taken = device.must("accept", "-", given=wallet.share(KEY))
    relay.want_port = relay.port
    liar = FakeRelay(tmp_path, relay.port)
    LIES[name](liar)
    outcome = device.run("answer", taken["id"], "-", given=json.dumps(OTHER))
    liar.close()
    assert outcome.code in (REFUSED, NETWORK), outcome
    check_told(outcome)
    with relay, open_own() as api:
        wallet.api = api
        # The interrupted answer is sent first, without a request or when it is given again.
        outcome = device.run("answer", taken["id"], "-", given=json.dumps(OTHER))
        if outcome.code != DONE:
            device.run("receive", taken["id"], "--wait", "1")
        assert wallet.receive(10) == OTHER


def network__nobody_listens__exit_3(tmp_path, fake):
    origin = fake.origin
    fake.close()
    device = Device(tmp_path / "device", fake.ca_file)
    for command, given in ((["share", "--relay", origin, "--yes", "-"], json.dumps(KEY)),
                           (["accept", "-"], f"{origin}/v1/m/{BOX}#{SECRET}")):
        outcome = device.run(*command, given=given)
        assert outcome.code == NETWORK, outcome
        check_told(outcome)


# spec-test: protocol/1#https-only
def network__certificate_not_trusted__exit_3_and_nothing_sent(tmp_path, fake):
    device = Device(tmp_path / "device")
    fake.answer(200, GOOD_LINK)
    for command, given in ((["share", "--relay", fake.origin, "--yes", "-"], json.dumps(KEY)),
                           (["accept", "-"], f"{fake.origin}/v1/m/{BOX}#{SECRET}")):
        outcome = device.run(*command, given=given)
        assert outcome.code == NETWORK, outcome
        check_told(outcome)
    assert fake.requests == []


def network__relay_restarts_amid_a_wait__message_still_arrives(tmp_path):
    relay = make_relay(tmp_path / "relay")
    device = Device(tmp_path / "device", tmp_path / "relay" / "data" / "dev-ca.pem")
    with relay:
        shared = share(device, relay, "--rights", "RWD")
        with contextlib.closing(open_api(relay)) as api:
            wallet = Wallet.from_share_url(api, shared["url"])
            assert wallet.receive() == KEY
        waiting = device.start("receive", shared["id"], "--wait", "30")
        until_long_polls(relay, 1)
    relay.want_port = relay.port
    with relay, contextlib.closing(open_api(relay)) as api:
        wallet.api = api
        wallet.answer(OTHER)
        assert device.end(waiting).answer["message"] == OTHER
