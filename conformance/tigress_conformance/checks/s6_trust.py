# SPDX-License-Identifier: Apache-2.0
"""Section 6: good standing, as far as it shows without a genuine device, and the proof of secret."""
import base64
import hashlib
import hmac
import os

from ..expect import bindable, problem, status, that
from ..registry import NotApplicable, check
from ..relay import PROOF, STANDING, new_id

INFO = b"tigress-claim-proof-v1"


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def secret_proof(secret):
    """(proof, verifier) of section 6.4, both base64url. HKDF-SHA-256 without salt, one block."""
    key = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    proof = hmac.new(key, INFO + b"\x01", hashlib.sha256).digest()
    return b64url(proof), b64url(hashlib.sha256(proof).digest())


def refused_standing(answer, what):
    """The 401 of a proof that is not valid; no verdict where the relay ignores such proofs."""
    if answer.status in (200, 201):
        raise NotApplicable("the relay ignores this kind of proof")
    status(answer, 401, what)
    got = problem(answer, what)["type"]
    that(got == STANDING, f"the problem type {STANDING}", got)
    return answer.header("www-authenticate") or ""


@check("6.1", "attestation: one that is not valid is ignored, or a 401 that names the accepted formats")
def attestation_invalid(relay):
    got = refused_standing(relay.create(headers=[("Mailbox-Device-Attestation", "AAAA")]), "an invalid attestation")
    that("deviceattestation" in got.lower(), "WWW-Authenticate: DeviceAttestation", got)


@check("6.1", "private token: one that is not valid is ignored, or a 401 with a challenge")
def token_invalid(relay):
    header = ("Authorization", 'PrivateToken token="' + "A" * 472 + '"')
    got = refused_standing(relay.create(headers=[header]), "an invalid token")
    that("privatetoken challenge=" in got.lower(), "WWW-Authenticate: PrivateToken challenge=...", got)


def protected(relay):
    """A mailbox with a verifier, and its proof."""
    proof, verifier = secret_proof(os.urandom(16))
    return relay.new_box(headers=[(PROOF, "verifier=" + verifier)]), [(PROOF, "proof=" + proof)]


@check("6.4", "proof of secret: without it, or with a wrong one, a first read is a 401 and binds nobody")
def proof_wrong(relay):
    box, proof = protected(relay)
    wrong = [(PROOF, "proof=" + secret_proof(os.urandom(16))[0])]
    status(relay.read(box, new_id()), 401, "a first read without a proof")
    status(relay.read(box, new_id(), headers=wrong), 401, "a first read with a wrong proof")
    status(relay.read(box, box.recipient, headers=proof), 200, "a first read with the right proof")


@check("6.4", "proof of secret: its holder is bound, and needs no proof afterwards")
def proof_right(relay):
    box, proof = protected(relay)
    status(relay.read(box, box.recipient, headers=proof), 200, "a first read with the right proof")
    status(relay.read(box, box.recipient), 200, "a read by the bound device without it")
    status(relay.read(box, new_id(), headers=proof), 401, "a read by a third claim that has the proof")


@check("6.4", "proof of secret: it is needed again after a relinquish")
def proof_after_relinquish(relay):
    box, proof = protected(relay)
    status(relay.read(box, box.recipient, headers=proof), 200, "a first read with the right proof")
    status(relay.relinquish(box, box.recipient), 200, "a relinquish")
    status(relay.read(box, new_id()), 401, "a first read without a proof after it")
    status(relay.read(box, new_id(), headers=proof), 200, "a first read with the proof after it")


@check("6.4", "proof of secret: where none was required, a proof is ignored")
def proof_ignored(relay):
    box = relay.new_box()
    status(relay.read(box, box.recipient, headers=[(PROOF, "proof=" + "A" * 43)]), 200, "a read with a needless proof")


@check("6.4", "proof of secret: a malformed verifier is a 400")
def proof_malformed(relay):
    for value in ("x", "verifier=", "verifier=AAAA", "verifier=" + "*" * 43, "verifier=" + "A" * 44):
        status(relay.create(headers=[(PROOF, value)]), 400, f"a create with {PROOF}: {value[:20]}")


@check("6.4", "proof of secret: a malformed proof binds nobody")
def proof_malformed_read(relay):
    box = relay.new_box()
    status(relay.read(box, new_id(), headers=[(PROOF, "proof=AAAA")]), 400, "a read with a malformed proof")
    bindable(relay, box, "a refused read")
