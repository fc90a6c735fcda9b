# SPDX-License-Identifier: Apache-2.0
"""What needs no relay: share URLs, envelopes, errors, wiping, the machine by hand."""
import base64
import gc
import json
import pathlib
import re

import pytest

import programs
import tigress
from tigress import End, ErrorClass, ErrorCode, Form, Input, NetFailure, Want

HEADERS = pathlib.Path(__file__).resolve().parents[3] / "include/tigress"
RELAY = "https://relay.example"
MAILBOX = "9d7e6f0c-6a8e-4f4e-9b7a-0c4b6b0c2f11"
SECRET = "AAECAwQFBgcICQoLDA0ODw=="
URL = f"{RELAY}/v1/m/{MAILBOX}?v=c#{SECRET}"
MESSAGE = {"format": "x", "content": {"n": 1}}
NOT_BOUND = {"tigress_set_mem", "tigress_mem_in_use",
             "tigress_session_reply_failed_because"}


def constants(prefix, *files):
    """Names and values of the constants with this prefix, from the installed headers."""
    text = "".join((HEADERS / name).read_text() for name in files)
    return {name: int(value) for name, value in re.findall(rf"\b{prefix}(\w+)\s*=\s*(\d+)", text)}


@pytest.mark.parametrize("kind, prefix, header", [
    (ErrorCode, "TIGRESS_(?=OK)|TIGRESS_E_", "error.h"), (ErrorClass, "TIGRESS_CLASS_", "error.h"), (Input, "TIGRESS_INPUT_", "session.h"),
    (Form, "TIGRESS_FORM_", "share_url.h"), (End, "TIGRESS_END_(?!H)", "end.h"),
    (tigress.Proof, "TIGRESS_PROOF_", "end.h"), (tigress.Opened, "TIGRESS_OPENED_", "end.h"),
    (NetFailure, "TIGRESS_NET_", "wait.h"), (tigress.KeyUse, "TIGRESS_KEY_(?=SIGN\\b|AGREE\\b)", "key.h"),
    (tigress.KeyRefusal, "TIGRESS_KEY_(?=BY_USER|UNUSABLE|LOCKED)", "key.h"),
    (tigress.KeyOutcome, "TIGRESS_KEY_(?=NONE|ASKED|ANSWERED|REFUSED|CANNOT)", "key.h"),
    (tigress.PakeUse, "TIGRESS_PAKE_(?=REFUSED|ALLOWED|REQUIRED)", "pake.h"),
    (tigress.Pake, "TIGRESS_PAKE_(?=NONE|OPEN|PROVED|FAILED)", "pake.h"),
    (tigress.SignatureForm, "TIGRESS_SIGNATURE_", "key.h"), (tigress.RequestKind, "TIGRESS_REQUEST_", "formats.h"),
    (tigress.Handler, "TIGRESS_HANDLER_", "formats.h"),
    (tigress.DirectEvent, "TIGRESS_DIRECT_(?=[A-Z_]+ = )(?!EVENT)", "direct.h")])
def constants__compared_with_the_headers__the_same(kind, prefix, header):
    known = {item.name: int(item) for item in kind}
    assert constants(f"(?:{prefix})", header) == known


def functions__bound__each_is_declared_in_an_installed_header():
    from tigress import _lib
    declared = set()
    for header in HEADERS.glob("*.h*"):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        declared |= set(re.findall(r"TIGRESS_API[^;{]*?\b(tigress_\w+)\s*\(", text))
    bound = {*_lib._PROTOTYPES, *_lib._DIRECT_PROTOTYPES}  # pylint: disable=protected-access
    assert bound <= declared
    # libcurl is not used here, the allocator is of C, and the rest has another form in Python.
    unbound = {name for name in declared - bound if not name.startswith("tigress_transport_")}
    assert unbound == NOT_BOUND, sorted(unbound ^ NOT_BOUND)


def errors__every_code__has_its_class_and_a_sentence():
    for code in ErrorCode:
        if code == ErrorCode.OK:
            continue
        error = tigress.errors.make(code)
        assert type(error) is not tigress.TigressError and error.code == code
        assert str(error).endswith(".")
        assert isinstance(error, tigress.TemporaryError) == (error.error_class is ErrorClass.RETRY)
        assert isinstance(error, tigress.EndedError) == (error.error_class is ErrorClass.ENDED)
    assert tigress.error_class(ErrorCode.OK) is ErrorClass.NONE
    assert tigress.error_class(12345) is ErrorClass.FAULT
    assert type(tigress.errors.make(12345)) is tigress.TigressError


