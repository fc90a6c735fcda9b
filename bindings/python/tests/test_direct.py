# SPDX-License-Identifier: Apache-2.0
"""Transfers without a relay: over TCP, and as steps without I/O."""
import threading
import time

import pytest

import tigress
from programs import CREATION, SIGNING
from tigress import DirectEvent, Input, Want

SOON_S = 60


def until():
    return int(time.time()) + SOON_S


class Receiver(threading.Thread):
    """The other device, with its own session, on its own thread."""

    def __init__(self, url, answer=None):
        super().__init__(daemon=True)
        self.url, self.answer, self.failure, self.saved, self.message = url, answer, None, 0, None

    def count(self, session):
        self.saved += len(session.save()) > 0

    def run(self):
        try:
            with tigress.Recipient(self.url) as session, tigress.DirectLink(session, save=self.count) as link:
                assert link.run(until()) is Want.INPUT, repr(session.error)
                self.message = session.message_json()
                if self.answer is not None:
                    session.send(self.answer)
                    assert link.run(until()) is Want.INPUT and session.input is Input.SENT
                    session.wait()
                    assert link.run(until()) is Want.INPUT
                session.finish()
                assert link.run(until()) is Want.DONE, repr(session.error)
        except BaseException as failure:  # pylint: disable=broad-except
            self.failure = failure


@pytest.fixture
def served():
    """A host, a listener on loopback, and the session of the sender, which has created the transfer."""
    saved = []
    with tigress.DirectHost() as host, \
            tigress.DirectListener("127.0.0.1:0", save=lambda h, s: saved.append((bytes(h.save()), s))) as listener, \
            tigress.Initiator(listener.url, CREATION, rights="RWD") as session:
        session.confirm_intent()
        assert listener.serve(host, session, until()) is Want.INPUT and session.input is Input.CREATED
        yield host, listener, session, saved


class PinReceiver(threading.Thread):
    """The other device, whose user enters these PINs."""

    def __init__(self, url, *pins):
        super().__init__(daemon=True)
        self.url, self.pins, self.failure, self.message = url, pins, None, None

    def run(self):
        try:
            with tigress.Recipient(self.url, pake_use=tigress.PakeUse.REQUIRED) as session, \
                    tigress.DirectLink(session) as link:
                for pin in self.pins:
                    assert link.run(until()) is Want.INPUT and session.input is Input.PIN, repr(session.error)
                    session.enter_pin(pin)
                assert link.run(until()) is Want.INPUT and session.input is Input.MESSAGE, repr(session.error)
                self.message = session.message_json()
        except BaseException as failure:  # pylint: disable=broad-except
            self.failure = failure


@pytest.mark.skipif("not tigress.pake_is_built()", reason="this build has no PIN by PAKE")
def pin__over_tcp__wrong_then_right__proved_as_through_a_relay():
    with tigress.DirectHost() as host, tigress.DirectListener("127.0.0.1:0") as listener, \
            tigress.Initiator(listener.url, CREATION, rights="RWD", pake_pin="604183") as session:
        session.confirm_intent()
        assert listener.serve(host, session, until()) is Want.INPUT and session.input is Input.CREATED
        receiver = PinReceiver(session.share_url(), "604138", "604183")
        receiver.start()
        session.wait()
        assert listener.serve(host, session, until()) is Want.INPUT and session.input is Input.SENT
        while receiver.is_alive():
            listener.serve(host, None, int(time.time()) + 1)
        receiver.join()
        assert receiver.failure is None and receiver.message == CREATION
        assert session.pake is tigress.Pake.PROVED and session.pake_tries_left == 3


