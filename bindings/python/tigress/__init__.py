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
from .envelope import (FORMAT_AUTHORIZATION_TOKEN, FORMAT_CARKEY_CCC, check_message, envelope_type,
                       open_envelope, seal_envelope)
from .errors import (AlgorithmError, AllowListError, ArgumentError, BadMessageError, BugError, CompletedError, ConnectError,
                     ConflictError, DeclinedError, DamagedError, DecryptError, DeniedError, ElsewhereError, EndedError, StandingError,
                     OversizeError, ErrorClass, ErrorCode, ExpiredError,
                     GoneError, LimitError, MessageError, NameNotFoundError, NetworkError, NoRouteError, NoV2Error, OutOfMemoryError,
                     ProtocolError, RandomError, RefusedError, RelayTimeoutError, RelayTlsError, SasError, SavedStateError,
                     SecretError, StateError, TamperedError, TemporaryError, TigressError,
                     UnavailableError, UnconfirmedError, UnsupportedError, UrlError, WithdrawnError,
                     error_class)
from .pin import Pin, PinVerdict, generate_pin, normalise_pin, show_pin
from .secret import SecretBytes
from .session import (AttestationWhen, End, Initiator, Input, NetFailure, Opened, Proof, Recipient, Relay,
                      Request, Role, Sas, Session, UserCheck, V2, Want, resume)
from .share_url import VERTICAL_CAR, VERTICAL_GENERAL, VERTICAL_HOME, Form, ShareUrl
from .transport import Transport

__version__ = "0.1.0"

__all__ = [
    "AlgorithmError", "AllowListError", "ArgumentError", "AsyncTransport", "AttestationWhen", "BadMessageError", "BugError", "CompletedError", "ConnectError",
    "ConflictError", "DamagedError", "DeclinedError", "DecryptError", "DeniedError", "ElsewhereError", "End", "EndedError", "StandingError",
    "ErrorClass", "ErrorCode",
    "ExpiredError", "FORMAT_AUTHORIZATION_TOKEN", "FORMAT_CARKEY_CCC", "Form", "GoneError",
    "Initiator", "Input", "LibraryNotFound", "LimitError", "MessageError", "NetFailure",
    "NameNotFoundError", "NetworkError", "NoRouteError", "NoV2Error", "Opened", "OutOfMemoryError", "OversizeError", "Pin", "PinVerdict", "Proof", "ProtocolError", "RandomError",
    "Recipient", "RefusedError", "Relay", "RelayTimeoutError", "RelayTlsError", "Request", "Role", "Sas", "SasError", "SavedStateError",
    "SecretBytes",
    "SecretError", "Session", "ShareUrl", "StateError", "TamperedError", "TemporaryError",
    "TigressError", "Transport", "UnavailableError", "UnconfirmedError", "UnsupportedError", "UrlError", "UserCheck",
    "V2", "VERTICAL_CAR",
    "VERTICAL_GENERAL", "VERTICAL_HOME", "Want", "WithdrawnError", "abi", "check_message",
    "envelope_type",
    "error_class", "generate_pin", "library_path", "normalise_pin", "open_envelope", "resume",
    "seal_envelope", "show_pin", "version",
]
