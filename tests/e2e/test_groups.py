# SPDX-License-Identifier: Apache-2.0
"""Several databases: one is added under load, as docs/operations.md says it, and what is refused.

The load creates mailboxes through two relays and repeats each create until it has an answer, and again later, through
any of them. No repetition may find or make another mailbox, and no relay may say that a mailbox is not there.
"""
import contextlib
import json
import os
import random
import subprocess
import threading
import time

import pytest

from cli_device import KEY, Device, message
from conftest import make_relay, open_api
from quick_http import Broken, Connection
from relay_process import find_binary, sanitizer_env, until, until_long_polls
from test_postgres import ONE_SERVER, Database, at, assert_refused, sql, values
from tigress_client import create_message, encode, new_id

OPEN = ("--mailboxes-per-day", "0", "--max-connection-requests", "1000000000")
PHASE = 120  # creates with an answer between two steps
THREADS = 4
ANSWER_S = 15


@pytest.fixture
def server():
    return os.environ["TIGRESS_TEST_POSTGRES"]


class World:
    """Two databases, and relays that share a key."""

    def __init__(self, server, folder):
        self.folder = folder
        tag = os.urandom(4).hex()
        self.databases = {name: Database(server, f"g{tag}{name}") for name in "abc"}
        sql(server, f"CREATE ROLE g{tag} LOGIN")
        for database in self.databases.values():  # one role in all of them, as operators have it
            database.role = f"g{tag}"
            database.relay = database.owner.replace("postgres@", f"g{tag}@", 1)
        self.key = folder / "relay.key"

    def __getitem__(self, name):
        return self.databases[name]

    def file(self, name, *lines, groups="ab"):
        path = self.folder / name
        path.write_text("\n".join([f"group {group} {self[group].relay}" for group in groups] + list(lines)) + "\n")
        return path

    def relay(self, name, *store):
        return make_relay(self.folder / name, "plain-lmdb", args=["--relay-key", str(self.key), ONE_SERVER, *OPEN, *store])

    def alone(self, name):
        return self.relay(name, "--store", self["a"].relay)

    def grouped(self, name, file):
        return self.relay(name, "--store-groups", str(file))

    def maintain(self, file, *flags):
        return subprocess.run([find_binary("tigressd"), "--plain-http", "--relay-key", str(self.key), ONE_SERVER,
                               "--store-groups", str(file), *flags], capture_output=True, text=True, timeout=120, check=False,
                              env=sanitizer_env())

    def open_map(self, file, version):
        return self.maintain(file, "--open-map", str(version))

    def keys(self, group):
        return set(values(self[group].owner, "SELECT encode(key, 'hex') FROM tigress.mailbox WHERE class = 0"))


@pytest.fixture
def world(server, tmp_path):
    made = World(server, tmp_path)
    for database in made.databases.values():
        assert database.migrate().returncode == 0
    return made


