# SPDX-License-Identifier: Apache-2.0
"""All kinds of provider on one relay: which device is notified of which change, updates during a push, tokens that a
provider refuses, and the other providers when one hangs."""
import contextlib
import signal
import subprocess
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from conftest import make_relay, open_api
import push_apns
import push_fcm
from push_four import GONE, NAMES, four_providers, told_as
from push_relay import children, ended, flags, metrics, pushed, until, until_empty
from push_stand_in import WAIT_S, Answer, Authority, pem_of
from relay_process import find_binary, rss_anon_kib
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


# ---- memory ---------------------------------------------------------------------------------------

def push_process__many_pushes_in_flight_and_queued__below_its_stated_ceiling(tmp_path, four):
    for name in NAMES:
        four[name].answer_always(Answer(instead="hang"))
    with relay_for(tmp_path, four, *LONG) as (relay, api):
        process, = children(relay)
        if rss_anon_kib(process) is None:
            pytest.skip("a sanitizer's own memory is part of RssAnon")
        for name in NAMES:
            for _ in range(40):
                change(api, api.bound_box(token=four.token(name)))
        for name in NAMES:
            four[name].wait_good(1)
        assert rss_anon_kib(process) <= relay.ceiling_mib("push process") * 1024


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
def token__refused__not_pushed_to(tmp_path, four, name):
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
    assert four[name].refusals == []


def leave(api, box, token):
    """What the relay answers when the initiator leaves the token again, with a read, an update and a create."""
    left = {"notificationToken": token}
    update = {"payload": {"type": "t", "data": "x"}, **left}
    return (supported(api.read(box, box.initiator, left)), supported(api.update(box, box.initiator, update)),
            supported(api.create(create_message(token=token))))


# spec-test: protocol/4#push-refused-token
@pytest.mark.parametrize("name", [name for name in NAMES if name != "apns"])
def token__refused_and_left_again__false_until_the_keys_are_read_again(tmp_path, four, name):
    dead = four.token(name)
    with relay_for(tmp_path, four) as (relay, api):
        box = api.bound_box(token=dead)
        four[name].answer_next(GONE[name])
        change(api, box)
        settled(relay, name, "dropped", 1)
        until(lambda: metrics(relay)["tigress_push_outbox"] == 1, "the blocked entry")
        assert leave(api, box, dead) == (False, False, False)
        assert supported(api.update(box, box.initiator)) is False  # about the token that was left before
        change(api, box)
        other = four.token(name)
        change(api, api.bound_box(token=other))
        settled(relay, name, "taken", 1)
        assert four.told(name) == [told_as(dead), told_as(other)]
        relay.signal(signal.SIGHUP)
        until(lambda: b"push.reloaded" in relay.output("stderr"), "the reload")
        assert leave(api, box, dead) == (True, True, True)
        change(api, box)
        settled(relay, name, "taken", 2)
        until_empty(relay)
        assert four.told(name)[2:] == [told_as(dead)]
        assert pushed(relay, name, "dropped") == 1
    assert four[name].refusals == []


@each
def token__refused_before_a_restart__tried_once_more_when_it_is_left_again(tmp_path, four, name):
    dead = four.token(name)
    with make_relay(tmp_path / "relay", args=flags(four.settings)) as relay:
        with contextlib.closing(open_api(relay)) as api:
            box = api.bound_box(token=dead)
            four[name].answer_next(GONE[name])
            change(api, box)
            settled(relay, name, "dropped", 1)
            until(lambda: metrics(relay)["tigress_push_outbox"] == 1, "the blocked entry")
        relay.stop()
        relay.start()
        with contextlib.closing(open_api(relay)) as api:
            assert supported(api.update(box, box.initiator)) is False  # it was not left again
            change(api, box)
            assert supported(api.read(box, box.initiator, {"notificationToken": dead})) is True
            change(api, box)
            settled(relay, name, "taken", 1)
            until_empty(relay)
        assert four.told(name) == [told_as(dead)] * 2


