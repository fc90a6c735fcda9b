# SPDX-License-Identifier: Apache-2.0
"""Envelope v2 on demand, and the six digits that two persons compare: when they are shown, and what follows."""
import json
import os
import pty
import re
import subprocess

import pytest

import tigress_client

from cli_device import KEY, Device, message
from relay_process import until, until_long_polls

RIGHT_MOMENT = "read them to the other person, by voice"


@pytest.fixture
def alice(relay, tmp_path):
    return Device(tmp_path / "alice", relay)


@pytest.fixture
def bob(relay, tmp_path):
    return Device(tmp_path / "bob", relay)


def digits_in(text):
    found = re.findall(r"digits (\d{3} \d{3}): read them", text)
    assert len(found) <= 1, text
    return found[0].replace(" ", "") if found else None


def exchanged(alice, bob):
    """Both sides after the third message, and the digits that each has shown."""
    shared = alice.share(message("1"), "--rights", "RWD")
    ran = bob.run("accept", "-", given=shared["url"])
    assert ran.code == 0 and RIGHT_MOMENT not in ran.err
    ran = bob.run("answer", shared["id"], "-", given=json.dumps(message("2")))
    assert ran.code == 0 and RIGHT_MOMENT not in ran.err
    assert "digits" not in alice.must("receive", shared["id"])
    alice.refused(1, "no-digits-yet", "compare", shared["id"])
    ran = alice.run("answer", shared["id"], "-", given=json.dumps(message("3")))
    assert ran.code == 0
    first = digits_in(ran.err)
    ran = bob.run("receive", shared["id"])
    assert ran.code == 0 and json.loads(ran.out) == message("3")
    return shared["id"], first, digits_in(ran.err)


def digits__after_the_third_message__the_same_on_both_sides_and_said_what_to_do(alice, bob):
    transfer, of_alice, of_bob = exchanged(alice, bob)
    assert of_alice == of_bob and of_alice is not None
    for device in (alice, bob):
        ran = device.run("compare", transfer)
        assert ran.code == 0 and f"{of_alice[:3]} {of_alice[3:]}" in ran.out
        assert f"'tigress compare {transfer[:8]} different' ends the transfer" in ran.err
        shown = device.must("compare", transfer)
        assert (shown["digits"], shown["digitsState"]) == (of_alice, "not-compared")


def compare__same__noted_and_asked_no_more(alice, bob):
    transfer, digits, _ = exchanged(alice, bob)
    assert alice.must("compare", transfer, "same")["digitsState"] == "same"
    ran = alice.run("compare", transfer)
    assert ran.code == 0 and "both persons saw them" in ran.out and RIGHT_MOMENT not in ran.err
    assert alice.must("compare", transfer)["digits"] == digits
    alice.refused(2, "usage", "compare", transfer, "perhaps")


def compare__different__ends_the_transfer_for_both(alice, bob):
    transfer, _, _ = exchanged(alice, bob)
    ended = bob.must("compare", transfer, "different")
    assert ended["status"] == "declined" and "digits" not in ended
    alice.refused(6, "declined", "receive", transfer)
    bob.refused(6, "declined", "compare", transfer)


def compare__no_envelope_v2__says_that_there_are_none(alice, bob):
    shared = alice.share(KEY)
    bob.accept(shared["url"])
    for device in (alice, bob):
        device.refused(1, "no-digits-yet", "compare", shared["id"])


def accept_begun(device, url, *words):
    """accept as a process that goes on."""
    process = device.start("accept", *words, "-", stdin=subprocess.PIPE)
    process.stdin.write(url.encode())
    process.stdin.close()
    process.stdin = None
    return process


# ---- required ------------------------------------------------------------------------------------


def require_v2__share_wait_and_accept__content_is_the_third_message_and_digits_on_both(alice, bob):
    path = alice.home / "key.json"
    path.write_text(json.dumps(KEY))
    sharing = alice.start("share", "--yes", "--require-v2", "--wait", path)
    url = sharing.stdout.readline().decode().split()[1]
    ran = bob.run("accept", "--require-v2", "-", given=url)
    assert ran.code == 0 and json.loads(ran.out) == KEY, ran.err
    transfer = re.search(r"tigress finish (\S+)'", ran.err)[1]
    bob.must("finish", transfer)
    shared = alice.finish(sharing)
    assert shared.code == 0, shared.err
    assert "what you share is sent" in shared.out
    assert digits_in(shared.err) == digits_in(ran.err) != None  # noqa: E711


