# SPDX-License-Identifier: Apache-2.0
"""The relay under test: its address, the pace of the requests, and the six calls."""
import email.utils
import json
import ssl
import threading
import time
import uuid
from dataclasses import dataclass, field

from . import http1
from .registry import CannotRun, Failed

REQUEST_ID = "Mailbox-Request-ID"
CLAIM = "Mailbox-Device-Claim"
PROOF = "Mailbox-Secret-Proof"
VERSION = "Mailbox-Version"
KNOWN_VERSION = "Mailbox-Known-Version"
STANDING = "urn:tigress:problem/standing"
NEW = object()  # a fresh UUID
LIFETIMES_S = (3600, 600, 120, 30)
SHORT_LIVES_S = (3, 8, 25)
CLEAN_UP_S = 15
REPEATS_MAX = 3


def new_id():
    return str(uuid.uuid4())


def fresh(value):
    return new_id() if value is NEW else value


def utc_text(unix_s):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_s))


def encode(message):
    """An object as JSON; bytes and None stay as they are."""
    if message is None or isinstance(message, bytes):
        return message
    return json.dumps(message, ensure_ascii=False).encode("utf-8")


def wait_headers(known, seconds):
    return [("Prefer", f"wait={seconds}"), (KNOWN_VERSION, str(known))]


