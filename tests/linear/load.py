# SPDX-License-Identifier: Apache-2.0
"""Devices that use mailboxes through several relays at once, and the histories of what they asked and got.

Each mailbox has three devices, each a thread: the initiator and two phones that race for it. A request without a
definite answer (none, or a 5xx) is repeated with the same request id through another relay, or given up and in doubt.
"""
import json
import random
import threading
import time

import model
from checker import Operation
from quick_http import Broken, Connection
from tigress_client import create_message, encode, new_id

PHONES = ("phone-a", "phone-b")
CALLS = {"read": 7, "update": 5, "delete": 0.3}
ANSWER_S = 15  # a relay answers within 10 s
DEVICE_STEPS = 6
PAUSE_S = 0.05
IN_DOUBT = (408, 425, 429, 500, 502, 503, 504)


class Unexpected(Exception):
    """An answer that no rule allows."""


class Device(threading.Thread):
    """One device of one mailbox after the other."""

    def __init__(self, group, name, seed):
        super().__init__(daemon=True)
        self.group = group
        self.name = name
        self.random = random.Random(seed)
        self.connections = {}
        self.failure = None

    def run(self):
        try:
            while not self.group.is_over(self):
                self.steps(self.group.box)
        except BaseException as error:  # for the main thread
            self.failure = error
            self.group.fail()

    def steps(self, box):
        if self.name == model.INITIATOR:
            self.create(box)
        box.created.wait()
        for _ in range(DEVICE_STEPS):
            if box.path is None:
                return
            kind = self.random.choices(list(CALLS), list(CALLS.values()))[0]
            getattr(self, kind)(box)
            if self.random.random() < 0.3:
                time.sleep(self.random.random() * self.group.load.pause_s)

    # ---- one request ----

    def send(self, port, *request, **options):
        """(status, version, body), or None without an answer."""
        try:
            if port not in self.connections:
                self.connections[port] = Connection(port, ANSWER_S)
            return self.connections[port].call(*request, **options)
        except Broken:
            connection = self.connections.pop(port, None)
            if connection:
                connection.close()
            return None

    def ask(self, box, operation, *request, may_repeat, **options):
        """Fills in the answer; repeats a request in doubt while it may. Returns (status, version, body) or None."""
        with box.lock:
            operation.begin = time.monotonic_ns()
            box.operations.append(operation)
        while True:
            got = self.send(self.random.choice(self.group.load.ports), *request, **options)
            if got is not None and got[0] not in IN_DOUBT:
                operation.end = time.monotonic_ns()
                self.group.load.count("answered", got[0])
                return got
            self.group.load.count("doubt", got[0] if got else 0)
            if not may_repeat or (self.random.random() < 0.15 and operation.kind != "create"):
                return None
            if self.group.load.is_ended and time.monotonic() > self.group.load.ended + 30:
                return None
            operation.was_repeated = True
            time.sleep(PAUSE_S)

    def finish(self, operation, got, answers):
        """The answer in the words of the model."""
        if got is None:
            operation.end = None
            return
        status, version, body = got
        if status not in answers:
            raise Unexpected(f"{operation.kind} of {operation.device} answered {status} {body[:200]!r}")
        operation.answer = answers[status](version, body)

    def create(self, box):
        operation = Operation("create", self.name, 0, box.data)
        body = encode(create_message(payload={"type": "t", "data": box.data}))
        got = self.ask(box, operation, "POST", "/v1/m", box.claims[self.name], box.create_id, body, may_repeat=True)
        created = lambda version, _: ("created",)  # noqa: E731
        self.finish(operation, got, {200: created, 201: created})
        if got:
            box.path = "/v1/m/" + json.loads(got[2])["urlLink"].rsplit("/", 1)[1]
        box.created.set()

    def read(self, box):
        """A read without an answer may have bound; the next one is another operation."""
        operation = Operation("read", self.name, 0)
        got = self.ask(box, operation, "POST", box.path, box.claims[self.name], may_repeat=False)
        self.finish(operation, got, {
            200: lambda version, body: ("read", version, json.loads(body)["payload"]["data"]),
            401: lambda *_: model.REFUSED, 404: lambda *_: model.GONE})
        if operation.answer and operation.answer[0] == "read" and self.name != model.INITIATOR and box.note_claim(self.name):
            self.group.load.count("claims", 0)

    def update(self, box):
        data, request_id = f"{self.name} {new_id()[:8]}", new_id()
        if_match = self.random.choice((None, None, 1, 2, 3))
        operation = Operation("update", self.name, 0, data, if_match)
        extra = "" if if_match is None else f'If-Match: "{if_match}"\r\n'
        body = encode({"payload": {"type": "t", "data": data}})
        request = ("PUT", box.path, box.claims[self.name], request_id, body)
        got = self.ask(box, operation, *request, may_repeat=True, extra=extra)
        updated = lambda version, _: ("updated", version)  # noqa: E731
        answers = {200: updated, 201: updated, 401: lambda *_: model.REFUSED, 404: lambda *_: model.GONE,
                   412: lambda version, _: ("conflict", version)}
        self.finish(operation, got, answers)
        if operation.answer and operation.answer[0] == "updated" and self.random.random() < 0.3:
            self.again(box, operation, request, extra)

    def again(self, box, first, request, extra):
        """The same request once more, although it was answered."""
        with box.lock:
            index = box.operations.index(first)
        operation = Operation("again", self.name, 0, first=index)
        got = self.ask(box, operation, *request, may_repeat=False, extra=extra)
        same = lambda version, _: first.answer if version == first.answer[1] else ("updated", version)  # noqa: E731
        self.finish(operation, got, {200: lambda *_: ("done again",), 201: same, 404: lambda *_: model.GONE})
        if operation.answer not in (None, first.answer, model.GONE):
            raise Unexpected(f"a repetition of {first.answer} answered {operation.answer}")

    def delete(self, box):
        operation = Operation("delete", self.name, 0)
        got = self.ask(box, operation, "DELETE", box.path, box.claims[self.name], new_id(), may_repeat=True)
        self.finish(operation, got, {200: lambda *_: ("deleted",), 401: lambda *_: model.REFUSED,
                                     404: lambda *_: model.GONE})

    def close(self):
        for connection in self.connections.values():
            connection.close()


