#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kills tigressd with SIGKILL under load repeatedly, and checks the state after each restart.

Each client thread owns mailboxes and knows what was acknowledged for each. After every kill the
relay starts again on the same data. A request without an answer is in doubt: it is repeated with
the same request id, and was either done completely or not at all. Then every mailbox the round has
touched, and a sample of older ones, must be exactly as acknowledged.
"""
import argparse
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support" / "python"))
sys.dont_write_bytecode = True

import relay_process  # noqa: E402
from quick_http import Broken, Connection  # noqa: E402
from tigress_client import create_message, encode, new_id  # noqa: E402

OLD_SAMPLE = 40


class Lost(Exception):
    """The relay lost or changed an acknowledged step."""


class Mailbox:
    """The state of one mailbox as one thread knows it."""

    def __init__(self, number):
        self.number = number
        self.initiator = new_id()
        self.create_id = new_id()
        self.path = None
        self.claims = (new_id(), new_id())
        self.recipient = None      # the acknowledged one
        self.data = f"created {number}"
        self.version = 1
        self.is_ended = False
        self.doubt = None          # (call, ...) without an answer

    def create_body(self):
        return encode(create_message(payload={"type": "t", "data": f"created {self.number}"}))


def expect(condition, what, box):
    if not condition:
        raise Lost(f"{what} (mailbox {box.number})")


def read_payload(body):
    import json
    return json.loads(body)["payload"]["data"]


class Client(threading.Thread):
    """Creates, binds, updates and deletes until the relay has ended."""

    def __init__(self, port, seed, numbers):
        super().__init__()
        self.port = port
        self.random = random.Random(seed)
        self.numbers = numbers
        self.touched = []
        self.acknowledged = 0
        self.failure = None

    def run(self):
        try:
            first, second = Connection(self.port), Connection(self.port)
            while True:
                self.one(first, second)
        except Broken:
            pass
        except Exception as error:  # set by the main thread
            self.failure = error

    def one(self, first, second):
        box = Mailbox(next(self.numbers))
        self.touched.append(box)
        self.create(box, first)
        if self.random.random() < 0.15:
            return
        self.bind(box, first, second)
        for _ in range(self.random.randrange(3)):
            self.update(box, first)
        if self.random.random() < 0.5:
            self.delete(box, first)

    def create(self, box, conn):
        box.doubt = ("create",)
        status, version, body = conn.call("POST", "/v1/m", box.initiator, box.create_id,
                                          box.create_body())
        expect(status == 200 and version == 1, f"create answered {status}", box)
        box.path = path_in(body)
        self.done(box)

    def bind(self, box, first, second):
        """Two devices at the same time: exactly one may be acknowledged."""
        box.doubt = ("bind",)
        first.send("POST", box.path, box.claims[0])
        second.send("POST", box.path, box.claims[1])
        statuses = []
        for conn in (first, second):
            try:
                statuses.append(conn.receive()[0])
            except Broken:
                statuses.append(None)
        for claim, status in zip(box.claims, statuses):
            expect(status in (200, 401, None), f"bind answered {status}", box)
            if status == 200:
                expect(box.recipient is None, "two devices were bound", box)
                box.recipient = claim
        if None in statuses:
            raise Broken
        expect(box.recipient is not None, "no device was bound", box)
        self.done(box)

    def update(self, box, conn):
        claim = self.random.choice((box.initiator, box.recipient))
        request_id, data = new_id(), f"update {box.version + 1} {new_id()}"
        box.doubt = ("update", claim, request_id, data)
        status, version, _ = conn.call("PUT", box.path, claim, request_id, update_body(data))
        expect(status == 200 and version == box.version + 1,
               f"update answered {status}, version {version}", box)
        box.version, box.data = version, data
        self.done(box)

    def delete(self, box, conn):
        claim, request_id = self.random.choice((box.initiator, box.recipient)), new_id()
        box.doubt = ("delete", claim, request_id)
        status = conn.call("DELETE", box.path, claim, request_id)[0]
        expect(status == 200, f"delete answered {status}", box)
        box.is_ended = True
        self.done(box)

    def done(self, box):
        box.doubt = None
        self.acknowledged += 1


def path_in(body):
    import json
    return "/v1/m/" + json.loads(body)["urlLink"].rsplit("/", 1)[1]


def update_body(data):
    return encode({"payload": {"type": "t", "data": data}})


# ---- after the restart --------------------------------------------------------------------------

def settle_create(box, conn):
    status, _, body = conn.call("POST", "/v1/m", box.initiator, box.create_id, box.create_body())
    expect(status in (200, 201), f"repeated create answered {status}", box)
    box.path = path_in(body)


def settle_bind(box, conn):
    """Both devices try again, the one without acknowledgement first."""
    order = sorted(box.claims, key=lambda claim: claim == box.recipient)
    got = [claim for claim in order if conn.call("POST", box.path, claim)[0] == 200]
    expect(len(got) == 1, f"{len(got)} devices are bound after a bind in doubt", box)
    expect(box.recipient in (None, got[0]), "the bind went to another device", box)
    box.recipient = got[0]


def settle_update(box, conn):
    _, claim, request_id, data = box.doubt
    status, version, _ = conn.call("PUT", box.path, claim, request_id, update_body(data))
    expect(status in (200, 201), f"repeated update answered {status}", box)
    expect(version == box.version + 1, f"repeated update made version {version}", box)
    box.version, box.data = version, data


def settle_delete(box, conn):
    _, claim, request_id = box.doubt
    status = conn.call("DELETE", box.path, claim, request_id)[0]
    expect(status in (200, 404), f"repeated delete answered {status}", box)
    box.is_ended = True


SETTLE = {"create": settle_create, "bind": settle_bind, "update": settle_update,
          "delete": settle_delete}


def judge(box, conn):
    """The mailbox is exactly what was acknowledged."""
    if box.doubt is not None:
        SETTLE[box.doubt[0]](box, conn)
        box.doubt = None
    status, _, body = conn.call("POST", "/v1/m", box.initiator, box.create_id, box.create_body())
    expect(status == 201 and path_in(body) == box.path, f"create was lost: {status}", box)
    status, version, body = conn.call("POST", box.path, box.initiator)
    if box.is_ended:
        expect(status == 404 and b"problem/ended-by-" in body,
               f"delete was lost: {status}", box)
        return
    expect(status == 200, f"the initiator's read answered {status}", box)
    expect(version == box.version and read_payload(body) == box.data,
           f"version {box.version} was lost: {version}", box)
    if box.recipient is None:
        return
    expect(conn.call("POST", box.path, new_id())[0] == 401, "a second device was bound", box)
    expect(conn.call("POST", box.path, box.recipient)[0] == 200, "the bind was lost", box)


class Numbers:
    """1, 2, 3 … for all threads."""

    def __init__(self):
        self.lock = threading.Lock()
        self.last = 0

    def __iter__(self):
        return self

    def __next__(self):
        with self.lock:
            self.last += 1
            return self.last


def load(relay, options, numbers, seed):
    """Runs clients, kills the relay at a random moment, returns the clients."""
    clients = [Client(relay.port, f"{seed}/{index}", numbers) for index in range(options.clients)]
    for client in clients:
        client.start()
    time.sleep(random.Random(seed).uniform(options.min_ms, options.max_ms) / 1000)
    relay.kill()
    for client in clients:
        client.join(30)
        if client.is_alive():
            raise Lost("a client still waits although the relay is dead")
        if client.failure is not None:
            raise client.failure
    return clients


def run(options):
    folder = tempfile.mkdtemp(prefix="tigress-crash-")
    relay = relay_process.Relay(os.path.join(folder, "relay"), is_plain=True,
                                args=["--rate", "0", "--workers", "2", "--max-connection-requests",
                                      "1000000000"])
    picker, numbers = random.Random(options.seed), Numbers()
    boxes, acknowledged, doubts = [], 0, 0
    began = time.monotonic()
    try:
        relay.start()
        for index in range(options.kills):
            clients = load(relay, options, numbers, f"{options.seed}/{index}")
            touched = [box for client in clients for box in client.touched]
            acknowledged += sum(client.acknowledged for client in clients)
            doubts += sum(box.doubt is not None for box in touched)
            relay.check_output()
            relay.start()
            conn = Connection(relay.port)
            older = picker.sample(boxes, min(OLD_SAMPLE, len(boxes)))
            for box in touched + older:
                judge(box, conn)
            conn.close()
            boxes += touched
        conn = Connection(relay.port)
        for box in boxes[-2000:] if options.kills <= 20 else boxes:
            judge(box, conn)
        conn.close()
        relay.stop()
    except (Lost, Broken, relay_process.RelayError) as error:
        print(f"FAILED: {error!r}; seed {options.seed}; data kept in {folder}", file=sys.stderr)
        relay.kill()
        return 1
    shutil.rmtree(folder)
    print(f"{options.kills} kills, {acknowledged} acknowledged changes on {len(boxes)} mailboxes, "
          f"{doubts} in doubt: none lost, no claim doubled ({time.monotonic() - began:.1f} s)")
    if acknowledged < options.kills:
        print("FAILED: hardly any load", file=sys.stderr)
        return 1
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--bin-dir", help="build folder (else TIGRESS_BIN_DIR)")
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--min-ms", type=float, default=20)
    parser.add_argument("--max-ms", type=float, default=180)
    parser.add_argument("--seed", default=os.urandom(4).hex())
    options = parser.parse_args()
    if options.bin_dir:
        os.environ["TIGRESS_BIN_DIR"] = os.path.abspath(options.bin_dir)
    sys.exit(run(options))


if __name__ == "__main__":
    main()