def names__every_want_and_input__has_the_constants_name():
    wants = {item.name: item.text for item in Want}
    assert wants == {name: name if name in ("DONE", "FAILED") else "WANT_" + name for name in wants}
    assert {item.text for item in Input} == {"INPUT_" + item.name for item in Input}
    assert {item.text for item in End} == {"END_" + item.name for item in End}


def formats__compared_with_the_header__the_same():
    declared = (HEADERS / "formats.h").read_text()
    for name in (tigress.FORMAT_CARKEY_CCC, tigress.FORMAT_AUTHORIZATION_TOKEN):
        assert f'"{name}"' in declared
    assert all(hasattr(tigress, name) for name in tigress.__all__)


def setters__wrong_value__exception_names_it_and_what_was_expected():
    with tigress.Initiator(RELAY, MESSAGE) as session:
        with pytest.raises(tigress.ArgumentError, match="^poll_s: expected 1 to 600, got 601$"):
            session.set_poll_s(601)
        with pytest.raises(tigress.LimitError, match="^type: expected at most 128 bytes$"):
            session.set_notification_token("x" * 129, "x")
        session.confirm_intent()
        with pytest.raises(tigress.StateError, match="^confirm_intent: not possible now, at WANT_HTTP$"):
            session.confirm_intent()
    with pytest.raises(tigress.ArgumentError, match="^rights: expected one or more of the letters"):
        tigress.Initiator(RELAY, MESSAGE, rights="X")


# ---- share URL ------------------------------------------------------------------------------


def share_url__parsed__has_its_parts_and_every_form():
    with tigress.ShareUrl(URL) as url:
        assert (url.host, url.port, url.mailbox_id, url.vertical, url.has_secret) == \
            ("relay.example", 443, MAILBOX, tigress.VERTICAL_CAR, True)
        assert url.format() == URL
        assert url.format(Form.HTTPS_BARE) == URL.split("#")[0]
        assert url.format(Form.TIGRESS) == URL.replace("https", "tigress")
        assert url.format(Form.SECRET) == SECRET
        assert url.is_relay_allowed(["other.example", "RELAY.example"])
        assert not url.is_relay_allowed([]) and not url.is_relay_allowed(["example"])
        assert SECRET not in repr(url)
    assert repr(url) == "<ShareUrl: closed>"
    with pytest.raises(tigress.StateError):
        url.format()
    url.close()


def share_url__built_from_parts__same_as_parsed():
    with tigress.ShareUrl.build(RELAY, MAILBOX, "c") as url:
        assert not url.has_secret and url.format() == URL.split("#")[0]
        with pytest.raises(tigress.SecretError, match="^secret: expected 16 or 32 bytes"):
            url.set_secret("no secret")
        url.set_secret(SECRET)
        assert url.format() == URL


@pytest.mark.parametrize("text, error", [
    ("", tigress.UrlError), ("ftp" + URL[5:], tigress.UrlError),
    ("http" + URL[5:], tigress.UrlError), (URL.replace(MAILBOX, "x"), tigress.UrlError),
    (URL[:-5], tigress.SecretError), (URL + "\0", tigress.ArgumentError),
    (URL.split("?")[0] + "?v=" + "x" * 3000, (tigress.LimitError, tigress.UrlError))])
def share_url__malformed__refused_without_repeating_it(text, error):
    with pytest.raises(error) as told:
        tigress.ShareUrl(text)
    assert "AAEC" not in str(told.value)
    with pytest.raises(error):
        tigress.Recipient(text)


# ---- envelope -------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [16, 32])
def envelope__sealed_and_opened__same_message_and_never_the_same_bytes(length):
    secret = bytes(range(length))
    sealed = {tigress.seal_envelope(secret, MESSAGE) for _ in range(8)}
    assert len(sealed) == 8
    for data in sealed:
        with tigress.open_envelope(secret, tigress.envelope_type(length), data) as opened:
            assert json.loads(bytes(opened)) == MESSAGE
        assert opened == bytes(len(opened))


