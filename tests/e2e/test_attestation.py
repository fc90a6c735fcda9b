# SPDX-License-Identifier: Apache-2.0
"""Device attestation over HTTPS, under a test authority whose key is in the W3C vectors."""
import contextlib
import datetime
import hashlib
import json
import subprocess
import urllib.request

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import standing
from checks import assert_problem
from cli_device import KEY, Device as Wallet
from conftest import make_relay, open_api
from relay_process import RelayError, find_binary, metrics, run_refused, sanitizer_env
from standing import ATTESTATION, HOUR, NOW
from tigress_client import create_message, new_id

RP_ID = "127.0.0.1"


def has_tool():
    with contextlib.suppress(RelayError):
        return bool(find_binary("tigress"))
    return False


AUTHORITY = standing.Authority()


class Device:
    """A device with an attestation key and its certificate."""

    def __init__(self, **options):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.chain = [AUTHORITY.leaf(self.key, **options)]

    def header(self, claim, request_id, message, rp_id=RP_ID, name=ATTESTATION):
        return (name, standing.packed(standing.challenge(claim, request_id, message), rp_id,
                                      self.key, self.chain))


class Share:
    """One create: what the attestation covers, and what is sent."""

    def __init__(self, message=None):
        self.claim, self.request_id = new_id(), new_id()
        self.message = message or create_message()

    def attested(self, device, **options):
        return device.header(self.claim, self.request_id, self.message, **options)

    def send(self, api, *headers):
        return api.create(self.message, self.claim, self.request_id, extra=headers)


def settings(tmp, mode, *more):
    roots = AUTHORITY.write_roots(tmp / "roots")
    return ["--attestation", mode, "--attestation-formats", "packed", "--attestation-roots",
            str(roots), *more]


@pytest.fixture(scope="module", params=["required", "optional"])
def mode(request):
    return request.param


@pytest.fixture(scope="module")
def revoked_device():
    return Device()


@pytest.fixture(scope="module")
def asking(tmp_path_factory, mode, revoked_device):
    tmp = tmp_path_factory.mktemp(mode)
    spki = revoked_device.key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    revoked = tmp / "revoked"
    revoked.write_text(f"# a test's\nkey {hashlib.sha256(spki).hexdigest()}\n")
    args = settings(tmp, mode, "--attestation-revoked", str(revoked))
    with make_relay(tmp, args=args) as running:
        yield running


@pytest.fixture(params=["h1", "h2"])
def asked(request, asking):
    with contextlib.closing(open_api(asking, request.param)) as opened:
        yield opened


@pytest.fixture(scope="module")
def device():
    return Device()


def assert_standing(answer, step, formats="packed"):
    assert answer.status == 401, (answer.status, answer.body)
    problem = answer.json()
    assert problem["type"] == "urn:tigress:problem/standing"
    assert step in problem["detail"], problem
    assert f'DeviceAttestation formats="{formats}"' in answer.all("www-authenticate")
    assert "BEGIN" not in problem["detail"] and "W3C" not in problem["detail"]


# spec-test: protocol/6#attestation-challenge protocol/6#attestation-header
def create__attested__made_and_repeated(asked, device):
    share = Share()
    proof = share.attested(device)
    first = share.send(asked, proof)
    assert first.status == 200, first.body
    again = share.send(asked, proof)
    assert again.status == 201
    assert again.json() == first.json()
    bare = share.send(asked)
    assert bare.status == 201  # done before: nothing new is made


# spec-test: protocol/6#required-on-create
def create__without__as_the_mode_says(asked, mode):
    answer = Share().send(asked)
    if mode == "optional":
        assert answer.status == 200
    else:
        assert_standing(answer, "a device attestation")


# spec-test: protocol/6#present-but-bad-refused
@pytest.mark.parametrize("change", ["content", "type", "claim", "request id"])
def replayed__for_another_request__refused(asked, device, change):
    share = Share()
    proof = share.attested(device)
    assert share.send(asked, proof).status == 200
    other = Share(dict(share.message))
    other.claim, other.request_id = share.claim, share.request_id
    if change in ("content", "type"):
        other.request_id = new_id()
        proof = other.attested(device)
        other.message["payload"] = dict(share.message["payload"])
        other.message["payload"]["data" if change == "content" else "type"] += "x"
    elif change == "claim":
        other.claim = new_id()
    else:
        other.request_id = new_id()
    assert_standing(other.send(asked, proof), "signature")  # the signed hash is of other data


