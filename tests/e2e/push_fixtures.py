# SPDX-License-Identifier: Apache-2.0
"""Only the push process, with stand-ins for its providers."""
import contextlib

import push_apns
import push_fcm
import push_process
import push_stand_in

CLASSES = {"apns": push_apns.Apns, "fcm": push_fcm.Fcm}
NEW_TOKEN = {"apns": push_apns.new_token, "fcm": push_fcm.new_token}
FIRST_WAIT_S, BLAME_WAIT_S = 10, 300


@contextlib.contextmanager
def pushing(folder, options=None, settings=None):
    """A push process with APNs and FCM; options: of the stand-ins, by name."""
    authority = push_stand_in.Authority(folder / "ca")
    with contextlib.ExitStack() as stack:
        stand_ins = {name: stack.enter_context(kind(authority, folder, **(options or {}).get(name, {})))
                     for name, kind in CLASSES.items()}
        all_settings = {key: value for stand_in in stand_ins.values() for key, value in stand_in.settings.items()}
        push = stack.enter_context(push_process.PushProcess(folder / "push", {**all_settings, **(settings or {})}))
        push.tokens = []
        yield push, stand_ins["apns"], stand_ins["fcm"]


def send_new(push, provider, **options):
    """Sends a push to a new token and returns its outcome."""
    return push.outcome(push_new(push, provider, **options))


def push_new(push, provider, **options):
    token = NEW_TOKEN[provider]()
    push.tokens.append(token)
    return push.push(provider, token, **options)


def assert_quiet(push):
    """The output of the process contains no part of a token, of a key or of an answer's text."""
    text = push.errors()
    for token in push.tokens:
        assert token not in text and token[:16] not in text
    for word in ("what-FCM-says", "bearer", "Bearer", "eyJ", "ya29", "PRIVATE", "localhost", "https:"):
        assert word not in text, text


def assert_one_line(push, event, provider, reason):
    """The log has the fault once, for any number of pushes."""
    lines = push.log_lines(reason)
    assert len(lines) == 1, push.errors()
    assert event in lines[0] and f"{provider}=1" in lines[0]
