# SPDX-License-Identifier: Apache-2.0
"""How a transfer ends: who learns what, the note of the device that ended it, whether a device had opened it, and that
an acknowledged note is never lost and never changes."""
import base64
import contextlib
import os
import threading

import pytest

from checks import assert_ended, assert_problem, assert_unknown
from conftest import make_relay, open_api
from relay_process import metrics, until_long_polls
from tigress_client import END_NOTE, KNOWN_RECIPIENT, create_message, new_id, wait_headers

ROUNDS = 20
SIDES = ("initiator", "recipient")


def note_of(size=77):
    return base64.urlsafe_b64encode(os.urandom(size)).decode().rstrip("=")


def end_with(api, box, claim, note, request_id="new"):
    return api.delete(box, claim, request_id, [(END_NOTE, note)])


def other_of(box, side):
    return box.recipient if side == "initiator" else box.initiator


def the_end(api, box, side):
    """(recipient, endNote) of the 404 that this device gets."""
    answer = api.read(box, getattr(box, side))
    problem = assert_problem(answer, 404)
    return problem.get("recipient"), problem.get("endNote")


# spec-test: protocol/3#end-note protocol/3#end-note-for-the-other-device protocol/4#delete-says-whether-opened
@pytest.mark.parametrize("by", SIDES)
@pytest.mark.parametrize("size", [1, 77, 256])
def note__of_one_device__the_other_gets_it_unchanged(api, by, size):
    box, note = api.bound_box(), note_of(size)
    answer = end_with(api, box, getattr(box, by), note)
    assert (answer.status, answer.body, answer.header("mailbox-recipient")) == (200, b"", "bound")
    for name in ("read", "update", "relinquish", "delete"):
        answer = getattr(api, name)(box, other_of(box, by))
        assert_ended(answer, f"ended-by-{by}")
        assert (answer.json()["recipient"], answer.json()["endNote"]) == ("bound", note)
        answer = getattr(api, name)(box, getattr(box, by))
        assert_ended(answer, f"ended-by-{by}")
        assert "endNote" not in answer.json()


# spec-test: protocol/3#end-note-repeated
def note__repeated__201_for_the_same_bytes_only(api):
    box, note = api.bound_box(), note_of()
    assert end_with(api, box, box.recipient, note).status == 200
    for _ in range(2):
        answer = end_with(api, box, box.recipient, note)
        assert (answer.status, answer.header("mailbox-recipient")) == (201, "bound")
    for other in (note_of(), note[:-4]):
        assert_ended(end_with(api, box, box.recipient, other), "ended-by-recipient")
    assert_ended(api.delete(box, box.recipient), "ended-by-recipient")
    assert the_end(api, box, "initiator") == ("bound", note)


# spec-test: protocol/3#end-note-form
@pytest.mark.parametrize("note", ["", "A", "AAE=", "AA+/", "AAF", "A" * 343, "A" * 344, "AA AA"])
def note__malformed__400_and_nothing_ended(api, note):
    box = api.bound_box()
    assert_problem(end_with(api, box, box.recipient, note), 400, "Mailbox-End-Note")
    assert api.read(box, box.initiator).status == 200


# spec-test: protocol/2#header-without-meaning
def note__on_another_call__400(api):
    box, extra = api.bound_box(), [(END_NOTE, note_of())]
    for answer in (api.read(box, box.recipient, extra=extra), api.update(box, box.recipient, extra=extra),
                   api.relinquish(box, box.recipient, extra=extra), api.create(create_message(), extra=extra)):
        assert_problem(answer, 400, "Mailbox-End-Note")
    assert api.preview(box, extra=extra).status == 200


# spec-test: protocol/3#ended-told-to-bound-devices
def stranger__of_an_end_with_a_note__every_byte_as_of_an_unknown_identifier(api):
    box = api.bound_box()
    gave_back = box.recipient
    assert api.relinquish(box, gave_back).status == 200
    box.recipient = new_id()
    assert api.read(box, box.recipient).status == 200
    assert end_with(api, box, box.recipient, note_of()).status == 200
    for claim in (new_id(), gave_back, None, "x"):
        for name in ("read", "update", "relinquish", "delete"):
            extra = [(END_NOTE, note_of())] if name == "delete" else []
            gone = getattr(api, name)(box, claim, request_id="same", extra=extra)
            never = getattr(api, name)(new_id(), claim, request_id="same", extra=extra)
            assert_unknown(gone)
            assert gone.body == never.body
            assert [h for h in gone.headers if h[0] != "date"] == [h for h in never.headers if h[0] != "date"]
    preview = api.preview(box)
    assert_ended(preview, "ended-by-recipient")
    assert not {"recipient", "endNote"} & set(preview.json())


# spec-test: protocol/3#end-says-whether-opened
@pytest.mark.parametrize("was_opened", ["no", "yes", "given back"])
def withdrawn__states_whether_it_had_been_opened(api, was_opened):
    box = api.new_box()
    if was_opened != "no":
        assert api.read(box, box.recipient).status == 200
    if was_opened == "given back":
        assert api.relinquish(box, box.recipient).status == 200
    want, note = "none" if was_opened == "no" else "bound", note_of()
    assert end_with(api, box, box.initiator, note).header("mailbox-recipient") == want
    assert end_with(api, box, box.initiator, note).header("mailbox-recipient") == want
    assert the_end(api, box, "initiator") == (want, None)
    if was_opened == "yes":
        assert the_end(api, box, "recipient") == ("bound", note)
    else:
        assert_unknown(api.read(box, box.recipient))


def wallet_without_notes__ends_as_before(api):
    box = api.bound_box()
    assert api.delete(box, box.recipient).status == 200
    assert the_end(api, box, "initiator") == ("bound", None)
    assert_ended(end_with(api, box, box.recipient, note_of()), "ended-by-recipient")  # none is added later
    assert the_end(api, box, "initiator") == ("bound", None)


