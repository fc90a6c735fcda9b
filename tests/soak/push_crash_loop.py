#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kills tigressd with SIGKILL while pushes are under way, again and again, and looks whether any is missing.

Each round: mailboxes whose initiators left tokens, updates from several threads, and the kill at a random
moment, while updates are acknowledged and their pushes are anywhere: in the store alone, leased, with the push
process, at the provider. Then the relay starts again on the same data, and every update that was acknowledged must
have reached the provider's stand-in, after the update was sent. An update that was told before and another one
after it are told at least once together: what counts is a push no earlier than the last of them.
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
from crash_loop import Broken, Connection  # noqa: E402
from push_relay import children, flags, status_of, until, until_empty  # noqa: E402
from push_stand_in import Authority  # noqa: E402
from tigress_client import create_message, encode, new_id  # noqa: E402

THREADS = 4
UPDATE = encode({"payload": {"type": "t", "data": "new"}})


class Client(threading.Thread):
    """New mailboxes, an update or several for each, until the relay is gone."""

    def __init__(self, port, seed):
        super().__init__()
        self.port = port
        self.random = random.Random(seed)
        self.told = {}          # token -> when the last acknowledged update of it was sent
        self.update_count = 0
        self.failure = None

    def run(self):
        try:
            connection = Connection(self.port)
            while True:
                self.one(connection)
        except Broken:
            pass
        except Exception as error:  # told by the main thread
            self.failure = error

    def one(self, connection):
        initiator, recipient, token = new_id(), new_id(), secrets.token_hex(32)
        body = encode(create_message(token={"type": "com.apple.apns", "tokenData": token}))
        status, _, answer = connection.call("POST", "/v1/m", initiator, new_id(), body)
        assert status == 200 and b'"isPushNotificationSupported":true' in answer, (status, answer)
        path = "/v1/m/" + answer.split(b"/v1/m/")[1].split(b'"')[0].decode()
        status, _, _ = connection.call("POST", path, recipient)
        assert status == 200, status
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            sent_at = time.time()
            status, _, _ = connection.call("PUT", path, recipient, new_id(), UPDATE)
            assert status == 200, status
            self.told[token] = sent_at
            self.update_count += 1


def run_clients(relay, seed, kill_after_s):
    clients = [Client(relay.port, f"{seed}-{i}") for i in range(THREADS)]
    for client in clients:
        client.start()
    time.sleep(kill_after_s)  # the moment of the kill, not a wait for anything
    relay.kill()
    for client in clients:
        client.join()
        if client.failure:
            raise client.failure
    return clients


def missing(provider, told):
    last = {}
    for request in provider.good:
        token = request.path.rpartition("/")[2]
        last[token] = max(last.get(token, 0), request.at)
    return [token for token, sent_at in told.items() if last.get(token, 0) < sent_at]


def round_of(relay, provider, rng, totals):
    process = children(relay)
    before = len(provider.good)
    clients = run_clients(relay, rng.random(), rng.uniform(0.01, 0.4))
    told = {token: at for client in clients for token, at in client.told.items()}
    until(lambda: not any(status_of(pid) for pid in process), "the end of the push process")
    open_at_kill = missing(provider, told)
    relay.start()
    until_empty(relay)
    lost = missing(provider, told)
    if lost:
        raise SystemExit(f"LOST: {len(lost)} of {len(told)} tokens were never told of their last update")
    totals["updates"] += sum(client.update_count for client in clients)
    totals["tokens"] += len(told)
    totals["open"] += len(open_at_kill)
    totals["pushes"] += len(provider.good) - before
    with provider.changed:
        assert not [r.refusal for r in provider.requests if r.refusal], "the provider refused a push"
        provider.requests.clear()


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
    totals = dict.fromkeys(("updates", "tokens", "open", "pushes"), 0)
    began = time.monotonic()
    rng = random.Random(seed)
    print(f"seed {seed}", flush=True)
    try:
        with push_apns.Apns(Authority(folder / "ca"), folder) as provider:
            relay = relay_process.Relay(folder / "relay", is_plain=True,
                                        args=["--rate", "0", *flags(provider.settings)]).start()
            for _ in range(options.kills):
                round_of(relay, provider, rng, totals)
            relay.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{options.kills} kills: {totals['updates']} acknowledged updates of {totals['tokens']} tokens, "
          f"{totals['open']} not told at the kill, {totals['pushes']} pushes: none missing "
          f"({time.monotonic() - began:.1f} s)")


if __name__ == "__main__":
    main()
