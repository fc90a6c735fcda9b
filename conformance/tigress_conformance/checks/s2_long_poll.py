# SPDX-License-Identifier: Apache-2.0
"""Section 2.4: long polls. A poll that waits is followed by a change; an answer well before the end of the wait counts
as woken, so a slow network does no harm."""
import time

from ..expect import bindable, status, that, version
from ..registry import NotApplicable, check
from ..relay import new_id

WAIT_S = 12
SOON_S = 8
ATTEMPTS = 3
KNOWN_RECIPIENT = "Mailbox-Known-Recipient"


def needs_waiting(relay):
    if relay.options.no_long_poll:
        raise NotApplicable("the operator has turned waiting off (--no-long-poll)")


def timed(call):
    began_s = time.monotonic()
    answer = call()
    return answer, time.monotonic() - began_s


def polled(relay, box, waiter, seconds=WAIT_S, known=None):
    """Long polls for so long in all, because a 204 may come early: the first answer with news, or the last. `known` is
    the Mailbox-Known-Recipient."""
    end_s = time.monotonic() + seconds
    headers = [(KNOWN_RECIPIENT, known)] if known else []
    while True:
        answer = relay.wait(box, waiter, 1, max(1, round(end_s - time.monotonic())), headers)
        is_news = answer.status != 204 or (known and answer.header("mailbox-recipient") != known)
        if is_news or time.monotonic() > end_s - 1:
            return answer
        time.sleep(0.5)


def woken(relay, box, waiter, change, poll=polled):
    """The answer to the long polls of one device during which `change` is made, and how long they took."""
    def act():
        time.sleep(0.5)
        return change()
    return relay.together(lambda: timed(lambda: poll(relay, box, waiter)), act)[0]


def woken_soon(relay, box, waiter, change, what, wanted):
    """The answer that a change must bring. It does no harm if the change arrives before the poll."""
    needs_waiting(relay)
    answer, took_s = woken(relay, box, waiter, change)
    status(answer, wanted, f"a long poll during {what}")
    that(took_s < SOON_S, f"the end of a long poll of {WAIT_S} s within {SOON_S} s of {what}", f"{took_s:.1f} s")
    return answer


@check("2.4", "long poll: without news it waits, then a 204 with Mailbox-Version and no body")
def poll_waits(relay):
    needs_waiting(relay)
    box = relay.bound_box()
    longest_s = 0
    for _ in range(ATTEMPTS):
        answer, took_s = timed(lambda: relay.wait(box, box.recipient, 1, 2))
        status(answer, 204, "a long poll of 2 s without news")
        version(answer, 1, "a 204")
        that(not answer.body, "a 204 without a body", answer)
        longest_s = max(longest_s, took_s)
        if took_s >= 1:
            return
    that(False, f"at least one of {ATTEMPTS} long polls of 2 s to wait (an operator may turn waiting off: "
         "--no-long-poll)", f"all answered within {longest_s:.2f} s")


@check("2.4", "long poll: an update by the other device ends it with the new content")
def poll_update(relay):
    box, payload = relay.bound_box(), {"type": "AEAD_AES_128_GCM", "data": "d29rZW4="}
    answer = woken_soon(relay, box, box.initiator, lambda: relay.update(box, box.recipient, {"payload": payload}),
                        "an update", 200)
    version(answer, 2, "the answer to the long poll")
    that((answer.json() or {}).get("payload") == payload, "the new payload", answer)


@check("2.4", "long poll: a delete by the other device ends it with a 404")
def poll_delete(relay):
    box = relay.bound_box()
    woken_soon(relay, box, box.recipient, lambda: relay.delete(box, box.initiator), "a delete", 404)


@check("2.4", "long poll: a relinquish wakes the initiator")
def poll_relinquish(relay):
    needs_waiting(relay)
    for _ in range(ATTEMPTS):  # a relinquish may arrive before the poll does, which then waits for nothing
        box = relay.bound_box()
        answer, took_s = woken(relay, box, box.initiator, lambda box=box: relay.relinquish(box, box.recipient),
                               lambda relay, box, waiter: relay.wait(box, waiter, 1, WAIT_S))
        status(answer, (200, 204), "a long poll during a relinquish")
        if took_s < SOON_S:
            return
    that(False, f"the end of a long poll of {WAIT_S} s within {SOON_S} s of a relinquish", f"{took_s:.1f} s")


