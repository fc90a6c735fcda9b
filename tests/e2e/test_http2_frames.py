# SPDX-License-Identifier: Apache-2.0
"""The relay against RFC 9113 (HTTP/2) and RFC 7541 (HPACK), frame by frame: each rule that a client can see. The name of
a case begins with its section; "H" stands for RFC 7541.

A case is what the client sends and what the relay must do. A stream error may be an error of the connection (RFC 9113,
section 5.4.1)."""
import contextlib
import struct

import pytest

from conftest import open_api
from h2_peer import (ACK, CANCEL, COMPRESSION_ERROR, CONTINUATION, DATA, END_HEADERS, END_STREAM,
                     FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, GOAWAY, HAS_PRIORITY, HEADERS, NO_ERROR,
                     PADDED, PING, PREFACE, PRIORITY, PRIORITY_UPDATE, PROTOCOL_ERROR,
                     PUSH_PROMISE, REFUSED_STREAM, RST_STREAM, SETTINGS, STREAM_CLOSED,
                     WINDOW_UPDATE, Peer, frame, indexed, integer, literal, padded, priority, reset,
                     settings, string, table_size, u32, window)
from tigress_client import CLAIM

(HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE,
 MAX_HEADER_LIST_SIZE) = range(1, 7)
ENABLE_CONNECT_PROTOCOL, NO_RFC7540_PRIORITIES = 8, 9
LARGEST = 16384         # bytes of a frame
LARGEST_WINDOW = 2**31 - 1
WINDOW = 65535          # a window at the start


# ---- what a case expects ----

def connection_error(*codes):
    return lambda peer: peer.assert_connection_error(*codes)


def stream_error(*codes, stream=1):
    return lambda peer: peer.assert_stream_error(stream, *codes)


def malformed(peer):
    """RFC 9113, section 8.1.1."""
    peer.assert_stream_error(1, PROTOCOL_ERROR)


def goes_on(peer):
    peer.assert_goes_on()


def served(peer):
    """Stream 1 is answered, and the connection goes on."""
    peer.assert_status(1, 404)
    peer.assert_goes_on()


def created(peer):
    """Stream 1 is a create without a claim: its body was taken."""
    peer.assert_status(1, 401)
    peer.assert_goes_on()


def bodies_of(kind, sizes):
    """The relay sent DATA frames of these sizes."""
    def verdict(peer):
        peer.until(lambda: peer.count(kind) >= len(sizes))
        assert [len(payload) for frame_kind, _, _, payload in peer.frames
                if frame_kind == kind][:len(sizes)] == sizes
    return verdict


# ---- parts of requests ----

def head(peer, flags=END_HEADERS | END_STREAM, stream=1, **options):
    return frame(HEADERS, flags, stream, peer.block(**options))


def with_fields(*extra, **options):
    """A case that sends one request with these fields."""
    return lambda peer: peer.send(peer.request(1, extra=extra, **options))


def raw_request(*fields):
    """A case that sends exactly these fields."""
    return lambda peer: peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, b"".join(
        field if isinstance(field, bytes) else literal(*field) for field in fields)))


def after_block(block):
    """A case: a request whose header block ends with these bytes."""
    return lambda peer: peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1,
                                        peer.block() + block))


def before_block(block):
    return lambda peer: peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1,
                                        block + peer.block()))


def frames(*all_frames):
    return lambda peer: peer.send(*all_frames)


def open_stream(*then):
    """A case: stream 1 is open, its body has not begun."""
    return lambda peer: peer.send(peer.post(1), *then)


def half_closed(*then):
    """A case: stream 1 is half-closed (remote); no window lets its answer end."""
    def send(peer):
        peer.send(settings((INITIAL_WINDOW_SIZE, 0)), peer.request(1), *then)
    return send


def closed(*then):
    """A case: stream 1 was answered whole."""
    def send(peer):
        peer.send(peer.request(1))
        peer.assert_status(1, 404)
        peer.send(*then)
    return send


def reset_by_client(*then):
    return lambda peer: peer.send(peer.post(1), reset(1), *then)


def reset_by_relay(*then):
    """A case: the relay has reset stream 1, for a body longer than its content-length."""
    def send(peer):
        peer.send(peer.post(1, [("content-length", "1")]), frame(DATA, 0, 1, b"xx"))
        peer.until(lambda: 1 in peer.resets)
        assert peer.resets.pop(1) == PROTOCOL_ERROR
        peer.send(*then)
    return send


TRAILERS = frame(HEADERS, END_HEADERS | END_STREAM, 1, literal("a-trailer", "x"))

# ---- frames and streams -------------------------------------------------------------------------

