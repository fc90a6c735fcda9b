#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kills tigressd with SIGKILL repeatedly while pushes are under way, and checks that no push is missing.

Each round: initiators register tokens with mailboxes, several threads send updates, and the relay is killed at a random
moment. At that moment updates are acknowledged, and their pushes are in the store, leased, in the push process or at
the provider. Then the relay starts again on the same data, and every acknowledged update must have its push. Most
tokens have one update: any push proves it. Some have a second one, sent after the push for the first one arrived: it is
proved by a push that is not earlier. A few have several updates in quick sequence, which may share one push. A late
push can hide a missing one there, so these are only for the load.
"""
import argparse
import os
import pathlib
import random
import secrets
import shutil
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support" / "python"), str(HERE)]
sys.dont_write_bytecode = True

import push_apns  # noqa: E402
import relay_process  # noqa: E402
from push_relay import children, flags, has_ended, until, until_empty  # noqa: E402
from push_stand_in import Authority  # noqa: E402
from quick_http import Broken, Connection  # noqa: E402
from tigress_client import create_message, encode, new_id  # noqa: E402

THREADS = 4
KINDS = {"single": 80, "again": 10, "quick": 10}  # of a hundred tokens
UPDATE = encode({"payload": {"type": "t", "data": "new"}})


class Provider(push_apns.Apns):
    """Knows the time of the last push to each token."""

    def __init__(self, *args):
        super().__init__(*args)
        self.last = {}

    def success(self, request):
        self.last[request.path.rpartition("/")[2]] = request.at
        return super().success(request)

    def wait_told(self, token, is_over):
        """Waits until it got a push, or the loop ends."""
        self.wait(lambda: token in self.last or is_over.is_set())


class Client(threading.Thread):
    """New mailboxes, with one or several updates each, until the relay has ended."""

    def __init__(self, port, provider, is_over, seed):
        super().__init__()
        self.port = port
        self.provider = provider
        self.is_over = is_over
        self.random = random.Random(seed)
        self.told = {}          # token -> when the last acknowledged update of it was sent
        self.counts = dict.fromkeys(KINDS, 0)
        self.update_count = 0
        self.failure = None

    def run(self):
        try:
            connection = Connection(self.port)
            while True:
                self.one(connection)
        except Broken:
            pass
        except Exception as error:  # set by the main thread
            self.failure = error

    def one(self, connection):
        recipient, token = new_id(), secrets.token_hex(32)
        body = encode(create_message(token={"type": "com.apple.apns", "tokenData": token}))
        status, _, answer = connection.call("POST", "/v1/m", new_id(), new_id(), body)
        assert status == 200 and b'"isPushNotificationSupported":true' in answer, (status, answer)
        path = "/v1/m/" + answer.split(b"/v1/m/")[1].split(b'"')[0].decode()
        status, _, _ = connection.call("POST", path, recipient)
        assert status == 200, status
        kind = self.random.choices(list(KINDS), KINDS.values())[0]
        self.update(connection, path, recipient, token)
        self.counts[kind] += 1
        if kind == "again":
            self.provider.wait_told(token, self.is_over)
            self.update(connection, path, recipient, token)
        elif kind == "quick":
            for _ in range(2):
                self.update(connection, path, recipient, token)

    def update(self, connection, path, recipient, token):
        sent_at = time.time()
        status, _, _ = connection.call("PUT", path, recipient, new_id(), UPDATE)
        assert status == 200, status
        self.told[token] = sent_at
        self.update_count += 1


def run_clients(relay, provider, seed, kill_after_s):
    is_over = threading.Event()
    clients = [Client(relay.port, provider, is_over, f"{seed}-{i}") for i in range(THREADS)]
    for client in clients:
        client.start()
    time.sleep(kill_after_s)  # the moment of the kill, not a wait for anything
    relay.kill()
    with provider.changed:
        is_over.set()
        provider.changed.notify_all()
    for client in clients:
        client.join()
        if client.failure:
            raise client.failure
    return clients


def missing(provider, told):
    with provider.changed:
        return [token for token, sent_at in told.items() if provider.last.get(token, 0) < sent_at]


def round_of(relay, provider, rng, totals):
    process = children(relay)
    before = len(provider.requests)
    clients = run_clients(relay, provider, rng.random(), rng.uniform(0.01, 0.4))
    told = {token: at for client in clients for token, at in client.told.items()}
    until(lambda: all(has_ended(pid) for pid in process), "the end of the push process")
    open_at_kill = missing(provider, told)
    relay.start()
    until_empty(relay)
    lost = missing(provider, told)
    if lost:
        raise SystemExit(f"LOST: {len(lost)} of {len(told)} tokens got no push for their last update")
    totals["updates"] += sum(client.update_count for client in clients)
    totals["tokens"] += len(told)
    totals["open"] += len(open_at_kill)
    totals["pushes"] += len(provider.requests) - before
    for kind in KINDS:
        totals[kind] += sum(client.counts[kind] for client in clients)
    with provider.changed:
        assert not [r.refusal for r in provider.requests if r.refusal], "the provider refused a push"
        provider.requests.clear()
        provider.last.clear()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", default=None)
    parser.add_argument("--bin-dir", default=None)
    options = parser.parse_args()
    if options.bin_dir:
        os.environ["TIGRESS_BIN_DIR"] = str(pathlib.Path(options.bin_dir).resolve())
    seed = options.seed or secrets.token_hex(4)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tigress-push-crash-"))
    totals = dict.fromkeys(("updates", "tokens", "open", "pushes", *KINDS), 0)
    began = time.monotonic()
    rng = random.Random(seed)
    print(f"seed {seed}", flush=True)
    try:
        with Provider(Authority(folder / "ca"), folder) as provider:
            relay = relay_process.Relay(folder / "relay", is_plain=True,
                                        args=["--rate", "0", *flags(provider.settings)]).start()
            for _ in range(options.kills):
                round_of(relay, provider, rng, totals)
            relay.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{options.kills} kills: {totals['updates']} acknowledged updates of {totals['tokens']} tokens ("
          + ", ".join(f"{totals[kind]} {kind}" for kind in KINDS) + "), "
          f"{totals['open']} without a push at the kill, {totals['pushes']} pushes: none missing "
          f"({time.monotonic() - began:.1f} s)")


if __name__ == "__main__":
    main()
