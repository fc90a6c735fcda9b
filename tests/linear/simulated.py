# SPDX-License-Identifier: Apache-2.0
"""A store with a primary and a standby in one process, with faults and with bugs, to prove the checker.

Many clients take turns at random. A commit is first on the primary, later on the standby; only then it is acknowledged
and visible, unless a bug says otherwise. A failover makes the standby the primary: what it lacks is lost.
"""
import random
from dataclasses import dataclass, field

import model
from checker import Operation

BUGS = ("acknowledge-before-commit", "duplicate-by-select", "lost-where")
DEVICES = ("initiator", "phone-a", "phone-b")


@dataclass
class Client:
    """One device with at most one request under way."""
    device: str
    operation: Operation = None
    stage: str = "idle"
    seen: tuple = None
    result: tuple = None
    request: int = 0
    history: list = field(default_factory=list)


class Store:
    """
    primary, standby   the state of the mailbox and {request: its answer}
    waiting            commits that the standby has not got, in order
    """

    def __init__(self, bug):
        self.bug = bug
        self.primary = (model.initial, {})
        self.visible = (model.initial, {})
        self.standby = (model.initial, {})
        self.waiting = []
        self.generation = 0

    def commit(self, state, answers):
        self.primary = (state, answers)
        self.waiting.append(self.primary)
        if self.bug == "acknowledge-before-commit":
            self.visible = self.primary

    def replicate(self):
        if self.waiting:
            self.standby = self.waiting.pop(0)
            self.visible = self.standby

    def failover(self):
        self.primary = self.visible = self.standby
        self.waiting = []
        self.generation += 1

    def crash_recovery(self):
        """The primary starts again: what no standby has is visible now, and still waits for a standby."""
        self.visible = self.primary
        self.generation += 1


class World:
    def __init__(self, seed, bug=None):
        self.random = random.Random(seed)
        self.store = Store(bug)
        self.bug = bug
        self.time = 0
        self.operations = []
        self.clients = [Client(device) for device in DEVICES]
        self.requests = 0
        self.began = {}

    def run(self, steps=140):
        self.start(self.clients[0], "create")
        for _ in range(steps):
            self.time += 1
            chance = self.random.random()
            if chance < 0.03:
                self.store.failover()
            elif chance < 0.06:
                self.store.crash_recovery()
            elif chance < 0.30:
                self.store.replicate()
            else:
                self.turn(self.random.choice(self.clients))
        return self.operations

    def start(self, client, kind=None):
        if kind is None:
            kind = self.random.choices(("read", "update", "delete"), (6, 5, 0.4))[0]
        self.requests += 1
        given = f"data {self.requests}" if kind in ("create", "update") else ""
        client.operation = Operation(kind, client.device, self.time, given)
        client.request, client.stage = self.requests, "read"
        self.operations.append(client.operation)

    def turn(self, client):
        if client.stage == "idle":
            if len(self.operations) < 24:
                self.start(client)
        elif client.stage == "read":
            self.decide(client)
        elif client.stage == "write":
            self.write(client)
        elif client.stage == "commit":
            self.acknowledge(client)

    def decide(self, client):
        """Reads the record and decides."""
        store = self.store
        state, answers = store.visible
        if client.request in answers and client.operation.was_repeated:
            client.result = answers[client.request]
            if self.bug == "duplicate-by-select":
                return self.answer(client)
            # Confirmed by a write, which is acknowledged like any other.
            client.seen, client.after = store.visible, (state, answers)
        else:
            got = model.RULES[client.operation.kind](state, client.operation)
            if got is None:
                return self.doubt(client)
            client.seen = store.visible
            client.result = got[1]
            client.after = (got[0], {**answers, client.request: got[1]})
        client.stage = "write"
        return None

    def write(self, client):
        """Compare and swap: another record than the one read means to decide again."""
        store = self.store
        if self.bug != "lost-where" and (store.primary is not client.seen or store.waiting):
            client.stage = "read"
            return
        store.commit(*client.after)
        client.mine, client.generation = store.primary, store.generation
        client.stage = "commit"

    def acknowledge(self, client):
        store = self.store
        if client.generation != store.generation:
            # The connection is lost: repeat with the same request id, or give up.
            client.operation.was_repeated = True
            if self.random.random() < 0.3:
                self.doubt(client)
            else:
                client.stage = "read"
        elif self.bug == "acknowledge-before-commit" or client.mine not in store.waiting:
            self.answer(client)

    def answer(self, client):
        client.operation.answer, client.operation.end = client.result, self.time
        client.stage = "idle"

    def doubt(self, client):
        client.stage = "idle"
