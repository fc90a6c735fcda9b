# SPDX-License-Identifier: Apache-2.0
"""A PIN by PAKE: two devices prove to each other that they know the same PIN, without showing it.

    alice = tigress.Initiator(relay, message, rights="RWD", pake_pin=tigress.generate_pin())
    bob = tigress.Recipient(url, pake_use=tigress.PakeUse.ALLOWED)
    ...
    bob.enter_pin(typed)   # at Input.PIN; again after a wrong one, five times in all

`tigress.Pin` is the other PIN: it is in a message, and proves less.
"""
import enum

from . import _lib

PAKE_TRIES_MAX = 5


class PakeUse(enum.IntEnum):
    """enum tigress_pake_use: what a recipient does when a sender asks for a PIN."""
    REFUSED = 0   # NoPakeError
    ALLOWED = 1   # the application handles Input.PIN
    REQUIRED = 2  # and a sender that does not ask for one is refused: NoPakeError


class Pake(enum.IntEnum):
    """enum tigress_pake: what is proved of the PIN of a transfer."""
    NONE = 0    # this transfer has no PIN by PAKE, or it is not known yet
    OPEN = 1    # it has one, and nothing is proved
    PROVED = 2  # the other device knows the PIN, and nobody is in between
    FAILED = 3  # initiator: it was wrong in all tries; the transfer is ended


def pake_is_built() -> bool:
    """Does this build of the library have the component?"""
    return bool(_lib.lib().tigress_pake_is_built())


class PakeCalls:
    """The part of a session that is about a PIN by PAKE."""
    def _number(self, call: str) -> int:
        raise NotImplementedError

    @property
    def pake(self) -> Pake:
        """What is proved of the PIN."""
        return Pake(self._number("pake"))

    @property
    def pake_tries_left(self) -> int:
        """The tries that are left, without one that is under way; 0 without a PIN by PAKE."""
        return self._number("pake_tries_left")
