# SPDX-License-Identifier: Apache-2.0
"""A stand-in for APNs: only HTTP/2, and every check that Apple's service makes of a background push with token
authentication. Facts: Apple, "Sending notification requests to APNs", "Establishing a token-based connection"."""
import base64
import json
import re
import secrets
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from push_stand_in import Answer, StandIn, pem_of, refuse

KEY_ID, TEAM_ID, TOPIC = "ABC123DEFG", "DEF123GHIJ", "example.tigress.wallet"
BODY = {"aps": {"content-available": 1}}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
DAYS_30 = 30 * 86400


def new_token():
    return secrets.token_hex(32)


def from_base64url(text):
    assert "=" not in text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def error(status, reason, **more):
    """An error as APNs writes it."""
    return Answer.of_json(status, {"reason": reason, **more})


def answer_of(row):
    """A row of provider_responses.json."""
    if row["reason"] is None:
        return Answer(row["status"])
    more = {"timestamp": 1460000000000} if row["reason"] == "Unregistered" else {}
    return error(row["status"], row["reason"], **more)


class Apns(StandIn):
    """topics: of the apps that its key may push to. key_id: of a key of another team it must differ."""

    def __init__(self, authority, folder, *, topics=(TOPIC,), key_id=KEY_ID, team_id=TEAM_ID, **options):
        self.topics, self.key_id, self.team_id = topics, key_id, team_id
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.key_file = folder / f"apns-{key_id}.p8"
        self.key_file.write_bytes(pem_of(self.key))
        self.key_file.chmod(0o600)
        self.jwts = []  # each token, once, in the order of arrival
        super().__init__(authority, **options)

    @property
    def settings(self):
        return {"push-apns-key": self.key_file, "push-apns-key-id": self.key_id,
                "push-apns-team-id": self.team_id, "push-apns-topic": self.topics[0], "push-apns-url": self.url, "push-ca": self.authority.ca_file}

    @property
    def app(self):
        """The same as a push-apns-app."""
        return f"{self.topics[0]} key={self.key_file} key-id={self.key_id} team-id={self.team_id} url={self.url}"

    def success(self, request):
        return Answer(200, (("apns-id", request.header("apns-id")),))

    def check(self, request):
        refused = self.check_form(request) or self.check_jwt(request)
        if refused:
            return refused
        return self.check_streams(request) or self.check_headers(request) or self.check_body(request)

    def check_form(self, request):
        if request.method != "POST":
            return refuse("MethodNotAllowed", 405)
        if not re.fullmatch(r"/3/device/([0-9a-f]{2}){16,}", request.path):
            return refuse("BadPath", 404)
        names = [name for name, _ in request.headers]
        if len(set(names)) != len(names):
            return refuse("DuplicateHeaders")
        known = {":method", ":path", ":scheme", ":authority", "authorization", "content-type", "content-length",
                 "apns-topic", "apns-push-type", "apns-priority", "apns-expiration", "apns-collapse-id", "apns-id"}
        if set(names) - known:
            return refuse(f"a header about the sender: {set(names) - known}")
        return None

    def check_jwt(self, request):
        match = re.fullmatch(r"bearer ([\w-]+)\.([\w-]+)\.([\w-]+)", request.header("authorization") or "")
        if not match:
            return refuse("MissingProviderToken", 403)
        header, claims = (json.loads(from_base64url(part)) for part in match.groups()[:2])
        signature = from_base64url(match.group(3))
        if header != {"alg": "ES256", "kid": self.key_id} or set(claims) != {"iss", "iat"} \
                or claims["iss"] != self.team_id:
            return refuse("InvalidProviderToken", 403)
        if len(signature) != 64:  # RFC 7518: r and s, not DER
            return refuse("InvalidProviderToken", 403)
        try:
            self.key.public_key().verify(
                encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")),
                f"{match.group(1)}.{match.group(2)}".encode(), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return refuse("InvalidProviderToken", 403)
        if not isinstance(claims["iat"], int) or not -60 <= time.time() - claims["iat"] <= 3600:
            return refuse("ExpiredProviderToken", 403)
        if match.group(0) not in self.jwts:
            self.jwts.append(match.group(0))
        return None

    @staticmethod
    def check_streams(request):
        """One stream until the first push with a valid token was answered."""
        connection = request.connection
        others = [stream for stream in connection.streams if stream != request.stream]
        if others and not connection.is_authenticated:
            return refuse("a second stream before the first valid answer", 429)
        connection.is_authenticated = True
        return None

    def check_headers(self, request):
        if request.header("apns-topic") not in self.topics:
            return refuse("BadTopic" if request.header("apns-topic") else "MissingTopic")
        if request.header("apns-push-type") != "background":
            return refuse("InvalidPushType")
        if request.header("apns-priority") != "5":  # 10 is an error for a background push
            return refuse("BadPriority")
        if not UUID.fullmatch(request.header("apns-id") or ""):
            return refuse("BadMessageId")
        expiration = request.header("apns-expiration") or ""
        if not expiration.isdecimal() or not 0 < int(expiration) - time.time() <= DAYS_30:
            return refuse("BadExpirationDate")
        if not 0 < len(request.header("apns-collapse-id") or "") <= 64:
            return refuse("BadCollapseId")
        if request.header("content-type") != "application/json":
            return refuse("content-type")
        return None

    @staticmethod
    def check_body(request):
        if len(request.body) > 4096:
            return refuse("PayloadTooLarge", 413)
        if not request.body:
            return refuse("PayloadEmpty")
        if json.loads(request.body) != BODY:  # only "something changed"
            return refuse("a body with other content")
        return None

    def tokens(self):
        """Of the good requests, in order."""
        return [request.path.rpartition("/")[2] for request in self.good]
