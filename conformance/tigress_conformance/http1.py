# SPDX-License-Identifier: Apache-2.0
"""A small HTTP/1.1 client on sockets. It sends what it is told, also what is wrong, and every read has an end."""
import json
import socket
import ssl
import time
from dataclasses import dataclass, field

HEAD_MAX = 65536
BODY_MAX = 1 << 20
BUFFER_MAX = 2 * BODY_MAX


class BadAnswer(Exception):
    """Bytes that are not an answer of HTTP/1.1, or none."""


@dataclass
class Answer:
    """Header names are lower case, in the order of arrival."""
    status: int
    headers: list = field(default_factory=list)
    body: bytes = b""
    may_be_repeated: bool = False  # the request was sent again after a 503, so a 201 is as good as a 200

    def all(self, name):
        return [value for key, value in self.headers if key == name.lower()]

    def header(self, name):
        """The value, several joined as HTTP allows it; None if it is absent."""
        values = self.all(name)
        return ", ".join(values) if values else None

    def words(self, name):
        """The members of a list header, in lower case."""
        return {part.strip().lower() for part in (self.header(name) or "").split(",") if part.strip()}

    @property
    def media_type(self):
        return (self.header("content-type") or "").split(";")[0].strip().lower()

    def json(self):
        """The body as an object, or None."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def described(self):
        """For a report: status, media type and the beginning of the body."""
        text = " ".join(self.body.decode("utf-8", "replace").split())
        text = "".join(c if c.isprintable() else "?" for c in text)
        parts = [str(self.status), self.media_type, text if len(text) <= 160 else text[:160] + " ..."]
        return " ".join(part for part in parts if part)


def request_head(method, target, headers):
    """The bytes of a request line and header lines, exactly as given."""
    lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


class Connection:
    """One connection, inside TLS when there is a context. `until` is a time.monotonic()."""

    def __init__(self, host, port, context, until):
        self.buffer = b""
        self.is_open = True
        self.used_s = time.monotonic()
        self.sock = socket.create_connection((host, port), timeout=max(0.1, until - time.monotonic()))
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is not None:
                self.sock = context.wrap_socket(self.sock, server_hostname=host)
        except BaseException:
            self.close()
            raise

    def close(self):
        self.is_open = False
        self.sock.close()

    def send(self, data, until):
        """Sends all. A relay may answer before it has read everything, so a broken pipe is no error here."""
        self.used_s = time.monotonic()
        self.sock.settimeout(max(0.1, until - time.monotonic()))
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            self.is_open = False

    def receive(self, until):
        """More bytes in the buffer, or False at the end of the connection."""
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        self.sock.settimeout(left)
        try:
            data = self.sock.recv(65536)
        except socket.timeout:
            raise TimeoutError("no answer in time") from None
        except (ConnectionError, ssl.SSLError):
            data = b""
        self.buffer += data
        if len(self.buffer) > BUFFER_MAX:
            raise BadAnswer("more than 2 MiB that nobody asked for")
        if not data:
            self.is_open = False
        return bool(data)

    def _line(self, until):
        while b"\r\n" not in self.buffer:
            if len(self.buffer) > HEAD_MAX:
                raise BadAnswer("a line of more than 64 KiB")
            if not self.receive(until):
                raise BadAnswer("the connection was closed " + ("in the middle of an answer" if self.buffer
                                                                else "without an answer"))
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode("utf-8", "replace")

    def _take(self, size, until):
        if size > BODY_MAX:
            raise BadAnswer("a body of more than 1 MiB")
        while len(self.buffer) < size:
            if not self.receive(until):
                raise BadAnswer("the connection was closed in the middle of a body")
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def _head(self, until):
        parts = self._line(until).split(" ", 2)
        if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
            raise BadAnswer("bytes that are no status line of HTTP/1.1")
        headers, size = [], 0
        while True:
            line = self._line(until)
            if not line:
                return int(parts[1]), headers
            size += len(line)
            if size > HEAD_MAX:
                raise BadAnswer("a head of more than 64 KiB")
            name, colon, value = line.partition(":")
            if not colon or name != name.strip():
                raise BadAnswer("a malformed header line")
            headers.append((name.lower(), value.strip()))

    def _chunks(self, until):
        body = b""
        while True:
            text = self._line(until).split(";")[0].strip()
            try:
                size = int(text, 16)
            except ValueError:
                raise BadAnswer("a malformed chunk") from None
            if size == 0:
                while self._line(until):
                    pass
                return body
            body += self._take(size, until)
            if len(body) > BODY_MAX or self._line(until):
                raise BadAnswer("a malformed chunk")

    def _body(self, answer, method, until):
        if method == "HEAD" or answer.status in (204, 304) or answer.status < 200:
            return b""
        if "chunked" in answer.words("transfer-encoding"):
            return self._chunks(until)
        length = answer.header("content-length")
        if length is not None:
            if not length.isdigit():
                raise BadAnswer("a malformed Content-Length")
            return self._take(int(length), until)
        while len(self.buffer) <= BODY_MAX and self.receive(until):
            pass
        self.close()
        data, self.buffer = self.buffer, b""
        return data

    def read_answer(self, method, until):
        """The next final answer. Interim ones (1xx) are skipped."""
        while True:
            status, headers = self._head(until)
            answer = Answer(status, headers)
            if 100 <= status < 200:
                continue
            answer.body = self._body(answer, method, until)
            self.used_s = time.monotonic()
            if "close" in answer.words("connection"):
                self.close()
            return answer

    def is_closed_by_peer(self, until):
        """Whether the other side closes before `until`. What it sends until then is dropped."""
        try:
            while self.is_open and self.receive(until):
                self.buffer = b""
        except TimeoutError:
            return False
        return True

    def is_usable(self):
        """For the next request: open, not idle for long, and nothing has arrived that nobody asked for."""
        if not self.is_open or self.buffer or time.monotonic() - self.used_s > 4:
            return False
        self.sock.settimeout(0)
        try:
            self.sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False
