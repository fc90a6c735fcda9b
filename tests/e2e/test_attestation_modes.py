# SPDX-License-Identifier: Apache-2.0
"""Attestation that is only reported, forms that the relay does not know, verified users, and the operator's own
verifier."""
import contextlib
import hmac
import json
import pathlib
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading

import pytest

import standing
from conftest import make_relay, open_api
from relay_process import find_binary, metrics, run_refused, sanitizer_env
from standing import ATTESTATION
from test_attestation import AUTHORITY, RP_ID, Device, Share, assert_standing, settings

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "verifier" / "verifier.py"
KEY = b"k" * 32
# Another scheme's token, another encoding, an envelope of our own form with another name.
UNKNOWN = ["acme1.00", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "A", "AAAA", "not base64!", "%%%",
           standing.b64u(standing.cbor({"fmt": "compound", "attStmt": [], "authData": b""})),
           standing.b64u(standing.cbor({"fmt": "acme", "attStmt": {}, "authData": b""})),
           standing.b64u(standing.cbor({"token": b"x"})), standing.b64u(b"\xa0")]


def counts(relay, family="tigress_standing_total"):
    """{(scheme, step): count} over all formats."""
    found = {}
    for name, value in metrics(relay).items():
        if name.startswith(family + "{"):
            labels = dict(part.split("=") for part in name[len(family) + 1:-1].split(","))
            key = labels["scheme"].strip('"'), labels["step"].strip('"')
            found[key] = found.get(key, 0) + value
    return found


def proof_of(share, key=KEY):
    covered = standing.challenge(share.claim, share.request_id, share.message)
    return (ATTESTATION, "acme1." + hmac.digest(key, covered, "sha256").hex())


# ---- report and optional ------------------------------------------------------------------------

# spec-test: protocol/6#report
def report__anything__answered_as_with_off_and_counted(tmp_path):
    device, stranger = Device(), Device(issuer_key=Device().key)
    with make_relay(tmp_path, args=settings(tmp_path, "report")) as relay, \
            contextlib.closing(open_api(relay)) as api:
        assert Share().send(api).status == 200
        for share, proof in [(s := Share(), s.attested(device)), (s := Share(), s.attested(stranger)),
                             (s := Share(), s.attested(device, rp_id="relay.example")),
                             (s := Share(), Share().attested(device)),
                             (Share(), (ATTESTATION, standing.nothing(RP_ID))),
                             *((Share(), (ATTESTATION, text)) for text in UNKNOWN)]:
            made = share.send(api, proof)
            assert made.status == 200, made.body
            assert share.send(api, proof).status == 201
        share = Share()
        link = share.send(api).json()["urlLink"].rsplit("/", 1)[1]
        message = {"payload": {"type": "AEAD_AES_128_GCM", "data": "bmV3"}}
        assert api.update(link, share.claim, message, extra=[(ATTESTATION, "AAAA")]).status == 200
        bad = Device(issuer_key=device.key).header(share.claim, "other", message)
        assert api.update(link, share.claim, message, extra=[bad]).status == 200
        total, reported = counts(relay), counts(relay, "tigress_standing_reported_total")
    assert total[("attestation", "ok")] == 1
    refused = {key: value for key, value in total.items() if key[1] != "ok"}
    assert refused == {("attestation", "chain"): 2, ("attestation", "policy"): 2,
                       ("attestation", "signature"): 1,
                       ("attestation", "unknown"): len(UNKNOWN) + 1}
    assert reported == {**refused, ("none", "missing"): 2}


# spec-test: protocol/6#unknown-form
def optional__form_that_nobody_knows__as_absent_and_counted(tmp_path):
    with make_relay(tmp_path, args=settings(tmp_path, "optional")) as relay, \
            contextlib.closing(open_api(relay)) as api:
        for text in UNKNOWN:
            answer = Share().send(api, (ATTESTATION, text))
            assert answer.status == 200, (text, answer.body)
        assert counts(relay) == {("attestation", "unknown"): len(UNKNOWN)}
        # A form that it knows and that fails stays refused.
        share = Share()
        good = share.attested(Device())[1]
        assert_standing(share.send(api, (ATTESTATION, standing.nothing(RP_ID))), "policy")
        assert_standing(Share().send(api, (ATTESTATION, good)), "signature")
        broken = standing.b64u(standing.cbor({"fmt": "packed", "attStmt": [], "authData": b""}))
        assert_standing(Share().send(api, (ATTESTATION, broken)), "encoding")


def required__form_that_nobody_knows__refused(tmp_path):
    with make_relay(tmp_path, args=settings(tmp_path, "required")) as relay, \
            contextlib.closing(open_api(relay)) as api:
        for text in UNKNOWN:
            assert_standing(Share().send(api, (ATTESTATION, text)), "refused at the step")


# ---- a verified user ----------------------------------------------------------------------------

