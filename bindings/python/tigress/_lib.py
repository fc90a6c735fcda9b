# SPDX-License-Identifier: Apache-2.0
"""Finds and loads libtigress, and declares the types of each function that is used."""
import ctypes
import ctypes.util
import functools
import os
import sys
import sysconfig
from ctypes import (CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_size_t, c_uint,
                    c_uint64, c_void_p, cast)
from typing import Any, Dict, Iterator, Optional, Tuple

ABI = 0  # TIGRESS_ABI of the headers that this module follows
TEXT_MAX = 256
SAS_TEXT_MAX = 7
SHARE_URL_MAX = 2049
KEY_PUBLIC_LEN = 65
KEY_SIGNATURE_MAX = 72


class LibraryNotFound(ImportError):
    """There is no libtigress with the ABI that this module needs."""


class HttpHeader(Structure):
    """struct tigress_http_header"""
    _fields_ = [("name", c_char_p), ("value", c_char_p)]


class HttpRequest(Structure):
    """struct tigress_http_request"""
    _fields_ = [("method", c_char_p), ("url", c_char_p), ("headers", POINTER(HttpHeader)),
                ("header_count", c_size_t), ("body", c_void_p), ("body_len", c_size_t),
                ("answer_max", c_size_t), ("timeout_s", c_uint)]


class Relay(Structure):
    """struct tigress_relay"""
    _fields_ = [("scheme", c_char_p), ("host", c_char_p), ("port", c_uint), ("vertical", c_char_p),
                ("role", c_int)]


class KeyTask(Structure):
    """struct tigress_key_task"""
    _fields_ = [("use", c_int), ("key", c_char_p), ("public_key", c_void_p), ("data", c_void_p), ("data_len", c_size_t)]

    def __init__(self, use: int = 0, key: Optional[bytes] = None, public_key: Optional[bytes] = None,
                 data: Optional[bytes] = None, data_len: int = 0):
        super().__init__(use, key, cast(c_char_p(public_key), c_void_p), cast(c_char_p(data), c_void_p), data_len)
        self._kept = (public_key, data)  # the pointers do not keep them


SealFn = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t, c_void_p, c_size_t, c_void_p, c_size_t, POINTER(c_size_t))


class Sealer(Structure):
    """struct tigress_sealer"""
    _fields_ = [("seal", SealFn), ("open", SealFn), ("ctx", c_void_p)]


RandomFn = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t)
RelayPolicyFn = CFUNCTYPE(c_int, c_void_p, POINTER(Relay))

_HANDLE, _OUT, _WHY = c_void_p, POINTER(c_void_p), (c_char_p, c_size_t)
_OUT_DATA = (_OUT, POINTER(c_size_t))
_CALL = (c_int, (_HANDLE,))
_TEXT = (c_char_p, (_HANDLE,))

