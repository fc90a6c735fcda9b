# SPDX-License-Identifier: Apache-2.0
"""One side of one transfer, without I/O. The application steps a session with the time, performs the
HTTP requests that it returns, and passes the relay's answers to it.

    while True:
        want = session.step()
        if want is Want.HTTP:      perform session.request(), then session.reply() or reply_failed()
        elif want is Want.WAIT:    step again at session.deadline_s, or when woken
        elif want is Want.INPUT:   session.input says what the application must do
        elif want is Want.DONE:    the transfer is over: session.end says how
        elif want is Want.FAILED:  session.raise_if_failed()

tigress.Transport does the first two.
"""
import ctypes
import dataclasses
import enum
import json
import time
from typing import Any, Callable, Iterable, Optional, Sequence, Tuple, Type, Union

from . import _lib
from .envelope import Message, message_in
from .errors import ErrorCode, StateError, TigressError, check, make
from .handle import Handle
from .key import KeyCalls
from .pake import PakeCalls, PakeUse
from .secret import SecretBytes, copy_out, optional_text_in, take_out, text_in
from .share_url import Form


class Role(enum.IntEnum):
    """enum tigress_role"""
    INITIATOR = 1
    RECIPIENT = 2


class Want(enum.IntEnum):
    """enum tigress_want: what a session wants from the application."""
    HTTP = 1
    WAIT = 2
    INPUT = 3
    DONE = 4
    FAILED = 5

    @property
    def text(self) -> str:
        """The library's name of it, for logs: "WANT_HTTP", "DONE"."""
        return _lib.lib().tigress_want_name(self).decode()


class Input(enum.IntEnum):
    """enum tigress_input: what Want.INPUT asks for. cancel and save are always possible."""
    NONE = 0
    INTENT = 1     # initiator: confirm_intent, after the user agreed
    CREATED = 2    # initiator: send the share URL; then wait or check, or do nothing more
    SECRET = 3     # recipient: the URL has no secret: set_secret
    PREVIEW = 4    # recipient: the preview was received: accept, or do nothing more
    MESSAGE = 5    # a message was received: send, wait, check, finish or relinquish
    SENT = 6       # the relay has the message: wait, check, finish or relinquish
    UNCHANGED = 7  # check found nothing new
    ATTESTATION = 8    # attest attestation_challenge: set_attestation
    PRIVATE_TOKEN = 9  # initiator: get a token for private_token_challenge: set_private_token
    OPENED = 10        # initiator, after want_opened: a device has opened the invitation
    KEY = 11           # after ask_key: let key_task be done: set_key_answer or refuse_key
    PIN = 12           # recipient, with pake_use: the user must enter the PIN: enter_pin

    @property
    def text(self) -> str:
        """The library's name of it, for logs: "INPUT_MESSAGE"."""
        return _lib.lib().tigress_input_name(self).decode()


class End(enum.IntEnum):
    """enum tigress_end: how a transfer ended."""
    NONE = 0              # it is not over, or this side gave it back or was refused
    COMPLETED = 1         # this side finished, or the other side's end note says so
    DECLINED = 2          # by the recipient
    CANCELLED = 3         # recipient: the initiator's end note says that it cancelled
    WITHDRAWN = 4         # initiator: cancelled here; the relay reports that no device had opened it
    WITHDRAWN_OPENED = 5  # initiator: cancelled here, but a device had opened it, or may have
    UNCONFIRMED = 6       # the relay reports an end, and no end note proves which
    EXPIRED = 7           # the relay reports that it expired

    @property
    def text(self) -> str:
        """The library's name of it, for logs: "END_DECLINED"."""
        return _lib.lib().tigress_end_name(self).decode()


class Proof(enum.IntEnum):
    """enum tigress_proof: what shows the end of a transfer."""
    NONE = 0    # only the relay says so
    OWN = 1     # this device ended it
    LINK = 2    # a holder of the link says so, which may be anybody who has it
    DEVICE = 3  # the device that took part in the transfer says so


class V2(enum.IntEnum):
    """enum tigress_v2: what became of envelope v2 in a transfer."""
    OPEN = 0      # not decided yet
    AGREED = 1    # only v2 is sent and accepted from here on
    GIVEN_UP = 2  # the other side does not know it: the transfer has v1
    DISABLED = 3  # by disable_envelope_v2()


