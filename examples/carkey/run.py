#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ben lends his car to Amit for a weekend. His phone is the provisioning entity; the car is never online."""
import json
import pathlib
import shutil
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))
from driver import Device, check, play, show, stop  # noqa: E402
from stand_ins import new_apns_token, start_apns, start_platform  # noqa: E402

VEHICLE = "AURORA-7-4Y1SL658"
DAY = 86400


def wrong_pin(pin):
    """Another PIN of the same length."""
    return f"{(int(pin) + 1) % 10 ** len(pin):0{len(pin)}d}"


def host_of(url):
    """The relay of a link, as a wallet's list of relays names it."""
    return urllib.parse.urlsplit(url).netloc


def share(ben, relay, entitlements, since, until):
    """The link, and the PIN as it is shown to Ben."""
    ben.apns_token = new_apns_token()
    lines = ben.does("share", relay, entitlements, int(since), int(until), ben.apns_token, ben.platform).splitlines()
    return lines[0], lines[1].removeprefix("PIN ")


def lend(stage, ben, friend, relay, entitlements, since, until):
    """A whole transfer with the right PIN."""
    url, pin = share(ben, relay, entitlements, since, until)
    friend.does("accept", url, host_of(url))
    friend.does("answer", given=pin)
    ben.does("sign")
    friend.does("import")
    ben.does("wait")


def expect_push(apns, ben, count):
    """Each push is awaited before the next cause of one, so that the relay cannot combine two."""
    push = apns.wait_good(count)[count - 1]
    check(set(apns.tokens()) == {ben.apns_token} and not apns.refusals, "APNs did not get Ben's token")
    show(f"       apns: a push to Ben's phone: {push.body.decode()}")


def not_attested(stage, relay, ben):
    stage.step("The relay accepts a mailbox only from an attested device.")
    now = int(time.time())
    ben.is_refused("E_STANDING", "share", relay, "unlock", now, now + DAY, new_apns_token(), "")


def whole_transfer(stage, relay, apns, car, ben, amit, mallory):
    now = time.time()
    stage.step("Ben pairs his phone with his car. The car needs no other setup.")
    ben.is_refused("wrong pairing code", "pair", car, "0000")
    amit.is_refused("no key", "use", car, "unlock")
    ben.does("pair", car, "4711")
    mallory.program = "carkey_owner"
    mallory.is_refused("already paired", "pair", car, "4711")
    mallory.is_refused("not the owner's phone", "use", car, "unlock")
    mallory.program = "carkey_friend"
    ben.does("use", car, "drive")
    not_attested(stage, relay, ben)

    stage.step("Ben offers a key that can unlock and start until tomorrow, and tells Amit the PIN by phone.")
    url, pin = share(ben, relay, "unlock,start", now - 60, now + DAY)
    check(pin.replace(" ", "") not in url, "the PIN is in the link")

    stage.step("Amit's wallet refuses a link to a relay that is not on its list.")
    amit.is_refused("E_NOT_ALLOWED", "accept", url, "relay.example,localhost")

    stage.step("Amit's phone receives the key creation request. A third phone with the same link is refused.")
    amit.does("accept", url, host_of(url))
    expect_push(apns, ben, 1)
    mallory.is_refused("E_DENIED", "accept", url, host_of(url))
    request = json.loads((amit.folder / "request.json").read_text())
    check(pin.replace(" ", "") not in json.dumps(request), "the PIN is in the message")

    stage.step("Amit types a wrong PIN, then the right one. His phone sends its key to be signed, and APNs wakes Ben's.")
    amit.is_refused("6 to 12 digits", "answer", given="12345")
    amit.does("answer", given=wrong_pin(pin.replace(" ", "")))
    expect_push(apns, ben, 2)
    ben.is_refused("tries left: 4", "sign")
    amit.is_refused("tries left: 4", "import")
    amit.does("answer", given=pin)

    stage.step("Ben's phone checks the PIN and asks its own key, which waits: the phone is locked, then Ben hesitates.")
    with ben.marked("locked"):
        ben.is_refused("locked", "sign")
        ben.is_refused("locked", "sign")
    with ben.marked("refuses"):
        ben.is_refused("did not agree", "sign")

    stage.step("Ben agrees. His key signs the key with the offered entitlements, and his phone sends it.")
    ben.does("sign")
    held = stage.relay_holds([VEHICLE, "unlock", pin.replace(" ", ""), pin, url.split("#")[1], "keySigningRequest"])
    check(not held, f"the relay can read {held}")

    stage.step("Amit's phone checks Ben's signature, saves the key, and ends the transfer.")
    amit.does("import")
    ben.does("wait")

    stage.step("The car unlocks and starts. It does not drive, because that was not offered.")
    amit.does("use", car, "unlock")
    amit.does("use", car, "start")
    amit.is_refused("no entitlement", "use", car, "drive")


