# SPDX-License-Identifier: Apache-2.0
"""Relays on one PostgreSQL database: what starts, what is refused and how that is said, and a transfer through two."""
import contextlib
import hashlib
import os
import pathlib
import re
import socket
import subprocess
import threading
import urllib.parse

import pytest

from cli_device import KEY, Device, message
from conftest import make_relay, open_api
from relay_process import RelayError, find_binary, sanitizer_env, until, until_long_polls
from tigress_client import CLAIM, wait_headers

ONE_SERVER = "--require-synchronous=no"


@pytest.fixture
def server():
    """The connection string of a superuser, from `pg_cluster run`."""
    return os.environ["TIGRESS_TEST_POSTGRES"]


def sql(url, statement):
    subprocess.run(["psql", "-qXc", statement, url], check=True, timeout=60, stdout=subprocess.DEVNULL)


class Database:
    def __init__(self, server, name):
        sql(server, f"CREATE DATABASE {name}")
        sql(server, f"CREATE ROLE {name}_relay LOGIN")
        self.owner = urllib.parse.urlunsplit(urllib.parse.urlsplit(server)._replace(path="/" + name))
        self.relay = self.owner.replace("postgres@", f"{name}_relay@", 1)
        self.role = f"{name}_relay"

    def migrate(self):
        return subprocess.run([find_binary("tigressd"), "--plain-http", "--relay-key", "/nonexistent/key", "--store", self.owner,
                               "--migrate", self.role], capture_output=True, text=True, timeout=60, check=False,
                              env=sanitizer_env())


@pytest.fixture
def database(server, request):
    return Database(server, "t" + hashlib.sha256(request.node.name.encode()).hexdigest()[:16])


@pytest.fixture
def made(database):
    done = database.migrate()
    assert done.returncode == 0, done.stderr
    return database


def relay_on(folder, database, *args, key=None):
    given = ["--relay-key", str(key)] if key else []
    return make_relay(folder, "plain-lmdb", args=["--store", database.relay, *given, *args])


def assert_refused(relay, *parts):
    with pytest.raises(RelayError) as refused:
        relay.start()
    for part in ("exit 1: ", *parts):
        assert part in str(refused.value)


def at(url, relay):
    """The link at another relay."""
    return re.sub(r":\d+/", f":{relay.port}/", url, count=1)


def without_tables__refused_with_the_command(database, tmp_path):
    assert_refused(relay_on(tmp_path / "r", database, ONE_SERVER), "no tables of Tigress", "--migrate ROLE")


def without_rights__refused_with_the_command(made, server, tmp_path):
    sql(made.owner, f"REVOKE UPDATE ON tigress.mailbox FROM {made.role}")
    assert_refused(relay_on(tmp_path / "r", made, ONE_SERVER), "lacks rights", "--migrate ROLE")
    assert made.migrate().returncode == 0
    with relay_on(tmp_path / "r", made, ONE_SERVER):
        pass


ROOT = pathlib.Path(__file__).resolve().parents[2]
SQL = ROOT / "src/store/postgres/sql"


def run_file(url, path, **variables):
    given = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
    subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", *given, "-f", path, url], check=True, timeout=60, stdout=subprocess.DEVNULL)


def values(url, statement):
    got = subprocess.run(["psql", "-qXtAc", statement, url], check=True, timeout=60, capture_output=True, text=True)
    return got.stdout.split()


def may_not(url, statement):
    done = subprocess.run(["psql", "-qXc", statement, url], check=False, timeout=60, capture_output=True, text=True)
    return done.returncode != 0 and "denied" in done.stderr or "must be owner" in done.stderr


