# SPDX-License-Identifier: Apache-2.0
"""The clock of a real relay is set while it runs, and between two runs."""
import calendar
import contextlib
import re
import threading
import time

import pytest

from checks import assert_ended, assert_problem
from cli_device import KEY, Device
from conftest import make_relay, open_api
from fake_clock import FakeClock, FakeClocks
from relay_process import RelayError, in_a_short_life, metrics, run_refused, until, until_long_polls
from tigress_client import create_message, new_id

DAY = 86400
HOUR = 3600
ARGS = ("--sweep-interval", "1s")


@pytest.fixture
def clock(tmp_path):
    return FakeClock(tmp_path / "clock")


@pytest.fixture
def relay(tmp_path, clock):
    """Its wall clock is `clock`."""
    made = make_relay(tmp_path / "relay", "plain-lmdb", ARGS, env=clock.env)
    with made:
        yield made


@pytest.fixture
def api(relay):
    with contextlib.closing(open_api(relay)) as opened:
        yield opened


def read_status(api, box, claim):
    return api.read(box, claim).status


def assert_disputed(answer):
    """503, and when to ask again."""
    assert_problem(answer, 503)
    assert 1 <= int(answer.header("Retry-After")) <= 600


def until_clocks_differ(relay, seconds):
    until(lambda: metrics(relay)["tigress_clock_difference_seconds"] == seconds,
          f"a difference of {seconds} s")


def until_swept(relay, count):
    until(lambda: metrics(relay)["tigress_swept_total"] >= count, f"{count} mailboxes swept")


def expired_box(api):
    """A mailbox that has just expired, as its initiator is told."""
    box = in_a_short_life(lambda life_s: api.new_box(expires_s=life_s))
    until(lambda: read_status(api, box, box.initiator) == 404, "expiration")
    return box


def refusal(relay):
    with pytest.raises(RelayError) as error:
        relay.start()
    return str(error.value)


# ---- the clock is set while the relay runs ------------------------------------------------------

# spec-test: protocol/3#clock-disputed protocol/3#clock-leap-stands
def leap__40_days_ahead_and_back__no_mailbox_is_harmed(relay, api, clock):
    boxes = [api.bound_box(expires_s=2 * DAY) for _ in range(3)]
    open_box = api.new_box(expires_s=20 * DAY)
    deleted = api.bound_box(expires_s=DAY)
    assert api.delete(deleted, deleted.initiator).status == 200
    in_a_short_life(lambda life_s: api.new_box(expires_s=life_s + 1))
    clock.leap(40 * DAY)
    until_clocks_differ(relay, 40 * DAY)
    until_swept(relay, 1)  # the short life is over: a sweep has run meanwhile
    for box in boxes + [open_box]:
        for answer in (api.read(box, box.initiator), api.read(box, new_id()), api.preview(box),
                       api.update(box, box.recipient), api.delete(box, box.initiator),
                       api.relinquish(box, box.recipient),
                       api.create(box.message, box.initiator, box.create_id)):
            assert_disputed(answer)
    assert_disputed(api.create(create_message(rights=None, expires_s=None)))
    assert_ended(api.read(deleted, deleted.initiator), "ended-by-initiator")
    assert api.read(new_id(), new_id()).status == 404
    counted = metrics(relay)
    assert counted["tigress_swept_total"] == 1
    assert counted['tigress_refusals_total{reason="clock"}'] >= 29
    clock.leap(-40 * DAY)
    for box in boxes:
        assert read_status(api, box, box.recipient) == 200
        assert api.update(box, box.recipient).status == 200
        assert read_status(api, box, new_id()) == 401
    assert read_status(api, open_box, open_box.recipient) == 200
    assert api.create().status == 200
    counted = metrics(relay)
    assert counted["tigress_swept_total"] == 1
    assert counted["tigress_clock_difference_seconds"] == 0
    assert counted['tigress_clock_leaps_total{direction="ahead"}'] == 1
    assert counted['tigress_clock_leaps_total{direction="back"}'] == 1
    log = relay.output("stderr").decode()
    assert re.search(r"warning clock.leapt_ahead seconds=345[56]\d{3} ", log), log
    assert len(re.findall(r" clock\.", log)) == 1  # one line a minute


