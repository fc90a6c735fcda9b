# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL under Patroni, and etcd, which Patroni uses to elect the primary."""
import json
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import urllib.error
import urllib.request

import psycopg2
import yaml

from tigress_cluster import guard
from tigress_cluster.net import HOST
from tigress_cluster.process import ClusterError, Process, run, unprivileged, until

ASK_S = 2
PAUSE_S = 0.1
NODES = 3
# What an operator would use: ttl >= loop_wait + 2 * retry_timeout. A primary that dies with its Patroni is replaced
# after ttl. The second row is for tests and for people who watch.
TIMES = {"production": {"ttl": 20, "loop_wait": 5, "retry_timeout": 5},
         "quick": {"ttl": 10, "loop_wait": 2, "retry_timeout": 3}}
# Not 0. The synchronous standby has everything that was acknowledged, and no other one is promoted. A limit counts what
# the dead primary had written and nobody acknowledged: a standby that stalled before would never be promoted.
LAG_MAX = 1 << 40
SETTINGS = {
    "shared_buffers": "64MB", "max_connections": 100, "max_wal_size": "512MB", "wal_log_hints": "on",
    "synchronous_commit": "on", "ssl": "on", "dynamic_shared_memory_type": "mmap",
    # A connection whose client has gone is noticed.
    "tcp_keepalives_idle": 5, "tcp_keepalives_interval": 2, "tcp_keepalives_count": 3,
    # No key of a mailbox reaches the log.
    "log_min_error_statement": "panic", "log_statement": "none", "log_min_duration_statement": -1,
    "log_parameter_max_length_on_error": 0, "log_connections": "off", "log_disconnections": "off",
}

ROLES = pathlib.Path(__file__).resolve().parents[2] / "postgresql/roles.sql"


def find_bin():
    """The folder of the newest server's programs."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not found:
        raise ClusterError("no PostgreSQL server is installed (package: postgresql)")
    return found[-1].parent


def missing_programs(tigressd, programs=("patroni", "etcd", "haproxy", "openssl")):
    """What the cluster needs, and this machine or this build lacks."""
    lacking = [name for name in programs if not shutil.which(name, path=full_path())]
    try:
        find_bin()
    except ClusterError:
        lacking.append("postgresql")
    if "--migrate" not in run([tigressd, "--help"]):
        lacking.append("a tigressd with the store on PostgreSQL")
    return lacking


def full_path():
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def get_json(port, path):
    """What the REST interface of a Patroni says, or None while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}{path}", timeout=ASK_S) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        # A node that is not running says so with 503 and the same text.
        try:
            return json.loads(error.read())
        except ValueError:
            return None
    except (OSError, ValueError):
        return None


def write_private(path, text, user):
    path.touch(mode=0o600)
    path.write_text(text)
    if os.geteuid() == 0:
        shutil.chown(path, user, pwd.getpwnam(user).pw_gid)


class Etcd:
    """An etcd cluster: three nodes as in production, or one where only PostgreSQL's faults are of interest."""

    def __init__(self, folder, ports, user, count):
        self.nodes = []
        members = [(f"etcd{n + 1}", ports.take(), ports.take()) for n in range(count)]
        peers = ",".join(f"{name}=http://{HOST}:{peer}" for name, _, peer in members)
        self.addresses = [f"{HOST}:{client}" for _, client, _ in members]
        for name, client, peer in members:
            self.nodes.append(Process(name, [
                "etcd", "--name", name, "--data-dir", folder / name, "--log-level", "error",
                "--listen-client-urls", f"http://{HOST}:{client}", "--advertise-client-urls", f"http://{HOST}:{client}",
                "--listen-peer-urls", f"http://{HOST}:{peer}", "--initial-advertise-peer-urls",
                f"http://{HOST}:{peer}", "--initial-cluster", peers], folder / f"{name}.log", user))

    def start(self):
        for node in self.nodes:
            node.start()
        port = int(self.addresses[0].rpartition(":")[2])
        until(lambda: self.nodes[0].must_live() and (get_json(port, "/health") or {}).get("health") == "true",
              "etcd has a leader")


