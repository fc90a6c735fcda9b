# SPDX-License-Identifier: Apache-2.0
"""A transfer without a relay: the sender's device listens, the receiver's connects. Needs libtigress_direct.

    with tigress.DirectHost() as host, tigress.DirectListener() as listener, \\
            tigress.Initiator(listener.url, message) as session:
        session.confirm_intent()
        listener.serve(host, session)    # -> Want.INPUT, Input.CREATED

    with tigress.Recipient(url) as session, tigress.DirectLink(session) as link:
        link.run()

Host and link are steps without I/O, too, for Bluetooth or any other stream: the methods whose names C has.
"""
import ctypes
import enum
import functools
import time
from typing import Any, Callable, Optional, Tuple, Type, Union

from . import _lib
from .errors import check, check_value
from .handle import Handle
from .secret import SecretBytes, optional_text_in, take_out
from .session import Initiator, NetFailure, Recipient, Session, Want

ProgressFn = Callable[[], Any]


class DirectEvent(enum.IntEnum):
    """enum tigress_direct_event: what happened to connections, to show to the sender."""
    OPENED = 0
    PROVED = 1
    NOT_PROVED = 2
    SECOND = 3
    MALFORMED = 4
    STALLED = 5
    TURNED_AWAY = 6

    @property
    def text(self) -> str:
        """The library's name of it, for logs: "DIRECT_PROVED"."""
        return _lib.direct_lib().tigress_direct_event_name(self).decode()


def _now_ms() -> int:
    return int(time.time() * 1000)


class _Handle(Handle):
    """A handle of the library, and the exception of a callback, which must not cross into C."""
    _kind = ""

    def __init__(self) -> None:
        self._name = f"the {self._kind}"
        self._handle = ctypes.c_void_p()
        self._failure: Optional[BaseException] = None

    def _free(self) -> None:
        getattr(_lib.direct_lib(), f"tigress_direct_{self._kind}_free")(ctypes.byref(self._handle))

    def opened(self) -> ctypes.c_void_p:
        """The handle. StateError when it is closed."""
        return self._open()

    def _call(self, name: str, *arguments: Any) -> Any:
        return getattr(_lib.direct_lib(), f"tigress_direct_{self._kind}_{name}")(self.opened(), *arguments)

    def _kept(self, call: Optional[Callable[[], Any]]) -> Callable[..., int]:
        """The call as C wants it: 0 to go on. The result False stops, and so does an exception."""
        def run(*_: Any) -> int:
            try:
                return 0 if call is None or call() is not False else 1
            except BaseException as error:  # pylint: disable=broad-except
                self._failure = error
                return 1
        return run

    def _ended(self, want: int) -> Want:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        return Want(want)


