# SPDX-License-Identifier: Apache-2.0
"""The suite itself: its arguments, its load, and that it ends whatever a relay does."""
import contextlib
import json
import re
import signal
import socket
import socketserver
import subprocess
import threading
import time

import pytest

import relay_process
from conftest import ROOT, RUN, RUN_S, assert_schema, run_suite
from faulty_relay import Fault, FaultyRelay
from tigress_conformance.http1 import Answer
from tigress_conformance.registry import CHECKS
import tigress_conformance.checks  # noqa: F401  (declares all checks)

NO_VERDICT = 3


@contextlib.contextmanager
def relay_with(fault, folder):
    """The origin of a relay behind a proxy with this fault."""
    with contextlib.closing(FaultyRelay(fault)) as proxy:
        args = ["--rate", "0", "--public-url", proxy.origin]
        with relay_process.Relay(folder / "relay", args=args, is_plain=True) as relay:
            proxy.start(relay.port)
            yield proxy.origin


@contextlib.contextmanager
def server(handle):
    """A TCP server that calls handle(socket) for each connection."""
    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with contextlib.suppress(OSError):
                handle(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


# ---- arguments ----------------------------------------------------------------------------------

@pytest.mark.parametrize("arguments, said", [
    ([], "URL"),
    (["http://relay.example"], "https"),
    (["ftp://127.0.0.1"], "https"),
    (["https://relay.example/v1/m"], "origin"),
    (["https://a@relay.example"], "origin"),
    (["https://relay.example", "--insecure"], "--ca FILE"),
    (["https://relay.example", "--rate", "0"], "this machine"),
    (["https://relay.example", "--rate", "-1"], "--rate"),
    (["https://relay.example", "--only", "no such check"], "--list"),
    (["https://relay.example", "--ca", "/nonexistent/ca.pem"], "No such file"),
    (["https://relay.example", "--ca", str(RUN)], "PEM"),
    (["https://relay.example", "--create-header", "x"], "NAME: VALUE"),
    (["https://relay.example", "--level", "other"], "draft"),
])
def arguments__wrong__2_and_what_was_expected(arguments, said):
    code, output, _ = run_suite(*arguments)
    assert (code, said in output) == (2, True), output


def list__both_levels__named_by_section_and_unique():
    assert len(CHECKS) >= 80
    for key in ("id", "name"):
        names = [getattr(one, key) for one in CHECKS]
        assert len(set(names)) == len(names)
    for level, wanted in (("tigress", len(CHECKS)), ("draft", sum(bool(one.draft) for one in CHECKS))):
        code, output, _ = run_suite("--list", "--level", level)
        assert code == 0
        assert f"{wanted} checks" in output
        assert all(len(line) <= 80 for line in output.splitlines())
    assert 40 <= sum(bool(one.draft) for one in CHECKS) < len(CHECKS)


def sections__of_checks__are_those_of_the_protocol():
    text = (ROOT / "docs" / "protocol.md").read_text()
    known = set(re.findall(r"^### (\d+\.\d+) ", text, re.M))
    assert {one.section for one in CHECKS} <= known


# ---- a relay that cannot be tested --------------------------------------------------------------

def unreachable__nobody_listens__3(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
    code, output, report = run_suite(f"http://127.0.0.1:{port}", folder=tmp_path)
    assert (code, report) == (NO_VERDICT, None)
    assert "cannot be tested" in output


def unreachable__certificate_of_another_ca__3_and_names_ca(tmp_path):
    with relay_process.Relay(tmp_path / "relay") as relay:
        code, output, _ = run_suite(relay.origin)
    assert code == NO_VERDICT
    assert "--ca FILE" in output


def hangs__no_answer__ends_within_its_limit():
    with server(lambda sock: sock.recv(1 << 20) and time.sleep(RUN_S)) as origin:
        code, output, _ = run_suite(origin, "--timeout", 1)
    assert code == NO_VERDICT
    assert "no answer in time" in output


def hangs__byte_after_byte__ends_within_its_limit():
    def drip(sock):
        sock.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            sock.sendall(b"x")
            time.sleep(0.05)
    with server(drip) as origin:
        code, output, _ = run_suite(origin, "--timeout", 1)
    assert code == NO_VERDICT
    assert "no answer in time" in output


GARBAGE = {
    "another protocol": b"SSH-2.0-x\r\n",
    "a body that never comes": b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n",
    "zeros": b"\0" * 200_000,
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000,
    "nothing": b"",
}


@pytest.mark.parametrize("what", list(GARBAGE))
def garbage__no_answer_of_http__3(what):
    def answer(sock):
        sock.recv(65536)
        sock.sendall(GARBAGE[what])
    with server(answer) as origin:
        code, output, _ = run_suite(origin, "--timeout", 5)
    assert code == NO_VERDICT, output
    assert "Traceback" not in output


class RequiresStanding(Fault):
    """Every create without an attestation is refused, unless it has the header that a test relay accepts."""

    def tell(self, request, answer, seen, ask):
        if request.target == "/v1/m" and answer.status == 200 and request.header("x-test") is None:
            body = b'{"type":"urn:tigress:problem/standing","title":"Unauthorized","status":401}'
            return Answer(401, [("content-type", "application/problem+json"),
                                ("www-authenticate", "DeviceAttestation formats=\"apple\"")], body)
        return answer


def standing_required__no_mailbox__3_and_says_why(tmp_path):
    with relay_with(RequiresStanding(), tmp_path) as origin:
        code, output, report = run_suite(origin, "--only", "3.4", folder=tmp_path)
        assert code == NO_VERDICT, output
        assert "good standing" in output
        assert {one["result"] for one in report["checks"]} == {"not run"}
        code, output, _ = run_suite(origin, "--only", "3.4", "--create-header", "X-Test: yes", "--rate", 0)
        assert code == 0, output


# ---- load ---------------------------------------------------------------------------------------

class Counts(Fault):
    """No fault; counts requests and mailboxes."""

    def __init__(self):
        self.times, self.made, self.deleted = [], 0, 0

    def ask(self, request, seen):
        self.times.append(time.monotonic())
        return request

    def tell(self, request, answer, seen, ask):
        self.made += request.target == "/v1/m" and answer.status == 200
        self.deleted += request.method == "DELETE" and answer.status == 200
        return answer


def load__pace_and_count__kept_and_reported(tmp_path):
    counts = Counts()
    with relay_with(counts, tmp_path) as origin:
        code, output, report = run_suite(origin, "--only", "2.2", "--rate", 40, folder=tmp_path)
    assert code == 0, output
    assert report["requests"] == len(counts.times)
    assert counts.made == counts.deleted > 0
    # The gaps are kept on average; a request that waited long for its turn does not make up for it.
    assert counts.times[-1] - counts.times[0] >= (len(counts.times) - 8) / 40
    assert_schema(report)


def load__limit_of_requests__3_and_not_one_more(tmp_path):
    counts = Counts()
    with relay_with(counts, tmp_path) as origin:
        code, output, report = run_suite(origin, "--only", "2.2", "--rate", 0, "--max-requests", 60, folder=tmp_path)
    assert code == NO_VERDICT, output
    assert len(counts.times) <= 60
    assert counts.made == counts.deleted
    assert report["counts"]["not run"] > 0 and report["counts"]["passed"] > 0


def load__limit_of_time__3(tmp_path):
    with relay_with(Fault(), tmp_path) as origin:
        code, output, report = run_suite(origin, "--rate", 5, "--max-time", 2, folder=tmp_path)
    assert code == NO_VERDICT, output
    assert "--max-time" in output
    assert len(report["checks"]) == len(CHECKS)


class Busy(Fault):
    """Every tenth request is refused for a second; `after` is the Retry-After."""

    def __init__(self, status, after):
        self.status, self.after = status, after
        self.count, self.refused_s, self.gaps = 0, None, []

    def tell(self, request, answer, seen, ask):
        self.count += 1
        if self.refused_s is not None:
            self.gaps.append(time.monotonic() - self.refused_s)
            self.refused_s = None
        if self.count % 10 == 0:
            self.refused_s = time.monotonic()
            headers = [("retry-after", self.after)] if self.after else []
            return Answer(self.status, headers + [("content-type", "text/plain")], b"busy")
        return answer


@pytest.mark.parametrize("status", [429, 503])
def busy__retry_after__waited_for_and_repeated(tmp_path, status):
    busy = Busy(status, "1")
    with relay_with(busy, tmp_path) as origin:
        code, output, _ = run_suite(origin, "--only", "4.2", "--rate", 0)
    assert code == 0, output
    assert len(busy.gaps) >= 3
    assert min(busy.gaps) >= 1


def busy__without_retry_after__fails(tmp_path):
    with relay_with(Busy(503, None), tmp_path) as origin:
        code, output, _ = run_suite(origin, "--only", "4.2", "--rate", 0)
    assert code == 1, output
    assert "Retry-After" in output


def busy__too_long__3_and_no_wait(tmp_path):
    with relay_with(Busy(429, "100000"), tmp_path) as origin:
        code, output, _ = run_suite(origin, "--only", "4.2", "--rate", 0)
    assert code == NO_VERDICT, output
    assert "--max-wait" in output


class GoesAway(Fault):
    """Closes after forty requests and accepts no connection any more."""

    def __init__(self):
        self.count, self.listener = 0, None

    def tell(self, request, answer, seen, ask):
        self.count += 1
        if self.count == 40:
            self.listener.server_close()
        if self.count >= 40:
            raise ConnectionResetError
        return answer


def goes_away__in_the_middle__ends_with_a_whole_report(tmp_path):
    fault = GoesAway()
    with contextlib.closing(FaultyRelay(fault)) as proxy, \
            relay_process.Relay(tmp_path / "relay", args=["--rate", "0", "--public-url", proxy.origin],
                                is_plain=True) as relay:
        fault.listener = proxy
        proxy.start(relay.port)
        code, output, report = run_suite(proxy.origin, "--rate", 0, "--timeout", 5, folder=tmp_path)
    assert code == 1, output
    assert "cannot be reached any more" in output
    assert len(report["checks"]) == len(CHECKS)
    assert_schema(report)


def interrupted__sigint__3_with_a_whole_report(tmp_path):
    path = tmp_path / "report.json"
    with relay_with(Fault(), tmp_path) as origin, subprocess.Popen(
            ["/usr/bin/python3", str(RUN), origin, "--rate", "10", "--only", "4", "--json", str(path)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        seen = ""
        while "pass" not in seen:
            line = running.stdout.readline()
            assert line, seen
            seen += line
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=RUN_S)
    assert running.returncode == NO_VERDICT, seen + output
    assert "interrupted" in output and path.exists()
    assert "Traceback" not in output


# ---- reports --------------------------------------------------------------------------------------

class BreaksUpdates(Fault):
    """Updates are a 500 with control characters and a long line."""

    def tell(self, request, answer, seen, ask):
        if request.method == "PUT":
            return Answer(500, [("content-type", "text/plain")], b"\x1b[31m\x07" + b"y" * 5000)
        if request.method == "GET":
            return Answer(200, [("content-type", "text/html\x1b[2J\u202e")], b"")
        return answer


def text__failures__80_columns_and_no_control_characters(tmp_path):
    with relay_with(BreaksUpdates(), tmp_path) as origin:
        code, output, _ = run_suite(origin, "--only", "4.5", "--only", "4.3", "--rate", 0, "--junit",
                                    tmp_path / "report.xml")
    assert code == 1
    assert "FAIL" in output and "expected" in output and "got" in output
    assert all(len(line) <= 80 for line in output.splitlines()), output
    for text in (output, (tmp_path / "report.xml").read_text()):
        assert "\x1b" not in text and "\u202e" not in text


def json__to_standard_output__nothing_else(tmp_path):
    with relay_with(Fault(), tmp_path) as origin:
        got = subprocess.run(["/usr/bin/python3", str(RUN), origin, "--rate", "0", "--only", "4.5", "--json", "-"],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=RUN_S, check=False)
    assert got.returncode == 0
    report = json.loads(got.stdout)
    assert_schema(report)
    assert report["only"] == ["4.5"]
    assert "CONFORMANT to level tigress, in the chosen checks: " in got.stderr
    assert all(len(line) <= 80 for line in got.stderr.splitlines()), got.stderr
