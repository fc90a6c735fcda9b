# SPDX-License-Identifier: Apache-2.0
"""All kinds of provider on one relay: which device is notified of which change, updates during a push, tokens that a
provider refuses, and the other providers when one hangs."""
import contextlib

import pytest

from conftest import make_relay, open_api
from push_four import GONE, NAMES, four_providers, told_as
from push_relay import ended, flags, metrics, pushed, until, until_empty
from push_stand_in import Answer
from tigress_client import create_message, new_id

LONG = ("--push-timeout", "300s", "--drain-timeout", "2s")  # a request that hangs does so until the test ends it

each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def four(tmp_path):
    with four_providers(tmp_path) as stand_ins:
        yield stand_ins


@contextlib.contextmanager
def relay_for(tmp_path, four, *args):
    with make_relay(tmp_path / "relay", args=[*flags(four.settings), *args]) as relay, \
            contextlib.closing(open_api(relay)) as api:
        yield relay, api


def change(api, box, claim=None):
    answer = api.update(box, claim or box.recipient)
    assert answer.status == 200, (answer.status, answer.body)
    return answer


def settled(relay, name, outcome, count):
    until(lambda: pushed(relay, name, outcome) == count, f"{outcome} of {name}")


# ---- which device is notified ---------------------------------------------------------------------

@each
def calls__both_sides_registered_tokens__one_push_to_the_other_side_only(tmp_path, four, name):
    initiators, recipients, late = (four.token(name) for _ in range(3))
    expected = []

    def told(relay, *tokens):
        expected.extend(told_as(token) for token in tokens)
        settled(relay, name, "taken", len(expected))
        until_empty(relay)
        assert four.told(name) == expected

    with relay_for(tmp_path, four) as (relay, api):
        box = api.new_box(token=initiators)
        assert api.read(box, box.recipient, {"notificationToken": recipients}).status == 200
        told(relay, initiators)  # the invitation was opened
        assert api.read(box, box.recipient).status == 200
        change(api, box)
        told(relay, initiators)
        change(api, box, box.initiator)
        told(relay, recipients)
        request_id = new_id()
        for status in (200, 201):  # a retry changes nothing, and notifies no device
            message = {"payload": {"type": "t", "data": "x"}, "notificationToken": late}
            assert api.update(box, box.initiator, message, request_id).status == status
        told(relay, recipients)
        assert api.relinquish(box, box.recipient).status == 200
        told(relay, late)  # the initiator's new token
        change(api, box, box.initiator)  # there is no recipient to notify
        next_one = new_id()
        assert api.read(box, next_one, {"notificationToken": initiators}).status == 200
        told(relay, late)  # it was opened again
        change(api, box, box.initiator)
        told(relay, initiators)
        assert api.delete(box, next_one).status == 200
        told(relay, late)
    assert four[name].refusals == []


@each
def deleted_by_the_initiator__recipient_is_notified(tmp_path, four, name):
    token = four.token(name)
    with relay_for(tmp_path, four) as (relay, api):
        box = api.new_box()
        assert api.read(box, box.recipient, {"notificationToken": token}).status == 200
        assert api.delete(box, box.initiator).status == 200
        settled(relay, name, "taken", 1)
        until_empty(relay)
        assert four.told(name) == [told_as(token)]


# ---- support --------------------------------------------------------------------------------------

def supported(answer):
    assert answer.status == 200, (answer.status, answer.body)
    return answer.json()["isPushNotificationSupported"]


# spec-test: protocol/4#push-supported
@pytest.mark.parametrize("configured", NAMES)
def support__one_provider_configured__true_for_its_type_only_in_every_call(tmp_path, four, configured):
    with make_relay(tmp_path / "relay", args=flags(four[configured].settings)) as relay, \
            contextlib.closing(open_api(relay)) as api:
        for name in NAMES:
            token = four.token(name)
            assert supported(api.create(create_message(token=token))) is (name == configured), name
            box = api.new_box()
            left = {"notificationToken": token}
            assert supported(api.read(box, box.recipient, left)) is (name == configured), name
            message = {"payload": {"type": "t", "data": "x"}, **left}
            assert supported(api.update(box, box.initiator, message)) is (name == configured), name
        unknown = {"type": "example.other", "tokenData": "x"}
        assert supported(api.create(create_message(token=unknown))) is False


# ---- a provider that hangs ------------------------------------------------------------------------

@each
def provider__does_not_answer__the_other_three_push_meanwhile(tmp_path, four, name):
    four[name].answer_always(Answer(instead="hang"))
    with relay_for(tmp_path, four, *LONG) as (relay, api):
        for _ in range(20):
            change(api, api.bound_box(token=four.token(name)))
        four[name].wait_good(1)
        for other in NAMES:
            if other != name:
                for _ in range(20):
                    change(api, api.bound_box(token=four.token(other)))
        for other in NAMES:
            if other != name:
                settled(relay, other, "taken", 20)
        assert pushed(relay, name, "taken") == 0
        assert not any(request.answer.instead == "" for request in four[name].good)


# ---- updates while a push is under way ------------------------------------------------------------

@each
def updates__while_a_push_is_under_way__one_more_push_for_all_of_them(tmp_path, four, name):
    token = four.token(name)
    four[name].answer_next(four_held(four, name))
    with relay_for(tmp_path, four, *LONG) as (relay, api):
        box = api.bound_box(token=token)
        change(api, box)
        four[name].wait_good(1)
        for _ in range(10):
            change(api, box)
        assert ended(relay, name) == 0
        four[name].release()
        settled(relay, name, "taken", 2)
        until_empty(relay)
        assert four.told(name) == [told_as(token)] * 2
        assert metrics(relay)[f'tigress_push_total{{provider="{name}",outcome="retried"}}'] == 0
    assert four[name].refusals == []


def four_held(four, name):
    """The answer to a good push, once it is released."""
    if name == "fcm":
        held = Answer.of_json(200, {"name": "projects/p/messages/1"})
    else:
        held = Answer({"apns": 200, "webpush": 201, "webhook": 204}[name])
    held.instead = "hold"
    return held


# ---- refused tokens -------------------------------------------------------------------------------

@each
def token__refused__not_pushed_to_until_registered_again(tmp_path, four, name):
    dead, other = four.token(name), four.token(name)
    with relay_for(tmp_path, four) as (relay, api):
        box, other_box = api.bound_box(token=dead), api.bound_box(token=other)
        four[name].answer_next(GONE[name])
        change(api, box)
        settled(relay, name, "dropped", 1)
        for count in (1, 2, 3):
            change(api, box)
            change(api, other_box)  # an earlier push would be sent before this one
            settled(relay, name, "taken", count)
        assert api.read(box, box.initiator).json()["payload"]["data"] == "bmV3"
        until(lambda: metrics(relay)["tigress_push_outbox"] == 1, "only the blocked entry")
        assert four.told(name) == [told_as(dead)] + [told_as(other)] * 3
        again = api.bound_box(token=dead)
        change(api, again)
        settled(relay, name, "taken", 4)
        change(api, box)  # the same token: pushes resume here too
        settled(relay, name, "taken", 5)
        until_empty(relay)
        assert four.told(name)[4:] == [told_as(dead)] * 2
        assert pushed(relay, name, "dropped") == 1
    assert four[name].refusals == []
