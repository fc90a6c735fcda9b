# SPDX-License-Identifier: Apache-2.0
"""A stand-in for an integrator's gateway: makes the checks that docs/push.md requires of a gateway, written from that
page only."""
import base64
import hashlib
import hmac
import re
import secrets
import time

from push_stand_in import Answer, StandIn, refuse

TOLERANCE_S = 300
BODY = b'{"event":"changed"}'


class Webhook(StandIn):
    def __init__(self, authority, folder, **options):
        super().__init__(authority, **{"alpn": ("h2", "http/1.1"), **options})
        self.key = secrets.token_bytes(32)
        self.seen = set()
        self.key_file = folder / "webhook.key"
        self.key_file.write_text("whsec_" + base64.b64encode(self.key).decode() + "\n", encoding="ascii")
        self.key_file.chmod(0o600)

    @property
    def settings(self):
        return {"push-webhook-key": self.key_file, "push-hosts": "localhost", "push-private-addresses": True,
                "push-ca": self.authority.ca_file}

    def token(self, path="/hook"):
        return {"type": "webhook", "tokenData": self.url + path}

    def check(self, request):
        identifier, timestamp = request.header("webhook-id"), request.header("webhook-timestamp")
        signature = request.header("webhook-signature")
        if request.method != "POST" or request.header("content-type") != "application/json":
            return refuse("method or media type", 405)
        if not re.fullmatch(r"\d{1,12}", timestamp or "") or abs(time.time() - int(timestamp)) > TOLERANCE_S:
            return refuse("webhook-timestamp", 401)
        signed = f"{identifier}.{timestamp}.".encode() + request.body
        right = "v1," + base64.b64encode(hmac.new(self.key, signed, hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(right, signature or ""):
            return refuse("webhook-signature", 401)
        if identifier in self.seen:
            return refuse("webhook-id was there before", 400)
        self.seen.add(identifier)
        if request.body != BODY:
            return refuse("body", 400)
        return None

    def success(self, request):
        return Answer(204)
