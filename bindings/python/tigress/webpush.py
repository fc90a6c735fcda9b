# SPDX-License-Identifier: Apache-2.0
"""Notifications by Web Push: the keys of one subscription, which describe it to the relay and decrypt its pushes.

    with tigress.WebPush() as keys:
        session.set_notification_token(tigress.WEBPUSH_TYPE, keys.subscription(endpoint))
        ...
        keys.open(body)      # DecryptError: not from the relay; otherwise session.check()
"""
import ctypes
from typing import Union

from . import _lib
from .errors import check, check_value
from .handle import Handle
from .secret import SecretBytes, take_out, text_in

WEBPUSH_TYPE = "org.w3.webpush"
_TOKEN_MAX = 2304


class WebPush(Handle):
    """The keys of a subscription. Use one for each transfer. A `with` block wipes and frees them at its end."""
    _name = "the subscription"

    def __init__(self) -> None:
        self._handle = ctypes.c_void_p()
        check(_lib.lib().tigress_webpush_new(ctypes.byref(self._handle), _lib.RandomFn(0), None))

    @classmethod
    def resume(cls, data: Union[bytes, bytearray]) -> "WebPush":
        """Restores what save() returned. SavedStateError."""
        self = cls.__new__(cls)
        self._handle, saved = ctypes.c_void_p(), bytes(data)
        check(_lib.lib().tigress_webpush_resume(ctypes.byref(self._handle), saved, len(saved)))
        return self

    def _free(self) -> None:
        _lib.lib().tigress_webpush_free(ctypes.byref(self._handle))

    def subscription(self, endpoint: str) -> str:
        """The notification token for an https URL of a push service. It gives the right to push. UrlError,
        LimitError."""
        given, out = text_in(endpoint), ctypes.create_string_buffer(_TOKEN_MAX)
        check_value(_lib.lib().tigress_webpush_subscription(self._open(), given, out, len(out)),
                    f"endpoint: expected an https URL in ASCII without fragment, at most 2048 bytes, got {len(given)}")
        return out.value.decode()

    def open(self, body: bytes) -> SecretBytes:
        """Decrypts a push. DecryptError: not sent to this subscription: ignore it. LimitError."""
        given, out, length = bytes(body), ctypes.c_void_p(), ctypes.c_size_t()
        check_value(_lib.lib().tigress_webpush_open(self._open(), given, len(given), ctypes.byref(out),
                                                    ctypes.byref(length)),
                    f"body: expected 1 to 4096 bytes, got {len(given)}")
        return take_out(out, length)

    def save(self) -> SecretBytes:
        """The keys for resume(). Protect them like the saved state of a session."""
        out, length = ctypes.c_void_p(), ctypes.c_size_t()
        check(_lib.lib().tigress_webpush_save(self._open(), ctypes.byref(out), ctypes.byref(length)))
        return take_out(out, length)
