# SPDX-License-Identifier: Apache-2.0
"""Each command is ended as by kill -9 at each of its steps: before and after each call that leaves something on the
disk, on a connection or on standard output. What follows then loses nothing and does nothing twice."""
import json
import re
import signal
import subprocess

import pytest

from cli_device import KEY, Device, message
from relay_process import find_binary

KILL_AT = find_binary("kill_at.so")
STEPS_MAX = 400


class World:
    """Two devices of one step, in folders of their own."""

    def __init__(self, folder, relay):
        self.alice, self.bob = Device(folder / "alice", relay), Device(folder / "bob", relay)
        self.step = 0

    def killed(self, device, *words, given=None, read=None):
        """Runs a command that is ended at this step; None, or what it did when it has fewer steps. read(process) may use
        its standard output."""
        device.env.update(LD_PRELOAD=KILL_AT, TIGRESS_TEST_KILL_AT=str(self.step))
        process = device.start(*words, stdin=subprocess.PIPE)
        for name in ("LD_PRELOAD", "TIGRESS_TEST_KILL_AT"):
            del device.env[name]
        if read is not None:
            process.stdin.close()
            process.stdin = None
            read(process)
        ran = device.finish(process, given if read is None else None)
        return None if ran.code == -signal.SIGKILL else ran


def each_step(tmp_path, relay, play):
    """play(world) for each step, until the command is not killed any more: then play has returned what it did."""
    for number in range(1, STEPS_MAX):
        world = World(tmp_path / str(number), relay)
        world.step = number
        if play(world) is not None:
            return number - 1
    raise AssertionError(f"more than {STEPS_MAX} steps")


def transfers_of(device):
    return device.must("status")["transfers"]


def assert_nothing_left(device, *ids):
    """The files of these transfers, and no other: none that a killed process has left."""
    names = sorted(p.name for p in device.state.iterdir() if not p.name.endswith(".lock"))
    assert [name[:-5].split("-", 1)[1] for name in names if not name.startswith(".")] == sorted(ids)
    assert not [name for name in names if name.startswith(".")], names
    assert len([p for p in device.state.iterdir() if p.name.endswith(".lock")]) <= len(ids)


def link_of(device):
    """The link of the one share, which was interrupted anywhere."""
    known = transfers_of(device)
    assert len(known) <= 1, known
    return device.must("share", "--resume", known[0]["id"])["url"] if known else device.share(KEY)["url"]


def assert_taken_once(world, url):
    """Bob gets the key, both sides know that the transfer is completed, and neither has another one."""
    assert world.bob.accept(url, "--finish")["message"] == KEY
    known = transfers_of(world.alice)
    assert len(known) == 1
    assert world.alice.run("status", known[0]["id"]).code in (0, 5)
    assert [(t["status"], t["sent"]) for t in transfers_of(world.alice)] == [("completed", 1)]
    assert [(t["status"], t["received"]) for t in transfers_of(world.bob)] == [("completed", 1)]
    assert_nothing_left(world.alice, known[0]["id"])


def share__each_step__one_transfer_whose_link_works(tmp_path, relay):
    def play(world):
        ran = world.killed(world.alice, "share", "--yes", "-", given=json.dumps(KEY))
        assert_taken_once(world, link_of(world.alice))
        return ran
    assert each_step(tmp_path, relay, play) > 10


def share_wait__each_step__the_end_is_known_later(tmp_path, relay):
    def play(world):
        urls = []

        def take(process):
            for line in process.stdout:
                found = re.match(rb"Link: +(\S+)", line)
                if found:
                    urls.append(found[1].decode())
                if line.startswith(b"Expires"):
                    break
            if urls:
                world.bob.must("accept", "--finish", "-", given=urls[0])
        path = world.alice.home / "key.json"
        path.write_text(json.dumps(KEY))
        ran = world.killed(world.alice, "share", "--yes", "--wait", path, read=take)
        if not urls:
            assert_taken_once(world, link_of(world.alice))
            return ran
        known = transfers_of(world.alice)
        assert len(known) == 1
        if known[0]["status"] == "active":
            assert world.alice.run("share", "--resume", known[0]["id"], "--wait").code in (0, 5)
        assert [t["status"] for t in transfers_of(world.alice)] == ["completed"]
        assert [t["received"] for t in transfers_of(world.bob)] == [1]
        return ran
    assert each_step(tmp_path, relay, play) > 20


