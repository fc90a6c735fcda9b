# SPDX-License-Identifier: Apache-2.0
"""Proofs of good standing, made from the specifications, without the code under test: packed attestation (WebAuthn
Level 3, section 8.2) under the test authority whose key the W3C vectors publish, and Privacy Pass tokens (RFC 9577,
9578) of an issuer in this file. Tokens are blinded as in RFC 9474 or signed directly; an origin cannot distinguish the
two."""
import base64
import datetime
import functools
import hashlib
import json
import math
import os
import pathlib
import re
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
ATTESTATION = "Mailbox-Device-Attestation"
NOW = functools.partial(datetime.datetime.now, datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)


def b64u(data, pad=False):
    text = base64.urlsafe_b64encode(data).decode()
    return text if pad else text.rstrip("=")


def unb64u(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ---- the challenge ------------------------------------------------------------------------------

def challenge(claim, request_id, message):
    """SHA-256 of what an attestation must cover; message is a body as a dict."""
    payload = message["payload"]
    digest = hashlib.sha256()
    for part in ("tigress-attestation-v1", claim, request_id, payload["type"], payload["data"]):
        digest.update(struct.pack(">I", len(part.encode())) + part.encode())
    return digest.digest()


# ---- attestation --------------------------------------------------------------------------------

def cbor(value):
    """Deterministic CBOR of ints, bytes, texts, lists and dicts."""
    def head(major, number):
        for size, code in ((0, None), (1, 24), (2, 25), (4, 26), (8, 27)):
            if size == 0 and number < 24:
                return bytes([major << 5 | number])
            if size and number < 1 << 8 * size:
                return bytes([major << 5 | code]) + number.to_bytes(size, "big")
        raise ValueError(number)
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def cose_key(public):
    numbers = public.public_numbers()
    return cbor({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"),
                 -3: numbers.y.to_bytes(32, "big")})


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class Authority:
    """The test authority of the W3C vectors."""

    def __init__(self):
        vectors = json.loads((DATA / "attestation" / "w3c_level3.json").read_text())
        anchors = json.loads((DATA / "attestation" / "trust_anchors.json").read_text())
        self.key = ec.derive_private_key(int(vectors["attestation_ca_key_hex"], 16), ec.SECP256R1())
        self.pem = anchors["w3c_webauthn_test_vectors_ca"]["pem"].encode()
        self.certificate = x509.load_pem_x509_certificate(self.pem)
        assert (self.certificate.public_key().public_numbers()
                == self.key.public_key().public_numbers())

    def leaf(self, key, not_before=None, not_after=None, issuer_key=None):
        name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "AA"),
                          x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"),
                          x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME,
                                             "Authenticator Attestation"),
                          x509.NameAttribute(NameOID.COMMON_NAME, "A test's device")])
        builder = (x509.CertificateBuilder().subject_name(name)
                   .issuer_name(self.certificate.subject).public_key(key.public_key())
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(not_before or NOW() - HOUR)
                   .not_valid_after(not_after or NOW() + HOUR)
                   .add_extension(x509.BasicConstraints(ca=False, path_length=None), True))
        return builder.sign(issuer_key or self.key, hashes.SHA256())

    def write_roots(self, folder):
        """A folder for attestation-roots."""
        folder.mkdir(exist_ok=True)
        (folder / "packed.pem").write_bytes(self.pem)
        return folder


def auth_data_of(rp_id, credential, flags=0x45):
    credential_id = os.urandom(16)
    return (hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + bytes(4) + bytes(16)
            + struct.pack(">H", len(credential_id)) + credential_id + cose_key(credential))


def nothing(rp_id):
    """The header's value: an attestation of the format none, which covers nothing."""
    credential = ec.generate_private_key(ec.SECP256R1()).public_key()
    return b64u(cbor({"fmt": "none", "attStmt": {}, "authData": auth_data_of(rp_id, credential)}))


def packed_self(covered, rp_id):
    """The header's value: a packed attestation that the credential signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    auth_data = auth_data_of(rp_id, key.public_key())
    signature = key.sign(auth_data + hashlib.sha256(covered).digest(), ec.ECDSA(hashes.SHA256()))
    return b64u(cbor({"fmt": "packed", "attStmt": {"alg": -7, "sig": signature},
                      "authData": auth_data}))


def packed(covered, rp_id, key, chain, flags=0x45):
    """The header's value: a packed attestation over a challenge."""
    auth_data = auth_data_of(rp_id, ec.generate_private_key(ec.SECP256R1()).public_key(), flags)
    signature = key.sign(auth_data + hashlib.sha256(covered).digest(), ec.ECDSA(hashes.SHA256()))
    return b64u(cbor({"fmt": "packed",
                      "attStmt": {"alg": -7, "sig": signature, "x5c": [der(c) for c in chain]},
                      "authData": auth_data}))


