#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One address against the defaults of a relay: idle TLS connections until none is left, while clients of other
networks connect; then devices behind one address that each make a mailbox and keep a long poll. Prints what was
measured; exit code 0: everybody was served."""
import argparse
import contextlib
import os
import pathlib
import re
import socket
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support" / "python"))
sys.dont_write_bytecode = True

import memory_attacks as frames  # noqa: E402
import tigress_transport  # noqa: E402
from relay_process import Relay, metrics, until_long_polls  # noqa: E402
from tigress_client import create_message, encode, new_id  # noqa: E402

FRAME_LEN = 16000
WAIT_S = 1800


def dial(relay, source, context):
    sock = socket.socket()
    sock.settimeout(20)
    sock.bind((source, 0))
    sock.connect((relay.host, relay.port))
    return context.wrap_socket(sock, server_hostname=relay.host)


def ask(sock, text):
    sock.sendall(text.encode())
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(65536)
        if not part:
            return data
        data += part
    return data


def idle(relay, context, count):
    """Idle connections from one address, then 24 clients of other networks."""
    held, from_s = [], time.monotonic()
    with contextlib.suppress(OSError):
        for _ in range(count):
            held.append(dial(relay, "127.0.0.1", context))
    took_s, served = time.monotonic() - from_s, 0
    for i in range(24):
        with contextlib.suppress(OSError):
            with dial(relay, f"127.{i + 1}.7.1", context) as sock:
                served += ask(sock, "GET / HTTP/1.1\r\nHost: r\r\n\r\n")[9:12] == b"404"
    now = metrics(relay)
    print(f"idle: {len(held)} connections of one address in {took_s:.0f} s; "
          f"{int(now['tigress_connections'])} held by the relay; {served} of 24 others served")
    for sock in held:
        sock.close()
    return served == 24


class Http1:
    """Requests of one device on one connection."""
    alpn = "http/1.1"

    def __init__(self, sock):
        self.sock = sock

    def send(self, path, fields, body=b""):
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        self.sock.sendall((f"POST {path} HTTP/1.1\r\nHost: r\r\n{head}"
                           f"Content-Length: {len(body)}\r\n\r\n").encode() + body)

    def answer(self):
        """Everything up to the end of the body."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += receive(self.sock)
        length = int(re.search(rb"(?i)content-length: (\d+)", data).group(1))
        while len(data.split(b"\r\n\r\n", 1)[1]) < length:
            data += receive(self.sock)
        return data


class Http2:
    """The same over HTTP/2."""
    alpn = "h2"

    def __init__(self, sock):
        self.sock, self.stream, self.data = sock, -1, b""
        sock.sendall(frames.PREFACE + frames.frame(frames.SETTINGS, 0, 0))

    def send(self, path, fields, body=b""):
        self.stream += 2
        block = frames.hpack_post(path.encode(), [(name.lower().encode(), value.encode()) for name, value in fields])
        flags = frames.END_HEADERS | (0 if body else frames.END_STREAM)
        out = frames.frame(frames.HEADERS, flags, self.stream, block)
        for at in range(0, len(body), FRAME_LEN):
            end = frames.END_STREAM if at + FRAME_LEN >= len(body) else 0
            out += frames.frame(frames.DATA, end, self.stream, body[at:at + FRAME_LEN])
        self.sock.sendall(out)

    def answer(self):
        """The content of the answer to the last request."""
        content = b""
        while True:
            while len(self.data) < 9 or len(self.data) < 9 + int.from_bytes(self.data[:3], "big"):
                self.data += receive(self.sock)
            end = 9 + int.from_bytes(self.data[:3], "big")
            kind, flags, stream = self.data[3], self.data[4], int.from_bytes(self.data[5:9], "big")
            payload, self.data = self.data[9:end], self.data[end:]
            if stream == self.stream:
                content += payload if kind == frames.DATA else b""
                if flags & frames.END_STREAM:
                    return content


def receive(sock):
    part = sock.recv(65536)
    if not part:
        raise OSError("closed")
    return part


def device(relay, source, context, version, size=10):
    """A device with its mailbox: (connection, path, claim)."""
    peer = version(dial(relay, source, context))
    claim = new_id()
    body = encode(create_message(expires_s=3600, payload={"type": "t", "data": "x" * size}))
    peer.send("/v1/m", [("Mailbox-Device-Claim", claim), ("Mailbox-Request-ID", new_id()),
                        ("Content-Type", "application/json")], body)
    answer = peer.answer()
    at = answer.find(b"/v1/m/")
    if at < 0:
        peer.sock.close()
        raise OSError("no mailbox")
    return peer, answer[at:at + 42].decode(), claim


def polls(relay, context, count, version):
    """Devices of one address: a mailbox and a long poll each. Then devices of other networks."""
    held, from_s, refused, before = [], time.monotonic(), 0, metrics(relay)["tigress_memory_used_bytes"]
    for _ in range(count):
        try:
            peer, path, claim = device(relay, "127.0.0.1", context, version)
            peer.send(path, [("Mailbox-Device-Claim", claim), ("Mailbox-Known-Version", "1"),
                             ("Prefer", f"wait={WAIT_S}")])
            held.append(peer)
        except OSError:
            refused += 1
    with contextlib.suppress(AssertionError):
        until_long_polls(relay, count)
    now = metrics(relay)
    waiting, used = int(now["tigress_long_polls"]), now["tigress_memory_used_bytes"] - before
    served = 0
    for i in range(24):
        with contextlib.suppress(OSError):
            peer, _, _ = device(relay, f"127.{i + 1}.7.1", context, version, 60000)
            peer.sock.close()
            served += 1
    still = int(metrics(relay)["tigress_long_polls"])
    print(f"long polls over {version.alpn}: {len(held)} devices of one address in {time.monotonic() - from_s:.0f} s; "
          f"{waiting} wait, {used / 1024 / max(waiting, 1):.1f} KiB each; {refused} refused; "
          f"{served} of 24 others served, then {still} wait")
    for peer in held:
        peer.sock.close()
    return refused == 0 and waiting == count and still == count and served == 24


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin-dir")
    parser.add_argument("--idle", type=int, default=19000)
    parser.add_argument("--polls", type=int, default=10000)
    parser.add_argument("--small", action="store_true", help="a relay whose memory is nearly full of the long polls")
    args = parser.parse_args()
    if args.bin_dir:
        os.environ["TIGRESS_BIN_DIR"] = str(pathlib.Path(args.bin_dir).resolve())
    parts = [("idle", "http/1.1", lambda relay, context: idle(relay, context, args.idle))]
    parts += [(f"polls-{version.__name__}", version.alpn,
               lambda relay, context, version=version: polls(relay, context, args.polls, version))
              for version in (Http1, Http2)]
    limits = ["--memory-max", "24MiB", "--max-connections", "600"] if args.small else []
    is_right = True
    with tempfile.TemporaryDirectory() as folder:
        for name, alpn, part in parts:
            # The wait is longer than the test, so that all wait at the end.
            with Relay(pathlib.Path(folder) / name, args=[*limits, "--wait-cap", f"{WAIT_S}s"]) as relay:
                is_right = part(relay, tigress_transport.tls_context(relay.ca_file, [alpn])) and is_right
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
