# SPDX-License-Identifier: Apache-2.0
"""Whatever ends a cluster, no process of it is left, and its folder is gone."""
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WAIT_S = 60
# Starts a child, and a daemon that leaves its session and its parent and ignores most signals, or all that it can (stubborn).
PROGRAM = """
import os, pathlib, signal, subprocess, sys, time
sys.path.insert(0, sys.argv[1])
from tigress_cluster import guard
from tigress_cluster.guard import guarded
guard.IMMEDIATE_S = 0.5
IGNORED = "(2, 3, 15)" if sys.argv[2] == "stubborn" else "(2, 15)"
DAEMON = f"import signal, time; [signal.signal(n, signal.SIG_IGN) for n in {IGNORED}]; time.sleep(1000)"
def work(folder):
    child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    daemon = int(subprocess.run([sys.executable, "-c", "import subprocess, sys; print(subprocess.Popen([sys.executable, "
        "'-c', sys.argv[1]], start_new_session=True, stdout=subprocess.DEVNULL).pid)", DAEMON], stdout=subprocess.PIPE,
        check=True).stdout)
    print(os.getpid(), child.pid, daemon, folder, flush=True)
    end = sys.stdin.readline().strip()
    if end == "raise":
        raise ValueError("a fault of the work")
    if end == "exit":
        return 7
    while True:
        time.sleep(1)
sys.exit(guarded(work))
"""


class Running:
    """A guarded program, and the processes that it told of."""

    def __init__(self, daemon=""):
        self.process = subprocess.Popen([sys.executable, "-B", "-c", PROGRAM, str(ROOT / "deploy" / "cluster"), daemon],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        start_new_session=True)
        *pids, folder = self.process.stdout.readline().split()
        self.worker, self.child, self.daemon = map(int, pids)
        self.folder = pathlib.Path(folder)
        assert all(is_alive(pid) for pid in (self.worker, self.child, self.daemon)) and self.folder.is_dir()

    def must_be_gone(self):
        end = time.monotonic() + WAIT_S
        left = [self.worker, self.child, self.daemon]
        while left or self.folder.exists():
            left = [pid for pid in left if is_alive(pid)]
            assert time.monotonic() < end, f"left: {left}, {self.folder}"
            time.sleep(0.02)


def is_alive(pid):
    """Zombies are not."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("word, code", [("exit", 7), ("raise", 1)])
def guarded__end_of_the_work__its_code_and_nothing_left(word, code):
    running = Running()
    _, errors = running.process.communicate(word + "\n", WAIT_S)
    assert running.process.returncode == code
    assert ("a fault of the work" in errors) == (word == "raise")
    running.must_be_gone()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def guarded__signal_to_the_program__nothing_left(number):
    running = Running()
    running.process.send_signal(number)
    assert running.process.wait(WAIT_S) == 130
    running.must_be_gone()


def guarded__signal_of_the_terminal__nothing_left():
    """Ctrl-C: the whole process group gets it, the program and the work."""
    running = Running()
    os.killpg(running.process.pid, signal.SIGINT)
    assert running.process.wait(WAIT_S) == 130
    running.must_be_gone()


def guarded__work_is_killed__nothing_left():
    running = Running("stubborn")
    os.kill(running.worker, signal.SIGKILL)
    assert running.process.wait(WAIT_S) == 128 + signal.SIGKILL
    running.must_be_gone()


def guarded__program_is_killed__nothing_left_but_the_daemons_that_nobody_knows():
    """The work gets SIGTERM from the kernel. An orphan is known only by PostgreSQL's lock file."""
    running = Running()
    (running.folder / "data").mkdir()
    # As a postmaster: the folder is in its command line, its number in the lock file.
    postmaster = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)", str(running.folder / "data")], start_new_session=True)
    (running.folder / "data" / "postmaster.pid").write_text(f"{postmaster.pid}\n")
    running.process.kill()
    assert postmaster.wait(WAIT_S) == -signal.SIGQUIT
    os.kill(running.daemon, signal.SIGKILL)
    running.must_be_gone()
