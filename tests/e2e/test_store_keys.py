# SPDX-License-Identifier: Apache-2.0
"""A store and the keys that belong to it: what starts, what is refused, and what helps."""
import contextlib
import pathlib
import re
import secrets
import subprocess

import pytest

import lmdb_file
from checks import look
from conftest import make_relay, open_api
from relay_process import RelayError, find_binary, sanitizer_env

INDEX = re.compile(r"^index .*$", re.M)
SEAL_1 = re.compile(r"^seal 1 .*\n", re.M)


def new_key():
    return secrets.token_hex(32)


@pytest.fixture
def stopped(tmp_path):
    """A relay that stores one mailbox and is stopped; with the mailbox and the key file."""
    relay = make_relay(tmp_path / "r")
    with relay, contextlib.closing(open_api(relay)) as api:
        relay.box = api.bound_box()
        relay.seen = look(api, relay.box)
    relay.key = pathlib.Path(relay.data) / "relay.key"
    relay.good = relay.key.read_text()
    return relay


def write_key(relay, text):
    relay.key.write_text(text)
    relay.key.chmod(0o600)


def check_config(relay, *args):
    """(exit code, standard error) of --check-config with the relay's settings."""
    got = subprocess.run(relay.command() + ["--check-config", *args], capture_output=True,
                         env=sanitizer_env(), timeout=60, check=False, stdin=subprocess.DEVNULL)
    return got.returncode, got.stderr.decode()


def upgrade(relay, links=""):
    got = subprocess.run(relay.command() + ["--upgrade-store"], capture_output=True,
                         env=sanitizer_env(), timeout=60, check=False, input=links.encode())
    return got.returncode, got.stdout.decode() + got.stderr.decode()


def refusal(relay):
    with pytest.raises(RelayError) as refused:
        relay.start()
    assert str(refused.value).startswith("exit 1: "), str(refused.value)
    return str(refused.value)


def assert_refused(relay, *parts):
    """Refused by the start and by --check-config, with the same sentence and without a key."""
    text = refusal(relay)
    code, checked = check_config(relay)
    assert code == 2, checked
    for part in parts:
        assert part in text, text
        assert part in checked, checked
    for word in relay.key.read_text().split():
        assert len(word) < 32 or word not in text


def assert_starts(relay):
    """With the right keys: the mailbox is there, unchanged."""
    code, text = check_config(relay)
    assert code == 0, text
    with relay, contextlib.closing(open_api(relay)) as api:
        assert look(api, relay.box) == relay.seen


def another_index_key__refused__and_the_right_one_starts(stopped):
    write_key(stopped, INDEX.sub(f"index {new_key()}", stopped.good))
    assert_refused(stopped, "the index key in the key file is another key",
                   "Put back the key file of this store")
    write_key(stopped, stopped.good)
    assert_starts(stopped)


def another_key_under_a_known_number__refused(stopped):
    write_key(stopped, SEAL_1.sub(f"seal 1 {new_key()}\n", stopped.good))
    assert_refused(stopped, "seal key 1 in the key file is another key",
                   "Put back the earlier line of that number")
    write_key(stopped, stopped.good)
    assert_starts(stopped)


def rotation__old_key_removed_too_early__refused_with_the_time(stopped):
    rotated = stopped.good + f"seal 2 {new_key()}\n"
    write_key(stopped, rotated)
    assert_starts(stopped)
    write_key(stopped, SEAL_1.sub("", rotated))
    assert_refused(stopped, "seal key 1 is not in the key file",
                   "the last of them expires at 20", "Put its line back")
    write_key(stopped, stopped.good)
    code, text = check_config(stopped)
    assert code == 0, "nothing is sealed with key 2 yet: " + text
    write_key(stopped, rotated)
    assert_starts(stopped)


def rotation__old_key_removed_after_its_last_record__starts(tmp_path):
    relay = make_relay(tmp_path / "r")
    with relay, contextlib.closing(open_api(relay)) as api:
        box = api.new_box()
        api.delete(box, box.initiator)
    relay.key = pathlib.Path(relay.data) / "relay.key"
    good = relay.key.read_text()
    write_key(relay, good + f"seal 2 {new_key()}\n")
    lmdb_empty(relay)
    write_key(relay, SEAL_1.sub("", relay.key.read_text()))
    with relay, contextlib.closing(open_api(relay)) as api:
        relay.box = api.bound_box()
        relay.seen = look(api, relay.box)
    assert_starts(relay)


