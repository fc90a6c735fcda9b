# SPDX-License-Identifier: Apache-2.0
"""Work that leaves no process behind, whatever ends it.

guarded() runs the work in a child of the program and waits. The program is a subreaper: a process whose parent dies
becomes its child and does not get away. When the work ends, also by SIGKILL, the program ends every process below
itself, removes the shared memory of PostgreSQL and the folder. If the program itself is killed, the kernel sends the
work SIGTERM, and the work does the same; the postmasters, which are then nobody's children, it knows by their lock
files.
"""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import traceback

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
IPC_RMID = 0
LIBC = ctypes.CDLL(None, use_errno=True)
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
IMMEDIATE_S = 5  # PostgreSQL's immediate shutdown; what is left is killed
POSTMASTER_LOCK = "postmaster.pid"


class Stopped(BaseException):
    """A signal asked the work to end."""


def parents():
    """{process: its parent} of the whole machine."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                stat = pathlib.Path("/proc", entry, "stat").read_bytes()
                found[int(entry)] = int(stat.rpartition(b")")[2].split()[1])
    return found


def descendants():
    """The processes below this one, zombies included."""
    parent = parents()
    found = {os.getpid()}
    while True:
        more = {pid for pid, above in parent.items() if above in found} - found
        if not more:
            return found - {os.getpid()}
        found |= more


def postmaster_of(data):
    """The live postmaster of a data folder, or None."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int((data / POSTMASTER_LOCK).read_text().split("\n", 1)[0])
        if str(data).encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    return None


def postmasters(folder):
    found = {postmaster_of(lock.parent) for lock in folder.rglob(POSTMASTER_LOCK)}
    return found - {None}


def reap():
    """Takes the exit codes of children that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def end_processes(folder):
    """Ends what is left of the work: first in the way in which PostgreSQL removes its shared memory."""
    until = time.monotonic() + IMMEDIATE_S
    asked = set()
    while True:
        reap()
        left = descendants() | postmasters(folder)
        if not left:
            return
        is_late = time.monotonic() >= until
        for pid in left if is_late else left - asked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if is_late else signal.SIGQUIT)
                os.kill(pid, signal.SIGCONT)
        asked |= left
        time.sleep(0.02)


def remove_shared_memory(folder):
    """A postmaster that was killed leaves its System V segment, whose number is in its lock file."""
    for lock in folder.rglob(POSTMASTER_LOCK):
        with contextlib.suppress(OSError, ValueError, IndexError):
            LIBC.shmctl(int(lock.read_text().splitlines()[6].split()[1]), IPC_RMID, None)


def clean(folder):
    end_processes(folder)
    remove_shared_memory(folder)
    shutil.rmtree(folder, ignore_errors=True)


def stop(number, _frame):
    for one in ENDS:
        signal.signal(one, signal.SIG_IGN)
    raise Stopped(number)


def run_work(work, folder, program):
    """In the child: the exit code."""
    for number in ENDS:
        signal.signal(number, stop)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        return 1 if os.getppid() != program else work(folder) or 0
    except Stopped:
        return 130
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
            return 1
        return error.code or 0
    except BaseException:  # the report; then the end
        traceback.print_exc()
        return 1
    finally:
        for number in ENDS:
            signal.signal(number, signal.SIG_IGN)
        clean(folder)


def wait_for(worker):
    """The wait status of the work. Other children that end are orphans of the work."""
    while True:
        pid, status = os.wait()
        if pid == worker:
            return status


def guarded(work):
    """Runs work(folder) with a new temporary folder and returns its exit code."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tigress-cluster-")).resolve()
    folder.chmod(0o711)  # PostgreSQL runs as another user
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    sys.stdout.flush()
    program = os.getpid()
    worker = os.fork()
    if worker == 0:
        code = 1
        try:
            code = run_work(work, folder, program)
            sys.stdout.flush()
        finally:
            os._exit(code)
    for number in ENDS:
        # Ctrl-C reaches the work, too; it obeys the first signal and ignores the others.
        signal.signal(number, lambda one, _frame: os.kill(worker, one))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
    status = wait_for(worker)
    clean(folder)
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code
