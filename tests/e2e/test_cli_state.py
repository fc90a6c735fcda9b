# SPDX-License-Identifier: Apache-2.0
"""State: interruptions, two processes at once, damage, modes, secrets."""
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from cli_device import KEY, Device, message
from conftest import make_relay
from relay_process import in_a_short_life, until, until_long_polls


class Proxy:
    """A proxy before a plain relay that can delay a request or its answer, and change an answer."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.relay_port = 0
        self.hold = None  # (method, "request" or "answer")
        self.held = threading.Event()
        self.release = threading.Event()
        self.requests = []
        self.notes = []  # Mailbox-End-Note of each delete that it saw
        self.lie = None  # a function of an answer's bytes
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    @staticmethod
    def read_message(file):
        head, length = [], 0
        while line := file.readline(65536):
            head.append(line)
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            if line == b"\r\n":
                return b"".join(head) + file.read(length)
        return b""

    def pause(self, method, moment):
        """Whether it held the message, until the release."""
        if self.hold != (method, moment):
            return False
        self.held.set()
        self.release.wait(30)
        return True

    def serve(self, client):
        with client, socket.create_connection(("127.0.0.1", self.relay_port)) as relay:
            client_file, relay_file = client.makefile("rb"), relay.makefile("rb")
            try:
                while request := self.read_message(client_file):
                    method = request.split()[0].decode()
                    self.notes += re.findall(rb"(?i)\r\nmailbox-end-note: *(\S+)\r\n", request)
                    if self.pause(method, "request"):
                        return  # the client has disconnected; the request does not reach the relay
                    self.requests.append(method)
                    relay.sendall(request)
                    answer = self.read_message(relay_file)
                    self.pause(method, "answer")
                    client.sendall(self.lie(answer) if self.lie else answer)
            except OSError:
                pass

    def kill_at(self, device, method, moment, *words, given=None):
        """Runs a command and kills it -9 at that moment."""
        self.hold = (method, moment)
        self.held.clear()
        self.release.clear()
        process = device.start(*words, stdin=subprocess.PIPE)
        if given is not None:
            process.stdin.write(given.encode())
        process.stdin.close()
        assert self.held.wait(20), process.stderr.read()
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
        self.hold = None
        self.release.set()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    proxy = Proxy()
    public = f"http://127.0.0.1:{proxy.port}"
    with make_relay(tmp_path_factory.mktemp("behind"), "plain-lmdb",
                    args=["--public-url", public]) as relay:
        proxy.relay_port = relay.port
        yield proxy
    proxy.listener.close()


@pytest.fixture
def pair(proxy, tmp_path):
    origin = f"http://127.0.0.1:{proxy.port}"
    return (Device(tmp_path / "alice", TIGRESS_RELAY=origin),
            Device(tmp_path / "bob", TIGRESS_RELAY=origin))


MOMENTS = pytest.mark.parametrize("moment", ["request", "answer"])


@MOMENTS
def kill__share__resume_makes_one_mailbox_and_prints_its_link(proxy, pair, moment):
    alice, bob = pair
    proxy.kill_at(alice, "POST", moment, "share", "--yes", "-", given=json.dumps(KEY))
    stand_in = alice.must("status")["transfers"][0]
    assert stand_in["status"] == "pending"
    shared = alice.must("share", "--resume", stand_in["id"][:4])
    again = alice.must("share", "--resume", shared["id"])
    assert again["url"] == shared["url"]
    assert len(alice.files()) == 1
    assert bob.accept(shared["url"], "--finish")["message"] == KEY


@MOMENTS
def kill__share__cancel_withdraws_it(proxy, pair, moment):
    alice, _ = pair
    proxy.kill_at(alice, "POST", moment, "share", "--yes", "-", given=json.dumps(KEY))
    stand_in = alice.must("status")["transfers"][0]["id"]
    before = list(proxy.requests)
    assert alice.must("cancel", stand_in)["status"] == "withdrawn"
    assert proxy.requests[len(before):] in (["POST", "DELETE"], [])


@MOMENTS
@pytest.mark.parametrize("again", ["accept", "receive"])
def kill__accept__continues_with_the_same_claim(proxy, pair, moment, again):
    alice, bob = pair
    shared = alice.share(KEY)
    proxy.kill_at(bob, "POST", moment, "accept", "-", given=shared["url"])
    if again == "accept":
        assert bob.accept(shared["url"])["message"] == KEY
    else:
        assert bob.must("receive", shared["id"])["message"] == KEY
    assert bob.must("finish", shared["id"])["status"] == "completed"


@MOMENTS
def kill__answer__repeated_is_sent_once(proxy, pair, moment):
    alice, bob = pair
    shared = alice.share(KEY, "--rights", "RWD")
    bob.accept(shared["url"])
    document = json.dumps(message("b"))
    proxy.kill_at(bob, "PUT", moment, "answer", shared["id"], "-", given=document)
    ran = bob.run("answer", shared["id"], "-", "--json", given=document)
    assert (ran.code, ran.json["sent"]) == (0, 1), ran.err
    assert "interrupted" in ran.err
    assert alice.must("receive", shared["id"])["message"] == message("b")
    alice.answer(shared["id"], message("a"))
    assert bob.must("receive", shared["id"])["message"] == message("a")


@MOMENTS
def kill__answer__another_message_does_not_overwrite_it(proxy, pair, moment):
    alice, bob = pair
    shared = alice.share(KEY, "--rights", "RWD")
    bob.accept(shared["url"])
    proxy.kill_at(bob, "PUT", moment, "answer", shared["id"], "-", given=json.dumps(message("1")))
    ran = bob.run("answer", shared["id"], "-", "--json", given=json.dumps(message("2")))
    assert (ran.code, json.loads(ran.out)["error"]["code"]) == (1, "not-your-turn")
    assert alice.must("receive", shared["id"])["message"] == message("1")


@MOMENTS
def kill__answer__receive_sends_it_first(proxy, pair, moment):
    alice, bob = pair
    shared = alice.share(KEY, "--rights", "RWD")
    bob.accept(shared["url"])
    proxy.kill_at(bob, "PUT", moment, "answer", shared["id"], "-", given=json.dumps(message("1")))
    waiting = bob.start("receive", shared["id"], "--json")
    assert alice.must("receive", shared["id"])["message"] == message("1")
    alice.answer(shared["id"], message("2"))
    ran = bob.finish(waiting)
    assert (ran.code, ran.json["message"], ran.json["sent"]) == (0, message("2"), 1)


def kill__receive__message_is_received_again(proxy, pair):
    alice, bob = pair
    shared = alice.share(KEY, "--rights", "RWD")
    bob.accept(shared["url"])
    bob.answer(shared["id"], message("b"))
    proxy.kill_at(alice, "POST", "answer", "receive", shared["id"])
    assert alice.must("receive", shared["id"])["message"] == message("b")


@MOMENTS
def kill__finish__repeated_completes(proxy, pair, moment):
    alice, bob = pair
    shared = alice.share(KEY)
    bob.accept(shared["url"])
    proxy.kill_at(bob, "DELETE", moment, "finish", shared["id"])
    assert bob.must("finish", shared["id"])["status"] == "completed"
    assert alice.must("status", shared["id"])["found"] == "completed"


@MOMENTS
def kill__relinquish__repeated_relinquishes(proxy, pair, tmp_path, moment):
    alice, bob = pair
    shared = alice.share(KEY)
    bob.accept(shared["url"])
    proxy.kill_at(bob, "PATCH", moment, "relinquish", shared["id"])
    assert bob.must("relinquish", shared["id"])["status"] == "relinquished"
    carol = Device(tmp_path / "carol", TIGRESS_RELAY=alice.env["TIGRESS_RELAY"])
    assert carol.accept(shared["url"])["message"] == KEY


def receive__relay_slower_than_the_wait__message_is_received(proxy, pair):
    """A wait ends with one complete request, so a slow relay is not mistaken for a silent one."""
    alice, bob = pair
    shared = alice.share(KEY, "--rights", "RWD")
    bob.accept(shared["url"])
    bob.answer(shared["id"], message("b"))
    proxy.held.clear()
    proxy.release.clear()
    proxy.hold = ("POST", "answer")
    waiting = alice.start("receive", shared["id"], "--json", "--wait", "1")
    assert proxy.held.wait(20)
    time.sleep(1.5)  # longer than the wait: the answer comes too late for it
    proxy.hold = None
    proxy.release.set()
    ran = alice.finish(waiting)
    assert (ran.code, ran.json.get("message")) == (0, message("b")), ran.err


class Clumsy:
    """A device whose commands are killed at a random moment, and repeated until they succeed."""

    def __init__(self, device, seed):
        self.device = device
        self.random = random.Random(seed)
        self.out = ""

    def try_once(self, words, given):
        process = self.device.start(*words, "--json", stdin=subprocess.PIPE)
        process.stdin.write(given.encode())
        process.stdin.close()
        process.stdin = None
        if self.random.random() < 0.8:
            time.sleep(self.random.random() * 0.025)
            process.kill()
        ran = self.device.finish(process)
        self.out += ran.out
        return ran

    def insist(self, words, given="", done=()):
        """Until it succeeds, or reports with one of these codes that it was done before."""
        for _ in range(100):
            ran = self.try_once(words, given)
            if ran.code == 0 or (ran.out and ran.json.get("error", {}).get("code") in done):
                return ran
            assert ran.code == -9, ran.err
        raise AssertionError("never done")

    def took(self, text):
        """Whether the message was printed in any of the tries."""
        return any(json.loads(line).get("message") == text
                   for line in self.out.splitlines() if line.endswith("}"))


@pytest.mark.parametrize("seed", range(10))
def kill__random_moments_all_along__transfer_completes(proxy, pair, seed):
    alice, bob = pair
    a, b = Clumsy(alice, seed), Clumsy(bob, seed + 1000)
    shared = None
    while shared is None:
        ran = a.try_once(("share", "--yes", "--rights", "RWD", "-"), json.dumps(KEY))
        known = alice.must("status")["transfers"]
        if known:
            ran = a.insist(("share", "--resume", known[0]["id"]), done=("unknown-transfer",))
            known = alice.must("status")["transfers"]
            shared = alice.must("share", "--resume", known[0]["id"])
    assert len(alice.files()) == 1
    transfer = shared["id"]
    b.insist(("accept", "-"), shared["url"], done=("accepted-before",))
    assert b.took(KEY)
    b.insist(("answer", transfer, "-"), json.dumps(message("b")), done=("not-your-turn",))
    a.insist(("receive", transfer, "--wait", "1"), done=("nothing-yet",))
    assert a.took(message("b"))
    a.insist(("answer", transfer, "-"), json.dumps(message("a")), done=("not-your-turn",))
    b.insist(("receive", transfer, "--wait", "1"), done=("nothing-yet",))
    assert b.took(message("a"))
    b.insist(("finish", transfer), done=("completed",))
    assert bob.must("status", transfer)["found"] == "completed"
    assert alice.must("status", transfer)["found"] == "completed"


@pytest.mark.parametrize("words", [("share", "--resume"), ("status",)], ids=["resume", "status"])
def share__killed_before_its_rename__renamed_by_the_next_command(pair, words):
    """The result of a kill between the two steps: an active transfer under its temporary identifier."""
    alice, bob = pair
    shared = alice.share(KEY, "--rights", "RWD")
    stand_in = "0" * 8 + "-0000-4000-8000-" + "0" * 12
    alice.files()[0].rename(alice.state / f"initiator-{stand_in}.json")
    assert alice.must(*words, stand_in)["id"] == shared["id"]
    assert [path.name for path in alice.files()] == [f"initiator-{shared['id']}.json"]
    assert bob.accept(shared["url"])["id"] == shared["id"]


def relay__restarted_while_receiving__message_is_received(tmp_path):
    with make_relay(tmp_path / "relay", "tls-lmdb") as relay:
        alice, bob = Device(tmp_path / "alice", relay), Device(tmp_path / "bob", relay)
        shared = alice.share(KEY, "--rights", "RWD")
        bob.accept(shared["url"])
        waiting = alice.start("receive", shared["id"], "--json", "--wait", "60")
        until_long_polls(relay, 1)
        relay.kill()
        relay.want_port = relay.port
        relay.start()
        bob.answer(shared["id"], message("b"))
        ran = alice.finish(waiting)
        assert (ran.code, ran.json["message"]) == (0, message("b")), ran.err


# ---- two processes ---------------------------------------------------------------------------


def flock_is_held(path, pid):
    """Whether this process has the lock of the file."""
    inode = str(path.stat().st_ino)
    return any(line.split()[5].endswith(":" + inode) and int(line.split()[4]) == pid
               for line in pathlib.Path("/proc/locks").read_text().splitlines() if "->" not in line)


def waiting(relay, device, transfer, *words):
    """A command of the device that waits at the relay."""
    process = device.start(*words, transfer, "--json", "--wait", "60")
    until_long_polls(relay, 1)
    return process


@pytest.fixture
def own_relay(tmp_path):
    """With no other long polls."""
    with make_relay(tmp_path / "own-relay", "tls-lmdb") as running:
        yield running


@pytest.mark.parametrize("command", ["receive", "watch"])
def two_processes__one_waits__every_other_command_goes_first(own_relay, tmp_path, command):
    alice, bob = Device(tmp_path / "alice", own_relay), Device(tmp_path / "bob", own_relay)
    shared = alice.share(KEY, "--rights", "RWD")
    bob.accept(shared["url"])
    alice.must("status", shared["id"])
    process = waiting(own_relay, alice, shared["id"], command)
    assert alice.must("status", shared["id"])["found"] == "unchanged"
    until_long_polls(own_relay, 1)  # it waits again
    other = alice.share(KEY)
    assert other["id"] != shared["id"]
    bob.answer(shared["id"], message("b"))
    ran = alice.finish(process)
    assert ran.code == 0, ran.err
    assert ran.err == ""
    assert ran.json.get("message", message("b")) == message("b")


def two_processes__one_waits__cancel_ends_it_for_both(own_relay, tmp_path):
    alice, bob = Device(tmp_path / "alice", own_relay), Device(tmp_path / "bob", own_relay)
    shared = alice.share(KEY, "--rights", "RWD")
    process = waiting(own_relay, alice, shared["id"], "receive")
    assert alice.must("cancel", shared["id"])["status"] == "withdrawn"
    ran = alice.finish(process)
    assert (ran.code, ran.error) == (8, "withdrawn")
    bob.refused(4, "gone", "accept", "-", given=shared["url"])


def two_processes__one_waits__the_second_that_waits_takes_the_message(own_relay, tmp_path):
    alice, bob = Device(tmp_path / "alice", own_relay), Device(tmp_path / "bob", own_relay)
    shared = alice.share(KEY, "--rights", "RWD")
    bob.accept(shared["url"])
    first = waiting(own_relay, alice, shared["id"], "watch")
    second = alice.start("receive", shared["id"], "--json", "--wait", "60")
    until(lambda: flock_is_held(alice.state / f".initiator-{shared['id']}.lock", second.pid),
          "the second to take its place")
    bob.answer(shared["id"], message("b"))
    assert alice.finish(second).json["message"] == message("b")
    assert first.poll() is None
    alice.must("cancel", shared["id"], code=9)
    assert alice.finish(first).code == 9


def two_processes__one_is_stopped__the_other_is_refused_in_the_end(own_relay, tmp_path):
    alice = Device(tmp_path / "alice", own_relay)
    shared = alice.share(KEY, "--rights", "RWD")
    process = waiting(own_relay, alice, shared["id"], "receive")
    process.send_signal(signal.SIGSTOP)
    try:
        ran = alice.refused(1, "in-use", "cancel", shared["id"])
        assert "another tigress process" in ran.err
        assert alice.must("status")["transfers"][0]["id"] == shared["id"]
    finally:
        process.send_signal(signal.SIGCONT)
    assert alice.must("cancel", shared["id"])["status"] == "withdrawn"
    assert alice.finish(process).code == 8


def lock__removed_while_one_waits__the_transfer_is_not_used_twice(own_relay, tmp_path):
    alice = Device(tmp_path / "alice", own_relay)
    shared = alice.share(KEY, "--rights", "RWD")
    process = waiting(own_relay, alice, shared["id"], "receive")
    (alice.state / f".initiator-{shared['id']}.lock").unlink()
    assert alice.must("cancel", shared["id"])["status"] == "withdrawn"
    process.send_signal(signal.SIGINT)
    alice.finish(process)
    assert alice.must("status")["transfers"][0]["status"] == "withdrawn"


# spec-test: protocol/7#saved-state-twice
def two_copies__of_one_folder__the_second_to_answer_is_refused(relay, tmp_path):
    alice, bob = Device(tmp_path / "alice", relay), Device(tmp_path / "bob", relay)
    shared = alice.share(KEY, "--rights", "RWD")
    bob.accept(shared["url"])
    shutil.copytree(bob.home, tmp_path / "copy")
    copy = Device(tmp_path / "copy", relay)
    bob.answer(shared["id"], message("first"))
    ran = copy.refused(1, "elsewhere", "answer", shared["id"], "-", given=json.dumps(message("second")))
    assert "another copy" in ran.err.lower()
    assert len(copy.files()) == 1
    assert alice.must("receive", shared["id"], "--wait", "10")["message"] == message("first")
    alice.answer(shared["id"], message("third"))
    assert bob.must("receive", shared["id"], "--wait", "10")["message"] == message("third")


# ---- the folder ------------------------------------------------------------------------------


def state__modes__only_this_user(relay, tmp_path):
    alice = Device(tmp_path / "alice", relay)
    alice.share(KEY)
    assert alice.state.stat().st_mode & 0o777 == 0o700
    for path in alice.state.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


def state__xdg_state_home__is_used(relay, tmp_path):
    alice = Device(tmp_path / "alice", relay, XDG_STATE_HOME=str(tmp_path / "xdg"))
    alice.share(KEY)
    assert not alice.state.exists()
    assert len(list((tmp_path / "xdg/tigress").glob("initiator-*.json"))) == 1


def state__damaged_file__refused_and_others_work(relay, tmp_path):
    alice = Device(tmp_path / "alice", relay)
    damaged, good = alice.share(KEY), alice.share(KEY)
    path = alice.state / f"initiator-{damaged['id']}.json"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    ran = alice.refused(1, "state-damaged", "receive", damaged["id"])
    assert damaged["id"] in ran.err
    listed = alice.run("status", "--json")
    assert [one["id"] for one in listed.json["transfers"]] == [good["id"]]
    assert "damaged" in listed.err
    assert alice.must("cancel", good["id"])["status"] == "withdrawn"


def state__cannot_be_written__nothing_is_sent(relay, tmp_path):
    alice = Device(tmp_path / "alice", relay)
    alice.env["XDG_STATE_HOME"] = "/proc/nowhere"
    alice.refused(1, "state", "share", "--yes", "-", given=json.dumps(KEY))
    alice.env["XDG_STATE_HOME"] = "/dev/null"
    alice.refused(1, "state", "status")


def full_disk():
    """In the child: no file can grow, which fails as a full disk does."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def state__disk_full__nothing_is_claimed(relay, tmp_path):
    alice, bob = Device(tmp_path / "alice", relay), Device(tmp_path / "bob", relay)
    shared = alice.share(KEY)
    got = subprocess.run(bob.command("accept", "-", "--json"), env=bob.env, cwd=bob.home,
                         input=shared["url"].encode(), capture_output=True, timeout=60,
                         preexec_fn=full_disk, check=False)
    assert (got.returncode, json.loads(got.stdout)["error"]["code"]) == (1, "state"), got.stderr
    assert bob.files() == [] and not list(bob.state.glob(".*.new"))
    carol = Device(tmp_path / "carol", relay)
    assert carol.accept(shared["url"])["message"] == KEY