def leap__one_hour_back__an_expired_mailbox_binds_nobody(relay, api, clock):
    expired = expired_box(api)
    soon = in_a_short_life(lambda life_s: api.new_box(expires_s=life_s + 2))
    clock.leap(-HOUR)
    answer = api.read(expired, new_id())
    assert answer.status == 404 and "expired" not in answer.body.decode()
    assert_ended(api.read(expired, expired.initiator), "expired")
    # The time has passed, although the clock has not shown it: 503, and later still.
    until(lambda: read_status(api, soon, soon.initiator) == 503, "the dispute")
    assert_disputed(api.read(soon, new_id()))
    assert api.create(create_message(expires_s=2 * HOUR)).status == 200
    until_clocks_differ(relay, -HOUR)
    clock.leap(HOUR)
    assert read_status(api, soon, new_id()) == 404


def leap__during_a_long_poll__503(relay, api, clock):
    box = api.bound_box(expires_s=DAY)
    with contextlib.closing(open_api(relay)) as waiting:
        answers = []
        poll = threading.Thread(
            target=lambda: answers.append(waiting.wait(box, box.recipient, 1, 4)))
        poll.start()
        until_long_polls(relay, 1)
        clock.leap(40 * DAY)
        poll.join()
    assert_disputed(answers[0])
    clock.leap(-40 * DAY)
    assert read_status(api, box, box.recipient) == 200


def leap__while_a_receiver_accepts__it_waits_and_gets_the_credential(relay, clock, tmp_path):
    sender, receiver = (Device(tmp_path / name, relay) for name in ("sender", "receiver"))
    url = sender.share()["url"]
    clock.leap(40 * DAY)
    until_clocks_differ(relay, 40 * DAY)
    process = receiver.start("accept", url, "--json")
    until(lambda: metrics(relay)['tigress_refusals_total{reason="clock"}'] >= 1, "a 503")
    clock.leap(-40 * DAY)
    ran = receiver.finish(process)
    assert ran.code == 0, ran.err


# ---- the clock stands there for an hour ---------------------------------------------------------

def leap__stands_for_an_hour__believed_and_swept(tmp_path):
    clocks = FakeClocks(tmp_path / "clock")
    with make_relay(tmp_path / "relay", "plain-lmdb", ARGS, env=clocks.env) as relay, \
            contextlib.closing(open_api(relay)) as api:
        box = api.bound_box(expires_s=DAY)
        clocks.leap(40 * DAY)
        until_clocks_differ(relay, 40 * DAY)
        clocks.pass_time(59 * 60)
        assert_disputed(api.read(box, box.recipient))
        clocks.pass_time(3 * 60)
        until(lambda: read_status(api, box, box.recipient) == 404, "the new time counts")
        until_swept(relay, 1)
        assert metrics(relay)["tigress_clock_difference_seconds"] == 0


# ---- between two runs ---------------------------------------------------------------------------

# spec-test: protocol/3#time-not-below-earlier
def start__killed_and_set_back_by_an_hour__refused_until_accepted(relay, api, clock):
    expired = expired_box(api)
    until(lambda: api.preview(expired).status == 404, "a 404")
    live = api.new_box(expires_s=2 * DAY)
    relay.kill()
    clock.leap(-HOUR)
    text = refusal(relay)
    assert text.startswith("exit 1: "), text
    assert re.search(r"cannot start: the clock of this computer says \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, "
                     r"3(59|60)\d seconds before the latest time", text), text
    assert "--accept-clock" in text
    relay.args.append("--accept-clock")
    relay.start()
    said = relay.output("stderr").decode()
    assert re.search(r"--accept-clock: the time of this relay was \S+Z. It becomes \S+Z,", said), said
    assert "alive again" in said
    with contextlib.closing(open_api(relay)) as again:
        assert read_status(again, live, new_id()) == 200
    relay.args.remove("--accept-clock")
    relay.stop()
    relay.start()
    assert "accept-clock" not in relay.output("stderr").decode()


def start__killed_and_set_back_a_little__nothing_expired_is_bound(relay, api, clock):
    expired = expired_box(api)
    relay.kill()
    clock.leap(-60)
    relay.start()
    with contextlib.closing(open_api(relay)) as again:
        assert read_status(again, expired, new_id()) in (404, 503)
        assert again.create(create_message(expires_s=DAY)).status == 200


