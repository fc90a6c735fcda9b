# SPDX-License-Identifier: Apache-2.0
"""How a transfer ends, for each pair: the tool, a wallet without end notes, a stranger, and a relay that lies.

An owner is told that a transfer is completed only when an end note says so, and by whose word."""
import contextlib
import json
import re

import pytest

from cli_device import KEY, Device, message
from conftest import make_relay, open_api
from test_cli_state import Proxy
from tigress_client import Wallet, new_id


class Stage:
    """Alice shares and bob accepts through a proxy; every fact that alice and bob get passes it."""

    def __init__(self, proxy, relay, folder):
        self.proxy, self.relay = proxy, relay
        origin = f"http://127.0.0.1:{proxy.port}"
        self.alice, self.bob = (Device(folder / name, TIGRESS_RELAY=origin) for name in ("alice", "bob"))
        self.shared = None

    @property
    def id(self):
        return self.shared["id"]

    def share(self):
        self.shared = self.alice.share(KEY, "--rights", "RWD")

    def exchange(self, count):
        """Until the last of `count` messages was received."""
        self.share()
        self.bob.accept(self.shared["url"])
        for number in range(2, count + 1):
            sender, taker = (self.bob, self.alice) if number % 2 == 0 else (self.alice, self.bob)
            sender.answer(self.id, message(f"m{number}"))
            assert taker.must("receive", self.id)["message"] == message(f"m{number}")

    def lie(self, lie):
        self.proxy.lie = lie


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    proxy = Proxy()
    with make_relay(tmp_path_factory.mktemp("behind"), "plain-lmdb",
                    args=["--public-url", f"http://127.0.0.1:{proxy.port}"]) as relay:
        proxy.relay_port = relay.port
        yield proxy, relay
    proxy.listener.close()


@pytest.fixture
def stage(behind, tmp_path):
    proxy, relay = behind
    proxy.lie = None
    proxy.notes.clear()
    yield Stage(proxy, relay, tmp_path)
    proxy.lie = None


# ---- lies -----------------------------------------------------------------------------------------


def answer_with(document):
    """Every 404 becomes this document; every other answer stays."""
    def lie(answer):
        if b" 404 " not in answer.split(b"\r\n")[0]:
            return answer
        head, _, body = answer.partition(b"\r\n\r\n")
        made = json.dumps(document(json.loads(body))).encode()
        return re.sub(rb"(?i)(content-length:) *\d+", rb"\1 %d" % len(made), head) + b"\r\n\r\n" + made
    return lie


def without_note(body):
    return {name: value for name, value in body.items() if name != "endNote"}


def of_type(slug):
    return lambda body: without_note(body) | {"type": f"urn:tigress:problem/{slug}"}


def with_note(note):
    return lambda body: body | {"type": "urn:tigress:problem/ended-by-recipient", "endNote": note}


# ---- who ends it ----------------------------------------------------------------------------------


def tool_finishes(stage):
    stage.exchange(1)
    stage.bob.must("finish", stage.id)


def tool_finishes_after_three(stage):
    stage.exchange(3)
    stage.bob.must("finish", stage.id)


def tool_declines(stage):
    stage.share()
    assert stage.bob.must("accept", "--decline", "-", given=stage.shared["url"])["status"] == "declined"


def tool_declines_after_three(stage):
    stage.exchange(3)
    stage.bob.must("cancel", stage.id)


def wallet_without_notes_finishes(stage):
    stage.share()
    with contextlib.closing(open_api(stage.relay)) as api:
        other = Wallet.from_share_url(api, stage.shared["url"])
        assert other.receive() == KEY
        other.finish()


def stranger_binds_and_deletes(stage):
    stage.share()
    with contextlib.closing(open_api(stage.relay)) as api:
        claim = new_id()  # a stranger needs no secret for this
        path = f"/v1/m/{stage.id}"
        assert api.call("POST", path, [("Mailbox-Device-Claim", claim)]).status == 200
        assert api.call("DELETE", path, [("Mailbox-Device-Claim", claim), ("Mailbox-Request-ID", "1")]).status == 200