def lmdb_empty(relay):
    """As if everything had expired: the tables of records and the counts."""
    for name in ("k", "m", "o", "d"):
        with lmdb_file.table(pathlib.Path(relay.data) / "store", name) as (lmdb, txn, dbi):
            lmdb_file.check(lmdb, lmdb.mdb_drop(txn, dbi, 0))
    counts = lmdb_file.get(pathlib.Path(relay.data) / "store", "s", b"counts")
    lmdb_file.put(pathlib.Path(relay.data) / "store", "s", b"counts", bytes(16) + counts[16:])


def check_config__while_the_relay_runs__finds_a_key_removed_too_early(tmp_path):
    relay = make_relay(tmp_path / "r")
    with relay, contextlib.closing(open_api(relay)) as api:
        relay.key = pathlib.Path(relay.data) / "relay.key"
        good = relay.key.read_text()
        box = api.bound_box()
        seen = look(api, box)
        assert check_config(relay) == (0, "")
        write_key(relay, SEAL_1.sub(f"seal 2 {new_key()}\n", good))
        code, text = check_config(relay)
        assert code == 2 and "seal key 1 is not in the key file" in text, text
        assert look(api, box) == seen
        assert api.new_box().path


def key_file_lost__store_without_mailboxes__no_new_key(tmp_path):
    relay = make_relay(tmp_path / "r")
    with relay:
        pass
    (pathlib.Path(relay.data) / "relay.key").unlink()
    assert "the key file is missing, but the store was used with one" in refusal(relay)


# ---- a store without a check --------------------------------------------------------------------

@pytest.fixture
def unchecked(stopped):
    """As an earlier version left it."""
    lmdb_file.delete(pathlib.Path(stopped.data) / "store", "s", b"key checks")
    return stopped


def store_without_a_check__refused__and_upgraded_with_a_link(unchecked):
    assert_refused(unchecked, "holds mailboxes but no check of its keys", "--upgrade-store")
    code, text = upgrade(unchecked)
    assert code == 1 and "nothing proves yet that seal key 1" in text, text
    assert "standard input" in text
    code, text = upgrade(unchecked, f"\nhttps://relay.example{unchecked.box.path}#secret\n")
    assert code == 0 and "start the relay" in text, text
    assert_starts(unchecked)
    code, text = upgrade(unchecked)
    assert code == 0, "nothing left to do: " + text


def store_without_a_check__wrong_keys__cannot_be_upgraded(unchecked):
    link = f"https://relay.example{unchecked.box.path}\n"
    write_key(unchecked, INDEX.sub(f"index {new_key()}", unchecked.good))
    code, text = upgrade(unchecked, link)
    assert code == 1 and "none of the 1 links names a mailbox in the store" in text, text
    write_key(unchecked, SEAL_1.sub(f"seal 1 {new_key()}\n", unchecked.good))
    code, text = upgrade(unchecked, link)
    assert code == 1 and "does not open what it should open" in text, text
    write_key(unchecked, SEAL_1.sub(f"seal 2 {new_key()}\n", unchecked.good))
    code, text = upgrade(unchecked, link)
    assert code == 1 and "seal key 1 is not in the key file" in text, text
    write_key(unchecked, unchecked.good)
    assert_refused(unchecked, "holds mailboxes but no check of its keys")
    assert upgrade(unchecked, link)[0] == 0


def upgrade__what_is_no_link__refused_with_its_line(unchecked):
    code, text = upgrade(unchecked, "https://relay.example/v1/m/x\n")
    assert code == 1 and "standard input, line 1: expected a link" in text, text


def upgrade__of_a_copy_one_commit_behind__refused_and_nothing_written(unchecked):
    """The check of the keys would be the commit that the copy lacks."""
    counter = pathlib.Path(unchecked.data) / "store.counter"
    text = counter.read_text()
    count = text.split()[-1]
    counter.write_text(text.replace(count, f"{int(count) + 1:0{len(count)}}"))
    for _ in range(2):
        code, text = upgrade(unchecked, f"https://relay.example{unchecked.box.path}\n")
        assert code == 1 and "the store is an older copy" in text, text
    assert "the store is an older copy" in refusal(unchecked)


def upgrade__while_the_relay_runs__refused(relay):
    code, text = upgrade(relay)
    assert code == 1 and "in use by another process" in text, text


def upgrade__without_a_store_or_key__makes_neither(tmp_path):
    data = tmp_path / "data"
    got = subprocess.run([find_binary("tigressd"), "--dev", "--data", str(data),
                          "--upgrade-store"], capture_output=True, env=sanitizer_env(), timeout=60,
                         check=False, stdin=subprocess.DEVNULL)
    assert got.returncode == 1 and b"the key file is missing" in got.stderr
    assert not data.exists()
