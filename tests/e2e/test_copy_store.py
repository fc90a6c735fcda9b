# SPDX-License-Identifier: Apache-2.0
"""tigressd --copy-store between the embedded store and PostgreSQL, with transfers that go on in the copy."""
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from cli_device import KEY, Device, message
from conftest import make_relay
from relay_process import RelayError, find_binary, sanitizer_env, until
from test_postgres import ONE_SERVER, at, database, made, server, sql  # noqa: F401  (fixtures)


class Place:
    """A relay's data folder and its two stores."""

    def __init__(self, folder, database):
        self.folder, self.database = pathlib.Path(folder), database
        self.data = self.folder / "data"
        self.store = f"lmdb:{self.data}/store"

    def relay(self, store):
        return make_relay(self.folder, "plain-lmdb", data=self.data, store=store, args=[ONE_SERVER])

    def command(self, source, target, *args):
        return [find_binary("tigressd"), "--plain-http", "--data", str(self.data), "--public-url", "http://127.0.0.1:1", ONE_SERVER, *args,
                "--copy-store", source, target]

    def copy(self, source, target, *args):
        return subprocess.run(self.command(source, target, *args), capture_output=True, text=True, timeout=120, check=False,
                              env=sanitizer_env())

    def must_copy(self, source, target, *args):
        done = self.copy(source, target, *args)
        assert done.returncode == 0, done.stderr
        assert "copied and compared" in done.stdout
        return done.stdout

    def refused(self, source, target, *parts, args=()):
        done = self.copy(source, target, *args)
        assert done.returncode == 1, done.stdout + done.stderr
        for part in parts:
            assert part in done.stderr
        assert "copied" not in done.stdout

    def not_served(self, store, *parts):
        with pytest.raises(RelayError) as refused:
            self.relay(store).start()
        for part in ("exit 1: ", *parts):
            assert part in str(refused.value)

    def check(self, store):
        return subprocess.run([*self.relay(store).command(), "--check-config"], capture_output=True, text=True, timeout=60,
                              check=False, env=sanitizer_env())

    def check_fails(self, store, *parts):
        done = self.check(store)
        assert done.returncode == 2, done.stdout + done.stderr
        for part in parts:
            assert part in done.stderr


@pytest.fixture
def place(made, tmp_path):  # noqa: F811
    return Place(tmp_path / "r", made)


def devices(tmp_path, relay):
    return [Device(tmp_path / name, TIGRESS_RELAY=relay.origin) for name in ("alice", "bob", "eve")]


def filled(place, count=3):
    with place.relay(place.store) as relay:
        alice = Device(place.folder / "filler", TIGRESS_RELAY=relay.origin)
        return [alice.share(KEY, "--rights", "RWD")["url"] for _ in range(count)]


def number(output, name):
    return int(re.search(rf"(\d+) {name}", output).group(1))


def transfer_over_a_copy_and_back__goes_on(place, tmp_path):
    url = place.database.relay
    with place.relay(place.store) as relay:
        alice, bob, eve = devices(tmp_path, relay)
        shared = alice.share(KEY, "--rights", "RWD")
        ended = alice.share(KEY, "--rights", "RWD")
        alice.must("cancel", ended["id"])
    done = place.must_copy(place.store, url)
    assert number(done, "mailboxes") == 2
    place.not_served(place.store, "copied to another one")
    place.check_fails(place.store, "copied to another one", "Start the relay on the other store")
    relay = place.relay(url)
    relay.want_port = relay_port = int(re.search(r":(\d+)/", shared["url"]).group(1))
    with relay:
        assert bob.accept(shared["url"])["message"] == KEY
        eve.refused(1, "denied", "accept", "-", given=shared["url"] + "\n")
        bob.answer(shared["id"], message("m2"))
        assert eve.run("accept", "-", given=ended["url"] + "\n").code != 0
    moved = f"lmdb:{place.data}/store2"
    place.must_copy(url, moved)
    place.not_served(url, "copied to another one")
    relay = place.relay(moved)
    assert place.check(moved).returncode == 0
    relay.want_port = relay_port
    with relay:
        assert alice.must("receive", shared["id"])["message"] == message("m2")
        eve.refused(1, "denied", "accept", "-", given=shared["url"] + "\n")
    place.not_served(place.store, "copied to another one")


