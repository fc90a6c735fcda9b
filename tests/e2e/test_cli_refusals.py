# SPDX-License-Identifier: Apache-2.0
"""Wrong arguments, links, secrets, messages and relays."""
import contextlib
import json
import socket
import socketserver
import subprocess
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cli_device import KEY, Device

ID = "4f2a0000-1111-4222-8333-444444444444"
SECRET = "AAAAAAAAAAAAAAAAAAAAAA=="
LINK = f"https://127.0.0.1:1/v1/m/{ID}"


@pytest.fixture
def alice(relay, tmp_path):
    return Device(tmp_path / "alice", relay)


@pytest.fixture
def bob(relay, tmp_path):
    return Device(tmp_path / "bob", relay)


@pytest.fixture
def alone(tmp_path):
    """A device that knows no relay."""
    return Device(tmp_path / "alone")


# ---- arguments -------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [
    (), ("steal",), ("share",), ("share", "--nonsense", "-"), ("share", "--relay"),
    ("share", "a", "b"), ("accept",), ("accept", "-", "--qr"), ("answer", ID), ("receive",),
    ("receive", ID, "--wait", "soon"), ("receive", ID, "--wait", "8d"), ("finish",), ("cancel",),
    ("cancel", ID, "--finish"), ("relinquish",), ("inspect",), ("status", ID, ID), ("version", "1"),
    ("help", "steal"), ("share", "-"), ("share", "--resume", ID, "-"),
    ("share", "--vertical", "boat", "-"), ("share", "--key-size", "192", "-"),
    ("share", "--scheme", "http", "-"), ("accept", "-", "--secret-file", "-"),
], ids="-".join)
def usage__wrong_arguments__exit_two_and_one_sentence(alone, words):
    ran = alone.run(*words, given="")
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("tigress: ")
    assert ran.err.splitlines()[0].endswith(".")
    ran = alone.run(*words, "--json", given="")
    assert ran.code == 2 and ran.error
    assert not alone.files()


@pytest.mark.parametrize("words,hint", [
    (("receive", ID, "--secret=" + SECRET), "See 'tigress help receive'."),
    (("share", "--titel", "x", "-"), "did you mean --title?"), (("receive", ID, "--finsh"), "did you mean --finish?"),
    (("shar", "-"), "did you mean 'share'?"), (("recieve", ID), "did you mean 'receive'?"),
    (("help", "statsu"), "did you mean 'status'?"), (("steal",), "'tigress help' lists the commands."),
    ((), "'tigress help' lists the commands."), (("answer", ID), "See 'tigress help answer'."),
], ids=range(9))
def usage__mistyped__one_line_with_a_hint(alone, words, hint):
    ran = alone.run(*words)
    assert ran.code == 2 and ran.out == ""
    assert len(ran.err.splitlines()) == 1 and ran.err.endswith(f"{hint}\n" if hint.endswith(".") else "\n")
    assert hint in ran.err
    assert SECRET not in ran.err


@pytest.mark.parametrize("words", [("help",), ("--help",), ("help", "share"), ("share", "--help")],
                         ids="-".join)
def help__any_form__exit_zero_on_standard_output(alone, words):
    ran = alone.run(*words)
    assert (ran.code, ran.err) == (0, "")
    assert "usage: tigress" in ran.out


def version__json__a_version_and_an_abi(alone):
    assert set(alone.must("version")) == {"version", "abi"}
    assert alone.run("--version").out.startswith("tigress ")


@pytest.mark.parametrize("words", [
    ("--rights", "RX"), ("--rights", "RR"), ("--rights", ""), ("--expires", "soon"),
    ("--expires", "0h"), ("--title", "t" * 257), ("--description", "d" * 1025),
    ("--image", "https://" + "i" * 2048),
], ids=lambda words: words[0] + "-" + words[1][:4])
def share__option_out_of_bounds__exit_two_and_nothing_saved(alice, words):
    ran = alice.run("share", "--yes", *words, "-", given=json.dumps(KEY))
    assert ran.code == 2, ran.err
    assert words[0] in ran.err
    assert alice.files() == []


def share__beyond_the_relays_maximum__refused_with_the_relays_reason(alice):
    ran = alice.refused(1, "refused", "share", "--yes", "--expires", "400d", "-",
                        given=json.dumps(KEY))
    assert "The relay reports: " in ran.err
    assert alice.files() == []


