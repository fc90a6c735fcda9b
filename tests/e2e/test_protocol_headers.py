# SPDX-License-Identifier: Apache-2.0
"""Protocol section 2: the Mailbox-* headers, aliases, retries, conditions, long polls."""
import contextlib
import threading
import time

import pytest

import relay_process
from checks import (assert_bindable, assert_ended, assert_problem, look, unchanged)
from conftest import open_api
from relay_process import in_a_short_life, metrics, until_long_polls
from tigress_client import (CLAIM, PROOF, REQUEST_ID, create_message, encode, new_id,
                            wait_headers)
from tigress_envelope import new_secret, secret_proof


def call_by_name(api, name, box, claim, request_id):
    if name == "create":
        return api.create(None, claim, request_id)
    return getattr(api, name)(box, claim, request_id=request_id)


# spec-test: protocol/2#request-id-required
@pytest.mark.parametrize("name", ["create", "update", "delete", "relinquish"])
def request_id__missing_where_required__400_and_unchanged(api, name):
    box = api.bound_box()
    with unchanged(api, box):
        answer = call_by_name(api, name, box, box.recipient, None)
        assert_problem(answer, 400, REQUEST_ID)
    assert api.read(box, box.recipient).status == 200


# spec-test: protocol/2#request-id-required
def request_id__missing_on_read_and_preview__accepted(api):
    box = api.new_box()
    assert api.read(box, box.recipient).status == 200
    assert api.preview(box).status == 200


# spec-test: protocol/2#request-id-form
@pytest.mark.parametrize("value", ["x", "!", "~" * 128, "a-Z.0:9/\"{}\\", new_id(), "%00",
                                   "x" * 127])
def request_id__visible_ascii_up_to_128__echoed_verbatim(api, value):
    answer = api.create(request_id=value)
    assert answer.status == 200
    assert answer.header(REQUEST_ID) == value


@pytest.mark.parametrize("value", ["x" * 129, "x" * 1000, "", "a b", "a\tb", "caf\u00e9"])
@pytest.mark.parametrize("name", ["create", "update", "delete", "relinquish"])
def request_id__other_form__400_and_unchanged(api, name, value):
    box = api.bound_box()
    with unchanged(api, box):
        assert_problem(call_by_name(api, name, box, box.recipient, value), 400, REQUEST_ID)


def request_id__malformed_on_read__400_and_not_bound(api1):
    box = api1.new_box()
    assert_problem(api1.read(box, new_id(), request_id="x" * 129), 400, REQUEST_ID)
    assert_bindable(api1, box)


# spec-test: protocol/2#request-id-echo
def request_id__every_answer__echoed(api):
    box = api.bound_box()
    mark = [(REQUEST_ID, "Mark/" + new_id().upper())]
    none = None
    answers = {
        200: api.read(box, box.recipient, extra=mark),
        400: api.update(box, box.recipient, b"{", request_id=none, extra=mark),
        401: api.read(box, new_id(), extra=mark),
        404: api.read(new_id(), new_id(), extra=mark),
        405: api.call("DELETE", "/v1/m", mark),
        412: api.update(box, box.recipient, request_id=none, extra=mark + [("If-Match", '"9"')]),
        413: api.create(b" " * 65537, request_id=none, extra=mark),
        415: api.create(request_id=none, extra=mark, content_type="text/plain"),
        204: api.wait(box, box.recipient, 1, 0, mark),
    }
    for status, answer in answers.items():
        assert answer.status == status, (status, answer.body)
        assert answer.header(REQUEST_ID) == mark[0][1], status
    assert api.preview(box, extra=mark).header(REQUEST_ID) == mark[0][1]
    assert api.preview(box, "text/html", extra=mark).header(REQUEST_ID) == mark[0][1]


