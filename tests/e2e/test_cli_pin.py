# SPDX-License-Identifier: Apache-2.0
"""The PIN of the tool: printed once, never sent, counted across processes and kills."""
import json
import os
import pty
import re
import signal
import threading

import pytest

from cli_device import KEY, Device, message


@pytest.fixture
def alice(relay, tmp_path):
    return Device(tmp_path / "alice", relay)


@pytest.fixture
def bob(relay, tmp_path):
    return Device(tmp_path / "bob", relay)


def wrong(pin):
    return f"{(int(pin) + 1) % 10 ** len(pin):0{len(pin)}d}"


def check(device, transfer, pin):
    return device.run("pin", transfer, "--check", "--json", given=pin)


def spaced(pin):
    return f" {pin[:3]} {pin[3:]}\n"


# spec-test: protocol/7#pin-random-digits
def share__with_a_pin__printed_once_and_never_sent(alice, bob):
    shared = alice.share(KEY, "--plain-pin", "--rights", "RWD")
    assert re.fullmatch(r"[0-9]{6}", shared["pin"])
    assert shared["pin"] not in shared["url"]
    assert bob.accept(shared["url"])["message"] == KEY
    again = alice.must("share", "--resume", shared["id"])
    assert again["url"] == shared["url"] and "pin" not in again
    text = alice.files()[0].read_text()
    assert "pinDigits" not in text and f'"{shared["pin"]}"' not in text


def share__for_a_person__the_pin_is_in_groups(alice):
    ran = alice.run("share", "--yes", "--plain-pin", "-", given=json.dumps(KEY))
    assert ran.code == 0
    assert re.search(r"^PIN: +[0-9]{3} [0-9]{3} ", ran.out, re.M)


def share__without_a_pin__nothing_to_check(alice):
    shared = alice.share(KEY)
    assert "pin" not in shared
    alice.refused(1, "no-pin", "pin", shared["id"])
    alice.refused(1, "no-pin", "pin", shared["id"], "--check", given="123456")


def check__right__once_and_the_transfer_continues(alice, bob):
    shared = alice.share(message("create"), "--plain-pin", "--rights", "RWD")
    transfer, pin = shared["id"], shared["pin"]
    bob.accept(shared["url"])
    bob.answer(transfer, {"format": "example.car", "content": {"pin": spaced(pin)}})
    typed = alice.must("receive", transfer)["message"]["content"]["pin"]
    ran = check(alice, transfer, typed)
    assert ran.code == 0 and ran.json["pinState"] == "passed"
    alice.refused(1, "pin-passed", "pin", transfer, "--check", given=pin)
    alice.answer(transfer, message("import"))
    assert bob.must("receive", transfer, "--finish")["message"] == message("import")
    alice.refused(5, "completed", "receive", transfer)
    alice.refused(5, "completed", "pin", transfer)


# spec-test: protocol/7#pin-few-tries
def check__five_wrong_ones__withdrawn_for_both(alice, bob):
    shared = alice.share(KEY, "--plain-pin", "--rights", "RWD")
    transfer, pin = shared["id"], shared["pin"]
    bob.accept(shared["url"])
    for left in (4, 3, 2, 1):
        ran = check(alice, transfer, wrong(pin))
        assert (ran.code, ran.error) == (1, "pin-wrong")
        assert alice.must("pin", transfer)["triesLeft"] == left
    alice.refused(9, "pin-dead", "pin", transfer, "--check", given=wrong(pin))
    alice.refused(9, "withdrawn-opened", "pin", transfer, "--check", given=pin)
    bob.refused(7, "cancelled", "receive", transfer)
    text = alice.files()[0].read_text()
    assert '"pin"' not in text and '"session"' not in text


def check__four_wrong_ones_then_the_right__passes(alice):
    shared = alice.share(KEY, "--plain-pin")
    for _ in range(4):
        assert check(alice, shared["id"], wrong(shared["pin"])).code == 1
    assert check(alice, shared["id"], shared["pin"]).code == 0


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345x", "1" * 200, "123456\n123456"],
                         ids=["nothing", "short", "long", "letter", "very-long", "two-lines"])
def check__wrong_length__does_not_count(alice, typed):
    shared = alice.share(KEY, "--plain-pin")
    assert check(alice, shared["id"], typed).code == 2
    assert alice.must("pin", shared["id"])["triesLeft"] == 5


def check__digits_of_another_script__accepted(alice):
    shared = alice.share(KEY, "--plain-pin")
    typed = "".join(chr(0x0660 + int(digit)) for digit in shared["pin"])
    assert check(alice, shared["id"], typed).code == 0


def check__relay_down_at_the_last_try__dead_and_withdrawn_later(alice, bob):
    shared = alice.share(KEY, "--plain-pin", "--rights", "RWD")
    transfer, pin = shared["id"], shared["pin"]
    bob.accept(shared["url"])
    for _ in range(4):
        check(alice, transfer, wrong(pin))
    good = alice.env.pop("TIGRESS_CACERT")
    alice.env["TIGRESS_CACERT"] = "/dev/null"  # it has no authority, so the relay's certificate cannot be verified
    assert check(alice, transfer, wrong(pin)).code == 3
    assert alice.must("pin", transfer)["pinState"] == "dead"
    alice.env["TIGRESS_CACERT"] = good
    alice.refused(9, "pin-dead", "pin", transfer, "--check", given=pin)
    bob.refused(7, "cancelled", "receive", transfer)


def check__killed_at_any_moment__no_try_is_regained(alice):
    """Killed after each of several delays: a kill never increases the tries that are left."""
    shared = alice.share(KEY, "--plain-pin")
    transfer, pin = shared["id"], shared["pin"]
    left = 5
    for delay_ms in (0, 2, 4, 8):
        process = alice.start("pin", transfer, "--check", "--json", stdin=-1)
        timer = threading.Timer(delay_ms / 1000, lambda p=process: p.poll() is None and p.send_signal(signal.SIGKILL))
        timer.start()
        try:
            process.communicate(wrong(pin).encode(), timeout=30)
        except BrokenPipeError:
            process.wait(30)
        timer.join()
        now = alice.must("pin", transfer)["triesLeft"]
        assert left - 1 <= now <= left
        if process.returncode == 1:
            assert now == left - 1
        left = now
    assert check(alice, transfer, pin).code == 0


def answer__with_the_pin_in_it__refused(alice, bob):
    shared = alice.share(message("create"), "--plain-pin", "--rights", "RWD")
    transfer, pin = shared["id"], shared["pin"]
    bob.accept(shared["url"])
    bob.answer(transfer, message("sign"))
    alice.must("receive", transfer)
    gives_away = {"format": "example.car", "content": {"hint": f"{pin[:3]}-{pin[3:]}"}}
    alice.refused(1, "pin-in-message", "answer", transfer, "-", given=json.dumps(gives_away))
    alice.answer(transfer, message("import"))


def pin__of_a_transfer_that_was_received__unknown(alice, bob):
    shared = alice.share(KEY, "--plain-pin")
    bob.accept(shared["url"])
    bob.refused(1, "unknown-transfer", "pin", shared["id"])


def check__on_a_terminal__prompts(alice):
    shared = alice.share(KEY, "--plain-pin")
    master, slave = pty.openpty()
    process = alice.start("pin", shared["id"], "--check", stdin=slave)
    os.write(master, f"{shared['pin'][:3]} {shared['pin'][3:]}\n".encode())
    out, err = process.communicate(timeout=30)
    os.close(master)
    os.close(slave)
    assert process.returncode == 0, err
    assert b"Type the PIN and press Enter" in err and b"The PIN is right." in out
