# SPDX-License-Identifier: Apache-2.0
"""Strangers who make a relay hold memory: each opens connections, sends what has to be kept, and keeps still.

Every attack is a function of an Attacker, who has an address of its own, and a number of connections. It returns when
everything is sent, or as much as the relay takes. All of it stays on loopback."""
import contextlib
import socket
import ssl
import struct
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, SETTINGS, WINDOW_UPDATE, DATA, CONTINUATION = 1, 4, 8, 0, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1
POST = b"\x83\x87\x84\x01\x01r"  # :method POST, :scheme https, :path /, :authority r
STREAMS = 100
SEND_TIMEOUT_S = 2


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def hpack_length(value, prefix_bits):
    """HPACK's integer with an empty prefix before it."""
    top = (1 << prefix_bits) - 1
    if value < top:
        return bytes([value])
    out, value = [top], value - top
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + [value])


def hpack_literal(name, value, first=0x00):
    return bytes([first]) + hpack_length(len(name), 7) + name + hpack_length(len(value), 7) + value


def hpack_post(path, fields):
    return (b"\x83\x87" + b"\x04" + hpack_length(len(path), 7) + path + b"\x01\x01r"
            + b"".join(hpack_literal(name, value) for name, value in fields))


class Attacker:
    """Its connections, which stay open until close()."""

    def __init__(self, relay, address="127.66.0.1"):
        self.relay = relay
        self.address = address
        self.socks = []
        self.sent = 0
        self.refused = 0
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE

    def tcp(self):
        sock = socket.create_connection((self.relay.host, self.relay.port), SEND_TIMEOUT_S,
                                        (self.address, 0))
        self.socks.append(sock)
        return sock

    def connect(self, protocol):
        """A connection after its handshake, or None: the relay refused it."""
        try:
            sock = self.tcp()
            if self.relay.is_plain:
                return sock
            self.context.set_alpn_protocols([protocol])
            secure = self.context.wrap_socket(sock, server_hostname="localhost")
            self.socks[-1] = secure
            return secure
        except OSError:
            self.refused += 1
            return None

    def send(self, sock, data):
        """As much as the relay takes. False: not all of it."""
        if sock is None:
            return False
        try:
            sock.sendall(data)
            self.sent += len(data)
            return True
        except OSError:
            self.refused += 1
            return False

    def http2(self, settings=b""):
        sock = self.connect("h2")
        self.send(sock, PREFACE + frame(SETTINGS, 0, 0, settings))
        return sock

    def close(self):
        for sock in self.socks:
            with contextlib.suppress(OSError):
                sock.close()
        self.socks = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def proxy_header(client):
    """What a trusted proxy sends first for an IPv4 client: version 2 of the PROXY protocol."""
    ends = socket.inet_aton(client) * 2 + b"\x01\x00\x01\xbb"
    return b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack(">H", len(ends)) + ends


def drain(sock):
    """Reads what the relay has sent, so that it is not the reader who stops it."""
    with contextlib.suppress(OSError):
        sock.setblocking(False)
        while sock.recv(65536):
            pass
    with contextlib.suppress(OSError):
        sock.settimeout(SEND_TIMEOUT_S)


# ---- before the first byte --------------------------------------------------------------------------------------

def silent(attacker, connections):
    """Connections that send nothing. Each has the promise of memory for a handshake."""
    for _ in range(connections):
        with contextlib.suppress(OSError):
            attacker.tcp()


# ---- unfinished heads -------------------------------------------------------------------------------------------

def hpack_references(attacker, connections):
    """One field of 4 kB in the table of HPACK, then references of one byte in a hundred streams that stay open."""
    entry = hpack_literal(b"x", b"v" * 4000, 0x40)
    many = b"".join(frame(HEADERS, END_HEADERS, 2 * i + 3, POST + b"\xbe" * 7)
                    for i in range(STREAMS - 1))
    for _ in range(connections):
        sock = attacker.http2()
        attacker.send(sock, frame(HEADERS, END_HEADERS, 1, POST + entry) + many)


