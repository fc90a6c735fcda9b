# SPDX-License-Identifier: Apache-2.0
"""The invitation: mailbox, relay and secret."""
import ctypes
import enum
from typing import Iterable, Optional

from . import _lib
from .errors import check, check_value
from .handle import Handle
from .secret import optional_text_in, text_in

VERTICAL_GENERAL = "a"
VERTICAL_HOME = "h"
VERTICAL_CAR = "c"


class Form(enum.IntEnum):
    """enum tigress_share_form: the form in which a share URL is written."""
    HTTPS = 0
    HTTPS_BARE = 1    # without the secret
    TIGRESS = 2       # tigress:// instead of https://
    TIGRESS_BARE = 3
    SECRET = 4        # only the secret; "" when there is none


class ShareUrl(Handle):
    """A share URL that was parsed. A `with` block wipes and frees it at its end.

    Its repr() never shows the secret.
    """
    _name = "the share URL"

    def __init__(self, text: str):
        """Parses a share URL, or finds the one that a text holds, also a damaged one.

        UrlError: none, or more than one. SecretError, LimitError.
        """
        self._handle = ctypes.c_void_p()
        why = ctypes.create_string_buffer(_lib.TEXT_MAX)
        check(_lib.lib().tigress_share_url_parse(ctypes.byref(self._handle), text_in(text), why,
                                                 len(why)), why.value.decode())

    @classmethod
    def build(cls, relay_url: str, mailbox_id: str, vertical: str = "",
              secret: Optional[str] = None) -> "ShareUrl":
        """Builds a share URL from its parts; the secret is base64 text. Errors as above."""
        self = cls.__new__(cls)
        self._handle = ctypes.c_void_p()
        why = ctypes.create_string_buffer(_lib.TEXT_MAX)
        check(_lib.lib().tigress_share_url_new(
            ctypes.byref(self._handle), text_in(relay_url), text_in(mailbox_id), text_in(vertical),
            optional_text_in(secret), why, len(why)), why.value.decode())
        return self

    def _free(self) -> None:
        _lib.lib().tigress_share_url_free(ctypes.byref(self._handle))

    @property
    def host(self) -> str:
        """The relay's host, without a port."""
        return _lib.lib().tigress_share_url_host(self._open()).decode()

    @property
    def port(self) -> int:
        """The port to connect to."""
        return _lib.lib().tigress_share_url_port(self._open())

    @property
    def mailbox_id(self) -> str:
        """The mailbox's UUID."""
        return _lib.lib().tigress_share_url_mailbox_id(self._open()).decode()

    @property
    def vertical(self) -> str:
        """The value of v=, "" when there is none."""
        return _lib.lib().tigress_share_url_vertical(self._open()).decode()

    @property
    def has_secret(self) -> bool:
        """Whether the URL has a secret."""
        return bool(_lib.lib().tigress_share_url_has_secret(self._open()))

    @property
    def was_exposed(self) -> bool:
        """Whether the text had the secret where servers see it: ask the sender for a new link."""
        return bool(_lib.lib().tigress_share_url_was_exposed(self._open()))

    @property
    def repairs(self) -> str:
        """What had happened to the link, for a person; "" when the text was a valid URL."""
        return _lib.lib().tigress_share_url_repairs(self._open()).decode()

    def set_secret(self, secret: str) -> None:
        """Sets the secret, as base64 text, of a URL that was sent without it. SecretError."""
        why = ctypes.create_string_buffer(_lib.TEXT_MAX)
        check(_lib.lib().tigress_share_url_set_secret(self._open(), text_in(secret), why, len(why)),
              why.value.decode())

    def format(self, form: Form = Form.HTTPS) -> str:
        """The URL, or only the secret, as text. UrlError: the URL has no such form."""
        out = ctypes.create_string_buffer(_lib.SHARE_URL_MAX)
        try:
            check_value(_lib.lib().tigress_share_url_format(self._open(), form, out, len(out)),
                        "form: expected one that this URL has; the TIGRESS forms are of https URLs")
            return out.value.decode()
        finally:
            ctypes.memset(out, 0, len(out))

    def is_relay_allowed(self, hosts: Iterable[str]) -> bool:
        """Whether its relay is one of these hosts: "host" or "host:port", compared exactly."""
        names = [text_in(host) for host in hosts]
        array = (ctypes.c_char_p * len(names))(*names)
        return bool(_lib.lib().tigress_share_url_is_relay_allowed(self._open(), array, len(names)))

    def __repr__(self) -> str:
        return f"<ShareUrl: {self.format(Form.HTTPS_BARE)}>" if self._handle else "<ShareUrl: closed>"
