# SPDX-License-Identifier: Apache-2.0
"""Transfers a digital credential from one device to another: libtigress for Python.

    with tigress.Initiator("https://relay.example", {"format": "...", "content": {}}) as session, \\
            tigress.Transport(session) as transport:
        session.confirm_intent()      # the user is present and agrees
        transport.run()
        print(session.share_url())

This is a thin layer over the C library: its manual pages and headers apply. It needs only the
standard library. A handle may be used from any thread, by one thread at a time.
"""
from .aio import AsyncTransport
from ._lib import LibraryNotFound, abi, library_path, version
from .direct import DirectEvent, DirectHost, DirectLink, DirectListener
from .envelope import (FORMAT_AUTHORIZATION_TOKEN, FORMAT_CARKEY_CCC, check_message, envelope_type,
                       open_envelope, seal_envelope)
from .errors import (AlgorithmError, AllowListError, ArgumentError, BadMessageError, BugError, CompletedError, ConnectError,
                     ConflictError, DeclinedError, DamagedError, DecryptError, DeniedError, ElsewhereError, EndedError, StandingError,
                     OversizeError, ErrorClass, ErrorCode, ExpiredError,
                     GoneError, LimitError, LockedError, MessageError, NameNotFoundError, NetworkError, NoPakeError, NoRouteError, NoV2Error, OutOfMemoryError,
                     ProtocolError, RandomError, RefusedError, RelayTimeoutError, RelayTlsError, SasError, SavedStateError,
                     SealerError, SecretError, StaleError, StateError, TamperedError, TemporaryError, TigressError,
                     UnavailableError, UnconfirmedError, UnsupportedError, UrlError, WithdrawnError,
                     error_class)
from .formats import (Handler, RequestKind, build_message, build_request, format_of, get_member, handler_of, request_of,
                      request_pin, set_member)
from .key import KeyOutcome, KeyRefusal, KeyTask, KeyUse, SignatureForm
from .pake import PAKE_TRIES_MAX, Pake, PakeUse, pake_is_built
from .pin import Pin, PinVerdict, generate_pin, normalise_pin, show_pin
from .seal import Sealer, open_state, seal_state
from .secret import SecretBytes
from .session import (AttestationWhen, End, Initiator, Input, NetFailure, Opened, Proof, Recipient, Relay,
                      Request, Role, Sas, Session, UserCheck, V2, Want, resume)
from .share_url import VERTICAL_CAR, VERTICAL_GENERAL, VERTICAL_HOME, Form, ShareUrl
from .transport import Transport
from .webpush import WEBPUSH_TYPE, WebPush

__version__ = "0.1.0"

__all__ = [
    "AlgorithmError", "AllowListError", "ArgumentError", "AsyncTransport", "AttestationWhen", "BadMessageError",
    "BugError", "CompletedError", "ConflictError", "ConnectError", "DamagedError", "DeclinedError", "DecryptError",
    "DeniedError", "DirectEvent", "DirectHost", "DirectLink", "DirectListener", "ElsewhereError", "End",
    "EndedError", "ErrorClass", "ErrorCode", "ExpiredError", "FORMAT_AUTHORIZATION_TOKEN", "FORMAT_CARKEY_CCC",
    "Form", "GoneError", "Handler", "Initiator", "Input", "KeyOutcome", "KeyRefusal", "KeyTask", "KeyUse",
    "LibraryNotFound", "LimitError", "LockedError", "MessageError", "NameNotFoundError", "NetFailure",
    "NetworkError", "NoPakeError", "NoRouteError", "NoV2Error", "Opened", "OutOfMemoryError", "OversizeError",
    "PAKE_TRIES_MAX", "Pake", "PakeUse", "Pin", "PinVerdict",
    "Proof", "ProtocolError", "RandomError", "Recipient", "RefusedError", "Relay", "RelayTimeoutError",
    "RelayTlsError", "Request", "RequestKind", "Role", "Sas", "SasError", "SavedStateError", "Sealer", "SealerError",
    "SecretBytes", "SecretError", "Session", "ShareUrl", "SignatureForm", "StaleError", "StandingError",
    "StateError", "TamperedError", "TemporaryError", "TigressError", "Transport", "UnavailableError",
    "UnconfirmedError", "UnsupportedError", "UrlError", "UserCheck", "V2", "VERTICAL_CAR", "VERTICAL_GENERAL",
    "VERTICAL_HOME", "WEBPUSH_TYPE", "Want", "WebPush", "WithdrawnError", "abi", "build_message", "build_request",
    "check_message", "envelope_type", "error_class", "format_of", "generate_pin", "get_member", "handler_of",
    "library_path", "normalise_pin", "open_envelope", "open_state", "pake_is_built", "request_of", "request_pin", "resume",
    "seal_envelope", "seal_state", "set_member", "show_pin", "version",
]
