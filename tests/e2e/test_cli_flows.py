# SPDX-License-Identifier: Apache-2.0
"""Complete transfers with the tool on both sides, and with the independent wallet on the other side."""
import contextlib
import json
import os
import pty
import re
import subprocess
import time

import pytest

from cli_device import KEY, Device, message
from conftest import open_api
from relay_process import in_a_short_life, until, until_long_polls
from tigress_client import Wallet, WalletError

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture
def alice(relay, tmp_path):
    return Device(tmp_path / "alice", relay)


@pytest.fixture
def bob(relay, tmp_path):
    return Device(tmp_path / "bob", relay)


@pytest.fixture
def carol(relay, tmp_path):
    return Device(tmp_path / "carol", relay)


# spec-test: protocol/7#flows-any-number-of-turns
@pytest.mark.parametrize("words", [(), ("--key-size", "256"), ("--vertical", "car"),
                                   ("--require-proof",), ("--scheme", "tigress")],
                         ids=lambda words: "-".join(words).strip("-") or "plain")
def stateless__accept_and_finish__delivered_and_both_sides_know(alice, bob, words):
    shared = alice.share(KEY, *words)
    taken = bob.accept(shared["url"], "--finish")
    assert taken["message"] == KEY
    assert taken["format"] == KEY["format"]
    assert taken["id"] == shared["id"]
    assert bob.must("status")["transfers"][0]["status"] == "completed"
    assert alice.must("status", shared["id"])["found"] == "completed"


def stateful__three_messages__delivered_in_turn(alice, bob):
    first, second, third = message("create"), message("sign", 9000), message("import")
    shared = alice.share(first, "--rights", "RWD", "--vertical", "car")
    transfer = shared["id"]
    assert bob.accept(shared["url"])["message"] == first
    assert bob.answer(transfer, second)["sent"] == 1
    assert alice.must("status", transfer)["found"] == "message"
    assert alice.must("receive", transfer)["message"] == second
    assert alice.answer(transfer, third)["sent"] == 2
    final = bob.must("receive", transfer, "--finish")
    assert (final["message"], final["received"]) == (third, 2)
    alice.refused(5, "completed", "receive", transfer)


def receive__before_the_other_side_writes__wakes_at_once(relay, alice, bob):
    shared = alice.share(KEY, "--rights", "RWD")
    bob.accept(shared["url"])
    waiting = alice.start("receive", shared["id"], "--json", "--wait", "30")
    until_long_polls(relay, 1)
    began = time.monotonic()
    bob.answer(shared["id"], message("now"))
    ran = alice.finish(waiting)
    assert time.monotonic() - began < 10
    assert (ran.code, ran.json["message"]) == (0, message("now"))


def receive__nothing_in_time__refused_and_can_be_repeated(alice, bob):
    shared = alice.share(KEY, "--rights", "RWD")
    for wait in ("1", "0"):
        ran = alice.refused(1, "nothing-yet", "receive", shared["id"], "--wait", wait)
        assert f"within {wait} seconds" in ran.err
    bob.accept(shared["url"])
    bob.answer(shared["id"], KEY)
    assert alice.must("receive", shared["id"])["message"] == KEY


def answer__out_of_turn__refused(alice, bob):
    shared = alice.share(KEY, "--rights", "RWD")
    alice.refused(1, "not-your-turn", "answer", shared["id"], "-", given=json.dumps(KEY))
    bob.accept(shared["url"])
    bob.answer(shared["id"], KEY)
    bob.refused(1, "not-your-turn", "answer", shared["id"], "-", given=json.dumps(KEY))


def answer__a_message_unread__refused_until_it_is_read(alice, bob):
    shared = alice.share(KEY, "--rights", "RWD")
    bob.accept(shared["url"])
    bob.answer(shared["id"], message("b"))
    alice.must("status", shared["id"])  # fetches it
    alice.refused(1, "unread", "answer", shared["id"], "-", given=json.dumps(KEY))
    alice.refused(1, "unread", "finish", shared["id"])
    assert alice.must("receive", shared["id"])["message"] == message("b")
    alice.answer(shared["id"], message("a"))
    assert bob.must("receive", shared["id"])["message"] == message("a")


def answer__after_a_wait_without_result__is_sent(alice, bob):
    shared = alice.share(KEY, "--rights", "RWD")
    bob.accept(shared["url"])
    bob.refused(1, "nothing-yet", "receive", shared["id"], "--wait", "1")
    bob.answer(shared["id"], message("b"))
    assert alice.must("receive", shared["id"])["message"] == message("b")


def answer__without_the_right_to_write__refused_and_finish_works(alice, bob):
    shared = alice.share(KEY)
    bob.accept(shared["url"])
    bob.refused(1, "denied", "answer", shared["id"], "-", given=json.dumps(KEY))
    assert bob.must("finish", shared["id"])["status"] == "completed"
    assert alice.must("status", shared["id"])["found"] == "completed"


