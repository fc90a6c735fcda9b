# SPDX-License-Identifier: Apache-2.0
"""The transport on asyncio: as Transport, but it blocks nothing, and a task that is cancelled ends it at once.

    async with tigress.AsyncTransport(session) as transport:
        want = await transport.run()
"""
import asyncio
import http.client
import inspect
import io
import ssl
import time
from typing import Any, Awaitable, Callable, List, Optional, Tuple, Union
from urllib.parse import urlsplit

from .session import NetFailure, Request, Session, Want
from .transport import (CONNECT_TIMEOUT_S, TooLarge, Unreachable, connect_failure, is_change, tls_context,
                        wire_bytes)

HEAD_MAX = 65536  # bytes of the headers of an answer
Headers = List[Tuple[str, str]]
AsyncSaveFn = Callable[[Session], Union[Any, Awaitable[Any]]]


class _Stale(Exception):
    """The relay had closed the connection before the request; there is no answer."""


class AsyncTransport:
    """Performs the requests of one session, which is borrowed until close(). For one task at a time.

    ca_file   PEM file of certificate authorities to trust instead of the system's
    save      called, and awaited if it returns an awaitable, before each request that changes something and
              after each answer, to store session.save(). The result False stops run().

    An exception of save, and the cancellation of the task, end run() and are raised; the session is intact.
    """

    def __init__(self, session: Session, *, ca_file: Optional[str] = None,
                 connect_timeout_s: float = CONNECT_TIMEOUT_S, save: Optional[AsyncSaveFn] = None):
        self._session, self._connect_timeout_s, self._save = session, connect_timeout_s, save
        self._tls = tls_context(ca_file)
        self._streams: Optional[Tuple[asyncio.StreamReader, asyncio.StreamWriter]] = None
        self._woken = asyncio.Event()

    # ---- life

    def close(self) -> None:
        """Closes the connection."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def __aenter__(self) -> "AsyncTransport":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def wake(self) -> None:
        """Ends a wait, because a push was received or the network is available. On the loop's thread."""
        self._woken.set()

    # ---- run

    async def run(self, until_s: Optional[float] = None) -> Want:
        """Steps the session and performs its requests and waits. Returns when the session wants input, is done
        or has failed, with that value. Returns Want.HTTP or Want.WAIT when save stopped it or the time is
        until_s (UTC seconds); run() may be called again."""
        while True:
            want = self._session.step()
            if want not in (Want.HTTP, Want.WAIT):
                return want
            if until_s is not None and time.time() >= until_s:
                return self._give_up(want)
            if want is Want.WAIT:
                await self._pause(until_s)
            elif not await self._perform_and_save(until_s):
                return self._give_up(self._session.step())

    def _give_up(self, want: Want) -> Want:
        if want is Want.HTTP:
            self._session.reply_failed(NetFailure.INTERRUPTED)
        return want

    async def _pause(self, until_s: Optional[float]) -> None:
        end_s = self._session.deadline_s if until_s is None else min(self._session.deadline_s, until_s)
        try:
            await asyncio.wait_for(self._woken.wait(), max(end_s - time.time(), 0) + 0.001)
        except asyncio.TimeoutError:
            return
        self._woken.clear()
        self._session.wake()

    async def _was_saved(self) -> bool:
        result = self._save(self._session) if self._save is not None else None
        if inspect.isawaitable(result):
            result = await result
        return result is not False

    async def _perform_and_save(self, until_s: Optional[float]) -> bool:
        try:
            if is_change(self._session, self._session.request()) and not await self._was_saved():
                return False
        except BaseException:
            self._session.reply_failed(NetFailure.INTERRUPTED)
            raise
        await self.perform(until_s)
        return await self._was_saved()

    # ---- one request

    async def perform(self, until_s: Optional[float] = None) -> None:
        """Performs the request of Want.HTTP and passes the answer to the session. At until_s (UTC seconds) it
        is given up, also while bytes arrive."""
        request = self._session.request()
        if request is None:
            self._session.reply_failed(NetFailure.LOST)  # raises StateError
            return
        limit_s = request.timeout_s + self._connect_timeout_s
        is_cut = until_s is not None and until_s - time.time() < limit_s
        if until_s is not None and is_cut:
            limit_s = max(until_s - time.time(), 0)
        failure = NetFailure.LOST
        try:
            status, headers, body = await asyncio.wait_for(self._exchange(request), limit_s)
        except asyncio.TimeoutError:
            failure = NetFailure.INTERRUPTED if is_cut and _is_over(until_s) else NetFailure.TIMEOUT
        except (TooLarge, asyncio.LimitOverrunError, http.client.LineTooLong):
            failure = NetFailure.TOO_LARGE
        except ssl.SSLCertVerificationError:
            failure = NetFailure.TLS
        except Unreachable as error:
            failure = error.failure
        except (http.client.BadStatusLine, ValueError):
            failure = NetFailure.NOT_HTTP
        except (http.client.HTTPException, OSError, EOFError, _Stale):
            failure = NetFailure.LOST
        except BaseException:
            self.close()
            self._session.reply_failed(NetFailure.INTERRUPTED)
            raise
        else:
            self._session.reply(status, headers, body)
            return
        self.close()
        self._session.reply_failed(failure)

    async def _exchange(self, request: Request) -> Tuple[int, Headers, bytes]:
        is_kept = self._streams is not None
        try:
            return await self._exchange_once(request, is_kept)
        except _Stale:
            self.close()
            return await self._exchange_once(request, False)

    async def _connect(self, host: str, port: Optional[int], is_tls: bool) -> None:
        opening = asyncio.open_connection(host, port or (443 if is_tls else 80), limit=HEAD_MAX,
                                          ssl=self._tls if is_tls else None)
        try:
            self._streams = await asyncio.wait_for(opening, self._connect_timeout_s)
        except (ssl.SSLCertVerificationError, asyncio.TimeoutError):
            raise
        except OSError as error:
            raise Unreachable(connect_failure(error)) from error

    async def _exchange_once(self, request: Request, is_kept: bool) -> Tuple[int, Headers, bytes]:
        url = urlsplit(request.url)
        if self._streams is None:
            await self._connect(url.hostname or "", url.port, url.scheme == "https")
        assert self._streams is not None
        reader, writer = self._streams
        try:
            writer.write(wire_bytes(request, url.netloc, url.path, url.query))
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            if is_kept and not getattr(error, "partial", b""):
                raise _Stale() from error  # safe to repeat: the request has an identifier
            raise
        while head[9:10] == b"1":  # an interim answer
            head = await reader.readuntil(b"\r\n\r\n")
        status, headers = _parse_head(head)
        body, can_stay = await _read_body(reader, status, headers, request.answer_max)
        if not can_stay or headers.get("Connection", "").lower() == "close" or head.startswith(b"HTTP/1.0"):
            self.close()
        return status, list(headers.items()), body


