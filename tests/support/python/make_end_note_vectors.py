#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/end_note/vectors.json: end notes of the two transfers of tests/data/envelope2/vectors.json."""
import json
import pathlib

import tigress_end_note as en

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
# name, maker, end, sent, received, base key
NOTES = [
    ("declined after message 1", en.RECIPIENT, en.DECLINED, 0, 1, "secret"),
    ("completed after message 1", en.RECIPIENT, en.COMPLETED, 0, 1, "secret"),
    ("cancelled after the create", en.INITIATOR, en.CANCELLED, 1, 0, "secret"),
    ("declined after an answer", en.RECIPIENT, en.DECLINED, 2, 1, "secret"),
    ("completed after message 2", en.INITIATOR, en.COMPLETED, 1, 2, "keyToRecipient"),
    ("cancelled after message 3", en.INITIATOR, en.CANCELLED, 3, 2, "keyToRecipient"),
    ("completed after message 3", en.RECIPIENT, en.COMPLETED, 2, 3, "keyToInitiator"),
    ("completed after message 4", en.INITIATOR, en.COMPLETED, 3, 4, "keyToRecipient"),
    ("completed after message 5", en.RECIPIENT, en.COMPLETED, 4, 5, "keyToInitiator"),
]
IV = bytes(range(12))


def transcript(transfer, number):
    return bytes.fromhex(transfer["messages"][number - 1]["transcriptAfter"])


def note(transfer, index, name, maker, end, sent, received, base):
    iv = bytes([IV[0] + index]) + IV[1:]
    key = bytes.fromhex(transfer[base])
    plain = en.plaintext(end, sent, received, transcript(transfer, max(sent, received)))
    text = en.seal(key, transfer["mailbox"], maker, plain, iv)
    assert en.unseal(key, transfer["mailbox"], maker, text)[:3] == (end, sent, received)
    return {"name": f'{transfer["name"]}: {name}', "mailbox": transfer["mailbox"], "maker": maker,
            "baseKey": transfer[base], "key": en.note_key(key, maker).hex(), "end": end, "sent": sent,
            "received": received, "transcript": plain[17:].hex(), "iv": iv.hex(), "plaintext": plain.hex(),
            "additionalData": en.additional_data(transfer["mailbox"], maker).hex(), "note": text}


def main():
    transfers = json.loads((DATA / "envelope2" / "vectors.json").read_text())["transfers"]
    made = {"notes": [note(transfer, index, *row) for transfer in transfers for index, row in enumerate(NOTES)]}
    out = DATA / "end_note" / "vectors.json"
    out.write_text(json.dumps(made, indent=1) + "\n")
    print(f"{out}: {len(made['notes'])} notes")


if __name__ == "__main__":
    main()