def envelope__wrong_secret_type_or_bytes__refused():
    secret = bytes(16)
    data = tigress.seal_envelope(secret, MESSAGE)
    raw = bytearray(base64.b64decode(data))
    for at in (0, 12, len(raw) - 1):
        bent = raw.copy()
        bent[at] ^= 1
        with pytest.raises(tigress.DecryptError):
            tigress.open_envelope(secret, "AEAD_AES_128_GCM", base64.b64encode(bent).decode())
    for key, kind in ((b"\1" + secret[1:], "AEAD_AES_128_GCM"), (secret, "AEAD_AES_256_GCM")):
        with pytest.raises((tigress.DecryptError, tigress.SecretError)):
            tigress.open_envelope(key, kind, data)
    with pytest.raises(tigress.SecretError):
        tigress.seal_envelope(bytes(17), MESSAGE)
    with pytest.raises(tigress.SecretError):
        tigress.envelope_type(17)


def envelope__opened_by_an_independent_implementation__same_message():
    aead = pytest.importorskip("cryptography.hazmat.primitives.ciphers.aead")
    secret = bytes(range(16))
    raw = base64.b64decode(tigress.seal_envelope(secret, MESSAGE))
    assert json.loads(aead.AESGCM(secret).decrypt(raw[:12], raw[12:], None)) == MESSAGE


@pytest.mark.parametrize("message", ["", "[]", "{}", '{"format":1,"content":{}}',
                                     '{"format":"x","content":[]}', b'\xff', "x" * 50000])
def message__no_provisioning_information__refused_everywhere(message):
    for use in (tigress.check_message, lambda m: tigress.Initiator(RELAY, m)):
        with pytest.raises((tigress.MessageError, tigress.LimitError)):
            use(message)


# ---- the state machine, step by step --------------------------------------------------------


def intent__old_or_unknown_evidence__refused():
    with tigress.Initiator(RELAY, MESSAGE) as session:
        session.step(1893456000)
        for check, at_s in ((tigress.UserCheck.VERIFIED, 1893456000 - 301), (7, 1893456000)):
            with pytest.raises(tigress.ArgumentError):
                session.confirm_intent(check, at_s)
        session.confirm_intent(tigress.UserCheck.VERIFIED, 1893456000 - 300)
        assert session.step(1893456000) is Want.HTTP


def initiator__driven_by_hand__creates():
    with tigress.Initiator(RELAY, MESSAGE, title="T") as session:
        assert (session.step(0), session.input) == (Want.INPUT, Input.INTENT)
        assert session.request() is None
        with pytest.raises(tigress.StateError):
            session.wait()
        with pytest.raises(tigress.StateError):
            session.share_url()
        session.confirm_intent()
        assert session.step(1893456000) is Want.HTTP and session.state_name == "CREATE"
        request = session.request()
        assert (request.method, request.url) == ("POST", RELAY + "/v1/m")
        names = [name.lower() for name, _ in request.headers]
        assert {"mailbox-request-id", "mailbox-device-claim"} <= set(names)
        assert "claim" not in repr(request).lower()  # credentials stay out of a log
        session.reply_failed(NetFailure.LOST)
        assert session.step(1893456000) is Want.WAIT
        assert session.deadline_s == 1893456001 and session.failures == 1
        session.wake()
        assert session.step(1893456000) is Want.HTTP
        assert session.request() == request
        body = {"urlLink": f"{RELAY}/v1/m/{MAILBOX}", "isPushNotificationSupported": True}
        session.reply(200, [("Mailbox-Version", "1"), ("X", "a\0b")], json.dumps(body).encode())
        assert (session.step(1893456000), session.input) == (Want.INPUT, Input.CREATED)
        assert session.mailbox_id == MAILBOX and session.is_push_supported
        assert session.share_url().startswith(f"{RELAY}/v1/m/{MAILBOX}#")
        with pytest.raises(tigress.StateError):
            session.reply(200)
    with pytest.raises(tigress.StateError):
        session.step()


def reply__nonsense__tried_again_and_reported_as_protocol_error():
    with tigress.Initiator(RELAY, MESSAGE) as session:
        session.set_tries(1)
        session.confirm_intent()
        assert session.step(1) is Want.HTTP
        session.reply(200, (), b"<html>")
        assert session.step(1) is Want.FAILED
        with pytest.raises(tigress.ProtocolError):
            session.raise_if_failed()
        session.retry()
        assert session.step(1) is Want.HTTP
        session.reply(400, (), b'{"detail":"title: too long"}')
        assert session.step(1) is Want.FAILED
        assert isinstance(session.error, tigress.RefusedError)