def accept__each_step__again_gives_the_message_and_ends_it(tmp_path, relay):
    def play(world):
        shared, path = world.alice.share(KEY), world.bob.home / "key"
        words = ("accept", "--finish", "--out", path, "-")
        ran = world.killed(world.bob, *words, given=shared["url"])
        again = world.bob.run(*words, given=shared["url"])
        # 1: the message was delivered, and the end was not reached; 5: it was.
        assert again.code in ((0, 1, 5) if ran is None else (5,)), again.err
        if again.code == 1:
            assert "you have already accepted this transfer" in again.err
            assert world.bob.run("finish", shared["id"]).code in (0, 5)
        assert json.loads(path.read_text()) == KEY
        assert sorted(p.name for p in world.bob.home.iterdir()) == [".local", "key"]
        assert world.alice.run("status", shared["id"]).code in (0, 5)
        assert [t["status"] for t in transfers_of(world.alice)] == ["completed"]
        assert [(t["status"], t["received"]) for t in transfers_of(world.bob)] == [("completed", 1)]
        return ran
    assert each_step(tmp_path, relay, play) > 20


def answer__each_step__again_is_read_once(tmp_path, relay):
    def play(world):
        shared = world.alice.share(message("1"), "--rights", "RWD")
        world.bob.accept(shared["url"])
        document = json.dumps(message("2"))
        ran = world.killed(world.bob, "answer", shared["id"], "-", given=document)
        again = world.bob.run("answer", shared["id"], "-", given=document)
        # 1: it was sent before, and it is the other side's turn.
        assert again.code in (0, 1), again.err
        assert world.alice.must("receive", shared["id"])["message"] == message("2")
        world.alice.refused(1, "nothing-yet", "receive", shared["id"], "--wait", "0")
        assert [t["received"] for t in transfers_of(world.alice)] == [1]
        return ran
    assert each_step(tmp_path, relay, play) > 10


@pytest.mark.parametrize("words", [("cancel",), ("compare", "different")], ids=["cancel", "compare"])
def end__each_step__again_ends_it_for_both(tmp_path, relay, words):
    def play(world):
        shared = world.alice.share(message("1"), "--rights", "RWD")
        world.bob.accept(shared["url"])
        world.bob.answer(shared["id"], message("2"))
        world.alice.must("receive", shared["id"])
        world.alice.answer(shared["id"], message("3"))
        command = (words[0], shared["id"], *words[1:])
        ran = world.killed(world.alice, *command)
        assert world.alice.run(*command).code in (9, 7, 8, 1) if ran is None else True
        assert [t["status"] for t in transfers_of(world.alice)] == ["withdrawn-opened"]
        assert world.bob.run("receive", shared["id"]).code in (0, 7)
        return ran
    assert each_step(tmp_path, relay, play) > 10


@pytest.mark.parametrize("words", [("forget", "--yes"), ("prune", "--ended")], ids=["forget", "prune"])
def forget__each_step__again_removes_that_one_and_no_other(tmp_path, relay, words):
    def play(world):
        kept, ended = world.alice.share(KEY), world.alice.share(KEY)
        world.alice.run("cancel", ended["id"])
        command = (*words, ended["id"]) if words[0] == "forget" else words
        ran = world.killed(world.alice, *command)
        assert world.alice.run(*command).code in (0, 1)
        assert [t["id"] for t in transfers_of(world.alice)] == [kept["id"]]
        assert_nothing_left(world.alice, kept["id"])
        assert world.bob.accept(kept["url"])["message"] == KEY
        return ran
    assert each_step(tmp_path, relay, play) >= 2


@pytest.mark.parametrize("words", [("add", "new.example"), ("remove", "old.example")], ids=["add", "remove"])
def relays__each_step__the_others_stay_and_again_does_it(tmp_path, relay, words):
    def play(world):
        for host in ("old.example", "kept.example"):
            world.alice.must("relays", "add", host)
        ran = world.killed(world.alice, "relays", *words)
        assert "kept.example" in json.dumps(world.alice.must("relays"))
        world.alice.run("relays", *words)
        listed = json.dumps(world.alice.must("relays"))
        assert "kept.example" in listed and (words[1] in listed) == (words[0] == "add")
        return ran
    assert each_step(tmp_path, relay, play) >= 2
