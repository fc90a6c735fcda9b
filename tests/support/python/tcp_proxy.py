# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy on loopback that cuts and delays connections: tc's netem is not everywhere."""
import collections
import contextlib
import random
import selectors
import socket
import threading
import time

CHUNK = 65536
HELD_MAX = 1 << 20  # bytes of one direction; then the proxy reads no more of it


class Pair:
    """A client, the server, and for each direction the parts on their way: (when they arrive, bytes)."""

    def __init__(self, client, server):
        self.sides = (client, server)
        self.ways = (collections.deque(), collections.deque())  # from the client, from the server
        self.held = [0, 0]
        self.events = [selectors.EVENT_READ, selectors.EVENT_READ]
        self.is_cut_at_answer = False


class Proxy(threading.Thread):
    """
    delay_s     each way
    is_refusing new connections are closed at once
    """

    def __init__(self, target_port, delay_s=0, port=0):
        super().__init__(daemon=True)
        self.target_port = target_port
        self.delay_s = delay_s
        self.is_refusing = False
        self.cuts_wanted = 0
        self.cuts_made = 0
        self.pairs = set()
        self.lock = threading.Lock()  # of pairs and what they hold
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.is_stopped = False
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.start()

    def cut(self):
        """Ends all connections."""
        with self.lock:
            for pair in list(self.pairs):
                self.close(pair)

    def cut_in_commit(self, count=1):
        """The next requests reach the server, and their answers do not come back."""
        self.cuts_wanted += count

    def stop(self):
        self.is_stopped = True
        self.cut()

    # ---- the thread ----

    def run(self):
        while not self.is_stopped:
            for key, events in self.selector.select(self.pause_s()):
                with self.lock:
                    if key.fileobj is self.listener:
                        self.accept()
                    elif key.data[0] in self.pairs and events & selectors.EVENT_READ:
                        self.read(*key.data)
            with self.lock:
                for pair in list(self.pairs):
                    self.deliver(pair)
        self.listener.close()

    def pause_s(self):
        """Until something that is held is due; what is due already waits for its socket."""
        now = time.monotonic()
        with self.lock:
            due = min((way[0][0] for pair in self.pairs for way in pair.ways if way and way[0][0] > now), default=None)
        return 0.05 if due is None else min(0.05, max(0.0, due - now))

    def accept(self):
        client, _ = self.listener.accept()
        server = None
        with contextlib.suppress(OSError):
            if not self.is_refusing:
                server = socket.create_connection(("127.0.0.1", self.target_port), timeout=2)
        if server is None:
            client.close()
            return
        pair = Pair(client, server)
        for number, sock in enumerate(pair.sides):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setblocking(False)
            self.selector.register(sock, selectors.EVENT_READ, (pair, number))
        self.pairs.add(pair)

    def close(self, pair):
        self.pairs.discard(pair)
        for sock in pair.sides:
            with contextlib.suppress(KeyError, ValueError):
                self.selector.unregister(sock)
            sock.close()

    def read(self, pair, number):
        try:
            data = pair.sides[number].recv(CHUNK)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            return self.close(pair)
        if number == 1 and pair.is_cut_at_answer:
            self.cuts_made += 1
            return self.close(pair)
        if number == 0 and self.cuts_wanted > 0:
            self.cuts_wanted -= 1
            # Half of them at once, while the server works; half of them when it answers.
            if random.random() < 0.5:
                with contextlib.suppress(OSError):
                    pair.sides[1].sendall(data)
                self.cuts_made += 1
                return self.close(pair)
            pair.is_cut_at_answer = True
        pair.ways[number].append((time.monotonic() + self.delay_s, data))
        pair.held[number] += len(data)
        return None

    def deliver(self, pair):
        now = time.monotonic()
        wanted = [0, 0]
        for number, way in enumerate(pair.ways):
            while way and way[0][0] <= now:
                due, data = way.popleft()
                try:
                    sent = pair.sides[1 - number].send(data)
                except BlockingIOError:
                    sent = 0
                except OSError:
                    return self.close(pair)
                pair.held[number] -= sent
                if sent < len(data):
                    way.appendleft((due, data[sent:]))
                    wanted[1 - number] |= selectors.EVENT_WRITE
                    break
            if pair.held[number] < HELD_MAX:
                wanted[number] |= selectors.EVENT_READ
        for number, events in enumerate(wanted):
            self.watch(pair, number, events)
        return None

    def watch(self, pair, number, events):
        if events == pair.events[number]:
            return
        sock = pair.sides[number]
        if pair.events[number] == 0:
            self.selector.register(sock, events, (pair, number))
        elif events == 0:
            self.selector.unregister(sock)
        else:
            self.selector.modify(sock, events, (pair, number))
        pair.events[number] = events
