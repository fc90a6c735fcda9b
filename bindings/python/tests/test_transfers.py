# SPDX-License-Identifier: Apache-2.0
"""Whole transfers through the real relay: Python on both sides, and against the tool."""
import json
import pathlib
import subprocess
import sys
import threading
import time

import pytest

import programs
import tigress
from programs import CREATION, IMPORT, SIGNING
from tigress import Input, Want

SHARE_PY = pathlib.Path(__file__).resolve().parent.parent / "examples/share.py"


@pytest.mark.parametrize("settings", [{}, {"secret_len": 32}, {"require_proof": True},
                                      {"vertical": "c", "title": "Zoë's <key>"}], ids=str)
def stateless__finish_by_the_recipient__both_done(sides, settings):
    alice, bob = sides.pair(**settings)
    assert bob.session.message_json() == CREATION
    assert bob.session.message_format == CREATION["format"]
    assert bob.session.title == settings.get("title", "")
    assert bob.session.vertical == settings.get("vertical", "")
    assert bob.session.role is tigress.Role.RECIPIENT
    bob.session.finish()
    bob.run(Want.DONE)
    alice.session.wait()
    alice.run(Want.DONE)
    assert alice.session.error is None


def stateful__three_messages__delivered_in_turn(sides):
    alice, bob = sides.pair(rights="RWD", vertical=tigress.VERTICAL_CAR)
    bob.session.send(SIGNING)
    bob.run(Input.SENT)
    alice.session.wait()
    alice.run(Input.MESSAGE)
    assert alice.session.message_json() == SIGNING
    alice.session.send(IMPORT)
    alice.run(Input.SENT)
    bob.session.wait()
    bob.run(Input.MESSAGE)
    assert bob.session.message_json() == IMPORT
    assert bob.session.version == 3
    assert (alice.session.envelope_version, bob.session.envelope_version) == (2, 2)
    bob.session.finish()
    bob.run(Want.DONE)
    alice.session.wait()
    alice.run(Want.DONE)


def stateful__one_side_without_envelope_v2__continues_in_v1(sides):
    alice, bob = sides.pair(rights="RWD", envelope_v2=False)
    bob.session.send(SIGNING)
    bob.run(Input.SENT)
    alice.session.wait()
    alice.run(Input.MESSAGE)
    assert alice.session.message_json() == SIGNING
    assert (alice.session.envelope_version, bob.session.envelope_version) == (1, 1)


@pytest.mark.parametrize("knows_v2", [True, False])
def envelope_version__by_what_the_recipient_knows__two_or_one(sides, knows_v2):
    alice = sides.alice(rights="RWD")
    bob = sides.bob(alice.session.share_url())
    if not knows_v2:
        bob.session.disable_envelope_v2()
    bob.run(Input.MESSAGE)
    bob.session.send(SIGNING)
    bob.run(Input.SENT)
    alice.session.wait()
    alice.run(Input.MESSAGE)
    assert alice.session.message_json() == SIGNING
    assert alice.session.envelope_version == bob.session.envelope_version == (2 if knows_v2 else 1)


def v2__required__content_begins_with_the_third_message(sides):
    alice = sides.alice(rights="RWD", require_v2=True)
    bob = sides.bob(alice.session.share_url(), require_v2=True)
    took = []
    waiter = threading.Thread(target=lambda: took.append(bob.run(Input.MESSAGE)))
    waiter.start()
    alice.session.wait()
    alice.run(Input.SENT)
    waiter.join(programs.TIMEOUT_S)
    assert took and bob.session.message_json() == CREATION
    assert alice.session.v2 == bob.session.v2 == tigress.V2.AGREED
    assert alice.session.take_v2_event() == tigress.V2.AGREED
    assert alice.session.take_v2_event() == tigress.V2.OPEN


def sas__after_the_third_message__the_same_digits(sides):
    alice, bob = sides.pair(rights="RWD")
    assert alice.session.sas_state == bob.session.sas_state == tigress.Sas.LATER
    with pytest.raises(tigress.StateError):
        _ = bob.session.sas
    bob.session.send(SIGNING)
    bob.run(Input.SENT)
    alice.session.wait()
    alice.run(Input.MESSAGE)
    alice.session.send(IMPORT)
    alice.run(Input.SENT)
    bob.session.wait()
    bob.run(Input.MESSAGE)
    assert alice.session.sas == bob.session.sas and len(bob.session.sas) == 6
    bob.session.compare_sas(True)
    assert bob.session.sas_state == tigress.Sas.CONFIRMED
    alice.session.compare_sas(False)
    alice.run(Want.DONE)
    assert alice.session.end == tigress.End.WITHDRAWN_OPENED