# spec-test: protocol/2#request-id-echo
@pytest.mark.parametrize("transport", ["h1", "h2"])
def request_id__relay_is_at_a_limit__echoed(tmp_path, transport):
    mark = [(REQUEST_ID, "Mark/" + new_id().upper())]
    args = ["--rate", "1", "--rate-burst", "60", "--max-long-polls", "1", "--workers", "1"]
    with relay_process.Relay(tmp_path, args=args) as relay, \
            contextlib.closing(open_api(relay, transport)) as api, \
            contextlib.closing(open_api(relay)) as other:
        box = api.new_box()
        poll = threading.Thread(target=other.wait, args=(box, box.initiator, 1, 50))
        poll.start()
        until_long_polls(relay, 1)
        full = api.wait(box, box.initiator, 1, 50, mark)
        assert_problem(full, 503, "long polls")
        assert full.header(REQUEST_ID) == mark[0][1]

        for headers, echo in ((mark, mark[0][1]), (mark + [(REQUEST_ID, "another")], None)):
            answers = (api.read(box, box.initiator, extra=headers) for _ in range(100))
            refused = next(a for a in answers if a.status not in (200, 400))
            assert_problem(refused, 429)
            assert refused.header(REQUEST_ID) == echo
    poll.join()


def request_id__not_sent__none_in_the_answer(api):
    assert api.preview(new_id()).header(REQUEST_ID) is None


# spec-test: protocol/2#device-claim
@pytest.mark.parametrize("value", [None, "", "x", "g" * 36, new_id()[:-1], new_id() + "0",
                                   new_id().replace("-", ""), "{" + new_id() + "}",
                                   new_id().replace("-", "_"), "urn:uuid:" + new_id()])
def claim__missing_or_malformed__401_and_unchanged(api, value):
    assert_problem(api.create(claim=value), 401, CLAIM)
    box = api.new_box()
    with unchanged(api, box):
        for name in ("read", "update", "delete", "relinquish"):
            assert_problem(call_by_name(api, name, box, value, new_id()), 401, CLAIM)
    assert_bindable(api, box)


def claim__wrong__401_and_unchanged(api):
    box = api.bound_box()
    with unchanged(api, box):
        for name in ("read", "update", "delete", "relinquish"):
            assert_problem(call_by_name(api, name, box, new_id(), new_id()), 401)


# spec-test: protocol/2#claim-form
def claim__other_case__the_same_claim(api):
    claim = "ABCDEFab" + new_id()[8:]
    request_id = new_id()
    first = api.create(None, claim.lower(), request_id)
    assert api.create(None, claim.upper(), request_id).status == 201
    box_id = first.json()["urlLink"].rsplit("/", 1)[1]
    assert api.read(box_id, claim).status == 200
    recipient = "CDEFabcd" + new_id()[8:]
    assert api.read(box_id, recipient.upper()).status == 200
    assert api.read(box_id, recipient.lower()).status == 200
    assert api.delete(box_id, recipient.swapcase()).status == 200


def claim__preview__not_needed_and_not_looked_at(api):
    box = api.new_box()
    for extra in ([], [(CLAIM, "nonsense")], [(CLAIM, new_id())]):
        assert api.preview(box, extra=extra).status == 200
    assert_bindable(api, box)


# spec-test: protocol/2#header-aliases
@pytest.mark.parametrize("alias", ["deviceClaim", "Device-Claim", "DEVICECLAIM", "device-claim"])
def alias__claim__accepted(api, alias):
    claim = new_id()
    answer = api.create(claim=None, extra=[(alias, claim)])
    assert answer.status == 200
    box_id = answer.json()["urlLink"].rsplit("/", 1)[1]
    assert api.read(box_id, None, extra=[(alias, claim)]).status == 200
    assert api.read(box_id, claim).status == 200
    assert_problem(api.read(box_id, None, extra=[(alias, "x")]), 401)


# spec-test: protocol/2#alias-conflict
# spec-test: protocol/2#claim-ambiguous
@pytest.mark.parametrize("alias", ["deviceClaim", "Device-Claim"])
def alias__claim_twice__same_accepted_different_400(api, alias):
    box = api.new_box()
    same = [(alias, box.initiator)]
    assert api.read(box, box.initiator, extra=same).status == 200
    with unchanged(api, box):
        assert_problem(api.read(box, box.initiator, extra=[(alias, new_id())]), 400, CLAIM)
        assert_problem(api.update(box, box.initiator, extra=[(alias, new_id())]), 400, CLAIM)
        assert_problem(api.delete(box, box.initiator, extra=[(alias, new_id())]), 400, CLAIM)
    assert_problem(api.create(extra=[(alias, new_id())]), 400, CLAIM)
    assert_bindable(api, box)


