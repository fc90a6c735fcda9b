# SPDX-License-Identifier: Apache-2.0
"""Three transports for a request: http.client, a small HTTP/2 client on python3-h2, and curl."""
import http.client
import os
import select
import socket
import ssl
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from hyperframe.frame import GoAwayFrame

TIMEOUT_S = 20


@dataclass
class Response:
    """An answer. Header names are lower case, in the order of arrival."""
    status: int
    headers: list = field(default_factory=list)
    body: bytes = b""
    version: str = ""

    def header(self, name):
        """The one value of a header, or None. Two values are an error of the relay."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} occurs {len(values)} times"
        return values[0] if values else None

    def all(self, name):
        return [value for key, value in self.headers if key == name.lower()]

    def json(self):
        import json
        return json.loads(self.body)


def tls_context(ca_file, alpn=None, minimum=None, maximum=None):
    """A context that trusts only ca_file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca_file)
    if alpn:
        context.set_alpn_protocols(alpn)
    if minimum:
        context.minimum_version = minimum
    if maximum:
        context.maximum_version = maximum
    return context


def connect(host, port, context=None, timeout=TIMEOUT_S):
    """A socket to the relay, inside TLS when there is a context."""
    sock = socket.create_connection((host, port), timeout=timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context is not None:
        try:
            sock = context.wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise
    return sock


class Http1:
    """One kept HTTP/1.1 connection."""

    name = "h1"

    def __init__(self, host, port, ca_file=None, timeout=TIMEOUT_S):
        if ca_file:
            self.conn = http.client.HTTPSConnection(
                host, port, timeout=timeout, context=tls_context(ca_file, ["http/1.1"]))
        else:
            self.conn = http.client.HTTPConnection(host, port, timeout=timeout)

    def request(self, method, path, headers=(), body=None):
        conn = self.conn
        if conn.sock is None:
            conn.connect()
        try:
            conn.putrequest(method, path, skip_accept_encoding=True)
        except http.client.CannotSendRequest:
            conn.close()
            conn.putrequest(method, path, skip_accept_encoding=True)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            conn.putheader(name, value)
        if "content-length" not in names and (body is not None or method in ("POST", "PUT")):
            conn.putheader("Content-Length", str(len(body or b"")))
        try:
            conn.endheaders(body)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass  # it may have answered before it had read everything
        try:
            answer = conn.getresponse()
            data = answer.read()
        except Exception:
            conn.close()
            raise
        return Response(answer.status, [(k.lower(), v) for k, v in answer.getheaders()], data,
                        "HTTP/1.1")

    def close(self):
        self.conn.close()


def goaway(frame):
    event = h2.events.ConnectionTerminated()
    event.error_code = frame.error_code
    event.last_stream_id = frame.last_stream_id
    return [], [event]


class Http2:
    """One HTTP/2 connection; streams may run at the same time with start() and finish()."""

    name = "h2"

    def __init__(self, host, port, ca_file=None, timeout=TIMEOUT_S):
        self.authority = f"{host}:{port}"
        self.scheme = "https" if ca_file else "http"
        self.timeout = timeout
        self.address = (host, port)
        self.ca_file = ca_file
        self.sock = None
        self.done = {}
        self.open()

    def open(self):
        context = tls_context(self.ca_file, ["h2"]) if self.ca_file else None
        self.sock = connect(*self.address, context, self.timeout)
        if context is not None:
            assert self.sock.selected_alpn_protocol() == "h2", "HTTP/2 was not negotiated"
        config = h2.config.H2Configuration(
            client_side=True, header_encoding="utf-8", validate_outbound_headers=False,
            normalize_outbound_headers=False)
        self.h2 = h2.connection.H2Connection(config)
        # python3-h2 treats GOAWAY as the end of the connection; the streams that it covers are still answered.
        self.h2._frame_dispatch_table[GoAwayFrame] = goaway
        self.h2.initiate_connection()
        self.pending = {}
        self.is_gone = False
        self.flush()

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.sock.sendall(data)

    def start(self, method, path, headers=(), body=None):
        """Sends a request and returns its stream."""
        if self.is_gone:
            self.close()
            self.open()
        stream = self.h2.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", self.scheme), (":authority", self.authority),
                  (":path", path)]
        fields += [(name.lower(), value) for name, value in headers]
        names = {name for name, _ in fields}
        if body is not None and "content-length" not in names:
            fields.append(("content-length", str(len(body))))
        self.pending[stream] = Response(0, [], b"", "HTTP/2")
        self.h2.send_headers(stream, fields, end_stream=not body)
        self.flush()
        if body:
            self.send_body(stream, body)
        return stream

    def send_body(self, stream, body):
        sent = 0
        while sent < len(body) and stream in self.pending:
            try:
                window = self.h2.local_flow_control_window(stream)
                step = min(window, self.h2.max_outbound_frame_size, len(body) - sent)
                if step <= 0:
                    self.receive(self.timeout)
                    continue
                self.h2.send_data(stream, body[sent:sent + step],
                                  end_stream=sent + step == len(body))
            except h2.exceptions.ProtocolError:
                return  # the relay has answered and reset the rest
            sent += step
            self.flush()

    def receive(self, timeout):
        """Reads once and assigns the events to their streams."""
        self.sock.settimeout(timeout)
        data = self.sock.recv(65536)
        if not data:
            self.is_gone = True
            raise ConnectionResetError("the relay closed the connection")
        for event in self.h2.receive_data(data):
            stream = getattr(event, "stream_id", None)
            answer = self.pending.get(stream)
            if isinstance(event, h2.events.ConnectionTerminated):
                self.is_gone = True
                if event.error_code:
                    raise ConnectionResetError(f"GOAWAY {event.error_code}")
            elif answer is None:
                continue
            elif isinstance(event, h2.events.ResponseReceived):
                pairs = [(str(k), str(v)) for k, v in event.headers]
                answer.status = int(dict(pairs)[":status"])
                answer.headers = [(k, v) for k, v in pairs if not k.startswith(":")]
            elif isinstance(event, h2.events.DataReceived):
                answer.body += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, stream)
            elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
                if isinstance(event, h2.events.StreamReset) and not answer.status:
                    answer.status = -int(event.error_code)
                self.done[stream] = self.pending.pop(stream)
        self.flush()

    def finish(self, stream, timeout=None):
        """The response of a stream."""
        until = time.monotonic() + (timeout or self.timeout)
        while stream not in self.done:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer on the stream")
            self.receive(left)
        return self.done.pop(stream)

    def is_answered(self, stream, timeout):
        """Whether the answer comes within timeout seconds."""
        try:
            self.done[stream] = self.finish(stream, timeout)
            return True
        except (TimeoutError, socket.timeout):
            return False

    def request(self, method, path, headers=(), body=None):
        return self.finish(self.start(method, path, headers, body))

    def close(self):
        if self.sock is not None:
            self.sock.close()