# spec-test: protocol/7#provisioning-information
@pytest.mark.parametrize("given", [
    "", "no json", "[]", "{}", '{"format":"x"}', '{"format":"x","content":[]}',
    '{"format":1,"content":{}}', '{"format":"x","content":{}} x',
    '{"format":"x","format":"y","content":{}}', b'{"format":"\xff","content":{}}',
    '{"format":"x","content":{"a":' + "[" * 20000 + "]" * 20000 + "}}",
], ids=range(11))
def share__not_a_message__exit_two(alice, given):
    ran = alice.refused(2, "message", "share", "--yes", "-", given=given)
    assert "x" * 40 not in ran.err
    assert alice.files() == []


def share__message_at_the_limit__is_sent_and_one_byte_more_is_refused(alice, bob):
    frame = '{"format":"x","content":{"a":"%s"}}'
    longest = frame % ("b" * (38912 - len(frame) + 2))
    assert len(longest) == 38912
    shared = alice.must("share", "--yes", "-", given=longest)
    assert bob.accept(shared["url"])["message"] == json.loads(longest)
    ran = alice.refused(2, "limit", "share", "--yes", "-", given=longest + " ")
    assert "at most 38912 bytes" in ran.err and "got 38913" in ran.err
    alice.refused(2, "too-long", "share", "--yes", "-", given=longest.ljust(40961))


def share__file_that_is_not_there__refused(alice):
    ran = alice.refused(1, "input", "share", "--yes", "/nowhere/key.json")
    assert "/nowhere/key.json" in ran.err


# ---- links and secrets -----------------------------------------------------------------------


# spec-test: protocol/7#checks-before-first-request
@pytest.mark.parametrize("link", [
    "", "key", "ftp://127.0.0.1/v1/m/" + ID, "http://relay.example/v1/m/" + ID,
    f"https://user@127.0.0.1/v1/m/{ID}", "https://127.0.0.1/v1/m/not-a-uuid",
    f"https://127.0.0.1/v2/m/{ID}", f"https://127.0.0.1/{ID}", f"https:///v1/m/{ID}",
    f"https://127.0.0.1:99999/v1/m/{ID}", f"{LINK}\x1b[2J", "https://127.0.0.1/v1/m/" + "a" * 4000,
], ids=range(12))
@pytest.mark.parametrize("command", ["accept", "inspect"])
def link__malformed__refused_before_any_request(alone, command, link):
    tail = "#" + SECRET if link else ""
    ran = alone.run(command, "-", "--json", given=link + tail)
    assert ran.code == 2
    assert ran.error in ("url", "input", "too-long", "limit")
    assert SECRET not in ran.err + ran.out and "\x1b" not in ran.err
    assert alone.files() == []


# spec-test: protocol/7#damaged-secret-is-told-apart
@pytest.mark.parametrize("secret", ["A", "AAAA", "A" * 21, "A" * 100, "!" * 24, "A" * 23 + "=="],
                         ids=range(6))
def link__damaged_secret__refused_and_not_printed(alone, secret):
    ran = alone.run("accept", "-", "--json", given=f"{LINK}#{secret}")
    assert (ran.code, ran.error) == (2, "secret")
    assert secret not in ran.err or len(secret) < 5


# spec-test: protocol/8#one-reading
@pytest.mark.parametrize("damage", [
    lambda link: link.replace("#", "%23"), lambda link: link.replace("=", "%3D"), lambda link: link[:-1],
    lambda link: f"<{link}>.", lambda link: link.replace("/v1/m/", "/v1\n/m/"),
    lambda link: f"Hi Bob,\nhere is the key:\n{link}\nYours, Alice",
    lambda link: "https://gate.example/?url=" + urllib.parse.quote(link, safe="") + "&data=05%7C02",
], ids=range(7))
def link__damaged_on_its_way__accepted_and_said(alice, bob, damage):
    shared = alice.share(KEY)
    text = damage(shared["url"])
    ran = bob.run("accept", "-", "--json", given=text)
    assert ran.code == 0 and ran.json["message"] == KEY
    assert "the link was not as it was sent, and was repaired: " in ran.err
    assert shared["url"].split("#")[1] not in ran.err
    # spec-test: protocol/8#exposed-secret
    assert ("was exposed" in ran.err) == ("%23" in text)


