# SPDX-License-Identifier: Apache-2.0
"""Sections 2.6 and 3.11: whether a recipient is bound, and the end note."""
import base64

from ..expect import status, that, unchanged
from ..registry import check
from ..relay import new_id
from .s2_long_poll import KNOWN_RECIPIENT, SOON_S, WAIT_S, needs_waiting, polled, timed, woken

NOTE = "Mailbox-End-Note"


def note(text, size=77):
    """A note of this many bytes that begins with the text. To the relay it is opaque."""
    return base64.urlsafe_b64encode(text.encode().ljust(size, b".")).rstrip(b"=").decode()


def recipient(answer, wanted, what):
    """Mailbox-Recipient of an answer."""
    got = answer.header("mailbox-recipient")
    that(got == wanted, f"Mailbox-Recipient: {wanted} on {what}", f"{answer.status} with {got}")


def member(answer, name):
    return (answer.json() or {}).get(name)


def has_note(answer, wanted, what):
    """A 404 with this end note, or without one."""
    status(answer, 404, what)
    got = member(answer, "endNote")
    that(got == wanted, f"endNote {wanted} for {what}", f"{got}")


def noted_delete(relay, box, claim, text):
    """A delete with a note, that must be accepted. Returns the note."""
    made = note(text)
    status(relay.delete(box, claim, headers=[(NOTE, made)]), 200, "a delete with an end note")
    return made


@check("2.6", "opened: the initiator's read has Mailbox-Recipient, none and then bound")
def opened_read(relay):
    box = relay.new_box()
    recipient(relay.read(box, box.initiator), "none", "the initiator's read before anybody has read")
    status(relay.read(box, box.recipient), 200, "a first read")
    recipient(relay.read(box, box.initiator), "bound", "the initiator's read after it")


@check("2.6", "opened: after a relinquish the read has none")
def opened_relinquish(relay):
    box = relay.bound_box()
    status(relay.relinquish(box, box.recipient), 200, "a relinquish")
    recipient(relay.read(box, box.initiator), "none", "the initiator's read after a relinquish")


@check("2.6", "opened: the recipient's read does not have it")
def opened_recipient(relay):
    box = relay.bound_box()
    recipient(relay.read(box, box.recipient), None, "the recipient's read")


@check("2.6", "opened: a delete says whether a recipient was ever bound")
def opened_delete(relay):
    box = relay.new_box()
    recipient(relay.delete(box, box.initiator), "none", "a delete before anybody has read")
    box = relay.bound_box()
    status(relay.relinquish(box, box.recipient), 200, "a relinquish")
    recipient(relay.delete(box, box.initiator), "bound", "a delete after a recipient has relinquished")


@check("2.6", "opened: the 404 of an ended mailbox says it to its devices (recipient)")
def opened_ended(relay):
    for box, wanted in ((relay.new_box(), "none"), (relay.bound_box(), "bound")):
        status(relay.delete(box, box.initiator), 200, "a delete")
        answer = status(relay.read(box, box.initiator), 404, "a read after it")
        that(member(answer, "recipient") == wanted, f"recipient {wanted} in the problem document", answer)


@check("2.4", "long poll: with Mailbox-Known-Recipient: none a bind wakes the initiator, with the news")
def poll_bind(relay):
    needs_waiting(relay)
    box = relay.new_box()
    answer, took_s = woken(relay, box, box.initiator, lambda: relay.read(box, box.recipient),
                           lambda relay, box, waiter: polled(relay, box, waiter, known="none"))
    status(answer, (200, 204), "a long poll during the bind of a recipient")
    that(took_s < SOON_S, f"the end of a long poll of {WAIT_S} s within {SOON_S} s of the bind", f"{took_s:.1f} s")
    recipient(answer, "bound", "the answer to it")


@check("2.4", "long poll: a Mailbox-Known-Recipient that is not true any more is answered at once")
def poll_bound_before(relay):
    box = relay.bound_box()
    answer, took_s = timed(lambda: relay.wait(box, box.initiator, 1, WAIT_S, [(KNOWN_RECIPIENT, "none")]))
    status(answer, 204, "a long poll that knows no recipient of a bound mailbox")
    that(took_s < SOON_S, "an answer at once", f"one after {took_s:.1f} s")
    recipient(answer, "bound", "the answer to it")


@check("2.4", "long poll: a Mailbox-Known-Recipient that is neither none nor bound is a 400")
def poll_known_malformed(relay):
    box = relay.bound_box()
    for value in ("x", "None", "none,bound"):
        status(relay.wait(box, box.initiator, 1, 0, [(KNOWN_RECIPIENT, value)]), 400, f"{KNOWN_RECIPIENT}: {value}")


@check("2.5", "Mailbox-Known-Recipient and Mailbox-Recipient on a delete are a 400, and nothing is deleted")
def recipient_on_delete(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "a refused delete"):
        for name in (KNOWN_RECIPIENT, "Mailbox-Recipient"):
            status(relay.delete(box, box.initiator, headers=[(name, "none")]), 400, f"a delete with {name}")


