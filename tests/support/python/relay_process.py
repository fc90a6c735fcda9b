# SPDX-License-Identifier: Apache-2.0
"""Starts and stops real tigressd processes on loopback, each with its own port and folder."""
import os
import re
import signal
import subprocess
import time
import urllib.request

import postgres_store

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 45
WAIT_S = 60  # how long a test waits for what must come; never how long it takes
SANITIZER_MARKS = (b"ERROR: AddressSanitizer", b"ERROR: LeakSanitizer", b"runtime error:",
                   b"WARNING: ThreadSanitizer", b"SUMMARY: UndefinedBehaviorSanitizer")
ADDRESSES = (rb" on (https?)://([0-9.]+|\[[0-9a-f:]+\]):(\d+)"
             rb"(?: admin (?:http://)?([0-9.]+|\[[0-9a-f:]+\]):(\d+))?")
READY = re.compile(rb"tigressd: ready" + ADDRESSES)
WAITING = re.compile(rb"tigressd: not ready, waiting for the database," + ADDRESSES)


class RelayError(Exception):
    """tigressd did not start, or did not stop as expected."""


def bin_dir():
    """The build tree's folder of binaries, given by ctest."""
    return os.environ.get("TIGRESS_BIN_DIR", "")


def find_binary(name):
    """A binary of this build: in the folder itself or in its source folder's place."""
    for sub in ("", "src/server", "src/cli", "bin"):
        path = os.path.join(bin_dir(), sub, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise RelayError(f"{name} is not in TIGRESS_BIN_DIR={bin_dir()!r}")


def sanitizer_env():
    """Reports go to standard error and end the process; the quarantine stays small, so that a
    memory bound means something under AddressSanitizer too. Each call has its local variables in
    a frame that other functions seldom reuse, so that the privacy tests find what a function
    does not wipe. From GCC 13 on this is the default."""
    env = dict(os.environ)
    env["ASAN_OPTIONS"] = ("exitcode=86:quarantine_size_mb=8:detect_stack_use_after_return=1:"
                           + env.get("ASAN_OPTIONS", ""))
    env["UBSAN_OPTIONS"] = "print_stacktrace=1:" + env.get("UBSAN_OPTIONS", "")
    return env


class Relay:
    """One tigressd. Output goes to files in `folder`, because the privacy test reads it."""

    def __init__(self, folder, args=(), is_plain=False, is_dev=True, store=None, data=None,
                 port=0, groups=None, env=None):
        self.folder = str(folder)
        self.data = str(data) if data else os.path.join(self.folder, "data")
        self.args = list(args)
        self.is_plain = is_plain
        self.is_dev = is_dev
        self.store = store
        self.want_port = port
        self.env = env or {}  # in addition to ours
        self.groups = groups  # supplementary groups that the process starts with; None: ours
        self.process = None
        self.host = "127.0.0.1"
        self.port = 0
        self.admin_port = 0
        self.runs = 0

    def command(self):
        out = [find_binary("tigressd"), "--listen", f"127.0.0.1:{self.want_port}"]
        if "--admin" not in self.args:
            out += ["--admin", "127.0.0.1:0"]
        if self.is_dev:
            out.append("--dev")
        if self.data:
            out += ["--data", self.data]
        if self.store:
            out += ["--store", self.store]
        elif postgres_store.is_on():
            out += ["--store", postgres_store.store_for(self.data, out[0], sanitizer_env()), *postgres_store.ARGS]
        if self.is_plain:
            out.append("--plain-http")
        return out + self.args

    @property
    def ca_file(self):
        return None if self.is_plain else os.path.join(self.data, "dev-ca.pem")

    @property
    def origin(self):
        return f"{'http' if self.is_plain else 'https'}://{self.host}:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def output_path(self, kind):
        return os.path.join(self.folder, f"{kind}.{self.runs}")

    def output(self, kind, run=None):
        path = os.path.join(self.folder, f"{kind}.{self.runs if run is None else run}")
        with open(path, "rb") as file:
            return file.read()

    def start(self, line=READY):
        """Returns when the relay has reported that it is ready, or has written another line with its addresses."""
        os.makedirs(self.folder, exist_ok=True)
        self.runs += 1
        with open(self.output_path("stdout"), "wb") as out, \
                open(self.output_path("stderr"), "wb") as err:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=err, env={**sanitizer_env(), **self.env},
                                            cwd=self.folder,
                                            extra_groups=self.groups)
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end:
            found = line.search(self.output("stdout"))
            if found:
                self.port = int(found.group(3))
                self.admin_port = int(found.group(5) or 0)
                return self
            if self.process.poll() is not None:
                raise RelayError(f"exit {self.process.returncode}: "
                                 + self.output("stderr").decode(errors="replace"))
            time.sleep(0.003)
        self.kill()
        raise RelayError("not ready in time")

    def signal(self, number):
        os.kill(self.process.pid, number)

    def stop(self):
        """SIGTERM; raises unless it exits 0 and nothing was reported."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        self.wait_stopped()

    def wait_stopped(self, expect=0):
        try:
            code = self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RelayError("did not stop within %d s of SIGTERM" % STOP_TIMEOUT_S) from None
        self.process = None
        self.check_output()
        if code != expect:
            raise RelayError(f"exit code {code}, expected {expect}: "
                             + self.output("stderr").decode(errors="replace")[-2000:])

    def check_output(self):
        """Raises on a sanitizer's report."""
        text = self.output("stderr")
        for mark in SANITIZER_MARKS:
            at = text.find(mark)
            if at >= 0:
                raise RelayError(text[at:at + 4000].decode(errors="replace"))

    def kill(self):
        """kill -9 of this process only."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def memory_kib(self):
        """Resident memory."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        raise RelayError("no VmRSS")

    def ceiling_mib(self, process="relay"):
        """The most anonymous memory that --print-config states. process: relay or "push process"."""
        text = subprocess.run(self.command() + ["--print-config"], capture_output=True, check=True,
                              env={**sanitizer_env(), **self.env}, cwd=self.folder).stdout
        return int(re.search(rb"%s(?: at most)? (\d+)MiB" % process.encode(), text).group(1))

    def fd_count(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
        else:
            self.kill()


def until(is_true, what):
    """Waits until it is, and returns what it gave."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        got = is_true()
        if got:
            return got
        time.sleep(0.005)
    raise AssertionError(f"not within {WAIT_S} s: {what}")


SHORT_LIVES_S = (1, 2, 4, 8, 16, 32)


def in_a_short_life(act):
    """What act(life_s) returns, where act makes something that lives for so many seconds or longer, and does all that has
    to be done before it expires. On a slow machine a life of one second is over before the relay reads the request; so
    an act that failed is repeated with a longer life, unless its life was not over."""
    for life_s in SHORT_LIVES_S:
        end = int(time.time()) + life_s  # whole seconds, as an expiration has them
        try:
            return act(life_s)
        except AssertionError:
            if time.time() < end or life_s == SHORT_LIVES_S[-1]:
                raise
    raise AssertionError("unreachable")


def until_expired(expires_s):
    """Until the clock of this machine, which its relays read some milliseconds late, shows a later time."""
    time.sleep(max(0, expires_s - time.time()) + 0.02)


def metrics(relay):
    """{name with labels: value}."""
    url = f"http://127.0.0.1:{relay.admin_port}/metrics"
    with urllib.request.urlopen(url, timeout=WAIT_S) as answer:
        text = answer.read().decode()
    return {name: float(value) for name, value in re.findall(r"^(tigress_\S+) (\S+)$", text, re.M)}


def until_long_polls(relay, count):
    """Until the relay has this many long polls that wait."""
    until(lambda: metrics(relay)["tigress_long_polls"] == count, f"{count} long polls")


def until_no_connection(relay):
    """Until all clients' connections are closed. The one that reads the metrics counts too."""
    until(lambda: metrics(relay)["tigress_connections"] == 1, "all connections closed")


SANITIZED_FROM_KIB = 1 << 33  # 8 TiB: a shadow


def rss_anon_kib(pid):
    """Anonymous memory that the process has. None: it has a sanitizer, whose own memory is part of it."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        lines = dict(line.split(":", 1) for line in file)
    return None if int(lines["VmSize"].split()[0]) >= SANITIZED_FROM_KIB else int(lines["RssAnon"].split()[0])


def run_refused(args, timeout=START_TIMEOUT_S, env=None):
    """Runs tigressd with arguments it must refuse: (exit code, standard error)."""
    got = subprocess.run([find_binary("tigressd")] + list(args), stdin=subprocess.DEVNULL,
                         capture_output=True, timeout=timeout, env={**sanitizer_env(), **(env or {})}, check=False)
    return got.returncode, got.stderr.decode(errors="replace")
