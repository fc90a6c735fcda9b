# SPDX-License-Identifier: Apache-2.0
"""Saved state under a key of the application, bound to a name and a generation.

    generation = 0                                    # kept where an old copy of the file does not reach
    sealed, generation = seal_state(sealer, "session 7", generation, session.save())
    state, generation = open_state(sealer, "session 7", generation, sealed)
"""
import ctypes
from typing import Any, Callable, List, Protocol, Tuple, Union

from . import _lib
from .errors import LockedError, check
from .secret import SecretBytes, copy_out, take_out, text_in

_OK, _FAILED, _LOCKED = 0, 1, 2


class Sealer(Protocol):
    """Authenticated encryption with a key of the application. Both may raise LockedError: later. Any other
    exception is a failure; with open_state() that is SavedStateError, and its cause."""

    def seal(self, ad: bytes, plain: SecretBytes) -> bytes:
        """At most 1024 bytes more than plain."""

    def open(self, ad: bytes, sealed: bytes) -> bytes:
        """Raises when sealed or ad is not what was sealed."""


def _function(call: Callable[[bytes, SecretBytes], bytes], failures: List[BaseException]) -> Any:
    def run(_ctx: Any, ad: int, ad_len: int, given: int, given_len: int, out: int, cap: int, out_len: Any) -> int:
        try:
            with copy_out(given, given_len) as text:
                made = call(ctypes.string_at(ad, ad_len), text)
            if len(made) > cap:
                return _FAILED
            ctypes.memmove(out, bytes(made), len(made))
            out_len[0] = len(made)
            return _OK
        except LockedError:
            return _LOCKED
        except BaseException as error:  # pylint: disable=broad-except  # it must not cross into C
            failures.append(error)
            return _FAILED
    return _lib.SealFn(run)


def _run(call: str, sealer: Sealer, name: str, generation: int, data: Union[bytes, bytearray]) -> Tuple[SecretBytes, int]:
    failures: List[BaseException] = []
    raw = _lib.Sealer(_function(sealer.seal, failures), _function(lambda ad, text: sealer.open(ad, bytes(text)), failures),
                      None)
    given, number = bytes(data), ctypes.c_uint64(generation)
    out, length = ctypes.c_void_p(), ctypes.c_size_t()
    why = ctypes.create_string_buffer(_lib.TEXT_MAX)
    code = getattr(_lib.lib(), call)(ctypes.byref(raw), text_in(name), ctypes.byref(number), given, len(given),
                                     ctypes.byref(out), ctypes.byref(length), why, len(why))
    for error in failures:
        if not isinstance(error, Exception):  # an interrupt of the interpreter
            raise error
    try:
        check(code, why.value.decode())
    except Exception as error:
        raise error from (failures[0] if failures else None)
    return take_out(out, length), number.value


def seal_state(sealer: Sealer, name: str, generation: int, state: Union[bytes, bytearray]) -> Tuple[bytes, int]:
    """Seals what Session.save() or Pin.save() returned; the sealed state and its generation, one more than the one
    given. Write the state first, then keep the generation. LockedError, SealerError, ArgumentError, LimitError."""
    sealed, number = _run("tigress_state_seal", sealer, name, generation, state)
    return bytes(sealed), number


def open_state(sealer: Sealer, name: str, generation: int, sealed: Union[bytes, bytearray]) -> Tuple[SecretBytes, int]:
    """Opens a sealed state of this name and of this generation or a later one; the state and its generation.
    StaleError: swapped, or put back. SavedStateError: changed. LockedError: later; do not delete it."""
    return _run("tigress_state_open", sealer, name, generation, sealed)