def link__two_in_one_text__refused_before_any_request(alone):
    ran = alone.refused(2, "url", "accept", "-", given=f"{LINK}#{SECRET} {LINK[:-1]}0#{SECRET}")
    assert "more than one link" in ran.err and SECRET not in ran.err


# spec-test: protocol/7#relay-allow-list
def link__inside_another__the_list_judges_the_relay_of_the_link(alone):
    link = "https://allowed.example/?url=" + urllib.parse.quote(f"{LINK}#{SECRET}", safe="")
    alone.refused(1, "not-allowed", "accept", "-", "--allow-relay", "allowed.example", given=link)


def link__without_secret__refused_with_the_option(alone):
    ran = alone.refused(2, "secret", "accept", "-", given=LINK)
    assert "--secret-file" in ran.err


# spec-test: protocol/7#relay-allow-list
def link__relay_that_is_not_allowed__refused_before_any_request(alone):
    alone.refused(1, "not-allowed", "accept", "-", "--allow-relay", "relay.example",
                  "--allow-relay", "127.0.0.1:2", given=f"{LINK}#{SECRET}")
    alone.refused(1, "not-allowed", "inspect", "-", "--allow-relay", "127.0.0.1", given=LINK)


def link__allowed_relay__accepted(alice, bob, relay):
    shared = alice.share(KEY)
    assert bob.accept(shared["url"], "--allow-relay", f"127.0.0.1:{relay.port}")["message"] == KEY


def secret__wrong_then_right__opens_and_nothing_was_lost(alice, bob, tmp_path):
    shared = alice.share(KEY)
    bare, secret = shared["url"].split("#")
    ran = bob.refused(1, "decrypt", "accept", "-", given=f"{bare}#{SECRET}")
    assert SECRET not in ran.err
    path = tmp_path / "secret"
    path.write_text(secret)
    assert bob.accept(bare, "--secret-file", path, "--finish")["message"] == KEY


def secret__of_the_other_length__refused(alice, bob):
    shared = alice.share(KEY, "--key-size", "256")
    bob.refused(1, "decrypt", "accept", "-", given=f"{shared['url'].split('#')[0]}#{SECRET}")
    assert bob.must("cancel", shared["id"])["status"] == "declined"


def link__same_identifier_at_another_relay__refused(alice, bob, relay):
    shared = alice.share(KEY, "--rights", "RWD")
    bob.accept(shared["url"])
    other = shared["url"].replace("127.0.0.1", "localhost")
    ran = bob.refused(1, "another-relay", "accept", "--allow-relay", f"localhost:{relay.port}", "-", given=other)
    assert "127.0.0.1" in ran.err


# ---- relays ----------------------------------------------------------------------------------


def relay__not_trusted__exit_three_with_the_option(alice, tmp_path, relay):
    stranger = Device(tmp_path / "stranger", TIGRESS_RELAY=relay.origin)
    ran = stranger.refused(3, "tls", "share", "--yes", "-", given=json.dumps(KEY))
    assert "--cacert" in ran.err
    shared = alice.share(KEY)
    stranger.refused(3, "tls", "inspect", "-", given=shared["url"])


def relay__nobody_listens__exit_three_and_the_share_can_be_resumed(relay, tmp_path):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        nobody = f"https://127.0.0.1:{held.getsockname()[1]}"
        device = Device(tmp_path / "device", relay, TIGRESS_RELAY=nobody)
        device.refused(3, "connect", "share", "--yes", "-", given=json.dumps(KEY))
        pending = device.must("status")["transfers"][0]
        assert pending["status"] == "pending"
        device.refused(1, "pending", "receive", pending["id"])
        device.refused(3, "connect", "share", "--resume", pending["id"][:8])


def cacert__missing_file__exit_two(alone):
    ran = alone.refused(2, "cacert", "inspect", "--cacert", "/nowhere.pem", "-", given=LINK)
    assert "/nowhere.pem" in ran.err


@pytest.mark.parametrize("relay_url", ["relay.example", "http://relay.example", "https://",
                                       "https://a/b", "ftp://127.0.0.1"])
def share__not_a_relay_url__exit_two(alone, relay_url):
    alone.refused(2, "url", "share", "--yes", "--relay", relay_url, "-", given=json.dumps(KEY))