class DirectHost(_Handle):
    """The sender's one mailbox and its connections. A `with` block wipes and frees it at its end."""
    _kind = "host"

    def __init__(self) -> None:
        super().__init__()
        check(_lib.direct_lib().tigress_direct_host_new(ctypes.byref(self._handle)))

    @classmethod
    def resume(cls: Type["DirectHost"], data: Union[bytes, bytearray]) -> "DirectHost":
        """Restores what save() returned. SavedStateError."""
        self = cls.__new__(cls)
        _Handle.__init__(self)
        saved, why = bytes(data), ctypes.create_string_buffer(_lib.TEXT_MAX)
        check(_lib.direct_lib().tigress_direct_host_resume(ctypes.byref(self._handle), saved, len(saved), why, len(why)),
              why.value.decode())
        return self

    def save(self) -> SecretBytes:
        """Everything but the connections; as secret as the saved state of a session."""
        out, length = ctypes.c_void_p(), ctypes.c_size_t()
        check(self._call("save", ctypes.byref(out), ctypes.byref(length)))
        return take_out(out, length)

    @property
    def is_changed(self) -> bool:
        """Whether the mailbox has changed since the last save."""
        return bool(self._call("is_changed"))

    @property
    def has_recipient(self) -> bool:
        """Whether a recipient is bound."""
        return bool(self._call("has_recipient"))

    def count(self, event: DirectEvent) -> int:
        """How often it happened since the host was made."""
        return int(self._call("count", int(event)))

    # ---- without I/O; now_ms: UTC milliseconds, None: the system's clock

    def perform(self, session: Initiator, now_ms: Optional[int] = None) -> bool:
        """Answers the session's request; False: call it again after bytes were received or time has passed."""
        answered = ctypes.c_int()
        check(self._call("perform", session.handle(), _now_ms() if now_ms is None else now_ms, ctypes.byref(answered)))
        return bool(answered.value)

    def open(self, now_ms: Optional[int] = None) -> int:
        """A peer has connected: the number of the connection. StateError, LimitError: close the stream."""
        number = ctypes.c_uint()
        check(self._call("open", _now_ms() if now_ms is None else now_ms, ctypes.byref(number)))
        return number.value

    def received(self, connection: int, data: bytes, now_ms: Optional[int] = None) -> None:
        """The peer has sent bytes. StateError: there is no such connection, or no longer."""
        given = bytes(data)
        check(self._call("received", connection, given, len(given), _now_ms() if now_ms is None else now_ms))

    def output(self, connection: int) -> bytes:
        """Bytes to send to the peer; then sent()."""
        length = ctypes.c_size_t()
        address = self._call("output", connection, ctypes.byref(length))
        return ctypes.string_at(address, length.value) if address else b""

    def sent(self, connection: int, count: int, now_ms: Optional[int] = None) -> None:
        """The first count bytes of the output were written."""
        self._call("sent", connection, count, _now_ms() if now_ms is None else now_ms)

    def is_open(self, connection: int) -> bool:
        """False: send what output() still returns, close the stream, then end()."""
        return bool(self._call("is_open", connection))

    def end(self, connection: int) -> None:
        """tigress_direct_host_close: the stream is closed."""
        self._call("close", connection)

    def tick(self, now_ms: Optional[int] = None) -> None:
        """Time has passed."""
        self._call("tick", _now_ms() if now_ms is None else now_ms)

    @property
    def deadline_ms(self) -> int:
        """When to call tick(), in UTC milliseconds; 0: no time is due."""
        return int(self._call("deadline_ms"))


class DirectListener(_Handle):
    """Listens on TCP for the receiver's device.

    address    "ADDRESS:PORT", numeric; None: any port of this device on a local network
    save       called with the host and the session before another device learns of a change; the result False stops
    progress   called about once a second; the result False stops serve()
    """
    _kind = "listener"

    def __init__(self, address: Optional[str] = None, *,
                 save: Optional[Callable[[DirectHost, Optional[Initiator]], Any]] = None,
                 progress: Optional[ProgressFn] = None):
        super().__init__()
        why = ctypes.create_string_buffer(_lib.TEXT_MAX)
        check(_lib.direct_lib().tigress_direct_listen(ctypes.byref(self._handle), optional_text_in(address), why,
                                                      len(why)), why.value.decode())
        self._serving: Tuple[Optional[DirectHost], Optional[Initiator]] = (None, None)
        save_fn, _, progress_fn = _lib.DIRECT_FUNCTIONS
        # The library calls these: they must live as long as the listener.
        self._functions = (save_fn(self._kept(self._saver(save))), progress_fn(self._kept(progress)))
        check(self._call("set_save", self._functions[0], None))
        check(self._call("set_progress", self._functions[1], None))

    def _saver(self, save: Optional[Callable[[DirectHost, Optional[Initiator]], Any]]) -> Callable[[], Any]:
        def call() -> Any:
            host, session = self._serving
            return save(host, session) if save is not None and host is not None else None
        return call

    @property
    def url(self) -> str:
        """For Initiator(): "tigress-direct://192.0.2.7:4711"."""
        return self._call("url").decode()

    def serve(self, host: DirectHost, session: Optional[Initiator] = None, until_s: int = 0) -> Want:
        """Steps the session, and answers it and every peer, until it wants input, is done or has failed. Want.HTTP or
        Want.WAIT: a callback stopped it, or the time is until_s (UTC seconds; 0: no limit). Without a session it
        serves only the peers."""
        self._serving = (host, session)
        try:
            return self._ended(_lib.direct_lib().tigress_direct_serve(
                self.opened(), host.opened(), None if session is None else session.handle(), until_s))
        finally:
            self._serving = (None, None)


