#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/cpace/pake.json: a transfer with a wrong PIN and then the right one, with all intermediate values."""
import hashlib
import json
import pathlib

import tigress_envelope2 as e2
import tigress_pake as pake
import tigress_ristretto as group

OUT = pathlib.Path(__file__).resolve().parents[2] / "data" / "cpace" / "pake.json"
MAILBOX = "9d7e6f0c-6a8e-4f4e-9b7a-0c4b6b0c2f11"
MESSAGE = '{"format":"digitalwallet.carkey.ccc","content":{"step":1}}'


def counted(label, length):
    """Bytes that look random and are the same every time."""
    return hashlib.sha512(b"tigress pake vectors " + label.encode()).digest()[:length]


def run_of(alice, bob, transcript):
    a, b = alice.run, bob.run
    return {
        "try": alice.number, "initiatorPin": a.pin.decode(), "recipientPin": b.pin.decode(), "sid": a.sid.hex(),
        "channel": a.ci.hex(), "initiatorScalar": a.scalar.hex(), "recipientScalar": b.scalar.hex(),
        "initiatorShare": a.share.hex(), "recipientShare": b.share.hex(),
        "initiatorPoint": a.k.hex(), "recipientPoint": b.k.hex(),
        "initiatorKey": a.isk.hex(), "recipientKey": b.isk.hex(),
        "initiatorTags": [a.tags[role].hex() for role in (1, 2)],
        "recipientTags": [b.tags[role].hex() for role in (1, 2)], "transcript": transcript.hex(),
    }


def transfer(name, secret_len):
    secret = counted(name + " secret", secret_len)
    sides = {role: pake.Transfer(role, secret, "604183", MAILBOX, private=counted(f"{name} private {role}", 32),
                                 nonce=counted(f"{name} nonce {role}", 32),
                                 scalars=[counted(f"{name} scalar {role} {n}", 64) for n in (1, 2)])
             for role in (e2.INITIATOR, e2.RECIPIENT)}
    alice, bob = sides[e2.INITIATOR], sides[e2.RECIPIENT]
    bob.pin = "604138"
    messages, runs = [], []
    for seq in range(1, 9):
        sender, taker = (alice, bob) if seq % 2 == 1 else (bob, alice)
        text = MESSAGE if seq > 6 else e2.BARE
        type_, data = sender.seal(text, counted(f"{name} iv {seq}", 12))
        before = dict(alice.keys) if alice.keys else None
        taker.open(type_, data)
        assert alice.transcript() == bob.transcript()
        if seq in (4, 6):
            runs.append(run_of(alice, bob, alice.transcript()))
            bob.pin = "604183"
        messages.append({"seq": seq, "json": text, "type": type_, "data": data,
                         "transcriptAfter": alice.transcript().hex()})
        if seq == 6:
            keys = before
    assert alice.state == bob.state == "proved" and alice.keys == bob.keys != keys
    return {
        "name": name, "mailbox": MAILBOX, "secret": secret.hex(), "agreement": alice.agreement.hex(), "runs": runs,
        "keyToRecipient": keys[e2.INITIATOR].hex(), "keyToInitiator": keys[e2.RECIPIENT].hex(),
        "keyToRecipientAfter": alice.keys[e2.INITIATOR].hex(), "keyToInitiatorAfter": alice.keys[e2.RECIPIENT].hex(),
        "messages": messages,
    }


def point():
    """The ISK of a run with the draft's valid point, whose K the draft has."""
    given = json.loads((OUT.parent / "draft.json").read_text())["points"]["Valid"]
    scalar, share = bytes.fromhex(given["s"]), bytes.fromhex(given["X"])
    k = group.point_of(scalar, share)
    assert k.hex().upper() == given["G.scalar_mult_vfy(s,X)"]
    return {"sid": b"sid".hex(), "key": group.isk(b"sid", k, share, b"a", share, b"b").hex()}


def main():
    made = {"point": point(), "transfers": [transfer("AES-128", 16), transfer("AES-256", 32)]}
    OUT.write_text(json.dumps(made, indent=1) + "\n")
    print(f"{OUT}: {len(made['transfers'])} transfers")


if __name__ == "__main__":
    main()
