#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Patroni fails over again and again while phones race for mailboxes, until COUNT claims were acknowledged.

Of two phones exactly one may be acknowledged. After each failover every claim of the round must still be there: only
the phone that was acknowledged can end the mailbox. A failover counts only if the timeline and the primary changed.
Exit code 77: a program is missing.
"""
import argparse
import json
import multiprocessing
import os
import pathlib
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "linear"), str(HERE.parent / "support" / "python")]
sys.dont_write_bytecode = True

import world  # noqa: E402  (the path comes first)
from quick_http import Broken, Connection  # noqa: E402
from tigress_client import create_message, encode, new_id  # noqa: E402
from relay_process import find_binary  # noqa: E402
from tigress_cluster.database import missing_programs  # noqa: E402
from tigress_cluster.process import until  # noqa: E402

PROCESSES, THREADS = 2, 8
ROUND_CLAIMS = 4000
AFTERWARDS_CLAIMS = 500
IN_DOUBT = (408, 425, 429, 500, 502, 503, 504)
PAUSE_S = 0.05
ANSWER_S = 15


class Counts:
    """Of all processes. gap_s: the longest time without an acknowledged claim since clear()."""

    def __init__(self):
        self.lock = multiprocessing.Lock()
        self.claims, self.lost, self.doubled, self.doubts, self.verified = (
            multiprocessing.Value("q", 0, lock=False) for _ in range(5))
        self.last, self.gap = (multiprocessing.Value("d", 0, lock=False) for _ in range(2))

    def add(self, name, count=1):
        with self.lock:
            getattr(self, name).value += count

    def claimed(self):
        with self.lock:
            now = time.monotonic()
            if self.last.value:
                self.gap.value = max(self.gap.value, now - self.last.value)
            self.last.value = now
            self.claims.value += 1

    def clear(self):
        with self.lock:
            self.last.value = self.gap.value = 0


class Racer(threading.Thread):
    """Makes mailboxes and claims each from two phones at once; later it ends them."""

    def __init__(self, ports, counts, is_over):
        super().__init__(daemon=True)
        self.ports = ports
        self.counts = counts
        self.is_over = is_over
        self.connections = {}
        self.won = []

    def run(self):
        while not self.is_over.is_set():
            self.race()
        for path, claim in self.won:
            self.verify(path, claim)
        for connection in self.connections.values():
            connection.close()

    def connection(self, port, phone=0):
        if (port, phone) not in self.connections:
            self.connections[port, phone] = Connection(port, ANSWER_S)
        return self.connections[port, phone]

    def forget(self, port, phone=0):
        connection = self.connections.pop((port, phone), None)
        if connection:
            connection.close()

    def ask(self, *request, attempt=0):
        """(the definite answer, how often it was asked before); through the next relay each time."""
        while True:
            port = self.ports[attempt % len(self.ports)]
            try:
                answer = self.connection(port).call(*request)
                if answer[0] not in IN_DOUBT:
                    return answer, attempt
            except Broken:
                self.forget(port)
            self.counts.add("doubts")
            attempt += 1
            time.sleep(PAUSE_S)

    def race(self):
        body = encode(create_message(payload={"type": "t", "data": "a key"}))
        (status, _, answer), _ = self.ask("POST", "/v1/m", new_id(), new_id(), body)
        assert status in (200, 201), (status, answer)
        path = "/v1/m/" + json.loads(answer)["urlLink"].rsplit("/", 1)[1]
        claims = new_id(), new_id()
        answers = self.both(path, claims)
        for phone, claim in enumerate(claims):
            if answers[phone] is None:
                answers[phone] = self.ask("POST", path, claim, attempt=phone)[0][0]
        winners = [claim for claim, status in zip(claims, answers) if status == 200]
        assert all(status in (200, 401) for status in answers), answers
        if len(winners) > 1:
            self.counts.add("doubled")
        if not winners:
            self.counts.add("lost")  # one of them was bound and then forgotten
        for claim in winners[:1]:
            self.counts.claimed()
            self.won.append((path, claim))

    def both(self, path, claims):
        """Both phones at the same time, each through its relay: the two statuses; None: in doubt."""
        answers = [None, None]
        sent = []
        for phone, claim in enumerate(claims):
            port = self.ports[phone % len(self.ports)]
            try:
                self.connection(port, phone + 1).send("POST", path, claim)
                sent.append((phone, port))
            except Broken:
                self.forget(port, phone + 1)
        for phone, port in sent:
            try:
                status = self.connection(port, phone + 1).receive()[0]
                answers[phone] = None if status in IN_DOUBT else status
            except Broken:
                self.forget(port, phone + 1)
            if answers[phone] is None:
                self.counts.add("doubts")
        return answers

    def verify(self, path, claim):
        """Only a bound device can end the mailbox."""
        (status, _, _), attempt = self.ask("DELETE", path, claim, new_id())
        if status == 200 or (status == 404 and attempt > 0):
            self.counts.add("verified")
        else:
            self.counts.add("lost")


def race(ports, counts, is_over):
    """One process of racers."""
    racers = [Racer(ports, counts, is_over) for _ in range(THREADS)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()


def play_round(test, counts, how):
    """Load, a failover, load again; then everything is verified. Returns seconds without an acknowledged claim."""
    is_over = multiprocessing.Event()
    counts.clear()
    before = counts.claims.value, counts.verified.value + counts.lost.value
    processes = [multiprocessing.Process(target=race, args=(test.ports, counts, is_over), daemon=True)
                 for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    until(lambda: counts.claims.value >= before[0] + ROUND_CLAIMS, "claims before the failover", 600)
    killed = test.fail_over(how)
    at = counts.claims.value
    until(lambda: counts.claims.value >= at + AFTERWARDS_CLAIMS, "claims after the failover", 120)
    gap_s = counts.gap.value
    test.rejoin(killed)
    is_over.set()
    for process in processes:
        process.join(600)
        if process.exitcode != 0:
            raise world.ClusterError(f"a process of clients ended with {process.exitcode}")
    return gap_s


def work(test, options):
    test.start()
    counts = Counts()
    began, gaps = time.monotonic(), []
    while counts.claims.value < options.count:
        how = "kill" if test.failovers % 2 else "crash"
        gaps.append(play_round(test, counts, how))
        print(f"{time.monotonic() - began:7.0f} s  {test.failovers} failovers, {counts.claims.value} claims acknowledged, "
              f"{counts.verified.value} verified, {counts.lost.value} lost, {counts.doubled.value} doubled, "
              f"{counts.doubts.value} answers in doubt; {gaps[-1]:.1f} s without a claim ({how})", flush=True)
        test.check_output()
    test.stop()
    is_right = counts.lost.value == counts.doubled.value == 0 and counts.verified.value == counts.claims.value
    gaps.sort()
    print(f"{counts.claims.value} claims, {test.failovers} failovers: {counts.lost.value} lost, {counts.doubled.value} "
          f"doubled; without a claim: median {gaps[len(gaps) // 2]:.1f} s, longest {gaps[-1]:.1f} s")
    if not is_right:
        print("FAILED", file=sys.stderr)
    return 0 if is_right else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=1000000)
    parser.add_argument("--bin-dir", help="build folder (else TIGRESS_BIN_DIR)")
    options = parser.parse_args()
    if options.bin_dir:
        os.environ["TIGRESS_BIN_DIR"] = os.path.abspath(options.bin_dir)
    lacking = missing_programs(find_binary("tigressd"), world.PROGRAMS)
    if lacking:
        print(f"SKIPPED: missing: {', '.join(lacking)}")
        return 77
    return world.guarded_world(lambda test: work(test, options),
                               settings={"mailboxes-max": 4000000, "tombstones-max": 16000000})


if __name__ == "__main__":
    sys.exit(main())