needs_pake = pytest.mark.skipif("not tigress.pake_is_built()", reason="this build has no PIN by PAKE")


# spec-test: protocol/7#pake-tries
@needs_pake
def pake__wrong_then_right__message_after_the_proof(sides):
    pin = tigress.generate_pin()
    alice = sides.alice(rights="RWD", pake_pin=pin)
    bob = sides.bob(alice.session.share_url(), pake_use=tigress.PakeUse.REQUIRED)
    alice.session.wait()
    sender = threading.Thread(target=alice.run, args=(Input.SENT,))
    sender.start()
    bob.run(Input.PIN)
    assert bob.session.pake is tigress.Pake.OPEN and bob.session.pake_tries_left == tigress.PAKE_TRIES_MAX
    with pytest.raises(tigress.ArgumentError, match="6 to 12 digits"):
        bob.session.enter_pin("12")
    bob.session.enter_pin(f"{(int(pin) + 1) % 1000000:06d}")
    bob.run(Input.PIN)
    assert bob.session.pake_tries_left == tigress.PAKE_TRIES_MAX - 1 and len(bob.session.message) == 0
    bob.session.enter_pin(pin)
    bob.run(Input.MESSAGE)
    sender.join(programs.TIMEOUT_S)
    assert bob.session.message_json() == CREATION
    assert alice.session.pake is bob.session.pake is tigress.Pake.PROVED


# spec-test: protocol/7#pake-required
@needs_pake
def pake__one_side_without_it__refused(sides):
    alice = sides.alice(rights="RWD", pake_pin="123456")
    bob = sides.bob(alice.session.share_url())
    bob.run(tigress.NoPakeError)
    other = sides.bob(sides.alice(rights="RWD").session.share_url(), pake_use=tigress.PakeUse.REQUIRED)
    other.run(tigress.NoPakeError)
    assert len(other.session.message) == 0


def v2__required_of_a_sender_without_it__refused(sides):
    alice = sides.alice(rights="RWD", envelope_v2=False)
    bob = sides.bob(alice.session.share_url(), require_v2=True)
    bob.run(tigress.NoV2Error)
    assert len(bob.session.message) == 0
    bob.session.cancel()
    bob.run(Want.DONE)


def wait__other_thread_answers__wakes_at_once(sides):
    alice, bob = sides.pair(rights="RWD")
    alice.session.wait()
    took = []

    def wait():
        alice.run(Input.MESSAGE)
        took.append(time.monotonic())
    waiter = threading.Thread(target=wait)
    waiter.start()
    time.sleep(0.5)
    assert not took
    began = time.monotonic()
    bob.session.send(SIGNING)
    bob.run(Input.SENT)
    waiter.join(programs.TIMEOUT_S)
    assert took and took[0] - began < 5
    assert alice.session.message_json() == SIGNING


def check__nothing_new__unchanged(sides):
    alice, _ = sides.pair(rights="RWD")
    alice.session.check()
    alice.run(Input.UNCHANGED)


def preview__wanted__shown_before_anything_is_claimed(sides):
    alice = sides.alice(title="T", description="D", image_url="https://i.example/i.png")
    bob = sides.bob(alice.session.share_url(), want_preview=True)
    bob.run(Input.PREVIEW)
    assert (bob.session.title, bob.session.description) == ("T", "D")
    assert bob.session.expires_at_s > time.time()
    assert len(bob.session.message) == 0
    with pytest.raises(tigress.StateError):
        bob.session.message_json()
    sides.bob(alice.session.share_url()).run(Input.MESSAGE)  # another one may still have it
    bob.session.accept()
    bob.run(tigress.DeniedError)


def secret__travels_apart__asked_for(sides):
    alice = sides.alice()
    bob = sides.bob(alice.session.share_url(tigress.Form.HTTPS_BARE))
    bob.run(Input.SECRET)
    bob.session.set_secret(alice.session.share_url(tigress.Form.SECRET))
    bob.run(Input.MESSAGE)
    assert bob.session.message_json() == CREATION


