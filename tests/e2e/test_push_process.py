# SPDX-License-Identifier: Apache-2.0
"""The push process as the relay runs it: its user, descriptors and memory, its end and the end of its jobs, and its
keys at start, at reload and at --check-config."""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

import pytest

import push_apns
from conftest import make_relay, open_api
from push_relay import (children, flags, has_ended, metrics, pushed, status_of, until, until_empty)
from push_stand_in import Answer, Authority
from relay_process import RelayError, find_binary, run_refused
from test_privacy import Scanner, core_image, memory_image

ROOT = pathlib.Path(__file__).resolve().parents[2]
IS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root can become another user")


@pytest.fixture
def apns(tmp_path):
    with push_apns.Apns(Authority(tmp_path / "ca"), tmp_path) as stand_in:
        yield stand_in


def push_relay(tmp_path, apns, *args, **options):
    return make_relay(tmp_path / "relay", args=[*flags(apns.settings), *args], **options)


def a_token(data=None):
    return {"type": "com.apple.apns", "tokenData": data or push_apns.new_token()}


def box_with_token(api, token):
    """A mailbox whose initiator registered a token, and whose recipient has read it."""
    return api.bound_box(token=token)


def answer_once(api, box):
    answer = api.update(box, box.recipient)
    assert answer.status == 200, (answer.status, answer.body)
    return answer


# ---- notified -----------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", ["tls-lmdb", "tls-memory"])
def update__other_side_registered_a_token__pushed(tmp_path, apns, kind):
    token = a_token()
    with make_relay(tmp_path / "relay", kind, args=flags(apns.settings)) as relay, \
            contextlib.closing(open_api(relay)) as api:
        box = box_with_token(api, token)
        answer_once(api, box)
        apns.wait_good(1)
        until(lambda: pushed(relay, "apns", "taken") == 1, "the outcome")
        until_empty(relay)
        assert apns.tokens() == [token["tokenData"]]
        assert metrics(relay)["tigress_push_process_up"] == 1
    assert apns.refusals == []


def create__token_of_each_kind__answer_states_whether_push_is_possible(tmp_path, apns):
    with push_relay(tmp_path, apns) as relay, contextlib.closing(open_api(relay)) as api:
        for token, is_supported in ((a_token(), True), (a_token("not hex"), False),
                                    ({"type": "com.google.fcm", "tokenData": "x"}, False),
                                    ({"type": "webhook", "tokenData": "https://a.example/"}, False)):
            box = api.new_box(token=token)
            assert api.read(box, box.recipient).status == 200
            got = api.create(box.message, box.initiator, box.create_id)
            assert got.json()["isPushNotificationSupported"] is is_supported, token


def no_provider__no_process_and_no_metrics(tmp_path):
    with make_relay(tmp_path / "relay") as relay:
        assert children(relay) == []
        assert not [name for name in metrics(relay) if name.startswith("tigress_push_total")]


# ---- user and descriptors -----------------------------------------------------------------------

