#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""wallet.py share RELAY KEY.json | wallet.py accept LINK      TIGRESS_CACERT: authorities to trust"""
import os, pathlib, sys
import tigress

def save(session):  # a wallet keeps it where only its user can read it, and resumes from there
    with session.save() as state, open(os.open("wallet.state", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(state)

def act(session):
    if session.input is tigress.Input.INTENT:
        session.confirm_intent()  # a wallet has asked its user before
    elif session.input is tigress.Input.MESSAGE:
        print(session.message.decode(), flush=True)  # the key: a wallet provisions it before it finishes
        session.finish()
    else:
        if session.input is tigress.Input.CREATED:
            print(session.share_url(), flush=True)  # to the other person, over another channel
        session.wait()

command, *values = sys.argv[1:]
session = (tigress.Initiator(values[0], pathlib.Path(values[1]).read_bytes()) if command == "share"
           else tigress.Recipient(values[0]))
with session, tigress.Transport(session, ca_file=os.environ.get("TIGRESS_CACERT"), save=save) as transport:
    while transport.run() is tigress.Want.INPUT:
        act(session)
    print(session.end_text or session.error, file=sys.stderr)
    session.raise_if_failed()
pathlib.Path("wallet.state").unlink(missing_ok=True)
