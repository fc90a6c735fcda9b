# SPDX-License-Identifier: Apache-2.0
"""One exception class for each error code of the library.

    TigressError                        the base of all
      EndedError                        ErrorClass.ENDED: the transfer is over
      TemporaryError                    ErrorClass.RETRY: wait, then Session.retry()

No text of an exception contains a secret. `detail` is text from the relay: do not trust it.
"""
import enum
from typing import Dict, Optional, Type

from ._lib import lib


class ErrorCode(enum.IntEnum):
    """enum tigress_error"""
    OK = 0
    ARGUMENT = 1
    STATE = 2
    URL = 3
    NOT_ALLOWED = 4
    SECRET = 5
    MESSAGE = 6
    LIMIT = 7
    SAVED_STATE = 8
    STALE = 9
    WITHDRAWN = 20
    COMPLETED = 21
    EXPIRED = 22
    GONE = 23
    DECLINED = 24
    UNCONFIRMED = 25
    DENIED = 30
    REFUSED = 31
    CONFLICT = 32
    ELSEWHERE = 33
    STANDING = 34
    SAS = 35
    NETWORK = 40
    TLS = 41
    UNAVAILABLE = 42
    PROTOCOL = 43
    DECRYPT = 44
    BAD_MESSAGE = 45
    TAMPERED = 46
    ALGORITHM = 47
    DAMAGED = 48
    OVERSIZE = 49
    NO_V2 = 50
    NO_PAKE = 51
    LOCKED = 55
    NAME = 56
    ROUTE = 57
    CONNECT = 58
    TIMEOUT = 59
    NOMEM = 60
    RANDOM = 61
    UNSUPPORTED = 62
    SEALER = 63
    BUG = 90


class ErrorClass(enum.IntEnum):
    """enum tigress_error_class: what an application does about an error."""
    NONE = 0     # no error
    CALLER = 1   # the application passed a wrong value, or called at a wrong time
    ENDED = 2    # the transfer is over: the other side ended it, or time did
    REFUSED = 3  # the relay, or the wallet's own rule, refused: a retry does not help
    RETRY = 4    # wait, then try again: Session.retry() continues the session
    FAULT = 5    # the library or its build is at fault


def error_class(code: int) -> ErrorClass:
    """The class of an error code; FAULT for one that the library does not know."""
    return ErrorClass(lib().tigress_error_class(code))


class TigressError(Exception):
    """A call that was refused, or how a transfer failed.

    code     an ErrorCode, or the number of one that this module does not know
    detail   the relay's explanation, "" when there is none: show it, do not log it
    """
    code: int = ErrorCode.BUG

    @property
    def error_class(self) -> ErrorClass:
        """What an application does about this error."""
        return error_class(self.code)

    def __init__(self, text: str, code: Optional[int] = None, detail: str = ""):
        super().__init__(text)
        if code is not None:
            self.code = code
        self.detail = detail


class EndedError(TigressError):
    """The transfer is over: the other side ended it, or it expired."""


class TemporaryError(TigressError):
    """Wait, then try again: the session is intact, and Session.retry() continues it."""


class ArgumentError(TigressError, ValueError):
    """A value that the call does not allow."""
    code = ErrorCode.ARGUMENT


class StateError(TigressError):
    """The call is not possible in the current state, or the handle is closed."""
    code = ErrorCode.STATE


class UrlError(TigressError, ValueError):
    """Not a share URL or relay URL that may be used."""
    code = ErrorCode.URL


class AllowListError(TigressError):
    """The relay is not on the allow list, or the wallet's policy refuses it."""
    code = ErrorCode.NOT_ALLOWED


class SecretError(TigressError, ValueError):
    """The secret is not base64 of 16 or 32 bytes."""
    code = ErrorCode.SECRET


class MessageError(TigressError, ValueError):
    """The message is not provisioning information."""
    code = ErrorCode.MESSAGE


class LimitError(TigressError, ValueError):
    """Longer than a stated maximum."""
    code = ErrorCode.LIMIT


class SavedStateError(TigressError, ValueError):
    """The saved state is damaged, truncated or of another version."""
    code = ErrorCode.SAVED_STATE


class StaleError(SavedStateError):
    """A sealed state of another name or of an earlier generation: swapped, or put back."""
    code = ErrorCode.STALE


class LockedError(TemporaryError):
    """A key of this device cannot be used while it is locked. A sealer raises it, too."""
    code = ErrorCode.LOCKED


class SealerError(TigressError):
    """The application's own function for sealing failed."""
    code = ErrorCode.SEALER


class WithdrawnError(EndedError):
    """The initiator cancelled the transfer: its end note says so."""
    code = ErrorCode.WITHDRAWN


class CompletedError(EndedError):
    """The other side completed the transfer, so that it could not be stopped: its end note says so."""
    code = ErrorCode.COMPLETED


class ExpiredError(EndedError):
    """The relay reports that the transfer expired."""
    code = ErrorCode.EXPIRED