def process__descriptors_and_limits__only_what_it_needs(tmp_path, apns):
    with push_relay(tmp_path, apns) as relay, contextlib.closing(open_api(relay)) as api:
        answer_once(api, box_with_token(api, a_token()))
        apns.wait_good(1)
        (pid,) = children(relay)
        relay_sockets = {os.readlink(f"/proc/{relay.pid}/fd/{fd}")
                         for fd in os.listdir(f"/proc/{relay.pid}/fd")}
        theirs = {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        assert theirs[0] == theirs[1] == "/dev/null"
        shared = {fd for fd, what in theirs.items() if what in relay_sockets and "anon_inode" not in what}
        assert shared <= {0, 1, 2}, theirs  # also not the socket pair: each process has its own end
        assert not [what for what in theirs.values() if str(relay.data) in what]
        with open(f"/proc/{pid}/limits", encoding="ascii") as file:
            core = [line for line in file if line.startswith("Max core file size")]
        assert core[0].split()[4:6] == ["0", "0"]
        assert status_of(pid)["NoNewPrivs"] == "1"
        with open(f"/proc/{pid}/environ", "rb") as file:
            names = {entry.split(b"=")[0].decode() for entry in file.read().split(b"\0") if entry}
        assert names <= {"PATH", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF", "ASAN_OPTIONS",
                         "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}


@pytest.fixture
def open_folder():
    """A folder that every user may enter. Each run of pytest closes the folder above tmp_path to other users."""
    with tempfile.TemporaryDirectory(prefix="tigress-") as folder:
        os.chmod(folder, 0o755)
        yield pathlib.Path(folder)


@needs_root
def process__push_user__is_that_user_and_can_read_its_key(open_folder, monkeypatch):
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")  # a process of another user may not do that
    user = pwd.getpwnam("nobody")
    with push_apns.Apns(Authority(open_folder / "ca"), open_folder) as apns:
        os.chown(apns.key_file, user.pw_uid, user.pw_gid)
        apns.key_file.chmod(0o400)
        assert_runs_as(user, open_folder, apns)


def assert_runs_as(user, folder, apns):
    # Groups that the relay itself keeps, and that the push process has to give up.
    groups = [0, 4, 20]
    with push_relay(folder, apns, "--push-user", "nobody", groups=groups) as relay, \
            contextlib.closing(open_api(relay)) as api:
        (pid,) = children(relay)
        status = status_of(pid)
        assert status["Uid"].split() == [str(user.pw_uid)] * 4
        assert status["Gid"].split() == [str(user.pw_gid)] * 4
        assert set(status_of(relay.pid)["Groups"].split()) == {str(group) for group in groups}
        assert status["Groups"].split() == [str(user.pw_gid)]
        assert int(status["CapEff"], 16) == 0
        assert status_of(relay.pid)["Uid"].split() == ["0"] * 4
        answer_once(api, box_with_token(api, a_token()))
        apns.wait_good(1)


def relay__code__opens_no_key():
    """Only src/push/ opens a provider, and of the relay's code only what the push process runs."""
    found = subprocess.run(["grep", "-rlE", r"tg_push_keys_check|tg_push_process_run|->open\(&provider",
                            str(ROOT / "src")], capture_output=True, text=True, check=True).stdout
    outside = {path for path in found.split() if "/src/push/" not in path}
    assert outside == {str(ROOT / "src/server/pushlink/child.c")}


def raw_key(apns):
    """The private number: as bytes, in the byte order of a big number in memory, and as text in its file. The first
    line of the file begins like that of every such key, so it is not used."""
    number = apns.key.private_numbers().private_value.to_bytes(32, "big")
    return number, number[::-1], apns.key_file.read_bytes().split(b"\n")[2]


def relay__memory__no_provider_key_and_no_token_at_the_end(tmp_path, apns):
    scanner = Scanner()
    for form in raw_key(apns):
        scanner.plant("the key", form)
    token = a_token()
    scanner.plant("the token", token["tokenData"])
    scanner.plant("the token's bytes", bytes.fromhex(token["tokenData"]))
    with push_relay(tmp_path, apns) as relay, contextlib.closing(open_api(relay)) as api:
        (pid,) = children(relay)
        assert scanner.find(memory_image(pid), "the push process"), "the scan would find a key"
        box = box_with_token(api, token)
        answer_once(api, box)
        apns.wait_good(1)
        until_empty(relay)
        assert api.delete(box, box.initiator).status == 200
        image = memory_image(relay.pid)
        assert scanner.find(image, "the relay's memory") == []
        core = core_image(relay, tmp_path)
        assert core is None or scanner.find(core, "the relay's core") == []
    assert scanner.find(relay.output("stderr") + relay.output("stdout"), "output") == []
    assert scanner.find_in_files(relay.data) == []


# ---- its end ------------------------------------------------------------------------------------

def process__killed__another_comes_and_the_push_goes_out(tmp_path, apns):
    token = a_token()
    apns.answer_always(Answer(instead="hang"))
    with push_relay(tmp_path, apns) as relay, contextlib.closing(open_api(relay)) as api:
        (pid,) = children(relay)
        answer_once(api, box_with_token(api, token))
        apns.wait_good(1)
        apns.answer_always(None)
        os.kill(pid, signal.SIGKILL)
        (again,) = until(lambda: [p for p in children(relay) if p != pid], "another process")
        assert again != pid
        until_empty(relay)
        assert apns.tokens() == [token["tokenData"]] * 2
        assert not status_of(pid), "it was not waited for"
        assert metrics(relay)["tigress_push_restarts_total"] == 1
    assert relay.output("stderr").count(b"push.process_ended") == 1


def relay__killed__process_ends_too(tmp_path, apns):
    relay = push_relay(tmp_path, apns).start()
    (pid,) = children(relay)
    relay.kill()
    until(lambda: has_ended(pid), "the end of the push process")


def relay__sigterm_to_both__drains_and_exits_0(tmp_path, apns):
    relay = push_relay(tmp_path, apns).start()
    (pid,) = children(relay)
    os.kill(pid, signal.SIGTERM)  # as a service manager sends it to all processes of a unit
    os.kill(pid, signal.SIGINT)
    with contextlib.closing(open_api(relay)) as api:
        answer_once(api, box_with_token(api, a_token()))
        apns.wait_good(1)
    assert children(relay) == [pid]
    relay.stop()
    assert not status_of(pid)


def drain__push_in_flight__finished_first(tmp_path, apns):
    with push_relay(tmp_path, apns) as relay:
        with contextlib.closing(open_api(relay)) as api:
            answer_once(api, box_with_token(api, a_token()))
            until(lambda: pushed(relay, "apns", "taken") == 1, "a connection that works")
            apns.answer_always(Answer(instead="hold"))
            for _ in range(4):
                answer_once(api, box_with_token(api, a_token()))
        apns.wait_good(5)
        relay.signal(signal.SIGTERM)
        until(lambda: b"server.draining" in relay.output("stderr"), "the drain")
        apns.answer_always(None)
        apns.release()
        relay.wait_stopped()
        relay.start()
        until_empty(relay)
    assert len(apns.good) == 5, "an accepted push was sent again"


def drain__provider_that_hangs__ends_in_time_and_pushed_after_the_next_start(tmp_path, apns):
    apns.answer_always(Answer(instead="hang"))
    token = a_token()
    with push_relay(tmp_path, apns, "--drain-timeout", "2s") as relay:
        with contextlib.closing(open_api(relay)) as api:
            answer_once(api, box_with_token(api, token))
        apns.wait_good(1)
        relay.stop()
        apns.answer_always(None)
        relay.start()
        apns.wait_good(2)
        until_empty(relay)
    assert apns.tokens() == [token["tokenData"]] * 2


def sighup__new_key__used_from_then_on(tmp_path, apns):
    with push_relay(tmp_path, apns) as relay, contextlib.closing(open_api(relay)) as api:
        (pid,) = children(relay)
        answer_once(api, box_with_token(api, a_token()))
        apns.wait_good(1)
        fresh = push_apns.ec.generate_private_key(push_apns.ec.SECP256R1())
        apns.key_file.write_bytes(push_apns.pem_of(fresh))
        apns.key = fresh
        relay.signal(signal.SIGHUP)
        until(lambda: b"push.reloaded" in relay.output("stderr"), "the reload")
        answer_once(api, box_with_token(api, a_token()))
        apns.wait_good(2)
        until(lambda: children(relay) not in ([pid], []) and pid not in children(relay), "one process")
        until_empty(relay)
    assert apns.refusals == []


def sighup__key_that_does_not_open__old_process_stays(tmp_path, apns):
    with push_relay(tmp_path, apns) as relay, contextlib.closing(open_api(relay)) as api:
        (pid,) = children(relay)
        apns.key_file.write_text("not a key")
        relay.signal(signal.SIGHUP)
        until(lambda: b"push.reload_failed" in relay.output("stderr"), "the refusal")
        answer_once(api, box_with_token(api, a_token()))
        apns.wait_good(1)
        until(lambda: children(relay) == [pid], "the old process alone")
        assert b"push, apns: " in relay.output("stderr")


# ---- keys ---------------------------------------------------------------------------------------

BROKEN_KEYS = {
    "missing": ("push-apns-key: no such file", lambda path: path.unlink()),
    "for the group to read": ("push-apns-key: accessible to users other", lambda path: path.chmod(0o440)),
    "for all to read": ("push-apns-key: accessible to users other", lambda path: path.chmod(0o604)),
    "a folder": ("push-apns-key: not a regular file", lambda path: (path.unlink(), path.mkdir())),
    "no key": ("push, apns: ", lambda path: path.write_text("no key")),
    "empty": ("push, apns: ", lambda path: path.write_text("")),
}


@pytest.mark.parametrize("how", BROKEN_KEYS)
def key__broken__reported_at_check_and_at_start(tmp_path, apns, how):
    says, do = BROKEN_KEYS[how]
    do(apns.key_file)
    args = ["--dev", "--listen", "127.0.0.1:0", "--data", str(tmp_path / "d"), *flags(apns.settings)]
    code, text = run_refused(args + ["--check-config"])
    assert code == 2
    assert says in text and "expected" in text, text
    code, text = run_refused(args)
    assert code == (1 if says == "push, apns: " else 2)
    assert says in text and "expected" in text, text
    assert "no key" not in text.replace("expected: no key", "")


def key__of_another_kind__reported(tmp_path, apns):
    """An RSA key where P-256 is required."""
    subprocess.run(["openssl", "genrsa", "-out", str(apns.key_file), "2048"], check=True,
                   capture_output=True)
    code, text = run_refused(["--dev", "--data", str(tmp_path / "d"), "--check-config",
                              *flags(apns.settings)])
    assert (code, "push, apns: " in text) == (2, True), text


def check_config__good_keys__valid_and_nothing_made(tmp_path, apns):
    done = subprocess.run([find_binary("tigressd"), "--dev", "--data", str(tmp_path / "d"), "--check-config",
                           *flags(apns.settings)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "tigressd: the configuration is valid\n"
    assert not (tmp_path / "d").exists()


@needs_root
def check_config__folder_that_push_user_cannot_enter__reported(tmp_path, apns):
    user = pwd.getpwnam("nobody")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    key = closed / "key.p8"
    shutil.copy(apns.key_file, key)
    os.chown(key, user.pw_uid, user.pw_gid)
    key.chmod(0o400)
    code, text = run_refused(["--dev", "--data", str(tmp_path / "d"), "--check-config", "--push-user", "nobody",
                              *flags({**apns.settings, "push-apns-key": key})])
    assert (code, "push" in text) == (2, True), text


def start__by_hand_as_push_process__refused():
    code, text = run_refused(["--push-process"])
    assert (code, text) == (1, "tigressd: --push-process is for tigressd's own use\n")


def start__relay_that_cannot__leaves_no_process(tmp_path, apns):
    """A port that is in use: the push process may have been started before; it must have ended."""
    with push_relay(tmp_path, apns) as relay:
        other = make_relay(tmp_path / "other", args=flags(apns.settings), port=relay.port)
        with pytest.raises(RelayError):
            other.start()
        assert len(children(relay)) == 1
