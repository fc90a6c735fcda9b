# SPDX-License-Identifier: Apache-2.0
"""An HTTP/2 client that sends any frame, also those that no library would send, and reads what comes back."""
import struct
import time

from hpack import Decoder, Encoder

import tigress_transport

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
(DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE,
 CONTINUATION) = range(10)
PRIORITY_UPDATE = 0x10
END_STREAM, ACK, END_HEADERS, PADDED, HAS_PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED,
 FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM,
 INADEQUATE_SECURITY, HTTP_1_1_REQUIRED) = range(14)
WAIT_S = 10


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """One frame; the length in its head can be a lie."""
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def u32(*numbers):
    return struct.pack(f">{len(numbers)}I", *numbers)


def settings(*pairs):
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", key, value)
                                            for key, value in pairs))


def window(stream, increment):
    return frame(WINDOW_UPDATE, 0, stream, u32(increment))


def reset(stream, code=CANCEL):
    return frame(RST_STREAM, 0, stream, u32(code))


def priority(stream, depends_on=0, weight=15):
    return frame(PRIORITY, 0, stream, u32(depends_on) + bytes([weight]))


def padded(data, padding):
    return bytes([padding]) + data + bytes(padding)


class Peer:
    """A connection with its preface sent, unless told otherwise."""

    def __init__(self, relay, first=(), has_preface=True):
        context = tigress_transport.tls_context(relay.ca_file, ["h2"])
        self.sock = tigress_transport.connect(relay.host, relay.port, context, WAIT_S)
        self.authority = f"{relay.host}:{relay.port}"
        self.encoder, self.decoder = Encoder(), Decoder()
        self.received, self.frames, self.is_closed = b"", [], False
        self.statuses, self.bodies, self.resets, self.ended = {}, {}, {}, set()
        self.goaway = None
        if has_preface:
            self.send(PREFACE, settings(*first))

    def close(self):
        self.sock.close()

    # ---- sending ----

    def send(self, *parts):
        """The relay may have closed already; what it sent shows why."""
        try:
            self.sock.sendall(b"".join(parts))
        except OSError:
            pass

    def fields(self, method="GET", path="/", extra=(), without=()):
        pairs = [(":method", method), (":scheme", "https"), (":path", path),
                 (":authority", self.authority)]
        return [pair for pair in pairs if pair[0] not in without] + list(extra)

    def block(self, *args, **options):
        """A header block without Huffman codes and without the dynamic table."""
        return b"".join(literal(name, value) for name, value in self.fields(*args, **options))

    def request(self, stream, method="GET", path="/", extra=(), without=(), is_end=True):
        return frame(HEADERS, END_HEADERS | (END_STREAM if is_end else 0), stream,
                     self.block(method, path, extra, without))

    def post(self, stream, extra=()):
        """The head of a request whose body follows."""
        return self.request(stream, "POST", "/v1/m", extra, is_end=False)

    # ---- receiving ----

    def take(self, kind, flags, stream, payload):
        self.frames.append((kind, flags, stream, payload))
        if kind == HEADERS:
            fields = dict(self.decoder.decode(payload))
            self.statuses.setdefault(stream, []).append(int(fields[":status"]))
        elif kind == DATA:
            self.bodies[stream] = self.bodies.get(stream, b"") + payload
        elif kind == RST_STREAM:
            self.resets[stream] = struct.unpack(">I", payload)[0]
        elif kind == GOAWAY:
            self.goaway = struct.unpack(">II", payload[:8])
        elif kind == SETTINGS and not flags & ACK:
            self.send(frame(SETTINGS, ACK))
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.ended.add(stream)

    def read(self, timeout_s):
        data, self.is_closed = tigress_transport.read_until_closed(self.sock, timeout_s)
        self.received += data
        while len(self.received) >= 9:
            length = int.from_bytes(self.received[:3], "big")
            if len(self.received) < 9 + length:
                break
            kind, flags = self.received[3], self.received[4]
            stream = int.from_bytes(self.received[5:9], "big")
            payload, self.received = self.received[9:9 + length], self.received[9 + length:]
            self.take(kind, flags, stream, payload)

    def until(self, is_true):
        """Reads until this is so, or the relay has closed."""
        end = time.monotonic() + WAIT_S
        while not is_true() and not self.is_closed and time.monotonic() < end:
            self.read(0.01)
        return is_true()

    def count(self, kind, flags=None):
        return sum(1 for frame_kind, frame_flags, _, _ in self.frames
                   if frame_kind == kind and (flags is None or frame_flags == flags))

    def sync(self, text=b"all read"):
        """Until the relay has processed everything that was sent."""
        self.send(frame(PING, payload=text))
        return self.until(lambda: (PING, ACK, 0, text) in self.frames)

    # ---- verdicts ----

    def assert_connection_error(self, *codes):
        self.until(lambda: self.goaway is not None and self.goaway[1] != NO_ERROR)
        assert self.goaway is not None, f"no GOAWAY, but {self.frames}"
        assert self.goaway[1] in codes, f"GOAWAY {self.goaway[1]}, not {codes}"
        assert self.until(lambda: self.is_closed), "GOAWAY, but the connection stays open"

    def assert_stream_error(self, stream, *codes):
        """RST_STREAM; or GOAWAY, since an endpoint may treat a stream error as one of the connection."""
        self.until(lambda: stream in self.resets or
                   self.goaway is not None and self.goaway[1] != NO_ERROR)
        code = self.resets.get(stream, self.goaway[1] if self.goaway else None)
        assert code in codes, f"{code}, not {codes}: {self.frames}"
        assert stream not in self.statuses, f"answered: {self.statuses[stream]}"

    def assert_status(self, stream, *statuses):
        assert self.until(lambda: stream in self.ended), self.frames
        assert self.statuses[stream] == list(statuses)

    def assert_goes_on(self, stream=101):
        """A request on this new stream is answered, and nothing was refused."""
        self.send(self.request(stream))
        self.assert_status(stream, 404)
        assert not self.resets and self.goaway is None, self.frames


# ---- HPACK by hand ----

def integer(value, prefix_bits, first=0):
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes([first | value])
    out, value = bytes([first | limit]), value - limit
    while value >= 128:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


def string(text, is_huffman=False):
    return integer(len(text), 7, 0x80 if is_huffman else 0) + as_bytes(text)


def literal(name, value, first=0x00):
    """A literal field without indexing (0x00), never indexed (0x10) or added to the table (0x40)."""
    return bytes([first]) + string(name) + string(value)


def indexed(index):
    return integer(index, 7, 0x80)


def table_size(size):
    return integer(size, 5, 0x20)
