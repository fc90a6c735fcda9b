# SPDX-License-Identifier: Apache-2.0
"""The push process alone, driven over its socket pair as the relay does it (src/push/ipc.h)."""
import dataclasses
import hashlib
import os
import re
import select
import socket
import struct
import subprocess
import sys
import time

import push_relay
import relay_process

FLAG, PAIR_FD, CONFIG_FD = "--push-process", 3, 4
# Moves the descriptors to the numbers that the push process uses. First to other numbers, because neither may overwrite
# the other.
EXEC = f"""import fcntl, os, sys
pair, config = (fcntl.fcntl(int(fd), fcntl.F_DUPFD_CLOEXEC, 10) for fd in sys.argv[1:3])
os.dup2(pair, {PAIR_FD})
os.dup2(config, {CONFIG_FD})
os.execv(sys.argv[3], sys.argv[3:])"""
JOB, OUTCOME, READY = 1, 2, 3
PROVIDERS = ("apns", "fcm", "webpush", "webhook")
RESULTS = ("taken", "dropped", "retry", "given_up")
TYPES = {"apns": "com.apple.apns", "fcm": "com.google.fcm", "webpush": "org.w3.webpush", "webhook": "webhook"}
WAIT_S = 60


@dataclasses.dataclass
class Outcome:
    job: int
    provider: str
    result: str
    retry_at: int
    at: float


class PushProcess:
    """settings: of tigressd's file, without their group, such as {"push-apns-key": path}."""

    def __init__(self, folder, settings):
        self.folder = str(folder)
        self.settings = dict(settings)
        self.outcomes = []
        self.next_job = 1

    def start(self, expect_ready=True):
        os.makedirs(self.folder, exist_ok=True)
        config = os.path.join(self.folder, "push.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(subprocess.run(
                [relay_process.find_binary("tigressd"), "--dev", "--data", self.folder, "--print-config",
                 *push_relay.flags(self.settings)],
                check=True, capture_output=True, text=True, cwd=self.folder).stdout)
        self.pair, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.error_path = os.path.join(self.folder, "push.stderr")
        config_fd = os.open(config, os.O_RDONLY)
        try:
            with open(self.error_path, "wb") as error:
                self.process = subprocess.Popen(
                    [sys.executable, "-S", "-c", EXEC, str(theirs.fileno()), str(config_fd),
                     relay_process.find_binary("tigressd"), FLAG],
                    stdin=subprocess.DEVNULL, stderr=error, stdout=subprocess.DEVNULL, cwd=self.folder,
                    pass_fds=(theirs.fileno(), config_fd), env=relay_process.sanitizer_env())
        finally:
            theirs.close()
            os.close(config_fd)
        if expect_ready:
            message = self.receive()
            assert message == bytes([READY]), (message, self.errors())
        return self

    def receive(self):
        """One message; b"" at the end."""
        ready, _, _ = select.select([self.pair], [], [], WAIT_S)
        assert ready, f"the push process sent nothing for {WAIT_S} s: {self.errors()}"
        try:
            return self.pair.recv(16384)
        except ConnectionResetError:
            return b""

    def push(self, provider, token, expires_s=3600, collapse=None, topic=""):
        """Sends a job, and returns its number."""
        job, self.next_job = self.next_job, self.next_job + 1
        kind = TYPES[provider].encode()
        token = token.encode() if isinstance(token, str) else token
        tag = collapse or self.tag(token)
        now = int(time.time())
        self.pair.sendall(struct.pack(">BQQQ", JOB, job, now + expires_s, now) + tag
                          + b"".join(struct.pack(">H", len(part)) + part for part in (kind, topic.encode(), token)))
        return job

    @staticmethod
    def tag(token):
        return hashlib.sha256(token).digest()

    def outcome(self, job):
        """The outcome of a job; keeps the outcomes of other jobs."""
        while True:
            for outcome in self.outcomes:
                if outcome.job == job:
                    return outcome
            message = self.receive()
            assert message, f"the push process ended: {self.errors()}"
            kind, number, provider, result, retry_at = struct.unpack(">BQBBQ", message)
            assert kind == OUTCOME
            assert number not in [outcome.job for outcome in self.outcomes], "two outcomes"
            self.outcomes.append(Outcome(number, PROVIDERS[provider], RESULTS[result], retry_at, time.time()))

    def result(self, job):
        return self.outcome(job).result

    def send(self, provider, token, **options):
        """Pushes, and waits for the result."""
        return self.result(self.push(provider, token, **options))

    def errors(self):
        with open(self.error_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def log_lines(self, word):
        return [line for line in self.errors().splitlines() if re.search(rf"\b{re.escape(word)}\b", line)]

    def memory_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))

    def stop(self, expect=0):
        """Closes the relay's end, which ends the process. Its standard error."""
        self.pair.close()
        code = self.process.wait(WAIT_S)
        errors = self.errors()
        for mark in relay_process.SANITIZER_MARKS:
            assert mark.decode() not in errors, errors
        assert code == expect, (code, errors)
        return errors

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
        else:
            self.pair.close()
            self.process.kill()
            self.process.wait()