def transfer__over_tcp_with_answers__completes_and_is_saved(served):
    host, listener, session, saved = served
    receiver = Receiver(session.share_url(), SIGNING)
    receiver.start()
    session.wait()
    assert listener.serve(host, session, until()) is Want.INPUT
    assert session.message_json() == SIGNING and host.has_recipient
    session.send(CREATION)
    assert listener.serve(host, session, until()) is Want.INPUT
    session.wait()
    assert listener.serve(host, session, until()) is Want.DONE
    while receiver.is_alive():
        listener.serve(host, None, int(time.time()) + 1)
    receiver.join()
    assert receiver.failure is None and receiver.message == CREATION and receiver.saved > 2
    assert session.end is tigress.End.COMPLETED and host.count(DirectEvent.PROVED) == 1
    assert len(saved) > 2 and saved[-1][1] in (session, None)
    with tigress.DirectHost.resume(saved[-1][0]) as again:
        assert again.has_recipient
    assert DirectEvent.SECOND.text == "DIRECT_SECOND"


def stranger__without_the_secret__is_counted_and_gets_nothing(served):
    host, listener, session, _ = served
    url = session.share_url()
    stranger = Receiver(url[:url.index("#")] + "#AAAAAAAAAAAAAAAAAAAAAA==")
    stranger.start()
    while stranger.is_alive():
        listener.serve(host, None, int(time.time()) + 1)
    assert isinstance(stranger.failure, AssertionError) and "RelayTlsError" in str(stranger.failure)
    assert host.count(DirectEvent.NOT_PROVED) >= 1 and not host.has_recipient


def steps__without_io__carry_the_transfer(served):
    host, _, session, _ = served
    now = int(time.time() * 1000)
    with tigress.Recipient(session.share_url()) as receiver, tigress.DirectLink(receiver) as link:
        assert link.host == "127.0.0.1" and link.port > 0
        assert receiver.step() is Want.HTTP
        link.start(now)
        assert link.needs_stream and link.is_busy
        connection = host.open(now)
        link.stream_opened(now)
        for _ in range(100):
            if not link.is_busy:
                break
            sent = link.output()
            link.sent(len(sent))
            if sent:
                host.received(connection, sent, now)
            sent = host.output(connection)
            host.sent(connection, len(sent), now)
            if sent:
                link.received(sent, now)
        assert not link.is_busy and link.is_open and host.is_open(connection)
        assert receiver.step() is Want.INPUT and receiver.message_json() == CREATION
        host.tick(now)
        link.tick(now)
        assert host.deadline_ms >= 0 and link.deadline_ms >= 0
        host.end(connection)
        link.stream_failed(tigress.NetFailure.LOST)
        with pytest.raises(tigress.StateError):
            host.received(connection, b"x", now)


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ValueError])
def progress__stops_or_raises__serve_ends_and_the_session_is_intact(error):
    is_armed = False

    def stop():
        if is_armed and error is not None:
            raise error()
        return not is_armed
    with tigress.DirectHost() as host, tigress.DirectListener("127.0.0.1:0", progress=stop) as listener, \
            tigress.Initiator(listener.url, CREATION) as session:
        session.confirm_intent()
        assert listener.serve(host, session, until()) is Want.INPUT
        session.wait()
        is_armed = True
        if error is None:
            assert listener.serve(host, session, until()) in (Want.HTTP, Want.WAIT)
        else:
            with pytest.raises(error):
                listener.serve(host, session, until())
        assert session.error is None


def arguments__wrong__named():
    for address in ("0.0.0.0:0", "nowhere:1", "127.0.0.1"):
        with pytest.raises(tigress.ArgumentError) as refused:
            tigress.DirectListener(address)
        assert str(refused.value)
    with tigress.Recipient("https://relay.example/v1/m/9d7e6f0c-6a8e-4f4e-9b7a-0c4b6b0c2f11#"
                           "AAAAAAAAAAAAAAAAAAAAAA==") as session:
        with pytest.raises(tigress.UrlError) as refused:
            tigress.DirectLink(session)
        assert "tigress-direct://" in str(refused.value)
    with pytest.raises(tigress.SavedStateError):
        tigress.DirectHost.resume(b"no host")
    host = tigress.DirectHost()
    host.close()
    with pytest.raises(tigress.StateError):
        host.save()
