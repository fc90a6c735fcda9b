# SPDX-License-Identifier: Apache-2.0
"""An independent wallet: the six calls, and sessions of initiator and recipient on top of them."""
import json
import time
import uuid
from dataclasses import dataclass, field

import tigress_envelope as envelope

REQUEST_ID = "Mailbox-Request-ID"
CLAIM = "Mailbox-Device-Claim"
PROOF = "Mailbox-Secret-Proof"
VERSION = "Mailbox-Version"
KNOWN_VERSION = "Mailbox-Known-Version"
KNOWN_RECIPIENT = "Mailbox-Known-Recipient"
END_NOTE = "Mailbox-End-Note"
JSON_TYPE = ("Content-Type", "application/json")


def new_id():
    return str(uuid.uuid4())


def utc_text(unix_s):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_s))


def expires_in(seconds):
    return utc_text(int(time.time()) + seconds)


def create_message(rights="RWD", expires_s=3600, payload=None, display=None, token=None,
                   **members):
    """The body of a create. rights None and expires_s None: without mailboxConfiguration."""
    message = {
        "payload": payload or {"type": "AEAD_AES_128_GCM", "data": "b3BhcXVl"},
        "displayInformation": display or {
            "title": "A key", "description": "For you", "imageURL": "https://img.example/k.png"},
    }
    if token:
        message["notificationToken"] = token
    config = {}
    if rights is not None:
        config["accessRights"] = rights
    if expires_s is not None:
        config["expiration"] = expires_in(expires_s)
    if config:
        message["mailboxConfiguration"] = config
    message.update(members)
    return message


def encode(message):
    """dict -> bytes; bytes and None are returned unchanged."""
    if message is None or isinstance(message, bytes):
        return message
    return json.dumps(message, ensure_ascii=False).encode()


@dataclass
class Box:
    """A mailbox as a test sees it."""
    id: str
    link: str
    initiator: str
    create_id: str
    message: dict
    recipient: str = field(default_factory=new_id)

    @property
    def path(self):
        return "/v1/m/" + self.id


class Api:
    """The six calls over any transport. A claim or request id of None leaves the header out;
    `extra` headers are added, `content_type` None leaves that out."""

    def __init__(self, transport):
        self.transport = transport

    def call(self, method, path, headers=(), body=None):
        return self.transport.request(method, path, list(headers), body)

    def close(self):
        self.transport.close()

    @staticmethod
    def headers(claim, request_id, extra, body=None, content_type="application/json"):
        out = list(extra)
        if claim is not None:
            out.append((CLAIM, claim))
        if request_id is not None:
            out.append((REQUEST_ID, request_id))
        if body is not None and content_type is not None:
            out.append(("Content-Type", content_type))
        return out

    def create(self, message=None, claim="new", request_id="new", extra=(),
               content_type="application/json"):
        claim = new_id() if claim == "new" else claim
        request_id = new_id() if request_id == "new" else request_id
        body = encode(create_message() if message is None else message)
        return self.call("POST", "/v1/m", self.headers(claim, request_id, extra, body,
                                                       content_type), body)

    def read(self, box, claim, message=None, request_id=None, extra=(),
             content_type="application/json"):
        body = encode(message)
        return self.call("POST", path_of(box), self.headers(claim, request_id, extra, body,
                                                            content_type), body)

    def update(self, box, claim, message=None, request_id="new", extra=(),
               content_type="application/json"):
        request_id = new_id() if request_id == "new" else request_id
        if message is None:
            message = {"payload": {"type": "AEAD_AES_128_GCM", "data": "bmV3"}}
        body = encode(message)
        return self.call("PUT", path_of(box), self.headers(claim, request_id, extra, body,
                                                           content_type), body)

    def delete(self, box, claim, request_id="new", extra=()):
        request_id = new_id() if request_id == "new" else request_id
        return self.call("DELETE", path_of(box), self.headers(claim, request_id, extra))

    def relinquish(self, box, claim, request_id="new", extra=()):
        request_id = new_id() if request_id == "new" else request_id
        return self.call("PATCH", path_of(box), self.headers(claim, request_id, extra))

    def preview(self, box, accept="application/json", extra=(), method="GET"):
        headers = list(extra) + ([("Accept", accept)] if accept else [])
        return self.call(method, path_of(box), headers)

    def wait(self, box, claim, known, wait_s, extra=()):
        return self.read(box, claim, extra=wait_headers(known, wait_s) + list(extra))

    def new_box(self, message=None, extra=(), **options):
        """Creates a mailbox that must be accepted."""
        claim, request_id = new_id(), new_id()
        message = message or create_message(**options)
        answer = self.create(message, claim, request_id, extra)
        assert answer.status == 200, (answer.status, answer.body)
        link = answer.json()["urlLink"]
        return Box(link.rsplit("/", 1)[1], link, claim, request_id, message)

    def bound_box(self, token=None, **options):
        """A mailbox whose recipient has read it. The initiator's token is registered after the bind, which would be
        the first push to it."""
        box = self.new_box(**options)
        answers = [self.read(box, box.recipient)]
        if token:
            answers.append(self.read(box, box.initiator, {"notificationToken": token}))
        for answer in answers:
            assert answer.status == 200, (answer.status, answer.body)
        return box