@pytest.mark.parametrize("alias", ["deviceAttestation", "Device-Attestation"])
def alias__attestation__accepted_and_different_400(api, alias):
    name = "Mailbox-Device-Attestation"
    assert api.create(extra=[(alias, "AAAA")]).status == 200
    assert api.create(extra=[(alias, "AAAA"), (name, "AAAA")]).status == 200
    assert_problem(api.create(extra=[(alias, "AAAA"), (name, "BBBB")]), 400, name)


def header__twice_with_different_values__refused(api):
    box = api.new_box()
    with unchanged(api, box):
        twice = [(CLAIM, new_id())]
        assert api.read(box, box.initiator, extra=twice).status in (400, 401)
        assert api.update(box, box.initiator, extra=[(REQUEST_ID, new_id())]).status == 400
    assert_bindable(api, box)


# spec-test: protocol/2#version-counts
def version__create_read_update__counts_accepted_updates(api):
    claim, request_id = new_id(), new_id()
    answer = api.create(None, claim, request_id)
    assert answer.header("mailbox-version") == "1"
    assert api.create(None, claim, request_id).header("mailbox-version") == "1"
    box = api.bound_box()
    assert api.read(box, box.recipient).header("mailbox-version") == "1"
    for expected in range(2, 7):
        claim = box.recipient if expected % 2 else box.initiator
        assert api.update(box, claim).header("mailbox-version") == str(expected)
        assert api.read(box, box.initiator).header("mailbox-version") == str(expected)
    assert api.update(box, box.recipient, b"{").status == 400
    assert api.read(box, box.initiator).header("mailbox-version") == "6"


# ---- retries ------------------------------------------------------------------------------------

# spec-test: protocol/2#create-retry
def create__repeated__201_same_link_and_nothing_done(api):
    box = api.new_box()
    other = create_message(payload={"type": "t", "data": "other"})
    for message in (box.message, other):
        answer = api.create(message, box.initiator, box.create_id)
        assert answer.status == 201
        assert answer.json()["urlLink"] == box.link
        assert answer.json()["isPushNotificationSupported"] is False
    got = api.read(box, box.recipient)
    assert got.json()["payload"] == box.message["payload"]


def create__repeated_after_bind_and_updates__201_and_unchanged(api):
    box = api.bound_box()
    for _ in range(10):
        assert api.update(box, box.initiator).status == 200
    with unchanged(api, box):
        answer = api.create(box.message, box.initiator, box.create_id)
        assert (answer.status, answer.json()["urlLink"]) == (201, box.link)
    assert api.read(box, box.recipient).status == 200


def create__same_request_id_other_claim__another_mailbox(api):
    box = api.new_box()
    answer = api.create(box.message, new_id(), box.create_id)
    assert answer.status == 200
    assert answer.json()["urlLink"] != box.link


def create__same_claim_other_request_id__another_mailbox(api):
    box = api.new_box()
    answer = api.create(box.message, box.initiator, new_id())
    assert answer.status == 200
    assert answer.json()["urlLink"] != box.link


# spec-test: protocol/3#tombstone-stops-create
def create__repeated_after_delete__does_not_come_back(api):
    box = api.bound_box()
    assert api.delete(box, box.initiator).status == 200
    assert api.create(box.message, box.initiator, box.create_id).status in (201, 404)
    assert_ended(api.read(box, box.initiator), "ended-by-initiator")
    assert_ended(api.read(box, box.recipient), "ended-by-initiator")
    assert_problem(api.read(box, new_id()), 404)
    assert api.preview(box).status == 404


# spec-test: protocol/2#update-retry
def update__repeated__201_and_nothing_done(api):
    box = api.bound_box()
    request_id = new_id()
    first = api.update(box, box.recipient, request_id=request_id)
    assert first.status == 200
    with unchanged(api, box):
        again = api.update(box, box.recipient, {"payload": {"type": "t", "data": "late"}},
                           request_id=request_id)
        assert again.status == 201
        assert again.json() == first.json()


