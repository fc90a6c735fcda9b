# SPDX-License-Identifier: Apache-2.0
"""A second implementation of envelope v2, only from docs/envelope-v2.md and python3-cryptography. Where it agrees with
the library, both agree with the document.

A Transfer is one side. Random bytes are arguments, so that it can make vectors.
"""
import base64
import hashlib
import hmac
import json
import os
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

INITIATOR, RECIPIENT = 1, 2
MEMBER = "tigressV2"
ROLES = {INITIATOR: "initiator", RECIPIENT: "recipient"}
BARE = '{"format":"tigress.v2","content":{}}'
TYPES = {16: "AEAD_AES_128_GCM", 32: "AEAD_AES_256_GCM"}
BUCKETS = [512, 1024, 2048, 4096, 8192, 16384, 32768, 40960]


def pad(text):
    raw = text.encode()
    return raw.ljust(next(size for size in BUCKETS if size >= len(raw)))


def public_bytes(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def digest(type_, data):
    return hashlib.sha256(type_.encode() + b"\0" + data.encode()).digest()


def transcript_begin(mailbox):
    return hashlib.sha256(b"tigress-transcript-v2\0" + uuid.UUID(mailbox).bytes).digest()


def transcript_add(before, sender, seq, type_, data):
    return hashlib.sha256(before + bytes([sender]) + seq.to_bytes(8, "big") + digest(type_, data)).digest()


def derive(shared, secret, transcript, sender):
    info = b"tigress-envelope-v2 " + {INITIATOR: b"initiator", RECIPIENT: b"recipient"}[sender]
    return HKDF(algorithm=hashes.SHA256(), length=len(secret), salt=transcript, info=info).derive(shared + secret)


def additional_data(mailbox, sender, seq, transcript):
    return (b"tigress-envelope-v2\0" + uuid.UUID(mailbox).bytes + bytes([sender]) + seq.to_bytes(8, "big")
            + transcript)


def b64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_b64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def with_member(text, **values):
    """The object's text with the member at its end: bytes are written as base64url, None not at all."""
    value = {name: v if isinstance(v, str) else b64url(v) for name, v in values.items() if v is not None}
    end = len(text.rstrip()[:-1].rstrip())
    return text[:end] + ',"%s":%s' % (MEMBER, json.dumps(value, separators=(",", ":"))) + text[end:]


def member_of(text, sender):
    """The other side's member, {} if there is none."""
    found = json.loads(text).get(MEMBER) or {}
    assert found.get("role") in (None, ROLES[sender])
    return {name: v if name == "role" else from_b64url(v) for name, v in found.items()}


def commitment(nonce):
    return hashlib.sha256(b"tigress-sas-commitment-v1\0" + nonce).digest()


def sas_digits(initiator_nonce, transcript, recipient_nonce):
    """The short authentication string; transcript: after message 2."""
    mac = hmac.new(initiator_nonce, transcript + recipient_nonce, "sha256").digest()
    return "%06d" % (int.from_bytes(mac[:8], "big") % 10**6)


class Transfer:
    """One side of a transfer that supports envelope v2, and uses v1 with a side that does not."""

    def __init__(self, role, secret, mailbox=None, private=None, offers=True, names_role=True, nonce=None):
        self.role, self.secret, self.mailbox = role, secret, mailbox
        self.private = private or os.urandom(32)
        self.offers = offers
        self.names_role = names_role  # False: as an older version, which has no digits either
        self.nonce = nonce or os.urandom(32)
        self.peer_commitment = self.peer_nonce = self.digits = None
        self.peer = None
        self.keys = None  # by sender
        self.is_v1 = not offers
        self.seq = 0
        self.log = []  # (sender, type, data): the transcript is computed from it when needed
        self.shared = None

    def transcript(self):
        value = transcript_begin(self.mailbox)
        for seq, (sender, type_, data) in enumerate(self.log, 1):
            value = transcript_add(value, sender, seq, type_, data)
        return value

    def _agree(self):
        self.shared = X25519PrivateKey.from_private_bytes(self.private).exchange(
            X25519PublicKey.from_public_bytes(self.peer))
        salt = self.transcript()
        self.keys = {role: derive(self.shared, self.secret, salt, role) for role in (INITIATOR, RECIPIENT)}

    def seal(self, text, iv=None):
        """(type, data) of the next message."""
        iv = iv or os.urandom(12)
        key, bound = self.secret, None
        answers = False
        if self.keys:
            key, bound = self.keys[self.role], additional_data(self.mailbox, self.role, len(self.log) + 1,
                                                               self.transcript())
            if self.role == INITIATOR and len(self.log) == 2 and self.peer_nonce:
                text = with_member(text, reveal=self.nonce)
                self.digits = sas_digits(self.nonce, self.transcript(), self.peer_nonce)
        elif not self.is_v1 and (self.role == INITIATOR and not self.log or self.role == RECIPIENT and self.peer):
            answers = self.role == RECIPIENT
            more = {"role": ROLES[self.role]} if self.names_role else {}
            if self.names_role and not answers:
                more = {"commitment": commitment(self.nonce), **more}
            if answers and self.peer_commitment:
                more = {"nonce": self.nonce, **more}
            text = with_member(text, publicKey=public_bytes(self.private), **more)
        data = base64.b64encode(iv + AESGCM(key).encrypt(iv, pad(text), bound)).decode()
        self.log.append((self.role, TYPES[len(self.secret)], data))
        if answers:
            self._agree()
        return TYPES[len(self.secret)], data

    def open(self, type_, data):
        """The other side's next message, as JSON text with the member in it."""
        assert type_ == TYPES[len(self.secret)]
        other = RECIPIENT if self.role == INITIATOR else INITIATOR
        raw = base64.b64decode(data, validate=True)
        key, bound = self.secret, None
        if self.keys:
            key, bound = self.keys[other], additional_data(self.mailbox, other, len(self.log) + 1, self.transcript())
        text = AESGCM(key).decrypt(raw[:12], raw[12:], bound).decode().rstrip(" ")
        if self.peer_commitment and len(self.log) == 2:
            reveal = member_of(text, other)["reveal"]
            assert commitment(reveal) == self.peer_commitment
            self.digits = sas_digits(reveal, self.transcript(), self.nonce)
        self.log.append((other, type_, data))
        if not self.keys and not self.is_v1 and len(self.log) <= 2:
            member = member_of(text, other)
            self.peer = member.get("publicKey")
            self.peer_commitment = member.get("commitment") if self.names_role else None
            self.peer_nonce = member.get("nonce")
            self.is_v1 = self.peer is None
            if self.peer and self.role == INITIATOR:
                self._agree()
        return text
