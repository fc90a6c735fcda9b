# SPDX-License-Identifier: Apache-2.0
"""A database over TCP: its server proves by TLS that it is the expected one, or is not used."""
import os
import pathlib
import subprocess
import sys

import pytest

from conftest import make_relay
from postgres_server import Server
from push_stand_in import Authority
from relay_process import WAITING, until
from test_postgres_outage import assert_up_and_not_ready, until_ready

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "deploy/cluster"))
from tigress_cluster.net import HOST, Ports  # noqa: E402

PORTS = Ports()
REFUSED = "its certificate"  # of the sentence in /readyz


class TlsServer(Server):
    def __init__(self):
        self.port = PORTS.take()
        super().__init__("fsync=off", f"listen_addresses={HOST}", port=self.port)
        self.pg("start")
        self.migrate()

    def present(self, paths):
        """The server's certificate and key from now on."""
        folder = pathlib.Path(self.folder)
        for name, path in zip(("server.pem", "server.key"), paths):
            (folder / name).write_bytes(pathlib.Path(path).read_bytes())
            (folder / name).chmod(0o600)
            os.chown(folder / name, folder.stat().st_uid, -1)
        self.sql(f"ALTER SYSTEM SET ssl_cert_file = '{folder}/server.pem'")
        self.sql(f"ALTER SYSTEM SET ssl_key_file = '{folder}/server.key'")
        self.sql("ALTER SYSTEM SET ssl = on")
        self.sql("SELECT pg_reload_conf()")
        until(lambda: self.ask("SHOW ssl") == "on", "TLS")

    def ask(self, statement):
        return subprocess.run(["psql", "-qXAtc", statement, self.url], check=True, timeout=60, capture_output=True, text=True).stdout.strip()

    def relay(self, folder, ca_file):
        url = f"postgresql://relay@{HOST}:{self.port}/postgres?sslmode=verify-full&sslrootcert={ca_file}"
        return make_relay(folder, "plain-lmdb", args=["--store", url, "--require-synchronous=no"])


@pytest.fixture
def server():
    made = TlsServer()
    try:
        yield made
    finally:
        made.remove()


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


def refused(relay):
    relay.start(WAITING)
    assert_up_and_not_ready(relay, REFUSED)


def right_certificate__every_connection_is_encrypted(server, authority, tmp_path):
    server.present(authority.issue([HOST]))
    with server.relay(tmp_path / "r", authority.ca_file) as relay:
        until_ready(relay)
        ours = "FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name LIKE 'tigressd%'"
        assert int(server.ask(f"SELECT count(*) {ours} AND ssl")) > 0
        assert server.ask(f"SELECT count(*) {ours} AND NOT ssl") == "0"


def certificate_for_another_name__not_used_until_it_is_mended(server, authority, tmp_path):
    server.present(authority.issue(["db.example"]))
    relay = server.relay(tmp_path / "r", authority.ca_file)
    refused(relay)
    server.present(authority.issue([HOST]))
    until_ready(relay)
    relay.stop()


def certificate_of_another_authority__not_used(server, authority, tmp_path):
    server.present(authority.issue([HOST]))
    relay = server.relay(tmp_path / "r", Authority(tmp_path / "other").ca_file)
    refused(relay)
    relay.stop()


def server_without_tls__not_used(server, authority, tmp_path):
    relay = server.relay(tmp_path / "r", authority.ca_file)
    refused(relay)
    relay.stop()
