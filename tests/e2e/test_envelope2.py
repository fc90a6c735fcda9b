# SPDX-License-Identifier: Apache-2.0
"""Envelope v2 through a real relay: the tool against an independent wallet that supports it, against one that does not,
and against one that tries to return to v1."""
import contextlib
import json

import pytest

import tigress_envelope as v1
import tigress_envelope2 as v2
from conftest import open_api
from tigress_client import Wallet, create_message
from wallet_process import REFUSED, Device

KEY = {"format": "digitalwallet.carkey.ccc", "content": {"step": "create"}, "later": [1, 2.5, None]}


def turn(number):
    return {"format": "x", "content": {"turn": number, "fill": "x" * (700 * number)}}


class WalletV2(Wallet):
    """The independent wallet with the independent envelope v2. `payloads` has every payload sent."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.payloads = []
        self.chain = v2.Transfer(v2.RECIPIENT, self.secret, self.mailbox) if self.secret else None

    def seal(self, message):
        type_, data = self.chain.seal(json.dumps(message, ensure_ascii=False))
        self.seen.add(data)
        self.payloads.append({"type": type_, "data": data})
        return self.payloads[-1]

    def share(self, message, rights="RWD", secret_len=16, display=None, expires_s=3600):
        self.secret = v1.new_secret(secret_len)
        self.chain = v2.Transfer(v2.INITIATOR, self.secret)
        answer = self.accept(self.api.create(
            create_message(rights, expires_s, self.seal(message), display), self.claim))
        self.mailbox = self.chain.mailbox = answer.json()["urlLink"].rsplit("/", 1)[1]
        return v1.ShareUrl(self.origin, self.mailbox, self.vertical, self.secret).text()

    def take(self, payload):
        self.payloads.append(payload)
        message = json.loads(self.chain.open(payload["type"], payload["data"]))
        self.offer = message.pop("tigressV2", None)
        return message

    def answer(self, message):
        self.accept(self.api.update(self.mailbox, self.claim, {"payload": self.seal(message)}))

    def send_v1(self, message):
        """A message that an attacker with the secret and a claim seals with v1; the chain does not change."""
        payload = v1.seal(self.secret, message)
        self.accept(self.api.update(self.mailbox, self.claim, {"payload": payload}))


@pytest.fixture
def device(tmp_path, relay):
    return Device(tmp_path / "device", relay.ca_file)


@pytest.fixture
def api(relay):
    with contextlib.closing(open_api(relay)) as opened:
        yield opened


def answer(device, transfer, message):
    device.must("answer", transfer, "-", given=json.dumps(message))


def receive(device, transfer):
    return device.must("receive", transfer, "--wait", "20")["message"]


def assert_opens_in_v1(wallet, count):
    """The secret alone opens the first `count` messages, and no other."""
    for number, payload in enumerate(wallet.payloads, 1):
        if number <= count:
            v1.open_sealed(wallet.secret, payload)
        else:
            with pytest.raises(v1.EnvelopeError):
                v1.open_sealed(wallet.secret, payload)


# spec-test: protocol/7#envelope-v2-answer, protocol/7#envelope-v2-transcript
@pytest.mark.parametrize("secret_len", [16, 32])
def python_offers__tool_answers__v2_from_the_third_on(device, relay, api, secret_len):
    wallet = WalletV2(api, relay.origin)
    taken = device.must("accept", "-", given=wallet.share(KEY, secret_len=secret_len))
    assert taken["message"] == KEY
    for number in range(2, 8, 2):
        answer(device, taken["id"], turn(number))
        assert wallet.receive(10) == turn(number)
        wallet.answer(turn(number + 1))
        assert receive(device, taken["id"]) == turn(number + 1)
    assert wallet.chain.keys and len(wallet.payloads) == 7
    assert_opens_in_v1(wallet, 2)


# spec-test: protocol/7#envelope-v2-offer, protocol/7#envelope-v2-keys
@pytest.mark.parametrize("bits", [128, 256])
def tool_offers__python_answers__v2_from_the_third_on(device, relay, api, bits):
    shared = device.must("share", "--relay", relay.origin, "--yes", "--rights", "RWD",
                         "--key-size", bits, "-", given=json.dumps(KEY))
    wallet = WalletV2.from_share_url(api, shared["url"])
    assert wallet.receive() == KEY
    assert set(wallet.offer) == {"publicKey", "commitment", "role"} and wallet.offer["role"] == "initiator"
    for number in range(2, 8, 2):
        wallet.answer(turn(number))
        assert receive(device, shared["id"]) == turn(number)
        answer(device, shared["id"], turn(number + 1))
        assert wallet.receive(10) == turn(number + 1)
    assert wallet.chain.keys and len(wallet.payloads) == 7
    assert_opens_in_v1(wallet, 2)


# spec-test: protocol/7#envelope-v2-falls-back-to-v1
def tool_offers__python_of_v1__stays_with_v1(device, relay, api):
    shared = device.must("share", "--relay", relay.origin, "--yes", "--rights", "RWD", "-",
                         given=json.dumps(KEY))
    wallet = Wallet.from_share_url(api, shared["url"])
    assert wallet.receive() == KEY
    assert wallet.offer
    for number in range(2, 8, 2):
        wallet.answer(turn(number))
        assert receive(device, shared["id"]) == turn(number)
        answer(device, shared["id"], turn(number + 1))
        assert wallet.receive(10) == turn(number + 1)
        assert wallet.offer is None


# spec-test: protocol/7#envelope-v2-falls-back-to-v1
def python_of_v1_shares__tool_offers_nothing(device, relay, api):
    wallet = Wallet(api, relay.origin)
    taken = device.must("accept", "-", given=wallet.share(KEY))
    for number in range(2, 8, 2):
        answer(device, taken["id"], turn(number))
        assert wallet.receive(10) == turn(number)
        assert wallet.offer is None
        wallet.answer(turn(number + 1))
        assert receive(device, taken["id"]) == turn(number + 1)


# spec-test: protocol/7#envelope-v2-no-downgrade
def back_to_v1__after_both_agreed__refused_and_the_transfer_continues(device, relay, api):
    wallet = WalletV2(api, relay.origin)
    taken = device.must("accept", "-", given=wallet.share(KEY))
    answer(device, taken["id"], turn(2))
    assert wallet.receive(10) == turn(2)
    wallet.send_v1(turn(3))
    outcome = device.run("receive", taken["id"], "--wait", "5")
    assert outcome.code == REFUSED and outcome.answer["error"]["code"] == "tampered", outcome
    assert "old envelope format" in outcome.sentence()
    wallet.answer(turn(3))
    assert receive(device, taken["id"]) == turn(3)


# spec-test: protocol/7#envelope-v2-reflection-and-rollback
def rollback_and_reflection__by_one_who_may_write__refused(device, relay, api):
    wallet = WalletV2(api, relay.origin)
    taken = device.must("accept", "-", given=wallet.share(KEY))
    answer(device, taken["id"], turn(2))
    assert wallet.receive(10) == turn(2)
    for old, word in ((0, "older message"), (1, "own message")):
        wallet.accept(api.update(wallet.mailbox, wallet.claim, {"payload": wallet.payloads[old]}))
        outcome = device.run("receive", taken["id"], "--wait", "5")
        assert outcome.code == REFUSED and outcome.answer["error"]["code"] == "tampered", outcome
        assert word in outcome.sentence()
    wallet.answer(turn(3))
    assert receive(device, taken["id"]) == turn(3)
    answer(device, taken["id"], turn(4))
    assert wallet.receive(10) == turn(4)
