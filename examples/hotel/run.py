#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Bob booked a room, and Alice arrives first. The hotel exchanges Bob's token for a key for Alice."""
import concurrent.futures
import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))
from driver import Device, check, play  # noqa: E402


def attested(device):
    return json.loads(json.loads((device.folder / "credential.json").read_text())["attested"])


def scene(stage):
    relay = stage.relay()
    folder = stage.folder_of("hotel")
    server, hotel = stage.entity("hotel_server", folder, "SOCKET", "BOOKING-7", "412")
    _, door = stage.entity("hotel_lock", "SOCKET", folder, hotel, "412", "room", name="door")
    _, minibar = stage.entity("hotel_lock", "SOCKET", folder, hotel, "412", "minibar", name="minibar")
    _, other = stage.entity("hotel_lock", "SOCKET", folder, hotel, "413", "room", name="other")
    _, later = stage.entity("hotel_lock", "SOCKET", folder, hotel, "412", "room", str(4 * 86400), name="later")
    bob, alice, mallory = (Device(stage, "hotel_wallet", name) for name in ("bob", "alice", "mallory"))

    stage.step("Bob checks in with his booking code and gets a credential for his phone's key.")
    mallory.is_refused("no such booking", "check-in", hotel, "BOOKING-8")
    bob.does("check-in", hotel, "BOOKING-7")
    mallory.is_refused("already used", "check-in", hotel, "BOOKING-7")
    bob.does("open", door)
    bob.does("open", minibar)

    stage.step("Bob gets a provisioning token from the hotel and sends it through the relay.")
    url = bob.does("share", hotel, relay)
    token = json.loads((bob.folder / "token.json").read_text())["token"]
    check(not stage.relay_holds([token, "Grand Budapest", url.split("#")[1]]), "the relay can read the token")

    stage.step("Alice accepts it. A third device with the same link is refused.")
    alice.does("accept", url)
    mallory.is_refused("E_DENIED", "accept", url)

    stage.step("Alice redeems it and gets another credential, for her own key, with fewer rights.")
    alice.does("redeem", hotel)
    check(attested(alice)["id"] != attested(bob)["id"], "it is the same credential")
    check(attested(alice)["publicKey"] != attested(bob)["publicKey"], "it is for the same key")
    check(set(attested(alice)["rights"]) < set(attested(bob)["rights"]), "it has no fewer rights")
    shutil.copy(bob.folder / "token.json", bob.folder / "alice.json")
    first = (alice.folder / "credential.json").read_text()
    alice.does("done")
    bob.does("wait")

    stage.step("Her key opens the door, and no other lock.")
    alice.does("open", door)
    alice.is_refused("no right", "open", minibar)
    alice.is_refused("another room", "open", other)
    alice.is_refused("outside the dates", "open", later)

    stage.step("The token is used: another device that has it is refused, also after a restart of the server.")
    shutil.copy(alice.folder / "token.json", mallory.folder / "token.json")
    mallory.is_refused("already used", "redeem", hotel)
    server.kill()
    server.wait()
    stage.entity("hotel_server", folder, "SOCKET", "BOOKING-7", "412")
    mallory.is_refused("already used", "redeem", hotel)
    stage.step("Alice's phone redeems again, as after a lost answer, and gets the same credential.")
    alice.does("redeem", hotel)
    check((alice.folder / "credential.json").read_text() == first, "there is a second credential")

    stage.step("Alice's credential is refused in another phone, and with changed rights.")
    shutil.copy(alice.folder / "credential.json", mallory.folder / "credential.json")
    mallory.is_refused("not proved", "open", door)
    forged = json.loads(first)
    forged["attested"] = forged["attested"].replace('"lift"', '"minibar"')
    check(forged["attested"] != json.loads(first)["attested"], "nothing was forged")
    (alice.folder / "credential.json").write_text(json.dumps(forged))
    alice.is_refused("signature", "open", minibar)
    (alice.folder / "credential.json").write_text(first)

    stage.step("Alice cannot share again: her credential does not have that right.")
    alice.is_refused("cannot be shared", "share", hotel, relay)

    stage.step("Four phones redeem the same new token at the same time: one gets a credential.")
    bob.does("share", hotel, relay)
    racers = [Device(stage, "hotel_wallet", f"racer{i}") for i in range(4)]
    for racer in racers:
        shutil.copy(bob.folder / "token.json", racer.folder / "token.json")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda racer: racer.run("redeem", hotel)[0], racers))
    check(sorted(got) == [0, 1, 1, 1], f"the four ended with {got}")
    winner = racers[got.index(0)]
    winner.does("open", door)
    bob.does("revoke", hotel)
    winner.is_refused("revoked", "open", door)
    alice.does("open", door)

    stage.step("Bob revokes Alice's key. It no longer opens; his key does.")
    shutil.copy(bob.folder / "alice.json", bob.folder / "token.json")
    bob.does("revoke", hotel)
    alice.is_refused("revoked", "open", door)
    alice.is_refused("revoked", "redeem", hotel)
    bob.does("open", door)


play(scene)
