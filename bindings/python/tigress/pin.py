# SPDX-License-Identifier: Apache-2.0
"""A PIN as second factor. The sender tells the receiver a few digits over another channel; the provisioning entity
checks them before it provisions the credential.

    with tigress.Pin(digits, tries=5) as pin:
        verdict = pin.try_typed(typed, save=keep_on_disk)   # RIGHT: provision; DEAD: cancel
"""
import ctypes
import enum
from typing import Any, Callable, Union

from . import _lib
from .errors import check, check_value
from .handle import Handle
from .secret import SecretBytes, take_out, text_in

_TEXT_MAX, _SHOWN_MAX = 13, 16


class PinVerdict(enum.IntEnum):
    """enum tigress_pin_verdict"""
    WRONG = 0  # wrong; tries are left
    RIGHT = 1  # right: provision; no further try is possible
    DEAD = 2   # wrong, and no try is left: end the transfer


_PIN_EXPECTED = "pin: expected 6 to 12 digits"


def _written(call: str, size: int, why: str, *before: Any, after: Any = ()) -> str:
    out = ctypes.create_string_buffer(size)
    try:
        check_value(getattr(_lib.lib(), call)(*before, out, size, *after), why)
        return out.value.decode()
    finally:
        ctypes.memset(out, 0, size)


def generate_pin(digits: int = 6) -> str:
    """Makes a fresh PIN of 6 to 12 digits; each value is equally likely. ArgumentError."""
    return _written("tigress_pin_generate", _TEXT_MAX, f"digits: expected 6 to 12, got {digits}",
                    after=(digits, _lib.RandomFn(0), None))


def show_pin(pin: str) -> str:
    """The PIN in groups, as people say it: "123 456". ArgumentError."""
    return _written("tigress_pin_show", _SHOWN_MAX, _PIN_EXPECTED, text_in(pin))


def normalise_pin(typed: str) -> str:
    """Reduces what a person typed to digits: drops spaces and hyphens, and converts the digits of
    other keyboards. ArgumentError: other characters; LimitError: too long."""
    return _written("tigress_pin_normalise", _TEXT_MAX, "typed: expected 6 to 12 digits, with spaces or hyphens at most",
                    text_in(typed))


class Pin(Handle):
    """Checks a PIN and counts the tries. A `with` block wipes and frees it at its end.

    The PIN itself is not kept. Protect the saved state like that of a session, and never restore an
    older one, which would give tries back.
    """
    _name = "the PIN"

    def __init__(self, pin: str, tries: int = 5):
        """ArgumentError: not a PIN of 6 to 12 digits, or not 1 to 10 tries."""
        self._handle = ctypes.c_void_p()
        check_value(_lib.lib().tigress_pin_new(ctypes.byref(self._handle), text_in(pin), tries, _lib.RandomFn(0), None),
                    f"{_PIN_EXPECTED}; tries: expected 1 to 10, got {tries}")

    @classmethod
    def resume(cls, data: Union[bytes, bytearray]) -> "Pin":
        """Restores what save() returned. SavedStateError: treat it as dead."""
        self = cls.__new__(cls)
        self._handle, saved = ctypes.c_void_p(), bytes(data)
        why = ctypes.create_string_buffer(_lib.TEXT_MAX)
        check(_lib.lib().tigress_pin_resume(ctypes.byref(self._handle), saved, len(saved), why,
                                            len(why)), why.value.decode())
        return self

    def _free(self) -> None:
        _lib.lib().tigress_pin_free(ctypes.byref(self._handle))

    def __repr__(self) -> str:
        return f"<Pin: {self.tries_left} tries left>" if self._handle else "<Pin: closed>"

    def try_typed(self, typed: str, save: Callable[[SecretBytes], Any]) -> PinVerdict:
        """The verdict on what was typed. save() must write the state to disk; it is called before the
        verdict is known and after it. If it raises, the try is used and there is no verdict.

        ArgumentError: not a PIN of this length; not counted. StateError: no try is left, or the PIN
        was already right."""
        self.begin_try(typed)
        with self.save() as state:
            save(state)
        verdict = self.end_try()
        with self.save() as state:
            save(state)
        return verdict

    def begin_try(self, typed: str) -> None:
        """Starts a try with what was typed, and counts it. Then save(), write that to disk, end_try()."""
        check_value(_lib.lib().tigress_pin_begin_try(self._open(), text_in(typed)),
                    f"typed: expected {self.digits} digits")

    def save(self) -> SecretBytes:
        """The state for resume(), without an open try: that try is used."""
        out, length = ctypes.c_void_p(), ctypes.c_size_t()
        check(_lib.lib().tigress_pin_save(self._open(), ctypes.byref(out), ctypes.byref(length)))
        return take_out(out, length)

    def end_try(self) -> PinVerdict:
        """The verdict on the open try. StateError: no try is open, or it was not saved."""
        verdict = ctypes.c_int()
        check(_lib.lib().tigress_pin_end_try(self._open(), ctypes.byref(verdict)))
        return PinVerdict(verdict.value)

    @property
    def digits(self) -> int:
        """The number of digits of the PIN."""
        return _lib.lib().tigress_pin_digits(self._open())

    @property
    def tries_left(self) -> int:
        """The number of tries that are left."""
        return _lib.lib().tigress_pin_tries_left(self._open())

    @property
    def is_dead(self) -> bool:
        """Whether no try is left and the PIN was never right."""
        return bool(_lib.lib().tigress_pin_is_dead(self._open()))

    @property
    def is_passed(self) -> bool:
        """Whether the PIN was right."""
        return bool(_lib.lib().tigress_pin_is_passed(self._open()))

    def check_text(self, text: Union[str, bytes]) -> None:
        """MessageError when the text contains the PIN: a message, a share URL, a line of a log."""
        data = text.encode() if isinstance(text, str) else bytes(text)
        check_value(_lib.lib().tigress_pin_check_text(self._open(), data, len(data)),
                    "text: expected one without the PIN")
