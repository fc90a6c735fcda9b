# SPDX-License-Identifier: Apache-2.0
"""Searches for marked values while pushes wait in the outbox and after tokens were dropped: in the store's files, in
the output and memory of both processes, and in the metrics."""
import contextlib
import json
import time

import pytest

from conftest import make_relay, open_api
from push_apns import error
from push_four import GONE, NAMES, four_providers, told_as
from push_relay import children, flags, metrics, pushed, until
from push_stand_in import Answer
from push_webpush import from_base64url
from test_privacy import Scanner, core_image, memory_image, output_of
from tigress_client import create_message

SHARES = 2
REST_S = 10  # the longest time that a test waits for rest
LONG = ("--push-timeout", "300s", "--drain-timeout", "2s", "--log-level", "debug", "--workers", "2")

each = pytest.mark.parametrize("name", NAMES)
each_ending = pytest.mark.parametrize("ending", ["429", "503", "taken", "dropped"])


def answer_of(name, ending):
    """None: the normal answer of a provider."""
    later = (("retry-after", "60"),)
    if ending == "429" and name == "apns":
        return Answer(429, later, error(429, "TooManyRequests").body)
    return {"429": Answer(429, later), "503": Answer(503, later), "taken": None, "dropped": GONE[name]}[ending]


class Planted:
    """The values to search for: values that only the relay may know, and tokens, which the push process must know
    too."""

    def __init__(self):
        self.all, self.shares, self.urls = Scanner(), Scanner(), []

    def text(self, what):
        """A new marked text that is not part of a token."""
        value = self.shares.text(what)
        self.all.plant("a marked text", value)
        return value

    def claim(self):
        value = self.shares.claim()
        self.all.plant("a claim", value)
        return value

    def identifier(self, value):
        for scanner in (self.all, self.shares):
            scanner.plant("an identifier", value)

    def token(self, four, name):
        """A token, each part of which is searched for."""
        token = four.token(name, self.all.text("TOKEN"))
        data = told_as(token)
        self.all.plant("a token", data)
        if name == "apns":
            self.all.plant("a token's bytes", bytes.fromhex(data))
            self.urls.append(f"{four[name].url}/3/device/{data}".encode())
        elif name in ("webpush", "webhook"):
            self.urls.append(data.encode())
        if name == "webpush":
            for part, value in json.loads(token["tokenData"])["keys"].items():
                self.all.plant(f"a subscription's {part}", value)
                if part == "auth":
                    self.all.plant("bytes of a subscription's auth", from_base64url(value))
        return token


def share(planted, four, api, name):
    """A mailbox with marked values. Both sides register a token, and each gets a push for an update."""
    text = planted.text
    tokens = [planted.token(four, name) for _ in range(2)]
    initiator, recipient = planted.claim(), planted.claim()
    answer = api.create(create_message(payload={"type": text("TYPE"), "data": text("DATA")}, token=tokens[0],
                                       display={"title": text("TITLE"), "description": text("DESCRIPTION"),
                                                "imageURL": "https://img.example/k.png"}),
                        initiator, text("REQUEST"))
    assert answer.status == 200 and answer.json()["isPushNotificationSupported"]
    box = answer.json()["urlLink"].rsplit("/", 1)[1]
    planted.identifier(box)
    assert api.read(box, recipient, {"notificationToken": tokens[1]}).status == 200
    for claim in (recipient, initiator):
        message = {"payload": {"type": text("TYPE"), "data": text("DATA")}}
        assert api.update(box, claim, message, text("REQUEST")).status == 200


def assert_written_nothing(planted, relay):
    assert planted.all.find_in_files(relay.data) == []
    assert planted.all.find(output_of(relay), "output") == []


def at_rest(look):
    """What is found at the end of REST_S: closed connections take some time to end, and contain values until then."""
    end = time.monotonic() + REST_S
    while (found := look()) and time.monotonic() < end:
        pass
    return found


def in_relay(planted, relay):
    return planted.all.find(memory_image(relay.pid), "the relay's memory")


def in_push_process(planted, pid):
    """What is found of a share, and URLs to which a push was sent. Tokens of the last pushes may still be in memory
    that the HTTP/2 library uses for its next frames or has freed."""
    image = memory_image(pid)
    return planted.shares.find(image, "the push process's memory") + [url for url in planted.urls if url in image]


# spec-test: protocol/3#blind-at-rest
# spec-test: protocol/3#nothing-identifying-written
@each
@each_ending
def pushes__ended_or_put_off__nothing_found(tmp_path, name, ending):
    planted = Planted()
    with four_providers(tmp_path) as four, \
            make_relay(tmp_path / "relay", args=[*flags(four.settings), *LONG]) as relay:
        four[name].answer_always(answer_of(name, ending))
        with contextlib.closing(open_api(relay)) as api:
            for _ in range(SHARES):
                share(planted, four, api, name)
        (pid,) = children(relay)
        outcome = {"429": "retried", "503": "retried"}.get(ending, ending)
        until(lambda: pushed(relay, name, outcome) >= 2 * SHARES, "the outcomes")
        left = 0 if ending == "taken" else 2 * SHARES
        until(lambda: metrics(relay)["tigress_push_outbox"] == left, "the outcomes in the store")
        assert_written_nothing(planted, relay)
        assert at_rest(lambda: in_relay(planted, relay)) == []
        assert at_rest(lambda: in_push_process(planted, pid)) == []
        core = core_image(relay, tmp_path)
        assert core is None or planted.all.find(core, "core image") == []
    assert planted.all.find_in_files(tmp_path / "relay") == []


@each
def pushes__under_way__in_the_push_process_alone(tmp_path, name):
    """Shows that the scan finds values: a token is in the memory of the process that pushes to it, and nowhere else."""
    planted = Planted()
    with four_providers(tmp_path) as four, \
            make_relay(tmp_path / "relay", args=[*flags(four.settings), *LONG]) as relay:
        four[name].answer_always(Answer(instead="hang"))
        with contextlib.closing(open_api(relay)) as api:
            for _ in range(SHARES):
                share(planted, four, api, name)
        (pid,) = children(relay)
        four[name].wait_good(1)
        assert planted.all.find(memory_image(pid), "the push process"), "the scan would find a token"
        assert planted.shares.find(memory_image(pid), "the push process") == []
        assert metrics(relay)["tigress_push_outbox"] == 2 * SHARES
        assert_written_nothing(planted, relay)
        assert at_rest(lambda: in_relay(planted, relay)) == []
    assert planted.all.find_in_files(tmp_path / "relay") == []
