# SPDX-License-Identifier: Apache-2.0
"""One process of the cluster, started, ended and started again by its number."""
import contextlib
import os
import pathlib
import pwd
import signal
import subprocess
import time

WAIT_S = 60  # for what must come; never how long it takes
STOP_S = 20


class ClusterError(Exception):
    """A part of the cluster did not do what it must."""


def until(is_true, what, wait_s=WAIT_S, pause_s=0.02):
    """Waits until it is, and returns what it gave."""
    end = time.monotonic() + wait_s
    while True:
        got = is_true()
        if got:
            return got
        if time.monotonic() > end:
            raise ClusterError(f"not within {wait_s} s: {what}")
        time.sleep(pause_s)


def unprivileged():
    """The user for PostgreSQL, which refuses to run as root: that of the package, or ourselves."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise ClusterError("root may not run PostgreSQL, and there is no user postgres or nobody")


class Process:
    """A program in its own session, so that Ctrl-C reaches only us. Its output goes to a file."""

    def __init__(self, name, command, log, user=None, env=None):
        self.name = name
        self.command = [str(word) for word in command]
        self.log = pathlib.Path(log)
        self.user = user if os.geteuid() == 0 else None
        self.env = env or {}  # in addition to ours
        self.process = None

    def start(self):
        as_user = {}
        if self.user:
            entry = pwd.getpwnam(self.user)
            as_user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                                            env={**os.environ, **self.env}, start_new_session=True, **as_user)
        return self

    @property
    def pid(self):
        return self.process.pid

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def kill(self):
        """SIGKILL, also when it is stopped by SIGSTOP."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self, wait_s=STOP_S):
        """SIGTERM; SIGKILL to one that does not end. Returns its exit code."""
        if self.process is None:
            return None
        self.signal(signal.SIGTERM)
        try:
            code = self.process.wait(wait_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process = None
        return code

    def output(self):
        with contextlib.suppress(OSError):
            return self.log.read_text(errors="replace")
        return ""

    def must_live(self):
        if not self.is_alive():
            raise ClusterError(f"{self.name} has ended:\n{self.output()[-3000:]}")
        return True


def run(command, user=None, **options):
    """Runs a program to its end; raises with its output if it fails."""
    as_user = {}
    if user and os.geteuid() == 0:
        entry = pwd.getpwnam(user)
        as_user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, **as_user, **options)
    if done.returncode:
        raise ClusterError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