def original_that_is_used_again_as_a_restored_copy__serves(place):
    filled(place)
    place.must_copy(place.store, place.database.relay)
    relay = place.relay(place.store)
    done = subprocess.run(relay.command() + ["--restored=keep-mailboxes"], capture_output=True, text=True, timeout=60, check=False,
                          env=sanitizer_env())
    assert done.returncode == 0, done.stderr
    with relay:
        pass


# ---- what is refused ------------------------------------------------------------------------------

def store_in_use__refused(place):
    filled(place)
    with place.relay(place.store):
        place.refused(place.store, place.database.relay, "in use")
    place.must_copy(place.store, place.database.relay)
    with place.relay(place.database.relay):
        place.refused(place.database.relay, f"lmdb:{place.data}/store2", "in use")


def target_that_is_used__refused_and_unchanged(place):
    urls = filled(place)
    place.must_copy(place.store, place.database.relay)
    other = Place(place.folder / "other", place.database)
    filled(other)
    other.refused(other.store, place.database.relay, "not empty")
    with place.relay(place.database.relay) as relay:
        assert Device(place.folder / "bob", TIGRESS_RELAY=relay.origin).accept(at(urls[0], relay))["message"] == KEY


def empty_original__refused(place):
    with place.relay(f"lmdb:{place.data}/elsewhere"):
        pass  # makes the key file
    place.refused(f"lmdb:{place.data}/nothing", place.database.relay, "empty", args=["--store-counter", str(place.data / "c")])


def key_of_another_store__refused(place):
    filled(place)
    other = Place(place.folder / "other", place.database)
    filled(other)
    place.refused(place.store, place.database.relay, "another key", args=["--relay-key", str(other.data / "relay.key")])
    place.must_copy(place.store, place.database.relay)


def tables_of_a_later_version__refused(place):
    filled(place)
    sql(place.database.owner, "INSERT INTO tigress.schema_version VALUES (99, 99)")
    place.refused(place.store, place.database.relay, "version that this tigressd does not run")


def older_copy__refused(place):
    filled(place, 1)
    shutil.copytree(place.data / "store", place.data / "backup")
    filled(place, 2)
    place.refused(f"lmdb:{place.data}/backup", place.database.relay, "older copy")


def two_stores_of_one_kind__refused_by_the_command_line(place):
    for pair in ((place.store, f"lmdb:{place.data}/b"), ("memory:", place.database.relay), (place.store,)):
        done = subprocess.run(place.command(*pair) if len(pair) == 2 else place.command(pair[0], "")[:-1], capture_output=True, text=True,
                              timeout=60, check=False, env=sanitizer_env())
        assert done.returncode == 2 and "--copy-store" in done.stderr


def relay_that_hung_during_the_copy__writes_nothing_afterwards(place):
    filled(place)
    place.must_copy(place.store, place.database.relay)
    with place.relay(place.database.relay) as relay:
        relay.signal(signal.SIGSTOP)
        place.must_copy(place.database.relay, f"lmdb:{place.data}/store2")
        relay.signal(signal.SIGCONT)
        until(lambda: b"database-copied-to-another-store" in relay.output("stderr"), "it is refused")
        assert Device(place.folder / "alice", TIGRESS_RELAY=relay.origin).run("share", "--yes", "-", given="{}").code != 0


# ---- interrupted ----------------------------------------------------------------------------------