def secret__wrong__refused_and_the_right_one_continues(sides):
    alice = sides.alice()
    wrong = alice.session.share_url(tigress.Form.HTTPS_BARE) + "#AAAAAAAAAAAAAAAAAAAAAA=="
    bob = sides.bob(wrong)
    error = bob.run(tigress.DecryptError)
    assert error.code == tigress.ErrorCode.DECRYPT and isinstance(error, tigress.TemporaryError)
    assert len(bob.session.message) == 0
    bob.session.set_secret(alice.session.share_url(tigress.Form.SECRET))
    bob.session.retry()
    bob.run(Input.MESSAGE)


def third_device__after_the_claim__denied(sides):
    alice, bob = sides.pair()
    error = sides.bob(alice.session.share_url()).run(tigress.DeniedError)
    assert "#" not in str(error)
    bob.session.finish()
    bob.run(Want.DONE)


def cancel__by_the_recipient__initiator_gets_declined(sides):
    alice, bob = sides.pair(rights="RWD")
    bob.session.cancel()
    bob.run(Want.DONE)
    assert (bob.session.end, bob.session.end_proof) == (tigress.End.DECLINED, tigress.Proof.OWN)
    alice.session.wait()
    alice.run(tigress.DeclinedError)
    assert alice.session.end is tigress.End.DECLINED
    assert "declined" in alice.session.end_text


def finish__one_message__initiator_is_told_by_whose_word(sides):
    alice, bob = sides.pair()
    bob.session.finish()
    bob.run(Want.DONE)
    alice.session.wait()
    alice.run(Want.DONE)
    assert (alice.session.end, alice.session.end_proof) == (tigress.End.COMPLETED, tigress.Proof.LINK)


def opened__wanted__the_wait_ends_when_a_device_opens(sides):
    alice = sides.alice()
    assert alice.session.opened is tigress.Opened.NO
    alice.session.want_opened()
    alice.session.wait()
    sides.bob(alice.session.share_url()).run(Input.MESSAGE)
    alice.run(Input.OPENED)
    assert alice.session.opened is tigress.Opened.YES
    late = sides.bob(alice.session.share_url(), want_preview=True)
    late.run(Input.PREVIEW)
    assert late.session.opened is tigress.Opened.YES


def cancel__by_the_initiator__recipient_gets_withdrawn(sides):
    alice, bob = sides.pair(rights="RWD")
    alice.session.cancel()
    alice.run(Want.DONE)
    assert (alice.session.end, alice.session.opened) == (tigress.End.WITHDRAWN_OPENED, tigress.Opened.YES)
    bob.session.wait()
    error = bob.run(tigress.WithdrawnError)
    assert (bob.session.end, bob.session.end_proof) == (tigress.End.CANCELLED, tigress.Proof.LINK)
    assert isinstance(error, tigress.EndedError)
    with pytest.raises(tigress.WithdrawnError):
        bob.session.raise_if_failed()
    with pytest.raises(tigress.StateError):
        bob.session.retry()


def relinquish__second_device__takes_over(sides):
    alice, bob = sides.pair()
    bob.session.relinquish()
    bob.run(Want.DONE)
    sides.bob(alice.session.share_url()).run(Input.MESSAGE)


def expired__recipient__gets_expired(sides):
    alice, bob = sides.pair(expires_at_s=int(time.time()) + 2)
    time.sleep(3)
    bob.session.wait()
    bob.run(tigress.ExpiredError)


def save__in_a_callback_before_the_request__resumed_repeats_the_same_request(sides):
    alice, bob = sides.pair(rights="RWD")
    bob.session.send(SIGNING)
    saved = []

    def stop(session):
        saved.append(session.save())
        return False
    with tigress.Transport(bob.session, ca_file=sides.relay.ca_file, save=stop) as stopping:
        assert stopping.run() is Want.HTTP
    alice.session.check()
    alice.run(Input.UNCHANGED)  # nothing was sent
    assert bob.session.step() is Want.HTTP
    request = bob.session.request()
    bob.session.close()
    assert len(saved) == 1
    again = sides.of(tigress.resume(saved[0]))
    assert isinstance(again.session, tigress.Recipient)
    assert again.session.step() is Want.HTTP
    assert again.session.request() == request
    again.run(Input.SENT)
    alice.session.wait()
    alice.run(Input.MESSAGE)
    assert alice.session.message_json() == SIGNING