def update__late_duplicate_of_an_older_one__newer_stays(api):
    box = api.bound_box()
    old = new_id()
    assert api.update(box, box.recipient, request_id=old).status == 200
    newer = {"payload": {"type": "t", "data": "newer"}}
    assert api.update(box, box.initiator, newer).status == 200
    with unchanged(api, box):
        assert api.update(box, box.recipient, request_id=old).status == 201
    assert api.read(box, box.recipient).json()["payload"] == newer["payload"]


def update__repeated_with_the_if_match_it_made_stale__201(api):
    box = api.bound_box()
    request_id = new_id()
    match = [("If-Match", '"1"')]
    assert api.update(box, box.recipient, request_id=request_id, extra=match).status == 200
    with unchanged(api, box):
        assert api.update(box, box.recipient, request_id=request_id, extra=match).status == 201


# spec-test: protocol/2#eight-requests-remembered
def update__eight_later__still_known_nine_later_forgotten(api):
    box = api.bound_box()
    ids = [new_id() for _ in range(9)]
    for request_id in ids[:8]:
        assert api.update(box, box.recipient, request_id=request_id).status == 200
    with unchanged(api, box):
        for request_id in ids[:8]:
            assert api.update(box, box.recipient, request_id=request_id).status == 201
    assert api.update(box, box.recipient, request_id=ids[8]).status == 200
    with unchanged(api, box):
        for request_id in ids[1:]:
            assert api.update(box, box.recipient, request_id=request_id).status == 201
    assert api.update(box, box.recipient, request_id=ids[0]).status == 200


def update__same_request_id_of_the_two_devices__both_done(api):
    box = api.bound_box()
    request_id = new_id()
    assert api.update(box, box.recipient, request_id=request_id).status == 200
    assert api.update(box, box.initiator, request_id=request_id).status == 200
    assert look(api, box)[2] == "3"


def update__ids_that_differ_in_case__different_requests(api):
    box = api.bound_box()
    assert api.update(box, box.recipient, request_id="Id-a").status == 200
    assert api.update(box, box.recipient, request_id="Id-A").status == 200


def update__same_request_id_in_another_mailbox__done(api):
    request_id = new_id()
    for box in (api.bound_box(), api.bound_box()):
        assert api.update(box, box.recipient, request_id=request_id).status == 200


# spec-test: protocol/2#relinquish-retry
def relinquish__repeated__201_and_nothing_done(api):
    box = api.bound_box()
    request_id = new_id()
    assert api.relinquish(box, box.recipient, request_id).status == 200
    assert api.relinquish(box, box.recipient, request_id).status == 201
    other = new_id()
    assert api.read(box, other).status == 200
    assert api.relinquish(box, box.recipient, request_id).status == 201
    assert api.read(box, other).status == 200


# spec-test: protocol/2#delete-retry
def delete__repeated__404(api):
    box = api.bound_box()
    request_id = new_id()
    assert api.delete(box, box.initiator, request_id).status == 200
    assert_ended(api.delete(box, box.initiator, request_id), "ended-by-initiator")


# spec-test: protocol/2#read-idempotent
def read__repeated_with_the_same_request_id__the_same_200(api):
    box = api.new_box()
    first = api.read(box, box.recipient, request_id="r-1")
    again = api.read(box, box.recipient, request_id="r-1")
    assert (first.status, again.status) == (200, 200)
    assert first.json() == again.json()


# ---- If-Match -----------------------------------------------------------------------------------

# spec-test: protocol/2#if-match
def if_match__current_version__updated(api):
    box = api.bound_box()
    for version in range(1, 4):
        match = [("If-Match", f'"{version}"')]
        assert api.update(box, box.recipient, extra=match).status == 200


@pytest.mark.parametrize("value", ['"0"', '"1"', '"3"', '"18446744073709551615"'])
def if_match__other_version__412_and_unchanged(api, value):
    box = api.bound_box()
    assert api.update(box, box.initiator).status == 200
    with unchanged(api, box):
        assert_problem(api.update(box, box.recipient, extra=[("If-Match", value)]), 412,
                       "If-Match")


