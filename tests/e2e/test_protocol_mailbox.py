# SPDX-License-Identifier: Apache-2.0
"""Protocol section 3: identifier, claims, rights, expiration, relinquish, delete, limits."""
import re
import time

import pytest

from checks import (UUID4, assert_bindable, assert_ended, assert_problem, assert_unknown, look,
                    media_type, unchanged)
from relay_process import in_a_short_life, until_expired
from tigress_client import create_message, expires_in, new_id, utc_text

DAY_S = 86400
EXPIRATION_MAX_S = 30 * DAY_S
EXPIRATION_DEFAULT_S = 48 * 3600
RIGHTS = ["R", "W", "D", "RW", "RD", "WD", "RWD"]


# spec-test: protocol/3#identifier-derived
def identifier__created__a_new_version_4_uuid_each_time(api):
    seen = {api.new_box().id for _ in range(20)}
    assert len(seen) == 20
    for box_id in seen:
        assert UUID4.fullmatch(box_id), box_id


def identifier__bits__look_random(api1):
    """Each of the 122 bits takes both values."""
    ones = zeros = 0
    for _ in range(60):
        value = int(api1.new_box().id.replace("-", ""), 16)
        ones |= value
        zeros |= ~value
    free = (1 << 128) - 1
    free &= ~(0xf << 76) & ~(0x3 << 62)
    assert ones & free == free
    assert zeros & free == free


# ---- claim binding ------------------------------------------------------------------------------

# spec-test: protocol/3#first-read-binds
def bind__first_read_by_another__everyone_else_401(api):
    box = api.new_box()
    first = api.read(box, box.recipient)
    assert first.status == 200
    with unchanged(api, box):
        for _ in range(3):
            assert_problem(api.read(box, new_id()), 401)
    again = api.read(box, box.recipient)
    assert (again.status, again.json()) == (200, first.json())


# spec-test: protocol/3#initiator-binds-at-creation
def bind__initiator_reads_first__recipient_place_stays_free(api):
    box = api.new_box()
    assert api.read(box, box.initiator).status == 200
    assert_bindable(api, box)


# spec-test: protocol/4#preview-changes-nothing
def bind__previews_by_robots__recipient_place_stays_free(api):
    box = api.new_box()
    with unchanged(api, box):
        for accept in ("text/html", "application/json", "*/*", None):
            assert api.preview(box, accept).status == 200
            assert api.preview(box, accept, method="HEAD").status == 200
    assert_bindable(api, box)


# spec-test: protocol/3#two-devices
@pytest.mark.parametrize("name", ["update", "delete", "relinquish"])
def bind__other_calls_by_a_stranger__401_and_not_bound(api, name):
    box = api.new_box()
    with unchanged(api, box):
        assert_problem(getattr(api, name)(box, box.recipient), 401)
    other = new_id()
    assert api.read(box, other).status == 200
    assert_problem(api.read(box, box.recipient), 401)


def bind__refused_read__not_bound(api):
    box = api.new_box()
    assert api.read(box, new_id(), b"{").status == 400
    assert api.read(box, new_id(), {"notificationToken": {"type": "a"}}).status == 400
    assert_bindable(api, box)


def bind__long_poll_by_a_new_claim__binds_it(api):
    """A claim that was bound stays bound while the answer waits."""
    box = api.new_box()
    assert api.wait(box, box.recipient, 1, 0).status == 204
    assert_problem(api.read(box, new_id()), 401)
    assert api.read(box, box.recipient).status == 200


# ---- rights -------------------------------------------------------------------------------------

# spec-test: protocol/3#right-read
# spec-test: protocol/3#right-write
# spec-test: protocol/3#right-delete
# spec-test: protocol/3#initiator-may-always-delete
@pytest.mark.parametrize("rights", RIGHTS)
def rights__matrix__each_call_of_each_device(api, rights):
    box = api.new_box(rights=rights)
    may_read = "R" in rights
    # Without R nobody can become the recipient, so only the initiator has a claim.
    assert api.read(box, box.recipient).status == (200 if may_read else 401)
    claims = [box.recipient, box.initiator] if may_read else [box.initiator]
    for claim in claims:
        assert api.read(box, claim).status == (200 if may_read else 401)
        assert api.update(box, claim).status == (200 if "W" in rights else 401)
    if may_read:
        assert api.delete(box, box.recipient).status == (200 if "D" in rights else 401)
        if "D" in rights:
            assert_ended(api.read(box, box.recipient), "ended-by-recipient")
            return
        with unchanged(api, box):
            assert_problem(api.delete(box, box.recipient), 401)
        assert api.read(box, box.recipient).status == 200
    assert api.preview(box).status == 200
    assert api.delete(box, box.initiator).status == 200
    assert_ended(api.read(box, box.initiator), "ended-by-initiator")


