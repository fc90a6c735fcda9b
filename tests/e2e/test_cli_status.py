# SPDX-License-Identifier: Apache-2.0
"""What a person sees: the list of transfers, a PIN that is typed, what watch tells, and completions."""
import contextlib
import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import termios

import pytest

from cli_device import KEY, Device, message
from relay_process import find_binary, until

HERE = os.path.dirname(os.path.abspath(__file__))
COMPLETIONS = os.path.join(HERE, "..", "..", "packaging", "completions")
COLOUR = re.compile(r"\033\[[0-9;]*m")


@pytest.fixture
def alice(relay, tmp_path):
    return Device(tmp_path / "alice", relay)


@pytest.fixture
def bob(relay, tmp_path):
    return Device(tmp_path / "bob", relay)


def on_terminal(device, *words, columns=80, **env):
    """The lines that a command prints on a terminal of this width."""
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execve(device.command()[0], device.command(*words), {"TERM": "xterm-256color", **device.env, **env})
    seen = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 4096):
            seen += chunk
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, seen
    return seen.decode().replace("\r\n", "\n").splitlines()


@pytest.fixture
def many(alice, bob):
    """An ended, an active and an unread transfer, with long, wide and hostile titles."""
    titles = ["Car key for the weekend, with a title that no terminal has room for",
              "\u65e5\u672c\u8a9e\u306e\u30bf\u30a4\u30c8\u30eb \U0001f511 " * 4, "evil \033[31m\u202etitle"]
    shared = [alice.share(KEY, "--rights", "RWD", "--title", title) for title in titles]
    bob.accept(shared[0]["url"], "--finish")
    alice.must("status", shared[0]["id"])
    bob.accept(shared[1]["url"])
    bob.answer(shared[1]["id"], message("b"))
    alice.must("status", shared[1]["id"])
    return shared


def width(line):
    """Columns of a line: the characters of the titles above that are wide take two."""
    return sum(2 if "\u3000" <= c <= "\u9fff" or c > "\U0001f000" else 1 for c in line)


@pytest.mark.parametrize("columns", [132, 80, 60, 40])
def status__on_a_terminal__every_line_fits(alice, many, columns):
    lines = [COLOUR.sub("", line) for line in on_terminal(alice, "status", columns=columns)]
    assert len(lines) == 1 + len(many)
    assert max(map(width, lines)) <= columns, lines
    assert lines[0].split()[0] == "ID" and "STATUS" in lines[0] and "TITLE" in lines[0]
    for shared in many:
        assert any(line.startswith(shared["id"][:8] + " ") for line in lines)
    assert not any(ord(c) < 32 or c == "\u202e" for line in lines for c in line)
    assert ("RELAY" in lines[0]) == (columns >= 80)


@pytest.mark.parametrize("env,has_colour", [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True),
                                            ({"TERM": "dumb"}, False)], ids=str)
def status__colour__only_where_it_is_wanted(alice, many, env, has_colour):
    assert bool(COLOUR.search("".join(on_terminal(alice, "status", **env)))) == has_colour


def status__not_a_terminal__whole_titles_and_no_colour(alice, many):
    ran = alice.run("status")
    assert "with a title that no terminal has room for" in ran.out and "\033" not in ran.out
    assert re.search(r"  in 4[78] h  ", ran.out)


def status__filters__only_those(alice, many):
    def listed(*words):
        return {one["id"] for one in alice.must("status", *words)["transfers"]}
    ended, unread, fresh = (one["id"] for one in many)
    assert listed("--only", "ended") == {ended} == listed("--only", "completed")
    assert listed("--only", "active") == {unread, fresh}
    assert listed("--only", "unread") == {unread}
    assert listed("--only", "initiator") == {ended, unread, fresh} and not listed("--only", "recipient")
    alice.refused(2, "usage", "status", "--only", "nonsense")
    assert "No transfer is pending." in alice.run("status", "--only", "pending").out


def status__identifiers_that_begin_alike__long_enough_to_tell_apart(alice, many):
    first = alice.state / f"initiator-{many[0]['id']}.json"
    twin = many[0]["id"][:10] + ("0" if many[0]["id"][10] != "0" else "1") + many[0]["id"][11:]
    shutil.copy(first, alice.state / f"initiator-{twin}.json")
    shown = [line.split()[0] for line in alice.run("status").out.splitlines()[1:]]
    assert many[0]["id"][:11] in shown and twin[:11] in shown
    assert alice.must("status", many[0]["id"][:11])["id"] == many[0]["id"]


def status__one__every_fact_and_what_to_do(alice, many):
    ran = alice.run("status", many[1]["id"][:8])
    assert f"Transfer: {many[1]['id']}" in ran.out and re.search(r"\(in 4[78] h\)", ran.out)
    assert f"'tigress receive {many[1]['id'][:8]}'" in ran.out


# ---- a PIN that is typed -------------------------------------------------------------------------