# spec-test: protocol/2#if-match-form
@pytest.mark.parametrize("value", ["1", "abc", '"abc"', '"1', '1"', '"-1"', '"+1"', '" 1"',
                                   '"18446744073709551616"', '""', "", '"01x"'])
def if_match__malformed__400_and_unchanged(api, value):
    box = api.bound_box()
    with unchanged(api, box):
        assert_problem(api.update(box, box.recipient, extra=[("If-Match", value)]), 400,
                       "If-Match")


def if_match__none__overwrites(api):
    box = api.bound_box()
    for claim in (box.initiator, box.recipient, box.initiator):
        assert api.update(box, claim).status == 200


# ---- long poll ----------------------------------------------------------------------------------

class Waiter(threading.Thread):
    """A long poll on a separate connection."""

    def __init__(self, relay, transport, box, claim, known, wait_s):
        super().__init__()
        self.api = open_api(relay, transport, timeout=wait_s + 30)
        self.args = (box, claim, known, wait_s)
        self.answer = None
        self.took_s = None
        self.start()

    def run(self):
        began = time.monotonic()
        self.answer = self.api.wait(*self.args)
        self.took_s = time.monotonic() - began
        self.api.close()

    def result(self):
        self.join(LONG_S + 40)
        assert self.answer is not None, "no answer"
        return self.answer


LONG_S = 60  # the longest wait
SOON_S = 40  # less than that, and much more than a wake-up on a slow machine


def waiting(relay, transport, box, claim, known=1):
    before = metrics(relay)["tigress_long_polls"]
    waiter = Waiter(relay, transport, box, claim, known, LONG_S)
    until_long_polls(relay, before + 1)
    return waiter


# spec-test: protocol/2#long-poll
@pytest.mark.parametrize("transport", ["h1", "h2"])
@pytest.mark.parametrize("side", ["initiator", "recipient"])
def wait__update_by_the_other__wakes_with_the_content(relay, api1, transport, side):
    box = api1.bound_box()
    claims = {"initiator": box.initiator, "recipient": box.recipient}
    other = claims["recipient" if side == "initiator" else "initiator"]
    waiter = waiting(relay, transport, box, claims[side])
    payload = {"type": "t", "data": "woken"}
    assert api1.update(box, other, {"payload": payload}).status == 200
    answer = waiter.result()
    assert waiter.took_s < SOON_S
    assert (answer.status, answer.json()["payload"]) == (200, payload)
    assert answer.header("mailbox-version") == "2"


@pytest.mark.parametrize("transport", ["h1", "h2"])
@pytest.mark.parametrize("ender, reason", [("initiator", "ended-by-initiator"), ("recipient", "ended-by-recipient")])
def wait__delete_by_the_other__wakes_with_404(relay, api1, transport, ender, reason):
    box = api1.bound_box()
    by, other = (box.initiator, box.recipient) if ender == "initiator" else (box.recipient,
                                                                             box.initiator)
    waiter = waiting(relay, transport, box, other)
    assert api1.delete(box, by).status == 200
    assert_ended(waiter.result(), reason)
    assert waiter.took_s < SOON_S


# spec-test: protocol/4#other-side-told
@pytest.mark.parametrize("transport", ["h1", "h2"])
def wait__relinquish_by_the_recipient__initiator_wakes(relay, api1, transport):
    box = api1.bound_box()
    waiter = waiting(relay, transport, box, box.initiator)
    assert api1.relinquish(box, box.recipient).status == 200
    answer = waiter.result()
    assert answer.status in (200, 204)
    assert answer.header("mailbox-version") == "1"
    assert waiter.took_s < SOON_S


# spec-test: protocol/2#long-poll
def wait__nothing_happens__204_with_version_after_the_wait(api):
    box = api.bound_box()
    began = time.monotonic()
    answer = api.wait(box, box.recipient, 1, 1)
    took_s = time.monotonic() - began
    assert (answer.status, answer.body) == (204, b"")
    assert answer.header("mailbox-version") == "1"
    assert 0.9 <= took_s < SOON_S