class Box:
    """One mailbox and its history."""

    def __init__(self, number):
        self.data = f"created {number}"
        self.claims = {name: new_id() for name in (model.INITIATOR, *PHONES)}
        self.create_id = new_id()
        self.path = None
        self.created = threading.Event()
        self.lock = threading.Lock()
        self.operations = []
        self.claimed = set()

    def note_claim(self, name):
        with self.lock:
            is_new = name not in self.claimed
            self.claimed.add(name)
            return is_new


class Group:
    """Three devices that go from mailbox to mailbox together."""

    def __init__(self, load, number, seed):
        self.load = load
        self.number = number
        self.count = 0
        self.boxes = []
        self.barrier = threading.Barrier(1 + len(PHONES), self.next_box)
        self.is_last = False
        self.devices = [Device(self, name, f"{seed}/{name}") for name in (model.INITIATOR, *PHONES)]

    def next_box(self):
        """While all three wait."""
        self.is_last = self.load.is_ended
        if not self.is_last:
            self.count += 1
            self.box = Box(f"{self.number}.{self.count}")
            self.boxes.append(self.box)

    def is_over(self, _device):
        self.barrier.wait()
        return self.is_last

    def fail(self):
        self.barrier.abort()
        self.box.created.set()


class Load:
    """
    ports    of the relays, plain HTTP
    groups   mailboxes in use at one time
    pause_s  the longest pause of a device between two requests
    """

    def __init__(self, ports, groups, seed, pause_s=0.02):
        self.ports = ports
        self.pause_s = pause_s
        self.counts = {}
        self.lock = threading.Lock()
        self.is_ended = False
        self.ended = 0
        self.groups = [Group(self, number, f"{seed}/{number}") for number in range(groups)]

    def count(self, what, which):
        with self.lock:
            self.counts[what, which] = self.counts.get((what, which), 0) + 1

    def counted(self, what):
        with self.lock:
            return sum(count for (one, _), count in self.counts.items() if one == what)

    def start(self):
        for group in self.groups:
            for device in group.devices:
                device.start()

    def check(self):
        """Raises what a device has met."""
        for group in self.groups:
            for device in group.devices:
                if device.failure is not None and not isinstance(device.failure, threading.BrokenBarrierError):
                    raise device.failure

    def stop(self):
        """All devices finish their mailbox. Returns the mailboxes."""
        self.ended = time.monotonic()
        self.is_ended = True
        for group in self.groups:
            for device in group.devices:
                device.join(120)
                if device.is_alive():
                    raise Unexpected(f"{device.name} still waits for an answer")
                device.close()
        self.check()
        return [box for group in self.groups for box in group.boxes]


def read_last(box, port):
    """What the mailbox is at the end, for the initiator and both phones: three more operations."""
    device = Device(None, model.INITIATOR, 0)
    connection = Connection(port, ANSWER_S)
    for name in (model.INITIATOR, *PHONES):
        operation = Operation("read", name, time.monotonic_ns())
        status, version, body = connection.call("POST", box.path, box.claims[name])
        operation.end = time.monotonic_ns()
        device.finish(operation, (status, version, body), {
            200: lambda version, body: ("read", version, json.loads(body)["payload"]["data"]),
            401: lambda *_: model.REFUSED, 404: lambda *_: model.GONE})
        box.operations.append(operation)
    connection.close()