def roles_of_the_file__the_relay_serves_and_may_do_nothing_else(database, server, tmp_path):
    name = database.role.removesuffix("_relay") + "_f"
    owner, role = name + "_owner", name + "_role"
    run_file(server, ROOT / "deploy/postgresql/roles.sql", owner=owner, role=role, database=name)
    database.owner = urllib.parse.urlunsplit(urllib.parse.urlsplit(server)._replace(path="/" + name)).replace("postgres@", f"{owner}@", 1)
    database.relay, database.role = database.owner.replace(f"{owner}@", f"{role}@", 1), role
    assert database.migrate().returncode == 0
    with relay_on(tmp_path / "r", database, ONE_SERVER) as relay:
        Device(tmp_path / "alice", TIGRESS_RELAY=relay.origin).share(KEY)
    for statement in ("CREATE TABLE tigress.t ()", "CREATE TABLE public.t ()", "CREATE SCHEMA s", "CREATE TEMPORARY TABLE t ()",
                      "DROP TABLE tigress.spent", "TRUNCATE tigress.mailbox", "ALTER TABLE tigress.lane ADD COLUMN c int",
                      "INSERT INTO tigress.schema_version VALUES (3, 1)", "UPDATE tigress.schema_version SET version = 9", "DELETE FROM tigress.schema_version", "CREATE ROLE r",
                      "CREATE FUNCTION tigress.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE DATABASE d"):
        assert may_not(database.relay, statement), statement
    assert may_not(database.owner, "CREATE ROLE r") and may_not(database.owner, "CREATE DATABASE d")
    sql(server, f"CREATE ROLE {name}_other LOGIN")
    assert may_not(database.owner.replace(f"{owner}@", f"{name}_other@", 1), "SELECT 1")


def partitions__mailboxes_go_on_in_them(made, tmp_path):
    with relay_on(tmp_path / "r", made, ONE_SERVER) as relay:
        alice = Device(tmp_path / "alice", TIGRESS_RELAY=relay.origin)
        waiting = [alice.share(KEY, "--rights", "RWD") for _ in range(8)]
    run_file(made.owner, SQL / "partitions.sql")
    assert_refused(relay_on(tmp_path / "r", made, ONE_SERVER), "lacks rights", "--migrate ROLE")
    assert made.migrate().returncode == 0
    with relay_on(tmp_path / "r", made, ONE_SERVER) as relay:
        for i, shared in enumerate(waiting):
            bob = Device(tmp_path / f"bob{i}", TIGRESS_RELAY=relay.origin)
            assert bob.accept(at(shared["url"], relay))["message"] == KEY
        ended = Device(tmp_path / "carol", TIGRESS_RELAY=relay.origin).share(KEY)
        sql(made.owner, "UPDATE tigress.mailbox SET expires_s = 1")
        until(lambda: values(made.owner, "SELECT count(*) FROM tigress.mailbox") == ["0"], "the sweep goes through the partitions")
        assert bob.run("accept", "-", given=ended["url"] + "\n").code != 0
    assert len(values(made.owner, "SELECT relid FROM pg_partition_tree('tigress.mailbox') WHERE isleaf")) == 16
    assert values(made.owner, "SELECT DISTINCT reloptions[1] FROM pg_class WHERE relname LIKE 'mailbox\\__'") == [
        "autovacuum_vacuum_scale_factor=0.02"]


def tables_of_the_next_version__serve_this_version_beside_it(made, tmp_path):
    """A next version that says it is compatible with this one: it adds, and takes nothing away."""
    with relay_on(tmp_path / "a", made, ONE_SERVER) as first:
        alice = Device(tmp_path / "alice", TIGRESS_RELAY=first.origin)
        shared = alice.share(KEY, "--rights", "RWD")
        sql(made.owner, "BEGIN; ALTER TABLE tigress.mailbox ADD COLUMN next bigint NOT NULL DEFAULT 0; "
            "CREATE TABLE tigress.next (id bigint PRIMARY KEY); INSERT INTO tigress.schema_version VALUES (3, 1); COMMIT")
        with relay_on(tmp_path / "b", made, ONE_SERVER, key=tmp_path / "a/data/relay.key") as second:
            bob = Device(tmp_path / "bob", TIGRESS_RELAY=second.origin)
            assert bob.accept(at(shared["url"], second))["message"] == KEY
            bob.answer(shared["id"], message("m2"))
        assert alice.must("receive", shared["id"])["message"] == message("m2")
    assert "version" in made.migrate().stderr  # the older program leaves the newer tables alone
    sql(made.owner, "INSERT INTO tigress.schema_version VALUES (4, 3)")
    assert_refused(relay_on(tmp_path / "b", made, ONE_SERVER), "version that this tigressd does not run")


def tables_of_the_first_version__refused_until_they_are_migrated(made, tmp_path):
    sql(made.owner, "DROP TABLE tigress.epoch; DELETE FROM tigress.schema_version WHERE version = 2")
    assert_refused(relay_on(tmp_path / "r", made, ONE_SERVER), "version that this tigressd does not run", "--migrate ROLE")
    assert made.migrate().returncode == 0
    with relay_on(tmp_path / "r", made, ONE_SERVER) as relay:
        Device(tmp_path / "alice", TIGRESS_RELAY=relay.origin).share(KEY)