def wait__expiration_during_the_wait__404(api):
    box = in_a_short_life(lambda life_s: api.bound_box(expires_s=life_s + 1))
    began = time.monotonic()
    answer = api.wait(box, box.recipient, 1, LONG_S)
    assert_ended(answer, "expired")
    assert time.monotonic() - began < SOON_S


@pytest.mark.parametrize("known", [0, 1])
def wait__known_version_is_old__answered_at_once(api, known):
    box = api.bound_box()
    assert api.update(box, box.initiator).status == 200
    answer = api.wait(box, box.recipient, known, LONG_S)
    assert answer.status == 200
    assert answer.header("mailbox-version") == "2"


def wait__zero_seconds__204_at_once(api):
    box = api.bound_box()
    assert api.wait(box, box.recipient, 1, 0).status == 204


# spec-test: protocol/2#prefer-wait
def wait__without_known_version__an_ordinary_read(api):
    box = api.bound_box()
    assert api.read(box, box.recipient, extra=[("Prefer", f"wait={LONG_S}")]).status == 200


@pytest.mark.parametrize("prefer", ["respond-async", "wait", "wait=", "wait=x", "wait=-1",
                                    "wait=1.5", "return=minimal", "wait=99999999999999999999"])
def wait__malformed_prefer__400_or_not_waited(api1, prefer):
    box = api1.bound_box()
    began = time.monotonic()
    extra = [("Prefer", prefer), ("Mailbox-Known-Version", "0")]
    assert api1.read(box, box.recipient, extra=extra).status in (200, 400)
    assert time.monotonic() - began < SOON_S


@pytest.mark.parametrize("known", ["x", "-1", "", "1.0", "18446744073709551616"])
def wait__malformed_known_version__400(api, known):
    box = api.bound_box()
    assert_problem(api.wait(box, box.recipient, known, 1), 400, "Mailbox-Known-Version")


def wait__wrong_claim__401_at_once(api):
    box = api.bound_box()
    began = time.monotonic()
    assert_problem(api.wait(box, new_id(), 1, LONG_S), 401)
    assert time.monotonic() - began < SOON_S


def wait__unknown_mailbox__404_at_once(api):
    began = time.monotonic()
    assert_problem(api.wait(new_id(), new_id(), 1, LONG_S), 404)
    assert time.monotonic() - began < SOON_S


def wait__own_update_elsewhere__wakes_too(relay, api1):
    """The version is above the known one; the device that changed it does not matter."""
    box = api1.bound_box()
    waiter = waiting(relay, "h1", box, box.recipient)
    assert api1.update(box, box.recipient).status == 200
    assert waiter.result().status == 200


def wait__both_sides_at_once__each_wakes(relay, api1):
    box = api1.bound_box()
    waiters = [waiting(relay, "h2", box, box.recipient), waiting(relay, "h1", box, box.initiator)]
    assert api1.update(box, box.initiator).status == 200
    for waiter in waiters:
        assert waiter.result().status == 200


def wait__other_streams_of_the_connection__not_held_up(api2):
    boxes = [api2.bound_box() for _ in range(8)]
    carrier = api2.transport
    streams = [carrier.start("POST", box.path, api2.headers(
        box.recipient, None, wait_headers(1, LONG_S))) for box in boxes]
    assert api2.update(boxes[3], boxes[3].initiator).status == 200
    assert carrier.finish(streams[3], SOON_S).status == 200
    assert not carrier.is_answered(streams[4], 0.2)
    for box, stream in zip(boxes, streams):
        if box is not boxes[3]:
            assert api2.delete(box, box.initiator).status == 200
            assert_ended(carrier.finish(stream, SOON_S), "ended-by-initiator")


def wait__client_goes_away__relay_unharmed(relay, api1):
    box = api1.bound_box()
    for transport in ("h1", "h2"):
        for _ in range(5):
            api = open_api(relay, transport)
            headers = api.headers(box.recipient, None, wait_headers(1, 20))
            if transport == "h1":
                api.transport.conn.putrequest("POST", box.path)
                for name, value in headers + [("Content-Length", "0")]:
                    api.transport.conn.putheader(name, value)
                api.transport.conn.endheaders()
            else:
                api.transport.start("POST", box.path, headers)
            api.close()
    assert api1.update(box, box.initiator).status == 200
    assert api1.read(box, box.recipient).header("mailbox-version") == "2"