class Node:
    """One PostgreSQL server with its Patroni."""

    def __init__(self, database, number, ports):
        self.name = f"pg{number}"
        self.database = database
        self.port = ports.take()
        self.rest_port = ports.take()
        self.folder = database.folder / self.name
        self.data = self.folder / "data"
        self.advertised_port = self.port  # tests put a proxy in front of it
        self.patroni = Process(f"patroni of {self.name}", ["patroni", self.folder / "patroni.yml"],
                               database.folder / f"{self.name}.log", database.user)

    def write_config(self):
        self.folder.mkdir(mode=0o700)
        for name in ("server.pem", "server.key"):
            shutil.copy(self.database.folder / name, self.folder / name)
        write_private(self.folder / "patroni.yml", yaml.safe_dump(self.config()), self.database.user)
        if os.geteuid() == 0:
            for path in [self.folder, *self.folder.iterdir()]:
                shutil.chown(path, self.database.user, pwd.getpwnam(self.database.user).pw_gid)

    def config(self):
        database = self.database
        return {
            "scope": "tigress", "name": self.name,
            "restapi": {"listen": f"{HOST}:{self.rest_port}", "connect_address": f"{HOST}:{self.rest_port}"},
            "etcd3": {"hosts": database.etcd.addresses},
            "bootstrap": {
                "dcs": {**database.times, "maximum_lag_on_failover": LAG_MAX, "primary_start_timeout": 0,
                        "synchronous_mode": True, "synchronous_mode_strict": True,
                        "postgresql": {"use_pg_rewind": True, "use_slots": True, "parameters": SETTINGS}},
                "initdb": ["data-checksums", {"encoding": "UTF8"}, {"locale": "C"}],
            },
            "postgresql": {
                "listen": f"{HOST}:{self.port}", "connect_address": f"{HOST}:{self.advertised_port}",
                "data_dir": str(self.data), "bin_dir": str(find_bin()), "pgpass": str(self.folder / "pgpass"),
                "authentication": {"superuser": {"username": database.user, "password": database.superuser_password},
                                   "replication": {"username": "replicator",
                                                   "password": database.replication_password}},
                "parameters": {"unix_socket_directories": str(self.folder), "ssl_cert_file":
                               str(self.folder / "server.pem"), "ssl_key_file": str(self.folder / "server.key")},
                "pg_hba": [f"local all {database.user} scram-sha-256", f"host all {database.user} {HOST}/32 scram-sha-256",
                           f"host replication replicator {HOST}/32 scram-sha-256",
                           f"hostssl {database.name} all {HOST}/32 scram-sha-256"],
            },
            "watchdog": {"mode": "off"},
        }

    def start(self):
        self.patroni.start()

    def state(self):
        """What this node says about itself: {} while it does not answer."""
        return get_json(self.rest_port, "/patroni") or {}

    def is_primary(self):
        state = self.state()
        return state.get("state") == "running" and state.get("role") in ("master", "primary")

    def postmaster(self):
        return guard.postmaster_of(self.data)

    def backends(self):
        """The processes of the server, the postmaster first."""
        postmaster = self.postmaster()
        if postmaster is None:
            return []
        return [postmaster] + [pid for pid, above in guard.parents().items() if above == postmaster]

    def kill_postmaster(self):
        """SIGKILL of the postmaster alone. Patroni may make the same server primary again: that is no failover."""
        pid = self.postmaster()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    def kill(self):
        """SIGKILL of Patroni and PostgreSQL: the machine is gone. Its lead ends after ttl."""
        self.patroni.kill()
        self.kill_postmaster()

    def crash(self):
        """SIGKILL of PostgreSQL; Patroni ends in order and so gives up the lead at once."""
        self.kill_postmaster()
        self.patroni.stop()

    def pause(self):
        """SIGSTOP of Patroni and all of PostgreSQL: a machine that hangs."""
        stopped = [self.patroni.pid, *self.backends()]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        return stopped

    def resume(self, stopped):
        for pid in stopped:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass


class Database:
    """Three PostgreSQL servers, one primary and two standbys, of which one is synchronous at any time."""

    def __init__(self, folder, ports, authority, etcd_count=3, times="production"):
        self.folder = folder / "database"
        self.folder.mkdir(mode=0o755)
        self.user = unprivileged()
        self.name = "tigress"
        self.times = TIMES[times]
        self.superuser_password, self.replication_password, self.owner_password, self.relay_password = (
            secrets.token_hex(16) for _ in range(4))
        if os.geteuid() == 0:
            shutil.chown(self.folder, self.user)
        authority.issue(self.folder / "server.pem", self.folder / "server.key")
        self.etcd = Etcd(self.folder, ports, self.user, etcd_count)
        self.nodes = [Node(self, n + 1, ports) for n in range(NODES)]

    def start(self):
        """Returns when there is a primary with a synchronous standby, and two standbys that follow."""
        self.etcd.start()
        for node in self.nodes:
            node.write_config()
        self.nodes[0].start()
        until(lambda: self.nodes[0].patroni.must_live() and self.nodes[0].is_primary(), "the first server is primary",
              pause_s=PAUSE_S)
        for node in self.nodes[1:]:
            node.start()
        self.until_redundant()

    def make_database(self):
        """The database, the role that owns its tables, and the role of the relays, which owns nothing."""
        run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-v", "owner=tigress_owner", "-v", "role=tigress", "-v", f"database={self.name}",
             "-f", ROLES, f"host={HOST} port={self.until_primary().port} user={self.user} dbname=postgres"],
            env={**os.environ, "PGPASSWORD": self.superuser_password})
        for role, password in (("tigress_owner", self.owner_password), ("tigress", self.relay_password)):
            self.query(f"ALTER ROLE {role} PASSWORD '{password}'")

    def primary(self):
        """The node that says of itself that it is primary, or None."""
        return next((node for node in self.nodes if node.is_primary()), None)

    def until_primary(self):
        return until(self.primary, "a primary", pause_s=PAUSE_S)

    def connect(self, node, name="postgres"):
        """A superuser's connection, in autocommit."""
        connection = psycopg2.connect(host=HOST, port=node.port, user=self.user, password=self.superuser_password,
                                      dbname=name, connect_timeout=ASK_S)
        connection.autocommit = True
        return connection

    def query(self, sql, node=None, name="postgres"):
        """All rows of a statement; [] for one without rows."""
        connection = self.connect(node or self.until_primary(), name)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def replicas(self):
        """{name of a standby: sync or async}, as the primary sees those that stream."""
        node = self.primary()
        if node is None:
            return {}
        try:
            return dict(self.query("SELECT application_name, sync_state FROM pg_stat_replication "
                                   "WHERE state = 'streaming'", node))
        except psycopg2.Error:
            return {}

    def until_redundant(self, standbys=NODES - 1):
        """Until so many standbys stream and Patroni has noted a synchronous one, which it would make primary."""
        def is_redundant():
            members = {}
            for node in self.nodes:
                if node.patroni.is_alive():
                    members = get_json(node.rest_port, "/cluster") or {}
                    break
            roles = [member.get("role") for member in members.get("members", [])]
            return "sync_standby" in roles and len(self.replicas()) >= standbys
        until(is_redundant, f"{standbys} standbys, one of them synchronous", 120, PAUSE_S)

    def sync_standby(self):
        """The node that is the synchronous standby, or None."""
        states = self.replicas()
        return next((node for node in self.nodes if states.get(node.name) in ("sync", "quorum")), None)

    def timeline(self, node):
        return node.state().get("timeline")

    def set_synchronous(self, is_synchronous):
        """Changes Patroni's settings of the cluster."""
        body = json.dumps({"synchronous_mode": is_synchronous, "synchronous_mode_strict": is_synchronous}).encode()
        request = urllib.request.Request(f"http://{HOST}:{self.until_primary().rest_port}/config", body, method="PATCH",
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=ASK_S) as answer:
            answer.read()

    def stop(self):
        """Standbys first: nobody is elected meanwhile. Then the primary, then etcd."""
        primary = self.primary()
        for node in sorted(self.nodes, key=lambda node: node is primary):
            node.patroni.stop()
        for node in self.etcd.nodes:
            node.stop()