# spec-test: protocol/6#user-verified
def user_verified__beside_what_cannot_show_it__no_start(tmp_path):
    issuers = standing.write_issuers(tmp_path / "issuers.json", [])
    base = ["--dev", "--data", str(tmp_path), "--listen", "127.0.0.1:0", "--attestation-user-verified"]
    for more in (["--attestation", "required", "--attestation-formats", "packed,fido-u2f"],
                 ["--attestation", "optional", "--attestation-formats", "apple,apple-appattest",
                  "--attestation-app-ids", "A.b"],
                 ["--attestation", "report", "--attestation-formats", "none"],
                 ["--attestation", "optional", "--attestation-formats", "packed", "--attestation-self"],
                 ["--attestation", "required", "--attestation-formats", "packed", "--private-tokens",
                  "optional", "--private-token-issuers", str(issuers)],
                 []):
        for action in ([], ["--check-config"]):
            code, text = run_refused([*base, *more, *action])
            assert code == 2 and "attestation-user-verified" in text and "expected" in text, text


def user_verified__flag_missing__refused(tmp_path):
    args = settings(tmp_path, "required", "--attestation-user-verified")
    with make_relay(tmp_path, args=args) as relay, contextlib.closing(open_api(relay)) as api:
        share, device = Share(), Device()
        covered = standing.challenge(share.claim, share.request_id, share.message)
        present = standing.packed(covered, RP_ID, device.key, device.chain, flags=0x41)
        assert_standing(share.send(api, (ATTESTATION, present)), "policy")
        assert share.send(api, share.attested(device)).status == 200


# ---- the operator's own verifier ----------------------------------------------------------------

@contextlib.contextmanager
def example(folder):
    """examples/verifier, when it listens."""
    path, key = folder / "socket", folder / "key"
    key.write_bytes(KEY)
    with subprocess.Popen([sys.executable, str(EXAMPLE), str(path), str(key)]) as running:
        try:
            wait_for(path, running)
            yield path
        finally:
            running.kill()


def wait_for(path, running):
    while running.poll() is None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(path))
            return
    raise AssertionError("the verifier ended")