def rights__relinquish__needs_none_but_the_recipient(api):
    box = api.bound_box(rights="R")
    assert api.relinquish(box, box.recipient).status == 200


@pytest.mark.parametrize("rights", ["R", "RD"])
def rights__no_write__401_and_unchanged(api, rights):
    box = api.bound_box(rights=rights)
    with unchanged(api, box):
        for claim in (box.initiator, box.recipient):
            assert_problem(api.update(box, claim), 401)


# spec-test: protocol/3#rights-default
@pytest.mark.parametrize("options", [{"rights": None}, {"rights": None, "expires_s": None}])
def rights__not_given__read_and_delete(api, options):
    box = api.bound_box(**options)
    with unchanged(api, box):
        assert_problem(api.update(box, box.recipient), 401)
        assert_problem(api.update(box, box.initiator), 401)
    assert api.delete(box, box.recipient).status == 200


@pytest.mark.parametrize("rights", ["DWR", "WR", "DR"])
def rights__any_order__accepted(api, rights):
    box = api.new_box(rights=rights)
    assert api.update(box, box.initiator).status == (200 if "W" in rights else 401)


# spec-test: protocol/3#access-rights
@pytest.mark.parametrize("rights", ["", "RR", "RWR", "RWDD", "X", "RX", "r", "rwd", "R W", "R,W",
                                    " R", "RWDRWD", 1, True, ["R"], {"R": 1}])
def rights__malformed__400(api, rights):
    message = create_message()
    message["mailboxConfiguration"]["accessRights"] = rights
    assert_problem(api.create(message), 400, "accessRights")


# ---- expiration ---------------------------------------------------------------------------------

def with_expiration(value):
    message = create_message()
    message["mailboxConfiguration"]["expiration"] = value
    return message


def seconds_from_now(text):
    import calendar
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - time.time()


# spec-test: protocol/3#expiration-optional-in-configuration
@pytest.mark.parametrize("config", [{}, {"accessRights": "R"}, {"expiration": None}])
def expiration__missing_in_configuration__48_hours(api, config):
    box = api.new_box(create_message(rights=None, expires_s=None, mailboxConfiguration=config))
    left = seconds_from_now(api.read(box, box.recipient).json()["expiration"])
    assert abs(left - EXPIRATION_DEFAULT_S) < 60


# spec-test: protocol/3#expiration-default
def expiration__no_configuration__48_hours(api):
    box = api.new_box(rights=None, expires_s=None)
    left = seconds_from_now(api.read(box, box.recipient).json()["expiration"])
    assert abs(left - EXPIRATION_DEFAULT_S) < 60


def expiration__given__returned_by_read_and_preview(api):
    text = expires_in(7777)
    box = api.new_box(with_expiration(text))
    assert api.read(box, box.recipient).json()["expiration"] == text
    assert api.preview(box).json()["expiration"] == text


# spec-test: protocol/3#expiration-format
@pytest.mark.parametrize("value", [
    "", "tomorrow", "2027-02-30T00:00:00Z", "2027-13-01T00:00:00Z", "2027-00-10T00:00:00Z",
    "2027-01-00T00:00:00Z", "2027-01-01T24:00:00Z", "2027-01-01T00:60:00Z",
    "2027-01-01T00:00:60Z", "2027-01-01T00:00:00", "2027-01-01T00:00:00+00:00",
    "2027-01-01T00:00:00z", "2027-01-01t00:00:00Z", "2027-01-01 00:00:00Z",
    "2027-01-01T00:00:00.5Z", "2027-1-1T0:0:0Z", "20270101T000000Z", "2027-01-01",
    " 2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z ", "+2027-01-01T00:00:00Z", 1800000000,
    True, [], {}])
def expiration__malformed__400(api, value):
    assert_problem(api.create(with_expiration(value)), 400, "expiration")


