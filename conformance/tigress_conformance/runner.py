# SPDX-License-Identifier: Apache-2.0
"""Runs checks one after the other and turns what happens into results. Nothing here waits without end."""
import signal
import time
from dataclasses import dataclass
from typing import Optional

from .http1 import BadAnswer
from .registry import CannotRun, Check, Failed, NotApplicable

CHECK_S = 90
CHECK_REQUESTS = 60  # how many of the slowest pace a check may take in addition
UNREACHABLE_MAX = 3  # checks in a row without a connection, then the rest is not run
INTERRUPTED = "interrupted"
A_CONNECTION = "a connection"
PASSED, FAILED, NOT_APPLICABLE, NOT_RUN = "passed", "failed", "not applicable", "not run"


@dataclass
class Result:
    check: Check
    result: str
    expected: Optional[str] = None
    got: Optional[str] = None
    reason: Optional[str] = None  # of "not applicable" and "not run"
    seconds: float = 0.0
    requests: int = 0


def judged(check, relay):
    """The result of one check, without its times."""
    try:
        check.function(relay)
    except Failed as error:
        return Result(check, FAILED, error.expected, error.got)
    except NotApplicable as why:
        return Result(check, NOT_APPLICABLE, reason=str(why))
    except CannotRun as why:
        return Result(check, NOT_RUN, reason=str(why))
    except BadAnswer as error:
        return Result(check, FAILED, "an answer of HTTP/1.1", str(error))
    except TimeoutError:
        return Result(check, FAILED, f"an answer within {relay.options.timeout:g} s", "none")
    except OSError as error:
        return Result(check, FAILED, A_CONNECTION, f"{type(error).__name__}: {error}")
    except (ValueError, TypeError, KeyError, AttributeError, LookupError) as error:
        return Result(check, FAILED, "an answer of the form that the section describes",
                      f"{type(error).__name__} while reading it: {error}")
    return Result(check, PASSED)


class Interrupt:
    """Handles SIGINT: it ends a check at once, and everything else, such as the deletes, is finished first."""

    def __init__(self):
        self.was_asked = self.may_raise = False

    def __call__(self, number, frame):
        self.was_asked = True
        if self.may_raise:
            self.may_raise = False
            raise KeyboardInterrupt


def measured(check, relay, end_s, interrupt):
    """The result of one check with its times. What it has made is removed."""
    began_s, before = time.monotonic(), relay.pace.count
    relay.check_until = min(began_s + CHECK_S + CHECK_REQUESTS * relay.pace.gap_s, end_s + relay.options.timeout)
    try:
        interrupt.may_raise = True
        one = judged(check, relay)
        interrupt.may_raise = False
    except KeyboardInterrupt:
        one = Result(check, NOT_RUN, reason=INTERRUPTED)
    relay.clean_up()
    one.seconds, one.requests = time.monotonic() - began_s, relay.pace.count - before
    return one


def run(checks, relay, on_result, max_time_s):
    """All results in order; `on_result` gets each one at once. SIGINT ends the run in order."""
    interrupt = Interrupt()
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        return run_all(checks, relay, on_result, max_time_s, interrupt)
    finally:
        signal.signal(signal.SIGINT, before)


def run_all(checks, relay, on_result, max_time_s, interrupt):
    results = []
    end_s = time.monotonic() + max_time_s
    unreachable, why_not = 0, None
    for check in checks:
        if why_not is None and time.monotonic() > end_s:
            why_not = f"the time of {max_time_s:g} s is over (--max-time)"
        one = measured(check, relay, end_s, interrupt) if why_not is None else Result(check, NOT_RUN, reason=why_not)
        results.append(one)
        on_result(one)
        if interrupt.was_asked:
            why_not = INTERRUPTED
        unreachable = unreachable + 1 if one.expected == A_CONNECTION else 0
        if unreachable >= UNREACHABLE_MAX:
            why_not = "the relay cannot be reached any more"
    return results