def forgeries(stage, car, amit, mallory):
    stage.step("Tampering: more entitlements, a longer time, another phone, a truncated signature. All are refused.")
    path = amit.folder / "carkey.json"
    good = path.read_text()
    key = json.loads(good)
    attested = json.loads(key["attested"])
    changes = [{**attested, "entitlements": ["unlock", "start", "drive"]},
               {**attested, "notAfter": attested["notAfter"] + DAY}, {**attested, "vehicle": "ANOTHER"}]
    for change in changes:
        path.write_text(json.dumps({**key, "attested": json.dumps(change)}))
        amit.is_refused("not the owner's", "use", car, "drive")
    for signature in ("", key["signature"][:-4], "A" + key["signature"][1:]):
        path.write_text(json.dumps({**key, "signature": signature}))
        amit.is_refused("not the owner's", "use", car, "unlock")
    path.write_text(good)
    shutil.copy(path, mallory.folder / "carkey.json")
    mallory.is_refused("not proved that it has this key", "use", car, "unlock")
    amit.does("use", car, "unlock")


def the_time(stage, relay, car, later, ben, amit, eve):
    now = time.time()
    stage.step("A key for next week is refused today. Today's key is refused next week.")
    lend(stage, ben, eve, relay, "unlock", now + 7 * DAY, now + 9 * DAY)
    eve.is_refused("not valid yet", "use", car, "unlock")
    eve.does("use", later, "unlock")
    amit.is_refused("no longer valid", "use", later, "unlock")


def five_wrong_pins(stage, relay, ben, mallory):
    now = time.time()
    stage.step("A stranger who has the link guesses the PIN. After five wrong PINs the transfer is withdrawn.")
    url, pin = share(ben, relay, "unlock,start,drive", now, now + DAY)
    mallory.does("accept", url, host_of(url))
    wrong = wrong_pin(pin.replace(" ", ""))
    for left in (4, 3, 2, 1):
        mallory.does("answer", given=wrong)
        ben.is_refused(f"tries left: {left}", "sign")
        mallory.is_refused(f"tries left: {left}", "import")
    mallory.does("answer", given=wrong)
    ben.is_refused("withdrawn", "sign", code=3)
    mallory.is_refused("E_WITHDRAWN", "import")
    check(mallory.run("answer", given=pin)[0] == 1, "the right PIN was accepted after the withdrawal")
    ben.is_refused("no active transfer", "sign")


def declined(stage, relay, ben, eve):
    now = time.time()
    stage.step("Eve does not want the key. She declines. Ben learns that, and by whose word.")
    url, _ = share(ben, relay, "unlock", now, now + DAY)
    eve.does("accept", url, host_of(url))
    eve.does("decline")
    ben.is_refused("declined", "wait")
    ben.is_refused("no active transfer", "sign")
    eve.is_refused("no active transfer", "import")


def revoked(stage, car, ben, amit):
    stage.step("Ben revokes Amit's key at the car. The car then refuses it. Only Ben's phone can do this.")
    key_id = json.loads(json.loads((amit.folder / "carkey.json").read_text())["attested"])["keyId"]
    amit.program = "carkey_owner"
    amit.is_refused("not the owner's phone", "revoke", car, key_id)
    amit.program = "carkey_friend"
    ben.is_refused("64 digits", "revoke", car, "4711")
    amit.does("use", car, "unlock")
    ben.does("revoke", car, key_id)
    amit.is_refused("revoked", "use", car, "unlock")
    ben.does("use", car, "unlock")


def scene(stage):
    apns, push = start_apns(stage)
    platform, attestation = start_platform(stage, "127.0.0.1")
    relay = stage.relay(*push, *attestation)
    folder = stage.folder_of("car")
    process, car = stage.entity("car", folder, "SOCKET", VEHICLE, "4711")
    ben = Device(stage, "carkey_owner", "ben")
    ben.platform = platform
    amit, eve, mallory = (Device(stage, "carkey_friend", name) for name in ("amit", "eve", "mallory"))
    whole_transfer(stage, relay, apns, car, ben, amit, mallory)
    forgeries(stage, car, amit, mallory)
    # The same car, its clock eight days ahead.
    _, later = stage.entity("car", folder, "SOCKET", VEHICLE, "4711", str(8 * DAY), name="later")
    the_time(stage, relay, car, later, ben, amit, eve)
    five_wrong_pins(stage, relay, ben, mallory)
    declined(stage, relay, ben, eve)
    revoked(stage, car, ben, amit)
    stage.step("The car keeps its state across a restart, and so the revocation.")
    stop(process)
    _, car = stage.entity("car", folder, "SOCKET", VEHICLE, "4711")
    amit.is_refused("revoked", "use", car, "unlock")
    mallory.program = "carkey_owner"
    mallory.is_refused("already paired", "pair", car, "4711")


play(scene)
