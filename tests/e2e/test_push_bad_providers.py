# SPDX-License-Identifier: Apache-2.0
"""Providers that fail. For each failure of APNs, FCM's pushes are sent meanwhile, memory is within its bounds, each job
gets an outcome, and the log names the fault without a token. The same with the two providers exchanged."""
import time

import pytest

import push_apns
import push_fcm
from push_fixtures import assert_one_line, assert_quiet, push_new, pushing, send_new
from push_stand_in import Answer

SHARE = 256             # jobs of one provider in the push process
GROWTH_KIB = 48 * 1024  # under a sanitizer every byte costs several
SHORT = {"push-timeout": "2s"}
OTHER = {"apns": "fcm", "fcm": "apns"}

both = pytest.mark.parametrize("bad", ["apns", "fcm"])


def warm(push, stand_ins):
    """Opens connections and gets credentials, so that only what follows is measured."""
    for name in stand_ins:
        assert send_new(push, name).result == "taken"
    return push.memory_kib()


def assert_unharmed(push, bad, before_kib, jobs=()):
    """The other provider's pushes are sent although those of the failing one have no outcome yet or wait."""
    others = [push_new(push, OTHER[bad]) for _ in range(50)]
    assert {push.result(job) for job in others} == {"taken"}
    for job in jobs:
        assert push.outcome(job).result in ("retry", "taken")
    assert push.memory_kib() - before_kib < GROWTH_KIB
    assert_quiet(push)


@both
def provider__never_answers__others_on_time_and_its_own_retried(tmp_path, bad):
    with pushing(tmp_path, settings=SHORT) as (push, apns, fcm):
        stand_in = {"apns": apns, "fcm": fcm}[bad]
        before = warm(push, ("apns", "fcm"))
        stand_in.answer_always(Answer(instead="hang"))
        jobs = [push_new(push, bad) for _ in range(SHARE + 50)]
        # More jobs than the provider has room for get an outcome immediately, while the first still wait.
        full = [push.outcome(job) for job in jobs[SHARE:]]
        assert {outcome.result for outcome in full} == {"retry"}
        assert not any(outcome.job == jobs[0] for outcome in push.outcomes)
        assert_unharmed(push, bad, before)
        assert not any(outcome.job == jobs[0] for outcome in push.outcomes)  # all of them before its timeout
        assert {push.result(job) for job in jobs} == {"retry"}
        assert_one_line(push, "push.provider_trouble", bad, "timeout")
        # The provider is in backoff: the next push is not sent.
        sent = len(stand_in.requests)
        assert send_new(push, bad).result == "retry"
        assert len(stand_in.requests) == sent


@both
def provider__accepts_and_sends_nothing__others_on_time(tmp_path, bad):
    with pushing(tmp_path, {bad: {"is_mute": True}}, SHORT) as (push, _, __):
        job = push_new(push, bad)
        assert_unharmed(push, bad, push.memory_kib())
        assert push.result(job) == "retry"
        assert_one_line(push, "push.provider_trouble", bad, "timeout")


@both
def provider__is_not_there__others_on_time(tmp_path, bad):
    with pushing(tmp_path) as (push, apns, fcm):
        {"apns": apns, "fcm": fcm}[bad].close()
        assert send_new(push, bad).result == "retry"
        assert_unharmed(push, bad, push.memory_kib())
        assert_one_line(push, "push.provider_trouble", bad, "unreachable")


@both
@pytest.mark.parametrize("status", [200, 500])
def provider__sends_ten_megabytes__cut_and_judged_by_status(tmp_path, bad, status):
    with pushing(tmp_path) as (push, apns, fcm):
        before = warm(push, ("apns", "fcm"))
        {"apns": apns, "fcm": fcm}[bad].answer_always(Answer(status, (), b"x" * 10_000_000))
        jobs = [push_new(push, bad) for _ in range(20)]
        results = {push.result(job) for job in jobs}
        assert results == ({"taken"} if status == 200 else {"retry"})
        assert_unharmed(push, bad, before)


@both
def provider__resets_streams__retried_and_logged_once(tmp_path, bad):
    with pushing(tmp_path) as (push, apns, fcm):
        before = warm(push, ("apns", "fcm"))
        stand_in = {"apns": apns, "fcm": fcm}[bad]
        stand_in.answer_always(Answer(instead="reset"))
        jobs = [push_new(push, bad) for _ in range(50)]
        assert {push.result(job) for job in jobs} == {"retry"}
        assert_unharmed(push, bad, before)
        assert_one_line(push, "push.provider_trouble", bad, "connection_lost")


@both
def provider__goaway_in_the_middle__the_rest_goes_to_a_new_connection(tmp_path, bad):
    """GOAWAY that does not cover all requests: the others are sent on the next connection, each once, and accepted."""
    with pushing(tmp_path) as (push, apns, fcm):
        before = warm(push, ("apns", "fcm"))
        stand_in = {"apns": apns, "fcm": fcm}[bad]
        stand_in.answer_next(Answer(instead="goaway"))
        jobs = [push_new(push, bad) for _ in range(50)]
        results = [push.result(job) for job in jobs]
        assert set(results) == {"taken"}
        assert len(stand_in.connections) >= 2
        assert stand_in.refusals == []  # on the new connection too: one stream first
        assert_unharmed(push, bad, before)


@both
def provider__cuts_the_connection__retried(tmp_path, bad):
    with pushing(tmp_path) as (push, apns, fcm):
        before = warm(push, ("apns", "fcm"))
        {"apns": apns, "fcm": fcm}[bad].answer_always(Answer(instead="cut"))
        jobs = [push_new(push, bad) for _ in range(20)]
        assert {push.result(job) for job in jobs} == {"retry"}
        assert_unharmed(push, bad, before)


