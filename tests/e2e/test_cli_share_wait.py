# SPDX-License-Identifier: Apache-2.0
"""share --wait in one command, tigress with a link alone, pasted texts, and the clipboard."""
import base64
import contextlib
import json
import os
import pty
import re
import subprocess

import pytest

import tool_schema
from cli_device import KEY, Device, message


@pytest.fixture
def alice(relay, tmp_path):
    return Device(tmp_path / "alice", relay)


@pytest.fixture
def bob(relay, tmp_path):
    return Device(tmp_path / "bob", relay)


def begin(device, *words):
    """share --wait --json, and its first object."""
    process = device.start("share", "--yes", "--json", "--wait", *words, "-", stdin=subprocess.PIPE)
    process.stdin.write(json.dumps(KEY).encode())
    process.stdin.close()
    process.stdin = None
    first = process.stdout.readline().decode()
    tool_schema.check(process.args[1:], first)
    process.is_first_line_here = False
    return process, json.loads(first)


def end(device, process):
    ran = device.finish(process)
    tool_schema.check(["watch"], ran.out)
    return ran.code, [json.loads(line) for line in ran.out.splitlines()]


def wait__taken_and_finished__both_changes_and_exit_zero(alice, bob):
    process, shared = begin(alice)
    assert "#" in shared["url"]
    bob.accept(shared["url"])
    changes = [json.loads(process.stdout.readline())]
    bob.must("finish", shared["id"])
    code, rest = end(alice, process)
    changes += rest
    assert [change["found"] for change in changes] == ["opened", "completed"]
    assert code == 0 and {change["id"] for change in changes} == {shared["id"]}


def wait__declined__exit_code_of_that_end_and_an_error_object(alice, bob):
    process, shared = begin(alice)
    bob.must("accept", "--decline", "-", given=shared["url"])
    code, changes = end(alice, process)
    assert code == 6 and changes[-1]["error"]["code"] == "declined"


def wait__a_message_comes__left_for_receive(alice, bob):
    process, shared = begin(alice, "--rights", "RWD")
    bob.accept(shared["url"])
    bob.answer(shared["id"], message("b"))
    code, changes = end(alice, process)
    assert (code, changes[-1]["found"]) == (0, "changed")
    assert alice.must("receive", shared["id"])["message"] == message("b")


def wait__cancelled_from_another_terminal__ends_with_that(alice):
    process, shared = begin(alice)
    assert alice.must("cancel", shared["id"])["status"] == "withdrawn"
    code, changes = end(alice, process)
    assert code == 8 and changes[-1]["error"]["code"] == "withdrawn"


def wait__text__says_what_happens_and_what_it_waits_for(alice, bob):
    path = alice.home / "key.json"
    path.write_text(json.dumps(KEY))
    process = alice.start("share", "--yes", "--wait", path)
    url = process.stdout.readline().decode().split()[1]
    assert bob.accept(url, "--finish")["message"] == KEY
    ran = alice.finish(process)
    assert ran.code == 0
    assert "The receiver has all that it needs" in ran.out or "completed" in ran.out
    assert "Ctrl-C stops only the waiting" in ran.err


def share__without_wait__next_steps_are_named(alice):
    ran = alice.run("share", "--yes", "-", given=json.dumps(KEY))
    transfer = re.search(r"^Transfer: (\S{8})", ran.out, re.M)[1]
    assert f"'tigress watch {transfer}'" in ran.err and f"'tigress cancel {transfer}'" in ran.err


def direct__with_wait__usage(alice):
    alice.refused(2, "usage", "share", "--yes", "--direct", "--wait", "-", given=json.dumps(KEY))


# ---- a link alone --------------------------------------------------------------------------------


def tigress__a_dash_alone__accepts_the_link_of_a_pasted_text(alice, bob):
    shared = alice.share(KEY)
    text = f"Hi Bob,\n\nhere is the key for tonight:\n{shared['url']}\nSee you, Alice\n"
    ran = bob.run("-", "--finish", "--json", given=text)
    assert (ran.code, ran.json["message"]) == (0, KEY)
    assert "warning" not in ran.err


def tigress__a_link_as_argument__accepts_it_and_warns(alice, bob):
    shared = alice.share(KEY)
    ran = bob.run(shared["url"], "--json")
    assert (ran.code, ran.json["message"]) == (0, KEY)
    assert "warning: the secret of this link was on the command line" in ran.err


def tigress__a_text_with_two_links__refused_with_a_sentence(alice, bob):
    first, second = alice.share(KEY), alice.share(KEY)
    ran = bob.refused(2, "url", "-", given=f"{first['url']}\nor rather\n{second['url']}\n")
    assert "more than one link" in ran.err
    assert bob.files() == []


def tigress__a_paste_of_several_lines_on_a_terminal__read_whole(alice, bob):
    shared = alice.share(KEY)
    child, terminal = pty.fork()
    if child == 0:
        os.execve(bob.command()[0], bob.command("-", "--finish"), bob.env)
    seen = b""
    while b"press Enter" not in seen:
        seen += os.read(terminal, 1024)
    os.write(terminal, f"Hi Bob,\nhere is the key:\n{shared['url']}\nYours, Alice\n".encode())
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 1024):
            seen += chunk
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, seen
    assert b'"room"' in seen


# ---- the clipboard -------------------------------------------------------------------------------


def stand_in(device, name, code=0):
    """A clipboard program that keeps what it got and how it was called."""
    folder = device.home / "bin"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "$0 $@" >"{device.home}/called"\ncat >"{device.home}/copied"\nexit {code}\n')
    path.chmod(0o755)
    device.env["PATH"] = f"{folder}:{device.env['PATH']}"


@pytest.mark.parametrize("name,variable", [("wl-copy", "WAYLAND_DISPLAY"), ("xclip", "DISPLAY"),
                                           ("xsel", "DISPLAY"), ("pbcopy", None)])
def copy__program_of_the_desktop__gets_the_link_on_standard_input(alice, name, variable):
    stand_in(alice, name)
    if variable:
        alice.env[variable] = ":0"
    ran = alice.run("share", "--yes", "--copy", "--json", "-", given=json.dumps(KEY))
    url = ran.json["url"]
    assert (alice.home / "copied").read_text() == url
    assert url.split("#")[1] not in (alice.home / "called").read_text()
    assert f"the link is in the clipboard ({name})" in ran.err


def copy__no_clipboard__said_and_the_link_is_printed(alice):
    stand_in(alice, "wl-copy")  # but no Wayland
    alice.env["PATH"] = str(alice.home / "bin") + ":/bin:/usr/bin"
    ran = alice.run("share", "--yes", "--copy", "--json", "-", given=json.dumps(KEY))
    assert ran.code == 0 and "#" in ran.json["url"]
    assert "was not copied" in ran.err and "\033" not in ran.err + ran.out
    assert not (alice.home / "copied").exists()


def copy__osc52__only_when_asked(alice):
    path = alice.home / "key.json"
    path.write_text(json.dumps(KEY))
    child, terminal = pty.fork()
    if child == 0:
        os.execve(alice.command()[0], alice.command("share", "--yes", "--copy-osc52", path), alice.env)
    seen = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 4096):
            seen += chunk
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, seen
    coded = re.search(rb"\033\]52;c;([A-Za-z0-9+/=]+)\a", seen)[1]
    assert base64.b64decode(coded) == re.search(rb"Link: +(\S+)", seen)[1]
