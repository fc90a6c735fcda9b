# SPDX-License-Identifier: Apache-2.0
"""A store that is an older copy, and what an operator decides about it, with the real binary."""
import contextlib
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from checks import assert_unknown, look
from conftest import make_relay, open_api
from relay_process import RelayError, sanitizer_env
from test_store_keys import refusal

COUNT = re.compile(rb"\ncount (\d{20})\n$")


@pytest.fixture
def relay(tmp_path):
    """Not started. It sweeps seldom, so that only requests write."""
    relay = make_relay(tmp_path / "r", is_plain=True)
    relay.store_folder = pathlib.Path(relay.data) / "store"
    relay.counter = pathlib.Path(relay.data) / "store.counter"
    relay.copy = tmp_path / "copy"
    return relay


def count(relay):
    return int(COUNT.search(relay.counter.read_bytes()).group(1))


def take_copy(relay):
    shutil.copytree(relay.store_folder, relay.copy)


def put_copy_back(relay):
    shutil.rmtree(relay.store_folder)
    shutil.copytree(relay.copy, relay.store_folder)


def restored(relay, what):
    got = subprocess.run(relay.command() + [f"--restored={what}"], capture_output=True,
                         env=sanitizer_env(), timeout=60, check=False, stdin=subprocess.DEVNULL)
    return got.returncode, got.stdout.decode() + got.stderr.decode()


@pytest.fixture
def older(relay):
    """A copy was taken, a mailbox was withdrawn and another claimed since, the copy was put back."""
    with relay, contextlib.closing(open_api(relay)) as api:
        relay.withdrawn = api.new_box()
        relay.claimed = api.new_box()
    take_copy(relay)
    relay.count_then = count(relay)
    with relay, contextlib.closing(open_api(relay)) as api:
        assert api.delete(relay.withdrawn, relay.withdrawn.initiator).status == 200
        assert api.read(relay.claimed, "00000000-0000-4000-8000-000000000001").status == 200
    relay.count_now = count(relay)
    put_copy_back(relay)
    return relay


# ---- the file -----------------------------------------------------------------------------------

def restart_and_kill__the_file_follows_the_store(relay):
    with relay, contextlib.closing(open_api(relay)) as api:
        first = count(relay)
        box = api.new_box()
        assert count(relay) > first, "it is written before the answer"
        relay.kill()
        relay.start()
        killed = count(relay)
        assert look(api_of(relay), box)[0] == 200
        relay.signal(signal.SIGTERM)
        relay.wait_stopped()
        relay.start()
        assert count(relay) >= killed
    assert relay.counter.stat().st_mode & 0o777 == 0o600


def api_of(relay):
    return open_api(relay)


def power_failure__file_behind__starts_and_makes_it_equal(relay):
    with relay, contextlib.closing(open_api(relay)) as api:
        old = relay.counter.read_bytes()
        api.new_box()
    new = count(relay)
    relay.counter.write_bytes(old)
    with relay:
        assert count(relay) >= new


# ---- refusals -----------------------------------------------------------------------------------

def older_copy__refused_with_both_numbers_and_both_ways(older):
    text = refusal(older)
    found = re.search(r"the store has (\d+) changes, but its counter file says (\d+)", text)
    assert found, text
    assert int(found[1]) == older.count_then and int(found[2]) == older.count_now
    assert "--restored=drop-mailboxes" in text and "--restored=keep-mailboxes" in text
    assert "what was withdrawn, completed or claimed since" in text
    assert refusal(older) == text, "the refused start changed nothing"


def counter_file_missing__refused(relay):
    with relay, contextlib.closing(open_api(relay)) as api:
        api.new_box()
    relay.counter.unlink()
    text = refusal(relay)
    assert "counter file is missing" in text and "store-counter" in text, text
    assert not relay.counter.exists()
    assert restored(relay, "keep-mailboxes")[0] == 0
    relay.start()
    relay.stop()


@pytest.mark.parametrize("damage", [b"x", b"tigress store counter 1\n", None])
def counter_file_damaged__refused(relay, damage):
    with relay:
        pass
    good = relay.counter.read_bytes()
    relay.counter.write_bytes(good + b"\n" if damage is None else damage)
    assert "counter file is damaged" in refusal(relay)
    relay.counter.write_bytes(good)
    relay.start()
    relay.stop()


def counter_file_of_another_store__refused(relay, tmp_path):
    other = make_relay(tmp_path / "other", is_plain=True)
    with relay, other:
        pass
    shutil.copy(pathlib.Path(other.data) / "store.counter", relay.counter)
    assert "belongs to another store" in refusal(relay)


