# SPDX-License-Identifier: Apache-2.0
"""The second factor."""
import pytest

import tigress
from tigress import PinVerdict


def pin__generated_shown_and_typed__the_same_digits():
    for digits in (6, 12):
        pin = tigress.generate_pin(digits)
        assert len(pin) == digits and pin.isdigit()
        assert tigress.normalise_pin(tigress.show_pin(pin)) == pin
    assert tigress.show_pin("123456") == "123 456"
    assert len({tigress.generate_pin() for _ in range(50)}) > 40
    for digits in (5, 13):
        with pytest.raises(tigress.ArgumentError):
            tigress.generate_pin(digits)
    for typed in ("12345", "1234567890123", "abcdef", "123456\0"):
        with pytest.raises(tigress.ArgumentError):
            tigress.normalise_pin(typed)


def pin__right__passes_once_and_is_saved_before_and_after_the_verdict():
    saved = []
    with tigress.Pin("123456") as pin:
        assert (pin.digits, pin.tries_left, pin.is_dead) == (6, 5, False)
        assert pin.try_typed("12 34-56", lambda s: saved.append(bytes(s))) is PinVerdict.RIGHT
        assert pin.is_passed and len(saved) == 2
        with pytest.raises(tigress.StateError):
            pin.try_typed("123456", saved.append)
    with tigress.Pin.resume(saved[0]) as before, tigress.Pin.resume(saved[1]) as after:
        assert (before.is_passed, before.tries_left, after.is_passed) == (False, 4, True)
    with pytest.raises(tigress.StateError):
        pin.begin_try("123456")


def pin__wrong_too_often__dead_also_after_a_restart():
    saved = []
    with tigress.Pin("123456", tries=3) as pin:
        for left in (2, 1, 0):
            verdict = pin.try_typed("654321", lambda s: saved.append(bytes(s)))
            assert verdict is (PinVerdict.WRONG if left else PinVerdict.DEAD)
            assert pin.tries_left == left
    with tigress.Pin.resume(saved[-1]) as pin:
        assert pin.is_dead
        with pytest.raises(tigress.StateError):
            pin.try_typed("123456", saved.append)
    with pytest.raises(tigress.SavedStateError):
        tigress.Pin.resume(saved[-1][:-1])


def pin__not_kept__no_verdict_and_the_try_is_lost():
    def fail(_state):
        raise OSError("disk full")
    with tigress.Pin("123456") as pin:
        with pytest.raises(OSError):
            pin.try_typed("123456", fail)
        assert pin.tries_left == 4 and not pin.is_passed


def pin__typed_badly__not_counted():
    with tigress.Pin("123456") as pin:
        for typed in ("", "12345", "1234567", "x"):
            with pytest.raises(tigress.ArgumentError):
                pin.try_typed(typed, lambda s: None)
        assert pin.tries_left == 5
    for bad in ("12345", "x"):
        with pytest.raises(tigress.ArgumentError):
            tigress.Pin(bad)


def text__with_the_pin_in_it__refused():
    with tigress.Pin("123456") as pin:
        pin.check_text('{"pin":"none"}')
        with pytest.raises(tigress.MessageError) as told:
            pin.check_text("call me: 123-456")
        assert "123" not in str(told.value)
        assert "123456" not in repr(pin)