@check("2.4", "long poll: the end of the mailbox's life ends it with a 404")
def poll_expiration(relay):
    needs_waiting(relay)
    box = relay.short_lived(1)[0]
    left_s = box.expires_s - relay.now()
    answer, took_s = timed(lambda: polled(relay, box, box.recipient, left_s + WAIT_S))
    status(answer, 404, "a long poll beyond the expiration")
    that(took_s < left_s + SOON_S, f"its end at the expiration, after {left_s:.1f} s", f"an end after {took_s:.1f} s")


@check("2.4", "long poll: a version above the known one is answered at once")
def poll_news(relay):
    box = relay.bound_box()
    status(relay.update(box, box.initiator), 200, "an update")
    answer, took_s = timed(lambda: relay.wait(box, box.recipient, 1, WAIT_S))
    status(answer, 200, "a long poll that knows version 1 of version 2")
    that(took_s < SOON_S, "an answer at once", f"one after {took_s:.1f} s")


@check("2.4", "long poll: wait=0 does not wait")
def poll_zero(relay):
    box = relay.bound_box()
    answer, took_s = timed(lambda: relay.wait(box, box.recipient, 1, 0))
    status(answer, 204, "a long poll with wait=0")
    that(took_s < SOON_S, "an answer at once", f"one after {took_s:.1f} s")


@check("2.4", "long poll: Prefer without Mailbox-Known-Version, and the other way round, is an ordinary read")
def poll_halves(relay):
    box = relay.bound_box()
    for header in (("Prefer", f"wait={WAIT_S}"), ("Mailbox-Known-Version", "1")):
        answer, took_s = timed(lambda: relay.read(box, box.recipient, headers=[header], seconds=WAIT_S + 10))
        status(answer, 200, f"a read with {header[0]} only")
        that(took_s < SOON_S, f"an answer at once with {header[0]} only", f"one after {took_s:.1f} s")


@check("2.4", "long poll: a wait or a known version that is no decimal number is a 400")
def poll_malformed(relay):
    box = relay.bound_box()
    for known, prefer in (("1", "wait=x"), ("1", "wait=-1"), ("x", "wait=1"), ("-1", "wait=1"), ("1.0", "wait=1")):
        answer = relay.read(box, box.recipient, headers=[("Prefer", prefer), ("Mailbox-Known-Version", known)])
        status(answer, 400, f"Prefer: {prefer} with Mailbox-Known-Version: {known}")


@check("2.4", "long poll: a stranger is refused at once")
def poll_stranger(relay):
    box = relay.bound_box()
    answer, took_s = timed(lambda: relay.wait(box, new_id(), 1, WAIT_S))
    status(answer, 401, "a long poll by a stranger")
    that(took_s < SOON_S, "a refusal at once", f"one after {took_s:.1f} s")


@check("2.4", "long poll: one by a new claim binds it before it waits")
def poll_binds(relay):
    box = relay.new_box()
    status(relay.wait(box, box.recipient, 1, 0), 204, "a first long poll by a new claim")
    status(relay.read(box, new_id()), 401, "a read by a third claim after it")
    status(relay.read(box, box.recipient), 200, "a read by the claim that it has bound")


@check("2.4", "long poll: a malformed one binds nobody")
def poll_refused_binds_nobody(relay):
    box = relay.new_box()
    status(relay.wait(box, new_id(), "x", 1), 400, "a long poll with Mailbox-Known-Version: x")
    bindable(relay, box, "a refused long poll")


@check("2.4", "long poll: with a notification token the 204 has Mailbox-Push-Supported")
def poll_push(relay):
    box = relay.bound_box()
    token = {"notificationToken": {"type": "org.example.none", "tokenData": "x"}}
    answer = relay.read(box, box.recipient, token, headers=[("Prefer", "wait=0"), ("Mailbox-Known-Version", "1")])
    status(answer, 204, "a long poll with a token")
    got = answer.header("mailbox-push-supported")
    that(got == "false", "Mailbox-Push-Supported: false for a token of an unknown provider", f"{got}")