def require_v2__without_wait__watch_sends_what_is_shared(alice, bob):
    ran = alice.run("share", "--yes", "--require-v2", "-", given=json.dumps(KEY))
    url = re.search(r"^Link: +(\S+)", ran.out, re.M)[1]
    transfer = re.search(r"^Transfer: (\S+)", ran.out, re.M)[1]
    assert f"run 'tigress watch {transfer[:8]}'" in ran.err
    accepting = accept_begun(bob, url, "--json")
    until(lambda: alice.must("watch", transfer)["found"] == "sent", "the message sent")
    ran = bob.finish(accepting)
    assert ran.code == 0 and ran.json["message"] == KEY
    assert ran.json["digits"] == alice.must("compare", transfer)["digits"]


def require_v2__accept_waits_for_the_sender__another_terminal_can_decline(alice, bob, relay):
    shared = alice.share(KEY, "--require-v2")
    accepting = accept_begun(bob, shared["url"])
    until_long_polls(relay, 1)  # bob's, after his answer
    assert bob.must("cancel", shared["id"])["status"] == "declined"
    assert bob.finish(accepting).code == 6
    alice.refused(6, "declined", "watch", shared["id"])


def require_v2__accept_interrupted_while_it_waits__accept_again_continues(alice, bob, relay):
    shared = alice.share(KEY, "--require-v2")
    accepting = accept_begun(bob, shared["url"])
    until_long_polls(relay, 1)  # bob's, after his answer
    accepting.kill()
    accepting.communicate()
    until_long_polls(relay, 0)
    again = accept_begun(bob, shared["url"], "--json")
    until(lambda: alice.must("watch", shared["id"])["found"] == "sent", "the message sent")
    ran = bob.finish(again)
    assert ran.code == 0 and ran.json["message"] == KEY


def require_v2__sender_that_does_not_offer_it__refused_and_nothing_shown(bob, api, relay):
    url = tigress_client.Wallet(api, relay.origin).share(KEY)
    ran = bob.run("accept", "--require-v2", "-", given=url)
    assert ran.code == 1 and "which this device requires" in ran.err and "declines this one" in ran.err
    assert "214" not in ran.out + ran.err
    transfer = bob.must("status")["transfers"][0]["id"]
    assert bob.must("cancel", transfer)["status"] == "declined"


def require_v2__rights_without_w__usage(alice):
    ran = alice.refused(2, "usage", "share", "--yes", "--require-v2", "--rights", "RD", "-", given=json.dumps(KEY))
    assert "the right W" in ran.err
    assert alice.files() == []


def require_v2__direct__content_and_digits_on_both_sides(alice, bob):
    path = alice.home / "key.json"
    path.write_text(json.dumps(KEY))
    sharing = alice.start("share", "--yes", "--direct", "--require-v2", "--listen", "127.0.0.1:0", path)
    url = sharing.stdout.readline().decode().split()[1]
    ran = bob.run("accept", "--require-v2", "--finish", "-", given=url)
    assert ran.code == 0 and json.loads(ran.out.split("\n}\n")[0] + "\n}") == KEY, ran.err
    shared = alice.finish(sharing)
    assert shared.code == 0, shared.err
    assert digits_in(shared.err) == digits_in(ran.err) != None  # noqa: E711


# ---- narrow terminals ----------------------------------------------------------------------------


def on_terminal(device, columns, *words):
    """What the command prints on a terminal of this width."""
    child, terminal = pty.fork()
    if child == 0:
        import fcntl
        import struct
        import termios
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execve(device.command()[0], device.command(*words), device.env)
    seen = b""
    try:
        while chunk := os.read(terminal, 4096):
            seen += chunk
    except OSError:
        pass
    os.close(terminal)
    os.waitpid(child, 0)
    return seen.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [40, 80, 132])
@pytest.mark.parametrize("words", [("help",), ("help", "share"), ("help", "relays"), ("status",), ("share",),
                                   ("shar",), ("share", "--dirct"), ("accept", "/no/such/link"), ("receive", "x"),
                                   ("share", "/nowhere.json"), ("compare", "x", "y"), ("prune",), ("relays",)], ids="-".join)
def terminal__of_any_width__lines_break_at_words_and_fit(tmp_path, columns, words):
    device = Device(tmp_path / "new")
    wide = device.run(*words)
    text = on_terminal(device, columns, *words)
    for line in text.splitlines():
        assert len(line) <= columns or " " not in line.strip(), line
    words_of = lambda text: re.sub(r"\s+", " ", text).strip()  # noqa: E731
    assert words_of(text) == words_of(wide.out + wide.err) or words == ("status",)
