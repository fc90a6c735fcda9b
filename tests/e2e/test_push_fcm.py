# SPDX-License-Identifier: Apache-2.0
"""FCM: the push process against a stand-in with the checks and answers of Google's service."""
import dataclasses
import json
import pathlib
import time

import pytest

from push_fcm import PROJECT, error
from push_fixtures import (BLAME_WAIT_S, FIRST_WAIT_S, assert_one_line, assert_quiet, push_new, pushing,
                           send_new)
from push_stand_in import Answer

ROWS = json.loads((pathlib.Path(__file__).parent.parent / "data/push/provider_responses.json").read_text())["fcm_v1"]
HTML = Answer(502, (("content-type", "text/html"),), b"<!DOCTYPE html><title>502</title>")


def push__to_a_new_token__is_what_google_wants(tmp_path):
    with pushing(tmp_path) as (push, _, fcm):
        assert send_new(push, "fcm", expires_s=7200).result == "taken"
        message = json.loads(fcm.good[0].body)["message"]
        assert message["token"] == push.tokens[0]
        assert message["data"] == {"tigress": "changed"}
        assert 7190 <= int(message["android"]["ttl"][:-1]) <= 7200
        assert fcm.refusals == [] and len(fcm.grants) == 1


def pushes__two_hundred__one_access_token_and_one_connection(tmp_path):
    with pushing(tmp_path) as (push, _, fcm):
        jobs = [push_new(push, "fcm") for _ in range(200)]
        assert {push.result(job) for job in jobs} == {"taken"}
        assert len(fcm.grants) == 1 and len(fcm.connections) == 1
        assert fcm.refusals == []


def access_token__near_its_end__replaced_before_it(tmp_path):
    with pushing(tmp_path) as (push, _, fcm):
        fcm.expires_in = 1  # it is used for at most a second
        while len(fcm.grants) < 3:
            assert send_new(push, "fcm").result == "taken"
        assert set(fcm.refusals) <= {"unauthenticated"}  # at most one timed out on its way, and was sent again


def access_token__revoked__replaced_once_and_all_pushes_taken(tmp_path):
    with pushing(tmp_path) as (push, _, fcm):
        assert send_new(push, "fcm").result == "taken"
        fcm.revoke()
        jobs = [push_new(push, "fcm") for _ in range(50)]
        assert {push.result(job) for job in jobs} == {"taken"}
        assert len(fcm.grants) == 2
        assert set(fcm.refusals) == {"unauthenticated"}


def access_token__arrives_together_with_refusals__all_pushes_taken(tmp_path):
    """One read of the connection ends the request for the token and all pushes with the old one."""
    with pushing(tmp_path) as (push, _, fcm):
        assert send_new(push, "fcm").result == "taken"
        fcm.access_tokens["another"] = (time.time() + 3600, PROJECT)
        grant = Answer.of_json(200, {"access_token": "another", "expires_in": 3600, "token_type": "Bearer"})
        fcm.next_grants = [dataclasses.replace(grant, instead="hold")]
        fcm.answer_next(*[dataclasses.replace(error(401), instead="hold")] * 20, error(401))
        jobs = [push_new(push, "fcm") for _ in range(21)]
        fcm.wait(lambda: len(fcm.grants) == 2, "the request for another token")
        fcm.release()
        assert {push.result(job) for job in jobs} == {"taken"}
        assert len(fcm.grants) == 2


@pytest.mark.parametrize("answer,word,event,least_s", [
    (Answer.of_json(400, {"error": "invalid_grant"}), "account_refused", "push.check_configuration", BLAME_WAIT_S),
    (Answer.of_json(200, {"access_token": "x"}), "access_token_trouble", "push.provider_trouble", FIRST_WAIT_S),
    (HTML, "access_token_trouble", "push.provider_trouble", FIRST_WAIT_S),
], ids=["refused", "incomplete", "html"])
def access_token__not_to_be_had__nothing_sent_and_all_retried(tmp_path, answer, word, event, least_s):
    with pushing(tmp_path) as (push, _, fcm):
        fcm.next_grants = [answer] * 50
        began = int(time.time())
        outcomes = [push.outcome(job) for job in [push_new(push, "fcm") for _ in range(30)]]
        assert {outcome.result for outcome in outcomes} == {"retry"}
        assert min(outcome.retry_at for outcome in outcomes) - began >= least_s
        assert len(fcm.grants) == 1 and fcm.good == []
        assert send_new(push, "apns").result == "taken"
        assert_one_line(push, event, "fcm", word)
        assert_quiet(push)


def expect(push, fcm, answer, action):
    """Sends one push that gets the answer, then another one."""
    assert send_new(push, "fcm").result == "taken"
    fcm.answer_next(answer)
    began = int(time.time())
    outcome, after = send_new(push, "fcm"), send_new(push, "fcm")
    if action == "ok":
        assert (outcome.result, after.result) == ("taken", "taken")
    elif action.startswith(("drop_token", "abort; drop token")):  # the message is valid: one was accepted
        assert (outcome.result, after.result) == ("dropped", "taken")
    elif action == "bug":
        assert (outcome.result, after.result) == ("given_up", "taken")
    elif action.startswith("config"):
        assert (outcome.result, after.result) == ("retry", "retry")
        assert outcome.retry_at - began >= BLAME_WAIT_S
    elif action.startswith("refresh"):
        assert (outcome.result, after.result) == ("taken", "taken")
        assert len(fcm.grants) == 2
    elif action.startswith("retry") or action == "none/by status":
        assert (outcome.result, after.result) == ("retry", "retry")
        assert outcome.retry_at - began >= (60 if answer.status == 429 else FIRST_WAIT_S)
    else:
        raise AssertionError(f"an action that this test does not know: {action}")
    assert_quiet(push)


@pytest.mark.parametrize("row", ROWS["samples"], ids=lambda row: f"{row['http']}")
def answer__every_sample_of_the_file__its_reaction(tmp_path, row):
    answer = HTML if "body_text" in row else Answer.of_json(row["http"], row["body"])
    with pushing(tmp_path) as (push, _, fcm):
        expect(push, fcm, answer, row["action"])


@pytest.mark.parametrize("row", ROWS["codes"], ids=lambda row: row["errorCode"] or row["status"])
def answer__every_code_of_the_file__its_reaction(tmp_path, row):
    with pushing(tmp_path) as (push, _, fcm):
        expect(push, fcm, error(row["http"] or 500, row["errorCode"]), row["action"])


@pytest.mark.parametrize("seconds,kept", [(1, 1), (1800, 1800), (999999, 6 * 3600)])
def answer__with_retry_after__kept_and_bounded(tmp_path, seconds, kept):
    with pushing(tmp_path) as (push, _, fcm):
        fcm.answer_next(error(429, "QUOTA_EXCEEDED", headers=(("retry-after", str(seconds)),)))
        began = int(time.time())
        outcome = send_new(push, "fcm", expires_s=48 * 3600)
        assert outcome.result == "retry"
        assert began + kept <= outcome.retry_at <= int(outcome.at) + kept


def invalid_arguments__before_any_success__no_token_dropped(tmp_path):
    with pushing(tmp_path) as (push, _, fcm):
        fcm.answer_always(error(400, "INVALID_ARGUMENT"))
        assert [send_new(push, "fcm").result for _ in range(5)] == ["retry"] * 5
        assert_one_line(push, "push.check_configuration", "fcm", "invalid_argument")
