# SPDX-License-Identifier: Apache-2.0
"""AsyncTransport against a real relay, and against relays that misbehave."""
import asyncio
import contextlib
import socket
import threading
import time

import pytest

import tigress
from tigress import Input, NetFailure, Want
from test_transport import MAILBOX, MESSAGE, FakeRelay, answer

LINK = "/v1/m/" + MAILBOX + "#AAAAAAAAAAAAAAAAAAAAAA=="
PREVIEW = (b'{"displayInformation":{"title":"T","description":"","imageURL":""},'
           b'"expiration":"2030-01-03T00:00:00Z"}')


def previewer(origin):
    session = tigress.Recipient(origin + LINK, want_preview=True)
    session.set_tries(1)
    return session


def transfer__two_tasks_of_one_loop__complete(relay):
    saved = []

    async def save(session):
        saved.append(bytes(session.save()))

    async def receive(url):
        with tigress.Recipient(url) as session:
            async with tigress.AsyncTransport(session, ca_file=relay.ca_file, save=save) as transport:
                assert await transport.run() is Want.INPUT and session.input is Input.MESSAGE
                assert session.message_json() == MESSAGE
                session.finish()
                return await transport.run()

    async def share():
        with tigress.Initiator(relay.origin, MESSAGE) as session:
            async with tigress.AsyncTransport(session, ca_file=relay.ca_file, save=save) as transport:
                session.confirm_intent()
                assert await transport.run() is Want.INPUT
                session.wait()
                wants = await asyncio.gather(transport.run(), receive(session.share_url()))
                return wants, session.end
    wants, end = asyncio.run(share())
    assert wants == [Want.DONE, Want.DONE] and end is tigress.End.COMPLETED
    assert len(saved) >= 6


@pytest.mark.parametrize("said, error", [
    (answer("302 Found", b"", "Location: http://127.0.0.1:1/"), tigress.ProtocolError),
    (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", tigress.ProtocolError),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", tigress.ProtocolError),
    (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", tigress.ProtocolError),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", tigress.ProtocolError),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", tigress.ProtocolError),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{", tigress.NetworkError),
    (b"", tigress.NetworkError),
])
def answer__nonsense__named_and_not_waited_for(said, error):
    with FakeRelay([said]) as fake, previewer(fake.origin) as session:
        async def run():
            async with tigress.AsyncTransport(session) as transport:
                return await transport.run()
        assert asyncio.run(run()) is Want.FAILED
        assert isinstance(session.error, error)


@pytest.mark.parametrize("said", [
    answer(body=PREVIEW),
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(body=PREVIEW),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(PREVIEW), PREVIEW),
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + PREVIEW,
])
def answer__each_framing__is_read(said):
    with FakeRelay([said]) as fake, previewer(fake.origin) as session:
        async def run():
            async with tigress.AsyncTransport(session) as transport:
                return await transport.run()
        assert asyncio.run(run()) is Want.INPUT
        assert session.title == "T"


def trickle(seconds):
    """The head, then one byte of the body now and then."""
    return [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"] + [part for _ in range(seconds * 20)
                                                                  for part in (0.05, b" ")]


@pytest.mark.parametrize("kind", ["blocking", "asyncio"])
def until__bytes_trickle__is_held(kind):
    with FakeRelay([trickle(30)]) as fake, previewer(fake.origin) as session:
        began = time.monotonic()
        if kind == "blocking":
            with tigress.Transport(session) as transport:
                want = transport.run(until_s=time.time() + 1)
        else:
            async def run():
                async with tigress.AsyncTransport(session) as transport:
                    return await transport.run(until_s=time.time() + 1)
            want = asyncio.run(run())
        assert want is Want.HTTP and time.monotonic() - began < 15
        assert session.failures == 0


@pytest.mark.parametrize("stage", ["connect", "handshake"])
def until__relay_takes_its_time__is_held(stage, relay):
    """Before an answer: a listener that does not accept, a handshake of one byte now and then."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as slow, contextlib.ExitStack() as stack:
        port = slow.getsockname()[1]
        scheme = "https" if stage == "handshake" else "http"
        session = stack.enter_context(previewer(f"{scheme}://127.0.0.1:{port}"))
        if stage == "connect":  # the queue of the listener is full
            for _ in range(8):
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
        if stage == "handshake":
            threading.Thread(target=drip_handshake, args=(slow,), daemon=True).start()
        began = time.monotonic()
        with tigress.Transport(session, ca_file=relay.ca_file, connect_timeout_s=60) as transport:
            assert transport.run(until_s=time.time() + 1) is Want.HTTP
        assert time.monotonic() - began < 30
        assert session.failures == 0


def drip_handshake(listener):
    """The head of a TLS record that announces much, then a byte now and then."""
    with contextlib.suppress(OSError):
        sock, _ = listener.accept()
        with sock:
            sock.sendall(b"\x16\x03\x03\x40\x00")
            for _ in range(1000):
                sock.sendall(b"\x02")
                time.sleep(0.05)


def cancel__task_waits_for_an_answer__session_is_intact():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with previewer("http://127.0.0.1:%d" % silent.getsockname()[1]) as session:
            async def run():
                async with tigress.AsyncTransport(session) as transport:
                    task = asyncio.ensure_future(transport.run())
                    await asyncio.get_running_loop().run_in_executor(None, silent.accept)
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
            asyncio.run(run())
            assert session.failures == 0 and session.step() is Want.HTTP
            session.reply_failed(NetFailure.INTERRUPTED)


def save__returns_false__nothing_is_sent():
    with tigress.Initiator("http://127.0.0.1:1", MESSAGE) as session:
        async def run():
            async with tigress.AsyncTransport(session, save=lambda _: False) as transport:
                session.confirm_intent()
                return await transport.run()
        assert asyncio.run(run()) is Want.HTTP
        assert session.failures == 0