# name: (result, arguments)
_PROTOTYPES = {
    "tigress_version": (c_char_p, ()),
    "tigress_abi": (c_int, ()),
    "tigress_error_class": (c_int, (c_int,)),
    "tigress_error_name": (c_char_p, (c_int,)),
    "tigress_error_text": (c_char_p, (c_int,)),
    "tigress_free": (None, (c_void_p, c_size_t)),

    "tigress_share_url_parse": (c_int, (_OUT, c_char_p, *_WHY)),
    "tigress_share_url_new": (c_int, (_OUT, c_char_p, c_char_p, c_char_p, c_char_p, *_WHY)),
    "tigress_share_url_free": (None, (_OUT,)),
    "tigress_share_url_host": _TEXT,
    "tigress_share_url_mailbox_id": _TEXT,
    "tigress_share_url_vertical": _TEXT,
    "tigress_share_url_port": (c_uint, (_HANDLE,)),
    "tigress_share_url_has_secret": _CALL,
    "tigress_share_url_was_exposed": _CALL,
    "tigress_share_url_repairs": _TEXT,
    "tigress_share_url_set_secret": (c_int, (_HANDLE, c_char_p, *_WHY)),
    "tigress_share_url_format": (c_int, (_HANDLE, c_int, c_char_p, c_size_t)),
    "tigress_share_url_is_relay_allowed": (c_int, (_HANDLE, POINTER(c_char_p), c_size_t)),

    "tigress_envelope_type": (c_char_p, (c_size_t,)),
    "tigress_message_check": (c_int, (c_char_p, c_size_t, *_WHY)),
    "tigress_envelope_seal": (c_int, (c_char_p, c_size_t, c_char_p, c_size_t, RandomFn, c_void_p,
                                      *_OUT_DATA)),
    "tigress_envelope_open": (c_int, (c_char_p, c_size_t, c_char_p, c_char_p, c_size_t,
                                      *_OUT_DATA)),

    "tigress_message_build": (c_int, (c_char_p, c_char_p, c_size_t, *_OUT_DATA, *_WHY)),
    "tigress_message_set": (c_int, (c_char_p, c_size_t, c_char_p, c_char_p, c_size_t, *_OUT_DATA, *_WHY)),
    "tigress_message_get": (c_int, (c_char_p, c_size_t, c_char_p, *_OUT_DATA)),
    "tigress_message_format": (c_int, (c_char_p, c_size_t, c_char_p, c_size_t)),
    "tigress_request_name": (c_char_p, (c_int,)),
    "tigress_request_build": (c_int, (c_char_p, c_int, c_char_p, c_size_t, c_char_p, *_OUT_DATA, *_WHY)),
    "tigress_request_get": (c_int, (c_char_p, c_size_t, POINTER(c_int), *_OUT_DATA, *_WHY)),
    "tigress_request_pin": (c_int, (c_char_p, c_size_t, c_char_p, c_size_t)),
    "tigress_vertical_handler": (c_int, (c_char_p,)),

    "tigress_state_seal": (c_int, (POINTER(Sealer), c_char_p, POINTER(c_uint64), c_char_p, c_size_t, *_OUT_DATA,
                                   *_WHY)),
    "tigress_state_open": (c_int, (POINTER(Sealer), c_char_p, POINTER(c_uint64), c_char_p, c_size_t, *_OUT_DATA,
                                   *_WHY)),

    "tigress_webpush_new": (c_int, (_OUT, RandomFn, c_void_p)),
    "tigress_webpush_free": (None, (_OUT,)),
    "tigress_webpush_subscription": (c_int, (_HANDLE, c_char_p, c_char_p, c_size_t)),
    "tigress_webpush_open": (c_int, (_HANDLE, c_char_p, c_size_t, *_OUT_DATA)),
    "tigress_webpush_save": (c_int, (_HANDLE, *_OUT_DATA)),
    "tigress_webpush_resume": (c_int, (_OUT, c_char_p, c_size_t)),

    "tigress_pin_generate": (c_int, (c_char_p, c_size_t, c_uint, RandomFn, c_void_p)),
    "tigress_pin_show": (c_int, (c_char_p, c_char_p, c_size_t)),
    "tigress_pin_normalise": (c_int, (c_char_p, c_char_p, c_size_t)),
    "tigress_pin_new": (c_int, (_OUT, c_char_p, c_uint, RandomFn, c_void_p)),
    "tigress_pin_free": (None, (_OUT,)),
    "tigress_pin_begin_try": (c_int, (_HANDLE, c_char_p)),
    "tigress_pin_save": (c_int, (_HANDLE, *_OUT_DATA)),
    "tigress_pin_end_try": (c_int, (_HANDLE, POINTER(c_int))),
    "tigress_pin_resume": (c_int, (_OUT, c_char_p, c_size_t, *_WHY)),
    "tigress_pin_digits": (c_uint, (_HANDLE,)),
    "tigress_pin_tries_left": (c_uint, (_HANDLE,)),
    "tigress_pin_is_dead": _CALL,
    "tigress_pin_is_passed": _CALL,
    "tigress_pin_check_text": (c_int, (_HANDLE, c_char_p, c_size_t)),

    "tigress_initiator_new": (c_int, (_OUT, c_char_p, c_char_p, c_size_t, *_WHY)),
    "tigress_recipient_new": (c_int, (_OUT, c_char_p, c_char_p, *_WHY)),
    "tigress_session_free": (None, (_OUT,)),
    "tigress_session_set_secret_len": (c_int, (_HANDLE, c_size_t)),
    "tigress_session_set_display": (c_int, (_HANDLE, c_char_p, c_char_p, c_char_p)),
    "tigress_session_set_expiration": (c_int, (_HANDLE, c_int64)),
    "tigress_session_set_rights": (c_int, (_HANDLE, c_char_p)),
    "tigress_session_set_vertical": (c_int, (_HANDLE, c_char_p)),
    "tigress_session_require_proof": _CALL,
    "tigress_session_allow_old_proof": _CALL,
    "tigress_session_disable_envelope_v2": _CALL,
    "tigress_session_require_v2": _CALL,
    "tigress_pake_is_built": (c_int, ()),
    "tigress_session_set_pake_pin": (c_int, (_HANDLE, c_char_p)),
    "tigress_session_set_pake_use": (c_int, (_HANDLE, c_int)),
    "tigress_session_enter_pin": (c_int, (_HANDLE, c_char_p)),
    "tigress_session_pake": (c_int, (_HANDLE,)),
    "tigress_session_pake_tries_left": (c_uint, (_HANDLE,)),
    "tigress_session_v2": _CALL,
    "tigress_session_take_v2_event": _CALL,
    "tigress_session_sas_state": _CALL,
    "tigress_session_sas": (c_int, (_HANDLE, c_char_p, c_size_t)),
    "tigress_session_compare_sas": (c_int, (_HANDLE, c_int)),
    "tigress_session_set_notification_token": (c_int, (_HANDLE, c_char_p, c_char_p)),
    "tigress_session_set_notification_token_for": (c_int, (_HANDLE, c_char_p, c_char_p, c_char_p)),
    "tigress_session_allow_relay": (c_int, (_HANDLE, c_char_p)),
    "tigress_session_want_preview": _CALL,
    "tigress_session_want_opened": _CALL,
    "tigress_session_set_poll_s": (c_int, (_HANDLE, c_uint)),
    "tigress_session_set_tries": (c_int, (_HANDLE, c_uint)),
    "tigress_session_set_wait_max_s": (c_int, (_HANDLE, c_uint)),
    "tigress_session_set_random": (c_int, (_HANDLE, RandomFn, c_void_p)),
    "tigress_session_set_relay_policy": (c_int, (_HANDLE, RelayPolicyFn, c_void_p)),
    "tigress_session_set_secret": (c_int, (_HANDLE, c_char_p)),

    "tigress_want_name": (c_char_p, (c_int,)),
    "tigress_input_name": (c_char_p, (c_int,)),
    "tigress_end_name": (c_char_p, (c_int,)),
    "tigress_end_text": (c_char_p, (c_int, c_int)),
    "tigress_session_step": (c_int, (_HANDLE, c_int64)),
    "tigress_session_request": (POINTER(HttpRequest), (_HANDLE,)),
    "tigress_session_reply": (c_int, (_HANDLE, c_uint, POINTER(HttpHeader), c_size_t, c_char_p,
                                      c_size_t)),
    "tigress_session_reply_failed": (c_int, (_HANDLE, c_int)),
    "tigress_session_deadline_s": (c_int64, (_HANDLE,)),
    "tigress_session_wait_reason": _CALL,
    "tigress_session_wait_text": _TEXT,
    "tigress_session_wake": (None, (_HANDLE,)),
    "tigress_session_input": _CALL,
    "tigress_session_confirm_intent": _CALL,
    "tigress_session_confirm_intent_by": (c_int, (_HANDLE, c_int, c_int64)),
    "tigress_session_accept": _CALL,
    "tigress_session_want_attestation": (c_int, (_HANDLE, c_int)),
    "tigress_session_want_private_token": _CALL,
    "tigress_session_attestation_challenge": (c_int, (_HANDLE, c_char_p)),
    "tigress_session_set_attestation": (c_int, (_HANDLE, c_char_p, c_size_t)),
    "tigress_session_private_token_challenge": _TEXT,
    "tigress_session_set_private_token": (c_int, (_HANDLE, c_char_p)),
    "tigress_session_ask_key": (c_int, (_HANDLE, POINTER(KeyTask))),
    "tigress_session_key_task": (c_int, (_HANDLE, POINTER(KeyTask))),
    "tigress_session_set_key_answer": (c_int, (_HANDLE, c_char_p, c_size_t)),
    "tigress_session_refuse_key": (c_int, (_HANDLE, c_int)),
    "tigress_session_key_outcome": _CALL,
    "tigress_session_key_answer": (c_int, (_HANDLE, c_int, c_char_p, c_size_t, POINTER(c_size_t))),
    "tigress_session_send": (c_int, (_HANDLE, c_char_p, c_size_t)),
    "tigress_session_wait": _CALL,
    "tigress_session_check": _CALL,
    "tigress_session_finish": _CALL,
    "tigress_session_relinquish": _CALL,
    "tigress_session_cancel": _CALL,
    "tigress_session_retry": _CALL,

    "tigress_session_role": _CALL,
    "tigress_session_message": (c_void_p, (_HANDLE, POINTER(c_size_t))),
    "tigress_session_message_format": _TEXT,
    "tigress_session_share_url": (c_int, (_HANDLE, c_int, c_char_p, c_size_t)),
    "tigress_session_mailbox_id": _TEXT,
    "tigress_session_relay_host": _TEXT,
    "tigress_session_vertical": _TEXT,
    "tigress_session_was_secret_exposed": _CALL,
    "tigress_session_title": _TEXT,
    "tigress_session_description": _TEXT,
    "tigress_session_image_url": _TEXT,
    "tigress_session_expires_at_s": (c_int64, (_HANDLE,)),
    "tigress_session_version": (c_uint64, (_HANDLE,)),
    "tigress_session_is_push_supported": _CALL,
    "tigress_session_envelope_version": (c_uint, (_HANDLE,)),
    "tigress_session_opened": _CALL,
    "tigress_session_end": _CALL,
    "tigress_session_end_proof": _CALL,
    "tigress_session_error": _CALL,
    "tigress_session_error_text": _TEXT,
    "tigress_session_state_name": _TEXT,
    "tigress_session_relay_detail": _TEXT,
    "tigress_session_failures": (c_uint, (_HANDLE,)),
    "tigress_session_save": (c_int, (_HANDLE, *_OUT_DATA)),
    "tigress_session_resume": (c_int, (_OUT, c_char_p, c_size_t, *_WHY)),
}


