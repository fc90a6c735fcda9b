# SPDX-License-Identifier: Apache-2.0
"""A cluster under test, and what can happen to it."""
import os
import pathlib
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "deploy" / "cluster"), str(HERE.parent / "support" / "python"), str(HERE)]
sys.dont_write_bytecode = True

from relay_process import SANITIZER_MARKS, find_binary, sanitizer_env  # noqa: E402  (the path comes first)
from tcp_proxy import Proxy  # noqa: E402
from tigress_cluster.cluster import Cluster  # noqa: E402
from tigress_cluster.database import PAUSE_S  # noqa: E402
from tigress_cluster.guard import guarded  # noqa: E402
from tigress_cluster.process import ClusterError, until  # noqa: E402

PROGRAMS = ("patroni", "etcd", "openssl")  # besides PostgreSQL and tigressd
# No limit on what one network does: all devices come from one address.
OPEN = {"rate": 0, "mailboxes-per-day": 0, "max-connection-requests": 1000000000}
STALL_S = 1.5
# A session that holds the lock of NOTIFY while it waits for a standby: all other commits with a NOTIFY wait for it.
NOTIFY_WAITS = """SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'object' AND
l.classid = 'pg_database'::regclass AND l.objid = 0 AND l.granted AND a.wait_event = 'SyncRep'"""


def guarded_world(work, **options):
    """Runs work(world) with a world made with these options, guarded; describes the world if it fails."""
    def described(folder):
        test = World(folder, **options)
        try:
            return work(test)
        except Exception:
            print(test.logs(), file=sys.stderr)
            raise
    return guarded(described)


class World:
    """A cluster whose relays reach each server through a proxy of their own, and whose servers reach each other so, too.

    clocks   makes {number of a relay: environment for its process}, given the folder
    """

    def __init__(self, folder, relays=2, settings=None, times="quick", clocks=None, delay_s=0):
        self.cluster = Cluster(find_binary("tigressd"), folder, relays, front="plain", etcd_count=1, times=times,
                               settings={**OPEN, **(settings or {})})
        self.database = self.cluster.database
        self.relays = self.cluster.relays
        environments = clocks(folder) if clocks else {}
        self.replication = {}
        for node in self.database.nodes:
            self.replication[node.name] = proxy = Proxy(node.port, delay_s)
            node.advertised_port = proxy.port
        self.proxies = {}
        for number, relay in enumerate(self.relays):
            self.proxies[relay.name] = {node.name: Proxy(node.port) for node in self.database.nodes}
            relay.settings["store"] = self.cluster.store_url(
                "tigress", [proxy.port for proxy in self.proxies[relay.name].values()])
            relay.process.env = {**sanitizer_env(), **environments.get(number, {})}
        self.failovers = 0

    @property
    def ports(self):
        return [relay.port for relay in self.relays]

    def start(self):
        self.cluster.start()

    def stop(self):
        """In order; every relay must end well, and no sanitizer may have found anything."""
        for relay in self.relays:
            code = relay.process.stop()
            if code != 0:
                raise ClusterError(f"{relay.name} ended with {code}:\n{relay.process.output()[-3000:]}")
        self.check_output()
        self.database.stop()

    def check_output(self):
        for relay in self.relays:
            output = relay.process.output().encode()
            for mark in SANITIZER_MARKS:
                if mark in output:
                    raise ClusterError(output[output.find(mark):][:4000].decode(errors="replace"))

    def logs(self):
        """The ends of all logs, for a person who looks for the reason of a failure."""
        files = [node.patroni.log for node in self.database.nodes] + [relay.process.log for relay in self.relays]
        return "\n".join(f"== {file}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-15:]) for file in files
                         if file.exists())

    # ---- what happens ----

    def fail_over(self, how="crash"):
        """The primary is killed; returns when another server is primary. Counts only if that is so."""
        self.database.until_redundant()  # two faults at once are not survived
        before = self.database.until_primary()
        timeline = self.database.timeline(before)
        getattr(before, how)()
        until(lambda: self.database.primary() not in (None, before), f"a primary instead of {before.name}",
              pause_s=PAUSE_S)
        now = self.database.primary()
        if now is before or self.database.timeline(now) <= timeline:
            raise ClusterError("the timeline did not change: this was no failover")
        self.failovers += 1
        return before

    def rejoin(self, node):
        """The killed server comes back as a standby."""
        node.start()
        self.database.until_redundant()

    def cut_in_commit(self, count=4):
        """Connections between relays and the primary end while a request is on its way, or its answer."""
        primary = self.database.until_primary()
        cut = [proxies[primary.name] for proxies in self.proxies.values()]
        want = [proxy.cuts_made + count for proxy in cut]
        for proxy in cut:
            proxy.cut_in_commit(count)
        until(lambda: all(proxy.cuts_made >= made for proxy, made in zip(cut, want)), "connections are cut")

    def stall_standby(self, meanwhile=None):
        """The synchronous standby stops for a while: nothing can be acknowledged meanwhile."""
        standby = until(self.database.sync_standby, "a synchronous standby", pause_s=PAUSE_S)
        stopped = standby.backends()
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(STALL_S)
            if meanwhile:
                meanwhile()
        finally:
            standby.resume(stopped)

    def cut_replication(self):
        """The standbys lose the primary for a while."""
        proxy = self.replication[self.database.until_primary().name]
        proxy.is_refusing = True
        proxy.cut()
        time.sleep(STALL_S)
        proxy.is_refusing = False

    def kill_relay(self, relay):
        relay.process.kill()
        relay.process.start()
        relay.until_ready()

    def must_not_notify_in_transactions(self):
        """While a standby stalls: who waits for it must not hold the lock that all other NOTIFY need."""
        waits = self.database.query(NOTIFY_WAITS)[0][0]
        if waits:
            raise ClusterError(f"{waits} session(s) wait for a standby with the lock of NOTIFY")
