# SPDX-License-Identifier: Apache-2.0
"""No command leads into a dead end: what is left over can be removed, and what has ended can be seen."""
import json
import socket

import pytest

from cli_device import KEY, Device, message


@pytest.fixture
def alice(relay, tmp_path):
    return Device(tmp_path / "alice", relay)


@pytest.fixture
def bob(relay, tmp_path):
    return Device(tmp_path / "bob", relay)


@pytest.fixture
def pending(tmp_path):
    """A device with a share that no relay has answered, and the identifier of that."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        device = Device(tmp_path / "pending", TIGRESS_RELAY=f"https://127.0.0.1:{held.getsockname()[1]}")
        ran = device.refused(3, "connect", "share", "--yes", "-", given=json.dumps(KEY))
        transfer = device.must("status")["transfers"][0]["id"]
        assert f"'tigress share --resume {transfer[:8]}'" in ran.err
        assert f"'tigress forget {transfer[:8]}'" in ran.err
        yield device, transfer


def forget__pending_share__is_removed_without_a_relay(pending):
    device, transfer = pending
    assert device.must("forget", transfer[:8])["forgotten"][0]["id"] == transfer
    assert device.files() == [] and not list(device.state.iterdir())
    device.refused(1, "unknown-transfer", "forget", transfer)


def prune__pending__leaves_what_is_active(pending, relay):
    device, transfer = pending
    device.env.update(TIGRESS_RELAY=relay.origin, TIGRESS_CACERT=relay.ca_file)
    shared = device.share(KEY)
    assert device.must("prune", "--ended")["forgotten"] == []
    assert [one["id"] for one in device.must("prune", "--pending")["forgotten"]] == [transfer]
    assert [one["id"] for one in device.must("status")["transfers"]] == [shared["id"]]


def forget__active_transfer__only_with_yes(alice):
    shared = alice.share(KEY)
    ran = alice.refused(1, "not-confirmed", "forget", shared["id"])
    assert "nothing was forgotten" in ran.err
    assert len(alice.files()) == 1
    alice.must("forget", "--yes", shared["id"])
    assert alice.files() == []


def forget__damaged_file__only_with_yes(alice):
    shared = alice.share(KEY)
    (path,) = alice.files()
    path.write_bytes(path.read_bytes()[:-2])
    ran = alice.refused(1, "state-damaged", "status", shared["id"])
    assert f"tigress forget {shared['id'][:8]}" in ran.err
    alice.refused(1, "not-confirmed", "forget", shared["id"])
    alice.must("forget", "--yes", shared["id"])
    assert alice.files() == []


def prune__ended__removes_these_and_no_other(alice, bob):
    ended, kept = alice.share(KEY), alice.share(KEY)
    bob.accept(ended["url"], "--finish")
    alice.must("status", ended["id"])
    assert [one["id"] for one in alice.must("prune", "--ended")["forgotten"]] == [ended["id"]]
    assert [one["id"] for one in alice.must("status")["transfers"]] == [kept["id"]]
    alice.refused(2, "usage", "prune")


def accept__of_a_finished_link__shows_what_was_and_keeps_it(alice, bob):
    shared = alice.share(KEY, "--title", "Room 214")
    bob.accept(shared["url"], "--finish")
    before = bob.must("status")["transfers"]
    ran = bob.run("accept", "-", given=shared["url"])
    assert ran.code == 5
    assert "Room 214" in ran.out and "Messages: 1 received" in ran.out
    bob.refused(5, "completed", "accept", "-", given=shared["url"])
    assert bob.must("status")["transfers"] == before


def accept__after_relinquish_and_another_took_it__the_history_stays(alice, bob, tmp_path, relay):
    shared = alice.share(KEY)
    bob.accept(shared["url"])
    bob.must("relinquish", shared["id"])
    before = bob.must("status")["transfers"]
    Device(tmp_path / "carol", relay).accept(shared["url"])
    bob.refused(1, "denied", "accept", "-", given=shared["url"])
    assert bob.must("status")["transfers"] == before


def accept__of_an_ended_identifier_at_another_relay__refused(alice, bob, relay):
    shared = alice.share(KEY, "--rights", "RWD")
    bob.accept(shared["url"], "--finish")
    other = shared["url"].replace("127.0.0.1", "localhost")
    ran = bob.refused(1, "another-relay", "accept", "--allow-relay", f"localhost:{relay.port}", "-", given=other)
    assert f"tigress forget {shared['id'][:8]}" in ran.err


def share__output_cannot_be_written__says_how_to_get_the_link(alice, bob):
    with open("/dev/full", "wb") as full:
        ran = alice.finish(alice.start("share", "--yes", "-", stdin=-1, stdout=full), json.dumps(message("m")))
    assert ran.code == 1
    transfer = alice.must("status")["transfers"][0]["id"]
    assert f"'tigress share --resume {transfer[:8]}'" in ran.err
    assert bob.accept(alice.must("share", "--resume", transfer)["url"])["message"] == message("m")