# ---- tokens -------------------------------------------------------------------------------------

ALGORITHM = bytes.fromhex("303d06092a864886f70d01010a3030a00d300b0609608648016503040202a11a301806092a"
                          "864886f70d010108300b0609608648016503040202a203020130")


def der_tlv(tag, value):
    length = len(value)
    if length < 128:
        return bytes([tag, length]) + value
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + value


class Issuer:
    def __init__(self, name="issuer.example"):
        self.name = name
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        plain = self.key.public_key().public_bytes(serialization.Encoding.DER,
                                                   serialization.PublicFormat.PKCS1)
        self.spki = der_tlv(0x30, ALGORITHM + der_tlv(0x03, b"\0" + plain))
        self.key_id = hashlib.sha256(self.spki).digest()

    def entry(self, not_after, not_before=None):
        out = {"token-key": b64u(self.spki), "not-after": int(not_after)}
        if not_before is not None:
            out["not-before"] = int(not_before)
        return out

    def token_challenge(self, origin, context=b""):
        name = self.name.encode()
        return (struct.pack(">HH", 2, len(name)) + name + bytes([len(context)]) + context
                + struct.pack(">H", len(origin)) + origin.encode())

    def blind_sign(self, blinded):
        """The issuer's part. The issuer does not see the token."""
        numbers = self.key.private_numbers()
        modulus = numbers.public_numbers.n
        return pow(int.from_bytes(blinded, "big"), numbers.d, modulus).to_bytes(256, "big")

    def token(self, token_challenge, is_blind=False):
        """A token for a challenge."""
        message = (struct.pack(">H", 2) + os.urandom(32) + hashlib.sha256(token_challenge).digest()
                   + self.key_id)
        if is_blind:
            return message + self.fetch_blindly(message)
        pss = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=48)
        return message + self.key.sign(message, pss, hashes.SHA384())

    def fetch_blindly(self, message):
        """RFC 9474: encode, blind, let the issuer sign, unblind."""
        public = self.key.public_key().public_numbers()
        encoded = emsa_pss(message, 2047)
        while True:
            blind = int.from_bytes(os.urandom(256), "big") % public.n
            if blind > 1 and math.gcd(blind, public.n) == 1:
                break
        blinded = int.from_bytes(encoded, "big") * pow(blind, public.e, public.n) % public.n
        signed = int.from_bytes(self.blind_sign(blinded.to_bytes(256, "big")), "big")
        return (signed * pow(blind, -1, public.n) % public.n).to_bytes(256, "big")


def emsa_pss(message, bits, salt_len=48):
    """RFC 8017, section 9.1.1, with SHA-384."""
    def sha384(data):
        return hashlib.sha384(data).digest()
    size = (bits + 7) // 8
    salt = os.urandom(salt_len)
    digest = sha384(bytes(8) + sha384(message) + salt)
    block = bytes(size - salt_len - 48 - 2) + b"\x01" + salt
    mask = b"".join(sha384(digest + struct.pack(">I", i)) for i in range(-(-len(block) // 48)))
    masked = bytearray(a ^ b for a, b in zip(block, mask))
    masked[0] &= 0xff >> (8 * size - bits)
    return bytes(masked) + digest + b"\xbc"


def authorization(token):
    return ("Authorization", f'PrivateToken token="{b64u(token, pad=True)}"')


def write_issuers(path, entries):
    """entries: list of (issuer name, list of key entries)."""
    path.write_text(json.dumps({"issuers": [{"name": name, "keys": keys}
                                            for name, keys in entries]}))
    return path


def asked_tokens(answer):
    """The (TokenChallenge, token-key) of each PrivateToken challenge of a 401."""
    found = []
    for value in answer.all("www-authenticate"):
        for match in re.finditer(r'PrivateToken challenge="([^"]*)", token-key="([^"]*)"', value):
            found.append((unb64u(match.group(1).rstrip("=")), unb64u(match.group(2).rstrip("="))))
    return found