def pin__typed_on_a_terminal__is_not_shown(alice):
    shared = alice.share(KEY, "--plain-pin")
    child, terminal = pty.fork()
    if child == 0:
        os.execve(alice.command()[0], alice.command("pin", shared["id"], "--check"), alice.env)
    seen = b""
    while b"press Enter" not in seen:
        seen += os.read(terminal, 4096)
    until(lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO, "the echo to be off")
    os.write(terminal, shared["pin"].encode() + b"\n")
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 4096):
            seen += chunk
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, seen
    assert shared["pin"].encode() not in seen and b"The PIN is right." in seen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def pin__interrupted__terminal_shows_input_again(alice, number):
    shared = alice.share(KEY, "--plain-pin")
    child, terminal = pty.fork()
    if child == 0:
        os.execve(alice.command()[0], alice.command("pin", shared["id"], "--check"), alice.env)
    until(lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO, "the echo to be off")
    os.kill(child, number)
    until(lambda: termios.tcgetattr(terminal)[3] & termios.ECHO, "the echo to be on")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -number
    os.close(terminal)
    assert alice.must("pin", shared["id"])["triesLeft"] == 5


# ---- watch ---------------------------------------------------------------------------------------


def watch__exec__runs_it_with_what_was_found(alice, bob):
    shared = alice.share(KEY, "--rights", "RWD", "--title", "$(touch evil)")
    bob.accept(shared["url"])
    bob.answer(shared["id"], message("b"))
    command = 'env | grep ^TIGRESS_ | sort >seen; echo noise; exit 3'
    ran = alice.run("watch", shared["id"], "--json", "--exec", command)
    assert (ran.code, ran.json["found"]) == (0, "changed")
    seen = (alice.home / "seen").read_text()
    for line in (f"TIGRESS_ID={shared['id']}", "TIGRESS_FOUND=changed", "TIGRESS_STATUS=active", "TIGRESS_ROLE=initiator"):
        assert line in seen
    assert "evil" not in seen and not (alice.home / "evil").exists()
    assert "noise" in ran.err and "--exec ended with 3" in ran.err


def watch__exec_and_the_end__also_run(alice, bob):
    shared = alice.share(KEY)
    bob.must("accept", "--decline", "-", given=shared["url"])
    ran = alice.run("watch", shared["id"], "--exec", "echo $TIGRESS_FOUND >seen")
    assert ran.code == 6 and (alice.home / "seen").read_text() == "declined\n"


@pytest.mark.parametrize("is_there", [True, False])
def watch__desktop__notification_without_text_of_the_other_side(alice, bob, is_there):
    folder = alice.home / "bin"
    folder.mkdir()
    if is_there:
        (folder / "notify-send").write_text(f'#!/bin/sh\nprintf "%s|" "$@" >"{alice.home}/called"\n')
        (folder / "notify-send").chmod(0o755)
    alice.env["PATH"] = str(folder) + ":" + "/bin:/usr/bin" if is_there else str(folder)
    shared = alice.share(KEY, "--rights", "RWD", "--title", "<b>Bold</b>")
    bob.accept(shared["url"])
    bob.answer(shared["id"], message("b"))
    ran = alice.run("watch", shared["id"], "--desktop")
    assert ran.code == 0
    if is_there:
        called = (alice.home / "called").read_text()
        assert called == f"Tigress|A message has arrived in the transfer {shared['id'][:8]}|"
    assert ("no notification was shown" in ran.err) == (not is_there)


def watch__on_a_terminal__says_what_it_waits_for(alice, bob):
    shared = alice.share(KEY, "--title", "Room\033[31m 214")
    child, terminal = pty.fork()
    if child == 0:
        os.execve(alice.command()[0], alice.command("watch", shared["id"]), alice.env)
    seen = b""
    while b"until a device opens it" not in seen:
        seen += os.read(terminal, 4096)
    assert b"watching " + shared["id"][:8].encode() + b" (Room?[31m 214)" in seen
    alice.must("cancel", shared["id"])
    with contextlib.suppress(OSError):
        while os.read(terminal, 4096):
            pass
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 8


# ---- completions ---------------------------------------------------------------------------------


def completed(device, shell, line):
    """What the shell offers at the end of the line."""
    folder = os.path.dirname(find_binary("tigress"))
    env = {**device.env, "PATH": f"{folder}:/usr/bin:/bin", "TERM": "dumb"}
    if shell == "bash":
        script = (f"source {COMPLETIONS}/tigress; COMP_WORDS=({line} ''); [[ {line!r} == *' ' ]] || unset 'COMP_WORDS[-1]'; "
                  "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _tigress 2>/dev/null; printf '%s\\n' \"${COMPREPLY[@]}\"")
        command = ["bash", "--norc", "-c", script]
    else:
        command = ["fish", "--no-config", "-c", f"source {COMPLETIONS}/tigress.fish; complete -C {line!r}"]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, cwd=device.home, check=False)
    return {text.split("\t")[0] for text in ran.stdout.splitlines()}


@pytest.mark.parametrize("shell", ["bash", "fish"])
def completion__commands_options_and_transfers__offered(alice, many, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell}")
    assert {"share", "accept", "forget", "relays"} <= completed(alice, shell, "tigress ")
    assert {"--title", "--copy-osc52", "--wait"} <= completed(alice, shell, "tigress share --")
    ids = {one["id"][:8] for one in many}
    for command in ("receive", "watch", "forget"):
        assert ids <= completed(alice, shell, f"tigress {command} ")


def completion__zsh__is_a_script_without_errors():
    if shutil.which("zsh") is None:
        pytest.skip("no zsh")
    subprocess.run(["zsh", "-n", f"{COMPLETIONS}/_tigress"], check=True)
