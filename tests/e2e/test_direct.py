# SPDX-License-Identifier: Apache-2.0
"""Two processes of the tool without a relay, and OpenSSL's own client as an independent peer."""
import base64
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

import pytest

BIN = pathlib.Path(os.environ["TIGRESS_BIN_DIR"]) / "src/cli/tigress"
KEY = {"format": "digitalwallet.carkey.ccc", "content": {"step": 1}}
TIMEOUT_S = 60
UNPROVED_GRACE_S = 1.1  # a connection that is older and has not proved the secret gives its place to another


class Sender:
    """share --direct; its invitation has been read."""

    def __init__(self, folder, *options):
        (folder / "key.json").write_text(json.dumps(KEY))
        environment = dict(os.environ, XDG_STATE_HOME=str(folder / "alice"))
        self.process = subprocess.Popen(
            [BIN, "share", "--direct", "--listen", "127.0.0.1:0", "--yes", "--json", *options,
             str(folder / "key.json")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        text = ""
        while True:
            text += self.process.stdout.readline()
            try:
                self.invitation = json.loads(text)
                break
            except json.JSONDecodeError:
                assert self.process.poll() is None, self.process.stderr.read()
        self.url = self.invitation["url"]

    def message(self):
        return json.loads(self.process.stdout.readline())

    def answer(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def end(self):
        out, err = self.process.communicate(timeout=TIMEOUT_S)
        return self.process.returncode, err


@pytest.fixture
def sender(tmp_path):
    made = []

    def make(*options):
        made.append(Sender(tmp_path, *options))
        return made[-1]

    yield make
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


def run(folder, who, *arguments, text=None):
    environment = dict(os.environ, XDG_STATE_HOME=str(folder / who))
    return subprocess.run([BIN, *arguments], input=text, capture_output=True, text=True, env=environment,
                          timeout=TIMEOUT_S, check=False)


def accept(folder, who, url, *options):
    return run(folder, who, "accept", "--json", *options, "-", text=url)


def test_stateless__accepted_and_finished__both_end_well(tmp_path, sender):
    alice = sender("--vertical", "car")
    assert alice.url.startswith("tigress-direct://127.0.0.1:")
    assert "?v=c#" in alice.url
    bob = accept(tmp_path, "bob", alice.url, "--finish")
    assert bob.returncode == 0, bob.stderr
    assert json.loads(bob.stdout)["message"] == KEY
    code, err = alice.end()
    assert code == 0, err
    assert "complete" in err
    assert alice.url.split("#")[1] not in err


def test_stateful__answers_by_standard_input__each_arrives(tmp_path, sender):
    alice = sender("--rights", "RWD")
    bob = accept(tmp_path, "bob", alice.url)
    assert bob.returncode == 0, bob.stderr
    ident = alice.invitation["id"]
    for step in range(2, 5):
        asked = {"format": "x", "content": {"step": step, "text": "über\u202e"}}
        sent = run(tmp_path, "bob", "answer", ident, "-", text=json.dumps(asked))
        assert sent.returncode == 0, sent.stderr
        assert alice.message() == asked
        alice.answer({"format": "x", "content": {"answers": step}})
        got = run(tmp_path, "bob", "receive", "--json", "--wait", "20", ident)
        assert got.returncode == 0, got.stderr
        assert json.loads(got.stdout)["message"]["content"] == {"answers": step}
    assert run(tmp_path, "bob", "finish", ident).returncode == 0
    assert alice.end()[0] == 0


def test_answer__that_is_no_message__reported_and_the_next_line_is_sent(tmp_path, sender):
    alice = sender("--rights", "RWD")
    ident = alice.invitation["id"]
    assert accept(tmp_path, "bob", alice.url).returncode == 0
    assert run(tmp_path, "bob", "answer", ident, "-", text=json.dumps(KEY)).returncode == 0
    alice.message()
    alice.answer("nonsense")
    alice.answer({"format": "x", "content": {"second": True}})
    got = run(tmp_path, "bob", "receive", "--json", "--wait", "20", ident)
    assert json.loads(got.stdout)["message"]["content"] == {"second": True}
    assert run(tmp_path, "bob", "finish", ident).returncode == 0
    code, err = alice.end()
    assert code == 0
    assert "was not sent" in err


# spec-test: protocol/7#direct-second-device-refused
# spec-test: protocol/7#direct-wrong-secret-refused
def test_wrong_secret_and_second_device__refused_and_reported_to_the_sender(tmp_path, sender):
    alice = sender()
    wrong = alice.url.split("#")[0] + "#" + base64.b64encode(bytes(16)).decode()
    eve = accept(tmp_path, "eve", wrong)
    assert eve.returncode == 3
    assert "does not know the secret" in eve.stderr
    assert accept(tmp_path, "bob", alice.url).returncode == 0
    late = accept(tmp_path, "carol", alice.url)
    assert late.returncode == 1
    assert "another device" in late.stderr
    assert run(tmp_path, "bob", "finish", alice.invitation["id"]).returncode == 0
    code, err = alice.end()
    assert code == 0
    assert "without the right secret" in err
    assert "another device" in err


def test_interrupted__withdrawn_and_nobody_listens(tmp_path, sender):
    alice = sender()
    alice.process.send_signal(signal.SIGINT)
    code, err = alice.end()
    assert code == 1
    assert "withdrawn" in err
    late = accept(tmp_path, "bob", alice.url)
    assert late.returncode == 3
    assert "cannot be reached" in late.stderr


def test_options__that_do_not_go_together__usage(tmp_path):
    (tmp_path / "key.json").write_text(json.dumps(KEY))
    for options in (["--direct", "--relay", "https://relay.example"], ["--listen", "127.0.0.1:0"],
                    ["--direct", "--listen", "0.0.0.0:0"], ["--direct", "--listen", "nonsense"],
                    ["--direct", "--scheme", "tigress"], ["--direct", "--separate-secret"]):
        done = run(tmp_path, "alice", "share", "--yes", *options, str(tmp_path / "key.json"))
        assert done.returncode == 2, (options, done.stderr)


# ---- an independent peer --------------------------------------------------------------------------


def psk_of(url):
    """HKDF-SHA-256 of RFC 5869, an independent implementation."""
    secret = base64.b64decode(url.split("#")[1])
    prk = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    return hmac.new(prk, b"tigress-direct-psk-v1\x01", hashlib.sha256).hexdigest()


def s_client(url, psk, *options):
    port = urllib.parse.urlsplit(url).port
    return subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-psk_identity", "tigress-direct-v1", "-psk", psk,
         *options], input="", capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


# spec-test: protocol/7#direct-psk-from-secret
# spec-test: protocol/7#direct-tls13-psk-dhe
@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
def test_openssl_client__only_the_right_key__accepted(tmp_path, sender):
    for size, suite in (("128", "TLS_AES_128_GCM_SHA256"),):
        alice = sender("--key-size", size)
        good = s_client(alice.url, psk_of(alice.url), "-tls1_3")
        assert f"Cipher is {suite}" in good.stdout, good.stdout + good.stderr
        assert "Reused, TLSv1.3" in good.stdout
        assert "Early data was not sent" in good.stdout
        assert re.search(r"^(Server|Peer) Temp Key: X25519\b", good.stdout, re.M)  # "Peer" since OpenSSL 3.2
        assert "NewSessionTicket" not in good.stdout
        bad = s_client(alice.url, "00" * 32, "-tls1_3")
        assert "Cipher is (NONE)" in bad.stdout
        assert "alert" in bad.stderr
        other = s_client(alice.url, psk_of(alice.url), "-tls1_3", "-psk_identity", "somebody")
        assert "Cipher is (NONE)" in other.stdout
        old = s_client(alice.url, psk_of(alice.url), "-tls1_2")
        assert "Cipher is (NONE)" in old.stdout
        assert accept(tmp_path, "bob", alice.url, "--finish").returncode == 0
        assert alice.end()[0] == 0


def until_closed(sock, data=b""):
    """Until the other side has closed it."""
    sock.settimeout(TIMEOUT_S)
    with contextlib.suppress(ConnectionError), contextlib.closing(sock):
        sock.sendall(data)
        while sock.recv(4096):
            pass


# spec-test: protocol/7#direct-stall-closed
def test_strangers__garbage_silence_and_a_crowd__closed_and_the_right_one_served(tmp_path, sender):
    alice = sender()
    port = urllib.parse.urlsplit(alice.url).port
    crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(12)]
    crowd[0].sendall(b"GET / HTTP/1.1\r\n\r\n")
    crowd[1].sendall(bytes(range(256)) * 300)
    until_closed(socket.create_connection(("127.0.0.1", port)), b"GET")  # after the crowd: it has been accepted
    time.sleep(UNPROVED_GRACE_S)
    bob = accept(tmp_path, "bob", alice.url)
    assert bob.returncode == 0, bob.stderr
    until_closed(crowd[7])
    for one in crowd:
        one.close()
    assert run(tmp_path, "bob", "finish", alice.invitation["id"]).returncode == 0
    assert alice.end()[0] == 0