# spec-test: protocol/4#push-refused-token
def apns_token__refused_with_a_time__good_when_left_after_it_and_not_before(tmp_path, four):
    gone, later = four.token("apns"), four.token("apns")
    with relay_for(tmp_path, four) as (relay, api):
        boxes = [api.bound_box(token=token) for token in (gone, later)]
        ahead_ms = int(time.time() + 3600) * 1000
        for box, timestamp in zip(boxes, (1460000000000, ahead_ms)):
            four["apns"].answer_next(push_apns.error(410, "Unregistered", timestamp=timestamp))
            change(api, box)
            settled(relay, "apns", "dropped", 1 + boxes.index(box))
        until(lambda: metrics(relay)["tigress_push_outbox"] == 2, "the blocked entries")
        assert leave(api, boxes[1], later) == (False, False, False)
        assert leave(api, boxes[0], gone) == (True, True, True)
        for box in boxes:
            change(api, box)
        settled(relay, "apns", "taken", 1)
        until(lambda: metrics(relay)["tigress_push_outbox"] == 1, "the blocked entry of the other")
        assert four.told("apns") == [gone["tokenData"], later["tokenData"], gone["tokenData"]]
        assert pushed(relay, "apns", "dropped") == 2


# ---- several makers -------------------------------------------------------------------------------

ONE, TWO, SHARED = "example.one.wallet", "example.two.wallet", "example.one.keys"


class Makers:
    """APNs for the apps of two teams, and FCM for two projects; each has its own keys."""

    def __init__(self, folder, stack):
        authority = Authority(folder / "ca")
        self.one = stack.enter_context(push_apns.Apns(authority, folder, topics=(ONE, SHARED)))
        self.two = stack.enter_context(push_apns.Apns(authority, folder, topics=(TWO,), key_id="TWO123DEFG",
                                                      team_id="TWO123GHIJ"))
        self.fcm = stack.enter_context(push_fcm.Fcm(authority, folder))
        self.settings = {**self.one.settings, "push-apns-app": [SHARED, self.two.app], **self.fcm.settings,
                         "push-fcm-project": push_fcm.PROJECT,
                         "push-fcm-app": f"project-b account={self.fcm.add_project('project-b')}"}

    def refusals(self):
        return self.one.refusals + self.two.refusals + self.fcm.refusals


@pytest.fixture
def makers(tmp_path):
    with contextlib.ExitStack() as stack:
        yield Makers(tmp_path, stack)


def apns_token(topic=None):
    return {"type": "com.apple.apns", "tokenData": push_apns.new_token(), **({"tokenTopic": topic} if topic else {})}


def fcm_token(project=None):
    return {"type": "com.google.fcm", "tokenData": push_fcm.new_token(), **({"tokenTopic": project} if project else {})}


def told_topics(stand_in):
    return [(request.header("apns-topic"), request.path.rpartition("/")[2]) for request in stand_in.good]


# spec-test: protocol/4#push-topic, protocol/4#push-topic-default
def topics__of_two_makers__each_push_with_its_own_key_and_topic(tmp_path, makers):
    tokens = {topic: apns_token(topic) for topic in (ONE, TWO, SHARED)}
    default = apns_token()
    projects = [fcm_token(project) for project in (push_fcm.PROJECT, "project-b", None)]
    with relay_for(tmp_path, makers) as (relay, api):
        for token in (*tokens.values(), default, *projects):
            change(api, api.bound_box(token=token))
        settled(relay, "apns", "taken", 4)
        settled(relay, "fcm", "taken", 3)
        until_empty(relay)
    assert sorted(told_topics(makers.one)) == sorted(
        [(ONE, tokens[ONE]["tokenData"]), (SHARED, tokens[SHARED]["tokenData"]), (ONE, default["tokenData"])])
    assert told_topics(makers.two) == [(TWO, tokens[TWO]["tokenData"])]
    told = {token: request.path.split("/")[3] for request, token in zip(makers.fcm.good, makers.fcm.tokens())}
    assert [told[token["tokenData"]] for token in projects] == [push_fcm.PROJECT, "project-b", push_fcm.PROJECT]
    assert makers.refusals() == []


# spec-test: protocol/4#push-topic
def support__topic_without_a_sender__false_in_every_call_and_no_push(tmp_path, makers):
    with relay_for(tmp_path, makers) as (relay, api):
        for token, is_supported in ((apns_token(TWO), True), (apns_token("example.nobody"), False),
                                    (apns_token("project-b"), False), (fcm_token("project-b"), True),
                                    (fcm_token(ONE), False), (fcm_token("nobody"), False)):
            left = {"notificationToken": token}
            assert supported(api.create(create_message(token=token))) is is_supported, token
            box = api.new_box()
            assert supported(api.read(box, box.recipient, left)) is is_supported, token
            message = {"payload": {"type": "t", "data": "x"}, **left}
            assert supported(api.update(box, box.initiator, message)) is is_supported, token
            if not is_supported:
                change(api, box)
        until_empty(relay)  # of the two pushes to tokens with a sender
        assert (pushed(relay, "apns", "taken"), pushed(relay, "fcm", "taken")) == (1, 1)
        assert metrics(relay)["tigress_push_lost_total"] == 0
        for topic in ("", "a" * 256, 7):
            refused = api.create(create_message(token={**apns_token(), "tokenTopic": topic}))
            assert refused.status == 400 and "tokenTopic" in refused.json()["detail"]
        assert supported(api.create(create_message(token=apns_token("a" * 255)))) is False
    assert makers.one.requests == [] and [topic for topic, _ in told_topics(makers.two)] == [TWO]