FRAMING = {
    "4.1 unknown type on the connection": (frames(frame(0xbe, 0xff, 0, b"12345678")), goes_on),
    "4.1 unknown type, empty": (frames(frame(0xff)), goes_on),
    "4.1 unknown type on an open stream":
        (lambda p: p.send(p.post(1), frame(0xbe, 0, 1, b"x"), frame(DATA, END_STREAM, 1, b"{}")),
         created),
    "4.1 unknown type on an idle stream": (frames(frame(0xbe, 0, 7, b"x")), goes_on),
    "4.1 undefined flags of PING": (
        lambda p: p.send(frame(PING, 0xfe, 0, b"flagged!")),
        lambda p: p.until(lambda: (PING, ACK, 0, b"flagged!") in p.frames) or pytest.fail()),
    "4.1 undefined flags of HEADERS": (lambda p: p.send(head(p, 0x92 | END_HEADERS | END_STREAM)),
                                       served),
    "4.1 undefined flags of DATA": (
        lambda p: p.send(p.post(1), frame(DATA, 0xf6 | END_STREAM, 1, b"{}")), created),
    "4.1 undefined flags of SETTINGS": (frames(frame(SETTINGS, 0xfe)), goes_on),
    "4.1 undefined flags of WINDOW_UPDATE": (frames(frame(WINDOW_UPDATE, 0xff, 0, u32(1))),
                                             goes_on),
    "4.1 reserved bit of PING": (frames(frame(PING, 0, 1 << 31, b"12345678")), goes_on),
    "4.1 reserved bit of HEADERS": (lambda p: p.send(head(p, stream=1 | 1 << 31)), served),
    "4.2 DATA of the largest size": (
        lambda p: p.send(p.post(1), frame(DATA, END_STREAM, 1, b"{}".ljust(LARGEST))), created),
    "4.2 HEADERS of the largest size": (
        lambda p: p.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, (
            p.block() + literal("x", "v" * (LARGEST - 6 - len(p.block()))))[:LARGEST])), served),
    "4.2 DATA one byte larger": (open_stream(frame(DATA, 0, 1, bytes(LARGEST + 1))),
                                 stream_error(FRAME_SIZE_ERROR)),
    "4.2 HEADERS one byte larger": (frames(frame(HEADERS, END_HEADERS, 1, bytes(LARGEST + 1))),
                                    connection_error(FRAME_SIZE_ERROR)),
    "4.2 SETTINGS larger": (frames(frame(SETTINGS, 0, 0, bytes(6 * 2731))),
                            connection_error(FRAME_SIZE_ERROR)),
    "4.2 unknown type larger": (frames(frame(0xbe, 0, 0, bytes(LARGEST + 1))),
                                connection_error(FRAME_SIZE_ERROR)),
    "4.2 largest length that can be written": (frames(frame(DATA, 0, 1, length=2**24 - 1)),
                                               connection_error(FRAME_SIZE_ERROR)),
    "4.3 block that is no HPACK": (
        frames(frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff" * 20)),
        connection_error(COMPRESSION_ERROR)),
    "4.3 block that ends inside a field": (
        lambda p: p.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, p.block()[:-3])),
        connection_error(COMPRESSION_ERROR)),
    "4.3 empty block": (frames(frame(HEADERS, END_HEADERS | END_STREAM, 1)),
                        stream_error(PROTOCOL_ERROR)),
    "5.1 idle: DATA": (frames(frame(DATA, 0, 1, b"x")), connection_error(PROTOCOL_ERROR)),
    "5.1 idle: empty DATA": (frames(frame(DATA, END_STREAM, 1)), connection_error(PROTOCOL_ERROR)),
    "5.1 idle: RST_STREAM": (frames(reset(1)), connection_error(PROTOCOL_ERROR)),
    "5.1 idle: WINDOW_UPDATE": (frames(window(1, 100)), connection_error(PROTOCOL_ERROR)),
    "5.1 idle: CONTINUATION": (
        lambda p: p.send(frame(CONTINUATION, END_HEADERS, 1, p.block())),
        connection_error(PROTOCOL_ERROR)),
    "5.1 idle: PRIORITY": (frames(priority(1)), goes_on),
    "5.1 half-closed: DATA": (half_closed(frame(DATA, END_STREAM, 1, b"x")),
                              connection_error(STREAM_CLOSED)),
    "5.1 half-closed: empty DATA": (half_closed(frame(DATA, 0, 1)),
                                    connection_error(STREAM_CLOSED)),
    "5.1 half-closed: HEADERS": (lambda p: half_closed(p.request(1))(p),
                                 connection_error(STREAM_CLOSED)),
    "5.1 half-closed: CONTINUATION": (half_closed(frame(CONTINUATION, END_HEADERS, 1)),
                                      connection_error(PROTOCOL_ERROR, STREAM_CLOSED)),
    "5.1 half-closed: WINDOW_UPDATE": (half_closed(window(1, 1000)),
                                       lambda p: p.assert_status(1, 404)),
    "5.1 half-closed: PRIORITY": (half_closed(priority(1), window(1, 1000)),
                                  lambda p: p.assert_status(1, 404)),
    "5.1 half-closed: RST_STREAM": (half_closed(reset(1), settings((INITIAL_WINDOW_SIZE, WINDOW))),
                                    goes_on),
    "5.1 reset by the client: DATA": (reset_by_client(frame(DATA, 0, 1, b"x")),
                                      stream_error(STREAM_CLOSED)),
    "5.1 reset by the client: HEADERS": (reset_by_client(TRAILERS), stream_error(STREAM_CLOSED)),
    "5.1 reset by the client: CONTINUATION": (reset_by_client(frame(CONTINUATION, 4, 1)),
                                              connection_error(PROTOCOL_ERROR, STREAM_CLOSED)),
    "5.1 reset by the client: PRIORITY": (reset_by_client(priority(1)), goes_on),
    "5.1 closed: DATA": (closed(frame(DATA, END_STREAM, 1, b"x")),
                         connection_error(STREAM_CLOSED)),
    "5.1 closed: HEADERS": (lambda p: closed(p.request(1))(p), connection_error(STREAM_CLOSED)),
    "5.1 closed: CONTINUATION": (closed(frame(CONTINUATION, END_HEADERS, 1)),
                                 connection_error(PROTOCOL_ERROR, STREAM_CLOSED)),
    "5.1 closed: WINDOW_UPDATE": (closed(window(1, 1)), goes_on),
    "5.1 closed: RST_STREAM": (closed(reset(1)), goes_on),
    "5.1 closed: PRIORITY": (closed(priority(1)), goes_on),
    "5.1 reset by the relay: DATA is ignored": (reset_by_relay(frame(DATA, END_STREAM, 1, b"x")),
                                                goes_on),
    "5.1 reset by the relay: HEADERS are ignored": (reset_by_relay(TRAILERS), goes_on),
    "5.1 reset by the relay: RST_STREAM is ignored": (reset_by_relay(reset(1)), goes_on),
    "5.1 reset by the relay: WINDOW_UPDATE is ignored": (reset_by_relay(window(1, 1)), goes_on),
    "5.1.1 even stream": (lambda p: p.send(p.request(2)), connection_error(PROTOCOL_ERROR)),
    "5.1.1 stream 0": (lambda p: p.send(p.request(0)), connection_error(PROTOCOL_ERROR)),
    "5.1.1 lower than an earlier one": (lambda p: p.send(p.request(5), p.request(3)),
                                        connection_error(PROTOCOL_ERROR)),
    "5.1.1 used before": (closed(frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x82")),
                          connection_error(STREAM_CLOSED, PROTOCOL_ERROR)),
    "5.1.1 numbers may be left out": (lambda p: p.send(p.request(1), p.request(77)),
                                      lambda p: (p.assert_status(77, 404), served(p))),
    "5.1.1 a number left out is closed": (
        lambda p: p.send(p.request(5), frame(DATA, 0, 3, b"x")),
        connection_error(STREAM_CLOSED, PROTOCOL_ERROR)),
    "5.1.1 the highest number": (lambda p: p.send(p.request(2**31 - 1)),
                                 lambda p: p.assert_status(2**31 - 1, 404)),
    "5.3.2 HEADERS with priority": (
        lambda p: p.send(frame(HEADERS, 0x25, 1, u32(0) + b"\xff" + p.block())), served),
    "5.3.2 HEADERS with exclusive priority": (
        lambda p: p.send(frame(HEADERS, 0x25, 1, u32(1 << 31 | 9) + b"\0" + p.block())), served),
    "5.3.2 HEADERS that depend on themselves": (
        lambda p: p.send(frame(HEADERS, 0x25, 1, u32(1) + b"\xff" + p.block())),
        stream_error(PROTOCOL_ERROR)),
    "5.3.2 PRIORITY that depends on itself": (open_stream(priority(1, 1)),
                                              stream_error(PROTOCOL_ERROR)),
    "5.5 unknown type inside a block": (
        lambda p: p.send(head(p, END_STREAM), frame(0xbe, 0, 1, b"x"),
                         frame(CONTINUATION, END_HEADERS, 1)), connection_error(PROTOCOL_ERROR)),
}

# ---- the types of frames ------------------------------------------------------------------------

