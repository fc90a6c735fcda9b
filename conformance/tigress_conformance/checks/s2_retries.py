# SPDX-License-Identifier: Apache-2.0
"""Sections 2.2 and 2.3: repetitions, versions and conditions."""
from ..expect import look, problem, status, that, unchanged, version
from ..registry import NotApplicable, check
from ..relay import new_id


def payload(text):
    return {"payload": {"type": "AEAD_AES_128_GCM", "data": text}}


def data_of(answer):
    return ((answer.json() or {}).get("payload") or {}).get("data")


@check("2.2", "create: a repetition is a 201 with the same urlLink", draft="CreateMailbox: Responses")
def create_repeated(relay):
    box = relay.new_box()
    answer = relay.create(box.message, box.initiator, box.create_id)
    status(answer, 201, "a repeated create")
    got = (answer.json() or {}).get("urlLink")
    that(got == box.link, f"the urlLink of the first answer, {box.link}", f"{got}")


@check("2.2", "create: a repetition changes nothing, whatever its body")
def create_repeated_ignored(relay):
    box = relay.bound_box()
    status(relay.update(box, box.recipient, payload("bmV3ZXI=")), 200, "an update")
    with unchanged(relay, box, "a repeated create with another payload"):
        answer = relay.create(relay.message(**payload("b3RoZXI=")), box.initiator, box.create_id)
        status(answer, 201, "a repeated create")
        version(answer, 1, "a repeated create")


@check("2.2", "create: a repetition after the delete does not bring the mailbox back")
def create_after_delete(relay):
    box = relay.bound_box()
    status(relay.delete(box, box.initiator), 200, "a delete")
    status(relay.create(box.message, box.initiator, box.create_id), 201, "a repeated create after the delete")
    status(relay.read(box, box.initiator), 404, "a read of the deleted mailbox")


@check("2.2", "create: another claim or another request id makes another mailbox")
def create_distinct(relay):
    box = relay.new_box()
    for claim, request_id in ((new_id(), box.create_id), (box.initiator, new_id())):
        answer = status(relay.create(claim=claim, request_id=request_id), 200, "a create that is no repetition")
        that(answer.box.id != box.id, "another mailbox", "the same identifier")


@check("2.2", "create: the same create twice at the same moment makes one mailbox")
def create_race(relay):
    message, claim, request_id = relay.message(), new_id(), new_id()
    answers = relay.together(*[lambda: relay.create(message, claim, request_id)] * 4)
    links = {(answer.json() or {}).get("urlLink") for answer in answers}
    for answer in answers:
        status(answer, (200, 201), "each of four identical creates")
    that(len(links) == 1, "one urlLink for four identical creates", f"{len(links)} different ones")


@check("2.2", "update: a repetition is a 201 and is not done again", draft="UpdateMailbox: Responses")
def update_repeated(relay):
    box, request_id = relay.bound_box(), new_id()
    status(relay.update(box, box.recipient, payload("Zmlyc3Q="), request_id), 200, "an update")
    answer = relay.update(box, box.recipient, payload("bGF0ZXI="), request_id)
    status(answer, 201, "a repeated update")
    got = data_of(relay.read(box, box.initiator))
    that(got == "Zmlyc3Q=", "the payload of the first update", f"payload.data {got}")


@check("2.2", "update: a late duplicate of an older update does not overwrite a newer one")
def update_late(relay):
    box, old = relay.bound_box(), new_id()
    status(relay.update(box, box.recipient, payload("b2xk"), old), 200, "an update")
    for number in range(3):
        status(relay.update(box, box.recipient, payload(f"bmV3{number}")), 200, "a newer update")
    status(relay.update(box, box.recipient, payload("b2xk"), old), 201, "a late duplicate of the first update")
    got = data_of(relay.read(box, box.initiator))
    that(got == "bmV32", "the newest payload", f"payload.data {got}")


@check("2.2", "update: the last eight request ids of a device are known")
def update_eight(relay):
    box = relay.bound_box()
    ids = [new_id() for _ in range(8)]
    for request_id in ids:
        status(relay.update(box, box.recipient, request_id=request_id), 200, "an update")
    with unchanged(relay, box, "repetitions of the last eight updates"):
        for request_id in ids:
            status(relay.update(box, box.recipient, request_id=request_id), 201, "one of the last eight updates")


@check("2.2", "update: the two devices may use the same request id")
def update_same_id(relay):
    box, request_id = relay.bound_box(), new_id()
    for claim in (box.recipient, box.initiator):
        status(relay.update(box, claim, request_id=request_id), 200, "an update by each device")


@check("2.2", "update: a repetition is recognised before If-Match is compared")
def update_repeated_match(relay):
    box, request_id, match = relay.bound_box(), new_id(), [("If-Match", '"1"')]
    status(relay.update(box, box.recipient, request_id=request_id, headers=match), 200, "an update")
    answer = relay.update(box, box.recipient, request_id=request_id, headers=match)
    status(answer, 201, "its repetition, whose If-Match it has made stale")
    version(answer, 2, "the repetition")