class Sas(enum.IntEnum):
    """enum tigress_sas: whether two persons can compare six digits."""
    NONE = 0       # not possible: no envelope v2, or an older version at the other side
    LATER = 1      # not yet: after the third message
    READY = 2      # Session.sas has the digits
    CONFIRMED = 3  # the persons see the same digits


class Opened(enum.IntEnum):
    """enum tigress_opened: does the relay report that a device has opened the invitation?"""
    UNKNOWN = 0
    NO = 1
    YES = 2


class AttestationWhen(enum.IntEnum):
    """enum tigress_attestation_when: when the session asks with Input.ATTESTATION."""
    NEVER = 0
    ASKED = 1   # when the relay refuses the create without one
    CREATE = 2  # before the create
    ALWAYS = 3  # before the create and before each later message


class UserCheck(enum.IntEnum):
    """enum tigress_user_check: how the device knows that its user agrees to a share."""
    PRESENT = 1   # a person at the device agreed
    VERIFIED = 2  # and the device verified that it is its user, for this share


class NetFailure(enum.IntEnum):
    """enum tigress_net_failure: why there is no answer."""
    UNREACHABLE = 1
    LOST = 2
    TIMEOUT = 3
    TLS = 4
    TOO_LARGE = 5
    INTERRUPTED = 6
    NOT_HTTP = 7
    NO_NAME = 8
    NO_ROUTE = 9
    NO_SERVICE = 10


@dataclasses.dataclass(frozen=True)
class Request:
    """A complete HTTP request. Follow no redirect, add no other header, keep no cookie, share no
    connection.

    answer_max   bytes of the answer's body; for a longer one: NetFailure.TOO_LARGE
    timeout_s    for the whole exchange, including the wait of a long poll
    """
    method: str
    url: str
    headers: Sequence[Tuple[str, str]] = dataclasses.field(repr=False)  # hold credentials
    body: Optional[bytes] = dataclasses.field(repr=False)
    answer_max: int
    timeout_s: int


RandomSource = Callable[[int], bytes]


def _random_fn(source: RandomSource) -> Any:
    def fill(_ctx: Optional[int], out: int, length: int) -> int:
        try:
            made = source(length)
            if len(made) != length:
                return -1
            ctypes.memmove(out, bytes(made), length)
            return 0
        except Exception:  # pylint: disable=broad-except  # it must not cross into C
            return -1
    return _lib.RandomFn(fill)


@dataclasses.dataclass(frozen=True)
class Relay:
    """What a relay policy judges. scheme is "https", "http" (loopback only) or "tigress-direct"."""
    scheme: str
    host: str
    port: int
    vertical: str
    role: Role


RelayPolicy = Callable[[Relay], bool]


def _policy_fn(policy: RelayPolicy) -> Any:
    def judge(_ctx: Optional[int], given: Any) -> int:
        try:
            relay = given.contents
            return int(policy(Relay(relay.scheme.decode(), relay.host.decode(), relay.port,
                                    relay.vertical.decode(), Role(relay.role))) is True)
        except Exception:  # pylint: disable=broad-except  # it must not cross into C, and refuses
            return 0
    return _lib.RelayPolicyFn(judge)


