# SPDX-License-Identifier: Apache-2.0
"""tigress watch: each change is reported on both sides, and the mailbox is not changed."""
import http.client
import json
import os
import signal
import ssl

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from cli_device import KEY, Device, message
from conftest import make_relay
from push_relay import flags, metrics, pushed
from push_stand_in import Authority, pem_of
from push_webpush import WebPush
from relay_process import in_a_short_life, until_long_polls

WAIT_S = 60


@pytest.fixture
def alice(relay, tmp_path):
    return Device(tmp_path / "alice", relay)


@pytest.fixture
def bob(relay, tmp_path):
    return Device(tmp_path / "bob", relay)


def begin(device, *words):
    return device.start("watch", "--json", "--wait", WAIT_S, *words)


def end(process):
    out, _ = process.communicate(timeout=WAIT_S + 30)
    return process.returncode, json.loads(out)


def exchange(alice, bob):
    shared = alice.share(message("create"), "--rights", "RWD")
    bob.accept(shared["url"])
    return shared["id"]


def initiator__an_answer_comes__changed_and_still_to_be_received(alice, bob):
    transfer = exchange(alice, bob)
    watching = begin(alice, transfer)
    bob.answer(transfer, message("sign"))
    code, result = end(watching)
    assert (code, result["found"], result["id"]) == (0, "changed", transfer)
    assert "message" not in result
    again = alice.must("watch", transfer)
    assert again["found"] == "changed"
    assert alice.must("receive", transfer)["message"] == message("sign")


def recipient__an_answer_comes__changed_and_still_to_be_received(alice, bob):
    transfer = exchange(alice, bob)
    bob.answer(transfer, message("sign"))
    alice.must("receive", transfer)
    watching = begin(bob, transfer)
    alice.answer(transfer, message("import"))
    code, result = end(watching)
    assert (code, result["found"]) == (0, "changed")
    assert bob.must("receive", transfer)["message"] == message("import")


def initiator__recipient_finishes__completed(alice, bob):
    transfer = exchange(alice, bob)
    watching = begin(alice, transfer)
    bob.must("finish", transfer)
    code, result = end(watching)
    assert (code, result["found"], result["status"]) == (0, "completed", "completed")


def recipient__initiator_withdraws__cancelled(alice, bob):
    transfer = exchange(alice, bob)
    watching = begin(bob, transfer)
    alice.must("cancel", transfer, code=9)
    code, result = end(watching)
    assert (code, result["error"]["code"]) == (7, "cancelled")
    bob.refused(7, "cancelled", "watch", transfer)


def initiator__time_of_the_transfer_is_over__expired(alice):
    transfer = in_a_short_life(lambda life_s: alice.share(KEY, "--expires", f"{life_s}s"))["id"]
    code, result = end(begin(alice, transfer))
    assert (code, result["error"]["code"]) in ((11, "expired"), (4, "gone"))


def initiator__a_device_opens__reported_while_it_waits(relay, alice, bob):
    shared = alice.share(KEY)
    watching = begin(alice, shared["id"])
    until_long_polls(relay, 1)
    bob.accept(shared["url"])
    code, result = end(watching)
    assert (code, result["found"], result["opened"], result["status"]) == (0, "opened", "yes", "active")
    again = begin(alice, shared["id"])  # once is enough: the next change is the end
    bob.must("finish", shared["id"])
    code, result = end(again)
    assert (code, result["found"], result["proof"]) == (0, "completed", "link")


def nothing_happens__exit_one(alice, bob):
    transfer = exchange(alice, bob)
    alice.refused(1, "nothing-yet", "watch", transfer, "--wait", "1")
    assert alice.must("status", transfer)["found"] == "unchanged"