def allow_list__another_relay__refused_before_any_request():
    with tigress.Recipient(URL, allowed_relays=["other.example"]) as session:
        assert session.step(1) is Want.FAILED
        assert isinstance(session.error, tigress.AllowListError)


def policy__each_verdict__only_true_allows_a_request():
    def fails(_relay):
        raise ValueError
    for policy, is_let in ((lambda relay: True, True), (lambda relay: False, False),
                           (lambda relay: 1, False), (lambda relay: None, False), (fails, False)):
        with tigress.Recipient(URL) as session:
            session.set_relay_policy(policy)
            assert session.step(1) is (Want.HTTP if is_let else Want.FAILED)
            assert is_let or isinstance(session.error, tigress.AllowListError)
    seen = []
    with tigress.Recipient(URL) as session:
        session.set_relay_policy(seen.append)
        session.step(1)
    assert [(relay.scheme, relay.host, relay.port) for relay in seen] == [("https", "relay.example", 443)]
    assert seen[0].role is tigress.Role.RECIPIENT


def settings__outside_what_they_take__refused_and_nothing_leaks():
    for settings in ({"rights": "X"}, {"rights": "R\0"}, {"secret_len": 17}, {"vertical": "?"},
                     {"expires_at_s": -1}, {"title": "x" * 257}, {"image_url": "x" * 2049}):
        with pytest.raises((tigress.ArgumentError, tigress.LimitError)):
            tigress.Initiator(RELAY, MESSAGE, **settings)
    for relay in ("http://relay.example", "https://relay.example/path", "relay.example"):
        with pytest.raises(tigress.UrlError):
            tigress.Initiator(relay, MESSAGE)
    with tigress.Initiator(RELAY, MESSAGE) as session:
        for poll_s in (0, 601):
            with pytest.raises(tigress.ArgumentError):
                session.set_poll_s(poll_s)
        session.set_poll_s(1)
        session.set_poll_s(600)
        session.set_notification_token("type", "data")
    gc.collect()


def random__a_source_of_ones_own__is_used_and_its_failure_reported():
    asked = []

    def count(length):
        asked.append(length)
        return bytes(range(len(asked), len(asked) + length))

    def fail(_length):
        raise OSError("no entropy")
    with tigress.Initiator(RELAY, MESSAGE) as session:
        session.set_random(count)
        gc.collect()
        session.confirm_intent()
        assert asked and session.step(1) is Want.HTTP
    for broken in (fail, lambda n: bytes(n - 1)):
        with tigress.Initiator(RELAY, MESSAGE) as session:
            session.set_random(broken)
            with pytest.raises(tigress.RandomError):
                session.confirm_intent()


def resume__damaged_cut_or_changed__refused():
    with tigress.Initiator(RELAY, MESSAGE) as session:
        session.confirm_intent()
        with session.save() as saved:
            good = bytes(saved)
        assert saved == bytes(len(good)), "a with block wipes"
        assert repr(saved) == f"<SecretBytes: {len(good)} bytes>"
    tigress.resume(good).close()
    for bad in (b"", good[:-1], good + b"x", bytes([good[0] ^ 1]) + good[1:],
                good[:40] + bytes([good[40] ^ 1]) + good[41:]):
        with pytest.raises(tigress.SavedStateError):
            tigress.resume(bad)


def library__not_there__import_error_that_names_the_variable():
    code, out = programs.python(
        "import os\nos.environ['TIGRESS_LIBRARY'] = '/nowhere/libtigress.so'\nimport tigress\n"
        "try:\n    tigress.version()\nexcept ImportError as e:\n    print(e)\n")
    assert code == 0
    assert "TIGRESS_LIBRARY" in out and "/nowhere/libtigress.so" in out


# spec-test: protocol/8#one-reading
def share_url__damaged__repaired_and_said():
    link = "https://relay.example/v1/m/2bba630e-519b-11ec-bf63-0242ac130002?v=c#hXlr6aRC7KgJpOLTNZaLsw=="
    with tigress.ShareUrl(f"Here it is: <{link.replace('#', '%23')}>.") as url:
        assert url.format() == link
        assert url.was_exposed
        assert "# was changed to %23" in url.repairs
        url.set_secret("hXlr6aRC7KgJpOLTNZaLsw==")
        assert not url.was_exposed
    with tigress.ShareUrl(link) as url:
        assert url.repairs == "" and not url.was_exposed