class Curl:
    """A curl process for each request, so that the tests also use a client that we did not write."""

    def __init__(self, host, port, ca_file=None, version="1.1", timeout=TIMEOUT_S):
        self.base = f"{'https' if ca_file else 'http'}://{host}:{port}"
        self.ca_file = ca_file
        self.name = "curl-" + version
        self.version = {"1.1": "--http1.1", "2": "--http2"}[version]
        self.timeout = timeout

    def request(self, method, path, headers=(), body=None):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "body")
            command = ["curl", "-sS", "-q", self.version, "-D", "-", "-o", out, "--path-as-is",
                       "--max-time", str(self.timeout), self.base + path]
            command += ["-I"] if method == "HEAD" else ["-X", method]
            if self.ca_file:
                command += ["--cacert", self.ca_file]
            for name, value in headers:
                command += ["-H", f"{name}: {value}"]
            if body is not None:
                command += ["--data-binary", "@-"]
                if "content-type" not in {name.lower() for name, _ in headers}:
                    command += ["-H", "Content-Type:"]
            got = subprocess.run(command, input=body, capture_output=True, check=False)
            assert got.returncode == 0, got.stderr.decode()
            head = got.stdout.decode("latin-1").replace("\r\n", "\n").strip().split("\n\n")[-1]
            lines = head.split("\n")
            pairs = [line.split(":", 1) for line in lines[1:]]
            data = b""
            if method != "HEAD" and os.path.exists(out):
                with open(out, "rb") as file:
                    data = file.read()
            return Response(int(lines[0].split()[1]),
                            [(k.strip().lower(), v.strip()) for k, v in pairs], data,
                            lines[0].split()[0])

    def close(self):
        """Keeps no connection."""


def open_transport(name, host, port, ca_file=None, timeout=TIMEOUT_S):
    """By name: h1, h2, curl-1.1 or curl-2."""
    if name == "h1":
        return Http1(host, port, ca_file, timeout)
    if name == "h2":
        return Http2(host, port, ca_file, timeout)
    return Curl(host, port, ca_file, name.split("-")[1], timeout)


def read_until_closed(sock, timeout=30, limit=1 << 20):
    """All bytes until the other side closes or timeout seconds pass: (bytes, is_closed)."""
    data = b""
    until = time.monotonic() + timeout
    while len(data) < limit:
        left = until - time.monotonic()
        if left <= 0:
            return data, False
        try:
            has_more = getattr(sock, "pending", lambda: 0)() > 0
            if not has_more and not select.select([sock], [], [], left)[0]:
                return data, False
            part = sock.recv(65536)
        except (ConnectionError, ssl.SSLError, OSError):
            return data, True
        if not part:
            return data, True
        data += part
    return data, False