_ListenerSaveFn = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p)
_LinkSaveFn = CFUNCTYPE(c_int, c_void_p, c_void_p)
_ProgressFn = CFUNCTYPE(c_int, c_void_p)
DIRECT_FUNCTIONS = (_ListenerSaveFn, _LinkSaveFn, _ProgressFn)
_OUTPUT = (c_void_p, (_HANDLE, POINTER(c_size_t)))

_DIRECT_PROTOTYPES = {
    "tigress_direct_host_new": (c_int, (_OUT,)),
    "tigress_direct_host_free": (None, (_OUT,)),
    "tigress_direct_host_perform": (c_int, (_HANDLE, _HANDLE, c_int64, POINTER(c_int))),
    "tigress_direct_host_open": (c_int, (_HANDLE, c_int64, POINTER(c_uint))),
    "tigress_direct_host_received": (c_int, (_HANDLE, c_uint, c_char_p, c_size_t, c_int64)),
    "tigress_direct_host_output": (c_void_p, (_HANDLE, c_uint, POINTER(c_size_t))),
    "tigress_direct_host_sent": (None, (_HANDLE, c_uint, c_size_t, c_int64)),
    "tigress_direct_host_is_open": (c_int, (_HANDLE, c_uint)),
    "tigress_direct_host_close": (None, (_HANDLE, c_uint)),
    "tigress_direct_host_tick": (None, (_HANDLE, c_int64)),
    "tigress_direct_host_deadline_ms": (c_int64, (_HANDLE,)),
    "tigress_direct_event_name": (c_char_p, (c_int,)),
    "tigress_direct_host_count": (c_uint64, (_HANDLE, c_int)),
    "tigress_direct_host_has_recipient": _CALL,
    "tigress_direct_host_is_changed": _CALL,
    "tigress_direct_host_save": (c_int, (_HANDLE, *_OUT_DATA)),
    "tigress_direct_host_resume": (c_int, (_OUT, c_char_p, c_size_t, *_WHY)),
    "tigress_direct_link_new": (c_int, (_OUT, _HANDLE)),
    "tigress_direct_link_free": (None, (_OUT,)),
    "tigress_direct_link_host": _TEXT,
    "tigress_direct_link_port": (c_uint, (_HANDLE,)),
    "tigress_direct_link_start": (c_int, (_HANDLE, c_int64)),
    "tigress_direct_link_is_busy": _CALL,
    "tigress_direct_link_needs_stream": _CALL,
    "tigress_direct_link_opened": (None, (_HANDLE, c_int64)),
    "tigress_direct_link_failed": (None, (_HANDLE, c_int)),
    "tigress_direct_link_received": (None, (_HANDLE, c_char_p, c_size_t, c_int64)),
    "tigress_direct_link_output": _OUTPUT,
    "tigress_direct_link_sent": (None, (_HANDLE, c_size_t)),
    "tigress_direct_link_is_open": _CALL,
    "tigress_direct_link_tick": (None, (_HANDLE, c_int64)),
    "tigress_direct_link_deadline_ms": (c_int64, (_HANDLE,)),
    "tigress_direct_listen": (c_int, (_OUT, c_char_p, *_WHY)),
    "tigress_direct_listener_free": (None, (_OUT,)),
    "tigress_direct_listener_url": _TEXT,
    "tigress_direct_listener_set_save": (c_int, (_HANDLE, _ListenerSaveFn, c_void_p)),
    "tigress_direct_listener_set_progress": (c_int, (_HANDLE, _ProgressFn, c_void_p)),
    "tigress_direct_serve": (c_int, (_HANDLE, _HANDLE, _HANDLE, c_int64)),
    "tigress_direct_link_set_save": (c_int, (_HANDLE, _LinkSaveFn, c_void_p)),
    "tigress_direct_link_set_progress": (c_int, (_HANDLE, _ProgressFn, c_void_p)),
    "tigress_direct_run": (c_int, (_HANDLE, c_int64)),
}

