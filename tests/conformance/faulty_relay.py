# SPDX-License-Identifier: Apache-2.0
"""A proxy in front of a relay that gives it one fault. What it does not understand passes through as it is."""
import json
import pathlib
import socket
import socketserver
import sys
import threading
import time
from dataclasses import dataclass, field, replace

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "conformance"))

from tigress_conformance.http1 import Connection, request_head  # noqa: E402  (the path comes first)

WAIT_S = 90


@dataclass(frozen=True)
class Request:
    """A request with at most one Content-Length and no other framing."""
    method: str
    target: str
    headers: tuple
    body: bytes
    connection: object = None  # the same for all requests of one connection

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def box_id(self):
        parts = self.target.split("?")[0].split("/")
        return parts[3].lower() if parts[:3] == ["", "v1", "m"] and len(parts) == 4 else None

    @property
    def claim(self):
        return (self.header("mailbox-device-claim") or "").lower()

    def json(self):
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def without(self, name):
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0].lower() != name.lower()))

    def having(self, name, value):
        return replace(self, headers=self.without(name).headers + ((name, value),))

    def carrying(self, body):
        return replace(self.having("Content-Length", str(len(body))), body=body)


@dataclass
class Seen:
    """What the proxy knows of a mailbox."""
    initiator: str
    rights: str
    recipient: str = ""
    claims: set = field(default_factory=set)      # all that have read
    relinquished: set = field(default_factory=set)
    losers: set = field(default_factory=set)      # all whose read was refused, as far as a fault counts them
    connection: object = None                     # on which the recipient was bound
    expires: str = ""
    verifier: str = ""
    calls: int = 0                                # accepted calls after the create
    is_deleted: bool = False
    matched: set = field(default_factory=set)     # (tag, claim) of accepted updates
    lock: threading.Lock = field(default_factory=threading.Lock)


class Fault:
    """A relay without a fault. A subclass overrides one of the methods; its docstring says what is wrong."""

    check = ""  # the id of the one check that fails

    def ask(self, request, seen):
        """The request as the relay gets it."""
        return request

    def tell(self, request, answer, seen, ask):
        """The answer as the client gets it. `ask` sends another request to the relay."""
        return answer

    def serialises(self, request):
        """Whether requests to one mailbox must not overlap, so that the fault shows each time."""
        return False


class FaultyRelay(socketserver.ThreadingTCPServer):
    """The proxy. Its port is known before the relay starts, because the relay needs it as its public URL."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, fault):
        super().__init__(("127.0.0.1", 0), Handler)
        self.fault = fault
        self.upstream = 0
        self.seen = {}

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self, upstream):
        self.upstream = upstream
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        if self.upstream:  # otherwise it was never started, and a shutdown would wait for ever
            self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """A client that goes away is no fault; anything else is one of the test."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def learn(self, request, answer):
        """Follows what the relay accepts."""
        if request.method == "POST" and request.box_id is None and answer.status == 200:
            link, message = (answer.json() or {}).get("urlLink", ""), request.json() or {}
            config = message.get("mailboxConfiguration") or {}
            self.seen[link.rsplit("/", 1)[-1]] = Seen(
                request.claim, config.get("accessRights", "RD"), expires=config.get("expiration", ""),
                verifier=request.header("mailbox-secret-proof") or "")
            return
        seen = self.seen.get(request.box_id)
        if seen is None or answer.status not in (200, 204):
            return
        seen.calls += request.method in ("PUT", "PATCH", "DELETE") or request.header("prefer") is not None
        if request.method == "POST" and request.claim != seen.initiator:
            seen.recipient, seen.connection = request.claim, request.connection
            seen.claims.add(request.claim)
        elif request.method == "PATCH":
            seen.relinquished.add(request.claim)
            seen.recipient = ""
        elif request.method == "PUT" and request.header("if-match"):
            seen.matched.add((request.header("if-match"), request.claim))
        elif request.method == "DELETE":
            seen.is_deleted = True


class Handler(socketserver.BaseRequestHandler):
    """One connection of a client, with its own to the relay."""

    def handle(self):
        self.request.settimeout(WAIT_S)
        self.buffer = b""
        self.upstream = None
        try:
            while self.one_request():
                pass
        finally:
            if self.upstream is not None:
                self.upstream.close()

    def fill(self):
        data = self.request.recv(65536)
        self.buffer += data
        return bool(data)

    def one_request(self):
        """Reads a request and answers it; False at the end of the connection."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.fill():
                return False
        head, rest = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:]))
        names = [name.lower() for name, _ in headers]
        if "transfer-encoding" in names or "expect" in names or names.count("content-length") > 1:
            return self.tunnel()
        size = int(dict(zip(names, (value for _, value in headers))).get("content-length", "0"))
        self.buffer = rest
        while len(self.buffer) < size:
            if not self.fill():
                return False
        body, self.buffer = self.buffer[:size], self.buffer[size:]
        return self.respond(Request(method, target, headers, body, self))

    def respond(self, request):
        server, fault = self.server, self.server.fault
        seen = server.seen.get(request.box_id)
        lock = seen.lock if seen is not None and fault.serialises(request) else threading.Lock()
        with lock:
            asked = fault.ask(request, seen)
            answer = self.ask(asked)
            server.learn(asked, answer)
            answer = fault.tell(request, answer, seen or server.seen.get(request.box_id), self.ask)
        length = [value for name, value in answer.headers if name == "content-length"]
        headers = [pair for pair in answer.headers if pair[0] not in ("content-length", "transfer-encoding")]
        if answer.status != 204:
            is_head = request.method == "HEAD" and length
            headers.append(("content-length", length[0] if is_head else str(len(answer.body))))
        lines = [f"HTTP/1.1 {answer.status} Status"] + [f"{name}: {value}" for name, value in headers]
        self.request.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("utf-8") + answer.body)
        return "close" not in answer.words("connection")

    def ask(self, request):
        """The relay's answer."""
        until = time.monotonic() + WAIT_S
        if self.upstream is None or not self.upstream.is_usable():
            if self.upstream is not None:
                self.upstream.close()
            self.upstream = Connection("127.0.0.1", self.server.upstream, None, until)
        self.upstream.send(request_head(request.method, request.target, request.headers) + request.body, until)
        return self.upstream.read_answer(request.method, until)

    def tunnel(self):
        """The rest of the connection in both directions, as it is."""
        with socket.create_connection(("127.0.0.1", self.server.upstream), timeout=WAIT_S) as relay:
            relay.sendall(self.buffer)
            back = threading.Thread(target=copy, args=(relay, self.request), daemon=True)
            back.start()
            copy(self.request, relay)
            back.join(WAIT_S)
        return False


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