def http1_half_heads(attacker, connections):
    """31 KiB of a head that does not end."""
    head = b"POST /v1/m HTTP/1.1\r\nHost: r\r\n" + b"".join(
        b"X-%d: %s\r\n" % (i, b"v" * 1000) for i in range(31))
    for _ in range(connections):
        attacker.send(attacker.connect("http/1.1"), head)


# ---- unfinished bodies ------------------------------------------------------------------------------------------

def http2_half_bodies(attacker, connections, size=60000):
    """A hundred bodies on each connection that lack their end. The windows of the relay set the pace."""
    for _ in range(connections):
        sock = attacker.http2()
        for i in range(STREAMS):
            if not attacker.send(sock, frame(HEADERS, END_HEADERS, 2 * i + 1, POST)):
                break
            pieces = [frame(DATA, 0, 2 * i + 1, b"b" * min(16000, size - at))
                      for at in range(0, size, 16000)]
            if not attacker.send(sock, b"".join(pieces)):
                break
            drain(sock)


def http1_half_bodies(attacker, connections, size=60000):
    head = b"POST /v1/m HTTP/1.1\r\nHost: r\r\nContent-Length: 65000\r\n\r\n"
    for _ in range(connections):
        attacker.send(attacker.connect("http/1.1"), head + b"b" * size)


# ---- unsent answers ---------------------------------------------------------------------------------------------

def http2_unread_answers(attacker, connections, mailbox):
    """Reads of a mailbox with a large message; the window for answers stays closed."""
    path, claim = mailbox
    block = hpack_post(path.encode(), [(b"mailbox-device-claim", claim.encode())])
    closed = struct.pack(">HI", 4, 0)
    for _ in range(connections):
        sock = attacker.http2(closed)
        attacker.send(sock, b"".join(frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, block)
                                     for i in range(STREAMS)))


def http1_unread_answers(attacker, connections, mailbox):
    path, claim = mailbox
    request = (f"POST {path} HTTP/1.1\r\nHost: r\r\nMailbox-Device-Claim: {claim}\r\n"
               "Content-Length: 0\r\n\r\n").encode()
    for _ in range(connections):
        sock = attacker.connect("http/1.1")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        attacker.send(sock, request * 30)


# ---- handshakes -------------------------------------------------------------------------------------------------

def client_hello(context):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        session.do_handshake()
    return outgoing.read()


def half_handshakes(attacker, connections):
    """A ClientHello, and nothing after the relay's answer to it."""
    for _ in range(connections):
        try:
            attacker.send(attacker.tcp(), client_hello(attacker.context))
        except OSError:
            attacker.refused += 1


def idle_http1(attacker, connections):
    for _ in range(connections):
        attacker.connect("http/1.1")


def idle_connections(attacker, connections):
    for _ in range(connections):
        attacker.connect("h2")


# ---- what the store is given ------------------------------------------------------------------------------------

def create_flood(attacker, connections, body, new_id, rounds=1):
    """Creates with large bodies, as many at once as a connection allows."""
    def fields():
        return [(b"mailbox-request-id", new_id().encode()),
                (b"mailbox-device-claim", new_id().encode()),
                (b"content-type", b"application/json")]
    socks = [attacker.http2() for _ in range(connections)]
    for turn in range(rounds):
        for sock in socks:
            for i in range(STREAMS // 2):
                stream = 2 * (turn * STREAMS // 2 + i) + 1
                data = b"".join(frame(DATA, 0, stream, body[at:at + 16000])
                                for at in range(0, len(body), 16000))
                if not attacker.send(sock, frame(HEADERS, END_HEADERS, stream,
                                                 hpack_post(b"/v1/m", fields()))
                                     + data + frame(DATA, END_STREAM, stream)):
                    break
                drain(sock)


# ---- what is measured -------------------------------------------------------------------------------------------

def rss_anon_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("RssAnon:"):
                return int(line.split()[1])
    raise OSError("no RssAnon")


def settle(pid, seconds=1.0):
    """The highest RssAnon within some time."""
    highest, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        highest = max(highest, rss_anon_kib(pid))
        time.sleep(0.02)
    return highest