class Session(Handle, KeyCalls, PakeCalls):
    """What both roles have in common. Made by Initiator(), Recipient() or resume().

    A `with` block wipes and frees it at its end; the transfer continues to exist at the relay. A call
    that is not possible now raises StateError and changes nothing.
    """
    _name = "the session"

    def __init__(self, handle: ctypes.c_void_p):
        self._handle = handle
        # The library calls these: they must live as long as the session.
        self._policy: Any = None
        self._random: Any = None
        self._stepped_s = 0

    # ---- life

    def _free(self) -> None:
        _lib.lib().tigress_session_free(ctypes.byref(self._handle))

    def __repr__(self) -> str:
        if not self._handle:
            return f"<{type(self).__name__}: closed>"
        return f"<{type(self).__name__}: {self.relay_host}>"

    def handle(self) -> ctypes.c_void_p:
        """The handle, for functions of other libraries. StateError when the session is closed."""
        return self._open()

    def _do(self, call: str, *arguments: Any) -> None:
        code = getattr(_lib.lib(), "tigress_session_" + call)(self._open(), *arguments)
        if code != ErrorCode.OK:
            raise make(code, self._text("error_text"))

    def _text(self, call: str) -> str:
        text: bytes = getattr(_lib.lib(), "tigress_session_" + call)(self._open())
        return text.decode()

    def _number(self, call: str) -> int:
        return int(getattr(_lib.lib(), "tigress_session_" + call)(self._open()))

    # ---- settings at any time

    def set_poll_s(self, poll_s: int) -> None:
        """How long the relay may hold a long poll: 1 to 600 seconds."""
        self._do("set_poll_s", poll_s)

    def set_tries(self, tries: int) -> None:
        """How many failures in a row lead to Want.FAILED: 1 to 1000."""
        self._do("set_tries", tries)

    def set_wait_max_s(self, wait_max_s: int) -> None:
        """How long one pause after a failure may be: 1 to 3600 seconds."""
        self._do("set_wait_max_s", wait_max_s)

    def set_random(self, source: Optional[RandomSource]) -> None:
        """The random source, source(n) -> n bytes; None: the system's. If it raises: RandomError."""
        function = _lib.RandomFn(0) if source is None else _random_fn(source)
        self._do("set_random", function, None)
        self._random = function

    def set_relay_policy(self, policy: Optional[RelayPolicy]) -> None:
        """A rule of the wallet, called before the first request. The result True allows the relay;
        anything else, also an exception, fails the session with AllowListError. None: no rule."""
        function = _lib.RelayPolicyFn(0) if policy is None else _policy_fn(policy)
        self._do("set_relay_policy", function, None)
        self._policy = function

    def set_notification_token(self, token_type: str, token_data: str,
                               topic: Optional[str] = None) -> None:
        """Where the relay announces changes. Use a fresh token for each transfer. A later token
        replaces it with the next message, wait or check. topic: the app that the token belongs
        to, with APNs the topic, with FCM the project."""
        self._do("set_notification_token_for", text_in(token_type),
                 None if topic is None else text_in(topic), text_in(token_data))

    def allow_old_proof(self) -> None:
        """Send the proof of secret in the form of earlier versions, which is not bound to the relay.
        Before the first step."""
        self._do("allow_old_proof")

    def disable_envelope_v2(self) -> None:
        """Seal each message under the secret only, as a wallet that does not know v2. Before the
        first step."""
        self._do("disable_envelope_v2")

    def require_v2(self) -> None:
        """Stop with NoV2Error rather than send, show or complete anything without envelope v2. Before
        the first step. An initiator needs the right W; its message is then the third one."""
        self._do("require_v2")

    # ---- the state machine

    def step(self, now_s: Optional[int] = None) -> Want:
        """What the session wants now. now_s: UTC seconds; None: the system's clock."""
        now = self._stepped_s = int(time.time()) if now_s is None else now_s
        return Want(_lib.lib().tigress_session_step(self._open(), now))

    def request(self) -> Optional[Request]:
        """The request of Want.HTTP; None in any other state. It contains credentials: do not log it."""
        pointer = _lib.lib().tigress_session_request(self._open())
        if not pointer:
            return None
        raw = pointer.contents
        headers = [(raw.headers[i].name.decode(), raw.headers[i].value.decode())
                   for i in range(raw.header_count)]
        body = ctypes.string_at(raw.body, raw.body_len) if raw.body is not None else None
        return Request(raw.method.decode(), raw.url.decode(), headers, body, raw.answer_max,
                       raw.timeout_s)

    def reply(self, status: int, headers: Iterable[Tuple[str, str]] = (), body: bytes = b"") -> None:
        """Passes the relay's answer to the session. StateError: no request is under way."""
        pairs = [(name.encode("utf-8", "replace"), value.encode("utf-8", "replace"))
                 for name, value in headers]
        pairs = [(name, value) for name, value in pairs if b"\0" not in name + value]
        array = (_lib.HttpHeader * len(pairs))(*[_lib.HttpHeader(*pair) for pair in pairs])
        check(_lib.lib().tigress_session_reply(self._open(), status, array, len(pairs), bytes(body),
                                               len(body)))

    def reply_failed(self, failure: NetFailure) -> None:
        """There is no answer. The session repeats the request later."""
        check(_lib.lib().tigress_session_reply_failed(self._open(), failure))

    @property
    def deadline_s(self) -> int:
        """When Want.WAIT ends, in UTC seconds; 0 in any other state."""
        return self._number("deadline_s")

    @property
    def wait_reason(self) -> int:
        """The failure that Want.WAIT follows, an ErrorCode; ErrorCode.OK: none."""
        return self._number("wait_reason")

    @property
    def wait_text(self) -> str:
        """The same as one sentence, "" for none."""
        return self._text("wait_text")

    def wake(self) -> None:
        """Ends a Want.WAIT now: a push was received, or the network is available. At any time."""
        _lib.lib().tigress_session_wake(self._open())

    # ---- input of the application

    @property
    def input(self) -> Input:
        """What Want.INPUT asks for."""
        return Input(self._number("input"))

    def want_attestation(self, when: AttestationWhen) -> None:
        """This device can attest: the session asks with Input.ATTESTATION. Before the first step."""
        self._do("want_attestation", int(when))

    @property
    def attestation_challenge(self) -> bytes:
        """32 bytes to attest, for Input.ATTESTATION. StateError when the session does not ask."""
        out = ctypes.create_string_buffer(32)
        check(_lib.lib().tigress_session_attestation_challenge(self._open(), out))
        return out.raw

    def set_attestation(self, attestation: Optional[bytes]) -> None:
        """The attestation object, CBOR, for Input.ATTESTATION; None: this device has none."""
        self._do("set_attestation", attestation, len(attestation) if attestation else 0)

    def send(self, message: Message) -> None:
        """Sends the next message: JSON text, or a mapping. MessageError, LimitError."""
        data = message_in(message)
        self._do("send", data, len(data))

    def wait(self) -> None:
        """Waits for the next message of the other side, without a time limit."""
        self._do("wait")

    def check(self) -> None:
        """Looks once for a new message."""
        self._do("check")

    def finish(self) -> None:
        """This side has all that it needs: deletes the mailbox with an end note. Want.DONE follows, also
        at the other side. The note is final: from here on the session only repeats this delete."""
        self._do("finish")

    def cancel(self) -> None:
        """Stops the transfer, unless it is over: deletes the mailbox, if there is one, with an end note
        that is final. The initiator cancels, the recipient declines."""
        self._do("cancel")

    def retry(self) -> None:
        """Tries again after a TemporaryError, where the session stopped."""
        self._do("retry")

    # ---- what a session knows

    @property
    def end(self) -> End:
        """How the transfer ended; End.NONE before. Tell a user that a key was taken only for
        End.COMPLETED, and by whose word: end_proof."""
        return End(self._number("end"))

    @property
    def end_proof(self) -> Proof:
        """What shows the end."""
        return Proof(self._number("end_proof"))

    @property
    def end_text(self) -> str:
        """One sentence about the end and what shows it; "" before."""
        return _lib.lib().tigress_end_text(self.end, self.end_proof).decode()

    @property
    def opened(self) -> Opened:
        """Initiator: what the relay last reported. Recipient: what the preview reported about another
        device. It proves nothing."""
        return Opened(self._number("opened"))

    @property
    def role(self) -> Role:
        """Initiator or recipient."""
        return Role(self._number("role"))

    @property
    def message(self) -> SecretBytes:
        """A copy of the last message received, as the other side wrote it. Empty before the first."""
        length = ctypes.c_size_t()
        address = _lib.lib().tigress_session_message(self._open(), ctypes.byref(length))
        return copy_out(address, length.value)

    def message_json(self) -> Any:
        """The last message received, parsed. StateError before the first."""
        with self.message as text:
            if not text:
                raise StateError("message: none was received yet")
            return json.loads(bytes(text))

    @property
    def message_format(self) -> str:
        """The "format" of the last message received; "" before the first."""
        return self._text("message_format")

    def share_url(self, form: Form = Form.HTTPS) -> str:
        """The invitation, from Input.CREATED on (recipient: always). StateError before."""
        out = ctypes.create_string_buffer(_lib.SHARE_URL_MAX)
        try:
            check(_lib.lib().tigress_session_share_url(self._open(), form, out, len(out)))
            return out.value.decode()
        finally:
            ctypes.memset(out, 0, len(out))

    @property
    def mailbox_id(self) -> str:
        """The UUID of the mailbox; "" while there is none."""
        return self._text("mailbox_id")

    @property
    def relay_host(self) -> str:
        """The host of the relay, without port."""
        return self._text("relay_host")

    @property
    def vertical(self) -> str:
        """The v= of the share URL; "" when there is none."""
        return self._text("vertical")

    @property
    def was_secret_exposed(self) -> bool:
        """Whether the invitation had its secret where servers see it."""
        return bool(_lib.lib().tigress_session_was_secret_exposed(self._open()))

    @property
    def title(self) -> str:
        """What the preview shows. The other side wrote it: escape it."""
        return self._text("title")

    @property
    def description(self) -> str:
        """What the preview shows. The other side wrote it: escape it."""
        return self._text("description")

    @property
    def image_url(self) -> str:
        """What the preview shows. The other side wrote it: escape it."""
        return self._text("image_url")

    @property
    def expires_at_s(self) -> int:
        """When the mailbox expires, in UTC seconds; 0: not known yet."""
        return self._number("expires_at_s")

    @property
    def version(self) -> int:
        """The relay's counter of messages; 0: not known."""
        return self._number("version")

    @property
    def is_push_supported(self) -> bool:
        """Whether the relay sends to the notification token; otherwise use long polls."""
        return bool(self._number("is_push_supported"))

    @property
    def envelope_version(self) -> int:
        """2 after both sides have agreed on envelope v2; otherwise 1."""
        return self._number("envelope_version")

    @property
    def v2(self) -> V2:
        """What became of envelope v2."""
        return V2(self._number("v2"))

    def take_v2_event(self) -> V2:
        """V2.AGREED or V2.GIVEN_UP once after that was decided; otherwise V2.OPEN. Ask after each
        reply()."""
        return V2(self._number("take_v2_event"))

    @property
    def sas_state(self) -> Sas:
        """Whether two persons can compare six digits."""
        return Sas(self._number("sas_state"))

    @property
    def sas(self) -> str:
        """The six digits. StateError unless sas_state is Sas.READY or Sas.CONFIRMED."""
        out = ctypes.create_string_buffer(_lib.SAS_TEXT_MAX)
        check(_lib.lib().tigress_session_sas(self._open(), out, len(out)))
        return out.value.decode()

    def compare_sas(self, is_same: bool) -> None:
        """What the persons saw. False ends the transfer, as cancel() does."""
        self._do("compare_sas", 1 if is_same else 2)

    @property
    def state_name(self) -> str:
        """The state for logs: "INTENT", "READ", "DONE" and others. Decide by wants and inputs, not by this."""
        return self._text("state_name")

    @property
    def failures(self) -> int:
        """How often in a row the current request has failed."""
        return self._number("failures")

    @property
    def error(self) -> Optional[TigressError]:
        """Why Want.FAILED, as an exception that was not raised; None in any other state."""
        code = self._number("error")
        if code == ErrorCode.OK:
            return None
        return make(code, self._text("error_text"), self._text("relay_detail"))

    def raise_if_failed(self) -> None:
        """Raises `error` unless it is None."""
        error = self.error
        if error is not None:
            raise error

    # ---- saving and resuming

    def save(self) -> SecretBytes:
        """Everything that is needed to continue, for resume(). It contains the secret, the claim and
        messages unencrypted: store it where only the user can read it."""
        out, length = ctypes.c_void_p(), ctypes.c_size_t()
        check(_lib.lib().tigress_session_save(self._open(), ctypes.byref(out),
                                              ctypes.byref(length)))
        return take_out(out, length)


