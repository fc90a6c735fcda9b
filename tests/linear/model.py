# SPDX-License-Identifier: Apache-2.0
"""One mailbox as its clients see it: absent, then live with versions and at most one recipient, then ended.

Written from docs/protocol.md, sections 2.2, 2.3, 3.2 and 3.4, and not from the relay's code.
"""

ABSENT, LIVE, ENDED = "absent", "live", "ended"
INITIATOR = "initiator"
GONE, REFUSED = ("gone",), ("refused",)

# A state is (phase, version, data, recipient).
initial = (ABSENT, 0, "", None)


def may_use(state, device):
    return device in (INITIATOR, state[3])


def create(state, operation):
    if state[0] == ABSENT:
        return (LIVE, 1, operation.given, None), ("created",)
    return None  # a mailbox is created once


def read(state, operation):
    """The first read of a device that is not the initiator binds it."""
    phase, version, data, recipient = state
    if phase != LIVE:
        return state, GONE
    if operation.device == INITIATOR or recipient == operation.device:
        return state, ("read", version, data)
    if recipient is None:
        return (LIVE, version, data, operation.device), ("read", version, data)
    return state, REFUSED


def update(state, operation):
    phase, version, _, recipient = state
    if phase != LIVE:
        return state, GONE
    if not may_use(state, operation.device):
        return state, REFUSED
    if operation.if_match is not None and operation.if_match != version:
        return state, ("conflict", version)
    return (LIVE, version + 1, operation.given, recipient), ("updated", version + 1)


def delete(state, operation):
    if state[0] != LIVE:
        return state, GONE
    if not may_use(state, operation.device):
        return state, REFUSED
    return (ENDED, 0, "", None), ("deleted",)


RULES = {"create": create, "read": read, "update": update, "delete": delete}


def step(state, operation, done):
    """The states that may follow, given the answer: none if the answer is impossible here."""
    if operation.kind == "again":
        # A repetition of an acknowledged request changes nothing. Its request has taken effect before; once the mailbox
        # has ended it is a 404.
        is_possible = state[0] == ENDED if operation.answer == GONE else operation.answer is None or done(operation.first)
        return [state] if is_possible else []
    got = RULES[operation.kind](state, operation)
    if got is None:
        return []
    after, answer = got
    if operation.answer is None or operation.answer == answer:
        return [after]
    if operation.kind == "delete" and operation.was_repeated and operation.answer == GONE and answer == ("deleted",):
        return [after]  # a repeated delete learns that the mailbox has ended: by its own first attempt
    return []
