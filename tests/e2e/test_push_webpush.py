# SPDX-License-Identifier: Apache-2.0
"""Web Push through the real relay, to a push service with the checks of a real one. An independent implementation opens
the messages."""
import contextlib

import pytest

from conftest import make_relay, open_api
from push_relay import ended, flags, pushed, until, until_empty
from push_stand_in import Answer, Authority
from push_webpush import Subscription, WebPush

CHANGED = b'{"tigress":"changed"}'


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


@pytest.fixture(params=["h2", "http/1.1"])
def each_service(request, authority, tmp_path):
    with WebPush(authority, tmp_path, alpn=(request.param,)) as stand_in:
        yield stand_in


@pytest.fixture
def service(authority, tmp_path):
    with WebPush(authority, tmp_path) as stand_in:
        yield stand_in


@contextlib.contextmanager
def relay_for(tmp_path, service, **changes):
    settings = {name.replace("_", "-"): value for name, value in changes.items()}
    with make_relay(tmp_path / "relay", args=flags({**service.settings, **settings})) as relay, \
            contextlib.closing(open_api(relay)) as api:
        yield relay, api


def change(api, box):
    assert api.update(box, box.recipient).status == 200


def changed__of_both_versions_of_http__one_push_that_opens(tmp_path, each_service):
    subscription = each_service.subscribe()
    with relay_for(tmp_path, each_service) as (relay, api):
        change(api, api.bound_box(token=subscription.token))
        (request,) = each_service.wait_good(1)
        until(lambda: pushed(relay, "webpush", "taken") == 1, "the outcome")
        until_empty(relay)
        plain, padding = subscription.open(request.body)
        assert plain == CHANGED
        assert (len(plain) + padding, len(request.body)) == (64, 86 + 64 + 1 + 16)
        assert 0 < int(request.header("ttl")) <= 3600
        assert request.header("urgency") == "high"
        assert len(request.header("topic")) == 32
        assert not request.values("cookie") and not request.values("user-agent")
    assert each_service.refusals == []


def changed__again_and_again__one_topic_for_a_token_and_one_identity_for_a_service(tmp_path, service):
    first, second = service.subscribe(), service.subscribe()
    with relay_for(tmp_path, service) as (_, api):
        boxes = [api.bound_box(token=first.token), api.bound_box(token=second.token)]
        for count, box in enumerate([boxes[0], boxes[0], boxes[1]], 1):
            change(api, box)
            service.wait_good(count)
        topics = [request.header("topic") for request in service.good]
        assert topics[0] == topics[1] != topics[2]
        assert len({request.header("authorization") for request in service.good}) == 1
        assert len({request.body[:16] for request in service.good}) == 3
    assert service.refusals == []


def support__stated_for_each_token(tmp_path, service):
    good = service.subscribe().token
    elsewhere = Subscription("https://push.example/send/1").token
    plain = Subscription(service.url.replace("https", "http") + "/send/1").token
    broken = {**good, "tokenData": good["tokenData"][:-2]}
    with relay_for(tmp_path, service) as (_, api):
        for token, is_supported in ((good, True), (elsewhere, False), (plain, False), (broken, False)):
            box = api.new_box()
            read = api.read(box, box.recipient, {"notificationToken": token})
            assert read.json()["isPushNotificationSupported"] is is_supported
            again = api.update(box, box.recipient)
            assert again.json()["isPushNotificationSupported"] is is_supported


@pytest.mark.parametrize("status", [404, 410])
def service_answers_gone__token_is_dropped_and_the_update_stays(tmp_path, service, status):
    subscription = service.subscribe()
    service.answer_always(Answer(status))
    with relay_for(tmp_path, service) as (relay, api):
        box = api.bound_box(token=subscription.token)
        change(api, box)
        until(lambda: pushed(relay, "webpush", "dropped") == 1, "the drop")
        assert api.read(box, box.initiator).json()["payload"]["data"] == "bmV3"
        service.answer_always(None)
        change(api, box)  # nothing is sent to a dropped token; a later push to another token arrives
        other = service.subscribe()
        change(api, api.bound_box(token=other.token))
        until(lambda: pushed(relay, "webpush", "taken") == 1, "the other token's push")
        assert [request.path in other.endpoint for request in service.good] == [False, True]