def wait_headers(known, wait_s):
    return [("Prefer", f"wait={wait_s}"), (KNOWN_VERSION, str(known))]


def path_of(box):
    return box.path if isinstance(box, Box) else "/v1/m/" + box


class WalletError(Exception):
    """A call of a wallet was refused."""

    def __init__(self, status):
        super().__init__(f"refused with {status}")
        self.status = status


class Wallet:
    """One side of one transfer, with its own claim and its own count of versions."""

    def __init__(self, api, origin, mailbox=None, secret=None, vertical=""):
        self.api = api
        self.origin = origin
        self.mailbox = mailbox
        self.secret = secret
        self.vertical = vertical
        self.claim = new_id()
        self.version = 0
        self.seen = set()
        self.offer = None

    @classmethod
    def from_share_url(cls, api, text):
        url = envelope.parse_share_url(text)
        return cls(api, url.origin, url.mailbox, url.secret, url.vertical)

    def accept(self, answer, allowed=(200, 201)):
        if answer.status not in allowed:
            raise WalletError(answer.status)
        if answer.header(VERSION):
            self.version = int(answer.header(VERSION))
        return answer

    def share(self, message, rights="RWD", secret_len=16, display=None, expires_s=3600):
        """Creates the mailbox; returns the share URL."""
        self.secret = envelope.new_secret(secret_len)
        payload = envelope.seal(self.secret, message)
        self.seen.add(payload["data"])
        answer = self.accept(self.api.create(
            create_message(rights, expires_s, payload, display), self.claim))
        self.mailbox = answer.json()["urlLink"].rsplit("/", 1)[1]
        return envelope.ShareUrl(self.origin, self.mailbox, self.vertical, self.secret).text()

    def receive(self, wait_s=0):
        """The newest message of the other side; None when none arrived in wait_s seconds."""
        extra = [(PROOF, "proof=" + envelope.secret_proof(self.secret, self.origin)[0])]
        if wait_s:
            answer = self.api.wait(self.mailbox, self.claim, self.version, wait_s, extra)
        else:
            answer = self.api.read(self.mailbox, self.claim, extra=extra)
        self.accept(answer, (200, 204))
        if answer.status == 204:
            return None
        payload = answer.json()["payload"]
        if payload["data"] in self.seen:
            return None
        self.seen.add(payload["data"])
        return self.take(payload)

    def take(self, payload):
        """What the application on the other side wrote. This wallet of v1 does not know the library's member: it
        ignores it, and keeps it for tests."""
        message = envelope.open_sealed(self.secret, payload)
        self.offer = message.pop("tigressV2", None)
        return message

    def answer(self, message):
        payload = envelope.seal(self.secret, message)
        self.seen.add(payload["data"])
        self.accept(self.api.update(self.mailbox, self.claim, {"payload": payload}))

    def finish(self):
        self.accept(self.api.delete(self.mailbox, self.claim))