def separate_secret__link_and_secret_separate__both_needed(alice, bob, tmp_path):
    shared = alice.share(KEY, "--separate-secret")
    assert "#" not in shared["url"]
    bob.refused(2, "secret", "accept", "-", given=shared["url"])
    secret = tmp_path / "secret"
    secret.write_text(shared["secret"] + "\n")
    assert bob.accept(shared["url"], "--secret-file", secret)["message"] == KEY


def secret_file__standard_input__link_as_argument_without_warning(alice, bob):
    shared = alice.share(KEY, "--separate-secret")
    ran = bob.run("accept", "--json", "--secret-file", "-", shared["url"], given=shared["secret"])
    assert (ran.code, ran.json["message"]) == (0, KEY)
    assert "warning" not in ran.err


# spec-test: protocol/3#first-read-binds
def third_device__after_the_claim__refused_and_nothing_saved(alice, bob, carol):
    shared = alice.share(KEY)
    bob.accept(shared["url"])
    carol.refused(1, "denied", "accept", "-", given=shared["url"])
    assert carol.files() == []
    assert bob.must("finish", shared["id"])["status"] == "completed"


def relinquish__second_device__accepts_with_the_same_link(alice, bob, carol):
    shared = alice.share(KEY)
    bob.accept(shared["url"])
    assert bob.must("relinquish", shared["id"])["status"] == "relinquished"
    assert carol.accept(shared["url"])["message"] == KEY
    bob.refused(1, "denied", "accept", "-", given=shared["url"])
    bob.refused(1, "relinquished", "receive", shared["id"])


def relinquish__by_the_initiator__refused(alice):
    shared = alice.share(KEY)
    alice.refused(1, "unknown-transfer", "relinquish", shared["id"])


def cancel__by_the_initiator__both_learn_what_it_was(alice, bob):
    shared = alice.share(KEY, "--rights", "RWD")
    bob.accept(shared["url"])
    assert alice.must("cancel", shared["id"], code=9)["status"] == "withdrawn-opened"
    bob.refused(7, "cancelled", "receive", shared["id"])
    bob.refused(7, "cancelled", "receive", shared["id"])
    alice.refused(9, "withdrawn-opened", "cancel", shared["id"])


def expired__accept_receive_inspect__told_by_the_relay(alice, bob, carol):
    def given(life_s):
        shared = alice.share(KEY, "--rights", "RWD", "--expires", f"{life_s}s")
        bob.accept(shared["url"])
        return shared

    def refusal():
        ran = bob.run("receive", shared["id"], "--wait", "0", "--json")
        return ran if ran.error != "nothing-yet" else None

    shared = in_a_short_life(given)
    ran = until(refusal, "another answer")
    assert (ran.code, ran.error) == (11, "expired")
    carol.refused(4, "gone", "accept", "-", given=shared["url"])
    carol.refused(11, "expired", "inspect", "-", given=shared["url"])
    assert carol.files() == []


def inspect__before_the_claim__claims_nothing(alice, bob, carol):
    shared = alice.share(KEY, "--title", "Room 214", "--description", "<b>Sea</b>", "--vertical",
                         "home")
    seen = carol.must("inspect", "-", given=shared["url"])
    assert seen["title"] == "Room 214"
    assert seen["description"] == "<b>Sea</b>"
    assert (seen["vertical"], seen["has_secret"], seen["id"]) == ("home", True, shared["id"])
    assert seen["expires"] == shared["expires"]
    assert carol.files() == []
    assert bob.accept(shared["url"])["message"] == KEY


def accept__twice__refused_with_the_next_command(alice, bob):
    shared = alice.share(KEY)
    bob.accept(shared["url"])
    ran = bob.refused(1, "accepted-before", "accept", "-", given=shared["url"])
    assert f"tigress receive {shared['id'][:8]}" in ran.err


def both_sides_in_one_home__role_before_the_identifier__selects_one(alice):
    shared = alice.share(KEY, "--rights", "RWD")
    alice.accept(shared["url"])
    alice.refused(1, "ambiguous", "answer", shared["id"], "-", given=json.dumps(KEY))
    alice.must("answer", "recipient:" + shared["id"][:6], "-", given=json.dumps(message("b")))
    assert alice.must("receive", "initiator:" + shared["id"])["message"] == message("b")


def share__json_result__has_these_members(alice):
    shared = alice.share(KEY, "--title", "T", "--qr", "--separate-secret")
    assert set(shared) == {"id", "role", "status", "opened", "relay", "title", "expires", "sent", "received",
                           "unread", "url", "secret", "qr"}
    assert UUID.fullmatch(shared["id"])
    assert (shared["role"], shared["status"], shared["sent"]) == ("initiator", "active", 1)
    assert shared["qr"].count("\n") > 15