_Prototypes = Dict[str, Tuple[Any, Tuple[Any, ...]]]


def _candidates(name: str, variable: str) -> Iterator[str]:
    """Paths and names to try, best first. The variable names the only one when it is set."""
    named = os.environ.get(variable)
    if named:
        yield named
        return
    if sys.platform == "darwin":
        file_name = f"lib{name}.{ABI}.dylib"
    else:
        file_name = f"lib{name}.so.{ABI}"
    yield file_name  # the loader's own search
    triplet = sysconfig.get_config_var("MULTIARCH")
    for prefix in (sys.prefix, "/usr/local", "/usr"):
        for folder in ("lib", f"lib/{triplet}" if triplet else "lib64", "lib64"):
            path = os.path.join(prefix, folder, file_name)
            if os.path.isfile(path):
                yield path
    found = ctypes.util.find_library(name)
    if found:
        yield found


def _load(name: str, variable: str, prototypes: _Prototypes) -> ctypes.CDLL:
    reasons = []
    for candidate in _candidates(name, variable):
        try:
            library = ctypes.CDLL(candidate)
            for function_name, (result, arguments) in prototypes.items():
                function = getattr(library, function_name)
                function.restype, function.argtypes = result, list(arguments)
        except (OSError, AttributeError) as error:
            reasons.append(f"{candidate}: {error}")
            continue
        # The ABI of libtigress, which is one with the libraries beside it.
        if library.tigress_abi() == ABI:
            return library
        reasons.append(f"{candidate}: its ABI is {library.tigress_abi()}, not {ABI}")
    raise LibraryNotFound(f"lib{name} cannot be loaded; set {variable} to its path (" + "; ".join(reasons) + ")",
                          name="tigress")


@functools.lru_cache(maxsize=None)
def lib() -> ctypes.CDLL:
    """The library; loaded at its first use."""
    return _load("tigress", "TIGRESS_LIBRARY", _PROTOTYPES)


@functools.lru_cache(maxsize=None)
def direct_lib() -> ctypes.CDLL:
    """libtigress_direct, after libtigress, which it uses."""
    lib()
    return _load("tigress_direct", "TIGRESS_DIRECT_LIBRARY", _DIRECT_PROTOTYPES)


def library_path() -> str:
    """The name or path that the library was loaded from. LibraryNotFound."""
    return lib()._name  # pylint: disable=protected-access


def version() -> str:
    """The version of the library that is loaded. LibraryNotFound."""
    return lib().tigress_version().decode()


def abi() -> int:
    """The number in the library's SONAME. LibraryNotFound."""
    return lib().tigress_abi()
