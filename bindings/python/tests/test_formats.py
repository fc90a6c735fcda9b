# SPDX-License-Identifier: Apache-2.0
"""Messages by their format, the requests of a key, Web Push."""
import json

import pytest

import tigress
from tigress import Handler, RequestKind

CCC = tigress.FORMAT_CARKEY_CCC
ENDPOINT = "https://push.example/one?x=1"


def message__built_and_changed__every_other_byte_stays():
    message = tigress.build_message(CCC, {"n": [1, "ü"]})
    assert json.loads(bytes(message)) == {"format": CCC, "content": {"n": [1, "ü"]}}
    odd = '{ "format":"x" , "more": 1.0e2,"content":{ } }'
    changed = tigress.set_member(odd, "more", {"k": None})
    assert bytes(changed) == b'{ "format":"x" , "more": {"k":null},"content":{ } }'
    assert tigress.get_member(changed, "more") == {"k": None} and tigress.get_member(odd, "none") is None
    assert tigress.format_of(odd) == "x"
    for call in (lambda: tigress.set_member("{}", "a", 1), lambda: tigress.set_member(odd, "tigressV2", 1),
                 lambda: tigress.build_message("", {}), lambda: tigress.build_message("x", []),
                 lambda: tigress.get_member("[]", "a"), lambda: tigress.format_of("{}")):
        with pytest.raises(tigress.MessageError) as refused:
            call()
        assert str(refused.value)


def request__each_kind__built_and_read():
    for kind in (RequestKind.KEY_CREATION, RequestKind.KEY_SIGNING, RequestKind.KEY_IMPORT):
        pin = "402817" if kind is RequestKind.KEY_SIGNING else None
        message = tigress.build_request(CCC, kind, {"key": "AA=="}, pin)
        assert tigress.request_of(message) == (kind, {"key": "AA=="})
        assert tigress.request_pin(message) == (pin or "")
        assert tigress.get_member(message, "content")[kind.text] == {"key": "AA=="}
    assert tigress.request_of({"format": "x", "content": {}}) == (RequestKind.NONE, None)
    assert RequestKind.NONE.text == ""
    with pytest.raises(tigress.MessageError) as refused:
        tigress.build_request(CCC, RequestKind.KEY_IMPORT, 1, "402817")
    assert "content.pin" in str(refused.value)
    with pytest.raises(tigress.MessageError) as refused:
        tigress.request_of({"format": "x", "content": {"keyImportRequest": 1, "keySigningRequest": 1}})
    assert "keySigningRequest" in str(refused.value)


def handler__each_vertical__the_part_of_the_wallet():
    assert [tigress.handler_of(v) for v in (None, "a", "h", "c", "z", "C")] == [
        Handler.GENERAL, Handler.GENERAL, Handler.HOME, Handler.CAR, Handler.OTHER, Handler.OTHER]


def webpush__subscription__describes_the_keys_and_survives_a_save():
    with tigress.WebPush() as keys:
        token = json.loads(keys.subscription(ENDPOINT))
        assert token["endpoint"] == ENDPOINT and set(token["keys"]) == {"p256dh", "auth"}
        with tigress.WebPush.resume(keys.save()) as again:
            assert json.loads(again.subscription(ENDPOINT)) == token
        for endpoint in ("http://push.example/", "https://push.example/#x", "https://push.example/" + 2048 * "x"):
            with pytest.raises((tigress.UrlError, tigress.LimitError)) as refused:
                keys.subscription(endpoint)
            assert "endpoint: expected" in str(refused.value)
        with pytest.raises(tigress.DecryptError):
            keys.open(bytes(200))
        with pytest.raises(tigress.LimitError) as refused:
            keys.open(bytes(4097))
        assert "got 4097" in str(refused.value)
    with pytest.raises(tigress.StateError):
        keys.save()
    with pytest.raises(tigress.SavedStateError):
        tigress.WebPush.resume(b"no keys")


def webpush__push_of_an_independent_sender__decrypted():
    http_ece = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec")
    import base64
    import os
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    def derive(salt, secret, info, length):
        return HKDF(hashes.SHA256(), length, salt, info).derive(secret)

    def bytes_of(text):
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    with tigress.WebPush() as keys:
        given = json.loads(keys.subscription(ENDPOINT))["keys"]
        receiver, auth = bytes_of(given["p256dh"]), bytes_of(given["auth"])
        own, salt = http_ece.generate_private_key(http_ece.SECP256R1()), os.urandom(16)
        sender = own.public_key().public_bytes(serialization.Encoding.X962,
                                               serialization.PublicFormat.UncompressedPoint)
        shared = own.exchange(http_ece.ECDH(),
                              http_ece.EllipticCurvePublicKey.from_encoded_point(http_ece.SECP256R1(), receiver))
        secret = derive(auth, shared, b"WebPush: info\0" + receiver + sender, 32)
        key = derive(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derive(salt, secret, b"Content-Encoding: nonce\0", 12)
        body = salt + (4096).to_bytes(4, "big") + bytes([65]) + sender + AESGCM(key).encrypt(nonce, b"new\2", None)
        assert bytes(keys.open(body)) == b"new"
        with pytest.raises(tigress.DecryptError):
            keys.open(body[:-1] + bytes([body[-1] ^ 1]))
