# SPDX-License-Identifier: Apache-2.0
"""Checks of an answer that several test files use."""
import contextlib
import re

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
PROBLEM_TYPE = "application/problem+json"


def media_type(answer):
    return (answer.header("content-type") or "").split(";")[0].strip().lower()


def assert_problem(answer, status, *named):
    """A problem document with this status whose detail contains each of `named`."""
    assert answer.status == status, (answer.status, answer.body[:500])
    assert media_type(answer) == PROBLEM_TYPE
    problem = answer.json()
    assert problem["status"] == status
    assert isinstance(problem["type"], str) and problem["type"]
    assert isinstance(problem["title"], str) and problem["title"]
    assert isinstance(problem.get("detail", ""), str)
    for name in named:
        assert name.lower() in problem["detail"].lower(), (name, problem["detail"])
    if status == 401:
        assert "DeviceClaim" in answer.header("www-authenticate")
    if status == 405:
        assert answer.header("allow")
    if status in (429, 503):
        assert int(answer.header("retry-after")) > 0
    return problem


def assert_ended(answer, reason):
    """The 404 that one of the two devices of an ended mailbox gets."""
    problem = assert_problem(answer, 404)
    assert re.split(r"[/:]", problem["type"])[-1] == reason, problem["type"]


def assert_unknown(answer):
    """The 404 of an identifier that never existed: it reveals nothing."""
    problem = assert_problem(answer, 404)
    for reason in ("ended-by", "endNote".lower(), "expired"):
        assert reason not in str(problem).lower()


def look(api, box):
    """The mailbox as the initiator reads it; does not change it."""
    answer = api.read(box, box.initiator)
    if answer.status != 200:
        return answer.status, answer.body, None
    return answer.status, answer.json(), answer.header("mailbox-version")


@contextlib.contextmanager
def unchanged(api, box):
    """The mailbox is the same before and after."""
    before = look(api, box)
    yield
    assert look(api, box) == before


def assert_bindable(api, box):
    """No recipient has been bound: the right one can still be."""
    assert api.read(box, box.recipient).status == 200


def assert_echoes_nothing(answer, *planted):
    text = answer.body + str(answer.headers).encode()
    for value in planted:
        assert value.encode() not in text, f"{value} came back"