TYPES = {
    "6.1 DATA on stream 0": (frames(frame(DATA, 0, 0, b"x")), connection_error(PROTOCOL_ERROR)),
    "6.1 DATA, padded": (
        lambda p: p.send(p.post(1), frame(DATA, PADDED | END_STREAM, 1, padded(b"{}", 100))),
        created),
    "6.1 DATA, padded with nothing": (
        lambda p: p.send(p.post(1), frame(DATA, PADDED | END_STREAM, 1, padded(b"{}", 0))),
        created),
    "6.1 DATA, only padding": (
        lambda p: p.send(p.post(1), frame(DATA, PADDED, 1, padded(b"", 255)),
                         frame(DATA, END_STREAM, 1, b"{}")), created),
    "6.1 DATA, empty, ends the stream": (
        lambda p: p.send(p.post(1), frame(DATA, 0, 1, b"{}"), frame(DATA, END_STREAM, 1)),
        created),
    "6.1 DATA, padding as long as the frame": (open_stream(frame(DATA, PADDED, 1, b"\x03ab")),
                                               connection_error(PROTOCOL_ERROR)),
    "6.1 DATA, padding longer than the frame": (open_stream(frame(DATA, PADDED, 1, b"\xffab")),
                                                connection_error(PROTOCOL_ERROR)),
    "6.1 DATA, padded and without a length": (open_stream(frame(DATA, PADDED, 1)),
                                              connection_error(PROTOCOL_ERROR, FRAME_SIZE_ERROR)),
    "6.2 HEADERS, padded": (
        lambda p: p.send(frame(HEADERS, PADDED | 5, 1, padded(p.block(), 200))), served),
    "6.2 HEADERS, padded, with priority": (
        lambda p: p.send(frame(HEADERS, PADDED | 0x25, 1,
                               padded(u32(0) + b"\x0f" + p.block(), 9))), served),
    "6.2 HEADERS, padding longer than the frame": (
        frames(frame(HEADERS, PADDED | 5, 1, b"\xff\x82")), connection_error(PROTOCOL_ERROR)),
    "6.2 HEADERS, padding as long as the frame": (
        frames(frame(HEADERS, PADDED | 5, 1, b"\x02\x82")), connection_error(PROTOCOL_ERROR)),
    "6.2 HEADERS, padded and without a length": (
        frames(frame(HEADERS, PADDED | 5, 1)),
        connection_error(PROTOCOL_ERROR, FRAME_SIZE_ERROR)),
    "6.2 HEADERS, priority cut short": (
        frames(frame(HEADERS, HAS_PRIORITY | 5, 1, b"\0\0\0")),
        connection_error(FRAME_SIZE_ERROR)),
    "6.2 HEADERS, then DATA before the block ends": (
        lambda p: p.send(head(p, 0), frame(DATA, 0, 1, b"x")), connection_error(PROTOCOL_ERROR)),
    "6.2 HEADERS, then HEADERS of another stream": (
        lambda p: p.send(head(p, 0), head(p, stream=3)), connection_error(PROTOCOL_ERROR)),
    "6.2 HEADERS, then HEADERS of the same stream": (
        lambda p: p.send(head(p, 0), head(p)), connection_error(PROTOCOL_ERROR)),
    "6.2 HEADERS, then PRIORITY": (lambda p: p.send(head(p, 0), priority(1)),
                                   connection_error(PROTOCOL_ERROR)),
    "6.2 HEADERS, then PING": (lambda p: p.send(head(p, 0), frame(PING, 0, 0, bytes(8))),
                               connection_error(PROTOCOL_ERROR)),
    "6.2 HEADERS, then SETTINGS": (lambda p: p.send(head(p, 0), settings()),
                                   connection_error(PROTOCOL_ERROR)),
    "6.2 HEADERS, then WINDOW_UPDATE": (lambda p: p.send(head(p, 0), window(0, 1)),
                                        connection_error(PROTOCOL_ERROR)),
    "6.2 HEADERS, then RST_STREAM": (lambda p: p.send(head(p, 0), reset(1)),
                                     connection_error(PROTOCOL_ERROR)),
    "6.2 HEADERS, then GOAWAY": (lambda p: p.send(head(p, 0), frame(GOAWAY, 0, 0, bytes(8))),
                                 connection_error(PROTOCOL_ERROR)),
    "6.3 PRIORITY on stream 0": (frames(frame(PRIORITY, 0, 0, bytes(5))),
                                 connection_error(PROTOCOL_ERROR)),
    "6.3 PRIORITY, too short": (open_stream(frame(PRIORITY, 0, 1, bytes(4))),
                                stream_error(FRAME_SIZE_ERROR)),
    "6.3 PRIORITY, too long": (open_stream(frame(PRIORITY, 0, 1, bytes(6))),
                               stream_error(FRAME_SIZE_ERROR)),
    "6.3 PRIORITY, empty": (open_stream(frame(PRIORITY, 0, 1)), stream_error(FRAME_SIZE_ERROR)),
    "6.3 PRIORITY changes nothing": (
        lambda p: p.send(p.post(1), priority(1, 3, 255), frame(DATA, END_STREAM, 1, b"{}")),
        created),
    "6.4 RST_STREAM on stream 0": (frames(reset(0)), connection_error(PROTOCOL_ERROR)),
    "6.4 RST_STREAM, too short": (open_stream(frame(RST_STREAM, 0, 1, bytes(3))),
                                  connection_error(FRAME_SIZE_ERROR)),
    "6.4 RST_STREAM, too long": (open_stream(frame(RST_STREAM, 0, 1, bytes(5))),
                                 connection_error(FRAME_SIZE_ERROR)),
    "6.4 RST_STREAM of an open stream": (open_stream(reset(1)), goes_on),
    "6.5 SETTINGS on a stream": (frames(frame(SETTINGS, 0, 1)), connection_error(PROTOCOL_ERROR)),
    "6.5 SETTINGS ACK with a payload": (frames(frame(SETTINGS, ACK, 0, bytes(6))),
                                        connection_error(FRAME_SIZE_ERROR)),
    "6.5 SETTINGS, not a multiple of 6": (frames(frame(SETTINGS, 0, 0, bytes(7))),
                                          connection_error(FRAME_SIZE_ERROR)),
    "6.5.2 ENABLE_PUSH 0": (frames(settings((ENABLE_PUSH, 0))), goes_on),
    "6.5.2 ENABLE_PUSH 1": (frames(settings((ENABLE_PUSH, 1))), goes_on),
    "6.5.2 ENABLE_PUSH 2": (frames(settings((ENABLE_PUSH, 2))), connection_error(PROTOCOL_ERROR)),
    "6.5.2 INITIAL_WINDOW_SIZE, largest": (frames(settings((INITIAL_WINDOW_SIZE, 2**31 - 1))),
                                           goes_on),
    "6.5.2 INITIAL_WINDOW_SIZE, too large": (frames(settings((INITIAL_WINDOW_SIZE, 2**31))),
                                             connection_error(FLOW_CONTROL_ERROR)),
    "6.5.2 MAX_FRAME_SIZE, least": (frames(settings((MAX_FRAME_SIZE, 2**14))), goes_on),
    "6.5.2 MAX_FRAME_SIZE, largest": (frames(settings((MAX_FRAME_SIZE, 2**24 - 1))), goes_on),
    "6.5.2 MAX_FRAME_SIZE, too small": (frames(settings((MAX_FRAME_SIZE, 2**14 - 1))),
                                        connection_error(PROTOCOL_ERROR)),
    "6.5.2 MAX_FRAME_SIZE, too large": (frames(settings((MAX_FRAME_SIZE, 2**24))),
                                        connection_error(PROTOCOL_ERROR)),
    "6.5.2 MAX_CONCURRENT_STREAMS 0": (frames(settings((MAX_CONCURRENT_STREAMS, 0))), goes_on),
    "6.5.2 MAX_HEADER_LIST_SIZE": (frames(settings((MAX_HEADER_LIST_SIZE, 2**32 - 1))), goes_on),
    "6.5.2 unknown setting": (frames(settings((0xbeef, 7), (0, 1), (0xffff, 2**32 - 1))), goes_on),
    "6.5.2 HEADER_TABLE_SIZE 0": (frames(settings((HEADER_TABLE_SIZE, 0))), goes_on),
    "6.5.2 HEADER_TABLE_SIZE, largest": (frames(settings((HEADER_TABLE_SIZE, 2**32 - 1))),
                                         goes_on),
    "6.5.3 the last of two values counts": (
        lambda p: p.send(settings((INITIAL_WINDOW_SIZE, 100), (INITIAL_WINDOW_SIZE, 1)),
                         p.request(1)), bodies_of(DATA, [1])),
    "6.6 PUSH_PROMISE": (lambda p: p.send(p.post(1), frame(PUSH_PROMISE, 4, 1, u32(2) + b"\x82")),
                         connection_error(PROTOCOL_ERROR)),
    "6.6 PUSH_PROMISE on stream 0": (frames(frame(PUSH_PROMISE, 4, 0, u32(2) + b"\x82")),
                                     connection_error(PROTOCOL_ERROR)),
    "6.7 PING": (frames(frame(PING, 0, 0, b"whatever")),
                 lambda p: p.until(lambda: (PING, ACK, 0, b"whatever") in p.frames) or
                 pytest.fail()),
    "6.7 PING on a stream": (frames(frame(PING, 0, 1, bytes(8))),
                             connection_error(PROTOCOL_ERROR)),
    "6.7 PING ACK on a stream": (frames(frame(PING, ACK, 1, bytes(8))),
                                 connection_error(PROTOCOL_ERROR)),
    "6.7 PING, too short": (frames(frame(PING, 0, 0, bytes(7))),
                            connection_error(FRAME_SIZE_ERROR)),
    "6.7 PING, too long": (frames(frame(PING, 0, 0, bytes(9))),
                           connection_error(FRAME_SIZE_ERROR)),
    "6.8 GOAWAY on a stream": (frames(frame(GOAWAY, 0, 1, bytes(8))),
                               connection_error(PROTOCOL_ERROR)),
    "6.8 GOAWAY, too short": (frames(frame(GOAWAY, 0, 0, bytes(7))),
                              connection_error(FRAME_SIZE_ERROR)),
    "6.9 WINDOW_UPDATE, too short": (frames(frame(WINDOW_UPDATE, 0, 0, bytes(3))),
                                     connection_error(FRAME_SIZE_ERROR)),
    "6.9 WINDOW_UPDATE, too long": (frames(frame(WINDOW_UPDATE, 0, 0, bytes(5))),
                                    connection_error(FRAME_SIZE_ERROR)),
    "6.9 WINDOW_UPDATE 0 of the connection": (frames(window(0, 0)),
                                              connection_error(PROTOCOL_ERROR)),
    "6.9 WINDOW_UPDATE 0 of a stream": (open_stream(window(1, 0)), stream_error(PROTOCOL_ERROR)),
    "6.9 WINDOW_UPDATE with the reserved bit": (frames(window(0, 1 << 31 | 1)), goes_on),
    "6.9.1 window of the connection, largest": (frames(window(0, LARGEST_WINDOW - WINDOW)),
                                                goes_on),
    "6.9.1 window of the connection, overflow": (
        frames(window(0, LARGEST_WINDOW - WINDOW), window(0, 1)),
        connection_error(FLOW_CONTROL_ERROR)),
    "6.9.1 window of a stream, largest": (
        lambda p: p.send(p.post(1), window(1, LARGEST_WINDOW - WINDOW),
                         frame(DATA, END_STREAM, 1, b"{}")), created),
    "6.9.1 window of a stream, overflow": (
        open_stream(window(1, LARGEST_WINDOW - WINDOW), window(1, 1)),
        stream_error(FLOW_CONTROL_ERROR)),
    "6.9.2 setting that lets a window overflow": (
        open_stream(window(1, LARGEST_WINDOW - WINDOW), settings((INITIAL_WINDOW_SIZE, WINDOW + 1))),
        connection_error(FLOW_CONTROL_ERROR)),
    "6.10 CONTINUATION frames": (
        lambda p: p.send(frame(HEADERS, END_STREAM, 1, p.block()[:5]),
                         *[frame(CONTINUATION, 0, 1, p.block()[i:i + 1]) for i in range(5, 11)],
                         frame(CONTINUATION, END_HEADERS, 1, p.block()[11:])), served),
    "6.10 CONTINUATION, empty": (
        lambda p: p.send(head(p, END_STREAM), frame(CONTINUATION, 0, 1),
                         frame(CONTINUATION, END_HEADERS, 1)), served),
    "6.10 CONTINUATION after empty HEADERS": (
        lambda p: p.send(frame(HEADERS, END_STREAM, 1),
                         frame(CONTINUATION, END_HEADERS, 1, p.block())), served),
    "6.10 CONTINUATION on stream 0": (
        lambda p: p.send(head(p, 0), frame(CONTINUATION, END_HEADERS, 0, b"\x82")),
        connection_error(PROTOCOL_ERROR)),
    "6.10 CONTINUATION of another stream": (
        lambda p: p.send(head(p, 0), frame(CONTINUATION, END_HEADERS, 3, b"\x82")),
        connection_error(PROTOCOL_ERROR)),
    "6.10 CONTINUATION after a whole block": (
        open_stream(frame(CONTINUATION, END_HEADERS, 1, b"\x82")),
        connection_error(PROTOCOL_ERROR)),
    "6.10 CONTINUATION after a block in parts": (
        lambda p: p.send(head(p, 0), frame(CONTINUATION, END_HEADERS, 1),
                         frame(CONTINUATION, END_HEADERS, 1)), connection_error(PROTOCOL_ERROR)),
    "6.10 CONTINUATION after DATA": (
        open_stream(frame(DATA, 0, 1, b"x"), frame(CONTINUATION, END_HEADERS, 1, b"\x82")),
        connection_error(PROTOCOL_ERROR)),
    "7 RST_STREAM with an unknown code": (open_stream(reset(1, 0xdeadbeef)), goes_on),
    "9218 7.1 PRIORITY_UPDATE": (frames(frame(PRIORITY_UPDATE, 0, 0, u32(1) + b"u=1, i")),
                                 goes_on),
    "9218 5 priority field": (with_fields(("priority", "u=0, i")), served),
    "9218 2.1 NO_RFC7540_PRIORITIES 2": (frames(settings((NO_RFC7540_PRIORITIES, 2))),
                                         connection_error(PROTOCOL_ERROR)),
    "8441 3 ENABLE_CONNECT_PROTOCOL 2": (frames(settings((ENABLE_CONNECT_PROTOCOL, 2))),
                                         connection_error(PROTOCOL_ERROR)),
}

