# SPDX-License-Identifier: Apache-2.0
"""Sections 3.6 to 3.8: expiration, relinquish, deletion, and what strangers learn of an ended mailbox."""
import calendar
import re
import time

from ..expect import status, that, unchanged
from ..registry import NotApplicable, check
from ..relay import new_id, utc_text

SWEEP_S = 60
EXPIRED_BOXES = 5
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
KNOWN_AFTER_S = 5  # for so long a relay must know that a mailbox has expired
BY_INITIATOR = "urn:tigress:problem/ended-by-initiator"
BY_RECIPIENT = "urn:tigress:problem/ended-by-recipient"
EXPIRED = "urn:tigress:problem/expired"
UNKNOWN = "about:blank"
NOTE = ("Mailbox-End-Note", "bm90ZQ")


def with_expiration(relay, value):
    return relay.message(mailboxConfiguration={"accessRights": "RWD", "expiration": value})


def ended(answer, wanted, what):
    """A 404 whose problem type is `wanted`."""
    status(answer, 404, what)
    got = (answer.json() or {}).get("type")
    that(got == wanted, f"the problem type {wanted} for {what}", f"{got}")


def every_call(relay, box, claim):
    yield "a read", relay.read(box, claim)
    yield "an update", relay.update(box, claim)
    yield "a relinquish", relay.relinquish(box, claim)
    yield "a delete", relay.delete(box, claim)


def make_expired(relay):
    """As many mailboxes as there are checks of the expiration, after it."""
    boxes = relay.short_lived(EXPIRED_BOXES)
    time.sleep(max(0.0, boxes[0].expires_s + 0.8 - relay.now()))  # the relay's clock is known to half a second
    return boxes


def expired_box(relay):
    """A mailbox with two devices whose expiration has passed."""
    return relay.once("expired mailboxes", lambda: make_expired(relay)).pop()


@check("3.6", "expiration: the one given is returned by the read", draft="ReadSecureContentFromMailbox: Responses")
def expiration_returned(relay):
    text = relay.expires_in(relay.lifetime_s - 7)
    box = relay.new_box(with_expiration(relay, text))
    got = (relay.read(box, box.recipient).json() or {}).get("expiration")
    that(got == text, f"the expiration of the create, {text}", f"{got}")


@check("3.6", "expiration: without configuration the relay has a default", draft="CreateMailbox: Request body")
def expiration_default(relay):
    answer = status(relay.create(relay.message(rights=None)), 200, "a create without mailboxConfiguration")
    got = (relay.read(answer.box, answer.box.recipient).json() or {}).get("expiration")
    that(isinstance(got, str) and UTC.fullmatch(got), "an expiration YYYY-MM-DDThh:mm:ssZ", f"{got}")
    left_s = calendar.timegm(time.strptime(got, "%Y-%m-%dT%H:%M:%SZ")) - relay.now()
    that(left_s > 0, "an expiration in the future", got)


@check("3.6", "expiration: optional in mailboxConfiguration")
def expiration_optional(relay):
    answer = status(relay.create(relay.message(mailboxConfiguration={"accessRights": "RD"})), 200,
                    "mailboxConfiguration without expiration")
    got = (relay.read(answer.box, answer.box.recipient).json() or {}).get("expiration")
    that(isinstance(got, str) and UTC.fullmatch(got), "an expiration YYYY-MM-DDThh:mm:ssZ", f"{got}")


@check("3.6", "expiration: another form than YYYY-MM-DDThh:mm:ssZ is a 400")
def expiration_form(relay):
    year = time.gmtime(relay.now()).tm_year + 1
    for form in ("{}-01-01T00:00:00+00:00", "{}-01-01T00:00:00.5Z", "{}-01-01t00:00:00z", "{}-01-01 00:00:00Z",
                 "{}-02-30T00:00:00Z", "{}-01-01T24:00:00Z", "{}-01-01T00:00:60Z", "{}-01-01", ""):
        value = form.format(year)
        status(relay.create(with_expiration(relay, value)), 400, f"the expiration {value!r}")
    status(relay.create(with_expiration(relay, 1800000000)), 400, "a number as expiration")


