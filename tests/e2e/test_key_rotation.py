# SPDX-License-Identifier: Apache-2.0
"""Rotation of seal keys, node by node, as docs/operations.md describes it: two relays on one database, each with a key file
of its own that is mounted as Kubernetes mounts a secret."""
import os
import re
import secrets
import subprocess

import pytest

from cli_device import KEY, Device, message
from conftest import make_relay
from relay_process import RelayError, until
from test_postgres import ONE_SERVER, at, database, made, relay_on, server, sql  # noqa: F401  (fixtures)

AS_ROOT = os.geteuid() == 0  # only root can make a file that belongs to root


class Mounted:
    """A secret: file -> ..data/file, ..data -> ..N. An update makes another folder and replaces the link ..data."""

    def __init__(self, folder):
        self.folder, self.count = folder, 0
        folder.mkdir()
        (folder / "relay.key").symlink_to("..data/relay.key")
        self.file = folder / "relay.key"

    def update(self, text):
        self.count += 1
        made_folder = self.folder / f"..{self.count}"
        made_folder.mkdir()
        path = made_folder / "relay.key"
        path.write_text(text)
        path.chmod(0o440 if AS_ROOT else 0o400)
        (self.folder / "..new").symlink_to(made_folder.name)
        (self.folder / "..new").rename(self.folder / "..data")


class Node:
    def __init__(self, folder, database, text):  # noqa: F811
        folder.mkdir()
        self.key = Mounted(folder / "keys")
        self.key.update(text)
        self.relay = relay_on(folder / "r", database, ONE_SERVER, key=self.key.file)
        self.relay.start()
        self.relay.want_port = self.relay.port

    def restart(self, text):
        self.key.update(text)
        self.relay.stop()
        self.relay.start()


@pytest.fixture
def lines(tmp_path):
    """The lines of a key file: index, seal 1, seal 2."""
    with make_relay(tmp_path / "first", "plain-lmdb", store=f"lmdb:{tmp_path}/unused") as first:
        text = open(os.path.join(first.data, "relay.key"), encoding="ascii").read()
    return [re.search(r"^index .*$", text, re.M).group(), re.search(r"^seal 1 .*$", text, re.M).group(),
            f"seal 2 {secrets.token_hex(32)}"]


@pytest.fixture
def nodes(made, tmp_path, lines):  # noqa: F811
    both = [Node(tmp_path / name, made, keys(lines, 1)) for name in ("a", "b")]
    yield both
    for node in both:
        node.relay.kill()


def keys(lines, *order):
    return "\n".join([lines[0], *(lines[i] for i in order)]) + "\n"


class People:
    """Transfers through both nodes; none may be lost."""

    def __init__(self, folder, nodes):
        self.folder, self.nodes, self.count = folder, nodes, 0

    def device(self):
        self.count += 1
        return Device(self.folder / f"device{self.count}", TIGRESS_RELAY=self.nodes[0].relay.origin)

    def share(self, node=0):
        sender = Device(self.folder / f"sender{self.count}", TIGRESS_RELAY=self.nodes[node].relay.origin)
        self.count += 1
        return sender, sender.share(KEY, "--rights", "RWD")

    def finish(self, shared, node=1):
        """Accepted and answered through a node, received through the sender's."""
        sender, transfer = shared
        receiver = self.device()
        relay = self.nodes[node].relay
        allowed = ("--allow-relay", relay.origin.split("://")[1])
        assert receiver.accept(at(transfer["url"], relay), *allowed)["message"] == KEY
        receiver.answer(transfer["id"], message("m2"))
        assert sender.must("receive", transfer["id"])["message"] == message("m2")


def expire_all(made):  # noqa: F811
    """As if their time had passed; a relay removes them."""
    sql(made.owner, "UPDATE tigress.mailbox SET expires_s = 1")

    def is_empty():
        got = subprocess.run(["psql", "-qXtAc", "SELECT count(*) FROM tigress.mailbox", made.owner], capture_output=True, text=True,
                             timeout=60, check=True)
        return got.stdout.strip() == "0"
    until(is_empty, "the sweep has removed what expired")


def rotation_node_by_node__loses_no_live_mailbox(nodes, made, tmp_path, lines):  # noqa: F811
    people = People(tmp_path, nodes)
    waiting = [people.share() for _ in range(6)]
    for node in nodes:  # 1: every node can open what the new key will seal
        node.restart(keys(lines, 2, 1))
        people.finish(waiting.pop())
    for i, node in enumerate(nodes):  # 2: the new key seals
        node.restart(keys(lines, 1, 2))
        people.finish(people.share(i), 1 - i)
        people.finish(waiting.pop(), 1 - i)
    nodes[0].key.update(keys(lines, 2))  # 3: too early
    nodes[0].relay.stop()
    with pytest.raises(RelayError) as refused:
        nodes[0].relay.start()
    assert "seal key 1 is not in the key file" in str(refused.value) and "the last of them expires at" in str(refused.value)
    nodes[0].key.update(keys(lines, 1, 2))
    nodes[0].relay.start()
    for shared in waiting:
        people.finish(shared)
    expire_all(made)
    for node in nodes:  # nothing is sealed with key 1 any more
        node.restart(keys(lines, 2))
        people.finish(people.share())


def key_that_seals_before_every_node_has_it__503_until_then(nodes, tmp_path, lines):
    """The wrong order: nothing is lost, but a node without the key can serve no mailbox that is sealed with it."""
    people = People(tmp_path, nodes)
    nodes[0].restart(keys(lines, 1, 2))
    shared = people.share()
    ran = people.device().run("accept", "-", "--timeout", "3s", given=at(shared[1]["url"], nodes[1].relay) + "\n")
    assert ran.code != 0
    nodes[1].restart(keys(lines, 1, 2))
    people.finish(shared)


def another_key_under_the_new_number__refuses_to_serve(nodes, lines):
    nodes[0].restart(keys(lines, 2, 1))
    nodes[1].key.update(keys([*lines[:2], f"seal 2 {secrets.token_hex(32)}"], 2, 1))
    nodes[1].relay.stop()
    with pytest.raises(RelayError) as refused:
        nodes[1].relay.start()
    assert "seal key 2 in the key file is another key" in str(refused.value)
