# SPDX-License-Identifier: Apache-2.0
"""The checker accepts what is right and finds what is wrong: by hand, and on histories of a store with named bugs."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import checker  # noqa: E402  (the path comes first)
import model  # noqa: E402
import simulated  # noqa: E402
from checker import Operation  # noqa: E402

HISTORIES = 300


def op(kind, device, begin, end, answer, **more):
    return Operation(kind, device, begin, answer=answer, end=end, **more)


CREATE = op("create", "initiator", 0, 1, ("created",), given="d0")
UPDATED = op("update", "initiator", 2, 9, ("updated", 2), given="d1")
IN_DOUBT = op("update", "initiator", 2, None, None, given="d1")
RIGHT = {
    "nothing": [],
    "a reader during an update sees the old one": [CREATE, UPDATED, op("read", "initiator", 3, 8, ("read", 1, "d0"))],
    "a reader during an update sees the new one": [CREATE, UPDATED, op("read", "initiator", 3, 4, ("read", 2, "d1"))],
    "in doubt, never done": [CREATE, IN_DOUBT, op("read", "initiator", 90, 91, ("read", 1, "d0"))],
    "in doubt, done much later": [CREATE, IN_DOUBT, op("read", "initiator", 90, 91, ("read", 1, "d0")),
                                  op("read", "initiator", 92, 93, ("read", 2, "d1"))],
    "one of two phones is bound": [CREATE, op("read", "a", 2, 5, ("read", 1, "d0")), op("read", "b", 2, 5, ("refused",))],
    "a claim in doubt took effect": [CREATE, op("read", "a", 2, None, None), op("read", "b", 50, 51, ("refused",))],
    "a repeated delete is a 404": [CREATE, op("delete", "initiator", 2, 9, ("gone",), was_repeated=True)],
    "a conflict names the version": [CREATE, UPDATED, op("update", "initiator", 10, 11, ("conflict", 2), if_match=1)],
    "a repetition has the first answer": [CREATE, UPDATED, op("again", "initiator", 20, 21, ("updated", 2), first=1)],
}
WRONG = {
    "a read before the create": [op("read", "initiator", 0, 1, ("read", 1, "d0")), op("create", "initiator", 2, 3,
                                                                                   ("created",), given="d0")],
    "an acknowledged update is lost": [CREATE, UPDATED, op("read", "initiator", 10, 11, ("read", 1, "d0"))],
    "an update done twice": [CREATE, UPDATED, op("read", "initiator", 10, 11, ("read", 3, "d1"))],
    "two phones are bound": [CREATE, op("read", "a", 2, 5, ("read", 1, "d0")), op("read", "b", 2, 5, ("read", 1, "d0"))],
    "nobody is bound, one is refused": [CREATE, op("read", "b", 2, 5, ("refused",)), op("read", "a", 6, 7,
                                                                                      ("read", 1, "d0"))],
    "a new value, then the old one": [CREATE, IN_DOUBT, op("read", "initiator", 10, 11, ("read", 2, "d1")),
                                      op("read", "initiator", 12, 13, ("read", 1, "d0"))],
    "alive after its end": [CREATE, op("delete", "initiator", 2, 3, ("deleted",)),
                            op("read", "initiator", 4, 5, ("read", 1, "d0"))],
    "gone without an end": [CREATE, op("read", "initiator", 4, 5, ("gone",))],
    "a delete that was sent once is a 404": [CREATE, op("delete", "initiator", 2, 9, ("gone",))],
    "a stranger updates": [CREATE, op("update", "b", 4, 5, ("updated", 2), given="d1")],
    "a conflict with the current version": [CREATE, op("update", "initiator", 4, 5, ("conflict", 1), if_match=1)],
    "a repetition before its request": [CREATE, op("again", "initiator", 2, 3, ("updated", 2), first=2),
                                        op("update", "initiator", 4, 5, ("updated", 2), given="d1")],
}


@pytest.mark.parametrize("name", list(RIGHT))
def check__right_history__linearizable(name):
    verdict = checker.check(RIGHT[name], model)
    assert verdict.is_linearizable


@pytest.mark.parametrize("name", list(WRONG))
def check__wrong_history__not_linearizable(name):
    verdict = checker.check(WRONG[name], model)
    assert not verdict.is_linearizable
    assert checker.explain(WRONG[name], verdict)


def check__many_at_once__ends_in_time():
    """Twelve updates at the same time that all succeed: the memory keeps the search small."""
    history = [CREATE] + [op("update", "initiator", 2, 100, ("updated", 2 + n), given=f"d{n}") for n in range(12)]
    verdict = checker.check(history, model)
    assert verdict.is_linearizable and verdict.visited < 10000


def simulated_store__no_bug__every_history_linearizable():
    answered = 0
    for seed in range(HISTORIES):
        history = simulated.World(seed).run()
        verdict = checker.check(history, model)
        assert verdict.is_linearizable, checker.explain(history, verdict)
        answered += sum(operation.answer is not None for operation in history)
    assert answered > 6 * HISTORIES  # or nothing would have happened


@pytest.mark.parametrize("bug", simulated.BUGS)
def simulated_store__bug__found(bug):
    found = sum(not checker.check(simulated.World(seed, bug).run(), model).is_linearizable for seed in range(HISTORIES))
    assert found > 0, f"{bug}: found in none of {HISTORIES} histories"
    print(f"{bug}: found in {found} of {HISTORIES}")