class Pace:
    """At most `rate` requests a second and `most` in all, of which some are kept for the deletes at the end."""

    RESERVE = 32

    def __init__(self, rate, most):
        self.gap_s = 1 / rate if rate else 0
        self.most = most
        self.reserve = min(self.RESERVE, most // 2)
        self.count = 0
        self.next_s = 0.0
        self.lock = threading.Lock()

    def take(self, count=1):
        with self.lock:
            if self.count + count > self.most - self.reserve:
                raise CannotRun(f"the limit of {self.most} requests is reached (--max-requests)")
            self.count += count
            now = time.monotonic()
            start = max(now, self.next_s)
            self.next_s = start + count * self.gap_s
        time.sleep(start - now)


@dataclass
class Box:
    """A mailbox that the suite has made."""
    id: str
    link: str
    initiator: str
    create_id: str
    message: dict
    recipient: str = field(default_factory=new_id)
    expires_s: float = 0.0  # where a check waits for it
    is_ended: bool = False

    @property
    def path(self):
        return "/v1/m/" + self.id


def path_of(box):
    return box.path if isinstance(box, Box) else "/v1/m/" + box


class Relay:
    """All requests of the suite go through here."""

    def __init__(self, address, context, pace, options):
        self.scheme, self.host, self.port = address
        self.context = context
        self.pace = pace
        self.options = options
        self.local = threading.local()
        self.boxes, self.opened = [], []
        self.check_until = time.monotonic() + 60
        self.clock_offset_s = 0.0
        self.lifetime_s = LIFETIMES_S[0]
        self.display = {"title": "A key", "description": "For you", "imageURL": "https://img.example/k.png"}
        self.why_no_create = None
        self.made = {}

    @property
    def is_tls(self):
        return self.scheme == "https"

    @property
    def authority(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"https": 443, "http": 80}[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self):
        return f"{self.scheme}://{self.authority}"

    def until(self, seconds=None):
        """When a request must have ended: its own limit, or that of the check."""
        return min(time.monotonic() + (seconds or self.options.timeout), self.check_until)

    def now(self):
        """The relay's time."""
        return time.time() + self.clock_offset_s

    def expires_in(self, seconds):
        return utc_text(int(self.now()) + seconds)

    # ---- connections and requests ---------------------------------------------------------------

    def tls_context(self, alpn=("http/1.1",), minimum=None, maximum=None):
        """A context as wallets have it: what is in the file of --ca is trusted itself, with each Python."""
        context = ssl.create_default_context(cafile=self.options.ca)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if minimum:
            context.minimum_version = minimum
        if maximum:
            context.maximum_version = maximum
        return context

    def connect(self, context=NEW):
        """A new connection, closed after the check: without an argument as the wallets' are; None: without TLS."""
        made = http1.Connection(self.host, self.port, self.context if context is NEW else context, self.until())
        self.opened.append(made)
        return made

    def connection(self):
        """This thread's kept connection."""
        kept = getattr(self.local, "connection", None)
        if kept is None or not kept.is_usable():
            self.close()
            kept = self.local.connection = self.connect()
        return kept

    def close(self):
        kept = getattr(self.local, "connection", None)
        if kept is not None:
            kept.close()
        self.local.connection = None

    def head(self, method, path, headers, body):
        """Host, what the caller gives, and the length of the body, unless the caller frames it."""
        lines = [("Host", self.authority), ("User-Agent", "tigress-conformance")] + list(headers)
        names = {name.lower() for name, _ in lines}
        has_body = body is not None or method in ("POST", "PUT", "PATCH")
        if has_body and not names & {"content-length", "transfer-encoding"}:
            lines.append(("Content-Length", str(len(body or b""))))
        return http1.request_head(method, path, lines)

    def raw(self, data, method="POST"):
        """Sends bytes as they are on a new connection. Returns the answer and the connection."""
        def send():
            self.pace.take()
            connection = self.connect()
            connection.send(data, self.until())
            return connection.read_answer(method, self.until()), connection
        return self.politely(send)

    def call(self, method, path, headers=(), body=None, seconds=None):
        """One request on this thread's connection."""
        data = self.head(method, path, headers, body) + (body or b"")

        def send():
            if getattr(self.local, "is_paid", False):
                self.local.is_paid = False
            else:
                self.pace.take()
            connection, until = self.connection(), self.until(seconds)
            connection.send(data, until)
            return connection.read_answer(method, until), connection
        return self.politely(send)[0]

    def politely(self, send):
        """A 429 or 503 is repeated after the time that the relay asks for."""
        was_unavailable = False
        for _ in range(REPEATS_MAX):
            answer, connection = send()
            answer.may_be_repeated = was_unavailable
            if answer.status not in (429, 503):
                return answer, connection
            was_unavailable = was_unavailable or answer.status == 503
            self.wait_as_asked(answer)
        raise CannotRun(f"{REPEATS_MAX} times a {answer.status} in a row: {answer.described()}")

    def wait_as_asked(self, answer):
        """Waits for Retry-After, if it is not too long."""
        text = answer.header("retry-after")
        if text is None or not text.isdigit() or int(text) < 1:
            raise Failed(f"Retry-After in seconds on a {answer.status} (1.5)", answer.described()
                         + (f" with Retry-After: {text}" if text else ""))
        left = min(self.options.max_wait, self.check_until - time.monotonic())
        if int(text) > left:
            raise CannotRun(f"a {answer.status} that asks to wait {text} s (--max-wait)")
        time.sleep(int(text))

    def together(self, *calls):
        """Runs the calls at the same moment, each on a connection that is open before; their results in order."""
        self.pace.take(len(calls))
        connections = [self.connect() for _ in calls]
        barrier = threading.Barrier(len(calls))
        results = [None] * len(calls)

        def run(index):
            self.local.connection, self.local.is_paid = connections[index], True
            try:
                barrier.wait(self.options.timeout)
                results[index] = calls[index]()
            except Exception as error:  # judged by the thread that asked
                results[index] = error
            finally:
                self.close()
        threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(len(calls))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(1, self.check_until - time.monotonic() + 5))
        for result in results:
            if isinstance(result, Exception):
                raise result
            if result is None:
                raise TimeoutError("no answer in time")
        return results

    # ---- the six calls --------------------------------------------------------------------------

    @staticmethod
    def headers(claim, request_id, extra=(), body=None, media="application/json"):
        """A claim, request id or media type of None leaves its header out."""
        out = [(CLAIM, claim)] if claim is not None else []
        out += [(REQUEST_ID, request_id)] if request_id is not None else []
        out += [("Content-Type", media)] if body is not None and media is not None else []
        return out + list(extra)

    def message(self, rights="RWD", expires_s=None, **members):
        """The body of a create. rights None: without mailboxConfiguration."""
        out = {"payload": {"type": "AEAD_AES_128_GCM", "data": "b3BhcXVl"}, "displayInformation": dict(self.display)}
        if rights is not None:
            out["mailboxConfiguration"] = {
                "accessRights": rights,
                "expiration": self.expires_in(self.lifetime_s if expires_s is None else expires_s)}
        out.update(members)
        return out

    def create(self, message=None, claim=NEW, request_id=NEW, headers=(), media="application/json"):
        """CreateMailbox. What it makes is removed after the check."""
        self.needs_creates()
        claim, request_id = fresh(claim), fresh(request_id)
        message = self.message() if message is None else message
        body = encode(message)
        extra = list(headers) + list(self.options.create_headers)
        answer = self.call("POST", "/v1/m", self.headers(claim, request_id, extra, body, media), body)
        answer.box = self.keep(answer, claim, request_id, message)
        return answer

    def needs_creates(self):
        """No verdict where the relay makes no mailbox for us."""
        if self.why_no_create:
            raise CannotRun(self.why_no_create)

    def keep(self, answer, claim, request_id, message):
        """The mailbox that an answer names, remembered for its removal; None if there is none."""
        link = (answer.json() or {}).get("urlLink") if answer.status in (200, 201) else None
        if not isinstance(link, str) or claim is None:
            return None
        box = Box(link.split("#")[0].split("?")[0].rstrip("/").rsplit("/", 1)[-1], link, claim, request_id,
                  message if isinstance(message, dict) else {})
        self.boxes.append(box)
        return box

    def read(self, box, claim, message=None, request_id=None, headers=(), media="application/json", seconds=None):
        body = encode(message)
        return self.call("POST", path_of(box), self.headers(claim, request_id, headers, body, media), body, seconds)

    def update(self, box, claim, message=None, request_id=NEW, headers=(), media="application/json"):
        body = encode(message or {"payload": {"type": "AEAD_AES_128_GCM", "data": "bmV3"}})
        return self.call("PUT", path_of(box), self.headers(claim, fresh(request_id), headers, body, media), body)

    def delete(self, box, claim, request_id=NEW, headers=()):
        answer = self.call("DELETE", path_of(box), self.headers(claim, fresh(request_id), headers))
        if answer.status == 200 and isinstance(box, Box):
            box.is_ended = True
        return answer

    def relinquish(self, box, claim, request_id=NEW, headers=()):
        return self.call("PATCH", path_of(box), self.headers(claim, fresh(request_id), headers))

    def preview(self, box, accept="text/html", headers=(), method="GET"):
        return self.call(method, path_of(box), ([("Accept", accept)] if accept else []) + list(headers))

    def wait(self, box, claim, known, seconds, headers=()):
        """A read that waits."""
        return self.read(box, claim, headers=wait_headers(known, seconds) + list(headers),
                         seconds=seconds + self.options.timeout)

    # ---- mailboxes ------------------------------------------------------------------------------

    def new_box(self, message=None, headers=(), **members):
        """A mailbox, or no verdict if the relay makes none."""
        message = message or self.message(**members)
        answer = self.create(message, headers=headers)
        if answer.status not in (200, 201) or answer.box is None:
            raise Failed("200 to a complete create, with urlLink", answer.described())
        return answer.box

    def bound_box(self, **members):
        """A mailbox whose recipient has read it."""
        box = self.new_box(**members)
        answer = self.read(box, box.recipient)
        if answer.status != 200:
            raise Failed("200 to the first read by another claim", answer.described())
        return box

    def short_lived(self, count):
        """Mailboxes with two devices that expire at the same moment, soon, but not before all of them are made."""
        for life_s in SHORT_LIVES_S:
            expires_s = int(self.now()) + life_s + int(2 * count * self.pace.gap_s)
            message = self.message(mailboxConfiguration={"accessRights": "RWD", "expiration": utc_text(expires_s)})
            answers = [self.create(message) for _ in range(count)]
            boxes = [answer.box for answer in answers if answer.box is not None]
            reads = [self.read(box, box.recipient) for box in boxes]
            for box in boxes:
                box.expires_s, box.is_ended = expires_s, True
            if self.now() < expires_s - 1:  # otherwise the network is slower than that
                for answer in answers + reads:
                    if answer.status not in (200, 201):
                        raise Failed(f"200 to a create that lives for {life_s} s, and to a read", answer.described())
                return boxes
        raise CannotRun(f"it took more than {SHORT_LIVES_S[-1]} s to make {count} mailboxes")

    def clean_up(self):
        """Deletes what the last check left. The initiator may always delete."""
        self.check_until = time.monotonic() + CLEAN_UP_S + len(self.boxes) * self.pace.gap_s
        kept, self.pace.reserve = self.pace.reserve, 0
        boxes, self.boxes = self.boxes, []
        done = {box.id for box in boxes if box.is_ended}
        for box in boxes:
            if box.id not in done:
                done.add(box.id)
                self.remove(box)
        self.pace.reserve = kept
        while self.opened:
            self.opened.pop().close()

    def remove(self, box):
        try:
            self.delete(box, box.initiator)
        except (OSError, http1.BadAnswer, Failed, CannotRun):
            pass  # it expires

    def once(self, name, make):
        """What several checks share: made by the first of them."""
        if name not in self.made:
            self.made[name] = make()
        return self.made[name]

    # ---- what the relay allows ------------------------------------------------------------------

    def discover(self):
        """The relay's clock, its longest lifetime among ours, and whether it makes mailboxes at all."""
        answer = self.preview(new_id())
        date = email.utils.parsedate_to_datetime(answer.header("date")) if answer.header("date") else None
        if date is not None:
            self.clock_offset_s = date.timestamp() + 0.5 - time.time()
        empty = {"title": "", "description": "", "imageURL": ""}
        for self.display, self.lifetime_s in [(text, life) for text in (self.display, empty) for life in LIFETIMES_S]:
            answer = self.create()
            if answer.status in (200, 201):
                self.clean_up()
                return
            if answer.status != 400:
                break
        self.why_no_create = "the relay makes no mailbox: " + answer.described()
        if (answer.json() or {}).get("type") == STANDING:
            self.why_no_create = ("the relay requires a proof of good standing, and the suite has no genuine device "
                                  "(--create-header)")