@check("2.2", "read: a repetition gives the same answer", draft="ReadSecureContentFromMailbox: Responses")
def read_repeated(relay):
    box, request_id = relay.new_box(), new_id()
    first = status(relay.read(box, box.recipient, request_id=request_id), 200, "a read")
    again = status(relay.read(box, box.recipient, request_id=request_id), (200, 201), "its repetition")
    that(first.json() == again.json(), f"the first answer: {first.described()}", again)


@check("2.2", "relinquish: a repetition is a 201", draft="RelinquishMailbox: Responses")
def relinquish_repeated(relay):
    box, request_id = relay.bound_box(), new_id()
    status(relay.relinquish(box, box.recipient, request_id), 200, "a relinquish")
    status(relay.relinquish(box, box.recipient, request_id), 201, "its repetition")


@check("2.2", "relinquish: a repetition does not unbind the next recipient")
def relinquish_late(relay):
    box, request_id, other = relay.bound_box(), new_id(), new_id()
    status(relay.relinquish(box, box.recipient, request_id), 200, "a relinquish")
    status(relay.read(box, other), 200, "the read by the next recipient")
    status(relay.relinquish(box, box.recipient, request_id), 201, "the repeated relinquish")
    status(relay.read(box, other), 200, "a read by the next recipient after it")


@check("2.2", "delete: a repetition is a 404")
def delete_repeated(relay):
    box, request_id = relay.bound_box(), new_id()
    status(relay.delete(box, box.initiator, request_id), 200, "a delete")
    status(relay.delete(box, box.initiator, request_id), 404, "its repetition")


@check("2.3", "version: create, read and update have Mailbox-Version; it is 1 and grows by 1")
def version_counts(relay):
    box = relay.new_box()
    version(relay.create(), 1, "a create")
    version(relay.read(box, box.recipient), 1, "a first read")
    for number in (2, 3, 4):
        version(relay.update(box, box.recipient if number % 2 else box.initiator), number, f"update {number - 1}")
        version(relay.read(box, box.initiator), number, "a read after it")


@check("2.3", "version: a refused update and a relinquish do not change it")
def version_stays(relay):
    box = relay.bound_box()
    status(relay.update(box, box.recipient, b"{"), 400, "a malformed update")
    status(relay.relinquish(box, box.recipient), 200, "a relinquish")
    version(relay.read(box, box.initiator), 1, "a read after both")


@check("2.3", "If-Match: the current version is replaced")
def match_current(relay):
    box = relay.bound_box()
    for number in (1, 2):
        answer = relay.update(box, box.recipient, headers=[("If-Match", f'"{number}"')])
        status(answer, 200, f'If-Match: "{number}" at version {number}')


@check("2.3", "If-Match: another version is a 412 and changes nothing")
def match_stale(relay):
    box = relay.bound_box()
    status(relay.update(box, box.initiator), 200, "an update")
    with unchanged(relay, box, "an update with a stale If-Match"):
        for number in (1, 3):
            answer = relay.update(box, box.recipient, headers=[("If-Match", f'"{number}"')])
            status(answer, 412, f'If-Match: "{number}" at version 2')


@check("2.3", "If-Match: a 412 has the current Mailbox-Version and a problem document")
def match_stale_version(relay):
    box = relay.bound_box()
    answer = relay.update(box, box.recipient, headers=[("If-Match", '"9"')])
    if answer.status != 412:
        raise NotApplicable("the relay gives no 412 here, which the check before judges")
    version(answer, 1, "a 412")
    problem(answer, "a 412")


@check("2.3", "If-Match: anything but one decimal version in quotes is a 400")
def match_malformed(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "an update with a malformed If-Match"):
        for value in ("*", "1", 'W/"1"', '"1", "2"', '"abc"', '"-1"', '""'):
            status(relay.update(box, box.recipient, headers=[("If-Match", value)]), 400, f"If-Match: {value}")


@check("2.3", "If-Match: without it an update replaces any version", draft="UpdateMailbox")
def match_absent(relay):
    box = relay.bound_box()
    for claim in (box.initiator, box.recipient, box.initiator):
        status(relay.update(box, claim), 200, "an update without If-Match")


@check("2.3", "If-Match: of updates with the same version at the same moment exactly one wins")
def match_race(relay):
    for _ in range(3):
        box = relay.bound_box()
        match = [("If-Match", '"1"')]
        sides = [box.initiator, box.recipient] * 2
        answers = relay.together(*[
            lambda claim=claim, text=f"dHVybi{number}": relay.update(box, claim, payload(text), headers=match)
            for number, claim in enumerate(sides)])
        got = sorted(answer.status for answer in answers)
        that(got == [200, 412, 412, 412], "one 200 and three 412 for four updates of version 1", f"{got}")
        winner = next(number for number, answer in enumerate(answers) if answer.status == 200)
        _, content, now = look(relay, box)
        that(now == "2" and content["payload"]["data"] == f"dHVybi{winner}", "version 2 with the winner's payload",
             f"version {now} with {content['payload']['data']}")
