# SPDX-License-Identifier: Apache-2.0
"""A push provider on loopback: HTTP/2 (and HTTP/1.1 on request) over TLS. It keeps every request with its time, and
fails as a test requires. Subclasses define what a valid request is; see push_apns.py, push_fcm.py."""
import contextlib
import dataclasses
import datetime
import ipaddress
import json
import pathlib
import select
import socket
import socketserver
import ssl
import threading
import time

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

WAIT_S = 60  # the longest time that a test waits for an event that must happen


def pem_of(key):
    """A private key as PKCS #8 PEM without a passphrase."""
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class Authority:
    """A certificate authority in a folder. The push process trusts `ca_file`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Stand-in CA")])
        self.certificate = self.sign(self.name, self.key, [(x509.BasicConstraints(True, None), True)])
        self.ca_file = self.folder / "ca.pem"
        self.ca_file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        self.count = 0

    def sign(self, subject, key, extensions):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=30)))
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, is_critical)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, names):
        """Paths of a certificate for these host names or addresses, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = []
        for name in names:
            try:
                alternatives.append(x509.IPAddress(ipaddress.ip_address(name)))
            except ValueError:
                alternatives.append(x509.DNSName(name))
        certificate = self.sign(x509.Name([]), key, [(x509.SubjectAlternativeName(alternatives), True)])
        self.count += 1
        paths = [self.folder / f"server{self.count}.{kind}" for kind in ("pem", "key")]
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(pem_of(key))
        return paths


@dataclasses.dataclass
class Answer:
    """status, headers and body; or a misbehaviour instead:
    hang      the stream stays open
    reset     RST_STREAM
    goaway    GOAWAY that does not cover this stream, then the connection ends
    cut       the connection ends without an answer
    drip      the answer, a byte each 50 ms
    hold      the answer, once the test calls release()"""
    status: int = 200
    headers: tuple = ()
    body: bytes = b""
    instead: str = ""

    @classmethod
    def of_json(cls, status, document, headers=()):
        return cls(status, (("content-type", "application/json"), *headers), json.dumps(document).encode())


@dataclasses.dataclass
class Request:
    method: str
    path: str
    headers: list
    body: bytes
    connection: object
    stream: int
    at: float                 # time.time() when it was complete
    answer: Answer = None     # what it got
    refusal: str = None       # why a real provider would refuse it

    def values(self, name):
        return [value for field, value in self.headers if field == name]

    def header(self, name):
        """The value of a header that may occur at most once; None without it."""
        found = self.values(name)
        return found[0] if len(found) == 1 else None