def save__initiator_in_another_process__continues(sides, tmp_path):
    alice, bob = sides.pair(rights="RWD")
    alice.session.wait()
    with alice.session.save() as saved:
        (tmp_path / "state").write_bytes(saved)
    alice.session.close()
    bob.session.send(SIGNING)
    bob.run(Input.SENT)
    program = ("import sys, tigress\n"
               "s = tigress.resume(open(sys.argv[1], 'rb').read())\n"
               "t = tigress.Transport(s, ca_file=sys.argv[2])\n"
               "assert t.run() is tigress.Want.INPUT, s.error\n"
               "print(s.message.decode())\n")
    code, out = programs.python(program, tmp_path / "state", sides.relay.ca_file)
    assert (code, json.loads(out)) == (0, SIGNING)


# ---- against the tool -----------------------------------------------------------------------


def tool_accepts__three_messages__understood(sides, tool):
    alice = sides.alice(rights="RWD", vertical="c")
    taken = tool("accept", "-", given=alice.session.share_url())
    assert taken["message"] == CREATION
    tool("answer", taken["id"], "-", given=json.dumps(SIGNING))
    alice.session.wait()
    alice.run(Input.MESSAGE)
    assert alice.session.message_json() == SIGNING
    alice.session.send(IMPORT)
    alice.run(Input.SENT)
    assert tool("receive", taken["id"], "--finish")["message"] == IMPORT
    alice.session.wait()
    alice.run(Want.DONE)


@pytest.mark.parametrize("words", [(), ("--key-size", "256"), ("--require-proof",),
                                   ("--scheme", "tigress")], ids=str)
def tool_shares__three_messages__understood(sides, tool, words):
    shared = tool("share", "--yes", "--rights", "RWD", *words, "-", given=json.dumps(CREATION))
    bob = sides.bob(shared["url"])
    bob.run(Input.MESSAGE)
    assert bob.session.message_json() == CREATION
    assert bob.session.mailbox_id == shared["id"]
    bob.session.send(SIGNING)
    bob.run(Input.SENT)
    assert tool("receive", shared["id"])["message"] == SIGNING
    tool("answer", shared["id"], "-", given=json.dumps(IMPORT))
    bob.session.wait()
    bob.run(Input.MESSAGE)
    assert bob.session.message_json() == IMPORT
    bob.session.finish()
    bob.run(Want.DONE)
    assert tool("receive", shared["id"], code=5)["error"]["code"] == "completed"


def tool_is_third__denied(sides, tool):
    alice, _ = sides.pair()
    assert tool("accept", "-", given=alice.session.share_url(), code=1)["error"]["code"] == "denied"


# ---- the example ----------------------------------------------------------------------------


@pytest.mark.parametrize("has_answer", [False, True])
def example__share_and_accept__credential_and_answer_arrive(relay, tmp_path, has_answer):
    (tmp_path / "key.json").write_text(json.dumps(CREATION))
    (tmp_path / "answer.json").write_text(json.dumps(SIGNING))
    command = [sys.executable, str(SHARE_PY), "--cacert", relay.ca_file, "--state",
               str(tmp_path / "state")]
    alice = programs.start([*command, "share", relay.origin, "--file", str(tmp_path / "key.json"),
                            *(["--answer"] if has_answer else [])])
    url = alice.stdout.readline().strip()
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o600
    command[-1] += ".bob"
    bob = programs.start([*command, "accept", "-",
                          *(["--answer-file", str(tmp_path / "answer.json")] if has_answer else [])],
                         stdin=subprocess.PIPE)
    out, err = bob.communicate(url + "\n", timeout=programs.TIMEOUT_S)
    assert (bob.returncode, json.loads(out)) == (0, CREATION), err
    out, err = alice.communicate(timeout=programs.TIMEOUT_S)
    assert alice.returncode == 0, err
    assert json.loads(out or "null") == (SIGNING if has_answer else None)
    assert not list(tmp_path.glob("state*"))