class DirectLink(_Handle):
    """Carries the session of a recipient, which is borrowed until close().

    save       called with the session before each request that changes something and after each answer
    progress   called about once a second; the result False stops run(), and so does that of save
    """
    _kind = "link"

    def __init__(self, session: Recipient, *, save: Optional[Callable[[Session], Any]] = None,
                 progress: Optional[ProgressFn] = None):
        super().__init__()
        check_value(_lib.direct_lib().tigress_direct_link_new(ctypes.byref(self._handle), session.handle()),
                    "session: expected a recipient of a tigress-direct:// invitation")
        self._session = session  # it must live as long as the link
        _, save_fn, progress_fn = _lib.DIRECT_FUNCTIONS
        self._functions = (save_fn(self._kept(None if save is None else functools.partial(save, session))),
                           progress_fn(self._kept(progress)))
        check(self._call("set_save", self._functions[0], None))
        check(self._call("set_progress", self._functions[1], None))

    @property
    def host(self) -> str:
        """Where the other device listens."""
        return self._call("host").decode()

    @property
    def port(self) -> int:
        """Where the other device listens."""
        return int(self._call("port"))

    def run(self, until_s: int = 0) -> Want:
        """As Transport.run(), for this session: connects as often as needed, and only to numeric addresses."""
        return self._ended(_lib.direct_lib().tigress_direct_run(self.opened(), until_s))

    # ---- without I/O; now_ms: UTC milliseconds, None: the system's clock

    def start(self, now_ms: Optional[int] = None) -> None:
        """Starts the session's request of Want.HTTP. StateError."""
        check(self._call("start", _now_ms() if now_ms is None else now_ms))

    @property
    def is_busy(self) -> bool:
        """Whether a request waits for its answer."""
        return bool(self._call("is_busy"))

    @property
    def needs_stream(self) -> bool:
        """Close the previous stream, open a new one, then stream_opened() or stream_failed()."""
        return bool(self._call("needs_stream"))

    def stream_opened(self, now_ms: Optional[int] = None) -> None:
        """tigress_direct_link_opened: the stream is open."""
        self._call("opened", _now_ms() if now_ms is None else now_ms)

    def stream_failed(self, failure: NetFailure) -> None:
        """tigress_direct_link_failed: the stream could not be opened, or it is closed."""
        self._call("failed", int(failure))

    def received(self, data: bytes, now_ms: Optional[int] = None) -> None:
        """The peer has sent bytes."""
        given = bytes(data)
        self._call("received", given, len(given), _now_ms() if now_ms is None else now_ms)

    def output(self) -> bytes:
        """Bytes to send to the peer; then sent()."""
        length = ctypes.c_size_t()
        address = self._call("output", ctypes.byref(length))
        return ctypes.string_at(address, length.value) if address else b""

    def sent(self, count: int) -> None:
        """The first count bytes of the output were written."""
        self._call("sent", count)

    @property
    def is_open(self) -> bool:
        """False: the stream is to be closed."""
        return bool(self._call("is_open"))

    def tick(self, now_ms: Optional[int] = None) -> None:
        """Time has passed."""
        self._call("tick", _now_ms() if now_ms is None else now_ms)

    @property
    def deadline_ms(self) -> int:
        """When to call tick(), in UTC milliseconds; 0: no time is due."""
        return int(self._call("deadline_ms"))