def certificate__expired_not_yet_valid_or_of_another_authority__refused(asked):
    day = datetime.timedelta(days=1)
    stranger = ec.generate_private_key(ec.SECP256R1())
    for options in ({"not_before": NOW() - 2 * day, "not_after": NOW() - HOUR},
                    {"not_before": NOW() + HOUR, "not_after": NOW() + day},
                    {"issuer_key": stranger}):
        share = Share()
        assert_standing(share.send(asked, share.attested(Device(**options))), "chain")


def key__revoked__refused(asked, revoked_device):
    share = Share()
    assert_standing(share.send(asked, share.attested(revoked_device)), "chain")


def relying_party__another__refused(asked, device):
    share = Share()
    assert_standing(share.send(asked, share.attested(device, rp_id="relay.example")), "policy")


def header__of_wrong_encoding__refused_where_required(asked, mode, device):
    share = Share()
    good = share.attested(device)[1]
    for value in (good[:-5], good + "AA", "+" + good[1:], "A", "AAAA", good + "====",
                  standing.b64u(b"\xa0"), good[:100] + " " + good[100:]):
        if mode == "required":
            assert_standing(share.send(asked, (ATTESTATION, value)), "encoding")
        else:
            assert Share().send(asked, (ATTESTATION, value)).status == 200  # as absent
    assert share.send(asked, (ATTESTATION, good + "=" * (-len(good) % 4))).status == 200


def header__alias__counts_as_the_same(asked, device):
    share = Share()
    assert share.send(asked, share.attested(device, name="deviceAttestation")).status == 200


def header__of_unknown_format__refused_where_required(asked, mode):
    share = Share()
    value = standing.b64u(standing.cbor({"fmt": "compound", "attStmt": [], "authData": b""}))
    if mode == "required":
        assert_standing(share.send(asked, (ATTESTATION, value)), "")
    else:
        assert share.send(asked, (ATTESTATION, value)).status == 200  # as absent


# spec-test: protocol/6#attestation-header-limit
def header__longer_than_16_KiB__431(asked, mode):
    share = Share()
    assert share.send(asked, (ATTESTATION, "A" * 16385)).status == 431
    longest = share.send(asked, (ATTESTATION, "A" * 16384))
    if mode == "required":
        assert_standing(longest, "encoding")
    else:
        assert longest.status == 200  # of a form that nobody knows: as absent
    assert share.send(asked, (ATTESTATION, "A" * 33000)).status == 431


def update__with_a_good_a_bad_or_no_attestation(asked, device):
    share = Share()
    answer = share.send(asked, share.attested(device))
    link = answer.json()["urlLink"].rsplit("/", 1)[1]
    message = {"payload": {"type": "AEAD_AES_128_GCM", "data": "bmV3"}}
    request_id = new_id()
    good = device.header(share.claim, request_id, message)
    bad = device.header(share.claim, new_id(), message)
    assert_standing(asked.update(link, share.claim, message, request_id, extra=[bad]), "signature")
    assert asked.update(link, share.claim, message, request_id, extra=[good]).status == 200
    assert asked.update(link, share.claim, message, request_id, extra=[good]).status == 201
    assert asked.update(link, share.claim, message).status == 200
    # Rights and conditions are checked first, so no proof is verified needlessly.
    stale = asked.update(link, share.claim, message, request_id=new_id(),
                         extra=[bad, ("If-Match", '"1"')])
    assert stale.status == 412


def order__body_before_standing(asked):
    assert_problem(asked.create(b"{", new_id(), new_id(), extra=[(ATTESTATION, "AAAA")]), 400)


def metrics__count_steps_and_formats__and_nothing_else(asking, asked, device):
    share = Share()
    assert share.send(asked, share.attested(device)).status == 200
    url = f"http://127.0.0.1:{asking.admin_port}/metrics"
    with urllib.request.urlopen(url, timeout=10) as got:
        text = got.read().decode()
    lines = [line for line in text.splitlines() if line.startswith("tigress_standing_total{")]
    assert any('format="packed",step="ok"' in line for line in lines), lines
    assert any('step="chain"' in line for line in lines) or len(lines) >= 1


def off__any_proof__ignored(tmp_path):
    with make_relay(tmp_path) as relay, contextlib.closing(open_api(relay)) as api:
        assert Share().send(api, (ATTESTATION, "no attestation")).status == 200