class StandIn(socketserver.ThreadingTCPServer):
    """Subclasses: check(request) returns None, or (why, Answer) for a request that a real provider refuses;
    success(request) returns the Answer to a good one."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, authority, *, names=("localhost",), alpn=("h2",), max_streams=100, is_mute=False):
        super().__init__(("127.0.0.1", 0), Connection)
        self.authority = authority
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.load_cert_chain(*authority.issue(names))
        self.context.set_alpn_protocols(list(alpn))
        self.alpn = alpn
        self.max_streams = max_streams
        self.is_mute = is_mute      # accepts, and sends nothing, not even TLS
        self.port = self.server_address[1]
        self.url = f"https://localhost:{self.port}"
        self.changed = threading.Condition()
        self.requests = []          # all requests, in order of completion
        self.connections = []
        self.next_answers = []      # for the next good requests, before anything else
        self.every_answer = None    # for every good request: an Answer, or a function of the request
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    # ---- for subclasses ----

    def check(self, request):
        raise NotImplementedError

    def success(self, request):
        return Answer()

    # ---- for tests ----

    def answer_next(self, *answers):
        with self.changed:
            self.next_answers += answers

    def answer_always(self, answer):
        """None: normal answers again."""
        with self.changed:
            self.every_answer = answer

    @property
    def good(self):
        """Requests that a real provider would have understood, for any answer."""
        with self.changed:
            return [request for request in self.requests if request.refusal is None]

    @property
    def refusals(self):
        """Why requests were refused; empty if the sender makes no error."""
        with self.changed:
            return [request.refusal for request in self.requests if request.refusal is not None]

    def wait(self, is_done, what="the stand-in"):
        """Waits until is_done() is true; checks after every change."""
        with self.changed:
            if not self.changed.wait_for(is_done, WAIT_S):
                raise AssertionError(f"{what}: not within {WAIT_S} s; got {len(self.requests)} requests, "
                                     f"refused: {[r.refusal for r in self.requests if r.refusal]}")

    def wait_good(self, count):
        """The good requests, once there are at least count."""
        self.wait(lambda: len(self.good) >= count, f"{count} good requests")
        return self.good

    def release(self):
        """Sends the held answers."""
        for connection in list(self.connections):
            connection.release()

    def close(self):
        self.shutdown()
        self.server_close()
        for connection in list(self.connections):
            connection.end()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- inside ----

    def handle_error(self, request, client_address):
        pass  # a client that goes away is none

    def take(self, request):
        """Checks, keeps and answers one request."""
        with self.changed:
            refused = self.check(request)
            if refused:
                request.refusal, request.answer = refused
            elif self.next_answers:
                request.answer = self.next_answers.pop(0)
            elif callable(self.every_answer):
                request.answer = self.every_answer(request)
            else:
                request.answer = self.every_answer or self.success(request)
            self.requests.append(request)
            self.changed.notify_all()
        return request.answer


class Connection(socketserver.BaseRequestHandler):
    """One thread. Only it uses the TLS socket; other threads wake it."""

    def setup(self):
        self.wake, self.woken = socket.socketpair()
        self.is_ended = False
        self.streams = {}            # stream -> [headers, body]
        self.is_authenticated = False  # for subclasses: a request with a good credential has come
        self.held = []
        self.outgoing = {}           # stream -> rest of a body that the window did not allow to send
        self.server.connections.append(self)

    def end(self):
        self.is_ended = True
        with contextlib.suppress(OSError):
            self.wake.send(b"e")

    def release(self):
        with contextlib.suppress(OSError):
            self.wake.send(b"r")

    def handle(self):
        self.request.settimeout(WAIT_S)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.server.is_mute:
            select.select([self.woken], [], [])
            return
        with contextlib.suppress(OSError, ssl.SSLError, h2.exceptions.ProtocolError):
            with self.server.context.wrap_socket(self.request, server_side=True) as self.tls:
                if self.tls.selected_alpn_protocol() == "h2":
                    self.serve_h2()
                elif "http/1.1" in self.server.alpn:
                    self.serve_h1()

    def finish(self):
        self.wake.close()
        self.woken.close()

    def read(self):
        """Bytes; None after a wake-up; b"" at the end."""
        if not self.tls.pending():
            ready, _, _ = select.select([self.tls, self.woken], [], [])
            if self.woken in ready:
                self.woken.recv(64)
                return b"" if self.is_ended else None
        return self.tls.recv(65536)

    # ---- HTTP/1.1 ----

    def serve_h1(self):
        pending = b""
        while data := self.read():
            pending += data
            while b"\r\n\r\n" in pending:
                head, _, rest = pending.partition(b"\r\n\r\n")
                first, *lines = head.decode().split("\r\n")
                headers = [(name.lower(), value.strip()) for name, value in (line.split(":", 1) for line in lines)]
                length = int(dict(headers).get("content-length", 0))
                if len(rest) < length:
                    break
                pending = rest[length:]
                method, path, _ = first.split(" ")
                answer = self.server.take(Request(method, path, headers, rest[:length], self, 0, time.time()))
                if answer.instead == "hang":
                    select.select([self.woken], [], [])
                if answer.instead:
                    return
                fields = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
                self.tls.sendall(f"HTTP/1.1 {answer.status} X\r\n{fields}content-length: {len(answer.body)}\r\n\r\n"
                                 .encode() + answer.body)

    # ---- HTTP/2 ----

    def serve_h2(self):
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values={
            h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: self.server.max_streams})
        self.h2.initiate_connection()
        self.flush()
        while (data := self.read()) != b"":
            if data is None:
                held, self.held = self.held, []
                for stream, answer in held:
                    self.send(stream, answer)
            else:
                for event in self.h2.receive_data(data):
                    self.take_event(event)
            self.flush()
            if self.is_ended:
                return

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.tls.sendall(data)

    def take_event(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.streams[event.stream_id] = [event.headers, b""]
        elif isinstance(event, h2.events.DataReceived):
            self.streams[event.stream_id][1] += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            headers, body = self.streams[event.stream_id]
            pseudo = dict(headers)
            request = Request(pseudo[":method"], pseudo[":path"], headers, body, self, event.stream_id, time.time())
            self.answer(event.stream_id, self.server.take(request))
            self.streams.pop(event.stream_id, None)
        elif isinstance(event, h2.events.StreamReset):
            self.streams.pop(event.stream_id, None)
            self.outgoing.pop(event.stream_id, None)
        elif isinstance(event, h2.events.WindowUpdated):
            for stream in list(self.outgoing):
                self.send_body(stream)

    def answer(self, stream, answer):
        if answer.instead == "hang":
            return
        if answer.instead == "hold":
            self.held.append((stream, answer))
        elif answer.instead == "reset":
            self.h2.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
        elif answer.instead == "goaway":
            self.h2.close_connection(h2.errors.ErrorCodes.NO_ERROR, json.dumps({"reason": "Shutdown"}).encode(),
                                     last_stream_id=max(0, stream - 2))
            self.is_ended = True
        elif answer.instead == "cut":
            self.is_ended = True
        elif answer.instead == "drip":
            self.flush()
            self.send(stream, answer)
            for byte in self.h2.data_to_send():
                self.tls.sendall(bytes([byte]))
                if select.select([self.woken], [], [], 0.05)[0]:
                    break
        else:
            self.send(stream, answer)

    def send(self, stream, answer):
        self.h2.send_headers(stream, [(":status", str(answer.status)), *answer.headers], end_stream=not answer.body)
        if answer.body:
            self.outgoing[stream] = memoryview(answer.body)
            self.send_body(stream)

    def send_body(self, stream):
        """As much as the client's window allows."""
        rest = self.outgoing[stream]
        try:
            while rest:
                size = min(len(rest), self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
                if size <= 0:
                    break
                self.h2.send_data(stream, bytes(rest[:size]), end_stream=size == len(rest))
                rest = rest[size:]
        except h2.exceptions.StreamClosedError:
            rest = b""
        if rest:
            self.outgoing[stream] = rest
        else:
            self.outgoing.pop(stream, None)


def refuse(why, status=400, document=None):
    """What check() returns for a request that is wrong."""
    return why, Answer.of_json(status, document if document is not None else {"reason": why})
