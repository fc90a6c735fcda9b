# SPDX-License-Identifier: Apache-2.0
"""Webhooks through the real relay, to a gateway that verifies them as docs/push.md describes."""
import contextlib
import time

import pytest

import push_process

from conftest import make_relay, open_api
from push_relay import ended, flags, pushed, until, until_empty
from push_stand_in import Answer, Authority
from push_webhook import Webhook


@pytest.fixture(params=["h2", "http/1.1"])
def gateway(request, tmp_path):
    with Webhook(Authority(tmp_path / "ca"), tmp_path, alpn=(request.param,)) as stand_in:
        yield stand_in


@contextlib.contextmanager
def relay_for(tmp_path, gateway, **changes):
    settings = {name.replace("_", "-"): value for name, value in changes.items()}
    with make_relay(tmp_path / "relay", args=flags({**gateway.settings, **settings})) as relay, \
            contextlib.closing(open_api(relay)) as api:
        yield relay, api


def change(api, box):
    assert api.update(box, box.recipient).status == 200


def changed__a_signed_post_each_time(tmp_path, gateway):
    with relay_for(tmp_path, gateway) as (relay, api):
        box = api.bound_box(token=gateway.token("/hook?wallet=7"))
        for count in (1, 2):
            change(api, box)
            gateway.wait_good(count)
            until(lambda: pushed(relay, "webhook", "taken") == count, "the outcome")
        until_empty(relay)
        assert {request.path for request in gateway.good} == {"/hook?wallet=7"}
        assert len({request.header("webhook-id") for request in gateway.good}) == 2
    assert gateway.refusals == []


def paths_of_every_form__one_after_another__arrive_at_the_url_of_the_token(tmp_path, gateway):
    paths = ["/hook", "/hook?a=b/c", "/other~x/y:z", "/hook", "/a%20b", "/%2e%2E/c?d", "/a/%2E/b", "/../c", "/a/./b/../c?d",
             "/a/..", "/.hook", "/", "/hook"]
    with push_process.PushProcess(tmp_path / "push", {**gateway.settings, "push-concurrency": 1}) as push:
        for path in paths:
            assert push.send("webhook", gateway.token(path)["tokenData"]) == "taken"
    assert [request.path for request in gateway.good] == paths


def timestamps__wherever_in_a_second__never_ahead_and_never_back(tmp_path, gateway):
    end = time.monotonic() + 1.5  # every part of a second, whatever the clocks' seconds have in common
    with push_process.PushProcess(tmp_path / "push", gateway.settings) as push:
        while time.monotonic() < end or len(gateway.good) < 2:
            began = int(time.time())
            assert push.send("webhook", gateway.token()["tokenData"]) == "taken"
            assert began <= int(gateway.good[-1].header("webhook-timestamp")) <= int(gateway.good[-1].at)


def support__stated_for_each_token(tmp_path, gateway):
    good = gateway.token()
    with relay_for(tmp_path, gateway) as (_, api):
        for token, is_supported in ((good, True), ({**good, "tokenData": "https://gate.example/"}, False),
                                    ({**good, "tokenData": good["tokenData"].replace("https", "http")}, False),
                                    ({**good, "tokenData": good["tokenData"] + "#x"}, False)):
            box = api.new_box()
            read = api.read(box, box.recipient, {"notificationToken": token})
            assert read.json()["isPushNotificationSupported"] is is_supported


@pytest.mark.parametrize("status", [404, 410])
def gateway_answers_gone__token_is_dropped(tmp_path, gateway, status):
    gateway.answer_always(Answer(status))
    with relay_for(tmp_path, gateway) as (relay, api):
        change(api, api.bound_box(token=gateway.token()))
        until(lambda: pushed(relay, "webhook", "dropped") == 1, "the drop")
        assert len(gateway.good) == 1


@pytest.mark.parametrize("status", [429, 503])
def gateway_fails__tried_again_with_another_id(tmp_path, gateway, status):
    gateway.answer_next(Answer(status, (("retry-after", "1"),)))
    with relay_for(tmp_path, gateway) as (relay, api):
        change(api, api.bound_box(token=gateway.token()))
        until(lambda: pushed(relay, "webhook", "taken") == 1, "the second try")
        assert len(gateway.good) == 2
    assert gateway.refusals == []


def gateway_redirects__not_followed(tmp_path, gateway):
    gateway.answer_next(Answer(308, (("location", gateway.url + "/elsewhere"),)))
    with relay_for(tmp_path, gateway) as (relay, api):
        change(api, api.bound_box(token=gateway.token()))
        gateway.wait_good(1)
        until_empty(relay)
        assert [request.path for request in gateway.good] == ["/hook"]


# spec-test: protocol/4#push-endpoints-guarded
def private_address__host_allowed_by_name__never_reached(tmp_path, gateway):
    with relay_for(tmp_path, gateway, push_private_addresses=False) as (relay, api):
        change(api, api.bound_box(token=gateway.token()))
        until(lambda: ended(relay, "webhook") >= 1, "an outcome")
        assert pushed(relay, "webhook", "taken") == 0
    assert gateway.connections == []