# spec-test: protocol/2#long-poll-cap
@pytest.mark.soak
def wait__beyond_the_cap__204_after_sixty_seconds(relay, api1):
    box = api1.bound_box()
    waiter = Waiter(relay, "h1", box, box.recipient, 1, 90)
    assert waiter.join(80) is None and waiter.answer is not None
    assert waiter.answer.status == 204
    assert 55 < waiter.took_s < 70


# ---- proof of secret (section 6, opt-in) --------------------------------------------------------

# spec-test: protocol/6#proof-of-secret
def proof__asked_for__only_its_holder_binds(api):
    proof, verifier = secret_proof(new_secret())
    wrong = secret_proof(new_secret())[0]
    box = api.new_box(extra=[(PROOF, "verifier=" + verifier)])
    for extra, status in (([], 401), ([(PROOF, "proof=" + wrong)], 401),
                          ([(PROOF, "verifier=" + verifier)], 400)):
        with unchanged(api, box):
            assert_problem(api.read(box, new_id(), extra=extra), status, PROOF)
    assert api.read(box, box.recipient, extra=[(PROOF, "proof=" + proof)]).status == 200
    assert api.read(box, box.recipient).status == 200
    assert_problem(api.read(box, new_id(), extra=[(PROOF, "proof=" + proof)]), 401)


def proof__not_asked_for__any_proof_is_ignored(api):
    box = api.new_box()
    proof = secret_proof(new_secret())[0]
    assert api.read(box, box.recipient, extra=[(PROOF, "proof=" + proof)]).status == 200


# spec-test: protocol/2#header-without-meaning
def proof__on_a_create__400_and_no_mailbox_without_protection(api):
    claim, request_id = new_id(), new_id()
    proof, verifier = secret_proof(new_secret())
    for extra in ([(PROOF, "proof=" + proof)],
                  [(PROOF, "verifier=" + verifier), (PROOF, "proof=" + proof)]):
        assert_problem(api.create(None, claim, request_id, extra), 400, PROOF)
    # Nothing was made: the same create is not a repetition.
    assert api.create(None, claim, request_id, [(PROOF, "verifier=" + verifier)]).status == 200


# spec-test: protocol/2#header-without-meaning
@pytest.mark.parametrize("header", [
    ("If-Match", '"1"'), ("If-Match", '"9"'), ("If-None-Match", "*"), ("Mailbox-Known-Version", "1"),
    ("Mailbox-Version", "1"), (PROOF, "proof=" + "A" * 43), (PROOF, "verifier=" + "A" * 43)])
def condition__on_a_call_that_does_not_compare_it__400_and_unchanged(api, header):
    box = api.bound_box()
    with unchanged(api, box):
        for call, claim in ((api.delete, box.initiator), (api.delete, box.recipient),
                            (api.relinquish, box.recipient)):
            assert_problem(call(box, claim, extra=[header]), 400, header[0])
    assert api.preview(box, extra=[header]).status == 200


@pytest.mark.parametrize("value", ["", "x", "verifier=", "verifier=AAAA", "verifier=" + "A" * 44,
                                   "verifier=" + "*" * 43, "secret=" + "A" * 43])
def proof__malformed_on_create__400(api, value):
    assert_problem(api.create(extra=[(PROOF, value)]), 400, PROOF)


def proof__malformed_on_read__refused_and_not_bound(api1):
    proof, verifier = secret_proof(new_secret())
    box = api1.new_box(extra=[(PROOF, "verifier=" + verifier)])
    for value in ("proof=", "proof=AAAA", "proof=" + "*" * 43, proof):
        assert api1.read(box, new_id(), extra=[(PROOF, value)]).status in (400, 401)
    assert api1.read(box, box.recipient, extra=[(PROOF, "proof=" + proof)]).status == 200


def message__helper__encodes_bytes_as_they_are():
    """The helper that sends malformed bodies does not repair them."""
    assert encode(b"{") == b"{"