def state__no_home__refused(relay, tmp_path):
    alice = Device(tmp_path / "alice", relay)
    del alice.env["HOME"]
    ran = alice.refused(1, "state", "status")
    assert "XDG_STATE_HOME" in ran.err


def state__transfer_over__secret_and_session_are_gone(relay, tmp_path):
    alice, bob = Device(tmp_path / "alice", relay), Device(tmp_path / "bob", relay)
    shared = alice.share(KEY)
    bob.accept(shared["url"], "--finish")
    alice.must("status", shared["id"])
    for device in (alice, bob):
        (path,) = device.files()
        assert '"session"' not in path.read_text()


def state__expired_transfer__keeps_no_session(relay, tmp_path):
    def sharing(life_s):
        device = Device(tmp_path / f"alice{life_s}", relay)
        device.share(KEY, "--expires", f"{life_s}s")
        return device

    alice = in_a_short_life(sharing)
    until(lambda: alice.must("status")["transfers"][0]["status"] == "expired", "the expiration")
    (path,) = alice.files()
    assert '"session"' not in path.read_text()


def identifiers__prefixes__four_characters_if_they_are_unambiguous(relay, tmp_path):
    alice = Device(tmp_path / "alice", relay)
    shared = alice.share(KEY)
    assert alice.must("status", shared["id"][:4].upper())["id"] == shared["id"]
    alice.refused(1, "unknown-transfer", "status", shared["id"][:3])
    alice.refused(1, "unknown-transfer", "status", "ffff" + shared["id"][4:])
    twin = alice.state / f"initiator-{shared['id'][:9]}0000-4000-8000-000000000000.json"
    os.link(alice.state / f"initiator-{shared['id']}.json", twin)
    alice.refused(1, "ambiguous", "status", shared["id"][:8])