@check("3.6", "expiration: a time in the past is a 400")
def expiration_past(relay):
    for ago_s in (5, 3600, 400 * 86400):
        value = utc_text(relay.now() - ago_s)
        status(relay.create(with_expiration(relay, value)), 400, f"the expiration {value}")


@check("3.6", "expiration: beyond every relay's maximum it is a 400 that names the limit")
def expiration_maximum(relay):
    answer = relay.create(with_expiration(relay, "9999-12-31T23:59:59Z"))
    status(answer, 400, "the expiration 9999-12-31T23:59:59Z")
    detail = str((answer.json() or {}).get("detail"))
    that(re.search(r"\d", detail), "the limit in the detail", detail)


@check("3.6", "expiration: the two devices learn in the 5 s after it that it was the expiration")
def expiration_type(relay):
    box = expired_box(relay)
    for claim in (box.initiator, box.recipient):
        answer = relay.read(box, claim)
        if relay.now() > box.expires_s + KNOWN_AFTER_S - 1:
            raise NotApplicable("the 5 s were over before the relay had answered; a faster --rate may help")
        ended(answer, EXPIRED, "a read after the expiration")


@check("3.6", "expiration: from that moment every call of the devices is a 404")
def expiration_comes(relay):
    box = expired_box(relay)
    for claim in (box.initiator, box.recipient):
        for what, answer in every_call(relay, box, claim):
            status(answer, 404, f"{what} after the expiration")


@check("3.6", "expiration: from that moment the preview is a 404")
def expiration_preview(relay):
    status(relay.preview(expired_box(relay)), 404, "a preview after the expiration")


@check("3.6", "expiration: after 60 s nothing of the mailbox is left")
def expiration_sweep(relay):
    box = expired_box(relay)
    end_s = time.monotonic() + SWEEP_S + 2
    answer = relay.read(box, box.initiator)
    while (answer.json() or {}).get("type") != UNKNOWN and time.monotonic() < end_s:
        time.sleep(1)
        answer = relay.read(box, box.initiator)
    ended(answer, UNKNOWN, f"a read {SWEEP_S} s after the expiration")


@check("3.6", "expiration: no call changes that of a live mailbox")
def expiration_stays(relay):
    box = relay.bound_box()
    message = {"payload": {"type": "AEAD_AES_128_GCM", "data": "bmV3"},
               "mailboxConfiguration": {"accessRights": "R", "expiration": relay.expires_in(10)}}
    status(relay.update(box, box.recipient, message), 200, "an update with an unknown member mailboxConfiguration")
    got = (relay.read(box, box.initiator).json() or {}).get("expiration")
    wanted = box.message["mailboxConfiguration"]["expiration"]
    that(got == wanted, f"the expiration of the create, {wanted}", f"{got}")


@check("3.7", "relinquish: the next claim that reads is bound", draft="RelinquishMailbox")
def relinquish_next(relay):
    box, other = relay.bound_box(), new_id()
    status(relay.relinquish(box, box.recipient), 200, "a relinquish by the recipient")
    status(relay.read(box, other), 200, "a read by another claim after it")


@check("3.7", "relinquish: after it the next claim is the only recipient")
def relinquish_bound(relay):
    box, other = relay.bound_box(), new_id()
    status(relay.relinquish(box, box.recipient), 200, "a relinquish by the recipient")
    status(relay.read(box, other), 200, "a read by another claim after it")
    status(relay.update(box, other), 200, "an update by the new recipient")
    status(relay.read(box, new_id()), 401, "a read by a third claim")


