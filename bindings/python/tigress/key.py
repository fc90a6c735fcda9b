# SPDX-License-Identifier: Apache-2.0
"""Keys that never leave their place: a Secure Enclave, a smart card, an agent. The session asks, and takes the answer
whenever it comes, also after a restart.

    session.ask_key(KeyTask(KeyUse.SIGN, "owner", point, data))
    # Input.KEY: session.key_task, the platform, then
    session.set_key_answer(signature)            # or session.refuse_key(KeyRefusal.LOCKED)
    # Input.MESSAGE again:
    session.send({..., "signature": base64.b64encode(session.key_answer()).decode()})
"""
import ctypes
import dataclasses
import enum
from typing import Any, Optional

from . import _lib
from .errors import ErrorCode, check
from .secret import SecretBytes, copy_out, text_in


class KeyUse(enum.IntEnum):
    """enum tigress_key_use"""
    SIGN = 1   # ECDSA on P-256 with SHA-256 over the bytes themselves
    AGREE = 2  # ECDH on P-256: the x coordinate


class KeyRefusal(enum.IntEnum):
    """enum tigress_key_refusal: why a key gave no answer."""
    BY_USER = 1   # the user refused, or did not answer
    UNUSABLE = 2  # there is no such key any more, or it is not for this use
    LOCKED = 3    # not now: LockedError; Session.retry() asks again


class KeyOutcome(enum.IntEnum):
    """enum tigress_key_outcome: what became of the task."""
    NONE = 0
    ASKED = 1
    ANSWERED = 2
    REFUSED = 3
    CANNOT_BE_USED = 4


class SignatureForm(enum.IntEnum):
    """enum tigress_signature_form"""
    DER = 1
    RAW = 2  # r and s, 32 bytes each


@dataclasses.dataclass(frozen=True)
class KeyTask:
    """struct tigress_key_task.

    key          the application's own name of the key
    public_key   65 bytes, a point of P-256: of this key (SIGN), or of the other side (AGREE)
    data         what to sign; b"" for AGREE
    """
    use: KeyUse
    key: str
    public_key: bytes
    data: bytes = b""


class KeyCalls:
    """The part of a session that is about keys."""
    _handle: ctypes.c_void_p

    def _open(self) -> ctypes.c_void_p:
        raise NotImplementedError

    def _do(self, call: str, *arguments: Any) -> None:
        raise NotImplementedError

    def ask_key(self, task: KeyTask) -> None:
        """Asks a key for a signature or a shared secret, where a message can be sent. Input.KEY follows."""
        point = bytes(task.public_key)
        if len(point) != _lib.KEY_PUBLIC_LEN:
            point = b""  # the library names what is wrong
        given = _lib.KeyTask(int(task.use), text_in(task.key), point or None, bytes(task.data) or None, len(task.data))
        self._do("ask_key", ctypes.byref(given))

    @property
    def key_task(self) -> Optional[KeyTask]:
        """The task, also in a resumed session; None when there is none."""
        raw = _lib.KeyTask()
        code = _lib.lib().tigress_session_key_task(self._open(), ctypes.byref(raw))
        if code == ErrorCode.STATE:
            return None
        check(code)
        return KeyTask(KeyUse(raw.use), raw.key.decode(), bytes(copy_out(raw.public_key, _lib.KEY_PUBLIC_LEN)),
                       bytes(copy_out(raw.data, raw.data_len)))

    def set_key_answer(self, answer: bytes) -> None:
        """A signature in either form, or a shared secret, for Input.KEY. ArgumentError: a signature that does not
        verify; the session asks on."""
        given = bytes(answer)
        self._do("set_key_answer", given, len(given))

    def refuse_key(self, why: KeyRefusal) -> None:
        """There is no answer, for Input.KEY."""
        self._do("refuse_key", int(why))

    @property
    def key_outcome(self) -> KeyOutcome:
        """What became of the task."""
        return KeyOutcome(_lib.lib().tigress_session_key_outcome(self._open()))

    def key_answer(self, form: SignatureForm = SignatureForm.DER) -> SecretBytes:
        """The signature in this form, or the shared secret. StateError unless key_outcome is ANSWERED."""
        out, length = ctypes.create_string_buffer(_lib.KEY_SIGNATURE_MAX), ctypes.c_size_t()
        try:
            check(_lib.lib().tigress_session_key_answer(self._open(), int(form), out, len(out), ctypes.byref(length)))
            return copy_out(ctypes.addressof(out), length.value)
        finally:
            ctypes.memset(out, 0, len(out))
