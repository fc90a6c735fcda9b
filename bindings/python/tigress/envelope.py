# SPDX-License-Identifier: Apache-2.0
"""Seals and opens one message. A session seals and opens its messages by itself."""
import ctypes
import json
from typing import Any, Mapping, Union

from . import _lib
from .errors import SecretError, check
from .secret import SecretBytes, take_out, text_in

FORMAT_CARKEY_CCC = "digitalwallet.carkey.ccc"
FORMAT_AUTHORIZATION_TOKEN = "digitalwallet.generic.authorizationToken"

Message = Union[str, bytes, bytearray, Mapping[str, Any]]


def message_in(message: Message) -> bytes:
    """The JSON text of a message: text, bytes or a mapping."""
    if isinstance(message, Mapping):
        return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    return message.encode() if isinstance(message, str) else bytes(message)


def check_message(message: Message) -> None:
    """MessageError unless it is provisioning information: {"format": text, "content": object}."""
    data = message_in(message)
    why = ctypes.create_string_buffer(_lib.TEXT_MAX)
    check(_lib.lib().tigress_message_check(data, len(data), why, len(why)), why.value.decode())


def envelope_type(secret_len: int) -> str:
    """The payload type for a secret of 16 or 32 bytes. SecretError for another length."""
    name = _lib.lib().tigress_envelope_type(secret_len).decode()
    if not name:
        raise SecretError(f"secret_len: expected 16 or 32 bytes, got {secret_len}")
    return name


def seal_envelope(secret: Union[bytes, bytearray], message: Message) -> str:
    """Pads and seals the message with a fresh random IV; base64 text. LimitError, SecretError."""
    data, key = message_in(message), bytes(secret)
    envelope_type(len(key))
    check_message(data)
    out, length = ctypes.c_void_p(), ctypes.c_size_t()
    check(_lib.lib().tigress_envelope_seal(key, len(key), data, len(data), _lib.RandomFn(0), None,
                                           ctypes.byref(out), ctypes.byref(length)))
    return take_out(out, length).decode()


def open_envelope(secret: Union[bytes, bytearray], payload_type: str, data: str) -> SecretBytes:
    """Opens an envelope: the message without padding, not parsed. DecryptError, SecretError."""
    key, text = bytes(secret), data.encode()
    envelope_type(len(key))
    out, length = ctypes.c_void_p(), ctypes.c_size_t()
    check(_lib.lib().tigress_envelope_open(key, len(key), text_in(payload_type), text, len(text),
                                           ctypes.byref(out), ctypes.byref(length)))
    return take_out(out, length)