def _is_over(until_s: Optional[float]) -> bool:
    return until_s is not None and time.time() >= until_s - 0.01


def _parse_head(head: bytes) -> Tuple[int, http.client.HTTPMessage]:
    line, _, rest = head.partition(b"\r\n")
    words = line.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or len(words[1]) != 3 or not words[1].isdigit() \
            or not 200 <= int(words[1]) <= 599:
        raise http.client.BadStatusLine("not HTTP")
    return int(words[1]), http.client.parse_headers(io.BytesIO(rest))


async def _read_body(reader: asyncio.StreamReader, status: int, headers: http.client.HTTPMessage,
                     answer_max: int) -> Tuple[bytes, bool]:
    """The body, and whether the connection can be used again."""
    length = headers.get("Content-Length")
    if status in (204, 304):
        return b"", True
    if headers.get("Transfer-Encoding", "").lower() == "chunked":
        return await _read_chunks(reader, answer_max), True
    if length is None:
        body = await _read_at_most(reader, answer_max)
        return body, False
    if not (length.isascii() and length.isdigit()):
        raise http.client.BadStatusLine("not HTTP")
    if len(length) > 12 or int(length) > answer_max:  # announced: not waited for
        raise TooLarge()
    return await reader.readexactly(int(length)), True


async def _read_at_most(reader: asyncio.StreamReader, answer_max: int) -> bytes:
    body = b""
    while len(body) <= answer_max:
        piece = await reader.read(65536)
        if not piece:
            return body
        body += piece
    raise TooLarge()


async def _read_chunks(reader: asyncio.StreamReader, answer_max: int) -> bytes:
    body = b""
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0].strip(), 16)
        if not 0 <= size <= answer_max - len(body):
            raise TooLarge()
        if size == 0:
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass
            return body
        body += await reader.readexactly(size)
        if await reader.readexactly(2) != b"\r\n":
            raise http.client.BadStatusLine("not HTTP")
