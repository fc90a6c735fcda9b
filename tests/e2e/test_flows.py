# SPDX-License-Identifier: Apache-2.0
"""Complete transfers by the independent wallet, with every store, transport and client."""
import contextlib

import pytest

from checks import assert_ended, assert_problem
from conftest import open_api
from tigress_client import Wallet, WalletError, new_id
from tigress_envelope import EnvelopeError, open_sealed, parse_share_url, seal

TRANSPORTS = ["h1", "h2", "curl-1.1", "curl-2"]
KEY = {"format": "digitalwallet.carkey.ccc", "content": {"keyId": "AURORA-7"}}


@pytest.fixture(params=TRANSPORTS)
def flow_api(request, any_relay):
    with contextlib.closing(open_api(any_relay, request.param)) as opened:
        yield opened


# spec-test: protocol/7#flows-any-number-of-turns
@pytest.mark.parametrize("secret_len", [16, 32])
def stateless__create_read_delete__delivered_and_gone(any_relay, flow_api, secret_len):
    initiator = Wallet(flow_api, any_relay.origin)
    url = initiator.share(KEY, rights="RD", secret_len=secret_len)
    recipient = Wallet.from_share_url(flow_api, url)
    assert recipient.receive() == KEY
    with pytest.raises(WalletError) as refused:
        Wallet.from_share_url(flow_api, url).receive()
    assert refused.value.status == 401
    recipient.finish()
    assert_ended(flow_api.read(initiator.mailbox, initiator.claim), "ended-by-recipient")


# spec-test: protocol/7#flows-any-number-of-turns
def stateful__three_messages__delivered_in_turn(any_relay, flow_api):
    initiator = Wallet(flow_api, any_relay.origin, vertical="c")
    creation = {"format": "x", "content": {"step": "creation"}}
    signing = {"format": "x", "content": {"step": "signing", "data": "y" * 3000}}
    imported = {"format": "x", "content": {"step": "import"}}
    url = initiator.share(creation)
    recipient = Wallet.from_share_url(flow_api, url)
    assert recipient.receive() == creation
    recipient.answer(signing)
    assert initiator.receive(5) == signing
    initiator.answer(imported)
    assert recipient.receive(5) == imported
    recipient.finish()
    assert_ended(flow_api.read(initiator.mailbox, initiator.claim), "ended-by-recipient")


def wrong_order__every_call_before_and_after__refused(flow_api):
    """Update before read, read after delete, delete twice, relinquish without a recipient."""
    box = flow_api.new_box()
    assert_problem(flow_api.update(box, box.recipient), 401)
    assert_problem(flow_api.relinquish(box, box.recipient), 401)
    assert_problem(flow_api.delete(box, box.recipient), 401)
    assert flow_api.read(box, box.recipient).status == 200
    assert flow_api.delete(box, box.recipient).status == 200
    for name in ("read", "update", "delete", "relinquish"):
        assert_ended(getattr(flow_api, name)(box, box.initiator), "ended-by-recipient")
    assert_problem(flow_api.delete(new_id(), new_id()), 404)


def security_headers__plain_http__all_but_hsts(tmp_path, any_relay):
    with contextlib.closing(open_api(any_relay)) as api:
        answer = api.create()
        assert answer.header("cache-control") == "no-store"
        has_hsts = answer.header("strict-transport-security") is not None
        assert has_hsts is not any_relay.is_plain


def envelope__python_client__own_round_trip_and_refusals():
    """Tests the independent client, which later tests compare with ours."""
    for length in (16, 32):
        secret = bytes(range(length))
        payload = seal(secret, KEY)
        assert open_sealed(secret, payload) == KEY
        with pytest.raises(EnvelopeError):
            open_sealed(bytes(length), payload)
        with pytest.raises(EnvelopeError):
            open_sealed(secret, {**payload, "type": "AEAD_CHACHA20_POLY1305"})
    text = "https://r.example:8443/v1/m/" + new_id() + "?v=c#AAAAAAAAAAAAAAAAAAAAAA=="
    assert parse_share_url(text).text() == text
    assert parse_share_url(text.replace("https", "tigress")).origin == "https://r.example:8443"