class Liar(socketserver.ThreadingTCPServer):
    """Answers every request with the same bytes."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer):
        self.answer = answer
        super().__init__(("127.0.0.1", 0), LiarHandler)


class LiarHandler(socketserver.StreamRequestHandler):
    timeout = 5

    def handle(self):
        length = 0
        try:
            while line := self.rfile.readline(8192).strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            self.rfile.read(length)
            self.wfile.write(self.server.answer)
        except OSError:
            pass


def http(status, body=b"", kind=b"application/json", extra=b"", length=None):
    return (b"HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n%s"
            % (status, kind, len(body) if length is None else length, extra, body))


LIES = {
    "nothing": (b"", "network"),
    "no-http": (b"\x00\xff garbage\r\n\r\n", "protocol"),
    "html": (http(200, b"<html>login</html>", b"text/html"), "protocol"),
    "cut-json": (http(200, b'{"payload":{"type":"AEAD_AES_128_GCM","da'), "protocol"),
    "json-of-another-shape": (http(200, b"[1,2]"), "protocol"),
    "empty": (http(200), "protocol"),
    "more-promised-than-sent": (http(200, b"{}", length=500), "network"),
    "huge": (http(200, b" " * 3_000_000), "protocol"),
    "redirect": (http(302, extra=b"Location: https://evil.example/\r\n"), "protocol"),
    "unavailable": (http(503, b"down", b"text/plain"), "unavailable"),
    "binary-problem": (http(400, b'{"detail":"\\u001b[2J\\u0000bad"}',
                            b"application/problem+json"), "refused"),
}


COMMANDS = {"accept": ("accept", "-", "--json"), "share": ("share", "--yes", "-", "--json")}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The result of each command for each wrong answer. They run at the same time, because each retries for seconds."""
    running, ran = {}, {}
    with contextlib.ExitStack() as stack:
        for lie, (answer, _) in LIES.items():
            liar = stack.enter_context(Liar(answer))
            stack.callback(liar.shutdown)
            threading.Thread(target=liar.serve_forever, daemon=True).start()
            origin = f"http://127.0.0.1:{liar.server_address[1]}"
            given = {"accept": f"{origin}/v1/m/{ID}#{SECRET}", "share": json.dumps(KEY)}
            for command, words in COMMANDS.items():
                device = Device(tmp_path_factory.mktemp(f"{lie}-{command}"), TIGRESS_RELAY=origin)
                process = device.start(*words, stdin=subprocess.PIPE)
                process.stdin.write(given[command].encode())
                process.stdin.close()
                process.stdin = None
                running[lie, command] = device, process
        for key, (device, process) in running.items():
            ran[key] = device, device.finish(process)
    return ran


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("lie", LIES)
def relay__wrong_answer__one_sentence_and_the_state_is_saved(results, lie, command):
    device, ran = results[lie, command]
    assert ran.code in (1, 3), ran.err
    assert ran.error == LIES[lie][1]
    assert len(ran.err.splitlines()) == 1 and "\x1b" not in ran.err
    assert len(device.files()) == (1 if ran.code == 3 else 0)


# ---- a relay without a clock --------------------------------------------------------------------

@contextlib.contextmanager
def relay_with_date(date):
    """Answers every preview with 404 and this Date, every create with 500."""
    class Handler(BaseHTTPRequestHandler):
        def answer(self, status):
            seen.append(self.command)
            self.send_response_only(status)
            if date is not None:
                self.send_header("Date", date)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self):
            self.answer(404)

        def do_POST(self):
            self.answer(500)

        def log_message(self, *_):
            pass

    seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()


# spec-test: protocol/3#expiration-counts-from-date
@pytest.mark.parametrize("date", [None, "soon", "Sun, 06 Nov 1994 08:49:37 GMT", "Sat, 01 Jan 2124 00:00:00 GMT"])
def share__lifetime_and_no_usable_date__refused_and_nothing_is_created(alice, date):
    with relay_with_date(date) as (origin, seen):
        ran = alice.refused(1, "relay-date", "share", "--yes", "--relay", origin, "--expires", "3h", "-",
                            given=json.dumps(KEY))
    assert "Date" in ran.err and seen == ["GET"]
    assert alice.files() == []
