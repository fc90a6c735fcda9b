# SPDX-License-Identifier: Apache-2.0
"""Many bodies at once on one HTTP/2 connection, as from a proxy that serves many clients: every one completes, and one
that does not move stops no other."""
import contextlib
import random

import pytest

from conftest import make_relay, open_api
from tigress_client import create_message, encode, new_id
from tigress_transport import Response

BODY_MAX = 65536  # bytes, the relay's default
ORDERS = {
    "in turn": lambda turn, count: turn % count,
    "from the last": lambda turn, count: count - 1 - turn % count,
    "at random": lambda turn, count: random.Random(turn).randrange(count),
}


def body_of(size):
    """A create of exactly this size."""
    empty = len(encode(create_message(payload={"type": "t", "data": ""})))
    return encode(create_message(payload={"type": "t", "data": "x" * (size - empty)}))


class Uploads:
    """Creates on one connection. A piece of each body is sent when the test says so."""

    def __init__(self, api, count, size):
        self.transport = api.transport
        self.h2 = api.transport.h2
        body = body_of(size)
        self.left = {self.start(api, body): body for _ in range(count)}
        self.streams = list(self.left)
        self.transport.flush()

    def start(self, api, body):
        stream = self.h2.get_next_available_stream_id()
        fields = [(":method", "POST"), (":scheme", "https"),
                  (":authority", self.transport.authority), (":path", "/v1/m")]
        fields += [(name.lower(), value) for name, value in
                   api.headers(new_id(), new_id(), [("content-length", str(len(body)))], body)]
        self.transport.pending[stream] = Response(0, [], b"", "HTTP/2")
        self.h2.send_headers(stream, fields)
        return stream

    def send(self, stream, most):
        """Sends up to most bytes of a body, as far as the windows allow, and returns how many."""
        part = self.left[stream][:min(most, self.h2.local_flow_control_window(stream), 16384)]
        if part and stream in self.transport.pending:
            self.left[stream] = self.left[stream][len(part):]
            self.h2.send_data(stream, part, end_stream=not self.left[stream])
            self.transport.flush()
        return len(part)

    def send_all(self, order, piece, streams=None):
        """Waits for the relay's window only when nothing else can be sent."""
        streams, turn, idle = streams or self.streams, 0, 0
        while any(self.left[stream] for stream in streams):
            stream = streams[order(turn, len(streams))]
            idle = 0 if self.send(stream, piece) else idle + 1
            turn += 1
            if idle > 20 * len(streams):
                self.transport.receive(10)
                idle = 0

    def statuses(self, streams=None):
        return [self.transport.finish(stream).status for stream in streams or self.streams]


# spec-test: protocol/1#bodies-never-wait
@pytest.mark.parametrize("order", list(ORDERS))
@pytest.mark.parametrize("count, size, piece", [(12, 60000, 16384), (20, 20000, 1000),
                                                (100, BODY_MAX, 16384), (100, BODY_MAX, 4000)])
def bodies__many_at_once__all_created(relay, count, size, piece, order):
    with contextlib.closing(open_api(relay, "h2")) as api:
        uploads = Uploads(api, count, size)
        uploads.send_all(ORDERS[order], piece)
        assert uploads.statuses() == [200] * count


# spec-test: protocol/1#bodies-never-wait
def bodies__ten_lack_their_last_byte__ninety_others_created(relay):
    with contextlib.closing(open_api(relay, "h2")) as api:
        uploads = Uploads(api, 100, BODY_MAX)
        slow, others = uploads.streams[:10], uploads.streams[10:]
        for stream in slow:
            while len(uploads.left[stream]) > 1:
                if not uploads.send(stream, len(uploads.left[stream]) - 1):
                    uploads.transport.receive(10)
        uploads.send_all(ORDERS["in turn"], 16384, others)
        assert uploads.statuses(others) == [200] * 90
        assert not any(stream in uploads.transport.done for stream in slow)
        uploads.send_all(ORDERS["in turn"], 1, slow)
        assert uploads.statuses(slow) == [200] * 10


def bodies__many_connections_of_many_streams__all_created(tmp_path):
    with make_relay(tmp_path / "many", args=["--workers", "1"]) as relay, \
            contextlib.ExitStack() as stack:
        opened = [Uploads(stack.enter_context(contextlib.closing(open_api(relay, "h2"))), 20,
                          BODY_MAX) for _ in range(5)]
        for uploads in opened:
            for stream in uploads.streams:
                while len(uploads.left[stream]) > 1:
                    if not uploads.send(stream, len(uploads.left[stream]) - 1):
                        uploads.transport.receive(10)
        for uploads in opened:
            uploads.send_all(ORDERS["in turn"], 1)
            assert uploads.statuses() == [200] * 20
