# SPDX-License-Identifier: Apache-2.0
"""A second implementation of the end note, only from docs/protocol.md section 7.15 and python3-cryptography."""
import base64
import os
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

INITIATOR, RECIPIENT = 1, 2
COMPLETED, DECLINED, CANCELLED = 1, 2, 3


def note_key(base, role):
    return HKDF(algorithm=hashes.SHA256(), length=len(base), salt=None,
                info=b"tigress-end-note-v1" + bytes([role])).derive(base)


def plaintext(end, sent, received, transcript):
    return bytes([end]) + sent.to_bytes(8, "big") + received.to_bytes(8, "big") + transcript


def additional_data(mailbox, role):
    return uuid.UUID(mailbox).bytes + bytes([role])


def seal(base, mailbox, role, plain, iv=None):
    """The value of Mailbox-End-Note."""
    iv = iv or os.urandom(12)
    box = iv + AESGCM(note_key(base, role)).encrypt(iv, plain, additional_data(mailbox, role))
    return base64.urlsafe_b64encode(box).rstrip(b"=").decode()


def unseal(base, mailbox, role, text):
    """(end, sent, received, transcript); raises InvalidTag."""
    box = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    plain = AESGCM(note_key(base, role)).decrypt(box[:12], box[12:], additional_data(mailbox, role))
    return plain[0], int.from_bytes(plain[1:9], "big"), int.from_bytes(plain[9:17], "big"), plain[17:]
