# SPDX-License-Identifier: Apache-2.0
"""A stand-in for FCM, HTTP v1, and for Google's token endpoint: the assertion is verified, and a message may contain
only what the schema defines. Facts: Firebase, "Send a Message using FCM HTTP v1 API"; RFC 7523."""
import base64
import json
import re
import secrets
import time
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from push_stand_in import Answer, StandIn, pem_of, refuse

PROJECT, EMAIL, KEY_ID = "tigress-wallet", "push@tigress-wallet.example", "0123456789abcdef"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
STATUS_OF = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
             429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}
ONE_KEY = None  # 2048 bits take long to make: one key for all stand-ins of a run


def new_token():
    return secrets.token_urlsafe(16) + ":APA91b" + secrets.token_urlsafe(100)


def error(status, code=None, message="what-FCM-says", headers=()):
    """An error as FCM writes it; code: that of its FcmError detail."""
    details = [{"@type": FCM_ERROR, "errorCode": code}] if code else []
    return Answer.of_json(status, {"error": {"code": status, "message": message, "status": STATUS_OF[status],
                                             **({"details": details} if details else {})}}, headers)


def from_base64url(text):
    assert "=" not in text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Fcm(StandIn):
    def __init__(self, authority, folder, **options):
        global ONE_KEY
        ONE_KEY = self.key = ONE_KEY or rsa.generate_private_key(65537, 2048)
        super().__init__(authority, **options)
        self.access_tokens = {}     # token -> its end and its project
        self.emails = {EMAIL: PROJECT}
        self.expires_in = 3599
        self.next_grants = []       # answers of the token endpoint, before anything else
        self.grants = []            # its good requests
        self.account_file = folder / "account.json"
        self.write_account()

    def add_project(self, project):
        """The account of another project."""
        email = f"push@{project}.example"
        self.emails[email] = project
        path = self.account_file.with_name(f"account-{project}.json")
        self.write_account(path, project_id=project, client_email=email)
        return path

    def write_account(self, path=None, **changes):
        path = path or self.account_file
        path.write_text(json.dumps({
            "type": "service_account", "project_id": PROJECT, "private_key_id": KEY_ID,
            "private_key": pem_of(self.key).decode(), "client_email": EMAIL, "client_id": "1",
            "token_uri": self.url + "/token", **changes}), encoding="utf-8")
        path.chmod(0o600)

    @property
    def settings(self):
        return {"push-fcm-account": self.account_file, "push-fcm-url": self.url, "push-ca": self.authority.ca_file}

    def revoke(self):
        """Invalidates every access token that was issued."""
        with self.changed:
            self.access_tokens = {}

    def take(self, request):
        return self.grant(request) if request.path == "/token" else super().take(request)

    def check(self, request):
        return self.check_form(request) or self.check_access(request) or self.check_message(request)

    def success(self, request):
        return Answer.of_json(200, {"name": f"projects/{PROJECT}/messages/{secrets.token_hex(8)}"})

    # ---- the token endpoint ----

    def grant(self, request):
        """RFC 7523 section 2.1: an access token for a signed assertion. Only good requests are kept in grants."""
        with self.changed:
            why = self.check_grant(request)
            if why:
                request.refusal = f"token endpoint: {why}"
                request.answer = Answer.of_json(400, {"error": "invalid_grant", "error_description": why})
                self.requests.append(request)
            else:
                self.grants.append(request)
                if self.next_grants:
                    request.answer = self.next_grants.pop(0)
                else:
                    token = "ya29." + secrets.token_urlsafe(120)
                    self.access_tokens[token] = (time.time() + self.expires_in, self.emails[self.issuer(request)])
                    request.answer = Answer.of_json(200, {"access_token": token, "expires_in": self.expires_in,
                                                          "token_type": "Bearer"})
            self.changed.notify_all()
        return request.answer

    def check_grant(self, request):
        if request.method != "POST" or request.header("content-type") != "application/x-www-form-urlencoded":
            return "expected a form by POST"
        form = urllib.parse.parse_qs(request.body.decode(), strict_parsing=True)
        if set(form) != {"grant_type", "assertion"} or form["grant_type"] != [GRANT]:
            return "grant_type"
        parts = form["assertion"][0].split(".")
        if len(parts) != 3:
            return "assertion"
        header, claims = (json.loads(from_base64url(part)) for part in parts[:2])
        if header != {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}:
            return "header"
        try:
            self.key.public_key().verify(from_base64url(parts[2]), ".".join(parts[:2]).encode(),
                                         padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return "signature"
        if set(claims) != {"iss", "scope", "aud", "iat", "exp"}:
            return "claims"
        if claims["iss"] not in self.emails or claims["scope"] != SCOPE or claims["aud"] != self.url + "/token":
            return "iss, scope or aud"
        if not -60 <= time.time() - claims["iat"] <= 300 or not 0 < claims["exp"] - claims["iat"] <= 3600:
            return "iat or exp"
        return None

    @staticmethod
    def issuer(request):
        assertion = urllib.parse.parse_qs(request.body.decode())["assertion"][0]
        return json.loads(from_base64url(assertion.split(".")[1]))["iss"]

    # ---- messages ----

    def check_form(self, request):
        if request.method != "POST" or request.path not in [
                f"/v1/projects/{project}/messages:send" for project in self.emails.values()]:
            return refuse("path", 404, {"error": {"code": 404}})
        known = {":method", ":path", ":scheme", ":authority", "authorization", "content-type", "content-length"}
        extra = {name for name, _ in request.headers} - known
        if extra:
            return refuse(f"a header about the sender: {extra}")
        if request.header("content-type") != "application/json":
            return refuse("content-type")
        return None

    def check_access(self, request):
        match = re.fullmatch(r"Bearer (\S+)", request.header("authorization") or "")
        end, project = self.access_tokens.get(match.group(1), (0, "")) if match else (0, "")
        if end <= time.time():
            return "unauthenticated", error(401)
        if request.path.split("/")[3] != project:
            return "an account of another project", error(403)
        return None

    @staticmethod
    def check_message(request):
        if len(request.body) > 4096:
            return refuse("too large")
        document = json.loads(request.body)
        message = document.get("message", {})
        android = message.get("android", {})
        if set(document) != {"message"} or set(message) != {"token", "data", "android"} \
                or set(android) != {"priority", "ttl", "collapse_key"}:
            return refuse("unknown or missing members")
        if message["data"] != {"tigress": "changed"}:  # only "something changed"
            return refuse("a message with other content")
        if android["priority"] != "HIGH" or not re.fullmatch(r"\d+s", android["ttl"]) \
                or not 0 <= int(android["ttl"][:-1]) <= 2419200 or not 0 < len(android["collapse_key"]) <= 64:
            return refuse("android")
        if not isinstance(message["token"], str) or not message["token"]:
            return refuse("token")
        return None

    def tokens(self):
        """Of the good requests, in order."""
        return [json.loads(request.body)["message"]["token"] for request in self.good]
