# SPDX-License-Identifier: Apache-2.0
"""A relay that keeps every byte from a client, and tries to make the client recognisable: it sets cookies, redirects to
another service, and offers TLS sessions for resumption. For tests of what a client reveals."""
import json
import socket
import socketserver
import ssl
import threading
import uuid

import h2.config
import h2.connection
import h2.events

SESSION_TICKET, ALPN, PRE_SHARED_KEY, EARLY_DATA, COOKIE = 35, 16, 41, 42, 44
TEMPTING = [("set-cookie", "device=recognised; Max-Age=99999; Path=/"), ("etag", '"recognised"'),
            ("alt-svc", 'h3=":9", h2="127.0.0.1:9"'), ("accept-ch", "Sec-CH-UA"),
            ("strict-transport-security", "max-age=99999"),
            ("nel", '{"report_to":"x","max_age":99999}')]


class ClientHello:
    """The parsed first flight of a TLS client (RFC 8446 section 4.1.2)."""

    def __init__(self, raw):
        assert raw[0] == 22, "no handshake record"
        body, at = b"", 0
        while at + 5 <= len(raw) and raw[at] == 22:
            length = int.from_bytes(raw[at + 3:at + 5], "big")
            body += raw[at + 5:at + 5 + length]
            at += 5 + length
            if len(body) >= 4 and len(body) >= 4 + int.from_bytes(body[1:4], "big"):
                break
        assert body[0] == 1, "no ClientHello"
        self.body = body[4:4 + int.from_bytes(body[1:4], "big")]
        self.at = 0
        self.version = self.take(2)
        self.random = self.take(32)
        self.session_id = self.take_vector(1)
        self.ciphers = self.take_vector(2)
        self.compression = self.take_vector(1)
        self.extensions = []
        end = self.at + 2 + int.from_bytes(self.body[self.at:self.at + 2], "big")
        self.at += 2
        while self.at < end:
            kind = int.from_bytes(self.take(2), "big")
            self.extensions.append((kind, self.take_vector(2)))
        assert self.at == len(self.body)

    def take(self, count):
        self.at += count
        assert self.at <= len(self.body)
        return self.body[self.at - count:self.at]

    def take_vector(self, length_bytes):
        return self.take(int.from_bytes(self.take(length_bytes), "big"))

    def extension(self, kind):
        found = [data for name, data in self.extensions if name == kind]
        return found[0] if found else None

    def fixed(self):
        """All that is not random by its nature: what a device could be known by."""
        loose = {51}  # key_share
        return (self.version, len(self.session_id), self.ciphers, self.compression,
                [(kind, len(data) if kind in loose else data) for kind, data in self.extensions])


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body

    @property
    def names(self):
        return [name for name, _ in self.headers]

    def header(self, name):
        return dict(self.headers).get(name)


class Connection:
    """What was received on one TCP connection."""

    def __init__(self):
        self.raw = b""
        self.plain = b""
        self.requests = []
        self.alpn = None
        self.is_resumed = False

    @property
    def hello(self):
        return ClientHello(self.raw)


class Mailboxes:
    """The part of a relay that the tests need."""

    def __init__(self):
        self.boxes = {}
        self.lock = threading.Lock()

    def answer(self, origin, request):
        with self.lock:
            return self.answer_locked(origin, request)

    def answer_locked(self, origin, request):
        if request.path == "/v1/m":
            box = str(uuid.uuid4())
            self.boxes[box] = [json.loads(request.body), 1]
            return 200, 1, {"urlLink": f"{origin}/v1/m/{box}", "isPushNotificationSupported": False}
        box = request.path.rpartition("/")[2]
        if box not in self.boxes:
            return 404, 0, {"type": "about:blank", "status": 404}
        message, version = self.boxes[box]
        shown = {"displayInformation": message["displayInformation"],
                 "expiration": "2099-01-01T00:00:00Z"}
        if request.method == "GET":
            return 200, 0, shown
        if request.method == "DELETE":
            del self.boxes[box]
            return 200, 0, {}
        if request.method == "PUT":
            message["payload"] = json.loads(request.body)["payload"]
            self.boxes[box][1] = version + 1
            return 200, version + 1, {"isPushNotificationSupported": False}
        if int(request.header("mailbox-known-version") or 0) >= version:
            return 204, version, None
        return 200, version, {**shown, "payload": message["payload"]}