@check("2.5", "Mailbox-End-Note on another call than the delete is a 400")
def note_elsewhere(relay):
    box, header = relay.bound_box(), [(NOTE, note("x"))]
    with unchanged(relay, box, "refused calls"):
        status(relay.create(headers=header), 400, "a create with an end note")
        status(relay.read(box, box.recipient, headers=header), 400, "a read with an end note")
        status(relay.update(box, box.recipient, headers=header), 400, "an update with an end note")
        status(relay.relinquish(box, box.recipient, headers=header), 400, "a relinquish with an end note")


@check("3.11", "end note: the other device gets it with the 404, whichever device has left it")
def note_given(relay):
    for by, other in (("initiator", "recipient"), ("recipient", "initiator")):
        box = relay.bound_box()
        made = noted_delete(relay, box, getattr(box, by), by)
        has_note(relay.read(box, getattr(box, other)), made, f"a read by the {other} after the {by}'s delete")


@check("3.11", "end note: the device that left it does not get it back")
def note_not_back(relay):
    box = relay.bound_box()
    noted_delete(relay, box, box.recipient, "mine")
    has_note(relay.read(box, box.recipient), None, "a read by the device that left the note")


@check("3.11", "end note: the page and its problem document do not have it")
def note_not_shown(relay):
    box = relay.bound_box()
    made = noted_delete(relay, box, box.recipient, "hidden").encode()
    for accept in ("text/html", "application/json"):
        answer = status(relay.preview(box, accept), 404, "a preview of the ended mailbox")
        that(made not in answer.body, f"no end note in the answer to Accept: {accept}", "it is there")


@check("3.11", "end note: 256 bytes are kept whole")
def note_largest(relay):
    box, made = relay.bound_box(), note("large", 256)
    status(relay.delete(box, box.recipient, headers=[(NOTE, made)]), 200, "a delete with a note of 256 bytes")
    has_note(relay.read(box, box.initiator), made, "a read by the other device")


@check("3.11", "end note: an empty, too long or malformed one is a 400, and the mailbox lives on")
def note_malformed(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "a refused delete"):
        for what, value in (("no bytes", ""), ("257 bytes", note("x", 257)), ("no base64url", "AA*A")):
            status(relay.delete(box, box.initiator, headers=[(NOTE, value)]), 400, f"an end note of {what}")


@check("3.11", "end note: the same delete again is a 201, also under another request id")
def note_repeated(relay):
    box = relay.bound_box()
    made = noted_delete(relay, box, box.recipient, "again")
    answer = status(relay.delete(box, box.recipient, headers=[(NOTE, made)]), 201, "the delete with the same note")
    recipient(answer, "bound", "it")


@check("3.11", "end note: the same device's delete with another note, or with none, is a 404")
def note_other(relay):
    box = relay.bound_box()
    noted_delete(relay, box, box.recipient, "first")
    for headers in ([], [(NOTE, note("second"))]):
        status(relay.delete(box, box.recipient, headers=headers), 404, "the delete with another note or none")


@check("3.11", "end note: none is added to a mailbox that has ended")
def note_late(relay):
    box = relay.bound_box()
    status(relay.delete(box, box.recipient), 200, "a delete without a note")
    status(relay.delete(box, box.recipient, headers=[(NOTE, note("late"))]), 404, "a delete with a note after it")
    status(relay.delete(box, box.initiator, headers=[(NOTE, note("late"))]), 404, "the other device's delete after it")
    for claim in (box.initiator, box.recipient):
        has_note(relay.read(box, claim), None, "a read after them")


@check("3.11", "end note: the other device's delete after the end is a 404 with the first note")
def note_first_counts(relay):
    box = relay.bound_box()
    made = noted_delete(relay, box, box.initiator, "first")
    has_note(relay.delete(box, box.recipient, headers=[(NOTE, note("second"))]), made, "the other device's delete")


@check("3.11", "end note: of a finish and a cancel at the same moment exactly one is done")
def note_race(relay):
    for _ in range(3):
        box = relay.bound_box()
        answers = relay.together(*[
            lambda claim=claim: relay.delete(box, claim, headers=[(NOTE, note(new_id()))])
            for claim in (box.initiator, box.recipient)])
        got = sorted(answer.status for answer in answers)
        that(got == [200, 404], "one 200 and one 404", f"{got}")


@check("3.11", "end note: a stranger's delete leaves none")
def note_stranger(relay):
    box = relay.bound_box()
    status(relay.delete(box, new_id(), headers=[(NOTE, note("stranger"))]), 401, "a stranger's delete with a note")
    status(relay.delete(box, box.initiator), 200, "the initiator's delete")
    has_note(relay.read(box, box.recipient), None, "a read by the recipient after it")
