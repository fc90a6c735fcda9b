# SPDX-License-Identifier: Apache-2.0
"""APNs: the push process against a stand-in with the checks and answers of Apple's service."""
import json
import pathlib
import time

import pytest

import push_apns
from push_apns import answer_of, error
from push_fixtures import (BLAME_WAIT_S, FIRST_WAIT_S, assert_one_line, assert_quiet, push_new, pushing,
                           send_new)
from push_stand_in import Answer

ROWS = json.loads((pathlib.Path(__file__).parent.parent / "data/push/provider_responses.json").read_text())["apns"]
DOUBTFUL = ("BadDeviceToken", "DeviceTokenNotForTopic")


def row_id(row):
    return f"{row['status']}-{row['reason']}"


def push__to_a_new_token__is_what_apple_wants(tmp_path):
    with pushing(tmp_path) as (push, apns, _):
        assert send_new(push, "apns").result == "taken"
        assert apns.tokens() == push.tokens
        assert apns.refusals == []
        assert apns.good[0].body == b'{"aps":{"content-available":1}}'


def push__to_one_token_twice__shares_a_collapse_id(tmp_path):
    with pushing(tmp_path) as (push, apns, _):
        for token in ("aa" * 32, "bb" * 32, "aa" * 32):
            assert push.send("apns", token) == "taken"
        ids = [request.header("apns-collapse-id") for request in apns.good]
        assert ids[0] == ids[2] != ids[1]
        assert len({request.header("apns-id") for request in apns.good}) == 3


def pushes__two_hundred__one_connection_and_one_provider_token(tmp_path):
    with pushing(tmp_path) as (push, apns, _):
        jobs = [push_new(push, "apns") for _ in range(200)]
        assert {push.result(job) for job in jobs} == {"taken"}
        assert apns.refusals == []  # among them: no second stream before the first answer
        assert len(apns.connections) == 1 and len(apns.jwts) == 1
        assert sorted(apns.tokens()) == sorted(push.tokens)


def new_connection__first_answer_is_awaited__one_stream(tmp_path):
    with pushing(tmp_path) as (push, apns, _):
        apns.answer_next(Answer(instead="hold"))
        jobs = [push_new(push, "apns") for _ in range(20)]
        apns.wait_good(1)
        assert send_new(push, "fcm").result == "taken"  # the process had enough time to send more
        assert len(apns.good) == 1
        apns.release()
        assert {push.result(job) for job in jobs} == {"taken"}
        assert apns.refusals == []


@pytest.mark.parametrize("row", ROWS["responses"], ids=row_id)
def answer__every_row_of_the_file__its_reaction(tmp_path, row):
    action = row["action"]
    with pushing(tmp_path) as (push, apns, _):
        assert send_new(push, "apns").result == "taken"
        apns.answer_next(answer_of(row))
        began = int(time.time())
        outcome = send_new(push, "apns")
        after = send_new(push, "apns")
        assert apns.refusals == []
        if action == "ok":
            assert (outcome.result, after.result) == ("taken", "taken")
        elif action == "drop_token":  # a push to another token was accepted just before
            assert (outcome.result, after.result) == ("dropped", "taken")
        elif action == "bug":
            assert (outcome.result, after.result) == ("given_up", "taken")
            assert len(push.log_lines("push.request_refused")) == 1
        elif action == "config":
            assert (outcome.result, after.result) == ("retry", "retry")
            assert outcome.retry_at - began >= BLAME_WAIT_S
            assert len(push.log_lines("push.check_configuration")) == 1
        elif action == "backoff_this_token":
            assert (outcome.result, after.result) == ("retry", "taken")
            assert outcome.retry_at - began >= FIRST_WAIT_S
        elif action in ("retry_backoff", "keep_jwt_backoff"):
            assert (outcome.result, after.result) == ("retry", "retry")
            assert outcome.retry_at - began >= FIRST_WAIT_S
            assert len(apns.jwts) == 1
        elif action == "refresh_jwt_retry_once":
            assert (outcome.result, after.result) == ("taken", "taken")
            assert apns.tokens()[1] == apns.tokens()[2]
            assert len(apns.jwts) == 2
        elif action == "retry_new_connection":
            assert (outcome.result, after.result) == ("taken", "taken")
            assert apns.good[1].connection is not apns.good[2].connection
        else:
            raise AssertionError(f"an action that this test does not know: {action}")
        assert_quiet(push)


@pytest.mark.parametrize("reason", DOUBTFUL)
def bad_tokens__before_any_success__none_is_dropped(tmp_path, reason):
    with pushing(tmp_path) as (push, apns, _):
        apns.answer_always(error(400, reason))
        assert [send_new(push, "apns").result for _ in range(5)] == ["retry"] * 5
        word = {"BadDeviceToken": "bad_device_token", "DeviceTokenNotForTopic": "device_token_not_for_topic"}[reason]
        assert_one_line(push, "push.check_configuration", "apns", word)
        apns.answer_always(None)  # the operator has corrected it: no push has to wait
        assert send_new(push, "apns").result == "taken"


def provider_token__refused_twice__is_configuration(tmp_path):
    with pushing(tmp_path) as (push, apns, _):
        apns.answer_always(error(403, "ExpiredProviderToken"))
        began = int(time.time())
        outcome = send_new(push, "apns")
        assert outcome.result == "retry" and began + BLAME_WAIT_S <= outcome.retry_at <= int(outcome.at) + BLAME_WAIT_S
        assert len(apns.good) == 2 and len(apns.jwts) == 2
        assert send_new(push, "apns").result == "retry"
        assert len(apns.good) == 2  # nothing more is sent meanwhile
        assert_one_line(push, "push.check_configuration", "apns", "expired_provider_token")


def token__that_is_none__dropped_unsent(tmp_path):
    with pushing(tmp_path) as (push, apns, _):
        assert [push.send("apns", token) for token in ("xyz", "../../etc", "ab", "ab" * 500)] == ["dropped"] * 4
        assert apns.requests == []


def push__whose_time_is_over__given_up_unsent(tmp_path):
    with pushing(tmp_path) as (push, apns, _):
        assert send_new(push, "apns", expires_s=-5).result == "given_up"
        assert apns.requests == []


def token__in_base64__reaches_the_same_device(tmp_path):
    with pushing(tmp_path) as (push, apns, _):
        assert push.send("apns", "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=") == "taken"
        assert apns.tokens() == ["00112233445566778899aabbccddeeff" * 2]


def provider__that_speaks_http_1__is_configuration(tmp_path):
    with pushing(tmp_path, {"apns": {"alpn": ("http/1.1",)}}) as (push, _, __):
        assert send_new(push, "apns").result == "retry"
        assert send_new(push, "fcm").result == "taken"
        assert_one_line(push, "push.check_configuration", "apns", "not_http2")


def key__that_does_not_open__ends_the_process_and_is_named(tmp_path):
    import push_process
    import push_stand_in

    authority = push_stand_in.Authority(tmp_path / "ca")
    with push_apns.Apns(authority, tmp_path) as apns:
        apns.key_file.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        push = push_process.PushProcess(tmp_path / "push", apns.settings).start(expect_ready=False)
        assert push.receive() == b""
        code = push.process.wait(60)
        assert code not in (0, None)
        assert "push-apns-key" in push.errors() and "no private key" in push.errors()
        push.pair.close()