def share__text__link_transfer_expiry_and_qr(alice):
    ran = alice.run("share", "--yes", "--qr", "-", given=json.dumps(KEY))
    assert ran.code == 0
    labels = [line.split(":")[0] for line in ran.out.splitlines()[:3]]
    assert labels == ["Link", "Transfer", "Expires"]
    assert "█" in ran.out and "\033" not in ran.out


def share__on_a_terminal__asks_and_does_not_share_after_no(alice):
    for typed, code in ((b"n\n", 1), (b"\n", 1), (b"yes\n", 0)):
        path = alice.home / "key.json"
        path.write_text(json.dumps(KEY))
        child, terminal = pty.fork()
        if child == 0:
            os.execve(alice.command()[0], alice.command("share", "--title", "Bunk 7", path),
                      alice.env)
        seen = b""
        while b"[y/N]" not in seen:
            seen += os.read(terminal, 1024)
        assert b"Bunk 7" in seen and b"#" not in seen
        os.write(terminal, typed)
        with contextlib.suppress(OSError):
            while chunk := os.read(terminal, 1024):
                seen += chunk
        os.close(terminal)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == code, seen
        assert (b"/v1/m/" in seen) == (code == 0)


def accept__on_a_terminal__control_characters_are_escaped(alice, bob):
    shared = alice.share({"format": "x", "content": {"a": "\x9b2J\u202eb\x1b[2J\x7f"}})
    child, terminal = pty.fork()
    if child == 0:
        os.execve(bob.command()[0], bob.command("accept", "-"), bob.env)
    seen = b""
    while b"press Enter" not in seen:
        seen += os.read(terminal, 1024)
    os.write(terminal, shared["url"].encode() + b"\n")
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 1024):
            seen += chunk
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, seen
    text = seen.decode()
    assert "\\u009b2j\\u202eb\\u001b[2j\\u007f" in text.lower()
    assert not {"\x9b", "\u202e", "\x1b", "\x7f"} & set(text)


# spec-test: protocol/7#intent-before-anything
def share__no_terminal_and_no_yes__nothing_sent(alice):
    alice.refused(1, "not-confirmed", "share", "-", given=json.dumps(KEY))
    assert alice.files() == []


def out__message_as_it_was__mode_0600(alice, bob):
    text = json.dumps(KEY, indent=3, ensure_ascii=False)
    shared = alice.must("share", "--yes", "-", given=text)
    target = bob.home / "got.json"
    taken = bob.accept(shared["url"], "--out", target)
    assert taken["out"] == str(target) and "message" not in taken
    assert target.read_text() == text
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("target", ["/dev/full", "/nowhere/got.json"])
def out__cannot_be_written__message_is_not_lost_nor_the_transfer_ended(alice, bob, target):
    shared = alice.share(KEY)
    if target == "/dev/full":
        with open(target, "wb") as full:
            process = bob.start("accept", "--finish", "-", stdin=subprocess.PIPE, stdout=full)
            ran = bob.finish(process, shared["url"])
    else:
        ran = bob.run("accept", "--finish", "--out", target, "-", given=shared["url"])
    assert ran.code == 1
    assert "cannot be written" in ran.err
    assert bob.must("status")["transfers"][0]["unread"] is True
    assert bob.must("receive", shared["id"], "--finish")["message"] == KEY


# ---- against the independent wallet ---------------------------------------------------------


@pytest.mark.parametrize("secret_len", [16, 32])
def independent_initiator__three_messages__understood(relay, bob, secret_len):
    with contextlib.closing(open_api(relay)) as api:
        other = Wallet(api, relay.origin, vertical="c")
        url = other.share(message("create"), secret_len=secret_len)
        taken = bob.accept(url)
        assert taken["message"] == message("create")
        bob.answer(taken["id"], message("sign", 5000))
        assert other.receive(5) == message("sign", 5000)
        other.answer(message("import"))
        assert bob.must("receive", taken["id"], "--finish")["message"] == message("import")


@pytest.mark.parametrize("size", ["128", "256"])
def independent_recipient__three_messages__understood(relay, alice, size):
    with contextlib.closing(open_api(relay)) as api:
        shared = alice.share(message("create"), "--rights", "RWD", "--key-size", size)
        other = Wallet.from_share_url(api, shared["url"])
        assert other.receive() == message("create")
        other.answer(message("sign"))
        assert alice.must("receive", shared["id"])["message"] == message("sign")
        alice.answer(shared["id"], message("import"))
        assert other.receive(5) == message("import")
        other.finish()
        alice.refused(10, "unconfirmed", "receive", shared["id"])


def require_proof__device_without_the_secret__cannot_claim(relay, alice, bob):
    shared = alice.share(KEY, "--require-proof")
    wrong = shared["url"].split("#")[0] + "#AAAAAAAAAAAAAAAAAAAAAA=="
    bob.refused(1, "denied", "accept", "-", given=wrong)
    assert bob.accept(shared["url"])["message"] == KEY
    with contextlib.closing(open_api(relay)) as api:
        with pytest.raises(WalletError):
            Wallet.from_share_url(api, shared["url"]).receive()
