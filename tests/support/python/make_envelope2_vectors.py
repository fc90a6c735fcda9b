#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/envelope2/vectors.json: transfers of five messages each, with all intermediate values."""
import hashlib
import json
import pathlib

import tigress_envelope2 as e2

OUT = pathlib.Path(__file__).resolve().parents[2] / "data" / "envelope2" / "vectors.json"


def counted(label, length):
    """Bytes that look random and are the same every time."""
    return hashlib.sha512(b"tigress vectors " + label.encode()).digest()[:length]


def transfer(name, secret_len, names_role=True):
    mailbox = "9d7e6f0c-6a8e-4f4e-9b7a-0c4b6b0c2f11"
    secret = counted(name + " secret", secret_len)
    sides = {role: e2.Transfer(role, secret, mailbox, counted(f"{name} private {role}", 32),
                               names_role=names_role, nonce=counted(f"{name} nonce {role}", 32))
             for role in (e2.INITIATOR, e2.RECIPIENT)}
    alice, bob = sides[e2.INITIATOR], sides[e2.RECIPIENT]
    messages = []
    for seq in range(1, 6):
        sender, taker = (alice, bob) if seq % 2 == 1 else (bob, alice)
        text = '{"format":"digitalwallet.carkey.ccc","content":{"step":%d}}' % seq
        if names_role and seq < 3:
            text = e2.BARE
        iv = counted(f"{name} iv {seq}", 12)
        before = alice.transcript()
        type_, data = sender.seal(text, iv)
        assert taker.open(type_, data).startswith(text[:-1])
        assert alice.transcript() == bob.transcript()
        messages.append({
            "seq": seq, "sender": sender.role, "envelope": 2 if seq > 2 else 1, "json": text, "iv": iv.hex(),
            "transcriptBefore": before.hex(), "transcriptAfter": alice.transcript().hex(),
            "additionalData": e2.additional_data(mailbox, sender.role, seq, before).hex() if seq > 2 else "",
            "type": type_, "data": data,
        })
    assert alice.shared == bob.shared and alice.digits == bob.digits
    return {
        "name": name, "roles": names_role, "mailbox": mailbox, "secret": secret.hex(),
        "initiatorPrivate": alice.private.hex(), "initiatorPublic": e2.public_bytes(alice.private).hex(),
        "recipientPrivate": bob.private.hex(), "recipientPublic": e2.public_bytes(bob.private).hex(),
        "shared": alice.shared.hex(), "transcript0": e2.transcript_begin(mailbox).hex(),
        "keyToRecipient": alice.keys[e2.INITIATOR].hex(), "keyToInitiator": alice.keys[e2.RECIPIENT].hex(),
        "messages": messages,
        **({"initiatorNonce": alice.nonce.hex(), "commitment": e2.commitment(alice.nonce).hex(),
            "recipientNonce": bob.nonce.hex(), "digits": alice.digits} if names_role else {}),
    }


def main():
    made = {"transfers": [transfer("AES-128", 16, False), transfer("AES-256", 32, False),
                          transfer("AES-128 bare", 16), transfer("AES-256 bare", 32)]}
    OUT.write_text(json.dumps(made, indent=1) + "\n")
    print(f"{OUT}: {len(made['transfers'])} transfers")


if __name__ == "__main__":
    main()