# spec-test: protocol/3#expiration-not-past
@pytest.mark.parametrize("ago_s", [1, 3600, 400 * DAY_S])
def expiration__past__400_naming_the_bound(api, ago_s):
    problem = assert_problem(api.create(with_expiration(utc_text(time.time() - ago_s))), 400,
                             "expiration")
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", problem["detail"])


def expiration__year_1_and_1969__400(api):
    for value in ("0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z"):
        assert_problem(api.create(with_expiration(value)), 400, "expiration")


# spec-test: protocol/3#expiration-max
def expiration__at_the_maximum__accepted(api):
    now = time.time() - 0.05  # the relay reads a clock that is some milliseconds late
    assert api.create(with_expiration(utc_text(now + EXPIRATION_MAX_S))).status == 200


@pytest.mark.parametrize("over_s", [10, DAY_S, 5000 * DAY_S])
def expiration__beyond_the_maximum__400_naming_the_bound(api, over_s):
    value = utc_text(time.time() + EXPIRATION_MAX_S + over_s)
    problem = assert_problem(api.create(with_expiration(value)), 400, "expiration")
    bound = re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", problem["detail"])
    if bound:
        assert abs(seconds_from_now(bound.group()) - EXPIRATION_MAX_S) < 60
    else:
        assert "30" in problem["detail"]


# spec-test: protocol/3#expiration
def expiration__the_moment_it_comes__404_for_every_call(api):
    def made(life_s):
        expires = int(time.time()) + life_s + 1
        box = api.bound_box(message=with_expiration(utc_text(expires)))
        return box, api.new_box(with_expiration(utc_text(expires))), expires

    box, unbound, expires = in_a_short_life(made)
    until_expired(expires)
    for claim in (box.initiator, box.recipient):
        for name in ("read", "update", "relinquish", "delete"):
            assert_ended(getattr(api, name)(box, claim), "expired")
    assert_unknown(api.read(box, new_id()))
    assert_unknown(api.read(unbound, new_id()))
    assert_ended(api.read(unbound, unbound.initiator), "expired")
    assert api.preview(box).status == 404
    assert api.preview(box, "text/html").status == 404


# ---- relinquish ---------------------------------------------------------------------------------

# spec-test: protocol/3#relinquish-unbinds
def relinquish__by_the_recipient__next_claim_binds_anew(api):
    box = api.bound_box()
    before = look(api, box)
    assert api.relinquish(box, box.recipient).status == 200
    assert look(api, box) == before
    other = new_id()
    assert api.read(box, other).status == 200
    assert_problem(api.read(box, box.recipient), 401)
    assert api.update(box, other).status == 200
    assert_problem(api.update(box, box.recipient), 401)


# spec-test: protocol/2#late-duplicate-after-relinquish
def relinquish__and_read_again__only_under_another_claim(api):
    box = api.bound_box()
    claim = box.recipient
    for _ in range(3):
        assert api.relinquish(box, claim).status == 200
        assert_problem(api.update(box, claim), 401)
        assert_problem(api.read(box, claim), 401)
        claim = new_id()
        assert api.read(box, claim).status == 200
    assert_problem(api.read(box, box.recipient), 401)


# spec-test: protocol/3#relinquish-recipient-only
def relinquish__by_initiator_or_stranger__401_and_unchanged(api):
    box = api.bound_box()
    with unchanged(api, box):
        assert_problem(api.relinquish(box, box.initiator), 401)
        assert_problem(api.relinquish(box, new_id()), 401)
    assert api.read(box, box.recipient).status == 200
    assert_problem(api.read(box, new_id()), 401)


def relinquish__nobody_bound__401(api):
    box = api.new_box()
    with unchanged(api, box):
        assert_problem(api.relinquish(box, box.recipient), 401)
        assert_problem(api.relinquish(box, box.initiator), 401)
    assert_bindable(api, box)


def relinquish__again_with_a_new_request_id__401(api):
    box = api.bound_box()
    assert api.relinquish(box, box.recipient).status == 200
    assert_problem(api.relinquish(box, box.recipient), 401)


# ---- delete and tombstones ----------------------------------------------------------------------

# spec-test: protocol/3#tombstone
# spec-test: protocol/3#ended-told-to-bound-devices
@pytest.mark.parametrize("by, reason", [("initiator", "ended-by-initiator"), ("recipient", "ended-by-recipient")])
def delete__by_one_device__both_learn_who_ended_it(api, by, reason):
    box = api.bound_box()
    assert api.delete(box, getattr(box, by)).status == 200
    for claim in (box.initiator, box.recipient):
        for name in ("read", "update", "relinquish", "delete"):
            assert_ended(getattr(api, name)(box, claim), reason)