# ---- messages -----------------------------------------------------------------------------------

MESSAGES = {
    "8.1 trailers": (lambda p: p.send(p.post(1), frame(DATA, 0, 1, b"{}"), TRAILERS), created),
    "8.1 trailers without a body": (lambda p: p.send(p.post(1), TRAILERS), created),
    "8.1 trailers in parts": (
        lambda p: p.send(p.post(1), frame(HEADERS, END_STREAM, 1),
                         frame(CONTINUATION, END_HEADERS, 1, literal("a", "b"))), created),
    "8.1 trailers that do not end the stream": (
        open_stream(frame(HEADERS, END_HEADERS, 1, literal("a", "b"))),
        stream_error(PROTOCOL_ERROR)),
    "8.1 trailers with a pseudo-header field": (
        open_stream(frame(HEADERS, END_HEADERS | END_STREAM, 1, literal(":path", "/"))),
        stream_error(PROTOCOL_ERROR)),
    "8.1 DATA after trailers": (open_stream(TRAILERS, frame(DATA, 0, 1, b"x")),
                                lambda p: p.assert_connection_error(STREAM_CLOSED)),
    "8.1.1 content-length of the body": (
        lambda p: p.send(p.post(1, [("content-length", "4")]), frame(DATA, 0, 1, b"{ "),
                         frame(DATA, END_STREAM, 1, b" }")), created),
    "8.1.1 content-length 0 without a body": (with_fields(("content-length", "0")), served),
    "8.1.1 content-length and no body": (with_fields(("content-length", "1")), malformed),
    "8.1.1 content-length, body too long": (
        lambda p: p.send(p.post(1, [("content-length", "1")]), frame(DATA, END_STREAM, 1, b"xx")),
        malformed),
    "8.1.1 content-length, bodies too long together": (
        lambda p: p.send(p.post(1, [("content-length", "3")]), frame(DATA, 0, 1, b"xx"),
                         frame(DATA, END_STREAM, 1, b"xx")), malformed),
    "8.1.1 content-length, body too short": (
        lambda p: p.send(p.post(1, [("content-length", "3")]), frame(DATA, END_STREAM, 1, b"xx")),
        malformed),
    "8.1.1 content-length, body too short, with trailers": (
        lambda p: p.send(p.post(1, [("content-length", "3")]), frame(DATA, 0, 1, b"xx"), TRAILERS),
        malformed),
    "8.1.1 content-length, padding is no body": (
        lambda p: p.send(p.post(1, [("content-length", "2")]),
                         frame(DATA, PADDED | END_STREAM, 1, padded(b"{}", 50))), created),
    "8.1.1 content-length, no number": (with_fields(("content-length", "x")), malformed),
    "8.1.1 content-length, negative": (with_fields(("content-length", "-1")), malformed),
    "8.1.1 content-length, two values": (
        with_fields(("content-length", "0"), ("content-length", "1")), malformed),
    "8.2 name in upper case": (with_fields(("X-Upper", "a")), malformed),
    "8.2 name with one letter in upper case": (with_fields(("x-uppeR", "a")), malformed),
    "8.2 name of a trailer in upper case": (
        open_stream(frame(HEADERS, END_HEADERS | END_STREAM, 1, literal("Upper", "a"))),
        stream_error(PROTOCOL_ERROR)),
    "8.2.1 name with a space": (with_fields(("x a", "b")), malformed),
    "8.2.1 name with a colon inside": (with_fields(("x:a", "b")), malformed),
    "8.2.1 name with a control character": (with_fields(("x\x01", "b")), malformed),
    "8.2.1 name with DEL": (with_fields(("x\x7f", "b")), malformed),
    "8.2.1 name with a byte above 127": (with_fields((b"x\xe4", "b")), malformed),
    "8.2.1 name, empty": (with_fields(("", "b")), malformed),
    "8.2.1 value with NUL": (with_fields(("x", b"a\0b")), malformed),
    "8.2.1 value with LF": (with_fields(("x", b"a\nb")), malformed),
    "8.2.1 value with CR": (with_fields(("x", b"a\rb")), malformed),
    "8.2.1 value that starts with a space": (with_fields(("x", " a")), malformed),
    "8.2.1 value that ends with a space": (with_fields(("x", "a ")), malformed),
    "8.2.1 value that starts with a tab": (with_fields(("x", "\ta")), malformed),
    "8.2.1 value that ends with a tab": (with_fields(("x", "a\t")), malformed),
    "8.2.1 value, empty": (with_fields(("x", "")), served),
    "8.2.1 value with a tab inside and bytes above 127": (with_fields(("x", b"a\tb\xe4")), served),
    "8.2.2 connection": (with_fields(("connection", "keep-alive")), malformed),
    "8.2.2 keep-alive": (with_fields(("keep-alive", "1")), malformed),
    "8.2.2 proxy-connection": (with_fields(("proxy-connection", "keep-alive")), malformed),
    "8.2.2 transfer-encoding": (with_fields(("transfer-encoding", "chunked")), malformed),
    "8.2.2 upgrade": (with_fields(("upgrade", "h2c")), malformed),
    "8.2.2 te: trailers": (with_fields(("te", "trailers")), served),
    "8.2.2 te: gzip": (with_fields(("te", "gzip")), malformed),
    "8.2.2 te: trailers and more": (with_fields(("te", "trailers, deflate;q=0.5")), malformed),
    "8.2.3 cookie in several fields": (with_fields(("cookie", "a=b"), ("cookie", "c=d")), served),
    "8.3 unknown pseudo-header field": (
        raw_request((":method", "GET"), (":test", "x"), (":scheme", "https"), (":path", "/"),
                    (":authority", "r")), malformed),
    "8.3 pseudo-header field of a response": (
        raw_request((":status", "200"), (":method", "GET"), (":scheme", "https"), (":path", "/"),
                    (":authority", "r")), malformed),
    "8.3 pseudo-header field after another field": (
        raw_request((":method", "GET"), (":scheme", "https"), ("x", "y"), (":path", "/"),
                    (":authority", "r")), malformed),
    "8.3.1 no :method": (with_fields(without=[":method"]), malformed),
    "8.3.1 no :scheme": (with_fields(without=[":scheme"]), malformed),
    "8.3.1 no :path": (with_fields(without=[":path"]), malformed),
    "8.3.1 neither :authority nor host": (with_fields(without=[":authority"]), malformed),
    "8.3.1 host without :authority": (with_fields(("host", "r.example"), without=[":authority"]),
                                      served),
    "8.3.1 host equal to :authority": (
        raw_request((":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "R"),
                    ("host", "r")), served),
    "8.3.1 host that differs from :authority": (
        raw_request((":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a"),
                    ("host", "b")), malformed),
    "8.3.1 two host fields": (with_fields(("host", "a"), ("host", "a"), without=[":authority"]),
                              malformed),
    "8.3.1 :authority with user information": (
        raw_request((":method", "GET"), (":scheme", "https"), (":path", "/"),
                    (":authority", "user:secret@r.example")), malformed),
    "8.3.1 :path empty": (with_fields(path=""), malformed),
    "8.3.1 :path without a slash": (with_fields(path="v1/m"), malformed),
    "8.3.1 :path with a fragment": (with_fields(path="/#key"), malformed),
    "8.3.1 :path with a space": (with_fields(path="/a b"), malformed),
    "8.3.1 :path, a whole URL": (with_fields(path="https://r.example/"), malformed),
    "8.3.1 :path * of GET": (with_fields(path="*"), malformed),
    "8.3.1 :path * of OPTIONS": (with_fields(method="OPTIONS", path="*"), served),
    "8.3.1 :path with a query": (with_fields(path="/?v=c"), served),
    "8.3.1 :method twice": (
        raw_request((":method", "GET"), (":method", "GET"), (":scheme", "https"), (":path", "/"),
                    (":authority", "r")), malformed),
    "8.3.1 :scheme twice": (
        raw_request((":method", "GET"), (":scheme", "https"), (":scheme", "https"),
                    (":path", "/"), (":authority", "r")), malformed),
    "8.3.1 :path twice": (
        raw_request((":method", "GET"), (":scheme", "https"), (":path", "/"), (":path", "/"),
                    (":authority", "r")), malformed),
    "8.3.1 :authority twice": (
        raw_request((":method", "GET"), (":scheme", "https"), (":path", "/"),
                    (":authority", "r"), (":authority", "r")), malformed),
    "8.3.1 :method empty": (with_fields(method=""), malformed),
    "8.3.1 :method with a space": (with_fields(method="GE T"), malformed),
    "8.3.1 fields in another order": (
        raw_request((":authority", "r"), (":path", "/"), (":scheme", "https"),
                    (":method", "GET")), served),
    "8.5 CONNECT": (raw_request((":method", "CONNECT"), (":authority", "r:443")),
                    lambda p: p.assert_status(1, 400)),
    "8.5 CONNECT with :path": (
        raw_request((":method", "CONNECT"), (":authority", "r:443"), (":path", "/")), malformed),
    "8.5 CONNECT with :scheme": (
        raw_request((":method", "CONNECT"), (":authority", "r:443"), (":scheme", "https")),
        malformed),
    "8.5 CONNECT without :authority": (raw_request((":method", "CONNECT")), malformed),
    "8.5 extended CONNECT, which was not offered": (
        raw_request((":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"),
                    (":path", "/"), (":authority", "r")), malformed),
    "8441 4 :protocol without CONNECT": (
        raw_request((":method", "GET"), (":protocol", "websocket"), (":scheme", "https"),
                    (":path", "/"), (":authority", "r")), malformed),
}

# ---- HPACK --------------------------------------------------------------------------------------

HUFFMAN_A = b"\x1f"      # "a" is 00011, padded with ones
HPACK = {
    "H2.3.2 first entry of the dynamic table": (
        lambda p: p.send(frame(HEADERS, 5, 1, p.block() + literal("x-a", "b", 0x40) +
                               indexed(62))), served),
    "H2.3.3 index beyond the tables": (after_block(indexed(62)),
                                       connection_error(COMPRESSION_ERROR)),
    "H2.3.3 name index beyond the tables": (after_block(integer(62, 6, 0x40) + string("x")),
                                            connection_error(COMPRESSION_ERROR)),
    "H4.1 evicted entry": (
        lambda p: p.send(frame(HEADERS, 5, 1, p.block() + literal("x-a", "b" * 2000, 0x40) +
                               literal("x-c", "d" * 2000, 0x40) + literal("x-e", "f", 0x40) +
                               indexed(64))), connection_error(COMPRESSION_ERROR)),
    "H4.4 entry larger than the table empties it": (
        lambda p: p.send(frame(HEADERS, 5, 1, p.block() + literal("x-a", "b", 0x40) +
                               literal("x-c", "d" * 5000, 0x40) + indexed(62))),
        connection_error(COMPRESSION_ERROR)),
    "H4.2 size update at the start": (before_block(table_size(100)), served),
    "H4.2 two size updates at the start": (before_block(table_size(0) + table_size(4096)), served),
    "H4.2 size update at the end": (after_block(table_size(100)),
                                    connection_error(COMPRESSION_ERROR)),
    "H4.2 size update between fields": (
        lambda p: p.send(frame(HEADERS, 5, 1, p.block() + table_size(100) + literal("a", "b"))),
        connection_error(COMPRESSION_ERROR)),
    "H4.2 entry after its table was emptied": (
        lambda p: p.send(frame(HEADERS, 5, 1, p.block() + literal("x-a", "b", 0x40)),
                         frame(HEADERS, 5, 3, table_size(0) + p.block() + indexed(62))),
        connection_error(COMPRESSION_ERROR)),
    "H5.1 integer that is too long": (after_block(b"\xff" + b"\x80" * 10 + b"\x01"),
                                      connection_error(COMPRESSION_ERROR)),
    "H5.1 integer that is too large": (after_block(b"\xff\xff\xff\xff\xff\x7f"),
                                       connection_error(COMPRESSION_ERROR)),
    "H5.1 integer that does not end": (after_block(b"\xff\x80"),
                                       connection_error(COMPRESSION_ERROR)),
    "H5.2 string longer than the block": (after_block(b"\x00\x01a\x0ab"),
                                          connection_error(COMPRESSION_ERROR)),
    "H5.2 Huffman code": (after_block(b"\x00" + string("x") + string(HUFFMAN_A, True)), served),
    "H5.2 Huffman code, padding longer than 7 bits": (
        after_block(b"\x00" + string("x") + string(HUFFMAN_A + b"\xff", True)),
        connection_error(COMPRESSION_ERROR)),
    "H5.2 Huffman code, padding of zeros": (
        after_block(b"\x00" + string("x") + string(b"\x18", True)),
        connection_error(COMPRESSION_ERROR)),
    "H5.2 Huffman code with EOS": (
        after_block(b"\x00" + string("x") + string(b"\xff\xff\xff\xfc", True)),
        connection_error(COMPRESSION_ERROR)),
    "H5.2 Huffman code cut off": (
        after_block(b"\x00" + string("x") + string(b"\xff\xff", True)),
        connection_error(COMPRESSION_ERROR)),
    "H6.1 index 0": (after_block(indexed(0)), connection_error(COMPRESSION_ERROR)),
    "H6.2.2 literal with a name of the static table": (
        after_block(integer(58, 4) + string("a client")), served),
    "H6.2.3 never indexed": (after_block(literal("x-a", "b", 0x10)), served),
    "H6.3 size update beyond the limit": (before_block(table_size(4097)),
                                          connection_error(COMPRESSION_ERROR)),
    "H4.1 fields of a request that is refused enter the table": (
        lambda p: p.send(frame(HEADERS, 5, 1, p.block(without=[":path"]) +
                               literal("x-a", "b", 0x40)),
                         frame(HEADERS, 5, 3, p.block() + indexed(62))),
        lambda p: (p.assert_stream_error(1, PROTOCOL_ERROR), p.assert_status(3, 404))),
}

CASES = {**FRAMING, **TYPES, **MESSAGES, **HPACK}


# spec-test: protocol/1#http2-rules
@pytest.mark.parametrize("name", list(CASES))
def rule__of_the_rfc__kept(relay, name):
    send, verdict = CASES[name]
    with contextlib.closing(Peer(relay)) as peer:
        send(peer)
        verdict(peer)


# ---- the start of a connection ------------------------------------------------------------------

def preface_3_4__first_frame_of_the_relay__settings_with_its_limits(relay):
    with contextlib.closing(Peer(relay)) as peer:
        peer.until(lambda: peer.frames)
        kind, flags, stream, payload = peer.frames[0]
        assert (kind, flags, stream) == (SETTINGS, 0, 0)
        values = dict(struct.unpack(">HI", payload[i:i + 6]) for i in range(0, len(payload), 6))
        assert values == {MAX_CONCURRENT_STREAMS: 100, MAX_HEADER_LIST_SIZE: 32768,
                          INITIAL_WINDOW_SIZE: 65537}


@pytest.mark.parametrize("first", [
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r", b"INVALID CONNECTION PREFACE\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: r\r\n\r\n", bytes(24), b"\x16\x03\x01" + bytes(40)])
def preface_3_4__invalid__connection_ends(relay, first):
    with contextlib.closing(Peer(relay, has_preface=False)) as peer:
        peer.send(first)
        assert peer.until(lambda: peer.is_closed)
        assert not peer.statuses


@pytest.mark.parametrize("first", [frame(PING, 0, 0, bytes(8)), frame(SETTINGS, ACK),
                                   window(0, 1), frame(HEADERS, 5, 1, b"\x82\x84\x87\x41\x01r")])
def preface_3_4__no_settings_after_it__connection_error(relay, first):
    with contextlib.closing(Peer(relay, has_preface=False)) as peer:
        peer.send(PREFACE, first)
        peer.assert_connection_error(PROTOCOL_ERROR)
        assert not peer.statuses


def preface_3_4__byte_by_byte_with_a_request__served(relay):
    with contextlib.closing(Peer(relay, has_preface=False)) as peer:
        data = PREFACE + settings((ENABLE_PUSH, 0)) + peer.request(1)
        for at in range(len(data)):
            peer.send(data[at:at + 1])
        served(peer)


def settings_6_5_3__each_is_acknowledged(relay):
    with contextlib.closing(Peer(relay)) as peer:
        peer.send(*[settings((MAX_FRAME_SIZE, 20000 + i)) for i in range(10)])
        peer.sync()
        assert peer.count(SETTINGS, ACK) == 11


def settings_6_5_3__acknowledgement_comes_before_what_follows_from_it(relay):
    with contextlib.closing(Peer(relay)) as peer:
        peer.send(settings((INITIAL_WINDOW_SIZE, 3)), peer.request(1))
        peer.until(lambda: peer.count(DATA) > 0)
        kinds = [kind for kind, flags, _, _ in peer.frames
                 if kind == DATA or kind == SETTINGS and flags & ACK]
        assert kinds == [SETTINGS, SETTINGS, DATA]


def ping_6_7__acknowledgement__gets_no_answer(relay):
    with contextlib.closing(Peer(relay)) as peer:
        peer.send(frame(PING, ACK, 0, b"not sent"))
        peer.sync()
        assert peer.count(PING) == 1


def push_8_4__never_promised(relay):
    with contextlib.closing(Peer(relay, first=[(ENABLE_PUSH, 1)])) as peer:
        peer.send(peer.request(1))
        served(peer)
        assert peer.count(PUSH_PROMISE) == 0


# ---- concurrent streams -------------------------------------------------------------------------

def streams_5_1_2__one_more_than_allowed__refused_or_connection_error(relay):
    with contextlib.closing(Peer(relay)) as peer:
        peer.sync()  # the relay's settings are acknowledged
        peer.send(*[peer.post(stream) for stream in range(1, 203, 2)])
        peer.assert_stream_error(201, REFUSED_STREAM, PROTOCOL_ERROR)


def streams_5_1_2__closed_ones__do_not_count(relay):
    with contextlib.closing(Peer(relay)) as peer:
        peer.sync()
        peer.send(*[peer.post(stream) for stream in range(1, 201, 2)])
        peer.send(*[reset(stream) for stream in range(1, 101, 2)])
        peer.send(*[peer.post(stream) for stream in range(201, 301, 2)])
        peer.send(*[frame(DATA, END_STREAM, stream, b"{}") for stream in range(101, 301, 2)])
        for stream in range(101, 301, 2):
            peer.assert_status(stream, 401)


# ---- flow control of what the relay sends -------------------------------------------------------

def flow_6_9_1__window_of_a_byte__one_byte_is_sent(relay):
    with contextlib.closing(Peer(relay, first=[(INITIAL_WINDOW_SIZE, 1)])) as peer:
        peer.send(peer.request(1))
        assert peer.until(lambda: len(peer.bodies.get(1, b"")) == 1)
        peer.sync()
        assert len(peer.bodies[1]) == 1
        peer.send(window(1, 2))
        assert peer.until(lambda: len(peer.bodies[1]) == 3)
        peer.sync(b"again...")
        assert len(peer.bodies[1]) == 3
        peer.send(window(1, 10000))
        peer.assert_status(1, 404)


def flow_6_9_2__smaller_initial_window__windows_become_negative(relay):
    with contextlib.closing(Peer(relay, first=[(INITIAL_WINDOW_SIZE, 3)])) as peer:
        peer.send(peer.request(1))
        assert peer.until(lambda: len(peer.bodies.get(1, b"")) == 3)
        peer.send(settings((INITIAL_WINDOW_SIZE, 1)), window(1, 2))  # the window is 0
        peer.sync()
        assert len(peer.bodies[1]) == 3
        peer.send(window(1, 1))
        assert peer.until(lambda: len(peer.bodies[1]) == 4)


def flow_6_9_2__larger_initial_window__opens_the_windows(relay):
    with contextlib.closing(Peer(relay, first=[(INITIAL_WINDOW_SIZE, 0)])) as peer:
        peer.send(peer.request(1), peer.request(3))
        peer.sync()
        assert not peer.bodies
        peer.send(settings((INITIAL_WINDOW_SIZE, 10)))
        assert peer.until(lambda: sorted(len(body) for body in peer.bodies.values()) == [10, 10])
        peer.send(settings((INITIAL_WINDOW_SIZE, WINDOW)))
        peer.assert_status(1, 404)
        peer.assert_status(3, 404)


def flow_6_9_1__window_of_the_connection__shared_by_all_streams(relay):
    with contextlib.closing(open_api(relay)) as api:
        box = api.bound_box(payload={"type": "t", "data": "x" * 40000})
    with contextlib.closing(Peer(relay)) as peer:
        for stream in (1, 3):
            peer.send(peer.request(stream, "POST", box.path, [(CLAIM.lower(), box.recipient)]))

        def received():
            return sum(len(body) for body in peer.bodies.values())
        assert peer.until(lambda: received() == WINDOW)
        peer.sync()
        assert received() == WINDOW
        peer.send(window(0, 30000))
        peer.assert_status(1, 200)
        peer.assert_status(3, 200)


def flow_6_9__no_window_of_the_connection__headers_still_come(relay):
    with contextlib.closing(open_api(relay)) as api:
        box = api.bound_box(payload={"type": "t", "data": "x" * 60000})
    with contextlib.closing(Peer(relay)) as peer:
        for stream in (1, 3):
            peer.send(peer.request(stream, "POST", box.path, [(CLAIM.lower(), box.recipient)]))
        peer.send(peer.request(5, "HEAD"))
        peer.assert_status(5, 404)


def frame_size_4_2__of_the_relay__at_most_what_the_client_allows(relay):
    with contextlib.closing(open_api(relay)) as api:
        box = api.bound_box(payload={"type": "t", "data": "x" * 60000})
    with contextlib.closing(Peer(relay)) as peer:
        peer.send(peer.request(1, "POST", box.path, [(CLAIM.lower(), box.recipient)]))
        peer.assert_status(1, 200)
        assert max(len(payload) for _, _, _, payload in peer.frames) <= LARGEST


# ---- flow control of what the client sends ------------------------------------------------------

def flow_6_9_1__bodies_beyond_the_first_window__the_relay_opens_it(relay):
    with contextlib.closing(Peer(relay)) as peer:
        peer.sync()
        for stream in range(1, 41, 2):
            peer.send(peer.post(stream))
            for _ in range(3):
                peer.send(frame(DATA, 0, stream, bytes(LARGEST)))
            peer.sync(b"%08d" % stream)
        opened = sum(struct.unpack(">I", payload)[0] for kind, _, stream, payload in peer.frames
                     if kind == WINDOW_UPDATE and stream == 0)
        assert opened >= 20 * 3 * LARGEST - WINDOW
        peer.send(*[frame(DATA, END_STREAM, stream) for stream in range(1, 41, 2)])
        for stream in range(1, 41, 2):
            peer.assert_status(stream, 401)


def flow_6_9_1__padding_and_ignored_data__the_relay_opens_the_window_for_them(relay):
    with contextlib.closing(Peer(relay)) as peer:
        reset_by_relay()(peer)
        before = peer.count(WINDOW_UPDATE)
        for turn in range(40):
            peer.send(frame(DATA, 0, 1, bytes(LARGEST)))
            peer.sync(b"%08d" % turn)
        opened = sum(struct.unpack(">I", payload)[0] for kind, _, stream, payload in peer.frames
                     if kind == WINDOW_UPDATE and stream == 0)
        assert opened >= 40 * LARGEST - WINDOW
        assert peer.count(WINDOW_UPDATE) > before
        peer.assert_goes_on()


# ---- the end of a connection --------------------------------------------------------------------

def error_5_4_1__goaway__names_the_last_stream_that_was_processed(relay):
    with contextlib.closing(Peer(relay)) as peer:
        peer.send(peer.request(1), peer.request(7))
        peer.assert_status(7, 404)
        peer.send(frame(PING, 0, 1, bytes(8)))
        peer.assert_connection_error(PROTOCOL_ERROR)
        assert peer.goaway[0] == 7


def error_5_4_2__reset__is_not_answered_with_a_reset(relay):
    with contextlib.closing(Peer(relay)) as peer:
        peer.send(peer.post(1), reset(1), peer.post(3), reset(3), reset(3))
        peer.sync()
        assert not peer.resets and peer.goaway is None


def goaway_6_8__of_the_client__open_streams_are_answered(relay):
    for code in (NO_ERROR, CANCEL, 0xdeadbeef):  # 7: unknown codes have no effect of their own
        with contextlib.closing(Peer(relay)) as peer:
            peer.send(peer.post(1), frame(GOAWAY, 0, 0, u32(0, code) + b"why"),
                      frame(DATA, END_STREAM, 1, b"{}"))
            peer.assert_status(1, 401)
            assert peer.until(lambda: peer.is_closed)


def continue_8_1__interim_answer_before_the_body(relay):
    with contextlib.closing(Peer(relay)) as peer:
        peer.send(peer.post(1, [("expect", "100-continue"), ("content-length", "2")]))
        assert peer.until(lambda: peer.statuses.get(1) == [100])
        peer.send(frame(DATA, END_STREAM, 1, b"{}"))
        peer.assert_status(1, 100, 401)
        peer.assert_goes_on()


def continue_8_1__other_expectation__417_and_the_stream_is_not_reset(relay):
    with contextlib.closing(Peer(relay)) as peer:
        peer.send(peer.post(1, [("expect", "the-unexpected")]))
        peer.assert_status(1, 417)
        peer.send(frame(DATA, END_STREAM, 1, b"{}"))
        peer.assert_goes_on()


def early_answer_8_1__before_the_end_of_the_request__stream_is_not_reset_with_an_error(relay):
    with contextlib.closing(Peer(relay)) as peer:
        peer.send(peer.post(1, [("content-length", "70000")]))
        peer.assert_status(1, 401)
        for _ in range(7):
            peer.send(frame(DATA, 0, 1, bytes(10000)))
        peer.sync()
        assert peer.resets.get(1, NO_ERROR) == NO_ERROR and peer.goaway is None


# ---- HPACK of the relay's answers ---------------------------------------------------------------

def hpack_4_2__table_of_the_client_is_empty__the_relay_uses_no_entry(relay):
    with contextlib.closing(Peer(relay, first=[(HEADER_TABLE_SIZE, 0)])) as peer:
        peer.decoder.max_allowed_table_size = 0
        for stream in (1, 3, 5):
            peer.send(peer.request(stream))
            peer.assert_status(stream, 404)
        blocks = [payload for kind, _, _, payload in peer.frames if kind == HEADERS]
        assert blocks[0][:1] == table_size(0)
        assert blocks[1] == blocks[2]


def hpack_4_2__smaller_table_later__announced_at_the_start_of_the_next_block(relay):
    with contextlib.closing(Peer(relay)) as peer:
        peer.send(peer.request(1))
        peer.assert_status(1, 404)
        peer.send(settings((HEADER_TABLE_SIZE, 100)))
        peer.sync()
        peer.decoder.max_allowed_table_size = 100
        peer.send(peer.request(3))
        peer.assert_status(3, 404)
        block = [payload for kind, _, _, payload in peer.frames if kind == HEADERS][1]
        assert block[0] & 0xe0 == 0x20
