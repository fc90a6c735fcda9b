# SPDX-License-Identifier: Apache-2.0
"""Bytes that can be wiped, and Python values as C text."""
import ctypes
from typing import Optional, Union

from . import _lib
from .errors import ArgumentError


class SecretBytes(bytearray):
    """Bytes whose repr() and str() do not show them, and that a `with` block wipes at its end.

    What Python makes of them (decode(), json.loads(), slices) are copies that cannot be wiped: keep
    them few and short-lived.
    """

    def wipe(self) -> None:
        """Overwrites the bytes with zeros; the length stays."""
        if self:
            ctypes.memset((ctypes.c_char * len(self)).from_buffer(self), 0, len(self))

    def __enter__(self) -> "SecretBytes":
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()

    def __repr__(self) -> str:
        return f"<SecretBytes: {len(self)} bytes>"

    __str__ = __repr__


def copy_out(address: Optional[int], length: int) -> SecretBytes:
    """length bytes from the library's memory."""
    copied = SecretBytes(length)
    if length and address is not None:
        ctypes.memmove((ctypes.c_char * length).from_buffer(copied), address, length)
    return copied


def take_out(address: ctypes.c_void_p, length: ctypes.c_size_t) -> SecretBytes:
    """A copy of bytes that the library allocated; the original is wiped and freed."""
    try:
        return copy_out(address.value, length.value)
    finally:
        _lib.lib().tigress_free(address, length)


def text_in(value: Union[str, bytes]) -> bytes:
    """UTF-8 for a NUL-terminated argument. A NUL inside is refused: C would cut the text there."""
    encoded = value.encode() if isinstance(value, str) else bytes(value)
    if b"\0" in encoded:
        raise ArgumentError("text: expected no NUL character")
    return encoded


def optional_text_in(value: Union[str, bytes, None]) -> Optional[bytes]:
    """The same; None becomes NULL."""
    return None if value is None else text_in(value)