class RecordingRelay(socketserver.ThreadingTCPServer):
    """folder/NAME.pem and NAME.key: its certificate. `fixed`: (status, headers) instead of any answer."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, certificate, key, alpn=("h2", "http/1.1"), maximum=None, fixed=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.context.set_alpn_protocols(list(alpn))
        if maximum:
            self.context.maximum_version = maximum
        self.fixed = fixed
        self.port = self.server_address[1]
        self.origin = f"https://localhost:{self.port}"
        self.connections = []
        self.mailboxes = Mailboxes()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a client that goes away is none

    def answer(self, request):
        """(status, headers, body)"""
        if self.fixed:
            return self.fixed[0], list(self.fixed[1]) + TEMPTING, b""
        status, version, document = self.mailboxes.answer(self.origin, request)
        body = b"" if document is None else json.dumps(document).encode()
        headers = [("content-type", "application/json")] + TEMPTING
        if status != 204:
            headers.append(("content-length", str(len(body))))
        return status, headers + ([("mailbox-version", str(version))] if version else []), body

    def close(self):
        self.shutdown()
        self.server_close()

    @property
    def requests(self):
        return [request for connection in self.connections for request in connection.requests]


class Handler(socketserver.BaseRequestHandler):
    def setup(self):
        self.request.settimeout(10)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.seen = Connection()
        self.server.connections.append(self.seen)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = self.server.context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def pump(self, call, *arguments):
        """Moves bytes until the TLS call is complete."""
        while True:
            try:
                result = call(*arguments)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.request.recv(65536)
                self.seen.raw += data
                if not data:
                    raise ConnectionResetError from None
                self.incoming.write(data)

    def flush(self):
        if self.outgoing.pending:
            self.request.sendall(self.outgoing.read())

    def read(self):
        data = self.pump(self.tls.read, 65536)
        self.seen.plain += data
        return data

    def write(self, data):
        if data:
            self.pump(self.tls.write, data)

    def handle(self):
        self.pump(self.tls.do_handshake)
        self.seen.alpn = self.tls.selected_alpn_protocol()
        self.seen.is_resumed = self.tls.session_reused
        if self.seen.alpn == "h2":
            self.serve_h2()
        else:
            self.serve_h1()

    def keep(self, method, path, headers, body):
        request = Request(method, path, headers, body)
        self.seen.requests.append(request)
        return self.server.answer(request)

    def serve_h1(self):
        pending = b""
        while data := self.read():
            pending += data
            while b"\r\n\r\n" in pending:
                head, _, rest = pending.partition(b"\r\n\r\n")
                first, *lines = head.decode().split("\r\n")
                pairs = [line.split(": ", 1) for line in lines]
                headers = [(name.lower(), value) for name, value in pairs]
                length = int(dict(headers).get("content-length", 0))
                if len(rest) < length:
                    break
                pending = rest[length:]
                method, path, _ = first.split(" ")
                status, fields, body = self.keep(method, path, headers, rest[:length])
                text = "".join(f"{name}: {value}\r\n" for name, value in fields)
                self.write(f"HTTP/1.1 {status} X\r\n{text}\r\n".encode() + body)

    def serve_h2(self):
        conn = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        conn.initiate_connection()
        self.write(conn.data_to_send())
        open_streams = {}
        while data := self.read():
            for event in conn.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    open_streams[event.stream_id] = [event.headers, b""]
                elif isinstance(event, h2.events.DataReceived):
                    open_streams[event.stream_id][1] += event.data
                    conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    headers, body = open_streams.pop(event.stream_id)
                    pseudo = dict(headers)
                    status, fields, answer = self.keep(pseudo[":method"], pseudo[":path"], headers, body)
                    conn.send_headers(event.stream_id, [(":status", str(status))] + fields,
                                      end_stream=not answer)
                    if answer:
                        conn.send_data(event.stream_id, answer, end_stream=True)
            self.write(conn.data_to_send())


def settings_of(plain):
    """The HTTP/2 frames of a client before its first request: preface, settings, windows."""
    assert plain.startswith(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    at, out = 24, []
    while at + 9 <= len(plain):
        length, kind = int.from_bytes(plain[at:at + 3], "big"), plain[at + 3]
        if kind == 1:
            return out
        out.append((kind, plain[at + 4], plain[at + 5:at + 9 + length]))
        at += 9 + length
    return out


def resume(server, certificate):
    """A client that resumes a session, which proves that the server issues usable ones."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certificate)
    session, reused = None, []
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", server.port)) as raw, \
                context.wrap_socket(raw, server_hostname="localhost", session=session) as tls:
            tls.sendall(b"GET /v1/m/x HTTP/1.1\r\nHost: x\r\n\r\n")
            tls.recv(65536)
            session, reused = tls.session, reused + [tls.session_reused]
    return reused[1]


class ConnectProxy(socketserver.ThreadingTCPServer):
    """An HTTP proxy that keeps what it receives before the tunnel."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), ProxyHandler)
        self.heads = []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class ProxyHandler(socketserver.BaseRequestHandler):
    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.request.recv(4096)
        self.server.heads.append(head)
        port = int(head.split(b" ")[1].rpartition(b":")[2])
        with socket.create_connection(("127.0.0.1", port)) as out:
            self.request.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = threading.Thread(target=copy, args=(out, self.request), daemon=True)
            back.start()
            copy(self.request, out)
            back.join(10)


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
