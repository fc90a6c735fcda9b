# SPDX-License-Identifier: Apache-2.0
"""Messages by their format, and the requests of a key that is made on one device and signed by the other.

The functions keep every byte of a message that they do not set, unlike json.loads() and json.dumps().
"""
import ctypes
import enum
import json
from typing import Any, Optional, Tuple

from . import _lib
from .envelope import Message, message_in
from .errors import check
from .secret import SecretBytes, take_out, text_in

_PIN_TEXT_MAX, _FORMAT_MAX = 13, 4096


class RequestKind(enum.IntEnum):
    """enum tigress_request: what a message asks for."""
    NONE = 0
    KEY_CREATION = 1  # initiator: make a key with these rights
    KEY_SIGNING = 2   # recipient: sign this public key
    KEY_IMPORT = 3    # initiator: this is the signed key

    @property
    def text(self) -> str:
        """The name of the member, such as "keySigningRequest"; "" for NONE."""
        return _lib.lib().tigress_request_name(self).decode()


class Handler(enum.IntEnum):
    """enum tigress_handler: the part of a wallet that an invitation is for."""
    GENERAL = 1
    HOME = 2
    CAR = 3
    OTHER = 4  # not named by the protocol: decide by agreement with the sender, or ask the user


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _built(call: str, *before: Any) -> SecretBytes:
    out, length = ctypes.c_void_p(), ctypes.c_size_t()
    why = ctypes.create_string_buffer(_lib.TEXT_MAX)
    check(getattr(_lib.lib(), call)(*before, ctypes.byref(out), ctypes.byref(length), why, len(why)),
          why.value.decode())
    return take_out(out, length)


def _view(address: ctypes.c_void_p, length: ctypes.c_size_t) -> Any:
    return json.loads(ctypes.string_at(address, length.value)) if address else None


def build_message(message_format: str, content: Any) -> SecretBytes:
    """{"format": message_format, "content": content}. MessageError, LimitError."""
    data = _json(content)
    return _built("tigress_message_build", text_in(message_format), data, len(data))


def set_member(message: Message, name: str, value: Any) -> SecretBytes:
    """A copy of the message with one top-level member set. MessageError, LimitError."""
    data, text = message_in(message), _json(value)
    return _built("tigress_message_set", data, len(data), text_in(name), text, len(text))


def get_member(message: Message, name: str) -> Any:
    """The value of a top-level member; None when there is none. MessageError, LimitError."""
    data = message_in(message)
    out, length = ctypes.c_void_p(), ctypes.c_size_t()
    check(_lib.lib().tigress_message_get(data, len(data), text_in(name), ctypes.byref(out), ctypes.byref(length)))
    return _view(out, length)


def format_of(message: Message) -> str:
    """The "format" of a message. MessageError; LimitError: longer than 4095 bytes."""
    data, out = message_in(message), ctypes.create_string_buffer(_FORMAT_MAX)
    check(_lib.lib().tigress_message_format(data, len(data), out, len(out)))
    return out.value.decode()


def build_request(message_format: str, kind: RequestKind, value: Any, pin: Optional[str] = None) -> SecretBytes:
    """A message with one request. pin: the digits that the receiver typed, from normalise_pin(); only with
    KEY_SIGNING. MessageError, LimitError, ArgumentError."""
    data = _json(value)
    return _built("tigress_request_build", text_in(message_format), int(kind), data, len(data),
                  None if pin is None else text_in(pin))


def request_of(message: Message) -> Tuple[RequestKind, Any]:
    """The request of a message and its value; (NONE, None) without one. MessageError: also for two requests."""
    data, kind = message_in(message), ctypes.c_int()
    out, length = ctypes.c_void_p(), ctypes.c_size_t()
    why = ctypes.create_string_buffer(_lib.TEXT_MAX)
    check(_lib.lib().tigress_request_get(data, len(data), ctypes.byref(kind), ctypes.byref(out), ctypes.byref(length),
                                         why, len(why)), why.value.decode())
    return RequestKind(kind.value), _view(out, length)


def request_pin(message: Message) -> str:
    """The PIN of a key signing request, for Pin.try_typed(); "" when it has none. MessageError."""
    data, out = message_in(message), ctypes.create_string_buffer(_PIN_TEXT_MAX)
    try:
        check(_lib.lib().tigress_request_pin(data, len(data), out, len(out)))
        return out.value.decode()
    finally:
        ctypes.memset(out, 0, len(out))


def handler_of(vertical: Optional[str]) -> Handler:
    """The handler for the v= of a share URL; None is no v=."""
    return Handler(_lib.lib().tigress_vertical_handler(None if vertical is None else text_in(vertical)))