def stranger_with_a_note_of_another_transfer(stage):
    tool_finishes(stage)
    note = stage.proxy.notes[-1].decode()
    stage.share()
    with contextlib.closing(open_api(stage.relay)) as api:
        claim = new_id()
        path = f"/v1/m/{stage.id}"
        assert api.call("POST", path, [("Mailbox-Device-Claim", claim)]).status == 200
        assert api.call("DELETE", path, [("Mailbox-Device-Claim", claim), ("Mailbox-Request-ID", "1"),
                                         ("Mailbox-End-Note", note)]).status == 200


def relay_drops_the_note(stage):
    tool_finishes_after_three(stage)
    stage.lie(answer_with(without_note))


def relay_says_completed(stage):
    stranger_binds_and_deletes(stage)
    stage.lie(answer_with(of_type("completed")))


def relay_reflects_the_senders_note(stage):
    stage.exchange(2)
    stage.lie(answer_with(with_note("A" * 103)))
    stage.bob.must("cancel", stage.id)


def relay_says_expired(stage):
    tool_finishes(stage)
    stage.lie(answer_with(of_type("expired")))


def relay_says_nothing(stage):
    tool_finishes(stage)
    stage.lie(answer_with(lambda body: {"type": "about:blank", "status": 404}))


# What the sender's tool says: exit code, status, proof.
SENDER_LEARNS = [
    (tool_finishes, 5, "completed", "link"),
    (tool_finishes_after_three, 5, "completed", "device"),
    (tool_declines, 6, "declined", "link"),
    (tool_declines_after_three, 6, "declined", "device"),
    (wallet_without_notes_finishes, 10, "unconfirmed", None),
    (stranger_binds_and_deletes, 10, "unconfirmed", None),
    (stranger_with_a_note_of_another_transfer, 10, "unconfirmed", None),
    (relay_drops_the_note, 10, "unconfirmed", None),
    (relay_says_completed, 10, "unconfirmed", None),
    (relay_reflects_the_senders_note, 10, "unconfirmed", None),
    (relay_says_expired, 11, "expired", None),
    (relay_says_nothing, 4, None, None),  # kept as it is: a relay that forgets ends nothing
]


def kept(device, transfer):
    return next(item for item in device.must("status")["transfers"] if item["id"] == transfer)


# spec-test: protocol/7#end-proved
@pytest.mark.parametrize("act,code,status,proof", SENDER_LEARNS, ids=lambda value: getattr(value, "__name__", None))
def end__by_the_receiving_side__sender_learns_only_what_is_proved(stage, act, code, status, proof):
    act(stage)
    ran = stage.alice.run("receive", stage.id, "--wait", "0", "--json")
    assert (ran.code, ran.error) == (code, status or "gone"), ran.out
    item = kept(stage.alice, stage.id)
    assert (item["status"], item.get("proof")) == (status or "active", proof)
    if proof is None:
        assert "completed" not in ran.err.replace("never completed", "")
    if status:  # and it stays what it was
        assert stage.alice.run("receive", stage.id, "--json").code == code


def sender_finishes(stage):
    stage.exchange(2)
    stage.alice.must("finish", stage.id)


def sender_cancels(stage):
    stage.exchange(1)
    stage.alice.must("cancel", stage.id, code=9)


def sender_cancels_after_two(stage):
    stage.exchange(2)
    stage.alice.must("cancel", stage.id, code=9)


def wallet_without_notes_cancels(stage):
    with contextlib.closing(open_api(stage.relay)) as api:
        other = Wallet(api, f"http://127.0.0.1:{stage.proxy.port}")
        stage.shared = {"url": other.share(KEY)}
        stage.shared["id"] = stage.bob.accept(stage.shared["url"])["id"]
        other.finish()


def relay_drops_the_senders_note(stage):
    sender_finishes(stage)
    stage.lie(answer_with(without_note))


RECEIVER_LEARNS = [
    (sender_finishes, 5, "completed", "device"),
    (sender_cancels, 7, "cancelled", "link"),
    (sender_cancels_after_two, 7, "cancelled", "device"),
    (wallet_without_notes_cancels, 10, "unconfirmed", None),
    (relay_drops_the_senders_note, 10, "unconfirmed", None),
]