# ---- secrets ---------------------------------------------------------------------------------


def cmdline(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()


def secret__link_in_argv__warned_and_overwritten(relay, tmp_path):
    alice, bob = Device(tmp_path / "alice", relay), Device(tmp_path / "bob", relay)
    shared = alice.share(KEY)
    secret = shared["url"].split("#")[1]
    # The relay does not answer, so the command is still running when its argv is read.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        link = shared["url"].replace(f":{relay.port}/", f":{silent.getsockname()[1]}/")
        process = bob.start("accept", "--allow-relay", f"127.0.0.1:{silent.getsockname()[1]}", link)
        try:
            silent.accept()
            assert secret.encode() not in cmdline(process.pid)
            assert b"/v1/m/" in cmdline(process.pid)
        finally:
            process.kill()
            ran = bob.finish(process)
    assert "warning" in ran.err and "standard input" in ran.err
    assert secret not in ran.err
    carol = Device(tmp_path / "carol", relay)
    ran = carol.run("accept", shared["url"], "--json")
    assert (ran.code, ran.json["message"]) == (0, KEY)
    assert secret not in ran.out + ran.err


def secret__whole_exchange_verbose__in_no_output_but_the_share_url(relay, tmp_path):
    alice, bob = Device(tmp_path / "alice", relay), Device(tmp_path / "bob", relay)
    shared = alice.share(KEY, "--rights", "RWD", "--verbose")
    transfer, secret = shared["id"], shared["url"].split("#")[1]
    runs = [
        bob.run("inspect", "-", "--verbose", given=shared["url"]),
        bob.run("accept", "-", "--verbose", given=shared["url"]),
        bob.run("answer", transfer, "-", "--verbose", given=json.dumps(KEY)),
        alice.run("status", "--json"),
        alice.run("receive", transfer, "--verbose", "--json"),
        alice.run("answer", transfer, "-", "--verbose", given=json.dumps(KEY)),
        bob.run("receive", transfer, "--verbose", "--finish"),
        alice.run("status", transfer, "--verbose"),
    ]
    sealed = r"AEAD_AES_128_GCM, \d+ characters: [A-Za-z0-9+/]{40}\.\.\."
    assert re.search(rf"POST /v1/m/{transfer} -> 200, received {sealed}\n", runs[1].err)
    assert re.search(rf"PUT /v1/m/{transfer} -> 200, sent {sealed}\n", runs[2].err)
    assert re.search(rf"DELETE /v1/m/{transfer} -> 200\n", runs[6].err)
    for ran in runs:
        assert ran.code == 0, ran.err
        assert secret not in ran.out + ran.err
        assert "claim" not in ran.err.lower()
