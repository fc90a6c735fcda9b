# SPDX-License-Identifier: Apache-2.0
"""An HTTP proxy on loopback that only tunnels (CONNECT, RFC 9110 section 9.3.6). It keeps what it was asked for and all
bytes that pass, resolves names as the test says, and refuses as the test says."""
import base64
import contextlib
import select
import socket
import socketserver
import threading

from push_stand_in import WAIT_S

HEAD_MAX = 16384


class Proxy(socketserver.ThreadingTCPServer):
    """credentials: USER:PASSWORD that a client must send. Names are resolved to loopback."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, credentials=None):
        super().__init__(("127.0.0.1", 0), Tunnel)
        self.credentials = credentials
        self.port = self.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.changed = threading.Condition()
        self.heads = []          # of each request, as text
        self.targets = []        # HOST:PORT of each CONNECT that was served
        self.seen = bytearray()  # what clients sent through tunnels
        self.answer = None       # status of every answer instead of a tunnel; "hang": none
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a client that goes away is none

    def wait_heads(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.heads) >= count, WAIT_S), self.heads

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Tunnel(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(WAIT_S)
        with contextlib.suppress(OSError):
            head = self.read_head()
            status = self.server.answer or self.judge(head)
            with self.server.changed:
                self.server.heads.append(head)
                self.server.changed.notify_all()
            if status == "hang":
                self.request.recv(1)
            elif status == 200:
                self.serve(head.split(" ")[1])
            else:
                self.request.sendall(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n".encode())

    def read_head(self):
        head = b""
        while b"\r\n\r\n" not in head and len(head) < HEAD_MAX:
            more = self.request.recv(1)
            if not more:
                raise OSError("no request")
            head += more
        return head.decode()

    def judge(self, head):
        if not head.startswith("CONNECT "):
            return 405
        if self.server.credentials is None:
            return 200
        expected = base64.b64encode(self.server.credentials.encode()).decode()
        return 200 if f"\r\nproxy-authorization: basic {expected}\r\n".lower() in head.lower() else 407

    def serve(self, target):
        with socket.create_connection(("127.0.0.1", int(target.rpartition(":")[2])), WAIT_S) as there:
            with self.server.changed:
                self.server.targets.append(target)
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ends = {self.request: there, there: self.request}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    if end is self.request:
                        self.server.seen += data
                    ends[end].sendall(data)