@pytest.mark.parametrize("answer", [Answer(503, (("retry-after", "1"),)), Answer(429, (("retry-after", "1"),)),
                                    Answer(instead="cut")], ids=["503", "429", "cut"])
def service_fails__tried_again(tmp_path, service, answer):
    subscription = service.subscribe()
    service.answer_next(answer)
    with relay_for(tmp_path, service) as (relay, api):
        change(api, api.bound_box(token=subscription.token))
        until(lambda: pushed(relay, "webpush", "taken") == 1, "the second try")
        assert len(service.good) >= 2
    assert service.refusals == []


def service_redirects__not_followed(tmp_path, service, authority):
    (tmp_path / "other").mkdir()
    with WebPush(authority, tmp_path / "other") as other:
        target = other.subscribe("/send/stolen")
        service.answer_always(Answer(307, (("location", target.endpoint),)))
        with relay_for(tmp_path, service) as (relay, api):
            change(api, api.bound_box(token=service.subscribe().token))
            service.wait_good(1)
            until_empty(relay)
            assert pushed(relay, "webpush", "taken") == 0
        assert other.requests == []


def service_answers_10_megabytes__cut_off(tmp_path, service):
    service.answer_next(Answer(201, body=b"x" * 10_000_000))
    with relay_for(tmp_path, service) as (relay, api):
        change(api, api.bound_box(token=service.subscribe().token))
        until(lambda: ended(relay, "webpush") >= 1, "an outcome")
        change(api, api.bound_box(token=service.subscribe().token))
        until(lambda: pushed(relay, "webpush", "taken") >= 1, "the next one")


# spec-test: protocol/4#push-endpoints-guarded
def private_address__host_allowed_by_name__never_reached(tmp_path, service):
    with relay_for(tmp_path, service, push_private_addresses=False) as (relay, api):
        change(api, api.bound_box(token=service.subscribe().token))
        until(lambda: ended(relay, "webpush") >= 1, "an outcome")
        assert pushed(relay, "webpush", "taken") == 0
    assert service.connections == []


def one_service_hangs__the_other_gets_its_push_on_time(tmp_path, service, authority):
    (tmp_path / "slow").mkdir()
    with WebPush(authority, tmp_path / "slow") as slow:
        slow.vapid, slow.vapid_file = service.vapid, service.vapid_file
        slow.answer_always(Answer(instead="hang"))
        with relay_for(tmp_path, service) as (_, api):
            for _ in range(3):
                change(api, api.bound_box(token=slow.subscribe().token))
            slow.wait_good(1)
            change(api, api.bound_box(token=service.subscribe().token))
            service.wait_good(1)


# ---- the fault of one service ----------------------------------------------------------------------

# spec-test: protocol/4#push-judged-where-it-failed
@pytest.mark.parametrize("status", [401, 403])
def one_service_refuses_our_key__another_accepts__no_token_is_dropped(tmp_path, service, authority, status):
    (tmp_path / "strict").mkdir()
    with WebPush(authority, tmp_path / "strict") as strict:
        strict.vapid, strict.vapid_file = service.vapid, service.vapid_file
        with relay_for(tmp_path, service) as (relay, api):
            for count, one in enumerate((strict, service), 1):
                change(api, api.bound_box(token=one.subscribe().token))
                until(lambda count=count: pushed(relay, "webpush", "taken") == count, "the success of a service")
            strict.answer_always(Answer(status))
            subscriptions = [strict.subscribe() for _ in range(3)]
            for count, subscription in enumerate(subscriptions, 1):
                change(api, api.bound_box(token=subscription.token))
                until(lambda count=count: pushed(relay, "webpush", "retried") >= count, "a refusal")
            assert pushed(relay, "webpush", "dropped") == 0
            strict.answer_always(None)  # the service takes the key again: every push arrives
            until(lambda: pushed(relay, "webpush", "taken") == 5, "the pushes that waited")
            until_empty(relay)
            lines = [line for line in relay.output("stderr").decode().splitlines()
                     if "push.check_configuration" in line]
            assert len(lines) == 1 and "webpush=1" in lines[0]
    assert strict.refusals == []