class Stub(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers each question with what the test chose, and keeps the questions."""
    daemon_threads, request_queue_size = True, 128

    def __init__(self, path, answer):
        self.answer, self.questions = answer, []
        super().__init__(str(path), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.server.questions.append(self.rfile.readline())
            with contextlib.suppress(OSError):
                self.server.answer(self)


@contextlib.contextmanager
def stub(path, answer):
    server = Stub(path, answer)
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        path.unlink()


def says(text):
    return lambda handler: handler.wfile.write(text)


@pytest.fixture(name="own")
def fixture_own():
    """A private folder for the socket, whose path must be short."""
    with tempfile.TemporaryDirectory(prefix="tg-v-") as folder:
        yield pathlib.Path(folder)


def with_verifier(folder, mode, path, *more, timeout="30s"):
    return settings(folder, mode, "--attestation-verifier", f"unix:{path}",
                    "--attestation-verifier-timeout", timeout, *more)


# spec-test: protocol/6#operators-verifier
@pytest.mark.parametrize("mode", ["required", "optional", "report"])
def verifier__of_the_examples__decides_about_its_own_scheme(tmp_path, own, mode):
    with example(own) as path, \
            make_relay(tmp_path, args=with_verifier(tmp_path, mode, path)) as relay, \
            contextlib.closing(open_api(relay)) as api:
        share = Share()
        assert share.send(api, proof_of(share)).status == 200
        share = Share()
        forged = share.send(api, proof_of(share, b"x" * 32))
        other = share.send(api, proof_of(Share()))
        unknown = Share().send(api, (ATTESTATION, "of another maker"))
        share = Share()
        assert share.send(api, share.attested(Device())).status == 200  # not its business
        if mode == "report":
            assert [forged.status, other.status, unknown.status] == [200, 201, 200]
        else:
            for answer in (forged, other):
                assert answer.status == 401 and "step verifier" in answer.json()["detail"]
                assert 'formats="packed operator"' in answer.all("www-authenticate")[0]
            assert unknown.status == (401 if mode == "required" else 200)
        total = counts(relay)
    assert total[("attestation", "ok")] == 2
    assert total[("attestation", "verifier")] == (1 if mode == "report" else 2)


def verifier__question__has_the_blob_and_the_challenge_alone(tmp_path, own):
    path = own / "socket"
    with stub(path, says(b'{"verdict":"valid"}\n')) as server, \
            make_relay(tmp_path, args=with_verifier(tmp_path, "required", path)) as relay, \
            contextlib.closing(open_api(relay)) as api:
        share = Share()
        text = 'x "quoted" \\ \'text\' ~'
        assert share.send(api, (ATTESTATION, text)).status == 200
        covered = standing.challenge(share.claim, share.request_id, share.message)
        for stream in ("stdout", "stderr"):  # and nothing of it is logged
            assert b"quoted" not in relay.output(stream)
    assert len(server.questions) == 1 and server.questions[0].endswith(b"\n")
    assert json.loads(server.questions[0]) == {"attestation": text, "challenge": standing.b64u(covered)}


BAD_ANSWERS = [b"", b"\n", b"yes\n", b"{}\n", b'{"verdict":"VALID"}\n', b'{"verdict":true}\n',
               b'{"verdict":"valid"', b'{"verdict":"valid"}', b'{"verdict":"valid"}\n{}\n',
               b'{"verdict":"valid","verdict":"valid"}\n', b'{"verdict":"valid","userVerified":1}\n',
               b'["valid"]\n', b"x" * 5000, b'{"verdict":"valid","more":"' + b"x" * 5000 + b'"}\n',
               b'{"verdict":"valid"}\0\n', b'\xff{"verdict":"valid"}\n']


@pytest.mark.parametrize("mode", ["required", "optional", "report"])
def verifier__garbage_or_end__no_verdict(tmp_path, own, mode):
    path, texts = own / "socket", list(BAD_ANSWERS)
    with make_relay(tmp_path, args=with_verifier(tmp_path, mode, path)) as relay, \
            contextlib.closing(open_api(relay)) as api:
        assert Share().send(api, (ATTESTATION, "x")).status == (200 if mode == "report" else 503)
        with stub(path, lambda handler: handler.wfile.write(texts.pop())):
            for _ in BAD_ANSWERS:
                answer = Share().send(api, (ATTESTATION, "x"))
                assert answer.status == (200 if mode == "report" else 503), answer.body
        # The verifier has died: the relay is alive, and asks the next one.
        assert Share().send(api, (ATTESTATION, "x")).status == (200 if mode == "report" else 503)
        with stub(path, says(b'{"verdict":"valid","more":null}\n')):
            assert Share().send(api, (ATTESTATION, "x")).status == 200
        assert counts(relay)[("attestation", "internal")] == len(BAD_ANSWERS) + 2


def verifier__silent__503_after_the_timeout_and_others_are_served(tmp_path, own):
    path, release = own / "socket", threading.Event()
    args = with_verifier(tmp_path, "optional", path, "--workers", "1", timeout="1s")
    with stub(path, lambda handler: release.wait(60)), \
            make_relay(tmp_path, args=args) as relay:
        answers = []

        def create():
            with contextlib.closing(open_api(relay)) as api:
                answers.append(Share().send(api, (ATTESTATION, "x")).status)
        threads = [threading.Thread(target=create) for _ in range(3)]
        for thread in threads:
            thread.start()
        with contextlib.closing(open_api(relay)) as api:  # the loop is not blocked
            assert Share().send(api).status == 200
        for thread in threads:
            thread.join()
        release.set()
        assert answers == [503, 503, 503]


def verifier__user__must_be_verified_where_that_is_asked(tmp_path, own):
    path, answers = own / "socket", [b'{"verdict":"valid"}\n', b'{"verdict":"valid","userVerified":true}\n']
    args = with_verifier(tmp_path, "required", path, "--attestation-user-verified")
    with stub(path, lambda handler: handler.wfile.write(answers.pop(0))), \
            make_relay(tmp_path, args=args) as relay, contextlib.closing(open_api(relay)) as api:
        assert_standing(Share().send(api, (ATTESTATION, "x")), "policy", "packed operator")
        assert Share().send(api, (ATTESTATION, "x")).status == 200


def verifier__alone__needs_no_formats(tmp_path, own):
    path = own / "socket"
    args = ["--attestation", "required", "--attestation-verifier", f"unix:{path}",
            "--attestation-verifier-timeout", "30s"]
    with stub(path, says(b'{"verdict":"valid"}\n')), make_relay(tmp_path, args=args) as relay, \
            contextlib.closing(open_api(relay)) as api:
        refused = Share().send(api)
        assert refused.status == 401
        assert 'DeviceAttestation formats="operator"' in refused.all("www-authenticate")
        assert Share().send(api, (ATTESTATION, "x")).status == 200


def check_config__socket__judged(tmp_path, own):
    def check(path):
        run = subprocess.run([find_binary("tigressd"), "--check-config", "--dev", "--data", str(tmp_path),
                              "--attestation", "required", "--attestation-verifier", f"unix:{path}"],
                             env=sanitizer_env(), capture_output=True, text=True, timeout=60, check=False)
        return run.returncode, run.stdout + run.stderr
    code, text = check(own / "socket")
    assert code == 0 and "nothing listens there" in text, text
    with stub(own / "socket", says(b"")):
        assert check(own / "socket") == (0, "tigressd: the configuration is valid\n")
        own.chmod(0o777)
        code, text = check(own / "socket")
        own.chmod(0o700)
        assert code == 2 and "every user can write" in text, text
    (own / "file").write_text("")
    code, text = check(own / "file")
    assert code == 2 and "not a socket" in text, text
    code, text = check(own / "nowhere" / "socket")
    assert code == 2 and "its folder is not there" in text, text
    for wrong in ("relative", "/" + "x" * 107, "/run/"):
        code, text = check(wrong)
        assert code == 2 and "attestation-verifier" in text and "expected" in text, text
