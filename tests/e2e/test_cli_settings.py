# SPDX-License-Identifier: Apache-2.0
"""The file of settings, and the relays that a link may name."""
import contextlib
import json
import os
import pty

import pytest

from cli_device import KEY, Device


@pytest.fixture
def alice(relay, tmp_path):
    return Device(tmp_path / "alice", relay)


@pytest.fixture
def bob(relay, tmp_path):
    """Trusts the certificate of the relay, and has never used it."""
    return Device(tmp_path / "bob", TIGRESS_CACERT=relay.ca_file)


def config(device, text=None):
    path = device.home / ".config/tigress/config"
    if text is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
    return path


def on_terminal(device, *words, answers):
    """Runs a command on a terminal; answers is [(what it shows, what is typed)]. Its exit code and output."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(device.command()[0], device.command(*words), device.env)
    seen = b""
    for shown, typed in answers:
        while shown not in seen:
            seen += os.read(terminal, 4096)
        os.write(terminal, typed)
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 4096):
            seen += chunk
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), seen


# spec-test: protocol/7#relay-allow-list
@pytest.mark.parametrize("command", ["accept", "inspect"])
def unknown_relay__no_terminal__exit_two_and_nothing_sent(alice, bob, relay, command):
    shared = alice.share(KEY)
    ran = bob.refused(2, "unknown-relay", command, "-", given=shared["url"])
    assert f"'tigress relays add 127.0.0.1:{relay.port}'" in ran.err
    assert bob.files() == [] and not config(bob).exists()
    assert alice.must("status", shared["id"])["opened"] == "no"
    ran = bob.run(command, "--allow-relay", f"127.0.0.1:{relay.port}", "-", given=shared["url"])
    assert ran.code == 0 and not config(bob).exists()  # once is not remembered


# spec-test: protocol/7#relay-allow-list
def unknown_relay__on_a_terminal__asks_once_and_remembers(alice, bob, relay):
    shared = alice.share(KEY)
    link = shared["url"].encode() + b"\n"
    code, seen = on_terminal(bob, "accept", "-", answers=[(b"press Enter", link), (b"[y/N]", b"n\n")])
    assert code == 1 and f"127.0.0.1:{relay.port}".encode() in seen and b"nothing was sent" in seen
    assert alice.must("status", shared["id"])["opened"] == "no"
    code, seen = on_terminal(bob, "accept", "-", answers=[(b"press Enter", link), (b"[y/N]", b"y\n")])
    assert code == 0 and b'"room"' in seen
    assert config(bob).read_text() == f"allow-relay = 127.0.0.1:{relay.port}\n"
    assert config(bob).stat().st_mode & 0o777 == 0o600
    again = alice.share(KEY)
    assert bob.accept(again["url"])["message"] == KEY


def unknown_relay__folder_cannot_be_written__used_once(alice, bob):
    shared = alice.share(KEY)
    bob.env["XDG_CONFIG_HOME"] = "/proc/nowhere"
    code, seen = on_terminal(bob, "accept", "-", answers=[(b"press Enter", shared["url"].encode() + b"\n"),
                                                          (b"[y/N]", b"y\n")])
    assert code == 0 and b"will be asked for again" in seen and b'"room"' in seen


@pytest.mark.parametrize("where", ["TIGRESS_RELAY", "relay"])
def own_relay__named_by_the_user__is_not_asked_for(alice, bob, relay, where):
    if where == "relay":
        config(bob, f"relay = {relay.origin}\n")
    else:
        bob.env["TIGRESS_RELAY"] = relay.origin + "/"
    assert bob.accept(alice.share(KEY)["url"])["message"] == KEY


def another_port_of_an_allowed_host__is_another_relay(alice, bob):
    bob.must("relays", "add", "127.0.0.1")
    bob.refused(2, "unknown-relay", "accept", "-", given=alice.share(KEY)["url"])


def relays__add_list_remove__other_lines_stay(bob):
    config(bob, "# mine\nrelay = https://own.example\n\nallow-relay=one.example\nout = ~/keys")
    bob.must("relays", "add", "https://Two.example:8443/")
    bob.must("relays", "add", "one.example")
    assert bob.must("relays")["relays"] == [
        {"relay": "own.example", "own": True}, {"relay": "two.example:8443", "own": False},
        {"relay": "one.example", "own": False}]
    assert bob.must("relays", "remove", "one.example") == {"relay": "one.example", "allowed": False}
    assert config(bob).read_text() == ("# mine\nrelay = https://own.example\n\nout = ~/keys\n"
                                       "allow-relay = two.example:8443\n")
    bob.refused(1, "unknown-relay", "relays", "remove", "one.example")


def relays__many_at_once__none_is_lost(bob):
    names = [f"relay{number}.example" for number in range(20)]
    running = [bob.start("relays", "add", name) for name in names]
    for process in running:
        assert bob.finish(process).code == 0
    assert {one["relay"] for one in bob.must("relays")["relays"]} == set(names)


def relays__file_is_a_link__stays_one(bob, tmp_path):
    real = tmp_path / "dotfiles"
    real.write_text("# mine\n")
    real.chmod(0o600)
    config(bob).parent.mkdir(parents=True)
    config(bob).symlink_to(real)
    bob.must("relays", "add", "one.example")
    assert config(bob).is_symlink() and real.read_text() == "# mine\nallow-relay = one.example\n"


@pytest.mark.parametrize("words", [("add",), ("remove",), ("list", "x"), ("steal", "x"), ("add", "a/b"),
                                   ("add", "ftp://a"), ("add", "a b"), ("add", "")], ids="-".join)
def relays__wrong_words__usage(bob, words):
    bob.refused(2, "usage", "relays", *words)
    assert not config(bob).exists()


@pytest.mark.parametrize("text,line", [
    ("nonsense\n", 1), ("relay = https://a\nname = value\n", 2), ("relay =\n", 1), ("\n\nout = keys\n", 3),
    ("relay = https://a\nrelay = https://b\n", 2), ("cacert = x\0y\n", 1), ("relay = " + "x" * 4000, 1),
], ids=range(7))
def settings__wrong_line__named_and_nothing_sent(bob, text, line):
    config(bob, text)
    ran = bob.refused(2, "config", "share", "--yes", "-", given=json.dumps(KEY))
    assert f"config, line {line}: " in ran.err
    assert bob.run("help").code == 0 and bob.run("version").code == 0


@pytest.mark.parametrize("mode", [0o620, 0o602])
def settings__others_can_write_them__not_used(bob, mode):
    config(bob, "relay = https://evil.example\n").chmod(mode)
    ran = bob.refused(1, "config", "share", "--yes", "-", given=json.dumps(KEY))
    assert "only you can write" in ran.err


def settings__relay_and_cacert__are_used(relay, tmp_path):
    carol = Device(tmp_path / "carol")
    config(carol, f"relay = {relay.origin}\ncacert = {relay.ca_file}\n")
    assert carol.share(KEY)["status"] == "active"
    ran = carol.refused(3, "name", "share", "--yes", "--relay", "https://relay.invalid", "-", given=json.dumps(KEY))
    assert "relay.invalid" in ran.err  # the option wins


def settings__out__each_message_in_a_file_of_its_own(alice, bob, relay):
    folder = bob.home / "keys"
    folder.mkdir()
    config(bob, f"relay = {relay.origin}\nout = ~/keys\n")
    shared = alice.share(KEY)
    (folder / f"{shared['id']}-1.json").write_text("an older one")
    ran = bob.run("accept", "-", given=shared["url"])
    assert ran.code == 0 and ran.out == ""
    assert json.loads((folder / f"{shared['id']}-2.json").read_text()) == KEY
    assert (folder / f"{shared['id']}-1.json").read_text() == "an older one"
    other = alice.share(KEY)
    ran = bob.run("accept", "--out", "-", "-", given=other["url"])
    assert json.loads(ran.out) == KEY
    assert bob.accept(alice.share(KEY)["url"])["message"] == KEY  # --json prints it
    assert len(list(folder.iterdir())) == 2
