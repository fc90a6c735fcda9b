# SPDX-License-Identifier: Apache-2.0
"""Sections 3.3 to 3.5: the identifier, the two devices, the access rights."""
import uuid

from ..expect import bindable, status, that, unchanged
from ..registry import CannotRun, check
from ..relay import new_id

ROUNDS = 3
BINDERS = 6


@check("3.3", "identifier: a UUID", draft="CreateMailbox")
def identifier_uuid(relay):
    box = relay.new_box()
    try:
        uuid.UUID(box.id)
        is_uuid = len(box.id) == 36
    except ValueError:
        is_uuid = False
    that(is_uuid, "a UUID at the end of urlLink", box.link)


@check("3.3", "identifier: a UUID of version 4, and none like another")
def identifier_random(relay):
    boxes = [relay.new_box() for _ in range(4)]
    for box in boxes:
        that(box.id[14:15] == "4" and box.id[19:20].lower() in "89ab", "version 4 and the variant of RFC 9562", box.id)
    for part in (slice(0, 8), slice(24, 36)):
        got = {box.id[part] for box in boxes}
        that(len(got) == len(boxes), "identifiers that share no part", f"{len(got)} different of {len(boxes)}")


@check("3.3", "identifier: upper and lower case are the same")
def identifier_case(relay):
    box = relay.new_box()
    status(relay.preview(box.id.upper()), 200, "a preview under the identifier in upper case")


@check("3.3", "identifier: text that is no UUID is a 404 on every call")
def identifier_malformed(relay):
    for text in ("x", "0", new_id()[:-1], new_id().replace("-", ""), "g" * 36, "%00"):
        claim = new_id()
        for what, answer in (("a read", relay.read(text, claim)), ("an update", relay.update(text, claim)),
                             ("a delete", relay.delete(text, claim)), ("a relinquish", relay.relinquish(text, claim)),
                             ("a preview", relay.preview(text))):
            status(answer, 404, f"{what} of the identifier {text!r}")


@check("3.4", "one recipient: the first other claim that reads gets the content, the next a 401",
       draft="ReadSecureContentFromMailbox: Responses")
def second_claim(relay):
    box = relay.new_box()
    status(relay.read(box, box.recipient), 200, "the first read by another claim")
    status(relay.read(box, new_id()), 401, "a read by a third claim")


@check("3.4", "one recipient: both devices read as often as they like", draft="Design Elements")
def both_read(relay):
    box = relay.bound_box()
    for claim in (box.initiator, box.recipient) * 2:
        status(relay.read(box, claim), 200, "a read by each device")


@check("3.4", "one recipient: the initiator's own read binds nobody", draft="Design Elements")
def initiator_read(relay):
    box = relay.new_box()
    status(relay.read(box, box.initiator), 200, "a read by the initiator")
    bindable(relay, box, "the initiator's read")


@check("3.4", "one recipient: of first reads at the same moment exactly one is bound")
def bind_race(relay):
    for _ in range(ROUNDS):
        box = relay.new_box()
        claims = [new_id() for _ in range(BINDERS)]
        answers = relay.together(*[lambda claim=claim: relay.read(box, claim) for claim in claims])
        got = sorted(answer.status for answer in answers)
        that(got == [200] + [401] * (BINDERS - 1), f"one 200 and {BINDERS - 1} times 401 for {BINDERS} first reads",
             f"{got}")
        winner = next(claim for claim, answer in zip(claims, answers) if answer.status == 200)
        status(relay.read(box, winner), 200, "another read by the one that was bound")


@check("3.4", "one recipient: no other call binds: update, delete and relinquish by a stranger are a 401")
def stranger_calls(relay):
    box, stranger = relay.new_box(), new_id()
    with unchanged(relay, box, "a stranger's calls"):
        status(relay.update(box, stranger), 401, "an update by a stranger")
        status(relay.delete(box, stranger), 401, "a delete by a stranger")
        status(relay.relinquish(box, stranger), 401, "a relinquish by a stranger")
    bindable(relay, box, "a stranger's update, delete or relinquish")


@check("3.4", "one recipient: a refused read binds nobody")
def refused_read(relay):
    box = relay.new_box()
    status(relay.read(box, new_id(), b"{"), 400, "a read with a malformed body")
    status(relay.read(box, new_id(), {"notificationToken": {"type": "a"}}), 400, "a read with half a token")
    bindable(relay, box, "a refused read")


@check("3.4", "one recipient: a stranger's update and delete are refused", draft="DeleteMailbox: Responses")
def stranger_refused(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "a stranger's calls"):
        status(relay.update(box, new_id()), 401, "an update by a stranger")
        status(relay.delete(box, new_id()), 401, "a delete by a stranger")


@check("3.5", "rights: RWD lets both devices write", draft="CreateMailbox: Request body")
def rights_all(relay):
    box = relay.bound_box()
    for claim in (box.recipient, box.initiator):
        status(relay.update(box, claim), 200, "an update with the right W")


@check("3.5", "rights: without W an update is a 401 and changes nothing", draft="CreateMailbox: Request body")
def rights_no_write(relay):
    box = relay.bound_box(rights="RD")
    with unchanged(relay, box, "an update without the right W"):
        for claim in (box.recipient, box.initiator):
            status(relay.update(box, claim), 401, "an update without the right W")


@check("3.5", "rights: without D the recipient's delete is a 401", draft="CreateMailbox: Request body")
def rights_no_delete(relay):
    box = relay.bound_box(rights="RW")
    with unchanged(relay, box, "a delete without the right D"):
        status(relay.delete(box, box.recipient), 401, "a delete by the recipient without the right D")


@check("3.5", "rights: with D the recipient may delete", draft="DeleteMailbox")
def rights_delete(relay):
    box = relay.bound_box(rights="RD")
    status(relay.delete(box, box.recipient), 200, "a delete by the recipient with the right D")
    status(relay.read(box, box.recipient), 404, "a read after it")


@check("3.5", "rights: the initiator may always delete")
def rights_initiator(relay):
    box = relay.bound_box(rights="R")
    status(relay.delete(box, box.initiator), 200, "a delete by the initiator without the right D")


@check("3.5", "rights: without R a read is a 401 and binds nobody")
def rights_no_read(relay):
    box, claim = relay.new_box(rights="WD"), new_id()
    status(relay.read(box, claim), 401, "a read by a new claim without the right R")
    status(relay.update(box, claim), 401, "an update by the claim that was refused")
    status(relay.read(box, box.initiator), 401, "a read by the initiator without the right R")


@check("3.5", "rights: without configuration they are R and D", draft="CreateMailbox: Request body")
def rights_default(relay):
    answer = relay.create(relay.message(rights=None))
    if answer.status == 400:
        raise CannotRun("the relay makes no mailbox without mailboxConfiguration, which another check judges")
    status(answer, 200, "a create without mailboxConfiguration")
    box = answer.box
    status(relay.read(box, box.recipient), 200, "a read with the rights by default")
    status(relay.update(box, box.recipient), 401, "an update with the rights by default")
    status(relay.delete(box, box.recipient), 200, "a delete with the rights by default")


@check("3.5", "rights: the letters in any order, each once; everything else is a 400")
def rights_form(relay):
    for rights in ("DWR", "WR", "D"):
        status(relay.create(relay.message(rights)), 200, f"accessRights {rights}")
    for rights in ("", "RR", "X", "r", "R W", "R,W", 1, ["R"]):
        status(relay.create(relay.message(rights)), 400, f"accessRights {rights!r}")