def tables_of_a_later_version__refused(made, tmp_path):
    sql(made.owner, "INSERT INTO tigress.schema_version VALUES (99, 99)")
    assert_refused(relay_on(tmp_path / "r", made, ONE_SERVER), "version that this tigressd does not run")
    assert "version" in made.migrate().stderr


def no_synchronous_standby__refused_unless_it_is_one_server(made, tmp_path):
    assert_refused(relay_on(tmp_path / "r", made), "no synchronous standby", "require-synchronous = no")


def unknown_role__refused_without_its_name(made, tmp_path):
    made.relay = made.relay.replace(made.role, "nobody_here")
    relay = relay_on(tmp_path / "r", made, ONE_SERVER)
    assert_refused(relay, "refuses the role")
    assert b"nobody_here" not in relay.output("stderr")


def key_of_another_store__refused(made, tmp_path):
    with relay_on(tmp_path / "a", made, ONE_SERVER):
        pass
    with make_relay(tmp_path / "other", "plain-lmdb"):
        pass
    assert_refused(relay_on(tmp_path / "b", made, ONE_SERVER, key=tmp_path / "other/data/relay.key"), "key")


def no_key_for_a_store_in_use__refused(made, tmp_path):
    with relay_on(tmp_path / "a", made, ONE_SERVER):
        pass
    assert_refused(relay_on(tmp_path / "b", made, ONE_SERVER), "key file")


@pytest.mark.parametrize("mode, content, said", [
    (None, None, "no such file"), (0o644, "word\n", "accessible to every user"), (0o600, "", "empty or too long"),
    (0o600, "x" * 1001, "empty or too long")])
def password_file_of_no_use__refused_by_the_check(made, tmp_path, mode, content, said):
    path = tmp_path / "password"
    if content is not None:
        path.write_text(content)
        path.chmod(mode)
    relay = relay_on(tmp_path / "r", made, ONE_SERVER, "--store-password-file", str(path))
    checked = subprocess.run(relay.command() + ["--check-config"], capture_output=True, text=True, timeout=60, check=False,
                             env=sanitizer_env())
    assert checked.returncode == 2 and "store-password-file" in checked.stderr and said in checked.stderr
    assert "word" not in checked.stderr.replace("password", "")


def transfer_through_two_relays__each_step_through_another(made, tmp_path):
    with relay_on(tmp_path / "a", made, ONE_SERVER) as first, \
            relay_on(tmp_path / "b", made, ONE_SERVER, key=tmp_path / "a/data/relay.key") as second:
        alice, bob, stranger = (Device(tmp_path / name, TIGRESS_RELAY=first.origin) for name in ("alice", "bob", "eve"))
        shared = alice.share(KEY, "--rights", "RWD")
        elsewhere = shared["url"].replace(f":{first.port}/", f":{second.port}/")
        assert bob.accept(elsewhere, "--allow-relay", f"127.0.0.1:{second.port}")["message"] == KEY
        stranger.refused(1, "denied", "accept", "-", given=shared["url"] + "\n")
        bob.answer(shared["id"], message("m2"))
        assert alice.must("receive", shared["id"])["message"] == message("m2")
    with relay_on(tmp_path / "b", made, ONE_SERVER, key=tmp_path / "a/data/relay.key") as second:
        pass  # what is in the database outlives both


# ---- a restored backup ----------------------------------------------------------------------------

def restored(relay, what):
    got = subprocess.run(relay.command() + [f"--restored={what}"], capture_output=True, text=True, timeout=120, check=False,
                         env=sanitizer_env(), stdin=subprocess.DEVNULL)
    return got.returncode, got.stdout + got.stderr


class Backup:
    """The database as it was at the backup, in its place again: of two mailboxes one was claimed since."""

    def __init__(self, server, made, folder):
        self.made, self.folder = made, folder
        name = urllib.parse.urlsplit(made.owner).path[1:]
        with self.relay() as relay:
            alice = Device(folder / "alice", TIGRESS_RELAY=relay.origin)
            self.other, self.claimed = (alice.share(KEY, "--rights", "RWD") for _ in range(2))
        sql(server, f"CREATE DATABASE {name}_backup TEMPLATE {name}")
        with self.relay() as relay:
            assert self.device("bob", relay).accept(at(self.claimed["url"], relay))["message"] == KEY
        sql(server, f"DROP DATABASE {name} WITH (FORCE)")
        sql(server, f"ALTER DATABASE {name}_backup RENAME TO {name}")

    def relay(self):
        return relay_on(self.folder / "r", self.made, ONE_SERVER)

    def device(self, name, relay):
        return Device(self.folder / name, TIGRESS_RELAY=relay.origin)

    def opens(self, shared, relay, name):
        return self.device(name, relay).run("accept", "-", given=at(shared["url"], relay) + "\n").code == 0