def until_it_waits(owner, process):
    """Until the copy waits for a lock in the database."""
    def waits():
        assert process.poll() is None, process.communicate()[1]
        got = subprocess.run(["psql", "-qXtc", "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                              "AND application_name = 'tigressd' AND wait_event_type = 'Lock'", owner], capture_output=True, text=True,
                             timeout=60, check=True)
        return int(got.stdout) > 0
    until(waits, "the copy waits")


def killed_at_the_second_mailbox(place, source, target):
    """Kills a copy whose second mailbox waits for a lock that somebody else has."""
    owner = place.database.owner
    with subprocess.Popen(["psql", "-qXt", owner], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as blocker:
        blocker.stdin.write("SELECT pg_advisory_lock(1);\n\\echo locked\n")
        blocker.stdin.flush()
        while blocker.stdout.readline() != "locked\n":
            pass
        with subprocess.Popen(place.command(source, target), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                              env=sanitizer_env()) as copying:
            until_it_waits(owner, copying)
            copying.send_signal(signal.SIGKILL)
        blocker.stdin.close()


WAIT = ("CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF (SELECT count(*) > 0 FROM tigress.mailbox) THEN "
        "PERFORM pg_advisory_lock_shared(1); END IF; RETURN NEW; END'; "
        "CREATE TRIGGER wait BEFORE INSERT ON tigress.mailbox FOR EACH ROW EXECUTE FUNCTION wait()")


def killed_copy_to_the_database__does_not_serve_and_starts_over(place):
    urls = filled(place)
    sql(place.database.owner, WAIT)
    killed_at_the_second_mailbox(place, place.store, place.database.relay)
    place.not_served(place.database.relay, "not finished", "--copy-store again")
    with place.relay(place.store) as relay:  # the original serves meanwhile
        extra = Device(place.folder / "carol", TIGRESS_RELAY=relay.origin).share(KEY)["url"]
    assert number(place.must_copy(place.store, place.database.relay), "mailboxes") == len(urls) + 1
    with place.relay(place.database.relay) as relay:
        for i, url in enumerate([*urls, extra]):
            assert Device(place.folder / f"bob{i}", TIGRESS_RELAY=relay.origin).accept(at(url, relay))["message"] == KEY


def killed_copy_from_the_database__does_not_serve_and_starts_over(place):
    filled(place)
    place.must_copy(place.store, place.database.relay)
    target = f"lmdb:{place.data}/store2"
    # A view in the place of the table waits before its second row.
    sql(place.database.owner, "ALTER TABLE tigress.outbox RENAME TO kept; CREATE FUNCTION wait() RETURNS boolean LANGUAGE sql AS "
        "'SELECT pg_advisory_lock_shared(1) IS NOT NULL'; CREATE VIEW tigress.outbox AS SELECT * FROM tigress.kept WHERE wait() "
        f"UNION ALL SELECT '', 0, 0, 0, 0, false, false, 0, '' WHERE wait(); GRANT ALL ON tigress.outbox, tigress.kept TO {place.database.role}")
    killed_at_the_second_mailbox(place, place.database.relay, target)
    sql(place.database.owner, "DROP VIEW tigress.outbox; ALTER TABLE tigress.kept RENAME TO outbox")
    place.not_served(target, "not finished")
    assert number(place.must_copy(place.database.relay, target), "mailboxes") == 3
    with place.relay(target):
        pass


def copy_without_its_counter_file__does_not_serve_until_it_is_finished(place):
    """Everything is copied, and the original has said so; then the last step fails."""
    urls = filled(place)
    place.must_copy(place.store, place.database.relay)
    target = f"lmdb:{place.data}/store2"
    place.refused(place.database.relay, target, "counter file cannot be written", args=["--store-counter", str(place.data / "no/c")])
    place.not_served(place.database.relay, "copied to another one")
    place.not_served(target, "not finished")
    place.refused(place.database.relay, f"lmdb:{place.data}/store3", "copied to another one")
    place.must_copy(place.database.relay, target)
    with place.relay(target) as relay:
        assert Device(place.folder / "bob", TIGRESS_RELAY=relay.origin).accept(at(urls[0], relay))["message"] == KEY


def copied_with_a_lost_row__noticed(place):
    """The database drops a mailbox on its way in: the comparison finds it, and the original goes on."""
    filled(place)
    sql(place.database.owner, "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; "
        "CREATE TRIGGER lose BEFORE INSERT ON tigress.mailbox FOR EACH ROW WHEN (get_byte(NEW.key, 0) >= 0) EXECUTE FUNCTION lose()")
    place.refused(place.store, place.database.relay, "the copy has 0 mailboxes, the original 3")
    place.not_served(place.database.relay, "not finished")
    with place.relay(place.store):
        pass
    sql(place.database.owner, "DROP TRIGGER lose ON tigress.mailbox")
    place.must_copy(place.store, place.database.relay)


def copied_with_another_byte__noticed(place):
    filled(place)
    sql(place.database.owner, "CREATE FUNCTION flip() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN NEW.sealed := set_byte(NEW.sealed, 9, get_byte(NEW.sealed, 9) # 1); RETURN NEW; END'; "
        "CREATE TRIGGER flip BEFORE INSERT ON tigress.mailbox FOR EACH ROW EXECUTE FUNCTION flip()")
    place.refused(place.store, place.database.relay, "as many rows as the original, but other ones")
    place.not_served(place.database.relay, "not finished")