def one_makers_key__refused__the_other_app_of_the_provider_gets_its_pushes(tmp_path, makers):
    makers.two.answer_always(push_apns.error(403, "InvalidProviderToken"))
    with relay_for(tmp_path, makers) as (relay, api):
        change(api, api.bound_box(token=apns_token(TWO)))
        settled(relay, "apns", "retried", 1)
        for count in range(1, 11):
            change(api, api.bound_box(token=apns_token((ONE, SHARED)[count % 2])))
            settled(relay, "apns", "taken", count)
        (line,) = [line for line in relay.output("stderr").decode().splitlines() if "check_configuration" in line]
        assert "apns=1 app=2 invalid_provider_token=403" in line
        for topic in (ONE, TWO, SHARED):
            assert topic.encode() not in relay.output("stderr")
        assert pushed(relay, "apns", "dropped") == 0


def one_makers_tokens__bad_after_success_of_another__none_is_dropped(tmp_path, makers):
    makers.two.answer_always(push_apns.error(400, "DeviceTokenNotForTopic"))
    with relay_for(tmp_path, makers) as (relay, api):
        change(api, api.bound_box(token=apns_token(ONE)))
        settled(relay, "apns", "taken", 1)
        for count in range(1, 4):
            change(api, api.bound_box(token=apns_token(TWO)))
            until(lambda count=count: pushed(relay, "apns", "retried") >= count, "a refusal")
        assert pushed(relay, "apns", "dropped") == 0


def one_maker__does_not_answer__the_other_apps_push_meanwhile(tmp_path, makers):
    makers.two.answer_always(Answer(instead="hang"))
    with relay_for(tmp_path, makers, *LONG) as (relay, api):
        for _ in range(20):
            change(api, api.bound_box(token=apns_token(TWO)))
        makers.two.wait_good(1)
        for topic in (ONE, SHARED):
            for _ in range(10):
                change(api, api.bound_box(token=apns_token(topic)))
        settled(relay, "apns", "taken", 20)


def check_config__each_app__what_is_wrong_with_which(tmp_path, makers):
    def check(**changes):
        settings = {**makers.settings, **{name.replace("_", "-"): value for name, value in changes.items()}}
        done = subprocess.run([find_binary("tigressd"), "--dev", "--data", tmp_path / "data", "--check-config",
                               *flags(settings)], capture_output=True, text=True, check=False, timeout=WAIT_S)
        return done.returncode, done.stderr

    assert check() == (0, "")
    rsa = makers.fcm.account_file
    assert check(push_apns_app=[SHARED, f"{TWO} key={rsa} key-id=TWO123DEFG"])[0] == 2
    status, text = check(push_apns_app=[SHARED, f"{TWO} key={rsa} key-id=TWO123DEFG"])
    assert status == 2 and "push-apns-app 2: push-apns-key: " in text
    status, text = check(push_fcm_app=f"project-c account={makers.fcm.add_project('project-b')}")
    assert status == 2 and "push-fcm-app 1: push-fcm-account: project_id: another project" in text
    status, text = check(push_apns_app=[ONE])
    assert status == 2 and "its name is used twice" in text


def reload__another_key_of_one_app__used_from_then_on(tmp_path, makers):
    with relay_for(tmp_path, makers) as (relay, api):
        change(api, api.bound_box(token=apns_token(TWO)))
        settled(relay, "apns", "taken", 1)
        makers.two.key = ec.generate_private_key(ec.SECP256R1())
        makers.two.key_file.write_bytes(pem_of(makers.two.key))
        relay.signal(signal.SIGHUP)
        until(lambda: b"push.reloaded" in relay.output("stderr"), "the reload")
        for count, topic in enumerate((TWO, ONE, SHARED), 2):
            change(api, api.bound_box(token=apns_token(topic)))
            settled(relay, "apns", "taken", count)
    assert makers.refusals() == []