@pytest.mark.parametrize("below_s,starts", [(4 * 60, True), (6 * 60, False)])
def start__below_the_mark__five_minutes_are_allowed(relay, clock, below_s, starts):
    relay.stop()
    clock.leap(-below_s)
    if starts:
        relay.start()
        assert -below_s <= metrics(relay)["tigress_clock_difference_seconds"] < -below_s + 60
    else:
        assert "--accept-clock" in refusal(relay)
        clock.leap(below_s)
        relay.start()


def start__clock_before_the_program__refused(relay, clock):
    relay.stop()
    clock.leap(-20 * 365 * DAY)
    text = refusal(relay)
    assert re.search(r"the clock of this computer says 20\d\d-\S+Z, but this program is of 20\d\d-", text)
    code, text = run_refused(["--plain-http", "--store", "memory:", "--check-config"], env=clock.env)
    assert code == 2 and "this program is of" in text
    relay.args.append("--accept-clock")
    assert "this program is of" in refusal(relay)
    relay.args.remove("--accept-clock")
    clock.leap(20 * 365 * DAY)
    relay.start()


def start__restarted_on_the_same_boot__one_time(relay, api):
    box = in_a_short_life(lambda life_s: api.new_box(expires_s=life_s + 1))
    relay.stop()
    relay.start()
    with contextlib.closing(open_api(relay)) as again:
        until(lambda: read_status(again, box, box.initiator) == 404, "expiration")
        assert metrics(relay)["tigress_clock_difference_seconds"] == 0
        assert metrics(relay)['tigress_refusals_total{reason="clock"}'] == 0


def start__off_for_a_weekend__only_what_has_expired_waits(relay, api, clock):
    short = api.bound_box(expires_s=2 * DAY)
    long = api.new_box(expires_s=20 * DAY)
    relay.stop()
    clock.leap(int(2.5 * DAY))
    relay.start()
    with contextlib.closing(open_api(relay)) as again:
        assert_disputed(again.read(short, short.recipient))
        assert read_status(again, long, new_id()) == 200
        assert again.create(create_message(rights=None, expires_s=None)).status == 200
        assert again.create(create_message(expires_s=3 * DAY)).status == 200
    assert " clock.ahead_at_start seconds=2" in relay.output("stderr").decode()
    # The operator knows that the clock is right.
    relay.stop()
    relay.args.append("--accept-clock")
    relay.start()
    with contextlib.closing(open_api(relay)) as again:
        assert read_status(again, short, short.recipient) == 404
    assert "removed now" in relay.output("stderr").decode()
    until_swept(relay, 1)
    relay.args.remove("--accept-clock")


def start__restarts_with_a_clock_further_ahead_each_time__burn_nothing(relay, api, clock):
    box = api.bound_box(expires_s=HOUR)
    for _ in range(20):
        relay.stop()
        clock.leap(240)
        relay.start()
        with contextlib.closing(open_api(relay)) as again:
            assert read_status(again, box, box.recipient) in (200, 503)
    clock.leap(-20 * 240)
    with contextlib.closing(open_api(relay)) as again:
        until(lambda: read_status(again, box, box.recipient) == 200, "the mailbox")


# ---- a device whose clock is wrong --------------------------------------------------------------

# spec-test: protocol/3#expiration-counts-from-date protocol/3#expiration-optional-in-configuration
@pytest.mark.parametrize("words, lifetime_s", [((), 2 * DAY), (("--expires", "3d"), 3 * DAY)])
@pytest.mark.parametrize("wrong_by", [-9 * DAY, 40 * DAY])
def share__clock_of_the_device_is_wrong__expiration_by_that_of_the_relay(tmp_path, words, lifetime_s, wrong_by):
    wrong = FakeClock(tmp_path / "clock")
    wrong.leap(wrong_by)
    with make_relay(tmp_path / "relay", "plain-lmdb") as made:
        shared = Device(tmp_path / "device", made, **wrong.env).share(KEY, "--rights", "RWD", *words)
    left_s = calendar.timegm(time.strptime(shared["expires"], "%Y-%m-%dT%H:%M:%SZ")) - time.time()
    assert lifetime_s - HOUR < left_s <= lifetime_s + 60