def all_transfers__one_changes__that_one_is_reported(alice, bob, tmp_path, relay):
    carol = Device(tmp_path / "carol", relay)
    first, second = exchange(alice, bob), exchange(alice, carol)
    watching = begin(alice)
    carol.answer(second, message("sign"))
    code, result = end(watching)
    assert (code, result["found"], result["id"]) == (0, "changed", second)
    assert alice.must("receive", second)["message"] == message("sign")
    bob.answer(first, message("sign"))
    assert alice.must("receive", first)["message"] == message("sign")


def all_transfers__none_changes__exit_one(alice, bob):
    exchange(alice, bob)
    exchange(alice, bob)
    alice.refused(1, "nothing-yet", "watch", "--wait", "1")


def no_transfers__exit_one(alice):
    alice.refused(1, "none", "watch")


def interrupted_by_hand__nothing_is_lost(alice, bob):
    transfer = exchange(alice, bob)
    watching = begin(alice, transfer)
    os.kill(watching.pid, signal.SIGINT)
    watching.communicate(timeout=WAIT_S)
    bob.answer(transfer, message("sign"))
    assert alice.must("watch", transfer, "--wait", "30")["found"] == "changed"
    assert alice.must("receive", transfer)["message"] == message("sign")


@pytest.mark.parametrize("words", [("--wait", "never"), ("--webpush-listen", "127.0.0.1:0"),
                                   ("--listen-cert", "x"), ("--listen-key", "y")])
def bad_options__usage(alice, words):
    alice.refused(2, "usage", "watch", *words)


@pytest.mark.parametrize("address", ["0.0.0.0:0", "127.0.0.1", "192.0.2.1:0", "localhost:x", "[::]:0", ":0",
                                     "127.0.0.1:65536"])
def listening_where_others_reach_it__usage(alice, bob, relay, address):
    exchange(alice, bob)
    alice.refused(2, "usage", "watch", "--webpush-listen", address,
                  "--listen-cert", os.path.join(relay.data, "dev-cert.pem"),
                  "--listen-key", os.path.join(relay.data, "dev-key.pem"))


def listening__relay_without_web_push__reported_at_once(alice, bob, relay):
    transfer = exchange(alice, bob)
    alice.refused(1, "push-unsupported", "watch", transfer, "--webpush-listen", "127.0.0.1:0",
                  "--listen-cert", os.path.join(relay.data, "dev-cert.pem"),
                  "--listen-key", os.path.join(relay.data, "dev-key.pem"))
    assert alice.must("status", transfer)["found"] == "unchanged"


def listening__not_a_certificate__reported(alice, bob, relay):
    exchange(alice, bob)
    alice.refused(1, "certificate", "watch", "--webpush-listen", "127.0.0.1:0", "--listen-cert", "/etc/hostname",
                  "--listen-key", os.path.join(relay.data, "dev-key.pem"))


@pytest.mark.parametrize("value", ["", "webpush", ":data", "webpush:", "x" * 129 + ":data"])
def notify__no_token__usage(alice, value):
    ran = alice.run("share", "--yes", "--json", "--notify", value, "-", given=json.dumps(KEY))
    assert (ran.code, ran.error) == (2, "usage")
    alice.refused(1, "none", "watch")


# ---- waiting for a push -------------------------------------------------------------------------

@pytest.fixture
def push_relay(tmp_path):
    """A relay that sends Web Push to loopback, where its own certificate serves the tool's endpoint."""
    key = tmp_path / "vapid.pem"
    key.write_bytes(pem_of(ec.generate_private_key(ec.SECP256R1())))
    key.chmod(0o600)
    data = tmp_path / "relay" / "data"
    settings = {"push-vapid-key": key, "push-vapid-subject": "mailto:operator@example.org",
                "push-hosts": "127.0.0.1,localhost", "push-private-addresses": True, "push-ca": data / "dev-ca.pem"}
    with make_relay(tmp_path / "relay"):
        pass  # the certificate exists before the push process reads it
    with make_relay(tmp_path / "relay", args=flags(settings)) as running:
        yield running


