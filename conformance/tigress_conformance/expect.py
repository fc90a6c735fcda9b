# SPDX-License-Identifier: Apache-2.0
"""Expectations. Each returns what later lines need, or raises Failed with what was expected and what came."""
import contextlib

from .registry import Failed
from .relay import new_id

PROBLEM = "application/problem+json"


def that(is_so, expected, got):
    """The general one: `got` is a text or an answer."""
    if not is_so:
        raise Failed(expected, got if isinstance(got, str) else got.described())


def status(answer, wanted, what):
    """The status that `what` gets: a number or several. Returns the answer."""
    wanted = (wanted,) if isinstance(wanted, int) else tuple(wanted)
    is_good = answer.status in wanted or (answer.may_be_repeated and answer.status == 201 and 200 in wanted)
    that(is_good, f"{' or '.join(map(str, wanted))} for {what}", answer)
    return answer


def version(answer, wanted, what):
    got = answer.header("mailbox-version")
    that(got == str(wanted), f"Mailbox-Version: {wanted} on {what}", f"{answer.status} with Mailbox-Version: {got}")


def problem(answer, what):
    """A complete problem document that agrees with the status. Returns it."""
    document = answer.json()
    that(answer.media_type == PROBLEM and document is not None, f"a problem document ({PROBLEM}) for {what}", answer)
    for member, kind in (("type", str), ("title", str), ("status", int)):
        that(isinstance(document.get(member), kind), f"the member {member} in the problem document of {what}", answer)
    that(document["status"] == answer.status, f"the status of the answer in the problem document of {what}", answer)
    return document


def look(relay, box):
    """What the initiator reads: status, content and version. It changes nothing."""
    answer = relay.read(box, box.initiator)
    return answer.status, answer.json(), answer.header("mailbox-version")


@contextlib.contextmanager
def unchanged(relay, box, what):
    """The mailbox reads the same before and after."""
    before = look(relay, box)
    yield
    after = look(relay, box)
    that(before == after, f"an unchanged mailbox after {what}", f"before {before}, after {after}")


def bindable(relay, box, what):
    """Nobody was bound: another claim can still become the recipient."""
    answer = relay.read(box, new_id())
    that(answer.status == 200, f"200 for the first read by a new claim, because {what} binds nobody", answer)