class Initiator(Session):
    """The side that shares. Nothing is sent before confirm_intent().

    relay_url           "https://host[:port]" (http:// for loopback only)
    message             provisioning information: JSON text, or a mapping
    title, description, image_url   what the preview shows; everybody with the link can read it
    expires_at_s        UTC seconds; 0: the relay's default
    rights              "RD" for one message, "RWD" for an exchange
    vertical            the v= of the share URL
    secret_len          16 or 32 bytes
    require_proof       the first read must prove the secret
    require_v2          as Session.require_v2(); the rights need W
    pake_pin            the recipient must prove this PIN; sets require_v2 too
    envelope_v2         offer envelope v2; False for tests, and for a peer that fails with v2
    """

    def __init__(self, relay_url: str, message: Message, *, title: str = "", description: str = "",
                 image_url: str = "", expires_at_s: int = 0, rights: Optional[str] = None,
                 vertical: Optional[str] = None, secret_len: int = 16,
                 require_proof: bool = False, require_v2: bool = False, pake_pin: Optional[str] = None,
                 envelope_v2: bool = True):
        data, handle = message_in(message), ctypes.c_void_p()
        why = ctypes.create_string_buffer(_lib.TEXT_MAX)
        check(_lib.lib().tigress_initiator_new(ctypes.byref(handle), text_in(relay_url), data,
                                               len(data), why, len(why)), why.value.decode())
        super().__init__(handle)
        self._do("set_secret_len", secret_len)
        self._do("set_display", text_in(title), text_in(description), text_in(image_url))
        self._do("set_expiration", expires_at_s)
        if rights is not None:
            self._do("set_rights", text_in(rights))
        if vertical is not None:
            self._do("set_vertical", text_in(vertical))
        if require_proof:
            self._do("require_proof")
        if require_v2:
            self.require_v2()
        if pake_pin is not None:
            self._do("set_pake_pin", text_in(pake_pin))
        if not envelope_v2:
            self._do("disable_envelope_v2")

    def want_opened(self) -> None:
        """A wait also ends with Input.OPENED when a device opens the invitation. At any time; not
        saved."""
        self._do("want_opened")

    def want_private_token(self) -> None:
        """This device can get Privacy Pass tokens: the session asks with Input.PRIVATE_TOKEN when the
        relay refuses the create without one. Before the first step."""
        self._do("want_private_token")

    @property
    def private_token_challenge(self) -> str:
        """The relay's challenges in the form of RFC 9577, written by the relay; "" unless the session
        asks for a token."""
        return self._text("private_token_challenge")

    def set_private_token(self, token: Optional[str]) -> None:
        """A token as base64url text, for Input.PRIVATE_TOKEN or before confirm_intent. None: this
        device cannot get one."""
        self._do("set_private_token", optional_text_in(token))

    def confirm_intent(self, check: UserCheck = UserCheck.PRESENT,
                       confirmed_at_s: Optional[int] = None) -> None:
        """The user has seen what is shared and with whom, and agrees.

        check            what the device has checked, for this share
        confirmed_at_s   when the user agreed, UTC seconds, at most 300 s before
                         the last step(); None: the time of that step
        """
        at_s = self._stepped_s if confirmed_at_s is None else confirmed_at_s
        self._do("confirm_intent_by", int(check), at_s)