@both
def provider__429_for_an_hour__nothing_sent_for_an_hour(tmp_path, bad):
    answer = Answer(429, (("retry-after", "3600"),))
    with pushing(tmp_path) as (push, apns, fcm):
        before = warm(push, ("apns", "fcm"))
        stand_in = {"apns": apns, "fcm": fcm}[bad]
        stand_in.answer_always(answer)
        began = int(time.time())
        first = send_new(push, bad, expires_s=48 * 3600)
        assert first.result == "retry" and began + 3600 <= first.retry_at <= int(first.at) + 3600
        sent = len(stand_in.requests)
        jobs = [push_new(push, bad, expires_s=48 * 3600) for _ in range(1000)]
        outcomes = [push.outcome(job) for job in jobs]
        assert {outcome.result for outcome in outcomes} == {"retry"}
        assert min(outcome.retry_at for outcome in outcomes) >= first.retry_at
        assert send_new(push, bad, expires_s=600).result == "given_up"  # expires before the end of that hour
        assert len(stand_in.requests) == sent  # none of them was sent
        assert_unharmed(push, bad, before)
        assert_one_line(push, "push.provider_trouble", bad, "too_many_requests")


@pytest.mark.parametrize("bad,answer,word", [
    ("apns", push_apns.error(403, "InvalidProviderToken"), "invalid_provider_token"),
    ("apns", push_apns.error(403, "ExpiredProviderToken"), "expired_provider_token"),
    ("fcm", push_fcm.error(401), "unauthenticated"),
    ("fcm", push_fcm.error(403), "forbidden"),
], ids=["apns-invalid", "apns-expired", "fcm-unauthenticated", "fcm-denied"])
def provider__does_not_know_our_key__logged_once(tmp_path, bad, answer, word):
    with pushing(tmp_path) as (push, apns, fcm):
        before = warm(push, ("apns", "fcm"))
        {"apns": apns, "fcm": fcm}[bad].answer_always(answer)
        jobs = [push_new(push, bad) for _ in range(50)]
        assert {push.result(job) for job in jobs} == {"retry"}
        assert_unharmed(push, bad, before)
        assert_one_line(push, "push.check_configuration", bad, word)


@both
def provider__certificate_of_another_name__gets_nothing(tmp_path, bad):
    with pushing(tmp_path, {bad: {"names": ("other.example",)}}) as (push, apns, fcm):
        assert send_new(push, bad).result == "retry"
        assert {"apns": apns, "fcm": fcm}[bad].requests == []
        assert_unharmed(push, bad, push.memory_kib())
        assert_one_line(push, "push.check_configuration", bad, "certificate")


@both
def provider__certificate_of_another_authority__gets_nothing(tmp_path, bad):
    import push_stand_in

    stranger = push_stand_in.Authority(tmp_path / "stranger")
    with pushing(tmp_path) as (push, apns, fcm):
        stand_in = {"apns": apns, "fcm": fcm}[bad]
        stand_in.context.load_cert_chain(*stranger.issue(["localhost"]))
        assert send_new(push, bad).result == "retry"
        assert stand_in.requests == []
        assert_unharmed(push, bad, push.memory_kib())
        assert_one_line(push, "push.check_configuration", bad, "certificate")


@both
def provider__answers_drip__timed_out(tmp_path, bad):
    headers = tuple((f"x-{number}", "y" * 200) for number in range(20))
    with pushing(tmp_path, settings=SHORT) as (push, apns, fcm):
        before = warm(push, ("apns", "fcm"))
        {"apns": apns, "fcm": fcm}[bad].answer_always(Answer(200, headers, instead="drip"))
        jobs = [push_new(push, bad) for _ in range(5)]
        assert_unharmed(push, bad, before)
        assert {push.result(job) for job in jobs} == {"retry"}
        assert_one_line(push, "push.provider_trouble", bad, "timeout")


@both
def provider__body_of_its_answer_drips__taken(tmp_path, bad):
    """The status is known with the head of the answer. What becomes of the body does not matter."""
    with pushing(tmp_path, settings={"push-timeout": "4s"}) as (push, apns, fcm):
        before = warm(push, ("apns", "fcm"))
        {"apns": apns, "fcm": fcm}[bad].answer_next(Answer(200, (), b"x" * 1000, instead="drip"))
        assert send_new(push, bad).result == "taken"
        assert_unharmed(push, bad, before)


@both
def provider__redirects__not_followed(tmp_path, bad):
    with pushing(tmp_path) as (push, apns, fcm):
        other = {"apns": fcm, "fcm": apns}[bad]
        before = warm(push, ("apns", "fcm"))
        seen = len(other.requests)
        {"apns": apns, "fcm": fcm}[bad].answer_always(Answer(307, (("location", other.url + "/stolen"),)))
        assert send_new(push, bad).result == "retry"
        assert len(other.requests) == seen
        assert_unharmed(push, bad, before)
        assert_one_line(push, "push.check_configuration", bad, "redirect")


@both
def provider__recovers__gets_its_pushes_at_once(tmp_path, bad):
    """A failure among successes delays only its own push."""
    with pushing(tmp_path) as (push, apns, fcm):
        warm(push, ("apns", "fcm"))
        stand_in = {"apns": apns, "fcm": fcm}[bad]
        stand_in.answer_next(Answer(instead="hold"), Answer(500))
        held = push_new(push, bad)
        assert send_new(push, bad).result == "retry"
        assert send_new(push, bad).result == "retry"  # the provider is in backoff
        stand_in.release()
        assert push.result(held) == "taken"
        assert send_new(push, bad).result == "taken"
