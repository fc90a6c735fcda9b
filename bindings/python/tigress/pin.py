# SPDX-License-Identifier: Apache-2.0
"""A second factor: a few digits that one person tells another over another channel, and that whoever
provisions the credential checks before it does so.

    with tigress.Pin(digits, tries=5) as pin:
        verdict = pin.try_typed(typed, save=keep_on_disk)   # RIGHT: provision; DEAD: cancel
"""
import ctypes
import enum
from typing import Any, Callable, Union

from . import _lib
from .errors import StateError, check
from .secret import SecretBytes, take_out, text_in

_TEXT_MAX, _SHOWN_MAX = 13, 16


class PinVerdict(enum.IntEnum):
    """enum tigress_pin_verdict"""
    WRONG = 0  # tries are left
    RIGHT = 1  # provision; no further try is taken
    DEAD = 2   # wrong, and that was the last try: end the transfer


def _written(call: str, size: int, *before: Any, after: Any = ()) -> str:
    out = ctypes.create_string_buffer(size)
    try:
        check(getattr(_lib.lib(), call)(*before, out, size, *after))
        return out.value.decode()
    finally:
        ctypes.memset(out, 0, size)


def generate_pin(digits: int = 6) -> str:
    """A fresh PIN of 6 to 12 digits, each value as likely as any other. ArgumentError."""
    return _written("tigress_pin_generate", _TEXT_MAX, after=(digits, _lib.RandomFn(0), None))


def show_pin(pin: str) -> str:
    """The PIN in groups, as one says it: "123 456". ArgumentError."""
    return _written("tigress_pin_show", _SHOWN_MAX, text_in(pin))


def normalise_pin(typed: str) -> str:
    """What a person typed, as digits alone: spaces, hyphens and other keyboards' digits are
    understood. ArgumentError: something else was typed; LimitError."""
    return _written("tigress_pin_normalise", _TEXT_MAX, text_in(typed))


class Pin:
    """Checks a PIN and counts the tries. A `with` block wipes and frees it at its end.

    The PIN itself is not kept. Saved state is as secret as a session's, and an older one must never
    come back: that would give tries back.
    """

    def __init__(self, pin: str, tries: int = 5):
        """ArgumentError: no PIN of 6 to 12 digits, or not 1 to 10 tries."""
        self._handle = ctypes.c_void_p()
        check(_lib.lib().tigress_pin_new(ctypes.byref(self._handle), text_in(pin), tries,
                                         _lib.RandomFn(0), None))

    @classmethod
    def resume(cls, data: Union[bytes, bytearray]) -> "Pin":
        """From what save() gave. SavedStateError: count it as dead."""
        self = cls.__new__(cls)
        self._handle, saved = ctypes.c_void_p(), bytes(data)
        why = ctypes.create_string_buffer(_lib.TEXT_MAX)
        check(_lib.lib().tigress_pin_resume(ctypes.byref(self._handle), saved, len(saved), why,
                                            len(why)), why.value.decode())
        return self

    def close(self) -> None:
        """Wipes and frees. Harmless when done before."""
        if self._handle:
            _lib.lib().tigress_pin_free(ctypes.byref(self._handle))

    def __enter__(self) -> "Pin":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()

    def __repr__(self) -> str:
        return f"<Pin: {self.tries_left} tries left>" if self._handle else "<Pin: closed>"

    def _open(self) -> ctypes.c_void_p:
        if not self._handle:
            raise StateError("the PIN is closed")
        return self._handle

    def try_typed(self, typed: str, save: Callable[[SecretBytes], Any]) -> PinVerdict:
        """The verdict on what was typed. save() gets the state to keep on disk, before the verdict
        is known and after it; when it raises, the try is lost and there is no verdict.

        ArgumentError: not digits, or not that many: nothing is counted. StateError: no try is left,
        or the right PIN has come already."""
        self.begin_try(typed)
        with self.save() as state:
            save(state)
        verdict = self.end_try()
        with self.save() as state:
            save(state)
        return verdict

    def begin_try(self, typed: str) -> None:
        """Takes what was typed and counts the try; then save(), keep that, and end_try()."""
        check(_lib.lib().tigress_pin_begin_try(self._open(), text_in(typed)))

    def save(self) -> SecretBytes:
        """The state, for resume(). An open try is lost with it."""
        out, length = ctypes.c_void_p(), ctypes.c_size_t()
        check(_lib.lib().tigress_pin_save(self._open(), ctypes.byref(out), ctypes.byref(length)))
        return take_out(out, length)

    def end_try(self) -> PinVerdict:
        """The verdict on the open try. StateError: none is open, or save() was not called since."""
        verdict = ctypes.c_int()
        check(_lib.lib().tigress_pin_end_try(self._open(), ctypes.byref(verdict)))
        return PinVerdict(verdict.value)

    @property
    def digits(self) -> int:
        """How many digits the PIN has."""
        return _lib.lib().tigress_pin_digits(self._open())

    @property
    def tries_left(self) -> int:
        """How many tries are left."""
        return _lib.lib().tigress_pin_tries_left(self._open())

    @property
    def is_dead(self) -> bool:
        """No try is left, and the right PIN never came."""
        return bool(_lib.lib().tigress_pin_is_dead(self._open()))

    @property
    def is_passed(self) -> bool:
        """The right PIN has come."""
        return bool(_lib.lib().tigress_pin_is_passed(self._open()))

    def check_text(self, text: Union[str, bytes]) -> None:
        """MessageError when the text gives the PIN away: a message, a share URL, a line for a log."""
        data = text.encode() if isinstance(text, str) else bytes(text)
        check(_lib.lib().tigress_pin_check_text(self._open(), data, len(data)))
