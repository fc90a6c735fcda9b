#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Anita hires Jared to walk her dog. He gets a copy of a key for certain hours, until she revokes it."""
import json
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))
from driver import Device, check, play, stop  # noqa: E402

DAY = 86400


def scene(stage):
    relay = stage.relay()
    hub_folder, lock_folder = stage.folder_of("hub"), stage.folder_of("lock")
    hub_process, hub = stage.entity("home_hub", hub_folder, "SOCKET", "SUN-9")
    lock_process, lock = stage.entity("home_lock", lock_folder, "SOCKET", hub_folder)
    # The same lock at another hour, and in another month.
    _, evening = stage.entity("home_lock", lock_folder, "SOCKET", hub_folder, str(6 * 3600), name="evening")
    _, month = stage.entity("home_lock", lock_folder, "SOCKET", hub_folder, str(40 * DAY), name="month")
    anita, jared, mallory = (Device(stage, "home_wallet", name) for name in ("anita", "jared", "mallory"))
    now = int(time.time())
    minute = now // 60 % 1440

    stage.step("Anita's phone becomes the owner's phone of the house.")
    mallory.is_refused("wrong enrolment code", "enrol", hub, "MOON-1")
    anita.does("enrol", hub, "SUN-9")
    mallory.is_refused("already has an owner", "enrol", hub, "SUN-9")
    anita.does("open", lock)

    stage.step("The hub issues a guest key for her: 30 days, two hours a day.")
    mallory.is_refused("no key for this request", "mint", hub, now, now + 30 * DAY, 0, 1439)
    anita.does("mint", hub, now - 60, now + 30 * DAY, (minute - 60) % 1440, (minute + 60) % 1440)

    stage.step("Her phone sends a copy through the relay, which cannot read it.")
    url = anita.does("share", relay)
    key = json.loads((anita.folder / "guest.json").read_text())
    held = stage.relay_holds([key["key"], "notBefore", "org.example.homekey", url.split("#")[1]])
    check(not held, f"the relay can read {held}")

    stage.step("Jared's phone accepts it. A third phone with the same link is refused.")
    jared.does("accept", url)
    mallory.is_refused("E_DENIED", "accept", url)
    check((jared.folder / "guest.json").read_text() == (anita.folder / "guest.json").read_text(), "it is not a copy")

    stage.step("His phone ends the transfer. Her phone learns that it is completed, and the link no longer works.")
    jared.does("done")
    anita.does("wait")
    mallory.is_refused("E_GONE", "accept", url)
    mallory.is_refused("no key for this request", "open-as-guest", lock)

    stage.step("The hub can be off. The lock decides alone, and the two copies are the same to it.")
    stop(hub_process)
    jared.does("open-as-guest", lock)
    anita.does("open-as-guest", lock)

    stage.step("In the evening, and next month, the lock does not open for him. It opens for her.")
    jared.is_refused("not valid at this hour", "open-as-guest", evening)
    jared.is_refused("not valid on this day", "open-as-guest", month)
    anita.does("open", evening)

    stage.step("Jared changes the hours, or the owner, in his terms. The key does not match the changed terms.")
    mine = jared.folder / "guest.json"
    good = mine.read_text()
    terms = json.loads(json.loads(good)["terms"])
    for change in ({**terms, "from": 0, "to": 1439}, {**terms, "notAfter": now + 400 * DAY}, {"id": "owner"}):
        mine.write_text(json.dumps({**json.loads(good), "terms": json.dumps(change, separators=(",", ":"))}))
        jared.is_refused("not proved that it has this key", "open-as-guest", lock)
    mine.write_text(good)

    stage.step("Only the owner's phone can revoke a key: Jared's is refused, Anita's does it, also across a restart.")
    shutil.copy(jared.folder / "guest.json", jared.folder / "owner.json")
    jared.is_refused("only the owner's phone", "revoke", lock)
    jared.does("open-as-guest", lock)
    anita.does("revoke", lock)
    jared.is_refused("has revoked this key", "open-as-guest", lock)
    stop(lock_process)
    _, lock = stage.entity("home_lock", lock_folder, "SOCKET", hub_folder)
    jared.is_refused("has revoked this key", "open-as-guest", lock)
    anita.is_refused("has revoked this key", "open-as-guest", lock)
    anita.does("open", lock)


play(scene)