# spec-test: protocol/6#strength
def optional__proof_of_nothing__accepted_and_counted_as_such(tmp_path):
    roots = AUTHORITY.write_roots(tmp_path / "roots")
    args = ["--attestation", "optional", "--attestation-formats", "none,packed",
            "--attestation-self", "--attestation-roots", str(roots)]
    with make_relay(tmp_path, args=args) as relay, contextlib.closing(open_api(relay)) as api:
        share = Share()
        covered = standing.challenge(share.claim, share.request_id, share.message)
        assert share.send(api, (ATTESTATION, standing.packed_self(covered, RP_ID))).status == 200
        assert Share().send(api, (ATTESTATION, standing.nothing(RP_ID))).status == 200
        counts = {name: value for name, value in metrics(relay).items() if "standing" in name}
    assert counts == {
        'tigress_standing_total{scheme="attestation",format="packed",step="strength"}': 1,
        'tigress_standing_total{scheme="attestation",format="none",step="strength"}': 1}


# spec-test: protocol/6#strength
@pytest.mark.parametrize("modes", [("required", "off"), ("required", "optional"),
                                   ("optional", "required"), ("required", "required")])
@pytest.mark.parametrize("weak", [["none"], ["none,apple"], ["packed", "--attestation-self"]])
def required__beside_a_proof_of_nothing__no_start(tmp_path, modes, weak):
    issuers = standing.write_issuers(tmp_path / "issuers.json", [])
    roots = AUTHORITY.write_roots(tmp_path / "roots")
    for action in ([], ["--check-config"]):
        code, text = run_refused(["--dev", "--data", str(tmp_path), "--listen", "127.0.0.1:0",
                                  "--attestation", modes[0], "--private-tokens", modes[1],
                                  "--private-token-issuers", str(issuers), "--attestation-roots",
                                  str(roots), "--attestation-formats", *weak, *action])
        assert code == 2 and "proves nothing" in text and "expected" in text, text


# spec-test: protocol/6#strength
def required__proof_of_nothing_or_self_signed__refused(asked, mode):
    share = Share()
    covered = standing.challenge(share.claim, share.request_id, share.message)
    assert_standing(share.send(asked, (ATTESTATION, standing.packed_self(covered, RP_ID))), "policy")
    assert_standing(share.send(asked, (ATTESTATION, standing.nothing(RP_ID))), "policy")


def check_config__bad_roots_or_lists__reported(tmp_path):
    def check(*args):
        run = subprocess.run([find_binary("tigressd"), "--check-config", "--dev", "--data",
                              str(tmp_path), *args], env=sanitizer_env(), capture_output=True,
                             text=True, timeout=30, check=False)
        return run.returncode, run.stdout + run.stderr
    good = settings(tmp_path, "required")
    assert check(*good) == (0, "tigressd: the configuration is valid\n")
    code, text = check(*good[:-1], str(tmp_path / "nowhere"))
    assert code == 2 and "attestation" in text and "packed.pem" in text
    (tmp_path / "roots" / "packed.pem").write_text("no certificate")
    code, text = check(*good)
    assert code == 2 and "roots of packed" in text
    AUTHORITY.write_roots(tmp_path / "roots")
    (tmp_path / "revoked").write_text("serial xyz\n")
    code, text = check(*good, "--attestation-revoked", str(tmp_path / "revoked"))
    assert code == 2 and "line 1" in text


# ---- the tool -----------------------------------------------------------------------------------

@pytest.fixture
def files(tmp_path, device):
    (tmp_path / "key.pem").write_bytes(standing.key_pem(device.key))
    (tmp_path / "chain.pem").write_bytes(b"".join(map(standing.pem, device.chain)))
    (tmp_path / "credential.json").write_text(json.dumps(KEY))
    return tmp_path


@pytest.mark.skipif(not has_tool(), reason="built without the tool")
def tool__attest_packed__share_is_made_and_accepted(asking, files):
    alice, bob = Wallet(files / "alice", asking), Wallet(files / "bob", asking)
    made = alice.must("share", "--yes", "--attest-packed", files / "key.pem", files / "chain.pem",
                      files / "credential.json")
    assert bob.must("accept", made["url"])["message"]["content"] == KEY["content"]


@pytest.mark.skipif(not has_tool(), reason="built without the tool")
def tool__without_or_with_files_that_cannot_be_used__clear_words(asking, mode, files):
    alice = Wallet(files / "alice", asking)
    share = ("share", "--yes", "--json", files / "credential.json")
    if mode == "required":
        ran = alice.run(*share)
        assert ran.code == 1 and "good standing" in ran.json["error"]["message"]
    for key, chain in (("chain.pem", "chain.pem"), ("key.pem", "key.pem"), ("gone", "chain.pem")):
        ran = alice.run(*share, "--attest-packed", files / key, files / chain)
        assert ran.code == 1 and ran.error == "attest", ran.err
    assert alice.run("share", "--yes", files / "credential.json", "--attest-packed",
                     files / "key.pem").code == 2