class Recipient(Session):
    """The side that receives.

    share_url        https://, tigress://, or http:// to loopback, with or without the secret
    secret           base64 text of a secret that was sent separately
    allowed_relays   "host" or "host:port", compared exactly; none: every relay may be used
    want_preview     first read the preview, without a claim, and ask with Input.PREVIEW
    require_v2       as Session.require_v2()
    pake_use         whether a sender may ask for a PIN by PAKE, or must
    envelope_v2      accept an offer of envelope v2; False for tests
    """

    def __init__(self, share_url: str, secret: Optional[str] = None, *,
                 allowed_relays: Iterable[str] = (), want_preview: bool = False,
                 require_v2: bool = False, pake_use: PakeUse = PakeUse.REFUSED,
                 envelope_v2: bool = True):
        handle = ctypes.c_void_p()
        why = ctypes.create_string_buffer(_lib.TEXT_MAX)
        check(_lib.lib().tigress_recipient_new(ctypes.byref(handle), text_in(share_url),
                                               optional_text_in(secret), why, len(why)),
              why.value.decode())
        super().__init__(handle)
        for host in allowed_relays:
            self._do("allow_relay", text_in(host))
        if want_preview:
            self._do("want_preview")
        if require_v2:
            self.require_v2()
        if pake_use != PakeUse.REFUSED:
            self._do("set_pake_use", int(pake_use))
        if not envelope_v2:
            self._do("disable_envelope_v2")

    def enter_pin(self, typed: str) -> None:
        """A try, for Input.PIN. ArgumentError: not a PIN, and no try."""
        self._do("enter_pin", text_in(typed))

    def set_secret(self, secret: str) -> None:
        """The secret as base64 text, for Input.SECRET; or another secret after DecryptError."""
        self._do("set_secret", text_in(secret))

    def accept(self) -> None:
        """After the preview: continue, and claim the transfer."""
        self._do("accept")

    def relinquish(self) -> None:
        """Releases the transfer for another device of the same person. Want.DONE follows."""
        self._do("relinquish")


_BY_ROLE = {Role.INITIATOR: Initiator, Role.RECIPIENT: Recipient}


def resume(data: Union[bytes, bytearray]) -> Union[Initiator, Recipient]:
    """Restores a session from what Session.save() returned, in the same state. Random source and relay
    policy are not saved. Use only one session of one saved state. SavedStateError."""
    handle, saved = ctypes.c_void_p(), bytes(data)
    why = ctypes.create_string_buffer(_lib.TEXT_MAX)
    check(_lib.lib().tigress_session_resume(ctypes.byref(handle), saved, len(saved), why, len(why)),
          why.value.decode())
    role = Role(_lib.lib().tigress_session_role(handle))
    cls: Type[Session] = _BY_ROLE[role]
    session = cls.__new__(cls)
    Session.__init__(session, handle)
    return session  # type: ignore[return-value]
