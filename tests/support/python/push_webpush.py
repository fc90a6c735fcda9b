# SPDX-License-Identifier: Apache-2.0
"""A stand-in for a push service and the browser behind it. It checks RFC 8030 requests with RFC 8292 identification as
strictly as a real service, and opens bodies by RFC 8291. Written from the RFCs on python3-cryptography."""
import base64
import json
import os
import re
import secrets
import time

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from push_stand_in import Answer, StandIn, pem_of, refuse

SUBJECT = "mailto:operator@example.org"
DAY_S = 24 * 3600
BODY_MAX = 4096
TTL_MAX_S = 28 * DAY_S


def to_base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text):
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        raise ValueError("no base64url without padding")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point_of(key):
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def derive(length, salt, secret, info):
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def decrypt(body, key, auth):
    """RFC 8291 section 3.4 over RFC 8188 section 2: the plaintext, and what was padding."""
    salt, record_size, id_len = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    sender, record = body[21:21 + id_len], body[21 + id_len:]
    if id_len != 65 or record_size < 18 or len(record) > record_size:
        raise ValueError("header")
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
    ikm = derive(32, auth, shared, b"WebPush: info\x00" + point_of(key.public_key()) + sender)
    content_key = derive(16, salt, ikm, b"Content-Encoding: aes128gcm\x00")
    nonce = derive(12, salt, ikm, b"Content-Encoding: nonce\x00")
    padded = AESGCM(content_key).decrypt(nonce, record, None)
    plain = padded.rstrip(b"\x00")
    if not plain.endswith(b"\x02"):
        raise ValueError("delimiter")
    return plain[:-1], len(padded) - len(plain)


def verify_vapid(header, origin, now):
    """None, or why a push service refuses this Authorization (RFC 8292 section 4.2)."""
    found = re.fullmatch(r"vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=([\w-]+)", header or "")
    if not found:
        return "no vapid credentials"
    head, claims, signature, key = (from_base64url(part) for part in found.groups())
    if json.loads(head) != {"typ": "JWT", "alg": "ES256"} or len(signature) != 64:
        return "header or signature"
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    try:
        public.verify(der, f"{found[1]}.{found[2]}".encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return "signature"
    claims = json.loads(claims)
    if claims.get("aud") != origin:
        return "aud"
    if not now < claims.get("exp", 0) <= now + DAY_S:
        return "exp"
    if not re.match(r"mailto:|https://", claims.get("sub", "")):
        return "sub"
    return None if set(claims) == {"aud", "exp", "sub"} else "claims"


class Subscription:
    """What a browser keeps, and the token that it publishes."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)

    @property
    def token(self):
        return {"type": "org.w3.webpush", "tokenData": json.dumps({
            "endpoint": self.endpoint, "expirationTime": None,
            "keys": {"p256dh": to_base64url(point_of(self.key.public_key())), "auth": to_base64url(self.auth)}})}

    def open(self, body):
        return decrypt(body, self.key, self.auth)


class WebPush(StandIn):
    def __init__(self, authority, folder, **options):
        super().__init__(authority, **{"alpn": ("h2", "http/1.1"), **options})
        self.subscriptions = {}
        self.opened = []            # plaintexts of good requests
        self.vapid = ec.generate_private_key(ec.SECP256R1())
        self.vapid_file = folder / "vapid.pem"
        self.vapid_file.write_bytes(pem_of(self.vapid))
        self.vapid_file.chmod(0o600)

    @property
    def settings(self):
        return {"push-vapid-key": self.vapid_file, "push-vapid-subject": SUBJECT, "push-hosts": "localhost",
                "push-private-addresses": True, "push-ca": self.authority.ca_file}

    def subscribe(self, path=None):
        path = path or "/send/" + secrets.token_urlsafe(16)
        self.subscriptions[path] = Subscription(self.url + path)
        return self.subscriptions[path]

    def check(self, request):
        return (self.check_request(request) or self.check_identity(request) or self.check_body(request))

    def check_request(self, request):
        ttl, topic = request.header("ttl"), request.header("topic")
        if request.method != "POST":
            return refuse("method", 405)
        if request.path not in self.subscriptions:
            return refuse("no such subscription", 404)
        if not re.fullmatch(r"\d{1,10}", ttl or "") or int(ttl) > TTL_MAX_S:
            return refuse("TTL")
        if request.header("urgency") not in ("very-low", "low", "normal", "high"):
            return refuse("Urgency")
        if topic is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", topic):
            return refuse("Topic")
        if request.header("content-encoding") != "aes128gcm":
            return refuse("Content-Encoding", 415)
        if not request.body or len(request.body) > BODY_MAX:
            return refuse("size", 413)
        return None

    def check_identity(self, request):
        header = request.header("authorization")
        why = verify_vapid(header, self.url, time.time())
        if why is None and header.rsplit("k=", 1)[1] != to_base64url(point_of(self.vapid.public_key())):
            why = "another key than was subscribed with"
        return refuse("vapid: " + why, 403) if why else None

    def check_body(self, request):
        try:
            plain, _ = self.subscriptions[request.path].open(request.body)
        except (ValueError, InvalidTag):
            return refuse("body does not open")
        self.opened.append(plain)
        return None

    def success(self, request):
        return Answer(201, (("location", "/message/" + secrets.token_urlsafe(8)),))
