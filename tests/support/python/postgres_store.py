# SPDX-License-Identifier: Apache-2.0
"""Relays under test on PostgreSQL, by a switch: TIGRESS_TEST_STORE=postgresql.

The server is given by TIGRESS_TEST_POSTGRES, a connection string of a superuser (`tests/support/pg_cluster run` sets
it). Each data folder of a relay has a database of its own, so a relay that starts again finds its mailboxes.
"""
import hashlib
import os
import subprocess
import urllib.parse

SWITCH, SERVER = "TIGRESS_TEST_STORE", "TIGRESS_TEST_POSTGRES"
# One server without a standby.
ARGS = ("--require-synchronous=no",)


def is_on():
    value = os.environ.get(SWITCH, "")
    if value not in ("", "postgresql"):
        raise ValueError(f"{SWITCH}={value} (expected: postgresql, or unset)")
    return value == "postgresql"


def store_for(data, tigressd, env):
    """The connection string of the data folder's database, which is made with its tables if it is new."""
    server = os.environ[SERVER]
    name = "t" + hashlib.sha256(os.path.realpath(data).encode()).hexdigest()[:24]
    parts = urllib.parse.urlsplit(server)
    url = urllib.parse.urlunsplit(parts._replace(path="/" + name))
    made = subprocess.run(["psql", server, "-qXc", f"CREATE DATABASE {name}"], capture_output=True, text=True, check=False)
    if made.returncode == 0:
        done = subprocess.run([tigressd, "--dev", "--data", data, "--store", url, "--migrate", parts.username], capture_output=True, text=True,
                              check=False, env=env)
        if done.returncode:
            raise RuntimeError(f"tigressd --migrate ended with {done.returncode}: {done.stderr}")
    elif "already exists" not in made.stderr:
        raise RuntimeError(made.stderr)
    return url