@pytest.fixture
def backup(server, made, tmp_path):
    return Backup(server, made, tmp_path)


def epoch(made):
    return values(made.owner, "SELECT encode(value, 'hex') FROM tigress.fact WHERE name = 'epoch'")


def backup_dropped__nothing_that_ended_comes_back(backup):
    code, said = restored(backup.relay(), "drop-mailboxes")
    assert code == 0, said
    assert epoch(backup.made) == ["0000000000000001"]
    with backup.relay() as relay:
        assert not backup.opens(backup.claimed, relay, "eve") and not backup.opens(backup.other, relay, "eve2")
        assert backup.device("carol", relay).share(KEY)


def backup_kept__is_as_it_was(backup):
    code, said = restored(backup.relay(), "keep-mailboxes")
    assert code == 0, said
    with backup.relay() as relay:
        assert backup.opens(backup.claimed, relay, "eve"), "what was claimed since is open again: the manual warns of it"
        assert not backup.opens(backup.claimed, relay, "eve2")


def backup_in_use__cannot_be_dropped(backup):
    with backup.relay() as relay:
        code, said = restored(backup.relay(), "drop-mailboxes")
        assert code == 1 and "in use" in said
        assert backup.opens(backup.other, relay, "eve")


@pytest.fixture
def two(made, tmp_path):
    with relay_on(tmp_path / "a", made, ONE_SERVER) as first, \
            relay_on(tmp_path / "b", made, ONE_SERVER, key=tmp_path / "a/data/relay.key") as second:
        yield first, second


@pytest.mark.parametrize("cut", [
    "", "REVOKE EXECUTE ON FUNCTION pg_notify(text, text) FROM PUBLIC"], ids=["", "no_notification_can_be_sent"])
def long_poll_at_one_relay__ended_by_an_update_through_the_other(made, two, cut):
    first, second = two
    if cut:
        sql(made.owner, cut)
    with contextlib.closing(open_api(first)) as api, contextlib.closing(open_api(second)) as elsewhere, \
            contextlib.closing(open_api(first, timeout=120)) as waiting:
        box = api.bound_box()
        for version in (1, 2):
            polled = []
            thread = threading.Thread(target=lambda known=version: polled.append(waiting.wait(box, box.initiator, known, 60)))
            thread.start()
            until_long_polls(first, 1)
            assert elsewhere.update(box, box.recipient).status == 200
            thread.join()
            assert polled[0].status == 200 and polled[0].header("mailbox-version") == str(version + 1)


def executions(server, name):
    """How often the relays have run a prepared statement, from the server's log."""
    folder = urllib.parse.parse_qs(urllib.parse.urlsplit(server).query)["host"][0]
    return (pathlib.Path(folder) / "log").read_text(errors="replace").count(f"execute {name}: ")


def many_long_polls__looked_at_together(made, server, tmp_path):
    sql(made.owner, f"ALTER ROLE {made.role} SET log_statement = 'all'")
    with relay_on(tmp_path / "r", made, ONE_SERVER) as relay, contextlib.closing(open_api(relay)) as api, \
            contextlib.ExitStack() as open_sockets:
        boxes = [api.bound_box() for _ in range(40)]
        for box in boxes:
            sock = open_sockets.enter_context(socket.create_connection((relay.host, relay.port)))
            headers = "".join(f"{name}: {value}\r\n" for name, value in [(CLAIM, box.initiator), *wait_headers(1, 60)])
            sock.sendall(f"POST {box.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n{headers}\r\n".encode())
        until_long_polls(relay, len(boxes))
        until(lambda: executions(server, "tags") > 0, "a look")
        reads, looks = executions(server, "read"), executions(server, "tags")
        assert reads >= len(boxes)
        until(lambda: executions(server, "tags") > looks + 1, "looks")
        assert executions(server, "read") == reads
        assert executions(server, "tags") < looks + len(boxes)
