# SPDX-License-Identifier: Apache-2.0
"""A second implementation of the PIN by PAKE, from docs/protocol.md section 7.17 and draft-irtf-cfrg-cpace."""
import base64
import hashlib
import hmac
import json
import os
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

import tigress_envelope2 as e2
import tigress_ristretto as group

NAME = "CPACE-RISTR255-SHA512"
TRIES = 5
DATA = {e2.INITIATOR: b"initiator", e2.RECIPIENT: b"recipient"}


class WrongPin(Exception):
    pass


def session_id(agreement, number):
    return agreement + number.to_bytes(8, "big")


def channel(mailbox):
    return b"tigress-pake-v1\0" + uuid.UUID(mailbox).bytes


def key_of_tags(sid, isk):
    return hashlib.sha512(b"CPaceMac" + sid + isk).digest()


def tag(mac_key, role, share):
    return hmac.new(mac_key, group.lv_cat(share, DATA[role]), "sha256").digest()


def mixed(key, isk, transcript, role):
    return HKDF(algorithm=hashes.SHA256(), length=len(key), salt=transcript,
                info=b"tigress-pake-v1 " + DATA[role]).derive(key + isk)


class Run:
    """One try of one side."""

    def __init__(self, role, pin, mailbox, agreement, number, scalar=None):
        self.role, self.sid, self.ci, self.pin = role, session_id(agreement, number), channel(mailbox), pin.encode()
        value = int.from_bytes(scalar or os.urandom(64), "little") % group.ORDER
        self.scalar = value.to_bytes(32, "little")
        self.share = group.share(self.scalar, self.pin, self.ci, self.sid)
        self.isk = self.k = self.mac_key = None

    def finish(self, peer):
        self.k = group.point_of(self.scalar, peer)
        ours = {self.role: self.share, 3 - self.role: peer}
        ya, yb = ours[e2.INITIATOR], ours[e2.RECIPIENT]
        self.isk = group.isk(self.sid, self.k, ya, DATA[e2.INITIATOR], yb, DATA[e2.RECIPIENT])
        self.mac_key = key_of_tags(self.sid, self.isk)
        self.tags = {role: tag(self.mac_key, role, share) for role, share in ours.items()}


class Transfer(e2.Transfer):
    """One side of a transfer with a PIN. seal() of the PIN's own messages takes e2.BARE; `state` says what is next:
    "offer", "agreed" (the initiator's next message is a try), "asked" (it waits for the tag, or the recipient's next
    message has one), "answered", "proved"."""

    def __init__(self, role, secret, pin, mailbox=None, **options):
        self.scalars = options.pop("scalars", [])
        super().__init__(role, secret, mailbox, **options)
        self.pin, self.number, self.run, self.agreement = pin, 0, None, None
        self.state, self.pending, self.peer_share, self.more = "offer", None, None, {}
        self.tag = None

    def seal(self, text, iv=None):
        iv = iv or os.urandom(12)
        sent = len(self.log)
        if sent < 2:
            text = e2.with_member(text, pake=NAME, **self._first(sent))
            data = base64.b64encode(iv + AESGCM(self.secret).encrypt(iv, e2.pad(text), None)).decode()
            self.log.append((self.role, e2.TYPES[len(self.secret)], data))
            if sent == 1:
                self._agreed()
            return e2.TYPES[len(self.secret)], data
        values = self._values()
        if values:
            text = e2.with_member(text, **values)
        bound = e2.additional_data(self.mailbox, self.role, sent + 1, self.transcript())
        data = base64.b64encode(iv + AESGCM(self.keys[self.role]).encrypt(iv, e2.pad(text), bound)).decode()
        self.log.append((self.role, e2.TYPES[len(self.secret)], data))
        if self.state == "answered" and self.pending is None:
            self._mix()
        return e2.TYPES[len(self.secret)], data

    def open(self, type_, data):
        other, raw = 3 - self.role, base64.b64decode(data, validate=True)
        received = len(self.log)
        if received < 2:
            text = AESGCM(self.secret).decrypt(raw[:12], raw[12:], None).decode().rstrip(" ")
            member = json.loads(text)[e2.MEMBER]
            assert member["pake"] == NAME and member["role"] == e2.ROLES[other]
            self.peer = e2.from_b64url(member["publicKey"])
            self.peer_commitment = e2.from_b64url(member["commitment"]) if "commitment" in member else None
            self.peer_nonce = e2.from_b64url(member["nonce"]) if "nonce" in member else None
            self.log.append((other, type_, data))
            if received == 1:
                self._agreed()
            return text
        bound = e2.additional_data(self.mailbox, other, received + 1, self.transcript())
        is_pending = False
        try:
            text = AESGCM(self.keys[other]).decrypt(raw[:12], raw[12:], bound).decode().rstrip(" ")
        except InvalidTag:
            if self.pending is None:
                raise
            text = AESGCM(self.pending[other]).decrypt(raw[:12], raw[12:], bound).decode().rstrip(" ")
            is_pending = True
        self.log.append((other, type_, data))
        member = {name: e2.from_b64url(v) for name, v in (json.loads(text).get(e2.MEMBER) or {}).items()}
        self._take(member, is_pending, received)
        return text

    def _first(self, sent):
        more = {"nonce": self.nonce} if sent else {"commitment": e2.commitment(self.nonce)}
        return {"publicKey": e2.public_bytes(self.private), **more, "role": e2.ROLES[self.role]}

    def _agreed(self):
        self._agree()
        self.agreement, self.state = self.transcript(), "agreed"

    def _begin(self):
        self.number += 1
        scalar = self.scalars[self.number - 1] if self.scalars else None
        self.run = Run(self.role, self.pin, self.mailbox, self.agreement, self.number, scalar)

    def _values(self):
        values = {}
        if self.role == e2.INITIATOR and len(self.log) == 2:
            values["reveal"] = self.nonce
            self.digits = e2.sas_digits(self.nonce, self.agreement, self.peer_nonce)
        if self.role == e2.INITIATOR and self.state == "agreed":
            self._begin()
            values["pakeShare"], self.state = self.run.share, "asked"
        elif self.role == e2.RECIPIENT and self.state == "asked":
            self._begin()
            self.run.finish(self.peer_share)
            values["pakeShare"], values["pakeConfirm"] = self.run.share, self.tag or self.run.tags[self.role]
            self.state, self.pending = "answered", None
        elif self.role == e2.INITIATOR and self.state == "verified":
            values["pakeConfirm"], self.state = self.run.tags[self.role], "proved"
        return values

    def _mix(self):
        salt = self.transcript()
        self.pending = {role: mixed(key, self.run.isk, salt, role) for role, key in self.keys.items()}

    def _take(self, member, is_pending, received):
        if self.role == e2.RECIPIENT and received == 2:
            assert e2.commitment(member["reveal"]) == self.peer_commitment
            self.digits = e2.sas_digits(member["reveal"], self.agreement, self.nonce)
        if self.role == e2.INITIATOR and self.state == "asked":
            self.run.finish(member["pakeShare"])
            if member["pakeConfirm"] == self.run.tags[e2.RECIPIENT]:
                self._mix()
                self.keys, self.state = self.pending, "verified"
            else:
                self.state = "agreed" if self.number < TRIES else "dead"
        elif self.role == e2.RECIPIENT and is_pending:
            assert member["pakeConfirm"] == self.run.tags[e2.INITIATOR]
            self.keys, self.pending, self.state = self.pending, None, "proved"
        elif self.role == e2.RECIPIENT and self.state in ("agreed", "answered"):
            self.peer_share, self.state = member["pakeShare"], "asked"