def store_folder_gone__refused__deleting_the_file_begins_anew(relay):
    with relay, contextlib.closing(open_api(relay)) as api:
        box = api.new_box()
    shutil.rmtree(relay.store_folder)
    text = refusal(relay)
    assert "but its counter file knows another store" in text, text
    assert "mounted" in text
    relay.counter.unlink()
    with relay, contextlib.closing(open_api(relay)) as api:
        assert_unknown(api.read(box, box.initiator))
        api.new_box()


def second_relay_on_a_copy__refused_while_the_first_runs(relay, tmp_path):
    with relay:
        pass
    take_copy(relay)
    second = make_relay(tmp_path / "second", is_plain=True, store=f"lmdb:{relay.copy}",
                        args=["--store-counter", str(relay.counter), "--relay-key",
                              str(pathlib.Path(relay.data) / "relay.key")])
    with relay, contextlib.closing(open_api(relay)) as api:
        assert "two relays must not run on copies of one store" in refusal(second)
        api.new_box()
    assert "the store is an older copy" in refusal(second)


def counter_file_in_the_store__refused(relay):
    relay.args += ["--store-counter", str(relay.store_folder / "x")]
    with pytest.raises(RelayError) as refused:
        relay.start()
    assert "store-counter: inside the store's folder" in str(refused.value)


# ---- decisions ----------------------------------------------------------------------------------

def drop_mailboxes__nothing_that_ended_comes_back(older):
    code, text = restored(older, "drop-mailboxes")
    assert code == 0 and "start the relay" in text, text
    with older, contextlib.closing(open_api(older)) as api:
        assert_unknown(api.read(older.withdrawn, older.withdrawn.initiator))
        assert_unknown(api.read(older.claimed, older.claimed.initiator))
        box = api.new_box()
    assert count(older) > older.count_now
    with older, contextlib.closing(open_api(older)) as api:
        assert api.read(box, box.initiator).status == 200


def keep_mailboxes__what_ended_is_open_again(older):
    code, text = restored(older, "keep-mailboxes")
    assert code == 0, text
    with older, contextlib.closing(open_api(older)) as api:
        assert api.read(older.withdrawn, older.withdrawn.initiator).status == 200
        assert api.read(older.claimed, "00000000-0000-4000-8000-000000000002").status == 200
    assert count(older) > older.count_now


def copy_that_was_restored_once__put_back_again__refused(older):
    assert restored(older, "keep-mailboxes")[0] == 0
    put_copy_back(older)
    assert "belongs to another store, or to this one before it was restored" in refusal(older)
    assert restored(older, "drop-mailboxes")[0] == 0
    older.start()
    older.stop()


def restored__with_a_counter_file_that_was_restored_too__is_obeyed(relay):
    with relay, contextlib.closing(open_api(relay)) as api:
        box = api.new_box()
    assert restored(relay, "drop-mailboxes")[0] == 0
    with relay, contextlib.closing(open_api(relay)) as api:
        assert_unknown(api.read(box, box.initiator))


def restored__wrong_word_or_in_the_file__refused(relay, tmp_path):
    with relay:
        pass
    for what in ("", "yes", "drop"):
        code, text = restored(relay, what)
        assert code == 2 and "drop-mailboxes or keep-mailboxes" in text, text
    file = tmp_path / "conf"
    file.write_text("restored = keep-mailboxes\n")
    relay.args += ["--config", str(file)]
    with pytest.raises(RelayError) as refused:
        relay.start()
    assert "restored: no such setting" in str(refused.value)


def restored__with_another_key_or_a_running_relay__refused(older):
    key = pathlib.Path(older.data) / "relay.key"
    good = key.read_text()
    key.write_text(re.sub("^index ....", "index 0000", good, flags=re.M))
    code, text = restored(older, "drop-mailboxes")
    assert code == 1 and "the index key in the key file is another key" in text, text
    key.write_text(good)
    assert restored(older, "drop-mailboxes")[0] == 0
    with older:
        code, text = restored(older, "drop-mailboxes")
        assert code == 1 and "in use by another process" in text, text


def drop_mailboxes__of_a_copy_with_a_key_that_was_removed_since__works(older):
    key = pathlib.Path(older.data) / "relay.key"
    rotated = re.sub("^seal 1 .*$", f"seal 2 {'ab' * 32}", key.read_text(), flags=re.M)
    good = key.read_text()
    key.write_text(rotated)
    code, text = restored(older, "keep-mailboxes")
    assert code == 1 and "seal key 1 is not in the key file" in text, text
    assert restored(older, "drop-mailboxes")[0] == 0
    with older, contextlib.closing(open_api(older)) as api:
        api.new_box()
    key.write_text(good)
    assert "seal key 2 is not in the key file" in refusal(older)
