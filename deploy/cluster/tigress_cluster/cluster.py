# SPDX-License-Identifier: Apache-2.0
"""The whole cluster: etcd, Patroni with PostgreSQL, relays, HAProxy, all on loopback."""
from tigress_cluster.database import Database
from tigress_cluster.net import HOST, Ports
from tigress_cluster.process import run
from tigress_cluster.relays import Balancer, Relay, key_text
from tigress_cluster.tls import Authority


def write_private(path, text):
    path.touch(mode=0o600)
    path.write_text(text)


class Cluster:
    """
    program     tigressd
    folder      where all files go
    relays      how many
    front       haproxy: clients come through it, with TLS; plain: they come to the relays, without TLS
    etcd_count  3 as in production; 1 where only the faults of PostgreSQL count
    times       a row of database.TIMES
    settings    further settings of every relay
    """

    def __init__(self, program, folder, relays=2, front="haproxy", etcd_count=3, times="production", settings=None):
        self.program = program
        self.folder = folder
        self.ports = Ports()
        self.authority = Authority(folder)
        self.ca_file = self.authority.file
        self.database = Database(folder, self.ports, self.authority, etcd_count, times)
        self.key_file, self.password_file, self.owner_password_file = (
            folder / name for name in ("relay.key", "database-password", "owner-password"))
        write_private(self.key_file, key_text())
        write_private(self.password_file, self.database.relay_password + "\n")
        write_private(self.owner_password_file, self.database.owner_password + "\n")
        self.authority.issue(folder / "relay.pem", folder / "relay-key.pem")
        self.relays = [Relay(program, folder, n + 1, self.ports) for n in range(relays)]
        self.balancer = Balancer(folder, self.ports, self.relays) if front == "haproxy" else None
        for relay in self.relays:
            relay.settings.update(self.relay_settings(relay), **(settings or {}))

    def relay_settings(self, relay):
        settings = {"relay-key": self.key_file, "store": self.store_url("tigress"),
                    "store-password-file": self.password_file}
        if self.balancer:
            return {**settings, "public-url": self.balancer.origin, "tls-cert": self.folder / "relay.pem",
                    "tls-key": self.folder / "relay-key.pem", "proxy-protocol": "v2", "trusted-proxies": HOST}
        return {**settings, "public-url": f"http://{HOST}:{relay.port}", "plain-http": "yes"}

    def store_url(self, role, ports=None):
        """All servers: the relay finds the primary among them."""
        ports = ports or [node.port for node in self.database.nodes]
        hosts = ",".join(f"{HOST}:{port}" for port in ports)
        return f"postgresql://{role}@{hosts}/tigress?sslmode=verify-full&sslrootcert={self.ca_file}"

    def migrate(self):
        """The roles and the database, and the tables in it, as the owner of the tables makes them."""
        self.database.make_database()
        self.relays[0].write_config()
        return run([self.program, "--config", self.relays[0].config, "--store", self.store_url("tigress_owner"), "--store-password-file",
                    self.owner_password_file, "--migrate", "tigress"])

    def start_relays(self):
        for relay in self.relays:
            relay.start()
        for relay in self.relays:
            relay.until_ready()
        if self.balancer:
            self.balancer.start()

    def start(self):
        self.database.start()
        self.migrate()
        self.start_relays()

    def stop(self):
        """In the order in which nothing is in doubt: clients first, the database last."""
        if self.balancer:
            self.balancer.process.stop()
        for relay in self.relays:
            relay.process.stop()
        self.database.stop()
