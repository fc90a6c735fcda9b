# SPDX-License-Identifier: Apache-2.0
"""A small transport on the standard library: performs one session's requests over HTTP/1.1.

It verifies the certificate (TLS 1.2 or 1.3; the session allows plain http to loopback only) and uses
a connection that no other session shares. It keeps no cookie and no TLS session, sends no user agent,
follows no redirect, uses no proxy, and bounds sizes and times of answers.
"""
import errno
import http.client
import io
import os
import selectors
import socket
import ssl
import time
from typing import Any, Callable, Optional
from urllib.parse import urlsplit

from .session import NetFailure, Request, Session, Want

CONNECT_TIMEOUT_S = 15.0
SLICE_S = 0.5  # the longest read or wait between two calls of the progress callback

SaveFn = Callable[[Session], Any]
ProgressFn = Callable[[Session, Want], Any]


class _Interrupted(Exception):
    """A callback stopped the request."""


class TooLarge(Exception):
    """More bytes than the session allows, or not HTTP."""


class _Stale(Exception):
    """The relay had closed the connection before the request; there is no answer."""


class _Watch:
    """Waits for a socket that does not block, until a deadline, and calls tick() regularly."""

    def __init__(self, sock: socket.socket, deadline: float, tick: Callable[[], None]):
        self._sock, self._deadline, self._tick = sock, deadline, tick
        self._ticked = time.monotonic()

    def look(self) -> None:
        """Called before each step, because bytes that trickle never let the socket rest."""
        now = time.monotonic()
        if now >= self._deadline:
            raise TimeoutError("no answer in time")
        if now - self._ticked >= SLICE_S:
            self._ticked = now
            self._tick()

    def until(self, step: Callable[[], Any]) -> Any:
        """The result of step(), which is repeated until the socket lets it end."""
        while True:
            self.look()
            try:
                return step()
            except (BlockingIOError, ssl.SSLWantReadError):
                self.rest(selectors.EVENT_READ)
            except ssl.SSLWantWriteError:
                self.rest(selectors.EVENT_WRITE)

    def rest(self, events: int) -> None:
        """Until the socket is ready, or a slice has passed."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, events)
            selector.select(min(max(self._deadline - time.monotonic(), 0), SLICE_S))

    def send_all(self, data: bytes) -> None:
        """As socket.sendall()."""
        left = memoryview(data)
        while left:
            self.look()
            try:
                left = left[self._sock.send(left):]
            except (BlockingIOError, ssl.SSLWantWriteError):
                self.rest(selectors.EVENT_WRITE)
            except ssl.SSLWantReadError:
                self.rest(selectors.EVENT_READ)


class _Reader(io.RawIOBase):
    """Reads at most max_bytes of a socket."""

    def __init__(self, sock: socket.socket, watch: _Watch, max_bytes: int):
        super().__init__()
        self._sock, self._watch, self._left = sock, watch, max_bytes
        self.has_begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count: int = self._watch.until(lambda: self._sock.recv_into(buffer))
        self._left -= count
        if self._left < 0:
            raise TooLarge()
        self.has_begun = self.has_begun or count > 0
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """http.client.HTTPResponse calls this on a socket."""
        return io.BufferedReader(self)


def tls_context(ca_file: Optional[str]) -> ssl.SSLContext:
    """TLS 1.2 or 1.3 with the certificate and the host name verified."""
    # Not create_default_context(): it writes the keys to the file in SSLKEYLOGFILE.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(cafile=ca_file)
    return context


def is_change(session: Session, request: Optional[Request]) -> bool:
    """Whether the session must be saved before this request."""
    # A create and a first read are POST too; the session has no version before them.
    return (request is not None and request.method not in ("POST", "GET")) or session.version == 0


class Transport:
    """Performs the requests of one session, which is borrowed until close().

    ca_file     PEM file of certificate authorities to trust instead of the system's
    save        called before each request that changes something and after each answer, to store
                session.save(). The result False stops run().
    progress    called at least once a second while run() works or waits, and before each request.
                The result False stops run().

    An exception of a callback ends run() and is raised; the session is intact.
    """

    def __init__(self, session: Session, *, ca_file: Optional[str] = None,
                 connect_timeout_s: float = CONNECT_TIMEOUT_S, save: Optional[SaveFn] = None,
                 progress: Optional[ProgressFn] = None):
        self._session, self._connect_timeout_s = session, connect_timeout_s
        self._save, self._progress = save, progress
        self._until_s: Optional[float] = None
        self._is_stopped = False
        self._sock: Optional[socket.socket] = None
        self._tls = tls_context(ca_file)

    # ---- life

    def close(self) -> None:
        """Closes the connection."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def __enter__(self) -> "Transport":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- one request

    def perform(self) -> None:
        """Performs the request of Want.HTTP and passes the answer to the session. For applications
        with their own event loop."""
        request = self._session.request()
        if request is None:
            self._session.reply_failed(NetFailure.LOST)  # raises StateError
            return
        failure = NetFailure.LOST
        try:
            status, headers, body = self._exchange(request)
        except _Interrupted:
            failure = NetFailure.INTERRUPTED
        except (TooLarge, http.client.LineTooLong):
            failure = NetFailure.TOO_LARGE
        except ssl.SSLCertVerificationError:
            failure = NetFailure.TLS
        except TimeoutError:
            failure = NetFailure.TIMEOUT
        except Unreachable as error:
            failure = error.failure
        except http.client.RemoteDisconnected:
            failure = NetFailure.LOST
        except http.client.BadStatusLine:
            failure = NetFailure.NOT_HTTP
        except (http.client.HTTPException, OSError):
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

    def _exchange(self, request: Request) -> Any:
        is_kept = self._sock is not None
        try:
            return self._exchange_once(request, is_kept)
        except _Stale:
            self.close()
            return self._exchange_once(request, False)

    def _exchange_once(self, request: Request, is_kept: bool) -> Any:
        url = urlsplit(request.url)
        if self._sock is None:
            self._sock = self._connect(url.hostname or "", url.port, url.scheme == "https")
        deadline = time.monotonic() + request.timeout_s
        watch = _Watch(self._sock, deadline, self._tick)
        # http.client bounds the headers, and we the body; this bounds both together.
        reader = _Reader(self._sock, watch, request.answer_max + 65536)
        try:
            watch.send_all(wire_bytes(request, url.netloc, url.path, url.query))
            response = http.client.HTTPResponse(reader, method=request.method)  # type: ignore
            response.begin()
        except (ConnectionError, ssl.SSLEOFError) as error:
            if is_kept and not reader.has_begun:
                raise _Stale() from error  # safe to repeat: the request has an identifier
            raise
        if (response.length or 0) > request.answer_max:  # announced: not waited for
            raise TooLarge()
        body = response.read(request.answer_max + 1)
        if len(body) > request.answer_max:
            raise TooLarge()
        if response.length:  # read() does not report a truncated body
            raise http.client.IncompleteRead(body, response.length)
        if not 100 <= response.status <= 599:
            raise TooLarge()
        headers = response.getheaders()
        if response.will_close or not response.isclosed():
            self.close()
        response.close()
        return response.status, headers, body

    def _connect(self, host: str, port: Optional[int], is_tls: bool) -> socket.socket:
        deadline = time.monotonic() + self._connect_timeout_s
        sock = self._connect_any(host, port or (443 if is_tls else 80), deadline)
        if not is_tls:
            return sock
        try:
            tls = self._tls.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
        except BaseException:
            sock.close()
            raise
        try:
            _Watch(tls, deadline, self._tick).until(tls.do_handshake)
            return tls
        except (ssl.SSLCertVerificationError, TimeoutError, _Interrupted):
            tls.close()
            raise
        except OSError as error:
            # A relay that restarts during a handshake causes this, too.
            tls.close()
            raise Unreachable(NetFailure.UNREACHABLE) from error
        except BaseException:
            tls.close()
            raise

    def _connect_any(self, host: str, port: int, deadline: float) -> socket.socket:
        """The first address of the host that answers. Only the resolver blocks."""
        failure = Unreachable(NetFailure.NO_NAME)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Unreachable(connect_failure(error)) from error
        for family, kind, protocol, _, address in found:
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._connect_one(sock, address, deadline)
                return sock
            except (TimeoutError, _Interrupted):
                sock.close()
                raise
            except OSError as error:
                sock.close()
                failure = Unreachable(connect_failure(error))
            except BaseException:
                sock.close()
                raise
        raise failure

    def _connect_one(self, sock: socket.socket, address: Any, deadline: float) -> None:
        watch, code = _Watch(sock, deadline, self._tick), sock.connect_ex(address)
        while code in (errno.EINPROGRESS, errno.EALREADY, errno.EINTR, errno.EWOULDBLOCK):
            watch.look()
            watch.rest(selectors.EVENT_WRITE)
            code = sock.connect_ex(address)
        if code not in (0, errno.EISCONN):
            raise OSError(code, os.strerror(code))

    # ---- run

    def run(self, until_s: Optional[float] = None) -> Want:
        """Steps the session and performs its requests and waits. Returns when the session wants input,
        is done or has failed, with that value. Returns Want.HTTP or Want.WAIT when a callback
        stopped it or the time is until_s (UTC seconds); run() may be called again."""
        self._until_s, self._is_stopped = until_s, False
        while True:
            want = self._session.step()
            if self._is_stopped and want is Want.HTTP:
                self._session.reply_failed(NetFailure.INTERRUPTED)
            if self._is_stopped or want not in (Want.HTTP, Want.WAIT):
                return want
            if want is Want.HTTP:
                self._perform_and_save()
            else:
                self._pause()

    def _perform_and_save(self) -> None:
        must_save = is_change(self._session, self._session.request())
        try:
            if (must_save and not self._was_saved()) or self._should_stop(Want.HTTP):
                self._session.reply_failed(NetFailure.INTERRUPTED)
                return
        except BaseException:
            self._session.reply_failed(NetFailure.INTERRUPTED)
            raise
        self.perform()
        self._was_saved()

    def _pause(self) -> None:
        while not self._should_stop(Want.WAIT):
            left_s = self._session.deadline_s - time.time()
            if left_s <= 0:
                return
            time.sleep(min(left_s, SLICE_S))

    def _was_saved(self) -> bool:
        if self._save is not None and self._save(self._session) is False:
            self._is_stopped = True
        return not self._is_stopped

    def _should_stop(self, doing: Want) -> bool:
        if self._until_s is not None and time.time() >= self._until_s:
            self._is_stopped = True
        elif self._progress is not None and self._progress(self._session, doing) is False:
            self._is_stopped = True
        return self._is_stopped

    def _tick(self) -> None:
        if self._should_stop(Want.HTTP):
            raise _Interrupted()


class Unreachable(Exception):
    """No connection, and why."""

    def __init__(self, failure: NetFailure):
        super().__init__()
        self.failure = failure


def connect_failure(error: OSError) -> NetFailure:
    if isinstance(error, socket.gaierror):
        return NetFailure.NO_NAME
    if isinstance(error, ConnectionRefusedError):
        return NetFailure.NO_SERVICE
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN):
        return NetFailure.NO_ROUTE
    return NetFailure.UNREACHABLE


def wire_bytes(request: Request, host: str, path: str, query: str) -> bytes:
    lines = [f"{request.method} {path or '/'}{'?' + query if query else ''} HTTP/1.1",
             f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    if request.body is not None or request.method != "GET":
        lines.append(f"Content-Length: {len(request.body or b'')}")
    if any("\r" in line or "\n" in line for line in lines):
        raise TooLarge()  # the library makes no such header; nothing is sent
    return "\r\n".join(lines + ["", ""]).encode("ascii") + (request.body or b"")
