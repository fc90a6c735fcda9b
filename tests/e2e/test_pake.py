# SPDX-License-Identifier: Apache-2.0
"""The PIN by PAKE through a real relay: tool with tool, and the tool with an independent wallet on each side."""
import contextlib
import json
import signal

import pytest

import tigress_envelope as v1
import tigress_envelope2 as e2
import tigress_pake as pake
from cli_device import KEY, Device, message
from conftest import open_api
from tigress_client import Wallet, create_message

BARE = json.loads(e2.BARE)


@pytest.fixture
def alice(relay, tmp_path):
    return Device(tmp_path / "alice", relay)


@pytest.fixture
def bob(relay, tmp_path):
    return Device(tmp_path / "bob", relay)


@pytest.fixture
def api(relay):
    with contextlib.closing(open_api(relay)) as opened:
        yield opened


class PinWallet(Wallet):
    """The independent wallet, with the independent PIN by PAKE."""

    def begin(self, role, pin):
        self.chain = pake.Transfer(role, self.secret, pin, self.mailbox)
        return self

    def seal(self, document):
        type_, data = self.chain.seal(json.dumps(document))
        self.seen.add(data)
        return {"type": type_, "data": data}

    def share(self, pin):
        self.secret = v1.new_secret(16)
        self.begin(e2.INITIATOR, pin)
        answer = self.accept(self.api.create(create_message("RWD", 3600, self.seal(BARE), None), self.claim))
        self.mailbox = self.chain.mailbox = answer.json()["urlLink"].rsplit("/", 1)[1]
        return v1.ShareUrl(self.origin, self.mailbox, self.vertical, self.secret).text()

    def take(self, payload):
        document = json.loads(self.chain.open(payload["type"], payload["data"]))
        self.offer = document.pop("tigressV2", None)
        return document

    def answer(self, document):
        self.accept(self.api.update(self.mailbox, self.claim, {"payload": self.seal(document)}))


def wrong(pin):
    return f"{(int(pin) + 1) % 10 ** len(pin):0{len(pin)}d}"


def pin_file(device, pin):
    path = device.home / "pin"
    path.write_text(f" {pin[:3]} {pin[3:]}\n")
    return path


@contextlib.contextmanager
def watching(device, transfer):
    """A command of the sender that waits, and so answers for its library. It ends with the block."""
    process = device.start("watch", transfer, "--json")
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def accept(device, url, pin):
    return device.run("accept", "-", "--pin-file", pin_file(device, pin), "--json", given=url + "\n")


# ---- the tool with itself ----------------------------------------------------------------------------------------------


# spec-test: protocol/7#pake-nothing-before-proof
def pin__right__the_receiver_gets_the_message(alice, bob):
    shared = alice.share(KEY, "--pin")
    with watching(alice, shared["id"]) as watcher:
        ran = accept(bob, shared["url"], shared["pin"])
        assert ran.code == 0, ran.err
        assert ran.json["message"] == KEY
        assert "nobody is in between" in ran.err
        bob.answer(shared["id"], message("create"))
        watcher.wait(timeout=60)
    assert alice.must("receive", shared["id"])["message"] == message("create")
    assert alice.must("pin", shared["id"])["pinState"] == "passed"
    alice.refused(1, "pin-by-device", "pin", shared["id"], "--check", given=shared["pin"])


# spec-test: protocol/7#pake-tries
def pin__wrong_then_right__counted_by_both(alice, bob):
    shared = alice.share(KEY, "--pin")
    with watching(alice, shared["id"]):
        ran = accept(bob, shared["url"], wrong(shared["pin"]))
        assert (ran.code, ran.error) == (1, "pin-wrong") and "tries left: 4" in ran.err
        ran = accept(bob, shared["url"], "12345")
        assert (ran.code, ran.error) == (2, "no-pin-typed")
        ran = accept(bob, shared["url"], shared["pin"])
        assert ran.code == 0 and ran.json["message"] == KEY, ran.err
    found = alice.must("pin", shared["id"])
    assert (found["pinState"], found["triesLeft"]) == ("passed", 3)


# spec-test: protocol/7#pake-verdict
def pin__wrong_five_times__withdrawn_at_both(alice, bob):
    shared = alice.share(KEY, "--pin")
    process = alice.start("receive", shared["id"], "--wait", "5m", "--json")
    for left in (4, 3, 2, 1):
        ran = accept(bob, shared["url"], wrong(shared["pin"]))
        assert (ran.code, ran.error) == (1, "pin-wrong") and f"tries left: {left}" in ran.err
    ran = accept(bob, shared["url"], wrong(shared["pin"]))
    assert (ran.code, ran.error) == (7, "cancelled"), ran.err
    ended = alice.finish(process)
    assert (ended.code, ended.error) == (9, "pin-dead")
    assert shared["pin"] not in alice.files()[0].read_text()