# spec-test: protocol/3#ended-told-to-bound-devices
@pytest.mark.parametrize("by", ["initiator", "recipient"])
def delete__seen_by_a_stranger__as_if_it_never_existed(api, by):
    box = api.bound_box()
    assert api.delete(box, getattr(box, by)).status == 200
    for claim in (new_id(), None, "x"):
        for name in ("read", "update", "relinquish", "delete"):
            gone = getattr(api, name)(box, claim, request_id="same")
            never = getattr(api, name)(new_id(), claim, request_id="same")
            assert_unknown(gone)
            assert gone.body == never.body
            skip = ("date",)
            assert [h for h in gone.headers if h[0] not in skip] == \
                [h for h in never.headers if h[0] not in skip]


def delete__before_anyone_read__withdrawn(api):
    box = api.new_box()
    assert api.delete(box, box.initiator).status == 200
    assert_ended(api.read(box, box.initiator), "ended-by-initiator")
    assert_unknown(api.read(box, box.recipient))


def delete__by_a_relinquished_claim__401_and_unchanged(api):
    box = api.bound_box()
    assert api.relinquish(box, box.recipient).status == 200
    with unchanged(api, box):
        assert_problem(api.delete(box, box.recipient), 401)


# spec-test: protocol/5#used-told-from-unknown
def delete__preview_page__states_that_it_was_used_or_withdrawn(api):
    pages = {}
    for by in ("initiator", "recipient"):
        box = api.bound_box()
        assert api.delete(box, getattr(box, by)).status == 200
        answer = api.preview(box, "text/html")
        assert (answer.status, media_type(answer)) == (404, "text/html")
        pages[by] = answer.body.replace(box.id.encode(), b"")
        for text in (box.message["displayInformation"]["title"], "img.example"):
            assert text.encode() not in answer.body
    never = api.preview(new_id(), "text/html")
    assert (never.status, media_type(never)) == (404, "text/html")
    assert never.body not in pages.values()


# ---- limits -------------------------------------------------------------------------------------

STRINGS = [("payload", "type", 64), ("displayInformation", "title", 256),
           ("displayInformation", "description", 1024), ("displayInformation", "imageURL", 2048),
           ("notificationToken", "type", 128), ("notificationToken", "tokenData", 4096)]


def message_with(outer, member, value):
    message = create_message(token={"type": "t", "tokenData": "d"})
    message[outer][member] = value
    return message


# spec-test: protocol/3#limits
@pytest.mark.parametrize("outer, member, limit", STRINGS)
def limit__at_n__accepted_and_returned_whole(api, outer, member, limit):
    for value in ("x" * limit, "\u00e9" * (limit // 2)):
        box = api.new_box(message_with(outer, member, value))
        got = api.read(box, box.recipient).json()
        if outer != "notificationToken":
            assert got[outer][member] == value


@pytest.mark.parametrize("outer, member, limit", STRINGS)
def limit__at_n_plus_1__400_naming_the_member(api, outer, member, limit):
    for value in ("x" * (limit + 1), "\u00e9" * (limit // 2) + "x", "\\u0041" * limit):
        assert_problem(api.create(message_with(outer, member, value)), 400, member)


@pytest.mark.parametrize("outer, member, limit",
                         [row for row in STRINGS if row[0] != "displayInformation"])
def limit__at_n_plus_1_in_update__400_and_unchanged(api, outer, member, limit):
    box = api.bound_box()
    message = {"payload": {"type": "t", "data": "d"},
               "notificationToken": {"type": "t", "tokenData": "d"}}
    message[outer][member] = "x" * limit
    assert api.update(box, box.recipient, message).status == 200
    message[outer][member] += "x"
    with unchanged(api, box):
        assert_problem(api.update(box, box.recipient, message), 400, member)


@pytest.mark.parametrize("member, limit", [("type", 128), ("tokenData", 4096)])
def limit__token_of_a_read__400_and_not_bound(api, member, limit):
    box = api.new_box()
    token = {"type": "t", "tokenData": "d"}
    token[member] = "x" * (limit + 1)
    assert_problem(api.read(box, new_id(), {"notificationToken": token}), 400, member)
    token[member] = "x" * limit
    assert api.read(box, box.recipient, {"notificationToken": token}).status == 200