class GoneError(EndedError):
    """The relay has no such mailbox, and does not report why."""
    code = ErrorCode.GONE


class DeclinedError(EndedError):
    """The recipient declined the transfer: its end note says so."""
    code = ErrorCode.DECLINED


class UnconfirmedError(EndedError):
    """The relay reports that a device ended the transfer, and no end note proves how."""
    code = ErrorCode.UNCONFIRMED


class DeniedError(TigressError):
    """Not the device that is bound, or a right is missing."""
    code = ErrorCode.DENIED


class RefusedError(TigressError):
    """The relay does not accept the request."""
    code = ErrorCode.REFUSED


class ConflictError(TigressError):
    """Both sides keep sending at the same time."""
    code = ErrorCode.CONFLICT


class ElsewhereError(TigressError):
    """Another copy of this session's saved state continued the transfer."""
    code = ErrorCode.ELSEWHERE


class StandingError(TigressError):
    """The relay accepts shares only from devices that prove their good standing."""
    code = ErrorCode.STANDING


class NetworkError(TemporaryError):
    """The connection failed in another way than its subclasses name, or it broke too often."""
    code = ErrorCode.NETWORK


class NameNotFoundError(NetworkError):
    """The host name of the relay was not found."""
    code = ErrorCode.NAME


class NoRouteError(NetworkError):
    """There is no route to the host of the relay."""
    code = ErrorCode.ROUTE


class ConnectError(NetworkError):
    """The host of the relay refuses connections to the port."""
    code = ErrorCode.CONNECT


class RelayTimeoutError(NetworkError):
    """The relay did not answer in time."""
    code = ErrorCode.TIMEOUT


class RelayTlsError(TemporaryError):
    """The relay's certificate is not valid, or TLS failed."""
    code = ErrorCode.TLS


class UnavailableError(TemporaryError):
    """The relay answered 429 or 5xx too often."""
    code = ErrorCode.UNAVAILABLE


class ProtocolError(TemporaryError):
    """The answer does not follow the protocol."""
    code = ErrorCode.PROTOCOL


class DecryptError(TemporaryError):
    """A message does not decrypt: wrong secret, or changed on the way."""
    code = ErrorCode.DECRYPT


class BadMessageError(TemporaryError):
    """A decrypted message is not provisioning information."""
    code = ErrorCode.BAD_MESSAGE


class AlgorithmError(TemporaryError):
    """A message is sealed with an algorithm that this version does not know."""
    code = ErrorCode.ALGORITHM


class DamagedError(TemporaryError):
    """A message is not the base64 of a sealed message."""
    code = ErrorCode.DAMAGED


class OversizeError(TemporaryError):
    """A message is longer than the longest one."""
    code = ErrorCode.OVERSIZE


class SasError(RefusedError):
    """What message 3 reveals does not fit the commitment of message 1: somebody may be in between."""
    code = ErrorCode.SAS


class NoV2Error(TemporaryError):
    """Envelope v2 is required, and the other side's first message does not agree on it."""
    code = ErrorCode.NO_V2


class NoPakeError(TemporaryError):
    """A PIN by PAKE is required, and one of the two devices does not offer it."""
    code = ErrorCode.NO_PAKE


class TamperedError(TemporaryError):
    """Under envelope v2: the relay returned something that is not the next message."""
    code = ErrorCode.TAMPERED


class OutOfMemoryError(TemporaryError, MemoryError):
    """Out of memory."""
    code = ErrorCode.NOMEM


class RandomError(TemporaryError):
    """The random source or the cryptographic library failed."""
    code = ErrorCode.RANDOM


class UnsupportedError(TigressError):
    """Known, but not supported by this build."""
    code = ErrorCode.UNSUPPORTED


class BugError(TigressError):
    """An internal error of the library."""
    code = ErrorCode.BUG


def _leaves(base: Type[TigressError]) -> Dict[int, Type[TigressError]]:
    found = {}
    for cls in base.__subclasses__():
        if "code" in vars(cls):
            found[int(cls.code)] = cls
        found.update(_leaves(cls))
    return found


BY_CODE = _leaves(TigressError)


def make(code: int, why: str = "", detail: str = "") -> TigressError:
    """The exception of an error code, with the text `why`, or else the library's sentence."""
    text = why or lib().tigress_error_text(code).decode()
    return BY_CODE.get(code, TigressError)(text, code, detail)


def check(code: int, why: str = "") -> None:
    """Raises unless the code is OK."""
    if code != ErrorCode.OK:
        raise make(code, why)


_OF_VALUES = (ErrorCode.ARGUMENT, ErrorCode.URL, ErrorCode.SECRET, ErrorCode.MESSAGE, ErrorCode.LIMIT)


def check_value(code: int, expected: str) -> None:
    """The same for a call that writes no sentence: what was expected, if a value was wrong."""
    check(code, expected if code in _OF_VALUES else "")
