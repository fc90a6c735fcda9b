# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 to a relay without TLS, for load."""
import socket

JSON_HEADER = "Content-Type: application/json\r\n"
TIMEOUT_S = 20


class Broken(Exception):
    """The connection ended before a complete answer arrived: the request is in doubt."""


class Connection:
    """HTTP/1.1 with little Python code, for speed."""

    def __init__(self, port, timeout_s=TIMEOUT_S):
        try:
            self.sock = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        except OSError as error:
            raise Broken from error
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, method, path, claim, request_id=None, body=b"", extra=""):
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nMailbox-Device-Claim: {claim}\r\n"
        if request_id:
            head += f"Mailbox-Request-ID: {request_id}\r\n"
        if body:
            head += JSON_HEADER
        head += f"{extra}Content-Length: {len(body)}\r\n\r\n"
        try:
            self.sock.sendall(head.encode() + body)
        except OSError as error:
            raise Broken from error

    def receive(self):
        """(status, version or None, body)."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.part()
        head, _, body = data.partition(b"\r\n\r\n")
        length, version = 0, None
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            name = name.strip().lower()
            if name == b"content-length":
                length = int(value)
            elif name == b"mailbox-version":
                version = int(value)
        while len(body) < length:
            body += self.part()
        return int(head.split(b" ", 2)[1]), version, body

    def part(self):
        try:
            data = self.sock.recv(65536)
        except OSError as error:
            raise Broken from error
        if not data:
            raise Broken
        return data

    def call(self, *args, **options):
        self.send(*args, **options)
        return self.receive()

    def close(self):
        self.sock.close()
