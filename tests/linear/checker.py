# SPDX-License-Identifier: Apache-2.0
"""Is the recorded history of one mailbox linearizable?

The search of Wing and Gong with the memory of Lowe: a configuration is the set of operations that have taken effect
and the state that they led to. From each, every operation may come next that began before the first end among those
that are left. A configuration is visited once. An operation in doubt has no end: it may take effect at any later
time, or never.
"""
from dataclasses import dataclass, field

CONFIGURATIONS_MAX = 2_000_000


class TooLarge(Exception):
    """No verdict: the search was given up."""


@dataclass
class Operation:
    """
    kind     a rule of the model
    device   who asked
    given    what was asked for: the data of a create or update
    if_match the version that an update expects, or None
    answer   what the relay answered; None: in doubt
    begin, end   times of one clock; end None: in doubt
    was_repeated the request was sent more than once, with the same request id
    first    for a repetition of an acknowledged request: the index of that operation
    """
    kind: str
    device: str
    begin: int
    given: str = ""
    if_match: int = None
    answer: tuple = None
    end: int = None
    was_repeated: bool = False
    first: int = None


@dataclass
class Verdict:
    is_linearizable: bool
    order: list = field(default_factory=list)  # indices: a linearization, or the longest beginning of one
    visited: int = 0


def check(operations, model):
    """model: .initial, and .step(state, operation, done) -> the states that may follow; done(index) tells whether that
    operation has taken effect."""
    ends = sorted((operation.end, index) for index, operation in enumerate(operations) if operation.end is not None)
    must = sum(1 << index for _, index in ends)
    stack = [(0, model.initial, None)]
    seen = {(0, model.initial)}
    best = (0, None)
    while stack:
        mask, state, path = stack.pop()
        if mask & must == must:
            return Verdict(True, unwind(path), len(seen))
        if bin(mask).count("1") > best[0]:
            best = (bin(mask).count("1"), path)
        horizon = next(end for end, index in ends if not mask >> index & 1)
        for index, operation in enumerate(operations):
            if mask >> index & 1 or operation.begin > horizon:
                continue
            for after in model.step(state, operation, lambda other, mask=mask: bool(mask >> other & 1)):
                key = (mask | 1 << index, after)
                if key not in seen:
                    seen.add(key)
                    stack.append((*key, (index, path)))
        if len(seen) > CONFIGURATIONS_MAX:
            raise TooLarge(f"{len(operations)} operations, more than {CONFIGURATIONS_MAX} configurations")
    return Verdict(False, unwind(best[1]), len(seen))


def unwind(path):
    out = []
    while path:
        out.append(path[0])
        path = path[1]
    return out[::-1]


def explain(operations, verdict):
    """The history as text; operations that the longest order contains have their place in it."""
    place = {index: number + 1 for number, index in enumerate(verdict.order)}
    start = min(operation.begin for operation in operations)
    lines = []
    for index, one in enumerate(operations):
        end = "in doubt" if one.end is None else f"{(one.end - start) / 1e6:10.3f}"
        lines.append(f"{place.get(index, '-'):>4} {(one.begin - start) / 1e6:10.3f} {end:>10} ms  {one.kind:7} {one.device:10} "
                     f"{one.given or '':14} {'' if one.if_match is None else f'if {one.if_match}'} -> {one.answer}"
                     f"{' (repeated)' if one.was_repeated else ''}")
    return "\n".join(lines)