def pin__not_asked_for_where_it_is_required__refused(alice, bob):
    shared = alice.share(KEY)
    ran = accept(bob, shared["url"], "123456")
    assert (ran.code, ran.error) == (1, "no-pake"), ran.err


def pin__no_terminal_and_no_file__asked_for_later(alice, bob):
    shared = alice.share(KEY, "--pin")
    with watching(alice, shared["id"]):
        bob.refused(1, "pin-asked", "accept", "-", given=shared["url"] + "\n")
        ran = accept(bob, shared["url"], shared["pin"])
        assert ran.code == 0 and ran.json["message"] == KEY


def share__both_pins_or_too_few_rights__refused(alice):
    alice.refused(2, "usage", "share", "--yes", "--pin", "--plain-pin", "-", given=json.dumps(KEY))
    alice.refused(2, "argument", "share", "--yes", "--pin", "--rights", "RD", "-", given=json.dumps(KEY))


def share__plain__says_that_it_proves_less(alice):
    ran = alice.run("share", "--yes", "--plain-pin", "-", given=json.dumps(KEY))
    assert ran.code == 0 and "proves less" in ran.err


# spec-test: protocol/7#pake-tries
def accept__killed_while_it_answers__the_try_is_counted_once(alice, bob):
    """Whatever moment the kill hits, the same try is repeated, or the next one begins; none is regained."""
    shared = alice.share(KEY, "--pin")
    path = pin_file(bob, wrong(shared["pin"]))
    with watching(alice, shared["id"]):
        for wait_s in (0.05, 0.15, 0.3):
            process = bob.start("accept", "-", "--pin-file", path, stdin=-1)
            process.stdin.write(shared["url"].encode() + b"\n")
            process.stdin.close()
            process.stdin = None
            with contextlib.suppress(Exception):
                process.wait(timeout=wait_s)
            process.kill()
            process.communicate()
        ran = accept(bob, shared["url"], shared["pin"])
        while ran.code == 1 and ran.error == "pin-wrong":
            ran = accept(bob, shared["url"], shared["pin"])
        assert ran.code == 0 and ran.json["message"] == KEY, ran.err
    assert 0 <= alice.must("pin", shared["id"])["triesLeft"] <= 4


# ---- an independent wallet ---------------------------------------------------------------------------------------------


# spec-test: protocol/7#pake-run, protocol/7#pake-keys
def tool_shares__python_proves__the_same_keys(alice, api):
    shared = alice.share(KEY, "--pin")
    with watching(alice, shared["id"]) as watcher:
        wallet = PinWallet.from_share_url(api, shared["url"]).begin(e2.RECIPIENT, wrong(shared["pin"]))
        assert wallet.receive() == BARE and wallet.offer["pake"] == pake.NAME
        wallet.answer(BARE)
        assert wallet.receive(20) == BARE and set(wallet.offer) == {"reveal", "pakeShare"}
        wallet.answer(BARE)
        assert wallet.receive(20) == BARE and set(wallet.offer) == {"pakeShare"}
        wallet.chain.pin = shared["pin"]
        wallet.answer(BARE)
        assert wallet.receive(20) == KEY and wallet.chain.state == "proved"
        wallet.answer(message("create"))
        watcher.wait(timeout=60)
    assert alice.must("receive", shared["id"])["message"] == message("create")


def python_shares__tool_proves__the_same_keys(bob, relay, api):
    wallet = PinWallet(api, relay.origin)
    url = wallet.share("604183")
    process = bob.start("accept", "-", "--pin-file", pin_file(bob, "604183"), "--json", stdin=-1)
    process.stdin.write(url.encode() + b"\n")
    process.stdin.close()
    process.stdin = None
    while wallet.receive(20) is None:
        pass
    assert wallet.offer["pake"] == pake.NAME
    wallet.answer(BARE)
    assert wallet.receive(20) == BARE and wallet.chain.state == "verified"
    wallet.answer(KEY)
    ran = bob.finish(process)
    assert ran.code == 0 and ran.json["message"] == KEY, ran.err
    bob.answer(ran.json["id"], message("create"))
    assert wallet.receive(20) == message("create")


def python_shares_with_another_tag__tool__shows_nothing(bob, relay, api):
    """A sender that does not know the PIN, and goes on as if it did."""
    wallet = PinWallet(api, relay.origin)
    url = wallet.share("000000")
    process = bob.start("accept", "-", "--pin-file", pin_file(bob, "604183"), "--json", stdin=-1)
    process.stdin.write(url.encode() + b"\n")
    process.stdin.close()
    process.stdin = None
    while wallet.receive(20) is None:
        pass
    wallet.answer(BARE)
    assert wallet.receive(20) == BARE and wallet.chain.state == "agreed"
    wallet.chain.state = "verified"
    wallet.answer(KEY)
    ran = bob.finish(process)
    assert (ran.code, ran.error) == (1, "bad-message"), ran.err
    assert "214" not in ran.out