# ---- a finish and a cancel at the same moment -----------------------------------------------------

# spec-test: protocol/3#end-note
def race__finish_and_cancel__one_is_done_and_both_devices_know_which(tmp_path):
    with make_relay(tmp_path / "r", args=["--workers", "2"]) as relay, contextlib.ExitStack() as stack:
        apis = {side: stack.enter_context(contextlib.closing(open_api(relay))) for side in SIDES}
        for _ in range(ROUNDS):
            box = apis["initiator"].bound_box()
            notes, answers = {side: note_of() for side in SIDES}, {}
            start = threading.Barrier(len(SIDES))

            def end(side):
                start.wait(60)
                answers[side] = end_with(apis[side], box, getattr(box, side), notes[side])

            threads = [threading.Thread(target=end, args=(side,)) for side in SIDES]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            won = [side for side in SIDES if answers[side].status == 200]
            assert len(won) == 1, answers
            lost = SIDES[1 - SIDES.index(won[0])]
            assert answers[won[0]].header("mailbox-recipient") == "bound"
            assert_ended(answers[lost], f"ended-by-{won[0]}")
            assert answers[lost].json()["endNote"] == notes[won[0]]
            assert end_with(apis[won[0]], box, getattr(box, won[0]), notes[won[0]]).status == 201


# ---- kill -9 --------------------------------------------------------------------------------------

def killed__after_the_answer__note_is_there_and_stays(tmp_path):
    relay = make_relay(tmp_path / "r").start()
    with contextlib.closing(open_api(relay)) as api:
        ended = [(api.bound_box(), note_of()) for _ in range(5)]
        for box, note in ended:
            assert end_with(api, box, box.recipient, note).status == 200
    relay.kill()
    with relay, contextlib.closing(open_api(relay)) as api:
        for box, note in ended:
            assert the_end(api, box, "initiator") == ("bound", note)
            assert_ended(end_with(api, box, box.recipient, note_of()), "ended-by-recipient")
            assert end_with(api, box, box.recipient, note).status == 201
            assert the_end(api, box, "initiator") == ("bound", note)


def killed__during_the_deletes__each_note_is_whole_or_absent_and_a_repetition_ends_it(tmp_path):
    """What was acknowledged is there. What was in flight was done as a whole or not at all; the same delete again ends
    it with the same note in either case."""
    relay = make_relay(tmp_path / "r").start()
    acknowledged, enough = [], threading.Event()
    with contextlib.closing(open_api(relay)) as api:
        boxes = [(api.bound_box(), note_of(256), new_id()) for _ in range(40)]

    def end_all():
        # The transports report a relay that was killed in several ways.
        with contextlib.suppress(Exception), contextlib.closing(open_api(relay)) as api:
            for box, note, request_id in boxes:
                if end_with(api, box, box.recipient, note, request_id).status == 200:
                    acknowledged.append(box.id)
                if len(acknowledged) == 5:
                    enough.set()
    thread = threading.Thread(target=end_all)
    thread.start()
    assert enough.wait(60)
    relay.kill()
    thread.join()
    with relay, contextlib.closing(open_api(relay)) as api:
        for box, note, request_id in boxes:
            first = api.read(box, box.initiator)
            if box.id in acknowledged:
                assert first.status == 404
            if first.status == 404:
                assert first.json()["endNote"] == note
            again = end_with(api, box, box.recipient, note, request_id)
            assert again.status == (201 if first.status == 404 else 200)
            assert the_end(api, box, "initiator") == ("bound", note)


# ---- opened ---------------------------------------------------------------------------------------

# spec-test: protocol/2#recipient-told-to-initiator protocol/4#preview-says-claimed
def opened__stated_to_the_initiator_and_by_the_preview(api):
    box = api.new_box()
    for claim, want in ((None, "none"), (box.recipient, "bound")):
        if claim:
            answer = api.read(box, claim)
            assert (answer.status, answer.header("mailbox-recipient")) == (200, None)
        assert api.read(box, box.initiator).header("mailbox-recipient") == want
        assert api.preview(box).json()["recipient"] == want
        page = api.preview(box, "text/html").body
        assert (b"has opened this invitation" in page) == (want == "bound")


# spec-test: protocol/2#known-recipient protocol/4#bind-notifies
@pytest.mark.parametrize("transport", ["h1", "h2"])
def opened__long_poll_of_the_initiator__wakes_at_the_bind(relay, api1, transport):
    box, answers = api1.new_box(), []
    extra = wait_headers(1, 50) + [(KNOWN_RECIPIENT, "none")]

    def poll():
        with contextlib.closing(open_api(relay, transport, 60)) as api:
            answers.append(api.read(box, box.initiator, extra=extra))

    before = metrics(relay)["tigress_long_polls"]
    thread = threading.Thread(target=poll)
    thread.start()
    until_long_polls(relay, before + 1)
    assert api1.read(box, box.recipient).status == 200
    thread.join(60)
    assert not thread.is_alive()
    assert (answers[0].status, answers[0].header("mailbox-recipient")) == (204, "bound")
    assert answers[0].header("mailbox-version") == "1"
    # Known to be bound: it waits until the version is newer, or the recipient gives it back.
    assert api1.read(box, box.initiator, extra=wait_headers(1, 0) + [(KNOWN_RECIPIENT, "bound")]).status == 204
    assert api1.relinquish(box, box.recipient).status == 200
    answer = api1.read(box, box.initiator, extra=wait_headers(1, 50) + [(KNOWN_RECIPIENT, "bound")])
    assert (answer.status, answer.header("mailbox-recipient")) == (204, "none")
