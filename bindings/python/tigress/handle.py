# SPDX-License-Identifier: Apache-2.0
"""What the library has made, and is freed once."""
import ctypes
from typing import TypeVar

from .errors import StateError

H = TypeVar("H", bound="Handle")


class Handle:
    """Freed by close(), at the end of a `with` block, or when Python collects it."""
    _name = ""  # for StateError
    _handle: ctypes.c_void_p

    def _free(self) -> None:
        """Frees it, and sets the handle to null."""
        raise NotImplementedError

    def close(self) -> None:
        """Wipes and frees. May be called again."""
        if self._handle:
            self._free()

    def __enter__(self: H) -> H:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()

    def _open(self) -> ctypes.c_void_p:
        """StateError: it is closed."""
        if not self._handle:
            raise StateError(f"{self._name} is closed")
        return self._handle
