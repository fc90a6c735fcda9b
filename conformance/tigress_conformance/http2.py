# SPDX-License-Identifier: Apache-2.0
"""As much of HTTP/2 as it takes to send small requests and to read status and body of the answers."""
import struct
import time

from .http1 import BODY_MAX, Answer, BadAnswer
from .registry import CannotRun

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, END_HEADERS, ACK, PADDED, PRIORITY = 1, 4, 1, 8, 32
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
STATIC_STATUS = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}
FRAME_MAX = 16384


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def integer(value, prefix_bits, first=0):
    """An integer of RFC 7541, section 5.1."""
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes([first | value])
    out, value = [first | limit], value - limit
    while value >= 128:
        out, value = out + [value % 128 | 128], value // 128
    return bytes(out + [value])


def header_block(fields):
    """Every field as a literal that is not indexed and not compressed."""
    out = b""
    for name, value in fields:
        name, value = name.lower().encode(), value.encode()
        out += b"\0" + integer(len(name), 7) + name + integer(len(value), 7) + value
    return out


def digits(data):
    """Three decimal digits in the Huffman code of RFC 7541: 0 to 2 have five bits, 3 to 9 have six."""
    bits = "".join(f"{byte:08b}" for byte in data)
    out = ""
    while len(out) < 3:
        if bits[:5] in ("00000", "00001", "00010"):
            out, bits = out + str(int(bits[:5], 2)), bits[5:]
        else:
            out, bits = out + str(int(bits[:6], 2) - 22), bits[6:]
    return int(out)


def status_of(block):
    """The status, which comes first in the header block of an answer."""
    at = 0
    while block[at] & 0xe0 == 0x20:  # a new size of the table, an integer of any length
        has_more = block[at] & 0x1f == 0x1f
        at += 1
        while has_more:
            has_more = block[at] & 0x80
            at += 1
    first = block[at]
    if first & 0x80:
        return STATIC_STATUS[first & 0x7f]
    index = first & (0x3f if first & 0x40 else 0x0f)
    if not 8 <= index <= 14:
        raise BadAnswer("a header block without a status at its beginning")
    size = block[at + 1] & 0x7f
    value = block[at + 2:at + 2 + size]
    return digits(value) if block[at + 1] & 0x80 else int(value)


class Http2:
    """A client on a connection whose ALPN is h2."""

    def __init__(self, connection, authority, until):
        self.connection = connection
        self.authority = authority
        self.next_stream = 1
        self.blocks, self.bodies, self.ended, self.errors = {}, {}, set(), {}
        connection.send(PREFACE + frame(SETTINGS, 0, 0), until)

    def send(self, method, path, headers, body, until):
        """Sends a request and returns its stream."""
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        fields = [(":method", method), (":scheme", "https"), (":authority", self.authority), (":path", path)]
        flags = END_HEADERS | (0 if body else END_STREAM)
        data = frame(HEADERS, flags, stream, header_block(fields + list(headers)))
        if body:
            data += frame(DATA, END_STREAM, stream, body)
        self.blocks[stream], self.bodies[stream] = b"", b""
        self.connection.send(data, until)
        return stream

    def _frame(self, until):
        connection = self.connection
        while len(connection.buffer) < 9 or len(connection.buffer) < 9 + int.from_bytes(connection.buffer[:3], "big"):
            if not connection.receive(until):
                raise BadAnswer("the connection was closed")
        size = int.from_bytes(connection.buffer[:3], "big")
        if size > FRAME_MAX:
            raise BadAnswer("a frame larger than allowed")
        head, payload = connection.buffer[:9], connection.buffer[9:9 + size]
        connection.buffer = connection.buffer[9 + size:]
        return head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7fffffff, payload

    def step(self, until):
        """Reads one frame."""
        kind, flags, stream, payload = self._frame(until)
        if kind == SETTINGS and not flags & ACK:
            self.connection.send(frame(SETTINGS, ACK, 0), until)
        elif kind == PING and not flags & ACK:
            self.connection.send(frame(PING, ACK, 0, payload), until)
        elif kind == GOAWAY:
            raise BadAnswer(f"GOAWAY with error {int.from_bytes(payload[4:8], 'big')}")
        elif kind == RST_STREAM:
            self.errors[stream] = int.from_bytes(payload, "big")
            self.ended.add(stream)
        elif kind in (HEADERS, DATA, CONTINUATION) and stream in self.bodies:
            if kind != CONTINUATION and flags & PADDED:
                payload = payload[1:len(payload) - payload[0]]
            if kind == HEADERS and flags & PRIORITY:
                payload = payload[5:]
            if kind == DATA:
                self.bodies[stream] += payload
            else:
                self.blocks[stream] += payload
            if len(self.bodies[stream]) + len(self.blocks[stream]) > BODY_MAX:
                raise BadAnswer("an answer of more than 1 MiB")
            if kind != CONTINUATION and flags & END_STREAM:
                self.ended.add(stream)

    def answer(self, stream, until):
        """The answer of a stream: status and body only."""
        while stream not in self.ended:
            self.step(until)
        if stream in self.errors and not self.blocks[stream]:
            raise BadAnswer(f"RST_STREAM with error {self.errors[stream]}")
        answer = Answer(status_of(self.blocks[stream]), [], self.bodies[stream])
        if answer.status in (429, 503):
            raise CannotRun(f"a {answer.status} over HTTP/2")
        return answer

    def has_answer(self, stream, seconds):
        """Whether the stream ends within that time."""
        until = time.monotonic() + seconds
        try:
            while stream not in self.ended:
                self.step(until)
        except TimeoutError:
            return False
        return True
