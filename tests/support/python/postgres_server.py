# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of one test, in a folder of its own."""
import pathlib
import shutil
import subprocess
import tempfile
import urllib.parse

from relay_process import find_binary, sanitizer_env, until

PG_CLUSTER = pathlib.Path(__file__).resolve().parents[1] / "pg_cluster"
STANDBY = "standby_of_the_test"


class Server:
    """Not started. settings: of the server, "name=value"."""

    def __init__(self, *settings, port=None):
        self.folder = tempfile.mkdtemp(prefix="tg-pg-")
        self.settings = [*settings, *([f"port={port}"] if port else [])]
        at = f"&port={port}" if port else ""
        self.url = f"postgresql://postgres@/postgres?host={urllib.parse.quote(self.folder, safe='')}{at}"
        self.relay_url = self.url.replace("postgres@", "relay@", 1)
        self.standby = None

    def pg(self, command):
        settings = self.settings if command == "start" else []
        subprocess.run([PG_CLUSTER, command, self.folder, *settings], check=True, timeout=300, stdout=subprocess.DEVNULL)

    def sql(self, statement):
        subprocess.run(["psql", "-qXc", statement, self.url], check=True, timeout=60, stdout=subprocess.DEVNULL)

    def migrate(self):
        self.sql("CREATE ROLE relay LOGIN")
        subprocess.run([find_binary("tigressd"), "--plain-http", "--relay-key", "/nonexistent/key", "--store", self.url, "--migrate",
                        "relay"], check=True, timeout=60, env=sanitizer_env(), stdout=subprocess.DEVNULL)

    def require_standby(self):
        self.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'")
        self.sql("SELECT pg_reload_conf()")
        until(lambda: STANDBY in subprocess.run(["psql", "-qXAtc", "SHOW synchronous_standby_names", self.url], check=True,
                                                timeout=60, capture_output=True, text=True).stdout, "the setting")

    def start_standby(self):
        """A receiver that confirms what it has written to its disk is one."""
        binary = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/pg_receivewal"))[-1]
        folder = pathlib.Path(self.folder) / "standby"
        folder.mkdir(exist_ok=True)
        self.standby = subprocess.Popen([binary, "--synchronous", "-D", folder, "-d",
                                         f"user=postgres host={self.folder} application_name={STANDBY}"])

    def remove(self):
        if self.standby:
            self.standby.kill()
            self.standby.wait()
        self.pg("stop")
        shutil.rmtree(self.folder, ignore_errors=True)
