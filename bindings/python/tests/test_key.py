# SPDX-License-Identifier: Apache-2.0
"""Keys of the platform, and saved state that is sealed with one."""
import base64

import pytest

import tigress
from programs import CREATION
from tigress import Input, KeyOutcome, KeyRefusal, KeyTask, KeyUse, SignatureForm, Want

ec = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ec")
from cryptography.exceptions import InvalidTag  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: E402
from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: E402

DATA = b"what\0is signed"


def point(key):
    return key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


@pytest.fixture
def platform():
    return ec.generate_private_key(ec.SECP256R1())


def restart(sides, side):
    with side.session.save() as saved:
        return sides.of(tigress.resume(saved))


def sign__through_a_restart__arrives_in_the_message(sides, platform):
    alice, bob = sides.pair(rights="RWD")
    bob.session.ask_key(KeyTask(KeyUse.SIGN, "card", point(platform), DATA))
    bob.run(Input.KEY)
    bob = restart(sides, bob)
    bob.run(Input.KEY)
    task = bob.session.key_task
    assert task == KeyTask(KeyUse.SIGN, "card", point(platform), DATA)
    bob.session.refuse_key(KeyRefusal.LOCKED)
    assert bob.run(tigress.LockedError).error_class is tigress.ErrorClass.RETRY
    bob.session.retry()
    with pytest.raises(tigress.ArgumentError) as refused:
        bob.session.set_key_answer(platform.sign(DATA + b"!", ec.ECDSA(hashes.SHA256())))
    assert "does not verify" in str(refused.value)
    signature = platform.sign(task.data, ec.ECDSA(hashes.SHA256()))
    bob.session.set_key_answer(signature)
    bob.run(Input.MESSAGE)
    assert bob.session.key_outcome is KeyOutcome.ANSWERED and bob.session.key_answer() == signature
    raw = bob.session.key_answer(SignatureForm.RAW)
    assert (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")) == decode_dss_signature(signature)
    bob.session.send({"format": "x", "content": {"signature": base64.b64encode(raw).decode()}})
    assert bob.session.key_task is None and bob.session.key_outcome is KeyOutcome.NONE
    bob.run(Input.SENT)
    alice.session.wait()
    alice.run(Input.MESSAGE)
    assert base64.b64decode(alice.session.message_json()["content"]["signature"]) == raw


def agree__with_the_other_side__the_shared_secret(sides, platform):
    _, bob = sides.pair(rights="RWD")
    other = ec.generate_private_key(ec.SECP256R1())
    bob.session.ask_key(KeyTask(KeyUse.AGREE, "card", point(other)))
    shared = platform.exchange(ec.ECDH(), other.public_key())
    bob.session.set_key_answer(shared)
    with bob.session.key_answer() as got:
        assert got == shared
    for why, outcome in ((KeyRefusal.BY_USER, KeyOutcome.REFUSED), (KeyRefusal.UNUSABLE, KeyOutcome.CANNOT_BE_USED)):
        bob.session.ask_key(KeyTask(KeyUse.AGREE, "card", point(other)))
        bob.session.refuse_key(why)
        bob.run(Input.MESSAGE)
        assert bob.session.key_outcome is outcome
        with pytest.raises(tigress.StateError):
            bob.session.key_answer()


@pytest.mark.parametrize("change, named", [
    ({"key": ""}, "key:"), ({"data": b""}, "data:"), ({"data": bytes(8193)}, "8192"),
    ({"public_key": bytes(65)}, "public_key:"), ({"public_key": b"\4"}, "public_key:")])
def task__wrong__named(sides, platform, change, named):
    _, bob = sides.pair(rights="RWD")
    values = {"use": KeyUse.SIGN, "key": "card", "public_key": point(platform), "data": DATA, **change}
    with pytest.raises((tigress.ArgumentError, tigress.LimitError)) as refused:
        bob.session.ask_key(KeyTask(**values))
    assert named in str(refused.value)
    assert bob.session.input is Input.MESSAGE


class Vault:
    """AES-GCM under a key that may be locked."""

    def __init__(self):
        self.aead, self.is_locked = AESGCM(bytes(32)), False

    def look(self):
        if self.is_locked:
            raise tigress.LockedError("later")

    def seal(self, ad, plain):
        self.look()
        return bytes(12) + self.aead.encrypt(bytes(12), bytes(plain), ad)

    def open(self, ad, sealed):
        self.look()
        return self.aead.decrypt(sealed[:12], sealed[12:], ad)


def state__sealed__opened_only_as_the_last_one_of_its_name():
    vault = Vault()
    with tigress.Initiator("https://relay.example", CREATION) as session:
        with session.save() as state:
            good = bytes(state)
    first, generation = tigress.seal_state(vault, "session 7", 0, good)
    second, generation = tigress.seal_state(vault, "session 7", generation, good)
    assert generation == 2 and good not in second
    state, found = tigress.open_state(vault, "session 7", generation, second)
    assert (bytes(state), found) == (good, 2)
    with tigress.resume(state) as session:
        assert session.step(1) is Want.INPUT
    for name, sealed in (("session 7", first), ("session 8", second)):
        with pytest.raises(tigress.StaleError) as refused:
            tigress.open_state(vault, name, generation, sealed)
        assert "put back" in str(refused.value) or "another name" in str(refused.value)
    with pytest.raises(tigress.SavedStateError) as refused:
        tigress.open_state(vault, "session 7", 2, second[:-1] + bytes([second[-1] ^ 1]))
    assert isinstance(refused.value.__cause__, InvalidTag)
    vault.is_locked = True
    with pytest.raises(tigress.LockedError):
        tigress.open_state(vault, "session 7", generation, second)
    with pytest.raises(tigress.LockedError):
        tigress.seal_state(vault, "session 7", generation, good)
    vault.is_locked = False
    assert tigress.open_state(vault, "session 7", generation, second)[1] == 2


def sealer__fails_or_is_interrupted__said():
    class Broken:
        def __init__(self, error):
            self.error = error

        def seal(self, ad, plain):
            if self.error is None:
                return bytes(len(plain) + 1025)
            raise self.error
        open = seal
    for error in (None, OSError("no keyring")):
        with pytest.raises(tigress.SealerError) as refused:
            tigress.seal_state(Broken(error), "x", 0, b"state")
        assert refused.value.__cause__ is error
    with pytest.raises(KeyboardInterrupt):
        tigress.seal_state(Broken(KeyboardInterrupt()), "x", 0, b"state")
    with pytest.raises(tigress.ArgumentError) as refused:
        tigress.seal_state(Vault(), "", 0, b"state")
    assert "name:" in str(refused.value)
