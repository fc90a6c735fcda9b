# SPDX-License-Identifier: Apache-2.0
"""All four kinds of provider at once, with one set of settings, for tests that are the same for each."""
import contextlib
import json
import secrets

import push_apns
import push_fcm
import push_webhook
import push_webpush
from push_stand_in import Answer, Authority

NAMES = ("apns", "fcm", "webpush", "webhook")
CLASSES = {"apns": push_apns.Apns, "fcm": push_fcm.Fcm, "webpush": push_webpush.WebPush,
           "webhook": push_webhook.Webhook}
# The answer of each for an invalid token.
GONE = {"apns": push_apns.error(410, "Unregistered", timestamp=1460000000000),
        "fcm": push_fcm.error(404, "UNREGISTERED"), "webpush": Answer(404), "webhook": Answer(410)}


class Four(dict):
    """{name: stand-in}."""

    def __init__(self, folder, stack):
        super().__init__()
        authority = Authority(folder / "ca")
        for name, kind in CLASSES.items():
            self[name] = stack.enter_context(kind(authority, folder))

    @property
    def settings(self):
        return {key: value for stand_in in self.values() for key, value in stand_in.settings.items()}

    def token(self, name, mark=None):
        """A new token; mark: a text in it, where the kind of token allows it."""
        mark = mark or secrets.token_urlsafe(16)
        if name == "apns":
            return {"type": "com.apple.apns", "tokenData": push_apns.new_token()}
        if name == "fcm":
            return {"type": "com.google.fcm", "tokenData": f"{push_fcm.new_token()}-{mark}"}
        if name == "webpush":
            return self[name].subscribe("/send/" + mark).token
        return self[name].token("/hook/" + mark)

    def told(self, name):
        """tokenData, or the endpoint in it, of the pushes received, in order."""
        stand_in = self[name]
        if name in ("apns", "fcm"):
            return stand_in.tokens()
        return [stand_in.url + request.path for request in stand_in.good]


def told_as(token):
    """How Four.told() names a token."""
    if token["type"] == "org.w3.webpush":
        return json.loads(token["tokenData"])["endpoint"]
    return token["tokenData"]


@contextlib.contextmanager
def four_providers(folder):
    with contextlib.ExitStack() as stack:
        yield Four(folder, stack)