class Load:
    """Devices that create mailboxes, repeat their creates, and read."""

    def __init__(self, relays):
        self.relays = relays
        self.boxes = []  # (path, claim, request id, body, payload) of each answered create, and what it has by now
        self.lock = threading.Lock()
        self.refused = 0  # answers 503
        self.cut = 0
        self.repeated = 0
        self.failure = None
        self.is_over = False
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(THREADS)]

    def run(self, seed):
        connections = {}
        rng = random.Random(seed)
        try:
            while not self.is_over:
                self.create(rng, connections)
                if self.boxes:
                    box = rng.choice(self.boxes)
                    self.again(rng, connections, box)
                    self.read(rng, connections, box)
        except BaseException as error:  # for the main thread
            self.failure = error

    def ask(self, rng, connections, *request):
        """A definite answer, from any relay."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            relay = rng.choice(self.relays)
            try:
                if relay.port not in connections:
                    connections[relay.port] = Connection(relay.port, ANSWER_S)
                status, _, body = connections[relay.port].call(*request)
            except Broken:
                connections.pop(relay.port, None)
                self.cut += 1
                time.sleep(0.02)
                continue
            if status != 503:
                return status, body
            self.refused += 1
            time.sleep(0.02)
        raise AssertionError("no answer in 60 s")

    def create(self, rng, connections):
        claim, request_id, body = new_id(), new_id(), encode(create_message(payload={"type": "t", "data": new_id()}))
        status, answer = self.ask(rng, connections, "POST", "/v1/m", claim, request_id, body)
        assert status in (200, 201), (status, answer)
        path = "/v1/m/" + json.loads(answer)["urlLink"].rsplit("/", 1)[1]
        payload = {"type": "t", "data": new_id()}
        status, answer = self.ask(rng, connections, "PUT", path, claim, new_id(), encode({"payload": payload}))
        assert status in (200, 201), (status, answer)
        with self.lock:
            self.boxes.append((path, claim, request_id, body, payload))

    def again(self, rng, connections, box):
        path, claim, request_id, body, _ = box
        status, answer = self.ask(rng, connections, "POST", "/v1/m", claim, request_id, body)
        assert status in (200, 201), (status, answer)
        assert json.loads(answer)["urlLink"].endswith(path.rsplit("/", 1)[1])
        self.repeated += 1

    def read(self, rng, connections, box):
        """What was made once more would have its first payload."""
        path, claim, _, _, payload = box
        status, answer = self.ask(rng, connections, "POST", path, claim)
        assert status == 200, (status, answer)
        assert json.loads(answer)["payload"] == payload

    def progress(self):
        want = len(self.boxes) + PHASE
        until(lambda: self.failure or len(self.boxes) >= want, "mailboxes are made")
        if self.failure:
            raise self.failure

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self.is_over = True
        for thread in self.threads:
            thread.join(90)
        if kind is None and self.failure:
            raise self.failure


def restart(relay, file, is_killed):
    relay.kill() if is_killed else relay.stop()
    relay.args[-2:] = ["--store-groups", str(file)]
    relay.start()


def group__added_under_load__no_mailbox_is_lost_or_made_twice(world):
    """From one database to two, and then to three; one relay knows each new map only after it was opened."""
    first = world.file("first", "map 0 00-ff a", "map 1 00-7f a 80-ff b", "fixed a")
    second = world.file("second", "map 0 00-ff a", "map 1 00-7f a 80-ff b", "map 2 00-3f a 40-7f c 80-bf b c0-ff c", "fixed a",
                        groups="abc")
    with world.alone("one") as one, world.alone("two") as two, Load([one, two]) as load:
        load.progress()
        for version, file, is_killed in ((1, first, False), (2, second, True)):
            restart(two, file, is_killed)
            load.progress()
            before = {group: world.keys(group) for group in "abc"}
            done = world.open_map(file, version)
            assert done.returncode == 0, done.stderr
            for group in "abc"[:version + 1]:  # programs that know no epochs stay out
                assert values(world[group].owner, "SELECT compatible_from FROM tigress.schema_version WHERE version = 2") == ["2"]
            refused = load.refused
            load.progress()
            until(lambda: load.refused > refused, "a relay with the old file refuses creates")
            assert f"store.map_unknown version={version}\n" in one.output("stderr").decode()
            restart(one, file, is_killed)
            load.progress()
            for group in "abc":
                assert before[group] <= world.keys(group)
        made = list(load.boxes)
    assert load.repeated > PHASE and load.refused > 0 and load.cut > 0
    has = {group: world.keys(group) for group in "abc"}
    assert all(has.values())
    assert len(has["a"] | has["b"] | has["c"]) == sum(map(len, has.values())), "a mailbox is in two groups"
    # A create in doubt whose device gave up may have made one more.
    assert len(made) <= sum(map(len, has.values())) <= len(made) + THREADS
    for group, first_shards in (("b", "89ab"), ("c", "4567cdef")):
        assert {key[0] for key in has[group]} <= set(first_shards + "89abcdef" * (group == "b"))
    assert {key[0] for key in has["a"]} == set("0123456789abcdef")  # those of before stay where they were


def transfer__between_two_groups__goes_on_across_the_change(world, tmp_path):
    """A key that was shared before the change is received after it, with a push waiting in its group."""
    file = world.file("map", "map 0 00-ff a", "map 1 00-ff b", "fixed a")
    with world.grouped("one", file) as one, world.grouped("two", file) as two:
        alice = Device(tmp_path / "alice", TIGRESS_RELAY=one.origin)
        shared = alice.share(KEY, "--rights", "RWD")
        assert world.open_map(file, 1).returncode == 0
        bob = Device(tmp_path / "bob", TIGRESS_RELAY=two.origin)
        assert bob.accept(at(shared["url"], two))["message"] == KEY
        bob.answer(shared["id"], message("m2"))
        assert alice.must("receive", shared["id"])["message"] == message("m2")
        later = alice.share(KEY, "--rights", "RWD")
        carol = Device(tmp_path / "carol", TIGRESS_RELAY=two.origin)
        assert carol.accept(at(later["url"], two))["message"] == KEY
        assert (len(world.keys("a")), len(world.keys("b"))) == (1, 1)


def long_poll__in_either_group__ended_by_an_update_at_the_other_relay(world):
    """A mailbox of before and one of after the change."""
    file = world.file("map", "map 0 00-ff a", "map 1 00-ff b", "fixed a")
    with world.grouped("one", file) as one, world.grouped("two", file) as two, contextlib.closing(open_api(one)) as api, \
            contextlib.closing(open_api(two)) as elsewhere, contextlib.closing(open_api(one, timeout=120)) as waiting:
        boxes = [api.bound_box()]
        assert world.open_map(file, 1).returncode == 0
        boxes.append(api.bound_box())
        assert (len(world.keys("a")), len(world.keys("b"))) == (1, 1)
        for box in boxes:
            for version in (1, 2):
                polled = []
                thread = threading.Thread(
                    target=lambda box=box, known=version: polled.append(waiting.wait(box, box.initiator, known, 60)))
                thread.start()
                until_long_polls(one, 1)
                assert elsewhere.update(box, box.recipient).status == 200
                thread.join()
                assert polled[0].status == 200 and polled[0].header("mailbox-version") == str(version + 1)


def start__with_a_file_that_does_not_belong_to_the_groups__refused(world, server):
    plain = world.file("plain", "map 0 00-ff a", "fixed a", groups="a")
    file = world.file("map", "map 0 00-ff a", "map 1 00-7f a 80-ff b", "fixed a")
    with world.grouped("one", file) as one, Load([one]) as load:
        load.progress()
    for version in ("0", "2", "x"):
        assert world.open_map(file, version).returncode != 0
    assert "no map to open" in subprocess.run(
        [find_binary("tigressd"), "--plain-http", "--relay-key", str(world.key), ONE_SERVER, "--store", world["a"].relay,
         "--open-map", "1"], capture_output=True, text=True, check=False, env=sanitizer_env()).stderr
    new = world.file("new", "map 1 00-7f a 80-ff b", "fixed a")
    assert "but is not asked" in world.open_map(new, 1).stderr
    assert world.open_map(file, 1).returncode == 0
    assert world.open_map(file, 1).returncode == 0
    with world.grouped("one", file):
        pass
    assert_refused(world.alone("one"), "one of several", "store-groups")
    assert_refused(world.grouped("one", plain), "version 1 of the map, which the file does not have")
    assert_refused(world.grouped("one", new), "has mailboxes of shards 80-ff", "older version of the map")
    other = world.file("other", "map 0 00-ff a", "map 1 00-6f a 70-ff b", "fixed a")
    assert_refused(world.grouped("one", other), "knows version 1 of the map otherwise")
    swapped = world.folder / "swapped"
    swapped.write_text(f"group a {world['b'].relay}\ngroup b {world['a'].relay}\nmap 0 00-ff a\nmap 1 00-7f a 80-ff b\nfixed a\n")
    assert_refused(world.grouped("one", swapped), "group 1 of the file knows version 1 of the map otherwise")
    # What the older version has expired: it may go.
    sql(world["a"].owner, "DELETE FROM tigress.mailbox WHERE key >= '\\x80'")
    with world.grouped("one", new):
        pass
    done = world.maintain(file, "--copy-store", "lmdb:/nonexistent", world["a"].relay)
    assert done.returncode == 2 and "--copy-store" in done.stderr
    # The check of the keys in one of the groups.
    sql(world["b"].owner, "UPDATE tigress.fact SET value = '\\x00' WHERE name = 'key checks'")
    assert_refused(world.grouped("one", new), "the check of the keys in the store is damaged")


def group__away__others_are_served_and_the_relay_is_ready(world, server):
    file = world.file("map", "map 1 00-7f a 80-ff b", "fixed a")
    assert world.open_map(file, 1).returncode == 0
    with world.grouped("one", file) as one:
        with Load([one]) as load:
            load.progress()
        name = world["b"].owner.rsplit("/", 1)[1].split("?")[0]
        sql(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        sql(server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        until(lambda: b" group=2\n" in one.output("stderr").partition(b"store.database_lost")[2], "the group is away")
        with contextlib.closing(Connection(one.admin_port)) as admin:
            assert admin.call("GET", "/readyz", new_id())[0] == 200
        served, refused = set(), set()
        for path, claim, *_ in load.boxes[:24]:
            with contextlib.closing(Connection(one.port, ANSWER_S)) as connection:
                status, _, answer = connection.call("POST", path, claim)
            assert status in (200, 503), (status, answer)
            (served if status == 200 else refused).add(path)
            if served and refused:
                break
        assert served and refused
        sql(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        with Load([one]) as load:
            load.progress()
            until(lambda: load.failure or len(world.keys("b")) > 0, "the group is back")


def restored__all_groups_or_none(world):
    file = world.file("map", "map 1 00-7f a 80-ff b", "fixed a")
    assert world.open_map(file, 1).returncode == 0
    with world.grouped("one", file) as one:
        with Load([one]) as load:
            load.progress()
        done = world.maintain(file, "--restored=drop-mailboxes")
        assert done.returncode == 1 and "in use" in done.stderr
        assert world.keys("a") and world.keys("b")
    done = world.maintain(file, "--restored=drop-mailboxes")
    assert done.returncode == 0, done.stderr
    assert not world.keys("a") and not world.keys("b")
    with world.grouped("one", file) as one, Load([one]) as load:
        load.progress()