@check("3.7", "relinquish: only the recipient may", draft="RelinquishMailbox: Responses")
def relinquish_others(relay):
    box = relay.bound_box()
    with unchanged(relay, box, "a refused relinquish"):
        status(relay.relinquish(box, box.initiator), 401, "a relinquish by the initiator")
        status(relay.relinquish(box, new_id()), 401, "a relinquish by a stranger")
    status(relay.read(box, box.recipient), 200, "a read by the recipient after it")


@check("3.7", "relinquish: before anybody is bound it is a 401 and binds nobody")
def relinquish_nobody(relay):
    box = relay.new_box()
    status(relay.relinquish(box, box.recipient), 401, "a relinquish by a claim that is not bound")
    status(relay.read(box, new_id()), 200, "a first read after it")


@check("3.7", "relinquish: the claim that relinquished is not bound again and may do nothing")
def relinquish_out(relay):
    box = relay.bound_box()
    status(relay.relinquish(box, box.recipient), 200, "a relinquish by the recipient")
    with unchanged(relay, box, "calls by a claim that has relinquished"):
        status(relay.read(box, box.recipient), 401, "a read by the claim that relinquished")
        status(relay.update(box, box.recipient), 401, "an update by it")
        status(relay.delete(box, box.recipient), 401, "a delete by it")


@check("3.8", "delete: afterwards every call of the devices is a 404", draft="DeleteMailbox: Responses")
def deleted(relay):
    box = relay.bound_box()
    status(relay.delete(box, box.initiator), 200, "a delete by the initiator")
    for claim in (box.initiator, box.recipient):
        for what, answer in every_call(relay, box, claim):
            status(answer, 404, f"{what} after the delete")


@check("3.8", "delete: the two devices learn that the initiator ended it")
def ended_by_initiator(relay):
    box = relay.bound_box()
    status(relay.delete(box, box.initiator), 200, "a delete by the initiator")
    for claim in (box.initiator, box.recipient):
        ended(relay.read(box, claim), BY_INITIATOR, "a read after the initiator's delete")


@check("3.8", "delete: the two devices learn that the recipient ended it")
def ended_by_recipient(relay):
    box = relay.bound_box()
    status(relay.delete(box, box.recipient), 200, "a delete by the recipient")
    for claim in (box.initiator, box.recipient):
        ended(relay.read(box, claim), BY_RECIPIENT, "a read after the recipient's delete")


def same_404(relay, box, claim, what):
    """The answers to `claim` are those of an identifier that never existed, byte for byte."""
    mark = new_id()
    for call in (relay.read, relay.update, relay.relinquish, relay.delete):
        gone = call(box.id, claim, request_id=mark)
        never = call(new_id(), claim, request_id=mark)
        status(gone, 404, f"a {call.__name__} of {what}")
        that(gone.body == never.body, f"the body of an identifier that never existed for a {call.__name__} of {what}: "
             f"{never.described()}", gone)
        names = [[name for name, value in answer.headers if name != "date"] for answer in (gone, never)]
        that(names[0] == names[1], f"the headers {names[1]}", f"{names[0]}")


@check("3.8", "no oracle: a stranger sees an ended mailbox as one that never existed")
def oracle_stranger(relay):
    box = relay.bound_box()
    status(relay.delete(box, box.initiator, headers=[NOTE]), 200, "a delete by the initiator with an end note")
    for claim in (new_id(), None, "x"):
        same_404(relay, box, claim, "an ended mailbox")


@check("3.8", "no oracle: a stranger sees an expired mailbox as one that never existed")
def oracle_expired(relay):
    same_404(relay, expired_box(relay), new_id(), "an expired mailbox")


@check("3.8", "no oracle: a claim that relinquished sees the end as a stranger does")
def oracle_relinquished(relay):
    box = relay.bound_box()
    status(relay.relinquish(box, box.recipient), 200, "a relinquish by the recipient")
    status(relay.delete(box, box.initiator, headers=[NOTE]), 200, "a delete by the initiator with an end note")
    same_404(relay, box, box.recipient, "an ended mailbox")