# spec-test: protocol/7#end-proved
@pytest.mark.parametrize("act,code,status,proof", RECEIVER_LEARNS, ids=lambda value: getattr(value, "__name__", None))
def end__by_the_sending_side__receiver_learns_only_what_is_proved(stage, act, code, status, proof):
    act(stage)
    ran = stage.bob.run("receive", stage.id, "--wait", "0", "--json")
    assert (ran.code, ran.error) == (code, status), ran.out
    item = kept(stage.bob, stage.id)
    assert (item["status"], item.get("proof")) == (status, proof)


# ---- the sender's own end -------------------------------------------------------------------------


def cancel__before_and_after_a_device_opened__two_ends(stage):
    stage.share()
    assert "No device has opened it yet." in stage.alice.run("status", stage.id).out
    assert stage.alice.must("cancel", stage.id)["status"] == "withdrawn"
    stage.alice.refused(8, "withdrawn", "receive", stage.id)
    stage.exchange(1)
    assert stage.alice.must("status", stage.id)["opened"] == "yes"
    assert "A device has opened it." in stage.alice.run("status", stage.id).out
    ran = stage.alice.run("cancel", stage.id)
    assert ran.code == 9 and "had opened it" in ran.out
    assert kept(stage.alice, stage.id)["status"] == "withdrawn-opened"


# spec-test: protocol/7#end-proved
def race__cancel_after_a_finish__sender_is_told_completed(stage):
    tool_finishes_after_three(stage)
    stage.alice.refused(5, "completed", "cancel", stage.id)
    assert kept(stage.alice, stage.id)["proof"] == "device"


# spec-test: protocol/7#end-proved
def race__finish_after_a_cancel__receiver_is_told_cancelled(stage):
    stage.exchange(1)
    stage.alice.must("cancel", stage.id, code=9)
    stage.bob.refused(7, "cancelled", "finish", stage.id)
    assert kept(stage.bob, stage.id)["status"] == "cancelled"


# ---- a note is final ------------------------------------------------------------------------------


# spec-test: protocol/7#end-note-made-once
@pytest.mark.parametrize("moment", ["request", "answer"])
@pytest.mark.parametrize("words,end", [(("finish",), "completed"), (("cancel",), "declined")])
def kill__between_the_note_and_its_answer__same_note_again(stage, moment, words, end):
    stage.exchange(1)
    stage.proxy.kill_at(stage.bob, "DELETE", moment, *words, stage.id)
    other = "cancel" if words == ("finish",) else "finish"
    stage.bob.run(other, stage.id, "--json")  # another end is not possible any more: it ends as it began
    assert kept(stage.bob, stage.id)["status"] == end
    assert len(stage.proxy.notes) >= 2 and len(set(stage.proxy.notes)) == 1
    assert len(stage.proxy.notes[0]) == 103
    code, _ = {"completed": (5, "link"), "declined": (6, "link")}[end]
    stage.alice.refused(code, end, "receive", stage.id)


# ---- the preview ----------------------------------------------------------------------------------


# spec-test: protocol/4#preview-says-claimed
def inspect__of_a_claimed_mailbox__says_so(stage, tmp_path):
    stage.share()
    carol = Device(tmp_path / "carol", TIGRESS_RELAY=stage.alice.env["TIGRESS_RELAY"])
    assert carol.must("inspect", "-", given=stage.shared["url"])["opened"] == "no"
    stage.bob.accept(stage.shared["url"])
    assert carol.must("inspect", "-", given=stage.shared["url"])["opened"] == "yes"
    assert "Another device has opened" in carol.run("inspect", "-", given=stage.shared["url"]).out


def decline__with_finish_or_out__usage(stage):
    stage.share()
    stage.bob.refused(2, "usage", "accept", "--decline", "--finish", "-", given=stage.shared["url"])
    stage.bob.refused(2, "usage", "accept", "--decline", "--out", "x", "-", given=stage.shared["url"])
    assert stage.alice.must("status", stage.id)["opened"] == "no"