def listening(relay, address="127.0.0.1:0"):
    return ("--webpush-listen", address, "--listen-cert", os.path.join(relay.data, "dev-cert.pem"),
            "--listen-key", os.path.join(relay.data, "dev-key.pem"))


def waiting(process):
    """Waits until the tool has registered its token and waits for a push."""
    line = process.stderr.readline().decode()
    while "a device has opened" in line:  # before the watch began
        line = process.stderr.readline().decode()
    assert "waiting for a push to" in line, line
    return line.split()[-2]


@pytest.mark.parametrize("address", ["127.0.0.1:0", "localhost:0"])
def listening__an_answer_comes__reported_after_the_push(push_relay, tmp_path, address):
    alice, bob = (Device(tmp_path / name, push_relay) for name in ("alice", "bob"))
    transfer = exchange(alice, bob)
    watching = begin(alice, transfer, *listening(push_relay, address))
    assert waiting(watching).startswith("https://" + address.split(":")[0])
    polls = metrics(push_relay).get("tigress_waiting_polls", 0)
    assert polls == 0
    bob.answer(transfer, message("sign"))
    code, result = end(watching)
    assert (code, result["found"], result["id"]) == (0, "changed", transfer)
    assert pushed(push_relay, "webpush", "taken") == 1
    assert alice.must("receive", transfer)["message"] == message("sign")


def listening_for_all__each_side_and_the_end__reported(push_relay, tmp_path):
    alice, bob, carol = (Device(tmp_path / name, push_relay) for name in ("alice", "bob", "carol"))
    first, second = exchange(alice, bob), exchange(alice, carol)
    watching = begin(alice, *listening(push_relay))
    waiting(watching)
    carol.must("finish", second)
    code, result = end(watching)
    assert (code, result["found"], result["id"]) == (0, "completed", second)
    watching = begin(bob, *listening(push_relay))
    waiting(watching)
    alice.must("cancel", first, code=9)
    code, result = end(watching)
    assert (code, result["error"]["code"]) == (7, "cancelled")


def listening__other_requests_arrive__keeps_waiting(push_relay, tmp_path):
    alice, bob = (Device(tmp_path / name, push_relay) for name in ("alice", "bob"))
    transfer = exchange(alice, bob)
    watching = begin(alice, transfer, *listening(push_relay))
    origin = waiting(watching)
    context = ssl.create_default_context(cafile=push_relay.ca_file)
    for method, path, headers, body, status in (
            ("GET", "/", {}, None, 405), ("POST", "/push/1", {}, b"x", 415),
            ("POST", "/push/1", {"Content-Encoding": "aes128gcm"}, b"x" * 100, 404),
            ("POST", "/push/1", {"Content-Encoding": "aes128gcm"}, b"x" * 4097, 413)):
        knock = http.client.HTTPSConnection(origin.removeprefix("https://"), context=context, timeout=WAIT_S)
        knock.request(method, path, body, headers)
        assert knock.getresponse().status == status
        knock.close()
    assert watching.poll() is None
    bob.answer(transfer, message("sign"))
    code, result = end(watching)
    assert (code, result["found"]) == (0, "changed")


def notify__token_of_another_program__used_when_valid(push_relay, tmp_path):
    with WebPush(Authority(tmp_path / "ca"), tmp_path) as service:
        token = service.subscribe().token
        value = f"{token['type']}:{token['tokenData']}"
        alice, bob = (Device(tmp_path / name, push_relay) for name in ("alice", "bob"))
        shared = alice.share(message("create"), "--rights", "RWD", "--notify", value)
        bob.must("accept", "--notify", value, "-", given=shared["url"] + "\n")
        bob.must("answer", shared["id"], "--notify", value, "-", given=json.dumps(message("sign")))
        # Its certificate is from another authority: the relay tries the push, which fails.
        assert alice.must("receive", shared["id"])["message"] == message("sign")
