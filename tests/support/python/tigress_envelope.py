# SPDX-License-Identifier: Apache-2.0
"""Envelope v1 and the share URL, written from the protocol's text, without our C code.

An interoperability test needs two independent implementations: this module seals with
python3-cryptography and parses URLs with urllib.
"""
import base64
import binascii
import json
import os
import re
import uuid
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

TYPE_BY_SECRET_LEN = {16: "AEAD_AES_128_GCM", 32: "AEAD_AES_256_GCM"}
IV_LEN = 12
TAG_LEN = 16
BUCKETS = (512, 1024, 2048, 4096, 8192, 16384, 32768, 40960)


class EnvelopeError(Exception):
    """A message that cannot be sealed or opened."""


def new_secret(length=16):
    """A secret of 16 or 32 random bytes."""
    if length not in TYPE_BY_SECRET_LEN:
        raise EnvelopeError("a secret has 16 or 32 bytes")
    return os.urandom(length)


def pad(text):
    """Trailing spaces up to the smallest bucket: the length does not reveal the credential."""
    for bucket in BUCKETS:
        if len(text) <= bucket:
            return text + b" " * (bucket - len(text))
    raise EnvelopeError("message too long")


def seal(secret, message, iv=None):
    """dict -> payload dict {type, data}."""
    text = pad(json.dumps(message, ensure_ascii=False).encode())
    iv = os.urandom(IV_LEN) if iv is None else iv
    box = iv + AESGCM(secret).encrypt(iv, text, None)
    return {"type": TYPE_BY_SECRET_LEN[len(secret)], "data": base64.b64encode(box).decode()}


def open_bytes(secret, payload):
    """payload dict -> the padded plaintext."""
    if payload.get("type") != TYPE_BY_SECRET_LEN[len(secret)]:
        raise EnvelopeError("payload type does not fit the secret")
    try:
        box = base64.b64decode(payload["data"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise EnvelopeError("payload data is no base64") from error
    if len(box) < IV_LEN + TAG_LEN:
        raise EnvelopeError("payload data is too short")
    try:
        return AESGCM(secret).decrypt(box[:IV_LEN], box[IV_LEN:], None)
    except Exception as error:
        raise EnvelopeError("payload does not decrypt") from error


def open_sealed(secret, payload):
    """payload dict -> the message dict."""
    message = json.loads(open_bytes(secret, payload))
    if not isinstance(message, dict):
        raise EnvelopeError("message is no object")
    return message


def secret_proof(secret, origin="https://relay.example"):
    """The proof that a device holds the secret, for the relay of origin, and its verifier, both base64url."""
    info = b"tigress-claim-proof-v2\0" + origin.encode()
    proof = HKDF(hashes.SHA256(), 32, None, info).derive(secret)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(proof)
    return b64url(proof), b64url(digest.finalize())


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class ShareUrl:
    """The parts of an invitation."""
    origin: str
    mailbox: str
    vertical: str
    secret: bytes

    def text(self, scheme=None):
        """The URL; scheme "tigress" gives the form one handler takes for every relay."""
        origin = self.origin
        if scheme is not None:
            origin = scheme + origin[origin.index(":"):]
        query = "?" + urlencode({"v": self.vertical}) if self.vertical else ""
        fragment = "#" + base64.b64encode(self.secret).decode() if self.secret else ""
        return f"{origin}/v1/m/{self.mailbox}{query}{fragment}"


def parse_share_url(text):
    """Text -> ShareUrl; any base64 alphabet, padded or not, as the protocol requires for input."""
    parts = urlsplit(text)
    if parts.scheme not in ("https", "http", "tigress"):
        raise EnvelopeError("not a share URL scheme")
    found = re.fullmatch(r"/v1/m/([0-9A-Fa-f-]{36})", parts.path)
    if not found:
        raise EnvelopeError("path is not /v1/m/{identifier}")
    scheme = "https" if parts.scheme == "tigress" else parts.scheme
    raw = parts.fragment.replace("-", "+").replace("_", "/").rstrip("=")
    secret = base64.b64decode(raw + "=" * (-len(raw) % 4), validate=True)
    if secret and len(secret) not in TYPE_BY_SECRET_LEN:
        raise EnvelopeError("secret has another length")
    vertical = parse_qs(parts.query).get("v", [""])[0]
    return ShareUrl(f"{scheme}://{parts.netloc}", str(uuid.UUID(found.group(1))), vertical, secret)
